package state

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// TestBarsAgainstGrouping feeds trades whose venue times jitter, and groups them naively: a trade
// of a bar before the newest one is late, the others make the bars.
func TestBarsAgainstGrouping(t *testing.T) {
	names := []market.Instrument{btc, market.MustInstrument("sim", "ETH-KRW"), market.MustInstrument("sim", "XRP-KRW")}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		skew := []time.Duration{0, 1300 * time.Millisecond, -1300 * time.Millisecond, -time.Hour}[seed%4] // venue ahead of us
		cfg := DefaultConfig()
		c := New(cfg)
		want, lateTrades := map[market.Instrument]map[time.Duration][]message.BarFields{}, uint64(0)
		for _, n := range names {
			want[n] = map[time.Duration][]message.BarFields{}
		}
		var got []message.Bar
		var late uint64
		now := 10 * time.Hour
		for range 400 {
			var events []message.Event
			for range 1 + r.IntN(5) {
				now += time.Duration(r.Int64N(int64(2 * time.Second)))
				if r.IntN(60) == 0 {
					now += 20 * time.Minute
				}
				in := names[r.IntN(len(names))]
				venue := now + skew - time.Duration(r.Int64N(int64(600*time.Millisecond)))
				tr := must(message.NewTrade(message.TradeFields{
					Origin: message.Origin{Instrument: in, VenueTime: at(venue), Received: at(now)},
					Price:  market.Price{Decimal: must(market.NewDecimal(1+r.Int64N(1_000_000), -3))}, Quantity: market.Quantity{Decimal: must(market.NewDecimal(r.Int64N(1_000_000), -8))},
				}))
				events = append(events, tr)
				if group(want[in], cfg.Bars, tr.Fields()) {
					lateTrades++
				}
			}
			out := c.Step(batch(at(now), events...))
			got = append(got, out.Bars...)
			late += out.Stats.LateTrades
		}
		if late != lateTrades {
			t.Errorf("seed %d: %d late trades, want %d", seed, late, lateTrades)
		}
		// A day later everything has closed.
		got = append(got, c.Step(batch(at(now+49*time.Hour))).Bars...)
		for _, n := range names {
			for _, interval := range cfg.Bars {
				var have []message.BarFields
				for _, b := range got {
					if f := b.Fields(); f.Instrument == n && f.Interval == interval {
						have = append(have, f)
					}
				}
				if !slices.Equal(have, want[n][interval]) {
					t.Fatalf("seed %d skew %v: %v bars of %v: %d, want %d, or they differ:\n%v\n%v", seed, skew, n, interval, len(have), len(want[n][interval]), have, want[n][interval])
				}
				if _, open := c.OpenBar(n, interval); open {
					t.Errorf("seed %d: %v %v is still open", seed, n, interval)
				}
			}
		}
	}
}

// group adds a trade to the naive bars and reports whether it is late for one of them.
func group(bars map[time.Duration][]message.BarFields, intervals []time.Duration, f message.TradeFields) (late bool) {
	turnover := must(f.Price.MulRound(f.Quantity.Decimal))
	for _, interval := range intervals {
		start := f.VenueTime.Truncate(interval)
		list := bars[interval]
		if n := len(list); n > 0 && start < list[n-1].Start {
			late = true
			continue
		} else if n == 0 || start > list[n-1].Start {
			list = append(list, message.BarFields{Interval: interval, Start: start, Open: f.Price, High: f.Price, Low: f.Price, Closed: true})
		}
		b := &list[len(list)-1]
		b.Origin, b.Close = f.Origin, f.Price
		b.High, b.Low = market.Price{Decimal: b.High.Max(f.Price.Decimal)}, market.Price{Decimal: b.Low.Min(f.Price.Decimal)}
		b.Volume = market.Quantity{Decimal: must(b.Volume.Add(f.Quantity.Decimal))}
		b.Turnover = market.Amount{Decimal: must(b.Turnover.Add(turnover))}
		b.Trades++
		bars[interval] = list
	}
	return late
}

// minuteBars is a core that makes bars of a minute and shows the close of the last one.
func minuteBars(t *testing.T) *Core {
	cfg := DefaultConfig()
	cfg.Bars, cfg.Features = []time.Duration{time.Minute}, features(t, "close_bar_1m", "volume_bar_1m")
	return New(cfg)
}

