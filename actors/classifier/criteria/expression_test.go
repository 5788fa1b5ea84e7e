package criteria

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

var nan = math.NaN()

// These tests are older than functions over bars: what criteria over rows alone have always said.

// testFeatures stand in a test's row in this order: a b z are 2 3 0, n is not known.
var (
	testFeatures = []string{"a", "b", "z", "n", "change_1m", "spread_bps", "mean_5m"}
	testRow      = []float64{2, 3, 0, nan, 0.0023, 12, 100}
)

// expression is a criterion over rows.
type expression struct {
	*Program
	in *Instance
}

func (e expression) Eval(row []float64) Verdict {
	e.in.Row(row)
	return e.in.Verdict(0)
}

func (e expression) Explain(row []float64) string {
	e.in.Row(row)
	return e.in.View().Explain(0)
}

func testEnv() Env { return Env{Feature: slotIn(testFeatures), Known: testFeatures} }

func compileTest(t testing.TB, text string) expression {
	t.Helper()
	p, err := Compile(testEnv(), text)
	if err != nil {
		t.Fatalf("Compile(%q): %v", text, err)
	}
	return expression{p, p.NewInstance()}
}

func TestEval(t *testing.T) {
	for text, want := range map[string]Verdict{
		"true": True, "false": False, "!true": False, "not false": True,
		"a > 1": True, "a > 2": False, "a >= 2": True, "a >= 2.1": False, "a < 2": False, "a < 3": True, "a <= 2": True, "a <= 1": False,
		"a == 2": True, "a == 3": False, "a != 2": False, "a != 3": True,
		"1 > a": False, "3 > a": True, "2 >= a": True, "1 >= a": False, "1 < a": True, "2 <= a": True,
		"a > b": False, "a >= b": False, "a < b": True, "a <= b": True, "a == b": False, "a != b": True,
		"a + 1 > 2": True, "3 > a + 1": False, "a + 1 > b": False, "a + 1 >= b": True, "a+1 >= 3": True, "3 >= a+1": True, "1 > 2": False,
		"a + b == 5": True, "a - b == -1": True, "a * b == 6": True, "b / a == 1.5": True,
		"a + 2 * b == 8": True, "(a + 2) * b == 12": True, "a - 1 - 1 == 0": True, "b * 4 / a / 2 == 3": True, "b + 1 - a == 2": True,
		"-a == -2": True, "- -a == 2": True, "+a == 2": True, "-(a - b) == 1": True, "2 * -a == -4": True,
		"abs(a - b) == 1": True, "abs(-3) == 3": True, "min(a, b) == 2": True, "max(a, b, 7) == 7": True, "min(b, a, z) == 0": True,
		"1e3 == 1000": True, "1_000 == 1e3": True, ".5 < 1": True, "5 / 10000 < 0.001": True,
		"1 < a < 3": True, "1 < a < 2": False, "1 < a <= 2": True, "0 <= z < a < b": True, "3 > a > 2": False,
		"a > 1 and b > 1 or false": True, "true or n > 1 and false": True, "false and true or true": True, "false and (true or true)": False,
		"not (a > 1) || b > 1": True, "!(a > 1) && b > 1": False,
		"a // the last trade\n > 1": True, "a /* x */ > 1": True,
		// What is not known, and what divides by zero, is not ready.
		"n > 1": NotReady, "n < 1": NotReady, "n >= 1": NotReady, "n <= 1": NotReady, "n == n": NotReady, "n != 1": NotReady, "1 > n": NotReady, "1 >= n": NotReady,
		"a > n": NotReady, "n >= a": NotReady, "n + 1 > 1": NotReady, "n * 0 == 0": NotReady, "0 / a + n > 1": NotReady, "-n > 1": NotReady, "abs(n) > 1": NotReady,
		"min(a, n) > 1": NotReady, "max(n, a) > 1": NotReady, "1 < n < 3": NotReady, "5 < a < n": False,
		"a / z > 1": NotReady, "a / z == a / z": NotReady, "z / z == 1": NotReady, "1 / (b - a - 1) > 0": NotReady, "a / -z < 1": NotReady, "(a+0) / (z+0) > 1": NotReady,
	} {
		if got := compileTest(t, text).Eval(testRow); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestKleene(t *testing.T) {
	verdicts := []Verdict{False, NotReady, True}
	words := map[Verdict]string{False: "a > b", NotReady: "n > 1", True: "b > a"}
	tableAnd := [3][3]Verdict{{False, False, False}, {False, NotReady, NotReady}, {False, NotReady, True}}
	tableOr := [3][3]Verdict{{False, NotReady, True}, {NotReady, NotReady, True}, {True, True, True}}
	tableNot := [3]Verdict{True, NotReady, False}
	check := func(text string, want Verdict) {
		t.Helper()
		if got := compileTest(t, text).Eval(testRow); got != want {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
	for i, l := range verdicts {
		check("not ("+words[l]+")", tableNot[i])
		check("!("+words[l]+")", tableNot[i])
		for j, r := range verdicts {
			check(words[l]+" && "+words[r], tableAnd[i][j])
			check(words[l]+" and "+words[r], tableAnd[i][j])
			check(words[l]+" || "+words[r], tableOr[i][j])
			check(words[l]+" or "+words[r], tableOr[i][j])
		}
	}
}

func TestVerdictString(t *testing.T) {
	if got := fmt.Sprint(False, NotReady, True); got != "false not ready true" {
		t.Error(got)
	}
	var zero Verdict
	if zero != NotReady {
		t.Error("the zero verdict is", zero)
	}
}

func TestRowFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "column 1: the expression is empty: write one such as change_1m > 0.001",
		" \n\t":                                  "column 1: the expression is empty: write one such as change_1m > 0.001",
		"a":                                      "column 1: the expression is a number, neither true nor false: compare it with something, such as a > 0",
		"a + 1":                                  "column 1: the expression is a number, neither true nor false: compare it with something, such as x > 0",
		"chnge_1m > 0.001":                       `column 1: "chnge_1m" is not a feature: did you mean change_1m?`,
		"a > 1 && spred_bps < 20":                `column 10: "spred_bps" is not a feature: did you mean spread_bps?`,
		"volatility > 1":                         `column 1: "volatility" is not a feature: see the list of features`,
		"q > 1":                                  `column 1: "q" is not a feature: did you mean a?`,
		"a > 1\n&& meen_5m > 1":                  `line 2, column 4: "meen_5m" is not a feature: did you mean mean_5m?`,
		"xx > 1 or change_2m > 1":                `column 1: "xx" is not a feature: see the list of features` + "\n" + `column 11: "change_2m" is not a feature: did you mean change_1m?`,
		"0 < chnge_1m < 1":                       `column 5: "chnge_1m" is not a feature: did you mean change_1m?`,
		"a and b > 1":                            "column 1: and wants true or false, and this is a number: compare it with something, such as a > 0",
		"a > 1 && b":                             "column 10: && wants true or false, and this is a number: compare it with something, such as b > 0",
		"!a > 1":                                 "column 2: ! wants true or false, and this is a number: ! binds tighter than a comparison, so write !(x > 1) or not x > 1",
		"(a > 1) > 1":                            "column 2: > wants a number, and this is true or false: join comparisons with && and ||",
		"1 + (a > 1) > 2":                        "column 6: + wants a number, and this is true or false: join comparisons with && and ||",
		"!(a > 1) == true":                       "column 1: == wants a number, and this is true or false: ! binds tighter than a comparison, so write !(x > 1) or not x > 1\ncolumn 13: == wants a number, and this is true or false: join comparisons with && and ||",
		"-(a > 1) > 1":                           "column 3: the sign - wants a number, and this is true or false: join comparisons with && and ||",
		"+true > 1":                              "column 2: the sign + wants a number, and this is true or false: join comparisons with && and ||",
		"abs(a > 1) > 1":                         "column 5: abs wants a number, and this is true or false: join comparisons with && and ||",
		"abs(a, b) > 1":                          "column 1: abs takes one number, not 2: write abs(x)",
		"min(a) > 1":                             "column 1: min takes two numbers or more, not 1: write min(x, y)",
		"max() > 1":                              "column 1: max takes two numbers or more, not 0: write max(x, y)",
		"abz(a) > 1":                             `column 1: "abz" is not a function: did you mean abs?`,
		"root(a) > 1":                            `column 1: "root" is not a function: known are sma, ema, rsi, highest, change, abs and others: see docs/criteria.md`,
		"len(a) > 1":                             `column 1: "len" is not a function: known are sma, ema, rsi, highest, change, abs and others: see docs/criteria.md`,
		"a > 1 &&":                               "column 9: the expression ends too early: a value or a closing bracket is missing",
		"(a > 1":                                 "column 7: the expression ends too early: a value or a closing bracket is missing",
		"a > 1)":                                 `column 6: unexpected ")": no bracket is open here, or a value is missing before it`,
		"a = 1":                                  `column 3: unexpected "=": write == for equal`,
		"a > 1 AND b > 1":                        `column 7: unexpected "AND": write && or and`,
		"a > 1 OR b > 1":                         `column 7: unexpected "OR": write || or or`,
		"a / 0 > 1":                              "column 3: division by zero: the answer would never be ready",
		"a / (1 - 1) > 1":                        "column 3: division by zero: the answer would never be ready",
		"1e308 * 10 > a":                         "column 7: the result is beyond what a number holds: use smaller numbers",
		"a > 1e999":                              "column 5: a number is beyond what can be held: use smaller numbers",
		strings.Repeat("(", 65):                  "column 65: brackets are nested deeper than 64: split the criterion",
		strings.Repeat("a", 4097):                "column 1: the expression has 4097 bytes: want at most 4096",
		"a > 1\xff":                              "column 6: the expression is not UTF-8 text",
		"abs(" + "a > 1":                         "column 10: the expression ends too early: a value or a closing bracket is missing",
		strings.Repeat("ü", 100):                 `column 1: "` + strings.Repeat("ü", 32) + `…" is not a feature: see the list of features`,
		"ü > 1 and chnge_1m > 0":                 "column 1: \"ü\" is not a feature: see the list of features\ncolumn 11: \"chnge_1m\" is not a feature: did you mean change_1m?",
		"1" + strings.Repeat("+1", 600) + " > a": "column 1: the expression has more than 1000 parts: split the criterion",
	} {
		e, err := Compile(testEnv(), text)
		if err == nil {
			t.Errorf("Compile(%.80q) gave %v, want %q", text, e, want)
			continue
		}
		var fault *Fault
		if !errors.Is(err, ErrCriterion) || !errors.As(err, &fault) {
			t.Errorf("Compile(%.80q): %#v is no fault", text, err)
		}
		if err.Error() != want {
			t.Errorf("Compile(%.80q):\n got %s\nwant %s", text, err, want)
		}
	}
}

// TestRefused holds syntax that other languages have and this one has not.
func TestRefused(t *testing.T) {
	for text, column := range map[string]int{
		`a == "x"`: 6, `a in [1, 2]`: 3, `a == [1]`: 6, `a == {"x": 1}`: 6, `a.b > 1`: 2, `a[0] > 1`: 2, `a?.b > 1`: 2, `a > 1 ? true : false`: 7,
		`if a > 1 { true } else { false }`: 4, `let x = 1; a > x`: 5, `a > 1; b > 1`: 6, `nil == a`: 1, `(a ?? b) > 1`: 4,
		`a % 2 == 0`: 3, `a ** 2 > 1`: 4, `a ^ 2 > 1`: 3, `1..2 == a`: 2, `all([1], # > 1)`: 5, `a matches "x"`: 3, `a not in [1]`: 3,
		`a contains "x"`: 3, `a.b() > 1`: 2, `b"x" == a`: 2, `a[1:2] > 1`: 2, `map([a], {#}) == 1`: 5, `a | min(b) > 1`: 3, `(a + b) | abs() > 1`: 9, `a | f(b) > 1`: 3,
	} {
		_, err := Compile(testEnv(), text)
		var fault *Fault
		if !errors.As(err, &fault) {
			t.Errorf("%s: %v is no fault", text, err)
			continue
		}
		if fault.Hint == "" {
			t.Errorf("%s: no hint in %v", text, fault)
		}
		if fault.Column != column {
			t.Errorf("%s: %v, want column %d", text, fault, column)
		}
	}
}

func TestFeatures(t *testing.T) {
	const text = "b > a && spread_bps < b and min(mean_5m, a) > 1"
	want := []string{"b", "a", "spread_bps", "mean_5m"}
	if got := compileTest(t, text).Features(); !slices.Equal(got, want) {
		t.Errorf("Features is %v, want %v", got, want)
	}
	e := compileTest(t, "a > b")
	e.Features()[0] = "changed"
	if e.Features()[0] != "a" {
		t.Error("Features hands out its own memory")
	}
}

func TestExplain(t *testing.T) {
	for text, want := range map[string]string{
		"change_1m > 0.001":            "change_1m > 0.001: 0.0023 > 0.001",
		"a < b && n > 1":               "a < b && n > 1: 2 < 3 && ? > 1",
		"1 < a < b":                    "1 < a < b: 1 < 2 < 3",
		"max(a,b) > 1\n  and  (a>0)":   "max(a,b) > 1 and (a>0): max(2,3) > 1 and (2>0)",
		"a /* größer */ > 1 || a == b": "a /* größer */ > 1 || a == b: 2 /* größer */ > 1 || 2 == 3",
	} {
		e := compileTest(t, text)
		if got := e.Explain(testRow); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if e.Text(0) != text {
			t.Errorf("String is %q, want %q", e.Text(0), text)
		}
	}
}

// TestRounding holds the steps that a fused multiply-add would give another result.
func TestRounding(t *testing.T) {
	x := 1 + 0x1p-30
	row := []float64{x, x, -float64(x * x), 0, 0, 0, 0}
	if got := compileTest(t, "a * b + z == 0").Eval(row); got != True {
		t.Errorf("a * b + z is not zero but %g when fused", math.FMA(row[0], row[1], row[2]))
	}
}

func TestEvalDoesNotAllocate(t *testing.T) {
	e := compileTest(t, "a / b > 0.5 && not (n > 1) || min(a, b, z) < abs(change_1m) and 1 < mean_5m <= 100")
	if n := testing.AllocsPerRun(100, func() { e.Eval(testRow) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
