package classifier

import "math"

// A part of an expression as a closure over the row. Comparisons of a feature with a constant or
// another feature, which most criteria are, have closures of their own: one call instead of three.
type (
	number func(row []float64) float64 // NaN is not known
	truth  func(row []float64) Verdict
)

func featureAt(slot int) number { return func(row []float64) float64 { return row[slot] } }

func negate(f number) number { return func(row []float64) float64 { return -f(row) } }

func absolute(f number) number { return func(row []float64) float64 { return math.Abs(f(row)) } }

// smaller and greater are NaN if either side is.
func smaller(f, g number) number {
	return func(row []float64) float64 { return min(f(row), g(row)) }
}

func greater(f, g number) number {
	return func(row []float64) float64 { return max(f(row), g(row)) }
}

// arithmetic returns l operator r. Every result goes through float64, which forbids the compiler
// to fuse it with the next step: arm64 would, and then judge other than amd64 does.
func arithmetic(operator string, l, r term) number {
	if l.feature && r.feature {
		i, j := l.slot, r.slot
		switch operator {
		case "+":
			return func(row []float64) float64 { return row[i] + row[j] }
		case "-":
			return func(row []float64) float64 { return row[i] - row[j] }
		case "*":
			return func(row []float64) float64 { return float64(row[i] * row[j]) }
		}
		return func(row []float64) float64 { return quotient(row[i], row[j]) }
	}
	f, g := l.number, r.number
	switch operator {
	case "+":
		return func(row []float64) float64 { return f(row) + g(row) }
	case "-":
		return func(row []float64) float64 { return f(row) - g(row) }
	case "*":
		return func(row []float64) float64 { return float64(f(row) * g(row)) }
	}
	return func(row []float64) float64 { return quotient(f(row), g(row)) }
}

// quotient is not known where the divisor is zero.
func quotient(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}

func above(a, b float64) Verdict {
	if a > b {
		return True
	}
	if a <= b {
		return False
	}
	return NotReady
}

func notBelow(a, b float64) Verdict {
	if a >= b {
		return True
	}
	if a < b {
		return False
	}
	return NotReady
}

func equal(a, b float64) Verdict {
	if a == b {
		return True
	}
	if a < b || a > b {
		return False
	}
	return NotReady
}

// compare returns l operator r.
func compare(operator string, l, r term) truth {
	switch operator {
	case "<":
		return compare(">", r, l)
	case "<=":
		return compare(">=", r, l)
	case "!=":
		return not(compare("==", l, r))
	}
	i, j, a, b := l.slot, r.slot, l.value, r.value
	f, g := l.number, r.number
	switch operator {
	case ">":
		switch {
		case l.feature && r.constant:
			return func(row []float64) Verdict { return above(row[i], b) }
		case l.constant && r.feature:
			return func(row []float64) Verdict { return above(a, row[j]) }
		case l.feature && r.feature:
			return func(row []float64) Verdict { return above(row[i], row[j]) }
		case r.constant:
			return func(row []float64) Verdict { return above(f(row), b) }
		case l.constant:
			return func(row []float64) Verdict { return above(a, g(row)) }
		}
		return func(row []float64) Verdict { return above(f(row), g(row)) }
	case ">=":
		switch {
		case l.feature && r.constant:
			return func(row []float64) Verdict { return notBelow(row[i], b) }
		case l.constant && r.feature:
			return func(row []float64) Verdict { return notBelow(a, row[j]) }
		case l.feature && r.feature:
			return func(row []float64) Verdict { return notBelow(row[i], row[j]) }
		case r.constant:
			return func(row []float64) Verdict { return notBelow(f(row), b) }
		case l.constant:
			return func(row []float64) Verdict { return notBelow(a, g(row)) }
		}
		return func(row []float64) Verdict { return notBelow(f(row), g(row)) }
	}
	return func(row []float64) Verdict { return equal(f(row), g(row)) }
}

func not(f truth) truth { return func(row []float64) Verdict { return -f(row) } }

// and is false as soon as one side is, whatever is not known of the other.
func and(f, g truth) truth {
	return func(row []float64) Verdict {
		v := f(row)
		if v == False {
			return False
		}
		return min(v, g(row))
	}
}

// or is true as soon as one side is, whatever is not known of the other.
func or(f, g truth) truth {
	return func(row []float64) Verdict {
		v := f(row)
		if v == True {
			return True
		}
		return max(v, g(row))
	}
}
