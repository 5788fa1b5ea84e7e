package criteria

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// author writes random criteria that are well formed.
type author struct{ *rand.Rand }

var randomFeatures = []string{"price", "spread", "rate", "gone"}

func (a author) pick(words ...string) string { return words[a.IntN(len(words))] }

// figure writes a number: now, or inside a function over bars.
func (a author) figure(depth int, inBars bool) string {
	if depth <= 0 || a.IntN(5) == 0 {
		switch {
		case a.IntN(3) == 0:
			return a.pick("0", "1", "2.5", "100", "1e2", "3%", "-1", "99.5", "1_000")
		case inBars:
			return a.pick("open", "high", "low", "close", "volume", "turnover")
		case a.IntN(4) == 0:
			return a.pick(`close("1m")`, `volume(1d)`, `high`, `turnover`)
		}
		return randomFeatures[a.IntN(len(randomFeatures))]
	}
	switch a.IntN(6) {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", a.figure(depth-1, inBars), a.pick("+", "-", "*", "/"), a.figure(depth-1, inBars))
	case 2:
		return fmt.Sprintf("%s(%s)", a.pick("abs", "-", "floor", "ceil", "round", "sign", "sqrt"), a.figure(depth-1, inBars))
	case 3:
		return fmt.Sprintf("%s(%s, %s)", a.pick("min", "max"), a.figure(depth-1, inBars), a.figure(depth-1, inBars))
	}
	return a.over(depth-1, inBars)
}

// over writes a function over bars whose figure is a number.
func (a author) over(depth int, inBars bool) string {
	frame := ""
	if !inBars {
		frame = a.pick("", `, "1m"`, ", 1d")
	}
	n := fmt.Sprint(1 + a.IntN(6))
	x := ""
	if a.IntN(2) == 0 {
		x = a.series(depth) + ", "
	}
	switch a.IntN(9) {
	case 0, 1, 2:
		return a.pick("sma", "ema", "wma", "rma", "stddev", "highest", "lowest", "change", "momentum", "roc", "rsi", "bollinger_upper", "bollinger_lower", "bollinger_width") + "(" + x + fmt.Sprint(2+a.IntN(5)) + frame + ")"
	case 3:
		return a.pick("zscore", "stddev_sample", "bollinger_percent_b", "bollinger_middle") + "(" + x + fmt.Sprint(2+a.IntN(5)) + frame + ")"
	case 4:
		return a.pick("macd", "macd_signal", "macd_histogram") + "(" + x + "2, 4" + frame + ")"
	case 5:
		return a.pick("atr", "vwap", "stochastic_k", "stochastic_d") + "(" + n + frame + ")"
	case 6:
		return a.pick("obv", "true_range", "prev") + "(" + strings.TrimPrefix(frame, ", ") + ")"
	case 7:
		return a.pick("lag", "sum") + "(" + a.series(depth) + ", " + n + frame + ")"
	}
	return a.pick("count", "consecutive") + "(" + a.truthSeries(depth) + ", " + n + frame + ")"
}

// series writes something over bars that changes.
func (a author) series(depth int) string {
	if depth <= 0 || a.IntN(2) == 0 {
		return a.pick("open", "high", "low", "close", "volume", "turnover", "(high - low)", "(close / open)")
	}
	return a.over(depth-1, true)
}

func (a author) truthSeries(depth int) string {
	return fmt.Sprintf("(%s %s %s)", a.series(depth), a.pick("<", "<=", ">", ">=", "==", "!="), a.figure(depth-1, true))
}

// truth writes a criterion.
func (a author) truth(depth int) string {
	if depth <= 0 {
		return a.pick("true", "false", "price > 100", "gone < 1", "rate between -1% and 1%", "close > open")
	}
	switch a.IntN(10) {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", a.truth(depth-1), a.pick("&&", "and"), a.truth(depth-1))
	case 2, 3:
		return fmt.Sprintf("(%s %s %s)", a.truth(depth-1), a.pick("||", "or"), a.truth(depth-1))
	case 4:
		return fmt.Sprintf("%s(%s)", a.pick("!", "not "), a.truth(depth-1))
	case 5:
		return fmt.Sprintf("(%s %s %s %s %s)", a.figure(depth-1, false), a.pick("<", "<="), a.figure(depth-1, false), a.pick("<", ">="), a.figure(depth-1, false))
	case 6:
		return fmt.Sprintf("(%s %sbetween %s and %s)", a.figure(depth-1, false), a.pick("", "not "), a.figure(depth-1, false), a.figure(depth-1, false))
	case 7:
		return fmt.Sprintf("%s(%s, %s%s)", a.pick("crosses_above", "crosses_below"), a.series(depth-1), a.series(depth-1), a.pick("", ", 1d", `, "1m"`))
	}
	return fmt.Sprintf("(%s %s %s)", a.figure(depth-1, false), a.pick("<", "<=", ">", ">=", "==", "!="), a.figure(depth-1, false))
}

