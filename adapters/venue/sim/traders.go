package sim

import (
	"math/bits"

	"github.com/maru-trading/maru/actors/market"
)

// The traders of one instrument know a fair price, which wanders and comes back. They put
// orders around it, take what is cheaper or dearer than it, and cancel. Everything is chosen
// to look like a market and to stay bounded, nothing to predict one.
const (
	ordersWanted = 160 // in a book; above that orders are rather canceled
	ordersMax    = 480 // in a book
	levelsMin    = 12  // on a side; the last order of a level stays if there are no more

	// One step of the fair price, every 100 ms: about 40 ppm, so 0.1 % a minute; a burst lasts
	// some 5 seconds, comes every minute or so, and moves five times as far.
	calmPPB    = 40_000
	burstPPB   = 200_000
	burstBegin = 600
	burstEnd   = 50
	// The fair price comes back by this part of its distance a step: half in 38 minutes.
	revertShift = 15

	// Orders lie at a mean distance of this many grains from the fair price. A grain is a tick, or
	// 1/20,000 of the price where ticks are smaller.
	meanDistance = 6
	grainPart    = 20_000

	// A usual order is at most this, so that sums of many stay far from the range of Fixed.
	orderMax = 2_000_000_000_000_000
)

// instrument is one instrument and all that trades it.
type instrument struct {
	index   int
	listing market.Listing
	symbol  string
	ladder  ladder
	lot     Fixed
	usual   Fixed // quantity of a usual order, whole lots
	book    *book

	anchor uint64 // the fair price comes back here; like fair
	fair   uint64 // fair price << shift: finer than a tick, or cheap instruments would not move
	shift  uint
	burst  bool

	bid, ask               Level // as published last
	published              uint64
	last                   Trade
	day                    window
	recent                 recent
	bidScratch, askScratch []Level
}

func newInstrument(index int, t template, coarse bool) *instrument {
	l := t.listing()
	if coarse {
		l = coarsen(l, fixedOf(market.MustDecimal(t.price)))
	}
	in := &instrument{
		index: index, listing: l, symbol: l.Symbol,
		ladder: ladderOf(l.Ticks), lot: fixedOf(l.LotSize.Decimal), book: newBook(),
	}
	price := fixedOf(market.MustDecimal(t.price))
	in.shift = uint(max(0, 58-bits.Len64(uint64(price))))
	in.anchor = uint64(price) << in.shift
	in.fair = in.anchor
	usual := min(mulDiv(uint64(t.notional)*fixedOne, fixedOne, uint64(price)), orderMax)
	in.usual = max(Fixed(usual)/in.lot, 1) * in.lot
	return in
}

// fairPrice returns the fair price, which need not be valid.
func (in *instrument) fairPrice() Fixed { return Fixed(in.fair >> in.shift) }

// fill puts the first orders into a book, and the trade before the first.
func (x *Exchange) fill(in *instrument) {
	for range ordersWanted / 2 { // of each side
		x.add(in, market.Buy)
		x.add(in, market.Sell)
	}
	in.published = in.book.updates
	in.book.changedBids, in.book.changedAsks = in.book.changedBids[:0], in.book.changedAsks[:0]
	in.record(Trade{At: x.now, Price: in.book.bids.best().price, Quantity: in.usual, BuyerIsMaker: true})
}

// move lets the fair price wander for a tenth of a second.
func (x *Exchange) move(in *instrument) {
	if in.burst {
		in.burst = !x.random.oneIn(burstEnd)
	} else {
		in.burst = x.random.oneIn(burstBegin)
	}
	ppb := int64(calmPPB)
	if in.burst {
		ppb = burstPPB
	}
	step := mulDiv(in.fair, x.random.normal()*ppb, 1_000_000_000<<16)
	step += (int64(in.anchor) - int64(in.fair)) >> revertShift
	in.fair = min(max(uint64(int64(in.fair)+step), in.anchor/2), in.anchor*2)
}

