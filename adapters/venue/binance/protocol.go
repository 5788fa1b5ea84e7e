// Package binance speaks the market-data protocol of Binance spot: subscriptions out, frames in,
// messages of actors/message up. It opens no socket; the feeder does.
//
// Sources: the documentation of the spot API (binance/binance-spot-api-docs at a5e0bc3ddc:
// web-socket-streams.md, rest-api.md; the same on developers.binance.com), read 2026-11.
//
// What is peculiar to Binance: order books are differences numbered U to u, to be joined to a
// REST snapshot by the consumer. The best bid and offer has no event type and no time. A depth
// snapshot over REST names no instrument. Symbols have no separator. Frames of the futures
// markets have nearly the same shapes and are decoded too; the symbols of USD-M perpetuals are
// those of spot and cannot be told from them, so the venue name of the configuration must.
package binance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/jx"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// Name is the venue's name in messages unless the configuration gives another.
const Name market.Venue = "binance"

// The public endpoints (web-socket-streams.md, rest-api.md). On /stream every frame names its
// stream, also of streams that were subscribed to later.
const (
	publicWebSocketURL = "wss://stream.binance.com:9443/stream"
	publicRESTURL      = "https://api.binance.com"
)

// Limits returns what Binance allows.
func Limits() venue.Limits {
	return venue.Limits{
		// web-socket-streams.md: a connection can listen to at most 1024 streams.
		StreamsPerConnection: 1024,
		// Not documented; keeps a frame at a few kilobytes.
		NamesPerFrame: 200,
		// web-socket-streams.md: 5 incoming messages a second, pongs included, else the
		// connection is cut and the address may be banned. Others saw one every 250 ms cut and one
		// every 500 ms held (documentation of the crate polyoxide-binance 0.48.0).
		SendEvery: 500 * time.Millisecond,
		// web-socket-streams.md: 300 connections an address every 5 minutes.
		ConnectEvery: time.Second,
		// rest-api.md: a depth request of 501 to 1,000 levels weighs 50 of 6,000 a minute; half of
		// that is left to other programs at the same address.
		SnapshotEvery: time.Second,
		// web-socket-streams.md: the server pings every 20 s and cuts what sends no pong within a
		// minute. The client need not ping.
		PingEvery: 0,
		Silence:   60 * time.Second, // three server pings missed
		// web-socket-streams.md: a connection is valid for 24 hours.
		Lifetime: 24 * time.Hour,
	}
}

// Protocol is one connection to Binance. It is not safe for concurrent use, but for
// DecodeSnapshot and SnapshotURL.
type Protocol struct {
	venue       market.Venue
	url, rest   string
	requests    [][]byte
	instruments []market.Instrument
	symbolOf    map[market.Instrument]string // of the listings; not changed after New
	depth       string                       // limit of a depth request; empty: books are not followed
	symbols     *venue.Symbols
	ids         venue.IDs

	// updates is by symbol number which update ids the depth frames have covered without a gap.
	updates []idRange

	// Scratch of Decode.
	r     reader
	upper []byte
}

// idRange is a span of update ids; last is 0 for none.
type idRange struct{ first, last uint64 }

// New returns the connections that it takes to follow what the configuration names; one that
// only decodes if it names no listings or no channels. It fails with every fault of the
// configuration.
func New(c venue.Config) ([]*Protocol, error) {
	if c.Venue == "" {
		c.Venue = Name
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("binance: configuration: %w", err)
	}
	if c.WebSocketURL == "" {
		c.WebSocketURL = publicWebSocketURL
	}
	if c.RESTURL == "" {
		c.RESTURL = publicRESTURL
	}
	depth, ok := depthLimit(c.BookDepth)
	if !ok {
		return nil, fmt.Errorf("binance: configuration: book depth: %d, want at most %d", c.BookDepth, bookDepthMax)
	}
	if len(c.Channels) > 0 && !slices.Contains(c.Channels, market.ChannelBook) {
		depth = ""
	}
	symbolOf := make(map[market.Instrument]string, len(c.Listings))
	for _, l := range c.Listings {
		symbolOf[l.Instrument] = l.Symbol
	}
	var all []*Protocol
	for _, listings := range Limits().Connections(c) {
		symbols, err := venue.NewSymbols(c.Venue, c.Listings, canonical)
		if err != nil {
			return nil, fmt.Errorf("binance: configuration: %w", err)
		}
		p := &Protocol{venue: c.Venue, url: c.WebSocketURL, rest: strings.TrimSuffix(c.RESTURL, "/"),
			symbolOf: symbolOf, depth: depth, symbols: symbols, requests: requests(listings, c.Channels)}
		for _, l := range listings {
			p.instruments = append(p.instruments, l.Instrument)
		}
		all = append(all, p)
	}
	return all, nil
}

