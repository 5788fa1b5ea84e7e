package feeder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"strconv"
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
	// Frames replaces the venue's socket by frames from memory, with the time at which each
	// arrived: for tests, simulations and benchmarks. A time of zero is now. nil: dial.
	Frames iter.Seq2[[]byte, market.Timestamp]
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
	inflight int              // batches without credit
	fetched  market.Timestamp // when the latest request for a snapshot leaves
	retries  map[market.Instrument]int
	stopTick func()
}

// ready tells the feeder that its connection has items; tick that time has passed.
type (
	ready struct{}
	tick  struct{}
	retry struct{ instrument market.Instrument }
	// snapshot is the answer to a request for one.
	snapshot struct {
		instrument market.Instrument
		body       []byte
		at         market.Timestamp
		err        error
	}
)

// New returns a feeder for one connection that runs as soon as it is spawned. A panic loses its
// connection and every book: supervise it with a restart after a wait, which dials,
// subscribes and fetches snapshots anew.
func New(cfg Config, p Protocol, deps Deps, r *Replay) *Feeder {
	return &Feeder{cfg: cfg, deps: deps, protocol: p, replay: r, core: NewCore(cfg, p),
		metrics: newCounters(deps.Metrics, p.Venue()), retries: map[market.Instrument]int{}}
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
		f.flush(f.deps.Env.Now())
		f.scheduleTick()
	case snapshot:
		f.snapshot(m)
		f.flush(0)
	case retry:
		f.core.Retry(m.instrument)
		f.flush(0)
	case message.Resync:
		f.core.Resync(m)
		f.flush(0)
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
		if err := f.core.Frame(it.data, it.at); err != nil {
			f.deadLetter(err, it)
		}
		f.conn.recycle(it.data)
	case itemConnected:
		f.metrics.connected.Set(1)
		f.core.Connected(it.at)
		f.deps.Env.Log.Info("connected", slog.String("venue", string(f.protocol.Venue())), slog.String("source", f.cfg.Source))
	case itemDisconnected:
		f.metrics.connected.Set(0)
		f.metrics.reconnects.Inc()
		f.core.Disconnected(f.live(it.at))
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
		f.fetch(i)
	}
	f.metrics.add(f.core.Take())
}

func (f *Feeder) snapshot(s snapshot) {
	err := s.err
	if err == nil {
		if err = f.core.Snapshot(s.instrument, s.body, s.at); err != nil && !errors.Is(err, ErrTooOld) {
			f.metrics.deadLetter(Reason(err))
			f.deps.DeadLetters.Add(DeadLetter{Time: s.at, Venue: f.protocol.Venue(), Reason: Reason(err), Detail: err.Error(), Frame: s.body})
		}
	}
	if err == nil {
		f.metrics.snapshots.WithLabelValues(string(f.protocol.Venue()), "ok").Inc()
		delete(f.retries, s.instrument)
		return
	}
	f.metrics.snapshots.WithLabelValues(string(f.protocol.Venue()), "failed").Inc()
	f.retries[s.instrument]++
	wait := doubling(f.cfg.SnapshotRetry, f.cfg.SnapshotRetryMax, f.retries[s.instrument])
	f.deps.Env.Log.Warn("no order book snapshot; the instrument stays untrusted", slog.String("instrument", s.instrument.String()),
		slog.Any("reason", err), slog.Duration("again_in", wait))
	f.deps.Env.After(wait, func() { f.root.Send(f.self, retry{s.instrument}) })
}

const snapshotTimeout = 10 * time.Second

// fetch asks for a snapshot outside the actor; the answer comes as a message.
func (f *Feeder) fetch(i market.Instrument) {
	url, now, limit := f.core.snapshot.SnapshotURL(i), f.deps.Env.Now, f.cfg.FrameBytesMax
	replay, position := f.replay != nil, market.Timestamp(0)
	if replay {
		position = f.core.Time()
	}
	request := func() {
		body, at, err := get(f.deps.HTTP, url, position, limit)
		switch {
		case !replay:
			at = now()
		case errors.Is(err, errStatus):
			at = 0
		}
		f.root.Send(f.self, snapshot{instrument: i, body: body, at: at, err: err})
	}
	if replay || f.cfg.Local {
		f.deps.Env.Go(request)
		return
	}
	// The venue counts requests: many books at once take turns.
	f.fetched = max(f.fetched.Add(f.core.snapshot.SnapshotEvery()), now())
	f.deps.Env.After(f.fetched.Sub(now()), func() { f.deps.Env.Go(request) })
}

// RecordedAt is the header in which a replay server says when an answer was first received,
// in nanoseconds since 1970.
const RecordedAt = "Maru-Recorded-At"

// ReplayPosition is the header in which a feeder tells a replay server how far it is, in the
// same unit, so that the answer depends on the recording and not on how far the socket is ahead.
const ReplayPosition = "Maru-Replay-Position"

var errStatus = errors.New("the answer is an error")

func get(h HTTP, url string, position market.Timestamp, limit int64) ([]byte, market.Timestamp, error) {
	ctx, cancel := context.WithTimeout(context.Background(), snapshotTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("feeder: %w", err)
	}
	if position != 0 {
		request.Header.Set(ReplayPosition, strconv.FormatInt(int64(position), 10))
	}
	response, err := h.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("feeder: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("feeder: read the answer of %s: %w", url, err)
	case int64(len(body)) > limit:
		return nil, 0, fmt.Errorf("feeder: the answer of %s has more than %d bytes", url, limit)
	case response.StatusCode != http.StatusOK:
		return nil, 0, fmt.Errorf("feeder: get %s: %s %.200q: %w", url, response.Status, body, errStatus)
	}
	return body, recordedAt(response.Header.Get(RecordedAt)), nil
}

func recordedAt(text string) market.Timestamp {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return market.Timestamp(n)
}
