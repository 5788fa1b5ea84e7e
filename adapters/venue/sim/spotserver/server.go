// Package spotserver puts a spot.Venue behind sockets: Binance's spot REST API, WebSocket API and market
// streams, and an endpoint that orders faults and shows the ledger. It is what maru venue runs, and what
// a test starts that wants a real wire.
//
// It is a thin shell: it tells the venue the time, hands requests over, and sends what comes back. The
// package imports market, sim and spot.
package spotserver

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

// Config says what to serve. The zero Config serves a venue without accounts on a free port of loopback.
type Config struct {
	Venue spot.Config
	// Addr is where to listen, host:port; empty is 127.0.0.1:0. Faults and ledger are for clients on
	// this machine only, whatever it says.
	Addr string
	// State is a file that keeps what happened, so that a venue that is started again with the same
	// configuration goes on where this one ended, however it ended; it survives the process, not a loss
	// of power. Empty keeps it in memory.
	State string
	// Speed is how fast the venue's time runs; 0 is 1. Clients then must take the time from the venue.
	Speed float64
	// Clock and Tick are what time it is, nil for the machine's, and how often the venue goes on, 0 for
	// 20 ms.
	Clock func() market.Timestamp
	Tick  time.Duration
}

const (
	tickDefault = 20 * time.Millisecond
	// lagMax is how far the venue may lie behind the clock before it leaves the time out, as after the
	// machine slept.
	lagMax = 10 * time.Second
	// lostMax is how long a request waits that is never answered.
	lostMax  = 2 * time.Minute
	speedMax = 1000
)

// Validate reports every fault of c at once, wrapped in sim.ErrConfig.
func (c Config) Validate() error {
	faults := []error{c.Venue.Validate()}
	if math.IsNaN(c.Speed) || c.Speed < 0 || c.Speed > speedMax {
		faults = append(faults, fmt.Errorf("spotserver: %w: speed %v: want above 0 to %d", sim.ErrConfig, c.Speed, speedMax))
	}
	if c.Tick < 0 || c.Tick > time.Second {
		faults = append(faults, fmt.Errorf("spotserver: %w: tick %v: want more than 0 and at most 1s", sim.ErrConfig, c.Tick))
	}
	return errors.Join(faults...)
}

// Server is a venue behind sockets.
type Server struct {
	listener net.Listener
	http     *http.Server
	clock    func() market.Timestamp
	speed    float64
	config   spot.Config

	mu     sync.Mutex // guards what follows
	venue  *spot.Venue
	origin market.Timestamp // of the clock, when the venue's time was base
	base   market.Timestamp
	conns  map[spot.SessionID]*conn
	state  *state // nil: in memory
	failed error
	closed bool

	stop chan struct{}
	all  sync.WaitGroup
}

// Start opens a venue, listens and lets time run until ctx is done or Close is called. It fails with
// sim.ErrConfig, if it cannot listen, or if the state is not one of this configuration.
func Start(ctx context.Context, c Config) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Server{clock: c.Clock, speed: c.Speed, conns: map[spot.SessionID]*conn{}, stop: make(chan struct{})}
	if s.clock == nil {
		s.clock = func() market.Timestamp { return market.TimestampOf(time.Now()) }
	}
	if s.speed == 0 {
		s.speed = 1
	}
	s.origin = s.clock()
	if c.Venue.Market.Start == 0 {
		c.Venue.Market.Start = s.origin
	}
	if err := s.open(c); err != nil {
		return nil, err
	}
	addr := c.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var err error
	if s.listener, err = net.Listen("tcp", addr); err != nil {
		return nil, errors.Join(fmt.Errorf("spotserver: %w", err), s.state.close())
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 256 << 10}
	go func() { _ = s.http.Serve(s.listener) }() // ends with Close, and says only that
	tick := c.Tick
	if tick == 0 {
		tick = tickDefault
	}
	s.all.Add(1)
	go func() {
		defer s.all.Done()
		s.run(tick)
	}()
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return s, nil
}