// bookDepthMax is what the deepest depth request gives.
const bookDepthMax = 5000

// depthLimit returns the limit of a depth request that yields at least so many levels a side, and
// five times as many where that is to be had: a level that the snapshot did not show stays unknown
// until it changes, and the price may move there. Weights: 5 up to 100, 25 up to 500, 50 up to
// 1,000, 250 up to 5,000 (rest-api.md, Order book).
func depthLimit(depth int) (string, bool) {
	if depth == 0 {
		return "1000", true
	}
	for _, n := range []int{100, 500, 1000} {
		if depth*5 <= n {
			return strconv.Itoa(n), true
		}
	}
	return strconv.Itoa(bookDepthMax), depth <= bookDepthMax
}

// streams are the names of the channels after the symbol.
var streams = map[market.Channel]string{
	market.ChannelTicker: "@ticker",
	market.ChannelBBO:    "@bookTicker",
	market.ChannelBook:   "@depth@100ms",
	market.ChannelTrade:  "@trade",
}

// requests are the frames that subscribe to every channel of the listings.
func requests(listings []market.Listing, channels []market.Channel) [][]byte {
	var names []string
	for _, l := range listings {
		for _, c := range channels {
			names = append(names, strings.ToLower(l.Symbol)+streams[c])
		}
	}
	var frames [][]byte
	for per := Limits().NamesPerFrame; len(names) > 0; {
		n := min(per, len(names))
		var e jx.Encoder
		e.Obj(func(e *jx.Encoder) {
			e.Field("method", func(e *jx.Encoder) { e.Str("SUBSCRIBE") })
			e.Field("params", func(e *jx.Encoder) {
				e.Arr(func(e *jx.Encoder) {
					for _, name := range names[:n] {
						e.Str(name)
					}
				})
			})
			e.Field("id", func(e *jx.Encoder) { e.Int(len(frames) + 1) })
		})
		frames = append(frames, e.Bytes())
		names = names[n:]
	}
	return frames
}

// Venue returns the name in messages.
func (p *Protocol) Venue() market.Venue { return p.venue }

// URL returns what to dial.
func (p *Protocol) URL() string { return p.url }

// Subscribe returns the frames to send, in order, once the connection is open, with SendEvery
// between them.
func (p *Protocol) Subscribe() [][]byte {
	frames := make([][]byte, len(p.requests))
	for i := range frames {
		frames[i] = append([]byte(nil), p.requests[i]...)
	}
	return frames
}

// Ping returns 0 for never: the server pings, and the client's WebSocket answers.
func (p *Protocol) Ping() ([]byte, time.Duration) { return nil, Limits().PingEvery }

// Silence returns for how long a healthy connection may say nothing, server pings included.
func (p *Protocol) Silence() time.Duration { return Limits().Silence }

// Lifetime returns the age at which Binance cuts the connection.
func (p *Protocol) Lifetime() time.Duration { return Limits().Lifetime }

// SendEvery returns the least time between two frames that we send.
func (p *Protocol) SendEvery() time.Duration { return Limits().SendEvery }

// ConnectEvery returns the least time between two connection attempts from one address.
func (p *Protocol) ConnectEvery() time.Duration { return Limits().ConnectEvery }

// SnapshotEvery returns the least time between two book snapshots: their weight against half of
// the 6,000 a minute that an address has (rest-api.md, Order book).
func (p *Protocol) SnapshotEvery() time.Duration {
	weight := map[string]time.Duration{"100": 5, "500": 25, "1000": 50, "5000": 250}[p.depth]
	return weight * time.Minute / 3000
}

// Instruments returns what the connection follows.
func (p *Protocol) Instruments() []market.Instrument {
	return append([]market.Instrument(nil), p.instruments...)
}

// Instrument returns the instrument of one of the venue's symbols, in upper or lower case. It
// fails with a *venue.DecodeError of reason Instrument.
func (p *Protocol) Instrument(symbol string) (market.Instrument, error) {
	n, err := p.find([]byte(symbol))
	if err != nil {
		return market.Instrument{}, venue.Refused(p.venue, err)
	}
	return p.symbols.Instrument(n), nil
}

// SnapshotURL returns where the order book of an instrument is (GET /api/v3/depth); empty if the
// connection follows no books.
func (p *Protocol) SnapshotURL(i market.Instrument) string {
	if p.depth == "" {
		return ""
	}
	symbol, ok := p.symbolOf[i]
	if !ok {
		symbol = symbolFor(i.Name())
	}
	return p.rest + "/api/v3/depth?symbol=" + symbol + "&limit=" + p.depth
}
