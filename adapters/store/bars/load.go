package bars

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Options say what to read.
type Options struct {
	// Until is the last day to read; 0: every day. Later rows are as if they were not there.
	Until Day
	// Progress is told how many of the files' bytes, as they lie on disk, are done; nil: nobody.
	Progress func(done, total int64)
}

// ErrNoFiles is returned where a folder has nothing to read.
var ErrNoFiles = errors.New("no .csv or .csv.gz file in it")

// Load reads every .csv and .csv.gz file of a folder, or one file, in the order of their names. It
// fails if path cannot be read, holds no such file or more than the limits allow, and where ctx
// ends. What is wrong inside a file stands in Set.Faults.
func Load(ctx context.Context, path string, o Options) (*Set, error) {
	files, total, err := find(path)
	if err != nil {
		return nil, err
	}
	l := &loader{ctx: ctx, options: o, total: total, byCode: map[string]*series{}}
	for _, f := range files {
		if err := l.file(f); err != nil {
			return nil, err
		}
	}
	return l.finish(), nil
}

// find returns the files to read, and how long they are.
func find(path string) (files []string, total int64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, fmt.Errorf("bars: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, info.Size(), nil
	}
	entries, err := os.ReadDir(path) // sorted by name
	if err != nil {
		return nil, 0, fmt.Errorf("bars: %w", err)
	}
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		if e.IsDir() || !strings.HasSuffix(name, ".csv") && !strings.HasSuffix(name, ".csv.gz") {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, 0, fmt.Errorf("bars: %w", err)
		}
		files, total = append(files, filepath.Join(path, e.Name())), total+info.Size()
	}
	if len(files) == 0 {
		return nil, 0, fmt.Errorf("bars: %s: %w", path, ErrNoFiles)
	}
	return files, total, nil
}

type loader struct {
	ctx         context.Context
	options     Options
	total, done int64
	set         Set
	byCode      map[string]*series
	words       map[string]string // names and markets, each kept once
}

func (l *loader) fault(file string, line int, format string, args ...any) {
	l.set.FaultCount++
	if len(l.set.Faults) < faultsMax {
		l.set.Faults = append(l.set.Faults, Fault{filepath.Base(file), line, fmt.Sprintf(format, args...)})
	}
}

// counted tells how many bytes were read.
type counted struct {
	io.Reader
	l *loader
}

func (c counted) Read(p []byte) (int, error) {
	if err := c.l.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.Reader.Read(p)
	c.l.done += int64(n)
	if c.l.options.Progress != nil {
		c.l.options.Progress(c.l.done, c.l.total)
	}
	return n, err
}

// file reads one file. What is wrong in it is noted; an error ends everything.
func (l *loader) file(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("bars: %w", err)
	}
	defer f.Close()
	l.set.Files++
	var in io.Reader = counted{f, l}
	if strings.HasSuffix(strings.ToLower(path), ".gz") {
		z, err := gzip.NewReader(in)
		if err != nil {
			if l.ctx.Err() != nil {
				return l.ctx.Err()
			}
			l.fault(path, 0, "not gzip: %v", err)
			return nil
		}
		in = z
	}
	return l.read(path, io.LimitReader(in, fileBytesMax))
}

// pending is a row with its instrument, while its file is read.
type pending struct {
	of   *series
	line int
	row
}

