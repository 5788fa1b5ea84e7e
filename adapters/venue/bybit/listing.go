package bybit

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// ListingsURL returns where the list of spot instruments is (GET /v5/market/instruments-info);
// rest is the base of REST requests, empty for the public one. Each category has a list of its
// own, and ParseListings reads those of contracts too.
func ListingsURL(rest string) string {
	if rest == "" {
		rest = publicRESTURL
	}
	return strings.TrimSuffix(rest, "/") + "/v5/market/instruments-info?category=spot"
}

// instrumentInfo is what a list says of an instrument, as far as it is used (market/instrument).
type instrumentInfo struct {
	Symbol       string `json:"symbol"`
	Status       string `json:"status"`
	Base         string `json:"baseCoin"`
	Quote        string `json:"quoteCoin"`
	ContractType string `json:"contractType"`
	DeliveryTime string `json:"deliveryTime"`
	Price        struct {
		Tick string `json:"tickSize"`
	} `json:"priceFilter"`
	Lot struct {
		Precision   string `json:"basePrecision"` // spot
		Step        string `json:"qtyStep"`       // contracts
		Min         string `json:"minOrderQty"`
		MinAmount   string `json:"minOrderAmt"`      // spot
		MinNotional string `json:"minNotionalValue"` // contracts
	} `json:"lotSizeFilter"`
}

// ParseListings reads a list of instruments with their tick size, lot size, smallest quantity and
// smallest notional. Left out are instruments that are not trading, and those that no instrument
// can be named after. It fails with a *venue.DecodeError.
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
		Code   int    `json:"retCode"`
		Msg    string `json:"retMsg"`
		Result struct {
			Category string           `json:"category"`
			List     []instrumentInfo `json:"list"`
		} `json:"result"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, venue.RefuseJSON(err)
	}
	if answer.Code != 0 {
		return nil, venue.Refuse(venue.Unsupported, "retCode", "the venue refused: %d %s", answer.Code, answer.Msg)
	}
	list := answer.Result.List
	if len(list) == 0 {
		return nil, venue.Refuse(venue.Schema, "result.list", "a list without instruments")
	}
	of, ok := categories[answer.Result.Category]
	if !ok {
		return nil, venue.Refuse(venue.Schema, "result.category", "%.20q, want spot, linear, inverse or option", answer.Result.Category)
	}
	listings := make([]market.Listing, 0, len(list))
	for _, info := range list {
		if info.Symbol == "" || info.Base == "" || info.Quote == "" {
			return nil, venue.Refuse(venue.Schema, "result.list", "symbol %.40q of base %.40q and quote %.40q", info.Symbol, info.Base, info.Quote)
		}
		i, err := market.NewInstrument(name, info.name(of))
		if info.Status != "Trading" || err != nil || strings.Contains(info.Base+info.Quote, "-") {
			continue
		}
		l, err := info.listing(i)
		if err != nil {
			return nil, err
		}
		listings = append(listings, l)
	}
	if len(listings) == 0 {
		return nil, venue.Refuse(venue.Schema, "result.list", "none of %d instruments is trading", len(list))
	}
	return listings, nil
}

// name returns what an instrument is to be called; empty if that cannot be told.
func (info instrumentInfo) name(of category) string {
	pair := strings.ToUpper(info.Base + "-" + info.Quote)
	switch {
	case of == spot:
		return pair
	case of == option:
		name, _ := contract(strings.ToUpper(info.Symbol))
		return name
	case strings.HasSuffix(info.ContractType, "Perpetual"): // LinearPerpetual, InversePerpetual
		return pair + "-PERP"
	}
	ms, err := strconv.ParseInt(info.DeliveryTime, 10, 64)
	if err != nil || ms <= 0 {
		return ""
	}
	return pair + "-" + time.UnixMilli(ms).UTC().Format(expiryLayout)
}

// listing reads the filters. A figure that is missing or zero stays unknown.
func (info instrumentInfo) listing(i market.Instrument) (market.Listing, error) {
	l := market.Listing{Instrument: i, Symbol: info.Symbol}
	var tick market.Price
	for _, size := range []struct {
		text, name string
		to         *market.Decimal
	}{
		{info.Price.Tick, "tickSize", &tick.Decimal},
		{info.Lot.Precision, "basePrecision", &l.LotSize.Decimal}, {info.Lot.Step, "qtyStep", &l.LotSize.Decimal},
		{info.Lot.Min, "minOrderQty", &l.MinQuantity.Decimal},
		{info.Lot.MinAmount, "minOrderAmt", &l.MinNotional.Decimal}, {info.Lot.MinNotional, "minNotionalValue", &l.MinNotional.Decimal},
	} {
		if size.text == "" {
			continue
		}
		q, err := market.ParseQuantity([]byte(size.text))
		if err != nil {
			return l, venue.Refuse(venue.Number, size.name, "%.64s: %v", info.Symbol, err)
		}
		*size.to = q.Decimal
	}
	l.Ticks = market.FixedTick(tick)
	return l, nil
}
