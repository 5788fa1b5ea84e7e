package order

import (
	"fmt"
	"strings"

	"github.com/maru-trading/maru/actors/message"
)

// Markdown renders the table for people: docs/orders.md is exactly this, and a test says so.
func Markdown() string {
	var b strings.Builder
	b.WriteString(docsTop)
	groups := []struct {
		title   string
		columns []message.OrderAction
	}{
		{"What we do", []message.OrderAction{message.ActionCreate, message.ActionDeny, message.ActionHold, message.ActionRelease,
			message.ActionJournal, message.ActionSend, message.ActionRequestCancel, message.ActionRequestAmend}},
		{"What the venue says", []message.OrderAction{message.ActionAccept, message.ActionFill, lastFill, message.ActionCancel,
			message.ActionReject, message.ActionExpire, message.ActionAdopt}},
		{"What the venue says of our requests", []message.OrderAction{message.ActionRejectCancel, message.ActionAmend, message.ActionRejectAmend}},
		{"What is lost, and how that ends", []message.OrderAction{message.ActionLose, loseRequest, loseSight, message.ActionAbsent,
			resolveCanceled, resolveRejected, resolveExpired}},
	}
	for _, group := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n| |", group.title)
		for _, a := range group.columns {
			fmt.Fprintf(&b, " %s |", columnName(a))
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(group.columns)) + "\n")
		for _, s := range rows() {
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
	b.WriteString(docsNotes)
	return b.String()
}

// rows returns every status in the order of an order's life.
func rows() []message.OrderStatus {
	return []message.OrderStatus{none, created, denied, held, journaled, sent, unknown, accepted, partial, filled,
		canceling, amending, canceled, rejected, expired}
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
	case message.ActionLose:
		return "lose (the order's own answer)"
	case loseRequest:
		return "lose (a cancel's or amendment's)"
	case loseSight:
		return "lose (from sight)"
	case resolveCanceled:
		return "resolve (canceled)"
	case resolveRejected:
		return "resolve (rejected)"
	case resolveExpired:
		return "resolve (expired)"
	}
	return a.String()
}

const docsTop = `# The life of an order

This page is written by ` + "`go test ./actors/order -run TestDocs -update`" + ` from ` + "`actors/order/table.go`" + `.
A row is where an order stands, a column what happens, the cell where it stands then; an empty
cell cannot happen, and a venue that reports it halts the account. ` + "`=`" + ` is no change.
`

const docsNotes = `
## Before the wire

- **created** is in memory, **journaled** on disk, **sent** handed to the venue. A created order is never
  handed over: the request leaves when the journal says that the order is on disk. Everything that
  leaves the gateway, a message to a strategy too, waits like that.
- Denied is our word, rejected the venue's. What the venue does not take is denied (` + "`unsupported`" + `) before it
  is sent. No order is made while the account is halted, or while our books and the venue's have
  not been found to agree (` + "`reconciling`" + `).
- **held** is kept here: a stop where the venue has none (or that hangs on other orders), and a child whose parent
  has to fill first. It survives a restart as held. A purchase's stop is met by a trusted last price at or
  above it, a sale's at or below. Then the order is **released** to created, which is journaled and on disk
  before anything leaves, and stands at the venue as a market or limit order. Where it may not leave
  yet (the account was halted, or came to doubt) it is held again.
- DAY and GTD where the venue has neither: the order stands there until canceled, and the gateway cancels it when
  its time is over; a held one expires. A DAY order ends with its instrument's session, at midnight UTC where
  there is none.
- **Parent and group.** A child is never larger than what its parent filled. A stop child is armed by the
  parent's first fill; when it is met, the rest of the parent is canceled. Any other child goes when the
  parent has ended. A parent that ends without a fill cancels its children. Of a group at most one order
  is at the venue: a stop that is met has the other canceled, and is sent after the venue's final word, for
  what the group has not filled. What fills the group cancels the rest of it.

## On the wire

- Where the table says accepted, an order that had fills goes to partially_filled.
- **A fill may come before the acknowledgement**: it says all that the acknowledgement would. **Late fills**
  of canceled and expired orders count: the execution and the cancel crossed. **Duplicates**: a fill
  is counted once per execution id; repeated ones are ignored and counted. Other reports in any order
  change nothing that is known.
- **Amending**: where the venue changes orders under their ids, it is asked to, and its word changes the
  terms. Where it does not, the order is canceled and, after the venue's final word, a new order of
  what is left takes its place under the amendment's own intent; it passes all checks again. An amendment
  that cannot be made is denied under its own intent. Cancels and further amendments may name the order by
  its intent or by any of its amendments'.
- A fill beyond the order's quantity, of a rejected or denied order, or of an order that is not remembered is
  journaled as an anomaly and halts the account. What it did to the position is kept where the
  order is known: the venue's ledger has it too.

## Unknown

- **unknown** is an order whose own answer was lost, by a timeout or by a restart. It is never sent again,
  under any id. It counts against the limits as if it had filled. The venue is asked at once, and again
  with growing pauses, up to a minute. An order that stands unanswered for half a minute is taken for
  lost, too.
- The lost answer to a cancel or an amendment changes nothing by itself: the venue is asked, and a cancel
  that it has not done is asked for again.
- **absent** takes three denials in one answer (the order by its id, the open orders, the fills), all
  asked after the request could no longer be taken up. That time is set when the order is sent. Less
  than that proves nothing, and the order stays unknown.
- An order that the venue had confirmed is never ended by its absence. It becomes unknown (lost from
  sight); when three answers in a row deny it, that is an anomaly, and the account halts.
- At a venue that knows no client ids an unknown order cannot be asked for. An order there with the same terms
  is a candidate and no proof: it is journaled with the unknown order, adopted as an order of its own,
  and a person says what became of ours.
- **resolve** is a person's word on an unknown order. Fills that the person tells of are counted under ids that
  begin with ` + "`manual:`" + `. Should the venue later say otherwise, that is an anomaly.

## Books

- At the start, after a disconnect, after every doubt and once in a while the venue is asked for
  orders, fills and balances. Where it says that more was filled than it reported, it is asked
  until the fills have come.
- The first balances are journaled as the opening ones. From then on our books are those, plus what our executions
  made of them. A difference that two answers in a row agree on, with no fill between them, is journaled
  as a **balance** event and the books follow; one that an order of unknown outcome may explain waits
  for that. Until then no new risk is taken. **reconcile** is journaled when, after a difference, all agree again.
- **adopt**: an order that was placed at the venue by hand, or by another program, stands under the strategy
  ` + "`manual`" + `. Its fills count for the account. One that bears an id of this account under a later epoch
  (` + "`foreign_epoch`" + `), or a number that was never given (` + "`foreign_order`" + `), halts the account.
- halt, resume, anomaly, balance, equity and reconcile are events of the account and change no order.
`
