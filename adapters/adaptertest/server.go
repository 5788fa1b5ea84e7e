package adaptertest

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// server is the venue.
type server struct {
	t    *testing.T
	v    Venue
	http *httptest.Server

	mu       sync.Mutex
	clients  []*client // every connection there was
	attempts []time.Time
	refuse   int  // so many handshakes are still refused
	mute     bool // sends nothing by itself, not even pongs
	refusing bool // refuses subscriptions
	withhold bool // sends no snapshots of books, in the stream or over REST
	books    map[string]*book
	clock    int64

	serving sync.WaitGroup
}

// client is one connection.
type client struct {
	s  *server
	n  int // from 1
	ws *websocket.Conn

	sending sync.Mutex

	// Guarded by server.mu.
	topics   map[Topic]bool
	requests []Request
	heardAt  []time.Time // of requests
	pings    int         // that the client sent
	pongs    []string    // what came back in its answers to our pings
	left     error       // how it ended; nil: it is open
}

func newServer(t *testing.T, v Venue) *server {
	s := &server{t: t, v: v, books: map[string]*book{}, clock: time.Now().UnixMilli()}
	s.http = httptest.NewServer(s)
	t.Cleanup(func() {
		s.mu.Lock()
		for _, c := range s.clients {
			_ = c.ws.Close()
		}
		s.mu.Unlock()
		s.http.Close()
		s.serving.Wait()
	})
	return s
}

func (s *server) url() string { return "ws" + strings.TrimPrefix(s.http.URL, "http") + s.v.Path }

// ServeHTTP is either side of the venue.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		s.rest(w, r)
		return
	}
	s.serving.Add(1)
	defer s.serving.Done()
	s.mu.Lock()
	s.attempts = append(s.attempts, time.Now())
	refused := s.refuse > 0
	if refused {
		s.refuse--
	}
	s.mu.Unlock()
	if refused {
		http.Error(w, "come back later", http.StatusServiceUnavailable)
		return
	}
	if r.URL.Path != s.v.Path {
		s.t.Errorf("dialed %s, want %s", r.URL.Path, s.v.Path)
	}
	upgrader := websocket.Upgrader{WriteBufferSize: 1 << 10}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the client was gone
	}
	s.serve(ws)
}

