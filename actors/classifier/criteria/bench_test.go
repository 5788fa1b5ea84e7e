package criteria

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

// A screen of 13 criteria, as criteria, as Go by hand, and for a general expression VM.

var benchFeatures = []string{"price", "mean_5m", "mean_1h", "min_1d", "max_1d", "change_1m", "change_1h", "volume_5m", "volume_1h", "spread_bps", "imbalance", "vwap_1d"}

var benchCriteria = []string{
	"price > mean_5m",
	"mean_5m > mean_1h",
	"price > 0.95 * max_1d",
	"price > 1.2 * min_1d",
	"change_1m > 0.001",
	"change_1h between 0.005 and 0.1",
	"volume_5m * 12 > volume_1h",
	"spread_bps < 20",
	"imbalance > 0.2",
	"price > vwap_1d",
	"abs(price / vwap_1d - 1) < 0.05",
	"volume_1h > 1000 && spread_bps < 50",
	"min(mean_5m, mean_1h) > price",
}

// By hand: one plain loop a criterion over the same columns, with the same readiness test and the
// same output. says is as good as it gets: no branch that the processor could guess wrong.

func says(is, isNot bool) byte {
	var yes, no byte
	if is {
		yes = 1
	}
	if isNot {
		no = 1
	}
	return yes | no<<1
}

type benchColumns struct {
	price, mean5m, mean1h, min1d, max1d, change1m, change1h, volume5m, volume1h, spread, imbalance, vwap []float64
}

var byHand = []func(c *benchColumns, out []byte){
	func(c *benchColumns, out []byte) {
		a, b := c.price[:len(out)], c.mean5m[:len(out)]
		for i := range out {
			out[i] = says(a[i] > b[i], a[i] <= b[i])
		}
	},
	func(c *benchColumns, out []byte) {
		a, b := c.mean5m[:len(out)], c.mean1h[:len(out)]
		for i := range out {
			out[i] = says(a[i] > b[i], a[i] <= b[i])
		}
	},
	func(c *benchColumns, out []byte) {
		a, b := c.price[:len(out)], c.max1d[:len(out)]
		for i := range out {
			bound := 0.95 * b[i]
			out[i] = says(a[i] > bound, a[i] <= bound)
		}
	},
	func(c *benchColumns, out []byte) {
		a, b := c.price[:len(out)], c.min1d[:len(out)]
		for i := range out {
			bound := 1.2 * b[i]
			out[i] = says(a[i] > bound, a[i] <= bound)
		}
	},
	func(c *benchColumns, out []byte) {
		a := c.change1m[:len(out)]
		for i := range out {
			out[i] = says(a[i] > 0.001, a[i] <= 0.001)
		}
	},
	func(c *benchColumns, out []byte) {
		a := c.change1h[:len(out)]
		for i := range out {
			x := a[i]
			low, high := says(x >= 0.005, x < 0.005), says(x <= 0.1, x > 0.1)
			out[i] = low&high&byte(True) | (low|high)&byte(False)
		}
	},
	func(c *benchColumns, out []byte) {
		a, b := c.volume5m[:len(out)], c.volume1h[:len(out)]
		for i := range out {
			x := a[i] * 12
			out[i] = says(x > b[i], x <= b[i])
		}
	},
	func(c *benchColumns, out []byte) {
		a := c.spread[:len(out)]
		for i := range out {
			out[i] = says(a[i] < 20, a[i] >= 20)
		}
	},
	func(c *benchColumns, out []byte) {
		a := c.imbalance[:len(out)]
		for i := range out {
			out[i] = says(a[i] > 0.2, a[i] <= 0.2)
		}
	},
	func(c *benchColumns, out []byte) {
		a, b := c.price[:len(out)], c.vwap[:len(out)]
		for i := range out {
			out[i] = says(a[i] > b[i], a[i] <= b[i])
		}
	},
	func(c *benchColumns, out []byte) {
		a, b := c.price[:len(out)], c.vwap[:len(out)]
		for i := range out {
			x := math.NaN()
			if b[i] != 0 {
				x = math.Abs(a[i]/b[i] - 1)
			}
			out[i] = says(x < 0.05, x >= 0.05)
		}
	},
	func(c *benchColumns, out []byte) {
		a, b := c.volume1h[:len(out)], c.spread[:len(out)]
		for i := range out {
			x, y := says(a[i] > 1000, a[i] <= 1000), says(b[i] < 50, b[i] >= 50)
			out[i] = x&y&byte(True) | (x|y)&byte(False)
		}
	},
	func(c *benchColumns, out []byte) {
		a, b, p := c.mean5m[:len(out)], c.mean1h[:len(out)], c.price[:len(out)]
		for i := range out {
			x := min(a[i], b[i])
			out[i] = says(x > p[i], x <= p[i])
		}
	},
}

