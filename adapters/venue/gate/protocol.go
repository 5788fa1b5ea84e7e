// Package gate speaks the market-data protocol of Gate spot (WebSocket v4): subscriptions out,
// frames in, messages of actors/message up. It opens no socket; the feeder does.
//
// Sources: gate.com/docs/developers/apiv4/ws/en (Spot WebSocket v4: tickers, trades, candlesticks,
// book_ticker, order_book, order_book_update, errors), the announcement of spot.obu of 2025-05-30
// (article 45317), gate.com/docs/developers/apiv4 (order_book, currency_pairs), read 2026-11.
//
// What is peculiar to Gate: order books are differences numbered U to u, to be joined to a REST
// snapshot by the consumer; one frame may instead hold the whole book and say so (full). The
// ticker has no price of 24 hours ago, only the change in percent. Times are seconds (time) and,
// since 2022-11-22, milliseconds too (time_ms). Futures and options have channels of other names
// and shapes, which are refused by name.
package gate

import (
	"bytes"
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
const Name market.Venue = "gate"

// The public endpoints (Server URL; Gate API v4).
const (
	publicWebSocketURL = "wss://api.gateio.ws/ws/v4/"
	publicRESTURL      = "https://api.gateio.ws"
)

// Limits returns what Gate allows.
func Limits() venue.Limits {
	return venue.Limits{
		// No limit on subscriptions, but a connection that is not read fast enough is cut; at most
		// 100 connections a host are recommended (a maintainer, github.com/gateio/gatews/issues/25).
		InstrumentsPerConnection: 100,
		// Not documented; keeps a frame at a kilobyte.
		NamesPerFrame: 50,
		// No limit on messages (same issue). A connection asks for each of its books in a frame
		// of its own: all of them within two seconds.
		SendEvery: 20 * time.Millisecond,
		// Not documented.
		ConnectEvery: time.Second,
		// 200 requests of a public endpoint an address in 10 s (rate limits of Gate API v4 as
		// collected by api-evangelist/gate-io); half of that is left to other programs there.
		SnapshotEvery: 100 * time.Millisecond,
		// Application ping pong: the server pings by protocol and cuts who does not answer;
		// a client's ping restarts its timer. The protocol's ping is used: its answer is no frame
		// to decode.
		PingEvery: 10 * time.Second,
		Silence:   40 * time.Second, // four pongs missed
	}
}

// Protocol is one connection to Gate. It is not safe for concurrent use, but for DecodeSnapshot
// and SnapshotURL.
type Protocol struct {
	venue       market.Venue
	url, rest   string
	requests    [][]byte
	instruments []market.Instrument
	symbolOf    map[market.Instrument]string // of the listings; not changed after New
	books       bool                         // books are followed, or nothing is
	symbols     *venue.Symbols
	ids         venue.IDs

	// Scratch of Decode.
	r reader
}

// bookDepth is how many levels a side order_book_update speaks of, and what a snapshot has.
const bookDepth = 100

// New returns the connections that it takes to follow what the configuration names; one that
// only decodes if it names no listings or no channels. It fails with every fault of the
// configuration.
func New(c venue.Config) ([]*Protocol, error) {
	if c.Venue == "" {
		c.Venue = Name
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("gate: configuration: %w", err)
	}
	if c.WebSocketURL == "" {
		c.WebSocketURL = publicWebSocketURL
	}
	if c.RESTURL == "" {
		c.RESTURL = publicRESTURL
	}
	if c.BookDepth > bookDepth {
		return nil, fmt.Errorf("gate: configuration: book depth: %d, want at most %d", c.BookDepth, bookDepth)
	}
	symbolOf := make(map[market.Instrument]string, len(c.Listings))
	for _, l := range c.Listings {
		symbolOf[l.Instrument] = l.Symbol
	}
	var all []*Protocol
	for _, listings := range Limits().Connections(c) {
		symbols, err := venue.NewSymbols(c.Venue, c.Listings, canonical)
		if err != nil {
			return nil, fmt.Errorf("gate: configuration: %w", err)
		}
		p := &Protocol{venue: c.Venue, url: c.WebSocketURL, rest: strings.TrimSuffix(c.RESTURL, "/"), symbolOf: symbolOf,
			books:   len(c.Channels) == 0 || slices.Contains(c.Channels, market.ChannelBook),
			symbols: symbols, requests: requests(listings, c.Channels)}
		for _, l := range listings {
			p.instruments = append(p.instruments, l.Instrument)
		}
		all = append(all, p)
	}
	return all, nil
}

// requests are the frames that subscribe to every channel of the listings, without the time of day,
// which Stamp puts into them.
func requests(listings []market.Listing, channels []market.Channel) (frames [][]byte) {
	add := func(channel string, payload ...string) {
		var e jx.Encoder
		e.Obj(func(e *jx.Encoder) {
			e.Field("id", func(e *jx.Encoder) { e.Int(len(frames) + 1) })
			e.Field("channel", func(e *jx.Encoder) { e.Str(channel) })
			e.Field("event", func(e *jx.Encoder) { e.Str("subscribe") })
			e.Field("payload", func(e *jx.Encoder) {
				e.Arr(func(e *jx.Encoder) {
					for _, s := range payload {
						e.Str(s)
					}
				})
			})
		})
		frames = append(frames, e.Bytes())
	}
	for _, c := range channels {
		if c == market.ChannelBook {
			for _, l := range listings {
				add("spot.order_book_update", l.Symbol, "100ms")
			}
			continue
		}
		for part := range slices.Chunk(listings, Limits().NamesPerFrame) {
			var symbols []string
			for _, l := range part {
				symbols = append(symbols, l.Symbol)
			}
			add(streams[c], symbols...)
		}
	}
	return frames
}

// streams are the channels that take a list of pairs.
var streams = map[market.Channel]string{
	market.ChannelTicker: "spot.tickers",
	market.ChannelBBO:    "spot.book_ticker",
	market.ChannelTrade:  "spot.trades",
}

// Venue returns the name in messages.
func (p *Protocol) Venue() market.Venue { return p.venue }

// URL returns what to dial.
func (p *Protocol) URL() string { return p.url }

// Subscribe returns the frames to send, in order, once the connection is open, with SendEvery
// between them and each through Stamp.
func (p *Protocol) Subscribe() [][]byte {
	frames := make([][]byte, len(p.requests))
	for i := range frames {
		frames[i] = append([]byte(nil), p.requests[i]...)
	}
	return frames
}

// Stamp returns a frame of Subscribe with the time of day in seconds in it, which the manual wants
// in every request, at most 60 s from the venue's own (System API, Request: time).
func (p *Protocol) Stamp(frame []byte, at market.Timestamp) []byte {
	stamped := make([]byte, 0, len(frame)+24)
	stamped = append(stamped, `{"time":`...)
	stamped = strconv.AppendInt(stamped, at.Time().Unix(), 10)
	stamped = append(stamped, ',')
	return append(stamped, frame[1:]...)
}

// Ping returns nil for a WebSocket ping, and how often to send one.
func (p *Protocol) Ping() ([]byte, time.Duration) { return nil, Limits().PingEvery }

// Silence returns for how long a healthy connection may say nothing, pongs included.
func (p *Protocol) Silence() time.Duration { return Limits().Silence }

// Lifetime returns 0: no age is stated at which Gate cuts a connection.
func (p *Protocol) Lifetime() time.Duration { return Limits().Lifetime }

// SendEvery returns the least time between two frames that we send.
func (p *Protocol) SendEvery() time.Duration { return Limits().SendEvery }

// ConnectEvery returns the least time between two connection attempts from one address.
func (p *Protocol) ConnectEvery() time.Duration { return Limits().ConnectEvery }

// SnapshotEvery returns the least time between two requests of SnapshotURL from one address.
func (p *Protocol) SnapshotEvery() time.Duration { return Limits().SnapshotEvery }

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

// SnapshotURL returns where the order book of an instrument is (GET /api/v4/spot/order_book);
// empty if books are not followed.
func (p *Protocol) SnapshotURL(i market.Instrument) string {
	if !p.books {
		return ""
	}
	symbol, ok := p.symbolOf[i]
	if !ok {
		symbol = symbolFor(i.Name())
	}
	return fmt.Sprintf("%s/api/v4/spot/order_book?currency_pair=%s&limit=%d&with_id=true", p.rest, symbol, bookDepth)
}

// canonical turns BTC_USDT into BTC-USDT.
func canonical(symbol string) (string, bool) {
	base, quote, ok := strings.Cut(symbol, "_")
	return base + "-" + quote, ok && base != "" && quote != "" && !strings.Contains(quote, "_") && !strings.Contains(symbol, "-")
}

// symbolFor is the reverse of canonical.
func symbolFor(name string) string { return strings.Replace(name, "-", "_", 1) }

// pairOf returns the pair of a book of spot.obu: BTC_USDT of ob.BTC_USDT.400.
func pairOf(stream []byte) []byte {
	pair, ok := bytes.CutPrefix(stream, obuPrefix)
	if !ok {
		return stream
	}
	if at := bytes.LastIndexByte(pair, '.'); at >= 0 {
		pair = pair[:at]
	}
	return pair
}

var obuPrefix = []byte("ob.")
