package kraken

import (
	"hash/crc32"
	"math/bits"
	"slices"
	"strconv"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// The checksum of a book is the CRC-32 (IEEE) over the best ten asks, then the best ten bids, of
// each the price and the quantity as they were written, without the point and without leading
// zeros (book-checksum-v1, -v2). Since 0.10 and 0.100 differ in it, a book is kept with the
// decimals that each number was written with.

const (
	checkedLevels = 10
	// booksMax bounds how many books are kept: more than Kraken lists pairs, and twenty times what
	// one connection follows. A book takes 48 bytes a level and half as much to grow into: 2 kB at
	// depth 10, 150 kB at depth 1,000. Further ones are not checked.
	booksMax = 2048
	// rowsMax is what a side holds at most while an update is applied; after it, depthMax.
	rowsMax = 2 * depthMax
)

// text is a number as it was written: digits × 10^-places. Its leading zeros are lost, which a
// checksum leaves out anyway.
type text struct {
	digits uint64
	places uint8
}

// textOf returns a number as it was written; false if it has more digits than are kept, 19, or
// is none. An exponent is written out: 1e-7 is 0.0000001.
func textOf(number []byte) (t text, ok bool) {
	const most = (1<<64 - 10) / 10 // another digit fits
	places, point, i := 0, 0, 0
	for ; i < len(number); i++ {
		switch c := number[i]; {
		case isDigit(c):
			if t.digits > most {
				return text{}, false
			}
			t.digits = t.digits*10 + uint64(c-'0')
			places += point
		case c == '.':
			point = 1
		case c == 'e' || c == 'E':
			exponent, err := strconv.Atoi(string(number[i+1:]))
			if err != nil || exponent > 30 || exponent < -30 {
				return text{}, false
			}
			places -= exponent
			i = len(number)
		default:
			return text{}, false
		}
	}
	for ; places < 0; places++ {
		if t.digits > most {
			return text{}, false
		}
		t.digits *= 10
	}
	const placesMax = 60
	t.places = uint8(min(places, placesMax))
	return t, places <= placesMax
}

// appendTo appends the digits, padded with zeros to so many places.
func (t text) appendTo(dst []byte, places uint8) []byte {
	dst = appendUint(dst, t.digits)
	for ; places > t.places; places-- {
		dst = append(dst, '0')
	}
	return dst
}

// appendUint is strconv.AppendUint in base 10, but writes the digits where they belong instead of
// copying them there: a checksum asks for forty numbers.
func appendUint(dst []byte, n uint64) []byte {
	at := len(dst)
	end := at + decimalLength(n)
	dst = slices.Grow(dst, digitsMax)[:end]
	for n >= 100 {
		rest := n % 100 * 2
		n /= 100
		end -= 2
		dst[end], dst[end+1] = pairs[rest], pairs[rest+1]
	}
	if n >= 10 {
		dst[at], dst[at+1] = pairs[2*n], pairs[2*n+1]
	} else {
		dst[at] = '0' + byte(n)
	}
	return dst
}

// digitsMax is how many digits an uint64 has at most.
const digitsMax = 20

// decimalLength returns how many digits n has; one for zero.
func decimalLength(n uint64) int {
	// 1233/4096 is a little less than log10 of 2: the length in bits gives the number of digits, or
	// one less.
	length := bits.Len64(n|1) * 1233 >> 12
	if n >= powers[length] {
		length++
	}
	return max(length, 1)
}

// powers are 10^i; 10^20 is beyond an uint64.
var powers = func() (all [digitsMax]uint64) {
	all[0] = 1
	for i := 1; i < len(all); i++ {
		all[i] = all[i-1] * 10
	}
	return all
}()

// pairs are the numbers below 100, two digits each.
var pairs = func() (all [200]byte) {
	for i := range 100 {
		all[2*i], all[2*i+1] = '0'+byte(i/10), '0'+byte(i%10)
	}
	return all
}()

// level is a level of a frame with both numbers as they were written.
type level struct {
	message.Level
	price, quantity text
	odd             bool // a number that text cannot hold
}

// row is a level of a book that is kept.
type row struct {
	at              market.Price
	price, quantity text
}

// written is a book as it was written.
type written struct {
	depth      int
	bids, asks side
	// The most decimals that a price and a quantity were written with.
	pricePlaces, quantityPlaces uint8
	sum                         uint32 // of the book as it is, if fresh
	fresh                       bool
}

// side is one side of a book, best first, with room at both ends: updates are mostly near the
// best price, and where one pushes the worst level out, near the worst.
type side struct {
	bid      bool
	rows     []row // rows[from:to] are in use
	from, to int
}

func (s *side) len() int       { return s.to - s.from }
func (s *side) row(i int) *row { return &s.rows[s.from+i] }

// find returns where a price is, or where it would have to be put.
func (s *side) find(p market.Price) (i int, found bool) {
	low, high := 0, s.len()
	// A snapshot comes best first: each level belongs behind all others.
	if high > 0 {
		if c := s.row(high - 1).at.Cmp(p.Decimal); c != 0 && c < 0 != s.bid {
			return high, false
		}
	}
	for low < high {
		mid := int(uint(low+high) / 2)
		c := s.row(mid).at.Cmp(p.Decimal)
		switch {
		case c == 0:
			return mid, true
		case c < 0 != s.bid: // the row is better than p
			low = mid + 1
		default:
			high = mid
		}
	}
	return low, false
}

// open makes room for a row before row i.
func (s *side) open(i int) {
	front := i < s.len()/2
	if front && s.from == 0 || !front && s.to == len(s.rows) {
		s.spread()
	}
	if front {
		copy(s.rows[s.from-1:], s.rows[s.from:s.from+i])
		s.from--
		return
	}
	copy(s.rows[s.from+i+1:s.to+1], s.rows[s.from+i:s.to])
	s.to++
}

// spread moves the rows to the middle of an array with room at both ends.
func (s *side) spread() {
	n := s.len()
	room := n/4 + 8
	rows := s.rows
	if len(rows) < n+2*room {
		rows = make([]row, n+2*room)
	}
	from := (len(rows) - n) / 2
	copy(rows[from:], s.rows[s.from:s.to])
	s.rows, s.from, s.to = rows, from, from+n
}

// remove takes row i out.
func (s *side) remove(i int) {
	if i < s.len()/2 {
		copy(s.rows[s.from+1:], s.rows[s.from:s.from+i])
		s.from++
		return
	}
	copy(s.rows[s.from+i:], s.rows[s.from+i+1:s.to])
	s.to--
}

// reset empties the side.
func (s *side) reset() {
	s.from = len(s.rows) / 2
	s.to = s.from
}

// set applies one level and returns which row it changed.
func (s *side) set(l *level) int {
	i, found := s.find(l.Price)
	switch {
	case l.Quantity.IsZero():
		if !found {
			return rowsMax // nothing
		}
		s.remove(i)
		return i
	case !found:
		if s.len() >= rowsMax {
			s.to--
			i = min(i, s.len())
		}
		s.open(i)
	}
	*s.row(i) = row{at: l.Price, price: l.price, quantity: l.quantity}
	return i
}

// apply applies the levels of one side; false if one cannot be kept as it was written.
func (b *written) apply(s *side, levels []level) bool {
	for i := range levels {
		l := &levels[i]
		if l.odd {
			return false
		}
		if s.set(l) < checkedLevels {
			b.fresh = false
		}
		if !l.Quantity.IsZero() {
			if l.price.places > b.pricePlaces || l.quantity.places > b.quantityPlaces {
				b.pricePlaces, b.quantityPlaces = max(b.pricePlaces, l.price.places), max(b.quantityPlaces, l.quantity.places)
			}
		}
	}
	return true
}

// truncate drops the levels beyond the depth and appends their removal to gone.
func (s *side) truncate(depth int, gone []message.Level) []message.Level {
	for s.len() > depth {
		s.to--
		gone = append(gone, message.Level{Price: s.rows[s.to].at})
	}
	return gone
}

// holds reports whether a checksum is that of the book. Whoever reads numbers and prints them
// again loses trailing zeros, as the manual's own examples do: the book is then taken as if all
// its numbers had as many decimals as the longest of them, which is what Kraken sends.
func (b *written) holds(sum uint32, scratch *[]byte) bool {
	if !b.fresh {
		b.sum, b.fresh = b.checksum(0, 0, scratch), true
	}
	return b.sum == sum || b.checksum(b.pricePlaces, b.quantityPlaces, scratch) == sum
}

// checksum computes the checksum with every number padded to at least so many decimals.
func (b *written) checksum(pricePlaces, quantityPlaces uint8, scratch *[]byte) uint32 {
	out := (*scratch)[:0]
	for _, s := range [...]*side{&b.asks, &b.bids} {
		for i := range min(s.len(), checkedLevels) {
			r := s.row(i)
			out = r.price.appendTo(out, pricePlaces)
			out = r.quantity.appendTo(out, quantityPlaces)
		}
	}
	*scratch = out
	return crc32.ChecksumIEEE(out)
}
