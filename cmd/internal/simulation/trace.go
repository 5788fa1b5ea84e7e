package simulation

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

// trace writes both sides of a history, a line an event: what the journal has, and what the venue's
// ledger says happened. Times of the journal are the venue's where the venue said so.
func trace(to io.Writer, e *evidence) {
	w := bufio.NewWriter(to)
	defer w.Flush()
	ledger := e.ledger
	for _, event := range e.events {
		f := event.Fields()
		for len(ledger) > 0 && ledger[0].At <= f.Time {
			traceEntry(w, ledger[0])
			ledger = ledger[1:]
		}
		traceEvent(w, f)
	}
	for _, entry := range ledger {
		traceEntry(w, entry)
	}
}

func clock(t market.Timestamp) string { return t.Time().Format("15:04:05.000000") }

func traceEvent(w io.Writer, f message.OrderEventFields) {
	fmt.Fprintf(w, "%s journal %5d ", clock(f.Time), f.Seq)
	if f.Action.OfAccount() {
		fmt.Fprintf(w, "%v", f.Action)
		if f.Currency != "" {
			fmt.Fprintf(w, " %v %s", f.Amount, f.Currency)
		}
	} else {
		fmt.Fprintf(w, "%v → %v %s (%s/%d)", f.Action, f.Status, f.ClientOrderID, f.Strategy, f.IntentSeq)
		switch f.Action {
		case message.ActionCreate, message.ActionDeny, message.ActionHold, message.ActionAdopt, message.ActionRelease, message.ActionAmend:
			fmt.Fprintf(w, " %v %v", f.Instrument.Name(), f.OrderTerms)
			if f.Contingency != (message.Contingency{}) {
				fmt.Fprintf(w, " parent %d group %d", f.Parent, f.Group)
			}
		case message.ActionFill:
			fmt.Fprintf(w, " %v at %v as %s, fee %v %s, %v in all", f.LastQuantity, f.LastPrice, f.ExecID, f.Fee, f.FeeCurrency, f.CumQuantity)
		case message.ActionSend:
			fmt.Fprintf(w, " valid until %v", f.ValidUntil.Sub(f.Time).Round(time.Millisecond))
		case message.ActionRequestAmend:
			fmt.Fprintf(w, " to %v at %v", f.NewQuantity, f.NewPrice)
		}
		if f.Replaces != "" {
			fmt.Fprintf(w, " replaces %s", f.Replaces)
		}
		if f.VenueOrderID != "" {
			fmt.Fprintf(w, " %s", f.VenueOrderID)
		}
	}
	if f.Reason != "" {
		fmt.Fprintf(w, " %q", f.Reason)
	}
	fmt.Fprintln(w)
}

func traceEntry(w io.Writer, e spot.Entry) {
	fmt.Fprintf(w, "%s venue   %5d %s", clock(e.At), e.Seq, e.Kind)
	for _, word := range []string{e.Request, string(e.Fault), e.Symbol, e.ClientID, e.Side, e.Type, e.Status} {
		if word != "" {
			fmt.Fprintf(w, " %s", word)
		}
	}
	if e.OrderID != 0 {
		fmt.Fprintf(w, " #%d", e.OrderID)
	}
	if !e.Quantity.IsZero() {
		fmt.Fprintf(w, " %v at %v, %v in all", e.Quantity, e.Price, e.Executed)
	}
	if e.TradeID != 0 {
		fmt.Fprintf(w, " trade %d, fee %v %s", e.TradeID, e.Commission, e.CommissionAsset)
	}
	if e.Code != 0 {
		fmt.Fprintf(w, " %d %s", e.Code, e.Error)
	}
	fmt.Fprintln(w)
}
