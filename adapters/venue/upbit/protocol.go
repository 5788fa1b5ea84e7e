// Package upbit speaks the market-data protocol of Upbit: subscriptions out, frames in, messages
// of actors/message up. It opens no socket; the feeder does.
//
// Sources: docs.upbit.com/kr/reference (websocket-guide, websocket-ticker, -trade, -orderbook,
// -candle, rate limits), read 2026-11; what the pages leave open was measured on live sockets by
// others on 2026-09-23 and is marked "measured" below.
//
// What is peculiar to Upbit: frames are binary WebSocket frames that hold JSON. There is no
// acknowledgement, and an unknown code is ignored in silence. Every order book frame is the whole
// book, with short sides padded by levels of price 0. A ticker's open, high, low and change are
// those of the trading day, which begins at 00:00 UTC, while its volume is that of 24 hours.
package upbit

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/jx"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
)

// Name is the venue's name in messages unless the configuration gives another.
const Name market.Venue = "upbit"

// The public endpoints (websocket-guide).
const (
	publicWebSocketURL = "wss://api.upbit.com/websocket/v1"
	publicRESTURL      = "https://api.upbit.com"
)

// Limits returns what Upbit allows.
func Limits() venue.Limits {
	return venue.Limits{
		// No cap is published; 855 codes on one socket were served (measured). A few hundred
		// keep what one reconnect costs, and one socket's 2 MB/s, small.
		InstrumentsPerConnection: 300,
		// A second request replaces the first (websocket-guide, measured), so all go into one
		// frame; 9,468 bytes in one frame were served (measured).
		NamesPerFrame: 0,
		// Rate limits: websocket-message 5 a second and 100 a minute a connection.
		SendEvery: 600 * time.Millisecond,
		// Rate limits: websocket-connect 5 a second an address.
		ConnectEvery: 200 * time.Millisecond,
		// The server cuts after 120 s (websocket-guide), really 60 s (measured), without
		// traffic, and sends no ping. It answers a protocol ping within 0.2 s (measured); whether
		// the text PING is answered on a subscribed socket is not certain.
		PingEvery: 20 * time.Second,
		Silence:   60 * time.Second, // three pongs missed
	}
}

// Protocol is one connection to Upbit. It is not safe for concurrent use.
type Protocol struct {
	venue       market.Venue
	url         string
	request     []byte // nil: nothing to subscribe to
	instruments []market.Instrument
	symbols     *venue.Symbols

	// Scratch of Decode.
	d          jx.Decoder
	f          fields
	bids, asks []message.Level
}

// New returns the connections that it takes to follow what the configuration names; one that
// only decodes if it names no listings or no channels. It fails with every fault of the
// configuration.
func New(c venue.Config) ([]*Protocol, error) {
	if c.Venue == "" {
		c.Venue = Name
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("upbit: configuration: %w", err)
	}
	if c.WebSocketURL == "" {
		c.WebSocketURL = publicWebSocketURL
	}
	var all []*Protocol
	for n, listings := range Limits().Connections(c) {
		symbols, err := venue.NewSymbols(c.Venue, c.Listings, canonical)
		if err != nil {
			return nil, fmt.Errorf("upbit: configuration: %w", err)
		}
		p := &Protocol{venue: c.Venue, url: c.WebSocketURL, symbols: symbols}
		for _, l := range listings {
			p.instruments = append(p.instruments, l.Instrument)
		}
		if len(listings) > 0 {
			p.request = request(n, listings, c.Channels, c.BookDepth)
		}
		all = append(all, p)
	}
	return all, nil
}

// canonical turns KRW-BTC into BTC-KRW: Upbit puts the quote first.
func canonical(symbol string) (string, bool) {
	quote, base, ok := strings.Cut(symbol, "-")
	return base + "-" + quote, ok && quote != "" && base != "" && !strings.Contains(base, "-")
}

// request is the one frame that subscribes to everything of connection n. Upbit has no channel of
// best bid and offer: where that is wanted and the book is not, a book of one level does.
func request(n int, listings []market.Listing, channels []market.Channel, depth int) []byte {
	var ticker, trade, book, bbo bool
	for _, c := range channels {
		switch c {
		case market.ChannelTicker:
			ticker = true
		case market.ChannelTrade:
			trade = true
		case market.ChannelBook:
			book = true
		case market.ChannelBBO:
			bbo = true
		}
	}
	var e jx.Encoder
	codes := func(kind, suffix string) {
		e.Obj(func(e *jx.Encoder) {
			e.Field("type", func(e *jx.Encoder) { e.Str(kind) })
			e.Field("codes", func(e *jx.Encoder) {
				e.Arr(func(e *jx.Encoder) {
					for _, l := range listings {
						e.Str(l.Symbol + suffix)
					}
				})
			})
		})
	}
	e.Arr(func(e *jx.Encoder) {
		// The ticket only has to be there; it names the connection to whoever reads a recording.
		e.Obj(func(e *jx.Encoder) {
			e.Field("ticket", func(e *jx.Encoder) { e.Str("maru-" + strconv.Itoa(n)) })
		})
		if ticker {
			codes("ticker", "")
		}
		if trade {
			codes("trade", "")
		}
		switch {
		case book:
			codes("orderbook", depthSuffix(depth))
		case bbo:
			codes("orderbook", depthSuffix(1))
		}
		// SIMPLE has short field names: half the bytes for the same content.
		e.Obj(func(e *jx.Encoder) {
			e.Field("format", func(e *jx.Encoder) { e.Str("SIMPLE") })
		})
	})
	return e.Bytes()
}

// depthSuffix returns what follows a code to get at least so many levels: Upbit offers 1, 5, 15
// and 30 a side and gives 30 by default (changelog of 2025-07-02).
func depthSuffix(depth int) string {
	for _, n := range []int{1, 5, 15} {
		if depth > 0 && depth <= n {
			return "." + strconv.Itoa(n)
		}
	}
	return ""
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

// Lifetime returns 0: Upbit cuts no connection for its age.
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
