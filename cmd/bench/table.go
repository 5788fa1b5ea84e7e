package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// writeTable writes the result for people. width is the terminal's in columns; 0 is no terminal,
// where nothing is cut and nothing is drawn.
func (r result) writeTable(w io.Writer, width int) error {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	if width == 0 {
		style.Options = table.OptionsNoBordersAndSeparators
		style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
		t.SuppressTrailingSpaces()
	}
	t.SetStyle(style)
	if width > 0 {
		t.Style().Size.WidthMax = width
	}
	right := []table.ColumnConfig{{Name: "measured", Align: text.AlignRight}, {Name: "reference", Align: text.AlignRight}, {Name: "ratio", Align: text.AlignRight}}
	t.SetColumnConfigs(right)
	t.AppendHeader(table.Row{"what", "measured", "reference", "ratio", "aim", "met", "against"})
	var notes []string
	for _, w := range r.Rows {
		reference, ratio := "", ""
		if w.Reference != nil {
			reference, ratio = w.Reference.String(), digits(w.Ratio)
		}
		what := w.What
		if w.Note != "" {
			notes = append(notes, w.Note)
			what = fmt.Sprintf("%s [%d]", what, len(notes))
		}
		t.AppendRow(table.Row{what, w.Measured.String(), orDash(reference), orDash(ratio), orDash(w.Aim), met(w.Met), orDash(w.Against)})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", r.summary(), t.Render())
	if len(notes) > 0 {
		b.WriteByte('\n')
	}
	for i, n := range notes {
		fmt.Fprintf(&b, "[%d] %s\n", i+1, n)
	}
	for _, f := range r.Failed {
		fmt.Fprintf(&b, "\nnot measured: %s: %s\n", f.Bench, f.Reason)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func met(m *bool) string {
	switch {
	case m == nil:
		return "-"
	case *m:
		return "yes"
	}
	return "no"
}
