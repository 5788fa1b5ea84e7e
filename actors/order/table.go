package order

import (
	"fmt"
	"strings"

	"github.com/maru-trading/maru/actors/message"
)

// What the table's cells say in short.
const (
	none      = message.OrderStatus(0)
	created   = message.OrderCreated
	denied    = message.OrderDenied
	journaled = message.OrderJournaled
	sent      = message.OrderSent
	unknown   = message.OrderUnknown
	accepted  = message.OrderAccepted
	partial   = message.OrderPartiallyFilled
	filled    = message.OrderFilled
	canceling = message.OrderPendingCancel
	amending  = message.OrderPendingAmend
	canceled  = message.OrderCanceled
	rejected  = message.OrderRejected
	expired   = message.OrderExpired
)

// lastFill is the column of the fill that completes an order; message.ActionFill is the one of
// a fill that leaves something open.
const lastFill = message.ActionExpire + 1

// row is one status: what each action turns it into. What is absent cannot happen; where a
// venue says it did, that is an anomaly and halts the account.
type row map[message.OrderAction]message.OrderStatus

// life is the life of an order. Rules behind the cells:
//
//   - A fill is the strongest evidence there is: whatever we believed, the order was accepted.
//   - A request (cancel, amend) shows in the status only once the venue has the order, so that
//     pending_cancel always means accepted.
//   - A lost answer makes unknown what only that answer could tell, and changes nothing where
//     the venue has already spoken.
//   - A canceled or expired order can fill: the execution and the cancel crossed. A part keeps
//     it canceled, the last part makes it filled.
//   - Late and repeated acknowledgements of what is known change nothing.
var life = map[message.OrderStatus]row{
	none: {
		message.ActionCreate: created,
		message.ActionDeny:   denied,
	},
	created: {
		message.ActionDeny:    denied,
		message.ActionJournal: journaled,
		message.ActionLose:    unknown, // a restart: whether it left is not on disk
		message.ActionCancel:  canceled,
	},
	denied: {},
	journaled: {
		message.ActionDeny:   denied,
		message.ActionSend:   sent,
		message.ActionLose:   unknown,
		message.ActionCancel: canceled,
	},
	sent: {
		message.ActionLose:          unknown,
		message.ActionAccept:        accepted,
		message.ActionFill:          partial,
		lastFill:                    filled,
		message.ActionRequestCancel: sent,
		message.ActionCancel:        canceled,
		message.ActionRejectCancel:  sent,
		message.ActionReject:        rejected,
		message.ActionExpire:        expired,
	},
	unknown: {
		message.ActionLose:          unknown,
		message.ActionAccept:        accepted,
		message.ActionFill:          partial,
		lastFill:                    filled,
		message.ActionRequestCancel: unknown,
		message.ActionCancel:        canceled,
		message.ActionRejectCancel:  unknown, // "no such order" alone proves nothing
		message.ActionReject:        rejected,
		message.ActionExpire:        expired,
	},
	accepted: {
		message.ActionLose:          accepted,
		message.ActionAccept:        accepted,
		message.ActionFill:          partial,
		lastFill:                    filled,
		message.ActionRequestCancel: canceling,
		message.ActionCancel:        canceled,
		message.ActionRejectCancel:  accepted,
		message.ActionRequestAmend:  amending,
		message.ActionAmend:         accepted,
		message.ActionRejectAmend:   accepted,
		message.ActionReject:        rejected,
		message.ActionExpire:        expired,
	},
	partial: {
		message.ActionLose:          partial,
		message.ActionAccept:        partial,
		message.ActionFill:          partial,
		lastFill:                    filled,
		message.ActionRequestCancel: canceling,
		message.ActionCancel:        canceled,
		message.ActionRejectCancel:  partial,
		message.ActionRequestAmend:  amending,
		message.ActionAmend:         partial,
		message.ActionRejectAmend:   partial,
		message.ActionExpire:        expired,
	},
	filled: {
		message.ActionLose:         filled,
		message.ActionAccept:       filled,
		message.ActionCancel:       filled, // of a rest of nothing
		message.ActionRejectCancel: filled,
		message.ActionAmend:        filled,
		message.ActionRejectAmend:  filled,
		message.ActionExpire:       filled,
	},
	canceling: {
		message.ActionLose:          unknown,
		message.ActionAccept:        canceling,
		message.ActionFill:          canceling,
		lastFill:                    filled,
		message.ActionRequestCancel: canceling,
		message.ActionCancel:        canceled,
		message.ActionRejectCancel:  accepted,
		message.ActionAmend:         canceling,
		message.ActionRejectAmend:   canceling,
		message.ActionReject:        rejected,
		message.ActionExpire:        expired,
	},
	amending: {
		message.ActionLose:          unknown,
		message.ActionAccept:        amending,
		message.ActionFill:          amending,
		lastFill:                    filled,
		message.ActionRequestCancel: canceling,
		message.ActionCancel:        canceled,
		message.ActionRejectCancel:  amending,
		message.ActionRequestAmend:  amending,
		message.ActionAmend:         accepted,
		message.ActionRejectAmend:   accepted,
		message.ActionExpire:        expired,
	},
	canceled: {
		message.ActionLose:         canceled,
		message.ActionAccept:       canceled,
		message.ActionFill:         canceled,
		lastFill:                   filled,
		message.ActionCancel:       canceled,
		message.ActionRejectCancel: canceled,
		message.ActionAmend:        canceled,
		message.ActionRejectAmend:  canceled,
		message.ActionExpire:       canceled,
	},
	rejected: {
		message.ActionLose:         rejected,
		message.ActionReject:       rejected,
		message.ActionRejectCancel: rejected,
	},
	expired: {
		message.ActionLose:         expired,
		message.ActionAccept:       expired,
		message.ActionFill:         expired,
		lastFill:                   filled,
		message.ActionCancel:       expired,
		message.ActionRejectCancel: expired,
		message.ActionAmend:        expired,
		message.ActionRejectAmend:  expired,
		message.ActionExpire:       expired,
	},
}

