package upbit

import (
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/upbitlike"
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
	return upbitlike.ParseListings(name, body, canonical, func(l *market.Listing) {
		l.LotSize = lotSize
		if l.Instrument.Quote() == "KRW" {
			l.Ticks = market.UpbitKRWTicks()
		}
	})
}
