// Package node makes a running node of a configuration: it locks the data directory, opens the
// stores, starts the venues' sources, the actors and the HTTP side, and ends them in order.
// Together with package main it is the only place that joins parts which do not know each other.
package node

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/state"
	"github.com/maru-trading/maru/actors/strategy"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/gateway"
	"github.com/maru-trading/maru/adapters/store/deadletter"
	"github.com/maru-trading/maru/adapters/store/dirlock"
	"github.com/maru-trading/maru/adapters/store/journal"
	"github.com/maru-trading/maru/adapters/store/sqlite"
	"github.com/maru-trading/maru/adapters/stream/stdio"
	"github.com/maru-trading/maru/cmd/internal/ledger"
	"github.com/maru-trading/maru/cmd/internal/venues"
	"github.com/maru-trading/maru/config"
	"github.com/maru-trading/maru/web"
)

// Options is what a node is made of.
type Options struct {
	Config  *config.Config
	Version string
	Log     *slog.Logger

	// Disk is what journals are written to; nil: the operating system's files.
	Disk journal.FS
	// Gateway makes the gateways of live accounts; nil: registry.New.
	Gateway OpenGateway
}

// Node is a node that is starting, running or ending. Make it with Start.
type Node struct {
	cfg     *config.Config
	version string
	log     *slog.Logger
	started time.Time
	metrics *telemetry.Metrics
	mode    string // paper, live or replay

	keys    map[message.AccountName]gateway.Credentials // of live accounts
	disk    journal.FS
	gateway OpenGateway

	cancel   context.CancelFunc
	begun    chan struct{} // closed when begin has returned
	finished chan struct{} // closed when a replay is over or the node failed
	finish   sync.Once
	err      error // why it failed; readable once finished is closed

	base     *actors.Tree                // what runs before the venues are known; nil if it does not
	loop     *system.Loop                // of a replay
	replay   *feeder.Replay              // of a replay
	tree     atomic.Pointer[actors.Tree] // base, once all of it runs
	arrivals *arrivals                   // the venues
	followed int                         // instruments, of those that are there
	rate     rate
	server   *web.Server

	mu       sync.Mutex
	closers  []closer    // in the order in which they were opened
	programs *stdio.Host // of external strategies; nil if there are none
}

type closer struct {
	what  string
	close func() error
}

// Start locks the data directory, opens the stores and answers on HTTP. The actors start in the
// background, because a venue may have to be waited for. It fails where a person has to mend
// something first.
func Start(o Options) (*Node, error) {
	ctx, cancel := context.WithCancel(context.Background())
	n := &Node{cfg: o.Config, version: o.Version, log: o.Log, started: time.Now(), metrics: telemetry.New(o.Version),
		mode: mode(o.Config), keys: map[message.AccountName]gateway.Credentials{}, disk: o.Disk, gateway: o.Gateway,
		arrivals: newArrivals(o.Config.Venues), cancel: cancel, begun: make(chan struct{}), finished: make(chan struct{})}
	if n.gateway == nil {
		n.gateway = openGateway
	}
	if err := n.open(ctx); err != nil {
		cancel()
		close(n.begun)
		if n.base != nil {
			err = errors.Join(err, n.base.Stop(context.Background()))
		}
		return nil, errors.Join(err, n.closeAll())
	}
	return n, nil
}

// mode is what a node does: replay a recording, trade with real money in one account or more, or on
// paper in all.
func mode(c *config.Config) string {
	switch {
	case replays(c):
		return "replay"
	case slices.ContainsFunc(c.Accounts, func(a config.Account) bool { return a.Mode == config.ModeLive }):
		return "live"
	}
	return "paper"
}

func replays(c *config.Config) bool {
	return slices.ContainsFunc(c.Venues, func(v config.Venue) bool { return v.Replay != nil })
}

func (n *Node) opened(what string, closeIt func() error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closers = append(n.closers, closer{what, closeIt})
}

func (n *Node) closeAll() (err error) {
	n.mu.Lock()
	all := n.closers
	n.closers = nil
	n.mu.Unlock()
	for _, c := range slices.Backward(all) {
		if e := c.close(); e != nil {
			err = errors.Join(err, fmt.Errorf("close %s: %w", c.what, e))
		}
	}
	return err
}

