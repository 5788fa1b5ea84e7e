package node

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/actors/state"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/store/journal"
	"github.com/maru-trading/maru/cmd/internal/history"
	"github.com/maru-trading/maru/cmd/internal/ledger"
	"github.com/maru-trading/maru/config"
	"github.com/maru-trading/maru/remote/wire"
	"github.com/maru-trading/maru/web"
	"github.com/maru-trading/maru/web/access"
	"github.com/maru-trading/maru/web/client"
)

const embedded = `
[[venue]]
name = "sim"
[venue.sim]
seed = 5
events_per_second = 2000
[[account]]
name = "paper"
latency = "1ms"
[account.balance]
KRW = "5000000"
`

// caller returns a client of the node, and waits until the account's gateway runs.
func caller(t *testing.T, n *Node) *client.Client {
	t.Helper()
	e, err := access.ReadEndpoint(n.cfg.Node.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	if e.URL != n.URL() || e.PID != os.Getpid() {
		t.Errorf("the node says that it answers at %+v", e)
	}
	token, err := access.ReadToken(e.TokenFile)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(e.URL, token)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the gateway runs", func() bool {
		all, err := c.Accounts(t.Context())
		return err == nil && len(all) == 1 && all[0].Waiting == "" && all[0].Reconciling == ""
	})
	return c
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !ok(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, deadline)
		}
	}
}

// refusedWith checks how the API refused.
func refusedWith(t *testing.T, err error, code int, says string) {
	t.Helper()
	var e *client.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Reason, says) {
		t.Errorf("%v, want %d that says %q", err, code, says)
	}
}

