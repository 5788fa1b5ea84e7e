package binance

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
)

// stub is a venue that answers what a test tells it to. It checks the signature of every request, and
// remembers all of them.
type stub struct {
	t      *testing.T
	server *httptest.Server
	signer signer

	mu      sync.Mutex
	answers map[string]func(q url.Values, w http.ResponseWriter) // by method and path
	seen    []string                                             // method, path and parameters
	sockets chan *websocket.Conn
	refuse  string // instead of granting a subscription
}

func newStub(t *testing.T) *stub {
	t.Helper()
	s := &stub{t: t, signer: hmacSigner{gateway.NewSecret(docSecret)}, answers: map[string]func(url.Values, http.ResponseWriter){}, sockets: make(chan *websocket.Conn, 16)}
	s.says("GET "+timePath, "200", "")
	s.answers["GET "+timePath] = func(_ url.Values, w http.ResponseWriter) {
		_, _ = fmt.Fprintf(w, `{"serverTime":%d}`, time.Now().UnixMilli())
	}
	s.says("GET "+restrictionsPath, "200", restricted)
	s.says("GET "+accountPath, "200", accountBody)
	s.says("GET "+openOrdersPath, "200", `[]`)
	s.says("GET "+tradesPath, "200", `[]`)
	s.says("GET "+orderPath, "400", `{"code":-2013,"msg":"Order does not exist."}`)
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

// says sets the answer to a request: a status and a body.
func (s *stub) says(request, status, body string) {
	s.does(request, func(_ url.Values, w http.ResponseWriter) {
		var code int
		_, _ = fmt.Sscan(status, &code)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	})
}

func (s *stub) does(request string, do func(q url.Values, w http.ResponseWriter)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[request] = do
}

// count returns how many requests of that method and path came.
func (s *stub) count(request string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.seen {
		if strings.HasPrefix(r, request+" ") {
			n++
		}
	}
	return n
}

// last returns the parameters of the last request of that method and path.
func (s *stub) last(request string) url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range slices.Backward(s.seen) {
		if rest, ok := strings.CutPrefix(r, request+" "); ok {
			q, _ := url.ParseQuery(rest)
			return q
		}
	}
	s.t.Fatalf("no request %s came", request)
	return nil
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ws-api/v3" {
		s.socket(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	text := r.URL.RawQuery + string(body)
	request := r.Method + " " + r.URL.Path
	s.mu.Lock()
	s.seen = append(s.seen, request+" "+text)
	answer := s.answers[request]
	s.mu.Unlock()
	if answer == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.URL.Path != timePath {
		payload, signature, _ := strings.Cut(text, "&signature=")
		if r.Header.Get("X-MBX-APIKEY") != docKey || s.signer.sign(payload) != signature {
			s.t.Errorf("%s is badly signed: %s", request, text)
		}
	}
	q, err := url.ParseQuery(text)
	if err != nil {
		s.t.Errorf("%s: %v", request, err)
	}
	answer(q, w)
}

func (s *stub) socket(w http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{}
	c, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	_, frame, err := c.ReadMessage()
	if err != nil || !strings.Contains(string(frame), `"method":"userDataStream.subscribe.signature"`) || !strings.Contains(string(frame), docKey) {
		s.t.Errorf("the first frame is %s (%v)", frame, err)
	}
	_, id, _ := strings.Cut(string(frame), `"id":`)
	id, _, _ = strings.Cut(id, ",")
	s.mu.Lock()
	refuse := s.refuse
	s.mu.Unlock()
	answer := `{"id":` + id + `,"status":200,"result":{"subscriptionId":0}}`
	if refuse != "" {
		answer = `{"id":` + id + `,"status":400,"error":` + refuse + `}`
	}
	if err := c.WriteMessage(websocket.TextMessage, []byte(answer)); err != nil {
		return
	}
	s.sockets <- c
}

// heard records what a gateway replies.
type heard struct {
	t    *testing.T
	said chan string

	mu     sync.Mutex
	absent market.Timestamp // of the last absence
	stands market.Timestamp // of the last acceptance
}

func (h *heard) put(format string, args ...any) {
	select {
	case h.said <- fmt.Sprintf(format, args...):
	default:
		h.t.Error("more was said than anybody listens to")
	}
}

func (h *heard) Report(r message.ExecutionReport) {
	f := r.Fields()
	text := fmt.Sprintf("%v %s", f.Action, f.ClientOrderID)
	if f.ClientOrderID == "" {
		text += string(f.VenueOrderID)
	}
	switch f.Action {
	case message.ActionAccept:
		h.mu.Lock()
		h.stands = f.Time
		h.mu.Unlock()
	case message.ActionFill:
		text += fmt.Sprintf(" %s %v@%v", f.ExecID, f.LastQuantity, f.LastPrice)
	case message.ActionLose:
		text += " " + f.Request.String()
	case message.ActionAbsent:
		text += " " + f.Evidence.String()
		h.mu.Lock()
		h.absent = f.Time
		h.mu.Unlock()
	}
	if f.CumQuantity.Sign() > 0 {
		text += fmt.Sprintf(" cum=%v", f.CumQuantity)
	}
	if f.Reason != "" {
		text += ": " + f.Reason
	}
	h.put("%s", text)
}
func (h *heard) Balance(b message.Balance) {
	f := b.Fields()
	h.put("balance %s %v %v", f.Currency, f.Free, f.Locked)
}
func (h *heard) Recovered(err error)     { h.put("recovered: %v", err) }
func (h *heard) Disconnected(why string) { h.put("disconnected: %s", why) }
func (h *heard) Clock(ahead time.Duration) {
	if ahead > 5*time.Second || ahead < -5*time.Second {
		h.put("clock %v", ahead.Round(time.Minute))
	}
}

// want waits for exactly these, in order. One that ends in … is a beginning.
func (h *heard) want(want ...string) {
	h.t.Helper()
	for _, w := range want {
		select {
		case got := <-h.said:
			if beginning, ok := strings.CutSuffix(w, "…"); got != w && (!ok || !strings.HasPrefix(got, beginning)) {
				h.t.Fatalf("heard %q, want %q", got, w)
			}
		case <-time.After(5 * time.Second):
			h.t.Fatalf("heard nothing, want %q", w)
		}
	}
}

// silent says that nothing was heard that was not waited for.
func (h *heard) silent() {
	h.t.Helper()
	select {
	case got := <-h.said:
		h.t.Errorf("heard %q, want nothing", got)
	default:
	}
}

func wall() market.Timestamp { return market.TimestampOf(time.Now()) }

// gatewayTo returns a gateway to the stub that is not started.
func gatewayTo(t *testing.T, s *stub, change func(*Config)) (*Gateway, *heard) {
	t.Helper()
	h := &heard{t: t, said: make(chan string, 1024)}
	cfg := Config{Account: "main", RESTURL: s.server.URL, WebSocketURL: "ws" + strings.TrimPrefix(s.server.URL, "http") + "/ws-api/v3",
		Credentials: gateway.Credentials{Key: gateway.NewSecret(docKey), Secret: gateway.NewSecret(docSecret)}, Now: wall, RecoverWithin: 5 * time.Second}
	if change != nil {
		change(&cfg)
	}
	g, err := New(cfg, h)
	if err != nil {
		t.Fatal(err)
	}
	g.followWait, g.refillEvery = time.Millisecond, time.Millisecond
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g, h
}

// started returns a gateway that is started, and the socket of its stream.
func started(t *testing.T, s *stub, change func(*Config)) (*Gateway, *heard, *websocket.Conn) {
	t.Helper()
	g, h := gatewayTo(t, s, change)
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g, h, s.connection()
}

func (s *stub) connection() *websocket.Conn {
	s.t.Helper()
	select {
	case c := <-s.sockets:
		s.t.Cleanup(func() { c.Close() })
		return c
	case <-time.After(5 * time.Second):
		s.t.Fatal("nobody connected")
		return nil
	}
}

func (s *stub) tell(c *websocket.Conn, frames ...string) {
	s.t.Helper()
	for _, f := range frames {
		if err := c.WriteMessage(websocket.TextMessage, []byte(f)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// sent returns the event of an order that was just sent.
func sent(t *testing.T, id message.ClientOrderID, change func(*message.OrderEventFields)) message.OrderEvent {
	t.Helper()
	f := fields(func(f *message.OrderEventFields) {
		f.Seq, f.ClientOrderID, f.Action, f.Status = 1, id, message.ActionSend, message.OrderSent
		f.Time = wall()
		f.ValidUntil = f.Time.Add(5 * time.Second)
	})
	if change != nil {
		change(&f)
	}
	e, err := message.NewOrderEvent(f)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// hijack ends the connection of an answer.
func hijack(w http.ResponseWriter, text string) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(c, text)
	c.Close()
}

var _ gateway.Budget = (*counted)(nil)

// counted is a budget that permits everything and remembers what it was told.
type counted struct {
	mu        sync.Mutex
	cancels   int
	penalties []gateway.Throttle
	deny      error
}

func (c *counted) Take(_ context.Context, _ int, cancel bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel {
		c.cancels++
		return nil
	}
	return c.deny
}

func (c *counted) Penalize(t gateway.Throttle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.penalties = append(c.penalties, t)
}
