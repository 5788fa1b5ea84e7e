package paper

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Core is the paper venue as a pure machine. It is not for concurrent use. The slices it returns
// belong to it and are good until its next call.
type Core struct {
	cfg     Config
	now     market.Timestamp // latest seen
	arrived uint64           // counts orders and cancels as they come
	orders  map[message.ClientOrderID]*order
	books   map[market.Instrument]*book
	asked   []request // by due, then arrival
	funds   funds
	begun   bool // it has heard of the gateway: what it does not hold now has ended here
	ended   map[message.ClientOrderID]*order
	oldest  []message.ClientOrderID // of ended, in the order of their ends
	out     []message.ExecutionReport
}

// order is one that is held.
type order struct {
	terms   message.OrderEventFields
	active  market.Timestamp
	arrival uint64
	cum     market.Decimal
	leaves  market.Decimal
	rests   bool // it met a touch that it does not cross
	looked  bool // last below is set
	last    market.Price
	done    bool
	amended bool
	bounced bool // refused at its first row
	queue   queue
	locks   lock
}

// request is a wish on its way: to cancel an order, or to change it.
type request struct {
	id      message.ClientOrderID
	due     market.Timestamp
	arrival uint64
	amend   bool
	to      message.OrderTerms // of amend
}

// book is what is held in one instrument.
type book struct {
	orders   []*order // by active, then arrival
	bid, ask touch
}

// touch is one side's best price and how much of it our orders took since it last changed.
type touch struct {
	price market.Price
	size  market.Quantity
	taken market.Decimal
}

// left returns what is left to take.
func (t touch) left() market.Decimal {
	left, err := t.size.Sub(t.taken)
	if err != nil || left.Sign() < 0 {
		return market.Decimal{}
	}
	return left
}

// show takes in a row's price and size, and reports whether either changed.
func (t *touch) show(price market.Price, size market.Quantity) bool {
	if t.price == price && t.size == size {
		return false
	}
	*t = touch{price: price, size: size}
	return true
}

// New returns a venue that holds nothing. It fails as Config.Validate does.
func New(cfg Config) (*Core, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Core{
		cfg:    cfg,
		orders: make(map[message.ClientOrderID]*order),
		books:  make(map[market.Instrument]*book),
		funds:  newFunds(cfg),
		ended:  make(map[message.ClientOrderID]*order),
	}, nil
}

// Open returns how many orders are held.
func (c *Core) Open() int { return len(c.orders) }

// Place takes up an order, which its gateway's event describes, and reports that it was
// accepted or rejected. An order that is held already is accepted again and changes nothing.
func (c *Core) Place(e message.OrderEvent) []message.ExecutionReport {
	c.out = c.out[:0]
	c.begun = true
	f := e.Fields()
	c.now = max(c.now, f.DecidedAt)
	at := f.DecidedAt.Add(c.cfg.Latency)
	if o, held := c.orders[f.ClientOrderID]; held {
		c.report(o, message.ExecutionReportFields{Time: at, Action: message.ActionAccept})
		return c.out
	}
	o := &order{terms: f, active: at, leaves: f.Quantity.Decimal}
	why := c.refuse(f)
	if why == "" {
		why = c.funds.lock(o, c.price(o), c.cfg.TakerFee)
	}
	if why != "" {
		c.report(o, message.ExecutionReportFields{Time: at, Action: message.ActionReject, Reason: why})
		return c.out
	}
	c.hold(o)
	c.report(o, message.ExecutionReportFields{Time: at, Action: message.ActionAccept})
	return c.out
}

