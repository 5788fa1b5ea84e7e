package simulation

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
	"github.com/maru-trading/maru/cmd/internal/ledger"
)

// witness watches each order leave, and knows what the disk had by then. It stands below all that a
// test may plant, at the journal itself and at the wire.
type witness struct {
	books    *ledger.Ledger
	created  map[message.ClientOrderID]uint64 // the event that made an order, in this life's journal
	left     map[message.ClientOrderID]int
	made     []making
	now      func() market.Timestamp
	breaches []Breach
}

// making is when an order was made, or let go, by the clock on the wall: events tell other times, too.
type making struct {
	at market.Timestamp
	id message.ClientOrderID
}

func newWitness(now func() market.Timestamp) *witness {
	return &witness{now: now, created: map[message.ClientOrderID]uint64{}, left: map[message.ClientOrderID]int{}}
}

// begin is a new life, whose journal is open: what the crash took is not there any more. Each event
// that is there is told.
func (w *witness) begin(books *ledger.Ledger, told func(message.OrderEvent)) {
	w.books = books
	clear(w.created)
	for e, err := range books.After(0) {
		if err != nil {
			w.breaches = append(w.breaches, Breach{LawJournal, fmt.Sprintf("after a crash: %v", err)})
			return
		}
		w.note(e)
		told(e)
	}
	// What a crash took before it was on disk nobody knows of, and its id is given again.
	w.made = slices.DeleteFunc(w.made, func(m making) bool { return w.created[m.id] == 0 })
}

func (w *witness) written(events []message.OrderEvent) {
	for _, e := range events {
		w.note(e)
		if f := e.Fields(); f.Action == message.ActionCreate || f.Action == message.ActionRelease {
			w.made = append(w.made, making{w.now(), f.ClientOrderID})
		}
	}
}

func (w *witness) note(e message.OrderEvent) {
	f := e.Fields()
	if f.ClientOrderID == "" || f.Action.OfAccount() {
		return
	}
	if _, known := w.created[f.ClientOrderID]; !known {
		w.created[f.ClientOrderID] = f.Seq
	}
}

// leaves is told of each request as it leaves.
func (w *witness) leaves(r spot.Request) {
	if r.Method+" "+r.Path != placement {
		return
	}
	q, err := url.ParseQuery(r.Query + "&" + r.Body)
	if err != nil {
		return // the venue will not understand it either
	}
	id := message.ClientOrderID(q.Get("newClientOrderId"))
	if !strings.HasPrefix(string(id), string(accountName)+"-") {
		w.breaches = append(w.breaches, Breach{LawAhead, fmt.Sprintf("a request left for an order with the id %q", id)})
		return
	}
	if w.left[id]++; w.left[id] > 1 {
		w.breaches = append(w.breaches, Breach{LawOnce, fmt.Sprintf("order %s left %d times", id, w.left[id])})
	}
	if seq, known := w.created[id]; !known || seq > w.books.Synced() {
		w.breaches = append(w.breaches, Breach{LawAhead, fmt.Sprintf("order %s left, and the disk did not have it (event %d, synced to %d)", id, seq, w.books.Synced())})
	}
}
