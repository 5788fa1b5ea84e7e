package kraken

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

// decode decodes a frame.
func decode(t testing.TB, p *Protocol, frame string) []message.Event {
	t.Helper()
	events, err := p.Decode(nil, []byte(frame), 42)
	if err != nil {
		t.Fatalf("%v\n%s", err, frame)
	}
	return events
}

// expect decodes a frame and compares what it says.
func expect(t testing.TB, p *Protocol, frame string, want ...message.Event) {
	t.Helper()
	got := decode(t, p, frame)
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("lacks %v", want[i])
		case i >= len(want):
			t.Errorf("too many: %v", got[i])
		case !venuetest.Same(got[i], want[i]):
			t.Errorf("\n got %v\nwant %v", got[i], want[i])
		}
	}
}

// origin is of a moment in nanoseconds since 1970.
func origin(name string, at market.Timestamp) message.Origin {
	return message.Origin{Instrument: market.MustInstrument(Name, name), VenueTime: at, Received: 42}
}

func level2(price, quantity string) message.Level {
	return message.Level{Price: market.MustPrice(price), Quantity: market.MustQuantity(quantity)}
}

func must[E message.Event](e E, err error) message.Event {
	if err != nil {
		panic(err)
	}
	return e
}

func notice(f message.NoticeFields) message.Event {
	f.Received, f.Venue = 42, Name
	return must(message.NewNotice(f))
}

const second market.Timestamp = 1700000000e9 // 2023-11-14T22:13:20Z

