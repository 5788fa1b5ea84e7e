package classifier

import (
	"fmt"
	"math"

	"github.com/maru-trading/maru/actors/classifier/criteria"
	"github.com/maru-trading/maru/actors/message"
)

// The classes of a band by index, in the order of bandNames.
const (
	bandBelow = iota
	bandInside
	bandAbove
)

var bandNames = []message.ClassName{Below, Inside, Above}

// band is the engine of type Range.
type band struct {
	feature   string
	slot      int
	low, high end
	margin    float64
	spans     []span // by instrument: what Judge last decided with, and what it will next
}

// end is one end of the range: a constant, or what the row has at slot.
type end struct {
	text  string
	slot  int // -1: value
	value float64
}

func (e end) of(row []float64) float64 {
	if e.slot < 0 {
		return e.value
	}
	return row[e.slot]
}

// span is a range of one instrument; NaN is not known.
type span struct{ low, high, nextLow, nextHigh float64 }

func (c Config) bindRange(f *faults, index func(string) (int, bool), known []string) *band {
	slot := func(what, name string) int {
		i, ok := index(name)
		if !ok {
			hint := "see the list of features"
			if near, ok := criteria.Nearest(name, known); ok {
				hint = "did you mean " + near + "?"
			}
			f.add("%s %q is not a feature: %s", what, shown(name), hint)
		}
		return i
	}
	bound := func(what, text string) end {
		if v, ok := constantEnd(text); ok {
			return end{text: "", slot: -1, value: v}
		}
		return end{text: text + " ", slot: slot(what, text)}
	}
	return &band{feature: c.Feature, slot: slot("feature", c.Feature), low: bound("low", c.Low), high: bound("high", c.High), margin: c.Margin}
}

func (b *band) Classes() []message.ClassName { return bandNames }

func (b *band) Judge(instrument int, row []float64, was int) (int, bool) {
	s := b.span(instrument)
	v := row[b.slot]
	s.low, s.high = s.nextLow, s.nextHigh
	s.nextLow, s.nextHigh = b.low.of(row), b.high.of(row)
	if math.IsNaN(s.low) || math.IsNaN(s.high) {
		s.low, s.high = s.nextLow, s.nextHigh
	}
	if !(s.low <= s.high) || math.IsNaN(v) {
		return 0, false
	}
	m := b.marginOf(s)
	switch was {
	case bandBelow:
		switch {
		case v > float64(s.high+m):
			return bandAbove, true
		case v > float64(s.low+m):
			return bandInside, true
		}
		return bandBelow, true
	case bandAbove:
		switch {
		case v < float64(s.low-m):
			return bandBelow, true
		case v < float64(s.high-m):
			return bandInside, true
		}
		return bandAbove, true
	case bandInside:
	default:
		m = 0 // there is no class yet that the margin would hold
	}
	switch {
	case v < float64(s.low-m):
		return bandBelow, true
	case v > float64(s.high+m):
		return bandAbove, true
	}
	return bandInside, true
}

// marginOf returns the margin in the feature's unit.
func (b *band) marginOf(s *span) float64 {
	if b.margin == 0 {
		return 0 // also of a range whose width is beyond what a number holds
	}
	return float64(b.margin * (s.high - s.low))
}

// span returns the instrument's, with room for those before it.
func (b *band) span(instrument int) *span {
	for len(b.spans) <= instrument {
		b.spans = append(b.spans, unknownSpan)
	}
	return &b.spans[instrument]
}

var unknownSpan = span{math.NaN(), math.NaN(), math.NaN(), math.NaN()}

func (b *band) Forget(instrument int) { *b.span(instrument) = unknownSpan }

func (b *band) Reason(instrument int, row []float64, now int) string {
	s := b.span(instrument)
	low, high := b.low.text+criteria.FigureText(s.low), b.high.text+criteria.FigureText(s.high)
	text := b.feature + " " + criteria.FigureText(row[b.slot])
	switch now {
	case bandBelow:
		text += " < " + low
	case bandAbove:
		text += " > " + high
	default:
		text += " from " + low + " to " + high
	}
	if m := b.marginOf(s); m != 0 {
		text += fmt.Sprintf(" (margin %s)", criteria.FigureText(m))
	}
	return text
}
