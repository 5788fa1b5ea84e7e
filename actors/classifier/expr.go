package classifier

import (
	"errors"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/classifier/criteria"
	"github.com/maru-trading/maru/actors/message"
)

// Verdict is the answer of a criterion: true, false or not ready.
type Verdict = criteria.Verdict

// The verdicts.
const (
	NotReady = criteria.NotReady // something that the answer depends on is not known
	True     = criteria.True
	False    = criteria.False
)

// Fault is one thing wrong with a criterion.
type Fault = criteria.Fault

// ErrExpression is wrapped by every fault that Compile finds.
var ErrExpression = criteria.ErrCriterion

// Compile reads a criterion, in the language of package criteria, over rows of features and over
// bars of the intervals given. Of every feature it asks index where in the row it stands; known
// are the names to suggest for one that index does not know.
//
// It returns every fault it finds, joined, each a *Fault that wraps ErrExpression. A fault in the
// grammar hides the others.
func Compile(text string, index func(feature string) (slot int, ok bool), known []string, bars ...time.Duration) (*criteria.Program, error) {
	return criteria.Compile(env(index, known, bars), text)
}

func env(index func(feature string) (slot int, ok bool), known []string, bars []time.Duration) criteria.Env {
	return criteria.Env{Known: known, Frames: bars, Feature: func(name string) (criteria.Feature, bool) {
		slot, ok := index(name)
		return criteria.Feature{Slot: slot, Type: criteria.Number}, ok
	}}
}

// FeaturesOf returns the features that a criterion reads, each once, in the order of first use. It
// fails as Compile does, but takes every name for a feature.
func FeaturesOf(text string, bars ...time.Duration) ([]string, error) {
	var names []string
	p, err := Compile(text, func(name string) (int, bool) {
		i := slices.Index(names, name)
		if i < 0 {
			i, names = len(names), append(names, name)
		}
		return i, true
	}, nil, bars...)
	if err != nil {
		return nil, err
	}
	return p.Features(), nil
}

// BarOf returns what criteria read of a bar.
func BarOf(b message.Bar) criteria.Bar {
	f := b.Fields()
	return criteria.Bar{Start: int64(f.Start), Open: f.Open.Float64(), High: f.High.Float64(), Low: f.Low.Float64(), Close: f.Close.Float64(),
		Volume: f.Volume.Float64(), Turnover: f.Turnover.Float64()}
}

// eachFault returns the errors that err joins, or err alone.
func eachFault(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	return []error{err}
}
