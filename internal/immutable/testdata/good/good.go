// Package good holds messages that nobody can change, in every way that is accepted.
package good

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"
)

// Kind names a type of message.
type Kind uint8

// Message is anything that may be told.
type Message interface{ Kind() Kind }

// Level is a row of values.
type Level struct{ Price, Quantity int64 }

// BookFields is what a Book holds besides its levels.
type BookFields struct {
	Seq  int
	At   time.Time
	Best Level
	Pair [2]Level
}

// Book holds references of several sorts.
type Book struct {
	f      BookFields
	levels []Level
	index  map[string]int
	deep   [][]int
	inside []Message
	top    *Level
}

// NewBook copies in each accepted way.
func NewBook(f BookFields, bids, asks []Level, index map[string]int, deep [][]int, inside []Message, top *Level) (Book, error) {
	levels := make([]Level, len(bids)+len(asks))
	copy(levels, bids)
	copy(levels[len(bids):], asks)
	for i := range levels {
		if levels[i].Price == 0 {
			return Book{}, fmt.Errorf("level %d has no price", i)
		}
	}
	inner := make([][]int, 0, len(deep))
	for _, d := range deep {
		inner = append(inner, slices.Clone(d))
	}
	one := *top
	return Book{f: f, levels: levels, index: maps.Clone(index), deep: inner, inside: slices.Clone(inside), top: &one}, nil
}

// NewAppended copies by appending.
func NewAppended(levels []Level) Book {
	return Book{levels: append([]Level(nil), levels...)}
}

// NewTogether appends to something new.
func NewTogether(bids, asks []Level) Book {
	all := append([]Level{}, bids...)
	all = append(all, asks...)
	slices.SortFunc(all, func(x, y Level) int { return int(x.Price - y.Price) })
	return Book{levels: all}
}

// NewCollected collects.
func NewCollected(levels iter.Seq[Level]) Book { return Book{levels: slices.Collect(levels)} }

// NewHelped has a helper copy.
func NewHelped(levels []Level) Book { return Book{levels: without(levels)} }

func without(levels []Level) []Level {
	kept := make([]Level, 0, len(levels))
	for _, l := range levels {
		if l.Quantity != 0 {
			kept = append(kept, l)
		}
	}
	return kept
}

// NewStepwise builds a message that is its own.
func NewStepwise(levels []Level) Book {
	var b Book
	b.levels = make([]Level, len(levels))
	for i, l := range levels {
		b.levels[i] = l
	}
	b.levels = append(b.levels, Level{})
	b.index = map[string]int{"levels": len(b.levels)}
	return b
}

// Kind makes a message of it.
func (b Book) Kind() Kind { return 1 }

// Fields returns a copy.
func (b Book) Fields() BookFields { return b.f }

// Len returns no reference.
func (b Book) Len() int { return len(b.levels) }

// Level returns a copy.
func (b Book) Level(i int) Level { return b.levels[i] }

// Top returns a copy.
func (b Book) Top() Level { return *b.top }

// Levels yields copies.
func (b Book) Levels() iter.Seq[Level] { return values(b.levels) }

// Bids yields copies of a part.
func (b Book) Bids() iter.Seq[Level] { return slices.Values(b.levels[:1]) }

// Index yields copies.
func (b Book) Index() iter.Seq2[string, int] { return maps.All(b.index) }

// Inner yields copies of what lies deeper.
func (b Book) Inner(i int) iter.Seq[int] { return slices.Values(b.deep[i]) }

// Copy returns a copy.
func (b Book) Copy() []Level { return slices.Clone(b.levels) }

// Appended returns a copy.
func (b Book) Appended() []Level { return append([]Level(nil), b.levels...) }

// With shares what nobody writes to.
func (b Book) With(f BookFields) Book { return Book{f: f, levels: b.levels, index: b.index} }

// More copies by capacity.
func (b Book) More(l Level) Book {
	return Book{f: b.f, levels: append(b.levels[:len(b.levels):len(b.levels)], l)}
}

// Equal reads.
func (b Book) Equal(c Book) bool { return b.f == c.f && slices.Equal(b.levels, c.levels) }

func (b Book) String() string { return fmt.Sprintf("book %v %v", b.levels, b.index) }

func values[T any](items []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, item := range items {
			if !yield(item) {
				return
			}
		}
	}
}

// View is a row that refers to a part of what its table holds.
type View struct {
	Level
	values []float64
}

// NewView copies.
func NewView(l Level, values []float64) View { return View{Level: l, values: slices.Clone(values)} }

// Value returns a copy.
func (v View) Value(i int) float64 { return v.values[i] }

// Views holds rows.
type Views struct{ rows []View }

// Kind makes a message of it.
func (v Views) Kind() Kind { return 2 }

// Row returns a copy, whose references are out of reach.
func (v Views) Row(i int) View { return v.rows[i] }

// Rows yields such copies.
func (v Views) Rows() iter.Seq[View] { return values(v.rows) }

// ViewsBuilder gathers rows and hands them over.
type ViewsBuilder struct {
	rows   []View
	values []float64
}

// NewViewsBuilder starts one.
func NewViewsBuilder(n int) ViewsBuilder { return ViewsBuilder{rows: make([]View, 0, n)} }

// Add copies values.
func (b *ViewsBuilder) Add(l Level, values []float64) {
	start := len(b.values)
	b.values = append(b.values, values...)
	b.rows = append(b.rows, View{Level: l, values: b.values[start:len(b.values):len(b.values)]})
}

// Build hands over and forgets.
func (b *ViewsBuilder) Build() Views {
	v := Views{rows: b.rows}
	b.rows, b.values = nil, nil
	return v
}

// BuildWhole forgets in another way.
func (b *ViewsBuilder) BuildWhole() Views {
	v := Views{rows: b.rows}
	*b = ViewsBuilder{}
	return v
}

// gatherer is no message and may do as it likes.
type gatherer struct {
	books  []Book
	levels []Level
}

func (g *gatherer) add(b Book) {
	g.books = append(g.books, b)
	for l := range b.Levels() {
		g.levels = append(g.levels, l)
	}
}

func (g *gatherer) book() Book { return Book{levels: slices.Clone(g.levels)} }
