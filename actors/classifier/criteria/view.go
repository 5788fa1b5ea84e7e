package criteria

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// View is what criteria see of one instrument at one moment: it puts verdicts into words and
// figures.
type View struct {
	p      *Program
	values []float64 // by step
}

// View returns what in sees now. It shares memory with in: use it before in hears more.
func (in *Instance) View() View { return View{in.p, in.values} }

// View returns what the criteria see of an instrument in the columns as they are now.
func (c *Columns) View(instrument int) View {
	p := c.p
	c.complete()
	v := View{p, make([]float64, len(p.steps))}
	for i := range v.values {
		v.values[i] = math.NaN()
	}
	for i, id := range p.series {
		v.values[id] = c.series[i][instrument]
	}
	for id := range p.steps {
		s := &p.steps[id]
		switch {
		case s.op == opConst:
			v.values[id] = s.value
		case !p.live[id] || s.frame != now:
		case s.op == opFeature:
			v.values[id] = c.features[s.n][instrument]
		default:
			var a, b float64
			if a = v.values[s.a]; s.b != none {
				b = v.values[s.b]
			}
			v.values[id] = compute(s.op, a, b)
		}
	}
	return v
}

// Verdict returns the verdict of criterion i.
func (v View) Verdict(i int) Verdict { return verdictOf(v.values[v.p.roots[i].id]) }

// Figures returns criterion i with its figures in place of features and of functions over bars; ?
// is not known.
func (v View) Figures(i int) string {
	r := &v.p.roots[i]
	var s strings.Builder
	at := 0
	for _, f := range r.figures {
		s.WriteString(string(r.runes[at:f.from]))
		s.WriteString(v.text(f.id))
		at = f.to
	}
	s.WriteString(string(r.runes[at:]))
	return oneLine(s.String())
}

// text prints the figure of a step.
func (v View) text(id int32) string {
	x := v.values[id]
	switch v.p.steps[id].typ {
	case Truth:
		return verdictOf(x).String()
	case Duration:
		if x-x == 0 && math.Abs(x) < float64(math.MaxInt64)/float64(time.Second) {
			return time.Duration(x * float64(time.Second)).String()
		}
	}
	return FigureText(x)
}

