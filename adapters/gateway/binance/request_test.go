package binance

import (
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

var btc = market.MustInstrument(Name, "BTC-USDT")

func fields(change func(*message.OrderEventFields)) message.OrderEventFields {
	f := message.OrderEventFields{Account: "main", Strategy: "s", ClientOrderID: "main-1-1", Instrument: btc, Time: market.Milliseconds(1_700_000_000_000),
		OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: market.MustPrice("50000.10"), Quantity: market.MustQuantity("0.0015")}}
	if change != nil {
		change(&f)
	}
	return f
}

func TestOrdersAsBinanceTakesThem(t *testing.T) {
	price := func(f *message.OrderEventFields, text string) { f.Price = market.MustPrice(text) }
	for name, c := range map[string]struct {
		change func(f *message.OrderEventFields)
		want   string // of the parameters between symbol and newClientOrderId
	}{
		"limit":     {nil, "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.0015&price=50000.1"},
		"ioc":       {func(f *message.OrderEventFields) { f.TimeInForce = market.IOC }, "side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.0015&price=50000.1"},
		"fok sell":  {func(f *message.OrderEventFields) { f.TimeInForce, f.Side = market.FOK, market.Sell }, "side=SELL&type=LIMIT&timeInForce=FOK&quantity=0.0015&price=50000.1"},
		"post-only": {func(f *message.OrderEventFields) { f.ExecInst = market.PostOnly }, "side=BUY&type=LIMIT_MAKER&quantity=0.0015&price=50000.1"},
		"reduce-only is kept here": {func(f *message.OrderEventFields) { f.ExecInst = market.ReduceOnly },
			"side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.0015&price=50000.1"},
		"market": {func(f *message.OrderEventFields) { f.Type, f.Price = market.Market, market.Price{} }, "side=BUY&type=MARKET&quantity=0.0015"},
		"market ioc": {func(f *message.OrderEventFields) {
			f.Type, f.Price, f.TimeInForce = market.Market, market.Price{}, market.IOC
		},
			"side=BUY&type=MARKET&quantity=0.0015"},
		"stop": {func(f *message.OrderEventFields) {
			f.Type, f.Price, f.StopPrice = market.Stop, market.Price{}, market.MustPrice("49000")
		}, "side=BUY&type=STOP_LOSS&quantity=0.0015&stopPrice=49000"},
		"stop-limit": {func(f *message.OrderEventFields) { f.Type, f.StopPrice = market.StopLimit, market.MustPrice("49000") },
			"side=BUY&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.0015&price=50000.1&stopPrice=49000"},
		"no exponents": {func(f *message.OrderEventFields) {
			price(f, "0.000000012")
			f.Quantity = market.MustQuantity("120000000000")
		}, "side=BUY&type=LIMIT&timeInForce=GTC&quantity=120000000000&price=0.000000012"},
	} {
		f := fields(c.change)
		q, err := place(f, "BTCUSDT", params{{"recvWindow", "5000"}, {"timestamp", "1"}})
		want := "symbol=BTCUSDT&" + c.want + "&newClientOrderId=main-1-1&newOrderRespType=FULL&recvWindow=5000&timestamp=1"
		if err != nil || q.params.encode() != want {
			t.Errorf("%s: %s, want %s (%v)", name, q.params.encode(), want, err)
		}
	}
}

