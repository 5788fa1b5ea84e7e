package scan

import "encoding/binary"

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
