package feeder

import (
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/maru-trading/maru/actors/market"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// venue starts a WebSocket server and returns its address. serve is called for each connection.
func venue(t *testing.T, serve func(n int, ws *websocket.Conn)) string {
	t.Helper()
	var n atomic.Int64
	upgrader := websocket.Upgrader{Subprotocols: []string{ReplaySubprotocol}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		serve(int(n.Add(1)), ws)
	}))
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http")
}

func connect(t *testing.T, p Protocol, replay bool) *conn {
	t.Helper()
	cfg := DefaultConfig("test", 1)
	cfg.ReconnectMin, cfg.ReconnectMax = time.Millisecond, 4*time.Millisecond
	cfg.FrameBytesMax = 1 << 10
	c := newConn(cfg, p, func() market.Timestamp { return market.TimestampOf(time.Now()) }, quiet, replay, nil)
	c.start()
	t.Cleanup(c.stop)
	return c
}

func (c *conn) want(t *testing.T, kind itemKind) item {
	t.Helper()
	select {
	case it := <-c.items:
		if it.kind != kind {
			t.Fatalf("got item %d (%q, %v), want %d", it.kind, it.data, it.err, kind)
		}
		return it
	case <-time.After(10 * time.Second):
		t.Fatalf("no item of kind %d", kind)
		return item{}
	}
}

func TestConnSubscribesReadsAndDialsAgain(t *testing.T) {
	ignored := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignored) })
	url := venue(t, func(n int, ws *websocket.Conn) {
		if _, m, err := ws.ReadMessage(); err != nil || string(m) != "subscribe" {
			t.Errorf("got %q, %v", m, err)
		}
		_ = ws.WriteMessage(websocket.BinaryMessage, []byte("hello"))
		if n == 2 {
			_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, EndOfSession), time.Now().Add(time.Second))
		}
	})
	c := connect(t, words{url: url}, false)
	c.want(t, itemConnected)
	if it := c.want(t, itemFrame); string(it.data) != "hello" || it.at == 0 {
		t.Fatalf("frame %q at %v", it.data, it.at)
	}
	if it := c.want(t, itemDisconnected); it.err == nil {
		t.Fatal("disconnected without a reason")
	}
	c.want(t, itemConnected)
	c.want(t, itemFrame)
	c.want(t, itemEnded)
	<-c.done
}

func TestConnReadsRecordedTimes(t *testing.T) {
	url := venue(t, func(_ int, ws *websocket.Conn) {
		frame := binary.BigEndian.AppendUint64(nil, 12345)
		_ = ws.WriteMessage(websocket.BinaryMessage, append(append(frame, websocket.TextMessage), "hello"...))
		_, _, _ = ws.ReadMessage()
	})
	c := connect(t, words{url: url}, true)
	c.want(t, itemConnected)
	if it := c.want(t, itemFrame); string(it.data) != "hello" || it.at != 12345 {
		t.Fatalf("frame %q at %d", it.data, it.at)
	}
}

// impatient has a short silence limit.
type impatient struct{ words }

func (impatient) Silence() time.Duration { return 30 * time.Millisecond }

func TestConnFindsSilence(t *testing.T) {
	url := venue(t, func(_ int, ws *websocket.Conn) { _, _, _ = ws.ReadMessage(); _, _, _ = ws.ReadMessage() })
	c := connect(t, impatient{words{url: url}}, false)
	c.want(t, itemConnected)
	if it := c.want(t, itemDisconnected); !strings.Contains(it.err.Error(), "silent") {
		t.Fatal(it.err)
	}
}

func TestConnRefusesHugeFrames(t *testing.T) {
	url := venue(t, func(_ int, ws *websocket.Conn) {
		_ = ws.WriteMessage(websocket.TextMessage, make([]byte, 2<<10))
		_, _, _ = ws.ReadMessage()
		_, _, _ = ws.ReadMessage()
	})
	c := connect(t, words{url: url}, false)
	c.want(t, itemConnected)
	if it := c.want(t, itemDisconnected); !strings.Contains(it.err.Error(), "more than 1024 bytes") {
		t.Fatal(it.err)
	}
}

func TestConnWithoutAVenueKeepsTrying(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	c := connect(t, words{url: "ws" + strings.TrimPrefix(s.URL, "http")}, false)
	for range 3 {
		if it := c.want(t, itemDisconnected); !strings.Contains(it.err.Error(), "404") {
			t.Fatal(it.err)
		}
	}
}

func TestGetExplainsErrors(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ok":
			w.Header().Set(RecordedAt, "77")
			_, _ = io.WriteString(w, "body")
		case "/large":
			_, _ = w.Write(make([]byte, 100))
		case "/banned":
			w.Header().Set("Retry-After", "7")
			http.Error(w, "banned", http.StatusTeapot)
		case "/limit":
			http.Error(w, "slower", http.StatusTooManyRequests)
		default:
			http.Error(w, "closed until tomorrow", http.StatusServiceUnavailable)
		}
	}))
	defer s.Close()
	if body, at, err := get(s.Client(), s.URL+"/ok", 0, 99); err != nil || string(body) != "body" || at != 77 {
		t.Errorf("%q %v %v", body, at, err)
	}
	if _, _, err := get(s.Client(), s.URL+"/large", 0, 99); err == nil || !strings.Contains(err.Error(), "more than 99 bytes") {
		t.Error(err)
	}
	if _, _, err := get(s.Client(), s.URL+"/x", 0, 99); err == nil || !strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), "closed until tomorrow") {
		t.Error(err)
	}
	for path, want := range map[string]time.Duration{"/banned": 7 * time.Second, "/limit": wait429} {
		var stop *throttled
		if _, _, err := get(s.Client(), s.URL+path, 0, 99); !errors.As(err, &stop) || stop.wait != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, _, err := get(s.Client(), "::", 0, 99); err == nil {
		t.Error("no error for no address")
	}
}
