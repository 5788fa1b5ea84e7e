package criteria

import (
	"math"
	"slices"
	"time"
)

// naive judges a tree by the definitions alone: every function looks at all bars anew, nothing is
// shared, kept or folded. Truths are 1, 0 and NaN.
type naive struct {
	env    *Env
	row    []float64
	bars   map[time.Duration][]Bar // since the gap; the last one may be under way
	doubt  bool                    // a comparison was so close that rounding decides
	budget int                     // of steps, as nested functions look at all bars each
}

// at is the bar that a part inside a function over bars is asked for.
type at struct {
	frame time.Duration // 0: now
	i     int
}

func (n *naive) value(x *node, a at) float64 {
	if n.budget--; n.budget < 0 {
		return math.NaN()
	}
	switch x.kind {
	case nodeNumber:
		return x.value
	case nodeDuration:
		return x.duration.Seconds()
	case nodeTruth:
		if x.truth {
			return 1
		}
		return 0
	case nodeName:
		return n.name(x, a)
	case nodeUnary:
		v := n.value(x.args[0], a)
		switch x.operator {
		case "-":
			return -v
		case "!":
			return 1 - v
		}
		return v
	case nodeBinary:
		return n.binary(x.operator, n.value(x.args[0], a), n.value(x.args[1], a))
	case nodeChain:
		all := 1.0
		for i, o := range x.operators {
			all = n.binary("&&", all, n.compare(o, n.value(x.args[i], a), n.value(x.args[i+1], a)))
		}
		return all
	case nodeBetween:
		v := n.value(x.args[0], a)
		all := n.binary("&&", n.compare(">=", v, n.value(x.args[1], a)), n.compare("<=", v, n.value(x.args[2], a)))
		if x.truth {
			return 1 - all
		}
		return all
	}
	return n.call(x, a)
}

func (n *naive) name(x *node, a at) float64 {
	if a.frame != 0 {
		return n.bars[a.frame][a.i].field(slices.Index(barFields, x.text))
	}
	if f, ok := n.env.feature(x.text); ok {
		return n.row[f.Slot]
	}
	bars := n.bars[n.env.Frame]
	if len(bars) == 0 {
		return math.NaN()
	}
	return bars[len(bars)-1].field(slices.Index(barFields, x.text))
}

func (n *naive) binary(operator string, a, b float64) float64 {
	switch operator {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return float64(a * b)
	case "/":
		if b == 0 {
			return math.NaN()
		}
		n.doubt = n.doubt || math.Abs(b) < 1e-9 // another order of the same sums may give zero
		return a / b
	case "&&":
		switch {
		case a == 0 || b == 0:
			return 0
		case a == 1 && b == 1:
			return 1
		}
		return math.NaN()
	}
	switch {
	case a == 1 || b == 1:
		return 1
	case a == 0 && b == 0:
		return 0
	}
	return math.NaN()
}

func (n *naive) compare(operator string, a, b float64) float64 {
	if a != a || b != b {
		return math.NaN()
	}
	if a != b && math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b), 1e-3) {
		n.doubt = true
	}
	is := map[string]bool{"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[operator]
	if is {
		return 1
	}
	return 0
}

// call is a function. Its interval is found as the language says: written last, that of the
// function around, that of one inside, or the default.
func (n *naive) call(x *node, a at) float64 {
	args := x.args
	if f := byName[x.text]; f != nil && f.scalar != 0 {
		out := n.value(args[0], a)
		for _, b := range args[1:] {
			v := n.value(b, a)
			switch {
			case out != out || v != v:
				out = math.NaN()
			case x.text == "min" && v < out, x.text == "max" && v > out:
				out = v
			}
		}
		switch x.text {
		case "abs":
			return math.Abs(out)
		case "sqrt":
			return math.Sqrt(out)
		case "floor":
			return math.Floor(out)
		case "ceil":
			return math.Ceil(out)
		case "round":
			return math.RoundToEven(out)
		case "sign":
			switch {
			case out > 0:
				return 1
			case out < 0:
				return -1
			}
		}
		return out
	}
	frame := a.frame
	if len(args) > 0 {
		if d, ok := interval(args[len(args)-1]); ok {
			frame, args = d, args[:len(args)-1]
		}
	}
	if frame == 0 {
		frame = n.env.Frame
		if d, ok := inner(args); ok {
			frame = d
		}
	}
	i := a.i
	if a.frame == 0 {
		i = len(n.bars[frame]) - 1
	}
	if i < 0 {
		return math.NaN()
	}
	if field := slices.Index(barFields, x.text); field >= 0 {
		return n.bars[frame][i].field(field)
	}
	return n.series(x.text, args, at{frame, i})
}

