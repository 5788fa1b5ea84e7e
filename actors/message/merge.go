package message

import (
	"slices"

	"github.com/maru-trading/maru/actors/market"
)

// MergedTradesMax is how many trades of one feeder and partition survive a merge, the newest
// ones: enough for a few seconds of a busy market.
const MergedTradesMax = 4096

// Merge makes fewer messages of market data that waits in a full queue, oldest first, so that
// what remains still says the newest truth: the last ticker, best bid and offer and status of
// each instrument, its last order book with the changes after it joined into one, and the newest
// trades. It returns how many trades it had to drop; the batch that lost them says so. Batches
// that a source waits for are left alone, and so is what Merge does not know.
func Merge(waiting []Message) (merged []Message, lostTrades uint64) {
	m := merger{batches: map[batchKey]*batchMerger{}, views: map[int]*viewsMerger{}}
	for _, msg := range waiting {
		switch msg := msg.(type) {
		case Batch:
			if !msg.f.Credit {
				m.batch(msg)
				continue
			}
		case Views:
			if !msg.f.Credit {
				m.view(msg)
				continue
			}
		}
		m.order = append(m.order, func() Message { return msg })
	}
	merged = make([]Message, 0, len(m.order))
	for _, build := range m.order {
		merged = append(merged, build())
	}
	return merged, m.lost
}

type merger struct {
	batches map[batchKey]*batchMerger
	views   map[int]*viewsMerger
	order   []func() Message // in the order of first appearance
	lost    uint64
}

type batchKey struct {
	source    string
	partition int
}

// batchMerger gathers the batches of one feeder to one partition.
type batchMerger struct {
	f      BatchFields
	events []Event          // nil where a newer event of its kind took over
	last   map[eventKey]int // index into events of the newest of its kind
	trades []int            // indexes of trades, oldest first
}

type eventKey struct {
	instrument market.Instrument
	kind       Kind
}

func (m *merger) batch(b Batch) {
	key := batchKey{b.f.Source, b.f.Partition}
	bm := m.batches[key]
	if bm == nil {
		bm = &batchMerger{last: map[eventKey]int{}}
		m.batches[key] = bm
		m.order = append(m.order, func() Message { return bm.build() })
	}
	dropped := bm.f.Dropped + b.f.Dropped
	bm.f = b.f
	bm.f.Dropped = dropped
	for _, e := range b.events {
		if bm.add(e) {
			m.lost++
		}
	}
}

// add takes an event in and reports whether an old trade had to go for it.
func (b *batchMerger) add(e Event) (lost bool) {
	key := eventKey{e.Origin().Instrument, e.Kind()}
	at, seen := b.last[key]
	switch e := e.(type) {
	case Trade:
		b.trades = append(b.trades, len(b.events))
		b.events = append(b.events, e)
		if len(b.trades) > MergedTradesMax {
			b.events[b.trades[0]] = nil
			b.trades = b.trades[1:]
			b.f.Dropped++
			return true
		}
		return false
	case Book:
		if seen && !e.f.Snapshot {
			b.events[at] = b.events[at].(Book).with(e)
			return false
		}
	case Status:
		// A change of trust divides what came before from what comes after: keep every
		// change, and start the books after it anew.
		delete(b.last, eventKey{key.instrument, KindBook})
		if seen && b.events[at].(Status).f.Trusted == e.f.Trusted {
			b.events[at] = nil
		}
	default:
		if seen {
			b.events[at] = nil
		}
	}
	if seen && e.Kind() == KindBook {
		b.events[at] = nil // a snapshot replaces everything before it
	}
	b.last[key] = len(b.events)
	b.events = append(b.events, e)
	return false
}

func (b *batchMerger) build() Batch {
	events := make([]Event, 0, len(b.events))
	for _, e := range b.events {
		if e != nil {
			events = append(events, e)
		}
	}
	return Batch{f: b.f, events: events}
}

// with returns b followed by the update u as one book message. In a snapshot removed levels
// disappear, in an update they stay as removals.
func (b Book) with(u Book) Book {
	f := b.f
	f.Origin, f.LastID = u.f.Origin, u.f.LastID
	bids := mergeLevels(b.levels[:b.bids], u.levels[:u.bids], f.Snapshot, func(x, y market.Price) bool { return y.Less(x.Decimal) })
	asks := mergeLevels(b.levels[b.bids:], u.levels[u.bids:], f.Snapshot, func(x, y market.Price) bool { return x.Less(y.Decimal) })
	return Book{f: f, levels: append(bids, asks...), bids: len(bids)}
}

// mergeLevels lays changes over levels. Both may be in any order; the outcome is best first.
func mergeLevels(levels, changes []Level, snapshot bool, better func(x, y market.Price) bool) []Level {
	at := make(map[market.Price]int, len(levels)+len(changes))
	merged := make([]Level, 0, len(levels)+len(changes))
	for _, set := range [2][]Level{levels, changes} {
		for _, l := range set {
			if i, ok := at[l.Price]; ok {
				merged[i].Quantity = l.Quantity
				continue
			}
			at[l.Price] = len(merged)
			merged = append(merged, l)
		}
	}
	if snapshot {
		kept := merged[:0]
		for _, l := range merged {
			if !l.Quantity.IsZero() {
				kept = append(kept, l)
			}
		}
		merged = kept
	}
	slices.SortStableFunc(merged, func(x, y Level) int {
		switch {
		case better(x.Price, y.Price):
			return -1
		case better(y.Price, x.Price):
			return 1
		}
		return 0
	})
	return merged
}

// viewsMerger keeps the newest row of each instrument of one partition.
type viewsMerger struct {
	f    ViewsFields
	rows []View
	last map[market.Instrument]int
}

func (m *merger) view(v Views) {
	vm := m.views[v.f.Partition]
	if vm == nil {
		vm = &viewsMerger{last: map[market.Instrument]int{}}
		m.views[v.f.Partition] = vm
		m.order = append(m.order, func() Message { return Views{f: vm.f, rows: slices.Clone(vm.rows)} })
	}
	vm.f = v.f
	for _, row := range v.rows {
		if i, ok := vm.last[row.Instrument]; ok {
			vm.rows[i] = row
			continue
		}
		vm.last[row.Instrument] = len(vm.rows)
		vm.rows = append(vm.rows, row)
	}
}
