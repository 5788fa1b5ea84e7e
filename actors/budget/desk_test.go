package budget

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// counter starts a budget, and returns its desk and a way to end it.
func counter(t *testing.T, cfg Config) (*Desk, func()) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	sys, env := system.New(log), system.Live(log)
	deps := Deps{Env: env, Metrics: telemetry.New("test")}
	pid, err := system.Spawn(sys, "budget", func() actor.Actor { return NewActor(cfg, deps) }, system.NewMailbox(system.MailboxConfig{}),
		actor.NewDefaultDispatcher(10), system.NewSupervisor(Supervision(), env, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	return NewDesk(sys, pid, "desk", env.Now), func() { _ = sys.Root.PoisonFuture(pid).Wait() }
}

// What waits at a desk waits as long as the budget says, whoever else waits there, and not after its
// context has ended.
func TestDeskWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const apart, ban = 3 * time.Second, 25 * time.Second // longer than a question is left unanswered
		d, end := counter(t, Config{Every: map[Key]time.Duration{{"x", message.UseREST}: apart}})
		defer end()
		began := time.Now()
		waited := make(chan time.Duration, 3)
		for range 3 {
			go func() {
				if err := d.Wait(t.Context(), "x", message.UseREST); err != nil {
					t.Error(err)
				}
				waited <- time.Since(began)
			}()
		}
		for n := range 3 {
			if took := <-waited; took != time.Duration(n)*apart {
				t.Errorf("permit %d after %v", n, took)
			}
		}
		d.Penalize("x", ban, "HTTP 429")
		began = time.Now()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.Wait(short, "x", message.UseREST); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if err := d.Wait(t.Context(), "y", message.UseREST); err != nil || time.Since(began) != time.Second {
			t.Errorf("another venue waits for %v: %v", time.Since(began), err)
		}
		// The permit of who left is spent when its time comes; the next one is behind it.
		if err := d.Wait(t.Context(), "x", message.UseREST); err != nil || time.Since(began) != ban+apart {
			t.Errorf("%v, %v after the ban of %v", err, time.Since(began), ban)
		}
	})
}

func TestDeskWithoutABudget(t *testing.T) {
	d, end := counter(t, Config{})
	end()
	if err := d.Wait(t.Context(), "x", message.UseREST); err == nil || !strings.Contains(err.Error(), "no permit to rest x") {
		t.Errorf("got %v", err)
	}
	if err := d.Wait(t.Context(), "", message.UseREST); err == nil {
		t.Error("a request without a venue is taken")
	}
	var none *Desk
	none.Penalize("x", time.Second, "")
	if err := none.Wait(t.Context(), "x", message.UseREST); err != nil {
		t.Errorf("nothing is limited, and yet: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := none.Wait(ended, "x", message.UseREST); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Two venues that are reached at one host are one to it.
func TestVenuesShareABudget(t *testing.T) {
	cfg := Config{Every: map[Key]time.Duration{{"x", message.UseREST}: 2 * time.Second}, Same: map[market.Venue]market.Venue{"x2": "x"}}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	c := New(cfg)
	ask(c, "x2", message.UseREST, "a", 1)
	ask(c, "x", message.UseREST, "b", 1)
	for _, tt := range []struct {
		at   int64
		want string
	}{{100, "a#1 again 102"}, {102, "b#1 again 0"}} {
		if got := granted(c, market.Seconds(tt.at)); got != tt.want {
			t.Errorf("at %d: %q, want %q", tt.at, got, tt.want)
		}
	}
	ban(c, "x2", market.Seconds(200))
	if c.Banned("x") != market.Seconds(200) || c.Banned("x2") != market.Seconds(200) || c.Banned("y") != 0 {
		t.Errorf("banned until %v and %v", c.Banned("x"), c.Banned("x2"))
	}
	if err := (Config{Same: map[market.Venue]market.Venue{"a": "b", "b": "c"}}).Validate(); err == nil {
		t.Error("a share of a share is taken")
	}
}
