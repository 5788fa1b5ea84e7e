package kraken

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// read reads a level of two plain numbers, each in one pass for both its value and how it was
// written; it is what takes most of the decoder's time on large books. false means that one is
// written otherwise, or must be refused, and readLevel has to read them.
func (l *level) read(price, quantity venue.Token) (ok bool) {
	if l.Price.Decimal, l.price, ok = plainNumber(price.Text); !ok || l.price.digits == 0 {
		return false
	}
	l.Quantity.Decimal, l.quantity, ok = plainNumber(quantity.Text)
	return ok
}

// plainNumber reads digits with at most one point among them; false if there is anything else, or
// if there are more of them than an int64 holds or a Decimal has places.
func plainNumber(from []byte) (d market.Decimal, t text, ok bool) {
	const digitsMax = 18
	n, point := uint64(0), -1
	for i, c := range from {
		if isDigit(c) {
			n = n*10 + uint64(c-'0')
		} else if c == '.' && point < 0 {
			point = i
		} else {
			return d, t, false
		}
	}
	places, digits := 0, len(from)
	if point >= 0 {
		places, digits = digits-point-1, digits-1
	}
	if digits == 0 || digits > digitsMax {
		return d, t, false
	}
	d, err := market.NewDecimal(int64(n), -places)
	return d, text{digits: n, places: uint8(places)}, err == nil
}
