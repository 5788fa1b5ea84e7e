package order

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/risk"
)

func TestClientOrderID(t *testing.T) {
	allowed := regexp.MustCompile(`^[a-zA-Z0-9-_]{1,36}$`)
	for _, c := range []struct {
		account  message.AccountName
		epoch, n uint64
		want     message.ClientOrderID
	}{
		{"main", 1, 1, "main-1-1"},
		{"a_B9", 36, 1295, "a_B9-10-zz"},
		{"abcdefghijklmnopqr", epochMax, orderMax, "abcdefghijklmnopqr-zzzzzz-zzzzzzzzzz"},
	} {
		got := ClientOrderID(c.account, c.epoch, c.n)
		if got != c.want || !allowed.MatchString(string(got)) {
			t.Errorf("ClientOrderID(%s, %d, %d) = %s, want %s", c.account, c.epoch, c.n, got, c.want)
		}
		if account, epoch, n, ok := ParseClientOrderID(got); !ok || account != c.account || epoch != c.epoch || n != c.n {
			t.Errorf("ParseClientOrderID(%s) = %s, %d, %d, %t", got, account, epoch, n, ok)
		}
	}
	for _, bad := range []message.ClientOrderID{"", "main", "main-1", "main-1-1-1", "main-0-1", "main-1-0", "main-01-1", "main-1-A",
		"ma.in-1-1", "-1-1", "main-1000000-1", "main-1-10000000000", "main-+1-1", "main-1-1 "} {
		if _, _, _, ok := ParseClientOrderID(bad); ok {
			t.Errorf("%q reads as one of ours", bad)
		}
	}
}

func TestConfig(t *testing.T) {
	if err := testConfig().Validate(); err != nil {
		t.Fatal(err)
	}
	cfg := Config{Account: "a-b", Epoch: epochMax + 1, HistoryMax: 1_000_001, ReconcileEvery: time.Millisecond, OnDifference: "shrug",
		Limits: risk.Limits{Collar: market.MustDecimal("2")}, Listings: []market.Listing{
			{}, {Instrument: market.MustInstrument("other", "BTC-USD")},
		}}
	err := cfg.Validate()
	if !errors.Is(err, ErrConfig) {
		t.Fatal(err)
	}
	for _, want := range []string{"account", "venue", "epoch", "open_orders_max", "queue_max", "history_max", "reconcile_every", "on_difference", "collar", "listing 0", "other:BTC-USD", "not of venue"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in:\n%v", want, err)
		}
	}
	cfg = testConfig()
	cfg.Listings = append(cfg.Listings, cfg.Listings[0])
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "given twice") {
		t.Errorf("a listing given twice: %v", err)
	}
	cfg = testConfig()
	cfg.Listings[1].LotSize = market.Quantity{Decimal: market.MustDecimal("-1")}
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "must not be negative") {
		t.Errorf("a lot size below zero: %v", err)
	}
	if _, err := New(Config{}); !errors.Is(err, ErrConfig) {
		t.Errorf("New of nothing: %v", err)
	}
}