// vmRow is what the general VM reads; its criteria test no readiness.
type vmRow struct {
	Price     float64 `expr:"price"`
	Mean5m    float64 `expr:"mean_5m"`
	Mean1h    float64 `expr:"mean_1h"`
	Min1d     float64 `expr:"min_1d"`
	Max1d     float64 `expr:"max_1d"`
	Change1m  float64 `expr:"change_1m"`
	Change1h  float64 `expr:"change_1h"`
	Volume5m  float64 `expr:"volume_5m"`
	Volume1h  float64 `expr:"volume_1h"`
	SpreadBps float64 `expr:"spread_bps"`
	Imbalance float64 `expr:"imbalance"`
	VWAP1d    float64 `expr:"vwap_1d"`
}

// benchRows makes rows around a price; of every hundredth figure nothing is known.
func benchRows(n int) [][]float64 {
	random := rand.New(rand.NewPCG(3, 4))
	around := func(v, part float64) float64 { return v * (1 + part*(2*random.Float64()-1)) }
	rows := make([][]float64, n)
	for i := range rows {
		p := around(1000, 0.9)
		rows[i] = []float64{p, around(p, 0.01), around(p, 0.02), around(p*0.85, 0.1), around(p*1.05, 0.04), 0.004*random.Float64() - 0.002,
			0.02*random.Float64() - 0.01, around(100, 0.9), around(1200, 0.9), 40 * random.Float64(), 2*random.Float64() - 1, around(p, 0.05)}
		for k := range rows[i] {
			if random.IntN(100) == 0 {
				rows[i][k] = math.NaN()
			}
		}
	}
	return rows
}

func slotIn(names []string) func(string) (Feature, bool) {
	return func(name string) (Feature, bool) {
		for i, n := range names {
			if n == name {
				return Feature{Slot: i, Type: Number}, true
			}
		}
		return Feature{}, false
	}
}

func benchSet(tb testing.TB, n int) (*Columns, *benchColumns, []vmRow) {
	tb.Helper()
	p, err := Compile(Env{Feature: slotIn(benchFeatures), Known: benchFeatures}, benchCriteria...)
	if err != nil {
		tb.Fatal(err)
	}
	c, hand, rows := p.NewColumns(n), &benchColumns{}, make([]vmRow, n)
	for i, row := range benchRows(n) {
		for slot, v := range row {
			c.Feature(slot)[i] = v
		}
		rows[i] = vmRow{row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11]}
	}
	for slot, to := range []*[]float64{&hand.price, &hand.mean5m, &hand.mean1h, &hand.min1d, &hand.max1d, &hand.change1m, &hand.change1h, &hand.volume5m, &hand.volume1h, &hand.spread, &hand.imbalance, &hand.vwap} {
		*to = c.Feature(slot)
	}
	return c, hand, rows
}

// TestByHand holds that what the benchmark compares says the same.
func TestByHand(t *testing.T) {
	const n = 3001
	c, hand, _ := benchSet(t, n)
	c.Judge()
	out := make(Column, n)
	for i := range benchCriteria {
		byHand[i](hand, out)
		seen := [3]int{}
		for k := range out {
			if out[k] != c.Verdicts(i)[k] {
				t.Fatalf("%s of instrument %d: by hand %v, by columns %v", benchCriteria[i], k, out.At(k), c.Verdicts(i).At(k))
			}
			seen[out[k]]++
		}
		if seen[NotReady] == 0 || seen[True] == 0 || seen[False] == 0 {
			t.Errorf("%s: %v not ready, true and false: the benchmark leaves one out", benchCriteria[i], seen)
		}
	}
}

