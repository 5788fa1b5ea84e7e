package order

import (
	"fmt"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/portfolio"
)

// Report takes in what the venue says of an order.
func (c *Core) Report(report message.ExecutionReport) Effects {
	f := report.Fields()
	c.begin(0) // the venue's clock is not ours
	c.stats.Reports++
	if c.journalLost != "" {
		c.stats.ReportsIgnored++ // the next Core asks the venue
		return c.end()
	}
	said := f.Time
	f.Time = c.at(f.Time)
	f.Reason = venueReason(f.Reason)
	o := c.find(f)
	if o == nil {
		if o = c.stranger(f); o == nil {
			return c.end()
		}
	}
	switch {
	case c.taken(o, f):
		c.anomaly(o, f, anomalyContradicts, fmt.Sprintf("the venue gives it the id %s, which is that of %s", f.VenueOrderID, describe(c.orders.byVenue[f.VenueOrderID])))
		return c.end()
	case c.contradicts(o, f):
		c.anomaly(o, f, anomalyContradicts, fmt.Sprintf("the venue reports %v of an order that a person said was %v", f.Action, o.f.Status))
	case f.Action == message.ActionFill:
		c.fill(o, f)
	case f.Action == message.ActionLose:
		c.lose(o, f)
	case f.Action == message.ActionAbsent:
		c.absent(o, f, said)
	case f.Action == message.ActionAmend:
		c.changed(o, f)
	case !venuesWord(f.Action):
		c.anomaly(o, f, anomalyContradicts, fmt.Sprintf("the venue reports %v, which is not its to say", f.Action))
	default:
		c.change(o, f)
	}
	c.claim(o, f)
	return c.end()
}

// find looks an order up by our id, then by the venue's. People may use the same id again at the
// venue, so an adopted order is known by both.
func (c *Core) find(f message.ExecutionReportFields) *order {
	if f.ClientOrderID != "" {
		o := c.orders.byClient[f.ClientOrderID]
		if o != nil && !(o.adopted && f.VenueOrderID != "" && o.f.VenueOrderID != f.VenueOrderID) {
			return o
		}
	}
	if f.VenueOrderID == "" {
		return nil
	}
	o := c.orders.byVenue[f.VenueOrderID]
	switch {
	case o == nil || !f.Instrument.IsZero() && f.Instrument != o.f.Instrument:
		return nil // venues number the orders of each instrument by themselves
	case f.ClientOrderID != "" && o.f.ClientOrderID != f.ClientOrderID:
		return nil
	}
	return o
}

// venuesWord reports whether an action is one that venues report of what became of an order.
func venuesWord(a message.OrderAction) bool {
	switch a {
	case message.ActionAccept, message.ActionFill, message.ActionCancel, message.ActionRejectCancel,
		message.ActionAmend, message.ActionRejectAmend, message.ActionReject, message.ActionExpire:
		return true
	}
	return false
}

// change handles a report that leaves the order's terms and fills alone.
func (c *Core) change(o *order, f message.ExecutionReportFields) {
	if f.Action == message.ActionRejectAmend && o.guessed != nil && !o.f.Status.Final() {
		status, _ := Next(o.f.Status, message.ActionAmend)
		before := *o.guessed
		o.guessed = nil
		c.setTerms(o, f, status, before, "the amendment was refused: "+f.Reason)
		return
	}
	if f.Action == message.ActionAccept && c.reviewTerms(o, f) {
		return
	}
	status, ok := Next(o.f.Status, f.Action)
	if !ok || f.Action == message.ActionReject && o.f.CumQuantity.Sign() > 0 {
		c.anomaly(o, f, anomalyContradicts, fmt.Sprintf("the venue reports %v of an order that is %v", f.Action, o.f.Status))
		return
	}
	c.hear(o, f)
	status = Settle(status, o.f.CumQuantity.Sign() > 0)
	named := o.f.VenueOrderID == "" && f.VenueOrderID != ""
	answers := (o.canceling || o.cancelLost) && f.Action == message.ActionRejectCancel || o.amend != nil && f.Action == message.ActionRejectAmend
	if status == o.f.Status && !named && !answers {
		c.stats.ReportsRepeated++
		return
	}
	if o.amend != nil && o.amend.anew && f.Action == message.ActionRejectCancel {
		c.dropAmend(o, "the venue would not cancel: "+f.Reason)
	}
	reason := f.Reason
	if reason == "" && f.Action == message.ActionCancel {
		reason = o.why
	}
	if f.Action == message.ActionRejectCancel {
		o.why = ""
	}
	was := o.f.Status
	c.name(o, f)
	c.record(o, step{action: f.Action, status: status, time: f.Time, reason: reason})
	if was == unknown && status != unknown {
		c.reconcile.differed = true
	}
}

