package order

import (
	"os"
	"slices"
	"testing"

	"github.com/maru-trading/maru/actors/message"
	"pgregory.net/rapid"
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
		{none, message.ActionHold, held},
		{held, message.ActionRelease, created},
		{held, message.ActionSend, 0}, // not before it is on disk that it was let go
		{accepted, message.ActionAbsent, 0},
		{unknown, message.ActionAbsent, rejected},
		{rejected, message.ActionFill, 0},
		{denied, message.ActionFill, 0},
		{filled, message.ActionFill, 0},
		{held + 1, message.ActionFill, 0},
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
	if want := len(message.OrderStatuses()) + 1; len(life) != want || len(rows()) != want {
		t.Errorf("%d rows, %d in the document, want %d: one for each status and one for none", len(life), len(rows()), want)
	}
	if most := slices.Max(message.OrderActions()); most >= lastFill {
		t.Errorf("action %v stands where the table has columns of its own", most)
	}
	for _, s := range rows() {
		for a := message.OrderAction(1); a < columnEnd; a++ {
			to := table[s][a]
			if to == 0 {
				continue
			}
			fail := func(what string) { t.Errorf("(%s, %s) leads to %v: %s", rowName(s), columnName(a), to, what) }
			if to > held || a.OfAccount() {
				fail("there is no such cell")
			}
			if s.Final() && to != s && a != lastFill {
				fail("out of a final status")
			}
			if to == sent && s != sent && a != message.ActionSend {
				fail("only sending makes an order sent")
			}
			if a == message.ActionSend && s != journaled {
				fail("it is not on disk, or was sent before")
			}
			switch {
			case to == journaled && a != message.ActionJournal,
				to == created && a != message.ActionCreate && (a != message.ActionRelease || s != held),
				to == held && s != held && (a != message.ActionHold || s != none && s != created):
				fail("back to where it was before it left")
			}
			// What the venue never spoke of cannot be accepted, and only the venue, or a person, ends an
			// order that may have left.
			if to == accepted && (s == sent || s == unknown) && a != message.ActionAccept && a != message.ActionAmend {
				fail("accepted without evidence")
			}
			left := s != none && s != created && s != journaled && s != held
			switch a {
			case message.ActionLose, loseRequest, loseSight, message.ActionRequestCancel, message.ActionRequestAmend, message.ActionDeny:
				if to.Final() && !s.Final() && left {
					fail("an end without evidence")
				}
			case message.ActionAbsent:
				if !s.Final() && (s != sent && s != unknown || to != rejected) {
					fail("absence ends only what the venue never confirmed")
				}
			case resolveCanceled, resolveRejected, resolveExpired:
				if s != unknown {
					fail("only what is unknown can be resolved")
				}
			}
			if a == loseRequest && to != s {
				fail("the lost answer to a cancel or an amendment changes nothing")
			}
			if a == lastFill && to != filled {
				fail("the last fill makes it filled")
			}
			// What the venue tells twice it tells once. An answer to a request, told twice, may meet
			// the next request.
			switch a {
			case message.ActionAccept, message.ActionCancel, message.ActionReject, message.ActionExpire, message.ActionLose, loseSight, message.ActionAbsent:
				if again := table[to][a]; again != to && s != held && s != created && s != journaled {
					t.Errorf("(%s, %s) leads to %v, and again to %v", rowName(s), columnName(a), to, again)
				}
			}
		}
	}
}

// TestTableWalks takes random ways through the table: an order is sent at most once, is never open
// again after its end, and can always still end.
func TestTableWalks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at, sends := none, 0
		var walk []string
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			var ways []message.OrderAction
			for a := message.OrderAction(1); a < columnEnd; a++ {
				if table[at][a] != 0 {
					ways = append(ways, a)
				}
			}
			if len(ways) == 0 {
				if at != denied {
					t.Fatalf("nothing can happen any more to what is %v: %v", at, walk)
				}
				return
			}
			a := rapid.SampledFrom(ways).Draw(t, "action")
			to := table[at][a]
			walk = append(walk, columnName(a))
			if a == message.ActionSend {
				sends++
			}
			if sends > 1 || at.Final() && !to.Final() {
				t.Fatalf("from %v to %v, sent %d times: %v", at, to, sends, walk)
			}
			at = to
		}
		seen := map[message.OrderStatus]bool{at: true}
		for todo := []message.OrderStatus{at}; len(todo) > 0; todo = todo[1:] {
			if todo[0].Final() {
				return
			}
			for a := message.OrderAction(1); a < columnEnd; a++ {
				if to := table[todo[0]][a]; to != 0 && !seen[to] {
					seen[to] = true
					todo = append(todo, to)
				}
			}
		}
		t.Fatalf("what is %v can never end: %v", at, walk)
	})
}

// TestNextKinds samples the actions that have more than one meaning.
func TestNextKinds(t *testing.T) {
	if s, _ := NextLose(sent, message.RequestPlace); s != unknown {
		t.Errorf("a lost order is %v", s)
	}
	if s, _ := NextLose(amending, message.RequestAmend); s != amending {
		t.Errorf("a lost amendment is %v", s)
	}
	if s, _ := NextLose(partial, 0); s != unknown {
		t.Errorf("an order out of sight is %v", s)
	}
	if s, ok := NextResolve(unknown, expired); s != expired || !ok {
		t.Errorf("resolved as expired it is %v", s)
	}
	for _, as := range []message.OrderStatus{filled, accepted, held, 200} {
		if _, ok := NextResolve(unknown, as); ok {
			t.Errorf("an order can be resolved as %v", as)
		}
	}
	if _, ok := next(none, 250); ok {
		t.Error("a column that does not exist has a cell")
	}
}
