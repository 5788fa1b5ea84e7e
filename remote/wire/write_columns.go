package wire

import (
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire/wirepb"
)

// writer gathers what the parts of an envelope share: the instruments it names, and the first
// fault. The zero writer is ready.
type writer struct {
	names  []market.Instrument // numbered from 1
	number map[market.Instrument]uint32
	last   market.Instrument // events of one instrument tend to come in a row
	lastN  uint32
	err    error
}

// fail keeps the first fault.
func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// linearMax is up to how many instruments a search of the list is cheaper than a map.
const linearMax = 8

// instrument returns the number of i in the envelope, 0 for none.
func (w *writer) instrument(i market.Instrument) uint32 {
	if i.IsZero() {
		return 0
	}
	if i == w.last {
		return w.lastN
	}
	w.last, w.lastN = i, w.find(i)
	return w.lastN
}

func (w *writer) find(i market.Instrument) uint32 {
	if w.number == nil {
		for k, name := range w.names {
			if name == i {
				return uint32(k + 1)
			}
		}
	} else if n, ok := w.number[i]; ok {
		return n
	}
	if venue := string(i.Venue()); strings.ContainsAny(venue, ":\n") {
		w.fail(noForm("venue %q: a colon or a line feed in the name", venue))
	}
	w.names = append(w.names, i)
	n := uint32(len(w.names))
	switch {
	case w.number != nil:
		w.number[i] = n
	case n > linearMax:
		w.number = make(map[market.Instrument]uint32, 4*linearMax)
		for k, name := range w.names {
			w.number[name] = uint32(k + 1)
		}
	}
	return n
}

// instruments returns the list of names as the envelope holds it.
func (w *writer) instruments() string {
	var b strings.Builder
	for k, i := range w.names {
		if k > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(i.String())
	}
	return b.String()
}

// origins writes one row an origin.
type origins struct {
	w  *writer
	pb *wirepb.Origins
}

func newOrigins(w *writer, rows int) origins {
	times := make([]int64, 2*rows)
	return origins{w, &wirepb.Origins{
		Instrument: make([]uint32, 0, rows),
		VenueTime:  times[:0:rows],
		Received:   times[rows:rows],
	}}
}

func (c origins) add(o message.Origin) {
	c.pb.Instrument = append(c.pb.Instrument, c.w.instrument(o.Instrument))
	c.pb.VenueTime = append(c.pb.VenueTime, int64(o.VenueTime))
	c.pb.Received = append(c.pb.Received, int64(o.Received))
}

func (c origins) done() *wirepb.Origins {
	c.pb.VenueTime = column(c.pb.VenueTime)
	c.pb.Received = column(c.pb.Received)
	return c.pb
}

// column returns c, or nothing if all of it is zero.
func column[T comparable](c []T) []T {
	var zero T
	for _, v := range c {
		if v != zero {
			return c
		}
	}
	return nil
}

// decimals is a column being written.
type decimals struct {
	w  *writer
	hi []int64
	lo []uint64
}

func newDecimals(w *writer, rows int) decimals {
	return decimals{w, make([]int64, 0, rows), make([]uint64, 0, rows)}
}

func (c *decimals) add(d market.Decimal) {
	hi, lo := d.Raw()
	c.hi, c.lo = append(c.hi, hi), append(c.lo, lo)
}

// addUnsigned is add of a price or a quantity.
func (c *decimals) addUnsigned(d market.Decimal) {
	if d.Sign() < 0 {
		c.w.fail(noForm("a price or quantity below zero: %v", d))
	}
	c.add(d)
}

func (c *decimals) done() *wirepb.Decimals {
	hi, lo := column(c.hi), column(c.lo)
	if hi == nil && lo == nil {
		return nil
	}
	return &wirepb.Decimals{Hi: hi, Lo: lo}
}

// texts is a column being written.
type texts struct {
	text   []byte
	length []uint32
}

func newTexts(rows int) texts { return texts{length: make([]uint32, 0, rows)} }

func (c *texts) add(s string) {
	if len(c.text) == 0 && s != "" {
		const most = 64 << 10
		c.text = make([]byte, 0, min(len(s)*cap(c.length), most)) // ids of one venue are of one length
	}
	c.text = append(c.text, s...)
	c.length = append(c.length, uint32(len(s)))
}

func (c *texts) done() *wirepb.Texts {
	if len(c.text) == 0 {
		return nil
	}
	return &wirepb.Texts{Text: c.text, Length: c.length}
}

// bytesOf is a column of small numbers being written, a byte each.
type bytesOf struct {
	w    *writer
	what string
	most uint8
	c    []byte
}

func newBytes(w *writer, what string, most uint8, rows int) bytesOf {
	return bytesOf{w, what, most, make([]byte, 0, rows)}
}

func (c *bytesOf) add(v uint8) {
	if v > c.most {
		c.w.fail(noForm("%s %d", c.what, v))
	}
	c.c = append(c.c, v)
}

func (c *bytesOf) addBool(v bool) {
	var b uint8
	if v {
		b = 1
	}
	c.c = append(c.c, b)
}

func (c *bytesOf) done() []byte { return column(c.c) }

// decimal writes a single decimal; absent is zero.
func decimal(d market.Decimal) *wirepb.Decimal {
	if d.IsZero() {
		return nil
	}
	hi, lo := d.Raw()
	return &wirepb.Decimal{Hi: hi, Lo: lo}
}

// unsigned is decimal of a price or a quantity.
func (w *writer) unsigned(d market.Decimal) *wirepb.Decimal {
	if d.Sign() < 0 {
		w.fail(noForm("a price or quantity below zero: %v", d))
	}
	return decimal(d)
}

// enum writes a single number of at most most.
func (w *writer) enum(what string, v, most uint8) uint32 {
	if v > most {
		w.fail(noForm("%s %d", what, v))
	}
	return uint32(v)
}
