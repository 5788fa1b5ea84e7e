package feeder

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
)

// item is one thing that a connection reports, in the order in which it happened.
type item struct {
	kind itemKind
	data []byte           // of a frame: goes back to the connection with recycle
	at   market.Timestamp // when it happened
	err  error            // why the connection ended

	session int // which connection it is, from 1; with itemConnected
}

type itemKind uint8

const (
	itemFrame itemKind = 1 + iota
	itemConnected
	itemDisconnected // it will be dialed again
	itemEnded        // it will not: a replay is over, or the feeder stops
)

// itemsMax is how many items a connection holds before it stops reading, so that the socket
// fills and the venue feels it.
const itemsMax = 1024

// ReplaySubprotocol is what a feeder offers to a replay server. If the server takes it, each
// frame is preceded by when it was first received (8 bytes, nanoseconds since 1970, big endian)
// and its WebSocket opcode (1 byte), so that a replay runs on recorded time.
const ReplaySubprotocol = "maru.replay.v1"

const replayHeaderBytes = 9

// EndOfSession is the reason with which a replay server closes when it has sent everything.
const EndOfSession = "end of session"

// conn keeps one WebSocket connection alive: it dials, subscribes, reads, pings, notices
// silence, and dials again with growing waits. What happens goes into items.
//
// It does not call the protocol, which belongs to the feeder's goroutine: it works by terms. Stamp
// alone is made to be called from here.
type conn struct {
	cfg    Config
	venue  string
	terms  atomic.Pointer[terms]
	now    func() market.Timestamp
	log    *slog.Logger
	replay bool                                // offer the replay subprotocol
	frames iter.Seq2[[]byte, market.Timestamp] // instead of the venue's socket; nil: dial

	items chan item
	free  chan []byte
	out   chan outgoing
	// wait holds the connection back until it may dial; nil: at once.
	wait   func(context.Context) bool
	notify func() // called after items became non-empty; may be nil

	recorder  Recorder   // nil: nobody records
	simulated *simulated // in the place of a socket; nil: dial

	cancel context.CancelFunc
	done   chan struct{}
}

// terms are what a protocol wants of a connection.
type terms struct {
	url                                  string
	subscribe                            [][]byte
	ping                                 []byte // nil: a WebSocket ping
	pingEvery, silence, sendEvery, lives time.Duration

	stamp func(frame []byte, at market.Timestamp) []byte // nil: frames are sent as they are
}

func termsOf(p Protocol) *terms {
	t := &terms{url: p.URL(), subscribe: p.Subscribe(), silence: p.Silence(), sendEvery: p.SendEvery(), lives: p.Lifetime()}
	t.ping, t.pingEvery = p.Ping()
	if s, ok := p.(Stamper); ok {
		t.stamp = s.Stamp
	}
	return t
}

func newConn(cfg Config, p Protocol, now func() market.Timestamp, log *slog.Logger, replay bool, notify func()) *conn {
	c := &conn{cfg: cfg, venue: string(p.Venue()), now: now, log: log, replay: replay, notify: notify,
		items: make(chan item, itemsMax), free: make(chan []byte, itemsMax), out: make(chan outgoing, outgoingMax), done: make(chan struct{})}
	c.terms.Store(termsOf(p))
	return c
}

