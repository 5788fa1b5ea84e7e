package ndjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/ndjson"
	"github.com/maru-trading/maru/remote/wire/messagetest"
	"pgregory.net/rapid"
)

// stated returns m without what its line leaves out: figures of a ticker that do not count.
func stated(m message.Message) message.Message {
	ticker, ok := m.(message.Ticker)
	if !ok {
		return m
	}
	f := ticker.Fields()
	for _, figure := range []struct {
		bit message.TickerField
		d   *market.Decimal
	}{
		{message.HasOpening, &f.Opening.Decimal}, {message.HasTrade, &f.Trade.Decimal}, {message.HasHigh, &f.High.Decimal},
		{message.HasLow, &f.Low.Decimal}, {message.HasPrevClosing, &f.PrevClosing.Decimal}, {message.HasVolume24h, &f.Volume24h.Decimal},
		{message.HasChange, &f.Change.Decimal}, {message.HasChangeRate, &f.ChangeRate},
	} {
		if f.Has&figure.bit == 0 {
			*figure.d = market.Decimal{}
		}
	}
	return must(message.NewTicker(f))
}

// hasSymbol reports whether a symbol given for m stands in its line: m speaks of an instrument.
func hasSymbol(m message.Message) bool {
	switch m := m.(type) {
	case message.CancelIntent:
		return !m.Fields().Instrument.IsZero()
	case message.AmendIntent, message.Balance:
		return false
	}
	return true
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestRoundTrip: every kind that has a form as a line comes back as it went in; texts that are not
// UTF-8 come back as JSON can hold them, and are stable from then on.
func TestRoundTrip(t *testing.T) {
	generators := messagetest.Generators()
	for _, kind := range message.Kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			g, ok := generators[kind]
			if !ok {
				t.Fatalf("no generator for %v", kind)
			}
			rapid.Check(t, func(t *rapid.T) {
				m := stated(g.Draw(t, "message"))
				symbol := rapid.SampledFrom([]string{"", "KRW-BTC", `a"\b`}).Draw(t, "symbol")
				line, err := ndjson.Append([]byte("before"), m, symbol)
				if !ndjson.Has(kind) {
					if !errors.Is(err, ndjson.ErrNoForm) || string(line) != "before" {
						t.Fatalf("a kind without a form gives %q, error %v", line, err)
					}
					return
				}
				if err != nil {
					t.Fatalf("append %v: %v", m, err)
				}
				line = bytes.TrimPrefix(line, []byte("before"))
				if !json.Valid(line) || bytes.Count(line, []byte("\n")) != 1 || line[len(line)-1] != '\n' {
					t.Fatalf("not one line of JSON: %q", line)
				}
				kept := bytes.Clone(line)
				got, gotSymbol, err := ndjson.Parse(line)
				if err != nil {
					t.Fatalf("parse %s: %v", kept, err)
				}
				for i := range line { // nothing in the message may still point here
					line[i] = 0xff
				}
				again, err := ndjson.Append(nil, got, gotSymbol)
				if err != nil || !bytes.Equal(again, kept) {
					t.Fatalf("written again (%v)\n   in: %s\n  out: %s", err, kept, again)
				}
				if notice, ok := m.(message.Notice); ok {
					f := notice.Fields()
					if f.Symbol == "" {
						f.Symbol = symbol
					}
					m = must(message.NewNotice(f))
				} else if hasSymbol(m) && gotSymbol != symbol {
					t.Fatalf("symbol %q became %q", symbol, gotSymbol)
				}
				if !bytes.Contains(kept, []byte("\ufffd")) && !messagetest.Equal(m, got) {
					t.Fatalf("round trip\n   in: %v\n  out: %v\n line: %s", m, got, kept)
				}
			})
		})
	}
}

