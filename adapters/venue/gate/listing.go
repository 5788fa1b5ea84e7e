package gate

import (
	"encoding/json"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// ListingsURL returns where the list of pairs is (GET /api/v4/spot/currency_pairs); rest is the
// base of REST requests, empty for the public one.
func ListingsURL(rest string) string {
	if rest == "" {
		rest = publicRESTURL
	}
	return strings.TrimSuffix(rest, "/") + "/api/v4/spot/currency_pairs"
}

// pairInfo is what currency_pairs says of a pair, as far as it is used.
type pairInfo struct {
	ID              string      `json:"id"`
	Base            string      `json:"base"`
	Quote           string      `json:"quote"`
	Precision       *int        `json:"precision"`        // decimals of a price
	AmountPrecision *int        `json:"amount_precision"` // decimals of an amount
	MinBaseAmount   json.Number `json:"min_base_amount"`
	MinQuoteAmount  json.Number `json:"min_quote_amount"`
	TradeStatus     string      `json:"trade_status"`
}

// ParseListings reads the list of pairs with their tick size, lot size, smallest quantity and
// smallest notional. Left out are pairs that are not trading, or only one way, and those not
// written in A-Z, 0-9 and ._, which no instrument can be named after. It fails with a
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
	var pairs []pairInfo
	if err := json.Unmarshal(body, &pairs); err != nil {
		var refusal struct{ Label, Message string }
		if json.Unmarshal(body, &refusal) == nil && refusal.Label != "" {
			return nil, venue.Refuse(venue.Unsupported, "label", "the venue refused: %s %s", refusal.Label, refusal.Message)
		}
		return nil, venue.RefuseJSON(err)
	}
	if len(pairs) == 0 {
		return nil, venue.Refuse(venue.Schema, "", "a list without pairs")
	}
	listings := make([]market.Listing, 0, len(pairs))
	for _, pair := range pairs {
		if pair.ID == "" || pair.Base == "" || pair.Quote == "" {
			return nil, venue.Refuse(venue.Schema, "id", "pair %.40q of base %.40q and quote %.40q", pair.ID, pair.Base, pair.Quote)
		}
		i, err := market.NewInstrument(name, strings.ToUpper(pair.Base+"-"+pair.Quote))
		if pair.TradeStatus != "tradable" || err != nil || strings.Contains(pair.Base+pair.Quote, "-") {
			continue
		}
		l, err := pair.listing(i)
		if err != nil {
			return nil, err
		}
		listings = append(listings, l)
	}
	if len(listings) == 0 {
		return nil, venue.Refuse(venue.Schema, "trade_status", "none of %d pairs is trading", len(pairs))
	}
	return listings, nil
}

// listing reads the figures. One that is missing or zero stays unknown.
func (pair pairInfo) listing(i market.Instrument) (l market.Listing, err error) {
	l = market.Listing{Instrument: i, Symbol: pair.ID}
	read := func(number json.Number, field string, to *market.Decimal) {
		if err != nil || number == "" {
			return
		}
		q, fault := market.ParseQuantity([]byte(number))
		if fault != nil {
			err = venue.Refuse(venue.Number, field, "%s: %v", pair.ID, fault)
		}
		*to = q.Decimal
	}
	step := func(decimals *int, field string, to *market.Decimal) {
		if err != nil || decimals == nil {
			return
		}
		d, fault := market.NewDecimal(1, -*decimals)
		if fault != nil || *decimals < 0 {
			err = venue.Refuse(venue.Number, field, "%s: %d decimals", pair.ID, *decimals)
		}
		*to = d
	}
	var tick market.Price
	step(pair.Precision, "precision", &tick.Decimal)
	step(pair.AmountPrecision, "amount_precision", &l.LotSize.Decimal)
	read(pair.MinBaseAmount, "min_base_amount", &l.MinQuantity.Decimal)
	read(pair.MinQuoteAmount, "min_quote_amount", &l.MinNotional.Decimal)
	l.Ticks = market.FixedTick(tick)
	return l, err
}
