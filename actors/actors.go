// Package actors is the supervision tree: the one place that knows every actor, makes them, tells
// each which others it talks to, and ends them in order.
//
// Actors are made back to front, so that each finds those it talks to, and ended front to back,
// so that what is under way is worked through. Which actor talks to which is decided here and
// nowhere else; an actor knows its partners by the PIDs it is handed, wherever they run.
package actors

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/budget"
	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/monitor"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/actors/state"
	"github.com/maru-trading/maru/actors/strategy"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// Config says which actors there are.
type Config struct {
	State      state.Config // of every partition; Partition is filled in
	Engines    []classifier.Config
	Strategies []Strategy
	Externals  []External
	Accounts   []Account
	Feeders    []Feeder
	Awaited    []Awaited     // venues that join later; not in a repeatable run
	Budget     budget.Config // what venues allow from this address
	Mailboxes  Mailboxes
}

// Feeder is one connection to a venue.
type Feeder struct {
	Config   feeder.Config
	Protocol func() (feeder.Protocol, error) // made anew for every start
	// Frames replaces the venue's socket; see feeder.Deps.
	Frames iter.Seq2[[]byte, market.Timestamp]
}

// Strategy is one strategy.
type Strategy struct {
	Config   strategy.Config
	Listings []market.Listing
}

// External is one strategy whose decisions a program makes.
type External struct {
	Config   strategy.ExternalConfig
	Listings []market.Listing
	Launch   strategy.Launch
	Notes    strategy.OpenNotebook
	Form     strategy.Form
}

// Account is one order gateway and how it reaches its venue and its journal.
type Account struct {
	Config  order.Config
	Open    func() (order.Journal, iter.Seq2[message.OrderEvent, error], func() error, error)
	History func() iter.Seq2[message.OrderEvent, error]
	Venue   func(order.Replies) (order.Venue, error)
}

// Mailboxes bound the queues in front of each role, in messages.
type Mailboxes struct{ Feeder, State, Classifier, Strategy, Order, Monitor int }

// Deps is what the actors share of the world.
type Deps struct {
	Env         system.Env
	Dispatcher  actor.Dispatcher
	Metrics     *telemetry.Metrics
	Bars        state.BarStore
	DeadLetters feeder.DeadLetters
	HTTP        feeder.HTTP
	Engines     map[message.EngineName]classifier.Source // where the files of engines come from
	Network     feeder.Network                           // in the place of sockets, in a simulation; nil: sockets
	Watchers    []*actor.PID                             // besides the monitor: are told orders, positions and classes
	View        order.View
	Replay      *feeder.Replay
	Credit      bool // feeders wait for credit; nothing is conflated
	// Drive lets the actors of a repeatable run work; nil where they run by themselves.
	Drive func()
	// GaveUp is told of an actor that failed too often and was stopped. It must not block.
	GaveUp func(actor string, reason any)
}

// Tree is the actors of a node, running.
type Tree struct {
	sys     *actor.ActorSystem
	deps    Deps
	boxes   *telemetry.Mailboxes
	monitor *actor.PID
	budget  *actor.PID // nil in a replay: nothing is limited there
	// stages are the actors in the order in which messages flow through them.
	feeders, states, classifiers, strategies, gateways []*actor.PID

	boxLimits Mailboxes
	peers     neighbours
	awaited   map[market.Venue]doors

	mu       sync.Mutex
	accounts map[message.AccountName]*actor.PID
	lost     []string // actors that were given up
}

// neighbours are whom actors talk to.
type neighbours struct {
	watchers   []*actor.PID
	strategies map[message.StrategyName]*actor.PID
	histories  map[message.AccountName]func() iter.Seq2[message.OrderEvent, error]
	gateways   []*actor.PID
	listeners  map[message.EngineName][]*actor.PID
	quotes     []*actor.PID // external strategies that are told of all prices
	bars       []*actor.PID // and of bars
	feeders    map[market.Venue][]*actor.PID
}

// Start makes and starts all actors.
func Start(cfg Config, deps Deps) (*Tree, error) {
	t, err := Prepare(cfg.Budget, cfg.Mailboxes, deps)
	if err != nil {
		return nil, err
	}
	if err := t.Begin(cfg); err != nil {
		return nil, errors.Join(err, t.Stop(context.Background()))
	}
	return t, nil
}

