package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/capture"
	"github.com/maru-trading/maru/internal/testdata"
)

// record writes a session into a file of its own.
func record(t testing.TB, rows ...capture.Row) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.frames.gz")
	w, err := capture.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func text(at market.Timestamp, payload string) capture.Row {
	return capture.Row{At: at, Kind: capture.KindReceived, Meta: capture.MetaText, Payload: []byte(payload)}
}

// numbered is a session of n frames {"n":1}, {"n":2} … a millisecond apart.
func numbered(t testing.TB, n int) string {
	rows := make([]capture.Row, n)
	for i := range rows {
		rows[i] = text(market.Milliseconds(int64(1000+i)), fmt.Sprintf(`{"n":%d}`, i+1))
	}
	return record(t, rows...)
}

func serve(t testing.TB, c Config) *Server {
	t.Helper()
	if c.Venue == "" {
		c.Venue = "other"
	}
	if c.SubscribeWait == 0 {
		c.SubscribeWait = -1
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c, ok := c.Clock.(*steppedClock); ok {
			close(c.over)
		}
		s.Close()
	})
	return s
}

func dial(t testing.TB, s *Server, path string, subprotocols ...string) *websocket.Conn {
	t.Helper()
	d := websocket.Dialer{Subprotocols: subprotocols, HandshakeTimeout: 10 * time.Second, ReadBufferSize: 64 << 10}
	conn, resp, err := d.Dial(s.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// drain reads to the end of a connection.
func drain(conn *websocket.Conn) (frames []string, end error) {
	for {
		_, payload, err := conn.ReadMessage()
		if err != nil {
			return frames, err
		}
		frames = append(frames, string(payload))
	}
}

func endedWell(err error) bool {
	var e *websocket.CloseError
	return errors.As(err, &e) && e.Code == websocket.CloseNormalClosure && e.Text == EndReason
}

func waitDone(t testing.TB, s *Server) {
	t.Helper()
	select {
	case <-s.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("the session does not end")
	}
	if err := s.Err(); err != nil {
		t.Error(err)
	}
}

func get(t testing.TB, url string, header ...string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

func TestRecordedBinanceSessionArrivesWhole(t *testing.T) {
	path := testdata.Path(t, "binance/spot-btcusdt-20240808.frames.gz")
	s := serve(t, Config{Venue: "binance", Files: []string{path}})
	conn := dial(t, s, "/stream?streams=btcusdt@trade/btcusdt@depth@100ms/btcusdt@bookTicker")
	frames, end := drain(conn)
	if !endedWell(end) {
		t.Errorf("ended with %v", end)
	}
	waitDone(t, s)
	r, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var snapshot string
	i := 0
	for {
		row, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(row.Payload, []byte(`{"lastUpdateId"`)) {
			snapshot = string(row.Payload)
			continue
		}
		if i >= len(frames) || frames[i] != string(row.Payload) {
			t.Fatalf("frame %d differs from the recording", i)
		}
		i++
	}
	st := s.Stats()
	if i != len(frames) || st.Sent["trade"] != 9757 || st.Sent["depth"] != 3451 || st.Sent["bookTicker"] != 28040 || len(st.Sent) != 3 {
		t.Errorf("%d of %d frames, counts %v", len(frames), i, st.Sent)
	}
	for _, url := range []string{"/api/v3/depth?symbol=BTCUSDT&limit=5000", "/api/v1/depth?limit=10&symbol=BTCUSDT"} {
		status, body, header := get(t, s.RESTURL()+url)
		if status != 200 || body != snapshot || header.Get(HeaderRecorded) != "1723161254206652067" {
			t.Errorf("%s: status %d, %d bytes, recorded at %q", url, status, len(body), header.Get(HeaderRecorded))
		}
	}
	for _, url := range []string{"/api/v3/depth?symbol=ETHUSDT", "/api/v3/exchangeInfo"} {
		status, body, _ := get(t, s.RESTURL()+url)
		if status != 404 || !strings.Contains(body, `"code":-1000`) || !strings.Contains(body, url) {
			t.Errorf("%s: status %d, %s", url, status, body)
		}
	}
	if st := s.Stats(); st.RESTServed != 2 || st.RESTMissing != 2 {
		t.Errorf("REST counts %+v", st)
	}
	if _, end := drain(dial(t, s, "/ws")); !endedWell(end) {
		t.Errorf("a client behind the end gets %v", end)
	}
}

// everyPair asks for all that the recorded session of Upbit holds.
const everyPair = `[{"ticket":"x"},{"format":"SIMPLE"},
 {"type":"trade","codes":["KRW-STX","KRW-ANKR","BTC-FLOW","BTC-BASIC","KRW-IQ","USDT-ADA","BTC-CHZ","KRW-DAWN","KRW-BAT","KRW-ADA"]},
 {"type":"orderbook","codes":["KRW-STX.15","KRW-ANKR.15","BTC-FLOW.15","BTC-BASIC","KRW-IQ","USDT-ADA","BTC-CHZ","KRW-DAWN","KRW-BAT","KRW-ADA"]}]`

func TestRecordedUpbitSessionArrivesWhole(t *testing.T) {
	path := testdata.Path(t, "upbit/ws-simple-trade-orderbook-20210405-head.frames.gz")
	rest := testdata.Path(t, "upbit/rest-market-all-20210417.frames.gz")
	s := serve(t, Config{Venue: "upbit", Files: []string{path, rest}, SubscribeWait: time.Hour})
	conn := dial(t, s, "/websocket/v1")
	if err := conn.WriteMessage(websocket.TextMessage, []byte("PING")); err != nil {
		t.Fatal(err)
	}
	if op, pong, err := conn.ReadMessage(); err != nil || op != websocket.TextMessage || string(pong) != `{"status":"UP"}` {
		t.Fatalf("PING is answered by %d %q %v", op, pong, err)
	}
	if err := conn.WriteMessage(websocket.TextMessage, []byte(everyPair)); err != nil {
		t.Fatal(err)
	}
	op, _, err := conn.ReadMessage()
	if err != nil || op != websocket.BinaryMessage {
		t.Errorf("the first frame has opcode %d, %v; it was recorded as binary", op, err)
	}
	frames, end := drain(conn)
	if st := s.Stats(); len(frames) != 1038 || !endedWell(end) || st.Sent["trade"] != 380 || st.Sent["orderbook"] != 659 {
		t.Errorf("%d frames behind the first, %v, %v", len(frames), end, st.Sent)
	}
	status, body, _ := get(t, s.RESTURL()+"/v1/market/all?isDetails=true")
	if status != 200 || !strings.HasPrefix(body, `[{"market":"KRW-BTC"`) {
		t.Errorf("markets: %d %.40s", status, body)
	}
	if status, body, _ := get(t, s.RESTURL()+"/v1/ticker?markets=KRW-BTC"); status != 404 || !strings.Contains(body, `"not_recorded"`) {
		t.Errorf("ticker: %d %s", status, body)
	}
}

func TestRecordedRESTRowsOfTenPairs(t *testing.T) {
	path := testdata.Path(t, "binance/spot-10pairs-20210405.frames.gz")
	s := serve(t, Config{Venue: "binance", Files: []string{path}})
	for _, symbol := range []string{"ZILUSDT", "BTCAUD", "AXSBNB"} {
		if status, body, _ := get(t, s.RESTURL()+"/api/v3/depth?symbol="+symbol+"&limit=100"); status != 200 || !strings.Contains(body, `"lastUpdateId"`) {
			t.Errorf("%s: %d %.60s", symbol, status, body)
		}
	}
	frames, end := drain(dial(t, s, "/ws/zilusdt@depth@100ms/zilusdt@bookTicker"))
	st := s.Stats()
	if !endedWell(end) || len(frames) == 0 || uint64(len(frames))+st.Unwanted != 11357 || len(st.Sent) != 2 {
		t.Errorf("%d frames, %d unwanted, %v, %v", len(frames), st.Unwanted, st.Sent, end)
	}
	for _, f := range frames {
		if !strings.HasPrefix(f, `{"stream":"zilusdt@depth@100ms"`) && !strings.HasPrefix(f, `{"stream":"zilusdt@bookTicker"`) {
			t.Fatalf("unwanted frame %.60s", f)
		}
	}
}

func TestBinanceSubscribesByMessage(t *testing.T) {
	path := record(t,
		text(1, `{"result":null,"id":77}`), // the recorded client's, not ours
		text(2, `{"stream":"a@trade","data":{"n":1}}`),
		text(3, `{"stream":"b@trade","data":{"n":2}}`),
		text(4, `{"stream":"a@depth@0ms","data":{"n":3}}`),
		text(5, `{"e":"serverShutdown"}`),
	)
	s := serve(t, Config{Venue: "sim", Files: []string{path}, SubscribeWait: time.Hour})
	conn := dial(t, s, "/ws")
	for _, exchange := range [][2]string{
		{`{"method":"LIST_SUBSCRIPTIONS","id":1}`, `{"result":[],"id":1}`},
		{`{"method":"NONSENSE","id":2}`, "{\"code\":2,\"msg\":\"Invalid request: unknown variant `NONSENSE`\",\"id\":2}"},
		{`nonsense`, `{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}`},
		{`{"method":"SUBSCRIBE","params":["A@trade","a@depth@100ms"],"id":"x"}`, `{"result":null,"id":"x"}`},
	} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(exchange[0])); err != nil {
			t.Fatal(err)
		}
		if _, got, err := conn.ReadMessage(); err != nil || string(got) != exchange[1] {
			t.Fatalf("%s → %s, %v; want %s", exchange[0], got, err, exchange[1])
		}
	}
	frames, end := drain(conn)
	want := []string{`{"stream":"a@trade","data":{"n":1}}`, `{"stream":"a@depth@0ms","data":{"n":3}}`, `{"e":"serverShutdown"}`}
	if !slices.Equal(frames, want) || !endedWell(end) {
		t.Errorf("%q, %v", frames, end)
	}
}

func TestClientIsHeardOut(t *testing.T) {
	path := record(t, text(1, `{"stream":"a@trade","n":1}`), text(2, `{"stream":"b@trade","n":2}`), text(3, `{"stream":"c@trade","n":3}`))
	s := serve(t, Config{Venue: "binance", Files: []string{path}, Requests: 2, SubscribeWait: time.Hour})
	conn := dial(t, s, "/stream")
	for i, name := range []string{"a@trade", "b@trade"} {
		if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"method":"SUBSCRIBE","params":[%q],"id":%d}`, name, i)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := conn.ReadMessage(); err != nil || string(got) != fmt.Sprintf(`{"result":null,"id":%d}`, i) {
			t.Fatalf("request %d → %s, %v", i, got, err)
		}
	}
	if frames, _ := drain(conn); len(frames) != 2 {
		t.Errorf("%q", frames)
	}
	s = serve(t, Config{Venue: "binance", Files: []string{path}, Requests: 2, SubscribeWait: time.Millisecond})
	if frames, _ := drain(dial(t, s, "/stream")); len(frames) != 3 {
		t.Errorf("a client that says nothing gets %q", frames)
	}
}

func TestSessionsMergeByTime(t *testing.T) {
	a := record(t, text(1, "a1"), text(4, "a4"), text(9, "a9"))
	b := record(t, text(1, "b1"), text(5, "b5"), text(6, "b6"))
	zero := record(t, text(0, "z"))
	s := serve(t, Config{Files: []string{a, b, zero}})
	frames, _ := drain(dial(t, s, "/"))
	if want := []string{"z", "a1", "b1", "a4", "b5", "b6", "a9"}; !slices.Equal(frames, want) {
		t.Errorf("%q, want %q", frames, want)
	}
}

func TestStamps(t *testing.T) {
	path := record(t, text(7, "text"), capture.Row{At: 8, Kind: capture.KindReceived, Meta: capture.MetaBinaryBase64, Payload: []byte{0, 10, 255}})
	s := serve(t, Config{Venue: "upbit", Files: []string{path}, SubscribeWait: time.Hour})
	conn := dial(t, s, "/", "other", Subprotocol)
	if conn.Subprotocol() != Subprotocol {
		t.Fatalf("subprotocol %q", conn.Subprotocol())
	}
	for _, request := range []string{"PING", "[]"} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(request)); err != nil {
			t.Fatal(err)
		}
	}
	type stamped struct {
		at      market.Timestamp
		binary  bool
		payload string
	}
	var got []stamped
	for {
		op, message, err := conn.ReadMessage()
		if err != nil {
			break
		}
		at, isBinary, payload, err := ParseStamped(message)
		if op != websocket.BinaryMessage || err != nil {
			t.Fatal(op, err)
		}
		got = append(got, stamped{at, isBinary, string(payload)})
	}
	want := []stamped{{0, false, `{"status":"UP"}`}, {7, false, "text"}, {8, true, "\x00\n\xff"}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, message := range []string{"", "12345678", "12345678\x09"} {
		if _, _, _, err := ParseStamped([]byte(message)); err == nil {
			t.Errorf("%q is taken for a stamped message", message)
		}
	}
}

func TestFrameSizes(t *testing.T) {
	var rows []capture.Row
	sizes := []int{0, 1, 125, 126, 65535, 65536, 3 << 20, 2}
	for i, n := range sizes {
		rows = append(rows, text(market.Timestamp(i+1), strings.Repeat("x", n)))
	}
	s := serve(t, Config{Files: []string{record(t, rows...)}})
	frames, end := drain(dial(t, s, "/"))
	if len(frames) != len(sizes) || !endedWell(end) {
		t.Fatalf("%d frames, %v", len(frames), end)
	}
	for i := range frames {
		if len(frames[i]) != sizes[i] {
			t.Errorf("frame %d has %d bytes, want %d", i, len(frames[i]), sizes[i])
		}
	}
}

func TestPingsAreAnswered(t *testing.T) {
	clock := newSteppedClock()
	s := serve(t, Config{Files: []string{numbered(t, 5)}, Speed: 1, Clock: clock})
	conn := dial(t, s, "/")
	pong := make(chan string, 1)
	conn.SetPongHandler(func(text string) error { pong <- text; return nil })
	if err := conn.WriteControl(websocket.PingMessage, []byte("hello"), time.Now().Add(10*time.Second)); err != nil {
		t.Fatal(err)
	}
	go drain(conn)
	select {
	case text := <-pong:
		if text != "hello" {
			t.Errorf("pong %q", text)
		}
	case <-time.After(10 * time.Second):
		t.Error("no pong")
	}
}

// steppedClock tells how long the server means to wait, and moves only when told to.
type steppedClock struct {
	now   market.Timestamp
	asked chan time.Duration
	fire  chan time.Time
	over  chan struct{}
}

func (c *steppedClock) Now() market.Timestamp { return market.Seconds(1000) + c.now }

func (c *steppedClock) After(d time.Duration) <-chan time.Time {
	fired := make(chan time.Time, 1)
	select {
	case c.asked <- d:
		c.now += market.Timestamp(d) // the server's goroutine alone reads it
		fired <- time.Time{}
	case <-c.fire:
	case <-c.over:
	}
	return fired
}

func newSteppedClock() *steppedClock {
	return &steppedClock{asked: make(chan time.Duration), fire: make(chan time.Time), over: make(chan struct{})}
}

func TestPaceFollowsTheRecording(t *testing.T) {
	rows := []capture.Row{
		text(market.Milliseconds(5000), "1"),
		text(market.Milliseconds(5000), "2"),
		text(market.Milliseconds(5100), "3"),
		text(market.Milliseconds(7100), "4"),
		text(market.Seconds(100_000_000), "5"), // years later
	}
	for _, c := range []struct {
		speed float64
		waits []time.Duration
	}{
		{1, []time.Duration{100 * time.Millisecond, 2 * time.Second, silenceMax}},
		{10, []time.Duration{10 * time.Millisecond, 200 * time.Millisecond, silenceMax / 10}},
		{0, nil},
	} {
		clock := newSteppedClock()
		s := serve(t, Config{Files: []string{record(t, rows...)}, Speed: c.speed, Clock: clock})
		conn := dial(t, s, "/")
		read := func(want string) {
			if _, got, err := conn.ReadMessage(); err != nil || string(got) != want {
				t.Fatalf("speed %v: %q, %v; want %q", c.speed, got, err, want)
			}
		}
		read("1") // also sent before the wait begins, not gathered
		read("2")
		for i, want := range c.waits {
			select {
			case got := <-clock.asked:
				if got != want {
					t.Errorf("speed %v: wait %d is %v, want %v", c.speed, i, got, want)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("speed %v: no wait %d", c.speed, i)
			}
			read(strconv.Itoa(i + 3))
		}
		if c.waits == nil {
			read("3")
			read("4")
			read("5")
		}
		waitDone(t, s)
	}
}

func TestPacerKeepsTheAverage(t *testing.T) {
	p := pacer{speed: 1}
	start := market.Seconds(50)
	now := start
	for i := range 1001 { // each wait ends late by a little, which must not add up
		if w := p.wait(market.Milliseconds(int64(i)+1), now); w > 0 {
			now += market.Timestamp(w) + market.Timestamp(100*time.Microsecond)
			if again := p.wait(market.Milliseconds(int64(i)+1), now); again != 0 {
				t.Fatalf("frame %d is still %v away", i, again)
			}
		}
	}
	if took := now.Sub(start); took < 999*time.Millisecond || took > 1002*time.Millisecond {
		t.Errorf("a second took %v", took)
	}
	p.rest()
	if w := p.wait(market.Seconds(9), now); w != 0 {
		t.Errorf("behind a rest the next frame waits %v", w)
	}
	if w := p.wait(market.Seconds(8), now); w != 0 {
		t.Errorf("time that goes backwards waits %v", w)
	}
}

// readThrough reads a whole session over as many connections as it takes.
func readThrough(t *testing.T, s *Server) (frames []string, connections int) {
	t.Helper()
	for {
		connections++
		part, end := drain(dial(t, s, "/"))
		frames = append(frames, part...)
		if endedWell(end) {
			return frames, connections
		}
		if !websocket.IsCloseError(end, websocket.CloseAbnormalClosure) {
			t.Fatalf("connection %d ended with %v", connections, end)
		}
	}
}

func wantNumbers(n int, left func(i int) int) []string {
	var want []string
	for i := 1; i <= n; i++ {
		for range left(i) {
			want = append(want, fmt.Sprintf(`{"n":%d}`, i))
		}
	}
	return want
}

func TestReconnectGoesOnWhereItStopped(t *testing.T) {
	const n = 5000
	path := numbered(t, n)
	whole := wantNumbers(n, func(int) int { return 1 })
	for name, c := range map[string]struct {
		faults      Faults
		connections int
		cuts        uint64
	}{
		"once":        {Faults{CutAfter: 1234}, 2, 1},
		"every":       {Faults{CutEvery: 1000}, 6, 5},
		"both":        {Faults{CutAfter: 10, CutEvery: 2500}, 4, 3},
		"every frame": {Faults{CutAfter: 1}, 2, 1},
	} {
		s := serve(t, Config{Files: []string{path}, Faults: c.faults})
		frames, connections := readThrough(t, s)
		if !slices.Equal(frames, whole) {
			t.Errorf("%s: %d frames, want %d, each once and in order", name, len(frames), n)
		}
		st := s.Stats()
		if connections != c.connections || st.Cuts != c.cuts || st.Connections != uint64(connections) {
			t.Errorf("%s: %d connections, stats %+v", name, connections, st)
		}
	}
}

func TestFaultsAreCountedAndRepeatable(t *testing.T) {
	const n = 3000
	path := numbered(t, n)
	play := func(f Faults) ([]string, Stats) {
		s := serve(t, Config{Files: []string{path}, Faults: f})
		frames, _ := readThrough(t, s)
		return frames, s.Stats()
	}
	faults := Faults{Seed: 7, RepeatOneIn: 10, DropOneIn: 20, CorruptOneIn: 30, CutEvery: 700}
	frames, st := play(faults)
	again, _ := play(faults)
	if !slices.Equal(frames, again) {
		t.Error("the same seed gave another run")
	}
	faults.Seed = 8
	if other, _ := play(faults); slices.Equal(frames, other) {
		t.Error("another seed gave the same run")
	}
	if len(frames) != n+int(st.Repeated)-int(st.Dropped) || st.Frames() != uint64(len(frames)) {
		t.Errorf("%d frames of %d, stats %+v", len(frames), n, st)
	}
	whole := map[string]bool{}
	for _, f := range wantNumbers(n, func(int) int { return 1 }) {
		whole[f] = true
	}
	broken := 0
	for _, f := range frames {
		if !whole[f] {
			broken++
		}
	}
	if uint64(broken) != st.Corrupted {
		t.Errorf("%d broken frames, %d counted", broken, st.Corrupted)
	}
	for what, share := range map[string][2]float64{
		"repeated": {float64(st.Repeated), 10}, "dropped": {float64(st.Dropped), 20}, "corrupted": {float64(st.Corrupted), 30},
	} {
		if want := n / share[1]; share[0] < want*0.6 || share[0] > want*1.4 {
			t.Errorf("%s %v of %d, want about %v", what, share[0], n, want)
		}
	}
	if frames, _ := play(Faults{RepeatOneIn: 1}); !slices.Equal(frames, wantNumbers(n, func(int) int { return 2 })) {
		t.Error("repeating every frame is not that")
	}
	if frames, st := play(Faults{DropOneIn: 1}); len(frames) != 0 || st.Dropped != n {
		t.Errorf("dropping every frame left %d", len(frames))
	}
}

func TestStallWaitsThenGoesOn(t *testing.T) {
	clock := newSteppedClock()
	s := serve(t, Config{Files: []string{numbered(t, 10)}, Clock: clock, Faults: Faults{StallAfter: 4, StallFor: 90 * time.Second}})
	conn := dial(t, s, "/")
	for i := 1; i <= 4; i++ {
		if _, got, err := conn.ReadMessage(); err != nil || string(got) != fmt.Sprintf(`{"n":%d}`, i) {
			t.Fatal(string(got), err)
		}
	}
	if got := <-clock.asked; got != 90*time.Second {
		t.Errorf("stalls for %v", got)
	}
	if frames, end := drain(conn); len(frames) != 6 || !endedWell(end) {
		t.Errorf("%d frames behind the stall, %v", len(frames), end)
	}
}

func TestReconnectEndsAStall(t *testing.T) {
	clock := newSteppedClock()
	s := serve(t, Config{Files: []string{numbered(t, 10)}, Clock: clock, Faults: Faults{StallAfter: 4, StallFor: 90 * time.Second}})
	conn := dial(t, s, "/")
	for range 4 {
		if _, _, err := conn.ReadMessage(); err != nil {
			t.Fatal(err)
		}
	}
	clock.fire <- time.Time{} // the wait has begun and will never be over
	conn.Close()
	if frames, end := drain(dial(t, s, "/")); len(frames) != 6 || frames[0] != `{"n":5}` || !endedWell(end) {
		t.Errorf("%q, %v", frames, end)
	}
}

func TestClientsWaitForEachOther(t *testing.T) {
	path := record(t,
		text(1, `{"stream":"a@trade","n":1}`), text(2, `{"stream":"b@trade","n":2}`), text(3, `{"stream":"a@trade","n":3}`))
	s := serve(t, Config{Venue: "binance", Files: []string{path}, Clients: 2})
	a := dial(t, s, "/ws/a@trade")
	b := dial(t, s, "/ws/b@trade")
	fa, _ := drain(a)
	fb, _ := drain(b)
	if len(fa) != 2 || len(fb) != 1 {
		t.Errorf("%q and %q", fa, fb)
	}
}

func TestLoopStartsAgain(t *testing.T) {
	s := serve(t, Config{Files: []string{numbered(t, 100)}, Loop: true})
	for i := range 3 {
		if frames, end := drain(dial(t, s, "/")); len(frames) != 100 || !endedWell(end) {
			t.Fatalf("round %d: %d frames, %v", i, len(frames), end)
		}
	}
	select {
	case <-s.Done():
		t.Error("a loop is done")
	default:
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	waitDone(t, s)
}

func TestRESTServesTheNewestUpToThePosition(t *testing.T) {
	http := func(at market.Timestamp, body string) capture.Row {
		return capture.Row{At: at, Kind: capture.KindHTTP, Meta: "https://api.example.com/api/v1/depth?symbol=A&limit=9", Payload: []byte(body)}
	}
	path := record(t, text(5, "x"), http(10, "first"), text(15, "y"), http(20, "second"), text(25, "z"))
	s := serve(t, Config{Venue: "binance", Files: []string{path}})
	recorded := map[string]string{"first": "10", "second": "20"}
	ask := func(want string, header ...string) {
		t.Helper()
		if status, body, h := get(t, s.RESTURL()+"/api/v3/depth?limit=5&symbol=a", header...); status != 200 || body != want || h.Get(HeaderRecorded) != recorded[want] {
			t.Errorf("%v: %d %q of %s, want %q", header, status, body, h.Get(HeaderRecorded), want)
		}
	}
	ask("first")
	for position, want := range map[string]string{"0": "first", "5": "first", "10": "first", "19": "first", "20": "second", "99": "second"} {
		ask(want, HeaderPosition, position)
	}
	// Before the first there was none: these are early, and it is said.
	if st := s.Stats(); st.RESTServed != 7 || st.RESTEarly != 3 {
		t.Errorf("%d answers, %d of them early", st.RESTServed, st.RESTEarly)
	}
	if status, _, _ := get(t, s.RESTURL()+"/api/v3/depth?symbol=A", HeaderPosition, "x"); status != 400 {
		t.Errorf("a bad position gives %d", status)
	}
	drain(dial(t, s, "/"))
	ask("second")
	resp, err := httpPost(s.RESTURL() + "/api/v3/order")
	if err != nil || resp != 405 {
		t.Errorf("POST: %d %v", resp, err)
	}
}

func httpPost(url string) (int, error) {
	resp, err := http.Post(url, "application/json", strings.NewReader("{}"))
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// On a raw stream of partial books the same shape is a frame, not a REST body.
func TestRawPartialBooksAreFrames(t *testing.T) {
	path := record(t, text(1, `{"lastUpdateId":1,"bids":[],"asks":[]}`), text(2, `{"lastUpdateId":2,"bids":[],"asks":[]}`))
	s := serve(t, Config{Venue: "binance", Files: []string{path}})
	if frames, _ := drain(dial(t, s, "/ws/a@depth5")); len(frames) != 2 {
		t.Errorf("%q", frames)
	}
}

func TestBodiesOfSeveralBooksAreNotGuessed(t *testing.T) {
	path := record(t,
		text(1, `{"stream":"a@depth@100ms","data":{}}`), text(2, `{"lastUpdateId":1,"bids":[],"asks":[]}`), text(3, `{"stream":"b@depth@100ms","data":{}}`))
	s := serve(t, Config{Venue: "binance", Files: []string{path}})
	if frames, _ := drain(dial(t, s, "/")); len(frames) != 2 || s.Stats().Unplaced != 1 {
		t.Errorf("%q, %+v", frames, s.Stats())
	}
	if status, _, _ := get(t, s.RESTURL()+"/api/v3/depth?symbol=A"); status != 404 {
		t.Errorf("status %d", status)
	}
}

func TestTruncatedSessionEndsWell(t *testing.T) {
	var b bytes.Buffer
	w := capture.NewWriter(&b)
	for i := range 10 {
		if err := w.Write(text(market.Timestamp(i+1), "x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "killed.frames.gz")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{Files: []string{path}})
	if frames, end := drain(dial(t, s, "/")); len(frames) != 10 || !endedWell(end) {
		t.Errorf("%d frames, %v", len(frames), end)
	}
	if st := s.Stats(); !slices.Equal(st.Truncated, []string{path}) {
		t.Errorf("truncated %q", st.Truncated)
	}
}

func TestNewRefuses(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "g")
	if err := os.WriteFile(garbage, []byte("garbage\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config Config
		want   string
	}{
		"nothing": {Config{}, "no files"},
		"venue":   {Config{Files: []string{garbage}}, "no venue"},
		"speed":   {Config{Venue: "x", Files: []string{garbage}, Speed: -1}, "speed -1"},
		"faults":  {Config{Venue: "x", Files: []string{garbage}, Faults: Faults{DropOneIn: -1}}, "drop one in"},
		"stall":   {Config{Venue: "x", Files: []string{garbage}, Faults: Faults{StallAfter: 1}}, "stall after 1"},
		"clients": {Config{Venue: "x", Files: []string{garbage}, Clients: -1}, "clients -1"},
		"missing": {Config{Venue: "x", Files: []string{garbage + "x"}}, "no such file"},
		"no rows": {Config{Venue: "x", Files: []string{garbage}}, garbage + ":1: not a row"},
	} {
		s, err := New(c.config)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
	}
}

// A server that is closed while a client does not read lets go of everything.
func TestCloseUnblocksASlowClient(t *testing.T) {
	var rows []capture.Row
	for i := range 200 {
		rows = append(rows, text(market.Timestamp(i+1), strings.Repeat("x", 1<<17)))
	}
	s := serve(t, Config{Files: []string{record(t, rows...)}})
	dial(t, s, "/") // and never reads
	closed := make(chan error, 1)
	deadline := time.After(20 * time.Second)
	for s.Stats().Frames() == 0 {
		select {
		case <-deadline:
			t.Fatal("nothing is sent")
		case <-time.After(time.Millisecond):
		}
	}
	go func() { closed <- s.Close() }()
	select {
	case <-closed:
	case <-deadline:
		t.Fatal("Close hangs")
	}
	if st := s.Stats(); st.Frames() == 200 {
		t.Log("the sockets held it all: nothing was blocked")
	}
}

// Whatever a client says, the answer is JSON and nothing breaks.
func FuzzHeard(f *testing.F) {
	f.Add([]byte(`{"method":"SUBSCRIBE","params":["a@trade",1],"id":1}`))
	f.Add([]byte(`{"method":"UNSUBSCRIBE","params":null,"id":{"a":[]}}`))
	f.Add([]byte("PING"))
	f.Add([]byte(`[{"requestId":"a\\u0000","method":"subscribe","type":"x","symbols":["b"]},{"requestId":{}}]`))
	f.Add([]byte(`{"time":1.5,"id":"x","channel":"spot.ping","event":"subscribe","payload":["A_B","ob."]}`))
	f.Add([]byte(`{"method":"subscribe","params":{"channel":"book","symbol":["/"],"depth":-1},"req_id":[1]}`))
	f.Add([]byte(`[0,"-","/"]`))
	f.Add([]byte(`{"topic":"."}`))
	f.Fuzz(func(t *testing.T, said []byte) {
		for _, venue := range []market.Venue{"binance", "upbit", "coinone", "korbit", "okx", "bybit", "gate", "kraken", "other"} {
			var s subscription
			replies, _ := dialectOf(venue).heard(&s, said)
			for _, reply := range replies {
				if !json.Valid(reply) && string(reply) != "pong" {
					t.Fatalf("%s: %q → %q", venue, said, reply)
				}
			}
			dialectOf(venue).stream(said) // nor does a frame break anything
			dialectOf(venue).class(said)
			dialectOf(venue).answer(said)
		}
	})
}

func BenchmarkReplayThroughGorilla(b *testing.B) {
	path := testdata.Path(b, "binance/spot-btcusdt-20240808.frames.gz")
	frames := 0
	for b.Loop() {
		b.StopTimer() // looking through the file is not playing it
		s := serve(b, Config{Venue: "binance", Files: []string{path}})
		b.StartTimer()
		conn := dial(b, s, "/stream?streams=btcusdt@trade/btcusdt@depth@100ms/btcusdt@bookTicker")
		for {
			_, r, err := conn.NextReader()
			if err != nil {
				break
			}
			if _, err := io.Copy(io.Discard, r); err != nil {
				break
			}
			frames++
		}
		s.Close()
	}
	b.ReportMetric(float64(frames)/b.Elapsed().Seconds(), "frames/s")
}
