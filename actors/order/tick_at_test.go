package order

import (
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// TestTickAt: an order's events know by the venue's clock what led to the decision, so that its life
// can be told from there (maru orders why).
func TestTickAt(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Account, cfg.Venue, cfg.Epoch = "main", "sim", 1
	core, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	intent, err := message.NewOrderIntent(message.OrderIntentFields{
		Origin: message.Origin{Instrument: market.MustInstrument("sim", "BTC-KRW"), VenueTime: 5, Received: 7},
		ID:     message.IntentID{Strategy: "s", Seq: 1}, Account: "main",
		OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Market, TimeInForce: market.IOC, Quantity: market.MustQuantity("1")}})
	if err != nil {
		t.Fatal(err)
	}
	events := core.Intend(intent).Append // a denial: the core was not started
	if len(events) != 1 || events[0].Fields().TickAt != 5 || events[0].Fields().DecidedAt != 7 {
		t.Errorf("%v", events)
	}
}
