package bars

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/maru-trading/maru/internal/testdata"
)

// folder writes files and returns where they are.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		data := []byte(text)
		if strings.HasSuffix(name, ".gz") {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, err := z.Write(data)
			if err := errors.Join(err, z.Close()); err != nil {
				t.Fatal(err)
			}
			data = b.Bytes()
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, dir string, o Options) *Set {
	t.Helper()
	s, err := Load(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// told prints an instrument's bars.
func told(in Instrument) string {
	var b strings.Builder
	for _, x := range in.Bars {
		fmt.Fprintf(&b, "%v %g %g %g %g %g;", DayOf(x.Start), x.Open, x.High, x.Low, x.Close, x.Volume)
	}
	return b.String()
}

const header = "symbol,date,open,high,low,close,volume,adj_close\r\n"

func TestOrderAndRepeats(t *testing.T) {
	s := load(t, folder(t, map[string]string{
		"b.csv":     header + "X,2024-01-04,4,5,3,4,40,4\r\nX,2024-01-03,3,4,2,3,33,3\r\n",
		"a.csv.gz":  header + "X,2024-01-03,3,4,2,3,30,3\r\nX,2024-01-02,2,3,1,2,20,2\r\nA,2024-01-02,9,9,9,9,0,9\r\n",
		"notes.txt": "not read",
	}), Options{})
	if len(s.Instruments) != 2 || s.Files != 2 || s.Rows != 5 || s.Repeated != 1 || s.Untraded != 1 || s.FaultCount != 0 || s.Last.String() != "2024-01-04" {
		t.Errorf("%+v", s)
	}
	a, x := s.Instruments[0], s.Instruments[1]
	if a.Code != "A" || len(a.Bars) != 0 || a.Listed.String() != "2024-01-02" {
		t.Errorf("%+v", a)
	}
	if got, want := told(x), "2024-01-02 2 3 1 2 20;2024-01-03 3 4 2 3 33;2024-01-04 4 5 3 4 40;"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if math.Abs(x.Change-1./3) > 1e-12 || !math.IsNaN(x.MarketCap) {
		t.Errorf("change %v, market cap %v", x.Change, x.MarketCap)
	}
}

func TestUntil(t *testing.T) {
	until, err := ParseDay("2024-01-02")
	if err != nil {
		t.Fatal(err)
	}
	s := load(t, folder(t, map[string]string{"a.csv": header + "X,2024-01-02,2,3,1,2,20,2\nX,2024-01-03,3,4,2,3,30,1\n"}), Options{Until: until})
	if got := told(s.Instruments[0]); got != "2024-01-02 2 3 1 2 20;" || s.Rows != 1 {
		t.Errorf("%s, %d rows", got, s.Rows)
	}
}

// TestAdjusted holds that earlier prices are in terms of today's shares, and only where the source
// says so.
func TestAdjusted(t *testing.T) {
	krx := `"Code","Name","Close","ChangeCode","Changes","Volume","Amount","Open","High","Low","Marcap","Stocks","Market","Rank","Date"` + "\n"
	s := load(t, folder(t, map[string]string{
		// A split of one share into two, on a day without a trade; then the close before is the reference.
		"k.csv": krx + `"001","하나",100.0,1,1.0,10.0,1000.0,98.0,101.0,97.0,5e6,50,"KOSPI",7,"2024-01-02"
"001","하나",50.0,3,0.0,0.0,0.0,0.0,0.0,0.0,5e6,100,"KOSPI",7,"2024-01-03"
"001","둘",55.0,1,5.0,30.0,1650.0,50.0,56.0,49.0,5.5e6,100,"KOSDAQ",6,"2024-01-04"
"001","둘",77.0,1,7.0,30.0,1650.0,70.0,77.0,70.0,5.5e6,100,"KOSDAQ",6,"2024-03-04"
`,
		// Two files of a vendor: each adjusts the day before in its own terms.
		"u1.csv": header + "X,2024-01-03,10,10,10,10,100,10\nX,2024-01-02,8,8,8,8,100,8\n",
		"u2.csv": header + "X,2024-01-04,5,5,5,5,100,5\nX,2024-01-03,10,10,10,10,100,5\n",
		"u3.csv": header + "X,2024-01-05,6,6,6,6,100,6\nX,2024-01-04,5,5,5,5,100,5\n",
	}), Options{})
	one, x := s.Instruments[0], s.Instruments[1]
	if got, want := told(one), "2024-01-02 49 50.5 48.5 50 20;2024-01-04 50 56 49 55 30;2024-03-04 70 77 70 77 30;"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if one.Adjusted != 1 || one.Name != "둘" || one.Market != "KOSDAQ" || one.Rank != 6 || one.Shares != 100 || math.Abs(one.Change-0.1) > 1e-12 || one.Bars[0].Turnover != 1000 {
		t.Errorf("%+v", one)
	}
	if got, want := told(x), "2024-01-02 4 4 4 4 200;2024-01-03 5 5 5 5 200;2024-01-04 5 5 5 5 100;2024-01-05 6 6 6 6 100;"; got != want || x.Adjusted != 1 {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFaults(t *testing.T) {
	bad := folder(t, map[string]string{
		"a.csv": "Code,Date,Open,High,Low,Close,Volume\n" +
			"X,2024-01-02,2,3,1,2,20\n" +
			"X,2024-01-03,2,3,1\n" +
			"X,yesterday,2,3,1,2,20\n" +
			"X,2024-01-04,2,3,1,x,20\n" +
			"X,2024-01-05,2,3,1,NaN,20\n" +
			"X,2024-01-06,2,3,1,-1,20\n" +
			"X,2024-01-07,2,1,3,2,20\n" +
			"X,2024-01-08,2,3,1,9,20\n" +
			"X,2024-01-09,0,0,0,2,20\n" +
			"X,2024-01-10,0,0,0,0,0\n" +
			"X,2024-01-02,2,3,1,2,20\n" +
			",2024-01-11,2,3,1,2,20\n" +
			"X\x01,2024-01-11,2,3,1,2,20\n" +
			"X,2024-01-12,2,\"3,1,2,20\n",
		"b.csv":    "who,when\n1,2\n",
		"c.csv":    "",
		"d.csv":    header + "Y,2024-01-02,2,3,1,2,20,2\n",
		"e.csv.gz": header,
	})
	if err := os.WriteFile(filepath.Join(bad, "f.csv.gz"), []byte("no gzip"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A file that breaks off.
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(header + strings.Repeat("Z,2024-01-02,2,3,1,2,20,2\n", 1)))
	_ = z.Close()
	if err := os.WriteFile(filepath.Join(bad, "g.csv.gz"), b.Bytes()[:b.Len()-6], 0o600); err != nil {
		t.Fatal(err)
	}
	s := load(t, bad, Options{})
	want := []string{
		`a.csv:3: 5 fields: close is missing`,
		`a.csv:4: date "yesterday": want year-month-day`,
		`a.csv:5: close "x": want a number of 0 or more`,
		`a.csv:6: close "NaN": want a number of 0 or more`,
		`a.csv:7: close "-1": want a number of 0 or more`,
		`a.csv:8: low 3 and high 1 do not hold open 2 and close 2`,
		`a.csv:9: low 1 and high 3 do not hold open 2 and close 9`,
		`a.csv:10: open 0, high 0, low 0 with a volume of 20: want more than 0`,
		`a.csv:11: close is 0: want more than 0`,
		`a.csv:13: code "": want 1 to 32 letters and digits`,
		`a.csv:14: code "X\x01": want 1 to 32 letters and digits`,
		`a.csv:15: extraneous or missing " in quoted-field`,
		`a.csv:12: X has 2024-01-02 twice in this file, first in line 2`,
		`b.csv:1: the header has no column code: want code, date, open, high, low, close and volume`,
		`c.csv:1: no header: EOF`,
		`f.csv.gz: not gzip: unexpected EOF`,
		`g.csv.gz:3: the file breaks off here: unexpected EOF`,
	}
	var got []string
	for _, f := range s.Faults {
		got = append(got, f.Error())
	}
	if !slices.Equal(got, want) || s.FaultCount != len(want) {
		t.Errorf("%d faults:\n%s\nwant\n%s", s.FaultCount, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(s.Instruments) != 3 || s.Rows != 4 {
		t.Errorf("%d instruments, %d rows", len(s.Instruments), s.Rows)
	}
}

// TestManyFaults holds that what is kept of faults is bounded.
func TestManyFaults(t *testing.T) {
	s := load(t, folder(t, map[string]string{"a.csv": header + strings.Repeat("X\n", 1000)}), Options{})
	if s.FaultCount != 1000 || len(s.Faults) != faultsMax {
		t.Errorf("%d faults, %d kept", s.FaultCount, len(s.Faults))
	}
}

func TestErrors(t *testing.T) {
	if _, err := Load(context.Background(), filepath.Join(t.TempDir(), "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Load(context.Background(), t.TempDir(), Options{}); !errors.Is(err, ErrNoFiles) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Load(ctx, folder(t, map[string]string{"a.csv": header}), Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestProgress(t *testing.T) {
	dir := folder(t, map[string]string{"a.csv": header + "X,2024-01-02,2,3,1,2,20,2\n", "b.csv.gz": header})
	var last, total int64
	load(t, dir, Options{Progress: func(done, all int64) {
		if done < last {
			t.Errorf("%d after %d", done, last)
		}
		last, total = done, all
	}})
	if last != total || total == 0 {
		t.Errorf("%d of %d bytes", last, total)
	}
}

// TestKRX reads the exchange's lists of two years' beginnings.
func TestKRX(t *testing.T) {
	s := load(t, testdata.Path(t, "stocks/krx-daily"), Options{})
	if s.Rows != 152_536 || s.FaultCount != 0 || s.Untraded != 6421 || s.Last.String() != "2025-02-11" || len(s.Instruments) != 2939 {
		t.Errorf("%d rows, %d faults, %d untraded, last %v, %d instruments", s.Rows, s.FaultCount, s.Untraded, s.Last, len(s.Instruments))
	}
	at, ok := slices.BinarySearchFunc(s.Instruments, "336370", func(in Instrument, code string) int { return strings.Compare(in.Code, code) })
	if !ok {
		t.Fatal("336370 is not there")
	}
	// Two shares for one on 2024-01-08: 27,000 the day before were 13,500.
	for _, b := range s.Instruments[at].Bars {
		if day := DayOf(b.Start).String(); day == "2024-01-05" && b.Close != 13500 || day == "2024-01-08" && b.Close != 15380 {
			t.Errorf("%s: close %v", day, b.Close)
		}
	}
}

// TestUS reads a quarter of daily files that overlap by a day.
func TestUS(t *testing.T) {
	s := load(t, testdata.Path(t, "stocks/us-daily"), Options{})
	if s.Rows != 727_331 || s.FaultCount != 120 || len(s.Instruments) != 6175 || s.Last.String() != "2016-03-30" {
		t.Errorf("%d rows, %d faults, %d instruments, last %v", s.Rows, s.FaultCount, len(s.Instruments), s.Last)
	}
}

// FuzzLoad holds that no file makes the loader panic, and that what it keeps is in order and sound.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{header + "X,2024-01-02,2,3,1,2,20,2\nX,2024-01-01,2,3,1,2,20,1\n", "\"Code\",\"Date\"", header + "X,2024-01-02,\"2", "Code,Date,Open,High,Low,Close,Volume,Changes\nA,2024-01-01,1,1,1,1,1,0.5\nA,2024-01-02,1,1,1,1,1,0.5",
		header + "X,2024-01-02,1e308,1e308,1e-308,1e-308,1e308,1e308\nX,2024-01-03,1,1,1,1,1,1e-300"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "a.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Load(context.Background(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range s.Instruments {
			for i, b := range in.Bars {
				if i > 0 && in.Bars[i-1].Start >= b.Start || b.Volume-b.Volume != 0 || b.Close-b.Close != 0 || !(b.Low <= b.High) {
					t.Errorf("bar %d of %q: %+v", i, in.Code, b)
				}
			}
		}
	})
}
