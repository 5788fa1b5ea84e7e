package order

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/risk"
)

// amendment is a change of an order that was asked for and not answered.
type amendment struct {
	id   message.IntentID
	at   market.Timestamp
	why  string
	to   message.OrderTerms
	anew bool // the venue cannot: the order is canceled, and a new one takes its place
}

// amendWord begins the reason of an event that an amend intent led to; the intent's number
// follows. It makes a repeated intent known again after a restart.
const amendWord = "amend "

func amendReason(seq uint64, why string) string { return fmt.Sprintf("%s%d: %s", amendWord, seq, why) }

// newAmendment reads the amendment that an event asked for; nil if it was no intent's.
func newAmendment(f message.OrderEventFields) *amendment {
	number, why, ok := strings.Cut(strings.TrimPrefix(f.Reason, amendWord), ": ")
	seq, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil || !strings.HasPrefix(f.Reason, amendWord) {
		return nil
	}
	to := f.OrderTerms
	if f.Action == message.ActionRequestAmend {
		to.Price, to.StopPrice, to.Quantity = f.NewPrice, f.NewStopPrice, f.NewQuantity
	}
	return &amendment{id: message.IntentID{Strategy: f.Strategy, Seq: seq}, at: f.Time, why: why, to: to}
}

// Amend takes up the wish to change an open order. Where the venue can do that, it is asked to.
// Where it cannot, the order is canceled, and after the venue's final word a new order of what is
// left takes its place, which is the amendment's own; it has to pass all checks then. An amendment
// that cannot be made is denied under its own id, and a repeated one is answered with the last
// event of its order.
func (c *Core) Amend(intent message.AmendIntent) Effects {
	f := intent.Fields()
	c.begin(f.Time)
	c.stats.Amends++
	asked := message.OrderIntentFields{Origin: message.Origin{Instrument: c.nowhere, Received: f.Time}, ID: f.ID, Account: f.Account, Reason: f.Reason,
		OrderTerms: message.OrderTerms{Price: f.Price, StopPrice: f.StopPrice, Quantity: f.Quantity}}
	if code, why := c.outside(f.Account, f.ID.Strategy); code != "" {
		c.refuse(asked, code, why)
		return c.end()
	}
	for _, known := range []*order{c.orders.byIntent[f.ID], c.orders.byAmend[f.ID]} {
		if known != nil {
			c.stats.Duplicates++
			c.tell(known.last)
			return c.end()
		}
	}
	if why := c.stale(f.ID); why != "" {
		c.stats.Duplicates++
		c.refuse(asked, risk.Duplicate, why)
		return c.end()
	}
	if c.outbox.len() >= c.cfg.QueueMax {
		c.refuse(asked, risk.QueueFull, c.queueFull())
		return c.end()
	}
	o := c.orders.current(message.IntentID{Strategy: f.ID.Strategy, Seq: f.OrderSeq})
	if o != nil {
		asked.Instrument, asked.OrderTerms, asked.Contingency = o.f.Instrument, amended(o.f.OrderTerms, f), o.f.Contingency
	}
	if code, why := c.unamendable(o, f, asked); code != "" {
		c.denied(c.terms(asked), code, why)
		return c.end()
	}
	c.amendTo(o, asked)
	return c.end()
}

// amended returns terms as an amendment wants them: what it leaves at zero stays.
func amended(t message.OrderTerms, f message.AmendIntentFields) message.OrderTerms {
	if !f.Price.IsZero() {
		t.Price = f.Price
	}
	if !f.StopPrice.IsZero() {
		t.StopPrice = f.StopPrice
	}
	if !f.Quantity.IsZero() {
		t.Quantity = f.Quantity
	}
	return t
}

// unamendable returns why an order cannot be changed to what is asked for.
func (c *Core) unamendable(o *order, f message.AmendIntentFields, asked message.OrderIntentFields) (Code, string) {
	switch {
	case o == nil:
		return risk.NotOpen, fmt.Sprintf("intent %d is not known (any more)", f.OrderSeq)
	case c.halted != "":
		return risk.Halted, c.halted
	case c.reconcile.why != "":
		return risk.Reconciling, c.reconcile.why
	}
	switch o.f.Status {
	case held, created, accepted, partial:
	default:
		return risk.NotOpen, fmt.Sprintf("%s is %v", describe(o), o.f.Status)
	}
	if o.canceling || o.cancelLost {
		return risk.NotOpen, fmt.Sprintf("%s is being canceled", describe(o))
	}
	if asked.OrderTerms == o.f.OrderTerms {
		return risk.NotOpen, fmt.Sprintf("%s has these terms", describe(o))
	}
	if !o.f.CumQuantity.Less(asked.Quantity.Decimal) {
		return risk.NotOpen, fmt.Sprintf("%v of %s are filled, not less than %v", o.f.CumQuantity, describe(o), asked.Quantity)
	}
	if fault := asked.Fault(); fault != "" {
		return risk.Unsupported, fault
	}
	if why := c.support.Refuses(c.venueTerms(asked.OrderTerms, o.kept)); why != "" {
		return risk.Unsupported, why
	}
	left := asked.OrderTerms // what is filled already is held, and no longer to be checked
	if q, err := left.Quantity.Sub(o.f.CumQuantity.Decimal); err == nil {
		left.Quantity = market.Quantity{Decimal: q}
	}
	if o.f.Status != held && c.atMost(o, left.Quantity.Decimal).Less(left.Quantity.Decimal) {
		return risk.Contingency, fmt.Sprintf("%s may fill no more than %v beside the orders that it hangs on", describe(o), c.atMost(o, left.Quantity.Decimal))
	}
	code, why := c.risk.Check(risk.Order{Time: c.now, Strategy: o.f.Strategy, Instrument: o.f.Instrument, OrderTerms: left, Replaces: o.f.ClientOrderID})
	if o.f.Status == held && o.f.Contingency != (message.Contingency{}) && ofAmounts(code) {
		return "", ""
	}
	return code, why
}

