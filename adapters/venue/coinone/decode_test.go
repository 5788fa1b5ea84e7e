package coinone

import (
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// decodeOnly returns a decoder that knows no listings.
func decodeOnly(t testing.TB) *Protocol {
	t.Helper()
	all, err := New(venue.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%d connections, want 1", len(all))
	}
	return all[0]
}

func origin(name string, ms int64) message.Origin {
	return message.Origin{Instrument: market.MustInstrument(Name, name), VenueTime: market.Milliseconds(ms), Received: 42}
}

func level(price, quantity string) message.Level {
	return message.Level{Price: market.MustPrice(price), Quantity: market.MustQuantity(quantity)}
}

func amount(s string) market.Amount { return market.Amount{Decimal: market.MustDecimal(s)} }

func must[E message.Event](e E, err error) message.Event {
	if err != nil {
		panic(err)
	}
	return e
}

func notice(kind message.NoticeType, code, detail, symbol string) message.Event {
	return must(message.NewNotice(message.NoticeFields{
		Origin: message.Origin{Received: 42}, Venue: Name, Type: kind, Code: code, Detail: detail, Symbol: symbol,
	}))
}

func book(o message.Origin, bids, asks []message.Level) message.Event {
	return must(message.NewBook(message.BookFields{Origin: o, Snapshot: true}, bids, asks))
}

const allFigures = message.HasOpening | message.HasTrade | message.HasHigh | message.HasLow | message.HasPrevClosing |
	message.HasVolume24h | message.HasChange | message.HasChangeRate

func TestDecodeShapes(t *testing.T) {
	ticker := message.TickerFields{
		Origin: origin("XRP-KRW", 1693560360010), Span: message.TradingDay, ChangeBase: message.FromPreviousClose, Has: allFigures,
		Opening: market.MustPrice("698.7"), Trade: market.MustPrice("687.9"), High: market.MustPrice("699.5"), Low: market.MustPrice("683.9"),
		PrevClosing: market.MustPrice("800"), Volume24h: market.MustQuantity("80021677.1681579"),
		Change: amount("-112.1"), ChangeRate: market.MustDecimal("-0.140125"),
	}
	trade := message.TradeFields{
		Origin: origin("BTC-KRW", 1790134177835), Price: market.MustPrice("116460000"), Quantity: market.MustQuantity("0.00483595"),
		Taker: market.Buy, ID: "1790134177835001",
	}
	sold := trade
	sold.Taker = market.Sell
	bar := message.BarFields{
		Origin: origin("XRP-KRW", 1693560360010), Interval: time.Minute, Start: market.Milliseconds(1693560360000),
		Open: market.MustPrice("698.7"), High: market.MustPrice("699.5"), Low: market.MustPrice("683.9"), Close: market.MustPrice("687.9"),
		Volume: market.MustQuantity("80021677.1681579"), Turnover: amount("55904975548.1528"),
	}
	hour := bar
	hour.Origin, hour.Interval, hour.Start = origin("XRP-KRW", 1693560378928), time.Hour, market.Milliseconds(1693558800000)
	hour.Volume, hour.Turnover = market.MustQuantity("79912892.7741579"), amount("55827441390.8456")
	one := func(e message.Event) []message.Event { return []message.Event{e} }
	tests := map[string]struct {
		frame string
		want  []message.Event
	}{
		"ticker":        {tickerDefault, one(must(message.NewTicker(ticker)))},
		"ticker, short": {tickerShort, one(must(message.NewTicker(ticker)))},
		"ticker of a pair that is new": {`{"r":"DATA","c":"TICKER","d":{"qc":"KRW","tc":"NEW","t":1693560360010,"fi":"1","la":"2","hi":"","lo":null,"yla":"0"}}`,
			one(must(message.NewTicker(message.TickerFields{Origin: origin("NEW-KRW", 1693560360010), Span: message.TradingDay,
				Has: message.HasOpening | message.HasTrade, Opening: market.MustPrice("1"), Trade: market.MustPrice("2")})))},
		"trade": {tradeDefault, one(must(message.NewTrade(trade)))},
		"trade, short, data first, other numbers": {tradeShort, one(must(message.NewTrade(sold)))},
		"order book, asks worst first": {bookDefault, one(book(origin("BTC-KRW", 1790134167554),
			[]message.Level{level("116450000", "0.0118"), level("116440000", "0.04695328")},
			[]message.Level{level("116460000", "0.0232"), level("116640000", "0.000657"), level("116650000", "0.01198956")}))},
		"order book, short, one side empty, padded": {bookShort, one(book(origin("BTC-KRW", 1790134167554), nil, []message.Level{level("116460000", "0.0232")}))},
		"order book with a side of null": {strings.Replace(bookShort, `"b":[]`, `"b":null`, 1),
			one(book(origin("BTC-KRW", 1790134167554), nil, []message.Level{level("116460000", "0.0232")}))},
		"order book without a time": {strings.Replace(bookShort, `"t":1790134167554,`, ``, 1),
			one(book(origin("BTC-KRW", 0), nil, []message.Level{level("116460000", "0.0232")}))},
		"candle":                             {chartDefault, one(must(message.NewBar(bar)))},
		"candle, short":                      {chartShort, one(must(message.NewBar(hour)))},
		"connected":                          {connected, one(notice(message.NoticeAck, "CONNECTED", "", ""))},
		"subscribed":                         {subscribed, one(notice(message.NoticeAck, "SUBSCRIBED", "ORDERBOOK", "KRW-BTC"))},
		"unsubscribed":                       {unsubscribed, one(notice(message.NoticeAck, "UNSUBSCRIBED", "CHART", "krw-xrp"))},
		"pong":                               {pong, one(notice(message.NoticeHeartbeat, "", "", ""))},
		"error":                              {invalidType, one(notice(message.NoticeError, "160011", "Invalid Type (field request_type)", ""))},
		"error of a topic that is not named": {invalidTopic, one(notice(message.NoticeError, "160012", "Invalid Topic", ""))},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := decodeOnly(t).Decode(nil, []byte(tc.frame), 42)
			if err != nil || len(got) != len(tc.want) {
				t.Fatalf("%d events, want %d: %v\n%s", len(got), len(tc.want), err, tc.frame)
			}
			for i := range got {
				if !venuetest.Same(got[i], tc.want[i]) {
					t.Errorf("\n got %v\nwant %v", got[i], tc.want[i])
				}
			}
		})
	}
}

