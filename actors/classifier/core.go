package classifier

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// InstrumentsMax is how many instruments a Core judges. It bounds memory should a venue, or a
// fault, name ever new ones.
const InstrumentsMax = 100_000

// reasonMax is how many bytes of a reason a message carries: a criterion may have 4 KiB, and
// reasons go into every log and journal.
const reasonMax = 512

// Core judges rows with a set of engines. It is not for concurrent use.
type Core struct {
	engines  []judge
	width    int       // of the rows: how many features state computes
	from     []int     // where in a message's row the figures are that the engines read
	row      []float64 // those figures, reused
	numbers  map[market.Instrument]int
	last     market.Instrument // of the row before, whose number is lastN: rows come in runs
	lastN    int
	limit    int // of instruments
	counters Counters
}

// judge is an engine and what it said last.
type judge struct {
	name    message.EngineName
	version string
	engine  Engine
	names   []message.ClassName   // by class
	was     []class               // by instrument
	latest  []*message.Classified // by instrument; nil where none was sent
}

// Counters counts what a Core has done since it was made.
type Counters struct {
	Rows        uint64 // judged by every engine, untrusted ones included
	Changes     uint64 // messages made
	NotReady    uint64 // judgements of an engine that were not ready
	Instruments int    // known now
	OverLimit   uint64 // rows not judged: of an instrument beyond InstrumentsMax
	Misfits     uint64 // rows not judged: without instrument, or with another number of features
	Bars        uint64 // taken by an engine that reads bars
	BadBars     uint64 // refused by one: older than what is known, or no numbers
	Invalid     uint64 // changes that made no valid message; above zero is a fault of this package
}

// New returns a core for the engines, in that order. features are what state computes, in the
// order of the rows of message.Views. It returns every fault of every engine, joined, each as
// Config.Validate does; a feature that is not among features is one.
func New(configs []Config, features []string) (*Core, error) {
	c := &Core{width: len(features), numbers: make(map[market.Instrument]int), limit: InstrumentsMax}
	var all []error
	if len(configs) > enginesMax {
		all = append(all, fmt.Errorf("classifier: %d engines: want at most %d: %w", len(configs), enginesMax, ErrConfig))
	}
	// Rows may have many more figures than the engines read; only those are copied.
	index := func(name string) (int, bool) {
		i := slices.Index(features, name)
		if i < 0 {
			return 0, false
		}
		slot := slices.Index(c.from, i)
		if slot < 0 {
			slot = len(c.from)
			c.from = append(c.from, i)
		}
		return slot, true
	}
	for i, cfg := range configs {
		f := faults{engine: cfg.Name}
		if slices.ContainsFunc(configs[:i], func(d Config) bool { return d.Name == cfg.Name }) {
			f.add("the name is there twice: give every engine its own")
		}
		if err := cfg.Validate(); err != nil {
			all = append(append(all, f.all...), err)
			continue
		}
		e := cfg.bind(&f, index, features)
		all = append(all, f.all...)
		names := append([]message.ClassName{"", Untrusted}, e.Classes()...)
		c.engines = append(c.engines, judge{name: cfg.Name, version: cfg.version(), engine: e, names: names})
	}
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	c.row = make([]float64, len(c.from))
	return c, nil
}

// Step judges the rows in order, each with every engine in order, and returns the changes of class
// in that order; nil if there are none.
//
// An untrusted row puts the instrument into the class Untrusted, once, also if no class was sent
// before: whoever acted on what an earlier Core said must hear of it. The next trusted row is judged
// again. Where an engine is not ready, the class stays.
func (c *Core) Step(v message.Views) []message.Classified {
	var changes []message.Classified
	for i := range v.Len() {
		row := v.Row(i)
		if row.Width() != c.width || row.Instrument.IsZero() {
			c.counters.Misfits++
			continue
		}
		n, ok := c.number(row.Instrument)
		if !ok {
			c.counters.OverLimit++
			continue
		}
		c.counters.Rows++
		if row.Trusted {
			for slot, at := range c.from {
				c.row[slot] = row.Value(at)
			}
		}
		for k := range c.engines {
			now, changed := c.judge(&c.engines[k], n, row.Trusted)
			if changed {
				changes = c.change(changes, &c.engines[k], n, now, &row)
			}
		}
	}
	return changes
}

