package message

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
)

// ExecutionReport is what a venue says of an order (FIX 35=8, 35=9), before the gateway made an
// OrderEvent of it.
type ExecutionReport struct{ f ExecutionReportFields }

// ExecutionReportFields is what an ExecutionReport holds. An adapter gives what the venue gave.
type ExecutionReportFields struct {
	Time          market.Timestamp // the venue's
	ClientOrderID ClientOrderID    // as the venue has it: not ours for orders placed by hand
	VenueOrderID  VenueOrderID
	// Instrument is zero if the venue did not say, as in an answer to a request.
	Instrument market.Instrument
	// OrderTerms are the order's as the venue has them now; zero if it did not say. After an
	// amendment they are the new ones.
	OrderTerms

	// Action is what the venue said: accept, fill, cancel, reject_cancel, amend, reject_amend,
	// reject, expire; lose, where it said nothing; absent, where it was asked and does not know the
	// order, which alone proves nothing.
	Action   OrderAction
	Reason   string
	Request  OrderRequest // of lose: which request went unanswered
	Evidence Evidence     // of absent: where the venue was asked

	ExecID           ExecID
	LastPrice        market.Price
	LastQuantity     market.Quantity
	Fee              market.Amount
	FeeCurrency      string
	LastLiquidityAdd bool
	// CumQuantity is what the venue says was filled in all (FIX 14); zero if it did not say.
	CumQuantity market.Quantity
}

// NewExecutionReport checks f. It fails with ErrInvalid without an id of the order or an action,
// for a lost answer to no request, and an absence without evidence.
func NewExecutionReport(f ExecutionReportFields) (ExecutionReport, error) {
	switch {
	case f.ClientOrderID == "" && f.VenueOrderID == "" || f.Action == 0 || f.Action >= orderActionEnd:
		return ExecutionReport{}, invalid(KindExecutionReport, "client id %q venue id %q action %v", f.ClientOrderID, f.VenueOrderID, f.Action)
	case f.Request > RequestAmend || f.Action == ActionLose && f.Request == 0:
		return ExecutionReport{}, invalid(KindExecutionReport, "%q: %v of request %v", f.ClientOrderID, f.Action, f.Request)
	case f.Evidence > EvidenceAll || f.Action == ActionAbsent && f.Evidence == 0:
		return ExecutionReport{}, invalid(KindExecutionReport, "%q: %v by evidence %v", f.ClientOrderID, f.Action, f.Evidence)
	}
	return ExecutionReport{f}, nil
}

// Kind is KindExecutionReport.
func (e ExecutionReport) Kind() Kind { return KindExecutionReport }

// Fields returns a copy of what e holds.
func (e ExecutionReport) Fields() ExecutionReportFields { return e.f }

func (e ExecutionReport) String() string {
	return fmt.Sprintf("report %s %s %v %s %v @ %v fee %v %s %q at %v", e.f.ClientOrderID, e.f.VenueOrderID, e.f.Action,
		e.f.ExecID, e.f.LastQuantity, e.f.LastPrice, e.f.Fee, e.f.FeeCurrency, e.f.Reason, e.f.Time)
}
