package okx

import (
	"bytes"
	"compress/flate"
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

// decoded decodes a frame.
func decoded(t testing.TB, p *Protocol, frame string) []message.Event {
	t.Helper()
	events, err := p.Decode(nil, []byte(frame), 42)
	if err != nil {
		t.Fatalf("%v\n%s", err, frame)
	}
	return events
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

func noticeOf(kind message.NoticeType, code, detail, symbol string) message.Event {
	return must(message.NewNotice(message.NoticeFields{Origin: message.Origin{Received: 42}, Venue: Name, Type: kind, Code: code, Detail: detail, Symbol: symbol}))
}

func TestDecodeShapes(t *testing.T) {
	amount := func(s string) market.Amount { return market.Amount{Decimal: market.MustDecimal(s)} }
	tests := map[string]struct {
		frame string
		want  []message.Event
	}{
		"ticker": {tickerFrame, []message.Event{must(message.NewTicker(message.TickerFields{
			Origin: origin("BTC-USDT", 1700000000300), Span: message.Rolling24h, ChangeBase: message.FromOpen24h,
			Has: message.HasOpening | message.HasTrade | message.HasHigh | message.HasLow |
				message.HasVolume24h | message.HasChange | message.HasChangeRate,
			Opening: market.MustPrice("40000"), Trade: market.MustPrice("36500.1"), High: market.MustPrice("40100.5"), Low: market.MustPrice("36100"),
			Volume24h: market.MustQuantity("25000.12345678"), Change: amount("-3499.9"), ChangeRate: market.MustDecimal("-0.0874975"),
		}))}},
		"ticker without a past": {optionTicker, []message.Event{must(message.NewTicker(message.TickerFields{
			Origin: origin("BTC-USD-210924-42000-P", 1654166283149), Span: message.Rolling24h,
			Has: message.HasTrade | message.HasVolume24h, Trade: market.MustPrice("0.0005"),
		}))}},
		"ticker of a figure too long": {strings.Replace(tickerFrame, `"25000.12345678"`, `"1234567.12345678901234567890"`, 1), []message.Event{must(message.NewTicker(message.TickerFields{
			Origin: origin("BTC-USDT", 1700000000300), Span: message.Rolling24h, ChangeBase: message.FromOpen24h,
			Has: message.HasOpening | message.HasTrade | message.HasHigh | message.HasLow |
				message.HasVolume24h | message.HasChange | message.HasChangeRate,
			Opening: market.MustPrice("40000"), Trade: market.MustPrice("36500.1"), High: market.MustPrice("40100.5"), Low: market.MustPrice("36100"),
			Volume24h: market.MustQuantity("1234567.123456789012345678"), Change: amount("-3499.9"), ChangeRate: market.MustDecimal("-0.0874975"),
		}))}},
		"trade": {tradeFrame, []message.Event{must(message.NewTrade(message.TradeFields{
			Origin: origin("BTC-USDT", 1700000000123), Price: market.MustPrice("36500.1"), Quantity: market.MustQuantity("0.00011186"),
			Taker: market.Buy, ID: "674510826",
		}))}},
		"two trades": {tradesFrame, []message.Event{
			must(message.NewTrade(message.TradeFields{
				Origin: origin("ETH-USD-PERP", 1700000000123), Price: market.MustPrice("1776.25"), Quantity: market.MustQuantity("3"), Taker: market.Sell, ID: "1",
			})),
			must(message.NewTrade(message.TradeFields{
				Origin: origin("ETH-USD-PERP", 1700000000124), Price: market.MustPrice("1776.2"), Quantity: market.MustQuantity("100"), Taker: market.Sell, ID: "2",
			})),
		}},
		"snapshot": {bookFrame, []message.Event{must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT", 1700000000200), Snapshot: true, LastID: 123456,
		}, []message.Level{level("36500.1", "1.5"), level("36500", "0.1")}, []message.Level{level("36500.2", "0.75"), level("36500.3", "1")}))}},
		"change, worst bid first": {changeFrame, []message.Event{must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT", 1700000000300), LastID: 123460, PrevID: 123456,
		}, []message.Level{level("36500.1", "2"), level("36500", "0.2")}, []message.Level{level("36500.3", "0")}))}},
		"change of nothing": {idleFrame, []message.Event{must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT-PERP", 1700000060300), LastID: 123460, PrevID: 123460,
		}, nil, nil))}},
		"change, topic last, count begun anew": {sortedFrame, []message.Event{must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT", 1700000000300), LastID: 5, PrevID: 123456,
		}, []message.Level{level("36500", "0.2")}, nil))}},
		"book of five, worst ask first": {book5Frame, []message.Event{must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USD-210924", 1653997473120), Snapshot: true, LastID: 4826378794,
		}, nil, []message.Level{level("31835.7", "690"), level("31835.8", "5")}))}},
		"best bid and offer": {bboFrame, []message.Event{must(message.NewBBO(message.BBOFields{
			Origin: origin("BTC-USDT-PERP", 1656633600013), Bid: market.MustPrice("19918.9"), BidQuantity: market.MustQuantity("34"),
			Ask: market.MustPrice("19920"), AskQuantity: market.MustQuantity("3"),
		}))}},
		"best bid, no offer": {bboOneSided, []message.Event{must(message.NewBBO(message.BBOFields{
			Origin: origin("BTC-USDT-PERP", 1656633600013), Bid: market.MustPrice("19918.9"), BidQuantity: market.MustQuantity("34"),
		}))}},
		"candle": {candleFrame, []message.Event{must(message.NewBar(message.BarFields{
			Origin: origin("BTC-USDT", 0), Interval: time.Minute, Start: market.Milliseconds(1699999980000),
			Open: market.MustPrice("36500"), High: market.MustPrice("36520"), Low: market.MustPrice("36490"), Close: market.MustPrice("36510"),
			Volume: market.MustQuantity("10.5"), Turnover: amount("383355.5"), Closed: true,
		}))}},
		"candle of a perpetual before 2022": {oldCandle, []message.Event{must(message.NewBar(message.BarFields{
			Origin: origin("BTC-USDT-PERP", 0), Interval: 4 * time.Hour, Start: market.Milliseconds(1699992000000),
			Open: market.MustPrice("36500"), High: market.MustPrice("36520"), Low: market.MustPrice("36490"), Close: market.MustPrice("36510"),
			Volume: market.MustQuantity("4070"),
		}))}},
		"maintenance": {statusFrame, []message.Event{must(message.NewNotice(message.NoticeFields{
			Origin: message.Origin{Received: 42, VenueTime: market.Milliseconds(1672826038470)}, Venue: Name,
			Type: message.NoticeStatus, Code: "scheduled", Detail: "WebSocket system upgrade",
		}))}},
		"acknowledgement":      {ackFrame, []message.Event{noticeOf(message.NoticeAck, "", "subscribe books", "BTC-USDT")}},
		"acknowledged end":     {endFrame, []message.Event{noticeOf(message.NoticeAck, "", "unsubscribe books", "BTC-USDT")}},
		"login":                {loginFrame, []message.Event{noticeOf(message.NoticeAck, "0", "", "")}},
		"refused login":        {strings.Replace(loginFrame, `"0"`, `"60009"`, 1), []message.Event{noticeOf(message.NoticeError, "60009", "", "")}},
		"refused request":      {errorFrame, []message.Event{noticeOf(message.NoticeError, "60018", "Wrong URL or channel:books,instId:NO-PAIR doesn't exist.", "")}},
		"refused by a gateway": {refusalFrame, []message.Event{noticeOf(message.NoticeError, "50011", "Too Many Requests", "")}},
		"upgrade":              {noticeFrame, []message.Event{noticeOf(message.NoticeStatus, "64008", "The connection will soon be closed for a service upgrade. Please reconnect.", "")}},
		"connections":          {countFrame, []message.Event{noticeOf(message.NoticeStatus, "", "channel orders: 2 connections", "")}},
		"too many connections": {tooManyFrame, []message.Event{noticeOf(message.NoticeError, "", "channel orders: too many connections, 30", "")}},
		"pong":                 {"pong", []message.Event{noticeOf(message.NoticeHeartbeat, "", "pong", "")}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := decoded(t, decodeOnly(t), tc.frame)
			if len(got) != len(tc.want) {
				t.Fatalf("%d events, want %d: %v", len(got), len(tc.want), got)
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
		"version 3":               {version3Frame, venue.Unsupported, "table"},
		"version 3 answer":        {`{"event":"subscribe","channel":"spot/ticker:BTC-USDT"}`, venue.Unsupported, "channel"},
		"version 3 error":         {`{"event":"error","message":"Channel : x doesn't exist","errorCode":30040}`, venue.Unsupported, "errorCode"},
		"version 3 deflated":      {deflated(version3Frame), venue.Unsupported, ""},
		"garbage deflated":        {deflated("not a frame at all, but deflated all the same"), venue.Encoding, ""},
		"other channel":           {`{"arg":{"channel":"mark-price","instId":"BTC-USDT"},"data":[{"markPx":"1"}]}`, venue.Unsupported, "arg.channel"},
		"private channel":         {`{"arg":{"channel":"orders","instType":"SWAP"},"data":[{"ordId":"1"}]}`, venue.Unsupported, "arg.channel"},
		"book with retail orders": {strings.Replace(bookFrame, `"books"`, `"books-rpi"`, 1), venue.Unsupported, "arg.channel"},
		"spread":                  {strings.Replace(tickerFrame, `"tickers"`, `"sprd-tickers"`, 1), venue.Unsupported, "arg.channel"},
		"answer about orders":     {`{"id":"1","op":"order","data":[{"ordId":"1"}],"code":"0","msg":""}`, venue.Unsupported, "op"},
		"request":                 {string(request("subscribe", topic{"books", "BTC-USDT"})), venue.Unsupported, "op"},
		"other event":             {`{"event":"party"}`, venue.Unsupported, "event"},
		"answer of no channel":    {`{"event":"subscribe"}`, venue.Schema, "arg"},
		"REST body":               {`{"code":"0","msg":"","data":[{"instId":"BTC-USDT","last":"1"}]}`, venue.Schema, "arg"},
		"topic in a word":         {`{"arg":"books","data":[]}`, venue.Schema, "arg"},
		"no data":                 {`{"arg":{"channel":"books","instId":"BTC-USDT"}}`, venue.Schema, "data"},
		"data in a word":          {`{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":"x"}`, venue.Schema, "data"},
		"data of words":           {`{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":["x"]}`, venue.Schema, "data"},
		"empty data":              {`{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[]}`, venue.Schema, "data"},
		"data twice":              {strings.TrimSuffix(tradeFrame, "}") + `,"data":[]}`, venue.Schema, "data"},
		"book of unknown action":  {strings.Replace(bookFrame, `"snapshot"`, `"partial"`, 1), venue.Schema, "action"},
		"book without action":     {strings.Replace(bookFrame, `"action":"snapshot",`, ``, 1), venue.Schema, "action"},
		"book without bids":       {strings.Replace(changeFrame, `"bids"`, `"bits"`, 1), venue.Schema, "bids"},
		"book without time":       {strings.Replace(changeFrame, `"ts":"1700000000300"`, `"ts":""`, 1), venue.Schema, "ts"},
		"book of no instrument":   {`{"arg":{"channel":"books"},"action":"update","data":[{"asks":[],"bids":[],"ts":"1"}]}`, venue.Schema, "instId"},
		"level of one value":      {strings.Replace(bookFrame, `["36500.2","0.75","0","3"]`, `["36500.2"]`, 1), venue.Schema, "asks"},
		"level at zero":           {strings.Replace(bookFrame, `"36500.2"`, `"0.0"`, 1), venue.Number, "asks"},
		"level that is none":      {strings.Replace(bookFrame, `["36500.2","0.75","0","3"]`, `5`, 1), venue.Schema, "asks"},
		"levels that are none":    {strings.Replace(idleFrame, `"asks":[]`, `"asks":null`, 1), venue.Schema, "asks"},
		"size below zero":         {strings.Replace(bookFrame, `"0.75"`, `"-0.75"`, 1), venue.Number, "asks"},
		"checksum in words":       {strings.Replace(bookFrame, `"checksum":0`, `"checksum":"x"`, 1), venue.Number, "checksum"},
		"sequence in words":       {strings.Replace(bookFrame, `"seqId":123456`, `"seqId":"x"`, 1), venue.Number, "seqId"},
		"trade without price":     {strings.Replace(tradeFrame, `"36500.1"`, `""`, 1), venue.Schema, "px"},
		"trade at zero":           {strings.Replace(tradeFrame, `"36500.1"`, `"0"`, 1), venue.Schema, ""},
		"trade too fine":          {strings.Replace(tradeFrame, `"36500.1"`, `"1E-19"`, 1), venue.Number, "px"},
		"trade without size":      {strings.Replace(tradeFrame, `"sz":"0.00011186",`, ``, 1), venue.Schema, "sz"},
		"trade of no side":        {strings.Replace(tradeFrame, `"buy"`, `"BUY"`, 1), venue.Schema, "side"},
		"trade without id":        {strings.Replace(tradeFrame, `"674510826"`, `""`, 1), venue.Schema, "tradeId"},
		"trade at no time":        {strings.Replace(tradeFrame, `"1700000000123"`, `"2023-11-14"`, 1), venue.Number, "ts"},
		"symbol of one part":      {strings.ReplaceAll(tradeFrame, `BTC-USDT`, `BTCUSDT`), venue.Instrument, ""},
		"symbol in Chinese":       {strings.ReplaceAll(tradeFrame, `BTC-USDT`, `币-USDT`), venue.Instrument, ""},
		"symbol that is a number": {strings.ReplaceAll(tradeFrame, `"BTC-USDT"`, `5`), venue.Schema, "instId"},
		"ticker of nothing":       {`{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"ts":"1"}]}`, venue.Schema, ""},
		"ticker in words":         {strings.Replace(tickerFrame, `"40000"`, `"many"`, 1), venue.Number, "open24h"},
		"candle of a day":         {strings.Replace(candleFrame, `candle1m`, `candle1D`, 1), venue.Unsupported, "arg.channel"},
		"candle of three values":  {`{"arg":{"channel":"candle1m","instId":"BTC-USDT"},"data":[["1","2","3"]]}`, venue.Schema, "data"},
		"candle off its grid":     {strings.Replace(candleFrame, `1699999980000`, `1699999980001`, 1), venue.Schema, ""},
		"status without state":    {strings.Replace(statusFrame, `"scheduled"`, `""`, 1), venue.Schema, "state"},
		"good and bad in a list":  {strings.Replace(tradesFrame, `"1E+2"`, `"x"`, 1), venue.Number, "sz"},
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

// deflated returns text as version 3 sent it.
func deflated(text string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression)
	_, _ = w.Write([]byte(text))
	_ = w.Flush()
	return b.String()
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
		"trade":  {tradeFrame, 2}, // the message and its id
		"ticker": {tickerFrame, 1},
		"bbo":    {bboFrame, 1},
		"book":   {changeFrame, 2}, // the message and its levels
	} {
		venuetest.Allocations(t, name, decodeOnly(t), tc.frame, tc.most)
	}
}

func FuzzDecode(f *testing.F) {
	seeds := [][]byte{[]byte("pong"), []byte(deflated(version3Frame))}
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
