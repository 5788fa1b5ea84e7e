// Package ledger is an account's journal of order events: what the gateway writes, and what
// strategies and the queryable view read. It joins package journal to the codec of messages, for a
// node and for the simulation of one.
package ledger

import (
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/adapters/store/journal"
	"github.com/maru-trading/maru/remote/wire"
)

// Ledger is the journal of one account. It is safe for concurrent use.
type Ledger struct {
	cfg journal.Config

	mu   sync.Mutex
	open *journal.Journal
	lent bool // the gateway has it
}

// Open opens the journal, so that a broken one stops the node before anything starts. It fails as
// journal.Open does.
func Open(cfg journal.Config) (*Ledger, error) {
	j, err := journal.Open(cfg)
	if err != nil {
		return nil, err
	}
	return &Ledger{cfg: cfg, open: j}, nil
}

// Lend gives the journal to a gateway that starts, with what stands in it and how to let go of it.
// After a restart of the gateway it is opened again, from what the disk holds. It fails while another
// gateway has it, and as journal.Open does.
func (l *Ledger) Lend() (order.Journal, iter.Seq2[message.OrderEvent, error], func() error, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lent {
		return nil, nil, nil, errors.New("the journal is in use by another gateway")
	}
	if l.open == nil {
		j, err := journal.Open(l.cfg)
		if err != nil {
			return nil, nil, nil, err
		}
		l.open = j
	}
	l.lent = true
	return orderJournal{l.open}, events(l.open, 0), l.Close, nil
}

// Close ends the journal. It may be called again.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		return nil
	}
	err := l.open.Close()
	l.open, l.lent = nil, false
	return err
}

// Synced returns the number of the newest event that is known to be on disk; zero once closed.
func (l *Ledger) Synced() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		return 0
	}
	return l.open.Stats().SyncedSeq
}

// After returns the events behind number seq that are on disk now.
func (l *Ledger) After(seq uint64) iter.Seq2[message.OrderEvent, error] {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		return func(yield func(message.OrderEvent, error) bool) {
			yield(message.OrderEvent{}, fmt.Errorf("journal %s is closed", l.cfg.Dir))
		}
	}
	synced, all := l.open.Stats().SyncedSeq, events(l.open, seq)
	return func(yield func(message.OrderEvent, error) bool) {
		for e, err := range all {
			if err == nil && e.Fields().Seq > synced {
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// events reads order events from a journal.
func events(j *journal.Journal, after uint64) iter.Seq2[message.OrderEvent, error] {
	return func(yield func(message.OrderEvent, error) bool) {
		for record, err := range j.RecordsAfter(after) {
			var event message.OrderEvent
			if err == nil {
				event, err = orderEvent(record)
			}
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}

func orderEvent(record journal.Record) (message.OrderEvent, error) {
	m, err := wire.Unmarshal(record.Payload)
	if err != nil {
		return message.OrderEvent{}, fmt.Errorf("journal record %d: %w", record.Seq, err)
	}
	event, ok := m.(message.OrderEvent)
	if !ok {
		return message.OrderEvent{}, fmt.Errorf("journal record %d is a %v, not an order event", record.Seq, m.Kind())
	}
	return event, nil
}

// orderJournal writes order events as wire messages.
type orderJournal struct{ j *journal.Journal }

func (o orderJournal) Append(events []message.OrderEvent) (uint64, error) {
	payloads := make([][]byte, len(events))
	for i, e := range events {
		payload, err := wire.Marshal(nil, e)
		if err != nil {
			return 0, fmt.Errorf("journal: order event %d: %w", e.Fields().Seq, err)
		}
		payloads[i] = payload
	}
	return o.j.Append(payloads...)
}

func (o orderJournal) Sync() error { return o.j.Sync() }
