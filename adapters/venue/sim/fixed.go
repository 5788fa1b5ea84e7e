package sim

import (
	"math/bits"

	"github.com/maru-trading/maru/actors/market"
)

// Fixed is a price or a quantity inside the exchange: a count of 1e-8, the step that Binance
// prints. It holds up to 92 billion.
type Fixed int64

const (
	fixedPlaces = 8
	fixedOne    = 100_000_000
)

// Decimal returns f as the exact decimal it is.
func (f Fixed) Decimal() market.Decimal {
	d, err := market.NewDecimal(int64(f), -fixedPlaces)
	if err != nil {
		panic(err) // any int64 with eight decimals fits
	}
	return d
}

// AppendTo appends f with eight decimals, as Binance prints prices and quantities.
func (f Fixed) AppendTo(dst []byte) []byte {
	n := uint64(f)
	if f < 0 {
		dst = append(dst, '-')
		n = -n
	}
	var digits [20]byte
	i := len(digits)
	for k := 0; n > 0 || k <= fixedPlaces; k++ {
		if k == fixedPlaces {
			i--
			digits[i] = '.'
		}
		i--
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return append(dst, digits[i:]...)
}

// String returns what AppendTo appends.
func (f Fixed) String() string { return string(f.AppendTo(nil)) }

// fixedOf returns d in Fixed; it must be one. Only the listings pass through here.
func fixedOf(d market.Decimal) Fixed {
	hi, lo := d.Raw()
	q, r := bits.Div64(uint64(hi), lo, 1e18/fixedOne)
	if hi < 0 || r != 0 || q >= 1<<63 {
		panic("sim: " + d.String() + " is no count of 1e-8")
	}
	return Fixed(q)
}

// ladder is a market.TickRule in Fixed: whole numbers, because a price is found for every order.
type ladder []struct{ from, size Fixed }

func ladderOf(rule market.TickRule) ladder {
	var l ladder
	for step := range rule.Steps() {
		l = append(l, struct{ from, size Fixed }{fixedOf(step.From.Decimal), fixedOf(step.Size.Decimal)})
	}
	return l
}

// band returns the index of the band that holds p.
func (l ladder) band(p Fixed) int {
	i := len(l) - 1
	for i > 0 && p < l[i].from {
		i--
	}
	return i
}

// size returns the tick size at p.
func (l ladder) size(p Fixed) Fixed { return l[l.band(p)].size }

// floor returns the highest valid price that is not above p, at least the smallest tick.
func (l ladder) floor(p Fixed) Fixed {
	for i := l.band(p); ; i-- {
		f := p / l[i].size * l[i].size
		if i == 0 {
			return max(f, l[0].size)
		}
		if f >= l[i].from {
			return f
		}
		p = l[i].from - 1
	}
}

// next returns the lowest valid price above p.
func (l ladder) next(p Fixed) Fixed {
	for i := l.band(p); ; i++ {
		n := (p/l[i].size + 1) * l[i].size
		if i+1 == len(l) || n < l[i+1].from {
			return n
		}
		// The next band's lower edge is the first candidate.
		p = l[i+1].from - 1
		if n := (p/l[i+1].size + 1) * l[i+1].size; i+2 == len(l) || n < l[i+2].from {
			return n
		}
	}
}

// prev returns the highest valid price below p, at least the smallest tick.
func (l ladder) prev(p Fixed) Fixed { return l.floor(p - 1) }

// ceil returns the lowest valid price that is not below p.
func (l ladder) ceil(p Fixed) Fixed { return l.next(p - 1) }