// table is life as an array, for speed: one byte a cell, zero where the action cannot happen.
var table = func() (t [message.OrderExpired + 1][lastFill + 1]message.OrderStatus) {
	for status, actions := range life {
		for action, after := range actions {
			t[status][action] = after
		}
	}
	return t
}()

// Next returns the status after an action, and false if that action cannot happen to an order
// of that status. A fill is taken to leave something open; NextFill knows both kinds. Status 0
// is an order that does not exist yet. An order that had fills goes to partially_filled where
// the table says accepted; see Settle.
func Next(status message.OrderStatus, action message.OrderAction) (message.OrderStatus, bool) {
	if status > message.OrderExpired || action > message.ActionExpire {
		return 0, false
	}
	after := table[status][action]
	return after, after != 0
}

// NextFill is Next of a fill; last says that it completes the order.
func NextFill(status message.OrderStatus, last bool) (message.OrderStatus, bool) {
	if status > message.OrderExpired {
		return 0, false
	}
	action := message.ActionFill
	if last {
		action = lastFill
	}
	after := table[status][action]
	return after, after != 0
}

// Settle returns the status of an order that has fills but is not full: accepted becomes
// partially_filled. A refused cancel or amend and a late answer lead back to accepted in the
// table, which knows no quantities.
func Settle(status message.OrderStatus, hasFills bool) message.OrderStatus {
	if status == accepted && hasFills {
		return partial
	}
	return status
}

// Markdown renders the table for people: docs/orders.md is exactly this, and a test says so.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# The life of an order

This page is written by ` + "`go test ./actors/order -run TestDocs -update`" + ` from ` + "`actors/order/table.go`" + `.
A row is where an order stands, a column what happens, the cell where it stands then; an empty
cell cannot happen, and a venue that reports it halts the account. ` + "`=`" + ` is no change.
`)
	actions := []struct {
		title   string
		columns []message.OrderAction
	}{
		{"What we do", []message.OrderAction{message.ActionCreate, message.ActionDeny, message.ActionJournal, message.ActionSend,
			message.ActionRequestCancel, message.ActionRequestAmend}},
		{"What the venue says", []message.OrderAction{message.ActionAccept, message.ActionFill, lastFill, message.ActionCancel,
			message.ActionReject, message.ActionExpire}},
		{"What the venue says of our requests, and what is lost", []message.OrderAction{message.ActionRejectCancel,
			message.ActionAmend, message.ActionRejectAmend, message.ActionLose}},
	}
	for _, group := range actions {
		fmt.Fprintf(&b, "\n## %s\n\n| |", group.title)
		for _, a := range group.columns {
			fmt.Fprintf(&b, " %s |", columnName(a))
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(group.columns)) + "\n")
		for s := none; s <= message.OrderExpired; s++ {
			fmt.Fprintf(&b, "| **%s** |", rowName(s))
			for _, a := range group.columns {
				switch after := table[s][a]; after {
				case 0:
					b.WriteString(" |")
				case s:
					b.WriteString(" = |")
				default:
					fmt.Fprintf(&b, " %v |", after)
				}
			}
			b.WriteString("\n")
		}
	}
	b.WriteString(`
## Notes

- **created** is in memory, **journaled** on disk, **sent** handed to the venue. A created order is never
  handed over: the request leaves when the journal says that the order is on disk.
- **unknown** is an order whose answer was lost, by a timeout or by a restart. It is never sent again,
  counts as open, and only the venue's word settles it.
- Where the table says accepted, an order that had fills goes to partially_filled.
- A fill is counted once per execution id: repeated ones are ignored and counted.
- A fill beyond the order's quantity, of a rejected or denied order, or of an order that is not ours is
  journaled as an anomaly and halts the account. What it did to the position is kept where the
  order is known: the venue's ledger has it too.
- Denied is our word, rejected the venue's.
`)
	return b.String()
}

func rowName(s message.OrderStatus) string {
	if s == none {
		return "(none)"
	}
	return s.String()
}

func columnName(a message.OrderAction) string {
	switch a {
	case message.ActionFill:
		return "fill (part)"
	case lastFill:
		return "fill (last)"
	}
	return a.String()
}
