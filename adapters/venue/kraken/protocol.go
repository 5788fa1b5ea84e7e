// Package kraken speaks the market-data protocol of Kraken spot: subscriptions out, frames in,
// messages of actors/message up. It opens no socket; the feeder does. It subscribes to version 2
// of the protocol and decodes versions 1 and 2.
//
// Sources: docs.kraken.com/exchange/api-reference/spot-websocket-v2 and -v1 (ticker, book, trade,
// ohlc, status, heartbeat, subscriptionstatus), /exchange/guides/websockets/book-checksum-v2 and
// -v1, read 2026-11.
//
// What is peculiar to Kraken: a subscription to a book is answered by the whole book, then by
// changed levels without any number. What tells a lost update is a CRC-32 over the text of the
// best ten levels a side, so the adapter keeps each book as it was written and says with a
// message.Status when the checksum does not hold. A level that falls out of the subscribed depth
// is not taken back by the venue: the adapter adds its removal to the update that pushed it out.
// Version 1 calls Bitcoin XBT and Dogecoin XDG.
package kraken

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-faster/jx"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Name is the venue's name in messages unless the configuration gives another.
const Name market.Venue = "kraken"

// The public endpoints (spot-websocket, AssetPairs).
const (
	publicWebSocketURL = "wss://ws.kraken.com/v2"
	publicRESTURL      = "https://api.kraken.com"
)

// Limits returns what Kraken allows.
func Limits() venue.Limits {
	return venue.Limits{
		// No cap is published. A hundred keep what one reconnect costs, and the burst of
		// snapshots after it, small.
		InstrumentsPerConnection: 100,
		// Not documented; keeps a frame at a kilobyte.
		NamesPerFrame: 50,
		// Not documented for public channels; a connection sends a dozen frames in its life.
		SendEvery: 200 * time.Millisecond,
		// About 150 attempts an address in 10 minutes (rate limiter table of the client library
		// JKorf/Kraken.Net; not in the manual). One in 5 s leaves a fifth to other programs.
		ConnectEvery: 5 * time.Second,
		// heartbeat: once a second where nothing else is sent, but only with a subscription; the
		// ping keeps a connection that has none.
		PingEvery: 10 * time.Second,
		Silence:   30 * time.Second, // three pongs missed, and thirty heartbeats
	}
}

// Protocol is one connection to Kraken. It is not safe for concurrent use.
type Protocol struct {
	venue       market.Venue
	url         string
	requests    [][]byte
	instruments []market.Instrument
	symbolOf    map[market.Instrument]string // of the listings; not changed after New
	depth       int                          // of the book subscription
	wantBBO     bool
	wantBook    bool
	symbols     *venue.Symbols
	ids         venue.IDs

	books           []*written // by symbol number; nil: not kept
	kept            int        // how many of books are not nil
	depths          []int      // by symbol number: the depth that the venue confirmed, 0 for none
	checked, failed uint64

	// Scratch of Decode.
	d          scan.Decoder
	f          fields
	levels     []level // bids and asks of the frame's books, as the parts tell
	parts      []part
	bids, asks []message.Level
	name       []byte // a symbol in the spelling of version 2
	sum        []byte // the text of a checksum
}

// New returns the connections that it takes to follow what the configuration names; one that
// only decodes if it names no listings or no channels. It fails with every fault of the
// configuration.
func New(c venue.Config) ([]*Protocol, error) {
	if c.Venue == "" {
		c.Venue = Name
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("kraken: configuration: %w", err)
	}
	if c.WebSocketURL == "" {
		c.WebSocketURL = publicWebSocketURL
	}
	depth := depthStep(c.BookDepth)
	if depth < c.BookDepth {
		return nil, fmt.Errorf("kraken: configuration: book depth: %d, want at most %d", c.BookDepth, depthMax)
	}
	symbolOf := make(map[market.Instrument]string, len(c.Listings))
	for _, l := range c.Listings {
		symbolOf[l.Instrument] = l.Symbol
	}
	var all []*Protocol
	for _, listings := range Limits().Connections(c) {
		symbols, err := venue.NewSymbols(c.Venue, c.Listings, canonical)
		if err != nil {
			return nil, fmt.Errorf("kraken: configuration: %w", err)
		}
		p := &Protocol{venue: c.Venue, url: c.WebSocketURL, symbolOf: symbolOf, depth: depth, symbols: symbols}
		for _, l := range listings {
			p.instruments = append(p.instruments, l.Instrument)
		}
		p.requests = requests(listings, c.Channels, depth)
		p.wantBBO, p.wantBook = slices.Contains(c.Channels, market.ChannelBBO), slices.Contains(c.Channels, market.ChannelBook)
		all = append(all, p)
	}
	return all, nil
}

// depthSteps are the depths that a book can be had in (book); depthMax is the largest.
var depthSteps = [...]int{10, 25, 100, 500, depthMax}

const depthMax = 1000

// depthStep returns the smallest depth of at least n levels, the largest there is if none.
func depthStep(n int) int {
	for _, step := range depthSteps {
		if n <= step {
			return step
		}
	}
	return depthMax
}

