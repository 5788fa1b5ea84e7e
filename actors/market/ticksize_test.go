package market

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestNewTickRule(t *testing.T) {
	step := func(from, size string) TickStep {
		return TickStep{From: Price{MustDecimal(from)}, Size: Price{MustDecimal(size)}}
	}
	for _, steps := range [][]TickStep{
		nil,
		{step("1", "1")},
		{step("-1", "1")},
		{step("0", "0")},
		{step("0", "-1")},
		{step("0", "1"), step("0", "5")},
		{step("0", "1"), step("100", "5"), step("10", "10")},
		{step("0", "1"), step("100", "5"), step("100", "10")},
		{step("0", "1"), step("100", "0")},
	} {
		if r, err := NewTickRule(steps...); !errors.Is(err, ErrTickRule) || !r.IsZero() {
			t.Errorf("NewTickRule(%v) = %s, %v; want ErrTickRule", steps, r, err)
		}
	}

	steps := []TickStep{step("0", "0.01"), step("100", "1")}
	r, err := NewTickRule(steps...)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(steps)
	steps[1] = step("50", "7") // the rule keeps its own copy
	if got := slices.Collect(r.Steps()); !slices.Equal(got, want) {
		t.Errorf("Steps = %v; want %v", got, want)
	}
	if r.String() != "0:0.01 100:1" {
		t.Errorf("String = %s", r)
	}
}

func TestTickRuleZero(t *testing.T) {
	for _, r := range []TickRule{{}, FixedTick(Price{}), FixedTick(Price{MustDecimal("-1")})} {
		p, none := MustPrice("100"), Price{}
		if !r.IsZero() || r.Valid(p) || r.Size(p) != none || r.Floor(p) != none || r.Ceil(p) != none || r.Next(p) != none || r.Prev(p) != none {
			t.Errorf("the rule that is none answers for a price: %s", r)
		}
		if r.String() != "-" || len(slices.Collect(r.Steps())) != 0 {
			t.Errorf("the rule that is none prints %s", r)
		}
	}
}

