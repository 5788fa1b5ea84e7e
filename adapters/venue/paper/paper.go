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
//     the opposite touch reaches its price later, and wholly when a trade prints beyond it. A print at its
//     price does not fill it: others may have stood in front.
//   - IOC takes what is there at the first row and cancels the rest; FOK takes all or cancels.
//   - A size is taken once: rows that repeat price and size of a touch show what is left of it.
//     Several orders take in the order in which they became active.
//   - Untrusted rows fill nothing.
//
// The venue holds no balances and never moves the quotes it fills against.
package paper

import (
	"errors"
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
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
}

// DefaultConfig returns the configuration of a run that was not told better: 50 ms, and a tenth
// of a percent either way.
func DefaultConfig() Config {
	fee := market.MustDecimal("0.001")
	return Config{Latency: 50 * time.Millisecond, MakerFee: fee, TakerFee: fee, OpenOrdersMax: 10_000}
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
	return errors.Join(faults...)
}
