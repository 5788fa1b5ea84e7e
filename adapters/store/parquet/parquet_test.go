package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pq "github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

var (
	btc    = market.MustInstrument("upbit", "BTC-KRW")
	origin = message.Origin{Instrument: btc, VenueTime: 1_800_000_000_123_456_789, Received: 1_800_000_000_200_000_001}
)

func price(text string) market.Price       { return market.MustPrice(text) }
func quantity(text string) market.Quantity { return market.MustQuantity(text) }

func must[E message.Event](e E, err error) message.Event {
	if err != nil {
		panic(err)
	}
	return e
}

func trade(p string, id int) message.Event {
	return must(message.NewTrade(message.TradeFields{Origin: origin, Price: price(p), Quantity: quantity("0.1"), Taker: market.Buy, ID: fmt.Sprint(id)}))
}

func batch(t testing.TB, events ...message.Event) message.Batch {
	t.Helper()
	b, err := message.NewBatch(message.BatchFields{Source: "test"}, events)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unbounded is a Disk that only counts.
type unbounded struct {
	mu   sync.Mutex
	open map[string]int64
}

func (d *unbounded) Begin(path string, most int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == nil {
		d.open = map[string]int64{}
	}
	d.open[path] = most
	return nil
}

func (d *unbounded) End(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, path)
	return nil
}

