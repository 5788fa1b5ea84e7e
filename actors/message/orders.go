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
	OrderHeld                                   // kept here until its parent fills or its stop price is met
	orderStatusEnd
)

var orderStatusNames = []string{"-", "created", "denied", "journaled", "sent", "unknown", "accepted",
	"partially_filled", "filled", "pending_cancel", "pending_amend", "canceled", "rejected", "expired", "held"}

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
	all := make([]OrderStatus, 0, orderStatusEnd)
	for s := OrderCreated; s < orderStatusEnd; s++ {
		all = append(all, s)
	}
	return all
}

// OrderAction is what happened to an order, or to its account; with an order's status before, it
// gives the status after.
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
	ActionHold                                 // it is kept here for now
	ActionRelease                              // what it was kept for has come: it may be sent
	ActionAbsent                               // the venue never took it, and never will: proven
	ActionAdopt                                // it was placed at the venue by hand, or by another program
	ActionResolve                              // a person said what became of it
	ActionHalt                                 // of the account: it takes no intents any more
	ActionResume                               // of the account: it takes intents again
	ActionAnomaly                              // of the account: what must not happen, happened
	ActionBalance                              // of the account: the venue's balance differs from our books, which now follow it
	ActionEquity                               // of the account: what it is worth, for the limits on losses
	ActionReconcile                            // of the account: our books and the venue's agree
	orderActionEnd
)

var orderActionNames = []string{"-", "create", "deny", "journal", "send", "lose", "accept", "fill",
	"request_cancel", "cancel", "reject_cancel", "request_amend", "amend", "reject_amend", "reject", "expire",
	"hold", "release", "absent", "adopt", "resolve", "halt", "resume", "anomaly", "balance", "equity", "reconcile"}

// String returns the action in lower case with underscores.
func (a OrderAction) String() string { return enumName(orderActionNames, a) }

// OfAccount reports whether the action is about the account as a whole: its event changes no
// order, even where it names one.
func (a OrderAction) OfAccount() bool { return a >= ActionHalt && a < orderActionEnd }

// OrderActions returns every action, in order.
func OrderActions() []OrderAction {
	all := make([]OrderAction, 0, orderActionEnd)
	for a := ActionCreate; a < orderActionEnd; a++ {
		all = append(all, a)
	}
	return all
}

// OrderRequest is one of the requests that a gateway makes of a venue.
type OrderRequest uint8

const (
	RequestPlace OrderRequest = 1 + iota
	RequestCancel
	RequestAmend
)

var orderRequestNames = []string{"-", "place", "cancel", "amend"}

// String returns place, cancel, amend or "-".
func (r OrderRequest) String() string { return enumName(orderRequestNames, r) }

// Evidence is a set of places at the venue that were asked about an order and do not know it.
type Evidence uint8

const (
	EvidenceByID  Evidence = 1 << iota // asked for it by its id
	EvidenceOpen                       // it is not among the open orders
	EvidenceFills                      // no fill is of it
)

// EvidenceAll is what absence takes, once the venue can no longer accept the request.
const EvidenceAll = EvidenceByID | EvidenceOpen | EvidenceFills

// String returns the places joined by a |, or "-".
func (e Evidence) String() string {
	switch {
	case e == 0:
		return "-"
	case e > EvidenceAll:
		return fmt.Sprintf("unknown(%d)", uint8(e))
	}
	var s string
	for i, name := range []string{"id", "open_orders", "fills"} {
		if e&(1<<i) != 0 {
			if s != "" {
				s += "|"
			}
			s += name
		}
	}
	return s
}

// StrategyManual is the strategy under which orders stand that were placed at the venue by hand.
const StrategyManual StrategyName = "manual"

