package market

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// Decimal is an exact signed decimal number: a whole count of 1e-18, held in 128 bits.
//
// The range is ±170141183460469231731.687303715884105727, which is ±(2^127-1) × 1e-18: room
// for a turnover of 27 significant digits and for the 18 decimals of an ether. The zero value
// is 0. Every number has one representation, so == compares values and a Decimal can be the
// key of a map. There is no negative zero, no NaN and no infinity.
//
// Nothing here rounds unless its name or its comment says so, nothing wraps around, and
// nothing panics but the functions named Must. What cannot be held is an error:
// ErrRange or ErrPrecision.
//
// Decimals are values. Only String, MarshalText and failures allocate.
type Decimal struct {
	// Two's complement: the value is (hi × 2^64 + lo) × 1e-18.
	// Invariant: not hi == -2^63 with lo == 0, so that every value has a negative.
	hi int64
	lo uint64
}

// DecimalPlaces is the number of decimals a Decimal holds.
const DecimalPlaces = 18

// The causes a Decimal gives for failing. They come wrapped with what was tried: use errors.Is.
var (
	// ErrSyntax: the text is not a decimal number.
	ErrSyntax = errors.New("invalid syntax")
	// ErrRange: the result is beyond ±170141183460469231731.687303715884105727.
	ErrRange = errors.New("value out of range")
	// ErrPrecision: the result needs more than 18 decimals.
	ErrPrecision = errors.New("more than 18 decimals")
	// ErrDivideByZero: the divisor is zero.
	ErrDivideByZero = errors.New("division by zero")
	// ErrStep: the step to round to is zero or negative.
	ErrStep = errors.New("step is not above zero")
)

const (
	unit      = 1_000_000_000_000_000_000 // 1 as a count of 1e-18
	maxDigits = 19                        // digits that always fit in a uint64: 10^19 < 2^64
	signBit   = 1 << 63
)

// pow10 holds the powers of ten a uint64 can hold.
var pow10 = [maxDigits + 1]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// ---- from text

// ParseDecimal reads a decimal number: an optional sign, digits with at most one point among
// or beside them, and an optional exponent. "5", "-0.25", ".5", "5.", "1.16539E8" and "1e-05"
// are numbers; "", ".", "NaN", " 1", "1_0" and "0x1" are not.
//
// It is exact. It fails with ErrSyntax, with ErrRange if the value is too large, and with
// ErrPrecision if a digit other than 0 stands beyond the 18th decimal. On failure the Decimal
// is zero. The time taken depends on the length of the text, never on the exponent.
func ParseDecimal(s string) (Decimal, error) { return parseExact(s) }

// ParseDecimalBytes is ParseDecimal of bytes. It keeps no reference to b, and allocates only to
// report a failure.
func ParseDecimalBytes(b []byte) (Decimal, error) { return parseExact(b) }

// ParseDecimalTruncated reads what ParseDecimalBytes reads, but cuts digits beyond the 18th
// decimal toward zero and says whether any of them was other than 0. It is for balances and
// statistics, which venues state with 20 decimals and more; prices and quantities of orders
// must not lose digits. It fails with ErrSyntax or ErrRange.
func ParseDecimalTruncated(b []byte) (d Decimal, truncated bool, err error) {
	d, ok := parseShort(b)
	if ok {
		return d, false, nil
	}
	d, truncated, err = parseLong(b)
	if err != nil {
		return Decimal{}, false, parseError(b, err)
	}
	return d, truncated, nil
}

