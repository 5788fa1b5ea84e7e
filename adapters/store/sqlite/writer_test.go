package sqlite_test

import (
	"errors"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/store/sqlite"
)

// ledger stands for the journal: what was appended to it can be read again.
type ledger struct {
	mu      sync.Mutex
	events  []message.OrderEvent
	failure error         // of the next reading
	enter   chan struct{} // if not nil, a reading says that it began, and waits
	reads   int
}

func (l *ledger) append(events ...message.OrderEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, events...)
}

func (l *ledger) backlog(account message.AccountName, after uint64) iter.Seq2[message.OrderEvent, error] {
	return func(yield func(message.OrderEvent, error) bool) {
		if l.enter != nil {
			l.enter <- struct{}{}
			<-l.enter
		}
		l.mu.Lock()
		events, failure := l.events, l.failure
		l.failure = nil
		l.reads++
		l.mu.Unlock()
		if failure != nil {
			yield(message.OrderEvent{}, failure)
			return
		}
		for _, e := range events {
			if f := e.Fields(); f.Account == account && f.Seq > after && !yield(e, nil) {
				return
			}
		}
	}
}

// failures collects what the writer reports.
type failures chan error

func (f failures) report(err error) { f <- err }

func writer(t *testing.T, v *sqlite.View, l *ledger, change func(*sqlite.WriterConfig)) (*sqlite.Writer, failures) {
	t.Helper()
	c := sqlite.DefaultWriterConfig()
	c.RetryAfter = time.Millisecond
	if change != nil {
		change(&c)
	}
	f := make(failures, 1000)
	w, err := sqlite.NewWriter(v, c, l.backlog, f.report)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w, f
}

func complete(t *testing.T, v *sqlite.View, l *ledger, account message.AccountName) {
	t.Helper()
	var want []message.OrderEvent
	for _, e := range l.events {
		if e.Fields().Account == account {
			want = append([]message.OrderEvent{e}, want...)
		}
	}
	got, err := v.OrderEvents(sqlite.OrderFilter{Account: account})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "events of "+string(account), got, want)
}

func TestWriterCatchesUp(t *testing.T) {
	v, l := open(t), &ledger{}
	l.append(eventsTo(t, "main", 1, 250)...)
	l.append(eventsTo(t, "other", 1, 5)...)
	w, f := writer(t, v, l, func(c *sqlite.WriterConfig) { c.BatchMax = 100 })
	w.CatchUp("main")
	w.OfferOrderEvents(event(t, "other", 5)) // to an empty view: taken for the first there is
	w.Flush()
	complete(t, v, l, "main")
	l.append(eventsTo(t, "main", 251, 253)...)
	w.OfferOrderEvents(event(t, "main", 251))
	w.OfferOrderEvents(event(t, "main", 253)) // 252 went astray: a gap
	w.Flush()
	complete(t, v, l, "main")
	if len(f) != 0 {
		t.Errorf("failures: %v", <-f)
	}
}

func TestWriterLosesNoOrderEvents(t *testing.T) {
	v, l := open(t), &ledger{enter: make(chan struct{})}
	w, f := writer(t, v, l, func(c *sqlite.WriterConfig) { c.OrderQueueMax = 10 })
	l.append(eventsTo(t, "main", 1, 1)...)
	w.CatchUp("main")
	<-l.enter // the writer is busy with the journal
	for seq := uint64(2); seq <= 200; seq++ {
		e := event(t, "main", seq)
		l.append(e)
		w.OfferOrderEvents(e)
		if s := w.Stats(); s.OrderEvents > 10 {
			t.Fatalf("%d events wait, at most 10 may", s.OrderEvents)
		}
	}
	if s := w.Stats(); s.Lagging != 1 {
		t.Fatalf("stats %+v, want one account to be read again", s)
	}
	go func() {
		l.enter <- struct{}{}
		for range l.enter {
			l.enter <- struct{}{}
		}
	}()
	w.Flush()
	complete(t, v, l, "main")
	if len(f) != 0 {
		t.Errorf("failures: %v", <-f)
	}
}

