package spot

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

func TestRequestWeight(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Limits = Limits{WeightPerMinute: 100, RefusalsUntilBan: 2} })
	w.pass(10 * time.Second)
	get := func(path, query string) Reply {
		return w.Do(Request{Method: "GET", Path: path, Query: query, Remote: "192.0.2.9"})
	}
	used := func(r Reply) string {
		for _, h := range r.Header {
			if h.Name == "X-MBX-USED-WEIGHT-1M" {
				return h.Value
			}
		}
		return ""
	}
	for _, c := range []struct{ path, query, used string }{
		{"/api/v3/ping", "", "1"},
		{"/api/v3/exchangeInfo", "symbol=BTCUSDT", "21"},
		{"/api/v3/depth", "symbol=BTCUSDT", "26"},
		{"/api/v3/depth", "symbol=BTCUSDT&limit=500", "51"},
		{"/api/v3/ticker/price", "", "55"},
		{"/api/v3/ticker/24hr", "symbol=BTCUSDT", "57"},
		{"/api/v3/klines", "symbol=BTCUSDT&interval=1m", "59"},
		{"/api/v3/depth", "symbol=BTCUSDT&limit=x", "64"},
		{"/nothing", "", "65"},
		{"/api/v3/aggTrades", "symbol=BTCUSDT", "69"},
		{"/api/v3/trades", "symbol=BTCUSDT", "94"},
		{"/api/v3/depth", "symbol=BTCUSDT", "99"},
		{"/api/v3/ping", "", "100"},
	} {
		if r := get(c.path, c.query); used(r) != c.used || r.Status == 429 {
			t.Errorf("%s?%s: %d, weight %s, want %s", c.path, c.query, r.Status, used(r), c.used)
		}
	}
	for range 2 {
		r := get("/api/v3/ping", "")
		if r.Status != 429 || !slices.Contains(r.Header, Header{"Retry-After", "50"}) {
			t.Fatalf("%d %v", r.Status, r.Header)
		}
	}
	// Who goes on is banned, and longer each time.
	for _, seconds := range []int{120, 240} {
		r := get("/api/v3/ping", "")
		if r.Status != 418 || !slices.Contains(r.Header, Header{"Retry-After", fmt.Sprint(seconds)}) {
			t.Fatalf("%d %v", r.Status, r.Header)
		}
		w.pass(time.Duration(seconds)*time.Second - time.Second)
		if r := get("/api/v3/ping", ""); r.Status != 418 {
			t.Fatalf("the ban ended early: %d", r.Status)
		}
		w.pass(time.Second)
		if r := get("/api/v3/ping", ""); r.Status != 200 {
			t.Fatalf("the ban did not end: %d %s", r.Status, r.Body)
		}
		for range 3 {
			get("/api/v3/ticker/24hr", "") // 80
		}
	}
	// Others are not concerned.
	if r := w.Do(Request{Method: "GET", Path: "/api/v3/ping", Remote: "192.0.2.10"}); r.Status != 200 {
		t.Error(r.Status)
	}
}

