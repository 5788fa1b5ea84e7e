package state

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// TestTrust walks the table in trust.go: what happens, and whether the instrument is trusted
// afterwards.
func TestTrust(t *testing.T) {
	tick := bbo(origin(btc, 0), "10", "1", "11", "1")
	snapshot := bookEvent(origin(btc, 0), true, levels("10", "1"), levels("11", "1"))
	update := bookEvent(origin(btc, 0), false, levels("10", "2"), nil)
	crossing := bookEvent(origin(btc, 0), false, levels("12", "1"), nil)
	locking := bookEvent(origin(btc, 0), false, levels("11", "1"), nil)
	crossed := bookEvent(origin(btc, 0), true, levels("12", "1"), levels("11", "1"))
	no := status(origin(btc, 0), false, "gap")
	yes := status(origin(btc, 0), true, "snapshot joined")
	later := bookEvent(origin(btc, resyncAgain), false, levels("10", "2"), nil)
	for _, tc := range []struct {
		name    string
		events  []message.Event
		trusted []bool
		resyncs int
		reason  string
	}{
		{"no book", []message.Event{tick}, []bool{true}, 0, ""},
		{"no book, status", []message.Event{tick, no, tick, yes}, []bool{true, false, false, true}, 0, ""},
		{"book joins", []message.Event{snapshot, update}, []bool{true, true}, 0, ""},
		{"status first", []message.Event{no, snapshot, yes, update}, []bool{false, false, true, true}, 0, ""},
		{"gap", []message.Event{snapshot, no, update, snapshot}, []bool{true, false, false, false}, 0, "gap"},
		{"gap joined", []message.Event{snapshot, no, snapshot, yes}, []bool{true, false, false, true}, 0, ""},
		{"no snapshot", []message.Event{tick, update, update, tick}, []bool{true, false, false, false}, 1, reasonNoSnapshot},
		{"feeder cannot lift", []message.Event{update, yes}, []bool{false, false}, 1, reasonNoSnapshot},
		{"snapshot lifts", []message.Event{update, snapshot}, []bool{false, true}, 1, ""},
		{"crossed update", []message.Event{snapshot, crossing, update, tick}, []bool{true, false, false, false}, 1, reasonCrossed},
		{"locked update", []message.Event{snapshot, locking}, []bool{true, false}, 1, reasonCrossed},
		{"crossed, again", []message.Event{snapshot, crossing, update, later}, []bool{true, false, false, false}, 2, reasonCrossed},
		{"crossed snapshot", []message.Event{crossed, crossed, snapshot}, []bool{false, false, true}, 1, ""},
		{"two crossings", []message.Event{snapshot, crossing, snapshot, crossing}, []bool{true, false, true, false}, 2, reasonCrossed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := New(DefaultConfig())
			out := c.Step(batch(at(0), tc.events...))
			var trusted []bool
			var changes [2]uint64
			before := true
			for row := range out.Views.Rows() {
				trusted = append(trusted, row.Trusted)
				if row.Trusted != before {
					changes[map[bool]int{true: 1}[row.Trusted]]++
				}
				before = row.Trusted
			}
			if !slices.Equal(trusted, tc.trusted) || len(out.Resync) != tc.resyncs {
				t.Errorf("trusted %v resyncs %v, want %v and %d", trusted, out.Resync, tc.trusted, tc.resyncs)
			}
			if out.Stats.Untrusted != changes[0] || out.Stats.Trusted != changes[1] {
				t.Errorf("counted %d and %d changes, want %v", out.Stats.Untrusted, out.Stats.Trusted, changes)
			}
			if ok, reason := c.Trust(btc); ok != before || reason != tc.reason {
				t.Errorf("Trust says %t %q, want %t %q", ok, reason, before, tc.reason)
			}
			if n := c.UntrustedCount(); (n == 0) != before {
				t.Errorf("%d are not trusted", n)
			}
		})
	}
}

