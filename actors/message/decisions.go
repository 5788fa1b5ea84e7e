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
	Origin  // of the event that led here: the decision's time is Origin.Time()
	ID      IntentID
	Account AccountName
	OrderTerms
	Contingency
	Reason string // why, for people: "spread: wide → tight"
}

// NewOrderIntent checks f. It fails with ErrInvalid unless instrument, id and account are there
// and the terms are sound (OrderTerms.Fault); a parent must be an earlier intent.
func NewOrderIntent(f OrderIntentFields) (OrderIntent, error) {
	if f.Instrument.IsZero() || f.ID.Strategy == "" || f.ID.Seq == 0 || f.Account == "" {
		return OrderIntent{}, invalid(KindOrderIntent, "%v id %v account %q", f.Instrument, f.ID, f.Account)
	}
	if fault := f.Fault(); fault != "" {
		return OrderIntent{}, invalid(KindOrderIntent, "%v: %s", f.ID, fault)
	}
	if f.Parent >= f.ID.Seq {
		return OrderIntent{}, invalid(KindOrderIntent, "%v: parent %d is no earlier intent", f.ID, f.Parent)
	}
	return OrderIntent{f}, nil
}

// Kind is KindOrderIntent.
func (o OrderIntent) Kind() Kind { return KindOrderIntent }

// Fields returns a copy of what o holds.
func (o OrderIntent) Fields() OrderIntentFields { return o.f }

func (o OrderIntent) String() string {
	return fmt.Sprintf("intent %v %s %v %v %q at %v", o.f.ID, o.f.Account, o.f.Instrument, o.f.OrderTerms, o.f.Reason, o.f.Time())
}

// CancelIntent asks to cancel the order that an intent became, all orders of a strategy, or all of
// an account (FIX 35=F, 35=q).
type CancelIntent struct{ f CancelIntentFields }

// CancelIntentFields is what a CancelIntent holds.
type CancelIntentFields struct {
	ID         IntentID          // the intent whose order is to be canceled; without Seq all of the strategy, empty all of the account
	Instrument market.Instrument // zero, or: only orders of it
	Account    AccountName
	Time       market.Timestamp // message time of the decision
	Reason     string
}

// NewCancelIntent checks f. It fails with ErrInvalid without account, and for a number without a
// strategy.
func NewCancelIntent(f CancelIntentFields) (CancelIntent, error) {
	if f.Account == "" || f.ID.Strategy == "" && f.ID.Seq != 0 {
		return CancelIntent{}, invalid(KindCancelIntent, "id %v account %q", f.ID, f.Account)
	}
	return CancelIntent{f}, nil
}

// Kind is KindCancelIntent.
func (c CancelIntent) Kind() Kind { return KindCancelIntent }

// Fields returns a copy of what c holds.
func (c CancelIntent) Fields() CancelIntentFields { return c.f }

func (c CancelIntent) String() string {
	what := c.f.ID.String()
	switch {
	case c.f.ID.Strategy == "":
		what = "all"
	case c.f.ID.Seq == 0:
		what = "all of " + string(c.f.ID.Strategy)
	}
	return fmt.Sprintf("cancel %s %s %v %q at %v", what, c.f.Account, c.f.Instrument, c.f.Reason, c.f.Time)
}

// AmendIntent asks to change an open order (FIX 35=G). Where the venue cannot do that under the
// order's id, the gateway cancels it and makes a new order of what is left, which then is this
// intent's order.
type AmendIntent struct{ f AmendIntentFields }

// AmendIntentFields is what an AmendIntent holds. A price or quantity of zero stays as it is.
type AmendIntentFields struct {
	ID        IntentID // the amendment's own: it counts among the strategy's intents
	OrderSeq  uint64   // the intent of the same strategy whose order is to be changed
	Account   AccountName
	Time      market.Timestamp // message time of the decision
	Price     market.Price
	StopPrice market.Price
	Quantity  market.Quantity // the new whole quantity, what was filled included (FIX 38)
	Reason    string
}

// NewAmendIntent checks f. It fails with ErrInvalid without id, order and account, for an order
// that is no earlier intent, below zero, or where nothing is to change.
func NewAmendIntent(f AmendIntentFields) (AmendIntent, error) {
	switch {
	case f.ID.Strategy == "" || f.ID.Seq == 0 || f.Account == "" || f.OrderSeq == 0 || f.OrderSeq >= f.ID.Seq:
		return AmendIntent{}, invalid(KindAmendIntent, "id %v of order %d account %q", f.ID, f.OrderSeq, f.Account)
	case f.Price.Sign() < 0 || f.StopPrice.Sign() < 0 || f.Quantity.Sign() < 0:
		return AmendIntent{}, invalid(KindAmendIntent, "%v: price %v stop price %v quantity %v", f.ID, f.Price, f.StopPrice, f.Quantity)
	case f.Price.IsZero() && f.StopPrice.IsZero() && f.Quantity.IsZero():
		return AmendIntent{}, invalid(KindAmendIntent, "%v: nothing is to change", f.ID)
	}
	return AmendIntent{f}, nil
}

// Kind is KindAmendIntent.
func (a AmendIntent) Kind() Kind { return KindAmendIntent }

// Fields returns a copy of what a holds.
func (a AmendIntent) Fields() AmendIntentFields { return a.f }

func (a AmendIntent) String() string {
	return fmt.Sprintf("amend %v order %d %s quantity %v @ %v stop %v %q at %v", a.f.ID, a.f.OrderSeq, a.f.Account,
		a.f.Quantity, a.f.Price, a.f.StopPrice, a.f.Reason, a.f.Time)
}
