package spotserver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key, secret = "testKey", "test secret"

// wire is a server and a client of it, in a time that the test moves.
type wire struct {
	t *testing.T
	*Server
	now    *atomic.Int64
	client *http.Client
}

func start(t *testing.T, change ...func(*Config)) *wire {
	t.Helper()
	now := new(atomic.Int64)
	now.Store(int64(market.Seconds(1_800_000_000)))
	c := Config{
		Clock: func() market.Timestamp { return market.Timestamp(now.Load()) }, Tick: time.Millisecond,
		Venue: spot.Config{Market: sim.Config{Seed: 1, EventsPerSecond: 20}, Accounts: []spot.Account{{
			Name: "a", Keys: []spot.Key{{ID: key, Secret: secret}}, Maker: market.MustDecimal("0.001"), Taker: market.MustDecimal("0.001"),
			Balances: map[string]market.Decimal{"USDT": market.MustDecimal("1000000"), "BTC": market.MustDecimal("10")},
		}}},
	}
	for _, f := range change {
		f(&c)
	}
	s, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	w := &wire{t, s, now, &http.Client{Transport: transport, Timeout: 10 * time.Second}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *wire) pass(d time.Duration) { w.now.Add(int64(d)) }

func sign(payload string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(payload))
	return hex.EncodeToString(mac.Sum(nil))
}

// request makes a signed request: parameters of POST are in the body.
func (w *wire) request(ctx context.Context, method, path string, pairs ...string) *http.Request {
	w.t.Helper()
	v := url.Values{"timestamp": {strconv.FormatInt(w.now.Load()/1e6, 10)}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	payload := v.Encode()
	payload += "&signature=" + sign(payload)
	target, body := w.URL()+path+"?"+payload, io.Reader(nil)
	if method == http.MethodPost {
		target, body = w.URL()+path, strings.NewReader(payload)
	}
	r, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("X-MBX-APIKEY", key)
	return r
}

func (w *wire) do(method, path string, pairs ...string) (int, map[string]any) {
	w.t.Helper()
	resp, err := w.client.Do(w.request(w.t.Context(), method, path, pairs...))
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var o map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&o); err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, o
}

