package node

import (
	"iter"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/adapters/store/journal"
	books "github.com/maru-trading/maru/cmd/internal/ledger"
)

// ledger is an account's journal in this package's words.
type ledger struct{ all *books.Ledger }

func openLedger(cfg journal.Config) (*ledger, error) {
	all, err := books.Open(cfg)
	if err != nil {
		return nil, err
	}
	return &ledger{all}, nil
}

func (l *ledger) lend() (order.Journal, iter.Seq2[message.OrderEvent, error], func() error, error) {
	return l.all.Lend()
}

func (l *ledger) close() error { return l.all.Close() }

func (l *ledger) synced() uint64 { return l.all.Synced() }

func (l *ledger) after(seq uint64) iter.Seq2[message.OrderEvent, error] { return l.all.After(seq) }