// open opens everything that needs no venue, then lets the actors begin in the background.
func (n *Node) open(ctx context.Context) error {
	if err := n.loadKeys(); err != nil {
		return err
	}
	dir := n.cfg.Node.DataDir
	lock, err := dirlock.Acquire(dir, n.cfg.Node.Name, n.started)
	if err != nil {
		return err
	}
	n.opened("data directory", lock.Release)

	dead, err := openDeadLetters(filepath.Join(dir, "deadletters"), n.cfg.Store, n.log)
	if err != nil {
		return err
	}
	n.opened("dead letters", dead.Close)

	records := dir
	if n.mode == "replay" {
		// Each replay begins with nothing, and never touches what a live run wrote.
		records = filepath.Join(dir, "replay")
		if err := os.RemoveAll(records); err != nil {
			return fmt.Errorf("begin the replay anew: %w", err)
		}
	}
	ledgers := map[message.AccountName]*ledger.Ledger{}
	for _, a := range n.cfg.Accounts {
		cfg := journal.DefaultConfig(filepath.Join(records, "journal", string(a.Name)))
		cfg.SegmentBytesMax = int64(n.cfg.Store.JournalSegmentSize)
		if n.disk != nil {
			cfg.FS = n.disk
		}
		l, err := ledger.Open(cfg)
		if err != nil {
			return fmt.Errorf("account %s: %w", a.Name, err)
		}
		n.opened("journal of "+string(a.Name), l.Close)
		ledgers[a.Name] = l
	}
	view, writer, err := n.openView(filepath.Join(records, "maru.db"), ledgers)
	if err != nil {
		return err
	}
	n.opened("view", func() error {
		writer.Close()
		return view.Close()
	})

	tokenFile, token, err := controlToken(n.cfg)
	if err != nil {
		return err
	}
	served := web.Config{Listen: n.cfg.HTTP.Listen, Hosts: n.cfg.HTTP.Hosts, Token: token, TokenFile: tokenFile,
		Refused: func(reason string) { n.metrics.HTTPRefused.WithLabelValues(reason).Inc() }}
	for _, reason := range web.Refusals() {
		n.metrics.HTTPRefused.WithLabelValues(reason) // there from the start
	}
	if n.server, err = web.Start(served, n, control{n, view, writer.Flush}, n.metrics.Registry(), n.log); err != nil {
		return err
	}
	n.opened("http", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		return n.server.Close(ctx)
	})
	if err := n.publish(tokenFile); err != nil {
		return err
	}
	if err := n.prepare(dead, writer); err != nil {
		return err
	}
	n.arrivals.prepare(ctx, n.sourceFor)
	go func() {
		defer close(n.begun)
		if err := n.begin(ctx, ledgers); err != nil && ctx.Err() == nil {
			n.fail(err)
		}
	}()
	return nil
}

func (n *Node) openView(path string, ledgers map[message.AccountName]*ledger.Ledger) (*sqlite.View, *sqlite.Writer, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, err
	}
	view, err := sqlite.Open(sqlite.DefaultConfig(path))
	if err != nil {
		return nil, nil, err
	}
	backlog := func(account message.AccountName, after uint64) iter.Seq2[message.OrderEvent, error] {
		return ledgers[account].After(after)
	}
	writer, err := sqlite.NewWriter(view, sqlite.DefaultWriterConfig(), backlog, func(err error) {
		n.log.Warn("the queryable view is behind; it will catch up from the journal", slog.Any("reason", err))
	})
	if err != nil {
		return nil, nil, errors.Join(err, view.Close())
	}
	for account, l := range ledgers {
		last, err := view.LastSeq(account)
		if err == nil && last > l.Synced() {
			// The view knows more than the journal: it is of another journal, or the journal was
			// restored from an older copy. The journal is what counts.
			n.log.Warn("the queryable view is ahead of the journal; it is built anew", slog.String("account", string(account)))
			err = view.Forget(account)
		}
		if err != nil {
			writer.Close()
			return nil, nil, errors.Join(err, view.Close())
		}
		writer.CatchUp(account)
	}
	return view, writer, nil
}

