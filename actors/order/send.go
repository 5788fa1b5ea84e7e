package order

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/risk"
)

// send is the last gate before the venue: the act was released, so all that was journaled before
// it, the order's creation or release first, is on disk.
func (c *Core) send(a Act) (Act, bool) {
	o := c.orders.byClient[a.Event.Fields().ClientOrderID]
	if o == nil || o.f.Status != created {
		return Act{}, false // canceled meanwhile
	}
	if code, why := c.stopped(o); code != "" {
		if o.kept && o.f.CumQuantity.Sign() == 0 { // it has not left: it goes on waiting
			c.record(o, step{action: message.ActionHold, status: held, time: c.now, reason: reason(code, why)})
			c.wait(o)
			return Act{}, false
		}
		c.stats.Denied[code]++
		c.record(o, step{action: message.ActionDeny, status: denied, time: c.now, reason: reason(code, why)})
		return Act{}, false
	}
	// That the order is on disk needs no record: whoever reads its creation there knows.
	status, _ := Next(created, message.ActionJournal)
	status, _ = Next(status, message.ActionSend)
	c.stats.Sent++
	c.record(o, step{action: message.ActionSend, status: status, time: c.now, with: func(f *message.OrderEventFields) {
		if c.support.Validity > 0 {
			f.ValidUntil = c.now.Add(c.support.Validity)
		}
	}})
	a.Event = c.wire(o)
	return a, true
}

// stopped returns why an order that is due may not leave after all.
func (c *Core) stopped(o *order) (Code, string) {
	switch {
	case o.f.CumQuantity.Sign() > 0: // an anomaly that was resumed from
		return risk.Halted, "the venue executed it before it was sent"
	case c.reconcile.why != "":
		return risk.Reconciling, c.reconcile.why
	case c.halted != "" && !closes(o):
		return risk.Halted, c.halted
	}
	return "", ""
}

// closes reports whether an order closes a position for a halt: it leaves although the account is
// halted.
func closes(o *order) bool {
	return o.f.Strategy == message.StrategyManual && !o.adopted && o.f.ExecInst.Has(market.ReduceOnly)
}

// wire returns the order's last event as the venue is to see it.
func (c *Core) wire(o *order) message.OrderEvent {
	terms := o.f.OrderTerms
	if !o.adopted {
		terms = c.venueTerms(terms, o.kept)
	}
	if terms == o.f.OrderTerms {
		return o.last
	}
	f := o.f
	f.OrderTerms = terms
	e, err := message.NewOrderEvent(f)
	if err != nil { // it differs from a valid event in its terms alone
		return o.last
	}
	return e
}

// venueTerms returns the terms under which an order stands at the venue: what the venue cannot do
// is kept up here.
func (c *Core) venueTerms(t message.OrderTerms, kept bool) message.OrderTerms {
	released := kept && t.Type.HasStopPrice()
	if released { // its stop was met
		t.StopPrice = market.Price{}
		if t.Type == market.Stop {
			t.Type = market.Market
		} else {
			t.Type = market.Limit
		}
	}
	if t.ExecInst.Has(market.ReduceOnly) && !c.reduces(t) {
		t.ExecInst &^= market.ReduceOnly
	}
	if (t.TimeInForce == market.DAY || t.TimeInForce == market.GTD) && c.support.Refuses(t) != "" {
		t.TimeInForce, t.ExpireAt = market.GTC, 0
	}
	if released && t.Type == market.Market {
		for _, tif := range []market.TimeInForce{t.TimeInForce, market.IOC, market.GTC, market.FOK} {
			u := t
			if u.TimeInForce = tif; tif != market.GTD {
				u.ExpireAt = 0
			}
			if c.support.Refuses(u) == "" {
				return u
			}
		}
	}
	return t
}

// reduces reports whether the venue itself keeps orders of these terms from growing a position.
func (c *Core) reduces(t message.OrderTerms) bool {
	for _, k := range c.support.Kinds {
		if k.Type == t.Type && k.TimeInForce == t.TimeInForce && (k.Side == 0 || k.Side == t.Side) && k.ExecInst.Has(t.ExecInst) {
			return true
		}
	}
	return false
}

// lots returns the largest quantity up to q that the instrument's lots allow, and false if that is
// below what the venue takes.
func (c *Core) lots(i market.Instrument, q market.Decimal) (market.Quantity, bool) {
	if q.Sign() <= 0 {
		return market.Quantity{}, false
	}
	l := c.lines[i]
	if l == nil {
		return market.Quantity{Decimal: q}, true
	}
	if !l.listing.LotSize.IsZero() {
		floored, err := q.FloorTo(l.listing.LotSize.Decimal)
		if err != nil {
			return market.Quantity{}, false
		}
		q = floored
	}
	return market.Quantity{Decimal: q}, q.Sign() > 0 && !q.Less(l.listing.MinQuantity.Decimal)
}

// describe is how a reason names an order.
func describe(o *order) string {
	if o.f.ClientOrderID != "" {
		return string(o.f.ClientOrderID)
	}
	return fmt.Sprintf("%s (venue)", o.f.VenueOrderID)
}
