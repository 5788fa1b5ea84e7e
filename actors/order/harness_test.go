package order

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

var (
	btc = market.MustInstrument("sim", "BTC-USD")
	eth = market.MustInstrument("sim", "ETH-USD")
)

func testConfig() Config {
	cfg := DefaultConfig()
	cfg.Account, cfg.Venue, cfg.Epoch = "main", "sim", 1
	cfg.Listings = []market.Listing{
		{Instrument: btc, Symbol: "BTCUSD", Ticks: market.FixedTick(market.MustPrice("0.5")), LotSize: market.MustQuantity("0.1"),
			MinQuantity: market.MustQuantity("0.2"), MinNotional: market.Amount{Decimal: market.MustDecimal("50")}},
		{Instrument: eth, Symbol: "ETHUSD", LotSize: market.MustQuantity("0.001")},
	}
	return cfg
}

// testSupport is a venue that takes what most take: no stops, no dates.
func testSupport() message.OrderSupport {
	s := message.OrderSupport{Amend: message.AmendFull, ClientOrderIDs: true, Validity: 5 * time.Second}
	for _, tif := range []market.TimeInForce{market.GTC, market.IOC, market.FOK} {
		k := message.OrderKind{Type: market.Limit, TimeInForce: tif}
		if tif == market.GTC {
			k.ExecInst = market.PostOnly
		}
		s.Kinds = append(s.Kinds, k, message.OrderKind{Type: market.Market, TimeInForce: tif})
	}
	return s
}

// node is a gateway with a journal that can lose power and a venue that is written down. It
// checks what must hold at every step: its fatal is a broken promise.
type node struct {
	tb      testing.TB
	cfg     Config
	support message.OrderSupport
	core    *Core
	disk    []message.OrderEvent // durable
	pending []message.OrderEvent // appended, not synced
	acts    []Act                // of the last input
	events  []message.OrderEvent // appended by the last input
	now     market.Timestamp

	placed map[message.ClientOrderID]int // in all lives
	byID   map[message.IntentID]int
	told   map[uint64]message.OrderEvent // events told, which must be on disk for ever
}

func newNode(tb testing.TB, cfg Config) *node {
	return newNodeAt(tb, cfg, testSupport())
}

func newNodeAt(tb testing.TB, cfg Config, support message.OrderSupport) *node {
	n := &node{tb: tb, cfg: cfg, support: support, now: market.Seconds(1_700_000_000),
		placed: make(map[message.ClientOrderID]int), byID: make(map[message.IntentID]int), told: make(map[uint64]message.OrderEvent)}
	n.boot()
	return n
}

func (n *node) boot() {
	n.tb.Helper()
	core, err := New(n.cfg)
	if err != nil {
		n.tb.Fatal(err)
	}
	if err := core.Recover(slices.Values(n.disk)); err != nil {
		n.tb.Fatalf("recover: %v", err)
	}
	core.Support(n.support)
	n.core = core
	n.do(core.Start(n.now))
}

// crash loses what was not synced, but for the first keep events, and starts again.
func (n *node) crash(keep int) {
	n.tb.Helper()
	n.disk = append(n.disk, n.pending[:min(keep, len(n.pending))]...)
	n.pending = nil
	for seq, e := range n.told {
		if seq > uint64(len(n.disk)) || n.disk[seq-1] != e {
			n.tb.Fatalf("event %d was told and is not on disk: %v", seq, e)
		}
	}
	n.boot()
}

// sync makes the first k pending events durable.
func (n *node) sync(k int) {
	n.tb.Helper()
	k = min(k, len(n.pending))
	n.disk = append(n.disk, n.pending[:k]...)
	n.pending = n.pending[k:]
	n.do(n.core.Durable(uint64(len(n.disk)), n.now))
}

func (n *node) syncAll() {
	n.tb.Helper()
	for len(n.pending) > 0 {
		n.sync(len(n.pending))
	}
}

// do takes in effects and checks them.
func (n *node) do(out Effects) {
	n.tb.Helper()
	n.events, n.acts = slices.Clone(out.Append), slices.Clone(out.Acts)
	for _, e := range out.Append {
		if want := uint64(len(n.disk) + len(n.pending) + 1); e.Fields().Seq != want {
			n.tb.Fatalf("event has Seq %d, want %d: %v", e.Fields().Seq, want, e)
		}
		n.pending = append(n.pending, e)
	}
	for _, a := range out.Acts {
		n.check(a)
	}
	n.invariants()
}

