// Package history reads what a node has written about its orders, without the node: it changes
// nothing, and may be used while the node runs. From the events of an order it says why things
// went as they did, and it checks whole journals.
package history

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/store/journal"
	"github.com/maru-trading/maru/remote/wire"
)

// JournalDir is where the journal of an account lies below a data directory.
func JournalDir(dataDir string, account message.AccountName) string {
	return filepath.Join(journalsDir(dataDir), string(account))
}

func journalsDir(dataDir string) string { return filepath.Join(dataDir, "journal") }

// Accounts returns the accounts that have a journal below a data directory, by name. It fails
// where there is no data directory, or none of a node.
func Accounts(dataDir string) ([]message.AccountName, error) {
	entries, err := os.ReadDir(journalsDir(dataDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no node has kept journals below %s (-c names the node's configuration, --data the directory)", err, dataDir)
	}
	if err != nil {
		return nil, err
	}
	var all []message.AccountName
	for _, e := range entries {
		if e.IsDir() {
			all = append(all, message.AccountName(e.Name()))
		}
	}
	return all, nil
}

// Events reads the events of an account from its journal, oldest first, as far as they are whole.
// A journal that is damaged gives an error where it breaks off.
func Events(dataDir string, account message.AccountName) iter.Seq2[message.OrderEvent, error] {
	return func(yield func(message.OrderEvent, error) bool) {
		report, err := journal.Inspect(journal.DefaultConfig(JournalDir(dataDir, account)), func(r journal.Record) error {
			e, err := Decode(r)
			if err != nil {
				return err
			}
			if !yield(e, nil) {
				return errStop
			}
			return nil
		})
		switch {
		case errors.Is(err, errStop):
		case err != nil:
			yield(message.OrderEvent{}, err)
		case report.Broken != nil:
			yield(message.OrderEvent{}, report.Broken)
		}
	}
}

var errStop = errors.New("enough was read")

// Decode reads a record of an account's journal.
func Decode(r journal.Record) (message.OrderEvent, error) {
	m, err := wire.Unmarshal(r.Payload)
	if err != nil {
		return message.OrderEvent{}, fmt.Errorf("journal record %d: %w", r.Seq, err)
	}
	e, ok := m.(message.OrderEvent)
	if !ok {
		return message.OrderEvent{}, fmt.Errorf("journal record %d is a %v, not an order event", r.Seq, m.Kind())
	}
	if e.Fields().Seq != r.Seq {
		return message.OrderEvent{}, fmt.Errorf("journal record %d holds event %d", r.Seq, e.Fields().Seq)
	}
	return e, nil
}
