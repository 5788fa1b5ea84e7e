// Package venues joins the adapters' market data sides to the rest: one table of what there is.
// A new venue is one more row here, and one in package config.
package venues

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/binance"
	"github.com/maru-trading/maru/adapters/venue/upbit"
)

// Adapter is how a venue's market data is reached.
type Adapter struct {
	// New returns one protocol a connection.
	New func(venue.Config) ([]feeder.Protocol, error)
	// ListingsURL is where the venue lists what it trades, under rest or, if that is empty, its
	// public address; ParseListings reads the answer.
	ListingsURL   func(rest string) string
	ParseListings func(name market.Venue, body []byte) ([]market.Listing, error)
	// Symbol is the venue's name of a spot instrument by its rule.
	Symbol func(market.Instrument) string
	// Ticks is the venue's tick rule where it follows from the name alone; zero: it does not.
	Ticks func(market.Instrument) market.TickRule
}

var adapters = map[string]Adapter{
	"binance": {
		New: protocols(binance.New), ListingsURL: binance.ListingsURL, ParseListings: binance.ParseListings,
		Symbol: func(i market.Instrument) string { return i.Base() + i.Quote() },
		Ticks:  func(market.Instrument) market.TickRule { return market.TickRule{} },
	},
	"upbit": {
		New: protocols(upbit.New), ListingsURL: upbit.ListingsURL, ParseListings: upbit.ParseListings,
		Symbol: func(i market.Instrument) string { return i.Quote() + "-" + i.Base() },
		Ticks: func(i market.Instrument) market.TickRule {
			if i.Quote() == "KRW" {
				return market.UpbitKRWTicks()
			}
			return market.TickRule{}
		},
	},
}

func init() {
	adapters["sim"] = adapters["binance"] // the embedded exchange speaks Binance's protocol
}

// Find returns the adapter of that name.
func Find(name string) (Adapter, error) {
	a, ok := adapters[name]
	if !ok {
		return Adapter{}, fmt.Errorf("no adapter %q: want one of %s", name, strings.Join(Names(), ", "))
	}
	return a, nil
}

// Names returns the adapters there are, sorted.
func Names() []string { return slices.Sorted(maps.Keys(adapters)) }

// protocols makes a function that returns an adapter's own protocols one that returns feeder's.
func protocols[P feeder.Protocol](fn func(venue.Config) ([]P, error)) func(venue.Config) ([]feeder.Protocol, error) {
	return func(c venue.Config) ([]feeder.Protocol, error) {
		own, err := fn(c)
		if err != nil {
			return nil, err
		}
		all := make([]feeder.Protocol, len(own))
		for i, p := range own {
			all[i] = p
		}
		return all, nil
	}
}
