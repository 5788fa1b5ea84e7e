package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/state"
)

const (
	tickInstruments = 5000
	tickBlock       = 64 // ticks in a frame: what a busy socket holds
)

// tickFeatures are what rows hold in the measurements of many instruments: eight figures over five
// windows, of which the engines read six.
var tickFeatures = []string{"price", "spread_bps", "imbalance", "min_1m", "max_5m", "mean_15m", "volume_1h", "change_1d"}

var tickEngines = []classifier.Config{
	{Name: "momentum", Type: classifier.Criteria, Default: "flat",
		Classes: []classifier.Class{{Name: "up", When: "change_1d > 0.05 && spread_bps < 20"}, {Name: "down", When: "price < 0.9 * mean_15m"}}},
	{Name: "band", Type: classifier.Range, Feature: "price", Low: "min_1m", High: "max_5m", Margin: 0.1},
}

// tape is prepared market data: quotes and trades of many instruments, three quotes to a trade, each
// price within a percent of where its instrument stands.
type tape struct {
	bbos   []message.BBOFields
	trades []message.TradeFields
	names  []market.Instrument
	rounds []time.Duration // message time between the rounds that fill the windows
	next   []message.Event // scratch of block
}

const tapeTicks = 1 << 16 // several megabytes: more than the caches of a core hold

func newTape(cfg state.Config) *tape {
	r := rand.New(rand.NewPCG(1, 2))
	t := &tape{names: instrumentNames(tickInstruments), bbos: make([]message.BBOFields, tapeTicks), trades: make([]message.TradeFields, tapeTicks)}
	for i := range tapeTicks {
		n := r.IntN(tickInstruments)
		price := int64(100_000+10*n) + r.Int64N(1000)
		o := message.Origin{Instrument: t.names[n]}
		quantity := market.Quantity{Decimal: whole(1 + r.Int64N(1000))}
		if i%4 == 0 {
			t.trades[i] = message.TradeFields{Origin: o, Price: market.Price{Decimal: whole(price)}, Quantity: quantity, Taker: market.Buy}
			continue
		}
		t.bbos[i] = message.BBOFields{Origin: o, Bid: market.Price{Decimal: whole(price)}, Ask: market.Price{Decimal: whole(price + 10)},
			BidQuantity: quantity, AskQuantity: quantity}
	}
	t.rounds = fillingRounds(cfg)
	return t
}

// fillingRounds are the steps of message time after which every bucket of every window holds
// something, if each instrument trades once in each: the longest window first.
func fillingRounds(cfg state.Config) (steps []time.Duration) {
	for _, w := range slices.Backward(slices.Sorted(slices.Values(cfg.Windows))) {
		for range cfg.Buckets + 5 {
			steps = append(steps, w/time.Duration(cfg.Buckets))
		}
	}
	return steps
}

// A frame is a number: of a block of the tape, or, from fillFrom on, of a block of instruments that
// trade once each.
const fillFrom = 1 << 24

// block makes the messages of a frame: one allocation each, which is the message.
func (t *tape) block(dst []message.Event, frame []byte, at market.Timestamp) ([]message.Event, error) {
	n := int(binary.LittleEndian.Uint32(frame))
	if n >= fillFrom {
		from := (n - fillFrom) * tickBlock
		for i := from; i < min(from+tickBlock, len(t.names)); i++ {
			e, err := message.NewTrade(message.TradeFields{Origin: message.Origin{Instrument: t.names[i], VenueTime: at, Received: at},
				Price: market.Price{Decimal: whole(int64(100_000 + 10*i))}, Quantity: market.Quantity{Decimal: whole(1)}})
			if err != nil {
				return dst, err
			}
			dst = append(dst, e)
		}
		return dst, nil
	}
	for i := n * tickBlock; i < (n+1)*tickBlock; i++ {
		var e message.Event
		var err error
		if i%4 == 0 {
			f := t.trades[i]
			f.VenueTime, f.Received = at, at
			e, err = message.NewTrade(f)
		} else {
			f := t.bbos[i]
			f.VenueTime, f.Received = at, at
			e, err = message.NewBBO(f)
		}
		if err != nil {
			return dst, err
		}
		dst = append(dst, e)
	}
	return dst, nil
}

// fill yields the frames after which every window of every instrument is full, and returns how
// many ticks that were and the message time afterwards.
func (t *tape) fill(yield func([]byte, market.Timestamp) bool, at market.Timestamp) (ticks int, end market.Timestamp, ok bool) {
	var frame [4]byte
	for _, step := range t.rounds {
		at = at.Add(step)
		for n := range (len(t.names) + tickBlock - 1) / tickBlock {
			binary.LittleEndian.PutUint32(frame[:], uint32(fillFrom+n))
			if !yield(frame[:], at) {
				return ticks, at, false
			}
		}
		ticks += len(t.names)
	}
	return ticks, at, true
}

// play yields so many blocks of the tape, message time moving a microsecond a tick.
func (t *tape) play(yield func([]byte, market.Timestamp) bool, at market.Timestamp, blocks int) bool {
	var frame [4]byte
	for n := range blocks {
		at = at.Add(tickBlock * time.Microsecond)
		binary.LittleEndian.PutUint32(frame[:], uint32(n%(tapeTicks/tickBlock)))
		if !yield(frame[:], at) {
			return false
		}
	}
	return true
}

var tapeStart = market.Seconds(1_767_225_600) // 2026-01-01: prepared data need some time

func tickState() (state.Config, error) {
	cfg := state.DefaultConfig()
	cfg.Partitions = partitions
	return withFeatures(cfg, tickFeatures)
}

