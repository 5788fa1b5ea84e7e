package feeder

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
)

// tape is a Recorder that writes down what it is told.
type tape struct {
	mu    sync.Mutex
	lines []string
	times []market.Timestamp
}

func (r *tape) add(at market.Timestamp, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines, r.times = append(r.lines, fmt.Sprintf(format, args...)), append(r.times, at)
}

func (r *tape) Opened(url string, at market.Timestamp) { r.add(at, "open %s", url) }
func (r *tape) Frame(frame []byte, binary bool, at market.Timestamp) {
	r.add(at, "recv %s binary=%t", frame, binary)
}
func (r *tape) Sent(frame []byte, binary bool, at market.Timestamp) {
	r.add(at, "sent %s binary=%t", frame, binary)
}
func (r *tape) HTTP(url string, body []byte, at market.Timestamp) {
	r.add(at, "http %s %s", url, body)
}

// A recorder is told of everything that goes over the wire, with the times that messages carry, and
// of each connection anew.
func TestConnTellsItsRecorder(t *testing.T) {
	url := venue(t, func(n int, ws *websocket.Conn) {
		_, _, _ = ws.ReadMessage()
		_ = ws.WriteMessage(websocket.TextMessage, []byte("text"))
		_ = ws.WriteMessage(websocket.BinaryMessage, []byte("bytes"))
		if n == 2 {
			_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, EndOfSession), time.Now().Add(time.Second))
		}
	})
	cfg := DefaultConfig("test", 1)
	cfg.ReconnectMin, cfg.ReconnectMax = time.Millisecond, 4*time.Millisecond
	c := newConn(cfg, words{url: url}, func() market.Timestamp { return market.TimestampOf(time.Now()) }, quiet, false, nil)
	r := new(tape)
	c.recorder = r
	c.start()
	t.Cleanup(c.stop)
	var frames []market.Timestamp
	for _, kind := range []itemKind{itemConnected, itemFrame, itemFrame, itemDisconnected, itemConnected, itemFrame, itemFrame, itemEnded} {
		if it := c.want(t, kind); kind == itemFrame {
			frames = append(frames, it.at)
			c.recycle(it.data)
		}
	}
	<-c.done
	one := "open " + url + "\nsent subscribe binary=false\nrecv text binary=false\nrecv bytes binary=true\n"
	if got := strings.Join(r.lines, "\n") + "\n"; got != one+one {
		t.Fatalf("recorded\n%s\nwant twice\n%s", got, one)
	}
	for n, i := range []int{2, 3, 6, 7} {
		if r.times[i] != frames[n] {
			t.Errorf("frame %d was recorded at %v, its item says %v", n, r.times[i], frames[n])
		}
	}
}
