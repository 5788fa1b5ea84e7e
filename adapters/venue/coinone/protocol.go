// Package coinone speaks the market-data protocol of Coinone: subscriptions out, frames in,
// messages of actors/message up. It opens no socket; the feeder does.
//
// Sources: docs.coinone.co.kr/reference (public-websocket-1, -ping, -orderbook, -ticker, -trade,
// -chart; markets), read 2026-11; what the pages leave open was measured on live sockets by others
// on 2026-09-23 and is marked "measured" below.
//
// What is peculiar to Coinone: an instrument is two fields, quote_currency and target_currency.
// Each is subscribed to with a frame of its own. A subscription is acknowledged even if there is
// no such pair; an error follows that does not say which (measured). Every order book frame is the
// whole book of 16 levels, asks worst first, and the first one after a subscription carries a
// timestamp about 10 s old (measured), which is kept as the venue states it. A ticker's first,
// high and low are those of the UTC day, while its volume is that of 24 hours. Format SHORT has
// short names for everything, envelope included.
package coinone

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-faster/jx"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Name is the venue's name in messages unless the configuration gives another.
const Name market.Venue = "coinone"

// The public endpoints (public-websocket-1; API reference).
const (
	publicWebSocketURL = "wss://stream.coinone.co.kr"
	publicRESTURL      = "https://api.coinone.co.kr"
)

// Limits returns what Coinone allows.
func Limits() venue.Limits {
	return venue.Limits{
		// No cap on topics is published; 363 on one socket were served (measured), while 20
		// connections an address are all there are (public-websocket-1; close code 4290). 400
		// topics are three channels of 133 instruments: all of Coinone in three connections.
		StreamsPerConnection: 400,
		// One topic a frame (public-websocket-1).
		NamesPerFrame: 1,
		// None is published; 363 frames at once were served (measured). A little apart, they are
		// no burst, and all are sent within two seconds.
		SendEvery: 5 * time.Millisecond,
		// None is published.
		ConnectEvery: 200 * time.Millisecond,
		// The server cuts 30 minutes after the last PING (public-websocket-ping), and a socket
		// that never sent anything after 60 s (measured). It sends no ping of its own, and PONG
		// comes within 0.3 s (measured).
		PingEvery: 20 * time.Second,
		Silence:   60 * time.Second, // three PONGs missed
	}
}

// Protocol is one connection to Coinone. It is not safe for concurrent use.
type Protocol struct {
	venue       market.Venue
	url         string
	requests    [][]byte
	instruments []market.Instrument
	symbols     *venue.Symbols
	ids         venue.IDs

	// Scratch of Decode.
	d          scan.Decoder
	f          fields
	bids, asks []message.Level
	symbol     []byte
}

// New returns the connections that it takes to follow what the configuration names; one that
// only decodes if it names no listings or no channels. The book has 16 levels whatever depth is
// asked for. It fails with every fault of the configuration.
func New(c venue.Config) ([]*Protocol, error) {
	if c.Venue == "" {
		c.Venue = Name
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("coinone: configuration: %w", err)
	}
	for i, l := range c.Listings {
		if _, ok := canonical(strings.ToUpper(l.Symbol)); !ok {
			return nil, fmt.Errorf("coinone: configuration: listing %d: symbol %.80q, want quote and target such as KRW-BTC", i, l.Symbol)
		}
	}
	if c.WebSocketURL == "" {
		c.WebSocketURL = publicWebSocketURL
	}
	var all []*Protocol
	for _, listings := range Limits().Connections(c) {
		symbols, err := venue.NewSymbols(c.Venue, c.Listings, canonical)
		if err != nil {
			return nil, fmt.Errorf("coinone: configuration: %w", err)
		}
		p := &Protocol{venue: c.Venue, url: c.WebSocketURL, symbols: symbols}
		for _, l := range listings {
			p.instruments = append(p.instruments, l.Instrument)
			for _, channel := range topics(c.Channels) {
				p.requests = append(p.requests, request(channel, l.Symbol))
			}
		}
		all = append(all, p)
	}
	return all, nil
}