// act is what one trader does.
func (x *Exchange) act(in *instrument) {
	fair := in.fairPrice()
	bid, ask := in.book.bids.best(), in.book.asks.best()
	orders := len(in.book.orders)
	roll := x.random.below(100)
	switch {
	case ask != nil && ask.price < fair && roll < 80:
		x.take(in, market.Buy, in.ladder.floor(fair))
	case bid != nil && bid.price > fair && roll < 80:
		x.take(in, market.Sell, in.ladder.ceil(fair))
	case roll < 10 && bid != nil && ask != nil:
		// Somebody must trade now, and pays a few grains for it.
		if x.random.oneIn(2) {
			x.take(in, market.Buy, in.ladder.floor(ask.price+2*in.grain(fair)))
		} else {
			x.take(in, market.Sell, in.ladder.ceil(max(bid.price-2*in.grain(fair), 1)))
		}
	case orders >= ordersMax || roll < 50 && orders > ordersWanted || roll < 25:
		x.cancelOne(in)
	default:
		side := market.Buy
		if x.random.oneIn(2) {
			side = market.Sell
		}
		x.add(in, side)
	}
	x.publishBBO(in)
}

// grain returns the least distance that means something at price.
func (in *instrument) grain(price Fixed) Fixed {
	return max(in.ladder.size(price), price/grainPart)
}

// add puts an order that takes nothing into the book, if there is room.
func (x *Exchange) add(in *instrument, side market.Side) {
	if len(in.book.orders) >= ordersMax {
		return
	}
	fair := in.fairPrice()
	grain := in.grain(fair)
	away := Fixed(mulDiv(x.random.exponential(), meanDistance*int64(grain), 1<<32)) + grain/2
	var price Fixed
	if side == market.Buy {
		price = in.ladder.floor(fair - away)
		if best := in.book.asks.best(); best != nil && price >= best.price {
			price = in.ladder.prev(best.price)
			if price >= best.price {
				return // no price is left below the smallest tick
			}
		}
	} else {
		price = in.ladder.ceil(fair + away)
		if best := in.book.bids.best(); best != nil && price <= best.price {
			price = in.ladder.next(best.price)
		}
	}
	in.book.limit(side, price, x.quantity(in), true, func(*order, Fixed) {
		panic("sim: an order priced not to take has taken")
	})
}

// quantity returns the size of an order: a quarter to four times the usual, small ones more often.
func (x *Exchange) quantity(in *instrument) Fixed {
	q := Fixed(mulDiv(uint64(in.usual), int64(64+x.random.exponential()>>24), 256))
	return max(min(q, 4*in.usual)/in.lot, 1) * in.lot
}

// take sends an order that must fill at price or better; what does not is gone. A side is never
// emptied below levelsMin levels.
func (x *Exchange) take(in *instrument, side market.Side, price Fixed) {
	if len(in.book.half(side.Opposite()).levels) <= levelsMin {
		x.add(in, side.Opposite())
		return
	}
	taker := in.book.lastOrder + 1
	in.book.limit(side, price, x.quantity(in), false, func(maker *order, quantity Fixed) {
		t := Trade{At: x.now, Price: maker.price, Quantity: quantity, BuyerIsMaker: side == market.Sell, MakerID: maker.id, TakerID: taker}
		in.record(t)
		x.events = append(x.events, Event{Kind: EventTrade, Instrument: in.index, At: x.now, Trade: in.last})
	})
}

// cancelOne takes an order out: one at random, or the farthest of the longer side, so that what
// the price has left behind does not pile up. Where that would leave too few levels, and trying
// again does not help, an order is added instead.
func (x *Exchange) cancelOne(in *instrument) {
	b := in.book
	if x.random.oneIn(3) {
		h := &b.bids
		if len(b.asks.levels) > len(h.levels) {
			h = &b.asks
		}
		if len(h.levels) > 0 && h.levels[0].tail.slot != outside && b.spare(h.levels[0].tail) {
			b.cancel(h.levels[0].tail.id)
			return
		}
	}
	side := market.Buy
	for range 8 {
		if len(b.orders) == 0 {
			break // somebody has bought all there was
		}
		o := b.orders[x.random.below(uint64(len(b.orders)))]
		if b.spare(o) {
			b.cancel(o.id)
			return
		}
		side = o.side
	}
	x.add(in, side)
}

// spare reports whether o's side keeps its levels without it.
func (b *book) spare(o *order) bool {
	return o.at.head != o.at.tail || len(b.half(o.side).levels) > levelsMin
}
