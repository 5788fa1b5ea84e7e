// Package bybit speaks the public market-data protocol of Bybit, version 5: subscriptions out,
// frames in, messages of actors/message up. It opens no socket; the feeder does.
//
// Sources: bybit-exchange.github.io/docs/v5 (ws/connect; websocket/public: orderbook, ticker,
// trade, kline, system-status; market/instrument), read 2026-11.
//
// What is peculiar to Bybit: each category of instruments (spot, linear, inverse, option) has an
// address of its own, and the same symbol means another thing in each: BTCUSDT is a pair on spot
// and a perpetual on linear. Tickers of linear and inverse send only what changed since the last,
// so that the whole is kept here. A book comes as a snapshot and then as changes, numbered by u;
// whatever comes with u 1 replaces the book, since the service was restarted.
package bybit

import (
	"fmt"
	"strconv"
	"time"

	"github.com/go-faster/jx"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// Name is the venue's name in messages unless the configuration gives another.
const Name market.Venue = "bybit"

// The public endpoints (ws/connect, market/instrument): those of spot. Other categories take their
// address from the configuration.
const (
	publicWebSocketURL = "wss://stream.bybit.com/v5/public/spot"
	publicRESTURL      = "https://api.bybit.com"
)

// Limits returns what Bybit allows.
func Limits() venue.Limits {
	return venue.Limits{
		// ws/connect: all topics of a connection may be 21,000 letters long together; the longest,
		// books of options, have 40.
		StreamsPerConnection: 500,
		// ws/connect: 10 topics in a request on spot; elsewhere more.
		NamesPerFrame: 10,
		// Not documented. 50 requests subscribe to all that a connection takes in 5 s.
		SendEvery: 100 * time.Millisecond,
		// ws/connect: 500 connections in 5 minutes from one address.
		ConnectEvery: 600 * time.Millisecond,
		// ws/connect: send a ping every 20 s; it is answered.
		PingEvery: 20 * time.Second,
		Silence:   50 * time.Second, // two pongs missed
	}
}

// Protocol is one connection to Bybit. It is not safe for concurrent use.
type Protocol struct {
	venue       market.Venue
	url         string
	requests    [][]byte
	instruments []market.Instrument
	depth       string                       // of the books that are followed; empty: none
	symbolOf    map[market.Instrument]string // of the connection's listings

	category category // of the connection; unknown: what its frames tell
	spot     symbols
	contract symbols
	ids      venue.IDs

	reader // scratch of Decode
}

// symbols are the instruments of spot or of contracts, and what is kept of each.
type symbols struct {
	*venue.Symbols
	tickers []kept // by symbol number
}

// New returns the connections that it takes to follow what the configuration names; one that
// only decodes if it names no listings or no channels. The last part of the address says which
// category of instruments the connections are of. It fails with every fault of the configuration.
func New(c venue.Config) ([]*Protocol, error) {
	if c.Venue == "" {
		c.Venue = Name
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("bybit: configuration: %w", err)
	}
	of, err := categoryOf(c)
	if err != nil {
		return nil, fmt.Errorf("bybit: configuration: %w", err)
	}
	depth, ok := depthOf(of, c.BookDepth)
	if !ok {
		return nil, fmt.Errorf("bybit: configuration: book depth: %d, want at most %s", c.BookDepth, depth)
	}
	if c.WebSocketURL == "" {
		c.WebSocketURL = publicWebSocketURL
	}
	var pairs, contracts []market.Listing
	for _, l := range c.Listings {
		if l.Instrument.IsSpot() {
			pairs = append(pairs, l)
		} else {
			contracts = append(contracts, l)
		}
	}
	var all []*Protocol
	for _, listings := range Limits().Connections(c) {
		p := &Protocol{venue: c.Venue, url: c.WebSocketURL, category: of, symbolOf: make(map[market.Instrument]string, len(listings))}
		if p.spot.Symbols, err = venue.NewSymbols(c.Venue, pairs, pair); err == nil {
			p.contract.Symbols, err = venue.NewSymbols(c.Venue, contracts, contract)
		}
		if err != nil {
			return nil, fmt.Errorf("bybit: configuration: %w", err)
		}
		for _, l := range listings {
			p.instruments = append(p.instruments, l.Instrument)
			p.symbolOf[l.Instrument] = l.Symbol
		}
		topics := p.topics(listings, c.Channels, depth)
		for per := Limits().NamesPerFrame; len(topics) > 0; {
			n := min(per, len(topics))
			p.requests = append(p.requests, request("subscribe", topics[:n]...))
			topics = topics[n:]
		}
		all = append(all, p)
	}
	return all, nil
}

// depthOf returns the depth of books that gives at least so many levels a side (orderbook), and
// whether there is one; if there is none, the deepest. By default it is the least that is more
// than the best bid and offer, which is sent every 20 ms.
func depthOf(of category, levels int) (string, bool) {
	depths := []int{1, 50, 200, 1000}
	if of == option {
		depths = []int{25, 100}
	}
	if levels == 0 {
		levels = 2
	}
	for _, depth := range depths {
		if levels <= depth {
			return strconv.Itoa(depth), true
		}
	}
	return strconv.Itoa(depths[len(depths)-1]), false
}

// topics are what is subscribed to for every channel of the listings. Bybit has no channel of the
// best bid and offer: where that is wanted and the book is not, a book of one level does. Trades
// of options come for all of a base at once.
func (p *Protocol) topics(listings []market.Listing, channels []market.Channel, depth string) []string {
	var topics []string
	var book, bbo bool
	for _, c := range channels {
		book = book || c == market.ChannelBook
		bbo = bbo || c == market.ChannelBBO
	}
	switch {
	case book:
		p.depth = depth
	case bbo:
		p.depth, _ = depthOf(p.category, 1)
	}
	asked := map[string]bool{}
	for _, l := range listings {
		for _, c := range channels {
			var topic string
			switch c {
			case market.ChannelTicker:
				topic = "tickers." + l.Symbol
			case market.ChannelTrade:
				topic = "publicTrade." + l.Symbol
				if p.category == option {
					topic = "publicTrade." + l.Instrument.Base()
				}
			default: // a book, or what does for the best of one
				topic = p.bookTopic(l.Symbol)
			}
			if !asked[topic] {
				asked[topic] = true
				topics = append(topics, topic)
			}
		}
	}
	return topics
}

func (p *Protocol) bookTopic(symbol string) string { return "orderbook." + p.depth + "." + symbol }

// request is the frame that asks for topics, or for their end.
func request(op string, topics ...string) []byte {
	var e jx.Encoder
	e.Obj(func(e *jx.Encoder) {
		e.Field("op", func(e *jx.Encoder) { e.Str(op) })
		e.Field("args", func(e *jx.Encoder) {
			e.Arr(func(e *jx.Encoder) {
				for _, t := range topics {
					e.Str(t)
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

// Resubscribe returns the frames, in order, that make Bybit send a new snapshot of an instrument's
// book: the end of the subscription and its renewal. It returns nil where the connection does not
// follow that book.
func (p *Protocol) Resubscribe(i market.Instrument) [][]byte {
	symbol, ok := p.symbolOf[i]
	if !ok || p.depth == "" {
		return nil
	}
	topic := p.bookTopic(symbol)
	return [][]byte{request("unsubscribe", topic), request("subscribe", topic)}
}

// Ping returns the frame that asks for a pong, and how often to send it.
func (p *Protocol) Ping() ([]byte, time.Duration) { return []byte(`{"op":"ping"}`), Limits().PingEvery }

// Silence returns for how long a healthy connection may say nothing, pongs included.
func (p *Protocol) Silence() time.Duration { return Limits().Silence }

// Lifetime returns 0: Bybit cuts no connection for its age.
func (p *Protocol) Lifetime() time.Duration { return Limits().Lifetime }

// SendEvery returns the least time between two frames that we send.
func (p *Protocol) SendEvery() time.Duration { return Limits().SendEvery }

// ConnectEvery returns the least time between two connection attempts from one address.
func (p *Protocol) ConnectEvery() time.Duration { return Limits().ConnectEvery }

// Instruments returns what the connection follows.
func (p *Protocol) Instruments() []market.Instrument {
	return append([]market.Instrument(nil), p.instruments...)
}

// Instrument returns the instrument of one of the venue's symbols, in the connection's category.
// It fails with a *venue.DecodeError of reason Instrument.
func (p *Protocol) Instrument(symbol string) (market.Instrument, error) {
	of := p.symbolsOf(p.category)
	n, err := of.Find([]byte(symbol))
	if err != nil {
		return market.Instrument{}, venue.Refused(p.venue, err)
	}
	return of.Instrument(n), nil
}