// MustDecimal is ParseDecimal for constants and tests; it panics on a fault.
func MustDecimal(s string) Decimal {
	d, err := ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

// parseExact is ParseDecimal of text of either kind.
func parseExact[T string | []byte](s T) (Decimal, error) {
	if d, ok := parseShort(s); ok {
		return d, nil
	}
	d, truncated, err := parseLong(s)
	if err == nil && truncated {
		err = ErrPrecision
	}
	if err != nil {
		return Decimal{}, parseError(s, err)
	}
	return d, nil
}

// parseShort reads a number of at most 19 letters after the sign and without exponent, which is
// what venues send. It leaves everything else, faults included, to parseLong.
func parseShort[T string | []byte](s T) (Decimal, bool) {
	i := 0
	neg := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		i = 1
	}
	start := i
	if len(s)-start > maxDigits {
		return Decimal{}, false
	}
	var n uint64 // cannot overflow: at most 19 digits
	for ; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			break
		}
		n = n*10 + uint64(c)
	}
	digits, scale := i-start, uint(DecimalPlaces)
	if i < len(s) && s[i] == '.' {
		i++
		point := i
		for len(s)-i >= eight {
			v, ok := eightDigits(uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
				uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56)
			if !ok {
				break
			}
			n = n*pow10[eight] + v
			i += eight
		}
		for ; i < len(s); i++ {
			c := s[i] - '0'
			if c > 9 {
				break
			}
			n = n*10 + uint64(c)
		}
		digits += i - point
		scale -= uint(i - point) // at most 18 of 19 letters follow a point
	}
	if i != len(s) || digits == 0 || scale > DecimalPlaces {
		return Decimal{}, false
	}
	hi, lo := bits.Mul64(n, pow10[scale]) // below 10^37, so below 2^127
	return fromMagnitude(neg, hi, lo), true
}

const eight = 8

// eightDigits returns the number that eight letters are, the first of them in the lowest byte, and
// whether all are digits. Most venues write eight decimals, and this takes a third of the time that
// one letter after the other does.
func eightDigits(w uint64) (uint64, bool) {
	const each = 0x0101010101010101
	w ^= each * '0' // a digit is now 0 to 9, and any other letter more
	if (w+each*(0x80-10)|w)&(each*0x80) != 0 {
		return 0, false
	}
	// Neighbours are joined, the first of two counting more: digits to pairs, pairs to fours, fours
	// to all. What a product has above its lane is cut off.
	w = (w*10 + w>>8) & 0x00ff00ff00ff00ff
	w = (w*100 + w>>16) & 0x0000ffff0000ffff
	return (w*10_000 + w>>32) & 0xffffffff, true
}

// parseLong reads any number. truncated tells that digits other than 0 beyond the 18th decimal
// were left out. The error is ErrSyntax or ErrRange, bare.
func parseLong[T string | []byte](s T) (d Decimal, truncated bool, err error) {
	// Find the parts: sign, whole digits, point, decimals, exponent.
	i := 0
	neg := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		i = 1
	}
	wholeAt := i
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	whole := i - wholeAt
	fracAt, frac := i, 0
	if i < len(s) && s[i] == '.' {
		i++
		fracAt = i
		for i < len(s) && s[i]-'0' <= 9 {
			i++
		}
		frac = i - fracAt
	}
	if whole+frac == 0 {
		return Decimal{}, false, ErrSyntax
	}
	exp := 0
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		down := false
		if i < len(s) && (s[i] == '-' || s[i] == '+') {
			down = s[i] == '-'
			i++
		}
		expAt := i
		for ; i < len(s) && s[i]-'0' <= 9; i++ {
			// Far beyond the length of any text, larger makes no difference.
			if exp < math.MaxInt/100 {
				exp = exp*10 + int(s[i]-'0')
			}
		}
		if i == expAt {
			return Decimal{}, false, ErrSyntax
		}
		if down {
			exp = -exp
		}
	}
	if i != len(s) {
		return Decimal{}, false, ErrSyntax
	}

	// Digit k, counted from 0 over whole digits and decimals, weighs 10^(weight-k) × 1e-18.
	digit := func(k int) byte {
		if k < whole {
			return s[wholeAt+k] - '0'
		}
		return s[fracAt+k-whole] - '0'
	}
	weight := whole + exp - 1 + DecimalPlaces
	first := 0
	for first < whole+frac && digit(first) == 0 {
		first++
	}
	if first == whole+frac {
		return Decimal{}, false, nil
	}
	if weight-first > 38 { // 10^39 × 1e-18 and more
		return Decimal{}, false, ErrRange
	}

	// Digits up to the last that weighs 1e-18 or more are kept: 39 at most.
	kept := min(max(weight+1, 0), whole+frac)
	var hi, lo uint64
	for k := first; k < kept; {
		var n uint64
		count := 0
		for ; k < kept && count < maxDigits; k++ {
			n = n*10 + uint64(digit(k))
			count++
		}
		var ok bool
		if hi, lo, ok = mulAdd(hi, lo, pow10[count], n); !ok {
			return Decimal{}, false, ErrRange
		}
	}
	if kept == whole+frac { // pad: the last digit weighs more than 1e-18
		for zeros := weight + 1 - kept; zeros > 0; zeros -= maxDigits {
			var ok bool
			if hi, lo, ok = mulAdd(hi, lo, pow10[min(zeros, maxDigits)], 0); !ok {
				return Decimal{}, false, ErrRange
			}
		}
	}
	for k := max(kept, first); k < whole+frac; k++ {
		if digit(k) != 0 {
			truncated = true
			break
		}
	}
	return fromMagnitude(neg, hi, lo), truncated, nil
}

