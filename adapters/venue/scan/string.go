package scan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	each = 0x0101010101010101 // times a byte: that byte in all eight
	high = 0x8080808080808080
)

// plain returns the first place from i on that holds a quote, a backslash, a control character or
// a byte beyond ASCII; len(b) if there is none.
func plain(b []byte, i int) int {
	for i+8 <= len(b) {
		if found := special(binary.LittleEndian.Uint64(b[i:])); found != 0 {
			return i + first(found)
		}
		i += 8
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			break
		}
	}
	return i
}

// special marks, of eight bytes at once, those that end what is plain: the high bit of the first
// of them is the lowest bit of the result, which is 0 if there is none.
//
// x^2 is below 0x21 exactly for controls and the quote; x^'\\' is below 1 for the backslash. To take
// the bound from a byte below it borrows into the high bit. It borrows from the next byte too, so
// marks above the lowest may be false, but never the lowest.
func special(w uint64) uint64 {
	return (((w ^ each*2) - each*0x21) | ((w ^ each*'\\') - each) | w) & high
}

// first returns the number of the byte whose high bit is the lowest bit of found.
func first(found uint64) int { return bits.TrailingZeros64(found) >> 3 }

// slowString reads the rest of a string that begins at start and whose first byte that is not
// plain stands at i. end is where its closing quote stands.
func (d *Decoder) slowString(start, i int) (text []byte, end int, err error) {
	end, escaped, err := d.skipString(start, i)
	switch {
	case err != nil:
		return nil, 0, err
	case escaped:
		return d.unescape(d.buf[start:end]), end, nil
	}
	return d.buf[start:end:end], end, nil
}

// skipString finds the closing quote of a string that begins at start and whose first byte that is
// not plain stands at i, and checks what is between.
func (d *Decoder) skipString(start, i int) (end int, escaped bool, err error) {
	b := d.buf
	beyond := false // ASCII
	for ; ; i = plain(b, i) {
		if i >= len(b) {
			return 0, false, d.fail(i, "the end of a string")
		}
		switch c := b[i]; {
		case c == '"':
			if beyond && !utf8.Valid(b[start:i]) {
				return 0, false, d.failUTF8(start, i)
			}
			return i, escaped, nil
		case c == '\\':
			escaped = true
			length := escape(b[i:])
			if length == 0 {
				return 0, false, d.fail(i+1, "an escape of a string")
			}
			i += length
		case c < ' ':
			return 0, false, d.fail(i, "no control character in a string")
		default:
			beyond = true
			for i < len(b) && b[i] >= utf8.RuneSelf {
				i++
			}
		}
	}
}

// failUTF8 notes the first byte between start and end that is no UTF-8.
func (d *Decoder) failUTF8(start, end int) error {
	for start < end {
		r, n := utf8.DecodeRune(d.buf[start:end])
		if r == utf8.RuneError && n == 1 {
			break
		}
		start += n
	}
	return d.fail(start, "UTF-8")
}

// escape returns the length of the escape that b begins with, 0 if it is none.
func escape(b []byte) int {
	const unicode = len(`\u0000`)
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) < unicode {
			return 0
		}
		for _, c := range b[2:unicode] {
			if hexDigit(c) < 0 {
				return 0
			}
		}
		return unicode
	}
	return 0
}

// hexDigit returns the value of a hexadecimal digit, -1 if c is none.
func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

// codeUnit returns what a \u escape stands for, -1 if b begins with none. The escapes of b were
// checked.
func codeUnit(b []byte) rune {
	if len(b) < 2 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	r := rune(0)
	for _, c := range b[2:6] {
		r = r<<4 | hexDigit(c)
	}
	return r
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape returns the text of a string whose escapes were checked.
func (d *Decoder) unescape(s []byte) []byte {
	start := len(d.unescaped)
	out := d.unescaped
	for i := 0; i < len(s); {
		switch unit := codeUnit(s[i:]); {
		case s[i] != '\\':
			out = append(out, s[i])
			i++
		case unit < 0:
			out = append(out, escapes[s[i+1]])
			i += 2
		default:
			i += 6
			if utf16.IsSurrogate(unit) {
				pair := utf16.DecodeRune(unit, codeUnit(s[i:]))
				if pair != utf8.RuneError {
					i += 6
				}
				unit = pair
			}
			out = utf8.AppendRune(out, unit)
		}
	}
	d.unescaped = out
	return out[start:len(out):len(out)] // what is appended later cannot reach into it
}
