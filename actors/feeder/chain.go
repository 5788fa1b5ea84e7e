package feeder

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// chain follows one instrument's order book where the venue sends a snapshot and then the changes
// to it on the same stream. Nothing has to be kept and joined: what was lost comes back with the
// snapshot that a new subscription brings.
//
// Frames of one connection come in order, so an id that does not continue the book means that
// something is missing, wherever it points. How venues number:
//
//	OKX       PrevID and LastID; both may start anew after maintenance, and PrevID tells
//	Bybit     FirstID = LastID, rising by one
//	Kraken    nothing; a checksum, which the adapter compares
type chain struct {
	instrument market.Instrument
	joined     bool
	asked      bool   // a snapshot was asked for and has not come
	last       uint64 // id of the last change in the book; 0: the venue gave none
}

// snapshot begins the book anew, and reports whether it had been asked for.
func (h *chain) snapshot(f message.BookFields) (asked bool) {
	asked = h.asked
	h.joined, h.asked, h.last = true, false, f.LastID
	return asked
}

// update takes in a change.
func (h *chain) update(f message.BookFields) verdict {
	switch {
	case !h.joined:
		return wait
	case f.LastID == 0 && f.PrevID == 0:
		return keep // not numbered
	case h.last == 0: // the snapshot was not numbered
	case f.PrevID != 0:
		if f.PrevID != h.last {
			h.joined = false
			return gap
		}
	case f.LastID == h.last:
		return skip // said before
	case f.LastID < h.last || f.FirstID > h.last+1:
		h.joined = false
		return gap
	}
	if f.LastID != 0 {
		h.last = f.LastID
	}
	return keep
}