// refuse returns why an order cannot be held; empty if it can.
func (c *Core) refuse(f message.OrderEventFields) string {
	switch {
	case len(c.orders) >= c.cfg.OpenOrdersMax:
		return fmt.Sprintf("open_orders: the paper venue holds %d orders, the most allowed", len(c.orders))
	case f.ClientOrderID == "":
		return "client_order_id: the order has none"
	case f.Side != market.Buy && f.Side != market.Sell:
		return fmt.Sprintf("side: %v", f.Side)
	case f.Quantity.Sign() <= 0:
		return fmt.Sprintf("quantity: %v", f.Quantity)
	case f.Type != market.Market && f.Type != market.Limit:
		return fmt.Sprintf("type: %v", f.Type)
	case (f.Type == market.Limit) != (f.Price.Sign() > 0):
		return fmt.Sprintf("price: %v order at %v", f.Type, f.Price)
	case f.TimeInForce < market.GTC || f.TimeInForce > market.FOK:
		return fmt.Sprintf("time_in_force: %v", f.TimeInForce)
	case f.ExecInst.Has(market.PostOnly) && (f.Type != market.Limit || f.TimeInForce != market.GTC):
		return fmt.Sprintf("instructions: a post-only order cannot be %v %v", f.Type, f.TimeInForce)
	}
	return ""
}

// price returns the worst price at which an order may fill; of a market order, what it would take
// now, and zero where that is not known.
func (c *Core) price(o *order) market.Price {
	if o.terms.Type == market.Limit {
		return o.terms.Price
	}
	if b := c.books[o.terms.Instrument]; b != nil {
		return b.ask.price
	}
	return market.Price{}
}

func (c *Core) hold(o *order) {
	c.arrived++
	o.arrival = c.arrived
	c.orders[o.terms.ClientOrderID] = o
	c.enter(o)
}

// enter puts an order into its book, behind those that were active before it.
func (c *Core) enter(o *order) {
	b := c.books[o.terms.Instrument]
	if b == nil {
		b = &book{}
		c.books[o.terms.Instrument] = b
	}
	at, _ := slices.BinarySearchFunc(b.orders, o, func(a, b *order) int {
		return cmp.Or(cmp.Compare(a.active, b.active), cmp.Compare(a.arrival, b.arrival))
	})
	b.orders = slices.Insert(b.orders, at, o)
}

// Cancel takes up the wish to cancel an order. It takes effect once message time has passed the
// wish by the latency. An order that is not held cannot be canceled, which is reported.
func (c *Core) Cancel(e message.OrderEvent) []message.ExecutionReport {
	c.out = c.out[:0]
	f := e.Fields()
	c.now = max(c.now, f.Time)
	r := request{id: f.ClientOrderID, due: f.Time.Add(c.cfg.Latency)}
	if slices.ContainsFunc(c.asked, func(other request) bool { return other.id == r.id && !other.amend }) {
		return c.out // one is on its way, and answers for both
	}
	c.ask(r)
	return c.out
}

// Amend takes up the wish to change an order's price and quantity, which takes effect as a cancel
// does.
func (c *Core) Amend(e message.OrderEvent) []message.ExecutionReport {
	c.out = c.out[:0]
	f := e.Fields()
	c.now = max(c.now, f.Time)
	to := f.OrderTerms
	to.Price, to.Quantity = f.NewPrice, f.NewQuantity
	c.ask(request{id: f.ClientOrderID, due: f.Time.Add(c.cfg.Latency), amend: true, to: to})
	return c.out
}

func (c *Core) ask(r request) {
	if _, held := c.orders[r.id]; !held {
		c.noOrder(r)
		return
	}
	c.arrived++
	r.arrival = c.arrived
	at, _ := slices.BinarySearchFunc(c.asked, r, func(a, b request) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.arrival, b.arrival))
	})
	c.asked = slices.Insert(c.asked, at, r)
	c.advance(c.now)
}

func (c *Core) noOrder(r request) {
	action := message.ActionRejectCancel
	if r.amend {
		action = message.ActionRejectAmend
	}
	c.report(&order{terms: message.OrderEventFields{ClientOrderID: r.id}}, message.ExecutionReportFields{Time: r.due, Action: action,
		Reason: "unknown_order: the paper venue does not hold it (any more)"})
}