func store(t *testing.T, dir string, disk Disk, change func(*Config)) *Store {
	t.Helper()
	c := DefaultConfig(dir)
	c.Symbol = func(market.Instrument) string { return "KRW-BTC" }
	if change != nil {
		change(&c)
	}
	s, err := Open(c, disk, func(err error) { t.Log(err) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closed(t *testing.T, s *Store) {
	t.Helper()
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// read returns all rows of a table, file after file.
func read[R any](t *testing.T, dir, table string) (all []R) {
	t.Helper()
	for _, path := range files(t, dir, table) {
		rows, err := pq.ReadFile[R](path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, rows...)
	}
	return all
}

func files(t *testing.T, dir, table string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, table, "*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// raw is the decimal of a text, made without the code under test.
func raw(text string) decimal {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic(text)
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)))
	n := r.Num()
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	var d decimal
	n.FillBytes(d[:])
	return d
}

func known(text string) *decimal {
	d := raw(text)
	return &d
}

func TestEveryTable(t *testing.T) {
	dir := t.TempDir()
	s := store(t, dir, &unbounded{}, nil)
	late := message.Origin{Instrument: market.MustInstrument("sim", "A-B"), Received: 5}
	events := []message.Event{
		trade("142350000.000000000000000001", 1),
		must(message.NewTrade(message.TradeFields{Origin: late, Price: price("0.000000000000000001"), Quantity: quantity("0")})),
		must(message.NewBBO(message.BBOFields{Origin: origin, Bid: price("1"), BidQuantity: quantity("2"), Ask: price("3"), AskQuantity: quantity("0")})),
		must(message.NewBBO(message.BBOFields{Origin: origin, Ask: price("3"), AskQuantity: quantity("4")})),
		must(message.NewBook(message.BookFields{Origin: origin, Snapshot: true, LastID: 1<<64 - 1}, []message.Level{{Price: price("2"), Quantity: quantity("1")}, {Price: price("1"), Quantity: quantity("0.5")}}, nil)),
		must(message.NewBook(message.BookFields{Origin: origin, FirstID: 7, LastID: 8, PrevID: 6}, nil, []message.Level{{Price: price("3"), Quantity: quantity("0")}})),
		must(message.NewTicker(message.TickerFields{Origin: origin, Has: message.HasTrade | message.HasVolume24h | message.HasChange | message.HasChangeRate,
			Span: message.Rolling24h, ChangeBase: message.FromOpen24h, Trade: price("5"), Volume24h: quantity("0"),
			Change: market.Amount{Decimal: market.MustDecimal("-1.5")}, ChangeRate: market.MustDecimal("-0.000000000000000001"), High: price("9")})),
		must(message.NewBar(message.BarFields{Origin: origin, Interval: time.Minute, Start: 1_799_999_940_000_000_000, Open: price("2"), High: price("4"), Low: price("1"), Close: price("3"),
			Volume: quantity("10"), Turnover: market.Amount{Decimal: market.MustDecimal("25")}, Trades: 3, Closed: true})),
		must(message.NewStatus(message.StatusFields{Origin: origin, Trusted: true, Reason: "snapshot joined"})),
		must(message.NewNotice(message.NoticeFields{Origin: origin, Venue: "upbit", Type: message.NoticeAck})), // has no table
	}
	if lost := s.Add(batch(t, events...)); lost != 0 {
		t.Errorf("%d lost", lost)
	}
	closed(t, s)
	if lost := s.Add(batch(t, events...)); lost != 9 {
		t.Errorf("%d lost after Close", lost)
	}
	if st := s.Stats(); st != (Stats{Events: 9, Rows: 9, Lost: 9, Converted: 1}) {
		t.Errorf("%+v", st)
	}

	full := common{1_800_000_000_123_456_789, 1_800_000_000_200_000_001, "upbit", "BTC-KRW", "KRW-BTC"}
	check(t, dir, "trades", []tradeRow{
		{common: full, Price: raw("142350000.000000000000000001"), Quantity: raw("0.1"), Side: "buy", ID: "1"},
		{common: common{0, 5, "sim", "A-B", "KRW-BTC"}, Price: raw("0.000000000000000001")},
	})
	check(t, dir, "bbo", []bboRow{
		{full, known("1"), known("2"), known("3"), known("0")},
		{full, nil, nil, known("3"), known("4")},
	})
	check(t, dir, "books", []bookRow{
		{common: full, Kind: "snapshot", LastID: 1<<64 - 1, Bids: []levelRow{{raw("2"), raw("1")}, {raw("1"), raw("0.5")}}, Asks: []levelRow{}},
		{common: full, Kind: "update", FirstID: 7, LastID: 8, PrevID: 6, Bids: []levelRow{}, Asks: []levelRow{{raw("3"), raw("0")}}},
	})
	check(t, dir, "tickers", []tickerRow{{common: full, Trade: known("5"), Volume24h: known("0"), Change: known("-1.5"),
		ChangeRate: known("-0.000000000000000001"), ChangeBase: "open_24h", Span: "rolling_24h"}})
	check(t, dir, "bars", []barRow{{common: full, Interval: 60_000_000_000, Start: 1_799_999_940_000_000_000, Open: raw("2"), High: raw("4"), Low: raw("1"), Close: raw("3"),
		Volume: raw("10"), Turnover: raw("25"), Trades: 3, Closed: true}})
	check(t, dir, "status", []statusRow{{full, true, "snapshot joined"}})
	if left := files(t, dir, segmentsDir); len(left) != 0 {
		t.Errorf("segments are left: %v", left)
	}
}

func check[R any](t *testing.T, dir, table string, want []R) {
	t.Helper()
	if diff := cmp.Diff(want, read[R](t, dir, table), cmp.AllowUnexported(tradeRow{}, bboRow{}, bookRow{}, tickerRow{}, barRow{}, statusRow{}, levelRow{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", table, diff)
	}
}

// The types that readers see are what the documentation promises.
func TestSchemas(t *testing.T) {
	for name, s := range map[string]*pq.Schema{"trades": pq.SchemaOf(tradeRow{}), "books": pq.SchemaOf(bookRow{}), "tickers": pq.SchemaOf(tickerRow{})} {
		text := s.String()
		for _, want := range map[string][]string{
			"trades":  {"optional int64 time (TIMESTAMP(isAdjustedToUTC=true,unit=NANOS))", "required fixed_len_byte_array(16) price (DECIMAL(38,18))", "required binary instrument (STRING)"},
			"books":   {"required group bids (LIST)", "required fixed_len_byte_array(16) quantity (DECIMAL(38,18))", "optional int64 first_id (INT(64,false))"},
			"tickers": {"optional fixed_len_byte_array(16) signed_change_rate (DECIMAL(38,18))"},
		}[name] {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %q:\n%s", name, want, text)
			}
		}
	}
}

// Every number that fits is exact; every other is refused.
func TestDecimals(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := market.DecimalFromRaw(rapid.Int64().Draw(rt, "hi"), rapid.Uint64().Draw(rt, "lo"))
		if rapid.Bool().Draw(rt, "small") {
			d = market.DecimalFromRaw(int64(rapid.IntRange(-5, 5).Draw(rt, "hi")), rapid.Uint64().Draw(rt, "lo"))
		}
		var b builder
		got := b.decimal(d)
		r, _ := new(big.Rat).SetString(d.String())
		fits := new(big.Rat).Abs(r).Cmp(new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil))) < 0
		if fits != (b.fault == nil) {
			rt.Fatalf("%v: fits %t, fault %v", d, fits, b.fault)
		}
		if fits && got != raw(d.String()) {
			rt.Fatalf("%v: got %x, want %x", d, got, raw(d.String()))
		}
	})
}

