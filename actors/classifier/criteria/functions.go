package criteria

import (
	"fmt"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/classifier/indicator"
)

// Function documents one function of the language.
type Function struct {
	Name    string
	Usage   string // how it is called; what has a = may be left out
	Unit    string
	Formula string
	Warmup  string // bars until it is known, n being its length
	Source  string // where the formula comes from
}

// function is a function and how it becomes steps.
type function struct {
	Function
	scalar  int8        // 0: over bars; else how many figures it takes, -1: two or more
	op      op          // of a scalar function
	sources []source    // what comes before the parameters
	params  []parameter // whole numbers first, as their order is in the text
	build   func(c *checker, f int8, x []int32, p []float64, label string) int32
}

// source is a series that a function over bars reads.
type source struct {
	name  string
	field int  // that stands for it where it is left out; -1: it must be there
	truth bool // a condition
}

// parameter is a constant.
type parameter struct {
	name     string
	preset   float64 // 0: it must be there
	low      int
	fraction bool // need not be whole
}

var (
	ofClose  = []source{{"x", barClose, false}}
	ofHigh   = []source{{"x", barHigh, false}}
	ofLow    = []source{{"x", barLow, false}}
	ofAny    = []source{{"x", -1, false}}
	ofTruth  = []source{{"condition", -1, true}}
	ofTwo    = []source{{"x", -1, false}, {"y", -1, false}}
	length   = []parameter{{name: "n", low: 1}}
	fastSlow = []parameter{{name: "fast", preset: 12, low: 1}, {name: "slow", preset: 26, low: 2}}
	signal   = append(slices.Clone(fastSlow), parameter{name: "signal", preset: 9, low: 1})
	bands    = []parameter{{name: "n", preset: 20, low: 2}, {name: "k", preset: 2, fraction: true}}
)

func one(preset float64, low int) []parameter {
	return []parameter{{name: "n", preset: preset, low: low}}
}

// windowed is the build of a function that is one block over its source.
func windowed(o op) func(*checker, int8, []int32, []float64, string) int32 {
	return func(c *checker, f int8, x []int32, p []float64, label string) int32 {
		return c.window(o, f, x[0], int(p[0]), label)
	}
}

const (
	wilder78  = "Wilder, New Concepts in Technical Trading Systems, 1978"
	chartUniv = "StockCharts ChartSchool"
	bollinger = "Bollinger, Bollinger on Bollinger Bands, 2001"
)

