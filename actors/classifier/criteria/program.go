package criteria

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Program is a set of criteria that are judged together: what they share is computed once. It
// never changes and may be used by many goroutines at once.
type Program struct {
	frames   []time.Duration
	steps    []step
	roots    []Root
	features []string
	slots    int // that rows must have

	live    []bool    // that a criterion depends on the step: others were folded away
	readers [][]int32 // of each step: those that read it, from first to last
	bySlot  [][]int32 // the steps of a slot of the row
	present []int32   // the steps that are of now and compute something, in order
	byFrame [][]int32 // the steps of each frame, in order
	byBar   [][][]int32
	blocks  []int32 // stateful steps, in order
	blockAt []int32 // by step: its index in blocks; -1
	series  []int32 // of a frame, and read by what is now or by nobody but a root: columns of a screen
}

// Root is one criterion of a program.
type Root struct {
	Text     string // as it was written
	runes    []rune
	tree     *node
	id       int32
	figures  []figure
	features []string
}

// A program's limits, of which every instrument has a state.
const (
	programStepsMax = 20_000
	figuresMax      = 100_000 // in windows: 0.8 MB
)

// kept returns how many figures the windows of all steps keep of one instrument.
func (g *graph) kept() (n int) {
	for i := range g.steps {
		switch s := &g.steps[i]; s.op {
		case opLag, opSum, opMean, opWeighted, opDeviation, opSampleDeviation, opHighest, opLowest:
			n += int(s.n)
		}
	}
	return n
}

// Compile reads criteria, which are true, false or not ready. It returns every fault that it
// finds, joined, each a *Fault that wraps ErrCriterion; a fault in the grammar of one criterion
// hides its others. Faults of the second criterion and further ones say which: "criterion 2: …".
func Compile(env Env, texts ...string) (*Program, error) { return compile(newGraph(&env), texts) }

// compile compiles the texts into g, which is empty.
func compile(g *graph, texts []string) (*Program, error) {
	env := g.env
	p := &Program{frames: slices.Clone(env.Frames)}
	var all []error
	for i, text := range texts {
		root, err := g.root(text)
		switch {
		case err != nil:
		case len(g.steps) > programStepsMax:
			err = faultAt(nil, 0, "use fewer criteria", "the criteria have more than %d steps", programStepsMax)
		case g.kept() > figuresMax:
			err = faultAt(nil, 0, "use shorter windows", "the criteria keep %d figures of every instrument, more than %d", g.kept(), figuresMax)
		}
		switch {
		case err == nil:
			p.roots = append(p.roots, root)
		case len(texts) == 1:
			return nil, err
		default:
			for _, f := range Faults(err) {
				all = append(all, &CriterionError{Index: i, Fault: f})
			}
		}
	}
	if len(all) > 0 {
		return nil, joined(all)
	}
	p.steps = g.steps
	p.link()
	return p, nil
}

// CriterionError is a fault of one of several criteria.
type CriterionError struct {
	Index int // of the criterion, from 0
	*Fault
}

// Error names the criterion by its number from 1.
func (e *CriterionError) Error() string {
	return fmt.Sprintf("criterion %d: %v", e.Index+1, e.Fault)
}

// Unwrap returns the fault.
func (e *CriterionError) Unwrap() error { return e.Fault }

// joined is several errors as errors.Join makes one, kept in order.
type joined []error