// mulAdd returns (hi, lo) × m + a, and whether that is at most 2^127-1.
func mulAdd(hi, lo, m, a uint64) (uint64, uint64, bool) {
	over, mid := bits.Mul64(hi, m)
	up, low := bits.Mul64(lo, m)
	low, c := bits.Add64(low, a, 0)
	mid, c2 := bits.Add64(mid, up, c)
	return mid, low, over == 0 && c2 == 0 && mid < signBit
}

// parseError wraps cause with the text, cut to 64 bytes.
//
//go:noinline
func parseError[T string | []byte](s T, cause error) error {
	const most = 64
	if len(s) > most {
		return fmt.Errorf("market: parse decimal %q...: %w", string(s[:most]), cause)
	}
	return fmt.Errorf("market: parse decimal %q: %w", string(s), cause)
}

// ---- from numbers

// DecimalFromInt returns n. Every int64 fits.
func DecimalFromInt(n int64) Decimal {
	neg := n < 0
	m := uint64(n)
	if neg {
		m = -m
	}
	hi, lo := bits.Mul64(m, unit)
	return fromMagnitude(neg, hi, lo)
}

// NewDecimal returns mantissa × 10^exponent, exact. It fails with ErrRange or ErrPrecision.
func NewDecimal(mantissa int64, exponent int) (Decimal, error) {
	if mantissa == 0 {
		return Decimal{}, nil
	}
	neg := mantissa < 0
	m := uint64(mantissa)
	if neg {
		m = -m
	}
	var hi uint64
	switch {
	case exponent >= -DecimalPlaces && exponent <= 0: // most numbers: below 2^64 × 10^18, which fits
		hi, m = bits.Mul64(m, pow10[DecimalPlaces+exponent])
	case exponent > 20: // 10^21 is beyond the range
		return Decimal{}, newError(mantissa, exponent, ErrRange)
	case exponent >= -DecimalPlaces:
		ok := true
		for zeros := exponent + DecimalPlaces; zeros > 0 && ok; zeros -= maxDigits {
			hi, m, ok = mulAdd(hi, m, pow10[min(zeros, maxDigits)], 0)
		}
		if !ok {
			return Decimal{}, newError(mantissa, exponent, ErrRange)
		}
	default:
		cut := -DecimalPlaces - exponent // digits to lose; an int64 has 19
		if exponent < -DecimalPlaces-maxDigits || m%pow10[cut] != 0 {
			return Decimal{}, newError(mantissa, exponent, ErrPrecision)
		}
		m /= pow10[cut]
	}
	return fromMagnitude(neg, hi, m), nil
}

//go:noinline
func newError(mantissa int64, exponent int, cause error) error {
	return fmt.Errorf("market: decimal %de%d: %w", mantissa, exponent, cause)
}

