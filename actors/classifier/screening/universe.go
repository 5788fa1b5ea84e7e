// Package screening judges a universe of instruments by a set of criteria, column by column: a change
// of one criterion judges every instrument anew at once, and bars are gone through again only for
// functions that no criterion read before.
//
// Nothing is judged on data that has a hole: no window reaches across two bars that lie further
// apart than the universe's gap, and an instrument whose newest bar is too old is not ready, with
// the reason.
//
// It imports package criteria and nothing else of Maru. The command `maru screen` fills a universe
// from files; whoever has bars in memory fills one from those.
package screening

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/classifier/criteria"
)

// Instrument is what a universe holds of one instrument.
type Instrument struct {
	Name  string // unique in the universe
	Title string // for people; may be empty
	// Bars from old to new, complete ones.
	Bars []criteria.Bar
	// Figures are what is known of it now, by the names that the universe was made with; what is
	// left out is not known.
	Figures map[string]float64
	// Words are the same for texts, such as its market.
	Words map[string]string
	// Missing says why nothing may be judged, such as that its newest bar is old; empty: all is
	// well.
	Missing string
}

// Config is the form of a universe.
type Config struct {
	// Frame is the interval of the bars.
	Frame time.Duration
	// Gap is how far apart the starts of two bars may lie that follow each other; 0: any distance
	// will do. Behind a gap every window begins anew.
	Gap time.Duration
	// Figures and Words are the names that criteria may read besides bars. A figure that is in
	// Durations is a period, in seconds.
	Figures, Words, Durations []string
}

// Universe is the instruments that are judged. It is filled once, with Add, and then only read;
// many screens may share it.
type Universe struct {
	config  Config
	names   []string
	titles  []string
	index   map[string]int
	missing []string
	bars    [][]criteria.Bar
	figures [][]float64 // by name, figures and then words; then by instrument
	codes   map[string]float64
	words   []string // by code
}

// ErrInstrument is wrapped by what Add returns.
var ErrInstrument = fmt.Errorf("cannot be added to the universe")

// New returns a universe without instruments.
func New(c Config) *Universe {
	return &Universe{config: c, index: map[string]int{}, figures: make([][]float64, len(c.Figures)+len(c.Words)), codes: map[string]float64{}}
}

// Add adds an instrument. Its bars are kept, not copied. It fails with ErrInstrument where the
// name is there already, bars are not in order or a figure has no name in Config.
func (u *Universe) Add(in Instrument) error {
	if _, there := u.index[in.Name]; there || in.Name == "" {
		return fmt.Errorf("screening: %q: %w: the name is there already, or empty", in.Name, ErrInstrument)
	}
	for i := 1; i < len(in.Bars); i++ {
		if in.Bars[i].Start <= in.Bars[i-1].Start {
			return fmt.Errorf("screening: %q: %w: bar %d is not later than the one before", in.Name, ErrInstrument, i)
		}
	}
	for i, b := range in.Bars {
		if b.Open-b.Open != 0 || b.High-b.High != 0 || b.Low-b.Low != 0 || b.Close-b.Close != 0 || b.Volume-b.Volume != 0 {
			return fmt.Errorf("screening: %q: %w: bar %d has a figure that is no number", in.Name, ErrInstrument, i)
		}
	}
	for name := range in.Figures {
		if !slices.Contains(u.config.Figures, name) {
			return fmt.Errorf("screening: %q: %w: no figure %q in the universe", in.Name, ErrInstrument, name)
		}
	}
	for name := range in.Words {
		if !slices.Contains(u.config.Words, name) {
			return fmt.Errorf("screening: %q: %w: no word %q in the universe", in.Name, ErrInstrument, name)
		}
	}
	u.index[in.Name] = len(u.names)
	u.names, u.titles = append(u.names, in.Name), append(u.titles, in.Title)
	u.missing, u.bars = append(u.missing, in.Missing), append(u.bars, in.Bars)
	for i, name := range u.config.Figures {
		v, known := in.Figures[name]
		if !known || in.Missing != "" || math.IsInf(v, 0) {
			v = math.NaN()
		}
		u.figures[i] = append(u.figures[i], v)
	}
	for i, name := range u.config.Words {
		v := math.NaN()
		if word, known := in.Words[name]; known && in.Missing == "" {
			v = u.code(word)
		}
		at := len(u.config.Figures) + i
		u.figures[at] = append(u.figures[at], v)
	}
	return nil
}

// code returns the code of a word that instruments have.
func (u *Universe) code(word string) float64 {
	c, ok := u.codes[word]
	if !ok {
		c = float64(len(u.words))
		u.codes[word], u.words = c, append(u.words, word)
	}
	return c
}

// Len returns how many instruments there are.
func (u *Universe) Len() int { return len(u.names) }

// Name returns the name of instrument i, in the order they were added.
func (u *Universe) Name(i int) string { return u.names[i] }

// Title returns what people call instrument i.
func (u *Universe) Title(i int) string { return u.titles[i] }

// Words returns the words that the instruments have for a name, sorted.
func (u *Universe) Words(name string) []string {
	at := slices.Index(u.config.Words, name)
	if at < 0 {
		return nil
	}
	seen := map[string]bool{}
	for _, code := range u.figures[len(u.config.Figures)+at] {
		if code == code {
			seen[u.words[int(code)]] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Env returns what criteria may read here. Functions over bars need not name the interval.
func (u *Universe) Env() criteria.Env {
	names := slices.Concat(u.config.Figures, u.config.Words)
	return criteria.Env{
		Known: names, Frames: []time.Duration{u.config.Frame}, Frame: u.config.Frame,
		Feature: func(name string) (criteria.Feature, bool) {
			at := slices.Index(names, name)
			switch {
			case at < 0:
				return criteria.Feature{}, false
			case at >= len(u.config.Figures):
				return criteria.Feature{Slot: at, Type: criteria.Text, Code: u.codeOf}, true
			case slices.Contains(u.config.Durations, name):
				return criteria.Feature{Slot: at, Type: criteria.Duration}, true
			}
			return criteria.Feature{Slot: at, Type: criteria.Number}, true
		},
	}
}

// codeOf returns the code of a word that a criterion has; -1 if no instrument has it.
func (u *Universe) codeOf(word string) float64 {
	if c, ok := u.codes[word]; ok {
		return c
	}
	return -1
}

// Figure returns a figure of instrument i by its name; NaN if it is not known.
func (u *Universe) Figure(i int, name string) float64 {
	if at := slices.Index(u.config.Figures, name); at >= 0 {
		return u.figures[at][i]
	}
	return math.NaN()
}
