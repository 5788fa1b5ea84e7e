package portfolio

import (
	"slices"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"pgregory.net/rapid"
)

func TestRates(t *testing.T) {
	r := NewRates([]Rate{{"USDT", "KRW", market.MustDecimal("1400")}, {From: "", To: "KRW", Value: market.MustDecimal("1")}})
	r.Connect(market.MustInstrument("sim", "BTC-USDT"))
	r.Connect(market.MustInstrument("sim", "ETH-BTC"))
	r.Connect(market.MustInstrument("sim", "ETH-USDT-PERP"))
	for _, c := range []struct{ amount, from, to, want string }{
		{"2", "KRW", "KRW", "2"},
		{"0", "XRP", "KRW", "0"},
		{"2", "USDT", "KRW", "2800"},
		{"2800", "KRW", "USDT", "2"},
		{"1", "BTC", "USDT", ""}, // no price yet
	} {
		check(t, r, c.amount, c.from, c.to, c.want)
	}
	r.Mark(market.MustInstrument("sim", "BTC-USDT"), market.MustPrice("50000"))
	r.Mark(market.MustInstrument("sim", "BTC-USDT"), market.Price{}) // is ignored
	r.Mark(market.MustInstrument("sim", "ETH-BTC"), market.MustPrice("0.04"))
	for _, c := range []struct{ amount, from, to, want string }{
		{"-0.5", "BTC", "USDT", "-25000"},
		{"25000", "USDT", "BTC", "0.5"},
		{"0.5", "BTC", "KRW", "35000000"},
		{"1", "ETH", "USDT", "2000"},
		{"1", "ETH", "KRW", ""}, // three steps
		{"1", "XRP", "KRW", ""},
		{"100000000000000000000", "BTC", "KRW", ""}, // beyond a Decimal
	} {
		check(t, r, c.amount, c.from, c.to, c.want)
	}
}

func check(t *testing.T, r *Rates, amount, from, to, want string) {
	t.Helper()
	got, ok := r.Convert(market.MustDecimal(amount), from, to)
	if ok != (want != "") || ok && got != market.MustDecimal(want) {
		t.Errorf("%s %s in %s: %v %t, want %q", amount, from, to, got, ok, want)
	}
}

func TestSummaries(t *testing.T) {
	eth := market.MustInstrument("sim", "ETH-BTC")
	p := New("main")
	p.Mark(btc, market.MustPrice("110"))
	fill := func(strategy message.StrategyName, i market.Instrument, side market.Side, quantity, price, fee string) {
		f := execution(t, side, quantity, price, fee, "").Fields()
		f.Strategy, f.Instrument = strategy, i
		if err := p.Apply(must(message.NewOrderEvent(f))); err != nil {
			t.Fatal(err)
		}
	}
	fill("a", btc, market.Buy, "2", "100", "1")
	fill("b", btc, market.Sell, "1", "120", "0")
	fill("b", eth, market.Buy, "3", "0.5", "0")
	rates := NewRates(nil)
	rates.Connect(btc)
	rates.Mark(btc, market.MustPrice("110"))
	strategies := ByStrategy(p.Positions(), rates, "USD")
	if len(strategies) != 2 || strategies[0].Name != "a" || strategies[0].Unrealized.String() != "20" || strategies[0].Fees.String() != "1" ||
		strategies[0].Exposure.String() != "220" || must(strategies[0].Net()).String() != "19" || strategies[0].Missing != nil {
		t.Errorf("strategies: %+v", strategies)
	}
	if b := strategies[1]; b.Unrealized.String() != "10" || !slices.Equal(b.Missing, []string{"sim:ETH-BTC"}) {
		t.Errorf("b: %+v", b)
	}
	p.Mark(eth, market.MustPrice("0.6"))
	account := ByAccount(p.Positions(), rates, "USD")
	// 20 + 10 + 0.3 BTC at 110
	if len(account) != 1 || account[0].Name != "main" || account[0].Unrealized.String() != "63" || account[0].Missing != nil {
		t.Errorf("account: %+v", account)
	}
	if by := ByInstrument(p.Positions(), rates, "USD"); len(by) != 2 || by[0].Name != "sim:BTC-USD" || by[0].Exposure.String() != "330" {
		t.Errorf("instruments: %+v", by)
	}
	if by := ByInstrument(p.Positions(), NewRates(nil), "USD"); !slices.Equal(by[1].Missing, []string{"BTC"}) {
		t.Errorf("without rates: %+v", by)
	}
	if p.Held(btc).String() != "1" || p.CashOf("USD").String() != "-81" {
		t.Errorf("held %v, cash %v", p.Held(btc), p.CashOf("USD"))
	}
}

// TestHeldAndOtherFees: what is held in all is the sum over strategies, after every fill; a fee in
// a third currency stands apart.
func TestHeldAndOtherFees(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := New("main")
		var others market.Decimal
		for range rapid.IntRange(1, 30).Draw(rt, "fills") {
			f := execution(t, rapid.SampledFrom([]market.Side{market.Buy, market.Sell}).Draw(rt, "side"), rapid.SampledFrom([]string{"0.1", "1", "2.5"}).Draw(rt, "quantity"),
				"100", "0.01", rapid.SampledFrom([]string{"", "USD", "BTC", "BNB"}).Draw(rt, "currency")).Fields()
			f.Strategy = rapid.SampledFrom([]message.StrategyName{"a", "b"}).Draw(rt, "strategy")
			if f.FeeCurrency == "BNB" {
				others = must(others.Add(f.Fee.Decimal))
			}
			if err := p.Apply(must(message.NewOrderEvent(f))); err != nil {
				rt.Fatal(err)
			}
			var sum market.Decimal
			for _, position := range p.Positions() {
				sum = must(sum.Add(position.Fields().Quantity))
			}
			if p.Held(btc) != sum {
				rt.Fatalf("held %v, positions add up to %v", p.Held(btc), sum)
			}
			for currency, paid := range p.OtherFees() {
				if currency != "BNB" || paid.Decimal != others {
					rt.Fatalf("other fees %v %s, want %v BNB", paid, currency, others)
				}
			}
		}
	})
}
