package paper

import (
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Replies is where the venue's answers go: the order gateway's shell. They come within the call
// that caused them, in order.
type Replies interface {
	Report(message.ExecutionReport)
	Balance(message.Balance)
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

// Support returns what the paper venue takes. What it never received it says itself, so that no
// bound on how long a request is good is needed.
func (v *Venue) Support() message.OrderSupport {
	var kinds []message.OrderKind
	for _, t := range []market.OrderType{market.Market, market.Limit} {
		for _, tif := range []market.TimeInForce{market.GTC, market.IOC, market.FOK} {
			k := message.OrderKind{Type: t, TimeInForce: tif}
			if t == market.Limit && tif == market.GTC {
				k.ExecInst = market.PostOnly
			}
			kinds = append(kinds, k)
		}
	}
	return message.OrderSupport{Kinds: kinds, Amend: message.AmendFull, ClientOrderIDs: true}
}

// Books takes up what the account has by the gateway's journal.
func (v *Venue) Books(balances []message.Balance) { v.core.Books(balances) }

// Amend takes up a change of price and quantity.
func (v *Venue) Amend(order message.OrderEvent) { v.pass(v.core.Amend(order)) }

// Place takes up an order.
func (v *Venue) Place(order message.OrderEvent) { v.pass(v.core.Place(order)) }

// Cancel takes up a cancel.
func (v *Venue) Cancel(order message.OrderEvent) { v.pass(v.core.Cancel(order)) }

// Recover takes up what was open before a restart, states the balances, and ends with Recovered,
// without an error.
func (v *Venue) Recover(open []message.OrderEvent) {
	v.pass(v.core.Recover(open))
	for _, b := range v.core.Balances() {
		v.replies.Balance(b)
	}
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
	for _, b := range v.core.Moved() {
		v.replies.Balance(b)
	}
}