// TestAppendRefuses: what no reader would accept is not written.
func TestAppendRefuses(t *testing.T) {
	btc := message.Origin{Instrument: market.MustInstrument("upbit", "BTC-KRW")}
	below := market.MustDecimal("-1")
	one := market.MustPrice("1")
	for _, c := range []struct {
		m    message.Message
		says string
	}{
		{nil, "nothing"},
		{message.NewCredit(message.CreditFields{}), "credit"},
		{must(message.NewTrade(message.TradeFields{Origin: btc, Price: market.Price{Decimal: below}})), `"price"`},
		{must(message.NewTrade(message.TradeFields{Origin: btc, Price: one, Quantity: market.Quantity{Decimal: below}})), `"quantity"`},
		{must(message.NewTrade(message.TradeFields{Origin: btc, Price: one, Taker: 3})), `"side"`},
		{must(message.NewBook(message.BookFields{Origin: btc}, []message.Level{{Price: market.Price{Decimal: below}}}, nil)), "bids"},
		{must(message.NewNotice(message.NoticeFields{Origin: btc, Venue: "binance", Type: message.NoticeAck})), `"venue"`},
		{must(message.NewNotice(message.NoticeFields{Venue: "binance", Type: 99})), `"type"`},
		{must(message.NewBook(message.BookFields{Origin: btc}, make8(one, ndjson.LineMax/8), nil)), "bytes"},
	} {
		got, err := ndjson.Append([]byte("kept"), c.m, "")
		if !errors.Is(err, ndjson.ErrNoForm) || !strings.Contains(err.Error(), c.says) || string(got) != "kept" {
			t.Errorf("%.80v: got %.80q, error %.200v; want one that says %s", c.m, got, err, c.says)
		}
	}
}

func make8(p market.Price, n int) []message.Level {
	levels := make([]message.Level, n)
	for i := range levels {
		levels[i].Price = p
	}
	return levels
}

