package budget

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Desk asks a budget on behalf of what is no actor: requests that are made before there is any feeder,
// and commands that run no node. Nobody waits behind it, so that it may wait for the answer. A nil
// Desk limits nothing. It may be used from any goroutine.
type Desk struct {
	sys    *actor.ActorSystem
	budget *actor.PID
	holder string
	now    func() market.Timestamp
	asked  atomic.Uint64
}

// NewDesk returns a desk for a budget of the same actor system. holder is what permits are known by,
// unique among desks.
func NewDesk(sys *actor.ActorSystem, budget *actor.PID, holder string, now func() market.Timestamp) *Desk {
	return &Desk{sys: sys, budget: budget, holder: "desk/" + holder, now: now}
}

// permitAgain is how long a permit is waited for before it is asked for again: the budget may have
// been restarted. One that still waits there is not counted twice.
const permitAgain = 10 * time.Second

// left ends the wait of who no longer wants a permit.
type left struct{}

// Wait returns when the venue may be used once. It fails with ctx's error, or where there is no budget
// any more.
func (d *Desk) Wait(ctx context.Context, v market.Venue, use message.Use) error {
	if d == nil {
		return ctx.Err()
	}
	request, err := message.NewPermitRequest(message.PermitRequestFields{Venue: v, Use: use, Holder: d.holder, ID: d.asked.Add(1)})
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		future := actor.NewFuture(d.sys, permitAgain)
		leave := context.AfterFunc(ctx, func() { d.sys.Root.Send(future.PID(), left{}) })
		d.sys.Root.RequestWithCustomSender(d.budget, request, future.PID())
		answer, err := future.Result()
		leave()
		if _, ok := answer.(message.Permit); ok && ctx.Err() == nil {
			return nil
		}
		if err != nil && !errors.Is(err, actor.ErrTimeout) {
			return fmt.Errorf("budget: no permit to %v %s: %w", use, v, err)
		}
	}
	return ctx.Err()
}

// Penalize tells the budget that the venue wants no requests for so long.
func (d *Desk) Penalize(v market.Venue, wait time.Duration, reason string) {
	if d == nil {
		return
	}
	if p, err := message.NewPenalty(message.PenaltyFields{Venue: v, Until: d.now().Add(wait), Reason: reason}); err == nil {
		d.sys.Root.Send(d.budget, p)
	}
}
