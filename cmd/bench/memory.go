package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/state"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/cmd/internal/node"
)

// memoryChildEnv makes this program the process whose memory is measured. Its value is how many
// instruments that holds.
const memoryChildEnv = "MARU_BENCH_MEMORY"

// memoryReport is what that process says of itself.
type memoryReport struct {
	Resident, Peak uint64 // bytes, as the kernel counts them
	LiveHeap       uint64 // bytes that can be reached
	Rings          int    // instruments that have every window covered
}

// residentMemory measures a process of its own that holds 5,000 instruments in state partitions and
// a classifier, as a node does, after every bucket of every window was filled and trading went on
// for a while. A second one shows what a tighter garbage collector makes of it.
func residentMemory(ctx context.Context, r *runner) ([]row, error) {
	n := pick(r, tickInstruments, 20)
	plain, err := measureChild(ctx, n)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("resident memory, %s instruments", group(strconv.Itoa(n)))
	mb := func(bytes uint64) figure { return figure{float64(bytes) / 1e6, "MB"} }
	w := row{What: what, Measured: mb(plain.Resident)}.against("live heap of the same process", mb(plain.LiveHeap))
	w = w.aim("< 100 MB", w.Measured.Value < 100)
	w.Note = fmt.Sprintf("20-level books, five windows of 30 buckets, every one full; peak %s; the node's own setting, GOGC=25", mb(plain.Peak))
	tight, err := measureChild(ctx, n, "GOGC=50")
	if err != nil {
		return []row{w}, err
	}
	t := row{What: what + ", GOGC=50", Measured: mb(tight.Resident)}.against("live heap of the same process", mb(tight.LiveHeap))
	t.Note = fmt.Sprintf("peak %s; the collector works twice as often", mb(tight.Peak))
	return []row{w, t}, nil
}

// measureChild runs this program as the process that is measured.
func measureChild(ctx context.Context, instruments int, env ...string) (m memoryReport, err error) {
	self, err := os.Executable()
	if err != nil {
		return m, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(append(os.Environ(), env...), memoryChildEnv+"="+strconv.Itoa(instruments))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return m, fmt.Errorf("the process that is measured: %w: %.500s", err, stderr.String())
	}
	if err := json.Unmarshal(out, &m); err != nil {
		return m, fmt.Errorf("the process that is measured said %.200q: %w", out, err)
	}
	if m.Rings != instruments {
		return m, fmt.Errorf("only %d of %d instruments have full windows", m.Rings, instruments)
	}
	return m, nil
}

