package state

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/message"
)

// seen is a trade as the naive model keeps it.
type seen struct {
	at              time.Duration
	price, quantity float64
}

// naive computes a window feature from all trades there ever were: those whose bucket is the one
// of now or one of the buckets-1 before it.
func naive(stat string, trades []seen, period time.Duration, buckets int, now time.Duration) float64 {
	width := (period + time.Duration(buckets) - 1) / time.Duration(buckets)
	bucket := func(d time.Duration) int64 { return int64(at(d)) / int64(width) }
	var in []seen
	for _, tr := range trades {
		if bucket(now)-bucket(tr.at) < int64(buckets) {
			in = append(in, tr)
		}
	}
	var sum, volume, turnover float64
	low, high := math.Inf(1), math.Inf(-1)
	for _, tr := range in {
		sum += tr.price
		volume += tr.quantity
		turnover += float64(tr.price * tr.quantity)
		low, high = min(low, tr.price), max(high, tr.price)
	}
	switch {
	case stat == "count":
		return float64(len(in))
	case stat == "volume":
		return volume
	case len(in) == 0:
		return math.NaN()
	}
	switch stat {
	case "mean":
		return sum / float64(len(in))
	case "min":
		return low
	case "max":
		return high
	case "vwap":
		if volume == 0 {
			return math.NaN()
		}
		return turnover / volume
	case "change":
		return in[len(in)-1].price/in[0].price - 1
	}
	panic(stat)
}

var windowStats = []string{"mean", "min", "max", "volume", "vwap", "change", "count"}

func TestWindowsAgainstAllTrades(t *testing.T) {
	periods := []time.Duration{time.Second, 7 * time.Second, time.Minute, 5 * time.Minute}
	var names []string
	for _, p := range periods {
		for _, s := range windowStats {
			names = append(names, s+"_"+PeriodName(p))
		}
	}
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 7))
		cfg := withFeatures(t, names...)
		cfg.Buckets = []int{2, 3, 30, 60}[seed%4]
		cfg.Partial = seed%3 == 0
		c := New(cfg)
		var trades []seen
		now := time.Duration(r.IntN(1_000_000))
		var first time.Duration
		for step := range 600 {
			switch r.IntN(20) {
			case 0:
				now += time.Duration(r.Int64N(int64(30 * time.Second)))
			case 1:
				if r.IntN(10) == 0 {
					now += time.Duration(r.Int64N(int64(10 * time.Minute))) // all gone
				}
			default:
				now += time.Duration(r.Int64N(int64(400 * time.Millisecond)))
			}
			if step == 0 {
				first = now
			}
			var e message.Event
			if r.IntN(3) > 0 {
				price, quantity := fmt.Sprintf("%d.%02d", 1+r.IntN(200), r.IntN(100)), fmt.Sprintf("%d.%d", r.IntN(3), r.IntN(10))
				e = trade(origin(btc, now), price, quantity)
				f := e.(message.Trade).Fields()
				trades = append(trades, seen{now, f.Price.Float64(), f.Quantity.Float64()})
			} else {
				e = bbo(origin(btc, now), "1", "1", "2", "1")
			}
			row := c.Step(batch(at(now), e)).Views.Row(0)
			for i, p := range periods {
				for k, s := range windowStats {
					got := row.Value(i*len(windowStats) + k)
					want := naive(s, trades, p, cfg.Buckets, now)
					if !cfg.Partial && now-first < p {
						want = math.NaN()
					}
					if !close9(got, want, s) {
						t.Fatalf("seed %d step %d: %s_%s = %v, want %v", seed, step, s, PeriodName(p), got, want)
					}
				}
			}
			if want := now-first >= 5*time.Minute; row.Ready != want {
				t.Fatalf("seed %d step %d: ready %t after %v", seed, step, row.Ready, now-first)
			}
		}
	}
}

// close9 compares to nine digits where sums were added in another order, exactly elsewhere.
func close9(got, want float64, stat string) bool {
	if math.IsNaN(got) || math.IsNaN(want) {
		return math.IsNaN(got) && math.IsNaN(want)
	}
	switch stat {
	case "min", "max", "count", "change":
		return got == want
	}
	return math.Abs(got-want) <= 1e-9*max(1, math.Abs(want))
}

// TestWindowForgetsRounding: a huge price leaves nothing behind once its bucket is gone.
func TestWindowForgetsRounding(t *testing.T) {
	c := New(withFeatures(t, "mean_1m", "volume_1m"))
	c.Step(batch(at(0), trade(origin(btc, 0), "90000000000000000000", "90000000000000000000")))
	for i := range 120 {
		d := time.Duration(i+1) * time.Second
		c.Step(batch(at(d), trade(origin(btc, d), "0.1", "0.1")))
	}
	row, _ := c.View(btc)
	if math.Abs(row.Value(0)-0.1) > 1e-15 {
		t.Errorf("mean %v, want 0.1", row.Value(0))
	}
	if math.Abs(row.Value(1)-6) > 0.21 { // 58 to 60 trades
		t.Errorf("volume %v, want about 6", row.Value(1))
	}
}

// TestWindowsAgeInSilence: time alone empties a window, and reading it changes nothing.
func TestWindowsAgeInSilence(t *testing.T) {
	cfg := withFeatures(t, "max_30s", "count_30s", "volume_30s")
	run := func(read bool) message.View {
		c := New(cfg)
		c.Step(batch(at(0), trade(origin(btc, 0), "5", "1")))
		c.Step(batch(at(31*time.Second), trade(origin(btc, 31*time.Second), "4", "2")))
		if read {
			c.Step(batch(at(10 * time.Minute)))
			row, ok := c.View(btc)
			if !ok || !math.IsNaN(row.Value(0)) || row.Value(1) != 0 || row.Value(2) != 0 {
				t.Errorf("after ten minutes of silence: %v %v %v", row.Value(0), row.Value(1), row.Value(2))
			}
		}
		return c.Step(batch(at(35*time.Second), trade(origin(btc, 35*time.Second), "3", "4"))).Views.Row(0)
	}
	a, b := run(false), run(true)
	for i := range a.Width() {
		if a.Value(i) != b.Value(i) {
			t.Errorf("feature %d: %v, but %v once somebody read in between", i, a.Value(i), b.Value(i))
		}
	}
	if a.Value(0) != 4 || a.Value(1) != 2 || a.Value(2) != 6 {
		t.Errorf("got %v %v %v, want 4 2 6", a.Value(0), a.Value(1), a.Value(2))
	}
}

// TestRingsGrowWithNeed: an instrument with one trade pays for four buckets at most.
func TestRingsGrowWithNeed(t *testing.T) {
	c := New(withFeatures(t, "mean_1m"))
	c.Step(batch(at(0), trade(origin(btc, 0), "5", "1")))
	c.Step(batch(at(time.Minute/2), bbo(origin(btc, time.Minute/2), "1", "1", "2", "1")))
	if n := len(c.instruments[0].windows[0].slots); n > 4 {
		t.Errorf("%d slots for one bucket", n)
	}
}
