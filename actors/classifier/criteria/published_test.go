package criteria

import (
	"math"
	"testing"
	"time"
)

const day = 24 * time.Hour

// table is bars as published examples print them: what they leave out is the close.
type table struct{ high, low, close, volume []float64 }

func (t table) bars() []Bar {
	bars := make([]Bar, len(t.close))
	for i, c := range t.close {
		b := Bar{Start: int64(i) * int64(day), Open: c, High: c, Low: c, Close: c, Volume: 1, Turnover: c}
		if t.high != nil {
			b.High, b.Low = t.high[i], t.low[i]
		}
		if t.volume != nil {
			b.Volume = t.volume[i]
		}
		bars[i] = b
	}
	return bars
}

// seriesOf returns the figure of an expression after every bar.
func seriesOf(t *testing.T, expression string, bars []Bar) []float64 {
	t.Helper()
	p, err := Compile(Env{Frames: []time.Duration{day}, Frame: day}, expression+" > 0")
	if err != nil {
		t.Fatal(err)
	}
	in := p.NewInstance()
	out := make([]float64, len(bars))
	for i, b := range bars {
		if err := in.Close(day, b); err != nil {
			t.Fatal(err)
		}
		out[i] = in.values[p.roots[0].figures[0].id]
	}
	return out
}

