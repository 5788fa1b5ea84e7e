package classifier

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/classifier/criteria"
	"github.com/maru-trading/maru/actors/message"
)

// Type says how an engine judges.
type Type string

// The types of engine.
const (
	Criteria Type = "criteria" // the first class whose criterion is true, else the default
	Range    Type = "range"    // below, inside or above a range
	Model    Type = "model"    // what gradient-boosted trees from a file say
)

// Untrusted is the class of an instrument whose data may be wrong. Every engine puts it there, so
// that strategies stop acting on it; no other class may have the name.
const Untrusted message.ClassName = "untrusted"

// The classes of a range engine.
const (
	Below  message.ClassName = "below"
	Inside message.ClassName = "inside"
	Above  message.ClassName = "above"
)

// Config is one engine.
type Config struct {
	// Name is the engine's, unique among engines: 1 to 64 letters, digits, '_', '-' or '.'.
	Name message.EngineName

	// Version goes into every message. Empty: a hash of all that decides how the engine judges. That
	// of a model is followed by the beginning of its file's checksum, or is that alone; at most 51
	// bytes there, else 64.
	Version string

	Type Type

	// Classes of a criteria engine are tried in order, 1 to 64. The first whose criterion is true
	// is the instrument's. A criterion that is not ready ends the search, for it might have been
	// the first: put criteria that need long windows last.
	Classes []Class

	// Bars are the intervals of the bars that a criteria or model engine is told of, which functions
	// over bars may read; none: expressions read features alone.
	Bars []time.Duration

	// Default of a criteria engine is the class where every criterion is false. It may be one of
	// Classes. For that of a model see ModelConfig.Outputs.
	Default message.ClassName

	// Feature of a range engine is what is compared with the range from Low to High, each the name
	// of a feature or a number. The range is that of the instrument's row before, so that a price
	// can leave a range like min_5m to max_5m that its own trade widens. For an instrument's
	// first row, and after untrusted ones, the row's own range has to do. Where the range is
	// upside down, the engine is not ready.
	Feature, Low, High string

	// Margin of a range engine is by which fraction of the range's width Low or High must be
	// passed, in either direction, before the class changes: from inside it becomes above beyond
	// High + Margin × (High - Low), and again inside under High - Margin × (High - Low). The
	// first class is judged without it. 0 to 1; 0.5 and more skip inside on the way back.
	Margin float64

	// Model is what a model engine evaluates.
	Model ModelConfig
}

// Class is a class of a criteria engine.
type Class struct {
	Name message.ClassName // unique in the engine; letters as in Config.Name, not Untrusted
	When string            // the criterion; see Compile
}

// ErrConfig is wrapped by every fault of a configuration.
var ErrConfig = errors.New("invalid classifier configuration")

const (
	classesMax = 64 // of one engine; they are tried one by one
	enginesMax = 256
	nameMax    = 64
	versionMax = 64
)

// Validate returns every fault of c that can be told without the features that state computes:
// joined, each naming the engine, the class and the column, and wrapping ErrConfig.
func (c Config) Validate() error {
	f := faults{engine: c.Name}
	f.name("name", string(c.Name))
	most := versionMax
	if c.Type == Model {
		most -= 1 + versionDigits
	}
	if len(c.Version) > most {
		f.add("version has %d bytes: want at most %d", len(c.Version), most)
	}
	switch c.Type {
	case Criteria:
		c.validateCriteria(&f)
	case Range:
		c.validateRange(&f)
	case Model:
		c.validateModel(&f)
	default:
		f.add("type %q: want %s, %s or %s", shown(string(c.Type)), Criteria, Range, Model)
	}
	return errors.Join(f.all...)
}

func (c Config) validateCriteria(f *faults) {
	if c.Feature != "" || c.Low != "" || c.High != "" || c.Margin != 0 {
		f.add("feature, low, high and margin are for engines of type %s", Range)
	}
	f.bars(c.Bars)
	if len(c.Classes) < 1 || len(c.Classes) > classesMax {
		f.add("%d classes: want 1 to %d", len(c.Classes), classesMax)
	}
	f.class("default", c.Default)
	for i, class := range c.Classes {
		where := fmt.Sprintf("class %d", i+1)
		if class.Name != "" {
			where = fmt.Sprintf("class %q", shown(string(class.Name)))
		}
		f.class(where, class.Name)
		if slices.ContainsFunc(c.Classes[:i], func(d Class) bool { return d.Name == class.Name }) {
			f.add("%s is there twice: join the criteria with ||", where)
		}
		_, err := FeaturesOf(class.When, c.Bars...)
		f.expression(where, err)
	}
}

func (c Config) validateRange(f *faults) {
	if len(c.Classes) > 0 || c.Default != "" || len(c.Bars) > 0 {
		f.add("classes, default and bars are for engines of type %s: those of a range are %s, %s and %s", Criteria, Below, Inside, Above)
	}
	if !(c.Margin >= 0 && c.Margin <= 1) {
		f.add("margin is %v: want a fraction from 0 to 1", c.Margin)
	}
	if !isName(c.Feature) {
		f.add("feature %q: want the name of a feature, such as price", shown(c.Feature))
	}
	low, lowIs := constantEnd(c.Low)
	high, highIs := constantEnd(c.High)
	if !lowIs && !isName(c.Low) {
		f.add("low %q: want a feature, such as min_5m, or a number", shown(c.Low))
	}
	if !highIs && !isName(c.High) {
		f.add("high %q: want a feature, such as max_5m, or a number", shown(c.High))
	}
	switch {
	case lowIs && highIs && low >= high:
		f.add("low is %v and high is %v: want low under high", low, high)
	case !lowIs && c.Low == c.High && c.Low != "":
		f.add("low and high are both %q: a range has two ends", shown(c.Low))
	}
}

