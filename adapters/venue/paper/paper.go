// Package paper is a venue that fills orders against the quotes of a real one. Nothing leaves
// the process.
//
// Core is pure: it reads no clock, and the same calls in the same order give the same reports.
// Venue puts the two calls of an order gateway and its answers around it. The package imports
// market and message.
//
// # How orders fill
//
// An order decided at t becomes active at t plus the latency and meets the first row of its
// instrument that is at or after that moment, is trusted, and knows the side it needs. A cancel
// takes effect after the same latency.
//
//   - A market order, and a limit order that crosses, takes the opposite touch at its price, up
//     to the size displayed there; what is left waits for the next row (taker).
//   - A limit order that met a touch it does not cross rests. It fills at its own price (maker) as far as
//     the opposite touch reaches its price later, and wholly when a trade prints beyond it.
//   - With a queue, it also fills while trades print at its price, once what stood in front of it is gone.
//     In front of it is what its own side showed at that price when it came, or when the touch first
//     came to its price; nothing, where it bettered the touch. What disappears from that level while the last
//     trade was at its price counts as traded, because rows do not tell sizes of trades: first what is in
//     front, then what is behind it fills. Without a queue a print at its price fills nothing.
//   - IOC takes what is there at the first row and cancels the rest; FOK takes all or cancels.
//   - A size is taken once: rows that repeat price and size of a touch show what is left of it.
//     Several orders take in the order in which they became active.
//   - A post-only order that would take at its first row is rejected, and a later one, whose
//     amendment made it cross, canceled.
//   - An amendment takes effect after the latency. A smaller quantity keeps the place in the queue;
//     another price, or more, is a new arrival.
//   - Untrusted rows fill nothing.
//
// The venue never moves the quotes it fills against. It keeps balances where the account is given some:
// fills move them, open orders lock them (a purchase its worst price and the taker's fee, a sale its
// quantity), and an order beyond what is free is rejected. Without any it states no balances and
// lets every order through.
package paper

import (
	"errors"
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Config says how the paper venue fills.
type Config struct {
	// Latency is the time from a decision to its effect at the venue, in message time; 0 to one
	// minute.
	Latency time.Duration

	// MakerFee and TakerFee are fractions of a fill's value: 0.001 is a tenth of a percent, below
	// zero a rebate. Each is above -0.1 and below 0.1. A fee is paid in quote currency and
	// rounded half-even at 18 decimals.
	MakerFee, TakerFee market.Decimal

	// OpenOrdersMax bounds the orders held; one beyond is rejected. 1 to 1,000,000.
	OpenOrdersMax int

	// Account is whose balances the venue states; needed only with Balances.
	Account message.AccountName

	// Balances are what the account begins with, by currency. Empty: none are kept and nothing is
	// held against orders. They count once: a gateway with a journal says what became of them.
	Balances map[string]market.Amount

	// Queue lets a resting order fill at its own price once what stood in front of it has traded.
	Queue bool
}

// DefaultConfig returns the configuration of a run that was not told better: 50 ms, and a tenth
// of a percent either way.
func DefaultConfig() Config {
	fee := market.MustDecimal("0.001")
	return Config{Latency: 50 * time.Millisecond, MakerFee: fee, TakerFee: fee, OpenOrdersMax: 10_000, Queue: true}
}

// ErrConfig is wrapped by every fault that Validate finds.
var ErrConfig = errors.New("invalid paper venue configuration")

// Validate returns every fault of c at once.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("paper: "+format+": %w", append(args, ErrConfig)...))
	}
	if c.Latency < 0 || c.Latency > time.Minute {
		fault("latency %v: want 0 to 1m", c.Latency)
	}
	most := market.MustDecimal("0.1")
	if !c.MakerFee.Abs().Less(most) {
		fault("maker_fee %v: want a fraction between -0.1 and 0.1 (0.001 is a tenth of a percent)", c.MakerFee)
	}
	if !c.TakerFee.Abs().Less(most) {
		fault("taker_fee %v: want a fraction between -0.1 and 0.1 (0.001 is a tenth of a percent)", c.TakerFee)
	}
	if c.OpenOrdersMax < 1 || c.OpenOrdersMax > 1_000_000 {
		fault("open_orders_max %d: want 1 to 1,000,000", c.OpenOrdersMax)
	}
	if len(c.Balances) > 0 && c.Account == "" {
		fault("balances without an account: name whose they are")
	}
	for currency, amount := range c.Balances {
		if currency == "" || amount.Sign() < 0 {
			fault("balance of %.20q %v: want a currency and zero or more", currency, amount)
		}
	}
	return errors.Join(faults...)
}
