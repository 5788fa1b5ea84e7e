package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/store/sqlite"
	"github.com/maru-trading/maru/remote/wire/messagetest"
)

// TestEventsOfAnyKind: whatever an event may hold comes back from the view as it went in.
func TestEventsOfAnyKind(t *testing.T) {
	v := open(t)
	seq := uint64(0)
	generator := messagetest.Generators()[message.KindOrderEvent]
	rapid.Check(t, func(t *rapid.T) {
		drawn, ok := generator.Draw(t, "event").(message.OrderEvent)
		if !ok {
			t.Fatal("the generator draws no order event")
		}
		seq++
		f := drawn.Fields()
		f.Account, f.Seq = "main", seq
		e, err := message.NewOrderEvent(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.ApplyOrderEvents([]message.OrderEvent{e}); err != nil {
			t.Fatal(err)
		}
		got, err := v.OrderEvents(sqlite.OrderFilter{Account: "main", Limit: 1})
		if err != nil || len(got) != 1 || got[0] != e {
			t.Fatalf("got %v, %v\nwant %v", got, err, e)
		}
		account, err := v.OrderEvents(sqlite.OrderFilter{OfAccount: true, Action: f.Action, Limit: 1})
		ofAccount := f.Action.OfAccount() || f.Action == message.ActionJournal // which notes once were
		if err != nil || ofAccount != (len(account) == 1 && account[0] == e) {
			t.Fatalf("%v among the account's: %v, %v", f.Action, account, err)
		}
	})
}

// TestAccountEvents: what happens to an account is no order, and can be asked for, also in SQL.
func TestAccountEvents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "maru.db")
	v, err := sqlite.Open(sqlite.DefaultConfig(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	events := eventsTo(t, "main", 1, 2) // an order, accepted
	id := events[0].Fields().ClientOrderID
	for _, f := range []message.OrderEventFields{
		{Action: message.ActionHalt, Reason: "by hand"},
		{Action: message.ActionAnomaly, ClientOrderID: id, Reason: "overfill"}, // names an order, and changes none
		{Action: message.ActionBalance, Currency: "KRW", Amount: market.Amount{Decimal: market.MustDecimal("-15.79")}},
		{Action: message.ActionEquity, Currency: "KRW", Amount: market.Amount{Decimal: market.MustDecimal("1000000")}},
		{Action: message.ActionReconcile},
		{Action: message.ActionResume, Reason: "looked at"},
	} {
		f.Account, f.Instrument, f.Status = "main", market.MustInstrument("sim", "UNKNOWN-UNKNOWN"), message.OrderJournaled
		f.Seq, f.Time = uint64(len(events)+1), market.Timestamp(1_700_000_000_000_001_000+len(events))
		e, err := message.NewOrderEvent(f)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	if err := v.ApplyOrderEvents(events); err != nil {
		t.Fatal(err)
	}
	orders, err := v.Orders(sqlite.OrderFilter{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "orders", orders, events[1:2])
	get := func(f sqlite.OrderFilter) []message.OrderEvent {
		t.Helper()
		got, err := v.OrderEvents(f)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	same(t, "of the account", get(sqlite.OrderFilter{Account: "main", OfAccount: true}),
		[]message.OrderEvent{events[7], events[6], events[5], events[4], events[3], events[2]})
	same(t, "halts", get(sqlite.OrderFilter{Action: message.ActionHalt}), events[2:3])
	same(t, "equity", get(sqlite.OrderFilter{Action: message.ActionEquity, OfAccount: true}), events[5:6])

	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var n int
	if err := db.QueryRow("SELECT count(*) FROM account_events").Scan(&n); err != nil || n != 6 {
		t.Errorf("%d account events in SQL, %v; want 6", n, err)
	}
	var currency, amount string
	if err := db.QueryRow("SELECT currency, amount FROM balance_changes").Scan(&currency, &amount); err != nil || currency != "KRW" || amount != "-15.79" {
		t.Errorf("balance changes in SQL: %s %s, %v", amount, currency, err)
	}
}
