package gateway

import (
	"context"
	"sync"
	"time"
)

// Runtime is what the shell of a gateway runs on: goroutines, waits, and the connections that it
// makes. Live is the real one; a simulation has its own, in virtual time, with the very same shell on
// it. A shell that keeps to it blocks in no other way.
type Runtime interface {
	// Go runs do beside the caller.
	Go(do func())
	// Sleep waits until d has passed or ctx ends, whose error it then returns.
	Sleep(ctx context.Context, d time.Duration) error
	// WithTimeout and WithCancel are those of package context, by the runtime's time.
	WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc)
	WithCancel(parent context.Context) (context.Context, context.CancelFunc)
	// NewSignal returns a signal that nobody waits for, and NewLock a mutex that may be held while
	// its holder waits.
	NewSignal() Signal
	NewLock() sync.Locker
	// NewTransport and NewFeed are NewRequester and NewStream.
	NewTransport(cfg RequesterConfig) (Transport, error)
	NewFeed(cfg StreamConfig) (Feed, error)
}

// Signal wakes who waits for something to change. A waiter reads Seen before it looks at what may
// change.
type Signal interface {
	// Seen returns how often Broadcast was called.
	Seen() uint64
	// Wait returns once Broadcast was called more often than seen, or with the error of a context that
	// ended before.
	Wait(ctx context.Context, seen uint64) error
	Broadcast()
}

// Transport is a Requester.
type Transport interface {
	Do(ctx context.Context, q Request) Outcome
	Close()
}

// Feed is a Stream.
type Feed interface {
	Run(ctx context.Context)
	Renew(why string)
	Send(frame []byte) error
}

// Live is the runtime of a program that trades in real time.
type Live struct{}

// Go is part of Runtime.
func (Live) Go(do func()) { go do() }

// Sleep is part of Runtime.
func (Live) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// WithTimeout is part of Runtime.
func (Live) WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(parent, d)
}

// WithCancel is part of Runtime.
func (Live) WithCancel(parent context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(parent)
}

// NewSignal is part of Runtime.
func (Live) NewSignal() Signal { return &signal{changed: make(chan struct{})} }

// NewLock is part of Runtime.
func (Live) NewLock() sync.Locker { return new(sync.Mutex) }

// NewTransport is part of Runtime.
func (Live) NewTransport(cfg RequesterConfig) (Transport, error) { return NewRequester(cfg) }

// NewFeed is part of Runtime.
func (Live) NewFeed(cfg StreamConfig) (Feed, error) { return NewStream(cfg) }

// signal is the Signal of goroutines.
type signal struct {
	mu      sync.Mutex
	seen    uint64
	changed chan struct{}
}

func (s *signal) Seen() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func (s *signal) Broadcast() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen++
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *signal) Wait(ctx context.Context, seen uint64) error {
	for {
		s.mu.Lock()
		now, changed := s.seen, s.changed
		s.mu.Unlock()
		if now != seen {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
