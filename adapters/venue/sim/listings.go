package sim

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
)

// Venue is the name under which the simulated exchange lists its instruments.
const Venue market.Venue = "sim"

// template is an instrument before its venue is known.
type template struct {
	name     string
	rule     func() market.TickRule
	lot      string
	price    string // about where it trades; it comes back there
	notional int64  // a usual order, in quote currency
	minimum  string // smallest notional; "" if none
	weight   int    // share of the orders
}

func fixedTick(size string) func() market.TickRule {
	return func() market.TickRule { return market.FixedTick(market.MustPrice(size)) }
}

// templates mixes the kinds, so that few instruments already are of all of them: pairs in won
// under Upbit's ticks, stocks under the Korea Exchange's, pairs in dollars under one tick each,
// and a pair in bitcoin. Prices lie within bands, near their edges (004990 about 20,000, 003280
// about 2,000) and at the smallest ticks there are. Names are real, prices are invented.
var templates = []template{
	{"BTC-USDT", fixedTick("0.01"), "0.00001", "97250.15", 2_000, "5", 30},
	{"BTC-KRW", market.UpbitKRWTicks, "0.00000001", "142350000", 2_000_000, "5000", 24},
	{"005930-KRW", market.KRXTicks, "1", "78400", 3_000_000, "", 16},
	{"ETH-USDT", fixedTick("0.01"), "0.0001", "3412.77", 1_500, "5", 20},
	{"XRP-KRW", market.UpbitKRWTicks, "0.00000001", "3254", 900_000, "5000", 16},
	{"000660-KRW", market.KRXTicks, "1", "199800", 4_000_000, "", 10},
	{"SHIB-USDT", fixedTick("0.00000001"), "1", "0.00002231", 300, "1", 6},
	{"ETH-KRW", market.UpbitKRWTicks, "0.00000001", "4998000", 1_500_000, "5000", 14},
	{"SOL-USDT", fixedTick("0.01"), "0.001", "221.46", 900, "5", 12},
	{"035420-KRW", market.KRXTicks, "1", "214500", 2_500_000, "", 6},
	{"DOGE-KRW", market.UpbitKRWTicks, "0.00000001", "498", 500_000, "5000", 10},
	{"XRP-USDT", fixedTick("0.0001"), "0.1", "2.3351", 700, "5", 10},
	{"003280-KRW", market.KRXTicks, "1", "1996", 400_000, "", 4},
	{"ETH-BTC", fixedTick("0.00001"), "0.0001", "0.03512", 1, "0.0001", 4},
	{"SHIB-KRW", market.UpbitKRWTicks, "0.00000001", "0.03145", 200_000, "5000", 6},
	{"DOGE-USDT", fixedTick("0.00001"), "1", "0.35871", 400, "1", 8},
	{"004990-KRW", market.KRXTicks, "1", "20050", 700_000, "", 4},
	{"SOL-KRW", market.UpbitKRWTicks, "0.00000001", "323500", 700_000, "5000", 8},
	{"PEPE-USDT", fixedTick("0.00000001"), "1", "0.00001874", 250, "1", 6},
	{"ADA-KRW", market.UpbitKRWTicks, "0.00000001", "1284", 400_000, "5000", 6},
	{"ADA-USDT", fixedTick("0.0001"), "0.1", "0.9012", 350, "5", 6},
	{"373220-KRW", market.KRXTicks, "1", "391500", 3_000_000, "", 4},
	{"BTT-KRW", market.UpbitKRWTicks, "0.00000001", "0.00123", 20_000, "5000", 2},
	{"LINK-USDT", fixedTick("0.001"), "0.01", "22.417", 350, "5", 4},
}

// InstrumentsMax is the most that one exchange lists: more than any venue.
const InstrumentsMax = 20_000

// listed returns template i. Behind the written ones follow made-up pairs in dollars, for load.
func listed(i int) template {
	if i < len(templates) {
		return templates[i]
	}
	ticks := [...]string{"0.01", "0.0001", "0.1", "0.001"}
	prices := [...]string{"812.40", "1.2875", "4310.5", "37.250"}
	return template{fmt.Sprintf("S%05d-USDT", i), fixedTick(ticks[i%4]), "0.001", prices[i%4], 500, "5", 4}
}

// listing returns what the exchange says of t.
func (t template) listing() market.Listing {
	inst := market.MustInstrument(Venue, t.name)
	l := market.Listing{
		Instrument:  inst,
		Symbol:      inst.Base() + inst.Quote(),
		Ticks:       t.rule(),
		LotSize:     market.MustQuantity(t.lot),
		MinQuantity: market.MustQuantity(t.lot),
	}
	if t.minimum != "" {
		l.MinNotional = market.Amount{Decimal: market.MustDecimal(t.minimum)}
	}
	return l
}
