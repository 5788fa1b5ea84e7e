package main

import (
	"slices"
	"strings"
	"testing"
)

const ofUpbit = `goos: linux
pkg: example.org/maru/adapters/venue/upbit
BenchmarkDecode/trade/maru-2            10  300 ns/op  1 B/op  1 allocs/op
BenchmarkDecode/trade/encoding_json-2   10  2100 ns/op  9 B/op  11 allocs/op
BenchmarkDecode/trade/maru-2            10  350 ns/op  1 B/op  1 allocs/op
BenchmarkDecode/trade/maru-2            10  9000 ns/op  1 B/op  1 allocs/op
PASS
`

const ofOKX = `pkg: example.org/maru/adapters/venue/okx
BenchmarkDecode/book_2x20/maru-2            10  4000 ns/op  40.00 levels  100 ns/level  1 B/op  2 allocs/op
BenchmarkDecode/book_2x20/encoding_json-2   10  12000 ns/op  9 B/op  99 allocs/op
BenchmarkDecode/ticker/maru-2               10  1001 ns/op  1 B/op  1 allocs/op
BenchmarkDecode/ticker/encoding_json-2      10  9000 ns/op  9 B/op  9 allocs/op
BenchmarkDecode/bbo/maru-2                  10  500 ns/op  1 B/op  2 allocs/op
BenchmarkDecode/bbo/encoding_json-2         10  9000 ns/op  9 B/op  9 allocs/op
BenchmarkDecode/other/maru-2                10  500 ns/op  1 B/op  2 allocs/op
BenchmarkDecode/other/encoding_json-2       10  9000 ns/op  9 B/op  9 allocs/op
PASS
`

func TestDecodeRows(t *testing.T) {
	upbit, okx := []byte(ofUpbit), []byte(ofOKX)
	if got := framesOfBench(upbit); !slices.Equal(got, []string{"trade"}) {
		t.Errorf("upbit: frames %q", got)
	}
	if got := framesOfBench(okx); !slices.Equal(got, []string{"book_2x20", "ticker", "bbo", "other"}) {
		t.Errorf("okx: frames %q", got)
	}
	for _, tc := range []struct {
		of          []byte
		kind, frame string
		ns          float64
		aim         string
		met         bool
	}{
		{upbit, "trade", "trade", 350, "≤ 1,000 ns, ≤ 1 alloc, ≥ 5×", true},       // 6 times as fast
		{okx, "book", "book_2x20", 4000, "≤ 4,200 ns, ≤ 2 allocs, ≥ 3.5×", false}, // 3 times as fast
		{okx, "ticker", "ticker", 1001, "≤ 1,000 ns, ≤ 1 alloc, ≥ 5×", false},     // too slow
		{okx, "bbo", "bbo", 500, "≤ 1,000 ns, ≤ 1 alloc, ≥ 5×", false},            // two allocations
	} {
		found, err := parseGoBench(tc.of)
		if err != nil {
			t.Fatal(err)
		}
		w, err := decodeRow("venue", tc.kind, tc.frame, found)
		if err != nil || w.Measured.Value != tc.ns || w.Aim != tc.aim || w.Met == nil || *w.Met != tc.met {
			t.Errorf("%s: %+v, met %v, %v", tc.frame, w, w.Met, err)
		}
	}
	found, err := parseGoBench(okx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decodeRow("okx", "other", "other", found); err == nil || !strings.Contains(err.Error(), "want a name") {
		t.Errorf("a frame of no kind: %v", err)
	}
	if _, err := decodeRow("okx", "trade", "trade", found); err == nil {
		t.Error("a frame that is not there has a row")
	}
}

// TestDecodeChannelsAreCovered: a venue whose channel has no benchmark is an error that names it.
func TestDecodeChannelsAreCovered(t *testing.T) {
	found, err := parseGoBench([]byte(ofUpbit))
	if err != nil {
		t.Fatal(err)
	}
	for frame, want := range map[string]string{"trade": "upbit has no BenchmarkDecode", "ticker": "gave no"} {
		if _, err := decodeRows("upbit", []string{frame}, found); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s alone: %v", frame, err)
		}
	}
}

func TestLeast(t *testing.T) {
	a := map[string]goBench{"x": {"ns/op": 3, "allocs/op": 1}, "gone": {"ns/op": 1}}
	got := least(least(nil, a), map[string]goBench{"x": {"ns/op": 5, "allocs/op": 0}, "new": {"ns/op": 7}})
	if got["x"]["ns/op"] != 3 || got["x"]["allocs/op"] != 0 || got["new"]["ns/op"] != 7 || len(got) != 2 {
		t.Errorf("%v", got)
	}
}
