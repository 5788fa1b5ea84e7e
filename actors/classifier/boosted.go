package classifier

import (
	"slices"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/classifier/criteria"
	"github.com/maru-trading/maru/actors/message"
)

// boosted is the engine of type Model. It judges nothing until use gave it a file's trees.
type boosted struct {
	inputs    []Input
	names     []message.ClassName
	cuts      []cut1    // from the highest down; nil: the likeliest of the model's classes
	other     int       // the class under all cuts
	instances           // of the inputs; they outlive a model
	values    []float64 // of the inputs, in their order
	loaded    *Loaded
	features  []float64 // what the model takes, in its order
	out       []float64
	scratch   []float64
}

// cut1 is a class and the least number that is in it.
type cut1 struct {
	from  float64
	class int
}

func (c Config) bindModel(f *faults, index func(string) (int, bool), known []string) *boosted {
	e := &boosted{inputs: c.Model.Inputs, values: make([]float64, len(c.Model.Inputs))}
	texts, sound := make([]string, len(e.inputs)), true
	for i, in := range e.inputs {
		_, err := CompileFigures(in.Value, index, known, c.Bars...)
		f.expressionAt("input "+quoted(in.Name)+": value", err)
		texts[i], sound = in.Value, sound && err == nil
	}
	for i, o := range c.Model.Outputs {
		e.names = append(e.names, o.Name)
		if c.Model.byThreshold() {
			from, _ := threshold(o.From)
			e.cuts = append(e.cuts, cut1{from, i})
		}
	}
	slices.SortFunc(e.cuts, func(a, b cut1) int {
		if a.from > b.from {
			return -1
		}
		return 1 // no two are equal
	})
	if e.cuts != nil {
		if e.other = slices.Index(e.names, c.Default); e.other < 0 {
			e.other = len(e.names)
			e.names = append(e.names, c.Default)
		}
	}
	if !sound {
		return e
	}
	p, err := criteria.CompileFigures(env(index, known, c.Bars), texts...)
	if err != nil { // together they are too much, though none is alone
		f.add("inputs: %v", err)
		return e
	}
	e.begin(p, len(c.Bars))
	return e
}

// use puts the trees of a file in the place of those before.
func (e *boosted) use(l *Loaded) {
	e.loaded = l
	e.features = make([]float64, len(l.inputs))
	e.out = make([]float64, l.model.Outputs())
	e.scratch = make([]float64, l.model.Classes())
}

func (e *boosted) Classes() []message.ClassName { return e.names }

func (e *boosted) Judge(instrument int, row []float64, _ int) (int, bool) {
	in := e.of(instrument)
	in.Row(row)
	if e.loaded == nil {
		return 0, false
	}
	for i := range e.values {
		v := in.Figure(i)
		if v != v && !e.inputs[i].Optional {
			return 0, false
		}
		e.values[i] = v
	}
	for f, i := range e.loaded.inputs {
		e.features[f] = e.values[i]
	}
	e.loaded.model.Predict(e.features, e.out, e.scratch)
	return e.class()
}

// class returns the class that the model's output means; false where it is no number.
func (e *boosted) class() (int, bool) {
	for _, v := range e.out {
		if v != v {
			return 0, false
		}
	}
	switch {
	case e.cuts != nil:
		for _, c := range e.cuts {
			if e.out[0] >= c.from {
				return c.class, true
			}
		}
		return e.other, true
	case len(e.out) == 1: // the model says the number of the class itself
		return int(e.out[0]), true
	}
	best := 0
	for i, v := range e.out {
		if v > e.out[best] {
			best = i
		}
	}
	return best, true
}

func (e *boosted) Forget(int) {}

// Bar tells the engine of a bar, as that of rules does.
func (e *boosted) Bar(instrument int, interval time.Duration, b criteria.Bar, closed bool) error {
	return tellBar(e.of(instrument), interval, b, closed)
}

// Lacks says what is missing: the model, or what the first input wants.
func (e *boosted) Lacks(instrument int) string {
	if e.loaded == nil {
		return "no model is loaded yet"
	}
	in := e.of(instrument)
	for i, input := range e.inputs {
		if v := in.Figure(i); v != v && !input.Optional {
			return "input " + quoted(input.Name) + ": " + in.Reason(i)
		}
	}
	return ""
}

// Reason says what the model gave, what it was compared with, and the inputs.
func (e *boosted) Reason(_ int, _ []float64, now int) string {
	var s strings.Builder
	switch {
	case e.cuts != nil:
		s.WriteString("output " + criteria.FigureText(e.out[0]))
		for i, c := range e.cuts {
			if c.class == now && e.out[0] >= c.from {
				s.WriteString(" >= " + criteria.FigureText(c.from))
				break
			}
			if i == len(e.cuts)-1 {
				s.WriteString(" < " + criteria.FigureText(c.from))
			}
		}
	case len(e.out) == 1:
		s.WriteString("class " + criteria.FigureText(e.out[0]))
	default:
		s.WriteString("likeliest with " + criteria.FigureText(e.out[now]))
	}
	for i, in := range e.inputs {
		if s.Len() > reasonMax { // the rest would be cut away
			break
		}
		separator := ", "
		if i == 0 {
			separator = ": "
		}
		s.WriteString(separator + in.Name + " " + criteria.FigureText(e.values[i]))
	}
	return s.String()
}