func TestOrderCounts(t *testing.T) {
	w := newWorld(t, quiet, func(c *Config) { c.Limits = Limits{OrdersPer10s: 3} })
	price := w.best(market.Buy) - cents(100_000)
	place := func(id string) Reply {
		return w.Do(w.signed("POST /api/v3/order", limitOrder(id, "BUY", "0.1", price)...))
	}
	for i := range 3 {
		r := place(fmt.Sprint("a", i))
		if want := (Header{"X-MBX-ORDER-COUNT-10S", fmt.Sprint(i + 1)}); !slices.Contains(r.Header, want) {
			t.Errorf("%v, want %v", r.Header, want)
		}
	}
	if got := w.refused(w.signed("POST /api/v3/order", limitOrder("b", "BUY", "0.1", price)...)); got != "429 -1015 Too many new orders; current limit is 3 orders per 10 SECOND." {
		t.Error(got)
	}
	counts := w.list("GET /api/v3/rateLimit/order")
	if len(counts) != 2 || counts[0]["count"] != 3.0 || counts[0]["limit"] != 3.0 || counts[1]["interval"] != "DAY" || counts[1]["count"] != 3.0 {
		t.Error(counts)
	}
	// A replacement that may only cancel does.
	r := w.Do(w.signed("POST /api/v3/order/cancelReplace", append(limitOrder("c", "BUY", "0.1", price), "cancelReplaceMode", "STOP_ON_FAILURE", "cancelOrigClientOrderId", "a0", "orderRateLimitExceededMode", "CANCEL_ONLY")...))
	if r.Status != 429 || w.count(EntryCancel, "a0") != 1 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	w.pass(10 * time.Second)
	if r := place("d"); r.Status != 200 {
		t.Error(r.Status)
	}
	// What fills does not count.
	for i := range 10 {
		w.ok("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "0.001", "newClientOrderId", fmt.Sprint("m", i))
	}
	if counts := w.list("GET /api/v3/rateLimit/order"); counts[0]["count"] != 1.0 {
		t.Error(counts)
	}
}

func TestCancelReplace(t *testing.T) {
	w := newWorld(t, quiet)
	price := w.best(market.Buy) - cents(100_000)
	w.ok("POST /api/v3/order", limitOrder("old", "BUY", "0.1", price)...)
	replace := func(mode, old string, order []string) (int, object) {
		t.Helper()
		r := w.Do(w.signed("POST /api/v3/order/cancelReplace", append(order, "cancelReplaceMode", mode, "cancelOrigClientOrderId", old)...))
		return r.Status, decode[object](t, r.Body)
	}
	words := func(o object) string {
		code := o["code"]
		if d, ok := o["data"].(object); ok {
			o = d
		}
		inner := func(name string) any {
			h, ok := o[name].(object)
			switch {
			case !ok:
				return o[name]
			case h["code"] != nil:
				return h["code"]
			}
			return h["status"]
		}
		return fmt.Sprint(code, " ", o["cancelResult"], ":", inner("cancelResponse"), " ", o["newOrderResult"], ":", inner("newOrderResponse"))
	}
	tooDear := limitOrder("dear", "BUY", "1000", price)
	for _, c := range []struct {
		mode, old string
		order     []string
		status    int
		want      string
	}{
		{"STOP_ON_FAILURE", "none", limitOrder("n1", "BUY", "0.1", price), 400, "-2022 FAILURE:-2011 NOT_ATTEMPTED:<nil>"},
		{"STOP_ON_FAILURE", "old", limitOrder("n1", "BUY", "0.1", price), 200, "<nil> SUCCESS:CANCELED SUCCESS:NEW"},
		{"STOP_ON_FAILURE", "n1", tooDear, 409, "-2021 SUCCESS:CANCELED FAILURE:-2010"},
		{"ALLOW_FAILURE", "n1", tooDear, 400, "-2022 FAILURE:-2011 FAILURE:-2010"},
		{"ALLOW_FAILURE", "n1", limitOrder("n2", "BUY", "0.1", price), 409, "-2021 FAILURE:-2011 SUCCESS:NEW"},
		{"ALLOW_FAILURE", "n2", limitOrder("n2", "BUY", "0.2", price), 200, "<nil> SUCCESS:CANCELED SUCCESS:NEW"},
	} {
		if status, o := replace(c.mode, c.old, c.order); status != c.status || words(o) != c.want {
			t.Errorf("%s %s: %d %s, want %d %s", c.mode, c.old, status, words(o), c.status, c.want)
		}
		w.audit()
	}
	// The filters come first: nothing is canceled for an order that could not be placed.
	if status, o := replace("ALLOW_FAILURE", "n2", limitOrder("n3", "BUY", "0.1", 1)); status != 400 || o["code"] != -1013.0 || w.count(EntryCancel, "n2") != 1 {
		t.Error(status, o)
	}
}
