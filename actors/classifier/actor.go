package classifier

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// Deps is what a classifier needs besides its engines.
type Deps struct {
	Env       system.Env
	Metrics   *telemetry.Metrics
	Listeners map[message.EngineName][]*actor.PID // strategies, by the engine they listen to
	Watchers  []*actor.PID                        // are told every change
}

// Classifier is the actor. Make it with NewActor, once for every start.
type Classifier struct {
	deps    Deps
	core    *Core
	views   prometheus.Counter
	changes map[message.EngineName]prometheus.Counter
}

// NewActor returns a classifier that has judged nothing yet. A panic loses what it had judged:
// supervise it with a restart, after which every instrument gets its class anew. It panics on
// engines that Config.Validate refuses or whose features are not there; callers validate what
// people wrote before they come here.
func NewActor(engines []Config, features []string, deps Deps) *Classifier {
	core, err := New(engines, features)
	if err != nil {
		panic(err)
	}
	c := &Classifier{deps: deps, core: core, views: deps.Metrics.ClassifierViews, changes: map[message.EngineName]prometheus.Counter{}}
	for _, e := range engines {
		c.changes[e.Name] = deps.Metrics.ClassifierChanges.WithLabelValues(string(e.Name))
	}
	return c
}

// Supervision is how a classifier is brought back.
func Supervision() system.Supervision {
	return system.Supervision{Role: "classifier",
		Why:      "classes follow from the next views; strategies hear every class again",
		Restarts: 10, Window: 10 * time.Minute}
}

// Receive is part of actor.Actor.
func (c *Classifier) Receive(ctx actor.Context) {
	if b, ok := ctx.Message().(message.Bar); ok {
		c.core.Bar(b)
		return
	}
	v, ok := ctx.Message().(message.Views)
	if !ok {
		return
	}
	for _, change := range c.core.Step(v) {
		f := change.Fields()
		c.changes[f.Engine].Inc()
		if !c.deps.Env.Repeatable && f.Received != 0 {
			c.deps.Metrics.TickToDecision.Observe(c.deps.Env.Now().Sub(f.Received).Seconds())
		}
		for _, to := range c.deps.Listeners[f.Engine] {
			ctx.Send(to, change)
		}
		for _, to := range c.deps.Watchers {
			ctx.Send(to, change)
		}
	}
	c.views.Add(float64(v.Len()))
	if f := v.Fields(); f.Credit && ctx.Sender() != nil {
		ctx.Respond(message.NewCredit(message.CreditFields{Source: f.Source, Partition: f.Partition, Seq: f.Seq}))
	}
}
