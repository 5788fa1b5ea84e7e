package config

import (
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Default returns what a node does without a configuration: the embedded exchange with 24
// instruments, two engines, strategies that trade on it within seconds, and a paper account.
// Nothing leaves the machine. The data directory is "data" in the working directory.
func Default() *Config {
	c := fileSection.defaults()
	sim := simSection.defaults()
	v := venueSection.defaults()
	v.Name, v.Adapter, v.Channels, v.Sim = "sim", adapterSim, slices.Clone(allChannels), &sim
	c.Venues = []Venue{v}
	c.Store.Bars = storedBars(c.State.Bars)
	c.State.Partial = true // something happens at once, not when the windows are full

	momentum := engineSection.defaults()
	momentum.Name, momentum.Type = "momentum", engineCriteria
	momentum.Classes = []Class{
		{Name: "up", When: "change_5s > 0.0002 && spread_bps < 20"},
		{Name: "down", When: "change_5s < -0.0002"},
	}
	band := Engine{Name: "band", Type: engineRange, Feature: "price", Low: "min_10s", High: "max_10s"}
	c.Engines = []Engine{momentum, band}

	const account message.AccountName = "paper"
	// What an order is worth depends on the currency: one strategy for won, one for dollars.
	follow := strategySection.defaults()
	follow.Name, follow.Engine, follow.Account, follow.Cooldown = "follow", momentum.Name, account, 5*time.Second
	follow.Instruments = instrumentsOf(v.Name, "BTC-KRW", "ETH-KRW", "XRP-KRW", "SOL-KRW", "DOGE-KRW", "ADA-KRW", "005930-KRW", "000660-KRW", "035420-KRW")
	follow.PositionMaxNotional = amountOf(2_000_000)
	follow.Rules = []Rule{enter("up", market.Buy, 500_000), leave("down")}

	revert := strategySection.defaults()
	revert.Name, revert.Engine, revert.Account, revert.Cooldown = "revert", band.Name, account, 5*time.Second
	revert.Instruments = instrumentsOf(v.Name, "BTC-USDT", "ETH-USDT", "SOL-USDT", "XRP-USDT", "DOGE-USDT")
	revert.PositionMaxNotional = amountOf(2_000)
	bid := enter("below", market.Buy, 500)
	bid.Type, bid.OffsetBPS = market.Limit, -5
	revert.Rules = []Rule{bid, leave("above")}
	c.Strategies = []Strategy{follow, revert}

	paper := accountSection.defaults()
	paper.Name, paper.Venue, paper.Mode = account, v.Name, ModePaper
	paper.Balance = map[string]market.Amount{
		"KRW":  amountOf(10_000_000),
		"USDT": amountOf(10_000),
	}
	c.Accounts = []Account{paper}
	return &c
}

// enter is a rule that orders so much when an instrument enters a class.
func enter(to message.ClassName, side market.Side, notional int64) Rule {
	r := ruleSection.defaults()
	r.To, r.Side, r.Notional = to, side, amountOf(notional)
	return r
}

// leave is a rule that ends a position when an instrument enters a class.
func leave(to message.ClassName) Rule {
	r := ruleSection.defaults()
	r.To, r.Close = to, true
	return r
}

func amountOf(n int64) market.Amount { return market.Amount{Decimal: market.DecimalFromInt(n)} }

func instrumentsOf(v market.Venue, names ...string) []market.Instrument {
	all := make([]market.Instrument, len(names))
	for i, name := range names {
		all[i] = market.MustInstrument(v, name)
	}
	return all
}

// storedBars are the intervals that are kept where the file does not say: a minute and more.
func storedBars(bars []time.Duration) []time.Duration {
	kept := make([]time.Duration, 0, len(bars))
	for _, d := range bars {
		if d >= time.Minute {
			kept = append(kept, d)
		}
	}
	return kept
}
