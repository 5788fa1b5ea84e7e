package binance

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
)

// standing is an order in the venue's books, for stubs.
func standing(id int, client, status, quantity, executed string) string {
	return fmt.Sprintf(`{"symbol":"BTCUSDT","orderId":%d,"orderListId":-1,"clientOrderId":"%s","price":"50000.1","origQty":"%s","executedQty":"%s","status":"%s","timeInForce":"GTC","type":"LIMIT","side":"BUY","stopPrice":"0.0","time":1700000000000,"updateTime":1700000001000,"isWorking":true}`,
		id, client, quantity, executed, status)
}

func traded(id, order int, quantity string) string {
	return fmt.Sprintf(`{"symbol":"BTCUSDT","id":%d,"orderId":%d,"orderListId":-1,"price":"50000","qty":"%s","commission":"0","commissionAsset":"BNB","time":1700000000500,"isBuyer":true,"isMaker":false,"isBestMatch":true}`, id, order, quantity)
}

const noSuchOrder = `{"code":-2013,"msg":"Order does not exist."}`

// books lets a stub answer queries of orders by id or number, and of trades by order.
func (s *stub) books(open []string, orders map[string]string, trades func(q url.Values) string) {
	s.says("GET "+openOrdersPath, "200", "["+strings.Join(open, ",")+"]")
	s.does("GET "+orderPath, func(q url.Values, w http.ResponseWriter) {
		o, ok := orders[q.Get("origClientOrderId")+q.Get("orderId")]
		if !ok {
			w.WriteHeader(http.StatusBadRequest)
			o = noSuchOrder
		}
		_, _ = io.WriteString(w, o)
	})
	s.does("GET "+tradesPath, func(q url.Values, w http.ResponseWriter) { _, _ = io.WriteString(w, trades(q)) })
}

var balances = []string{"balance BTC 4.89208129 0", "balance USDT 100.123456789012345678 75.00015", "balance 币安人生 0 0"}

