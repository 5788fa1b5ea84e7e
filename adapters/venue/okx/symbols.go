package okx

import (
	"strings"

	"github.com/maru-trading/maru/actors/market"
)

// canonical turns an instId into an instrument's name. A perpetual is a SWAP to OKX:
// BTC-USDT-SWAP becomes BTC-USDT-PERP. Spot (BTC-USDT), dated futures (BTC-USD-210924) and
// options (BTC-USD-210924-42000-P) are named alike. Spreads, which join two of these, are none.
func canonical(symbol string) (string, bool) {
	parts := strings.Split(symbol, "-")
	for _, part := range parts {
		if part == "" {
			return "", false
		}
	}
	switch len(parts) {
	case 2:
		return symbol, true
	case 3:
		if parts[2] == "SWAP" {
			return parts[0] + "-" + parts[1] + "-PERP", true
		}
		return symbol, isExpiry(parts[2])
	case 5:
		return symbol, isExpiry(parts[2]) && (parts[4] == "C" || parts[4] == "P")
	}
	return "", false
}

// isExpiry reports whether s looks like YYMMDD.
func isExpiry(s string) bool {
	if len(s) != len("YYMMDD") {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// Symbol returns OKX's name of an instrument, by the rule.
func Symbol(i market.Instrument) string {
	if pair, ok := strings.CutSuffix(i.Name(), "-PERP"); ok {
		return pair + "-SWAP"
	}
	return i.Name()
}
