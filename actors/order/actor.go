package order

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// View is the queryable copy of the journal. Its call must not block.
type View interface {
	OfferOrderEvents(events ...message.OrderEvent)
}

// Deps is what a gateway needs besides its configuration.
type Deps struct {
	Env     system.Env
	Metrics *telemetry.Metrics
	// Open opens the account's journal and returns what stands in it. It is called once for
	// every start of the actor; Closed lets go of it.
	Open func() (Journal, iter.Seq2[message.OrderEvent, error], func() error, error)
	// Venue makes the venue, whose answers go to replies.
	Venue      func(replies Replies) (Venue, error)
	Strategies map[message.StrategyName]*actor.PID
	Watchers   []*actor.PID // are told every event and position
	View       View         // is told every event that is in the journal
}

// Gateway is the actor of one account. Make it with NewGateway, once for every start.
type Gateway struct {
	cfg     Config
	again   bool // it was restarted
	deps    Deps
	core    *Core
	journal Journal
	close   func() error
	venue   Venue
	quoter  Quoter // nil for venues that need no quotes
	metrics counters

	self     *actor.PID
	root     *actor.RootContext
	appended uint64           // Seq of the newest event in the journal
	syncing  bool             // a sync is under way
	since    market.Timestamp // when it began, by the wall's clock
	marked   market.Timestamp // when watchers last heard of all positions, in message time
	ticked   market.Timestamp // when the core last heard the time, in a repeatable run
	unwind   func()           // calls the timer off
	waiting  []waiting        // people whose answers wait for the disk
	inbox    inbox
}

type (
	// durable says how far the disk has come.
	durable struct {
		of   *Gateway // whose journal: a message may outlive a restart
		upTo uint64
		err  error
	}
	// answered tells the gateway that the venue has put answers into its inbox.
	answered struct{}
	// tick tells it that time has passed.
	tick struct{ of *Gateway }
)

// tickEvery is how often a gateway's core hears what time it is: by the clock in a live run, by
// message time in one that is to be repeatable.
const tickEvery = time.Second

// NewGateway returns the gateway of one account. It recovers from the journal when it starts. A
// panic loses what it knew, not what is on disk: supervise it with a restart, which halts nothing
// by itself but takes no intent before the venue has said what became of open orders. restarted
// says that this is not the first start: an event may be on disk that its strategy was not told.
func NewGateway(cfg Config, deps Deps, restarted bool) *Gateway {
	return &Gateway{cfg: cfg, deps: deps, again: restarted}
}

// Supervision is how a gateway is brought back.
func Supervision() system.Supervision {
	return system.Supervision{Role: "order",
		Why:      "the journal holds every order; a new start reads it, asks the venue what became of open orders, and only then takes intents again",
		Restarts: 3, Window: 10 * time.Minute, Backoff: time.Second, BackoffMax: 30 * time.Second}
}

// Receive is part of actor.Actor.
func (g *Gateway) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		g.start(ctx)
	case message.OrderIntent:
		g.do(g.core.Intend(m))
	case message.AmendIntent:
		g.do(g.core.Amend(m))
	case message.CancelIntent:
		g.do(g.core.Cancel(m))
	case message.Views:
		g.views(ctx, m)
	case durable:
		if m.of == g {
			g.durable(m)
		}
	case tick:
		if m.of == g {
			g.tick(g.now())
			g.wind()
		}
	case HaltRequest, ResumeRequest, ResolveRequest:
		g.person(ctx, m)
	case StandingRequest:
		g.standing(ctx)
	case *actor.Stopping, *actor.Restarting:
		g.stop()
		return
	}
	g.answers()
}

func (g *Gateway) start(ctx actor.Context) {
	g.self, g.root = ctx.Self(), ctx.ActorSystem().Root
	g.metrics = newCounters(g.deps.Metrics, g.cfg.Account)
	core, err := New(g.cfg)
	if err != nil {
		panic(err)
	}
	g.core = core
	journal, history, closeJournal, err := g.deps.Open()
	if err != nil {
		panic(fmt.Errorf("order: open the journal of %s: %w", g.cfg.Account, err))
	}
	g.journal, g.close = journal, closeJournal
	var broken error
	err = g.core.Recover(func(yield func(message.OrderEvent) bool) {
		for e, err := range history {
			if err != nil {
				broken = err
				return
			}
			g.metrics.recovered(e)
			if to := g.deps.Strategies[e.Fields().Strategy]; to != nil && g.again {
				g.root.Send(to, e) // it leaves alone what it was told before
			}
			if !yield(e) {
				return
			}
		}
	})
	if broken != nil {
		err = broken
	}
	if err != nil {
		panic(err)
	}
	g.appended, _ = g.core.Seq()
	if g.venue, err = g.deps.Venue(replies{g}); err != nil {
		panic(err)
	}
	g.quoter, _ = g.venue.(Quoter)
	g.core.Support(g.venue.Support())
	if books, ok := g.venue.(Booker); ok {
		books.Books(g.core.Books())
	}
	if halted := g.core.Halted(); halted != "" {
		g.deps.Env.Log.Warn("account is halted", slog.String("account", string(g.cfg.Account)), slog.String("reason", halted))
	}
	g.do(g.core.Start(g.now()))
	g.positions()
	g.wind()
}

