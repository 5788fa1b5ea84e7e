package bad

import "slices"

// Clear writes to a message.
func (b Book) Clear() {
	b.levels[0] = Level{}    // want "Clear writes to b.levels[0]"
	b.levels[1].Price++      // want "Clear writes to b.levels[1].Price"
	b.index["a"] = 1         // want "Clear writes to b.index"
	b.top.Price = 0          // want "Clear writes to b.top.Price"
	*b.top = Level{}         // want "Clear writes to *b.top"
	clear(b.levels)          // want "lets clear write to b.levels"
	delete(b.index, "a")     // want "lets delete write to b.index"
	copy(b.levels, shared)   // want "lets copy write to b.levels"
	slices.Reverse(b.levels) // want "lets slices.Reverse write to b.levels"
	sortLevels(b.levels)     // want "lets sortLevels write to b.levels"
}

func sortLevels(levels []Level) {
	slices.SortFunc(levels, func(x, y Level) int { return int(x.Price - y.Price) })
}

// Add writes behind the end of a message's slice, if there is room.
func (b Book) Add(l Level) Book {
	b.levels = append(b.levels, l) // want "lets append write to b.levels"
	return b
}

// Sorted takes a way round.
func (b Book) Sorted() Level {
	levels := b.levels[:]
	levels[0] = Level{} // want "Sorted writes to levels[0]"
	p := &b.levels[0]
	p.Price = 5 // want "Sorted writes to p.Price"
	return levels[0]
}

// Retarget writes to somebody's message.
func Retarget(b *Book, all []Pointed) {
	b.f.Seq = 1 // want "Retarget writes to b.f.Seq"
	p := &all[0]
	p.n = 3 // want "Retarget writes to p.n"
}
