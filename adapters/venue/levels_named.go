package venue

import (
	"errors"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// ReadNamedLevels is ReadLevels where a level is an object, with price and quantity under these
// names; null is no levels. A level of price 0 and quantity 0 is padding and dropped.
func ReadNamedLevels(d *scan.Decoder, field, price, quantity string, dst []message.Level) ([]message.Level, error) {
	if d.Next() == scan.Null {
		return dst, d.Null()
	}
	if err := d.Array(); err != nil {
		return dst, notArray(field, err)
	}
	for d.More() {
		dst = append(dst, message.Level{})
		l := &dst[len(dst)-1]
		if err := readNamedLevel(d, field, price, quantity, l); err != nil {
			return dst[:len(dst)-1], err
		}
		if l.Price.IsZero() {
			dst = dst[:len(dst)-1]
		}
	}
	return dst, d.Err()
}

func readNamedLevel(d *scan.Decoder, field, price, quantity string, l *message.Level) error {
	if err := d.Object(); err != nil {
		var wrong *scan.TypeError
		if errors.As(err, &wrong) {
			err = Refuse(Schema, field, "want a level as an object of %s and %s, got %v", price, quantity, wrong.Got)
		}
		return err
	}
	hasPrice, hasQuantity := false, false
	for {
		key, ok := d.NextKey()
		if !ok {
			break
		}
		var err error
		switch string(key) {
		case price:
			l.Price, err = ReadPrice(d, field)
			hasPrice = true
		case quantity:
			l.Quantity, err = ReadQuantity(d, field)
			hasQuantity = true
		default:
			err = d.Skip()
		}
		if err != nil {
			return err
		}
	}
	switch {
	case d.Err() != nil:
		return d.Err()
	case !hasPrice || !hasQuantity:
		return Refuse(Schema, field, "a level without %s or without %s", price, quantity)
	case l.Price.IsZero() && !l.Quantity.IsZero():
		return Refuse(Number, field, "a level at price 0")
	}
	return nil
}