// DecimalFromRaw returns (hi × 2^64 + lo) × 1e-18, the reverse of Raw. The one pattern that is
// no Decimal, hi -2^63 with lo 0, becomes the lowest Decimal, one 1e-18 above; a decoder that
// must notice compares Raw with what it passed in.
func DecimalFromRaw(hi int64, lo uint64) Decimal {
	if hi == math.MinInt64 && lo == 0 {
		lo = 1
	}
	return Decimal{hi, lo}
}

// Raw returns the two's complement count of 1e-18: d is (hi × 2^64 + lo) × 1e-18. It is meant
// for wires and files; DecimalFromRaw reads it back.
func (d Decimal) Raw() (hi int64, lo uint64) { return d.hi, d.lo }

// DecimalFromFloat returns the shortest decimal number that reads back as f, its digits beyond
// the 18th decimal cut toward zero. It fails with ErrSyntax for NaN and the infinities, and with
// ErrRange. It is for indicators and display; money that was ever a float has no place on the
// order path.
func DecimalFromFloat(f float64) (Decimal, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Decimal{}, parseError(strconv.FormatFloat(f, 'g', -1, 64), ErrSyntax)
	}
	var buf [32]byte
	d, _, err := ParseDecimalTruncated(strconv.AppendFloat(buf[:0], f, 'e', -1, 64))
	return d, err
}

// fromMagnitude returns the Decimal of that sign and absolute value, which is at most 2^127-1.
func fromMagnitude(neg bool, hi, lo uint64) Decimal {
	if neg {
		var b uint64
		lo, b = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, b)
	}
	return Decimal{int64(hi), lo}
}

// magnitude returns the absolute value, at most 2^127-1.
func (d Decimal) magnitude() (hi, lo uint64) {
	// The mask is all ones below zero: (x XOR mask) - mask is then the two's complement.
	mask := uint64(d.hi >> 63)
	lo, b := bits.Sub64(d.lo^mask, mask, 0)
	hi, _ = bits.Sub64(uint64(d.hi)^mask, mask, b)
	return hi, lo
}

// ---- arithmetic

// Add returns d + b, exact. It fails with ErrRange.
func (d Decimal) Add(b Decimal) (Decimal, error) {
	lo, c := bits.Add64(d.lo, b.lo, 0)
	hi, _ := bits.Add64(uint64(d.hi), uint64(b.hi), c)
	// Two of one sign overflowed if the sum has the other.
	if (uint64(d.hi)^hi)&(uint64(b.hi)^hi)>>63 != 0 || hi == signBit && lo == 0 {
		return Decimal{}, opError(d, "+", b, ErrRange)
	}
	return Decimal{int64(hi), lo}, nil
}

// Sub returns d - b, exact. It fails with ErrRange.
func (d Decimal) Sub(b Decimal) (Decimal, error) {
	lo, c := bits.Sub64(d.lo, b.lo, 0)
	hi, _ := bits.Sub64(uint64(d.hi), uint64(b.hi), c)
	// Two of different signs overflowed if the difference has not the first one's.
	if (uint64(d.hi)^uint64(b.hi))&(uint64(d.hi)^hi)>>63 != 0 || hi == signBit && lo == 0 {
		return Decimal{}, opError(d, "-", b, ErrRange)
	}
	return Decimal{int64(hi), lo}, nil
}

// Mul returns d × b, exact. It fails with ErrRange, or with ErrPrecision if the product needs
// more than 18 decimals.
func (d Decimal) Mul(b Decimal) (Decimal, error) {
	hi, lo, rest, ok := mulUnits(d, b)
	switch {
	case !ok || hi >= signBit:
		return Decimal{}, opError(d, "*", b, ErrRange)
	case rest != 0:
		return Decimal{}, opError(d, "*", b, ErrPrecision)
	}
	return fromMagnitude(d.hi^b.hi < 0, hi, lo), nil
}

