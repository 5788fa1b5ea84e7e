package sim

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/bits"

	"github.com/maru-trading/maru/actors/market"
)

// What follows lets somebody else trade here, beside the seeded traders: their orders stand in the
// same queues. Whose an order is, whether it is paid for and what becomes of it is the caller's
// business; the seeded traders never cancel it. With nobody else here, one seed stays one history.

// Resting is an order in a book.
type Resting struct {
	ID       uint64
	Price    Fixed
	Quantity Fixed // what is not filled
}

// ErrEntry is wrapped by what Rest finds wrong with an order.
var ErrEntry = errors.New("order cannot rest")

// Next returns when something happens next; nothing does in between.
func (x *Exchange) Next() market.Timestamp {
	return min(x.nextAction, x.nextDepth, x.nextTicker)
}

// Pass moves the time to now while nothing happens, as Skip does, but may be called again before Skip
// or Step end it: how the time is cut makes no difference.
func (x *Exchange) Pass(now market.Timestamp) { x.now = max(x.now, now) }

// NewOrderID takes the next order id of an instrument.
func (x *Exchange) NewOrderID(instrument int) uint64 {
	b := x.instruments[instrument].book
	b.lastOrder++
	return b.lastOrder
}

// Front returns the first order of the queue at the best price of a side.
func (x *Exchange) Front(instrument int, side market.Side) (Resting, bool) {
	l := x.instruments[instrument].book.half(side).best()
	if l == nil {
		return Resting{}, false
	}
	return Resting{l.head.id, l.price, l.head.leaves}, true
}

// Walk returns the orders of a side, the best price first and the oldest first. Nothing may change
// while it runs.
func (x *Exchange) Walk(instrument int, side market.Side) iter.Seq[Resting] {
	h := x.instruments[instrument].book.half(side)
	return func(yield func(Resting) bool) {
		for i := len(h.levels) - 1; i >= 0; i-- {
			for o := h.levels[i].head; o != nil; o = o.next {
				if !yield(Resting{o.id, o.price, o.leaves}) {
					return
				}
			}
		}
	}
}

// Hit lets the order taker, which need not rest, trade with Front of the other side and returns the
// trade. The quantity is above zero and at most what Front has.
func (x *Exchange) Hit(instrument int, taker uint64, side market.Side, quantity Fixed) Trade {
	in := x.instruments[instrument]
	h := in.book.half(side.Opposite())
	l := h.best()
	maker := l.head
	if quantity <= 0 || quantity > maker.leaves {
		panic(fmt.Sprintf("sim: %s: hit %v of %v", in.symbol, quantity, maker.leaves))
	}
	t := Trade{At: x.now, Price: l.price, Quantity: quantity, BuyerIsMaker: side == market.Sell, MakerID: maker.id, TakerID: taker}
	maker.leaves -= quantity
	l.quantity -= quantity
	in.book.changed(h, l.price)
	if maker.leaves == 0 {
		in.book.remove(maker)
	}
	in.record(t)
	x.events = append(x.events, Event{Kind: EventTrade, Instrument: in.index, At: x.now, Trade: in.last})
	return in.last
}

// Rest puts an order at the end of its queue. It fails with ErrEntry if the price is none that the
// instrument has, if it would have to trade, or if more would rest at the price than can be counted.
func (x *Exchange) Rest(instrument int, id uint64, side market.Side, price, quantity Fixed) error {
	in := x.instruments[instrument]
	if !in.ladder.valid(price) || quantity <= 0 {
		return fmt.Errorf("sim: %s: rest %v at %v: %w", in.symbol, quantity, price, ErrEntry)
	}
	if best := in.book.half(side.Opposite()).best(); best != nil && (side == market.Buy && price >= best.price || side == market.Sell && price <= best.price) {
		return fmt.Errorf("sim: %s: rest at %v: the other side is at %v: %w", in.symbol, price, best.price, ErrEntry)
	}
	if in.book.half(side).quantityAt(price) > math.MaxInt64/2-quantity {
		return fmt.Errorf("sim: %s: rest %v at %v: too much is there: %w", in.symbol, quantity, price, ErrEntry)
	}
	o := in.book.newOrder()
	*o = order{id: id, side: side, price: price, leaves: quantity, slot: outside}
	in.book.rest(o)
	return nil
}

// Reduce takes by off an order that Rest put there; it keeps its place in the queue. If nothing is
// left, the order is gone. It reports whether there was such an order with as much.
func (x *Exchange) Reduce(instrument int, id uint64, by Fixed) bool {
	b := x.instruments[instrument].book
	o := b.byID[id]
	if o == nil || o.slot != outside || by <= 0 || by > o.leaves {
		return false
	}
	o.leaves -= by
	o.at.quantity -= by
	b.changed(b.half(o.side), o.price)
	if o.leaves == 0 {
		b.remove(o)
	}
	return true
}

// Flush returns what Hit, Rest and Reduce published for the instrument since the last Step or
// Flush, valid until the next. Changed levels follow with the next Step that reaches their time.
func (x *Exchange) Flush(instrument int) []Event {
	x.publishBBO(x.instruments[instrument])
	return x.published()
}

// Last returns the last trade of an instrument; its ID is 1 or more.
func (x *Exchange) Last(instrument int) Trade { return x.instruments[instrument].last }

// Lot returns the smallest quantity step of an instrument.
func (x *Exchange) Lot(instrument int) Fixed { return x.instruments[instrument].lot }

// Usual returns the quantity of a usual order.
func (x *Exchange) Usual(instrument int) Fixed { return x.instruments[instrument].usual }

// ValidPrice reports whether a price is one that the instrument's tick rule allows.
func (x *Exchange) ValidPrice(instrument int, price Fixed) bool {
	return x.instruments[instrument].ladder.valid(price)
}

// valid reports whether p is above zero and a whole count of the ticks of its band.
func (l ladder) valid(p Fixed) bool { return p > 0 && p%l.size(p) == 0 }

// ParseFixed returns d as a Fixed, and whether it is one: a count of 1e-8 in its range.
func ParseFixed(d market.Decimal) (Fixed, bool) {
	hi, lo := d.Raw()
	neg := hi < 0
	if neg {
		hi, lo = d.Abs().Raw()
	}
	const step = 1e18 / fixedOne
	if uint64(hi) >= step {
		return 0, false
	}
	q, r := bits.Div64(uint64(hi), lo, step)
	if r != 0 || q >= 1<<63 {
		return 0, false
	}
	if neg {
		return -Fixed(q), true
	}
	return Fixed(q), true
}

// coarsen returns l with a lot of which every price that is not far from its own costs a whole count
// of 1e-8.
func coarsen(l market.Listing, price Fixed) market.Listing {
	const far = 10
	tick := ladderOf(l.Ticks).size(max(price/far, 1))
	lot := fixedOf(l.LotSize.Decimal)
	for mulDiv(uint64(tick), int64(lot), fixedOne)*fixedOne != int64(tick)*int64(lot) {
		lot *= 10
	}
	l.LotSize = market.Quantity{Decimal: lot.Decimal()}
	l.MinQuantity = l.LotSize
	return l
}
