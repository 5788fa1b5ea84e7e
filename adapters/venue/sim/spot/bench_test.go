package spot

import (
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// BenchmarkVirtualMinute is a minute of the default market with somebody on its streams.
func BenchmarkVirtualMinute(b *testing.B) {
	v, err := New(Config{Market: sim.Config{Seed: 1}, Accounts: accounts()})
	if err != nil {
		b.Fatal(err)
	}
	v.Open("/stream", "streams=btcusdt@trade/btcusdt@bookTicker/btcusdt@depth@100ms/btcusdt@ticker", "")
	for b.Loop() {
		v.Advance(v.Now().Add(time.Minute))
		v.Take()
	}
	b.ReportMetric(60*float64(b.N)/b.Elapsed().Seconds(), "x-real-time")
}

// BenchmarkPlaceCancel is a limit order and its cancel, signed, with a user data stream.
func BenchmarkPlaceCancel(b *testing.B) {
	v, err := New(Config{Market: sim.Config{Seed: 1}, Accounts: accounts(), Limits: Limits{WeightPerMinute: 1e9, OrdersPer10s: 1e9, OrdersPerDay: 1e9}})
	if err != nil {
		b.Fatal(err)
	}
	w := &world{nil, v}
	r, _ := v.market.Front(0, market.Buy)
	id, _ := v.Open(WebSocketPath, "", "")
	v.sessions[id].subscriptions = []subscription{{0, v.accounts[0], false}}
	place := w.signed("POST /api/v3/order", limitOrder("a", "BUY", "0.01", r.Price-cents(1000))...)
	cancel := w.signed("DELETE /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "a")
	for b.Loop() {
		for _, r := range []Request{place, cancel} {
			if reply := v.Do(r); reply.Status != 200 {
				b.Fatal(string(reply.Body))
			}
		}
		v.Take()
	}
}