func TestDecodeShapes(t *testing.T) {
	amount := func(s string) market.Amount { return market.Amount{Decimal: market.MustDecimal(s)} }
	trades := func(at1, at2 market.Timestamp, id1, id2 string) []message.Event {
		f := message.TradeFields{Origin: origin("BTC-USD", at1), Price: market.MustPrice("36500.1"), Quantity: market.MustQuantity("0.0025"), Taker: market.Sell, ID: id1}
		g := message.TradeFields{Origin: origin("BTC-USD", at2), Price: market.MustPrice("36500.2"), Quantity: market.MustQuantity("0.00000001"), Taker: market.Buy, ID: id2}
		return []message.Event{must(message.NewTrade(f)), must(message.NewTrade(g))}
	}
	bar := message.BarFields{
		Origin: origin("BTC-USD", 0), Interval: 5 * time.Minute, Start: market.TimestampOf(time.Date(2023, 11, 14, 22, 10, 0, 0, time.UTC)),
		Open: market.MustPrice("36500"), High: market.MustPrice("36520"), Low: market.MustPrice("36490"), Close: market.MustPrice("36510"),
		Volume: market.MustQuantity("10.5"), Trades: 101,
	}
	bar1 := bar
	bar1.Origin, bar1.Interval, bar1.Start = origin("BTC-USD", second+12_967902000), time.Minute, market.Seconds(1699999980)
	bar5 := bar // ends off the grid, as in the manual
	bar5.Origin, bar5.Start = bar1.Origin, market.Seconds(1699999800)
	tests := map[string]struct {
		frame string
		want  []message.Event
	}{
		"ticker": {ticker2Frame, []message.Event{must(message.NewTicker(message.TickerFields{
			Origin: origin("BTC-USD", second+300123000), Span: message.Rolling24h, ChangeBase: message.FromOpen24h,
			Has:   message.HasTrade | message.HasHigh | message.HasLow | message.HasVolume24h | message.HasChange | message.HasChangeRate,
			Trade: market.MustPrice("36500.1"), High: market.MustPrice("37000"), Low: market.MustPrice("36100"),
			Volume24h: market.MustQuantity("2500.12345678"), Change: amount("-131.4"), ChangeRate: market.MustDecimal("-0.0036"),
		}))}},
		"ticker without time, with nulls": {`{"type":"snapshot","data":[{"symbol":"BTC/USD","last":3.65001E4,"high":null,"low":0,"volume":"","change_pct":0}],"channel":"ticker"}`,
			[]message.Event{must(message.NewTicker(message.TickerFields{
				Origin: origin("BTC-USD", 0), Span: message.Rolling24h, ChangeBase: message.FromOpen24h, Has: message.HasTrade | message.HasChangeRate,
				Trade: market.MustPrice("36500.1"),
			}))}},
		"ticker, version 1": {ticker1Frame, []message.Event{must(message.NewTicker(message.TickerFields{
			Origin: origin("BTC-USD", 0), Span: message.Rolling24h, ChangeBase: message.FromOpen24h,
			Has:     message.HasOpening | message.HasTrade | message.HasHigh | message.HasLow | message.HasVolume24h | message.HasChange | message.HasChangeRate,
			Opening: market.MustPrice("29200.08"), Trade: market.MustPrice("36500.1"), High: market.MustPrice("37000"), Low: market.MustPrice("36100"),
			Volume24h: market.MustQuantity("5243.60824494"), Change: amount("7300.02"), ChangeRate: market.MustDecimal("0.25"),
		}))}},
		"trades":            {trade2Frame, trades(second+123456000, second+123456789, "4815162342", "4815162343")},
		"trades, version 1": {trade1Frame, trades(second+123456000, second+123457000, "", "")},
		"book":              {book2Snapshot, []message.Event{must(message.NewBook(message.BookFields{Origin: origin("BTC-USD", 0), Snapshot: true}, bids2, asks2))}},
		"book of two pairs, asks first": {`{"channel":"book","type":"update","data":[{"asks":[{"qty":1,"price":2}],"bids":[{"price":0.5,"qty":3},{"price":1,"qty":0}],"symbol":"A/USD"},{"symbol":"B/USD","asks":[{"price":7,"qty":1}]}]}`,
			[]message.Event{
				must(message.NewBook(message.BookFields{Origin: origin("A-USD", 0)}, []message.Level{level2("1", "0"), level2("0.5", "3")}, []message.Level{level2("2", "1")})),
				must(message.NewBook(message.BookFields{Origin: origin("B-USD", 0)}, nil, []message.Level{level2("7", "1")})),
			}},
		"book, version 1": {book1Snapshot, []message.Event{must(message.NewBook(message.BookFields{Origin: origin("BTC-USD", second+681845000), Snapshot: true},
			[]message.Level{level2("58724.8", "0.3")}, []message.Level{level2("58729.4", "0.45"), level2("58729.5", "1.4948")}))}},
		"book of one side, version 1": {`[320,{"as":[],"bs":[["1","2","1700000000.5"]]},"book-10","ETH/XBT"]`, []message.Event{must(message.NewBook(
			message.BookFields{Origin: origin("ETH-BTC", second+500000000), Snapshot: true}, []message.Level{level2("1", "2")}, nil))}},
		"update, version 1": {book1Update, []message.Event{must(message.NewBook(message.BookFields{Origin: origin("BTC-USD", second+1_000002000)},
			[]message.Level{level2("58724.8", "0.36"), level2("58720", "0.01")}, []message.Level{level2("58729.45", "2"), level2("58729.5", "0")}))}},
		"candle":                      {candle2Frame, []message.Event{must(message.NewBar(bar))}},
		"candle, version 1":           {candle1Frame, []message.Event{must(message.NewBar(bar1))}},
		"candle off grid, version 1":  {strings.NewReplacer("1700000040.000000", "1700000360.435743", "ohlc-1", "ohlc-5").Replace(candle1Frame), []message.Event{must(message.NewBar(bar5))}},
		"best bid and offer":          {spread1Frame, []message.Event{spreadOf("DOGE-BTC", second+545897000)}},
		"state of the venue":          {status2Frame, []message.Event{notice(message.NoticeFields{Type: message.NoticeStatus, Code: "online", Detail: "the trading engine is online"})}},
		"state of the venue, v1":      {status1Frame, []message.Event{notice(message.NoticeFields{Type: message.NoticeStatus, Code: "online", Detail: "the trading engine is online"})}},
		"heartbeat":                   {beat2Frame, []message.Event{notice(message.NoticeFields{Type: message.NoticeHeartbeat})}},
		"heartbeat, version 1":        {beat1Frame, []message.Event{notice(message.NoticeFields{Type: message.NoticeHeartbeat})}},
		"pong":                        {pong2Frame, []message.Event{notice(message.NoticeFields{Type: message.NoticeHeartbeat})}},
		"pong, version 1":             {pong1Frame, []message.Event{notice(message.NoticeFields{Type: message.NoticeHeartbeat})}},
		"acknowledgement":             {ack2Frame, []message.Event{notice(message.NoticeFields{Type: message.NoticeAck, Detail: "subscribe book", Symbol: "BTC/USD"})}},
		"acknowledgement, version 1":  {ack1Frame, []message.Event{notice(message.NoticeFields{Type: message.NoticeAck, Detail: "subscribed book-10", Symbol: "XBT/USD"})}},
		"refused request":             {error2Frame, []message.Event{notice(message.NoticeFields{Type: message.NoticeError, Detail: "Currency pair not supported XYZ/USD", Symbol: "XYZ/USD"})}},
		"refused request, version 1":  {error1Frame, []message.Event{notice(message.NoticeFields{Type: message.NoticeError, Detail: "Subscription depth not supported", Symbol: "XBT/USD"})}},
		"broken request":              {broken2Frame, []message.Event{notice(message.NoticeFields{Type: message.NoticeError, Detail: "Malformed request"})}},
		"error with code, version 1":  {broken1Frame, []message.Event{notice(message.NoticeFields{Type: message.NoticeError, Code: "EGeneral", Detail: "EGeneral:Invalid arguments"})}},
		"unsubscribed, no pair named": {`{"method":"unsubscribe","success":true,"result":{"channel":"ticker"}}`, []message.Event{notice(message.NoticeFields{Type: message.NoticeAck, Detail: "unsubscribe ticker"})}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) { expect(t, decodeOnly(t), tc.frame, tc.want...) })
	}
}

