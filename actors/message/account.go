package message

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
)

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

// Balance is what a venue says an account has of one currency, or of one security.
type Balance struct{ f BalanceFields }

// BalanceFields is what a Balance holds.
type BalanceFields struct {
	Time     market.Timestamp // the venue's; zero if it gives none
	Account  AccountName
	Currency string
	Free     market.Amount // may be used for new orders
	Locked   market.Amount // held by open orders
}

// NewBalance checks f. It fails with ErrInvalid without account and currency.
func NewBalance(f BalanceFields) (Balance, error) {
	if f.Account == "" || f.Currency == "" {
		return Balance{}, invalid(KindBalance, "account %q currency %q", f.Account, f.Currency)
	}
	return Balance{f}, nil
}

// Kind is KindBalance.
func (b Balance) Kind() Kind { return KindBalance }

// Fields returns a copy of what b holds.
func (b Balance) Fields() BalanceFields { return b.f }

func (b Balance) String() string {
	return fmt.Sprintf("balance %s %s free=%v locked=%v at %v", b.f.Account, b.f.Currency, b.f.Free, b.f.Locked, b.f.Time)
}
