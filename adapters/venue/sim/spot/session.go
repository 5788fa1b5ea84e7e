package spot

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// sessionsMax bounds the open connections; Binance lets an address open 300 in five minutes.
const sessionsMax = 300

// subscriptionsMax is how many subscriptions a connection may open in its life (web-socket-api.md, User
// Data Stream subscription).
const subscriptionsMax = 65_535

// session is one WebSocket connection: to the market streams, or to the WebSocket API.
type session struct {
	id     SessionID
	remote string
	micros bool // times in microseconds
	since  market.Timestamp

	streams *sim.Subscription // of the market streams; nil for the WebSocket API

	key           *keyOf // logged on; nil if not
	logon         market.Timestamp
	limits        bool // answers say how much of the limits is used
	subscriptions []subscription
	next          int // id of the next subscription
}

// subscription is one to the user data of an account.
type subscription struct {
	id      int
	account *account
	session bool // opened by userDataStream.subscribe, ends with the logon
}

// streamOf is one kind of data of one instrument, and want who gets it by which name.
type streamOf struct {
	instrument int
	kind       sim.EventKind
	variant    string // of streams.go; empty: as package sim writes it
}

type want struct {
	session *session
	name    string
}

// WebSocketPath is where the WebSocket API is.
const WebSocketPath = "/ws-api/v3"

// Open is a client that connects to path and query by WebSocket: /ws-api/v3, or the market streams at
// /ws, /ws/<stream> and /stream?streams=<a>/<b>. Where it is refused, the id is zero and the reply is
// what the handshake is answered with.
func (v *Venue) Open(path, query, remote string) (SessionID, Reply) {
	if v.down() {
		return 0, Reply{Fate: Cut, At: v.Now()}
	}
	refuse := func(e *apiError) (SessionID, Reply) {
		w := writer{}
		e.append(&w)
		return 0, Reply{Status: e.status, Header: retry(e, v.used(remote, nil)), Body: w.b, At: v.Now()}
	}
	if len(v.sessions) >= sessionsMax {
		return refuse(&apiError{status: http.StatusTooManyRequests, code: -1034, message: "Too many concurrent connections; current limit is '300'.", retryAfter: 1})
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return refuse(bad(-1100, "Illegal characters found in a parameter."))
	}
	s := &session{remote: remote, since: v.Now(), limits: values.Get("returnRateLimits") != "false"}
	switch unit := strings.ToUpper(values.Get("timeUnit")); unit {
	case "", "MILLISECOND":
	case "MICROSECOND":
		s.micros = true
	default:
		return refuse(errTimeUnit)
	}
	if path == WebSocketPath {
		if fault := v.charge(remote, 2); fault != nil {
			return refuse(fault)
		}
	} else {
		streams, ok := sim.OpenSubscription(path, query)
		if !ok {
			return refuse(&apiError{status: http.StatusNotFound, code: -1000, message: "No such stream."})
		}
		s.streams = &streams
	}
	v.lastSession++
	s.id = v.lastSession
	v.sessions[s.id] = s
	v.rewant()
	return s.id, Reply{At: v.Now()}
}

// Close is a client that disconnects. A connection that was cut need not be closed.
func (v *Venue) Close(id SessionID) {
	if s := v.sessions[id]; s != nil {
		delete(v.sessions, id)
		if s.streams != nil {
			v.rewant()
		}
	}
}

// cut ends connections from this side: all, or those of a Fault's scope.
func (v *Venue) cut(scope string) {
	for _, s := range v.bySession() {
		if scope == "user" && s.streams != nil || scope == "market" && s.streams == nil {
			continue
		}
		delete(v.sessions, s.id)
		v.sent = append(v.sent, Frame{Session: s.id, Close: true})
	}
	v.rewant()
}

// bySession returns the connections in the order in which they were opened.
func (v *Venue) bySession() []*session {
	all := make([]*session, 0, len(v.sessions))
	for _, s := range v.sessions {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *session) int { return int(a.id) - int(b.id) })
	return all
}

