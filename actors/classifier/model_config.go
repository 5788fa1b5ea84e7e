package classifier

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/classifier/criteria"
	"github.com/maru-trading/maru/actors/message"
)

// ModelConfig is what an engine of type Model is besides its name and default. Where its file comes
// from is a Source, which Deps has.
type ModelConfig struct {
	Format Format

	// Inputs are computed from every row, 1 to 1024. The model must have a feature of every name,
	// and an input is wanted for every feature: what a file lacks or has beyond is found when it is
	// loaded.
	Inputs []Input

	// Outputs are the classes. With From they are thresholds on the one number that the model
	// gives: the class with the highest From that it reaches is the instrument's, Config.Default
	// where it reaches none. Without, they are the model's classes in its order, and the likeliest
	// is the instrument's.
	Outputs []Output

	// SHA256 of the file in 64 hexadecimal digits; empty: any file will do.
	SHA256 string

	BytesMax int64         // of the file; 1 to BytesMost
	Poll     time.Duration // how often to look for a new version; 0: never. Not below PollLeast
}

// Format is what a model's file is written in.
type Format string

// The formats.
const (
	XGBoost  Format = "xgboost"  // JSON, of version 1.6 or later
	LightGBM Format = "lightgbm" // text, of version 2 to 4
)

// Input is one number that a model takes.
type Input struct {
	Name string // of the feature in the model; 1 to 128 bytes without control characters
	// Value is an expression in the language of package criteria: a number, a duration (in seconds) or
	// true and false (1 and 0).
	Value string
	// Optional inputs go into the model as missing where they are not known; the engine is not ready
	// without the others.
	Optional bool
}

// Output is one class of a model engine.
type Output struct {
	Name message.ClassName // unique in the engine; letters as in Config.Name, not Untrusted
	From string            // least number of the class, that number included; empty: see ModelConfig
}

// Bounds of a model engine.
const (
	BytesMost = 4 << 30 // bytes of a file
	PollLeast = time.Second

	inputsMax    = 1024
	inputNameMax = 128
)

func (c Config) validateModel(f *faults) {
	m := c.Model
	if c.Feature != "" || c.Low != "" || c.High != "" || c.Margin != 0 || len(c.Classes) > 0 {
		f.add("classes, feature, low, high and margin are for engines of other types: those of a model are in its outputs")
	}
	f.bars(c.Bars)
	if m.Format != XGBoost && m.Format != LightGBM {
		f.add("format %q: want %s or %s", shown(string(m.Format)), XGBoost, LightGBM)
	}
	if m.SHA256 != "" && !isSHA256(m.SHA256) {
		f.add("sha256 %q: want 64 digits 0-9 and a-f, as sha256sum prints them", shown(m.SHA256))
	}
	if m.BytesMax < 1 || m.BytesMax > BytesMost {
		f.add("bytes at most %d: want 1 to %d", m.BytesMax, int64(BytesMost))
	}
	if m.Poll != 0 && m.Poll < PollLeast {
		f.add("poll every %v: want 0 (never) or at least %v", m.Poll, PollLeast)
	}
	c.validateInputs(f)
	c.validateOutputs(f)
}

func (c Config) validateInputs(f *faults) {
	m := c.Model
	if len(m.Inputs) < 1 || len(m.Inputs) > inputsMax {
		f.add("%d inputs: want 1 to %d, one for each feature of the model", len(m.Inputs), inputsMax)
	}
	for i, in := range m.Inputs {
		where := fmt.Sprintf("input %q", shown(in.Name))
		if in.Name == "" || len(in.Name) > inputNameMax || strings.ContainsFunc(in.Name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }) {
			f.add("input %d has the name %q: want the name of a feature of the model, 1 to %d bytes", i+1, shown(in.Name), inputNameMax)
		}
		if slices.ContainsFunc(m.Inputs[:i], func(other Input) bool { return other.Name == in.Name }) {
			f.add("%s is there twice", where)
		}
		_, err := figuresOf(in.Value, c.Bars)
		f.expressionAt(where+": value", err)
	}
}

func (c Config) validateOutputs(f *faults) {
	m := c.Model
	if len(m.Outputs) < 1 || len(m.Outputs) > classesMax {
		f.add("%d classes: want 1 to %d", len(m.Outputs), classesMax)
	}
	cuts := 0
	for i, o := range m.Outputs {
		where := fmt.Sprintf("class %q", shown(string(o.Name)))
		f.class(where, o.Name)
		if slices.ContainsFunc(m.Outputs[:i], func(other Output) bool { return other.Name == o.Name }) {
			f.add("%s is there twice", where)
		}
		if o.From == "" {
			continue
		}
		cuts++
		if v, ok := threshold(o.From); !ok {
			f.add("%s: from %q: want a number", where, shown(o.From))
		} else if slices.ContainsFunc(m.Outputs[:i], func(other Output) bool { w, ok := threshold(other.From); return ok && v == w }) {
			f.add("%s: from %s is that of another class, too", where, o.From)
		}
	}
	switch {
	case cuts == 0 && len(m.Outputs) == 1:
		f.add("one class without from: want a threshold, or the classes of the model in its order")
	case cuts != 0 && cuts != len(m.Outputs):
		f.add("%d of %d classes have from: want it in all, as thresholds, or in none, as the classes of the model in its order", cuts, len(m.Outputs))
	case cuts != 0:
		f.class("default", c.Default)
	case c.Default != "":
		f.add("default is for classes with from: the likeliest of the model's classes always is one")
	}
}

// byThreshold reports whether the classes are thresholds on the model's one output.
func (m ModelConfig) byThreshold() bool { return len(m.Outputs) > 0 && m.Outputs[0].From != "" }

func threshold(text string) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsInf(v, 0) && v == v
}

func isSHA256(text string) bool {
	sum, err := hex.DecodeString(text)
	return err == nil && len(sum) == 32 && text == strings.ToLower(text)
}

// figuresOf returns the features that an expression of any figure reads, as FeaturesOf does of a
// criterion.
func figuresOf(text string, bars []time.Duration) ([]string, error) {
	p, err := CompileFigures(text, anyFeature(), nil, bars...)
	if err != nil {
		return nil, err
	}
	return p.Features(), nil
}

// anyFeature knows every name.
func anyFeature() func(string) (int, bool) {
	var names []string
	return func(name string) (int, bool) {
		i := slices.Index(names, name)
		if i < 0 {
			i, names = len(names), append(names, name)
		}
		return i, true
	}
}

// CompileFigures reads the expression of an Input as Compile reads a criterion: it may be any figure.
func CompileFigures(text string, index func(feature string) (slot int, ok bool), known []string, bars ...time.Duration) (*criteria.Program, error) {
	return criteria.CompileFigures(env(index, known, bars), text)
}
