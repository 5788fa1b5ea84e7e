// Package korbit speaks the market-data protocol of Korbit, version 2: subscriptions out, frames
// in, messages of actors/message up. It opens no socket; the feeder does.
//
// Sources: docs.korbit.co.kr (WebSocket API v2: ticker, orderbook, trade; currencyPairs), read
// 2026-11, and what Korbit's own client, korbit-cli, says of the stream. No recorded frames of it
// were found.
//
// What is peculiar to Korbit: symbols are in lower case, base first (btc_krw). Each subscription is
// answered, and followed by a snapshot; snapshot is true there, and false, null or absent later.
// Every ticker and order book frame is the whole state, so what the server drops under load heals
// with the next one. A trade frame holds several trades; trade ids rise, but not by one, and those
// of the snapshot have been seen before if the subscription is not the first: whoever counts trades
// goes by their id. A ticker is of the last 24 hours, and its prevClose the close of the 24 hours
// before.
package korbit

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
const Name market.Venue = "korbit"

// The public endpoints (WebSocket API; REST API).
const (
	publicWebSocketURL = "wss://ws-api.korbit.co.kr/v2/public"
	publicRESTURL      = "https://api.korbit.co.kr"
)

// Limits returns what Korbit allows.
func Limits() venue.Limits {
	return venue.Limits{
		// No cap is published. Korbit lists some 200 pairs, and drops messages under load: a
		// hundred on a connection keep the load of one small.
		InstrumentsPerConnection: 100,
		// None is published: all goes into one frame.
		NamesPerFrame: 0,
		// None is published.
		ConnectEvery: 200 * time.Millisecond,
		// No rule is published; an SDK that others wrote pings every 15 s and is served.
		PingEvery: 15 * time.Second,
		Silence:   45 * time.Second, // three pongs missed
	}
}

// Protocol is one connection to Korbit. It is not safe for concurrent use.
type Protocol struct {
	venue       market.Venue
	url         string
	request     []byte // nil: nothing to subscribe to
	instruments []market.Instrument
	symbols     *venue.Symbols
	ids         venue.IDs

	// Scratch of Decode.
	d          scan.Decoder
	f          fields
	trades     []trade
	bids, asks []message.Level
}

// New returns the connections that it takes to follow what the configuration names; one that
// only decodes if it names no listings or no channels. The book has up to 30 levels whatever depth
// is asked for. It fails with every fault of the configuration.
func New(c venue.Config) ([]*Protocol, error) {
	if c.Venue == "" {
		c.Venue = Name
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("korbit: configuration: %w", err)
	}
	if c.WebSocketURL == "" {
		c.WebSocketURL = publicWebSocketURL
	}
	var all []*Protocol
	for _, listings := range Limits().Connections(c) {
		symbols, err := venue.NewSymbols(c.Venue, c.Listings, canonical)
		if err != nil {
			return nil, fmt.Errorf("korbit: configuration: %w", err)
		}
		p := &Protocol{venue: c.Venue, url: c.WebSocketURL, symbols: symbols}
		for _, l := range listings {
			p.instruments = append(p.instruments, l.Instrument)
		}
		if len(listings) > 0 {
			p.request = request(types(c.Channels), listings)
		}
		all = append(all, p)
	}
	return all, nil
}

// canonical turns BTC_KRW into BTC-KRW.
func canonical(symbol string) (string, bool) {
	base, quote, ok := strings.Cut(symbol, "_")
	return base + "-" + quote, ok && quote != "" && base != "" && !strings.ContainsAny(base+quote, "-_")
}

// types are the venue's names of the channels. There is none of best bid and offer: the book does.
func types(channels []market.Channel) []string {
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
		names = append(names, "ticker")
	}
	if trade {
		names = append(names, "trade")
	}
	if book {
		names = append(names, "orderbook")
	}
	return names
}

// request is the one frame that subscribes to everything of a connection.
func request(types []string, listings []market.Listing) []byte {
	var e jx.Encoder
	e.Arr(func(e *jx.Encoder) {
		for n, name := range types {
			e.Obj(func(e *jx.Encoder) {
				e.Field("requestId", func(e *jx.Encoder) { e.Int(n + 1) })
				e.Field("method", func(e *jx.Encoder) { e.Str("subscribe") })
				e.Field("type", func(e *jx.Encoder) { e.Str(name) })
				e.Field("symbols", func(e *jx.Encoder) {
					e.Arr(func(e *jx.Encoder) {
						for _, l := range listings {
							e.Str(l.Symbol)
						}
					})
				})
			})
		}
	})
	return e.Bytes()
}

// Venue returns the name in messages.
func (p *Protocol) Venue() market.Venue { return p.venue }

// URL returns what to dial.
func (p *Protocol) URL() string { return p.url }

// Subscribe returns the frames to send once the connection is open: one, or none.
func (p *Protocol) Subscribe() [][]byte {
	if p.request == nil {
		return nil
	}
	return [][]byte{append([]byte(nil), p.request...)}
}

// Ping returns nil for a WebSocket ping, and how often to send one.
func (p *Protocol) Ping() ([]byte, time.Duration) { return nil, Limits().PingEvery }

// Silence returns for how long a healthy connection may say nothing, pongs included.
func (p *Protocol) Silence() time.Duration { return Limits().Silence }

// Lifetime returns 0: no age is known at which Korbit cuts a connection.
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
