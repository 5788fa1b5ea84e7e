package market

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// TickStep is one band of a TickRule: prices from From, up to the next band's From, move in steps
// of Size. Both are in quote currency.
type TickStep struct {
	From Price // lowest price of the band; 0 for the first band
	Size Price // smallest price step within the band, above 0
}

// TickRule is the tick size as a function of price: what prices a venue takes. It is immutable
// and may be shared; it is not comparable with ==. The zero TickRule is no rule, for an
// instrument whose ticks are not known: it has no sizes, and no price is valid under it.
//
// A price is valid if it is above zero and a whole multiple of the size of the band it lies in.
// A band holds its own lower edge but not the next band's: where 10 to 100 moves by 0.1 and 100
// and above by 1, the prices about the edge are 99.8, 99.9, 100, 101.
//
// Zero is no price, as in Price, and a price below zero counts as zero. Where no valid price
// exists, the answer is the zero Price.
type TickRule struct {
	// Invariant: empty, or From ascends strictly from zero and every Size is above zero. No
	// From need be a multiple of a Size.
	steps []TickStep
}

// ErrTickRule is returned for steps that make no rule.
var ErrTickRule = errors.New("tick steps must ascend from 0 and have sizes above 0")

// NewTickRule returns the rule of those bands. It fails with ErrTickRule if there is none, if the
// first does not start at 0, if one does not start above the one before, or if a size is zero or
// negative.
func NewTickRule(steps ...TickStep) (TickRule, error) {
	if len(steps) == 0 {
		return TickRule{}, fmt.Errorf("market: tick rule without steps: %w", ErrTickRule)
	}
	for i, s := range steps {
		switch {
		case s.Size.Sign() <= 0,
			i == 0 && !s.From.IsZero(),
			i > 0 && !steps[i-1].From.Less(s.From.Decimal):
			return TickRule{}, fmt.Errorf("market: tick step %d (from %s by %s): %w", i, s.From, s.Size, ErrTickRule)
		}
	}
	return TickRule{slices.Clone(steps)}, nil
}

// FixedTick returns the rule of one size for all prices; a size of zero or less, which says that
// the size is not known, gives the zero TickRule.
func FixedTick(size Price) TickRule {
	if size.Sign() <= 0 {
		return TickRule{}
	}
	return TickRule{[]TickStep{{Size: size}}}
}

// IsZero reports whether r is no rule.
func (r TickRule) IsZero() bool { return len(r.steps) == 0 }

// Steps returns the bands in ascending order.
func (r TickRule) Steps() iter.Seq[TickStep] { return slices.Values(r.steps) }

// String returns the bands as from:size, ascending, such as "0:0.01 100:1"; "-" for no rule.
func (r TickRule) String() string {
	if r.IsZero() {
		return "-"
	}
	var b strings.Builder
	for i, s := range r.steps {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s.From.String())
		b.WriteByte(':')
		b.WriteString(s.Size.String())
	}
	return b.String()
}

// band returns the index of the band that holds p, at least 0. The rule is not zero.
func (r TickRule) band(p Price) int {
	i := len(r.steps) - 1
	for i > 0 && p.Less(r.steps[i].From.Decimal) {
		i--
	}
	return i
}

// Size returns the tick size at p, that is of the band that holds p; the zero Price if r is no
// rule.
func (r TickRule) Size(p Price) Price {
	if r.IsZero() {
		return Price{}
	}
	return r.steps[r.band(p)].Size
}

// Valid reports whether p is a price the rule allows; zero is none.
func (r TickRule) Valid(p Price) bool {
	return p.Sign() > 0 && p.IsMultipleOf(r.Size(p).Decimal)
}

// Floor returns the highest valid price that is not above p, for a bid that must not pay more. It
// is the zero Price if p is below the smallest tick, or if r is no rule.
func (r TickRule) Floor(p Price) Price {
	if r.IsZero() || p.Sign() <= 0 {
		return Price{}
	}
	i := r.band(p)
	f, _ := p.floor(r.steps[i].Size.Decimal) // a positive number has a floor
	return r.settleDown(i, Price{f})
}

// Ceil returns the lowest valid price that is not below p, for an offer that must not take less.
// It is the zero Price if p is zero, if the price would be above the range of a Decimal, or if r
// is no rule.
func (r TickRule) Ceil(p Price) Price {
	if p.Sign() <= 0 {
		return Price{}
	}
	if r.Valid(p) {
		return p
	}
	return r.Next(p)
}