// TestParseRefuses: each fault is an ErrLine that names the key.
func TestParseRefuses(t *testing.T) {
	const head = `"type":"trade","venue":"upbit","instrument":"BTC-KRW"`
	const trade = head + `,"price":"5","quantity":"1"`
	for _, c := range []struct{ line, says string }{
		{``, "want a JSON object"},
		{`[]`, "want a JSON object"},
		{`{`, ""},
		{`{}`, `"type": is missing`},
		{"{\"type\":\"\xff\"}", "UTF-8"},
		{`{"type":"tick"}`, `"type": unknown type "tick"`},
		{`{"type":5}`, `"type": want a string, got JSON number`},
		{`{"type":null}`, `"type": want a string, got null`},
		{`{` + trade + `}}`, "follows"},
		{`{` + trade + `}"`, "follows"},
		{`{` + trade + `} {}`, "follows"},
		{`{` + trade + `,"price":"6"}`, `"price" stands twice`},
		{`{` + trade + `,"later":{"a":[1,nul]}}`, `"later"`},
		{`{` + trade + `,"later":01}`, `"later"`},
		{`{` + head + `,"quantity":"1"}`, `"price": is missing`},
		{`{"type":"trade","venue":"upbit","price":"5","quantity":"1"}`, `"instrument": is missing`},
		{`{"type":"trade","venue":"upbit","instrument":"BTCKRW","price":"5","quantity":"1"}`, `"instrument"`},
		{`{` + head + `,"price":5,"quantity":"1"}`, `"price": want a string, got JSON number`},
		{`{` + head + `,"price":"five","quantity":"1"}`, `"price": want a plain decimal`},
		{`{` + head + `,"price":"","quantity":"1"}`, `"price": want a plain decimal`},
		{`{` + head + `,"price":"1e3","quantity":"1"}`, `"price": want a plain decimal`},
		{`{` + head + `,"price":"+1","quantity":"1"}`, `"price": want a plain decimal`},
		{`{` + head + `,"price":".5","quantity":"1"}`, `"price": want a plain decimal`},
		{`{` + head + `,"price":"-5","quantity":"1"}`, `"price"`},
		{`{` + head + `,"price":"0.0000000000000000001","quantity":"1"}`, `"price"`},
		{`{` + head + `,"price":"999999999999999999999","quantity":"1"}`, `"price"`},
		{`{` + head + `,"price":"0","quantity":"1"}`, "price 0"},
		{`{` + trade + `,"side":"Buy"}`, `"side": want one of buy, sell`},
		{`{` + trade + `,"side":true}`, `"side": want a string`},
		{`{` + trade + `,"time":"yesterday"}`, `"time": want a time in UTC`},
		{`{` + trade + `,"time":"2024-08-08T00:00:00"}`, `"time"`},
		{`{` + trade + `,"time":"2024-08-08T00:00:00+09:00"}`, `"time"`},
		{`{` + trade + `,"time":"2024-08-08T00:00:00,5Z"}`, `"time"`},
		{`{` + trade + `,"time":"2024-08-32T00:00:00Z"}`, `"time"`},
		{`{` + trade + `,"time":"9999-08-08T00:00:00Z"}`, `"time"`},
		{`{` + trade + `,"time":"1970-01-01T00:00:00Z"}`, `"time"`},
		{`{` + trade + `,"received":1723075200000}`, `"received"`},
		{`{"type":"book","venue":"upbit","instrument":"BTC-KRW","kind":"full","bids":[],"asks":[]}`, `"kind": want snapshot or update`},
		{`{"type":"book","venue":"upbit","instrument":"BTC-KRW","kind":"update","asks":[]}`, `"bids": is missing`},
		{`{"type":"book","venue":"upbit","instrument":"BTC-KRW","kind":"update","bids":{},"asks":[]}`, `"bids": want an array`},
		{`{"type":"book","venue":"upbit","instrument":"BTC-KRW","kind":"update","bids":["1"],"asks":[]}`, `"bids": level 0`},
		{`{"type":"book","venue":"upbit","instrument":"BTC-KRW","kind":"update","bids":[["1","2"],["1"]],"asks":[]}`, `"bids": level 1`},
		{`{"type":"book","venue":"upbit","instrument":"BTC-KRW","kind":"update","bids":[["1","2","3"]],"asks":[]}`, `"bids": level 0`},
		{`{"type":"book","venue":"upbit","instrument":"BTC-KRW","kind":"update","bids":[],"asks":[["1",2]]}`, `"asks": level 0`},
		{`{"type":"book","venue":"upbit","instrument":"BTC-KRW","kind":"update","bids":[],"asks":[],"first_id":"-1"}`, `"first_id": want a whole number`},
		{`{"type":"book","venue":"upbit","instrument":"BTC-KRW","kind":"update","bids":[],"asks":[],"first_id":"18446744073709551616"}`, `"first_id"`},
		{`{"type":"ticker","venue":"upbit","instrument":"BTC-KRW","time":"2024-08-08T00:00:00Z","timestamp":"2024-08-08T00:00:01Z"}`, `"timestamp": is not the same`},
		{`{"type":"ticker","venue":"upbit","instrument":"BTC-KRW","change_base":"yesterday"}`, `"change_base": want one of prev_close, open_24h`},
		{`{"type":"status","venue":"upbit","instrument":"BTC-KRW","trusted":"true","reason":"gap"}`, `"trusted": want true or false`},
		{`{"type":"status","venue":"upbit","instrument":"BTC-KRW","trusted":true}`, `"reason": is missing`},
		{`{"type":"ack"}`, `"venue": is missing`},
		{`{"type":"bar","venue":"upbit","instrument":"BTC-KRW","interval":"0.0000000001","start":"2024-08-08T00:00:00Z","open":"1","high":"1","low":"1","close":"1","volume":"1","turnover":"1","trades":"1","closed":true}`, `"interval": want seconds`},
		{`{"type":"bar","venue":"upbit","instrument":"BTC-KRW","interval":"60","start":"2024-08-08T00:00:30Z","open":"1","high":"1","low":"1","close":"1","volume":"1","turnover":"1","trades":"1","closed":true}`, "grid"},
		{`{"type":"order_intent","venue":"upbit","instrument":"BTC-KRW","strategy":"s","seq":"1","account":"a","side":"buy","order_type":"limit","time_in_force":"gtc","quantity":"1"}`, "limit order with price 0"},
		{`{"type":"order_intent","venue":"upbit","instrument":"BTC-KRW","strategy":"s","seq":1,"account":"a","side":"buy","order_type":"limit","time_in_force":"gtc","quantity":"1"}`, `"seq": want a string`},
		{`{"type":"order_intent","venue":"upbit","instrument":"BTC-KRW","strategy":"s","seq":"1","account":"a","side":"buy","order_type":"market","time_in_force":"gtd","quantity":"1"}`, "gtd order that expires at"},
		{`{"type":"order_intent","venue":"upbit","instrument":"BTC-KRW","strategy":"s","seq":"1","account":"a","side":"buy","order_type":"stop","time_in_force":"gtc","quantity":"1"}`, "stop price 0"},
		{`{"type":"order_intent","venue":"upbit","instrument":"BTC-KRW","strategy":"s","seq":"1","account":"a","side":"buy","order_type":"trailing","time_in_force":"gtc","quantity":"1"}`, `"order_type": want one of market, limit, stop, stop_limit`},
		{`{"type":"order_intent","venue":"upbit","instrument":"BTC-KRW","strategy":"s","seq":"1","account":"a","side":"buy","order_type":"market","time_in_force":"gtc","quantity":"1","exec_inst":"hidden"}`, `"exec_inst": want one of post_only, reduce_only, post_only|reduce_only`},
		{`{"type":"order_intent","venue":"upbit","instrument":"BTC-KRW","strategy":"s","seq":"1","account":"a","side":"buy","order_type":"market","time_in_force":"gtc","quantity":"1","parent":"1"}`, "parent 1 is no earlier intent"},
		{`{"type":"cancel_intent","seq":"1","account":"a"}`, "cancel_intent"},
		{`{"type":"cancel_intent","account":"a","venue":"upbit"}`, `"instrument": is missing`},
		{`{"type":"cancel_intent","account":"a","instrument":"BTC-KRW"}`, `"venue": is missing`},
		{`{"type":"amend_intent","strategy":"s","seq":"2","order_seq":"1","account":"a"}`, "nothing is to change"},
		{`{"type":"amend_intent","strategy":"s","seq":"2","account":"a","price":"1"}`, `"order_seq": is missing`},
		{`{"type":"amend_intent","strategy":"s","seq":"2","order_seq":"2","account":"a","price":"1"}`, "order 2"},
		{`{"type":"balance","account":"a","free":"1","locked":"0"}`, `"currency": is missing`},
		{`{"type":"balance","account":"a","currency":"KRW","free":"1"}`, `"locked": is missing`},
		{`{"type":"order_event","venue":"upbit","instrument":"BTC-KRW","account":"a","action":"equity","status":"journaled","amount":"1"}`, "without a currency"},
		{`{"type":"order_event","venue":"upbit","instrument":"BTC-KRW","account":"a","action":"send","status":"sent"}`, `"quantity": is missing`},
		{`{"type":"order_event","venue":"upbit","instrument":"BTC-KRW","account":"a","action":"absent","status":"sent","quantity":"1","cum_quantity":"0","leaves_quantity":"1","evidence":"hearsay"}`, `"evidence": want one of id, open_orders, id|open_orders`},
		{`{"type":"order_event","venue":"upbit","instrument":"BTC-KRW","account":"a","action":"lose","status":"unknown","quantity":"1","cum_quantity":"0","leaves_quantity":"1","request":"beg"}`, `"request": want one of place, cancel, amend`},
		{`{"type":"order_event","venue":"upbit","instrument":"BTC-KRW","account":"a","action":"fly","status":"sent","quantity":"1","cum_quantity":"0","leaves_quantity":"1"}`, `"action": want one of create, deny`},
	} {
		m, symbol, err := ndjson.Parse([]byte(c.line))
		if !errors.Is(err, ndjson.ErrLine) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s\n  error %v\n  want one that says %s", c.line, err, c.says)
		}
		if m != nil || symbol != "" {
			t.Errorf("%s: %v and %q beside an error", c.line, m, symbol)
		}
	}
	if _, _, err := ndjson.Parse(bytes.Repeat([]byte(" "), ndjson.LineMax+1)); !errors.Is(err, ndjson.ErrLine) {
		t.Errorf("a line beyond LineMax: error %v", err)
	}
}

