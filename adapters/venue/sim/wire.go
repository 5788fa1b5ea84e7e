package sim

import (
	"strconv"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// The frames of Binance spot. Source: developers.binance.com, binance-spot-api-docs,
// web-socket-streams and rest-api (read 2026-11-20). Times are milliseconds.

func appendMillis(dst []byte, t market.Timestamp) []byte {
	return strconv.AppendInt(dst, int64(t)/int64(time.Millisecond), 10)
}

// appendQuoted appends "f" with its quotes.
func appendQuoted(dst []byte, f Fixed) []byte {
	return append(f.AppendTo(append(dst, '"')), '"')
}

func appendLevels(dst []byte, levels []Level) []byte {
	dst = append(dst, '[')
	for i, l := range levels {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '[')
		dst = appendQuoted(dst, l.Price)
		dst = append(dst, ',')
		dst = appendQuoted(dst, l.Quantity)
		dst = append(dst, ']')
	}
	return append(dst, ']')
}

// appendEvent appends the raw frame of e, an event of that symbol.
func appendEvent(dst []byte, e *Event, symbol string) []byte {
	switch e.Kind {
	case EventTrade:
		return appendTrade(dst, e, symbol)
	case EventBBO:
		return appendBBO(dst, e, symbol)
	case EventDepth:
		return appendDepth(dst, e, symbol)
	default:
		return appendTicker(dst, e.At, e.Ticker, symbol)
	}
}

func appendHead(dst []byte, event string, at market.Timestamp, symbol string) []byte {
	dst = append(dst, `{"e":"`...)
	dst = append(dst, event...)
	dst = append(dst, `","E":`...)
	dst = appendMillis(dst, at)
	dst = append(dst, `,"s":"`...)
	dst = append(dst, symbol...)
	return append(dst, '"')
}

func appendTrade(dst []byte, e *Event, symbol string) []byte {
	dst = appendHead(dst, "trade", e.At, symbol)
	dst = append(dst, `,"t":`...)
	dst = strconv.AppendUint(dst, e.Trade.ID, 10)
	dst = append(dst, `,"p":`...)
	dst = appendQuoted(dst, e.Trade.Price)
	dst = append(dst, `,"q":`...)
	dst = appendQuoted(dst, e.Trade.Quantity)
	dst = append(dst, `,"T":`...)
	dst = appendMillis(dst, e.Trade.At)
	dst = append(dst, `,"m":`...)
	dst = strconv.AppendBool(dst, e.Trade.BuyerIsMaker)
	return append(dst, `,"M":true}`...)
}

func appendBBO(dst []byte, e *Event, symbol string) []byte {
	dst = append(dst, `{"u":`...)
	dst = strconv.AppendUint(dst, e.UpdateID, 10)
	dst = append(dst, `,"s":"`...)
	dst = append(dst, symbol...)
	dst = append(dst, `","b":`...)
	dst = appendQuoted(dst, e.Bid.Price)
	dst = append(dst, `,"B":`...)
	dst = appendQuoted(dst, e.Bid.Quantity)
	dst = append(dst, `,"a":`...)
	dst = appendQuoted(dst, e.Ask.Price)
	dst = append(dst, `,"A":`...)
	dst = appendQuoted(dst, e.Ask.Quantity)
	return append(dst, '}')
}

func appendDepth(dst []byte, e *Event, symbol string) []byte {
	dst = appendHead(dst, "depthUpdate", e.At, symbol)
	dst = append(dst, `,"U":`...)
	dst = strconv.AppendUint(dst, e.FirstID, 10)
	dst = append(dst, `,"u":`...)
	dst = strconv.AppendUint(dst, e.LastID, 10)
	dst = append(dst, `,"b":`...)
	dst = appendLevels(dst, e.Bids)
	dst = append(dst, `,"a":`...)
	dst = appendLevels(dst, e.Asks)
	return append(dst, '}')
}

// field is a key of a ticker and its value, as text that stands in quotes.
type field struct {
	stream, rest string // the key over WebSocket and over REST
	value        func(dst []byte, t *Ticker) []byte
}

