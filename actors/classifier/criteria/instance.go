package criteria

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/maru-trading/maru/actors/classifier/indicator"
)

// Instance is what a program knows of one instrument. What a tick does not touch is not computed
// again: a step runs only if something that it reads changed. It is not for concurrent use.
type Instance struct {
	p      *Program
	values []float64 // by step, as things are now
	dirty  []uint64  // a bit a step: something that it reads has changed
	blocks []indicator.Block
	frames []history
	runs   uint64 // steps computed, for tests and benchmarks
}

// history is what an instance knows of the bars of one interval.
type history struct {
	gap    time.Duration // bars that begin further apart than this do not follow each other; 0: all do
	last   int64         // start of the newest bar; closed tells whether it is closed
	count  int           // bars since the gap, the open one included
	open   bool          // the newest bar is under way
	seen   bool
	before int64 // start of the bar before the gap; 0 without
	after  int64 // start of the bar behind it
}

// NewInstance returns an instance that knows nothing. gap is how far apart the beginnings of two
// bars of each interval may be, in the order of Env.Frames: across a wider one no window reaches,
// everything over bars begins anew. 0, or none given: any distance will do.
func (p *Program) NewInstance(gap ...time.Duration) *Instance {
	in := &Instance{p: p,
		values: make([]float64, len(p.steps)),
		dirty:  make([]uint64, (len(p.steps)+63)/64),
		blocks: make([]indicator.Block, len(p.blocks)),
		frames: make([]history, len(p.frames)),
	}
	for i := range in.frames {
		if i < len(gap) {
			in.frames[i].gap = gap[i]
		}
	}
	for i, id := range p.blocks {
		in.blocks[i] = p.steps[id].block()
	}
	in.begin()
	return in
}

// begin computes everything of nothing.
func (in *Instance) begin() {
	for id := range in.p.steps {
		s := &in.p.steps[id]
		switch {
		case s.op == opConst:
			in.values[id] = s.value
		case s.op == opFeature || s.frame != now:
			in.values[id] = math.NaN()
		default:
			in.values[id] = in.compute(int32(id))
		}
	}
}

// Reset forgets everything, features and bars.
func (in *Instance) Reset() {
	for i := range in.frames {
		in.frames[i] = history{gap: in.frames[i].gap}
	}
	for _, b := range in.blocks {
		b.Reset()
	}
	clear(in.dirty)
	in.begin()
}

func (in *Instance) mark(id int32) { in.dirty[id>>6] |= 1 << (id & 63) }

// set gives a step a figure and marks what reads it, if it is another figure.
func (in *Instance) set(id int32, v float64) {
	if was := in.values[id]; was == v || was != was && v != v {
		return
	}
	in.values[id] = v
	for _, r := range in.p.readers[id] {
		in.mark(r)
	}
}

// settle computes what is marked, each step behind those that it reads.
func (in *Instance) settle() {
	for w := range in.dirty {
		for in.dirty[w] != 0 {
			id := int32(w<<6 | bits.TrailingZeros64(in.dirty[w]))
			in.dirty[w] &= in.dirty[w] - 1
			in.runs++
			in.set(id, in.compute(id))
		}
	}
}

// compute returns the figure of a step as things are now.
func (in *Instance) compute(id int32) float64 {
	s := &in.p.steps[id]
	if s.op.stateful() {
		return in.blocks[in.p.blockAt[id]].Peek(in.values[s.a])
	}
	return in.stateless(s)
}

func (in *Instance) stateless(s *step) float64 {
	var a, b float64
	if s.a != none {
		a = in.values[s.a]
	}
	if s.b != none {
		b = in.values[s.b]
	}
	return compute(s.op, a, b)
}

// Row takes the features as they are now: a figure a slot, NaN is not known. It must be at least
// Program.Slots long.
func (in *Instance) Row(row []float64) {
	changed := 0
	for slot, ids := range in.p.bySlot {
		for _, id := range ids {
			if v, was := row[slot], in.values[id]; v != was && (v == v || was == was) {
				changed++
			}
		}
	}
	switch {
	case changed == 0:
		return
	case changed > denseMin && 2*changed > len(in.p.bySlot):
		in.dense(row)
		return
	}
	for slot, ids := range in.p.bySlot {
		for _, id := range ids {
			in.set(id, row[slot])
		}
	}
	in.settle()
}

// denseMin is how many features must have changed before everything is computed in one go.
const denseMin = 3

// dense computes all that is of now: where most features have changed, to look for what they touch
// takes longer.
func (in *Instance) dense(row []float64) {
	values := in.values
	for slot, ids := range in.p.bySlot {
		for _, id := range ids {
			values[id] = row[slot]
		}
	}
	steps := in.p.steps
	for _, id := range in.p.present {
		s := &steps[id]
		a, b := values[s.a], 0.0
		if s.b != none {
			b = values[s.b]
		}
		switch s.op { // those that most criteria are made of, without a call
		case opGreater:
			values[id] = figures[bit(a > b)|bit(a <= b)<<1]
		case opGreaterEqual:
			values[id] = figures[bit(a >= b)|bit(a < b)<<1]
		case opAnd:
			values[id] = figures[bit(a == 1)&bit(b == 1)|(bit(a == 0)|bit(b == 0))<<1]
		case opMultiply:
			values[id] = float64(a * b)
		case opSubtract:
			values[id] = a - b
		default:
			values[id] = compute(s.op, a, b)
		}
	}
	in.runs += uint64(len(in.p.present))
}