// Next returns the lowest valid price above p, whether or not p is valid; above zero that is the
// smallest tick. It is the zero Price if that is above the range of a Decimal, or if r is no
// rule.
func (r TickRule) Next(p Price) Price {
	if r.IsZero() {
		return Price{}
	}
	if p.Sign() < 0 {
		p = Price{}
	}
	for i := r.band(p); ; i++ {
		size := r.steps[i].Size.Decimal
		f, _ := p.floor(size)
		n, err := f.Add(size) // on failure n is zero, and above every edge
		last := i+1 == len(r.steps)
		if last || err == nil && n.Less(r.steps[i+1].From.Decimal) {
			return Price{n}
		}
		// No multiple is left in this band: the next one's lower edge is the first candidate.
		p = r.steps[i+1].From
		if r.Valid(p) {
			return p
		}
	}
}

// Prev returns the highest valid price below p, whether or not p is valid. It is the zero Price
// if there is none, or if r is no rule.
func (r TickRule) Prev(p Price) Price {
	if r.IsZero() || p.Sign() <= 0 {
		return Price{}
	}
	return r.Floor(Price{p.below()})
}

// settleDown returns p, which is a multiple of band i's size, if it lies in band i or above, and
// else the highest valid price below band i.
func (r TickRule) settleDown(i int, p Price) Price {
	for p.Less(r.steps[i].From.Decimal) { // never at the first band, which starts at zero
		edge := r.steps[i].From
		i--
		f, _ := edge.below().floor(r.steps[i].Size.Decimal)
		p = Price{f}
	}
	return p
}

// below returns the next lower Decimal of d, which is above zero.
func (d Decimal) below() Decimal {
	hi, lo := sub128(uint64(d.hi), d.lo, 0, 1)
	return Decimal{int64(hi), lo}
}

// ---- rules of venues

// UpbitKRWTicks returns the rule of Upbit's KRW market, in force since 2025-07-31.
//
// Source: docs.upbit.com/kr/docs/krw-market-info, page of 2026-05-04 (a stored copy that ends in
// the row from 10; the rows below were read in four public programs that cite the page, and agree).
// Pairs may differ: from 2025-03-21 KRW-USDT and KRW-USDC moved by 0.5 between 1,000 and 10,000,
// and whether that outlived 2025-07-31 was not found. GET /v1/orderbook/instruments states the
// size now in force for a pair; where it contradicts this table, it is right.
func UpbitKRWTicks() TickRule { return upbitKRWTicks }

var upbitKRWTicks = mustTickRule(
	"0", "0.00000001",
	"0.00001", "0.0000001",
	"0.0001", "0.000001",
	"0.001", "0.00001",
	"0.01", "0.0001",
	"0.1", "0.001",
	"1", "0.01",
	"10", "0.1",
	"100", "1",
	"5000", "5",
	"10000", "10",
	"50000", "50",
	"100000", "100",
	"500000", "500",
	"1000000", "1000",
)

// BithumbKRWTicks returns the rule of Bithumb's KRW market.
//
// Source: Bithumb's own github.com/bithumb-official/bithumb-ai-trade-kit at 0311ab3b37,
// skills/bithumb-trade/references/order-commands.md, "Price Tick", which calls it fixed policy
// (read 2026-11-20; the page gives no date of effect). The venue's catalog states no tick size. A
// capture of 2021-06-01 agrees in every band but 100 to 1,000, which then moved by 0.1; a book
// from before the change may therefore hold prices that are not valid here. No exceptions for
// single pairs were found.
func BithumbKRWTicks() TickRule { return bithumbKRWTicks }

var bithumbKRWTicks = mustTickRule(
	"0", "0.0001",
	"1", "0.001",
	"10", "0.01",
	"100", "1",
	"5000", "5",
	"10000", "10",
	"50000", "50",
	"100000", "100",
	"500000", "500",
	"1000000", "1000",
)

// KRXTicks returns the rule of the Korea Exchange for stocks on KOSPI, KOSDAQ and KONEX, in force
// since 2023-01-25.
//
// Source: the exchange's announcement as reported by Yonhap and others on 2023-01-17
// (m.wowtv.co.kr, AKR20230117062300002). It is not for ETFs and ETNs, which since December 2023
// move by 1 below 2,000 and by 5 from there, nor for ELWs.
func KRXTicks() TickRule { return krxTicks }

var krxTicks = mustTickRule(
	"0", "1",
	"2000", "5",
	"5000", "10",
	"20000", "50",
	"50000", "100",
	"200000", "500",
	"500000", "1000",
)

// mustTickRule returns the rule of those pairs of From and Size; it panics on a fault.
func mustTickRule(fromSize ...string) TickRule {
	var steps []TickStep
	for pair := range slices.Chunk(fromSize, 2) {
		steps = append(steps, TickStep{From: MustPrice(pair[0]), Size: MustPrice(pair[1])})
	}
	r, err := NewTickRule(steps...)
	if err != nil {
		panic(err)
	}
	return r
}
