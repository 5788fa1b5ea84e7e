package ndjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-faster/jx"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// scanned is a line that has been taken apart, with the first fault found. Getters give zero for
// what the line lacks and record the fault of what it has wrong, naming the key; whoever builds a
// message looks at err before it believes them.
type scanned struct {
	text       []byte // the string values, one after the other
	at         [keyEnd]span
	seen       [keyEnd]bool
	flags      [keyEnd]bool
	bids, asks []message.Level
	err        error
}

type span struct{ from, to int }

func (s *scanned) fail(k key, format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("key %q: %s", k, fmt.Sprintf(format, args...))
	}
}

// scan takes a line apart. Keys it does not know are checked as JSON and left out.
func (s *scanned) scan(b []byte) error {
	if !utf8.Valid(b) {
		return errors.New("not UTF-8")
	}
	d := jx.GetDecoder()
	defer jx.PutDecoder(d)
	d.ResetBytes(b)
	if t := d.Next(); t != jx.Object {
		return fmt.Errorf("want a JSON object, got %s", typeName(t))
	}
	var fault error // ours, which the decoder would wrap in words of its own
	err := d.ObjBytes(func(d *jx.Decoder, name []byte) error {
		fault = s.pair(d, name)
		return fault
	})
	if fault != nil {
		return fault
	}
	if err != nil {
		return err
	}
	if d.Next() != jx.Invalid {
		return errors.New("something follows the JSON object")
	}
	if err := d.Skip(); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("something follows the JSON object")
	}
	return nil
}

// pair reads one key's value.
func (s *scanned) pair(d *jx.Decoder, name []byte) error {
	k, known := keyOf[string(name)]
	if !known {
		raw, err := d.Raw()
		if err == nil && !json.Valid(raw) { // the decoder looks at what it skips less closely
			err = errors.New("invalid JSON")
		}
		if err != nil {
			return fmt.Errorf("key %.64q: %w", name, err)
		}
		return nil
	}
	if s.seen[k] {
		return fmt.Errorf("key %q stands twice", k)
	}
	s.seen[k] = true
	if err := s.value(d, k); err != nil {
		return fmt.Errorf("key %q: %w", k, err)
	}
	return nil
}

// value reads the value of k, of the JSON type that k has.
func (s *scanned) value(d *jx.Decoder, k key) (err error) {
	switch t := d.Next(); k {
	case keyClosed, keyTrusted, keyLastLiquidityAdd:
		if t != jx.Bool {
			return fmt.Errorf("want true or false, got %s", typeName(t))
		}
		s.flags[k], err = d.Bool()
		return err
	case keyBids:
		s.bids, err = levels(d)
		return err
	case keyAsks:
		s.asks, err = levels(d)
		return err
	default:
		if t != jx.String {
			return fmt.Errorf("want a string, got %s", typeName(t))
		}
		from := len(s.text)
		s.text, err = d.StrAppend(s.text)
		s.at[k] = span{from, len(s.text)}
		return err
	}
}

// levels reads [[price, quantity], ...].
func levels(d *jx.Decoder) (levels []message.Level, err error) {
	if t := d.Next(); t != jx.Array {
		return nil, fmt.Errorf("want an array of [price, quantity], got %s", typeName(t))
	}
	var fault error // ours, as in scan
	var scratch []byte
	err = d.Arr(func(d *jx.Decoder) error {
		var pair [2]market.Decimal
		if pair, scratch, fault = levelOf(d, scratch); fault != nil {
			fault = fmt.Errorf("level %d: %w", len(levels), fault)
			return fault
		}
		levels = append(levels, message.Level{Price: market.Price{Decimal: pair[0]}, Quantity: market.Quantity{Decimal: pair[1]}})
		return nil
	})
	if fault != nil {
		return nil, fault
	}
	return levels, err
}

// levelOf reads [price, quantity]; scratch is reused and returned.
func levelOf(d *jx.Decoder, scratch []byte) (pair [2]market.Decimal, _ []byte, err error) {
	if t := d.Next(); t != jx.Array {
		return pair, scratch, fmt.Errorf("want [price, quantity], got %s", typeName(t))
	}
	n := 0
	var fault error
	err = d.Arr(func(d *jx.Decoder) error {
		if n == len(pair) || d.Next() != jx.String {
			fault = errors.New("want two decimal numbers in strings")
			return fault
		}
		if scratch, fault = d.StrAppend(scratch[:0]); fault == nil {
			pair[n], fault = decimal(scratch, false)
		}
		n++
		return fault
	})
	switch {
	case fault != nil:
		return pair, scratch, fault
	case err == nil && n != len(pair):
		err = errors.New("want two decimal numbers in strings")
	}
	return pair, scratch, err
}

