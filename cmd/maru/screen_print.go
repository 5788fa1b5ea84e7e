package main

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/maru-trading/maru/actors/classifier/criteria"
	"github.com/maru-trading/maru/actors/classifier/screening"
)

// reportFaults says which rows could not be read.
func (s *screened) reportFaults(stderr io.Writer) {
	const shown = 5
	if s.set.FaultCount == 0 {
		return
	}
	fmt.Fprintf(stderr, "maru: %s could not be read and %s left out:\n", count(s.set.FaultCount, "row"), map[bool]string{true: "was", false: "were"}[s.set.FaultCount == 1])
	for _, f := range s.set.Faults[:min(shown, len(s.set.Faults))] {
		fmt.Fprintf(stderr, "  %v\n", f)
	}
	if more := s.set.FaultCount - shown; more > 0 {
		fmt.Fprintf(stderr, "  and %d more\n", more)
	}
}

// The JSON that a screen prints.
type (
	screenJSON struct {
		Results  []screenResult  `json:"results"`
		Screen   string          `json:"screen,omitempty"`
		AsOf     string          `json:"as_of"`
		Passed   int             `json:"passed"`
		Missed   int             `json:"missed"`
		NotReady int             `json:"not_ready"`
		Criteria []screenSummary `json:"criteria"`
		Data     screenData      `json:"data"`
	}
	screenResult struct {
		Instrument string            `json:"instrument"`
		Name       string            `json:"name,omitempty"`
		Price      *float64          `json:"price"`
		Change     *float64          `json:"change_rate"`
		Verdict    string            `json:"verdict"` // true, false, not ready
		Ready      bool              `json:"ready"`   // of every criterion
		Reason     string            `json:"reason,omitempty"`
		Criteria   []screenJudgement `json:"criteria"`
	}
	screenJudgement struct {
		Name       string   `json:"name"`
		Verdict    string   `json:"verdict"`
		Figures    string   `json:"figures"`
		Comparison string   `json:"comparison,omitempty"` // that decides
		Left       *float64 `json:"left,omitempty"`
		Right      *float64 `json:"right,omitempty"`
		Distance   *float64 `json:"distance,omitempty"` // below zero: missed by so much
		Percent    *float64 `json:"percent,omitempty"`  // of the right side
		Reason     string   `json:"reason,omitempty"`   // why it is not ready
	}
	screenSummary struct {
		Name     string `json:"name"`
		When     string `json:"when"`
		Passed   int    `json:"passed"`
		Missed   int    `json:"missed"`
		NotReady int    `json:"not_ready"`
	}
	screenData struct {
		Files    int      `json:"files"`
		Rows     int      `json:"rows"`
		Repeated int      `json:"repeated"`
		Untraded int      `json:"untraded"`
		Faults   int      `json:"faults"`
		First    []string `json:"first_faults,omitempty"`
	}
)

func (s *screened) summaries() []screenSummary {
	var all []screenSummary
	for k, c := range s.screen.Criteria() {
		passed, missed, notReady := s.screen.CountOf(k)
		all = append(all, screenSummary{c.Name, c.When, passed, missed, notReady})
	}
	return all
}