// start begins to dial. stop ends it.
func (c *conn) start() {
	if c.simulated != nil {
		c.simulated.dial()
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	go func() {
		defer close(c.done)
		if c.frames != nil {
			c.pass(ctx)
			return
		}
		c.run(ctx)
	}()
}

// stop ends the connection and waits until its goroutine is gone.
func (c *conn) stop() {
	if c.simulated != nil {
		c.simulated.stop()
		return
	}
	c.cancel()
	<-c.done
}

// recycle gives a frame's memory back for the next one.
func (c *conn) recycle(frame []byte) {
	select {
	case c.free <- frame[:0]:
	default:
	}
}

func (c *conn) buffer() []byte {
	select {
	case b := <-c.free:
		return b
	default:
		return make([]byte, 0, 1024)
	}
}

func (c *conn) put(ctx context.Context, it item) bool {
	select {
	case c.items <- it:
	case <-ctx.Done():
		return false
	}
	if c.notify != nil {
		c.notify()
	}
	return true
}

// pass hands over frames from memory as if a socket had brought them.
func (c *conn) pass(ctx context.Context) {
	if !c.put(ctx, item{kind: itemConnected}) {
		return
	}
	for frame, at := range c.frames {
		if at == 0 && !c.replay {
			at = c.now()
		}
		if !c.put(ctx, item{kind: itemFrame, data: append(c.buffer(), frame...), at: at}) {
			return
		}
	}
	c.put(ctx, item{kind: itemEnded})
}

func (c *conn) run(ctx context.Context) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = c.cfg.ReconnectMin, c.cfg.ReconnectMax
	for session := 1; ctx.Err() == nil; session++ {
		if c.wait != nil && !c.wait(ctx) {
			return
		}
		began := time.Now()
		err := c.session(ctx, session)
		if ctx.Err() != nil {
			return
		}
		if ended(err) {
			c.put(ctx, item{kind: itemEnded, at: c.now(), err: err})
			return
		}
		if !c.put(ctx, item{kind: itemDisconnected, at: c.now(), err: err}) {
			return
		}
		if time.Since(began) > c.cfg.ReconnectMax {
			wait.Reset() // it had worked
		}
		d := wait.NextBackOff()
		c.log.Warn("connection to venue ended; trying again", slog.String("venue", c.venue),
			slog.Any("reason", err), slog.Duration("in", d.Round(time.Millisecond)))
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
}

// ended reports whether the other side said that nothing more will come.
func ended(err error) bool {
	var closed *websocket.CloseError
	return errors.As(err, &closed) && closed.Code == websocket.CloseNormalClosure && closed.Text == EndOfSession
}

const dialTimeout = 10 * time.Second

// session dials, subscribes and reads until the connection ends, and returns why it did.
func (c *conn) session(ctx context.Context, number int) error {
	dialer := websocket.Dialer{HandshakeTimeout: dialTimeout, ReadBufferSize: 64 << 10, Proxy: http.ProxyFromEnvironment}
	if c.replay {
		dialer.Subprotocols = []string{ReplaySubprotocol}
	}
	terms := c.terms.Load()
	ws, response, err := dialer.DialContext(ctx, terms.url, nil) //nolint:bodyclose // the dialer has read it
	if err != nil {
		var body []byte
		if response != nil {
			body, _ = io.ReadAll(response.Body) // the dialer kept its beginning
		}
		if t := throttle(response, body); t != nil {
			return fmt.Errorf("feeder: dial %s: %w", terms.url, t)
		}
		if response != nil {
			return fmt.Errorf("feeder: dial %s: the server answered %s: %w", terms.url, response.Status, err)
		}
		return fmt.Errorf("feeder: dial %s: %w", terms.url, err)
	}
	defer ws.Close()
	stamped := ws.Subprotocol() == ReplaySubprotocol
	ws.SetReadLimit(c.cfg.FrameBytesMax)
	if c.recorder != nil {
		c.recorder.Opened(terms.url, c.now())
	}
	if !c.put(ctx, item{kind: itemConnected, at: c.stamp(stamped), session: number}) {
		return ctx.Err()
	}

	session, cancel := context.WithCancel(ctx)
	w := writer{conn: c, terms: terms, ws: ws, session: number}
	writing := make(chan error, 1)
	go func() { writing <- w.run(session) }()
	err = c.read(ctx, ws, terms.silence, stamped)
	cancel()
	ws.Close() // the writer may be stuck in it
	if why := <-writing; errors.Is(why, errAge) || (why != nil && errors.Is(err, net.ErrClosed)) {
		return why // it closed the socket under the reader
	}
	return err
}

// stamp is the time of what happens to the connection itself: in a replay there is none.
func (c *conn) stamp(stamped bool) market.Timestamp {
	if stamped {
		return 0
	}
	return c.now()
}

func (c *conn) read(ctx context.Context, ws *websocket.Conn, silence time.Duration, stamped bool) error {
	var deadline time.Time
	alive := func() {
		// Setting a deadline costs a system call's worth of time: once a tenth of the limit is
		// precise enough.
		if now := time.Now(); silence > 0 && deadline.Sub(now) < silence*9/10 {
			deadline = now.Add(silence)
			_ = ws.SetReadDeadline(deadline)
		}
	}
	alive()
	pong := ws.PingHandler()
	ws.SetPingHandler(func(data string) error { alive(); return pong(data) })
	ws.SetPongHandler(func(string) error { alive(); return nil })
	for {
		opcode, r, err := ws.NextReader()
		if err != nil {
			return c.explain(err, silence)
		}
		frame, err := appendAll(c.buffer(), r)
		if err != nil {
			return c.explain(err, silence)
		}
		it := item{kind: itemFrame, data: frame}
		if stamped {
			if len(frame) < replayHeaderBytes {
				return errors.New("feeder: the replay server sent a frame without its time")
			}
			it.at = market.Timestamp(binary.BigEndian.Uint64(frame))
			it.data = append(frame[:0], frame[replayHeaderBytes:]...)
		} else {
			it.at = c.now()
		}
		if c.recorder != nil {
			c.recorder.Frame(it.data, opcode == websocket.BinaryMessage, it.at)
		}
		if !c.put(ctx, it) {
			return ctx.Err()
		}
		alive()
	}
}

// explain says of the errors that people meet what they mean.
func (c *conn) explain(err error, silence time.Duration) error {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("feeder: %s was silent for %v: %w", c.venue, silence, err)
	}
	if errors.Is(err, websocket.ErrReadLimit) {
		return fmt.Errorf("feeder: %s sent a frame of more than %d bytes: %w", c.venue, c.cfg.FrameBytesMax, err)
	}
	return err
}

// appendAll reads r to its end into dst, growing it as needed.
func appendAll(dst []byte, r io.Reader) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}
