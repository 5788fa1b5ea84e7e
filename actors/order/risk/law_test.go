package risk

import (
	"fmt"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"pgregory.net/rapid"
)

// TestLaws plays random orders, fills, cancels, lost answers and restarts. Whatever the venue does
// with orders that were allowed, no figure passes its limit; and a restart changes no judgment.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limits := Limits{PositionMax: amount("1000"), GrossMax: amount("1500"), NetMax: amount("1200"), OrderNotionalMax: amount("500"),
			Orders: Rate{5, time.Second}, RepeatWindow: 100 * time.Millisecond, SelfTrade: true}
		d := newDesk(t, limits)
		selling := rapid.SampledFrom([]int{10, 50, 90}).Draw(rt, "selling") // per cent
		rich := rapid.Bool().Draw(rt, "rich")
		for currency, has := range map[string][2]string{"USD": {"2000", "100000"}, "BTC": {"3", "1000"}, "ETH": {"0", "1000"}} {
			amount := amount(has[0])
			if rich {
				amount.Decimal = dec(has[1])
			}
			d.event(message.OrderEventFields{Action: message.ActionBalance, Currency: currency, Amount: amount})
		}
		quote := func() {
			d.view(btc, "100", "100", "100")
			d.view(eth, "10", "10", "10")
		}
		quote()
		d.tick(0)
		var open []*message.OrderEventFields
		for n := range rapid.IntRange(40, 160).Draw(rt, "length") {
			d.now = d.now.Add(time.Duration(rapid.SampledFrom([]int{0, 10, 90, 300}).Draw(rt, "ms")) * time.Millisecond)
			switch what := rapid.IntRange(0, 9).Draw(rt, "what"); {
			case what < 5:
				i, price := btc, "100"
				if rapid.IntRange(1, 100).Draw(rt, "eth") <= 30 {
					i, price = eth, "10"
				}
				most := 5
				if i == eth {
					most = 50
				}
				side := "buy"
				if rapid.IntRange(1, 100).Draw(rt, "side") <= selling {
					side = "sell"
				}
				order := fmt.Sprintf("%s %d @ %s", side, rapid.IntRange(1, most).Draw(rt, "quantity"), price)
				code, why := d.check(i, order)
				before := len(d.log)
				d.restart()
				quote()
				if again, _ := d.check(i, order); again != code {
					rt.Fatalf("%s after %d events: %q (%s) before a restart, %q after it", order, before, code, why, again)
				}
				if code == "" {
					f := d.place(fmt.Sprint("o", n), i, order)
					open = append(open, &f)
				}
			case what < 7 && len(open) > 0:
				k := rapid.IntRange(0, len(open)-1).Draw(rt, "which")
				if f := open[k]; !f.Status.Final() {
					d.fill(f, rapid.SampledFrom([]string{"1", f.LeavesQuantity.String()}).Draw(rt, "fill"), f.Price.String())
				}
			case what == 7 && len(open) > 0:
				if f := open[rapid.IntRange(0, len(open)-1).Draw(rt, "which")]; !f.Status.Final() {
					f.Action, f.Status = message.ActionLose, message.OrderUnknown
					d.event(*f)
				}
			case len(open) > 0:
				if f := open[rapid.IntRange(0, len(open)-1).Draw(rt, "which")]; !f.Status.Final() {
					f.Action, f.Status, f.LeavesQuantity = message.ActionCancel, message.OrderCanceled, market.Quantity{}
					d.event(*f)
				}
			}
			if why := beyondAny(d); why != "" {
				rt.Fatal(why)
			}
		}
	})
}

// beyondAny recomputes every figure from positions and cash alone.
func beyondAny(d *desk) string {
	worth := func(i market.Instrument, price string) market.Decimal {
		return must(d.books.Held(i).Mul(dec(price)))
	}
	b, e := worth(btc, "100"), worth(eth, "10")
	gross, net := must(b.Abs().Add(e.Abs())), must(b.Add(e)).Abs()
	l := d.cfg.Limits
	switch {
	case l.PositionMax.Less(b.Abs()) || l.PositionMax.Less(e.Abs()):
		return fmt.Sprintf("positions worth %v and %v, above %v", b, e, l.PositionMax)
	case l.GrossMax.Less(gross):
		return fmt.Sprintf("gross %v above %v", gross, l.GrossMax)
	case l.NetMax.Less(net):
		return fmt.Sprintf("net %v above %v", net, l.NetMax)
	}
	for _, currency := range []string{"USD", "BTC", "ETH"} {
		if total := must(d.risk.Total(currency)); total.Sign() < 0 {
			return fmt.Sprintf("%v %s are left", total, currency)
		}
	}
	return ""
}