func (n *node) check(a Act) {
	n.tb.Helper()
	durable := uint64(len(n.disk))
	if a.After > durable {
		n.tb.Fatalf("%v was released after event %d with %d on disk", a.Kind, a.After, durable)
	}
	f := a.Event.Fields()
	switch a.Kind {
	case ActTell:
		if f.Seq > durable {
			n.tb.Fatalf("told event %d with %d on disk: %v", f.Seq, durable, a.Event)
		}
		if f.Seq == 0 && (f.Action != message.ActionDeny || f.ClientOrderID != "") {
			n.tb.Fatalf("told an event without record: %v", a.Event)
		}
		if f.Seq > 0 {
			n.told[f.Seq] = a.Event
		}
	case ActRecover:
		for _, e := range a.Open {
			if f := e.Fields(); f.Status == held || f.Status == created {
				n.tb.Fatalf("the venue is asked about what never left: %v", e)
			}
		}
	case ActPlace:
		if f.Type.HasStopPrice() && n.support.Refuses(f.OrderTerms) != "" || n.support.Refuses(f.OrderTerms) != "" {
			n.tb.Fatalf("placed what the venue does not take: %v", a.Event)
		}
		if !n.created(f.ClientOrderID) || a.After < n.seqOf(f.ClientOrderID) {
			n.tb.Fatalf("placed before it was on disk: %v", a.Event)
		}
		if n.placed[f.ClientOrderID]++; n.placed[f.ClientOrderID] > 1 {
			n.tb.Fatalf("placed twice: %v", a.Event)
		}
		if n.byID[a.Event.Intent()]++; n.byID[a.Event.Intent()] > 1 {
			n.tb.Fatalf("intent %v placed twice: %v", a.Event.Intent(), a.Event)
		}
	case ActCancel, ActAmend:
		if !n.created(f.ClientOrderID) {
			n.tb.Fatalf("cancel of an order that is not on disk: %v", a.Event)
		}
	}
}

func (n *node) created(id message.ClientOrderID) bool { return n.seqOf(id) != 0 }

// seqOf returns the Seq under which an order's creation is on disk; zero if it is not.
func (n *node) seqOf(id message.ClientOrderID) uint64 {
	for _, e := range n.disk {
		if f := e.Fields(); f.ClientOrderID == id && (f.Action == message.ActionCreate || f.Action == message.ActionRelease || f.Action == message.ActionAdopt) {
			return f.Seq
		}
	}
	return 0
}

// invariants checks every order that is known.
func (n *node) invariants() {
	n.tb.Helper()
	open := 0
	for id, o := range n.core.orders.byIntent {
		f := o.f
		if o.last.Intent() != id {
			n.tb.Fatalf("order of intent %v stands under %v", o.last.Intent(), id)
		}
		if f.Status.Final() {
			if !f.LeavesQuantity.IsZero() {
				n.tb.Fatalf("final order has leaves %v: %v", f.LeavesQuantity, o.last)
			}
			continue
		}
		open++
		if sum, err := f.CumQuantity.Add(f.LeavesQuantity.Decimal); err != nil || sum != f.Quantity.Decimal {
			n.tb.Fatalf("cum %v + leaves %v is not %v: %v", f.CumQuantity, f.LeavesQuantity, f.Quantity, o.last)
		}
	}
	if open != n.core.open || open != len(n.core.orders.live) {
		n.tb.Fatalf("%d orders are open, %d counted, %d live", open, n.core.open, len(n.core.orders.live))
	}
	if waiting := n.core.outbox.len(); len(n.pending) == 0 && waiting != 0 && n.core.journalLost == "" {
		n.tb.Fatalf("everything is on disk and %d acts still wait", waiting)
	}
	if final := len(n.core.orders.final) - n.core.orders.head; final > n.cfg.HistoryMax {
		n.tb.Fatalf("%d final orders are remembered, more than %d", final, n.cfg.HistoryMax)
	}
}

func (n *node) view(instrument market.Instrument, bid, ask, last string, trusted bool) {
	price := func(s string) market.Price {
		if s == "" {
			return market.Price{}
		}
		return market.MustPrice(s)
	}
	n.do(n.core.View(message.NewView(message.Origin{Instrument: instrument, Received: n.now},
		message.Quote{Bid: price(bid), Ask: price(ask), Last: price(last), BidQuantity: market.MustQuantity("5"), AskQuantity: market.MustQuantity("5")},
		trusted, true, nil)))
}

