package feeder

import (
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/system"
)

// Replay drives feeders that play recorded sessions. It takes what their connections report one
// item at a time, always the one that was recorded earliest, and lets the whole node work
// through it before it takes the next. So the outcome depends on what was recorded and on nothing
// else, at any speed.
type Replay struct {
	loop *system.Loop

	mu      sync.Mutex
	sources []*source
}

type source struct {
	feeder *actor.PID
	conn   *conn
	head   *item
	ended  bool
}

// replayed hands the feeder one item.
type replayed struct{ item item }

// NewReplay returns a driver for the feeders that are made with it. All of them run on loop.
func NewReplay(loop *system.Loop) *Replay { return &Replay{loop: loop} }

// attach adds a feeder's connection; after a restart it replaces the old one.
func (r *Replay) attach(feeder *actor.PID, c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sources {
		if s.feeder.Id == feeder.Id {
			*s = source{feeder: feeder, conn: c}
			return
		}
	}
	r.sources = append(r.sources, &source{feeder: feeder, conn: c})
}

// Run plays until every session is over or stop is closed. The feeders must have been spawned
// and the loop run once, so that they are attached.
func (r *Replay) Run(send func(*actor.PID, any), stop <-chan struct{}) {
	for {
		s, ok := r.next(stop)
		if !ok {
			return
		}
		it := *s.head
		s.head = nil
		send(s.feeder, replayed{it})
		r.loop.Run()
		if it.at != 0 {
			r.loop.Advance(it.at)
		}
	}
}

// next waits until every source that is not over shows what it has next, and returns the one
// that was recorded earliest. What has no time (connected, disconnected) goes first: it
// stands where it happened in its own session.
func (r *Replay) next(stop <-chan struct{}) (*source, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var earliest *source
	for _, s := range r.sources {
		if s.head == nil && !s.ended {
			select {
			case it := <-s.conn.items:
				s.head, s.ended = &it, it.kind == itemEnded
			case <-stop:
				return nil, false
			}
		}
		if s.head != nil && (earliest == nil || s.time() < earliest.time()) {
			earliest = s
		}
	}
	return earliest, earliest != nil
}

func (s *source) time() market.Timestamp {
	if s.head.kind == itemFrame {
		return s.head.at
	}
	return 0
}
