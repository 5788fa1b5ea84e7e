package order

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// vanishedAfter is how many answers in a row must deny an order that the venue had, before that is
// an anomaly. Fewer leave it unknown: venues answer from copies that lag behind.
const vanishedAfter = 3

// lose handles a lost answer. What it leaves open the venue is asked about at once; an order of
// unknown outcome is never sent again.
func (c *Core) lose(o *order, f message.ExecutionReportFields) {
	status, ok := NextLose(o.f.Status, f.Request)
	if !ok {
		c.anomaly(o, f, anomalyContradicts, fmt.Sprintf("the answer to the %v of an order that is %v was lost", f.Request, o.f.Status))
		return
	}
	doubt := status != o.f.Status
	switch f.Request {
	case message.RequestCancel:
		doubt = o.canceling
	case message.RequestAmend:
		doubt = o.amend != nil && !o.amendLost
	}
	if !doubt {
		c.stats.ReportsRepeated++
		return
	}
	c.record(o, step{action: message.ActionLose, status: Settle(status, o.f.CumQuantity.Sign() > 0), time: f.Time, reason: f.Reason,
		with: func(e *message.OrderEventFields) { e.Request = f.Request }})
	if f.Request == message.RequestPlace {
		c.doubt(fmt.Sprintf("what became of %s is not known", describe(o)))
		return
	}
	c.ask(false)
}

// answerPatience is how long an order may stand unanswered. An adapter answers or says that the
// answer was lost; should it do neither, this does.
const answerPatience = 30 * time.Second

// impatient makes unknown the orders whose answers ought to have come.
func (c *Core) impatient() {
	var late []*order
	for o := range c.orders.live {
		if o.f.Status == sent && c.now.Sub(o.sentAt) > max(answerPatience, 2*c.support.Validity) {
			late = append(late, o)
		}
	}
	for _, o := range sorted(late) {
		c.lose(o, message.ExecutionReportFields{Time: c.now, Request: message.RequestPlace, Reason: "no answer came"})
	}
}

// absent handles the venue's word that it knows no such order. It alone proves nothing. An order
// that the venue never confirmed is rejected once all three places deny it in one answer, asked
// after the venue could no longer take the request up. An order that the venue had is never
// ended by its absence: it becomes unknown, and where the venue goes on denying it the account
// halts until a person says what became of it.
func (c *Core) absent(o *order, f message.ExecutionReportFields, said market.Timestamp) {
	if c.reconcile.answerable == 0 || !o.atVenue() || said.IsZero() || said < o.heard {
		c.stats.ReportsRepeated++
		return
	}
	if o.evidence == 0 || said < o.absentAt {
		o.absentAt = said
	}
	o.evidence |= f.Evidence
	if o.evidence != message.EvidenceAll {
		return
	}
	o.evidence = 0 // judged, for this answer
	switch {
	case o.met || o.f.VenueOrderID != "": // it has given it a number
		c.vanish(o, f)
	case !o.f.ValidUntil.IsZero() && o.absentAt > o.f.ValidUntil:
		status, ok := Next(o.f.Status, message.ActionAbsent)
		if !ok {
			return
		}
		c.reconcile.differed = true
		c.record(o, step{action: message.ActionAbsent, status: status, time: f.Time,
			reason: "the venue never took it, and no longer can", with: func(e *message.OrderEventFields) { e.Evidence = message.EvidenceAll }})
	}
}

// vanish handles the absence of an order that the venue had.
func (c *Core) vanish(o *order, f message.ExecutionReportFields) {
	o.absences++
	if o.f.Status != unknown {
		c.dropAmend(o, "the venue denies its order")
		status, _ := NextLose(o.f.Status, 0)
		c.record(o, step{action: message.ActionLose, status: status, time: f.Time, reason: "the venue had it, and denies it now"})
	}
	if o.absences >= vanishedAfter {
		c.anomaly(o, f, anomalyVanished, fmt.Sprintf("the venue had it, and denied it in %d answers", o.absences))
	}
	c.reconcile.differed = true
}

// claim notes how much the venue says was filled. Where that is more than we heard of, fills are
// missing, and the venue is asked for them until they have come.
func (c *Core) claim(o *order, f message.ExecutionReportFields) {
	if o.claimed.Less(f.CumQuantity.Decimal) {
		o.claimed = f.CumQuantity
	}
	if !o.f.CumQuantity.Less(o.claimed.Decimal) {
		delete(c.reconcile.short, o)
		return
	}
	if _, known := c.reconcile.short[o]; !known && len(c.reconcile.short) < c.cfg.OpenOrdersMax+c.cfg.HistoryMax {
		c.reconcile.short[o] = struct{}{}
		c.ask(false)
	}
}

