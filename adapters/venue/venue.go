// Package venue holds what the adapters of trading venues share: the configuration of a
// connection, the errors of decoders, the map from a venue's symbols to instruments, and means
// to read JSON frames without half-reading any.
//
// It imports market and message. The packages below it (upbit, binance, …) each turn one venue's
// frames into messages; they open no socket and read no clock, the feeder does.
package venue

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// Config says what an adapter is to follow and where.
type Config struct {
	// Venue is the name in messages; empty: the adapter's own. Another name is for a venue that
	// speaks the adapter's protocol: "sim" speaks Binance's.
	Venue market.Venue
	// WebSocketURL is dialed as it stands; empty: the venue's public market data.
	WebSocketURL string
	// RESTURL is what the paths of REST requests are appended to; empty: the venue's public one.
	RESTURL string
	// Channels are the kinds of data to subscribe to. None: the adapter decodes and subscribes to
	// nothing.
	Channels []market.Channel
	// Listings are the instruments to follow. Their symbols are known to the decoder from the
	// start; other symbols are split by the venue's own rule. None: the adapter only decodes.
	Listings []market.Listing
	// BookDepth is how many levels a side are wanted; zero: as many as the venue gives by default.
	// Where the venue offers steps, the next larger one is taken.
	BookDepth int
}

// symbolBytesMax is far beyond any venue's symbol, and keeps one out of a log line's way.
const symbolBytesMax = 64

// Validate reports every fault of c at once, each with its field and what was expected.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Venue == "" {
		fault("venue: empty, want a name such as %q", "upbit")
	}
	if c.BookDepth < 0 {
		fault("book depth: %d, want 0 (the venue's default) or more", c.BookDepth)
	}
	checkURL := func(name, text string, schemes ...string) {
		if text == "" {
			return
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || (u.Scheme != schemes[0] && u.Scheme != schemes[1]) {
			fault("%s: %.200q, want %s://host or %s://host", name, text, schemes[0], schemes[1])
		}
	}
	checkURL("websocket url", c.WebSocketURL, "wss", "ws")
	checkURL("rest url", c.RESTURL, "https", "http")
	channels := map[market.Channel]bool{}
	for _, channel := range c.Channels {
		if channel < market.ChannelTicker || channel > market.ChannelTrade || channels[channel] {
			fault("channels: %v is unknown or given twice", channel)
		}
		channels[channel] = true
	}
	symbols := map[string]bool{}
	for i, l := range c.Listings {
		switch {
		case l.Instrument.IsZero() || l.Instrument.Venue() != c.Venue:
			fault("listing %d: instrument %v, want one of venue %q", i, l.Instrument, c.Venue)
		case !plainSymbol(l.Symbol):
			fault("listing %d: symbol %.80q of %v, want 1 to %d letters, digits and ._:/-", i, l.Symbol, l.Instrument, symbolBytesMax)
		case symbols[l.Symbol]:
			fault("listing %d: symbol %q is given twice", i, l.Symbol)
		}
		symbols[l.Symbol] = true
	}
	return errors.Join(faults...)
}

// plainSymbol reports whether a symbol can stand in a subscription and a URL as it is.
func plainSymbol(s string) bool {
	if s == "" || len(s) > symbolBytesMax {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		case c == '.', c == '_', c == ':', c == '/', c == '-':
		default:
			return false
		}
	}
	return true
}

// Limits are what a venue allows, and how it wants a connection to be kept. Each adapter states
// its own with the source of every figure. A zero means that none is known.
type Limits struct {
	StreamsPerConnection     int           // subscriptions (instrument and channel) on one connection
	InstrumentsPerConnection int           // instruments on one connection, whatever the channels
	NamesPerFrame            int           // subscriptions asked for in one frame
	SendEvery                time.Duration // least time between two frames that we send on a connection
	ConnectEvery             time.Duration // least time between two connection attempts from one address
	SnapshotEvery            time.Duration // least time between two REST book snapshots of the default depth
	PingEvery                time.Duration // how often the client must ping; zero: never
	Silence                  time.Duration // a connection that said nothing for longer, pings and pongs included, is dead
	Lifetime                 time.Duration // age at which the venue cuts a connection; zero: never
}

// Connections returns the listings of each connection: as few connections as the limits allow,
// the instruments in order, all channels of an instrument on the same one, so that its events
// stay in order. Without listings or channels it is one connection that follows nothing.
func (l Limits) Connections(c Config) [][]market.Listing {
	most := len(c.Listings)
	if l.InstrumentsPerConnection > 0 {
		most = min(most, l.InstrumentsPerConnection)
	}
	if l.StreamsPerConnection > 0 && len(c.Channels) > 0 {
		most = min(most, max(1, l.StreamsPerConnection/len(c.Channels)))
	}
	if most == 0 || len(c.Channels) == 0 {
		return [][]market.Listing{nil}
	}
	// Spread evenly: 301 instruments at 300 a connection make 151 and 150.
	n := (len(c.Listings) + most - 1) / most
	parts := make([][]market.Listing, n)
	for i := range parts {
		parts[i] = c.Listings[i*len(c.Listings)/n : (i+1)*len(c.Listings)/n]
	}
	return parts
}
