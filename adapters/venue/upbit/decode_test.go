package upbit

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

// one decodes a frame that holds one event.
func one(t testing.TB, p *Protocol, frame string) message.Event {
	t.Helper()
	events, err := p.Decode(nil, []byte(frame), 42)
	if err != nil {
		t.Fatalf("%v\n%s", err, frame)
	}
	if len(events) != 1 {
		t.Fatalf("%d events, want 1: %s", len(events), frame)
	}
	return events[0]
}

func origin(name string, ms int64) message.Origin {
	return message.Origin{Instrument: market.MustInstrument(Name, name), VenueTime: market.Milliseconds(ms), Received: 42}
}

func level(price, quantity string) message.Level {
	return message.Level{Price: market.MustPrice(price), Quantity: market.MustQuantity(quantity)}
}

func must[E message.Event](e E, err error) message.Event {
	if err != nil {
		panic(err)
	}
	return e
}

func TestDecodeShapes(t *testing.T) {
	amount := func(s string) market.Amount { return market.Amount{Decimal: market.MustDecimal(s)} }
	ticker := must(message.NewTicker(message.TickerFields{
		Origin: origin("ETH-KRW", 1700000000337), Span: message.TradingDay, ChangeBase: message.FromPreviousClose,
		Has: message.HasOpening | message.HasTrade | message.HasHigh | message.HasLow | message.HasPrevClosing |
			message.HasVolume24h | message.HasChange | message.HasChangeRate,
		Opening: market.MustPrice("2563000"), Trade: market.MustPrice("2544000"), High: market.MustPrice("2563000"),
		Low: market.MustPrice("2535000"), PrevClosing: market.MustPrice("2563000"), Volume24h: market.MustQuantity("8278.60582208"),
		Change: amount("-19000"), ChangeRate: market.MustDecimal("-0.0074131877"),
	}))
	trade := message.TradeFields{
		Origin: origin("BTC-KRW", 1700000000380), Price: market.MustPrice("116539000"), Quantity: market.MustQuantity("0.00079276"),
		Taker: market.Buy, ID: "17000000003800001",
	}
	sold := trade
	sold.Taker = market.Sell
	micro := origin("BERA-BTC", 0)
	micro.VenueTime = market.Microseconds(1700000000506123)
	tests := map[string]struct {
		frame string
		want  message.Event
	}{
		"ticker":         {tickerDefault, ticker},
		"ticker, simple": {tickerSimple, ticker},
		"ticker with nulls": {`{"type":"ticker","code":"KRW-ETH","timestamp":1700000000337,"trade_price":2544000,"signed_change_rate":null,"opening_price":0}`,
			must(message.NewTicker(message.TickerFields{
				Origin: origin("ETH-KRW", 1700000000337), Span: message.TradingDay, Has: message.HasTrade, Trade: market.MustPrice("2544000"),
			}))},
		"trade":         {tradeDefault, must(message.NewTrade(trade))},
		"trade, simple": {tradeSimple, must(message.NewTrade(sold))},
		"order book": {bookDefault, must(message.NewBook(message.BookFields{Origin: origin("BTC-KRW", 1700000000506), Snapshot: true},
			[]message.Level{level("116538000", "0.08120946"), level("116537000", "0.01129382")},
			[]message.Level{level("116539000", "0.02054761"), level("116542000", "0.0007772")}))},
		"order book, simple, padded, in microseconds": {bookSimple, must(message.NewBook(message.BookFields{Origin: micro, Snapshot: true},
			[]message.Level{level("0.0000068", "0.00079276")},
			[]message.Level{level("0.00000689", "8.70827286"), level("0.0000069", "0.0005")}))},
		"order book, empty": {`{"type":"orderbook","code":"KRW-BTC","timestamp":1700000000506,"orderbook_units":[]}`,
			must(message.NewBook(message.BookFields{Origin: origin("BTC-KRW", 1700000000506), Snapshot: true}, nil, nil))},
		"candle": {candleDefault, must(message.NewBar(message.BarFields{
			Origin: origin("BTC-KRW", 1700000000824), Interval: time.Minute,
			Start: market.TimestampOf(time.Date(2023, 11, 14, 22, 13, 0, 0, time.UTC)),
			Open:  market.MustPrice("142009000"), High: market.MustPrice("142010000"), Low: market.MustPrice("142008000"),
			Close: market.MustPrice("142009500"), Volume: market.MustQuantity("0.00606119"), Turnover: amount("860743.530710000000000012"),
		}))},
		"candle, simple": {candleSimple, must(message.NewBar(message.BarFields{
			Origin: origin("BTC-KRW", 1700000000824), Interval: time.Second, Start: market.Seconds(1700000000),
			Open: market.MustPrice("142009000"), High: market.MustPrice("142009000"), Low: market.MustPrice("142009000"),
			Close: market.MustPrice("142009000"), Volume: market.MustQuantity("0.00606119"), Turnover: amount("860743.53071"),
		}))},
		"heartbeat": {upFrame, must(message.NewNotice(message.NoticeFields{
			Origin: message.Origin{Received: 42}, Venue: Name, Type: message.NoticeHeartbeat,
		}))},
		"list of subscriptions": {`{"method":"LIST_SUBSCRIPTIONS","result":[{"type":"ticker","codes":["KRW-BTC"],"level":0}],"ticket":"x"}`, must(message.NewNotice(message.NoticeFields{
			Origin: message.Origin{Received: 42}, Venue: Name, Type: message.NoticeAck, Code: "LIST_SUBSCRIPTIONS",
		}))},
		"other status": {`{"status":"DOWN"}`, must(message.NewNotice(message.NoticeFields{
			Origin: message.Origin{Received: 42}, Venue: Name, Type: message.NoticeStatus, Detail: "DOWN",
		}))},
		"error": {errorFrame, must(message.NewNotice(message.NoticeFields{
			Origin: message.Origin{Received: 42}, Venue: Name, Type: message.NoticeError, Code: "NO_TICKET",
			Detail: "티켓이 존재하지 않거나, 유효하지 않습니다.",
		}))},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := one(t, decodeOnly(t), tc.frame); !venuetest.Same(got, tc.want) {
				t.Errorf("\n got %v\nwant %v", got, tc.want)
			}
		})
	}
}

