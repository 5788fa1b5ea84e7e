// Package strategy turns changes of class into order intents.
//
// Core is the first built-in strategy, and a pure machine: it reads no clock, and the same inputs
// in the same order give the same intents with the same numbers. It knows its own position and
// its working orders from order events alone, so feeding it a journal's events from the first
// one brings it to where it was. It counts an order as working from the intent on.
//
// The package imports market and message. The actor's shell calls it.
package strategy

import (
	"errors"
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Config is one strategy: which engine it listens to, for which account it decides, and its rules.
type Config struct {
	// Name is the strategy's, unique in a runtime: intents are numbered under it.
	Name message.StrategyName

	// Engine is the classifier's engine whose changes count; others are ignored.
	Engine message.EngineName

	// Account is the account that orders go to.
	Account message.AccountName

	// Rules are tried in order; the first that matches a change decides. At least one.
	Rules []Rule

	// Cooldown is how long after an intent no other follows in the same instrument, in message
	// time. Rules that close a position do not wait. 0 to 7 days.
	Cooldown time.Duration

	// PositionMaxQuantity bounds, in base, what one instrument's position could come to if all
	// working orders filled, long or short. An order is cut to what fits, down to the lot. Zero
	// is no bound.
	PositionMaxQuantity market.Quantity

	// PositionMaxNotional is the same bound in quote currency, at the price of the decision. Zero
	// is no bound.
	PositionMaxNotional market.Amount

	// OnlyTrusted leaves changes alone whose data may be wrong. DefaultConfig sets it, and the
	// order gateway denies orders on such data in any case.
	OnlyTrusted bool
}

// Rule says what a change of class leads to. A rule orders a fixed Quantity, the worth of
// Notional, or closes the position: exactly one of the three.
//
// A rule that matches also cancels the strategy's working orders of that instrument: they came
// from a judgement that no longer holds.
type Rule struct {
	From message.ClassName // class before; empty: any, and none
	To   message.ClassName // class after

	Side market.Side // of the order; not given with Close, where the position says it

	Type        market.OrderType
	TimeInForce market.TimeInForce

	// Quantity is in base, floored to the lot size.
	Quantity market.Quantity

	// Notional is in quote currency. It is divided by the limit price, or for market orders by
	// the opposite touch, and floored to the lot size, so the order is never worth more.
	Notional market.Amount

	// OffsetBps places a limit order, in hundredths of a percent from the touch on its own side:
	// a buy at bid × (1 - OffsetBps/10000), a sell at ask × (1 + OffsetBps/10000), then moved away
	// from the market to the tick grid. Above zero waits behind the touch; below zero pays up,
	// and may cross. -5,000 to 5,000.
	OffsetBps int

	// Close sells what the strategy holds, or buys back what it is short, as far as no working
	// order does so already. Until another rule matches it also closes what still fills of orders
	// that could not be canceled in time, with the prices of the change of class.
	Close bool
}

// DefaultConfig returns what a strategy has that is not told better: only trusted data count.
func DefaultConfig() Config { return Config{OnlyTrusted: true} }

// ErrConfig is wrapped by every fault that Validate finds.
var ErrConfig = errors.New("invalid strategy configuration")

const (
	cooldownMax = 7 * 24 * time.Hour
	offsetMax   = 5000 // half the price, in basis points
)

// Validate returns every fault of c at once, each saying which field, what was found and what is
// wanted.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("strategy %s: "+format+": %w", append(append([]any{c.Name}, args...), ErrConfig)...))
	}
	if c.Name == "" {
		fault("name is empty")
	}
	if c.Engine == "" {
		fault("engine is empty: name the classifier engine to listen to")
	}
	if c.Account == "" {
		fault("account is empty: name the account to order for")
	}
	if c.Cooldown < 0 || c.Cooldown > cooldownMax {
		fault("cooldown %v: want 0 to %v", c.Cooldown, cooldownMax)
	}
	if c.PositionMaxQuantity.Sign() < 0 {
		fault("position_max_quantity %v: want 0 (no bound) or more", c.PositionMaxQuantity)
	}
	if c.PositionMaxNotional.Sign() < 0 {
		fault("position_max_notional %v: want 0 (no bound) or more", c.PositionMaxNotional)
	}
	if len(c.Rules) == 0 {
		fault("no rules: at least one is needed")
	}
	for i, r := range c.Rules {
		for _, what := range r.faults() {
			fault("rule %d: %s", i+1, what)
		}
	}
	return errors.Join(faults...)
}

// faults returns what is wrong with a rule, in words.
func (r Rule) faults() (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if r.To == "" {
		fault("to is empty: name the class that the rule waits for")
	} else if r.From == r.To {
		fault("from and to are both %q: a change has two classes", r.To)
	}
	if r.Type != market.Market && r.Type != market.Limit {
		fault("type %v: want market or limit", r.Type)
	}
	if r.TimeInForce < market.GTC || r.TimeInForce > market.FOK {
		fault("time_in_force %v: want gtc, ioc or fok", r.TimeInForce)
	}
	if r.OffsetBps < -offsetMax || r.OffsetBps > offsetMax {
		fault("offset_bps %d: want %d to %d", r.OffsetBps, -offsetMax, offsetMax)
	}
	if r.Type == market.Market && r.OffsetBps != 0 {
		fault("offset_bps %d: a market order has no price to move", r.OffsetBps)
	}
	if r.Quantity.Sign() < 0 || r.Notional.Sign() < 0 {
		fault("quantity %v, notional %v: must not be negative", r.Quantity, r.Notional)
	}
	given := 0
	for _, is := range []bool{r.Quantity.Sign() > 0, r.Notional.Sign() > 0, r.Close} {
		if is {
			given++
		}
	}
	if given != 1 {
		fault("want exactly one of quantity, notional and close, not %d", given)
	}
	switch {
	case r.Close && r.Side != 0:
		fault("side %v: a rule that closes takes the side from the position", r.Side)
	case !r.Close && r.Side != market.Buy && r.Side != market.Sell:
		fault("side %v: want buy or sell", r.Side)
	}
	return faults
}
