// Package classifier puts instruments into classes. Engines judge every row of message.Views, and
// a message.Classified goes out only when the class of an instrument changes.
//
// Core is pure: it reads no clock, and the same rows in the same order give the same changes. A
// criteria engine tries classes in order, each with an expression (see Compile for the language);
// a range engine says on which side of a range a feature is. Both judge without allocating, and put
// into words why they decided only when the class changes.
//
// What an engine reads may not be known yet: then its answer is not ready, and the class stays.
//
// The package imports market and message. The actor's shell calls Core; the configuration calls
// Config.Features to derive what state has to compute.
package classifier

// Verdict is the answer of an expression in three-valued logic (Kleene, Introduction to
// Metamathematics, 1952, §64). The zero Verdict is NotReady.
type Verdict int8

// The order is that of truth: and is the smaller of two, or the greater, not the opposite.
const (
	False    Verdict = -1
	NotReady Verdict = 0 // something that the answer depends on is not known
	True     Verdict = 1
)

// String returns false, not ready or true.
func (v Verdict) String() string {
	switch {
	case v < NotReady:
		return "false"
	case v > NotReady:
		return "true"
	}
	return "not ready"
}

func verdictOf(b bool) Verdict {
	if b {
		return True
	}
	return False
}