// Examples that StockCharts' ChartSchool prints with four decimals, and their results with two.
var (
	// Moving Averages: ten days' simple and exponential averages of Intel.
	averages = table{close: []float64{22.2734, 22.1940, 22.0847, 22.1741, 22.1840, 22.1344, 22.2337, 22.4323, 22.2436, 22.2933, 22.1542, 22.3926, 22.3816, 22.6109, 23.3558,
		24.0519, 23.7530, 23.8324, 23.9516, 23.6338, 23.8225, 23.8722, 23.6537, 23.1870, 23.0976, 23.3260, 22.6805, 23.0976, 22.4025, 22.1725}}
	// Relative Strength Index: fourteen days of QQQ.
	strengths = table{close: []float64{44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328, 45.6140, 46.2820, 46.2820,
		46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521, 45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314}}
	// Wilder's own table in New Concepts in Technical Trading Systems, 1978, section VI.
	wilders = table{close: []float64{54.80, 56.80, 57.85, 59.85, 60.57, 61.10, 62.17, 60.60, 62.35, 62.15, 62.35, 61.45, 62.80, 61.37, 62.50, 62.57, 60.80, 59.37, 60.35, 62.35,
		62.17, 62.55, 64.55, 64.37, 65.30, 64.42, 62.90, 61.60, 62.05, 60.05, 59.70, 60.90, 60.25, 58.27, 58.70, 57.72, 58.10, 58.20}}
	// Bollinger Bands: twenty days of SPY.
	bandsOfSPY = table{close: []float64{86.1557, 89.0867, 88.7829, 90.3228, 89.0671, 91.1453, 89.4397, 89.1750, 86.9302, 87.6752, 86.9596, 89.4299, 89.3221, 88.7241, 87.4497, 87.2634,
		89.4985, 87.9006, 89.1260, 90.7043, 92.9001, 92.9784, 91.8021, 92.6647, 92.6843, 92.3021, 92.7725, 92.5373, 92.9490, 93.2039, 91.0669, 89.8318, 89.7435, 90.3994, 90.7387, 88.0177,
		88.0867, 88.8439, 90.7781, 90.5416, 91.3894, 90.6500}}
	// Average True Range: fourteen days of QQQ.
	ranges = table{
		high: []float64{48.70, 48.72, 48.90, 48.87, 48.82, 49.05, 49.20, 49.35, 49.92, 50.19, 50.12, 49.66, 49.88, 50.19, 50.36, 50.57, 50.65, 50.43, 49.63, 50.33, 50.29, 50.17, 49.32,
			48.50, 48.32, 46.80, 47.80, 48.39, 48.66, 48.79},
		low: []float64{47.79, 48.14, 48.39, 48.37, 48.24, 48.64, 48.94, 48.86, 49.50, 49.87, 49.20, 48.90, 49.43, 49.73, 49.26, 50.09, 50.30, 49.21, 48.98, 49.61, 49.20, 49.43, 48.08,
			47.64, 41.55, 44.28, 47.31, 47.20, 47.90, 47.73},
		close: []float64{48.16, 48.61, 48.75, 48.63, 48.74, 49.03, 49.07, 49.32, 49.91, 50.13, 49.53, 49.50, 49.75, 50.03, 50.31, 50.52, 50.41, 49.34, 49.37, 50.23, 49.24, 49.93, 48.43,
			48.18, 46.57, 45.41, 47.77, 47.72, 48.62, 47.85}}
	// Stochastic Oscillator: fourteen days; closes are printed from the fourteenth on.
	stochastics = table{
		high: []float64{127.0090, 127.6159, 126.5911, 127.3472, 128.1730, 128.4317, 127.3671, 126.4220, 126.8995, 126.8498, 125.6460, 125.7156, 127.1582, 127.7154, 127.6855, 128.2228,
			128.2725, 128.0934, 128.2725, 127.7353, 128.7700, 129.2873, 130.0633, 129.1182, 129.2873, 128.4715, 128.0934, 128.6506, 129.1381, 128.6406},
		low: []float64{125.3574, 126.1633, 124.9296, 126.0937, 126.8199, 126.4817, 126.0340, 124.8301, 126.3921, 125.7156, 124.5615, 124.5715, 125.0689, 126.8597, 126.6309, 126.8001,
			126.7105, 126.8001, 126.1335, 125.9245, 126.9891, 127.8148, 128.4715, 128.0641, 127.6059, 127.5960, 126.9990, 126.8995, 127.4865, 127.3970},
		close: []float64{126, 126, 126, 126, 127, 127, 127, 126, 126, 126, 125, 125, 126, 127.2876, 127.1781, 128.0138, 127.1085, 127.7253, 127.0587, 127.3273, 128.7103, 127.8745,
			128.5809, 128.6008, 127.9342, 128.1133, 127.5960, 127.5960, 128.6904, 128.2725}}
	// Rate of Change: twelve days of the Dow Jones Industrials, spring 2010.
	dow = table{close: []float64{11045.27, 11167.32, 11008.61, 11151.83, 10926.77, 10868.12, 10520.32, 10380.43, 10785.14, 10748.26, 10896.91, 10782.95, 10620.16, 10625.83, 10510.95,
		10444.37, 10068.01, 10193.39, 10066.57, 10043.75}}
	// investexcel.net, "How to Calculate MACD in Excel": Apple, spring 2013.
	apple = table{close: []float64{459.99, 448.85, 446.06, 450.81, 442.80, 448.97, 444.57, 441.40, 430.47, 420.05, 431.14, 425.66, 430.58, 431.72, 437.87, 428.43, 428.35, 432.50, 443.66,
		455.72, 454.49, 452.08, 452.73, 461.91, 463.58, 461.14, 452.08, 442.66, 428.91, 429.79, 431.99, 427.72, 423.20, 426.21, 426.98, 435.69, 434.33, 429.80, 419.85, 426.24}}
	// Investopedia, On-Balance Volume: ten days.
	granville = table{close: []float64{10, 10.15, 10.17, 10.13, 10.11, 10.15, 10.20, 10.20, 10.22, 10.21},
		volume: []float64{25200, 30000, 25600, 32000, 23000, 40000, 36000, 20500, 23000, 27500}}
	// NIST Statistical Reference Datasets, NumAcc1 and NumAcc3: their sample deviations are exactly
	// 1 and 0.1, and lost by sums of squares that are not shifted.
	numAcc1 = table{close: []float64{10000001, 10000003, 10000002}}
	numAcc3 = table{close: append([]float64{1000000.2}, alternating(1000000.1, 1000000.3, 1000)...)}
	// Corporate Finance Institute, Weighted Moving Average: five days.
	weighted = table{close: []float64{90.91, 90.83, 90.28, 90.36, 90.90}}
)

// alternating repeats a and b, n figures of them.
func alternating(a, b float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		if out[i] = a; i%2 == 1 {
			out[i] = b
		}
	}
	return out
}

