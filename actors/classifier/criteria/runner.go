package criteria

import "github.com/maru-trading/maru/actors/classifier/indicator"

// Runner goes through the bars of one instrument after another, for some of the series of a
// program: the way to fill Columns from history. It gives what an Instance that is told the same
// bars gives. It is not for concurrent use.
type Runner struct {
	p      *Program
	steps  []int32 // of one interval, in order
	blocks []indicator.Block
	values []float64
}

// NewRunner returns a runner for those of the series, by their place in SeriesKeys. They must be
// of one interval.
func (p *Program) NewRunner(series []int) *Runner {
	r := &Runner{p: p, values: make([]float64, len(p.steps))}
	wanted := make([]bool, len(p.steps))
	for _, i := range series {
		wanted[p.series[i]] = true
	}
	for id := len(p.steps) - 1; id >= 0; id-- {
		for _, from := range [2]int32{p.steps[id].a, p.steps[id].b} {
			if wanted[id] && from != none {
				wanted[from] = true
			}
		}
	}
	for id := range p.steps {
		s := &p.steps[id]
		switch {
		case s.op == opConst:
			r.values[id] = s.value
		case wanted[id] && s.frame != now:
			r.steps = append(r.steps, int32(id))
			var b indicator.Block
			if s.op.stateful() {
				b = s.block()
			}
			r.blocks = append(r.blocks, b)
		}
	}
	return r
}

// Run forgets what was before and goes through bars, which are complete and follow each other.
func (r *Runner) Run(bars []Bar) {
	for i, id := range r.steps {
		r.values[id] = unknown
		if r.blocks[i] != nil {
			r.blocks[i].Reset()
		}
	}
	for n := range bars {
		for i, id := range r.steps {
			s := &r.p.steps[id]
			switch {
			case s.op == opBar:
				r.values[id] = bars[n].field(int(s.n))
			case r.blocks[i] != nil:
				r.values[id] = r.blocks[i].Push(r.values[s.a])
			default:
				var b float64
				if s.b != none {
					b = r.values[s.b]
				}
				r.values[id] = compute(s.op, r.values[s.a], b)
			}
		}
	}
}

// Value returns the figure of a series as of the newest bar; NaN if it is not known.
func (r *Runner) Value(series int) float64 { return r.values[r.p.series[series]] }
