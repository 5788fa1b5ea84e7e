package state

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Feature is one figure of an instrument that a row of Views holds: "spread_bps", "mean_5m".
// The zero Feature is none; ParseFeature makes the others.
type Feature struct {
	name   string
	kind   featureKind
	window time.Duration // of window features
	bar    time.Duration // of bar features
}

type featureKind uint8

const (
	featurePrice featureKind = 1 + iota
	featureLast
	featureBid
	featureAsk
	featureMid
	featureSpread
	featureSpreadBps
	featureBidQuantity
	featureAskQuantity
	featureImbalance
	featureOpen
	featureHigh
	featureLow
	featurePrevClose
	featureVolume24h
	featureChangeRate
	featureBookBidDepth
	featureBookAskDepth
	featureMean
	featureMin
	featureMax
	featureVolume
	featureVWAP
	featureChange
	featureCount
	featureBarOpen
	featureBarHigh
	featureBarLow
	featureBarClose
	featureBarVolume
)

// FeatureInfo documents one feature, or one family of them.
type FeatureInfo struct {
	Pattern string // the name; PERIOD is a whole number and s, m, h or d, INTERVAL that of a bar
	Unit    string
	Meaning string
}

type featureRow struct {
	name          string
	kind          featureKind
	unit, meaning string
}

// depthLevels is over how many of the best levels book_bid_depth and book_ask_depth add up.
const depthLevels = 10

var plainFeatures = []featureRow{
	{"price", featurePrice, "quote", "last trade's price, else the mid price"},
	{"last", featureLast, "quote", "last trade's price; from the ticker until a trade was seen"},
	{"bid", featureBid, "quote", "best bid"},
	{"ask", featureAsk, "quote", "best ask"},
	{"mid", featureMid, "quote", "(bid + ask) / 2"},
	{"spread", featureSpread, "quote", "ask - bid"},
	{"spread_bps", featureSpreadBps, "1/10000", "(ask - bid) / mid × 10000"},
	{"bid_quantity", featureBidQuantity, "base", "quantity at the best bid"},
	{"ask_quantity", featureAskQuantity, "base", "quantity at the best ask"},
	{"imbalance", featureImbalance, "fraction, -1 to 1", "(bid_quantity - ask_quantity) / (bid_quantity + ask_quantity)"},
	{"open", featureOpen, "quote", "the ticker's opening price"},
	{"high", featureHigh, "quote", "the ticker's high"},
	{"low", featureLow, "quote", "the ticker's low"},
	{"prev_close", featurePrevClose, "quote", "the ticker's previous close"},
	{"volume_24h", featureVolume24h, "base", "the ticker's volume of the last 24 hours; volume_1d is the window's"},
	{"change_rate", featureChangeRate, "fraction", "the ticker's signed change; 0.01 is one percent"},
	{"book_bid_depth", featureBookBidDepth, "base", "quantity of the best 10 bids of the order book"},
	{"book_ask_depth", featureBookAskDepth, "base", "quantity of the best 10 asks of the order book"},
}

var windowFeatures = []featureRow{
	{"mean", featureMean, "quote", "mean of the trades' prices in the window"},
	{"min", featureMin, "quote", "lowest trade in the window"},
	{"max", featureMax, "quote", "highest trade in the window"},
	{"volume", featureVolume, "base", "quantity traded in the window"},
	{"vwap", featureVWAP, "quote", "mean price in the window weighed with quantity"},
	{"change", featureChange, "fraction", "last trade / first trade in the window - 1"},
	{"count", featureCount, "trades", "number of trades in the window"},
}

var barFeatures = []featureRow{
	{"open", featureBarOpen, "quote", "open of the last closed bar"},
	{"high", featureBarHigh, "quote", "high of the last closed bar"},
	{"low", featureBarLow, "quote", "low of the last closed bar"},
	{"close", featureBarClose, "quote", "close of the last closed bar"},
	{"volume", featureBarVolume, "base", "volume of the last closed bar"},
}

const (
	windowSuffix = "_PERIOD"
	barSuffix    = "_bar_INTERVAL"
)

// Features lists all there are, for documentation.
func Features() []FeatureInfo {
	var all []FeatureInfo
	for _, f := range plainFeatures {
		all = append(all, FeatureInfo{f.name, f.unit, f.meaning})
	}
	for _, f := range windowFeatures {
		all = append(all, FeatureInfo{f.name + windowSuffix, f.unit, f.meaning + ", such as " + f.name + "_5m"})
	}
	for _, f := range barFeatures {
		all = append(all, FeatureInfo{f.name + barSuffix, f.unit, f.meaning + ", such as " + f.name + "_bar_1m"})
	}
	return all
}

// ErrFeature is wrapped by what ParseFeature returns.
var ErrFeature = errors.New("not a feature")

