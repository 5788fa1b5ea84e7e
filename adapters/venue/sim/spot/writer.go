package spot

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// writer appends JSON in the order in which it is told to.
type writer struct {
	b      []byte
	micros bool // times in microseconds
}

// sep puts a comma between two values.
func (w *writer) sep() {
	if n := len(w.b); n > 0 {
		switch w.b[n-1] {
		case '{', '[', ':':
		default:
			w.b = append(w.b, ',')
		}
	}
}

func (w *writer) begin(bracket byte) { w.sep(); w.b = append(w.b, bracket) }
func (w *writer) end(bracket byte)   { w.b = append(w.b, bracket) }

func (w *writer) key(name string) {
	w.sep()
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

func (w *writer) object(name string) { w.key(name); w.b = append(w.b, '{') }
func (w *writer) array(name string)  { w.key(name); w.b = append(w.b, '[') }

func (w *writer) text(name, value string) {
	w.key(name)
	w.b = append(w.b, quoted(value)...)
}

func (w *writer) fixed(name string, value sim.Fixed) {
	w.key(name)
	w.fixedValue(value)
}

func (w *writer) fixedValue(value sim.Fixed) {
	w.sep()
	w.b = append(value.AppendTo(append(w.b, '"')), '"')
}

func (w *writer) amount(name string, value market.Decimal) {
	w.key(name)
	w.amountValue(value)
}

// amountValue writes an amount with eight decimals, or with as many as it has.
func (w *writer) amountValue(value market.Decimal) {
	w.sep()
	w.b = append(appendAmount(append(w.b, '"'), value), '"')
}

func appendAmount(dst []byte, d market.Decimal) []byte {
	start := len(dst)
	dst = d.AppendTo(dst)
	places := 0
	if point := bytes.IndexByte(dst[start:], '.'); point >= 0 {
		places = len(dst) - start - point - 1
	} else {
		dst = append(dst, '.')
	}
	for ; places < 8; places++ {
		dst = append(dst, '0')
	}
	return dst
}

func (w *writer) int(name string, value int64) {
	w.key(name)
	w.b = strconv.AppendInt(w.b, value, 10)
}

func (w *writer) id(name string, value uint64) {
	w.key(name)
	w.b = strconv.AppendUint(w.b, value, 10)
}

func (w *writer) bool(name string, value bool) {
	w.key(name)
	w.b = strconv.AppendBool(w.b, value)
}

func (w *writer) time(name string, value market.Timestamp) {
	w.key(name)
	w.timeValue(value)
}

func (w *writer) timeValue(value market.Timestamp) {
	w.sep()
	unit := int64(time.Millisecond)
	if w.micros {
		unit = int64(time.Microsecond)
	}
	w.b = strconv.AppendInt(w.b, int64(value)/unit, 10)
}

func (w *writer) raw(name string, value []byte) {
	w.key(name)
	w.b = append(w.b, value...)
}

func (w *writer) null(name string) { w.raw(name, []byte("null")) }

// value puts bytes that are JSON where a value belongs.
func (w *writer) value(value []byte) { w.sep(); w.b = append(w.b, value...) }

func (w *writer) strings(name string, values ...string) {
	w.array(name)
	for _, v := range values {
		w.value(quoted(v))
	}
	w.end(']')
}

func quoted(text string) []byte {
	b, err := json.Marshal(text)
	if err != nil {
		panic("spot: " + err.Error()) // a string
	}
	return b
}
