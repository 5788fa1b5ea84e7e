package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

const (
	offeredRate   = 50_000 // ticks a second
	offeredSpan   = 10 * time.Second
	offeredWarmUp = time.Second // not counted: the first ticks find empty maps and a small heap
)

// tickToDecision measures from the stamp on a tick to the moment at which a listener has the class
// change that it caused, one hop further than the decision itself. Every tick changes a class.
// The reference is one hop over a Go channel under the same load from the same generator.
//
// The generator offers ticks at even intervals from a goroutine of its own, which waits for them as
// it would for a socket.
func tickToDecision(ctx context.Context, r *runner) ([]row, error) {
	n := pick(r, int(offeredSpan/time.Second)*offeredRate, 1000)
	warm := pick(r, int(offeredWarmUp/time.Second)*offeredRate, 100)
	before, _ := waitedForCores()
	chain, err := decisions(ctx, warm, n)
	after, known := waitedForCores()
	if err != nil {
		return nil, err
	}
	hop, err := channelHop(ctx, warm, n)
	if err != nil {
		return nil, err
	}
	waited := "not known"
	if known {
		waited = (after - before).Round(time.Millisecond).String()
	}
	const window = offeredRate / 10
	cCalm, hCalm := chain.samples.calm(window), hop.samples.calm(window)
	c50, c99, c999 := chain.samples.spread()
	h50, h99, h999 := hop.samples.spread()
	against := "one Go channel hop, same load"
	rows := []row{
		row{What: "tick to decision at 50,000 ticks/s, p50", Measured: figure{c50, "µs"}}.against(against, figure{h50, "µs"}),
		row{What: "tick to decision at 50,000 ticks/s, p99", Measured: figure{c99, "µs"}}.against(against, figure{h99, "µs"}).aim("≤ 200 µs", c99 <= 200),
		row{What: "tick to decision at 50,000 ticks/s, p99.9", Measured: figure{c999, "µs"}}.against(against, figure{h999, "µs"}),
		row{What: "the same, p99 of the median 100 ms", Measured: figure{cCalm, "µs"}}.against(against, figure{hCalm, "µs"}),
	}
	rows[0].Note = fmt.Sprintf("%d ticks offered, %d decided, %d messages merged; from the stamp on the frame to the class change in the listener's hands, feeder, state and classifier between them, %d instruments, every tick decides; offered at %s/s to the chain and %s/s to the channel; the chain's threads waited %s for a core that another thread had",
		n, len(chain.samples), chain.merged, tickInstruments, digits(chain.rate), digits(hop.rate), waited)
	rows[3].Note = "what p99 is while no other process takes the cores, as long as that is half of the time; no substitute for the p99 above"
	return rows, nil
}

// offered is what came of a load that was offered.
type offered struct {
	samples latencies
	rate    float64 // at which ticks were really offered, a second
	merged  uint64
}

// offer calls send n times at even intervals, with the number of the tick and the clock's time, and
// returns the rate that it reached. Ticks that are late go out at once, with the time at which
// they do, as frames do that wait in a socket.
func offer(ctx context.Context, n int, send func(i int, at market.Timestamp) bool) (rate float64, err error) {
	m, err := newMetronome(time.Second / offeredRate)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	begun := time.Now()
	for i := 0; i < n; {
		beats, err := m.wait()
		if err = errors.Join(err, ctx.Err()); err != nil {
			return 0, err
		}
		for ; beats > 0 && i < n; beats-- {
			if !send(i, market.TimestampOf(time.Now())) {
				return 0, errors.New("nobody takes the ticks any more")
			}
			i++
		}
	}
	return float64(n) / time.Since(begun).Seconds(), nil
}

// decisions offers ticks to a line in which every tick changes the class of its instrument.
func decisions(ctx context.Context, warm, n int) (o offered, err error) {
	engines := []classifier.Config{{Name: "side", Type: classifier.Criteria, Default: "low", Classes: []classifier.Class{{Name: "high", When: "bid > 1000"}}}}
	cfg, err := stateConfig(engines)
	if err != nil {
		return o, err
	}
	names := instrumentNames(tickInstruments)
	protocol := decoded{names, func(dst []message.Event, frame []byte, at market.Timestamp) ([]message.Event, error) {
		i := int(binary.LittleEndian.Uint32(frame))
		// Each instrument in turn, and the other way in every round.
		bid := int64(1000 + (i/len(names))%2)
		e, err := message.NewBBO(message.BBOFields{Origin: message.Origin{Instrument: names[i%len(names)], Received: at},
			Bid: market.Price{Decimal: whole(bid)}, Ask: market.Price{Decimal: whole(bid + 1)},
			BidQuantity: market.Quantity{Decimal: whole(1)}, AskQuantity: market.Quantity{Decimal: whole(1)}})
		return append(dst, e), err
	}}
	o.samples = make(latencies, 0, warm+n)
	over := make(chan error, 1)
	frames := func(yield func([]byte, market.Timestamp) bool) {
		var frame [4]byte
		send := func(i int, at market.Timestamp) bool {
			binary.LittleEndian.PutUint32(frame[:], uint32(i))
			return yield(frame[:], at)
		}
		_, err := offer(ctx, warm, send)
		if err == nil {
			// The warm-up's ticks go on counting, so that every further one changes a class.
			o.rate, err = offer(ctx, n, func(i int, at market.Timestamp) bool { return send(warm+i, at) })
		}
		over <- err
	}
	l, err := startLine(lineConfig{state: cfg, engines: engines, protocols: []feeder.Protocol{protocol}, frames: frames, listener: func(c message.Classified) {
		o.samples = append(o.samples, int64(market.TimestampOf(time.Now()).Sub(c.Fields().Received)))
	}})
	if err != nil {
		return o, err
	}
	select {
	case err = <-over:
	case <-ctx.Done():
		err = fmt.Errorf("the ticks did not come to an end: %w", ctx.Err())
	}
	all := l.metrics.FeederFrames.WithLabelValues(string(benchVenue))
	if err == nil {
		err = waitUntil(ctx, func() bool { return value(all) >= float64(warm+n) })
	}
	if err = errors.Join(err, l.stop()); err != nil { // the listener is done: its samples are ours
		return o, err
	}
	o.merged = l.merged()
	if len(o.samples) <= warm {
		return o, fmt.Errorf("%d decisions of %d ticks", len(o.samples), warm+n)
	}
	o.samples = o.samples[warm:]
	return o, nil
}

// channelHop offers the same load to a goroutine behind a channel.
func channelHop(ctx context.Context, warm, n int) (o offered, err error) {
	hop := make(chan market.Timestamp, 1024)
	done := make(chan latencies)
	go func() {
		samples := make(latencies, 0, warm+n)
		for at := range hop {
			samples = append(samples, int64(market.TimestampOf(time.Now()).Sub(at)))
		}
		done <- samples
	}()
	send := func(_ int, at market.Timestamp) bool { hop <- at; return true }
	if _, err = offer(ctx, warm, send); err == nil {
		o.rate, err = offer(ctx, n, send)
	}
	close(hop)
	samples := <-done
	if err != nil {
		return o, err
	}
	o.samples = samples[warm:]
	return o, nil
}