func TestDistrust(t *testing.T) {
	c := New(withFeatures(t, "book_bid_depth"))
	c.Step(batch(at(0), bookEvent(origin(btc, 0), true, levels("10", "1"), levels("11", "1"))))
	if n := c.Distrust("queue dropped batches"); n != 1 {
		t.Errorf("%d books, want 1", n)
	}
	out := c.Step(batch(at(1), bookEvent(origin(btc, 1), false, levels("9", "1"), nil)))
	row := out.Views.Row(0)
	if row.Trusted || !row.Bid.IsZero() || !math.IsNaN(row.Value(0)) || len(out.Resync) != 0 {
		t.Errorf("trusted %t bid %v depth %v resync %v: the caller asks for snapshots", row.Trusted, row.Bid, row.Value(0), out.Resync)
	}
	out = c.Step(batch(at(2), bookEvent(origin(btc, 2), true, levels("9", "3"), levels("11", "1"))))
	if row := out.Views.Row(0); !row.Trusted || row.Value(0) != 3 {
		t.Errorf("after a snapshot: trusted %t depth %v", row.Trusted, row.Value(0))
	}
}

// TestRows holds quotes and features to what each event says, in one batch.
func TestRows(t *testing.T) {
	names := []string{"price", "last", "bid", "ask", "mid", "spread", "spread_bps", "bid_quantity", "ask_quantity", "imbalance",
		"open", "high", "low", "prev_close", "volume_24h", "change_rate", "book_bid_depth", "book_ask_depth"}
	nan := math.NaN()
	bps := func(spread, mid float64) float64 { return spread / mid * 10_000 } // not as a constant, which is exact
	ticker := must(message.NewTicker(message.TickerFields{Origin: origin(btc, 0), Has: message.HasTrade | message.HasHigh | message.HasChangeRate,
		Trade: market.MustPrice("9"), High: market.MustPrice("12"), Low: market.MustPrice("1"), ChangeRate: market.MustDecimal("-0.25"), ChangeBase: message.FromOpen24h}))
	full := must(message.NewTicker(message.TickerFields{Origin: origin(btc, 0),
		Has:     message.HasTrade | message.HasOpening | message.HasLow | message.HasPrevClosing | message.HasVolume24h,
		Opening: market.MustPrice("8"), Low: market.MustPrice("7"), PrevClosing: market.MustPrice("6"), Volume24h: market.MustQuantity("1000"), Trade: market.MustPrice("99")}))
	deep := bookEvent(origin(btc, 0), true,
		levels("0.7", "1", "0.6", "1", "0.5", "1", "0.4", "1", "0.3", "1", "0.2", "1", "0.1", "1", "0.09", "1", "0.08", "1", "0.07", "1", "0.06", "100"),
		levels("1", "3", "2", "4"))
	rows := []struct {
		event message.Event
		want  []float64
	}{
		{ticker, []float64{9, 9, nan, nan, nan, nan, nan, nan, nan, nan, nan, 12, nan, nan, nan, -0.25, nan, nan}},
		{bbo(origin(btc, 0), "9.8", "3", "10.1", "1"), []float64{9, 9, 9.8, 10.1, 9.95, 0.3, bps(0.3, 9.95), 3, 1, 0.5, nan, 12, nan, nan, nan, -0.25, nan, nan}},
		{trade(origin(btc, 0), "10", "1"), []float64{10, 10, 9.8, 10.1, 9.95, 0.3, bps(0.3, 9.95), 3, 1, 0.5, nan, 12, nan, nan, nan, -0.25, nan, nan}},
		{full, []float64{10, 10, 9.8, 10.1, 9.95, 0.3, bps(0.3, 9.95), 3, 1, 0.5, 8, nan, 7, 6, 1000, nan, nan, nan}},
		{deep, []float64{10, 10, 0.7, 1, 0.85, 0.3, bps(0.3, 0.85), 1, 3, -0.5, 8, nan, 7, 6, 1000, nan, 10, 7}},
		{bbo(origin(btc, 0), "0", "0", "5", "0"), []float64{10, 10, nan, 5, nan, nan, nan, nan, 0, nan, 8, nan, 7, 6, 1000, nan, 10, 7}},
	}
	c := New(withFeatures(t, names...))
	var events []message.Event
	for _, r := range rows {
		events = append(events, r.event)
	}
	notice := must(message.NewNotice(message.NoticeFields{Venue: "sim", Type: message.NoticeHeartbeat}))
	out := c.Step(batch(at(0), append(events, notice)...))
	if out.Views.Len() != len(rows) || out.Stats.Notices != 1 {
		t.Fatalf("%d rows and %d notices, want %d and 1", out.Views.Len(), out.Stats.Notices, len(rows))
	}
	for i, r := range rows {
		for k, name := range names {
			got := out.Views.Row(i).Value(k)
			if got != r.want[k] && !(math.IsNaN(got) && math.IsNaN(r.want[k])) {
				t.Errorf("row %d: %s is %v, want %v", i, name, got, r.want[k])
			}
		}
	}
	q := out.Views.Row(2).Quote
	if want := (message.Quote{Bid: market.MustPrice("9.8"), Ask: market.MustPrice("10.1"), Last: market.MustPrice("10"),
		BidQuantity: market.MustQuantity("3"), AskQuantity: market.MustQuantity("1")}); q != want {
		t.Errorf("quote %+v, want %+v", q, want)
	}
}

