package main

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1.00", 12.345: "12.3", 999.4: "999", 1234: "1,230", 1_234_567: "1,230,000", 999_999: "1,000,000",
		0.5: "0.500", 0.01234: "0.0123", 0.00001234: "0.000012", -1234: "-1,230", -0.031: "-0.0310",
		math.Inf(1): "-", math.NaN(): "-",
	} {
		if got := digits(v); got != want {
			t.Errorf("%v prints as %q, want %q", v, got, want)
		}
	}
}

func sample() result {
	a := row{Bench: "chain", What: "chain", Measured: figure{600_000, "frames/s"}, Note: "five passes"}.
		against("decoding", figure{800_000, "frames/s"}).aim("≥ 0.7", true)
	b := row{Bench: "latency", What: "p99", Measured: figure{250, "µs"}}.aim("≤ 200 µs", false)
	c := row{Bench: "alone", What: "alone", Measured: figure{1.5, "ms"}}
	return result{Machine: Machine{OS: "linux", Arch: "arm64", Cores: 4, Go: "go1.26"}, Data: "a session", Seconds: 1, Rows: []row{a, b, c},
		Failed: []failure{{"journal", "no disk"}}}
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	if err := sample().writeTable(&out, 0); err != nil {
		t.Fatal(err)
	}
	const want = `linux/arm64, 4 cores, -, go1.26
session: a session

what              measured         reference  ratio  aim       met  against
chain [1]  600,000 frames/s  800,000 frames/s  0.750  ≥ 0.7     yes  decoding
p99                  250 µs                 -      -  ≤ 200 µs  no   -
alone               1.50 ms                 -      -  -         -    -

[1] five passes

not measured: journal: no disk
`
	if squeeze(out.String()) != squeeze(want) {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	for line := range strings.Lines(out.String()) {
		if trimmed := strings.TrimRight(line, "\n"); strings.HasSuffix(trimmed, " ") {
			t.Errorf("spaces at the end of %q", trimmed)
		}
	}
	out.Reset()
	if err := sample().writeTable(&out, 60); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "│") {
		t.Errorf("no lines on a terminal:\n%s", out.String())
	}
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); strings.Contains(line, "│") && n > 60 {
			t.Errorf("%d columns on a terminal of 60: %s", n, line)
		}
	}
}

// squeeze makes runs of spaces one, so that the width of columns is the library's affair.
func squeeze(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	if err := sample().writeJSON(&out); err != nil {
		t.Fatal(err)
	}
	var back result
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || !reflect.DeepEqual(back, sample()) {
		t.Errorf("read back %+v, %v", back, err)
	}
	for _, want := range []string{`"aim": "≥ 0.7"`, `"met": false`, `"unit": "frames/s"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}
