package replay

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
)

// Stats counts what a server has done since it was made.
type Stats struct {
	Sent        map[string]uint64 // data frames by their class, such as trade; once for each client
	Repeated    uint64            // of them, sent a second time on purpose
	Corrupted   uint64            // of them, sent damaged on purpose
	Dropped     uint64            // frames not sent on purpose
	Unwanted    uint64            // frames that no client had subscribed to
	Cuts        uint64            // connections broken on purpose
	RESTServed  uint64
	RESTEarly   uint64   // of them, recorded later than where the client was: there was none before
	RESTMissing uint64   // REST requests refused: nothing recorded, or not understood
	Connections uint64   // WebSocket connections so far
	Truncated   []string // files that break off
	// Unplaced counts REST bodies that a recorder stored as frames in a session of several books,
	// which does not say whose they are: they are neither served nor sent.
	Unplaced uint64
}

// Frames is how many data frames were sent.
func (s Stats) Frames() uint64 {
	n := uint64(0)
	for _, c := range s.Sent {
		n += c
	}
	return n
}

// Server plays sessions to whoever connects. It listens on loopback only.
type Server struct {
	config   Config
	dialect  dialect
	files    []file
	rest     restIndex
	vault    *vault // of their bodies
	listener net.Listener
	http     *http.Server

	position atomic.Int64 // recorded time of the last frame sent
	done     chan struct{}
	closing  chan struct{}
	loop     sync.WaitGroup // the loop and the clients
	err      error          // why the session ended early; readable once done is closed

	changed chan struct{} // holds one signal: clients changed
	mu      sync.Mutex
	clients []*client        // connected and subscribed
	open    map[*client]bool // connected
	ended   bool             // nobody is played to any more
	closed  bool

	statsMu sync.Mutex
	stats   Stats
}

// New looks through the files, starts to listen on 127.0.0.1 and plays as soon as clients
// connect. It fails with ErrConfig, or if a file cannot be read or is no session. The caller
// closes the server.
func New(config Config) (*Server, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	config.Clients = max(config.Clients, 1)
	config.Requests = max(config.Requests, 1)
	if config.SubscribeWait == 0 {
		config.SubscribeWait = defaultSubscribeWait
	}
	if config.Clock == nil {
		config.Clock = wallClock{}
	}
	d := dialectOf(config.Venue)
	bodies := newVault()
	files, rest, err := survey(d, config.Files, bodies)
	if err != nil {
		bodies.close()
		return nil, err
	}
	line, err := openTimeline(d, files)
	if err != nil {
		bodies.close()
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		line.close()
		bodies.close()
		return nil, fmt.Errorf("replay: %w", err)
	}
	s := &Server{
		config: config, dialect: d, files: files, rest: rest, vault: bodies, listener: listener,
		done: make(chan struct{}), closing: make(chan struct{}), changed: make(chan struct{}, 1),
		open:  map[*client]bool{},
		stats: Stats{Sent: map[string]uint64{}},
	}
	for _, f := range files {
		s.stats.Unplaced += uint64(f.unplaced)
		if f.truncated {
			s.stats.Truncated = append(s.stats.Truncated, f.path)
		}
	}
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	go func() { _ = s.http.Serve(listener) }() // ends with Close, and says only that
	s.loop.Add(1)
	go func() {
		defer s.loop.Done()
		s.run(line)
	}()
	return s, nil
}

// URL is where WebSocket clients connect, with any path and query: ws://127.0.0.1:port.
func (s *Server) URL() string { return "ws://" + s.listener.Addr().String() }

// RESTURL is where the recorded REST bodies are served: http://127.0.0.1:port.
func (s *Server) RESTURL() string { return "http://" + s.listener.Addr().String() }

// Done is closed when the last frame was sent and the clients were told, or when the server was
// closed or failed.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err says why the session ended early; nil before Done and after a good end.
func (s *Server) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// Stats returns what was counted so far.
func (s *Server) Stats() Stats {
	s.statsMu.Lock()
	defer s.statsMu.Unlock()
	st := s.stats
	st.Sent = maps.Clone(st.Sent)
	st.Truncated = slices.Clone(st.Truncated)
	return st
}

