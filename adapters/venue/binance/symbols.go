package binance

import "strings"

// quotes are the assets that pairs are quoted in, for splitting symbols that no listing names:
// those of the recorded list of 2021-10-12 and those added since. The longest that fits wins,
// since some end in others: BTCBUSD is BTC and BUSD, not BTCB and USD.
//
// USD is quoted on Binance.US and in COIN-M futures only. There BUSD and TUSD can mean B or T
// before USD (DOTUSD); futures are told by their suffix, Binance.US needs its listings. AEUR is left
// out, or ADAEUR would be AD and AEUR: it was hardly ever a quote.
var quotes = []string{
	"USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USDP", "USDS", "USD1", "RLUSD", "PAX", "DAI", "UST", "VAI", "EURI", "USD",
	"BTC", "ETH", "BNB", "XRP", "TRX", "DOGE", "DOT", "SOL",
	"TRY", "EUR", "BRL", "AUD", "GBP", "RUB", "UAH", "ZAR", "NGN", "PLN", "RON", "ARS", "MXN", "CZK", "COP", "JPY", "KRW",
	"BIDR", "IDRT", "BKRW", "BVND", "GYEN",
}

// canonical turns a symbol into an instrument's name: BTCUSDT into BTC-USDT, BTCUSD_PERP into
// BTC-USD-PERP, BTCUSDT_210625 into BTC-USDT-210625.
func canonical(symbol string) (string, bool) {
	pair, suffix, future := strings.Cut(symbol, "_")
	if !future {
		best := ""
		for _, q := range quotes {
			if len(q) > len(best) && len(q) < len(pair) && strings.HasSuffix(pair, q) {
				best = q
			}
		}
		return strings.TrimSuffix(pair, best) + "-" + best, best != ""
	}
	if suffix != "PERP" && !sixDigits(suffix) {
		return "", false
	}
	// Perpetuals with a suffix are COIN-M, quoted in USD; dated futures are either.
	for _, q := range []string{"USDT", "USDC", "USD"} {
		if base, ok := strings.CutSuffix(pair, q); ok && base != "" && (suffix != "PERP" || q == "USD") {
			return base + "-" + q + "-" + suffix, true
		}
	}
	return "", false
}

// sixDigits reports whether s looks like an expiry, YYMMDD.
func sixDigits(s string) bool {
	if len(s) != 6 {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// symbolFor is the reverse of canonical.
func symbolFor(name string) string {
	base, rest, _ := strings.Cut(name, "-")
	quote, suffix, future := strings.Cut(rest, "-")
	if future {
		return base + quote + "_" + suffix
	}
	return base + quote
}

// find returns the number of a symbol in whatever case.
func (p *Protocol) find(symbol []byte) (int, error) {
	p.upper = p.upper[:0]
	for _, c := range symbol {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		p.upper = append(p.upper, c)
	}
	return p.symbols.Find(p.upper)
}
