package indicator

// smoothing is what Exponential and Wilder share: the mean of the first n known figures, then one
// step a figure.
type smoothing struct {
	n     int
	count int     // known figures so far, at most n
	value float64 // their sum while count < n, then the smoothed figure
}

func (s *smoothing) peek(x float64, step func(before, x float64) float64) float64 {
	switch {
	case isUnknown(x) || s.count < s.n-1:
		return unknown
	case s.count == s.n-1:
		return (s.value + x) / float64(s.n)
	}
	return step(s.value, x)
}

func (s *smoothing) push(x float64, step func(before, x float64) float64) float64 {
	v := s.peek(x, step)
	switch {
	case isUnknown(x), s.count >= s.n-1 && isUnknown(v):
		s.reset()
	case s.count < s.n-1:
		s.value += x
		s.count++
	default:
		s.value, s.count = v, s.n
	}
	return v
}

func (s *smoothing) reset() { s.count, s.value = 0, 0 }

// Exponential is the exponential moving average with the multiplier 2/(n+1). It begins with the
// mean of the first n figures.
type Exponential struct {
	s  smoothing
	by float64
}

// NewExponential returns the exponential mean of n figures, 1 to WindowMax.
func NewExponential(n int) *Exponential {
	n = min(max(n, 1), WindowMax)
	return &Exponential{smoothing{n: n}, 2 / float64(n+1)}
}

func (e *Exponential) step(before, x float64) float64 { return before + float64(e.by*(x-before)) }

// Peek is part of Block.
func (e *Exponential) Peek(x float64) float64 { return e.s.peek(x, e.step) }

// Push is part of Block.
func (e *Exponential) Push(x float64) float64 { return e.s.push(x, e.step) }

// Reset is part of Block.
func (e *Exponential) Reset() { e.s.reset() }

// Wilder is Wilder's smoothing: (before × (n-1) + x) / n. It begins with the mean of the first n
// figures. (J. Welles Wilder, New Concepts in Technical Trading Systems, 1978.)
type Wilder struct{ s smoothing }

// NewWilder returns Wilder's smoothing over n figures, 1 to WindowMax.
func NewWilder(n int) *Wilder { return &Wilder{smoothing{n: min(max(n, 1), WindowMax)}} }

func (w *Wilder) step(before, x float64) float64 {
	n := float64(w.s.n)
	return (float64(before*(n-1)) + x) / n
}

// Peek is part of Block.
func (w *Wilder) Peek(x float64) float64 { return w.s.peek(x, w.step) }

// Push is part of Block.
func (w *Wilder) Push(x float64) float64 { return w.s.push(x, w.step) }

// Reset is part of Block.
func (w *Wilder) Reset() { w.s.reset() }

// Total adds up every figure since the last unknown one.
type Total struct{ sum float64 }

// NewTotal returns a total of nothing.
func NewTotal() *Total { return &Total{} }

// Peek is part of Block.
func (t *Total) Peek(x float64) float64 {
	if v := t.sum + x; !isUnknown(v) {
		return v
	}
	return unknown
}

// Push is part of Block.
func (t *Total) Push(x float64) float64 {
	v := t.Peek(x)
	t.sum = v
	if isUnknown(v) {
		t.sum = 0
	}
	return v
}

// Reset is part of Block.
func (t *Total) Reset() { t.sum = 0 }

// Lag is the figure of n bars before.
type Lag struct {
	past  []float64 // ring of n
	next  int
	count int
}

// NewLag returns the figure of n bars before, 0 to WindowMax.
func NewLag(n int) *Lag { return &Lag{past: make([]float64, min(max(n, 0), WindowMax))} }

// Peek is part of Block.
func (l *Lag) Peek(x float64) float64 {
	switch {
	case len(l.past) == 0:
		return x
	case l.count < len(l.past):
		return unknown
	}
	return l.past[l.next]
}

// Push is part of Block.
func (l *Lag) Push(x float64) float64 {
	v := l.Peek(x)
	if len(l.past) == 0 {
		return v
	}
	l.past[l.next] = x
	if l.next++; l.next == len(l.past) {
		l.next = 0
	}
	if l.count < len(l.past) {
		l.count++
	}
	return v
}

// Reset is part of Block.
func (l *Lag) Reset() { l.count, l.next = 0, 0 }

// Run counts how many bars in a row, up to the newest, were other than zero; at most n. It is
// known as soon as n bars are or one of zero ended the run.
type Run struct {
	n, run int
	known  bool
}

// NewRun returns a count of at most n, 1 to WindowMax.
func NewRun(n int) *Run { return &Run{n: min(max(n, 1), WindowMax)} }

func (r Run) after(x float64) Run {
	switch {
	case isUnknown(x):
		r.run, r.known = 0, false
	case x == 0:
		r.run, r.known = 0, true
	default:
		r.run = min(r.run+1, r.n)
	}
	return r
}

func (r Run) value() float64 {
	if r.known || r.run == r.n {
		return float64(r.run)
	}
	return unknown
}

// Peek is part of Block.
func (r *Run) Peek(x float64) float64 { return r.after(x).value() }

// Push is part of Block.
func (r *Run) Push(x float64) float64 {
	*r = r.after(x)
	return r.value()
}

// Reset is part of Block.
func (r *Run) Reset() { r.run, r.known = 0, false }
