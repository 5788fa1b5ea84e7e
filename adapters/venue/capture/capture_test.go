package capture

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/internal/testdata"
)

func readAll(t *testing.T, r *Reader) ([]Row, error) {
	t.Helper()
	var rows []Row
	for {
		row, err := r.Next()
		if err != nil {
			return rows, err
		}
		row.Payload = bytes.Clone(row.Payload)
		rows = append(rows, row)
	}
}

func session(n int) []Row {
	rows := []Row{{At: 5, Kind: KindOpen, Meta: "wss://example.com/stream?streams=a/b"}}
	for i := range n {
		rows = append(rows,
			Row{At: market.Timestamp(10 + i), Kind: KindReceived, Meta: MetaText, Payload: fmt.Appendf(nil, `{"n":%d}`, i)},
			Row{At: market.Timestamp(10 + i), Kind: KindReceived, Meta: MetaBinaryBase64, Payload: []byte{0, '\n', '\t', byte(i)}},
		)
	}
	return append(rows, Row{Kind: KindHTTP, Meta: "https://example.com/x?y=1", Payload: []byte("[1, 2]")})
}

func write(t *testing.T, rows []Row) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	want := session(300)
	zipped := write(t, want)
	if again := write(t, want); !bytes.Equal(zipped, again) {
		t.Error("the same rows gave other bytes")
	}
	z, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"gzip": zipped, "plain": plain, "no last line break": bytes.TrimSuffix(plain, []byte("\n"))} {
		r, err := NewReader(bytes.NewReader(text))
		if err != nil {
			t.Fatal(name, err)
		}
		got, err := readAll(t, r)
		if err != io.EOF {
			t.Errorf("%s: ends with %v", name, err)
		}
		if len(got) > 0 && got[0].Payload == nil {
			got[0].Payload = want[0].Payload
		}
		if len(got) > 0 && len(got[0].Payload) == 0 {
			got[0].Payload = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read %d rows unlike the %d written", name, len(got), len(want))
		}
	}
}

func TestLineBreaksTravel(t *testing.T) {
	rows := []Row{
		{At: 1, Kind: KindReceived, Meta: MetaText, Payload: []byte("{\n\t1}")},
		{At: 2, Kind: KindReceived, Meta: MetaBinaryText, Payload: []byte("{\n\t2}")},
		{At: 3, Kind: KindReceived, Meta: MetaText, Payload: []byte("{\t3}")},
		{At: 4, Kind: KindHTTP, Meta: "/x", Payload: []byte("{\r\n4}")},
	}
	r, err := NewReader(bytes.NewReader(write(t, rows)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := readAll(t, r)
	if err != io.EOF || len(got) != 4 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for i, want := range []string{"{\n\t1}", "{\n\t2}", "{\t3}", "{  4}"} {
		if string(got[i].Payload) != want {
			t.Errorf("row %d: %q, want %q", i, got[i].Payload, want)
		}
	}
	if got[0].Binary() || !got[1].Binary() || got[2].Binary() {
		t.Errorf("opcodes changed: %v %v %v", got[0].Binary(), got[1].Binary(), got[2].Binary())
	}
}

// A killed writer leaves a file without end. What was flushed must be readable at any cut.
func TestTruncatedSessionReadsToItsLastWholeRow(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	rows := session(40)
	flushedAt := map[int]int{} // bytes → rows that must be there
	for i, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
		if i%7 == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			flushedAt[b.Len()] = i + 1
		}
	}
	whole := bytes.Clone(b.Bytes())
	least := 0
	for n := 1; n <= len(whole); n++ {
		least = max(least, flushedAt[n])
		r, err := NewReader(bytes.NewReader(whole[:n]))
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		got, err := readAll(t, r)
		if n >= 2 && !errors.Is(err, ErrTruncated) {
			t.Fatalf("cut at %d ends with %v", n, err)
		}
		if len(got) < least {
			t.Fatalf("cut at %d: %d rows, %d were flushed", n, len(got), least)
		}
		for i := range got {
			if got[i].Kind != rows[i].Kind || !bytes.Equal(got[i].Payload, rows[i].Payload) {
				t.Fatalf("cut at %d: row %d is %v", n, i, got[i])
			}
		}
		if _, again := r.Next(); n >= 2 && !errors.Is(again, ErrTruncated) {
			t.Fatalf("cut at %d: a second call gives %v", n, again)
		}
	}
}

