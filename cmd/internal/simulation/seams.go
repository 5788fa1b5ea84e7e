package simulation

import (
	"iter"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
)

// seams are where tests plant bugs: between the gateway's actor and its journal, its venue and its
// history. The zero seams plant none.
type seams struct {
	journal func(order.Journal) order.Journal
	venue   func(makes func(order.Replies) (order.Venue, error)) func(order.Replies) (order.Venue, error)
	history func(iter.Seq2[message.OrderEvent, error]) iter.Seq2[message.OrderEvent, error]
}

func (s seams) makeJournal(j order.Journal) order.Journal {
	if s.journal == nil {
		return j
	}
	return s.journal(j)
}

func (s seams) makeVenue(makes func(order.Replies) (order.Venue, error)) func(order.Replies) (order.Venue, error) {
	if s.venue == nil {
		return makes
	}
	return s.venue(makes)
}

func (s seams) makeHistory(h iter.Seq2[message.OrderEvent, error]) iter.Seq2[message.OrderEvent, error] {
	if s.history == nil {
		return h
	}
	return s.history(h)
}