// left writes what an earlier run of the account left in its journal.
func left(t *testing.T, cfg *config.Config, events ...message.OrderEventFields) {
	t.Helper()
	c := journal.DefaultConfig(history.JournalDir(cfg.Node.DataDir, "paper"))
	if err := os.MkdirAll(filepath.Dir(c.Dir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(cfg.Node.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range events {
		f.Seq, f.Time, f.Account = uint64(i+1), market.Milliseconds(1_700_000_000_000+int64(i)), "paper"
		e, err := message.NewOrderEvent(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := wire.Marshal(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.Append(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(j.Sync(), j.Close()); err != nil {
		t.Fatal(err)
	}
}

// halfSent is an order of which the journal says that it was sent, and nothing after.
func halfSent(n string) (create, send message.OrderEventFields) {
	create = message.OrderEventFields{Strategy: "gone", IntentSeq: 1, ClientOrderID: message.ClientOrderID("paper-1-" + n), Instrument: market.MustInstrument("sim", "BTC-KRW"),
		OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: market.MustPrice("1000000"), Quantity: market.MustQuantity("0.5")},
		DecidedAt:  market.Milliseconds(1_699_999_999_999), LeavesQuantity: market.MustQuantity("0.5"),
		Action: message.ActionCreate, Status: message.OrderCreated, Reason: "size: even → bids"}
	send = create
	send.Action, send.Status, send.Reason = message.ActionSend, message.OrderSent, ""
	return create, send
}

// TestControlOfAnOrder: what an earlier run left open is listed, told of, and settled or not, and the
// answers agree with the journal.
func TestControlOfAnOrder(t *testing.T) {
	cfg := parse(t, embedded)
	create, send := halfSent("1")
	left(t, cfg, create, send)
	n := start(t, cfg)
	c := caller(t, n)
	ctx := t.Context()

	var o web.OrderState
	until(t, "the order settled", func() bool {
		all, err := c.Orders(ctx, web.OrderQuery{Account: "paper", Instrument: "BTC-KRW"})
		if err != nil {
			t.Fatal(err)
		}
		if len(all) == 1 {
			o = all[0]
		}
		return len(all) == 1 && o.Status == message.OrderRejected.String()
	})
	for _, id := range []string{"paper-1-1", "gone/1"} {
		w, err := c.Why(ctx, id)
		if err != nil || w.Order.ID != "paper-1-1" || w.Reason != "size: even → bids" || len(w.Steps) < 5 {
			t.Errorf("%s: %+v, %v", id, w, err)
		}
	}
	for _, id := range []string{"paper-1-2", "gone/2", "gone/0", "a b%2Fc"} {
		_, err := c.Why(ctx, id)
		refusedWith(t, err, http.StatusNotFound, "")
	}
	for _, id := range []string{"", "/", "/1", "gone/", "gone/1/2", "gone/x", ".", "..", "../1"} {
		if _, err := c.Why(ctx, id); err == nil || !strings.Contains(err.Error(), "want a client order id") {
			t.Errorf("%q: %v", id, err)
		}
	}
	for q, says := range map[web.OrderQuery]string{
		{Status: "open"}: "want one of created", {Account: "other"}: "there are paper", {Instrument: "BTCKRW"}: "BTCKRW", {Instrument: "x:y:z"}: "x:y:z",
	} {
		_, err := c.Orders(ctx, q)
		var e *client.Error
		if !errors.As(err, &e) || !strings.Contains(e.Reason, says) {
			t.Errorf("%+v: %v, want it to say %s", q, err, says)
		}
	}
	for q, want := range map[web.OrderQuery]int{{Instrument: "sim:BTC-KRW"}: 1, {Instrument: "ETH-KRW"}: 0, {Status: o.Status}: 1, {Status: "held"}: 0, {Limit: 1}: 1} {
		if all, err := c.Orders(ctx, q); err != nil || len(all) != want {
			t.Errorf("%+v: %d orders, want %d, %v", q, len(all), want, err)
		}
	}

	_, err := c.Cancel(ctx, "paper-1-7", web.CancelRequest{Reason: "x"})
	refusedWith(t, err, http.StatusNotFound, "is not known")
	_, err = c.Resolve(ctx, "paper-1-1", web.ResolveRequest{As: "filled", Price: "-1", Quantity: "1", Reason: "x"})
	refusedWith(t, err, http.StatusBadRequest, "above zero")
	_, err = c.Resolve(ctx, "gone/1", web.ResolveRequest{As: "expired", Reason: "asked support"})
	refusedWith(t, err, http.StatusConflict, "only what is unknown")
	_, err = c.Cancel(ctx, "gone/1", web.CancelRequest{Reason: "x"})
	refusedWith(t, err, http.StatusConflict, "nothing to cancel")
}

// mute is a venue that takes requests and never says what became of them.
type mute struct{ replies order.Replies }

func (m *mute) Support() message.OrderSupport { return message.OrderSupport{ClientOrderIDs: true} }
func (m *mute) Place(message.OrderEvent)      {}
func (m *mute) Cancel(message.OrderEvent)     {}
func (m *mute) Amend(message.OrderEvent)      {}
func (m *mute) Recover([]message.OrderEvent) {
	b, err := message.NewBalance(message.BalanceFields{Time: 5, Account: "paper", Currency: "KRW", Free: market.Amount{Decimal: market.MustDecimal("7")}})
	if err == nil {
		m.replies.Balance(b)
	}
	m.replies.Recovered(errors.New("the venue is closed"))
}

type nothing struct{}

func (nothing) Save([]message.Bar) int { return 0 }
func (nothing) Add(feeder.DeadLetter)  {}

// muted is the control of an account at a mute venue, with these events in its journal.
func muted(t *testing.T, events ...message.OrderEventFields) control {
	t.Helper()
	cfg := parse(t, embedded)
	left(t, cfg, events...)
	l, err := ledger.Open(journal.DefaultConfig(history.JournalDir(cfg.Node.DataDir, "paper")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	n := &Node{cfg: cfg, log: quiet, metrics: telemetry.New("test"), mode: "paper"}
	view, writer, err := n.openView(filepath.Join(cfg.Node.DataDir, "maru.db"), map[message.AccountName]*ledger.Ledger{"paper": l})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { writer.Close(); _ = view.Close() })
	account := order.DefaultConfig()
	account.Account, account.Venue, account.Epoch = "paper", "sim", 1
	account.Listings = []market.Listing{{Instrument: market.MustInstrument("sim", "BTC-KRW")}}
	tree, err := actors.Start(actors.Config{State: state.DefaultConfig(), Mailboxes: n.mailboxes(), Accounts: []actors.Account{{
		Config: account, Open: l.Lend, History: func() iter.Seq2[message.OrderEvent, error] { return l.After(0) },
		Venue: func(r order.Replies) (order.Venue, error) { return &mute{replies: r}, nil },
	}}}, actors.Deps{Env: system.Live(quiet), Dispatcher: actors.LiveDispatcher(), Metrics: n.metrics, Bars: nothing{}, DeadLetters: nothing{}, View: writer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		if err := tree.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	n.tree.Store(tree)
	c := control{n, view, writer.Flush}
	until(t, "the gateway asked its venue", func() bool {
		all, err := c.Accounts(t.Context())
		return err == nil && strings.Contains(all[0].Reconciling, "closed")
	})
	writer.Flush()
	return c
}

// TestControlOfTheUnknown: what nobody knows stays unknown, is told of, and ends with a person's
// word, once.
func TestControlOfTheUnknown(t *testing.T) {
	create, send := halfSent("1")
	c := muted(t, create, send)
	ctx := t.Context()
	all, err := c.Accounts(ctx)
	if err != nil || len(all) != 1 || len(all[0].Unknown) != 1 || all[0].Unknown[0] != "paper-1-1" || all[0].Open["unknown"] != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	if b := all[0].Balances; len(b) != 1 || b[0].Currency != "KRW" || b[0].Free != "7" || b[0].Locked != "0" || b[0].Time == nil {
		t.Errorf("balances %+v", b)
	}
	w, err := c.Why(ctx, "paper-1-1")
	if err != nil || !strings.Contains(w.Outcome, "maru orders resolve paper-1-1") || w.Order.Status != "unknown" {
		t.Errorf("%+v, %v", w, err)
	}
	orders, err := c.Orders(ctx, web.OrderQuery{Status: "unknown", Open: true})
	if err != nil || len(orders) != 1 {
		t.Errorf("%+v, %v", orders, err)
	}
	canceling, err := c.Cancel(ctx, "paper-1-1", web.CancelRequest{Reason: "x"})
	if err != nil || canceling.Status != "unknown" {
		t.Errorf("a cancel does not end it: %+v, %v", canceling, err)
	}
	var e *web.Error
	for _, r := range []web.ResolveRequest{
		{As: "filled", Price: "1000000", Quantity: "0.4", Reason: "too little"}, {As: "accepted", Reason: "it ends with that"},
		{As: "canceled", Price: "1", Reason: "of nothing"}, {As: "lost", Reason: "no status"}, {As: "filled", Price: "x", Reason: "no number"},
	} {
		if o, err := c.Resolve(ctx, "paper-1-1", r); !errors.As(err, &e) || e.Code != http.StatusConflict && e.Code != http.StatusBadRequest {
			t.Errorf("%+v: %+v, %v", r, o, err)
		}
	}
	o, err := c.Resolve(ctx, "gone/1", web.ResolveRequest{As: "filled", Price: "999999.5", Quantity: "0.5", Reason: "seen on their page"})
	if err != nil || o.Status != "filled" || o.Filled != "0.5" || o.AveragePrice != "999999.5" {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := c.Resolve(ctx, "gone/1", web.ResolveRequest{As: "canceled", Reason: "again"}); !errors.As(err, &e) || e.Code != http.StatusConflict {
		t.Errorf("twice: %v", err)
	}
	positions, err := c.Positions(ctx)
	if err != nil || len(positions) != 1 || positions[0].Quantity != "0.5" {
		t.Errorf("positions %+v, %v", positions, err)
	}
	audit, err := history.Check(c.n.cfg.Node.DataDir, "paper", 100, nil)
	if err != nil || !audit.OK {
		t.Errorf("the journal: %+v, %v", audit, err)
	}
}

// TestControlOfAnAccount: halts are on disk when they are answered, and survive a restart.
func TestControlOfAnAccount(t *testing.T) {
	cfg := parse(t, embedded)
	n := start(t, cfg)
	c := caller(t, n)
	ctx := t.Context()
	if _, err := c.Halt(ctx, "papier", web.HaltRequest{Reason: "x"}); err == nil {
		t.Error("an account that is not there was halted")
	} else {
		refusedWith(t, err, http.StatusNotFound, "there are paper")
	}
	a, err := c.Halt(ctx, "paper", web.HaltRequest{Reason: "for lunch", Flatten: true})
	if err != nil || a.Halted != "for lunch" || a.Mode != "paper" || a.Venue != "sim" {
		t.Errorf("halted: %+v, %v", a, err)
	}
	halted := false
	for e, err := range history.Events(cfg.Node.DataDir, "paper") {
		if err != nil {
			t.Fatal(err)
		}
		f := e.Fields()
		halted = halted || f.Action == message.ActionHalt && f.Reason == "for lunch"
	}
	if !halted {
		t.Error("the halt was answered and is not in the journal")
	}
	stop(t, n)
	if _, err := access.ReadEndpoint(cfg.Node.DataDir); !errors.Is(err, access.ErrNotRunning) {
		t.Errorf("after the end: %v", err)
	}

	n = start(t, cfg)
	c = caller(t, n)
	all, err := c.Accounts(ctx)
	if err != nil || len(all) != 1 || all[0].Halted != "for lunch" {
		t.Errorf("after a restart: %+v, %v", all, err)
	}
	if a, err = c.Resume(ctx, "paper", web.ResumeRequest{Reason: "back"}); err != nil || a.Halted != "" {
		t.Errorf("resumed: %+v, %v", a, err)
	}
	audit, err := history.Check(cfg.Node.DataDir, "paper", cfg.Limits.OrderHistoryMax, nil)
	if err != nil || !audit.OK {
		t.Errorf("the journal: %+v, %v", audit, err)
	}
}

// TestControlAtOnce: many people at once get an answer each, and the last word counts.
func TestControlAtOnce(t *testing.T) {
	n := start(t, parse(t, embedded))
	c := caller(t, n)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 20 {
				var err error
				switch i % 4 {
				case 0:
					_, err = c.Halt(t.Context(), "paper", web.HaltRequest{Reason: "one"})
				case 1:
					_, err = c.Resume(t.Context(), "paper", web.ResumeRequest{Reason: "other"})
				case 2:
					_, err = c.Accounts(t.Context())
				default:
					_, err = c.Orders(t.Context(), web.OrderQuery{})
				}
				if err != nil {
					t.Errorf("%d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	if a, err := c.Halt(t.Context(), "paper", web.HaltRequest{Reason: "last"}); err != nil || a.Halted == "" {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestControlOfAReplay: nobody changes what a recording leads to.
func TestControlOfAReplay(t *testing.T) {
	cfg := parse(t, embedded)
	n := start(t, cfg)
	caller(t, n)
	c := control{n: &Node{cfg: cfg, mode: "replay"}}
	_, err := c.Halt(context.Background(), "paper", web.HaltRequest{Reason: "x"})
	var e *web.Error
	if !errors.As(err, &e) || e.Code != http.StatusConflict || !strings.Contains(e.Reason, "recording") {
		t.Errorf("%v", err)
	}
	c.n.mode = "paper" // and starting
	if _, err := c.Halt(context.Background(), "paper", web.HaltRequest{Reason: "x"}); !errors.As(err, &e) || e.Code != http.StatusServiceUnavailable {
		t.Errorf("%v", err)
	}
	all, err := c.Accounts(context.Background())
	if err != nil || len(all) != 1 || !strings.Contains(all[0].Waiting, "starting") {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestTokenFile: a node does not start with a token that others can read, and takes one from where
// the configuration says.
func TestTokenFile(t *testing.T) {
	cfg := parse(t, embedded)
	cfg.HTTP.TokenFile = filepath.Join(t.TempDir(), "mine")
	token, err := access.LoadToken(cfg.HTTP.TokenFile)
	if err != nil {
		t.Fatal(err)
	}
	n := start(t, cfg)
	c, err := client.New(n.URL(), token)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "a halt", func() bool {
		_, err := c.Halt(t.Context(), "paper", web.HaltRequest{Reason: "x"})
		return err == nil
	})
	if _, err := os.Stat(filepath.Join(cfg.Node.DataDir, access.TokenFile)); err == nil {
		t.Error("a second token was made")
	}
	stop(t, n)
	if err := os.Chmod(cfg.HTTP.TokenFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(Options{Config: cfg, Version: "test", Log: quiet}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("with a token that anybody can read: %v", err)
	}
}
