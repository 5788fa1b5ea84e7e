package adaptertest

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/venue"
)

// setup is what a case may change of how the world is made. The zero value is fit for most.
type setup struct {
	times   times
	bases   []string // none: BTC and ETH
	prepare func(*server)
	config  func(*feeder.Config)
	mailbox int // limit of the partition's; 0: the default
	credit  bool
	blocked bool // the partition works once its gate is opened
}

// world is a venue, a feeder that follows it, and the partition that gets what it sends.
type world struct {
	t        *testing.T
	v        Venue
	server   *server
	protocol *protocol
	rec      *recorder
	letters  letters
	log      logbook
	metrics  *telemetry.Metrics
	mailbox  *system.MailboxStats
	feeder   *actor.PID
	send     func(*actor.PID, any)
	began    time.Time
	release  func()

	instruments []market.Instrument
	symbols     []string
}

// btc and eth are the places of the two instruments in world.instruments and world.symbols.
const (
	btc = iota
	eth
)

// patience is how long a case waits for what must come; it is not used up where all is well.
const patience = 10 * time.Second

func start(t *testing.T, v Venue, s setup) *world {
	t.Helper()
	w := &world{t: t, v: v, server: newServer(t, v), metrics: telemetry.New("test"), mailbox: new(system.MailboxStats)}
	if s.bases == nil {
		s.bases = []string{"BTC", "ETH"}
	}
	all := v.protocols(t, w.server, s.bases)
	w.protocol = &protocol{Protocol: all[0], times: s.times}
	if w.protocol.times.silence == 0 {
		w.protocol.times.silence = time.Minute
	}
	for _, i := range all[0].Instruments() {
		w.instruments, w.symbols = append(w.instruments, i), append(w.symbols, v.Symbol(i.Base()))
	}
	w.server.trade(w.symbols...)
	if s.prepare != nil {
		s.prepare(w.server)
	}
	w.spawn(s)
	return w
}

// protocols returns the adapter's connections for instruments of these bases, all its channels.
func (v Venue) protocols(t *testing.T, s *server, bases []string) []feeder.Protocol {
	t.Helper()
	c := venue.Config{Venue: v.Name, WebSocketURL: s.url(), RESTURL: s.http.URL, Channels: v.channels()}
	for _, base := range bases {
		i, err := market.NewInstrument(v.Name, base+"-"+v.Quote)
		if err != nil {
			t.Fatal(err)
		}
		c.Listings = append(c.Listings, market.Listing{Instrument: i, Symbol: v.Symbol(base)})
	}
	all, err := v.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (v Venue) channels() []market.Channel {
	channels := []market.Channel{market.ChannelTicker, market.ChannelBook, market.ChannelTrade}
	if v.BBO != nil {
		channels = append(channels, market.ChannelBBO)
	}
	return channels
}

func (w *world) spawn(s setup) {
	cfg := feeder.DefaultConfig("test", 1)
	cfg.ReconnectMin, cfg.ReconnectMax = 5*time.Millisecond, 20*time.Millisecond
	cfg.SnapshotRetry, cfg.SnapshotRetryMax = 10*time.Millisecond, 40*time.Millisecond
	cfg.TimeStep = 20 * time.Millisecond
	cfg.FrameBytesMax = 64 << 10
	if s.config != nil {
		s.config(&cfg)
	}
	if err := cfg.Validate(); err != nil {
		w.t.Fatal(err)
	}
	log := slog.New(&w.log)
	env := system.Live(log)
	sys := system.New(log)
	w.send = func(to *actor.PID, m any) { sys.Root.Send(to, m) }
	dispatcher := actor.NewDefaultDispatcher(300)
	failed := func(who string, reason any) { w.t.Errorf("%s failed: %v", who, reason) }
	supervisor := system.NewSupervisor(system.Supervision{Role: "test"}, env, failed, nil)
	run := func(name string, a actor.Actor, box system.MailboxConfig) *actor.PID {
		pid, err := system.Spawn(sys, name, func() actor.Actor { return a }, system.NewMailbox(box), dispatcher, supervisor)
		if err != nil {
			w.t.Fatal(err)
		}
		return pid
	}
	w.rec = newRecorder(actor.NewPID(sys.Address(), "feeder"))
	w.release = func() {}
	if s.blocked {
		w.rec.gate = make(chan struct{})
		w.release = func() { close(w.rec.gate) }
	}
	partition := run("partition", w.rec, system.MailboxConfig{Role: "state", Limit: s.mailbox, Stats: w.mailbox, Lossless: s.credit})
	deps := feeder.Deps{Env: env, Metrics: w.metrics, DeadLetters: &w.letters, HTTP: w.server.http.Client(),
		Partitions: []*actor.PID{partition}, Credit: s.credit}
	w.began = time.Now()
	w.feeder = run("feeder", feeder.New(cfg, w.protocol.wrap(), deps, nil), system.MailboxConfig{Role: "feeder"})
	w.t.Cleanup(func() {
		if err := sys.Root.PoisonFuture(w.feeder).Wait(); err != nil {
			w.t.Errorf("the feeder does not end: %v", err)
		}
		_ = sys.Root.PoisonFuture(partition).Wait()
		sys.Shutdown()
		w.check()
	})
}

// check is what holds in the end whatever a case did.
func (w *world) check() {
	w.rec.mu.Lock()
	defer w.rec.mu.Unlock()
	for _, fault := range w.rec.faults {
		w.t.Error(fault)
	}
	if w.t.Failed() {
		w.t.Logf("what was logged:\n%v", &w.log)
		for _, l := range w.letters.list() {
			w.t.Logf("dead letter: %s: %.200q", l.Detail, l.Frame)
		}
	}
}

// until waits for what must come.
func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	deadline, look := time.NewTimer(patience), time.NewTicker(time.Millisecond)
	defer deadline.Stop()
	defer look.Stop()
	for !done() {
		select {
		case <-look.C:
		case <-deadline.C:
			if !done() {
				w.t.Fatalf("waited %v for: %s", patience, what)
			}
			return
		}
	}
}

