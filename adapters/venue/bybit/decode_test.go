package bybit

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// decodeOnly returns a decoder that knows no listings and no category.
func decodeOnly(t testing.TB) *Protocol { return decoderOf(t, "") }

// decoderOf returns a decoder of a category.
func decoderOf(t testing.TB, category string) *Protocol {
	t.Helper()
	url := ""
	if category != "" {
		url = "wss://stream.bybit.com/v5/public/" + category
	}
	all, err := New(venue.Config{WebSocketURL: url})
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

func noticeOf(kind message.NoticeType, code, detail string) message.Event {
	return must(message.NewNotice(message.NoticeFields{Origin: message.Origin{Received: 42}, Venue: Name, Type: kind, Code: code, Detail: detail}))
}

func amount(s string) market.Amount { return market.Amount{Decimal: market.MustDecimal(s)} }

const allFigures = message.HasOpening | message.HasTrade | message.HasHigh | message.HasLow | message.HasVolume24h | message.HasChange | message.HasChangeRate

func tickerOf(name string, ms int64, last, change, rate, volume string) message.Event {
	return must(message.NewTicker(message.TickerFields{
		Origin: origin(name, ms), Span: message.Rolling24h, ChangeBase: message.FromOpen24h, Has: allFigures,
		Opening: market.MustPrice("40000"), Trade: market.MustPrice(last), High: market.MustPrice("40100.5"), Low: market.MustPrice("36100"),
		Volume24h: market.MustQuantity(volume), Change: amount(change), ChangeRate: market.MustDecimal(rate),
	}))
}

func TestDecodeShapes(t *testing.T) {
	tests := map[string]struct {
		frame string
		want  []message.Event
	}{
		"ticker of spot":   {spotTicker, []message.Event{tickerOf("BTC-USDT", 1700000000300, "36500.1", "-3499.9", "-0.0875", "6780.866843")}},
		"ticker of linear": {linearTicker, []message.Event{tickerOf("BTC-USDT-PERP", 1700000000300, "36500.1", "-3499.9", "-0.0875", "151185.516")}},
		"ticker without rate": {strings.Replace(spotTicker, `"price24hPcnt":"-0.0875",`, ``, 1),
			[]message.Event{tickerOf("BTC-USDT", 1700000000300, "36500.1", "-3499.9", "-0.0874975", "6780.866843")}},
		"ticker of numbers": {`{"topic":"tickers.BTCUSDT","type":"snapshot","ts":1700000000300,"data":{"lastPrice":3.65001E4,"highPrice24h":"","lowPrice24h":null,"prevPrice24h":"0","volume24h":0}}`,
			[]message.Event{must(message.NewTicker(message.TickerFields{
				Origin: origin("BTC-USDT", 1700000000300), Span: message.Rolling24h, Has: message.HasTrade | message.HasVolume24h, Trade: market.MustPrice("36500.1"),
			}))}},
		"change before the whole": {tickerChange, []message.Event{must(message.NewTicker(message.TickerFields{
			Origin: origin("BTC-USDT-PERP", 1700000000400), Span: message.Rolling24h, ChangeBase: message.FromOpen24h,
			Has: message.HasTrade | message.HasChangeRate, Trade: market.MustPrice("36600"), ChangeRate: market.MustDecimal("-0.085"),
		}))}},
		"change of quotes before the whole": {tickerQuotes, []message.Event{must(message.NewTicker(message.TickerFields{
			Origin: origin("BTC-USDT-PERP", 1700000000500), Span: message.Rolling24h,
		}))}},
		"snapshot, with a level that is not there": {bookFrame, []message.Event{must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT", 1700000000200), Snapshot: true, FirstID: 18521288, LastID: 18521288,
		}, []message.Level{level("36500.1", "1.5"), level("36500", "0.1")}, []message.Level{level("36500.2", "0.75"), level("36500.3", "1")}))}},
		"change, worst bid first": {changeFrame, []message.Event{must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT", 1700000000220), FirstID: 18521289, LastID: 18521289,
		}, []message.Level{level("36500.1", "2"), level("36500", "0.2")}, []message.Level{level("36500.3", "0")}))}},
		"restart of the service": {restartFrame, []message.Event{must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT", 1700000000240), Snapshot: true, FirstID: 1, LastID: 1,
		}, []message.Level{level("36500", "0.2")}, nil))}},
		"change of a depth that spot never had": {deepFrame, []message.Event{must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT-PERP", 1700000000220), FirstID: 18521289, LastID: 18521289,
		}, nil, []message.Level{level("36500.3", "0")}))}},
		"topic last": {sortedFrame, []message.Event{must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT", 1700000000230), FirstID: 18521290, LastID: 18521290,
		}, []message.Level{level("36500", "0.2")}, nil))}},
		"book with retail orders, which are left out": {retailFrame, []message.Event{must(message.NewBook(message.BookFields{
			Origin: origin("BTC-USDT", 1700000000200), Snapshot: true, FirstID: 5, LastID: 5,
		}, []message.Level{level("36500.1", "1.5")}, []message.Level{level("36500.2", "0.75")}))}},
		"trades": {tradesFrame, []message.Event{
			must(message.NewTrade(message.TradeFields{
				Origin: origin("BTC-USDT", 1700000000123), Price: market.MustPrice("36500.1"), Quantity: market.MustQuantity("0.001"), Taker: market.Buy, ID: "2200000000067341890",
			})),
			must(message.NewTrade(message.TradeFields{
				Origin: origin("BTC-USDT", 1700000000124), Price: market.MustPrice("36500"), Quantity: market.MustQuantity("0.01"), Taker: market.Sell, ID: "2200000000067341891",
			})),
		}},
		"trade of a perpetual": {contractTrade, []message.Event{must(message.NewTrade(message.TradeFields{
			Origin: origin("BTC-USDT-PERP", 1700000000123), Price: market.MustPrice("36500.1"), Quantity: market.MustQuantity("0.001"), Taker: market.Buy, ID: "20f43950-d8dd-5b31-9112-a178eb6023af",
		}))}},
		"trade of an option": {optionTrade, []message.Event{must(message.NewTrade(message.TradeFields{
			Origin: origin("BTC-USDC-250103-80000-C", 1700000000123), Price: market.MustPrice("985"), Quantity: market.MustQuantity("0.01"), Taker: market.Buy, ID: "0b7d0d3c",
		}))}},
		"candle": {candleFrame, []message.Event{must(message.NewBar(message.BarFields{
			Origin: origin("BTC-USDT", 1700000399998), Interval: 5 * time.Minute, Start: market.Milliseconds(1700000100000),
			Open: market.MustPrice("36500"), High: market.MustPrice("36520"), Low: market.MustPrice("36490"), Close: market.MustPrice("36510"),
			Volume: market.MustQuantity("10.5"), Turnover: amount("383355.5"), Closed: true,
		}))}},
		"maintenance": {statusFrame, []message.Event{must(message.NewNotice(message.NoticeFields{
			Origin: message.Origin{Received: 42, VenueTime: market.Milliseconds(1751858399649)}, Venue: Name, Type: message.NoticeStatus, Code: "scheduled", Detail: "upgrade",
		}))}},
		"acknowledgement":       {ackFrame, []message.Event{noticeOf(message.NoticeAck, "", "subscribe")}},
		"silent acknowledgment": {silentAck, []message.Event{noticeOf(message.NoticeAck, "", "unsubscribe")}},
		"refused request":       {refusedFrame, []message.Event{noticeOf(message.NoticeError, "", "subscribe: error:handler not found,topic:orderbook.7.BTCUSDT")}},
		"option answer":         {optionAck, []message.Event{noticeOf(message.NoticeAck, "", "")}},
		"option refusal":        {optionRefused, []message.Event{noticeOf(message.NoticeError, "", "orderbook.7.X")}},
		"pong":                  {pongFrame, []message.Event{noticeOf(message.NoticeHeartbeat, "", "pong")}},
		"option pong":           {optionPong, []message.Event{noticeOf(message.NoticeHeartbeat, "", "pong")}},
		"login":                 {`{"success":true,"ret_msg":"","op":"auth","conn_id":"x"}`, []message.Event{noticeOf(message.NoticeAck, "", "auth")}},
		"refused login":         {authRefused, []message.Event{noticeOf(message.NoticeError, "10003", "auth: Invalid apikey")}},
		"refused with a code":   {`{"op":"subscribe","retCode":10404,"retMsg":"no such topic","success":false}`, []message.Event{noticeOf(message.NoticeError, "10404", "subscribe: no such topic")}},
		"refused by a gateway":  {gatewayRefusal, []message.Event{noticeOf(message.NoticeError, "10006", "Too many visits!")}},
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

