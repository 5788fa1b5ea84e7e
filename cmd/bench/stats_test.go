package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	for _, tc := range []struct {
		samples []int
		q       float64
		want    int
	}{
		{nil, 0.5, 0},
		{[]int{7}, 0, 7}, {[]int{7}, 0.5, 7}, {[]int{7}, 1, 7},
		{[]int{1, 2}, 0.5, 1}, {[]int{1, 2}, 0.51, 2},
		{hundred, 0, 1}, {hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 0.999, 100}, {hundred, 1, 100},
	} {
		if got := quantile(tc.samples, tc.q); got != tc.want {
			t.Errorf("quantile %v of %d samples is %d, want %d", tc.q, len(tc.samples), got, tc.want)
		}
	}
}

func TestMedian(t *testing.T) {
	if m := median(nil); !math.IsNaN(m) {
		t.Errorf("median of nothing is %v", m)
	}
	odd := []float64{3, 1, 2}
	if m := median(odd); m != 2 || !slices.Equal(odd, []float64{3, 1, 2}) {
		t.Errorf("median %v, samples left as %v", m, odd)
	}
	if m := median([]float64{4, 1, 2, 10}); m != 3 {
		t.Errorf("median of four is %v", m)
	}
}

func TestAlternateTakesTurns(t *testing.T) {
	var order strings.Builder
	turn := func(name string, v float64) func() (float64, error) {
		return func() (float64, error) {
			order.WriteString(name)
			return v, nil
		}
	}
	p, err := alternate(t.Context(), 3, turn("a", 2), turn("b", 4))
	if err != nil || order.String() != "abbaab" {
		t.Fatalf("turns %s, %v", order.String(), err)
	}
	w := p.row("what", "/s", "other")
	if w.Measured.Value != 2 || w.Reference.Value != 4 || w.Ratio != 0.5 {
		t.Errorf("row %+v", w)
	}

	// The ratio is that of the turns: a machine that halves its speed between them changes nothing.
	slow := pairs{a: []float64{10, 5, 2}, b: []float64{20, 10, 40}}
	if got := slow.ratio(); got != 0.5 {
		t.Errorf("ratio %v", got)
	}

	fault := errors.New("no")
	if _, err := alternate(t.Context(), 3, turn("a", 1), func() (float64, error) { return 0, fault }); !errors.Is(err, fault) {
		t.Errorf("error %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := alternate(gone, 1, turn("a", 1), turn("b", 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestLatencies(t *testing.T) {
	// Ten windows of 1,000; in one of them everything takes a second.
	var l latencies
	for w := range 10 {
		for i := range 1000 {
			v := time.Duration(i+1) * time.Microsecond
			if w == 3 {
				v = time.Second
			}
			l = append(l, int64(v))
		}
	}
	if got := l.calm(1000); got != 990 {
		t.Errorf("calm p99 %v, want 990", got)
	}
	p50, p99, p999 := l.spread()
	if p50 != 556 || p99 != 1e6 || p999 != 1e6 {
		t.Errorf("p50 %v p99 %v p99.9 %v", p50, p99, p999)
	}
}

func TestParseGoBench(t *testing.T) {
	const output = `goos: linux
cpu: Some CPU @ 2.00GHz
BenchmarkDecode/trade/maru-2         	 1000	   300.0 ns/op	 170.5 MB/s	 96 B/op	 2 allocs/op
BenchmarkDecode/trade/maru-2         	 1000	   100.0 ns/op	 170.5 MB/s	 96 B/op	 2 allocs/op
BenchmarkDecode/trade/maru-2         	 1000	   200.0 ns/op	 170.5 MB/s	 96 B/op	 2 allocs/op
BenchmarkScreen         	 3	 1.592 ratio	 0 B/op	 0 allocs/op
PASS
ok  	github.com/maru-trading/maru/x	2.430s
`
	found, err := parseGoBench([]byte(output))
	if err != nil || len(found) != 2 {
		t.Fatalf("%v, %v", found, err)
	}
	if ns, err := require(found, "Decode/trade/maru", "ns/op"); err != nil || ns != 200 {
		t.Errorf("%v ns/op, %v", ns, err)
	}
	if ratio, err := require(found, "Screen", "ratio"); err != nil || ratio != 1.592 {
		t.Errorf("ratio %v, %v", ratio, err)
	}
	if _, err := require(found, "Screen", "ns/op"); err == nil {
		t.Error("a figure that is not there was found")
	}
	if _, err := parseGoBench([]byte("BenchmarkX-2 10 fast ns/op\n")); err == nil {
		t.Error("a figure that is no number was read")
	}
}
