package okx

import (
	"hash/crc32"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// The checksum of a book is the CRC-32 (IEEE) of its best 25 levels a side as they were written,
// bid and ask in turn, all joined by colons: price:size:price:size… Where one side has fewer
// levels, the other goes on alone. It is sent as a signed number of 32 bits.

const (
	checkedLevels = 25
	// keptLevels bounds a side of a kept book: the deepest channel has 400.
	keptLevels = 1000
	// keptBooks bounds how many books are kept, at 50 kB each; further ones are not checked.
	keptBooks = 1024
	// keptText is the longest price:size: that is kept. The longest possible prices and sizes are
	// longer, but none was ever seen: where one is, that book is not checked.
	keptText = 47
)

// checks keeps books as they were written, of those instruments whose books carry checksums.
// Since 2026-06-23 none does, and nothing is kept.
type checks struct {
	books           map[int]*written // by symbol number
	checked, failed uint64
}

// written is a book as it was written. Both sides are worst first, since most changes are among
// the best.
type written struct {
	channel    string
	bids, asks []writtenLevel
}

type writtenLevel struct {
	price market.Price
	n     uint8 // bytes of text
	text  [keptText]byte
}

// summed is a book of the frame at hand and the checksum that came with it.
type summed struct {
	origin   message.Origin
	number   int
	channel  string
	snapshot bool
	texts    []text
	checksum int64 // 0: none
}

// keeps reports whether the changes of a symbol's book on a channel must be noted as written.
func (c *checks) keeps(number int, channel []byte) bool {
	b := c.books[number]
	return b != nil && b.channel == string(channel)
}

// take applies a book or a change to one and reports whether its checksum holds; a book that
// has none, or that is not kept, holds.
func (c *checks) take(s summed, buf *[]byte) bool {
	b := c.books[s.number]
	switch {
	case s.snapshot:
		if s.checksum == 0 {
			if b != nil && b.channel == s.channel {
				delete(c.books, s.number)
			}
			return true
		}
		if b == nil {
			if len(c.books) >= keptBooks {
				return true
			}
			if c.books == nil {
				c.books = make(map[int]*written)
			}
			b = &written{}
			c.books[s.number] = b
		}
		b.channel, b.bids, b.asks = s.channel, b.bids[:0], b.asks[:0]
	case b == nil || b.channel != s.channel:
		return true
	}
	for i := range s.texts {
		if !b.set(&s.texts[i]) {
			delete(c.books, s.number) // cannot be kept, so it is not checked
			return true
		}
	}
	if s.checksum == 0 {
		return true
	}
	c.checked++
	sum := crc32.ChecksumIEEE(b.join(buf))
	if s.checksum == int64(int32(sum)) {
		return true
	}
	// Whatever follows differs too, until the next snapshot.
	c.failed++
	delete(c.books, s.number)
	return false
}

// set applies a level; false if its text is too long to be kept.
func (b *written) set(t *text) bool {
	if t.side == market.Buy {
		return setLevel(&b.bids, t)
	}
	return setLevel(&b.asks, t)
}

func setLevel(to *[]writtenLevel, t *text) bool {
	levels := *to
	price := t.level.Price.Decimal
	at, end, found := 0, len(levels), false
	for at < end && !found { // worst first: bids ascend
		middle := int(uint(at+end) / 2)
		switch c := levels[middle].price.Cmp(price); {
		case c == 0:
			at, found = middle, true
		case c < 0 == (t.side == market.Buy):
			at = middle + 1
		default:
			end = middle
		}
	}
	switch {
	case t.level.Quantity.IsZero():
		if found {
			*to = append(levels[:at], levels[at+1:]...)
		}
		return true
	case len(t.price)+len(t.size)+2 > keptText:
		return false
	case !found:
		if len(levels) >= keptLevels {
			if at == 0 {
				return true // worse than all that are kept
			}
			copy(levels, levels[1:at])
			at--
		} else {
			levels = append(levels, writtenLevel{})
			copy(levels[at+1:], levels[at:])
		}
		*to = levels
		levels[at].price = t.level.Price
	}
	l := &levels[at]
	n := copy(l.text[:], t.price)
	l.text[n] = ':'
	n += 1 + copy(l.text[n+1:], t.size)
	l.text[n] = ':'
	l.n = uint8(n + 1)
	return true
}

// join returns what the checksum is taken of.
func (b *written) join(buf *[]byte) []byte {
	out := (*buf)[:0]
	for i := 1; i <= checkedLevels; i++ {
		if n := len(b.bids) - i; n >= 0 {
			out = append(out, b.bids[n].text[:b.bids[n].n]...)
		}
		if n := len(b.asks) - i; n >= 0 {
			out = append(out, b.asks[n].text[:b.asks[n].n]...)
		}
	}
	*buf = out
	return out[:max(0, len(out)-1)] // without the last colon
}
