package sim

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
)

const (
	// clientsMax bounds the connections; Binance lets an address open 300 in five minutes.
	clientsMax = 300
	// queueFrames and queueBytes are how far a client may lie behind before it is dropped.
	queueFrames = 8192
	queueBytes  = 16 << 20
	// requestBytesMax bounds one message of a client: 1,024 stream names fit.
	requestBytesMax = 64 << 10
	writeTimeout    = 10 * time.Second
	writeBytes      = 32 << 10         // written at once
	pingEvery       = 20 * time.Second // as Binance
	pongWithin      = time.Minute      // as Binance
	// lagMax is how far the exchange may lie behind the clock before it leaves the time out, as
	// after the machine slept.
	lagMax = 10 * time.Second
)

// Server is a simulated exchange behind Binance's public spot protocol, on loopback only.
type Server struct {
	listener net.Listener
	http     *http.Server
	clock    func() market.Timestamp
	offset   market.Timestamp // the exchange's time less the clock's
	symbols  symbols
	listings []market.Listing

	mu       sync.Mutex // guards what follows, the exchange above all
	exchange *Exchange
	clients  map[*client]bool
	wanted   map[stream]map[*client][]string // by which names
	closed   bool
	dropped  uint64

	stop chan struct{}
	all  sync.WaitGroup
}

// Start opens an exchange, listens on 127.0.0.1 and lets time run until ctx is done or Close is
// called. It fails with ErrConfig, or if it cannot listen.
func Start(ctx context.Context, config Config) (*Server, error) {
	clock := config.Clock
	if clock == nil {
		clock = func() market.Timestamp { return market.TimestampOf(time.Now()) }
	}
	now := clock()
	if config.Start == 0 {
		config.Start = now
	}
	exchange, err := NewExchange(config)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	s := &Server{
		listener: listener, clock: clock, offset: config.Start - now,
		symbols: symbolsOf(exchange), listings: exchange.Listings(), exchange: exchange,
		clients: map[*client]bool{}, wanted: map[stream]map[*client][]string{},
		stop: make(chan struct{}),
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 256 << 10}
	go func() { _ = s.http.Serve(listener) }() // ends with Close, and says only that
	s.all.Add(1)
	go func() {
		defer s.all.Done()
		s.run(config.withDefaults().Tick)
	}()
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return s, nil
}

// URL is where WebSocket clients connect: ws://127.0.0.1:port, with the paths /ws, /ws/<stream>
// and /stream?streams=<a>/<b>.
func (s *Server) URL() string { return "ws://" + s.listener.Addr().String() }

// RESTURL is in front of /api/v3: http://127.0.0.1:port.
func (s *Server) RESTURL() string { return "http://" + s.listener.Addr().String() }

// Listings returns what is traded. The caller must not change it.
func (s *Server) Listings() []market.Listing { return s.listings }

// Dropped is how many clients were disconnected because they were too slow.
func (s *Server) Dropped() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped
}

// Close disconnects everybody and stops the exchange. It may be called again.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.stop)
	for c := range s.clients {
		c.drop()
	}
	s.mu.Unlock()
	err := s.http.Close()
	s.all.Wait()
	return err
}

// run lets the exchange follow the clock.
func (s *Server) run(tick time.Duration) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			s.advance(s.clock() + s.offset)
		}
	}
}

// advance lets the exchange run up to now and hands out what it published.
func (s *Server) advance(now market.Timestamp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.exchange.Now()) > lagMax {
		s.exchange.Skip(now)
	}
	events := s.exchange.Step(now)
	for i := range events {
		e := &events[i]
		clients := s.wanted[stream{e.Instrument, e.Kind}]
		if len(clients) == 0 {
			continue
		}
		// One copy for everybody: nobody changes a frame.
		raw := appendEvent(make([]byte, 0, 256), e, s.listings[e.Instrument].Symbol)
		combined := map[string][]byte{}
		for c, names := range clients {
			for _, name := range names {
				frame := raw
				if c.combined.Load() {
					if frame = combined[name]; frame == nil {
						frame = appendCombined(nil, name, raw)
						combined[name] = frame
					}
				}
				if !c.offer(frame) {
					s.dropped++
					s.forget(c)
					c.drop()
					break
				}
			}
		}
	}
}

// appendCombined wraps a raw frame as combined streams do.
func appendCombined(dst []byte, name string, raw []byte) []byte {
	dst = append(dst, `{"stream":"`...)
	dst = append(dst, name...)
	dst = append(dst, `","data":`...)
	dst = append(dst, raw...)
	return append(dst, '}')
}

// ---- clients

