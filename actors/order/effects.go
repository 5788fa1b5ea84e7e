package order

import "github.com/maru-trading/maru/actors/message"

// Effects is what an input leads to: first append the events to the journal, then do the acts.
// Both slices belong to the Core and are good until its next input.
type Effects struct {
	Append []message.OrderEvent // for the journal, in the order of Seq
	Acts   []Act                // released: all that they depend on is durable
}

// ActKind says what the shell is to do.
type ActKind uint8

const (
	ActTell    ActKind = 1 + iota // tell Event to its strategy and to whoever watches
	ActPlace                      // Venue.Place(Event)
	ActCancel                     // Venue.Cancel(Event)
	ActAmend                      // Venue.Amend(Event)
	ActRecover                    // Venue.Recover(Open)
)

// String returns tell, place, cancel, amend or recover.
func (k ActKind) String() string {
	names := [...]string{"-", "tell", "place", "cancel", "amend", "recover"}
	if int(k) < len(names) {
		return names[k]
	}
	return "?"
}

// Act is one thing to do in the world.
type Act struct {
	Kind ActKind
	// After is the event that had to be on disk before this: all up to this Seq are. Zero for
	// what needs no record, which is only the denial of an intent that left no trace.
	After uint64
	// Event is what is told, or the order as the venue is to see it: a stop that was kept here
	// is a market or limit order there.
	Event message.OrderEvent
	Open  []message.OrderEvent // of ActRecover; owned by the receiver
}

// outbox holds acts back until what they depend on is durable. It is the only way from the core
// to the world, and put is the only way in: an act can therefore not get ahead of an event that
// was made before it. Acts leave in the order they came.
type outbox struct {
	waiting []Act // waiting[head:] wait; After never falls
	head    int
}

func (o *outbox) put(a Act) { o.waiting = append(o.waiting, a) }

func (o *outbox) len() int { return len(o.waiting) - o.head }

// next takes out the first act if everything up to its After is durable.
func (o *outbox) next(durable uint64) (Act, bool) {
	if o.len() == 0 || o.waiting[o.head].After > durable {
		return Act{}, false
	}
	a := o.waiting[o.head]
	o.waiting[o.head] = Act{} // let go of its strings
	o.head++
	switch {
	case o.head == len(o.waiting):
		o.waiting, o.head = o.waiting[:0], 0
	case o.head >= 1024 && o.head*2 >= len(o.waiting): // the space freed is worth the move
		n := copy(o.waiting, o.waiting[o.head:])
		clear(o.waiting[n:])
		o.waiting, o.head = o.waiting[:n], 0
	}
	return a, true
}