// Rows a second apart are flushed without being asked.
func TestFlushesByItsOwnTime(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	for i := range 3 {
		err := w.Write(Row{At: market.Seconds(100).Add(time.Duration(i) * time.Second), Kind: KindReceived, Meta: MetaText, Payload: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := readAll(t, r); len(rows) != 2 || !errors.Is(err, ErrTruncated) {
		t.Errorf("%d rows, %v; want the first two", len(rows), err)
	}
}

func TestCorruptGzipIsAnError(t *testing.T) {
	zipped := write(t, session(500))
	zipped[len(zipped)/2] ^= 0xff
	r, err := NewReader(bytes.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	for {
		_, err = r.Next()
		if err != nil && !IsLineError(err) {
			break
		}
	}
	if err == io.EOF || errors.Is(err, ErrTruncated) {
		t.Errorf("a damaged file ends with %v", err)
	}
}

func TestWrongLinesAreNamedAndPassed(t *testing.T) {
	text := strings.Join([]string{
		"1\trecv\tt\t{}",
		"garbage",
		"x\trecv\tt\t{}",
		"-1\trecv\tt\t{}",
		"1\tnonsense\tt\t{}",
		"1\trecv\tb64\t???",
		"1\trecv\tz\t{}",
		"9999999999999999999\trecv\tt\t{}",
		"",
		"2\trecv\tt\ta\tb",
	}, "\n")
	r, err := newReader(strings.NewReader(text), "some.frames")
	if err != nil {
		t.Fatal(err)
	}
	var good []string
	var wrong []int
	for {
		row, err := r.Next()
		if err == io.EOF {
			break
		}
		var line *LineError
		if errors.As(err, &line) {
			wrong = append(wrong, line.Line)
			if !strings.HasPrefix(err.Error(), fmt.Sprintf("capture: some.frames:%d: ", line.Line)) {
				t.Errorf("error does not say where: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		good = append(good, string(row.Payload))
	}
	if !slices.Equal(good, []string{"{}", "a\tb"}) || !slices.Equal(wrong, []int{2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("good %q, wrong %v", good, wrong)
	}
}

func TestLongLineIsPassedOver(t *testing.T) {
	text := "1\trecv\tt\tshort\n1\trecv\tt\t" + strings.Repeat("x", 3*readBufferBytes) + "\n1\trecv\tt\tlast\n"
	for _, limit := range []int{100, 2 * readBufferBytes, LineBytesMax} {
		r, err := NewReader(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		r.lines.max = limit
		var lengths []int
		for {
			row, err := r.Next()
			if err == io.EOF {
				break
			}
			if errors.Is(err, ErrLineTooLong) {
				lengths = append(lengths, -r.Line())
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			lengths = append(lengths, len(row.Payload))
		}
		want := []int{5, -2, 4}
		if limit == LineBytesMax {
			want[1] = 3 * readBufferBytes
		}
		if !slices.Equal(lengths, want) {
			t.Errorf("limit %d: %v, want %v", limit, lengths, want)
		}
	}
}

func TestWriterRefusesWhatNoReaderWouldTake(t *testing.T) {
	w := NewWriter(io.Discard)
	for _, row := range []Row{
		{},
		{Kind: "other"},
		{At: -1, Kind: KindHTTP},
		{Kind: KindReceived, Meta: "x"},
		{Kind: KindOpen, Meta: "a\tb"},
		{Kind: KindHTTP, Meta: "a\nb"},
	} {
		if err := w.Write(row); !errors.Is(err, ErrRow) {
			t.Errorf("%+v: %v", row, err)
		}
	}
	if err := w.Write(Row{Kind: KindReceived, Meta: MetaText}); err != nil {
		t.Errorf("a good row behind them: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Write(Row{Kind: KindReceived, Meta: MetaText}); err == nil {
		t.Error("writes behind its end")
	}
}

type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestWriterKeepsItsError(t *testing.T) {
	w := NewWriter(&failing{left: 10})
	var err error
	for range 3 {
		if err = w.Write(Row{Kind: KindReceived, Meta: MetaText, Payload: make([]byte, flushBytes)}); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Fatalf("error %v", err)
	}
	if again := w.Flush(); again == nil {
		t.Error("forgot its error")
	}
	if err := w.Close(); err == nil {
		t.Error("closes as if nothing were")
	}
}

func TestCreateDoesNotOverwrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.frames.gz")
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(Row{At: 1, Kind: KindReceived, Meta: MetaText, Payload: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second Create: %v", err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if rows, err := readAll(t, r); len(rows) != 1 || err != io.EOF {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if _, err := Open(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestOpenAny(t *testing.T) {
	object := `{"id":"a","feed":"ws-public","op":"trade","origin":"captured","raw":"{\n\"x\":1}"}` + "\n\n" +
		`{"id":"b","feed":"rest-public","raw":"[]","request":{"path":"/api/v3/depth","query":"symbol=X"}}` + "\n" +
		`{"id":"c","feed":"ws-public"}` + "\n" + `{"id":"d","feed":"ws-public","raw":"z"}`
	for _, c := range []struct {
		name, text string
		format     Format
		want       []string // line:kind:meta:payload, or line! for a fault
	}{
		{"empty", "", FormatFrames, nil},
		{"session", "1\trecv\tt\t{}\n\n2\topen\twss://x\t\nx\n", FormatSession, []string{"1:recv:t:{}", "3:open:wss://x:", "4!"}},
		{"objects", object, FormatObjects, []string{"1:recv:t:{\n\"x\":1}", "3:http:/api/v3/depth?symbol=X:[]", "4!", "5:recv:t:z"}},
		{"frames", "\n{\"raw\":1}\r\n[2]\n\tx\n", FormatFrames, []string{`2:recv:t:{"raw":1}`, "3:recv:t:[2]", "4:recv:t:\tx"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := OpenAny("-", strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			var got []string
			for {
				item, err := r.Next()
				if err == io.EOF {
					break
				}
				var line *LineError
				if errors.As(err, &line) {
					got = append(got, fmt.Sprintf("%d!", line.Line))
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprintf("%d:%s:%s:%s", item.Line, item.Kind, item.Meta, item.Payload))
			}
			if r.Format() != c.format || !slices.Equal(got, c.want) {
				t.Errorf("%v %q, want %v %q", r.Format(), got, c.format, c.want)
			}
		})
	}
}

func TestOpenAnyOnRecordedData(t *testing.T) {
	for name, want := range map[string]struct {
		format Format
		items  int
	}{
		"upbit/frames-public.ndjson":                              {FormatObjects, 11},
		"upbit/ws-simple-trade-orderbook-20210405-head.frames.gz": {FormatSession, 1041},
	} {
		r, err := OpenAny(testdata.Path(t, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for {
			_, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		r.Close()
		if r.Format() != want.format || n != want.items {
			t.Errorf("%s: %v with %d items", name, r.Format(), n)
		}
	}
}

// The recorded sessions of every venue, the largest few apart, read to their end, in order of time.
func TestRecordedSessions(t *testing.T) {
	dir := filepath.Dir(filepath.Dir(testdata.Path(t, "binance/spot-btcusdt-20240808.frames.gz")))
	paths, err := filepath.Glob(filepath.Join(dir, "*", "*.frames.gz"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.Size() > 1<<20 {
			continue
		}
		r, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		n, last := 0, market.Timestamp(0)
		for {
			row, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if row.At < last {
				t.Fatalf("%s:%d: time goes backwards", path, r.Line())
			}
			last = row.At
			n++
		}
		if n == 0 {
			t.Errorf("%s is empty", path)
		}
		r.Close()
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("1\trecv\tt\t{}\n"))
	f.Add([]byte{0x1f, 0x8b})
	f.Add([]byte("0\trecv\tb64\tAAAA\n\n\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := NewReader(bytes.NewReader(text))
		if err != nil {
			return
		}
		var rows []Row
		for {
			row, err := r.Next()
			if err == nil {
				row.Payload = bytes.Clone(row.Payload)
				rows = append(rows, row)
			} else if !IsLineError(err) {
				break
			}
		}
		// What was read can be written and reads the same, line breaks in bodies apart.
		var b bytes.Buffer
		w := NewWriter(&b)
		for _, row := range rows {
			if err := w.Write(row); err != nil {
				t.Fatalf("%+v: %v", row, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := NewReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range rows {
			got, err := again.Next()
			if err != nil || !bytes.Equal(got.Payload, want.Payload) || got.At != want.At {
				t.Fatalf("%+v came back as %+v, %v", want, got, err)
			}
		}
		any, err := OpenAny("-", bytes.NewReader(text))
		if err != nil {
			return
		}
		for {
			if _, err := any.Next(); err != nil && !IsLineError(err) {
				break
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	path := testdata.Path(b, "binance/spot-btcusdt-20240808.frames.gz")
	zipped, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		r, err := NewReader(bytes.NewReader(zipped))
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := r.Next(); err != nil {
				break
			}
			rows++
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
