package actors

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	dto "github.com/prometheus/client_model/go"

	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/state"
	"github.com/maru-trading/maru/actors/system"
)

// deals is numbers whose frames are trades: "instrument price -".
type deals struct{ numbers }

func (deals) Decode(dst []message.Event, frame []byte, at market.Timestamp) ([]message.Event, error) {
	var i, price, rest int64
	if _, err := fmt.Sscan(string(frame), &i, &price, &rest); err != nil {
		return dst, errors.New("want three numbers")
	}
	e, err := message.NewTrade(message.TradeFields{Origin: message.Origin{Instrument: instrument(int(i)), Received: at, VenueTime: at},
		Price: market.Price{Decimal: market.DecimalFromInt(price)}, Quantity: market.MustQuantity("1")})
	if err != nil {
		return dst, err
	}
	return append(dst, e), nil
}

// TestBarsReachEngines holds that what state closes comes to the engines that read it, before the
// row that it closed with and whoever runs first; without bars they would never be ready.
func TestBarsReachEngines(t *testing.T) {
	changes := func(loop *system.Loop, bars ...time.Duration) float64 {
		journal := new(memory)
		w := &world{loop: loop, journal: journal, dead: new(dead), replay: feeder.NewReplay(loop), stop: make(chan struct{})}
		cfg, err := testConfig(journal, walk(3, 3000, instruments), 2)
		if err != nil {
			t.Fatal(err)
		}
		last, err := state.ParseFeature("last")
		if err != nil {
			t.Fatal(err)
		}
		cfg.State.Features = []state.Feature{last}
		cfg.Engines = []classifier.Config{{Name: "level", Type: classifier.Criteria, Default: "low", Bars: bars,
			Classes: []classifier.Class{{Name: "high", When: `last > sma(3, "1s")`}}}}
		cfg.Strategies = nil
		cfg.Feeders[0].Protocol = func() (feeder.Protocol, error) { return deals{numbers{instruments}}, nil }
		w.start(t, cfg)
		w.replay.Run(func(to *actor.PID, m any) { w.tree.Send(to, m) }, w.stop)
		var m dto.Metric
		if err := w.metrics.ClassifierChanges.WithLabelValues("level").Write(&m); err != nil {
			t.Fatal(err)
		}
		if err := w.tree.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		return m.GetCounter().GetValue()
	}
	plain := changes(system.NewLoop(0), time.Second)
	if plain < 50 {
		t.Fatalf("%v changes of class: the engine was never ready", plain)
	}
	for seed := range uint64(5) {
		if got := changes(system.NewSeededLoop(0, seed), time.Second); got != plain {
			t.Errorf("seed %d: %v changes of class, want %v", seed, got, plain)
		}
	}
}