// Prepare starts what is needed before anything is known of the venues: the monitor, and the budget
// that venues are asked through for what they list. Begin starts the others.
func Prepare(allowed budget.Config, boxes Mailboxes, deps Deps) (*Tree, error) {
	t := &Tree{sys: system.New(deps.Env.Log), deps: deps, boxes: deps.Metrics.Mailboxes(), boxLimits: boxes,
		awaited: map[market.Venue]doors{}, accounts: map[message.AccountName]*actor.PID{}}
	if err := allowed.Validate(); err != nil {
		return nil, err
	}
	var err error
	// The monitor watches in real time, also in a replay: it changes nothing. A simulation has no
	// goroutines to spare, of which it would leave some behind with every node.
	watch := LiveDispatcher()
	if t.deps.Network != nil {
		watch = t.deps.Dispatcher
	}
	t.monitor, err = t.spawn("monitor", monitor.Supervision(), func() actor.Actor { return monitor.New() },
		t.mailbox(boxes.Monitor, nil), watch)
	if err != nil {
		return nil, err
	}
	if t.deps.Replay == nil {
		deps := budget.Deps{Env: t.deps.Env, Metrics: t.deps.Metrics}
		t.budget, err = t.spawn("budget", budget.Supervision(), func() actor.Actor { return budget.NewActor(allowed, deps) },
			t.mailbox(boxes.Feeder, nil), t.deps.Dispatcher)
		if err != nil {
			return nil, errors.Join(err, t.Stop(context.Background()))
		}
	}
	return t, nil
}

// Desk returns where permits of the budget are asked for from outside the tree; nil in a replay, where
// nothing is limited. holder is what they are known by, unique among desks that are used at once.
func (t *Tree) Desk(holder string) *budget.Desk {
	if t.budget == nil {
		return nil
	}
	return budget.NewDesk(t.sys, t.budget, holder, t.deps.Env.Now)
}

// Begin starts all other actors, once; Budget and Mailboxes of cfg were given to Prepare, and are not
// read again. After an error the caller stops the tree.
func (t *Tree) Begin(cfg Config) error {
	t.peers = neighbours{
		watchers:   append([]*actor.PID{t.monitor}, t.deps.Watchers...),
		strategies: map[message.StrategyName]*actor.PID{},
		histories:  map[message.AccountName]func() iter.Seq2[message.OrderEvent, error]{},
		listeners:  map[message.EngineName][]*actor.PID{},
		feeders:    map[market.Venue][]*actor.PID{},
	}
	for _, s := range cfg.Strategies {
		t.peers.strategies[s.Config.Name] = t.pid(strategyName(s.Config.Name))
	}
	for _, s := range cfg.Externals {
		t.peers.strategies[s.Config.Name] = t.pid(strategyName(s.Config.Name))
	}
	for _, a := range cfg.Awaited {
		for s := range a.Strategies {
			t.peers.strategies[s] = t.pid(strategyName(s))
		}
		for _, s := range a.Externals {
			t.peers.strategies[s.Name] = t.pid(strategyName(s.Name))
		}
	}
	for _, a := range cfg.Accounts {
		gateway, err := t.startGateway(a)
		if err != nil {
			return err
		}
		t.peers.gateways = append(t.peers.gateways, gateway)
	}
	for _, s := range cfg.Strategies {
		p, err := t.startStrategy(s)
		if err != nil {
			return err
		}
		t.peers.listeners[s.Config.Engine] = append(t.peers.listeners[s.Config.Engine], p)
	}
	for _, s := range cfg.Externals {
		p, err := t.startExternal(s)
		if err != nil {
			return err
		}
		t.peers.subscribe(s.Config, p)
	}
	for _, f := range cfg.Feeders {
		protocol, err := f.Protocol()
		if err != nil {
			return err
		}
		v := protocol.Venue()
		t.peers.feeders[v] = append(t.peers.feeders[v], t.pid(feederName(f.Config.Source)))
	}
	for _, a := range cfg.Awaited {
		if err := t.await(a, &t.peers); err != nil {
			return err
		}
	}
	features := make([]string, len(cfg.State.Features))
	for i, f := range cfg.State.Features {
		features[i] = f.String()
	}
	if len(cfg.Engines) > 0 {
		deps := classifier.Deps{Env: t.deps.Env, Metrics: t.deps.Metrics, Listeners: t.peers.listeners, Watchers: t.peers.watchers,
			Sources: t.deps.Engines, Shelf: classifier.NewShelf()}
		if t.deps.Env.Repeatable {
			if err := deps.Shelf.Fill(context.Background(), cfg.Engines, deps.Sources); err != nil {
				return err
			}
		}
		p, err := t.spawn("classifier/0", classifier.Supervision(),
			func() actor.Actor { return classifier.NewActor(cfg.Engines, features, deps) }, t.mailbox(t.boxLimits.Classifier, nil), t.deps.Dispatcher)
		if err != nil {
			return err
		}
		t.classifiers = append(t.classifiers, p)
	}
	// Gateways hear of prices before classifiers do, so that an intent never meets a gateway that
	// does not know the price it was decided on.
	deps := state.Deps{Env: t.deps.Env, Metrics: t.deps.Metrics, Bars: t.deps.Bars, Feeders: t.peers.feeders,
		Readers: append(append(append([]*actor.PID{}, t.peers.gateways...), t.classifiers...), t.peers.quotes...), BarReaders: t.peers.bars}
	for _, e := range cfg.Engines {
		if len(e.Bars) > 0 { // most engines read none: nothing is sent then
			deps.BarReaders = append(append([]*actor.PID{}, t.classifiers...), t.peers.bars...)
		}
	}
	for i := range cfg.State.Partitions {
		c, started := cfg.State, false
		c.Partition = i
		p, err := t.spawn("state/"+strconv.Itoa(i), state.Supervision(), func() actor.Actor {
			restarted := started
			started = true
			return state.NewPartition(c, deps, restarted)
		}, t.mailbox(t.boxLimits.State, nil), t.deps.Dispatcher)
		if err != nil {
			return err
		}
		t.states = append(t.states, p)
	}
	return t.startFeeders(cfg.Feeders)
}

