package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cenkalti/backoff/v5"

	"github.com/maru-trading/maru/actors/budget"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/store/deadletter"
	"github.com/maru-trading/maru/adapters/store/dirlock"
	"github.com/maru-trading/maru/adapters/store/parquet"
	"github.com/maru-trading/maru/adapters/store/record"
	"github.com/maru-trading/maru/cmd/internal/venues"
	"github.com/maru-trading/maru/config"
)

// RecordOptions says what to record and where.
type RecordOptions struct {
	Config  *config.Config // its venues; nothing else runs
	Version string
	Log     *slog.Logger
	// Dir is where everything goes. It is made and locked; below it lie raw, parquet and
	// deadletters.
	Dir string
	// FileBytesMax is the length of a file in bytes, RotateEvery the longest time that it covers,
	// DiskBytesMax what all of them together may take.
	FileBytesMax int64
	RotateEvery  time.Duration
	DiskBytesMax int64
	// Parquet keeps normalised messages too.
	Parquet bool

	again time.Duration // before a venue is tried again; zero: followAgain
}

// Below the directory of a recording.
const (
	rawDir         = "raw"
	parquetDir     = "parquet"
	deadLettersDir = "deadletters"
)

// parquetFiles is how many files of full length the tables may need at once: the segment that is
// written and its tables to come, and the one that is being converted with its tables.
const parquetFiles = 4

// Recording is a recording under way: feeders, and behind them what keeps their frames and
// messages. Make it with Record.
type Recording struct {
	o       RecordOptions
	metrics *telemetry.Metrics
	cancel  context.CancelFunc
	sys     *actor.ActorSystem
	env     system.Env
	http    *http.Client
	disk    *record.Disk
	raw     *record.Store
	tables  *parquet.Store // nil without Parquet
	dead    *deadletter.Store
	budget  *actor.PID
	sink    *actor.PID
	box     *system.MailboxStats
	begins  sync.WaitGroup // the venues
	symbols sync.Map       // market.Instrument to string

	desk *budget.Desk

	failed chan struct{} // closed when the recording cannot go on
	fail1  sync.Once
	err    error // why; readable once failed is closed

	mu       sync.Mutex
	waiting  map[market.Venue]string // why a venue is not followed yet
	feeders  []*actor.PID
	reserved int                    // connections that are there or about to be made
	lost     []string               // feeders that were given up
	refused  map[market.Venue]error // why a venue cannot be recorded as things are; it is tried again
	missed   map[market.Venue]error // why a venue could not be reached so far
	closers  []closer               // in the order in which they were opened
}

// Record begins to record. Venues are found out about in the background, each by itself, because
// one may have to be waited for. It fails where a person has to mend something first: the
// directory is another recorder's, or the limit on disk use is too small.
func Record(o RecordOptions) (*Recording, error) {
	for _, v := range o.Config.Venues {
		if v.Replay != nil {
			return nil, fmt.Errorf("venue %s plays a recording: take its [venue.replay] out to record it live", v.Name)
		}
	}
	if err := fits(o); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Recording{o: o, metrics: telemetry.New(o.Version), cancel: cancel, sys: system.New(o.Log), env: system.Live(o.Log),
		http: &http.Client{Timeout: listingsTimeout}, box: new(system.MailboxStats), failed: make(chan struct{}), waiting: map[market.Venue]string{}, refused: map[market.Venue]error{}, missed: map[market.Venue]error{}}
	if err := r.open(); err != nil {
		cancel()
		return nil, errors.Join(err, r.closeAll())
	}
	for _, v := range o.Config.Venues {
		r.setWaiting(v.Name, "finding out what it lists")
		r.begins.Go(func() {
			if err := r.followUntil(ctx, v); err != nil && ctx.Err() == nil {
				r.fail(err)
			}
		})
	}
	return r, nil
}

// fits refuses a limit on disk use that leaves no room for finished files beside those that are
// written.
func fits(o RecordOptions) error {
	connections := 0
	for _, v := range config.Explain(o.Config).Venues {
		connections += max(1, v.Connections)
	}
	return fitsWith(o, connections)
}

