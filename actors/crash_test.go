package actors

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// TestEveryRoleSurvivesAPanic crashes each kind of actor in the middle of a run, three times,
// and holds the run to what that role's supervision promises.
func TestEveryRoleSurvivesAPanic(t *testing.T) {
	const frames = 3000
	for _, role := range []string{"feeder", "state", "classifier", "strategy", "order", "monitor"} {
		t.Run(role, func(t *testing.T) {
			journal := new(memory)
			begun := make(chan *world, 1)
			n := 0
			crashing := func(yield func([]byte, market.Timestamp) bool) {
				for frame, at := range walk(3, frames, instruments) {
					if n++; n == 500 || n == 1500 || n == 2000 {
						w := <-begun
						w.tree.Send(w.victim(role), system.Crash{Reason: "a drill"})
						begun <- w
					}
					if !yield(frame, at) {
						return
					}
				}
			}
			// A feeder's own crash takes its connection and so the frames in memory with it: what
			// follows is the same session from its begin, as a venue would go on sending.
			w := newWorld(t, system.NewLoop(0), journal, crashing, 1)
			begun <- w
			w.run(t)
			m := w.metrics
			if failures, restarts := telemetry.Sum(m.ActorFailures, "role", role), telemetry.Sum(m.ActorRestarts, "role", role); failures < 1 || restarts != failures {
				t.Fatalf("%v failures, %v restarts", failures, restarts)
			}
			if lost := w.tree.Lost(); len(lost) > 0 {
				t.Fatalf("given up: %v", lost)
			}
			check(t, journal)
			late := 0
			for _, e := range journal.events {
				if f := e.Fields(); f.Action == message.ActionFill && f.Time > market.Seconds(1_000_000+21) {
					late++
				}
			}
			if late == 0 {
				t.Fatal("nothing was filled after the last crash")
			}
		})
	}
}

// victim is an actor of that role.
func (w *world) victim(role string) *actor.PID {
	return map[string][]*actor.PID{"feeder": w.tree.feeders, "state": w.tree.states, "classifier": w.tree.classifiers,
		"strategy": w.tree.strategies, "order": w.tree.gateways, "monitor": {w.tree.monitor}}[role][0]
}

// check holds a journal to what a gateway promises: one order an intent, one fill an execution,
// and nothing beyond what was ordered.
func check(t *testing.T, journal *memory) {
	t.Helper()
	created := map[message.IntentID]message.ClientOrderID{}
	execs := map[string]bool{}
	for i, e := range journal.events {
		f := e.Fields()
		if f.Seq != uint64(i+1) {
			t.Fatalf("event %d has number %d", i+1, f.Seq)
		}
		switch f.Action {
		case message.ActionCreate:
			if other, twice := created[e.Intent()]; twice {
				t.Fatalf("intent %v became %s and %s", e.Intent(), other, f.ClientOrderID)
			}
			created[e.Intent()] = f.ClientOrderID
		case message.ActionFill:
			id := fmt.Sprint(f.ClientOrderID, f.ExecID)
			if execs[id] || f.CumQuantity.Cmp(f.Quantity.Decimal) > 0 {
				t.Fatalf("fill %v", e)
			}
			execs[id] = true
		}
	}
	if len(created) < 20 {
		t.Fatalf("only %d orders", len(created))
	}
}

func TestAnActorThatKeepsFailingIsGivenUp(t *testing.T) {
	w := newWorld(t, system.NewLoop(0), new(memory), walk(1, 10, instruments), 1)
	for range 11 {
		w.tree.Send(w.tree.classifiers[0], system.Crash{Reason: "again"})
		w.loop.Run()
	}
	if lost := w.tree.Lost(); len(lost) != 1 || !strings.HasPrefix(lost[0], "classifier/") {
		t.Fatalf("given up: %v", lost)
	}
	if err := w.tree.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}
