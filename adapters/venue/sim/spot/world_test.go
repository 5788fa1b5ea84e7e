package spot

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// world is a venue with two accounts, driven as clients do.
type world struct {
	t *testing.T
	*Venue
}

const (
	aliceKey, aliceSecret = "aliceKey0123456789", "alice secret"
	bobKey, bobSecret     = "bobKey0123456789", "bob secret"
	edKey                 = "aliceEd25519Key"
	readKey, readSecret   = "aliceReadOnly", "read secret"
)

var edPrivate = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

func dec(text string) market.Decimal { return market.MustDecimal(text) }

func accounts() []Account {
	rich := map[string]market.Decimal{"USDT": dec("1000000"), "BTC": dec("20"), "KRW": dec("1000000000"), "ETH": dec("100"), "005930": dec("1000")}
	return []Account{
		{Name: "alice", Balances: rich, Maker: dec("0.001"), Taker: dec("0.001"), Keys: []Key{
			{ID: aliceKey, Secret: aliceSecret},
			{ID: edKey, Public: edPrivate.Public().(ed25519.PublicKey)},
			{ID: readKey, Secret: readSecret, ReadOnly: true, Withdraw: true},
		}},
		{Name: "bob", Balances: rich, Maker: dec("0.0002"), Taker: dec("0.0007"), Keys: []Key{{ID: bobKey, Secret: bobSecret}}},
	}
}

func newWorld(t *testing.T, change ...func(*Config)) *world {
	t.Helper()
	c := Config{Market: sim.Config{Seed: 1, Start: market.Seconds(1_800_000_000)}, Accounts: accounts()}
	for _, f := range change {
		f(&c)
	}
	v, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t, v}
}

func (w *world) pass(d time.Duration) { w.Advance(w.Now().Add(d)) }

// form makes parameters of pairs; values are escaped.
func form(pairs ...string) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		parts = append(parts, pairs[i]+"="+url.QueryEscape(pairs[i+1]))
	}
	return strings.Join(parts, "&")
}

func hmacOf(secret, payload string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(payload))
	return hex.EncodeToString(mac.Sum(nil))
}

// signed makes a request of alice.
func (w *world) signed(endpoint string, pairs ...string) Request {
	return w.signedBy(aliceKey, aliceSecret, endpoint, pairs...)
}

func (w *world) signedBy(key, secret, endpoint string, pairs ...string) Request {
	method, path, _ := strings.Cut(endpoint, " ")
	query := form(append(pairs, "timestamp", strconv.FormatInt(int64(w.Clock())/1e6, 10))...)
	return Request{Method: method, Path: path, Query: query + "&signature=" + hmacOf(secret, query), APIKey: key, Remote: "192.0.2.1"}
}

type object = map[string]any

// ok does a request that must succeed.
func (w *world) ok(endpoint string, pairs ...string) object {
	w.t.Helper()
	return decode[object](w.t, w.answer(200, w.signed(endpoint, pairs...)))
}

func (w *world) list(endpoint string, pairs ...string) []object {
	w.t.Helper()
	return decode[[]object](w.t, w.answer(200, w.signed(endpoint, pairs...)))
}

func (w *world) answer(status int, r Request) []byte {
	w.t.Helper()
	reply := w.Do(r)
	if reply.Status != status || reply.Fate != Answered {
		w.t.Fatalf("%s %s: fate %d, %d %s, want %d", r.Method, r.Path, reply.Fate, reply.Status, reply.Body, status)
	}
	return reply.Body
}

// refused does a request that must fail, and returns code and message.
func (w *world) refused(r Request) string {
	w.t.Helper()
	reply := w.Do(r)
	if reply.Status < 400 {
		w.t.Fatalf("%s %s %s: %d %s, want a refusal", r.Method, r.Path, r.Query, reply.Status, reply.Body)
	}
	o := decode[object](w.t, reply.Body)
	return fmt.Sprintf("%d %v %v", reply.Status, o["code"], o["msg"])
}

func decode[T any](t *testing.T, body []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return v
}

func (w *world) audit() {
	w.t.Helper()
	if err := w.Audit(); err != nil {
		w.t.Fatal(err)
	}
}

// best returns the best price of a side of BTCUSDT.
func (w *world) best(side market.Side) sim.Fixed {
	r, ok := w.market.Front(0, side)
	if !ok {
		w.t.Fatal("a side is empty")
	}
	return r.Price
}

// limit returns the parameters of a limit order on BTCUSDT.
func limitOrder(id, side, quantity string, price sim.Fixed, more ...string) []string {
	return append([]string{"symbol", "BTCUSDT", "side", side, "type", "LIMIT", "timeInForce", "GTC", "quantity", quantity, "price", price.String(), "newClientOrderId", id}, more...)
}

func cents(n int64) sim.Fixed { return sim.Fixed(n * 1_000_000) }

// listen opens a connection of the WebSocket API that hears an account's events.
func (w *world) listen(key, secret string) SessionID {
	w.t.Helper()
	id, reply := w.Open(WebSocketPath, "", "192.0.2.1")
	if id == 0 {
		w.t.Fatalf("%+v", reply)
	}
	w.Take()
	got := w.ask(id, "userDataStream.subscribe.signature", key, secret)
	if got["status"] != 200.0 {
		w.t.Fatal(got)
	}
	return id
}

// ask sends a request with a signature of the sorted parameters, and returns its answer.
func (w *world) ask(id SessionID, method, key, secret string, pairs ...string) object {
	w.t.Helper()
	w.Receive(id, w.wsRequest(method, key, secret, pairs...))
	for _, f := range w.Take() {
		if o := decode[object](w.t, f.Text); f.Session == id && o["id"] == "q" {
			return o
		}
	}
	w.t.Fatalf("%s: no answer", method)
	return nil
}

func (w *world) wsRequest(method, key, secret string, pairs ...string) []byte {
	values := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	if key != "" {
		values["apiKey"] = key
	}
	values["timestamp"] = int64(w.Clock()) / 1e6
	raw, err := json.Marshal(values)
	if err != nil {
		w.t.Fatal(err)
	}
	p, fault := parseObject(raw)
	if fault != nil {
		w.t.Fatal(fault)
	}
	switch {
	case key == edKey:
		values["signature"] = base64.StdEncoding.EncodeToString(ed25519.Sign(edPrivate, []byte(p.payload)))
	case key != "":
		values["signature"] = hmacOf(secret, p.payload)
	}
	b, err := json.Marshal(object{"id": "q", "method": method, "params": values})
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// events returns what a connection was told since the last Take, as "kind:status:cumulated".
func (w *world) events(id SessionID) (all []string) {
	w.t.Helper()
	for _, f := range w.Take() {
		if f.Session != id || f.Close {
			continue
		}
		e, ok := decode[object](w.t, f.Text)["event"].(object)
		switch {
		case !ok:
		case e["e"] == "executionReport":
			all = append(all, fmt.Sprintf("%v:%v:%v", e["x"], e["X"], e["z"]))
		default:
			all = append(all, fmt.Sprint(e["e"]))
		}
	}
	return all
}