// Advance moves message time forward and reports the requests that took effect.
func (c *Core) Advance(to market.Timestamp) []message.ExecutionReport {
	c.out = c.out[:0]
	c.advance(to)
	return c.out
}

func (c *Core) advance(to market.Timestamp) {
	c.now = max(c.now, to)
	n := 0
	for _, r := range c.asked {
		if r.due > c.now {
			break
		}
		n++
		o, held := c.orders[r.id]
		switch {
		case !held:
			c.noOrder(r)
		case r.amend:
			c.amend(o, r)
		default:
			c.drop(o)
			c.report(o, message.ExecutionReportFields{Time: r.due, Action: message.ActionCancel})
			c.sweep(c.books[o.terms.Instrument])
		}
	}
	c.asked = slices.Delete(c.asked, 0, n)
}

// amend changes an order that is held.
func (c *Core) amend(o *order, r request) {
	refuse := func(why string) {
		c.report(o, message.ExecutionReportFields{Time: r.due, Action: message.ActionRejectAmend, Reason: why})
	}
	leaves, err := r.to.Quantity.Sub(o.cum)
	switch {
	case err != nil || leaves.Sign() <= 0:
		refuse(fmt.Sprintf("quantity: %v of %v are filled", o.cum, r.to.Quantity))
		return
	case (o.terms.Type == market.Limit) != (r.to.Price.Sign() > 0):
		refuse(fmt.Sprintf("price: %v order at %v", o.terms.Type, r.to.Price))
		return
	}
	was, wasLeaves := o.terms.OrderTerms, o.leaves
	o.terms.Price, o.terms.Quantity, o.leaves = r.to.Price, r.to.Quantity, leaves
	if why := c.funds.lock(o, c.price(o), c.cfg.TakerFee); why != "" {
		o.terms.OrderTerms, o.leaves = was, wasLeaves
		_ = c.funds.lock(o, c.price(o), c.cfg.TakerFee) // as much as before
		refuse(why)
		return
	}
	o.amended = true
	if o.terms.Price != was.Price || wasLeaves.Less(leaves) { // it comes anew, behind the others
		b := c.books[o.terms.Instrument]
		b.orders = slices.DeleteFunc(b.orders, func(other *order) bool { return other == o })
		c.arrived++
		o.active, o.arrival, o.rests, o.looked, o.queue = r.due, c.arrived, false, false, queue{}
		c.enter(o)
	}
	c.report(o, message.ExecutionReportFields{Time: r.due, Action: message.ActionAmend, Instrument: o.terms.Instrument, OrderTerms: o.terms.OrderTerms,
		CumQuantity: market.Quantity{Decimal: o.cum}})
}

// Recover takes up again what a gateway that restarted holds open, and says what became of it.
// The process that died held all there was: an order that no report had confirmed by then is
// nowhere, and is rejected; one that was confirmed is held again with what was left of it, as if
// it had just arrived. Orders that are held already are confirmed.
func (c *Core) Recover(open []message.OrderEvent) []message.ExecutionReport {
	c.out = c.out[:0]
	for _, e := range open {
		f := e.Fields()
		c.now = max(c.now, f.Time)
		o, held := c.orders[f.ClientOrderID]
		switch {
		case held:
			c.confirm(o)
		case c.ended[f.ClientOrderID] != nil:
			c.repeat(c.ended[f.ClientOrderID])
		case c.begun || f.Status.Final():
			// Nothing is open, so nothing is to be said.
		case f.VenueOrderID == "":
			c.report(&order{terms: f}, message.ExecutionReportFields{Time: c.now, Action: message.ActionReject,
				Reason: "not_received: the paper venue had not confirmed it before the restart"})
		case len(c.orders) >= c.cfg.OpenOrdersMax:
			c.report(&order{terms: f}, message.ExecutionReportFields{Time: c.now, Action: message.ActionCancel,
				Reason: fmt.Sprintf("open_orders: the paper venue holds %d orders, the most allowed", len(c.orders))})
		default:
			left, err := f.Quantity.Sub(f.CumQuantity.Decimal)
			o := &order{terms: f, active: c.now, cum: f.CumQuantity.Decimal, leaves: left}
			if err != nil || left.Sign() <= 0 || c.funds.lock(o, c.price(o), c.cfg.TakerFee) != "" {
				c.report(o, message.ExecutionReportFields{Time: c.now, Action: message.ActionCancel, Reason: "balance: nothing is free for what is left"})
				continue
			}
			c.hold(o)
			c.confirm(o)
		}
	}
	c.begun = true
	return c.out
}

