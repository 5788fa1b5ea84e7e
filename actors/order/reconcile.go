package order

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// reconcile is what the gateway knows of whether its books and the venue's agree.
type reconcile struct {
	why        string              // why no new risk is taken until the venue has spoken; empty: it is
	asked      int                 // times the venue is or will be asked and has not answered
	answerable int                 // of them, those that it was asked
	again      bool                // something came to doubt after the last question left
	last       market.Timestamp    // when it was asked last
	retry      market.Timestamp    // when to ask again because something is open; zero: nothing is
	pause      time.Duration       // until then, doubling
	short      map[*order]struct{} // orders of which the venue says that more was filled than we heard of
	ended      []*order            // that a restart is to ask about once more; see endedBy
	waits      bool                // the answer could not settle everything: it is too early to say
	differed   bool                // since the last agreement that was journaled
}

// Pauses between questions about what is open to doubt.
const (
	retryMin = time.Second
	retryMax = time.Minute
)

// Start sets a Core going, recovered or new. Orders that had not been answered become unknown:
// those that were journaled only, too, because whether they left is not on disk. What is held
// stays held. Then the venue is asked how the account stands, and no new risk is taken until it has
// answered. Cancels that were not answered are asked for again.
func (c *Core) Start(now market.Timestamp) Effects {
	c.begin(now)
	c.started = true
	open := c.orders.open()
	for _, o := range open {
		reason := "restart: sent, and not answered"
		switch o.f.Status {
		case created:
			reason = "restart: journaled, and not known to be sent"
		case sent:
		default:
			continue
		}
		status, _ := NextLose(o.f.Status, 0)
		c.record(o, step{action: message.ActionLose, status: status, time: c.now, reason: reason, with: func(f *message.OrderEventFields) {
			if f.ValidUntil.IsZero() && c.support.Validity > 0 {
				f.ValidUntil = c.now.Add(c.support.Validity) // whatever left did so before now
			}
		}})
	}
	c.amendAgain()
	c.reconcile.why, c.reconcile.differed = "the venue has not told yet what became of open orders", true
	c.ask(false)
	for _, o := range open {
		if o.atVenue() && (o.canceling || o.cancelLost) {
			c.repeatCancel(o)
		}
	}
	c.review()
	return c.end()
}

// Reconcile asks the venue how the account stands. Until it has answered, and the answer agrees
// with our books, no new risk is taken.
func (c *Core) Reconcile(why string, now market.Timestamp) Effects {
	c.begin(now)
	if c.journalLost == "" {
		c.reconcile.why, c.reconcile.differed = why, true
		c.put()
	}
	return c.end()
}

// Disconnected says that what the venue reports by itself was cut off, or may lack something.
// It may come any number of times: the venue is asked once something has become of the last question.
func (c *Core) Disconnected(why string, now market.Timestamp) Effects {
	c.begin(now)
	if c.journalLost == "" {
		c.reconcile.why, c.reconcile.differed = cut("disconnected: "+why), true
		c.ask(false)
	}
	return c.end()
}

// doubt stops new risk and asks the venue.
func (c *Core) doubt(why string) {
	if c.reconcile.why == "" {
		c.reconcile.why = why
	}
	c.reconcile.differed = true
	c.ask(false)
}

// ask arranges for the venue to be asked: now, or once it has answered a question that left before
// what is in doubt. In its own time means that an answer that is on its way will do.
func (c *Core) ask(inTime bool) {
	r := &c.reconcile
	switch {
	case c.journalLost != "" || !c.started || r.asked > r.answerable: // one has not left yet
	case r.answerable > 0:
		r.again = r.again || !inTime
	default:
		if !inTime {
			r.pause = 0
		}
		c.put()
	}
}

func (c *Core) put() {
	c.reconcile.asked++
	c.reconcile.retry = 0
	c.reconcile.last = c.now
	c.outbox.put(Act{Kind: ActRecover, After: c.seq})
}

