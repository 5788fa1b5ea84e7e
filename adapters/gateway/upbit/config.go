package upbit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
)

// Where Upbit is. Those in Singapore, Indonesia and Thailand have addresses of their own
// (https://sg-api.upbit.com …), which Config takes.
const (
	restURL      = "https://api.upbit.com"
	webSocketURL = "wss://api.upbit.com/websocket/v1/private"
)

// Config is what a Gateway works by.
type Config struct {
	// Account is whose orders these are; it stands in balances.
	Account message.AccountName
	// Credentials are the access key and the secret key, as Upbit shows them. The key needs the
	// permissions to place orders, to see orders and to see assets, and should have no other. Upbit
	// tells a program when a key ends and not what it may do, so that a key that can withdraw is not
	// recognized here; it works only from the addresses that were registered with it.
	Credentials gateway.Credentials
	// RESTURL is what the paths of requests are appended to, and WebSocketURL is dialed for the private
	// stream; empty: Upbit in Korea.
	RESTURL, WebSocketURL string
	// SelfMatch is what the venue does where an order would meet one of the same account (smp_type):
	// cancel_taker, cancel_maker, reduce or none. Empty: cancel_taker, which leaves alone what stands in
	// the book already. Upbit's own choice is cancel_maker, since 2026-11-09.
	SelfMatch string
	// Timeout is how long a request may take; zero: 5 s. RecoverWithin is how long the whole answer to
	// Recover may take, the wait for the stream included; zero: one minute.
	Timeout, RecoverWithin time.Duration
	// Upbit counts the requests that place orders apart from all others. PlaceBudget permits those,
	// Budget these; nil: a meter of this gateway alone for what Upbit allows, of which a third of the
	// others is kept for cancels.
	PlaceBudget, Budget gateway.Budget
	// Shared permits requests too, after those: it knows of all who use the venue from this address.
	// nil: nobody does.
	Shared gateway.Budget
	// Now is our clock. It must be given.
	Now func() market.Timestamp
	// Random gives the nonces of requests; nil: crypto/rand.
	Random io.Reader
	// Seed makes the waits between dials repeatable.
	Seed uint64
	// BackoffMin is the wait before a cut stream is dialed again, which doubles; zero: 250 ms.
	BackoffMin time.Duration
	// Dial makes connections; nil: the net package's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Log  *slog.Logger // nil: silent
}

const (
	timeoutDefault       = 5 * time.Second
	recoverWithinDefault = time.Minute
	selfMatchDefault     = "cancel_taker"
	// underWayMax bounds the requests that wait for a permit or an answer at once.
	underWayMax = 2048
)

// Validate returns every fault of the configuration, nil if there is none.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("upbit: "+format, args...)) }
	if c.Account == "" {
		fault("no account")
	}
	if err := c.Credentials.Validate(); err != nil {
		faults = append(faults, err)
	}
	for _, r := range c.Credentials.Key.Reveal() {
		if r <= ' ' || r > '~' || r == '"' || r == '\\' {
			fault("the access key has a letter that no access key of Upbit's has")
			break
		}
	}
	checkURL := func(field, text string, schemes ...string) {
		u, err := url.Parse(text)
		if text == "" {
			return
		}
		if err != nil || u.Host == "" || u.Scheme != schemes[0] && u.Scheme != schemes[1] || u.RawQuery != "" || u.User != nil {
			fault("%s: want %s://… or %s://… without query and password", field, schemes[0], schemes[1])
		}
	}
	checkURL("RESTURL", c.RESTURL, "https", "http")
	checkURL("WebSocketURL", c.WebSocketURL, "wss", "ws")
	switch c.SelfMatch {
	case "", "cancel_taker", "cancel_maker", "reduce", "none":
	default:
		fault("SelfMatch %.40q: want cancel_taker, cancel_maker, reduce or none", c.SelfMatch)
	}
	if c.Timeout < 0 || c.RecoverWithin < 0 || c.BackoffMin < 0 {
		fault("Timeout, RecoverWithin and BackoffMin must be 0 (the default) or more")
	}
	if c.Now == nil {
		fault("no clock")
	}
	return errors.Join(faults...)
}