func (t *Tree) pid(name string) *actor.PID { return actor.NewPID(t.sys.Address(), name) }

func (t *Tree) startGateway(a Account) (*actor.PID, error) {
	deps := order.Deps{Env: t.deps.Env, Metrics: t.deps.Metrics, View: t.deps.View, Open: a.Open, Venue: a.Venue,
		Strategies: t.peers.strategies, Watchers: t.peers.watchers}
	name := gatewayName(a.Config.Account)
	box := t.mailbox(t.boxLimits.Order, t.refuse)
	box.Overloaded = func(waiting int) {
		t.sys.Root.Send(t.pid(name), order.HaltRequest{Reason: fmt.Sprintf("overload: %d messages wait for the gateway", waiting)})
	}
	started := false
	gateway, err := t.spawn(name, order.Supervision(), func() actor.Actor {
		restarted := started
		started = true
		return order.NewGateway(a.Config, deps, restarted)
	}, box, t.deps.Dispatcher)
	if err != nil {
		return nil, err
	}
	t.gateways, t.peers.histories[a.Config.Account] = append(t.gateways, gateway), a.History
	t.mu.Lock()
	t.accounts[a.Config.Account] = gateway
	t.mu.Unlock()
	return gateway, nil
}

func (t *Tree) startStrategy(s Strategy) (*actor.PID, error) {
	gateway := t.Gateway(s.Config.Account)
	if gateway == nil {
		return nil, fmt.Errorf("actors: strategy %s orders for account %q, which is not there", s.Config.Name, s.Config.Account)
	}
	deps := strategy.Deps{Env: t.deps.Env, Metrics: t.deps.Metrics, Listings: s.Listings, Gateway: gateway, History: t.peers.histories[s.Config.Account]}
	p, err := t.spawn(strategyName(s.Config.Name), strategy.Supervision(),
		func() actor.Actor { return strategy.NewActor(s.Config, deps) }, t.mailbox(t.boxLimits.Strategy, nil), t.deps.Dispatcher)
	if err != nil {
		return nil, err
	}
	t.strategies = append(t.strategies, p)
	return p, nil
}

func (t *Tree) startFeeders(feeders []Feeder) error {
	for _, f := range feeders {
		deps := feeder.Deps{Env: t.deps.Env, Metrics: t.deps.Metrics, DeadLetters: t.deps.DeadLetters, HTTP: t.deps.HTTP,
			Partitions: t.states, Budget: t.budget, Credit: t.deps.Credit, Frames: f.Frames, Network: t.deps.Network}
		p, err := t.spawn(feederName(f.Config.Source), feeder.Supervision(), func() actor.Actor {
			protocol, err := f.Protocol()
			if err != nil {
				panic(err)
			}
			return feeder.New(f.Config, protocol, deps, t.deps.Replay)
		}, t.mailbox(t.boxLimits.Feeder, nil), t.deps.Dispatcher)
		if err != nil {
			return err
		}
		t.feeders = append(t.feeders, p)
	}
	return nil
}

// throughput is how many messages an actor handles before others get a turn.
const throughput = 300

// LiveDispatcher runs each actor that has messages on a goroutine of a pool.
func LiveDispatcher() actor.Dispatcher { return system.NewPool(throughput) }

func strategyName(n message.StrategyName) string { return "strategy/" + string(n) }

func gatewayName(a message.AccountName) string { return "order/" + string(a) }

func feederName(source string) string { return "feeder/" + source }

func (t *Tree) mailbox(limit int, refused func(message.Message, *actor.PID)) system.MailboxConfig {
	return system.MailboxConfig{Limit: limit, Refused: refused, Lossless: t.deps.Env.Repeatable, Stats: new(system.MailboxStats)}
}

