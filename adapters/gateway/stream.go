package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
)

// Talk is what is said on one connection of a Stream. A new one is made for every connection; its
// calls come from one goroutine at a time.
type Talk interface {
	// Hello returns the frames to send once the connection is open, in order. An error gives the
	// connection up.
	Hello() ([][]byte, error)
	// Frame takes in one frame, which it must not keep. ready says that the venue now sends all that
	// it is asked for: from then on the stream is up. It stays up when a later frame says false. An
	// error gives the connection up.
	Frame(frame []byte, received market.Timestamp) (ready bool, err error)
}

// StreamConfig is what a Stream works by.
type StreamConfig struct {
	// URL is dialed as it stands. It must not hold a secret.
	URL string
	// Header makes the headers of a handshake, anew for every dial; nil: none.
	Header func() (http.Header, error)
	// Talk makes the conversation of a new connection. It must be given.
	Talk func() Talk
	// Up is called when the stream became ready and was not; Down when what the venue sent may have
	// been missed, with the reason. They come in turns, Up first, from one goroutine, and must not
	// block. Both must be given.
	Up   func()
	Down func(why string)

	// Permit is waited for before every dial; nil: dial at once.
	Permit func(ctx context.Context) error
	// Throttled is told when the venue answers a handshake by saying that we ask too often; may be nil.
	Throttled func(t Throttle)

	// PingEvery is how often the client pings; zero: never. Ping is what it sends; nil: a WebSocket
	// ping.
	PingEvery time.Duration
	Ping      []byte
	// Silence is for how long a healthy connection may say nothing, pings and pongs included.
	// Zero: one minute.
	Silence time.Duration
	// Lifetime is the age at which a connection is replaced: a new one is made ready first, so that
	// nothing is missed. It should be less than what the venue cuts at. Zero: never.
	Lifetime time.Duration
	// Overlap is how long a replaced connection is still read, for what was on its way. Zero: 5 s.
	Overlap time.Duration
	// ReadyWithin is how long a connection may take from the dial until it is ready. Zero: 15 s.
	ReadyWithin time.Duration
	// BackoffMin and BackoffMax bound the wait before the next dial, which doubles from one to the
	// other and is drawn between half and all of it. Zero: 250 ms and 30 s.
	BackoffMin, BackoffMax time.Duration
	// FrameBytesMax is the longest frame that is read. Zero: 1 MB.
	FrameBytesMax int64

	// Seed makes the waits repeatable.
	Seed uint64
	Now  func() market.Timestamp
	// Dial makes connections; nil: the net package's, through the proxy of the environment.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Log  *slog.Logger // nil: silent
}

const (
	streamSilence       = time.Minute
	streamOverlap       = 5 * time.Second
	streamReadyWithin   = 15 * time.Second
	streamBackoffMin    = 250 * time.Millisecond
	streamBackoffMax    = 30 * time.Second
	streamFrameBytesMax = 1 << 20
	streamWriteTimeout  = 5 * time.Second
)

// Stream keeps a private WebSocket connection alive: it dials, says hello, reads, pings, notices
// silence, dials again with growing waits, and replaces a connection before the venue cuts it. Make
// it with NewStream and let one goroutine Run it.
type Stream struct {
	cfg   StreamConfig
	renew chan string

	mu      sync.Mutex
	current *connection
}

// NewStream returns a Stream that does nothing yet. It fails if a field that must be given is missing
// or a duration is negative.
func NewStream(cfg StreamConfig) (*Stream, error) {
	if cfg.URL == "" || cfg.Talk == nil || cfg.Up == nil || cfg.Down == nil || cfg.Now == nil {
		return nil, errors.New("gateway: stream: URL, Talk, Up, Down and Now must be given")
	}
	for _, d := range []time.Duration{cfg.PingEvery, cfg.Silence, cfg.Lifetime, cfg.Overlap, cfg.ReadyWithin, cfg.BackoffMin, cfg.BackoffMax, time.Duration(cfg.FrameBytesMax)} {
		if d < 0 {
			return nil, errors.New("gateway: stream: durations and sizes must be 0 (the default) or more")
		}
	}
	cfg.Silence = orDefault(cfg.Silence, streamSilence)
	cfg.Overlap = orDefault(cfg.Overlap, streamOverlap)
	cfg.ReadyWithin = orDefault(cfg.ReadyWithin, streamReadyWithin)
	cfg.BackoffMin = orDefault(cfg.BackoffMin, streamBackoffMin)
	cfg.BackoffMax = max(orDefault(cfg.BackoffMax, streamBackoffMax), cfg.BackoffMin)
	cfg.FrameBytesMax = orDefault(cfg.FrameBytesMax, streamFrameBytesMax)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Stream{cfg: cfg, renew: make(chan string, 1)}, nil
}

