package screening

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/classifier/criteria"
)

const day = 24 * time.Hour

// rising makes n daily bars from a start, each a step dearer.
func rising(start, n int, price, step float64) []criteria.Bar {
	bars := make([]criteria.Bar, n)
	for i := range bars {
		c := price + float64(i)*step
		bars[i] = criteria.Bar{Start: int64(start+i) * int64(day), Open: c, High: c + 1, Low: c - 1, Close: c, Volume: 100, Turnover: 100 * c}
	}
	return bars
}

func newTestUniverse() *Universe {
	return New(Config{Frame: day, Gap: 5 * day, Figures: []string{"price", "age"}, Durations: []string{"age"}, Words: []string{"market"}})
}

func testUniverse(t *testing.T) *Universe {
	t.Helper()
	u := newTestUniverse()
	for _, in := range []Instrument{
		{Name: "UP", Title: "Upward", Bars: rising(100, 10, 50, 1), Figures: map[string]float64{"price": 59, "age": 0}, Words: map[string]string{"market": "main"}},
		{Name: "DOWN", Bars: rising(100, 10, 50, -1), Figures: map[string]float64{"price": 41, "age": 86400}, Words: map[string]string{"market": "new"}},
		{Name: "NEW", Bars: rising(108, 2, 50, 1), Figures: map[string]float64{"price": 51}},
		{Name: "GAP", Bars: append(rising(90, 10, 50, 1), rising(106, 4, 80, 1)...), Figures: map[string]float64{"price": 83, "age": 0}, Words: map[string]string{"market": "main"}},
		{Name: "GONE", Bars: rising(10, 50, 50, 1), Figures: map[string]float64{"price": 99}, Words: map[string]string{"market": "main"}, Missing: "no trade on the last day"},
	} {
		if err := u.Add(in); err != nil {
			t.Fatal(err)
		}
	}
	return u
}

// verdicts prints a line an instrument.
func verdicts(s *Screen) string {
	var b strings.Builder
	for i := range s.Universe().Len() {
		fmt.Fprintf(&b, "%s %v:", s.Universe().Name(i), s.Passed(i))
		for k := range s.Criteria() {
			fmt.Fprintf(&b, " %v", s.Verdict(i, k))
		}
		_, why := s.Ready(i)
		fmt.Fprintf(&b, " (%s)\n", why)
	}
	return b.String()
}

func TestScreen(t *testing.T) {
	s, err := NewScreen(testUniverse(t), []Criterion{{"rising", "price > sma(5)"}, {"listed", `market == "main" and age < 1d`}})
	if err != nil {
		t.Fatal(err)
	}
	want := `UP true: true true ()
DOWN false: false false ()
NEW not ready: not ready not ready (sma(5) wants 5 bars of 1d, 2 there; market is not known; age is not known)
GAP not ready: not ready true (sma(5) wants 5 bars of 1d, 4 there since the gap from 1970-04-10 to 1970-04-17)
GONE not ready: not ready not ready (no trade on the last day)
`
	if got := verdicts(s); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if p, m, n := s.Count(); p != 1 || m != 1 || n != 3 {
		t.Error(p, m, n)
	}
	if p, m, n := s.CountOf(1); p != 2 || m != 1 || n != 2 {
		t.Error(p, m, n)
	}
	j := s.Judgements(1)
	if j[0].Figures != "41 > 43" || j[0].Distance.By != -2 || math.Abs(j[0].Distance.Percent+2./43*100) > 1e-12 || j[1].Distance.Text != `market == "main"` {
		t.Errorf("%+v", j)
	}
	if j := s.Judgements(4); j[0].Reason != "no trade on the last day" || j[1].Reason != j[0].Reason {
		t.Errorf("%+v", j)
	}
	if got := fmt.Sprint(s.Needs()); got != "[{24h0m0s 5}]" {
		t.Error(got)
	}
	if u := s.Universe(); u.Title(0) != "Upward" || s.Figure(1, "price") != 41 || !math.IsNaN(u.Figure(0, "other")) || fmt.Sprint(u.Words("market"), u.Words("x")) != "[main new] []" {
		t.Error("the universe does not say what was put in")
	}
}

