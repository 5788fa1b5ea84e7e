package record_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/store/record"
	"github.com/maru-trading/maru/adapters/venue/capture"
)

const plenty = 1 << 40

// recorder is a store in a directory of its own whose failures are gathered.
type recorder struct {
	*record.Store
	disk *record.Disk
	dir  string

	mu       sync.Mutex
	failures []error
}

func open(t *testing.T, bytesMax int64, change func(*record.Config)) *recorder {
	t.Helper()
	r := &recorder{dir: t.TempDir()}
	c := record.DefaultConfig(r.dir)
	if change != nil {
		change(&c)
	}
	var err error
	if r.disk, err = record.OpenDisk(r.dir, bytesMax); err != nil {
		t.Fatal(err)
	}
	r.Store, err = record.New(c, r.disk, func(err error) {
		r.mu.Lock()
		r.failures = append(r.failures, err)
		r.mu.Unlock()
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.close(t) })
	return r
}

func (r *recorder) close(t *testing.T) {
	t.Helper()
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func (r *recorder) connection(t *testing.T, source string, begun func(string, bool)) *record.Connection {
	t.Helper()
	c, err := r.Connection("upbit", source, begun)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// files returns the files of a source, oldest first.
func (r *recorder) files(t *testing.T, source string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(r.dir, "upbit", source+"-2*"+record.Suffix))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// rows reads a file and says whether it broke off.
func rows(t *testing.T, path string) (all []capture.Row, broken bool) {
	t.Helper()
	in, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for {
		row, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			return all, false
		case errors.Is(err, capture.ErrTruncated):
			return all, true
		case err != nil:
			t.Fatal(err)
		}
		row.Payload = bytes.Clone(row.Payload)
		all = append(all, row)
	}
}

func at(n int) market.Timestamp { return market.Timestamp(1_800_000_000_000_000_000 + n) }

// Everything comes back byte for byte, however it travelled.
func TestKeepsEverything(t *testing.T) {
	r := open(t, plenty, nil)
	c := r.connection(t, "upbit", nil)
	frame := []byte(`{"a":1}`)
	c.Opened("wss://venue.invalid/ws?x=1", at(1))
	c.Sent([]byte("[sub]"), false, at(2))
	c.Frame(frame, false, at(3))
	copy(frame, "xxxxxxx") // it is the caller's again
	c.Frame([]byte(`{"b":2}`), true, at(4))
	c.Frame([]byte("{\"c\":\n3}"), true, at(5))
	c.Frame([]byte{0x1f, 0x8b, 0, '\n'}, true, at(6))
	c.Frame([]byte("two\nlines"), false, at(7))
	c.Frame(nil, false, at(8))
	c.HTTP("https://venue.invalid/depth?symbol=A", []byte(`{"bids":[]}`), at(9))
	r.close(t)
	files := r.files(t, "upbit")
	if len(files) != 1 {
		t.Fatalf("files %v", files)
	}
	got, broken := rows(t, files[0])
	want := []capture.Row{
		{At: at(1), Kind: "open", Meta: "wss://venue.invalid/ws?x=1", Payload: []byte{}},
		{At: at(2), Kind: "sent", Meta: "t", Payload: []byte("[sub]")},
		{At: at(3), Kind: "recv", Meta: "t", Payload: []byte(`{"a":1}`)},
		{At: at(4), Kind: "recv", Meta: "t-binop", Payload: []byte(`{"b":2}`)},
		{At: at(5), Kind: "recv", Meta: "b64", Payload: []byte("{\"c\":\n3}")},
		{At: at(6), Kind: "recv", Meta: "b64", Payload: []byte{0x1f, 0x8b, 0, '\n'}},
		{At: at(7), Kind: "recv", Meta: "t-b64", Payload: []byte("two\nlines")},
		{At: at(8), Kind: "recv", Meta: "t", Payload: []byte{}},
		{At: at(9), Kind: "http", Meta: "https://venue.invalid/depth?symbol=A", Payload: []byte(`{"bids":[]}`)},
	}
	if diff := cmp.Diff(want, got); diff != "" || broken {
		t.Errorf("broken %t (-want +got):\n%s", broken, diff)
	}
	if s := r.Stats(); s.Frames != 6 || s.Files != 1 || s.Lost != 0 || len(r.failures) != 0 {
		t.Errorf("%+v, failures %v", s, r.failures)
	}
	info, err := os.Stat(files[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: want the file for the owner only", info, err)
	}
	c.Frame([]byte("late"), false, at(10))
	if s := r.Stats(); s.Lost != 1 {
		t.Errorf("a row after Close: %+v", s)
	}
}

// What was recorded can be read FlushEvery later, while the file is still written and also where the
// connection has fallen silent: that is what a kill leaves.
func TestReadableWhileWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, plenty, nil)
		c := r.connection(t, "upbit", nil)
		for n := range 3 {
			c.Frame([]byte(fmt.Sprintf(`{"n":%d}`, n)), false, at(n))
		}
		time.Sleep(record.FlushEvery + time.Millisecond)
		synctest.Wait()
		files := r.files(t, "upbit")
		if len(files) != 1 {
			t.Fatalf("files %v", files)
		}
		got, broken := rows(t, files[0])
		if len(got) != 3 || !broken {
			t.Errorf("%d rows, broken %t: want 3 of a file that is not finished", len(got), broken)
		}
		r.close(t)
		if got, broken := rows(t, files[0]); len(got) != 3 || broken {
			t.Errorf("finished: %d rows, broken %t", len(got), broken)
		}
	})
}

