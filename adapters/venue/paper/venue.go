package paper

import (
	"slices"

	"github.com/maru-trading/maru/actors/message"
)

// Replies is where the venue's answers go: the order gateway's shell. They come within the call
// that caused them, in order.
type Replies interface {
	Report(message.ExecutionReport)
	Recovered(err error)
}

// Venue is a Core whose reports go to Replies: what an order gateway places orders with. It is
// for the gateway's goroutine alone.
type Venue struct {
	core    *Core
	replies Replies
}

// NewVenue returns a venue around core, which it owns from now on.
func NewVenue(core *Core, replies Replies) *Venue { return &Venue{core, replies} }

// Place takes up an order.
func (v *Venue) Place(order message.OrderEvent) { v.pass(v.core.Place(order)) }

// Cancel takes up a cancel.
func (v *Venue) Cancel(order message.OrderEvent) { v.pass(v.core.Cancel(order)) }

// Recover takes up what was open before a restart and ends with Recovered, without an error.
func (v *Venue) Recover(open []message.OrderEvent) {
	v.pass(v.core.Recover(open))
	v.replies.Recovered(nil)
}

// Quote passes on what a state partition knows: rows in order, then how far time has advanced.
func (v *Venue) Quote(views message.Views) {
	for i := range views.Len() {
		v.pass(v.core.Quote(views.Row(i)))
	}
	v.pass(v.core.Advance(views.Fields().Time))
}

func (v *Venue) pass(reports []message.ExecutionReport) {
	if len(reports) == 0 {
		return
	}
	// A reply may lead straight to the next call, which would write over the Core's slice.
	for _, r := range slices.Clone(reports) {
		v.replies.Report(r)
	}
}
