package actors

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/actors/state"
	"github.com/maru-trading/maru/actors/strategy"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/venue/paper"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

const venueName = "test"

func instrument(n int) market.Instrument {
	return market.MustInstrument(venueName, fmt.Sprintf("C%d-KRW", n))
}

// numbers is a venue whose frames are "instrument bid ask": quotes, a panic where the
// instrument is -1, nonsense where there are no three numbers.
type numbers struct{ instruments int }

func (n numbers) Venue() market.Venue           { return venueName }
func (n numbers) URL() string                   { return "" }
func (n numbers) Subscribe() [][]byte           { return nil }
func (n numbers) SendEvery() time.Duration      { return 0 }
func (n numbers) Ping() ([]byte, time.Duration) { return nil, 0 }
func (n numbers) Silence() time.Duration        { return 0 }
func (n numbers) Lifetime() time.Duration       { return 0 }
func (n numbers) Instruments() (all []market.Instrument) {
	for i := range n.instruments {
		all = append(all, instrument(i))
	}
	return all
}

func (n numbers) Decode(dst []message.Event, frame []byte, at market.Timestamp) ([]message.Event, error) {
	var i, bid, ask int64
	if _, err := fmt.Sscan(string(frame), &i, &bid, &ask); err != nil {
		return dst, errors.New("want three numbers")
	}
	if i < 0 {
		panic("a frame that no decoder can bear")
	}
	price := func(n int64) market.Price { return market.Price{Decimal: market.DecimalFromInt(n)} }
	size := market.MustQuantity("10")
	e, err := message.NewBBO(message.BBOFields{Origin: message.Origin{Instrument: instrument(int(i)), Received: at},
		Bid: price(bid), Ask: price(ask), BidQuantity: size, AskQuantity: size})
	if err != nil {
		return dst, err
	}
	return append(dst, e), nil
}

// walk yields a random walk of quotes, one every ten milliseconds.
func walk(seed uint64, frames, instruments int) iter.Seq2[[]byte, market.Timestamp] {
	return func(yield func([]byte, market.Timestamp) bool) {
		r := rand.New(rand.NewPCG(seed, 7))
		price := make([]int, instruments)
		for i := range price {
			price[i] = 1000
		}
		at := market.Seconds(1_000_000)
		for range frames {
			i := r.IntN(instruments)
			price[i] = max(900, min(1100, price[i]+r.IntN(21)-10))
			at = at.Add(10 * time.Millisecond)
			if !yield(fmt.Appendf(nil, "%d %d %d", i, price[i], price[i]+1+r.IntN(3)), at) {
				return
			}
		}
	}
}

// memory is a journal that keeps what it is told.
type memory struct {
	events []message.OrderEvent
	fail   error
}

func (m *memory) Append(events []message.OrderEvent) (uint64, error) {
	if m.fail != nil {
		return 0, m.fail
	}
	m.events = append(m.events, events...)
	return uint64(len(m.events)), nil
}
func (m *memory) Sync() error { return m.fail }

