package classifier

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/classifier/criteria"
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

func indexIn(features []string) func(string) (int, bool) {
	return func(name string) (int, bool) {
		i := slices.Index(features, name)
		return i, i >= 0
	}
}

func compileScreen(tb testing.TB) *criteria.Program {
	tb.Helper()
	p, err := criteria.Compile(env(indexIn(screenFeatures), screenFeatures, nil), screen...)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// TestScreen holds that criteria and Go agree on what the benchmark compares.
func TestScreen(t *testing.T) {
	in := compileScreen(t).NewInstance()
	seen := make([]int, len(screen))
	for _, row := range screenRows(2000) {
		in.Row(row)
		for i, text := range screen {
			if got, want := in.Verdict(i), criteria.VerdictOf(screenByHand[i](row)); got != want {
				t.Errorf("%s is %v, by hand %v", text, got, want)
			} else if got == True {
				seen[i]++
			}
		}
	}
	for i, n := range seen {
		if n == 0 || n == 2000 {
			t.Errorf("%s is the same %d times: the benchmark measures no choice", screen[i], n)
		}
	}
}

// BenchmarkScreen is one pass over 2,000 instruments × 13 criteria row by row, each row all new,
// with hand-written Go in the same run: ratio is how many times longer the criteria take. Column
// by column is BenchmarkColumns of package criteria.
func BenchmarkScreen(b *testing.B) {
	rows := screenRows(2000)
	in := compileScreen(b).NewInstance()
	var ours, byHand time.Duration
	trues, truesByHand := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		for _, row := range rows {
			in.Row(row)
			for i := range screen {
				if in.Verdict(i) == True {
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
	verdicts := float64(b.N * len(rows) * len(screen))
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
