package main

import (
	"fmt"
	"io"
	"iter"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/actors/state"
	"github.com/maru-trading/maru/actors/strategy"
	"github.com/maru-trading/maru/adapters/store/journal"
	"github.com/maru-trading/maru/adapters/venue/binance"
	"github.com/maru-trading/maru/adapters/venue/paper"
	"github.com/maru-trading/maru/remote/wire"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// partitions is how many state partitions the chains have: one a core of the smallest machine.
const partitions = 2

// chainConfig is the whole chain, the way examples/replay.toml makes it: two engines, two
// strategies, a paper account with a journal.
func chainConfig(s *session, log *orderLog, protocol func() (feeder.Protocol, error), frames iter.Seq2[[]byte, market.Timestamp]) (actors.Config, error) {
	engines := []classifier.Config{
		{Name: "momentum", Type: classifier.Criteria, Default: "none",
			Classes: []classifier.Class{{Name: "up", When: "change_10s > 0.0002 && spread_bps < 5"}, {Name: "down", When: "change_10s < -0.0002"}}},
		{Name: "band", Type: classifier.Range, Feature: "price", Low: "min_1m", High: "max_1m", Margin: 0.05},
	}
	st, err := stateConfig(engines)
	if err != nil {
		return actors.Config{}, err
	}
	st.Partial = true // the session is short
	gateway := order.DefaultConfig()
	gateway.Account, gateway.Venue, gateway.Listings, gateway.Epoch = "paper", binance.Name, s.listings, 1
	f := feeder.DefaultConfig("binance", partitions)
	f.Local = true
	return actors.Config{
		State: st, Engines: engines,
		Strategies: []actors.Strategy{
			following(s, "follow", "momentum", strategy.Rule{To: "up", Side: market.Buy, Type: market.Market, TimeInForce: market.IOC}, "down"),
			following(s, "revert", "band", strategy.Rule{To: "below", Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, OffsetBps: 1}, "above"),
		},
		Accounts: []actors.Account{{Config: gateway, Open: log.open, History: nothingYet, Venue: paperVenue}},
		Feeders:  []actors.Feeder{{Config: f, Protocol: protocol, Frames: frames}},
	}, nil
}

// stateConfig makes state keep what the engines ask for, as a node does.
func stateConfig(engines []classifier.Config) (state.Config, error) {
	c := state.DefaultConfig()
	c.Partitions = partitions
	var names []string
	for _, e := range engines {
		names = append(names, e.Features()...)
	}
	return withFeatures(c, names)
}

// withFeatures adds features and the windows that they read.
func withFeatures(c state.Config, names []string) (state.Config, error) {
	seen, windows := map[string]bool{}, map[time.Duration]bool{}
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		f, err := state.ParseFeature(name)
		if err != nil {
			return c, err
		}
		c.Features = append(c.Features, f)
		if w := f.Window(); w != 0 && !windows[w] {
			windows[w] = true
			c.Windows = append(c.Windows, w)
		}
	}
	return c, c.Validate()
}

func featureNames(c state.Config) []string {
	names := make([]string, len(c.Features))
	for i, f := range c.Features {
		names[i] = f.String()
	}
	return names
}

// following is a strategy that enters by a rule and leaves when the class becomes leave.
func following(s *session, name message.StrategyName, engine message.EngineName, enter strategy.Rule, leave message.ClassName) actors.Strategy {
	enter.Notional = market.Amount{Decimal: market.DecimalFromInt(1000)}
	c := strategy.DefaultConfig()
	c.Name, c.Engine, c.Account, c.Cooldown = name, engine, "paper", 5*time.Second
	c.PositionMaxNotional = market.Amount{Decimal: market.DecimalFromInt(5000)}
	c.Rules = []strategy.Rule{enter, {To: leave, Type: market.Market, TimeInForce: market.IOC, Close: true}}
	return actors.Strategy{Config: c, Listings: s.listings}
}

var mailboxes = actors.Mailboxes{Feeder: 1024, State: 1024, Classifier: 1024, Strategy: 1024, Order: 1024, Monitor: 1024}

func paperVenue(replies order.Replies) (order.Venue, error) {
	c := paper.DefaultConfig()
	c.Latency = 20 * time.Millisecond
	core, err := paper.New(c)
	if err != nil {
		return nil, err
	}
	return paper.NewVenue(core, replies), nil
}

// orderLog is the journal of the paper account: a real one, on disk, made durable as a node's is.
type orderLog struct {
	cfg    journal.Config
	j      *journal.Journal
	opened atomic.Bool
}

func (l *orderLog) isOpen() bool { return l.opened.Load() }

func (l *orderLog) open() (order.Journal, iter.Seq2[message.OrderEvent, error], func() error, error) {
	j, err := journal.Open(l.cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	l.j = j
	l.opened.Store(true)
	return l, nothingYet(), j.Close, nil
}

// Append and Sync are order.Journal.
func (l *orderLog) Append(events []message.OrderEvent) (uint64, error) {
	payloads := make([][]byte, len(events))
	for i, e := range events {
		payload, err := wire.Marshal(nil, e)
		if err != nil {
			return 0, fmt.Errorf("order event: %w", err)
		}
		payloads[i] = payload
	}
	return l.j.Append(payloads...)
}

func (l *orderLog) Sync() error { return l.j.Sync() }

// nothingYet is the history of a new journal.
func nothingYet() iter.Seq2[message.OrderEvent, error] {
	return func(func(message.OrderEvent, error) bool) {}
}

// discard takes what the chain gives to stores that are not measured: bars, the queryable view.
type discard struct{}

func (discard) Save([]message.Bar) int                 { return 0 }
func (discard) OfferOrderEvents(...message.OrderEvent) {}

// deadLetters remembers the first, to say why a run is worth nothing.
type deadLetters struct{ first chan feeder.DeadLetter }

func newDeadLetters() deadLetters { return deadLetters{make(chan feeder.DeadLetter, 1)} }

// Add is part of feeder.DeadLetters.
func (d deadLetters) Add(l feeder.DeadLetter) {
	l.Frame = nil
	select {
	case d.first <- l:
	default:
	}
}

func (d deadLetters) err() error {
	select {
	case l := <-d.first:
		return fmt.Errorf("a frame could not be decoded: %s", l.Detail)
	default:
		return nil
	}
}
