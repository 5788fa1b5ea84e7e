package venues

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/budget"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/config"
)

// Allowed returns what the venues of a configuration allow from this address, of those that are not on
// this machine. Venues that are reached at one host have one budget: that of the first of them.
func Allowed(all []config.Venue) (budget.Config, error) {
	b := budget.Config{Every: map[budget.Key]time.Duration{}, Same: map[market.Venue]market.Venue{}}
	first := map[string]market.Venue{} // by host
	for _, v := range all {
		if v.Sim != nil || v.Replay != nil {
			continue
		}
		a, err := Find(v.Adapter)
		if err != nil {
			return b, fmt.Errorf("venue %s: %w", v.Name, err)
		}
		protocols, err := a.New(venue.Config{Venue: v.Name})
		if err != nil {
			return b, fmt.Errorf("venue %s: %w", v.Name, err)
		}
		keeper := v.Name
		if u, err := url.Parse(a.ListingsURL(v.RESTURL)); err == nil && u.Host != "" {
			if shared, ok := first[u.Host]; ok {
				b.Same[v.Name], keeper = shared, shared
			} else {
				first[u.Host] = v.Name
			}
		}
		spend(&b, keeper, protocols[0])
	}
	return b, b.Validate()
}

// spend adds what a protocol says that its venue allows to the budget that keeper keeps. Of several
// that share it the strictest counts.
func spend(b *budget.Config, keeper market.Venue, p feeder.Protocol) {
	every := func(use message.Use, d time.Duration) {
		key := budget.Key{Venue: keeper, Use: use}
		b.Every[key] = max(b.Every[key], d)
	}
	if c, ok := p.(interface{ ConnectEvery() time.Duration }); ok {
		every(message.UseConnect, c.ConnectEvery())
	}
	if s, ok := p.(feeder.Snapshotter); ok {
		every(message.UseREST, s.SnapshotEvery())
	}
}

// OpenDesk starts a budget for a command that runs no node, and returns its desk and what ends it.
func OpenDesk(all []config.Venue, holder string) (*budget.Desk, func(), error) {
	allowed, err := Allowed(all)
	if err != nil {
		return nil, nil, err
	}
	log := slog.New(slog.DiscardHandler) // the command says itself what a venue answered
	sys, env := system.New(log), system.Live(log)
	deps := budget.Deps{Env: env, Metrics: telemetry.New("")}
	pid, err := system.Spawn(sys, "budget", func() actor.Actor { return budget.NewActor(allowed, deps) }, system.NewMailbox(system.MailboxConfig{Role: "budget"}),
		actor.NewDefaultDispatcher(deskThroughput), system.NewSupervisor(budget.Supervision(), env, nil, nil))
	if err != nil {
		return nil, nil, errors.Join(err, errors.New("no budget to ask venues by"))
	}
	return budget.NewDesk(sys, pid, holder, env.Now), func() {
		_ = sys.Root.PoisonFuture(pid).Wait() // ends after ten seconds in any case
		sys.Shutdown()
	}, nil
}

// deskThroughput is how many messages the budget handles in one turn.
const deskThroughput = 100
