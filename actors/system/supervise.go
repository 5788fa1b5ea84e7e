package system

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
)

// Supervision says what follows when an actor of one role panics. The message it was handling
// is lost and its memory is gone: each role must say how it becomes whole again, which its
// Why tells a reader.
type Supervision struct {
	Role string
	Why  string
	// Restarts is how many failures within Window are answered by a restart; the next one
	// stops the actor and calls GiveUp. 0: the first failure stops it.
	Restarts int
	Window   time.Duration
	// Backoff is the wait before the first restart; it doubles with every failure within
	// Window up to BackoffMax. 0: restart at once.
	Backoff, BackoffMax time.Duration
}

// Supervisor carries out a Supervision for the actors of one role.
type Supervisor struct {
	Supervision
	env      Env
	failed   func(who string, reason any)
	giveUp   func(who string, reason any)
	failures sync.Map // of actor id to *failures
	Failures atomic.Uint64
	Restarts atomic.Uint64
}

type failures struct {
	mu sync.Mutex
	at []market.Timestamp
}

// NewSupervisor returns a supervisor. failed is told of every failure, giveUp of an actor that
// is stopped because it failed too often; both may be nil and must not block.
func NewSupervisor(s Supervision, env Env, failed, giveUp func(who string, reason any)) *Supervisor {
	return &Supervisor{Supervision: s, env: env, failed: failed, giveUp: giveUp}
}

// HandleFailure is called by the library, in the goroutine of the actor that failed.
func (s *Supervisor) HandleFailure(_ *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, reason, msg any) {
	s.Failures.Add(1)
	n := s.count(child.Id)
	kind := fmt.Sprintf("%T", msg)
	if m, _ := unwrap(msg); m != nil {
		kind = m.Kind().String()
	}
	s.env.Log.Error("actor failed", slog.String("actor", child.Id), slog.String("role", s.Role),
		slog.Any("reason", reason), slog.String("message_lost", kind), slog.Int("failures", n), slog.Duration("within", s.Window))
	if s.failed != nil {
		s.failed(child.Id, reason)
	}
	if n > s.Supervision.Restarts {
		sup.StopChildren(child)
		if s.giveUp != nil {
			s.giveUp(child.Id, reason)
		}
		return
	}
	s.Restarts.Add(1)
	if s.Backoff == 0 {
		sup.RestartChildren(child)
		return
	}
	s.env.After(min(s.Backoff<<min(n-1, 16), s.BackoffMax), func() { sup.RestartChildren(child) })
}

// count notes a failure of who and returns how many there were within Window.
func (s *Supervisor) count(who string) int {
	v, _ := s.failures.LoadOrStore(who, new(failures))
	f := v.(*failures)
	f.mu.Lock()
	defer f.mu.Unlock()
	now := s.env.Now()
	recent := f.at[:0]
	for _, at := range f.at {
		if now.Sub(at) < s.Window {
			recent = append(recent, at)
		}
	}
	f.at = append(recent, now)
	return len(f.at)
}

// Spawn starts an actor under a name of its own, with a mailbox and supervision of ours.
// produce is called again for every restart.
func Spawn(sys *actor.ActorSystem, name string, produce func() actor.Actor, mailbox *Mailbox, d actor.Dispatcher, s *Supervisor) (*actor.PID, error) {
	props := actor.PropsFromProducer(func() actor.Actor { return &guard{Actor: produce(), mailbox: mailbox} },
		actor.WithMailbox(func() actor.Mailbox { return mailbox }),
		actor.WithDispatcher(d),
		actor.WithGuardian(s))
	pid, err := sys.Root.SpawnNamed(props, name)
	if err != nil {
		return nil, fmt.Errorf("system: spawn %s: %w", name, err)
	}
	return pid, nil
}

// Crash makes the actor that gets it panic, as a fault of its own would: for tests of what
// supervision promises, and for drills. It has no form on the wire.
type Crash struct{ Reason string }

// guard stands around every actor for what the library gets wrong: a panic while stopping would
// restart the actor instead, and one after it would leave its parent waiting for ever.
type guard struct {
	actor.Actor
	mailbox *Mailbox
}

func (g *guard) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case Crash:
		panic(m.Reason)
	case *actor.Stopping, *actor.Stopped, *actor.Restarting:
		defer func() {
			if reason := recover(); reason != nil {
				ctx.Logger().Error("actor failed while stopping", slog.String("actor", ctx.Self().Id), slog.Any("reason", reason))
			}
			if _, stopped := ctx.Message().(*actor.Stopped); stopped {
				g.mailbox.Close()
			}
		}()
	}
	g.Actor.Receive(ctx)
}