// wind sets the timer of a live run.
func (g *Gateway) wind() {
	if !g.deps.Env.Repeatable {
		g.unwind = g.deps.Env.After(tickEvery, func() { g.root.Send(g.self, tick{g}) })
	}
}

func (g *Gateway) tick(now market.Timestamp) { g.do(g.core.Tick(now)) }

func (g *Gateway) stop() {
	if g.unwind != nil {
		g.unwind()
		g.unwind = nil
	}
	g.dismiss(errors.New("the gateway stopped before the journal had it"))
	if venue, ok := g.venue.(io.Closer); ok {
		if err := venue.Close(); err != nil {
			g.deps.Env.Log.Error("venue did not close", slog.String("account", string(g.cfg.Account)), slog.Any("reason", err))
		}
	}
	g.venue = nil
	if g.close == nil {
		return
	}
	if err := g.close(); err != nil {
		g.deps.Env.Log.Error("journal did not close", slog.String("account", string(g.cfg.Account)), slog.Any("reason", err))
	}
	g.close = nil
}

// now is the time of the wall where the run is live; a replay goes by the messages' times.
func (g *Gateway) now() market.Timestamp {
	if g.deps.Env.Repeatable {
		return 0
	}
	return g.deps.Env.Now()
}

// inbox holds what the venue answered until the gateway's turn ends. Answers that come within a
// turn, as a paper venue's do, are so worked through before anything that waits in the mailbox:
// a fill by a quote comes before an intent that was decided on it.
type inbox struct {
	mu      sync.Mutex
	answers []answer
}

// answer is one thing that the venue said: what is done with it stands in take.
type answer struct {
	take func(*Gateway)
}

// replies takes a venue's answers, from whatever goroutine.
type replies struct{ g *Gateway }

func (r replies) Report(m message.ExecutionReport) {
	r.put(answer{func(g *Gateway) { g.do(g.core.Report(m)) }})
}

func (r replies) Balance(b message.Balance) {
	r.put(answer{func(g *Gateway) {
		g.do(g.core.Balance(b))
		g.tellWatchers(b)
	}})
}

func (r replies) Recovered(err error) {
	r.put(answer{func(g *Gateway) { g.do(g.core.Recovered(err, g.now())) }})
}

func (r replies) Disconnected(why string) {
	r.put(answer{func(g *Gateway) { g.do(g.core.Disconnected(why, g.now())) }})
}

func (r replies) Clock(ahead time.Duration) {
	r.put(answer{func(g *Gateway) { g.do(g.core.Clock(ahead, g.now())) }})
}

func (r replies) put(a answer) {
	in := &r.g.inbox
	in.mu.Lock()
	in.answers = append(in.answers, a)
	first := len(in.answers) == 1
	in.mu.Unlock()
	if first {
		r.g.root.Send(r.g.self, answered{})
	}
}

// answers works through the inbox until it stays empty.
func (g *Gateway) answers() {
	for {
		g.inbox.mu.Lock()
		all := g.inbox.answers
		g.inbox.answers = nil
		g.inbox.mu.Unlock()
		if len(all) == 0 {
			return
		}
		for _, a := range all {
			a.take(g)
		}
	}
}

// do writes to the journal what an input led to, then acts.
func (g *Gateway) do(e Effects) {
	if len(e.Append) > 0 {
		seq, err := g.journal.Append(e.Append)
		if err != nil {
			g.failed(err)
			return
		}
		g.appended = seq
		g.sync()
	}
	for i := range e.Acts {
		g.act(e.Acts[i])
	}
	g.metrics.state(g.core)
}

// sync asks for the disk to catch up. One is under way at a time; it takes along whatever was
// appended before it began.
func (g *Gateway) sync() {
	if g.syncing {
		return
	}
	g.syncing, g.since = true, g.deps.Env.Now()
	upTo, journal := g.appended, g.journal
	write := func() { g.root.Send(g.self, durable{g, upTo, journal.Sync()}) }
	if g.deps.Env.Repeatable {
		write() // a record tells how far the disk had come: that, too, must not depend on timing
		return
	}
	g.deps.Env.Go(write)
}

func (g *Gateway) durable(d durable) {
	g.syncing = false
	if d.err != nil {
		g.failed(d.err)
		return
	}
	g.deps.Metrics.JournalCommits.Observe(g.deps.Env.Now().Sub(g.since).Seconds())
	if g.appended > d.upTo {
		g.sync()
	}
	g.do(g.core.Durable(d.upTo, g.now()))
	g.satisfy(d.upTo)
}

