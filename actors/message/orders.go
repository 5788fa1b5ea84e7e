package message

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
)

// ClientOrderID is our id of an order (FIX 11).
type ClientOrderID string

// VenueOrderID is the venue's id of an order (FIX 37).
type VenueOrderID string

// ExecID is the venue's id of one execution (FIX 17).
type ExecID string

// OrderStatus is where an order stands in its life. The zero status is none.
type OrderStatus uint8

const (
	OrderCreated         OrderStatus = 1 + iota // an intent was taken up
	OrderDenied                                 // refused by us; final
	OrderJournaled                              // on disk, not on the wire
	OrderSent                                   // on the wire, no answer yet
	OrderUnknown                                // the answer was lost: only the venue can say
	OrderAccepted                               // the venue has it; FIX 39=0
	OrderPartiallyFilled                        // FIX 39=1
	OrderFilled                                 // final; FIX 39=2
	OrderPendingCancel                          // FIX 39=6
	OrderPendingAmend                           // FIX 39=E
	OrderCanceled                               // final, though a late fill may follow; FIX 39=4
	OrderRejected                               // refused by the venue; final; FIX 39=8
	OrderExpired                                // final; FIX 39=C
)

var orderStatusNames = []string{"-", "created", "denied", "journaled", "sent", "unknown", "accepted",
	"partially_filled", "filled", "pending_cancel", "pending_amend", "canceled", "rejected", "expired"}

// String returns the status in lower case with underscores, as in metrics and on the wire.
func (s OrderStatus) String() string { return enumName(orderStatusNames, s) }

// Final reports whether nothing but a late fill can follow.
func (s OrderStatus) Final() bool {
	switch s {
	case OrderDenied, OrderFilled, OrderCanceled, OrderRejected, OrderExpired:
		return true
	}
	return false
}

// OrderStatuses returns every status, in order.
func OrderStatuses() []OrderStatus {
	all := make([]OrderStatus, 0, OrderExpired)
	for s := OrderCreated; s <= OrderExpired; s++ {
		all = append(all, s)
	}
	return all
}

// OrderAction is what happened to an order; with the status before, it gives the status after.
type OrderAction uint8

const (
	ActionCreate        OrderAction = 1 + iota // an intent arrived
	ActionDeny                                 // we refuse it
	ActionJournal                              // it is on disk
	ActionSend                                 // the request left
	ActionLose                                 // no answer: timeout, 5xx, torn connection
	ActionAccept                               // the venue has it
	ActionFill                                 // one execution
	ActionRequestCancel                        // our cancel request left
	ActionCancel                               // the venue canceled it
	ActionRejectCancel                         // the venue refused to cancel
	ActionRequestAmend                         // our amend request left
	ActionAmend                                // the venue amended it
	ActionRejectAmend                          // the venue refused to amend
	ActionReject                               // the venue refused the order
	ActionExpire                               // its time in force ended
)

var orderActionNames = []string{"-", "create", "deny", "journal", "send", "lose", "accept", "fill",
	"request_cancel", "cancel", "reject_cancel", "request_amend", "amend", "reject_amend", "reject", "expire"}

// String returns the action in lower case with underscores.
func (a OrderAction) String() string { return enumName(orderActionNames, a) }

// OrderActions returns every action, in order.
func OrderActions() []OrderAction {
	all := make([]OrderAction, 0, ActionExpire)
	for a := ActionCreate; a <= ActionExpire; a++ {
		all = append(all, a)
	}
	return all
}

// OrderEvent is one step in the life of an order: what a gateway journals, and tells the
// strategy, the portfolio and whoever watches.
type OrderEvent struct{ f OrderEventFields }

// OrderEventFields is what an OrderEvent holds. The order's own terms stand in every event, so
// that a reader needs no earlier one.
type OrderEventFields struct {
	Seq           uint64 // counts the events of one account from 1, in the journal's order
	Time          market.Timestamp
	Account       AccountName
	Strategy      StrategyName
	IntentSeq     uint64
	ClientOrderID ClientOrderID // empty for what was denied before it got one
	VenueOrderID  VenueOrderID
	Instrument    market.Instrument
	Side          market.Side
	Type          market.OrderType
	TimeInForce   market.TimeInForce
	Price         market.Price
	Quantity      market.Quantity // FIX 38
	DecidedAt     market.Timestamp

	Action OrderAction
	Status OrderStatus // after the action
	Reason string      // why it was denied, rejected, canceled; a code and words
	ExecID ExecID      // of a fill

	LastPrice        market.Price    // FIX 31, of a fill
	LastQuantity     market.Quantity // FIX 32, of a fill
	CumQuantity      market.Quantity // FIX 14
	LeavesQuantity   market.Quantity // FIX 151
	AveragePrice     market.Price    // FIX 6, rounded half-even to 18 digits
	Fee              market.Amount   // of this fill; above zero: paid
	FeeCurrency      string
	LastLiquidityAdd bool // the fill rested in the book; FIX 851=1
}