// functions are all there are, in the order of the reference.
var functions = []function{
	{Function: Function{"abs", "", "as x", "the size of x without its sign", "-", "-"}, scalar: 1, op: opAbs},
	{Function: Function{"min", "", "as x", "the least", "-", "-"}, scalar: -1, op: opMin},
	{Function: Function{"max", "", "as x", "the greatest", "-", "-"}, scalar: -1, op: opMax},
	{Function: Function{"sqrt", "", "root of x's", "square root; not ready below zero", "-", "IEEE 754"}, scalar: 1, op: opSqrt},
	{Function: Function{"floor", "", "as x", "the greatest whole number not above x", "-", "-"}, scalar: 1, op: opFloor},
	{Function: Function{"ceil", "", "as x", "the least whole number not below x", "-", "-"}, scalar: 1, op: opCeil},
	{Function: Function{"round", "", "as x", "the nearest whole number; of two the even one", "-", "IEEE 754"}, scalar: 1, op: opRound},
	{Function: Function{"sign", "", "-1, 0, 1", "-1 below zero, 1 above, else 0", "-", "-"}, scalar: 1, op: opSign},

	{Function: Function{"lag", "", "as x", "x as it was n bars before; lag(x, 0) is x", "n + 1", "-"},
		sources: ofAny, params: []parameter{{name: "n", low: 0}}, build: windowed(opLag)},
	{Function: Function{"prev", "", "as x", "lag(x, 1)", "2", "-"}, sources: ofClose,
		build: func(c *checker, f int8, x []int32, _ []float64, label string) int32 {
			return c.window(opLag, f, x[0], 1, label)
		}},
	{Function: Function{"sum", "", "as x", "x₁ + … + xₙ", "n", "-"}, sources: ofAny, params: length, build: windowed(opSum)},
	{Function: Function{"sma", "", "as x", "(x₁ + … + xₙ) / n", "n", chartUniv + ", Moving Averages"}, sources: ofClose, params: length, build: windowed(opMean)},
	{Function: Function{"ema", "", "as x", "e + 2/(n+1) × (x - e), e being the one before; the first is sma(x, n)", "n", chartUniv + ", Moving Averages"},
		sources: ofClose, params: length, build: windowed(opExponential)},
	{Function: Function{"wma", "", "as x", "(1×x₁ + … + n×xₙ) / (n(n+1)/2), xₙ the newest", "n", "Kaufman, Trading Systems and Methods, 2013, ch. 7"},
		sources: ofClose, params: length, build: windowed(opWeighted)},
	{Function: Function{"rma", "", "as x", "(r × (n-1) + x) / n, r being the one before; the first is sma(x, n)", "n", wilder78}, sources: ofClose, params: length, build: windowed(opWilder)},
	{Function: Function{"stddev", "", "as x", "√(Σ(x - mean)² / n): of the population", "n", "-"}, sources: ofClose, params: length, build: windowed(opDeviation)},
	{Function: Function{"stddev_sample", "", "as x", "√(Σ(x - mean)² / (n-1)): of a sample", "n", "-"}, sources: ofClose, params: one(0, 2), build: windowed(opSampleDeviation)},
	{Function: Function{"zscore", "", "deviations", "(x - sma(x, n)) / stddev(x, n); not ready where nothing moved", "n", "-"}, sources: ofClose, params: one(0, 2), build: zscore},
	{Function: Function{"highest", "", "as x", "the greatest of n bars, of their highs unless x is given", "n", "-"}, sources: ofHigh, params: length, build: windowed(opHighest)},
	{Function: Function{"lowest", "", "as x", "the least of n bars, of their lows unless x is given", "n", "-"}, sources: ofLow, params: length, build: windowed(opLowest)},
	{Function: Function{"change", "", "fraction", "x / lag(x, n) - 1; 0.01 is one percent", "n + 1", "-"}, sources: ofClose, params: one(1, 1), build: change},
	{Function: Function{"momentum", "", "as x", "x - lag(x, n)", "n + 1", "Murphy, Technical Analysis of the Financial Markets, 1999, ch. 10"}, sources: ofClose, params: one(10, 1),
		build: func(c *checker, f int8, x []int32, p []float64, label string) int32 {
			return c.binary(opSubtract, f, x[0], c.window(opLag, f, x[0], int(p[0]), ""), label)
		}},
	{Function: Function{"roc", "", "percent", "(x - lag(x, n)) / lag(x, n) × 100", "n + 1", chartUniv + ", Rate of Change"}, sources: ofClose, params: one(12, 1), build: rateOfChange},
	{Function: Function{"rsi", "", "0 to 100", "100 - 100 / (1 + rma(rises, n) / rma(falls, n)); 100 without falls, not ready without either", "n + 1", wilder78}, sources: ofClose, params: one(14, 1), build: strength},
	{Function: Function{"macd", "", "as x", "ema(x, fast) - ema(x, slow)", "slow", "Appel, Technical Analysis, 2005; " + chartUniv + ", MACD"}, sources: ofClose, params: fastSlow, build: macdLine},
	{Function: Function{"macd_signal", "", "as x", "ema(macd(x, fast, slow), signal)", "slow + signal - 1", "as macd"}, sources: ofClose, params: signal, build: macdSignal},
	{Function: Function{"macd_histogram", "", "as x", "macd - macd_signal", "slow + signal - 1", "as macd"}, sources: ofClose, params: signal,
		build: func(c *checker, f int8, x []int32, p []float64, label string) int32 {
			return c.binary(opSubtract, f, macdLine(c, f, x, p, ""), macdSignal(c, f, x, p, ""), label)
		}},
	{Function: Function{"bollinger_upper", "", "as x", "sma(x, n) + k × stddev(x, n)", "n", bollinger}, sources: ofClose, params: bands,
		build: func(c *checker, f int8, x []int32, p []float64, label string) int32 {
			return band(c, f, x[0], p, opAdd, label)
		}},
	{Function: Function{"bollinger_middle", "", "as x", "sma(x, n)", "n", bollinger}, sources: ofClose, params: one(20, 2), build: windowed(opMean)},
	{Function: Function{"bollinger_lower", "", "as x", "sma(x, n) - k × stddev(x, n)", "n", bollinger}, sources: ofClose, params: bands,
		build: func(c *checker, f int8, x []int32, p []float64, label string) int32 {
			return band(c, f, x[0], p, opSubtract, label)
		}},
	{Function: Function{"bollinger_width", "", "fraction", "(upper - lower) / middle", "n", bollinger}, sources: ofClose, params: bands, build: bandWidth},
	{Function: Function{"bollinger_percent_b", "", "fraction", "(x - lower) / (upper - lower); not ready where nothing moved", "n", bollinger}, sources: ofClose, params: bands, build: percentB},
	{Function: Function{"true_range", "", "quote", "max(high - low, abs(high - prev close), abs(low - prev close)); of the first bar high - low", "1", wilder78},
		build: func(c *checker, f int8, _ []int32, _ []float64, label string) int32 { return trueRange(c, f, label) }},
	{Function: Function{"atr", "", "quote", "rma(true_range, n)", "n", wilder78 + "; " + chartUniv + ", ATR"}, params: one(14, 1),
		build: func(c *checker, f int8, _ []int32, p []float64, label string) int32 {
			return c.window(opWilder, f, trueRange(c, f, ""), int(p[0]), label)
		}},
	{Function: Function{"stochastic_k", "", "0 to 100", "sma((close - L) / (H - L) × 100, smooth), H and L being highest(n) and lowest(n); not ready where H = L", "n + smooth - 1", "Lane; " + chartUniv + ", Stochastic Oscillator"},
		params: []parameter{{name: "n", preset: 14, low: 1}, {name: "smooth", preset: 1, low: 1}}, build: stochasticK},
	{Function: Function{"stochastic_d", "", "0 to 100", "sma(stochastic_k(n, smooth), d)", "n + smooth + d - 2", "as stochastic_k"},
		params: []parameter{{name: "n", preset: 14, low: 1}, {name: "smooth", preset: 1, low: 1}, {name: "d", preset: 3, low: 1}},
		build: func(c *checker, f int8, x []int32, p []float64, label string) int32 {
			return c.window(opMean, f, stochasticK(c, f, x, p, ""), int(p[2]), label)
		}},
	{Function: Function{"vwap", "", "quote", "Σ((high + low + close)/3 × volume) / Σ volume over n bars; not ready without volume", "n", chartUniv + ", VWAP"}, params: length, build: vwap},
	{Function: Function{"obv", "", "base", "the sum of volume × sign(close - prev close) since the first bar that is known; only its changes mean something", "2", "Granville, New Key to Stock Market Profits, 1963"}, build: balance},
	{Function: Function{"count", "", "bars", "of how many of n bars the condition is true", "n", "-"}, sources: ofTruth, params: length, build: windowed(opSum)},
	{Function: Function{"consecutive", "", "bars", "how many bars in a row, up to the newest, the condition was true; at most n", "n, less once it was false", "-"}, sources: ofTruth, params: length, build: windowed(opRun)},
	{Function: Function{"crosses_above", "", "true or false", "x > y && prev(x) <= prev(y)", "2", "-"}, sources: ofTwo,
		build: func(c *checker, f int8, x []int32, _ []float64, label string) int32 {
			return crosses(c, f, x[0], x[1], label)
		}},
	{Function: Function{"crosses_below", "", "true or false", "x < y && prev(x) >= prev(y)", "2", "-"}, sources: ofTwo,
		build: func(c *checker, f int8, x []int32, _ []float64, label string) int32 {
			return crosses(c, f, x[1], x[0], label)
		}},
}

