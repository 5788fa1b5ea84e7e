package spot

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// FuzzRequests sends parameters of any kind, signed, to every endpoint: nothing may panic, every answer
// is JSON, and no money is made or lost.
func FuzzRequests(f *testing.F) {
	for _, query := range []string{
		"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=97000", "symbol=BTCUSDT&side=SELL&type=MARKET&quoteOrderQty=100.5",
		"symbol=BTCUSDT&side=BUY&type=STOP_LOSS_LIMIT&timeInForce=FOK&quantity=0.1&price=97000&stopPrice=99000", "symbol=BTCUSDT&orderId=1", "symbol=%5B%5D&limit=9999999999999999999",
		"symbols=[\"BTCUSDT\"]&interval=1M&timeZone=5", "symbol=BTCUSDT&cancelReplaceMode=ALLOW_FAILURE&cancelOrderId=3&side=BUY&type=LIMIT_MAKER&quantity=1&price=1", "&&=&a=b=c&%zz",
	} {
		f.Add(query, "", false)
		f.Add("", query, true)
	}
	c := Config{Market: sim.Config{Seed: 1, EventsPerSecond: 1}, Accounts: accounts(), Limits: Limits{WeightPerMinute: 1e9}}
	f.Fuzz(func(t *testing.T, query, body string, socket bool) {
		v, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		id, _ := v.Open(WebSocketPath, "", "")
		stamp := "timestamp=" + sim.Fixed(int64(v.Now())/1e6*1e8).Decimal().String()
		for _, name := range slices.Sorted(maps.Keys(routes)) {
			route := routes[name]
			method, path, _ := strings.Cut(name, " ")
			r := Request{Method: method, Path: path, Query: query, Body: body, APIKey: aliceKey}
			if _, fault := parseForm(query, body); fault == nil && route.security != securityNone {
				r.Query = strings.TrimPrefix(query+"&"+stamp, "&")
				if p, fault := parseForm(r.Query, map[bool]string{true: "", false: body}[method == "GET"]); fault == nil {
					r.Query += "&signature=" + hmacOf(aliceSecret, p.payload)
				}
			}
			reply := v.Do(r)
			if !json.Valid(reply.Body) || reply.Status < 200 || reply.Status >= 500 {
				t.Fatalf("%s %q %q: %d %s", name, r.Query, r.Body, reply.Status, reply.Body)
			}
		}
		if socket {
			v.Receive(id, []byte(query))
			v.Receive(id, []byte(`{"id":1,"method":"`+url.QueryEscape(query)+`","params":`+body+`}`))
			v.Receive(id, []byte(`{"id":1,"method":"order.place","params":`+body+`}`))
		}
		for _, frame := range v.Take() {
			if !frame.Close && !json.Valid(frame.Text) {
				t.Fatalf("%s", frame.Text)
			}
		}
		v.Advance(v.Now() + market.Timestamp(2e9))
		if err := v.Audit(); err != nil {
			t.Fatal(err)
		}
	})
}