// Files stay below their length, lose nothing and keep the order; each says by itself what it is a
// recording of.
func TestRotatesBySize(t *testing.T) {
	const bytesMax = record.BytesLeast
	var begun []bool
	r := open(t, plenty, func(c *record.Config) { c.BytesMax = bytesMax; c.QueueBytesMax = 64 << 20 })
	c := r.connection(t, "upbit", func(_ string, continues bool) { begun = append(begun, continues) })
	c.Opened("wss://venue.invalid/ws", at(0))
	c.Sent([]byte("subscribe"), false, at(0))
	random := rand.NewChaCha8([32]byte{1})
	const frames = 300
	for n := range frames {
		frame := make([]byte, 20_000) // does not compress
		_, _ = random.Read(frame)
		c.Frame(append(fmt.Appendf(nil, "%d ", n), frame...), true, at(n+1))
		if n%7 == 0 {
			c.Sent([]byte("ping"), false, at(n+1))
		}
	}
	r.close(t)
	files := r.files(t, "upbit")
	if len(files) < 6 || len(files) > 7 || len(begun) != len(files) || begun[0] || slices.Contains(begun[1:], false) {
		t.Fatalf("%d files, begun %v", len(files), begun)
	}
	next := 0
	for n, path := range files {
		info, err := os.Stat(path)
		if err != nil || info.Size() > bytesMax || n < len(files)-1 && info.Size() < bytesMax*9/10 {
			t.Errorf("%s: %v bytes, %v", path, info.Size(), err)
		}
		all, broken := rows(t, path)
		if broken || all[0].Kind != capture.KindOpen || all[0].At != at(0) || string(all[1].Payload) != "subscribe" {
			t.Errorf("%s: broken %t, begins with %+v", path, broken, all[:2])
		}
		if n > 1 && (string(all[2].Payload) != "ping" || all[3].Kind != capture.KindReceived && all[4].Kind != capture.KindReceived) {
			t.Errorf("%s: the head is not short: %s %s", path, all[3].Kind, all[4].Kind)
		}
		for _, row := range all {
			if row.Kind != capture.KindReceived {
				continue
			}
			if want := fmt.Sprintf("%d ", next); !strings.HasPrefix(string(row.Payload), want) {
				t.Fatalf("%s: frame %.10q, want %s", path, row.Payload, want)
			}
			next++
		}
	}
	if s := r.Stats(); next != frames || s.Lost != 0 {
		t.Errorf("%d frames, %+v", next, s)
	}
}

func TestRotatesByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, plenty, func(c *record.Config) { c.Every = time.Minute })
		c := r.connection(t, "upbit", nil)
		for n := range 10 {
			c.Frame([]byte("x"), false, at(n))
			time.Sleep(20 * time.Second)
		}
		time.Sleep(2 * time.Minute) // silence: the file is finished without a row after it
		synctest.Wait()
		files := r.files(t, "upbit")
		total := 0
		for _, path := range files {
			all, broken := rows(t, path)
			if broken || len(all) > 4 {
				t.Errorf("%s: %d rows, broken %t", path, len(all), broken)
			}
			total += len(all)
		}
		if len(files) < 3 || len(files) > 4 || total != 10 {
			t.Errorf("%d files, %d rows", len(files), total)
		}
	})
}