// A message whose number is too large for the tables is kept as a line, and told of.
func TestTooLarge(t *testing.T) {
	dir := t.TempDir()
	var told []error
	c := DefaultConfig(dir)
	s, err := Open(c, &unbounded{}, func(err error) { told = append(told, err) })
	if err != nil {
		t.Fatal(err)
	}
	s.Add(batch(t, trade("99999999999999999999.999999999999999999", 1), trade("100000000000000000000", 2), trade("1", 3)))
	closed(t, s)
	if st := s.Stats(); st.Rows != 2 || st.Refused != 1 || len(told) != 1 {
		t.Errorf("%+v, told %v", st, told)
	}
	kept := files(t, dir, segmentsDir)
	if len(kept) != 1 || !strings.HasSuffix(kept[0], refusedSuffix) {
		t.Fatalf("kept %v", kept)
	}
	text, err := os.ReadFile(kept[0])
	if err != nil || !strings.Contains(string(text), `"price":"100000000000000000000"`) || bytes.Count(text, []byte("\n")) != 1 {
		t.Errorf("%v\n%s", err, text)
	}
}

// What a killed process left is converted at the next start: every line that was flushed.
func TestLeftovers(t *testing.T) {
	dir, copies := t.TempDir(), t.TempDir()
	s := store(t, dir, &unbounded{}, nil)
	for n := range 1000 {
		s.Add(batch(t, trade("100", n)))
	}
	eventually(t, "flushed", func() bool { return written(t, dir) })
	// The disk as a kill leaves it now.
	if err := os.CopyFS(copies, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	left := files(t, copies, segmentsDir)
	if len(left) != 1 || len(files(t, copies, "trades")) != 0 {
		t.Fatalf("segments %v", left)
	}
	part := filepath.Join(copies, "trades", "trades-20270115T080000.000Z.parquet"+partial)
	if err := os.MkdirAll(filepath.Dir(part), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(part, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	disk := &unbounded{}
	again := store(t, copies, disk, nil)
	again.Add(batch(t, trade("200", 1000)))
	closed(t, again)
	rows := read[tradeRow](t, copies, "trades")
	if len(rows) != 1001 || rows[999].ID != "999" || rows[1000].Price != raw("200") {
		t.Errorf("%d rows", len(rows))
	}
	if left := files(t, copies, segmentsDir); len(left) != 0 || len(disk.open) != 0 {
		t.Errorf("left: %v, %v", left, disk.open)
	}
}

// A segment may break off anywhere: what is whole is kept, and nothing is invented.
func TestBrokenSegments(t *testing.T) {
	dir := t.TempDir()
	seg, err := newSegment(dir, 1_800_000_000_000_000_000)
	if err != nil {
		t.Fatal(err)
	}
	const lines = 50
	for n := range lines {
		if err := seg.format(trade("100", n), ""); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(seg.add(), seg.flush()); err != nil {
			t.Fatal(err)
		}
	}
	if err := seg.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(seg.path)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for cut := 0; cut <= len(whole); cut += 23 {
		out := t.TempDir()
		path := filepath.Join(out, filepath.Base(seg.path))
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := convert(out, path)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		rows := read[tradeRow](t, out, "trades")
		for i, r := range rows {
			if r.ID != fmt.Sprint(i) {
				t.Fatalf("cut at %d: row %d has id %s", cut, i, r.ID)
			}
		}
		if uint64(len(rows)) != c.Rows || len(rows) < last || c.Refused != 0 || !c.Broken {
			t.Fatalf("cut at %d: %d rows, %+v, %d before", cut, len(rows), c, last)
		}
		last = len(rows)
	}
	if last < lines-1 {
		t.Errorf("%d rows of %d", last, lines)
	}
	// Converting again what was converted but not removed gives the same file.
	out := t.TempDir()
	path := filepath.Join(out, filepath.Base(seg.path))
	var made [2][]byte
	for i := range made {
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := convert(out, path); err != nil || c.Rows != lines || c.Broken {
			t.Fatalf("%+v, %v", c, err)
		}
		if made[i], err = os.ReadFile(files(t, out, "trades")[0]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(made[0], made[1]) || len(files(t, out, "trades")) != 1 {
		t.Error("the second conversion is another file")
	}
}

// eventually polls the store's goroutines, which live in real time: the library's pools of
// decoders cannot be shared with a bubble of synctest.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not %s within a minute", what)
		}
	}
}

// written reports whether the segment under way has all rows of a first flush: it has grown, and
// then no more.
func written(t *testing.T, dir string) bool {
	t.Helper()
	segments := files(t, dir, segmentsDir)
	if len(segments) == 0 {
		return false
	}
	path := filepath.Join(t.TempDir(), filepath.Base(segments[0]))
	body, err := os.ReadFile(segments[0])
	if err == nil {
		err = os.WriteFile(path, body, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := convert(filepath.Dir(path), path)
	return err == nil && c.Rows == 1000
}

// Segments end by size and by time; no row is lost in between.
func TestRotates(t *testing.T) {
	var now atomic.Int64
	now.Store(1_800_000_000_000_000_000)
	timed := t.TempDir()
	slow := store(t, timed, &unbounded{}, func(c *Config) {
		c.Every = time.Minute
		c.Now = func() market.Timestamp { return market.Timestamp(now.Load()) }
	})
	for n := range 2 {
		slow.Add(batch(t, trade("100", n)))
		eventually(t, "in a segment", func() bool { return len(files(t, timed, segmentsDir)) == 1 })
		now.Add(int64(2 * time.Minute))
		eventually(t, "in a table, and out of the segment", func() bool {
			return len(files(t, timed, "trades")) == n+1 && len(files(t, timed, segmentsDir)) == 0
		})
	}
	closed(t, slow)
	if rows := read[tradeRow](t, timed, "trades"); len(rows) != 2 {
		t.Errorf("%d rows", len(rows))
	}
	dir := t.TempDir()
	s := store(t, dir, &unbounded{}, func(c *Config) { c.BytesMax, c.QueueMax = bytesLeast, 1<<20 })
	const n = 60_000
	for i := range n {
		e := must(message.NewTrade(message.TradeFields{Origin: origin, Price: market.Price{Decimal: market.DecimalFromRaw(0, uint64(i+1)*0x9e3779b97f4a7c15)},
			Quantity: market.Quantity{Decimal: market.DecimalFromRaw(0, uint64(i)*0xd1342543de82ef95)}, ID: fmt.Sprint(i)}))
		s.Add(batch(t, e))
	}
	closed(t, s)
	rows := read[tradeRow](t, dir, "trades")
	for i, r := range rows {
		if r.ID != fmt.Sprint(i) {
			t.Fatalf("row %d has id %s", i, r.ID)
		}
	}
	if made := len(files(t, dir, "trades")); len(rows) != n || made < 2 {
		t.Errorf("%d rows in %d files; %+v", len(rows), made, s.Stats())
	}
}

// Rows of many levels do not gather in memory: the row groups end early.
func TestRowGroupsAreBounded(t *testing.T) {
	dir := t.TempDir()
	tab, err := newTable[bookRow](dir, "books.parquet")
	if err != nil {
		t.Fatal(err)
	}
	levels := make([]levelRow, 2000)
	for range 300 {
		if err := tab.put(bookRow{Kind: "update", Bids: levels}, len(levels)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tab.finish(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "books.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := pq.OpenFile(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	if groups := len(file.RowGroups()); groups != 3 || file.NumRows() != 300 {
		t.Errorf("%d rows in %d groups", file.NumRows(), groups)
	}
}

func TestQueueIsBounded(t *testing.T) {
	dir := t.TempDir()
	s := store(t, dir, &unbounded{}, func(c *Config) { c.QueueMax = 10 })
	lost := 0
	for n := range 5000 {
		lost += s.Add(batch(t, trade("1", n), trade("1", n)))
	}
	lost += s.Add(batch(t, must(message.NewBook(message.BookFields{Origin: origin}, make20(), nil)))) // heavier than the queue
	closed(t, s)
	st := s.Stats()
	if lost == 0 || st.Lost != uint64(lost) || st.Events+st.Lost != 10_001 || st.Rows != st.Events {
		t.Errorf("%+v, lost %d", st, lost)
	}
}

func make20() (levels []message.Level) {
	for n := range 20 {
		levels = append(levels, message.Level{Price: price(fmt.Sprint(n + 1)), Quantity: quantity("1")})
	}
	return levels
}

// A disk that refuses a segment costs events and is told of; later ones are kept.
func TestDiskFailure(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	var told []error
	var now atomic.Int64
	now.Store(1_800_000_000_000_000_000)
	c := DefaultConfig(dir)
	c.Now = func() market.Timestamp { return market.Timestamp(now.Load()) }
	s, err := Open(c, &unbounded{}, func(err error) { mu.Lock(); told = append(told, err); mu.Unlock() })
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, segmentsDir)); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		s.Add(batch(t, trade("1", 1)))
		eventually(t, "counted as lost", func() bool { return s.Stats().Lost == uint64(n+1) })
	}
	if err := os.Mkdir(filepath.Join(dir, segmentsDir), 0o700); err != nil {
		t.Fatal(err)
	}
	now.Add(int64(2 * retryAfter))
	s.Add(batch(t, trade("1", 2)))
	closed(t, s)
	if st := s.Stats(); st.Lost != 3 || st.Rows != 1 || len(told) != 1 {
		t.Errorf("%+v, told %v", st, told)
	}
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig("x").Validate(); err != nil {
		t.Error(err)
	}
	_, err := Open(Config{}, nil, nil)
	if err == nil || strings.Count(err.Error(), "parquet: ") != 6 {
		t.Errorf("an invalid configuration: %v", err)
	}
}

// BenchmarkConvert is what a row costs when a segment becomes tables.
func BenchmarkConvert(b *testing.B) {
	dir := b.TempDir()
	seg, err := newSegment(dir, 1_800_000_000_000_000_000)
	if err != nil {
		b.Fatal(err)
	}
	for n := range b.N {
		if err := errors.Join(seg.format(trade("142350000.5", n), "KRW-BTC"), seg.add()); err != nil {
			b.Fatal(err)
		}
	}
	if err := seg.close(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	if _, err := convert(dir, seg.path); err != nil {
		b.Fatal(err)
	}
}
