package main

import (
	"context"
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/actors/order/portfolio"
	"github.com/maru-trading/maru/actors/order/risk"
	"github.com/maru-trading/maru/adapters/gateway/binance"
)

// everyLimit is a limit of each kind, none of which is reached.
func everyLimit() risk.Limits {
	much := market.Amount{Decimal: market.MustDecimal("1000000000")}
	often := risk.Rate{Max: 100_000, Window: time.Millisecond}
	return risk.Limits{OrderNotionalMax: much, PositionMax: much, GrossMax: much, NetMax: much, DailyLossMax: much, DrawdownMax: much,
		Collar: market.MustDecimal("0.1"), StaleAfter: time.Hour, Orders: often, Cancels: often, Rejects: often, RepeatWindow: time.Millisecond,
		SelfTrade: true, ClockSkewMax: time.Second, FeeReserve: market.MustDecimal("0.001")}
}

// orderChecks measures what an order costs before it is on its way to the disk: every check, and
// the whole of the core's work on it.
func orderChecks(ctx context.Context, r *runner) ([]row, error) {
	check, err := fastest(ctx, r, riskCheck)
	if err != nil {
		return nil, err
	}
	intend, err := fastest(ctx, r, coreIntend)
	if err != nil {
		return nil, err
	}
	one := row{What: "risk: one order, every check", Measured: figure{check, "ns"}}
	one.Note = "20 instruments, every kind of limit on; the fastest of eight rounds, as below"
	return []row{one, row{What: "core: an intent until it is for the journal, checks included", Measured: figure{intend, "ns"}}.against("the checks alone", figure{check, "ns"})}, nil
}

// fastest is the least of eight rounds: the slower ones tell what else ran.
func fastest(ctx context.Context, r *runner, round func(n int) (time.Duration, error)) (float64, error) {
	n, least := pick(r, 50_000, 100), 0.0
	for i := range pick(r, 8, 1) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		took, err := round(n)
		if err != nil {
			return 0, err
		}
		if each := float64(took) / float64(n); i == 0 || each < least {
			least = each
		}
	}
	return least, nil
}

const coreInstruments = 20

func coreListing(i int) market.Listing {
	l := deskListing
	l.Instrument, l.Symbol = market.MustInstrument("binance", fmt.Sprintf("C%d-USDT", i)), fmt.Sprintf("C%dUSDT", i)
	return l
}

func coreListings() (all []market.Listing) {
	for i := range coreInstruments {
		all = append(all, coreListing(i))
	}
	return all
}

func coreView(i int, now market.Timestamp) message.View {
	return message.NewView(message.Origin{Instrument: coreListing(i).Instrument, Received: now},
		message.Quote{Bid: market.MustPrice("100"), Ask: market.MustPrice("101"), Last: market.MustPrice("100")}, true, true, nil)
}

func coreTerms() message.OrderTerms {
	return message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: market.MustPrice("99"), Quantity: market.MustQuantity("0.01")}
}

func balance(currency string) (message.Balance, error) {
	return message.NewBalance(message.BalanceFields{Account: deskAccount, Currency: currency, Free: market.Amount{Decimal: market.MustDecimal("1000000000")}})
}

// riskCheck judges n orders.
func riskCheck(n int) (time.Duration, error) {
	k, err := risk.New(risk.Config{Account: deskAccount, Listings: coreListings(), Limits: everyLimit()}, portfolio.New(deskAccount))
	if err != nil {
		return 0, err
	}
	now := wall()
	seq := uint64(0)
	note := func(action message.OrderAction, currency string, amount market.Amount, reason string) error {
		seq++
		e, err := message.NewOrderEvent(message.OrderEventFields{Seq: seq, Time: now, Account: deskAccount, Instrument: coreListing(0).Instrument,
			Action: action, Status: message.OrderJournaled, Currency: currency, Amount: amount, Reason: reason})
		if err == nil {
			k.Apply(e)
		}
		return err
	}
	if err := note(message.ActionBalance, "USDT", market.Amount{Decimal: market.MustDecimal("1000000000")}, "opening balance"); err != nil {
		return 0, err
	}
	for i := range coreInstruments {
		k.View(coreView(i, now))
	}
	_, marks := k.Tick(now)
	for _, m := range marks {
		if err := note(message.ActionEquity, m.Currency, m.Amount, m.Reason); err != nil {
			return 0, err
		}
	}
	o := risk.Order{Time: now, Strategy: "bench", OrderTerms: coreTerms()}
	var instruments [coreInstruments]market.Instrument
	for i := range instruments {
		instruments[i] = coreListing(i).Instrument
	}
	begun := time.Now()
	for i := range n {
		o.Instrument = instruments[i%coreInstruments]
		if code, why := k.Check(o); code != "" {
			return 0, fmt.Errorf("an order is denied: %s: %s", code, why)
		}
	}
	return time.Since(begun), nil
}

// coreIntend hands n intents to a core, and measures that alone; each order expires before the next.
func coreIntend(n int) (took time.Duration, err error) {
	c := order.DefaultConfig()
	c.Account, c.Venue, c.Epoch, c.Listings, c.Limits = deskAccount, "binance", 1, coreListings(), everyLimit()
	core, err := order.New(c)
	if err != nil {
		return 0, err
	}
	now := wall()
	core.Support(binance.Support(5 * time.Second))
	durable := func() {
		seq, _ := core.Seq()
		core.Durable(seq, now)
	}
	core.Start(now)
	durable()
	b, err := balance("USDT")
	if err != nil {
		return 0, err
	}
	core.Balance(b)
	core.Recovered(nil, now)
	durable()
	for i := range coreInstruments {
		core.View(coreView(i, now))
	}
	for range 2 {
		now = now.Add(time.Second)
		core.Tick(now)
		durable()
	}
	for i := range n {
		now = now.Add(2 * time.Millisecond) // past the window in which an order may not be repeated
		intent, err := message.NewOrderIntent(message.OrderIntentFields{Origin: message.Origin{Instrument: coreListing(0).Instrument, Received: now},
			ID: message.IntentID{Strategy: "bench", Seq: uint64(i + 1)}, Account: deskAccount, OrderTerms: coreTerms(), Reason: "size: even → bids (imbalance > 0.3: 0.41 > 0.3)"})
		if err != nil {
			return 0, err
		}
		begun := time.Now()
		out := core.Intend(intent)
		took += time.Since(begun)
		if len(out.Append) == 0 || out.Append[len(out.Append)-1].Fields().Action != message.ActionCreate {
			return 0, fmt.Errorf("an intent led to %v", out.Append)
		}
		id := out.Append[len(out.Append)-1].Fields().ClientOrderID
		durable()
		report, err := message.NewExecutionReport(message.ExecutionReportFields{Time: now, ClientOrderID: id, VenueOrderID: message.VenueOrderID(id),
			Instrument: coreListing(0).Instrument, Action: message.ActionExpire})
		if err != nil {
			return 0, err
		}
		core.Report(report)
		durable()
	}
	return took, nil
}
