package binance

import (
	"encoding/json"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// ListingsURL returns where the list of symbols is (GET /api/v3/exchangeInfo); rest is the base
// of REST requests, empty for the public one.
func ListingsURL(rest string) string {
	if rest == "" {
		rest = publicRESTURL
	}
	return strings.TrimSuffix(rest, "/") + "/api/v3/exchangeInfo"
}

// symbolInfo is what exchangeInfo says of a symbol, as far as it is used (rest-api.md, Exchange
// information; filters.md).
type symbolInfo struct {
	Symbol     string `json:"symbol"`
	Status     string `json:"status"`
	BaseAsset  string `json:"baseAsset"`
	QuoteAsset string `json:"quoteAsset"`
	Filters    []struct {
		Type        string `json:"filterType"`
		TickSize    string `json:"tickSize"`    // PRICE_FILTER
		StepSize    string `json:"stepSize"`    // LOT_SIZE
		MinQty      string `json:"minQty"`      // LOT_SIZE
		MinNotional string `json:"minNotional"` // MIN_NOTIONAL until 2023, NOTIONAL since
	} `json:"filters"`
}

// ParseListings reads the list of symbols with their tick size, lot size, smallest quantity and
// smallest notional. Left out are symbols that are not trading, and those whose assets are not
// written in A-Z, 0-9 and ._ (Binance lists some in Chinese), which no instrument can be named
// after. It fails with a *venue.DecodeError.
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
		Symbols []symbolInfo `json:"symbols"`
		Code    int          `json:"code"`
		Msg     string       `json:"msg"`
	}
	if err := json.Unmarshal(body, &info); err != nil {
		return nil, venue.RefuseJSON(err)
	}
	if info.Code != 0 {
		return nil, venue.Refuse(venue.Unsupported, "code", "the venue refused: %d %s", info.Code, info.Msg)
	}
	if len(info.Symbols) == 0 {
		return nil, venue.Refuse(venue.Schema, "symbols", "a list without symbols")
	}
	listings := make([]market.Listing, 0, len(info.Symbols))
	for _, s := range info.Symbols {
		if s.Symbol == "" || s.BaseAsset == "" || s.QuoteAsset == "" {
			return nil, venue.Refuse(venue.Schema, "symbols", "symbol %.40q of base %.40q and quote %.40q", s.Symbol, s.BaseAsset, s.QuoteAsset)
		}
		i, err := market.NewInstrument(name, strings.ToUpper(s.BaseAsset+"-"+s.QuoteAsset))
		if s.Status != "TRADING" || err != nil || strings.Contains(s.BaseAsset+s.QuoteAsset, "-") {
			continue
		}
		l, err := s.listing(i)
		if err != nil {
			return nil, err
		}
		listings = append(listings, l)
	}
	if len(listings) == 0 {
		return nil, venue.Refuse(venue.Schema, "symbols", "none of %d symbols is trading", len(info.Symbols))
	}
	return listings, nil
}

// listing reads the filters. A filter that is missing or zero leaves its figure unknown.
func (s symbolInfo) listing(i market.Instrument) (market.Listing, error) {
	l := market.Listing{Instrument: i, Symbol: s.Symbol}
	var tick market.Price
	var err error
	read := func(text, name string, to *market.Decimal) {
		if err != nil || text == "" {
			return
		}
		q, fault := market.ParseQuantity([]byte(text))
		if fault != nil {
			err = venue.Refuse(venue.Number, name, "%s: %v", s.Symbol, fault)
			return
		}
		*to = q.Decimal
	}
	for _, f := range s.Filters {
		switch f.Type {
		case "PRICE_FILTER":
			read(f.TickSize, "tickSize", &tick.Decimal)
		case "LOT_SIZE":
			read(f.StepSize, "stepSize", &l.LotSize.Decimal)
			read(f.MinQty, "minQty", &l.MinQuantity.Decimal)
		case "MIN_NOTIONAL", "NOTIONAL":
			read(f.MinNotional, "minNotional", &l.MinNotional.Decimal)
		}
	}
	l.Ticks = market.FixedTick(tick)
	return l, err
}