// amendGrace is how long the answer to an amendment may take before the terms that the venue has
// stand for it.
const amendGrace = 10 * time.Second

// overdue reports whether the terms in an answer to our question tell what became of a pending
// amendment: when the question left, its own answer was lost, or ought to have come, and the request
// could no longer be taken up.
func (c *Core) overdue(o *order) bool {
	if o.amend == nil || o.amend.anew {
		return false
	}
	patience := c.support.Validity
	if !o.amendLost {
		patience = max(patience, amendGrace)
	}
	return c.reconcile.last > o.amend.at.Add(patience)
}

// covers reports whether the venue can make the change under the order's id.
func (c *Core) covers(o *order, to message.OrderTerms) bool {
	now := o.f.OrderTerms
	if to.StopPrice != now.StopPrice {
		return false
	}
	switch c.support.Amend {
	case message.AmendFull:
		return true
	case message.AmendReduce:
		return to.Price == now.Price && to.Quantity.Less(now.Quantity.Decimal)
	}
	return false
}

// amendTo sets a change going that was let.
func (c *Core) amendTo(o *order, asked message.OrderIntentFields) {
	to, why := asked.OrderTerms, amendReason(asked.ID.Seq, asked.Reason)
	switch o.f.Status {
	case held:
		c.record(o, step{action: message.ActionAmend, status: held, time: c.now, reason: why, with: setTerms(to)})
		return
	case created: // it has not left: end it here, and make the other
		o.amend = &amendment{id: asked.ID, at: c.now, why: asked.Reason, to: to, anew: true}
		c.record(o, step{action: message.ActionCancel, status: canceled, time: c.now, reason: "amended before it was sent"})
		return
	}
	status, ok := Next(o.f.Status, message.ActionRequestAmend)
	if !ok { // unamendable let only those that can
		return
	}
	anew := !c.covers(o, to)
	c.record(o, step{action: message.ActionRequestAmend, status: status, time: c.now, reason: why, with: func(f *message.OrderEventFields) {
		f.NewPrice, f.NewStopPrice, f.NewQuantity = to.Price, to.StopPrice, to.Quantity
	}})
	if o.amend == nil {
		return // record failed, and the account is halted
	}
	o.amend.anew = anew
	kind := ActAmend
	if anew {
		kind = ActCancel
		o.canceling, o.why, o.cancelAsked = true, "amended", c.now
	}
	c.outbox.put(Act{Kind: kind, After: c.seq, Event: c.wire(o)})
}

// dropAmend gives up an amendment that was to become a new order, and says so under its own id.
func (c *Core) dropAmend(o *order, why string) {
	a := o.amend
	if a == nil {
		return
	}
	o.amend = nil
	if a.anew {
		c.denied(c.terms(c.anew(o, a, a.to.Quantity)), risk.NotOpen, why)
	}
}

// anew returns the intent of the order that is to take o's place.
func (c *Core) anew(o *order, a *amendment, quantity market.Quantity) message.OrderIntentFields {
	terms := a.to
	terms.Quantity = quantity
	return message.OrderIntentFields{Origin: message.Origin{Instrument: o.f.Instrument, Received: c.now}, ID: a.id, Account: c.cfg.Account,
		OrderTerms: terms, Contingency: o.f.Contingency, Reason: a.why}
}

// replace makes the new order once the venue's final word on the old one has come.
func (c *Core) replace(o *order) {
	a := o.amend
	if a == nil || !o.f.Status.Final() {
		return
	}
	if !a.anew {
		o.amend = nil // the venue was to change it, and it ended before
		return
	}
	if o.f.Status != canceled && o.f.Status != expired {
		c.dropAmend(o, fmt.Sprintf("%s is %v", describe(o), o.f.Status))
		return
	}
	// What the venue says it filled is gone, whether we have heard of each fill or not.
	left, err := a.to.Quantity.Sub(o.f.CumQuantity.Max(o.claimed.Decimal))
	if err != nil || left.Sign() <= 0 {
		c.dropAmend(o, fmt.Sprintf("%v of %s were filled: nothing is left", o.f.CumQuantity, describe(o)))
		return
	}
	o.amend = nil
	c.admit(c.anew(o, a, market.Quantity{Decimal: left}), o)
}

// amendAgain settles, after a restart, what became of amendments. Those that the venue was to make
// it is asked about; the cancel of one that is to be made anew is asked for again; and one whose
// order had ended, and that was not made before the crash, is denied.
func (c *Core) amendAgain() {
	var pending []*order
	for o := range maps.Values(c.orders.byIntent) {
		if o.amend != nil {
			pending = append(pending, o)
		}
	}
	pending = slices.Compact(sorted(pending))
	for _, o := range pending {
		o.amend.anew = !c.covers(o, o.amend.to)
		switch {
		case o.f.Status.Final() && o.amend.anew:
			c.dropAmend(o, "restart: its order had ended, and the new one had not been made")
		case o.f.Status.Final():
			o.amend = nil
		case o.amend.anew:
			o.cancelLost = true
		default:
			o.amendLost = true
		}
	}
}
