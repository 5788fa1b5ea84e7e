package classifier

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// A screen: 13 criteria over 2,000 instruments.
var screenFeatures = []string{"price", "mean_5m", "mean_1h", "min_1d", "max_1d", "change_1m", "change_1h", "volume_5m", "volume_1h", "spread_bps", "imbalance", "vwap_1d"}

var screen = []string{
	"price > mean_5m",
	"mean_5m > mean_1h",
	"price > 0.95 * max_1d",
	"price > 1.2 * min_1d",
	"change_1m > 0.001",
	"change_1h > 0.005 && change_1h < 0.1",
	"volume_5m * 12 > volume_1h",
	"spread_bps < 20",
	"imbalance > 0.2",
	"price > vwap_1d",
	"abs(price / vwap_1d - 1) < 0.05",
	"volume_1h > 1000 && spread_bps < 50",
	"min(mean_5m, mean_1h) > price",
}

// screenByHand is what a Go programmer would write for the same, for a row without unknowns.
var screenByHand = []func(r []float64) bool{
	func(r []float64) bool { return r[0] > r[1] },
	func(r []float64) bool { return r[1] > r[2] },
	func(r []float64) bool { return r[0] > 0.95*r[4] },
	func(r []float64) bool { return r[0] > 1.2*r[3] },
	func(r []float64) bool { return r[5] > 0.001 },
	func(r []float64) bool { return r[6] > 0.005 && r[6] < 0.1 },
	func(r []float64) bool { return r[7]*12 > r[8] },
	func(r []float64) bool { return r[9] < 20 },
	func(r []float64) bool { return r[10] > 0.2 },
	func(r []float64) bool { return r[0] > r[11] },
	func(r []float64) bool { d := r[0]/r[11] - 1; return max(d, -d) < 0.05 },
	func(r []float64) bool { return r[8] > 1000 && r[9] < 50 },
	func(r []float64) bool { return min(r[1], r[2]) > r[0] },
}

func screenRows(n int) [][]float64 {
	random := rand.New(rand.NewPCG(3, 4))
	around := func(v, part float64) float64 { return v * (1 + part*(2*random.Float64()-1)) }
	rows := make([][]float64, n)
	for i := range rows {
		p := around(1000, 0.9)
		rows[i] = []float64{p, around(p, 0.01), around(p, 0.02), around(p*0.85, 0.1), around(p*1.05, 0.04), around(0, 1) + 0.004*random.Float64() - 0.002,
			0.02*random.Float64() - 0.01, around(100, 0.9), around(1200, 0.9), 40 * random.Float64(), 2*random.Float64() - 1, around(p, 0.05)}
	}
	return rows
}

// TestScreen holds that expressions and Go agree on what the benchmark compares.
func TestScreen(t *testing.T) {
	for i, text := range screen {
		e, err := Compile(text, indexIn(screenFeatures), screenFeatures)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, row := range screenRows(2000) {
			if got, want := e.Eval(row), verdictOf(screenByHand[i](row)); got != want {
				t.Errorf("%s is %v, by hand %v", text, got, want)
			} else if got == True {
				seen++
			}
		}
		if seen == 0 || seen == 2000 {
			t.Errorf("%s is the same %d times: the benchmark measures no choice", text, seen)
		}
	}
}

// BenchmarkScreen is one pass over 2,000 instruments × 13 criteria, with hand-written Go in the
// same run: ratio is how many times longer the expressions take.
func BenchmarkScreen(b *testing.B) {
	rows := screenRows(2000)
	exprs := make([]*Expr, len(screen))
	for i, text := range screen {
		e, err := Compile(text, indexIn(screenFeatures), screenFeatures)
		if err != nil {
			b.Fatal(err)
		}
		exprs[i] = e
	}
	var ours, byHand time.Duration
	trues, truesByHand := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		for _, row := range rows {
			for _, e := range exprs {
				if e.Eval(row) == True {
					trues++
				}
			}
		}
		ours += time.Since(start)
		start = time.Now()
		for _, row := range rows {
			for _, f := range screenByHand {
				if f(row) {
					truesByHand++
				}
			}
		}
		byHand += time.Since(start)
	}
	if trues != truesByHand {
		b.Fatalf("%d true, %d by hand", trues, truesByHand)
	}
	verdicts := float64(b.N * len(rows) * len(exprs))
	b.ReportMetric(float64(ours.Nanoseconds())/verdicts, "ns/verdict")
	b.ReportMetric(float64(byHand.Nanoseconds())/verdicts, "by-hand-ns/verdict")
	b.ReportMetric(float64(ours)/float64(byHand), "ratio")
	b.ReportMetric(0, "ns/op")
}

// benchCore is a core with a criteria and a range engine, and a message of n rows of different
// instruments.
func benchCore(tb testing.TB, n int) (*Core, message.Views) {
	tb.Helper()
	c, err := New([]Config{
		{Name: "momentum", Type: Criteria, Default: "flat", Classes: []Class{{"up", "change_1m > 0.001 && spread_bps < 20"}, {"down", "change_1m < -0.001"}}},
		{Name: "range", Type: Range, Feature: "price", Low: "min_1d", High: "max_1d"},
	}, screenFeatures)
	if err != nil {
		tb.Fatal(err)
	}
	builder := message.NewViewsBuilder(n, len(screenFeatures))
	for i, row := range screenRows(n) {
		o := message.Origin{Instrument: market.MustInstrument("sim", fmt.Sprintf("C%d-KRW", i)), Received: 1}
		builder.Add(o, message.Quote{}, true, true, row)
	}
	return c, builder.Build(message.ViewsFields{Source: "bench"})
}

// BenchmarkStep judges messages of 64 rows with two engines, where classes rarely change.
func BenchmarkStep(b *testing.B) {
	const rows = 64
	c, views := benchCore(b, rows)
	c.Step(views)
	b.ReportAllocs()
	for b.Loop() {
		c.Step(views)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
}

// BenchmarkCompile compiles a criterion of the usual length.
func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(screen[5], indexIn(screenFeatures), screenFeatures); err != nil {
			b.Fatal(err)
		}
	}
}
