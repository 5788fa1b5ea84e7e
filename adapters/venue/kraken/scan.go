package kraken

import (
	"bytes"

	"github.com/maru-trading/maru/actors/market"
)

// scanLevels reads a list of levels of version 2 that is written as Kraken writes it: no space,
// price before qty, plain numbers. It is all of the decoder's inner loop: a general reader takes
// twice as long. list must be valid JSON. false means that it is written otherwise, or holds what
// must be refused, and readLevels2 has to read it; dst is then as it was.
func scanLevels(dst []level, list []byte) ([]level, bool) {
	if len(list) < 2 || list[0] != '[' {
		return dst, false
	}
	out, rest := dst, list[1:]
	if rest[0] == ']' {
		return out, len(rest) == 1
	}
	for {
		var l level
		var ok bool
		if rest, ok = bytes.CutPrefix(rest, priceKey); !ok {
			return dst, false
		}
		if l.Price.Decimal, l.price, rest, ok = scanNumber(rest); !ok || l.price.digits == 0 {
			return dst, false
		}
		if rest, ok = bytes.CutPrefix(rest, quantityKey); !ok {
			return dst, false
		}
		if l.Quantity.Decimal, l.quantity, rest, ok = scanNumber(rest); !ok {
			return dst, false
		}
		out = append(out, l)
		switch {
		case len(rest) == 2 && rest[0] == '}' && rest[1] == ']':
			return out, true
		case len(rest) > 2 && rest[0] == '}' && rest[1] == ',':
			rest = rest[2:]
		default:
			return dst, false
		}
	}
}

var priceKey, quantityKey = []byte(`{"price":`), []byte(`,"qty":`)

// scanNumber reads digits with at most one point among them, and returns what follows; false if
// there are more of them than an int64 holds or a Decimal has places.
func scanNumber(from []byte) (d market.Decimal, t text, rest []byte, ok bool) {
	const digitsMax = 18
	n, point, i := uint64(0), -1, 0
	for ; i < len(from); i++ {
		c := from[i]
		if isDigit(c) {
			n = n*10 + uint64(c-'0')
		} else if c == '.' && point < 0 {
			point = i
		} else {
			break
		}
	}
	places, digits := 0, i
	if point >= 0 {
		places, digits = i-point-1, i-1
	}
	if digits == 0 || digits > digitsMax {
		return d, t, nil, false
	}
	d, err := market.NewDecimal(int64(n), -places)
	return d, text{digits: n, places: uint8(places)}, from[i:], err == nil
}