func fitsWith(o RecordOptions, connections int) error {
	files := int64(2 * max(1, connections))
	of := fmt.Sprintf("2 files for each of %d connections", max(1, connections))
	if o.Parquet {
		files += parquetFiles
		of += fmt.Sprintf(" and %d for the tables", parquetFiles)
	}
	if o.DiskBytesMax/files >= o.FileBytesMax {
		return nil
	}
	return fmt.Errorf("the limit on disk use, %d bytes, is too small for files of %d bytes: want %d or more (%s), or files of at most %d",
		o.DiskBytesMax, o.FileBytesMax, files*o.FileBytesMax, of, o.DiskBytesMax/files)
}

func (r *Recording) opened(what string, closeIt func() error) {
	r.mu.Lock()
	r.closers = append(r.closers, closer{what, closeIt})
	r.mu.Unlock()
}

func (r *Recording) closeAll() (err error) {
	r.mu.Lock()
	all := r.closers
	r.closers = nil
	r.mu.Unlock()
	for i := len(all) - 1; i >= 0; i-- {
		if e := all[i].close(); e != nil {
			err = errors.Join(err, fmt.Errorf("close %s: %w", all[i].what, e))
		}
	}
	return err
}

// open opens what keeps things.
func (r *Recording) open() error {
	o := r.o
	lock, err := dirlock.Acquire(o.Dir, o.Config.Node.Name, time.Now())
	if err != nil {
		return err
	}
	r.opened("directory", lock.Release)
	if r.disk, err = record.OpenDisk(o.Dir, o.DiskBytesMax); err != nil {
		return err
	}
	report := func(err error) { o.Log.Warn("recording", slog.Any("reason", err)) }
	if o.Parquet {
		cfg := parquet.DefaultConfig(filepath.Join(o.Dir, parquetDir))
		cfg.BytesMax, cfg.Every, cfg.Symbol = o.FileBytesMax, o.RotateEvery, r.symbol
		if r.tables, err = parquet.Open(cfg, r.disk, report); err != nil {
			return err
		}
		r.opened("tables", r.tables.Close)
	}
	cfg := record.DefaultConfig(filepath.Join(o.Dir, rawDir))
	cfg.BytesMax, cfg.Every = o.FileBytesMax, o.RotateEvery
	if r.raw, err = record.New(cfg, r.disk, report); err != nil {
		return err
	}
	r.opened("raw frames", r.raw.Close)
	if r.dead, err = openDeadLetters(filepath.Join(o.Dir, deadLettersDir), o.Config.Store, o.Log); err != nil {
		return err
	}
	r.opened("dead letters", r.dead.Close)
	limits, err := venues.Allowed(o.Config.Venues)
	if err != nil {
		return err
	}
	deps := budget.Deps{Env: r.env, Metrics: r.metrics}
	if r.budget, err = r.spawn("budget", budget.Supervision(), func() actor.Actor { return budget.NewActor(limits, deps) }, nil); err != nil {
		return err
	}
	r.desk = budget.NewDesk(r.sys, r.budget, "record", r.env.Now)
	r.sink, err = r.spawn("recorder", recorderSupervision, func() actor.Actor { return actor.ReceiveFunc(r.take) }, r.box)
	return err
}

// spawn starts an actor; stats may be nil.
func (r *Recording) spawn(name string, s system.Supervision, produce func() actor.Actor, stats *system.MailboxStats) (*actor.PID, error) {
	restarts := r.metrics.ActorRestarts.WithLabelValues(s.Role)
	started := false
	again := func() actor.Actor {
		if started {
			restarts.Inc()
		}
		started = true
		return produce()
	}
	box := system.MailboxConfig{Role: s.Role, Limit: r.o.Config.Limits.MailboxState, Stats: stats}
	return system.Spawn(r.sys, name, again, system.NewMailbox(box), actor.NewDefaultDispatcher(recorderThroughput), system.NewSupervisor(s, r.env, nil, r.gaveUp))
}

// recorderThroughput is how many batches are taken before others get a turn.
const recorderThroughput = 300

// recorderSupervision is how the actor that takes the feeders' batches is brought back.
var recorderSupervision = system.Supervision{Role: "recorder",
	Why:      "it keeps nothing between two batches: the next one is as good as the first",
	Restarts: 20, Window: 10 * time.Minute}

// take hands what feeders decoded to the tables.
func (r *Recording) take(ctx actor.Context) {
	if b, ok := ctx.Message().(message.Batch); ok && r.tables != nil {
		r.tables.Add(b)
	}
}

