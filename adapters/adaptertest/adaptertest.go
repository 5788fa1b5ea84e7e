// Package adaptertest is the one suite that every venue's adapter must pass. It runs a real feeder,
// with the adapter's protocol, over real WebSockets against a local server that speaks as the venue
// does: what is proven is the adapter and the feeder together, as a node uses them. How a venue
// speaks stands in a Venue, a few functions that write frames in the shape of the venue's manual.
//
// It is support for tests: it imports actors, which adapters may not, so only tests import it.
package adaptertest

import (
	"net/http"
	"slices"
	"testing"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
)

// Venue is an adapter, and how the venue that it is for behaves.
type Venue struct {
	Name market.Venue
	New  func(venue.Config) ([]feeder.Protocol, error)

	// Path is that of the WebSocket's address.
	Path string
	// Quote and Symbol name instruments: BTC against Quote is Symbol("BTC") at the venue.
	Quote  string
	Symbol func(base string) string
	// Binary says that the venue sends its frames as binary messages.
	Binary bool

	// Hello is what the server says first on every connection; may be nil.
	Hello func() []string
	// Read tells what a frame of the client asks for; an error is a frame that the venue would
	// not understand, and fails the test.
	Read func(frame string) (Request, error)
	// Replaces says that a subscription replaces the one before.
	Replaces bool
	// Ack is what the server answers to a request that it accepts; nil: it says nothing.
	Ack func(Request) []string
	// Refusal is what it answers to one that it refuses, RefusalCode the code in it.
	Refusal     func(Request) []string
	RefusalCode string
	// RefusalCloses says that it closes the connection after it.
	RefusalCloses bool

	// ClientPings says how the client has to keep the connection alive.
	ClientPings PingKind
	// Pong is what the server answers to a text ping.
	Pong func(frame string) string

	// Ticker writes a ticker frame; TickerHas are the figures in it.
	Ticker    func(Ticker) string
	TickerHas message.TickerField
	// BBO writes a frame of best bid and offer; nil: the adapter has no such channel.
	BBO func(BBO) string
	// Trade writes a trade frame.
	Trade func(Trade) string

	// Books is the rule by which a book stays whole.
	Books BookRule
	// IDs is how many ids an update spans; 0: the venue's books are not numbered.
	IDs uint64
	// Snapshot writes a frame with a whole book (Whole, Chained), Update one with a change
	// (Joined, Chained).
	Snapshot, Update func(Book) string
	// RESTSymbol tells of which symbol a request wants the book, RESTBook writes the answer
	// (Joined).
	RESTSymbol func(*http.Request) string
	RESTBook   func(Book) string
}

// BookRule is how a venue's order books stay whole.
type BookRule uint8

// The rules.
const (
	Whole   BookRule = 1 + iota // every frame is the whole book
	Joined                      // changes, joined to a snapshot over REST
	Chained                     // a snapshot in the stream, then changes; a new subscription brings a new one
)

// PingKind is how a client pings.
type PingKind uint8

// The kinds.
const (
	NoPing      PingKind = iota // the client need not: the server does
	ControlPing                 // with WebSocket pings
	TextPing                    // with frames of the venue's own
)

// Request is what a client asks for.
type Request struct {
	Kind   RequestKind
	Topics []Topic
	ID     string // as it stands in the frame, to be repeated in the answer
}

// RequestKind is a kind of request.
type RequestKind uint8

// The kinds.
const (
	Subscribe RequestKind = 1 + iota
	Unsubscribe
	Ping
)

// Topic is one channel of one symbol.
type Topic struct {
	Channel market.Channel
	Symbol  string
}

// Ticker is what stands in a ticker frame besides constants of the venue's own.
type Ticker struct {
	Symbol, Price string
	Time          int64 // ms since 1970
}

// BBO is what stands in a frame of best bid and offer.
type BBO struct {
	Symbol   string
	Bid, Ask Level
	Time     int64 // ms since 1970
	ID       uint64
}

// Trade is what stands in a trade frame.
type Trade struct {
	Symbol, Price, Quantity string
	Taker                   market.Side
	ID                      uint64
	Time                    int64 // ms since 1970
}

// Level is one price; in a change a quantity of "0" removes it.
type Level struct{ Price, Quantity string }

// Book is a whole book or a change to one.
type Book struct {
	Symbol            string
	Bids, Asks        []Level // best first
	First, Last, Prev uint64  // ids of a change; of a whole book Last alone; zero where there are none
	Time              int64   // ms since 1970
	After             *Book   // of a change: the whole book after it, for a checksum
}

// Run runs the suite on an adapter.
func Run(t *testing.T, v Venue) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Venue)
		only []BookRule // none: every venue
	}{
		{"subscribe", subscribes, nil},
		{"every instrument once", coversAll, nil},
		{"pace", paces, nil},
		{"acknowledgement", acknowledges, nil},
		{"refusal", tellsRefusals, nil},
		{"client ping", pings, nil},
		{"server ping", answersPings, nil},
		{"data", normalises, nil},
		{"reconnect", reconnects, nil},
		{"back-off", backsOff, nil},
		{"gap", healsGaps, nil},
		{"gap, late snapshot", healsLate, []BookRule{Joined, Chained}},
		{"gap again", healsSlowly, []BookRule{Chained}},
		{"resync", resyncs, nil},
		{"crossed book", healsCrossedBooks, nil},
		{"garbage", survivesGarbage, nil},
		{"oversized frame", refusesHugeFrames, nil},
		{"slow reader", survivesSlowReaders, nil},
		{"slow reader, nothing lost", losesNothing, nil},
		{"silence", findsSilence, nil},
		{"forced cut", leavesInTime, nil},
		{"close codes", tellsCloseCodes, nil},
	} {
		if c.only != nil && !slices.Contains(c.only, v.Books) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, v)
		})
	}
}
