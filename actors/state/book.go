package state

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// side is one side of an order book, sorted with the best price at the end: most changes happen
// near the top, and there they move little.
type side struct {
	levels []message.Level
	asks   bool
}

// better reports whether a is nearer to the top than b.
func (s *side) better(a, b market.Price) bool {
	if s.asks {
		return a.Less(b.Decimal)
	}
	return b.Less(a.Decimal)
}

// find returns where price stands, or would stand.
func (s *side) find(price market.Price) (at int, found bool) {
	const near = 8 // levels tried one by one before the search by halves
	high := len(s.levels)
	for stop := max(0, high-near); high > stop; high-- {
		p := s.levels[high-1].Price
		if p == price {
			return high - 1, true
		}
		if s.better(price, p) {
			return high, false
		}
	}
	low := 0
	for low < high {
		mid := int(uint(low+high) / 2)
		p := s.levels[mid].Price
		switch {
		case p == price:
			return mid, true
		case s.better(price, p):
			low = mid + 1
		default:
			high = mid
		}
	}
	return low, false
}

// set puts a level in or changes it.
func (s *side) set(l message.Level) {
	at, found := s.find(l.Price)
	if found {
		s.levels[at].Quantity = l.Quantity
		return
	}
	if len(s.levels) == cap(s.levels) {
		s.reserve(len(s.levels) + max(4, len(s.levels)/4))
	}
	s.levels = s.levels[:len(s.levels)+1]
	copy(s.levels[at+1:], s.levels[at:])
	s.levels[at] = l
}

func (s *side) remove(price market.Price) {
	if at, found := s.find(price); found {
		s.levels = append(s.levels[:at], s.levels[at+1:]...)
	}
}

// reserve makes room for n levels, without the generosity of append: there are many books.
func (s *side) reserve(n int) {
	if cap(s.levels) >= n {
		return
	}
	levels := make([]message.Level, len(s.levels), n)
	copy(levels, s.levels)
	s.levels = levels
}

// trim drops the worst levels down to keep once there are an eighth more, and returns how many.
func (s *side) trim(keep int) int {
	if len(s.levels) <= keep+keep/8 {
		return 0
	}
	return s.cut(keep)
}

func (s *side) cut(keep int) int {
	drop := max(0, len(s.levels)-keep)
	s.levels = s.levels[:copy(s.levels, s.levels[drop:])]
	return drop
}

// replace makes the side what a snapshot says: n levels that level returns best first, of which
// the best keep are kept. It returns how many were dropped. A side out of order is sorted, and of
// two levels at one price the later stands. A quantity of zero is kept: Bithumb rounds sizes to
// four decimals.
func (s *side) replace(n, keep int, level func(int) message.Level) (dropped int) {
	s.levels = s.levels[:0]
	kept := min(n, keep)
	s.reserve(kept)
	s.levels = s.levels[:kept]
	sorted := true
	for i := range n {
		l := level(i)
		if i > 0 && !s.better(level(i-1).Price, l.Price) {
			sorted = false
			break
		}
		if i < kept {
			s.levels[kept-1-i] = l
		}
	}
	if sorted {
		return n - kept
	}
	s.levels = s.levels[:0]
	for i := range n {
		s.set(level(i))
	}
	return s.cut(keep)
}

// best returns the top level; false if the side is empty.
func (s *side) best() (message.Level, bool) {
	if len(s.levels) == 0 {
		return message.Level{}, false
	}
	return s.levels[len(s.levels)-1], true
}

// depth returns the quantity of the best n levels; false if it cannot be held.
func (s *side) depth(n int) (market.Decimal, bool) {
	var sum market.Decimal
	for i := len(s.levels) - 1; i >= max(0, len(s.levels)-n); i-- {
		d, err := sum.Add(s.levels[i].Quantity.Decimal)
		if err != nil {
			return sum, false
		}
		sum = d
	}
	return sum, true
}

// top returns copies of the best n levels, best first.
func (s *side) top(n int) []message.Level {
	n = max(0, min(n, len(s.levels)))
	out := make([]message.Level, n)
	for i := range out {
		out[i] = s.levels[len(s.levels)-1-i]
	}
	return out
}

// book is an order book.
type book struct{ bids, asks side }

func newBook() *book { return &book{asks: side{asks: true}} }

// apply makes the book what b says, or changes it as b says, and returns how many levels were
// dropped to keep the bound.
func (k *book) apply(b message.Book, keep int) (dropped int) {
	if b.Fields().Snapshot {
		return k.bids.replace(b.BidCount(), keep, b.Bid) + k.asks.replace(b.AskCount(), keep, b.Ask)
	}
	for i := range b.BidCount() {
		k.bids.change(b.Bid(i))
	}
	for i := range b.AskCount() {
		k.asks.change(b.Ask(i))
	}
	return k.bids.trim(keep) + k.asks.trim(keep)
}

// change is set, or remove where the quantity is zero.
func (s *side) change(l message.Level) {
	if l.Quantity.IsZero() {
		s.remove(l.Price)
		return
	}
	s.set(l)
}

// crossed reports whether the best bid is not below the best ask, which no continuous market
// leaves standing: a change was lost.
func (k *book) crossed() bool {
	bid, okBid := k.bids.best()
	ask, okAsk := k.asks.best()
	return okBid && okAsk && !bid.Price.Less(ask.Price.Decimal)
}

// clear forgets every level.
func (k *book) clear() {
	k.bids.levels, k.asks.levels = k.bids.levels[:0], k.asks.levels[:0]
}
