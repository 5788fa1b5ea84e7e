package strategy

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// ExternalDeps is what an external strategy needs besides its configuration.
type ExternalDeps struct {
	Env      system.Env
	Metrics  *telemetry.Metrics
	Listings []market.Listing // what it may trade, and is told of
	Gateway  *actor.PID       // of its account
	// History returns the account's order events from the first one.
	History func() iter.Seq2[message.OrderEvent, error]
	Launch  Launch
	Notes   OpenNotebook
	Form    Form
	// GaveUp is told that the program failed too often and is not started again. It must not block.
	GaveUp func(reason string)
}

// ExternalActor is the actor of an external strategy: it starts the program, starts it again when it
// fails, and passes on what each side says. Make it with NewExternalActor, once for every start.
type ExternalActor struct {
	cfg       ExternalConfig
	deps      ExternalDeps
	restarted bool
	log       *slog.Logger
	self      *actor.PID
	root      *actor.RootContext

	core *External

	notebook Notebook
	closed   func() error
	broken   error  // why nothing can be noted any more
	appended uint64 // records ever given to the notebook
	synced   uint64 // of them on the disk
	syncing  bool
	written  int // records since the notebook was made small
	outbox   []outgoing

	program  Program // nil while none runs
	session  uint64
	ending   bool // it was ended, and has not ended yet
	waitedN  uint64
	waited   market.Timestamp // since when heartbeat waitedN, or for 0 the hello, is waited for
	failures []market.Timestamp
	timers   []func()
	gone     bool // the actor has stopped
}

// outgoing is what must wait for the notebook: for the gateway, or a line for the program.
type outgoing struct {
	after   uint64 // the record that must be on the disk
	m       message.Message
	line    Line
	session uint64 // of the line
}

// outboxMax bounds what waits for the disk: beyond it the program is ended.
const outboxMax = 8192

type (
	programSaid struct{ line programLine }
	programLine struct {
		of      *ExternalActor
		session uint64
		text    []byte
	}
	programEnded struct {
		of      *ExternalActor
		session uint64
		reason  string
	}
	programDue struct{ of *ExternalActor } // the wait before a new start is over
	beatDue    struct {
		of      *ExternalActor
		session uint64
	}
	noted struct {
		of   *ExternalActor
		upTo uint64
		err  error
	}
)

// NewExternalActor returns an external strategy that reads its notebook and the account's history
// when it starts. restarted says that this is not the first start: intents may be on their way.
func NewExternalActor(cfg ExternalConfig, deps ExternalDeps, restarted bool) *ExternalActor {
	return &ExternalActor{cfg: cfg, deps: deps, restarted: restarted, log: deps.Env.Log.With(slog.String("strategy", string(cfg.Name)))}
}

// Receive is part of actor.Actor.
func (a *ExternalActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		a.start(ctx)
	case message.Classified:
		a.do(a.core.OnClassified(m))
	case message.Bar:
		a.do(a.core.OnBar(m))
	case message.Views:
		a.do(a.core.OnViews(m))
		if f := m.Fields(); f.Credit && ctx.Sender() != nil {
			ctx.Respond(message.NewCredit(message.CreditFields{Source: f.Source, Partition: f.Partition, Seq: f.Seq}))
		}
	case message.OrderEvent:
		a.do(a.core.OnOrderEvent(m))
	case programSaid:
		a.said(m.line)
	case programEnded:
		a.ended(m)
	case programDue:
		if m.of == a && a.program == nil {
			a.launch()
		}
	case beatDue:
		if m.of == a && m.session == a.session {
			a.beat()
		}
	case noted:
		if m.of == a {
			a.noted(m.upTo, m.err)
		}
	case *actor.Stopping, *actor.Restarting:
		a.stop()
	}
}

func (a *ExternalActor) start(ctx actor.Context) {
	a.self, a.root = ctx.Self(), ctx.ActorSystem().Root
	core, err := NewExternal(a.cfg, a.deps.Listings, a.deps.Form)
	if err != nil {
		panic(err)
	}
	a.core = core
	notebook, records, closed, err := a.deps.Notes()
	if err != nil {
		panic(fmt.Errorf("strategy %s: open its notebook: %w", a.cfg.Name, err))
	}
	a.notebook, a.closed = notebook, closed
	for record, err := range records {
		if err == nil {
			err = core.Note(record)
		}
		if err != nil {
			panic(fmt.Errorf("strategy %s: read its notebook: %w", a.cfg.Name, err))
		}
		a.written++
	}
	for e, err := range a.deps.History() {
		if err != nil {
			panic(fmt.Errorf("strategy %s: read the history of %s: %w", a.cfg.Name, a.cfg.Account, err))
		}
		core.OnOrderEvent(e) // nobody is there yet to be told
	}
	a.do(core.Resume(a.restarted))
	open, pending := core.Working()
	a.log.Debug("external strategy starts", slog.Uint64("next_intent", core.Next()), slog.Int("open", open), slog.Int("unanswered", pending))
	a.launch()
}

