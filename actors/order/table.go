package order

import (
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
	held      = message.OrderHeld
)

// Columns of actions that have more than one meaning. The action itself is the column of the
// first: a fill that leaves something open, a lost answer to the order's own request.
const (
	lastFill        = message.OrderAction(64) + iota // the fill that completes the order
	loseRequest                                      // the answer to a cancel or an amendment was lost
	loseSight                                        // the order itself: a restart, or the venue denies what it had
	resolveCanceled                                  // a person said that it was canceled
	resolveRejected                                  // … that the venue never took it
	resolveExpired                                   // … that its time in force ended
	columnEnd
)

// row is one status: what each action turns it into. What is absent cannot happen; where a
// venue says it did, that is an anomaly and halts the account.
type row map[message.OrderAction]message.OrderStatus

// life is the life of an order. Rules behind the cells:
//
//   - A fill is the strongest evidence there is: whatever we believed, the order was accepted.
//   - A request (cancel, amend) shows in the status only once the venue has the order, so that
//     pending_cancel and pending_amend always mean accepted.
//   - A lost answer to the order's own request makes it unknown where only that answer could tell.
//     A lost answer to a cancel or an amendment changes nothing: the venue is asked.
//   - A canceled or expired order can fill: the execution and the cancel crossed. A part keeps
//     it canceled, the last part makes it filled.
//   - Late and repeated acknowledgements of what is known change nothing.
//   - Only what was kept here and never sent can be released, and only unknown can be resolved.
var life = map[message.OrderStatus]row{
	none: {
		message.ActionCreate: created,
		message.ActionHold:   held,
		message.ActionDeny:   denied,
		message.ActionAdopt:  accepted,
	},
	created: {
		message.ActionDeny:    denied,
		message.ActionJournal: journaled,
		message.ActionHold:    held, // it was let go, and must wait again
		message.ActionLose:    unknown,
		loseSight:             unknown, // a restart: whether it left is not on disk
		message.ActionCancel:  canceled,
	},
	denied: {},
	journaled: {
		message.ActionDeny:   denied,
		message.ActionSend:   sent,
		message.ActionLose:   unknown,
		loseSight:            unknown,
		message.ActionCancel: canceled,
	},
	held: {
		message.ActionRelease: created,
		message.ActionAmend:   held,
		message.ActionDeny:    denied,
		message.ActionCancel:  canceled,
		message.ActionExpire:  expired,
	},
	sent: {
		message.ActionLose:          unknown,
		loseRequest:                 sent,
		loseSight:                   unknown,
		message.ActionAccept:        accepted,
		message.ActionFill:          partial,
		lastFill:                    filled,
		message.ActionRequestCancel: sent,
		message.ActionCancel:        canceled,
		message.ActionRejectCancel:  sent,
		message.ActionReject:        rejected,
		message.ActionExpire:        expired,
		message.ActionAbsent:        rejected,
	},
	unknown: {
		message.ActionLose:          unknown,
		loseRequest:                 unknown,
		loseSight:                   unknown,
		message.ActionAccept:        accepted,
		message.ActionFill:          partial,
		lastFill:                    filled,
		message.ActionRequestCancel: unknown,
		message.ActionCancel:        canceled,
		message.ActionRejectCancel:  unknown, // "no such order" alone proves nothing
		message.ActionAmend:         accepted,
		message.ActionRejectAmend:   unknown,
		message.ActionReject:        rejected,
		message.ActionExpire:        expired,
		message.ActionAbsent:        rejected,
		resolveCanceled:             canceled,
		resolveRejected:             rejected,
		resolveExpired:              expired,
	},
	accepted: {
		message.ActionLose:          accepted,
		loseRequest:                 accepted,
		loseSight:                   unknown,
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
		loseRequest:                 partial,
		loseSight:                   unknown,
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
		loseRequest:                filled,
		loseSight:                  filled,
		message.ActionAccept:       filled,
		message.ActionCancel:       filled, // of a rest of nothing
		message.ActionRejectCancel: filled,
		message.ActionAmend:        filled,
		message.ActionRejectAmend:  filled,
		message.ActionExpire:       filled,
	},
	canceling: {
		message.ActionLose:          canceling,
		loseRequest:                 canceling,
		loseSight:                   unknown,
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
		message.ActionLose:          amending,
		loseRequest:                 amending,
		loseSight:                   unknown,
		message.ActionAccept:        amending,
		message.ActionFill:          amending,
		lastFill:                    filled,
		message.ActionRequestCancel: canceling,
		message.ActionCancel:        canceled,
		message.ActionRejectCancel:  accepted, // where an amendment is a cancel and a new order
		message.ActionRequestAmend:  amending,
		message.ActionAmend:         accepted,
		message.ActionRejectAmend:   accepted,
		message.ActionReject:        rejected,
		message.ActionExpire:        expired,
	},
	canceled: {
		message.ActionLose:         canceled,
		loseRequest:                canceled,
		loseSight:                  canceled,
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
		loseRequest:                rejected,
		loseSight:                  rejected,
		message.ActionReject:       rejected,
		message.ActionRejectCancel: rejected,
		message.ActionRejectAmend:  rejected,
		message.ActionAbsent:       rejected,
	},
	expired: {
		message.ActionLose:         expired,
		loseRequest:                expired,
		loseSight:                  expired,
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
var table = func() (t [held + 1][columnEnd]message.OrderStatus) {
	for status, actions := range life {
		for action, after := range actions {
			t[status][action] = after
		}
	}
	return t
}()

func next(status message.OrderStatus, column message.OrderAction) (message.OrderStatus, bool) {
	if status > held || column >= columnEnd {
		return 0, false
	}
	after := table[status][column]
	return after, after != 0
}

// Next returns the status after an action, and false if that action cannot happen to an order
// of that status. A fill is taken to leave something open, and a lost answer to be the one to the
// order's own request; NextFill, NextLose and NextResolve know all kinds. Status 0 is an order that
// does not exist yet. An order that had fills goes to partially_filled where the table says
// accepted; see Settle.
func Next(status message.OrderStatus, action message.OrderAction) (message.OrderStatus, bool) {
	if action >= lastFill {
		return 0, false
	}
	return next(status, action)
}

// NextFill is Next of a fill; last says that it completes the order.
func NextFill(status message.OrderStatus, last bool) (message.OrderStatus, bool) {
	if last {
		return next(status, lastFill)
	}
	return next(status, message.ActionFill)
}

// NextLose is Next of a lost answer to a request; 0 stands for the order itself, of which nothing is
// known any more: after a restart, or where the venue denies what it had.
func NextLose(status message.OrderStatus, request message.OrderRequest) (message.OrderStatus, bool) {
	switch request {
	case message.RequestPlace:
		return next(status, message.ActionLose)
	case message.RequestCancel, message.RequestAmend:
		return next(status, loseRequest)
	}
	return next(status, loseSight)
}

// NextResolve is Next of a person's word that an order was canceled, rejected or expired. That it
// was filled is said with a fill.
func NextResolve(status, as message.OrderStatus) (message.OrderStatus, bool) {
	switch as {
	case canceled:
		return next(status, resolveCanceled)
	case rejected:
		return next(status, resolveRejected)
	case expired:
		return next(status, resolveExpired)
	}
	return 0, false
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
