package ndjson_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/maru-trading/maru/remote/ndjson"
	"github.com/maru-trading/maru/remote/wire/messagetest"
)

// FuzzParse: no line makes Parse panic, and what it accepts is JSON, can be written, and reads back
// as the same message.
func FuzzParse(f *testing.F) {
	lines, err := os.ReadFile(golden)
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(lines) {
		f.Add(line)
		f.Add(line[:len(line)/2])
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, symbol, err := ndjson.Parse(line)
		if err != nil {
			if m != nil {
				t.Fatalf("message %v beside error %v", m, err)
			}
			return
		}
		if !json.Valid(line) {
			t.Fatalf("accepted what is no JSON: %q", line)
		}
		written, err := ndjson.Append(nil, m, symbol)
		if err != nil {
			t.Fatalf("accepted, but cannot be written: %v: %v", m, err)
		}
		again, symbolAgain, err := ndjson.Parse(written)
		if err != nil {
			t.Fatalf("written, but cannot be read: %s: %v", written, err)
		}
		if !messagetest.Equal(m, again) {
			t.Fatalf("changed on the way\n in: %v\nout: %v\nas:  %s", m, again, written)
		}
		if symbol != symbolAgain && hasSymbol(m) {
			t.Fatalf("symbol %q became %q", symbol, symbolAgain)
		}
	})
}

// BenchmarkAppend writes the examples of docs/messages.md.
func BenchmarkAppend(b *testing.B) {
	all := examples()
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		dst = dst[:0]
		for _, e := range all {
			dst, _ = ndjson.Append(dst, e.m, e.symbol)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(all)), "ns/line")
}

// BenchmarkParse reads them back.
func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile(golden)
	if err != nil {
		b.Fatal(err)
	}
	lines := bytes.SplitAfter(bytes.TrimSpace(data), []byte("\n"))
	b.ReportAllocs()
	for b.Loop() {
		for _, line := range lines {
			if _, _, err := ndjson.Parse(line); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(lines)), "ns/line")
}