// BenchmarkColumns judges 13 criteria over 2,000 and 5,000 instruments: by columns, then by hand,
// in turns.
func BenchmarkColumns(b *testing.B) {
	for _, n := range []int{2000, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, hand, _ := benchSet(b, n)
			out := make([]Column, len(byHand))
			for i := range out {
				out[i] = make(Column, n)
			}
			var ours, theirs time.Duration
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				c.Judge()
				middle := time.Now()
				for i, f := range byHand {
					f(hand, out[i])
				}
				theirs += time.Since(middle)
				ours += middle.Sub(start)
			}
			for i := range out {
				if string(out[i]) != string(c.Verdicts(i)) {
					b.Fatalf("%s: by hand and by columns differ", benchCriteria[i])
				}
			}
			verdicts := float64(b.N) * float64(n*len(byHand))
			b.ReportMetric(float64(ours.Nanoseconds())/verdicts, "ns/verdict")
			b.ReportMetric(float64(theirs.Nanoseconds())/verdicts, "by-hand-ns/verdict")
			b.ReportMetric(float64(ours)/float64(theirs), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkVM judges the same with a general expression VM.
func BenchmarkVM(b *testing.B) {
	for _, n := range []int{2000, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, _, rows := benchSet(b, n)
			var programs []*vm.Program
			for i, text := range benchCriteria {
				if i == 5 {
					text = "change_1h >= 0.005 && change_1h <= 0.1"
				}
				p, err := expr.Compile(text, expr.Env(vmRow{}), expr.AsBool())
				if err != nil {
					b.Fatal(err)
				}
				programs = append(programs, p)
			}
			machine := vm.VM{}
			trues := 0
			for b.Loop() {
				for i := range rows {
					for _, p := range programs {
						out, err := machine.Run(p, rows[i])
						if err != nil {
							b.Fatal(err)
						}
						if is, ok := out.(bool); ok && is {
							trues++
						}
					}
				}
			}
			if trues == 0 {
				b.Fatal("nothing is true")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/(float64(b.N)*float64(n*len(programs))), "ns/verdict")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkInstance is one tick of one instrument that changes its price, with 13 criteria of
// which some read it.
func BenchmarkInstance(b *testing.B) {
	p, err := Compile(Env{Feature: slotIn(benchFeatures), Known: benchFeatures}, benchCriteria...)
	if err != nil {
		b.Fatal(err)
	}
	in := p.NewInstance()
	row := benchRows(1)[0]
	b.ReportAllocs()
	for b.Loop() {
		row[0]++
		in.Row(row)
	}
}

// BenchmarkTick is one tick of the bar under way for 13 criteria over indicators of 14 to 200 bars:
// what a window costs must not depend on its length.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{20, 200} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var texts []string
			for _, text := range []string{"close > sma(%d)", "ema(%d) > sma(%d)", "wma(%d) > close", "rsi(%d) between 30 and 70", "macd(12, %d) > 0", "close > bollinger_upper(%d)", "bollinger_percent_b(%d) < 0.2",
				"atr(%d) / close < 5%%", "stochastic_k(%d) < 20", "close > vwap(%d)", "zscore(%d) > 2", "close >= highest(%d)", "change(%d) > 10%%"} {
				texts = append(texts, strings.ReplaceAll(strings.ReplaceAll(text, "%%", "%"), "%d", fmt.Sprint(n)))
			}
			p, err := Compile(Env{Frames: []time.Duration{day}, Frame: day}, texts...)
			if err != nil {
				b.Fatal(err)
			}
			in, start := p.NewInstance(), int64(0)
			bar := func() Bar {
				c := 1000 + float64(start%17)
				return Bar{Start: start * int64(day), Open: 1000, High: 1020, Low: 990, Close: c, Volume: 100, Turnover: 100 * c}
			}
			for ; start < 500; start++ {
				if err := in.Close(day, bar()); err != nil {
					b.Fatal(err)
				}
			}
			tick := bar()
			b.ReportAllocs()
			for b.Loop() {
				if tick.Close++; tick.Close > 1019 {
					tick.Close = 991
				}
				if err := in.Update(day, tick); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
