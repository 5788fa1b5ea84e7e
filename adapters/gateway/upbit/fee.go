package upbit

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// How a fee becomes exact, and the same from both sources.
//
// The stream states the fee of each execution, but as a binary floating-point number: its example in
// the manual says 22.467660028283017 where 0.05 % of 0.001453 × 30925891.29839369 is
// 22.467660028283015785. GET /v1/order states exact decimals, but only the sum over an order's
// executions. What is exact in both is price, quantity, and that the fee is a rate with few decimals
// times price times quantity: the manual's order of 5.377594 at 1375 paid 3.697095875, which is 0.05 %
// to the last digit. So the rate is found by division and rounding to ratePlaces, proven by
// multiplying back, and the fee is price × quantity × rate. Where no rate proves itself (the venue
// rounded), the stream's execution is not believed but asked for, and the order's sum decides.

const (
	// ratePlaces is how many decimals a fee rate may have: 0.05 % has 4, 0.139 % has 5.
	ratePlaces = 7
	// doubleWithin is how far, relatively, the stream's number may lie from the truth: a few
	// roundings to 53 bits, each of 1.1e-16.
	doubleWithin = "0.0000000000001"
	// cutWithin is what cutting and rounding at the 18th decimal may cost one execution.
	cutWithin = "0.000000000000000001"
)

var (
	doubleTolerance = market.MustDecimal(doubleWithin)
	cutTolerance    = market.MustDecimal(cutWithin)
)

// streamFee returns the exact fee of an execution whose fee the stream gives as stated, and whether a
// rate proves it.
func streamFee(price market.Price, volume market.Quantity, stated market.Amount) (market.Amount, bool) {
	if stated.Sign() == 0 {
		return market.Amount{}, true
	}
	funds, err := market.Notional(price, volume)
	if err != nil || funds.Sign() <= 0 {
		return market.Amount{}, false
	}
	within, err := stated.MulRound(doubleTolerance)
	if err != nil {
		return market.Amount{}, false
	}
	within, err = within.Add(cutTolerance)
	if err != nil {
		return market.Amount{}, false
	}
	rate, ok := rateFor(funds, stated)
	if !ok {
		return market.Amount{}, false
	}
	fee, err := funds.MulRound(rate)
	return market.Amount{Decimal: fee}, err == nil && near(fee, stated.Decimal, within)
}

// rateFor returns the rate with ratePlaces decimals that comes nearest to fee of funds; ok is false
// if that is no fee rate.
func rateFor(funds, fee market.Amount) (market.Decimal, bool) {
	rate, err := fee.Quo(funds.Decimal)
	if err != nil {
		return market.Decimal{}, false
	}
	rate = rate.RoundPlaces(ratePlaces)
	return rate, rate.Sign() >= 0 && rate.Less(market.DecimalFromInt(1))
}

// mixed returns what it costs to pay the first rate for taken of total and the second for the rest; -1
// where that cannot be held.
func mixed(taken, total market.Decimal, rates []market.Decimal) market.Decimal {
	first, err := taken.MulRound(rates[0])
	if err == nil {
		taken, err = total.Sub(taken)
	}
	if err == nil {
		taken, err = taken.MulRound(rates[1])
	}
	if err == nil {
		first, err = first.Add(taken)
	}
	if err != nil {
		return market.DecimalFromInt(-1)
	}
	return first
}

func near(a, b, within market.Decimal) bool {
	d, err := a.Sub(b)
	return err == nil && !within.Less(d.Abs())
}

// orderFees returns the fee of each execution of an order that paid so much in all. known are fees that
// were told before, which stay as they are, and rates are those that the venue charges on that side,
// the taker's first. proven says that rates explain the sum exactly; if not, what is left of it is
// shared out in proportion, so that the sum is right whatever the shares are.
func orderFees(trades []trade, paid market.Amount, known map[message.ExecID]market.Amount, rates []market.Decimal) (fees []market.Amount, proven bool, err error) {
	fees = make([]market.Amount, len(trades))
	funds := make([]market.Decimal, len(trades))
	var open []int // the executions whose fee is to be found, in the order in which they happened
	left, total := paid.Decimal, market.Decimal{}
	for i, t := range trades {
		if fee, ok := known[t.id]; ok {
			fees[i] = fee
			if left, err = left.Sub(fee.Decimal); err != nil {
				return nil, false, err
			}
			continue
		}
		notional, err := market.Notional(t.price, t.volume)
		if err != nil {
			return nil, false, err
		}
		funds[i] = notional.Decimal
		if total, err = total.Add(funds[i]); err != nil {
			return nil, false, err
		}
		open = append(open, i)
	}
	if len(open) == 0 {
		return fees, true, nil
	}
	within, err := cutTolerance.Mul(market.DecimalFromInt(int64(len(trades)) + 1))
	if err != nil {
		return nil, false, err
	}
	// charge puts the fees at which the first n paid one rate and the others another.
	charge := func(n int, first, others market.Decimal) (bool, error) {
		sum := market.Decimal{}
		for k, i := range open {
			rate := first
			if k >= n {
				rate = others
			}
			fee, err := funds[i].MulRound(rate)
			if err != nil {
				return false, err
			}
			fees[i] = market.Amount{Decimal: fee}
			if sum, err = sum.Add(fee); err != nil {
				return false, err
			}
		}
		return near(sum, left, within), nil
	}
	if left.Sign() >= 0 && total.Sign() > 0 {
		for _, rate := range rates {
			if !near(mixed(total, total, []market.Decimal{rate, rate}), left, within) {
				continue
			}
			if ok, err := charge(len(open), rate, rate); ok || err != nil {
				return fees, ok, err
			}
		}
		if len(rates) == 2 && rates[0] != rates[1] {
			// An order first takes what is there, then rests and is taken.
			taken := market.Decimal{}
			for n := 1; n < len(open); n++ {
				if taken, err = taken.Add(funds[open[n-1]]); err != nil {
					return nil, false, err
				}
				if !near(mixed(taken, total, rates), left, within) {
					continue
				}
				if ok, err := charge(n, rates[0], rates[1]); ok || err != nil {
					return fees, ok, err
				}
			}
		}
		// A rate that is not known, such as a discount's. Of several executions it comes last: two rates
		// together can look like a third.
		if rate, ok := rateFor(market.Amount{Decimal: total}, market.Amount{Decimal: left}); ok {
			if ok, err := charge(len(open), rate, rate); ok || err != nil {
				return fees, ok, err
			}
		}
	}
	// No rate proves itself: the venue rounded, or charged several. Share in proportion.
	shared := market.Decimal{}
	for k, i := range open {
		var share market.Decimal
		if k < len(open)-1 && total.Sign() > 0 {
			if share, err = left.MulRound(funds[i]); err == nil {
				share, err = share.Quo(total)
			}
		} else {
			share, err = left.Sub(shared)
		}
		if err != nil {
			return nil, false, err
		}
		fees[i] = market.Amount{Decimal: share}
		if shared, err = shared.Add(share); err != nil {
			return nil, false, err
		}
	}
	return fees, len(open) == 1, nil
}