// hear notes when the venue spoke of an order as one that it has.
func (c *Core) hear(o *order, f message.ExecutionReportFields) {
	if f.Action != message.ActionRejectCancel && f.Action != message.ActionRejectAmend { // which may mean that it knows no such order
		o.heard = max(o.heard, f.Time)
		o.evidence, o.absences = 0, 0
	}
}

// name keeps the venue's id of an order, the first one it gave.
func (c *Core) name(o *order, f message.ExecutionReportFields) {
	if o.f.VenueOrderID == "" && f.VenueOrderID != "" {
		o.f.VenueOrderID = f.VenueOrderID
		c.orders.named(o)
	}
}

// taken reports whether a report gives an order a venue id under which another one stands, of the
// same instrument: one that was adopted may be ours after all.
func (c *Core) taken(o *order, f message.ExecutionReportFields) bool {
	if o.f.VenueOrderID != "" || f.VenueOrderID == "" {
		return false
	}
	other := c.orders.byVenue[f.VenueOrderID]
	return other != nil && other != o && other.f.Instrument == o.f.Instrument
}

// changed handles the venue's word that an order has other terms now.
func (c *Core) changed(o *order, f message.ExecutionReportFields) {
	status, ok := Next(o.f.Status, message.ActionAmend)
	if !ok {
		c.anomaly(o, f, anomalyContradicts, fmt.Sprintf("the venue reports %v of an order that is %v", f.Action, o.f.Status))
		return
	}
	c.hear(o, f)
	to, told := c.toldTerms(o, f)
	switch {
	case o.f.Status.Final():
		c.stats.ReportsRepeated++
		return
	case !told && o.amend != nil:
		to = o.amend.to
	case !told || o.amend == nil && to == o.f.OrderTerms && status == o.f.Status:
		c.stats.ReportsRepeated++
		return
	}
	c.setTerms(o, f, status, to, f.Reason)
}

// setTerms records that an order has new terms. One that has filled as much is complete.
func (c *Core) setTerms(o *order, f message.ExecutionReportFields, status message.OrderStatus, to message.OrderTerms, reason string) {
	status = Settle(status, o.f.CumQuantity.Sign() > 0)
	if !o.f.CumQuantity.Less(to.Quantity.Decimal) {
		status = filled
	}
	o.guessed = nil
	c.name(o, f)
	c.record(o, step{action: message.ActionAmend, status: status, time: f.Time, reason: reason, with: setTerms(to)})
}

// toldTerms returns the order's terms with what the venue says they are, and false if it says
// nothing of them. Of terms that are kept here the venue knows nothing.
func (c *Core) toldTerms(o *order, f message.ExecutionReportFields) (message.OrderTerms, bool) {
	to := o.f.OrderTerms
	there := c.wire(o).Fields().OrderTerms
	if f.Quantity.Sign() <= 0 || f.Type != there.Type || f.Side != there.Side {
		return to, false
	}
	to.Quantity = f.Quantity
	if to.Type.HasPrice() && f.Price.Sign() > 0 {
		to.Price = f.Price
	}
	if there.Type.HasStopPrice() && f.StopPrice.Sign() > 0 {
		to.StopPrice = f.StopPrice
	}
	return to, true
}

// reviewTerms compares the terms of an open order, as an answer to our question has them, with
// ours. It settles an amendment whose answer was lost, and takes up changes that were made at the
// venue by hand. It reports whether it recorded what the report says.
func (c *Core) reviewTerms(o *order, f message.ExecutionReportFields) bool {
	if c.reconcile.answerable == 0 || !o.met || o.f.Status.Final() || f.Time < o.heard {
		return false
	}
	to, told := c.toldTerms(o, f)
	if !told {
		return false
	}
	status, ok := Next(o.f.Status, message.ActionAmend)
	switch {
	case !ok:
		return false
	case to != o.f.OrderTerms:
		reason := "the venue has these terms"
		if o.amend != nil && to == o.amend.to {
			reason = "the answer did not come: the venue has the new terms"
		} else if o.amend != nil && !c.overdue(o) {
			return false // neither the old ones nor the new ones: the amendment's answer will tell
		}
		c.hear(o, f)
		c.reconcile.differed = true
		c.setTerms(o, f, status, to, reason)
		return true
	case c.overdue(o):
		status, _ = Next(o.f.Status, message.ActionRejectAmend)
		c.hear(o, f)
		c.record(o, step{action: message.ActionRejectAmend, status: Settle(status, o.f.CumQuantity.Sign() > 0), time: f.Time,
			reason: "the answer did not come: the venue has the old terms"})
		return true
	}
	return false
}

