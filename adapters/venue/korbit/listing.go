package korbit

import (
	"encoding/json"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// ListingsURL returns where the list of pairs is (GET /v2/currencyPairs); rest is the base of REST
// requests, empty for the public one.
func ListingsURL(rest string) string {
	if rest == "" {
		rest = publicRESTURL
	}
	return strings.TrimSuffix(rest, "/") + "/v2/currencyPairs"
}

// ParseListings reads the list of pairs. It states neither ticks, which another request gives for
// one pair at a time (GET /v2/tickSizePolicy), nor lot sizes. Left out are pairs that are not
// launched, and those not written in A-Z, 0-9 and ._, which no instrument can be named after. It
// fails with a *venue.DecodeError.
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
	var answer struct {
		Success *bool           `json:"success"`
		Error   json.RawMessage `json:"error"`
		Data    []struct {
			Symbol string `json:"symbol"`
			Status string `json:"status"` // launched or stopped
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, venue.RefuseJSON(err)
	}
	if answer.Success != nil && !*answer.Success {
		return nil, venue.Refuse(venue.Unsupported, "success", "the venue refused: %s", answer.Error)
	}
	if len(answer.Data) == 0 {
		return nil, venue.Refuse(venue.Schema, "data", "a list without pairs")
	}
	listings := make([]market.Listing, 0, len(answer.Data))
	for _, pair := range answer.Data {
		if pair.Symbol == "" {
			return nil, venue.Refuse(venue.Schema, "symbol", "missing")
		}
		canonicalName, ok := canonical(strings.ToUpper(pair.Symbol))
		i, err := market.NewInstrument(name, canonicalName)
		if !ok || err != nil || pair.Status != "launched" {
			continue
		}
		listings = append(listings, market.Listing{Instrument: i, Symbol: pair.Symbol})
	}
	if len(listings) == 0 {
		return nil, venue.Refuse(venue.Instrument, "symbol", "none of %d pairs is an instrument that is traded", len(answer.Data))
	}
	return listings, nil
}
