package gateway

import (
	"time"

	"github.com/maru-trading/maru/actors/message"
)

// Replies is where a venue's answers go. The order gateway's actor owns the interface of that name
// and hands over what satisfies it; this is what the adapters use of it. The calls may come from any
// goroutine and do not block.
type Replies interface {
	// Report passes on what the venue says of an order.
	Report(report message.ExecutionReport)
	// Balance passes on what the venue says of one currency.
	Balance(balance message.Balance)
	// Recovered ends the answer to a Recover, exactly once for each; an error says why it is not whole.
	Recovered(err error)
	// Disconnected says that something may have been missed.
	Disconnected(why string)
	// Clock says how far the venue's clock is ahead of ours.
	Clock(offset time.Duration)
}
