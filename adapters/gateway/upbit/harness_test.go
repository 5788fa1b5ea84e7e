package upbit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
	"github.com/maru-trading/maru/adapters/gateway/upbit/upbittest"
)

// venue is what the consumer's interface asks for, said again here: the gateway has to satisfy it.
type consumerVenue interface {
	Support() message.OrderSupport
	Place(order message.OrderEvent)
	Cancel(order message.OrderEvent)
	Amend(order message.OrderEvent)
	Recover(open []message.OrderEvent)
}

var _ consumerVenue = (*Gateway)(nil)

const (
	testAccess = "a7Xd92LmQW3vBtRzYpMj5CxNKeT1HuVs0fFgJcAw"
	testSecret = "not-a-real-secret-0123456789abcdefghijkl"
	account    = message.AccountName("main")
)

var btc = market.MustInstrument(Name, "BTC-KRW")

// heard is everything that a gateway replied, in order.
type heard struct {
	mu           sync.Mutex
	changed      chan struct{} // closed and made anew with each reply
	reports      []message.ExecutionReportFields
	balances     map[string]message.BalanceFields
	recovered    []error
	disconnected []string
	offsets      []time.Duration
}

func newHeard() *heard {
	return &heard{changed: make(chan struct{}), balances: map[string]message.BalanceFields{}}
}

func (h *heard) note(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *heard) Report(r message.ExecutionReport) {
	h.note(func() { h.reports = append(h.reports, r.Fields()) })
}
func (h *heard) Balance(b message.Balance) {
	h.note(func() { h.balances[b.Fields().Currency] = b.Fields() })
}
func (h *heard) Recovered(err error) { h.note(func() { h.recovered = append(h.recovered, err) }) }
func (h *heard) Disconnected(why string) {
	h.note(func() { h.disconnected = append(h.disconnected, why) })
}
func (h *heard) Clock(d time.Duration) { h.note(func() { h.offsets = append(h.offsets, d) }) }

// patience is how long a test waits for what must come; nothing waits that long if all is well.
const patience = 10 * time.Second

// until waits until the predicate holds of what was heard.
func (h *heard) until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		h.mu.Lock()
		ok, changed := holds(), h.changed
		h.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			h.mu.Lock()
			defer h.mu.Unlock()
			t.Fatalf("never: %s\nreports:\n%s\nrecovered %v\ndisconnected %q", what, lines(h.reports), h.recovered, h.disconnected)
		}
	}
}

func lines(reports []message.ExecutionReportFields) string {
	var b strings.Builder
	for _, f := range reports {
		fmt.Fprintf(&b, "  %s %s %v req=%v %s %v @ %v fee %v cum %v ev=%v %q\n", f.ClientOrderID, f.VenueOrderID, f.Action, f.Request,
			f.ExecID, f.LastQuantity, f.LastPrice, f.Fee, f.CumQuantity, f.Evidence, f.Reason)
	}
	return b.String()
}

// of returns the reports of an order, in order.
func (h *heard) of(client message.ClientOrderID) []message.ExecutionReportFields {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unlockedOf(client)
}

func (h *heard) unlockedOf(client message.ClientOrderID) (out []message.ExecutionReportFields) {
	for _, f := range h.reports {
		if f.ClientOrderID == client {
			out = append(out, f)
		}
	}
	return out
}

// awaits waits for a report of an order with that action, and returns the first such.
func (h *heard) awaits(t testing.TB, client message.ClientOrderID, action message.OrderAction) (found message.ExecutionReportFields) {
	t.Helper()
	h.until(t, fmt.Sprintf("%s %v", client, action), func() bool {
		for _, f := range h.unlockedOf(client) {
			if f.Action == action {
				found = f
				return true
			}
		}
		return false
	})
	return found
}

// executed sums what executions of an order were told, each counted once, as the consumer does.
func (h *heard) executed(client message.ClientOrderID) (quantity, fees market.Decimal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unlockedExecuted(client)
}

func (h *heard) unlockedExecuted(client message.ClientOrderID) (quantity, fees market.Decimal) {
	seen := map[message.ExecID]message.ExecutionReportFields{}
	for _, f := range h.unlockedOf(client) {
		if f.Action != message.ActionFill {
			continue
		}
		if before, again := seen[f.ExecID]; again {
			if before.LastPrice != f.LastPrice || before.LastQuantity != f.LastQuantity || before.Fee != f.Fee {
				panic(fmt.Sprintf("execution %s told twice, differently: %v %v and %v %v", f.ExecID, before.LastQuantity, before.Fee, f.LastQuantity, f.Fee))
			}
			continue
		}
		seen[f.ExecID] = f
		quantity, fees = sum(quantity, f.LastQuantity.Decimal), sum(fees, f.Fee.Decimal)
	}
	return quantity, fees
}

func sum(a, b market.Decimal) market.Decimal {
	c, err := a.Add(b)
	if err != nil {
		panic(err)
	}
	return c
}

// lost counts what was said of a cut or of something missed.
func (h *heard) lost() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.disconnected)
}

// world is a venue and a gateway at it.
type world struct {
	t       testing.TB
	server  *upbittest.Server
	gateway *Gateway
	heard   *heard
	cfg     Config
	n       int
	open    map[message.ClientOrderID]message.OrderEventFields
}

