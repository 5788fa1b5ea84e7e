package indicator

import (
	"math"
	"math/rand/v2"
	"testing"
)

func blocks(n int) map[string]Block {
	return map[string]Block{
		"sum": NewSum(n), "mean": NewMean(n), "weighted": NewWeighted(n), "population": NewDeviation(n, false), "sample": NewDeviation(n, true),
		"highest": NewHighest(n), "lowest": NewLowest(n), "exponential": NewExponential(n), "wilder": NewWilder(n), "total": NewTotal(), "lag": NewLag(n), "run": NewRun(n),
	}
}

// figures are random ones, some unknown, some beyond a number.
func figures(r *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		switch out[i] = float64(r.IntN(7) - 3); r.IntN(40) {
		case 0:
			out[i] = math.NaN()
		case 1:
			out[i] = math.Inf(1 - 2*r.IntN(2))
		}
	}
	return out
}

func same(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b }

// TestPeek holds that looking changes nothing, that Push says what Peek said, and that after Reset
// a block is as new.
func TestPeek(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7} {
		r := rand.New(rand.NewPCG(uint64(n), 1))
		xs := figures(r, 300)
		looked, plain := blocks(n), blocks(n)
		for name, b := range looked {
			first := make([]float64, len(xs))
			for i, x := range xs {
				for range r.IntN(3) {
					b.Peek(float64(r.IntN(100)))
				}
				peeked := b.Peek(x)
				got, want := b.Push(x), plain[name].Push(x)
				if !same(peeked, got) || !same(got, want) {
					t.Fatalf("%s(%d) after %v: peeked %v, pushed %v, without looking %v", name, n, xs[:i+1], peeked, got, want)
				}
				first[i] = got
			}
			b.Reset()
			for i, x := range xs {
				if got := b.Push(x); !same(got, first[i]) {
					t.Fatalf("%s(%d) after a reset: figure %d is %v, was %v", name, n, i, got, first[i])
				}
			}
		}
	}
}

// TestForgets holds that a block recovers from what is not known: windows once it has left them,
// the others once they have begun anew.
func TestForgets(t *testing.T) {
	const n = 4
	for _, hole := range []float64{math.NaN(), math.Inf(1)} {
		for name, b := range blocks(n) {
			for range 20 {
				b.Push(1)
			}
			if got := b.Push(hole); name != "lag" && name != "run" && got == got {
				t.Errorf("%s is %v at a hole of %v", name, got, hole)
			}
			for i := range n + 1 {
				got := b.Push(1)
				if i == n && (got != got || math.IsInf(got, 0)) {
					t.Errorf("%s is %v when %v is %d bars ago", name, got, hole, i)
				}
			}
		}
	}
}

// TestOverflow holds that a sum beyond what a number holds does not stay.
func TestOverflow(t *testing.T) {
	for name, b := range blocks(3) {
		for range 4 {
			b.Push(math.MaxFloat64)
		}
		for range 10 {
			b.Push(1)
		}
		if got := b.Push(1); got != got || math.Abs(got) > 20 {
			// What has no end may keep a great figure, but a number.
			if name != "exponential" && name != "wilder" && name != "total" || got != got || math.IsInf(got, 0) {
				t.Errorf("%s is %v after figures that are too great", name, got)
			}
		}
	}
}

// TestLengths holds that no length can make a block panic or take unbounded memory.
func TestLengths(t *testing.T) {
	for _, n := range []int{math.MinInt, -1, 0, math.MaxInt} {
		for name, b := range blocks(n) {
			b.Push(1)
			if got := b.Push(2); n < 1 && name != "sample" && got != got {
				t.Errorf("%s(%d) is %v", name, n, got)
			}
		}
	}
}

// TestFlat holds that where nothing moved the deviation is exactly zero, whatever the figure.
func TestFlat(t *testing.T) {
	d := NewDeviation(20, false)
	for range 100 {
		d.Push(0.1)
	}
	if got := d.Push(0.1); got != 0 {
		t.Error(got)
	}
}

func BenchmarkPeek(b *testing.B) {
	for _, n := range []int{20, 200} {
		for name, block := range map[string]Block{"mean": NewMean(n), "deviation": NewDeviation(n, false), "highest": NewHighest(n), "wilder": NewWilder(n)} {
			for range 2 * n {
				block.Push(float64(n))
			}
			b.Run(name+"/"+map[int]string{20: "20", 200: "200"}[n], func(b *testing.B) {
				for b.Loop() {
					block.Peek(3)
				}
			})
		}
	}
}