func (t *Tree) spawn(name string, s system.Supervision, produce func() actor.Actor, box system.MailboxConfig, d actor.Dispatcher) (*actor.PID, error) {
	m := t.deps.Metrics
	failures, restarts := m.ActorFailures.WithLabelValues(s.Role), m.ActorRestarts.WithLabelValues(s.Role)
	running := m.Actors.WithLabelValues(s.Role)
	started := false
	supervisor := system.NewSupervisor(s, t.deps.Env,
		func(string, any) { failures.Inc() },
		func(who string, reason any) {
			running.Dec()
			t.mu.Lock()
			t.lost = append(t.lost, who)
			t.mu.Unlock()
			if t.deps.GaveUp != nil {
				t.deps.GaveUp(who, reason)
			}
		})
	box.Role = s.Role
	t.boxes.Add(name, s.Role, box.Stats)
	pid, err := system.Spawn(t.sys, name, func() actor.Actor {
		if started {
			restarts.Inc()
		}
		started = true
		return produce()
	}, system.NewMailbox(box), d, supervisor)
	if err != nil {
		return nil, err
	}
	running.Inc()
	return pid, nil
}

// refuse answers an intent that a gateway's queue had no room for.
func (t *Tree) refuse(m message.Message, sender *actor.PID) {
	intent, ok := m.(message.OrderIntent)
	if !ok || sender == nil {
		return
	}
	f := intent.Fields()
	denied, err := message.NewOrderEvent(message.OrderEventFields{Time: f.Time(), Account: f.Account, Strategy: f.ID.Strategy, IntentSeq: f.ID.Seq,
		Instrument: f.Instrument, OrderTerms: message.OrderTerms{Side: f.Side, Type: f.Type, TimeInForce: f.TimeInForce, Price: f.Price, Quantity: f.Quantity}, DecidedAt: f.Time(),
		Action: message.ActionDeny, Status: message.OrderDenied, Reason: string(order.DeniedQueueFull) + ": the gateway's mailbox is full"})
	if err != nil {
		return
	}
	t.deps.Metrics.OrderDenied.WithLabelValues(string(f.Account), string(order.DeniedQueueFull)).Inc()
	t.sys.Root.Send(sender, denied)
	t.sys.Root.Send(t.monitor, denied)
}

// Send tells an actor something from outside.
func (t *Tree) Send(to *actor.PID, m any) { t.sys.Root.Send(to, m) }

// Lost returns the actors that failed too often and were stopped.
func (t *Tree) Lost() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.lost...)
}

// Gateway returns an account's gateway; nil if there is none, or its venue has not joined yet.
func (t *Tree) Gateway(account message.AccountName) *actor.PID {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.accounts[account]
}

// States returns the state partitions in order.
func (t *Tree) States() []*actor.PID { return t.states }

// Report asks the monitor what it knows.
func (t *Tree) Report(ctx context.Context) (monitor.Report, error) {
	future := t.sys.Root.RequestFuture(t.monitor, monitor.Ask{}, reportTimeout)
	answer := make(chan error, 1)
	var report monitor.Report
	go func() {
		result, err := future.Result()
		if err == nil {
			report = result.(monitor.Report)
		}
		answer <- err
	}()
	select {
	case err := <-answer:
		if err != nil {
			return monitor.Report{}, fmt.Errorf("actors: ask the monitor: %w", err)
		}
		return report, nil
	case <-ctx.Done():
		return monitor.Report{}, ctx.Err()
	}
}

// Stop ends the actors stage by stage, each after what it was told before: nothing that a feeder
// had read is lost on the way to the journal. It gives up when ctx ends.
func (t *Tree) Stop(ctx context.Context) error {
	last := []*actor.PID{t.monitor}
	if t.budget != nil {
		last = append(last, t.budget)
	}
	for _, stage := range [][]*actor.PID{t.feeders, t.states, t.classifiers, t.strategies, t.gateways, last} {
		if err := t.stopStage(ctx, stage); err != nil {
			return err
		}
	}
	return nil
}

// reportTimeout bounds the only question that is asked inside a node.
const reportTimeout = 2 * time.Second

func (t *Tree) stopStage(ctx context.Context, stage []*actor.PID) error {
	done := make(chan struct{})
	futures := make([]*actor.Future, len(stage))
	for i, pid := range stage {
		futures[i] = t.sys.Root.PoisonFuture(pid)
	}
	if t.deps.Drive != nil {
		t.deps.Drive()
	}
	go func() {
		defer close(done)
		for _, f := range futures {
			_ = f.Wait() // ends after ten seconds in any case
		}
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("actors: %v did not end in time: %w", stage, ctx.Err())
	}
}
