package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/gateway"
)

// far is a WebSocket server that a test drives: each connection that is made comes out of conns.
type far struct {
	url    string
	conns  chan *websocket.Conn
	refuse chan int // a status to answer the next handshakes with
}

func newFar(t *testing.T) *far {
	t.Helper()
	f := &far{conns: make(chan *websocket.Conn, 16), refuse: make(chan int, 16)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case status := <-f.refuse:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
			return
		default:
		}
		up := websocket.Upgrader{}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		f.conns <- c
	}))
	t.Cleanup(server.Close)
	f.url = "ws" + strings.TrimPrefix(server.URL, "http") + "/private"
	return f
}

func await[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(5 * time.Second):
		t.Fatalf("no %s within 5 s", what)
		panic("unreachable")
	}
}

// near records what a stream tells.
type near struct {
	events chan string // "up", "down: why", and frames
}

type talk struct{ n *near }

func (talk) Hello() ([][]byte, error) { return [][]byte{[]byte("hello"), []byte("again")}, nil }

func (k talk) Frame(frame []byte, at market.Timestamp) (bool, error) {
	if at == 0 {
		return false, errors.New("no time")
	}
	k.n.events <- string(frame)
	switch string(frame) {
	case "bad":
		return false, errors.New("the frame is bad")
	case "ready":
		return true, nil
	}
	return false, nil
}

// stream runs a stream until the test ends.
func stream(t *testing.T, f *far, change func(*gateway.StreamConfig)) (*gateway.Stream, *near) {
	t.Helper()
	n := &near{events: make(chan string, 64)}
	cfg := gateway.StreamConfig{URL: f.url, Talk: func() gateway.Talk { return talk{n} }, Now: now,
		Up: func() { n.events <- "up" }, Down: func(why string) { n.events <- "down: " + why },
		BackoffMin: time.Millisecond, BackoffMax: 5 * time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	s, err := gateway.NewStream(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return s, n
}

func (n *near) want(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := await(t, w, n.events); got != w && (!strings.HasSuffix(w, "…") || !strings.HasPrefix(got, strings.TrimSuffix(w, "…"))) {
			t.Fatalf("got %q, want %q", got, w)
		}
	}
}

func send(t *testing.T, c *websocket.Conn, frames ...string) {
	t.Helper()
	for _, frame := range frames {
		if err := c.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
			t.Fatal(err)
		}
	}
}

func hellos(t *testing.T, c *websocket.Conn) {
	t.Helper()
	for _, want := range []string{"hello", "again"} {
		_, got, err := c.ReadMessage()
		if err != nil || string(got) != want {
			t.Fatalf("%q %v, want %q", got, err, want)
		}
	}
}

func TestStreamIsUpOnceReadyAndComesBack(t *testing.T) {
	f := newFar(t)
	s, n := stream(t, f, nil)
	c := await(t, "connection", f.conns)
	hellos(t, c)
	send(t, c, "early", "ready", "ready", "event")
	n.want(t, "early", "ready")
	rest := []string{await(t, "event", n.events), await(t, "event", n.events), await(t, "event", n.events)}
	if !slices.Contains(rest, "up") || !slices.Contains(rest, "event") {
		t.Fatalf("%q", rest)
	}
	if err := s.Send([]byte("out")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := c.ReadMessage(); err != nil || string(got) != "out" {
		t.Fatalf("%q %v", got, err)
	}
	c.Close()
	n.want(t, "down: gateway: 127.0.0.1…")
	c = await(t, "second connection", f.conns)
	hellos(t, c)
	send(t, c, "ready")
	n.want(t, "ready", "up")
	send(t, c, "bad")
	n.want(t, "bad", "down: the frame is bad")
	await(t, "third connection", f.conns)
	if err := s.Send([]byte("out")); err == nil {
		t.Error("sent while nothing is up")
	}
}

// The venue says that it is about to cut: the new connection is ready before the old one goes, and
// what the old one still brings is heard.
func TestStreamIsRenewedWithoutAGap(t *testing.T) {
	f := newFar(t)
	s, n := stream(t, f, func(c *gateway.StreamConfig) { c.Overlap = 200 * time.Millisecond })
	first := await(t, "connection", f.conns)
	send(t, first, "ready")
	n.want(t, "ready", "up")
	s.Renew("the server shuts down")
	second := await(t, "second connection", f.conns)
	send(t, first, "while the new one is not ready")
	n.want(t, "while the new one is not ready")
	replaced := time.Now()
	send(t, second, "ready")
	n.want(t, "ready")
	send(t, first, "on its way")
	n.want(t, "on its way")
	// The old one is said goodbye to; nothing was down.
	hellos(t, first)
	if _, _, err := first.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("the old connection ended with %v", err)
	}
	if read := time.Since(replaced); read < 200*time.Millisecond {
		t.Errorf("the old connection was read for %v longer, want 200 ms", read)
	}
	first.Close()
	send(t, second, "on the new one")
	n.want(t, "on the new one")
	// Once the new one is there, the old one's end is no news, and the new one's is.
	second.Close()
	n.want(t, "down: …")
}

