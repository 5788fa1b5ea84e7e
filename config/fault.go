package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong in a configuration, said so that its reader can repair it.
type Fault struct {
	File   string `json:"file,omitempty"`   // as it was given to Load or Parse
	Line   int    `json:"line,omitempty"`   // counted from 1; 0 where the fault has no place
	Column int    `json:"column,omitempty"` // counted from 1, in bytes; 0 where unknown
	Key    string `json:"key,omitempty"`    // path of the key, tables of one name counted from 0: venue[0].channels[2]
	Want   string `json:"want"`             // what was expected there
	Found  string `json:"found,omitempty"`  // what stands there; never a value that may be a secret
	Hint   string `json:"hint,omitempty"`   // what to do
}

// Error returns the fault in one line: file:line:column: key: want …, found … (hint).
func (f Fault) Error() string {
	var b strings.Builder
	if f.File != "" {
		b.WriteString(f.File)
		b.WriteByte(':')
	}
	if f.Line > 0 {
		fmt.Fprintf(&b, "%d:", f.Line)
		if f.Column > 0 {
			fmt.Fprintf(&b, "%d:", f.Column)
		}
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if f.Key != "" {
		b.WriteString(f.Key)
		b.WriteString(": ")
	}
	b.WriteString(f.Want)
	if f.Found != "" {
		b.WriteString(", found ")
		b.WriteString(f.Found)
	}
	if f.Hint != "" {
		b.WriteString(" (")
		b.WriteString(f.Hint)
		b.WriteByte(')')
	}
	return b.String()
}

// Faults is everything that is wrong in a configuration, in the order of the file. It is the
// error that Load, Parse and Config.Validate return; errors.As finds it.
type Faults []Fault

// faultsMax bounds what one reading reports: who sees a hundred faults repairs the first ones
// and reads again.
const faultsMax = 100

// Error returns the faults one a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the single faults to errors.Is and errors.As.
func (f Faults) Unwrap() []error {
	errs := make([]error, len(f))
	for i := range f {
		errs[i] = f[i]
	}
	return errs
}

// sorted returns the faults in the order of the file, at most faultsMax of them and a last one
// that counts the rest.
func (f Faults) sorted() Faults {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Key, b.Key))
	})
	f = slices.Compact(f)
	if len(f) <= faultsMax {
		return f
	}
	rest := len(f) - faultsMax
	return append(f[:faultsMax:faultsMax], Fault{
		File: f[0].File,
		Want: fmt.Sprintf("and %d more faults", rest),
		Hint: "repair these first",
	})
}
