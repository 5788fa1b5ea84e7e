package order

import (
	"fmt"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/message"
)

// stranger takes in a report of an order that is not known. One that was placed at the venue by
// hand, or by another program, is adopted and returned. One that bears our ids and is not ours is
// an anomaly, and the account halts: someone else runs it.
func (c *Core) stranger(f message.ExecutionReportFields) *order {
	account, epoch, n, ours := ParseClientOrderID(f.ClientOrderID)
	switch {
	case ours && account == c.cfg.Account && epoch > c.cfg.Epoch:
		c.anomaly(nil, f, anomalyForeignEpoch, fmt.Sprintf("the venue reports %v of %s, made under epoch %d, and this gateway runs under %d: another one runs this account",
			f.Action, f.ClientOrderID, epoch, c.cfg.Epoch))
		return nil
	case ours && account == c.cfg.Account && n > c.orderSeq:
		c.anomaly(nil, f, anomalyForeignOrder, fmt.Sprintf("the venue reports %v of %s, and the newest order of this account is number %d", f.Action, f.ClientOrderID, c.orderSeq))
		return nil
	case ours && account == c.cfg.Account:
		c.anomaly(nil, f, anomalyUnknownOrder, fmt.Sprintf("the venue reports %v of an order that is not remembered", f.Action))
		return nil
	case f.Action != message.ActionAccept && f.Action != message.ActionFill && f.Action != message.ActionAmend:
		c.stats.ReportsIgnored++ // it ended, or nothing is known of it: there is nothing to adopt
		return nil
	case f.VenueOrderID == "" && f.ClientOrderID == "" || f.Instrument.IsZero() || f.Side == 0 || f.Quantity.Sign() <= 0:
		c.anomaly(nil, f, anomalyUnknownOrder, fmt.Sprintf("the venue reports %v of an order that was not made here, without its terms", f.Action))
		return nil
	case c.lines[f.Instrument] == nil:
		c.anomaly(nil, f, anomalyInstrument, fmt.Sprintf("an order that was not made here, %v of %v, is in an instrument that is not among the account's listings", f.OrderTerms, f.Instrument))
		return nil
	}
	if c.mayBeOurs(f) {
		return nil
	}
	return c.adopt(f)
}

// adopt takes up an order that was placed at the venue by hand. It stands under the strategy
// manual; its fills count.
func (c *Core) adopt(f message.ExecutionReportFields) *order {
	c.manualSeq++
	c.stats.Adopted++
	terms := message.OrderEventFields{
		Account: c.cfg.Account, Strategy: message.StrategyManual, IntentSeq: c.manualSeq, ClientOrderID: f.ClientOrderID, VenueOrderID: f.VenueOrderID,
		Instrument: f.Instrument, OrderTerms: f.OrderTerms, LeavesQuantity: f.Quantity, DecidedAt: f.Time,
	}
	o := newOrder(terms)
	status, _ := Next(none, message.ActionAdopt)
	c.record(o, step{action: message.ActionAdopt, status: status, time: f.Time, reason: "placed at the venue, not by this account's strategies"})
	c.enroll(o)
	if !o.enrolled {
		return nil
	}
	c.reconcile.differed = true
	return o
}

// mayBeOurs handles an order at a venue that knows no client ids, where one of ours has no answer
// yet: the same terms make it a candidate, and never more. While ours is only unanswered, the
// answer is waited for. Where the answer was lost, ours stays unknown with the candidates in its
// journal, the candidate is adopted, and a person says what became of ours.
func (c *Core) mayBeOurs(f message.ExecutionReportFields) bool {
	if c.support.ClientOrderIDs {
		return false
	}
	waits := false
	for _, o := range c.orders.open() {
		if o.met || o.f.Instrument != f.Instrument || !sameAtVenue(c.wire(o).Fields().OrderTerms, f.OrderTerms) {
			continue
		}
		switch o.f.Status {
		case sent:
			waits = true
		case unknown:
			c.candidate(o, f)
		}
	}
	c.reconcile.waits = c.reconcile.waits || waits
	return waits
}

// candidatesMax bounds the candidates that are journaled for one order.
const candidatesMax = 20

// candidate journals that an order at the venue may be the one of unknown outcome.
func (c *Core) candidate(o *order, f message.ExecutionReportFields) {
	if len(o.candidates) >= candidatesMax || slices.Contains(o.candidates, string(f.VenueOrderID)) {
		return
	}
	o.candidates = append(o.candidates, string(f.VenueOrderID))
	status, _ := NextLose(unknown, message.RequestPlace)
	c.record(o, step{action: message.ActionLose, status: status, time: c.now, with: func(e *message.OrderEventFields) { e.Request = message.RequestPlace },
		reason: "candidates by their terms, which prove nothing: " + strings.Join(o.candidates, ", ")})
}

// sameAtVenue reports whether two orders look alike in what every venue tells of an order.
func sameAtVenue(a, b message.OrderTerms) bool {
	return a.Side == b.Side && a.Type == b.Type && a.Price == b.Price && a.StopPrice == b.StopPrice && a.Quantity == b.Quantity
}
