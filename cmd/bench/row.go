package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// figure is a number with its unit. A unit that begins with a slash is a rate.
type figure struct {
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// String prints three significant digits and groups of thousands: 1,230,000 /s, 0.131 ms.
func (f figure) String() string { return strings.TrimSpace(digits(f.Value) + " " + f.Unit) }

// digits prints v with three significant digits.
func digits(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	if v == 0 {
		return "0"
	}
	decimals := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	if decimals > 0 {
		return strconv.FormatFloat(v, 'f', min(decimals, 6), 64)
	}
	scale := math.Pow10(-decimals)
	return group(strconv.FormatFloat(math.Round(v/scale)*scale, 'f', 0, 64))
}

// group puts a comma between thousands.
func group(whole string) string {
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	var b strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return sign + b.String()
}

// row is one line of the table.
type row struct {
	Bench     string  `json:"bench"` // its name, as --run matches it
	What      string  `json:"what"`
	Measured  figure  `json:"measured"`
	Reference *figure `json:"reference,omitempty"` // measured in the same run
	Against   string  `json:"against,omitempty"`   // what the reference is
	// Ratio is measured over reference: of turns taken side by side the median of their ratios,
	// which need not be the ratio of the medians. 0: there is no reference.
	Ratio float64 `json:"ratio,omitempty"`
	Aim   string  `json:"aim,omitempty"`
	Met   *bool   `json:"met,omitempty"` // nil without an aim
	Note  string  `json:"note,omitempty"`
}

// against adds a reference, and the ratio to it.
func (w row) against(what string, f figure) row {
	w.Against, w.Reference = what, &f
	if f.Value != 0 {
		w.Ratio = w.Measured.Value / f.Value
	}
	return w
}

// aim adds what is aimed at, and whether it was met.
func (w row) aim(text string, met bool) row {
	w.Aim, w.Met = text, &met
	return w
}

// result is what one run found.
type result struct {
	Machine Machine   `json:"machine"`
	Data    string    `json:"data,omitempty"` // which session was used
	Quick   bool      `json:"quick,omitempty"`
	Seconds float64   `json:"seconds"`
	Rows    []row     `json:"rows"`
	Failed  []failure `json:"failed,omitempty"`
}

// failure is a benchmark that could not be run to its end, and why.
type failure struct {
	Bench  string `json:"bench"`
	Reason string `json:"reason"`
}

// writeJSON writes the result for programs.
func (r result) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// summary says where and on what the figures were taken.
func (r result) summary() string {
	m := r.Machine
	text := fmt.Sprintf("%s/%s, %d cores, %s, %s", m.OS, m.Arch, m.Cores, orDash(m.CPU), m.Go)
	if m.Load != "" {
		text += ", load average at the beginning " + m.Load
	}
	if r.Data != "" {
		text += "\nsession: " + r.Data
	}
	if r.Quick {
		text += "\n--quick: the figures say only that everything runs"
	}
	return text
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
