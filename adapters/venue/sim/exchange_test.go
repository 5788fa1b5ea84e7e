package sim

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/capture"
)

func exchange(t testing.TB, c Config) *Exchange {
	t.Helper()
	x, err := NewExchange(c)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// steps runs x for d and hands over every event.
func steps(x *Exchange, d time.Duration, each func(e *Event)) {
	end := x.Now().Add(d)
	for now := x.Now(); now < end; {
		now = min(now.Add(10*time.Millisecond), end)
		for _, e := range x.Step(now) {
			each(&e)
		}
	}
}

// history writes what x publishes as text.
func history(x *Exchange, d, step time.Duration) string {
	var b strings.Builder
	end := x.Now().Add(d)
	for now := x.Now(); now < end; {
		now = min(now.Add(step), end)
		for _, e := range x.Step(now) {
			fmt.Fprintf(&b, "%d ", e.At)
			b.Write(appendEvent(nil, &e, x.Listings()[e.Instrument].Symbol))
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func TestOneSeedOneHistoryHoweverTimeIsCut(t *testing.T) {
	c := Config{Seed: 7, EventsPerSecond: 2000}
	whole := history(exchange(t, c), 5*time.Second, 5*time.Second)
	if n := strings.Count(whole, "\n"); n < 5000 {
		t.Fatalf("only %d events", n)
	}
	for _, step := range []time.Duration{time.Millisecond, 37 * time.Millisecond, time.Second} {
		if history(exchange(t, c), 5*time.Second, step) != whole {
			t.Errorf("steps of %v give another history", step)
		}
	}
	c.Seed = 8
	if history(exchange(t, c), 5*time.Second, time.Second) == whole {
		t.Error("another seed gives the same history")
	}
}

// The heart of it: what is published is valid, and books follow from it.
func TestPublishedDataHoldsTogether(t *testing.T) {
	for _, c := range []Config{{Seed: 1}, {Seed: 2, EventsPerSecond: 2500, Instruments: 40}} {
		x := exchange(t, c)
		type view struct {
			bids, asks      map[Fixed]Fixed
			lastID          uint64
			tradeID         uint64
			trades, bbos    int
			depths, tickers int
			bid, ask        Level
		}
		views := make([]view, len(x.Listings()))
		for i := range views {
			id, bids, asks := x.Depth(i, math.MaxInt)
			v := &views[i]
			v.bids, v.asks, v.lastID = map[Fixed]Fixed{}, map[Fixed]Fixed{}, id
			for _, l := range bids {
				v.bids[l.Price] = l.Quantity
			}
			for _, l := range asks {
				v.asks[l.Price] = l.Quantity
			}
		}
		valid := func(what string, i int, price Fixed) {
			if l := x.Listings()[i]; !l.Ticks.Valid(market.Price{Decimal: price.Decimal()}) {
				t.Fatalf("%s: %s %v is not valid under %v", l.Symbol, what, price, l.Ticks)
			}
		}
		lots := func(what string, i int, q Fixed) {
			if l := x.Listings()[i]; q < 0 || !q.Decimal().IsMultipleOf(l.LotSize.Decimal) {
				t.Fatalf("%s: %s %v is not in lots of %v", l.Symbol, what, q, l.LotSize)
			}
		}
		last := x.Now()
		steps(x, 25*time.Second, func(e *Event) {
			if e.At < last {
				t.Fatalf("time goes backwards from %v to %v", last, e.At)
			}
			last = e.At
			v := &views[e.Instrument]
			symbol := x.Listings()[e.Instrument].Symbol
			switch e.Kind {
			case EventTrade:
				v.trades++
				valid("trade price", e.Instrument, e.Trade.Price)
				lots("trade quantity", e.Instrument, e.Trade.Quantity)
				if e.Trade.Quantity == 0 || e.Trade.MakerID >= e.Trade.TakerID || e.Trade.At != e.At {
					t.Fatalf("%s: trade %+v", symbol, e.Trade)
				}
				if v.tradeID != 0 && e.Trade.ID != v.tradeID+1 {
					t.Fatalf("%s: trade %d follows %d", symbol, e.Trade.ID, v.tradeID)
				}
				v.tradeID = e.Trade.ID
				// A taker gets the best there is or, deeper in the book, worse; never better.
				if v.bid.Price != 0 && v.ask.Price != 0 {
					if e.Trade.BuyerIsMaker && e.Trade.Price > v.bid.Price || !e.Trade.BuyerIsMaker && e.Trade.Price < v.ask.Price {
						t.Fatalf("%s: trade %+v inside the spread %v %v", symbol, e.Trade, v.bid, v.ask)
					}
				}
			case EventBBO:
				v.bbos++
				valid("bid", e.Instrument, e.Bid.Price)
				valid("ask", e.Instrument, e.Ask.Price)
				if e.Bid.Price >= e.Ask.Price || e.Bid.Quantity <= 0 || e.Ask.Quantity <= 0 || e.UpdateID <= v.lastID {
					t.Fatalf("%s: bbo %+v behind update %d", symbol, e, v.lastID)
				}
				v.bid, v.ask = e.Bid, e.Ask
			case EventDepth:
				v.depths++
				if e.FirstID != v.lastID+1 || e.LastID < e.FirstID || len(e.Bids)+len(e.Asks) == 0 {
					t.Fatalf("%s: depth %d to %d behind %d", symbol, e.FirstID, e.LastID, v.lastID)
				}
				v.lastID = e.LastID
				for k, levels := range [][]Level{e.Bids, e.Asks} {
					side := []map[Fixed]Fixed{v.bids, v.asks}[k]
					for j, l := range levels {
						if j > 0 && (l.Price < levels[j-1].Price) == (k == 1) {
							t.Fatalf("%s: levels %v are not best first", symbol, levels)
						}
						valid("level", e.Instrument, l.Price)
						lots("level quantity", e.Instrument, l.Quantity)
						if side[l.Price] = l.Quantity; l.Quantity == 0 {
							delete(side, l.Price)
						}
					}
				}
				bid, ask := Fixed(0), Fixed(math.MaxInt64)
				for p := range v.bids {
					bid = max(bid, p)
				}
				for p := range v.asks {
					ask = min(ask, p)
				}
				if bid >= ask || len(v.bids) < levelsMin/2 || len(v.asks) < levelsMin/2 {
					t.Fatalf("%s: book %v × %v with %d and %d levels", symbol, bid, ask, len(v.bids), len(v.asks))
				}
			case EventTicker:
				v.tickers++
				k := e.Ticker
				if k.Low > k.Open || k.Low > k.Close || k.High < k.Open || k.High < k.Close || k.Low <= 0 || k.LastID != v.tradeID && v.tradeID != 0 {
					t.Fatalf("%s: ticker %+v", symbol, k)
				}
			}
		})
		// Snapshot and differences together are the book.
		y := exchange(t, c)
		bySum := make([]view, len(views))
		for i := range bySum {
			_, bids, asks := y.Depth(i, math.MaxInt)
			bySum[i].bids, bySum[i].asks = levelMap(bids), levelMap(asks)
		}
		at := y.Now().Add(10 * time.Second).Truncate(depthEvery)
		for _, e := range y.Step(at) {
			if e.Kind == EventDepth {
				apply(bySum[e.Instrument].bids, e.Bids)
				apply(bySum[e.Instrument].asks, e.Asks)
			}
		}
		for i := range bySum {
			_, bids, asks := y.Depth(i, math.MaxInt)
			if !sameLevels(bySum[i].bids, levelMap(bids)) || !sameLevels(bySum[i].asks, levelMap(asks)) {
				t.Fatalf("%s: snapshot and differences are not the book", y.Listings()[i].Symbol)
			}
			if !slices.IsSortedFunc(bids, func(a, b Level) int { return int(max(-1, min(1, b.Price-a.Price))) }) {
				t.Fatalf("bids are not best first: %v", bids)
			}
		}
		for i, v := range views {
			l := x.Listings()[i]
			if c.Instruments == 0 && (v.bbos < 3 || v.depths < 8 || v.tickers != 25) {
				t.Errorf("seed %d: %s is dead: %d trades, %d bbo, %d depth, %d tickers", c.Seed, l.Symbol, v.trades, v.bbos, v.depths, v.tickers)
			}
			if spread := (v.ask.Price - v.bid.Price); v.bid.Price > 0 && float64(spread) > 0.02*float64(v.bid.Price) && spread > 8*x.TickSize(i) {
				t.Errorf("seed %d: %s has a spread of %v at %v", c.Seed, l.Symbol, spread, v.bid.Price)
			}
		}
	}
}

func levelMap(levels []Level) map[Fixed]Fixed {
	m := map[Fixed]Fixed{}
	for _, l := range levels {
		m[l.Price] = l.Quantity
	}
	return m
}

func apply(side map[Fixed]Fixed, levels []Level) {
	for _, l := range levels {
		if side[l.Price] = l.Quantity; l.Quantity == 0 {
			delete(side, l.Price)
		}
	}
}

func sameLevels(a, b map[Fixed]Fixed) bool {
	if len(a) != len(b) {
		return false
	}
	for p, q := range a {
		if b[p] != q {
			return false
		}
	}
	return true
}

// Half an hour of a wandering price: books stay bounded and filled, the price stays within its range.
func TestLongRunStaysBounded(t *testing.T) {
	x := exchange(t, Config{Seed: 11, EventsPerSecond: 100})
	trades := 0
	lowest, highest := x.Ticker(0).Close, x.Ticker(0).Close
	for range 30 {
		for _, e := range x.Step(x.Now().Add(time.Minute)) {
			if e.Kind == EventTrade {
				trades++
				if e.Instrument == 0 {
					lowest, highest = min(lowest, e.Trade.Price), max(highest, e.Trade.Price)
				}
			}
		}
		for _, in := range x.instruments {
			if len(in.book.orders) > ordersMax || len(in.book.bids.levels) < levelsMin/2 || len(in.book.asks.levels) < levelsMin/2 {
				t.Fatalf("%s at %v: %d orders, %d and %d levels", in.symbol, x.Now(), len(in.book.orders), len(in.book.bids.levels), len(in.book.asks.levels))
			}
			if len(in.book.byID) != len(in.book.orders) {
				t.Fatalf("%s: %d orders by id, %d by place", in.symbol, len(in.book.byID), len(in.book.orders))
			}
		}
	}
	if move := float64(highest-lowest) / float64(lowest); trades < 3_000 || move < 0.002 || move > 0.5 {
		t.Errorf("%d trades, price from %v to %v", trades, lowest, highest)
	}
	day := x.Ticker(0)
	if day.High != highest || day.Low != lowest || day.Count != day.LastID {
		t.Errorf("ticker %+v, prices from %v to %v", day, lowest, highest)
	}
}

func TestWindowForgets(t *testing.T) {
	var w window
	base := market.Seconds(1_000_000_200) // on a bucket's edge: a multiple of 600
	base = base.Truncate(bucketEvery)
	w.advance(base)
	trade := func(id uint64, at time.Duration, price Fixed) {
		w.add(Trade{ID: id, At: base.Add(at), Price: price * fixedOne, Quantity: fixedOne})
	}
	trade(1, 0, 50)
	trade(2, time.Hour, 10)
	trade(3, 2*time.Hour, 30)
	in := instrument{book: newBook(), day: w, last: Trade{ID: 3, Price: 30 * fixedOne}}
	at := func(d time.Duration) Ticker {
		in.day.advance(base.Add(d))
		return in.summary(base.Add(d))
	}
	if k := at(3 * time.Hour); k.Open != 50*fixedOne || k.High != 50*fixedOne || k.Low != 10*fixedOne || k.Count != 3 || k.Volume.String() != "3" || k.Turnover.String() != "90" {
		t.Errorf("whole day: %+v", k)
	}
	if k := at(24*time.Hour + time.Minute); k.Open != 10*fixedOne || k.PreviousClose != 50*fixedOne || k.High != 30*fixedOne || k.Count != 2 {
		t.Errorf("a day later: %+v", k)
	}
	if k := at(80 * time.Hour); k.Count != 0 || k.Open != 30*fixedOne || k.Close != 30*fixedOne || !k.Volume.IsZero() {
		t.Errorf("days later: %+v", k)
	}
}

func TestSkipLeavesTimeOut(t *testing.T) {
	x := exchange(t, Config{})
	x.Step(x.Now().Add(time.Second))
	later := x.Now().Add(time.Hour)
	x.Skip(later)
	if events := x.Step(later); len(events) != 0 || x.Now() != later {
		t.Errorf("%d events in time left out", len(events))
	}
	if events := x.Step(later.Add(2 * time.Second)); len(events) < 100 || events[0].At <= later {
		t.Errorf("%d events afterwards", len(events))
	}
	if x.Skip(later); x.Now() <= later {
		t.Error("Skip turns time back")
	}
}

func TestListings(t *testing.T) {
	x := exchange(t, Config{Instruments: 500})
	ticks, seen := map[string]bool{}, map[string]bool{}
	for i, l := range x.Listings() {
		if seen[l.Symbol] || l.Instrument.Venue() != Venue || l.Symbol != l.Instrument.Base()+l.Instrument.Quote() || l.LotSize.IsZero() || l.Ticks.IsZero() {
			t.Errorf("listing %d: %+v", i, l)
		}
		seen[l.Symbol] = true
		if i < instrumentsMin {
			ticks[l.Ticks.String()] = true
		}
	}
	if len(ticks) < 6 {
		t.Errorf("the first %d instruments have %d tick rules", instrumentsMin, len(ticks))
	}
	if !seen["BTCUSDT"] || !seen["005930KRW"] {
		t.Error("BTCUSDT or 005930KRW is not listed")
	}
}

func TestConfigValidate(t *testing.T) {
	for _, c := range []Config{
		{Instruments: 19}, {Instruments: InstrumentsMax + 1}, {Instruments: -1}, {EventsPerSecond: -1}, {EventsPerSecond: math.NaN()},
		{EventsPerSecond: math.Inf(1)}, {EventsPerSecond: 1e-9}, {Start: -1}, {Tick: -1}, {Tick: time.Minute},
	} {
		if _, err := NewExchange(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// ladder and market.TickRule say the same.
func TestLadderIsTheTickRule(t *testing.T) {
	rules := map[string]market.TickRule{
		"upbit": market.UpbitKRWTicks(), "krx": market.KRXTicks(), "bithumb": market.BithumbKRWTicks(),
		"fixed": market.FixedTick(market.MustPrice("0.01")),
	}
	odd, err := market.NewTickRule(
		market.TickStep{Size: market.MustPrice("0.3")},
		market.TickStep{From: market.MustPrice("1"), Size: market.MustPrice("0.7")},
		market.TickStep{From: market.MustPrice("1.2"), Size: market.MustPrice("5")},
	)
	if err != nil {
		t.Fatal(err)
	}
	rules["odd"] = odd
	r := newRandom(1)
	for name, rule := range rules {
		l := ladderOf(rule)
		for range 5000 {
			p := Fixed(r.source.Uint64()>>(8+r.below(50))) + 1
			price := market.Price{Decimal: p.Decimal()}
			if name == "odd" {
				p %= 20 * fixedOne
				p++
				price = market.Price{Decimal: p.Decimal()}
			}
			same := func(what string, got Fixed, want market.Price) {
				if want.IsZero() {
					want = rule.Next(want) // the ladder stays at the smallest tick
				}
				if got.Decimal() != want.Decimal {
					t.Fatalf("%s: %s(%v) is %v, want %v", name, what, p, got, want)
				}
			}
			same("size", l.size(p), rule.Size(price))
			same("floor", l.floor(p), rule.Floor(price))
			same("ceil", l.ceil(p), rule.Ceil(price))
			same("next", l.next(p), rule.Next(price))
			same("prev", l.prev(p), rule.Prev(price))
		}
	}
}

func TestBookMatchesByPriceThenTime(t *testing.T) {
	b := newBook()
	none := func(maker *order, q Fixed) { t.Fatalf("order %d filled by %v", maker.id, q) }
	b.limit(market.Sell, 101, 5, true, none) // 1
	b.limit(market.Sell, 100, 3, true, none) // 2
	b.limit(market.Sell, 100, 4, true, none) // 3
	b.limit(market.Buy, 99, 7, true, none)   // 4
	var fills []string
	take := func(side market.Side, price, q Fixed, rest bool) (uint64, Fixed) {
		fills = nil
		return b.limit(side, price, q, rest, func(maker *order, q Fixed) {
			fills = append(fills, fmt.Sprintf("%d:%d@%d", maker.id, q, maker.price))
		})
	}
	if id, left := take(market.Buy, 100, 4, true); id != 5 || left != 0 || !slices.Equal(fills, []string{"2:3@100", "3:1@100"}) {
		t.Errorf("id %d, %v left, %v", id, left, fills)
	}
	if id, left := take(market.Buy, 100, 10, true); id != 6 || left != 7 || !slices.Equal(fills, []string{"3:3@100"}) {
		t.Errorf("id %d, %v left, %v", id, left, fills)
	}
	if best := b.bids.best(); best.price != 100 || best.quantity != 7 {
		t.Errorf("best bid %+v", best)
	}
	if _, left := take(market.Sell, 99, 20, false); left != 0 || !slices.Equal(fills, []string{"6:7@100", "4:7@99"}) {
		t.Errorf("%v left, %v", left, fills)
	}
	if b.bids.best() != nil || len(b.orders) != 1 || b.orders[0].id != 1 {
		t.Errorf("orders left: %d", len(b.orders))
	}
	if !b.cancel(1) || b.cancel(1) || b.asks.best() != nil || len(b.byID) != 0 {
		t.Error("cancel")
	}
	bids, asks := b.takeChanges(nil, nil)
	if !slices.Equal(bids, []Level{{100, 0}, {99, 0}}) || !slices.Equal(asks, []Level{{100, 0}, {101, 0}}) {
		t.Errorf("changes %v %v", bids, asks)
	}
}

// A book against a slow one that is obviously right.
func TestBookAgainstAList(t *testing.T) {
	type resting struct {
		id          uint64
		side        market.Side
		price, left Fixed
	}
	r := newRandom(5)
	b := newBook()
	var list []resting
	for range 5_000 {
		if r.oneIn(3) && len(list) > 0 {
			i := int(r.below(uint64(len(list))))
			if !b.cancel(list[i].id) {
				t.Fatalf("order %d is not there", list[i].id)
			}
			list = slices.Delete(list, i, i+1)
			continue
		}
		side := market.Side(1 + r.below(2))
		price, quantity, rest := Fixed(90+r.below(20)), Fixed(1+r.below(50)), !r.oneIn(4)
		var got, want []string
		id, _ := b.limit(side, price, quantity, rest, func(maker *order, q Fixed) { got = append(got, fmt.Sprint(maker.id, q)) })
		for quantity > 0 {
			best := -1
			for i, o := range list { // the list is in order of time
				crosses := side == market.Buy && o.price <= price || side == market.Sell && o.price >= price
				better := best < 0 || side == market.Buy && o.price < list[best].price || side == market.Sell && o.price > list[best].price
				if o.side == side.Opposite() && crosses && better {
					best = i
				}
			}
			if best < 0 {
				break
			}
			q := min(quantity, list[best].left)
			want = append(want, fmt.Sprint(list[best].id, q))
			quantity -= q
			if list[best].left -= q; list[best].left == 0 {
				list = slices.Delete(list, best, best+1)
			}
		}
		if quantity > 0 && rest {
			list = append(list, resting{id, side, price, quantity})
		}
		if !slices.Equal(got, want) {
			t.Fatalf("order %d filled %v, want %v", id, got, want)
		}
		sums := map[Fixed]Fixed{}
		for _, o := range list {
			sums[o.price] += o.left
		}
		levels := append(b.bids.depth(100), b.asks.depth(100)...)
		if len(levels) != len(sums) || !sameLevels(levelMap(levels), sums) {
			t.Fatalf("levels %v, want %v", levels, sums)
		}
	}
}

func TestFixedPrints(t *testing.T) {
	for f, want := range map[Fixed]string{
		0: "0.00000000", 1: "0.00000001", fixedOne: "1.00000000", -fixedOne / 2: "-0.50000000",
		9725015000000: "97250.15000000", math.MaxInt64: "92233720368.54775807",
	} {
		if f.String() != want || !f.Decimal().IsZero() != (f != 0) || f.Decimal() != market.MustDecimal(want) {
			t.Errorf("%d prints %s and is %v, want %s", int64(f), f, f.Decimal(), want)
		}
		if f >= 0 && fixedOf(f.Decimal()) != f {
			t.Errorf("%v does not come back", f)
		}
	}
}

func TestRandomIsWhatItSays(t *testing.T) {
	r := newRandom(3)
	const n = 200_000
	sum, tail := 0.0, 0
	for range n {
		e := float64(r.exponential()) / (1 << 32)
		sum += e
		if e > 3 {
			tail++
		}
	}
	if mean := sum / n; math.Abs(mean-1) > 0.02 || math.Abs(float64(tail)/n-math.Exp(-3)) > 0.005 {
		t.Errorf("exponential: mean %v, %v above 3", mean, float64(tail)/n)
	}
	sum, squares := 0.0, 0.0
	for range n {
		g := float64(r.normal()) / (1 << 16)
		sum += g
		squares += g * g
	}
	if mean, deviation := sum/n, math.Sqrt(squares/n); math.Abs(mean) > 0.02 || math.Abs(deviation-1) > 0.02 {
		t.Errorf("normal: mean %v, deviation %v", mean, deviation)
	}
}

func recording(t testing.TB, c Config, d time.Duration) []byte {
	t.Helper()
	var b bytes.Buffer
	w := capture.NewWriter(&b)
	if err := Record(w, c, d); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRecordingsRepeat(t *testing.T) {
	a := recording(t, Config{Seed: 1}, 20*time.Second)
	if !bytes.Equal(a, recording(t, Config{Seed: 1}, 20*time.Second)) {
		t.Error("the same seed gave another recording")
	}
	if bytes.Equal(a, recording(t, Config{Seed: 2}, 20*time.Second)) {
		t.Error("another seed gave the same recording")
	}
	if err := Record(capture.NewWriter(&bytes.Buffer{}), Config{Instruments: 1}, time.Second); !errors.Is(err, ErrConfig) {
		t.Errorf("a bad config: %v", err)
	}
}

// At the default rate the exchange must cost nothing to speak of: ns/op is a second of it.
func BenchmarkExchangeSecond(b *testing.B) {
	for _, c := range []Config{{}, {Instruments: 5000, EventsPerSecond: 50_000}} {
		b.Run(fmt.Sprintf("%d_instruments_%v_a_second", c.withDefaults().Instruments, c.withDefaults().EventsPerSecond), func(b *testing.B) {
			x := exchange(b, c)
			frame := make([]byte, 0, 4096)
			events := 0
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				for range 100 {
					for _, e := range x.Step(x.Now().Add(10 * time.Millisecond)) {
						frame = appendEvent(frame[:0], &e, x.listings[e.Instrument].Symbol)
						events++
					}
				}
			}
			b.ReportMetric(float64(events)/float64(b.N), "frames/op")
		})
	}
}

func BenchmarkNewExchange(b *testing.B) {
	for range b.N {
		exchange(b, Config{})
	}
}
