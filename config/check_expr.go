package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/state"
)

// What one state partition takes; see state.Config.
const (
	featuresMax = 256
	windowsMax  = 32
)

// checkEngine checks what an engine reads: criteria that compile, features that the state knows,
// and bars that are built.
func (c *Config) checkEngine(r *reader, path string, e *Engine) {
	for i, class := range e.Classes {
		if class.When != "" {
			c.checkExpression(r, joinKey(joinIndex(joinKey(path, "class"), i), "when"), class.When)
		}
	}
	if e.Model != nil {
		c.checkModel(r, path, e.Model)
	}
	if e.Type != engineRange {
		return
	}
	for _, key := range []struct{ name, value string }{{"feature", e.Feature}, {"low", e.Low}, {"high", e.High}} {
		if featurePattern.MatchString(key.value) {
			if hint, ok := c.feature(key.value); !ok {
				r.fault(joinKey(path, key.name), "want a feature that there is", quote(clip(key.value)), hint)
			}
		}
	}
	low, lowErr := strconv.ParseFloat(e.Low, 64)
	high, highErr := strconv.ParseFloat(e.High, 64)
	switch {
	case e.Low != "" && e.Low == e.High:
		r.fault(joinKey(path, "high"), "want another end than low", quote(e.High), "a range has two ends")
	case lowErr == nil && highErr == nil && low > high:
		r.fault(joinKey(path, "high"), "want more than low", quote(e.High), "low is "+e.Low)
	}
}

// checkExpression reports what is wrong with a criterion, each fault with its column in it.
func (c *Config) checkExpression(r *reader, path, text string) {
	_, err := classifier.Compile(text, c.known, c.examples(), c.State.Bars...)
	c.expressionFaults(r, path, "a criterion", err)
}

// known reports whether the node computes a feature; where it stands in a row does not matter here.
func (c *Config) known(name string) (int, bool) {
	_, ok := c.feature(name)
	return 0, ok
}

// expressionFaults reports what the compiler found.
func (c *Config) expressionFaults(r *reader, path, want string, err error) {
	if err == nil {
		return
	}
	each := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		each = joined.Unwrap()
	}
	for _, err := range each {
		var f *classifier.Fault
		if !errors.As(err, &f) {
			r.fault(path, "want "+want, err.Error(), "")
			continue
		}
		where := fmt.Sprintf("want %s; column %d of it", want, f.Column)
		if f.Line > 1 {
			where = fmt.Sprintf("want %s; line %d, column %d of it", want, f.Line, f.Column)
		}
		r.fault(path, where+": "+f.What, "", c.expressionHint(f))
	}
}

// expressionHint is the compiler's hint, or what the state says of a feature that is none: it
// knows periods.
func (c *Config) expressionHint(f *classifier.Fault) string {
	if quoted, err := strconv.QuotedPrefix(f.What); err == nil && strings.HasSuffix(f.What, " is not a feature") {
		if name, err := strconv.Unquote(quoted); err == nil {
			if hint, ok := c.feature(name); !ok {
				return hint
			}
		}
	}
	return f.Hint
}

// feature reports whether the node computes a feature, or says what to do.
func (c *Config) feature(name string) (hint string, ok bool) {
	f, err := state.ParseFeature(name)
	switch {
	case err != nil:
		return featureHint(err), false
	case f.Bar() != 0 && !slices.Contains(c.State.Bars, f.Bar()):
		return "add " + quote(formatDuration(f.Bar())) + " to the bars of [state]", false
	}
	return "", true
}

// featureHint is the last part of what ParseFeature says: package, name and kind stand in the
// fault already.
func featureHint(err error) string {
	kind := state.ErrFeature.Error() + ": "
	if i := strings.LastIndex(err.Error(), kind); i >= 0 {
		return err.Error()[i+len(kind):]
	}
	return err.Error()
}

// examples are the names of features, families with one of their periods.
func (c *Config) examples() []string {
	var names []string
	for _, f := range state.Features() {
		name := strings.NewReplacer("PERIOD", "5m", "INTERVAL", "1m").Replace(f.Pattern)
		names = append(names, name)
	}
	return names
}

// checkWindows holds what the engines read together to what a partition computes.
func (c *Config) checkWindows(r *reader) {
	if n := len(c.Features()); n > featuresMax {
		r.fault("engine", fmt.Sprintf("want at most %d features in all engines", featuresMax), strconv.Itoa(n), "")
	}
	if n := len(c.Windows()); n > windowsMax {
		r.fault("engine", fmt.Sprintf("want at most %d windows in all engines", windowsMax), strconv.Itoa(n), "use the same periods")
	}
}

// Features are the figures that the engines read, each once, in the order of first use.
func (c *Config) Features() []state.Feature {
	var all []state.Feature
	for i := range c.Engines {
		for _, name := range c.Classifier(i).Features() {
			f, err := state.ParseFeature(name)
			if err == nil && !slices.Contains(all, f) { // Parse reports the error
				all = append(all, f)
			}
		}
	}
	return all
}

// Windows are the periods of the rolling windows that the engines read, from short to long.
func (c *Config) Windows() []time.Duration {
	var all []time.Duration
	for _, f := range c.Features() {
		if f.Window() != 0 && !slices.Contains(all, f.Window()) {
			all = append(all, f.Window())
		}
	}
	slices.Sort(all)
	return all
}