// read reads the rows of one file, sorts them, and joins them to those of the files before.
func (l *loader) read(path string, in io.Reader) error {
	r := csv.NewReader(in)
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	header, err := r.Read()
	if err != nil {
		if l.ctx.Err() != nil {
			return l.ctx.Err()
		}
		l.fault(path, 1, "no header: %v", plain(err))
		return nil
	}
	columns, err := findColumns(header)
	if err != nil {
		l.fault(path, 1, "%v", err)
		return nil
	}
	var rows []pending
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			l.fault(path, syntax.Line, "%v", syntax.Err)
			continue
		}
		if err != nil {
			if l.ctx.Err() != nil {
				return l.ctx.Err()
			}
			line, _ := r.FieldPos(0)
			l.fault(path, line, "the file breaks off here: %v", plain(err))
			break
		}
		line, _ := r.FieldPos(0)
		code, row, err := l.row(columns, record)
		switch {
		case err != nil:
			l.fault(path, line, "%v", err)
			continue
		case l.options.Until != 0 && row.day > l.options.Until:
			continue
		}
		of := l.byCode[code]
		if of == nil {
			if len(l.byCode) == instrumentsMax {
				return fmt.Errorf("bars: %s:%d: more than %d instruments", path, line, instrumentsMax)
			}
			of = &series{code: strings.Clone(code)}
			l.byCode[of.code] = of
		}
		if l.set.Rows++; l.set.Rows > rowsMax {
			return fmt.Errorf("bars: %s:%d: more than %d rows", path, line, rowsMax)
		}
		rows = append(rows, pending{of, line, row})
	}
	l.join(path, rows)
	return nil
}

// plain leaves out of an error what its place says already.
func plain(err error) error {
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return syntax.Err
	}
	return err
}

// join adds the rows of one file to what is there.
func (l *loader) join(path string, rows []pending) {
	slices.SortStableFunc(rows, func(a, b pending) int {
		return cmp.Or(strings.Compare(a.of.code, b.of.code), int(a.day)-int(b.day))
	})
	for i := range rows {
		r := &rows[i]
		if i > 0 && rows[i-1].of == r.of {
			before := &rows[i-1]
			if before.day == r.day {
				l.fault(path, r.line, "%s has %v twice in this file, first in line %d", r.of.code, r.day, before.line)
				continue
			}
			// What happened between two days shows where one file adjusts both.
			if f := before.ratio / r.ratio; f > 0 && math.Abs(f-1) > adjustmentMin {
				r.factor = f
			}
		}
		if r.of.add(r.row) {
			l.set.Repeated++
		}
	}
}

// adjustmentMin is the least adjustment that is more than the rounding of a printed price.
const adjustmentMin = 1e-4

// finish makes the set.
func (l *loader) finish() *Set {
	out := &l.set
	for _, s := range l.byCode {
		in, untraded := s.finish()
		out.Untraded += untraded
		if n := len(in.Bars); n > 0 {
			out.Last = max(out.Last, DayOf(in.Bars[n-1].Start))
		}
		out.Instruments = append(out.Instruments, in)
	}
	slices.SortFunc(out.Instruments, func(a, b Instrument) int { return strings.Compare(a.Code, b.Code) })
	return out
}

// The columns that are known.
const (
	columnCode = iota
	columnDate
	columnOpen
	columnHigh
	columnLow
	columnClose
	columnVolume
	columnTurnover
	columnAdjusted
	columnChange
	columnName
	columnMarket
	columnMarketCap
	columnShares
	columnRank
	columnCount
)

// columnNames are what headers call them, in small letters.
var columnNames = [columnCount][]string{
	columnCode:      {"code", "symbol", "ticker"},
	columnDate:      {"date", "day"},
	columnOpen:      {"open"},
	columnHigh:      {"high"},
	columnLow:       {"low"},
	columnClose:     {"close"},
	columnVolume:    {"volume"},
	columnTurnover:  {"amount", "turnover"},
	columnAdjusted:  {"adj_close", "adj close", "adjclose"},
	columnChange:    {"changes"},
	columnName:      {"name"},
	columnMarket:    {"market"},
	columnMarketCap: {"marcap", "market_cap"},
	columnShares:    {"stocks", "shares"},
	columnRank:      {"rank"},
}

// columns are where a file has what; -1: it has not.
type columns [columnCount]int

func findColumns(header []string) (columns, error) {
	var c columns
	for i := range c {
		c[i] = slices.IndexFunc(header, func(name string) bool {
			name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
			return slices.Contains(columnNames[i], name)
		})
		if c[i] < 0 && i <= columnVolume {
			return c, fmt.Errorf("the header has no column %s: want %s", columnNames[i][0], "code, date, open, high, low, close and volume")
		}
	}
	return c, nil
}

