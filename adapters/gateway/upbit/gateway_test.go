package upbit

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway/upbit/upbittest"
)

// TestLifeOfAnOrder goes through a life without faults: placed, filled in parts, canceled.
func TestLifeOfAnOrder(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.recovers(); err != nil {
		t.Fatal(err)
	}
	e, id := w.place(nil)
	accept := w.heard.awaits(t, id, message.ActionAccept)
	if accept.VenueOrderID == "" || accept.Instrument != btc || accept.OrderTerms != e.Fields().OrderTerms {
		t.Errorf("accepted as %+v, want %v", accept, e.Fields().OrderTerms)
	}
	w.execute(id, "139999000", "0.004")
	fill := w.heard.awaits(t, id, message.ActionFill)
	if want := market.MustDecimal("279.998"); fill.Fee.Decimal != want || fill.FeeCurrency != "KRW" || !fill.LastLiquidityAdd {
		t.Errorf("fill %+v, want a fee of %v KRW, as a maker", fill, want)
	}
	w.gateway.Cancel(e)
	canceled := w.heard.awaits(t, id, message.ActionCancel)
	if canceled.CumQuantity != market.MustQuantity("0.004") {
		t.Errorf("canceled with %v executed", canceled.CumQuantity)
	}
	if err := w.recovers(); err != nil {
		t.Fatal(err)
	}
	w.agrees()
	w.heard.mu.Lock()
	defer w.heard.mu.Unlock()
	for _, currency := range []string{"KRW", "BTC"} {
		b, want := w.heard.balances[currency], w.server.Balance(currency)
		if b.Free.Decimal != want.Free || b.Locked.Decimal != want.Locked || b.Account != account {
			t.Errorf("balance of %s %+v, the ledger has %v", currency, b, want)
		}
	}
	if len(w.heard.disconnected) > 0 {
		t.Errorf("disconnected: %q", w.heard.disconnected)
	}
	if len(w.heard.offsets) == 0 || w.heard.offsets[0].Abs() > time.Second {
		t.Errorf("clock offsets %v", w.heard.offsets)
	}
}

// TestKinds places every kind of order that Support has, and none that it has not.
func TestKinds(t *testing.T) {
	executed := func(s *upbittest.Server, o upbittest.Order) {
		if o.Type == "market" || o.TimeInForce == "ioc" || o.TimeInForce == "fok" {
			if err := s.Execute(o.UUID, "140000000", "0.01", false); err != nil {
				t.Error(err)
			}
		}
	}
	w := newWorld(t, func(s *upbittest.Config, _ *Config) { s.OnPlace = executed })
	for _, k := range w.gateway.Support().Kinds {
		for _, inst := range []market.ExecInst{0, k.ExecInst} {
			e, id := w.place(func(f *message.OrderEventFields) {
				f.Type, f.TimeInForce, f.ExecInst = k.Type, k.TimeInForce, inst
				if k.Side != 0 {
					f.Side = k.Side
				}
				if k.Type == market.Market {
					f.Price = market.Price{}
				}
			})
			accept := w.heard.awaits(t, id, message.ActionAccept)
			want := e.Fields().OrderTerms
			if want.Type == market.Market {
				want.TimeInForce = market.IOC // what it means at Upbit
			}
			if accept.OrderTerms != want {
				t.Errorf("%v came back as %v", want, accept.OrderTerms)
			}
			if k.Type == market.Market || k.TimeInForce != market.GTC {
				w.heard.awaits(t, id, message.ActionFill)
			}
		}
	}
	before := w.server.Requests("POST /v1/orders")
	for name, change := range map[string]func(*message.OrderEventFields){
		"market buy": func(f *message.OrderEventFields) { f.Type, f.Price = market.Market, market.Price{} },
		"stop": func(f *message.OrderEventFields) {
			f.Type, f.StopPrice = market.StopLimit, market.MustPrice("1")
		},
		"day":           func(f *message.OrderEventFields) { f.TimeInForce = market.DAY },
		"another venue": func(f *message.OrderEventFields) { f.Instrument = market.MustInstrument("binance", "BTC-USDT") },
	} {
		e, id := w.place(change)
		refused := w.heard.awaits(t, id, message.ActionReject)
		if !strings.HasPrefix(refused.Reason, "not sent: ") {
			t.Errorf("%s: %q", name, refused.Reason)
		}
		if name == "market buy" {
			if why := w.gateway.Support().Refuses(e.Fields().OrderTerms); why != "the venue takes market orders to sell only" {
				t.Errorf("market buy: %q", why)
			}
		}
	}
	if after := w.server.Requests("POST /v1/orders"); after != before {
		t.Errorf("%d requests for what Upbit has not", after-before)
	}
	w.agrees()
}

