package node

import (
	"iter"
	"path/filepath"
	"testing"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/store/journal"
	"github.com/maru-trading/maru/config"
)

// ledgerOf reads the journal of a node that runs: a copy is not needed, reading disturbs nobody.
func ledgerOf(t *testing.T, cfg *config.Config) iter.Seq2[message.OrderEvent, error] {
	t.Helper()
	return func(yield func(message.OrderEvent, error) bool) {
		report, err := journal.Verify(journal.DefaultConfig(filepath.Join(cfg.Node.DataDir, "journal", "paper")))
		if err != nil {
			yield(message.OrderEvent{}, err)
			return
		}
		for range report.Records {
			if !yield(message.OrderEvent{}, nil) {
				return
			}
		}
	}
}
