package risk

import (
	"fmt"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Limits go by when orders are made, not by when they were decided: a strategy that lags, or whose
// instrument had no news for long, gets no more of them. (Seeds 184 and 200 of maru sim.)
func TestOldDecisionsCountNow(t *testing.T) {
	d := newDesk(t, Limits{RepeatWindow: 2 * time.Second, Orders: Rate{3, 10 * time.Second}})
	d.view(btc, "99", "100", "99.5")
	for i, age := range []time.Duration{0, 5 * time.Second, 20 * time.Second} {
		now := d.now
		d.now = d.now.Add(-age)
		d.place(fmt.Sprint("a", i), btc, fmt.Sprintf("buy 1 @ %d", 90+i))
		d.now = now
	}
	d.deny(btc, "buy 1 @ 90", Repeated) // though decisions since are older than the window
	d.deny(btc, "buy 1 @ 95", OrderRate)
	d.now = d.now.Add(10 * time.Second)
	d.allow(btc, "buy 1 @ 95")
}

// The venue's clock is not ours: that it is ahead ends no window.
func TestVenueClockEndsNoWindow(t *testing.T) {
	d := newDesk(t, Limits{Orders: Rate{1, 10 * time.Second}, StaleAfter: 5 * time.Second})
	d.view(btc, "99", "100", "99.5")
	f := d.place("a", btc, "buy 1 @ 90")
	now := d.now
	d.now = d.now.Add(time.Minute)
	d.fill(&f, "1", "90")
	d.now = now
	d.deny(btc, "buy 1 @ 95", OrderRate)
	d.restart()
	d.view(btc, "99", "100", "99.5")
	d.deny(btc, "buy 1 @ 95", OrderRate)
}

// Of two reasons the same one is given every time: a replay is to be the same byte for byte.
func TestOneReason(t *testing.T) {
	d := newDesk(t, Limits{GrossMax: amount("100000")})
	for _, i := range []market.Instrument{eth, ebtc} {
		d.view(i, "99", "100", "99.5")
		d.place("held"+i.Name(), i, "buy 1 @ 99")
	}
	d.risk.View(message.NewView(message.Origin{Instrument: btc, Received: d.now}, message.Quote{Bid: market.MustPrice("99"), Ask: market.MustPrice("100")}, true, true, nil))
	for _, i := range []market.Instrument{eth, ebtc} {
		d.risk.View(message.NewView(message.Origin{Instrument: i, Received: d.now}, message.Quote{}, true, true, nil))
	}
	_, first := d.check(btc, "buy 1 @ 99")
	for range 50 {
		if _, why := d.check(btc, "buy 1 @ 99"); why != first || why == "" {
			t.Fatalf("%q, and then %q", first, why)
		}
	}
}
