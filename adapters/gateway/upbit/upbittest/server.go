// Package upbittest is a small Upbit for tests: a local server that speaks its private protocol, orders,
// accounts and the streams myOrder and myAsset, keeps a ledger, and misbehaves on command. Requests are signed or refused,
// numbers are text in answers and doubles in the stream, as at the venue.
//
// It trades with nobody: what executes, a test says (Server.Execute), or a function of the test
// (Config.OnPlace). It imports market and no part of the gateway, so that the two check each other. Tests
// of adapters/gateway/upbit use it.
package upbittest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
)

// Config is what a Server works by.
type Config struct {
	Access, Secret string // the one key that there is
	// Balances are what the account has, by currency.
	Balances map[string]string
	// TakerFee and MakerFee are rates, such as 0.0005; empty: 0.0005.
	TakerFee, MakerFee string
	// OnPlace is called for every order that is placed, before its answer, and may Execute it; nil: orders
	// rest, and those that cannot are canceled.
	OnPlace func(s *Server, o Order)
	// KeyLeft is for how long the key works still; zero: 300 days.
	KeyLeft time.Duration
	// Now is the venue's clock; nil: the system's.
	Now func() time.Time
}

// Server is the venue. It is safe for concurrent use.
type Server struct {
	cfg      Config
	listener net.Listener
	http     *http.Server
	faults   faults
	stop     chan struct{}

	mu       sync.Mutex // guards what follows
	ledger   ledger
	nonces   map[string]bool
	requests map[string]int // by method and path
	clients  map[*client]bool
	held     []func() // answers that wait for Release
	parked   [][]byte // events that are told after their order's end
	dials    int
	refuse   bool
	closed   bool
}

// Start listens on 127.0.0.1. It fails if it cannot, or for a number in cfg that is none.
func Start(cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.KeyLeft == 0 {
		cfg.KeyLeft = 300 * 24 * time.Hour
	}
	s := &Server{
		cfg: cfg, stop: make(chan struct{}), nonces: map[string]bool{}, requests: map[string]int{}, clients: map[*client]bool{},
		ledger: ledger{used: map[string]int{}, balances: map[string]Balance{}, fee: map[bool]market.Decimal{}, now: cfg.Now},
	}
	for maker, text := range map[bool]string{false: cfg.TakerFee, true: cfg.MakerFee} {
		if text == "" {
			text = "0.0005"
		}
		rate, err := market.ParseDecimal(text)
		if err != nil {
			return nil, fmt.Errorf("upbittest: fee: %w", err)
		}
		s.ledger.fee[maker] = rate
	}
	for currency, text := range cfg.Balances {
		free, err := market.ParseDecimal(text)
		if err != nil {
			return nil, fmt.Errorf("upbittest: balance of %s: %w", currency, err)
		}
		s.ledger.balances[currency] = Balance{Free: free}
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("upbittest: %w", err)
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(s.listener) }() // ends with Close, and says only that
	return s, nil
}

// RESTURL is where requests go.
func (s *Server) RESTURL() string { return "http://" + s.listener.Addr().String() }

// StreamURL is where the private stream is.
func (s *Server) StreamURL() string {
	return "ws://" + s.listener.Addr().String() + "/websocket/v1/private"
}

// Close ends everything. It may be called again.
func (s *Server) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	close(s.stop)
	s.cut()
	s.mu.Unlock()
	_ = s.http.Close()
}

// Inject has these faults happen, each once, in their order where several apply.
func (s *Server) Inject(all ...Fault) { s.faults.inject(all) }

// Fired returns how often each kind of fault has happened.
func (s *Server) Fired() map[FaultKind]int { return s.faults.count() }

// Orders returns every order there ever was, the oldest first.
func (s *Server) Orders() []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Order, len(s.ledger.orders))
	for i, o := range s.ledger.orders {
		all[i] = o.clone()
	}
	return all
}

// Order returns the order of an identifier, and whether there is one.
func (s *Server) Order(identifier string) (Order, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.ledger.find("", identifier)
	if o == nil {
		return Order{}, false
	}
	return o.clone(), true
}

// Placed returns how many requests to place an order were made with an identifier.
func (s *Server) Placed(identifier string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests["identifier "+identifier]
}

// Requests returns how many requests of a method and path came, such as "DELETE /v1/order".
func (s *Server) Requests(on string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[on]
}