// row reads one record. The code shares memory with it.
func (l *loader) row(c columns, record []string) (code string, r row, err error) {
	for i := range columnVolume + 1 {
		if c[i] >= len(record) {
			return "", r, fmt.Errorf("%d fields: %s is missing", len(record), columnNames[i][0])
		}
	}
	code = strings.TrimSpace(record[c[columnCode]])
	if code == "" || len(code) > codeBytesMax || strings.ContainsFunc(code, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\ufffd' }) {
		return "", r, fmt.Errorf("code %.40q: want 1 to %d letters and digits", code, codeBytesMax)
	}
	if r.day, err = ParseDay(record[c[columnDate]]); err != nil {
		return "", r, fmt.Errorf("date %.32q: want year-month-day", record[c[columnDate]])
	}
	nan := math.NaN()
	r.factor, r.turnover, r.reference, r.ratio = 1, nan, nan, nan
	for _, want := range [...]struct {
		column int
		to     *float64
	}{{columnOpen, &r.open}, {columnHigh, &r.high}, {columnLow, &r.low}, {columnClose, &r.close}, {columnVolume, &r.volume}} {
		if *want.to, err = figure(columnNames[want.column][0], record[c[want.column]]); err != nil {
			return "", r, err
		}
	}
	if err := r.check(); err != nil {
		return "", r, err
	}
	optional := func(column int) (float64, bool) {
		if at := c[column]; at >= 0 && at < len(record) {
			v, err := strconv.ParseFloat(record[at], 64)
			return v, err == nil && v-v == 0
		}
		return nan, false
	}
	if v, ok := optional(columnTurnover); ok && v >= 0 {
		r.turnover = v
	}
	if v, ok := optional(columnAdjusted); ok && v > 0 {
		r.ratio = v / r.close
	}
	if v, ok := optional(columnChange); ok && r.close-v > 0 {
		r.reference = r.close - v
	}
	if c[columnMarket] >= 0 || c[columnName] >= 0 || c[columnMarketCap] >= 0 {
		r.facts = &facts{name: l.word(c, columnName, record), market: l.word(c, columnMarket, record), marketCap: nan, shares: nan, ranked: nan}
		for _, want := range [...]struct {
			column int
			to     *float64
		}{{columnMarketCap, &r.facts.marketCap}, {columnShares, &r.facts.shares}, {columnRank, &r.facts.ranked}} {
			if v, ok := optional(want.column); ok {
				*want.to = v
			}
		}
	}
	return code, r, nil
}

// word returns a field of which the same text is kept once.
func (l *loader) word(c columns, column int, record []string) string {
	at := c[column]
	if at < 0 || at >= len(record) {
		return ""
	}
	text := record[at]
	if len(text) > nameBytesMax {
		text = strings.ToValidUTF8(text[:nameBytesMax], "")
	}
	if known, ok := l.words[text]; ok {
		return known
	}
	if l.words == nil {
		l.words = map[string]string{}
	}
	text = strings.Clone(text)
	l.words[text] = text
	return text
}

// figureMax is the greatest figure that is believed: no volume in shares is greater.
const figureMax = 1e18

func figure(name, text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v-v != 0 || v < 0 {
		return 0, fmt.Errorf("%s %.32q: want a number of 0 or more", name, text)
	}
	if v > figureMax || v != 0 && v < 1/figureMax {
		return 0, fmt.Errorf("%s %.32q: want a number from %g to %g", name, text, 1/figureMax, figureMax)
	}
	return v, nil
}

// check holds a row to what a day can be. One without volume has a close and nothing else.
func (r *row) check() error {
	switch {
	case r.close <= 0:
		return fmt.Errorf("close is %v: want more than 0", r.close)
	case r.volume == 0:
		return nil
	case r.open <= 0 || r.high <= 0 || r.low <= 0:
		return fmt.Errorf("open %v, high %v, low %v with a volume of %v: want more than 0", r.open, r.high, r.low, r.volume)
	case r.low > min(r.open, r.close) || r.high < max(r.open, r.close):
		return fmt.Errorf("low %v and high %v do not hold open %v and close %v", r.low, r.high, r.open, r.close)
	}
	return nil
}
