package upbit

import (
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// listMax is how many objects a list may hold: Upbit gives at most 1,000 orders (closed orders), lists fewer
// than 1,000 currencies, and all executions of an order, which are hundreds of a large one. A list beyond
// this is refused instead of held.
const listMax = 20_000

// readObject reads the object that d stands before. field gives where the value of a name goes; nil
// skips it, unless nested takes it, which may be nil. A name that stands twice is refused: which of
// the two holds could decide what we own.
func readObject(d *scan.Decoder, field func(key []byte) *venue.Token, nested func(key []byte) (bool, error)) error {
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "", "want an object, got %v", kind)
	}
	if err := d.Object(); err != nil {
		return err
	}
	for {
		key, ok := d.NextKey()
		if !ok {
			return d.Err()
		}
		if t := field(key); t != nil {
			if t.Kind != scan.Invalid {
				return venue.Refuse(venue.Schema, string(key), "stands twice")
			}
			var err error
			if *t, err = venue.ReadToken(d); err != nil {
				return err
			}
			continue
		}
		if nested != nil {
			read, err := nested(key)
			if err != nil {
				return err
			}
			if read {
				continue
			}
		}
		if err := d.Skip(); err != nil {
			return err
		}
	}
}

// readList reads the array that d stands before, an element at a time, listMax at most.
func readList(d *scan.Decoder, name string, element func() error) error {
	if kind := d.Next(); kind != scan.Array && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, name, "want an array, got %v", kind)
	}
	if err := d.Array(); err != nil {
		return err
	}
	for n := 0; d.More(); n++ {
		if n == listMax {
			return venue.Refuse(venue.TooLarge, name, "more than %d elements", listMax)
		}
		if err := element(); err != nil {
			return err
		}
	}
	return d.Err()
}

// decode reads a body or frame whole through read; every error is a *venue.DecodeError of Upbit.
func decode(text []byte, read func(d *scan.Decoder) error) error {
	err := venue.CheckFrame(text)
	if err == nil {
		d := scan.DecodeBytes(text)
		if err = read(d); err == nil {
			err = venue.End(d)
		}
	}
	if err != nil {
		return venue.Refused(Name, err)
	}
	return nil
}

// isText reports whether t is a string.
func isText(t venue.Token) bool { return t.Kind == scan.String }
