package binance

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// object is what is read of one JSON object: the values of the fields that are asked for, as text
// that points into the frame.
type object struct {
	names  []string
	tokens []venue.Token
}

// read reads the object that d stands before. Values of other fields are given to inner, which reads
// the value and says so, or is left to skip it; nil: they are skipped. A field that is given twice is
// refused: which of the two would be true?
func (o *object) read(d *scan.Decoder, inner func(key []byte) (bool, error)) error {
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "", "want an object, got %v", kind)
	}
	if err := d.Object(); err != nil {
		return err
	}
	o.tokens = make([]venue.Token, len(o.names))
	for {
		key, ok := d.NextKey()
		if !ok {
			return d.Err()
		}
		if n := o.slot(key); n >= 0 {
			t, err := venue.ReadToken(d)
			if err != nil {
				return err
			}
			if o.tokens[n].Kind != scan.Invalid {
				return venue.Refuse(venue.Schema, o.names[n], "given twice")
			}
			o.tokens[n] = t
			continue
		}
		if inner != nil {
			read, err := inner(key)
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

func (o *object) slot(key []byte) int {
	for i, name := range o.names {
		if string(key) == name {
			return i
		}
	}
	return -1
}

// get returns the value of a field; the zero Token if the object has none.
func (o *object) get(name string) venue.Token {
	for i, n := range o.names {
		if n == name {
			return o.tokens[i]
		}
	}
	panic(fmt.Sprintf("binance: field %q is read and was not asked for", name))
}

// word returns the text of a string. A missing one is refused if it must be there, else empty.
func (o *object) word(name string, must bool) (string, error) {
	t := o.get(name)
	switch {
	case !t.Present() && !must:
		return "", nil
	case t.Kind != scan.String || len(t.Text) == 0:
		return "", venue.Refuse(venue.Schema, name, "want a text, got %v", t.Kind)
	case len(t.Text) > wordBytesMax:
		return "", venue.Refuse(venue.Schema, name, "%d bytes, at most %d are read", len(t.Text), wordBytesMax)
	}
	return string(t.Text), nil
}

// price returns a price; one that is missing is zero, unless it must be there.
func (o *object) price(name string, must bool) (market.Price, error) {
	if t := o.get(name); t.Present() || must {
		return t.Price(name)
	}
	return market.Price{}, nil
}

// quantity returns a quantity, which must be there.
func (o *object) quantity(name string) (market.Quantity, error) { return o.get(name).Quantity(name) }

// amount returns a sum of either sign, exact.
func (o *object) amount(name string) (market.Amount, error) {
	t := o.get(name)
	if !t.Present() || t.Kind != scan.Number && t.Kind != scan.String {
		return market.Amount{}, venue.Refuse(venue.Schema, name, "want a number, got %v", t.Kind)
	}
	d, err := market.ParseDecimalBytes(t.Text)
	if err != nil {
		return market.Amount{}, venue.Refuse(venue.Number, name, "%v", err)
	}
	return market.Amount{Decimal: d}, nil
}

// balance returns a sum of 0 or more whose digits beyond the 18th are cut.
func (o *object) balance(name string) (market.Amount, error) {
	d, err := o.get(name).Statistic(name)
	if err == nil && d.Sign() < 0 {
		err = venue.Refuse(venue.Number, name, "%v is below zero", d)
	}
	return market.Amount{Decimal: d}, err
}

// truth returns a boolean, which must be there.
func (o *object) truth(name string) (bool, error) {
	t := o.get(name)
	if t.Kind != scan.Bool {
		return false, venue.Refuse(venue.Schema, name, "want true or false, got %v", t.Kind)
	}
	return t.IsTrue(), nil
}

// decode reads a whole body or frame with read, and refuses what follows.
func decode(body []byte, read func(d *scan.Decoder) error) error {
	if err := venue.CheckBody(body); err != nil {
		return decodeError(err)
	}
	d := scan.DecodeBytes(body)
	if err := read(d); err != nil {
		return decodeError(err)
	}
	if err := venue.End(d); err != nil {
		return decodeError(err)
	}
	return nil
}

func decodeError(err error) error { return venue.Refused(Name, err) }

// each reads the array that d stands before, at most so many values.
func each(d *scan.Decoder, most int, read func() error) error {
	if kind := d.Next(); kind != scan.Array && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "", "want an array, got %v", kind)
	}
	if err := d.Array(); err != nil {
		return err
	}
	for n := 0; d.More(); n++ {
		if n >= most {
			return venue.Refuse(venue.TooLarge, "", "more than %d entries", most)
		}
		if err := read(); err != nil {
			return err
		}
	}
	return d.Err()
}
