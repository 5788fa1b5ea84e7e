package upbit

import "github.com/maru-trading/maru/actors/market"

// The stream states prices and quantities as binary floating-point numbers (websocket-myorder: type
// Double), printed with as few digits as give the same number again. Upbit's quantities have at most 8
// decimals. Below 2^26 doubles lie closer together than 1e-8, so that different multiples of 1e-8 are
// different doubles and the printed number is the true one; from there on, as with 23456789012.12345678
// of a coin that costs less than a won, last digits may be lost, and the true number has to be asked for.
var (
	exactBelow      = market.DecimalFromInt(1 << 26)
	exactWholeBelow = market.DecimalFromInt(1 << 53)
)

const exactPlaces = 8

// exact reports whether a number of the stream is sure to be the true one. Prices from exactBelow on
// are whole: Upbit's steps are 1,000 won there.
func exact(d market.Decimal, price bool) bool {
	if d.Places() > exactPlaces {
		return false
	}
	if d.Less(exactBelow) {
		return true
	}
	return price && d.Places() == 0 && d.Less(exactWholeBelow)
}
