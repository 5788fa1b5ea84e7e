package portfolio

import (
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Summary is what a group of positions made, in one currency.
type Summary struct {
	Name       string // of the instrument or strategy; of the account as a whole, its name
	Realized   market.Amount
	Unrealized market.Amount
	Fees       market.Amount
	Exposure   market.Amount // what is held at its marks, sizes added up
	// Missing names what could not be valued and is not in the sums: an instrument without a
	// price, a currency without a rate.
	Missing []string
}

// Net returns profit after fees. It fails with market.ErrRange.
func (s Summary) Net() (market.Amount, error) {
	sum, err := s.Realized.Add(s.Unrealized.Decimal)
	if err == nil {
		sum, err = sum.Sub(s.Fees.Decimal)
	}
	return market.Amount{Decimal: sum}, err
}

// ByInstrument sums positions up by instrument, in the order of names.
func ByInstrument(positions []message.Position, rates *Rates, currency string) []Summary {
	return summarize(positions, rates, currency, func(f message.PositionFields) string { return f.Instrument.String() })
}

// ByStrategy sums positions up by strategy, in the order of names.
func ByStrategy(positions []message.Position, rates *Rates, currency string) []Summary {
	return summarize(positions, rates, currency, func(f message.PositionFields) string { return string(f.Strategy) })
}

// ByAccount sums positions up by account, in the order of names.
func ByAccount(positions []message.Position, rates *Rates, currency string) []Summary {
	return summarize(positions, rates, currency, func(f message.PositionFields) string { return string(f.Account) })
}

func summarize(positions []message.Position, rates *Rates, currency string, name func(message.PositionFields) string) []Summary {
	groups := make(map[string]*Summary)
	for _, p := range positions {
		f := p.Fields()
		key := name(f)
		s := groups[key]
		if s == nil {
			s = &Summary{Name: key}
			groups[key] = s
		}
		s.add(f, rates, currency)
	}
	all := make([]Summary, 0, len(groups))
	for _, s := range groups {
		slices.Sort(s.Missing)
		s.Missing = slices.Compact(s.Missing)
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Summary) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (s *Summary) add(f message.PositionFields, rates *Rates, currency string) {
	if !f.Quantity.IsZero() && f.Mark.IsZero() {
		s.Missing = append(s.Missing, f.Instrument.String())
	}
	worth, err := f.Mark.MulRound(f.Quantity.Abs())
	if err != nil {
		s.Missing = append(s.Missing, f.Instrument.String())
	}
	for _, part := range []struct {
		sum   *market.Amount
		value market.Decimal
	}{{&s.Realized, f.Realized.Decimal}, {&s.Unrealized, f.Unrealized.Decimal}, {&s.Fees, f.Fees.Decimal}, {&s.Exposure, worth}} {
		value, ok := rates.Convert(part.value, f.Instrument.Quote(), currency)
		if !ok {
			s.Missing = append(s.Missing, f.Instrument.Quote())
			continue
		}
		if sum, err := part.sum.Add(value); err == nil {
			part.sum.Decimal = sum
		} else {
			s.Missing = append(s.Missing, f.Instrument.String())
		}
	}
}