// TestChange holds that another criterion judges everyone anew, and goes through bars only for what
// no criterion read before.
func TestChange(t *testing.T) {
	s, err := NewScreen(testUniverse(t), []Criterion{{"a", "price > sma(5)"}, {"b", "rsi(3) > 50"}})
	if err != nil {
		t.Fatal(err)
	}
	ran := s.ran
	step := func(i int, when string, fresh int, want string) {
		t.Helper()
		if err := s.Change(i, Criterion{"a", when}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for k := range s.Universe().Len() {
			got = append(got, s.Verdict(k, i).String())
		}
		if joined := strings.Join(got, " "); joined != want {
			t.Errorf("%s: %s, want %s", when, joined, want)
		}
		if s.ran-ran != fresh {
			t.Errorf("%s: %d series were computed from bars, want %d", when, s.ran-ran, fresh)
		}
		ran = s.ran
	}
	step(0, "price < sma(5)", 0, "false true not ready not ready not ready")
	step(0, "price > sma(5) + 2.5", 0, "false false not ready not ready not ready")
	step(0, "price > sma(4)", 1, "true false not ready true not ready")
	step(0, "price > sma(5)", 0, "true false not ready not ready not ready")
	step(1, "highest(2) > 0 || rsi(3) > 50", 1, "true true true true not ready")
	before := verdicts(s)
	if err := s.Change(0, Criterion{"a", "prise > 1"}); !errors.Is(err, criteria.ErrCriterion) {
		t.Error(err)
	}
	if err := s.Change(2, Criterion{"a", "price > 1"}); err == nil {
		t.Error("there is no criterion 2")
	}
	if got := verdicts(s); got != before {
		t.Errorf("a fault changed something:\n%s", got)
	}
	s.Criteria()[0].When = "changed"
	if s.Criteria()[0].When == "changed" {
		t.Error("Criteria hands out its own memory")
	}
}

func TestAdd(t *testing.T) {
	for name, in := range map[string]Instrument{
		"twice":   {Name: "UP"},
		"no name": {},
		"order":   {Name: "A", Bars: append(rising(5, 1, 1, 0), rising(4, 1, 1, 0)...)},
		"same":    {Name: "A", Bars: append(rising(5, 1, 1, 0), rising(5, 1, 1, 0)...)},
		"nan":     {Name: "A", Bars: []criteria.Bar{{Close: math.NaN()}}},
		"figure":  {Name: "A", Figures: map[string]float64{"x": 1}},
		"word":    {Name: "A", Words: map[string]string{"x": "1"}},
	} {
		u := testUniverse(t)
		n := u.Len()
		if err := u.Add(in); !errors.Is(err, ErrInstrument) || u.Len() != n {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLikeInstance holds a screen to instances that are told the same bar by bar.
func TestLikeInstance(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	u := newTestUniverse()
	all := [][]criteria.Bar{}
	prices := []float64{}
	for i := range 200 {
		var bars []criteria.Bar
		at, c := 0, 100.0
		for range r.IntN(60) {
			at += 1 + r.IntN(20)/19*7 // now and then a gap
			c = math.Max(1, c+float64(r.IntN(7)-3))
			bars = append(bars, criteria.Bar{Start: int64(at) * int64(day), Open: c, High: c + float64(r.IntN(3)), Low: c - 1, Close: c, Volume: float64(1 + r.IntN(9)), Turnover: c})
		}
		if err := u.Add(Instrument{Name: fmt.Sprint(i), Bars: bars, Figures: map[string]float64{"price": c}}); err != nil {
			t.Fatal(err)
		}
		all, prices = append(all, bars), append(prices, c)
	}
	texts := []string{"price > sma(10)", "rsi(5) < 60 && atr(3) < 3", "crosses_above(ema(3), ema(8))", "zscore(8) between -1 and 1 or obv() > 0", "count(close > open, 3) >= 0 and macd(3, 6) > 0", "price / (price - close) > 1"}
	var list []Criterion
	for _, text := range texts {
		list = append(list, Criterion{text, text})
	}
	s, err := NewScreen(u, list)
	if err != nil {
		t.Fatal(err)
	}
	p, err := criteria.Compile(u.Env(), texts...)
	if err != nil {
		t.Fatal(err)
	}
	seen := [3]int{}
	for i, bars := range all {
		in := p.NewInstance(5 * day)
		for _, b := range bars {
			if err := in.Close(day, b); err != nil {
				t.Fatal(err)
			}
		}
		in.Row([]float64{prices[i], math.NaN(), math.NaN()})
		for k := range texts {
			if got, want := s.Verdict(i, k), in.Verdict(k); got != want {
				t.Errorf("%s of %d: %v, bar by bar %v", texts[k], i, got, want)
			}
			if got, want := s.Judgements(i)[k].Reason, in.Reason(k); got != want {
				t.Errorf("%s of %d: because %q, bar by bar %q", texts[k], i, got, want)
			}
			seen[s.Verdict(i, k)]++
		}
	}
	if min(seen[0], seen[1], seen[2]) < 100 {
		t.Errorf("%v not ready, true, false: too few of one to prove anything", seen)
	}
}

// BenchmarkChange puts another threshold into one of 13 criteria over 5,000 instruments.
func BenchmarkChange(b *testing.B) {
	u := newTestUniverse()
	for i := range 5000 {
		if err := u.Add(Instrument{Name: fmt.Sprint(i), Bars: rising(100, 60, 50+float64(i), 0.1), Figures: map[string]float64{"price": 55 + float64(i)}}); err != nil {
			b.Fatal(err)
		}
	}
	var all []Criterion
	for _, when := range []string{"price > sma(20)", "sma(5) > sma(20)", "price > 0.95 * highest(50)", "price > 1.2 * lowest(50)", "change(1) > 0.001", "change(20) between 0.5% and 10%",
		"volume * 12 > sum(volume, 20)", "atr(14) / price < 5%", "rsi(14) between 40 and 65", "price > vwap(20)", "abs(price / vwap(20) - 1) < 5%", "sma(volume, 20) > 50 && stddev(20) < 50", "min(sma(5), sma(20)) > price"} {
		all = append(all, Criterion{when, when})
	}
	s, err := NewScreen(u, all)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("threshold", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if err := s.Change(8, Criterion{"rsi", fmt.Sprintf("rsi(14) between 40 and %d", 60+i%10)}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("indicator", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			clear(s.series)
			if err := s.Change(8, Criterion{"rsi", fmt.Sprintf("rsi(%d) > 50", 5+i%10)}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
