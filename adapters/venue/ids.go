package venue

import "strings"

// idsBytes is how much memory for ids is taken at once. It is small since an id holds on to all of
// it: a program that keeps the last trade of 5,000 instruments holds at most 2.5 MB.
const idsBytes = 512

// IDs makes strings of the ids that a venue gives, some forty of them with one allocation. The zero
// value is ready. It is not safe for concurrent use; the strings are.
type IDs struct{ b strings.Builder }

// Of returns the text of an id.
func (i *IDs) Of(id Token) string {
	if len(id.Text) > symbolBytesMax {
		return string(id.Text) // no venue's; it is not worth a block
	}
	if i.b.Cap()-i.b.Len() < len(id.Text) {
		i.b = strings.Builder{}
		i.b.Grow(idsBytes)
	}
	at := i.b.Len()
	i.b.Write(id.Text) // within the capacity, so what was handed out stays where it is
	return i.b.String()[at:]
}