func (a *ExternalActor) now() market.Timestamp { return a.deps.Env.Now() }

// ears passes on what a program says, from whatever goroutine.
type ears struct {
	a       *ExternalActor
	session uint64
}

func (e ears) Line(line []byte) {
	e.a.root.Send(e.a.self, programSaid{programLine{e.a, e.session, line}})
}

func (e ears) Ended(reason string) { e.a.root.Send(e.a.self, programEnded{e.a, e.session, reason}) }

func (a *ExternalActor) launch() {
	a.session++
	a.ending = false
	program, err := a.deps.Launch(ears{a, a.session})
	if err != nil {
		a.failed("start: " + err.Error())
		return
	}
	a.program = program
	a.waited, a.waitedN = a.now(), 0
	a.deps.Metrics.ProgramRunning.WithLabelValues(string(a.cfg.Name)).Set(1)
	a.log.Info("program started", slog.Uint64("session", a.session))
	a.do(a.core.Begin(a.session, a.now()))
	a.wind()
}

// wind sets the timer of the next heartbeat.
func (a *ExternalActor) wind() {
	due := beatDue{a, a.session}
	a.timers = append(a.timers[:0], a.deps.Env.After(a.cfg.Heartbeat, func() { a.root.Send(a.self, due) }))
}

func (a *ExternalActor) beat() {
	if a.program == nil || a.ending {
		return
	}
	now := a.now()
	switch alive := a.core.Alive(a.waitedN); {
	case !alive && now.Sub(a.waited) >= a.cfg.HeartbeatDeadline && a.waitedN == 0:
		a.end(fmt.Sprintf("hello: it said none within %v", a.cfg.HeartbeatDeadline))
		return
	case !alive && now.Sub(a.waited) >= a.cfg.HeartbeatDeadline:
		a.end(fmt.Sprintf("hang: no answer to a heartbeat within %v", a.cfg.HeartbeatDeadline))
		return
	case alive:
		e := a.core.Beat(now)
		a.waited, a.waitedN = now, a.core.Asked()
		a.do(e)
	}
	a.wind()
}

func (a *ExternalActor) said(m programLine) {
	if m.of != a || m.session != a.session || a.ending {
		return
	}
	a.deps.Metrics.ProgramLines.WithLabelValues(string(a.cfg.Name), "in").Inc()
	if a.broken != nil {
		if s, err := parseSaid(m.text); err == nil && (s.Type == "intent" || s.Type == "amend" || s.Type == "state") {
			a.do(a.core.Refuse(s.Ref, a.broken.Error()))
			return
		}
	}
	a.do(a.core.Said(m.text, a.now()))
}

// do carries out what the core decided.
func (a *ExternalActor) do(e ExternalEffects) {
	name := string(a.cfg.Name)
	if e.Refused != "" {
		a.deps.Metrics.ProgramRefused.WithLabelValues(name, e.Refused).Inc()
	}
	if e.Level != "" || e.Log != "" {
		a.deps.Env.Log.Log(context.Background(), level(e.Level), "program says", slog.String("strategy", name), slog.String("text", e.Log))
	}
	for _, l := range e.Lines {
		a.send(l)
	}
	for _, n := range e.Notes {
		if err := a.note(n); err != nil {
			return // nothing of this may go out
		}
	}
	for _, m := range e.Out {
		a.outbox = append(a.outbox, outgoing{after: a.appended, m: m})
	}
	for _, l := range e.Saved {
		a.outbox = append(a.outbox, outgoing{after: a.appended, line: l, session: a.session})
	}
	a.flush()
	if a.appended > a.synced {
		a.sync()
	}
	switch {
	case e.Fail != "":
		a.end(e.Fail)
	case len(a.outbox) > outboxMax:
		a.end(fmt.Sprintf("overload: %d things that it said wait for the disk", len(a.outbox)))
	}
}

