package system

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// fragile panics at every message whose number is a multiple of 10.
func fragile(log *[]string) func() actor.Actor {
	n := 0
	return func() actor.Actor {
		n++
		me := n
		return actorFunc(func(ctx actor.Context) {
			switch m := ctx.Message().(type) {
			case message.CancelIntent:
				if m.Fields().ID.Seq%10 == 0 {
					panic(fmt.Sprintf("cannot bear %d", m.Fields().ID.Seq))
				}
				*log = append(*log, fmt.Sprintf("%d:%d", me, m.Fields().ID.Seq))
			case *actor.Stopping:
				panic("even while stopping")
			}
		})
	}
}

func TestSupervisorRestartsWithBackoffThenGivesUp(t *testing.T) {
	l := NewLoop(market.Seconds(1))
	var log, failed, gaveUp []string
	env := Env{Now: l.Now, After: l.After, Go: l.Go, Log: quiet}
	s := NewSupervisor(Supervision{Role: "fragile", Restarts: 2, Window: time.Minute, Backoff: time.Second, BackoffMax: 10 * time.Second}, env,
		func(who string, reason any) { failed = append(failed, fmt.Sprint(reason)) },
		func(who string, _ any) { gaveUp = append(gaveUp, who) })
	sys := New(quiet)
	var stats MailboxStats
	pid, err := Spawn(sys, "fragile", fragile(&log), NewMailbox(MailboxConfig{Stats: &stats}), l, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint64{1, 10, 2} {
		sys.Root.Send(pid, cancel(n))
	}
	l.Run()
	if want := []string{"1:1"}; !slices.Equal(log, want) {
		t.Fatalf("before the wait: %v, want %v", log, want)
	}
	l.Advance(market.Seconds(2)) // one second of back-off: the message that waited comes through
	sys.Root.Send(pid, cancel(20))
	sys.Root.Send(pid, cancel(3))
	l.Advance(market.Seconds(3))
	if want := []string{"1:1", "2:2"}; !slices.Equal(log, want) {
		t.Fatalf("during the second wait of two seconds: %v, want %v", log, want)
	}
	l.Advance(market.Seconds(4))
	if want := []string{"1:1", "2:2", "3:3"}; !slices.Equal(log, want) {
		t.Fatalf("after the second wait: %v, want %v", log, want)
	}
	sys.Root.Send(pid, cancel(30))
	sys.Root.Send(pid, cancel(4))
	l.Advance(market.Seconds(60))
	if !slices.Equal(gaveUp, []string{pid.Id}) || len(failed) != 3 || s.Failures.Load() != 3 || s.Restarts.Load() != 2 {
		t.Fatalf("gave up on %v after failures %v", gaveUp, failed)
	}
	if stats.Undelivered.Load() != 1 {
		t.Fatalf("%d undelivered, want the one that waited", stats.Undelivered.Load())
	}
	if _, alive := sys.ProcessRegistry.GetLocal(pid.Id); alive {
		t.Fatal("the actor still runs although it panicked while stopping")
	}
}
