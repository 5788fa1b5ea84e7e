package main

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"
)

// quantile returns the smallest of the sorted samples that at least a fraction q of them does not
// exceed (nearest rank); q is 0 to 1. Zero without samples.
func quantile[T cmp.Ordered](sorted []T, q float64) T {
	if len(sorted) == 0 {
		var zero T
		return zero
	}
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// median returns the middle of the samples, the mean of the two in the middle where their number is
// even. It leaves their order alone. NaN without samples.
func median(samples []float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(samples))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// pairs are the results of two things that were measured in turns.
type pairs struct{ a, b []float64 }

// alternate measures a and b in turns, n times each, and lets each begin every other turn: what
// the machine does meanwhile then meets both.
func alternate(ctx context.Context, n int, a, b func() (float64, error)) (p pairs, err error) {
	for i := range n {
		turns := []struct {
			measure func() (float64, error)
			into    *[]float64
		}{{a, &p.a}, {b, &p.b}}
		if i%2 == 1 {
			slices.Reverse(turns)
		}
		for _, t := range turns {
			if err := ctx.Err(); err != nil {
				return p, err
			}
			v, err := t.measure()
			if err != nil {
				return p, err
			}
			*t.into = append(*t.into, v)
		}
	}
	return p, nil
}

// ratio is the median of the turns' ratios.
func (p pairs) ratio() float64 {
	ratios := make([]float64, min(len(p.a), len(p.b)))
	for i := range ratios {
		ratios[i] = p.a[i] / p.b[i]
	}
	return median(ratios)
}

// row makes a row of the medians and of the median ratio.
func (p pairs) row(what, unit, against string) row {
	w := row{What: what, Measured: figure{median(p.a), unit}}.against(against, figure{median(p.b), unit})
	w.Ratio = p.ratio()
	return w
}

// meter measures frames a second, and keeps beside it what each run cost in processor time, which
// says how much work there is also where other processes take the cores.
type meter struct{ cpu []float64 } // microseconds a frame

// run measures do, which handles n frames.
func (m *meter) run(n int, do func() error) (rate float64, err error) {
	cpu, begun := cpuTime(), time.Now()
	err = do()
	took := time.Since(begun)
	m.cpu = append(m.cpu, float64(cpuTime()-cpu)/float64(time.Microsecond)/float64(n))
	return float64(n) / took.Seconds(), err
}

// cpuRow is the row of processor time that belongs to two meters; ok is false where the system
// does not tell it.
func cpuRow(what, against string, a, b *meter) (w row, ok bool) {
	p := pairs{a: a.cpu, b: b.cpu}
	return p.row(what, "µs/frame", against), median(p.b) > 0 && median(p.a) > 0
}

// latencies are exact samples, in nanoseconds.
type latencies []int64

// spread returns p50, p99 and p99.9 in microseconds. It sorts the samples.
func (l latencies) spread() (p50, p99, p999 float64) {
	slices.Sort(l)
	µs := func(q float64) float64 { return float64(quantile(l, q)) / float64(time.Microsecond) }
	return µs(0.5), µs(0.99), µs(0.999)
}

// calm returns the p99, in microseconds, of the median of the windows of so many samples each:
// what the p99 is while nobody else disturbs, as long as that is half of the time. It must be
// asked before spread, which sorts.
func (l latencies) calm(window int) float64 {
	var each []float64
	for w := range slices.Chunk(l, window) {
		sorted := slices.Sorted(slices.Values(w))
		each = append(each, float64(quantile(sorted, 0.99))/float64(time.Microsecond))
	}
	return median(each)
}
