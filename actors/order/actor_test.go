package order

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// desk is a gateway's actor on a seeded loop: its journal, venue and strategy write into one log,
// in the order in which things happen.
type desk struct {
	loop *system.Loop
	sys  *actor.ActorSystem
	pid  *actor.PID
	log  []string

	events  []message.OrderEvent
	broken  error
	replies Replies
	person  *actor.PID
	books   int // times that the venue was told what the account has
	closed  int
}

func (d *desk) Books(balances []message.Balance) { d.books += 1 + len(balances) }
func (d *desk) Close() error                     { d.closed++; return nil }

func (d *desk) note(format string, args ...any) { d.log = append(d.log, fmt.Sprintf(format, args...)) }

func (d *desk) Append(events []message.OrderEvent) (uint64, error) {
	for _, e := range events {
		d.note("journal %v", e.Fields().Action)
	}
	d.events = append(d.events, events...)
	return uint64(len(d.events)), nil
}

func (d *desk) Sync() error {
	d.note("fsync")
	return d.broken
}

func (d *desk) Place(o message.OrderEvent)    { d.note("place %s", o.Fields().ClientOrderID) }
func (d *desk) Cancel(o message.OrderEvent)   { d.note("cancel %s", o.Fields().ClientOrderID) }
func (d *desk) Amend(o message.OrderEvent)    { d.note("amend %s", o.Fields().ClientOrderID) }
func (d *desk) Support() message.OrderSupport { return testSupport() }
func (d *desk) Recover(open []message.OrderEvent) {
	d.note("recover %d", len(open))
	d.replies.Recovered(nil)
}
func (d *desk) OfferOrderEvents(...message.OrderEvent) {}

func (d *desk) history() iter.Seq2[message.OrderEvent, error] {
	return func(yield func(message.OrderEvent, error) bool) {
		for _, e := range slices.Clone(d.events) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

var actorInstrument = market.MustInstrument("test", "BTC-KRW")

func newDesk(t *testing.T, seed uint64) *desk {
	t.Helper()
	return newDeskOf(t, seed, true)
}

func newDeskOf(t *testing.T, seed uint64, repeatable bool) *desk {
	t.Helper()
	d := &desk{loop: system.NewSeededLoop(market.Seconds(100), seed), sys: system.New(slog.New(slog.NewTextHandler(io.Discard, nil)))}
	env := system.Env{Now: d.loop.Now, After: d.loop.After, Go: d.loop.Go, Log: d.sys.Logger(), Repeatable: repeatable}
	supervisor := system.NewSupervisor(Supervision(), env, nil, nil)
	told, err := system.Spawn(d.sys, "strategy", func() actor.Actor { return &ear{d, false} }, system.NewMailbox(system.MailboxConfig{}), d.loop, supervisor)
	if err != nil {
		t.Fatal(err)
	}
	person, err := system.Spawn(d.sys, "person", func() actor.Actor { return &ear{d, true} }, system.NewMailbox(system.MailboxConfig{}), d.loop, supervisor)
	if err != nil {
		t.Fatal(err)
	}
	d.person = person
	cfg := DefaultConfig()
	cfg.Account, cfg.Venue, cfg.Epoch = "paper", "test", 1
	cfg.Listings = []market.Listing{{Instrument: actorInstrument, Ticks: market.FixedTick(market.MustPrice("1"))}}
	deps := Deps{Env: env, Metrics: telemetry.New("test"), View: d, Strategies: map[message.StrategyName]*actor.PID{"s": told}, Watchers: []*actor.PID{person},
		Open: func() (Journal, iter.Seq2[message.OrderEvent, error], func() error, error) {
			return d, d.history(), func() error { return nil }, nil
		},
		Venue: func(r Replies) (Venue, error) { d.replies = r; return d, nil }}
	starts := 0
	d.pid, err = system.Spawn(d.sys, "order", func() actor.Actor { starts++; return NewGateway(cfg, deps, starts > 1) },
		system.NewMailbox(system.MailboxConfig{}), d.loop, supervisor)
	if err != nil {
		t.Fatal(err)
	}
	d.loop.Run()
	return d
}

// ear is the strategy: it writes down what it is told.
type ear struct {
	d      *desk
	person bool // who watches: of events it hears enough from the strategy
}

func (e *ear) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case message.OrderEvent:
		if !e.person {
			e.d.note("told %v %v", m.Fields().Action, m.Fields().Status)
		}
	case message.Balance:
		e.d.note("balance %s %v", m.Fields().Currency, m.Fields().Free)
	case Result:
		e.d.note("result %v halted %q", m.Err, m.Halted)
	}
}

