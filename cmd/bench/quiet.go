package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/cmd/internal/node"
)

// quietSpan is how long the market is watched: tickers of all instruments come at even intervals, so
// that each instrument's would take a minute to come around.
const quietSpan = 30 * time.Second

// quietMarket measures the processor time of a node, feeders to classifier, that follows 5,000
// instruments of five venues over real WebSockets while each ticks once a minute: what Maru costs
// beside everything else on a small machine.
func quietMarket(ctx context.Context, r *runner) (rows []row, err error) {
	cfg, err := tickState()
	if err != nil {
		return nil, err
	}
	defer asANode()()
	each := pick(r, tickInstruments/len(dialects), 10)
	v, err := playedNode(ctx, cfg, market.ChannelTicker, 1, each, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	// All of them tick a few times at first, so that everything is there.
	const rounds = 3
	fast := pick(r, v.instruments, 1000) // all of them in a second
	if _, err := v.play(ctx, generatorSpan{Frames: rounds * v.instruments, Rate: fast}); err != nil {
		return nil, err
	}
	nothing := v.listen(pick(r, silentSpan, time.Second/2))
	atOnce, err := v.play(ctx, generatorSpan{Frames: v.instruments, Rate: fast})
	if err != nil {
		return nil, err
	}
	span := pick(r, quietSpan, time.Second/2)
	frames := int(span.Minutes()*float64(v.instruments)) + 1
	spread, err := v.play(ctx, generatorSpan{Frames: frames, Rate: max(1, v.instruments/60)})
	if err != nil {
		return nil, err
	}
	if spread.cpu == 0 {
		return nil, errors.New("this system does not say what a process used of its cores")
	}
	percent := func(v float64) figure { return figure{v, "% of a core"} }
	against := "the same node while nothing comes"
	share := spread.share(spread.cpu)
	// The second in which all of them tick, and the rest of the minute.
	burst := atOnce.cpu/60*100 + nothing*59/60
	what := fmt.Sprintf("%s instruments, each ticking once a minute", group(strconv.Itoa(v.instruments)))
	rows = []row{
		row{What: what + ", evenly spread", Measured: percent(share)}.against(against, percent(nothing)).aim("< 1 %", share < 1),
		row{What: what + ", all within a second", Measured: percent(burst)}.against(against, percent(nothing)).aim("< 1 %", burst < 1),
	}
	rows[0].Note = fmt.Sprintf("%.0f s, %d tickers over %d sockets of five venues from another process, %d missing, %d merged; the processor time of the whole process, the threads that are woken for each tick included: %s µs a tick",
		spread.wall.Seconds(), spread.sent, len(v.protocols), spread.missing(), spread.merged, digits((spread.cpu-nothing/100*spread.wall.Seconds())/float64(spread.sent)*1e6))
	rows[1].Note = fmt.Sprintf("%s µs a tick where they come together, %d missing, %d merged; the rest of the minute is the row's reference",
		digits(atOnce.cpu/float64(atOnce.sent)*1e6), atOnce.missing(), atOnce.merged)
	if lost := spread.lost() + atOnce.lost(); lost > 0 {
		err = fmt.Errorf("%d tickers are missing or were merged", lost)
	}
	return rows, err
}

// silentSpan is how long the node is watched while nothing comes.
const silentSpan = 10 * time.Second

// listen lets nothing come for so long and returns what the node costs meanwhile, as percent of one
// core.
func (v *played) listen(span time.Duration) float64 {
	begun, cpu := time.Now(), cpuTime()
	<-time.After(span)
	return float64(cpuTime()-cpu) / float64(time.Since(begun)) * 100
}

// asANode sets the garbage collection that maru run sets, and returns how to set it back.
func asANode() (back func()) {
	before := debug.SetGCPercent(100)
	debug.SetGCPercent(before)
	node.TuneMemory()
	return func() { debug.SetGCPercent(before) }
}