// TestTickerMerge: what a change does not mention stays, what it mentions as nothing goes, and
// nothing of a refused frame stays.
func TestTickerMerge(t *testing.T) {
	p := decoderOf(t, "linear")
	decoded(t, p, linearTicker)
	step := func(what, frame string, want message.Event) {
		t.Helper()
		if got := decoded(t, p, frame); len(got) != 1 || !venuetest.Same(got[0], want) {
			t.Errorf("%s\n got %v\nwant %v", what, got, want)
		}
	}
	step("a change", tickerChange, tickerOf("BTC-USDT-PERP", 1700000000400, "36600", "-3400", "-0.085", "151185.516"))
	step("of what is not kept", tickerQuotes, tickerOf("BTC-USDT-PERP", 1700000000500, "36600", "-3400", "-0.085", "151185.516"))
	for _, bad := range []string{
		strings.Replace(tickerChange, `"36600.00"`, `"1"`, 1) + "x",                                                        // does not end
		strings.Replace(strings.Replace(tickerChange, `"36600.00"`, `"1"`, 1), `1700000000400`, `"now"`, 1),                // has no time
		strings.Replace(tickerChange, `"lastPrice":"36600.00"`, `"lastPrice":"1","volume24h":"many"`, 1),                   // has a bad figure
		strings.Replace(strings.Replace(tickerChange, `"36600.00"`, `"1"`, 1), `"type":"delta"`, `"type":"difference"`, 1), // is of no type
	} {
		if err := venuetest.Check(p, []byte(bad)); err == nil {
			t.Errorf("decodes: %s", bad)
		}
	}
	step("after refused frames", tickerQuotes, tickerOf("BTC-USDT-PERP", 1700000000500, "36600", "-3400", "-0.085", "151185.516"))
	step("of another instrument", strings.ReplaceAll(tickerChange, "BTCUSDT", "ETHUSDT"), must(message.NewTicker(message.TickerFields{
		Origin: origin("ETH-USDT-PERP", 1700000000400), Span: message.Rolling24h, ChangeBase: message.FromOpen24h,
		Has: message.HasTrade | message.HasChangeRate, Trade: market.MustPrice("36600"), ChangeRate: market.MustDecimal("-0.085"),
	})))
	step("volume taken back", `{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","volume24h":"","price24hPcnt":"","lowPrice24h":null},"ts":1700000000600}`,
		must(message.NewTicker(message.TickerFields{
			Origin: origin("BTC-USDT-PERP", 1700000000600), Span: message.Rolling24h, ChangeBase: message.FromOpen24h,
			Has:     message.HasOpening | message.HasTrade | message.HasHigh | message.HasChange | message.HasChangeRate,
			Opening: market.MustPrice("40000"), Trade: market.MustPrice("36600"), High: market.MustPrice("40100.5"),
			Change: amount("-3400"), ChangeRate: market.MustDecimal("-0.085"),
		})))
	step("a snapshot begins anew", `{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","lastPrice":"5"},"ts":1700000000700}`,
		must(message.NewTicker(message.TickerFields{
			Origin: origin("BTC-USDT-PERP", 1700000000700), Span: message.Rolling24h, Has: message.HasTrade, Trade: market.MustPrice("5"),
		})))
}

