package actors

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/strategy"
)

// startExternal starts a strategy whose decisions a program makes.
func (t *Tree) startExternal(s External) (*actor.PID, error) {
	name := strategyName(s.Config.Name)
	gateway := t.Gateway(s.Config.Account)
	switch {
	case gateway == nil:
		return nil, fmt.Errorf("actors: strategy %s orders for account %q, which is not there", s.Config.Name, s.Config.Account)
	case t.deps.Env.Repeatable:
		return nil, fmt.Errorf("actors: strategy %s is a program: what it says depends on its own time, and no run with it can be repeated", s.Config.Name)
	}
	deps := strategy.ExternalDeps{Env: t.deps.Env, Metrics: t.deps.Metrics, Listings: s.Listings, Gateway: gateway,
		History: t.peers.histories[s.Config.Account], Launch: s.Launch, Notes: s.Notes, Form: s.Form,
		GaveUp: func(reason string) { t.giveUp(name, reason) }}
	started := false
	p, err := t.spawn(name, strategy.Supervision(), func() actor.Actor {
		restarted := started
		started = true
		return strategy.NewExternalActor(s.Config, deps, restarted)
	}, t.mailbox(t.boxLimits.Strategy, nil), t.deps.Dispatcher)
	if err != nil {
		return nil, err
	}
	t.strategies = append(t.strategies, p)
	return p, nil
}

// giveUp notes that an actor does its work no more, although it runs.
func (t *Tree) giveUp(who string, reason any) {
	t.mu.Lock()
	t.lost = append(t.lost, who)
	t.mu.Unlock()
	if t.deps.GaveUp != nil {
		t.deps.GaveUp(who, reason)
	}
}

// subscribe puts an external strategy among those who hear what it wants to be told.
func (n *neighbours) subscribe(c strategy.ExternalConfig, p *actor.PID) {
	if c.Has(strategy.FeedClasses) {
		n.listeners[c.Engine] = append(n.listeners[c.Engine], p)
	}
	if c.Has(strategy.FeedQuotes) {
		n.quotes = append(n.quotes, p)
	}
	if c.Has(strategy.FeedBars) {
		n.bars = append(n.bars, p)
	}
}
