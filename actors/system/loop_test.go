package system

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// history runs three actors that tell each other things and returns who did what, in order.
func history(t *testing.T, l *Loop) string {
	t.Helper()
	sys := New(quiet)
	var log []string
	pids := map[string]*actor.PID{}
	s := NewSupervisor(Supervision{Role: "test"}, Env{Now: l.Now, After: l.After, Go: l.Go, Log: quiet}, nil, nil)
	for _, name := range []string{"a", "b", "c"} {
		pid, err := Spawn(sys, name, func() actor.Actor {
			return actorFunc(func(ctx actor.Context) {
				m, ok := ctx.Message().(message.CancelIntent)
				if !ok {
					return
				}
				log = append(log, fmt.Sprintf("%s%d", name, m.Fields().ID.Seq))
				if left := m.Fields().ID.Seq; left > 1 {
					for _, to := range []string{"a", "b", "c"} {
						if to != name {
							ctx.Send(pids[to], cancel(left-1))
						}
					}
				}
			})
		}, NewMailbox(MailboxConfig{}), l, s)
		if err != nil {
			t.Fatal(err)
		}
		pids[name] = pid
	}
	l.Run()
	for _, name := range []string{"a", "b", "c"} {
		sys.Root.Send(pids[name], cancel(3))
	}
	l.Run()
	return strings.Join(log, " ")
}

func TestLoopOneSeedOneHistory(t *testing.T) {
	if a, b := history(t, NewLoop(1)), history(t, NewLoop(1)); a != b {
		t.Fatalf("without a seed:\n%s\n%s", a, b)
	}
	seen := map[string]uint64{}
	for seed := range uint64(8) {
		a, b := history(t, NewSeededLoop(1, seed)), history(t, NewSeededLoop(1, seed))
		if a != b {
			t.Fatalf("seed %d:\n%s\n%s", seed, a, b)
		}
		seen[a] = seed
	}
	if len(seen) < 7 {
		t.Fatalf("8 seeds gave only %d histories", len(seen))
	}
}

func TestLoopRunsTimersInOrder(t *testing.T) {
	l := NewLoop(market.Seconds(100))
	var log []string
	note := func(what string) func() {
		return func() { log = append(log, fmt.Sprintf("%s@%d", what, l.Now()/market.Seconds(1))) }
	}
	l.After(3*time.Second, note("late"))
	l.After(time.Second, func() {
		note("first")()
		l.After(time.Second, note("nested"))
	})
	l.After(time.Second, note("second"))
	cancel := l.After(2*time.Second, note("cancelled"))
	cancel()
	l.Advance(market.Seconds(102))
	l.Advance(market.Seconds(101)) // the past changes nothing
	if want := []string{"first@101", "second@101", "nested@102"}; !slices.Equal(log, want) {
		t.Fatalf("got %v, want %v", log, want)
	}
	if l.Now() != market.Seconds(102) {
		t.Fatalf("time is %v", l.Now())
	}
	l.Advance(market.Seconds(200))
	if log[len(log)-1] != "late@103" || len(log) != 4 {
		t.Fatalf("got %v", log)
	}
}

func TestLoopWaitsForWorkOnTheSide(t *testing.T) {
	l := NewLoop(1)
	got := 0
	for range 100 {
		l.Go(func() { l.Schedule(func() { got++ }) })
	}
	l.Run()
	if got != 100 {
		t.Fatalf("Run returned when %d of 100 were done", got)
	}
}
