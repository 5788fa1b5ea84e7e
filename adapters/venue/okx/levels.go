package okx

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// readLevels reads one side of a book, an array of levels; each is an array of price, quantity, a
// number without meaning today, and how many orders. keep says to note their texts.
func (r *reader) readLevels(d *scan.Decoder, field string, of market.Side, keep bool) error {
	to := &r.sides[of-market.Buy]
	*to = venue.Scratch(*to)
	if !keep {
		var err error
		*to, err = venue.ReadLevels(d, field, *to)
		return err
	}
	levels, err := d.ArrIter()
	if err != nil {
		return notArray(d, field, err)
	}
	for levels.Next() {
		t, err := readLevel(d, field)
		if err != nil {
			return err
		}
		t.side = of
		*to = append(*to, t.level)
		r.texts = append(r.texts, t)
	}
	return levels.Err()
}

// readLevel is what the shared reader does, but for the texts.
func readLevel(d *scan.Decoder, field string) (t text, err error) {
	values, err := d.ArrIter()
	if err != nil {
		return t, notArray(d, field, err)
	}
	n := 0
	for ; values.Next(); n++ {
		switch n {
		case 0:
			t.level.Price, t.price, err = venue.ReadWrittenPrice(d, field)
		case 1:
			t.level.Quantity, t.size, err = venue.ReadWrittenQuantity(d, field)
		default:
			err = d.Skip()
		}
		if err != nil {
			return t, err
		}
	}
	switch {
	case values.Err() != nil:
		return t, values.Err()
	case n < 2:
		return t, venue.Refuse(venue.Schema, field, "want a level of price and quantity, got %d values", n)
	case t.level.Price.IsZero():
		return t, venue.Refuse(venue.Number, field, "a level at price 0")
	}
	return t, nil
}

// notArray tells what d stands before instead of an array; err is what the reader said, which
// holds where that is no JSON at all.
func notArray(d *scan.Decoder, field string, err error) error {
	if kind := d.Next(); kind != scan.Array && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, field, "want an array of levels, each of price and quantity, got %v", kind)
	}
	return err
}
