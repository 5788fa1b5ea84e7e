package feeder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

// outgoing is what the feeder wants to be sent on the connection that it knows of.
type outgoing struct {
	session int // a later connection leaves it out
	frames  [][]byte
	sent    func() // called when all frames are on the wire; must not block
}

const (
	// outgoingMax is how many requests may wait for their turn to be sent.
	outgoingMax  = 64
	writeTimeout = 5 * time.Second
)

var errAge = errors.New("the connection has reached its age")

// send queues a request, and reports false if too many wait.
func (c *conn) send(o outgoing) bool {
	if c.simulated != nil {
		return c.simulated.ask(o)
	}
	select {
	case c.out <- o:
		return true
	default:
		return false
	}
}

// writer is the sending side of one connection. Whatever it sends keeps the venue's distance:
// subscriptions first, then requests in their order, and a ping that is due before either.
type writer struct {
	*conn
	terms   *terms
	ws      *websocket.Conn
	session int

	queue   [][]byte // frames to send
	sent    func()   // to call when they are; may be nil
	pingDue bool
	free    time.Time // when the next frame may go
}

// run sends until ctx ends, the connection fails, or it has reached the age at which the venue
// would cut it. It returns why, if ctx did not end, and leaves the socket closed.
func (w *writer) run(ctx context.Context) error {
	defer w.ws.Close()
	w.queue = w.terms.subscribe
	var pings, life <-chan time.Time
	if every := w.terms.pingEvery; every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		pings = t.C
	}
	age := w.terms.lives
	if age > 0 {
		t := time.NewTimer(age)
		defer t.Stop()
		life = t.C
	}
	for {
		var turn <-chan time.Time
		requests := w.out
		if len(w.queue) > 0 {
			requests = nil // one after the other: what waits stays in its bounded queue
		}
		if w.pingDue || len(w.queue) > 0 {
			turn = time.After(time.Until(w.free))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-life:
			goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			_ = w.ws.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(writeTimeout))
			return fmt.Errorf("feeder: %w: %v, when %s would cut it", errAge, age, w.venue)
		case <-pings:
			w.pingDue = true
		case o := <-requests:
			if o.session == w.session {
				w.queue, w.sent = o.frames, o.sent
			}
		case <-turn:
			if err := w.turn(); err != nil {
				return fmt.Errorf("feeder: send to %s: %w", w.venue, err)
			}
		}
	}
}

// turn sends what comes next.
func (w *writer) turn() error {
	now := time.Now()
	deadline := now.Add(writeTimeout)
	w.free = now.Add(w.terms.sendEvery)
	frame := w.terms.ping
	switch {
	case w.pingDue && w.terms.ping == nil:
		w.pingDue = false
		return w.ws.WriteControl(websocket.PingMessage, nil, deadline)
	case w.pingDue:
		w.pingDue = false
	default:
		frame, w.queue = w.queue[0], w.queue[1:]
	}
	at := w.now()
	if w.terms.stamp != nil {
		frame = w.terms.stamp(frame, at)
	}
	if w.recorder != nil {
		w.recorder.Sent(frame, false, at) // before, so that it stands above the answer
	}
	_ = w.ws.SetWriteDeadline(deadline)
	if err := w.ws.WriteMessage(websocket.TextMessage, frame); err != nil {
		return err
	}
	if len(w.queue) == 0 && w.sent != nil {
		w.sent()
		w.sent = nil
	}
	return nil
}