// TestRefusals holds what the venue refuses for certain.
func TestRefusals(t *testing.T) {
	w := newWorld(t, nil)
	for name, tc := range map[string]struct {
		change func(*message.OrderEventFields)
		want   string
	}{
		"no money": {func(f *message.OrderEventFields) { f.Quantity = market.MustQuantity("1000") }, "insufficient_funds_bid: "},
		"no coins": {func(f *message.OrderEventFields) { f.Quantity, f.Side = market.MustQuantity("1000"), market.Sell }, "insufficient_funds_ask: "},
		"too small": {func(f *message.OrderEventFields) {
			f.Quantity, f.Price = market.MustQuantity("0.00000001"), market.MustPrice("1000")
		}, "under_min_total_bid: "},
	} {
		_, id := w.place(tc.change)
		if f := w.heard.awaits(t, id, message.ActionReject); !strings.HasPrefix(f.Reason, tc.want) {
			t.Errorf("%s: %q, want %s…", name, f.Reason, tc.want)
		}
	}
	w.agrees()
}

// TestUsedIdentifier: that an identifier was used is no refusal, since the order that used it may be this one.
func TestUsedIdentifier(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.server.PlaceByHand(map[string]string{"market": "KRW-BTC", "side": "bid", "ord_type": "limit", "price": "1000000", "volume": "0.01", "identifier": "main-1-1"}); err != nil {
		t.Fatal(err)
	}
	w.heard.awaits(t, "main-1-1", message.ActionAccept)
	_, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionLose)
	if has(w.heard.of(id), message.ActionReject) {
		t.Error("rejected")
	}
}

// TestNotSent: what never left is refused, not unknown.
func TestNotSent(t *testing.T) {
	w := newWorld(t, func(_ *upbittest.Config, c *Config) { c.PlaceBudget = noBudget{} })
	_, id := w.place(nil)
	if f := w.heard.awaits(t, id, message.ActionReject); !strings.Contains(f.Reason, "not sent") {
		t.Errorf("%q", f.Reason)
	}
	if n := w.server.Requests("POST /v1/orders"); n != 0 {
		t.Errorf("%d requests", n)
	}
	w.gateway.Close()
	e, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionReject)
	w.gateway.Cancel(e)
	w.heard.awaits(t, id, message.ActionRejectCancel)
	w.gateway.Amend(e)
	w.heard.awaits(t, id, message.ActionRejectAmend)
	if err := w.recovers(); err == nil {
		t.Error("a closed gateway recovered")
	}
}

// TestCancelWaitsForPlace: a cancel right behind its order must not meet the venue before it.
func TestCancelWaitsForPlace(t *testing.T) {
	w := newWorld(t, nil)
	w.server.Inject(upbittest.Fault{Kind: upbittest.SlowAck, On: "POST /v1/orders"})
	e, id := w.place(nil)
	w.gateway.Cancel(e)
	poll(t, "the order is at the venue", func() bool { return w.server.Requests("POST /v1/orders") == 1 })
	if n := w.server.Requests("DELETE /v1/order"); n != 0 {
		t.Fatalf("%d cancels before the answer", n)
	}
	w.server.Release()
	w.heard.awaits(t, id, message.ActionCancel)
	if got := w.heard.of(id); has(got, message.ActionRejectCancel) {
		t.Errorf("%s", lines(got))
	}
}

// TestConfig names every fault at once and leaks nothing.
func TestConfig(t *testing.T) {
	_, err := New(Config{RESTURL: "ftp://x", WebSocketURL: "wss://u:p@x/y", SelfMatch: "maybe", Timeout: -1}, nil)
	for _, want := range []string{"no account", "no API key", "no secret", "RESTURL", "WebSocketURL", "SelfMatch", "Timeout", "no clock", "reply"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %q in %v", want, err)
		}
	}
	var u interface{ Unwrap() []error }
	if !errors.As(err, &u) {
		t.Error("not joined")
	}
}
