package bad

import (
	"maps"
	"slices"
)

// Options is a parameter with references in its fields.
type Options struct{ Levels []Level }

var shared = []Level{{1, 2}}

// NewBook takes everything as it comes.
func NewBook(levels []Level, index map[string]int, top *Level, done chan struct{}, sort func()) Book {
	return Book{
		levels: levels, // want "NewBook puts levels into Book.levels uncopied"
		index:  index,  // want "puts index into Book.index"
		top:    top,    // want "puts top into Book.top"
		done:   done,   // want "puts done into Book.done"
		sort:   sort,   // want "puts sort into Book.sort"
	}
}

// NewUnkeyed names no fields.
func NewUnkeyed(rows []Row) Table {
	return Table{rows, nil, nil} // want "NewUnkeyed puts rows into Table.rows"
}

// NewPart takes a part.
func NewPart(levels []Level) Book {
	return Book{levels: levels[1:2:2]} // want "NewPart puts levels[1:2:2]"
}

// NewFromOptions takes a field of a parameter.
func NewFromOptions(o Options, p *Options) (Book, Book) {
	return Book{levels: o.Levels}, Book{levels: p.Levels} // want "puts o.Levels" "puts p.Levels"
}

// NewByWay takes a way round.
func NewByWay(levels []Level) Book {
	mine := levels
	var b Book
	b.levels = mine // want "NewByWay puts mine into Book.levels"
	return b
}

// NewSometimes copies on one of two ways.
func NewSometimes(levels []Level, short bool) Book {
	mine := slices.Clone(levels)
	if short {
		mine = levels[:1]
	}
	return Book{levels: mine} // want "NewSometimes puts mine"
}

// NewAppended appends to what the caller holds.
func NewAppended(levels []Level) Book {
	return Book{levels: append(levels, Level{})} // want "NewAppended puts append"
}

// NewShared puts a package variable in.
func NewShared() Book {
	return Book{levels: shared} // want "NewShared puts shared"
}

// NewHelped gets it back from a helper.
func NewHelped(levels []Level) Book {
	return Book{levels: same(levels)} // want "NewHelped puts same(levels)"
}

func same(levels []Level) []Level { return levels }

// NewShallow copies the outer slice only.
func NewShallow(deep [][]int) Book {
	return Book{deep: slices.Clone(deep)} // want "NewShallow puts slices.Clone(deep) into Book.deep"
}

// NewShallowCopy does the same with copy.
func NewShallowCopy(deep [][]int) Book {
	mine := make([][]int, len(deep))
	copy(mine, deep)
	return Book{deep: mine} // want "NewShallowCopy puts mine"
}

// NewFilled fills a new slice with the caller's.
func NewFilled(one []int) Book {
	mine := make([][]int, 1)
	mine[0] = one
	return Book{deep: mine} // want "NewFilled puts mine"
}

// NewCaptured hides a parameter in a function.
func NewCaptured(levels []Level) Book {
	return Book{sort: func() { clear(levels) }} // want "NewCaptured puts (func() literal)"
}

// NewPointer points to what a parameter points to.
func NewPointer(levels []Level) Book {
	return Book{top: &levels[0]} // want "NewPointer puts &levels[0]"
}

// NewAsserted takes it out of an interface.
func NewAsserted(v any) Book {
	switch v := v.(type) {
	case []Level:
		return Book{levels: v} // want "NewAsserted puts v"
	}
	return Book{index: v.(map[string]int)} // want "NewAsserted puts v.(map[string]int)"
}

// NewRow makes a row, which is no better.
func NewRow(hidden []int) Row {
	return Row{hidden: hidden} // want "NewRow puts hidden into Row.hidden"
}

// With sets a field of a copy to what it was given.
func (b Book) With(index map[string]int) Book {
	b.index = index // want "With puts index into Book.index"
	return b
}

// NewFromMap takes the inner slices of a map.
func NewFromMap(m map[string][]Level) []Book {
	var books []Book
	for _, levels := range maps.Clone(m) {
		books = append(books, Book{levels: levels}) // want "NewFromMap puts levels"
	}
	return books
}

// NewReceived takes it from a channel.
func NewReceived(c chan []Level) Book {
	levels := <-c
	return Book{levels: levels} // want "NewReceived puts levels"
}
