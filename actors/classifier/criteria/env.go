package criteria

import (
	"errors"
	"slices"
	"time"
)

var errPeriod = errors.New("want a whole number and s, m, h, d or w, such as 30s, 5m, 1h, 1d")

// Type is what a value is. The zero Type is none.
type Type uint8

// The types.
const (
	Number   Type = 1 + iota // a figure; a percentage is one: 3% is 0.03
	Truth                    // true, false or not ready
	Duration                 // a length of time; as a figure in seconds
	Text                     // a word of a fixed set, compared with == and !=
)

// String returns the type in words.
func (t Type) String() string {
	switch t {
	case Number:
		return "a number"
	case Truth:
		return "true or false"
	case Duration:
		return "a period"
	case Text:
		return "text"
	}
	return "nothing"
}

// Feature is a figure that is known now, such as a price: not of every bar.
type Feature struct {
	// Slot is where the figure stands in a row, and which column it is.
	Slot int
	// Type is Number, Duration (the row has seconds) or Text (the row has the code of a word).
	Type Type
	// Code returns the code of a word; a word that never occurs has one too. Only for Text.
	Code func(word string) float64
}

// Env is what a criterion may read.
type Env struct {
	// Feature returns the feature of a name. Nil: there are none.
	Feature func(name string) (Feature, bool)
	// Known are names to suggest for one that Feature does not know.
	Known []string
	// Frames are the intervals of the bars that there are. Empty: functions over bars are refused.
	Frames []time.Duration
	// Frame is the interval where a function names none; 0: it must be named. One of Frames.
	Frame time.Duration
}

func (e *Env) feature(name string) (Feature, bool) {
	if e.Feature == nil {
		return Feature{}, false
	}
	return e.Feature(name)
}

// frame returns the index of an interval in Frames.
func (e *Env) frame(d time.Duration) (int, bool) {
	i := slices.Index(e.Frames, d)
	return i, i >= 0
}

// frameNames lists the intervals for a hint.
func (e *Env) frameNames() string {
	text := ""
	for i, d := range e.Frames {
		switch {
		case i == 0:
		case i == len(e.Frames)-1:
			text += " and "
		default:
			text += ", "
		}
		text += PeriodName(d)
	}
	return text
}

// Bar is what indicators read of one bar. Package message has the exact one; figures of indicators
// are binary.
type Bar struct {
	Start                  int64 // nanoseconds since 1970-01-01 UTC
	Open, High, Low, Close float64
	Volume                 float64 // in base
	Turnover               float64 // in quote; NaN if it is not known
}

// The fields of a bar, in the order of barFields.
const (
	barOpen = iota
	barHigh
	barLow
	barClose
	barVolume
	barTurnover
	barFieldCount
)

// barFields are the names that stand for the bar inside a function over bars, and that are
// functions outside: close("1d").
var barFields = []string{"open", "high", "low", "close", "volume", "turnover"}

func (b *Bar) field(i int) float64 {
	switch i {
	case barOpen:
		return b.Open
	case barHigh:
		return b.High
	case barLow:
		return b.Low
	case barClose:
		return b.Close
	case barVolume:
		return b.Volume
	}
	return b.Turnover
}
