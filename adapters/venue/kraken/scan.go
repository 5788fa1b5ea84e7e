package kraken

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// readPrice reads the value that d stands before as the level's price: in one pass both what it is
// and how it was written, where it is written as usual.
func (l *level) readPrice(d *scan.Decoder, field string) error {
	if digits, places, ok := d.Plain(); ok {
		n, err := market.NewDecimal(int64(digits), -places) // of 18 digits all fit
		l.Price.Decimal, l.price = n, text{digits, uint8(places)}
		return err
	}
	t, err := venue.ReadToken(d)
	if err != nil {
		return err
	}
	if l.Price, err = t.Price(field); err != nil {
		return err
	}
	l.price = l.written(t)
	return nil
}

// readQuantity is readPrice of the level's quantity.
func (l *level) readQuantity(d *scan.Decoder, field string) error {
	if digits, places, ok := d.Plain(); ok {
		n, err := market.NewDecimal(int64(digits), -places)
		l.Quantity.Decimal, l.quantity = n, text{digits, uint8(places)}
		return err
	}
	t, err := venue.ReadToken(d)
	if err != nil {
		return err
	}
	if l.Quantity, err = t.Quantity(field); err != nil {
		return err
	}
	l.quantity = l.written(t)
	return nil
}

// written returns a number as it was written; of one that text cannot hold the level says so.
func (l *level) written(number venue.Token) text {
	t, ok := textOf(number.Text)
	l.odd = l.odd || !ok
	return t
}
