package criteria

import (
	"math"
	"slices"
)

// Columns judges many instruments at once. Every figure is a column with a place for each
// instrument, and a step runs over a stretch of all columns before the next does: the processor
// sees plain loops over memory in order, and what a step leaves for the next is still in its cache.
//
// Judge gives what Instance gives for each instrument by itself. It is not for concurrent use.
type Columns struct {
	p        *Program
	n        int
	features [][]float64 // by slot
	series   [][]float64 // by place in Program.series
	verdicts []Column    // by criterion
	plan     []kernel
	figures  [][]float64 // scratch of a stretch
	truths   [][]byte
}

// stretch is how many instruments a step takes at a time: few enough that the columns of a
// criterion stay in the first cache, and many enough that choosing the loop costs nothing.
const stretch = 512

// kernel is a step over columns.
type kernel struct {
	op      op
	dst     operand
	a, b    operand
	convert bool // a column of figures 1, 0 and NaN to verdicts
}

// operand is what a kernel reads or writes.
type operand struct {
	kind  operandKind
	at    int
	value float64
}

type operandKind uint8

const (
	isNothing operandKind = iota
	isConstant
	isFeature // column of a slot
	isSeries  // column of Program.series
	isFigures // scratch
	isTruths  // scratch
	isVerdict // column of a criterion
)

// NewColumns returns columns of n instruments, of which nothing is known.
func (p *Program) NewColumns(n int) *Columns {
	c := &Columns{p: p, n: n, features: make([][]float64, p.slots), series: make([][]float64, len(p.series)), verdicts: make([]Column, len(p.roots))}
	for i := range c.verdicts {
		c.verdicts[i] = make(Column, n)
	}
	c.compile()
	return c
}

// column returns one of the columns. It is made when it is first asked for: many are given.
func (c *Columns) column(all [][]float64, i int) []float64 {
	if all[i] == nil {
		all[i] = make([]float64, c.n)
		for k := range all[i] {
			all[i][k] = math.NaN()
		}
	}
	return all[i]
}

// complete makes the columns that nobody gave or asked for.
func (c *Columns) complete() {
	for i := range c.features {
		c.column(c.features, i)
	}
	for i := range c.series {
		c.column(c.series, i)
	}
}

// Len returns how many instruments there are.
func (c *Columns) Len() int { return c.n }

// Feature returns the column of a slot, for the caller to fill.
func (c *Columns) Feature(slot int) []float64 { return c.column(c.features, slot) }

// UseFeature makes column, which has a figure for each instrument, the column of a slot. It is
// read, not copied.
func (c *Columns) UseFeature(slot int, column []float64) { c.features[slot] = column[:c.n:c.n] }

// Key names what a series computes, in every program over the same intervals.
type Key [16]byte

// SeriesKeys returns what each series of a program computes: the functions over bars whose
// figures criteria read.
func (p *Program) SeriesKeys() []Key {
	keys := make([]Key, len(p.series))
	for i, id := range p.series {
		keys[i] = p.steps[id].key
	}
	return keys
}

// Series returns column i of the series, in the order of SeriesKeys, for the caller to fill.
func (c *Columns) Series(i int) []float64 { return c.column(c.series, i) }

// UseSeries makes column that of series i. It is read, not copied.
func (c *Columns) UseSeries(i int, column []float64) { c.series[i] = column[:c.n:c.n] }

// Load copies what an instance of the same program knows of an instrument.
func (c *Columns) Load(instrument int, in *Instance) {
	for slot, ids := range c.p.bySlot {
		if len(ids) > 0 {
			c.Feature(slot)[instrument] = in.values[ids[0]]
		}
	}
	for i, id := range c.p.series {
		c.Series(i)[instrument] = in.values[id]
	}
}

// Verdicts returns the verdicts of criterion i, which the next Judge changes.
func (c *Columns) Verdicts(i int) Column { return c.verdicts[i] }

// Judge judges every instrument by every criterion.
func (c *Columns) Judge() { c.JudgeRange(0, c.n) }

