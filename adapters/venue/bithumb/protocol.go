// Package bithumb speaks the market-data protocols of Bithumb: subscriptions out, frames in,
// messages of actors/message up. It opens no socket; the feeder does.
//
// Bithumb has two. The one of 2024 (ws-api.bithumb.com) is Upbit's with a few differences and is
// what this package subscribes to; package upbitlike decodes it. The one before
// (pubwss.bithumb.com) is no longer in the manual but was still served in 2026 and is in many
// recordings; this package decodes it too, whichever connection a frame came from.
//
// Sources: apidocs.bithumb.com (v2.1.5: basics, request format, ticker, trade, orderbook,
// connection, errors) and, for the one before, its v1.2.0, read 2026-11; what the pages leave open
// was measured on live sockets by others on 2026-09-23 and is marked "measured" below.
//
// What is peculiar to Bithumb: the time of an order book is in microseconds, every other in
// milliseconds. Sizes are rounded to four decimals, so a size of 0 can stand at a live price, and
// a trade can have a quantity of 0; both are kept. Trade ids have 19 digits. The protocol before
// writes times as Korean time without a zone, has no trade ids, and its order book changes
// (orderbookdepth) have no number and no base: a book made from them alone is not whole.
package bithumb

import (
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/upbitlike"
)

// Name is the venue's name in messages unless the configuration gives another.
const Name market.Venue = "bithumb"

// The public endpoints (WebSocket basics; API reference).
const (
	publicWebSocketURL = "wss://ws-api.bithumb.com/websocket/v1"
	publicRESTURL      = "https://api.bithumb.com"
)

// Limits returns what Bithumb allows.
func Limits() venue.Limits {
	return venue.Limits{
		// No cap is published; 493 codes on one socket were served, with 1.4 MB/s (measured). Half
		// of that keeps what one reconnect costs small.
		InstrumentsPerConnection: 250,
		// A second request replaces the first (measured), so all go into one frame; 493 codes in
		// one were served (measured).
		NamesPerFrame: 0,
		// Basics: 10 connection requests a second an address, public and private together;
		// beyond it 429, and if that goes on a block of 10 minutes. Half of that is enough.
		ConnectEvery: 200 * time.Millisecond,
		// The server cuts after 120 s (connection page), really 60 s (measured), without traffic,
		// and sends no ping. It answers a protocol ping within 0.2 s (measured).
		PingEvery: 20 * time.Second,
		Silence:   60 * time.Second, // three pongs missed
	}
}

// Protocol is one connection to Bithumb. It is not safe for concurrent use.
type Protocol struct{ *upbitlike.Protocol }

// New returns the connections that it takes to follow what the configuration names; one that
// only decodes if it names no listings or no channels. It fails with every fault of the
// configuration.
func New(c venue.Config) ([]*Protocol, error) {
	connections, err := upbitlike.New(upbitlike.Dialect{
		Name: Name, WebSocketURL: publicWebSocketURL, Limits: Limits(), Symbol: canonical, BookSuffix: depthSuffix,
		Extra: func(name market.Venue, symbols *venue.Symbols) upbitlike.Extra {
			return &legacy{venue: name, symbols: symbols}
		},
	}, c)
	if err != nil {
		return nil, err
	}
	all := make([]*Protocol, len(connections))
	for i, p := range connections {
		all[i] = &Protocol{p}
	}
	return all, nil
}

// canonical turns KRW-BTC, and BTC_KRW of the protocol before, into BTC-KRW. Should a code come
// back with the depth that was asked for, KRW-BTC.5, that is no part of the name.
func canonical(symbol string) (string, bool) {
	quote, base, ok := strings.Cut(symbol, "-")
	if ok {
		base, _, _ = strings.Cut(base, ".")
	} else {
		base, quote, ok = strings.Cut(symbol, "_")
	}
	return base + "-" + quote, ok && quote != "" && base != "" && !strings.ContainsAny(base+quote, "-_")
}

// bookLevelsMax is how many levels a side the stream has; it gives no more to who asks for more
// (orderbook page, measured).
const bookLevelsMax = 15

// depthSuffix returns what follows a code to get so many levels (orderbook page: {code}.{count}).
func depthSuffix(depth int) string {
	if depth <= 0 || depth >= bookLevelsMax {
		return ""
	}
	return "." + strconv.Itoa(depth)
}
