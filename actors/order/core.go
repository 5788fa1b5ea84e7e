package order

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/portfolio"
	"github.com/maru-trading/maru/actors/order/risk"
)

// Core is the gateway of one account as a pure machine. It is made by New, filled by Recover,
// told what its venue takes by Support and set going by Start. It is not for concurrent use.
//
// Times come from the caller: message time, or a clock where there is one. A zero time stands
// for the latest that was seen.
type Core struct {
	cfg     Config
	support message.OrderSupport
	nowhere market.Instrument
	lines   map[market.Instrument]*line

	now       market.Timestamp // latest seen
	seq       uint64           // of the newest event
	durable   uint64           // events up to this are on disk; durable <= seq
	orderSeq  uint64           // of the newest client order id
	manualSeq uint64           // of the newest order of message.StrategyManual
	orders    register
	open      int // orders that are not final
	outbox    outbox
	started   bool

	halted      string // why no orders are taken; empty: they are
	flattening  bool   // positions are being closed
	flattened   map[market.Instrument]int
	journalLost string // why the journal is gone; nothing but a new Core ends that
	anomalies   map[anomalyKey]bool

	reconcile reconcile
	balances  balances
	timed     map[*order]market.Timestamp // orders that end at a time, by our hand
	touched   []*order                    // whose change may move others

	portfolio *portfolio.Portfolio
	risk      *risk.Risk
	stats     Stats
	out       Effects
}

// line is what the gateway knows of one listed instrument.
type line struct {
	listing market.Listing
	quote   message.Quote
	trusted bool
	held    []*order // stops that wait for the price, oldest first; some are no longer held
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
		lines:     make(map[market.Instrument]*line, len(cfg.Listings)),
		orders:    newRegister(),
		flattened: make(map[market.Instrument]int),
		anomalies: make(map[anomalyKey]bool),
		timed:     make(map[*order]market.Timestamp),
		balances:  newBalances(),
		stats:     Stats{Denied: make(map[Code]uint64)},
		portfolio: portfolio.New(cfg.Account),
	}
	c.reconcile = reconcile{why: "not started", short: make(map[*order]struct{})}
	if c.risk, err = risk.New(cfg.risk(), c.portfolio); err != nil {
		return nil, err
	}
	for _, l := range cfg.Listings {
		c.lines[l.Instrument] = &line{listing: l}
	}
	c.cfg.Listings = nil
	return c, nil
}

// Support says what the venue takes. It comes before Start; without it everything is denied.
func (c *Core) Support(s message.OrderSupport) { c.support = s }

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

// end lets changes have their consequences, releases what may leave and returns the effects.
func (c *Core) end() Effects {
	for {
		c.settle()
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
			a.Open = c.question()
		}
		c.out.Acts = append(c.out.Acts, a)
	}
	// The disk cannot keep up with executions: no more risk until a person has looked.
	if c.halted == "" && c.outbox.len() > 4*c.cfg.QueueMax {
		c.halt(HaltOptions{Reason: fmt.Sprintf("%d messages wait for the journal, more than %d", c.outbox.len(), 4*c.cfg.QueueMax)})
	}
	return c.out
}

// settle works through the orders that changed: what is held for them, what shares their
// quantity, what takes their place.
func (c *Core) settle() {
	for i := 0; i < len(c.touched); i++ { // it may grow
		o := c.touched[i]
		c.replace(o)
		c.advance(o)
		for _, child := range o.children {
			c.advance(child)
		}
		if o.group != nil {
			for _, member := range o.group.members {
				c.advance(member)
			}
		}
	}
	clear(c.touched)
	c.touched = c.touched[:0]
}

// touch notes that an order changed, if that can move anything.
func (c *Core) touch(o *order) {
	if o.f.Status == held || o.amend != nil || len(o.children) > 0 || o.group != nil {
		c.touched = append(c.touched, o)
	}
	if o.awaited && o.replaces != nil { // what waited for the order waits for what took its place
		c.touched = append(c.touched, o.origin())
	}
}

// ---- inputs from the market, the journal and the clock