// TestRecoverRefuses: a journal that cannot be followed is named, not repaired.
func TestRecoverRefuses(t *testing.T) {
	n := newNode(t, testConfig()).ready()
	n.do(n.core.Intend(mustIntent(t, intentFields(1))))
	n.syncAll()
	id := ClientOrderID("main", 1, 1)
	n.do(n.core.Report(mustReport(t, message.ExecutionReportFields{ClientOrderID: id, VenueOrderID: "v1", Action: message.ActionAccept})))
	n.do(n.core.Report(mustReport(t, fillReport(id, "e1", "0.5", "100"))))
	n.do(n.core.Report(mustReport(t, fillReport(id, "e2", "0.5", "100"))))
	n.syncAll()
	good := n.disk // create, send, accept, fill, fill
	if len(good) != 5 {
		t.Fatalf("%d events", len(good))
	}
	change := func(i int, edit func(*message.OrderEventFields)) []message.OrderEvent {
		events := slices.Clone(good)
		f := events[i].Fields()
		edit(&f)
		events[i] = must(message.NewOrderEvent(f))
		return events
	}
	cases := map[string][]message.OrderEvent{
		"it follows event 0":              good[1:],
		"it follows event 2":              slices.Delete(slices.Clone(good), 2, 3),
		`it is of account "other"`:        change(0, func(f *message.OrderEventFields) { f.Account = "other" }),
		"its id is none of main":          change(0, func(f *message.OrderEventFields) { f.ClientOrderID = "hello" }),
		"under epoch 2":                   change(0, func(f *message.OrderEventFields) { f.ClientOrderID = "main-2-1" }),
		"a created order is sent":         change(0, func(f *message.OrderEventFields) { f.Status = sent }),
		"the order's quantity changed":    change(2, func(f *message.OrderEventFields) { f.Quantity = market.MustQuantity("3") }),
		"the order's side changed":        change(2, func(f *message.OrderEventFields) { f.Side = market.Sell }),
		"the order's price changed":       change(2, func(f *message.OrderEventFields) { f.Price = market.MustPrice("99") }),
		"leads to accepted, not to":       change(2, func(f *message.OrderEventFields) { f.Status = canceled }),
		"executions add up to":            change(3, func(f *message.OrderEventFields) { f.LastQuantity = market.MustQuantity("0.7") }),
		"is counted twice":                change(4, func(f *message.OrderEventFields) { f.ExecID = "e1" }),
		"its order was never created":     change(2, func(f *message.OrderEventFields) { f.ClientOrderID, f.IntentSeq = "main-1-9", 9 }),
		`its order has the id "main-1-1"`: change(2, func(f *message.OrderEventFields) { f.ClientOrderID = "main-1-9" }),
		"leads to partially_filled, not ": change(3, func(f *message.OrderEventFields) { f.Status = filled }),
		"intent s/1 stands in the journal already": append(slices.Clone(good), must(message.NewOrderEvent(func() message.OrderEventFields {
			f := good[0].Fields()
			f.Seq, f.ClientOrderID = 6, "main-1-2"
			return f
		}()))),
		"order number 1 is not above 1": append(slices.Clone(good), must(message.NewOrderEvent(func() message.OrderEventFields {
			f := good[0].Fields()
			f.Seq, f.IntentSeq = 6, 2
			return f
		}()))),
	}
	for want, events := range cases {
		core, err := New(testConfig())
		if err != nil {
			t.Fatal(err)
		}
		if err := core.Recover(slices.Values(events)); !errors.Is(err, ErrJournal) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	core, err := New(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	if err := core.Recover(slices.Values(good)); err != nil {
		t.Fatal(err)
	}
	if err := core.Recover(slices.Values(good)); err == nil {
		t.Error("a second Recover was taken")
	}
}

// TestDisconnects: however often the line is cut, there is one question at a time.
func TestDisconnects(t *testing.T) {
	n := newNode(t, testConfig()).ready()
	asked := 0
	for range 50 {
		n.do(n.core.Disconnected("cut", n.now))
		asked += len(n.acts)
		n.syncAll()
	}
	if asked != 1 {
		t.Fatalf("the venue was asked %d times", asked)
	}
	n.do(n.core.Recovered(nil, n.now))
	if n.core.Reconciling() == "" || len(n.acts) != 1 {
		t.Fatalf("an answer from before the cut was taken for all: %q, %v", n.core.Reconciling(), n.acts)
	}
	n.do(n.core.Recovered(nil, n.now))
	if n.core.Reconciling() != "" {
		t.Fatalf("still %q", n.core.Reconciling())
	}
}

// TestChainOfAmendments: an order that is made anew for ever holds on to no more than the history.
func TestChainOfAmendments(t *testing.T) {
	cfg := testConfig()
	cfg.HistoryMax = 10
	support := testSupport()
	support.Amend = message.AmendNone
	n := newNodeAt(t, cfg, support).ready()
	n.do(n.core.Intend(mustIntent(t, intentFields(1))))
	for seq := uint64(2); seq < 100; seq++ {
		n.syncAll()
		id := ClientOrderID("main", 1, seq-1)
		n.do(n.core.Report(mustReport(t, message.ExecutionReportFields{ClientOrderID: id, Action: message.ActionAccept})))
		n.do(n.core.Amend(must(message.NewAmendIntent(message.AmendIntentFields{ID: message.IntentID{Strategy: "s", Seq: seq}, OrderSeq: seq - 1, Account: "main",
			Price: market.MustPrice([]string{"99", "98"}[seq%2])}))))
		n.syncAll()
		n.do(n.core.Report(mustReport(t, message.ExecutionReportFields{ClientOrderID: id, Action: message.ActionCancel})))
	}
	open := n.core.orders.open()
	if len(open) != 1 || open[0].f.IntentSeq != 99 {
		t.Fatalf("open are %d orders: %v", len(open), n.core.Open())
	}
	length := 0
	for o := open[0]; o != nil; o = o.replaces {
		length++
	}
	if length > cfg.HistoryMax+1 || len(n.core.orders.byIntent) > cfg.HistoryMax+1 || len(n.core.orders.byAmend) > cfg.HistoryMax+1 {
		t.Errorf("%d orders hang together, %d and %d are known, of which %d were to be remembered", length, len(n.core.orders.byIntent), len(n.core.orders.byAmend), cfg.HistoryMax)
	}
}

// TestEpochs: a new epoch goes on counting, and shows in the ids.
func TestEpochs(t *testing.T) {
	n := newNode(t, testConfig()).ready()
	n.do(n.core.Intend(mustIntent(t, intentFields(1))))
	n.syncAll()
	n.cfg.Epoch = 7
	n.crash(0)
	n.ready()
	n.do(n.core.Intend(mustIntent(t, intentFields(2))))
	if got := n.events[0].Fields().ClientOrderID; got != "main-7-2" {
		t.Errorf("the second order is %s, want main-7-2", got)
	}
}

// TestLateFillOfForgottenOrder: a fill of an order that is no longer remembered halts; one that an
// earlier run with a longer memory counted is counted again at recovery.
func TestLateFillOfForgottenOrder(t *testing.T) {
	cfg := testConfig()
	cfg.HistoryMax = 10
	n := newNode(t, cfg).ready()
	for seq := range uint64(4) {
		n.do(n.core.Intend(mustIntent(t, intentFields(seq+1))))
		n.syncAll()
		n.do(n.core.Report(mustReport(t, message.ExecutionReportFields{ClientOrderID: ClientOrderID("main", 1, seq+1), Action: message.ActionExpire})))
	}
	n.do(n.core.Report(mustReport(t, fillReport("main-1-1", "late", "1", "100"))))
	n.syncAll()
	n.cfg.HistoryMax = 2
	n.crash(0)
	n.ready()
	if p, ok := n.core.Portfolio().Position("s", btc); !ok || p.Fields().Quantity.String() != "1" {
		t.Errorf("position %v, want 1", p)
	}
	if n.core.Halted() != "" {
		t.Errorf("halted: %s", n.core.Halted())
	}
	n.do(n.core.Report(mustReport(t, fillReport("main-1-1", "later", "1", "100"))))
	if !strings.Contains(n.core.Halted(), string(anomalyUnknownOrder)) {
		t.Errorf("halted %q, want %s", n.core.Halted(), anomalyUnknownOrder)
	}
}

// TestSlowDiskHalts: executions are never dropped; when they pile up before the disk the account halts.
func TestSlowDiskHalts(t *testing.T) {
	cfg := testConfig()
	cfg.QueueMax = 4
	n := newNode(t, cfg).ready()
	f := intentFields(1)
	f.Quantity = market.MustQuantity("100")
	n.do(n.core.Intend(mustIntent(t, f)))
	n.syncAll()
	for i := range 20 {
		n.do(n.core.Report(mustReport(t, fillReport("main-1-1", string(rune('a'+i)), "1", "100"))))
	}
	if !strings.Contains(n.core.Halted(), "wait for the journal") {
		t.Errorf("halted %q", n.core.Halted())
	}
	n.syncAll()
	if e, _ := n.core.Order(message.IntentID{Strategy: "s", Seq: 1}); e.Fields().CumQuantity.String() != "20" {
		t.Errorf("%v: want 20 executed", e)
	}
}

// TestOutbox: acts leave in order, none early, and room is given back.
func TestOutbox(t *testing.T) {
	var o outbox
	put, got := uint64(0), uint64(0)
	for round := range uint64(200) {
		for range 50 {
			put++
			o.put(Act{Kind: ActTell, After: put})
		}
		durable := round * 49
		for {
			a, ok := o.next(durable)
			if !ok {
				break
			}
			got++
			if a.After != got || a.After > durable {
				t.Fatalf("act %d left as number %d with %d durable", a.After, got, durable)
			}
		}
		if o.len() != int(put-got) {
			t.Fatalf("%d wait, want %d", o.len(), put-got)
		}
	}
	if got != 199*49 {
		t.Errorf("%d left", got)
	}
	if len(o.waiting) > 4096 {
		t.Errorf("%d slots for %d acts: room is not given back", len(o.waiting), o.len())
	}
}

// BenchmarkIntent measures an intent's way to the venue without the disk: intent, durable, place,
// accept, fill.
func BenchmarkIntent(b *testing.B) {
	cfg := testConfig()
	core, err := New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	core.Support(testSupport())
	core.Start(1)
	core.Durable(1, 1)
	core.Recovered(nil, 1)
	seq, _ := core.Seq()
	core.Durable(seq, 1)
	core.View(message.NewView(message.Origin{Instrument: btc, Received: 1}, message.Quote{Bid: market.MustPrice("100"), Ask: market.MustPrice("101")}, true, true, nil))
	fields := intentFields(1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		fields.ID.Seq = uint64(i + 1)
		intent, err := message.NewOrderIntent(fields)
		if err != nil {
			b.Fatal(err)
		}
		if out := core.Intend(intent); len(out.Append) != 1 || len(out.Acts) != 0 {
			b.Fatalf("%d events, %d acts", len(out.Append), len(out.Acts))
		}
		seq, _ := core.Seq()
		out := core.Durable(seq, 1)
		if len(out.Acts) < 2 || out.Acts[len(out.Acts)-1].Kind != ActPlace {
			b.Fatalf("not placed: %v", out.Acts)
		}
		id := out.Acts[len(out.Acts)-1].Event.Fields().ClientOrderID
		report, err := message.NewExecutionReport(message.ExecutionReportFields{ClientOrderID: id, Action: message.ActionFill, ExecID: "e",
			LastQuantity: fields.Quantity, LastPrice: fields.Price})
		if err != nil {
			b.Fatal(err)
		}
		if out := core.Report(report); len(out.Append) != 1 {
			b.Fatalf("%d events", len(out.Append))
		}
	}
}