func TestMidServesAsPriceWithoutTrades(t *testing.T) {
	c := New(withFeatures(t, "price"))
	if row := c.Step(batch(at(0), bbo(origin(btc, 0), "1", "1", "2", "1"))).Views.Row(0); row.Value(0) != 1.5 {
		t.Errorf("price %v, want 1.5", row.Value(0))
	}
}

func TestBounds(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Instruments = 2
	c := New(cfg)
	var events []message.Event
	for i := range 4 {
		events = append(events, bbo(origin(market.MustInstrument("sim", fmt.Sprintf("C%d-KRW", i)), 0), "1", "1", "2", "1"))
	}
	out := c.Step(batch(at(0), events...))
	if out.Stats.Refused != 2 || out.Views.Len() != 2 || len(c.Instruments()) != 2 || out.Stats.Instruments != 2 {
		t.Errorf("%+v, %d rows, %v", out.Stats, out.Views.Len(), c.Instruments())
	}
	elsewhere := must(message.NewBatch(message.BatchFields{Source: "sim", Partition: 3, Seq: 7, Credit: true}, events[:2]))
	out = c.Step(elsewhere)
	if f := out.Views.Fields(); out.Stats.Refused != 2 || out.Views.Len() != 0 || f.Seq != 7 || !f.Credit {
		t.Errorf("a batch for another partition: %+v %+v", out.Stats, f)
	}
	for i := range sourcesMax + 5 {
		out = c.Step(must(message.NewBatch(message.BatchFields{Source: fmt.Sprint("s", i)}, events[:1])))
	}
	if out.Stats.Refused != 1 || len(c.sources) != sourcesMax {
		t.Errorf("%d sources, %+v", len(c.sources), out.Stats)
	}
}

func TestReadersKnowNothingOfStrangers(t *testing.T) {
	c := New(DefaultConfig())
	_, view := c.View(btc)
	_, _, book := c.Book(btc, 1)
	_, ticker := c.Ticker(btc)
	_, bar := c.OpenBar(btc, time.Minute)
	trusted, _ := c.Trust(btc)
	if view || book || ticker || bar || trusted || c.Trades(btc) != nil {
		t.Error("a reader made something up")
	}
	c.Step(batch(at(0), trade(origin(btc, 0), "1", "1")))
	if _, ok := c.OpenBar(btc, 7*time.Second); ok {
		t.Error("a bar of an interval that is not configured")
	}
}

func TestRecentTradesAreBounded(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Trades = 5
	c := New(cfg)
	for i := range 13 {
		c.Step(batch(at(0), trade(origin(btc, time.Duration(i)), fmt.Sprint(i+1), "1")))
		list := c.Trades(btc)
		if len(list) != min(i+1, 5) {
			t.Fatalf("%d trades after %d", len(list), i+1)
		}
		for k, tr := range list {
			if want := market.DecimalFromInt(int64(i + 1 - k)); tr.Price.Decimal != want {
				t.Fatalf("trade %d of %v: want %v", k, list, want)
			}
		}
	}
}