// MulRound returns d × b rounded to 18 decimals, a tie to the even digit. It fails with
// ErrRange.
func (d Decimal) MulRound(b Decimal) (Decimal, error) {
	hi, lo, rest, ok := mulUnits(d, b)
	if ok && (rest > unit/2 || rest == unit/2 && lo&1 == 1) {
		hi, lo, ok = increment(hi, lo)
	}
	if !ok || hi >= signBit {
		return Decimal{}, opError(d, "*", b, ErrRange)
	}
	return fromMagnitude(d.hi^b.hi < 0, hi, lo), nil
}

// mulUnits returns |d| × |b| as a count of 1e-18 and the rest, a count of 1e-36 below 10^18;
// ok is false if the count does not fit in 128 bits.
func mulUnits(d, b Decimal) (hi, lo, rest uint64, ok bool) {
	dh, dl := d.magnitude()
	bh, bl := b.magnitude()
	if dh|bh == 0 { // both below 18.4
		p1, p0 := bits.Mul64(dl, bl)
		if p1 == 0 {
			return 0, p0 / unit, p0 % unit, true
		}
		if p1 < unit {
			lo, rest = bits.Div64(p1, p0, unit)
			return 0, lo, rest, true
		}
		lo, rest = bits.Div64(p1%unit, p0, unit)
		return p1 / unit, lo, rest, true
	}
	// Schoolbook: four words p3 to p0.
	p1, p0 := bits.Mul64(dl, bl)
	x1, x0 := bits.Mul64(dh, bl)
	y1, y0 := bits.Mul64(dl, bh)
	p3, p2 := bits.Mul64(dh, bh)
	var c uint64
	p1, c = bits.Add64(p1, x0, 0)
	p2, c = bits.Add64(p2, x1, c)
	p3 += c
	p1, c = bits.Add64(p1, y0, 0)
	p2, c = bits.Add64(p2, y1, c)
	p3 += c
	if p3 != 0 || p2 >= unit {
		return 0, 0, 0, false
	}
	hi, rest = bits.Div64(p2, p1, unit)
	lo, rest = bits.Div64(rest, p0, unit)
	return hi, lo, rest, true
}

// Quo returns d ÷ b rounded to 18 decimals, a tie to the even digit. It fails with
// ErrDivideByZero or ErrRange.
func (d Decimal) Quo(b Decimal) (Decimal, error) {
	if b.IsZero() {
		return Decimal{}, opError(d, "/", b, ErrDivideByZero)
	}
	dh, dl := d.magnitude()
	bh, bl := b.magnitude()
	// |d| × 10^18 in three words.
	n1, n0 := bits.Mul64(dl, unit)
	n2, x := bits.Mul64(dh, unit)
	n1, c := bits.Add64(n1, x, 0)
	n2 += c
	hi, lo, rh, rl, ok := quoRem(n2, n1, n0, bh, bl)
	if ok {
		// Compare the remainder r with b - r: more than half, or half of an odd quotient.
		th, tl := sub128(bh, bl, rh, rl)
		if half := cmp128(rh, rl, th, tl); half > 0 || half == 0 && lo&1 == 1 {
			hi, lo, ok = increment(hi, lo)
		}
	}
	if !ok || hi >= signBit {
		return Decimal{}, opError(d, "/", b, ErrRange)
	}
	return fromMagnitude(d.hi^b.hi < 0, hi, lo), nil
}

// Neg returns -d.
func (d Decimal) Neg() Decimal {
	lo, b := bits.Sub64(0, d.lo, 0)
	hi, _ := bits.Sub64(0, uint64(d.hi), b)
	return Decimal{int64(hi), lo}
}

// Abs returns d without its sign.
func (d Decimal) Abs() Decimal {
	hi, lo := d.magnitude()
	return Decimal{int64(hi), lo}
}

// Sign returns -1, 0 or 1 as d is below, at or above zero.
func (d Decimal) Sign() int {
	switch {
	case d.hi < 0:
		return -1
	case d.hi == 0 && d.lo == 0:
		return 0
	}
	return 1
}

// IsZero reports whether d is 0.
func (d Decimal) IsZero() bool { return d == Decimal{} }

// Cmp returns -1, 0 or 1 as d is less than, equal to or greater than b.
func (d Decimal) Cmp(b Decimal) int {
	switch {
	case d.Less(b):
		return -1
	case d == b:
		return 0
	}
	return 1
}