// ask tells the gateway something as a person does, who hears what came of it.
func (d *desk) ask(m any) {
	d.sys.Root.RequestWithCustomSender(d.pid, m, d.person)
	d.loop.Run()
}

func (d *desk) tell(m any) {
	d.sys.Root.Send(d.pid, m)
	d.loop.Run()
}

func (d *desk) quote(at market.Timestamp) {
	b := message.NewViewsBuilder(1, 0)
	b.Add(message.Origin{Instrument: actorInstrument, Received: at}, message.Quote{Bid: market.MustPrice("99"), Ask: market.MustPrice("101"), Last: market.MustPrice("100")}, true, true, nil)
	d.tell(b.Build(message.ViewsFields{Source: "test", Time: at}))
}

func (d *desk) intend(t *testing.T, seq uint64) {
	t.Helper()
	i, err := message.NewOrderIntent(message.OrderIntentFields{Origin: message.Origin{Instrument: actorInstrument, Received: d.loop.Now()},
		ID: message.IntentID{Strategy: "s", Seq: seq}, Account: "paper", OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: market.MustPrice("100"), Quantity: market.MustQuantity("2")},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.tell(i)
}

func (d *desk) report(t *testing.T, f message.ExecutionReportFields) {
	t.Helper()
	r, err := message.NewExecutionReport(f)
	if err != nil {
		t.Fatal(err)
	}
	d.replies.Report(r)
	d.loop.Run()
}

// since returns what happened since the last call.
func (d *desk) since() string {
	s := strings.Join(d.log, ", ")
	d.log = nil
	return s
}

func TestGatewayLife(t *testing.T) {
	for seed := range uint64(5) {
		d := newDesk(t, seed)
		want := func(step, want string) {
			t.Helper()
			if got := d.since(); got != want {
				t.Fatalf("seed %d: %s:\n got %s\nwant %s", seed, step, got, want)
			}
		}
		want("start", "recover 0")
		d.quote(d.loop.Now())
		want("a quote", "")
		d.intend(t, 1)
		want("an intent is on disk before it is told or placed",
			"journal create, fsync, journal send, fsync, place paper-1-1, told create created, told send sent")
		d.report(t, message.ExecutionReportFields{ClientOrderID: "paper-1-1", VenueOrderID: "v1", Action: message.ActionAccept, Time: d.loop.Now()})
		want("accepted", "journal accept, fsync, told accept accepted")
		d.report(t, message.ExecutionReportFields{ClientOrderID: "paper-1-1", Action: message.ActionFill, ExecID: "e1",
			LastPrice: market.MustPrice("100"), LastQuantity: market.MustQuantity("1"), Time: d.loop.Now()})
		want("half filled", "journal fill, fsync, told fill partially_filled")

		d.tell(system.Crash{Reason: "a drill"})
		d.loop.Advance(d.loop.Now().Add(time.Minute))
		if got := d.since(); !strings.Contains(got, "told fill partially_filled") || !strings.Contains(got, "recover 1") || strings.Contains(got, "place") {
			t.Fatalf("seed %d: after a crash: %s", seed, got)
		}
		d.quote(d.loop.Now())
		d.intend(t, 1)
		if got := d.since(); strings.Contains(got, "place") || strings.Contains(got, "create created") {
			t.Fatalf("seed %d: the same intent after a crash: %s", seed, got)
		}

		d.broken = errors.New("the disk is gone")
		d.intend(t, 2)
		want("a failed fsync", "journal create, fsync")
		d.intend(t, 3)
		want("the account is halted", "told deny denied")
		d.tell(ResumeRequest{Reason: "hope"})
		d.intend(t, 4)
		want("and cannot resume", "told deny denied")
	}
}

func TestGatewayHaltsAndResumes(t *testing.T) {
	d := newDesk(t, 1)
	d.quote(d.loop.Now())
	d.tell(HaltRequest{Reason: "a person"})
	d.intend(t, 1)
	if got := d.since(); !strings.Contains(got, "told deny denied") || strings.Contains(got, "place") {
		t.Fatal(got)
	}
	d.tell(ResumeRequest{Reason: "a person"})
	d.intend(t, 2)
	if got := d.since(); !strings.Contains(got, "place") {
		t.Fatal(got)
	}
}

// TestGatewayPerson: who asks hears what came of it, once it is on disk.
func TestGatewayPerson(t *testing.T) {
	d := newDesk(t, 1)
	d.quote(d.loop.Now())
	d.intend(t, 1)
	d.since()
	d.ask(HaltRequest{Reason: "a person", Cancel: true})
	if got := d.since(); !strings.Contains(got, "journal halt, journal request_cancel, fsync") || !strings.HasSuffix(got, `result <nil> halted "a person"`) {
		t.Fatal(got)
	}
	d.ask(ResolveRequest{ID: "paper-1-1", As: message.OrderCanceled, Reason: "looked"})
	if got := d.since(); !strings.Contains(got, "only what is unknown") || strings.Contains(got, "journal") {
		t.Fatal(got)
	}
	d.ask(ResumeRequest{Reason: "done"})
	if got := d.since(); !strings.HasSuffix(got, `result <nil> halted ""`) {
		t.Fatal(got)
	}
	d.broken = errors.New("the disk is gone")
	d.ask(HaltRequest{Reason: "again"})
	if got := d.since(); !strings.Contains(got, "result the disk is gone") {
		t.Fatal(got)
	}
	d.ask(ResumeRequest{Reason: "hope"})
	if got := d.since(); !strings.Contains(got, "result order: resume paper: the journal is lost") {
		t.Fatal(got)
	}
}

// TestGatewayVenue: what the venue says is worked through in its order; balances go to whoever watches.
func TestGatewayVenue(t *testing.T) {
	d := newDesk(t, 1)
	if d.books != 1 {
		t.Errorf("the venue was told %d times what the account has", d.books)
	}
	d.since()
	b := must(message.NewBalance(message.BalanceFields{Account: "paper", Currency: "KRW", Free: market.Amount{Decimal: market.MustDecimal("5")}}))
	d.replies.Balance(b)
	d.replies.Clock(time.Second)
	d.replies.Disconnected("a cut")
	d.loop.Run()
	if got := d.since(); !strings.Contains(got, "balance KRW 5") || !strings.Contains(got, "recover 0") {
		t.Fatal(got)
	}
	d.tell(must(message.NewAmendIntent(message.AmendIntentFields{ID: message.IntentID{Strategy: "s", Seq: 2}, OrderSeq: 1, Account: "paper",
		Quantity: market.MustQuantity("1")})))
	if got := d.since(); !strings.Contains(got, "told deny denied") {
		t.Fatal(got)
	}
	// In a repeatable run the time of the messages is the core's: a day's end is among it.
	d.quote(d.loop.Now())
	i := must(message.NewOrderIntent(message.OrderIntentFields{Origin: message.Origin{Instrument: actorInstrument, Received: d.loop.Now()},
		ID: message.IntentID{Strategy: "s", Seq: 3}, Account: "paper", OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.DAY,
			Price: market.MustPrice("100"), Quantity: market.MustQuantity("2")}}))
	d.tell(i)
	d.report(t, message.ExecutionReportFields{ClientOrderID: "paper-1-1", VenueOrderID: "v1", Action: message.ActionAccept})
	d.since()
	d.quote(d.loop.Now().Add(25 * time.Hour))
	if got := d.since(); !strings.Contains(got, "cancel paper-1-1") {
		t.Fatal(got)
	}
	d.tell(system.Crash{Reason: "a drill"})
	d.loop.Advance(d.loop.Now().Add(time.Minute))
	if d.closed != 1 {
		t.Errorf("the venue was closed %d times", d.closed)
	}
}

// TestGatewayClock: a live run hears the time from a timer.
func TestGatewayClock(t *testing.T) {
	d := newDeskOf(t, 1, false)
	d.since()
	d.loop.Advance(d.loop.Now().Add(90 * time.Second))
	if got := d.since(); strings.Count(got, "recover") != 1 {
		t.Fatalf("in 90 seconds the venue was asked: %s", got)
	}
}
