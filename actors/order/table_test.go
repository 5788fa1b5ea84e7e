package order

import (
	"os"
	"testing"

	"github.com/maru-trading/maru/actors/message"
)

// TestDocs holds docs/orders.md to the table.
func TestDocs(t *testing.T) {
	const file = "../../docs/orders.md"
	if *update {
		if err := os.WriteFile(file, []byte(Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != Markdown() {
		t.Errorf("%s is not what the table says: go test ./actors/order -run TestDocs -update", file)
	}
}

// TestNext samples the table where it matters most.
func TestNext(t *testing.T) {
	cases := []struct {
		from   message.OrderStatus
		action message.OrderAction
		to     message.OrderStatus // 0: cannot happen
	}{
		{none, message.ActionCreate, created},
		{created, message.ActionSend, 0}, // not before it is on disk
		{created, message.ActionJournal, journaled},
		{journaled, message.ActionSend, sent},
		{sent, message.ActionSend, 0}, // never twice
		{unknown, message.ActionSend, 0},
		{unknown, message.ActionJournal, 0},
		{unknown, message.ActionRejectCancel, unknown},
		{sent, message.ActionLose, unknown},
		{sent, message.ActionFill, partial}, // fill before ack
		{partial, message.ActionAccept, partial},
		{canceled, message.ActionFill, canceled}, // late
		{canceled, lastFill, 0},                  // not an action of Next
		{rejected, message.ActionFill, 0},
		{denied, message.ActionFill, 0},
		{filled, message.ActionFill, 0},
		{message.OrderExpired + 1, message.ActionFill, 0},
		{sent, 200, 0},
	}
	for _, c := range cases {
		if got, ok := Next(c.from, c.action); got != c.to || ok != (c.to != 0) {
			t.Errorf("Next(%v, %v) = %v, %t, want %v", c.from, c.action, got, ok, c.to)
		}
	}
	if got, ok := NextFill(canceled, true); got != filled || !ok {
		t.Errorf("the last fill of a canceled order gives %v, %t", got, ok)
	}
	if _, ok := NextFill(200, true); ok {
		t.Error("a status that does not exist has a next one")
	}
}

// TestTableLaws checks what must hold of every cell.
func TestTableLaws(t *testing.T) {
	if len(life) != int(message.OrderExpired)+1 {
		t.Errorf("%d rows, want one for each status and one for none", len(life))
	}
	for s := none; s <= message.OrderExpired; s++ {
		for a := message.OrderAction(1); a <= lastFill; a++ {
			to := table[s][a]
			if to == 0 {
				continue
			}
			if to > message.OrderExpired {
				t.Errorf("(%v, %v) leads to no status", s, a)
			}
			if s.Final() && to != s && a != lastFill {
				t.Errorf("(%v, %v) leads out of a final status to %v", s, a, to)
			}
			if to == sent && s != sent && a != message.ActionSend {
				t.Errorf("(%v, %v) makes an order sent", s, a)
			}
			if to == journaled && a != message.ActionJournal || to == created && a != message.ActionCreate {
				t.Errorf("(%v, %v) goes back to %v", s, a, to)
			}
			// What the venue never spoke of cannot be accepted, and only the venue ends an
			// order that may have left.
			if to == accepted && (s == sent || s == unknown) && a != message.ActionAccept {
				t.Errorf("(%v, %v) is accepted without evidence", s, a)
			}
			if (a == message.ActionLose || a == message.ActionRequestCancel || a == message.ActionRequestAmend) && to.Final() && !s.Final() {
				t.Errorf("(%v, %v) ends an order without evidence", s, a)
			}
			if a == lastFill && to != filled {
				t.Errorf("(%v, last fill) leads to %v", s, to)
			}
			// What the venue tells twice it tells once. An answer to a request, told twice, may meet
			// the next request.
			switch a {
			case message.ActionAccept, message.ActionCancel, message.ActionReject, message.ActionExpire, message.ActionLose:
				if again := table[to][a]; again != to {
					t.Errorf("(%v, %v) leads to %v, and again to %v", s, a, to, again)
				}
			}
		}
	}
}