func TestOrdersThatBinanceDoesNotTakeNeverLeave(t *testing.T) {
	for name, change := range map[string]func(f *message.OrderEventFields){
		"day": func(f *message.OrderEventFields) { f.TimeInForce = market.DAY },
		"gtd": func(f *message.OrderEventFields) { f.TimeInForce, f.ExpireAt = market.GTD, 1 },
		"market fok": func(f *message.OrderEventFields) {
			f.Type, f.Price, f.TimeInForce = market.Market, market.Price{}, market.FOK
		},
		"post-only ioc":      func(f *message.OrderEventFields) { f.TimeInForce, f.ExecInst = market.IOC, market.PostOnly },
		"no side":            func(f *message.OrderEventFields) { f.Side = 0 },
		"no quantity":        func(f *message.OrderEventFields) { f.Quantity = market.Quantity{} },
		"no price":           func(f *message.OrderEventFields) { f.Price = market.Price{} },
		"market with price":  func(f *message.OrderEventFields) { f.Type = market.Market },
		"stop without price": func(f *message.OrderEventFields) { f.Type, f.Price = market.Stop, market.Price{} },
		"no id":              func(f *message.OrderEventFields) { f.ClientOrderID = "" },
		"id of 37 letters":   func(f *message.OrderEventFields) { f.ClientOrderID = message.ClientOrderID(strings.Repeat("a", 37)) },
		"id with a dot":      func(f *message.OrderEventFields) { f.ClientOrderID = "a.b" },
		"id with a &":        func(f *message.OrderEventFields) { f.ClientOrderID = "a&b=c" },
	} {
		if q, err := place(fields(change), "BTCUSDT", nil); err == nil {
			t.Errorf("%s: %s", name, q.params.encode())
		}
	}
	for name, change := range map[string]func(f *message.OrderEventFields){
		"price":         func(f *message.OrderEventFields) { f.NewPrice = market.MustPrice("1") },
		"stop":          func(f *message.OrderEventFields) { f.NewStopPrice = market.MustPrice("1") },
		"more":          func(f *message.OrderEventFields) { f.NewQuantity = market.MustQuantity("0.002") },
		"the same":      func(f *message.OrderEventFields) { f.NewQuantity = f.Quantity },
		"nothing":       func(f *message.OrderEventFields) { f.NewQuantity = market.Quantity{} },
		"id with a dot": func(f *message.OrderEventFields) { f.ClientOrderID = "a.b" },
	} {
		f := fields(func(f *message.OrderEventFields) { f.NewPrice, f.NewQuantity = f.Price, market.MustQuantity("0.001") })
		change(&f)
		if q, err := amend(f, "BTCUSDT", nil); err == nil {
			t.Errorf("amend %s: %s", name, q.params.encode())
		}
	}
}

