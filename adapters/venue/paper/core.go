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
	cancels []cancel // by due, then arrival
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
}

// cancel is a request on its way.
type cancel struct {
	id      message.ClientOrderID
	due     market.Timestamp
	arrival uint64
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
	}, nil
}

// Open returns how many orders are held.
func (c *Core) Open() int { return len(c.orders) }

// Place takes up an order, which its gateway's event describes, and reports that it was
// accepted or rejected. An order that is held already is accepted again and changes nothing.
func (c *Core) Place(e message.OrderEvent) []message.ExecutionReport {
	c.out = c.out[:0]
	f := e.Fields()
	c.now = max(c.now, f.DecidedAt)
	at := f.DecidedAt.Add(c.cfg.Latency)
	if o, held := c.orders[f.ClientOrderID]; held {
		c.report(o, message.ExecutionReportFields{Time: at, Action: message.ActionAccept})
		return c.out
	}
	o := &order{terms: f, active: at, leaves: f.Quantity.Decimal}
	if why := c.refuse(f); why != "" {
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
	}
	return ""
}

func (c *Core) hold(o *order) {
	c.arrived++
	o.arrival = c.arrived
	c.orders[o.terms.ClientOrderID] = o
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
	c.arrived++
	r := cancel{id: f.ClientOrderID, due: f.Time.Add(c.cfg.Latency), arrival: c.arrived}
	if _, held := c.orders[r.id]; !held {
		c.noOrder(f, r.due)
		return c.out
	}
	if slices.ContainsFunc(c.cancels, func(other cancel) bool { return other.id == r.id }) {
		return c.out // one is on its way, and answers for both
	}
	at, _ := slices.BinarySearchFunc(c.cancels, r, func(a, b cancel) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.arrival, b.arrival))
	})
	c.cancels = slices.Insert(c.cancels, at, r)
	c.advance(c.now)
	return c.out
}

func (c *Core) noOrder(f message.OrderEventFields, at market.Timestamp) {
	c.report(&order{terms: f}, message.ExecutionReportFields{Time: at, Action: message.ActionRejectCancel,
		Reason: "unknown_order: the paper venue does not hold it (any more)"})
}

// Advance moves message time forward and reports the cancels that took effect.
func (c *Core) Advance(to market.Timestamp) []message.ExecutionReport {
	c.out = c.out[:0]
	c.advance(to)
	return c.out
}

func (c *Core) advance(to market.Timestamp) {
	c.now = max(c.now, to)
	n := 0
	for _, r := range c.cancels {
		if r.due > c.now {
			break
		}
		n++
		if o, held := c.orders[r.id]; held {
			c.drop(o)
			c.report(o, message.ExecutionReportFields{Time: r.due, Action: message.ActionCancel})
			c.sweep(c.books[o.terms.Instrument])
		} else {
			c.noOrder(message.OrderEventFields{ClientOrderID: r.id}, r.due)
		}
	}
	c.cancels = slices.Delete(c.cancels, 0, n)
}

// Recover takes up again what a gateway that restarted holds open, and says what became of it.
// The process that died held all there was: an order that no report had confirmed by then is
// nowhere, and is canceled; one that was confirmed is held again with what was left of it, as if
// it had just arrived. Orders that are held already are confirmed.
func (c *Core) Recover(open []message.OrderEvent) []message.ExecutionReport {
	c.out = c.out[:0]
	for _, e := range open {
		f := e.Fields()
		c.now = max(c.now, f.Time)
		o, held := c.orders[f.ClientOrderID]
		switch {
		case held:
			c.report(o, message.ExecutionReportFields{Time: c.now, Action: message.ActionAccept})
		case f.Status.Final():
			// Nothing is open, so nothing is to be said.
		case f.VenueOrderID == "":
			c.report(&order{terms: f}, message.ExecutionReportFields{Time: c.now, Action: message.ActionCancel,
				Reason: "not sent before restart: the paper venue had not confirmed it"})
		case len(c.orders) >= c.cfg.OpenOrdersMax:
			c.report(&order{terms: f}, message.ExecutionReportFields{Time: c.now, Action: message.ActionCancel,
				Reason: fmt.Sprintf("open_orders: the paper venue holds %d orders, the most allowed", len(c.orders))})
		default:
			o := &order{terms: f, active: c.now, cum: f.CumQuantity.Decimal, leaves: f.LeavesQuantity.Decimal}
			c.hold(o)
			c.report(o, message.ExecutionReportFields{Time: c.now, Action: message.ActionAccept})
		}
	}
	return c.out
}

// Quote takes in a row of what is known of an instrument and reports what it fills. Cancels that
// are due by then come first.
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
	if f.Action == message.ActionReject || f.Action == message.ActionRejectCancel {
		f.VenueOrderID = ""
	}
	if r, err := message.NewExecutionReport(f); err == nil { // only an order without any id fails
		c.out = append(c.out, r)
	}
}
