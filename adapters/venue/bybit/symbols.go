package bybit

import (
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// quotes are the assets that pairs are quoted in, for splitting symbols that no listing names. The
// longest that fits wins.
var quotes = []string{
	"USDT", "USDC", "USDE", "USDQ", "USDR", "USD1", "RLUSD", "USDTB", "DAI", "BTC", "ETH", "SOL", "MNT", "BIT", "BRZ",
	"EUR", "EURI", "EURQ", "EURR", "GBP", "BRL", "PLN", "TRY", "AED", "ARS", "KZT", "MXN", "JPY",
}

// pair turns a symbol of spot into an instrument's name: BTCUSDT into BTC-USDT. Symbols that can
// only be contracts are named as those: BTCPERP, BTCUSD, BTC-26DEC25.
func pair(symbol string) (string, bool) {
	best := ""
	for _, q := range quotes {
		if len(q) > len(best) && len(q) < len(symbol) && strings.HasSuffix(symbol, q) {
			best = q
		}
	}
	if best == "" || strings.Contains(symbol, "-") {
		return contract(symbol)
	}
	return strings.TrimSuffix(symbol, best) + "-" + best, true
}

// contract turns a symbol of a contract into an instrument's name:
//
//	BTCUSDT, BTCUSD       BTC-USDT-PERP, BTC-USD-PERP
//	BTCPERP               BTC-USDC-PERP
//	BTCUSDH25             BTC-USD-250328, on the last Friday of the month
//	BTC-26DEC25           BTC-USDC-251226
//	BTCUSDT-26DEC25       BTC-USDT-251226
//	BTC-26DEC25-80000-C   BTC-USDC-251226-80000-C, or with -USDT behind it BTC-USDT-…
func contract(symbol string) (string, bool) {
	parts := strings.Split(symbol, "-")
	if len(parts) == 1 {
		return undashed(symbol)
	}
	expiry, ok := expiryOf(parts[1])
	base, quote := parts[0], "USDC"
	if !ok || base == "" {
		return "", false
	}
	switch len(parts) {
	case 2:
		for _, q := range []string{"USDT", "USDC", "USD"} {
			if rest, ok := strings.CutSuffix(base, q); ok && rest != "" {
				base, quote = rest, q
				break
			}
		}
		return base + "-" + quote + "-" + expiry, true
	case 5:
		quote = parts[4]
		fallthrough
	case 4:
		right := parts[3]
		return base + "-" + quote + "-" + expiry + "-" + parts[2] + "-" + right, parts[2] != "" && quote != "" && (right == "C" || right == "P")
	}
	return "", false
}

// undashed is contract of a symbol without a dash.
func undashed(symbol string) (string, bool) {
	if base, ok := strings.CutSuffix(symbol, "PERP"); ok {
		return base + "-USDC-PERP", base != ""
	}
	for _, q := range []string{"USDT", "USDC", "USD"} {
		if base, ok := strings.CutSuffix(symbol, q); ok {
			return base + "-" + q + "-PERP", base != ""
		}
	}
	const code = len("H25")
	if len(symbol) <= code {
		return "", false
	}
	base, ok := strings.CutSuffix(symbol[:len(symbol)-code], "USD")
	expiry, known := lastFriday(symbol[len(symbol)-code:])
	return base + "-USD-" + expiry, ok && known && base != ""
}

const expiryLayout = "060102"

// expiryOf turns 26DEC25 into 251226.
func expiryOf(s string) (string, bool) {
	if len(s) < len("6DEC25") || len(s) > len("26DEC25") {
		return "", false
	}
	day, err := time.Parse("2Jan06", s) // takes months in capitals, and 06 for 6
	return day.Format(expiryLayout), err == nil
}

// monthCodes are how futures exchanges name the months.
const monthCodes = "FGHJKMNQUVXZ"

// lastFriday turns H25 into 250328, the last Friday of March 2025, when inverse futures expire.
func lastFriday(s string) (string, bool) {
	month := strings.IndexByte(monthCodes, s[0]) + 1
	year, err := time.Parse("06", s[1:])
	if month == 0 || err != nil {
		return "", false
	}
	day := time.Date(year.Year(), time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC)
	return day.AddDate(0, 0, -int(day.Weekday()-time.Friday+7)%7).Format(expiryLayout), true
}

// Symbol returns Bybit's name of an instrument, by the rule.
func Symbol(i market.Instrument) string {
	base, quote := i.Base(), i.Quote()
	rest, ok := strings.CutPrefix(i.Name(), base+"-"+quote+"-")
	switch {
	case !ok: // spot
		return base + quote
	case rest == "PERP" && quote == "USDC":
		return base + "PERP"
	case rest == "PERP":
		return base + quote
	}
	expiry, strike, isOption := strings.Cut(rest, "-")
	day, err := time.Parse(expiryLayout, expiry)
	if err != nil {
		return base + quote + "-" + rest
	}
	switch {
	case isOption && quote == "USDC":
		return base + "-" + strings.ToUpper(day.Format("2Jan06")) + "-" + strike
	case isOption:
		return base + "-" + strings.ToUpper(day.Format("2Jan06")) + "-" + strike + "-" + quote
	case quote == "USD":
		return base + quote + monthCodes[day.Month()-1:day.Month()] + day.Format("06")
	case quote == "USDC":
		return base + "-" + strings.ToUpper(day.Format("02Jan06"))
	}
	return base + quote + "-" + strings.ToUpper(day.Format("02Jan06"))
}