// functionNames are the names of the functions, of those that read a bar's field too.
var functionNames []string

// byName is functions by name. It is filled at the start: functions refers to what reads it.
var byName = map[string]*function{}

func init() {
	for i := range functions {
		f := &functions[i]
		f.Usage = f.usage()
		byName[f.Name] = f
		functionNames = append(functionNames, f.Name)
	}
	functionNames = append(functionNames, barFields...)
}

// Functions lists the functions for documentation.
func Functions() []Function {
	all := make([]Function, len(functions))
	for i := range functions {
		all[i] = functions[i].Function
	}
	return all
}

// usage writes how the function is called; what has a = may be left out.
func (f *function) usage() string {
	switch f.scalar {
	case 1:
		return f.Name + "(x)"
	case -1:
		return f.Name + "(x, y, …)"
	}
	var values []string
	for _, s := range f.sources {
		if s.field >= 0 {
			s.name += "=" + barFields[s.field]
		}
		values = append(values, s.name)
	}
	for _, p := range f.params {
		if p.preset != 0 {
			p.name += fmt.Sprintf("=%g", p.preset)
		}
		values = append(values, p.name)
	}
	return f.Name + "(" + strings.Join(append(values, "frame"), ", ") + ")"
}

// usage writes how a function of that name is called.
func usage(name string) string {
	if f := byName[name]; f != nil {
		return f.Usage
	}
	return name + `("1d")`
}