func (g *Gateway) failed(err error) {
	g.deps.Env.Log.Error("the journal failed: the account is halted until a restart", slog.String("account", string(g.cfg.Account)), slog.Any("reason", err))
	g.core.JournalFailed(err, g.now())
	g.dismiss(err)
	g.metrics.state(g.core)
}

func (g *Gateway) act(a Act) {
	switch a.Kind {
	case ActTell:
		g.metrics.event(a.Event)
		if to := g.deps.Strategies[a.Event.Fields().Strategy]; to != nil {
			g.root.Send(to, a.Event)
		}
		if a.Event.Fields().Seq != 0 {
			g.deps.View.OfferOrderEvents(a.Event)
		}
		g.tellWatchers(a.Event)
		if f := a.Event.Fields(); f.Action == message.ActionFill {
			if p, ok := g.core.Portfolio().Position(f.Strategy, f.Instrument); ok {
				g.tellWatchers(p)
			}
		}
	case ActPlace:
		if f := a.Event.Fields(); !g.deps.Env.Repeatable && f.DecidedAt != 0 {
			g.deps.Metrics.TickToOrder.Observe(g.deps.Env.Now().Sub(f.DecidedAt).Seconds())
		}
		g.venue.Place(a.Event)
	case ActCancel:
		g.venue.Cancel(a.Event)
	case ActAmend:
		g.venue.Amend(a.Event)
	case ActRecover:
		g.venue.Recover(a.Open)
	}
}

func (g *Gateway) tellWatchers(m message.Message) {
	for _, w := range g.deps.Watchers {
		g.root.Send(w, m)
	}
}

// positionsEvery is how often, in message time, watchers hear what open positions are worth.
const positionsEvery = time.Second

func (g *Gateway) views(ctx actor.Context, v message.Views) {
	for i := range v.Len() {
		if e := g.core.View(v.Row(i)); len(e.Append)+len(e.Acts) > 0 {
			g.do(e)
		}
	}
	if g.quoter != nil {
		g.quoter.Quote(v)
	}
	f := v.Fields()
	if g.deps.Env.Repeatable && f.Time.Sub(g.ticked) >= tickEvery {
		g.ticked = f.Time
		g.answers() // what was filled by these prices comes before what time brings
		g.tick(f.Time)
	}
	if f.Time.Sub(g.marked) >= positionsEvery {
		g.marked = f.Time
		g.positions()
	}
	if f.Credit && ctx.Sender() != nil {
		ctx.Respond(message.NewCredit(message.CreditFields{Source: f.Source, Partition: f.Partition, Seq: f.Seq}))
	}
}

func (g *Gateway) positions() {
	for _, p := range g.core.Portfolio().Positions() {
		g.tellWatchers(p)
	}
}

// counters are a gateway's metrics with their labels filled in.
type counters struct {
	account string
	events  map[message.OrderAction]prometheus.Counter
	denied  map[Code]prometheus.Counter
	open    [held + 1]prometheus.Gauge
	halted  prometheus.Gauge
	status  map[message.IntentID]message.OrderStatus
}

func newCounters(m *telemetry.Metrics, account message.AccountName) counters {
	c := counters{account: string(account), denied: map[Code]prometheus.Counter{}, events: map[message.OrderAction]prometheus.Counter{},
		halted: m.OrderHalted.WithLabelValues(string(account)), status: map[message.IntentID]message.OrderStatus{}}
	for _, a := range message.OrderActions() {
		c.events[a] = m.OrderEvents.WithLabelValues(c.account, a.String())
	}
	for _, s := range message.OrderStatuses() {
		if !s.Final() {
			c.open[s] = m.OrderOpen.WithLabelValues(c.account, s.String())
			c.open[s].Set(0)
		}
	}
	for _, code := range Codes() {
		c.denied[code] = m.OrderDenied.WithLabelValues(c.account, string(code))
	}
	return c
}

// event counts one step in an order's life.
func (c *counters) event(e message.OrderEvent) {
	f := e.Fields()
	c.events[f.Action].Inc()
	if f.Action == message.ActionDeny {
		code, _, _ := strings.Cut(f.Reason, ":")
		if n := c.denied[Code(code)]; n != nil {
			n.Inc()
		}
	}
	c.recovered(e)
}

// recovered counts an order into the status that it has now.
func (c *counters) recovered(e message.OrderEvent) {
	f := e.Fields()
	if f.OfAccount() {
		return // of the account
	}
	id := e.Intent()
	if was := c.status[id]; was != 0 {
		c.open[was].Dec()
		delete(c.status, id)
	}
	if !f.Status.Final() {
		c.status[id] = f.Status
		c.open[f.Status].Inc()
	}
}

func (c *counters) state(core *Core) {
	halted := 0.0
	if core.Halted() != "" {
		halted = 1
	}
	c.halted.Set(halted)
}