// Balance returns what the account has of a currency.
func (s *Server) Balance(currency string) Balance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ledger.balances[currency]
}

// Dials returns how often the stream was dialed, Listening how many follow it now.
func (s *Server) Dials() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// Listening returns how many connections are subscribed to orders.
func (s *Server) Listening() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for c := range s.clients {
		if c.subscribed {
			n++
		}
	}
	return n
}

// RefuseStream has dials of the stream refused, or not any more.
func (s *Server) RefuseStream(refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

// Cut ends every connection of the stream.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut()
}

func (s *Server) cut() {
	for c := range s.clients {
		_ = c.ws.Close()
		delete(s.clients, c)
	}
}

// Release sends the answers that SlowAck holds back.
func (s *Server) Release() {
	s.mu.Lock()
	held := s.held
	s.held = nil
	s.mu.Unlock()
	for _, answer := range held {
		answer()
	}
}

// PlaceByHand places an order as a person does in the app: outside the API, without an identifier.
func (s *Server) PlaceByHand(p map[string]string) (Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.ledger.place(p)
	if err != nil {
		return Order{}, err
	}
	s.event(o, "wait", nil)
	return o.clone(), nil
}

// Execute fills a part of an order, at a price, and tells the stream. It fails if the order does not exist or
// has no such rest.
func (s *Server) Execute(uuid, price, volume string, maker bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.ledger.find(uuid, "")
	if o == nil {
		return fmt.Errorf("upbittest: no order %s", uuid)
	}
	p, err := market.ParseDecimal(price)
	if err != nil {
		return err
	}
	v, err := market.ParseDecimal(volume)
	if err != nil {
		return err
	}
	if left := must(o.Volume.Sub(o.Executed)); !o.Volume.IsZero() && left.Less(v) {
		return fmt.Errorf("upbittest: order %s has %v left", uuid, left)
	}
	t := s.ledger.execute(o, p, v, maker)
	s.event(o, "trade", &t)
	if o.State == "done" {
		s.event(o, "done", nil)
	}
	return nil
}

// Finish ends an order that is open with what it has: canceled, as the venue does with the rest of an order
// that cannot rest.
func (s *Server) Finish(uuid string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.ledger.find(uuid, "")
	if o == nil || !o.open() {
		return fmt.Errorf("upbittest: order %s is not open", uuid)
	}
	s.end(o)
	return nil
}

// Prevent takes a volume off an open order, as self-match prevention does, and ends it if nothing is left.
func (s *Server) Prevent(uuid, volume string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.ledger.find(uuid, "")
	v, err := market.ParseDecimal(volume)
	if o == nil || !o.open() || err != nil {
		return fmt.Errorf("upbittest: order %s is not open, or %w", uuid, err)
	}
	currency, before := s.ledger.lockOf(o)
	o.Prevented = must(o.Prevented.Add(v))
	_, after := s.ledger.lockOf(o)
	b := s.ledger.balances[currency]
	released := must(before.Sub(after))
	s.ledger.balances[currency] = Balance{must(b.Free.Add(released)), must(b.Locked.Sub(released))}
	s.event(o, "prevented", nil)
	if must(must(o.Volume.Sub(o.Executed)).Sub(o.Prevented)).IsZero() {
		s.end(o)
	}
	return nil
}

// end cancels an order and tells the stream.
func (s *Server) end(o *Order) {
	s.ledger.cancel(o)
	s.event(o, "cancel", nil)
}

// routes is everything that the server answers.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /websocket/v1/private", s.serveStream)
	for route, answer := range map[string]func(map[string][]string) (any, error){
		"POST /v1/orders":       s.postOrder,
		"DELETE /v1/order":      s.deleteOrder,
		"GET /v1/order":         s.getOrder,
		"GET /v1/orders/open":   s.getOpen,
		"GET /v1/orders/closed": s.getClosed,
		"GET /v1/accounts":      s.getAccounts,
		"GET /v1/orders/chance": s.getChance,
		"GET /v1/api_keys":      s.getKeys,
	} {
		mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) { s.serve(route, answer, w, r) })
	}
	return mux
}