// View takes in prices and trust of an instrument; those that are not listed are ignored. It may
// release stops.
func (c *Core) View(v message.View) Effects {
	l, ok := c.lines[v.Instrument]
	if !ok {
		return Effects{}
	}
	c.now = max(c.now, v.Time())
	l.quote, l.trusted = v.Quote, v.Trusted
	c.risk.View(v)
	if !v.Trusted {
		return Effects{}
	}
	c.portfolio.Mark(v.Instrument, v.Last)
	if len(l.held) == 0 || !c.started {
		return Effects{}
	}
	c.begin(0)
	c.quoted(l)
	return c.end()
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

// Tick moves time forward: about once a second, by a clock in a live run and by message time in
// one that is to be repeatable. It ends orders whose time is over, asks the venue again about what
// is open to doubt, and checks the limits on losses.
func (c *Core) Tick(now market.Timestamp) Effects {
	c.begin(now)
	if c.journalLost != "" || !c.started {
		return c.end()
	}
	c.expire()
	c.impatient()
	c.askInTime()
	c.review()
	c.flatten()
	why, marks := c.risk.Tick(c.now)
	for _, m := range marks {
		c.note(message.OrderEventFields{Action: message.ActionEquity, Currency: m.Currency, Amount: m.Amount, Reason: m.Reason})
	}
	if why != "" && c.halted == "" {
		c.halt(HaltOptions{Reason: why})
	}
	return c.end()
}

// ---- what is known

// Halted returns why the account takes no orders; empty if it does.
func (c *Core) Halted() string { return c.halted }

// Reconciling returns why the account waits for the venue; empty if it does not.
func (c *Core) Reconciling() string { return c.reconcile.why }

// Seq returns the newest event's Seq, and Durable's latest.
func (c *Core) Seq() (newest, durable uint64) { return c.seq, c.durable }

// Portfolio returns the account's positions. It is the Core's own: read it, and only between
// inputs.
func (c *Core) Portfolio() *portfolio.Portfolio { return c.portfolio }

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

// step is what record writes: the part of an event that differs from the order's own terms.
type step struct {
	action message.OrderAction
	status message.OrderStatus
	time   market.Timestamp
	reason string
	fill   *message.ExecutionReportFields // of a fill
	with   func(*message.OrderEventFields)
}

// record makes the order's next event, appends it to the journal and puts it in the outbox.
func (c *Core) record(o *order, s step) {
	wasOpen := o.enrolled && !o.f.Status.Final()
	f := plain(o.f)
	f.Seq, f.Time, f.Action, f.Status, f.Reason = c.seq+1, s.time, s.action, s.status, cut(s.reason)
	if s.fill != nil {
		f.ExecID, f.LastPrice, f.LastQuantity = s.fill.ExecID, s.fill.LastPrice, s.fill.LastQuantity
		f.Fee, f.FeeCurrency, f.LastLiquidityAdd = s.fill.Fee, s.fill.FeeCurrency, s.fill.LastLiquidityAdd
	}
	if s.with != nil {
		s.with(&f)
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
	c.orders.note(o)
	if wasOpen && f.Status.Final() {
		c.closed(o)
	}
	c.append(event)
	if o.enrolled {
		c.touch(o)
	}
}

// plain returns an event's fields without what belongs to its action alone.
func plain(f message.OrderEventFields) message.OrderEventFields {
	f.Request, f.Evidence, f.Currency, f.Amount = 0, 0, "", market.Amount{}
	f.NewPrice, f.NewStopPrice, f.NewQuantity = market.Price{}, market.Price{}, market.Quantity{}
	f.ExecID, f.LastPrice, f.LastQuantity, f.Fee, f.FeeCurrency, f.LastLiquidityAdd = "", market.Price{}, market.Quantity{}, market.Amount{}, "", false
	return f
}

// enroll makes a new order known, with its first event recorded.
func (c *Core) enroll(o *order) {
	if o.last == (message.OrderEvent{}) {
		return // record failed, and the account is halted
	}
	c.orders.add(o)
	if o.f.Status.Final() {
		c.orders.retire(o, c.cfg.HistoryMax)
		return
	}
	c.open++
	if due := c.due(o); !due.IsZero() {
		c.timed[o] = due
	}
	c.wait(o)
	c.touch(o)
}

// closed keeps the register when an order became final.
func (c *Core) closed(o *order) {
	c.open--
	delete(c.timed, o)
	c.orders.retire(o, c.cfg.HistoryMax)
}

// append is the only way into the journal.
func (c *Core) append(e message.OrderEvent) {
	c.seq = e.Fields().Seq
	c.out.Append = append(c.out.Append, e)
	c.outbox.put(Act{Kind: ActTell, After: c.seq, Event: e})
	c.judge(e)
}

// judge lets risk hear of an event. What is held for another order, or shares another's quantity,
// does not count before it is let go: it cannot fill beside that.
func (c *Core) judge(e message.OrderEvent) {
	if f := e.Fields(); f.Status == held && f.Contingency != (message.Contingency{}) {
		f.LeavesQuantity = market.Quantity{}
		if quiet, err := message.NewOrderEvent(f); err == nil {
			e = quiet
		}
	}
	c.risk.Apply(e)
}

// tell repeats an event to its strategy. What it stands for is on disk when it leaves.
func (c *Core) tell(e message.OrderEvent) {
	c.outbox.put(Act{Kind: ActTell, After: c.seq, Event: e})
}
