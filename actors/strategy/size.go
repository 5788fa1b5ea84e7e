package strategy

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// lotUnknown is the step for instruments whose lot size the venue does not list: eight decimals,
// which is what spot venues keep.
var lotUnknown = market.MustDecimal("0.00000001")

// size works out side, type, price and quantity of the order that a rule asks for.
func (c *Core) size(r Rule, p *place, l market.Listing, q message.Quote) (f message.OrderIntentFields, why Skip) {
	f.Side, f.Type, f.TimeInForce = r.Side, r.Type, r.TimeInForce
	if r.Close {
		switch p.position.Sign() {
		case 0:
			return f, SkipFlat
		case 1:
			f.Side = market.Sell
		default:
			f.Side = market.Buy
		}
	}
	value := opposite(q, f.Side) // what a unit is worth to the decision
	if r.Type == market.Limit {
		if f.Price, why = limit(r, f.Side, l.Ticks, q); why != SkipNone {
			return f, why
		}
		value = f.Price
	}
	if value.IsZero() {
		return f, SkipPrice
	}
	lot := l.LotSize.Decimal
	if lot.IsZero() {
		lot = lotUnknown
	}
	quantity := r.Quantity.Decimal
	switch {
	case r.Close:
		// What a working order of that side may still close, being canceled or not, is not
		// closed twice.
		quantity = minus(p.position.Abs(), p.leaves(f.Side))
		if quantity.Sign() <= 0 {
			return f, SkipFlat
		}
	case r.Notional.Sign() > 0:
		quantity = worth(r.Notional.Decimal, value, lot)
	}
	if !r.Close {
		room, bounded := c.room(p, f.Side, value, lot)
		if bounded && room.Sign() <= 0 {
			return f, SkipPosition
		}
		if bounded {
			quantity = quantity.Min(room)
		}
	}
	if quantity = floor(quantity, lot); quantity.Sign() <= 0 || quantity.Less(l.MinQuantity.Decimal) {
		return f, SkipSmall
	}
	notional, err := value.MulRound(quantity)
	if err != nil { // beyond any market
		return f, SkipPosition
	}
	if notional.Less(l.MinNotional.Decimal) {
		return f, SkipSmall
	}
	f.Quantity = market.Quantity{Decimal: quantity}
	return f, SkipNone
}

// limit returns the price of a limit order: the touch on its own side, moved by the offset and
// then away from the market to the tick grid.
func limit(r Rule, side market.Side, ticks market.TickRule, q message.Quote) (market.Price, Skip) {
	touch, offset := q.Bid, -int64(r.OffsetBps)
	if side == market.Sell {
		touch, offset = q.Ask, int64(r.OffsetBps)
	}
	if touch.IsZero() {
		return market.Price{}, SkipPrice
	}
	factor, err := market.NewDecimal(10_000+offset, -4)
	if err != nil {
		return market.Price{}, SkipTick
	}
	moved, err := touch.MulRound(factor)
	if err != nil {
		return market.Price{}, SkipTick
	}
	price := ticks.Floor(market.Price{Decimal: moved})
	if side == market.Sell {
		price = ticks.Ceil(market.Price{Decimal: moved})
	}
	if !ticks.Valid(price) { // no rule is known, or there is no tick that low
		return market.Price{}, SkipTick
	}
	return price, SkipNone
}

// opposite returns the price that an order of that side would take, else the last; zero if
// neither is known.
func opposite(q message.Quote, side market.Side) market.Price {
	p := q.Ask
	if side == market.Sell {
		p = q.Bid
	}
	if p.IsZero() {
		p = q.Last
	}
	return p
}

// room returns how much more of a side fits the position's bounds if everything that works on
// that side fills, and whether there is a bound.
func (c *Core) room(p *place, side market.Side, value market.Price, lot market.Decimal) (room market.Decimal, bounded bool) {
	held := p.position // in the order's direction
	if side == market.Sell {
		held = held.Neg()
	}
	held = sum(held, p.leaves(side))
	if most := c.cfg.PositionMaxQuantity; most.Sign() > 0 {
		room, bounded = minus(most.Decimal, held), true
	}
	if most := c.cfg.PositionMaxNotional; most.Sign() > 0 {
		left := minus(worth(most.Decimal, value, lot), held)
		if !bounded || left.Less(room) {
			room = left
		}
		bounded = true
	}
	return room, bounded
}

// leaves returns what may still fill on a side.
func (p *place) leaves(side market.Side) (total market.Decimal) {
	for _, w := range p.working {
		if w.side == side {
			total = sum(total, w.leaves)
		}
	}
	return total
}

// worth returns the greatest multiple of lot that is worth no more than money at a price; zero
// where there is none.
func worth(money market.Decimal, price market.Price, lot market.Decimal) market.Decimal {
	q, err := money.Quo(price.Decimal)
	if err != nil {
		return market.Decimal{}
	}
	q = floor(q, lot)
	// The quotient was rounded, perhaps up and onto a lot that is one too many.
	if cost, err := price.MulRound(q); err != nil || money.Less(cost) {
		q = minus(q, lot)
	}
	return q
}

// floor returns the greatest multiple of lot that is not above q; zero for what has none.
func floor(q, lot market.Decimal) market.Decimal {
	f, err := q.FloorTo(lot)
	if err != nil || f.Sign() < 0 {
		return market.Decimal{}
	}
	return f
}

// minus returns a - b, zero where that cannot be held.
func minus(a, b market.Decimal) market.Decimal {
	d, err := a.Sub(b)
	if err != nil {
		return market.Decimal{}
	}
	return d
}
