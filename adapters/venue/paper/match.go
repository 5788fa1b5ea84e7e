package paper

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// match lets an active order meet a row.
func (c *Core) match(b *book, o *order, v message.View, now market.Timestamp) {
	printed := o.looked && v.Last != o.last // a trade since the row before
	o.looked, o.last = true, v.Last
	if !v.Trusted {
		return
	}
	side := &b.ask
	if o.terms.Side == market.Sell {
		side = &b.bid
	}
	limit := o.terms.Type == market.Limit
	crosses := !side.price.IsZero() && (!limit || reaches(o.terms.Side, side.price, o.terms.Price))
	switch {
	case crosses && !o.rests && o.terms.ExecInst.Has(market.PostOnly):
		c.bounce(o, side.price, now)
	case crosses:
		c.take(o, side, now)
	case limit && o.rests && printed && !v.Last.IsZero() && beyond(o.terms.Side, v.Last, o.terms.Price):
		c.fill(o, o.terms.Price, o.leaves, true, now)
	case o.queue.due.Sign() > 0:
		c.fill(o, o.terms.Price, o.leaves.Min(o.queue.due), true, now)
	case side.price.IsZero():
		// The side is empty or not known yet: there is nothing to meet.
	case o.terms.TimeInForce != market.GTC:
		c.kill(o, fmt.Sprintf("%v: %v does not reach %v", o.terms.TimeInForce, o.terms.Price, side.price), now)
	default:
		o.rests = true
		if c.cfg.Queue {
			o.queue.join(o, b)
		}
	}
	o.queue.due = market.Decimal{}
}

// bounce ends a post-only order that would take.
func (c *Core) bounce(o *order, at market.Price, now market.Timestamp) {
	why := fmt.Sprintf("post_only: %v would take at %v", o.terms.Price, at)
	if o.amended || o.cum.Sign() > 0 {
		c.kill(o, why, now)
		return
	}
	o.bounced = true
	c.drop(o)
	c.report(o, message.ExecutionReportFields{Time: now, Action: message.ActionReject, Reason: why})
}

// take fills an order that reaches the opposite touch with what is left of that.
func (c *Core) take(o *order, side *touch, now market.Timestamp) {
	quantity := o.leaves.Min(side.left())
	if o.terms.TimeInForce == market.FOK && quantity.Less(o.leaves) {
		c.kill(o, fmt.Sprintf("fok: %v wanted, %v there", o.leaves, side.left()), now)
		return
	}
	if quantity.Sign() > 0 {
		price := side.price
		if o.rests { // they came to us
			price = o.terms.Price
		}
		if !c.fill(o, price, quantity, o.rests, now) {
			return
		}
		if taken, err := side.taken.Add(quantity); err == nil { // taken <= size
			side.taken = taken
		}
	}
	if !o.done && o.terms.TimeInForce == market.IOC {
		c.kill(o, fmt.Sprintf("ioc: %v of %v filled", o.cum, o.terms.Quantity), now)
	}
}

// fill executes a part of an order. It reports false where the value of the fill is beyond what
// a Decimal holds: the order is then canceled.
func (c *Core) fill(o *order, price market.Price, quantity market.Decimal, maker bool, now market.Timestamp) bool {
	rate := c.cfg.TakerFee
	if maker {
		rate = c.cfg.MakerFee
	}
	value, err := price.MulRound(quantity)
	var fee, cum, leaves market.Decimal
	if err == nil {
		fee, err = value.MulRound(rate)
	}
	if err == nil {
		cum, err = o.cum.Add(quantity)
	}
	if err == nil {
		leaves, err = o.leaves.Sub(quantity)
	}
	if err != nil {
		c.kill(o, fmt.Sprintf("range: %v at %v: %v", quantity, price, err), now)
		return false
	}
	if why := c.funds.pay(o, quantity, value, fee); why != "" {
		c.kill(o, why, now)
		return false
	}
	o.cum, o.leaves = cum, leaves
	if leaves.Sign() <= 0 {
		c.drop(o)
	} else {
		_ = c.funds.lock(o, c.price(o), c.cfg.TakerFee) // less than before
	}
	c.report(o, message.ExecutionReportFields{
		Time: now, Action: message.ActionFill,
		// Unique within the order, because the sum grows; and known again after a restart.
		ExecID:    message.ExecID(string(o.terms.ClientOrderID) + "/" + cum.String()),
		LastPrice: price, LastQuantity: market.Quantity{Decimal: quantity},
		Fee: market.Amount{Decimal: fee}, FeeCurrency: o.terms.Instrument.Quote(), LastLiquidityAdd: maker,
	})
	return true
}

// kill cancels what is left of an order.
func (c *Core) kill(o *order, why string, now market.Timestamp) {
	c.drop(o)
	c.report(o, message.ExecutionReportFields{Time: now, Action: message.ActionCancel, Reason: why})
}

// reaches reports whether an order of that side and limit would trade at a price.
func reaches(side market.Side, price, limit market.Price) bool {
	if side == market.Buy {
		return price.Cmp(limit.Decimal) <= 0
	}
	return price.Cmp(limit.Decimal) >= 0
}

// beyond reports whether a price is better for the order than its limit.
func beyond(side market.Side, price, limit market.Price) bool {
	return price != limit && reaches(side, price, limit)
}