// OrderEvent is one step in the life of an order or of its account: what a gateway journals, and
// tells the strategy, the portfolio and whoever watches.
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
	Replaces      ClientOrderID // the order that an amendment made anew as this one
	Instrument    market.Instrument
	OrderTerms
	Contingency
	TickAt     market.Timestamp // the venue's clock of what led to the decision; zero if it gave none
	DecidedAt  market.Timestamp // message time of the decision: when what led to it was received
	ValidUntil market.Timestamp // from send on: after it the venue takes the request no more; zero: not known

	Action   OrderAction
	Status   OrderStatus  // after the action; of an account's event, OrderJournaled
	Reason   string       // why it was denied, rejected, canceled; a code and words
	Request  OrderRequest // of lose: which of our requests went unanswered
	Evidence Evidence     // of absent

	NewPrice     market.Price    // of request_amend: what was asked for, whole
	NewStopPrice market.Price    // of request_amend
	NewQuantity  market.Quantity // of request_amend

	ExecID           ExecID          // of a fill
	LastPrice        market.Price    // FIX 31, of a fill
	LastQuantity     market.Quantity // FIX 32, of a fill
	CumQuantity      market.Quantity // FIX 14
	LeavesQuantity   market.Quantity // FIX 151
	AveragePrice     market.Price    // FIX 6, rounded half-even to 18 digits
	Fee              market.Amount   // of this fill; above zero: paid
	FeeCurrency      string
	LastLiquidityAdd bool // the fill rested in the book; FIX 851=1

	Currency string        // of balance and equity
	Amount   market.Amount // of balance: the venue's less ours; of equity: the mark
}

// OfAccount reports whether the event is about the account as a whole and changes no order. In
// journals of the first version such events were notes under ActionJournal.
func (f OrderEventFields) OfAccount() bool { return f.Action.OfAccount() || f.Action == ActionJournal }

// NewOrderEvent checks f. It fails with ErrInvalid without account, instrument, action or
// status, for a fill without quantity, price and execution id, and for a balance or equity
// without a currency.
func NewOrderEvent(f OrderEventFields) (OrderEvent, error) {
	switch {
	case f.Account == "" || f.Instrument.IsZero():
		return OrderEvent{}, invalid(KindOrderEvent, "account %q %v", f.Account, f.Instrument)
	case f.Action == 0 || f.Action >= orderActionEnd || f.Status == 0 || f.Status >= orderStatusEnd:
		return OrderEvent{}, invalid(KindOrderEvent, "%s: action %v status %v", f.ClientOrderID, f.Action, f.Status)
	case f.Action == ActionFill && (f.LastQuantity.Sign() <= 0 || f.LastPrice.IsZero() || f.ExecID == ""):
		return OrderEvent{}, invalid(KindOrderEvent, "%s: fill %q of %v at %v", f.ClientOrderID, f.ExecID, f.LastQuantity, f.LastPrice)
	case (f.Action == ActionBalance || f.Action == ActionEquity) && f.Currency == "":
		return OrderEvent{}, invalid(KindOrderEvent, "%v of %v without a currency", f.Action, f.Amount)
	case f.Request > RequestAmend || f.Evidence > EvidenceAll:
		return OrderEvent{}, invalid(KindOrderEvent, "%s: request %v evidence %v", f.ClientOrderID, f.Request, f.Evidence)
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
	s := fmt.Sprintf("order #%d %v %v→%v %s %v %v cum=%v", f.Seq, o.Intent(), f.Action, f.Status, f.ClientOrderID,
		f.Instrument, f.OrderTerms, f.CumQuantity)
	switch f.Action {
	case ActionFill:
		s += fmt.Sprintf(" fill %s %v @ %v fee %v %s", f.ExecID, f.LastQuantity, f.LastPrice, f.Fee, f.FeeCurrency)
	case ActionRequestAmend:
		s += fmt.Sprintf(" to %v @ %v stop %v", f.NewQuantity, f.NewPrice, f.NewStopPrice)
	case ActionBalance, ActionEquity:
		s += fmt.Sprintf(" %v %s", f.Amount, f.Currency)
	case ActionAbsent:
		s += fmt.Sprintf(" asked %v", f.Evidence)
	}
	if f.Reason != "" {
		s += fmt.Sprintf(" %q", f.Reason)
	}
	return s + fmt.Sprintf(" at %v", f.Time)
}
