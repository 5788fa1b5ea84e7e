package state

import (
	"math"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// A window runs on message time and is cut into buckets that lie on a grid of width
// period/buckets since 1970. It covers the bucket under way and the buckets-1 before it.
//
// A trade touches only the bucket under way. When time leaves that bucket it joins a ring of
// past ones, those that fell out are dropped, and what the past ones make together is computed
// anew: rounding errors of float64 last no longer than one bucket. Buckets without trades take no
// room, and the ring grows with need.

// windowPlan is the form of one configured window, shared by all instruments.
type windowPlan struct {
	period, width time.Duration
	buckets       int
	columns       []column // what features read, and what a slot of the ring holds
}

// column is one figure of a bucket.
type column uint8

const (
	columnSum column = iota // of the trades' prices
	columnVolume
	columnTurnover
	columnMin
	columnMax
	columnFirst
)

// columnsOf says what a feature reads besides the number of trades.
func columnsOf(k featureKind) []column {
	switch k {
	case featureMean:
		return []column{columnSum}
	case featureMin:
		return []column{columnMin}
	case featureMax:
		return []column{columnMax}
	case featureVolume:
		return []column{columnVolume}
	case featureVWAP:
		return []column{columnVolume, columnTurnover}
	case featureChange:
		return []column{columnFirst}
	}
	return nil
}

func planWindow(period time.Duration, buckets int, features []Feature) windowPlan {
	p := windowPlan{period: period, buckets: buckets}
	p.width = (period + time.Duration(buckets) - 1) / time.Duration(buckets)
	var has [columnFirst + 1]bool
	for _, f := range features {
		if f.window == period {
			for _, c := range columnsOf(f.kind) {
				has[c] = true
			}
		}
	}
	for c, want := range has {
		if want {
			p.columns = append(p.columns, column(c))
		}
	}
	return p
}

// figures are what a run of trades adds up to. Without trades only count and the sums count.
type figures struct {
	sum, volume, turnover, low, high, first float64
	count                                   uint32 // stops at the greatest
}

func (f *figures) add(price, quantity float64) {
	if f.count == 0 {
		f.first, f.low, f.high = price, price, price
	} else {
		if price < f.low {
			f.low = price
		}
		if price > f.high {
			f.high = price
		}
	}
	f.sum += price
	f.volume += quantity
	// The conversion keeps arm64 from fusing: the same figures on every machine.
	f.turnover += float64(price * quantity)
	f.count = addCount(f.count, 1)
}

func addCount(a, b uint32) uint32 {
	if a > math.MaxUint32-b {
		return math.MaxUint32
	}
	return a + b
}

// window is one instrument's. The zero window has seen nothing.
type window struct {
	end     market.Timestamp // of the bucket under way; 0 before the first trade or read
	current figures          // of the bucket under way
	past    figures          // of the buckets in the ring
	number  int64            // which bucket is under way, since 1970
	slots   []slot           // ring of past buckets that had trades, oldest at head
	values  []float64        // their figures: len(columns) a slot
	head    uint8
	n       uint8 // slots in use
}

type slot struct {
	number uint32 // the low bits; unambiguous because older buckets than bucketsMax are gone
	count  uint32
}

// advance moves the window to t. Time does not go back: the caller sees to that.
func (w *window) advance(p *windowPlan, t market.Timestamp) {
	if t < w.end {
		return
	}
	w.roll(p, t)
}

func (w *window) roll(p *windowPlan, t market.Timestamp) {
	number := int64(t.Truncate(p.width)) / int64(p.width)
	gone := number - w.number
	if w.current.count > 0 {
		if gone < int64(p.buckets) {
			w.push(p)
		}
		w.current = figures{}
	}
	w.number = number
	w.end = market.Timestamp((number + 1) * int64(p.width))
	if w.n == 0 {
		w.past = figures{}
		return
	}
	if gone >= int64(p.buckets) {
		w.n, w.head = 0, 0
		w.past = figures{}
		return
	}
	for w.n > 0 && uint32(number)-w.slots[w.head].number >= uint32(p.buckets) {
		w.head = w.next(w.head)
		w.n--
	}
	w.recompute(p)
}

func (w *window) next(i uint8) uint8 {
	if i++; int(i) == len(w.slots) {
		return 0
	}
	return i
}

// push puts the bucket under way into the ring, which has room for buckets-1: at least one of
// buckets past ones has fallen out.
func (w *window) push(p *windowPlan) {
	if int(w.n) == len(w.slots) {
		if len(w.slots) == p.buckets-1 && int(w.n) > 0 {
			w.head = w.next(w.head) // the oldest falls out with this roll
			w.n--
		} else {
			w.grow(p)
		}
	}
	at := (int(w.head) + int(w.n)) % len(w.slots)
	w.slots[at] = slot{uint32(w.number), w.current.count}
	row := w.values[at*len(p.columns):]
	for i, c := range p.columns {
		switch c {
		case columnSum:
			row[i] = w.current.sum
		case columnVolume:
			row[i] = w.current.volume
		case columnTurnover:
			row[i] = w.current.turnover
		case columnMin:
			row[i] = w.current.low
		case columnMax:
			row[i] = w.current.high
		case columnFirst:
			row[i] = w.current.first
		}
	}
	w.n++
}

func (w *window) grow(p *windowPlan) {
	size := min(max(4, 2*len(w.slots)), p.buckets-1)
	slots, values := make([]slot, size), make([]float64, size*len(p.columns))
	width := len(p.columns)
	at := w.head
	for i := range int(w.n) {
		slots[i] = w.slots[at]
		copy(values[i*width:(i+1)*width], w.values[int(at)*width:])
		at = w.next(at)
	}
	w.slots, w.values, w.head = slots, values, 0
}

func (w *window) recompute(p *windowPlan) {
	w.past = figures{low: math.Inf(1), high: math.Inf(-1)}
	at := w.head
	for i := range int(w.n) {
		w.past.count = addCount(w.past.count, w.slots[at].count)
		row := w.values[int(at)*len(p.columns):]
		for k, c := range p.columns {
			v := row[k]
			switch c {
			case columnSum:
				w.past.sum += v
			case columnVolume:
				w.past.volume += v
			case columnTurnover:
				w.past.turnover += v
			case columnMin:
				w.past.low = min(w.past.low, v)
			case columnMax:
				w.past.high = max(w.past.high, v)
			case columnFirst:
				if i == 0 {
					w.past.first = v
				}
			}
		}
		at = w.next(at)
	}
}

// value returns the figure that feature kind k names, after advance; NaN where it has none. last
// is the instrument's last trade.
func (w *window) value(k featureKind, last float64) float64 {
	switch k {
	case featureVolume:
		return w.past.volume + w.current.volume
	case featureCount:
		return float64(w.past.count) + float64(w.current.count)
	}
	past, current := w.past.count > 0, w.current.count > 0
	if !past && !current {
		return math.NaN()
	}
	switch k {
	case featureMean:
		return (w.past.sum + w.current.sum) / (float64(w.past.count) + float64(w.current.count))
	case featureVWAP:
		volume := w.past.volume + w.current.volume
		if volume == 0 {
			return math.NaN()
		}
		return (w.past.turnover + w.current.turnover) / volume
	case featureMin:
		if !past {
			return w.current.low
		}
		if !current {
			return w.past.low
		}
		return min(w.past.low, w.current.low)
	case featureMax:
		if !past {
			return w.current.high
		}
		if !current {
			return w.past.high
		}
		return max(w.past.high, w.current.high)
	case featureChange:
		first := w.current.first
		if past {
			first = w.past.first
		}
		return last/first - 1
	}
	return math.NaN()
}
