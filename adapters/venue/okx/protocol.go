// Package okx speaks the public market-data protocol of OKX, version 5: subscriptions out, frames
// in, messages of actors/message up. It opens no socket; the feeder does.
//
// Sources: www.okx.com/docs-v5 (WebSocket: Connect, Subscribe, Notification, Order book channel,
// Tickers channel, Trades channel, Status; REST: Get instruments), read 2026-11, and the notice
// "OKX Order Book Channels Checksum Field Deprecation" of 2026-05-21.
//
// What is peculiar to OKX: one connection carries spot, perpetuals, futures and options. Every
// value is a string, an empty one where there is none. A book comes as a snapshot and then as
// changes that are chained by seqId and prevSeqId; their checksum, of the texts as sent, was given
// up on 2026-06-23 and is 0 since. The answer to a ping is the bare word pong, which is no JSON.
package okx

import (
	"fmt"
	"time"

	"github.com/go-faster/jx"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// Name is the venue's name in messages unless the configuration gives another.
const Name market.Venue = "okx"

// The public endpoints (Connect; Get instruments).
const (
	publicWebSocketURL = "wss://ws.okx.com:8443/ws/v5/public"
	publicRESTURL      = "https://www.okx.com"
)

// Limits returns what OKX allows.
func Limits() venue.Limits {
	return venue.Limits{
		// No cap is published. 240 keep what one reconnect costs small.
		StreamsPerConnection: 240,
		// Subscribe: the channels of a request may be 64 KB long, 4,096 bytes in older editions.
		// 64 of the longest names, those of options, take 3,700.
		NamesPerFrame: 64,
		// Connect: 480 requests an hour on a connection, subscriptions and their ends together,
		// which four frames at the start leave to resubscriptions; and 3 a second.
		SendEvery: 350 * time.Millisecond,
		// Connect: 3 connections a second from one address.
		ConnectEvery: 350 * time.Millisecond,
		// Connect: the server cuts a connection that is silent for 30 s; a text ping is answered.
		PingEvery: 20 * time.Second,
		Silence:   50 * time.Second, // two pongs missed
	}
}

// Protocol is one connection to OKX. It is not safe for concurrent use.
type Protocol struct {
	venue       market.Venue
	url         string
	requests    [][]byte
	instruments []market.Instrument
	bookChannel string                       // the channel that books are followed on; empty: none
	symbolOf    map[market.Instrument]string // of the connection's listings
	symbols     *venue.Symbols
	ids         venue.IDs
	checks      checks
	reader      // scratch of Decode
}

// New returns the connections that it takes to follow what the configuration names; one that
// only decodes if it names no listings or no channels. It fails with every fault of the
// configuration.
func New(c venue.Config) ([]*Protocol, error) {
	if c.Venue == "" {
		c.Venue = Name
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("okx: configuration: %w", err)
	}
	if c.BookDepth > bookDepthMax {
		return nil, fmt.Errorf("okx: configuration: book depth: %d, want at most %d", c.BookDepth, bookDepthMax)
	}
	if c.WebSocketURL == "" {
		c.WebSocketURL = publicWebSocketURL
	}
	var all []*Protocol
	for _, listings := range Limits().Connections(c) {
		symbols, err := venue.NewSymbols(c.Venue, c.Listings, canonical)
		if err != nil {
			return nil, fmt.Errorf("okx: configuration: %w", err)
		}
		p := &Protocol{venue: c.Venue, url: c.WebSocketURL, symbols: symbols, symbolOf: make(map[market.Instrument]string, len(listings))}
		var topics []topic
		for _, l := range listings {
			p.instruments = append(p.instruments, l.Instrument)
			p.symbolOf[l.Instrument] = l.Symbol
			for _, channel := range c.Channels {
				name := channelName(channel, c.BookDepth)
				if channel == market.ChannelBook {
					p.bookChannel = name
				}
				topics = append(topics, topic{name, l.Symbol})
			}
		}
		for per := Limits().NamesPerFrame; len(topics) > 0; {
			n := min(per, len(topics))
			p.requests = append(p.requests, request("subscribe", topics[:n]...))
			topics = topics[n:]
		}
		all = append(all, p)
	}
	return all, nil
}

// bookDepthMax is how many levels a side the deepest channel has.
const bookDepthMax = 400

// topic is what is subscribed to: a channel and one of its instruments.
type topic struct{ channel, symbol string }

// channelName returns the channel that gives at least so many levels a side, where it is one of
// books: 5, or 400. The channels of books that are sent faster want a fee tier and a login.
func channelName(c market.Channel, depth int) string {
	switch c {
	case market.ChannelTicker:
		return "tickers"
	case market.ChannelBBO:
		return "bbo-tbt"
	case market.ChannelTrade:
		return "trades"
	}
	if depth > 0 && depth <= 5 {
		return "books5"
	}
	return "books"
}

// request is the frame that asks for topics, or for their end.
func request(op string, topics ...topic) []byte {
	var e jx.Encoder
	e.Obj(func(e *jx.Encoder) {
		e.Field("op", func(e *jx.Encoder) { e.Str(op) })
		e.Field("args", func(e *jx.Encoder) {
			e.Arr(func(e *jx.Encoder) {
				for _, t := range topics {
					e.Obj(func(e *jx.Encoder) {
						e.Field("channel", func(e *jx.Encoder) { e.Str(t.channel) })
						e.Field("instId", func(e *jx.Encoder) { e.Str(t.symbol) })
					})
				}
			})
		})
	})
	return e.Bytes()
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

// Resubscribe returns the frames, in order, that make OKX send a new snapshot of an instrument's
// book: the end of the subscription and its renewal. It returns nil where the connection does not
// follow that book, or by whole books alone.
func (p *Protocol) Resubscribe(i market.Instrument) [][]byte {
	symbol, ok := p.symbolOf[i]
	if !ok || kindOf([]byte(p.bookChannel)) != chained {
		return nil
	}
	t := topic{p.bookChannel, symbol}
	return [][]byte{request("unsubscribe", t), request("subscribe", t)}
}

// Ping returns the text ping, which is answered with the text pong, and how often to send it.
func (p *Protocol) Ping() ([]byte, time.Duration) { return []byte("ping"), Limits().PingEvery }

// Silence returns for how long a healthy connection may say nothing, pongs included.
func (p *Protocol) Silence() time.Duration { return Limits().Silence }

// Lifetime returns 0: OKX cuts no connection for its age, and announces a cut for an upgrade.
func (p *Protocol) Lifetime() time.Duration { return Limits().Lifetime }

// SendEvery returns the least time between two frames that we send.
func (p *Protocol) SendEvery() time.Duration { return Limits().SendEvery }

// ConnectEvery returns the least time between two connection attempts from one address.
func (p *Protocol) ConnectEvery() time.Duration { return Limits().ConnectEvery }

// Instruments returns what the connection follows.
func (p *Protocol) Instruments() []market.Instrument {
	return append([]market.Instrument(nil), p.instruments...)
}

// Instrument returns the instrument of one of the venue's symbols. It fails with a
// *venue.DecodeError of reason Instrument.
func (p *Protocol) Instrument(symbol string) (market.Instrument, error) {
	n, err := p.symbols.Find([]byte(symbol))
	if err != nil {
		return market.Instrument{}, venue.Refused(p.venue, err)
	}
	return p.symbols.Instrument(n), nil
}

// Checksums returns how many books were compared with the checksum that came with them, and how
// many of them differed. Books without a checksum count as neither.
func (p *Protocol) Checksums() (checked, failed uint64) { return p.checks.checked, p.checks.failed }