// symbolJoint joins the two fields of an instrument in the order in which Coinone's REST paths have
// them: KRW-BTC.
const symbolJoint = "-"

// canonical turns KRW-BTC into BTC-KRW.
func canonical(symbol string) (string, bool) {
	quote, target, ok := strings.Cut(symbol, symbolJoint)
	return target + "-" + quote, ok && quote != "" && target != "" && !strings.Contains(target, "-")
}

// topics are the venue's names of the channels. There is none of best bid and offer: the ticker
// has them, but only as of the last trade (measured), so the book is taken instead.
func topics(channels []market.Channel) []string {
	var ticker, book, trade bool
	for _, c := range channels {
		switch c {
		case market.ChannelTicker:
			ticker = true
		case market.ChannelBook, market.ChannelBBO:
			book = true
		case market.ChannelTrade:
			trade = true
		}
	}
	var names []string
	if ticker {
		names = append(names, "TICKER")
	}
	if trade {
		names = append(names, "TRADE")
	}
	if book {
		names = append(names, "ORDERBOOK")
	}
	return names
}

// request is the frame that subscribes to one topic.
func request(channel, symbol string) []byte {
	quote, target, _ := strings.Cut(symbol, symbolJoint)
	var e jx.Encoder
	e.Obj(func(e *jx.Encoder) {
		e.Field("request_type", func(e *jx.Encoder) { e.Str("SUBSCRIBE") })
		e.Field("channel", func(e *jx.Encoder) { e.Str(channel) })
		e.Field("topic", func(e *jx.Encoder) {
			e.Obj(func(e *jx.Encoder) {
				e.Field("quote_currency", func(e *jx.Encoder) { e.Str(quote) })
				e.Field("target_currency", func(e *jx.Encoder) { e.Str(target) })
			})
		})
		e.Field("format", func(e *jx.Encoder) { e.Str("SHORT") })
	})
	return e.Bytes()
}

// Venue returns the name in messages.
func (p *Protocol) Venue() market.Venue { return p.venue }

// URL returns what to dial.
func (p *Protocol) URL() string { return p.url }

// Subscribe returns the frames to send once the connection is open, one for each topic.
func (p *Protocol) Subscribe() [][]byte {
	var frames [][]byte
	for _, r := range p.requests {
		frames = append(frames, append([]byte(nil), r...))
	}
	return frames
}

// Ping returns the frame that keeps the connection alive, and how often to send it. A WebSocket
// ping does not: the server counts from the last of these.
func (p *Protocol) Ping() ([]byte, time.Duration) {
	return []byte(`{"request_type":"PING"}`), Limits().PingEvery
}

// Silence returns for how long a healthy connection may say nothing, PONGs included.
func (p *Protocol) Silence() time.Duration { return Limits().Silence }

// Lifetime returns 0: Coinone cuts no connection for its age.
func (p *Protocol) Lifetime() time.Duration { return Limits().Lifetime }

// SendEvery returns the least time between two frames that we send.
func (p *Protocol) SendEvery() time.Duration { return Limits().SendEvery }

// ConnectEvery returns the least time between two connection attempts from one address.
func (p *Protocol) ConnectEvery() time.Duration { return Limits().ConnectEvery }

// Instruments returns what the connection follows.
func (p *Protocol) Instruments() []market.Instrument {
	return append([]market.Instrument(nil), p.instruments...)
}

// Instrument returns the instrument of a symbol such as KRW-BTC. It fails with a
// *venue.DecodeError of reason Instrument.
func (p *Protocol) Instrument(symbol string) (market.Instrument, error) {
	n, err := p.symbols.Find([]byte(symbol))
	if err != nil {
		return market.Instrument{}, venue.Refused(p.venue, err)
	}
	return p.symbols.Instrument(n), nil
}