// JudgeRange judges the instruments from up to, but not, to.
func (c *Columns) JudgeRange(from, to int) {
	c.complete()
	for lo := from; lo < to; lo += stretch {
		hi := min(lo+stretch, to)
		for i := range c.plan {
			c.run(&c.plan[i], lo, hi)
		}
	}
}

// compile plans the kernels. Scratch is used again when nobody reads it any more.
func (c *Columns) compile() {
	p := c.p
	last := make([]int, len(p.steps)) // who reads a step last
	for id := range p.steps {
		for _, from := range [2]int32{p.steps[id].a, p.steps[id].b} {
			if from != none && p.steps[id].frame == now && p.live[id] {
				last[from] = id
			}
		}
	}
	at := make([]operand, len(p.steps))
	for i, id := range p.series {
		at[id] = operand{kind: isSeries, at: i}
	}
	roots := make([]int, len(p.steps)) // the first criterion that a step is, from 1
	for i := len(p.roots) - 1; i >= 0; i-- {
		roots[p.roots[i].id] = i + 1
	}
	pool := scratch{}
	for id := range p.steps {
		s := &p.steps[id]
		switch {
		case s.op == opConst:
			at[id] = operand{kind: isConstant, value: s.value}
			continue
		case s.op == opFeature:
			at[id] = operand{kind: isFeature, at: int(s.n)}
			continue
		case s.frame != now || !p.live[id]:
			continue
		}
		k := kernel{op: s.op, a: c.truthOperand(at, s.a, s.op, &pool)}
		if s.b != none {
			k.b = c.truthOperand(at, s.b, s.op, &pool)
		}
		// What is read here for the last time may be written over by this very step: loops go
		// from place to place.
		for _, o := range [2]operand{k.a, k.b} {
			pool.release(o, last, at, id, s)
		}
		switch {
		case roots[id] > 0:
			k.dst = operand{kind: isVerdict, at: roots[id] - 1}
		case s.op.truth():
			k.dst = operand{kind: isTruths, at: pool.truths.take()}
		default:
			k.dst = operand{kind: isFigures, at: pool.figures.take()}
		}
		at[id] = k.dst
		c.plan = append(c.plan, k)
	}
	// Criteria that are a constant, a series, or the same as another.
	for i, r := range p.roots {
		dst := operand{kind: isVerdict, at: i}
		if p.steps[r.id].frame != now {
			c.plan = append(c.plan, kernel{convert: true, a: operand{kind: isSeries, at: slices.Index(p.series, r.id)}, dst: dst})
		} else if o := at[r.id]; o != dst {
			c.plan = append(c.plan, kernel{op: opOr, a: o, b: operand{kind: isConstant}, dst: dst})
		}
	}
	for range pool.figures.most {
		c.figures = append(c.figures, make([]float64, stretch))
	}
	for range pool.truths.most {
		c.truths = append(c.truths, make([]byte, stretch))
	}
}

// truthOperand returns where a step's figures are; a series of truths is made verdicts first where
// truths are wanted.
func (c *Columns) truthOperand(at []operand, id int32, reader op, pool *scratch) operand {
	o := at[id]
	if o.kind != isSeries || reader != opNot && reader != opAnd && reader != opOr {
		return o
	}
	dst := operand{kind: isTruths, at: pool.truths.take()} // kept: it may be read again
	c.plan = append(c.plan, kernel{convert: true, a: o, dst: dst})
	at[id] = dst
	return dst
}

// scratch hands out stretches.
type scratch struct{ figures, truths stack }

// stack is the free places of one kind.
type stack struct {
	free []int
	most int
}

func (s *stack) take() int {
	if n := len(s.free); n > 0 {
		at := s.free[n-1]
		s.free = s.free[:n-1]
		return at
	}
	s.most++
	return s.most - 1
}

