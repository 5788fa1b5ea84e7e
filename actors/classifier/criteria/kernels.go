package criteria

import (
	"encoding/binary"
	"math"
)

// The loops that columns are judged with. Each first tells the compiler that all slices are of one
// length. Verdicts come from two comparisons and no branch: neither is true of NaN.

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func greater(dst []byte, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		x, y := a[i], b[i]
		dst[i] = bit(x > y) | bit(x <= y)<<1
	}
}

func greaterEqual(dst []byte, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		x, y := a[i], b[i]
		dst[i] = bit(x >= y) | bit(x < y)<<1
	}
}

func equal(dst []byte, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		x, y := a[i], b[i]
		dst[i] = bit(x == y) | (bit(x < y)|bit(x > y))<<1
	}
}

func greaterThan(dst []byte, a []float64, y float64) {
	a = a[:len(dst)]
	for i := range dst {
		x := a[i]
		dst[i] = bit(x > y) | bit(x <= y)<<1
	}
}

func atLeast(dst []byte, a []float64, y float64) {
	a = a[:len(dst)]
	for i := range dst {
		x := a[i]
		dst[i] = bit(x >= y) | bit(x < y)<<1
	}
}

func lessThan(dst []byte, a []float64, y float64) {
	a = a[:len(dst)]
	for i := range dst {
		x := a[i]
		dst[i] = bit(x < y) | bit(x >= y)<<1
	}
}

func atMost(dst []byte, a []float64, y float64) {
	a = a[:len(dst)]
	for i := range dst {
		x := a[i]
		dst[i] = bit(x <= y) | bit(x > y)<<1
	}
}

func equals(dst []byte, a []float64, y float64) {
	a = a[:len(dst)]
	for i := range dst {
		x := a[i]
		dst[i] = bit(x == y) | (bit(x < y)|bit(x > y))<<1
	}
}

// convert makes verdicts of 1, 0 and NaN.
func convert(dst []byte, a []float64) {
	a = a[:len(dst)]
	for i := range dst {
		x := a[i]
		dst[i] = bit(x == 1) | bit(x == 0)<<1
	}
}

func fill(dst []byte, v Verdict) {
	for i := range dst {
		dst[i] = byte(v)
	}
}

// Eight verdicts in a word: the bits that say true, and those that say false.
const (
	trues  = 0x0101010101010101 * uint64(True)
	falses = 0x0101010101010101 * uint64(False)
)

func negate(dst, a []byte) {
	a = a[:len(dst)]
	i := 0
	for ; i+8 <= len(dst); i += 8 {
		x := binary.LittleEndian.Uint64(a[i:])
		binary.LittleEndian.PutUint64(dst[i:], x&trues<<1|x>>1&trues)
	}
	for ; i < len(dst); i++ {
		dst[i] = byte(Verdict(a[i]).Not())
	}
}

func both(dst, a, b []byte) {
	a, b = a[:len(dst)], b[:len(dst)]
	i := 0
	for ; i+8 <= len(dst); i += 8 {
		x, y := binary.LittleEndian.Uint64(a[i:]), binary.LittleEndian.Uint64(b[i:])
		binary.LittleEndian.PutUint64(dst[i:], x&y&trues|(x|y)&falses)
	}
	for ; i < len(dst); i++ {
		dst[i] = byte(Verdict(a[i]).And(Verdict(b[i])))
	}
}

func any2(dst, a, b []byte) {
	a, b = a[:len(dst)], b[:len(dst)]
	i := 0
	for ; i+8 <= len(dst); i += 8 {
		x, y := binary.LittleEndian.Uint64(a[i:]), binary.LittleEndian.Uint64(b[i:])
		binary.LittleEndian.PutUint64(dst[i:], (x|y)&trues|x&y&falses)
	}
	for ; i < len(dst); i++ {
		dst[i] = byte(Verdict(a[i]).Or(Verdict(b[i])))
	}
}

// All writes into dst, for each place, whether every column is true there. Without columns all is
// true.
func All(dst Column, columns ...Column) {
	fill(dst, True)
	for _, c := range columns {
		both(dst, dst, c)
	}
}

func single(o op, dst, a []float64) {
	a = a[:len(dst)]
	switch o {
	case opNegate:
		for i := range dst {
			dst[i] = -a[i]
		}
	case opAbs:
		for i := range dst {
			dst[i] = math.Abs(a[i])
		}
	case opSqrt:
		for i := range dst {
			dst[i] = math.Sqrt(a[i])
		}
	default:
		for i := range dst {
			dst[i] = compute(o, a[i], 0)
		}
	}
}

func columnsOf(o op, dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	switch o {
	case opAdd:
		for i := range dst {
			dst[i] = a[i] + b[i]
		}
	case opSubtract:
		for i := range dst {
			dst[i] = a[i] - b[i]
		}
	case opMultiply:
		for i := range dst {
			dst[i] = a[i] * b[i]
		}
	case opDivide:
		for i := range dst {
			dst[i] = quotient(a[i], b[i])
		}
	case opMin:
		for i := range dst {
			dst[i] = min(a[i], b[i])
		}
	case opMax:
		for i := range dst {
			dst[i] = max(a[i], b[i])
		}
	default:
		for i := range dst {
			dst[i] = compute(o, a[i], b[i])
		}
	}
}

func constantRight(o op, dst, a []float64, y float64) {
	a = a[:len(dst)]
	switch o {
	case opAdd:
		for i := range dst {
			dst[i] = a[i] + y
		}
	case opSubtract:
		for i := range dst {
			dst[i] = a[i] - y
		}
	case opMultiply:
		for i := range dst {
			dst[i] = a[i] * y
		}
	default:
		for i := range dst {
			dst[i] = compute(o, a[i], y)
		}
	}
}

func constantLeft(o op, dst []float64, x float64, b []float64) {
	b = b[:len(dst)]
	switch o {
	case opAdd:
		for i := range dst {
			dst[i] = x + b[i]
		}
	case opSubtract:
		for i := range dst {
			dst[i] = x - b[i]
		}
	case opMultiply:
		for i := range dst {
			dst[i] = x * b[i]
		}
	case opDivide:
		for i := range dst {
			dst[i] = quotient(x, b[i])
		}
	default:
		for i := range dst {
			dst[i] = compute(o, x, b[i])
		}
	}
}

// quotient is not known where the divisor is zero.
func quotient(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}
