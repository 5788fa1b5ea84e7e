package spot

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

func (w *world) inject(f Fault) int {
	w.t.Helper()
	id, err := w.Inject(f)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// count is how many orders the ledger accepted under a client id.
func (w *world) count(kind EntryKind, clientID string) (n int) {
	for _, e := range w.Ledger(0, 0) {
		if e.Kind == kind && e.ClientID == clientID {
			n++
		}
	}
	return n
}

func TestFaultsOfRequests(t *testing.T) {
	for _, c := range []struct {
		fault    Fault
		fate     Fate
		answer   string // where it is answered
		accepted int
	}{
		{Fault{Kind: FaultAcceptTimeout}, Lost, "", 1},
		{Fault{Kind: FaultAcceptCut}, Cut, "", 1},
		{Fault{Kind: FaultTimeout}, Lost, "", 0},
		{Fault{Kind: FaultAcceptError}, Answered, "503 -1007 Timeout waiting for response from backend server. Send status unknown; execution status unknown.", 1},
		{Fault{Kind: FaultAcceptError, Code: -1006, Status: 500}, Answered, "500 -1006 An unexpected response was received from the message bus. Execution status unknown.", 1},
		{Fault{Kind: FaultError, Code: -1000, Status: 502}, Answered, "502 -1000 An unknown error occurred while processing the request.", 0},
		{Fault{Kind: FaultError, Code: -1008}, Answered, "503 -1008 Server is currently overloaded with other requests. Please try again in a few minutes.", 0},
	} {
		t.Run(string(c.fault.Kind), func(t *testing.T) {
			w := newWorld(t)
			w.inject(c.fault)
			at := w.best(market.Buy) - cents(100_000)
			reply := w.Do(w.signed("POST /api/v3/order", limitOrder("a", "BUY", "0.1", at)...))
			if reply.Fate != c.fate {
				t.Fatalf("fate %d, want %d", reply.Fate, c.fate)
			}
			if c.fate == Answered {
				o := decode[object](t, reply.Body)
				if got := fmt.Sprintf("%d %v %v", reply.Status, o["code"], o["msg"]); got != c.answer {
					t.Errorf("%s, want %s", got, c.answer)
				}
			} else if reply.Body != nil {
				t.Errorf("%s was sent", reply.Body)
			}
			if n := w.count(EntryAccept, "a"); n != c.accepted {
				t.Errorf("accepted %d times, want %d", n, c.accepted)
			}
			if n := w.count(EntryRequest, "a"); n != 1 {
				t.Errorf("%d requests in the ledger", n)
			}
			if got := w.Fired()[c.fault.Kind]; got != 1 {
				t.Errorf("fired %d times", got)
			}
			// Once is once; and over the WebSocket API the same.
			w.ok("POST /api/v3/order", limitOrder("b", "BUY", "0.1", at)...)
			w.inject(c.fault)
			id := w.listen(aliceKey, aliceSecret)
			w.Receive(id, w.wsRequest("order.place", aliceKey, aliceSecret, limitOrder("c", "BUY", "0.1", at)...))
			answered, cut := false, false
			for _, f := range w.Take() {
				if f.Close {
					cut = true
				} else if o := decode[object](t, f.Text); o["id"] == "q" {
					answered = o["status"].(float64) >= 500
				}
			}
			if cut != (c.fate == Cut) || answered != (c.fate == Answered) || w.count(EntryAccept, "c") != c.accepted {
				t.Errorf("over WebSocket: answered %t, accepted %d", answered, w.count(EntryAccept, "c"))
			}
			w.audit()
		})
	}
}

// TestLateAccept: an order that is held up is placed as long as its recvWindow allows, and not later.
func TestLateAccept(t *testing.T) {
	w := newWorld(t)
	at := w.best(market.Buy) - cents(100_000)
	w.inject(Fault{Kind: FaultLateAccept, Times: 2, Delay: 3 * time.Second})
	for id, window := range map[string]string{"waits": "3000", "ends": "2999"} {
		if reply := w.Do(w.signed("POST /api/v3/order", append(limitOrder(id, "BUY", "0.1", at), "recvWindow", window)...)); reply.Fate != Lost {
			t.Fatalf("%+v", reply)
		}
	}
	w.pass(3*time.Second - 1)
	if got := w.refused(w.signed("GET /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "waits")); got != "400 -2013 Order does not exist." {
		t.Error(got)
	}
	w.pass(1)
	if w.count(EntryAccept, "waits") != 1 || w.count(EntryAccept, "ends") != 0 || w.count(EntryReject, "ends") != 1 {
		t.Error(w.Ledger(0, 0))
	}
	w.audit()
}

func TestFaultFilters(t *testing.T) {
	w := newWorld(t)
	at := w.best(market.Buy) - cents(100_000)
	w.inject(Fault{Kind: FaultTimeout, Times: -1, ClientID: "x-*"})
	w.inject(Fault{Kind: FaultTimeout, Times: 2, Endpoint: "DELETE /api/v3/order", Symbol: "BTCUSDT"})
	w.inject(Fault{Kind: FaultTimeout, Times: -1, Account: "bob"})
	w.inject(Fault{Kind: FaultTimeout, Times: -1, At: w.Now().Add(time.Minute)})
	lost := func(r Request) bool { return w.Do(r).Fate == Lost }
	for range 3 {
		if !lost(w.signed("POST /api/v3/order", limitOrder("x-1", "BUY", "0.1", at)...)) {
			t.Error("x-1 was answered")
		}
	}
	if lost(w.signed("POST /api/v3/order", limitOrder("y-1", "BUY", "0.1", at)...)) {
		t.Error("y-1 was not answered")
	}
	if !lost(w.signedBy(bobKey, bobSecret, "POST /api/v3/order", limitOrder("y-1", "BUY", "0.1", at)...)) {
		t.Error("bob was answered")
	}
	for i, want := range []bool{true, true, false} {
		if got := lost(w.signed("DELETE /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "y-1")); got != want {
			t.Errorf("cancel %d: lost %t, want %t", i, got, want)
		}
	}
	w.pass(time.Minute)
	if !lost(w.signed("POST /api/v3/order", limitOrder("y-2", "BUY", "0.1", at)...)) {
		t.Error("y-2 was answered after a minute")
	}
	for _, f := range w.Faults() {
		w.Revoke(f.ID)
	}
	if lost(w.signed("POST /api/v3/order", limitOrder("y-3", "BUY", "0.1", at)...)) {
		t.Error("y-3 was not answered")
	}
	// Chance comes from the seed.
	chance := func(seed uint64) (all string) {
		w := newWorld(t, func(c *Config) { c.Market.Seed = seed })
		w.inject(Fault{Kind: FaultTimeout, Times: -1, Probability: 0.3})
		for i := range 100 {
			all += map[bool]string{true: "x", false: "-"}[lost2(w, i, at)]
		}
		return all
	}
	a := chance(1)
	if n := strings.Count(a, "x"); n < 15 || n > 45 {
		t.Errorf("%d of 100 with probability 0.3", n)
	}
	if a != chance(1) || a == chance(2) {
		t.Error("chance does not depend on the seed alone")
	}
}

func lost2(w *world, i int, at interface{ String() string }) bool {
	return w.Do(w.signed("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "LIMIT", "timeInForce", "GTC", "quantity", "0.001", "price", at.String(),
		"newClientOrderId", fmt.Sprint("n", i))).Fate == Lost
}

func TestFaultsOfFills(t *testing.T) {
	buy := func(w *world, id string) {
		w.t.Helper()
		w.ok("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "0.001", "newClientOrderId", id)
	}
	const filled = "TRADE:FILLED:0.00100000"
	told := func(w *world, id SessionID) int {
		return strings.Count(strings.Join(w.events(id), " "), filled)
	}
	for _, c := range []struct {
		kind      FaultKind
		now, then int
	}{{FaultDropFill, 0, 0}, {FaultDuplicateFill, 2, 0}, {FaultLateFill, 0, 1}} {
		w := newWorld(t, quiet)
		id := w.listen(aliceKey, aliceSecret)
		w.inject(Fault{Kind: c.kind, ClientID: "a", Delay: 3 * time.Second})
		buy(w, "b")
		if n := told(w, id); n != 1 {
			t.Fatalf("%s: another order was told %d times", c.kind, n)
		}
		buy(w, "a")
		if n := told(w, id); n != c.now {
			t.Errorf("%s: told %d times, want %d", c.kind, n, c.now)
		}
		w.pass(3*time.Second - 1)
		if n := told(w, id); n != 0 {
			t.Errorf("%s: told %d times before its time", c.kind, n)
		}
		w.pass(1)
		if n := told(w, id); n != c.then {
			t.Errorf("%s: told %d times later, want %d", c.kind, n, c.then)
		}
		if w.Fired()[c.kind] != 1 || w.count(EntryFill, "a") != 1 {
			t.Errorf("%s: fired %d times, %d fills", c.kind, w.Fired()[c.kind], w.count(EntryFill, "a"))
		}
		buy(w, "c")
		if n := told(w, id); n != 1 {
			t.Errorf("%s: the stream is not healthy afterwards", c.kind)
		}
	}
}

func TestFillBeforeAck(t *testing.T) {
	w := newWorld(t, quiet)
	id := w.listen(aliceKey, aliceSecret)
	w.inject(Fault{Kind: FaultFillBeforeAck, Delay: 2 * time.Second, Times: 2})
	w.ok("POST /api/v3/order", limitOrder("rests", "BUY", "0.1", w.best(market.Buy)-cents(100_000))...)
	if w.Fired()[FaultFillBeforeAck] != 0 {
		t.Error("an order without a fill was held back")
	}
	w.Take()
	reply := w.Do(w.signed("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "0.001"))
	if reply.At != w.Now().Add(2*time.Second) || reply.Status != 200 {
		t.Fatalf("%+v", reply)
	}
	if got := w.events(id); !slices.Contains(got, "TRADE:FILLED:0.00100000") {
		t.Error("the fill was held back, too:", got)
	}
	// Over the WebSocket API the answer is a frame that comes later.
	w.Receive(id, w.wsRequest("order.place", aliceKey, aliceSecret, "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "0.001"))
	answers := func() (n int) {
		for _, f := range w.Take() {
			if decode[object](t, f.Text)["id"] == "q" {
				n++
			}
		}
		return n
	}
	if answers() != 0 {
		t.Error("it was answered at once")
	}
	w.pass(2 * time.Second)
	if answers() != 1 {
		t.Error("it was not answered")
	}
}

func TestUnknownAndHidden(t *testing.T) {
	w := newWorld(t)
	w.ok("POST /api/v3/order", limitOrder("a", "BUY", "0.1", w.best(market.Buy)-cents(100_000))...)
	w.inject(Fault{Kind: FaultUnknownOrder, Times: 3, ClientID: "a"})
	w.inject(Fault{Kind: FaultHideOrder})
	if got := w.refused(w.signed("GET /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "a")); got != "400 -2013 Order does not exist." {
		t.Error(got)
	}
	if got := w.refused(w.signed("DELETE /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "a")); got != "400 -2011 Unknown order sent." {
		t.Error(got)
	}
	if got := w.refused(w.signed("PUT /api/v3/order/amend/keepPriority", "symbol", "BTCUSDT", "origClientOrderId", "a", "newQty", "0.05")); got != "400 -2038 Unknown order sent." {
		t.Error(got)
	}
	if got := w.list("GET /api/v3/openOrders"); len(got) != 0 {
		t.Error(got)
	}
	if got := w.list("GET /api/v3/openOrders"); len(got) != 1 {
		t.Error(got)
	}
	if got := w.ok("DELETE /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "a"); got["status"] != "CANCELED" {
		t.Error(got)
	}
}

func TestBan(t *testing.T) {
	w := newWorld(t)
	id := w.inject(Fault{Kind: FaultBan, For: 90 * time.Second})
	reply := w.Do(w.signed("GET /api/v3/account"))
	if reply.Status != 418 || !slices.Contains(reply.Header, Header{"Retry-After", "90"}) {
		t.Fatalf("%d %v", reply.Status, reply.Header)
	}
	if got, want := w.refused(Request{Method: "GET", Path: "/api/v3/ping"}), "418 -1003 Way too much request weight used; IP banned until 1800000090000. Please use WebSocket Streams for live updates to avoid bans."; got != want {
		t.Error(got)
	}
	if _, refusal := w.Open(WebSocketPath, "", ""); refusal.Status != 418 {
		t.Errorf("%+v", refusal)
	}
	w.pass(90 * time.Second)
	w.ok("GET /api/v3/account")
	w.inject(Fault{Kind: FaultBan})
	if reply := w.Do(w.signed("GET /api/v3/account")); reply.Status != 418 {
		t.Fatal(reply.Status)
	}
	if !w.Revoke(id + 1) {
		t.Error("there is no such fault")
	}
	w.ok("GET /api/v3/account")
}

func TestCutAndRestart(t *testing.T) {
	w := newWorld(t)
	w.ok("POST /api/v3/order", limitOrder("a", "BUY", "0.1", w.best(market.Buy)-cents(100_000))...)
	user := w.listen(aliceKey, aliceSecret)
	streams, _ := w.Open("/ws/btcusdt@trade", "", "")
	closed := func() (all []SessionID) {
		for _, f := range w.Take() {
			if f.Close {
				all = append(all, f.Session)
			}
		}
		return all
	}
	w.inject(Fault{Kind: FaultCut, Scope: "user", At: w.Now().Add(time.Second)})
	if got := closed(); got != nil {
		t.Fatal(got)
	}
	w.pass(time.Second)
	if got := closed(); !slices.Equal(got, []SessionID{user}) {
		t.Fatal(got)
	}
	user = w.listen(aliceKey, aliceSecret)
	w.inject(Fault{Kind: FaultCut, Scope: "market"})
	if got := closed(); !slices.Equal(got, []SessionID{streams}) {
		t.Fatal(got)
	}
	last := w.market.Last(0).ID
	w.inject(Fault{Kind: FaultLateFill, Delay: 10 * time.Second})
	w.ok("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "0.001")
	w.inject(Fault{Kind: FaultRestart, For: 5 * time.Second})
	if got := closed(); !slices.Equal(got, []SessionID{user}) {
		t.Fatal(got)
	}
	w.pass(5*time.Second - 1)
	if reply := w.Do(w.signed("GET /api/v3/account")); reply.Fate != Cut {
		t.Fatalf("%+v", reply)
	}
	if id, reply := w.Open("/ws", "", ""); id != 0 || reply.Fate != Cut {
		t.Fatalf("%+v", reply)
	}
	if w.market.Last(0).ID > last+1 {
		t.Error("there was trading while it was down")
	}
	w.pass(1)
	if got := w.list("GET /api/v3/openOrders"); len(got) != 1 {
		t.Fatal(got)
	}
	user = w.listen(aliceKey, aliceSecret)
	w.pass(10 * time.Second)
	if got := w.events(user); slices.Contains(got, "TRADE:FILLED:0.00100000") {
		t.Error("a fill that was on its way survived")
	}
	if w.Restarts() != 1 || w.market.Last(0).ID == last {
		t.Error("the market does not go on")
	}
	w.audit()
}

func TestFaultsAreChecked(t *testing.T) {
	w := newWorld(t)
	for _, f := range []Fault{
		{}, {Kind: "x"}, {Kind: FaultBan, Times: -2}, {Kind: FaultBan, Probability: 1.5}, {Kind: FaultTimeout, Endpoint: "POST /order"}, {Kind: FaultLateFill, Delay: -1},
		{Kind: FaultError, Status: 404}, {Kind: FaultError, Code: -2010}, {Kind: FaultCut, Scope: "both"}, {Kind: FaultTimeout, Symbol: "BTCEUR"},
		{Kind: FaultTimeout, Account: "carol"}, {Kind: FaultClockSkew, Skew: 25 * time.Hour}, {Kind: FaultBan, At: -1},
	} {
		if _, err := w.Inject(f); !errors.Is(err, ErrFault) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	all := Fault{Kind: FaultLateFill, Times: 3, Probability: 0.5, At: market.Milliseconds(1_800_000_000_123), Symbol: "BTCUSDT", ClientID: "a*", Account: "alice",
		Endpoint: "POST /api/v3/order", Delay: 1500 * time.Millisecond, For: time.Minute, Skew: -time.Second, Status: 503, Code: -1007, Scope: "user"}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var back Fault
	if err := json.Unmarshal(text, &back); err != nil || back != all {
		t.Errorf("%s: %+v, %v", text, back, err)
	}
	for _, text := range []string{`{"kind":"ban","what":1}`, `{"kind":"ban","for":"soon"}`, `{"kind":"ban","at":-1}`, `[]`} {
		if err := json.Unmarshal([]byte(text), &back); err == nil {
			t.Errorf("%s was read", text)
		}
	}
	if n := len(w.Fired()); n != len(FaultKinds) {
		t.Errorf("%d kinds are counted", n)
	}
}
