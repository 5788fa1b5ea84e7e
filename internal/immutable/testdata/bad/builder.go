package bad

// RowsBuilder gathers rows.
type RowsBuilder struct {
	Open   []Row // want "RowsBuilder.Open is exported"
	rows   []Row
	values []int
}

// Add puts the caller's slice in.
func (b *RowsBuilder) Add(hidden []int) {
	b.rows = append(b.rows, Row{hidden: hidden}) // want "Add puts hidden into Row.hidden"
}

// Set takes the caller's slice for its own.
func (b *RowsBuilder) Set(rows []Row) {
	b.rows = rows // want "Set puts rows into RowsBuilder.rows"
}

// Take takes a message's.
func (b *RowsBuilder) Take(t Table) {
	b.rows = t.rows // want "Take puts t.rows, which is a message's, into RowsBuilder.rows"
}

// Rows shows what will be a message's.
func (b *RowsBuilder) Rows() []Row {
	return b.rows // want "Rows returns b.rows"
}

// Build keeps what it hands over.
func (b *RowsBuilder) Build() Table {
	return Table{rows: b.rows} // want "Build hands b.rows over to Table.rows and the builder keeps it"
}

// BuildAndCut keeps it too.
func (b *RowsBuilder) BuildAndCut() Table {
	t := Table{rows: b.rows} // want "BuildAndCut hands b.rows over"
	b.rows = b.rows[:0]
	b.values = nil
	return t
}

// BuildHalf lets go of the rows, but not of the values they refer to.
func (b *RowsBuilder) BuildHalf() Table {
	t := Table{rows: b.rows} // want "BuildHalf hands b.rows over"
	b.rows = nil
	return t
}

// BuildCopy empties a copy.
func (b RowsBuilder) BuildCopy() Table {
	t := Table{rows: b.rows} // want "BuildCopy hands b.rows over"
	b.rows, b.values, b.Open = nil, nil, nil
	return t
}