// rewant finds out anew who gets which market stream.
func (v *Venue) rewant() {
	clear(v.wanted)
	v.klinesWanted = false
	for _, s := range v.bySession() {
		if s.streams == nil {
			continue
		}
		for name := range s.streams.Names() {
			if of, ok := v.streamNamed(name); ok {
				v.wanted[of] = append(v.wanted[of], want{s, name})
				v.klinesWanted = v.klinesWanted || strings.HasPrefix(of.variant, variantKline)
			}
		}
	}
}

// Receive is a text frame that a client sends. Its answer is among the frames of Take, later where a
// fault delays it, or never comes.
func (v *Venue) Receive(id SessionID, text []byte) {
	s := v.sessions[id]
	if s == nil || v.down() {
		return
	}
	if s.streams != nil {
		v.sent = append(v.sent, Frame{Session: id, Text: s.streams.Handle(text)})
		v.rewant()
		return
	}
	v.request(s, text)
}

// wsRequest is a request of the WebSocket API.
type wsRequest struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// idMax bounds the id of a request, which is sent back.
const idMax = 256

// request answers a request of the WebSocket API.
func (v *Venue) request(s *session, text []byte) {
	var r wsRequest
	id := []byte("null")
	if err := json.Unmarshal(text, &r); err != nil {
		v.respond(s, id, v.Now(), answer{fault: errJSON}, s.limits)
		return
	}
	if len(r.ID) > 0 && len(r.ID) <= idMax && r.ID[0] != '{' && r.ID[0] != '[' {
		id = bytes.Clone(r.ID)
	}
	p, fault := parseObject(r.Params)
	limits := s.limits
	if fault == nil {
		limits, fault = p.yes("returnRateLimits", s.limits)
	}
	if fault != nil {
		v.respond(s, id, v.Now(), answer{fault: fault}, s.limits)
		return
	}
	method := strings.TrimPrefix(r.Method, "v3/")
	if own := sessionMethods[method]; own != nil {
		if fault := v.charge(s.remote, 2); fault != nil {
			v.respond(s, id, v.Now(), answer{fault: fault}, limits)
			return
		}
		e := Entry{Kind: EntryRequest, Request: method}
		if key := v.keys[p.get("apiKey")]; key != nil {
			e.Account = key.account.Name
		}
		v.note(e)
		w := writer{micros: s.micros}
		fault := own(v, s, p, &w)
		if fault != nil {
			e.Kind, e.Code, e.Error = EntryReject, fault.code, fault.message
			v.note(e)
		}
		v.respond(s, id, v.Now(), answer{body: w.b, fault: fault}, limits)
		return
	}
	route := methods[method]
	if route == nil {
		v.respond(s, id, v.Now(), answer{fault: bad(-1000, "Unknown method '"+printable(r.Method)+"'.")}, limits)
		return
	}
	a := v.serve(&call{route: route, params: p, remote: s.remote, micros: s.micros, apiKey: p.get("apiKey"), session: s})
	switch a.fate {
	case Answered:
		v.respond(s, id, a.at, a, limits)
	case Cut:
		v.Close(s.id)
		v.sent = append(v.sent, Frame{Session: s.id, Close: true})
	}
}

// respond sends an answer, at once or later.
func (v *Venue) respond(s *session, id []byte, at market.Timestamp, a answer, limits bool) {
	w := writer{micros: s.micros}
	w.begin('{')
	w.raw("id", id)
	if a.fault != nil {
		w.int("status", int64(a.fault.status))
		w.object("error")
		w.int("code", int64(a.fault.code))
		w.text("msg", a.fault.message)
		switch {
		case a.fault.data != nil:
			w.raw("data", a.fault.data)
		case a.fault.retryAfter > 0:
			w.object("data")
			w.time("serverTime", v.Clock())
			w.time("retryAfter", v.Clock().Add(secondsOf(a.fault.retryAfter)))
			w.end('}')
		}
		w.end('}')
	} else {
		w.int("status", http.StatusOK)
		w.raw("result", a.body)
	}
	if limits {
		w.array("rateLimits")
		v.appendLimits(&w, a.counted, s.remote)
		w.end(']')
	}
	w.end('}')
	if at > v.Now() {
		v.sendLater(at, s.id, w.b)
		return
	}
	v.sent = append(v.sent, Frame{Session: s.id, Text: w.b})
}