// repeat reports how an order ended.
func (c *Core) repeat(o *order) {
	action := message.ActionCancel
	if o.leaves.Sign() <= 0 {
		action = message.ActionAccept // it is full, which its fills said
	}
	c.report(o, message.ExecutionReportFields{Time: c.now, Action: action, Instrument: o.terms.Instrument, OrderTerms: o.terms.OrderTerms,
		CumQuantity: market.Quantity{Decimal: o.cum}})
}

// endedMax bounds the ended orders that are remembered.
const endedMax = 1000

// confirm reports an order that is held as the venue has it.
func (c *Core) confirm(o *order) {
	c.report(o, message.ExecutionReportFields{Time: c.now, Action: message.ActionAccept, Instrument: o.terms.Instrument, OrderTerms: o.terms.OrderTerms,
		CumQuantity: market.Quantity{Decimal: o.cum}})
}

// Quote takes in a row of what is known of an instrument and reports what it fills. Requests
// that are due by then come first.
func (c *Core) Quote(v message.View) []message.ExecutionReport {
	c.out = c.out[:0]
	now := v.Time()
	c.advance(now)
	b := c.books[v.Instrument]
	if b == nil {
		return c.out
	}
	changed := false
	if v.Trusted {
		if c.cfg.Queue {
			c.queues(b, v)
		}
		changed = b.bid.show(v.Bid, v.BidQuantity)
		changed = b.ask.show(v.Ask, v.AskQuantity) || changed
	}
	if len(b.orders) == 0 && changed { // what was taken of the touch no longer matters
		delete(c.books, v.Instrument)
		return c.out
	}
	for _, o := range b.orders {
		if o.active > now {
			break // they are in the order of becoming active
		}
		c.match(b, o, v, now)
	}
	c.sweep(b)
	return c.out
}

// drop lets go of an order; sweep takes it out of its book.
func (c *Core) drop(o *order) {
	o.done = true
	c.funds.unlock(o)
	if id := o.terms.ClientOrderID; !o.bounced {
		c.ended[id] = o
		if c.oldest = append(c.oldest, id); len(c.oldest) > endedMax {
			delete(c.ended, c.oldest[0])
			c.oldest = c.oldest[1:]
		}
	}
	delete(c.orders, o.terms.ClientOrderID)
}

func (c *Core) sweep(b *book) {
	b.orders = slices.DeleteFunc(b.orders, func(o *order) bool { return o.done })
}

// report makes a report of an order. Ids follow from the order's own, so that a run that is
// repeated, or goes on after a restart, gives the same ones.
func (c *Core) report(o *order, f message.ExecutionReportFields) {
	f.ClientOrderID = o.terms.ClientOrderID
	f.VenueOrderID = message.VenueOrderID("paper-" + string(f.ClientOrderID))
	if f.Action == message.ActionReject || f.Action == message.ActionRejectCancel || f.Action == message.ActionRejectAmend {
		f.VenueOrderID = ""
	}
	if r, err := message.NewExecutionReport(f); err == nil { // only an order without any id fails
		c.out = append(c.out, r)
	}
}
