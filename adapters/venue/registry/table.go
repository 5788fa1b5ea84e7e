package registry

import (
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/binance"
	"github.com/maru-trading/maru/adapters/venue/bithumb"
	"github.com/maru-trading/maru/adapters/venue/bybit"
	"github.com/maru-trading/maru/adapters/venue/coinone"
	"github.com/maru-trading/maru/adapters/venue/gate"
	"github.com/maru-trading/maru/adapters/venue/korbit"
	"github.com/maru-trading/maru/adapters/venue/kraken"
	"github.com/maru-trading/maru/adapters/venue/okx"
	"github.com/maru-trading/maru/adapters/venue/upbit"
)

var (
	all = []market.Channel{market.ChannelTicker, market.ChannelBBO, market.ChannelBook, market.ChannelTrade}
	// Where the venue has no channel of the best bid and offer, it follows from the book.
	withoutBBO = []market.Channel{market.ChannelTicker, market.ChannelBook, market.ChannelTrade}
)

var ofBinance = Adapter{
	Channels: all,
	// A depth snapshot over REST has at most 5,000 levels a side.
	BookLevelsMax: 5000,
	Limits:        binance.Limits, New: connections(binance.New), ListingsURL: binance.ListingsURL, ParseListings: binance.ParseListings,
	Symbol: joined(""), Ticks: unknown,
}

var adapters = map[string]Adapter{
	"binance": ofBinance,
	"sim":     ofBinance, // the embedded exchange speaks Binance's protocol
	"bithumb": {
		Channels: withoutBBO, QuoteFirst: true,
		Limits: bithumb.Limits, New: connections(bithumb.New), ListingsURL: bithumb.ListingsURL, ParseListings: bithumb.ParseListings,
		Symbol: quoteFirst, Ticks: inKRW(market.BithumbKRWTicks),
	},
	"bybit": {
		// 50 levels come every 20 ms, more of them less often (orderbook).
		Channels: withoutBBO, BookLevels: 50, BookLevelsMax: 1000,
		Limits: bybit.Limits, New: connections(bybit.New), ListingsURL: bybit.ListingsURL, ParseListings: bybit.ParseListings,
		Symbol: bybit.Symbol, Ticks: unknown,
	},
	"coinone": {
		Channels: withoutBBO, QuoteFirst: true,
		Limits: coinone.Limits, New: connections(coinone.New), ListingsURL: coinone.ListingsURL, ParseListings: coinone.ParseListings,
		Symbol: quoteFirst, Ticks: unknown,
	},
	"gate": {
		Channels: all, BookLevels: 100, BookLevelsMax: 100,
		Limits: gate.Limits, New: connections(gate.New), ListingsURL: gate.ListingsURL, ParseListings: gate.ParseListings,
		Symbol: joined("_"), Ticks: unknown,
	},
	"korbit": {
		Channels: withoutBBO,
		Limits:   korbit.Limits, New: connections(korbit.New), ListingsURL: korbit.ListingsURL, ParseListings: korbit.ParseListings,
		Symbol: func(i market.Instrument) string { return strings.ToLower(joined("_")(i)) }, Ticks: unknown,
	},
	"kraken": {
		// Each change is checked against the ten best levels; a hundred are enough to trade on, and
		// a tenth of what a reconnect costs with all.
		Channels: withoutBBO, BookLevels: 100, BookLevelsMax: 1000,
		Limits: kraken.Limits, New: connections(kraken.New), ListingsURL: kraken.ListingsURL, ParseListings: kraken.ParseListings,
		Symbol: joined("/"), Ticks: unknown,
	},
	"okx": {
		Channels: all, BookLevels: 400, BookLevelsMax: 400,
		Limits: okx.Limits, New: connections(okx.New), ListingsURL: okx.ListingsURL, ParseListings: okx.ParseListings,
		Symbol: okx.Symbol, Ticks: unknown,
	},
	"upbit": {
		Channels: withoutBBO, QuoteFirst: true,
		Limits: upbit.Limits, New: connections(upbit.New), ListingsURL: upbit.ListingsURL, ParseListings: upbit.ParseListings,
		Symbol: quoteFirst, Ticks: inKRW(market.UpbitKRWTicks),
	},
}

// joined makes the rule BASE, a joint, QUOTE.
func joined(joint string) func(market.Instrument) string {
	return func(i market.Instrument) string { return i.Base() + joint + i.Quote() }
}

func quoteFirst(i market.Instrument) string { return i.Quote() + "-" + i.Base() }

// unknown is the rule of ticks that the venue states for each instrument in its list.
func unknown(market.Instrument) market.TickRule { return market.TickRule{} }

// inKRW is the rule of a venue that has one for all its won markets.
func inKRW(rule func() market.TickRule) func(market.Instrument) market.TickRule {
	return func(i market.Instrument) market.TickRule {
		if i.Quote() == "KRW" {
			return rule()
		}
		return market.TickRule{}
	}
}