func zscore(c *checker, f int8, x []int32, p []float64, label string) int32 {
	n := int(p[0])
	from := c.binary(opSubtract, f, x[0], c.window(opMean, f, x[0], n, ""), "")
	return c.binary(opDivide, f, from, c.window(opDeviation, f, x[0], n, ""), label)
}

func change(c *checker, f int8, x []int32, p []float64, label string) int32 {
	ratio := c.binary(opDivide, f, x[0], c.window(opLag, f, x[0], int(p[0]), ""), "")
	return c.binary(opSubtract, f, ratio, c.constant(1), label)
}

func rateOfChange(c *checker, f int8, x []int32, p []float64, label string) int32 {
	before := c.window(opLag, f, x[0], int(p[0]), "")
	ratio := c.binary(opDivide, f, c.binary(opSubtract, f, x[0], before, ""), before, "")
	return c.binary(opMultiply, f, ratio, c.constant(100), label)
}

// strength is RSI as 100 × rises / (rises + falls), which is the same and divides by zero only
// where nothing moved.
func strength(c *checker, f int8, x []int32, p []float64, label string) int32 {
	by := c.binary(opSubtract, f, x[0], c.window(opLag, f, x[0], 1, ""), "")
	zero := c.constant(0)
	rises := c.window(opWilder, f, c.binary(opMax, f, by, zero, ""), int(p[0]), "")
	falls := c.window(opWilder, f, c.binary(opMax, f, c.unary(opNegate, f, by, ""), zero, ""), int(p[0]), "")
	part := c.binary(opDivide, f, rises, c.binary(opAdd, f, rises, falls, ""), "")
	return c.binary(opMultiply, f, part, c.constant(100), label)
}

func macdLine(c *checker, f int8, x []int32, p []float64, label string) int32 {
	return c.binary(opSubtract, f, c.window(opExponential, f, x[0], int(p[0]), ""), c.window(opExponential, f, x[0], int(p[1]), ""), label)
}

func macdSignal(c *checker, f int8, x []int32, p []float64, label string) int32 {
	return c.window(opExponential, f, macdLine(c, f, x, p, ""), int(p[2]), label)
}