// decimal reads a plain decimal number: an optional minus, digits, and a point with digits.
func decimal(b []byte, signed bool) (market.Decimal, error) {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		return i > from
	}
	ok := digits()
	if ok && i < len(b) && b[i] == '.' {
		i++
		ok = digits()
	}
	if !ok || i != len(b) {
		return market.Decimal{}, fmt.Errorf("want a plain decimal number such as \"0.25\", got %.64q", b)
	}
	d, err := market.ParseDecimalBytes(b)
	if err == nil && !signed && d.Sign() < 0 {
		err = fmt.Errorf("%.64q: %w", b, market.ErrNegative)
	}
	return d, err
}

// need reports whether all of the keys are there, and records the first that is not.
func (s *scanned) need(keys ...key) bool {
	for _, k := range keys {
		if !s.seen[k] {
			s.fail(k, "is missing")
			return false
		}
	}
	return true
}

func (s *scanned) bytes(k key) []byte { return s.text[s.at[k].from:s.at[k].to] }

func (s *scanned) string(k key) string { return string(s.bytes(k)) }

func (s *scanned) decimal(k key, signed bool) market.Decimal {
	if !s.seen[k] {
		return market.Decimal{}
	}
	d, err := decimal(s.bytes(k), signed)
	if err != nil {
		s.fail(k, "%v", err)
	}
	return d
}

func (s *scanned) price(k key) market.Price { return market.Price{Decimal: s.decimal(k, false)} }

func (s *scanned) quantity(k key) market.Quantity {
	return market.Quantity{Decimal: s.decimal(k, false)}
}

func (s *scanned) amount(k key) market.Amount { return market.Amount{Decimal: s.decimal(k, true)} }

// number reads a whole number from 0 to most.
func (s *scanned) number(k key, most uint64) uint64 {
	if !s.seen[k] {
		return 0
	}
	b := s.bytes(k)
	n, err := strconv.ParseUint(string(b), 10, 64)
	if err != nil || n > most {
		s.fail(k, "want a whole number from 0 to %d in a string, got %.64q", most, b)
		return 0
	}
	return n
}

// seconds reads a duration given in seconds, exact to the nanosecond.
func (s *scanned) seconds(k key) time.Duration {
	hi, lo := s.decimal(k, false).Raw()
	const perNano = 1e9 // counts of 1e-18
	if hi >= 0 && hi < perNano {
		if q, rest := bits.Div64(uint64(hi), lo, perNano); rest == 0 && q <= 1<<63-1 {
			return time.Duration(q)
		}
	}
	s.fail(k, "want seconds, up to 9 decimals, got %.64q", s.bytes(k))
	return 0
}

// The moments a Timestamp holds.
var (
	firstTime = time.Unix(0, -1<<63)
	lastTime  = time.Unix(0, 1<<63-1)
)

// time reads a moment in RFC 3339, in UTC.
func (s *scanned) time(k key) market.Timestamp {
	if !s.seen[k] {
		return 0
	}
	b := s.bytes(k)
	const shape = "2006-01-02T15:04:05"
	n := len(shape)
	// time.Parse also takes one digit for an hour, and a comma for the point.
	if len(b) > n && b[13] == ':' && (b[n] == '.' || b[n] == 'Z') && b[len(b)-1] == 'Z' {
		t, err := time.Parse(time.RFC3339Nano, string(b))
		switch {
		case err != nil:
		case t.Before(firstTime) || t.After(lastTime) || t.UnixNano() == 0:
			s.fail(k, "%.64q cannot be held: years 1678 to 2262, and not the first moment of 1970, which means none", b)
			return 0
		default:
			return market.TimestampOf(t)
		}
	}
	s.fail(k, "want a time in UTC as RFC 3339, such as \"2024-08-08T00:00:00.123Z\", got %.64q", b)
	return 0
}

// wordOf reads the name of a value from 1 to most; an absent key gives zero.
func wordOf[T interface {
	~uint8
	fmt.Stringer
}](s *scanned, k key, most T) T {
	if !s.seen[k] {
		return 0
	}
	v, ok := word(s.bytes(k), most)
	if !ok {
		s.fail(k, "want one of %s, got %.64q", words(most), s.bytes(k))
	}
	return v
}

func (s *scanned) side() market.Side { return wordOf(s, keySide, lastSide) }

// instrument reads venue and instrument; both or, where they may be missing, neither.
func (s *scanned) instrument() market.Instrument {
	i, err := market.NewInstrument(market.Venue(s.string(keyVenue)), s.string(keyInstrument))
	if err != nil {
		s.fail(keyInstrument, "%v", err)
	}
	return i
}

func (s *scanned) origin() message.Origin {
	return message.Origin{Instrument: s.instrument(), VenueTime: s.time(keyTime), Received: s.time(keyReceived)}
}

func typeName(t jx.Type) string {
	switch t {
	case jx.Invalid:
		return "no JSON"
	case jx.Null:
		return "null"
	}
	return "JSON " + t.String()
}