// symbol returns the venue's name of an instrument that it listed.
func (r *Recording) symbol(i market.Instrument) string {
	symbol, _ := r.symbols.Load(i)
	text, _ := symbol.(string)
	return text
}

// A venue that cannot be recorded as things are (an instrument is not listed, say) is tried again,
// since the venue may list it tomorrow.
const (
	followAgain    = 30 * time.Second
	followAgainMax = 15 * time.Minute
)

// followUntil begins to record a venue, and tries again until it does or ctx ends. It fails where
// no venue at all can be recorded, so that a person hears of it at once, or where what keeps the
// recording fails.
func (r *Recording) followUntil(ctx context.Context, v config.Venue) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = cmp.Or(r.o.again, followAgain), followAgainMax
	for {
		err := r.follow(ctx, v)
		var stuck *stuckError
		switch {
		case err == nil:
			r.setRefused(v.Name, nil)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &stuck):
			return err
		}
		r.setRefused(v.Name, err)
		if all := r.refusedAll(); all != nil {
			return all
		}
		d := wait.NextBackOff()
		r.setWaiting(v.Name, untilThen(err, d))
		r.o.Log.Error("the venue is not recorded, the others are; trying again", slog.String("venue", string(v.Name)), slog.Any("reason", err), slog.Duration("in", d.Round(time.Millisecond)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d):
		}
	}
}

// stuckError says that the recording itself cannot go on.
type stuckError struct{ error }

func (e *stuckError) Unwrap() error { return e.error }

// follow begins to record a venue. Unless it fails with a *stuckError, it may be tried again.
func (r *Recording) follow(ctx context.Context, v config.Venue) error {
	s, err := sourceOf(ctx, r.desk, v, r.o.Dir, r.o.Log, func(why error, again time.Duration) {
		r.setMissed(v.Name, why)
		r.setWaiting(v.Name, untilThen(why, again))
	})
	if err != nil {
		return err
	}
	r.setMissed(v.Name, nil)
	protocols, err := s.adapter.New(s.cfg)
	if err == nil {
		err = r.reserve(len(protocols))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("venue %s: %w", v.Name, err), s.close())
	}
	r.opened("venue "+string(v.Name), s.close)
	for _, l := range s.listings {
		r.symbols.Store(l.Instrument, l.Symbol)
	}
	for i := range protocols {
		name := string(v.Name)
		if len(protocols) > 1 {
			name = fmt.Sprintf("%s-%d", name, i+1)
		}
		if err := r.connect(ctx, s, name, i); err != nil {
			return &stuckError{fmt.Errorf("venue %s: %w", v.Name, err)}
		}
	}
	r.setWaiting(v.Name, "")
	return nil
}

// reserve counts connections that are about to be made, and refuses those that the limit on disk use
// has no room for.
func (r *Recording) reserve(connections int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := fitsWith(r.o, r.reserved+connections); err != nil {
		return err
	}
	r.reserved += connections
	return nil
}

// connect starts the feeder of connection n of a venue.
func (r *Recording) connect(ctx context.Context, s *source, name string, n int) error {
	p, err := s.protocol(n)()
	if err != nil {
		return err
	}
	books := &bookRecorder{recording: r, protocol: p, local: s.local, ctx: ctx}
	connection, err := r.raw.Connection(s.cfg.Venue, name, books.begun)
	if err != nil {
		return err
	}
	books.to.Store(connection)
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	cfg := feeder.DefaultConfig(name, 1)
	cfg.Local, cfg.TickerFields = s.local, s.tickers
	deps := feeder.Deps{Env: r.env, Metrics: r.metrics, DeadLetters: deadLetters{r.dead}, HTTP: r.http,
		Partitions: []*actor.PID{r.sink}, Budget: r.budget, Recorder: connection}
	pid, err := r.spawn("feeder/"+name, feeder.Supervision(), func() actor.Actor {
		p, err := s.protocol(n)()
		if err != nil {
			panic(err) // it was made once already
		}
		return feeder.New(cfg, p, deps, nil)
	}, nil)
	if err != nil {
		return err
	}
	r.feeders = append(r.feeders, pid)
	return nil
}

// setRefused keeps why a venue cannot be recorded; nil: it is.
func (r *Recording) setRefused(v market.Venue, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if why == nil {
		delete(r.refused, v)
		return
	}
	r.refused[v] = why
}