// Explain returns criterion i as it was written and with its figures:
// "change_1m > 0.001: 0.0023 > 0.001".
func (v View) Explain(i int) string { return oneLine(v.p.roots[i].Text) + ": " + v.Figures(i) }

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// FigureText prints a figure exactly, ? if it is not known: a rounded one could contradict the
// verdict.
func FigureText(v float64) string {
	if math.IsNaN(v) {
		return "?"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// Distance says how far a figure is on the right side of what it is compared with.
type Distance struct {
	Text        string  // the comparison that decides
	Left, Right float64 // as they stand in it; NaN where the text compares no figures
	// By is how far Left is beyond Right in the wanted direction: below zero the comparison is
	// missed by so much, in the figures' own unit. NaN where there is no distance.
	By float64
	// Percent is By in percent of Right; NaN where Right is zero or there is no distance.
	Percent float64
}

// Distance returns the distance of the comparison that decides criterion i: of parts joined with
// && the one with the least, of those joined with || the one with the most, in percent. It is
// false if the verdict is not ready.
func (v View) Distance(i int) (Distance, bool) {
	id := v.p.roots[i].id
	if v.values[id] != v.values[id] {
		return Distance{}, false
	}
	return v.distance(id, false), true
}

func (v View) distance(id int32, negated bool) Distance {
	s := &v.p.steps[id]
	unknown := Distance{Text: s.label, Left: math.NaN(), Right: math.NaN(), By: math.NaN(), Percent: math.NaN()}
	if negated && s.label != "" {
		unknown.Text = "!(" + s.label + ")"
	}
	switch {
	case s.frame != now || s.op == opConst:
		return unknown
	case s.op == opNot:
		if inner := &v.p.steps[s.a]; inner.op == opEqual && inner.frame == now { // x != y
			d := v.distance(s.a, !negated)
			d.Text = s.label
			return d
		}
		return v.distance(s.a, !negated)
	case s.op == opAnd || s.op == opOr:
		return v.deciding(s, negated)
	case v.p.steps[s.a].typ == Text:
		return unknown
	}
	return v.compared(s, negated, unknown)
}

// compared is the distance of one comparison.
func (v View) compared(s *step, negated bool, d Distance) Distance {
	d.Left, d.Right = v.values[s.a], v.values[s.b]
	d.By = d.Left - d.Right
	if s.op == opEqual {
		d.By = -math.Abs(d.By)
	}
	if negated {
		d.By = 0 - d.By
	}
	if s.n == 1 {
		d.Left, d.Right = d.Right, d.Left
	}
	if d.Right != 0 {
		d.Percent = d.By / math.Abs(d.Right) * 100
	}
	return d
}

// deciding is the distance of the side that decides of two.
func (v View) deciding(s *step, negated bool) Distance {
	verdict := s.op == opOr
	best, found := Distance{}, false
	whole := compute(s.op, v.values[s.a], v.values[s.b])
	for _, side := range [2]int32{s.a, s.b} {
		if v.values[side] != whole {
			continue
		}
		d := v.distance(side, negated)
		most := verdict != negated
		if !found || most && d.rank(whole == 1 != negated) > best.rank(whole == 1 != negated) || !most && d.rank(whole == 1 != negated) < best.rank(whole == 1 != negated) {
			best, found = d, true
		}
	}
	return best
}

// rank orders distances; one that has no percentage is as far as can be.
func (d Distance) rank(passed bool) float64 {
	switch {
	case d.Percent == d.Percent:
		return d.Percent
	case passed:
		return math.Inf(1)
	}
	return math.Inf(-1)
}

// Unknown is something that a criterion would have to know to be ready.
type Unknown struct {
	What  string        // the feature, or the function or quotient as it was written
	Frame time.Duration // of the bars that a function reads; 0 of everything else
	Need  int           // how many of them it wants
	// Undefined is true of a quotient, or a root, that has no answer.
	Undefined bool
}

// History is what is known of an instrument's bars of one interval.
type History struct {
	Bars          int   // that follow each other, up to the newest
	Before, After int64 // starts of the bars around the gap that ended what was before; 0 without
}

// History returns what is known of the bars of an interval.
func (in *Instance) History(frame time.Duration) History {
	f, ok := in.p.frame(frame)
	if !ok {
		return History{}
	}
	h := &in.frames[f]
	out := History{Bars: h.count}
	if h.before != 0 {
		out.Before, out.After = h.before, h.after
	}
	return out
}

// Reason says in words why it is not known.
func (u Unknown) Reason(h History) string {
	switch {
	case u.Undefined:
		return u.What + " has no value: a divisor is zero"
	case u.Frame == 0:
		return u.What + " is not known"
	case h.Bars >= u.Need:
		return u.What + " has no value: nothing moved, or something in it is not known"
	}
	text := fmt.Sprintf("%s wants %d bars of %s, %d there", u.What, u.Need, PeriodName(u.Frame), h.Bars)
	switch {
	case h.Before != 0 && h.After != 0:
		text += fmt.Sprintf(" since the gap from %s to %s", date(h.Before), date(h.After))
	case h.Before != 0:
		text += fmt.Sprintf(" since the gap after %s", date(h.Before))
	}
	return text
}

// unknownsMax bounds how many reasons are told.
const unknownsMax = 8

// Unknowns returns what criterion i would have to know to be ready, in the order of the text; at
// most 8. None if it is ready.
func (v View) Unknowns(i int) []Unknown {
	var all []Unknown
	seen := map[int32]bool{}
	v.unknowns(v.p.roots[i].id, seen, &all)
	return all
}

func (v View) unknowns(id int32, seen map[int32]bool, all *[]Unknown) {
	s := &v.p.steps[id]
	if v.values[id] == v.values[id] || seen[id] || len(*all) == unknownsMax {
		return
	}
	seen[id] = true
	add := func(u Unknown) {
		if !slices.Contains(*all, u) {
			*all = append(*all, u)
		}
	}
	switch {
	case s.op == opFeature:
		add(Unknown{What: s.label})
		return
	case s.frame != now:
		add(Unknown{What: s.label, Frame: v.p.frames[s.frame], Need: int(s.need)})
		return
	}
	sides := []int32{s.a, s.b}
	if s.n == 1 {
		sides = []int32{s.b, s.a}
	}
	found := false
	for _, side := range sides {
		if side != none && v.values[side] != v.values[side] {
			found = true
			v.unknowns(side, seen, all)
		}
	}
	if !found {
		add(Unknown{What: s.label, Undefined: true})
	}
}

// Reason says why criterion i is not ready; empty if it is.
func (in *Instance) Reason(i int) string {
	var all []string
	for _, u := range in.View().Unknowns(i) {
		all = append(all, u.Reason(in.History(u.Frame)))
	}
	return strings.Join(all, "; ")
}
