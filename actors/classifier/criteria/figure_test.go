package criteria

import (
	"math"
	"strings"
	"testing"
	"time"
)

// TestFigures holds what expressions of a model's inputs give, and that a criterion stays one.
func TestFigures(t *testing.T) {
	slots := map[string]Feature{"a": {Slot: 0, Type: Number}, "b": {Slot: 1, Type: Number}, "age": {Slot: 2, Type: Duration},
		"word": {Slot: 3, Type: Text, Code: func(string) float64 { return 1 }}}
	env := Env{Frames: []time.Duration{time.Minute}, Feature: func(name string) (Feature, bool) { f, ok := slots[name]; return f, ok }}
	p, err := CompileFigures(env, "a", "a * b + 1", "a > b", "age", "7", "sma(2, 1m)", `word == "x"`, "a / b")
	if err != nil {
		t.Fatal(err)
	}
	in := p.NewInstance()
	nan := math.NaN()
	check := func(want ...float64) {
		t.Helper()
		for i, w := range want {
			if got := in.Figure(i); got != w && (got == got || w == w) {
				t.Errorf("%s is %v, want %v", p.Text(i), got, w)
			}
		}
	}
	check(nan, nan, nan, nan, 7, nan, nan, nan)
	in.Row([]float64{3, 2, 90, 1})
	check(3, 7, 1, 90, 7, nan, 1, 1.5)
	for n := range 2 {
		if err := in.Close(time.Minute, Bar{Start: int64(n) * int64(time.Minute), Open: 1, High: 9, Low: 1, Close: float64(4 + n), Volume: 1}); err != nil {
			t.Fatal(err)
		}
	}
	check(3, 7, 1, 90, 7, 4.5)
	in.Row([]float64{3, 0, nan, 2})
	check(3, 1, 1, nan, 7, 4.5, 0, nan)
	if got := in.Reason(7); got != "a / b has no value: a divisor is zero" {
		t.Error(got)
	}
	for text, want := range map[string]string{"word": "which is no figure", "a +": "ends too early", "c": "is not a feature"} {
		if _, err := CompileFigures(env, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Compile(env, "a + b"); err == nil {
		t.Error("a number is a criterion")
	}
}