// prepare starts the actors that are needed before anything is known of the venues.
func (n *Node) prepare(dead *deadletter.Store, writer *sqlite.Writer) error {
	env, dispatcher := system.Live(n.log), actors.LiveDispatcher()
	deps := actors.Deps{Metrics: n.metrics, Bars: barStore{writer, n.cfg.Store.Bars}, DeadLetters: deadLetters{dead}, View: writer,
		HTTP: &http.Client{Timeout: listingsTimeout}, GaveUp: n.gaveUp}
	if n.mode == "replay" {
		n.loop = system.NewLoop(0)
		env = system.Env{Now: n.loop.Now, After: n.loop.After, Go: n.loop.Go, Log: n.log, Repeatable: true}
		n.replay = feeder.NewReplay(n.loop)
		dispatcher, deps.Drive, deps.Replay = n.loop, n.loop.Run, n.replay
	}
	deps.Env, deps.Dispatcher = env, dispatcher
	var err error
	if deps.Engines, err = engineSources(n.cfg.Engines); err != nil {
		return err
	}
	allowed, err := venues.Allowed(n.cfg.Venues)
	if err != nil {
		return err
	}
	n.base, err = actors.Prepare(allowed, n.mailboxes(), deps)
	return err
}

// begin starts the sources and the actors. It returns when they run, or cannot.
func (n *Node) begin(ctx context.Context, ledgers map[message.AccountName]*ledger.Ledger) error {
	wait := arrivalWait
	if n.mode == "replay" {
		wait = 0 // everything is on this machine, and all of it belongs to the run
	}
	there, err := n.arrivals.gather(ctx, wait)
	if err != nil {
		return err
	}
	var sources []*source
	var late []config.Venue
	for i, v := range n.cfg.Venues {
		s := there[i]
		if s == nil {
			late = append(late, v)
			continue
		}
		if err := n.countInstruments(s); err != nil {
			return err
		}
		n.arrivals.setWaiting(v.Name, "")
		sources = append(sources, s)
	}
	cfg, err := n.actorsConfig(sources, ledgers)
	if err != nil {
		return err
	}
	for _, v := range late {
		cfg.Awaited = append(cfg.Awaited, n.awaited(v.Name))
	}
	tree := n.base
	if err := tree.Begin(cfg); err != nil {
		return err
	}
	n.tree.Store(tree)
	n.log.Info("node runs", slog.String("node", n.cfg.Node.Name), slog.String("mode", n.mode), slog.String("http", n.server.URL()))
	if n.loop != nil {
		n.loop.Run()
		go n.play(ctx, n.replay, tree)
	}
	n.arrivals.coming.Go(func() { n.join(ctx, tree, ledgers, len(late)) })
	return nil
}

// play drives a replay to its end.
func (n *Node) play(ctx context.Context, r *feeder.Replay, tree *actors.Tree) {
	r.Run(func(to *actor.PID, m any) { tree.Send(to, m) }, ctx.Done())
	n.finish.Do(func() { close(n.finished) })
}

func (n *Node) fail(err error) {
	n.log.Error("the node cannot go on", slog.Any("reason", err))
	n.finish.Do(func() {
		n.err = err
		close(n.finished)
	})
}

// gaveUp answers the stop of an actor that failed too often. Without a feeder or a strategy the
// others go on, and the node says that it is not ready; without a partition, a classifier or a
// gateway what it shows would be wrong.
func (n *Node) gaveUp(who string, reason any) {
	n.log.Error("actor stopped for good: it failed too often", slog.String("actor", who), slog.Any("reason", reason))
}

// Finished is closed when a replay is over, or when the node cannot go on; Err says which.
func (n *Node) Finished() <-chan struct{} { return n.finished }

// Err returns why the node cannot go on; nil before Finished and after a replay.
func (n *Node) Err() error {
	select {
	case <-n.finished:
		return n.err
	default:
		return nil
	}
}

// URL is where the node answers.
func (n *Node) URL() string { return n.server.URL() }

// Metrics returns the node's metrics.
func (n *Node) Metrics() *telemetry.Metrics { return n.metrics }

// Close ends the node: feeders first, journals last. What was read is worked through as far as
// ctx allows.
func (n *Node) Close(ctx context.Context) error {
	n.cancel()
	<-n.begun
	n.arrivals.coming.Wait()
	return errors.Join(n.base.Stop(ctx), n.closeAll())
}

