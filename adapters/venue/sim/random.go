package sim

import (
	"math/bits"
	"math/rand/v2"
)

// random draws whole numbers only: floating point may differ in its last bit between machines,
// and one seed must give one history on all of them.
type random struct{ source *rand.PCG }

func newRandom(seed uint64) random {
	return random{rand.NewPCG(seed, 0x6d617275)} // the second half of the state: "maru"
}

// below returns a number from 0 to n-1; n is above 0.
func (r random) below(n uint64) uint64 {
	hi, _ := bits.Mul64(r.source.Uint64(), n)
	return hi
}

// oneIn is true once in n times on average.
func (r random) oneIn(n uint64) bool { return r.below(n) == 0 }

// exponential returns a number with mean 1<<32, distributed exponentially, by von Neumann's
// method: the length of the first run that descends decides, comparisons are all it takes.
// (J. von Neumann, Various techniques used in connection with random digits, 1951.) Above
// 16 times the mean it is cut.
func (r random) exponential() uint64 {
	for whole := uint64(0); whole < 16; whole++ {
		first := r.source.Uint64() >> 32
		last := first
		odd := true
		for {
			u := r.source.Uint64() >> 32
			if u >= last {
				break
			}
			last = u
			odd = !odd
		}
		if odd {
			return whole<<32 + first
		}
	}
	return 16 << 32
}

// normal returns a number with mean 0 and a standard deviation of 1<<16, nearly normal: the sum
// of twelve even ones.
func (r random) normal() int64 {
	sum := int64(0)
	for range 3 {
		u := r.source.Uint64() // four numbers of 16 bits
		sum += int64(u&0xffff) + int64(u>>16&0xffff) + int64(u>>32&0xffff) + int64(u>>48)
	}
	return sum - 6*0xffff
}

// mulDiv returns a × b ÷ d toward zero; the result must fit.
func mulDiv(a uint64, b int64, d uint64) int64 {
	neg := b < 0
	if neg {
		b = -b
	}
	hi, lo := bits.Mul64(a, uint64(b))
	q, _ := bits.Div64(hi, lo, d)
	if neg {
		return -int64(q)
	}
	return int64(q)
}
