package portfolio

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"pgregory.net/rapid"
)

var btc = market.MustInstrument("sim", "BTC-USD")

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// execution returns a fill event of strategy s.
func execution(tb testing.TB, side market.Side, quantity, price, fee, currency string) message.OrderEvent {
	tb.Helper()
	e, err := message.NewOrderEvent(message.OrderEventFields{
		Account: "main", Strategy: "s", Instrument: btc, OrderTerms: message.OrderTerms{Side: side}, Action: message.ActionFill, Status: message.OrderFilled, ExecID: "e",
		LastQuantity: market.MustQuantity(quantity), LastPrice: market.MustPrice(price),
		Fee: market.Amount{Decimal: market.MustDecimal(fee)}, FeeCurrency: currency,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func TestPortfolio(t *testing.T) {
	type fill struct {
		side                         market.Side
		quantity, price, fee, feeCur string
	}
	cases := []struct {
		name  string
		fills []fill
		mark  string
		want  string // quantity average cost realized unrealized fees
	}{
		{"buy", []fill{{market.Buy, "2", "100", "0.2", "USD"}}, "110", "2 100 200 0 20 0.2"},
		{"grow", []fill{{market.Buy, "1", "100", "0", ""}, {market.Buy, "2", "101", "0", ""}}, "", "3 100.666666666666666667 302 0 0 0"},
		{"shrink", []fill{{market.Buy, "4", "100", "0", ""}, {market.Sell, "1", "120", "0", ""}}, "110", "3 100 300 20 30 0"},
		{"shrink, thirds", []fill{{market.Buy, "1", "100", "0", ""}, {market.Buy, "2", "101", "0", ""}, {market.Sell, "1", "101", "0", ""}}, "101",
			"2 100.666666666666666666 201.333333333333333333 0.333333333333333333 0.666666666666666667 0"},
		{"flat", []fill{{market.Buy, "2", "100", "1", "USD"}, {market.Sell, "2", "90", "1", "USD"}}, "500", "0 0 0 -20 0 2"},
		{"flip", []fill{{market.Buy, "2", "100", "0", ""}, {market.Sell, "5", "110", "0", ""}}, "100", "-3 110 -330 20 30 0"},
		{"short", []fill{{market.Sell, "2", "100", "0", ""}, {market.Buy, "1", "90", "0", ""}}, "90", "-1 100 -100 10 10 0"},
		{"fee in base", []fill{{market.Buy, "1", "100", "0.01", "BTC"}}, "100", "0.99 100 99 0 0 1"},
		{"fee in a third currency", []fill{{market.Buy, "1", "100", "0.01", "BNB"}}, "100", "1 100 100 0 0 0"},
		{"rebate", []fill{{market.Buy, "1", "100", "-0.5", "USD"}}, "100", "1 100 100 0 0 -0.5"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := New("main")
			for _, f := range c.fills {
				if err := p.Apply(execution(t, f.side, f.quantity, f.price, f.fee, f.feeCur)); err != nil {
					t.Fatal(err)
				}
			}
			if c.mark != "" {
				p.Mark(btc, market.MustPrice(c.mark))
			}
			position, ok := p.Position("s", btc)
			if !ok {
				t.Fatal("no position")
			}
			f := position.Fields()
			got := f.Quantity.String() + " " + f.AveragePrice.String() + " " + f.Cost.String() + " " + f.Realized.String() + " " + f.Unrealized.String() + " " + f.Fees.String()
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestPortfolioFailsWhole: an execution that cannot be counted changes nothing.
func TestPortfolioFailsWhole(t *testing.T) {
	p := New("main")
	if err := p.Apply(execution(t, market.Buy, "1000", "100", "1", "USD")); err != nil {
		t.Fatal(err)
	}
	before, _ := p.Position("s", btc)
	for _, bad := range []message.OrderEvent{
		execution(t, market.Buy, "170000000000000000000", "170000000000000000000", "0", ""),
		execution(t, market.Buy, "170141183460469231731", "1", "0", ""),
		execution(t, market.Sell, "1", "1", "-170141183460469231731", "BTC"),
	} {
		if err := p.Apply(bad); !errors.Is(err, market.ErrRange) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if after, _ := p.Position("s", btc); after != before {
		t.Errorf("the position is %v, was %v", after, before)
	}
	for currency, amount := range p.Cash() {
		want := map[string]string{"BTC": "1000", "USD": "-100001"}[currency]
		if amount.String() != want {
			t.Errorf("cash %s is %v, want %s", currency, amount, want)
		}
	}
}

// TestPortfolioIdentity: whatever is traded, realized plus unrealized is exactly cash plus what is
// held at its mark, before fees; and with them exactly what the currencies say.
func TestPortfolioIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := New("main")
		decimal := func(label string, most int64, places int) market.Decimal {
			d, err := market.NewDecimal(rapid.Int64Range(1, most).Draw(t, label), -places)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		bnb := market.Decimal{}
		for range rapid.IntRange(1, 40).Draw(t, "fills") {
			f := message.OrderEventFields{
				Account: "main", Strategy: "s", Instrument: btc, OrderTerms: message.OrderTerms{Side: market.Side(rapid.IntRange(1, 2).Draw(t, "side"))},
				Action: message.ActionFill, Status: message.OrderFilled, ExecID: "e",
				LastQuantity: market.Quantity{Decimal: decimal("quantity", 1e12, 8)},
				LastPrice:    market.Price{Decimal: decimal("price", 1e12, 8)},
				FeeCurrency:  rapid.SampledFrom([]string{"USD", "BTC", "BNB", ""}).Draw(t, "currency"),
			}
			f.Fee = market.Amount{Decimal: decimal("fee", 1e6, 8)}
			if f.FeeCurrency == "BNB" {
				bnb = must(bnb.Sub(f.Fee.Decimal))
			}
			if err := p.Apply(must(message.NewOrderEvent(f))); err != nil {
				t.Fatal(err)
			}
			mark := market.Price{Decimal: decimal("mark", 1e12, 8)}
			p.Mark(btc, mark)
			position, _ := p.Position("s", btc)
			got := position.Fields()
			cash := make(map[string]market.Decimal)
			for currency, amount := range p.Cash() {
				cash[currency] = amount.Decimal
			}
			profit := must(must(got.Realized.Add(got.Unrealized.Decimal)).Sub(got.Fees.Decimal))
			worth := must(cash["USD"].Add(must(cash["BTC"].Mul(mark.Decimal))))
			if profit != worth {
				t.Fatalf("realized %v + unrealized %v - fees %v is %v; cash and holdings are worth %v", got.Realized, got.Unrealized, got.Fees, profit, worth)
			}
			if got.Quantity != cash["BTC"] || cash["BNB"] != bnb {
				t.Fatalf("position %v, cash %v, BNB paid %v", got.Quantity, cash, bnb)
			}
			if got.Quantity.Sign() != got.Cost.Sign() {
				t.Fatalf("quantity %v cost %v", got.Quantity, got.Cost)
			}
			if p.Rounded() != 0 {
				t.Fatal("a product was rounded that fits")
			}
		}
	})
}

// TestPortfolioRounds: a venue with absurd precision is rounded, and counted.
func TestPortfolioRounds(t *testing.T) {
	p := New("main")
	if err := p.Apply(execution(t, market.Buy, "0.0000000001", "0.0000000001", "0", "")); err != nil {
		t.Fatal(err)
	}
	if p.Rounded() == 0 {
		t.Error("a product with 20 decimals was not counted as rounded")
	}
}

// TestMulDiv compares with rational arithmetic.
func TestMulDiv(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	half := big.NewRat(1, 2)
	for range 20_000 {
		random := func() market.Decimal {
			return market.DecimalFromRaw(r.Int64()>>r.IntN(64)*int64(1-2*r.IntN(2)), r.Uint64()>>r.IntN(64))
		}
		a, b, c := random(), random(), random()
		got, err := mulDiv(a, b, c)
		if c.IsZero() {
			if !errors.Is(err, market.ErrDivideByZero) {
				t.Fatalf("%v * %v / 0: %v", a, b, err)
			}
			continue
		}
		want := new(big.Rat).SetFrac(new(big.Int).Mul(toBig(a), toBig(b)), toBig(c))
		if err != nil {
			limit := new(big.Int).Lsh(big.NewInt(1), 127)
			rounded := new(big.Rat).Add(new(big.Rat).Abs(want), half)
			if !errors.Is(err, market.ErrRange) || rounded.Cmp(new(big.Rat).SetInt(limit)) < 0 {
				t.Fatalf("%v * %v / %v: %v, and it is %s", a, b, c, err, want.FloatString(3))
			}
			continue
		}
		off := new(big.Rat).Sub(new(big.Rat).SetInt(toBig(got)), want)
		off.Abs(off)
		if cmp := off.Cmp(half); cmp > 0 || cmp == 0 && toBig(got).Bit(0) == 1 {
			t.Fatalf("%v * %v / %v is %v, off by %s units", a, b, c, got, off.FloatString(3))
		}
	}
	if got, err := mulDiv(market.MustDecimal("0.000000000000000001"), market.MustDecimal("1"), market.MustDecimal("2")); err != nil || !got.IsZero() {
		t.Errorf("half a unit rounds to %v, %v: want the even 0", got, err)
	}
	if got, err := mulDiv(market.MustDecimal("0.000000000000000003"), market.MustDecimal("-1"), market.MustDecimal("2")); err != nil || got.String() != "-0.000000000000000002" {
		t.Errorf("minus one and a half units round to %v, %v: want the even -2", got, err)
	}
}