func TestBarClosesWhenTimeHasPassed(t *testing.T) {
	c := minuteBars(t)
	c.Step(batch(at(59*time.Second), trade(origin(btc, 59*time.Second), "7", "2")))
	if open, ok := c.OpenBar(btc, time.Minute); !ok || open.Fields().Closed || open.Fields().Trades != 1 {
		t.Fatalf("open bar %v %t", open, ok)
	}
	if out := c.Step(batch(at(62*time.Second - 1))); len(out.Bars) != 0 {
		t.Fatalf("closed before end and Late: %v", out.Bars)
	}
	out := c.Step(batch(at(62 * time.Second)))
	if len(out.Bars) != 1 || !out.Bars[0].Fields().Closed || out.Stats.BarsClosed != 1 {
		t.Fatalf("at end and Late: %v", out.Bars)
	}
	// What comes now for that minute is late, and the bar stays as it was sent.
	late := message.Origin{Instrument: btc, VenueTime: at(59 * time.Second), Received: at(62 * time.Second)}
	out = c.Step(batch(at(62*time.Second), trade(late, "9", "1")))
	if out.Stats.LateTrades != 1 || len(out.Bars) != 0 {
		t.Fatalf("late trade: %+v %v", out.Stats, out.Bars)
	}
	row, _ := c.View(btc)
	if row.Value(0) != 7 || row.Value(1) != 2 {
		t.Errorf("close and volume of the last bar %v %v, want 7 2", row.Value(0), row.Value(1))
	}
	if len(c.Step(batch(at(time.Hour))).Bars) != 0 {
		t.Error("a minute without trades made a bar")
	}
}

// TestBatchingChangesNoBar: the same events one a batch, in twos, sevens, and all in one batch.
// Quotes between the trades move time past the ends of bars.
func TestBatchingChangesNoBar(t *testing.T) {
	var events []message.Event
	r := rand.New(rand.NewPCG(5, 5))
	now := time.Duration(0)
	for range 300 {
		now += time.Duration(r.Int64N(int64(3 * time.Second)))
		o := message.Origin{Instrument: btc, VenueTime: at(now - time.Duration(r.Int64N(int64(4*time.Second)))), Received: at(now)}
		events = append(events, trade(o, "5", "1"))
		if r.IntN(2) == 0 {
			now += time.Duration(r.Int64N(int64(3 * time.Second)))
			events = append(events, bbo(origin(btc, now), "4", "1", "6", "1"))
		}
	}
	run := func(size int) (bars []message.Bar, late uint64) {
		c := New(DefaultConfig())
		for part := range slices.Chunk(events, size) {
			out := c.Step(batch(part[len(part)-1].Origin().Received, part...))
			bars, late = append(bars, out.Bars...), late+out.Stats.LateTrades
		}
		// Within a batch bars are sorted by interval.
		slices.SortStableFunc(bars, func(a, b message.Bar) int { return int(a.Fields().Interval - b.Fields().Interval) })
		return bars, late
	}
	want, wantLate := run(1)
	if wantLate == 0 || len(want) == 0 {
		t.Fatal("the test has no late trades or no bars")
	}
	for _, size := range []int{2, 7, 300} {
		if got, late := run(size); !slices.Equal(got, want) || late != wantLate {
			t.Errorf("batches of %d: %d bars and %d late, want %d and %d", size, len(got), late, len(want), wantLate)
		}
	}
}

// TestVenueClockBehind: where the venue's clock is 5 s behind ours, bars still get all of their
// trades.
func TestVenueClockBehind(t *testing.T) {
	c := minuteBars(t)
	var late, closed uint64
	for s := range 600 {
		d := time.Duration(s) * time.Second
		o := message.Origin{Instrument: btc, VenueTime: at(d), Received: at(d + 5*time.Second)}
		out := c.Step(batch(at(d+5*time.Second), trade(o, "5", "1")))
		late, closed = late+out.Stats.LateTrades, closed+out.Stats.BarsClosed
		for _, b := range out.Bars {
			if b.Fields().Trades != 60 {
				t.Fatalf("%v has %d trades, want 60", b, b.Fields().Trades)
			}
		}
	}
	if late != 0 || closed != 9 {
		t.Errorf("%d late, %d closed, want 0 and 9", late, closed)
	}
}

