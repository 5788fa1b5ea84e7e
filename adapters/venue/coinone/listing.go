package coinone

import (
	"encoding/json"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// ListingsURL returns where the list of pairs is (GET /public/v2/markets/KRW); rest is the base of
// REST requests, empty for the public one. KRW is the only quote that has pairs (measured).
func ListingsURL(rest string) string {
	if rest == "" {
		rest = publicRESTURL
	}
	return strings.TrimSuffix(rest, "/") + "/public/v2/markets/KRW"
}

// marketInfo is what the list says of a pair, as far as it is used (reference: markets).
type marketInfo struct {
	Quote       string      `json:"quote_currency"`
	Target      string      `json:"target_currency"`
	QtyUnit     json.Number `json:"qty_unit"`
	MinQty      json.Number `json:"min_qty"`
	MinAmount   json.Number `json:"min_order_amount"`
	TradeStatus *int        `json:"trade_status"` // 0: no trading
}

// ParseListings reads the list of pairs with their lot size, smallest quantity and smallest
// notional. Ticks are not known: price_unit is the step at the present price only, and the manual
// says that it will go. Left out are pairs that are not traded, and those not written in A-Z, 0-9
// and ._, which no instrument can be named after. It fails with a *venue.DecodeError.
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
		Result  string       `json:"result"`
		Code    json.Number  `json:"error_code"`
		Message string       `json:"error_msg"`
		Markets []marketInfo `json:"markets"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, venue.RefuseJSON(err)
	}
	if answer.Result == "error" {
		return nil, venue.Refuse(venue.Unsupported, "error_code", "the venue refused: %s %s", answer.Code, answer.Message)
	}
	if len(answer.Markets) == 0 {
		return nil, venue.Refuse(venue.Schema, "markets", "a list without pairs")
	}
	listings := make([]market.Listing, 0, len(answer.Markets))
	for _, m := range answer.Markets {
		if m.Quote == "" || m.Target == "" {
			return nil, venue.Refuse(venue.Schema, "markets", "a pair of target %.40q and quote %.40q", m.Target, m.Quote)
		}
		symbol := strings.ToUpper(m.Quote + symbolJoint + m.Target)
		canonicalName, ok := canonical(symbol)
		i, err := market.NewInstrument(name, canonicalName)
		if !ok || err != nil || m.TradeStatus != nil && *m.TradeStatus == 0 {
			continue
		}
		l := market.Listing{Instrument: i, Symbol: symbol}
		if err := m.terms(&l); err != nil {
			return nil, err
		}
		listings = append(listings, l)
	}
	if len(listings) == 0 {
		return nil, venue.Refuse(venue.Instrument, "markets", "none of %d pairs is an instrument that is traded", len(answer.Markets))
	}
	return listings, nil
}

// terms reads the steps and minima. One that is missing stays unknown.
func (m marketInfo) terms(l *market.Listing) error {
	for _, figure := range [...]struct {
		text json.Number
		name string
		to   *market.Decimal
	}{
		{m.QtyUnit, "qty_unit", &l.LotSize.Decimal}, {m.MinQty, "min_qty", &l.MinQuantity.Decimal},
		{m.MinAmount, "min_order_amount", &l.MinNotional.Decimal},
	} {
		if figure.text == "" {
			continue
		}
		q, err := market.ParseQuantity([]byte(figure.text))
		if err != nil {
			return venue.Refuse(venue.Number, figure.name, "%s: %v", l.Symbol, err)
		}
		*figure.to = q.Decimal
	}
	return nil
}