var tickerFields = []field{
	{"p", "priceChange", func(dst []byte, t *Ticker) []byte { return (t.Close - t.Open).AppendTo(dst) }},
	{"P", "priceChangePercent", appendPercent},
	{"w", "weightedAvgPrice", appendAverage},
	{"x", "prevClosePrice", func(dst []byte, t *Ticker) []byte { return t.PreviousClose.AppendTo(dst) }},
	{"c", "lastPrice", func(dst []byte, t *Ticker) []byte { return t.Close.AppendTo(dst) }},
	{"Q", "lastQty", func(dst []byte, t *Ticker) []byte { return t.LastQuantity.AppendTo(dst) }},
	{"b", "bidPrice", func(dst []byte, t *Ticker) []byte { return t.Bid.Price.AppendTo(dst) }},
	{"B", "bidQty", func(dst []byte, t *Ticker) []byte { return t.Bid.Quantity.AppendTo(dst) }},
	{"a", "askPrice", func(dst []byte, t *Ticker) []byte { return t.Ask.Price.AppendTo(dst) }},
	{"A", "askQty", func(dst []byte, t *Ticker) []byte { return t.Ask.Quantity.AppendTo(dst) }},
	{"o", "openPrice", func(dst []byte, t *Ticker) []byte { return t.Open.AppendTo(dst) }},
	{"h", "highPrice", func(dst []byte, t *Ticker) []byte { return t.High.AppendTo(dst) }},
	{"l", "lowPrice", func(dst []byte, t *Ticker) []byte { return t.Low.AppendTo(dst) }},
	{"v", "volume", func(dst []byte, t *Ticker) []byte { return t.Volume.AppendTo(dst) }},
	{"q", "quoteVolume", func(dst []byte, t *Ticker) []byte { return t.Turnover.AppendTo(dst) }},
}

// appendPercent appends the change in percent with three decimals.
func appendPercent(dst []byte, t *Ticker) []byte {
	return quotient(dst, (t.Close - t.Open).Decimal(), t.Open.Decimal(), 100, 3)
}

// appendAverage appends the turnover per volume.
func appendAverage(dst []byte, t *Ticker) []byte {
	if t.Volume.IsZero() {
		return t.Close.AppendTo(dst)
	}
	return quotient(dst, t.Turnover, t.Volume, 1, fixedPlaces)
}

// quotient appends a × factor ÷ b with at most that many decimals; 0 if b is 0.
func quotient(dst []byte, a, b market.Decimal, factor int64, places int) []byte {
	q, err := a.Quo(b)
	if err == nil {
		q, err = q.Mul(market.DecimalFromInt(factor))
	}
	if err != nil {
		return append(dst, '0')
	}
	return q.RoundPlaces(places).AppendTo(dst)
}

func appendTicker(dst []byte, at market.Timestamp, t *Ticker, symbol string) []byte {
	dst = appendHead(dst, "24hrTicker", at, symbol)
	for _, f := range tickerFields {
		dst = appendText(dst, f.stream, f.value, t)
	}
	dst = append(dst, `,"O":`...)
	dst = appendMillis(dst, t.OpenTime)
	dst = append(dst, `,"C":`...)
	dst = appendMillis(dst, t.CloseTime)
	dst = append(dst, `,"F":`...)
	dst = strconv.AppendUint(dst, t.FirstID, 10)
	dst = append(dst, `,"L":`...)
	dst = strconv.AppendUint(dst, t.LastID, 10)
	dst = append(dst, `,"n":`...)
	dst = strconv.AppendUint(dst, t.Count, 10)
	return append(dst, '}')
}

func appendText(dst []byte, key string, value func([]byte, *Ticker) []byte, t *Ticker) []byte {
	dst = append(dst, `,"`...)
	dst = append(dst, key...)
	dst = append(dst, `":"`...)
	return append(value(dst, t), '"')
}

// appendTickerREST appends what GET /api/v3/ticker/24hr says of one symbol.
func appendTickerREST(dst []byte, t *Ticker, symbol string) []byte {
	dst = append(dst, `{"symbol":"`...)
	dst = append(dst, symbol...)
	dst = append(dst, '"')
	for _, f := range tickerFields {
		dst = appendText(dst, f.rest, f.value, t)
	}
	dst = append(dst, `,"openTime":`...)
	dst = appendMillis(dst, t.OpenTime)
	dst = append(dst, `,"closeTime":`...)
	dst = appendMillis(dst, t.CloseTime)
	dst = append(dst, `,"firstId":`...)
	dst = strconv.AppendUint(dst, t.FirstID, 10)
	dst = append(dst, `,"lastId":`...)
	dst = strconv.AppendUint(dst, t.LastID, 10)
	dst = append(dst, `,"count":`...)
	dst = strconv.AppendUint(dst, t.Count, 10)
	return append(dst, '}')
}