// ready brings a fresh node to where it takes orders.
func (n *node) ready() *node {
	n.tb.Helper()
	n.syncAll()
	n.do(n.core.Recovered(nil, n.now))
	n.view(btc, "100", "101", "100.5", true)
	n.syncAll()
	n.view(eth, "10", "10.1", "10", true)
	n.acts, n.events = nil, nil
	return n
}

func intentFields(seq uint64) message.OrderIntentFields {
	return message.OrderIntentFields{
		Origin: message.Origin{Instrument: btc, Received: market.Seconds(1_700_000_000)},
		ID:     message.IntentID{Strategy: "s", Seq: seq}, Account: "main",
		OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: market.MustPrice("100"), Quantity: market.MustQuantity("2")},
		Reason:     "test",
	}
}

func mustIntent(tb testing.TB, f message.OrderIntentFields) message.OrderIntent {
	tb.Helper()
	i, err := message.NewOrderIntent(f)
	if err != nil {
		tb.Fatal(err)
	}
	return i
}

func mustCancel(tb testing.TB, seq uint64) message.CancelIntent {
	tb.Helper()
	c, err := message.NewCancelIntent(message.CancelIntentFields{ID: message.IntentID{Strategy: "s", Seq: seq}, Account: "main", Reason: "test"})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func mustReport(tb testing.TB, f message.ExecutionReportFields) message.ExecutionReport {
	tb.Helper()
	r, err := message.NewExecutionReport(f)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func fillReport(id message.ClientOrderID, exec, quantity, price string) message.ExecutionReportFields {
	return message.ExecutionReportFields{ClientOrderID: id, VenueOrderID: message.VenueOrderID("v-" + string(id)), Action: message.ActionFill,
		ExecID: message.ExecID(exec), LastQuantity: market.MustQuantity(quantity), LastPrice: market.MustPrice(price)}
}

// words prints an event in short.
func words(e message.OrderEvent) string {
	f := e.Fields()
	s := fmt.Sprintf("#%d %v %v", f.Seq, f.Action, f.Status)
	if f.Action.OfAccount() {
		s = fmt.Sprintf("#%d %v", f.Seq, f.Action)
	}
	if f.ClientOrderID != "" {
		s += " " + string(f.ClientOrderID)
	}
	switch f.Action {
	case message.ActionCreate, message.ActionDeny, message.ActionHold, message.ActionAdopt, message.ActionAmend:
		s += fmt.Sprintf(" %v %v %v %v %v", f.Instrument.Name(), f.Side, f.Type, f.TimeInForce, f.Quantity)
		if f.Type.HasPrice() {
			s += fmt.Sprintf(" @ %v", f.Price)
		}
		if f.Type.HasStopPrice() {
			s += fmt.Sprintf(" stop %v", f.StopPrice)
		}
		if f.ExecInst != 0 {
			s += fmt.Sprintf(" %v", f.ExecInst)
		}
		if f.Replaces != "" {
			s += " replaces=" + string(f.Replaces)
		}
	case message.ActionRequestAmend:
		s += fmt.Sprintf(" to %v @ %v", f.NewQuantity, f.NewPrice)
	case message.ActionBalance, message.ActionEquity:
		s += fmt.Sprintf(" %v %s", f.Amount, f.Currency)
	case message.ActionLose:
		s += fmt.Sprintf(" %v", f.Request)
	case message.ActionAbsent:
		s += fmt.Sprintf(" %v", f.Evidence)
	}
	if f.VenueOrderID != "" {
		s += " venue=" + string(f.VenueOrderID)
	}
	if f.LastQuantity.Sign() > 0 {
		s += fmt.Sprintf(" %s %v @ %v", f.ExecID, f.LastQuantity, f.LastPrice)
		if !f.Fee.IsZero() {
			s += fmt.Sprintf(" fee %v %s", f.Fee, f.FeeCurrency)
		}
	}
	if f.CumQuantity.Sign() > 0 {
		s += fmt.Sprintf(" cum=%v leaves=%v avg=%v", f.CumQuantity, f.LeavesQuantity, f.AveragePrice)
	}
	if f.Action == message.ActionHalt && f.Request == message.RequestCancel {
		s += " cancel"
	}
	if f.Action == message.ActionHalt && f.ExecInst != 0 {
		s += " flatten"
	}
	if f.Reason != "" {
		s += fmt.Sprintf(" %q", f.Reason)
	}
	return s
}
