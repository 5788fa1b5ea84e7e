package binance

import (
	"strings"
	"testing"

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
	tests := map[string]struct {
		frame string
		want  message.Event
	}{
		"trade": {tradeFrame, must(message.NewTrade(message.TradeFields{
			Origin: origin("BTC-USDT", 1700000000123), Price: market.MustPrice("36500.12"), Quantity: market.MustQuantity("0.0025"),
			Taker: market.Sell, ID: "4815162342",
		}))},
		"trade in microseconds": {strings.NewReplacer("1700000000123", "1700000000123456").Replace(tradeFrame), must(message.NewTrade(message.TradeFields{
			Origin: message.Origin{Instrument: market.MustInstrument(Name, "BTC-USDT"), VenueTime: market.Microseconds(1700000000123456), Received: 42},
			Price:  market.MustPrice("36500.12"), Quantity: market.MustQuantity("0.0025"), Taker: market.Sell, ID: "4815162342",
		}))},
		"aggregated trade": {aggTradeFrame, must(message.NewTrade(message.TradeFields{
			Origin: origin("ETH-BTC", 1700000000123), Price: market.MustPrice("0.0541"), Quantity: market.MustQuantity("1.2"),
			Taker: market.Buy, ID: "815",
		}))},
		"best bid and offer": {bookTickerFrame, must(message.NewBBO(message.BBOFields{
			Origin: origin("BTC-USDT", 0), Bid: market.MustPrice("36500.11"), BidQuantity: market.MustQuantity("1.5"),
			Ask: market.MustPrice("36500.12"), AskQuantity: market.MustQuantity("0.75"),
		}))},
		"futures best bid and offer": {futuresTicker, must(message.NewBBO(message.BBOFields{
			Origin: origin("ETH-USD-PERP", 1700000000701), Bid: market.MustPrice("1776.25"), BidQuantity: market.MustQuantity("10779"),
			Ask: market.MustPrice("1776.26"), AskQuantity: market.MustQuantity("37544"),
		}))},
		"depth update": {depthFrame, must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT", 1700000000200), FirstID: 70000000002, LastID: 70000000009,
		}, []message.Level{level("36500.11", "0"), level("36500.10", "2")}, []message.Level{level("36500.12", "0.1")}))},
		"depth update, fields sorted": {sortedDepth, must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT", 1700000000200), FirstID: 70000000002, LastID: 70000000009,
		}, nil, []message.Level{level("36500.12", "0.1")}))},
		"futures depth update, worst bid first": {futuresDepth, must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USD-PERP", 1700000000600), FirstID: 1000, LastID: 1010, PrevID: 990,
		}, []message.Level{level("36400", "7"), level("36000", "5")}, nil))},
		"futures partial depth": {futuresPartial, must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USD-210625", 1700000000600), Snapshot: true, FirstID: 1000, LastID: 1000,
		}, []message.Level{level("36000", "5")}, []message.Level{level("36001", "2")}))},
		"partial depth": {partialFrame, must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT", 0), Snapshot: true, LastID: 70000000010,
		}, []message.Level{level("36500.10", "2"), level("36500", "1")}, []message.Level{level("36500.12", "0.1")}))},
		"ticker": {tickerFrame, must(message.NewTicker(message.TickerFields{
			Origin: origin("BTC-USDT", 1700000000300), Span: message.Rolling24h, ChangeBase: message.FromOpen24h,
			Has: message.HasOpening | message.HasTrade | message.HasHigh | message.HasLow | message.HasPrevClosing |
				message.HasVolume24h | message.HasChange | message.HasChangeRate,
			Opening: market.MustPrice("36631.52"), Trade: market.MustPrice("36500.12"), High: market.MustPrice("37000"),
			Low: market.MustPrice("36100"), PrevClosing: market.MustPrice("36631.51"), Volume24h: market.MustQuantity("25000.12345678"),
			Change: amount("-131.4"), ChangeRate: market.MustDecimal("-0.00359"),
		}))},
		"ticker with nulls and zeros": {`{"e":"24hrTicker","E":1,"s":"BTCUSDT","c":"0.00000000","o":null,"v":"0.00000000","p":""}`, must(message.NewTicker(message.TickerFields{
			Origin: origin("BTC-USDT", 1), Span: message.Rolling24h, Has: message.HasVolume24h,
		}))},
		"candle": {klineFrame, must(message.NewBar(message.BarFields{
			Origin: origin("BTC-USDT", 1700000040001), Interval: 60e9, Start: market.Milliseconds(1699999980000),
			Open: market.MustPrice("36500"), High: market.MustPrice("36520"), Low: market.MustPrice("36490"), Close: market.MustPrice("36510"),
			Volume: market.MustQuantity("10.5"), Turnover: amount("383355"), Trades: 101, Closed: true,
		}))},
		"acknowledgement": {ackFrame, must(message.NewNotice(message.NoticeFields{
			Origin: message.Origin{Received: 42}, Venue: Name, Type: message.NoticeAck, Detail: "id 1",
		}))},
		"acknowledgement with a list": {`{"result":["btcusdt@trade"],"id":"q"}`, must(message.NewNotice(message.NoticeFields{
			Origin: message.Origin{Received: 42}, Venue: Name, Type: message.NoticeAck, Detail: `id q ["btcusdt@trade"]`,
		}))},
		"refused request": {errorFrame, must(message.NewNotice(message.NoticeFields{
			Origin: message.Origin{Received: 42}, Venue: Name, Type: message.NoticeError, Code: "2", Detail: "Invalid request: unknown variant",
		}))},
		"refused REST request": {refusalFrame, must(message.NewNotice(message.NoticeFields{
			Origin: message.Origin{Received: 42}, Venue: Name, Type: message.NoticeError, Code: "-1121", Detail: "Invalid symbol.",
		}))},
		"shutdown": {shutdownFrame, must(message.NewNotice(message.NoticeFields{
			Origin: message.Origin{Received: 42, VenueTime: market.Milliseconds(1700000000500)}, Venue: Name,
			Type: message.NoticeStatus, Code: "serverShutdown", Detail: "the server is about to cut the connection",
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
	events, err := decodeOnly(t).Decode(nil, []byte(miniTickerFrame), 42)
	if err != nil || len(events) != 2 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	f := events[1].(message.Ticker).Fields()
	want := message.HasOpening | message.HasTrade | message.HasHigh | message.HasLow | message.HasVolume24h
	if f.Instrument.Name() != "ETH-BTC" || f.Has != want || f.ChangeBase != 0 {
		t.Errorf("second of the list: %v", events[1])
	}
}

// TestRefused holds the reason and the field of what is no good.
func TestRefused(t *testing.T) {
	tests := map[string]struct {
		frame  string
		reason venue.Reason
		field  string
	}{
		"user data":               {`{"e":"executionReport","E":1,"s":"ETHBTC","p":"1"}`, venue.Unsupported, "e"},
		"wrapped user data":       {`{"subscriptionId":0,"event":{"e":"listStatus","E":1,"s":"ETHBTC"}}`, venue.Unsupported, "e"},
		"futures only":            {`{"stream":"x","data":{"e":"markPriceUpdate","E":1,"s":"BTCUSDT","p":"1"}}`, venue.Unsupported, "e"},
		"other window":            {`{"e":"1hTicker","E":1,"s":"BTCUSDT","c":"1"}`, venue.Unsupported, "e"},
		"candle of a month":       {strings.Replace(klineFrame, `"i":"1m"`, `"i":"1M"`, 1), venue.Unsupported, "k.i"},
		"candle off its grid":     {strings.Replace(klineFrame, `"t":1699999980000`, `"t":1699999980001`, 1), venue.Schema, ""},
		"candle without an end":   {strings.Replace(klineFrame, `"x":true,`, ``, 1), venue.Schema, "k.x"},
		"price in words":          {strings.Replace(tradeFrame, `"36500.12000000"`, `"high"`, 1), venue.Number, "p"},
		"price below zero":        {strings.Replace(tradeFrame, `"36500.12000000"`, `"-1"`, 1), venue.Number, "p"},
		"price of zero":           {strings.Replace(tradeFrame, `"36500.12000000"`, `"0.0"`, 1), venue.Schema, ""},
		"price of 19 decimals":    {strings.Replace(tradeFrame, `"36500.12000000"`, `"1.0000000000000000001"`, 1), venue.Number, "p"},
		"price as a list":         {strings.Replace(tradeFrame, `"36500.12000000"`, `["1"]`, 1), venue.Schema, "p"},
		"price null":              {strings.Replace(tradeFrame, `"36500.12000000"`, `null`, 1), venue.Schema, "p"},
		"no quantity":             {strings.Replace(tradeFrame, `"q":"0.00250000",`, ``, 1), venue.Schema, "q"},
		"no time":                 {strings.Replace(tradeFrame, `"T":1700000000123,`, ``, 1), venue.Schema, "T"},
		"time with decimals":      {strings.Replace(tradeFrame, `1700000000123`, `1700000000123.5`, 1), venue.Number, "T"},
		"time between units":      {strings.Replace(tradeFrame, `1700000000123`, `17000000001230`, 1), venue.Number, "T"},
		"time before 1970":        {strings.Replace(tradeFrame, `1700000000123`, `-1`, 1), venue.Number, "T"},
		"maker in words":          {strings.Replace(tradeFrame, `"m":true`, `"m":"true"`, 1), venue.Schema, "m"},
		"no symbol":               {strings.Replace(tradeFrame, `"s":"BTCUSDT",`, ``, 1), venue.Schema, "s"},
		"symbol that is a number": {strings.Replace(tradeFrame, `"BTCUSDT"`, `1`, 1), venue.Schema, "s"},
		"symbol without a quote":  {strings.Replace(tradeFrame, `"BTCUSDT"`, `"ABCDEF"`, 1), venue.Instrument, ""},
		"symbol that is a quote":  {strings.Replace(tradeFrame, `"BTCUSDT"`, `"USDT"`, 1), venue.Instrument, ""},
		"symbol in Chinese":       {strings.Replace(tradeFrame, `"BTCUSDT"`, `"币USDT"`, 1), venue.Instrument, ""},
		"symbol without an end":   {strings.Replace(tradeFrame, `"BTCUSDT"`, `"`+strings.Repeat("A", 1000)+`USDT"`, 1), venue.Instrument, ""},
		"future without expiry":   {strings.Replace(tradeFrame, `"BTCUSDT"`, `"BTCUSD_NEXT"`, 1), venue.Instrument, ""},
		"level of one value":      {strings.Replace(depthFrame, `["36500.12000000","0.10000000"]`, `["36500.12000000"]`, 1), venue.Schema, "a"},
		"level at zero":           {strings.Replace(depthFrame, `["36500.12000000",`, `["0",`, 1), venue.Number, "a"},
		"level that is none":      {strings.Replace(depthFrame, `["36500.12000000","0.10000000"]`, `5`, 1), venue.Schema, "a"},
		"update without asks":     {strings.Replace(depthFrame, `,"a":[["36500.12000000","0.10000000"]]`, ``, 1), venue.Schema, "b"},
		"ids that run backwards":  {strings.Replace(depthFrame, `"u":70000000009`, `"u":1`, 1), venue.Schema, "u"},
		"snapshot without asks":   {`{"lastUpdateId":1,"bids":[]}`, venue.Schema, "bids"},
		"snapshot of nobody":      {restDepthBody, venue.Instrument, "lastUpdateId"},
		"ticker of nothing":       {`{"e":"24hrTicker","E":1,"s":"BTCUSDT"}`, venue.Schema, ""},
		"escaped garbage":         {`{"e":"tr\u0061de","s":"\ud800"}`, venue.Instrument, ""},
		"empty combined list":     {`{"stream":"!miniTicker@arr","data":[]}`, venue.Schema, ""},
		"good and bad in a list":  {strings.Replace(miniTickerFrame, `"s":"ETHBTC"`, `"s":"?"`, 1), venue.Instrument, ""},
		"a broken end of a list":  {strings.TrimSuffix(miniTickerFrame, "}"), venue.Syntax, ""},
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
		p := decodeOnly(t)
		one(t, p, tradeFrame) // gives the REST body its instrument
		venuetest.Truncations(t, p, []byte(frame))
	}
}

func TestGarbage(t *testing.T) { venuetest.Garbage(t, decodeOnly(t)) }

// TestDecodeDoesNotLeak decodes frames of all kinds one after the other: nothing of a frame may
// show in the next.
func TestDecodeDoesNotLeak(t *testing.T) {
	used := decodeOnly(t)
	one(t, used, tradeFrame)
	for _, a := range allFrames {
		for _, b := range allFrames {
			fresh := decodeOnly(t)
			one(t, fresh, tradeFrame)
			if _, err := used.Decode(nil, []byte(a), 1); err != nil && a != restDepthBody {
				t.Fatal(err)
			}
			if b == restDepthBody { // depends on what went before, on purpose
				continue
			}
			got, err1 := used.Decode(nil, []byte(b), 42)
			want, err2 := fresh.Decode(nil, []byte(b), 42)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			venuetest.Alike(t, a, got, want)
		}
	}
}

func TestAllocations(t *testing.T) {
	for name, tc := range map[string]struct {
		frame string
		most  float64
	}{
		"trade":  {tradeFrame, 2}, // the message and its id
		"bbo":    {bookTickerFrame, 1},
		"ticker": {tickerFrame, 1},
		"depth":  {depthOf(20), 2}, // the message and its levels
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

func FuzzSnapshot(f *testing.F) {
	f.Add([]byte(restDepthBody))
	f.Add([]byte(refusalFrame))
	i := market.MustInstrument(Name, "BTC-USDT")
	p := decodeOnly(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		book, err := p.DecodeSnapshot(i, body, 1)
		if (err == nil) != (book.Fields().Instrument == i) {
			t.Fatal(book, err)
		}
		if err != nil {
			venuetest.ReasonOf(t, err)
		}
	})
}