// tickRate measures how many decoded ticks of 5,000 instruments go through feeder, state and
// classifier, and what is allocated for each, when every window is full. The reference are the same
// cores, called one after the other on one goroutine without an actor between them.
func tickRate(ctx context.Context, r *runner) ([]row, error) {
	cfg, err := tickState()
	if err != nil {
		return nil, err
	}
	blocks := pick(r, 4_000_000, 100_000) / tickBlock
	t := newTape(cfg)
	if r.quick {
		t.rounds = t.rounds[:1]
	}
	var allocs, bytes, changes []float64
	through := func() (float64, error) {
		m, err := t.throughLine(ctx, cfg, blocks)
		allocs, bytes, changes = append(allocs, m.allocs), append(bytes, m.bytes), append(changes, m.changes)
		return m.rate, err
	}
	p, err := alternate(ctx, pick(r, 3, 1), through, func() (float64, error) { return t.throughCores(cfg, blocks) })
	if err != nil {
		return nil, err
	}
	rate := p.row("feeder → state → classifier, 5,000 instruments", "ticks/s", "the same cores called directly, one goroutine")
	rate = rate.aim("≥ 1,000,000/s", rate.Measured.Value >= 1e6)
	rate.Note = fmt.Sprintf("median of %d turns of %s ticks in frames of %d; prepared figures are made into messages by the feeder's protocol, the feeder waits for credit, %d partitions on %d cores, %d windows all full, %d features, 2 engines, %.2g class changes a tick",
		len(p.a), group(fmt.Sprint(blocks*tickBlock)), tickBlock, partitions, cores(), len(cfg.Windows), len(cfg.Features), median(changes))
	beyond := row{What: "allocations a tick beyond the message, the same run", Measured: figure{median(allocs) - 1, "/tick"}}
	beyond = beyond.aim("none but by the batch: < 0.1", beyond.Measured.Value < 0.1)
	beyond.Note = fmt.Sprintf("%s bytes a tick in all, the message of about 100 among them; the rest is slices of batches and of rows, envelopes, closed bars and class changes", digits(median(bytes)))
	return []row{rate, beyond}, nil
}

// measuredTicks is what a run through the actors gave, per tick where it is no rate.
type measuredTicks struct{ rate, allocs, bytes, changes float64 }

func (t *tape) throughLine(ctx context.Context, cfg state.Config, blocks int) (m measuredTicks, err error) {
	var l *line
	ready, over := make(chan struct{}), make(chan error, 1)
	frames := func(yield func([]byte, market.Timestamp) bool) {
		<-ready
		ticks, at, ok := t.fill(yield, tapeStart)
		judged := func(n int) error {
			if !ok {
				return errors.New("the feeder stopped")
			}
			return waitUntil(ctx, func() bool { return value(l.metrics.ClassifierViews) >= float64(n) })
		}
		// Each instrument's first data makes one row more, which says that they are trusted.
		ticks += len(t.names)
		if err := judged(ticks); err != nil {
			over <- err
			return
		}
		runtime.GC()
		changed := l.changes()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begun := time.Now()
		ok = t.play(yield, at, blocks)
		err := judged(ticks + blocks*tickBlock)
		took := time.Since(begun)
		runtime.ReadMemStats(&after)
		n := float64(blocks * tickBlock)
		m = measuredTicks{rate: n / took.Seconds(), allocs: float64(after.Mallocs-before.Mallocs) / n,
			bytes: float64(after.TotalAlloc-before.TotalAlloc) / n, changes: (l.changes() - changed) / n}
		over <- err
	}
	// The clock of the actors stands still: message time alone moves.
	now := func() market.Timestamp { return tapeStart }
	l, err = startLine(lineConfig{state: cfg, engines: tickEngines, protocols: []feeder.Protocol{decoded{t.names, t.block}}, frames: frames, credit: true, now: now})
	if err != nil {
		return m, err
	}
	close(ready)
	select {
	case err = <-over:
	case <-ctx.Done():
		err = fmt.Errorf("the ticks did not come to an end: %w", ctx.Err())
	}
	merged := l.merged()
	if err = errors.Join(err, l.stop()); err == nil && merged > 0 {
		err = fmt.Errorf("%d messages were merged although the feeder waits for credit", merged)
	}
	return m, err
}

func (l *line) changes() (n float64) {
	for _, e := range tickEngines {
		n += value(l.metrics.ClassifierChanges.WithLabelValues(string(e.Name)))
	}
	return n
}

// throughCores is the work itself: make the messages, batch them, step state and classifier.
func (t *tape) throughCores(cfg state.Config, blocks int) (rate float64, err error) {
	cfg.Partitions = 1
	core := state.New(cfg)
	judge, err := classifier.New(tickEngines, featureNames(cfg))
	if err != nil {
		return 0, err
	}
	seq := uint64(0)
	step := func(frame []byte, at market.Timestamp) bool {
		if t.next, err = t.block(t.next[:0], frame, at); err != nil {
			return false
		}
		seq++
		b, e := message.NewBatch(message.BatchFields{Source: "bench", Seq: seq, Time: at}, t.next)
		if err = e; err != nil {
			return false
		}
		judge.Step(core.Step(b).Views)
		return true
	}
	_, at, ok := t.fill(step, tapeStart)
	if !ok {
		return 0, err
	}
	runtime.GC()
	begun := time.Now()
	if !t.play(step, at, blocks) {
		return 0, err
	}
	return float64(blocks*tickBlock) / time.Since(begun).Seconds(), nil
}
