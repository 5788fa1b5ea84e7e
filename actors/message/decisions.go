package message

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
)

// EngineName is a classifier's engine, as the configuration names it. Names have types of their
// own so that they cannot be mixed up.
type EngineName string

// StrategyName is a strategy, as the configuration names it.
type StrategyName string

// AccountName is an account, as the configuration names it.
type AccountName string

// ClassName is what an engine calls an instrument; empty: not judged yet.
type ClassName string

// Classified says that an engine judges an instrument differently from before.
type Classified struct{ f ClassifiedFields }

// ClassifiedFields is what a Classified holds.
type ClassifiedFields struct {
	Origin  // of the event that made the difference
	Engine  EngineName
	Version string
	From    ClassName // empty the first time
	To      ClassName
	Quote   Quote // prices at that moment
	Trusted bool
	Reason  string // the criterion and the figures that decided, in words
}

// NewClassified checks f. It fails with ErrInvalid without instrument, engine and class, or
// where nothing changed.
func NewClassified(f ClassifiedFields) (Classified, error) {
	if f.Instrument.IsZero() || f.Engine == "" || f.To == "" || f.From == f.To {
		return Classified{}, invalid(KindClassified, "%v engine %q from %q to %q", f.Instrument, f.Engine, f.From, f.To)
	}
	return Classified{f}, nil
}

// Kind is KindClassified.
func (c Classified) Kind() Kind { return KindClassified }

// Fields returns a copy of what c holds.
func (c Classified) Fields() ClassifiedFields { return c.f }

func (c Classified) String() string {
	return fmt.Sprintf("classified %v by %s %q → %q trusted=%t %q at %v", c.f.Instrument, c.f.Engine, c.f.From, c.f.To, c.f.Trusted, c.f.Reason, c.f.Time())
}

// IntentID names an intent: its strategy and a number that the strategy counts from 1.
type IntentID struct {
	Strategy StrategyName
	Seq      uint64
}

func (i IntentID) String() string { return fmt.Sprintf("%s/%d", i.Strategy, i.Seq) }

// OrderIntent is what a decision asks for. It becomes an order only if the gateway lets it.
type OrderIntent struct{ f OrderIntentFields }

// OrderIntentFields is what an OrderIntent holds.
type OrderIntentFields struct {
	Origin      // of the event that led here: the decision's time is Origin.Time()
	ID          IntentID
	Account     AccountName
	Side        market.Side
	Type        market.OrderType
	TimeInForce market.TimeInForce
	Price       market.Price // zero for market orders
	Quantity    market.Quantity
	Reason      string // why, for people: "spread: wide → tight"
}

// NewOrderIntent checks f. It fails with ErrInvalid unless instrument, id, account, side, type,
// time in force and a quantity above zero are there, and a price exactly for limit orders.
func NewOrderIntent(f OrderIntentFields) (OrderIntent, error) {
	switch {
	case f.Instrument.IsZero() || f.ID.Strategy == "" || f.ID.Seq == 0 || f.Account == "":
		return OrderIntent{}, invalid(KindOrderIntent, "%v id %v account %q", f.Instrument, f.ID, f.Account)
	case f.Side != market.Buy && f.Side != market.Sell:
		return OrderIntent{}, invalid(KindOrderIntent, "%v: side %v", f.ID, f.Side)
	case f.Type != market.Market && f.Type != market.Limit:
		return OrderIntent{}, invalid(KindOrderIntent, "%v: order type %v", f.ID, f.Type)
	case f.TimeInForce < market.GTC || f.TimeInForce > market.FOK:
		return OrderIntent{}, invalid(KindOrderIntent, "%v: time in force %v", f.ID, f.TimeInForce)
	case f.Quantity.Sign() <= 0:
		return OrderIntent{}, invalid(KindOrderIntent, "%v: quantity %v", f.ID, f.Quantity)
	case (f.Type == market.Limit) != (f.Price.Sign() > 0):
		return OrderIntent{}, invalid(KindOrderIntent, "%v: %v order with price %v", f.ID, f.Type, f.Price)
	}
	return OrderIntent{f}, nil
}

// Kind is KindOrderIntent.
func (o OrderIntent) Kind() Kind { return KindOrderIntent }

// Fields returns a copy of what o holds.
func (o OrderIntent) Fields() OrderIntentFields { return o.f }

func (o OrderIntent) String() string {
	return fmt.Sprintf("intent %v %s %v %v %v %v %v @ %v %q at %v", o.f.ID, o.f.Account, o.f.Instrument, o.f.Side,
		o.f.Type, o.f.TimeInForce, o.f.Quantity, o.f.Price, o.f.Reason, o.f.Time())
}

// CancelIntent asks to cancel the order that an intent became.
type CancelIntent struct{ f CancelIntentFields }

// CancelIntentFields is what a CancelIntent holds.
type CancelIntentFields struct {
	ID      IntentID // the intent whose order is to be canceled
	Account AccountName
	Time    market.Timestamp // message time of the decision
	Reason  string
}

// NewCancelIntent checks f. It fails with ErrInvalid without id and account.
func NewCancelIntent(f CancelIntentFields) (CancelIntent, error) {
	if f.ID.Strategy == "" || f.ID.Seq == 0 || f.Account == "" {
		return CancelIntent{}, invalid(KindCancelIntent, "id %v account %q", f.ID, f.Account)
	}
	return CancelIntent{f}, nil
}

// Kind is KindCancelIntent.
func (c CancelIntent) Kind() Kind { return KindCancelIntent }

// Fields returns a copy of what c holds.
func (c CancelIntent) Fields() CancelIntentFields { return c.f }

func (c CancelIntent) String() string {
	return fmt.Sprintf("cancel %v %s %q at %v", c.f.ID, c.f.Account, c.f.Reason, c.f.Time)
}