// release frees what a step reads for the last time.
func (s *scratch) release(o operand, last []int, at []operand, id int, reader *step) {
	for _, from := range [2]int32{reader.a, reader.b} {
		if from == none || at[from] != o || last[from] != id {
			continue
		}
		switch {
		case o.kind == isFigures && !slices.Contains(s.figures.free, o.at):
			s.figures.free = append(s.figures.free, o.at)
		case o.kind == isTruths && !slices.Contains(s.truths.free, o.at):
			s.truths.free = append(s.truths.free, o.at)
		}
	}
}

// figuresOf returns a stretch of figures.
func (c *Columns) figuresOf(o operand, lo, hi int) []float64 {
	switch o.kind {
	case isFeature:
		return c.features[o.at][lo:hi]
	case isSeries:
		return c.series[o.at][lo:hi]
	}
	return c.figures[o.at][:hi-lo]
}

// truthsOf returns a stretch of verdicts.
func (c *Columns) truthsOf(o operand, lo, hi int) []byte {
	if o.kind == isVerdict {
		return c.verdicts[o.at][lo:hi]
	}
	return c.truths[o.at][:hi-lo]
}

func (c *Columns) run(k *kernel, lo, hi int) {
	switch {
	case k.convert:
		convert(c.truthsOf(k.dst, lo, hi), c.figuresOf(k.a, lo, hi))
	case k.op == opNot || k.op == opAnd || k.op == opOr:
		c.logic(k, lo, hi)
	case k.op.truth():
		c.compare(k, c.truthsOf(k.dst, lo, hi), lo, hi)
	case k.b.kind == isNothing:
		single(k.op, c.figuresOf(k.dst, lo, hi), c.figuresOf(k.a, lo, hi))
	default:
		c.arithmetic(k, c.figuresOf(k.dst, lo, hi), lo, hi)
	}
}

func (c *Columns) logic(k *kernel, lo, hi int) {
	dst := c.truthsOf(k.dst, lo, hi)
	switch {
	case k.op == opNot:
		negate(dst, c.truthsOf(k.a, lo, hi))
	case k.a.kind == isConstant:
		fill(dst, verdictOf(k.a.value)) // a criterion that is constant: others were folded
	case k.b.kind == isConstant:
		copy(dst, c.truthsOf(k.a, lo, hi))
	case k.op == opAnd:
		both(dst, c.truthsOf(k.a, lo, hi), c.truthsOf(k.b, lo, hi))
	default:
		any2(dst, c.truthsOf(k.a, lo, hi), c.truthsOf(k.b, lo, hi))
	}
}

func (c *Columns) compare(k *kernel, dst []byte, lo, hi int) {
	switch {
	case k.a.kind == isConstant:
		b, x := c.figuresOf(k.b, lo, hi), k.a.value
		switch k.op {
		case opGreater:
			lessThan(dst, b, x)
		case opGreaterEqual:
			atMost(dst, b, x)
		default:
			equals(dst, b, x)
		}
	case k.b.kind == isConstant:
		a, x := c.figuresOf(k.a, lo, hi), k.b.value
		switch k.op {
		case opGreater:
			greaterThan(dst, a, x)
		case opGreaterEqual:
			atLeast(dst, a, x)
		default:
			equals(dst, a, x)
		}
	default:
		a, b := c.figuresOf(k.a, lo, hi), c.figuresOf(k.b, lo, hi)
		switch k.op {
		case opGreater:
			greater(dst, a, b)
		case opGreaterEqual:
			greaterEqual(dst, a, b)
		default:
			equal(dst, a, b)
		}
	}
}

func (c *Columns) arithmetic(k *kernel, dst []float64, lo, hi int) {
	switch {
	case k.a.kind == isConstant:
		constantLeft(k.op, dst, k.a.value, c.figuresOf(k.b, lo, hi))
	case k.b.kind == isConstant:
		constantRight(k.op, dst, c.figuresOf(k.a, lo, hi), k.b.value)
	default:
		columnsOf(k.op, dst, c.figuresOf(k.a, lo, hi), c.figuresOf(k.b, lo, hi))
	}
}