// TestBestBidAndOffer: where it is followed, a ticker tells it too.
func TestBestBidAndOffer(t *testing.T) {
	all, err := New(venue.Config{Channels: []market.Channel{market.ChannelBBO}, Listings: []market.Listing{listing("BTC/USD", "BTC-USD")}})
	if err != nil {
		t.Fatal(err)
	}
	for frame, want := range map[string]message.BBOFields{
		ticker2Frame: {Origin: origin("BTC-USD", second+300123000), Bid: market.MustPrice("36500"), BidQuantity: market.MustQuantity("0.001"),
			Ask: market.MustPrice("36500.1"), AskQuantity: market.MustQuantity("0.2")},
		ticker1Frame: {Origin: origin("BTC-USD", 0), Bid: market.MustPrice("36500"), BidQuantity: market.MustQuantity("0.0841"),
			Ask: market.MustPrice("36500.1"), AskQuantity: market.MustQuantity("12.41074632")},
		`{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":null,"ask":2,"ask_qty":1,"last":1}]}`: {Origin: origin("BTC-USD", 0),
			Ask: market.MustPrice("2"), AskQuantity: market.MustQuantity("1")},
	} {
		events := decode(t, all[0], frame)
		if len(events) != 2 || !venuetest.Same(events[0], must(message.NewBBO(want))) || events[1].Kind() != message.KindTicker {
			t.Errorf("\n got %v\nwant %v and a ticker", events, must(message.NewBBO(want)))
		}
	}
}

func spreadOf(name string, at market.Timestamp) message.Event {
	return must(message.NewBBO(message.BBOFields{Origin: origin(name, at), Bid: market.MustPrice("36500"), BidQuantity: market.MustQuantity("1.01234567"),
		Ask: market.MustPrice("36500.1"), AskQuantity: market.MustQuantity("0.98765432")}))
}

