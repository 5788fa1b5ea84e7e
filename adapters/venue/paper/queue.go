package paper

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// queue is an order's place among those that rest at its price.
type queue struct {
	known bool           // ahead is set
	ahead market.Decimal // what stands in front of it
	due   market.Decimal // what traded behind that, in this row
}

// join takes a place where an order comes to rest, or where the touch comes to its price.
func (q *queue) join(o *order, b *book) {
	if q.known {
		return
	}
	switch own := b.own(o.terms.Side); {
	case own.price == o.terms.Price:
		q.known, q.ahead = true, own.size.Decimal
	case o.better(own.price):
		q.known = true
	}
}

// better reports whether an order betters its side's touch: nobody stands in front of it.
func (o *order) better(touch market.Price) bool {
	if o.terms.Side == market.Buy {
		return touch.Less(o.terms.Price.Decimal)
	}
	return touch.IsZero() || o.terms.Price.Less(touch.Decimal)
}

// own returns the touch of the side on which an order rests.
func (b *book) own(side market.Side) *touch {
	if side == market.Sell {
		return &b.ask
	}
	return &b.bid
}

// queues moves the queues of a book forward by what disappeared from a touch while the last trade
// was at its price. It is called before the book shows the row.
func (c *Core) queues(b *book, v message.View) {
	for _, side := range []market.Side{market.Buy, market.Sell} {
		was := b.own(side)
		price, size := v.Bid, v.BidQuantity
		if side == market.Sell {
			price, size = v.Ask, v.AskQuantity
		}
		if was.price.IsZero() || v.Last != was.price {
			continue
		}
		gone := was.size.Decimal // the level is gone, or not the touch any more
		switch {
		case price == was.price:
			left, err := gone.Sub(size.Decimal)
			if err != nil || left.Sign() <= 0 {
				continue // it grew: they stand behind us
			}
			gone = left
		case beyond(side.Opposite(), price, was.price):
			continue // the touch was bettered: the level stands as it was
		}
		for _, o := range b.orders {
			if o.terms.Side == side && o.rests && !o.done && o.terms.Price == was.price {
				gone = o.queue.trade(gone, o.leaves)
			}
		}
	}
}

// trade moves the place forward by what traded at its price, and returns what is left for those
// behind it.
func (q *queue) trade(gone, leaves market.Decimal) market.Decimal {
	if !q.known {
		return gone
	}
	front := q.ahead.Min(gone)
	q.ahead, _ = q.ahead.Sub(front) // front is the lesser of both
	behind, err := gone.Sub(front)
	if err != nil || behind.Sign() <= 0 {
		return gone
	}
	q.due = behind.Min(leaves)
	// What is shown is not ours: what we fill was not part of it, so those behind us see all of it
	// but what we took in its stead.
	rest, err := gone.Sub(q.due)
	if err != nil {
		return market.Decimal{}
	}
	return rest
}
