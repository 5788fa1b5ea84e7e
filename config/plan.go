package config

import (
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/registry"
)

// VenuePlan is what is followed at a venue, and how it is split over connections.
type VenuePlan struct {
	Name          string   `json:"name"`
	Region        string   `json:"region,omitempty"`
	Adapter       string   `json:"adapter"`
	Source        string   `json:"source"`             // live, embedded, or what is replayed
	Patterns      []string `json:"patterns,omitempty"` // resolved from the venue's list at start
	Known         bool     `json:"known"`              // false: the counts are known at start, and zero here
	Connections   int      `json:"connections"`
	Instruments   int      `json:"instruments"`
	Channels      []string `json:"channels"`
	Subscriptions int      `json:"subscriptions"` // instruments times channels
	TickerFields  []string `json:"ticker_fields,omitempty"`

	Limits VenueLimits      `json:"limits"`
	Split  []ConnectionPlan `json:"split"`
	// SubscribeSeconds is how long it takes until everything is subscribed to, counted from the
	// first connection: the venue's distances between connections and between frames.
	SubscribeSeconds float64 `json:"subscribe_seconds"`
}

// VenueLimits are the limits of a venue that decide how subscriptions are split. A zero means
// that none is known.
type VenueLimits struct {
	SubscriptionsPerConnection int     `json:"subscriptions_per_connection,omitempty"`
	InstrumentsPerConnection   int     `json:"instruments_per_connection,omitempty"`
	NamesPerFrame              int     `json:"names_per_frame,omitempty"`
	SendEverySeconds           float64 `json:"send_every_seconds,omitempty"`    // least time between two frames
	ConnectEverySeconds        float64 `json:"connect_every_seconds,omitempty"` // least time between two connections
}

// ConnectionPlan is one connection of a venue.
type ConnectionPlan struct {
	Instruments int `json:"instruments"`
	Frames      int `json:"frames"` // that subscribe
}

// planVenue says what is followed at a venue: of what it lists, where that is known, and else of the
// names alone.
func planVenue(v *Venue, listed []market.Listing) (VenuePlan, error) {
	p := VenuePlan{Name: string(v.Name), Region: v.Region, Adapter: v.Adapter, Source: "live", Channels: []string{}, TickerFields: v.TickerFields, Split: []ConnectionPlan{}}
	for _, c := range v.Channels {
		p.Channels = append(p.Channels, c.String())
	}
	for _, pattern := range v.Patterns {
		p.Patterns = append(p.Patterns, string(pattern))
	}
	switch {
	case v.Replay != nil:
		p.Source = fmt.Sprintf("replay of %s at %v", plural(len(v.Replay.Files), "file"), v.Replay.Speed)
	case v.Sim != nil:
		p.Source = fmt.Sprintf("embedded exchange, seed %d", v.Sim.Seed)
	case v.WebSocketURL != "":
		p.Source = "live at " + v.WebSocketURL
	}
	a, err := registry.Find(v.Adapter)
	if err != nil {
		return p, fmt.Errorf("venue %s: %w", v.Name, err)
	}
	l := a.Limits()
	p.Limits = VenueLimits{l.StreamsPerConnection, l.InstrumentsPerConnection, l.NamesPerFrame, l.SendEvery.Seconds(), l.ConnectEvery.Seconds()}
	followed, err := v.followed(a, listed)
	if err != nil || followed == nil {
		return p, err
	}
	return p, p.split(v, a, followed)
}

// followed returns what a venue follows: nil where only its list tells.
func (v *Venue) followed(a registry.Adapter, listed []market.Listing) ([]market.Listing, error) {
	switch {
	case listed != nil:
		chosen, err := v.Select(listed)
		if err != nil {
			return nil, fmt.Errorf("venue %s: %w", v.Name, err)
		}
		return chosen, nil
	case v.byList():
		return nil, nil
	case len(v.Instruments) > 0 || v.Sim == nil:
		byRule := make([]market.Listing, len(v.Instruments))
		for i, instrument := range v.Instruments {
			byRule[i] = a.Listing(instrument)
		}
		return byRule, nil
	}
	// All of the embedded exchange: how many is known, and names of its kind do for counting.
	all := make([]market.Listing, v.Sim.Instruments)
	for i := range all {
		instrument, err := market.NewInstrument(v.Name, fmt.Sprintf("S%05d-USDT", i))
		if err != nil {
			return nil, fmt.Errorf("venue %s: %w", v.Name, err)
		}
		all[i] = a.Listing(instrument)
	}
	return all, nil
}

// split asks the adapter for the connections that it takes.
func (p *VenuePlan) split(v *Venue, a registry.Adapter, followed []market.Listing) error {
	connections, err := a.New(venue.Config{Venue: v.Name, Channels: v.Channels, Listings: followed, BookDepth: v.bookDepth(a)})
	if err != nil {
		return fmt.Errorf("venue %s: %w", v.Name, err)
	}
	p.Known = true
	p.Instruments, p.Connections, p.Subscriptions = len(followed), len(connections), len(followed)*len(v.Channels)
	var longest time.Duration
	for n, c := range connections {
		frames := len(c.Subscribe())
		p.Split = append(p.Split, ConnectionPlan{Instruments: len(c.Instruments()), Frames: frames})
		took := time.Duration(max(0, frames-1)) * c.SendEvery()
		if v.Replay == nil && v.Sim == nil {
			took += time.Duration(n) * c.ConnectEvery()
		}
		longest = max(longest, took)
	}
	p.SubscribeSeconds = longest.Seconds()
	return nil
}

// bookDepth is what the adapter is asked for: never more than the venue offers.
func (v *Venue) bookDepth(a registry.Adapter) int {
	if a.BookLevelsMax > 0 {
		return min(v.BookLevels, a.BookLevelsMax)
	}
	return v.BookLevels
}
