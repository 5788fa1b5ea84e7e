package order

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// order is what the gateway knows of one order. Invariant: while it is not final, CumQuantity
// plus LeavesQuantity is Quantity; LeavesQuantity of a final order is zero.
type order struct {
	f        message.OrderEventFields // terms and sums, as of the last event
	last     message.OrderEvent
	born     uint64 // Seq of its first event
	spent    market.Decimal
	execs    map[message.ExecID]bool
	enrolled bool
	// canceling: a cancel request is out and not answered.
	canceling bool
}

func newOrder(terms message.OrderEventFields) *order { return &order{f: terms} }

// take makes an event the order's last one. Sums of a fill stand in the event already, but for
// those that no event has.
func (o *order) take(e message.OrderEvent) {
	o.f = e.Fields()
	o.last = e
	if o.born == 0 {
		o.born = o.f.Seq
	}
	switch o.f.Action {
	case message.ActionRequestCancel:
		o.canceling = true
	case message.ActionRejectCancel, message.ActionLose:
		o.canceling = false
	}
	if o.f.Status.Final() {
		o.canceling = false
	}
}

// register finds orders. It is bounded: open ones by OpenOrdersMax, final ones by HistoryMax.
type register struct {
	byIntent map[message.IntentID]*order
	byClient map[message.ClientOrderID]*order
	byVenue  map[message.VenueOrderID]*order
	live     map[*order]struct{}
	// final holds final orders, the longest final first; final[head:] count.
	final []*order
	head  int
	// floors holds by strategy the highest intent number that was forgotten: no number up to
	// it is new.
	floors map[message.StrategyName]uint64
}

func newRegister() register {
	return register{
		byIntent: make(map[message.IntentID]*order),
		byClient: make(map[message.ClientOrderID]*order),
		byVenue:  make(map[message.VenueOrderID]*order),
		live:     make(map[*order]struct{}),
		floors:   make(map[message.StrategyName]uint64),
	}
}

func (r *register) add(o *order) {
	o.enrolled = true
	r.byIntent[o.last.Intent()] = o
	if o.f.ClientOrderID != "" {
		r.byClient[o.f.ClientOrderID] = o
	}
	if !o.f.Status.Final() {
		r.live[o] = struct{}{}
	}
}

// named notes the venue's id of an order.
func (r *register) named(o *order) {
	if o.f.VenueOrderID != "" {
		r.byVenue[o.f.VenueOrderID] = o
	}
}

// open returns the orders that are not final, oldest first.
func (r *register) open() []*order {
	open := make([]*order, 0, len(r.live))
	for o := range r.live {
		open = append(open, o)
	}
	return sorted(open)
}

// retire moves an order that became final to the history and forgets the longest final one
// beyond most.
func (r *register) retire(o *order, most int) {
	delete(r.live, o)
	r.final = append(r.final, o)
	if len(r.final)-r.head <= most {
		return
	}
	old := r.final[r.head]
	r.final[r.head] = nil
	r.head++
	if r.head >= 1024 && r.head*2 >= len(r.final) {
		n := copy(r.final, r.final[r.head:])
		clear(r.final[n:])
		r.final, r.head = r.final[:n], 0
	}
	id := old.last.Intent()
	r.floors[id.Strategy] = max(r.floors[id.Strategy], id.Seq)
	delete(r.byIntent, id)
	delete(r.byClient, old.f.ClientOrderID)
	if r.byVenue[old.f.VenueOrderID] == old {
		delete(r.byVenue, old.f.VenueOrderID)
	}
}

// Stats counts since New; nothing in it is read by the gateway itself.
type Stats struct {
	Intents          uint64 // that came, duplicates and refused ones included
	Duplicates       uint64 // of them, known already
	Denied           map[Code]uint64
	Cancels          uint64
	CancelsIgnored   uint64 // of an unknown intent, another account or after the journal failed
	Sent             uint64 // orders handed to the venue
	Reports          uint64
	ReportsRepeated  uint64 // that said what was known
	FillsRepeated    uint64 // with an execution id that was counted before
	ReportsIgnored   uint64 // after the journal failed
	Anomalies        uint64
	AnomaliesDropped uint64 // repeated, or beyond the most that are kept
	Open             int    // orders that are not final
	Waiting          int    // acts that wait for the disk
	Statuses         [message.OrderExpired + 1]int
}

// clone copies s and fills in what the core knows anyway.
func (s Stats) clone(c *Core) Stats {
	deniedBy := make(map[Code]uint64, len(s.Denied))
	for code, n := range s.Denied {
		deniedBy[code] = n
	}
	s.Denied = deniedBy
	s.Open, s.Waiting = c.open, c.outbox.len()
	for _, o := range c.orders.byIntent {
		s.Statuses[o.f.Status]++
	}
	return s
}
