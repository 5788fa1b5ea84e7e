package simulation

import (
	"context"
	"sync"
)

// Outcome is what came of one of many runs.
type Outcome struct {
	Result
	Err error // the run could not begin
}

// Runs makes the runs of cfg's seed and of those behind it, so many at a time as there are jobs, and
// tells done of each, in the order of the seeds and on one goroutine. It stops early when ctx ends or
// done returns false.
func Runs(ctx context.Context, cfg Config, runs, jobs int, done func(Outcome) bool) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	slots := make([]chan Outcome, runs)
	for i := range slots {
		slots[i] = make(chan Outcome, 1)
	}
	next := make(chan int)
	all.Go(func() {
		defer close(next)
		for i := range runs {
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	})
	for range min(jobs, runs) {
		all.Go(func() {
			for i := range next {
				c := cfg
				c.Seed += uint64(i)
				r, err := Run(c)
				slots[i] <- Outcome{r, err}
			}
		})
	}
	for i := range slots {
		select {
		case o := <-slots[i]:
			if !done(o) {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