// TestRefused holds the reason and the field of what is no good.
func TestRefused(t *testing.T) {
	replace := func(frame, old, with string) string {
		if !strings.Contains(frame, old) {
			t.Fatalf("%q is not in %s", old, frame)
		}
		return strings.Replace(frame, old, with, 1)
	}
	tests := map[string]struct {
		frame  string
		reason venue.Reason
		field  string
	}{
		"own orders":               {`{"channel":"executions","type":"snapshot","data":[{"order_id":"x"}],"sequence":1}`, venue.Unsupported, "channel"},
		"own balances":             {`{"channel":"balances","type":"update","data":[{"asset":"BTC"}]}`, venue.Unsupported, "channel"},
		"own orders, version 1":    {`[[{"O-1":{"status":"open"}}],"openOrders",{"sequence":1}]`, venue.Unsupported, "channelName"},
		"own trades, version 1":    {`[[{"T-1":{"pair":"XBT/USD"}}],"ownTrades",{"sequence":1}]`, venue.Unsupported, "channelName"},
		"single orders":            {`{"channel":"level3","type":"update","data":[{"symbol":"BTC/USD","checksum":0,"bids":[{"event":"add","order_id":"x"}],"asks":[]}]}`, venue.Unsupported, "channel"},
		"list of pairs":            {`{"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[]}}`, venue.Unsupported, "channel"},
		"answer to an order":       {`{"method":"add_order","req_id":42,"success":true,"result":{"order_id":"x"}}`, venue.Unsupported, "method"},
		"answer to an order, v1":   {`{"event":"addOrderStatus","status":"ok","txid":"x"}`, venue.Unsupported, "event"},
		"futures":                  {`{"feed":"book","product_id":"PI_XBTUSD","side":"buy","seq":1,"price":1,"qty":1,"timestamp":1}`, venue.Unsupported, "feed"},
		"futures, greeting":        {`{"event":"info","version":1}`, venue.Unsupported, "event"},
		"unknown channel, v1":      {`[1,{"x":1},"depth","XBT/USD"]`, venue.Unsupported, "channelName"},
		"no name, version 1":       {`[1,{"a":[]}]`, venue.Schema, "channelName"},
		"status without success":   {`{"method":"subscribe"}`, venue.Schema, "success"},
		"status unknown, v1":       {`{"event":"subscriptionStatus","status":"soon"}`, venue.Schema, "status"},
		"nothing known":            {`{"result":"success"}`, venue.Schema, "channel"},
		"channel alone":            {`{"channel":"book"}`, venue.Schema, "data"},
		"data alone":               {`{"data":[{}]}`, venue.Schema, "channel"},
		"data null":                {`{"channel":"trade","type":"update","data":null}`, venue.Schema, "data"},
		"data empty":               {`{"channel":"trade","type":"update","data":[]}`, venue.Schema, "data"},
		"data of a number":         {`{"channel":"trade","type":"update","data":[1]}`, venue.Schema, "data"},
		"book of unknown type":     {replace(book2Snapshot, `"snapshot"`, `"delta"`), venue.Schema, "type"},
		"book without type":        {replace(book2Snapshot, `"type":"snapshot",`, ``), venue.Schema, "type"},
		"book without levels":      {`{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","checksum":1}]}`, venue.Schema, "bids"},
		"book without levels, v1":  {`[1,{"c":"1"},"book-10","XBT/USD"]`, venue.Schema, "a"},
		"levels null":              {`{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":null}]}`, venue.Schema, "bids"},
		"level as a list":          {`{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[[1,2]]}]}`, venue.Schema, "bids"},
		"level without quantity":   {`{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","asks":[{"price":1}]}]}`, venue.Schema, "asks"},
		"level at zero":            {`{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","asks":[{"price":0.0,"qty":1}]}]}`, venue.Number, "asks"},
		"level below zero":         {`{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","asks":[{"price":1,"qty":-1}]}]}`, venue.Number, "asks"},
		"level of one value, v1":   {`[1,{"a":[["1"]]},"book-10","XBT/USD"]`, venue.Schema, "a"},
		"level in words, v1":       {`[1,{"bs":[["one","1","1"]]},"book-10","XBT/USD"]`, venue.Number, "bs"},
		"checksum below zero":      {replace(book2Update, "4086578826", "-1"), venue.Number, "checksum"},
		"checksum of 33 bits":      {replace(book2Update, "4086578826", "4294967296"), venue.Number, "checksum"},
		"checksum in words, v1":    {replace(book1Update, "1235093665", "x"), venue.Number, "c"},
		"book time, version 1":     {replace(book1Update, "1700000001.000002", "17000000010000020"), venue.Number, "timestamp"},
		"book time":                {replace(book2Update, "2023-11-14T22", "2023-11-14 22"), venue.Number, "timestamp"},
		"no symbol":                {replace(ticker2Frame, `"symbol":"BTC/USD",`, ``), venue.Schema, "symbol"},
		"symbol is a number":       {replace(ticker2Frame, `"BTC/USD"`, `7`), venue.Schema, "symbol"},
		"symbol without a quote":   {replace(ticker2Frame, `BTC/USD`, `BTCUSD`), venue.Instrument, ""},
		"symbol of three":          {replace(ticker2Frame, `BTC/USD`, `BTC/USD/EUR`), venue.Instrument, ""},
		"symbol with a dash":       {replace(ticker2Frame, `BTC/USD`, `BTC/USD-PERP`), venue.Instrument, ""},
		"symbol without base, v1":  {replace(ticker1Frame, `XBT/USD`, `/USD`), venue.Instrument, ""},
		"ticker of nothing":        {`{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD"}]}`, venue.Schema, ""},
		"ticker of nothing, v1":    {`[1,{},"ticker","XBT/USD"]`, venue.Schema, ""},
		"ticker price in words":    {replace(ticker2Frame, `"last":36500.1`, `"last":"up"`), venue.Number, "last"},
		"trade without id":         {replace(trade2Frame, `"trade_id":4815162342,`, ``), venue.Schema, "trade_id"},
		"trade without time":       {replace(trade2Frame, `,"timestamp":"2023-11-14T22:13:20.123456Z"`, ``), venue.Schema, "timestamp"},
		"second trade of no price": {replace(trade2Frame, `"price":36500.2`, `"price":0`), venue.Schema, ""},
		"trade of no side":         {replace(trade2Frame, `"sell"`, `"short"`), venue.Schema, "side"},
		"trade of no side, v1":     {replace(trade1Frame, `"s"`, `"x"`), venue.Schema, "side"},
		"trade time, version 1":    {replace(trade1Frame, `1700000000.123456`, `soon`), venue.Number, "time"},
		"no trades, version 1":     {`[1,[],"trade","XBT/USD"]`, venue.Schema, ""},
		"candle of two minutes":    {replace(candle2Frame, `"interval":5`, `"interval":2`), venue.Unsupported, "interval"},
		"candle of two, version 1": {replace(candle1Frame, `ohlc-1`, `ohlc-2`), venue.Unsupported, "channelName"},
		"candle of no length, v1":  {replace(candle1Frame, `ohlc-1`, `ohlc`), venue.Schema, "channelName"},
		"candle off its grid":      {replace(candle2Frame, `22:10:00.0`, `22:11:00.0`), venue.Schema, ""},
		"candle without a low":     {replace(candle2Frame, `"low":36490.0,`, ``), venue.Schema, "low"},
		"candle cut short, v1":     {`[343,["1700000012.967902","1700000040.000000","36500.00000"],"ohlc-1","XBT/USD"]`, venue.Schema, "high"},
		"spread without time, v1":  {`[322,["1","2"],"spread","XBT/USD"]`, venue.Schema, "timestamp"},
		"status of nothing":        {`{"channel":"status","type":"update","data":[{}]}`, venue.Schema, "system"},
		"broken after good data":   {strings.TrimSuffix(trade2Frame, "}"), venue.Syntax, ""},
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
	venuetest.DoesNotLeak(t, func() venuetest.Decoder { return decodeOnly(t) }, allFrames, loneFrames)
}

func TestAllocations(t *testing.T) {
	for name, tc := range map[string]struct {
		frame string
		most  float64
	}{
		"trade":              {tradeOf2, 2}, // the message and its id
		"trade, version 1":   {tradeOf1, 1}, // it has no id
		"ticker":             {ticker2Frame, 1},
		"ticker, version 1":  {ticker1Frame, 1},
		"book":               {bookOf2(10, "snapshot"), 2}, // the message and its levels
		"book update":        {bookOf2(10, "update"), 2},
		"book, version 1":    {bookOf1(10, "as", "bs"), 2},
		"updates, version 1": {bookOf1(10, "a", "b"), 2},
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
