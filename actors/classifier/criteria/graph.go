package criteria

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/maru-trading/maru/actors/classifier/indicator"
)

// op is what a step of a program does.
type op uint8

const (
	opConst   op = iota // value
	opFeature           // n: the slot
	opBar               // n: the field of the bar
	// Figures of a, and of b.
	opNegate
	opAbs
	opSqrt
	opFloor
	opCeil
	opRound
	opSign
	opAdd
	opSubtract
	opMultiply
	opDivide
	opMin
	opMax
	opElse // a, or b where a is not known
	// Truths: of figures, then of truths.
	opGreater
	opGreaterEqual
	opEqual
	opNot
	opAnd
	opOr
	// Over bars of a; n is the length. They keep state: see indicator.
	opLag
	opSum
	opMean
	opWeighted
	opExponential
	opWilder
	opDeviation
	opSampleDeviation
	opHighest
	opLowest
	opTotal
	opRun
)

func (o op) truth() bool    { return o >= opGreater && o <= opOr }
func (o op) stateful() bool { return o >= opLag }

// step is a part of a program. Steps stand behind those that they read.
type step struct {
	op    op
	typ   Type
	frame int8 // index into the frames: a series, with a figure a bar; now: only the present one
	a, b  int32
	n     int32
	value float64
	need  int32    // bars of its frame, up to the newest, that must be there
	key   [16]byte // names what it computes, in every program over the same frames
	label string   // the text that it was first made for
}

const (
	now  = int8(-1)
	none = int32(-1)
)

// block returns the indicator of a stateful step.
func (s *step) block() indicator.Block {
	n := int(s.n)
	switch s.op {
	case opLag:
		return indicator.NewLag(n)
	case opSum:
		return indicator.NewSum(n)
	case opMean:
		return indicator.NewMean(n)
	case opWeighted:
		return indicator.NewWeighted(n)
	case opExponential:
		return indicator.NewExponential(n)
	case opWilder:
		return indicator.NewWilder(n)
	case opDeviation:
		return indicator.NewDeviation(n, false)
	case opSampleDeviation:
		return indicator.NewDeviation(n, true)
	case opHighest:
		return indicator.NewHighest(n)
	case opLowest:
		return indicator.NewLowest(n)
	case opTotal:
		return indicator.NewTotal()
	}
	return indicator.NewRun(n)
}

// graph gathers the steps of a program. Equal steps are one.
type graph struct {
	env     *Env
	steps   []step
	index   map[[16]byte]int32
	figures bool // expressions need not be true or false
}

func newGraph(env *Env) *graph { return &graph{env: env, index: map[[16]byte]int32{}} }

// add returns the step, which is there already if an equal one is. label says what it is for.
func (g *graph) add(s step, label string) int32 {
	s.key = g.keyOf(&s)
	if id, ok := g.index[s.key]; ok {
		if g.steps[id].label == "" {
			g.steps[id].label = label
		}
		return id
	}
	s.need, s.label = g.needOf(&s), label
	if s.op.truth() {
		s.typ = Truth
	}
	id := int32(len(g.steps))
	g.steps = append(g.steps, s)
	g.index[s.key] = id
	return id
}

// keyOf hashes what a step computes: its own parameters and the keys of what it reads.
func (g *graph) keyOf(s *step) (key [16]byte) {
	buffer := make([]byte, 0, 64)
	frame := int64(-1)
	if s.frame != now {
		frame = int64(g.env.Frames[s.frame])
	}
	buffer = append(buffer, byte(s.op))
	buffer = binary.LittleEndian.AppendUint64(buffer, uint64(frame))
	buffer = binary.LittleEndian.AppendUint32(buffer, uint32(s.n))
	buffer = binary.LittleEndian.AppendUint64(buffer, math.Float64bits(s.value))
	for _, id := range [2]int32{s.a, s.b} {
		if id != none {
			buffer = append(buffer, g.steps[id].key[:]...)
		}
	}
	sum := sha256.Sum256(buffer)
	copy(key[:], sum[:])
	return key
}

// needOf returns how many bars of its frame a step needs. What is not of a frame needs none.
func (g *graph) needOf(s *step) int32 {
	if s.frame == now {
		return 0
	}
	need := int32(0)
	if s.op == opBar {
		need = 1
	}
	if s.a != none {
		need = g.steps[s.a].need
	}
	switch {
	case s.op == opElse:
		return g.steps[s.b].need
	case s.b != none:
		need = max(need, g.steps[s.b].need)
	}
	switch s.op {
	case opLag:
		need += s.n
	case opSum, opMean, opWeighted, opExponential, opWilder, opDeviation, opSampleDeviation, opHighest, opLowest, opRun:
		need += s.n - 1
	}
	return need
}

