// Package system is the ground that Maru's actors stand on: bounded mailboxes with a policy for
// overload, dispatchers for live running and for repeatable runs, supervision with back-off, and
// the few things an actor's shell may ask of the world (time, timers, work on the side).
//
// It is the only package, besides the actors' shells, that knows the actor library; what the
// library lacks or does wrong is answered here, at the interfaces it offers for that.
package system

import (
	"log/slog"
	"math/bits"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
)

// Env is what the shell of an actor may use of the world around it. Cores never see it.
type Env struct {
	// Now tells the time. In a replay it is the time of the wall, too: message time comes in
	// messages.
	Now func() market.Timestamp
	// After runs f once, d from now, outside any actor, and returns how to call it off.
	After func(d time.Duration, f func()) (cancel func())
	// Go runs f, which may block on the network or the disk, outside any actor. What it learns
	// it sends as a message before it returns. A repeatable run takes no new input meanwhile.
	Go func(f func())
	// Log is where the actor logs.
	Log *slog.Logger
	// Repeatable says that the run is a replay, a backtest or a test: nothing may be conflated
	// and nothing may depend on the wall clock.
	Repeatable bool
}

// Live returns the environment of a node that trades in real time.
func Live(log *slog.Logger) Env {
	return Env{
		Now: func() market.Timestamp { return market.TimestampOf(time.Now()) },
		After: func(d time.Duration, f func()) func() {
			t := time.AfterFunc(d, f)
			return func() { t.Stop() }
		},
		Go:  func(f func()) { go f() },
		Log: log,
	}
}

// Check64Bit reports whether the platform's int has 64 bits. The actor library indexes with a
// 32-bit hash as int and panics where int has 32 bits (upstream issue 755).
func Check64Bit() bool { return bits.UintSize == 64 }

// New starts an actor system that logs to log.
func New(log *slog.Logger) *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return log }))
}
