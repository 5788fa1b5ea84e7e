package classifier

import (
	"context"
	"fmt"
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
	Sources   map[message.EngineName]Source       // of every engine of type Model
	Shelf     *Shelf                              // the same for every start; needed where there are Sources
}

// Classifier is the actor. Make it with NewActor, once for every start.
type Classifier struct {
	deps    Deps
	core    *Core
	views   prometheus.Counter
	changes map[message.EngineName]prometheus.Counter

	// Of engines whose files are loaded.
	configs  []Config
	loadings []*loading
	self     *actor.PID
	root     *actor.RootContext
	context  context.Context // ends with this start of the actor
	stop     context.CancelFunc
}

// NewActor returns a classifier that has judged nothing yet. A panic loses what it had judged:
// supervise it with a restart, after which every instrument gets its class anew. It panics on
// engines that Config.Validate refuses, or whose features or sources are not there; callers validate what
// people wrote before they come here.
func NewActor(engines []Config, features []string, deps Deps) *Classifier {
	core, err := New(engines, features)
	if err != nil {
		panic(err)
	}
	c := &Classifier{deps: deps, core: core, views: deps.Metrics.ClassifierViews, changes: map[message.EngineName]prometheus.Counter{}}
	c.configs = engines
	for _, e := range engines {
		if e.Type == Model && (deps.Sources[e.Name] == nil || deps.Shelf == nil) {
			panic(fmt.Errorf("classifier: engine %q: there is no source for its model: %w", e.Name, ErrConfig))
		}
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
	switch m := ctx.Message().(type) {
	case message.Views:
		c.judge(ctx, m)
	case message.Bar:
		c.core.Bar(m)
	case looked:
		if m.who == c { // else of a start before
			c.looked(m)
		}
	case lookDue:
		if m.who == c {
			c.look(m.at)
		}
	case *actor.Started:
		c.beginLoading(ctx)
	case *actor.Stopping, *actor.Restarting:
		c.endLoading()
	}
}

func (c *Classifier) judge(ctx actor.Context, v message.Views) {
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
