package node

import (
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/adapters/gateway/registry"
	"github.com/maru-trading/maru/adapters/venue/paper"
	"github.com/maru-trading/maru/cmd/internal/ledger"
	"github.com/maru-trading/maru/config"
)

// OpenGateway makes the gateway of a live account, as registry.New does.
type OpenGateway func(adapter string, c registry.Config, replies order.Replies) (registry.Gateway, error)

func openGateway(adapter string, c registry.Config, replies order.Replies) (registry.Gateway, error) {
	return registry.New(adapter, c, replies)
}

// account is the order gateway of an account, and how it reaches its venue and its journal.
func (n *Node) account(a config.Account, listings []market.Listing, l *ledger.Ledger) actors.Account {
	c := order.DefaultConfig()
	c.Account, c.Venue, c.Listings = a.Name, a.Venue, listings
	c.Epoch = 1 // one node, one gateway: the data directory's lock sees to it
	c.OpenOrdersMax, c.QueueMax, c.HistoryMax = n.cfg.Limits.OpenOrdersMax, n.cfg.Limits.MailboxOrder, n.cfg.Limits.OrderHistoryMax
	c.ReconcileEvery, c.OnDifference = a.ReconcileEvery, order.OnDifference(a.OnDifference)
	c.Limits, c.Reporting, c.Rates = a.Risk.Limits, a.Risk.Reporting, a.Risk.Rates
	venue := n.paper(a)
	if a.Mode == config.ModeLive {
		venue = n.live(a, listings)
	}
	return actors.Account{Config: c, Open: l.Lend, Venue: venue,
		History: func() iter.Seq2[message.OrderEvent, error] { return l.After(0) }}
}

// paper fills orders here.
func (n *Node) paper(a config.Account) func(order.Replies) (order.Venue, error) {
	return func(replies order.Replies) (order.Venue, error) {
		p := paper.DefaultConfig()
		p.Account, p.Latency, p.MakerFee, p.TakerFee = a.Name, a.Latency, a.MakerFee, a.TakerFee
		p.Balances, p.Queue = a.Balance, a.QueuePosition
		p.OpenOrdersMax = n.cfg.Limits.OpenOrdersMax
		core, err := paper.New(p)
		if err != nil {
			return nil, err
		}
		return paper.NewVenue(core, replies), nil
	}
}

// loadKeys reads the keys of live accounts: one that cannot be read, or that others can read, is for a
// person to mend, before anything starts.
func (n *Node) loadKeys() error {
	var faults []error
	for _, a := range n.cfg.Accounts {
		if a.Mode != config.ModeLive {
			continue
		}
		keys, err := registry.Load(a.APIKey, a.APISecret)
		if err == nil {
			err = keys.Validate()
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("account %s: %w", a.Name, err))
			continue
		}
		n.keys[a.Name] = keys
	}
	return errors.Join(faults...)
}

// live gives orders to the venue. What the key may do is asked there before anything else, again and
// again while the venue cannot be reached; until then the account takes no risk.
func (n *Node) live(a config.Account, listings []market.Listing) func(order.Replies) (order.Venue, error) {
	return func(replies order.Replies) (order.Venue, error) {
		log := n.log.With(slog.String("account", string(a.Name)))
		g, err := n.gateway(n.adapterOf(a.Venue), registry.Config{Account: a.Name, Venue: a.Venue, RESTURL: a.RESTURL, WebSocketURL: a.WebSocketURL,
			Credentials: n.keys[a.Name], Listings: listings, Shared: shared{n.base.Desk("account " + string(a.Name)), a.Venue}, Now: wall, Log: log}, replies)
		if err != nil {
			return nil, fmt.Errorf("account %s: %w", a.Name, err)
		}
		log.Warn("LIVE: orders of this account go to the venue with real money", slog.String("venue", string(a.Venue)))
		g.StartLater()
		return g, nil
	}
}

// wall is our clock.
func wall() market.Timestamp { return market.TimestampOf(time.Now()) }

// adapterOf returns the adapter of a venue.
func (n *Node) adapterOf(v market.Venue) string {
	for i := range n.cfg.Venues {
		if n.cfg.Venues[i].Name == v {
			return n.cfg.Venues[i].Adapter
		}
	}
	return ""
}
