// Package indicator holds the building blocks of technical indicators: each turns a series of one
// figure a bar into another, bar by bar. Package criteria joins them to RSI, Bollinger bands and
// the rest.
//
// A block keeps what it needs of closed bars. Peek answers for the bar under way and changes
// nothing, so a tick costs the same however long the window is; Push closes the bar and may cost
// as many steps as the window is long. What a window adds up is added up anew with every bar, from
// old to new: rounding errors do not pile up, and a plain loop over the window gives the very same
// figure.
//
// NaN is not known. A window that holds something unknown is unknown, and what looks back without
// end (Exponential, Wilder, Total) begins again after it. Products that are added to go through
// float64, which forbids the compiler to fuse them: every machine gives the same figures.
//
// The package imports nothing of Maru.
package indicator

import "math"

// Block is one building block of one instrument. It is not for concurrent use.
type Block interface {
	// Peek returns the figure for the bar under way if its input is x now, and changes nothing.
	Peek(x float64) float64
	// Push closes the bar with x and returns its figure, which is what Peek(x) said before.
	Push(x float64) float64
	// Reset forgets every bar.
	Reset()
}

// WindowMax is the longest window and the farthest look back, in bars. It bounds memory.
const WindowMax = 5000

var unknown = math.NaN()

// isUnknown is true of NaN, and of what is beyond a number: it would stay in a sum for ever.
func isUnknown(x float64) bool { return x-x != 0 }

// window keeps the last n-1 closed figures: with the bar under way they are n.
type window struct {
	n    int
	past []float64 // ring of n-1
	next int       // where in past the next figure goes, which is where the oldest is
	run  int       // how many known figures in a row there were at the end, at most n-1
}

func newWindow(n int) window {
	n = min(max(n, 1), WindowMax)
	return window{n: n, past: make([]float64, n-1)}
}

// full reports whether all n-1 past figures are known.
func (w *window) full() bool { return w.run == w.n-1 }

func (w *window) push(x float64) {
	if isUnknown(x) {
		w.run = 0
		return
	}
	if w.n == 1 {
		return
	}
	w.past[w.next] = x
	if w.next++; w.next == len(w.past) {
		w.next = 0
	}
	if w.run < w.n-1 {
		w.run++
	}
}

// each calls f with the past figures of a full window, from old to new.
func (w *window) each(f func(i int, x float64)) {
	i := 0
	for _, x := range w.past[w.next:] {
		f(i, x)
		i++
	}
	for _, x := range w.past[:w.next] {
		f(i, x)
		i++
	}
}

func (w *window) reset() { w.run, w.next = 0, 0 }

// Sum adds up the last n figures.
type Sum struct {
	w    window
	past float64
}

// NewSum returns the sum of the last n figures, 1 to WindowMax.
func NewSum(n int) *Sum { return &Sum{w: newWindow(n)} }

// Peek is part of Block.
func (s *Sum) Peek(x float64) float64 {
	if !s.w.full() || isUnknown(x) {
		return unknown
	}
	return s.past + x
}

// Push is part of Block.
func (s *Sum) Push(x float64) float64 {
	v := s.Peek(x)
	s.w.push(x)
	s.past = 0
	if s.w.full() {
		s.w.each(func(_ int, x float64) { s.past += x })
	}
	return v
}

// Reset is part of Block.
func (s *Sum) Reset() { s.w.reset(); s.past = 0 }

// Mean is the simple moving average: the sum of the last n figures over n.
type Mean struct{ sum Sum }

// NewMean returns the mean of the last n figures, 1 to WindowMax.
func NewMean(n int) *Mean { return &Mean{*NewSum(n)} }

// Peek is part of Block.
func (m *Mean) Peek(x float64) float64 { return m.sum.Peek(x) / float64(m.sum.w.n) }

// Push is part of Block.
func (m *Mean) Push(x float64) float64 { return m.sum.Push(x) / float64(m.sum.w.n) }

// Reset is part of Block.
func (m *Mean) Reset() { m.sum.Reset() }

