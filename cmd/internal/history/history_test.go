package history_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/store/journal"
	"github.com/maru-trading/maru/cmd/internal/history"
	"github.com/maru-trading/maru/remote/wire"
	"github.com/maru-trading/maru/web"
)

var (
	btc     = market.MustInstrument("sim", "BTC-KRW")
	nowhere = market.MustInstrument("sim", "UNKNOWN-UNKNOWN")
	noon    = market.TimestampOf(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))
)

type fields = message.OrderEventFields

// eventsOf makes events of changes, numbers them, and gives them the terms of a limit order.
func eventsOf(t testing.TB, changes ...func(*fields)) []message.OrderEvent {
	t.Helper()
	var all []message.OrderEvent
	for i, change := range changes {
		f := fields{Seq: uint64(i + 1), Time: noon.Add(time.Duration(i) * time.Millisecond), Account: "main", Strategy: "spread", IntentSeq: 1,
			ClientOrderID: "main-1-1", Instrument: btc,
			OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: market.MustPrice("100"), Quantity: market.MustQuantity("2")},
			DecidedAt:  noon.Add(-time.Millisecond), LeavesQuantity: market.MustQuantity("2")}
		change(&f)
		e, err := message.NewOrderEvent(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func is(action message.OrderAction, status message.OrderStatus, reason string) func(*fields) {
	return func(f *fields) { f.Action, f.Status, f.Reason = action, status, reason }
}

func fill(id, quantity, cum, leaves string, status message.OrderStatus) func(*fields) {
	return func(f *fields) {
		f.Action, f.Status, f.ExecID, f.VenueOrderID = message.ActionFill, status, message.ExecID(id), "v-9"
		f.LastPrice, f.LastQuantity = f.Price, market.MustQuantity(quantity)
		f.CumQuantity, f.LeavesQuantity, f.AveragePrice = market.MustQuantity(cum), market.MustQuantity(leaves), f.Price
		f.Fee, f.FeeCurrency = market.Amount{Decimal: market.MustDecimal("0.1")}, "KRW"
	}
}

func ofAccount(action message.OrderAction, reason string) func(*fields) {
	return func(f *fields) {
		*f = fields{Seq: f.Seq, Time: f.Time, Account: f.Account, Instrument: nowhere, Action: action, Status: message.OrderJournaled, Reason: reason}
	}
}

// life is a sound journal: an order that fills in two parts.
func life(t testing.TB) []message.OrderEvent {
	return eventsOf(t,
		is(message.ActionCreate, message.OrderCreated, "book: wide → tight (spread_bps < 5: 4.1 < 5)"),
		is(message.ActionSend, message.OrderSent, ""),
		is(message.ActionAccept, message.OrderAccepted, ""),
		fill("e-1", "0.5", "0.5", "1.5", message.OrderPartiallyFilled),
		fill("e-2", "1.5", "2", "0", message.OrderFilled),
	)
}

// write leaves a closed journal of main below a new data directory, of as many segments as it takes.
func write(t testing.TB, payloads ...[]byte) (dataDir string) {
	t.Helper()
	dataDir = t.TempDir()
	c := journal.DefaultConfig(history.JournalDir(dataDir, "main"))
	if err := os.MkdirAll(filepath.Dir(c.Dir), 0o700); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range payloads {
		if _, err := j.Append(p); err != nil {
			t.Fatal(err)
		}
		if err := j.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return dataDir
}

func encoded(t testing.TB, events []message.OrderEvent) [][]byte {
	t.Helper()
	var all [][]byte
	for _, e := range events {
		b, err := wire.Marshal(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

func check(t testing.TB, dataDir string) history.Audit {
	t.Helper()
	a, err := history.Check(dataDir, "main", 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestCheckGood(t *testing.T) {
	events := life(t)
	dir := write(t, encoded(t, events)...)
	told := 0
	a, err := history.Check(dir, "main", 100, func(n int) { told += n })
	if err != nil || !a.OK || a.Records != 5 || a.First != 1 || a.Last != 5 || a.Orders != 1 || !a.Sealed || a.Broken != nil || a.Astray != "" || a.Torn != "" || a.Halted != "" {
		t.Fatalf("%+v, %v", a, err)
	}
	if told == 0 || int64(told) > history.Size(dir, "main") {
		t.Errorf("progress of %d bytes, the journal has %d", told, history.Size(dir, "main"))
	}
	i := 0
	for e, err := range history.Events(dir, "main") {
		if err != nil || e != events[i] {
			t.Errorf("event %d: %v, %v", i+1, e, err)
		}
		i++
	}
	if i != len(events) {
		t.Errorf("%d events", i)
	}
	for range history.Events(dir, "main") {
		break // and nothing more is read
	}
	accounts, err := history.Accounts(dir)
	if err != nil || len(accounts) != 1 || accounts[0] != "main" {
		t.Errorf("accounts %v, %v", accounts, err)
	}
	if _, err := history.Accounts(t.TempDir()); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "--data") {
		t.Errorf("no data directory: %v", err)
	}
	if _, err := history.Check(dir, "other", 100, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no journal: %v", err)
	}
}

// TestCheckFindsEveryFlippedByte: wherever a byte of a closed journal was changed, its record is
// named with file and offset.
func TestCheckFindsEveryFlippedByte(t *testing.T) {
	payloads := encoded(t, life(t))
	dir := write(t, payloads...)
	segment := segments(t, dir)[0]
	sound, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	// Where each record begins: a header of 64 bytes, then 56 bytes before each payload.
	begins := []int{64}
	for _, p := range payloads {
		begins = append(begins, begins[len(begins)-1]+56+len(p))
	}
	seal := begins[len(begins)-1]
	for at := 0; at < len(sound); at += 7 {
		damaged := append([]byte(nil), sound...)
		damaged[at] ^= 1 << (at % 8)
		if err := os.WriteFile(segment, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := history.Check(dir, "main", 100, nil)
		if err != nil {
			t.Fatalf("byte %d: %v", at, err)
		}
		if at >= seal { // the seal says nothing but that the journal was closed
			if a.Sealed || a.Torn == "" && a.Broken == nil {
				t.Errorf("byte %d of the seal: %+v", at, a)
			}
			continue
		}
		record, offset := uint64(1), int64(0)
		for i, b := range begins[:len(begins)-1] {
			if at >= b {
				record, offset = uint64(i+1), int64(b)
			}
		}
		if a.OK || a.Broken == nil || a.Broken.File != segment || a.Broken.Record != record || a.Broken.Offset != offset || a.Broken.Reason == "" {
			t.Fatalf("byte %d is of record %d at %d: %+v %+v", at, record, offset, a, a.Broken)
		}
		if a.Records != max(record, 1)-1 {
			t.Fatalf("byte %d: %d sound records before record %d", at, a.Records, record)
		}
		var last error
		for _, err := range history.Events(dir, "main") {
			last = err
		}
		if !errors.Is(last, journal.ErrCorrupt) {
			t.Fatalf("byte %d: reading ends with %v", at, last)
		}
	}
}

func segments(t testing.TB, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(history.JournalDir(dir, "main"), "*.journal"))
	if err != nil || len(all) == 0 {
		t.Fatalf("%v, %v", all, err)
	}
	return all
}

// TestCheckTorn: what a crash tears is no break.
func TestCheckTorn(t *testing.T) {
	payloads := encoded(t, life(t))
	dir := write(t, payloads...)
	segment := segments(t, dir)[0]
	info, err := os.Stat(segment)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(segment, info.Size()-56-10); err != nil { // the seal, and the end of the last record
		t.Fatal(err)
	}
	a := check(t, dir)
	if !a.OK || a.Torn == "" || a.Records != 4 || a.Sealed {
		t.Errorf("%+v", a)
	}
	if _, err := os.Stat(segment); err != nil || check(t, dir).Torn == "" {
		t.Error("the audit changed the journal")
	}
}

// TestCheckAstray: records that are as they were written may still tell what cannot have happened.
func TestCheckAstray(t *testing.T) {
	sound := life(t)
	change := func(i int, change func(*fields)) [][]byte {
		f := sound[i].Fields()
		change(&f)
		e, err := message.NewOrderEvent(f)
		if err != nil {
			t.Fatal(err)
		}
		events := append([]message.OrderEvent(nil), sound...)
		events[i] = e
		return encoded(t, events)
	}
	view, err := wire.Marshal(nil, message.NewCredit(message.CreditFields{Source: "x"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		payloads [][]byte
		says     string
	}{
		{"a fill after which nothing is filled", change(3, func(f *fields) { f.CumQuantity = market.MustQuantity("0.4") }), "event 4"},
		{"an execution that counts twice", change(4, func(f *fields) { f.ExecID = "e-1" }), "event 5"},
		{"another price", change(2, func(f *fields) { f.Price = market.MustPrice("99") }), "event 3"},
		{"filled, of a canceled order", change(2, func(f *fields) { f.Status = message.OrderCanceled }), "event 3"},
		{"another account", change(1, func(f *fields) { f.Account = "other" }), "event 2"},
		{"a number left out", change(1, func(f *fields) { f.Seq = 3 }), "record 2 holds event 3"},
		{"what is no event", append(encoded(t, sound[:2]), view), "record 3 is a credit"},
		{"what is no message", append(encoded(t, sound[:2]), []byte("{}")), "record 3"},
		{"no creation", encoded(t, eventsOf(t, is(message.ActionSend, message.OrderSent, ""))), "event 1"},
	} {
		a := check(t, write(t, c.payloads...))
		if a.OK || a.Broken != nil || !strings.Contains(a.Astray, c.says) || a.Records != uint64(len(c.payloads)) {
			t.Errorf("%s: %+v; want it to say %q", c.name, a, c.says)
		}
	}
}

// why returns the life of an order as lines "stage gap detail".
func why(t *testing.T, id string, events ...message.OrderEvent) (web.Why, string) {
	t.Helper()
	l := history.NewLife(id)
	for _, e := range events {
		l.Add(e)
	}
	if !l.Found() {
		return web.Why{}, ""
	}
	w := l.Why()
	var b strings.Builder
	for _, s := range w.Steps {
		fmt.Fprintf(&b, "%s %s %v %s\n", s.Stage, s.Clock, time.Duration(s.Gap), s.Detail)
	}
	return w, b.String()
}

func TestWhy(t *testing.T) {
	events := eventsOf(t,
		func(f *fields) {
			is(message.ActionCreate, message.OrderCreated, "book: wide → tight (spread_bps < 5: 4.1 < 5)")(f)
			f.TickAt, f.Parent, f.Group = noon.Add(-31*time.Millisecond), 0, 7
		},
		ofAccount(message.ActionReconcile, ""),
		func(f *fields) { ofAccount(message.ActionEquity, "")(f); f.Currency = "KRW" }, // changes nothing of an order
		func(f *fields) {
			is(message.ActionSend, message.OrderSent, "")(f)
			f.ValidUntil = noon.Add(5 * time.Second)
		},
		func(f *fields) {
			is(message.ActionLose, message.OrderUnknown, "timeout after 1s")(f)
			f.Request = message.RequestPlace
		},
		func(f *fields) {
			is(message.ActionAccept, message.OrderAccepted, "")(f)
			f.VenueOrderID = "v-9"
		},
		func(f *fields) {
			f.IntentSeq, f.ClientOrderID = 2, "main-1-2"
			is(message.ActionCreate, message.OrderCreated, "x")(f)
		},
		fill("e-1", "0.5", "0.5", "1.5", message.OrderPartiallyFilled),
		is(message.ActionRequestCancel, message.OrderPendingCancel, "by hand"),
		func(f *fields) {
			is(message.ActionCancel, message.OrderCanceled, "")(f)
			f.CumQuantity, f.LeavesQuantity, f.AveragePrice = market.MustQuantity("0.5"), market.Quantity{}, f.Price
		},
		ofAccount(message.ActionHalt, "long after"),
	)
	const want = `tick venue 0s the venue's clock
state node 30ms sim:BTC-KRW was received
class node 0s book: wide → tight
rule node 0s spread_bps < 5: 4.1 < 5
intent node 0s spread/1 asks for buy limit gtc 2 @ 100, in group 7
risk node 1ms passed; on disk as main-1-1
account node 1ms reconcile
wire node 2ms void at the venue after 2026-05-04T12:00:05Z
lost node 1ms no answer to place: timeout after 1s
ack venue 1ms accepted as v-9
fill venue 2ms 0.5 @ 100, took, fee 0.1 KRW; 0.5 of 2 filled
wire node 1ms cancel: by hand
ack venue 1ms cancel
`
	for _, id := range []string{"main-1-1", "spread/1"} {
		w, got := why(t, id, events...)
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", id, got, want)
		}
		if w.Outcome != "canceled, with 0.5 filled at 100 on average" || w.Order.Status != "canceled" || w.Reason == "" || len(w.Missing) != 0 {
			t.Errorf("%s: %q, %+v, missing %q", id, w.Outcome, w.Order, w.Missing)
		}
		if last := w.Steps[len(w.Steps)-1]; last.Elapsed != (40*time.Millisecond).Nanoseconds() || last.Seq != 10 {
			t.Errorf("%s: the last step %+v", id, last)
		}
	}
	for _, id := range []string{"main-1-3", "spread/3", "", "/", "other/1"} {
		if _, got := why(t, id, events...); got != "" {
			t.Errorf("%q: %s", id, got)
		}
	}
}

func TestWhyOfOthers(t *testing.T) {
	for _, c := range []struct {
		name, id string
		events   []message.OrderEvent
		outcome  string
		says     []string
	}{
		{"denied", "spread/1", eventsOf(t, func(f *fields) {
			is(message.ActionDeny, message.OrderDenied, "price_collar: 100 is 12% above the bid")(f)
			f.ClientOrderID, f.LeavesQuantity = "", market.Quantity{}
		}), "denied by us: price_collar: 100 is 12% above the bid", []string{"risk node 1ms denied: price_collar"}},
		{"absent", "main-1-1", eventsOf(t, is(message.ActionCreate, message.OrderCreated, "by hand"), is(message.ActionSend, message.OrderSent, ""),
			func(f *fields) {
				is(message.ActionAbsent, message.OrderRejected, "it never arrived")(f)
				f.Evidence, f.LeavesQuantity = message.EvidenceAll, market.Quantity{}
			}), "rejected: it never arrived", []string{"class node 0s by hand", "ack node 1ms the venue has no such order (asked: id|open_orders|fills)"}},
		{"unknown", "main-1-1", eventsOf(t, is(message.ActionCreate, message.OrderCreated, ""), is(message.ActionLose, message.OrderUnknown, "restart")),
			"its outcome is unknown: only the venue can say, or a person who looked there (maru orders resolve main-1-1 --as …)", []string{"lost node 1ms restart"}},
		{"canceled before it left", "main-1-1", eventsOf(t, is(message.ActionCreate, message.OrderCreated, ""),
			is(message.ActionCancel, message.OrderCanceled, "canceled before it was sent")), "canceled: canceled before it was sent", []string{"hold node 1ms cancel: canceled before"}},
		{"resolved", "main-1-1", eventsOf(t, is(message.ActionCreate, message.OrderCreated, ""), is(message.ActionLose, message.OrderUnknown, "restart"),
			is(message.ActionResolve, message.OrderCanceled, "asked support")), "canceled: asked support", []string{"person node 1ms resolved as canceled: asked support"}},
		{"amended", "main-1-1", eventsOf(t, is(message.ActionCreate, message.OrderCreated, ""), func(f *fields) {
			is(message.ActionRequestAmend, message.OrderPendingAmend, "")(f)
			f.NewPrice, f.NewQuantity = market.MustPrice("99"), market.MustQuantity("2")
		}), "pending_amend, 0 of 2 filled", []string{"wire node 1ms amend to 2 @ 99"}},
		{"adopted", "by-hand-7", eventsOf(t, func(f *fields) {
			is(message.ActionAdopt, message.OrderAccepted, "")(f)
			f.ClientOrderID, f.Strategy, f.IntentSeq, f.DecidedAt = "by-hand-7", message.StrategyManual, 1, 0
		}), "accepted, 0 of 2 filled", []string{"ack venue 0s adopt"}},
		{"held", "main-1-1", eventsOf(t, is(message.ActionCreate, message.OrderCreated, ""), is(message.ActionHold, message.OrderHeld, "until spread/1 fills"),
			is(message.ActionRelease, message.OrderCreated, "")), "created, 0 of 2 filled", []string{"hold node 1ms until spread/1 fills"}},
	} {
		w, got := why(t, c.id, c.events...)
		if w.Outcome != c.outcome {
			t.Errorf("%s: %q, want %q", c.name, w.Outcome, c.outcome)
		}
		for _, says := range c.says {
			if !strings.Contains(got, says) {
				t.Errorf("%s lacks %q:\n%s", c.name, says, got)
			}
		}
	}
}

// TestWhyIsBounded: an order of very many fills is told up to a bound, and how it stands is right.
func TestWhyIsBounded(t *testing.T) {
	const fills = 10_005
	l := history.NewLife("main-1-1")
	l.Add(life(t)[0])
	for i := range fills {
		l.Add(eventsOf(t, fill(fmt.Sprint(i), "0.0001", "1", "1", message.OrderPartiallyFilled))[0])
	}
	l.Add(life(t)[4])
	w := l.Why()
	if len(w.Steps) > 10_005 || len(w.Missing) == 0 || w.Order.Status != "filled" {
		t.Errorf("%d steps, missing %q, %s", len(w.Steps), w.Missing, w.Order.Status)
	}
}

// TestLatest: every order once, as it stands, newest first; of very many the older final ones are
// forgotten, and none that is open.
func TestLatest(t *testing.T) {
	l := history.NewLatest(10)
	add := func(n int, status message.OrderStatus) {
		l.Add(eventsOf(t, func(f *fields) {
			f.IntentSeq, f.ClientOrderID = uint64(n), message.ClientOrderID(fmt.Sprintf("main-1-%d", n))
			is(message.ActionAccept, status, "")(f)
		})[0])
	}
	add(0, message.OrderUnknown)
	for n := 1; n <= 30; n++ {
		add(n, message.OrderAccepted)
		add(n, message.OrderExpired)
		l.Add(eventsOf(t, ofAccount(message.ActionHalt, "x"))[0])
	}
	var ids []string
	l.Each(func(e message.OrderEvent) bool {
		ids = append(ids, string(e.Fields().ClientOrderID))
		return true
	})
	if len(ids) > 11 || ids[0] != "main-1-30" || ids[len(ids)-1] != "main-1-0" {
		t.Errorf("%v", ids)
	}
	n := 0
	l.Each(func(message.OrderEvent) bool { n++; return n < 3 })
	if n != 3 {
		t.Errorf("%d were told of three", n)
	}
}

func TestMatcher(t *testing.T) {
	e := life(t)[4]
	for _, c := range []struct {
		q    web.OrderQuery
		want bool
	}{
		{web.OrderQuery{}, true}, {web.OrderQuery{Account: "main"}, true}, {web.OrderQuery{Account: "other"}, false},
		{web.OrderQuery{Status: "filled"}, true}, {web.OrderQuery{Status: "accepted"}, false}, {web.OrderQuery{Open: true}, false},
		{web.OrderQuery{Instrument: "BTC-KRW"}, true}, {web.OrderQuery{Instrument: "sim:BTC-KRW"}, true}, {web.OrderQuery{Instrument: "ETH-KRW"}, false},
	} {
		match, err := history.Matcher(c.q)
		if err != nil || match(e) != c.want {
			t.Errorf("%+v: %v", c.q, err)
		}
	}
	if _, err := history.Matcher(web.OrderQuery{Status: "open"}); err == nil || !strings.Contains(err.Error(), "want one of created") {
		t.Errorf("a status that is none: %v", err)
	}
}
