package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/adapters/gateway"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

// wire joins a node to the venue in virtual time: HTTP and WebSocket without sockets, with a latency
// that the seed draws. It is what the node has of the world; when the node dies, unplug it.
type wire struct {
	loop   *system.Loop
	fibers *system.Fibers
	venue  *site
	random *rand.Rand
	remote string
	gone   bool
	lines  map[spot.SessionID]*line

	refuse  int                // how many of the next requests find nobody
	leaves  func(spot.Request) // is told of each request that leaves; may be nil
	dies    func(step)         // may end the node; may be nil
	refused *int               // counts them
}

// site is the venue, and whoever is connected to it.
type site struct {
	*spot.Venue
	loop  *system.Loop
	wires []*wire
	stop  func()
}

func newSite(loop *system.Loop, v *spot.Venue) *site {
	s := &site{Venue: v, loop: loop}
	s.pass()
	return s
}

// at brings the venue to the loop's time; done passes on what came of a call and sets the alarm for
// what the venue does next by itself.
func (s *site) at() *spot.Venue {
	s.Advance(s.loop.Now())
	return s.Venue
}

func (s *site) pass() {
	for _, f := range s.Take() {
		for _, w := range s.wires {
			if l := w.lines[f.Session]; l != nil {
				l.deliver(f)
			}
		}
	}
	if s.stop != nil {
		s.stop()
	}
	next := max(s.Next().Sub(s.loop.Now()), 0)
	s.stop = s.loop.After(next, func() {
		s.at()
		s.pass()
	})
}

func (s *site) plug(w *wire) { s.wires = append(s.wires, w) }

// unplug is the node's death as the network sees it: connections end, answers find nobody.
func (w *wire) unplug() {
	w.gone = true
	v := w.venue.at()
	for id := range w.lines {
		v.Close(id)
	}
	clear(w.lines)
	for i, other := range w.venue.wires {
		if other == w {
			w.venue.wires = append(w.venue.wires[:i], w.venue.wires[i+1:]...)
			break
		}
	}
	w.venue.pass()
}

func newWire(loop *system.Loop, venue *site, fibers *system.Fibers, seed uint64, remote string) *wire {
	w := &wire{loop: loop, fibers: fibers, venue: venue, random: rand.New(rand.NewPCG(seed, 0x77697265)), remote: remote, lines: map[spot.SessionID]*line{}, refused: new(int)}
	venue.plug(w)
	return w
}

// latency is how long one way takes.
func (w *wire) latency() time.Duration {
	return time.Millisecond + time.Duration(w.random.Int64N(int64(9*time.Millisecond)))
}

var (
	errRefused = errors.New("connection refused")
	errTorn    = errors.New("connection reset by peer")
	errTimeout = errors.New("timeout awaiting the answer")
)

// errUnheard is an error after which it is not known whether the venue took the request up.
type errUnheard struct{ error }

func (e errUnheard) Unwrap() error { return e.error }

// ask makes one HTTP request. It blocks the fiber. What has left arrives though nobody waits for the
// answer any more; if the node died meanwhile, chance decides.
func (w *wire) ask(ctx context.Context, r spot.Request, timeout time.Duration) (spot.Reply, error) {
	ctx, cancel := w.fibers.WithTimeout(ctx, timeout)
	defer cancel()
	w.pass(stepRequest)
	if err := ctx.Err(); err != nil {
		return spot.Reply{}, err // nothing left
	}
	if w.refuse > 0 {
		w.refuse--
		*w.refused++
		if err := w.fibers.Sleep(ctx, w.latency()); err != nil {
			return spot.Reply{}, err
		}
		return spot.Reply{}, errRefused
	}
	r.Remote = w.remote
	if w.leaves != nil {
		w.leaves(r)
	}
	var reply spot.Reply
	var failed error
	answered := w.fibers.NewSignal()
	w.loop.After(w.latency(), func() {
		if w.gone && w.random.IntN(2) == 0 {
			return
		}
		reply = w.venue.at().Do(r)
		w.venue.pass()
		w.mayDie(stepArrival)
		wait := w.latency()
		switch reply.Fate {
		case spot.Cut: // nobody says whether it was taken up before
			failed = errTorn
		case spot.Lost:
			return
		default:
			wait += max(reply.At.Sub(w.loop.Now()), 0)
		}
		w.loop.After(wait, answered.Broadcast)
	})
	if err := answered.Wait(ctx, 0); err != nil {
		return spot.Reply{}, errUnheard{fmt.Errorf("%w: %w", errTimeout, err)}
	}
	w.pass(stepAnswer)
	if failed != nil {
		return spot.Reply{}, errUnheard{failed}
	}
	return reply, nil
}

// pass is a step of the fiber at which the node may die; a dead one goes no further.
func (w *wire) pass(s step) {
	w.mayDie(s)
	if w.gone {
		w.fibers.Park(func(func()) {})
	}
}

func (w *wire) mayDie(s step) {
	if w.dies != nil && !w.gone {
		w.dies(s)
	}
}

// requestOf turns an HTTP request into the venue's form of it.
func requestOf(method, rawURL string, header http.Header, body []byte) (spot.Request, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return spot.Request{}, err
	}
	return spot.Request{Method: method, Path: u.Path, Query: u.RawQuery, Body: string(body),
		APIKey: header.Get("X-MBX-APIKEY"), TimeUnit: header.Get("X-MBX-TIME-UNIT")}, nil
}

func headerOf(reply spot.Reply) http.Header {
	h := http.Header{"Content-Type": {"application/json;charset=UTF-8"}}
	for _, x := range reply.Header {
		h.Add(x.Name, x.Value)
	}
	return h
}

