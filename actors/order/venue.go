package order

import (
	"time"

	"github.com/maru-trading/maru/actors/message"
)

// Venue is what a gateway needs of a venue. The calls return at once; what the venue says comes
// back through Replies. An order is handed over as the event that sent it, which holds all of its
// terms. An adapter concludes nothing: where it cannot know what became of a request it says
// message.ActionLose, and where the venue knows no such order message.ActionAbsent.
type Venue interface {
	// Support returns what the venue takes. It does not change.
	Support() message.OrderSupport
	// Place hands over a new order. It is called once in the life of an order, and the adapter
	// makes one request of it, at most. The request is to be void at the venue after ValidUntil,
	// where that is set.
	Place(order message.OrderEvent)
	// Cancel asks to cancel an order that was placed. It may be called again.
	Cancel(order message.OrderEvent)
	// Amend asks to change an order to NewPrice, NewStopPrice and NewQuantity, which are whole.
	// It is called where Support says that the venue can.
	Amend(order message.OrderEvent)
	// Recover asks how the account stands. Open is all that the gateway believes to be open at the
	// venue, as it last knew them, and final ones of which it lacks fills, or after a restart may lack some. The venue answers, in this order, with reports: of each of these orders its
	// fills, then how it stands, or that it is absent; of each other order that is open there
	// ActionAccept with its instrument and terms; then with every balance; then, once,
	// with Replies.Recovered.
	Recover(open []message.OrderEvent)
}

// Quoter is a venue that fills against market data: paper. Others need none.
type Quoter interface {
	// Quote passes on what a state partition knows, a row an event, in order.
	Quote(views message.Views)
}

// Booker is a venue that keeps the account's balances in this process and forgets them when that
// ends: paper. Others need none.
type Booker interface {
	// Books says what the account has by the journal, before the first Recover; nothing: the
	// account begins.
	Books(balances []message.Balance)
}

// Replies is where a venue's answers go; the gateway's shell gives it to the venue's
// constructor. The calls may come from any goroutine, also within a call of Venue.
type Replies interface {
	// Report passes on what the venue says of an order, in the order in which it said so.
	Report(report message.ExecutionReport)
	// Balance passes on what the venue says the account has, in an answer to Recover or unasked.
	Balance(balance message.Balance)
	// Recovered ends the answer to Recover, exactly once for each call, also when the connection
	// was lost: an error says why no answer could be given, and the account then takes no new
	// risk until a later Recover succeeds.
	Recovered(err error)
	// Disconnected says that what the venue reports by itself was cut off, or that something of
	// it may be missing: the gateway will ask how the account stands.
	Disconnected(why string)
	// Clock says how far the venue's clock is ahead of ours, half the round trip taken off.
	Clock(ahead time.Duration)
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