func (w *wire) limit(id string, price string) (int, map[string]any) {
	w.t.Helper()
	return w.do("POST", "/api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "LIMIT", "timeInForce", "GTC", "quantity", "0.01", "price", price, "newClientOrderId", id)
}

// control asks the control endpoint.
func (w *wire) control(method, path, body string, headers ...string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.URL()+"/maru/v1/"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func (w *wire) fault(body string) {
	w.t.Helper()
	if status, text := w.control("POST", "faults", body); status != 200 {
		w.t.Fatal(text)
	}
}

func (w *wire) dial(path string) *websocket.Conn {
	w.t.Helper()
	conn, resp, err := websocket.DefaultDialer.DialContext(w.t.Context(), w.StreamURL()+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	w.t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	return conn
}

// listen subscribes to the user data stream.
func (w *wire) listen() *websocket.Conn {
	w.t.Helper()
	conn := w.dial(spot.WebSocketPath)
	at := w.now.Load() / 1e6
	signature := sign(fmt.Sprintf("apiKey=%s&timestamp=%d", key, at))
	text := fmt.Sprintf(`{"id":1,"method":"userDataStream.subscribe.signature","params":{"apiKey":%q,"timestamp":%d,"signature":%q}}`, key, at, signature)
	if err := conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		w.t.Fatal(err)
	}
	if got := w.read(conn); got["status"] != 200.0 {
		w.t.Fatal(got)
	}
	return conn
}

func (w *wire) read(conn *websocket.Conn) (o map[string]any) {
	w.t.Helper()
	if err := conn.ReadJSON(&o); err != nil {
		w.t.Fatal(err)
	}
	return o
}

func TestTradeOverTheWire(t *testing.T) {
	w := start(t)
	conn := w.listen()
	status, o := w.limit("a", "90000")
	if status != 200 || o["status"] != "NEW" {
		t.Fatal(status, o)
	}
	event := w.read(conn)["event"].(map[string]any)
	if event["e"] != "executionReport" || event["c"] != "a" || event["X"] != "NEW" {
		t.Fatal(event)
	}
	w.read(conn) // outboundAccountPosition
	resp, err := w.client.Do(w.request(t.Context(), "DELETE", "/api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "a"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("X-MBX-USED-WEIGHT-1M") == "" || resp.Header.Get("Content-Type") != "application/json;charset=UTF-8" {
		t.Error(resp.StatusCode, resp.Header)
	}
	if event := w.read(conn)["event"].(map[string]any); event["X"] != "CANCELED" {
		t.Error(event)
	}
	if status, o := w.do("GET", "/api/v3/userDataStream"); status != 410 {
		t.Error(status, o)
	}
	if err := w.Audit(); err != nil {
		t.Error(err)
	}
	// The ledger over HTTP is the one of the Go API.
	_, text := w.control("GET", "ledger?from=2&limit=3", "")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	entries := w.Ledger(2, 3)
	if len(lines) != 3 || len(entries) != 3 {
		t.Fatal(text)
	}
	for i, line := range lines {
		var e spot.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil || e != entries[i] || e.Seq != uint64(i+2) {
			t.Errorf("%s, want %+v: %v", line, entries[i], err)
		}
	}
}

func TestMarketStreamsOverTheWire(t *testing.T) {
	w := start(t, func(c *Config) { c.Venue.Market.EventsPerSecond = 2000 })
	conn := w.dial("/stream?streams=btcusdt@trade/btcusdt@depth@100ms")
	w.pass(2 * time.Second)
	seen := map[any]bool{}
	for len(seen) < 2 {
		seen[w.read(conn)["stream"]] = true
	}
	if !seen["btcusdt@trade"] || !seen["btcusdt@depth@100ms"] {
		t.Error(seen)
	}
	if _, resp, err := websocket.DefaultDialer.Dial(w.StreamURL()+"/stream?timeUnit=x", nil); err == nil || resp.StatusCode != http.StatusBadRequest {
		t.Error(err, resp)
	}
	resp, err := w.client.Get(w.URL() + "/ws")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUpgradeRequired {
		t.Error(resp.StatusCode)
	}
}

func TestFaultsOverTheWire(t *testing.T) {
	w := start(t)
	w.fault(`{"kind":"accept_timeout","client_id":"lost"}`)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := w.client.Do(w.request(ctx, "POST", "/api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "LIMIT", "timeInForce", "GTC", "quantity", "0.01", "price", "90000", "newClientOrderId", "lost"))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if status, o := w.do("GET", "/api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "lost"); status != 200 || o["status"] != "NEW" {
		t.Error(status, o)
	}
	w.fault(`[{"kind":"accept_error","code":-1006,"status":500},{"kind":"ban","for":"10s"}]`)
	if status, _ := w.limit("b", "90000"); status != 418 {
		t.Error(status)
	}
	w.pass(10 * time.Second)
	if status, o := w.limit("c", "90000"); status != 500 || o["code"] != -1006.0 {
		t.Error(status, o)
	}
	// An answer that is late comes at its time, behind the fill.
	conn := w.listen()
	w.fault(`{"kind":"fill_before_ack","delay":"200ms"}`)
	began := time.Now()
	if status, o := w.do("POST", "/api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "0.001", "newClientOrderId", "quick"); status != 200 || o["status"] != "FILLED" {
		t.Error(status, o)
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
	if event := w.read(conn)["event"].(map[string]any); event["c"] != "quick" {
		t.Error(event)
	}
	w.fault(`{"kind":"cut"}`)
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			break
		}
	}
	// While it restarts nobody is answered; then it knows everything.
	w.fault(`{"kind":"restart","for":"5s"}`)
	if resp, err := w.client.Do(w.request(t.Context(), "GET", "/api/v3/account")); err == nil {
		resp.Body.Close()
		t.Error(resp.Status)
	}
	w.pass(5 * time.Second)
	if status, o := w.do("GET", "/api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "lost"); status != 200 || o["status"] != "NEW" {
		t.Error(status, o)
	}
	var listed struct {
		Faults []spot.FaultState
		Fired  map[spot.FaultKind]int
	}
	_, text := w.control("GET", "faults", "")
	if err := json.Unmarshal([]byte(text), &listed); err != nil || len(listed.Faults) != 6 || listed.Fired[spot.FaultCut] != 1 || listed.Fired[spot.FaultTimeout] != 0 {
		t.Error(text, err)
	}
	if status, text := w.control("DELETE", "faults?id=6", ""); status != 200 {
		t.Error(status, text)
	}
	if status, _ := w.control("DELETE", "faults?id=6", ""); status != 404 {
		t.Error(status)
	}
	if status, text := w.control("DELETE", "faults", ""); status != 200 || text != "{\"revoked\":5}\n" {
		t.Error(status, text)
	}
	if _, text := w.control("GET", "status", ""); !strings.Contains(text, `"audit":"ok"`) || !strings.Contains(text, `"restarts":1`) {
		t.Error(text)
	}
}

func TestControlIsLocal(t *testing.T) {
	w := start(t)
	for _, c := range []struct {
		headers []string
		body    string
		want    int
	}{
		{nil, `{"kind":"cut"}`, 200},
		{[]string{"Host", "evil.example:80"}, `{"kind":"cut"}`, 403},
		{[]string{"Origin", "http://evil.example"}, `{"kind":"cut"}`, 403},
		{[]string{"Origin", w.URL()}, `{"kind":"cut"}`, 200},
		{[]string{"Host", "localhost"}, `{"kind":"cut"}`, 200},
		{[]string{"Content-Type", "text/plain"}, `{"kind":"cut"}`, 403},
		{nil, `{"kind":"nothing"}`, 400},
		{nil, `{"kind":"cut","color":"red"}`, 400},
		{nil, `[{"kind":"timeout"},{"kind":"nothing"}]`, 400},
		{nil, ``, 400},
	} {
		if status, text := w.control("POST", "faults", c.body, c.headers...); status != c.want {
			t.Errorf("%v %s: %d %s, want %d", c.headers, c.body, status, text, c.want)
		}
	}
	if _, text := w.control("GET", "faults", ""); strings.Contains(text, `"kind":"timeout"`) {
		t.Error("half of a list was ordered:", text)
	}
	if status, _ := w.control("GET", "ledger?from=x", ""); status != 400 {
		t.Error(status)
	}
	if loopback("192.0.2.1") || loopback("example.com") || !loopback("::1") || !loopback("127.8.8.8") || !loopback("[::1]") {
		t.Error("loopback")
	}
}

func TestStateSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "venue.state")
	w := start(t, func(c *Config) { c.State = path })
	conn := w.listen()
	w.fault(`{"kind":"timeout","client_id":"z","times":2}`)
	if status, o := w.limit("a", "90000"); status != 200 {
		t.Fatal(o)
	}
	// It rests where the market goes, and is filled by it.
	if status, o := w.do("POST", "/api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "LIMIT", "timeInForce", "GTC", "quantity", "0.01", "price", "97249.5", "newClientOrderId", "b"); status != 200 {
		t.Fatal(o)
	}
	w.read(conn)
	for i := range 40 {
		w.pass(500 * time.Millisecond)
		if status, o := w.do("POST", "/api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "0.001", "newClientOrderId", fmt.Sprint("m", i)); status != 200 {
			t.Fatal(o)
		}
	}
	// As it is on disk now, a kill would leave it; the last line may be torn.
	state, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before := w.Ledger(0, 0)
	var last market.Timestamp
	w.Do(func(v *spot.Venue) { last = v.Now() })
	killed := filepath.Join(t.TempDir(), "killed.state")
	if err := os.WriteFile(killed, append(state, `{"t":18000`...), 0o600); err != nil {
		t.Fatal(err)
	}
	again := start(t, func(c *Config) {
		c.State = killed
		c.Clock = func() market.Timestamp { return last }
	})
	again.now.Store(int64(last))
	after := again.Ledger(0, 0)
	if len(after) < len(before) {
		t.Fatalf("%d entries, had %d", len(after), len(before))
	}
	for i, e := range before {
		if after[i] != e {
			t.Fatalf("entry %d: %+v, was %+v", i, after[i], e)
		}
	}
	if status, o := again.do("GET", "/api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "a"); status != 200 || o["status"] != "NEW" {
		t.Error(status, o)
	}
	if err := again.Audit(); err != nil {
		t.Error(err)
	}
	again.Do(func(v *spot.Venue) {
		if f := v.Faults(); len(f) != 1 || f[0].Fault.Kind != spot.FaultTimeout || f[0].Left != 2 {
			t.Errorf("%+v", f)
		}
	})
	// A restart on command reads the file, too.
	again.fault(`{"kind":"restart","for":"0s"}`)
	if err := again.Err(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	for name, change := range map[string]func(*Config){
		"seed 1, not 2":                  func(c *Config) { c.Venue.Market.Seed = 2 },
		"other accounts, keys or limits": func(c *Config) { c.Venue.Accounts[0].Keys[0].Secret = "other" },
		"not the state of a maru venue":  func(c *Config) { c.State = writeFile(t, "hello\n") },
		"remove the file to begin anew":  func(c *Config) { c.State = writeFile(t, "hello") },
		"line 2: invalid character":      func(c *Config) { c.State = writeFile(t, strings.SplitAfter(string(state), "\n")[0]+"x\n") },
		"no such file or directory":      func(c *Config) { c.State = filepath.Join(t.TempDir(), "no", "where") },
	} {
		c := Config{State: path, Venue: again.config}
		c.Venue.Accounts = append([]spot.Account(nil), c.Venue.Accounts...)
		c.Venue.Accounts[0].Keys = append([]spot.Key(nil), c.Venue.Accounts[0].Keys...)
		change(&c)
		if s, err := Start(t.Context(), c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
			if err == nil {
				s.Close()
			}
		}
	}
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestClockThatSleeps(t *testing.T) {
	w := start(t, func(c *Config) { c.Venue.Market.EventsPerSecond = 1000 })
	w.pass(24 * time.Hour)
	var trades uint64
	w.Do(func(v *spot.Venue) {
		if v.Now() != market.Timestamp(w.now.Load()) {
			t.Error(v.Now())
		}
		trades = v.Entries()
	})
	if trades != 0 {
		t.Error(trades)
	}
	if status, o := w.limit("a", "90000"); status != 200 {
		t.Error(o)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []Config{{Speed: -1}, {Speed: 2000}, {Tick: -1}, {Tick: time.Minute}, {Venue: spot.Config{Market: sim.Config{Instruments: 1}}}} {
		if s, err := Start(t.Context(), c); !errors.Is(err, sim.ErrConfig) {
			t.Errorf("%+v: %v", c, err)
			if err == nil {
				s.Close()
			}
		}
	}
	if _, err := Start(t.Context(), Config{Addr: "nowhere:x"}); err == nil {
		t.Error("it listens nowhere")
	}
}
