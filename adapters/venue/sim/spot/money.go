package spot

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// Amounts are market.Decimal and exact. Prices and quantities are sim.Fixed. Lots are coarse
// (sim.Config.CoarseLots), so every notional is a whole count of 1e-8.

// step is the least amount of any asset.
var step = market.MustDecimal("0.00000001")

// The bounds that keep every sum inside the range of a Decimal, 1.7e20.
var (
	balanceMax  = market.DecimalFromInt(1_000_000_000_000_000_000) // of one asset of one account at the start: 1e18
	priceMax    = sim.Fixed(1_000_000_000_00000000)                // 1e9
	quantityMax = sim.Fixed(100_000_000_00000000)                  // 1e8
	restingMax  = sim.Fixed(20_000_000_000_00000000)               // of all client orders of an instrument: 2e10
)

func add(a, b market.Decimal) market.Decimal {
	s, err := a.Add(b)
	if err != nil {
		panic("spot: " + err.Error()) // amounts are bounded by balanceMax, priceMax and quantityMax
	}
	return s
}

func sub(a, b market.Decimal) market.Decimal { return add(a, b.Neg()) }

// notional returns price × quantity; at most priceMax × quantityMax.
func notional(price, quantity sim.Fixed) market.Decimal {
	d, err := price.Decimal().Mul(quantity.Decimal())
	if err != nil {
		panic("spot: " + err.Error()) // 16 decimals at most, and bounded
	}
	return d
}

// commission returns rate × amount, cut to a whole count of 1e-8. (How Binance rounds is not
// documented.)
func commission(rate, amount market.Decimal) market.Decimal {
	d, err := amount.MulRound(rate)
	if err != nil {
		panic("spot: " + err.Error()) // the rate is below 1
	}
	d, err = d.FloorTo(step)
	if err != nil {
		panic("spot: " + err.Error())
	}
	return d
}

// quantityFor returns the most of an instrument, in whole lots, that an amount of quote pays for at
// price.
func quantityFor(amount market.Decimal, price, lot sim.Fixed) sim.Fixed {
	q, err := amount.Quo(price.Decimal())
	if err != nil || !q.Less(quantityMax.Decimal()) {
		return quantityMax / lot * lot
	}
	q, err = q.FloorTo(step)
	if err != nil {
		return 0
	}
	f, ok := sim.ParseFixed(q)
	if !ok {
		return 0
	}
	f = f / lot * lot
	// Quo rounds to 18 decimals, upward too: never pay more than there is.
	for f > 0 && amount.Less(notional(price, f)) {
		f -= lot
	}
	return f
}
