package ndjson

import (
	"strconv"
	"unicode/utf8"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// line is a line being written. Its methods write one key each, most of them nothing where the
// value is not known, and remember the first key whose value has no form.
type line struct {
	b     []byte
	fault string // the key
}

func (l *line) fail(key string) {
	if l.fault == "" {
		l.fault = key
	}
}

func (l *line) open(typ string) {
	l.b = append(l.b, `{"type":"`...)
	l.b = append(l.b, typ...)
	l.b = append(l.b, '"')
}

// key begins a key; keys need no escaping.
func (l *line) key(key string) {
	l.b = append(l.b, ',', '"')
	l.b = append(l.b, key...)
	l.b = append(l.b, '"', ':')
}

func (l *line) origin(o message.Origin, symbol string) {
	l.text("venue", string(o.Instrument.Venue()))
	l.text("instrument", o.Instrument.Name())
	l.text("symbol", symbol)
	l.time("time", o.VenueTime)
	l.time("received", o.Received)
}

// text writes s, nothing if it is empty.
func (l *line) text(key, s string) {
	if s == "" {
		return
	}
	l.key(key)
	l.b = appendString(l.b, s)
}

// time writes t, nothing if it is zero.
func (l *line) time(key string, t market.Timestamp) {
	if t.IsZero() {
		return
	}
	l.key(key)
	l.b = append(l.b, '"')
	l.b = t.AppendTo(l.b)
	l.b = append(l.b, '"')
}

// decimal writes d of either sign.
func (l *line) decimal(key string, d market.Decimal) {
	l.key(key)
	l.b = append(l.b, '"')
	l.b = d.AppendTo(l.b)
	l.b = append(l.b, '"')
}

// unsigned writes a price or a quantity, zero included.
func (l *line) unsigned(key string, d market.Decimal) {
	if d.Sign() < 0 {
		l.fail(key)
	}
	l.decimal(key, d)
}

// known is unsigned, but nothing if d is zero.
func (l *line) known(key string, d market.Decimal) {
	if !d.IsZero() {
		l.unsigned(key, d)
	}
}

func (l *line) number(key string, n uint64) {
	l.key(key)
	l.b = append(l.b, '"')
	l.b = strconv.AppendUint(l.b, n, 10)
	l.b = append(l.b, '"')
}

// count is number, but nothing if n is zero.
func (l *line) count(key string, n uint64) {
	if n != 0 {
		l.number(key, n)
	}
}

func (l *line) flag(key string, v bool) {
	l.key(key)
	l.b = strconv.AppendBool(l.b, v)
}

func (l *line) side(v market.Side) {
	l.word("side", uint8(v), uint8(lastSide), v.String())
}

// word writes the name of v, one of 1 to most; nothing if v is zero.
func (l *line) word(key string, v, most uint8, name string) {
	switch {
	case v > most:
		l.fail(key)
	case v != 0:
		l.text(key, name)
	}
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0 // of what is not yet appended
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, s[start:i]...)
			b = append(b, "\ufffd"...)
			start = i + size
		case r == '\u2028' || r == '\u2029': // line ends to some readers
			b = append(b, s[start:i]...)
			b = append(b, '\\', 'u', '2', '0', '2', hexDigits[r&15])
			start = i + size
		}
		i += size
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
