package scan

// Skip reads a value of any type and checks it.
func (d *Decoder) Skip() error {
	_, _, err := d.Value()
	return err
}

// skipNested is Skip of an array or object.
func (d *Decoder) skipNested() error {
	i := d.pos
	var inside nest
	var err error
	for {
		// A value comes.
		opened := false
		if i >= len(d.buf) {
			return d.fail(i, "a value")
		}
		switch typeOf[d.buf[i]] {
		case String:
			if i, err = d.endOfString(i + 1); err != nil {
				return err
			}
		case Number:
			end, ok := number(d.buf, i)
			if !ok {
				return d.fail(end, "a digit")
			}
			i = end
		case Object, Array:
			if d.depth+inside.depth >= DepthMax {
				return d.fail(i, "no deeper nesting")
			}
			inside.push(d.buf[i] == '{')
			opened = true
			i++
		case Invalid:
			return d.fail(i, "a value")
		default:
			if i, err = d.literal(i); err != nil {
				return err
			}
		}
		// A value has ended or was opened: leave what ends here, and go to the next value.
		for {
			if inside.depth == 0 {
				d.pos = i
				return nil
			}
			i = space(d.buf, i)
			object, closing := inside.object(), byte(']')
			if object {
				closing = '}'
			}
			if i < len(d.buf) && d.buf[i] == closing {
				inside.depth--
				opened = false
				i++
				continue
			}
			if !opened {
				if i >= len(d.buf) || d.buf[i] != ',' {
					d.leave(i, closing) // it does not: the fault
					return d.err
				}
				i = space(d.buf, i+1)
			}
			if object {
				if i, err = d.skipKey(i); err != nil {
					return err
				}
			}
			break
		}
	}
}

// skipKey skips the name of a field and its colon, and returns where the value begins.
func (d *Decoder) skipKey(i int) (int, error) {
	if i >= len(d.buf) || d.buf[i] != '"' {
		return 0, d.fail(i, "the name of a field")
	}
	i, err := d.endOfString(i + 1)
	if err != nil {
		return 0, err
	}
	if i = space(d.buf, i); i >= len(d.buf) || d.buf[i] != ':' {
		return 0, d.fail(i, "':'")
	}
	return space(d.buf, i+1), nil
}

// endOfString returns the place behind the closing quote of the string that begins at i.
func (d *Decoder) endOfString(i int) (int, error) {
	end := plain(d.buf, i)
	if end >= len(d.buf) || d.buf[end] != '"' {
		var err error
		if end, _, err = d.skipString(i, end); err != nil {
			return 0, err
		}
	}
	return end + 1, nil
}

// nest remembers which of the levels that a reader stands inside are objects, in a bit each.
type nest struct {
	depth   int // at most DepthMax
	objects [DepthMax / 64]uint64
}

func (n *nest) push(object bool) {
	word, bit := &n.objects[n.depth/64%len(n.objects)], uint64(1)<<(n.depth%64)
	if *word &^= bit; object {
		*word |= bit
	}
	n.depth++
}

// object reports whether the innermost level is an object.
func (n *nest) object() bool {
	level := n.depth - 1
	return n.objects[level/64%len(n.objects)]>>(level%64)&1 != 0
}
