package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/engine/file"
	"github.com/maru-trading/maru/cmd/internal/node"
)

// What an engine's file is swapped under. The issue asks for 300 MB, ten times.
const (
	engineBytes     = 300 << 20
	engineDepth     = 20 // levels of a tree: a million leaves
	engineSwaps     = 10
	engineTicks     = 100_000 // a second
	engineCalm      = 8 * time.Second
	engineChange    = 5    // one tick in so many changes the class of its instrument
	engineMemoryMax = 1.10 // of the heap before
)

// engineSwap measures the chain, feeder to listener, while a LightGBM model of 300 MB is replaced ten
// times, each time by reading the whole file beside the one in use; the reference are ticks of the same run
// before the first swap. Every tick is judged by the trees, and one in five changes the class of its
// instrument, which is what is timed.
func engineSwap(ctx context.Context, r *runner) ([]row, error) {
	dir, err := r.temp("engine")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	size, swaps := int64(pick(r, engineBytes, 1<<20)), pick(r, engineSwaps, 2)
	depth := pick(r, engineDepth, 10)
	s := &swapped{path: filepath.Join(dir, "model.txt")}
	for i := range s.versions { // they differ in a line at the end
		s.versions[i] = filepath.Join(dir, fmt.Sprintf("model-%d.txt", i))
		if err := writeModel(s.versions[i], size, depth, i); err != nil {
			return nil, err
		}
	}
	if err := s.place(0); err != nil {
		return nil, err
	}
	// As a node does.
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	debug.SetGCPercent(before)
	node.TuneMemory()
	if err := s.run(ctx, swaps, pick(r, engineCalm, 200*time.Millisecond)); err != nil {
		return nil, err
	}
	return s.rows(size, swaps)
}

// swapped is an engine's file and what was measured while it was replaced.
type swapped struct {
	path     string
	versions [2]string

	calm, busy    latencies // before the first swap, and from then on
	samples       int       // for which there is room in both
	ticks         int       // offered
	decided       int       // changes of class that came to the listener
	ended         int       // rows that said that the frames had ended
	judged        int       // rows of ticks that the classifier judged
	merged        uint64
	before, after uint64 // live heap, bytes
	resident      [2]uint64
	took          []float64 // seconds from the file's being there to its being in use
	rate          float64   // a second, while swapping
}

// place makes a version the file, as one who cares does: by renaming.
func (s *swapped) place(version int) error {
	next := s.path + ".new"
	if err := os.Symlink(s.versions[version], next); err != nil {
		return err
	}
	return os.Rename(next, s.path)
}

func (s *swapped) run(ctx context.Context, swaps int, calm time.Duration) (err error) {
	engine := classifier.Config{Name: "model", Type: classifier.Model, Default: "low", Model: classifier.ModelConfig{
		Format: classifier.LightGBM, BytesMax: 1 << 30, Poll: time.Second,
		Inputs:  []classifier.Input{{Name: "bid", Value: "bid"}, {Name: "imbalance", Value: "imbalance"}, {Name: "spread", Value: "spread_bps"}},
		Outputs: []classifier.Output{{Name: "high", From: "0.5"}}}}
	engines := []classifier.Config{engine}
	cfg, err := stateConfig(engines)
	if err != nil {
		return err
	}
	names := instrumentNames(tickInstruments)
	begin, over := make(chan struct{}), make(chan error, 1)
	enough, finished := context.WithCancel(ctx)
	defer finished()
	frames := func(yield func([]byte, market.Timestamp) bool) {
		select {
		case <-begin:
			over <- s.offer(ctx, enough, yield)
		case <-ctx.Done():
			over <- ctx.Err()
		}
	}
	var swapping int64 // when the first swap began; 0 before
	s.calm, s.busy = make(latencies, 0, 2*int(calm.Seconds()+1)*engineTicks/engineChange), make(latencies, 0, 120*engineTicks/engineChange)
	s.samples = cap(s.calm) + cap(s.busy)
	swapAt := make(chan int64, 1)
	l, err := startLine(lineConfig{state: cfg, engines: engines, protocols: []feeder.Protocol{decoded{names, func(dst []message.Event, frame []byte, at market.Timestamp) ([]message.Event, error) {
		return toggled(dst, names, int(binary.LittleEndian.Uint32(frame)), at)
	}}}, frames: frames, sources: map[message.EngineName]classifier.Source{"model": file.New(s.path)}, listener: func(c message.Classified) {
		if c.Fields().To == classifier.Untrusted { // the frames have ended: a row of each instrument says so
			s.ended++
			return
		}
		if swapping == 0 {
			select {
			case swapping = <-swapAt:
			default:
			}
		}
		took := int64(market.TimestampOf(time.Now()).Sub(c.Fields().Received))
		s.decided++
		switch {
		case s.decided <= engineTicks/10/engineChange: // the first ticks find empty maps and a small heap
		case swapping == 0 && len(s.calm) < cap(s.calm):
			s.calm = append(s.calm, took)
		case swapping == 0: // more than there is room for: the first ones will do
		case len(s.busy) < cap(s.busy):
			s.busy = append(s.busy, took)
		}
	}})
	if err != nil {
		return err
	}
	err = func() error {
		loads := l.metrics.ClassifierLoads.WithLabelValues("model", "loaded")
		if err := waitUntil(ctx, func() bool { return value(loads) == 1 }); err != nil {
			return fmt.Errorf("the first model was not loaded: %w", err)
		}
		close(begin)
		if err := pause(ctx, calm); err != nil {
			return err
		}
		s.before, s.resident[0] = s.heap()
		swapAt <- int64(market.TimestampOf(time.Now()))
		for i := range swaps {
			begun := time.Now()
			if err := s.place((i + 1) % 2); err != nil {
				return err
			}
			if err := waitUntil(ctx, func() bool { return value(loads) == float64(i+2) }); err != nil {
				return fmt.Errorf("swap %d: %w", i+1, err)
			}
			s.took = append(s.took, time.Since(begun).Seconds())
		}
		if err := pause(ctx, time.Second); err != nil { // the last one is judged with, too
			return err
		}
		s.after, s.resident[1] = s.heap()
		finished()
		if err := <-over; err != nil {
			return err
		}
		all := l.metrics.FeederFrames.WithLabelValues(string(benchVenue))
		return waitUntil(ctx, func() bool { return value(all) >= float64(s.ticks) })
	}()
	finished()
	err = errors.Join(err, l.stop())
	s.merged, s.judged = l.merged(), int(value(l.metrics.ClassifierViews))-s.ended
	return err
}

