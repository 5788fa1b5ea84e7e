package system

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// Fibers run code that blocks under a Loop: one at a time, on the Loop's goroutine, in virtual time.
// What waits (Sleep, Park, a Signal, a Lock) lets others run until it is woken, and the Loop decides
// who goes on. So a program that is written with goroutines can be simulated: one seed, one history.
// Nothing in a fiber may block in any other way.
//
// Fibers are for the goroutine that runs the Loop.
type Fibers struct {
	loop    *Loop
	current *fiber
	all     map[*fiber]struct{}
	killed  bool
}

type fiber struct {
	next func() (struct{}, bool)
	stop func()
	wait func(struct{}) bool
}

// errKilled unwinds a fiber that is killed.
var errKilled = errors.New("system: the fiber was killed")

// NewFibers returns fibers on a loop.
func NewFibers(loop *Loop) *Fibers { return &Fibers{loop: loop, all: make(map[*fiber]struct{})} }

// Now returns the loop's time.
func (f *Fibers) Now() market.Timestamp { return f.loop.Now() }

// Go starts a fiber. After Kill it does nothing.
func (f *Fibers) Go(do func()) {
	if f.killed {
		return
	}
	b := &fiber{}
	b.next, b.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			delete(f.all, b)
			if r := recover(); r != nil && r != errKilled { //nolint:errorlint // it is that very value
				panic(r)
			}
		}()
		b.wait = yield
		do()
	})
	f.all[b] = struct{}{}
	f.wake(b)
}

func (f *Fibers) wake(b *fiber) {
	if f.killed {
		return // what deferred functions of the others wake while they end, in no order
	}
	f.loop.Schedule(func() {
		if _, alive := f.all[b]; alive {
			f.resume(b)
		}
	})
}

func (f *Fibers) resume(b *fiber) {
	was := f.current
	f.current = b
	b.next()
	f.current = was
}

// Park suspends the current fiber until wake is called; later calls of it do nothing. It panics
// outside of a fiber.
func (f *Fibers) Park(arrange func(wake func())) {
	b := f.current
	if b == nil {
		panic("system: Park outside of a fiber")
	}
	woken := false
	arrange(func() {
		if !woken {
			woken = true
			f.wake(b)
		}
	})
	if !b.wait(struct{}{}) {
		panic(errKilled)
	}
}

// Kill ends all fibers where they wait, as a crash does: only their deferred functions still run.
func (f *Fibers) Kill() {
	f.killed = true
	for b := range f.all { // they are gone whatever the order: none may act any more
		b.stop()
	}
	clear(f.all)
}

// Killed reports whether Kill was called: what deferred functions do then has no effect on the world.
func (f *Fibers) Killed() bool { return f.killed }

// Sleep waits until d has passed or ctx ends, whose error it then returns. The context must be one of
// WithCancel or WithTimeout, or never end.
func (f *Fibers) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var cancel, forget func()
	f.Park(func(wake func()) {
		cancel = f.loop.After(d, wake)
		forget = onEnd(ctx, wake)
	})
	cancel()
	forget()
	return ctx.Err()
}

// WithTimeout is context.WithTimeout in virtual time.
func (f *Fibers) WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	c := newEnding(parent)
	stop := f.loop.After(d, func() { c.end(context.DeadlineExceeded) })
	return c, func() {
		stop()
		c.end(context.Canceled)
	}
}

// WithCancel is context.WithCancel whose end fibers can wait for.
func (f *Fibers) WithCancel(parent context.Context) (context.Context, context.CancelFunc) {
	c := newEnding(parent)
	return c, func() { c.end(context.Canceled) }
}

// ending is a context that tells who waits for its end at once, on the goroutine that ends it: the
// standard library's tells on another.
type ending struct {
	context.Context
	err    error
	done   chan struct{}
	told   []*func()
	forget func()
}

func newEnding(parent context.Context) *ending {
	c := &ending{Context: parent, done: make(chan struct{})}
	if err := parent.Err(); err != nil {
		c.end(err)
		return c
	}
	c.forget = onEnd(parent, func() { c.end(parent.Err()) })
	return c
}

func (c *ending) Done() <-chan struct{} { return c.done }
func (c *ending) Err() error            { return c.err }

// Deadline says none: it would be of virtual time, which nobody else measures by.
func (c *ending) Deadline() (time.Time, bool) { return time.Time{}, false }

func (c *ending) end(err error) {
	if c.err != nil {
		return
	}
	c.err = err
	close(c.done)
	if c.forget != nil {
		c.forget()
	}
	told := c.told
	c.told = nil
	for _, f := range told {
		(*f)()
	}
}

// onEnd arranges that f is called when ctx ends, and returns how to call that off.
func onEnd(ctx context.Context, f func()) (forget func()) {
	c, ok := ctx.(*ending)
	if !ok {
		return func() {}
	}
	if c.err != nil {
		f()
		return func() {}
	}
	at := &f
	c.told = append(c.told, at)
	return func() {
		for i := range c.told {
			if c.told[i] == at {
				c.told = append(c.told[:i], c.told[i+1:]...)
				return
			}
		}
	}
}

// Signal wakes fibers that wait for something to change.
type Signal struct {
	fibers *Fibers
	seen   uint64
	wakes  []func()
}

// NewSignal returns a signal that nobody waits for.
func (f *Fibers) NewSignal() *Signal { return &Signal{fibers: f} }

// Seen returns how often Broadcast was called.
func (s *Signal) Seen() uint64 { return s.seen }

// Wait returns once Broadcast was called more often than seen, or with the error of a context that
// ended before.
func (s *Signal) Wait(ctx context.Context, seen uint64) error {
	for s.seen == seen {
		if err := ctx.Err(); err != nil {
			return err
		}
		var forget func()
		s.fibers.Park(func(wake func()) {
			s.wakes = append(s.wakes, wake)
			forget = onEnd(ctx, wake)
		})
		forget()
	}
	return nil
}

// Broadcast wakes all who wait.
func (s *Signal) Broadcast() {
	s.seen++
	wakes := s.wakes
	s.wakes = nil
	for _, wake := range wakes {
		wake()
	}
}

// Lock is a mutex between fibers.
type Lock struct {
	fibers *Fibers
	held   bool
	wakes  []func()
}

// NewLock returns a lock that nobody holds.
func (f *Fibers) NewLock() *Lock { return &Lock{fibers: f} }

// Lock is part of sync.Locker.
func (l *Lock) Lock() {
	for l.held {
		l.fibers.Park(func(wake func()) { l.wakes = append(l.wakes, wake) })
	}
	l.held = true
}

// Unlock is part of sync.Locker.
func (l *Lock) Unlock() {
	l.held = false
	if len(l.wakes) > 0 {
		wake := l.wakes[0]
		l.wakes = l.wakes[1:]
		wake()
	}
}