func TestDecodeList(t *testing.T) {
	events, err := decodeOnly(t).Decode(nil, []byte("["+tradeSimple+","+tickerDefault+"]"), 42)
	if err != nil || len(events) != 2 || events[0].Kind() != message.KindTrade || events[1].Kind() != message.KindTicker {
		t.Fatal(events, err)
	}
}

// TestRefused holds the reason and the field of what is no good.
func TestRefused(t *testing.T) {
	tests := map[string]struct {
		frame  string
		reason venue.Reason
		field  string
	}{
		"own orders":             {`{"type":"myOrder","code":"KRW-BTC","uuid":"x","price":"1"}`, venue.Unsupported, "type"},
		"own assets":             {`{"ty":"myAsset","auid":"x"}`, venue.Unsupported, "type"},
		"candle of a day":        {strings.Replace(candleDefault, "candle.1m", "candle.1d", 1), venue.Unsupported, "type"},
		"candle without a low":   {strings.Replace(candleDefault, `"low_price":142008000.00000000,`, ``, 1), venue.Schema, "low_price"},
		"candle without start":   {strings.Replace(candleDefault, `"candle_date_time_utc":"2023-11-14T22:13:00",`, ``, 1), venue.Schema, "candle_date_time_utc"},
		"candle off its grid":    {strings.Replace(candleDefault, `22:13:00`, `22:13:01`, 1), venue.Schema, ""},
		"no type":                {`{"code":"KRW-BTC"}`, venue.Schema, "type"},
		"no code":                {`{"type":"trade","trade_timestamp":1}`, venue.Schema, "code"},
		"code without quote":     {strings.Replace(tradeDefault, "KRW-BTC", "BTC", 1), venue.Instrument, ""},
		"code of three":          {strings.Replace(tradeDefault, "KRW-BTC", "KRW-BTC-PERP", 1), venue.Instrument, ""},
		"code in Korean":         {strings.Replace(tradeDefault, "KRW-BTC", "KRW-비트코인", 1), venue.Instrument, ""},
		"no trade time":          {strings.Replace(tradeDefault, `"trade_timestamp":1700000000380,`, ``, 1), venue.Schema, "trade_timestamp"},
		"no trade id":            {strings.Replace(tradeDefault, `"sequential_id":17000000003800001,`, ``, 1), venue.Schema, "sequential_id"},
		"side unknown":           {strings.Replace(tradeDefault, `"BID"`, `"BUY"`, 1), venue.Schema, "ask_bid"},
		"price as an object":     {strings.Replace(tradeDefault, `1.16539E8`, `{}`, 1), venue.Schema, "trade_price"},
		"price beyond range":     {strings.Replace(tradeDefault, `1.16539E8`, `1E99`, 1), venue.Number, "trade_price"},
		"price too fine":         {strings.Replace(tradeDefault, `1.16539E8`, `1E-19`, 1), venue.Number, "trade_price"},
		"price below zero":       {strings.Replace(tradeDefault, `1.16539E8`, `-1`, 1), venue.Number, "trade_price"},
		"time with decimals":     {strings.Replace(tradeDefault, `1700000000380,`, `1.7E12,`, 1), venue.Number, "trade_timestamp"},
		"book without levels":    {`{"type":"orderbook","code":"KRW-BTC","timestamp":1}`, venue.Schema, "orderbook_units"},
		"levels that are none":   {`{"type":"orderbook","code":"KRW-BTC","timestamp":1,"orderbook_units":5}`, venue.Schema, "orderbook_units"},
		"unit that is none":      {`{"type":"orderbook","code":"KRW-BTC","timestamp":1,"orderbook_units":[5]}`, venue.Schema, "orderbook_units"},
		"unit without a size":    {strings.Replace(bookDefault, `,"bid_size":0.01129382`, ``, 1), venue.Schema, "orderbook_units"},
		"size in words":          {strings.Replace(bookDefault, `0.01129382`, `"much"`, 1), venue.Number, "bid_size"},
		"ticker of nothing":      {`{"type":"ticker","code":"KRW-BTC","timestamp":1}`, venue.Schema, ""},
		"error in a word":        {`{"error":"NO_TICKET"}`, venue.Schema, "error"},
		"good and bad in a list": {"[" + tradeSimple + `,{"type":"trade"}]`, venue.Schema, "code"},
		"a list without end":     {"[" + tradeSimple, venue.Syntax, ""},
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
		"trade":  {tradeSimple, 2}, // the message and its id
		"ticker": {tickerDefault, 1},
		"book":   {bookOf(30), 2}, // the message and its levels
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
