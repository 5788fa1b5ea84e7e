package simulation

import (
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/portfolio"
	"github.com/maru-trading/maru/actors/order/risk"
	"github.com/maru-trading/maru/actors/state"
	"github.com/maru-trading/maru/actors/strategy"
)

// What every node of a simulation is.
const (
	accountName    message.AccountName = "sim"
	venueAccount                       = "desk"
	reporting                          = "USDT"
	partitions                         = 2
	bookLevels                         = 20
	openOrdersMax                      = 25
	reconcileEvery                     = 20 * time.Second
	dollarsMax                         = 4 // instruments of the built-in strategies
	nodeKey                            = "nodeKey0123456789"
	nodeSecret                         = "the node's secret"
	handKey                            = "handKey0123456789"
	handSecret                         = "the hand's secret"
)

var (
	mailboxes = actors.Mailboxes{Feeder: 1024, State: 1024, Classifier: 1024, Strategy: 1024, Order: 1024, Monitor: 1024}
	// won are what a dollar is: no instrument says so directly.
	won   = market.MustDecimal("1420")
	rates = []portfolio.Rate{{From: "USDT", To: "KRW", Value: won}}
)

func amount(text string) market.Amount { return market.Amount{Decimal: market.MustDecimal(text)} }

// limitsOf are tight, so that they are met in every run. Every third seed has so little to lose that
// its account halts.
func limitsOf(seed uint64) risk.Limits {
	l := risk.Limits{
		OrderNotionalMax: amount("1800"), PositionMax: amount("3500"), GrossMax: amount("9000"), NetMax: amount("6000"),
		DailyLossMax: amount("400"), DrawdownMax: amount("300"),
		Collar: market.MustDecimal("0.05"), StaleAfter: 30 * time.Second,
		Orders: risk.Rate{Max: 20, Window: 10 * time.Second}, Cancels: risk.Rate{Max: 15, Window: 10 * time.Second}, Rejects: risk.Rate{Max: 12, Window: time.Minute},
		RepeatWindow: 2 * time.Second, SelfTrade: true, ClockSkewMax: 2 * time.Second, FeeReserve: market.MustDecimal("0.002"),
	}
	if seed%3 == 0 {
		l.DailyLossMax, l.DrawdownMax = amount("25"), amount("20")
	}
	return l
}

// minds are the node's state, its classifiers and its built-in strategies.
func minds(listings []market.Listing) (state.Config, []classifier.Config, []actors.Strategy, error) {
	s := state.DefaultConfig()
	s.Partitions, s.BookLevels, s.Bars, s.Buckets, s.Partial, s.Instruments = partitions, bookLevels, []time.Duration{time.Second, time.Minute}, 10, true, 64
	s.Windows = []time.Duration{time.Minute}
	for _, name := range []string{"price", "change_1m", "min_1m", "max_1m", "spread_bps", "imbalance"} {
		f, err := state.ParseFeature(name)
		if err != nil {
			return s, nil, nil, fmt.Errorf("simulation: %w", err)
		}
		s.Features = append(s.Features, f)
	}
	engines := []classifier.Config{
		{Name: "momentum", Type: classifier.Criteria, Default: "calm", Classes: []classifier.Class{
			{Name: "up", When: "change_1m > 0.0003"}, {Name: "down", When: "change_1m < -0.0003"}}},
		{Name: "band", Type: classifier.Range, Feature: "price", Low: "min_1m", High: "max_1m", Margin: 0.05},
	}
	follow, revert := strategy.DefaultConfig(), strategy.DefaultConfig()
	follow.Name, follow.Engine, follow.Account, follow.Cooldown, follow.PositionMaxNotional = "follow", "momentum", accountName, 5*time.Second, amount("1500")
	follow.Rules = []strategy.Rule{
		{To: "up", Side: market.Buy, Type: market.Market, TimeInForce: market.IOC, Notional: amount("300")},
		{To: "down", Close: true, Type: market.Market, TimeInForce: market.IOC},
	}
	revert.Name, revert.Engine, revert.Account, revert.Cooldown, revert.PositionMaxNotional = "revert", "band", accountName, 5*time.Second, amount("1500")
	revert.Rules = []strategy.Rule{
		{To: "below", Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, OffsetBps: 2, Notional: amount("200")},
		{To: "above", Close: true, Type: market.Limit, TimeInForce: market.IOC, OffsetBps: -5},
	}
	var dollars []market.Listing
	for _, l := range listings {
		if l.Instrument.Quote() == reporting && len(dollars) < dollarsMax {
			dollars = append(dollars, l)
		}
	}
	return s, engines, []actors.Strategy{{Config: follow, Listings: dollars}, {Config: revert, Listings: dollars}}, nil
}