// A reconnect within a file is a row of its own, and what the next file repeats is of the new
// connection only.
func TestHeadIsOfTheLatestConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, plenty, func(c *record.Config) { c.Every = time.Minute })
		c := r.connection(t, "upbit", nil)
		c.Opened("wss://a.invalid", at(1))
		c.Sent([]byte("old"), false, at(2))
		c.Opened("wss://b.invalid", at(3))
		c.Sent([]byte("new"), false, at(4))
		time.Sleep(2 * time.Minute)
		c.Frame([]byte("x"), false, at(5))
		synctest.Wait()
		r.close(t)
		files := r.files(t, "upbit")
		if len(files) != 2 {
			t.Fatalf("files %v", files)
		}
		all, _ := rows(t, files[1])
		var got []string
		for _, row := range all {
			got = append(got, row.Kind+" "+row.Meta+" "+string(row.Payload))
		}
		if want := []string{"open wss://b.invalid ", "sent t new", "recv t x"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// However much is recorded, the directory never holds more than the limit, and what goes is the
// oldest.
func TestDiskLimit(t *testing.T) {
	const bytesMax, limit = record.BytesLeast, 5 * record.BytesLeast
	var mu sync.Mutex
	var most int64
	var r *recorder
	measure := func(string, bool) {
		var sum int64
		for _, pattern := range []string{"a-2*", "b-2*"} {
			paths, _ := filepath.Glob(filepath.Join(r.dir, "upbit", pattern))
			for _, path := range paths {
				if info, err := os.Stat(path); err == nil {
					sum += info.Size()
				}
			}
		}
		mu.Lock()
		most = max(most, sum)
		mu.Unlock()
	}
	r = open(t, limit, func(c *record.Config) { c.BytesMax = bytesMax; c.QueueBytesMax = 64 << 20 })
	random := rand.NewChaCha8([32]byte{2})
	a, b := r.connection(t, "a", measure), r.connection(t, "b", measure)
	const frames = 400
	for n := range frames {
		frame := make([]byte, 30_000)
		_, _ = random.Read(frame)
		frame = append(fmt.Appendf(nil, "%d ", n), frame...)
		a.Frame(frame, true, at(n))
		b.Frame(frame, true, at(n))
	}
	r.close(t)
	measure("", false)
	u := r.disk.Usage()
	if most > limit || u.Bytes > limit || u.Bytes < limit/2 || u.Removed < 10 || len(r.failures) > 0 {
		t.Errorf("at most %d bytes of %d, in the end %+v, failures %v", most, limit, u, r.failures)
	}
	for _, source := range []string{"a", "b"} {
		files := r.files(t, source)
		if len(files) == 0 {
			t.Fatalf("nothing is left of %s", source)
		}
		next := -1
		for _, path := range files {
			all, _ := rows(t, path)
			for _, row := range all {
				var n int
				if _, err := fmt.Sscan(string(row.Payload[:10]), &n); err != nil || next >= 0 && n != next {
					t.Fatalf("%s: frame %d, want %d: a file in the middle is missing", path, n, next)
				}
				next = n + 1
			}
		}
		if next != frames {
			t.Errorf("%s ends with frame %d, want %d", source, next-1, frames-1)
		}
	}
}

func TestDisk(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, bytes int, age time.Duration) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, bytes), 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
		return path
	}
	name := func(n int) string { return record.Name("x", at(n*1_000_000_000), record.Suffix) }
	old, newer := write(name(1), 40, 2*time.Hour), write(name(2), 40, time.Hour)
	mine := write("notes.txt", 1000, 3*time.Hour) // not a recording: neither counted nor removed
	d, err := record.OpenDisk(dir, 100)
	if err != nil {
		t.Fatal(err)
	}
	if u := d.Usage(); u != (record.Usage{Files: 2, Bytes: 80}) {
		t.Errorf("%+v", u)
	}
	now := filepath.Join(dir, name(3))
	if err := d.Begin(now, 50); err != nil {
		t.Fatal(err)
	}
	exists := func(path string) bool { _, err := os.Stat(path); return err == nil }
	if exists(old) || !exists(newer) || !exists(mine) {
		t.Errorf("old %t, newer %t, notes %t", exists(old), exists(newer), exists(mine))
	}
	write(name(3), 50, 0)
	if err := d.Begin(filepath.Join(dir, name(4)), 60); !errors.Is(err, record.ErrDiskLimit) {
		t.Errorf("two files that may grow beyond the limit: %v", err)
	}
	if !exists(now) || !exists(newer) {
		t.Error("a refusal removed something")
	}
	// A finished one that is needed is kept, whatever comes.
	if err := d.Begin(newer, 40); err != nil {
		t.Fatal(err)
	}
	if err := d.End(now); err != nil {
		t.Fatal(err)
	}
	if err := d.Begin(filepath.Join(dir, name(5)), 30); err != nil {
		t.Fatal(err)
	}
	if exists(now) || !exists(newer) {
		t.Errorf("finished %t, needed %t", exists(now), exists(newer))
	}
	if u := d.Usage(); u != (record.Usage{Files: 1, Bytes: 40, Removed: 2}) {
		t.Errorf("%+v", u)
	}
	if err := d.End(filepath.Join(dir, "gone")); err != nil {
		t.Error(err)
	}
	if _, err := record.OpenDisk(filepath.Join(dir, "nowhere"), 1); err == nil {
		t.Error("a directory that is not there was opened")
	}
}

