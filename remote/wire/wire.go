// Package wire gives every message a form in bytes: protobuf, as wire.proto describes. The links
// between processes and nodes write and read it; actors see the same values on either side.
//
// It imports market and message. The generated types (package wirepb) can be written to by
// anybody who holds one, so none of them leaves this package: bytes and messages do.
package wire

//go:generate go run ./internal/generate

import (
	"errors"
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Version is the schema version this program writes. It reads every version from 1 to Version+1.
const Version = 2

const (
	// BytesMax is the longest message that is written or read. A merged batch of 5,000 instruments,
	// order books of 20 levels a side included, is half of it; decoding takes at most a small
	// multiple of it in memory, whatever the bytes say.
	BytesMax = 8 << 20
	// RowsMax is how many events a batch, or rows a Views, may have.
	RowsMax = 1 << 16
)

// The causes Marshal and Unmarshal give for failing; they come wrapped with what was tried. What a
// message's constructor refused wraps message.ErrInvalid instead.
var (
	// ErrMalformed: the bytes are no message, or contradict themselves.
	ErrMalformed = errors.New("malformed message")
	// ErrKind: the message is of a kind that this program does not know.
	ErrKind = errors.New("unknown kind of message")
	// ErrVersion: the message was written by a program too far ahead, or by none of ours.
	ErrVersion = errors.New("schema version not supported")
	// ErrTooLarge: the message is beyond BytesMax or RowsMax.
	ErrTooLarge = errors.New("message too large")
	// ErrNoForm: the message holds what has no form on the wire, such as a side that is neither
	// buy nor sell, a price below zero or a venue with a colon in its name.
	ErrNoForm = errors.New("no form on the wire")
)

// kindOffset is the difference between a message kind's number and its field number in
// Envelope and Batch.
const kindOffset = 10

// The last value of each enumeration that orders have, taken from where it is defined: a new value
// needs no change here.
var (
	lastSide        = lastOf(market.ParseSide)
	lastOrderType   = lastOf(market.ParseOrderType)
	lastTimeInForce = lastOf(market.ParseTimeInForce)
	lastAction      = uint8(len(message.OrderActions()))
	lastStatus      = uint8(len(message.OrderStatuses()))
)

// lastOf returns the last value whose name can be read back. Values count from 1.
func lastOf[T interface {
	~uint8
	fmt.Stringer
}](parse func(string) (T, error)) uint8 {
	for v := T(1); ; v++ {
		if _, err := parse(v.String()); err != nil {
			return uint8(v - 1)
		}
	}
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrMalformed)
}

func noForm(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrNoForm)
}

// isEvent reports whether messages of kind k may stand in a batch.
func isEvent(k message.Kind) bool {
	switch k {
	case message.KindTicker, message.KindTrade, message.KindBBO, message.KindBook, message.KindBar,
		message.KindStatus, message.KindNotice:
		return true
	}
	return false
}
