package state

import (
	"log/slog"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// BarStore keeps closed bars. Save must not block and must not keep the slice; it returns how
// many bars it could not take.
type BarStore interface {
	Save(bars []message.Bar) (dropped int)
}

// Deps is what a partition needs besides its configuration.
type Deps struct {
	Env     system.Env
	Metrics *telemetry.Metrics
	Bars    BarStore
	Readers []*actor.PID // are told all views: classifiers, order gateways
	// BarReaders are told every bar that closes, before the views of the batch that closed it.
	BarReaders []*actor.PID
	Feeders    map[market.Venue][]*actor.PID // are asked for snapshots
}

// Partition is the actor. Make it with NewPartition, once for every start.
type Partition struct {
	cfg       Config
	deps      Deps
	core      *Core
	restarted bool
	credits   map[creditKey]int // how many readers have not given credit for a batch
	sources   map[string]*actor.PID

	events, late, lost     prometheus.Counter
	instruments, untrusted prometheus.Gauge
	closed                 map[time.Duration]prometheus.Counter
}

type creditKey struct {
	source string
	seq    uint64
}

// NewPartition returns a state partition that knows nothing yet. A panic loses what it knew:
// supervise it with a restart, after which it asks the feeders for snapshots and nothing is
// trusted before they come. restarted says that this is not the first start.
func NewPartition(cfg Config, deps Deps, restarted bool) *Partition {
	p := &Partition{cfg: cfg, deps: deps, restarted: restarted, core: New(cfg),
		credits: map[creditKey]int{}, sources: map[string]*actor.PID{}, closed: map[time.Duration]prometheus.Counter{}}
	m, partition := deps.Metrics, strconv.Itoa(cfg.Partition)
	p.events, p.late, p.lost = m.StateEvents, m.StateLateTrades, m.StateBarsLost
	p.instruments, p.untrusted = m.StateInstruments.WithLabelValues(partition), m.StateUntrusted.WithLabelValues(partition)
	p.instruments.Set(0)
	p.untrusted.Set(0)
	for _, interval := range cfg.Bars {
		p.closed[interval] = m.StateBars.WithLabelValues(PeriodName(interval))
	}
	return p
}

// Supervision is how a partition is brought back.
func Supervision() system.Supervision {
	return system.Supervision{Role: "state",
		Why:      "books come again from snapshots, windows and bars from the stream; until then nothing is trusted",
		Restarts: 10, Window: 10 * time.Minute}
}

// Receive is part of actor.Actor.
func (p *Partition) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		if p.restarted {
			p.resync(ctx, "the partition was restarted")
		}
	case message.Batch:
		p.batch(ctx, m)
	case message.Credit:
		p.credit(ctx, m)
	}
}

func (p *Partition) batch(ctx actor.Context, b message.Batch) {
	out := p.core.Step(b)
	f := b.Fields()
	if f.Credit {
		p.sources[f.Source] = ctx.Sender()
		p.credits[creditKey{f.Source, f.Seq}] = len(p.deps.Readers)
	}
	for _, bar := range out.Bars {
		for _, reader := range p.deps.BarReaders {
			ctx.Send(reader, bar)
		}
	}
	for _, reader := range p.deps.Readers {
		if f.Credit {
			ctx.Request(reader, out.Views)
		} else {
			ctx.Send(reader, out.Views)
		}
	}
	if f.Credit && len(p.deps.Readers) == 0 {
		p.credit(ctx, message.NewCredit(message.CreditFields{Source: f.Source, Partition: f.Partition, Seq: f.Seq}))
	}
	for _, r := range out.Resync {
		for _, feeder := range p.deps.Feeders[r.Fields().Instrument.Venue()] {
			ctx.Send(feeder, r)
		}
	}
	if len(out.Bars) > 0 {
		p.lost.Add(float64(p.deps.Bars.Save(out.Bars)))
		for _, bar := range out.Bars {
			p.closed[bar.Fields().Interval].Inc()
		}
	}
	p.count(out.Stats)
}

func (p *Partition) count(s Stats) {
	p.events.Add(float64(s.Rows))
	if s.LateTrades > 0 {
		p.late.Add(float64(s.LateTrades))
	}
	if s.Instruments > 0 {
		p.instruments.Add(float64(s.Instruments))
	}
	if s.Instruments+s.Trusted+s.Untrusted > 0 {
		p.untrusted.Set(float64(p.core.UntrustedCount()))
	}
	if s.Refused > 0 {
		p.deps.Env.Log.Warn("events refused: the partition is full, or they are not its own",
			slog.Int("partition", p.cfg.Partition), slog.Uint64("events", s.Refused))
	}
}

// credit passes a reader's credit on to the feeder once all readers have given theirs.
func (p *Partition) credit(ctx actor.Context, c message.Credit) {
	f := c.Fields()
	key := creditKey{f.Source, f.Seq}
	if p.credits[key]--; p.credits[key] > 0 {
		return
	}
	delete(p.credits, key)
	if feeder := p.sources[f.Source]; feeder != nil {
		ctx.Send(feeder, c)
	}
}

// resync asks every feeder for snapshots of the whole partition.
func (p *Partition) resync(ctx actor.Context, reason string) {
	r, err := message.NewResync(message.ResyncFields{Partition: p.cfg.Partition, Partitions: p.cfg.Partitions, Reason: reason})
	if err != nil {
		panic(err) // Validate saw to the numbers
	}
	for _, feeders := range p.deps.Feeders {
		for _, feeder := range feeders {
			ctx.Send(feeder, r)
		}
	}
}
