package config

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// position is a place in the file: line and column counted from 1, the column in bytes.
type position struct{ line, column int }

// place is where a key and its value stand. For an element of a list both are the element's.
type place struct{ key, value position }

// nestingMax bounds how deep tables and lists may nest: the schema needs five, and the TOML
// library takes time and stack that grow with the square of the depth.
const nestingMax = 24

// places maps the path of every key, table and list element of a TOML document to where it
// stands. The TOML library knows the position of syntax faults only; what Maru itself finds
// wrong in a value is looked up here.
type places map[string]place

// scanPlaces finds the places in a TOML document. It is a reader of TOML's shape only: values
// are skipped, not judged. ok is false if the text has no such shape, which the TOML library then
// explains; the places found until there are returned. tooDeep gives the spot where tables, lists
// or dotted keys nest deeper than nestingMax.
func scanPlaces(data string) (found places, ok bool, tooDeep position) {
	s := &scanner{data: data, found: make(places), entries: make(map[string]int)}
	ok = s.document()
	return s.found, ok, s.tooDeep
}

// joinKey returns the path of a key within a table; a key that is not bare is quoted.
func joinKey(table, key string) string {
	if !isBare(key) {
		key = strconv.Quote(key)
	}
	if table == "" {
		return key
	}
	return table + "." + key
}

// joinIndex returns the path of element i of a list.
func joinIndex(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

func isBare(key string) bool {
	for i := range len(key) {
		if !bareByte(key[i]) {
			return false
		}
	}
	return key != ""
}

func bareByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

type scanner struct {
	data    string
	at      int // offset of the next byte
	counted int // offset up to which here has counted lines
	line    int // lines before counted
	lineAt  int // offset where the last of them ended
	found   places
	entries map[string]int // how many [[tables]] of a path were seen
	tooDeep position
}

// here returns the position of s.at. Offsets only grow, so that every byte is looked at once.
func (s *scanner) here() position {
	for {
		n := strings.IndexByte(s.data[s.counted:s.at], '\n')
		if n < 0 {
			s.counted = s.at
			return position{s.line + 1, s.at - s.lineAt + 1}
		}
		s.line++
		s.counted += n + 1
		s.lineAt = s.counted
	}
}

// note keeps the first place of a path.
func (s *scanner) note(path string, p place) {
	if _, seen := s.found[path]; !seen {
		s.found[path] = p
	}
}

func (s *scanner) peek() byte {
	if s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

func (s *scanner) take(token string) bool {
	if strings.HasPrefix(s.data[s.at:], token) {
		s.at += len(token)
		return true
	}
	return false
}

func (s *scanner) blanks() {
	for s.at < len(s.data) && (s.data[s.at] == ' ' || s.data[s.at] == '\t') {
		s.at++
	}
}

// space skips blanks, line ends and comments.
func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		case '#':
			s.comment()
		default:
			return
		}
	}
}

func (s *scanner) comment() {
	n := strings.IndexByte(s.data[s.at:], '\n')
	if n < 0 {
		s.at = len(s.data)
		return
	}
	s.at += n
}

// lineEnd skips what may follow a header or a value on its line, and the line's end.
func (s *scanner) lineEnd() bool {
	s.blanks()
	if s.peek() == '#' {
		s.comment()
	}
	return s.at == len(s.data) || s.take("\n") || s.take("\r\n")
}

func (s *scanner) document() bool {
	s.take("\ufeff")
	table := ""
	for {
		s.space()
		if s.at == len(s.data) {
			return true
		}
		var ok bool
		if s.peek() == '[' {
			table, ok = s.header()
		} else {
			ok = s.pair(table, 0)
		}
		if !ok || !s.lineEnd() {
			return false
		}
	}
}

// header reads [a.b] or [[a.b]] and returns the path of the table that it opens.
func (s *scanner) header() (string, bool) {
	at := s.here()
	s.at++
	entry := s.take("[")
	s.blanks()
	keys, ok := s.keys()
	if !ok || !s.take("]") || entry && !s.take("]") {
		return "", false
	}
	path := ""
	for i, key := range keys {
		path = joinKey(path, key)
		last := i == len(keys)-1
		if last {
			s.note(path, place{at, at})
		}
		if last && entry {
			s.entries[path]++
		}
		if n := s.entries[path]; n > 0 {
			path = joinIndex(path, n-1)
		}
		s.note(path, place{at, at})
	}
	return path, true
}