// A disk that is too slow costs rows, which are counted; it never makes the caller wait.
func TestQueueIsBounded(t *testing.T) {
	r := open(t, plenty, func(c *record.Config) { c.QueueBytesMax = 1000 })
	c := r.connection(t, "upbit", nil)
	for n := range 10_000 {
		c.Frame(make([]byte, 600), false, at(n))
	}
	r.close(t)
	s := r.Stats()
	kept := 0
	for _, path := range r.files(t, "upbit") {
		all, _ := rows(t, path)
		kept += len(all)
	}
	if s.Frames+s.Lost != 10_000 || s.Lost == 0 || uint64(kept) != s.Frames {
		t.Errorf("%+v, %d rows on the disk", s, kept)
	}
}

// When the disk fails rows are lost, that is told, and later rows are kept again.
func TestDiskFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, plenty, func(c *record.Config) { c.Every = time.Minute })
		c := r.connection(t, "upbit", nil)
		dir := filepath.Join(r.dir, "upbit")
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			c.Frame([]byte("lost"), false, at(n))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if s := r.Stats(); s.Lost != 3 || len(r.failures) != 1 {
			t.Errorf("%+v, failures %v", s, r.failures)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		c.Frame([]byte("kept"), false, at(9))
		r.close(t)
		files := r.files(t, "upbit")
		if len(files) != 1 {
			t.Fatalf("files %v", files)
		}
		if all, _ := rows(t, files[0]); len(all) != 1 || string(all[0].Payload) != "kept" {
			t.Errorf("%+v", all)
		}
	})
}

// A limit that two open files break refuses the second; its rows are counted as lost.
func TestNoRoomForAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, record.BytesLeast*3/2, func(c *record.Config) { c.BytesMax = record.BytesLeast })
		a, b := r.connection(t, "a", nil), r.connection(t, "b", nil)
		a.Frame([]byte("x"), false, at(1))
		time.Sleep(time.Second)
		b.Frame([]byte("x"), false, at(1))
		time.Sleep(time.Second)
		synctest.Wait()
		if s := r.Stats(); s.Lost != 1 || len(r.failures) != 1 || !errors.Is(r.failures[0], record.ErrDiskLimit) {
			t.Errorf("%+v, failures %v", s, r.failures)
		}
		if got := len(r.files(t, "a")) + len(r.files(t, "b")); got != 1 {
			t.Errorf("%d files", got)
		}
	})
}

func TestConfig(t *testing.T) {
	if err := record.DefaultConfig("x").Validate(); err != nil {
		t.Error(err)
	}
	_, err := record.New(record.Config{}, nil, nil)
	if err == nil || strings.Count(err.Error(), "record: ") != 5 {
		t.Errorf("an invalid configuration: %v", err)
	}
}

func TestConcurrently(t *testing.T) {
	r := open(t, plenty, nil)
	c := r.connection(t, "upbit", nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := range 1000 {
				c.Frame([]byte("frame"), false, at(n))
				_ = r.Stats()
				if n%100 == 0 {
					_ = r.disk.Usage()
				}
			}
		})
	}
	wg.Wait()
	r.close(t)
	if s := r.Stats(); s.Frames != 8000 {
		t.Errorf("%+v", s)
	}
}

// BenchmarkRecord is what a frame costs from the connection's reader to the disk: what the reader
// pays for it, and the writer's compression, which takes as long again several times over.
func BenchmarkRecord(b *testing.B) {
	dir := b.TempDir()
	disk, err := record.OpenDisk(dir, plenty)
	if err != nil {
		b.Fatal(err)
	}
	cfg := record.DefaultConfig(dir)
	cfg.QueueBytesMax = 1 << 30
	s, err := record.New(cfg, disk, func(err error) { b.Error(err) })
	if err != nil {
		b.Fatal(err)
	}
	c, err := s.Connection("binance", "binance", nil)
	if err != nil {
		b.Fatal(err)
	}
	frame := []byte(`{"stream":"btcusdt@bookTicker","data":{"u":400900217,"s":"BTCUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	began := time.Now()
	for b.Loop() {
		c.Frame(frame, false, at(1))
	}
	b.ReportMetric(float64(time.Since(began).Nanoseconds())/float64(b.N), "reader-ns/op")
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(began).Nanoseconds())/float64(b.N), "disk-ns/op")
	if st := s.Stats(); st.Lost > 0 {
		b.Fatalf("%d of %d lost", st.Lost, st.Lost+st.Frames)
	}
}