func TestWriterTriesAgain(t *testing.T) {
	v, l := open(t), &ledger{failure: errors.New("the disk is tired")}
	l.append(eventsTo(t, "main", 1, 7)...)
	w, f := writer(t, v, l, nil)
	w.CatchUp("main")
	if err := <-f; err == nil {
		t.Fatal("no failure")
	}
	w.OfferOrderEvents(event(t, "main", 7))
	deadline := time.After(5 * time.Second)
	for {
		if last, err := v.LastSeq("main"); err != nil {
			t.Fatal(err)
		} else if last == 7 {
			break
		}
		select {
		case <-deadline:
			t.Fatal("the view stays late")
		default:
		}
	}
	complete(t, v, l, "main")
	if s := w.Stats(); s.Failures != 1 {
		t.Errorf("stats %+v, want one failure", s)
	}
}

// While a failure lasts, what is offered does not have the journal read every time.
func TestWriterBacksOff(t *testing.T) {
	v, l := open(t), &ledger{failure: errors.New("the disk is tired")}
	l.append(eventsTo(t, "main", 1, 100)...)
	w, f := writer(t, v, l, func(c *sqlite.WriterConfig) { c.RetryAfter = time.Hour })
	w.CatchUp("main")
	<-f
	for seq := uint64(1); seq <= 100; seq++ {
		w.OfferOrderEvents(event(t, "main", seq))
		w.Flush()
	}
	if l.reads != 1 {
		t.Errorf("the journal was read %d times", l.reads)
	}
	w.Close() // once more at the end
	complete(t, v, l, "main")
}

func TestWriterDropsOldestBars(t *testing.T) {
	v, l := open(t, func(c *sqlite.Config) { c.BarRowsMax = 3 }), &ledger{enter: make(chan struct{})}
	w, f := writer(t, v, l, func(c *sqlite.WriterConfig) { c.BarQueueMax, c.TrimEvery = 5, 5 })
	w.CatchUp("main")
	<-l.enter
	for i := range int64(8) {
		w.OfferBars(bar(t, btc, i*60, string(rune('1'+i)), true))
	}
	if s := w.Stats(); s.Bars != 5 || s.BarsDropped != 3 {
		t.Errorf("stats %+v, want 5 waiting and 3 dropped", s)
	}
	l.enter <- struct{}{}
	w.Flush()
	got, err := v.Bars(btc, time.Minute, 0, 0, 0)
	if err != nil || prices(got) != "6 7 8" {
		t.Errorf("bars %q, %v, want the three newest", prices(got), err)
	}
	if len(f) != 0 {
		t.Errorf("failures: %v", <-f)
	}
	w.Close()
	w.OfferBars(bar(t, btc, 0, "1", true)) // nobody reads, nothing breaks
	w.Flush()
}

func TestWriterReportsABrokenView(t *testing.T) {
	v, l := open(t), &ledger{}
	w, f := writer(t, v, l, func(c *sqlite.WriterConfig) { c.RetryAfter = time.Hour })
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	w.OfferBars(bar(t, btc, 0, "1", true))
	w.Flush()
	w.OfferOrderEvents(event(t, "main", 1))
	w.Flush()
	if len(f) != 2 {
		t.Errorf("%d failures reported, want 2", len(f))
	}
	if s := w.Stats(); s.BarsDropped != 1 || s.Lagging != 1 || s.Failures != 2 {
		t.Errorf("stats %+v", s)
	}
	if _, err := v.Bars(btc, time.Minute, 0, 0, 0); err == nil {
		t.Error("a closed view answered")
	}
	if _, err := sqlite.NewWriter(v, sqlite.WriterConfig{}, l.backlog, f.report); err == nil {
		t.Error("an invalid configuration was taken")
	}
}

// BenchmarkSaveBars writes the minute bars of 5,000 instruments.
func BenchmarkSaveBars(b *testing.B) {
	v := open(b)
	bars := make([]message.Bar, 5000)
	minute := int64(0)
	for b.Loop() {
		b.StopTimer()
		for i := range bars {
			bars[i] = bar(b, market.MustInstrument("sim", "A"+string(rune('A'+i%26))+string(rune('A'+i/26%26))+string(rune('A'+i/676))+"-KRW"), minute*60, "91234000", true)
		}
		minute++
		b.StartTimer()
		if err := v.SaveBars(bars); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(bars)*b.N)/b.Elapsed().Seconds(), "bars/s")
}

// BenchmarkApplyOrderEvents brings a view up to a journal.
func BenchmarkApplyOrderEvents(b *testing.B) {
	v := open(b)
	seq := uint64(1)
	const batch = 1000
	for b.Loop() {
		b.StopTimer()
		events := eventsTo(b, "main", seq, seq+batch-1)
		seq += batch
		b.StartTimer()
		if err := v.ApplyOrderEvents(events); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "events/s")
}
