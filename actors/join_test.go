package actors

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// elsewhere is numbers at another venue.
type elsewhere struct{ numbers }

func (elsewhere) Venue() market.Venue { return "elsewhere" }

func (elsewhere) Decode(dst []message.Event, _ []byte, at market.Timestamp) ([]message.Event, error) {
	price := market.MustPrice("1000")
	e, err := message.NewBBO(message.BBOFields{Origin: message.Origin{Instrument: market.MustInstrument("elsewhere", "C0-KRW"), Received: at}, Bid: price, Ask: price})
	return append(dst, e), err
}

// eventually polls actors that run by themselves.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// A venue joins a tree that runs: until then what is there for it goes nowhere, and the others
// run; from then on it is as if it had always been there.
func TestAVenueJoinsLater(t *testing.T) {
	journal, metrics := new(memory), telemetry.New("test")
	whole, err := testConfig(journal, walk(1, 1<<40, instruments), 2) // it goes on: how much of it is merged, who can tell
	if err != nil {
		t.Fatal(err)
	}
	frames := make(chan []byte)
	cfg := whole
	cfg.Accounts, cfg.Strategies = nil, nil
	cfg.Awaited = []Awaited{{Venue: venueName, Accounts: []message.AccountName{"paper"}, Strategies: map[message.StrategyName]message.EngineName{"s": "level"}}}
	cfg.Feeders = []Feeder{{Config: feeder.DefaultConfig("elsewhere", 2), Protocol: func() (feeder.Protocol, error) { return elsewhere{}, nil },
		Frames: func(yield func([]byte, market.Timestamp) bool) {
			for frame := range frames {
				if !yield(frame, market.TimestampOf(time.Now())) {
					return
				}
			}
		}}}
	cfg.Mailboxes = Mailboxes{Feeder: 1024, State: 1024, Classifier: 1024, Strategy: 1024, Order: 1024, Monitor: 1024}
	tree, err := Start(cfg, Deps{Env: system.Live(quiet), Dispatcher: LiveDispatcher(), Metrics: metrics, Bars: nothing{}, DeadLetters: new(dead), View: journal})
	if err != nil {
		t.Fatal(err)
	}
	frames <- []byte("x")
	eventually(t, "an event of the venue that is there", func() bool { return telemetry.Sum(metrics.StateEvents) >= 1 })
	if tree.Gateway("paper") != nil || telemetry.Sum(metrics.Actors, "role", "strategy") != 0 {
		t.Error("what waits for the venue runs already")
	}
	if err := tree.Join(Joining{Venue: "nowhere"}); err == nil || !strings.Contains(err.Error(), "not awaited") {
		t.Errorf("a venue that nobody waits for joined: %v", err)
	}
	if err := tree.Join(Joining{Venue: venueName, Accounts: whole.Accounts, Strategies: whole.Strategies, Feeders: whole.Feeders}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "fills", func() bool { return telemetry.Sum(metrics.OrderEvents, "action", "fill") >= 3 })
	frames <- []byte("x")
	if tree.Gateway("paper") == nil || telemetry.Sum(metrics.Actors, "role", "strategy") != 1 || telemetry.Sum(metrics.Actors, "role", "feeder") != 2 {
		t.Error("not everything of the venue runs")
	}
	if err := tree.Join(Joining{Venue: venueName}); err == nil {
		t.Error("it joined twice")
	}
	close(frames)
	if err := tree.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if failures := telemetry.Sum(metrics.ActorFailures); failures != 0 {
		t.Errorf("%v actors failed", failures)
	}
	check(t, journal)
}

func TestJoiningHasItsRules(t *testing.T) {
	loop := system.NewLoop(0)
	cfg, err := testConfig(new(memory), walk(1, 1, instruments), 1)
	if err != nil {
		t.Fatal(err)
	}
	accounts, strategies := cfg.Accounts, cfg.Strategies
	cfg.Feeders, cfg.Accounts, cfg.Strategies, cfg.Awaited = nil, nil, nil, []Awaited{{Venue: venueName}}
	cfg.Mailboxes = Mailboxes{Feeder: 16, State: 16, Classifier: 16, Strategy: 16, Order: 16, Monitor: 16}
	env := system.Env{Now: loop.Now, After: loop.After, Go: loop.Go, Log: quiet, Repeatable: true}
	deps := Deps{Env: env, Dispatcher: loop, Metrics: telemetry.New("test"), Bars: nothing{}, DeadLetters: new(dead), View: new(memory), Replay: feeder.NewReplay(loop), Drive: loop.Run}
	if _, err := Start(cfg, deps); err == nil || !strings.Contains(err.Error(), "repeatable") {
		t.Errorf("a repeatable run waits for a venue: %v", err)
	}
	tree, err := Start(cfg, Deps{Env: system.Live(quiet), Dispatcher: LiveDispatcher(), Metrics: telemetry.New("test"), Bars: nothing{}, DeadLetters: new(dead), View: new(memory)})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range []Joining{{Venue: venueName, Accounts: accounts}, {Venue: venueName, Strategies: strategies}} {
		if err := tree.Join(j); err == nil || !strings.Contains(err.Error(), "is not awaited with") {
			t.Errorf("others than were said came along: %v", err)
		}
	}
	if err := tree.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestADoorKeepsOrderAndSender(t *testing.T) {
	sys := system.New(quiet)
	d := &door{sys: sys}
	pid, ok := sys.ProcessRegistry.Add(d, "door")
	if !ok {
		t.Fatal("no door")
	}
	const n = 1000
	heard, senders := make(chan int, 2*n), make(chan *actor.PID, 2*n)
	behind := sys.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(int); ok {
			heard <- m
			senders <- ctx.Sender()
		}
	}))
	from := actor.NewPID(sys.Address(), "from")
	for i := range n {
		sys.Root.Send(pid, -i) // dropped
	}
	d.open(actor.NewPID(sys.Address(), "nobody"), behind)
	for i := range n {
		sys.Root.RequestWithCustomSender(pid, i, from)
	}
	if err := sys.Root.PoisonFuture(behind).Wait(); err != nil {
		t.Fatal(err)
	}
	close(heard)
	close(senders)
	got := slices.Collect(func(yield func(int) bool) {
		for m := range heard {
			if !yield(m) {
				return
			}
		}
	})
	if len(got) != n || !slices.IsSorted(got) || got[0] != 0 {
		t.Errorf("heard %d messages, in order: %t", len(got), slices.IsSorted(got))
	}
	for s := range senders {
		if fmt.Sprint(s) != fmt.Sprint(from) {
			t.Fatalf("sender %v, want %v", s, from)
		}
	}
}