func TestVenueTicks(t *testing.T) {
	for _, c := range []struct {
		venue                                string
		rule                                 TickRule
		price, size, floor, ceil, prev, next string
	}{
		// Upbit, every edge.
		{"upbit", UpbitKRWTicks(), "0.00000001", "0.00000001", "0.00000001", "0.00000001", "0", "0.00000002"},
		{"upbit", UpbitKRWTicks(), "0.000000005", "0.00000001", "0", "0.00000001", "0", "0.00000001"},
		{"upbit", UpbitKRWTicks(), "0.00001", "0.0000001", "0.00001", "0.00001", "0.00000999", "0.0000101"},
		{"upbit", UpbitKRWTicks(), "0.0001", "0.000001", "0.0001", "0.0001", "0.0000999", "0.000101"},
		{"upbit", UpbitKRWTicks(), "0.001", "0.00001", "0.001", "0.001", "0.000999", "0.00101"},
		{"upbit", UpbitKRWTicks(), "0.01", "0.0001", "0.01", "0.01", "0.00999", "0.0101"},
		{"upbit", UpbitKRWTicks(), "0.1", "0.001", "0.1", "0.1", "0.0999", "0.101"},
		{"upbit", UpbitKRWTicks(), "1", "0.01", "1", "1", "0.999", "1.01"},
		{"upbit", UpbitKRWTicks(), "10", "0.1", "10", "10", "9.99", "10.1"},
		{"upbit", UpbitKRWTicks(), "99.95", "0.1", "99.9", "100", "99.9", "100"},
		{"upbit", UpbitKRWTicks(), "100", "1", "100", "100", "99.9", "101"},
		{"upbit", UpbitKRWTicks(), "100.1", "1", "100", "101", "100", "101"},
		{"upbit", UpbitKRWTicks(), "1000", "1", "1000", "1000", "999", "1001"},
		{"upbit", UpbitKRWTicks(), "1343.5", "1", "1343", "1344", "1343", "1344"},
		{"upbit", UpbitKRWTicks(), "5000", "5", "5000", "5000", "4999", "5005"},
		{"upbit", UpbitKRWTicks(), "10000", "10", "10000", "10000", "9995", "10010"},
		{"upbit", UpbitKRWTicks(), "50000", "50", "50000", "50000", "49990", "50050"},
		{"upbit", UpbitKRWTicks(), "100000", "100", "100000", "100000", "99950", "100100"},
		{"upbit", UpbitKRWTicks(), "500000", "500", "500000", "500000", "499900", "500500"},
		{"upbit", UpbitKRWTicks(), "999999.9", "500", "999500", "1000000", "999500", "1000000"},
		{"upbit", UpbitKRWTicks(), "1000000", "1000", "1000000", "1000000", "999500", "1001000"},
		{"upbit", UpbitKRWTicks(), "2000000", "1000", "2000000", "2000000", "1999000", "2001000"},
		{"upbit", UpbitKRWTicks(), "116208000", "1000", "116208000", "116208000", "116207000", "116209000"},
		{"upbit", UpbitKRWTicks(), "116208000.01", "1000", "116208000", "116209000", "116208000", "116209000"},

		{"bithumb", BithumbKRWTicks(), "0.0001", "0.0001", "0.0001", "0.0001", "0", "0.0002"},
		{"bithumb", BithumbKRWTicks(), "1", "0.001", "1", "1", "0.9999", "1.001"},
		{"bithumb", BithumbKRWTicks(), "10", "0.01", "10", "10", "9.999", "10.01"},
		{"bithumb", BithumbKRWTicks(), "100", "1", "100", "100", "99.99", "101"},
		{"bithumb", BithumbKRWTicks(), "1000", "1", "1000", "1000", "999", "1001"},
		{"bithumb", BithumbKRWTicks(), "5000", "5", "5000", "5000", "4999", "5005"},
		{"bithumb", BithumbKRWTicks(), "10000", "10", "10000", "10000", "9995", "10010"},
		{"bithumb", BithumbKRWTicks(), "27512", "10", "27510", "27520", "27510", "27520"},
		{"bithumb", BithumbKRWTicks(), "50000", "50", "50000", "50000", "49990", "50050"},
		{"bithumb", BithumbKRWTicks(), "100000", "100", "100000", "100000", "99950", "100100"},
		{"bithumb", BithumbKRWTicks(), "123456", "100", "123400", "123500", "123400", "123500"},
		{"bithumb", BithumbKRWTicks(), "500000", "500", "500000", "500000", "499900", "500500"},
		{"bithumb", BithumbKRWTicks(), "1000000", "1000", "1000000", "1000000", "999500", "1001000"},
		{"bithumb", BithumbKRWTicks(), "3714500", "1000", "3714000", "3715000", "3714000", "3715000"},

		{"krx", KRXTicks(), "1", "1", "1", "1", "0", "2"},
		{"krx", KRXTicks(), "2000", "5", "2000", "2000", "1999", "2005"},
		{"krx", KRXTicks(), "2001", "5", "2000", "2005", "2000", "2005"},
		{"krx", KRXTicks(), "1999.5", "1", "1999", "2000", "1999", "2000"},
		{"krx", KRXTicks(), "5000", "10", "5000", "5000", "4995", "5010"},
		{"krx", KRXTicks(), "20000", "50", "20000", "20000", "19990", "20050"},
		{"krx", KRXTicks(), "50000", "100", "50000", "50000", "49950", "50100"},
		{"krx", KRXTicks(), "166500", "100", "166500", "166500", "166400", "166600"}, // the announcement's example
		{"krx", KRXTicks(), "199999", "100", "199900", "200000", "199900", "200000"},
		{"krx", KRXTicks(), "200000", "500", "200000", "200000", "199900", "200500"},
		{"krx", KRXTicks(), "500000", "1000", "500000", "500000", "499500", "501000"},
		{"krx", KRXTicks(), "0", "1", "0", "0", "0", "1"},
	} {
		p := MustPrice(c.price)
		for _, f := range []struct {
			name string
			got  Price
			want string
		}{
			{"Size", c.rule.Size(p), c.size}, {"Floor", c.rule.Floor(p), c.floor}, {"Ceil", c.rule.Ceil(p), c.ceil},
			{"Prev", c.rule.Prev(p), c.prev}, {"Next", c.rule.Next(p), c.next},
		} {
			if f.got != MustPrice(f.want) {
				t.Errorf("%s: %s(%s) = %s; want %s", c.venue, f.name, p, f.got, f.want)
			}
		}
		if want := c.floor == c.ceil && !p.IsZero(); c.rule.Valid(p) != want {
			t.Errorf("%s: Valid(%s) = %v", c.venue, p, !want)
		}
	}
}