// constant returns the step of a constant, which is of no frame.
func (g *graph) constant(v float64) int32 {
	return g.add(step{op: opConst, typ: Number, frame: now, a: none, b: none, value: v + 0}, "")
}

func (g *graph) isConstant(id int32) bool { return g.steps[id].op == opConst }

// unary returns a step over a, or a constant if a is.
func (g *graph) unary(o op, frame int8, a int32, label string) int32 {
	if g.isConstant(a) && !o.stateful() {
		return g.constantOf(o, compute(o, g.steps[a].value, 0))
	}
	return g.add(step{op: o, typ: g.steps[a].typ, frame: frame, a: a, b: none}, label)
}

// binary returns a step over a and b, or a constant if both are.
func (g *graph) binary(o op, frame int8, a, b int32, label string) int32 {
	if g.isConstant(a) && g.isConstant(b) {
		return g.constantOf(o, compute(o, g.steps[a].value, g.steps[b].value))
	}
	typ := g.steps[a].typ
	return g.add(step{op: o, typ: typ, frame: frame, a: a, b: b}, label)
}

func (g *graph) constantOf(o op, v float64) int32 {
	id := g.constant(v)
	if o.truth() {
		id = g.truth(v)
	}
	return id
}

// truth returns a constant truth: 1, 0 or NaN.
func (g *graph) truth(v float64) int32 {
	s := step{op: opConst, typ: Truth, frame: now, a: none, b: none, n: 1, value: v}
	return g.add(s, "")
}

// window returns a stateful step over n bars of a.
func (g *graph) window(o op, frame int8, a int32, n int, label string) int32 {
	typ := g.steps[a].typ
	if typ == Truth {
		typ = Number
	}
	return g.add(step{op: o, typ: typ, frame: frame, a: a, b: none, n: int32(n)}, label)
}

// bar returns a field of the bar.
func (g *graph) bar(frame int8, field int) int32 {
	return g.add(step{op: opBar, typ: Number, frame: frame, a: none, b: none, n: int32(field)},
		barFields[field]+`("`+PeriodName(g.env.Frames[frame])+`")`)
}

// compute is what a stateless step makes of its figures. Truths are 1, 0 and NaN. Every result
// goes through float64, which forbids the compiler to fuse it with the next step: arm64 would, and
// then judge other than amd64 does.
func compute(o op, a, b float64) float64 {
	switch o {
	case opNegate:
		return -a
	case opAbs:
		return math.Abs(a)
	case opSqrt:
		return math.Sqrt(a)
	case opFloor:
		return math.Floor(a)
	case opCeil:
		return math.Ceil(a)
	case opRound:
		return math.RoundToEven(a)
	case opSign:
		switch {
		case a > 0:
			return 1
		case a < 0:
			return -1
		}
		return a
	case opAdd:
		return a + b
	case opSubtract:
		return a - b
	case opMultiply:
		return float64(a * b)
	case opDivide:
		if b == 0 {
			return math.NaN()
		}
		return a / b
	case opMin:
		return min(a, b)
	case opMax:
		return max(a, b)
	case opElse:
		if a == a {
			return a
		}
		return b
	case opGreater:
		return figures[bit(a > b)|bit(a <= b)<<1]
	case opGreaterEqual:
		return figures[bit(a >= b)|bit(a < b)<<1]
	case opEqual:
		return figures[bit(a == b)|(bit(a < b)|bit(a > b))<<1]
	case opNot:
		return 1 - a
	case opAnd:
		return figures[bit(a == 1)&bit(b == 1)|(bit(a == 0)|bit(b == 0))<<1]
	case opOr:
		return figures[bit(a == 1)|bit(b == 1)|bit(a == 0)&bit(b == 0)<<1]
	}
	return math.NaN()
}

// figures are the verdicts as figures, by verdict. Looking one up has no branch that the processor
// could guess wrong.
var figures = [4]float64{NotReady: math.NaN(), True: 1, False: 0, 3: math.NaN()}

func verdictOf(v float64) Verdict {
	switch v {
	case 1:
		return True
	case 0:
		return False
	}
	return NotReady
}

// unknown is the figure that is not known.
var unknown = math.NaN()
