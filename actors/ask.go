package actors

import (
	"context"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// askTimeout ends a question whose asker set no end to it.
const askTimeout = 30 * time.Second

// Ask tells an actor something from outside and returns what it responds. It is for the edge, where
// a person waits; actors tell each other, and do not ask.
func (t *Tree) Ask(ctx context.Context, to *actor.PID, m any) (any, error) {
	wait := askTimeout
	if end, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(end))
	}
	if wait <= 0 {
		return nil, context.DeadlineExceeded
	}
	future := t.sys.Root.RequestFuture(to, m, wait)
	type result struct {
		answer any
		err    error
	}
	done := make(chan result, 1)
	go func() {
		answer, err := future.Result() // ends with the timeout
		done <- result{answer, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, fmt.Errorf("actors: ask %s: %w", to.GetId(), r.err)
		}
		return r.answer, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