func (s *screened) writeJSON(w io.Writer) error {
	passed, missed, notReady := s.screen.Count()
	out := screenJSON{Results: []screenResult{}, Screen: s.file.Name, AsOf: s.set.Last.String(), Passed: passed, Missed: missed, NotReady: notReady, Criteria: s.summaries(),
		Data: screenData{Files: s.set.Files, Rows: s.set.Rows, Repeated: s.set.Repeated, Untraded: s.set.Untraded, Faults: s.set.FaultCount}}
	for _, f := range s.set.Faults {
		out.Data.First = append(out.Data.First, f.Error())
	}
	u, all := s.screen.Universe(), s.screen.Criteria()
	for i := range u.Len() {
		r := screenResult{Instrument: u.Name(i), Name: u.Title(i), Verdict: s.screen.Passed(i).String(), Price: jsonFigure(u.Figure(i, "price")), Change: jsonFigure(u.Figure(i, "change_rate"))}
		r.Ready, r.Reason = s.screen.Ready(i)
		for k, j := range s.screen.Judgements(i) {
			c := screenJudgement{Name: all[k].Name, Verdict: j.Verdict.String(), Figures: j.Figures, Reason: j.Reason}
			if j.Verdict != criteria.NotReady {
				d := j.Distance
				c.Comparison, c.Left, c.Right, c.Distance, c.Percent = d.Text, jsonFigure(d.Left), jsonFigure(d.Right), jsonFigure(d.By), jsonFigure(d.Percent)
			}
			r.Criteria = append(r.Criteria, c)
		}
		out.Results = append(out.Results, r)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}

func (s *screened) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	header := []string{"instrument", "name", "price", "change_rate", "verdict", "reason"}
	for _, c := range s.screen.Criteria() {
		header = append(header, c.Name, c.Name+" distance", c.Name+" percent")
	}
	_ = out.Write(header) // Error tells
	figure := func(v float64) string {
		if v-v != 0 {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	u := s.screen.Universe()
	for i := range u.Len() {
		_, reason := s.screen.Ready(i)
		line := []string{u.Name(i), u.Title(i), figure(u.Figure(i, "price")), figure(u.Figure(i, "change_rate")), s.screen.Passed(i).String(), reason}
		for _, j := range s.screen.Judgements(i) {
			by, percent := "", ""
			if j.Verdict != criteria.NotReady {
				by, percent = figure(j.Distance.By), figure(j.Distance.Percent)
			}
			line = append(line, j.Verdict.String(), by, percent)
		}
		_ = out.Write(line)
	}
	out.Flush()
	return out.Error()
}

// writeTable writes for people: the criteria, who passed, who missed by little, and why others
// are not ready.
func (s *screened) writeTable(w io.Writer, limit int) error {
	width := 0
	if f, ok := w.(*os.File); ok && isTerminal(w) {
		width = 100
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			width = n
		}
	}
	passed, missed, notReady := s.screen.Count()
	var b strings.Builder
	title := s.file.Name
	if title == "" {
		title = s.file.path
	}
	fmt.Fprintf(&b, "%s, as of %v: %d passed, %d missed, %d not ready of %s\n", title, s.set.Last, passed, missed, notReady, count(s.screen.Universe().Len(), "instrument"))
	fmt.Fprintf(&b, "%s in %s read in %v; judged in %v\n\n", count(s.set.Rows, "row"), count(s.set.Files, "file"), s.loading.Round(time.Millisecond), s.judgment.Round(100*time.Microsecond))

	t := screenTableWriter(width, "when", 56, "passed", "missed", "not ready")
	t.AppendHeader(table.Row{"criterion", "when", "passed", "missed", "not ready"})
	for _, c := range s.summaries() {
		t.AppendRow(table.Row{c.Name, strings.Join(strings.Fields(c.When), " "), c.Passed, c.Missed, c.NotReady})
	}
	b.WriteString(t.Render() + "\n")
	s.tablePassed(&b, width)
	s.tableMissed(&b, width, limit)
	s.listNotReady(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// screenTableWriter returns a table as wide as the terminal, 0 being none. Of its columns those in
// right are figures; wide, if any, is the one that is folded to fit, the others taking about taken.
func screenTableWriter(width int, wide string, taken int, right ...string) table.Writer {
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
	var columns []table.ColumnConfig
	if width > 0 {
		columns = append(columns, table.ColumnConfig{Name: wide, WidthMax: max(24, width-taken), WidthMaxEnforcer: text.WrapSoft})
	}
	for _, name := range right {
		columns = append(columns, table.ColumnConfig{Name: name, Align: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}

// percent prints a fraction as people read it.
func percent(fraction float64) string {
	if math.IsNaN(fraction) {
		return "?"
	}
	return fmt.Sprintf("%+.2f %%", fraction*100)
}

// amount prints a figure with as many digits as people read.
func amount(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v):
		return "?"
	case size >= 1e15 || size != 0 && size < 1e-4:
		return strconv.FormatFloat(v, 'g', 4, 64)
	case size >= 1000:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 1:
		return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), ".")
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func (s *screened) tablePassed(b *strings.Builder, width int) {
	u := s.screen.Universe()
	t := screenTableWriter(width, "tightest", 70, "price", "change")
	t.AppendHeader(table.Row{"passed", "name", "price", "change", "tightest"})
	for i := range u.Len() {
		if s.screen.Passed(i) != criteria.True {
			continue
		}
		least, told := criteria.Distance{Percent: math.Inf(1)}, "-"
		for k, j := range s.screen.Judgements(i) {
			if j.Distance.Percent < least.Percent {
				least = j.Distance
				told = fmt.Sprintf("%s %+.2f %%", s.file.Criterion[k].Name, least.Percent)
			}
		}
		t.AppendRow(table.Row{u.Name(i), u.Title(i), amount(u.Figure(i, "price")), percent(u.Figure(i, "change_rate")), told})
	}
	if t.Length() > 0 {
		b.WriteString("\n" + t.Render() + "\n")
	}
}

// miss is an instrument that missed, and by what.
type miss struct {
	at        int
	failed    int
	worst     float64 // percent; the farther, the lower
	distances []string
}

// misses returns those who missed, the nearest first: by how many criteria, then by how much.
func (s *screened) misses() []miss {
	var all []miss
	for i := range s.screen.Universe().Len() {
		if s.screen.Passed(i) != criteria.False {
			continue
		}
		m := miss{at: i}
		for k := range s.screen.Criteria() {
			if s.screen.Verdict(i, k) == criteria.False {
				m.failed++
			}
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b miss) int { return a.failed - b.failed })
	return all
}

// tell fills in how far an instrument missed.
func (s *screened) tell(m *miss) {
	m.worst = math.Inf(1)
	for k, j := range s.screen.Judgements(m.at) {
		if j.Verdict == criteria.NotReady {
			m.distances = append(m.distances, s.file.Criterion[k].Name+" not ready")
		}
		if j.Verdict != criteria.False {
			continue
		}
		m.distances = append(m.distances, s.file.Criterion[k].Name+" "+distanceText(j))
		p := j.Distance.Percent
		if math.IsNaN(p) {
			p = math.Inf(-1)
		}
		m.worst = min(m.worst, p)
	}
}

// distanceText says how far a criterion was missed: in its own unit and in percent.
func distanceText(j screening.Judgement) string {
	d := j.Distance
	switch {
	case math.IsNaN(d.By):
		return "no: " + d.Text
	case math.IsNaN(d.Percent):
		return fmt.Sprintf("by %s (%s against %s)", amount(d.By), amount(d.Left), amount(d.Right))
	}
	return fmt.Sprintf("by %s, %+.2f %%", amount(d.By), d.Percent)
}

func (s *screened) tableMissed(b *strings.Builder, width, limit int) {
	u, all := s.screen.Universe(), s.misses()
	shown := len(all)
	if limit > 0 && limit < len(all) {
		// Those who missed as many as the last one shown are ordered by how much, too.
		for shown = limit; shown < len(all) && all[shown].failed == all[limit-1].failed; shown++ {
		}
	}
	all = all[:shown]
	for i := range all {
		s.tell(&all[i])
	}
	slices.SortStableFunc(all, func(a, b miss) int { return cmp.Or(a.failed-b.failed, cmp.Compare(b.worst, a.worst)) })
	if limit > 0 {
		all = all[:min(limit, len(all))]
	}
	t := screenTableWriter(width, "by how much", 64, "price", "change")
	t.AppendHeader(table.Row{"missed", "name", "price", "change", "by how much"})
	for _, m := range all {
		t.AppendRow(table.Row{u.Name(m.at), u.Title(m.at), amount(u.Figure(m.at, "price")), percent(u.Figure(m.at, "change_rate")), strings.Join(m.distances, "; ")})
	}
	if t.Length() == 0 {
		return
	}
	b.WriteString("\n" + t.Render() + "\n")
	if _, missed, _ := s.screen.Count(); missed > len(all) {
		fmt.Fprintf(b, "and %d more: --limit 0 shows all, --json and --csv hold them\n", missed-len(all))
	}
}

// listNotReady says why instruments are not ready, the commonest reason first.
func (s *screened) listNotReady(b *strings.Builder) {
	const shown, examples = 8, 3
	names := map[string][]string{}
	u := s.screen.Universe()
	for i := range u.Len() {
		if s.screen.Passed(i) == criteria.NotReady {
			_, reason := s.screen.Ready(i)
			names[reason] = append(names[reason], u.Name(i))
		}
	}
	if len(names) == 0 {
		return
	}
	reasons := make([]string, 0, len(names))
	for r := range names {
		reasons = append(reasons, r)
	}
	slices.SortFunc(reasons, func(a, b string) int { return cmp.Or(len(names[b])-len(names[a]), strings.Compare(a, b)) })
	b.WriteString("\nnot ready\n")
	for _, r := range reasons[:min(shown, len(reasons))] {
		who := strings.Join(names[r][:min(examples, len(names[r]))], ", ")
		if len(names[r]) > examples {
			who += ", …"
		}
		fmt.Fprintf(b, "  %5d  %s (%s)\n", len(names[r]), r, who)
	}
	if more := len(reasons) - shown; more > 0 {
		fmt.Fprintf(b, "         and %s\n", count(more, "other reason"))
	}
}