// actorsConfig says which actors some of the venues make.
func (n *Node) actorsConfig(sources []*source, ledgers map[message.AccountName]*ledger.Ledger) (actors.Config, error) {
	var cfg actors.Config
	listings := map[market.Venue][]market.Listing{}
	for _, s := range sources {
		listings[s.cfg.Venue] = s.listings
		protocols, err := s.adapter.New(s.cfg)
		if err != nil {
			return cfg, err
		}
		for i := range protocols {
			name := string(s.cfg.Venue)
			if len(protocols) > 1 {
				name = fmt.Sprintf("%s-%d", name, i+1)
			}
			f := feeder.DefaultConfig(name, n.cfg.Node.Partitions)
			f.Local, f.TickerFields = s.local, s.tickers
			cfg.Feeders = append(cfg.Feeders, actors.Feeder{Config: f, Protocol: s.protocol(i)})
		}
	}
	for i := range n.cfg.Engines {
		cfg.Engines = append(cfg.Engines, n.cfg.Classifier(i))
	}
	var err error
	if cfg.State, err = n.stateConfig(); err != nil {
		return cfg, err
	}
	accountVenue := map[message.AccountName]market.Venue{}
	for _, a := range n.cfg.Accounts {
		if listings[a.Venue] == nil {
			continue // the venue joins later
		}
		accountVenue[a.Name] = a.Venue
		cfg.Accounts = append(cfg.Accounts, n.account(a, listings[a.Venue], ledgers[a.Name]))
	}
	for _, s := range n.cfg.Strategies {
		at, there := accountVenue[s.Account]
		if !there {
			continue
		}
		if s.Program != nil {
			e, err := n.external(s, listings[at])
			if err != nil {
				return cfg, err
			}
			cfg.Externals = append(cfg.Externals, e)
			continue
		}
		c, err := strategyConfig(s, listings[at])
		if err != nil {
			return cfg, err
		}
		cfg.Strategies = append(cfg.Strategies, c)
	}
	return cfg, nil
}

func (n *Node) mailboxes() actors.Mailboxes {
	l := n.cfg.Limits
	return actors.Mailboxes{Feeder: l.MailboxState, State: l.MailboxState, Classifier: l.MailboxClassifier,
		Strategy: l.MailboxStrategy, Order: l.MailboxOrder, Monitor: l.MailboxOrder}
}

// stateConfig makes state keep what the engines ask for.
func (n *Node) stateConfig() (state.Config, error) {
	c := state.DefaultConfig()
	c.Partitions, c.Buckets, c.Bars, c.Trades, c.Late = n.cfg.Node.Partitions, n.cfg.State.WindowBuckets, n.cfg.State.Bars, n.cfg.State.Trades, n.cfg.State.Late
	c.Partial, c.Instruments = n.cfg.State.Partial, n.cfg.Limits.InstrumentsMax
	c.BookLevels = 1
	for _, v := range n.cfg.Venues {
		c.BookLevels = max(c.BookLevels, v.BookLevels)
	}
	c.Features, c.Windows = n.cfg.Features(), n.cfg.Windows()
	return c, c.Validate()
}

func strategyConfig(s config.Strategy, listings []market.Listing) (actors.Strategy, error) {
	c := strategy.DefaultConfig()
	c.Name, c.Engine, c.Account, c.Cooldown = s.Name, s.Engine, s.Account, s.Cooldown
	c.PositionMaxNotional, c.PositionMaxQuantity, c.OnlyTrusted = s.PositionMaxNotional, s.PositionMaxQuantity, s.OnlyTrusted
	for _, r := range s.Rules {
		c.Rules = append(c.Rules, strategy.Rule{From: r.From, To: r.To, Side: r.Side, Type: r.Type, TimeInForce: r.TimeInForce,
			Quantity: r.Quantity, Notional: r.Notional, OffsetBps: r.OffsetBPS, Close: r.Close})
	}
	listings, err := choose(listings, s.Instruments)
	if err != nil {
		return actors.Strategy{}, fmt.Errorf("strategy %s: %w", s.Name, err)
	}
	return actors.Strategy{Config: c, Listings: listings}, c.Validate()
}

// barStore hands closed bars of the wanted intervals to the view's writer.
type barStore struct {
	writer    *sqlite.Writer
	intervals []time.Duration
}

func (b barStore) Save(bars []message.Bar) int {
	kept := make([]message.Bar, 0, len(bars))
	for _, bar := range bars {
		if slices.Contains(b.intervals, bar.Fields().Interval) {
			kept = append(kept, bar)
		}
	}
	if len(kept) == 0 {
		return 0
	}
	before := b.writer.Stats().BarsDropped
	b.writer.OfferBars(kept...)
	return int(b.writer.Stats().BarsDropped - before)
}
