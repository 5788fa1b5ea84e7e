package adaptertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// normalises: data of every channel reaches the partition as what it is.
func normalises(t *testing.T, v Venue) {
	w := start(t, v, setup{})
	w.ready(1)
	for k, i := range w.instruments {
		f := w.tick(k, "50003")
		if f.Instrument != i || f.Has&v.TickerHas != v.TickerHas || f.Has&^v.TickerHas != 0 || f.Span == 0 || f.Received == 0 {
			t.Errorf("ticker %+v, want %v with figures %b", f, i, v.TickerHas)
		}
		for n, side := range []market.Side{market.Buy, market.Sell} {
			want := Trade{Symbol: w.symbols[k], Price: fmt.Sprint(50_000 + n), Quantity: "0.5", Taker: side, ID: uint64(7000 + n), Time: w.server.time()}
			w.server.publish(Topic{market.ChannelTrade, w.symbols[k]}, v.Trade(want))
			var all []message.Trade
			w.until("a trade", func() bool { all = got[message.Trade](w.rec, i); return len(all) > n })
			if f := all[n].Fields(); f.Price != price(want.Price) || f.Quantity != quantity(want.Quantity) || f.Taker != side || f.VenueTime != market.Milliseconds(want.Time) {
				t.Errorf("trade %+v, want %+v", f, want)
			}
		}
		if v.BBO != nil {
			want := BBO{Symbol: w.symbols[k], Bid: Level{"50000", "1.5"}, Ask: Level{"50010", "2.5"}, Time: w.server.time(), ID: 42}
			w.server.publish(Topic{market.ChannelBBO, w.symbols[k]}, v.BBO(want))
			w.until("the best bid and offer", func() bool {
				all := got[message.BBO](w.rec, i)
				if len(all) == 0 {
					return false
				}
				f := all[len(all)-1].Fields()
				return f.Bid == price("50000") && f.BidQuantity == quantity("1.5") && f.Ask == price("50010") && f.AskQuantity == quantity("2.5")
			})
		}
		for range 40 { // every kind of change to the book
			w.server.change(w.symbols[k])
		}
		w.whole(k)
		if doubts := w.rec.doubts(i); v.Books == Whole && len(doubts) != 0 || v.Books != Whole && len(doubts) != 1 {
			t.Errorf("%v was doubted: %q", i, doubts) // once before its first snapshot
		}
	}
	w.noDeadLetters()
}

// garbage is what no venue sends.
var garbage = []string{"", " ", "{", "}", "[", "\x00\x01\x02\x03", "\xff\xfe\xfd", "<html>502 Bad Gateway</html>", "null", "0", `"text"`, "{}", "[]",
	`{"a":{"b":{"c":[[[[]]]]}}}`, `{"type":"nonsense"}`, "\x1f\x8b\x08\x00\x00\x00\x00\x00"}

// survivesGarbage: what cannot be read becomes dead letters with the frame in them, and data goes
// on over the same connection.
func survivesGarbage(t *testing.T, v Venue) {
	w := start(t, v, setup{})
	c := w.ready(1)
	ticker := v.Ticker(Ticker{Symbol: w.symbols[btc], Price: "54321", Time: w.server.time()})
	frames := append([]string{ticker[:len(ticker)/2], ticker + "x", v.Ticker(Ticker{Symbol: w.symbols[btc], Price: "5x4321", Time: w.server.time()})}, garbage...)
	for n, frame := range frames {
		c.say(frame)
		w.tick(btc, fmt.Sprint(40_000+n)) // it goes on
	}
	w.until("dead letters", func() bool { return len(w.letters.list()) >= len(frames) })
	for n, l := range w.letters.list() {
		if n >= len(frames) || string(l.Frame) != frames[n] {
			t.Fatalf("dead letter %d is %q", n, l.Frame)
		}
		if l.Venue != v.Name || l.Reason == "" || l.Reason == "other" || l.Detail == "" || l.Time == 0 {
			t.Errorf("dead letter %+v", l)
		}
	}
	if n := w.server.count(); n != 1 {
		t.Errorf("%d connections", n)
	}
	w.server.change(w.symbols[btc])
	w.whole(btc)
}

