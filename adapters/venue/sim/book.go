package sim

import (
	"slices"
	"sort"

	"github.com/maru-trading/maru/actors/market"
)

// order is one resting order.
type order struct {
	id         uint64
	side       market.Side
	price      Fixed
	leaves     Fixed // what is not filled, above 0
	at         *level
	prev, next *order // its neighbours in the queue; next is also the chain of free orders
	slot       int    // its place in book.orders; outside if it is not there
}

// outside is the slot of an order that the seeded traders did not bring, and may not cancel.
const outside = -1

// level is the queue at one price, the oldest order first.
type level struct {
	price      Fixed
	quantity   Fixed // the sum of what its orders leave
	head, tail *order
}

// half is one side of a book. The best level is the last: most happens there.
type half struct {
	side   market.Side
	levels []*level
}

// worse reports whether price a is worse than b on this side.
func (h *half) worse(a, b Fixed) bool {
	if h.side == market.Buy {
		return a < b
	}
	return a > b
}

// best returns the best level, nil if the side is empty.
func (h *half) best() *level {
	if len(h.levels) == 0 {
		return nil
	}
	return h.levels[len(h.levels)-1]
}

// find returns where the level of that price is, or would be.
func (h *half) find(price Fixed) (int, bool) {
	i := sort.Search(len(h.levels), func(i int) bool { return !h.worse(h.levels[i].price, price) })
	return i, i < len(h.levels) && h.levels[i].price == price
}

// quantityAt returns what rests at price.
func (h *half) quantityAt(price Fixed) Fixed {
	if i, ok := h.find(price); ok {
		return h.levels[i].quantity
	}
	return 0
}

// book is a limit order book of one instrument: price first, then time. It is a pure value of
// orders; who sends them is not its business.
//
// Invariant: the best bid is below the best ask.
type book struct {
	bids, asks half
	orders     []*order // those of the seeded traders, in no order; for picking one
	byID       map[uint64]*order
	lastOrder  uint64
	updates    uint64 // counts every change of a level's quantity
	// Prices whose quantity changed since takeChanges, with repetitions.
	changedBids, changedAsks []Fixed
	freeOrders               *order
	freeLevels               []*level
}

func newBook() *book {
	return &book{bids: half{side: market.Buy}, asks: half{side: market.Sell}, byID: map[uint64]*order{}}
}

func (b *book) half(side market.Side) *half {
	if side == market.Buy {
		return &b.bids
	}
	return &b.asks
}

// limit brings an order: it takes what rests at price or better, the best first and the oldest
// first, and tells fill the maker and how much of it; what is left rests if rest says so.
// It returns the id that the order got, and what rests.
func (b *book) limit(side market.Side, price, quantity Fixed, rest bool, fill func(maker *order, quantity Fixed)) (id uint64, left Fixed) {
	b.lastOrder++
	id = b.lastOrder
	other := b.half(side.Opposite())
	for quantity > 0 {
		l := other.best()
		if l == nil || side == market.Buy && l.price > price || side == market.Sell && l.price < price {
			break
		}
		maker := l.head
		q := min(quantity, maker.leaves)
		quantity -= q
		maker.leaves -= q
		l.quantity -= q
		b.changed(other, l.price)
		fill(maker, q)
		if maker.leaves == 0 {
			b.remove(maker)
		}
	}
	if quantity == 0 || !rest {
		return id, 0
	}
	o := b.newOrder()
	o.id, o.side, o.price, o.leaves = id, side, price, quantity
	b.rest(o)
	return id, quantity
}

// cancel takes the order of that id out. It reports whether there was one.
func (b *book) cancel(id uint64) bool {
	o := b.byID[id]
	if o == nil {
		return false
	}
	o.at.quantity -= o.leaves
	b.changed(b.half(o.side), o.price)
	b.remove(o)
	return true
}

// rest puts o at the end of its queue.
func (b *book) rest(o *order) {
	h := b.half(o.side)
	i, ok := h.find(o.price)
	if !ok {
		h.levels = slices.Insert(h.levels, i, b.newLevel(o.price))
	}
	l := h.levels[i]
	l.quantity += o.leaves
	o.at, o.prev, o.next = l, l.tail, nil
	if l.tail != nil {
		l.tail.next = o
	} else {
		l.head = o
	}
	l.tail = o
	if o.slot != outside {
		o.slot = len(b.orders)
		b.orders = append(b.orders, o)
	}
	b.byID[o.id] = o
	b.changed(h, o.price)
}

// remove takes o out of its queue and forgets it. Its level's quantity is right already.
func (b *book) remove(o *order) {
	l := o.at
	if o.prev != nil {
		o.prev.next = o.next
	} else {
		l.head = o.next
	}
	if o.next != nil {
		o.next.prev = o.prev
	} else {
		l.tail = o.prev
	}
	if l.head == nil {
		h := b.half(o.side)
		if i, ok := h.find(l.price); ok {
			h.levels = slices.Delete(h.levels, i, i+1)
		}
		b.freeLevels = append(b.freeLevels, l)
	}
	if o.slot != outside {
		last := b.orders[len(b.orders)-1]
		b.orders[o.slot] = last
		last.slot = o.slot
		b.orders[len(b.orders)-1] = nil
		b.orders = b.orders[:len(b.orders)-1]
	}
	delete(b.byID, o.id)
	*o = order{next: b.freeOrders}
	b.freeOrders = o
}

func (b *book) changed(h *half, price Fixed) {
	b.updates++
	if h.side == market.Buy {
		b.changedBids = append(b.changedBids, price)
	} else {
		b.changedAsks = append(b.changedAsks, price)
	}
}

// takeChanges appends the levels that changed since the last call, best first, with what rests
// there now; zero says that the price is empty.
func (b *book) takeChanges(bids, asks []Level) (_, _ []Level) {
	slices.Sort(b.changedBids)
	slices.Sort(b.changedAsks)
	b.changedBids = slices.Compact(b.changedBids)
	b.changedAsks = slices.Compact(b.changedAsks)
	for _, p := range slices.Backward(b.changedBids) {
		bids = append(bids, Level{p, b.bids.quantityAt(p)})
	}
	for _, p := range b.changedAsks {
		asks = append(asks, Level{p, b.asks.quantityAt(p)})
	}
	b.changedBids, b.changedAsks = b.changedBids[:0], b.changedAsks[:0]
	return bids, asks
}

// depth returns the best n levels of a side, the best first.
func (h *half) depth(n int) (best []Level) {
	for i := len(h.levels) - 1; i >= 0 && n > 0; i, n = i-1, n-1 {
		best = append(best, Level{h.levels[i].price, h.levels[i].quantity})
	}
	return best
}

func (b *book) newOrder() *order {
	o := b.freeOrders
	if o == nil {
		return &order{}
	}
	b.freeOrders = o.next
	o.next = nil
	return o
}

func (b *book) newLevel(price Fixed) *level {
	if n := len(b.freeLevels); n > 0 {
		l := b.freeLevels[n-1]
		b.freeLevels = b.freeLevels[:n-1]
		*l = level{price: price}
		return l
	}
	return &level{price: price}
}