func (s *server) rest(w http.ResponseWriter, r *http.Request) {
	if s.v.RESTSymbol == nil {
		s.t.Errorf("asked for %s over REST", r.URL)
		http.NotFound(w, r)
		return
	}
	symbol := s.v.RESTSymbol(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.books[symbol]
	if b == nil {
		s.t.Errorf("asked for the book of %q with %s", symbol, r.URL)
		http.NotFound(w, r)
		return
	}
	if s.withhold {
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, s.v.RESTBook(b.whole(s.now())))
}

// now is the venue's clock: it moves a millisecond each time it is read.
func (s *server) now() int64 {
	s.clock++
	return s.clock
}

func (s *server) serve(ws *websocket.Conn) {
	s.mu.Lock()
	c := &client{s: s, n: len(s.clients) + 1, ws: ws, topics: map[Topic]bool{}}
	s.clients = append(s.clients, c)
	s.mu.Unlock()
	answer := ws.PingHandler()
	ws.SetPingHandler(func(data string) error {
		s.mu.Lock()
		c.pings++
		mute := s.mute
		s.mu.Unlock()
		if mute {
			return nil
		}
		return answer(data)
	})
	ws.SetPongHandler(func(data string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.pongs = append(c.pongs, data)
		return nil
	})
	if s.v.Hello != nil {
		c.say(s.v.Hello()...)
	}
	for {
		kind, frame, err := ws.ReadMessage()
		if err != nil {
			s.mu.Lock()
			c.left = err
			s.mu.Unlock()
			_ = ws.Close()
			return
		}
		r, err := s.v.Read(string(frame))
		if err != nil || kind != websocket.TextMessage {
			s.t.Errorf("the venue would not understand %q of kind %d: %v", frame, kind, err)
			continue
		}
		c.heard(r, string(frame))
	}
}

// heard does what a request asks for.
func (c *client) heard(r Request, frame string) {
	s := c.s
	s.mu.Lock()
	if r.Kind == Ping {
		c.pings++
		mute := s.mute
		s.mu.Unlock()
		if !mute && s.v.Pong != nil {
			c.say(s.v.Pong(frame))
		}
		return
	}
	c.requests = append(c.requests, r)
	c.heardAt = append(c.heardAt, time.Now())
	if s.refusing {
		s.mu.Unlock()
		c.say(s.v.Refusal(r)...)
		if s.v.RefusalCloses {
			c.close(websocket.CloseNormalClosure, "")
		}
		return
	}
	if s.v.Replaces && r.Kind == Subscribe {
		clear(c.topics)
	}
	var answers []string
	if s.v.Ack != nil {
		answers = s.v.Ack(r)
	}
	for _, topic := range r.Topics {
		if r.Kind == Unsubscribe {
			if !c.topics[topic] {
				s.t.Errorf("unsubscribed from %v, which it did not follow", topic)
			}
			delete(c.topics, topic)
			continue
		}
		c.topics[topic] = true
		if b := s.books[topic.Symbol]; b != nil && topic == bookOf(topic.Symbol) && s.v.Books != Joined && !s.mute && !s.withhold {
			answers = append(answers, s.v.Snapshot(b.whole(s.now())))
		}
	}
	// Sent before anyone can change a book: the snapshot must come before the changes to it.
	defer s.mu.Unlock()
	c.say(answers...)
}

// say sends frames; what cannot be sent was lost with the connection.
func (c *client) say(frames ...string) {
	c.sending.Lock()
	defer c.sending.Unlock()
	kind := websocket.TextMessage
	if c.s.v.Binary {
		kind = websocket.BinaryMessage
	}
	for _, frame := range frames {
		if c.ws.WriteMessage(kind, []byte(frame)) != nil {
			return
		}
	}
}

// close says goodbye; the client has to close the connection.
func (c *client) close(code int, reason string) {
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
}

// cut breaks the connection off without a word.
func (c *client) cut() {
	if tcp, ok := c.ws.NetConn().(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.ws.Close()
}

// trade gives symbols books. It comes before the first connection.
func (s *server) trade(symbols ...string) {
	for _, symbol := range symbols {
		s.books[symbol] = newBook(symbol, s.v.IDs)
	}
}

// publish sends frames to who follows a topic, and reports to how many.
func (s *server) publish(topic Topic, frames ...string) (to int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.publishLocked(topic, frames...)
}

func (s *server) publishLocked(topic Topic, frames ...string) (to int) {
	for _, c := range s.clients {
		if c.left == nil && c.topics[topic] {
			c.say(frames...)
			to++
		}
	}
	return to
}

// change makes the next change to a book and sends it.
func (s *server) change(symbol string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.books[symbol]
	s.send(b, b.next(s.now()))
}

func (s *server) send(b *book, change Book) {
	frame, book := s.v.Update, change
	if s.v.Books == Whole {
		frame, book = s.v.Snapshot, b.whole(change.Time)
	}
	s.publishLocked(bookOf(b.symbol), frame(book))
}

// lose makes a change that nobody is told of.
func (s *server) lose(symbol string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books[symbol].next(s.now())
}

// cross sends a bid above the best ask, and takes it back without telling.
func (s *server) cross(symbol string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.books[symbol]
	bid := fmt.Sprint(bestAsk + apart/2)
	s.send(b, b.change([]Level{{bid, "1"}}, nil, s.now()))
	b.change([]Level{{bid, "0"}}, nil, s.now())
}

// book returns a book as it stands.
func (s *server) book(symbol string) Book {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books[symbol].whole(s.clock)
}

// time reads the venue's clock.
func (s *server) time() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// with calls f with the connections there were, while nothing changes them.
func (s *server) with(f func(clients []*client)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.clients)
}

// count returns how many connections there were.
func (s *server) count() (n int) {
	s.with(func(clients []*client) { n = len(clients) })
	return n
}

// latest returns the newest connection; nil if there was none.
func (s *server) latest() (c *client) {
	s.with(func(clients []*client) {
		if len(clients) > 0 {
			c = clients[len(clients)-1]
		}
	})
	return c
}

// followed returns what the connection follows, sorted.
func (c *client) followed() []Topic {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return slices.SortedFunc(maps.Keys(c.topics), compareTopics)
}

func compareTopics(a, b Topic) int {
	if a.Symbol != b.Symbol {
		return strings.Compare(a.Symbol, b.Symbol)
	}
	return int(a.Channel) - int(b.Channel)
}
