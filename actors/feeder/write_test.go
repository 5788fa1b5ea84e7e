package feeder

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// slow subscribes with many frames at a distance, and pings.
type slow struct {
	words
	frames   int
	apart    time.Duration
	every    time.Duration
	lifetime time.Duration
}

func (s slow) Subscribe() [][]byte {
	var all [][]byte
	for n := range s.frames {
		all = append(all, fmt.Appendf(nil, "subscribe %d", n))
	}
	return all
}
func (s slow) SendEvery() time.Duration      { return s.apart }
func (s slow) Ping() ([]byte, time.Duration) { return []byte("ping"), s.every }
func (s slow) Lifetime() time.Duration       { return s.lifetime }

// said is a frame that a venue got, and when.
type said struct {
	connection int
	text       string
	at         time.Time
}

// listening is a venue that only listens.
func listening(t *testing.T) (url string, heard chan said) {
	heard = make(chan said, 1000)
	return venue(t, func(n int, ws *websocket.Conn) {
		for {
			_, m, err := ws.ReadMessage()
			if err != nil {
				return
			}
			heard <- said{n, string(m), time.Now()}
		}
	}), heard
}

func next(t *testing.T, heard chan said) said {
	t.Helper()
	select {
	case s := <-heard:
		return s
	case <-time.After(10 * time.Second):
		t.Fatal("the venue hears nothing")
		return said{}
	}
}

func TestWriterPingsWhileItSubscribes(t *testing.T) {
	const apart = 5 * time.Millisecond
	url, heard := listening(t)
	began := time.Now()
	connect(t, slow{words: words{url: url}, frames: 20, apart: apart, every: 20 * time.Millisecond}, false)
	var texts []string
	var last said
	for len(texts) == 0 || texts[len(texts)-1] != "subscribe 19" {
		last = next(t, heard)
		texts = append(texts, last.text)
	}
	if !slices.Contains(texts, "ping") {
		t.Fatalf("no ping among %v", texts)
	}
	// The venue may hear a frame late; it cannot hear one early.
	if took, least := last.at.Sub(began), time.Duration(len(texts)-1)*apart; took < least {
		t.Fatalf("%d frames within %v, want %v or more", len(texts), took, least)
	}
	pings := slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return s != "ping" })
	frames := slices.DeleteFunc(texts, func(s string) bool { return s == "ping" })
	for n, text := range frames {
		if text != fmt.Sprint("subscribe ", n) {
			t.Fatalf("frame %d is %q", n, text)
		}
	}
	if len(pings) > 20 {
		t.Fatalf("%d pings", len(pings))
	}
}

func TestWriterSendsRequestsOfItsConnectionOnly(t *testing.T) {
	url, heard := listening(t)
	c := connect(t, slow{words: words{url: url}, frames: 1}, false)
	it := c.want(t, itemConnected)
	next(t, heard)
	sent := make(chan struct{}, 1)
	request := func(session int, text string) outgoing {
		return outgoing{session: session, frames: [][]byte{[]byte(text + " 1"), []byte(text + " 2")}, sent: func() { sent <- struct{}{} }}
	}
	if !c.send(request(it.session+1, "later")) || !c.send(request(it.session-1, "earlier")) || !c.send(request(it.session, "now")) {
		t.Fatal("no room")
	}
	if a, b := next(t, heard), next(t, heard); a.text != "now 1" || b.text != "now 2" {
		t.Fatalf("got %q, %q", a.text, b.text)
	}
	<-sent
	if len(sent) != 0 || len(heard) != 0 {
		t.Fatal("requests of other connections were sent")
	}
}

func TestRequestsAreBounded(t *testing.T) {
	c := newConn(DefaultConfig("test", 1), words{}, nil, quiet, false, nil)
	for n := range outgoingMax {
		if !c.send(outgoing{}) {
			t.Fatalf("full after %d", n)
		}
	}
	if c.send(outgoing{}) {
		t.Fatal("never full")
	}
}

func TestConnLeavesBeforeTheVenueCutsIt(t *testing.T) {
	codes := make(chan error, 10)
	url := venue(t, func(_ int, ws *websocket.Conn) {
		for {
			if _, _, err := ws.ReadMessage(); err != nil {
				codes <- err
				return
			}
		}
	})
	c := connect(t, slow{words: words{url: url}, frames: 1, lifetime: 20 * time.Millisecond}, false)
	if it := c.want(t, itemConnected); it.session != 1 {
		t.Fatalf("session %d", it.session)
	}
	if it := c.want(t, itemDisconnected); !strings.Contains(it.err.Error(), "its age: 20ms") {
		t.Fatal(it.err)
	}
	if err := <-codes; !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Fatalf("the venue was left with %v", err)
	}
	if it := c.want(t, itemConnected); it.session != 2 {
		t.Fatalf("session %d", it.session)
	}
}

func TestConnTellsTheVenuesCloseCode(t *testing.T) {
	url := venue(t, func(_ int, ws *websocket.Conn) {
		_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4290, "too many connections"), time.Now().Add(time.Second))
	})
	c := connect(t, words{url: url}, false)
	c.want(t, itemConnected)
	if it := c.want(t, itemDisconnected); !strings.Contains(it.err.Error(), "4290") || !strings.Contains(it.err.Error(), "too many connections") {
		t.Fatal(it.err)
	}
}
