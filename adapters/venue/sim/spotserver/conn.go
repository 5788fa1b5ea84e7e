package spotserver

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

const (
	// queueFrames and queueBytes are how far a client may lie behind before it is cut.
	queueFrames = 8192
	queueBytes  = 16 << 20
	// requestBytesMax bounds one message of a client: 1,024 stream names fit.
	requestBytesMax = 64 << 10
	writeTimeout    = 10 * time.Second
	pingEvery       = 20 * time.Second // as Binance
	pongWithin      = time.Minute      // as Binance
)

// conn is one WebSocket connection: a goroutine that reads requests and one that writes what the queue
// holds.
type conn struct {
	queue   chan []byte
	waiting atomic.Int64 // bytes in the queue
	gone    chan struct{}
	once    sync.Once
}

// offer puts a frame into the queue. It returns false if the client is too far behind.
func (c *conn) offer(frame []byte) bool {
	if c.waiting.Load() > queueBytes {
		return false
	}
	select {
	case c.queue <- frame:
		c.waiting.Add(int64(len(frame)))
		return true
	default:
		return false
	}
}

// drop ends the connection.
func (c *conn) drop() { c.once.Do(func() { close(c.gone) }) }

// write sends what is queued, and pings, until the connection ends; then it cuts it.
func (c *conn) write(ws *websocket.Conn) {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	defer c.drop()
	defer ws.NetConn().Close()
	for {
		select {
		case <-c.gone:
			return
		case <-ping.C:
			if ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTimeout)) != nil {
				return
			}
		case frame := <-c.queue:
			c.waiting.Add(-int64(len(frame)))
			if ws.SetWriteDeadline(time.Now().Add(writeTimeout)) != nil || ws.WriteMessage(websocket.TextMessage, frame) != nil {
				return
			}
		}
	}
}

var upgrader = websocket.Upgrader{ReadBufferSize: 4 << 10, WriteBufferSize: 4 << 10}

// serveSocket serves a WebSocket connection.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		http.Error(w, "connect by WebSocket", http.StatusUpgradeRequired)
		return
	}
	remote := addressOf(r)
	c := &conn{queue: make(chan []byte, queueFrames), gone: make(chan struct{})}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	s.advance()
	s.record(input{Open: &opening{r.URL.Path, r.URL.RawQuery, remote}})
	id, reply := s.venue.Open(r.URL.Path, r.URL.RawQuery, remote)
	s.deliver()
	if id != 0 {
		s.conns[id] = c
		s.all.Add(2)
	}
	s.mu.Unlock()
	if id == 0 {
		s.send(w, r, reply)
		return
	}
	defer s.all.Done()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.leave(id)
	}()
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		s.all.Done()
		return // Upgrade has answered
	}
	go func() {
		defer s.all.Done()
		c.write(ws)
	}()
	s.listen(c, ws, id)
	c.drop()
}

// listen hands over what the client sends until it leaves, or is silent for too long.
func (s *Server) listen(c *conn, ws *websocket.Conn, id spot.SessionID) {
	ws.SetReadLimit(requestBytesMax)
	alive := func() error { return ws.SetReadDeadline(time.Now().Add(pingEvery + pongWithin)) }
	ws.SetPongHandler(func(string) error { return alive() })
	if alive() != nil {
		return
	}
	for {
		_, text, err := ws.ReadMessage()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.conns[id] != c {
			s.mu.Unlock()
			return
		}
		s.advance()
		s.record(input{Receive: &message{id, text}})
		s.venue.Receive(id, text)
		s.deliver()
		s.mu.Unlock()
	}
}