// TestTickRuleRangeEnds asks for prices beyond the ends of a Decimal.
func TestTickRuleRangeEnds(t *testing.T) {
	top, none := Price{MustDecimal(maxDecimal)}, Price{}
	r := UpbitKRWTicks()
	last := MustPrice("170141183460469231000")
	if r.Floor(top) != last || r.Prev(top) != last || r.Ceil(top) != none || r.Next(top) != none || r.Valid(top) {
		t.Errorf("at the top: floor %s, prev %s, ceil %s, next %s", r.Floor(top), r.Prev(top), r.Ceil(top), r.Next(top))
	}
	if r.Next(last) != none || r.Ceil(last) != last || !r.Valid(last) {
		t.Errorf("at the last price: next %s, ceil %s", r.Next(last), r.Ceil(last))
	}
	fine := FixedTick(MustPrice(ulp))
	if fine.Ceil(top) != top || fine.Floor(top) != top || fine.Next(top) != none || fine.Prev(fine.Next(none)) != none {
		t.Errorf("by the finest tick: ceil %s, next %s", fine.Ceil(top), fine.Next(top))
	}
	whole := FixedTick(top) // one price only
	if whole.Next(none) != top || whole.Next(top) != none || whole.Prev(top) != none || whole.Floor(last) != none || whole.Ceil(last) != top {
		t.Errorf("by the largest tick: next %s, %s", whole.Next(none), whole.Next(top))
	}
	// A lower band too coarse to reach the edge must not hide the upper band by overflow.
	r, err := NewTickRule(TickStep{Size: Price{MustDecimal("1e20")}}, TickStep{From: Price{MustDecimal("1.5e20")}, Size: MustPrice("1")})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Next(MustPrice("100000000000000000000")); got != MustPrice("150000000000000000000") {
		t.Errorf("across the edge: %s", got)
	}
	minus := Price{MustDecimal("-5")}
	if r := KRXTicks(); r.Valid(minus) || r.Floor(minus) != none || r.Ceil(minus) != none || r.Prev(minus) != none || r.Next(minus) != MustPrice("1") {
		t.Errorf("below zero: floor %s, ceil %s, prev %s, next %s", r.Floor(minus), r.Ceil(minus), r.Prev(minus), r.Next(minus))
	}
	if got := KRXTicks().Size(Price{DecimalFromRaw(math.MinInt64, 1)}); got != MustPrice("1") {
		t.Errorf("size at the bottom: %s", got)
	}
}

