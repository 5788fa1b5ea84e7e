package binance

import (
	"fmt"
	"sync"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	spot "github.com/maru-trading/maru/adapters/venue/binance"
)

// symbols translates between instruments and the venue's symbols: the listings first, then the
// venue's rule. It is safe for concurrent use.
type symbols struct {
	venue market.Venue
	of    map[market.Instrument]string // of the listings; not changed after newSymbols

	mu   sync.Mutex // guards rule, which learns
	rule *spot.Protocol
}

func newSymbols(c Config) (*symbols, error) {
	s := &symbols{venue: c.Venue, of: make(map[market.Instrument]string, len(c.Listings))}
	for _, l := range c.Listings {
		s.of[l.Instrument] = l.Symbol
	}
	all, err := spot.New(venue.Config{Venue: c.Venue, Listings: c.Listings})
	if err != nil {
		return nil, err
	}
	s.rule = all[0]
	return s, nil
}

// symbol returns the venue's symbol of an instrument.
func (s *symbols) symbol(i market.Instrument) (string, error) {
	if text, ok := s.of[i]; ok {
		return text, nil
	}
	if i.Venue() != s.venue || !i.IsSpot() {
		return "", fmt.Errorf("%v is no spot instrument of venue %q", i, s.venue)
	}
	return i.Base() + i.Quote(), nil
}

// instrument returns the instrument of a symbol. It fails where no listing names it and the rule does
// not split it.
func (s *symbols) instrument(symbol string) (market.Instrument, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rule.Instrument(symbol)
}