// Resolution is a person's word on what became of an order that the venue cannot settle.
type Resolution struct {
	ID message.ClientOrderID
	// As is what became of it: canceled, rejected, expired or filled.
	As message.OrderStatus
	// Quantity and Price tell of fills that the venue did not report; zero: none. As filled they
	// must complete the order. ExecID is theirs, and may be empty.
	Quantity market.Quantity
	Price    market.Price
	ExecID   message.ExecID
	Reason   string
	Now      market.Timestamp
}

// manualExec begins the execution id of a fill that a person told of.
const manualExec = "manual:"

// ErrResolve is wrapped where a resolution cannot be taken.
var ErrResolve = errors.New("the order cannot be resolved like that")

// Resolve takes a person's word on an order of unknown outcome, or on fills that the venue claims
// and does not show. It is journaled. What the venue says to the contrary later is an anomaly. It
// fails with ErrResolve, and then changes nothing.
func (c *Core) Resolve(r Resolution) (Effects, error) {
	c.begin(r.Now)
	fault := func(format string, args ...any) (Effects, error) {
		return c.end(), fmt.Errorf("order: resolve %s: %s: %w", r.ID, fmt.Sprintf(format, args...), ErrResolve)
	}
	if c.journalLost != "" {
		return fault("the journal is lost (%s)", c.journalLost)
	}
	o := c.orders.byClient[r.ID]
	if o == nil {
		return fault("no such order is known")
	}
	_, short := c.reconcile.short[o]
	status, ends := NextResolve(o.f.Status, r.As)
	switch {
	case o.f.Status != unknown && !short:
		return fault("it is %v: only what is unknown, or lacks fills that the venue claims, can be resolved", o.f.Status)
	case r.As != filled && r.As != o.f.Status && !ends:
		return fault("want canceled, rejected, expired or filled, not %v", r.As)
	case r.Quantity.Sign() < 0 || r.Price.Sign() < 0 || r.Quantity.IsZero() != r.Price.IsZero():
		return fault("fills need a quantity and a price above zero, not %v at %v", r.Quantity, r.Price)
	case r.As == filled && r.Quantity != o.f.LeavesQuantity && !o.f.Status.Final():
		return fault("it is filled once %v more are; told of %v", o.f.LeavesQuantity, r.Quantity)
	case r.As == rejected && (o.f.CumQuantity.Sign() > 0 || r.Quantity.Sign() > 0):
		return fault("it has fills, and what was rejected has none")
	case r.Quantity.IsZero() && !ends:
		return fault("fills that are missing need a quantity and a price")
	}
	why := "resolved: " + r.Reason
	fill := message.ExecutionReportFields{Time: c.now, ClientOrderID: r.ID, Action: message.ActionFill, ExecID: manualExec + r.ExecID,
		LastQuantity: r.Quantity, LastPrice: r.Price, Reason: why}
	if r.Quantity.Sign() > 0 {
		if r.ExecID == "" {
			fill.ExecID = message.ExecID(fmt.Sprintf("%s%s/%d", manualExec, r.ID, len(o.execs)+1))
		}
		next, err := o.sum(r.Price, r.Quantity)
		if err == nil {
			_, err = c.portfolio.Plan(executed(o.f, fill))
		}
		switch {
		case err != nil:
			return fault("%v", err)
		case o.f.Quantity.Less(next.cum):
			return fault("%v of %v would be filled", next.cum, o.f.Quantity)
		case o.execs[fill.ExecID]:
			return fault("execution %s was told of before", r.ExecID)
		}
	}
	if ends {
		c.record(o, step{action: message.ActionResolve, status: status, time: c.now, reason: why})
	}
	if r.Quantity.Sign() > 0 {
		c.fill(o, fill)
	}
	c.claim(o, fill)
	if ends {
		o.claimed = o.f.CumQuantity // a person's word stands above the venue's claim
		delete(c.reconcile.short, o)
	}
	c.reconcile.differed = true
	c.ask(false)
	return c.end(), nil
}

// contradicts reports whether a report says other than a person did. That it ended is no
// contradiction, and a fill is one that counts all the same; but where the person told of fills,
// those of the venue are the same ones.
func (c *Core) contradicts(o *order, f message.ExecutionReportFields) bool {
	switch f.Action {
	case message.ActionAccept, message.ActionAmend:
		return o.resolved
	case message.ActionFill:
		return o.toldFills() && !o.execs[f.ExecID]
	}
	return false
}

// toldFills reports whether a person told of the order's fills.
func (o *order) toldFills() bool {
	for id := range o.execs {
		if strings.HasPrefix(string(id), manualExec) {
			return true
		}
	}
	return false
}
