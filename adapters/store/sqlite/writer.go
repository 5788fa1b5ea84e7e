package sqlite

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// WriterConfig limits what waits for the view.
type WriterConfig struct {
	// OrderQueueMax is how many order events may wait. Beyond it they are read from the journal
	// again, so none is lost; the view is late then. 1 or more.
	OrderQueueMax int
	// BarQueueMax is how many bars may wait. Beyond it the oldest are dropped and counted. 1 or
	// more.
	BarQueueMax int
	// BatchMax is how many rows go into one transaction, 1 or more.
	BatchMax int
	// RetryAfter is how long the writer waits after a failure before it reads the journal again,
	// 1 ms or more.
	RetryAfter time.Duration
	// TrimEvery is after how many bars the oldest are trimmed, 1 or more.
	TrimEvery int
}

// DefaultWriterConfig holds the bars of 5,000 instruments that close together, twice.
func DefaultWriterConfig() WriterConfig {
	return WriterConfig{OrderQueueMax: 8192, BarQueueMax: 10_000, BatchMax: 1000, RetryAfter: 5 * time.Second, TrimEvery: 100_000}
}

// Validate names everything that is wrong with c.
func (c WriterConfig) Validate() error {
	var errs []error
	for _, limit := range []struct {
		name  string
		value int
	}{{"OrderQueueMax", c.OrderQueueMax}, {"BarQueueMax", c.BarQueueMax}, {"BatchMax", c.BatchMax}, {"TrimEvery", c.TrimEvery}} {
		if limit.value < 1 {
			errs = append(errs, fmt.Errorf("sqlite: %s: %d (want 1 or more)", limit.name, limit.value))
		}
	}
	if c.RetryAfter < time.Millisecond {
		errs = append(errs, fmt.Errorf("sqlite: RetryAfter: %v (want 1ms or more)", c.RetryAfter))
	}
	return errors.Join(errs...)
}

// Backlog reads the events of an account behind number after from the journal, in order, as far
// as they are durable.
type Backlog func(account message.AccountName, after uint64) iter.Seq2[message.OrderEvent, error]

// Writer writes to a view from a goroutine of its own, so that nobody waits for SQLite.
type Writer struct {
	view    *View
	config  WriterConfig
	backlog Backlog
	report  func(error)

	wake    chan struct{} // capacity 1
	stopped chan struct{}

	mu      sync.Mutex
	orders  []message.OrderEvent
	lagging map[message.AccountName]bool // to be read from the journal
	bars    []message.Bar
	flushes []chan struct{} // closed when what was offered before is done with
	closing bool
	stats   WriterStats

	// The goroutine's own:
	backoff   bool             // after a failure, until the retry timer fires
	untrimmed int              // bars since the last trim
	now       market.Timestamp // message time of the newest bar
}

// WriterStats counts since the writer was made.
type WriterStats struct {
	OrderEvents int    // waiting
	Bars        int    // waiting
	Lagging     int    // accounts that must be read from the journal
	Rereads     uint64 // accounts read from the journal
	BarsDropped uint64 // because the queue was full, or the view failed
	Failures    uint64 // of the view or the journal
}

// NewWriter starts a writer. Report is told of every failure, from the writer's goroutine: the
// view is late then, and the writer tries again. It fails on an invalid configuration.
func NewWriter(v *View, c WriterConfig, backlog Backlog, report func(error)) (*Writer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	w := &Writer{
		view: v, config: c, backlog: backlog, report: report,
		wake: make(chan struct{}, 1), stopped: make(chan struct{}), lagging: map[message.AccountName]bool{},
	}
	go w.run()
	return w, nil
}

// CatchUp has the view brought up to the journal for an account: at start, before the first
// event is offered. It does not wait.
func (w *Writer) CatchUp(account message.AccountName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lagging[account] = true
	w.signal()
}

// OfferOrderEvents hands over events that are durable in the journal. It does not wait, and
// nothing is lost: what finds no room is read from the journal later.
func (w *Writer) OfferOrderEvents(events ...message.OrderEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.orders)+len(events) <= w.config.OrderQueueMax {
		w.orders = append(w.orders, events...)
		w.signal()
		return
	}
	for _, queue := range [][]message.OrderEvent{w.orders, events} {
		for _, e := range queue {
			w.lagging[e.Fields().Account] = true
		}
	}
	w.orders = nil
	w.signal()
}

// OfferBars hands over bars. It does not wait: where there is no room the oldest waiting are
// dropped and counted.
func (w *Writer) OfferBars(bars ...message.Bar) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bars = append(w.bars, bars...)
	if excess := len(w.bars) - w.config.BarQueueMax; excess > 0 {
		w.bars = w.bars[excess:] // append moves them to the front when it has to
		w.stats.BarsDropped += uint64(excess)
	}
	w.signal()
}

// Stats returns the present figures.
func (w *Writer) Stats() WriterStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.OrderEvents, s.Bars, s.Lagging = len(w.orders), len(w.bars), len(w.lagging)
	return s
}

