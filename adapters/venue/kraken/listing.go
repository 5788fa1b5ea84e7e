package kraken

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// ListingsURL returns where the list of pairs is (GET /0/public/AssetPairs); rest is the base of
// REST requests, empty for the public one.
func ListingsURL(rest string) string {
	if rest == "" {
		rest = publicRESTURL
	}
	return strings.TrimSuffix(rest, "/") + "/0/public/AssetPairs"
}

// pairInfo is what AssetPairs says of a pair, as far as it is used.
type pairInfo struct {
	WebSocketName string      `json:"wsname"` // that of version 1; dark pools have none
	PairDecimals  *int        `json:"pair_decimals"`
	LotDecimals   *int        `json:"lot_decimals"`
	TickSize      json.Number `json:"tick_size"` // not in the lists of 2021
	OrderMin      json.Number `json:"ordermin"`
	CostMin       json.Number `json:"costmin"` // likewise
	Status        string      `json:"status"`  // likewise
}

// ParseListings reads the list of pairs under the symbols of version 2, with their tick size, lot
// size, smallest quantity and smallest notional, in the order of their symbols. Left out are pairs
// that are not trading, and those without a name for the stream. It fails with a
// *venue.DecodeError.
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
	var info struct {
		Error  []string            `json:"error"`
		Result map[string]pairInfo `json:"result"`
	}
	if err := json.Unmarshal(body, &info); err != nil {
		return nil, venue.RefuseJSON(err)
	}
	if len(info.Error) > 0 {
		return nil, venue.Refuse(venue.Unsupported, "error", "the venue refused: %s", strings.Join(info.Error, ", "))
	}
	if len(info.Result) == 0 {
		return nil, venue.Refuse(venue.Schema, "result", "a list without pairs")
	}
	seen := map[string]bool{}
	var listings []market.Listing
	for _, pair := range info.Result {
		base, quote, ok := strings.Cut(pair.WebSocketName, "/")
		symbol := asset(base) + "/" + asset(quote)
		if !ok || !trades(pair.Status) || seen[symbol] {
			continue
		}
		canonicalName, ok := canonical(symbol)
		i, err := market.NewInstrument(name, strings.ToUpper(canonicalName))
		if !ok || err != nil {
			continue
		}
		seen[symbol] = true
		l, err := pair.listing(i, symbol)
		if err != nil {
			return nil, err
		}
		listings = append(listings, l)
	}
	if len(listings) == 0 {
		return nil, venue.Refuse(venue.Schema, "result", "none of %d pairs is trading", len(info.Result))
	}
	slices.SortFunc(listings, func(a, b market.Listing) int { return strings.Compare(a.Symbol, b.Symbol) })
	return listings, nil
}

// trades reports whether a pair of that status has a market to follow; the lists of 2021 have none.
func trades(status string) bool {
	switch status {
	case "", "online", "post_only", "limit_only", "reduce_only":
		return true
	}
	return false
}

// listing reads the figures. One that is missing or zero stays unknown.
func (pair pairInfo) listing(i market.Instrument, symbol string) (l market.Listing, err error) {
	l = market.Listing{Instrument: i, Symbol: symbol}
	read := func(number json.Number, field string, to *market.Decimal) {
		if err != nil || number == "" {
			return
		}
		q, fault := market.ParseQuantity([]byte(number))
		if fault != nil {
			err = venue.Refuse(venue.Number, field, "%s: %v", symbol, fault)
		}
		*to = q.Decimal
	}
	step := func(decimals *int, field string, to *market.Decimal) {
		if err != nil || decimals == nil {
			return
		}
		d, fault := market.NewDecimal(1, -*decimals)
		if fault != nil || *decimals < 0 {
			err = venue.Refuse(venue.Number, field, "%s: %d decimals", symbol, *decimals)
		}
		*to = d
	}
	var tick market.Price
	if read(pair.TickSize, "tick_size", &tick.Decimal); tick.IsZero() {
		step(pair.PairDecimals, "pair_decimals", &tick.Decimal)
	}
	step(pair.LotDecimals, "lot_decimals", &l.LotSize.Decimal)
	read(pair.OrderMin, "ordermin", &l.MinQuantity.Decimal)
	read(pair.CostMin, "costmin", &l.MinNotional.Decimal)
	l.Ticks = market.FixedTick(tick)
	return l, err
}