func newWorld(t testing.TB, change func(*upbittest.Config, *Config)) *world {
	t.Helper()
	serving := upbittest.Config{Access: testAccess, Secret: testSecret, Balances: map[string]string{"KRW": "1000000000", "BTC": "10", "SHIB": "90000000000"}}
	cfg := Config{
		Account: account, Credentials: gateway.Credentials{Key: gateway.NewSecret(testAccess), Secret: gateway.NewSecret(testSecret)},
		PlaceBudget: gateway.Unlimited{}, Budget: gateway.Unlimited{}, BackoffMin: time.Millisecond,
		Now: func() market.Timestamp { return market.TimestampOf(time.Now()) }, Log: slog.New(slog.NewTextHandler(testLog{t}, nil)),
	}
	if change != nil {
		change(&serving, &cfg)
	}
	server, err := upbittest.Start(serving)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	cfg.RESTURL, cfg.WebSocketURL = server.RESTURL(), server.StreamURL()
	w := &world{t: t, server: server, cfg: cfg, open: map[message.ClientOrderID]message.OrderEventFields{}}
	w.start()
	if err := w.recovers(); err != nil {
		t.Fatal(err)
	}
	return w
}

// testLog has the gateway's log appear with a test that fails.
type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	if strings.Contains(string(p), testSecret) || strings.Contains(string(p), testAccess) {
		l.t.Errorf("a secret in the log: %s", p)
	}
	return len(p), nil
}

// start makes a new gateway, as after a restart, and waits until it follows the stream.
func (w *world) start() {
	w.t.Helper()
	w.heard = newHeard()
	var err error
	if w.gateway, err = New(w.cfg, w.heard); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = w.gateway.Close() })
	w.gateway.canceled = 50 * time.Millisecond
	for { // what is injected hits this as well
		err := w.gateway.Start(context.Background())
		if err == nil {
			break
		}
		if errors.Is(err, ErrKey) {
			w.t.Fatal(err)
		}
	}
	w.listening()
}

// listening waits until the venue sends to exactly one connection.
func (w *world) listening() {
	w.t.Helper()
	poll(w.t, "the stream is subscribed", func() bool { return w.server.Listening() == 1 && w.gateway.link.session() > 0 })
}

// poll waits for a condition at the server, which has no way to tell that it changed.
func poll(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		<-tick.C
	}
}

// order makes the event that sends an order.
func (w *world) order(change func(*message.OrderEventFields)) message.OrderEvent {
	w.n++
	f := message.OrderEventFields{
		Account: account, Strategy: "s", IntentSeq: uint64(w.n), Time: w.cfg.Now(), DecidedAt: w.cfg.Now(),
		ClientOrderID: message.ClientOrderID(fmt.Sprintf("main-1-%d", w.n)), Instrument: btc,
		OrderTerms: message.OrderTerms{
			Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC,
			Price: market.MustPrice("140000000"), Quantity: market.MustQuantity("0.01"),
		},
		Action: message.ActionSend, Status: message.OrderSent,
	}
	if change != nil {
		change(&f)
	}
	return w.event(f)
}

func (w *world) event(f message.OrderEventFields) message.OrderEvent {
	w.t.Helper()
	e, err := message.NewOrderEvent(f)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// place places an order and returns its id.
func (w *world) place(change func(*message.OrderEventFields)) (message.OrderEvent, message.ClientOrderID) {
	e := w.order(change)
	w.open[e.Fields().ClientOrderID] = e.Fields()
	w.gateway.Place(e)
	return e, e.Fields().ClientOrderID
}

// recovers asks how the account stands and returns the error of the answer.
func (w *world) recovers(open ...message.OrderEvent) error {
	w.t.Helper()
	w.heard.mu.Lock()
	before := len(w.heard.recovered)
	w.heard.mu.Unlock()
	w.gateway.Recover(open)
	w.heard.until(w.t, "recovered", func() bool { return len(w.heard.recovered) > before })
	w.heard.mu.Lock()
	defer w.heard.mu.Unlock()
	return w.heard.recovered[before]
}

// idle waits until no request is under way.
func (w *world) idle() {
	w.t.Helper()
	poll(w.t, "no request is under way", func() bool {
		w.gateway.calls.Lock()
		defer w.gateway.calls.Unlock()
		return w.gateway.underWay == 0
	})
}

func (w *world) uuid(client message.ClientOrderID) string {
	w.t.Helper()
	o, ok := w.server.Order(string(client))
	if !ok {
		w.t.Fatalf("the venue has no order %s", client)
	}
	return o.UUID
}

func (w *world) execute(client message.ClientOrderID, price, volume string) {
	w.t.Helper()
	if err := w.server.Execute(w.uuid(client), price, volume, true); err != nil {
		w.t.Fatal(err)
	}
}

// agrees checks that what was told of every order is what the ledger has, to the last decimal, that each
// was placed at most once, and that balances are those of the ledger if they were asked for.
func (w *world) agrees() {
	w.t.Helper()
	for _, o := range w.server.Orders() {
		if o.Identifier == "" {
			continue
		}
		client := message.ClientOrderID(o.Identifier)
		quantity, fees := w.heard.executed(client)
		if quantity != o.Executed || fees != o.Paid {
			w.t.Errorf("%s: told %v executed for %v, the ledger has %v for %v\n%s", client, quantity, fees, o.Executed, o.Paid, lines(w.heard.of(client)))
		}
	}
	for client := range w.open {
		if n := w.server.Placed(string(client)); n > 1 {
			w.t.Errorf("%s was sent %d times", client, n)
		}
	}
}

// actions returns the actions of reports, for a look at their order.
func actions(reports []message.ExecutionReportFields) (out []string) {
	for _, f := range reports {
		out = append(out, f.Action.String())
	}
	return out
}

func has(reports []message.ExecutionReportFields, a message.OrderAction) bool {
	return slices.ContainsFunc(reports, func(f message.ExecutionReportFields) bool { return f.Action == a })
}
