package feeder

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
)

// dated is a venue's protocol that wants the time in what it is asked, and compares checksums.
type dated struct {
	slow
	checked, failed *uint64
}

func (dated) Stamp(frame []byte, at market.Timestamp) []byte {
	return fmt.Appendf(nil, "%d %s", at, frame)
}

func (d dated) Checksums() (checked, failed uint64) { return *d.checked, *d.failed }

// Each frame carries the time at which it is sent, also on a connection that is dialed long after the
// frames were made, and the recorder is told what was sent.
func TestWriterStampsWhatItSends(t *testing.T) {
	heard := make(chan said, 100)
	url := venue(t, func(n int, ws *websocket.Conn) {
		for range 2 {
			_, m, err := ws.ReadMessage()
			if err != nil {
				return
			}
			heard <- said{n, string(m), time.Now()}
		}
	})
	cfg := DefaultConfig("test", 1)
	cfg.ReconnectMin, cfg.ReconnectMax = time.Millisecond, time.Millisecond
	var clock atomic.Int64
	c := newConn(cfg, dated{slow: slow{words: words{url: url}, frames: 2}}, func() market.Timestamp { return market.Timestamp(clock.Add(1)) }, quiet, false, nil)
	recorded := new(tape)
	c.recorder = recorded
	c.start()
	t.Cleanup(c.stop)
	var last market.Timestamp
	var sent []string
	for n := range 4 {
		got := next(t, heard)
		var at market.Timestamp
		var frame int
		if _, err := fmt.Sscanf(got.text, "%d subscribe %d", &at, &frame); err != nil || frame != n%2 || got.connection != n/2+1 || at <= last {
			t.Fatalf("connection %d heard %q after a frame of %d", got.connection, got.text, last)
		}
		last = at
		sent = append(sent, fmt.Sprintf("%d sent %s binary=false", at, got.text))
		if n == 1 { // until it is dialed again
			c.want(t, itemConnected)
			c.want(t, itemDisconnected)
		}
	}
	recorded.mu.Lock()
	defer recorded.mu.Unlock()
	for n, line := range recorded.lines {
		if line := fmt.Sprintf("%d %s", recorded.times[n], line); strings.Contains(line, " sent ") {
			if len(sent) == 0 || line != sent[0] {
				t.Fatalf("recorded %q, want %q", line, sent)
			}
			sent = sent[1:]
		}
	}
	if len(sent) > 0 {
		t.Errorf("not recorded: %q", sent)
	}
}

func TestCoreCountsChecksums(t *testing.T) {
	var checked, failed uint64
	c := NewCore(DefaultConfig("test", 1), dated{checked: &checked, failed: &failed})
	for _, step := range []struct{ checked, failed, matched, mismatched uint64 }{
		{0, 0, 0, 0}, {5, 0, 5, 0}, {5, 0, 0, 0}, {9, 3, 1, 3}, {10, 3, 1, 0},
	} {
		checked, failed = step.checked, step.failed
		if n := c.Take(); n.Matched != step.matched || n.Mismatched != step.mismatched {
			t.Errorf("after %d compared and %d that differ: %d and %d are new, want %d and %d",
				checked, failed, n.Matched, n.Mismatched, step.matched, step.mismatched)
		}
	}
}