// question returns what the venue is asked about: all that is, or may be, at the venue, and what
// lacks fills. It is called when the question leaves.
func (c *Core) question() []message.OrderEvent {
	c.reconcile.answerable++
	c.reconcile.again = false
	c.reconcile.last = c.now
	c.balances.round++
	c.balances.asked = c.balances.moves
	c.stats.Asked++
	var about []*order
	for o := range c.orders.live {
		if o.atVenue() {
			about = append(about, o)
		}
	}
	for o := range c.reconcile.short {
		if o.f.Status.Final() {
			about = append(about, o)
		}
	}
	for _, o := range c.reconcile.ended {
		if _, asked := c.reconcile.short[o]; !asked && (o.f.Status == canceled || o.f.Status == expired) {
			about = append(about, o)
		}
	}
	events := make([]message.OrderEvent, 0, len(about))
	for _, o := range sorted(about) {
		o.evidence = 0
		events = append(events, c.wire(o))
	}
	return events
}

// askInTime asks the venue where it is time: because something is open to doubt, or because it was
// long ago.
func (c *Core) askInTime() {
	r := &c.reconcile
	if r.asked > 0 {
		return
	}
	if r.last.IsZero() { // the first question left before time was known
		r.last = c.now
	}
	switch {
	case !r.retry.IsZero():
		if c.now >= r.retry {
			c.ask(true)
		}
	case c.cfg.ReconcileEvery > 0 && c.now.Sub(r.last) >= c.cfg.ReconcileEvery:
		c.ask(true)
	}
}

// Recovered says that the venue has answered an ActRecover: once for each. The account takes new
// orders once all were answered, the last answer was no error, and it agrees with our books. While
// it does not, and while an order's outcome is unknown, the venue is asked again in Tick.
func (c *Core) Recovered(err error, now market.Timestamp) Effects {
	c.begin(now)
	r := &c.reconcile
	if r.answerable == 0 || c.journalLost != "" { // nobody asked, or nobody listens
		return c.end()
	}
	r.answerable--
	r.asked--
	switch {
	case err != nil:
		r.why = cut(fmt.Sprintf("the venue could not say how the account stands: %v", err))
		r.differed = true
		c.later()
	case r.asked > 0: // a question that left later will be answered
	case r.again && r.pause == 0: // once; then with pauses, whatever comes to doubt meanwhile
		r.again, r.pause = false, retryMin
		c.put()
	case r.again:
		r.again = false
		c.later()
	default:
		c.judged(c.compare())
	}
	return c.end()
}

// judged draws the conclusions of an answer: why it does not agree with our books, or that it does.
func (c *Core) judged(why string) {
	r := &c.reconcile
	r.ended = nil // what the venue said of them, it has said
	c.cancelAgain()
	if why != "" {
		r.why, r.differed = cut(why), true
		c.later()
		return
	}
	if r.differed && c.balances.stated && !r.waits { // without balances there is nothing that could agree
		r.differed = false
		c.note(message.OrderEventFields{Action: message.ActionReconcile, Reason: "orders, fills and balances agree"})
	}
	r.why = ""
	if c.unsettled() {
		c.later()
		return
	}
	r.retry, r.pause = 0, 0
	c.review()
}

// later arranges for another question after a pause, which grows.
func (c *Core) later() {
	r := &c.reconcile
	r.pause = min(max(2*r.pause, retryMin), retryMax)
	r.retry = c.now.Add(r.pause)
}

// unsettled reports whether the outcome of something that was asked of the venue is open.
func (c *Core) unsettled() bool {
	if c.reconcile.waits {
		c.reconcile.waits = false
		return true
	}
	for o := range c.orders.live {
		if o.f.Status == unknown || o.cancelLost || o.amendLost {
			return true
		}
	}
	return false
}

// compare holds our books against the venue's answer and returns what differs; empty: nothing
// does.
func (c *Core) compare() string {
	if n := len(c.reconcile.short); n > 0 {
		o := sorted(slices.Collect(maps.Keys(c.reconcile.short)))[0]
		return fmt.Sprintf("fills of %d orders are missing: of %s the venue says %v, and %v were reported", n, describe(o), o.claimed, o.f.CumQuantity)
	}
	return c.compareBalances()
}
