package actors

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/budget"
	"github.com/maru-trading/maru/actors/monitor"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// TestAsk: an answer, nobody who could answer, and somebody who does not.
func TestAsk(t *testing.T) {
	boxes := Mailboxes{Feeder: 8, State: 8, Classifier: 8, Strategy: 8, Order: 8, Monitor: 8}
	tree, err := Prepare(budget.Config{}, boxes, Deps{Env: system.Live(quiet), Dispatcher: LiveDispatcher(), Metrics: telemetry.New("test")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := tree.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	answer, err := tree.Ask(t.Context(), tree.monitor, monitor.Ask{})
	if _, ok := answer.(monitor.Report); err != nil || !ok {
		t.Errorf("the monitor answers %T, %v", answer, err)
	}
	if _, err := tree.Ask(t.Context(), tree.pid("nobody"), monitor.Ask{}); !errors.Is(err, actor.ErrDeadLetter) {
		t.Errorf("nobody answers %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := tree.Ask(ctx, tree.monitor, "what the monitor does not know"); !errors.Is(err, actor.ErrTimeout) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no answer is %v", err)
	}
	if _, err := tree.Ask(ctx, tree.monitor, monitor.Ask{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the end of the time: %v", err)
	}
	called, off := context.WithCancel(t.Context())
	off()
	if _, err := tree.Ask(called, tree.monitor, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
}
