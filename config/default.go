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

	momentum := engineSection.defaults()
	momentum.Name, momentum.Type = "momentum", engineCriteria
	momentum.Classes = []Class{
		{Name: "up", When: "change_10s > 0.0002 && spread_bps < 20"},
		{Name: "down", When: "change_10s < -0.0002"},
	}
	band := Engine{Name: "band", Type: engineRange, Feature: "price", Low: "min_1m", High: "max_1m"}
	c.Engines = []Engine{momentum, band}

	const account message.AccountName = "paper"
	order := func(to message.ClassName, side market.Side) Rule {
		r := ruleSection.defaults()
		r.To, r.Side, r.Notional = to, side, market.Amount{Decimal: market.DecimalFromInt(100)}
		return r
	}
	leave := func(to message.ClassName) Rule {
		r := ruleSection.defaults()
		r.To, r.Close = to, true
		return r
	}
	bid := order("below", market.Buy)
	bid.Type, bid.OffsetBPS = market.Limit, -5
	follow := strategySection.defaults()
	follow.Name, follow.Engine, follow.Account, follow.Cooldown = "follow", momentum.Name, account, 5*time.Second
	follow.Rules = []Rule{order("up", market.Buy), leave("down")}
	revert := strategySection.defaults()
	revert.Name, revert.Engine, revert.Account, revert.Cooldown = "revert", band.Name, account, 5*time.Second
	revert.Rules = []Rule{bid, leave("above")}
	c.Strategies = []Strategy{follow, revert}

	paper := accountSection.defaults()
	paper.Name, paper.Venue, paper.Mode = account, v.Name, "paper"
	paper.Balance = map[string]market.Amount{
		"KRW":  {Decimal: market.DecimalFromInt(10_000_000)},
		"USDT": {Decimal: market.DecimalFromInt(10_000)},
	}
	c.Accounts = []Account{paper}
	return &c
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