// client is one WebSocket connection: a goroutine that reads requests and one that writes what
// the queue holds.
type client struct {
	conn     *websocket.Conn
	queue    chan []byte
	waiting  atomic.Int64 // bytes in the queue
	combined atomic.Bool
	gone     chan struct{}
	once     sync.Once
}

// offer puts a frame into the queue. It returns false if the client is too far behind.
func (c *client) offer(frame []byte) bool {
	if c.waiting.Load() > queueBytes {
		return false
	}
	c.waiting.Add(frameBytes(frame))
	select {
	case c.queue <- frame:
		return true
	default:
		return false // and the client is dropped
	}
}

// frameBytes is what frame takes on the wire at most.
func frameBytes(frame []byte) int64 { return int64(len(frame)) + 10 }

// drop breaks the connection.
func (c *client) drop() {
	c.once.Do(func() {
		close(c.gone)
		_ = c.conn.NetConn().Close()
	})
}

// write sends what is queued, and pings.
func (c *client) write() {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	defer c.drop()
	var buf []byte
	for {
		select {
		case <-c.gone:
			return
		case <-ping.C:
			if c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTimeout)) != nil {
				return
			}
		case frame := <-c.queue:
			buf = appendTextFrame(buf[:0], frame)
			taken := frameBytes(frame)
			// What came with it goes with it: system calls are most of what a frame costs.
			for len(c.queue) > 0 && len(buf) < writeBytes {
				frame = <-c.queue // nobody else takes from the queue
				buf = appendTextFrame(buf, frame)
				taken += frameBytes(frame)
			}
			c.waiting.Add(-taken)
			// The library writes its control frames to the same connection, each in one call
			// as this, and calls do not mix.
			conn := c.conn.NetConn()
			if conn.SetWriteDeadline(time.Now().Add(writeTimeout)) != nil {
				return
			}
			if _, err := conn.Write(buf); err != nil {
				return
			}
		}
	}
}

// appendTextFrame appends a whole, unmasked text frame (RFC 6455, section 5.2).
func appendTextFrame(dst, payload []byte) []byte {
	dst = append(dst, 0x80|websocket.TextMessage)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
	}
	return append(dst, payload...)
}

var upgrader = websocket.Upgrader{ReadBufferSize: 4 << 10, WriteBufferSize: 4 << 10}

func (s *Server) serveStreams(w http.ResponseWriter, r *http.Request) {
	var sub subscription
	sub.combined = strings.HasPrefix(r.URL.Path, "/stream")
	names := strings.Split(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/ws"), "/"), "/")
	if sub.combined {
		names = strings.Split(r.URL.Query().Get("streams"), "/")
	}
	if !sub.add(names) {
		http.Error(w, fmt.Sprintf("more than %d streams on a connection", streamsMax), http.StatusBadRequest)
		return
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	c := &client{conn: conn, queue: make(chan []byte, queueFrames), gone: make(chan struct{})}
	s.mu.Lock()
	if s.closed || len(s.clients) >= clientsMax {
		s.mu.Unlock()
		c.drop()
		return
	}
	s.clients[c] = true
	s.subscribe(c, sub)
	s.all.Add(2)
	s.mu.Unlock()
	defer s.all.Done()
	go func() {
		defer s.all.Done()
		c.write()
	}()
	s.listen(c, sub)
	c.drop()
	s.mu.Lock()
	s.forget(c)
	delete(s.clients, c)
	s.mu.Unlock()
}

// listen answers requests until the client leaves, or is silent for too long.
func (s *Server) listen(c *client, sub subscription) {
	c.conn.SetReadLimit(requestBytesMax)
	alive := func() error { return c.conn.SetReadDeadline(time.Now().Add(pingEvery + pongWithin)) }
	c.conn.SetPongHandler(func(string) error { return alive() })
	if alive() != nil {
		return
	}
	for {
		_, text, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		answer := sub.handle(text)
		s.mu.Lock()
		// The answer goes into the queue first: no frame of a stream comes before it.
		ok := c.offer(answer)
		s.subscribe(c, sub)
		s.mu.Unlock()
		if !ok {
			return
		}
	}
}

// subscribe replaces what c gets. The caller holds the lock.
func (s *Server) subscribe(c *client, sub subscription) {
	s.forget(c)
	c.combined.Store(sub.combined)
	for _, name := range sub.names {
		st, ok := s.symbols.parse(name)
		if !ok {
			continue
		}
		if s.wanted[st] == nil {
			s.wanted[st] = map[*client][]string{}
		}
		s.wanted[st][c] = append(s.wanted[st][c], name)
	}
}

// forget stops sending to c. The caller holds the lock.
func (s *Server) forget(c *client) {
	for st, clients := range s.wanted {
		delete(clients, c)
		if len(clients) == 0 {
			delete(s.wanted, st)
		}
	}
}