// TestRefused holds the reason and the field of what is no good.
func TestRefused(t *testing.T) {
	tests := map[string]struct {
		frame  string
		reason venue.Reason
		field  string
	}{
		"own orders":             {`{"response_type":"DATA","channel":"MYORDER","data":{"quote_currency":"KRW","target_currency":"BTC","type":"LIMIT"}}`, venue.Unsupported, "channel"},
		"own assets":             {`{"r":"DATA","c":"MYASSET","d":{}}`, venue.Unsupported, "channel"},
		"answer unknown":         {`{"response_type":"WELCOME"}`, venue.Unsupported, "response_type"},
		"our own request":        {`{"request_type":"PING"}`, venue.Schema, "response_type"},
		"REST body":              {`{"result":"success","error_code":"0","tickers":[]}`, venue.Schema, "response_type"},
		"no channel":             {`{"r":"DATA","d":{"qc":"KRW","tc":"BTC"}}`, venue.Schema, "channel"},
		"no data":                {`{"r":"DATA","c":"TRADE"}`, venue.Schema, "data"},
		"data as an array":       {`{"r":"DATA","c":"TRADE","d":[]}`, venue.Schema, "data"},
		"no quote":               {strings.Replace(tradeDefault, `"quote_currency":"KRW",`, ``, 1), venue.Schema, "target_currency"},
		"target as a number":     {strings.Replace(tradeDefault, `"BTC"`, `5`, 1), venue.Schema, "target_currency"},
		"target of nothing":      {strings.Replace(tradeDefault, `"BTC"`, `""`, 1), venue.Instrument, ""},
		"target of two":          {strings.Replace(tradeDefault, `"BTC"`, `"BTC-PERP"`, 1), venue.Instrument, ""},
		"target too long":        {strings.Replace(tradeDefault, `"BTC"`, `"`+strings.Repeat("B", 99)+`"`, 1), venue.Instrument, "target_currency"},
		"target in Korean":       {strings.Replace(tradeDefault, `"BTC"`, `"비트"`, 1), venue.Instrument, ""},
		"no time":                {strings.Replace(tradeDefault, `"timestamp":1790134177835,`, ``, 1), venue.Schema, "timestamp"},
		"no trade id":            {strings.Replace(tradeDefault, `"id":"1790134177835001",`, ``, 1), venue.Schema, "id"},
		"trade id an object":     {strings.Replace(tradeDefault, `"1790134177835001"`, `{}`, 1), venue.Schema, "id"},
		"side as a word":         {strings.Replace(tradeDefault, `true`, `"true"`, 1), venue.Schema, "is_seller_maker"},
		"price below zero":       {strings.Replace(tradeDefault, `"116460000"`, `"-1"`, 1), venue.Number, "price"},
		"price of nothing":       {strings.Replace(tradeDefault, `"116460000"`, `null`, 1), venue.Schema, "price"},
		"price zero":             {strings.Replace(tradeDefault, `"116460000"`, `"0"`, 1), venue.Schema, ""},
		"quantity in words":      {strings.Replace(tradeDefault, `"0.00483595"`, `"much"`, 1), venue.Number, "qty"},
		"ticker of nothing":      {`{"r":"DATA","c":"TICKER","d":{"qc":"KRW","tc":"BTC","t":1}}`, venue.Schema, ""},
		"ticker in words":        {strings.Replace(tickerShort, `"687.9"`, `"much"`, 1), venue.Number, "last"},
		"book without asks":      {strings.Replace(bookDefault, `"asks"`, `"offers"`, 1), venue.Schema, "data"},
		"book of arrays":         {strings.Replace(bookDefault, `{"price":"116650000","qty":"0.01198956"}`, `["116650000","0.01198956"]`, 1), venue.Schema, "asks"},
		"asks as an object":      {strings.Replace(bookShort, `"b":[]`, `"b":{}`, 1), venue.Schema, "bids"},
		"level without qty":      {strings.Replace(bookDefault, `,"qty":"0.0118"`, ``, 1), venue.Schema, "bids"},
		"level at price 0":       {strings.Replace(bookDefault, `"price":"116450000"`, `"price":"0"`, 1), venue.Number, "bids"},
		"level of null":          {strings.Replace(bookDefault, `"price":"116450000"`, `"price":null`, 1), venue.Schema, "bids"},
		"candle of a week":       {strings.Replace(chartDefault, `"1m"`, `"1w"`, 1), venue.Unsupported, "interval"},
		"candle without open":    {strings.Replace(chartDefault, `"first":"698.7",`, ``, 1), venue.Schema, "first"},
		"candle without start":   {strings.Replace(chartDefault, `"candle_timestamp": 1693560360000,`, ``, 1), venue.Schema, "candle_timestamp"},
		"candle without volume":  {strings.Replace(chartDefault, `,"target_volume":"80021677.1681579"`, ``, 1), venue.Schema, "target_volume"},
		"candle of odd turnover": {strings.Replace(chartDefault, `"55904975548.1528"`, `"much"`, 1), venue.Number, "quote_volume"},
		"candle off the grid":    {strings.Replace(chartDefault, `1693560360000`, `1693560360001`, 1), venue.Schema, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			err := venuetest.Check(decodeOnly(t), []byte(tc.frame))
			e, ok := err.(*venue.DecodeError)
			if !ok || e.Reason != tc.reason || e.Field != tc.field || e.Venue != Name {
				t.Errorf("got %v, want reason %s at field %q\n%s", err, tc.reason, tc.field, tc.frame)
			}
		})
	}
}

