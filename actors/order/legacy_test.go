package order

import (
	"slices"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// TestFirstVersion reads a journal as the first version wrote it: halts, resumes and anomalies are
// entries with words, a lost answer does not say of which request, and a lost cancel made the order
// unknown.
func TestFirstVersion(t *testing.T) {
	where := must(nowhere("sim"))
	note := func(reason string) message.OrderEventFields {
		return message.OrderEventFields{Instrument: where, Action: message.ActionJournal, Status: journaled, Reason: reason}
	}
	order := func(action message.OrderAction, status message.OrderStatus) message.OrderEventFields {
		return message.OrderEventFields{Strategy: "s", IntentSeq: 1, ClientOrderID: "main-1-1", Instrument: btc, Action: action, Status: status,
			OrderTerms: intentFields(1).OrderTerms, LeavesQuantity: market.MustQuantity("2")}
	}
	journal := func(fields ...message.OrderEventFields) (events []message.OrderEvent) {
		for i, f := range fields {
			f.Seq, f.Account, f.Time = uint64(i+1), "main", market.Seconds(1_700_000_000)
			events = append(events, must(message.NewOrderEvent(f)))
		}
		return events
	}
	recovered := func(fields ...message.OrderEventFields) *Core {
		t.Helper()
		core := must(New(testConfig()))
		if err := core.Recover(slices.Values(journal(fields...))); err != nil {
			t.Fatal(err)
		}
		return core
	}
	life := []message.OrderEventFields{
		order(message.ActionCreate, created), order(message.ActionSend, sent), order(message.ActionAccept, accepted),
		order(message.ActionRequestCancel, canceling), order(message.ActionLose, unknown), order(message.ActionAccept, accepted),
		order(message.ActionLose, accepted),
	}
	core := recovered(life...)
	if open := core.Open(); len(open) != 1 || open[0].Fields().Status != accepted {
		t.Errorf("open are %v", open)
	}
	if core := recovered(note("halt: maintenance")); core.Halted() != "maintenance" {
		t.Errorf("halted %q", core.Halted())
	}
	if core := recovered(note("halt: maintenance"), note("resume: done")); core.Halted() != "" {
		t.Errorf("halted %q after a resume", core.Halted())
	}
	anomaly := order(message.ActionJournal, accepted)
	anomaly.Reason = "anomaly contradiction: what must not be"
	if core := recovered(append(life, anomaly)...); core.Halted() != anomaly.Reason {
		t.Errorf("halted %q", core.Halted())
	}
}