func TestVenueTimeFarAheadIsNotBelieved(t *testing.T) {
	c := minuteBars(t)
	mad := message.Origin{Instrument: btc, VenueTime: at(24 * 365 * time.Hour), Received: at(0)}
	out := c.Step(batch(at(0), trade(mad, "5", "1")))
	if out.Stats.BadTimes != 1 {
		t.Errorf("%+v", out.Stats)
	}
	out = c.Step(batch(at(time.Second), trade(origin(btc, time.Second), "6", "1")))
	if out.Stats.LateTrades != 0 {
		t.Error("an honest trade is late")
	}
	if b, ok := c.OpenBar(btc, time.Minute); !ok || b.Fields().Trades != 2 {
		t.Errorf("open bar %v", b)
	}
	if tr := c.Trades(btc); len(tr) != 2 || tr[0].Time != at(time.Second) || tr[1].Time != at(0) {
		t.Errorf("recent trades %v", tr)
	}
}

// TestVenueTimeAloneIsCheckedToo: without a time of ours the batch's says what is far ahead, or
// one mad frame would stop the instrument's windows for good.
func TestVenueTimeAloneIsCheckedToo(t *testing.T) {
	c := New(withFeatures(t, "count_10s"))
	mad := message.Origin{Instrument: btc, VenueTime: at(24 * 365 * time.Hour)}
	c.Step(batch(at(0), trade(mad, "5", "1")))
	for s := 1; s <= 30; s++ {
		c.Step(batch(at(time.Duration(s)*time.Second), trade(origin(btc, time.Duration(s)*time.Second), "5", "1")))
	}
	if row, _ := c.View(btc); row.Value(0) != 10 {
		t.Errorf("%v trades in ten seconds of one a second, want 10", row.Value(0))
	}
}

func TestBarSumsStopAtTheGreatest(t *testing.T) {
	c := minuteBars(t)
	const most = "170141183460469231731"
	var overflows uint64
	for range 3 {
		out := c.Step(batch(at(0), trade(origin(btc, 0), most, most)))
		overflows += out.Stats.Overflows
	}
	b, ok := c.OpenBar(btc, time.Minute)
	f := b.Fields()
	if !ok || f.Volume.Decimal != decimalMax || f.Turnover.Decimal != decimalMax || f.Trades != 3 {
		t.Errorf("bar %v turnover %v", b, f.Turnover)
	}
	// Each turnover is too large, two of its sums and two of the volume's are.
	if overflows != 3+2+2 {
		t.Errorf("%d overflows, want 7", overflows)
	}
}

func TestSourcesCloseTheirOwnBars(t *testing.T) {
	c := minuteBars(t)
	other := market.MustInstrument("slow", "BTC-KRW")
	from := func(source string, d time.Duration, e ...message.Event) Out {
		return c.Step(must(message.NewBatch(message.BatchFields{Source: source, Time: at(d)}, e)))
	}
	from("fast", 0, trade(origin(btc, 0), "5", "1"))
	from("slow", 0, trade(origin(other, 0), "5", "1"))
	if out := from("fast", time.Hour); len(out.Bars) != 1 || out.Bars[0].Fields().Instrument != btc {
		t.Errorf("fast closed %v", out.Bars)
	}
	if out := from("slow", time.Hour); len(out.Bars) != 1 || out.Bars[0].Fields().Instrument != other {
		t.Errorf("slow closed %v", out.Bars)
	}
}

// TestTimeClosesWithinABatch: what is late does not depend on whether a quote that moved time
// came in a batch of its own.
func TestTimeClosesWithinABatch(t *testing.T) {
	delayed := message.Origin{Instrument: btc, VenueTime: at(59 * time.Second), Received: at(64 * time.Second)}
	events := []message.Event{
		trade(origin(btc, 58*time.Second), "5", "1"),
		bbo(origin(btc, 63*time.Second), "4", "1", "6", "1"),
		trade(delayed, "7", "1"),
	}
	together := minuteBars(t).Step(batch(at(64*time.Second), events...))
	c := minuteBars(t)
	var bars []message.Bar
	var late uint64
	for _, e := range events {
		out := c.Step(batch(e.Origin().Received, e))
		bars, late = append(bars, out.Bars...), late+out.Stats.LateTrades
	}
	if late != 1 || together.Stats.LateTrades != 1 || len(bars) != 1 || !slices.Equal(bars, together.Bars) {
		t.Errorf("one by one %d late and %v, together %d late and %v", late, bars, together.Stats.LateTrades, together.Bars)
	}
}
