package order

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/risk"
)

// Code is the kind of a denial or an anomaly: the first word of an event's reason, up to the
// colon, and the label of its metric.
type Code = risk.Code

// Codes returns every code of a denial.
func Codes() []Code { return risk.Codes() }

// DeniedQueueFull is the code of an intent that there was no room for.
const DeniedQueueFull = risk.QueueFull

// Intend takes up an intent: it becomes an order, or is denied. A known intent is answered with
// the last event of its order.
func (c *Core) Intend(intent message.OrderIntent) Effects {
	f := intent.Fields()
	c.begin(f.Time())
	c.stats.Intents++
	if code, why := c.outside(f.Account, f.ID.Strategy); code != "" {
		c.refuse(f, code, why)
		return c.end()
	}
	if o, ok := c.orders.byIntent[f.ID]; ok {
		c.stats.Duplicates++
		switch {
		case !sameIntent(o, f):
			c.refuse(f, risk.Duplicate, fmt.Sprintf("intent %v was given before with other terms", f.ID))
		case c.outbox.len() >= c.cfg.QueueMax:
			c.refuse(f, risk.QueueFull, c.queueFull())
		default:
			c.tell(o.last)
		}
		return c.end()
	}
	if why := c.stale(f.ID); why != "" {
		c.stats.Duplicates++
		c.refuse(f, risk.Duplicate, why)
		return c.end()
	}
	if c.outbox.len() >= c.cfg.QueueMax {
		c.refuse(f, risk.QueueFull, c.queueFull())
		return c.end()
	}
	c.admit(f, nil)
	return c.end()
}

// outside returns why an intent is none of this gateway's.
func (c *Core) outside(account message.AccountName, strategy message.StrategyName) (Code, string) {
	switch {
	case account != c.cfg.Account:
		return risk.Account, fmt.Sprintf("this is the gateway of %s", c.cfg.Account)
	case strategy == message.StrategyManual:
		return risk.Account, fmt.Sprintf("%s is the name of what people do at the venue: no strategy may have it", strategy)
	case c.journalLost != "":
		return risk.Journal, c.journalLost
	}
	return "", ""
}

// stale returns why an intent that is not known cannot be new.
func (c *Core) stale(id message.IntentID) string {
	if floor := c.orders.floors[id.Strategy]; id.Seq <= floor {
		return fmt.Sprintf("intent %v is not newer than %d, the last one no longer remembered", id, floor)
	}
	if _, ok := c.orders.byAmend[id]; ok {
		return fmt.Sprintf("intent %v was given before, as an amendment", id)
	}
	return ""
}

// admit makes an order of an intent that is new, or denies it. An order that an amendment makes
// anew replaces one that has ended.
func (c *Core) admit(f message.OrderIntentFields, replaces *order) {
	terms := c.terms(f)
	if replaces != nil {
		terms.Replaces = replaces.f.ClientOrderID
	}
	plan, code, why := c.plan(f)
	if code != "" {
		c.denied(terms, code, why)
		return
	}
	c.orderSeq++
	terms.ClientOrderID = ClientOrderID(c.cfg.Account, c.cfg.Epoch, c.orderSeq)
	terms.LeavesQuantity = terms.Quantity
	o := newOrder(terms)
	if plan.hold != "" {
		c.record(o, step{action: message.ActionHold, status: held, time: c.at(f.Time()), reason: plan.hold})
		c.enroll(o)
		return
	}
	c.record(o, step{action: message.ActionCreate, status: created, time: c.at(f.Time()), reason: f.Reason})
	c.enroll(o)
	c.outbox.put(Act{Kind: ActPlace, After: c.seq, Event: o.last})
}

// denied records that an intent does not become an order.
func (c *Core) denied(terms message.OrderEventFields, code Code, why string) {
	c.stats.Denied[code]++
	o := newOrder(terms)
	c.record(o, step{action: message.ActionDeny, status: denied, time: c.at(terms.DecidedAt), reason: reason(code, why)})
	c.enroll(o)
}

