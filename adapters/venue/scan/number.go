package scan

import (
	"encoding/binary"
	"math/bits"
)

// plainDigits is how many digits the numbers have at most that Plain reads.
const plainDigits = 18

// Plain reads the number that comes next, or the string that holds one, in the one form that nearly
// all prices and quantities have: digits, none of them a needless zero in front, with at most one
// point among them, 18 digits at most. The number is digits × 10^-places. Whatever else comes, a
// fault among it, is left where it is, and ok is false: Value then reads it.
func (d *Decoder) Plain() (digits uint64, places int, ok bool) {
	b, i := d.buf, d.pos
	quoted := i < len(b) && b[i] == '"'
	if quoted {
		i++
	}
	start := i
	digits, i = appendDigits(b, i, 0)
	whole := i - start
	if whole == 0 || whole > 1 && b[start] == '0' {
		return 0, 0, false
	}
	if i < len(b) && b[i] == '.' {
		i++
		point := i
		digits, i = appendDigits(b, i, digits)
		if places = i - point; places == 0 {
			return 0, 0, false
		}
	}
	if whole+places > plainDigits || i >= len(b) {
		return 0, 0, false
	}
	d.from, d.to = start, i
	switch c := b[i]; {
	case quoted && c == '"':
		d.pos = i + 1
	case !quoted && (c == ',' || c == '}' || c == ']'):
		d.pos = i
	default:
		return 0, 0, false
	}
	return digits, places, true
}

// PlainText returns the number that Plain read last as it is written.
func (d *Decoder) PlainText() []byte { return d.buf[d.from:d.to:d.to] }

// appendDigits reads the digits from i on behind those that n holds, and returns where they end. Of
// more digits than an uint64 holds the number is wrong, the end is not.
func appendDigits(b []byte, i int, n uint64) (uint64, int) {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:]) ^ each*'0'
		count := bits.TrailingZeros64((w+each*0x76|w)&high) >> 3 // 8 if all are digits
		n = n*powers[count] + eightDigits(w<<(64-8*count))
		i += count
		if count < 8 {
			return n, i
		}
	}
	for i < len(b) && b[i]-'0' <= 9 {
		n = n*10 + uint64(b[i]-'0')
		i++
	}
	return n, i
}

var powers = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}

// eightDigits returns the number that eight bytes of 0 to 9 make, the first of them lowest in w.
// Neighbours are joined, the first of two counting more: digits to pairs, pairs to fours, fours to
// the number. What a product has above its lane is cut off.
func eightDigits(w uint64) uint64 {
	w = (w*10 + w>>8) & 0x00ff00ff00ff00ff
	w = (w*100 + w>>16) & 0x0000ffff0000ffff
	return (w*10_000 + w>>32) & 0xffffffff
}

// number returns where the number that begins at i ends, and whether it is one; if not, end is
// the byte that is wrong. What follows a number is not looked at.
func number(b []byte, i int) (end int, ok bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++ // no digit may follow
	} else {
		start := i
		if i = digits(b, i); i == start {
			return i, false
		}
	}
	if i < len(b) && b[i] == '.' {
		start := i + 1
		if i = digits(b, start); i == start {
			return i, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start := i
		if i = digits(b, start); i == start {
			return i, false
		}
	}
	return i, true
}

// digits returns the first place from i on that holds no digit; len(b) if there is none.
//
// Of eight bytes at once: x^'0' is at most 9 for a digit, so that adding 0x76 sets the high bit of
// all others; a carry can only come from a lower byte that is none either.
func digits(b []byte, i int) int {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:]) ^ each*'0'
		if found := (w + each*0x76 | w) & high; found != 0 {
			return i + first(found)
		}
		i += 8
	}
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}