func TestNeverHalfAFrame(t *testing.T) {
	for _, frame := range allFrames {
		venuetest.Truncations(t, decodeOnly(t), []byte(frame))
	}
}

func TestGarbage(t *testing.T) { venuetest.Garbage(t, decodeOnly(t)) }

// TestDecodeDoesNotLeak decodes frames of all kinds one after the other: nothing of a frame may
// show in the next.
func TestDecodeDoesNotLeak(t *testing.T) {
	venuetest.DoesNotLeak(t, func() venuetest.Decoder { return decodeOnly(t) }, allFrames, allFrames)
}

func TestAllocations(t *testing.T) {
	for name, tc := range map[string]struct {
		frame string
		most  float64
	}{
		"trade":  {tradeDefault, 2}, // the message and its id
		"ticker": {tickerShort, 1},
		"book":   {bookOf(16), 2}, // the message and its levels
	} {
		venuetest.Allocations(t, name, decodeOnly(t), tc.frame, tc.most)
	}
}

func FuzzDecode(f *testing.F) {
	var seeds [][]byte
	for _, frame := range allFrames {
		seeds = append(seeds, []byte(frame), []byte(frame[:len(frame)/2]), []byte("["+frame+"]"))
	}
	venuetest.Fuzz(f, func() venuetest.Decoder {
		all, err := New(venue.Config{})
		if err != nil {
			panic(err)
		}
		return all[0]
	}, seeds)
}
