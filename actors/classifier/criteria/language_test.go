package criteria

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var liveNames = []string{"price", "volume_24h", "change_rate", "age", "market"}

// liveEnv has numbers, a period and a word, and bars that must be named.
func liveEnv() Env {
	return Env{Known: liveNames, Frames: []time.Duration{day, minute}, Feature: func(name string) (Feature, bool) {
		i := slices.Index(liveNames, name)
		switch name {
		case "age":
			return Feature{Slot: i, Type: Duration}, true
		case "market":
			return Feature{Slot: i, Type: Text, Code: func(word string) float64 { return float64(len(word)) }}, true
		}
		return Feature{Slot: i, Type: Number}, i >= 0
	}}
}

func TestVerdicts(t *testing.T) {
	row := []float64{100, 2e9, 0.02, 90, float64(len("KOSPI"))}
	for text, want := range map[string]Verdict{
		"price > 99 && volume_24h > 1e9 && change_rate between -0.03 and 0.05": True,
		"change_rate between 2% and 3%":                                        True, // inclusive
		"change_rate between 1% and 2%":                                        True,
		"change_rate between 3% and 4%":                                        False,
		"change_rate not between 3% and 4%":                                    True,
		"price between 90 and 110 and volume_24h < 1":                          False,
		"price between 90 and 110 or volume_24h < 1":                           True,
		"not price > 99":                                                       False,
		"not not price > 99":                                                   True,
		"!(price > 99) || true":                                                True,
		"99 < price <= 100 < 101":                                              True,
		"age < 2m":                                                             True,
		"age < 1m and price > 0":                                               False,
		"age between 89s and 1h":                                               True,
		"age * 2 == 3m":                                                        True,
		"age / 1s == 90":                                                       True,
		"age + 30s == 2m":                                                      True,
		"max(age, 2m) == 2m":                                                   True,
		`market == "KOSPI"`:                                                    True,
		`market != 'KOSDAQ'`:                                                   True,
		`"KOSPI" == market`:                                                    True,
		"price == 1_00.0 // the round figure":                                  True,
		"sqrt(price) == 10 and floor(2.7) == 2 and ceil(2.2) == 3":             True,
		"round(2.5) == 2 and sign(0 - price) == -1 and abs(-3) == 3":           True,
		"sqrt(-price) > 1":                                                     NotReady,
		"price / (price - 100) > 1":                                            NotReady,
		"sma(3, 1d) > 1":                                                       NotReady,
		"sma(3, 1d) > 1 && price < 1":                                          False,
		"sma(3, 1d) > 1 || price > 1":                                          True,
		`close("1d") > 1 or not (close("1m") <= 1)`:                            NotReady,
	} {
		p, err := Compile(liveEnv(), text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		in := p.NewInstance()
		in.Row(row)
		if got := in.Verdict(0); got != want {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
}

func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "column 1: the expression is empty: write one such as change_1m > 0.001",
		"// nothing":                     "column 1: the expression is empty: write one such as change_1m > 0.001",
		"price > sma(20)":                `column 9: sma does not say of which bars: write the interval last, such as sma(…, "1d")`,
		`price > sma(20, "1h")`:          `column 17: no bars of "1h": there are bars of 1d and 1m`,
		`price > sma(20, "day")`:         `column 17: no bars of "day": there are bars of 1d and 1m`,
		"sma(-5, 1d) > 1":                "column 5: n of sma is -5: a criterion cannot look into the future: want a whole number from 1 to 5000",
		"lag(close, -1, 1d) > 1":         "column 12: n of lag is -1: a criterion cannot look into the future: want a whole number from 0 to 5000",
		"sma(0, 1d) > 1":                 "column 5: n of sma is 0: want a whole number from 1 to 5000",
		"sma(5001, 1d) > 1":              "column 5: n of sma is 5001: want a whole number from 1 to 5000",
		"rsi(14.5, 1d) > 1":              "column 5: n of rsi is 14.5: want a whole number from 1 to 5000",
		"sma(close, price, 1d) > 1":      `column 12: "price" is known only now, not of every bar: inside a function over bars there are open, high, low, close, volume and turnover`,
		"sma(close, volume, 1d) > 1":     "column 12: n of sma must be written out, and this is a figure that changes: write a number, such as n = 20",
		"sma(close, 5m, 1d) > 1":         "column 12: n of sma must be written out, and this is a period: it counts bars: write a number; the interval of the bars comes last",
		"pric > 1":                       `column 1: "pric" is not a feature: did you mean price?`,
		"close > 1":                      `column 1: "close" is not a feature: of a bar write close("1d")`,
		"rsi < 30":                       `column 1: "rsi" is not a feature: it is a function: write rsi(x=close, n=14, frame)`,
		"price() > 1":                    `column 1: "price" is a feature, not a function: write it without brackets`,
		"smaa(5, 1d) > 1":                `column 1: "smaa" is not a function: did you mean sma?`,
		"sma(clse, 5, 1d) > 1":           `column 5: "clse" is not a field of a bar: did you mean close?`,
		"sma(sma(5, 1m), 3, 1d) > 1":     "column 12: bars of 1m inside a function over bars of 1d: a function over bars reads bars of one interval",
		"count(close, 5, 1d) > 1":        "column 7: count wants true or false, and this is a number: compare it with something, such as close > 0",
		"sma(close > open, 5, 1d) > 1":   "column 5: sma wants a number, and this is true or false: join comparisons with && and ||",
		"count(true, 5, 1d) > 1":         "column 7: count wants a series to look at, and this never changes: write count(condition, n, frame)",
		"lag(1d) > 1":                    "column 1: lag wants a series to look at: write lag(x, n, frame)",
		"sma(1d) > 1":                    "column 1: sma wants n: write sma(x=close, n, frame)",
		"sma(close, 5, 6, 1d) > 1":       "column 15: sma takes no more than 1 numbers: write sma(x=close, n, frame)",
		"macd(26, 12, 1d) > 0":           "column 1: fast is 26 and slow is 12: write the shorter one first, such as macd(12, 26)",
		"bollinger_upper(20, 0, 1d) > 1": "column 21: k of bollinger_upper is 0: want a number above 0, up to 100",
		"close(5, 1d) > 1":               "column 1: close takes nothing but the interval of its bars: of earlier bars write lag(close, 1)",
		"lag(lag(close, 5000), 5000, 1d) > lag(close,1)": `column 1: lag looks back over 10001 bars: want at most 10000` + "\n" + `column 35: lag does not say of which bars: write the interval last, such as lag(…, "1d")`,
		"age > 5":                         "column 5: > between a period and a number: compare a period with a period, such as 5m",
		"age + 5 > 1m":                    "column 5: + between a period and a number: a period is added to a period, and multiplied with or divided by a number",
		"age * age > 1m":                  "column 5: * between a period and a period: a period is added to a period, and multiplied with or divided by a number",
		"price between 1m and 2m":         "column 7: between between a number and a period: compare a period with a period, such as 5m",
		"price between 5 and 3":           "column 15: between 5 and 3 is empty: write between low and high",
		"price between 5":                 "column 16: between wants two ends: write x between low and high",
		`market > "KOSPI"`:                `column 1: > wants a number, and this is text: compare it with text in quotes: market == "…"` + "\n" + `column 10: text in quotes cannot be used here: text is compared with == or !=, and "1d" is the last value of a function over bars`,
		`price == "KOSPI"`:                "column 10: == between a number and text: text is compared with a feature that is text",
		"market":                          "column 1: the expression is text, neither true nor false: compare it with something, such as market > 0",
		"!price > 3":                      "column 2: ! wants true or false, and this is a number: ! binds tighter than a comparison, so write !(x > 1) or not x > 1",
		"price > 3 % 2":                   `column 11: unexpected "%": a percentage is written without a blank, such as 3%`,
		"price > 3x":                      `column 9: "3x" is neither a number nor a period: a period is a whole number and s, m, h, d or w, such as 30s, 5m, 1h, 1d`,
		"age > 1.5h":                      `column 7: "1.5h" is neither a number nor a period: a period is a whole number and s, m, h, d or w, such as 30s, 5m, 1h, 1d`,
		"age > 0s":                        `column 7: "0s" is neither a number nor a period: a period is a whole number and s, m, h, d or w, such as 30s, 5m, 1h, 1d`,
		`market == "KOSPI`:                `column 11: the text in quotes has no end: close it with "`,
		"price > 1 /* why":                "column 11: the comment has no end: close it with */",
		"price == 1 == 2":                 `column 12: unexpected "==": only < <= > >= can be chained: join comparisons with && and ||`,
		"price <> 1":                      `column 7: unexpected "<>": write != for not equal`,
		"price > not price":               `column 9: unexpected "not": put it in brackets: (not x)`,
		"price in 3":                      `column 7: unexpected "in": write x == 1 or x == 2, or x between 1 and 2`,
		strings.Repeat("-", 65) + "1 > 2": "column 65: brackets are nested deeper than 64: split the criterion",
		"price > 1\n  and prce < 2":       `line 2, column 7: "prce" is not a feature: did you mean price?`,
	} {
		p, err := Compile(liveEnv(), text)
		if err == nil {
			t.Errorf("%q gave %v, want %s", text, p.Canonical(0), want)
			continue
		}
		if err.Error() != want {
			t.Errorf("%q:\n got %s\nwant %s", text, err, want)
		}
		if len(Faults(err)) == 0 || !errors.Is(err, ErrCriterion) {
			t.Errorf("%q: %#v holds no fault", text, err)
		}
	}
}

func TestNoBars(t *testing.T) {
	env := liveEnv()
	env.Frames = nil
	_, err := Compile(env, `price > sma(20, "1d")`)
	if want := "column 9: sma reads bars, and there are none here: use what is known now, such as mean_5m or change_1m"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestSeveralCriteria(t *testing.T) {
	_, err := Compile(liveEnv(), "price > 1", "prce > 1 && vol > 1", "price >")
	want := "criterion 2: column 1: \"prce\" is not a feature: did you mean price?\ncriterion 2: column 13: \"vol\" is not a feature: see the list of features\n" +
		"criterion 3: column 8: the expression ends too early: a value or a closing bracket is missing"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	var of *CriterionError
	if !errors.As(err, &of) || of.Index != 1 || !errors.Is(err, ErrCriterion) {
		t.Errorf("%#v", of)
	}
}

func TestCaret(t *testing.T) {
	for _, test := range []struct {
		text   string
		fault  Fault
		before int // columns before the caret
	}{
		{"price > 1\n\tand ü < 2", Fault{Line: 2, Column: 6}, 5},
		{strings.Repeat("x", 300), Fault{Line: 1, Column: 200}, 51},
		{"a", Fault{Line: 1, Column: 2}, 1},
	} {
		lines := strings.Split(test.fault.Caret(test.text), "\n")
		if len(lines) != 2 || lines[1] != strings.Repeat(" ", test.before)+"^" || len([]rune(lines[0])) > caretWidth+2 {
			t.Errorf("%q: %q", test.text, lines)
		}
	}
	if got := (&Fault{Line: 3, Column: 1}).Caret("a"); got != "" {
		t.Errorf("a line that is not there: %q", got)
	}
}

// TestLimits holds that no set of criteria takes unbounded memory of every instrument.
func TestLimits(t *testing.T) {
	var texts []string
	for n := range 25 {
		texts = append(texts, fmt.Sprintf("sma(%d, 1d) > 1", 5000-n))
	}
	if _, err := Compile(liveEnv(), texts[:20]...); err != nil {
		t.Error(err)
	}
	_, err := Compile(liveEnv(), texts...)
	if want := "criterion 21: column 1: the criteria keep 104790 figures of every instrument, more than 100000: use shorter windows"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestShared holds that equal parts are computed once, however they are written.
func TestShared(t *testing.T) {
	one, err := Compile(liveEnv(), "rsi(14, 1d) < 30")
	if err != nil {
		t.Fatal(err)
	}
	both, err := Compile(liveEnv(), "rsi(14, 1d) < 30", `rsi(close, 10+4, "1d")<30.0`, "30 > rsi(1d)")
	if err != nil {
		t.Fatal(err)
	}
	if more := both.Steps() - one.Steps(); more > 3 { // the constants 10 and 4, and 30 > x as it is written
		t.Errorf("%d steps more for the same again", more)
	}
}

// TestTouched holds that a tick computes what it touches and nothing else.
func TestTouched(t *testing.T) {
	p, err := Compile(liveEnv(), "price > 1", "volume_24h * 2 > 1", "change_rate > 0 && price > 1", "sma(50, 1d) > 3")
	if err != nil {
		t.Fatal(err)
	}
	in := p.NewInstance()
	row := []float64{100, 2e9, 0.02, 90, 5}
	in.Row(row)
	steps := func(f func()) uint64 {
		before := in.runs
		f()
		return in.runs - before
	}
	if n := steps(func() { in.Row(row) }); n != 0 {
		t.Errorf("nothing changed and %d steps ran", n)
	}
	row[0] = 101
	if n := steps(func() { in.Row(row) }); n != 1 { // price > 1, which stays true
		t.Errorf("the price moved and %d steps ran, want 1", n)
	}
	row[1] = 3e9
	if n := steps(func() { in.Row(row) }); n != 2 {
		t.Errorf("the volume moved and %d steps ran, want 2", n)
	}
	for i := range 60 {
		if err := in.Close(day, Bar{Start: int64(i), Close: 1, Volume: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.Update(day, Bar{Start: 60, Close: 2}); err != nil {
		t.Fatal(err)
	}
	if n := steps(func() { _ = in.Update(day, Bar{Start: 60, Close: 3}) }); n != 2 { // the mean, and what compares it
		t.Errorf("the bar moved and %d steps ran, want 2", n)
	}
	if n := testing.AllocsPerRun(100, func() { row[0]++; in.Row(row); _ = in.Update(day, Bar{Start: 60, Close: row[0]}) }); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

func TestDistance(t *testing.T) {
	row := []float64{100, 2e9, 0.02, 90, 5}
	nan := math.NaN()
	for text, want := range map[string]Distance{
		"price > 110":                        {"price > 110", 100, 110, -10, -10. / 110 * 100},
		"price < 80":                         {"price < 80", 100, 80, -20, -25},
		"80 > price":                         {"80 > price", 80, 100, -20, -20},
		"price >= 80":                        {"price >= 80", 100, 80, 20, 25},
		"not price >= 80":                    {"!(price >= 80)", 100, 80, -20, -25},
		"price between 50 and 90":            {"price <= 90", 100, 90, -10, -10. / 90 * 100},
		"price between 110 and 120":          {"price >= 110", 100, 110, -10, -10. / 110 * 100},
		"price == 90":                        {"price == 90", 100, 90, -10, -10. / 90 * 100},
		"price != 100":                       {"price != 100", 100, 100, 0, 0},
		"price > 110 && price > 120":         {"price > 120", 100, 120, -20, -20. / 120 * 100},
		"price > 110 || price > 120":         {"price > 110", 100, 110, -10, -10. / 110 * 100},
		"!(price < 110 || price < 120)":      {"!(price < 120)", 100, 120, -20, -20. / 120 * 100},
		"!(price < 110 && price < 120)":      {"!(price < 110)", 100, 110, -10, -10. / 110 * 100},
		"price > 50 && price > 80":           {"price > 80", 100, 80, 20, 25},
		"price > 50 || price > 80":           {"price > 50", 100, 50, 50, 100},
		"price > 90 && price - 150 > 0":      {"price - 150 > 0", -50, 0, -50, nan},
		`market == "KOSDAQ" && price > 1`:    {`market == "KOSDAQ"`, nan, nan, nan, nan},
		"sma(5, 1d) > 1 && price > 110":      {"price > 110", 100, 110, -10, -10. / 110 * 100},
		"0 < change_rate < 1%":               {"change_rate < 1%", 0.02, 0.01, -0.01, -100},
		"price > -200 && volume_24h > 2.5e9": {"volume_24h > 2.5e9", 2e9, 2.5e9, -0.5e9, -20},
	} {
		p, err := Compile(liveEnv(), text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		in := p.NewInstance()
		in.Row(row)
		got, ok := in.View().Distance(0)
		if !ok || got.Text != want.Text || !agree(got.Left, want.Left) || !agree(got.Right, want.Right) || !agree(got.By, want.By) || !agree(got.Percent, want.Percent) {
			t.Errorf("%s: %+v %v, want %+v", text, got, ok, want)
		}
	}
}

func TestReasons(t *testing.T) {
	p, err := Compile(liveEnv(), "sma(3, 1d) > 1", "price > 1 && volume_24h / (price - 100) > 1", "zscore(2, 1d) > 0")
	if err != nil {
		t.Fatal(err)
	}
	in := p.NewInstance(5 * 24 * time.Hour)
	check := func(i int, want string) {
		t.Helper()
		if got := in.Reason(i); got != want {
			t.Errorf("criterion %d: %q, want %q", i, got, want)
		}
	}
	check(0, "sma(3, 1d) wants 3 bars of 1d, 0 there")
	check(1, "price is not known; volume_24h is not known")
	in.Row([]float64{100, 5, 0, 0, 0})
	check(1, "volume_24h / (price - 100) has no value: a divisor is zero")
	for i := range 3 {
		if err := in.Close(day, Bar{Start: int64(i) * int64(day), Close: 7}); err != nil {
			t.Fatal(err)
		}
	}
	check(0, "")
	check(2, "zscore(2, 1d) has no value: nothing moved, or something in it is not known")
	if err := in.Update(day, Bar{Start: 20 * int64(day), Close: 8}); err != nil {
		t.Fatal(err)
	}
	check(0, "sma(3, 1d) wants 3 bars of 1d, 1 there since the gap from 1970-01-03 to 1970-01-21")
	if in.Bars(day) != 1 || in.Bars(minute) != 0 || in.Bars(time.Hour) != 0 {
		t.Error("bars", in.Bars(day), in.Bars(minute), in.Bars(time.Hour))
	}
	if got := fmt.Sprint(p.Needs()); got != "[{24h0m0s 3}]" {
		t.Error(got)
	}
	in.Reset()
	check(0, "sma(3, 1d) wants 3 bars of 1d, 0 there")
	check(1, "price is not known; volume_24h is not known")
}

func TestBars(t *testing.T) {
	p, err := Compile(liveEnv(), "sma(2, 1d) > 10", "close(1d) > 10")
	if err != nil {
		t.Fatal(err)
	}
	in := p.NewInstance()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	verdicts := func(want ...Verdict) {
		t.Helper()
		for i, w := range want {
			if got := in.Verdict(i); got != w {
				t.Errorf("%s is %v, want %v", p.Text(i), got, w)
			}
		}
	}
	must(in.Close(day, Bar{Start: 1, Close: 9}))
	verdicts(NotReady, False)
	must(in.Update(day, Bar{Start: 2, Close: 12}))
	verdicts(True, True)
	must(in.Update(day, Bar{Start: 2, Close: 10}))
	verdicts(False, False)
	for name, err := range map[string]struct{ got, want error }{
		"older":    {in.Close(day, Bar{Start: 1, Close: 9}), ErrOrder},
		"interval": {in.Close(time.Hour, Bar{Start: 3, Close: 9}), ErrFrame},
		"nan":      {in.Update(day, Bar{Start: 2, Close: math.NaN()}), ErrBar},
		"infinite": {in.Close(day, Bar{Start: 2, High: math.Inf(1)}), ErrBar},
		"break":    {in.Break(time.Hour), ErrFrame},
	} {
		if !errors.Is(err.got, err.want) {
			t.Errorf("%s: %v, want %v", name, err.got, err.want)
		}
	}
	verdicts(False, False)
	must(in.Close(day, Bar{Start: 2, Close: 13, Turnover: math.NaN()}))
	verdicts(True, True)
	if err := in.Close(day, Bar{Start: 2, Close: 13}); !errors.Is(err, ErrOrder) {
		t.Errorf("closed twice: %v", err)
	}
	// A bar that was under way and never closed leaves a hole: nobody knows how it ended.
	must(in.Update(day, Bar{Start: 3, Close: 20}))
	verdicts(True, True)
	must(in.Update(day, Bar{Start: 4, Close: 20}))
	verdicts(NotReady, True)
	must(in.Close(day, Bar{Start: 4, Close: 20}))
	must(in.Close(day, Bar{Start: 5, Close: 20}))
	verdicts(True, True)
	must(in.Break(day))
	verdicts(NotReady, NotReady)
	must(in.Close(day, Bar{Start: 6, Close: 20}))
	verdicts(NotReady, True)
	if got := in.Reason(0); got != "sma(2, 1d) wants 2 bars of 1d, 1 there since the gap from 1970-01-01T00:00:00Z to 1970-01-01T00:00:00Z" {
		t.Error(got)
	}
	// Bars of an interval that no criterion reads are taken and nothing comes of them.
	must(in.Close(minute, Bar{Start: 1, Close: 1}))
}

// TestRunnerAgain holds that a runner forgets the instrument before.
func TestRunnerAgain(t *testing.T) {
	p, err := Compile(Env{Frames: []time.Duration{day}, Frame: day}, "sma(3) > 0", "obv() > 0")
	if err != nil {
		t.Fatal(err)
	}
	r := p.NewRunner([]int{0, 1})
	r.Run([]Bar{{Close: 1, Volume: 1}, {Close: 2, Volume: 1}, {Close: 3, Volume: 1}})
	if r.Value(0) != 2 || r.Value(1) != 2 {
		t.Errorf("%v %v", r.Value(0), r.Value(1))
	}
	r.Run([]Bar{{Close: 5, Volume: 1}, {Close: 6, Volume: 1}})
	if r.Value(0) == r.Value(0) || r.Value(1) != 1 {
		t.Errorf("of the next instrument %v %v", r.Value(0), r.Value(1))
	}
	r.Run(nil)
	if r.Value(0) == r.Value(0) || r.Value(1) == r.Value(1) {
		t.Errorf("of nothing %v %v", r.Value(0), r.Value(1))
	}
}

func TestPeriods(t *testing.T) {
	for text, want := range map[string]time.Duration{"30s": 30 * time.Second, "5m": 5 * time.Minute, "1h": time.Hour, "1d": day, "1w": 7 * day, "14d": 14 * day} {
		d, err := ParsePeriod(text)
		if err != nil || d != want || PeriodName(d) != text {
			t.Errorf("%s: %v %v, written %s", text, d, err, PeriodName(d))
		}
	}
	for _, text := range []string{"", "d", "0d", "-1d", "1y", "1.5h", "1 d", "99999999999d", "1dd", "ad"} {
		if d, err := ParsePeriod(text); err == nil {
			t.Errorf("%q is %v", text, d)
		}
	}
	if got := PeriodName(1500 * time.Millisecond); got != "1.5s" {
		t.Error(got)
	}
}

// FuzzParse holds that no text makes the parser panic, that what it reads it writes so that it
// reads back as the same, and that a fault stands in the text.
func FuzzParse(f *testing.F) {
	for _, text := range []string{`price > sma(20, "1d") && volume_24h > 1e9 && change_rate between -0.03 and 0.05`, "not a > 1 or !(b) and c", "1 < a <= 2", "x not between 1 and 2 and y",
		"rsi(14, 1d) < 30", "- -+1 > 3%", `market == 'a"b'`, "a /* x */ > 1 // y", "1_000.5e-3 > .5", "((((", "a between", "\"", "/*", "1e999", "a\xff", "&& ||", "a,b", "f(,)", "not not", "5w > 1d"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree, fault := parse(text)
		if fault != nil {
			if fault.Line < 1 || fault.Column < 1 || fault.Column > len(text)+1 || fault.What == "" {
				t.Errorf("%q: %+v", text, fault)
			}
			fault.Caret(text)
			return
		}
		written := tree.String()
		again, fault := parse(written)
		if fault != nil {
			// Brackets that only the writing needs may be one level too many.
			if len(written) <= textBytesMax && !strings.Contains(fault.What, "nested deeper") {
				t.Fatalf("%q is written %q: %v", text, written, fault)
			}
			return
		}
		if !again.same(tree) || again.String() != written {
			t.Errorf("%q is written %q, which reads as %q", text, written, again)
		}
	})
}

// FuzzCompile holds that whatever compiles is judged, tick by tick and by columns, the same, and
// that nothing known gives no verdict that something known takes back.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{"price > 1", "not (gone > 1) && rate < spread || false", "min(price, -rate) / gone >= abs(spread)", "sma(3) > ema(close, 2, 1d)", "count(close > open, 3) >= 2",
		"crosses_above(sma(2), sma(3), 1m)", "lag(rsi(3), 2) between 1% and 99", "bollinger_width(5) < 1 or obv() > 0", "consecutive(close < prev(), 4, 1d) == 2"} {
		f.Add(text, uint64(1))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		env := randomEnv()
		p, err := Compile(env, text)
		if err != nil {
			if !errors.Is(err, ErrCriterion) || len(Faults(err)) == 0 || len(Faults(err)) > faultsMax {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		a := author{rand.New(rand.NewPCG(seed, 2))}
		in := p.NewInstance()
		blind := in.Verdict(0)
		columns := p.NewColumns(1)
		b := Bar{Close: 100}
		row := []float64{100, 1, 0, math.NaN()}
		for i := range 12 {
			b = a.walk(b, int64(i)*int64(day))
			frame := []time.Duration{day, minute}[i%2]
			if err := in.Close(frame, b); err != nil {
				t.Fatal(err)
			}
			row[i%4] = float64(a.IntN(300))
			in.Row(row)
			columns.Load(0, in)
			columns.Judge()
			if got, want := columns.Verdicts(0).At(0), in.Verdict(0); got != want || got > False {
				t.Fatalf("%q: by columns %v, tick by tick %v", text, got, want)
			}
			if blind != NotReady && in.Verdict(0) != blind {
				t.Fatalf("%q: %v of nothing, %v of something", text, blind, in.Verdict(0))
			}
			checkWords(t, p, in.View(), 0, in)
		}
	})
}

// FuzzWays is TestThreeWays with seeds of the fuzzer's choice.
func FuzzWays(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { threeWays(t, seed) })
}
