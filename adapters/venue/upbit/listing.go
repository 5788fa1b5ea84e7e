package upbit

import (
	"encoding/json"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// ListingsURL returns where the list of pairs is (GET /v1/market/all); rest is the base of REST
// requests, empty for the public one.
func ListingsURL(rest string) string {
	if rest == "" {
		rest = publicRESTURL
	}
	return strings.TrimSuffix(rest, "/") + "/v1/market/all"
}

// lotSize is the smallest step of a quantity: Upbit states volumes with eight decimals.
var lotSize = market.MustQuantity("0.00000001")

// ParseListings reads the list of pairs. Ticks are known for the KRW market only: the list states
// none. Left out are pairs not written in A-Z, 0-9 and ._, which no instrument can be named after.
// It fails with a *venue.DecodeError.
func ParseListings(name market.Venue, body []byte) ([]market.Listing, error) {
	listings, err := parseListings(name, body)
	if err != nil {
		return nil, venue.Refused(name, err)
	}
	return listings, nil
}

func parseListings(name market.Venue, body []byte) ([]market.Listing, error) {
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
		canonicalName, ok := canonical(pair.Market)
		i, err := market.NewInstrument(name, canonicalName)
		if !ok || err != nil {
			continue
		}
		l := market.Listing{Instrument: i, Symbol: pair.Market, LotSize: lotSize}
		if i.Quote() == "KRW" {
			l.Ticks = market.UpbitKRWTicks()
		}
		listings = append(listings, l)
	}
	if len(listings) == 0 {
		return nil, venue.Refuse(venue.Instrument, "market", "none of %d pairs is an instrument", len(pairs))
	}
	return listings, nil
}
