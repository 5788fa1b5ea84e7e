package venue

import (
	"strings"

	"github.com/maru-trading/maru/actors/market"
)

// SymbolsMax is how many symbols a decoder remembers: several times what the largest venue ever
// listed, and a bound on what a connection gone mad can make us hold.
const SymbolsMax = 16_384

// Symbols maps a venue's symbols to instruments. It knows those of the listings, and learns others
// through the venue's rule. Looking up a known symbol does not allocate. It is not safe for
// concurrent use.
type Symbols struct {
	venue       market.Venue
	rule        func(symbol string) (name string, ok bool)
	numbers     map[string]int
	instruments []market.Instrument
	names       []string
}

// NewSymbols returns the symbols of the listings; rule turns any other symbol into the canonical
// name of an instrument, or says that it cannot. More than SymbolsMax listings are a DecodeError.
func NewSymbols(venue market.Venue, listings []market.Listing, rule func(symbol string) (name string, ok bool)) (*Symbols, error) {
	s := &Symbols{venue: venue, rule: rule, numbers: make(map[string]int, len(listings))}
	for _, l := range listings {
		if err := s.add(l.Symbol, l.Instrument); err != nil {
			return nil, Refused(venue, err)
		}
	}
	return s, nil
}

func (s *Symbols) add(symbol string, i market.Instrument) error {
	if len(s.instruments) >= SymbolsMax {
		return Refuse(Instrument, "", "symbol %.64q is one more than the %d that are remembered", symbol, SymbolsMax)
	}
	s.numbers[symbol] = len(s.instruments)
	s.instruments = append(s.instruments, i)
	s.names = append(s.names, symbol)
	return nil
}

// Find returns the number of a symbol, from 0 in the order in which symbols became known. It
// fails with a DecodeError of reason Instrument.
func (s *Symbols) Find(symbol []byte) (int, error) {
	if n, ok := s.numbers[string(symbol)]; ok {
		return n, nil
	}
	return s.learn(string(symbol))
}

func (s *Symbols) learn(symbol string) (int, error) {
	if len(symbol) > symbolBytesMax {
		return 0, Refuse(Instrument, "", "symbol %.64q… of %d bytes", symbol, len(symbol))
	}
	name, ok := s.rule(strings.ToUpper(symbol))
	if !ok {
		return 0, Refuse(Instrument, "", "symbol %q: no rule of this venue splits it; give the instrument list", symbol)
	}
	i, err := market.NewInstrument(s.venue, strings.ToUpper(name))
	if err != nil {
		return 0, Refuse(Instrument, "", "symbol %q: %v", symbol, err)
	}
	if err := s.add(symbol, i); err != nil {
		return 0, err
	}
	return len(s.instruments) - 1, nil
}

// Len returns how many symbols are known.
func (s *Symbols) Len() int { return len(s.instruments) }

// Instrument returns the instrument of symbol n, 0 <= n < Len.
func (s *Symbols) Instrument(n int) market.Instrument { return s.instruments[n] }

// Name returns symbol n as the venue writes it, 0 <= n < Len.
func (s *Symbols) Name(n int) string { return s.names[n] }