// requests are the frames that subscribe to every channel of the listings. Kraken has no channel
// of best bid and offer: the ticker holds both, and is sent at every change of them if asked to.
func requests(listings []market.Listing, channels []market.Channel, depth int) (frames [][]byte) {
	var symbols []string
	for _, l := range listings {
		symbols = append(symbols, l.Symbol)
	}
	wants := func(c market.Channel) bool { return slices.Contains(channels, c) }
	bbo := wants(market.ChannelBBO)
	for per := Limits().NamesPerFrame; len(symbols) > 0; {
		n := min(per, len(symbols))
		add := func(channel string, more func(*jx.Encoder)) {
			frames = append(frames, request("subscribe", channel, symbols[:n], more, len(frames)+1))
		}
		if bbo || wants(market.ChannelTicker) {
			add("ticker", func(e *jx.Encoder) {
				if bbo {
					e.Field("event_trigger", func(e *jx.Encoder) { e.Str("bbo") })
				}
			})
		}
		if wants(market.ChannelTrade) {
			add("trade", nil)
		}
		if wants(market.ChannelBook) {
			add("book", func(e *jx.Encoder) { e.Field("depth", func(e *jx.Encoder) { e.Int(depth) }) })
		}
		symbols = symbols[n:]
	}
	return frames
}

// request is a frame that subscribes to a channel, or takes that back; id is told in the answer.
func request(method, channel string, symbols []string, more func(*jx.Encoder), id int) []byte {
	var e jx.Encoder
	e.Obj(func(e *jx.Encoder) {
		e.Field("method", func(e *jx.Encoder) { e.Str(method) })
		e.Field("params", func(e *jx.Encoder) {
			e.Obj(func(e *jx.Encoder) {
				e.Field("channel", func(e *jx.Encoder) { e.Str(channel) })
				e.Field("symbol", func(e *jx.Encoder) {
					e.Arr(func(e *jx.Encoder) {
						for _, s := range symbols {
							e.Str(s)
						}
					})
				})
				if more != nil {
					more(e)
				}
			})
		})
		e.Field("req_id", func(e *jx.Encoder) { e.Int(id) })
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

// Resubscribe returns the frames that make the venue send the whole book of an instrument again,
// for when its updates cannot be trusted; none if the connection does not follow that book.
func (p *Protocol) Resubscribe(i market.Instrument) [][]byte {
	if !p.wantBook || !slices.Contains(p.instruments, i) {
		return nil
	}
	symbol := p.symbolOf[i]
	depth := func(e *jx.Encoder) { e.Field("depth", func(e *jx.Encoder) { e.Int(p.depth) }) }
	const id = 1_000_000 // apart from those of Subscribe
	return [][]byte{
		request("unsubscribe", "book", []string{symbol}, depth, id),
		request("subscribe", "book", []string{symbol}, depth, id+1),
	}
}

// Checksums returns how many checksums of books were compared, and how many of them differed.
func (p *Protocol) Checksums() (checked, failed uint64) { return p.checked, p.failed }

// Ping returns what keeps a connection alive, and how often to send it.
func (p *Protocol) Ping() ([]byte, time.Duration) {
	return []byte(`{"method":"ping"}`), Limits().PingEvery
}

// Silence returns for how long a healthy connection may say nothing, heartbeats and pongs included.
func (p *Protocol) Silence() time.Duration { return Limits().Silence }

// Lifetime returns 0: Kraken cuts no connection for its age.
func (p *Protocol) Lifetime() time.Duration { return Limits().Lifetime }

// SendEvery returns the least time between two frames that we send.
func (p *Protocol) SendEvery() time.Duration { return Limits().SendEvery }

// ConnectEvery returns the least time between two connection attempts from one address.
func (p *Protocol) ConnectEvery() time.Duration { return Limits().ConnectEvery }

// Instruments returns what the connection follows.
func (p *Protocol) Instruments() []market.Instrument {
	return append([]market.Instrument(nil), p.instruments...)
}

// Instrument returns the instrument of one of the venue's symbols, in the spelling of version 1
// or 2. It fails with a *venue.DecodeError of reason Instrument.
func (p *Protocol) Instrument(symbol string) (market.Instrument, error) {
	n, err := p.find([]byte(symbol))
	if err != nil {
		return market.Instrument{}, venue.Refused(p.venue, err)
	}
	return p.symbols.Instrument(n), nil
}

// canonical turns BTC/USD or XBT/USD into BTC-USD.
func canonical(symbol string) (string, bool) {
	base, quote, ok := strings.Cut(symbol, "/")
	return asset(base) + "-" + asset(quote), ok && base != "" && quote != "" && !strings.ContainsAny(symbol, "-") && !strings.Contains(quote, "/")
}

// asset returns what version 2 and everyone else calls an asset of version 1.
func asset(code string) string {
	switch code {
	case "XBT":
		return "BTC"
	case "XDG":
		return "DOGE"
	}
	return code
}

// find returns the number of a symbol; both spellings of it have the same.
func (p *Protocol) find(symbol []byte) (int, error) {
	for at, c := range symbol {
		if c != '/' {
			continue
		}
		base, quote := symbol[:at], symbol[at+1:]
		if string(base) == "XBT" || string(base) == "XDG" || string(quote) == "XBT" || string(quote) == "XDG" {
			p.name = append(p.name[:0], asset(string(base))...)
			p.name = append(p.name, '/')
			p.name = append(p.name, asset(string(quote))...)
			symbol = p.name
		}
		break
	}
	return p.symbols.Find(symbol)
}
