package model

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// stream reads JSON as it goes by: a model's text may be larger than the memory that one wants to
// spend on it. The first fault stays, and every later read gives nothing.
type stream struct {
	r    *bufio.Reader
	at   int64
	err  error
	text []byte // of the string or number just read
}

func newStream(r io.Reader) *stream { return &stream{r: bufio.NewReaderSize(r, 1<<16)} }

func (s *stream) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("byte %d: %s: %w", s.at, fmt.Sprintf(format, args...), ErrFormat)
	}
}

// byte returns the next byte; 0 and false at the end or after a fault.
func (s *stream) byte() (byte, bool) {
	c, err := s.r.ReadByte()
	if err != nil {
		if err != io.EOF && s.err == nil {
			s.err = fmt.Errorf("byte %d: %w", s.at, err)
		}
		return 0, false
	}
	s.at++
	return c, true
}

// next returns the next byte that is no space, and 0 at the end or after a fault.
func (s *stream) next() byte {
	for s.err == nil {
		if c, ok := s.byte(); !ok || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
	}
	return 0
}

func (s *stream) back() {
	if s.r.UnreadByte() == nil {
		s.at--
	}
}

func (s *stream) want(c byte) {
	if got := s.next(); got != c && s.err == nil {
		s.fail("want %q, found %s", c, found(got))
	}
}

func found(c byte) string {
	if c == 0 {
		return "the end"
	}
	return strconv.QuoteRune(rune(c))
}

// object calls field for every key; field must read its value. Depth is bounded by the callers'.
func (s *stream) object(field func(key string)) {
	s.want('{')
	if c := s.next(); c == '}' {
		return
	}
	s.back()
	for s.err == nil {
		key := s.str()
		s.want(':')
		if s.err != nil {
			return
		}
		field(key)
		switch c := s.next(); c {
		case ',':
		case '}':
			return
		default:
			s.fail("want , or } in an object, found %s", found(c))
		}
	}
}

// array calls item for every element; item must read it.
func (s *stream) array(item func(i int)) {
	s.want('[')
	if c := s.next(); c == ']' {
		return
	}
	s.back()
	for i := 0; s.err == nil; i++ {
		if i >= nodesMax {
			s.fail("an array of more than %d", nodesMax)
			return
		}
		item(i)
		switch c := s.next(); c {
		case ',':
		case ']':
			return
		default:
			s.fail("want , or ] in an array, found %s", found(c))
		}
	}
}

// str reads a string. Escapes are kept to what names need.
func (s *stream) str() string {
	s.want('"')
	s.text = s.text[:0]
	for s.err == nil {
		c, ok := s.byte()
		if !ok {
			s.fail("a string does not end")
			break
		}
		switch {
		case c == '"':
			if !utf8.Valid(s.text) {
				s.fail("a string that is not UTF-8")
			}
			return string(s.text)
		case c < ' ':
			s.fail("a control character in a string")
		case len(s.text) >= 1<<16:
			s.fail("a string of more than %d bytes", 1<<16)
		case c == '\\':
			s.escape()
		default:
			s.text = append(s.text, c)
		}
	}
	return ""
}

func (s *stream) escape() {
	c, ok := s.byte()
	if !ok {
		s.fail("a string does not end")
		return
	}
	switch c {
	case '"', '\\', '/':
		s.text = append(s.text, c)
	case 'b', 'f', 'n', 'r', 't':
		s.text = append(s.text, ' ')
	case 'u':
		var code rune
		for range 4 {
			h, _ := s.byte()
			digit, err := strconv.ParseUint(string(rune(h)), 16, 8)
			if err != nil {
				s.fail("a bad \\u escape")
				return
			}
			code = code<<4 | rune(digit)
		}
		s.text = utf8.AppendRune(s.text, code)
	default:
		s.fail("a bad escape \\%c", c)
	}
}

// number reads a number, or a word such as true, into text.
func (s *stream) number() []byte {
	s.text = s.text[:0]
	c := s.next()
	for s.err == nil && (c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
		if len(s.text) > 64 {
			s.fail("a number of more than 64 digits")
			return nil
		}
		s.text = append(s.text, c)
		var ok bool
		if c, ok = s.byte(); !ok {
			return s.text
		}
	}
	if s.err == nil {
		s.back()
		if len(s.text) == 0 {
			s.fail("want a number, found %s", found(c))
		}
	}
	return s.text
}

func (s *stream) float32() float64 {
	v, err := strconv.ParseFloat(string(s.number()), 32)
	if err != nil {
		s.fail("want a number, found %.40q", s.text)
	}
	return v
}

func (s *stream) int() int {
	v, err := strconv.ParseInt(string(s.number()), 10, 32)
	if err != nil {
		s.fail("want a whole number, found %.40q", s.text)
	}
	return int(v)
}

// flag reads 0, 1, true or false.
func (s *stream) flag() bool {
	switch string(s.number()) {
	case "1", "true":
		return true
	case "0", "false":
	default:
		s.fail("want 0, 1, true or false, found %.40q", s.text)
	}
	return false
}

// skip passes over one value.
func (s *stream) skip(depth int) {
	if depth > 64 {
		s.fail("values lie more than 64 deep")
		return
	}
	c := s.next()
	if s.err != nil {
		return
	}
	s.back()
	switch c {
	case '{':
		s.object(func(string) { s.skip(depth + 1) })
	case '[':
		s.array(func(int) { s.skip(depth + 1) })
	case '"':
		s.str()
	case 0:
		s.fail("want a value, found the end")
	default:
		s.number()
	}
}
