// Package registry is the one table of the venues where orders can be placed for real: a new gateway
// is a row here.
package registry

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
	"github.com/maru-trading/maru/adapters/gateway/binance"
	"github.com/maru-trading/maru/adapters/gateway/upbit"
)

// Config is what every gateway needs.
type Config struct {
	Account               message.AccountName
	Venue                 market.Venue // the name in messages
	RESTURL, WebSocketURL string       // of the private API; empty: the venue's own
	Credentials           gateway.Credentials
	Listings              []market.Listing
	Shared                gateway.Budget // what all who use the venue from this address share; nil: nobody else does
	Now                   func() market.Timestamp
	Log                   *slog.Logger
}

// Gateway is an order gateway's way to a venue.
type Gateway interface {
	Support() message.OrderSupport
	Place(order message.OrderEvent)
	Cancel(order message.OrderEvent)
	Amend(order message.OrderEvent)
	Recover(open []message.OrderEvent)
	// Check asks the venue whether the key may be used.
	Check(ctx context.Context) error
	// StartLater connects, and tries until it succeeds or the gateway is closed.
	StartLater()
	Close() error
}

var rows = []struct {
	adapter string
	open    func(Config, gateway.Replies) (Gateway, error)
}{
	{string(binance.Name), func(c Config, r gateway.Replies) (Gateway, error) {
		return binance.New(binance.Config{Account: c.Account, Venue: c.Venue, RESTURL: c.RESTURL, WebSocketURL: c.WebSocketURL,
			Credentials: c.Credentials, Listings: c.Listings, Shared: c.Shared, Now: c.Now, Log: c.Log}, r)
	}},
	{"upbit", func(c Config, r gateway.Replies) (Gateway, error) {
		return upbit.New(upbit.Config{Account: c.Account, RESTURL: c.RESTURL, WebSocketURL: c.WebSocketURL,
			Credentials: c.Credentials, Shared: c.Shared, Now: c.Now, Log: c.Log}, r)
	}},
}

// Adapters returns the names of the adapters that orders can be placed with.
func Adapters() []string {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.adapter
	}
	return names
}

// Has reports whether orders can be placed with an adapter.
func Has(adapter string) bool { return slices.Contains(Adapters(), adapter) }

// Load reads an account's keys from where they stand.
func Load(key, secret gateway.SecretSource) (c gateway.Credentials, err error) {
	if c.Key, err = key.Load(); err == nil {
		c.Secret, err = secret.Load()
	}
	return c, err
}

// New returns the gateway of an account, which does nothing yet. It fails with every fault of the
// configuration.
func New(adapter string, c Config, replies gateway.Replies) (Gateway, error) {
	for _, r := range rows {
		if r.adapter == adapter {
			return r.open(c, replies)
		}
	}
	return nil, fmt.Errorf("no orders can be placed with the adapter %q: there are %q", adapter, Adapters())
}