// TestCategory: the same symbol is a pair on spot and a perpetual on linear. Where the address
// does not tell, frames do, and what they told holds for those that tell nothing.
func TestCategory(t *testing.T) {
	name := func(p *Protocol, frame string) string { return decoded(t, p, frame)[0].Origin().Instrument.Name() }
	for category, want := range map[string]string{"spot": "BTC-USDT", "linear": "BTC-USDT-PERP", "inverse": "BTC-USDT-PERP"} {
		p := decoderOf(t, category)
		for _, frame := range []string{bookFrame, linearTicker, spotTicker, contractTrade, tradesFrame, deepFrame} {
			if got := name(p, frame); got != want {
				t.Errorf("%s: %s, want %s: %s", category, got, want, frame)
			}
		}
		if i, err := p.Instrument("BTCUSDT"); err != nil || i.Name() != want {
			t.Errorf("%s: %v, %v", category, i, err)
		}
	}
	p := decodeOnly(t)
	for n, step := range []struct{ frame, want string }{
		{bookFrame, "BTC-USDT"}, {linearTicker, "BTC-USDT-PERP"}, {bookFrame, "BTC-USDT-PERP"}, {spotTicker, "BTC-USDT"},
		{bookFrame, "BTC-USDT"}, {contractTrade, "BTC-USDT-PERP"}, {tradesFrame, "BTC-USDT-PERP"},
	} {
		if got := name(p, step.frame); got != step.want {
			t.Errorf("step %d: %s, want %s", n, got, step.want)
		}
	}
}

