// Package capture reads and writes recorded sessions: what went over one connection to a venue,
// or over several REST requests, row by row and byte for byte.
//
// A session is text, mostly inside gzip, with one row a line and four columns parted by tabs:
//
//	<unix nanoseconds, 0 if unknown> <kind> <meta> <payload>
//
//	kind   meta     payload
//	recv   t        a text frame
//	recv   t-binop  a binary WebSocket frame that holds text without line breaks
//	recv   b64      a binary frame, in base64
//	recv   t-b64    a text frame that holds a line break, in base64
//	sent   as recv  what the client sent
//	open   the URL  empty
//	http   the URL  the response body
//
// Everything but t-b64, which our own writer adds, is the format of the recorded data that the
// tests read. OpenAny also reads the two other shapes in which people keep frames: one JSON
// object a line with the frame in its field raw, and bare frames, one a line.
//
// The package imports market only. Package replay plays sessions, the recorder writes them, and
// maru decode reads all three shapes.
package capture

import (
	"errors"
	"fmt"

	"github.com/maru-trading/maru/actors/market"
)

// The kinds of rows.
const (
	KindReceived = "recv" // a frame from the venue
	KindSent     = "sent" // a frame to the venue
	KindOpen     = "open" // a connection was opened
	KindHTTP     = "http" // the body of a REST response
)

// The metas of frames.
const (
	MetaText         = "t"
	MetaBinaryText   = "t-binop"
	MetaBinaryBase64 = "b64"
	MetaTextBase64   = "t-b64"
)

// LineBytesMax is the longest line a reader takes: far beyond any frame of a venue, and short
// enough for a small machine to hold.
const LineBytesMax = 64 << 20

// Row is one row of a session.
type Row struct {
	At      market.Timestamp // when it was received or sent; zero if the recorder did not know
	Kind    string           // one of the kinds above
	Meta    string           // how a frame travelled, or the URL
	Payload []byte           // the bytes on the wire, base64 undone
}

// Binary reports whether the payload travelled in a binary WebSocket frame (opcode 2).
func (r Row) Binary() bool { return r.Meta == MetaBinaryText || r.Meta == MetaBinaryBase64 }

var (
	// ErrTruncated ends a session whose writer was killed: every whole row before it was read.
	ErrTruncated = errors.New("the session breaks off: its writer did not close it")
	// ErrLineTooLong says that a line has more than LineBytesMax bytes.
	ErrLineTooLong = fmt.Errorf("line of more than %d bytes", LineBytesMax)
	// ErrRow says that a line is not a row of a session.
	ErrRow = errors.New("not a row of four columns parted by tabs: time, kind, meta, payload")
)

// LineError says which line is wrong and why. A reader that returned one can read on behind it.
type LineError struct {
	Name string // the file
	Line int    // counted from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("capture: %s:%d: %v", e.Name, e.Line, e.Err) }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }
