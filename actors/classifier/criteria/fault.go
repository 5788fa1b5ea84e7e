package criteria

import (
	"errors"
	"fmt"
	"strings"
)

// ErrCriterion is wrapped by every fault of a criterion.
var ErrCriterion = errors.New("invalid expression")

// Fault is one thing wrong with a criterion.
type Fault struct {
	Line   int    // from 1
	Column int    // from 1, in characters
	What   string // what was found
	Hint   string // what to write instead; may be empty
}

// Error returns place, fault and hint in one line. The line is named where it is not the first.
func (f *Fault) Error() string {
	var s strings.Builder
	if f.Line > 1 {
		fmt.Fprintf(&s, "line %d, ", f.Line)
	}
	fmt.Fprintf(&s, "column %d: %s", f.Column, f.What)
	if f.Hint != "" {
		s.WriteString(": " + f.Hint)
	}
	return s.String()
}

// Unwrap returns ErrCriterion.
func (f *Fault) Unwrap() error { return ErrCriterion }

// caretWidth is how much of a line Caret shows.
const caretWidth = 100

// Caret returns the line of text that the fault is in, and under it a caret at the place.
func (f *Fault) Caret(text string) string {
	lines := strings.Split(text, "\n")
	if f.Line < 1 || f.Line > len(lines) {
		return ""
	}
	line := []rune(strings.ReplaceAll(lines[f.Line-1], "\t", " "))
	at := min(max(f.Column-1, 0), len(line))
	before, after := "", ""
	if from := at - caretWidth/2; from > 0 && len(line) > caretWidth {
		line, at, before = line[from:], caretWidth/2, "…"
	}
	if len(line) > caretWidth {
		line, after = line[:caretWidth], "…"
	}
	indent := at + len([]rune(before))
	return before + string(line) + after + "\n" + strings.Repeat(" ", indent) + "^"
}

// Faults returns the faults that an error of this package holds, in the order of their places.
func Faults(err error) []*Fault {
	var all []*Fault
	each := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		each = joined.Unwrap()
	}
	for _, e := range each {
		var f *Fault
		if errors.As(e, &f) {
			all = append(all, f)
		}
	}
	return all
}

// faultAt makes a fault at the character with that index.
func faultAt(text []rune, at int, hint, format string, args ...any) *Fault {
	f := &Fault{Line: 1, Column: 1, What: fmt.Sprintf(format, args...), Hint: hint}
	for _, c := range text[:min(max(at, 0), len(text))] {
		f.Column++
		if c == '\n' {
			f.Line, f.Column = f.Line+1, 1
		}
	}
	return f
}

// shownMax is how many bytes of a user's word an error repeats.
const shownMax = 64

// shown returns text, cut to what an error should repeat of it.
func shown(text string) string {
	if len(text) <= shownMax {
		return text
	}
	return strings.ToValidUTF8(text[:shownMax], "") + "…"
}

// didYouMean is the hint for a misspelt name: the nearest candidate, or otherwise.
func didYouMean(name string, candidates []string, otherwise string) string {
	if near, ok := Nearest(name, candidates); ok {
		return "did you mean " + near + "?"
	}
	return otherwise
}

// Nearest returns the candidate that a misspelt name most likely meant, and whether there is one.
// Of equally near ones the first wins, so that the answer never depends on chance.
func Nearest(name string, candidates []string) (string, bool) {
	most := min(3, max(1, len(name)/3)) // more letters apart than this is another word
	best, distance := "", most+1
	for _, c := range candidates {
		if d := editDistance(name, c, most); d < distance {
			best, distance = c, d
		}
	}
	return best, distance <= most
}

// editDistance returns how many letters must be added, removed or replaced to turn a into b;
// anything above most where their lengths alone are further apart.
func editDistance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	above, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			replace := above[j]
			if a[i] != b[j] {
				replace++
			}
			row[j+1] = min(replace, above[j+1]+1, row[j]+1)
		}
		above, row = row, above
	}
	return above[len(b)]
}
