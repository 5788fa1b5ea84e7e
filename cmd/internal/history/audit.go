package history

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/adapters/store/journal"
)

// Audit is what was found of one account's journal.
type Audit struct {
	Account  string  `json:"account"`
	OK       bool    `json:"ok"`
	Dir      string  `json:"dir"`
	Segments int     `json:"segments"`
	Records  uint64  `json:"records"` // that are as they were written
	Bytes    int64   `json:"bytes"`
	First    uint64  `json:"first"`            // number of the first record; 0: there is none
	Last     uint64  `json:"last"`             // number of the last one
	Head     string  `json:"head"`             // of the hash chain: who noted it earlier can compare
	Sealed   bool    `json:"sealed"`           // the journal was closed
	Torn     string  `json:"torn,omitempty"`   // a write at the end that was never acknowledged
	Broken   *Broken `json:"broken,omitempty"` // the first record that is not as it was written
	// Astray says which event does not follow from those before it by the table of an order's
	// life, and why; absent: all of them do.
	Astray string `json:"astray,omitempty"`
	Orders int    `json:"orders"`           // that were created
	Halted string `json:"halted,omitempty"` // why the account is halted at the end
}

// Broken is a record that is not as it was written.
type Broken struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"` // bytes from the file's start
	Record uint64 `json:"record"`
	Reason string `json:"reason"`
}

// epochAny is above every epoch that an order may have been made in (order.Config.Epoch).
const epochAny = 36*36*36*36*36*36 - 1

// Check reads the journal of an account, verifies its hash chain, and has the gateway's own
// machine recover from its events: each must follow from those before it. It changes nothing.
// Progress, if not nil, is told the bytes of every record. historyMax is how many final orders
// the machine remembers, as in order.Config. An error says that the journal could not be read at
// all; what is wrong with it is in the Audit.
func Check(dataDir string, account message.AccountName, historyMax int, progress func(bytes int)) (Audit, error) {
	dir := JournalDir(dataDir, account)
	a := Audit{Account: string(account), Dir: dir}
	var report journal.Report
	var unread error
	follow := func(yield func(message.OrderEvent) bool) {
		following := true
		report, unread = journal.Inspect(journal.DefaultConfig(dir), func(r journal.Record) error {
			if progress != nil {
				progress(len(r.Payload))
			}
			if !following {
				return nil // the chain is verified to the end
			}
			e, err := Decode(r)
			switch {
			case err != nil: // what was found, and no failure to find it
				a.Astray, following = err.Error(), false
			default:
				if e.Fields().Action == message.ActionCreate {
					a.Orders++
				}
				following = yield(e)
			}
			return nil
		})
	}
	core, err := newCore(dataDir, account, historyMax)
	if err != nil {
		return a, err
	}
	astray := core.Recover(follow)
	if unread != nil {
		return a, fmt.Errorf("account %s: %w", account, unread)
	}
	if astray != nil && a.Astray == "" {
		a.Astray = astray.Error()
	}
	a.Halted = core.Halted()
	a.Segments, a.Records, a.Bytes, a.First, a.Last = report.Segments, report.Records, report.Bytes, report.FirstSeq, report.LastSeq
	a.Head, a.Sealed, a.Torn = report.Head.String(), report.Sealed, report.Torn
	if b := report.Broken; b != nil {
		a.Broken = &Broken{b.File, b.Offset, b.Record, b.Reason}
	}
	a.OK = a.Broken == nil && a.Astray == ""
	return a, nil
}

// newCore returns a gateway's machine for the account. Its venue is that of the journal's first
// event: it is not checked otherwise.
func newCore(dataDir string, account message.AccountName, historyMax int) (*order.Core, error) {
	c := order.DefaultConfig()
	c.Account, c.Venue, c.Epoch, c.HistoryMax = account, "any", epochAny, historyMax
	for e, err := range Events(dataDir, account) {
		if err == nil {
			c.Venue = e.Fields().Instrument.Venue()
		}
		break // what is wrong is found again, and told, by whoever checks
	}
	if c.Venue == "" {
		c.Venue = market.Venue("any")
	}
	core, err := order.New(c)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", account, err)
	}
	return core, nil
}

// Size returns the bytes of an account's journal.
func Size(dataDir string, account message.AccountName) int64 {
	var sum int64
	entries, err := os.ReadDir(JournalDir(dataDir, account))
	for _, e := range entries {
		info, infoErr := e.Info()
		if err = errors.Join(err, infoErr); infoErr == nil && filepath.Ext(e.Name()) == ".journal" {
			sum += info.Size()
		}
	}
	if err != nil {
		return 0 // it is for the eye
	}
	return sum
}
