// Package message holds what travels between actors. It imports actors/market and nothing
// else of Maru.
//
// A message is a value that nobody can change after it was made: its fields are unexported,
// its constructor checks and copies, its methods have value receivers. What a constructor needs
// is gathered in a plain struct named after the message with Fields behind it; the message hands
// out a copy of it. A test in this package reads the source and holds every message to this
// (immutable_test.go), and package remote/wire gives each a form on the wire.
package message

import (
	"errors"
	"fmt"

	"github.com/maru-trading/maru/actors/market"
)

// Message is anything that one actor may tell another.
type Message interface {
	Kind() Kind
	String() string
}

// Event is market data of one instrument, as a venue stated it.
type Event interface {
	Message
	Origin() Origin
}

// Origin says which instrument an event is of and when it was true.
type Origin struct {
	Instrument market.Instrument
	VenueTime  market.Timestamp // the venue's clock; zero if the frame has none
	Received   market.Timestamp // our clock, when the bytes arrived; zero if unknown
}

// Time is message time: when we received the event, or what the venue says where that is
// unknown. Timers, staleness and paper fills run on it.
func (o Origin) Time() market.Timestamp {
	if o.Received != 0 {
		return o.Received
	}
	return o.VenueTime
}

// ErrInvalid is wrapped by every constructor that refuses its fields.
var ErrInvalid = errors.New("invalid message")

func invalid(kind Kind, format string, args ...any) error {
	return fmt.Errorf("message: %v: %s: %w", kind, fmt.Sprintf(format, args...), ErrInvalid)
}

// Kind names a type of message in logs, metrics, mailboxes and on the wire.
type Kind uint8

// The kinds. Numbers are part of the wire form: never reuse one, add at the end.
const (
	KindTicker Kind = 1 + iota
	KindTrade
	KindBBO
	KindBook
	KindBar
	KindStatus
	KindNotice
	KindBatch
	KindViews
	KindCredit
	KindClassified
	KindOrderIntent
	KindCancelIntent
	KindOrderEvent
	KindPosition
	KindExecutionReport
	KindResync
	KindPermitRequest
	KindPermit
	KindPenalty
	KindAmendIntent
	KindBalance
	kindEnd
)

var kindNames = [kindEnd]string{"none", "ticker", "trade", "bbo", "book", "bar", "status", "notice",
	"batch", "views", "credit", "classified", "order_intent", "cancel_intent", "order_event", "position", "execution_report", "resync",
	"permit_request", "permit", "penalty", "amend_intent", "balance"}

// String returns the name in lower case, as in metrics.
func (k Kind) String() string {
	if k < kindEnd {
		return kindNames[k]
	}
	return fmt.Sprintf("unknown(%d)", uint8(k))
}

// Kinds returns every kind there is, in order.
func Kinds() []Kind {
	kinds := make([]Kind, 0, kindEnd)
	for k := Kind(1); k < kindEnd; k++ {
		kinds = append(kinds, k)
	}
	return kinds
}

// Overload says what a full queue does with a message.
type Overload uint8

const (
	// NeverDrop keeps the message and reports the overload: the sender was to hold credit.
	NeverDrop Overload = iota
	// Conflate merges the message with those waiting, so that the newest truth survives.
	Conflate
	// Refuse gives the message back to its sender with a reason.
	Refuse
)

// String returns never_drop, conflate or refuse.
func (o Overload) String() string {
	switch o {
	case NeverDrop:
		return "never_drop"
	case Conflate:
		return "conflate"
	case Refuse:
		return "refuse"
	}
	return fmt.Sprintf("unknown(%d)", uint8(o))
}

// Overload returns the policy for messages of kind k. Market data conflates, intents are
// refused, executions and control are never dropped.
func (k Kind) Overload() Overload {
	switch k {
	case KindBatch, KindViews, KindTicker, KindTrade, KindBBO, KindBook, KindBar, KindPosition:
		return Conflate
	case KindOrderIntent:
		return Refuse
	}
	return NeverDrop
}