// TestTickRuleAgainstList compares random rules, whose edges need not be multiples of anything,
// with the list of all their prices.
func TestTickRuleAgainstList(t *testing.T) {
	const top = 250 // prices are small counts of 1e-18
	price := func(n int) Price { return Price{DecimalFromRaw(0, uint64(n))} }
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "seed2")))
		var steps []TickStep
		size := make([]int, 2*top)
		for from := 0; from < top; from += 1 + rng.IntN(60) {
			s := 1 + rng.IntN(40)
			steps = append(steps, TickStep{From: price(from), Size: price(s)})
			for n := from; n < len(size); n++ {
				size[n] = s
			}
		}
		r, err := NewTickRule(steps...)
		if err != nil {
			t.Fatal(err)
		}
		valid := func(n int) bool { return n > 0 && n%size[n] == 0 }
		below := func(n int) Price { // highest price at or below n
			for ; n > 0; n-- {
				if valid(n) {
					return price(n)
				}
			}
			return Price{}
		}
		above := func(n int) Price { // lowest price at or above n
			for !valid(n) {
				n++
			}
			return price(n)
		}
		for n := range top + 50 {
			p := price(n)
			if r.Size(p) != price(size[n]) || r.Valid(p) != valid(n) {
				t.Fatalf("%s: Size(%d) = %s, Valid %v", r, n, r.Size(p), r.Valid(p))
			}
			if got, want := r.Floor(p), below(n); got != want {
				t.Fatalf("%s: Floor(%d) = %s; want %s", r, n, got, want)
			}
			if got, want := r.Prev(p), below(n-1); got != want {
				t.Fatalf("%s: Prev(%d) = %s; want %s", r, n, got, want)
			}
			if got, want := r.Next(p), above(n+1); got != want {
				t.Fatalf("%s: Next(%d) = %s; want %s", r, n, got, want)
			}
			want := Price{}
			if n > 0 {
				want = above(n)
			}
			if got := r.Ceil(p); got != want {
				t.Fatalf("%s: Ceil(%d) = %s; want %s", r, n, got, want)
			}
		}
	})
}

// TestVenueTicksProperties holds for any price under any rule of a venue.
func TestVenueTicksProperties(t *testing.T) {
	rules := []TickRule{UpbitKRWTicks(), BithumbKRWTicks(), KRXTicks(), FixedTick(MustPrice("0.01"))}
	rapid.Check(t, func(t *rapid.T) {
		src := newSource(t)
		for range perCheck {
			r, p := pick(src, rules...), Price{src.decimal().Abs()}
			if src.IntN(4) == 0 { // about an edge
				edge := pick(src, slices.Collect(r.Steps())...).From
				d, err := edge.Add(DecimalFromRaw(0, uint64(src.IntN(3))))
				if err != nil {
					t.Fatal(err)
				}
				p = Price{d}
			}
			floor, ceil, next, prev := r.Floor(p), r.Ceil(p), r.Next(p), r.Prev(p)
			if p.Less(floor.Decimal) || !floor.IsZero() && !r.Valid(floor) {
				t.Fatalf("%s: Floor(%s) = %s", r, p, floor)
			}
			if !ceil.IsZero() && (ceil.Less(p.Decimal) || !r.Valid(ceil)) {
				t.Fatalf("%s: Ceil(%s) = %s", r, p, ceil)
			}
			if r.Valid(p) != (floor == p && !p.IsZero()) || r.Valid(p) != (ceil == p && !p.IsZero()) {
				t.Fatalf("%s: Valid(%s) = %v, floor %s, ceil %s", r, p, r.Valid(p), floor, ceil)
			}
			if !next.IsZero() && (!p.Less(next.Decimal) || !r.Valid(next) || r.Prev(next) != floor) {
				t.Fatalf("%s: Next(%s) = %s, whose Prev is %s; floor %s", r, p, next, r.Prev(next), floor)
			}
			if !p.IsZero() && (!prev.Less(p.Decimal) || !prev.IsZero() && !r.Valid(prev)) {
				t.Fatalf("%s: Prev(%s) = %s", r, p, prev)
			}
			if r.Valid(p) && r.Next(prev) != p {
				t.Fatalf("%s: Next(Prev(%s)) = %s", r, p, r.Next(prev))
			}
			if r.Valid(p) && !next.IsZero() && r.Prev(next) != p {
				t.Fatalf("%s: Prev(Next(%s)) = %s", r, p, r.Prev(next))
			}
		}
	})
}

func BenchmarkTickRule(b *testing.B) {
	r := UpbitKRWTicks()
	for _, text := range []string{"116208123", "0.012345"} {
		p := MustPrice(text)
		b.Run("Floor "+text, func(b *testing.B) {
			for b.Loop() {
				r.Floor(p)
			}
		})
		b.Run("Next "+text, func(b *testing.B) {
			for b.Loop() {
				r.Next(p)
			}
		})
	}
}
