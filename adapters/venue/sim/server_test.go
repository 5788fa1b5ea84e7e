package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
)

// manual is a server whose time moves only when the test says so.
type manual struct {
	*Server
	now market.Timestamp
}

func start(t *testing.T, c Config) *manual {
	t.Helper()
	m := &manual{now: market.Seconds(1_800_000_000)}
	first := m.now
	c.Clock = func() market.Timestamp { return first }
	c.Tick = time.Second
	s, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	m.Server = s
	return m
}

func (m *manual) pass(d time.Duration) {
	m.now = m.now.Add(d)
	m.advance(m.now)
}

func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	d := websocket.Dialer{HandshakeTimeout: 10 * time.Second}
	conn, resp, err := d.Dial(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func read(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	op, text, err := conn.ReadMessage()
	if err != nil || op != websocket.TextMessage {
		t.Fatal(op, err)
	}
	return string(text)
}

func ask(t *testing.T, conn *websocket.Conn, request string) string {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(request)); err != nil {
		t.Fatal(err)
	}
	return read(t, conn)
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestRequestsOverWebSocket(t *testing.T) {
	s := start(t, Config{})
	conn := dial(t, s.URL()+"/ws")
	for _, c := range [][2]string{
		{`{"method":"LIST_SUBSCRIPTIONS","id":3}`, `{"result":[],"id":3}`},
		{`{"method":"SUBSCRIBE","params":["btcusdt@trade","005930krw@ticker","nothing@x"],"id":"a"}`, `{"result":null,"id":"a"}`},
		{`{"method":"LIST_SUBSCRIPTIONS","id":4}`, `{"result":["btcusdt@trade","005930krw@ticker","nothing@x"],"id":4}`},
		{`{"method":"UNSUBSCRIBE","params":["nothing@x"],"id":5}`, `{"result":null,"id":5}`},
		{`{"method":"LIST_SUBSCRIPTIONS"}`, `{"result":["btcusdt@trade","005930krw@ticker"],"id":null}`},
		{`{"method":"GET_PROPERTY","params":["combined"],"id":6}`, `{"result":false,"id":6}`},
		{`{"method":"SET_PROPERTY","params":["combined",1],"id":7}`, `{"code":1,"msg":"Invalid value type: expected Boolean","id":7}`},
		{`{"method":"SET_PROPERTY","params":["other",true],"id":8}`, `{"code":0,"msg":"Unknown property","id":8}`},
		{`{"method":"SET_PROPERTY","params":["combined",true],"id":9}`, `{"result":null,"id":9}`},
		{`{"method":"GET_PROPERTY","params":["combined"],"id":10}`, `{"result":true,"id":10}`},
		{`{"method":"SUBSCRIBE","params":"x","id":11}`, `{"code":2,"msg":"Invalid request: params must be an array of stream names","id":11}`},
		{`{"method":"WHAT","id":12}`, "{\"code\":2,\"msg\":\"Invalid request: unknown variant `WHAT`, expected one of SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY, GET_PROPERTY\",\"id\":12}"},
		{`x`, `{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}`},
	} {
		if got := ask(t, conn, c[0]); got != c[1] {
			t.Errorf("%s → %s, want %s", c[0], got, c[1])
		}
	}
	var names []string
	for i := range streamsMax + 1 {
		names = append(names, fmt.Sprintf(`"s%d@trade"`, i))
	}
	if got := ask(t, conn, `{"method":"SUBSCRIBE","params":[`+strings.Join(names, ",")+`],"id":1}`); !strings.HasPrefix(got, `{"code":2,`) {
		t.Errorf("too many streams → %s", got)
	}
	s.pass(1100 * time.Millisecond)
	seen := map[string]bool{}
	for len(seen) < 2 {
		var f struct{ Stream string }
		if err := json.Unmarshal([]byte(read(t, conn)), &f); err != nil {
			t.Fatal(err)
		}
		seen[f.Stream] = true
	}
	if !seen["btcusdt@trade"] || !seen["005930krw@ticker"] {
		t.Errorf("streams seen: %v", seen)
	}
}

func TestPathsChooseTheShape(t *testing.T) {
	s := start(t, Config{})
	raw := dial(t, s.URL()+"/ws/btcusdt@ticker")
	wrapped := dial(t, s.URL()+"/stream?streams=btcusdt@ticker/ethusdt@ticker")
	ask(t, raw, `{"method":"LIST_SUBSCRIPTIONS","id":1}`) // both are known to the server now
	ask(t, wrapped, `{"method":"LIST_SUBSCRIPTIONS","id":1}`)
	s.pass(time.Second)
	a, b := read(t, raw), read(t, wrapped)
	if !strings.HasPrefix(a, `{"e":"24hrTicker","E":1800000001000,"s":"BTCUSDT",`) || b != `{"stream":"btcusdt@ticker","data":`+a+`}` {
		t.Errorf("raw %s\nwrapped %s", a, b)
	}
}

func TestREST(t *testing.T) {
	s := start(t, Config{})
	s.pass(3 * time.Second)
	for _, c := range []struct {
		path, want string
		status     int
	}{
		{"/ping", `{}`, 200},
		{"/time", `{"serverTime":1800000003000}`, 200},
		{"/depth", `{"code":-1102,"msg":"Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."}`, 400},
		{"/depth?symbol=NOPE", `{"code":-1121,"msg":"Invalid symbol."}`, 400},
		{"/depth?symbol=btcusdt", `{"code":-1100,"msg":"Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'."}`, 400},
		{"/depth?symbol=BTCUSDT&limit=x", `{"code":-1100,"msg":"Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'."}`, 400},
		{"/trades?symbol=NOPE", `{"code":-1121,"msg":"Invalid symbol."}`, 400},
		{"/exchangeInfo?symbol=BTCUSDT&symbols=[]", `{"code":-1128,"msg":"Combination of optional parameters invalid."}`, 400},
		{"/exchangeInfo?symbols=x", "", 400},
		{"/nothing", `{"code":-1000,"msg":"maru sim: no GET /api/v3/nothing here"}`, 404},
	} {
		if status, body := get(t, s.RESTURL()+"/api/v3"+c.path); status != c.status || c.want != "" && body != c.want {
			t.Errorf("%s: %d %s, want %d %s", c.path, status, body, c.status, c.want)
		}
	}
	decode := func(path string, v any) {
		t.Helper()
		status, body := get(t, s.RESTURL()+"/api/v3"+path)
		if err := json.Unmarshal([]byte(body), v); status != 200 || err != nil {
			t.Fatalf("%s: %d %v %.200s", path, status, err, body)
		}
	}
	var info struct {
		Symbols []struct {
			Symbol, Status, BaseAsset, QuoteAsset string
			Filters                               []map[string]any
		}
	}
	decode("/exchangeInfo", &info)
	if len(info.Symbols) != 24 {
		t.Fatalf("%d symbols", len(info.Symbols))
	}
	found := 0
	for i, sym := range info.Symbols {
		l := s.Listings()[i]
		if sym.Symbol != l.Symbol || sym.BaseAsset != l.Instrument.Base() || sym.QuoteAsset != l.Instrument.Quote() || sym.Status != "TRADING" {
			t.Errorf("symbol %+v", sym)
		}
		filters := map[string]map[string]any{}
		for _, f := range sym.Filters {
			filters[f["filterType"].(string)] = f
		}
		if got := filters["LOT_SIZE"]["stepSize"]; market.MustDecimal(got.(string)) != l.LotSize.Decimal {
			t.Errorf("%s: lot %v", sym.Symbol, got)
		}
		if n := filters["NOTIONAL"]["minNotional"]; (n != nil) != (l.MinNotional.Sign() > 0) {
			t.Errorf("%s: notional %v", sym.Symbol, n)
		}
		if sym.Symbol == "005930KRW" {
			found++
			if got := filters["PRICE_FILTER"]["tickSize"]; got != "100.00000000" {
				t.Errorf("005930KRW about 78,400 has tick size %v", got)
			}
		}
	}
	if found != 1 {
		t.Error("no 005930KRW")
	}
	decode("/exchangeInfo?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D", &info)
	if len(info.Symbols) != 2 {
		t.Errorf("%d symbols of 2", len(info.Symbols))
	}
	var book struct {
		LastUpdateID uint64
		Bids, Asks   [][2]string
	}
	decode("/depth?symbol=BTCUSDT&limit=5", &book)
	if len(book.Bids) != 5 || len(book.Asks) != 5 || book.LastUpdateID == 0 {
		t.Errorf("book %+v", book)
	}
	var trades []struct {
		ID           uint64
		Price, Qty   string
		Time         int64
		IsBuyerMaker bool
		QuoteQty     string
	}
	decode("/trades?symbol=BTCUSDT&limit=3", &trades)
	for i, tr := range trades {
		q, err := market.MustDecimal(tr.Price).Mul(market.MustDecimal(tr.Qty))
		if err != nil || q != market.MustDecimal(tr.QuoteQty) || i > 0 && tr.ID != trades[i-1].ID+1 {
			t.Errorf("trade %+v", tr)
		}
	}
	if len(trades) != 3 {
		t.Errorf("%d trades of 3", len(trades))
	}
	var one struct{ Symbol, LastPrice, PriceChange, OpenPrice string }
	decode("/ticker/24hr?symbol=ETHUSDT", &one)
	change, err := market.MustDecimal(one.LastPrice).Sub(market.MustDecimal(one.OpenPrice))
	if one.Symbol != "ETHUSDT" || err != nil || change != market.MustDecimal(one.PriceChange) {
		t.Errorf("ticker %+v", one)
	}
	var many []struct{ Symbol string }
	if decode("/ticker/24hr", &many); len(many) != 24 {
		t.Errorf("%d tickers", len(many))
	}
}

// One that does not read loses its connection; the others notice nothing.
func TestSlowClientIsDropped(t *testing.T) {
	s := start(t, Config{EventsPerSecond: 50_000})
	var names []string
	for _, l := range s.Listings() {
		for _, kind := range []EventKind{EventTrade, EventBBO, EventDepth, EventTicker} {
			names = append(names, streamName(l.Symbol, kind))
		}
	}
	url := s.URL() + "/stream?streams=" + strings.Join(names, "/")
	slow := dial(t, url)
	ask(t, slow, `{"method":"LIST_SUBSCRIPTIONS","id":1}`)
	quick := dial(t, s.URL()+"/ws/btcusdt@ticker")
	ask(t, quick, `{"method":"LIST_SUBSCRIPTIONS","id":1}`)
	for i := 1; s.Dropped() == 0; i++ {
		if i > 2000 {
			t.Fatal("the slow client is never dropped")
		}
		s.pass(time.Second)
		if got := read(t, quick); !strings.HasPrefix(got, fmt.Sprintf(`{"e":"24hrTicker","E":%d`, 1_800_000_000_000+1000*i)) {
			t.Fatalf("the quick client got %.80s in second %d", got, i)
		}
	}
	for {
		if _, _, err := slow.ReadMessage(); err != nil {
			break
		}
	}
	s.pass(time.Second)
	read(t, quick)
	if s.Dropped() != 1 {
		t.Errorf("%d dropped", s.Dropped())
	}
}

// The real clock drives it, and the end of the context ends it.
func TestStartRunsAndStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := Start(ctx, Config{Tick: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	conn := dial(t, s.URL()+"/ws/btcusdt@bookTicker/btcusdt@depth@100ms/btcusdt@trade")
	for range 5 {
		read(t, conn)
	}
	var stopped sync.WaitGroup
	stopped.Go(func() {
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	})
	cancel()
	stopped.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Start(t.Context(), Config{Instruments: 1}); err == nil {
		t.Error("a bad config starts")
	}
}

func TestSleepIsLeftOut(t *testing.T) {
	s := start(t, Config{EventsPerSecond: 1_000_000})
	began := time.Now()
	s.pass(24 * time.Hour)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("a day took %v", took)
	}
	if _, body := get(t, s.RESTURL()+"/api/v3/time"); body != fmt.Sprintf(`{"serverTime":%d}`, int64(s.now)/1e6) {
		t.Errorf("time %s", body)
	}
}

// Whatever a client says, the answer is JSON and nothing breaks.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"method":"SUBSCRIBE","params":["a@trade"],"id":1}`))
	f.Add([]byte(`{"method":"SET_PROPERTY","params":["combined",true],"id":{"a":[]}}`))
	f.Add([]byte(`{"method":"\"","params":null}`))
	f.Fuzz(func(t *testing.T, said []byte) {
		var s subscription
		if answer := s.handle(said); !json.Valid(answer) {
			t.Fatalf("%q → %q", said, answer)
		}
	})
}