// noise makes a batch of anything at all: kinds, times and prices of every size.
func noise(r *rand.Rand, names []market.Instrument, wild bool) message.Batch {
	var events []message.Event
	time1 := func() market.Timestamp {
		if wild {
			switch r.IntN(16) {
			case 0, 1, 2, 3:
				return market.Timestamp(r.Uint64())
			case 4, 5, 6:
				return 0
			}
		}
		return at(time.Duration(r.Int64N(int64(time.Hour))))
	}
	price := func() market.Price {
		if wild && r.IntN(3) == 0 {
			return market.Price{Decimal: market.DecimalFromRaw(int64(r.Uint64()), r.Uint64())}
		}
		return market.Price{Decimal: market.DecimalFromInt(int64(1 + r.IntN(20)))}
	}
	quantity := func() market.Quantity { return market.Quantity{Decimal: price().Decimal} }
	some := func() (l []message.Level) {
		for range r.IntN(5) {
			l = append(l, message.Level{Price: price(), Quantity: quantity()})
		}
		return l
	}
	for range r.IntN(20) {
		o := message.Origin{Instrument: names[r.IntN(len(names))], VenueTime: time1(), Received: time1()}
		switch r.IntN(6) {
		case 0:
			events = append(events, must(message.NewTrade(message.TradeFields{Origin: o, Price: price(), Quantity: quantity()})))
		case 1:
			events = append(events, must(message.NewBBO(message.BBOFields{Origin: o, Bid: price(), Ask: price(), BidQuantity: quantity(), AskQuantity: quantity()})))
		case 2, 3:
			events = append(events, bookEvent(o, r.IntN(3) == 0, some(), some()))
		case 4:
			events = append(events, must(message.NewTicker(message.TickerFields{Origin: o, Has: message.TickerField(r.Uint32()), Trade: price(), ChangeRate: price().Decimal})))
		case 5:
			events = append(events, status(o, r.IntN(2) == 0, "noise"))
		}
	}
	return must(message.NewBatch(message.BatchFields{Source: fmt.Sprint("s", r.IntN(3)), Time: time1()}, events))
}

func manyFeatures(t testing.TB) Config {
	var names []string
	for _, f := range plainFeatures {
		names = append(names, f.name)
	}
	for _, f := range windowFeatures {
		names = append(names, f.name+"_1m", f.name+"_10s")
	}
	for _, f := range barFeatures {
		names = append(names, f.name+"_bar_1s", f.name+"_bar_1h")
	}
	return withFeatures(t, names...)
}

// TestSameBatchesSameResult: two cores that are told the same say the same, however often one of
// them is read in between.
func TestSameBatchesSameResult(t *testing.T) {
	names := benchNames(7)
	for seed := range uint64(20) {
		a, b := New(manyFeatures(t)), New(manyFeatures(t))
		ra, rb := rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 0))
		for step := range 100 {
			outA, outB := a.Step(noise(ra, names, false)), b.Step(noise(rb, names, false))
			if outA.Stats != outB.Stats || !slices.Equal(outA.Bars, outB.Bars) || !slices.Equal(outA.Resync, outB.Resync) || !sameViews(outA.Views, outB.Views) {
				t.Fatalf("seed %d step %d: the results differ", seed, step)
			}
			for _, i := range names {
				b.View(i)
				b.Book(i, 3)
				b.OpenBar(i, time.Second)
			}
		}
	}
}

func sameViews(a, b message.Views) bool {
	if a.Fields() != b.Fields() || a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		x, y := a.Row(i), b.Row(i)
		if x.Origin != y.Origin || x.Quote != y.Quote || x.Trusted != y.Trusted || x.Ready != y.Ready || x.Width() != y.Width() {
			return false
		}
		for k := range x.Width() {
			if math.Float64bits(x.Value(k)) != math.Float64bits(y.Value(k)) {
				return false
			}
		}
	}
	return true
}

