package wire

import (
	"math"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire/wirepb"
)

// reader gathers what the parts of an envelope share, and the first fault. Its methods return zero
// values after a fault; whoever builds a message looks at err first.
type reader struct {
	names []market.Instrument // numbered from 1
	err   error
}

// fail keeps the first fault.
func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = malformed(format, args...)
	}
}

// instruments reads the list of names of an envelope. At least five bytes make a name, so the text
// bounds the list.
func (r *reader) instruments(text string) {
	if text == "" {
		return
	}
	r.names = make([]market.Instrument, 0, min(1+strings.Count(text, "\n"), RowsMax))
	for name := range strings.SplitSeq(text, "\n") {
		i, err := market.ParseInstrument(name)
		if err != nil {
			r.fail("instrument %d: %v", len(r.names)+1, err)
			return
		}
		r.names = append(r.names, i)
	}
}

// instrument returns instrument n of the envelope.
func (r *reader) instrument(n uint32) market.Instrument {
	if n == 0 {
		return market.Instrument{}
	}
	if uint64(n) > uint64(len(r.names)) {
		r.fail("instrument %d of %d", n, len(r.names))
		return market.Instrument{}
	}
	return r.names[n-1]
}

// inOrigins reads a column of origins.
type inOrigins struct {
	r               *reader
	number          []uint32
	venue, received []int64
}

// readOrigins also says how many rows the table has.
func (r *reader) readOrigins(pb *wirepb.Origins) (c inOrigins, rows int) {
	c = inOrigins{r, pb.GetInstrument(), pb.GetVenueTime(), pb.GetReceived()}
	rows = len(c.number)
	if rows > RowsMax {
		r.fail("%d rows, at most %d", rows, RowsMax)
		return c, 0
	}
	ok := isColumn(r, "venue time", c.venue, rows)
	ok = isColumn(r, "received", c.received, rows) && ok
	for _, n := range c.number {
		if uint64(n) > uint64(len(r.names)) {
			r.fail("instrument %d of %d", n, len(r.names))
			ok = false
			break
		}
	}
	if !ok {
		return c, 0
	}
	return c, rows
}

func (c inOrigins) at(i int) message.Origin {
	return message.Origin{
		Instrument: c.r.instrument(c.number[i]),
		VenueTime:  market.Timestamp(at(c.venue, i)),
		Received:   market.Timestamp(at(c.received, i)),
	}
}

// isColumn reports whether c has a value for every row or none at all; at reads such a column.
func isColumn[T any](r *reader, what string, c []T, rows int) bool {
	if len(c) != 0 && len(c) != rows {
		r.fail("column %s has %d values for %d rows", what, len(c), rows)
		return false
	}
	return true
}

// at returns value i of a column that isColumn has seen.
func at[T any](c []T, i int) T {
	if len(c) == 0 {
		var zero T
		return zero
	}
	return c[i]
}

// inDecimals reads a column of decimals.
type inDecimals struct {
	hi []int64
	lo []uint64
}

// readDecimals checks every value, so that at cannot fail. Values below zero are a fault
// unless signed.
func (r *reader) readDecimals(what string, pb *wirepb.Decimals, rows int, signed bool) inDecimals {
	c := inDecimals{pb.GetHi(), pb.GetLo()}
	if !isColumn(r, what, c.hi, rows) || !isColumn(r, what, c.lo, rows) {
		return inDecimals{}
	}
	for i, hi := range c.hi {
		if hi < 0 && (!signed || hi == math.MinInt64 && at(c.lo, i) == 0) {
			r.fail("column %s row %d is below zero or no decimal", what, i)
			return inDecimals{}
		}
	}
	return c
}

func (r *reader) prices(what string, pb *wirepb.Decimals, rows int) inDecimals {
	return r.readDecimals(what, pb, rows, false)
}

func (c inDecimals) at(i int) market.Decimal {
	return market.DecimalFromRaw(at(c.hi, i), at(c.lo, i))
}

func (c inDecimals) price(i int) market.Price       { return market.Price{Decimal: c.at(i)} }
func (c inDecimals) quantity(i int) market.Quantity { return market.Quantity{Decimal: c.at(i)} }

// readBytes checks a column of small numbers, none above most.
func (r *reader) readBytes(what string, c []byte, rows int, most uint8) []byte {
	if !isColumn(r, what, c, rows) {
		return nil
	}
	for i, v := range c {
		if v > most {
			r.fail("column %s row %d is %d, at most %d is known", what, i, v, most)
			return nil
		}
	}
	return c
}

// inTexts reads a column of texts.
type inTexts struct {
	rest   string
	length []uint32
}

// readTexts checks that the lengths add up to the text. Its texts are parts of one string.
func (r *reader) readTexts(what string, pb *wirepb.Texts, rows int) inTexts {
	c := inTexts{"", pb.GetLength()}
	if !isColumn(r, what, c.length, rows) {
		return inTexts{}
	}
	var sum uint64 // at most RowsMax * 2^32
	for _, n := range c.length {
		sum += uint64(n)
	}
	if sum != uint64(len(pb.GetText())) {
		r.fail("column %s has lengths of %d together for %d bytes", what, sum, len(pb.GetText()))
		return inTexts{}
	}
	c.rest = string(pb.GetText())
	return c
}

// next returns the text of the next row.
func (c *inTexts) next(i int) string {
	n := at(c.length, i)
	s := c.rest[:n]
	c.rest = c.rest[n:]
	return s
}

// decimal reads a single decimal.
func (r *reader) decimal(what string, pb *wirepb.Decimal, signed bool) market.Decimal {
	hi, lo := pb.GetHi(), pb.GetLo()
	if hi < 0 && (!signed || hi == math.MinInt64 && lo == 0) {
		r.fail("%s is below zero or no decimal", what)
		return market.Decimal{}
	}
	return market.DecimalFromRaw(hi, lo)
}

func (r *reader) price(what string, pb *wirepb.Decimal) market.Price {
	return market.Price{Decimal: r.decimal(what, pb, false)}
}

func (r *reader) quantity(what string, pb *wirepb.Decimal) market.Quantity {
	return market.Quantity{Decimal: r.decimal(what, pb, false)}
}

func (r *reader) amount(what string, pb *wirepb.Decimal) market.Amount {
	return market.Amount{Decimal: r.decimal(what, pb, true)}
}

// enum reads a single number of at most most.
func (r *reader) enum(what string, v uint32, most uint8) uint8 {
	if v > uint32(most) {
		r.fail("%s is %d, at most %d is known", what, v, most)
		return 0
	}
	return uint8(v)
}
