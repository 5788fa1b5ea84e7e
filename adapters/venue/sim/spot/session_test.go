package spot

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

func TestUserStream(t *testing.T) {
	w := newWorld(t, deep)
	w.alone()
	alice, bob := w.listen(aliceKey, aliceSecret), w.listen(bobKey, bobSecret)
	price := cents(9_700_000)
	w.ok("POST /api/v3/order", limitOrder("maker", "SELL", "1", price)...)
	if got, want := w.events(alice), []string{"NEW:NEW:0.00000000", "outboundAccountPosition"}; !slices.Equal(got, want) {
		t.Fatal(got)
	}
	w.answer(200, w.signedBy(bobKey, bobSecret, "POST /api/v3/order", limitOrder("taker", "BUY", "0.4", price)...))
	var both [2][]string
	var fill object
	for _, f := range w.Take() {
		o := decode[object](t, f.Text)
		if o["subscriptionId"] != 0.0 {
			t.Fatal(o)
		}
		e := o["event"].(object)
		which := 0
		if f.Session == bob {
			which = 1
		}
		both[which] = append(both[which], fmt.Sprint(e["e"], ":", e["x"]))
		if e["x"] == "TRADE" && f.Session == alice {
			fill = e
		}
	}
	if want := []string{"executionReport:TRADE", "outboundAccountPosition:<nil>"}; !slices.Equal(both[0], want) {
		t.Errorf("maker: %v", both[0])
	}
	if want := []string{"executionReport:NEW", "executionReport:TRADE", "outboundAccountPosition:<nil>"}; !slices.Equal(both[1], want) {
		t.Errorf("taker: %v", both[1])
	}
	last := w.market.Last(0)
	now := float64(w.Now() / 1e6)
	wanted := object{
		"e": "executionReport", "E": now, "s": "BTCUSDT", "c": "maker", "S": "SELL", "o": "LIMIT", "f": "GTC", "q": "1.00000000", "p": "97000.00000000", "P": "0.00000000",
		"F": "0.00000000", "g": -1.0, "C": "", "x": "TRADE", "X": "PARTIALLY_FILLED", "r": "NONE", "i": float64(last.MakerID), "l": "0.40000000", "z": "0.40000000",
		"L": "97000.00000000", "n": "38.80000000", "N": "USDT", "T": now, "t": float64(last.ID), "w": true, "m": true, "M": true, "O": now,
		"Z": "38800.00000000", "Y": "38800.00000000", "Q": "0.00000000", "W": now, "V": "EXPIRE_MAKER",
	}
	for key, want := range wanted {
		if fill[key] != want {
			t.Errorf("executionReport.%s is %v, want %v", key, fill[key], want)
		}
	}
	if len(fill) != len(wanted)+1 { // and I, the execution
		t.Errorf("%d fields: %v", len(fill), fill)
	}
	// A cancel: c is the id of the cancel, C of the order.
	w.ok("DELETE /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "maker", "newClientOrderId", "the-cancel")
	e := decode[object](t, w.Take()[0].Text)["event"].(object)
	if e["x"] != "CANCELED" || e["c"] != "the-cancel" || e["C"] != "maker" || e["t"] != -1.0 || e["N"] != nil || e["n"] != "0" || e["w"] != false {
		t.Error(e)
	}
}

func TestSessions(t *testing.T) {
	w := newWorld(t)
	id, _ := w.Open(WebSocketPath, "", "192.0.2.1")
	code := func(o object) string {
		e, _ := o["error"].(object)
		return fmt.Sprint(o["status"], " ", e["code"])
	}
	if got := code(w.ask(id, "order.place", "", "", "symbol", "BTCUSDT")); got != "401 -2014" {
		t.Error(got)
	}
	if got := code(w.ask(id, "userDataStream.subscribe", "", "")); got != "401 -2015" {
		t.Error(got)
	}
	if got := code(w.ask(id, "session.logon", aliceKey, aliceSecret)); got != "400 -4056" {
		t.Error(got)
	}
	if got := code(w.ask(id, "session.logon", edKey, "")); got != "200 <nil>" {
		t.Fatal(got)
	}
	status := w.ask(id, "session.status", "", "")["result"].(object)
	if status["apiKey"] != edKey || status["userDataStream"] != false || status["authorizedSince"] != float64(w.Now()/1e6) {
		t.Error(status)
	}
	// From now on neither key nor signature is needed, the time is.
	price := (w.best(market.Buy) - cents(100_000)).String()
	o := w.ask(id, "order.place", "", "", "symbol", "BTCUSDT", "side", "BUY", "type", "LIMIT", "timeInForce", "GTC", "quantity", "0.1", "price", price, "newClientOrderId", "ws")
	if o["status"] != 200.0 || o["result"].(object)["status"] != "NEW" {
		t.Fatal(o)
	}
	limits := o["rateLimits"].([]any)
	if len(limits) != 3 || limits[0].(object)["count"] != 1.0 || limits[2].(object)["rateLimitType"] != "REQUEST_WEIGHT" {
		t.Error(limits)
	}
	w.Receive(id, []byte(`{"id":"q","method":"order.status","params":{"symbol":"BTCUSDT","origClientOrderId":"ws"}}`))
	if got := code(decode[object](t, w.Take()[0].Text)); got != "400 -1102" {
		t.Error(got, "without a timestamp")
	}
	if got := w.ask(id, "v3/order.status", "", "", "symbol", "BTCUSDT", "origClientOrderId", "ws")["result"].(object); got["status"] != "NEW" {
		t.Error(got)
	}
	sub := w.ask(id, "userDataStream.subscribe", "", "")
	if sub["result"].(object)["subscriptionId"] != 0.0 {
		t.Fatal(sub)
	}
	if got := code(w.ask(id, "userDataStream.subscribe.signature", aliceKey, aliceSecret)); got != "400 -2035" {
		t.Error(got, "two subscriptions for one account")
	}
	if got := w.ask(id, "userDataStream.subscribe.signature", bobKey, bobSecret)["result"].(object); got["subscriptionId"] != 1.0 {
		t.Error(got)
	}
	if got := w.ask(id, "session.subscriptions", "", "")["result"].([]any); len(got) != 2 {
		t.Error(got)
	}
	if got := w.ask(id, "order.cancel", "", "", "symbol", "BTCUSDT", "origClientOrderId", "ws")["result"].(object); got["status"] != "CANCELED" {
		t.Error(got)
	}
	// Logging off ends the subscription of the logon, and says so.
	w.Receive(id, w.wsRequest("session.logout", "", ""))
	frames := w.Take()
	if len(frames) != 2 || decode[object](t, frames[0].Text)["event"].(object)["e"] != "eventStreamTerminated" {
		t.Error(frames)
	}
	if got := code(w.ask(id, "order.status", "", "", "symbol", "BTCUSDT", "origClientOrderId", "ws")); got != "401 -2014" {
		t.Error(got)
	}
	for _, want := range []string{"200 <nil>", "400 -2036"} {
		w.Receive(id, []byte(`{"id":"q","method":"userDataStream.unsubscribe"}`))
		all := w.Take()
		if got := code(decode[object](t, all[len(all)-1].Text)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for request, want := range map[string]string{
		`x`:                                    "400 -1135",
		`{"id":1,"method":"order.fly"}`:        "400 -1000",
		`{"id":1,"method":"ping","params":[]}`: "400 -1135",
		`{"id":1,"method":"ping","params":{"a":{}}}`:                         "400 -1130",
		`{"id":1,"method":"ping","params":{"a":1,"a":2}}`:                    "400 -1101",
		`{"id":1,"method":"ping","params":{"a":1}}`:                          "400 -1104",
		`{"id":1,"method":"ping"}`:                                           "200 <nil>",
		`{"id":{},"method":"depth","params":{"symbol":"BTCUSDT","limit":5}}`: "200 <nil>",
	} {
		w.Receive(id, []byte(request))
		if got := code(decode[object](t, w.Take()[0].Text)); got != want {
			t.Errorf("%s: %s, want %s", request, got, want)
		}
	}
	w.Receive(id, []byte(`{"id":7,"method":"time","params":{"returnRateLimits":false}}`))
	if got := string(w.Take()[0].Text); got != fmt.Sprintf(`{"id":7,"status":200,"result":{"serverTime":%d}}`, w.Now()/1e6) {
		t.Error(got)
	}
	w.Close(id)
	w.Receive(id, []byte(`{"id":7,"method":"time"}`))
	if got := w.Take(); got != nil {
		t.Error(got)
	}
}

func TestMicroseconds(t *testing.T) {
	w := newWorld(t)
	w.pass(1_234_567)
	r := Request{Method: "GET", Path: "/api/v3/time", TimeUnit: "MICROSECOND"}
	if got := string(w.answer(200, r)); got != `{"serverTime":1800000000001234}` {
		t.Error(got)
	}
	r.TimeUnit = "NANOSECOND"
	if got := w.refused(r); got != "400 -1194 Invalid value for time unit; expected either MICROSECOND or MILLISECOND." {
		t.Error(got)
	}
	id, _ := w.Open(WebSocketPath, "timeUnit=microsecond&returnRateLimits=false", "")
	if got := w.ask(id, "userDataStream.subscribe.signature", aliceKey, aliceSecret); got["rateLimits"] != nil {
		t.Error(got)
	}
	w.ok("POST /api/v3/order", limitOrder("a", "BUY", "0.1", w.best(market.Buy)-cents(100))...)
	if got := string(w.Take()[0].Text); !strings.Contains(got, `"E":1800000000001234,`) {
		t.Error(got)
	}
}

func TestMarketStreams(t *testing.T) {
	w := newWorld(t, quiet)
	raw, _ := w.Open("/ws/btcusdt@trade/btcusdt@bookTicker", "", "")
	combined, _ := w.Open("/stream", "streams=btcusdt@trade/btcusdt@miniTicker/btcusdt@kline_1m/btcusdt@depth@100ms/nothing@x", "")
	if id, reply := w.Open("/elsewhere", "", ""); id != 0 || reply.Status != 404 {
		t.Errorf("%+v", reply)
	}
	w.ok("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "0.001", "newClientOrderId", "a")
	w.pass(1100 * time.Millisecond)
	kinds := map[SessionID][]string{}
	for _, f := range w.Take() {
		o := decode[object](t, f.Text)
		kind := o["e"]
		if f.Session == combined {
			data := o["data"].(object)
			kind = fmt.Sprint(o["stream"], " ", data["e"])
			if data["e"] == "kline" && data["k"].(object)["n"] != 1.0 {
				t.Error(o)
			}
		}
		kinds[f.Session] = append(kinds[f.Session], fmt.Sprint(kind))
	}
	if got := kinds[raw]; len(got) < 2 || got[0] != "trade" {
		t.Error(got)
	}
	if got, want := kinds[combined], []string{"btcusdt@trade trade", "btcusdt@depth@100ms depthUpdate", "btcusdt@miniTicker 24hrMiniTicker", "btcusdt@kline_1m kline"}; !slices.Equal(got, want) {
		t.Error(got)
	}
	w.Receive(raw, []byte(`{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":1}`))
	if got := w.Take(); len(got) != 1 || string(got[0].Text) != `{"result":null,"id":1}` {
		t.Error(got)
	}
	w.ok("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "0.001", "newClientOrderId", "b")
	for _, f := range w.Take() {
		if f.Session == raw && strings.Contains(string(f.Text), `"e":"trade"`) {
			t.Errorf("%s", f.Text)
		}
	}
}

// TestBookOfStreams joins depth snapshots to the stream while accounts trade.
func TestBookOfStreams(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Market.EventsPerSecond = 2000 })
	id, _ := w.Open("/ws/btcusdt@depth@100ms", "", "")
	w.pass(time.Second)
	w.Take()
	type book struct {
		LastUpdateID uint64      `json:"lastUpdateId"`
		Bids, Asks   [][2]string // price, quantity
	}
	snapshot := func() book {
		return decode[book](t, w.answer(200, Request{Method: "GET", Path: "/api/v3/depth", Query: "symbol=BTCUSDT&limit=5000"}))
	}
	sides := func(b book) [2]map[string]string {
		s := [2]map[string]string{{}, {}}
		for i, levels := range [][][2]string{b.Bids, b.Asks} {
			for _, l := range levels {
				s[i][l[0]] = l[1]
			}
		}
		return s
	}
	start := snapshot()
	have, at := sides(start), start.LastUpdateID
	for i := range 30 {
		w.ok("POST /api/v3/order", limitOrder(fmt.Sprint("r", i), "BUY", "0.01", w.best(market.Buy)+cents(int64(i%7)-3))...)
		w.ok("POST /api/v3/order", "symbol", "BTCUSDT", "side", "SELL", "type", "MARKET", "quantity", "0.02", "newClientOrderId", fmt.Sprint("m", i), "selfTradePreventionMode", "NONE")
		w.pass(130 * time.Millisecond)
	}
	w.pass(100 * time.Millisecond)
	for _, f := range w.Take() {
		var d struct {
			First uint64      `json:"U"`
			Last  uint64      `json:"u"`
			Bids  [][2]string `json:"b"`
			Asks  [][2]string `json:"a"`
		}
		if f.Session != id || json.Unmarshal(f.Text, &d) != nil || d.Last <= at {
			continue
		}
		if d.First > at+1 {
			t.Fatalf("a gap from %d to %d", at, d.First)
		}
		at = d.Last
		for i, levels := range [][][2]string{d.Bids, d.Asks} {
			for _, l := range levels {
				if l[1] == "0.00000000" {
					delete(have[i], l[0])
				} else {
					have[i][l[0]] = l[1]
				}
			}
		}
	}
	end := snapshot()
	if at > end.LastUpdateID {
		t.Fatal(at, end.LastUpdateID)
	}
	// What happened since the last depth event is not in the stream yet.
	for i, s := range sides(end) {
		different := 0
		for p, q := range s {
			if have[i][p] != q {
				different++
			}
		}
		if limit := int(end.LastUpdateID - at); different > limit {
			t.Errorf("side %d: %d levels differ after %d further updates", i, different, limit)
		}
	}
}
