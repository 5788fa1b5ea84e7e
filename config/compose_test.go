package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/state"
	"github.com/maru-trading/maru/actors/strategy"
	"github.com/maru-trading/maru/adapters/venue/paper"
	"github.com/maru-trading/maru/adapters/venue/replay"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// What config lets through, the actors take: no fault is left for them to find.
func TestGoodConfigurationsSuitTheActors(t *testing.T) {
	files, err := filepath.Glob("testdata/*.good.toml")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	configs := map[string]*Config{"default": Default()}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		configs[path] = mustParse(t, string(data))
	}
	for name, c := range configs {
		var features []string
		for i := range c.Node.Partitions {
			p := partitionOf(c, i)
			if err := p.Validate(); err != nil {
				t.Errorf("%s: partition %d: %v", name, i, err)
			}
			features = features[:0]
			for _, f := range p.Features {
				features = append(features, f.String())
			}
		}
		var engines []classifier.Config
		for i := range c.Engines {
			engines = append(engines, c.Classifier(i))
		}
		if len(engines) > 0 {
			if _, err := classifier.New(engines, features); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for i := range c.Strategies {
			if c.Strategies[i].Program != nil {
				if err := c.Strategies[i].External().Validate(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			if err := strategyOf(&c.Strategies[i]).Validate(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for i := range c.Accounts {
			if err := paperOf(&c.Accounts[i], c.Limits.OpenOrdersMax).Validate(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for i := range c.Venues {
			if s, ok := serverOf(&c.Venues[i]); ok != (c.Venues[i].Replay != nil) {
				t.Errorf("%s: venue %d replayed: %t", name, i, ok)
			} else if err := s.Validate(); ok && err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if s := c.Venues[i].Sim; s != nil {
				if err := (sim.Config{Seed: s.Seed, Instruments: s.Instruments, EventsPerSecond: float64(s.EventsPerSecond)}).Validate(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// The limits that config repeats are those of the actors.
func TestLimitsAreTheActors(t *testing.T) {
	at := func(change func(*state.Config)) error {
		s := state.DefaultConfig()
		change(&s)
		return s.Validate()
	}
	for name, most := range map[string]func(*state.Config, int){
		"trades":      func(s *state.Config, over int) { s.Trades = 10_000 + over },
		"buckets":     func(s *state.Config, over int) { s.Buckets = 60 + over },
		"book_levels": func(s *state.Config, over int) { s.BookLevels = 100_000 + over },
	} {
		if err := at(func(s *state.Config) { most(s, 0) }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := at(func(s *state.Config) { most(s, 1) }); err == nil {
			t.Errorf("%s: the state takes more than the configuration", name)
		}
	}
	for _, d := range barIntervals {
		if _, err := state.ParseFeature("close_bar_" + formatDuration(d)); err != nil {
			t.Error(err)
		}
	}
}

func TestFeaturesAndWindows(t *testing.T) {
	data, err := os.ReadFile("testdata/engines.good.toml")
	if err != nil {
		t.Fatal(err)
	}
	p := Explain(mustParse(t, string(data)))
	want := "[change_1m volume_5m volume_1h spread_bps count_10s mid min_15m max_15m price] [10s 1m 5m 15m 1h]"
	if got := list2(p.Features, p.Windows); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// strategyOf returns the strategy as package strategy wants it. Which instruments it trades is
// told there by listings.
func strategyOf(s *Strategy) strategy.Config {
	c := strategy.DefaultConfig()
	c.Name, c.Engine, c.Account = s.Name, s.Engine, s.Account
	c.Cooldown, c.OnlyTrusted = s.Cooldown, s.OnlyTrusted
	c.PositionMaxNotional, c.PositionMaxQuantity = s.PositionMaxNotional, s.PositionMaxQuantity
	for _, r := range s.Rules {
		c.Rules = append(c.Rules, strategy.Rule{From: r.From, To: r.To, Side: r.Side, Type: r.Type, TimeInForce: r.TimeInForce,
			Quantity: r.Quantity, Notional: r.Notional, OffsetBps: r.OffsetBPS, Close: r.Close})
	}
	return c
}

// partitionOf returns what state partition number i, from 0, keeps: every feature that an engine
// reads, the windows for them, and books as deep as the deepest venue's.
func partitionOf(c *Config, i int) state.Config {
	s := state.DefaultConfig()
	s.Partition, s.Partitions = i, c.Node.Partitions
	s.Windows, s.Features = c.Windows(), c.Features()
	s.Buckets, s.Partial, s.Bars, s.Trades, s.Late = c.State.WindowBuckets, c.State.Partial, c.State.Bars, c.State.Trades, c.State.Late
	s.Instruments = c.Limits.InstrumentsMax
	s.BookLevels = 1
	for j := range c.Venues {
		s.BookLevels = max(s.BookLevels, c.Venues[j].BookLevels)
	}
	return s
}

// paperOf returns how the account's paper venue fills.
func paperOf(a *Account, openOrdersMax int) paper.Config {
	return paper.Config{Latency: a.Latency, MakerFee: a.MakerFee, TakerFee: a.TakerFee, OpenOrdersMax: openOrdersMax}
}

// serverOf returns the replay as package replay wants it; false if the venue is not replayed.
func serverOf(v *Venue) (replay.Config, bool) {
	p := v.Replay
	if p == nil {
		return replay.Config{}, false
	}
	// The server answers as the adapter expects, whatever the venue is called here.
	c := replay.Config{Venue: market.Venue(v.Adapter), Files: p.Files, Speed: float64(p.Speed), Loop: p.Loop}
	if f := p.Faults; f != nil {
		c.Faults = replay.Faults{Seed: f.Seed, CutAfter: f.CutAfter, CutEvery: f.CutEvery, StallAfter: f.StallAfter, StallFor: f.StallFor,
			RepeatOneIn: f.RepeatEvery, DropOneIn: f.DropEvery, CorruptOneIn: f.CorruptEvery}
	}
	return c, true
}