// past returns a series from the first bar to bar i.
func (n *naive) past(x *node, a at) []float64 {
	out := make([]float64, a.i+1)
	for i := range out {
		out[i] = n.value(x, at{a.frame, i})
	}
	return out
}

// fields returns a field of the bars up to bar i.
func (n *naive) fields(field int, a at) []float64 {
	out := make([]float64, a.i+1)
	for i := range out {
		out[i] = n.bars[a.frame][i].field(field)
	}
	return out
}

func isConstantNode(x *node) bool { return isParameter(x) }

func (n *naive) series(name string, args []*node, a at) float64 {
	f := byName[name]
	var xs [][]float64
	for _, s := range f.sources {
		if len(args) == 0 || s.field >= 0 && isConstantNode(args[0]) {
			xs = append(xs, n.fields(s.field, a))
			continue
		}
		xs, args = append(xs, n.past(args[0], a)), args[1:]
	}
	var p []float64
	for i, param := range f.params {
		if i < len(args) {
			p = append(p, n.value(args[i], at{}))
		} else {
			p = append(p, param.preset)
		}
	}
	var x []float64
	if len(xs) > 0 {
		x = xs[0]
	}
	last := a.i
	switch name {
	case "lag":
		return back(x, int(p[0]))
	case "prev":
		return back(x, 1)
	case "sum", "count":
		return sumOf(tail(x, p[0]))
	case "sma", "bollinger_middle":
		return meanOf(tail(x, p[0]))
	case "ema":
		return smooth(x, int(p[0]), 2/(p[0]+1))[last]
	case "rma":
		return smooth(x, int(p[0]), 1/p[0])[last]
	case "wma":
		total := 0.0
		w := tail(x, p[0])
		for i, v := range w {
			total += float64(i+1) * v
		}
		return total / (p[0] * (p[0] + 1) / 2) * known(w)
	case "stddev":
		return n.deviation(tail(x, p[0]), 0)
	case "stddev_sample":
		return n.deviation(tail(x, p[0]), 1)
	case "zscore":
		return n.binary("/", x[last]-meanOf(tail(x, p[0])), n.deviation(tail(x, p[0]), 0))
	case "highest":
		return extreme(tail(x, p[0]), func(a, b float64) bool { return a > b })
	case "lowest":
		return extreme(tail(x, p[0]), func(a, b float64) bool { return a < b })
	case "change":
		return n.binary("/", x[last], back(x, int(p[0]))) - 1
	case "momentum":
		return x[last] - back(x, int(p[0]))
	case "roc":
		return n.binary("/", x[last]-back(x, int(p[0])), back(x, int(p[0]))) * 100
	case "rsi":
		rises, falls := make([]float64, len(x)), make([]float64, len(x))
		rises[0], falls[0] = math.NaN(), math.NaN()
		for i := 1; i < len(x); i++ {
			by := x[i] - x[i-1]
			rises[i], falls[i] = by, by
			if by == by {
				rises[i], falls[i] = math.Max(by, 0), math.Max(-by, 0)
			}
		}
		up, down := smooth(rises, int(p[0]), 1/p[0])[last], smooth(falls, int(p[0]), 1/p[0])[last]
		switch {
		case up == 0 && down == 0:
			return math.NaN()
		case down == 0:
			return 100
		}
		return 100 - 100/(1+up/down)
	case "macd", "macd_signal", "macd_histogram":
		line := make([]float64, len(x))
		for i := range line {
			line[i] = smooth(x[:i+1], int(p[0]), 2/(p[0]+1))[i] - smooth(x[:i+1], int(p[1]), 2/(p[1]+1))[i]
		}
		if name == "macd" {
			return line[last]
		}
		signal := smooth(line, int(p[2]), 2/(p[2]+1))[last]
		if name == "macd_signal" {
			return signal
		}
		return line[last] - signal
	case "bollinger_upper", "bollinger_lower", "bollinger_width", "bollinger_percent_b":
		middle, by := meanOf(tail(x, p[0])), p[1]*n.deviation(tail(x, p[0]), 0)
		switch name {
		case "bollinger_upper":
			return middle + by
		case "bollinger_lower":
			return middle - by
		case "bollinger_width":
			return n.binary("/", 2*by, middle)
		}
		return n.binary("/", x[last]-(middle-by), 2*by)
	case "true_range":
		return n.ranges(a)[last]
	case "atr":
		return smooth(n.ranges(a), int(p[0]), 1/p[0])[last]
	case "stochastic_k":
		return meanOf(tail(n.stochastic(a, p[0]), p[1]))
	case "stochastic_d":
		k := n.stochastic(a, p[0])
		d := make([]float64, len(k))
		for i := range k {
			d[i] = meanOf(tail(k[:i+1], p[1]))
		}
		return meanOf(tail(d, p[2]))
	case "vwap":
		money, volume := make([]float64, last+1), n.fields(barVolume, a)
		for i := range money {
			b := n.bars[a.frame][i]
			money[i] = (b.High + b.Low + b.Close) / 3 * b.Volume
		}
		return n.binary("/", sumOf(tail(money, p[0])), sumOf(tail(volume, p[0])))
	case "obv":
		closes, total := n.fields(barClose, a), math.NaN()
		for i := 1; i <= last; i++ {
			if i == 1 {
				total = 0
			}
			switch v := n.bars[a.frame][i].Volume; {
			case closes[i] > closes[i-1]:
				total += v
			case closes[i] < closes[i-1]:
				total -= v
			}
		}
		return total
	case "consecutive":
		for i := range int(p[0]) {
			switch v := back(x, i); {
			case v != v:
				return v
			case v == 0:
				return float64(i)
			}
		}
		return p[0]
	case "crosses_above", "crosses_below":
		y := xs[1]
		if name == "crosses_below" {
			x, y = y, x
		}
		return n.binary("&&", n.compare(">", x[last], y[last]), n.compare("<=", back(x, 1), back(y, 1)))
	}
	panic("no definition of " + name)
}

