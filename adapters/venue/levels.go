package venue

import (
	"errors"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// ReadLevels reads an array of levels, each an array of price, quantity and anything else, and
// appends them to dst. It fails with a DecodeError, or with the reader's error where the JSON is
// broken; a price of zero is refused, since it is no level. field is for the error.
func ReadLevels(d *scan.Decoder, field string, dst []message.Level) ([]message.Level, error) {
	if err := d.Array(); err != nil {
		return dst, notArray(field, err)
	}
	for d.More() {
		// The level is made in its place: it has 64 bytes, which are not worth copying twice.
		dst = append(dst, message.Level{})
		if err := readLevel(d, field, &dst[len(dst)-1]); err != nil {
			return dst[:len(dst)-1], err
		}
	}
	return dst, d.Err()
}

// notArray tells of a value that is no array; any other error is the reader's.
func notArray(field string, err error) error {
	var wrong *scan.TypeError
	if errors.As(err, &wrong) {
		return Refuse(Schema, field, "want an array of levels, each of price and quantity, got %v", wrong.Got)
	}
	return err
}

// readLevel reads one level. It is the innermost loop of all decoding.
func readLevel(d *scan.Decoder, field string, l *message.Level) (err error) {
	if err := d.Array(); err != nil {
		return notArray(field, err)
	}
	n := 0
	for ; d.More(); n++ {
		switch n {
		case 0:
			l.Price, err = ReadPrice(d, field)
		case 1:
			l.Quantity, err = ReadQuantity(d, field)
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
	case n < 2:
		return Refuse(Schema, field, "want a level of price and quantity, got %d values", n)
	case l.Price.IsZero():
		return Refuse(Number, field, "a level at price 0")
	}
	return nil
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
