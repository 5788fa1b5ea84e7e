// Package registry is the one table of the adapters of trading venues: how each is reached, what
// it offers, and what a configuration must know of it. A new venue is one more row in table.go.
//
// It imports the adapters, market and message, and no actor: package config and cmd read it, and
// cmd gives its connections to the feeders, whose interface they satisfy.
package registry

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
)

// Connection is how a venue speaks on one connection: what every adapter's Protocol has. Further
// methods, which only some have, are found by asking the value.
type Connection interface {
	Venue() market.Venue
	URL() string
	Subscribe() [][]byte
	Decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error)
	Ping() (frame []byte, every time.Duration)
	Silence() time.Duration
	SendEvery() time.Duration
	ConnectEvery() time.Duration
	Lifetime() time.Duration
	Instruments() []market.Instrument
}

// Adapter is a venue's adapter.
type Adapter struct {
	// Channels are what is subscribed to where nobody says: all that tell something of their own.
	Channels []market.Channel
	// BookLevels is how deep books are kept where nobody says, in levels a side; zero: as deep
	// as the node keeps any.
	BookLevels int
	// BookLevelsMax is how many levels a side the venue offers, where it refuses more; zero: it
	// gives what it has, whatever is asked for.
	BookLevelsMax int
	// QuoteFirst says that the venue itself puts the quote before the base: KRW-BTC.
	QuoteFirst bool

	// Limits are what the venue allows.
	Limits func() venue.Limits
	// New returns the connections that it takes to follow what the configuration names. It fails
	// with every fault of the configuration.
	New func(venue.Config) ([]Connection, error)
	// ListingsURL is where the venue lists what it trades, under rest or, if that is empty, its
	// public address; ParseListings reads the answer.
	ListingsURL   func(rest string) string
	ParseListings func(name market.Venue, body []byte) ([]market.Listing, error)
	// Symbol is the venue's name of a spot instrument by its rule.
	Symbol func(market.Instrument) string
	// Ticks is the venue's tick rule where it follows from the name alone; zero: it does not.
	Ticks func(market.Instrument) market.TickRule
}

// Find returns the adapter of that name. Every one of them connects to spot markets only.
func Find(name string) (Adapter, error) {
	a, ok := adapters[name]
	if !ok {
		return Adapter{}, fmt.Errorf("no adapter %q: want one of %s", name, strings.Join(Names(), ", "))
	}
	return a, nil
}

// Names returns the adapters there are, sorted.
func Names() []string { return slices.Sorted(maps.Keys(adapters)) }

// Listing returns what the venue's rules alone say of a spot instrument: its symbol, and its ticks
// where those follow from the name.
func (a Adapter) Listing(i market.Instrument) market.Listing {
	return market.Listing{Instrument: i, Symbol: a.Symbol(i), Ticks: a.Ticks(i)}
}

// connections makes a function that returns an adapter's own connections one that returns
// Connections.
func connections[P Connection](fn func(venue.Config) ([]P, error)) func(venue.Config) ([]Connection, error) {
	return func(c venue.Config) ([]Connection, error) {
		own, err := fn(c)
		if err != nil {
			return nil, err
		}
		all := make([]Connection, len(own))
		for i, p := range own {
			all[i] = p
		}
		return all, nil
	}
}