// Less reports whether d < b.
func (d Decimal) Less(b Decimal) bool {
	return d.hi < b.hi || d.hi == b.hi && d.lo < b.lo
}

// Min returns the smaller of d and b.
func (d Decimal) Min(b Decimal) Decimal {
	if b.Less(d) {
		return b
	}
	return d
}

// Max returns the greater of d and b.
func (d Decimal) Max(b Decimal) Decimal {
	if d.Less(b) {
		return b
	}
	return d
}

// ---- rounding

// FloorTo returns the greatest multiple of step that is not above d; below zero that is away
// from zero. It fails with ErrStep if step is zero or negative, and with ErrRange if the
// multiple is below the range.
func (d Decimal) FloorTo(step Decimal) (Decimal, error) {
	if step.Sign() <= 0 {
		return Decimal{}, opError(d, "floor to", step, ErrStep)
	}
	f, ok := d.floor(step)
	if !ok {
		return Decimal{}, opError(d, "floor to", step, ErrRange)
	}
	return f, nil
}

// CeilTo returns the least multiple of step that is not below d; below zero that is toward zero.
// It fails with ErrStep if step is zero or negative, and with ErrRange if the multiple is above
// the range.
func (d Decimal) CeilTo(step Decimal) (Decimal, error) {
	if step.Sign() <= 0 {
		return Decimal{}, opError(d, "ceil to", step, ErrStep)
	}
	f, ok := d.Neg().floor(step)
	if !ok {
		return Decimal{}, opError(d, "ceil to", step, ErrRange)
	}
	return f.Neg(), nil
}

// floor is FloorTo of a step above zero; ok is false if the result is out of range.
func (d Decimal) floor(step Decimal) (_ Decimal, ok bool) {
	hi, lo := d.magnitude()
	rh, rl := rem(hi, lo, step)
	if d.hi >= 0 {
		hi, lo = sub128(hi, lo, rh, rl)
		return Decimal{int64(hi), lo}, true
	}
	if rh|rl == 0 {
		return d, true
	}
	// |d| - r + step, both parts below 2^127.
	hi, lo = sub128(hi, lo, rh, rl)
	lo, c := bits.Add64(lo, step.lo, 0)
	hi, _ = bits.Add64(hi, uint64(step.hi), c)
	return fromMagnitude(true, hi, lo), hi < signBit
}

// IsMultipleOf reports whether d is a whole multiple of step, zero included. Nothing is a
// multiple of a step that is zero or negative.
func (d Decimal) IsMultipleOf(step Decimal) bool {
	if step.Sign() <= 0 {
		return false
	}
	hi, lo := d.magnitude()
	rh, rl := rem(hi, lo, step)
	return rh|rl == 0
}

// rem returns (hi, lo) modulo step, which is above zero.
func rem(hi, lo uint64, step Decimal) (rh, rl uint64) {
	if step.hi == 0 {
		if hi == 0 {
			return 0, lo % step.lo
		}
		return 0, bits.Rem64(hi, lo, step.lo)
	}
	_, _, rh, rl, _ = quoRem(0, hi, lo, uint64(step.hi), step.lo)
	return rh, rl
}

// RoundPlaces returns d rounded to n decimals, a tie to the even digit. From 18 on that is d; a
// negative n rounds to tens, hundreds and so on. Where rounding away from zero would leave the
// range, which takes an absolute value above 1.7e20, it rounds toward zero.
func (d Decimal) RoundPlaces(n int) Decimal {
	if n >= DecimalPlaces {
		return d
	}
	if n < -20 { // half of 10^21 is beyond the range
		return Decimal{}
	}
	var sh, sl uint64 // the step, 10^(18-n) × 1e-18
	if zeros := DecimalPlaces - n; zeros <= maxDigits {
		sl = pow10[zeros]
	} else {
		sh, sl = bits.Mul64(pow10[maxDigits], pow10[zeros-maxDigits])
	}
	hi, lo := d.magnitude()
	_, q, rh, rl, _ := quoRem(0, hi, lo, sh, sl)
	hi, lo = sub128(hi, lo, rh, rl)
	th, tl := sub128(sh, sl, rh, rl)
	if half := cmp128(rh, rl, th, tl); half > 0 || half == 0 && q&1 == 1 {
		ul, c := bits.Add64(lo, sl, 0)
		uh, c := bits.Add64(hi, sh, c)
		if c == 0 && uh < signBit {
			hi, lo = uh, ul
		}
	}
	return fromMagnitude(d.hi < 0, hi, lo)
}

