// Package scan reads JSON frames in memory, once and from front to back, without allocating: it
// checks every byte by RFC 8259 and hands out strings and numbers as slices of the frame.
//
// It takes exactly what encoding/json takes, with three differences. A text that is not UTF-8 is
// refused (encoding/json puts U+FFFD in its place): a symbol or an id that was changed on the way
// must not pass for another one. Values nested deeper than DepthMax are refused; what exchanges
// send is seven deep. And a fault is found where the reader stands, so a frame is known to be whole
// only when End has said so: whoever reads a value acts on it after End.
//
// An object may name a field twice; both are handed out, in order. An escaped surrogate without
// its other half becomes U+FFFD, as in encoding/json.
//
// It imports nothing of the project. The adapters of venues and what they share use it.
package scan

import (
	"fmt"
	"unicode/utf8"
)

// Type is the kind of a JSON value, told from its first byte.
type Type uint8

// The types.
const (
	Invalid Type = iota // no value: the end, or a byte that begins none
	String
	Number
	Null
	Bool
	Array
	Object
)

// String returns the name of the type in lower case.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "unknown"
}

var typeNames = [...]string{"nothing", "string", "number", "null", "bool", "array", "object"}

// typeOf holds the type of the value that a byte begins.
var typeOf = [256]Type{
	'"': String, '-': Number, '0': Number, '1': Number, '2': Number, '3': Number, '4': Number,
	'5': Number, '6': Number, '7': Number, '8': Number, '9': Number,
	'n': Null, 't': Bool, 'f': Bool, '[': Array, '{': Object,
}

// DepthMax is how deep arrays and objects may stand in each other.
const DepthMax = 256

// unescapedKeep is how much memory for unescaped strings is kept between frames, in bytes.
const unescapedKeep = 64 << 10

// Decoder reads one frame. Its zero value reads an empty one. What it hands out points into the
// frame, or into memory of its own where a string had escapes, and holds until ResetBytes. It is
// not safe for concurrent use.
//
// After a fault of syntax every further call fails; the first fault is what Err and End return.
// A value of another type than the one asked for is no such fault: the reader stays before it.
type Decoder struct {
	buf       []byte
	pos       int
	depth     int
	opened    bool // an array or object was entered, and nothing of it read yet
	from, to  int  // where the number stands that Plain read
	err       error
	unescaped []byte // only ever appended to between two ResetBytes
}

// DecodeBytes returns a Decoder of a frame, which it does not copy.
func DecodeBytes(frame []byte) *Decoder { return &Decoder{buf: frame} }

// DecodeStr is DecodeBytes of a string.
func DecodeStr(frame string) *Decoder { return DecodeBytes([]byte(frame)) }

// ResetBytes begins another frame. What was handed out of the one before no longer holds.
func (d *Decoder) ResetBytes(frame []byte) {
	d.buf, d.pos, d.depth, d.opened, d.err = frame, 0, 0, false, nil
	d.from, d.to = 0, 0
	if cap(d.unescaped) > unescapedKeep {
		d.unescaped = nil
	}
	d.unescaped = d.unescaped[:0]
}

// SyntaxError is a fault of a frame: what stands at which byte.
type SyntaxError struct {
	Offset int    // of the byte, from 0
	What   string // what is wrong there
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.What) }

// TypeError says that a value is not of the type that was asked for.
type TypeError struct{ Want, Got Type }

func (e *TypeError) Error() string { return fmt.Sprintf("want %v, got %v", e.Want, e.Got) }

// Err returns the first fault of syntax that was found, nil if there was none.
func (d *Decoder) Err() error { return d.err }

// fail notes a fault at byte i and leaves nothing to read. want says what should stand there.
//
//go:noinline
func (d *Decoder) fail(i int, want string) error {
	if d.err == nil {
		var what string
		switch {
		case i >= len(d.buf):
			i, what = len(d.buf), "the frame ends, want "+want
		case d.buf[i] < utf8.RuneSelf:
			what = fmt.Sprintf("%q, want %s", d.buf[i], want)
		default:
			what = fmt.Sprintf("0x%x, want %s", d.buf[i], want)
		}
		d.err = &SyntaxError{Offset: i, What: what}
	}
	d.pos = len(d.buf)
	return d.err
}

// wrong says that a value of type want was asked for; where no value stands at all, that is a
// fault.
//
//go:noinline
func (d *Decoder) wrong(i int, want Type) error {
	d.pos = i
	if i >= len(d.buf) || typeOf[d.buf[i]] == Invalid {
		return d.fail(i, "a value")
	}
	return &TypeError{Want: want, Got: typeOf[d.buf[i]]}
}

// space returns the first place from i on that holds no white space.
func space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && whiteSpace>>b[i]&1 != 0 {
		i++
	}
	return i
}

const whiteSpace = 1<<' ' | 1<<'\t' | 1<<'\n' | 1<<'\r'

// Next returns the type of the value that comes next and leaves it there. Whether it is whole
// shows when it is read.
func (d *Decoder) Next() Type {
	i := d.pos
	if i < len(d.buf) {
		if t := typeOf[d.buf[i]]; t != Invalid {
			return t
		}
	}
	if i = space(d.buf, i); i < len(d.buf) {
		d.pos = i
		return typeOf[d.buf[i]]
	}
	return Invalid
}

// End fails if a fault was found before or if anything but white space follows what was read.
func (d *Decoder) End() error {
	if d.err != nil {
		return d.err
	}
	if i := space(d.buf, d.pos); i < len(d.buf) {
		return d.fail(i, "nothing after the value")
	}
	return nil
}

// Valid reports whether frame is one JSON value in the terms of this package.
func Valid(frame []byte) bool {
	d := Decoder{buf: frame}
	return d.Skip() == nil && d.End() == nil
}