// TestPublished holds the functions to examples that others published.
func TestPublished(t *testing.T) {
	for _, test := range []struct {
		name, expression string
		table            table
		first            int     // bar of the first figure, from 1; every bar before is not ready
		within           float64 // half of the last digit that is printed, or what the source rounds on the way
		want             []float64
	}{
		{"StockCharts SMA", "sma(10)", averages, 10, 0.0051, []float64{22.22, 22.21, 22.23, 22.26, 22.31, 22.42, 22.61, 22.77, 22.91, 23.08, 23.21, 23.38, 23.53, 23.65, 23.71, 23.69, 23.61, 23.51, 23.43, 23.28, 23.13}},
		{"StockCharts EMA", "ema(10)", averages, 10, 0.0051, []float64{22.22, 22.21, 22.24, 22.27, 22.33, 22.52, 22.80, 22.97, 23.13, 23.28, 23.34, 23.43, 23.51, 23.54, 23.47, 23.40, 23.39, 23.26, 23.23, 23.08, 22.92}},
		{"StockCharts RSI", "rsi(14)", strengths, 15, 0.0051, []float64{70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42, 39.99, 41.46, 41.87, 45.46, 37.30, 33.08, 37.77}},
		{"Wilder RSI, whose averages are rounded on the way", "rsi(14)", wilders, 15, 0.55, []float64{74.36, 74.55, 65.75, 59.68, 61.98, 66.44, 65.75, 67.00, 71.43, 70.50, 72.14, 67.95, 60.78, 55.56, 56.71, 49.49, 48.19, 52.38, 50.00, 43.50, 45.36, 42.53, 44.14, 44.75}},
		{"StockCharts ATR", "atr(14)", ranges, 14, 0.0151, []float64{0.56, 0.59, 0.59, 0.57, 0.62, 0.62, 0.64, 0.67, 0.69, 0.77, 0.78, 1.21, 1.30, 1.38, 1.37, 1.34, 1.32}},
		{"StockCharts %K", "stochastic_k(14)", stochastics, 14, 0.0151, []float64{70.44, 67.61, 89.20, 65.81, 81.75, 64.52, 74.53, 98.58, 70.10, 73.06, 73.42, 61.23, 60.96, 40.39, 40.39, 66.83, 56.73}},
		{"StockCharts %D", "stochastic_d(14, 1, 3)", stochastics, 16, 0.0151, []float64{75.75, 74.21, 78.92, 70.69, 73.60, 79.21, 81.07, 80.58, 72.20, 69.24, 65.20, 54.19, 47.24, 49.20, 54.65}},
		{"StockCharts ROC", "roc(12)", dow, 13, 0.0051, []float64{-3.85, -4.85, -4.52, -6.34, -7.86, -6.21, -4.31, -3.24}},
		{"StockCharts middle band", "bollinger_middle(20)", bandsOfSPY, 20, 0.0051, []float64{88.71, 89.05, 89.24, 89.39, 89.51, 89.69, 89.75, 89.91, 90.08, 90.38, 90.66, 90.86, 90.88, 90.91, 90.99, 91.15, 91.19, 91.12, 91.17, 91.25, 91.24, 91.17, 91.05}},
		{"StockCharts upper band", "bollinger_upper(20, 2)", bandsOfSPY, 20, 0.0051, []float64{91.29, 91.95, 92.61, 92.93, 93.31, 93.73, 93.90, 94.27, 94.57, 94.79, 95.04, 94.91, 94.90, 94.90, 94.86, 94.67, 94.56, 94.68, 94.58, 94.53, 94.53, 94.37, 94.15}},
		{"StockCharts lower band", "bollinger_lower(20, 2)", bandsOfSPY, 20, 0.0051, []float64{86.12, 86.14, 85.87, 85.85, 85.70, 85.65, 85.59, 85.56, 85.60, 85.98, 86.27, 86.82, 86.87, 86.91, 87.12, 87.63, 87.83, 87.56, 87.76, 87.97, 87.95, 87.96, 87.95}},
		{"investexcel MACD", "macd(12, 26)", apple, 26, 1e-9, []float64{8.2752695039, 7.7033783815, 6.4160747570, 4.2375197833, 2.5525833249, 1.3788857199, 0.1029814912, -1.2584019528, -2.0705581901, -2.6218423283, -2.3290667405}},
		{"investexcel signal", "macd_signal(12, 26, 9)", apple, 34, 1e-9, []float64{3.0375258687, 1.9056522293}},
		{"investexcel histogram", "macd_histogram(12, 26, 9)", apple, 34, 1e-9, []float64{-5.1080840588, -4.5274945576}},
		{"Investopedia OBV", "obv()", granville, 2, 0, []float64{30000, 55600, 23600, 600, 40600, 76600, 76600, 99600, 72100}},
		{"CFI WMA", "wma(5)", weighted, 5, 0.0051, []float64{90.62}},
		{"NIST NumAcc1", "stddev_sample(3)", numAcc1, 3, 0, []float64{1}},
		{"NIST NumAcc3", "stddev_sample(1001)", numAcc3, 1001, 1e-9, []float64{0.1}},
	} {
		got := seriesOf(t, test.expression, test.table.bars())
		for i, v := range got {
			at := i - (test.first - 1)
			switch {
			case at < 0 && v == v:
				t.Errorf("%s: %s is %v after %d bars, want not ready before %d", test.name, test.expression, v, i+1, test.first)
			case at >= 0 && at < len(test.want) && !(math.Abs(v-test.want[at]) <= test.within):
				t.Errorf("%s: %s after %d bars is %v, published %v", test.name, test.expression, i+1, v, test.want[at])
			}
		}
	}
}

