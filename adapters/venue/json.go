package venue

import (
	"encoding/json"
	"errors"
	"math"
	"unicode/utf8"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// FrameBytesMax is the longest frame a decoder looks at. The largest that venues send are
// tickers of all symbols and books of 5,000 levels, well under 2 MB.
const FrameBytesMax = 4 << 20

// BodyBytesMax is the longest REST body that is looked at; Binance's list of symbols has 20 MB.
const BodyBytesMax = 64 << 20

// levelsKeep is how many levels a side a scratch slice may keep between frames: one monstrous
// book must not hold its memory forever.
const levelsKeep = 16_384

// CheckFrame refuses a frame that no decoder need look at: empty, longer than FrameBytesMax, or
// not UTF-8.
func CheckFrame(frame []byte) error { return checkText(frame, FrameBytesMax) }

// CheckBody is CheckFrame of a REST body, which may be as long as BodyBytesMax.
func CheckBody(body []byte) error { return checkText(body, BodyBytesMax) }

func checkText(text []byte, most int) error {
	switch {
	case len(text) == 0:
		return Refuse(Syntax, "", "empty")
	case len(text) > most:
		return Refuse(TooLarge, "", "%d bytes, at most %d are read", len(text), most)
	case !utf8.Valid(text):
		return Refuse(Encoding, "", "not UTF-8")
	}
	return nil
}

// End refuses what follows the JSON value that d has read.
func End(d *scan.Decoder) error {
	if err := d.End(); err != nil {
		return Refuse(Syntax, "", "%v", err)
	}
	return nil
}

// Token is one JSON value: the text of a string (unescaped), of a number, or of a boolean; only
// the kind of an array or an object. It points into the frame. The zero Token is an absent field.
type Token struct {
	Text []byte
	Kind scan.Type
}

// ReadToken reads the value that d stands before, whatever it is.
func ReadToken(d *scan.Decoder) (t Token, err error) {
	t.Kind, t.Text, err = d.Value()
	return t, err
}

// Present reports whether there is a value: the field is there, and is neither null nor an empty
// string, which some venues send instead.
func (t Token) Present() bool {
	return t.Kind != scan.Invalid && t.Kind != scan.Null && (t.Kind != scan.String || len(t.Text) > 0)
}

// IsTrue reports whether t is the boolean true.
func (t Token) IsTrue() bool { return t.Kind == scan.Bool && len(t.Text) > 0 && t.Text[0] == 't' }

// scalar refuses what cannot be a number.
func (t Token) scalar(field string) error {
	switch {
	case !t.Present():
		return Refuse(Schema, field, "missing")
	case t.Kind != scan.Number && t.Kind != scan.String:
		return Refuse(Schema, field, "want a number, got %v", t.Kind)
	}
	return nil
}

// ReadPrice reads the value that d stands before. It is ReadToken and Token.Price in one pass where
// the number is written as usual.
func ReadPrice(d *scan.Decoder, field string) (market.Price, error) {
	if digits, places, ok := d.Plain(); ok {
		n, err := market.NewDecimal(int64(digits), -places) // of 18 digits all fit
		return market.Price{Decimal: n}, err
	}
	p, _, err := ReadWrittenPrice(d, field)
	return p, err
}

// ReadQuantity is ReadPrice of a quantity.
func ReadQuantity(d *scan.Decoder, field string) (market.Quantity, error) {
	if digits, places, ok := d.Plain(); ok {
		n, err := market.NewDecimal(int64(digits), -places)
		return market.Quantity{Decimal: n}, err
	}
	q, _, err := ReadWrittenQuantity(d, field)
	return q, err
}

// ReadWrittenPrice is ReadPrice, and returns the number as it was written, too.
func ReadWrittenPrice(d *scan.Decoder, field string) (p market.Price, written []byte, err error) {
	if digits, places, ok := d.Plain(); ok {
		p.Decimal, err = market.NewDecimal(int64(digits), -places)
		return p, d.PlainText(), err
	}
	t, err := ReadToken(d)
	if err != nil {
		return p, nil, err
	}
	p, err = t.Price(field)
	return p, t.Text, err
}

// ReadWrittenQuantity is ReadWrittenPrice of a quantity.
func ReadWrittenQuantity(d *scan.Decoder, field string) (q market.Quantity, written []byte, err error) {
	if digits, places, ok := d.Plain(); ok {
		q.Decimal, err = market.NewDecimal(int64(digits), -places)
		return q, d.PlainText(), err
	}
	t, err := ReadToken(d)
	if err != nil {
		return q, nil, err
	}
	q, err = t.Quantity(field)
	return q, t.Text, err
}

// Price reads a price, a number or a string that holds one. It fails with reason Schema if t is
// absent or something else, and Number if it is negative or needs more than 18 decimals.
func (t Token) Price(field string) (market.Price, error) {
	if err := t.scalar(field); err != nil {
		return market.Price{}, err
	}
	p, err := market.ParsePrice(t.Text)
	if err != nil {
		return market.Price{}, Refuse(Number, field, "%v", err)
	}
	return p, nil
}

// Quantity is Price of a quantity.
func (t Token) Quantity(field string) (market.Quantity, error) {
	if err := t.scalar(field); err != nil {
		return market.Quantity{}, err
	}
	q, err := market.ParseQuantity(t.Text)
	if err != nil {
		return market.Quantity{}, Refuse(Number, field, "%v", err)
	}
	return q, nil
}

// Statistic reads a figure that nobody trades on, such as the volume of a day: a number of either
// sign whose digits beyond the 18th decimal are cut. It fails as Price does.
func (t Token) Statistic(field string) (market.Decimal, error) {
	if err := t.scalar(field); err != nil {
		return market.Decimal{}, err
	}
	d, _, err := market.ParseDecimalTruncated(t.Text)
	if err != nil {
		return market.Decimal{}, Refuse(Number, field, "%v", err)
	}
	return d, nil
}

// Int reads a whole number, or a string that holds one. It fails with reason Schema if t is
// absent or something else, and Number if it is not whole or beyond 64 bits.
func (t Token) Int(field string) (int64, error) {
	if err := t.scalar(field); err != nil {
		return 0, err
	}
	text, neg := t.Text, false
	if text[0] == '-' {
		text, neg = text[1:], true
	}
	const digitsMax = 19 // of the largest int64; no uint64 overflows below 20
	if len(text) == 0 || len(text) > digitsMax {
		return 0, Refuse(Number, field, "%.40q is no whole number of 64 bits", t.Text)
	}
	n := uint64(0)
	for _, c := range text {
		if c -= '0'; c > 9 {
			return 0, Refuse(Number, field, "%.40q is no whole number", t.Text)
		}
		n = n*10 + uint64(c)
	}
	if n > math.MaxInt64 {
		return 0, Refuse(Number, field, "%.40q is no whole number of 64 bits", t.Text)
	}
	if neg {
		return -int64(n), nil
	}
	return int64(n), nil
}

// Time reads a moment as a count since 1970: milliseconds, microseconds or nanoseconds, which are
// told apart by size, since venues have been seen to change between them. It fails as Int does,
// and with Number for a negative count and one between the units. Zero is no time.
func (t Token) Time(field string) (market.Timestamp, error) {
	n, err := t.Int(field)
	if err != nil {
		return 0, err
	}
	const (
		millisecondsMax = 9_223_372_036_854 // the year 2262, where a Timestamp ends
		microsecondsMin = 100_000_000_000_000
		microsecondsMax = 9_223_372_036_854_775
		nanosecondsMin  = 100_000_000_000_000_000 // 1973, as a count of microseconds would be 5138
	)
	switch {
	case n >= 0 && n <= millisecondsMax:
		return market.Milliseconds(n), nil
	case n >= microsecondsMin && n <= microsecondsMax:
		return market.Microseconds(n), nil
	case n >= nanosecondsMin:
		return market.Timestamp(n), nil
	}
	return 0, Refuse(Number, field, "%d is no time in milliseconds, microseconds or nanoseconds", n)
}

// TimeOrNone is Time where a field may be missing: an absent one is no time, which is zero.
func (t Token) TimeOrNone(field string) (market.Timestamp, error) {
	if !t.Present() {
		return 0, nil
	}
	return t.Time(field)
}

// Word returns the text of a code that a venue gives, at most 64 bytes of it.
func Word(t Token) string { return cut(string(t.Text), symbolBytesMax) }

// Words returns the text of a sentence that a venue gives, at most 200 bytes of it.
func Words(t Token) string { return cut(string(t.Text), detailBytesMax) }

// RefuseJSON returns the DecodeError of what encoding/json did not take: Schema for values of
// other types than wanted, Syntax for what is not JSON.
func RefuseJSON(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return Refuse(Schema, wrong.Field, "want %v, got %s", wrong.Type, wrong.Value)
	}
	return Refuse(Syntax, "", "%v", err)
}