// serve answers one request, or misbehaves.
func (s *Server) serve(route string, answer func(map[string][]string) (any, error), w http.ResponseWriter, r *http.Request) {
	query, all, err := parameters(r)
	s.mu.Lock()
	s.requests[route]++
	if route == "POST /v1/orders" && len(all["identifier"]) == 1 {
		s.requests["identifier "+all["identifier"][0]]++
	}
	if err == nil {
		err = s.authorize(r.Header.Get("Authorization"), query)
	}
	fault := FaultKind("")
	if err == nil {
		fault = s.faults.take(false, route)
	}
	s.mu.Unlock()

	switch fault {
	case Timeout:
		s.hang(r)
		return
	case ServerError:
		respond(w, http.StatusInternalServerError, failureOf("server_error", "the server failed"))
		return
	case Throttle:
		w.Header().Set("Remaining-Req", "group=default; min=1800; sec=0")
		respond(w, http.StatusTooManyRequests, failureOf("too_many_requests", "too many requests"))
		return
	case Ban:
		w.Header().Set("Retry-After", "1")
		respond(w, http.StatusTeapot, []byte("banned")) // no JSON, as a wall in front of the venue would
		return
	case UnknownOrder:
		respond(w, http.StatusNotFound, failureOf("order_not_found", "no such order"))
		return
	}

	var body any
	events := func() {}
	s.mu.Lock()
	if err == nil {
		body, err = answer(all)
	}
	if placed, ok := body.(placement); ok {
		body = s.ledger.restOf(placed.order, false)
		events = func() { s.afterPlace(placed.order) }
	}
	if canceled, ok := body.(cancellation); ok {
		body = s.ledger.restOf(canceled.order, false)
		events = func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if canceled.order.open() {
				s.end(canceled.order)
			}
		}
	}
	status := http.StatusOK
	var data []byte
	var no *refusal
	switch {
	case errors.As(err, &no):
		status, data = no.status, failureOf(no.name, no.message)
	case err != nil:
		status, data = http.StatusBadRequest, failureOf("validation_error", err.Error())
	default:
		if r.Method == http.MethodPost {
			status = http.StatusCreated
		}
		data = encode(body)
	}
	s.mu.Unlock()

	w.Header().Set("Remaining-Req", "group=default; min=1800; sec=29")
	switch fault {
	case AcceptTimeout:
		events()
		s.hang(r)
	case AcceptError:
		events()
		respond(w, http.StatusInternalServerError, failureOf("server_error", "the server failed"))
	case AcceptTear:
		events()
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.WriteHeader(status)
		_, _ = w.Write(data[:len(data)/2])
		panic(http.ErrAbortHandler)
	case AcceptGarbage:
		events()
		respond(w, status, []byte("<html>moment, please</html>"))
	case AcceptOther:
		events()
		price, volume := "140000000", "0.01"
		respond(w, status, encode(restOrder{
			Market: "KRW-BTC", UUID: "another", Side: "bid", OrdType: "limit", Price: &price, Volume: &volume, State: "wait",
			CreatedAt: s.cfg.Now().In(korea).Format(time.RFC3339), ExecutedVolume: "0", PaidFee: "0", Identifier: "another",
		}))
	case FillBeforeAck:
		events()
		respond(w, status, data)
	case SlowAck:
		release := make(chan struct{})
		s.mu.Lock()
		s.held = append(s.held, func() { close(release) })
		s.mu.Unlock()
		select {
		case <-release:
		case <-s.stop:
		case <-r.Context().Done():
		}
		respond(w, status, data)
		events()
	default:
		respond(w, status, data)
		_ = http.NewResponseController(w).Flush()
		events()
	}
}

// parameters returns a request's parameters, as they were signed and by name.
func parameters(r *http.Request) (query string, all map[string][]string, err error) {
	if r.Method == http.MethodPost {
		const bodyMax = 64 << 10
		body, err := io.ReadAll(io.LimitReader(r.Body, bodyMax))
		if err != nil {
			return "", nil, err
		}
		query, fields, err := plainBody(body)
		if err != nil {
			return "", nil, err
		}
		all = map[string][]string{}
		for name, value := range fields {
			all[name] = []string{value}
		}
		return query, all, nil
	}
	query, err = plainQuery(r.URL.RawQuery)
	return query, r.URL.Query(), err
}

// hang gives no answer until the client or the server goes.
func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.stop:
	}
	panic(http.ErrAbortHandler)
}

func respond(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func failureOf(name, message string) []byte {
	return encode(map[string]map[string]string{"error": {"name": name, "message": message}})
}

// client is one connection of the stream.
type client struct {
	ws         *websocket.Conn
	subscribed bool
}

var upgrader = websocket.Upgrader{CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "" }}
