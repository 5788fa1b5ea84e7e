package order

import (
	"fmt"
	"maps"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/risk"
)

// wait puts a held stop among those that its instrument's prices may release.
func (c *Core) wait(o *order) {
	l := c.lines[o.f.Instrument]
	if l == nil || o.waits || o.f.Status != held || !o.f.Type.HasStopPrice() {
		return
	}
	o.waits = true
	l.held = append(l.held, o)
}

// quoted looks at the stops of an instrument whose price came.
func (c *Core) quoted(l *line) {
	kept := l.held[:0]
	for _, o := range l.held {
		if o.f.Status == held {
			c.advance(o)
		}
		if o.waits = o.f.Status == held; o.waits {
			kept = append(kept, o)
		}
	}
	clear(l.held[len(kept):])
	l.held = kept
}

// review looks at everything that is held: a halt or a question that stood in the way may be over.
func (c *Core) review() {
	for _, o := range sorted(slices.Collect(maps.Keys(c.orders.held))) {
		c.advance(o)
	}
}

// advance moves a held order as far as it can go: it is canceled where nothing is left for it to
// do, and released where what it waits for has come. The price, the parent's fills and the group
// are looked at anew each time, so nothing but the order itself has to survive a restart.
func (c *Core) advance(o *order) {
	if o.f.Status != held || !c.started || c.journalLost != "" {
		return
	}
	if why := c.hopeless(o); why != "" {
		c.record(o, step{action: message.ActionCancel, status: canceled, time: c.now, reason: why})
		return
	}
	if !c.arrived(o) || c.halted != "" || c.reconcile.why != "" || !c.wayIsClear(o) {
		return
	}
	c.release(o)
}

// hopeless returns why an order can never be released; empty: it can.
func (c *Core) hopeless(o *order) string {
	if o.group != nil {
		if sum, ok := o.group.filled(); !ok || !sum.Less(o.group.quantity()) {
			return fmt.Sprintf("another order of group %d filled", o.f.Group)
		}
	}
	if o.f.Parent == 0 {
		return ""
	}
	if o.parent == nil {
		return fmt.Sprintf("its parent, intent %d, is no longer remembered", o.f.Parent)
	}
	filled, over := o.parent.outcome()
	switch {
	case over && filled.IsZero():
		return fmt.Sprintf("its parent, intent %d, ended without a fill", o.f.Parent)
	case over && c.allowed(o).Sign() <= 0 && !c.groupBusy(o):
		return fmt.Sprintf("nothing of its parent, intent %d, is left for it", o.f.Parent)
	}
	return ""
}

// groupBusy reports whether another member of the order's group may still fill.
func (c *Core) groupBusy(o *order) bool {
	return o.group != nil && len(o.group.others(o, func(m *order) bool { return m.atVenue() || m.f.Status == created })) > 0
}

// allowed returns how much of an order may go to the venue: no more than its parent filled, and
// than its group has not.
func (c *Core) allowed(o *order) market.Decimal { return c.atMost(o, o.f.LeavesQuantity.Decimal) }

// atMost returns how much of a quantity an order may still fill beside those that it hangs on.
func (c *Core) atMost(o *order, quantity market.Decimal) market.Decimal {
	taken := o.f.CumQuantity.Decimal
	bound := func(most market.Decimal) {
		left, err := most.Sub(taken)
		if err != nil {
			left = market.Decimal{}
		}
		quantity = quantity.Min(left)
	}
	if o.group != nil {
		var ok bool
		if taken, ok = o.group.filled(); !ok {
			return market.Decimal{}
		}
		bound(o.group.quantity())
	}
	if o.parent != nil {
		filled, _ := o.parent.outcome()
		bound(filled)
	}
	return quantity
}

// arrived reports whether what an order is held for has come. A stop waits for the price and
// its parent's first fill, any other child for its parent's end.
func (c *Core) arrived(o *order) bool {
	if o.f.Type.HasStopPrice() {
		if o.parent != nil {
			if filled, _ := o.parent.outcome(); filled.Sign() <= 0 {
				return false
			}
		}
		l := c.lines[o.f.Instrument]
		return l != nil && l.trusted && meets(o.f.OrderTerms, l.quote.Last)
	}
	if o.parent == nil {
		return true // it was let go once, and had to wait again
	}
	_, over := o.parent.outcome()
	return over
}

