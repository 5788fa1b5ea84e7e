package state

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Config says what a state partition keeps of its instruments. Every field bounds memory.
type Config struct {
	// Partition is which of Partitions this is, 0 to Partitions-1. Batches for another partition
	// are refused and counted.
	Partition, Partitions int
	// Windows are the periods of the rolling windows, each 1 s to 31 days, at most 32. A window
	// keeps only what Features read of it.
	Windows []time.Duration
	// Buckets is into how many parts a window is cut, 2 to 60. A window covers the bucket under
	// way and the Buckets-1 before it, so it reaches back between period-period/Buckets and
	// period. A window costs up to Buckets × 8 bytes × (1 + what features read of it) an
	// instrument.
	Buckets int
	// Partial lets window features have a value before the window has been watched for its whole
	// period. False, the default, keeps them NaN until then: the lowest price of three seconds is
	// not min_5m.
	Partial bool
	// Bars are the intervals of the bars: any of 1 s, 1 min, 5 min, 1 h and 1 day.
	Bars []time.Duration
	// BookLevels is how many levels of each side of a book are kept, 1 to 100,000. The worst go
	// first, an eighth more being kept for a while so that not every update moves the whole side.
	BookLevels int
	// Trades is how many recent trades are kept an instrument, 0 to 10,000, of 48 bytes each.
	Trades int
	// Features are what every row of Views holds, in this order; at most 256. The window and the
	// bars that a feature reads must be configured: see Feature.Window and Feature.Bar.
	Features []Feature
	// Late is how long a bar waits after its end, in message time, for trades that are on their
	// way; 0 to 1 min. See bars.go for venues whose clock is behind ours.
	Late time.Duration
	// Instruments is how many instruments the partition takes, 1 to 1,000,000. Events of further
	// ones are refused and counted.
	Instruments int
}

// DefaultConfig is one partition that keeps books, recent trades and every bar, no windows and
// no features: those come from what the classifiers ask for.
func DefaultConfig() Config {
	return Config{
		Partitions:  1,
		Buckets:     30,
		Bars:        slices.Clone(barIntervals),
		BookLevels:  5000,
		Trades:      32,
		Late:        2 * time.Second,
		Instruments: 100_000,
	}
}

// Limits that no configuration can lift.
const (
	bucketsMax     = 60
	windowsMax     = 32
	periodMin      = time.Second
	periodMax      = 31 * 24 * time.Hour
	bookLevelsMax  = 100_000
	tradesMax      = 10_000
	featuresMax    = 256
	lateMax        = time.Minute
	instrumentsMax = 1_000_000
	sourcesMax     = 1_000 // feeders of one partition; each costs a few words
)

var barIntervals = []time.Duration{time.Second, time.Minute, 5 * time.Minute, time.Hour, 24 * time.Hour}

// Validate returns every fault of the configuration, joined, or nil.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("state: "+format, args...)) }
	between := func(name string, v, low, high int) {
		if v < low || v > high {
			fault("%s is %d: want %d to %d", name, v, low, high)
		}
	}
	if c.Partitions < 1 || c.Partition < 0 || c.Partition >= c.Partitions {
		fault("partition %d of %d: want at least 1 partition, and 0 to partitions-1", c.Partition, c.Partitions)
	}
	between("buckets", c.Buckets, 2, bucketsMax)
	between("book_levels", c.BookLevels, 1, bookLevelsMax)
	between("trades", c.Trades, 0, tradesMax)
	between("instruments", c.Instruments, 1, instrumentsMax)
	between("number of windows", len(c.Windows), 0, windowsMax)
	between("number of features", len(c.Features), 0, featuresMax)
	if c.Late < 0 || c.Late > lateMax {
		fault("late is %v: want 0s to %v", c.Late, lateMax)
	}
	for i, w := range c.Windows {
		if w < periodMin || w > periodMax {
			fault("window %v: want 1s to 31d", w)
		}
		if slices.Contains(c.Windows[:i], w) {
			fault("window %v is configured twice", w)
		}
	}
	for i, b := range c.Bars {
		if !slices.Contains(barIntervals, b) {
			fault("bar interval %v: want any of 1s, 1m, 5m, 1h, 1d", b)
		}
		if slices.Contains(c.Bars[:i], b) {
			fault("bar interval %v is configured twice", b)
		}
	}
	for i, f := range c.Features {
		switch {
		case f.name == "":
			fault("feature %d is empty: make features with ParseFeature", i)
			continue
		case f.window != 0 && !slices.Contains(c.Windows, f.window):
			fault("feature %s reads a window of %v that is not configured: add it to the windows", f.name, f.window)
		case f.bar != 0 && !slices.Contains(c.Bars, f.bar):
			fault("feature %s reads bars of %v that are not configured: add them to the bars", f.name, f.bar)
		}
		if slices.ContainsFunc(c.Features[:i], func(g Feature) bool { return g.name == f.name }) {
			fault("feature %s is configured twice", f.name)
		}
	}
	return errors.Join(faults...)
}