// memoryChild is main of that process.
func memoryChild(instruments string, stdout, stderr io.Writer) int {
	n, err := strconv.Atoi(instruments)
	var m memoryReport
	if err == nil {
		m, err = holdInstruments(n)
	}
	if err == nil {
		err = json.NewEncoder(stdout).Encode(m)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
	return exitDone
}

// holder feeds state partitions that a classifier reads, and keeps to their credit.
type holder struct {
	root   *actor.RootContext
	self   *actor.PID
	states []*actor.PID
	parts  [][]message.Event
	seq    uint64
	credit chan struct{}
	at     market.Timestamp
	last   atomic.Int64 // message time of the last round
	ready  atomic.Int64 // rows of that round whose windows are all covered
}

func holdInstruments(n int) (m memoryReport, err error) {
	node.TuneMemory()
	cfg, err := tickState()
	if err != nil {
		return m, err
	}
	l := &line{sys: system.New(quiet), metrics: telemetry.New("bench")}
	h := &holder{root: l.sys.Root, parts: make([][]message.Event, cfg.Partitions), credit: make(chan struct{}, 16), at: tapeStart}
	for range cap(h.credit) {
		h.credit <- struct{}{}
	}
	env := system.Live(quiet)
	h.self, err = l.spawn("feeder", env, system.Supervision{Role: "feeder"}, func() actor.Actor { return (*creditor)(h) })
	if err != nil {
		return m, err
	}
	judge, err := l.spawn("classifier", env, classifier.Supervision(), func() actor.Actor {
		return classifier.NewActor(tickEngines, featureNames(cfg), classifier.Deps{Env: env, Metrics: l.metrics})
	})
	if err != nil {
		return m, err
	}
	watch, err := l.spawn("watch", env, system.Supervision{Role: "classifier"}, func() actor.Actor { return (*readiness)(h) })
	if err != nil {
		return m, err
	}
	if h.states, err = l.spawnStates(cfg, env, []*actor.PID{judge, watch}, nil); err != nil {
		return m, err
	}
	if err := h.fill(instrumentNames(n), cfg); err != nil {
		return m, err
	}
	if m.Resident, m.Peak, err = residentBytes(os.Getpid()); err != nil {
		return m, err
	}
	m.Rings = int(h.ready.Load())
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	m.LiveHeap = stats.HeapAlloc
	l.stages = append(append([]*actor.PID{h.self}, h.states...), judge, watch)
	return m, l.stop()
}

// creditor takes the credit that comes back to the holder.
type creditor holder

// Receive is part of actor.Actor.
func (h *creditor) Receive(ctx actor.Context) {
	if _, ok := ctx.Message().(message.Credit); ok {
		h.credit <- struct{}{}
	}
}

// readiness counts, of the last round of trades, the instruments whose windows are all covered.
type readiness holder

// Receive is part of actor.Actor.
func (h *readiness) Receive(ctx actor.Context) {
	v, ok := ctx.Message().(message.Views)
	if !ok {
		return
	}
	for row := range v.Rows() {
		if row.Ready && int64(row.Received) == h.last.Load() {
			h.ready.Add(1)
		}
	}
	f := v.Fields()
	ctx.Respond(message.NewCredit(message.CreditFields{Source: f.Source, Partition: f.Partition, Seq: f.Seq}))
}

// calmRounds go on after everything is full, as a market does.
const calmRounds = 40

// fill gives every instrument a book and trades in every bucket, then goes on for a while.
func (h *holder) fill(names []market.Instrument, cfg state.Config) error {
	var bids, asks []message.Level
	for i := range int64(20) {
		quantity := market.Quantity{Decimal: whole(1 + i)}
		bids = append(bids, message.Level{Price: market.Price{Decimal: whole(100_000 - i)}, Quantity: quantity})
		asks = append(asks, message.Level{Price: market.Price{Decimal: whole(100_001 + i)}, Quantity: quantity})
	}
	steps := append([]time.Duration{0}, fillingRounds(cfg)...)
	for range calmRounds {
		steps = append(steps, 2*time.Second)
	}
	for round, step := range steps {
		h.at = h.at.Add(step)
		if round == len(steps)-1 {
			h.last.Store(int64(h.at))
		}
		for _, i := range names {
			o := message.Origin{Instrument: i, VenueTime: h.at, Received: h.at}
			var e message.Event
			var err error
			if round == 0 {
				e, err = message.NewBook(message.BookFields{Origin: o, Snapshot: true}, bids, asks)
			} else {
				e, err = message.NewTrade(message.TradeFields{Origin: o, Price: market.Price{Decimal: whole(100_000 + int64(round)%7)},
					Quantity: market.Quantity{Decimal: whole(1)}, Taker: market.Buy})
			}
			if err == nil {
				err = h.put(e)
			}
			if err != nil {
				return err
			}
		}
		if err := h.flush(); err != nil {
			return err
		}
	}
	return h.settle()
}

func (h *holder) put(e message.Event) error {
	p := e.Origin().Instrument.Partition(len(h.parts))
	h.parts[p] = append(h.parts[p], e)
	if len(h.parts[p]) < 256 {
		return nil
	}
	return h.send(p)
}

func (h *holder) flush() (err error) {
	for p := range h.parts {
		err = errors.Join(err, h.send(p))
	}
	return err
}

func (h *holder) send(p int) error {
	if err := h.take(); err != nil {
		return err
	}
	h.seq++
	b, err := message.NewBatch(message.BatchFields{Source: "bench", Partition: p, Seq: h.seq, Time: h.at, Credit: true}, h.parts[p])
	clear(h.parts[p])
	h.parts[p] = h.parts[p][:0]
	if err == nil {
		h.root.RequestWithCustomSender(h.states[p], b, h.self)
	}
	return err
}

// take waits for credit.
func (h *holder) take() error {
	patience := time.NewTimer(patienceMax)
	defer patience.Stop()
	select {
	case <-h.credit:
		return nil
	case <-patience.C:
		return errors.New("no credit came back from the partitions")
	}
}

// settle waits until everything that was sent is worked through.
func (h *holder) settle() error {
	for range cap(h.credit) {
		if err := h.take(); err != nil {
			return err
		}
	}
	return nil
}
