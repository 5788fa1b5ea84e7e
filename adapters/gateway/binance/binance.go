// Package binance is the order gateway of Binance spot: orders out over REST, what became of them
// back over REST and the user data stream of the WebSocket API. It imports market, message, package
// gateway, and of the market-data adapters what reads JSON and knows symbols; it satisfies the order
// gateway's interface of a venue without importing it.
//
// Sources: the documentation of the spot API (binance/binance-spot-api-docs at a5e0bc3ddc of
// 2026-07-21: rest-api.md, web-socket-api.md, user-data-stream.md, errors.md, enums.md, filters.md,
// faqs/order_amend_keep_priority.md), and of the wallet API for what a key may do
// (developers.binance.com, Get API Key Permission), read 2026-11.
//
// What is peculiar to Binance spot:
//   - A request is void at the venue after timestamp + recvWindow, by the venue's clock, so that an
//     order that nobody knows of after that time can be proven never to have been taken.
//   - Order and trade ids are unique within a symbol only; ours carry the symbol in front.
//   - A client order id is unique among open orders only, and a cancel puts an id of its own into the
//     place of the order's.
//   - It cancels nothing when a client disappears: the countdown exists on the futures markets only
//     (POST /fapi/v1/countdownCancelAll), and no document of spot names anything like it.
//   - It reduces the quantity of an open order in its place in the queue, and changes nothing else.
//
// What is pure (signing, requests, answers, events) stands apart from the shell (gateway.go,
// recover.go, stream.go), which alone has goroutines, sockets and a clock.
package binance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
	"github.com/maru-trading/maru/adapters/venue"
)

// Name is the venue's name in messages unless the configuration gives another.
const Name market.Venue = "binance"

// The public endpoints (rest-api.md and web-socket-api.md, General API Information).
const (
	publicRESTURL      = "https://api.binance.com"
	publicWebSocketURL = "wss://ws-api.binance.com:443/ws-api/v3"
)

const (
	// recvWindowMax is the longest that a request may stay valid (rest-api.md, Timing security),
	// and recvWindowDefault what the documentation recommends not to exceed.
	recvWindowMax     = time.Minute
	recvWindowDefault = 5 * time.Second

	// settleDefault is how long after its recvWindow ended a request may still surface: the API
	// passes a request on until then, gives the matching engine 10 s, and says that what answers
	// later may yet have been executed (rest-api.md, General API Information); the rest is for the
	// databases behind queries.
	settleDefault = 15 * time.Second

	// weightPerMinute is what one address may use a minute (enums.md, Rate limiters), and
	// weightReserve what of it is kept back for cancels. Orders and cancels that succeed weigh nothing
	// since 2026-04-02 (CHANGELOG.md, 2026-03-27), those that fail do; all are counted here.
	weightPerMinute = 6000
	weightReserve   = 600

	requestTimeout = 12 * time.Second // the API's own is 10 s
	recoverWithin  = time.Minute
	clockEvery     = 20 * time.Second // less than connections are kept idle

	// streamLifetime is when a connection is replaced; the venue cuts it at 24 h (web-socket-api.md,
	// General API Information).
	streamLifetime = 23 * time.Hour
	// streamSilence allows for two pings missed of those that the server sends every 20 s (ibid.).
	streamSilence = time.Minute
)

// Config says which account at which venue. The zero value of what is optional takes the default.
type Config struct {
	// Account names the account in messages. It must be given.
	Account message.AccountName
	// Venue is the name in messages; empty: binance.
	Venue market.Venue
	// RESTURL is what the paths of requests are appended to, and WebSocketURL is dialed for the
	// user data stream; empty: the venue's own.
	RESTURL, WebSocketURL string
	// Credentials sign the requests: a secret that is a private key in PEM (PKCS #8) makes Ed25519
	// signatures, any other HMAC-SHA-256.
	Credentials gateway.Credentials
	// Listings are the instruments with their symbols; those that are not among them are named by
	// the venue's rule.
	Listings []market.Listing

	// Validity is how long after it was made a request may still be taken by the venue; zero: 5 s,
	// at most a minute.
	Validity time.Duration
	// Settle is by how much the time of an absence lies before the time at which the venue was
	// asked; zero: 15 s. Below zero: not at all, for a venue without a database behind it.
	Settle time.Duration
	// Timeout is how long a request may take; zero: 12 s.
	Timeout time.Duration
	// RecoverWithin is how long the answer to Recover may take; zero: a minute.
	RecoverWithin time.Duration
	// ClockEvery is how often the venue's clock is read; zero: 20 s.
	ClockEvery time.Duration

	// Budget permits requests; nil: one of this gateway alone, 6,000 a minute of which 600 are kept
	// for cancels.
	Budget gateway.Budget
	// Shared permits requests too, after Budget: it knows of all who use the venue from this address.
	// nil: nobody does.
	Shared gateway.Budget
	// Runtime is what goroutines, waits and connections are made with; nil: gateway.Live.
	Runtime gateway.Runtime
	// Now is our clock. It must be given.
	Now func() market.Timestamp
	// Seed makes the waits between dials repeatable.
	Seed uint64
	// Dial makes connections; nil: the net package's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Log  *slog.Logger // nil: silent
}