// pair reads key = value within a table at that depth.
func (s *scanner) pair(table string, depth int) bool {
	at := s.here()
	keys, ok := s.keys()
	if !ok || !s.take("=") {
		return false
	}
	s.blanks()
	path := table
	value := s.here()
	for i, key := range keys {
		path = joinKey(path, key)
		if i < len(keys)-1 {
			s.note(path, place{at, at})
		}
	}
	s.note(path, place{at, value})
	return s.value(path, depth+1)
}

// keys reads a dotted key and the blanks behind it.
func (s *scanner) keys() ([]string, bool) {
	var keys []string
	for {
		key, ok := s.key()
		if !ok {
			return nil, false
		}
		if keys = append(keys, key); len(keys) > nestingMax {
			s.tooDeep = s.here()
			return nil, false
		}
		s.blanks()
		if !s.take(".") {
			return keys, true
		}
		s.blanks()
	}
}

func (s *scanner) key() (string, bool) {
	start := s.at
	switch s.peek() {
	case '"':
		if !s.quoted('"') {
			return "", false
		}
		return unescape(s.data[start+1 : s.at-1]), true
	case '\'':
		if !s.quoted('\'') {
			return "", false
		}
		return s.data[start+1 : s.at-1], true
	}
	for s.at < len(s.data) && bareByte(s.data[s.at]) {
		s.at++
	}
	return s.data[start:s.at], s.at > start
}

// quoted skips a string of one line.
func (s *scanner) quoted(quote byte) bool {
	for s.at++; s.at < len(s.data); s.at++ {
		switch c := s.data[s.at]; {
		case c == '\n':
			return false
		case c == '\\' && quote == '"':
			s.at++
		case c == quote:
			s.at++
			return true
		}
	}
	s.at = len(s.data)
	return false
}

// long skips a string in triple quotes. Up to two quotes may stand before the closing three.
func (s *scanner) long(quotes string) bool {
	for s.at += 3; s.at < len(s.data); s.at++ {
		switch {
		case s.data[s.at] == '\\' && quotes[0] == '"':
			s.at++
		case strings.HasPrefix(s.data[s.at:], quotes):
			s.at += 3
			for range 2 {
				s.take(quotes[:1])
			}
			return true
		}
	}
	s.at = len(s.data)
	return false
}

func (s *scanner) value(path string, depth int) bool {
	if depth > nestingMax {
		s.tooDeep = s.here()
		return false
	}
	rest := s.data[s.at:]
	switch {
	case strings.HasPrefix(rest, `"""`), strings.HasPrefix(rest, "'''"):
		return s.long(rest[:3])
	case strings.HasPrefix(rest, `"`), strings.HasPrefix(rest, "'"):
		return s.quoted(rest[0])
	case strings.HasPrefix(rest, "["):
		return s.list(path, depth)
	case strings.HasPrefix(rest, "{"):
		return s.inline(path, depth)
	}
	n := strings.IndexAny(rest, ",]}#\r\n")
	if n < 0 {
		n = len(rest)
	}
	s.at += n
	return n > 0
}

func (s *scanner) list(path string, depth int) bool {
	s.at++
	for i := 0; ; i++ {
		s.space()
		if s.take("]") {
			return true
		}
		at := s.here()
		element := joinIndex(path, i)
		s.note(element, place{at, at})
		if !s.value(element, depth+1) {
			return false
		}
		s.space()
		if !s.take(",") {
			return s.take("]")
		}
	}
}

func (s *scanner) inline(path string, depth int) bool {
	s.at++
	for {
		s.space()
		if s.take("}") {
			return true
		}
		if !s.pair(path, depth) {
			return false
		}
		s.space()
		if !s.take(",") {
			return s.take("}")
		}
	}
}

// unescape resolves the escapes of a basic string; what is no escape stays as it is.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	simple := map[byte]string{'b': "\b", 't': "\t", 'n': "\n", 'f': "\f", 'r': "\r", 'e': "\x1b", '"': `"`, '\\': `\`}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		c := text[i]
		if n := digits[c]; n > 0 && i+n < len(text) {
			if code, err := strconv.ParseUint(text[i+1:i+1+n], 16, 32); err == nil && code <= utf8.MaxRune {
				b.WriteRune(rune(code))
				i += n
				continue
			}
		}
		if known, ok := simple[c]; ok {
			b.WriteString(known)
			continue
		}
		b.WriteByte('\\')
		b.WriteByte(c)
	}
	return b.String()
}
