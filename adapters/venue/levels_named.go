package venue

import (
	"github.com/go-faster/jx"

	"github.com/maru-trading/maru/actors/message"
)

// ReadNamedLevels is ReadLevels where a level is an object, with price and quantity under these
// names; null is no levels. A level of price 0 and quantity 0 is padding and dropped.
func ReadNamedLevels(d *jx.Decoder, field, price, quantity string, dst []message.Level) ([]message.Level, error) {
	if d.Next() == jx.Null {
		return dst, d.Null()
	}
	levels, err := d.ArrIter()
	if err != nil {
		return dst, notArray(d, field, err)
	}
	for levels.Next() {
		l, err := readNamedLevel(d, field, price, quantity)
		if err != nil {
			return dst, err
		}
		if !l.Price.IsZero() {
			dst = append(dst, l)
		}
	}
	return dst, levels.Err()
}

func readNamedLevel(d *jx.Decoder, field, price, quantity string) (l message.Level, err error) {
	if kind := d.Next(); kind != jx.Object && kind != jx.Invalid {
		return l, Refuse(Schema, field, "want a level as an object of %s and %s, got %v", price, quantity, kind)
	}
	object, err := d.ObjIter()
	if err != nil {
		return l, err
	}
	hasPrice, hasQuantity := false, false
	for object.Next() {
		var t Token
		switch string(object.Key()) {
		case price:
			if t, err = ReadToken(d); err == nil {
				l.Price, err = t.Price(field)
			}
			hasPrice = true
		case quantity:
			if t, err = ReadToken(d); err == nil {
				l.Quantity, err = t.Quantity(field)
			}
			hasQuantity = true
		default:
			err = d.Skip()
		}
		if err != nil {
			return l, err
		}
	}
	switch {
	case object.Err() != nil:
		return l, object.Err()
	case !hasPrice || !hasQuantity:
		return l, Refuse(Schema, field, "a level without %s or without %s", price, quantity)
	case l.Price.IsZero() && !l.Quantity.IsZero():
		return l, Refuse(Number, field, "a level at price 0")
	}
	return l, nil
}