// pause lets the ticks go on for a while.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// heap returns the bytes that can be reached, without those of the samples, and what the process holds
// of the machine.
func (s *swapped) heap() (live, resident uint64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	resident, _, _ = residentBytes(os.Getpid()) // 0 where the system does not tell
	return m.HeapAlloc - 8*uint64(s.samples), resident
}

// offer sends ticks at even intervals until it is enough.
func (s *swapped) offer(ctx, enough context.Context, yield func([]byte, market.Timestamp) bool) (err error) {
	m, err := newMetronome(time.Second / engineTicks)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	var frame [4]byte
	begun := time.Now()
	for enough.Err() == nil {
		beats, err := m.wait()
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		for ; beats > 0; beats-- {
			binary.LittleEndian.PutUint32(frame[:], uint32(s.ticks))
			if !yield(frame[:], market.TimestampOf(time.Now())) {
				return errors.New("nobody takes the ticks any more")
			}
			s.ticks++
		}
	}
	s.rate = float64(s.ticks) / time.Since(begun).Seconds()
	return nil
}

// toggled is tick i: each instrument in turn, and each to the other class in one round of engineChange; the quantities lead it
// through other nodes of the trees each time.
func toggled(dst []message.Event, names []market.Instrument, i int, at market.Timestamp) ([]message.Event, error) {
	bid := int64(1000)
	if (i/len(names)+i)%(2*engineChange) < engineChange {
		bid++
	}
	random := uint32(i) * 2654435761 // Knuth's multiplicative hash (TAOCP 3, 6.4)
	e, err := message.NewBBO(message.BBOFields{Origin: message.Origin{Instrument: names[i%len(names)], Received: at},
		Bid: market.Price{Decimal: whole(bid)}, Ask: market.Price{Decimal: whole(bid + 1 + int64(random>>28))},
		BidQuantity: market.Quantity{Decimal: whole(1 + int64(random&0xffff))}, AskQuantity: market.Quantity{Decimal: whole(1 + int64(random>>12&0xffff))}})
	return append(dst, e), err
}

func (s *swapped) rows(size int64, swaps int) ([]row, error) {
	if len(s.calm) == 0 || len(s.busy) == 0 {
		return nil, fmt.Errorf("%d decisions before the swaps and %d under them", len(s.calm), len(s.busy))
	}
	c50, c99, _ := s.calm.spread()
	b50, b99, b999 := s.busy.spread()
	what := fmt.Sprintf("tick to decision while a %d MB engine is swapped %d times", size>>20, swaps)
	against := "the same run before the first swap"
	mb := func(bytes uint64) figure { return figure{float64(bytes) / 1e6, "MB"} }
	rows := []row{
		row{What: what + ", p99", Measured: figure{b99, "µs"}}.against(against, figure{c99, "µs"}),
		row{What: what + ", p50", Measured: figure{b50, "µs"}}.against(against, figure{c50, "µs"}),
		row{What: "ticks judged while it is swapped, of those offered", Measured: figure{100 * float64(min(s.judged, s.ticks)) / float64(s.ticks), "%"}}.aim("all, none merged", s.judged >= s.ticks && s.merged == 0),
		row{What: "live heap after the last swap", Measured: mb(s.after)}.against("before the first", mb(s.before)),
		{What: "from a new file to its verdicts", Measured: figure{median(s.took), "s"}},
	}
	rows[2].Note = "merged into newer ones where a queue was full: the cores did not keep up with the ticks and whatever else ran on them"
	rows[0].Note = fmt.Sprintf("%d ticks at %s/s, each judged by the trees, one in five changes a class; %d decided before and %d under the swaps, %d messages merged; p99.9 %s µs; %d instruments",
		s.ticks, digits(s.rate), len(s.calm), len(s.busy), s.merged, digits(b999), tickInstruments)
	rows[3] = rows[3].aim(fmt.Sprintf("ratio ≤ %.2f", engineMemoryMax), rows[3].Ratio <= engineMemoryMax)
	rows[3].Note = fmt.Sprintf("resident %s before and %s after", mb(s.resident[0]), mb(s.resident[1]))
	rows[4].Note = "with the wait for the next look, at most a second"
	return rows, nil
}

