package feeder

import (
	"iter"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// HTTP fetches what a venue offers over HTTP. *http.Client is one.
type HTTP interface {
	Do(*http.Request) (*http.Response, error)
}

// Deps is what a feeder needs besides its configuration.
type Deps struct {
	Env         system.Env
	Metrics     *telemetry.Metrics
	DeadLetters DeadLetters
	HTTP        HTTP
	Partitions  []*actor.PID // state partition i is Partitions[i]
	Budget      *actor.PID   // permits what the venue counts; nil: nothing is limited
	Recorder    Recorder     // is told of everything on a live connection; nil: nobody
	// Frames replaces the venue's socket by frames from memory, with the time at which each
	// arrived: for tests, simulations and benchmarks. A time of zero is now. nil: dial.
	Frames iter.Seq2[[]byte, market.Timestamp]
	// Network replaces sockets in a simulation, whose clock and timers are Env's. nil: dial.
	Network Network
	// Credit makes the feeder wait until what it sent was worked through: nothing is conflated.
	Credit bool
}

// Feeder is the actor. Make it with New, once for every start.
type Feeder struct {
	cfg      Config
	deps     Deps
	protocol Protocol
	core     *Core
	replay   *Replay // nil when live
	conn     *conn
	metrics  counters

	self     *actor.PID
	root     *actor.RootContext
	notified atomic.Bool
	inflight int // batches without credit
	permits  uint64
	waiting  map[uint64]waiting // for a permit, by its number
	retries  map[market.Instrument]int
	session  int // number of the connection that the core knows of
	asks     map[market.Instrument]*ask
	timed    bool             // the frames of a replay have times of their own
	told     int              // notices logged since toldAt
	toldAt   market.Timestamp // message time
	stopTick func()
}

// ready tells the feeder that its connection has items; tick that time has passed.
type (
	ready struct{}
	tick  struct{}
)

// New returns a feeder for one connection that runs as soon as it is spawned. A panic loses its
// connection and every book: supervise it with a restart after a wait, which dials,
// subscribes and fetches snapshots anew.
func New(cfg Config, p Protocol, deps Deps, r *Replay) *Feeder {
	return &Feeder{cfg: cfg, deps: deps, protocol: p, replay: r, core: NewCore(cfg, p),
		metrics: newCounters(deps.Metrics, p.Venue()), retries: map[market.Instrument]int{}, asks: map[market.Instrument]*ask{}, waiting: map[uint64]waiting{}}
}

// Supervision is how a feeder is brought back.
func Supervision() system.Supervision {
	return system.Supervision{Role: "feeder",
		Why:      "the venue can be dialed again and sends whole books on request; a wait keeps a frame that always panics from hammering the venue",
		Restarts: 20, Window: 10 * time.Minute, Backoff: 500 * time.Millisecond, BackoffMax: 30 * time.Second}
}

// Receive is part of actor.Actor.
func (f *Feeder) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		f.start(ctx)
	case ready:
		f.notified.Store(false)
		f.drain()
	case replayed:
		f.item(m.item)
		f.flush(0)
	case tick:
		if !f.deps.Credit || f.inflight < f.limit() { // without credit not even time is sent
			f.flush(f.deps.Env.Now())
		}
		f.askAgain()
		f.scheduleTick()
	case snapshot:
		f.snapshot(m)
		f.flush(0)
	case retry:
		f.core.Retry(m.instrument)
		f.flush(0)
	case resubscription:
		f.resubscription(m)
		f.flush(0)
	case message.Resync:
		f.metrics.resync(m.Fields().Reason)
		f.core.Resync(m)
		f.flush(0)
	case mayDial:
		f.permitted(message.UseConnect, func() { close(m.leave) })
	case message.Permit:
		f.permit(m)
	case message.Credit:
		if f.inflight--; f.inflight == f.limit()-1 {
			f.drain()
		}
	case *actor.Stopping, *actor.Restarting:
		f.stop()
	}
}

