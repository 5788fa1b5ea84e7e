package strategy

import (
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// Deps is what a strategy needs besides its configuration.
type Deps struct {
	Env      system.Env
	Metrics  *telemetry.Metrics
	Listings []market.Listing
	Gateway  *actor.PID // of its account
	// History returns the account's order events from the first one, so that the strategy knows
	// what it holds when it starts.
	History func() iter.Seq2[message.OrderEvent, error]
}

// Strategy is the actor. Make it with NewActor, once for every start.
type Strategy struct {
	cfg     Config
	deps    Deps
	core    *Core
	intents prometheus.Counter
}

// NewActor returns a strategy that reads the account's history when it starts. A panic loses what
// it knew; the history brings it back.
func NewActor(cfg Config, deps Deps) *Strategy {
	return &Strategy{cfg: cfg, deps: deps, intents: deps.Metrics.StrategyIntents.WithLabelValues(string(cfg.Name))}
}

// Supervision is how a strategy is brought back.
func Supervision() system.Supervision {
	return system.Supervision{Role: "strategy",
		Why:      "the account's history tells what it holds and which numbers it has used; a class change that was lost is not made up for",
		Restarts: 5, Window: 10 * time.Minute, Backoff: time.Second, BackoffMax: time.Minute}
}

// Receive is part of actor.Actor.
func (s *Strategy) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		s.start()
	case message.Classified:
		intents, cancels := s.core.OnClassified(m)
		for _, c := range cancels {
			ctx.Request(s.deps.Gateway, c)
		}
		s.intend(ctx, intents)
	case message.OrderEvent:
		s.intend(ctx, s.core.OnOrderEvent(m))
	}
}

// intend sends intents as requests, so that a gateway without room can give them back.
func (s *Strategy) intend(ctx actor.Context, intents []message.OrderIntent) {
	for _, i := range intents {
		s.intents.Inc()
		ctx.Request(s.deps.Gateway, i)
	}
}

func (s *Strategy) start() {
	core, err := New(s.cfg, s.deps.Listings, 1)
	if err != nil {
		panic(err)
	}
	events := 0
	for e, err := range s.deps.History() {
		if err != nil {
			panic(fmt.Errorf("strategy %s: read the history of %s: %w", s.cfg.Name, s.cfg.Account, err))
		}
		core.OnOrderEvent(e) // what it would have done then was done, or is too late now
		events++
	}
	s.core = core
	s.deps.Env.Log.Debug("strategy starts", slog.String("strategy", string(s.cfg.Name)), slog.Int("history", events), slog.Uint64("next_intent", core.Next()))
}
