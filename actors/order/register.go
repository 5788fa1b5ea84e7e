package order

import (
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// order is what the gateway knows of one order. Invariant: while it is not final, CumQuantity
// plus LeavesQuantity is Quantity; LeavesQuantity of a final order is zero.
type order struct {
	f        message.OrderEventFields // terms and sums, as of the last event
	asked    message.OrderTerms       // as the intent gave them: what a repeated intent is compared with
	last     message.OrderEvent
	born     uint64 // Seq of its first event
	spent    market.Decimal
	execs    map[message.ExecID]bool
	enrolled bool
	adopted  bool // placed at the venue by hand
	kept     bool // it was held here first: the venue sees what it was released as
	waits    bool // it stands in its line's list of those that are held
	met      bool // the venue has, or had, it
	resolved bool // a person said what became of it

	canceling   bool             // a cancel request is out and not answered
	cancelLost  bool             // its answer was lost: it is asked for again
	cancelAsked market.Timestamp // when we asked last
	why         string           // of our cancel, for where the venue gives no reason

	amend     *amendment          // asked for and not answered
	guessed   *message.OrderTerms // before an amendment that an execution made likely, and that is not confirmed
	amendLost bool                // its answer was lost
	amendSeqs []uint64            // intents that asked for amendments of this order

	claimed    market.Quantity  // the most that the venue says was filled
	sentAt     market.Timestamp // when it was handed over
	heard      market.Timestamp // when the venue last spoke of it, by the venue's clock
	evidence   message.Evidence // of absence, in this answer
	absentAt   market.Timestamp // the earliest of it
	absences   int              // answers in a row in which the venue denied what it had
	candidates []string         // venue ids of orders that may be this one

	parent     *order   // that must fill first
	children   []*order // that wait for this one
	group      *group   // that shares its quantity
	replaces   *order   // that an amendment made anew as this one
	replacedBy *order
	awaited    bool // a child waits, or waited, for this order or one it took the place of
}

func newOrder(terms message.OrderEventFields) *order {
	return &order{f: terms, asked: terms.OrderTerms}
}

// take makes an event the order's last one. Sums of a fill stand in the event already, but for
// those that no event has.
func (o *order) take(e message.OrderEvent) {
	o.f = e.Fields()
	o.last = e
	if o.born == 0 {
		o.born = o.f.Seq
	}
	switch o.f.Action {
	case message.ActionHold:
		o.kept = true
	case message.ActionSend:
		o.sentAt = o.f.Time
	case message.ActionAdopt:
		o.adopted = true
	case message.ActionResolve:
		o.resolved = true
	case message.ActionRequestCancel:
		o.canceling, o.cancelLost = true, false
	case message.ActionRejectCancel:
		o.canceling, o.cancelLost = false, false
	case message.ActionLose:
		o.lost()
	case message.ActionRequestAmend:
		o.amend, o.amendLost = newAmendment(o.f), false
	case message.ActionRejectAmend:
		o.amend, o.amendLost = nil, false
	case message.ActionAmend:
		if o.f.Status != held {
			o.amend, o.amendLost = nil, false
		}
	}
	switch o.f.Status {
	case accepted, partial, canceling, amending, filled:
		o.met = true
	case sent, unknown, canceled, expired:
		o.met = o.met || o.f.CumQuantity.Sign() > 0
	}
	if o.f.Status.Final() {
		o.canceling, o.cancelLost, o.amendLost = false, false, false
	}
}

// lost is take of a lost answer.
func (o *order) lost() {
	switch o.f.Request {
	case message.RequestCancel:
		o.canceling, o.cancelLost = false, true
	case message.RequestAmend:
		o.amendLost = o.amend != nil
	case 0:
		if o.canceling {
			o.canceling, o.cancelLost = false, true
		}
		if o.f.Status == unknown {
			o.amend, o.amendLost = nil, false
		}
	}
}

// atVenue reports whether the order is, or may be, at the venue.
func (o *order) atVenue() bool {
	switch o.f.Status {
	case held, created:
		return false
	}
	return !o.f.Status.Final()
}

// register finds orders. It is bounded: open ones by OpenOrdersMax, final ones by HistoryMax.
type register struct {
	byIntent map[message.IntentID]*order
	byAmend  map[message.IntentID]*order // amendments by their own intents
	byClient map[message.ClientOrderID]*order
	byVenue  map[message.VenueOrderID]*order
	groups   map[groupKey]*group
	live     map[*order]struct{}
	held     map[*order]struct{} // of them, those that are kept here
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
		byAmend:  make(map[message.IntentID]*order),
		byClient: make(map[message.ClientOrderID]*order),
		byVenue:  make(map[message.VenueOrderID]*order),
		groups:   make(map[groupKey]*group),
		live:     make(map[*order]struct{}),
		held:     make(map[*order]struct{}),
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
	r.tie(o)
	r.note(o)
}

// note brings what the register says of an order up to date with its last event.
func (r *register) note(o *order) {
	if !o.enrolled {
		return
	}
	r.named(o)
	if o.f.Status == held {
		r.held[o] = struct{}{}
	} else {
		delete(r.held, o)
	}
	if o.f.Action == message.ActionRequestAmend || o.f.Action == message.ActionAmend && o.f.Status == held {
		if a := newAmendment(o.f); a != nil {
			r.byAmend[a.id] = o
			o.amendSeqs = append(o.amendSeqs, a.id.Seq)
		}
	}
}

// named notes the venue's id of an order.
func (r *register) named(o *order) {
	if o.f.VenueOrderID != "" {
		r.byVenue[o.f.VenueOrderID] = o
	}
}

// lookup finds the order that an intent, or an amendment, was about.
func (r *register) lookup(id message.IntentID) *order {
	if o := r.byIntent[id]; o != nil {
		return o
	}
	return r.byAmend[id]
}

// current is lookup, and follows the amendments that made the order anew.
func (r *register) current(id message.IntentID) *order {
	o := r.lookup(id)
	for o != nil && o.replacedBy != nil {
		o = o.replacedBy
	}
	return o
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
	r.forget(old)
}

func (r *register) forget(old *order) {
	id := old.last.Intent()
	floor := max(r.floors[id.Strategy], id.Seq)
	delete(r.byIntent, id)
	for _, seq := range old.amendSeqs {
		delete(r.byAmend, message.IntentID{Strategy: id.Strategy, Seq: seq})
		floor = max(floor, seq)
	}
	r.floors[id.Strategy] = floor
	if r.byClient[old.f.ClientOrderID] == old {
		delete(r.byClient, old.f.ClientOrderID)
	}
	if r.byVenue[old.f.VenueOrderID] == old {
		delete(r.byVenue, old.f.VenueOrderID)
	}
	r.untie(old)
	if next := old.replacedBy; next != nil && !old.origin().expected() {
		next.replaces = nil // else a chain of amendments would hold on to all of it
	}
}

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
