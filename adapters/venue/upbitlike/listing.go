package upbitlike

import (
	"encoding/json"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// ParseListings reads the list of pairs of GET /v1/market/all; symbol is that of the Dialect, and
// terms adds what the venue says elsewhere. Left out are pairs not written in A-Z, 0-9 and ._,
// which no instrument can be named after. It fails with a *venue.DecodeError.
func ParseListings(name market.Venue, body []byte, symbol func(symbol string) (name string, ok bool), terms func(*market.Listing)) ([]market.Listing, error) {
	listings, err := parseListings(name, body, symbol, terms)
	if err != nil {
		return nil, venue.Refused(name, err)
	}
	return listings, nil
}

func parseListings(name market.Venue, body []byte, symbol func(symbol string) (name string, ok bool), terms func(*market.Listing)) ([]market.Listing, error) {
	if err := venue.CheckBody(body); err != nil {
		return nil, err
	}
	var pairs []struct {
		Market string `json:"market"`
	}
	if err := json.Unmarshal(body, &pairs); err != nil {
		return nil, venue.RefuseJSON(err)
	}
	if len(pairs) == 0 {
		return nil, venue.Refuse(venue.Schema, "", "a list without pairs")
	}
	listings := make([]market.Listing, 0, len(pairs))
	for _, pair := range pairs {
		if pair.Market == "" {
			return nil, venue.Refuse(venue.Schema, "market", "missing")
		}
		canonical, ok := symbol(pair.Market)
		i, err := market.NewInstrument(name, canonical)
		if !ok || err != nil {
			continue
		}
		l := market.Listing{Instrument: i, Symbol: pair.Market}
		terms(&l)
		listings = append(listings, l)
	}
	if len(listings) == 0 {
		return nil, venue.Refuse(venue.Instrument, "market", "none of %d pairs is an instrument", len(pairs))
	}
	return listings, nil
}
