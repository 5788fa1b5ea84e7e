package order

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// ledger is an honest venue on a bad line: it executes what it is given and keeps books; what it
// says may come late, twice, in any order, or never.
type ledger struct {
	r      *rand.Rand
	orders []*ledgerOrder
	byID   map[message.ClientOrderID]*ledgerOrder
	mail   []message.ExecutionReport // said, not delivered
	execs  int
}

type ledgerOrder struct {
	f     message.OrderEventFields
	cum   market.Decimal
	done  message.OrderAction // cancel, reject or expire; zero while it lives or is full
	fills []message.ExecutionReportFields
}

func (l *ledger) say(o *ledgerOrder, f message.ExecutionReportFields) {
	f.ClientOrderID, f.VenueOrderID = o.f.ClientOrderID, "v-"+message.VenueOrderID(o.f.ClientOrderID)
	r, err := message.NewExecutionReport(f)
	if err != nil {
		panic(err)
	}
	l.mail = append(l.mail, r)
	if l.r.IntN(8) == 0 { // twice
		l.mail = append(l.mail, r)
	}
}

func (l *ledger) alive(o *ledgerOrder) bool { return o.done == 0 && o.cum.Less(o.f.Quantity.Decimal) }

func (l *ledger) place(e message.OrderEvent) {
	f := e.Fields()
	lose := message.ExecutionReportFields{ClientOrderID: f.ClientOrderID, Action: message.ActionLose, Reason: "timeout"}
	switch l.r.IntN(8) {
	case 0: // the request never arrives
		l.mail = append(l.mail, must(message.NewExecutionReport(lose)))
		return
	case 1: // the answer never arrives
		l.mail = append(l.mail, must(message.NewExecutionReport(lose)))
	}
	o := &ledgerOrder{f: f}
	if l.byID[f.ClientOrderID] != nil {
		panic("sent twice: " + e.String())
	}
	l.orders, l.byID[f.ClientOrderID] = append(l.orders, o), o
	if l.r.IntN(8) == 0 {
		o.done = message.ActionReject
		l.say(o, message.ExecutionReportFields{Action: message.ActionReject, Reason: "no"})
		return
	}
	l.say(o, message.ExecutionReportFields{Action: message.ActionAccept})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (l *ledger) cancel(e message.OrderEvent) {
	o := l.byID[e.Fields().ClientOrderID]
	if o == nil || l.r.IntN(6) == 0 { // lost, or no such order
		return
	}
	if !l.alive(o) {
		l.say(o, message.ExecutionReportFields{Action: message.ActionRejectCancel, Reason: "too late"})
		return
	}
	o.done = message.ActionCancel
	l.say(o, message.ExecutionReportFields{Action: message.ActionCancel})
}

// trade executes a part of a random order.
func (l *ledger) trade() {
	if len(l.orders) == 0 {
		return
	}
	o := l.orders[l.r.IntN(len(l.orders))]
	if !l.alive(o) {
		return
	}
	lots := must(o.f.Quantity.Sub(o.cum))
	quantity := must(market.DecimalFromInt(1 + l.r.Int64N(20)).Mul(market.MustDecimal("0.1"))).Min(lots)
	l.execs++
	f := message.ExecutionReportFields{Action: message.ActionFill, ExecID: message.ExecID(fmt.Sprintf("e%d", l.execs)),
		LastQuantity: market.Quantity{Decimal: quantity}, LastPrice: market.MustPrice(fmt.Sprintf("%d.5", 90+l.r.IntN(20))),
		Fee: market.Amount{Decimal: market.MustDecimal("0.0001")}, FeeCurrency: []string{"USD", "BTC", "BNB"}[l.r.IntN(3)]}
	o.cum = must(o.cum.Add(quantity))
	o.fills = append(o.fills, f)
	l.say(o, f)
}

// recover answers for each open order truthfully.
func (l *ledger) recover(open []message.OrderEvent) {
	for _, e := range open {
		o := l.byID[e.Fields().ClientOrderID]
		if o == nil { // proven absent: nothing is on the way any more
			l.mail = append(l.mail, must(message.NewExecutionReport(message.ExecutionReportFields{
				ClientOrderID: e.Fields().ClientOrderID, Action: message.ActionCancel, Reason: "it never arrived"})))
			continue
		}
		if o.done != message.ActionReject {
			l.say(o, message.ExecutionReportFields{Action: message.ActionAccept})
		}
		for _, f := range o.fills {
			l.say(o, f)
		}
		if o.done != 0 {
			l.say(o, message.ExecutionReportFields{Action: o.done})
		}
	}
}

// TestNothingLostNothingDoubled runs the gateway against an honest venue on a bad line, with a
// disk that syncs when it likes and crashes at any moment, and compares books at the end: the
// node's own checks (harness_test.go) hold at every step.
func TestNothingLostNothingDoubled(t *testing.T) {
	total := make(map[string]int)
	for seed := range uint64(200) {
		session(t, seed, total)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for _, what := range []string{"placed", "crash", "crash with unsynced events", "fill", "dropped", "unknown", "canceled", "denied"} {
		if total[what] < 100 {
			t.Errorf("%s happened %d times in all runs: the test does not test it", what, total[what])
		}
	}
}

func session(t *testing.T, seed uint64, total map[string]int) {
	r := rand.New(rand.NewPCG(seed, 1))
	cfg := testConfig()
	cfg.OpenOrdersMax, cfg.QueueMax, cfg.HistoryMax = 12, 16, 400
	venue := &ledger{r: r, byID: make(map[message.ClientOrderID]*ledgerOrder)}
	n := newNode(t, cfg)
	answers := 0 // Recovered calls that are due
	carry := func() {
		for _, a := range n.acts {
			switch a.Kind {
			case ActPlace:
				total["placed"]++
				venue.place(a.Event)
			case ActCancel:
				venue.cancel(a.Event)
			case ActRecover:
				venue.recover(a.Open)
				answers++
			}
		}
		for _, e := range n.events {
			switch f := e.Fields(); {
			case f.Action == message.ActionFill:
				total["fill"]++
			case f.Status == message.OrderUnknown:
				total["unknown"]++
			case f.Status == message.OrderCanceled:
				total["canceled"]++
			case f.Status == message.OrderDenied:
				total["denied"]++
			}
		}
		n.acts, n.events = nil, nil
	}
	deliver := func() bool {
		if len(venue.mail) == 0 {
			return false
		}
		i := r.IntN(len(venue.mail))
		report := venue.mail[i]
		venue.mail = slices.Delete(venue.mail, i, i+1)
		n.do(n.core.Report(report))
		carry()
		return true
	}
	carry()
	intents := uint64(0)
	for range 400 {
		n.now = n.now.Add(1e6)
		switch r.IntN(16) {
		case 0, 1, 2, 3:
			seq := intents + 1
			if r.IntN(6) == 0 && intents > 0 { // again
				seq = 1 + r.Uint64N(intents)
			}
			f := intentFields(seq)
			f.Side = market.Side(1 + seq%2)
			f.Quantity = market.Quantity{Decimal: must(market.DecimalFromInt(int64(5 + seq%30)).Mul(market.MustDecimal("0.1")))}
			n.do(n.core.Intend(mustIntent(t, f)))
			carry()
			intents = max(intents, seq)
		case 4:
			if intents > 0 {
				n.do(n.core.Cancel(mustCancel(t, 1+r.Uint64N(intents))))
				carry()
			}
		case 5, 6, 7:
			n.sync(1 + r.IntN(4))
			carry()
		case 8, 9, 10:
			deliver()
		case 11, 12:
			venue.trade()
		case 13:
			n.view(btc, "100", "101", "100", r.IntN(10) > 0)
			if answers > 0 {
				answers--
				n.do(n.core.Recovered(nil, n.now))
				carry()
			}
		case 14: // the line drops what was said
			if len(venue.mail) > 0 && r.IntN(3) == 0 {
				total["dropped"]++
				venue.mail = slices.Delete(venue.mail, 0, 1)
			}
		case 15:
			if r.IntN(5) == 0 {
				total["crash"]++
				if len(n.pending) > 0 {
					total["crash with unsynced events"]++
				}
				venue.mail, answers = nil, 0
				n.crash(r.IntN(len(n.pending) + 1))
				carry()
			}
		}
		if n.core.Halted() != "" {
			t.Fatalf("seed %d: halted by an honest venue: %s", seed, n.core.Halted())
		}
	}
	// Settle: an answer to everything, all delivered, all on disk. Twice, because a lost answer
	// that was on its way may make an order unknown after the first.
	for range 2 {
		n.do(n.core.Reconcile("the end", n.now))
		carry()
		for len(venue.mail)+len(n.pending) > 0 {
			for deliver() {
			}
			n.syncAll()
			carry()
		}
	}
	// Late fills of orders that were final already may have been dropped on the line: the venue
	// repeats all of them, as a fetch of its fills would.
	for _, o := range venue.orders {
		for _, f := range o.fills {
			venue.say(o, f)
		}
	}
	for deliver() {
	}
	n.syncAll()
	compare(t, n, venue)
	// What stands on disk says the same.
	before := unmarked(n.core.Portfolio())
	n.crash(0)
	if after := unmarked(n.core.Portfolio()); !slices.Equal(before, after) {
		t.Errorf("after a restart the positions are %v, before %v", after, before)
	}
	compare(t, n, venue)
}

// unmarked returns the positions without their marks, which are not on disk: views come again.
func unmarked(p *Portfolio) (all []message.PositionFields) {
	for _, position := range p.Positions() {
		f := position.Fields()
		f.Mark, f.Unrealized = market.Price{}, market.Amount{}
		all = append(all, f)
	}
	return all
}

// compare holds the gateway's books against the venue's.
func compare(t *testing.T, n *node, venue *ledger) {
	t.Helper()
	var position, btcFlow, usd, bnb market.Decimal
	for _, o := range venue.orders {
		ours, ok := n.core.orders.byClient[o.f.ClientOrderID]
		if !ok {
			t.Fatalf("order %s of the venue is not known", o.f.ClientOrderID)
		}
		if ours.f.CumQuantity.Decimal != o.cum {
			t.Errorf("%v: the venue executed %v", ours.last, o.cum)
		}
		want := message.OrderAccepted
		switch {
		case o.cum == o.f.Quantity.Decimal:
			want = message.OrderFilled
		case o.done == message.ActionCancel:
			want = message.OrderCanceled
		case o.done == message.ActionReject:
			want = message.OrderRejected
		case o.cum.Sign() > 0:
			want = message.OrderPartiallyFilled
		}
		if got := ours.f.Status; got != want && !(got == message.OrderPendingCancel && !want.Final()) {
			t.Errorf("%v: the venue says %v", ours.last, want)
		}
		for _, f := range o.fills {
			quantity := f.LastQuantity.Decimal
			if o.f.Side == market.Sell {
				quantity = quantity.Neg()
			}
			btcFlow = must(btcFlow.Add(quantity))
			usd = must(usd.Sub(must(quantity.Mul(f.LastPrice.Decimal))))
			switch f.FeeCurrency {
			case "USD":
				usd = must(usd.Sub(f.Fee.Decimal))
			case "BTC":
				btcFlow = must(btcFlow.Sub(f.Fee.Decimal))
			case "BNB":
				bnb = must(bnb.Sub(f.Fee.Decimal))
			}
		}
	}
	position = btcFlow
	for id, o := range n.core.orders.byClient {
		if o.f.Status == message.OrderUnknown {
			t.Errorf("%s is still unknown", id)
		}
		if venue.byID[id] == nil && o.f.CumQuantity.Sign() > 0 {
			t.Errorf("%s executed, and the venue does not know it", id)
		}
	}
	cash := make(map[string]market.Decimal)
	for currency, amount := range n.core.Portfolio().Cash() {
		cash[currency] = amount.Decimal
	}
	if cash["BTC"] != btcFlow || cash["USD"] != usd || cash["BNB"] != bnb {
		t.Errorf("cash is %v, the venue's ledger says BTC %v USD %v BNB %v", cash, btcFlow, usd, bnb)
	}
	if p, ok := n.core.Portfolio().Position("s", btc); ok && p.Fields().Quantity != position {
		t.Errorf("position is %v, the venue's ledger says %v", p, position)
	}
}