// Errors of bars.
var (
	ErrFrame = errors.New("no bars of that interval are read")
	ErrOrder = errors.New("the bar is older than what is known")
	ErrBar   = errors.New("a figure of the bar is not a number")
)

// Update takes the bar under way as it is now: every tick of it may. Its start says which bar it
// is; a later start than that of the last bar begins a new one. It fails with ErrFrame, ErrOrder
// or ErrBar and then changes nothing.
func (in *Instance) Update(frame time.Duration, b Bar) error {
	f, h, err := in.take(frame, &b, false)
	if err != nil || h == nil {
		return err
	}
	for field, ids := range in.p.byBar[f] {
		for _, id := range ids {
			in.set(id, b.field(field))
		}
	}
	in.settle()
	return nil
}

// Close takes a bar that is complete and moves everything over bars on. It fails as Update does.
func (in *Instance) Close(frame time.Duration, b Bar) error {
	f, h, err := in.take(frame, &b, true)
	if err != nil || h == nil {
		return err
	}
	h.open = false
	for _, id := range in.p.byFrame[f] {
		s := &in.p.steps[id]
		in.dirty[id>>6] &^= 1 << (id & 63) // it is computed here
		var v float64
		switch {
		case s.op == opBar:
			v = b.field(int(s.n))
		case s.op.stateful():
			v = in.blocks[in.p.blockAt[id]].Push(in.values[s.a])
		default:
			v = in.stateless(s)
		}
		in.runs++
		in.set(id, v)
	}
	in.settle()
	return nil
}

// take checks a bar and begins it if it is new. The history is nil where nothing reads such bars.
func (in *Instance) take(frame time.Duration, b *Bar, closing bool) (int, *history, error) {
	f, ok := in.p.frame(frame)
	if !ok {
		return 0, nil, fmt.Errorf("criteria: bar of %s: %w", PeriodName(frame), ErrFrame)
	}
	for i := range barFieldCount {
		v := b.field(i)
		if i == barTurnover && v != v {
			continue
		}
		if v-v != 0 {
			return 0, nil, fmt.Errorf("criteria: %s %v: %w", barFields[i], v, ErrBar)
		}
	}
	h := &in.frames[f]
	if h.seen && (b.Start < h.last || b.Start == h.last && !h.open) {
		return 0, nil, fmt.Errorf("criteria: bar of %s at %s after that at %s: %w", PeriodName(frame), date(b.Start), date(h.last), ErrOrder)
	}
	if len(in.p.byFrame[f]) == 0 {
		h.last, h.seen, h.open = b.Start, true, !closing
		return f, nil, nil
	}
	if !h.seen || b.Start != h.last {
		in.newBar(f, h, b.Start)
	}
	return f, h, nil
}

// newBar begins a bar. One that was under way and never closed has not been told whole: what is
// over bars begins anew, as behind a gap.
func (in *Instance) newBar(f int, h *history, start int64) {
	if h.seen && (h.open || h.gap > 0 && start-h.last > int64(h.gap)) {
		h.before, h.count = h.last, 0
		for i, id := range in.p.blocks {
			if int(in.p.steps[id].frame) == f {
				in.blocks[i].Reset()
			}
		}
	}
	if h.before != 0 && h.count == 0 {
		h.after = start
	}
	h.last, h.seen, h.open = start, true, true
	h.count++
	for _, id := range in.p.byFrame[f] {
		if in.p.steps[id].op != opBar {
			in.mark(id) // its block has moved on
		}
	}
}

// Break says that bars are missing behind the newest: everything over bars begins anew.
func (in *Instance) Break(frame time.Duration) error {
	f, ok := in.p.frame(frame)
	if !ok {
		return fmt.Errorf("criteria: %s: %w", PeriodName(frame), ErrFrame)
	}
	h := &in.frames[f]
	h.before, h.count, h.open = h.last, 0, false
	for _, id := range in.p.byFrame[f] {
		if at := in.p.blockAt[id]; at != none {
			in.blocks[at].Reset()
		}
		in.set(id, math.NaN())
	}
	for _, id := range in.p.byFrame[f] {
		in.dirty[id>>6] &^= 1 << (id & 63)
	}
	in.settle()
	return nil
}

// Verdict returns the verdict of criterion i as things are now.
func (in *Instance) Verdict(i int) Verdict { return verdictOf(in.values[in.p.roots[i].id]) }

// Bars returns how many bars of an interval follow each other up to the newest.
func (in *Instance) Bars(frame time.Duration) int {
	f, ok := in.p.frame(frame)
	if !ok {
		return 0
	}
	return in.frames[f].count
}

// date prints a moment of a bar shortly.
func date(ns int64) string {
	t := time.Unix(0, ns).UTC()
	if ns%int64(24*time.Hour) == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}