// Flush returns when everything offered before was written, or failed.
func (w *Writer) Flush() {
	done := make(chan struct{})
	w.mu.Lock()
	w.flushes = append(w.flushes, done)
	w.signal()
	w.mu.Unlock()
	select {
	case <-done:
	case <-w.stopped:
	}
}

// Close writes what waits and stops; what fails then is not tried again. The view stays open. It
// may be called again.
func (w *Writer) Close() {
	w.mu.Lock()
	w.closing = true
	w.signal()
	w.mu.Unlock()
	<-w.stopped
}

// signal wakes the goroutine; the lock is held.
func (w *Writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// work is what one round takes from the queues.
type work struct {
	lagging []message.AccountName
	orders  []message.OrderEvent
	bars    []message.Bar
	flushes []chan struct{}
}

func (w *Writer) run() {
	defer close(w.stopped)
	retry := time.NewTimer(w.config.RetryAfter)
	retry.Stop()
	defer retry.Stop()
	for {
		round, closing := w.take()
		w.catchUp(round.lagging, retry)
		w.writeOrders(round.orders, retry)
		w.writeBars(round.bars)
		for _, done := range round.flushes {
			close(done)
		}
		if closing {
			return
		}
		select {
		case <-w.wake:
		case <-retry.C:
			w.backoff = false
		}
	}
}

// take empties the queues. Accounts that lag are taken before the journal is read: what is
// offered from now on waits in the queue again, and what both have is applied once.
func (w *Writer) take() (work, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	round := work{orders: w.orders, bars: w.bars, flushes: w.flushes}
	w.orders, w.bars, w.flushes = nil, nil, nil
	if w.backoff && !w.closing {
		// Not before the timer: every event would have the journal read once more. What comes
		// for these accounts is left out, because it is in the journal too.
		round.orders = slices.DeleteFunc(round.orders, func(e message.OrderEvent) bool { return w.lagging[e.Fields().Account] })
		return round, false
	}
	round.lagging = slices.Sorted(maps.Keys(w.lagging))
	clear(w.lagging)
	return round, w.closing
}

// catchUp reads from the journal what the view lacks.
func (w *Writer) catchUp(accounts []message.AccountName, retry *time.Timer) {
	for _, account := range accounts {
		w.mu.Lock()
		w.stats.Rereads++
		w.mu.Unlock()
		if err := w.reread(account); err != nil {
			w.fail(fmt.Errorf("sqlite: view of account %s is late: %w", account, err), retry, account)
		}
	}
}

func (w *Writer) reread(account message.AccountName) error {
	last, err := w.view.LastSeq(account)
	if err != nil {
		return err
	}
	batch := make([]message.OrderEvent, 0, w.config.BatchMax)
	for e, err := range w.backlog(account, last) {
		if err != nil {
			return err
		}
		if batch = append(batch, e); len(batch) == cap(batch) {
			if err := w.view.ApplyOrderEvents(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return w.view.ApplyOrderEvents(batch)
}

func (w *Writer) writeOrders(events []message.OrderEvent, retry *time.Timer) {
	for batch := range slices.Chunk(events, w.config.BatchMax) {
		err := w.view.ApplyOrderEvents(batch)
		if err == nil {
			continue
		}
		accounts := map[message.AccountName]bool{}
		for _, e := range batch {
			accounts[e.Fields().Account] = true
		}
		if errors.As(err, new(*GapError)) {
			// Nothing is wrong but that the view is behind: the journal has what is missing.
			w.catchUp(slices.Sorted(maps.Keys(accounts)), retry)
			continue
		}
		w.fail(err, retry, slices.Sorted(maps.Keys(accounts))...)
	}
}

func (w *Writer) writeBars(bars []message.Bar) {
	for batch := range slices.Chunk(bars, w.config.BatchMax) {
		if err := w.view.SaveBars(batch); err != nil {
			w.mu.Lock()
			w.stats.BarsDropped += uint64(len(batch))
			w.mu.Unlock()
			w.fail(err, nil)
			continue
		}
		w.untrimmed += len(batch)
		for _, b := range batch {
			// Message time is our clock: a venue's stamp from the year 2100 must not empty the table.
			w.now = max(w.now, b.Origin().Time())
		}
	}
	if w.untrimmed >= w.config.TrimEvery {
		w.untrimmed = 0
		if _, err := w.view.TrimBars(w.now); err != nil {
			w.fail(err, nil)
		}
	}
}

// fail reports a failure and has the accounts read from the journal again after a while.
func (w *Writer) fail(err error, retry *time.Timer, accounts ...message.AccountName) {
	w.mu.Lock()
	w.stats.Failures++
	for _, a := range accounts {
		w.lagging[a] = true
	}
	w.mu.Unlock()
	if retry != nil {
		w.backoff = true
		retry.Reset(w.config.RetryAfter)
	}
	w.report(err)
}
