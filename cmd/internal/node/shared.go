package node

import (
	"context"
	"errors"

	"github.com/maru-trading/maru/actors/budget"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
)

// shared is the node's budget as an order gateway asks it: a venue that wants to be left alone, whoever
// drew that, gets no orders either, and what an account drew stops the feeders.
type shared struct {
	desk  *budget.Desk
	venue market.Venue
}

// Take is part of gateway.Budget. What requests weigh is counted by the gateway's own.
func (s shared) Take(ctx context.Context, _ int, _ bool) error {
	if err := s.desk.Wait(ctx, s.venue, message.UsePrivate); err != nil {
		return errors.Join(gateway.ErrBudget, err)
	}
	return nil
}

// Penalize is part of gateway.Budget.
func (s shared) Penalize(t gateway.Throttle) { s.desk.Penalize(s.venue, t.Until.Sub(wall()), t.Reason) }
