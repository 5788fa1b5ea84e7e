package classifier

import (
	"fmt"
	"slices"

	"github.com/maru-trading/maru/actors/message"
)

// class numbers the classes of one engine: none, untrusted, then its own.
type class uint8

const (
	classNone      class = iota // not judged yet
	classUntrusted              // the data may be wrong
	classOwn                    // the engine's first own class
)

// Engine judges the rows of instruments, which are numbered from 0. Judge must not allocate.
type Engine interface {
	// Classes names the engine's own classes; Judge answers with indexes into it.
	Classes() []message.ClassName
	// Judge returns the class of an instrument, or false if it cannot tell yet. was is the class
	// before, -1 for none. It is called once for every trusted row, in order.
	Judge(instrument int, row []float64, was int) (now int, ready bool)
	// Forget drops what the engine remembers of earlier rows of the instrument.
	Forget(instrument int)
	// Reason says why Judge, just called with this row, gave that class.
	Reason(instrument int, row []float64, now int) string
}

// bind returns the engine of a configuration that Validate accepts. It adds to f what is wrong
// with its features.
func (c Config) bind(f *faults, index func(string) (int, bool), known []string) Engine {
	if c.Type == Range {
		return c.bindRange(f, index, known)
	}
	return c.bindCriteria(f, index, known)
}

// criteria is the engine of type Criteria. It remembers nothing.
type criteria struct {
	names []message.ClassName
	when  []*Expr // of the classes, in order
	other int     // the class where every criterion is false
}

func (c Config) bindCriteria(f *faults, index func(string) (int, bool), known []string) *criteria {
	e := &criteria{}
	for _, cl := range c.Classes {
		when, err := Compile(cl.When, index, known)
		f.expression(fmt.Sprintf("class %q", cl.Name), err)
		e.names, e.when = append(e.names, cl.Name), append(e.when, when)
	}
	e.other = slices.Index(e.names, c.Default)
	if e.other < 0 {
		e.other = len(e.names)
		e.names = append(e.names, c.Default)
	}
	return e
}

func (e *criteria) Classes() []message.ClassName { return e.names }

func (e *criteria) Judge(_ int, row []float64, _ int) (int, bool) {
	for i, when := range e.when {
		switch when.eval(row) {
		case True:
			return i, true
		case NotReady:
			return 0, false
		}
	}
	return e.other, true
}

func (e *criteria) Forget(int) {}

func (e *criteria) Reason(_ int, row []float64, _ int) string {
	text := "no criterion is true"
	for i, when := range e.when {
		if when.eval(row) == True {
			return when.Explain(row)
		}
		if len(text) < reasonMax { // more would be cut away
			separator := "; "
			if i == 0 {
				separator = ": "
			}
			text += separator + string(e.names[i]) + " " + when.Figures(row)
		}
	}
	return text
}
