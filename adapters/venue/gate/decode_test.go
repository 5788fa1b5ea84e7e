package gate

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

// origin is of a moment so many milliseconds after second.
func origin(name string, ms int64) message.Origin {
	return message.Origin{Instrument: market.MustInstrument(Name, name), VenueTime: second + market.Milliseconds(ms), Received: 42}
}

const second market.Timestamp = 1700000000e9

func level(price, quantity string) message.Level {
	return message.Level{Price: market.MustPrice(price), Quantity: market.MustQuantity(quantity)}
}

func levels(all ...message.Level) []message.Level { return all }

func must[E message.Event](e E, err error) message.Event {
	if err != nil {
		panic(err)
	}
	return e
}

func notice(f message.NoticeFields) []message.Event {
	f.Received, f.Venue = 42, Name
	return []message.Event{must(message.NewNotice(f))}
}

func book(f message.BookFields, bids, asks []message.Level) []message.Event {
	return []message.Event{must(message.NewBook(f, bids, asks))}
}

func TestDecodeShapes(t *testing.T) {
	ticker := message.TickerFields{Origin: origin("BTC-USDT", 406), Span: message.Rolling24h, ChangeBase: message.FromOpen24h,
		Has:   message.HasTrade | message.HasHigh | message.HasLow | message.HasVolume24h | message.HasChangeRate,
		Trade: market.MustPrice("36500.1"), High: market.MustPrice("37280.9"), Low: market.MustPrice("36468.5"),
		Volume24h: market.MustQuantity("9110.473081735"), ChangeRate: market.MustDecimal("-0.018254")}
	old := message.TickerFields{Origin: origin("BTC-USDT", 0), Span: message.Rolling24h, ChangeBase: message.FromOpen24h,
		Has:   message.HasTrade | message.HasVolume24h | message.HasChangeRate,
		Trade: market.MustPrice("36500.1"), Volume24h: market.MustQuantity("2811.3"), ChangeRate: market.MustDecimal("0.0366")}
	trade := message.TradeFields{Origin: origin("GT-USDT", 0), Price: market.MustPrice("0.4705"), Quantity: market.MustQuantity("16.47"), Taker: market.Buy, ID: "309143071"}
	sold := trade
	sold.Taker, sold.VenueTime = market.Sell, second+213457800
	next := message.TradeFields{Origin: origin("GT-USDT", 213), Price: market.MustPrice("0.4704"), Quantity: market.MustQuantity("1"), Taker: market.Sell, ID: "309143072"}
	bar := message.BarFields{Origin: origin("BTC-USDT", 41376), Interval: time.Minute, Start: market.Seconds(1699999980),
		Open: market.MustPrice("19125"), High: market.MustPrice("19130.2"), Low: market.MustPrice("19120"), Close: market.MustPrice("19128.1"),
		Volume: market.MustQuantity("0.1235"), Turnover: market.Amount{Decimal: market.MustDecimal("2362.32035")}, Closed: true}
	one := market.MustPrice("1")
	oldBar := message.BarFields{Origin: origin("BTC-USDT", 41000), Interval: 10 * time.Second, Start: bar.Start, Open: one, High: one, Low: one, Close: one}
	bbo := message.BBOFields{Origin: origin("BTC-USDT", 123), Bid: market.MustPrice("19177.79"), BidQuantity: market.MustQuantity("0.0003341504"),
		Ask: market.MustPrice("19179.38"), AskQuantity: market.MustQuantity("0.09")}
	noBid := bbo
	noBid.Bid, noBid.BidQuantity = market.Price{}, market.Quantity{}
	update := message.BookFields{Origin: origin("BTC-USDT", 123), FirstID: 48776301, LastID: 48776306}
	full := update
	full.Snapshot = true
	tests := map[string]struct {
		frame string
		want  []message.Event
	}{
		"ticker":           {tickerFrame, []message.Event{must(message.NewTicker(ticker))}},
		"ticker of old":    {oldTicker, []message.Event{must(message.NewTicker(old))}},
		"trade":            {tradeFrame, []message.Event{must(message.NewTrade(sold))}},
		"trades, a list":   {tradesFrame, []message.Event{must(message.NewTrade(trade)), must(message.NewTrade(next))}},
		"candle":           {candleFrame, []message.Event{must(message.NewBar(bar))}},
		"candle of old":    {oldCandle, []message.Event{must(message.NewBar(oldBar))}},
		"best bid, offer":  {bboFrame, []message.Event{must(message.NewBBO(bbo))}},
		"no bid":           {strings.NewReplacer(`"19177.79"`, `""`, `"0.0003341504"`, `""`).Replace(bboFrame), []message.Event{must(message.NewBBO(noBid))}},
		"update":           {updateFrame, book(update, levels(level("19137.74", "0.0001"), level("19088.37", "0")), levels(level("19137.75", "0.6135")))},
		"update, full":     {fullFrame, book(full, levels(level("19137.74", "0.0001")), levels(level("19137.75", "0.6135")))},
		"update, sorted":   {resultIsFirst, book(message.BookFields{Origin: origin("BTC-USDT", 223), FirstID: 48776307, LastID: 48776307}, nil, levels(level("19137.75", "0")))},
		"whole book":       {wholeFrame, book(message.BookFields{Origin: origin("BTC-USDT", 123), Snapshot: true, LastID: 48791820}, levels(level("19079.55", "0.0195"), level("19079.07", "0.7341")), levels(level("19080.24", "0.1638"), level("19080.91", "0.1366")))},
		"obu, full":        {obuSnapshot, book(message.BookFields{Origin: origin("BTC-USDT", 325), Snapshot: true, LastID: 28606981}, levels(level("105958.9", "0.00908")), levels(level("105959", "0.5")))},
		"obu, one side":    {obuUpdate, book(message.BookFields{Origin: origin("BTC-USDT", 345), FirstID: 28606982, LastID: 28606990}, levels(level("105958.9", "0")), nil)},
		"obu, no event":    {strings.Replace(obuSnapshot, `,"event":"update"`, "", 1), book(message.BookFields{Origin: origin("BTC-USDT", 325), Snapshot: true, LastID: 28606981}, levels(level("105958.9", "0.00908")), levels(level("105959", "0.5")))},
		"service upgrade":  {`{"type":"upgrade","msg":"We shall be back."}`, notice(message.NoticeFields{Type: message.NoticeStatus, Code: "upgrade", Detail: "We shall be back."})},
		"stored REST book": {storedFrame, book(message.BookFields{Origin: origin("BTC-USDT", 253), Snapshot: true, LastID: 13934528632}, levels(level("29302.9", "0.2483")), levels(level("29303", "0.0068")))},
		"acknowledgement":  {ackFrame, notice(message.NoticeFields{Type: message.NoticeAck, Detail: "subscribe spot.obu"})},
		"refused request":  {errorFrame, notice(message.NoticeFields{Type: message.NoticeError, Code: "2", Detail: "unknown currency pair GIBBERISH_USD"})},
		"bare error":       {bareError, notice(message.NoticeFields{Type: message.NoticeError, Code: "2", Detail: "Alert sub ob.BTC_USDT.50"})},
		"error in words":   {`{"time":1700000000,"channel":"spot.trades","event":"subscribe","error":"down"}`, notice(message.NoticeFields{Type: message.NoticeError, Detail: "down"})},
		"failed":           {strings.Replace(ackFrame, `"success"`, `"fail"`, 1), notice(message.NoticeFields{Type: message.NoticeError, Code: "fail", Detail: "subscribe spot.obu"})},
		"private refused":  {strings.Replace(errorFrame, "spot.trades", "spot.orders", 1), notice(message.NoticeFields{Type: message.NoticeError, Code: "2", Detail: "unknown currency pair GIBBERISH_USD"})},
		"pong":             {pongFrame, notice(message.NoticeFields{Type: message.NoticeHeartbeat})},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := decode(t, decodeOnly(t), tc.frame)
			if len(got) != len(tc.want) {
				t.Fatalf("got %v, want %v", got, tc.want)
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
		"own orders":             {`{"time":1,"channel":"spot.orders","event":"update","result":[{"id":"1","currency_pair":"BTC_USDT"}]}`, venue.Unsupported, "channel"},
		"own balances":           {`{"time":1,"channel":"spot.balances","event":"update","result":[{"currency":"BTC","b":[1]}]}`, venue.Unsupported, "channel"},
		"own orders, sorted":     {`{"result":[{"a":[1]}],"channel":"spot.orders","event":"update"}`, venue.Unsupported, "channel"},
		"futures":                {`{"time":1,"channel":"futures.order_book_update","event":"update","result":{"s":"BTC_USDT","U":1,"u":2,"b":[{"p":"1","s":2}],"a":[]}}`, venue.Unsupported, "channel"},
		"futures, whole":         {`{"time":1,"channel":"futures.order_book","event":"all","result":{"contract":"BTC_USDT"}}`, venue.Unsupported, "channel"},
		"futures, subscribed":    {`{"time":1,"channel":"futures.trades","event":"subscribe","error":null,"result":{"status":"success"}}`, venue.Unsupported, "channel"},
		"futures, refused":       {`{"time":1,"channel":"futures.trades","event":"subscribe","error":{"code":1,"message":"x"}}`, venue.Unsupported, "channel"},
		"options, pong":          {replace(pongFrame, "spot", "options"), venue.Unsupported, "channel"},
		"version 3":              {`{"method":"ticker.update","params":["BTC_USDT",{"last":"1"}],"id":null}`, venue.Unsupported, "method"},
		"order over the socket":  {`{"request_id":"x","header":{"response_time":"1","status":"200","channel":"spot.order_place","event":"api"},"data":{"result":{}}}`, venue.Unsupported, "header"},
		"unknown event":          {`{"channel":"spot.trades","event":"api","result":{}}`, venue.Unsupported, "event"},
		"no channel":             {`{"time":1,"event":"update","result":{"s":"BTC_USDT"}}`, venue.Schema, "channel"},
		"no result":              {`{"time":1,"channel":"spot.trades","event":"update"}`, venue.Schema, "result"},
		"result null":            {`{"time":1,"channel":"spot.trades","event":"update","result":null}`, venue.Schema, "result"},
		"result empty":           {`{"time":1,"channel":"spot.trades","event":"update","result":[]}`, venue.Schema, "result"},
		"result of numbers":      {`{"time":1,"channel":"spot.trades","event":"update","result":[1]}`, venue.Schema, "result"},
		"answer to nothing":      {`{"time":1,"channel":"spot.trades","event":"subscribe"}`, venue.Schema, "result"},
		"no pair":                {replace(tickerFrame, `"currency_pair":"BTC_USDT",`, ``), venue.Schema, "currency_pair"},
		"pair without a quote":   {replace(tickerFrame, `"BTC_USDT"`, `"BTC"`), venue.Instrument, ""},
		"pair of a future":       {replace(tickerFrame, `"BTC_USDT"`, `"BTC_USDT_20210625"`), venue.Instrument, ""},
		"pair in Chinese":        {replace(tickerFrame, `"BTC_USDT"`, `"币_USDT"`), venue.Instrument, ""},
		"pair that is a number":  {replace(updateFrame, `"BTC_USDT"`, `7`), venue.Schema, "s"},
		"obu of no pair":         {replace(obuUpdate, `ob.BTC_USDT.50`, `ob.400`), venue.Instrument, ""},
		"ticker of nothing":      {`{"time":1,"channel":"spot.tickers","event":"update","result":{"currency_pair":"BTC_USDT"}}`, venue.Schema, ""},
		"ticker without time":    {`{"channel":"spot.tickers","event":"update","result":{"currency_pair":"BTC_USDT","last":"1"}}`, venue.Schema, "time"},
		"time in words":          {replace(tickerFrame, `1700000000406`, `"now"`), venue.Number, "time_ms"},
		"time below zero":        {replace(tickerFrame, `1700000000406`, `-1`), venue.Number, "time_ms"},
		"time in nanoseconds":    {replace(tickerFrame, `1700000000406`, `1700000000406000000`), venue.Number, "time_ms"},
		"seconds in millis":      {replace(oldTicker, `1700000000`, `1700000000000`), venue.Number, "time"},
		"percent in words":       {replace(tickerFrame, `"-1.8254"`, `"down"`), venue.Number, "change_percentage"},
		"price in words":         {replace(tradeFrame, `"0.4705000000"`, `"low"`), venue.Number, "price"},
		"price below zero":       {replace(tradeFrame, `"0.4705000000"`, `"-1"`), venue.Number, "price"},
		"price of zero":          {replace(tradeFrame, `"0.4705000000"`, `"0"`), venue.Schema, ""},
		"trade of no side":       {replace(tradeFrame, `"sell"`, `"short"`), venue.Schema, "side"},
		"trade without id":       {replace(tradeFrame, `"id":309143071,`, ``), venue.Schema, "id"},
		"trade without amount":   {replace(tradeFrame, `"amount":"16.4700000000",`, ``), venue.Schema, "amount"},
		"trade without time":     {replace(tradesFrame, `"create_time":"1700000000",`, ``), venue.Schema, "create_time"},
		"trade time cut":         {replace(tradeFrame, `213.4578"`, `213."`), venue.Number, "create_time_ms"},
		"second trade is bad":    {replace(tradesFrame, `"0.4704"`, `null`), venue.Schema, "price"},
		"candle of a week":       {replace(candleFrame, `1m_BTC`, `7d_BTC`), venue.Unsupported, "n"},
		"candle of no pair":      {replace(candleFrame, `1m_BTC_USDT`, `1m`), venue.Schema, "n"},
		"candle off its grid":    {replace(candleFrame, `1699999980`, `1699999981`), venue.Schema, ""},
		"candle without a low":   {replace(candleFrame, `"l":"19120",`, ``), venue.Schema, "l"},
		"bbo of nothing":         {`{"time":1,"channel":"spot.book_ticker","event":"update","result":{"t":1,"s":"BTC_USDT","b":"","a":""}}`, venue.Schema, "b"},
		"bid without a quantity": {replace(bboFrame, `"B":"0.0003341504",`, ``), venue.Schema, "B"},
		"ids that run backwards": {replace(updateFrame, `"u":48776306`, `"u":48776300`), venue.Schema, "u"},
		"update without ids":     {replace(updateFrame, `"U":48776301,`, ``), venue.Schema, "U"},
		"update id below zero":   {replace(updateFrame, `"U":48776301`, `"U":-1`), venue.Number, "U"},
		"level of one value":     {replace(updateFrame, `["19137.75","0.6135"]`, `["19137.75"]`), venue.Schema, "asks"},
		"level at zero":          {replace(updateFrame, `["19137.75",`, `["0",`), venue.Number, "asks"},
		"level as an object":     {replace(updateFrame, `["19137.75","0.6135"]`, `{"p":"1","s":1}`), venue.Schema, "asks"},
		"full without levels":    {`{"channel":"spot.obu","event":"update","result":{"t":1,"full":true,"s":"ob.BTC_USDT.50","u":2}}`, venue.Schema, "b"},
		"whole without asks":     {replace(wholeFrame, `,"asks":[["19080.91","0.1366"],["19080.24","0.1638"]]`, ``), venue.Schema, "bids"},
		"whole without an id":    {replace(wholeFrame, `"lastUpdateId":48791820,`, ``), venue.Schema, "lastUpdateId"},
		"a broken end":           {strings.TrimSuffix(tradesFrame, "}"), venue.Syntax, ""},
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
		"trade":  {tradeFrame, 2}, // the message and its id
		"bbo":    {bboFrame, 1},
		"ticker": {tickerFrame, 1},
		"book":   {updateOf(20), 2}, // the message and its levels
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
	f.Add([]byte(restBody))
	f.Add([]byte(refusalBody))
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