// complete returns c with the defaults filled in, or every fault of it.
func (c Config) complete() (Config, error) {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Account == "" {
		fault("account: no name")
	}
	if err := c.Credentials.Validate(); err != nil {
		faults = append(faults, err)
	}
	if c.Venue == "" {
		c.Venue = Name
	}
	if c.RESTURL == "" {
		c.RESTURL = publicRESTURL
	}
	if c.WebSocketURL == "" {
		c.WebSocketURL = publicWebSocketURL
	}
	c.RESTURL = strings.TrimSuffix(c.RESTURL, "/")
	if err := (venue.Config{Venue: c.Venue, RESTURL: c.RESTURL, WebSocketURL: c.WebSocketURL, Listings: c.Listings}).Validate(); err != nil {
		faults = append(faults, err)
	}
	for name, d := range map[string]time.Duration{"validity": c.Validity, "timeout": c.Timeout, "recover within": c.RecoverWithin, "clock every": c.ClockEvery} {
		if d < 0 {
			fault("%s: %v, want 0 (the default) or more", name, d)
		}
	}
	if c.Validity == 0 {
		c.Validity = recvWindowDefault
	}
	if c.Validity > recvWindowMax || c.Validity > 0 && c.Validity < time.Millisecond {
		fault("validity: %v, want 1 ms to %v", c.Validity, recvWindowMax)
	}
	if c.Settle == 0 {
		c.Settle = settleDefault
	}
	c.Settle = max(c.Settle, 0)
	for _, d := range []struct {
		of        *time.Duration
		otherwise time.Duration
	}{{&c.Timeout, requestTimeout}, {&c.RecoverWithin, recoverWithin}, {&c.ClockEvery, clockEvery}} {
		if *d.of == 0 {
			*d.of = d.otherwise
		}
	}
	if c.Now == nil {
		fault("now: no clock")
	}
	if c.Runtime == nil {
		c.Runtime = gateway.Live{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if len(faults) > 0 {
		return c, fmt.Errorf("binance: gateway configuration: %w", errors.Join(faults...))
	}
	if c.Budget == nil {
		meter, err := gateway.NewMeter(gateway.MeterConfig{Per: time.Minute, Weight: weightPerMinute, Reserve: weightReserve, Now: c.Now, Sleep: c.Runtime.Sleep})
		if err != nil {
			return c, err
		}
		c.Budget = meter
	}
	c.Budget = gateway.Both(c.Budget, c.Shared)
	return c, nil
}

// ofBinance reports whether the REST base is the venue itself, not a test net or a stand-in.
func (c Config) ofBinance() bool {
	u, err := url.Parse(c.RESTURL)
	return err == nil && (u.Hostname() == "binance.com" || strings.HasSuffix(u.Hostname(), ".binance.com"))
}

// Support returns what Binance spot takes (rest-api.md, New order): market orders, of which what does
// not fill at once expires whatever their time in force; limit orders; limit orders that never take
// (LIMIT_MAKER, which rest until canceled); stop orders that become market orders (STOP_LOSS), and
// those that become limit orders (STOP_LOSS_LIMIT). Which of them a symbol takes stands in its
// listing; what it does not take is rejected. There is no order that expires at a time or with a
// day, and nothing cancels orders when we are gone.
func Support(validity time.Duration) message.OrderSupport {
	return message.OrderSupport{
		Kinds: []message.OrderKind{
			{Type: market.Market, TimeInForce: market.GTC},
			{Type: market.Market, TimeInForce: market.IOC},
			{Type: market.Limit, TimeInForce: market.GTC, ExecInst: market.PostOnly},
			{Type: market.Limit, TimeInForce: market.IOC},
			{Type: market.Limit, TimeInForce: market.FOK},
			{Type: market.Stop, TimeInForce: market.GTC},
			{Type: market.StopLimit, TimeInForce: market.GTC},
			{Type: market.StopLimit, TimeInForce: market.IOC},
			{Type: market.StopLimit, TimeInForce: market.FOK},
		},
		Amend:              message.AmendReduce,
		ClientOrderIDs:     true,
		Validity:           validity,
		CancelOnDisconnect: false,
	}
}