// ParseFeature returns the feature of that name. It fails with ErrFeature and a hint.
func ParseFeature(name string) (Feature, error) {
	for _, f := range plainFeatures {
		if f.name == name {
			return Feature{name: name, kind: f.kind}, nil
		}
	}
	cut := strings.LastIndexByte(name, '_')
	if cut < 0 {
		if _, ok := find(windowFeatures, name); ok {
			return Feature{}, featureError(name, fmt.Sprintf("say over which period, such as %s_5m", name))
		}
		return Feature{}, featureError(name, suggest(name))
	}
	stem, text := name[:cut], name[cut+1:]
	if barStem, ok := strings.CutSuffix(stem, "_bar"); ok {
		f, known := find(barFeatures, barStem)
		interval, err := parsePeriod(text)
		switch {
		case !known:
			return Feature{}, featureError(name, "of a bar there are open, high, low, close and volume, such as close_bar_1m")
		case err != nil || !isBarInterval(interval):
			return Feature{}, featureError(name, "bars have intervals of 1s, 1m, 5m, 1h and 1d")
		}
		return Feature{name: name, kind: f.kind, bar: interval}, nil
	}
	if f, ok := find(windowFeatures, stem); ok {
		period, err := parsePeriod(text)
		if err != nil {
			return Feature{}, featureError(name, err.Error())
		}
		return Feature{name: name, kind: f.kind, window: period}, nil
	}
	return Feature{}, featureError(name, suggest(name))
}

func find(rows []featureRow, name string) (featureRow, bool) {
	for _, f := range rows {
		if f.name == name {
			return f, true
		}
	}
	return featureRow{}, false
}

func isBarInterval(d time.Duration) bool {
	for _, b := range barIntervals {
		if b == d {
			return true
		}
	}
	return false
}

func featureError(name, hint string) error {
	const shown = 64
	if len(name) > shown {
		name = name[:shown] + "..."
	}
	return fmt.Errorf("state: %q: %w: %s", name, ErrFeature, hint)
}

// parsePeriod reads 30s, 5m, 1h, 1d.
func parsePeriod(text string) (time.Duration, error) {
	const want = "want a whole number and s, m, h or d, from 1s to 31d, such as 30s, 5m, 1h, 1d"
	if len(text) < 2 || len(text) > 8 || text[0] < '1' || text[0] > '9' {
		return 0, errors.New(want)
	}
	var unit time.Duration
	switch text[len(text)-1] {
	case 's':
		unit = time.Second
	case 'm':
		unit = time.Minute
	case 'h':
		unit = time.Hour
	case 'd':
		unit = 24 * time.Hour
	default:
		return 0, errors.New(want)
	}
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	if err != nil || time.Duration(n) > periodMax/unit {
		return 0, errors.New(want)
	}
	return time.Duration(n) * unit, nil
}

// PeriodName writes a period as names of features do: 30s, 5m, 1h, 1d; what is no whole number of
// seconds as time.Duration prints it.
func PeriodName(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d > 0 && d%u.unit == 0 {
			return strconv.FormatInt(int64(d/u.unit), 10) + u.name
		}
	}
	return d.String()
}

// suggest returns "did you mean …" for the nearest name, or where to look.
func suggest(name string) string {
	const far = 3 // more letters apart than this is another word
	best, distance := "", far+1
	try := func(candidate string) {
		if d := editDistance(name, candidate, far); d < distance {
			best, distance = candidate, d
		}
	}
	// Names with a period are compared with the period that was asked for.
	period := "5m"
	if cut := strings.LastIndexByte(name, '_'); cut >= 0 {
		if _, err := parsePeriod(name[cut+1:]); err == nil {
			period = name[cut+1:]
		}
	}
	for _, f := range plainFeatures {
		try(f.name)
	}
	for _, f := range windowFeatures {
		try(f.name + "_" + period)
	}
	for _, f := range barFeatures {
		try(f.name + "_bar_" + period)
	}
	if best == "" || distance*2 > len(best) {
		return "known are price, bid, ask, mid, spread_bps, mean_5m, close_bar_1m and others"
	}
	return "did you mean " + best + "?"
}

// editDistance returns how many letters must be put in, taken out or changed to make b of a, or
// something above most once it is certain to exceed most.
func editDistance(a, b string, most int) int {
	if len(a) > len(b)+most || len(b) > len(a)+most {
		return most + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// String returns the feature's name.
func (f Feature) String() string { return f.name }

// Window returns the period of the window that the feature reads; 0 for none.
func (f Feature) Window() time.Duration { return f.window }

// Bar returns the interval of the bars that the feature reads; 0 for none.
func (f Feature) Bar() time.Duration { return f.bar }

// MarshalText returns the name.
func (f Feature) MarshalText() ([]byte, error) { return []byte(f.name), nil }

// UnmarshalText sets f as ParseFeature reads it, or fails as that does.
func (f *Feature) UnmarshalText(text []byte) error {
	g, err := ParseFeature(string(text))
	if err == nil {
		*f = g
	}
	return err
}
