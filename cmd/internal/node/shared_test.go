package node

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/budget"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/gateway"
)

// TestSharedBudget: a ban that one account drew keeps every other that uses the venue from asking.
func TestSharedBudget(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	sys, env, metrics := system.New(log), system.Live(log), telemetry.New("test")
	pid, err := system.Spawn(sys, "budget", func() actor.Actor {
		return budget.NewActor(budget.Config{}, budget.Deps{Env: env, Metrics: metrics})
	}, system.NewMailbox(system.MailboxConfig{}), system.NewPool(1), system.NewSupervisor(budget.Supervision(), env, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sys.Root.StopFuture(pid).Wait() }()
	of := func(holder string) shared { return shared{budget.NewDesk(sys, pid, holder, env.Now), "binance"} }
	a, b := of("a"), of("b")
	if err := a.Take(t.Context(), 1, false); err != nil {
		t.Fatal(err)
	}
	a.Penalize(gateway.Throttle{Until: wall().Add(time.Hour), Reason: "418"})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := b.Take(ctx, 1, true); !errors.Is(err, gateway.ErrBudget) {
		t.Errorf("banned: %v", err)
	}
	other := shared{budget.NewDesk(sys, pid, "c", env.Now), "upbit"}
	if err := other.Take(t.Context(), 1, false); err != nil {
		t.Errorf("another venue: %v", err)
	}
}
