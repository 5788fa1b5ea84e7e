package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// TestMigrateFrom1: what a view of schema version 1 holds is kept, and goes on from there.
func TestMigrateFrom1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "maru.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for _, stmt := range []string{migrations[0], "PRAGMA user_version = 1",
		// As version 1 wrote them: an order's creation, a note on the account, a denial.
		`INSERT INTO order_events VALUES ('main', 1, 5, 's', 7, 'main-1-1', '', 'sim', 'BTC-KRW', 'buy', 'limit', 'gtc', '91234000.5', '0.5', 4,
			'create', 'created', 'wide → tight', '', '0', '0', '0', '0.5', '0', '0', '', 0)`,
		`INSERT INTO order_events VALUES ('main', 2, 6, '', 0, '', '', 'sim', 'UNKNOWN-UNKNOWN', '-', '-', '-', '0', '0', 0,
			'journal', 'journaled', 'halt: by hand', '', '0', '0', '0', '0', '0', '0', '', 0)`,
		`INSERT INTO orders VALUES ('main-1-1', 5, 'main', 1, 5, 's', 7, 'main-1-1', '', 'sim', 'BTC-KRW', 'buy', 'limit', 'gtc', '91234000.5', '0.5', 4,
			'create', 'created', 'wide → tight', '', '0', '0', '0', '0.5', '0', '0', '', 0)`,
		`INSERT INTO bars VALUES ('sim', 'BTC-KRW', 60000000000, 0, '1', '1', '1', '1', '1', '1', 1, 1, 0, 60000000000)`,
	} {
		if _, err := db.ExecContext(ctx, stmt); err != nil {
			t.Fatalf("%.60s: %v", stmt, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	v, err := Open(DefaultConfig(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	create := message.OrderEventFields{Seq: 1, Time: 5, Account: "main", Strategy: "s", IntentSeq: 7, ClientOrderID: "main-1-1",
		Instrument: market.MustInstrument("sim", "BTC-KRW"), DecidedAt: 4,
		OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC,
			Price: market.MustPrice("91234000.5"), Quantity: market.MustQuantity("0.5")},
		Action: message.ActionCreate, Status: message.OrderCreated, Reason: "wide → tight", LeavesQuantity: market.MustQuantity("0.5")}
	note := message.OrderEventFields{Seq: 2, Time: 6, Account: "main", Instrument: market.MustInstrument("sim", "UNKNOWN-UNKNOWN"),
		Action: message.ActionJournal, Status: message.OrderJournaled, Reason: "halt: by hand"}
	expect := func(what string, got []message.OrderEvent, err error, want ...message.OrderEventFields) {
		t.Helper()
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %v, %v; want %d", what, got, err, len(want))
		}
		for i := range got {
			if got[i].Fields() != want[i] {
				t.Errorf("%s %d:\n got %+v\nwant %+v", what, i, got[i].Fields(), want[i])
			}
		}
	}
	events, err := v.OrderEvents(OrderFilter{})
	expect("events", events, err, note, create)
	orders, err := v.Orders(OrderFilter{})
	expect("orders", orders, err, create)
	notes, err := v.OrderEvents(OrderFilter{OfAccount: true})
	expect("events of the account", notes, err, note)
	if bars, err := v.Bars(create.Instrument, 60e9, 0, 0, 0); err != nil || len(bars) != 1 {
		t.Errorf("bars: %v, %v", bars, err)
	}

	send := create
	send.Seq, send.Time, send.Action, send.Status, send.Reason, send.ValidUntil, send.TickAt = 3, 7, message.ActionSend, message.OrderSent, "", 1000, 3
	e, err := message.NewOrderEvent(send)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.ApplyOrderEvents([]message.OrderEvent{e}); err != nil {
		t.Fatal(err)
	}
	orders, err = v.Orders(OrderFilter{Open: true})
	expect("orders after the next event", orders, err, send)
	var created int64
	if err := v.read.QueryRow("SELECT created_at FROM orders").Scan(&created); err != nil || created != 5 {
		t.Errorf("created at %d, %v; want 5", created, err)
	}
}
