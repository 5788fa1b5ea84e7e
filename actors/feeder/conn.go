package feeder

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
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
type conn struct {
	cfg      Config
	protocol Protocol
	now      func() market.Timestamp
	log      *slog.Logger
	replay   bool                                // offer the replay subprotocol
	frames   iter.Seq2[[]byte, market.Timestamp] // instead of the venue's socket; nil: dial

	items  chan item
	free   chan []byte
	notify func() // called after items became non-empty; may be nil

	cancel context.CancelFunc
	done   chan struct{}
}

func newConn(cfg Config, p Protocol, now func() market.Timestamp, log *slog.Logger, replay bool, notify func()) *conn {
	return &conn{cfg: cfg, protocol: p, now: now, log: log, replay: replay, notify: notify,
		items: make(chan item, itemsMax), free: make(chan []byte, itemsMax), done: make(chan struct{})}
}

// start begins to dial. stop ends it.
func (c *conn) start() {
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
	for ctx.Err() == nil {
		began := time.Now()
		err := c.session(ctx)
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
		c.log.Warn("connection to venue ended; trying again", slog.String("venue", string(c.protocol.Venue())),
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

const (
	dialTimeout  = 10 * time.Second
	writeTimeout = 5 * time.Second
)

// session dials, subscribes and reads until the connection ends, and returns why it did.
func (c *conn) session(ctx context.Context) error {
	dialer := websocket.Dialer{HandshakeTimeout: dialTimeout, ReadBufferSize: 64 << 10, Proxy: http.ProxyFromEnvironment}
	if c.replay {
		dialer.Subprotocols = []string{ReplaySubprotocol}
	}
	ws, response, err := dialer.DialContext(ctx, c.protocol.URL(), nil)
	if err != nil {
		if response != nil {
			return fmt.Errorf("feeder: dial %s: the server answered %s: %w", c.protocol.URL(), response.Status, err)
		}
		return fmt.Errorf("feeder: dial %s: %w", c.protocol.URL(), err)
	}
	defer ws.Close()
	stamped := ws.Subprotocol() == ReplaySubprotocol
	ws.SetReadLimit(c.cfg.FrameBytesMax)
	if !c.put(ctx, item{kind: itemConnected, at: c.stamp(stamped)}) {
		return ctx.Err()
	}

	session, cancel := context.WithCancel(ctx)
	writing := make(chan struct{})
	go func() {
		defer close(writing)
		c.write(session, ws)
	}()
	defer func() {
		cancel()
		ws.Close() // the writer may be stuck in it
		<-writing
	}()
	return c.read(ctx, ws, stamped)
}

// stamp is the time of what happens to the connection itself: in a replay there is none.
func (c *conn) stamp(stamped bool) market.Timestamp {
	if stamped {
		return 0
	}
	return c.now()
}

// write sends the subscriptions, then pings, and closes the socket when the session is over
// or has reached the age at which the venue would cut it.
func (c *conn) write(ctx context.Context, ws *websocket.Conn) {
	defer ws.Close()
	for n, frame := range c.protocol.Subscribe() {
		if n > 0 && !sleep(ctx, c.protocol.SendEvery()) {
			return
		}
		_ = ws.SetWriteDeadline(time.Now().Add(writeTimeout))
		if err := ws.WriteMessage(websocket.TextMessage, frame); err != nil {
			c.log.Warn("could not subscribe", slog.String("venue", string(c.protocol.Venue())), slog.Any("reason", err))
			return
		}
	}
	ping, every := c.protocol.Ping()
	var pings, life <-chan time.Time
	if every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		pings = t.C
	}
	if age := c.protocol.Lifetime(); age > 0 {
		t := time.NewTimer(age)
		defer t.Stop()
		life = t.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-life:
			return
		case <-pings:
		}
		var err error
		if deadline := time.Now().Add(writeTimeout); ping == nil {
			err = ws.WriteControl(websocket.PingMessage, nil, deadline)
		} else {
			_ = ws.SetWriteDeadline(deadline)
			err = ws.WriteMessage(websocket.TextMessage, ping)
		}
		if err != nil {
			return // the reader learns why
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (c *conn) read(ctx context.Context, ws *websocket.Conn, stamped bool) error {
	silence := c.protocol.Silence()
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
		_, r, err := ws.NextReader()
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
		return fmt.Errorf("feeder: %s was silent for %v: %w", c.protocol.Venue(), silence, err)
	}
	if errors.Is(err, websocket.ErrReadLimit) {
		return fmt.Errorf("feeder: %s sent a frame of more than %d bytes: %w", c.protocol.Venue(), c.cfg.FrameBytesMax, err)
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
