package binance

import (
	"sync"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// trackedMax is how many orders are remembered, the oldest going first: far more than may be open, and
// some ten megabytes at most.
const trackedMax = 50_000

// tracked is the latest that was heard of an order, wherever it was heard.
type tracked struct {
	client   message.ClientOrderID // what it was called first
	executed market.Quantity       // the most that was ever said
	ended    bool
}

// tracker remembers what was heard of orders, by the venue's id: an answer may be older than an event
// that came before it, and an order may be given another name by hand.
type tracker struct {
	mu    sync.Mutex
	of    map[message.VenueOrderID]tracked
	queue []message.VenueOrderID // in the order in which they came to be known
	next  int                    // the oldest, once the queue is full
}

// heard takes in how an order stands, and returns it under the name by which it was known first.
func (t *tracker) heard(o order) order {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := o.venueID()
	known, ok := t.of[id]
	if !ok {
		known.client = o.client
		t.admit(id)
	}
	o.client = known.client
	if known.executed.Less(o.executed.Decimal) {
		known.executed = o.executed
	}
	known.ended = known.ended || o.status != "" && !o.open()
	t.of[id] = known
	return o
}

// placed takes in the answer to a new order. What was known under its number by another name was of
// another order: a test net begins its numbers anew.
func (t *tracker) placed(o order) {
	t.mu.Lock()
	if known, ok := t.of[o.venueID()]; ok && known.client != o.client {
		t.of[o.venueID()] = tracked{client: o.client}
	}
	t.mu.Unlock()
	t.heard(o)
}

// admit makes room for one more.
func (t *tracker) admit(id message.VenueOrderID) {
	if t.of == nil {
		t.of = map[message.VenueOrderID]tracked{}
	}
	if len(t.queue) < trackedMax {
		t.queue = append(t.queue, id)
		return
	}
	delete(t.of, t.queue[t.next])
	t.queue[t.next] = id
	t.next = (t.next + 1) % trackedMax
}

// latest returns what was heard of an order.
func (t *tracker) latest(id message.VenueOrderID) (tracked, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	known, ok := t.of[id]
	return known, ok
}
