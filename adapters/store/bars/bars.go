// Package bars reads daily bars of many instruments from CSV files, plain or gzip: a folder of
// them, such as the exchange's yearly lists or a vendor's daily ones. Bad rows are reported with
// file and line and left out; they end nothing.
//
// Columns are found by their names in the header; see Columns for those that are known. Later
// files, by name, replace rows of the same day. A row without volume is a day without a trade and
// makes no bar: sources fill such days with zeros, or with the last close. Prices before a split,
// a rights issue or the like are put into terms of today's shares where the source tells: KRX
// lists by the change that they state against the reference price of the day, others by their
// adjusted close.
//
// Figures are float64: they feed indicators, not orders. The package imports nothing of Maru; cmd
// hands what it reads to the screens.
package bars

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Bar is one day of one instrument, adjusted.
type Bar struct {
	Start                  int64 // midnight UTC of the day, in nanoseconds since 1970
	Open, High, Low, Close float64
	Volume                 float64 // in shares
	Turnover               float64 // in quote; NaN where the source does not say
}

// Instrument is what was read of one instrument.
type Instrument struct {
	Code, Name, Market string  // Name and Market are the newest row's; empty where the source does not say
	MarketCap          float64 // of the newest row, in quote; NaN where the source does not say
	Shares             float64 // likewise
	Rank               float64 // by market capitalisation; likewise
	Change             float64 // newest close against the reference price of its day, a fraction; NaN where it is not known
	Bars               []Bar   // days with a trade, from old to new
	Listed             Day     // of the newest row, with a trade or not
	Adjusted           int     // how many times prices were adjusted
}

// Set is what was read.
type Set struct {
	Instruments []Instrument // by code
	Last        Day          // the newest day with a trade of any instrument
	Files       int
	Rows        int     // read and kept, repeated ones included
	Repeated    int     // that replaced a row of the same day
	Untraded    int     // days without a trade
	FaultCount  int     // rows, and ends of files, that could not be read
	Faults      []Fault // the first of them, at most faultsMax
}

// Limits of what is read.
const (
	faultsMax      = 100        // kept; all are counted
	instrumentsMax = 200_000    // more are a file that is something else
	rowsMax        = 50_000_000 // about 5 GB
	codeBytesMax   = 32
	nameBytesMax   = 200
	fileBytesMax   = 8 << 30 // of one file, unpacked
)

// Fault is something in a file that could not be read.
type Fault struct {
	File string // its base name
	Line int    // from 1; 0: the file as a whole
	What string
}

// Error returns file:line: what.
func (f Fault) Error() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: %s", f.File, f.What)
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.What)
}

// Day is a calendar day as days since 1970-01-01. The zero Day is none: no file here is that old.
type Day int32

const dayLength = int64(24 * time.Hour)

// ParseDay reads 2025-02-11.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1900 || t.Year() > 2200 {
		return 0, fmt.Errorf("bars: date %.32q: want year-month-day, such as 2025-02-11", text)
	}
	return Day(t.Unix() / (24 * 60 * 60)), nil
}

// Start returns midnight UTC of the day in nanoseconds since 1970.
func (d Day) Start() int64 { return int64(d) * dayLength }

// DayOf returns the day of a bar.
func DayOf(start int64) Day { return Day(start / dayLength) }

// String returns 2025-02-11.
func (d Day) String() string { return time.Unix(0, d.Start()).UTC().Format(time.DateOnly) }

// row is a line of a file.
type row struct {
	day                    Day
	open, high, low, close float64
	volume, turnover       float64
	reference              float64 // that the day's change is stated against; NaN without
	ratio                  float64 // adjusted close over close; NaN without
	factor                 float64 // what earlier prices are multiplied with; 1 mostly
	facts                  *facts
}

// facts are what only the newest row is asked for.
type facts struct {
	name, market              string
	marketCap, shares, ranked float64
}

// series is what was read of one instrument, by day.
type series struct {
	code string
	rows []row
}

// add puts a row in its place and reports whether it replaced another.
func (s *series) add(r row) (repeated bool) {
	n := len(s.rows)
	if n == 0 || s.rows[n-1].day < r.day {
		s.rows = append(s.rows, r)
		return false
	}
	at, found := slices.BinarySearchFunc(s.rows, r.day, func(r row, d Day) int { return int(r.day) - int(d) })
	if found {
		if r.factor == 1 {
			r.factor = s.rows[at].factor // the file that had both days knew
		}
		s.rows[at] = r
		return true
	}
	s.rows = slices.Insert(s.rows, at, r)
	return false
}

// finish makes an instrument of the rows. Rows further apart than gapMax are not compared: what
// happened between them is not known.
func (s *series) finish() (out Instrument, untraded int) {
	nan := math.NaN()
	out = Instrument{Code: s.code, MarketCap: nan, Shares: nan, Rank: nan, Change: nan}
	newest := &s.rows[len(s.rows)-1]
	out.Listed = newest.day
	if f := newest.facts; f != nil {
		out.Name, out.Market, out.MarketCap, out.Shares, out.Rank = f.name, f.market, f.marketCap, f.shares, f.ranked
	}
	traded := 0
	for i := range s.rows {
		r := &s.rows[i]
		if r.volume > 0 {
			traded++
		}
		if i == 0 {
			continue
		}
		before := &s.rows[i-1]
		if r.reference > 0 && r.day-before.day <= referenceDaysMax {
			if r.factor = r.reference / before.close; math.Abs(r.factor-1) < 1e-9 {
				r.factor = 1
			}
		}
	}
	switch {
	case newest.reference > 0:
		out.Change = newest.close/newest.reference - 1
	case len(s.rows) > 1:
		out.Change = newest.close/(s.rows[len(s.rows)-2].close*newest.factor) - 1
	}
	out.Bars = make([]Bar, traded)
	factor, at := 1.0, traded
	for i := len(s.rows) - 1; i >= 0; i-- {
		r := &s.rows[i]
		if r.volume > 0 {
			at--
			out.Bars[at] = Bar{Start: r.day.Start(), Open: r.open * factor, High: r.high * factor, Low: r.low * factor, Close: r.close * factor,
				Volume: r.volume / factor, Turnover: r.turnover}
		}
		if r.factor != 1 {
			factor *= r.factor
			out.Adjusted++
		}
		if factor < 1/factorMax || factor > factorMax {
			break // what is older cannot be put into terms of today
		}
	}
	out.Bars = out.Bars[at:]
	return out, len(s.rows) - traded
}

// factorMax is the greatest adjustment of a price, all in all, that is believed.
const factorMax = 1e6

// referenceDaysMax is how far apart two rows may lie for the later one's reference price to be of
// the earlier one: the longest holidays take eleven days.
const referenceDaysMax = 12
