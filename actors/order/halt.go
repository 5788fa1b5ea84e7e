package order

import (
	"fmt"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// HaltOptions say what a halt does besides stopping new orders.
type HaltOptions struct {
	Reason  string
	Cancel  bool // cancel every open order, held ones included
	Flatten bool // then close every position; implies Cancel
}

// Halt stops new orders until Resume. Orders that wait for the disk do not leave any more, and
// what is held stays held. Executions and cancels are still handled. It is journaled: a restart
// does not end it, and goes on with what it was to do.
func (c *Core) Halt(h HaltOptions, now market.Timestamp) Effects {
	c.begin(now)
	c.halt(h)
	return c.end()
}

// Resume ends a halt. It fails after JournalFailed: only a new Core, recovered from what the
// disk really holds, can go on then.
func (c *Core) Resume(reason string, now market.Timestamp) (Effects, error) {
	c.begin(now)
	if c.journalLost != "" {
		return c.end(), fmt.Errorf("order: resume %s: the journal is lost (%s): restart the gateway, which recovers from the disk", c.cfg.Account, c.journalLost)
	}
	if c.halted != "" {
		c.resumed()
		c.note(message.OrderEventFields{Action: message.ActionResume, Reason: reason})
		c.review()
	}
	return c.end(), nil
}

// resumed ends a halt. What a person has seen of orders in instruments that are not listed does
// not halt again: they stay open at the venue, and are reported in every answer.
func (c *Core) resumed() {
	c.halted, c.flattening = "", false
	clear(c.flattened)
	for key := range c.anomalies {
		if key.code != anomalyInstrument {
			delete(c.anomalies, key)
		}
	}
}

// Clock says how far the venue's clock is ahead of ours. The account halts where that is too far.
func (c *Core) Clock(ahead time.Duration, now market.Timestamp) Effects {
	c.begin(now)
	if why := c.risk.Clock(ahead); why != "" && c.halted == "" {
		c.halt(HaltOptions{Reason: why})
	}
	return c.end()
}

// In a halt's event, Request cancel says that open orders are to be canceled, and ExecInst
// reduce_only that positions are to be closed.
func (c *Core) halt(h HaltOptions) {
	if h.Reason == "" {
		h.Reason = "no reason given"
	}
	h.Cancel = h.Cancel || h.Flatten
	if c.journalLost != "" || c.halted == h.Reason && !h.Cancel {
		return
	}
	c.halted = cut(h.Reason)
	event := message.OrderEventFields{Action: message.ActionHalt, Reason: h.Reason}
	if h.Cancel {
		event.Request = message.RequestCancel
	}
	if h.Flatten {
		event.ExecInst = market.ReduceOnly
		c.flattening = true
		clear(c.flattened)
	}
	c.note(event)
	if h.Cancel {
		c.cancelAll("halt: "+h.Reason, func(o *order) bool { return !closes(o) })
	}
	c.flatten()
}

// flattenMax bounds the orders that one halt makes to close the position in one instrument.
const flattenMax = 20

// flatten makes orders that close the account's positions, once no other order of the instrument
// is open. What an order of unknown outcome may have closed is left to it.
func (c *Core) flatten() {
	if !c.flattening || c.reconcile.why != "" || c.journalLost != "" {
		return
	}
	var instruments []market.Instrument
	for _, p := range c.portfolio.Positions() {
		if i := p.Fields().Instrument; !slices.Contains(instruments, i) {
			instruments = append(instruments, i)
		}
	}
	slices.SortFunc(instruments, market.Instrument.Compare)
	for _, i := range instruments {
		c.flattenOne(i)
	}
}

func (c *Core) flattenOne(i market.Instrument) {
	side, left := market.Sell, c.portfolio.Held(i)
	if left.Sign() < 0 {
		side, left = market.Buy, left.Neg()
	}
	if left.Sign() == 0 || c.flattened[i] >= flattenMax {
		return
	}
	for _, o := range c.orders.open() {
		if o.f.Instrument != i || o.f.Status == held {
			continue
		}
		if o.f.Status != unknown {
			return // it may still fill, or be canceled
		}
		if next, err := left.Sub(o.f.LeavesQuantity.Decimal); err == nil && o.f.Side == side {
			left = next
		}
	}
	quantity, ok := c.lots(i, left)
	if !ok || c.dust(i, side, quantity) {
		return // no order can be made of it
	}
	terms, ok := c.closing(i, side, quantity)
	if !ok || checkCount(c.orderSeq+1) != nil {
		return
	}
	c.flattened[i]++
	c.orderSeq++
	c.manualSeq++
	o := newOrder(message.OrderEventFields{Account: c.cfg.Account, Strategy: message.StrategyManual, IntentSeq: c.manualSeq, Instrument: i,
		OrderTerms: terms, DecidedAt: c.now, LeavesQuantity: terms.Quantity, ClientOrderID: ClientOrderID(c.cfg.Account, c.cfg.Epoch, c.orderSeq)})
	c.record(o, step{action: message.ActionCreate, status: created, time: c.now, reason: "halt: closes the position"})
	c.enroll(o)
	c.outbox.put(Act{Kind: ActPlace, After: c.seq, Event: o.last})
}

// dust reports whether a quantity is worth less than the venue takes an order of.
func (c *Core) dust(i market.Instrument, side market.Side, quantity market.Quantity) bool {
	l := c.lines[i]
	if l == nil || l.listing.MinNotional.IsZero() {
		return false
	}
	price := touchOf(l.quote, side)
	if price.IsZero() {
		price = l.quote.Last
	}
	worth, err := price.MulRound(quantity.Decimal)
	return err == nil && !price.IsZero() && worth.Less(l.listing.MinNotional.Decimal)
}

// closing returns the terms of an order that closes a position at once: a market order, or where
// the venue takes none, a limit order that reaches past the touch by a hundredth.
func (c *Core) closing(i market.Instrument, side market.Side, quantity market.Quantity) (message.OrderTerms, bool) {
	t := message.OrderTerms{Side: side, Type: market.Market, ExecInst: market.ReduceOnly, Quantity: quantity}
	soonest := []market.TimeInForce{market.IOC, market.GTC, market.FOK}
	for _, t.TimeInForce = range soonest {
		if c.support.Refuses(t) == "" {
			return t, true
		}
	}
	l := c.lines[i]
	if l == nil {
		return t, false
	}
	t.Type = market.Limit
	t.Price = past(touchOf(l.quote, side), side, l.listing.Ticks)
	for _, t.TimeInForce = range soonest {
		if t.Fault() == "" && c.support.Refuses(t) == "" {
			return t, true
		}
	}
	return t, false
}

// past returns a price on the grid that is worse than a touch by a hundredth; zero where none is.
func past(touch market.Price, side market.Side, ticks market.TickRule) market.Price {
	share, err := touch.MulRound(market.MustDecimal("0.01"))
	if err == nil && side == market.Sell {
		share = share.Neg()
	}
	if err == nil {
		share, err = touch.Add(share)
	}
	if err != nil || touch.IsZero() {
		return market.Price{}
	}
	p := market.Price{Decimal: share}
	if ticks.IsZero() {
		return p
	}
	if side == market.Buy {
		return ticks.Ceil(p)
	}
	return ticks.Floor(p)
}