// Places returns how many decimals d needs, 0 to 18: 2 for 1.250.
func (d Decimal) Places() int {
	hi, lo := d.magnitude()
	f := bits.Rem64(hi, lo, unit)
	if f == 0 {
		return 0
	}
	n := DecimalPlaces
	if f%1e9 == 0 {
		f /= 1e9
		n -= 9
	}
	for f%10 == 0 {
		f /= 10
		n--
	}
	return n
}

// ---- to text and float

// Float64 returns the float64 nearest to d, a tie to the even one. It is for indicators and
// display; what a float64 cannot hold is lost without notice.
func (d Decimal) Float64() float64 {
	hi, lo := d.magnitude()
	if hi == 0 && lo < 1<<53 { // both sides exact, so the division rounds once
		f := float64(lo) / unit
		if d.hi < 0 {
			f = -f
		}
		return f
	}
	// Shift the count n up until bit 126 is its highest, divide by 10^18 × 2^4, and keep the rest
	// as one sticky bit: the quotient has 62 bits or more, so the conversion rounds correctly,
	// and the last step only moves the exponent.
	//
	//	n / 10^18 = q × 2^4 / 2^shift
	shift := uint(bits.LeadingZeros64(hi)) - 1
	if hi == 0 {
		shift = 63 + uint(bits.LeadingZeros64(lo))
	}
	if shift >= 64 {
		hi, lo = lo<<(shift-64), 0
	} else {
		hi, lo = hi<<shift|lo>>1>>(63-shift), lo<<shift
	}
	q, r := bits.Div64(hi, lo, unit<<4)
	if r != 0 {
		q |= 1
	}
	f := float64(q) * math.Float64frombits(uint64(1023+4-int(shift))<<52)
	if d.hi < 0 {
		f = -f
	}
	return f
}

// maxText is the length of the longest number: a sign, 21 digits, a point and 18 decimals.
const maxText = 41

// String returns d as a plain decimal number: no exponent, no needless zeros, no plus sign.
// ParseDecimal reads it back.
func (d Decimal) String() string {
	var buf [maxText]byte
	return string(d.AppendTo(buf[:0]))
}

// AppendTo appends what String returns to dst and returns the longer slice.
func (d Decimal) AppendTo(dst []byte) []byte {
	hi, lo := d.magnitude()
	if d.hi < 0 {
		dst = append(dst, '-')
	}
	var whole, frac uint64
	if hi < unit {
		whole, frac = bits.Div64(hi, lo, unit)
		dst = strconv.AppendUint(dst, whole, 10)
	} else {
		// 2^64 and more: a first digit or two, then exactly 19.
		top := hi / unit
		whole, frac = bits.Div64(hi%unit, lo, unit)
		top, whole = bits.Div64(top, whole, pow10[maxDigits])
		dst = strconv.AppendUint(dst, top, 10)
		dst = appendDigits(dst, whole, maxDigits)
	}
	if frac == 0 {
		return dst
	}
	dst = append(dst, '.')
	width := DecimalPlaces
	if frac%1e9 == 0 { // most numbers have few decimals
		frac /= 1e9
		width = 9
	}
	for frac%10 == 0 {
		frac /= 10
		width--
	}
	return appendDigits(dst, frac, width)
}