const minute = time.Minute

func randomEnv() Env {
	return Env{Feature: slotIn(randomFeatures), Known: randomFeatures, Frames: []time.Duration{day, minute}, Frame: day}
}

// walk makes random bars; some repeat the close before, so that flat windows occur.
func (a author) walk(b Bar, start int64) Bar {
	c := b.Close
	if a.IntN(4) != 0 {
		c = math.Max(1, c+float64(a.IntN(9)-4))
	}
	next := Bar{Start: start, Open: b.Close, High: math.Max(b.Close, c), Low: math.Min(b.Close, c), Close: c, Volume: float64(a.IntN(5) * 100)}
	if a.IntN(3) == 0 {
		next.High++
	}
	next.Turnover = next.Volume * c
	if a.IntN(15) == 0 {
		next.Turnover = math.NaN()
	}
	return next
}

// agree reports whether two figures are the same up to rounding.
func agree(a, b float64) bool {
	return a == b || a != a && b != b || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b))
}

// TestThreeWays holds random criteria over random ticks and bars: what is computed tick by tick,
// column by column, bar by bar from history, and by the definitions alone must agree.
func TestThreeWays(t *testing.T) {
	seeds := uint64(400)
	if testing.Short() {
		seeds = 50
	}
	compiled, judged, verdicts := 0, 0, [3]int{}
	for seed := range seeds {
		c, n, v := threeWays(t, seed)
		compiled, judged = compiled+c, judged+n
		for i := range v {
			verdicts[i] += v[i]
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d criteria, %d verdicts (%v not ready, true, false)", compiled, judged, verdicts)
	if compiled < int(seeds) || verdicts[True] < judged/20 || verdicts[False] < judged/20 || verdicts[NotReady] < judged/20 {
		t.Errorf("%d criteria, %d verdicts (%v not ready, true, false): too few of a kind to prove anything", compiled, judged, verdicts)
	}
}

func threeWays(t *testing.T, seed uint64) (compiled, judged int, verdicts [3]int) {
	a := author{rand.New(rand.NewPCG(seed, 1))}
	env := randomEnv()
	var texts []string
	for range 6 {
		text := a.truth(1 + a.IntN(4))
		if _, err := Compile(env, text); err == nil { // what divides by zero, or is empty, is a fault
			texts = append(texts, text)
		}
	}
	p, err := Compile(env, texts...)
	if err != nil {
		t.Fatal(err)
	}
	const gap = 3
	in := p.NewInstance(gap*day, gap*minute)
	columns := p.NewColumns(3)
	truth := naive{env: &env, bars: map[time.Duration][]Bar{}}
	row := []float64{100, 1, 0, math.NaN()}
	starts, last := map[time.Duration]int64{}, map[time.Duration]Bar{day: {Close: 100}, minute: {Close: 50}}
	for step := range 60 {
		frame := day
		if a.IntN(2) == 0 {
			frame = minute
		}
		switch a.IntN(5) {
		case 0: // a tick of features
			k := a.IntN(len(row))
			row[k] = float64(a.IntN(400)) / 2
			if a.IntN(4) == 0 {
				row[k] = math.NaN()
			}
		default: // a bar: a few ticks of it, then its end
			by := int64(1)
			if a.IntN(20) == 0 {
				by = gap + 1
				truth.bars[frame] = nil
			}
			starts[frame] += by * int64(frame)
			b := a.walk(last[frame], starts[frame])
			for range a.IntN(3) {
				tick := a.walk(last[frame], starts[frame])
				if err := in.Update(frame, tick); err != nil {
					t.Fatal(err)
				}
				truth.bars[frame] = append(truth.bars[frame], tick)
				in.Row(row)
				judged += compareWays(t, p, in, nil, &truth, row, &verdicts)
				truth.bars[frame] = truth.bars[frame][:len(truth.bars[frame])-1]
			}
			if err := in.Close(frame, b); err != nil {
				t.Fatal(err)
			}
			last[frame] = b
			truth.bars[frame] = append(truth.bars[frame], b)
		}
		in.Row(row)
		if step%3 == 0 {
			columns.Load(1, in)
			columns.Judge()
			judged += compareWays(t, p, in, columns, &truth, row, &verdicts)
		}
	}
	compareRunner(t, p, in, &truth)
	return len(texts), judged, verdicts
}

func compareWays(t *testing.T, p *Program, in *Instance, columns *Columns, truth *naive, row []float64, verdicts *[3]int) (judged int) {
	t.Helper()
	for i := range p.Len() {
		truth.row, truth.doubt, truth.budget = row, false, 2_000_000
		want := verdictOf(truth.value(p.roots[i].tree, at{}))
		if truth.budget < 0 {
			continue
		}
		got := in.Verdict(i)
		if got != want && !truth.doubt {
			t.Errorf("%s: tick by tick %v, by definition %v: %s", p.Text(i), got, want, in.View().Figures(i))
		}
		if columns != nil {
			if by := columns.Verdicts(i).At(1); by != got {
				t.Errorf("%s: by columns %v, tick by tick %v", p.Text(i), by, got)
			}
			if by := columns.Verdicts(i).At(2); by == True && want != True && columns.View(2).Verdict(i) != by {
				t.Errorf("%s: of nothing known by columns %v", p.Text(i), by)
			}
			if a, b := columns.View(1).Figures(i), in.View().Figures(i); a != b {
				t.Errorf("%s: by columns %s, tick by tick %s", p.Text(i), a, b)
			}
		}
		checkWords(t, p, in.View(), i, in)
		judged++
		verdicts[got]++
	}
	return judged
}

// checkWords holds what is told of a verdict to the verdict.
func checkWords(t *testing.T, p *Program, v View, i int, in *Instance) {
	t.Helper()
	d, ok := v.Distance(i)
	reason := in.Reason(i)
	switch verdict := v.Verdict(i); {
	case (verdict != NotReady) != ok:
		t.Errorf("%s is %v and has a distance: %v", p.Text(i), verdict, ok)
	case (verdict == NotReady) != (reason != ""):
		t.Errorf("%s is %v, because %q", p.Text(i), verdict, reason)
	case verdict == True && d.By < 0, verdict == False && d.By > 0:
		t.Errorf("%s is %v and the distance %v", p.Text(i), verdict, d)
	}
}

// compareRunner holds history gone through at once to what was told bar by bar.
func compareRunner(t *testing.T, p *Program, in *Instance, truth *naive) {
	t.Helper()
	for f, frame := range p.frames {
		if in.frames[f].open {
			continue
		}
		var series []int
		for i, id := range p.series {
			if int(p.steps[id].frame) == f {
				series = append(series, i)
			}
		}
		r := p.NewRunner(series)
		r.Run(truth.bars[frame])
		for _, i := range series {
			id := p.series[i]
			if got, want := r.Value(i), in.values[id]; math.Float64bits(got) != math.Float64bits(want) && (got == got || want == want) {
				t.Errorf("%s: from history %v, bar by bar %v", p.steps[id].label, got, want)
			}
			if n := in.frames[f].count; in.values[id] == in.values[id] && int(p.steps[id].need) > n && p.steps[id].op != opRun {
				needless(t, p, id, n)
			}
		}
	}
}

// needless fails where a figure is known with fewer bars than it says it wants; what a condition
// decides early (consecutive, && and ||) may be.
func needless(t *testing.T, p *Program, id int32, bars int) {
	t.Helper()
	label := p.steps[id].label
	if !strings.Contains(label, "consecutive") && !strings.Contains(label, "crosses") && !p.steps[id].op.truth() && !strings.Contains(label, "count") {
		t.Errorf("%s is known after %d bars and says it wants %d", label, bars, p.steps[id].need)
	}
}