func level(name string) slog.Level {
	switch name {
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}

func (a *ExternalActor) send(l Line) {
	if a.program == nil || a.ending {
		return
	}
	kept, replaced := a.program.Send(l.Key, l.Text)
	m, name := a.deps.Metrics, string(a.cfg.Name)
	switch {
	case !kept:
		a.end("slow: it does not read what it is told of its orders")
		return
	case replaced:
		m.ProgramConflated.WithLabelValues(name).Inc()
	}
	m.ProgramLines.WithLabelValues(name, "out").Inc()
}

// note gives a record to the notebook.
func (a *ExternalActor) note(record []byte) error {
	if a.broken == nil {
		if err := a.notebook.Append(record); err != nil {
			a.fault(err)
		}
	}
	if a.broken != nil {
		return a.broken
	}
	a.appended++
	a.written++
	return nil
}

// fault is the end of noting: without it nothing may be ordered, since a restart would not know it.
func (a *ExternalActor) fault(err error) {
	a.broken = fmt.Errorf("the notebook failed: %w", err)
	a.outbox = nil
	a.log.Error("a strategy's notebook failed: its program may order nothing until a restart", slog.Any("reason", err))
}

// sync asks for the disk to catch up; one is under way at a time.
func (a *ExternalActor) sync() {
	if a.syncing || a.broken != nil {
		return
	}
	if live := a.core.Live(); a.written > max(smallest, 4*live) {
		a.written = live
		if err := a.notebook.Replace(a.core.Records()); err != nil {
			a.fault(err)
			return
		}
		a.noted(a.appended, nil)
		return
	}
	a.syncing = true
	upTo, notebook := a.appended, a.notebook
	a.deps.Env.Go(func() { a.root.Send(a.self, noted{a, upTo, notebook.Sync()}) })
}

// smallest is how many records a notebook may have in any case.
const smallest = 10_000

func (a *ExternalActor) noted(upTo uint64, err error) {
	a.syncing = false
	if err != nil {
		a.fault(err)
		return
	}
	a.synced = max(a.synced, upTo)
	a.flush()
	if a.appended > a.synced {
		a.sync()
	}
}

// flush lets out what has nothing to wait for any more, in order.
func (a *ExternalActor) flush() {
	n := 0
	for ; n < len(a.outbox) && a.outbox[n].after <= a.synced; n++ {
		switch o := a.outbox[n]; {
		case o.m == nil && o.session == a.session:
			a.send(o.line)
		case o.m != nil:
			if o.m.Kind() != message.KindCancelIntent {
				a.deps.Metrics.StrategyIntents.WithLabelValues(string(a.cfg.Name)).Inc()
			}
			a.root.RequestWithCustomSender(a.deps.Gateway, o.m, a.self)
		}
	}
	a.outbox = append(a.outbox[:0], a.outbox[n:]...)
}

// end ends the program for what it did. What it says from now on is not heard.
func (a *ExternalActor) end(reason string) {
	if a.program == nil || a.ending {
		return
	}
	a.ending = true
	a.log.Warn("program is ended", slog.Uint64("session", a.session), slog.String("reason", reason))
	a.program.Close(reason)
}

func (a *ExternalActor) ended(m programEnded) {
	if m.of != a || m.session != a.session || a.program == nil {
		return
	}
	a.program = nil
	a.deps.Metrics.ProgramRunning.WithLabelValues(string(a.cfg.Name)).Set(0)
	a.failed(m.reason)
}

// failed answers an end of the program: it is started again after a wait, or given up.
func (a *ExternalActor) failed(reason string) {
	now := a.now()
	kept := a.failures[:0]
	for _, at := range a.failures {
		if now.Sub(at) < a.cfg.Window {
			kept = append(kept, at)
		}
	}
	a.failures = append(kept, now)
	n := len(a.failures)
	code, _, _ := strings.Cut(reason, ":")
	a.deps.Metrics.ProgramFailures.WithLabelValues(string(a.cfg.Name), failureCode(code)).Inc()
	if n > a.cfg.Restarts {
		a.log.Error("program is given up: it failed too often", slog.String("reason", reason), slog.Int("failures", n),
			slog.Duration("within", a.cfg.Window), slog.String("open_orders", string(a.cfg.OnGiveUp)))
		if a.cfg.OnGiveUp == CancelOrders {
			if cancel, err := a.core.CancelAll(now, "the program was given up"); err == nil {
				a.do(ExternalEffects{Out: []message.Message{cancel}})
			}
		}
		if a.deps.GaveUp != nil {
			a.deps.GaveUp(fmt.Sprintf("its program failed %d times within %v, the last time: %s", n, a.cfg.Window, reason))
		}
		return
	}
	wait := min(a.cfg.Backoff<<min(n-1, 16), a.cfg.BackoffMax)
	a.log.Warn("program failed; it is started again after a wait", slog.Uint64("session", a.session), slog.String("reason", reason),
		slog.Int("failures", n), slog.Duration("wait", wait))
	a.timers = append(a.timers[:0], a.deps.Env.After(wait, func() { a.root.Send(a.self, programDue{a}) }))
}

// FailureCodes are the words that the reason of an end begins with; another is told as "other".
func FailureCodes() []string {
	return []string{"start", "hello", "hang", "slow", "overload", "nonsense", "version", "flood", "long", "exit", "signal", "write"}
}

func failureCode(code string) string {
	for _, c := range FailureCodes() {
		if c == code {
			return c
		}
	}
	return "other"
}

// stop lets out what is noted, and ends the program.
func (a *ExternalActor) stop() {
	if a.gone {
		return
	}
	a.gone = true
	for _, cancel := range a.timers {
		cancel()
	}
	if a.program != nil && !a.ending {
		a.ending = true
		a.program.Close("stop")
	}
	if a.notebook == nil {
		return
	}
	if len(a.outbox) > 0 && a.broken == nil {
		if err := a.notebook.Sync(); err == nil { // beside one under way: the later one has it all
			a.synced = a.appended
			a.flush()
		}
	}
	if err := a.closed(); err != nil {
		a.log.Error("notebook did not close", slog.Any("reason", err))
	}
}