// refusedAll returns why no venue at all is recorded; nil if one is, or may be.
func (r *Recording) refusedAll() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.refused) < len(r.o.Config.Venues) {
		return nil
	}
	return r.notRecorded()
}

// notRecorded returns why venues are not recorded, in the order of the configuration. The caller holds
// the lock.
func (r *Recording) notRecorded() (err error) {
	for _, v := range r.o.Config.Venues {
		if why := r.refused[v.Name]; why != nil {
			err = errors.Join(err, why)
		} else if why := r.missed[v.Name]; why != nil {
			err = errors.Join(err, why)
		}
	}
	return err
}

func (r *Recording) setMissed(v market.Venue, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if why == nil {
		delete(r.missed, v)
		return
	}
	r.missed[v] = why
}

func (r *Recording) setWaiting(v market.Venue, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if why == "" {
		delete(r.waiting, v)
		return
	}
	r.waiting[v] = why
}

func (r *Recording) gaveUp(who string, reason any) {
	r.o.Log.Error("actor stopped for good: it failed too often", slog.String("actor", who), slog.Any("reason", reason))
	r.mu.Lock()
	r.lost = append(r.lost, who)
	r.mu.Unlock()
}

func (r *Recording) fail(err error) {
	r.fail1.Do(func() {
		r.err = err
		close(r.failed)
	})
}

// Failed is closed when the recording cannot go on; Err says why.
func (r *Recording) Failed() <-chan struct{} { return r.failed }

// Err returns why the recording cannot go on, or which feeders were given up, and which venues are not
// recorded and why; nil if all is well.
func (r *Recording) Err() error {
	select {
	case <-r.failed:
		return r.err
	default:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.notRecorded()
	for _, v := range r.o.Config.Venues {
		if r.waiting[v.Name] == "" && telemetry.Sum(r.metrics.FeederFrames, "venue", string(v.Name)) == 0 && telemetry.Sum(r.metrics.FeederConnected, "venue", string(v.Name)) == 0 {
			err = errors.Join(err, fmt.Errorf("venue %s: nothing was received, and it is not connected: the log says why", v.Name))
		}
	}
	if len(r.lost) > 0 {
		err = errors.Join(err, fmt.Errorf("failed too often and was stopped: %v", r.lost))
	}
	return err
}

// RecordStatus is how a recording stands.
type RecordStatus struct {
	Connections int // that are up
	Feeders     int // connections that there should be
	Frames      uint64
	Bytes       uint64 // of frames and bodies, as they came
	Lost        uint64 // rows and messages left out because the disk could not keep up
	DeadLetters uint64
	Gaps        uint64
	Disk        record.Usage
	Tables      parquet.Stats // zero without Parquet
	Waiting     []string      // why a venue is not followed yet
}

// Status returns how the recording stands.
func (r *Recording) Status() RecordStatus {
	raw := r.raw.Stats()
	s := RecordStatus{Frames: raw.Frames, Bytes: raw.Bytes, Lost: raw.Lost, Disk: r.disk.Usage(),
		Connections: int(telemetry.Sum(r.metrics.FeederConnected)),
		DeadLetters: uint64(telemetry.Sum(r.metrics.FeederDeadLetters)), Gaps: uint64(telemetry.Sum(r.metrics.FeederGaps))}
	if r.tables != nil {
		s.Tables = r.tables.Stats()
		s.Lost += s.Tables.Lost + r.box.Conflated.Load()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Feeders = len(r.feeders)
	for _, v := range r.o.Config.Venues {
		if why := r.waiting[v.Name]; why != "" {
			if about := fmt.Sprintf("venue %s", v.Name); !strings.HasPrefix(why, about) {
				why = about + ": " + why
			}
			s.Waiting = append(s.Waiting, why)
		}
	}
	return s
}

// Close ends the recording: feeders first, then the files, so that what was read is kept.
func (r *Recording) Close() error {
	r.cancel()
	r.begins.Wait()
	r.mu.Lock()
	feeders := append([]*actor.PID(nil), r.feeders...)
	r.mu.Unlock()
	for _, stage := range [][]*actor.PID{feeders, {r.sink, r.budget}} {
		var futures []*actor.Future
		for _, pid := range stage {
			futures = append(futures, r.sys.Root.PoisonFuture(pid))
		}
		for _, f := range futures {
			_ = f.Wait() // ends after ten seconds in any case
		}
	}
	return r.closeAll()
}
