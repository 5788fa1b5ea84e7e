package budget

import (
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// Deps is what the budget needs besides its configuration.
type Deps struct {
	Env     system.Env
	Metrics *telemetry.Metrics
}

// Budget is the actor. Make it with NewActor, once for every start.
type Budget struct {
	deps    Deps
	core    *Core
	holders map[message.PermitRequestFields]*actor.PID // of requests that wait
	wake    market.Timestamp                           // when it will look again by itself; zero: no timer runs
	cancel  func()
}

// look wakes the budget when the next permit may be due.
type look struct{}

// NewActor returns a budget. A panic loses who waits: they ask again when no permit comes.
func NewActor(cfg Config, deps Deps) *Budget {
	return &Budget{deps: deps, core: New(cfg), holders: map[message.PermitRequestFields]*actor.PID{}}
}

// Supervision is how the budget is brought back.
func Supervision() system.Supervision {
	return system.Supervision{Role: "budget",
		Why:      "who waits asks again; the wait before it starts keeps a venue's limits from being spent twice",
		Restarts: 10, Window: 10 * time.Minute, Backoff: 5 * time.Second, BackoffMax: time.Minute}
}

// Receive is part of actor.Actor.
func (b *Budget) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case message.PermitRequest:
		if ctx.Sender() == nil {
			return // nobody to answer
		}
		if b.core.Ask(m) {
			b.holders[m.Fields()] = ctx.Sender()
		}
	case message.Penalty:
		f := m.Fields()
		b.core.Ban(m)
		b.deps.Metrics.BudgetPenalties.WithLabelValues(string(f.Venue)).Inc()
		b.deps.Env.Log.Warn("the venue wants to be left alone", slog.String("venue", string(f.Venue)),
			slog.Time("until", f.Until.Time()), slog.String("reason", f.Reason))
	case look:
		b.wake = 0
	case *actor.Stopping, *actor.Restarting:
		if b.cancel != nil {
			b.cancel()
		}
		return
	default:
		return
	}
	b.grant(ctx)
}

func (b *Budget) grant(ctx actor.Context) {
	now := b.deps.Env.Now()
	permits, again := b.core.Grant(now)
	for _, p := range permits {
		f := p.Fields()
		b.deps.Metrics.BudgetPermits.WithLabelValues(string(f.Venue), f.Use.String()).Inc()
		ctx.Send(b.holders[f], p)
		delete(b.holders, f)
	}
	b.deps.Metrics.BudgetWaiting.Set(float64(b.core.Waiting()))
	if again == 0 || (b.wake != 0 && b.wake <= again) {
		return
	}
	if b.cancel != nil {
		b.cancel()
	}
	b.wake = again
	root, self := ctx.ActorSystem().Root, ctx.Self()
	b.cancel = b.deps.Env.After(again.Sub(now), func() { root.Send(self, look{}) })
}
