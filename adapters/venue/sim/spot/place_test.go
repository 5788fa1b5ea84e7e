package spot

import (
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

func TestLimitOrderRests(t *testing.T) {
	w := newWorld(t)
	id := w.listen(aliceKey, aliceSecret)
	price := w.best(market.Buy) - cents(100_000)
	o := w.ok("POST /api/v3/order", limitOrder("a-1", "BUY", "0.5", price)...)
	if o["status"] != "NEW" || o["clientOrderId"] != "a-1" || o["executedQty"] != "0.00000000" || len(o["fills"].([]any)) != 0 {
		t.Fatal(o)
	}
	free, locked := w.Balance("alice", "USDT")
	if want := notional(price, cents(50)); locked != want || free != sub(dec("1000000"), want) {
		t.Fatalf("free %s, locked %s, want %s", free, locked, want)
	}
	if got := w.events(id); !slices.Equal(got, []string{"NEW:NEW:0.00000000", "outboundAccountPosition"}) {
		t.Fatal(got)
	}
	w.audit()
	open := w.list("GET /api/v3/openOrders", "symbol", "BTCUSDT")
	if len(open) != 1 || open[0]["clientOrderId"] != "a-1" || open[0]["isWorking"] != true {
		t.Fatal(open)
	}
	c := w.ok("DELETE /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "a-1", "newClientOrderId", "c-1")
	if c["status"] != "CANCELED" || c["clientOrderId"] != "c-1" || c["origClientOrderId"] != "a-1" {
		t.Fatal(c)
	}
	if _, locked := w.Balance("alice", "USDT"); locked.Sign() != 0 {
		t.Fatal(locked)
	}
	if got := w.events(id); !slices.Equal(got, []string{"CANCELED:CANCELED:0.00000000", "outboundAccountPosition"}) {
		t.Fatal(got)
	}
	w.audit()
}

func TestMarketOrderFills(t *testing.T) {
	w := newWorld(t)
	w.pass(10 * time.Second)
	o := w.ok("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "0.5")
	if o["status"] != "FILLED" || o["executedQty"] != "0.50000000" || len(o["fills"].([]any)) == 0 {
		t.Fatal(o)
	}
	got, _ := w.Balance("alice", "BTC")
	if want := dec("20.4995"); got != want { // half a coin less 0.1 %
		t.Fatalf("have %s BTC, want %s", got, want)
	}
	w.audit()
}
