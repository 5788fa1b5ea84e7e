package system

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// Loop is a dispatcher for runs that must be repeatable: all actors run on the one goroutine
// that calls Run, a message at a time. Without a seed the mailboxes take turns in the order in
// which they were filled; with one, the seed chooses. Time stands still until Advance moves it.
//
// Work that an actor starts on the side (Env.Go) runs on goroutines of its own; Run waits for
// it, so that its outcome always comes before the next input.
type Loop struct {
	random *rand.Rand

	mu      sync.Mutex
	changed *sync.Cond
	ready   []func()
	aside   int // functions started by Go that have not returned
	now     market.Timestamp
	timers  []timer
	nextID  int
}

type timer struct {
	at market.Timestamp
	id int // breaks ties: first set, first run
	f  func()
}

// NewLoop returns a loop whose clock shows start and whose mailboxes take turns.
func NewLoop(start market.Timestamp) *Loop {
	l := &Loop{now: start}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// NewSeededLoop returns a loop in which seed decides who runs next.
func NewSeededLoop(start market.Timestamp, seed uint64) *Loop {
	l := NewLoop(start)
	l.random = rand.New(rand.NewPCG(seed, seed))
	return l
}

// Schedule queues a mailbox. It is part of actor.Dispatcher.
func (l *Loop) Schedule(f func()) {
	l.mu.Lock()
	l.ready = append(l.ready, f)
	l.mu.Unlock()
	l.changed.Broadcast()
}

// Throughput is how many messages a mailbox handles in one turn: one where a seed decides,
// so that it has something to decide, and all there are otherwise.
func (l *Loop) Throughput() int {
	if l.random != nil {
		return 1
	}
	return math.MaxInt
}

// Run lets the actors work until nothing waits and no work is under way on the side.
func (l *Loop) Run() {
	l.mu.Lock()
	for {
		for len(l.ready) > 0 {
			f := l.take()
			l.mu.Unlock()
			f()
			l.mu.Lock()
		}
		if l.aside == 0 {
			l.mu.Unlock()
			return
		}
		l.changed.Wait()
	}
}

func (l *Loop) take() func() {
	i := 0
	if l.random != nil {
		i = l.random.IntN(len(l.ready))
	}
	f := l.ready[i]
	if i == 0 {
		l.ready[0] = nil
		if l.ready = l.ready[1:]; len(l.ready) == 0 {
			l.ready = nil
		}
		return f
	}
	l.ready = append(l.ready[:i], l.ready[i+1:]...)
	return f
}

// Go runs f on a goroutine of its own; Run does not return before f has.
func (l *Loop) Go(f func()) {
	l.mu.Lock()
	l.aside++
	l.mu.Unlock()
	go func() {
		defer func() {
			l.mu.Lock()
			l.aside--
			l.mu.Unlock()
			l.changed.Broadcast()
		}()
		f()
	}()
}

// Now returns the loop's time.
func (l *Loop) Now() market.Timestamp {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// After arranges that f runs when the loop's time has advanced by d.
func (l *Loop) After(d time.Duration, f func()) (cancel func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nextID++
	id := l.nextID
	l.timers = append(l.timers, timer{at: l.now.Add(max(d, 0)), id: id, f: f})
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for i := range l.timers {
			if l.timers[i].id == id {
				l.timers = append(l.timers[:i], l.timers[i+1:]...)
				return
			}
		}
	}
}

// Advance moves the loop's time to t, running the actors and every timer that falls due on
// the way, in order. A time that is past changes nothing.
func (l *Loop) Advance(t market.Timestamp) {
	l.Run()
	for {
		l.mu.Lock()
		next := -1
		for i, due := range l.timers {
			if due.at > t {
				continue
			}
			if next < 0 || due.at < l.timers[next].at || (due.at == l.timers[next].at && due.id < l.timers[next].id) {
				next = i
			}
		}
		if next < 0 {
			l.now = max(l.now, t)
			l.mu.Unlock()
			return
		}
		due := l.timers[next]
		l.timers = append(l.timers[:next], l.timers[next+1:]...)
		l.now = max(l.now, due.at)
		l.mu.Unlock()
		due.f()
		l.Run()
	}
}
