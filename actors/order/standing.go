package order

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/message"
)

// StandingRequest asks how the account stands. It changes nothing, and is answered with a Standing.
type StandingRequest struct{}

// Standing is how an account stands at a moment. Not all of it need be on disk.
type Standing struct {
	Halted      string               // why the account takes no intents; empty: it does
	Reconciling string               // why it takes no new risk for now; empty: it does
	Open        []message.OrderEvent // the last event of every order that is not final, oldest first
	Books       []message.Balance    // what it has by our books; see Core.Books
}

// standing answers a StandingRequest.
func (g *Gateway) standing(ctx actor.Context) {
	if to := ctx.Sender(); to != nil {
		g.root.Send(to, Standing{Halted: g.core.Halted(), Reconciling: g.core.Reconciling(), Open: g.core.Open(), Books: g.core.Books()})
	}
}