// TestRefused holds the reason and the field of what is no good.
func TestRefused(t *testing.T) {
	tests := map[string]struct {
		frame  string
		reason venue.Reason
		field  string
	}{
		"version 2":               {version2Frame, venue.Unsupported, "topic"},
		"version 2 answer":        {version2Ack, venue.Unsupported, "request"},
		"version 2 REST body":     {`{"ret_code":0,"ret_msg":"OK","result":[]}`, venue.Unsupported, "ret_code"},
		"version 2 trade":         {`{"topic":"trade.BTCUSD","data":[{"symbol":"BTCUSD","side":"Buy","size":237,"price":57073.5}]}`, venue.Unsupported, "topic"},
		"version 3 book":          {strings.Replace(bookFrame, "orderbook.50", "orderbook.40", 1), venue.Unsupported, "topic"},
		"book without a snapshot": {strings.Replace(changeFrame, "orderbook.50", "orderbook.full", 1), venue.Unsupported, "topic"},
		"other topic":             {`{"topic":"allLiquidation.BTCUSDT","type":"snapshot","ts":1,"data":[{"T":1,"s":"BTCUSDT"}]}`, venue.Unsupported, "topic"},
		"private topic":           {`{"id":"x","topic":"order","creationTime":1,"data":[{"symbol":"BTCUSDT"}]}`, venue.Unsupported, "topic"},
		"topic alone":             {`{"topic":"unhandled"}`, venue.Unsupported, "topic"},
		"topic without data":      {`{"topic":"tickers.BTCUSDT","type":"snapshot","ts":1}`, venue.Schema, "data"},
		"REST body":               {`{"retCode":0,"retMsg":"OK","result":{"s":"BTCUSDT","b":[],"a":[]},"time":1}`, venue.Schema, "topic"},
		"answer about orders":     {`{"reqId":"x","retCode":0,"retMsg":"OK","op":"order.create","data":{"orderId":"x"}}`, venue.Unsupported, "op"},
		"request":                 {`{"op":"auth"}`, venue.Unsupported, "op"},
		"our own ping":            {`{"op":"ping"}`, venue.Unsupported, "op"},
		"data in a word":          {`{"topic":"publicTrade.BTCUSDT","data":"x"}`, venue.Schema, "data"},
		"data of words":           {`{"topic":"publicTrade.BTCUSDT","data":["x"]}`, venue.Schema, "data"},
		"empty data":              {`{"topic":"publicTrade.BTCUSDT","data":[]}`, venue.Schema, "data"},
		"data twice":              {strings.TrimSuffix(changeFrame, "}") + `,"data":{}}`, venue.Schema, "data"},
		"book as a list":          {`{"topic":"orderbook.50.BTCUSDT","type":"snapshot","data":[]}`, venue.Schema, "data"},
		"book of unknown type":    {strings.Replace(changeFrame, `"delta"`, `"update"`, 1), venue.Schema, "type"},
		"book without type":       {strings.Replace(changeFrame, `"type":"delta",`, ``, 1), venue.Schema, "type"},
		"book without bids":       {strings.Replace(changeFrame, `"b":`, `"bids":`, 1), venue.Schema, "b"},
		"book without id":         {strings.Replace(changeFrame, `"u":18521289,`, ``, 1), venue.Schema, "u"},
		"book of id below zero":   {strings.Replace(changeFrame, `"u":18521289`, `"u":-5`, 1), venue.Number, "u"},
		"book without time":       {strings.Replace(changeFrame, `"ts":1700000000220,`, ``, 1), venue.Schema, "ts"},
		"level of one value":      {strings.Replace(changeFrame, `["36500.30","0"]`, `["36500.30"]`, 1), venue.Schema, "a"},
		"level at zero":           {strings.Replace(changeFrame, `["36500.30","0"]`, `["0","1"]`, 1), venue.Number, "a"},
		"levels that are none":    {strings.Replace(changeFrame, `[["36500.30","0"]]`, `null`, 1), venue.Schema, "a"},
		"trade without price":     {strings.Replace(contractTrade, `"36500.10"`, `null`, 1), venue.Schema, "p"},
		"trade at zero":           {strings.Replace(contractTrade, `"36500.10"`, `"0"`, 1), venue.Schema, ""},
		"trade too fine":          {strings.Replace(contractTrade, `"36500.10"`, `"1E-19"`, 1), venue.Number, "p"},
		"trade without size":      {strings.Replace(contractTrade, `"v":"0.001",`, ``, 1), venue.Schema, "v"},
		"trade of no side":        {strings.Replace(contractTrade, `"Buy"`, `"BUY"`, 1), venue.Schema, "S"},
		"trade without id":        {strings.Replace(contractTrade, `"20f43950-d8dd-5b31-9112-a178eb6023af"`, `""`, 1), venue.Schema, "i"},
		"trade without time":      {strings.Replace(contractTrade, `"T":1700000000123,`, ``, 1), venue.Schema, "T"},
		"symbol in Chinese":       {strings.ReplaceAll(contractTrade, `BTCUSDT`, `币USDT`), venue.Instrument, ""},
		"symbol without a quote":  {strings.ReplaceAll(contractTrade, `BTCUSDT`, `ABCDEF`), venue.Instrument, ""},
		"symbol that is a number": {strings.Replace(contractTrade, `"s":"BTCUSDT"`, `"s":5`, 1), venue.Schema, "symbol"},
		"ticker of nothing":       {`{"topic":"tickers.BTCUSDT","type":"snapshot","ts":1,"data":{"symbol":"BTCUSDT"}}`, venue.Schema, "data"},
		"ticker in words":         {strings.Replace(spotTicker, `"40000"`, `"many"`, 1), venue.Number, "prevPrice24h"},
		"candle of a month":       {strings.Replace(candleFrame, `kline.5.`, `kline.M.`, 1), venue.Unsupported, "topic"},
		"candle off its grid":     {strings.Replace(candleFrame, `1700000100000`, `1700000100001`, 1), venue.Schema, ""},
		"candle without an end":   {strings.Replace(candleFrame, `"confirm":true,`, ``, 1), venue.Schema, "confirm"},
		"status without state":    {strings.Replace(statusFrame, `"scheduled"`, `""`, 1), venue.Schema, "state"},
		"good and bad in a list":  {strings.Replace(tradesFrame, `"1E-2"`, `"x"`, 1), venue.Number, "v"},
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
// show in the next, but for tickers that send only what changed.
func TestDecodeDoesNotLeak(t *testing.T) {
	lone := slices.DeleteFunc(slices.Clone(allFrames), func(frame string) bool { return frame == tickerChange || frame == tickerQuotes })
	venuetest.DoesNotLeak(t, func() venuetest.Decoder { return decoderOf(t, "linear") }, allFrames, lone)
}

func TestAllocations(t *testing.T) {
	for name, tc := range map[string]struct {
		frame string
		most  float64
	}{
		"trade":         {contractTrade, 2}, // the message and its id
		"ticker":        {spotTicker, 1},
		"ticker change": {tickerChange, 1},
		"book":          {changeFrame, 2}, // the message and its levels
	} {
		venuetest.Allocations(t, name, decodeOnly(t), tc.frame, tc.most)
	}
}

func FuzzDecode(f *testing.F) {
	seeds := [][]byte{[]byte(version2Frame), []byte(version2Ack)}
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