// Renew asks for a new connection in the place of the one there is, which goes on until the new one
// is ready: the venue said that it is about to cut. It does not block.
func (s *Stream) Renew(why string) {
	select {
	case s.renew <- why:
	default: // it is asked for already
	}
}

// Send sends a frame on the connection that is up. It fails if none is, or if the frame could not be
// written, which gives the connection up.
func (s *Stream) Send(frame []byte) error {
	s.mu.Lock()
	c := s.current
	s.mu.Unlock()
	if c == nil {
		return errors.New("gateway: stream: not connected")
	}
	return c.write(websocket.TextMessage, frame)
}

// dialed is the outcome of an attempt.
type dialed struct {
	c   *connection
	err error
}

// Run keeps the stream until ctx ends, and returns once all of its goroutines have. A stream that
// was up is told Down before.
func (s *Stream) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var (
		random   = rand.New(rand.NewPCG(s.cfg.Seed, 0x6d617275)) // maru, so that equal seeds elsewhere differ
		failures int
		current  *connection
		pending  chan dialed
		want     = "the stream begins" // why a connection is wanted; empty: none is
		wait     <-chan time.Time      // until the next attempt; nil: now
		life     <-chan time.Time
	)
	set := func(c *connection) {
		current = c
		s.mu.Lock()
		s.current = c
		s.mu.Unlock()
	}
	for {
		if want != "" && pending == nil && wait == nil {
			pending = make(chan dialed, 1)
			out := pending
			all.Go(func() {
				c, err := s.connect(ctx, &all)
				out <- dialed{c, err}
			})
		}
		var ended <-chan error
		if current != nil {
			ended = current.ended
		}
		select {
		case <-ctx.Done():
			if current != nil {
				set(nil)
				s.cfg.Down("the gateway stops")
			}
			return
		case why := <-s.renew:
			if current != nil && want == "" {
				s.cfg.Log.Info("private stream: replacing the connection", slog.String("why", why))
				want = why
			}
		case <-life:
			life, want = nil, "it has reached its age"
		case <-wait:
			wait = nil
		case d := <-pending:
			pending = nil
			if d.err != nil {
				if ctx.Err() == nil {
					failures++
					delay := s.backoff(random, failures)
					s.cfg.Log.Warn("private stream: no connection; trying again", slog.Any("reason", d.err), slog.Duration("in", delay.Round(time.Millisecond)))
					wait = time.After(delay)
				}
				continue
			}
			old := current
			set(d.c)
			want = ""
			if s.cfg.Lifetime > 0 {
				life = time.After(s.cfg.Lifetime)
			}
			if old == nil {
				s.cfg.Up()
			} else {
				old.leave()
			}
		case err := <-ended:
			if s.cfg.Now().Sub(current.began) > s.cfg.BackoffMax {
				failures = 0 // it had worked
			}
			failures++
			set(nil)
			life = nil
			s.cfg.Down(err.Error())
			if pending == nil { // else its successor is on its way
				delay := s.backoff(random, failures)
				s.cfg.Log.Warn("private stream: connection ended; dialing again", slog.Any("reason", err), slog.Duration("in", delay.Round(time.Millisecond)))
				want, wait = "the connection ended", time.After(delay)
			}
		}
	}
}

// backoff draws the wait after so many failures in a row, 1 or more.
func (s *Stream) backoff(random *rand.Rand, failures int) time.Duration {
	d := s.cfg.BackoffMin
	for range failures - 1 {
		if d *= 2; d >= s.cfg.BackoffMax {
			d = s.cfg.BackoffMax
			break
		}
	}
	return d/2 + time.Duration(random.Int64N(int64(d/2)+1))
}

// connection is one WebSocket that became ready.
type connection struct {
	cfg     *StreamConfig
	ws      *websocket.Conn
	began   market.Timestamp
	cancel  context.CancelFunc
	ended   chan error    // receives once, why
	left    chan struct{} // closed by leave
	writing sync.Mutex
}