// TestParseAccepts: what other programs may write differently.
func TestParseAccepts(t *testing.T) {
	want := must(message.NewTrade(message.TradeFields{Origin: message.Origin{Instrument: market.MustInstrument("upbit", "BTC-KRW")},
		Price: market.MustPrice("5"), Quantity: market.MustQuantity("1"), ID: "é\n/"}))
	for _, line := range []string{
		` { "id" : "\u00e9\n\/", "quantity":"1.0","price":"5.000", "instrument":"BTC-KRW","venue":"upbit","type":"trade"} ` + "\r\n",
		`{"type":"trade","venue":"upbit","instrument":"BTC-KRW","price":"5","quantity":"1","id":"é\n/","later":{"a":[1,null,"x"]},"":0}`,
	} {
		got, _, err := ndjson.Parse([]byte(line))
		if err != nil || got != message.Message(want) {
			t.Errorf("%s\n  got %v, error %v", line, got, err)
		}
	}
}

// TestAppendAllocates nothing once dst is large enough, and Parse little.
func TestAppendAllocates(t *testing.T) {
	generators := messagetest.Generators()
	dst := make([]byte, 0, 1<<16)
	for _, kind := range message.Kinds() {
		if !ndjson.Has(kind) {
			continue
		}
		m := generators[kind].Example(7)
		if n := testing.AllocsPerRun(100, func() {
			var err error
			if dst, err = ndjson.Append(dst[:0], m, "KRW-BTC"); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v: %v allocations", kind, n)
		}
	}
}
