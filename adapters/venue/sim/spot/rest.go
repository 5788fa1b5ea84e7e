package spot

import (
	"container/heap"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// Request is an HTTP request.
type Request struct {
	Method   string // GET, POST, PUT, DELETE
	Path     string // such as /api/v3/order
	Query    string // as it stands in the URL, without ?
	Body     string // parameters in the same form
	APIKey   string // header X-MBX-APIKEY
	TimeUnit string // header X-MBX-TIME-UNIT
	Remote   string // network address of the client, for its request weight
}

// BodyMax is the longest body that is read, in bytes.
const BodyMax = 64 << 10

// Fate is what becomes of an answer.
type Fate uint8

const (
	Answered Fate = iota // it is sent
	Lost                 // it never comes: the connection stays, and nothing happens on it
	Cut                  // the connection is cut without an answer, or refused: nobody is there
)

// Header is one of an answer.
type Header struct{ Name, Value string }

// Reply is the answer to a request.
type Reply struct {
	Fate   Fate
	At     market.Timestamp // when it is sent; now, if no fault delays it
	Status int
	Header []Header // besides Content-Type: application/json;charset=UTF-8
	Body   []byte
}

// call is a request over either protocol, with its parameters read.
type call struct {
	route   *route
	params  params
	remote  string
	micros  bool
	apiKey  string
	session *session // of the WebSocket API; nil over REST
	account *account // who asks; nil where nobody must
	key     *keyOf

	at market.Timestamp // when the answer is sent, where a fault delays it; else zero
}

// answer is what becomes of a call.
type answer struct {
	fate    Fate
	at      market.Timestamp
	body    []byte
	fault   *apiError
	counted *account // whose orders were counted; nil if none were
}

// security is what a request must prove (rest-api.md, Request Security).
type security uint8

const (
	securityNone  security = iota
	securityUser           // a signature
	securityTrade          // a signature of a key that may trade
)

// route is one request that is served, over REST and over the WebSocket API.
type route struct {
	name     string // method and path
	security security
	weight   func(v *Venue, p params) int
	known    []string // parameters besides those of every signed request
	places   bool     // it places an order
	handle   func(v *Venue, c *call, w *writer) *apiError
}

// Do answers an HTTP request at the venue's time, which Advance sets before. Events that follow from
// it are in Take.
func (v *Venue) Do(r Request) Reply {
	if v.down() {
		return Reply{Fate: Cut, At: v.Now()}
	}
	route := routes[r.Method+" "+r.Path]
	if route == nil {
		return v.noRoute(r)
	}
	c := &call{route: route, remote: r.Remote, apiKey: r.APIKey}
	var fault *apiError
	switch strings.ToUpper(r.TimeUnit) {
	case "", "MILLISECOND":
	case "MICROSECOND":
		c.micros = true
	default:
		fault = errTimeUnit
	}
	body := r.Body
	if r.Method == http.MethodGet {
		body = "" // parameters of GET are in the query
	}
	var a answer
	if fault == nil {
		c.params, fault = parseForm(r.Query, body)
	}
	if fault != nil {
		if charged := v.charge(r.Remote, 1); charged != nil {
			fault = charged
		}
		v.note(Entry{Kind: EntryRequest, Request: route.name})
		v.note(Entry{Kind: EntryReject, Request: route.name, Code: fault.code, Error: fault.message})
		a = answer{fault: fault, at: v.Now()}
	} else {
		a = v.serve(c)
	}
	reply := Reply{Fate: a.fate, At: a.at, Status: http.StatusOK, Header: v.used(r.Remote, a.counted), Body: a.body}
	if a.fault != nil {
		w := writer{}
		a.fault.append(&w)
		reply.Status, reply.Body, reply.Header = a.fault.status, w.b, retry(a.fault, reply.Header)
	}
	if a.fate != Answered {
		reply.Status, reply.Body, reply.Header = 0, nil, nil
	}
	return reply
}

// noRoute answers what is not served.
func (v *Venue) noRoute(r Request) Reply {
	fault := v.charge(r.Remote, 1)
	switch {
	case fault != nil:
	case r.Path == "/api/v3/userDataStream":
		fault = errListenKeyIsGone
	case slices.ContainsFunc([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}, func(m string) bool { return routes[m+" "+r.Path] != nil }):
		fault = &apiError{status: http.StatusMethodNotAllowed, code: -1000, message: "Request method '" + printable(r.Method) + "' not supported"}
	case strings.HasPrefix(r.Path, "/api/"), strings.HasPrefix(r.Path, "/sapi/"):
		fault = &apiError{status: http.StatusNotFound, code: errUnsupported.code, message: errUnsupported.message}
	default:
		fault = &apiError{status: http.StatusNotFound, code: -1000, message: fmt.Sprintf("maru venue: no %s %s here", printable(r.Method), printable(r.Path))}
	}
	name := printable(r.Method + " " + r.Path)
	v.note(Entry{Kind: EntryRequest, Request: name})
	v.note(Entry{Kind: EntryReject, Request: name, Code: fault.code, Error: fault.message})
	w := writer{}
	fault.append(&w)
	return Reply{At: v.Now(), Status: fault.status, Header: retry(fault, v.used(r.Remote, nil)), Body: w.b}
}

// retry adds Retry-After where a refusal has it.
func retry(e *apiError, headers []Header) []Header {
	if e.retryAfter > 0 {
		headers = append(headers, Header{"Retry-After", fmt.Sprint(e.retryAfter)})
	}
	return headers
}

func secondsOf(n int) time.Duration { return time.Duration(n) * time.Second }

// serve answers a call: what both protocols share.
func (v *Venue) serve(c *call) answer {
	e := Entry{Kind: EntryRequest, Request: c.route.name, Symbol: printable(c.params.get("symbol")), ClientID: printable(c.clientID())}
	if id, ok, fault := c.params.whole("orderId"); ok && fault == nil {
		e.OrderID = uint64(id)
	}
	if key := v.keys[c.apiKey]; key != nil {
		e.Account = key.account.Name
	}
	v.note(e)
	a := v.work(c)
	if a.at == 0 {
		a.at = v.Now()
	}
	if a.fault != nil {
		v.note(Entry{Kind: EntryReject, Request: e.Request, Account: e.Account, Symbol: e.Symbol, ClientID: e.ClientID, OrderID: e.OrderID, Code: a.fault.code, Error: a.fault.message})
	}
	return a
}

// clientID is the client order id that a call is about, for the ledger and for faults.
func (c *call) clientID() string {
	if c.route.places {
		return c.params.get("newClientOrderId")
	}
	return c.params.get("origClientOrderId")
}

func (v *Venue) work(c *call) answer {
	if fault := v.charge(c.remote, c.route.weight(v, c.params)); fault != nil {
		return answer{fault: fault}
	}
	if c.route.security != securityNone {
		if fault := v.authorize(c); fault != nil {
			return answer{fault: fault}
		}
	}
	if fault := c.params.only(c.route.known); fault != nil {
		return answer{fault: fault}
	}
	s := v.subjectOf(c)
	if c.route.security != securityNone {
		if _, ok := v.fire(FaultTimeout, s); ok {
			return answer{fate: Lost}
		}
		if f, ok := v.fire(FaultLateAccept, s); ok {
			v.sequence++
			heap.Push((*laterHeap)(&v.later), laterFrame{at: v.Now().Add(f.Delay), sequence: v.sequence, call: c})
			return answer{fate: Lost}
		}
		if f, ok := v.fire(FaultError, s); ok {
			return answer{fault: f.outcome()}
		}
	}
	w := writer{micros: c.micros}
	if fault := c.route.handle(v, c, &w); fault != nil {
		return answer{fault: fault, at: c.at}
	}
	a := answer{body: w.b, at: c.at}
	if c.route.places {
		a.counted = c.account
	}
	if c.route.security != securityNone {
		if _, ok := v.fire(FaultAcceptTimeout, s); ok {
			return answer{fate: Lost}
		}
		if _, ok := v.fire(FaultAcceptCut, s); ok {
			return answer{fate: Cut}
		}
		if f, ok := v.fire(FaultAcceptError, s); ok {
			return answer{fault: f.outcome()}
		}
	}
	return a
}

// doLate does what a request asked for that was held up on its way, if its time is not over.
func (v *Venue) doLate(c *call) {
	fault := v.timely(c.params)
	if fault == nil {
		fault = c.route.handle(v, c, &writer{})
	}
	if fault != nil {
		v.note(Entry{Kind: EntryReject, Request: c.route.name, Account: c.account.Name, Symbol: printable(c.params.get("symbol")),
			ClientID: printable(c.clientID()), Code: fault.code, Error: fault.message})
	}
}

// outcome is the 5xx of a fault.
func (f Fault) outcome() *apiError {
	status, code := f.Status, f.Code
	if status == 0 {
		status = http.StatusServiceUnavailable
	}
	if code == 0 {
		code = -1007
	}
	return unknownOutcome(status, code)
}

// subjectOf is what a fault may happen to: the order a call places, or is about.
func (v *Venue) subjectOf(c *call) subject {
	s := subject{route: c.route, symbol: c.params.get("symbol"), clientID: c.clientID()}
	if c.account == nil {
		return s
	}
	s.account = c.account.Name
	if c.route.places || s.clientID != "" {
		return s
	}
	if i, ok := v.directory.Find(s.symbol); ok {
		if id, ok, fault := c.params.whole("orderId"); ok && fault == nil {
			if o := c.account.find(i, uint64(id)); o != nil {
				s.clientID, s.order = o.clientID, o.id
			}
		}
	}
	return s
}

// authorize finds out who asks, and whether they may.
func (v *Venue) authorize(c *call) *apiError {
	var key *keyOf
	switch {
	case c.session != nil && c.apiKey == "" && c.session.key != nil:
		// The connection is logged on: the time is checked, a signature is not needed.
		if fault := v.timely(c.params); fault != nil {
			return fault
		}
		key = c.session.key
	default:
		var fault *apiError
		if key, fault = v.authenticate(c.params, c.apiKey); fault != nil {
			return fault
		}
	}
	if c.route.security == securityTrade && key.ReadOnly {
		return errKeyRejected
	}
	c.key, c.account = key, key.account
	return nil
}

// authenticate checks key, signature and time.
func (v *Venue) authenticate(p params, apiKey string) (*keyOf, *apiError) {
	if !keyPattern.MatchString(apiKey) {
		return nil, errKeyFormat
	}
	key := v.keys[apiKey]
	if key == nil {
		return nil, errKeyRejected
	}
	for _, name := range []string{"timestamp", "signature"} {
		if p.get(name) == "" {
			return nil, errMandatory(name)
		}
	}
	if !key.verify(p.payload, p.get("signature")) {
		return nil, errSignature
	}
	return key, v.timely(p)
}

// timely checks timestamp and recvWindow (rest-api.md, Timing security).
func (v *Venue) timely(p params) *apiError {
	if p.get("timestamp") == "" {
		return errMandatory("timestamp")
	}
	at, _, fault := p.moment("timestamp")
	if fault != nil {
		return fault
	}
	window, fault := p.window()
	if fault != nil {
		return fault
	}
	switch age := v.Clock().Sub(at); {
	case age <= -time.Second:
		return errAhead
	case age > window:
		return errStale
	}
	return nil
}

// routes are what is served, by method and path; methods the same by name in the WebSocket API.
var routes, methods map[string]*route

// weigh returns a weight that does not depend on the parameters.
func weigh(n int) func(*Venue, params) int { return func(*Venue, params) int { return n } }

// orderParams are those of a new order.
var orderParams = []string{"symbol", "side", "type", "timeInForce", "quantity", "quoteOrderQty", "price", "newClientOrderId", "strategyId", "strategyType",
	"stopPrice", "trailingDelta", "icebergQty", "newOrderRespType", "selfTradePreventionMode", "pegPriceType", "pegOffsetValue", "pegOffsetType"}

func init() {
	routes, methods = map[string]*route{}, map[string]*route{}
	add := func(name, method string, r route) {
		r.name = name
		routes[name] = &r
		if method != "" {
			methods[method] = &r
		}
	}
	// Weights are those of rest-api.md.
	add("GET /api/v3/ping", "ping", route{weight: weigh(1), handle: (*Venue).ping})
	add("GET /api/v3/time", "time", route{weight: weigh(1), handle: (*Venue).serverTime})
	add("GET /api/v3/exchangeInfo", "exchangeInfo", route{weight: weigh(20), handle: (*Venue).exchangeInfo,
		known: []string{"symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus"}})
	add("GET /api/v3/depth", "depth", route{weight: depthWeight, handle: (*Venue).depth, known: []string{"symbol", "limit", "symbolStatus"}})
	add("GET /api/v3/trades", "trades.recent", route{weight: weigh(25), handle: (*Venue).recentTrades, known: []string{"symbol", "limit"}})
	add("GET /api/v3/aggTrades", "trades.aggregate", route{weight: weigh(4), handle: (*Venue).aggTrades,
		known: []string{"symbol", "fromId", "startTime", "endTime", "limit"}})
	klines := []string{"symbol", "interval", "startTime", "endTime", "timeZone", "limit"}
	add("GET /api/v3/klines", "klines", route{weight: weigh(2), handle: (*Venue).klines, known: klines})
	add("GET /api/v3/uiKlines", "uiKlines", route{weight: weigh(2), handle: (*Venue).klines, known: klines})
	add("GET /api/v3/avgPrice", "avgPrice", route{weight: weigh(2), handle: (*Venue).avgPrice, known: []string{"symbol"}})
	ticker := []string{"symbol", "symbols", "type", "symbolStatus"}
	add("GET /api/v3/ticker/24hr", "ticker.24hr", route{weight: dayWeight, handle: (*Venue).ticker24h, known: ticker})
	add("GET /api/v3/ticker/price", "ticker.price", route{weight: tickerWeight, handle: (*Venue).tickerPrice, known: ticker})
	add("GET /api/v3/ticker/bookTicker", "ticker.book", route{weight: tickerWeight, handle: (*Venue).tickerBook, known: ticker})

	add("POST /api/v3/order", "order.place", route{security: securityTrade, weight: weigh(1), handle: (*Venue).place, known: orderParams, places: true})
	add("POST /api/v3/order/test", "order.test", route{security: securityTrade, weight: testWeight, handle: (*Venue).placeTest,
		known: append([]string{"computeCommissionRates"}, orderParams...)})
	which := []string{"symbol", "orderId", "origClientOrderId"}
	add("GET /api/v3/order", "order.status", route{security: securityUser, weight: weigh(4), handle: (*Venue).queryOrder, known: which})
	add("DELETE /api/v3/order", "order.cancel", route{security: securityTrade, weight: weigh(1), handle: (*Venue).cancel,
		known: append([]string{"newClientOrderId", "cancelRestrictions"}, which...)})
	add("POST /api/v3/order/cancelReplace", "order.cancelReplace", route{security: securityTrade, weight: weigh(1), handle: (*Venue).cancelReplace, places: true,
		known: append([]string{"cancelReplaceMode", "cancelNewClientOrderId", "cancelOrigClientOrderId", "cancelOrderId", "cancelRestrictions", "orderRateLimitExceededMode"}, orderParams...)})
	add("PUT /api/v3/order/amend/keepPriority", "order.amend.keepPriority", route{security: securityTrade, weight: weigh(4), handle: (*Venue).amend,
		known: append([]string{"newClientOrderId", "newQty"}, which...)})
	add("GET /api/v3/openOrders", "openOrders.status", route{security: securityUser, weight: openWeight, handle: (*Venue).openOrders, known: []string{"symbol"}})
	add("DELETE /api/v3/openOrders", "openOrders.cancelAll", route{security: securityTrade, weight: weigh(1), handle: (*Venue).cancelAll, known: []string{"symbol"}})
	add("GET /api/v3/allOrders", "allOrders", route{security: securityUser, weight: weigh(20), handle: (*Venue).allOrders,
		known: []string{"symbol", "orderId", "startTime", "endTime", "limit"}})
	add("GET /api/v3/account", "account.status", route{security: securityUser, weight: weigh(20), handle: (*Venue).accountStatus, known: []string{"omitZeroBalances"}})
	add("GET /api/v3/account/commission", "account.commission", route{security: securityUser, weight: weigh(20), handle: (*Venue).commissionRates, known: []string{"symbol"}})
	add("GET /api/v3/myTrades", "myTrades", route{security: securityUser, weight: myTradesWeight, handle: (*Venue).myTrades,
		known: []string{"symbol", "orderId", "startTime", "endTime", "fromId", "limit"}})
	add("GET /api/v3/rateLimit/order", "account.rateLimits.orders", route{security: securityUser, weight: weigh(40), handle: (*Venue).rateLimitOrder})

	add("GET /sapi/v1/account/apiRestrictions", "", route{security: securityUser, weight: weigh(1), handle: (*Venue).apiRestrictions})
	add("GET /sapi/v1/capital/config/getall", "", route{security: securityUser, weight: weigh(10), handle: (*Venue).assets})
	// Clients ask for them with the list of markets. Nothing is traded on margin here.
	for _, path := range []string{"/sapi/v1/margin/allPairs", "/sapi/v1/margin/isolated/allPairs"} {
		add("GET "+path, "", route{weight: weigh(1), handle: (*Venue).none, known: signedParams})
	}
}

func depthWeight(_ *Venue, p params) int {
	switch n, fault := p.limit(depthDefault, depthMax); {
	case fault != nil || n <= 100:
		return 5
	case n <= 500:
		return 25
	case n <= 1000:
		return 50
	}
	return 250
}

func dayWeight(_ *Venue, p params) int {
	switch n := strings.Count(p.get("symbols"), ",") + 1; {
	case p.has("symbol"):
		return 2
	case !p.has("symbols") || n > 100:
		return 80
	case n > 20:
		return 40
	}
	return 2
}

func tickerWeight(_ *Venue, p params) int {
	if p.has("symbol") {
		return 2
	}
	return 4
}

func testWeight(_ *Venue, p params) int {
	if p.get("computeCommissionRates") == "true" {
		return 20
	}
	return 1
}

func openWeight(_ *Venue, p params) int {
	if p.has("symbol") {
		return 6
	}
	return 80
}

func myTradesWeight(_ *Venue, p params) int {
	if p.has("orderId") {
		return 5
	}
	return 20
}
