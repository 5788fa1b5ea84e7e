package feeder

import (
	"errors"
	"fmt"
	"time"
)

// Network is what a simulation puts in the place of sockets. Its calls return at once; what comes of
// them is told to a Peer later, never within a call, and all on one goroutine.
type Network interface {
	// Dial asks for a connection to a URL.
	Dial(url string, to Peer) Line
}

// Peer is told what happens to a connection: Opened once, then frames; Closed once, after which
// nothing comes, and instead of Opened where there is no connection.
type Peer struct {
	Opened func()
	Frame  func(frame []byte) // which it may keep
	Closed func(why error)
}

// Line is the sending side of a simulated connection.
type Line interface {
	Send(frame []byte)
	Ping()
	Close() // of this side: Closed is not told
}

// after is Env.After.
type after func(d time.Duration, f func()) (cancel func())

// simulated keeps a connection of a simulated network as conn does one of a socket: it dials, sends
// subscriptions, requests and pings at the venue's pace, notices silence and age, and dials again with
// growing waits, which a simulation wants without chance.
type simulated struct {
	*conn
	network Network
	after   after

	session  int
	line     Line
	terms    *terms
	queue    [][]byte
	sent     func()
	requests []outgoing
	wait     time.Duration
	timers   map[string]func() // by what they are for; each calls its timer off
	stopped  bool
}

var errSilent = errors.New("feeder: the connection was silent")

func newSimulated(c *conn, n Network, a after) *simulated {
	return &simulated{conn: c, network: n, after: a, wait: c.cfg.ReconnectMin, timers: map[string]func(){}}
}

// timer sets one timer of a kind anew; d of zero or less calls it off.
func (s *simulated) timer(what string, d time.Duration, f func()) {
	if cancel := s.timers[what]; cancel != nil {
		cancel()
		delete(s.timers, what)
	}
	if d > 0 && !s.stopped {
		s.timers[what] = s.after(d, func() {
			delete(s.timers, what)
			f()
		})
	}
}

func (s *simulated) dial() {
	s.session++
	s.terms = s.conn.terms.Load()
	session := s.session
	only := func(f func()) func() { // what belongs to an earlier connection is not heard
		return func() {
			if session == s.session && !s.stopped {
				f()
			}
		}
	}
	s.line = s.network.Dial(s.terms.url, Peer{
		Opened: only(s.opened),
		Frame: func(frame []byte) {
			only(func() {
				s.alive()
				s.report(item{kind: itemFrame, data: append(s.buffer(), frame...), at: s.now()})
			})()
		},
		Closed: func(why error) { only(func() { s.closed(why) })() },
	})
	s.timer("silence", dialTimeout, func() { s.lose(fmt.Errorf("feeder: dial %s: no answer in %v", s.terms.url, dialTimeout)) })
}

func (s *simulated) opened() {
	s.report(item{kind: itemConnected, at: s.now(), session: s.session})
	s.queue, s.sent, s.requests = s.terms.subscribe, nil, nil
	s.alive()
	s.timer("age", s.terms.lives, func() { s.lose(errAge) })
	s.ping()
	s.turn()
}

func (s *simulated) alive() {
	s.timer("silence", s.terms.silence, func() { s.lose(fmt.Errorf("%w for %v", errSilent, s.terms.silence)) })
}

func (s *simulated) ping() {
	s.timer("ping", s.terms.pingEvery, func() {
		if s.terms.ping == nil {
			s.line.Ping()
			s.alive() // whose answer a socket's owner does not see either
		} else {
			s.line.Send(s.terms.ping)
		}
		s.ping()
	})
}

// turn sends what comes next, and arranges for what comes after it.
func (s *simulated) turn() {
	if len(s.queue) == 0 && len(s.requests) > 0 {
		s.queue, s.sent, s.requests = s.requests[0].frames, s.requests[0].sent, s.requests[1:]
	}
	if len(s.queue) == 0 {
		return
	}
	frame := s.queue[0]
	s.queue = s.queue[1:]
	if s.terms.stamp != nil {
		frame = s.terms.stamp(frame, s.now())
	}
	s.line.Send(frame)
	if len(s.queue) == 0 && s.sent != nil {
		s.sent()
		s.sent = nil
	}
	s.timer("turn", max(s.terms.sendEvery, time.Nanosecond), s.turn)
}

// ask queues a request; false if too many wait.
func (s *simulated) ask(o outgoing) bool {
	if len(s.requests) >= outgoingMax {
		return false
	}
	if o.session != s.session {
		return true
	}
	s.requests = append(s.requests, o)
	if s.timers["turn"] == nil && s.line != nil {
		s.turn()
	}
	return true
}

// lose gives the connection up from this side.
func (s *simulated) lose(why error) {
	s.line.Close()
	s.closed(why)
}

func (s *simulated) closed(why error) {
	s.line = nil
	for what := range s.timers {
		s.timer(what, 0, nil)
	}
	s.report(item{kind: itemDisconnected, at: s.now(), err: why})
	session := s.session
	s.session++ // nothing more is heard of it
	s.timer("dial", s.wait, func() {
		s.session = session
		s.dial()
	})
	s.wait = min(s.wait*2, s.cfg.ReconnectMax)
}

func (s *simulated) report(it item) {
	if it.kind == itemConnected {
		s.wait = s.cfg.ReconnectMin
	}
	select {
	case s.items <- it:
	default:
		panic("feeder: a simulation outran its feeder: take fewer frames at a time")
	}
	s.notify()
}

func (s *simulated) stop() {
	s.stopped = true
	for what := range s.timers {
		s.timer(what, 0, nil)
	}
	if s.line != nil {
		s.line.Close()
	}
}