func TestRecoverTellsHowEverythingStands(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	s.books([]string{standing(20, "web_abc", "NEW", "1.0", "0.0"), standing(21, "main-1-1", "PARTIALLY_FILLED", "0.0015", "0.0010"), standing(22, "main-1-2", "PARTIALLY_FILLED", "0.0015", "0.0005")},
		map[string]string{"main-1-3": standing(23, "main-1-3", "FILLED", "0.0015", "0.0015"), "main-1-4": standing(24, "main-1-4", "CANCELED", "0.0015", "0.0"),
			"main-1-5": standing(25, "main-1-5", "EXPIRED_IN_MATCH", "0.0015", "0.0"), "26": standing(26, "web_new", "NEW", "0.0015", "0.0"),
			"30": standing(30, "web_old", "FILLED", "1", "1")},
		func(q url.Values) string {
			switch q.Get("orderId") {
			case "21":
				return "[" + traded(1, 21, "0.0004") + "," + traded(3, 21, "0.0006") + "]"
			case "23":
				return "[" + traded(2, 23, "0.0015") + "]"
			case "":
				if q.Get("fromId") == "8" {
					return "[]"
				}
				return "[" + traded(1, 21, "0.0004") + "," + traded(2, 23, "0.0015") + "," + traded(7, 30, "1") + "]"
			}
			return "[]"
		})
	from := wall()
	known := func(id message.ClientOrderID, number, cum string) message.OrderEvent {
		return sent(t, id, func(f *message.OrderEventFields) {
			f.CumQuantity = market.MustQuantity(cum)
			if number != "" {
				f.VenueOrderID = message.VenueOrderID("BTCUSDT:" + number)
			}
		})
	}
	g.Recover([]message.OrderEvent{known("main-1-1", "21", "0"), known("main-1-2", "22", "0.0005"), known("main-1-3", "", "0"),
		known("main-1-4", "24", "0"), known("main-1-5", "", "0"), known("main-1-6", "26", "0"), known("main-1-9", "", "0")})
	h.want("fill main-1-1 BTCUSDT:1 0.0004@50000", "fill main-1-1 BTCUSDT:3 0.0006@50000", "accept main-1-1 cum=0.001",
		"accept main-1-2 cum=0.0005",
		"fill main-1-3 BTCUSDT:2 0.0015@50000", "accept main-1-3 cum=0.0015",
		"cancel main-1-4",
		"expire main-1-5: EXPIRED_IN_MATCH",
		"accept main-1-6", // under another id since somebody amended it
		"absent main-1-9 id|open_orders|fills: asked for it by its id, among the open orders, and for its trades",
		"accept web_abc")
	h.want(balances...)
	h.want("recovered: <nil>")
	h.silent()
	if settled := h.absent.Add(settleDefault); settled < from.Add(-2*time.Second) || settled > wall().Add(2*time.Second) {
		t.Errorf("the absence is of %v, asked from %v on", h.absent, from)
	}
	if q := s.last("GET " + tradesPath); q.Get("fromId") != "8" || q.Get("startTime") != "" {
		t.Errorf("the last question for trades: %v", q)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.seen {
		if _, rest, ok := strings.Cut(r, "&startTime="); ok {
			if n, err := strconv.ParseInt(strings.Split(rest, "&")[0], 10, 64); err != nil || market.Milliseconds(n) > wall().Add(-searchBefore) {
				t.Errorf("trades are looked for from %v on", market.Milliseconds(n))
			}
		}
	}
}

// The order is not known by its id, but a trade is of it.
func TestRecoverFindsAnOrderByItsTrades(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	s.books(nil, map[string]string{"41": standing(41, "main-1-1", "FILLED", "0.0015", "0.0015")}, func(url.Values) string { return "[" + traded(9, 41, "0.0015") + "]" })
	g.Recover([]message.OrderEvent{sent(t, "main-1-1", nil)})
	h.want("fill main-1-1 BTCUSDT:9 0.0015@50000", "accept main-1-1 cum=0.0015")
	h.want(balances...)
	h.want("recovered: <nil>")
}

// A trade of an order that the venue does not know: whose it is cannot be told, so that none is of ours
// is not said.
func TestRecoverSaysNoMoreThanItSaw(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	s.books(nil, nil, func(url.Values) string { return "[" + traded(9, 41, "0.0015") + "]" })
	g.Recover([]message.OrderEvent{sent(t, "main-1-1", nil)})
	h.want("absent main-1-1 id|open_orders: asked…")
	h.want(balances...)
	h.want("recovered: <nil>")
}

// Trades are read to the end, page by page.
func TestRecoverReadsAllTrades(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	page := func(order, from, n int) string {
		var all []string
		for i := range n {
			all = append(all, traded(from+i, order, "0.000001"))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	s.books([]string{standing(50, "main-1-1", "PARTIALLY_FILLED", "0.0015", "0.001003")}, map[string]string{"60": standing(60, "web", "FILLED", "1", "1")}, func(q url.Values) string {
		from, _ := strconv.Atoi(q.Get("fromId"))
		switch {
		case q.Get("orderId") == "50" && from == 0:
			return page(50, 1, 1000)
		case q.Get("orderId") == "50" && from == 1001:
			return page(50, 1001, 3)
		case q.Get("orderId") == "" && from == 0:
			return page(60, 5001, 1000)
		case q.Get("orderId") == "" && from == 6001:
			return page(60, 6001, 1)
		case q.Get("orderId") == "" && from == 6002:
			return "[]"
		}
		t.Errorf("asked for %v", q)
		return "[]"
	})
	go func() { // more than is listened to at once
		g.Recover([]message.OrderEvent{sent(t, "main-1-1", nil), sent(t, "main-1-2", nil)})
	}()
	for i := range 1003 {
		h.want(fmt.Sprintf("fill main-1-1 BTCUSDT:%d 0.000001@50000", i+1))
	}
	h.want("accept main-1-1 cum=0.001003", "absent main-1-2 id|open_orders|fills: asked…")
	h.want(balances...)
	h.want("recovered: <nil>")
	if q := s.last("GET " + tradesPath); q.Get("fromId") != "6002" {
		t.Errorf("the last question for trades: %v", q)
	}
}

// What an order says was filled is there before its trades are, and the other way round.
func TestRecoverWaitsForWhatFollows(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	var asked atomic.Int64
	s.books([]string{standing(50, "main-1-1", "PARTIALLY_FILLED", "0.0015", "0.0005")}, map[string]string{"51": standing(51, "main-1-2", "PARTIALLY_FILLED", "0.0015", "0.0010")},
		func(url.Values) string {
			if asked.Add(1) == 1 {
				return "[]"
			}
			return "[" + traded(1, 50, "0.0005") + "]"
		})
	g.Recover([]message.OrderEvent{sent(t, "main-1-1", nil)})
	h.want("fill main-1-1 BTCUSDT:1 0.0005@50000", "accept main-1-1 cum=0.0005")
	h.want(balances...)
	h.want("recovered: <nil>")

	s.says("GET "+openOrdersPath, "200", "["+standing(51, "main-1-2", "PARTIALLY_FILLED", "0.0015", "0.0005")+"]")
	g.Recover([]message.OrderEvent{sent(t, "main-1-2", func(f *message.OrderEventFields) { f.CumQuantity = market.MustQuantity("0.001") })})
	h.want("accept main-1-2 cum=0.001")
	h.want(balances...)
	h.want("recovered: <nil>")
}

func TestRecoverFailsWhereItCannotKnow(t *testing.T) {
	for name, c := range map[string]struct {
		request, status, body string
		want                  string
	}{
		"no time":            {"GET " + timePath, "500", "", "ask for the time"},
		"no open orders":     {"GET " + openOrdersPath, "503", "", "ask for open orders"},
		"garbage":            {"GET " + openOrdersPath, "200", "<html>", "ask for open orders"},
		"open and canceled":  {"GET " + openOrdersPath, "200", "[" + standing(1, "x", "CANCELED", "1", "0") + "]", "is CANCELED"},
		"an unnamed symbol":  {"GET " + openOrdersPath, "200", strings.ReplaceAll("["+standing(1, "x", "NEW", "1", "0")+"]", "BTCUSDT", "XYZ"), "no rule of this venue splits it"},
		"no order":           {"GET " + orderPath, "500", "", "ask for an order"},
		"another refusal":    {"GET " + orderPath, "400", `{"code":-1021,"msg":"x"}`, "-1021"},
		"another order":      {"GET " + orderPath, "200", standing(1, "x", "NEW", "1", "0"), "was told of x"},
		"no status":          {"GET " + orderPath, "200", strings.Replace(placedAck, "main-1-3", "main-1-1", 1), "was told of main-1-1"},
		"no trades":          {"GET " + tradesPath, "502", "", "ask for trades"},
		"trades of another":  {"GET " + tradesPath, "200", strings.ReplaceAll("["+traded(1, 2, "1")+"]", "BTCUSDT", "ETHUSDT"), "was told 1 of \"ETHUSDT\""},
		"no account":         {"GET " + accountPath, "429", `{"code":-1003,"msg":"x"}`, "-1003"},
		"an account of null": {"GET " + accountPath, "200", `null`, "ask for the account"},
	} {
		s := newStub(t)
		g, h, _ := started(t, s, nil)
		s.says(c.request, c.status, c.body)
		g.Recover([]message.OrderEvent{sent(t, "main-1-1", nil)})
		for {
			got := <-h.said
			if strings.HasPrefix(got, "recovered: ") {
				if !strings.Contains(got, c.want) || strings.Contains(got, "signature=") {
					t.Errorf("%s: %s, want %s", name, got, c.want)
				}
				break
			}
			if c.request != "GET "+accountPath && !strings.HasPrefix(got, "absent main-1-1") {
				t.Errorf("%s: heard %s", name, got)
			}
		}
	}
}

// What happens on the stream while everything is asked for may be newer than the answers, and an
// interruption hides it.
func TestRecoverIsVoidIfTheStreamWasCutMeanwhile(t *testing.T) {
	s := newStub(t)
	g, h, c := started(t, s, nil)
	cut := make(chan struct{})
	s.does("GET "+accountPath, func(_ url.Values, w http.ResponseWriter) {
		c.Close()
		<-cut
		_, _ = io.WriteString(w, accountBody)
	})
	g.Recover(nil)
	h.want("disconnected: …")
	close(cut)
	h.want(balances...)
	h.want("recovered: binance: account main: the private stream was interrupted meanwhile…")
	s.connection()
	s.says("GET "+accountPath, "200", accountBody)
	g.Recover(nil)
	h.want(balances...)
	h.want("recovered: <nil>")
}

// Each call has its answer, also those that come while another is worked on.
func TestEveryRecoverIsAnswered(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	var active atomic.Int64
	s.does("GET "+openOrdersPath, func(_ url.Values, w http.ResponseWriter) {
		if active.Add(1) > 1 {
			t.Error("two answers are worked on at once")
		}
		<-time.After(10 * time.Millisecond) // what the way there and back takes
		active.Add(-1)
		_, _ = io.WriteString(w, "[]")
	})
	for range 3 {
		g.Recover(nil)
	}
	for range 3 {
		h.want(balances...)
		h.want("recovered: <nil>")
	}
	h.silent()
}

// Answers that are older than what the stream said are asked for again, not passed on.
func TestRecoverDoesNotGoBack(t *testing.T) {
	s := newStub(t)
	g, h, c := started(t, s, nil)
	s.tell(c, eventTrade, eventCanceled) // main-1-2, 29
	foreign := strings.NewReplacer(`"c":"main-1-2"`, `"c":"web_1"`, `"i":29`, `"i":31`).Replace(eventNew)
	s.tell(c, foreign, strings.NewReplacer(`"x":"NEW"`, `"x":"EXPIRED"`, `"X":"NEW"`, `"X":"EXPIRED"`).Replace(foreign))
	h.want("fill main-1-2 BTCUSDT:77 0.0005@49999.9 cum=0.001", "cancel main-1-2 cum=0.001", "accept web_1", "expire web_1: EXPIRED")
	var asked atomic.Int64
	s.books([]string{standing(29, "main-1-2", "PARTIALLY_FILLED", "0.0015", "0.0005"), standing(31, "web_1", "NEW", "0.0015", "0.0")}, nil,
		func(url.Values) string { return "[" + traded(76, 29, "0.0005") + "," + traded(77, 29, "0.0005") + "]" })
	s.does("GET "+orderPath, func(q url.Values, w http.ResponseWriter) {
		answer := standing(31, "web_1", "EXPIRED", "0.0015", "0.0")
		if q.Get("orderId") == "29" {
			answer = standing(29, "main-1-2", "PARTIALLY_FILLED", "0.0015", "0.0010") // still behind
			if asked.Add(1) > 1 {
				answer = standing(29, "main-1-2", "CANCELED", "0.0015", "0.0010")
			}
		}
		_, _ = io.WriteString(w, answer)
	})
	g.Recover([]message.OrderEvent{sent(t, "main-1-2", nil)})
	h.want("fill main-1-2 BTCUSDT:76 0.0005@50000", "fill main-1-2 BTCUSDT:77 0.0005@50000", "cancel main-1-2 cum=0.001")
	h.want(balances...)
	h.want("recovered: <nil>")
	h.silent()
	// One that never catches up is no answer.
	s.does("GET "+orderPath, func(_ url.Values, w http.ResponseWriter) {
		_, _ = io.WriteString(w, standing(29, "main-1-2", "PARTIALLY_FILLED", "0.0015", "0.0005"))
	})
	g.Recover([]message.OrderEvent{sent(t, "main-1-2", nil)})
	h.want("recovered: binance: account main: order main-1-2: the venue says that it is PARTIALLY_FILLED with 0.0005 filled, and reported fills of 0.001 before, its end: true")
}

func TestTheTrackerIsBounded(t *testing.T) {
	var k tracker
	const n = trackedMax + 1000
	for i := range n {
		k.heard(order{symbol: "BTCUSDT", id: int64(i), client: "c", status: "NEW"})
	}
	if len(k.of) != trackedMax || len(k.queue) != trackedMax {
		t.Errorf("%d and %d are remembered, want %d", len(k.of), len(k.queue), trackedMax)
	}
	if _, ok := k.latest(orderID("BTCUSDT", 999)); ok {
		t.Error("one of the oldest is remembered")
	}
	for _, i := range []int64{1000, n - 1} {
		if _, ok := k.latest(orderID("BTCUSDT", i)); !ok {
			t.Errorf("order %d is forgotten", i)
		}
	}
	o := order{symbol: "BTCUSDT", id: n - 1, client: "renamed", status: "FILLED", executed: market.MustQuantity("2")}
	if got := k.heard(o); got.client != "c" {
		t.Errorf("called %s", got.client)
	}
	o.status, o.executed = "NEW", market.MustQuantity("1")
	k.heard(o)
	if got, _ := k.latest(o.venueID()); !got.ended || got.executed != market.MustQuantity("2") {
		t.Errorf("%+v", got)
	}
}

// What is said in an answer is of the time that the venue's clock showed before anything was asked,
// less what requests need to surface, and by no other clock. An order that changed later is of then.
func TestAnswersAreByTheVenuesClock(t *testing.T) {
	s := newStub(t)
	const changed = 1_700_000_001_000 // as standing has it
	for _, at := range []int64{changed + 100_000, changed + 5_000} {
		s.says("GET "+timePath, "200", fmt.Sprintf(`{"serverTime":%d}`, at))
		s.says("GET "+openOrdersPath, "200", "["+standing(21, "main-1-2", "NEW", "0.0015", "0.0")+"]")
		g, h, _ := started(t, s, nil)
		g.Recover([]message.OrderEvent{sent(t, "main-1-1", nil), sent(t, "main-1-2", nil)})
		for got := range h.said {
			if strings.HasPrefix(got, "recovered: ") {
				break
			}
		}
		want := market.Milliseconds(at).Add(-settleDefault)
		if h.absent != want {
			t.Errorf("the absence is of %v, want %v", h.absent, want)
		}
		if want = max(want, market.Milliseconds(changed)); h.stands != want {
			t.Errorf("the open order is of %v, want %v", h.stands, want)
		}
	}
}

// An order that somebody renamed is found among the open ones by its number, without more questions.
func TestRecoverKnowsOrdersByNumber(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	s.books([]string{standing(21, "web_1", "NEW", "0.0015", "0.0")}, nil, func(url.Values) string { return "[]" })
	g.Recover([]message.OrderEvent{sent(t, "main-1-1", func(f *message.OrderEventFields) { f.VenueOrderID = "BTCUSDT:21" })})
	h.want("accept main-1-1")
	h.want(balances...)
	h.want("recovered: <nil>")
	if n := s.count("GET " + orderPath); n != 0 {
		t.Errorf("%d questions for an order", n)
	}
}

// Too many strangers to tell: then it is not said that none of the trades is the order's.
func TestRecoverLooksUpStrangersWithinReason(t *testing.T) {
	for _, strangers := range []int{strangersMax, strangersMax + 1} {
		s := newStub(t)
		g, h, _ := started(t, s, func(c *Config) { c.Budget = gateway.Unlimited{} })
		var trades []string
		orders := map[string]string{}
		for i := range strangers {
			trades = append(trades, traded(i+1, i+100, "1"), traded(i+1, i+100, "1"))
			orders[strconv.Itoa(i+100)] = standing(i+100, fmt.Sprintf("web_%d", i), "FILLED", "1", "1")
		}
		s.books(nil, orders, func(q url.Values) string {
			if q.Get("fromId") != "" {
				return "[]"
			}
			return "[" + strings.Join(trades, ",") + "]"
		})
		g.Recover([]message.OrderEvent{sent(t, "main-1-1", nil)})
		if strangers <= strangersMax {
			h.want("absent main-1-1 id|open_orders|fills: asked…")
		} else {
			h.want("absent main-1-1 id|open_orders: asked…")
		}
		h.want(balances...)
		h.want("recovered: <nil>")
		if n := s.count("GET " + orderPath); n != strangersMax+1 { // and one for the order itself
			t.Errorf("%d strangers: %d questions for orders", strangers, n)
		}
	}
}

// A question for trades by time may cover a day only: one for each day since the order.
func TestRecoverLooksThroughAllDays(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	var days []int64
	s.books(nil, map[string]string{"41": standing(41, "main-1-1", "FILLED", "0.0015", "0.0015")}, func(q url.Values) string {
		if q.Get("orderId") != "" {
			return "[" + traded(9, 41, "0.0015") + "]"
		}
		n, _ := strconv.ParseInt(q.Get("startTime"), 10, 64)
		if days = append(days, n); len(days) < 3 {
			return "[]"
		}
		return "[" + traded(9, 41, "0.0015") + "]"
	})
	g.Recover([]message.OrderEvent{sent(t, "main-1-1", func(f *message.OrderEventFields) { f.Time -= market.Timestamp(50 * time.Hour) })})
	h.want("fill main-1-1 BTCUSDT:9 0.0015@50000", "accept main-1-1 cum=0.0015")
	h.want(balances...)
	h.want("recovered: <nil>")
	if len(days) != 3 || days[1]-days[0] != 24*3600*1000 || days[2]-days[1] != 24*3600*1000 {
		t.Errorf("%v", days)
	}
}

// Trades that are told in the place of an order's are not counted as its.
func TestRecoverCountsOnlyWhatIsTheOrders(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	s.books([]string{standing(21, "main-1-1", "PARTIALLY_FILLED", "0.0015", "0.0010")}, nil, func(url.Values) string { return "[" + traded(1, 22, "0.0010") + "]" })
	g.Recover([]message.OrderEvent{sent(t, "main-1-1", nil)})
	h.want("recovered: binance: account main: order main-1-1: asked for trades of BTCUSDT:21 and was told one of BTCUSDT:22")
	h.silent()
}

func TestRecoverTakesTheVenuesWordOnWhatItArchived(t *testing.T) {
	s := newStub(t)
	g, h, _ := started(t, s, nil)
	s.says("GET "+orderPath, "400", `{"code":-2026,"msg":"Order was canceled or expired with no executed qty over 90 days ago and has been archived."}`)
	g.Recover([]message.OrderEvent{sent(t, "main-1-1", nil)})
	h.want("cancel main-1-1: it ended without a fill long ago: -2026: Order was canceled or expired…")
	h.want(balances...)
	h.want("recovered: <nil>")
}