func TestOtherRequests(t *testing.T) {
	stamp := params{{"recvWindow", "5000"}, {"timestamp", "1"}}
	f := fields(func(f *message.OrderEventFields) { f.NewPrice, f.NewQuantity = f.Price, market.MustQuantity("0.001") })
	must := func(q request, err error) request {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	byNumber := fields(func(f *message.OrderEventFields) { f.ClientOrderID, f.VenueOrderID = "", "BTCUSDT:28" })
	for _, c := range []struct {
		q    request
		want string
	}{
		{must(amend(f, "BTCUSDT", stamp)), "PUT /api/v3/order/amend/keepPriority?symbol=BTCUSDT&origClientOrderId=main-1-1&newClientOrderId=main-1-1&newQty=0.001&recvWindow=5000&timestamp=1"},
		{must(cancelOrder(f, "BTCUSDT", stamp)), "DELETE /api/v3/order?symbol=BTCUSDT&origClientOrderId=main-1-1&recvWindow=5000&timestamp=1"},
		{must(cancelOrder(byNumber, "BTCUSDT", stamp)), "DELETE /api/v3/order?symbol=BTCUSDT&orderId=28&recvWindow=5000&timestamp=1"},
		{must(query("", "BTCUSDT:28", "BTCUSDT", stamp)), "GET /api/v3/order?symbol=BTCUSDT&orderId=28&recvWindow=5000&timestamp=1"},
		{openOrders(stamp), "GET /api/v3/openOrders?recvWindow=5000&timestamp=1"},
		{tradesOf("BTCUSDT", 28, 0, stamp), "GET /api/v3/myTrades?symbol=BTCUSDT&orderId=28&limit=1000&recvWindow=5000&timestamp=1"},
		{tradesOf("BTCUSDT", 28, 7, stamp), "GET /api/v3/myTrades?symbol=BTCUSDT&orderId=28&fromId=7&limit=1000&recvWindow=5000&timestamp=1"},
		{tradesSince("BTCUSDT", market.Milliseconds(5), 0, stamp), "GET /api/v3/myTrades?symbol=BTCUSDT&startTime=5&limit=1000&recvWindow=5000&timestamp=1"},
		{tradesSince("BTCUSDT", market.Milliseconds(5), 7, stamp), "GET /api/v3/myTrades?symbol=BTCUSDT&fromId=7&limit=1000&recvWindow=5000&timestamp=1"},
		{account(stamp), "GET /api/v3/account?recvWindow=5000&timestamp=1"},
		{restrictions(stamp), "GET /sapi/v1/account/apiRestrictions?recvWindow=5000&timestamp=1"},
	} {
		if got := c.q.method + " " + c.q.path + "?" + c.q.params.encode(); got != c.want || !c.q.signed || c.q.weight < 1 {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	for _, bad := range []message.VenueOrderID{"", "28", "BTCUSDT:", "BTCUSDT:x", "BTCUSDT:1&symbol=ETHUSDT"} {
		if q, err := query("", bad, "BTCUSDT", nil); err == nil {
			t.Errorf("order id %q: %s", bad, q.params.encode())
		}
	}
}

// Whatever our clock shows, the venue takes the request until the last millisecond that is not after
// ValidUntil by its own clock, and no longer (rest-api.md, Timing security).
func TestNoRequestIsValidForLongerThanItMay(t *testing.T) {
	const made = market.Timestamp(1_700_000_000_123_456_789)
	for _, offset := range []time.Duration{0, time.Millisecond, -time.Millisecond, 999_999, -999_999, 2 * time.Second, -2 * time.Second, -50 * time.Second} {
		for _, valid := range []time.Duration{5 * time.Second, 3 * time.Second, 5*time.Second + 999_999, 9 * time.Second} {
			until := made.Add(valid)
			p, err := window(made, offset, until)
			if err != nil {
				t.Fatalf("offset %v valid %v: %v", offset, valid, err)
			}
			recv, stamp := mustInt(t, p[0].value), mustInt(t, p[1].value)
			last := market.Milliseconds(stamp + recv + 1) // the millisecond is over
			if p[0].name != "recvWindow" || p[1].name != "timestamp" || last > until || until.Sub(last) >= time.Millisecond {
				t.Errorf("offset %v valid %v: taken until %v, want %v", offset, valid, last, until)
			}
			if ahead := market.Milliseconds(stamp).Sub(made.Add(offset)); ahead > 0 || ahead <= -time.Millisecond {
				t.Errorf("offset %v: the request says %v, the venue's clock shows %v", offset, market.Milliseconds(stamp), made.Add(offset))
			}
		}
	}
	for _, c := range []struct{ offset, valid time.Duration }{{0, 0}, {0, -time.Second}, {6 * time.Second, 5 * time.Second}, {0, 61 * time.Second}, {-56 * time.Second, 5 * time.Second}, {time.Minute, 5 * time.Second}} {
		if p, err := window(made, c.offset, made.Add(c.valid)); err == nil {
			t.Errorf("offset %v valid %v: %s", c.offset, c.valid, p.encode())
		}
	}
}

func mustInt(t *testing.T, text string) (n int64) {
	t.Helper()
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			t.Fatalf("%q is no number", text)
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

func TestSupportIsWhatPlaceTakes(t *testing.T) {
	support := Support(5 * time.Second)
	if support.CancelOnDisconnect || !support.ClientOrderIDs || support.Amend != message.AmendReduce || support.Validity != 5*time.Second {
		t.Errorf("%+v", support)
	}
	taken := 0
	for kind := market.Market; kind <= market.StopLimit; kind++ {
		for tif := market.GTC; tif <= market.GTD; tif++ {
			for inst := range market.ExecInstAll + 1 {
				f := fields(func(f *message.OrderEventFields) {
					f.Type, f.TimeInForce, f.ExecInst = kind, tif, inst
					if !kind.HasPrice() {
						f.Price = market.Price{}
					}
					if kind.HasStopPrice() {
						f.StopPrice = market.MustPrice("1")
					}
					if tif == market.GTD {
						f.ExpireAt = 1
					}
				})
				_, err := place(f, "BTCUSDT", nil)
				if refuses := support.Refuses(f.OrderTerms) != "" || f.Fault() != ""; refuses != (err != nil) {
					t.Errorf("%v: support refuses %v, place %v", f.OrderTerms, refuses, err)
				} else if err == nil {
					taken++
				}
			}
		}
	}
	if taken != 20 { // ten kinds, each with and without reduce-only
		t.Errorf("%d kinds of orders are taken", taken)
	}
}
