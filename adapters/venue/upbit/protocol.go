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
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/upbitlike"
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
type Protocol struct{ *upbitlike.Protocol }

// New returns the connections that it takes to follow what the configuration names; one that
// only decodes if it names no listings or no channels. It fails with every fault of the
// configuration.
func New(c venue.Config) ([]*Protocol, error) {
	connections, err := upbitlike.New(upbitlike.Dialect{
		Name: Name, WebSocketURL: publicWebSocketURL, Limits: Limits(), Symbol: canonical, BookSuffix: depthSuffix,
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

// canonical turns KRW-BTC into BTC-KRW: Upbit puts the quote first.
func canonical(symbol string) (string, bool) {
	quote, base, ok := strings.Cut(symbol, "-")
	return base + "-" + quote, ok && quote != "" && base != "" && !strings.Contains(base, "-")
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
