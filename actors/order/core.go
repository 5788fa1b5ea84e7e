package order

import (
	"fmt"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Core is the gateway of one account as a pure machine. It is made by New, filled by Recover and
// set going by Start. It is not for concurrent use.
//
// Times come from the caller: message time, or a clock where there is one. A zero time stands
// for the latest that was seen.
type Core struct {
	cfg     Config
	nowhere market.Instrument
	lines   map[market.Instrument]*line

	now      market.Timestamp // latest seen
	seq      uint64           // of the newest event
	durable  uint64           // events up to this are on disk; durable <= seq
	orderSeq uint64           // of the newest client order id
	orders   register
	open     int // orders that are not final
	outbox   outbox

	halted      string // why no orders are taken; empty: they are
	journalLost string // why the journal is gone; nothing but a new Core ends that
	reconciling string // why the venue must speak first; empty: it has
	asked       int    // times the venue is or will be asked for open orders and has not answered
	answerable  int    // of them, those that it was asked
	anomalies   map[anomalyKey]bool

	portfolio *Portfolio
	stats     Stats
	out       Effects
}

// New returns the gateway of an account without history. It fails as Config.Validate does.
func New(cfg Config) (*Core, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	where, err := nowhere(cfg.Venue)
	if err != nil {
		return nil, err
	}
	c := &Core{
		cfg: cfg, nowhere: where,
		lines:       make(map[market.Instrument]*line, len(cfg.Listings)),
		orders:      newRegister(),
		reconciling: "not started",
		anomalies:   make(map[anomalyKey]bool),
		stats:       Stats{Denied: make(map[Code]uint64)},
		portfolio:   NewPortfolio(cfg.Account),
	}
	for _, l := range cfg.Listings {
		c.lines[l.Instrument] = &line{listing: l}
	}
	c.cfg.Listings = nil
	return c, nil
}

// begin starts an input: the effects of the one before are gone.
func (c *Core) begin(now market.Timestamp) {
	c.out.Append = c.out.Append[:0]
	clear(c.out.Acts)
	c.out.Acts = c.out.Acts[:0]
	c.now = max(c.now, now)
}

// at returns t, or the latest time seen where t is not known.
func (c *Core) at(t market.Timestamp) market.Timestamp {
	if t.IsZero() {
		return c.now
	}
	return t
}

// end releases what may leave and returns the effects.
func (c *Core) end() Effects {
	for {
		a, ok := c.outbox.next(c.durable)
		if !ok {
			break
		}
		switch a.Kind {
		case ActPlace:
			if a, ok = c.send(a); !ok {
				continue
			}
		case ActRecover:
			c.answerable++
			a.Open = c.refresh(a.Open)
		}
		c.out.Acts = append(c.out.Acts, a)
	}
	// The disk cannot keep up with executions: no more risk until a person has looked.
	if c.halted == "" && c.outbox.len() > 4*c.cfg.QueueMax {
		c.halt(c.now, fmt.Sprintf("%d messages wait for the journal, more than %d", c.outbox.len(), 4*c.cfg.QueueMax))
	}
	return c.out
}

// ---- inputs from strategies and people

// Intend takes up an intent: it becomes an order, or is denied. A known intent is answered with
// the last event of its order.
func (c *Core) Intend(intent message.OrderIntent) Effects {
	f := intent.Fields()
	c.begin(f.Time())
	c.stats.Intents++
	if f.Account != c.cfg.Account {
		c.refuse(f, DeniedAccount, fmt.Sprintf("this is the gateway of %s", c.cfg.Account))
		return c.end()
	}
	if c.journalLost != "" {
		c.refuse(f, DeniedJournal, c.journalLost)
		return c.end()
	}
	if o, ok := c.orders.byIntent[f.ID]; ok {
		c.stats.Duplicates++
		switch {
		case !sameTerms(o.f, f):
			c.refuse(f, DeniedDuplicate, fmt.Sprintf("intent %v was given before with other terms", f.ID))
		case c.outbox.len() >= c.cfg.QueueMax:
			c.refuse(f, DeniedQueueFull, c.queueFull())
		default:
			c.tell(o.last)
		}
		return c.end()
	}
	if floor := c.orders.floors[f.ID.Strategy]; f.ID.Seq <= floor {
		c.stats.Duplicates++
		c.refuse(f, DeniedDuplicate, fmt.Sprintf("intent %v is not newer than %d, the last one no longer remembered", f.ID, floor))
		return c.end()
	}
	if c.outbox.len() >= c.cfg.QueueMax {
		c.refuse(f, DeniedQueueFull, c.queueFull())
		return c.end()
	}
	if code, why := c.deny(f); code != "" {
		c.stats.Denied[code]++
		o := newOrder(c.terms(f))
		c.record(o, step{action: message.ActionDeny, status: denied, time: c.at(f.Time()), reason: reason(code, why)})
		c.enroll(o)
		return c.end()
	}
	c.orderSeq++
	terms := c.terms(f)
	terms.ClientOrderID = ClientOrderID(c.cfg.Account, c.cfg.Epoch, c.orderSeq)
	terms.LeavesQuantity = terms.Quantity
	o := newOrder(terms)
	c.record(o, step{action: message.ActionCreate, status: created, time: c.at(f.Time()), reason: f.Reason})
	c.enroll(o)
	c.outbox.put(Act{Kind: ActPlace, After: c.seq, Event: o.last})
	return c.end()
}

// Cancel takes up the wish to cancel the order that an intent became. It is passed on to the
// venue while the order is open, once; a repetition, or a cancel of what is final, is answered
// with the order's last event. It works while the account is halted. An intent that is not known
// has no answer; it is counted.
func (c *Core) Cancel(cancel message.CancelIntent) Effects {
	f := cancel.Fields()
	c.begin(f.Time)
	c.stats.Cancels++
	o, ok := c.orders.byIntent[f.ID]
	switch {
	case f.Account != c.cfg.Account || c.journalLost != "":
		c.stats.CancelsIgnored++
	case !ok:
		c.stats.CancelsIgnored++
	case o.f.Status.Final() || o.canceling || c.outbox.len() >= 2*c.cfg.QueueMax:
		c.tell(o.last)
	case o.f.Status == created: // it has not left, and send will see that it must not
		c.record(o, step{action: message.ActionCancel, status: canceled, time: c.at(f.Time), reason: "canceled before it was sent: " + f.Reason})
	default:
		status, ok := Next(o.f.Status, message.ActionRequestCancel)
		if !ok {
			c.tell(o.last)
			break
		}
		o.canceling = true
		c.record(o, step{action: message.ActionRequestCancel, status: status, time: c.at(f.Time), reason: f.Reason})
		c.outbox.put(Act{Kind: ActCancel, After: c.seq, Event: o.last})
	}
	return c.end()
}

// Halt stops new orders until Resume. Orders that wait for the disk do not leave any more.
// Executions and cancels are still handled. It is journaled: a restart does not end it.
func (c *Core) Halt(reason string, now market.Timestamp) Effects {
	c.begin(now)
	c.halt(c.now, reason)
	return c.end()
}

// Resume ends a halt. It fails after JournalFailed: only a new Core, recovered from what the
// disk really holds, can go on then.
func (c *Core) Resume(reason string, now market.Timestamp) (Effects, error) {
	c.begin(now)
	if c.journalLost != "" {
		return c.end(), fmt.Errorf("order: resume %s: the journal is lost (%s): restart the gateway, which recovers from the disk", c.cfg.Account, c.journalLost)
	}
	if c.halted != "" {
		c.halted = ""
		clear(c.anomalies)
		c.note(c.now, noteResume, reason)
	}
	return c.end(), nil
}

// ---- inputs from the market, the journal and the venue

// View takes in prices and trust of an instrument; those that are not listed are ignored.
func (c *Core) View(v message.View) {
	l, ok := c.lines[v.Instrument]
	if !ok {
		return
	}
	c.now = max(c.now, v.Time())
	l.quote, l.trusted = v.Quote, v.Trusted
	if v.Trusted {
		c.portfolio.Mark(v.Instrument, v.Last)
	}
}

// Durable says that the events up to a Seq are on disk. It releases what waited for them;
// after JournalFailed it releases nothing.
func (c *Core) Durable(upTo uint64, now market.Timestamp) Effects {
	c.begin(now)
	if c.journalLost != "" {
		return Effects{}
	}
	c.durable = max(c.durable, min(upTo, c.seq))
	return c.end()
}

// JournalFailed says that the journal took no event, or that an fsync failed. Nothing leaves the
// gateway any more: what the disk holds is not known. It is final for this Core.
func (c *Core) JournalFailed(why error, now market.Timestamp) {
	c.begin(now)
	if c.journalLost == "" {
		c.journalLost = fmt.Sprintf("journal failed: %v", why)
	}
	c.halted = c.journalLost
}

// Recovered says that the venue has answered an ActRecover: once for each. The account takes new
// orders once all were answered and the last answer was no error; an error means that the venue
// could not say, and Reconcile is to be called again.
func (c *Core) Recovered(err error, now market.Timestamp) Effects {
	c.begin(now)
	if c.answerable == 0 { // nobody asked
		return c.end()
	}
	c.answerable--
	c.asked--
	switch {
	case err != nil:
		c.reconciling = cut(fmt.Sprintf("the venue could not say what became of open orders: %v", err))
	case c.asked == 0:
		c.reconciling = ""
	}
	return c.end()
}

// Reconcile asks the venue what became of all open orders, as after a reconnect. Until Recovered
// no new orders are taken.
func (c *Core) Reconcile(why string, now market.Timestamp) Effects {
	c.begin(now)
	c.reconcile(why)
	return c.end()
}

func (c *Core) reconcile(why string) {
	if c.journalLost != "" {
		return
	}
	c.reconciling = why
	c.asked++
	open := c.orders.open()
	events := make([]message.OrderEvent, len(open))
	for i, o := range open {
		events[i] = o.last
	}
	c.outbox.put(Act{Kind: ActRecover, After: c.seq, Open: events})
}

// refresh brings the question of a while ago to what is known now. Orders that came later are not
// part of it: their requests may still be behind it.
func (c *Core) refresh(open []message.OrderEvent) []message.OrderEvent {
	kept := open[:0]
	for _, e := range open {
		o := c.orders.byClient[e.Fields().ClientOrderID]
		if o != nil && !o.f.Status.Final() {
			kept = append(kept, o.last)
		}
	}
	return kept
}

// ---- what is known

// Halted returns why the account takes no orders; empty if it does.
func (c *Core) Halted() string { return c.halted }

// Reconciling returns why the account waits for the venue; empty if it does not.
func (c *Core) Reconciling() string { return c.reconciling }

// Seq returns the newest event's Seq, and Durable's latest.
func (c *Core) Seq() (newest, durable uint64) { return c.seq, c.durable }

// Portfolio returns the account's positions. It is the Core's own: read it, and only between
// inputs.
func (c *Core) Portfolio() *Portfolio { return c.portfolio }

// Open returns the last event of every order that is not final, oldest first.
func (c *Core) Open() []message.OrderEvent {
	open := c.orders.open()
	events := make([]message.OrderEvent, len(open))
	for i, o := range open {
		events[i] = o.last
	}
	return events
}

// Order returns the last event of the order that an intent became, denied ones included, and
// false if it is not known or no longer remembered.
func (c *Core) Order(id message.IntentID) (message.OrderEvent, bool) {
	o, ok := c.orders.byIntent[id]
	if !ok {
		return message.OrderEvent{}, false
	}
	return o.last, true
}

// Stats returns a copy of what was counted since New.
func (c *Core) Stats() Stats { return c.stats.clone(c) }

// ---- inner steps

// send is the last gate before the venue: the act was released, its order's creation is on disk.
func (c *Core) send(a Act) (Act, bool) {
	o := c.orders.byClient[a.Event.Fields().ClientOrderID]
	if o == nil || o.f.Status != created {
		return Act{}, false // canceled meanwhile
	}
	why := c.halted
	if why == "" && o.f.CumQuantity.Sign() > 0 { // an anomaly that was resumed from
		why = "the venue executed it before it was sent"
	}
	if why != "" {
		c.stats.Denied[DeniedHalted]++
		c.record(o, step{action: message.ActionDeny, status: denied, time: c.now, reason: reason(DeniedHalted, why)})
		return Act{}, false
	}
	// That the order is on disk needs no record: whoever reads its creation there knows.
	status, _ := Next(created, message.ActionJournal)
	status, _ = Next(status, message.ActionSend)
	c.stats.Sent++
	c.record(o, step{action: message.ActionSend, status: status, time: c.now})
	a.Event = o.last
	return a, true
}

// step is what record writes: the part of an event that differs from the order's own terms.
type step struct {
	action message.OrderAction
	status message.OrderStatus
	time   market.Timestamp
	reason string
	fill   *message.ExecutionReportFields // of a fill
}

// record makes the order's next event, appends it to the journal and puts it in the outbox.
func (c *Core) record(o *order, s step) {
	wasOpen := o.enrolled && !o.f.Status.Final()
	f := o.f
	f.Seq, f.Time, f.Action, f.Status, f.Reason = c.seq+1, s.time, s.action, s.status, cut(s.reason)
	f.ExecID, f.LastPrice, f.LastQuantity, f.Fee, f.FeeCurrency, f.LastLiquidityAdd = "", market.Price{}, market.Quantity{}, market.Amount{}, "", false
	if s.fill != nil {
		f.ExecID, f.LastPrice, f.LastQuantity = s.fill.ExecID, s.fill.LastPrice, s.fill.LastQuantity
		f.Fee, f.FeeCurrency, f.LastLiquidityAdd = s.fill.Fee, s.fill.FeeCurrency, s.fill.LastLiquidityAdd
	}
	if f.Status.Final() {
		f.LeavesQuantity = market.Quantity{} // FIX 151: nothing is open any more
	}
	event, err := message.NewOrderEvent(f)
	if err != nil { // all parts were checked when they came in; were one not, no order may follow
		c.halted = fmt.Sprintf("anomaly %s: %v", anomalyInternal, err)
		return
	}
	o.take(event)
	if wasOpen && f.Status.Final() {
		c.closed(o)
	}
	c.append(event)
}

// enroll makes a new order known, with its first event recorded.
func (c *Core) enroll(o *order) {
	c.orders.add(o)
	if o.f.Status.Final() {
		c.orders.retire(o, c.cfg.HistoryMax)
	} else {
		c.open++
	}
}

func (c *Core) closed(o *order) {
	c.open--
	c.orders.retire(o, c.cfg.HistoryMax)
}

func (c *Core) append(event message.OrderEvent) {
	c.seq++
	c.out.Append = append(c.out.Append, event)
	c.tell(event)
}

// tell puts an event in the outbox. It waits for all events made before, its own included.
func (c *Core) tell(event message.OrderEvent) {
	c.outbox.put(Act{Kind: ActTell, After: c.seq, Event: event})
}

// refuse answers an intent at once and without a record.
func (c *Core) refuse(f message.OrderIntentFields, code Code, why string) {
	c.stats.Denied[code]++
	t := c.terms(f)
	t.Account = f.Account
	t.Time, t.Action, t.Status, t.Reason = c.at(f.Time()), message.ActionDeny, denied, reason(code, why)
	event, err := message.NewOrderEvent(t)
	if err == nil { // an intent has account and instrument
		c.out.Acts = append(c.out.Acts, Act{Kind: ActTell, Event: event})
	}
}

// terms returns the fields that all events of the intent's order share.
func (c *Core) terms(f message.OrderIntentFields) message.OrderEventFields {
	return message.OrderEventFields{
		Account: c.cfg.Account, Strategy: f.ID.Strategy, IntentSeq: f.ID.Seq, Instrument: f.Instrument,
		Side: f.Side, Type: f.Type, TimeInForce: f.TimeInForce, Price: f.Price, Quantity: f.Quantity, DecidedAt: f.Time(),
	}
}

func sameTerms(o message.OrderEventFields, f message.OrderIntentFields) bool {
	return o.Instrument == f.Instrument && o.Side == f.Side && o.Type == f.Type && o.TimeInForce == f.TimeInForce &&
		o.Price == f.Price && o.Quantity == f.Quantity
}

func (c *Core) queueFull() string {
	return fmt.Sprintf("%d messages wait for the journal, the most allowed", c.outbox.len())
}

func reason(code Code, why string) string { return string(code) + ": " + why }

// sorted returns orders in the order of their creation.
func sorted(orders []*order) []*order {
	slices.SortFunc(orders, func(a, b *order) int {
		switch {
		case a.born < b.born:
			return -1
		case a.born > b.born:
			return 1
		}
		return 0
	})
	return orders
}
