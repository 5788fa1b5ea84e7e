// Package market holds the values of the trade: instruments, prices, quantities, sides,
// times. It imports nothing of Maru, and everything else may import it.
//
// Every value here is immutable and comparable with == unless its comment says otherwise.
package market

import (
	"fmt"
	"time"
)

// Price is an exact price in quote currency per unit of base, 0 or more. Zero means absent:
// no venue here quotes an instrument at nothing.
type Price struct{ Decimal }

// Quantity is an exact amount of base (or of contracts, where the instrument is traded in
// contracts), 0 or more.
type Quantity struct{ Decimal }

// Amount is money: a signed sum in a stated currency, usually the quote currency.
type Amount struct{ Decimal }

// ParsePrice reads a price. It fails as ParseDecimal does, and with ErrNegative below zero.
func ParsePrice(text []byte) (Price, error) {
	d, err := ParseDecimalBytes(text)
	if err == nil && d.Sign() < 0 {
		err = fmt.Errorf("market: price %s: %w", d, ErrNegative)
	}
	return Price{d}, err
}

// ParseQuantity reads a quantity. It fails as ParseDecimal does, and with ErrNegative below
// zero.
func ParseQuantity(text []byte) (Quantity, error) {
	d, err := ParseDecimalBytes(text)
	if err == nil && d.Sign() < 0 {
		err = fmt.Errorf("market: quantity %s: %w", d, ErrNegative)
	}
	return Quantity{d}, err
}

// UnmarshalText reads a price as ParsePrice does.
func (p *Price) UnmarshalText(text []byte) error {
	parsed, err := ParsePrice(text)
	if err == nil {
		*p = parsed
	}
	return err
}

// UnmarshalText reads a quantity as ParseQuantity does.
func (q *Quantity) UnmarshalText(text []byte) error {
	parsed, err := ParseQuantity(text)
	if err == nil {
		*q = parsed
	}
	return err
}

// MustPrice is ParsePrice for constants and tests; it panics on a fault.
func MustPrice(text string) Price {
	p, err := ParsePrice([]byte(text))
	if err != nil {
		panic(err)
	}
	return p
}

// MustQuantity is ParseQuantity for constants and tests; it panics on a fault.
func MustQuantity(text string) Quantity {
	q, err := ParseQuantity([]byte(text))
	if err != nil {
		panic(err)
	}
	return q
}

// Notional is price times quantity, exact. It fails with ErrRange or ErrPrecision.
func Notional(p Price, q Quantity) (Amount, error) {
	d, err := p.Mul(q.Decimal)
	return Amount{d}, err
}

// ErrNegative is returned where a price or a quantity below zero was given.
var ErrNegative = fmt.Errorf("must not be negative")

// Timestamp is a moment as nanoseconds since 1970-01-01 UTC. Zero means that no time is
// known. It compares and travels as what it is, an integer, and holds the years 1678 to 2262.
type Timestamp int64

// TimestampOf turns a time into a Timestamp; the zero time becomes zero.
func TimestampOf(t time.Time) Timestamp {
	if t.IsZero() {
		return 0
	}
	return Timestamp(t.UnixNano())
}

// Milliseconds and its two brothers turn a venue's integer time into a Timestamp.
func Milliseconds(n int64) Timestamp { return Timestamp(n * int64(time.Millisecond)) }

// Microseconds turns microseconds since 1970 into a Timestamp.
func Microseconds(n int64) Timestamp { return Timestamp(n * int64(time.Microsecond)) }

// Seconds turns seconds since 1970 into a Timestamp.
func Seconds(n int64) Timestamp { return Timestamp(n * int64(time.Second)) }

// Time returns t in UTC; the zero Timestamp becomes the zero time.
func (t Timestamp) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(t)).UTC()
}

// IsZero reports whether no time is known.
func (t Timestamp) IsZero() bool { return t == 0 }

// Add returns the moment d later.
func (t Timestamp) Add(d time.Duration) Timestamp { return t + Timestamp(d) }

// Sub returns how much later t is than u.
func (t Timestamp) Sub(u Timestamp) time.Duration { return time.Duration(t - u) }

// Truncate returns t rounded down to a multiple of d since 1970; d of 0 or less returns t.
func (t Timestamp) Truncate(d time.Duration) Timestamp {
	if d <= 0 {
		return t
	}
	r := t % Timestamp(d)
	if r < 0 {
		r += Timestamp(d)
	}
	return t - r
}

// String prints RFC 3339 in UTC with as many decimals as are needed; "-" for none.
func (t Timestamp) String() string {
	if t == 0 {
		return "-"
	}
	return t.Time().Format(time.RFC3339Nano)
}

// AppendTo appends what String prints without allocating.
func (t Timestamp) AppendTo(dst []byte) []byte {
	if t == 0 {
		return append(dst, '-')
	}
	return t.Time().AppendFormat(dst, time.RFC3339Nano)
}
