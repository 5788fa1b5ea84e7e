package order

import (
	"time"

	"github.com/maru-trading/maru/actors/message"
)

// Cancel takes up the wish to cancel the order that an intent or an amendment became, all orders
// of a strategy, or all of the account, those placed by hand included. Of an order that an
// amendment made anew the new one is meant, whichever of them is named. It is passed on to the venue while an
// order is open, once; a repetition, or a cancel of what is final, is answered with the order's
// last event. It works while the account is halted or reconciling. An intent that is not known has
// no answer; it is counted.
func (c *Core) Cancel(cancel message.CancelIntent) Effects {
	f := cancel.Fields()
	c.begin(f.Time)
	c.stats.Cancels++
	if f.Account != c.cfg.Account || c.journalLost != "" {
		c.stats.CancelsIgnored++
		return c.end()
	}
	if f.ID.Seq == 0 {
		c.cancelAll(f.Reason, func(o *order) bool {
			return (f.ID.Strategy == "" || o.f.Strategy == f.ID.Strategy) && (f.Instrument.IsZero() || o.f.Instrument == f.Instrument)
		})
		return c.end()
	}
	o := c.orders.current(f.ID)
	switch {
	case o == nil:
		c.stats.CancelsIgnored++
	case o.f.Status.Final() || o.canceling || c.outbox.len() >= 2*c.cfg.QueueMax:
		c.tell(o.last)
	default:
		c.cancel(o, f.Reason)
	}
	return c.end()
}

// cancelAll cancels the open orders that are wanted, oldest first.
func (c *Core) cancelAll(reason string, want func(*order) bool) {
	for _, o := range c.orders.open() {
		if want(o) && !o.canceling && !o.f.Status.Final() { // the one before may have ended it
			c.cancel(o, reason)
		}
	}
}

// cancel ends an open order: at once if it has not left, else by asking the venue.
func (c *Core) cancel(o *order, reason string) {
	if o.f.Status == held || o.f.Status == created { // send will see that it must not leave
		c.record(o, step{action: message.ActionCancel, status: canceled, time: c.now, reason: "canceled before it was sent: " + reason})
		return
	}
	c.dropAmend(o, "its order is canceled")
	c.requestCancel(o, reason)
}

func (c *Core) requestCancel(o *order, reason string) {
	status, ok := Next(o.f.Status, message.ActionRequestCancel)
	if !ok {
		c.tell(o.last)
		return
	}
	o.why, o.cancelAsked = reason, c.now
	c.record(o, step{action: message.ActionRequestCancel, status: status, time: c.now, reason: reason})
	c.outbox.put(Act{Kind: ActCancel, After: c.seq, Event: c.wire(o)})
}

// cancelPause is how long the gateway itself waits before it asks again for a cancel that the
// venue refused.
const cancelPause = time.Second

// mayCancel reports whether the gateway may ask for a cancel of its own accord: none is out, and
// none was asked for just now.
func (c *Core) mayCancel(o *order) bool {
	return !o.canceling && !o.cancelLost && (o.cancelAsked.IsZero() || c.now.Sub(o.cancelAsked) >= cancelPause)
}

// cancelAgain repeats the cancel requests whose answers were lost, or have not come although the
// venue has answered a question that left after them and has the order. A cancel may be asked for
// any number of times.
func (c *Core) cancelAgain() {
	for _, o := range c.orders.open() {
		switch {
		case !o.atVenue() || !o.cancelLost && !(o.canceling && o.cancelAsked < c.reconcile.last):
		case o.amend != nil && o.amend.anew:
			c.repeatCancel(o)
		default:
			c.requestCancel(o, o.why)
		}
	}
}

// repeatCancel hands the venue a cancel request that stands in the journal once more.
func (c *Core) repeatCancel(o *order) {
	o.canceling, o.cancelLost, o.cancelAsked = true, false, c.now
	c.outbox.put(Act{Kind: ActCancel, After: c.seq, Event: c.wire(o)})
}
