package adaptertest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/state"
)

// recorder stands where a state partition stands: it keeps what comes, and asks for a resync
// where the real one would.
type recorder struct {
	feeder *actor.PID
	gate   chan struct{} // closed: it works

	mu     sync.Mutex
	core   *state.Core
	events []message.Event
	books  map[market.Instrument]*kept
	faults []string
	resync int
}

// kept is a book made from what came, as simply as can be.
type kept struct {
	bids, asks map[market.Price]market.Quantity
}

func newRecorder(feeder *actor.PID) *recorder {
	r := &recorder{feeder: feeder, gate: make(chan struct{}), core: state.New(state.DefaultConfig()), books: map[market.Instrument]*kept{}}
	close(r.gate)
	return r
}

// Receive is part of actor.Actor.
func (r *recorder) Receive(ctx actor.Context) {
	b, ok := ctx.Message().(message.Batch)
	if !ok {
		return
	}
	<-r.gate
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.core.Step(b)
	for e := range b.Events() {
		r.events = append(r.events, e)
		if book, ok := e.(message.Book); ok {
			r.apply(book)
		}
	}
	for _, ask := range out.Resync {
		r.resync++
		ctx.Send(r.feeder, ask)
	}
	if f := b.Fields(); f.Credit {
		ctx.Send(ctx.Sender(), message.NewCredit(message.CreditFields{Source: f.Source, Partition: f.Partition, Seq: f.Seq}))
	}
}

func (r *recorder) apply(b message.Book) {
	i := b.Origin().Instrument
	k := r.books[i]
	if b.Fields().Snapshot {
		k = &kept{map[market.Price]market.Quantity{}, map[market.Price]market.Quantity{}}
		r.books[i] = k
	}
	if k == nil {
		r.faults = append(r.faults, fmt.Sprintf("a change before the first snapshot: %v", b))
		return
	}
	put := func(side map[market.Price]market.Quantity, l message.Level) {
		if l.Quantity.IsZero() {
			delete(side, l.Price)
		} else {
			side[l.Price] = l.Quantity
		}
	}
	for l := range b.Bids() {
		put(k.bids, l)
	}
	for l := range b.Asks() {
		put(k.asks, l)
	}
}

// trusted is what the partition thinks of an instrument.
func (r *recorder) trusted(i market.Instrument) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	ok, _ := r.core.Trust(i)
	return ok
}

// holds reports whether the book that came is the venue's.
func (r *recorder) holds(i market.Instrument, b Book) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.books[i]
	if k == nil || len(k.bids) != len(b.Bids) || len(k.asks) != len(b.Asks) {
		return false
	}
	same := func(side map[market.Price]market.Quantity, levels []Level) bool {
		for _, l := range levels {
			if side[price(l.Price)] != quantity(l.Quantity) {
				return false
			}
		}
		return true
	}
	return same(k.bids, b.Bids) && same(k.asks, b.Asks)
}

// got returns the events of one type about an instrument, in order.
func got[E message.Event](r *recorder, i market.Instrument) (found []E) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if m, ok := e.(E); ok && e.Origin().Instrument == i {
			found = append(found, m)
		}
	}
	return found
}

// doubts returns why an instrument was not trusted, each time it was said.
func (r *recorder) doubts(i market.Instrument) (reasons []string) {
	for _, s := range got[message.Status](r, i) {
		if f := s.Fields(); !f.Trusted {
			reasons = append(reasons, f.Reason)
		}
	}
	return reasons
}

// letters are the dead letters.
type letters struct {
	mu  sync.Mutex
	all []feeder.DeadLetter
}

// Add is part of feeder.DeadLetters.
func (l *letters) Add(d feeder.DeadLetter) {
	d.Frame = bytes.Clone(d.Frame)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, d)
}

func (l *letters) list() []feeder.DeadLetter {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// logbook keeps what was logged, a line each.
type logbook struct {
	mu    sync.Mutex
	lines []string
}

func (l *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (l *logbook) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logbook) WithGroup(string) slog.Handler            { return l }

// Handle is part of slog.Handler.
func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	line := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.Key + "=" + a.Value.String()
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	return nil
}

// has reports whether one line has all the words.
func (l *logbook) has(words ...string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.lines, func(line string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) })
	})
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