// refusesHugeFrames: a frame beyond the limit ends the connection before it is read, and the next
// connection works.
func refusesHugeFrames(t *testing.T, v Venue) {
	w := start(t, v, setup{})
	c := w.ready(1)
	c.say(string(make([]byte, 65<<10)))
	w.ready(2)
	if !w.log.has("a frame of more than 65536 bytes") {
		t.Error("the log does not say why")
	}
	w.untrusted(btc, 0)
	w.noDeadLetters()
}

// survivesSlowReaders: while a partition does not take what it is sent, what waits for it is
// bounded, the connection lives on, and afterwards it knows the newest of everything.
func survivesSlowReaders(t *testing.T, v Venue) {
	const limit, rounds = 16, 80
	w := start(t, v, setup{mailbox: limit, blocked: true})
	c := w.subscribed(1)
	for n := range rounds {
		for _, symbol := range w.symbols {
			w.server.change(symbol)
			w.server.publish(Topic{market.ChannelTicker, symbol}, v.Ticker(Ticker{Symbol: symbol, Price: fmt.Sprint(40_000 + n), Time: w.server.time()}))
			w.server.publish(Topic{market.ChannelTrade, symbol}, v.Trade(Trade{Symbol: symbol, Price: fmt.Sprint(40_000 + n), Quantity: "1", Taker: market.Buy, ID: uint64(n + 1), Time: w.server.time()}))
			// One batch a frame, so that there are many.
			w.until("the ticker read", func() bool { return w.counted("ticker") >= float64(n*len(w.symbols)+1) })
		}
		if waiting := w.mailbox.Waiting.Load(); waiting > limit+2 {
			t.Fatalf("%d messages wait, want at most %d", waiting, limit)
		}
	}
	w.until("every ticker read", func() bool { return w.counted("ticker") >= rounds*float64(len(w.symbols)) })
	if w.mailbox.Conflated.Load() == 0 {
		t.Error("nothing was conflated: the partition was not slow")
	}
	w.release()
	for k, i := range w.instruments {
		w.until("the newest ticker", func() bool {
			all := got[message.Ticker](w.rec, i)
			return len(all) > 0 && all[len(all)-1].Fields().Trade == price(fmt.Sprint(40_000+rounds-1))
		})
		w.whole(k)
	}
	if n := w.server.count(); n != 1 || c.n != 1 {
		t.Errorf("%d connections", n)
	}
	w.noDeadLetters()
}

// losesNothing: where nothing may be conflated the feeder waits for the partition, and nothing is
// lost or out of order.
func losesNothing(t *testing.T, v Venue) {
	const trades = 5000
	w := start(t, v, setup{blocked: true, credit: true, config: func(c *feederConfig) { c.Credit = 2 }})
	w.subscribed(1)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for n := range trades {
			w.server.publish(Topic{market.ChannelTrade, w.symbols[btc]}, v.Trade(Trade{Symbol: w.symbols[btc], Price: fmt.Sprint(1 + n), Quantity: "1", Taker: market.Sell, ID: uint64(n + 1), Time: w.server.time()}))
		}
	}()
	w.until("the feeder waiting for credit", func() bool { return w.mailbox.Posted.Load() >= 2 })
	// For long enough that one which does not wait would send more.
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); <-time.After(time.Millisecond) {
		if waiting := w.mailbox.Waiting.Load(); waiting > 2 {
			t.Errorf("%d batches on their way, want at most 2", waiting)
			break
		}
	}
	w.release()
	<-sent
	var all []message.Trade
	w.until("every trade", func() bool { all = got[message.Trade](w.rec, w.instruments[btc]); return len(all) >= trades })
	for n, trade := range all {
		if trade.Fields().Price != price(fmt.Sprint(1+n)) {
			t.Fatalf("trade %d is %v", n, trade)
		}
	}
	w.noDeadLetters()
}
