package deadletter_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/store/deadletter"
)

var received = market.TimestampOf(time.Date(2026, 11, 20, 9, 30, 0, 500_000_000, time.UTC))

// clock is moved by the test.
type clock struct{ now market.Timestamp }

func (c *clock) read() market.Timestamp { return c.now }

func open(t testing.TB, dir string, change func(*deadletter.Config)) (*deadletter.Store, *clock) {
	t.Helper()
	clk := &clock{received}
	c := deadletter.DefaultConfig(dir)
	c.Now = clk.read
	if change != nil {
		change(&c)
	}
	s, err := deadletter.Open(c, func(err error) { t.Errorf("reported: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	return s, clk
}

func closed(t testing.TB, s *deadletter.Store) {
	t.Helper()
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t testing.TB, dir string, f deadletter.Filter) []deadletter.Stored {
	t.Helper()
	var all []deadletter.Stored
	for s, err := range deadletter.Read(dir, f) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir, func(c *deadletter.Config) { c.FrameBytesMax = 10 })
	frames := []string{`{"a":"<b>"}`[:10], "", "\xff\xfe\x00bin", strings.Repeat("x", 25), "123456789마루", strings.Repeat("\x80", 12), "\x00\n\r\t"}
	for i, frame := range frames {
		if !s.Add(deadletter.DeadLetter{Time: received, Venue: "upbit", Reason: "syntax", Detail: fmt.Sprintf("no %d", i), Frame: []byte(frame)}) {
			t.Fatalf("frame %d was not taken", i)
		}
	}
	s.Add(deadletter.DeadLetter{Venue: "binance", Reason: "type", Frame: []byte("later")})
	closed(t, s)
	var got []string
	for _, s := range read(t, dir, deadletter.Filter{Venue: "upbit"}) {
		if s.Time != received || s.Reason != "syntax" {
			t.Errorf("%+v", s)
		}
		got = append(got, fmt.Sprintf("%s %q of %d", s.Detail, s.Frame, s.FrameBytes))
	}
	want := []string{
		`no 0 "{\"a\":\"<b>\"" of 10`, `no 1 "" of 0`, `no 2 "\xff\xfe\x00bin" of 6`, `no 3 "xxxxxxxxxx" of 25`,
		`no 4 "123456789" of 15`, // no half of a character
		`no 5 "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80" of 12`, `no 6 "\x00\n\r\t" of 4`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := read(t, dir, deadletter.Filter{Reason: "type", Since: received}); len(got) != 1 || got[0].Time != 0 {
		t.Errorf("by reason: %+v", got)
	}
	if got := read(t, dir, deadletter.Filter{Venue: "upbit", Since: received + 1}); len(got) != 0 {
		t.Errorf("later than all: %+v", got)
	}
	text, err := os.ReadFile(filepath.Join(dir, "deadletters.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if want := `{"time":"2026-11-20T09:30:00.5Z","venue":"upbit","reason":"syntax","detail":"no 0","frame":"{\"a\":\"<b>\""}`; first != want {
		t.Errorf("first line\n%s\nwant\n%s", first, want)
	}
}

func TestAnyFrameComesBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		s, _ := open(t, dir, nil)
		var want []deadletter.Stored
		for range rapid.IntRange(1, 5).Draw(rt, "letters") {
			frame := rapid.SliceOf(rapid.Byte()).Draw(rt, "frame")
			if rapid.Bool().Draw(rt, "text") {
				frame = []byte(rapid.String().Draw(rt, "words"))
			}
			if frame == nil {
				frame = []byte{}
			}
			d := deadletter.DeadLetter{Time: received, Venue: "v", Reason: "r", Detail: "d", Frame: bytes.Clone(frame)}
			if !s.Add(d) {
				rt.Fatal("not taken")
			}
			want = append(want, deadletter.Stored{DeadLetter: d, FrameBytes: len(frame)})
		}
		closed(t, s)
		if diff := cmp.Diff(want, read(t, dir, deadletter.Filter{})); diff != "" {
			rt.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// The caller's buffer is its own again when Add returns.
func TestKeepsNoReference(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir, nil)
	frame := []byte("as it was")
	s.Add(deadletter.DeadLetter{Venue: "v", Reason: "r", Frame: frame})
	copy(frame, "overwritten")
	closed(t, s)
	if got := read(t, dir, deadletter.Filter{}); len(got) != 1 || string(got[0].Frame) != "as it was" {
		t.Errorf("%+v", got)
	}
}

func TestFloodIsSampled(t *testing.T) {
	dir := t.TempDir()
	s, clk := open(t, dir, func(c *deadletter.Config) { c.Rate, c.Burst = 2, 3 })
	add := func(reason string) bool { return s.Add(deadletter.DeadLetter{Venue: "upbit", Reason: reason}) }
	taken := 0
	for range 100 {
		if add("syntax") {
			taken++
		}
	}
	if taken != 3 {
		t.Errorf("%d of a flood were taken, want the burst of 3", taken)
	}
	if !add("type") {
		t.Error("a flood of one reason keeps another out")
	}
	clk.now = clk.now.Add(499 * time.Millisecond)
	if add("syntax") {
		t.Error("taken before its time")
	}
	clk.now = clk.now.Add(time.Millisecond)
	if !add("syntax") {
		t.Error("not taken in its time")
	}
	clk.now = clk.now.Add(-time.Hour) // a clock that is set back must not open or close the gate
	if add("syntax") {
		t.Error("taken because the clock went back")
	}
	clk.now = clk.now.Add(time.Hour)
	for range 3 {
		if !add("syntax") {
			t.Error("not taken after an hour")
		}
	}
	closed(t, s)
	if add("syntax") {
		t.Error("taken after Close")
	}
	got := s.Counts()[deadletter.Kind{Venue: "upbit", Reason: "syntax"}]
	if want := (deadletter.Count{Seen: 107, Stored: 7, Sampled: 100}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	var skipped []uint64
	for _, s := range read(t, dir, deadletter.Filter{Reason: "syntax"}) {
		skipped = append(skipped, s.Skipped)
	}
	if got, want := fmt.Sprint(skipped), "[0 0 0 98 1 0 0]"; got != want {
		t.Errorf("skipped %s, want %s", got, want)
	}
}

func TestKindsAreBounded(t *testing.T) {
	s, _ := open(t, t.TempDir(), func(c *deadletter.Config) { c.Burst = 1 })
	for n := range 5000 {
		s.Add(deadletter.DeadLetter{Venue: "upbit", Reason: fmt.Sprintf("no closed list %d", n)})
	}
	closed(t, s)
	if got := len(s.Counts()); got > 1025 {
		t.Errorf("%d kinds", got)
	}
	if got := s.Counts()[deadletter.Kind{Venue: "other", Reason: "other"}]; got.Seen < 3900 {
		t.Errorf("others: %+v", got)
	}
}

func TestQueueIsBounded(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir, func(c *deadletter.Config) { c.QueueMax, c.QueueBytesMax, c.Burst = 4, 256<<10, 1_000_000 })
	frame := make([]byte, 200<<10)
	taken := uint64(0)
	for range 50 {
		if s.Add(deadletter.DeadLetter{Venue: "v", Reason: "r", Frame: frame}) {
			taken++
		}
	}
	closed(t, s)
	got := s.Counts()[deadletter.Kind{Venue: "v", Reason: "r"}]
	if want := (deadletter.Count{Seen: 50, Stored: taken, Dropped: 50 - taken}); got != want || taken == 0 {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	if got := len(read(t, dir, deadletter.Filter{})); uint64(got) != taken {
		t.Errorf("%d letters on the disk, %d were taken", got, taken)
	}
}

func TestFilesAreBoundedAndInOrder(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir, func(c *deadletter.Config) {
		c.FrameBytesMax, c.BytesMax, c.FilesMax, c.Burst, c.QueueMax = 1000, 30_000, 3, 1000, 1000
	})
	for n := range 300 {
		if !s.Add(deadletter.DeadLetter{Venue: "v", Reason: "r", Detail: fmt.Sprint(n), Frame: make([]byte, 500)}) {
			t.Fatal("not taken")
		}
	}
	closed(t, s)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%d files, %v, want 3", len(entries), err)
	}
	letters := read(t, dir, deadletter.Filter{})
	if len(letters) == 0 || len(letters) == 300 {
		t.Fatalf("%d letters kept", len(letters))
	}
	for i, s := range letters {
		if want := fmt.Sprint(300 - len(letters) + i); s.Detail != want {
			t.Fatalf("letter %d is %s, want %s", i, s.Detail, want)
		}
	}
}

func TestReadsAroundBrokenLines(t *testing.T) {
	dir := t.TempDir()
	text := `{"venue":"v","reason":"a","frame":"1"}
{"venue":"v","rea
{"venue":"v","reason":"b","frame":"!","encoding":"base64"}
{"venue":"v","reason":"c","frame":"1","encoding":"rot13"}
{"time":"yesterday","venue":"v","reason":"d","frame":"1"}
{"venue":"v","reason":"e","frame":"2"}
{"venue":"v","reason":"f"`
	if err := os.WriteFile(filepath.Join(dir, "deadletters.ndjson"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// The next store does not write into the torn line.
	s, _ := open(t, dir, nil)
	s.Add(deadletter.DeadLetter{Venue: "v", Reason: "g"})
	closed(t, s)
	var got []string
	for s, err := range deadletter.Read(dir, deadletter.Filter{}) {
		if err != nil {
			at := strings.Index(err.Error(), "line ")
			got = append(got, err.Error()[at:at+6])
			continue
		}
		got = append(got, s.Reason)
	}
	if want := "[a line 2 line 3 line 4 line 5 e line 7 g]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	for _, err := range deadletter.Read(filepath.Join(dir, "nowhere"), deadletter.Filter{}) {
		if err == nil {
			t.Error("letters of no directory")
		}
	}
	for range deadletter.Read(dir, deadletter.Filter{}) {
		break // stopping early is no fault
	}
}

func TestDiskFailureIsReported(t *testing.T) {
	dir := t.TempDir()
	reports := make(chan error, 10)
	c := deadletter.DefaultConfig(dir)
	c.FrameBytesMax, c.BytesMax, c.FilesMax, c.Burst = 5000, 50_000, 2, 1000
	if err := os.MkdirAll(filepath.Join(dir, "deadletters.ndjson.1", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := deadletter.Open(c, func(err error) { reports <- err })
	if err != nil {
		t.Fatal(err)
	}
	for range 12 {
		s.Add(deadletter.DeadLetter{Venue: "v", Reason: "r", Frame: bytes.Repeat([]byte("x"), 5000)})
	}
	closed(t, s)
	got := s.Counts()[deadletter.Kind{Venue: "v", Reason: "r"}]
	if len(reports) == 0 || got.Dropped != uint64(len(reports)) || got.Stored+got.Dropped != 12 {
		t.Errorf("%d reports, counts %+v", len(reports), got)
	}
}

func TestConfig(t *testing.T) {
	if err := deadletter.DefaultConfig("x").Validate(); err != nil {
		t.Error(err)
	}
	_, err := deadletter.Open(deadletter.Config{BytesMax: 1, QueueBytesMax: -1}, nil)
	if err == nil || strings.Count(err.Error(), "deadletter: ") != 9 {
		t.Errorf("an invalid configuration: %v", err)
	}
}

// BenchmarkFlood is what a refused frame costs when there are too many.
func BenchmarkFlood(b *testing.B) {
	s, _ := open(b, b.TempDir(), nil)
	d := deadletter.DeadLetter{Time: received, Venue: "upbit", Reason: "syntax", Detail: "unexpected end", Frame: make([]byte, 1000)}
	b.ReportAllocs()
	for b.Loop() {
		s.Add(d)
	}
	closed(b, s)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"time":"2026-11-20T09:30:00.5Z","venue":"v","reason":"r","frame":"1","skipped":3}` + "\n"))
	f.Add([]byte("\xff\x00{}\n\n[]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "deadletters.ndjson"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		n := 0
		for range deadletter.Read(dir, deadletter.Filter{}) {
			n++
		}
		if most := bytes.Count(b, []byte("\n")) + 1; n > most {
			t.Fatalf("%d letters in %d lines", n, most)
		}
	})
}
