package adaptertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// reconnects: a connection that breaks off is made anew, everything is subscribed to again, and
// nothing is trusted in between.
func reconnects(t *testing.T, v Venue) {
	w := start(t, v, setup{})
	for n := range 3 {
		c := w.ready(n + 1)
		before := [2]int{len(w.rec.doubts(w.instruments[btc])), len(w.rec.doubts(w.instruments[eth]))}
		c.cut()
		for k := range w.instruments {
			w.untrusted(k, before[k])
			doubts := w.rec.doubts(w.instruments[k])
			if doubts[before[k]] != "disconnected" {
				t.Errorf("doubted for %q", doubts[before[k]])
			}
		}
	}
	c := w.ready(4)
	w.tick(btc, "50002")
	w.server.with(func(clients []*client) {
		if len(clients) != c.n || len(clients[0].requests) != len(c.requests) {
			t.Errorf("connection %d asked %d times, the first %d times", c.n, len(c.requests), len(clients[0].requests))
		}
	})
	w.noDeadLetters()
}

// backsOff: while the venue takes nobody in, the waits between two attempts grow.
func backsOff(t *testing.T, v Venue) {
	const refused = 6
	w := start(t, v, setup{prepare: func(s *server) { s.refuse = refused }, config: func(c *feederConfig) {
		c.ReconnectMin, c.ReconnectMax = 10*time.Millisecond, 40*time.Millisecond
	}})
	w.ready(1)
	w.server.with(func([]*client) {
		if len(w.server.attempts) != refused+1 {
			t.Errorf("%d attempts, want %d", len(w.server.attempts), refused+1)
		}
		// Each wait is half of its nominal length or more, whatever the jitter; an attempt may be
		// noticed late and never early.
		least := time.Duration(0)
		for n, nominal := 0, 10*time.Millisecond; n < refused; n++ {
			least += nominal / 2
			nominal = min(nominal*3/2, 40*time.Millisecond)
		}
		if took := w.server.attempts[refused].Sub(w.began); took < least {
			t.Errorf("%d attempts within %v, want %v or more", refused+1, took, least)
		}
	})
	if !w.log.has("503", "in=") {
		t.Error("the log does not say why")
	}
}

// tellsCloseCodes: however the venue ends a connection, the log says its code and reason, and the
// next connection works.
func tellsCloseCodes(t *testing.T, v Venue) {
	w := start(t, v, setup{})
	for n, code := range []int{websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.ClosePolicyViolation,
		websocket.CloseInternalServerErr, websocket.CloseServiceRestart, 4290} {
		c := w.subscribed(n + 1)
		reason := fmt.Sprint("because of ", n)
		c.close(code, reason)
		w.until("the reason in the log", func() bool { return w.log.has("WARN", fmt.Sprint(code), reason) })
	}
	w.ready(7)
	w.noDeadLetters()
}
