package order

import "github.com/maru-trading/maru/actors/message"

// Venue is what a gateway needs of a venue. The calls return at once; what the venue says comes
// back through Replies. An order is handed over as the event that sent it, which holds all of its
// terms. An adapter that cannot know what became of a request says message.ActionLose.
type Venue interface {
	// Place hands over a new order. It is called once in the life of an order.
	Place(order message.OrderEvent)
	// Cancel asks to cancel an order that was placed. It may be called again after a restart.
	Cancel(order message.OrderEvent)
	// Recover asks what became of these orders: all that the gateway holds open, as it last knew
	// them. The venue answers with reports, then with Replies.Recovered. It must not answer
	// Cancel, Reject or Expire for want of knowledge: what it cannot settle stays unknown.
	Recover(open []message.OrderEvent)
}

// Quoter is a venue that fills against market data: paper. Others need none.
type Quoter interface {
	// Quote passes on what a state partition knows, a row an event, in order.
	Quote(views message.Views)
}

// Replies is where a venue's answers go; the gateway's shell gives it to the venue's
// constructor. The calls may come from any goroutine, also within a call of Venue.
type Replies interface {
	// Report passes on what the venue says of an order.
	Report(report message.ExecutionReport)
	// Recovered ends the answer to Recover, exactly once for each call, also when the connection
	// was lost: an error says why no answer could be given, and the account then takes no new
	// risk until a later Recover succeeds.
	Recovered(err error)
}

// Journal keeps the events of one account in their order. Two goroutines use it: the gateway's
// appends, a writer's syncs and tells the gateway how far the disk has come (Core.Durable), so
// that one fsync carries whatever was appended meanwhile.
type Journal interface {
	// Append takes events behind those appended before and returns at once. Seq is that of the
	// last event, and it must keep no reference to the slice. An error is final: the shell
	// answers it with Core.JournalFailed.
	Append(events []message.OrderEvent) (seq uint64, err error)
	// Sync returns once everything appended before the call is on disk. An error is final too:
	// what a failed fsync left on disk cannot be known.
	Sync() error
}