// writeModel writes a LightGBM model of at least so many bytes, with all that LightGBM writes, too: full
// trees that split the bid first, then imbalance and spread in turns at the middle of what is left. tail
// lines behind the trees make it another version.
func writeModel(path string, size int64, depth, tail int) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := &counted{w: bufio.NewWriterSize(f, 1<<20)}
	fmt.Fprint(w, "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=2\nobjective=regression\n"+
		"feature_names=bid imbalance spread\nfeature_infos=none none none\naverage_output\n\n")
	for tree := 0; w.n < size; tree++ {
		writeTree(w, tree, depth)
	}
	fmt.Fprint(w, "end of trees\n")
	for range tail {
		fmt.Fprintln(w)
	}
	return errors.Join(w.err, w.w.Flush())
}

type counted struct {
	w   *bufio.Writer
	n   int64
	err error
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	c.err = errors.Join(c.err, err)
	return n, err
}

// writeTree writes a full tree in the order of a heap: the children of node i are 2i+1 and 2i+2.
func writeTree(w io.Writer, number, depth int) {
	leaves := 1 << depth
	inner := leaves - 1
	level := func(i int) int {
		n := 0
		for i++; i > 1; i /= 2 {
			n++
		}
		return n
	}
	line := func(name string, n int, value func(dst []byte, i int) []byte) {
		buffer := append(make([]byte, 0, 32*n), name+"="...)
		for i := range n {
			if i > 0 {
				buffer = append(buffer, ' ')
			}
			buffer = value(buffer, i)
		}
		_, _ = w.Write(append(buffer, '\n')) // it remembers
	}
	number64 := func(dst []byte, v float64) []byte { return strconv.AppendFloat(dst, v, 'g', 17, 64) }
	constant := func(text string) func([]byte, int) []byte {
		return func(dst []byte, _ int) []byte { return append(dst, text...) }
	}
	child := func(side int) func([]byte, int) []byte {
		return func(dst []byte, i int) []byte {
			c := 2*i + side
			if c >= inner {
				c = ^(c - inner)
			}
			return strconv.AppendInt(dst, int64(c), 10)
		}
	}
	fmt.Fprintf(w, "Tree=%d\nnum_leaves=%d\nnum_cat=0\n", number, leaves)
	line("split_feature", inner, func(dst []byte, i int) []byte {
		if i == 0 {
			return append(dst, '0')
		}
		return strconv.AppendInt(dst, int64(1+level(i)%2), 10)
	})
	line("split_gain", inner, constant("0.125"))
	line("threshold", inner, func(dst []byte, i int) []byte {
		l := level(i)
		if l == 0 {
			return number64(dst, 1000.5)
		}
		// Where the node stands in its level is the path to it: every second bit is of this feature.
		path, at, width := i+1-1<<l, 0.5, 0.5
		for bit := l % 2; bit < l-1; bit += 2 {
			width /= 2
			if path>>(l-2-bit)&1 != 0 {
				at += width
			} else {
				at -= width
			}
		}
		if l%2 == 0 {
			return number64(dst, 2*at-1) // imbalance, from -1 to 1
		}
		return number64(dst, 180*at) // spread, in basis points
	})
	line("decision_type", inner, constant("2"))
	line("left_child", inner, child(1))
	line("right_child", inner, child(2))
	line("leaf_value", leaves, func(dst []byte, i int) []byte {
		return number64(dst, float64(i*2/leaves)+float64(i)/float64(8*leaves))
	})
	line("leaf_weight", leaves, constant("100"))
	line("leaf_count", leaves, constant("100"))
	line("internal_value", inner, func(dst []byte, i int) []byte { return number64(dst, float64(i)/float64(inner)) })
	line("internal_weight", inner, constant("200"))
	line("internal_count", inner, constant("200"))
	fmt.Fprint(w, "is_linear=0\nshrinkage=0.1\n\n\n")
}