func TestStreamReplacesAConnectionByItsAge(t *testing.T) {
	f := newFar(t)
	_, n := stream(t, f, func(c *gateway.StreamConfig) { c.Lifetime, c.Overlap = 20*time.Millisecond, time.Millisecond })
	for i := range 3 {
		c := await(t, fmt.Sprintf("connection %d", i), f.conns)
		send(t, c, "ready")
		n.want(t, "ready")
		if i == 0 {
			n.want(t, "up")
		}
	}
}

func TestStreamGivesUpWhatIsSilentOrNeverReady(t *testing.T) {
	f := newFar(t)
	_, n := stream(t, f, func(c *gateway.StreamConfig) { c.Silence = 30 * time.Millisecond })
	c := await(t, "connection", f.conns)
	send(t, c, "ready")
	n.want(t, "ready", "up", "down: gateway: 127.0.0.1…")
	await(t, "next connection", f.conns)

	f = newFar(t)
	_, n = stream(t, f, func(c *gateway.StreamConfig) { c.ReadyWithin = 30 * time.Millisecond })
	send(t, await(t, "connection", f.conns), "not ready")
	n.want(t, "not ready")
	await(t, "next connection", f.conns)
}

func TestStreamPings(t *testing.T) {
	f := newFar(t)
	_, n := stream(t, f, func(c *gateway.StreamConfig) { c.PingEvery, c.Ping = 5*time.Millisecond, []byte("PING") })
	c := await(t, "connection", f.conns)
	hellos(t, c)
	if _, got, err := c.ReadMessage(); err != nil || string(got) != "PING" {
		t.Fatalf("%q %v", got, err)
	}
	send(t, c, "ready")
	n.want(t, "ready", "up")

	f = newFar(t)
	stream(t, f, func(c *gateway.StreamConfig) { c.PingEvery = 5 * time.Millisecond })
	c = await(t, "connection", f.conns)
	pinged := make(chan struct{}, 64)
	c.SetPingHandler(func(string) error {
		select {
		case pinged <- struct{}{}:
		default:
		}
		return nil
	})
	go func() {
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				return
			}
		}
	}()
	await(t, "ping", pinged)
}

func TestStreamHearsThatItDialsTooOften(t *testing.T) {
	f := newFar(t)
	f.refuse <- http.StatusTooManyRequests
	throttled := make(chan gateway.Throttle, 1)
	var permits int
	stream(t, f, func(c *gateway.StreamConfig) {
		c.Throttled = func(t gateway.Throttle) { throttled <- t }
		c.Permit = func(context.Context) error {
			if permits++; permits == 2 {
				return errors.New("not now")
			}
			return nil
		}
	})
	if got := await(t, "throttle", throttled); !strings.Contains(got.Reason, "429") || got.Until < now() {
		t.Errorf("%v", got)
	}
	await(t, "connection", f.conns) // the second attempt had no permit, the third has
}

func TestStreamRefusesFramesThatAreTooLong(t *testing.T) {
	f := newFar(t)
	_, n := stream(t, f, func(c *gateway.StreamConfig) { c.FrameBytesMax = 100 })
	c := await(t, "connection", f.conns)
	send(t, c, "ready")
	n.want(t, "ready", "up")
	send(t, c, strings.Repeat("x", 101))
	n.want(t, "down: gateway: 127.0.0.1…")
}

func TestStreamSaysThatItStops(t *testing.T) {
	f := newFar(t)
	n := &near{events: make(chan string, 8)}
	s, err := gateway.NewStream(gateway.StreamConfig{URL: f.url, Talk: func() gateway.Talk { return talk{n} }, Now: now,
		Up: func() { n.events <- "up" }, Down: func(why string) { n.events <- "down: " + why }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	send(t, await(t, "connection", f.conns), "ready")
	n.want(t, "ready", "up")
	cancel()
	await(t, "end of Run", done)
	n.want(t, "down: the gateway stops")
	if _, err := gateway.NewStream(gateway.StreamConfig{URL: f.url}); err == nil {
		t.Error("a stream without anything to say is made")
	}
}

// A connection that became ready and ended at once was up: both are told, in their order.
func TestStreamTellsOfTheShortestLife(t *testing.T) {
	f := newFar(t)
	_, n := stream(t, f, nil)
	for range 30 {
		c := await(t, "connection", f.conns)
		hellos(t, c) // what is not read would have the connection reset, and what was sent lost
		send(t, c, "ready")
		c.Close()
		n.want(t, "ready", "up", "down: …")
	}
}
