package binance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
)

// outcomes are what can become of a request: what the venue does, and what is then said of it, by the
// word for a refusal and the name of the request.
var outcomes = map[string]struct {
	status, body string
	do           func(url.Values, http.ResponseWriter)
	refused      bool   // else lost
	reason       string // a part of it
}{
	"not enough money": {status: "400", body: `{"code":-2010,"msg":"Account has insufficient balance for requested action."}`, refused: true, reason: "-2010: Account has insufficient balance"},
	"a bad lot":        {status: "400", body: `{"code":-1013,"msg":"Filter failure: LOT_SIZE"}`, refused: true, reason: "-1013: Filter failure: LOT_SIZE"},
	"out of time":      {status: "400", body: `{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}`, refused: true, reason: "-1021"},
	"too many":         {status: "429", body: `{"code":-1003,"msg":"Too much request weight used"}`, refused: true, reason: "-1003"},
	"a ban":            {status: "418", body: `go away`, refused: true, reason: "HTTP 418"},
	"unknown order":    {status: "400", body: `{"code":-2011,"msg":"Unknown order sent."}`, refused: true, reason: "-2011: Unknown order sent."},
	"a bad key":        {status: "401", body: `{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}`, refused: true, reason: "-2015"},

	"there already":     {status: "400", body: `{"code":-2010,"msg":"Duplicate order sent."}`, reason: "-2010: Duplicate order sent."},
	"backend timeout":   {status: "400", body: `{"code":-1007,"msg":"Timeout waiting for response from backend server. Send status unknown; execution status unknown."}`, reason: "-1007"},
	"message bus":       {status: "400", body: `{"code":-1006,"msg":"Execution status unknown."}`, reason: "-1006"},
	"an unknown code":   {status: "400", body: `{"code":-7777,"msg":"?"}`, reason: "-7777"},
	"a firewall":        {status: "403", body: `<html>blocked</html>`, reason: "HTTP 403 without a code"},
	"no such path":      {status: "404", body: `not found`, reason: "HTTP 404"},
	"an internal error": {status: "500", body: `{"code":-1000,"msg":"x"}`, reason: "status 500"},
	"a bad gateway":     {status: "502", body: `<html>`, reason: "status 502"},
	"busy":              {status: "503", body: `{"code":-1008,"msg":"x"}`, reason: "status 503"},
	"a gateway timeout": {status: "504", body: ``, reason: "status 504"},
	"a request timeout": {status: "408", body: ``, reason: "status 408"},
	"a redirect":        {status: "307", body: ``, reason: "status 307"},
	"no JSON":           {status: "200", body: `ok`, reason: "cannot be read"},
	"nothing":           {status: "200", body: ``, reason: "cannot be read"},
	"half of it":        {status: "200", body: placedNew[:100], reason: "cannot be read"},
	"another order":     {status: "200", body: placedFilled, reason: "cannot be read"},
	"another symbol":    {status: "200", body: strings.ReplaceAll(placedNew, "BTCUSDT", "ETHUSDT"), reason: "cannot be read"},
	"a success error":   {status: "200", body: `{"code":-1000,"msg":"x"}`, reason: "cannot be read"},
	"torn":              {do: func(_ url.Values, w http.ResponseWriter) { hijack(w, "") }, reason: "no answer"},
	"torn in the head":  {do: func(_ url.Values, w http.ResponseWriter) { hijack(w, "HTTP/1.1 200 O") }, reason: "no answer"},
	"torn in the body": {do: func(_ url.Values, w http.ResponseWriter) {
		hijack(w, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"+placedNew)
	}, reason: "half an answer"},
}

func TestWhatBecomesOfARequest(t *testing.T) {
	requests := map[string]struct {
		request string
		kind    message.OrderRequest
		do      func(*Gateway, message.OrderEvent)
		order   func(*message.OrderEventFields)
	}{
		"place":  {"POST " + orderPath, message.RequestPlace, (*Gateway).Place, nil},
		"cancel": {"DELETE " + orderPath, message.RequestCancel, (*Gateway).Cancel, nil},
		"amend": {"PUT " + amendPath, message.RequestAmend, (*Gateway).Amend, func(f *message.OrderEventFields) {
			f.NewPrice, f.NewQuantity = f.Price, market.MustQuantity("0.001")
		}},
	}
	s := newStub(t)
	g, h, _ := started(t, s, func(c *Config) { c.Budget = gateway.Unlimited{} })
	for what, r := range requests {
		for name, o := range outcomes {
			if o.do != nil {
				s.does(r.request, o.do)
			} else {
				s.says(r.request, o.status, o.body)
			}
			before := s.count(r.request)
			r.do(g, sent(t, "main-1-2", r.order))
			select {
			case got := <-h.said:
				want := fmt.Sprintf("lose main-1-2 %s: ", what)
				if o.refused {
					want = map[string]string{"place": "reject", "cancel": "reject_cancel", "amend": "reject_amend"}[what] + " main-1-2: "
				}
				if !strings.HasPrefix(got, want) || !strings.Contains(got, o.reason) || strings.Contains(got, "signature") {
					t.Errorf("%s, %s: heard %q, want %s…%s", what, name, got, want, o.reason)
				}
			case <-time.After(5 * time.Second):
				t.Fatalf("%s, %s: heard nothing", what, name)
			}
			if n := s.count(r.request) - before; n != 1 {
				t.Errorf("%s, %s: %d requests came, want 1", what, name, n)
			}
		}
	}
	h.silent()
}

func TestWhatIsGranted(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	s.says("POST "+orderPath, "200", placedFilled)
	g.Place(sent(t, "main-1-1", nil))
	h.want("accept main-1-1", "fill main-1-1 BTCUSDT:56 0.001@49999", "fill main-1-1 BTCUSDT:57 0.0005@50000.1")
	q := s.last("POST " + orderPath)
	if q.Get("newClientOrderId") != "main-1-1" || q.Get("newOrderRespType") != "FULL" || q.Get("symbol") != "BTCUSDT" {
		t.Errorf("%v", q)
	}
	s.says("POST "+orderPath, "200", placedAck)
	g.Place(sent(t, "main-1-3", nil))
	h.want("accept main-1-3")
	s.says("POST "+orderPath, "200", placedExpire)
	g.Place(sent(t, "main-1-4", nil))
	h.want("accept main-1-4", "fill main-1-4 BTCUSDT:58 0.001@50000.1", "expire main-1-4 cum=0.001: EXPIRED: UNFILLED_IOC_QUANTITY_EXPIRED")
	s.says("DELETE "+orderPath, "200", canceled)
	g.Cancel(sent(t, "main-1-2", nil))
	h.want("cancel main-1-2 cum=0.0005")
	if q := s.last("DELETE " + orderPath); q.Get("origClientOrderId") != "main-1-2" || q.Get("recvWindow") == "" {
		t.Errorf("%v", q)
	}
	s.says("PUT "+amendPath, "200", amended)
	g.Amend(sent(t, "main-1-2", func(f *message.OrderEventFields) { f.NewPrice, f.NewQuantity = f.Price, market.MustQuantity("0.001") }))
	h.want("amend main-1-2")
	s.says("PUT "+amendPath, "200", strings.Replace(amended, `"status":"NEW"`, `"status":"EXPIRED"`, 1))
	g.Amend(sent(t, "main-1-2", func(f *message.OrderEventFields) { f.NewPrice, f.NewQuantity = f.Price, market.MustQuantity("0.001") }))
	h.want("amend main-1-2", "expire main-1-2: EXPIRED")
	h.silent()
}

func TestWhatNeverLeavesIsRefusedHere(t *testing.T) {
	s := newStub(t)
	g, h := gatewayTo(t, s, nil)
	g.Place(sent(t, "main-1-1", nil))
	h.want("reject main-1-1: not sent: binance: the gateway is not started")
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.Place(sent(t, "main-1-1", func(f *message.OrderEventFields) {
		f.Time -= market.Timestamp(time.Minute)
		f.ValidUntil = f.Time.Add(5 * time.Second)
	}))
	g.Place(sent(t, "main-1-1", func(f *message.OrderEventFields) { f.ValidUntil = f.Time.Add(2 * time.Minute) }))
	g.Place(sent(t, "main-1-1", func(f *message.OrderEventFields) { f.TimeInForce = market.DAY }))
	g.Place(sent(t, "main-1-1", func(f *message.OrderEventFields) { f.Instrument = market.MustInstrument(Name, "BTC-USDT-PERP") }))
	g.Amend(sent(t, "main-1-1", func(f *message.OrderEventFields) { f.NewPrice = market.MustPrice("1") }))
	heardAll := map[string]bool{}
	for range 5 {
		select {
		case got := <-h.said:
			heardAll[strings.Join(strings.Fields(got)[:4], " ")] = true
		case <-time.After(5 * time.Second):
			t.Fatal("heard nothing")
		}
	}
	if len(heardAll) != 2 || !heardAll["reject main-1-1: not sent:"] || !heardAll["reject_amend main-1-1: not sent:"] {
		t.Errorf("%v", heardAll)
	}
	if n := s.count("POST " + orderPath); n != 0 {
		t.Errorf("%d orders left: %v", n, s.last("POST "+orderPath))
	}
	s.server.Listener.Close() // cancels have no connection yet
	g.Cancel(sent(t, "main-1-5", nil))
	if got := <-h.said; !strings.HasPrefix(got, "reject_cancel main-1-5: gateway: DELETE") || !strings.Contains(got, "not sent") || !strings.Contains(got, "refused") {
		t.Errorf("with nobody there: %s", got)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	for len(h.said) > 0 {
		<-h.said
	}
	g.Place(sent(t, "main-1-6", nil))
	g.Recover(nil)
	h.want("reject main-1-6: not sent: the gateway is closed", "recovered: binance: account main: the gateway is closed")
}

// A request that hangs is lost once its time is over, and was made once.
func TestWhatHangsIsLost(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, func(c *Config) { c.Timeout = 100 * time.Millisecond })
	release := make(chan struct{})
	s.does("POST "+orderPath, func(url.Values, http.ResponseWriter) { <-release })
	g.Place(sent(t, "main-1-1", nil))
	h.want("lose main-1-1 place: gateway: POST…")
	// A cancel has connections of its own, and does not wait behind it.
	s.says("DELETE "+orderPath, "400", `{"code":-2011,"msg":"Unknown order sent."}`)
	g.Cancel(sent(t, "main-1-1", nil))
	h.want("reject_cancel main-1-1: -2011: Unknown order sent.")
	close(release)
	if n := s.count("POST " + orderPath); n != 1 {
		t.Errorf("%d requests came", n)
	}
}

// What is under way when the gateway is closed is lost, and said to be, before Close returns.
func TestCloseTellsOfWhatIsUnderWay(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	there, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	s.does("POST "+orderPath, func(url.Values, http.ResponseWriter) { close(there); <-release })
	g.Place(sent(t, "main-1-1", nil))
	<-there
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	lost := false
	for len(h.said) > 0 {
		lost = strings.HasPrefix(<-h.said, "lose main-1-1 place: ") || lost
	}
	if !lost {
		t.Error("nothing was said of the order")
	}
}

// More requests than may be under way at once are refused, and a place comes free with each answer.
func TestRequestsUnderWayAreBounded(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	for range inFlightMax {
		if !g.enter(message.RequestPlace) {
			t.Fatal("refused before the limit")
		}
	}
	g.Place(sent(t, "main-1-1", nil))
	h.want("reject main-1-1: not sent: 512 requests are under way already")
	s.says("DELETE "+orderPath, "200", canceled)
	g.Cancel(sent(t, "main-1-2", nil))
	h.want("cancel main-1-2 cum=0.0005")
	g.leave(message.RequestPlace)
	s.says("POST "+orderPath, "200", strings.Replace(placedNew, "main-1-2", "main-1-3", 1))
	g.Place(sent(t, "main-1-3", nil))
	h.want("accept main-1-3")
}

func TestTheBudgetIsAskedAndToldOf(t *testing.T) {
	s := newStub(t)
	b := &counted{}
	g, h, _ := started(t, s, func(c *Config) { c.Budget = b })
	s.does("POST "+orderPath, func(_ url.Values, w http.ResponseWriter) {
		w.Header().Set("Retry-After", "17")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"code":-1015,"msg":"Too many new orders."}`))
	})
	g.Place(sent(t, "main-1-1", nil))
	h.want("reject main-1-1: -1015: Too many new orders.")
	b.mu.Lock()
	if len(b.penalties) != 1 || b.penalties[0].Until.Sub(wall()) < 15*time.Second || b.penalties[0].Until.Sub(wall()) > 17*time.Second {
		t.Errorf("%v", b.penalties)
	}
	b.deny = errors.New("used up")
	b.mu.Unlock()
	g.Place(sent(t, "main-1-2", nil))
	h.want("reject main-1-2: not sent: used up")
	s.says("DELETE "+orderPath, "200", canceled)
	g.Cancel(sent(t, "main-1-2", nil))
	h.want("cancel main-1-2 cum=0.0005")
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := s.count("POST " + orderPath); b.cancels != 1 || n != 1 {
		t.Errorf("%d cancels, %d orders", b.cancels, n)
	}
}

// patient is a budget that has no permits for orders, and lets them wait.
type patient struct{ gateway.Unlimited }

func (patient) Take(ctx context.Context, weight int, _ bool) error {
	if weight == 1 {
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < time.Second {
			<-ctx.Done()
			return ctx.Err()
		}
	}
	return nil
}

// No permit is waited for longer than the order may be taken.
func TestAnOrderWaitsForNoPermitBeyondItsTime(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, func(c *Config) { c.Budget = patient{} })
	g.Place(sent(t, "main-1-1", func(f *message.OrderEventFields) { f.ValidUntil = f.Time.Add(50 * time.Millisecond) }))
	h.want("reject main-1-1: not sent: context deadline exceeded")
	if n := s.count("POST " + orderPath); n != 0 {
		t.Errorf("%d orders left", n)
	}
}

func TestKeysThatMustNotBeUsed(t *testing.T) {
	for name, c := range map[string]struct {
		request, status, body string
		key                   bool // else another fault
		want                  string
	}{
		"withdraws":     {"GET " + restrictionsPath, "200", strings.Replace(restricted, `"enableWithdrawals":false`, `"enableWithdrawals":true`, 1), true, "it can withdraw"},
		"cannot trade":  {"GET " + restrictionsPath, "200", strings.Replace(restricted, `"enableSpotAndMarginTrading":true`, `"enableSpotAndMarginTrading":false`, 1), true, "it cannot trade"},
		"may not trade": {"GET " + accountPath, "200", strings.Replace(accountBody, `"canTrade":true`, `"canTrade":false`, 1), true, "canTrade is false"},
		"not known":     {"GET " + restrictionsPath, "401", `{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}`, false, "-2015"},
		"not said":      {"GET " + restrictionsPath, "200", `{"ipRestrict":true}`, false, "enableWithdrawals"},
		"not readable":  {"GET " + restrictionsPath, "200", `<html>`, false, "decode"},
		"not answered":  {"GET " + restrictionsPath, "503", ``, false, "status 503"},
		"no clock":      {"GET " + timePath, "500", ``, false, "clock"},
		"a clock of 0":  {"GET " + timePath, "200", `{"serverTime":0}`, false, "clock"},
		"no account":    {"GET " + accountPath, "400", `{"code":-1022,"msg":"Signature for this request is not valid."}`, false, "-1022"},
	} {
		s := newStub(t)
		s.says(c.request, c.status, c.body)
		g, h := gatewayTo(t, s, nil)
		err := g.Start(t.Context())
		if err == nil || errors.Is(err, ErrKey) != c.key || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), docKey) {
			t.Errorf("%s: %v", name, err)
		}
		g.Place(sent(t, "main-1-1", nil))
		h.want("reject main-1-1: not sent: binance: the gateway is not started")
		if s.count("POST "+orderPath) != 0 || len(s.sockets) != 0 {
			t.Errorf("%s: something left all the same", name)
		}
	}
}

// The test net and stand-ins have no such path, and say so with 404. Binance has it: there the same
// answer is not taken.
func TestAVenueThatDoesNotSayWhatAKeyMayDo(t *testing.T) {
	s := newStub(t)
	s.says("GET "+restrictionsPath, "404", "page not found")
	var log strings.Builder
	g, _ := gatewayTo(t, s, func(c *Config) { c.Log = logTo(&log) })
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.connection()
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "whether it can withdraw is not checked") {
		t.Errorf("the log does not say so: %s", log.String())
	}
	g, _ = gatewayTo(t, s, func(c *Config) {
		c.RESTURL = "http://api.binance.com"
		c.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.server.Listener.Addr().String())
		}
	})
	if err := g.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "HTTP 404") {
		t.Errorf("Binance itself: %v", err)
	}
}

func TestStartLater(t *testing.T) {
	s := newStub(t)
	s.says("GET "+timePath, "503", "")
	g, h := gatewayTo(t, s, nil)
	g.StartLater()
	h.want("disconnected: binance: read the venue's clock…")
	s.does("GET "+timePath, func(_ url.Values, w http.ResponseWriter) {
		_, _ = fmt.Fprintf(w, `{"serverTime":%d}`, time.Now().UnixMilli())
	})
	g.Recover(nil)
	s.connection()
	h.want("balance BTC 4.89208129 0", "balance USDT 100.123456789012345678 75.00015", "balance 币安人生 0 0", "recovered: <nil>")
}

func TestClockIsTold(t *testing.T) {
	s := newStub(t)
	s.does("GET "+timePath, func(_ url.Values, w http.ResponseWriter) {
		_, _ = fmt.Fprintf(w, `{"serverTime":%d}`, time.Now().Add(time.Hour).UnixMilli())
	})
	g, h, _ := started(t, s, nil)
	h.want("clock 1h0m0s", "clock 1h0m0s", "clock 1h0m0s")
	// By the venue's clock the order's time is over.
	g.Place(sent(t, "main-1-1", nil))
	h.want("reject main-1-1: not sent: the venue's clock shows…")
	// -1021 has the clock read again.
	s.says("POST "+orderPath, "400", `{"code":-1021,"msg":"Timestamp for this request was 1000ms ahead of the server's time."}`)
	g.Place(sent(t, "main-1-2", func(f *message.OrderEventFields) { f.ValidUntil = f.Time.Add(time.Hour + 5*time.Second) }))
	rejected, read := false, 0
	for range 3 { // on connections for orders and for cancels
		got := <-h.said
		rejected = rejected || strings.HasPrefix(got, "reject main-1-2: -1021")
		if got == "clock 1h0m0s" {
			read++
		}
	}
	if !rejected || read != 2 {
		t.Errorf("rejected %v, the clock was read %d times", rejected, read)
	}
}

func TestEventsOfTheStream(t *testing.T) {
	s := newStub(t)
	g, h, c := started(t, s, nil)
	s.tell(c, eventTrade, eventNew, eventTrade, eventCanceled, eventPosition, eventList)
	h.want("fill main-1-2 BTCUSDT:77 0.0005@49999.9 cum=0.001", "accept main-1-2", "fill main-1-2 BTCUSDT:77 0.0005@49999.9 cum=0.001",
		"cancel main-1-2 cum=0.001", "balance BTC 10000 0.5", "balance USDT 1 0")
	// Told by how much and not to what: asked for.
	s.tell(c, eventLock)
	h.want("balance BTC 4.89208129 0", "balance USDT 100.123456789012345678 75.00015", "balance 币安人生 0 0")
	s.tell(c, eventBalance)
	h.want("balance BTC 4.89208129 0", "balance USDT 100.123456789012345678 75.00015", "balance 币安人生 0 0")
	// Not understood: something may have been missed, and the connection goes on.
	s.tell(c, strings.Replace(eventNew, `"x":"NEW"`, `"x":"SURPRISE"`, 1), `{"event":{"e":"executionReport"}}`, strings.ReplaceAll(eventNew, "BTCUSDT", "XYZ"), eventNew)
	h.want("disconnected: a frame was not understood…", "accept main-1-2") // said once
	g.Recover(nil)
	h.want(balances...)
	h.want("recovered: <nil>")
	s.tell(c, strings.ReplaceAll(eventNew, "BTCUSDT", "XYZ"))
	h.want("disconnected: binance: decode…") // and again once it was asked about
	// About to be cut: another connection is there first.
	s.tell(c, eventShutdown)
	next := s.connection()
	s.tell(next, eventTrade)
	h.want("fill main-1-2 BTCUSDT:77 0.0005@49999.9 cum=0.001")
	s.tell(c, eventTrade) // was on its way
	h.want("fill main-1-2 BTCUSDT:77 0.0005@49999.9 cum=0.001")
	h.silent()
	// Ended by the venue.
	s.tell(next, eventEnded)
	h.want("disconnected: binance: the venue ended the subscription…")
	next = s.connection()
	s.tell(next, eventNew)
	h.want("accept main-1-2")
	next.Close()
	h.want("disconnected: …")
}

func TestASubscriptionThatIsRefused(t *testing.T) {
	s := newStub(t)
	s.refuse = `{"code":-2015,"msg":"Invalid API-key"}`
	g, h := gatewayTo(t, s, func(c *Config) { c.RecoverWithin = 300 * time.Millisecond })
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.connection()
	g.Recover(nil)
	h.want("recovered: binance: account main: the private stream is not connected…")
}

// An amendment by hand gives an order another id; what follows is still told under ours.
func TestOrdersThatWereRenamedByHand(t *testing.T) {
	s := newStub(t)
	g, h, c := started(t, s, nil)
	s.says("POST "+orderPath, "200", placedNew)
	g.Place(sent(t, "main-1-2", nil))
	h.want("accept main-1-2")
	renamed := strings.Replace(eventTrade, `"c":"main-1-2"`, `"c":"web_1"`, 1)
	s.tell(c, renamed) // also where the amendment itself was missed
	h.want("fill main-1-2 BTCUSDT:77 0.0005@49999.9 cum=0.001")
	s.tell(c, strings.NewReplacer(`"x":"NEW"`, `"x":"REPLACED"`, `"c":"main-1-2"`, `"c":"web_1"`, `"C":""`, `"C":"main-1-2"`).Replace(eventNew), renamed)
	h.want("amend main-1-2", "fill main-1-2 BTCUSDT:77 0.0005@49999.9 cum=0.001")
}

// A number that was another order's, before a test net began anew.
func TestNumbersThatBeginAnew(t *testing.T) {
	s := newStub(t)
	g, h, c := started(t, s, nil)
	s.tell(c, eventNew, eventCanceled)
	h.want("accept main-1-2", "cancel main-1-2 cum=0.001")
	anew := strings.Replace(placedNew, "main-1-2", "main-1-7", 1)
	s.says("POST "+orderPath, "200", anew)
	g.Place(sent(t, "main-1-7", nil))
	h.want("accept main-1-7")
	s.tell(c, strings.ReplaceAll(eventTrade, "main-1-2", "main-1-7"))
	h.want("fill main-1-7 BTCUSDT:77 0.0005@49999.9 cum=0.001")
	s.books([]string{standing(29, "main-1-7", "PARTIALLY_FILLED", "0.0015", "0.0010")}, nil, func(url.Values) string { return "[" + traded(77, 29, "0.0010") + "]" })
	g.Recover([]message.OrderEvent{sent(t, "main-1-7", nil)})
	h.want("fill main-1-7 BTCUSDT:77 0.001@50000", "accept main-1-7 cum=0.001")
	h.want(balances...)
	h.want("recovered: <nil>")
}

// A venue that quotes what it was sent gives nothing away.
func TestNoKeyIsPassedOn(t *testing.T) {
	s := newStub(t)
	g, h, c := started(t, s, nil)
	s.says("POST "+orderPath, "400", `{"code":-1100,"msg":"Illegal characters found in `+docKey+` `+docSecret+`"}`)
	g.Place(sent(t, "main-1-1", nil))
	h.want("reject main-1-1: -1100: Illegal characters found in *** ***")
	s.tell(c, `{"event":{"e":"executionReport","s":"`+docSecret+`","x":1}}`, strings.ReplaceAll(eventNew, "BTCUSDT", docKey[:63]))
	got := <-h.said
	if !strings.HasPrefix(got, "disconnected: ") || strings.Contains(got, docSecret) || strings.Contains(got, docKey) {
		t.Errorf("%s", got)
	}
}

func TestConfiguration(t *testing.T) {
	good := Config{Account: "main", Credentials: gateway.Credentials{Key: gateway.NewSecret("k"), Secret: gateway.NewSecret("s")}, Now: wall}
	if _, err := New(good, &heard{}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"account":       func(c *Config) { c.Account = "" },
		"key":           func(c *Config) { c.Credentials.Key = gateway.Secret{} },
		"secret":        func(c *Config) { c.Credentials.Secret = gateway.Secret{} },
		"clock":         func(c *Config) { c.Now = nil },
		"rest url":      func(c *Config) { c.RESTURL = "api.binance.com" },
		"websocket url": func(c *Config) { c.WebSocketURL = "https://x" },
		"validity":      func(c *Config) { c.Validity = 2 * time.Minute },
		"timeout":       func(c *Config) { c.Timeout = -1 },
		"listing":       func(c *Config) { c.Listings = []market.Listing{{Symbol: "BTCUSDT"}} },
		"PEM":           func(c *Config) { c.Credentials.Secret = gateway.NewSecret("-----BEGIN NOTHING") },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg, &heard{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(good, nil); err == nil {
		t.Error("nobody to reply to")
	}
	for url, want := range map[string]bool{"": true, "https://api3.binance.com": true, "https://binance.com": true, "https://testnet.binance.vision": false,
		"https://binance.com.example.org": false, "https://api.binance.us": false, "http://127.0.0.1:1": false} {
		cfg := good
		cfg.RESTURL = url
		cfg, err := cfg.complete()
		if err != nil || cfg.ofBinance() != want {
			t.Errorf("%s: %v %v", url, cfg.ofBinance(), err)
		}
	}
}
