package portfolio

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/maru-trading/maru/actors/market"
)

// Product returns a × b, exact where 18 decimals hold it, else rounded half-even and inexact. It
// fails with market.ErrRange.
func Product(a, b market.Decimal) (p market.Decimal, inexact bool, err error) {
	p, err = a.Mul(b)
	if errors.Is(err, market.ErrPrecision) {
		p, err = a.MulRound(b)
		inexact = true
	}
	return p, inexact, err
}

// mulDiv returns a × b ÷ c, rounded once, half-even, to 18 decimals. The product may be beyond a
// Decimal's range: a cost in won times a count of a coin that is worth a hundredth of one is.
// It fails with market.ErrDivideByZero or market.ErrRange.
func mulDiv(a, b, c market.Decimal) (market.Decimal, error) {
	if c.IsZero() {
		return market.Decimal{}, fmt.Errorf("portfolio: %v * %v / %v: %w", a, b, c, market.ErrDivideByZero)
	}
	n := new(big.Int).Mul(toBig(a), toBig(b))
	d := toBig(c)
	negative := n.Sign()*d.Sign() < 0
	n.Abs(n)
	d.Abs(d)
	q, r := new(big.Int).QuoRem(n, d, new(big.Int))
	r.Lsh(r, 1)
	if half := r.Cmp(d); half > 0 || half == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	if q.BitLen() > 127 {
		return market.Decimal{}, fmt.Errorf("portfolio: %v * %v / %v: %w", a, b, c, market.ErrRange)
	}
	lo := new(big.Int).And(q, mask64).Uint64()
	hi := new(big.Int).Rsh(q, 64).Uint64()
	v := market.DecimalFromRaw(int64(hi), lo)
	if negative {
		v = v.Neg()
	}
	return v, nil
}

var mask64 = new(big.Int).SetUint64(1<<64 - 1)

func toBig(d market.Decimal) *big.Int {
	hi, lo := d.Raw()
	v := big.NewInt(hi)
	v.Lsh(v, 64)
	return v.Add(v, new(big.Int).SetUint64(lo))
}