// connect dials and returns a connection once it is ready; its goroutines are counted in all.
func (s *Stream) connect(ctx context.Context, all *sync.WaitGroup) (*connection, error) {
	if s.cfg.Permit != nil {
		if err := s.cfg.Permit(ctx); err != nil {
			return nil, fmt.Errorf("gateway: dial %s: %w", pathOf(s.cfg.URL), err)
		}
	}
	var header http.Header
	if s.cfg.Header != nil {
		var err error
		if header, err = s.cfg.Header(); err != nil {
			return nil, fmt.Errorf("gateway: dial %s: %w", pathOf(s.cfg.URL), err)
		}
	}
	starting, stop := context.WithTimeout(ctx, s.cfg.ReadyWithin)
	defer stop()
	dialer := websocket.Dialer{ReadBufferSize: 16 << 10, WriteBufferSize: 4 << 10, NetDialContext: s.cfg.Dial}
	if s.cfg.Dial == nil {
		dialer.Proxy = http.ProxyFromEnvironment
	}
	ws, response, err := dialer.DialContext(starting, s.cfg.URL, header) //nolint:bodyclose // the dialer has read it
	if err != nil {
		err = plain(err)
		if response != nil {
			if t, ok := Throttled(response.StatusCode, response.Header, s.cfg.Now()); ok && s.cfg.Throttled != nil {
				s.cfg.Throttled(t)
			}
			return nil, fmt.Errorf("gateway: dial %s: the venue answered %s: %w", pathOf(s.cfg.URL), response.Status, err)
		}
		return nil, fmt.Errorf("gateway: dial %s: %w", pathOf(s.cfg.URL), err)
	}
	ws.SetReadLimit(s.cfg.FrameBytesMax)

	own, cancel := context.WithCancel(ctx)
	c := &connection{cfg: &s.cfg, ws: ws, began: s.cfg.Now(), cancel: cancel, ended: make(chan error, 1), left: make(chan struct{})}
	ready := make(chan struct{})
	all.Go(func() {
		defer cancel()
		c.ended <- c.converse(ready)
	})
	all.Go(func() { c.keep(own) })
	select {
	case <-ready:
		return c, nil
	case err := <-c.ended:
		select {
		case <-ready: // it was, and ended: both are to be told
			c.ended <- err
			return c, nil
		default:
			return nil, err
		}
	case <-starting.Done():
		cancel()
		why := <-c.ended
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("gateway: %s was not ready within %v: %w", pathOf(s.cfg.URL), s.cfg.ReadyWithin, why)
	}
}

// converse says hello and reads until the connection ends, and returns why it did.
func (c *connection) converse(ready chan<- struct{}) error {
	talk := c.cfg.Talk()
	hello, err := talk.Hello()
	if err != nil {
		return err
	}
	alive := func() { _ = c.ws.SetReadDeadline(time.Now().Add(c.cfg.Silence)) }
	alive()
	pong := c.ws.PingHandler()
	c.ws.SetPingHandler(func(data string) error { alive(); return pong(data) })
	c.ws.SetPongHandler(func(string) error { alive(); return nil })
	for _, frame := range hello {
		if err := c.write(websocket.TextMessage, frame); err != nil {
			return err
		}
	}
	told := false
	for {
		_, frame, err := c.ws.ReadMessage()
		if err != nil {
			return c.explain(err)
		}
		alive()
		is, err := talk.Frame(frame, c.cfg.Now())
		if err != nil {
			return err
		}
		if is && !told {
			told = true
			close(ready)
		}
	}
}

// keep pings, and closes the socket when ctx ends or the connection was left long enough ago.
func (c *connection) keep(ctx context.Context) {
	defer c.ws.Close()
	var pings, over <-chan time.Time
	if c.cfg.PingEvery > 0 {
		t := time.NewTicker(c.cfg.PingEvery)
		defer t.Stop()
		pings = t.C
	}
	left := c.left
	for {
		select {
		case <-ctx.Done():
			return
		case <-left:
			left, over = nil, time.After(c.cfg.Overlap)
		case <-over:
			goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			_ = c.ws.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(streamWriteTimeout))
			return
		case <-pings:
			if c.cfg.Ping == nil {
				_ = c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(streamWriteTimeout))
			} else if c.write(websocket.TextMessage, c.cfg.Ping) != nil {
				return
			}
		}
	}
}

// leave lets the connection end after a while, during which it is still read.
func (c *connection) leave() { close(c.left) }

func (c *connection) write(kind int, frame []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.ws.SetWriteDeadline(time.Now().Add(streamWriteTimeout))
	if err := c.ws.WriteMessage(kind, frame); err != nil {
		c.ws.Close()
		return fmt.Errorf("gateway: send to %s: %w", pathOf(c.cfg.URL), err)
	}
	return nil
}

// explain says of the errors that people meet what they mean.
func (c *connection) explain(err error) error {
	where := pathOf(c.cfg.URL)
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("gateway: %s was silent for %v: %w", where, c.cfg.Silence, err)
	case errors.Is(err, websocket.ErrReadLimit):
		return fmt.Errorf("gateway: %s sent a frame of more than %d bytes: %w", where, c.cfg.FrameBytesMax, err)
	}
	return fmt.Errorf("gateway: %s: %w", where, err)
}
