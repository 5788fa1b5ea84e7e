package upbittest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

// placement and cancellation are answers that events follow.
type (
	placement    struct{ order *Order }
	cancellation struct{ order *Order }
)

func first(p map[string][]string, name string) string {
	if len(p[name]) == 0 {
		return ""
	}
	return p[name][0]
}

func (s *Server) postOrder(p map[string][]string) (any, error) {
	flat := map[string]string{}
	for name := range p {
		flat[name] = first(p, name)
	}
	o, err := s.ledger.place(flat)
	if err != nil {
		return nil, err
	}
	return placement{o}, nil
}

// afterPlace is what happens to an order once it is placed.
func (s *Server) afterPlace(o *Order) {
	s.mu.Lock()
	s.event(o, "wait", nil)
	c := o.clone()
	s.mu.Unlock()
	if s.cfg.OnPlace != nil {
		s.cfg.OnPlace(s, c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.open() && (o.Type != "limit" || o.TimeInForce == "ioc" || o.TimeInForce == "fok") {
		s.end(o)
	}
}

func (s *Server) wanted(p map[string][]string) (*Order, error) {
	o := s.ledger.find(first(p, "uuid"), first(p, "identifier"))
	if o == nil {
		return nil, &refusal{http.StatusNotFound, "order_not_found", "no such order"}
	}
	return o, nil
}

func (s *Server) deleteOrder(p map[string][]string) (any, error) {
	o, err := s.wanted(p)
	if err != nil {
		return nil, err
	}
	if !o.open() {
		return nil, &refusal{http.StatusNotFound, "order_not_found", "the order has ended"}
	}
	return cancellation{o}, nil
}

func (s *Server) getOrder(p map[string][]string) (any, error) {
	o, err := s.wanted(p)
	if err != nil {
		return nil, err
	}
	return s.ledger.restOf(o, true), nil
}

// listed returns the orders that a function picks, the oldest first, from one place on.
func (s *Server) listed(pick func(*Order) bool, skip, limit int) []restOrder {
	out := []restOrder{}
	for _, o := range s.ledger.orders {
		if !pick(o) {
			continue
		}
		if skip--; skip >= 0 {
			continue
		}
		if len(out) == limit {
			break
		}
		out = append(out, s.ledger.restOf(o, false))
	}
	return out
}

func limitOf(p map[string][]string, most int) int {
	n, err := strconv.Atoi(first(p, "limit"))
	if err != nil || n < 1 || n > most {
		return most
	}
	return n
}

func (s *Server) getOpen(p map[string][]string) (any, error) {
	limit := limitOf(p, 100)
	page, err := strconv.Atoi(first(p, "page"))
	if err != nil || page < 1 {
		page = 1
	}
	return s.listed(func(o *Order) bool { return o.open() && slices.Contains(p["states[]"], o.State) }, (page-1)*limit, limit), nil
}

func (s *Server) getClosed(p map[string][]string) (any, error) {
	at := func(name string) (time.Time, error) {
		ms, err := strconv.ParseInt(first(p, name), 10, 64)
		return time.UnixMilli(ms), err
	}
	from, err := at("start_time")
	if err != nil {
		return nil, err
	}
	to, err := at("end_time")
	if err != nil {
		return nil, err
	}
	if to.Sub(from) > 7*24*time.Hour {
		return nil, &refusal{http.StatusBadRequest, "validation_error", "seven days at most"}
	}
	return s.listed(func(o *Order) bool {
		return !o.open() && o.Market == first(p, "market") && slices.Contains(p["states[]"], o.State) && !o.Created.Before(from) && !o.Created.After(to)
	}, 0, limitOf(p, 1000)), nil
}

func (s *Server) getAccounts(map[string][]string) (any, error) {
	out := []map[string]any{}
	for _, currency := range slices.Sorted(maps.Keys(s.ledger.balances)) {
		b := s.ledger.balances[currency]
		if b.Free.IsZero() && b.Locked.IsZero() {
			continue // Upbit leaves them out
		}
		out = append(out, map[string]any{
			"currency": currency, "balance": number(b.Free), "locked": number(b.Locked),
			"avg_buy_price": "0", "avg_buy_price_modified": false, "unit_currency": "KRW",
		})
	}
	return out, nil
}

func (s *Server) getChance(p map[string][]string) (any, error) {
	quote, base := currencies(first(p, "market"))
	taker, maker := number(s.ledger.fee[false]), number(s.ledger.fee[true])
	return map[string]any{
		"bid_fee": taker, "ask_fee": taker, "maker_bid_fee": maker, "maker_ask_fee": maker,
		"market": map[string]any{
			"id": first(p, "market"), "bid": map[string]string{"currency": quote, "min_total": "5000"},
			"ask": map[string]string{"currency": base, "min_total": "5000"}, "max_total": "1000000000", "state": "active",
		},
	}, nil
}

func (s *Server) getKeys(map[string][]string) (any, error) {
	return []map[string]string{{"access_key": s.cfg.Access, "expire_at": s.cfg.Now().Add(s.cfg.KeyLeft).In(korea).Format(time.RFC3339)}}, nil
}

// event tells the stream of a change, or misbehaves. The caller holds mu.
func (s *Server) event(o *Order, state string, t *Trade) {
	frame := streamOf(o, state, t, s.cfg.Now())
	switch s.faults.take(true, state) {
	case DropEvent:
		return
	case DuplicateEvent:
		s.send(frame)
	case LateFill:
		s.parked = append(s.parked, frame)
		return
	case GarbageEvent:
		frame = frame[:len(frame)/2]
	case Cut:
		s.cut()
		return
	}
	s.send(frame)
	s.sendAssets(o)
	if state == "done" || state == "cancel" {
		for _, late := range s.parked {
			s.send(late)
		}
		s.parked = nil
	}
}

// sendAssets tells the balances that an order is about. The caller holds mu.
func (s *Server) sendAssets(o *Order) {
	type asset struct {
		Currency string `json:"currency"`
		Balance  double `json:"balance"`
		Locked   double `json:"locked"`
	}
	quote, base := currencies(o.Market)
	assets := []asset{}
	for _, currency := range []string{quote, base} {
		b := s.ledger.balances[currency]
		assets = append(assets, asset{currency, doubleOf(b.Free), doubleOf(b.Locked)})
	}
	now := s.cfg.Now().UnixMilli()
	s.send(encode(map[string]any{
		"type": "myAsset", "asset_uuid": "a55e7000-0000-4000-8000-000000000000", "assets": assets,
		"asset_timestamp": now, "timestamp": now, "stream_type": "REALTIME",
	}))
}

// send writes a frame to everybody who is subscribed. The caller holds mu.
func (s *Server) send(frame []byte) {
	const within = 5 * time.Second
	for c := range s.clients {
		if !c.subscribed {
			continue
		}
		_ = c.ws.SetWriteDeadline(time.Now().Add(within))
		if c.ws.WriteMessage(websocket.BinaryMessage, frame) != nil {
			_ = c.ws.Close()
			delete(s.clients, c)
		}
	}
}

// serveStream is the private stream: it takes PING and one subscription.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.dials++
	err := s.authorize(r.Header.Get("Authorization"), "")
	if s.refuse {
		err = &refusal{http.StatusServiceUnavailable, "server_error", "not now"}
	}
	s.mu.Unlock()
	if err != nil {
		respond(w, http.StatusUnauthorized, failureOf("invalid_auth", err.Error()))
		return
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	c := &client{ws: ws}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.clients[c] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.clients, c)
		s.mu.Unlock()
	}()
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			return
		}
		s.mu.Lock()
		switch {
		case string(frame) == "PING":
			_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"status":"UP"}`))
		case subscribes(frame):
			c.subscribed = true
		default:
			_ = ws.WriteMessage(websocket.TextMessage, failureOf("WRONG_FORMAT", "no subscription"))
		}
		s.mu.Unlock()
	}
}

// subscribes reports whether a frame asks for what happens to orders.
func subscribes(frame []byte) bool {
	var parts []map[string]any
	if json.Unmarshal(frame, &parts) != nil || len(parts) < 2 || parts[0]["ticket"] == nil {
		return false
	}
	for _, part := range parts[1:] {
		if part["type"] == "myOrder" {
			return true
		}
	}
	return false
}
