package bad

import (
	"iter"
	"slices"
)

var last []Level

// Levels hands out the slice.
func (b Book) Levels() []Level {
	return b.levels // want "Levels returns b.levels, which a message holds"
}

// Bids hands out a part.
func (b Book) Bids() []Level { return b.levels[:1] } // want "Bids returns b.levels[:1]"

// Index hands out the map.
func (b Book) Index() map[string]int { return b.index } // want "Index returns b.index"

// Top hands out the pointer.
func (b Book) Top() *Level { return b.top } // want "Top returns b.top"

// At hands out a pointer into the slice.
func (b Book) At(i int) *Level { return &b.levels[i] } // want "At returns &b.levels[i]"

// Inner hands out an inner slice.
func (b Book) Inner(i int) []int { return b.deep[i] } // want "Inner returns b.deep[i]"

// Outer clones the outer slice only.
func (b Book) Outer() [][]int { return slices.Clone(b.deep) } // want "Outer returns slices.Clone(b.deep)"

// Raw hides it in an interface.
func (b Book) Raw() any { return b.levels } // want "Raw returns b.levels"

// Indirect goes by a variable.
func (b Book) Indirect() []Level {
	levels := b.levels
	if len(levels) > 1 {
		levels = levels[1:]
	}
	return levels // want "Indirect returns levels"
}

// Named returns without naming it again.
func (b Book) Named() (levels []Level) {
	levels = b.levels
	return // want "Named returns levels"
}

// Helped goes by a helper.
func (b Book) Helped() []Level { return same(b.levels) } // want "Helped returns same(b.levels)"

// View goes by another struct.
func (b Book) View() Options { return Options{Levels: b.levels} } // want "View returns Options"

// Out goes by a parameter.
func (b Book) Out(o *Options) {
	o.Levels = b.levels // want "Out stores b.levels in o.Levels"
}

// Keep goes by a package variable.
func (b Book) Keep() {
	last = b.levels // want "Keep stores b.levels in last"
}

// KeepHelped goes by a helper that keeps it.
func (b Book) KeepHelped() {
	keep(b.levels) // want "hands b.levels to keep"
}

func keep(levels []Level) { last = levels }

// Send goes by a channel.
func (b Book) Send(c chan<- []Level) {
	c <- b.levels // want "Send sends b.levels"
}

// Call goes by somebody's function.
func (b Book) Call(f func([]Level)) {
	f(b.levels) // want "hands b.levels to f"
}

// Closure goes by a function of its own.
func (b Book) Closure() func() []Level {
	return func() []Level { return b.levels } // want "Closure returns b.levels"
}

// All yields inner slices: an iterator that does not help.
func (b Book) All() iter.Seq[[]int] { return slices.Values(b.deep) } // want "All returns slices.Values(b.deep)"

// Each yields them one by one.
func (b Book) Each() iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		for _, inner := range b.deep {
			if !yield(inner) { // want "hands inner to yield"
				return
			}
		}
	}
}

// NewAndKeep makes a message and keeps its slice.
func NewAndKeep(n int) (Book, []Level) {
	levels := make([]Level, n)
	return Book{levels: levels}, levels // want "NewAndKeep returns levels"
}

// Peek is no method, and no better.
func Peek(b *Book) []Level { return b.levels } // want "Peek returns b.levels"

// Hidden is the row's.
func (r Row) Hidden() []int { return r.hidden } // want "Hidden returns r.hidden"

// Rows of a table hold references, but out of reach: a copy of the outer slice would do.
func (t Table) Rows() []Row { return t.rows } // want "Rows returns t.rows"
