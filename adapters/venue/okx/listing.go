package okx

import (
	"encoding/json"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// ListingsURL returns where the list of spot instruments is (GET /api/v5/public/instruments);
// rest is the base of REST requests, empty for the public one. Each kind has a list of its own,
// and ParseListings reads those of derivatives too.
func ListingsURL(rest string) string {
	if rest == "" {
		rest = publicRESTURL
	}
	return strings.TrimSuffix(rest, "/") + "/api/v5/public/instruments?instType=SPOT"
}

// instrumentInfo is what a list says of an instrument, as far as it is used (Get instruments).
type instrumentInfo struct {
	Kind   string `json:"instType"`
	Symbol string `json:"instId"`
	State  string `json:"state"`
	Tick   string `json:"tickSz"`
	Lot    string `json:"lotSz"`
	Min    string `json:"minSz"`
}

// ParseListings reads a list of instruments with their tick size, lot size and smallest quantity,
// which are in contracts for derivatives. Options have no tick size here: it depends on the price
// in a way that the list does not state. Left out are instruments that are not live, and those
// that no instrument can be named after. It fails with a *venue.DecodeError.
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
	var list struct {
		Code string           `json:"code"`
		Msg  string           `json:"msg"`
		Data []instrumentInfo `json:"data"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, venue.RefuseJSON(err)
	}
	if list.Code != "" && list.Code != "0" {
		return nil, venue.Refuse(venue.Unsupported, "code", "the venue refused: %.20s %s", list.Code, list.Msg)
	}
	if len(list.Data) == 0 {
		return nil, venue.Refuse(venue.Schema, "data", "a list without instruments")
	}
	listings := make([]market.Listing, 0, len(list.Data))
	for _, info := range list.Data {
		if info.Symbol == "" {
			return nil, venue.Refuse(venue.Schema, "instId", "missing")
		}
		canonicalName, ok := canonical(strings.ToUpper(info.Symbol))
		i, err := market.NewInstrument(name, canonicalName)
		if !ok || err != nil || info.State != "live" {
			continue
		}
		l, err := info.listing(i)
		if err != nil {
			return nil, err
		}
		listings = append(listings, l)
	}
	if len(listings) == 0 {
		return nil, venue.Refuse(venue.Schema, "data", "none of %d instruments is live", len(list.Data))
	}
	return listings, nil
}

// listing reads the sizes. One that is missing or zero stays unknown.
func (info instrumentInfo) listing(i market.Instrument) (market.Listing, error) {
	l := market.Listing{Instrument: i, Symbol: info.Symbol}
	var tick market.Price
	for _, size := range []struct {
		text, name string
		to         *market.Decimal
	}{{info.Tick, "tickSz", &tick.Decimal}, {info.Lot, "lotSz", &l.LotSize.Decimal}, {info.Min, "minSz", &l.MinQuantity.Decimal}} {
		if size.text == "" {
			continue
		}
		q, err := market.ParseQuantity([]byte(size.text))
		if err != nil {
			return l, venue.Refuse(venue.Number, size.name, "%.64s: %v", info.Symbol, err)
		}
		*size.to = q.Decimal
	}
	if info.Kind != "OPTION" {
		l.Ticks = market.FixedTick(tick)
	}
	return l, nil
}