func bookOf(symbol string) Topic { return Topic{market.ChannelBook, symbol} }

// topics is what the client should follow, sorted.
func (w *world) topics() []Topic {
	var all []Topic
	for _, symbol := range w.symbols {
		for _, c := range w.v.channels() {
			all = append(all, Topic{c, symbol})
		}
	}
	slices.SortFunc(all, compareTopics)
	return all
}

// subscribed waits until connection n follows everything, and returns it.
func (w *world) subscribed(n int) *client {
	w.t.Helper()
	var c *client
	w.until("a connection that follows everything", func() bool {
		c = w.server.latest()
		return c != nil && c.n >= n && slices.Equal(c.followed(), w.topics())
	})
	return c
}

// whole waits until an instrument is trusted and its book is the venue's.
func (w *world) whole(n int) {
	w.t.Helper()
	w.until(w.symbols[n]+" trusted, with the venue's book", func() bool {
		return w.rec.trusted(w.instruments[n]) && w.rec.holds(w.instruments[n], w.server.book(w.symbols[n]))
	})
}

// ready waits until connection n follows everything and every book is whole.
func (w *world) ready(n int) *client {
	w.t.Helper()
	c := w.subscribed(n)
	for k, symbol := range w.symbols {
		if w.v.Books == Joined {
			w.server.change(symbol) // what a feeder joins a snapshot to
		}
		w.whole(k)
		w.server.change(symbol)
		w.whole(k)
	}
	return c
}

// untrusted waits until an instrument was not trusted more than n times.
func (w *world) untrusted(k, n int) {
	w.t.Helper()
	w.until(w.symbols[k]+" not trusted", func() bool { return len(w.rec.doubts(w.instruments[k])) > n })
}

// tick publishes a ticker at a price and waits for it.
func (w *world) tick(k int, at string) message.TickerFields {
	w.t.Helper()
	symbol := w.symbols[k]
	frame := w.v.Ticker(Ticker{Symbol: symbol, Price: at, Time: w.server.time()})
	if w.server.publish(Topic{market.ChannelTicker, symbol}, frame) != 1 {
		w.t.Fatalf("nobody follows the ticker of %s", symbol)
	}
	var f message.TickerFields
	w.until("the ticker at "+at, func() bool {
		all := got[message.Ticker](w.rec, w.instruments[k])
		if len(all) == 0 {
			return false
		}
		f = all[len(all)-1].Fields()
		return f.Trade == price(at)
	})
	return f
}

// noDeadLetters fails the test if a frame could not be read.
func (w *world) noDeadLetters() {
	w.t.Helper()
	for _, l := range w.letters.list() {
		w.t.Errorf("dead letter: %s: %s", l.Detail, l.Frame)
	}
}