func (j joined) Error() string {
	lines := make([]string, len(j))
	for i, e := range j {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

func (j joined) Unwrap() []error { return j }

// root compiles one criterion into g.
func (g *graph) root(text string) (Root, error) {
	tree, fault := parse(text)
	if fault != nil {
		return Root{}, fault
	}
	c := &checker{graph: g, runes: []rune(text)}
	v := c.value(tree, now)
	switch {
	case !v.ok:
	case g.figures && v.typ == Text:
		c.fault(0, "compare it with a word", "the expression is %v, which is no figure", v.typ)
	case !g.figures && v.typ != Truth:
		c.fault(0, "compare it with something, such as "+example(tree), "the expression is %v, neither true nor false", v.typ)
	}
	if err := c.err(); err != nil {
		return Root{}, err
	}
	slices.SortFunc(c.figures, func(a, b figure) int { return a.from - b.from })
	return Root{Text: text, runes: c.runes, tree: tree, id: v.id, figures: outermost(c.figures), features: c.features}, nil
}

// outermost leaves out figures that stand in the text of another, and repeated ones.
func outermost(figures []figure) []figure {
	var out []figure
	end := -1
	for _, f := range figures {
		if f.from >= end {
			out, end = append(out, f), f.to
		}
	}
	return out
}

// link fills what is derived from the steps.
func (p *Program) link() {
	n := len(p.steps)
	p.readers = make([][]int32, n)
	p.blockAt = make([]int32, n)
	p.byFrame = make([][]int32, len(p.frames))
	p.byBar = make([][][]int32, len(p.frames))
	for f := range p.byBar {
		p.byBar[f] = make([][]int32, barFieldCount)
	}
	p.markLive()
	isSeries := make([]bool, n)
	for id := range p.steps {
		s := &p.steps[id]
		p.blockAt[id] = none
		if !p.live[id] {
			continue
		}
		for _, from := range [2]int32{s.a, s.b} {
			if from == none || len(p.readers[from]) > 0 && p.readers[from][len(p.readers[from])-1] == int32(id) {
				continue
			}
			p.readers[from] = append(p.readers[from], int32(id))
			if s.frame == now && p.steps[from].frame != now {
				isSeries[from] = true
			}
		}
		if s.op.stateful() {
			p.blockAt[id] = int32(len(p.blocks))
			p.blocks = append(p.blocks, int32(id))
		}
		if s.op == opFeature {
			for len(p.bySlot) <= int(s.n) {
				p.bySlot = append(p.bySlot, nil)
			}
			p.bySlot[s.n] = append(p.bySlot[s.n], int32(id))
			if !slices.Contains(p.features, s.label) {
				p.features = append(p.features, s.label)
			}
		}
		if s.frame == now && s.op > opBar {
			p.present = append(p.present, int32(id))
		}
		if s.frame != now {
			p.byFrame[s.frame] = append(p.byFrame[s.frame], int32(id))
			if s.op == opBar {
				p.byBar[s.frame][s.n] = append(p.byBar[s.frame][s.n], int32(id))
			}
		}
	}
	p.slots = len(p.bySlot)
	for _, r := range p.roots {
		if p.steps[r.id].frame != now {
			isSeries[r.id] = true
		}
		for _, f := range r.figures { // so that reasons can be told
			if p.steps[f.id].frame != now {
				isSeries[f.id] = true
			}
		}
	}
	for id, is := range isSeries {
		if is {
			p.series = append(p.series, int32(id))
		}
	}
}

// markLive finds what the criteria depend on, from their last steps back.
func (p *Program) markLive() {
	p.live = make([]bool, len(p.steps))
	for _, r := range p.roots {
		p.live[r.id] = true
		for _, f := range r.figures {
			p.live[f.id] = true
		}
	}
	for id := len(p.steps) - 1; id >= 0; id-- {
		for _, from := range [2]int32{p.steps[id].a, p.steps[id].b} {
			if p.live[id] && from != none {
				p.live[from] = true
			}
		}
	}
}

// Len returns how many criteria there are.
func (p *Program) Len() int { return len(p.roots) }

// Text returns criterion i as it was written.
func (p *Program) Text(i int) string { return p.roots[i].Text }

// Canonical returns criterion i in the one form that all ways to write it have.
func (p *Program) Canonical(i int) string { return p.roots[i].tree.String() }

// Features returns the features that the criteria read, each once, in the order of first use.
func (p *Program) Features() []string { return slices.Clone(p.features) }

// FeaturesOf returns the features that criterion i reads, in the order of first use.
func (p *Program) FeaturesOf(i int) []string { return slices.Clone(p.roots[i].features) }

// Slots returns how long a row must be.
func (p *Program) Slots() int { return p.slots }

// Steps returns how many steps the criteria come to; shared ones count once.
func (p *Program) Steps() int { return len(p.steps) }

// Need is how much history criteria want of the bars of one interval.
type Need struct {
	Frame time.Duration
	Bars  int // closed or not, up to the newest
}

// Needs returns what the criteria want before each of them can be ready, in the order of
// Env.Frames; intervals of which nothing is wanted are left out.
func (p *Program) Needs() []Need {
	var all []Need
	for f, ids := range p.byFrame {
		bars := 0
		for _, id := range ids {
			bars = max(bars, int(p.steps[id].need))
		}
		if bars > 0 {
			all = append(all, Need{p.frames[f], bars})
		}
	}
	return all
}

// frame returns the index of an interval.
func (p *Program) frame(d time.Duration) (int, bool) {
	i := slices.Index(p.frames, d)
	return i, i >= 0
}