// meets reports whether a price meets the stop: a purchase at or above it, a sale at or below it.
func meets(t message.OrderTerms, last market.Price) bool {
	if last.IsZero() {
		return false
	}
	if t.Side == market.Buy {
		return !last.Less(t.StopPrice.Decimal)
	}
	return !t.StopPrice.Less(last.Decimal)
}

// wayIsClear sees to it that no other order of the group is at the venue: a stop that was met has
// it canceled, and waits for the venue's final word.
func (c *Core) wayIsClear(o *order) bool {
	if o.group == nil {
		return true
	}
	clear := true
	for _, m := range o.group.others(o, func(m *order) bool { return m.atVenue() || m.f.Status == created }) {
		clear = false
		if o.f.Type.HasStopPrice() && c.mayCancel(m) {
			c.cancel(m, fmt.Sprintf("one cancels the other: the stop of %s was met", describe(o)))
		}
	}
	return clear
}

// release lets a held order go: for as much as is there for it, if the limits let it now.
func (c *Core) release(o *order) {
	most := c.allowed(o)
	if o.f.ExecInst.Has(market.ReduceOnly) {
		most = most.Min(c.reducible(o))
	}
	quantity, enough := c.lots(o.f.Instrument, most)
	if c.mayGrow(o) {
		if !enough {
			return // the parent's next fills may do
		}
		// What the stop is to close must not grow any more.
		for p := o.parent; p != nil; p = p.replacedBy {
			if !p.f.Status.Final() && c.mayCancel(p) {
				c.cancel(p, fmt.Sprintf("the stop of %s was met", describe(o)))
			}
		}
	}
	if !enough {
		c.record(o, step{action: message.ActionCancel, status: canceled, time: c.now, reason: fmt.Sprintf("%v are left for it, which is no order", most)})
		return
	}
	terms := o.f.OrderTerms
	terms.Quantity = quantity
	asked := risk.Order{Time: c.now, Strategy: o.f.Strategy, Instrument: o.f.Instrument, OrderTerms: c.venueTerms(terms, true),
		Replaces: o.f.ClientOrderID, Protects: true}
	asked.ExecInst = o.f.ExecInst // what the venue does not keep to is kept here
	switch code, why := c.risk.Check(asked); code {
	case "":
	case risk.Untrusted, risk.Stale, risk.Closed, risk.NoPrice, risk.Valuation:
		return // it is asked about again
	case risk.MinNotional:
		if c.mayGrow(o) {
			return // the parent's next fills may do
		}
		fallthrough
	default:
		c.stats.Denied[code]++
		c.record(o, step{action: message.ActionDeny, status: denied, time: c.now, reason: reason(code, why)})
		return
	}
	if quantity != o.f.Quantity {
		c.record(o, step{action: message.ActionAmend, status: held, time: c.now, reason: "what is there for it", with: setTerms(terms)})
	}
	why := "its parent has filled"
	if o.f.Type.HasStopPrice() {
		why = fmt.Sprintf("the stop was met at %v", c.lines[o.f.Instrument].quote.Last)
	}
	status, _ := Next(held, message.ActionRelease)
	c.record(o, step{action: message.ActionRelease, status: status, time: c.now, reason: why})
	c.outbox.put(Act{Kind: ActPlace, After: c.seq, Event: o.last})
}

// mayGrow reports whether the order's parent may still fill.
func (c *Core) mayGrow(o *order) bool {
	if o.parent == nil {
		return false
	}
	_, over := o.parent.outcome()
	return !over
}

// setTerms changes an order's terms and what is open of it.
func setTerms(t message.OrderTerms) func(*message.OrderEventFields) {
	return func(f *message.OrderEventFields) {
		f.OrderTerms = t
		left, err := t.Quantity.Sub(f.CumQuantity.Decimal)
		if err != nil || left.Sign() < 0 {
			left = market.Decimal{}
		}
		f.LeavesQuantity = market.Quantity{Decimal: left}
	}
}

// reducible returns how much an order may reduce the account's position: what is held, less what
// other orders of its side that are, or may be, at the venue will close.
func (c *Core) reducible(o *order) market.Decimal {
	left := c.portfolio.Held(o.f.Instrument)
	if o.f.Side == market.Buy {
		left = left.Neg()
	}
	for other := range c.orders.live {
		if other == o || other.f.Instrument != o.f.Instrument || other.f.Side != o.f.Side || other.f.Status == held {
			continue
		}
		next, err := left.Sub(other.f.LeavesQuantity.Decimal)
		if err != nil {
			return market.Decimal{}
		}
		left = next
	}
	return left.Max(market.Decimal{})
}