// refuse answers an intent at once and without a record.
func (c *Core) refuse(f message.OrderIntentFields, code Code, why string) {
	c.stats.Denied[code]++
	t := c.terms(f)
	t.Account = f.Account
	t.Time, t.Action, t.Status, t.Reason = c.at(f.Time()), message.ActionDeny, denied, reason(code, why)
	event, err := message.NewOrderEvent(t)
	if err == nil { // an intent has account and instrument
		c.out.Acts = append(c.out.Acts, Act{Kind: ActTell, Event: event})
	}
}

// plan says what becomes of an order that is let.
type plan struct{ hold string } // why it is kept here for now; empty: it goes to the venue

// plan returns what is to become of an intent, or why it may not become an order. The order of the
// checks is: the account as a whole, what the order hangs on, what the venue takes, the user's
// limits.
func (c *Core) plan(f message.OrderIntentFields) (p plan, code Code, why string) {
	switch {
	case c.halted != "":
		return p, risk.Halted, c.halted
	case c.reconcile.why != "":
		return p, risk.Reconciling, c.reconcile.why
	case c.open >= c.cfg.OpenOrdersMax:
		return p, risk.OpenOrders, fmt.Sprintf("%d orders are open, the most allowed", c.open)
	}
	if err := checkCount(c.orderSeq + 1); err != nil {
		return p, risk.Exhausted, err.Error()
	}
	if _, ok := c.lines[f.Instrument]; !ok {
		return p, risk.Instrument, fmt.Sprintf("%v is not among the account's listings", f.Instrument)
	}
	if why := c.misfit(f); why != "" {
		return p, risk.Contingency, why
	}
	p.hold = c.keep(f)
	if why := c.support.Refuses(c.venueTerms(f.OrderTerms, p.hold != "")); why != "" {
		return p, risk.Unsupported, why
	}
	code, why = c.risk.Check(risk.Order{Time: c.at(f.Time()), Strategy: f.ID.Strategy, Instrument: f.Instrument, OrderTerms: f.OrderTerms})
	if p.hold != "" && f.Contingency != (message.Contingency{}) && ofAmounts(code) {
		return p, "", "" // asked again when it is let go: before, what it is to close is not there
	}
	return p, code, why
}

// ofAmounts reports whether a code is about amounts, which an order that waits for another is only
// held to when it is let go.
func ofAmounts(code Code) bool {
	switch code {
	case risk.ReduceOnly, risk.Position, risk.GrossExposure, risk.NetExposure, risk.Balance, risk.Valuation, risk.DailyLoss, risk.Drawdown:
		return true
	}
	return false
}

// terms returns the fields that all events of the intent's order share.
func (c *Core) terms(f message.OrderIntentFields) message.OrderEventFields {
	return message.OrderEventFields{
		Account: c.cfg.Account, Strategy: f.ID.Strategy, IntentSeq: f.ID.Seq, Instrument: f.Instrument,
		OrderTerms: f.OrderTerms, Contingency: f.Contingency, TickAt: f.VenueTime, DecidedAt: f.Time(),
	}
}

// sameIntent reports whether an intent asks for what an order's intent asked for. An amendment that
// became a new order was another kind of intent.
func sameIntent(o *order, f message.OrderIntentFields) bool {
	return o.f.Instrument == f.Instrument && o.asked == f.OrderTerms && o.f.Contingency == f.Contingency && o.f.Replaces == ""
}

func (c *Core) queueFull() string {
	return fmt.Sprintf("%d messages wait for the journal, the most allowed", c.outbox.len())
}

func reason(code Code, why string) string { return string(code) + ": " + why }

// touchOf returns the price that an order of that side would take; zero if it is not known.
func touchOf(q message.Quote, side market.Side) market.Price {
	if side == market.Sell {
		return q.Bid
	}
	return q.Ask
}
