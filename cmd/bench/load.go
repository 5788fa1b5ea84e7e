package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/state"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/registry"
)

const (
	loadRate        = 100_000 // frames a second over all sockets
	loadSpan        = 10 * time.Second
	loadSockets     = 4  // of each of the five venues
	loadInstruments = 25 // of each socket

	// Beyond the rate that must be held, to know what is left.
	climbStep = 50_000
	climbMax  = 1_000_000
	climbSpan = 2 * time.Second
)

// loadOverSockets lets another process play five venues over twenty real sockets, one trade a
// frame, the trades of an instrument numbered, and holds the node to every one of them: they are
// counted, and their numbers checked, where a state partition takes them out of its mailbox. The
// feeders run as in a live node: they do not wait for credit, so what is too much is merged and
// counted as such.
func loadOverSockets(ctx context.Context, r *runner) (rows []row, err error) {
	cfg, err := tickState()
	if err != nil {
		return nil, err
	}
	v, err := playedNode(ctx, cfg, market.ChannelTrade, loadSockets, loadInstruments, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	rate := pick(r, loadRate, loadRate/5)
	paced := generatorSpan{Frames: pick(r, int(loadSpan/time.Second)*rate, rate/4), Rate: rate}
	// A second first, which finds empty maps and a small heap.
	if _, err := v.play(ctx, generatorSpan{Frames: paced.Rate / pick(r, 1, 10), Rate: paced.Rate}); err != nil {
		return nil, err
	}
	runtime.GC()
	held, err := v.play(ctx, paced)
	if err != nil {
		return nil, err
	}
	most, err := v.climb(ctx, r, held)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("%s frames/s over %d sockets, real WebSocket", group(strconv.Itoa(paced.Rate)), len(v.protocols))
	w := row{What: what, Measured: figure{held.rate, "frames/s"}}.against("the highest rate tried that lost none either", figure{most.rate, "frames/s"})
	w = w.aim(fmt.Sprintf("≥ %s/s, none lost", group(strconv.Itoa(paced.Rate))), held.holds(paced.Rate))
	w.Note = fmt.Sprintf("%s sent by another process on the same %d cores, one trade a frame, each frame in a write of its own, five venues, %d instruments; %s counted in state with their numbers in order, %d missing, %d merged; %s rows judged by the classifier; at worst a frame left %s ms late; the last was judged %s ms after it had left",
		group(strconv.Itoa(held.sent)), cores(), v.instruments, group(strconv.Itoa(held.came)), held.missing(), held.merged, group(strconv.Itoa(held.judged)),
		digits(held.report.WorstLate*1e3), digits(held.behind.Seconds()*1e3))
	rows = []row{w}
	if held.cpu > 0 {
		c := row{What: "processor time of the same, the node", Measured: figure{held.share(held.cpu), "% of a core"}}.
			against("the process that plays the venues", figure{held.share(held.report.CPU), "% of a core"})
		c.Note = fmt.Sprintf("%s µs a frame in the node: reading, decoding, batches, state, windows, rows, classifier; %s µs at %s frames/s",
			digits(held.cpu/float64(held.sent)*1e6), digits(most.cpu/float64(most.sent)*1e6), digits(most.rate))
		rows = append(rows, c)
	}
	if held.lost() > 0 {
		return rows, fmt.Errorf("%d trades of %d were lost, %d messages merged", held.missing(), held.sent, held.merged)
	}
	return rows, nil
}

// climb raises the rate until it is not held any more, and returns the last span that was.
func (v *played) climb(ctx context.Context, r *runner, held playedSpan) (playedSpan, error) {
	for rate := loadRate + climbStep; rate <= pick(r, climbMax, loadRate+climbStep); rate += climbStep {
		p, err := v.play(ctx, generatorSpan{Frames: pick(r, rate*int(climbSpan/time.Second), 5000), Rate: rate})
		if err != nil {
			return held, err
		}
		if !p.holds(rate) {
			break
		}
		held = p
	}
	return held, nil
}

// holds reports whether a span came through at its rate and lost nothing. The last beat is over a
// moment after the clock says so.
func (p playedSpan) holds(rate int) bool {
	const near = 0.99
	return p.rate >= near*float64(rate) && p.lost() == 0
}

// played is a node, feeders to classifier, whose venues another process plays.
type played struct {
	*line
	*generator
	protocols   []feeder.Protocol
	instruments int
	seen        []ledger // of each partition
	views       float64  // that the classifier had judged when the last span ended
}

// playedNode starts the process and dials it, as many sockets of each venue as it takes: sockets is
// how many of its configurations there are, each of so many instruments, and connections how
// many sockets each makes by the adapter's own rule; 0: as many as that comes to.
func playedNode(ctx context.Context, cfg state.Config, channel market.Channel, sockets, instruments, connections int) (v *played, err error) {
	v = &played{seen: make([]ledger, cfg.Partitions)}
	plan := generatorPlan{Channel: channel}
	var configs []venue.Config
	for _, d := range dialects {
		for n := range sockets {
			c, err := d.follow(channel, n*instruments, instruments)
			if err != nil {
				return nil, err
			}
			configs = append(configs, c)
			v.instruments += instruments
		}
	}
	// Which instruments share a socket is known before any has an address.
	of := func(c venue.Config) ([]registry.Connection, error) {
		adapter, err := registry.Find(string(c.Venue))
		if err != nil {
			return nil, err
		}
		all, err := adapter.New(c)
		if err == nil && connections > 0 && len(all) != connections {
			err = fmt.Errorf("%s follows %d instruments with %d connections: want %d", c.Venue, len(c.Listings), len(all), connections)
		}
		return all, err
	}
	var split []venue.Config
	for _, c := range configs {
		all, err := of(c)
		if err != nil {
			return nil, err
		}
		symbols := map[market.Instrument]market.Listing{}
		for _, l := range c.Listings {
			symbols[l.Instrument] = l
		}
		for _, one := range all {
			part := venue.Config{Venue: c.Venue, Channels: c.Channels}
			s := generatorSocket{Venue: c.Venue}
			for _, i := range one.Instruments() {
				part.Listings = append(part.Listings, symbols[i])
				s.Symbols = append(s.Symbols, symbols[i].Symbol)
			}
			split, plan.Sockets = append(split, part), append(plan.Sockets, s)
		}
	}
	if v.generator, err = startGenerator(ctx, plan); err != nil {
		return nil, err
	}
	for i, c := range split {
		c.WebSocketURL = v.url(i)
		one, err := of(c)
		if err == nil && len(one) != 1 {
			err = fmt.Errorf("%s: %d connections: want one", c.Venue, len(one))
		}
		if err != nil {
			return nil, errors.Join(err, v.generator.stop())
		}
		v.protocols = append(v.protocols, one[0])
	}
	for i := range v.seen {
		v.seen[i].last = map[market.Instrument]int64{}
	}
	v.line, err = startLine(lineConfig{state: cfg, engines: tickEngines, protocols: v.protocols,
		witness: func(partition int, b message.Batch) { v.seen[partition].see(b) }})
	if err != nil {
		return nil, errors.Join(err, v.generator.stop())
	}
	return v, nil
}

// follow is a configuration that follows so many instruments, numbered from first on.
func (d dialect) follow(channel market.Channel, first, count int) (c venue.Config, err error) {
	adapter, err := registry.Find(string(d.venue))
	if err != nil {
		return c, err
	}
	c = venue.Config{Venue: d.venue, Channels: []market.Channel{channel}}
	for n := range count {
		i, err := market.NewInstrument(d.venue, fmt.Sprintf("C%04d-%s", first+n, d.quote))
		if err != nil {
			return c, err
		}
		c.Listings = append(c.Listings, adapter.Listing(i))
	}
	return c, nil
}

func (v *played) stop() error { return errors.Join(v.line.stop(), v.generator.stop()) }

// ledger is what one partition was given. Its own goroutine writes it, others read the counts.
type ledger struct {
	last  map[market.Instrument]int64 // the number of the last trade
	came  atomic.Int64                // trades and tickers
	fault atomic.Pointer[string]      // the first that came twice or too late
}

func (l *ledger) see(b message.Batch) {
	came := int64(0)
	for i := range b.Len() {
		switch e := b.Event(i).(type) {
		case message.Trade:
			came++
			f := e.Fields()
			n, err := strconv.ParseInt(f.ID, 10, 64)
			// Numbers that were left out are missing in the count.
			if last := l.last[f.Instrument]; (err != nil || n <= last) && l.fault.Load() == nil {
				text := fmt.Sprintf("after trade %d of %v came trade %q", last, f.Instrument, f.ID)
				l.fault.Store(&text)
			}
			l.last[f.Instrument] = n
		case message.Ticker:
			came++
		}
	}
	l.came.Add(came)
}

// playedSpan is what became of a span.
type playedSpan struct {
	report                     generatorReport
	sent, came, merged, judged int
	rate, cpu                  float64 // frames a second; seconds of the node's processor time
	wall, behind               time.Duration
}

func (p playedSpan) missing() int { return p.sent - p.came }

// lost is what did not come out as it was sent, merged messages included.
func (p playedSpan) lost() int { return p.missing() + p.merged }

// share is seconds of processor time as percent of one core.
func (p playedSpan) share(cpu float64) float64 { return cpu / p.wall.Seconds() * 100 }

// play lets a span of frames come, and waits until all of them were counted, or until nothing moves
// any more: then some are missing. It fails if what came was not what was sent.
func (v *played) play(ctx context.Context, span generatorSpan) (p playedSpan, err error) {
	v.views = value(v.metrics.ClassifierViews)
	before, merged, begun, cpu := v.came(), v.merged(), time.Now(), cpuTime()
	if p.report, err = v.generator.play(span); err != nil {
		return p, err
	}
	left := time.Now()
	p.sent = span.Frames
	done, err := v.settle(ctx, before+p.sent)
	if err != nil {
		return p, err
	}
	p.wall, p.behind, p.cpu = done.Sub(begun), done.Sub(left), (cpuTime() - cpu).Seconds()
	p.came, p.merged = v.came()-before, int(v.merged()-merged)
	p.judged = int(value(v.metrics.ClassifierViews) - v.views)
	p.rate = float64(p.came) / p.wall.Seconds()
	err = v.dead.err()
	for i := range v.seen {
		if fault := v.seen[i].fault.Load(); fault != nil {
			err = errors.Join(err, errors.New(*fault))
		}
	}
	return p, err
}

func (v *played) came() (n int) {
	for i := range v.seen {
		n += int(v.seen[i].came.Load())
	}
	return n
}

// stillMax is how long nothing may move before what did not come is called missing.
const stillMax = 2 * time.Second

// settle waits until so many frames were counted and the classifier has judged all that state made
// of them, or until nothing moves any more, and returns when something last did.
func (v *played) settle(ctx context.Context, frames int) (moved time.Time, err error) {
	at := -1.0
	err = waitUntil(ctx, func() bool {
		came, judged := v.came(), value(v.metrics.ClassifierViews)
		if now := float64(came) + judged; now != at {
			at, moved = now, time.Now()
		}
		return came >= frames && judged >= value(v.metrics.StateEvents) || time.Since(moved) > stillMax
	})
	return moved, err
}
