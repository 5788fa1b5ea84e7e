package screening

import (
	"fmt"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/classifier/criteria"
)

// Criterion is one of the criteria of a screen.
type Criterion struct {
	Name string // for people; unique in the screen
	When string // see package criteria
}

// Screen is criteria over a universe, judged. It is not for concurrent use.
type Screen struct {
	universe *Universe
	criteria []Criterion
	program  *criteria.Program
	columns  *criteria.Columns
	series   map[criteria.Key][]float64 // of every program so far, at most seriesMax
	history  []criteria.History         // by instrument
	passed   criteria.Column
	ran      int // series computed from bars, ever
}

// seriesMax bounds how many columns are kept for criteria that come back: 6,000 instruments make
// 48 kB each.
const seriesMax = 1000

// NewScreen judges a universe by criteria. It fails as criteria.Compile does, with every fault of
// every criterion.
func NewScreen(u *Universe, all []Criterion) (*Screen, error) {
	s := &Screen{universe: u, series: map[criteria.Key][]float64{}, history: make([]criteria.History, u.Len()), passed: make(criteria.Column, u.Len())}
	for i, bars := range u.bars {
		s.history[i] = historyOf(bars, int64(u.config.Gap))
	}
	if err := s.Set(all); err != nil {
		return nil, err
	}
	return s, nil
}

// historyOf says how many bars follow each other without a gap, up to the newest.
func historyOf(bars []criteria.Bar, gap int64) criteria.History {
	h := criteria.History{Bars: len(bars)}
	for i := len(bars) - 1; i > 0 && gap > 0; i-- {
		if bars[i].Start-bars[i-1].Start > gap {
			return criteria.History{Bars: len(bars) - i, Before: bars[i-1].Start, After: bars[i].Start}
		}
	}
	return h
}

// Set puts other criteria in place of those there are and judges every instrument. It fails as
// criteria.Compile does, and then nothing changes.
func (s *Screen) Set(all []Criterion) error {
	texts := make([]string, len(all))
	for i, c := range all {
		texts[i] = c.When
	}
	p, err := criteria.Compile(s.universe.Env(), texts...)
	if err != nil {
		return err
	}
	s.criteria, s.program = slices.Clone(all), p
	s.columns = p.NewColumns(s.universe.Len())
	for slot := range p.Slots() {
		s.columns.UseFeature(slot, s.universe.figures[slot])
	}
	s.fillSeries()
	s.columns.Judge()
	columns := make([]criteria.Column, p.Len())
	for i := range columns {
		columns[i] = s.columns.Verdicts(i)
	}
	criteria.All(s.passed, columns...)
	return nil
}

// Change puts another criterion in place of criterion i and judges every instrument. It fails as
// Set does.
func (s *Screen) Change(i int, c Criterion) error {
	all := slices.Clone(s.criteria)
	if i < 0 || i >= len(all) {
		return fmt.Errorf("screening: criterion %d of %d", i, len(all))
	}
	all[i] = c
	return s.Set(all)
}

// fillSeries gives the program the columns of its functions over bars. Only those that no earlier
// program had are computed, from the bars.
func (s *Screen) fillSeries() {
	keys := s.program.SeriesKeys()
	var fresh []int
	if len(s.series)+len(keys) > seriesMax {
		clear(s.series)
	}
	for i, k := range keys {
		if column, ok := s.series[k]; ok {
			s.columns.UseSeries(i, column)
		} else {
			s.series[k] = s.columns.Series(i)
			fresh = append(fresh, i)
		}
	}
	if len(fresh) == 0 {
		return
	}
	s.ran += len(fresh)
	runner := s.program.NewRunner(fresh)
	for n, bars := range s.universe.bars {
		if s.universe.missing[n] != "" {
			continue
		}
		runner.Run(bars[len(bars)-s.history[n].Bars:])
		for _, i := range fresh {
			s.columns.Series(i)[n] = runner.Value(i)
		}
	}
}

// Criteria returns the criteria.
func (s *Screen) Criteria() []Criterion { return slices.Clone(s.criteria) }

// Universe returns what is judged.
func (s *Screen) Universe() *Universe { return s.universe }

// Verdict returns the verdict of criterion k on instrument i.
func (s *Screen) Verdict(i, k int) criteria.Verdict { return s.columns.Verdicts(k).At(i) }

// Passed returns whether instrument i meets every criterion: false as soon as it misses one.
func (s *Screen) Passed(i int) criteria.Verdict { return s.passed.At(i) }

// Count returns how many instruments meet every criterion, miss one, and are not ready.
func (s *Screen) Count() (passed, missed, notReady int) {
	return s.passed.Count(criteria.True), s.passed.Count(criteria.False), s.passed.Count(criteria.NotReady)
}

// CountOf is Count of criterion k alone.
func (s *Screen) CountOf(k int) (passed, missed, notReady int) {
	c := s.columns.Verdicts(k)
	return c.Count(criteria.True), c.Count(criteria.False), c.Count(criteria.NotReady)
}

// Needs returns how many bars the criteria want.
func (s *Screen) Needs() []criteria.Need { return s.program.Needs() }

// Ready reports whether every criterion has what it needs to judge instrument i, and if not, why.
func (s *Screen) Ready(i int) (ready bool, reason string) {
	if why := s.universe.missing[i]; why != "" {
		return false, why
	}
	view, told := criteria.View{}, []string(nil)
	for k := range s.criteria {
		if s.Verdict(i, k) != criteria.NotReady {
			continue
		}
		if told == nil {
			view = s.columns.View(i)
		}
		for _, u := range view.Unknowns(k) {
			if r := u.Reason(s.history[i]); !slices.Contains(told, r) {
				told = append(told, r)
			}
		}
	}
	return told == nil, strings.Join(told, "; ")
}

// Judgement is what one criterion says of one instrument.
type Judgement struct {
	Verdict  criteria.Verdict
	Figures  string            // the criterion with its figures
	Distance criteria.Distance // of the comparison that decides; not if it is not ready
	Reason   string            // why it is not ready
}

// Judgements returns what every criterion says of instrument i.
func (s *Screen) Judgements(i int) []Judgement {
	view := s.columns.View(i)
	out := make([]Judgement, len(s.criteria))
	for k := range out {
		j := &out[k]
		j.Verdict, j.Figures = s.Verdict(i, k), view.Figures(k)
		if j.Verdict != criteria.NotReady {
			j.Distance, _ = view.Distance(k)
			continue
		}
		if j.Reason = s.universe.missing[i]; j.Reason != "" {
			continue
		}
		var all []string
		for _, u := range view.Unknowns(k) {
			all = append(all, u.Reason(s.history[i]))
		}
		j.Reason = strings.Join(all, "; ")
	}
	return out
}

// Figure returns a figure of instrument i by its name in the universe; NaN if it is not known.
func (s *Screen) Figure(i int, name string) float64 { return s.universe.Figure(i, name) }