// Bar tells the engines of a bar, complete or under way: of the past, to warm up with, or of now. The
// next row is judged with it. Bars of an instrument must come in order; one that is older than what
// is known is counted and changes nothing, so telling the past twice does no harm.
func (c *Core) Bar(b message.Bar) {
	f := b.Fields()
	n, ok := c.number(f.Instrument)
	if !ok {
		c.counters.OverLimit++
		return
	}
	for k := range c.engines {
		reader, ok := c.engines[k].engine.(barReader)
		if !ok {
			continue
		}
		if err := reader.Bar(n, f.Interval, BarOf(b), f.Closed); err != nil {
			c.counters.BadBars++
		} else {
			c.counters.Bars++
		}
	}
}

// Ready reports whether every engine can judge the instrument and, if not, what the first that
// cannot lacks: "momentum: class \"up\": sma(20, 1d) wants 20 bars of 1d, 7 there".
func (c *Core) Ready(i market.Instrument) (ready bool, reason string) {
	n, ok := c.numbers[i]
	if !ok {
		return false, "nothing is known of it"
	}
	for k := range c.engines {
		if reader, ok := c.engines[k].engine.(barReader); ok {
			if lacks := reader.Lacks(n); lacks != "" {
				return false, string(c.engines[k].name) + ": " + lacks
			}
		}
	}
	return true, ""
}

// Install gives engine number k, which is of type Model, the trees of a file in the place of those
// before. Classes stay until a row is judged anew.
func (c *Core) Install(k int, l *Loaded) {
	j := &c.engines[k]
	j.engine.(*boosted).use(l)
	j.version = l.version
}

// number returns the instrument's number, giving it one if there is room.
func (c *Core) number(i market.Instrument) (int, bool) {
	if i == c.last {
		return c.lastN, true
	}
	n, ok := c.numbers[i]
	if !ok {
		n = len(c.numbers)
		if n >= c.limit {
			return 0, false
		}
		c.numbers[i] = n
		for k := range c.engines {
			j := &c.engines[k]
			j.was, j.latest = append(j.was, classNone), append(j.latest, nil)
		}
	}
	c.last, c.lastN = i, n
	return n, true
}

func (c *Core) judge(j *judge, instrument int, trusted bool) (now class, changed bool) {
	was := j.was[instrument]
	if !trusted {
		if was != classUntrusted {
			j.engine.Forget(instrument)
		}
		return classUntrusted, was != classUntrusted
	}
	own, ready := j.engine.Judge(instrument, c.row, max(int(was)-int(classOwn), -1))
	if !ready {
		c.counters.NotReady++
		return was, false
	}
	now = classOwn + class(own)
	return now, now != was
}

// change notes a change of class and appends its message.
func (c *Core) change(changes []message.Classified, j *judge, instrument int, now class, row *message.View) []message.Classified {
	reason := "the data may be wrong"
	if now != classUntrusted {
		reason = cut(j.engine.Reason(instrument, c.row, int(now-classOwn)))
	}
	m, err := message.NewClassified(message.ClassifiedFields{
		Origin: row.Origin, Engine: j.name, Version: j.version,
		From: j.names[j.was[instrument]], To: j.names[now],
		Quote: row.Quote, Trusted: row.Trusted, Reason: reason,
	})
	if err != nil { // instrument, engine and class are there, and the class is another
		c.counters.Invalid++
		return changes
	}
	j.was[instrument], j.latest[instrument] = now, &m
	c.counters.Changes++
	return append(changes, m)
}

// cut shortens a reason to reasonMax bytes and says that it did.
func cut(reason string) string {
	const mark = "…"
	if len(reason) <= reasonMax {
		return reason
	}
	return strings.ToValidUTF8(reason[:reasonMax-len(mark)], "") + mark
}

// Latest yields what was last said of every instrument, for those who come late: by instrument in
// the order in which they were first seen, then by engine.
func (c *Core) Latest() iter.Seq[message.Classified] {
	return func(yield func(message.Classified) bool) {
		for n := range len(c.numbers) {
			for k := range c.engines {
				if m := c.engines[k].latest[n]; m != nil && !yield(*m) {
					return
				}
			}
		}
	}
}

// Counters returns what was counted so far.
func (c *Core) Counters() Counters {
	counters := c.counters
	counters.Instruments = len(c.numbers)
	return counters
}