// sessionMethods are the requests about the connection itself.
var sessionMethods = map[string]func(v *Venue, s *session, p params, w *writer) *apiError{
	"session.logon":         (*Venue).logOn,
	"session.status":        (*Venue).sessionStatus,
	"session.logout":        (*Venue).logOut,
	"session.subscriptions": (*Venue).listSubscriptions,

	"userDataStream.subscribe":           (*Venue).subscribe,
	"userDataStream.subscribe.signature": (*Venue).subscribeSigned,
	"userDataStream.unsubscribe":         (*Venue).unsubscribe,
}

func (v *Venue) logOn(s *session, p params, w *writer) *apiError {
	if fault := p.only(nil); fault != nil {
		return fault
	}
	key, fault := v.authenticate(p, p.get("apiKey"))
	if fault != nil {
		return fault
	}
	if key.Public == nil {
		return errLogonKeyType
	}
	s.key, s.logon = key, v.Now()
	return v.sessionStatus(s, params{}, w)
}

func (v *Venue) logOut(s *session, _ params, w *writer) *apiError {
	s.key, s.logon = nil, 0
	for _, sub := range slices.Clone(s.subscriptions) {
		if sub.session {
			v.terminate(s, sub)
		}
	}
	return v.sessionStatus(s, params{}, w)
}

func (v *Venue) sessionStatus(s *session, _ params, w *writer) *apiError {
	w.begin('{')
	if s.key != nil {
		w.text("apiKey", s.key.ID)
		w.time("authorizedSince", s.logon.Add(v.skew))
	} else {
		w.null("apiKey")
		w.null("authorizedSince")
	}
	w.time("connectedSince", s.since.Add(v.skew))
	w.bool("returnRateLimits", s.limits)
	w.time("serverTime", v.Clock())
	w.bool("userDataStream", len(s.subscriptions) > 0)
	w.end('}')
	return nil
}

func (v *Venue) listSubscriptions(s *session, _ params, w *writer) *apiError {
	w.begin('[')
	for _, sub := range s.subscriptions {
		w.begin('{')
		w.int("subscriptionId", int64(sub.id))
		w.end('}')
	}
	w.end(']')
	return nil
}

func (v *Venue) subscribe(s *session, _ params, w *writer) *apiError {
	if s.key == nil {
		return errKeyRejected
	}
	return s.add(s.key.account, true, w)
}

func (v *Venue) subscribeSigned(s *session, p params, w *writer) *apiError {
	if fault := p.only(nil); fault != nil {
		return fault
	}
	key, fault := v.authenticate(p, p.get("apiKey"))
	if fault != nil {
		return fault
	}
	return s.add(key.account, false, w)
}

// add opens a subscription: one for each account and connection.
func (s *session) add(a *account, session bool, w *writer) *apiError {
	for _, sub := range s.subscriptions {
		if sub.account == a {
			return errSubscribed
		}
	}
	if s.next >= subscriptionsMax {
		return errSubscriptions
	}
	s.subscriptions = append(s.subscriptions, subscription{s.next, a, session})
	w.begin('{')
	w.int("subscriptionId", int64(s.next))
	w.end('}')
	s.next++
	return nil
}

func (v *Venue) unsubscribe(s *session, p params, w *writer) *apiError {
	if fault := p.only([]string{"subscriptionId"}); fault != nil {
		return fault
	}
	id, one, fault := p.whole("subscriptionId")
	if fault != nil {
		return fault
	}
	ended := false
	for _, sub := range slices.Clone(s.subscriptions) {
		if !one || int64(sub.id) == id {
			v.terminate(s, sub)
			ended = true
		}
	}
	if !ended {
		return errNotSubscribed
	}
	w.begin('{')
	w.end('}')
	return nil
}

// terminate ends a subscription and says so (user-data-stream.md, Event Stream Terminated).
func (v *Venue) terminate(s *session, sub subscription) {
	s.subscriptions = slices.DeleteFunc(s.subscriptions, func(o subscription) bool { return o.id == sub.id })
	w := writer{micros: s.micros}
	w.begin('{')
	w.int("subscriptionId", int64(sub.id))
	w.object("event")
	w.text("e", "eventStreamTerminated")
	w.time("E", v.Clock())
	w.end('}')
	w.end('}')
	v.sent = append(v.sent, Frame{Session: s.id, Text: w.b})
}
