package main

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/state"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// line is feeder → state → classifier → a listener, made of the runtime's own actors with their own
// mailboxes on the live dispatcher: the part of the chain that every tick goes through.
type line struct {
	sys     *actor.ActorSystem
	metrics *telemetry.Metrics
	stats   []*system.MailboxStats
	dead    deadLetters
	stages  []*actor.PID // in the order in which they are ended
}

// lineConfig says what a line is made of.
type lineConfig struct {
	state     state.Config
	engines   []classifier.Config
	protocols []feeder.Protocol                   // one feeder each
	frames    iter.Seq2[[]byte, market.Timestamp] // nil: the feeders dial
	credit    bool
	now       func() market.Timestamp // nil: the machine's clock
	sources   map[message.EngineName]classifier.Source
	listener  func(message.Classified)
	// witness, if there is one, is shown what a partition takes out of its mailbox, on the
	// partition's goroutine.
	witness func(partition int, b message.Batch)
}

// startLine makes the actors back to front. The feeders ask for frames at once.
func startLine(c lineConfig) (*line, error) {
	l := &line{sys: system.New(quiet), metrics: telemetry.New("bench"), dead: newDeadLetters()}
	env := system.Live(quiet)
	if c.now != nil {
		env.Now = c.now
	}
	listener, err := l.spawn("listener", env, system.Supervision{Role: "strategy"}, func() actor.Actor { return listens(c.listener) })
	if err != nil {
		return nil, err
	}
	listeners := map[message.EngineName][]*actor.PID{}
	for _, e := range c.engines {
		listeners[e.Name] = []*actor.PID{listener}
	}
	shelf := classifier.NewShelf()
	judge, err := l.spawn("classifier", env, classifier.Supervision(), func() actor.Actor {
		return classifier.NewActor(c.engines, featureNames(c.state), classifier.Deps{Env: env, Metrics: l.metrics, Listeners: listeners, Sources: c.sources, Shelf: shelf})
	})
	if err != nil {
		return nil, err
	}
	states, err := l.spawnStates(c.state, env, []*actor.PID{judge}, c.witness)
	if err != nil {
		return nil, err
	}
	for i, protocol := range c.protocols {
		name := "feeder/" + strconv.Itoa(i)
		source, err := l.spawn(name, env, feeder.Supervision(), func() actor.Actor {
			return feeder.New(feeder.DefaultConfig(name, len(states)), protocol, feeder.Deps{Env: env, Metrics: l.metrics,
				DeadLetters: l.dead, Partitions: states, Credit: c.credit, Frames: c.frames}, nil)
		})
		if err != nil {
			return nil, err
		}
		l.stages = append(l.stages, source)
	}
	l.stages = append(append(l.stages, states...), judge, listener)
	return l, nil
}

func (l *line) spawnStates(cfg state.Config, env system.Env, readers []*actor.PID, witness func(int, message.Batch)) (states []*actor.PID, err error) {
	deps := state.Deps{Env: env, Metrics: l.metrics, Bars: discard{}, Readers: readers}
	for i := range cfg.Partitions {
		c := cfg
		c.Partition = i
		p, err := l.spawn("state/"+strconv.Itoa(i), env, state.Supervision(), func() actor.Actor {
			partition := state.NewPartition(c, deps, false)
			if witness == nil {
				return partition
			}
			return witnessed{partition, func(b message.Batch) { witness(i, b) }}
		})
		if err != nil {
			return nil, err
		}
		states = append(states, p)
	}
	return states, nil
}

// witnessed is a partition somebody looks over the shoulder of.
type witnessed struct {
	actor.Actor
	see func(message.Batch)
}

// Receive is part of actor.Actor.
func (w witnessed) Receive(ctx actor.Context) {
	if b, ok := ctx.Message().(message.Batch); ok {
		w.see(b)
	}
	w.Actor.Receive(ctx)
}

// spawn starts an actor whose first failure ends it: a measurement has no use for a restart.
func (l *line) spawn(name string, env system.Env, s system.Supervision, produce func() actor.Actor) (*actor.PID, error) {
	s.Restarts = 0
	stats := new(system.MailboxStats)
	l.stats = append(l.stats, stats)
	box := system.NewMailbox(system.MailboxConfig{Role: s.Role, Stats: stats})
	return system.Spawn(l.sys, name, produce, box, actors.LiveDispatcher(), system.NewSupervisor(s, env, nil, nil))
}

// stop ends the actors from the feeder on, each after what it was told before.
func (l *line) stop() (err error) {
	for _, p := range l.stages {
		err = errors.Join(err, l.sys.Root.PoisonFuture(p).Wait())
	}
	return err
}

// merged returns how many messages were merged or dropped because a queue was full.
func (l *line) merged() (n uint64) {
	for _, s := range l.stats {
		n += s.Conflated.Load()
	}
	return n
}

// listens is an actor that takes class changes.
type listens func(message.Classified)

// Receive is part of actor.Actor.
func (f listens) Receive(ctx actor.Context) {
	if c, ok := ctx.Message().(message.Classified); ok && f != nil {
		f(c)
	}
}

// decoded is a venue whose frames need no decoding: Decode makes messages of figures that are
// there. It is the protocol of the lines.
type decoded struct {
	instruments []market.Instrument
	make        func(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error)
}

// The methods of feeder.Protocol; most are for a socket, and there is none.
func (decoded) Venue() market.Venue                { return benchVenue }
func (decoded) URL() string                        { return "" }
func (decoded) Subscribe() [][]byte                { return nil }
func (decoded) SendEvery() time.Duration           { return 0 }
func (decoded) Ping() ([]byte, time.Duration)      { return nil, 0 }
func (decoded) Silence() time.Duration             { return 0 }
func (decoded) Lifetime() time.Duration            { return 0 }
func (d decoded) Instruments() []market.Instrument { return d.instruments }
func (d decoded) Decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error) {
	return d.make(dst, frame, received)
}

const benchVenue market.Venue = "bench"

// instrumentNames are n instruments.
func instrumentNames(n int) []market.Instrument {
	all := make([]market.Instrument, n)
	for i := range all {
		all[i] = market.MustInstrument(benchVenue, fmt.Sprintf("C%04d-KRW", i))
	}
	return all
}

// whole is a whole number as a price or a quantity.
func whole(n int64) market.Decimal { return market.DecimalFromInt(n) }
