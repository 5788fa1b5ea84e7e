package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/store/sqlite"
)

var btc = market.MustInstrument("sim", "BTC-KRW")

func open(t testing.TB, change ...func(*sqlite.Config)) *sqlite.View {
	t.Helper()
	c := sqlite.DefaultConfig(filepath.Join(t.TempDir(), "maru.db"))
	for _, f := range change {
		f(&c)
	}
	v, err := sqlite.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

// event returns event seq of an account. Orders have three events each: create, accept, fill.
func event(t testing.TB, account message.AccountName, seq uint64) message.OrderEvent {
	t.Helper()
	order := (seq-1)/3 + 1
	f := message.OrderEventFields{
		Seq: seq, Time: market.Timestamp(1_700_000_000_000_000_000 + seq), Account: account, Strategy: "spread", IntentSeq: order,
		ClientOrderID: message.ClientOrderID(fmt.Sprintf("%s-1-%d", account, order)), Instrument: btc,
		OrderTerms:     message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: market.MustPrice("91234000.123456789012345678"), Quantity: market.MustQuantity("0.5")},
		LeavesQuantity: market.MustQuantity("0.5"),
		DecidedAt:      market.Timestamp(1_699_999_999_000_000_000), Action: message.ActionCreate, Status: message.OrderCreated, Reason: "wide → 'tight'",
	}
	switch (seq - 1) % 3 {
	case 1:
		f.Action, f.Status, f.VenueOrderID = message.ActionAccept, message.OrderAccepted, "v-1"
	case 2:
		f.Action, f.Status, f.VenueOrderID, f.ExecID = message.ActionFill, message.OrderFilled, "v-1", message.ExecID(fmt.Sprintf("x-%d", seq))
		f.LastPrice, f.LastQuantity = f.Price, f.Quantity
		f.CumQuantity, f.LeavesQuantity, f.AveragePrice = f.Quantity, market.Quantity{}, f.Price
		f.Fee, f.FeeCurrency, f.LastLiquidityAdd = market.Amount{Decimal: market.MustDecimal("-0.000000000000000001")}, "KRW", true
	}
	e, err := message.NewOrderEvent(f)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func eventsTo(t testing.TB, account message.AccountName, from, to uint64) []message.OrderEvent {
	var events []message.OrderEvent
	for seq := from; seq <= to; seq++ {
		events = append(events, event(t, account, seq))
	}
	return events
}

func same(t testing.TB, what string, got, want []message.OrderEvent) {
	t.Helper()
	fields := func(events []message.OrderEvent) (all []message.OrderEventFields) {
		for _, e := range events {
			all = append(all, e.Fields())
		}
		return all
	}
	if diff := cmp.Diff(fields(want), fields(got), cmp.Comparer(func(a, b market.Decimal) bool { return a == b }),
		cmp.Comparer(func(a, b market.Instrument) bool { return a == b })); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestOrders(t *testing.T) {
	v := open(t)
	all := eventsTo(t, "main", 1, 8) // two orders filled, a third accepted
	if err := v.ApplyOrderEvents(all); err != nil {
		t.Fatal(err)
	}
	if err := v.ApplyOrderEvents(eventsTo(t, "other", 1, 1)); err != nil {
		t.Fatal(err)
	}
	get := func(f sqlite.OrderFilter) []message.OrderEvent {
		t.Helper()
		got, err := v.Orders(f)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	same(t, "orders of main", get(sqlite.OrderFilter{Account: "main"}), []message.OrderEvent{all[7], all[5], all[2]})
	same(t, "newest order", get(sqlite.OrderFilter{Account: "main", Limit: 1}), all[7:])
	same(t, "open orders", get(sqlite.OrderFilter{Open: true}), []message.OrderEvent{all[7], event(t, "other", 1)})
	same(t, "filled", get(sqlite.OrderFilter{Status: message.OrderFilled}), []message.OrderEvent{all[5], all[2]})
	same(t, "by time", get(sqlite.OrderFilter{From: all[2].Fields().Time, To: all[5].Fields().Time}), all[2:3])
	same(t, "by id", get(sqlite.OrderFilter{ClientOrderID: "main-1-2"}), all[5:6])
	same(t, "by everything", get(sqlite.OrderFilter{Account: "main", Strategy: "spread", Instrument: btc, Open: true}), all[7:])
	same(t, "elsewhere", get(sqlite.OrderFilter{Instrument: market.MustInstrument("sim", "ETH-KRW")}), nil)
	fills, err := v.Executions(sqlite.OrderFilter{Account: "main"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "executions", fills, []message.OrderEvent{all[5], all[2]})
	fills, err = v.Executions(sqlite.OrderFilter{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "all executions", fills, []message.OrderEvent{all[5], all[2]})
	life, err := v.OrderEvents(sqlite.OrderFilter{ClientOrderID: "main-1-1"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "life of an order", life, []message.OrderEvent{all[2], all[1], all[0]})
}

func TestApplyIsIdempotentAndWhole(t *testing.T) {
	v := open(t)
	last := func(want uint64) {
		t.Helper()
		if got, err := v.LastSeq("main"); got != want || err != nil {
			t.Fatalf("LastSeq = %d, %v, want %d", got, err, want)
		}
	}
	last(0)
	// The journal may have been pruned: a new view begins anywhere.
	for _, batch := range [][]message.OrderEvent{eventsTo(t, "main", 4, 6), eventsTo(t, "main", 4, 6), eventsTo(t, "main", 1, 7), nil} {
		if err := v.ApplyOrderEvents(batch); err != nil {
			t.Fatal(err)
		}
	}
	last(7)
	var gap *sqlite.GapError
	err := v.ApplyOrderEvents(append(eventsTo(t, "main", 8, 9), event(t, "main", 12)))
	if !errors.As(err, &gap) || gap.Have != 9 || gap.Got != 12 {
		t.Fatalf("with a gap: %v", err)
	}
	last(7) // nothing of the batch
	got, err := v.OrderEvents(sqlite.OrderFilter{Account: "main"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "events", got, []message.OrderEvent{event(t, "main", 7), event(t, "main", 6), event(t, "main", 5), event(t, "main", 4)})
	if err := v.ApplyOrderEvents(eventsTo(t, "other", 1, 1)); err != nil {
		t.Fatal(err)
	}
	if err := v.Forget("main"); err != nil {
		t.Fatal(err)
	}
	last(0)
	if got, err := v.Orders(sqlite.OrderFilter{}); err != nil || len(got) != 1 {
		t.Fatalf("orders after forgetting main: %v, %v", got, err)
	}
}

func TestNotesAndDenials(t *testing.T) {
	v := open(t)
	note, err := message.NewOrderEvent(message.OrderEventFields{
		Seq: 1, Time: 5, Account: "main", Instrument: btc, Action: message.ActionJournal, Status: message.OrderJournaled, Reason: "halt: by hand",
	})
	if err != nil {
		t.Fatal(err)
	}
	denied, err := message.NewOrderEvent(message.OrderEventFields{
		Seq: 2, Time: 6, Account: "main", Strategy: "spread", IntentSeq: 9, Instrument: btc, OrderTerms: message.OrderTerms{Side: market.Sell, Type: market.Market, TimeInForce: market.IOC, Quantity: market.MustQuantity("1")},
		Action: message.ActionDeny, Status: message.OrderDenied, Reason: "halted",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.ApplyOrderEvents([]message.OrderEvent{note, denied}); err != nil {
		t.Fatal(err)
	}
	orders, err := v.Orders(sqlite.OrderFilter{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "orders", orders, []message.OrderEvent{denied})
	events, err := v.OrderEvents(sqlite.OrderFilter{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "events", events, []message.OrderEvent{denied, note})
}

func bar(t testing.TB, i market.Instrument, start int64, closing string, closed bool) message.Bar {
	t.Helper()
	price := market.MustPrice(closing)
	b, err := message.NewBar(message.BarFields{
		Origin:   message.Origin{Instrument: i, VenueTime: market.Seconds(start), Received: market.Seconds(start + 60)},
		Interval: time.Minute, Start: market.Seconds(start), Open: price, High: price, Low: price, Close: price,
		Volume: market.MustQuantity("0.1"), Turnover: market.Amount{Decimal: market.MustDecimal("12.5")}, Trades: 3, Closed: closed,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func prices(bars []message.Bar) string {
	var s []string
	for _, b := range bars {
		s = append(s, b.Fields().Close.String())
	}
	return strings.Join(s, " ")
}

func TestBars(t *testing.T) {
	v := open(t)
	eth := market.MustInstrument("sim", "ETH-KRW")
	save := func(bars ...message.Bar) {
		t.Helper()
		if err := v.SaveBars(bars); err != nil {
			t.Fatal(err)
		}
	}
	save(bar(t, btc, 0, "1", true), bar(t, btc, 60, "2", true), bar(t, btc, 120, "3", false), bar(t, eth, 60, "9", true))
	save(bar(t, btc, 120, "4", true))  // replaced
	save(bar(t, btc, 120, "5", false)) // a running bar does not replace a closed one
	save(bar(t, btc, 60, "6", true))
	for _, test := range []struct {
		from, to int64
		limit    int
		want     string
	}{{0, 0, 0, "1 6 4"}, {60, 0, 0, "6 4"}, {0, 120, 0, "1 6"}, {0, 0, 2, "6 4"}, {500, 0, 0, ""}} {
		got, err := v.Bars(btc, time.Minute, market.Seconds(test.from), market.Seconds(test.to), test.limit)
		if err != nil || prices(got) != test.want {
			t.Errorf("bars from %d to %d, at most %d: %q, %v, want %q", test.from, test.to, test.limit, prices(got), err, test.want)
		}
	}
	got, err := v.Bars(btc, time.Minute, 0, market.Seconds(60), 0)
	if err != nil || len(got) != 1 || got[0].Fields() != bar(t, btc, 0, "1", true).Fields() {
		t.Errorf("a bar came back as %v, %v", got, err)
	}
	if got, err := v.Bars(btc, time.Second, 0, 0, 0); err != nil || len(got) != 0 {
		t.Errorf("bars of another interval: %v, %v", got, err)
	}
}

func TestTrimBars(t *testing.T) {
	fill := func(v *sqlite.View) {
		for i := range int64(10) {
			if err := v.SaveBars([]message.Bar{bar(t, btc, i*60, "1", true)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name string
		rows int64
		age  time.Duration
		now  int64
		left int
	}{
		{"no limits", 0, 0, 600, 10}, {"rows", 4, 0, 600, 4}, {"more rows than there are", 11, 0, 600, 10},
		{"age", 0, 3 * time.Minute, 600, 3}, {"age, time not known", 0, 3 * time.Minute, 0, 10}, {"both", 2, 3 * time.Minute, 600, 2},
	} {
		v := open(t, func(c *sqlite.Config) { c.BarRowsMax, c.BarAgeMax = test.rows, test.age })
		fill(v)
		removed, err := v.TrimBars(market.Seconds(test.now))
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Bars(btc, time.Minute, 0, 0, 0)
		if err != nil || len(got) != test.left || int(removed) != 10-test.left {
			t.Errorf("%s: %d left, %d removed, %v, want %d left", test.name, len(got), removed, err, test.left)
		}
		if len(got) > 0 && got[len(got)-1].Fields().Start != market.Seconds(540) {
			t.Errorf("%s: the newest bar is gone", test.name)
		}
	}
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd name?x=1#2%41.db")
	c := sqlite.DefaultConfig(path)
	v, err := sqlite.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.ApplyOrderEvents(eventsTo(t, "main", 1, 3)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want it for the owner only", name, info, err)
		}
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if v, err = sqlite.Open(c); err != nil {
		t.Fatal(err)
	}
	if got, err := v.LastSeq("main"); got != 3 || err != nil {
		t.Errorf("after opening again: LastSeq = %d, %v", got, err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}

	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "newer.db"))
	if err != nil {
		t.Fatal(err)
	}
	var file string
	if _, err := db.Exec("PRAGMA user_version = 999"); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow("SELECT file FROM pragma_database_list").Scan(&file); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(sqlite.DefaultConfig(file)); err == nil || !strings.Contains(err.Error(), "newer maru") {
		t.Errorf("a file of a newer version: %v", err)
	}

	garbage := filepath.Join(t.TempDir(), "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(sqlite.DefaultConfig(garbage)); err == nil || !strings.Contains(err.Error(), garbage) {
		t.Errorf("a file that is no database: %v", err)
	}
	if _, err := sqlite.Open(sqlite.Config{Readers: 1000, BarRowsMax: -1, BarAgeMax: -1}); err == nil || strings.Count(err.Error(), "want") != 5 {
		t.Errorf("an invalid configuration: %v", err)
	}
}