func (m *memory) history() iter.Seq2[message.OrderEvent, error] {
	return func(yield func(message.OrderEvent, error) bool) {
		for _, e := range m.events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (m *memory) OfferOrderEvents(...message.OrderEvent) {}

type nothing struct{}

func (nothing) Save([]message.Bar) int { return 0 }

type dead struct{ letters []feeder.DeadLetter }

func (d *dead) Add(l feeder.DeadLetter) { d.letters = append(d.letters, l) }

// world is a node in a test: everything on one loop, the journal in memory.
type world struct {
	loop    *system.Loop
	tree    *Tree
	metrics *telemetry.Metrics
	journal *memory
	dead    *dead
	replay  *feeder.Replay
	stop    chan struct{}
}

const instruments = 5

func newWorld(t *testing.T, loop *system.Loop, journal *memory, frames iter.Seq2[[]byte, market.Timestamp], partitions int) *world {
	t.Helper()
	w := &world{loop: loop, metrics: telemetry.New("test"), journal: journal, dead: new(dead), replay: feeder.NewReplay(loop), stop: make(chan struct{})}
	cfg, err := testConfig(journal, frames, partitions)
	if err != nil {
		t.Fatal(err)
	}
	w.start(t, cfg)
	return w
}

// start starts the tree.
func (w *world) start(t *testing.T, cfg Config) {
	t.Helper()
	if w.metrics == nil {
		w.metrics = telemetry.New("test")
	}
	loop := w.loop
	env := system.Env{Now: loop.Now, After: loop.After, Go: loop.Go, Log: quiet, Repeatable: true}
	var err error
	w.tree, err = Start(cfg, Deps{Env: env, Dispatcher: loop, Metrics: w.metrics, Bars: nothing{}, DeadLetters: w.dead, View: w.journal, Replay: w.replay, Drive: loop.Run})
	if err != nil {
		t.Fatal(err)
	}
	loop.Run()
}

func testConfig(journal *memory, frames iter.Seq2[[]byte, market.Timestamp], partitions int) (Config, error) {
	var listings []market.Listing
	for i := range instruments {
		listings = append(listings, market.Listing{Instrument: instrument(i), Symbol: fmt.Sprint(i), Ticks: market.FixedTick(market.MustPrice("1")), LotSize: market.MustQuantity("0.001")})
	}
	st := state.DefaultConfig()
	st.Partitions = partitions
	bid, err := state.ParseFeature("bid")
	if err != nil {
		return Config{}, err
	}
	st.Features = []state.Feature{bid}
	gateway := order.DefaultConfig()
	gateway.Account, gateway.Venue, gateway.Listings, gateway.Epoch = "paper", venueName, listings, 1
	rules := strategy.DefaultConfig()
	rules.Name, rules.Engine, rules.Account = "s", "level", "paper"
	rules.Rules = []strategy.Rule{
		{To: "high", Side: market.Sell, Type: market.Limit, TimeInForce: market.GTC, Quantity: market.MustQuantity("2"), OffsetBps: 1},
		{To: "low", Side: market.Buy, Type: market.Market, TimeInForce: market.IOC, Quantity: market.MustQuantity("3")},
	}
	return Config{
		State: st,
		Engines: []classifier.Config{{Name: "level", Type: classifier.Criteria, Default: "middle",
			Classes: []classifier.Class{{Name: "high", When: "bid > 1010"}, {Name: "low", When: "bid < 990"}}}},
		Strategies: []Strategy{{Config: rules, Listings: listings}},
		Accounts: []Account{{Config: gateway, History: journal.history,
			Open: func() (order.Journal, iter.Seq2[message.OrderEvent, error], func() error, error) {
				return journal, journal.history(), func() error { return nil }, nil
			},
			Venue: func(r order.Replies) (order.Venue, error) {
				core, err := paper.New(paper.DefaultConfig())
				if err != nil {
					return nil, err
				}
				return paper.NewVenue(core, r), nil
			}}},
		Feeders: []Feeder{{Config: feeder.DefaultConfig(venueName, partitions), Frames: frames,
			Protocol: func() (feeder.Protocol, error) { return numbers{instruments}, nil }}},
	}, nil
}

// run plays all frames and returns the journal as text.
func (w *world) run(t *testing.T) string {
	t.Helper()
	w.replay.Run(func(to *actor.PID, m any) { w.tree.Send(to, m) }, w.stop)
	if err := w.tree.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	return w.journal.text()
}

func (m *memory) text() string {
	var b strings.Builder
	for _, e := range m.events {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

func TestWholeChainIsRepeatable(t *testing.T) {
	history := func(loop *system.Loop, walkSeed uint64, partitions int) string {
		return newWorld(t, loop, new(memory), walk(walkSeed, 2000, instruments), partitions).run(t)
	}
	plain := history(system.NewLoop(0), 1, 2)
	if n := strings.Count(plain, "fill→"); n < 20 {
		t.Fatalf("only %d fills:\n%.2000s", n, plain)
	}
	if again := history(system.NewLoop(0), 1, 2); again != plain {
		t.Fatal("the same input gave another journal")
	}
	if other := history(system.NewLoop(0), 2, 2); other == plain {
		t.Fatal("another input gave the same journal")
	}
	// Whoever runs first, the same things happen: a frame is worked through before the next.
	for seed := range uint64(8) {
		if got := history(system.NewSeededLoop(0, seed), 1, 2); got != plain {
			t.Fatalf("seed %d: scheduling changed what happened:\n%s", seed, firstDifference(got, plain))
		}
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d:\n got %s\nwant %s", i, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines and %d", len(x), len(y))
}
