// Package ndjson writes and reads messages as JSON, one object a line: what maru decode prints and
// what recordings, streams and programs outside get. docs/messages.md describes every key.
//
// It imports market and message. Numbers are plain decimal strings, exact; times are RFC 3339 in
// UTC; a key whose value is not known is left out.
package ndjson

import (
	"errors"
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// LineMax is the longest line that is written or read, in bytes: an order book of more than
// 40,000 levels fits.
const LineMax = 4 << 20

// The causes Parse and Append give for failing; they come wrapped with what was tried.
var (
	// ErrLine: the text is no line of this form. What a message's constructor refused wraps
	// message.ErrInvalid as well.
	ErrLine = errors.New("not a line of Maru's NDJSON")
	// ErrNoForm: the message has no form as a line: it is of a kind that only actors exchange, or
	// holds what no reader would accept, such as a price below zero.
	ErrNoForm = errors.New("no NDJSON form")
)

// The values of the key type.
const (
	typeTicker       = "ticker"
	typeTrade        = "trade"
	typeBook         = "book"
	typeBBO          = "bbo"
	typeBar          = "bar"
	typeStatus       = "status" // of an instrument if the key trusted is there, else of a venue
	typeAck          = "ack"
	typeError        = "error"
	typeHeartbeat    = "heartbeat"
	typeClassified   = "classified"
	typeOrderIntent  = "order_intent"
	typeCancelIntent = "cancel_intent"
	typeOrderEvent   = "order_event"
	typePosition     = "position"
	typeAmendIntent  = "amend_intent"
	typeBalance      = "balance"
)

const (
	bookSnapshot = "snapshot"
	bookUpdate   = "update"
)

// Has reports whether messages of kind k have a form as a line. The others travel between actors
// only.
func Has(k message.Kind) bool {
	switch k {
	case message.KindTicker, message.KindTrade, message.KindBBO, message.KindBook, message.KindBar,
		message.KindStatus, message.KindNotice, message.KindClassified, message.KindOrderIntent,
		message.KindCancelIntent, message.KindOrderEvent, message.KindPosition, message.KindAmendIntent, message.KindBalance:
		return true
	}
	return false
}

// word finds text among what String prints of the values 1 to most.
func word[T interface {
	~uint8
	fmt.Stringer
}](text []byte, most T) (T, bool) {
	for v := T(1); v <= most; v++ {
		if v.String() == string(text) {
			return v, true
		}
	}
	return 0, false
}

// words lists what word accepts.
func words[T interface {
	~uint8
	fmt.Stringer
}](most T) string {
	list := ""
	for v := T(1); v <= most; v++ {
		if v > 1 {
			list += ", "
		}
		list += v.String()
	}
	return list
}

// The last value of each enumeration, where it can be taken from where the enumeration is defined.
var (
	lastSide        = lastOf(market.ParseSide)
	lastOrderType   = lastOf(market.ParseOrderType)
	lastTimeInForce = lastOf(market.ParseTimeInForce)
	lastAction      = message.OrderAction(len(message.OrderActions()))
	lastStatus      = message.OrderStatus(len(message.OrderStatuses()))
)

const (
	lastExecInst   = market.ExecInstAll
	lastEvidence   = message.EvidenceAll
	lastRequest    = message.RequestAmend
	lastSpan       = message.Rolling24h
	lastChangeBase = message.FromOpen24h
)

// lastOf returns the last value whose name can be read back. Values count from 1.
func lastOf[T interface {
	~uint8
	fmt.Stringer
}](parse func(string) (T, error)) T {
	for v := T(1); ; v++ {
		if _, err := parse(v.String()); err != nil {
			return v - 1
		}
	}
}