func (n *naive) ranges(a at) []float64 {
	out := make([]float64, a.i+1)
	for i := range out {
		b := n.bars[a.frame][i]
		if out[i] = b.High - b.Low; i > 0 {
			before := n.bars[a.frame][i-1].Close
			out[i] = math.Max(out[i], math.Max(math.Abs(b.High-before), math.Abs(b.Low-before)))
		}
	}
	return out
}

func (n *naive) stochastic(a at, length float64) []float64 {
	out := make([]float64, a.i+1)
	for i := range out {
		up := at{a.frame, i}
		low := extreme(tail(n.fields(barLow, up), length), func(a, b float64) bool { return a < b })
		high := extreme(tail(n.fields(barHigh, up), length), func(a, b float64) bool { return a > b })
		out[i] = n.binary("/", n.bars[a.frame][i].Close-low, high-low) * 100
	}
	return out
}

// tail returns the last n figures; a single NaN where there are fewer.
func tail(x []float64, n float64) []float64 {
	if len(x) < int(n) {
		return []float64{math.NaN()}
	}
	return x[len(x)-int(n):]
}

func back(x []float64, n int) float64 {
	if n >= len(x) {
		return math.NaN()
	}
	return x[len(x)-1-n]
}

func sumOf(x []float64) (total float64) {
	for _, v := range x {
		total += v
	}
	return total
}

// known is 1, or NaN if something in x is.
func known(x []float64) float64 { return 1 + 0*sumOf(x) }

func meanOf(x []float64) float64 { return sumOf(x) / float64(len(x)) }

// deviation is deviationOf. Where next to nothing moved, rounding is all there is.
func (n *naive) deviation(x []float64, sample float64) float64 {
	d, most := deviationOf(x, sample), 0.0
	for _, v := range x {
		most = max(most, math.Abs(v))
	}
	n.doubt = n.doubt || d > 0 && d < 1e-6*most
	return d
}

// deviationOf is by the two-pass formula; a window in which nothing moved has none at all.
func deviationOf(x []float64, sample float64) float64 {
	flat := true
	for _, v := range x {
		flat = flat && v == x[0]
	}
	if flat && float64(len(x)) > sample {
		return 0
	}
	mean, total := meanOf(x), 0.0
	for _, v := range x {
		total += (v - mean) * (v - mean)
	}
	return math.Sqrt(total / (float64(len(x)) - sample))
}

func extreme(x []float64, beats func(a, b float64) bool) float64 {
	best := x[0]
	for _, v := range x {
		if v != v {
			return v
		}
		if beats(v, best) {
			best = v
		}
	}
	return best
}

// smooth is the exponential average with a weight, begun with a mean of n known figures in a row.
func smooth(x []float64, n int, weight float64) []float64 {
	out := make([]float64, len(x))
	value, run := math.NaN(), 0
	for i, v := range x {
		switch {
		case v != v:
			value, run = math.NaN(), 0
		case run < n-1:
			run++
		case run == n-1:
			value, run = meanOf(x[i-n+1:i+1]), n
		default:
			value += weight * (v - value)
		}
		out[i] = value
		if run < n {
			out[i] = math.NaN()
		}
	}
	return out
}