// Features returns the features that the engine reads, each once, in the order of first use.
// What Validate refuses is left out.
func (c Config) Features() []string {
	var all []string
	add := func(name string) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	switch c.Type {
	case Criteria:
		for _, class := range c.Classes {
			features, _ := FeaturesOf(class.When, c.Bars...) // Validate reports the error
			for _, name := range features {
				add(name)
			}
		}
	case Model:
		for _, in := range c.Model.Inputs {
			features, _ := figuresOf(in.Value, c.Bars) // Validate reports the error
			for _, name := range features {
				add(name)
			}
		}
	case Range:
		for _, name := range []string{c.Feature, c.Low, c.High} {
			if _, number := constantEnd(name); !number && isName(name) {
				add(name)
			}
		}
	}
	return all
}

// Needs returns how many bars of each interval the criteria, or the inputs of a model, want before
// every one of them can be ready: what to warm up with, by Core.Bar. None for a range, and for what
// Validate refuses.
func (c Config) Needs() []criteria.Need {
	var texts []string
	compile := criteria.Compile
	for _, class := range c.Classes {
		texts = append(texts, class.When)
	}
	if c.Type == Model {
		compile = criteria.CompileFigures
		for _, in := range c.Model.Inputs {
			texts = append(texts, in.Value)
		}
	}
	p, err := compile(env(func(string) (int, bool) { return 0, true }, nil, c.Bars), texts...)
	if err != nil {
		return nil // Validate reports the error
	}
	return p.Needs()
}

// ToldOf returns c with Bars set to those of the intervals given that its criteria or inputs read. Where
// those are at fault Bars are all of them, so that Validate can say what there is.
func (c Config) ToldOf(bars []time.Duration) Config {
	if c.Type != Criteria && c.Type != Model {
		return c
	}
	c.Bars = slices.Clone(bars)
	f := faults{engine: c.Name}
	if c.Type == Model {
		c.validateInputs(&f)
	} else {
		c.validateCriteria(&f)
	}
	if len(f.all) > 0 {
		return c
	}
	needs := c.Needs()
	c.Bars = nil
	for _, n := range needs {
		c.Bars = append(c.Bars, n.Frame)
	}
	return c
}

// version returns the configured version, or a hash of what decides how the engine judges. A model
// has none before it is loaded.
func (c Config) version() string {
	if c.Version != "" || c.Type == Model {
		return c.Version
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %q %q %v", c.Type, c.Default, c.Feature, c.Low, c.High, c.Margin)
	for _, class := range c.Classes {
		fmt.Fprintf(h, " %q %q", class.Name, class.When)
	}
	for _, bar := range c.Bars {
		fmt.Fprintf(h, " %d", bar)
	}
	const bytes = 4 // enough to tell the versions of one engine apart
	return hex.EncodeToString(h.Sum(nil)[:bytes])
}

// shownMax is how many bytes of a user's word an error repeats.
const shownMax = 64

// shown returns text, cut to what an error should repeat of it.
func shown(text string) string {
	if len(text) <= shownMax {
		return text
	}
	return strings.ToValidUTF8(text[:shownMax], "") + "…"
}

// constantEnd returns the number that an end of a range is, and whether it is one.
func constantEnd(text string) (float64, bool) {
	if text == "" || !(text[0] >= '0' && text[0] <= '9') && text[0] != '-' && text[0] != '+' && text[0] != '.' {
		return 0, false // also Inf and NaN, which ParseFloat takes
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsInf(v, 0)
}

// isName reports whether text is formed like the name of a feature.
func isName(text string) bool {
	for i, c := range []byte(text) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return text != "" && len(text) <= nameMax
}

// faults gathers what is wrong with one engine.
type faults struct {
	engine message.EngineName
	all    []error
}

func (f *faults) add(format string, args ...any) {
	f.all = append(f.all, fmt.Errorf("classifier: engine %q: %s: %w", shown(string(f.engine)), fmt.Sprintf(format, args...), ErrConfig))
}

// name reports a name that could not stand in messages, metrics and files as it is.
func (f *faults) name(what, text string) {
	ok := text != "" && len(text) <= nameMax
	for _, c := range []byte(text) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.')
	}
	if !ok {
		f.add("%s is %q: want 1 to %d letters, digits, _ - or .", what, shown(text), nameMax)
	}
}

func (f *faults) class(where string, name message.ClassName) {
	f.name(where, string(name))
	if name == Untrusted {
		f.add("%s: %s is for instruments whose data may be wrong: choose another name", where, Untrusted)
	}
}

func (f *faults) bars(bars []time.Duration) {
	for i, bar := range bars {
		if bar <= 0 || slices.Contains(bars[:i], bar) {
			f.add("bars of %v: want intervals above zero, each once", bar)
		}
	}
}

// expression reports the faults that Compile joined one by one.
func (f *faults) expression(where string, err error) { f.expressionAt(where+": when", err) }

func (f *faults) expressionAt(where string, err error) {
	if err == nil {
		return
	}
	for _, e := range eachFault(err) {
		f.all = append(f.all, fmt.Errorf("classifier: engine %q: %s: %w: %w", shown(string(f.engine)), where, e, ErrConfig))
	}
}