// appendBook appends what GET /api/v3/depth says.
func appendBook(dst []byte, lastUpdateID uint64, bids, asks []Level) []byte {
	dst = append(dst, `{"lastUpdateId":`...)
	dst = strconv.AppendUint(dst, lastUpdateID, 10)
	dst = append(dst, `,"bids":`...)
	dst = appendLevels(dst, bids)
	dst = append(dst, `,"asks":`...)
	dst = appendLevels(dst, asks)
	return append(dst, '}')
}

// appendTrades appends what GET /api/v3/trades says.
func appendTrades(dst []byte, trades []Trade) []byte {
	dst = append(dst, '[')
	for i, t := range trades {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"id":`...)
		dst = strconv.AppendUint(dst, t.ID, 10)
		dst = append(dst, `,"price":`...)
		dst = appendQuoted(dst, t.Price)
		dst = append(dst, `,"qty":`...)
		dst = appendQuoted(dst, t.Quantity)
		dst = append(dst, `,"quoteQty":"`...)
		dst = notional(t.Price, t.Quantity).AppendTo(dst)
		dst = append(dst, `","time":`...)
		dst = appendMillis(dst, t.At)
		dst = append(dst, `,"isBuyerMaker":`...)
		dst = strconv.AppendBool(dst, t.BuyerIsMaker)
		dst = append(dst, `,"isBestMatch":true}`...)
	}
	return append(dst, ']')
}

// appendInfo appends what GET /api/v3/exchangeInfo says of those instruments. Where the tick
// size depends on the price, it is the one at the price now.
func (x *Exchange) appendInfo(dst []byte, instruments []int) []byte {
	dst = append(dst, `{"timezone":"UTC","serverTime":`...)
	dst = appendMillis(dst, x.now)
	dst = append(dst, `,"rateLimits":[],"exchangeFilters":[],"symbols":[`...)
	for k, i := range instruments {
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = appendListing(dst, x.listings[i], x.TickSize(i))
	}
	return append(dst, `]}`...)
}

func appendListing(dst []byte, l market.Listing, tick Fixed) []byte {
	dst = append(dst, `{"symbol":"`...)
	dst = append(dst, l.Symbol...)
	dst = append(dst, `","status":"TRADING","baseAsset":"`...)
	dst = append(dst, l.Instrument.Base()...)
	dst = append(dst, `","baseAssetPrecision":8,"quoteAsset":"`...)
	dst = append(dst, l.Instrument.Quote()...)
	dst = append(dst, `","quotePrecision":8,"quoteAssetPrecision":8,"orderTypes":["LIMIT","MARKET"],"isSpotTradingAllowed":true,"isMarginTradingAllowed":false,"filters":[`...)
	dst = append(dst, `{"filterType":"PRICE_FILTER","minPrice":`...)
	dst = appendQuoted(dst, tick)
	dst = append(dst, `,"maxPrice":"90000000000.00000000","tickSize":`...)
	dst = appendQuoted(dst, tick)
	lot := fixedOf(l.LotSize.Decimal)
	dst = append(dst, `},{"filterType":"LOT_SIZE","minQty":`...)
	dst = appendQuoted(dst, fixedOf(l.MinQuantity.Decimal))
	dst = append(dst, `,"maxQty":"90000000000.00000000","stepSize":`...)
	dst = appendQuoted(dst, lot)
	if l.MinNotional.Sign() > 0 {
		dst = append(dst, `},{"filterType":"NOTIONAL","minNotional":`...)
		dst = appendQuoted(dst, fixedOf(l.MinNotional.Decimal))
		dst = append(dst, `,"applyMinToMarket":true,"maxNotional":"90000000000.00000000","applyMaxToMarket":false,"avgPriceMins":5`...)
	}
	return append(dst, `}],"permissions":["SPOT"]}`...)
}
