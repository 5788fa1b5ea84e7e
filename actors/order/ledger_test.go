package order

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// ledger is an honest venue on a bad line: it executes what reaches it and keeps books. Requests are
// lost or late, what it says comes late, twice, in any order or never, and it answers questions
// from copies that lag behind.
type ledger struct {
	r        *rand.Rand
	now      *market.Timestamp
	support  message.OrderSupport
	states   bool // it states balances
	calm     bool // nothing goes wrong any more
	orders   []*ledgerOrder
	byID     map[message.ClientOrderID]*ledgerOrder
	byVenue  map[message.VenueOrderID]*ledgerOrder
	wire     []delayed
	mail     []message.ExecutionReport // said, not delivered
	answers  []func(n *node)           // to questions, in order
	balances map[string]market.Decimal
	execs    int
	hands    int
	total    map[string]int
}

type delayed struct {
	at market.Timestamp
	do func()
}

type ledgerOrder struct {
	id      message.ClientOrderID // ours, or what a person gave
	venue   message.VenueOrderID
	foreign bool
	i       market.Instrument
	terms   message.OrderTerms
	cum     market.Decimal
	done    message.OrderAction // cancel or reject; zero while it lives or is full
	fills   []message.ExecutionReportFields
	lies    int
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newLedger(r *rand.Rand, now *market.Timestamp, support message.OrderSupport, states bool, total map[string]int) *ledger {
	return &ledger{r: r, now: now, support: support, states: states, total: total, byID: make(map[message.ClientOrderID]*ledgerOrder),
		byVenue:  make(map[message.VenueOrderID]*ledgerOrder),
		balances: map[string]market.Decimal{"USD": market.MustDecimal("1000000"), "BTC": market.MustDecimal("10000"), "BNB": market.MustDecimal("5")}}
}

// chance is true once in n times, while things go wrong.
func (l *ledger) chance(n int, what string) bool {
	if l.calm || l.r.IntN(n) != 0 {
		return false
	}
	l.total[what]++
	return true
}

// full fills in what the venue says with every report of an order.
func (l *ledger) full(o *ledgerOrder, f message.ExecutionReportFields) message.ExecutionReport {
	f.Time, f.VenueOrderID, f.Instrument, f.OrderTerms = *l.now, o.venue, o.i, o.terms
	if l.support.ClientOrderIDs {
		f.ClientOrderID = o.id
	}
	f.CumQuantity = market.Quantity{Decimal: o.cum}
	return must(message.NewExecutionReport(f))
}

func (l *ledger) say(o *ledgerOrder, f message.ExecutionReportFields) {
	r := l.full(o, f)
	l.mail = append(l.mail, r)
	if l.chance(8, "said twice") {
		l.mail = append(l.mail, r)
	}
}

// answer is what the venue says to a request: the adapter knows of which order.
func (l *ledger) answer(e message.OrderEventFields, o *ledgerOrder, f message.ExecutionReportFields) {
	f.VenueOrderID = e.VenueOrderID
	if o != nil {
		f = l.full(o, f).Fields()
	}
	f.ClientOrderID, f.Time = e.ClientOrderID, *l.now
	l.mail = append(l.mail, must(message.NewExecutionReport(f)))
}

func (l *ledger) lose(e message.OrderEventFields, request message.OrderRequest) {
	l.answer(e, nil, message.ExecutionReportFields{Action: message.ActionLose, Request: request, Reason: "timeout"})
}

func (l *ledger) alive(o *ledgerOrder) bool {
	return o.done == 0 && o.cum.Less(o.terms.Quantity.Decimal)
}

func (l *ledger) later(most time.Duration, do func()) {
	l.wire = append(l.wire, delayed{l.now.Add(time.Duration(l.r.Int64N(int64(most)))), do})
}

// arrive lets requests reach the venue whose time has come.
func (l *ledger) arrive() {
	l.wire = slices.DeleteFunc(l.wire, func(d delayed) bool {
		if d.at > *l.now && !l.calm {
			return false
		}
		d.do()
		return true
	})
}

func (l *ledger) place(e message.OrderEvent) {
	f := e.Fields()
	if l.byID[f.ClientOrderID] != nil {
		panic("sent twice: " + e.String())
	}
	switch {
	case l.chance(10, "request lost"):
		l.lose(f, message.RequestPlace)
	case l.chance(10, "request late"): // the adapter gave up on it, and it still gets there
		l.lose(f, message.RequestPlace)
		l.later(20*time.Second, func() { l.accept(f, false) })
	case l.chance(10, "answer lost"):
		l.accept(f, false)
		l.lose(f, message.RequestPlace)
	default:
		l.accept(f, true)
	}
}

func (l *ledger) accept(f message.OrderEventFields, answers bool) {
	if !f.ValidUntil.IsZero() && *l.now > f.ValidUntil {
		l.total["too late to be taken up"]++
		return
	}
	o := &ledgerOrder{id: f.ClientOrderID, venue: message.VenueOrderID(fmt.Sprintf("v%d", len(l.orders)+1)), i: f.Instrument, terms: f.OrderTerms}
	if l.chance(12, "rejected") {
		o.done = message.ActionReject
	}
	l.orders, l.byID[o.id], l.byVenue[o.venue] = append(l.orders, o), o, o
	action := message.ActionAccept
	if o.done != 0 {
		action = o.done
	}
	if answers {
		l.answer(f, o, message.ExecutionReportFields{Action: action})
	} else if l.support.ClientOrderIDs && l.r.IntN(2) == 0 { // the stream says so all the same
		l.say(o, message.ExecutionReportFields{Action: action})
	}
	if o.terms.Type == market.Market && o.done == 0 {
		l.execute(o, o.terms.Quantity.Decimal)
	}
}

// of finds the order that a request is about.
func (l *ledger) of(e message.OrderEvent) *ledgerOrder {
	f := e.Fields()
	if f.VenueOrderID != "" {
		return l.byVenue[f.VenueOrderID]
	}
	if l.support.ClientOrderIDs {
		return l.byID[f.ClientOrderID]
	}
	return nil
}

func (l *ledger) cancel(e message.OrderEvent) {
	o, f := l.of(e), e.Fields()
	if l.chance(6, "cancel lost") {
		l.lose(f, message.RequestCancel)
		return
	}
	if o == nil || !l.alive(o) {
		l.answer(f, o, message.ExecutionReportFields{Action: message.ActionRejectCancel, Reason: "too late"})
		return
	}
	o.done = message.ActionCancel
	if l.chance(6, "answer to a cancel lost") {
		l.lose(f, message.RequestCancel)
		return
	}
	l.say(o, message.ExecutionReportFields{Action: message.ActionCancel})
}

func (l *ledger) amend(e message.OrderEvent) {
	f := e.Fields()
	o := l.of(e)
	if l.chance(3, "amendment lost") {
		l.lose(f, message.RequestAmend)
		return
	}
	if o == nil || !l.alive(o) || !o.cum.Less(f.NewQuantity.Decimal) {
		l.answer(f, o, message.ExecutionReportFields{Action: message.ActionRejectAmend, Reason: "too late"})
		return
	}
	o.terms.Price, o.terms.Quantity = f.NewPrice, f.NewQuantity
	l.total["amended"]++
	if l.chance(2, "answer to an amendment lost") {
		l.lose(f, message.RequestAmend)
		return
	}
	l.say(o, message.ExecutionReportFields{Action: message.ActionAmend})
}

// trade executes a part of a random order.
func (l *ledger) trade() {
	if len(l.orders) == 0 {
		return
	}
	o := l.orders[l.r.IntN(len(l.orders))]
	if l.alive(o) {
		l.execute(o, must(market.DecimalFromInt(1+l.r.Int64N(20)).Mul(market.MustDecimal("0.1"))))
	}
}

func (l *ledger) execute(o *ledgerOrder, quantity market.Decimal) {
	quantity = quantity.Min(must(o.terms.Quantity.Sub(o.cum)))
	l.execs++
	f := message.ExecutionReportFields{Action: message.ActionFill, ExecID: message.ExecID(fmt.Sprintf("e%d", l.execs)),
		LastQuantity: market.Quantity{Decimal: quantity}, LastPrice: market.MustPrice(fmt.Sprintf("%d.5", 90+l.r.IntN(20))),
		Fee: market.Amount{Decimal: market.MustDecimal("0.0001")}, FeeCurrency: []string{"USD", "BTC", "BNB"}[l.r.IntN(3)]}
	o.cum = must(o.cum.Add(quantity))
	o.fills = append(o.fills, f)
	value := must(quantity.Mul(f.LastPrice.Decimal))
	if o.terms.Side == market.Buy {
		value, quantity = value.Neg(), quantity.Neg()
	}
	l.move("USD", value)
	l.move("BTC", quantity.Neg())
	l.move(f.FeeCurrency, f.Fee.Neg())
	l.say(o, f)
}

func (l *ledger) move(currency string, by market.Decimal) {
	l.balances[currency] = must(l.balances[currency].Add(by))
}

// hand is a person at the venue's website.
func (l *ledger) hand() {
	l.hands++
	o := &ledgerOrder{venue: message.VenueOrderID(fmt.Sprintf("v%d", len(l.orders)+1)), foreign: true, i: btc,
		terms: message.OrderTerms{Side: market.Side(1 + l.r.IntN(2)), Type: market.Limit, TimeInForce: market.GTC,
			Price: market.MustPrice("77"), Quantity: market.MustQuantity("1.1")}}
	if l.support.ClientOrderIDs {
		o.id = message.ClientOrderID(fmt.Sprintf("web_%d", l.hands))
		l.byID[o.id] = o
	}
	l.orders, l.byVenue[o.venue] = append(l.orders, o), o
	if l.r.IntN(2) == 0 {
		l.say(o, message.ExecutionReportFields{Action: message.ActionAccept})
	}
	if l.r.IntN(2) == 0 {
		l.execute(o, market.MustDecimal("0.3"))
	}
}

// recover answers how the account stands at this moment.
func (l *ledger) recover(open []message.OrderEvent) {
	if l.chance(6, "no answer") {
		l.answers = append(l.answers, func(n *node) { n.do(n.core.Recovered(errors.New("503"), n.now)) })
		return
	}
	report := func(r message.ExecutionReport) {
		l.answers = append(l.answers, func(n *node) { n.do(n.core.Report(r)) })
	}
	absent := func(f message.OrderEventFields, e message.Evidence) {
		report(must(message.NewExecutionReport(message.ExecutionReportFields{Time: *l.now, ClientOrderID: f.ClientOrderID, VenueOrderID: f.VenueOrderID,
			Action: message.ActionAbsent, Evidence: e})))
	}
	asked := map[*ledgerOrder]bool{}
	for _, e := range open {
		f, o := e.Fields(), l.of(e)
		asked[o] = true
		switch {
		case o == nil && !l.support.ClientOrderIDs:
			absent(f, message.EvidenceOpen|message.EvidenceFills)
			continue
		case o == nil:
			for _, e := range []message.Evidence{message.EvidenceByID, message.EvidenceOpen, message.EvidenceFills} {
				if !l.chance(6, "a place not asked") {
					absent(f, e)
				}
			}
			continue
		case f.VenueOrderID != "" && o.lies < 2 && l.chance(25, "a live order denied"):
			o.lies++
			absent(f, message.EvidenceAll)
			continue
		case l.chance(25, "an order denied in part"):
			absent(f, message.EvidenceByID|message.EvidenceOpen)
			continue
		}
		for _, fill := range o.fills {
			if !l.chance(10, "a fill left out of an answer") {
				report(l.full(o, fill))
			}
		}
		action := message.ActionAccept
		if o.done != 0 {
			action = o.done
		}
		report(l.full(o, message.ExecutionReportFields{Action: action}))
	}
	for _, o := range l.orders {
		if l.alive(o) && !asked[o] && (o.foreign || !l.support.ClientOrderIDs) {
			report(l.full(o, message.ExecutionReportFields{Action: message.ActionAccept}))
		}
	}
	if l.states {
		for _, currency := range slices.Sorted(maps.Keys(l.balances)) {
			locked := market.MustDecimal("0.01")
			b := must(message.NewBalance(message.BalanceFields{Time: *l.now, Account: "main", Currency: currency,
				Free: market.Amount{Decimal: must(l.balances[currency].Sub(locked))}, Locked: market.Amount{Decimal: locked}}))
			l.answers = append(l.answers, func(n *node) { n.do(n.core.Balance(b)) })
		}
	}
	l.answers = append(l.answers, func(n *node) { n.do(n.core.Recovered(nil, n.now)) })
}

// cut drops what was said and not delivered; questions get no answer any more, which the adapter
// says.
func (l *ledger) cut(n *node) {
	l.mail, l.answers = nil, nil
	for range n.core.reconcile.answerable {
		l.answers = append(l.answers, func(n *node) { n.do(n.core.Recovered(errors.New("the line was cut"), n.now)) })
	}
}

// modes are the venues that the gateway is tested against.
func modes() []message.OrderSupport {
	full, reduce, none, blind := testSupport(), testSupport(), testSupport(), testSupport()
	reduce.Amend, none.Amend = message.AmendReduce, message.AmendNone
	blind.ClientOrderIDs, blind.Validity, blind.Amend = false, 0, message.AmendNone
	return []message.OrderSupport{full, reduce, none, blind}
}

// TestNothingLostNothingDoubled runs the gateway against an honest venue on a bad line, with a
// disk that syncs when it likes and crashes at any moment, and compares books at the end: the
// node's own checks (harness_test.go) hold at every step.
func TestNothingLostNothingDoubled(t *testing.T) {
	total := make(map[string]int)
	for seed := range uint64(240) {
		newSession(t, seed, total).run(700)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for _, what := range []string{"placed", "crash", "crash with unsynced events", "disconnected", "said twice", "dropped",
		"request lost", "request late", "answer lost", "too late to be taken up", "rejected", "cancel lost", "answer to a cancel lost",
		"amendment lost", "answer to an amendment lost", "amended", "no answer", "a place not asked", "a live order denied",
		"an order denied in part", "a fill left out of an answer",
		"fill", "lose", "absent", "adopt", "resolve", "hold", "release", "request_amend", "amend", "expire", "deny", "balance", "reconcile",
		"halt", "resume", "made anew", "closing order", "group filled in parts", "candidate"} {
		if total[what] < 20 {
			t.Errorf("%s happened %d times in all runs: the test does not test it", what, total[what])
		}
	}
	t.Log(total)
}

// TestCrashAtEveryStep runs one history against each kind of venue, and crashes it before each of its
// steps, with nothing, something and all of what was not synced on disk.
func TestCrashAtEveryStep(t *testing.T) {
	total := make(map[string]int)
	for seed := range uint64(4) {
		for at := range 150 {
			for _, keep := range []int{0, 1, 1000} {
				s := newSession(t, 1000+seed, total)
				s.crashAt, s.keep = at+1, keep
				s.run(160)
				if t.Failed() {
					t.Fatalf("seed %d crash before step %d with %d events kept", 1000+seed, at+1, keep)
				}
			}
		}
	}
	if total["crash with unsynced events"] < 500 || total["placed"] < 4_000 {
		t.Errorf("the test does not test it: %v", total)
	}
}

// session is one run.
type session struct {
	t       *testing.T
	seed    uint64
	r       *rand.Rand
	n       *node
	l       *ledger
	total   map[string]int
	intents uint64
	groups  uint64
	last    int64
	halted  bool // by the test
	steps   int
	crashAt int // the step before which the node crashes; 0: now and then
	keep    int // events that make it to disk unsynced in that crash
}

func newSession(t *testing.T, seed uint64, total map[string]int) *session {
	r := rand.New(rand.NewPCG(seed, 1))
	cfg := testConfig()
	cfg.OpenOrdersMax, cfg.QueueMax, cfg.HistoryMax = 14, 24, 2000
	support := modes()[seed%4]
	s := &session{t: t, seed: seed, r: r, total: total, last: 100}
	s.n = newNodeAt(t, cfg, support)
	s.l = newLedger(r, &s.n.now, support, seed%8 < 6, total)
	if !support.ClientOrderIDs {
		s.l.states = true
	}
	s.carry()
	return s
}

// carry takes to the venue what the gateway wants there.
func (s *session) carry() {
	for len(s.n.acts)+len(s.n.events) > 0 {
		acts, events := s.n.acts, s.n.events
		s.n.acts, s.n.events = nil, nil
		for _, e := range events {
			f := e.Fields()
			s.total[f.Action.String()]++
			switch {
			case f.Action == message.ActionCreate && f.Replaces != "":
				s.total["made anew"]++
			case f.Action == message.ActionCreate && f.Strategy == message.StrategyManual:
				s.total["closing order"]++
			case f.Action == message.ActionAmend && f.Status == held:
				s.total["group filled in parts"]++
			case f.Action == message.ActionLose && len(f.Reason) > 10 && f.Reason[:10] == "candidates":
				s.total["candidate"]++
			}
		}
		for _, a := range acts {
			switch a.Kind {
			case ActPlace:
				s.total["placed"]++
				s.l.place(a.Event)
			case ActCancel:
				s.l.cancel(a.Event)
			case ActAmend:
				s.l.amend(a.Event)
			case ActRecover:
				s.l.recover(a.Open)
			}
		}
	}
}

// sync lets the disk catch up.
func (s *session) sync() {
	for len(s.n.pending) > 0 {
		s.n.sync(len(s.n.pending))
		s.carry()
	}
}

func (s *session) deliver() bool {
	l := s.l
	if len(l.answers) > 0 && (len(l.mail) == 0 || s.r.IntN(2) == 0) {
		next := l.answers[0]
		l.answers = l.answers[1:]
		next(s.n)
		s.carry()
		return true
	}
	if len(l.mail) == 0 {
		return false
	}
	i := s.r.IntN(len(l.mail))
	report := l.mail[i]
	l.mail = slices.Delete(l.mail, i, i+1)
	s.n.do(s.n.core.Report(report))
	s.carry()
	return true
}

func (s *session) quote() {
	s.last = max(90, min(110, s.last+s.r.Int64N(7)-3))
	s.n.view(btc, fmt.Sprint(s.last), fmt.Sprint(s.last+1), fmt.Sprint(s.last), s.r.IntN(20) > 0)
	s.carry()
}

// intend gives a new intent, or one that was given before.
func (s *session) intend() {
	seq := s.intents + 1
	again := s.r.IntN(6) == 0 && s.intents > 0
	if again {
		seq = 1 + s.r.Uint64N(s.intents)
	}
	pick := rand.New(rand.NewPCG(s.seed, seq)) // the same number, the same intent
	f := intentFields(seq)
	f.Received = s.n.now
	f.Side = market.Side(1 + seq%2)
	f.Quantity = market.Quantity{Decimal: must(market.DecimalFromInt(int64(5 + seq%30)).Mul(market.MustDecimal("0.1")))}
	switch pick.IntN(8) {
	case 0:
		f.Type, f.Price = market.Market, market.Price{}
	case 1:
		f.Type, f.StopPrice = market.StopLimit, market.MustPrice(fmt.Sprint(92+pick.IntN(16)))
		f.TimeInForce, f.ExpireAt = market.GTD, market.Seconds(1_700_000_000+int64(pick.IntN(100)))
	case 2:
		f.TimeInForce, f.ExpireAt = market.GTD, market.Seconds(1_700_000_000+int64(pick.IntN(100)))
	case 3:
		f.TimeInForce = market.DAY
	}
	s.n.do(s.n.core.Intend(mustIntent(s.t, f)))
	s.carry()
	s.intents = max(s.intents, seq)
	if !again && pick.IntN(4) == 0 {
		s.bracket(f)
	}
}

// bracket gives an order two ends: a limit where it wins and a stop where it loses.
func (s *session) bracket(entry message.OrderIntentFields) {
	s.groups++
	for i := range 2 {
		s.intents++
		f := intentFields(s.intents)
		f.Received = s.n.now
		f.Side, f.Quantity = entry.Side.Opposite(), entry.Quantity
		f.Parent, f.Group = entry.ID.Seq, s.groups
		f.Price = market.MustPrice(fmt.Sprint(98 + s.r.IntN(6)))
		if i == 1 {
			f.Type, f.Price, f.StopPrice = market.Stop, market.Price{}, market.MustPrice(fmt.Sprint(96+s.r.IntN(8)))
		}
		s.n.do(s.n.core.Intend(mustIntent(s.t, f)))
		s.carry()
	}
}

func (s *session) amend() {
	if s.intents == 0 {
		return
	}
	s.intents++
	f := message.AmendIntentFields{ID: message.IntentID{Strategy: "s", Seq: s.intents}, OrderSeq: s.open(), Account: "main", Time: s.n.now, Reason: "test",
		Quantity: market.MustQuantity(fmt.Sprintf("%d.%d", s.r.IntN(4), 2+s.r.IntN(7)))}
	if s.r.IntN(2) == 0 {
		f.Price = market.MustPrice(fmt.Sprint(95 + s.r.IntN(10)))
	}
	for _, e := range s.n.core.Open() { // mostly one that rests
		if st := e.Fields().Status; (st == accepted || st == partial) && e.Fields().Strategy == "s" && s.r.IntN(3) > 0 {
			f.OrderSeq = e.Fields().IntentSeq
		}
	}
	if f.OrderSeq >= s.intents {
		return
	}
	intent := must(message.NewAmendIntent(f))
	for range 1 + s.r.IntN(2) {
		s.n.do(s.n.core.Amend(intent))
		s.carry()
	}
}

// open returns the number of an order of the strategy, mostly an open one.
func (s *session) open() uint64 {
	if open := s.n.core.Open(); len(open) > 0 && s.r.IntN(5) > 0 {
		if e := open[s.r.IntN(len(open))]; e.Fields().Strategy == "s" {
			return e.Fields().IntentSeq
		}
	}
	return 1 + s.r.Uint64N(s.intents)
}

func (s *session) cancel() {
	if s.intents == 0 {
		return
	}
	f := message.CancelIntentFields{ID: message.IntentID{Strategy: "s", Seq: s.open()}, Account: "main", Time: s.n.now, Reason: "test"}
	if s.r.IntN(12) == 0 {
		f.ID = message.IntentID{}
	}
	s.n.do(s.n.core.Cancel(must(message.NewCancelIntent(f))))
	s.carry()
}

// person halts, resumes and sees to what is unknown.
func (s *session) person() {
	if s.n.core.Halted() != "" {
		s.n.do(must(s.n.core.Resume("test", s.n.now)))
		s.halted = false
	} else {
		s.halted = true
		s.n.do(s.n.core.Halt(HaltOptions{Reason: "test", Cancel: s.r.IntN(2) == 0, Flatten: s.r.IntN(2) == 0}, s.n.now))
	}
	s.carry()
}

// crash loses what the line carried and what was not synced, but for the first keep events.
func (s *session) crash(keep int) {
	s.total["crash"]++
	if len(s.n.pending) > 0 {
		s.total["crash with unsynced events"]++
	}
	s.l.mail, s.l.answers = nil, nil
	s.n.crash(keep)
	s.carry()
	s.n.view(btc, fmt.Sprint(s.last), fmt.Sprint(s.last+1), fmt.Sprint(s.last), true)
	s.carry()
}

func (s *session) step() {
	n, l, r := s.n, s.l, s.r
	if s.steps++; s.steps == s.crashAt {
		s.crash(min(s.keep, len(n.pending)))
	}
	n.now = n.now.Add(time.Duration(1 + r.Int64N(int64(300*time.Millisecond))))
	l.arrive()
	switch r.IntN(24) {
	case 20, 21, 22:
		s.deliver()
	case 23:
		s.amend()
		s.amend()
	case 0, 1, 2:
		s.intend()
	case 3:
		s.cancel()
	case 4:
		s.amend()
	case 5, 6, 7:
		n.sync(1 + r.IntN(6))
		s.carry()
	case 8, 9, 10, 11, 12:
		s.deliver()
	case 13, 14:
		l.trade()
	case 15:
		s.quote()
	case 16:
		n.do(n.core.Tick(n.now))
		s.carry()
	case 17: // the line drops what was said
		if len(l.mail) > 0 && r.IntN(3) == 0 {
			s.total["dropped"]++
			l.mail = slices.Delete(l.mail, 0, 1)
		}
	case 18:
		switch r.IntN(10) {
		case 0:
			s.total["disconnected"]++
			l.cut(n)
			n.do(n.core.Disconnected("cut", n.now))
			s.carry()
		case 1:
			l.hand()
		case 2:
			if l.states {
				l.move("USD", market.MustDecimal("12.5"))
			}
		case 3:
			if r.IntN(2) == 0 {
				s.person()
			}
		default:
			if s.halted {
				s.person()
			}
		}
	case 19:
		if s.crashAt == 0 && r.IntN(12) == 0 {
			s.crash(r.IntN(len(n.pending) + 1))
		}
	}
	if n.core.Halted() != "" && !s.halted && n.core.Halted() != "test" {
		s.t.Fatalf("seed %d: halted by an honest venue: %s", s.seed, n.core.Halted())
	}
	s.halted = n.core.Halted() != ""
}

func (s *session) run(steps int) {
	for range steps {
		s.step()
	}
	s.settle()
	s.compare()
	// What stands on disk says the same.
	before, cash := unmarked(s.n.core), maps.Collect(s.n.core.Portfolio().Cash())
	s.n.crash(0)
	if after := unmarked(s.n.core); !slices.Equal(before, after) {
		s.t.Errorf("seed %d: after a restart the positions are %v, before %v", s.seed, after, before)
	}
	if after := maps.Collect(s.n.core.Portfolio().Cash()); !maps.Equal(cash, after) {
		s.t.Errorf("seed %d: after a restart the cash is %v, before %v", s.seed, after, cash)
	}
	s.carry()
	s.settle()
	s.compare()
}

// settle lets everything come to rest on a line that is whole. A person sees to what the venue
// cannot say.
func (s *session) settle() {
	s.l.calm = true
	for round := range 60 {
		s.n.now = s.n.now.Add(7 * time.Second)
		s.l.arrive()
		s.n.do(s.n.core.Tick(s.n.now))
		s.carry()
		for len(s.l.mail)+len(s.l.answers)+len(s.n.pending) > 0 {
			for s.deliver() {
			}
			s.sync()
		}
		if round == 30 {
			s.resolve()
		}
	}
	if why := s.n.core.Reconciling(); why != "" {
		s.t.Fatalf("seed %d: never agreed: %s", s.seed, why)
	}
	// Late fills of orders that were final already may have been dropped on the line where the venue's
	// balances do not tell: it repeats all of them, as a fetch of its fills would.
	for _, o := range s.l.orders {
		if ours := s.ours(o); ours != nil && !ours.resolved {
			for _, f := range o.fills {
				s.l.say(o, f)
			}
		}
	}
	for len(s.l.mail)+len(s.l.answers)+len(s.n.pending) > 0 {
		for s.deliver() {
		}
		s.sync()
	}
	for range 4 { // what those fills made of the balances
		s.n.do(s.n.core.Reconcile("the end", s.n.now))
		s.carry()
		s.sync()
		for len(s.l.mail)+len(s.l.answers)+len(s.n.pending) > 0 {
			for s.deliver() {
			}
			s.sync()
		}
	}
}

// resolve is a person who looks at the venue's books.
func (s *session) resolve() {
	for _, e := range s.n.core.Open() {
		f := e.Fields()
		if f.Status != unknown {
			continue
		}
		if s.n.support.ClientOrderIDs {
			s.t.Fatalf("seed %d: the venue could tell, and it is still unknown: %v", s.seed, e)
		}
		r := Resolution{ID: f.ClientOrderID, As: rejected, Reason: "looked at the venue", Now: s.n.now}
		if o := s.l.byID[f.ClientOrderID]; o != nil && s.n.core.orders.byVenue[o.venue] == nil && o.cum.Sign() > 0 {
			// It filled, and was never seen: it is not among those that were adopted.
			r.As, r.Quantity, r.Price = canceled, market.Quantity{Decimal: o.cum}, o.fills[0].LastPrice
			if o.cum == o.terms.Quantity.Decimal {
				r.As = filled
			}
		}
		effects, err := s.n.core.Resolve(r)
		if err != nil {
			s.t.Fatalf("seed %d: %v", s.seed, err)
		}
		s.n.do(effects)
		s.carry()
	}
}

// ours returns what the gateway holds of an order of the venue; nil if it never heard of it.
func (s *session) ours(o *ledgerOrder) *order {
	if s.n.support.ClientOrderIDs && o.id != "" {
		return s.n.core.orders.byClient[o.id]
	}
	return s.n.core.orders.byVenue[o.venue]
}

// unmarked returns the positions without their marks, which are not on disk: views come again.
func unmarked(c *Core) (all []message.PositionFields) {
	for _, position := range c.Portfolio().Positions() {
		f := position.Fields()
		f.Mark, f.Unrealized = market.Price{}, market.Amount{}
		all = append(all, f)
	}
	return all
}

// compare holds the gateway's books against the venue's.
func (s *session) compare() {
	t, n, l := s.t, s.n, s.l
	t.Helper()
	var net market.Decimal
	groups := map[uint64]market.Decimal{}
	missed := false
	for _, o := range l.orders {
		ours := s.ours(o)
		if ours == nil {
			if !o.foreign && n.support.ClientOrderIDs {
				t.Fatalf("seed %d: order %s of the venue is not known", s.seed, o.id)
			}
			missed = missed || o.cum.Sign() > 0
			continue
		}
		if ours.f.CumQuantity.Decimal != o.cum {
			t.Errorf("seed %d: %v: the venue executed %v", s.seed, ours.last, o.cum)
		}
		want := accepted
		switch {
		case o.cum == o.terms.Quantity.Decimal:
			want = filled
		case o.done == message.ActionCancel:
			want = canceled
		case o.done == message.ActionReject:
			want = rejected
		case o.cum.Sign() > 0:
			want = partial
		}
		if got := ours.f.Status; got != want {
			t.Errorf("seed %d: %v: the venue says %v", s.seed, ours.last, want)
		}
		if ours.f.Group != 0 {
			groups[ours.f.Group] = must(groups[ours.f.Group].Add(o.cum))
		}
		if o.terms.Side == market.Buy {
			net = must(net.Add(o.cum))
		} else {
			net = must(net.Sub(o.cum))
		}
		for _, f := range o.fills {
			if f.FeeCurrency == "BTC" {
				net = must(net.Sub(f.Fee.Decimal))
			}
		}
	}
	for id, o := range n.core.orders.byClient {
		if o.f.Status == unknown {
			t.Errorf("seed %d: %s is still unknown", s.seed, id)
		}
		missed = missed || o.toldFills()
	}
	if held := n.core.Portfolio().Held(btc); held != net && !missed {
		t.Errorf("seed %d: %v are held, the venue's ledger says %v", s.seed, held, net)
	}
	for key, g := range n.core.orders.groups {
		if sum := groups[key.number]; g.quantity().Less(sum) {
			t.Errorf("seed %d: group %d filled %v of %v", s.seed, key.number, sum, g.quantity())
		}
		for _, o := range g.members {
			if o.parent == nil {
				continue
			}
			if most, _ := o.parent.outcome(); most.Less(o.f.CumQuantity.Decimal) {
				t.Errorf("seed %d: %v filled more than its parent, %v", s.seed, o.last, most)
			}
		}
	}
	if !l.states {
		return
	}
	for currency, amount := range l.balances {
		if books := must(n.core.risk.Total(currency)); books.Decimal != amount {
			t.Errorf("seed %d: our books say %v %s, the venue %v", s.seed, books, currency, amount)
		}
	}
}