// Close breaks all connections and frees everything. It may be called again.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed, s.ended = true, true
	close(s.closing)
	for c := range s.open {
		_ = c.conn.NetConn().Close()
	}
	s.mu.Unlock()
	err := s.http.Close()
	s.loop.Wait()
	s.vault.close()
	return err
}

func (s *Server) count(change func(*Stats)) {
	s.statsMu.Lock()
	change(&s.stats)
	s.statsMu.Unlock()
}

// ---- connections

var upgrader = websocket.Upgrader{Subprotocols: []string{Subprotocol}, ReadBufferSize: 4 << 10, WriteBufferSize: 1 << 10}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		s.serveREST(w, r)
		return
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	c := &client{conn: conn, stamped: conn.Subprotocol() == Subprotocol, buf: make([]byte, 0, sendBufferBytes)}
	s.mu.Lock()
	if s.closed || len(s.open) >= clientsMax {
		s.mu.Unlock()
		c.finish(websocket.CloseTryAgainLater, "too many clients")
		_ = conn.Close()
		return
	}
	s.open[c] = true
	s.loop.Add(1)
	s.mu.Unlock()
	defer s.loop.Done()
	s.count(func(st *Stats) { st.Connections++ })
	s.listen(c, r)
}

// listen reads what a client says until it leaves.
func (s *Server) listen(c *client, r *http.Request) {
	wanted, subscribed := s.dialect.opened(r.URL)
	c.subscription.Store(&wanted)
	var timer *time.Timer // joins a client that says too little
	if subscribed || s.config.SubscribeWait < 0 {
		s.join(c)
	} else {
		timer = time.AfterFunc(s.config.SubscribeWait, func() { s.join(c) })
		defer timer.Stop()
	}
	requests := 0
	defer func() {
		s.leave(c)
		s.mu.Lock()
		delete(s.open, c)
		s.mu.Unlock()
		_ = c.conn.Close()
	}()
	c.conn.SetReadLimit(requestBytesMax)
	c.conn.SetPingHandler(func(text string) error {
		c.control(opPong, []byte(text))
		return nil
	})
	c.conn.SetCloseHandler(func(code int, _ string) error {
		if code == websocket.CloseNoStatusReceived {
			code = websocket.CloseNormalClosure
		}
		c.finish(code, "")
		return nil
	})
	for {
		_, text, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		next := subscription{maps.Clone(c.subscription.Load().streams)}
		replies, subscribed := s.dialect.heard(&next, text)
		c.subscription.Store(&next)
		for _, reply := range replies {
			if c.answer(reply) != nil {
				return
			}
		}
		if !subscribed {
			continue
		}
		if requests++; requests >= s.config.Requests {
			s.join(c)
		} else if timer != nil && timer.Stop() {
			timer.Reset(s.config.SubscribeWait)
		}
	}
}

// join lets the timeline move for c, or tells it that there is nothing left.
func (s *Server) join(c *client) {
	s.mu.Lock()
	ended := s.ended
	if !ended && s.open[c] && !slices.Contains(s.clients, c) {
		s.clients = append(slices.Clone(s.clients), c)
	}
	s.mu.Unlock()
	if ended {
		c.finish(websocket.CloseNormalClosure, EndReason)
		return
	}
	s.signal()
}

// leave takes c off the timeline.
func (s *Server) leave(c *client) {
	s.mu.Lock()
	if i := slices.Index(s.clients, c); i >= 0 {
		s.clients = slices.Delete(slices.Clone(s.clients), i, i+1)
	}
	s.mu.Unlock()
	s.signal()
}

func (s *Server) signal() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// ---- the timeline

var errClosed = errors.New("replay: the server was closed")

// run plays until the end of the timeline or of the server.
func (s *Server) run(line *timeline) {
	defer close(s.done)
	for {
		err := s.play(line)
		line.close()
		if errors.Is(err, errClosed) {
			return
		}
		code, reason := websocket.CloseNormalClosure, EndReason
		if err != nil {
			s.err = err
			code, reason = websocket.CloseInternalServerErr, "the recording cannot be read on"
		}
		s.mu.Lock()
		again := s.config.Loop && err == nil
		s.ended = s.ended || !again
		clients := s.clients
		s.clients = nil
		s.mu.Unlock()
		for _, c := range clients {
			c.finish(code, reason)
		}
		if !again {
			return
		}
		s.position.Store(0)
		if line, err = openTimeline(s.dialect, s.files); err != nil {
			s.err = err
			s.mu.Lock()
			s.ended = true
			s.mu.Unlock()
			return
		}
	}
}

