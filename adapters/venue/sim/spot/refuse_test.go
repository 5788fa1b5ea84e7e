package spot

import (
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// TestRefusals goes through what a placement can be refused for.
func TestRefusals(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Limits.OrdersPerSymbol, c.Limits.StopsPerSymbol = 3, 1 })
	ask := w.best(market.Sell)
	low, high := (ask - cents(100_000)).String(), (ask + cents(100_000)).String()
	order := func(pairs ...string) string {
		t.Helper()
		return w.refused(w.signed("POST /api/v3/order", append([]string{"symbol", "BTCUSDT"}, pairs...)...))
	}
	missing := func(name string) string {
		return "400 -1102 Mandatory parameter '" + name + "' was not sent, was empty/null, or malformed."
	}
	for _, c := range []struct{ pairs, want string }{
		{"", missing("side")},
		{"side=SHORT", "400 -1117 Invalid side."},
		{"side=BUY", missing("type")},
		{"side=BUY type=FOO", "400 -1116 Invalid orderType."},
		{"side=BUY type=LIMIT", missing("quantity")},
		{"side=BUY type=LIMIT quantity=1", missing("price")},
		{"side=BUY type=LIMIT quantity=1 price=" + low, missing("timeInForce")},
		{"side=BUY type=LIMIT quantity=1 timeInForce=DAY price=" + low, "400 -1115 Invalid timeInForce."},
		{"side=BUY type=LIMIT quantity=-1 timeInForce=GTC price=" + low, `400 -1100 Illegal characters found in parameter 'quantity'; legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'.`},
		{"side=BUY type=LIMIT quantity=1e3 timeInForce=GTC price=" + low, `400 -1100 Illegal characters found in parameter 'quantity'; legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'.`},
		{"side=BUY type=LIMIT quantity=1.000000001 timeInForce=GTC price=" + low, "400 -1111 Parameter 'quantity' has too much precision."},
		{"side=BUY type=LIMIT quantity=99999999999999999999 timeInForce=GTC price=" + low, "400 -1108 Parameter 'quantity' overflowed."},
		{"side=BUY type=LIMIT quantity=0 timeInForce=GTC price=" + low, "400 -1013 Invalid quantity."},
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC price=0", "400 -1013 Invalid price."},
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC stopPrice=1 price=" + low, "400 -1106 Parameter 'stopPrice' sent when not required."},
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC price=" + low + " quoteOrderQty=1", "400 -1106 Parameter 'quoteOrderQty' sent when not required."},
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC newClientOrderId=a+b price=" + low, "400 -1100 Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'."},
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC newOrderRespType=SHORT price=" + low, "400 -1130 Data sent for parameter 'newOrderRespType' is not valid."},
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC selfTradePreventionMode=X price=" + low, "400 -1130 Data sent for parameter 'selfTradePreventionMode' is not valid."},
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC selfTradePreventionMode=TRANSFER price=" + low, "400 -1013 This symbol does not allow the specified self-trade prevention mode."},
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC strategyType=5 price=" + low, "400 -1134 strategyType was less than 1000000."},
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC icebergQty=0.1 price=" + low, "400 -2010 Iceberg orders are not supported for this symbol."},
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC pegPriceType=PRIMARY_PEG price=" + low, "400 -2010 Pegged orders are not supported for this symbol."},
		{"side=BUY type=MARKET", "400 -1102 Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"},
		{"side=BUY type=MARKET quantity=1 price=" + low, "400 -1106 Parameter 'price' sent when not required."},
		{"side=BUY type=MARKET quantity=1 timeInForce=GTC", "400 -1106 Parameter 'timeInForce' sent when not required."},
		{"side=BUY type=STOP_LOSS quantity=1", missing("stopPrice")},
		{"side=BUY type=STOP_LOSS quantity=1 trailingDelta=10 stopPrice=" + high, "400 -1106 Parameter 'trailingDelta' sent when not required."},
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC foo=1 price=" + low, "400 -1104 Not all sent parameters were read; read '8' parameter(s) but was sent '9'."},
		// Filters.
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC price=" + (ask - 1).String(), "400 -1013 Filter failure: PRICE_FILTER"},
		{"side=BUY type=LIMIT quantity=0.000001 timeInForce=GTC price=" + low, "400 -1013 Filter failure: LOT_SIZE"},
		{"side=BUY type=LIMIT quantity=100000001 timeInForce=GTC price=" + low, "400 -1013 Filter failure: LOT_SIZE"},
		{"side=BUY type=MARKET quantity=1000000", "400 -1013 Filter failure: MARKET_LOT_SIZE"},
		{"side=BUY type=LIMIT quantity=1 timeInForce=GTC price=1000", "400 -1013 Filter failure: PERCENT_PRICE_BY_SIDE"},
		{"side=SELL type=LIMIT quantity=1 timeInForce=GTC price=900000", "400 -1013 Filter failure: PERCENT_PRICE_BY_SIDE"},
		{"side=BUY type=LIMIT quantity=0.00001 timeInForce=GTC price=" + low, "400 -1013 Filter failure: NOTIONAL"},
		{"side=BUY type=MARKET quoteOrderQty=1", "400 -1013 Filter failure: NOTIONAL"},
		// The matching engine.
		{"side=BUY type=LIMIT quantity=1000 timeInForce=GTC price=" + low, "400 -2010 Account has insufficient balance for requested action."},
		{"side=SELL type=LIMIT quantity=21 timeInForce=GTC price=" + high, "400 -2010 Account has insufficient balance for requested action."},
		{"side=SELL type=MARKET quantity=20.5", "400 -2010 Account has insufficient balance for requested action."},
		{"side=BUY type=MARKET quoteOrderQty=1000001", "400 -2010 Account has insufficient balance for requested action."},
		{"side=BUY type=LIMIT_MAKER quantity=0.1 price=" + high, "400 -2010 Order would immediately match and take."},
		{"side=BUY type=STOP_LOSS quantity=0.1 stopPrice=" + low, "400 -2010 Order would trigger immediately."},
		{"side=SELL type=TAKE_PROFIT quantity=0.1 stopPrice=" + low, "400 -2010 Order would trigger immediately."},
	} {
		var pairs []string
		for pair := range strings.FieldsSeq(c.pairs) {
			name, value, _ := strings.Cut(pair, "=")
			pairs = append(pairs, name, value)
		}
		if got := order(pairs...); got != c.want {
			t.Errorf("%s: %s, want %s", c.pairs, got, c.want)
		}
		if len(w.accounts[0].orders) != 0 {
			t.Fatalf("%s: was accepted", c.pairs)
		}
	}
	for _, c := range []struct{ symbol, want string }{
		{"", "400 -1105 Parameter 'symbol' was empty."},
		{"btcusdt", "400 -1100 Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'."},
		{"BTCEUR", "400 -1121 Invalid symbol."},
	} {
		if got := w.refused(w.signed("POST /api/v3/order", "symbol", c.symbol, "side", "BUY", "type", "MARKET", "quantity", "1")); got != c.want {
			t.Errorf("%q: %s, want %s", c.symbol, got, c.want)
		}
	}

	// An id is refused while the order that has it is open, and not afterwards.
	price := ask - cents(100_000)
	w.ok("POST /api/v3/order", limitOrder("same", "BUY", "0.1", price)...)
	if got := w.refused(w.signed("POST /api/v3/order", limitOrder("same", "BUY", "0.1", price)...)); got != "400 -2010 Duplicate order sent." {
		t.Error(got)
	}
	w.ok("DELETE /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "same")
	w.ok("POST /api/v3/order", limitOrder("same", "BUY", "0.1", price)...)

	// Counting filters.
	w.ok("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "STOP_LOSS", "quantity", "0.1", "stopPrice", high)
	if got := order("side", "BUY", "type", "STOP_LOSS", "quantity", "0.1", "stopPrice", high); got != "400 -1013 Filter failure: MAX_NUM_ALGO_ORDERS" {
		t.Error(got)
	}
	w.ok("POST /api/v3/order", limitOrder("third", "BUY", "0.1", price)...)
	if got := w.refused(w.signed("POST /api/v3/order", limitOrder("fourth", "BUY", "0.1", price)...)); got != "400 -1013 Filter failure: MAX_NUM_ORDERS" {
		t.Error(got)
	}
	w.audit()
}

// TestTests checks that POST /api/v3/order/test checks, and places nothing.
func TestTests(t *testing.T) {
	w := newWorld(t)
	price := w.best(market.Buy) - cents(100)
	if got := w.ok("POST /api/v3/order/test", limitOrder("a", "BUY", "0.1", price)...); len(got) != 0 {
		t.Error(got)
	}
	got := w.ok("POST /api/v3/order/test", limitOrder("a", "BUY", "0.1", price, "computeCommissionRates", "true")...)
	if got["standardCommissionForOrder"].(object)["taker"] != "0.00100000" {
		t.Error(got)
	}
	if got := w.refused(w.signed("POST /api/v3/order/test", limitOrder("a", "BUY", "0.1", 1)...)); got != "400 -1013 Filter failure: PRICE_FILTER" {
		t.Error(got)
	}
	if len(w.accounts[0].orders) != 0 {
		t.Error("it was placed")
	}
}

func TestLookups(t *testing.T) {
	w := newWorld(t)
	price := w.best(market.Buy) - cents(100_000)
	o := w.ok("POST /api/v3/order", limitOrder("mine", "BUY", "0.1", price)...)
	id := jsonNumber(o["orderId"])
	for _, c := range []struct{ endpoint, pairs, want string }{
		{"GET /api/v3/order", "symbol=BTCUSDT", "400 -1102 Param 'orderId' or 'origClientOrderId' must be sent, but both were empty/null!"},
		{"GET /api/v3/order", "symbol=BTCUSDT origClientOrderId=other", "400 -2013 Order does not exist."},
		{"GET /api/v3/order", "symbol=ETHUSDT origClientOrderId=mine", "400 -2013 Order does not exist."},
		{"GET /api/v3/order", "symbol=BTCUSDT orderId=" + id + "0", "400 -2013 Order does not exist."},
		{"GET /api/v3/order", "symbol=BTCUSDT origClientOrderId=other orderId=" + id, "400 -2039 Client order ID is not correct for this order ID."},
		{"DELETE /api/v3/order", "symbol=BTCUSDT origClientOrderId=other", "400 -2011 Unknown order sent."},
		{"DELETE /api/v3/order", "symbol=BTCUSDT origClientOrderId=mine cancelRestrictions=ALL", "400 -1145 Invalid cancelRestrictions"},
		{"DELETE /api/v3/order", "symbol=BTCUSDT origClientOrderId=mine cancelRestrictions=ONLY_PARTIALLY_FILLED", "400 -2011 Order was not canceled due to cancel restrictions."},
		{"DELETE /api/v3/openOrders", "symbol=ETHUSDT", "400 -2011 Unknown order sent."},
		{"PUT /api/v3/order/amend/keepPriority", "symbol=BTCUSDT origClientOrderId=mine newQty=0.1", "400 -2038 The requested action would change no state; rejecting."},
		{"PUT /api/v3/order/amend/keepPriority", "symbol=BTCUSDT origClientOrderId=mine newQty=0.2", "400 -2038 Order amend (quantity increase) is not supported."},
		{"PUT /api/v3/order/amend/keepPriority", "symbol=BTCUSDT origClientOrderId=other newQty=0.05", "400 -2038 Unknown order sent."},
		{"PUT /api/v3/order/amend/keepPriority", "symbol=BTCUSDT origClientOrderId=mine newQty=0.0000001", "400 -1013 Filter failure: LOT_SIZE"},
		{"PUT /api/v3/order/amend/keepPriority", "symbol=BTCUSDT origClientOrderId=mine newQty=0.00001", "400 -1013 Filter failure: NOTIONAL"},
		{"GET /api/v3/allOrders", "symbol=BTCUSDT startTime=1800000000000 endTime=1800086400001", "400 -1127 More than 24 hours between startTime and endTime."},
		{"GET /api/v3/myTrades", "symbol=BTCUSDT orderId=1 startTime=1", "400 -1128 Combination of optional parameters invalid."},
		{"GET /api/v3/userDataStream", "", "410 -1020 listenKey is no longer supported; subscribe over the WebSocket API: userDataStream.subscribe.signature."},
		{"POST /api/v3/userDataStream", "", "410 -1020 listenKey is no longer supported; subscribe over the WebSocket API: userDataStream.subscribe.signature."},
		{"POST /api/v3/orderList/oco", "", "404 -1020 This operation is not supported."},
		{"PUT /api/v3/order", "", "405 -1000 Request method 'PUT' not supported"},
		{"GET /nothing", "", "404 -1000 maru venue: no GET /nothing here"},
	} {
		var pairs []string
		for pair := range strings.FieldsSeq(c.pairs) {
			name, value, _ := strings.Cut(pair, "=")
			pairs = append(pairs, name, value)
		}
		if got := w.refused(w.signed(c.endpoint, pairs...)); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.endpoint, c.pairs, got, c.want)
		}
	}
	for _, pairs := range [][]string{{"orderId", id}, {"origClientOrderId", "mine"}, {"orderId", id, "origClientOrderId", "mine"}} {
		if got := w.ok("GET /api/v3/order", append(pairs, "symbol", "BTCUSDT")...); got["clientOrderId"] != "mine" {
			t.Error(got)
		}
	}
	// Somebody else has no such order.
	if got := w.refused(w.signedBy(bobKey, bobSecret, "GET /api/v3/order", "symbol", "BTCUSDT", "orderId", id)); got != "400 -2013 Order does not exist." {
		t.Error(got)
	}
	a := w.ok("PUT /api/v3/order/amend/keepPriority", "symbol", "BTCUSDT", "origClientOrderId", "mine", "newQty", "0.04", "newClientOrderId", "less")
	if got := a["amendedOrder"].(object); got["qty"] != "0.04000000" || got["clientOrderId"] != "less" || got["origClientOrderId"] != "mine" {
		t.Error(a)
	}
	w.audit()
	if got := w.ok("GET /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "less"); jsonNumber(got["orderId"]) != id || got["origQty"] != "0.04000000" {
		t.Error(got)
	}
	w.pass(time.Second)
	gone := w.list("DELETE /api/v3/openOrders", "symbol", "BTCUSDT")
	if len(gone) != 1 || gone[0]["status"] != "CANCELED" {
		t.Error(gone)
	}
	if got := w.refused(w.signed("DELETE /api/v3/order", "symbol", "BTCUSDT", "orderId", id)); got != "400 -2011 Unknown order sent." {
		t.Error(got)
	}
	w.audit()
}

func jsonNumber(v any) string {
	f, _ := v.(float64)
	return sim.Fixed(f * 1e8).Decimal().String()
}
