package venue

import (
	"slices"

	"github.com/go-faster/jx"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// ReadLevels reads an array of levels, each an array of price, quantity and anything else, and
// appends them to dst. It fails with a DecodeError, or with the reader's error where the JSON is
// broken; a price of zero is refused, since it is no level. field is for the error.
func ReadLevels(d *jx.Decoder, field string, dst []message.Level) ([]message.Level, error) {
	levels, err := d.ArrIter()
	if err != nil {
		return dst, notArray(d, field, err)
	}
	for levels.Next() {
		l, err := readLevel(d, field)
		if err != nil {
			return dst, err
		}
		dst = append(dst, l)
	}
	return dst, levels.Err()
}

// notArray tells what d stands before instead of an array; err is what the reader said, which
// holds where that is no JSON at all.
func notArray(d *jx.Decoder, field string, err error) error {
	if kind := d.Next(); kind != jx.Array && kind != jx.Invalid {
		return Refuse(Schema, field, "want an array of levels, each of price and quantity, got %v", kind)
	}
	return err
}

// readLevel reads one level. It is the innermost loop of all decoding, and asks the reader as
// little as it can: each question costs 5 ns.
func readLevel(d *jx.Decoder, field string) (l message.Level, err error) {
	values, err := d.ArrIter()
	if err != nil {
		return l, notArray(d, field, err)
	}
	n := 0
	for ; values.Next(); n++ {
		var t Token
		switch n {
		case 0:
			if t, err = ReadToken(d); err == nil {
				l.Price, err = t.Price(field)
			}
		case 1:
			if t, err = ReadToken(d); err == nil {
				l.Quantity, err = t.Quantity(field)
			}
		default:
			err = d.Skip()
		}
		if err != nil {
			return l, err
		}
	}
	switch {
	case values.Err() != nil:
		return l, values.Err()
	case n < 2:
		return l, Refuse(Schema, field, "want a level of price and quantity, got %d values", n)
	case l.Price.IsZero():
		return l, Refuse(Number, field, "a level at price 0")
	}
	return l, nil
}

// BestFirst puts levels in the order that messages have: bids descend, asks ascend. Frames that
// come in that order or its reverse cost one pass.
func BestFirst(levels []message.Level, side market.Side) {
	better := func(a, b market.Price) bool {
		if side == market.Buy {
			return b.Less(a.Decimal)
		}
		return a.Less(b.Decimal)
	}
	ascends, descends := true, true
	for i := 1; i < len(levels) && (ascends || descends); i++ {
		a, b := levels[i-1].Price, levels[i].Price
		descends = descends && better(a, b)
		ascends = ascends && better(b, a)
	}
	switch {
	case descends:
	case ascends:
		slices.Reverse(levels)
	default: // stable: of two entries for one price the later one stays the later
		slices.SortStableFunc(levels, func(a, b message.Level) int {
			if side == market.Buy {
				return b.Price.Cmp(a.Price.Decimal)
			}
			return a.Price.Cmp(b.Price.Decimal)
		})
	}
}

// Scratch returns levels emptied for the next frame, or nothing if it grew beyond what is worth
// keeping.
func Scratch(levels []message.Level) []message.Level {
	if cap(levels) > levelsKeep {
		return nil
	}
	return levels[:0]
}