// play sends every frame of the timeline. It returns nil at its end.
func (s *Server) play(line *timeline) error {
	var (
		pace    = pacer{speed: s.config.Speed}
		n       = uint64(0) // frames that somebody wanted
		clients []*client
	)
	flush := func() {
		for _, c := range clients {
			if c.flush() != nil {
				s.leave(c)
			}
		}
	}
	for {
		select {
		case <-s.closing:
			return errClosed
		case <-s.changed:
			clients = nil
		default:
		}
		if clients == nil {
			var rested bool
			var err error
			if clients, rested, err = s.assembled(); err != nil {
				return err
			}
			if rested {
				pace.rest()
			}
		}
		if !line.ready() {
			flush()
		}
		f, err := line.peek()
		if errors.Is(err, io.EOF) {
			flush()
			return nil
		}
		if err != nil {
			flush()
			return err
		}
		if w := pace.wait(f.at, s.now()); w > 0 {
			flush()
			if !s.sleep(w) {
				clients = nil // look who is there
			}
			continue
		}
		line.take()
		wanted := false
		stream := s.dialect.stream(f.payload)
		for _, c := range clients {
			wanted = wanted || c.subscription.Load().wants(stream)
		}
		if !wanted {
			s.position.Store(int64(f.at))
			s.count(func(st *Stats) { st.Unwanted++ })
			continue
		}
		n++
		v := s.config.Faults.at(n)
		s.deliver(f, stream, n, v, clients)
		s.position.Store(int64(f.at))
		if v.cut {
			s.cut(clients)
			clients = nil
			pace.rest()
		}
		if v.stall > 0 {
			flush()
			if !s.sleep(v.stall) {
				clients = nil
			}
			pace.rest()
		}
	}
}

// deliver sends f to the clients that want it, as the verdict says.
func (s *Server) deliver(f frame, stream []byte, n uint64, v verdict, clients []*client) {
	class := s.dialect.class(f.payload)
	if v.drop {
		s.count(func(st *Stats) { st.Dropped++ })
		return
	}
	times := uint64(1)
	if v.corrupt {
		f.payload = s.config.Faults.corrupt(n, f.payload)
	}
	if v.repeat {
		times = 2
	}
	sent := uint64(0)
	for _, c := range clients {
		if !c.subscription.Load().wants(stream) {
			continue
		}
		for range times {
			if c.send(f) != nil {
				s.leave(c)
				break
			}
			sent++
		}
	}
	s.statsMu.Lock()
	s.stats.Sent[string(class)] += sent
	if v.corrupt {
		s.stats.Corrupted++
	}
	if v.repeat {
		s.stats.Repeated++
	}
	s.statsMu.Unlock()
}

// cut breaks the connections.
func (s *Server) cut(clients []*client) {
	for _, c := range clients {
		c.finish(0, "")
		s.leave(c)
	}
	s.count(func(st *Stats) { st.Cuts += uint64(len(clients)) })
}

// assembled waits until enough clients are there. rested tells that it had to wait.
func (s *Server) assembled() (clients []*client, rested bool, err error) {
	for {
		s.mu.Lock()
		clients = s.clients
		s.mu.Unlock()
		if len(clients) >= s.config.Clients {
			return clients, rested, nil
		}
		rested = true
		for _, c := range clients { // they wait for the others, but not for what is theirs
			if c.flush() != nil {
				s.leave(c)
			}
		}
		select {
		case <-s.closing:
			return nil, rested, errClosed
		case <-s.changed:
		}
	}
}

func (s *Server) now() market.Timestamp {
	if s.config.Speed == 0 {
		return 0
	}
	return s.config.Clock.Now()
}

// sleep waits for d, or until clients come or go, which it reports with false.
func (s *Server) sleep(d time.Duration) bool {
	select {
	case <-s.config.Clock.After(d):
		return true
	case <-s.changed:
	case <-s.closing:
	}
	return false
}