// band returns the middle with k deviations added or subtracted.
func band(c *checker, f int8, x int32, p []float64, o op, label string) int32 {
	n := int(p[0])
	by := c.binary(opMultiply, f, c.window(opDeviation, f, x, n, ""), c.constant(p[1]), "")
	return c.binary(o, f, c.window(opMean, f, x, n, ""), by, label)
}

func bandWidth(c *checker, f int8, x []int32, p []float64, label string) int32 {
	both := c.binary(opMultiply, f, c.window(opDeviation, f, x[0], int(p[0]), ""), c.constant(2*p[1]), "")
	return c.binary(opDivide, f, both, c.window(opMean, f, x[0], int(p[0]), ""), label)
}

func percentB(c *checker, f int8, x []int32, p []float64, label string) int32 {
	both := c.binary(opMultiply, f, c.window(opDeviation, f, x[0], int(p[0]), ""), c.constant(2*p[1]), "")
	return c.binary(opDivide, f, c.binary(opSubtract, f, x[0], band(c, f, x[0], p, opSubtract, ""), ""), both, label)
}

func trueRange(c *checker, f int8, label string) int32 {
	high, low := c.bar(f, barHigh), c.bar(f, barLow)
	before := c.window(opLag, f, c.bar(f, barClose), 1, "")
	own := c.binary(opSubtract, f, high, low, "")
	up := c.unary(opAbs, f, c.binary(opSubtract, f, high, before, ""), "")
	down := c.unary(opAbs, f, c.binary(opSubtract, f, low, before, ""), "")
	return c.binary(opElse, f, c.binary(opMax, f, own, c.binary(opMax, f, up, down, ""), ""), own, label)
}

func stochasticK(c *checker, f int8, _ []int32, p []float64, label string) int32 {
	n := int(p[0])
	low := c.window(opLowest, f, c.bar(f, barLow), n, "")
	high := c.window(opHighest, f, c.bar(f, barHigh), n, "")
	part := c.binary(opDivide, f, c.binary(opSubtract, f, c.bar(f, barClose), low, ""), c.binary(opSubtract, f, high, low, ""), "")
	k := c.binary(opMultiply, f, part, c.constant(100), label)
	if p[1] > 1 {
		return c.window(opMean, f, k, int(p[1]), label)
	}
	return k
}

func vwap(c *checker, f int8, _ []int32, p []float64, label string) int32 {
	n := int(p[0])
	prices := c.binary(opAdd, f, c.binary(opAdd, f, c.bar(f, barHigh), c.bar(f, barLow), ""), c.bar(f, barClose), "")
	volume := c.bar(f, barVolume)
	money := c.binary(opMultiply, f, c.binary(opDivide, f, prices, c.constant(3), ""), volume, "")
	return c.binary(opDivide, f, c.window(opSum, f, money, n, ""), c.window(opSum, f, volume, n, ""), label)
}

func balance(c *checker, f int8, _ []int32, _ []float64, label string) int32 {
	closing := c.bar(f, barClose)
	way := c.unary(opSign, f, c.binary(opSubtract, f, closing, c.window(opLag, f, closing, 1, ""), ""), "")
	return c.window(opTotal, f, c.binary(opMultiply, f, way, c.bar(f, barVolume), ""), 0, label)
}

func crosses(c *checker, f int8, x, y int32, label string) int32 {
	is := c.binary(opGreater, f, x, y, label)
	was := c.binary(opGreaterEqual, f, c.lagged(f, y), c.lagged(f, x), label)
	return c.join("&&", f, is, was, label)
}

// lagged is x of the bar before; a constant is what it always was.
func (c *checker) lagged(f int8, x int32) int32 {
	if c.isConstant(x) {
		return x
	}
	return c.window(opLag, f, x, 1, "")
}

// lengthMax is the longest window.
const lengthMax = indicator.WindowMax
