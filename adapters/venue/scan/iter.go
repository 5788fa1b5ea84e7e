package scan

import (
	"encoding/binary"
	"unicode/utf8"
)

// Object enters the object that comes next; NextKey then goes through its fields. It fails with a
// TypeError if something else comes.
func (d *Decoder) Object() error { return d.enter(Object) }

// Array enters the array that comes next; More then goes through its values. It fails with a
// TypeError if something else comes.
func (d *Decoder) Array() error { return d.enter(Array) }

func (d *Decoder) enter(want Type) error {
	i := d.pos
	if i >= len(d.buf) || typeOf[d.buf[i]] != want {
		if i = space(d.buf, i); i >= len(d.buf) || typeOf[d.buf[i]] != want {
			return d.wrong(i, want)
		}
	}
	if d.depth >= DepthMax {
		return d.fail(i, "no deeper nesting")
	}
	d.depth++
	d.pos, d.opened = i+1, true
	return nil
}

// NextKey goes to the next field of the object that was entered and not yet left: it returns the
// field's name, unescaped, and the reader stands before the value, which must be read or skipped.
// It returns false behind the last field, having left the object, and at a fault, which Err tells.
func (d *Decoder) NextKey() (key []byte, ok bool) {
	b, i := d.buf, d.pos
	if !d.opened && i+1 < len(b) && b[i] == ',' && b[i+1] == '"' { // as most venues write it
		i += 2
	} else if i = d.nextField(i); i < 0 {
		return nil, false
	}
	end := i
	for end+8 <= len(b) && special(binary.LittleEndian.Uint64(b[end:])) == 0 {
		end += 8
	}
	for end < len(b) && inKey[b[end]] {
		end++
	}
	if end+1 < len(b) && b[end] == '"' && b[end+1] == ':' {
		d.pos = end + 2
		return b[i:end:end], true
	}
	return d.slowKey(i, end)
}

// nextField returns where the name of the next field begins, behind its quote; -1 if the object
// was left, or at a fault.
func (d *Decoder) nextField(i int) int {
	b := d.buf
	i = space(b, i)
	if d.opened {
		d.opened = false
		if i < len(b) && b[i] == '}' {
			d.pos = i + 1
			d.depth--
			return -1
		}
	} else {
		if i >= len(b) || b[i] != ',' {
			d.leave(i, '}')
			return -1
		}
		i = space(b, i+1)
	}
	if i >= len(b) || b[i] != '"' {
		_ = d.fail(i, "the name of a field")
		return -1
	}
	return i + 1
}

// slowKey reads the rest of a name that begins at start and whose first byte that is not plain
// stands at i.
func (d *Decoder) slowKey(start, i int) (key []byte, ok bool) {
	key, end, err := d.slowString(start, i)
	if err != nil {
		return nil, false
	}
	if i = space(d.buf, end+1); i >= len(d.buf) || d.buf[i] != ':' {
		_ = d.fail(i, "':'")
		return nil, false
	}
	d.pos = i + 1
	return key, true
}

// inKey marks what the names of fields are made of, with few exceptions: what special does not mark.
// The lengths of names are the same from frame to frame: going over their last letters one by one,
// whose end the processor foresees, lets it begin on what follows earlier than counting would.
var inKey = func() (is [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		is[c] = c != '"' && c != '\\'
	}
	return is
}()

// More goes to the next value of the array that was entered and not yet left; the value must be
// read or skipped. It returns false behind the last value, having left the array, and at a fault,
// which Err tells.
func (d *Decoder) More() bool {
	b, i := d.buf, d.pos
	if !d.opened && i < len(b) && b[i] == ',' {
		d.pos = i + 1
		return true
	}
	i = space(b, i)
	if d.opened {
		d.opened = false
		if i < len(b) && b[i] == ']' {
			d.pos = i + 1
			d.depth--
			return false
		}
		d.pos = i
		return true
	}
	if i < len(b) && b[i] == ',' {
		d.pos = i + 1
		return true
	}
	d.leave(i, ']')
	return false
}

// leave leaves an array or object behind its last value, or notes that it does not end there.
func (d *Decoder) leave(i int, closing byte) {
	if i < len(d.buf) && d.buf[i] == closing && d.depth > 0 {
		d.pos = i + 1
		d.depth--
		return
	}
	_ = d.fail(i, "',' or '"+string(rune(closing))+"'")
}

// ObjIter goes through the fields of an object, as NextKey does.
type ObjIter struct {
	d   *Decoder
	key []byte
}

// ObjIter enters the object that comes next. It fails with a TypeError if something else comes.
func (d *Decoder) ObjIter() (ObjIter, error) { return ObjIter{d: d}, d.enter(Object) }

// Next goes to the next field, and returns false behind the last and at a fault.
func (o *ObjIter) Next() bool {
	var ok bool
	o.key, ok = o.d.NextKey()
	return ok
}

// Key returns the name of the field, unescaped.
func (o *ObjIter) Key() []byte { return o.key }

// Err returns the fault that ended the iteration, nil if there was none.
func (o *ObjIter) Err() error { return o.d.err }

// ArrIter goes through the values of an array, as More does.
type ArrIter struct{ d *Decoder }

// ArrIter enters the array that comes next. It fails with a TypeError if something else comes.
func (d *Decoder) ArrIter() (ArrIter, error) { return ArrIter{d}, d.enter(Array) }

// Next goes to the next value, and returns false behind the last and at a fault.
func (a *ArrIter) Next() bool { return a.d.More() }

// Err returns the fault that ended the iteration, nil if there was none.
func (a *ArrIter) Err() error { return a.d.err }
