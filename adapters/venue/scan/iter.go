package scan

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
	if i < len(b) && b[i] <= ' ' {
		i = space(b, i)
	}
	if d.opened {
		d.opened = false
		if i < len(b) && b[i] == '}' {
			d.pos = i + 1
			d.depth--
			return nil, false
		}
	} else {
		if i >= len(b) || b[i] != ',' {
			return nil, d.leave(i, '}')
		}
		if i++; i < len(b) && b[i] <= ' ' {
			i = space(b, i)
		}
	}
	if i >= len(b) || b[i] != '"' {
		_ = d.fail(i, "the name of a field")
		return nil, false
	}
	i++
	end := plain(b, i)
	if end < len(b) && b[end] == '"' {
		key = b[i:end:end]
	} else {
		var err error
		if key, end, err = d.slowString(i, end); err != nil {
			return nil, false
		}
	}
	if i = end + 1; i < len(b) && b[i] <= ' ' {
		i = space(b, i)
	}
	if i >= len(b) || b[i] != ':' {
		_ = d.fail(i, "':'")
		return nil, false
	}
	d.pos = i + 1
	return key, true
}

// More goes to the next value of the array that was entered and not yet left; the value must be
// read or skipped. It returns false behind the last value, having left the array, and at a fault,
// which Err tells.
func (d *Decoder) More() bool {
	b, i := d.buf, d.pos
	if i < len(b) && b[i] <= ' ' {
		i = space(b, i)
	}
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
	return d.leave(i, ']')
}

// leave leaves an array or object behind its last value. It is always false.
func (d *Decoder) leave(i int, closing byte) bool {
	if i < len(d.buf) && d.buf[i] == closing && d.depth > 0 {
		d.pos = i + 1
		d.depth--
		return false
	}
	_ = d.fail(i, "',' or '"+string(rune(closing))+"'")
	return false
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
