package korbit

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
		Origin: origin("BTC-KRW", 1700000002000), Span: message.Rolling24h, ChangeBase: message.FromPreviousClose, Has: allFigures,
		Opening: market.MustPrice("63000000"), Trade: market.MustPrice("64000000"), High: market.MustPrice("65000000"), Low: market.MustPrice("62000000"),
		PrevClosing: market.MustPrice("63000000"), Volume24h: market.MustQuantity("10.5"), Change: amount("1000000"), ChangeRate: market.MustDecimal("0.0158"),
	}
	trade := func(id string, ms int64, price, quantity string, taker market.Side) message.Event {
		return must(message.NewTrade(message.TradeFields{Origin: origin("BTC-KRW", ms), ID: id,
			Price: market.MustPrice(price), Quantity: market.MustQuantity(quantity), Taker: taker}))
	}
	one := func(e message.Event) []message.Event { return []message.Event{e} }
	tests := map[string]struct {
		frame string
		want  []message.Event
	}{
		"ticker": {tickerFull, one(must(message.NewTicker(ticker)))},
		"ticker of a price alone": {tickerClose, one(must(message.NewTicker(message.TickerFields{
			Origin: origin("BTC-KRW", 1700000001000), Span: message.Rolling24h, Has: message.HasTrade, Trade: market.MustPrice("99028000")})))},
		"ticker that states no change": {`{"data":{"close":"12.5","prevClose":"10","priceChange":null,"volume":""},"symbol":"eth_btc","timestamp":1,"type":"ticker","snapshot":null}`,
			one(must(message.NewTicker(message.TickerFields{Origin: origin("ETH-BTC", 1), Span: message.Rolling24h, ChangeBase: message.FromPreviousClose,
				Has:   message.HasTrade | message.HasPrevClosing | message.HasChange | message.HasChangeRate,
				Trade: market.MustPrice("12.5"), PrevClosing: market.MustPrice("10"), Change: amount("2.5"), ChangeRate: market.MustDecimal("0.25")})))},
		"ticker that falls by less than the percent shows": {strings.NewReplacer(`"1000000"`, `"-1"`, `"1.58"`, `"-0.0000016"`).Replace(tickerFull), func() []message.Event {
			f := ticker
			f.Change, f.ChangeRate = amount("-1"), market.MustDecimal("-0.000000016")
			return one(must(message.NewTicker(f)))
		}()},
		"order book, the snapshot": {bookFirst, one(book(origin("BTC-KRW", 1700000001000),
			[]message.Level{level("100", "1"), level("99", "2")}, []message.Level{level("101", "1"), level("102", "2")}))},
		"order book, later, asks worst first, padded": {bookLater, one(book(origin("BTC-KRW", 1700000001010),
			nil, []message.Level{level("101.5", "0.00000001"), level("102", "20")}))},
		"order book without a time": {`{"type":"orderbook","symbol":"btc_krw","data":{"asks":[],"bids":null}}`, one(book(origin("BTC-KRW", 0), nil, nil))},
		"trades":                    {tradesTwo, []message.Event{trade("2", 1700000000000, "105", "0.25", market.Buy), trade("7", 1700000000100, "104.9", "3", market.Sell)}},
		"trade, the snapshot":       {tradesFirst, one(trade("1", 1699999990000, "100", "0.5", market.Buy))},
		"no trades ever":            {tradesNone, one(notice(message.NoticeStatus, "", "no trades", "new_krw"))},
		"accepted":                  {accepted, one(notice(message.NoticeAck, "", "(request 1)", ""))},
		"accepted, unnumbered":      {`{"status":"success","type":"ticker"}`, one(notice(message.NoticeAck, "", "", ""))},
		"refused":                   {refused, one(notice(message.NoticeError, "INVALID_SYMBOL", "no such symbol (request 2)", ""))},
		"error":                     {serverError, one(notice(message.NoticeError, "INTERNAL", "", ""))},
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
		"own orders":          {`{"type":"myOrder","timestamp":1,"symbol":"btc_krw","order":{"orders":[]}}`, venue.Unsupported, "type"},
		"own assets":          {`{"type":"myAsset","timestamp":1,"asset":{"assets":[]}}`, venue.Unsupported, "type"},
		"own fills":           {`{"channelType":"myTrade","timestamp":1,"symbol":"btc_krw","trade":{"trades":[]}}`, venue.Unsupported, "channelType"},
		"time in words":       {strings.Replace(tickerFull, `"timestamp":1700000002000`, `"timestamp":"now"`, 1), venue.Number, "timestamp"},
		"REST body":           {`{"success":true,"data":{"time":1700000000000}}`, venue.Schema, "type"},
		"our own request":     {`[{"requestId":1,"method":"subscribe","type":"ticker","symbols":["btc_krw"]}]`, venue.Schema, ""},
		"status unknown":      {`{"status":"maybe"}`, venue.Unsupported, "status"},
		"no symbol":           {strings.Replace(tickerFull, `"symbol":"btc_krw",`, ``, 1), venue.Schema, "symbol"},
		"symbol of one":       {strings.Replace(tickerFull, `btc_krw`, `btc`, 1), venue.Instrument, ""},
		"symbol of three":     {strings.Replace(tickerFull, `btc_krw`, `btc_krw_perp`, 1), venue.Instrument, ""},
		"symbol with a dash":  {strings.Replace(tickerFull, `btc_krw`, `btc-x_krw`, 1), venue.Instrument, ""},
		"ticker without data": {`{"type":"ticker","timestamp":1,"symbol":"btc_krw"}`, venue.Schema, "data"},
		"ticker of an array":  {`{"type":"ticker","timestamp":1,"symbol":"btc_krw","data":[]}`, venue.Schema, "data"},
		"ticker of nothing":   {`{"type":"ticker","timestamp":1,"symbol":"btc_krw","data":{}}`, venue.Schema, ""},
		"percent in words":    {strings.Replace(tickerFull, `"1.58"`, `"up"`, 1), venue.Number, "priceChangePercent"},
		"open below zero":     {strings.Replace(tickerFull, `"open":"63000000"`, `"open":"-63000000"`, 1), venue.Number, "open"},
		"book of an array":    {`{"type":"orderbook","timestamp":1,"symbol":"btc_krw","data":[]}`, venue.Schema, "data"},
		"book without bids":   {strings.Replace(bookFirst, `"bids"`, `"offers"`, 1), venue.Schema, "data"},
		"level without qty":   {strings.Replace(bookFirst, `"qty":"1",`, ``, 1), venue.Schema, "asks"},
		"level as an array":   {strings.Replace(bookFirst, `{"price":"101","qty":"1","amt":"101"}`, `["101","1"]`, 1), venue.Schema, "asks"},
		"level in words":      {strings.Replace(bookFirst, `"price":"99"`, `"price":"low"`, 1), venue.Number, "bids"},
		"level at price 0":    {strings.Replace(bookFirst, `"price":"99"`, `"price":"0"`, 1), venue.Number, "bids"},
		"trades as an object": {`{"type":"trade","timestamp":1,"symbol":"btc_krw","data":{"tradeId":1}}`, venue.Schema, "data"},
		"trades of null":      {`{"type":"trade","timestamp":1,"symbol":"btc_krw","data":null}`, venue.Schema, "data"},
		"trade as a number":   {`{"type":"trade","timestamp":1,"symbol":"btc_krw","data":[1]}`, venue.Schema, "data"},
		"second trade is bad": {strings.Replace(tradesTwo, `"104.9"`, `"-104.9"`, 1), venue.Number, "price"},
		"trade without id":    {strings.Replace(tradesTwo, `"tradeId":7,`, ``, 1), venue.Schema, "tradeId"},
		"trade without side":  {strings.Replace(tradesTwo, `,"isBuyerTaker":false`, ``, 1), venue.Schema, "isBuyerTaker"},
		"trade without time":  {strings.Replace(tradesTwo, `"timestamp":1700000000100,`, ``, 1), venue.Schema, "timestamp"},
		"trade without qty":   {strings.Replace(tradesTwo, `"qty":"3"`, `"qty":null`, 1), venue.Schema, "qty"},
		"trade at price 0":    {strings.Replace(tradesTwo, `"104.9"`, `"0"`, 1), venue.Schema, ""},
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
		"two trades": {tradesTwo, 4}, // each a message and its id
		"ticker":     {tickerFull, 1},
		"book":       {bookOf(30), 2}, // the message and its levels
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
