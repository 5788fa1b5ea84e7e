package order

import (
	"fmt"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Anomalies: what must not happen. Each is journaled and halts the account.
const (
	anomalyUnknownOrder Code = "unknown_order"  // a report of an order that is not ours
	anomalyOverfill     Code = "overfill"       // executions beyond the order's quantity
	anomalyContradicts  Code = "contradiction"  // a report that the table has no cell for
	anomalyBadExecution Code = "bad_execution"  // an execution without id, price or quantity
	anomalyArithmetic   Code = "arithmetic"     // sums beyond what a Decimal holds
	anomalyInternal     Code = "internal_error" // our own belief was false
)

// anomaliesMax bounds the anomalies that are journaled until the next resume; the account is
// halted by the first, and further ones are counted.
const anomaliesMax = 1000

type anomalyKey struct {
	code   Code
	client message.ClientOrderID
	venue  message.VenueOrderID
	exec   message.ExecID
	action message.OrderAction
}

// Report takes in what the venue says of an order.
func (c *Core) Report(report message.ExecutionReport) Effects {
	f := report.Fields()
	c.begin(0) // the venue's clock is not ours
	c.stats.Reports++
	if c.journalLost != "" {
		c.stats.ReportsIgnored++ // the next Core asks the venue
		return c.end()
	}
	f.Time = c.at(f.Time)
	f.Reason = venueReason(f.Reason)
	o := c.find(f)
	switch {
	case o == nil:
		c.anomaly(nil, f, anomalyUnknownOrder, fmt.Sprintf("the venue reports %v of an order that is not known here", f.Action))
	case f.Action == message.ActionFill:
		c.fill(o, f)
	case !venuesWord(f.Action):
		c.anomaly(o, f, anomalyContradicts, fmt.Sprintf("the venue reports %v, which is not its to say", f.Action))
	default:
		c.change(o, f)
	}
	return c.end()
}

// find looks an order up by our id, then by the venue's.
func (c *Core) find(f message.ExecutionReportFields) *order {
	if f.ClientOrderID != "" {
		return c.orders.byClient[f.ClientOrderID]
	}
	return c.orders.byVenue[f.VenueOrderID]
}

// venuesWord reports whether an action is one that venues report.
func venuesWord(a message.OrderAction) bool {
	switch a {
	case message.ActionLose, message.ActionAccept, message.ActionFill, message.ActionCancel, message.ActionRejectCancel,
		message.ActionAmend, message.ActionRejectAmend, message.ActionReject, message.ActionExpire:
		return true
	}
	return false
}

// change handles every report but a fill.
func (c *Core) change(o *order, f message.ExecutionReportFields) {
	status, ok := Next(o.f.Status, f.Action)
	if !ok || f.Action == message.ActionReject && o.f.CumQuantity.Sign() > 0 {
		c.anomaly(o, f, anomalyContradicts, fmt.Sprintf("the venue reports %v of an order that is %v", f.Action, o.f.Status))
		return
	}
	status = Settle(status, o.f.CumQuantity.Sign() > 0)
	named := o.f.VenueOrderID == "" && f.VenueOrderID != ""
	answers := o.canceling && (f.Action == message.ActionRejectCancel || f.Action == message.ActionLose)
	if status == o.f.Status && !named && !answers {
		c.stats.ReportsRepeated++
		return
	}
	c.name(o, f)
	c.record(o, step{action: f.Action, status: status, time: f.Time, reason: f.Reason})
}

// name keeps the venue's id of an order, the first one it gave.
func (c *Core) name(o *order, f message.ExecutionReportFields) {
	if o.f.VenueOrderID == "" && f.VenueOrderID != "" {
		o.f.VenueOrderID = f.VenueOrderID
		c.orders.named(o)
	}
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
	was := o.f
	next, err := o.sum(f.LastPrice, f.LastQuantity)
	var planned change
	if err == nil {
		planned, err = c.portfolio.plan(executed(was, f))
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
	case over && was.Status != rejected && was.Status != denied:
		status, why = filled, anomalyReason(anomalyOverfill, fmt.Sprintf("%v of %v executed", next.cum, was.Quantity))
	case !ok:
		status, why = was.Status, anomalyReason(anomalyContradicts, fmt.Sprintf("the venue executed an order that is %v", was.Status))
	}
	c.name(o, f)
	o.count(f.ExecID, next)
	reason := f.Reason
	if why != "" {
		c.stats.Anomalies++
		reason = why
	}
	c.record(o, step{action: message.ActionFill, status: status, time: f.Time, reason: reason, fill: &f})
	c.portfolio.commit(planned)
	if why != "" {
		c.halted = why
	}
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
	cost, _, err := product(price.Decimal, quantity.Decimal)
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

// ---- anomalies, halts and other notes

// A note is an event of no order, or of an order whose standing it does not change. Its action is
// ActionJournal: it is on disk, and that is all.
const (
	noteHalt    = "halt: "
	noteResume  = "resume: "
	noteAnomaly = "anomaly "
)

func anomalyReason(code Code, why string) string { return noteAnomaly + reason(code, why) }

// anomaly journals what cannot be counted and halts the account. The order may be nil.
func (c *Core) anomaly(o *order, f message.ExecutionReportFields, code Code, why string) {
	c.stats.Anomalies++
	key := anomalyKey{code, f.ClientOrderID, f.VenueOrderID, f.ExecID, f.Action}
	if c.anomalies[key] || len(c.anomalies) >= anomaliesMax {
		c.stats.AnomaliesDropped++
		return
	}
	c.anomalies[key] = true
	why = cut(anomalyReason(code, why))
	c.halted = why
	event := message.OrderEventFields{
		Account: c.cfg.Account, Instrument: c.nowhere, Status: unknown,
		ClientOrderID: f.ClientOrderID, VenueOrderID: f.VenueOrderID,
	}
	if o != nil {
		event = o.f
	}
	event.Seq, event.Time, event.Action, event.Reason = c.seq+1, f.Time, message.ActionJournal, why
	// What the venue said stands in the note, though it counts for nothing.
	event.ExecID, event.LastPrice, event.LastQuantity = f.ExecID, f.LastPrice, f.LastQuantity
	event.Fee, event.FeeCurrency, event.LastLiquidityAdd = f.Fee, f.FeeCurrency, f.LastLiquidityAdd
	if e, err := message.NewOrderEvent(event); err == nil {
		c.append(e)
	}
}

func (c *Core) halt(now market.Timestamp, why string) {
	if why == "" {
		why = "no reason given"
	}
	if c.journalLost != "" || c.halted == why {
		return
	}
	c.halted = why
	c.note(now, noteHalt, why)
}

// note journals a word on the account as a whole.
func (c *Core) note(now market.Timestamp, kind, text string) {
	e, err := message.NewOrderEvent(message.OrderEventFields{
		Seq: c.seq + 1, Time: now, Account: c.cfg.Account, Instrument: c.nowhere,
		Action: message.ActionJournal, Status: journaled, Reason: cut(kind + text),
	})
	if err == nil { // account, instrument, action and status are there
		c.append(e)
	}
}

// cut bounds a reason, wherever it comes from.
func cut(text string) string {
	const most = 512
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}

// venueReason keeps a venue's words from reading as ours.
func venueReason(text string) string {
	text = cut(text)
	if strings.HasPrefix(text, noteAnomaly) {
		return "venue: " + text
	}
	return text
}
