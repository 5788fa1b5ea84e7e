// Package venues joins the adapters' market data sides to the rest: how feeders reach them, and
// what they list. The table of what there is stands in package registry.
package venues

import (
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/registry"
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
	// BookLevelsMax is how many levels a side the venue offers; zero: no limit that it refuses
	// to pass.
	BookLevelsMax int
}

// Find returns the adapter of that name.
func Find(name string) (Adapter, error) {
	a, err := registry.Find(name)
	if err != nil {
		return Adapter{}, err
	}
	return Adapter{New: protocols(a.New), ListingsURL: a.ListingsURL, ParseListings: a.ParseListings,
		Symbol: a.Symbol, Ticks: a.Ticks, BookLevelsMax: a.BookLevelsMax}, nil
}

// Names returns the adapters there are, sorted.
func Names() []string { return registry.Names() }

// protocols makes a function that returns connections one that returns feeder's protocols.
func protocols(fn func(venue.Config) ([]registry.Connection, error)) func(venue.Config) ([]feeder.Protocol, error) {
	return func(c venue.Config) ([]feeder.Protocol, error) {
		connections, err := fn(c)
		if err != nil {
			return nil, err
		}
		all := make([]feeder.Protocol, len(connections))
		for i, p := range connections {
			all[i] = p
		}
		return all, nil
	}
}
