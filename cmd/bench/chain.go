package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/store/journal"
)

// chainFromMemory measures the live chain, feeder → state → classifier → strategy → order with
// paper fills and a journal on disk, on frame bytes in memory, beside the decoder alone. The feeder
// waits for credit, so nothing is conflated; each pass runs on new actors, because a venue's update
// ids do not begin anew.
func chainFromMemory(ctx context.Context, r *runner) ([]row, error) {
	s, err := r.load()
	if err != nil {
		return nil, err
	}
	var orders, fills float64
	var chained, decoded meter
	chain := func() (float64, error) {
		p, err := chainPass(ctx, r, s, &chained)
		orders, fills = p.orders, p.fills
		return p.rate, err
	}
	decode := func() (float64, error) { return decodePass(s, &decoded) }
	if !r.quick { // a first pass warms the caches of both
		if _, err := alternate(ctx, 1, chain, decode); err != nil {
			return nil, err
		}
	}
	p, err := alternate(ctx, pick(r, 9, 1), chain, decode)
	if err != nil {
		return nil, err
	}
	w := p.row("whole chain, frames from memory", "frames/s", "decoding alone, one goroutine")
	w = w.aim("ratio ≥ 0.7", w.Ratio >= 0.7)
	w.Note = fmt.Sprintf("median of %d passes in turns; %d frames, %s MB a pass, every one counted through to the classifier, none dropped; %.0f orders, %.0f fills, journal on disk",
		len(p.a), len(s.frames), digits(float64(s.bytes)/1e6), orders, fills)
	rows := []row{w}
	if cpu, ok := cpuRow("processor time of the same, all cores", w.Against, &chained, &decoded); ok {
		rows = append(rows, cpu)
	}
	return rows, nil
}

// passed is what one pass of a chain gave.
type passed struct{ rate, orders, fills float64 }

// chainPass runs every frame of the session through a chain of its own.
func chainPass(ctx context.Context, r *runner, s *session, m *meter) (passed, error) {
	dir, err := r.temp("journal")
	if err != nil {
		return passed{}, err
	}
	var clock atomic.Int64 // the session's time: what the chain takes for now
	ready, over := make(chan struct{}), make(chan struct{})
	frames := func(yield func([]byte, market.Timestamp) bool) {
		defer close(over)
		if await(ctx, ready) != nil {
			return
		}
		for _, f := range s.frames {
			clock.Store(int64(f.at))
			if !yield(f.payload, f.at) {
				return
			}
		}
	}
	protocol := func() (feeder.Protocol, error) { return s.protocol("", "") }
	log := &orderLog{cfg: journal.DefaultConfig(dir)}
	cfg, err := chainConfig(s, log, protocol, frames)
	if err != nil {
		return passed{}, err
	}
	cfg.Mailboxes = mailboxes
	env := system.Live(quiet)
	env.Now = func() market.Timestamp { return market.Timestamp(clock.Load()) }
	dead := newDeadLetters()
	metrics := telemetry.New("bench")
	runtime.GC()
	clock.Store(int64(s.frames[0].at))
	tree, err := actors.Start(cfg, actors.Deps{Env: env, Dispatcher: actors.LiveDispatcher(), Metrics: metrics, Bars: discard{},
		DeadLetters: dead, HTTP: s, View: discard{}, Credit: true})
	if err != nil {
		return passed{}, err
	}
	err = waitUntil(ctx, log.isOpen) // as on a node that runs
	all := metrics.FeederFrames.WithLabelValues(string(s.listings[0].Instrument.Venue()))
	rate, playErr := m.run(len(s.frames), func() error {
		close(ready)
		if err := await(ctx, over); err != nil {
			return errors.Join(err, tree.Stop(context.WithoutCancel(ctx)))
		}
		err := waitUntil(ctx, func() bool { return value(all) >= float64(len(s.frames)) })
		return errors.Join(err, tree.Stop(context.WithoutCancel(ctx)))
	})
	err = errors.Join(err, playErr)
	if err == nil {
		err = errors.Join(dead.err(), checkPass(metrics, s, tree))
	}
	return passed{rate: rate, orders: telemetry.Sum(metrics.OrderEvents, "action", "send"),
		fills: telemetry.Sum(metrics.OrderEvents, "action", "fill")}, err
}

// checkPass holds a pass to what it promises: every frame counted, every event that went into
// state judged by the classifier, nothing merged, refused, left over or given up.
func checkPass(m *telemetry.Metrics, s *session, tree *actors.Tree) error {
	events, views := telemetry.Sum(m.StateEvents), telemetry.Sum(m.ClassifierViews)
	if frames := framesOf(m); frames != float64(len(s.frames)) {
		return fmt.Errorf("%.0f frames came through of %d", frames, len(s.frames))
	}
	if events == 0 || events != views {
		return fmt.Errorf("state made %.0f rows, the classifier judged %.0f", events, views)
	}
	if joined := telemetry.Sum(m.FeederSnapshots, "outcome", "ok"); len(s.books) > 0 && joined == 0 {
		return errors.New("no order book was joined to its snapshot")
	}
	if lost := tree.Lost(); len(lost) > 0 {
		return fmt.Errorf("actors were given up: %v", lost)
	}
	for _, name := range []string{"maru_mailbox_conflated_total", "maru_mailbox_refused_total", "maru_mailbox_dropped_trades_total"} {
		if n, err := gathered(m, name); err != nil || n > 0 {
			return errors.Join(fmt.Errorf("%s is %.0f", name, n), err)
		}
	}
	return nil
}

// framesOf is how many frames of the session came through: not what only answers a subscription.
func framesOf(m *telemetry.Metrics) float64 {
	return telemetry.Sum(m.FeederFrames) - telemetry.Sum(m.FeederMessages, "type", "notice")
}

// gathered adds up a metric as /metrics would show it.
func gathered(m *telemetry.Metrics, name string) (total float64, err error) {
	families, err := m.Registry().Gather()
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, metric := range f.GetMetric() {
			total += metric.GetCounter().GetValue()
		}
	}
	return total, err
}

// Do answers a request for a book with the recorded one; it makes a session a feeder.HTTP.
func (s *session) Do(request *http.Request) (*http.Response, error) {
	body := s.book(request.URL.Query().Get("symbol"))
	code := http.StatusOK
	if body == nil {
		code = http.StatusNotFound
	}
	return &http.Response{StatusCode: code, Status: http.StatusText(code), Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: request}, nil
}

// decodePass decodes every frame of the session, and nothing else.
func decodePass(s *session, m *meter) (rate float64, err error) {
	p, err := s.protocol("", "")
	if err != nil {
		return 0, err
	}
	var events []message.Event
	runtime.GC()
	return m.run(len(s.frames), func() (err error) {
		for _, f := range s.frames {
			if events, err = p.Decode(events[:0], f.payload, f.at); err != nil {
				return err
			}
		}
		return nil
	})
}

// value reads a counter.
func value(c prometheus.Counter) float64 { return telemetry.Sum(c) }

// waitUntil asks again and again, at intervals that are short beside what is measured.
func waitUntil(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	patience := time.NewTimer(patienceMax)
	defer patience.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-patience.C:
			return fmt.Errorf("nothing came of it within %v", patienceMax)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// await waits until done is closed or gives a value.
func await[T any](ctx context.Context, done <-chan T) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("it did not come to an end: %w", ctx.Err())
	}
}

// patienceMax ends a measurement that hangs.
const patienceMax = 2 * time.Minute