// TestByDefinition holds functions without a published example to figures computed by hand.
func TestByDefinition(t *testing.T) {
	bars := []Bar{
		{0, 10, 12, 9, 11, 100, 1100},
		{1 * int64(day), 11, 13, 10, 12, 200, 2400},
		{2 * int64(day), 12, 12, 8, 9, 300, 2700},
		{3 * int64(day), 9, 10, 9, 10, 0, 0},
	}
	nan := math.NaN()
	for expression, want := range map[string][]float64{
		"vwap(2)":                   {nan, ((12.+9+11)/3*100 + (13.+10+12)/3*200) / 300, ((13.+10+12)/3*200 + (12.+8+9)/3*300) / 500, (12. + 8 + 9) / 3},
		"vwap(1)":                   {(12. + 9 + 11) / 3, (13. + 10 + 12) / 3, (12. + 8 + 9) / 3, nan},
		"true_range()":              {3, 3, 4, 1},
		"momentum(2)":               {nan, nan, -2, -2},
		"change(1)":                 {nan, 12./11 - 1, 9./12 - 1, 10./9 - 1},
		"change(volume, 1)":         {nan, 1, 0.5, -1},
		"prev()":                    {nan, 11, 12, 9},
		"prev(high)":                {nan, 12, 13, 12},
		"lag(close, 0)":             {11, 12, 9, 10},
		"lag(open, 3)":              {nan, nan, nan, 10},
		"highest(2)":                {nan, 13, 13, 12},
		"lowest(2)":                 {nan, 9, 8, 8},
		"highest(close, 3)":         {nan, nan, 12, 12},
		"sum(turnover, 2)":          {nan, 3500, 5100, 2700},
		"stddev(2)":                 {nan, 0.5, 1.5, 0.5},
		"stddev_sample(2)":          {nan, math.Sqrt(0.5), math.Sqrt(4.5), math.Sqrt(0.5)},
		"zscore(2)":                 {nan, 1, -1, 1},
		"rma(2)":                    {nan, 11.5, (11.5 + 9) / 2, ((11.5+9)/2 + 10) / 2},
		"count(close > open, 2)":    {nan, 2, 1, 1},
		"consecutive(close>open,3)": {nan, nan, 0, 1},
		"consecutive(close>open,2)": {nan, 2, 0, 1},
		"bollinger_width(2, 2)":     {nan, 2. / 11.5, 6 / 10.5, 2 / 9.5},
		"bollinger_percent_b(2, 2)": {nan, 0.75, 0.25, 0.75},
		"macd(1, 2)":                {nan, 12 - 11.5, 9 - (11.5 + 2./3*(9-11.5)), 10 - (11.5 + 2./3*(9-11.5) + 2./3*(10-(11.5+2./3*(9-11.5))))},
		"stochastic_k(2, 1)":        {nan, 75, 20, 50},
		"stochastic_k(2, 2)":        {nan, nan, 47.5, 35},
		"rsi(1)":                    {nan, 100, 0, 100},
	} {
		for i, v := range seriesOf(t, expression, bars) {
			if !(math.Abs(v-want[i]) < 1e-12) && (v == v || want[i] == want[i]) {
				t.Errorf("%s after %d bars is %v, want %v", expression, i+1, v, want[i])
			}
		}
	}
}
