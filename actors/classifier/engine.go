package classifier

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/classifier/criteria"
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

// barReader is an engine that reads bars, too.
type barReader interface {
	// Bar tells of a bar, complete or under way. It fails as criteria.Instance does.
	Bar(instrument int, interval time.Duration, b criteria.Bar, closed bool) error
	// Lacks says why the engine cannot tell yet; empty if it can.
	Lacks(instrument int) string
}

// bind returns the engine of a configuration that Validate accepts. It adds to f what is wrong
// with its features.
func (c Config) bind(f *faults, index func(string) (int, bool), known []string) Engine {
	switch c.Type {
	case Range:
		return c.bindRange(f, index, known)
	case Model:
		return c.bindModel(f, index, known)
	}
	return c.bindCriteria(f, index, known)
}

// rules is the engine of type Criteria. Of every instrument it keeps an instance, so that a row
// computes only what differs from the row before.
type rules struct {
	instances // of the classes' criteria, in order
	names     []message.ClassName
	other     int // the class where every criterion is false
}

func (c Config) bindCriteria(f *faults, index func(string) (int, bool), known []string) *rules {
	e := &rules{}
	texts, sound := make([]string, len(c.Classes)), true
	for i, cl := range c.Classes {
		_, err := Compile(cl.When, index, known, c.Bars...)
		f.expression(fmt.Sprintf("class %q", cl.Name), err)
		texts[i], sound = cl.When, sound && err == nil
		e.names = append(e.names, cl.Name)
	}
	e.other = slices.Index(e.names, c.Default)
	if e.other < 0 {
		e.other = len(e.names)
		e.names = append(e.names, c.Default)
	}
	if !sound {
		return e
	}
	p, err := criteria.Compile(env(index, known, c.Bars), texts...)
	if err != nil { // together they are too much, though none is alone
		f.add("classes: %v", err)
		return e
	}
	e.begin(p, len(c.Bars))
	return e
}

// instances are what a program keeps of each instrument.
type instances struct {
	program *criteria.Program
	gap     []time.Duration
	all     []*criteria.Instance // by instrument
}

func (x *instances) begin(p *criteria.Program, series int) {
	x.program = p
	for range series {
		x.gap = append(x.gap, barGap)
	}
}

// of returns the instrument's instance, making it and room for those before it.
func (x *instances) of(instrument int) *criteria.Instance {
	for len(x.all) <= instrument {
		x.all = append(x.all, nil)
	}
	in := x.all[instrument]
	if in == nil {
		in = x.program.NewInstance(x.gap...)
		x.all[instrument] = in
	}
	return in
}

// barGap is how far apart two bars may begin for windows to reach from one to the other. The
// longest holidays of an exchange take eleven days (Korea, autumn 2017).
const barGap = 12 * 24 * time.Hour

func (e *rules) Classes() []message.ClassName { return e.names }

func (e *rules) Judge(instrument int, row []float64, _ int) (int, bool) {
	in := e.of(instrument)
	in.Row(row)
	for i := range e.program.Len() {
		switch in.Verdict(i) {
		case True:
			return i, true
		case NotReady:
			return 0, false
		}
	}
	return e.other, true
}

func (e *rules) Forget(int) {}

// Bar tells the engine of a bar, complete or under way. An interval that it does not read is
// nothing to it.
func (e *rules) Bar(instrument int, interval time.Duration, b criteria.Bar, closed bool) error {
	return tellBar(e.of(instrument), interval, b, closed)
}

func tellBar(in *criteria.Instance, interval time.Duration, b criteria.Bar, closed bool) error {
	var err error
	if closed {
		err = in.Close(interval, b)
	} else {
		err = in.Update(interval, b)
	}
	if errors.Is(err, criteria.ErrFrame) {
		return nil
	}
	return err
}

// Lacks says what the first criterion that is not ready lacks; empty if all that decide are ready.
func (e *rules) Lacks(instrument int) string {
	in := e.of(instrument)
	for i := range e.program.Len() {
		switch in.Verdict(i) {
		case True:
			return ""
		case NotReady:
			return fmt.Sprintf("class %q: %s", e.names[i], in.Reason(i))
		}
	}
	return ""
}

func (e *rules) Reason(instrument int, _ []float64, _ int) string {
	in := e.of(instrument)
	view, text := in.View(), "no criterion is true"
	for i := range e.program.Len() {
		if view.Verdict(i) == True {
			return view.Explain(i)
		}
		if len(text) < reasonMax { // more would be cut away
			separator := "; "
			if i == 0 {
				separator = ": "
			}
			text += separator + string(e.names[i]) + " " + view.Figures(i)
		}
	}
	return text
}