// fill counts an execution, once.
func (c *Core) fill(o *order, f message.ExecutionReportFields) {
	if f.ExecID == "" || f.LastPrice.Sign() <= 0 || f.LastQuantity.Sign() <= 0 {
		c.anomaly(o, f, anomalyBadExecution, fmt.Sprintf("execution %q of %v at %v", f.ExecID, f.LastQuantity, f.LastPrice))
		return
	}
	if o.execs[f.ExecID] {
		c.stats.FillsRepeated++
		return
	}
	c.grow(o, f)
	was := o.f
	next, err := o.sum(f.LastPrice, f.LastQuantity)
	var planned portfolio.Change
	if err == nil {
		planned, err = c.portfolio.Plan(executed(was, f))
	}
	if err != nil {
		c.anomaly(o, f, anomalyArithmetic, err.Error())
		return
	}
	// Whatever the table says, the venue executed: count it, then judge.
	var why string
	over := was.Quantity.Less(next.cum)
	status, ok := NextFill(was.Status, next.cum == was.Quantity.Decimal)
	switch {
	case o.resolved && !strings.HasPrefix(string(f.ExecID), manualExec):
		if !ok {
			status = was.Status
		}
		why = anomalyReason(anomalyContradicts, fmt.Sprintf("the venue executed an order that a person said was %v", was.Status))
	case over && was.Status != rejected && was.Status != denied:
		status, why = filled, anomalyReason(anomalyOverfill, fmt.Sprintf("%v of %v executed", next.cum, was.Quantity))
	case !ok:
		status, why = was.Status, anomalyReason(anomalyContradicts, fmt.Sprintf("the venue executed an order that is %v", was.Status))
	}
	c.hear(o, f)
	c.name(o, f)
	o.count(f.ExecID, next)
	reason := f.Reason
	if why != "" {
		c.stats.Anomalies++
		reason = why
	}
	c.portfolio.Commit(planned)
	c.balances.moves++
	c.record(o, step{action: message.ActionFill, status: status, time: f.Time, reason: reason, fill: &f})
	if why != "" {
		c.halted = why
	}
}

// grow looks at an execution that fills the order, or more than that, for what else it may be: word
// of an amendment that has not reached us otherwise. An order that the venue made larger must not
// be taken for filled: it would be forgotten there.
func (c *Core) grow(o *order, f message.ExecutionReportFields) {
	next, err := o.sum(f.LastPrice, f.LastQuantity)
	if err != nil || next.cum.Less(o.f.Quantity.Decimal) {
		return
	}
	status, ok := Next(o.f.Status, message.ActionAmend)
	if !ok || o.f.Status == filled {
		return
	}
	over := o.f.Quantity.Less(next.cum)
	fits := func(t message.OrderTerms) bool {
		return o.f.Quantity.Less(t.Quantity.Decimal) && !t.Quantity.Less(next.cum)
	}
	to, told := c.toldTerms(o, f)
	told = told && (f.Time >= o.heard || over) // old news does not make it larger
	guess := false
	switch {
	case told && fits(to):
	case o.amend != nil && !o.amend.anew && fits(o.amend.to) && (over || !told):
		to, guess = o.amend.to, true
	default:
		return
	}
	before := o.f.OrderTerms
	c.setTerms(o, f, status, to, "an execution shows that the venue has, or may have, these terms")
	if guess {
		o.guessed = &before
	}
	c.ask(false)
}

// executed returns an order's terms with what an execution adds to them.
func executed(terms message.OrderEventFields, f message.ExecutionReportFields) message.OrderEventFields {
	terms.Time, terms.Action = f.Time, message.ActionFill
	terms.ExecID, terms.LastPrice, terms.LastQuantity = f.ExecID, f.LastPrice, f.LastQuantity
	terms.Fee, terms.FeeCurrency, terms.LastLiquidityAdd = f.Fee, f.FeeCurrency, f.LastLiquidityAdd
	return terms
}

// sums is what an order's executions add up to.
type sums struct {
	cum, leaves, spent, average market.Decimal
}

// sum adds an execution to the order's sums without changing the order.
func (o *order) sum(price market.Price, quantity market.Quantity) (s sums, err error) {
	if s.cum, err = o.f.CumQuantity.Add(quantity.Decimal); err != nil {
		return s, err
	}
	if s.cum.Less(o.f.Quantity.Decimal) {
		if s.leaves, err = o.f.Quantity.Sub(s.cum); err != nil {
			return s, err
		}
	}
	cost, _, err := portfolio.Product(price.Decimal, quantity.Decimal)
	if err != nil {
		return s, err
	}
	if s.spent, err = o.spent.Add(cost); err != nil {
		return s, err
	}
	s.average, err = s.spent.Quo(s.cum)
	return s, err
}

// count makes the sums the order's own.
func (o *order) count(id message.ExecID, s sums) {
	if o.execs == nil {
		o.execs = make(map[message.ExecID]bool, 4)
	}
	o.execs[id] = true
	o.spent = s.spent
	o.f.CumQuantity = market.Quantity{Decimal: s.cum}
	o.f.LeavesQuantity = market.Quantity{Decimal: s.leaves}
	o.f.AveragePrice = market.Price{Decimal: s.average}
}
