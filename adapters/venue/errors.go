package venue

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/maru-trading/maru/actors/market"
)

// Reason says in one word why a frame could not be decoded. It labels a metric, so the list is
// closed.
type Reason string

// The reasons.
const (
	Syntax      Reason = "syntax"      // not JSON, or cut off, or something follows it
	Schema      Reason = "schema"      // JSON, but a field is missing or of another type
	Number      Reason = "number"      // a number is out of range, negative, or has too many decimals
	Instrument  Reason = "instrument"  // the symbol is no instrument, or none can be told
	Unsupported Reason = "unsupported" // understood, and nothing this adapter decodes
	TooLarge    Reason = "too_large"   // longer than FrameBytesMax or BodyBytesMax
	Encoding    Reason = "encoding"    // not UTF-8
)

// Reasons returns every reason there is.
func Reasons() []Reason {
	return []Reason{Syntax, Schema, Number, Instrument, Unsupported, TooLarge, Encoding}
}

// DecodeError says why a frame or body was refused. Every error of a decoder is one.
type DecodeError struct {
	Venue  market.Venue
	Reason Reason
	Field  string // the venue's name of the field; empty: the frame as a whole
	Detail string // in words, at most 200 bytes
}

// detailBytesMax keeps a hostile frame from filling the log through its error.
const detailBytesMax = 200

func (e *DecodeError) Error() string {
	where := ""
	if e.Field != "" {
		where = fmt.Sprintf(" field %q:", e.Field)
	}
	return fmt.Sprintf("%s: decode:%s %s (%s)", e.Venue, where, e.Detail, e.Reason)
}

// DeadLetterReason is the reason as a metric label.
func (e *DecodeError) DeadLetterReason() string { return string(e.Reason) }

// Refuse makes a DecodeError of which the venue is not yet known; Refused fills it in. Field and
// detail are cut.
func Refuse(reason Reason, field, format string, args ...any) error {
	return &DecodeError{Reason: reason, Field: cut(field, symbolBytesMax), Detail: cut(fmt.Sprintf(format, args...), detailBytesMax)}
}

// Refused returns err as the DecodeError of a venue. What is no DecodeError comes from the JSON
// reader and is a fault of syntax.
func Refused(venue market.Venue, err error) error {
	var e *DecodeError
	if !errors.As(err, &e) {
		e = &DecodeError{Reason: Syntax, Detail: cut(err.Error(), detailBytesMax)}
	}
	e.Venue = venue
	return e
}

// cut returns at most n bytes of s as valid UTF-8.
func cut(s string, n int) string {
	if len(s) > n {
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
