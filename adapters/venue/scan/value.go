package scan

// Value reads the value that comes next, whatever it is, and returns the text of a string
// (unescaped), of a number, or of a boolean; nil for null, and for an array or object, which is
// checked and skipped.
func (d *Decoder) Value() (kind Type, text []byte, err error) {
	b, i := d.buf, d.pos
	if i < len(b) && typeOf[b[i]] == Invalid {
		i = space(b, i)
	}
	if i >= len(b) {
		return Invalid, nil, d.fail(i, "a value")
	}
	switch kind = typeOf[b[i]]; kind {
	case String:
		i++
		end := plain(b, i)
		if end < len(b) && b[end] == '"' {
			d.pos = end + 1
			return String, b[i:end:end], nil
		}
		if text, end, err = d.slowString(i, end); err == nil {
			d.pos = end + 1
		}
		return String, text, err
	case Number:
		end, ok := number(b, i)
		if !ok {
			return Number, nil, d.fail(end, "a digit")
		}
		d.pos = end
		return Number, b[i:end:end], nil
	case Bool, Null:
		end, err := d.literal(i)
		if err != nil {
			return kind, nil, err
		}
		d.pos = end
		if kind == Bool {
			text = b[i:end:end]
		}
		return kind, text, nil
	case Array, Object:
		d.pos = i
		return kind, nil, d.skipNested()
	}
	return Invalid, nil, d.fail(i, "a value")
}

// literal returns the end of true, false or null at i.
func (d *Decoder) literal(i int) (end int, err error) {
	word := "null"
	switch d.buf[i] {
	case 't':
		word = "true"
	case 'f':
		word = "false"
	}
	if end = i + len(word); end <= len(d.buf) && string(d.buf[i:end]) == word {
		return end, nil
	}
	n := 0
	for i+n < len(d.buf) && d.buf[i+n] == word[n] {
		n++
	}
	return 0, d.fail(i+n, word)
}

// want fails if the value that comes next is of another type.
func (d *Decoder) want(want Type) error {
	i := space(d.buf, d.pos)
	if i < len(d.buf) && typeOf[d.buf[i]] == want {
		return nil
	}
	return d.wrong(i, want)
}

// StrBytes reads a string, unescaped. It fails with a TypeError if something else comes.
func (d *Decoder) StrBytes() ([]byte, error) {
	if err := d.want(String); err != nil {
		return nil, err
	}
	_, text, err := d.Value()
	return text, err
}

// Bool reads true or false. It fails with a TypeError if something else comes.
func (d *Decoder) Bool() (bool, error) {
	if err := d.want(Bool); err != nil {
		return false, err
	}
	_, text, err := d.Value()
	return string(text) == "true", err
}

// Null reads null. It fails with a TypeError if something else comes.
func (d *Decoder) Null() error {
	if err := d.want(Null); err != nil {
		return err
	}
	return d.Skip()
}

// Raw reads a value of any type and returns it as it stands in the frame.
func (d *Decoder) Raw() ([]byte, error) {
	start := space(d.buf, d.pos)
	if err := d.Skip(); err != nil {
		return nil, err
	}
	return d.buf[start:d.pos:d.pos], nil
}