// open makes the venue, from its state if there is one.
func (s *Server) open(c Config) error {
	s.config = c.Venue
	if c.State == "" {
		v, err := spot.New(c.Venue)
		if err != nil {
			return err
		}
		s.venue, s.base = v, v.Now()
		return nil
	}
	v, st, err := openState(c.State, &s.config)
	if err != nil {
		return err
	}
	s.venue, s.state, s.base = v, st, v.Now()
	// Where time is the machine's, that passed while nobody served: what had been published before the
	// end, at most a second after the last line, is published the same again.
	if s.speed == 1 && s.origin > s.base && st.resumed {
		s.base = s.origin
		s.catchUp(s.origin)
	}
	if st.resumed {
		s.record(input{Restart: true})
		s.venue.Restart(0)
	}
	return s.failed
}

// URL is in front of /api/v3: http://host:port.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// StreamURL is in front of /ws, /stream and /ws-api/v3: ws://host:port.
func (s *Server) StreamURL() string { return "ws://" + s.listener.Addr().String() }

// Err returns why the server cannot go on, nil if it can: the state could not be written.
func (s *Server) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Close disconnects everybody and stops the venue. It may be called again.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.advance()
	close(s.stop)
	for _, c := range s.conns {
		c.drop()
	}
	s.mu.Unlock()
	err := s.http.Close()
	s.all.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(err, s.state.close())
}

// Do lets f work with the venue at its present time, as a request would. What f does is not in the
// state, except by Inject and Revoke of the server.
func (s *Server) Do(f func(v *spot.Venue)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	f(s.venue)
	s.deliver()
}

// Inject orders a misbehavior, as Venue.Inject.
func (s *Server) Inject(f spot.Fault) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.record(input{Inject: &f})
	id, err := s.venue.Inject(f)
	s.deliver()
	return id, err
}

// Revoke takes a misbehavior back, as Venue.Revoke.
func (s *Server) Revoke(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.record(input{Revoke: id})
	return s.venue.Revoke(id)
}

// Ledger returns entries of the venue's ledger, as Venue.Ledger.
func (s *Server) Ledger(from uint64, most int) []spot.Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.deliver()
	return s.venue.Ledger(from, most)
}

// Audit checks the venue's books, as Venue.Audit.
func (s *Server) Audit() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.venue.Audit()
}

// run lets the venue follow the clock.
func (s *Server) run(tick time.Duration) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			s.mu.Lock()
			s.advance()
			s.deliver()
			s.mu.Unlock()
		}
	}
}

// now is what the venue's time is to be.
func (s *Server) now() market.Timestamp {
	passed := s.clock().Sub(s.origin)
	if s.speed != 1 {
		passed = time.Duration(float64(passed) * s.speed)
	}
	return s.base.Add(passed)
}

// advance brings the venue to the present. The caller holds the lock.
func (s *Server) advance() {
	s.catchUp(s.now())
	if s.state != nil && s.venue.Now().Sub(s.state.marked) >= markEvery {
		s.record(input{})
	}
}

func (s *Server) catchUp(now market.Timestamp) {
	if lag := s.venue.Now().Add(time.Duration(float64(lagMax) * max(s.speed, 1))); now > lag {
		s.venue.Advance(lag)
		s.record(input{Skip: now})
		s.venue.Skip(now)
	}
	s.venue.Advance(now)
}

// deliver sends what the venue has said. The caller holds the lock.
func (s *Server) deliver() {
	for _, f := range s.venue.Take() {
		c := s.conns[f.Session]
		switch {
		case c == nil:
		case f.Close:
			delete(s.conns, f.Session)
			c.drop()
		case !c.offer(f.Text):
			s.leave(f.Session)
		}
	}
	s.reopen()
}

// reopen reads the venue anew from its state where a fault has restarted it: so the fault is what it
// says.
func (s *Server) reopen() {
	if s.state == nil || s.state.restarts == s.venue.Restarts() || s.failed != nil {
		return
	}
	s.record(input{})
	v, err := s.state.replay(&s.config)
	if err != nil {
		s.failed = fmt.Errorf("spotserver: restart: %w", err)
		return
	}
	s.venue, s.state.restarts = v, v.Restarts()
}

// leave ends a connection. The caller holds the lock.
func (s *Server) leave(id spot.SessionID) {
	if c := s.conns[id]; c != nil {
		delete(s.conns, id)
		s.record(input{Close: id})
		s.venue.Close(id)
		c.drop()
	}
}

// record writes what comes in to the state, before it is done. The caller holds the lock.
func (s *Server) record(in input) {
	if s.state == nil || s.failed != nil {
		return
	}
	if err := s.state.write(s.venue.Now(), in); err != nil {
		s.failed = fmt.Errorf("spotserver: state: %w", err)
	}
}
