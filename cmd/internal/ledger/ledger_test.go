package ledger

import (
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/store/fault"
	"github.com/maru-trading/maru/adapters/store/journal"
)

func event(t *testing.T, seq uint64) message.OrderEvent {
	t.Helper()
	e, err := message.NewOrderEvent(message.OrderEventFields{Seq: seq, Time: market.Seconds(int64(seq)), Account: "main", Instrument: market.MustInstrument("sim", "BTC-USD"),
		Action: message.ActionHalt, Status: message.OrderJournaled, Reason: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func count(t *testing.T, l *Ledger, after uint64) (n int) {
	t.Helper()
	for _, err := range l.After(after) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// Readers see what is on disk, one gateway at a time writes, and a new one finds what was synced.
func TestLedger(t *testing.T) {
	disk := fault.NewDisk(1)
	cfg := journal.DefaultConfig("d")
	cfg.FS = disk
	l, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	j, _, closes, err := l.Lend()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := l.Lend(); err == nil {
		t.Error("lent twice")
	}
	if seq, err := j.Append([]message.OrderEvent{event(t, 1), event(t, 2)}); err != nil || seq != 2 {
		t.Fatal(seq, err)
	}
	if n := count(t, l, 0); n != 0 || l.Synced() != 0 {
		t.Errorf("%d events are read before they are on disk", n)
	}
	if err := j.Sync(); err != nil {
		t.Fatal(err)
	}
	if n := count(t, l, 1); n != 1 || l.Synced() != 2 {
		t.Errorf("%d events behind the first, synced to %d", n, l.Synced())
	}
	if err := closes(); err != nil {
		t.Fatal(err)
	}
	for _, err := range l.After(0) {
		if err == nil {
			t.Error("a closed journal is read")
		}
	}
	disk.PowerOff()
	disk.PowerOn()
	_, history, _, err := l.Lend()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for e, err := range history {
		if n++; err != nil || e != event(t, uint64(n)) {
			t.Fatal(e, err)
		}
	}
	if n != 2 {
		t.Errorf("%d events after a restart, want 2", n)
	}
	if err := l.Close(); err != nil || l.Close() != nil {
		t.Error(err)
	}
}