func (f *Feeder) start(ctx actor.Context) {
	f.self, f.root = ctx.Self(), ctx.ActorSystem().Root
	notify := func() {
		if f.notified.CompareAndSwap(false, true) {
			f.root.Send(f.self, ready{})
		}
	}
	if f.replay != nil {
		notify = nil
	}
	f.conn = newConn(f.cfg, f.protocol, f.deps.Env.Now, f.deps.Env.Log, f.replay != nil, notify)
	f.conn.frames = f.deps.Frames
	if f.deps.Network != nil {
		f.conn.simulated = newSimulated(f.conn, f.deps.Network, f.deps.Env.After)
	}
	if f.limited() {
		f.conn.wait = f.waitToDial
	}
	if f.replay == nil {
		f.conn.recorder = f.deps.Recorder
	}
	f.conn.start()
	if f.replay != nil {
		f.replay.attach(f.self, f.conn)
		return
	}
	f.scheduleTick()
}

func (f *Feeder) stop() {
	if f.stopTick != nil {
		f.stopTick()
	}
	if f.conn != nil {
		f.conn.stop()
	}
	f.metrics.connected.Set(0)
}

func (f *Feeder) scheduleTick() {
	f.stopTick = f.deps.Env.After(f.cfg.TimeStep, func() { f.root.Send(f.self, tick{}) })
}

func (f *Feeder) limit() int { return f.cfg.Credit * len(f.deps.Partitions) }

// drain takes what the connection holds, up to a batch, and leaves the rest for the next turn
// so that other messages get theirs.
func (f *Feeder) drain() {
	for !f.core.Full() {
		if f.deps.Credit && f.inflight >= f.limit() {
			f.flush(0)
			return // goes on when credit comes
		}
		select {
		case it := <-f.conn.items:
			f.item(it)
			continue
		default:
		}
		f.flush(0)
		return
	}
	f.flush(0)
	if f.notified.CompareAndSwap(false, true) {
		f.root.Send(f.self, ready{})
	}
}

func (f *Feeder) item(it item) {
	switch it.kind {
	case itemFrame:
		f.timed = f.timed || it.at != 0
		if err := f.core.Frame(it.data, it.at); err != nil {
			f.deadLetter(err, it)
		}
		f.conn.recycle(it.data)
	case itemConnected:
		f.metrics.connected.Set(1)
		f.session = it.session
		f.core.Connected(it.at)
		f.deps.Env.Log.Info("connected", slog.String("venue", string(f.protocol.Venue())), slog.String("source", f.cfg.Source))
	case itemDisconnected:
		f.metrics.connected.Set(0)
		f.metrics.reconnects.Inc()
		f.penalize(it.err)
		f.core.Disconnected(f.live(it.at))
		f.conn.terms.Store(termsOf(f.protocol))
	case itemEnded:
		f.metrics.connected.Set(0)
		f.deps.Env.Log.Info("session over", slog.String("venue", string(f.protocol.Venue())), slog.String("source", f.cfg.Source))
	}
}

// live is a time of the wall's clock as message time: none in a replay, which has its own.
func (f *Feeder) live(at market.Timestamp) market.Timestamp {
	if f.replay != nil {
		return 0
	}
	return at
}

func (f *Feeder) deadLetter(err error, it item) {
	reason := Reason(err)
	f.metrics.deadLetter(reason)
	f.deps.DeadLetters.Add(DeadLetter{Time: it.at, Venue: f.protocol.Venue(), Reason: reason, Detail: err.Error(), Frame: it.data})
}

func (f *Feeder) flush(now market.Timestamp) {
	f.core.Flush(now, f.deps.Credit, func(b message.Batch) {
		f.inflight++
		f.root.RequestWithCustomSender(f.deps.Partitions[b.Fields().Partition], b, f.self)
	})
	for _, i := range f.core.Wanted() {
		if f.core.stream != nil {
			f.resubscribe(i)
		} else {
			f.fetch(i)
		}
	}
	f.tell(f.core.Notices())
	f.metrics.add(f.core.Take())
}

// noticesLogged is how many of the venue's words are logged in a TimeStep of message time: a venue
// gone mad must not fill the log.
const noticesLogged = 16

// tell logs what the venue said of itself or of our requests.
func (f *Feeder) tell(notices []message.Notice) {
	for _, n := range notices {
		if now := f.core.Time(); now.Sub(f.toldAt) >= f.cfg.TimeStep {
			f.told, f.toldAt = 0, now
		}
		if f.told++; f.told > noticesLogged {
			return
		}
		v := n.Fields()
		f.deps.Env.Log.Warn("the venue says", slog.String("venue", string(v.Venue)), slog.String("source", f.cfg.Source),
			slog.String("type", v.Type.String()), slog.String("code", v.Code), slog.String("detail", v.Detail), slog.String("symbol", v.Symbol))
	}
}
