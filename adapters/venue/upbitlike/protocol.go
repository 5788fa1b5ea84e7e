// Package upbitlike is what Upbit and Bithumb have in common: Bithumb took over Upbit's protocol
// in 2024, with the same requests and the same names of fields. Each venue's package states its
// own address, limits and symbols in a Dialect, and its own additions in an Extra.
//
// What the two share: one request, an array, subscribes to everything, and a later one replaces
// it. Nothing is acknowledged, and an unknown code is ignored in silence. Frames are binary
// WebSocket frames that hold JSON, in format DEFAULT or, with short names, SIMPLE. Every order
// book frame is the whole book, with short sides padded by levels of price 0. A ticker's open,
// high, low and change are those of the trading day, while its volume is that of 24 hours.
package upbitlike

import (
	"fmt"
	"strconv"
	"time"

	"github.com/go-faster/jx"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// Dialect is where a venue differs from the other.
type Dialect struct {
	Name         market.Venue // in messages, unless the configuration gives another
	WebSocketURL string       // unless the configuration gives another
	Limits       venue.Limits
	// Symbol turns a symbol in upper case into the canonical name of an instrument, or says that
	// it cannot.
	Symbol func(symbol string) (name string, ok bool)
	// BookSuffix returns what follows a code to get a book of at least so many levels a side; 0
	// is the venue's default.
	BookSuffix func(depth int) string
	// Extra makes what decodes the venue's own additions, one for each connection; nil: none.
	Extra func(name market.Venue, symbols *venue.Symbols) Extra
}

// Protocol is one connection. It is not safe for concurrent use.
type Protocol struct {
	decoder
	url         string
	limits      venue.Limits
	request     []byte // nil: nothing to subscribe to
	instruments []market.Instrument
}

// New returns the connections that it takes to follow what the configuration names; one that
// only decodes if it names no listings or no channels. It fails with every fault of the
// configuration.
func New(d Dialect, c venue.Config) ([]*Protocol, error) {
	if c.Venue == "" {
		c.Venue = d.Name
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("%s: configuration: %w", d.Name, err)
	}
	if c.WebSocketURL == "" {
		c.WebSocketURL = d.WebSocketURL
	}
	var all []*Protocol
	for n, listings := range d.Limits.Connections(c) {
		symbols, err := venue.NewSymbols(c.Venue, c.Listings, d.Symbol)
		if err != nil {
			return nil, fmt.Errorf("%s: configuration: %w", d.Name, err)
		}
		p := &Protocol{decoder: decoder{venue: c.Venue, symbols: symbols}, url: c.WebSocketURL, limits: d.Limits}
		if d.Extra != nil {
			p.extra = d.Extra(c.Venue, symbols)
		}
		for _, l := range listings {
			p.instruments = append(p.instruments, l.Instrument)
		}
		if len(listings) > 0 {
			p.request = request(n, listings, c.Channels, c.BookDepth, d.BookSuffix)
		}
		all = append(all, p)
	}
	return all, nil
}

// request is the one frame that subscribes to everything of connection n. There is no channel of
// best bid and offer: where that is wanted and the book is not, a book of one level does.
func request(n int, listings []market.Listing, channels []market.Channel, depth int, bookSuffix func(int) string) []byte {
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
			codes("orderbook", bookSuffix(depth))
		case bbo:
			codes("orderbook", bookSuffix(1))
		}
		// SIMPLE has short field names: half the bytes for the same content.
		e.Obj(func(e *jx.Encoder) {
			e.Field("format", func(e *jx.Encoder) { e.Str("SIMPLE") })
		})
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
func (p *Protocol) Ping() ([]byte, time.Duration) { return nil, p.limits.PingEvery }

// Silence returns for how long a healthy connection may say nothing, pongs included.
func (p *Protocol) Silence() time.Duration { return p.limits.Silence }

// Lifetime returns the age at which the venue cuts a connection; 0: never.
func (p *Protocol) Lifetime() time.Duration { return p.limits.Lifetime }

// SendEvery returns the least time between two frames that we send.
func (p *Protocol) SendEvery() time.Duration { return p.limits.SendEvery }

// ConnectEvery returns the least time between two connection attempts from one address.
func (p *Protocol) ConnectEvery() time.Duration { return p.limits.ConnectEvery }

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