// appendDigits appends n as exactly width digits, at most 19, with leading zeros.
func appendDigits(dst []byte, n uint64, width int) []byte {
	var buf [maxDigits]byte
	for i := width - 1; i >= 0; i-- {
		q := n / 10
		buf[i] = byte('0' + n - q*10)
		n = q
	}
	return append(dst, buf[:width]...)
}

// MarshalText returns what String returns, and no error; encoding/json therefore writes d as a
// string. It implements encoding.TextMarshaler.
func (d Decimal) MarshalText() ([]byte, error) {
	return d.AppendTo(make([]byte, 0, maxText)), nil
}

// UnmarshalText sets d as ParseDecimalBytes reads it, or leaves d alone and fails as that does.
// It implements encoding.TextUnmarshaler.
func (d *Decimal) UnmarshalText(text []byte) error {
	v, err := ParseDecimalBytes(text)
	if err == nil {
		*d = v
	}
	return err
}

//go:noinline
func opError(a Decimal, op string, b Decimal, cause error) error {
	return fmt.Errorf("market: %s %s %s: %w", a, op, b, cause)
}

// ---- 128 bits without sign

// increment returns (hi, lo) + 1, and whether that fits.
func increment(hi, lo uint64) (uint64, uint64, bool) {
	lo, c := bits.Add64(lo, 1, 0)
	hi, c = bits.Add64(hi, 0, c)
	return hi, lo, c == 0
}

func sub128(ah, al, bh, bl uint64) (hi, lo uint64) {
	lo, c := bits.Sub64(al, bl, 0)
	hi, _ = bits.Sub64(ah, bh, c)
	return hi, lo
}

func cmp128(ah, al, bh, bl uint64) int {
	switch {
	case ah < bh || ah == bh && al < bl:
		return -1
	case ah == bh && al == bl:
		return 0
	}
	return 1
}

// quoRem divides the three words n2 n1 n0 by the two words d1 d0, which are not both zero, into
// quotient and remainder; ok is false if the quotient does not fit in 128 bits.
func quoRem(n2, n1, n0, d1, d0 uint64) (qh, ql, rh, rl uint64, ok bool) {
	if d1 == 0 {
		if n2 >= d0 {
			return 0, 0, 0, 0, false
		}
		qh, n1 = bits.Div64(n2, n1, d0)
		ql, rl = bits.Div64(n1, n0, d0)
		return qh, ql, 0, rl, true
	}
	// Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D, in base 2^64: shift until the
	// divisor's highest bit is set, then find two quotient words. The divisor is 2^64 or more, so
	// the quotient always fits.
	s := uint(bits.LeadingZeros64(d1))
	d1 = d1<<s | d0>>1>>(63-s)
	d0 <<= s
	n3 := n2 >> 1 >> (63 - s)
	n2 = n2<<s | n1>>1>>(63-s)
	n1 = n1<<s | n0>>1>>(63-s)
	n0 <<= s
	qh, n2, n1 = quoRemWord(n3, n2, n1, d1, d0)
	ql, n1, n0 = quoRemWord(n2, n1, n0, d1, d0)
	return qh, ql, n1 >> s, n0>>s | n1<<1<<(63-s), true
}

// quoRemWord divides n2 n1 n0 by d1 d0, whose highest bit is set and which is above n2 n1, into
// one word of quotient and two of remainder.
func quoRemWord(n2, n1, n0, d1, d0 uint64) (q, rh, rl uint64) {
	// Guess q from the highest words. The guess is right or one or two too high.
	var r, c uint64
	if n2 >= d1 { // then n2 == d1, and the guess is the greatest word
		q = math.MaxUint64
		r, c = bits.Add64(n1, d1, 0)
	} else {
		q, r = bits.Div64(n2, n1, d1)
	}
	// Lower it while q × d0 is above (r, n0); once r has overflowed a word it cannot be.
	ph, pl := bits.Mul64(q, d0)
	for c == 0 && (ph > r || ph == r && pl > n0) {
		q--
		r, c = bits.Add64(r, d1, 0)
		ph, pl = bits.Mul64(q, d0)
	}
	rh, rl = sub128(r, n0, ph, pl)
	return q, rh, rl
}
