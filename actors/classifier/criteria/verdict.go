// Package criteria is the language in which people say what they look for in an instrument, and its
// evaluation: price > sma(20, "1d") && volume_24h > 1e9. docs/criteria.md describes it.
//
// Compile turns criteria into a Program: steps in order, of which equal ones are one. Three ways to
// run it give the same verdicts, figure for figure:
//
//   - an Instance follows one instrument, tick by tick; a step runs only if something that it reads
//     has changed;
//   - Columns judge many instruments at once, a step over all of them before the next;
//   - a Runner goes through bars of the past, to fill Columns.
//
// A View puts a verdict into words and figures: how far a criterion was missed, and what it lacks
// to be ready.
//
// It reads no clock and looks at nothing later than the newest bar it was told of. It imports package
// indicator and nothing else of Maru; the classifier, screens and the configuration use it.
package criteria

// Verdict is the answer of a criterion in three-valued logic (Kleene, Introduction to
// Metamathematics, 1952, §64). The zero Verdict is NotReady. It has a bit that says true and one
// that says false, so that a column of them is joined eight at a time.
type Verdict uint8

// The verdicts.
const (
	NotReady Verdict = 0 // something that the answer depends on is not known
	True     Verdict = 1
	False    Verdict = 2
)

// String returns false, not ready or true.
func (v Verdict) String() string {
	switch v {
	case True:
		return "true"
	case False:
		return "false"
	}
	return "not ready"
}

// Not is true of false and false of true.
func (v Verdict) Not() Verdict { return v&True<<1 | v>>1&True }

// And is false as soon as one side is, whatever is not known of the other.
func (v Verdict) And(w Verdict) Verdict { return v&w&True | (v|w)&False }

// Or is true as soon as one side is, whatever is not known of the other.
func (v Verdict) Or(w Verdict) Verdict { return (v|w)&True | v&w&False }

// VerdictOf is True or False.
func VerdictOf(b bool) Verdict {
	if b {
		return True
	}
	return False
}

// Column is the verdicts of many instruments, a byte each: a Verdict.
type Column []byte

// At returns the verdict of instrument i.
func (c Column) At(i int) Verdict { return Verdict(c[i]) }

// Count returns how many are v.
func (c Column) Count(v Verdict) (n int) {
	for _, b := range c {
		if Verdict(b) == v {
			n++
		}
	}
	return n
}
