package bithumb

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

func origin(name string, at market.Timestamp) message.Origin {
	return message.Origin{Instrument: market.MustInstrument(Name, name), VenueTime: at, Received: 42}
}

// utc is a moment that the test states in UTC.
func utc(year int, month time.Month, day, hour, minute, second, microsecond int) market.Timestamp {
	return market.TimestampOf(time.Date(year, month, day, hour, minute, second, microsecond*1000, time.UTC))
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

func notice(kind message.NoticeType, code, detail string) message.Event {
	return must(message.NewNotice(message.NoticeFields{
		Origin: message.Origin{Received: 42}, Venue: Name, Type: kind, Code: code, Detail: detail,
	}))
}

const allFigures = message.HasOpening | message.HasTrade | message.HasHigh | message.HasLow | message.HasPrevClosing |
	message.HasVolume24h | message.HasChange | message.HasChangeRate

func TestDecodeShapes(t *testing.T) {
	ticker := must(message.NewTicker(message.TickerFields{
		Origin: origin("BTC-KRW", market.Milliseconds(1790133514044)), Span: message.TradingDay, ChangeBase: message.FromPreviousClose,
		Has: allFigures, Opening: market.MustPrice("115640000"), Trade: market.MustPrice("116380000"), High: market.MustPrice("116470000"),
		Low: market.MustPrice("115570000"), PrevClosing: market.MustPrice("115640000"), Volume24h: market.MustQuantity("1338.61541751"),
		Change: amount("740000"), ChangeRate: market.MustDecimal("0.0064"),
	}))
	trade := message.TradeFields{
		Origin: origin("BTC-KRW", market.Milliseconds(1790133513739)), Price: market.MustPrice("116208000"), Quantity: market.MustQuantity("0.0009"),
		Taker: market.Buy, ID: "1079953210371761701",
	}
	sold := trade
	sold.Taker, sold.Quantity = market.Sell, market.Quantity{}
	book := func(o message.Origin, snapshot bool, bids, asks []message.Level) message.Event {
		return must(message.NewBook(message.BookFields{Origin: o, Snapshot: snapshot}, bids, asks))
	}
	levels := func(l ...message.Level) []message.Level { return l }
	tests := map[string]struct {
		frame string
		want  []message.Event
	}{
		"ticker":         {tickerDefault, []message.Event{ticker}},
		"ticker, simple": {tickerSimple, []message.Event{ticker}},
		"ticker with nulls": {`{"type":"ticker","code":"KRW-BTC","timestamp":1790133514044,"trade_price":"116380000","signed_change_rate":null,"low_price":0,"high_price":""}`,
			[]message.Event{must(message.NewTicker(message.TickerFields{
				Origin: origin("BTC-KRW", market.Milliseconds(1790133514044)), Span: message.TradingDay, Has: message.HasTrade, Trade: market.MustPrice("116380000"),
			}))}},
		"trade": {tradeDefault, []message.Event{must(message.NewTrade(trade))}},
		"trade, simple, of a quantity that was rounded away": {tradeSimple, []message.Event{must(message.NewTrade(sold))}},
		"order book, in microseconds, padded, with a size of 0 at a live price": {bookDefault, []message.Event{
			book(origin("BTC-KRW", market.Microseconds(1790133505564033)), true,
				levels(level("116204000", "0.0037"), level("116201000", "0.0004"), level("116200000", "2")),
				levels(level("116208000", "0.3313"), level("116215000", "0")))}},
		"order book, simple": {bookSimple, []message.Event{
			book(origin("ETH-BTC", market.Microseconds(1790133505627050)), true, levels(level("0.03195", "0.0084")), levels(level("0.03196", "0.0892")))}},
		"order book of depth 5": {strings.Replace(bookSimple, "BTC-ETH", "BTC-ETH.5", 1), []message.Event{
			book(origin("ETH-BTC", market.Microseconds(1790133505627050)), true, levels(level("0.03195", "0.0084")), levels(level("0.03196", "0.0892")))}},
		"order book without a time": {`{"ty":"orderbook","cd":"KRW-BTC","tas":0.1823,"tbs":6.9593,"obu":[{"ap":116279000,"bp":116267000,"as":0.0892,"bs":0.0084}]}`, []message.Event{
			book(origin("BTC-KRW", 0), true, levels(level("116267000", "0.0084")), levels(level("116279000", "0.0892")))}},
		"heartbeat": {upFrame, []message.Event{notice(message.NoticeHeartbeat, "", "")}},
		"error":     {errorFrame, []message.Event{notice(message.NoticeError, "INVALID_PARAM", "codes 필드가 비어 있습니다.")}},

		"before: connected":      {oldConnected, []message.Event{notice(message.NoticeAck, "0000", "Connected Successfully")}},
		"before: filter refused": {oldFilterError, []message.Event{notice(message.NoticeError, "5100", "Invalid Filter Syntax")}},
		"before: ticker of 24 hours": {oldTicker24H, []message.Event{must(message.NewTicker(message.TickerFields{
			Origin: origin("UNI-KRW", utc(2021, 8, 11, 4, 20, 17, 0)), Span: message.Rolling24h, ChangeBase: message.FromOpen24h, Has: allFigures,
			Opening: market.MustPrice("33400"), Trade: market.MustPrice("34010"), High: market.MustPrice("34510"), Low: market.MustPrice("32660"),
			PrevClosing: market.MustPrice("33530"), Volume24h: market.MustQuantity("1359398.496892086826189907"),
			Change: amount("610"), ChangeRate: market.MustDecimal("0.0183"),
		}))}},
		"before: ticker since midnight, content first": {oldTickerMID, []message.Event{must(message.NewTicker(message.TickerFields{
			Origin: origin("UNI-KRW", utc(2021, 8, 10, 15, 0, 17, 0)), Span: message.TradingDay, ChangeBase: message.FromPreviousClose,
			Has:     allFigures &^ message.HasVolume24h,
			Opening: market.MustPrice("33400"), Trade: market.MustPrice("33000"), High: market.MustPrice("34510"), Low: market.MustPrice("32660"),
			PrevClosing: market.MustPrice("33200"), Change: amount("-200"), ChangeRate: market.MustDecimal("-0.006024096385542169"),
		}))}},
		"before: ticker of half an hour": {oldTicker30M, []message.Event{must(message.NewTicker(message.TickerFields{
			Origin: origin("UNI-KRW", utc(2021, 8, 11, 4, 20, 17, 0)), ChangeBase: message.FromPreviousClose,
			Has:   message.HasTrade | message.HasPrevClosing | message.HasChange | message.HasChangeRate,
			Trade: market.MustPrice("33530"), PrevClosing: market.MustPrice("33530"),
		}))}},
		"before: trades": {oldTrades, []message.Event{
			must(message.NewTrade(message.TradeFields{Origin: origin("DAI-KRW", utc(2021, 8, 13, 6, 23, 42, 911273)),
				Price: market.MustPrice("1166"), Quantity: market.MustQuantity("125.24"), Taker: market.Sell})),
			must(message.NewTrade(message.TradeFields{Origin: origin("DAI-KRW", utc(2021, 8, 13, 6, 23, 43, 0)),
				Price: market.MustPrice("1167"), Taker: market.Buy}))}},
		"before: changed levels": {oldDepth, []message.Event{book(origin("XLM-KRW", market.Microseconds(1628835823604483)), false,
			levels(level("399.8", "31416.8779"), level("399.5", "0")), levels(level("401.2", "0"), level("403.3", "4000")))}},
		"before: changed levels of two instruments": {oldDepthMixed, []message.Event{
			book(origin("BTC-KRW", market.Microseconds(1628835823604483)), false, nil, levels(level("10", "1"), level("10", "0"))),
			book(origin("ETH-BTC", market.Microseconds(1628835823604483)), false, levels(level("2", "0")), nil)}},
		"before: order book": {oldSnapshot, []message.Event{book(origin("BTC-KRW", market.Microseconds(1790133914965948)), true,
			levels(level("116500000", "0.7074"), level("116475000", "0")), levels(level("116501000", "0.0163"), level("116510000", "0.0051")))}},
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
		"own orders":               {`{"type":"myOrder","code":"KRW-BTC","uuid":"x","price":"1"}`, venue.Unsupported, "type"},
		"own assets":               {`{"ty":"myAsset","auid":"x"}`, venue.Unsupported, "type"},
		"code without quote":       {strings.Replace(tradeDefault, "KRW-BTC", "BTC", 1), venue.Instrument, ""},
		"code of three":            {strings.Replace(tradeDefault, "KRW-BTC", "KRW-BTC-PERP", 1), venue.Instrument, ""},
		"code of both kinds":       {strings.Replace(tradeDefault, "KRW-BTC", "KRW-BTC_ETH", 1), venue.Instrument, ""},
		"side unknown":             {strings.Replace(tradeDefault, `"BID"`, `"BUY"`, 1), venue.Schema, "ask_bid"},
		"size in words":            {strings.Replace(bookDefault, `0.0037`, `"much"`, 1), venue.Number, "bid_size"},
		"book without levels":      {`{"type":"orderbook","code":"KRW-BTC","timestamp":1}`, venue.Schema, "orderbook_units"},
		"our own request":          {`{"type":"ticker","symbols":["BTC_KRW","ETH_KRW"],"tickTypes":["30M"]}`, venue.Schema, "code"},
		"REST body":                {`{"status":"0000","data":{"BTC":{"opening_price":"43462000"}}}`, venue.Schema, "resmsg"},
		"message without code":     {`{"resmsg":"Connected Successfully"}`, venue.Schema, "status"},
		"content as text":          {`{"type":"ticker","content":"none"}`, venue.Schema, "content"},
		"content of no type":       {`{"content":{}}`, venue.Schema, "type"},
		"content of odd type":      {`{"type":"news","content":{}}`, venue.Unsupported, "type"},
		"tick type missing":        {strings.Replace(oldTicker24H, `"tickType":"24H",`, ``, 1), venue.Schema, "tickType"},
		"tick type unknown":        {strings.Replace(oldTicker24H, `"24H"`, `"7D"`, 1), venue.Unsupported, "tickType"},
		"ticker without symbol":    {strings.Replace(oldTicker24H, `,"symbol":"UNI_KRW"`, ``, 1), venue.Schema, "symbol"},
		"ticker without date":      {strings.Replace(oldTicker24H, `"date":"20210811",`, ``, 1), venue.Schema, "date"},
		"ticker of no day":         {strings.Replace(oldTicker24H, `20210811`, `20210231`, 1), venue.Number, "date"},
		"ticker of no hour":        {strings.Replace(oldTicker24H, `132017`, `252017`, 1), venue.Number, "date"},
		"ticker of nothing":        {`{"type":"ticker","content":{"symbol":"UNI_KRW","tickType":"24H","date":"20210811","time":"132017"}}`, venue.Schema, ""},
		"change in words":          {strings.Replace(oldTicker24H, `"1.83"`, `"up"`, 1), venue.Number, "chgRate"},
		"list of nothing":          {`{"type":"transaction","content":{"list":[]}}`, venue.Schema, "list"},
		"list missing":             {`{"type":"orderbookdepth","content":{}}`, venue.Schema, "list"},
		"list as an object":        {`{"type":"transaction","content":{"list":{}}}`, venue.Schema, "list"},
		"item as a number":         {`{"type":"transaction","content":{"list":[5]}}`, venue.Schema, "list"},
		"second trade is bad":      {strings.Replace(oldTrades, `"1167"`, `"-1167"`, 1), venue.Number, "contPrice"},
		"trade of no side":         {strings.Replace(oldTrades, `"buySellGb":"1",`, ``, 1), venue.Schema, "buySellGb"},
		"trade time cut":           {strings.Replace(oldTrades, `15:23:42.911273`, `15:23:42.`, 1), venue.Number, "contDtm"},
		"trade time with zone":     {strings.Replace(oldTrades, `15:23:42.911273`, `15:23:42Z`, 1), venue.Number, "contDtm"},
		"trade time in letters":    {strings.Replace(oldTrades, `2021-08-13 15`, `2021-08-13 1x`, 1), venue.Number, "contDtm"},
		"trade at price 0":         {strings.Replace(oldTrades, `"1166"`, `"0"`, 1), venue.Schema, ""},
		"a level's list as trades": {strings.Replace(oldDepth, `orderbookdepth`, `transaction`, 1), venue.Schema, "contDtm"},
		"trades as levels":         {strings.Replace(oldTrades, `transaction`, `orderbookdepth`, 1), venue.Schema, "datetime"},
		"levels without time":      {strings.Replace(oldDepth, `,"datetime":"1628835823604483"`, ``, 1), venue.Schema, "datetime"},
		"level of no side":         {strings.Replace(oldDepth, `"ask"`, `"offer"`, 1), venue.Schema, "orderType"},
		"level at price 0":         {strings.Replace(oldDepth, `"403.3"`, `"0"`, 1), venue.Number, "price"},
		"level without symbol":     {strings.Replace(oldDepth, `"symbol":"XLM_KRW",`, ``, 1), venue.Schema, "symbol"},
		"book without asks":        {strings.Replace(oldSnapshot, `"asks"`, `"offers"`, 1), venue.Schema, "content"},
		"book of objects":          {strings.Replace(oldSnapshot, `["116510000","0.0051"]`, `{"price":"116510000"}`, 1), venue.Schema, "asks"},
		"book without symbol":      {strings.Replace(oldSnapshot, `"symbol":"BTC_KRW",`, ``, 1), venue.Schema, "symbol"},
		"book without time":        {strings.Replace(oldSnapshot, `"datetime":"1790133914965948",`, ``, 1), venue.Schema, "datetime"},
		"level of no quantity":     {strings.Replace(oldDepth, `"quantity":"4000"`, `"quantity":null`, 1), venue.Schema, "quantity"},
		"level in words":           {strings.Replace(oldDepth, `"403.3"`, `"high"`, 1), venue.Number, "price"},
		"symbol of no quote":       {strings.Replace(oldDepth, `XLM_KRW`, `XLM`, 1), venue.Instrument, ""},
		"trade of no quantity":     {strings.Replace(oldTrades, `"contQty":"125.2400"`, `"contQty":"x"`, 1), venue.Number, "contQty"},
		"trade without symbol":     {strings.Replace(oldTrades, `,"symbol":"DAI_KRW"`, ``, 1), venue.Schema, "symbol"},
		"trade time too fine":      {strings.Replace(oldTrades, `42.911273`, `42.9112731234`, 1), venue.Number, "contDtm"},
		"trade id an object":       {strings.Replace(tradeDefault, `1079953210371761701`, `{}`, 1), venue.Schema, "sequential_id"},
		"good and bad in a list":   {"[" + oldTrades + `,{"type":"trade"}]`, venue.Schema, "code"},
		"a list without end":       {"[" + oldTrades, venue.Syntax, ""},
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
		"trade":                  {tradeSimple, 2}, // the message and its id
		"ticker":                 {tickerDefault, 1},
		"book":                   {bookOf(15), 2}, // the message and its levels
		"before: two trades":     {oldTrades, 2},
		"before: ticker":         {oldTicker24H, 1},
		"before: changed levels": {oldDepth, 2},
		"before: book":           {oldSnapshot, 2},
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

// TestScratchIsBounded: the memory of a list far beyond any real one is not kept.
func TestScratchIsBounded(t *testing.T) {
	for size, kept := range map[int]bool{itemsKeep: true, itemsKeep + 1: false} {
		l := &legacy{items: make([]item, size), hasContent: true}
		if l.Reset(); len(l.items) != 0 || (cap(l.items) != 0) != kept {
			t.Errorf("of %d items %d are kept", size, cap(l.items))
		}
	}
}
