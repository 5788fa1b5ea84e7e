package classifier

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// Limits of one expression. They bound memory and the time of one verdict: there are no loops, so
// the number of steps is at most that of the nodes.
const (
	expressionBytesMax   = 4096
	expressionNestingMax = 64   // brackets within brackets
	expressionNodesMax   = 1000 // numbers, features, operators and calls
	faultsMax            = 20   // of one expression; more helps nobody
)

// Expr is a compiled expression. It never changes and may be shared.
type Expr struct {
	text     []rune
	eval     truth
	features []string // in the order of first use
	figures  []figure // where features stand in text, in order
}

// figure is where a feature stands in the text, in characters, and in the row.
type figure struct{ from, to, slot int }

// Compile reads an expression, which is true, false or not ready for a row of features. Of every
// feature it asks index where in the row it stands; known are the names to suggest for one
// that index does not know.
//
// The language:
//
//	numbers          0.001  1e6  1_000_000
//	features         change_1m  spread_bps  whatever index knows; NaN is not known
//	arithmetic       + - * /  and the sign -
//	functions        abs(x)  min(x, y, …)  max(x, y, …)
//	comparisons      < <= > >= == !=  and chains: 1 < x <= 2
//	logic            && and, || or, ! not, true, false
//	brackets         ( )
//
// A comparison with something unknown is not ready, and so is one with a quotient whose divisor is
// zero. Logic is Kleene's: false && unknown is false, true || unknown is true, else what depends
// on the unknown is unknown. not binds tighter than a comparison: write not (x > 1). Arithmetic
// is IEEE 754 double precision, each step rounded by itself, so that every machine agrees.
//
// It returns every fault it finds, joined, each a *Fault that wraps ErrExpression. A fault in
// the grammar hides the others.
func Compile(text string, index func(feature string) (slot int, ok bool), known []string) (*Expr, error) {
	c := &compiler{text: []rune(text), index: index, known: known}
	root, err := parse(text, c.text)
	if err != nil {
		return nil, err
	}
	t := c.term(root)
	if t.ok && t.truth == nil {
		c.fault(0, "compare it with something, such as "+example(root), "the expression is a number, neither true nor false")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	slices.SortFunc(c.figures, func(a, b figure) int { return a.from - b.from })
	return &Expr{text: c.text, eval: t.truth, features: c.features, figures: slices.Compact(c.figures)}, nil
}

// FeaturesOf returns the features that an expression reads, each once, in the order of first use.
// It fails as Compile does, but takes every name for a feature.
func FeaturesOf(text string) ([]string, error) {
	e, err := Compile(text, func(string) (int, bool) { return 0, true }, nil)
	if err != nil {
		return nil, err
	}
	return e.features, nil
}

// Eval judges a row, in which features stand where index said. The row must be that long.
func (e *Expr) Eval(row []float64) Verdict { return e.eval(row) }

// Features returns the features that the expression reads, each once, in the order of first use.
func (e *Expr) Features() []string { return slices.Clone(e.features) }

// String returns the expression as it was written.
func (e *Expr) String() string { return string(e.text) }

// Figures returns the expression with the row's figures in place of the features; ? is not known.
func (e *Expr) Figures(row []float64) string {
	var s strings.Builder
	at := 0
	for _, f := range e.figures {
		s.WriteString(string(e.text[at:f.from]))
		s.WriteString(figureText(row[f.slot]))
		at = f.to
	}
	s.WriteString(string(e.text[at:]))
	return oneLine(s.String())
}

// Explain returns the expression and what it was with the row's figures:
// "change_1m > 0.001: 0.0023 > 0.001".
func (e *Expr) Explain(row []float64) string { return oneLine(string(e.text)) + ": " + e.Figures(row) }

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// figureText prints a figure exactly: a rounded one could contradict the verdict.
func figureText(v float64) string {
	if math.IsNaN(v) {
		return "?"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// parse returns the tree of an expression that keeps the limits on its text.
func parse(text string, runes []rune) (_ ast.Node, err error) {
	switch {
	case len(text) > expressionBytesMax:
		return nil, faultAt(nil, 0, fmt.Sprintf("want at most %d", expressionBytesMax), "the expression has %d bytes", len(text))
	case !utf8.ValidString(text):
		at := strings.IndexRune(text, utf8.RuneError)
		return nil, faultAt(runes, utf8.RuneCountInString(text[:max(at, 0)]), "", "the expression is not UTF-8 text")
	case strings.TrimSpace(text) == "":
		return nil, faultAt(nil, 0, "write one such as change_1m > 0.001", "the expression is empty")
	}
	depth := 0
	for i, r := range runes {
		switch r {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth > expressionNestingMax {
			return nil, faultAt(runes, i, "split the criterion", "brackets are nested deeper than %d", expressionNestingMax)
		}
	}
	// The parser is not ours and reads what a user wrote: should it panic, that is a fault in the
	// text and not the end of the program.
	defer func() {
		if recover() != nil {
			err = faultAt(runes, 0, allowed, "the expression cannot be read")
		}
	}()
	tree, err := parser.Parse(text)
	if err == nil {
		return tree.Node, nil
	}
	var e *file.Error
	if !errors.As(err, &e) {
		return nil, faultAt(runes, 0, allowed, "the expression cannot be read")
	}
	return nil, syntaxFault(runes, e)
}

// syntaxFault says what the parser found in our words.
func syntaxFault(text []rune, e *file.Error) *Fault {
	from := min(max(e.From, 0), len(text))
	to := min(max(e.To, from), len(text))
	found := strings.TrimSpace(string(text[from:to]))
	if strings.HasSuffix(e.Message, "token EOF") {
		return faultAt(text, len(text), "a value or a closing bracket is missing", "the expression ends too early")
	}
	if strings.HasPrefix(e.Message, "invalid") && strings.Contains(e.Message, "literal") {
		// The parser has gone on to the token behind the number.
		return faultAt(text, wordBefore(text, from), "use smaller numbers", "a number is beyond what can be held")
	}
	if !strings.HasPrefix(e.Message, "unexpected token") {
		return faultAt(text, from, allowed, "%s", shown(oneLine(e.Message)))
	}
	hint := allowed
	switch found {
	case "between":
		hint = "write low <= x <= high"
	case "=":
		hint = "write == for equal"
	case "&", "AND":
		hint = "write && or and"
	case "OR":
		hint = "write || or or"
	case "NOT":
		hint = "write ! or not"
	case "<>":
		hint = "write != for not equal"
	case ")", "]", "}":
		hint = "no bracket is open here, or a value is missing before it"
	}
	return faultAt(text, from, hint, "unexpected %q", shown(found))
}

// wordBefore returns where the last word or number begins that starts before at.
func wordBefore(text []rune, at int) int {
	inWord := func(r rune) bool { return r == '_' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	for at > 0 && !inWord(text[at-1]) {
		at--
	}
	for at > 0 && inWord(text[at-1]) {
		at--
	}
	return at
}