// Do is part of feeder.HTTP: the snapshots that a feeder asks for.
func (w *wire) Do(r *http.Request) (*http.Response, error) {
	q, err := requestOf(r.Method, r.URL.String(), r.Header, nil)
	if err != nil {
		return nil, err
	}
	reply, err := w.ask(context.Background(), q, 10*time.Second)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: reply.Status, Status: http.StatusText(reply.Status), Header: headerOf(reply), Body: io.NopCloser(bytes.NewReader(reply.Body)), Request: r}, nil
}

// ---- gateway.Runtime

// Go, Sleep, WithTimeout and WithCancel are part of gateway.Runtime.
func (w *wire) Go(do func()) { w.fibers.Go(do) }

func (w *wire) Sleep(ctx context.Context, d time.Duration) error { return w.fibers.Sleep(ctx, d) }

func (w *wire) WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return w.fibers.WithTimeout(parent, d)
}

func (w *wire) WithCancel(parent context.Context) (context.Context, context.CancelFunc) {
	return w.fibers.WithCancel(parent)
}

func (w *wire) NewSignal() gateway.Signal { return w.fibers.NewSignal() }
func (w *wire) NewLock() sync.Locker      { return w.fibers.NewLock() }

func (w *wire) NewTransport(cfg gateway.RequesterConfig) (gateway.Transport, error) {
	timeout := cfg.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	return &transport{w, timeout}, nil
}

// transport is gateway.Requester over the wire.
type transport struct {
	w       *wire
	timeout time.Duration
}

func (t *transport) Close() {}

func (t *transport) Do(ctx context.Context, q gateway.Request) gateway.Outcome {
	out := gateway.Outcome{Sent: t.w.loop.Now()}
	fail := func(result gateway.Result, err error) gateway.Outcome {
		out.Result, out.Received, out.Err = result, t.w.loop.Now(), fmt.Errorf("simulation: %s: %w", q.Method, err)
		return out
	}
	r, err := requestOf(q.Method, q.URL, q.Header, q.Body)
	if err != nil {
		return fail(gateway.NotSent, err)
	}
	timeout := t.timeout
	if q.Within > 0 {
		timeout = q.Within
	}
	reply, err := t.w.ask(ctx, r, timeout)
	var unheard errUnheard
	switch {
	case errors.As(err, &unheard):
		return fail(gateway.Unknown, err)
	case err != nil:
		return fail(gateway.NotSent, err)
	}
	out.Status, out.Header, out.Body = reply.Status, headerOf(reply), reply.Body
	if !gateway.Definite(reply.Status) {
		return fail(gateway.Unknown, fmt.Errorf("status %d", reply.Status))
	}
	out.Result, out.Received = gateway.Answered, t.w.loop.Now()
	return out
}

// ---- connections

// line is one WebSocket connection, from either side.
type line struct {
	w      *wire
	id     spot.SessionID
	peer   feeder.Peer
	opened bool
	closed bool
	last   market.Timestamp // when the newest frame arrives: they stay in order
}

// Dial is part of feeder.Network.
func (w *wire) Dial(rawURL string, to feeder.Peer) feeder.Line {
	l := &line{w: w, peer: to}
	w.loop.After(w.latency(), func() { l.dial(rawURL) })
	return l
}

func (l *line) dial(rawURL string) {
	w := l.w
	if w.gone || l.closed {
		return
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		l.end(err)
		return
	}
	id, reply := w.venue.at().Open(u.Path, u.RawQuery, w.remote)
	if id == 0 {
		w.venue.pass()
		err := errRefused
		if reply.Fate == spot.Answered {
			err = fmt.Errorf("the handshake is answered with %d: %.100s", reply.Status, reply.Body)
		}
		w.later(l, func() { l.end(err) })
		return
	}
	l.id = id
	w.lines[id] = l
	w.later(l, func() {
		l.opened = true
		l.peer.Opened()
	})
	w.venue.pass()
}

// later does something at this end, in order with what else arrives on the line.
func (w *wire) later(l *line, do func()) {
	at := w.loop.Now().Add(w.latency())
	if at <= l.last {
		at = l.last + 1
	}
	l.last = at
	w.loop.After(at.Sub(w.loop.Now()), func() {
		if !w.gone && !l.closed {
			do()
		}
	})
}

func (l *line) end(why error) {
	if !l.closed {
		l.closed = true
		l.peer.Closed(why)
	}
}

// deliver sends a frame of the venue's to this end.
func (l *line) deliver(f spot.Frame) {
	if f.Close {
		delete(l.w.lines, l.id)
		l.w.later(l, func() { l.end(errTorn) })
		return
	}
	text := bytes.Clone(f.Text)
	l.w.later(l, func() {
		if l.w.mayDie(stepFrame); !l.w.gone {
			l.peer.Frame(text)
		}
	})
}

// Send, Ping and Close are part of feeder.Line.
func (l *line) Send(frame []byte) {
	if !l.opened || l.closed {
		return
	}
	text := bytes.Clone(frame)
	l.w.loop.After(l.w.latency(), func() {
		if l.w.gone || l.closed || l.w.lines[l.id] == nil {
			return
		}
		l.w.venue.at().Receive(l.id, text)
		l.w.venue.pass()
	})
}

func (l *line) Ping() {}

func (l *line) Close() {
	if l.closed {
		return
	}
	l.closed = true
	if l.id != 0 {
		delete(l.w.lines, l.id)
		l.w.venue.at().Close(l.id)
		l.w.venue.pass()
	}
}
