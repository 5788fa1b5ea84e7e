package order

import (
	"strings"

	"github.com/maru-trading/maru/actors/message"
)

// Anomalies: what must not happen. Each is journaled and halts the account.
const (
	anomalyUnknownOrder Code = "unknown_order"      // a report of an order that is not remembered, or without its terms
	anomalyForeignEpoch Code = "foreign_epoch"      // an order of ours, made under a later epoch: another gateway runs this account
	anomalyForeignOrder Code = "foreign_order"      // an order with a number of ours that was never given
	anomalyInstrument   Code = "unknown_instrument" // an order placed by hand in what is not listed
	anomalyVanished     Code = "vanished"           // the venue goes on denying an order that it had
	anomalyOverfill     Code = "overfill"           // executions beyond the order's quantity
	anomalyContradicts  Code = "contradiction"      // a report that the table has no cell for, or against a person's word
	anomalyBadExecution Code = "bad_execution"      // an execution without id, price or quantity
	anomalyArithmetic   Code = "arithmetic"         // sums beyond what a Decimal holds
	anomalyInternal     Code = "internal_error"     // our own belief was false
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

// noteAnomaly begins the reason of a fill that counts and must not have happened.
const noteAnomaly = "anomaly "

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
	event := message.OrderEventFields{
		Account: c.cfg.Account, Instrument: c.nowhere,
		ClientOrderID: f.ClientOrderID, VenueOrderID: f.VenueOrderID,
	}
	if o != nil {
		event = plain(o.f)
	}
	event.Time, event.Action, event.Reason = f.Time, message.ActionAnomaly, anomalyReason(code, why)
	// What the venue said stands in the event, though it counts for nothing.
	event.ExecID, event.LastPrice, event.LastQuantity = f.ExecID, f.LastPrice, f.LastQuantity
	event.Fee, event.FeeCurrency, event.LastLiquidityAdd = f.Fee, f.FeeCurrency, f.LastLiquidityAdd
	c.halted = cut(event.Reason)
	c.note(event)
}

// note journals an event of the account as a whole.
func (c *Core) note(f message.OrderEventFields) {
	f.Seq, f.Account, f.Status, f.Reason = c.seq+1, c.cfg.Account, journaled, cut(f.Reason)
	if f.Instrument.IsZero() {
		f.Instrument = c.nowhere
	}
	if f.Time.IsZero() {
		f.Time = c.now
	}
	e, err := message.NewOrderEvent(f)
	if err != nil { // account, instrument, action and status are there
		c.halted = anomalyReason(anomalyInternal, err.Error())
		return
	}
	c.append(e)
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
	for _, ours := range []string{noteAnomaly, amendWord} {
		if strings.HasPrefix(text, ours) {
			return cut("venue: " + text)
		}
	}
	return text
}
