// Package bad holds messages that can be changed after they were made. Each line with a fault
// says what the checker must find there.
package bad

// Kind names a type of message.
type Kind uint8

// Level is a row without references.
type Level struct{ Price, Quantity int64 }

// Exported can be set by anybody.
type Exported struct {
	Seq    int // want "Exported.Seq is exported"
	Levels     // want "Exported.Levels is exported"
}

// Levels is embedded, and so exported too.
type Levels []Level

// Kind makes a message of it.
func (e Exported) Kind() Kind { return 1 }

// Pointed has methods that could change it.
type Pointed struct{ n int }

// Kind makes a message of it all the same.
func (p *Pointed) Kind() Kind { return 2 } // want "pointer receiver *Pointed"

// Set shows why.
func (p *Pointed) Set(n int) { // want "method Set has the pointer receiver"
	p.n = n // want "Set writes to p.n"
}

// Row is reached from Table by value.
type Row struct {
	Name   string
	Values []float64      // want "Row.Values is exported and of type []float64"
	Index  map[string]int // want "Row.Index is exported"
	hidden []int
}

// Reset of a row is no better than of a message.
func (r *Row) Reset() { // want "pointer receiver *Row"
	r.hidden = nil // want "Reset writes to r.hidden"
}

// Table holds rows.
type Table struct {
	rows []Row
	any  any   // want "Table.any is of type any and may hold anything"
	errs error // want "may hold anything"
}

// Kind makes a message of it.
func (t Table) Kind() Kind { return 3 }

// BookFields is what a constructor takes and a message hands out.
type BookFields struct {
	Seq    int
	Levels []Level        // want "BookFields.Levels is of type []Level"
	Index  map[string]int // want "BookFields.Index"
	Top    *Level         // want "BookFields.Top"
	Done   chan struct{}  // want "BookFields.Done"
	Sort   func()         // want "BookFields.Sort"
	Nested struct {       // want "BookFields.Nested"
		levels []Level
	}
	Any any // want "BookFields.Any is of type any"
}

// Book is a message with references of every sort.
type Book struct {
	f      BookFields
	levels []Level
	index  map[string]int
	top    *Level
	done   chan struct{}
	sort   func()
	deep   [][]int
}

// Kind makes a message of it.
func (b Book) Kind() Kind { return 4 }
