package feeder

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// join makes one instrument's order book whole where a venue sends differences and the snapshot
// must be fetched. Binance describes the rule under "How to manage a local order book
// correctly": keep the differences that arrive, fetch a snapshot, drop what ends before it, and
// from then on demand that each difference begins where the last one ended.
type join struct {
	instrument market.Instrument
	joined     bool
	asked      bool   // a snapshot is on its way
	last       uint64 // id of the last update in the book; valid when joined
	first      bool   // no update was joined to the snapshot yet
	pending    []message.Book
}

// verdict is what became of an update.
type verdict uint8

const (
	keep verdict = 1 + iota // it continues the book: pass it on
	skip                    // it is older than the book
	wait                    // it is kept until a snapshot comes
	gap                     // updates are missing before it; it is kept like those that wait
)

// update takes in a difference.
func (j *join) update(b message.Book, pendingMax int) verdict {
	if !j.joined {
		j.keep(b, pendingMax)
		return wait
	}
	switch {
	case b.Fields().LastID <= j.last:
		return skip
	case j.continues(b):
		j.last, j.first = b.Fields().LastID, false
		return keep
	}
	j.joined = false
	j.keep(b, pendingMax)
	return gap
}

// continues reports whether b begins where the book ends. Where the venue tells the id of the
// update before (futures: pu), that decides; otherwise the range must hold the next id.
func (j *join) continues(b message.Book) bool {
	f := b.Fields()
	if !j.first && f.PrevID != 0 {
		return f.PrevID == j.last
	}
	return f.FirstID <= j.last+1 && j.last < f.LastID
}

func (j *join) keep(b message.Book, pendingMax int) {
	if len(j.pending) >= pendingMax {
		// The oldest go first: a snapshot that is still to come will be newer than they are.
		j.pending = append(j.pending[:0], j.pending[1:]...)
	}
	j.pending = append(j.pending, b)
}

// snapshot takes in a snapshot and returns the updates that follow it. ok is false when
// updates are missing between the two: the snapshot is too old, and another one is needed.
func (j *join) snapshot(b message.Book) (follow []message.Book, ok bool) {
	j.asked = false
	j.last, j.first = b.Fields().LastID, true
	for i, u := range j.pending {
		if u.Fields().LastID <= j.last {
			continue
		}
		if !j.continues(u) {
			j.pending = append(j.pending[:0], j.pending[i:]...)
			return nil, false
		}
		j.last, j.first = u.Fields().LastID, false
		follow = append(follow, u)
	}
	j.pending, j.joined = nil, true
	return follow, true
}

// reset forgets the book: the connection was lost, or someone asks for a new snapshot.
func (j *join) reset() { *j = join{instrument: j.instrument, asked: j.asked} }