// Weighted is the linearly weighted moving average: the newest of n figures counts n times, the
// oldest once, over n(n+1)/2.
type Weighted struct {
	w    window
	past float64
}

// NewWeighted returns the weighted mean of the last n figures, 1 to WindowMax.
func NewWeighted(n int) *Weighted { return &Weighted{w: newWindow(n)} }

// Peek is part of Block.
func (s *Weighted) Peek(x float64) float64 {
	if !s.w.full() || isUnknown(x) {
		return unknown
	}
	n := float64(s.w.n)
	return (s.past + float64(n*x)) / (n * (n + 1) / 2)
}

// Push is part of Block.
func (s *Weighted) Push(x float64) float64 {
	v := s.Peek(x)
	s.w.push(x)
	s.past = 0
	if s.w.full() {
		s.w.each(func(i int, x float64) { s.past += float64(float64(i+1) * x) })
	}
	return v
}

// Reset is part of Block.
func (s *Weighted) Reset() { s.w.reset(); s.past = 0 }

// Deviation is the standard deviation of the last n figures.
type Deviation struct {
	w        window
	sample   bool
	shift    float64 // the newest past figure: of a flat window every difference is exactly zero
	one, two float64 // sums of the past figures' differences to shift, and of their squares
}

// NewDeviation returns the standard deviation of the last n figures, 1 to WindowMax: of the
// population (the mean square is over n) or of a sample (over n-1; n must be 2 or more).
func NewDeviation(n int, sample bool) *Deviation { return &Deviation{w: newWindow(n), sample: sample} }

// Peek is part of Block.
func (d *Deviation) Peek(x float64) float64 {
	if !d.w.full() || isUnknown(x) {
		return unknown
	}
	shift := d.shift
	if d.w.n == 1 {
		shift = x
	}
	by := x - shift
	n := float64(d.w.n)
	one, two := d.one+by, d.two+float64(by*by)
	over := n
	if d.sample {
		over = n - 1
	}
	if over == 0 {
		return unknown
	}
	return math.Sqrt(max(0, (two-float64(one*one)/n)/over))
}

// Push is part of Block.
func (d *Deviation) Push(x float64) float64 {
	v := d.Peek(x)
	d.w.push(x)
	d.shift, d.one, d.two = x, 0, 0
	if d.w.full() {
		d.w.each(func(_ int, x float64) {
			by := x - d.shift
			d.one += by
			d.two += float64(by * by)
		})
	}
	return v
}

// Reset is part of Block.
func (d *Deviation) Reset() { d.w.reset(); d.shift, d.one, d.two = 0, 0, 0 }

// Extreme is the greatest or the least of the last n figures.
type Extreme struct {
	w     window
	least bool
	past  float64
}

// NewHighest returns the greatest of the last n figures, 1 to WindowMax.
func NewHighest(n int) *Extreme {
	e := &Extreme{w: newWindow(n)}
	e.Reset()
	return e
}

// NewLowest returns the least of the last n figures, 1 to WindowMax.
func NewLowest(n int) *Extreme {
	e := &Extreme{w: newWindow(n), least: true}
	e.Reset()
	return e
}

// Peek is part of Block.
func (e *Extreme) Peek(x float64) float64 {
	if !e.w.full() || isUnknown(x) {
		return unknown
	}
	return e.of(e.past, x)
}

func (e *Extreme) of(a, b float64) float64 {
	if e.least {
		return min(a, b)
	}
	return max(a, b)
}

// Push is part of Block.
func (e *Extreme) Push(x float64) float64 {
	v := e.Peek(x)
	e.w.push(x)
	e.past = e.start()
	if e.w.full() {
		e.w.each(func(_ int, x float64) { e.past = e.of(e.past, x) })
	}
	return v
}

func (e *Extreme) start() float64 {
	if e.least {
		return math.Inf(1)
	}
	return math.Inf(-1)
}

// Reset is part of Block.
func (e *Extreme) Reset() { e.w.reset(); e.past = e.start() }