// TestCachedRowsAreRight computes every row anew from what the core holds: what is kept from
// event to event may not be out of date.
func TestCachedRowsAreRight(t *testing.T) {
	names := benchNames(3)
	r := rand.New(rand.NewPCG(9, 9))
	cfg := manyFeatures(t)
	cfg.Partial = true
	c := New(cfg)
	for step := range 2000 {
		b := noise(r, names, false)
		out := c.Step(b)
		last := map[market.Instrument]message.View{}
		for row := range out.Views.Rows() {
			last[row.Instrument] = row
		}
		for i, row := range last {
			in := *c.find(i)
			in.row = make([]float64, row.Width())
			for k := range in.row {
				in.row[k] = math.NaN()
			}
			in.fillQuotes(&c.plan)
			if in.ticker != nil {
				in.fillTicker(&c.plan)
			}
			in.fillWindows(&c.plan)
			for k, f := range cfg.Features {
				if f.bar != 0 || f.kind == featureBookBidDepth || f.kind == featureBookAskDepth {
					continue // set where they change, and nowhere else
				}
				if math.Float64bits(in.row[k]) != math.Float64bits(row.Value(k)) && !(math.IsNaN(in.row[k]) && math.IsNaN(row.Value(k))) {
					t.Fatalf("step %d: %v of %v is %v, computed anew %v", step, f, i, row.Value(k), in.row[k])
				}
			}
		}
	}
}

// TestAnythingGoes: no times, prices or order of events make the core panic or grow beyond its
// bounds.
func TestAnythingGoes(t *testing.T) {
	names := benchNames(5)
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 11))
		cfg := manyFeatures(t)
		cfg.BookLevels, cfg.Trades, cfg.Instruments = 4, 3, 4
		c := New(cfg)
		for range 200 {
			c.Step(noise(r, names, true))
			for _, i := range names {
				c.View(i)
				bids, asks, _ := c.Book(i, 0)
				if len(bids) > 4 || len(asks) > 4 || len(c.Trades(i)) > 3 {
					t.Fatalf("seed %d: %d bids, %d asks, %d trades", seed, len(bids), len(asks), len(c.Trades(i)))
				}
			}
		}
	}
}

// TestStepAllocatesTwice: the rows and their values, and nothing for an event.
func TestStepAllocatesTwice(t *testing.T) {
	batches := benchBatches(50, 100, time.Millisecond)
	c := New(withFeatures(t, benchFeatures...))
	for range 50 {
		for _, b := range batches {
			c.Step(b)
		}
	}
	i := 0
	n := testing.AllocsPerRun(200, func() {
		c.Step(batches[i%len(batches)])
		i++
	})
	if n > 2 {
		t.Errorf("%v allocations a batch, want 2", n)
	}
}

// TestOutSharesNothingWithTheCore: rows of an earlier batch stay as they were.
func TestOutSharesNothingWithTheCore(t *testing.T) {
	c := New(withFeatures(t, "last"))
	first := c.Step(batch(at(0), trade(origin(btc, 0), "1", "1"))).Views
	c.Step(batch(at(1), trade(origin(btc, 1), "2", "1")))
	if first.Row(0).Value(0) != 1 || !reflect.DeepEqual(first.Row(0).Last, market.MustPrice("1")) {
		t.Errorf("the first row became %v", first.Row(0))
	}
}

// TestQuantityZeroIsKnown: a side that comes up with quantity zero has one, and an empty side has
// none.
func TestQuantityZeroIsKnown(t *testing.T) {
	c := New(withFeatures(t, "bid_quantity", "ask_quantity"))
	row := c.Step(batch(at(0), bbo(origin(btc, 0), "10", "0", "0", "0"))).Views.Row(0)
	if row.Value(0) != 0 || !math.IsNaN(row.Value(1)) {
		t.Errorf("bid %v ask %v, want 0 and NaN", row.Value(0), row.Value(1))
	}
}
