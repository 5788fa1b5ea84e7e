package portfolio

import (
	"fmt"
	"slices"

	"github.com/maru-trading/maru/actors/market"
)

// Rate is a fixed rate: one From is worth Value To.
type Rate struct {
	From, To string
	Value    market.Decimal
}

// Validate returns what is wrong with r.
func (r Rate) Validate() error {
	if r.From == "" || r.To == "" || r.From == r.To || r.Value.Sign() <= 0 {
		return fmt.Errorf("rate from %q to %q of %v: want two currencies and a value above zero", r.From, r.To, r.Value)
	}
	return nil
}

// Rates turns amounts of one currency into another, at last prices and fixed rates. A path takes
// one or two steps; the shortest is taken, a fixed rate before a price, then the first by name, so
// that the same marks always give the same value. It is not for concurrent use.
type Rates struct {
	links map[string][]link // by currency
	marks map[market.Instrument]market.Price
}

// link leads from one currency to another.
type link struct {
	to         string
	instrument market.Instrument // zero: fixed
	divide     bool              // by the price, because the currency is the instrument's quote
	fixed      market.Decimal
}

// NewRates returns fixed rates, which go both ways; those that Validate refuses are left out.
func NewRates(fixed []Rate) *Rates {
	r := &Rates{links: make(map[string][]link), marks: make(map[market.Instrument]market.Price)}
	for _, f := range fixed {
		if f.Validate() == nil {
			r.links[f.From] = append(r.links[f.From], link{to: f.To, fixed: f.Value})
			r.links[f.To] = append(r.links[f.To], link{to: f.From, fixed: f.Value, divide: true})
		}
	}
	return r
}

// Connect makes an instrument's price a rate between its base and its quote, once there is one.
// Derivatives connect nothing: their base is no currency that is held.
func (r *Rates) Connect(i market.Instrument) {
	if !i.IsSpot() {
		return
	}
	for _, l := range []struct {
		from string
		link link
	}{{i.Base(), link{to: i.Quote(), instrument: i}}, {i.Quote(), link{to: i.Base(), instrument: i, divide: true}}} {
		links := append(r.links[l.from], l.link)
		slices.SortStableFunc(links, func(a, b link) int { return a.instrument.Compare(b.instrument) }) // fixed ones have no name
		r.links[l.from] = links
	}
}

// Mark sets the price of an instrument; zero is ignored.
func (r *Rates) Mark(i market.Instrument, price market.Price) {
	if price.Sign() > 0 {
		r.marks[i] = price
	}
}

// Convert returns what an amount is worth in another currency, rounded half-even to 18 decimals a
// step. It reports false where no path of known prices leads there, or beyond a Decimal's range.
func (r *Rates) Convert(amount market.Decimal, from, to string) (market.Decimal, bool) {
	if from == to || amount.IsZero() {
		return amount, true
	}
	for _, l := range r.links[from] {
		if l.to == to {
			if v, ok := r.step(amount, l); ok {
				return v, true
			}
		}
	}
	for _, first := range r.links[from] {
		for _, second := range r.links[first.to] {
			if second.to != to {
				continue
			}
			if v, ok := r.step(amount, first); ok {
				if v, ok = r.step(v, second); ok {
					return v, true
				}
			}
		}
	}
	return market.Decimal{}, false
}

func (r *Rates) step(amount market.Decimal, l link) (market.Decimal, bool) {
	rate := l.fixed
	if !l.instrument.IsZero() {
		rate = r.marks[l.instrument].Decimal
	}
	if rate.Sign() <= 0 {
		return market.Decimal{}, false
	}
	var v market.Decimal
	var err error
	if l.divide {
		v, err = amount.Quo(rate)
	} else {
		v, err = amount.MulRound(rate)
	}
	return v, err == nil
}
