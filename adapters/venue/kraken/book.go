package kraken

import (
	"math"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
)

// part is a book, or a change to one, that a frame holds: levels[from:mid] are its bids and
// levels[mid:to] its asks. A frame is read whole before any part of it is applied.
type part struct {
	number        int
	origin        message.Origin
	snapshot      bool
	depth         int // as the channel's name tells; 0 if it does not
	from, mid, to int
	sum           uint32
	summed        bool
}

// checksumOf reads a checksum, which updates of either version and snapshots of version 2 have.
func checksumOf(t venue.Token, field string) (sum uint32, there bool, err error) {
	if !t.Present() {
		return 0, false, nil
	}
	n, err := t.Int(field)
	if err == nil && (n < 0 || n > math.MaxUint32) {
		err = venue.Refuse(venue.Number, field, "%d is no checksum of 32 bits", n)
	}
	return uint32(n), true, err
}

// finish makes the messages of the books that were read, and holds each book to its checksum.
func (p *Protocol) finish(dst []message.Event) ([]message.Event, error) {
	for i := range p.parts {
		part := &p.parts[i]
		bids, asks := p.levels[part.from:part.mid], p.levels[part.mid:part.to]
		p.bids, p.asks = plain(p.bids, bids), plain(p.asks, asks)
		ok := p.keep(part, bids, asks)
		venue.BestFirst(p.bids, market.Buy)
		venue.BestFirst(p.asks, market.Sell)
		e, err := venue.Made(message.NewBook(message.BookFields{Origin: part.origin, Snapshot: part.snapshot}, p.bids, p.asks))
		if err != nil {
			return nil, err
		}
		dst = append(dst, e)
		if !ok {
			e, err := venue.Made(message.NewStatus(message.StatusFields{Origin: part.origin, Reason: "checksum"}))
			if err != nil {
				return nil, err
			}
			dst = append(dst, e)
		}
	}
	return dst, nil
}

// plain returns levels as messages have them, in the memory of dst.
func plain(dst []message.Level, levels []level) []message.Level {
	dst = venue.Scratch(dst)
	for i := range levels {
		dst = append(dst, levels[i].Level)
	}
	return dst
}

// keep applies a part to the book that is kept of its instrument, adds the removal of what falls
// out of the depth to p.bids and p.asks, and compares the checksum; false if that differs. After
// a difference, the book is not kept until the next snapshot: it would differ every time.
func (p *Protocol) keep(part *part, bids, asks []level) bool {
	for len(p.books) <= part.number {
		p.books = append(p.books, nil)
	}
	b := p.books[part.number]
	if part.snapshot {
		b = p.begin(part, max(len(bids), len(asks)))
	}
	if b == nil {
		return true
	}
	if !b.apply(&b.bids, bids) || !b.apply(&b.asks, asks) {
		p.forget(part.number)
		return true
	}
	p.bids = b.bids.truncate(b.depth, p.bids)
	p.asks = b.asks.truncate(b.depth, p.asks)
	if !part.summed {
		return true
	}
	p.checked++
	if b.holds(part.sum, &p.sum) {
		return true
	}
	p.failed++
	p.forget(part.number)
	return false
}

// begin returns an empty book for a snapshot of so many levels; nil if it is not kept.
func (p *Protocol) begin(part *part, levels int) *written {
	depth := part.depth
	if depth == 0 && part.number < len(p.depths) {
		depth = p.depths[part.number]
	}
	if depth < levels {
		// Nothing told, as in a recording that begins later: a book that is thinner than its
		// depth may be cut too early, but beyond what a checksum looks at.
		depth = depthStep(max(levels, checkedLevels))
	}
	b := p.books[part.number]
	switch {
	case levels > depthMax || b == nil && p.kept >= booksMax:
		p.forget(part.number)
		return nil
	case b == nil:
		b = &written{}
		b.bids.bid = true
		p.books[part.number] = b
		p.kept++
	}
	b.depth, b.fresh, b.pricePlaces, b.quantityPlaces = depth, false, 0, 0
	b.bids.reset()
	b.asks.reset()
	return b
}

func (p *Protocol) forget(number int) {
	if p.books[number] != nil {
		p.books[number] = nil
		p.kept--
	}
}

// confirm notes the depth that the venue confirmed for a symbol's book.
func (p *Protocol) confirm(number, depth int) {
	for len(p.depths) <= number {
		p.depths = append(p.depths, 0)
	}
	p.depths[number] = depth
}

// depthOf reads a depth; 0 if a book cannot be had in it.
func depthOf(text []byte) int {
	const digitsMax = 4
	if len(text) <= digitsMax {
		if n, ok := number(text); ok && slices.Contains(depthSteps[:], n) {
			return n
		}
	}
	return 0
}
