package order

import (
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// expiryAgain is how long after it asked for the cancel of an order whose time is over the gateway
// asks once more, should the venue have refused.
const expiryAgain = time.Minute

// due returns when an order's time in force ends; zero: never.
func (c *Core) due(o *order) market.Timestamp {
	if o.adopted {
		return 0 // its venue sees to it
	}
	switch o.f.TimeInForce {
	case market.GTD:
		return o.f.ExpireAt
	case market.DAY:
		from := o.f.DecidedAt
		if from.IsZero() {
			from = o.f.Time
		}
		if from.IsZero() {
			return 0
		}
		if l := c.lines[o.f.Instrument]; l != nil {
			return l.listing.Session.End(from)
		}
		return market.Session{}.End(from)
	}
	return 0
}

// expire ends the orders whose time is over, where the venue does not do that itself.
func (c *Core) expire() {
	var over []*order
	for o, due := range c.timed {
		if due <= c.now {
			over = append(over, o)
		}
	}
	for _, o := range sorted(over) {
		switch {
		case o.f.Status == held:
			status, _ := Next(held, message.ActionExpire)
			c.record(o, step{action: message.ActionExpire, status: status, time: c.now, reason: fmt.Sprintf("time in force: %v", o.f.TimeInForce)})
			continue
		case o.f.Status == created || c.venueTerms(o.f.OrderTerms, o.kept).TimeInForce == market.GTC:
			if !o.canceling && !o.cancelLost {
				c.cancel(o, fmt.Sprintf("expired: time in force %v", o.f.TimeInForce))
			}
		}
		if _, open := c.timed[o]; open {
			c.timed[o] = c.now.Add(expiryAgain)
		}
	}
}
