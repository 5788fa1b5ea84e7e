package risk

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/portfolio"
)

var (
	btc   = market.MustInstrument("sim", "BTC-USD")
	eth   = market.MustInstrument("sim", "ETH-USD")
	ebtc  = market.MustInstrument("sim", "ETH-BTC")
	start = market.Seconds(1_790_000_000)
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func dec(text string) market.Decimal   { return market.MustDecimal(text) }
func amount(text string) market.Amount { return market.Amount{Decimal: dec(text)} }

// desk is an account: what a gateway's core does with a Risk and a Portfolio, without the rest.
type desk struct {
	tb    testing.TB
	cfg   Config
	risk  *Risk
	books *portfolio.Portfolio
	now   market.Timestamp
	seq   uint64
	log   []message.OrderEvent // what a restart reads
}

func newDesk(tb testing.TB, limits Limits) *desk {
	tb.Helper()
	cfg := Config{Account: "main", Reporting: "USD", Limits: limits}
	for _, i := range []market.Instrument{btc, eth, ebtc} {
		cfg.Listings = append(cfg.Listings, market.Listing{Instrument: i, Ticks: market.FixedTick(market.MustPrice("0.5")),
			LotSize: market.MustQuantity("0.1"), MinQuantity: market.MustQuantity("0.2"), MinNotional: amount("10"), MaxNotional: amount("1000000")})
	}
	d := &desk{tb: tb, cfg: cfg, now: start}
	d.restart()
	return d
}

// restart begins anew from the log; prices are gone.
func (d *desk) restart() {
	d.books = portfolio.New(d.cfg.Account)
	d.risk = must(New(d.cfg, d.books))
	for _, e := range d.log {
		if err := d.books.Apply(e); err != nil {
			d.tb.Fatal(err)
		}
		d.risk.Apply(e)
	}
}

func (d *desk) event(f message.OrderEventFields) {
	d.tb.Helper()
	d.seq++
	f.Seq, f.Account, f.Time = d.seq, "main", d.now
	if f.Instrument.IsZero() {
		f.Instrument = btc
	}
	if f.Status == 0 {
		f.Status = message.OrderJournaled
	}
	e := must(message.NewOrderEvent(f))
	if err := d.books.Apply(e); err != nil {
		d.tb.Fatal(err)
	}
	d.risk.Apply(e)
	d.log = append(d.log, e)
}

func (d *desk) view(i market.Instrument, bid, ask, last string) {
	q := message.Quote{Bid: market.MustPrice(bid), Ask: market.MustPrice(ask), Last: market.MustPrice(last)}
	v := message.NewView(message.Origin{Instrument: i, Received: d.now}, q, true, true, nil)
	d.risk.View(v)
	d.books.Mark(i, q.Last)
}

// tick moves time and journals the marks.
func (d *desk) tick(by time.Duration) string {
	d.now = d.now.Add(by)
	halt, marks := d.risk.Tick(d.now)
	for _, m := range marks {
		d.event(message.OrderEventFields{Action: message.ActionEquity, Currency: m.Currency, Amount: m.Amount, Reason: m.Reason})
	}
	return halt
}

// terms reads "buy 1 @ 100", "sell 2 market", "buy 1 @ 100 stop 99 reduce".
func terms(text string) (t message.OrderTerms) {
	words := strings.Fields(text)
	t.Side = must(market.ParseSide(words[0]))
	t.Quantity = market.MustQuantity(words[1])
	t.Type, t.TimeInForce = market.Market, market.GTC
	for i := 2; i < len(words); i++ {
		switch words[i] {
		case "@":
			t.Type, t.Price = market.Limit, market.MustPrice(words[i+1])
		case "stop":
			t.StopPrice = market.MustPrice(words[i+1])
			if t.Type == market.Limit {
				t.Type = market.StopLimit
			} else {
				t.Type = market.Stop
			}
		case "reduce":
			t.ExecInst |= market.ReduceOnly
		}
	}
	return t
}

func (d *desk) check(i market.Instrument, order string) (Code, string) {
	return d.risk.Check(Order{Time: d.now, Strategy: "s", Instrument: i, OrderTerms: terms(order)})
}

func (d *desk) allow(i market.Instrument, order string) {
	d.tb.Helper()
	if code, why := d.check(i, order); code != "" {
		d.tb.Fatalf("%s is denied: %s: %s", order, code, why)
	}
}

func (d *desk) deny(i market.Instrument, order string, want Code) {
	d.tb.Helper()
	if code, why := d.check(i, order); code != want || why == "" {
		d.tb.Fatalf("%s: code %q (%s), want %q", order, code, why, want)
	}
}

// place makes an order that is accepted, without asking.
func (d *desk) place(id string, i market.Instrument, order string) message.OrderEventFields {
	f := message.OrderEventFields{Strategy: "s", IntentSeq: d.seq + 1, ClientOrderID: message.ClientOrderID(id), Instrument: i,
		OrderTerms: terms(order), Action: message.ActionCreate, Status: message.OrderCreated}
	f.LeavesQuantity = f.Quantity
	d.event(f)
	f.Action, f.Status = message.ActionAccept, message.OrderAccepted
	d.event(f)
	return f
}

func (d *desk) fill(f *message.OrderEventFields, quantity, price string) {
	f.Action, f.ExecID, f.LastQuantity, f.LastPrice = message.ActionFill, message.ExecID(fmt.Sprint("e", d.seq)), market.MustQuantity(quantity), market.MustPrice(price)
	f.CumQuantity.Decimal = must(f.CumQuantity.Add(f.LastQuantity.Decimal))
	f.LeavesQuantity.Decimal = must(f.Quantity.Sub(f.CumQuantity.Decimal))
	f.Status = message.OrderPartiallyFilled
	if f.LeavesQuantity.IsZero() {
		f.Status = message.OrderFilled
	}
	d.event(*f)
}

func (d *desk) settle(f message.OrderEventFields, action message.OrderAction, status message.OrderStatus) {
	f.Action, f.Status, f.LeavesQuantity = action, status, market.Quantity{}
	d.event(f)
}

func TestFigures(t *testing.T) {
	d := newDesk(t, Limits{})
	d.deny(market.MustInstrument("sim", "X-Y"), "buy 1 @ 100", Instrument)
	d.deny(btc, "buy 1 @ 100", Untrusted)
	d.view(btc, "100", "101", "100.5")
	d.allow(btc, "buy 1 @ 100")
	d.allow(btc, "buy 1 market")
	d.allow(btc, "buy 1 @ 100 stop 99.5")
	d.deny(btc, "buy 0.15 @ 100", Lot)
	d.deny(btc, "buy 0.1 @ 500", MinQuantity)
	d.deny(btc, "buy 1 @ 100.3", Tick)
	d.deny(btc, "buy 1 stop 100.3", Tick)
	d.deny(btc, "buy 0.2 @ 49.5", MinNotional)
	d.deny(btc, "buy 10000 @ 100.5", MaxNotional)
	d.deny(btc, "buy 100000000000000000000 @ 10000000", Range)
	d.risk.View(message.NewView(message.Origin{Instrument: eth, Received: d.now}, message.Quote{}, true, true, nil))
	d.deny(eth, "buy 1 market", NoPrice)
	d.risk.View(message.NewView(message.Origin{Instrument: btc, Received: d.now}, message.Quote{}, false, true, nil))
	d.deny(btc, "buy 1 @ 100", Untrusted)
}

func TestSessionAndAge(t *testing.T) {
	d := newDesk(t, Limits{StaleAfter: 10 * time.Second})
	session := must(market.NewSession(time.UTC, 9*time.Hour, 15*time.Hour))
	d.cfg.Listings[1].Session = session
	d.restart()
	d.now = market.TimestampOf(time.Date(2026, 11, 20, 14, 59, 55, 0, time.UTC))
	d.view(eth, "10", "11", "10.5")
	d.allow(eth, "buy 1 @ 10.5")
	d.now = d.now.Add(5 * time.Second)
	d.deny(eth, "buy 1 @ 10.5", Closed)
	d.view(btc, "100", "101", "100")
	d.now = d.now.Add(10 * time.Second)
	d.allow(btc, "buy 1 @ 100")
	d.now++
	d.deny(btc, "buy 1 @ 100", Stale)
}

func TestCollar(t *testing.T) {
	d := newDesk(t, Limits{Collar: dec("0.05")})
	d.view(btc, "99", "100", "99.5")
	d.allow(btc, "buy 1 @ 105")
	d.deny(btc, "buy 1 @ 105.5", Collar)
	d.allow(btc, "buy 1 @ 50") // it rests, and harms nobody
	d.allow(btc, "sell 1 @ 94.5")
	d.deny(btc, "sell 1 @ 94", Collar)
	d.allow(btc, "sell 1 @ 200")
	d.allow(btc, "buy 1 market")
	d.view(btc, "99", "110", "100")
	d.deny(btc, "buy 1 market", Collar) // the touch is far from the last price
	d.allow(btc, "buy 1 @ 126 stop 120")
	d.deny(btc, "buy 1 @ 126.5 stop 120", Collar)
}

func TestOwnOrders(t *testing.T) {
	d := newDesk(t, Limits{SelfTrade: true, RepeatWindow: time.Second, Orders: Rate{3, time.Second}, Cancels: Rate{2, time.Second}})
	d.view(btc, "99", "100", "99.5")
	rest := d.place("a", btc, "sell 1 @ 102")
	d.allow(btc, "buy 1 @ 101.5")
	d.deny(btc, "buy 1 @ 102", SelfTrade)
	d.deny(btc, "buy 1 market", SelfTrade)
	d.allow(btc, "buy 1 stop 103") // it does not meet anything yet
	d.deny(btc, "sell 1 @ 102", Repeated)
	d.allow(btc, "sell 1 @ 102.5")
	if code, _ := d.risk.Check(Order{Time: d.now, Strategy: "other", Instrument: btc, OrderTerms: terms("sell 1 @ 102")}); code != "" {
		t.Errorf("another strategy's order is %s", code)
	}
	if code, _ := d.risk.Check(Order{Time: d.now, Strategy: "s", Instrument: btc, OrderTerms: terms("buy 1 @ 102"), Replaces: "a"}); code != "" {
		t.Errorf("an order that replaces the one it would meet is %s", code)
	}
	d.place("b", btc, "sell 1 @ 103")
	d.place("c", btc, "sell 1 @ 104")
	d.deny(btc, "sell 1 @ 105", OrderRate)
	if code, _ := d.risk.Check(Order{Time: d.now, Strategy: "s", Instrument: btc, OrderTerms: terms("sell 1 @ 105"), Protects: true}); code != "" {
		t.Errorf("an order that protects is %s", code)
	}
	d.restart() // no limit is waived by that
	d.view(btc, "99", "100", "99.5")
	d.deny(btc, "sell 1 @ 105", OrderRate)
	d.deny(btc, "buy 1 @ 102", SelfTrade)
	d.now = d.now.Add(time.Second)
	d.allow(btc, "sell 1 @ 105")
	for range 2 {
		rest.Action = message.ActionRequestCancel
		d.event(rest)
	}
	d.deny(btc, "sell 1 @ 105", CancelRate)
	d.settle(rest, message.ActionCancel, message.OrderCanceled)
	d.now = d.now.Add(time.Second)
	d.allow(btc, "buy 1 @ 102")
}

func TestExposure(t *testing.T) {
	d := newDesk(t, Limits{OrderNotionalMax: amount("1000"), PositionMax: amount("2000"), GrossMax: amount("3000"), NetMax: amount("2500")})
	d.view(btc, "99", "100", "100")
	d.view(eth, "9", "10", "10")
	d.deny(btc, "buy 10.1 @ 100", MaxNotional)
	a := d.place("a", btc, "buy 10 @ 100")
	d.fill(&a, "10", "100")
	b := d.place("b", btc, "buy 10 @ 100")
	d.deny(btc, "buy 0.2 @ 100", Position) // what is open counts as if it had filled
	d.allow(btc, "sell 10 @ 100")
	b.Action, b.Status, b.Request = message.ActionLose, message.OrderUnknown, message.RequestPlace
	d.event(b)
	d.deny(btc, "buy 0.2 @ 100", Position) // and so does what nobody knows of
	d.restart()
	d.view(btc, "99", "100", "100")
	d.view(eth, "9", "10", "10")
	d.deny(btc, "buy 0.2 @ 100", Position)
	d.allow(eth, "buy 50 @ 10")
	d.deny(eth, "buy 50.1 @ 10", NetExposure)
	d.allow(eth, "sell 100 @ 10")
	d.place("c", eth, "sell 100 @ 10")
	d.deny(eth, "sell 1 @ 60", GrossExposure) // 2,000 of BTC, 1,000 of ETH, and 10 more
	if code, _ := d.risk.Check(Order{Time: d.now, Strategy: "s", Instrument: eth, OrderTerms: terms("sell 100 @ 9.5"), Replaces: "c"}); code != "" {
		t.Errorf("an order in the place of another is %s", code)
	}
}

// TestRates: limits are in one currency, whatever is traded; without a rate more risk is denied.
func TestRates(t *testing.T) {
	d := newDesk(t, Limits{OrderNotionalMax: amount("1000")})
	d.view(ebtc, "0.5", "1", "1")
	d.deny(ebtc, "buy 11 @ 1", Valuation)
	d.view(btc, "99", "100", "100")
	d.deny(ebtc, "buy 11 @ 1", MaxNotional) // 11 BTC are 1,100 USD
	d.allow(ebtc, "buy 10 @ 1")
}

func TestReduceOnly(t *testing.T) {
	d := newDesk(t, Limits{})
	d.view(btc, "99", "100", "100")
	d.deny(btc, "sell 1 @ 100 reduce", ReduceOnly)
	a := d.place("a", btc, "buy 2 @ 100")
	d.fill(&a, "2", "100")
	d.allow(btc, "sell 2 @ 100 reduce")
	d.deny(btc, "sell 2.1 @ 100 reduce", ReduceOnly)
	d.deny(btc, "buy 1 @ 100 reduce", ReduceOnly)
	d.place("b", btc, "sell 1 @ 100")
	d.allow(btc, "sell 1 @ 100 reduce")
	d.deny(btc, "sell 1.1 @ 100 reduce", ReduceOnly) // the open sale may take one of both
}

func TestBalance(t *testing.T) {
	d := newDesk(t, Limits{FeeReserve: dec("0.01")})
	d.view(btc, "99", "100", "100")
	d.allow(btc, "buy 1000 @ 100") // the venue has not said anything
	d.event(message.OrderEventFields{Action: message.ActionBalance, Currency: "USD", Amount: amount("1010")})
	d.allow(btc, "buy 10 @ 100")
	d.deny(btc, "buy 10.1 @ 100", Balance)
	d.deny(btc, "sell 1 @ 100", Balance)
	a := d.place("a", btc, "buy 4 @ 100")
	d.deny(btc, "buy 6.1 @ 100", Balance)
	d.allow(btc, "buy 6 @ 100")
	d.fill(&a, "4", "100")
	d.allow(btc, "sell 4 @ 100")
	d.place("b", btc, "sell 3 @ 101")
	d.deny(btc, "sell 2 @ 100", Balance)
	d.allow(btc, "sell 1 @ 100")
	d.restart()
	d.view(btc, "99", "100", "100")
	d.deny(btc, "sell 2 @ 100", Balance)
	if total := must(d.risk.Total("USD")); total != amount("610") {
		t.Errorf("%v USD, want 610", total)
	}
}

// TestLosses: the day's loss and the drawdown halt, and a restart forgets neither.
func TestLosses(t *testing.T) {
	d := newDesk(t, Limits{DailyLossMax: amount("100"), DrawdownMax: amount("150")})
	d.view(btc, "99", "100", "100")
	d.deny(btc, "buy 1 @ 100", Valuation)
	if halt := d.tick(0); halt != "" {
		t.Fatal(halt)
	}
	d.allow(btc, "buy 1 @ 100")
	a := d.place("a", btc, "buy 10 @ 100")
	d.fill(&a, "10", "100")
	d.view(btc, "107", "108", "108") // 80 better: the best
	if halt := d.tick(time.Second); halt != "" {
		t.Fatal(halt)
	}
	d.view(btc, "93.5", "94", "94") // 60 worse than at first, 140 than at best
	if halt := d.tick(time.Second); halt != "" {
		t.Fatal(halt)
	}
	d.restart()
	d.deny(btc, "buy 1 @ 94", Untrusted)
	d.view(eth, "10", "10", "10")
	d.deny(eth, "buy 10 @ 10", Valuation) // what is held of the other has no price yet
	d.view(btc, "92.5", "93", "93")       // 150 from the best
	if halt := d.tick(time.Second); !strings.HasPrefix(halt, string(Drawdown)) {
		t.Fatalf("halt %q, want %s", halt, Drawdown)
	}
	d.deny(eth, "buy 10 @ 10", Drawdown)
	d.allow(btc, "sell 10 @ 93") // what only reduces passes
	d.view(btc, "89", "90", "90")
	if halt := d.tick(time.Second); !strings.HasPrefix(halt, string(DailyLoss)) {
		t.Fatalf("halt %q, want %s", halt, DailyLoss)
	}
	if halt := d.tick(24 * time.Hour); !strings.HasPrefix(halt, string(Drawdown)) { // a new day: only that
		t.Fatalf("halt %q, want %s", halt, Drawdown)
	}
}

func TestHalts(t *testing.T) {
	d := newDesk(t, Limits{Rejects: Rate{2, time.Minute}, ClockSkewMax: time.Second})
	d.settle(d.place("a", btc, "buy 1 @ 100"), message.ActionReject, message.OrderRejected)
	if halt := d.tick(time.Second); halt != "" {
		t.Fatal(halt)
	}
	d.settle(d.place("b", btc, "buy 1 @ 100"), message.ActionReject, message.OrderRejected)
	if halt := d.tick(time.Second); !strings.HasPrefix(halt, string(Rejects)) {
		t.Fatalf("halt %q, want %s", halt, Rejects)
	}
	if halt := d.tick(time.Minute); halt != "" {
		t.Fatal(halt)
	}
	if halt := d.risk.Clock(time.Second); halt != "" {
		t.Fatal(halt)
	}
	if halt := d.risk.Clock(-time.Second - 1); !strings.HasPrefix(halt, string(ClockSkew)) {
		t.Fatalf("halt %q, want %s", halt, ClockSkew)
	}
}

func TestConfig(t *testing.T) {
	bad := Config{Limits: Limits{OrderNotionalMax: amount("-1"), Collar: dec("1"), StaleAfter: -1, Orders: Rate{Max: -1}, Cancels: Rate{Max: 1}},
		Rates: []portfolio.Rate{{From: "USD", To: "USD", Value: dec("1")}}}
	err := bad.Validate()
	for _, word := range []string{"order_notional_max", "collar", "stale_after", "order_rate", "cancel_rate", "USD"} {
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), word) {
			t.Errorf("no word of %s in %v", word, err)
		}
	}
	if _, err := New(bad, portfolio.New("main")); !errors.Is(err, ErrConfig) {
		t.Errorf("New: %v", err)
	}
}
