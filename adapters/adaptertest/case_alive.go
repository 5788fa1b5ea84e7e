package adaptertest

import (
	"errors"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/message"
)

// pings: a client that must ping does so in time and in the venue's way, and the answers keep a
// connection without data alive for longer than it may be silent.
func pings(t *testing.T, v Venue) {
	const every, silence = 20 * time.Millisecond, 400 * time.Millisecond
	if v.ClientPings == NoPing {
		w := start(t, v, setup{times: times{ping: time.Millisecond}})
		c := w.ready(1)
		w.server.with(func([]*client) {
			if c.pings != 0 {
				t.Errorf("%d pings, though the venue wants none", c.pings)
			}
		})
		return
	}
	w := start(t, v, setup{times: times{ping: every, silence: silence}})
	w.subscribed(1)
	// A machine that stands still for a moment may end a connection; without answers that count,
	// none would ever come so far.
	w.until("pings for longer than the silence that ends a connection", func() bool {
		c, n := w.server.latest(), 0
		w.server.with(func([]*client) { n = c.pings })
		return time.Duration(n-1)*every > silence
	})
	if v.ClientPings == TextPing {
		w.until("the answers read", func() bool { return len(w.protocol.told(message.NoticeHeartbeat)) >= 2 })
	}
	w.noDeadLetters()
}

// answersPings: WebSocket pings of the server are answered with what stood in them, and they too
// are a sign of life.
func answersPings(t *testing.T, v Venue) {
	const every, silence = 20 * time.Millisecond, 400 * time.Millisecond
	w := start(t, v, setup{times: times{silence: silence}})
	w.subscribed(1)
	var pinged *client
	var sent time.Time
	w.until("answers for longer than the silence that ends a connection", func() bool {
		pinged = w.server.latest()
		if time.Since(sent) >= every {
			sent = time.Now()
			_ = pinged.ws.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(time.Second))
		}
		n := 0
		w.server.with(func([]*client) { n = len(pinged.pongs) })
		return time.Duration(n-1)*every > silence
	})
	w.server.with(func([]*client) {
		for _, answer := range pinged.pongs {
			if answer != "are you there" {
				t.Errorf("answered %q", answer)
			}
		}
	})
	w.noDeadLetters()
}

// findsSilence: a connection that is open and says nothing is given up and made anew.
func findsSilence(t *testing.T, v Venue) {
	w := start(t, v, setup{times: times{ping: 20 * time.Millisecond, silence: 200 * time.Millisecond}})
	speaks := func() { // for as long as it takes, so that a slow machine is not a silent venue
		t.Helper()
		w.until("trust in a venue that speaks", func() bool {
			w.server.change(w.symbols[btc])
			return w.rec.trusted(w.instruments[btc])
		})
	}
	speaks()
	n, doubts := 0, len(w.rec.doubts(w.instruments[btc]))
	w.server.with(func(clients []*client) { w.server.mute, n = true, len(clients) })
	w.until("another connection", func() bool { return w.server.count() > n })
	w.until("the reason in the log", func() bool { return w.log.has("was silent for 200ms") })
	w.untrusted(btc, doubts)
	w.server.with(func([]*client) { w.server.mute = false })
	speaks()
	w.noDeadLetters()
}

// leavesInTime: a connection that comes to the age at which the venue cuts it is left before, with
// a goodbye, and the next one does all that the first did.
func leavesInTime(t *testing.T, v Venue) {
	const life = 200 * time.Millisecond
	w := start(t, v, setup{times: times{life: life}})
	w.until("the goodbye of the first connection", func() bool {
		var left error
		w.server.with(func(clients []*client) {
			if len(clients) > 0 {
				left = clients[0].left
			}
		})
		var closed *websocket.CloseError
		if errors.As(left, &closed) && closed.Code != websocket.CloseNormalClosure {
			t.Fatalf("left with %v", left)
		}
		return closed != nil
	})
	if age := time.Since(w.began); age < life {
		t.Errorf("left after %v", age)
	}
	w.until("the reason in the log", func() bool { return w.log.has("reached its age: " + life.String()) })
	w.until("a later connection that follows everything", func() bool {
		found := false
		w.server.with(func(clients []*client) {
			for _, c := range clients[1:] {
				found = found || len(c.topics) == len(w.topics())
			}
		})
		return found
	})
	w.noDeadLetters()
}
