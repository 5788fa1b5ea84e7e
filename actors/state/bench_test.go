package state

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

const benchInstruments = 5_000

// benchFeatures are eight figures over five windows.
var benchFeatures = []string{"price", "spread_bps", "imbalance", "min_1m", "max_5m", "mean_15m", "volume_1h", "change_1d"}

func benchNames(n int) []market.Instrument {
	out := make([]market.Instrument, n)
	for i := range out {
		out[i] = market.MustInstrument("sim", fmt.Sprintf("C%04d-KRW", i))
	}
	return out
}

// benchBatches returns decoded batches of 64: three BBO to a trade, gap of message time between
// events.
func benchBatches(n, instruments int, gap time.Duration) []message.Batch {
	r := rand.New(rand.NewPCG(1, 2))
	names := benchNames(instruments)
	batches := make([]message.Batch, n)
	t := epoch
	for i := range batches {
		events := make([]message.Event, 64)
		for k := range events {
			t = t.Add(gap)
			in := names[r.IntN(len(names))]
			o := message.Origin{Instrument: in, VenueTime: t, Received: t}
			price := 10_000 + int64(r.IntN(2_000))
			bid := market.Price{Decimal: must(market.NewDecimal(price, -2))}
			ask := market.Price{Decimal: must(market.NewDecimal(price+1+int64(r.IntN(3)), -2))}
			quantity := market.Quantity{Decimal: must(market.NewDecimal(1+int64(r.IntN(100_000)), -4))}
			if k%4 == 0 {
				events[k] = must(message.NewTrade(message.TradeFields{Origin: o, Price: bid, Quantity: quantity, Taker: market.Buy}))
			} else {
				events[k] = must(message.NewBBO(message.BBOFields{Origin: o, Bid: bid, Ask: ask, BidQuantity: quantity, AskQuantity: quantity}))
			}
		}
		batches[i] = must(message.NewBatch(message.BatchFields{Source: "sim", Seq: uint64(i + 1), Time: t}, events))
	}
	return batches
}

// BenchmarkStep reports the cost of an event with 5,000 instruments, five windows and eight
// features. The events are made beforehand; a pass over them that goes back in time restarts.
func BenchmarkStep(b *testing.B) {
	for _, gap := range []time.Duration{time.Microsecond, 20 * time.Microsecond} {
		b.Run(fmt.Sprintf("%dk_events_a_second", time.Second/gap/1000), func(b *testing.B) {
			const warm, n = 2_000, 6_000
			batches := benchBatches(n, benchInstruments, gap)
			cfg := withFeatures(b, benchFeatures...)
			var core *Core
			next := n
			b.ReportAllocs()
			for b.Loop() {
				if next == n {
					b.StopTimer()
					core = New(cfg)
					for _, x := range batches[:warm] { // every instrument known
						core.Step(x)
					}
					next = warm
					b.StartTimer()
				}
				if out := core.Step(batches[next]); out.Stats.Rows != 64 {
					b.Fatalf("%d rows of 64", out.Stats.Rows)
				}
				next++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/event")
		})
	}
}

// BenchmarkStepSteady goes over the same batches again on a core whose rings are all grown: what
// it allocates is what a batch costs, its rows and their values.
//
// With 50 instruments everything stays in the processor's caches; the difference to 5,000 is the
// price of memory.
func BenchmarkStepSteady(b *testing.B) {
	for _, n := range []int{50, benchInstruments} {
		b.Run(fmt.Sprintf("%d_instruments", n), func(b *testing.B) {
			batches := benchBatches(500, n, 20*time.Microsecond)
			core := New(withFeatures(b, benchFeatures...))
			for range 40 {
				for _, x := range batches {
					core.Step(x)
				}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				core.Step(batches[i%len(batches)])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/event")
		})
	}
}

func BenchmarkBookUpdate(b *testing.B) {
	cfg := withFeatures(b, benchFeatures...)
	core := New(cfg)
	var bids, asks []message.Level
	for i := range 1000 {
		bids = append(bids, message.Level{Price: market.Price{Decimal: market.DecimalFromInt(int64(10_000 - i))}, Quantity: market.MustQuantity("1")})
		asks = append(asks, message.Level{Price: market.Price{Decimal: market.DecimalFromInt(int64(10_001 + i))}, Quantity: market.MustQuantity("1")})
	}
	core.Step(batch(at(0), bookEvent(origin(btc, 0), true, bids, asks)))
	put := batch(at(0), bookEvent(origin(btc, 0), false, bids[3:6], asks[2:8]))
	drop := batch(at(0), bookEvent(origin(btc, 0), false, levels("9997", "0"), levels("10004", "0")))
	b.ReportAllocs()
	for b.Loop() {
		core.Step(put)
		core.Step(drop)
	}
}

// fill brings n instruments to where they hold the most: 20 levels a side, every bucket of every
// window, every recent trade.
func fill(cfg Config, n int) *Core {
	core := New(cfg)
	var bids, asks []message.Level
	for i := range 20 {
		bids = append(bids, message.Level{Price: market.Price{Decimal: market.DecimalFromInt(int64(1000 - i))}, Quantity: market.MustQuantity("1")})
		asks = append(asks, message.Level{Price: market.Price{Decimal: market.DecimalFromInt(int64(1001 + i))}, Quantity: market.MustQuantity("1")})
	}
	for _, i := range benchNames(n) {
		core.Step(batch(at(0), bookEvent(origin(i, 0), true, bids, asks)))
		// Trades a bucket apart for each window, the longest first, so that every ring is at its
		// largest in the end.
		d := 48 * time.Hour
		var events []message.Event
		for _, w := range slices.Backward(slices.Sorted(slices.Values(cfg.Windows))) {
			for range cfg.Buckets + 5 {
				d += w / time.Duration(cfg.Buckets)
				events = append(events, trade(origin(i, d), "1000", "1"))
			}
		}
		core.Step(batch(at(d), events...))
	}
	return core
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestMemory holds 5,000 instruments with 20-level books and five windows to 45 MB of live heap.
func TestMemory(t *testing.T) {
	every := []string{"mean", "min", "max", "volume", "vwap", "change", "count"}
	var all []string
	for _, w := range []string{"1m", "5m", "15m", "1h", "1d"} {
		for _, e := range every {
			all = append(all, e+"_"+w)
		}
	}
	for _, tc := range []struct {
		name     string
		features []string
		max      float64 // MB
	}{
		{"eight features over five windows", benchFeatures, 45},
		{"all 35 features of five windows", all, 80},
	} {
		cfg := withFeatures(t, tc.features...)
		before := liveHeap()
		core := fill(cfg, benchInstruments)
		full := fullRings(core)
		mb := (float64(liveHeap()) - float64(before)) / 1e6
		t.Logf("%s: %.1f MB live heap for %d instruments, %d of %d window rings full", tc.name, mb, benchInstruments, full, benchInstruments*5)
		if full != benchInstruments*5 {
			t.Errorf("%s: only %d of %d rings were filled", tc.name, full, benchInstruments*5)
		}
		if mb > tc.max {
			t.Errorf("%s: %.1f MB, want at most %.0f", tc.name, mb, tc.max)
		}
		runtime.KeepAlive(core)
	}
}

// fullRings counts the windows whose ring has grown to its largest.
func fullRings(c *Core) int {
	n := 0
	for _, in := range c.instruments {
		for _, w := range in.windows {
			if len(w.slots) == c.cfg.Buckets-1 {
				n++
			}
		}
	}
	return n
}
