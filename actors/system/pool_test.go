package system

import (
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/message"
)

func TestPoolRunsEverything(t *testing.T) {
	p := NewPool(10)
	var wg sync.WaitGroup
	var mu sync.Mutex
	ran := 0
	for range 10_000 {
		wg.Add(1)
		p.Schedule(func() {
			defer wg.Done()
			mu.Lock()
			defer mu.Unlock()
			ran++
		})
	}
	wg.Wait()
	if ran != 10_000 {
		t.Fatalf("%d ran", ran)
	}
	if waiting := len(p.idle); waiting > cap(p.idle) {
		t.Fatalf("%d wait", waiting)
	}
}

// BenchmarkWake measures one actor waking another and back, on both dispatchers.
func BenchmarkWake(b *testing.B) {
	for name, d := range map[string]actor.Dispatcher{"pool": NewPool(300), "library": actor.NewDefaultDispatcher(300)} {
		b.Run(name, func(b *testing.B) {
			sys := New(quiet)
			done := make(chan struct{})
			left := b.N
			var pids [2]*actor.PID
			for i := range pids {
				pids[i], _ = Spawn(sys, name+string(rune('a'+i)), func() actor.Actor {
					return actorFunc(func(ctx actor.Context) {
						if _, ok := ctx.Message().(message.CancelIntent); !ok {
							return
						}
						if left--; left == 0 {
							close(done)
							return
						}
						ctx.Send(pids[1-i], ctx.Message())
					})
				}, NewMailbox(MailboxConfig{}), d, NewSupervisor(Supervision{Role: "test"}, Live(quiet), nil, nil))
			}
			b.ResetTimer()
			sys.Root.Send(pids[0], cancel(1))
			<-done
		})
	}
}