// NewOrderEvent checks f. It fails with ErrInvalid without account, instrument, action or
// status, and for a fill without quantity, price and execution id.
func NewOrderEvent(f OrderEventFields) (OrderEvent, error) {
	switch {
	case f.Account == "" || f.Instrument.IsZero():
		return OrderEvent{}, invalid(KindOrderEvent, "account %q %v", f.Account, f.Instrument)
	case f.Action == 0 || f.Action > ActionExpire || f.Status == 0 || f.Status > OrderExpired:
		return OrderEvent{}, invalid(KindOrderEvent, "%s: action %v status %v", f.ClientOrderID, f.Action, f.Status)
	case f.Action == ActionFill && (f.LastQuantity.Sign() <= 0 || f.LastPrice.IsZero() || f.ExecID == ""):
		return OrderEvent{}, invalid(KindOrderEvent, "%s: fill %q of %v at %v", f.ClientOrderID, f.ExecID, f.LastQuantity, f.LastPrice)
	}
	return OrderEvent{f}, nil
}

// Kind is KindOrderEvent.
func (o OrderEvent) Kind() Kind { return KindOrderEvent }

// Fields returns a copy of what o holds.
func (o OrderEvent) Fields() OrderEventFields { return o.f }

// Intent returns the id of the intent that the order came from.
func (o OrderEvent) Intent() IntentID { return IntentID{o.f.Strategy, o.f.IntentSeq} }

func (o OrderEvent) String() string {
	f := o.f
	s := fmt.Sprintf("order #%d %v %v→%v %s %v %v %v %v %v @ %v cum=%v", f.Seq, o.Intent(), f.Action, f.Status, f.ClientOrderID,
		f.Instrument, f.Side, f.Type, f.TimeInForce, f.Quantity, f.Price, f.CumQuantity)
	if f.Action == ActionFill {
		s += fmt.Sprintf(" fill %s %v @ %v fee %v %s", f.ExecID, f.LastQuantity, f.LastPrice, f.Fee, f.FeeCurrency)
	}
	if f.Reason != "" {
		s += fmt.Sprintf(" %q", f.Reason)
	}
	return s + fmt.Sprintf(" at %v", f.Time)
}

// Position is what an account holds of an instrument through one strategy.
type Position struct{ f PositionFields }

// PositionFields is what a Position holds. Money is in the instrument's quote currency.
type PositionFields struct {
	Time         market.Timestamp
	Account      AccountName
	Strategy     StrategyName
	Instrument   market.Instrument
	Quantity     market.Decimal // signed: below zero is short
	AveragePrice market.Price   // of what is open, rounded half-even to 18 digits; zero if flat
	Cost         market.Amount  // what is open cost, exact
	Realized     market.Amount  // profit of what was closed, before fees
	Unrealized   market.Amount  // at Mark
	Fees         market.Amount
	Mark         market.Price // last known price; zero if none
}

// NewPosition checks f. It fails with ErrInvalid without account and instrument.
func NewPosition(f PositionFields) (Position, error) {
	if f.Account == "" || f.Instrument.IsZero() {
		return Position{}, invalid(KindPosition, "account %q %v", f.Account, f.Instrument)
	}
	return Position{f}, nil
}

// Kind is KindPosition.
func (p Position) Kind() Kind { return KindPosition }

// Fields returns a copy of what p holds.
func (p Position) Fields() PositionFields { return p.f }

func (p Position) String() string {
	return fmt.Sprintf("position %s %s %v %v @ %v realized=%v unrealized=%v fees=%v at %v", p.f.Account, p.f.Strategy,
		p.f.Instrument, p.f.Quantity, p.f.AveragePrice, p.f.Realized, p.f.Unrealized, p.f.Fees, p.f.Time)
}

// ExecutionReport is what a venue says of an order (FIX 35=8), before the gateway made an
// OrderEvent of it.
type ExecutionReport struct{ f ExecutionReportFields }

// ExecutionReportFields is what an ExecutionReport holds.
type ExecutionReportFields struct {
	Time          market.Timestamp // the venue's
	ClientOrderID ClientOrderID
	VenueOrderID  VenueOrderID
	Action        OrderAction // ActionAccept, Fill, Cancel, RejectCancel, Reject, Expire, Lose …
	Reason        string

	ExecID           ExecID
	LastPrice        market.Price
	LastQuantity     market.Quantity
	Fee              market.Amount
	FeeCurrency      string
	LastLiquidityAdd bool
}

// NewExecutionReport checks f. It fails with ErrInvalid without an id of the order or an action.
func NewExecutionReport(f ExecutionReportFields) (ExecutionReport, error) {
	if (f.ClientOrderID == "" && f.VenueOrderID == "") || f.Action == 0 || f.Action > ActionExpire {
		return ExecutionReport{}, invalid(KindExecutionReport, "client id %q venue id %q action %v", f.ClientOrderID, f.VenueOrderID, f.Action)
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
