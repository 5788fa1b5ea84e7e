package binance

import (
	"fmt"
	"strings"
)

// verdict says what an error answer means for the request that it answers.
type verdict uint8

const (
	// unsure: the venue does not say, or what it says is not known here; the request may have been
	// executed. It is the zero value, for every code that is not in the table.
	unsure verdict = iota
	refused
)

// verdicts is the table of error codes. Everything with a source in errors.md at a5e0bc3ddc; codes
// that cannot come in answer to what we ask are left out, and so are unsure.
var verdicts = map[int64]verdict{
	// 10xx, General Server or Network issues.
	-1000: unsure,  // UNKNOWN: "An unknown error occurred while processing the request"
	-1001: unsure,  // DISCONNECTED: an internal error, wherever it happened
	-1002: refused, // UNAUTHORIZED
	-1003: refused, // TOO_MANY_REQUESTS: requests fail when the limit is exceeded (rest-api.md, General Info on Limits)
	-1006: unsure,  // UNEXPECTED_RESP: "Execution status unknown"
	-1007: unsure,  // TIMEOUT: "Send status unknown; execution status unknown"
	-1008: unsure,  // SERVER_BUSY: it does not say that the request did not get through
	-1010: refused, // ERROR_MSG_RECEIVED: an error returned by the matching engine
	-1013: refused, // INVALID_MESSAGE: "The request didn't reach the Matching Engine"
	-1014: refused, // UNKNOWN_ORDER_COMPOSITION
	-1015: refused, // TOO_MANY_ORDERS
	-1016: unsure,  // SERVICE_SHUTTING_DOWN: at which moment?
	-1020: refused, // UNSUPPORTED_OPERATION
	-1021: refused, // INVALID_TIMESTAMP: checked before it is passed on (rest-api.md, Timing security)
	-1022: refused, // INVALID_SIGNATURE
	-1034: refused, // TOO_MANY_CONNECTIONS
	// 11xx and 12xx, Request issues: the request is malformed.
	-1100: refused, -1101: refused, -1102: refused, -1103: refused, -1104: refused, -1105: refused,
	-1106: refused, -1108: refused, -1111: refused, -1112: refused, -1114: refused, -1115: refused,
	-1116: refused, -1117: refused, -1118: refused, -1119: refused, -1120: refused, -1121: refused,
	-1122: refused, -1125: refused, -1127: refused, -1128: refused, -1130: refused, -1134: refused,
	-1135: refused, -1145: refused, -1158: refused, -1194: refused, -1210: refused, -1211: refused, -1220: refused,
	// 2xxx, of the matching engine and of keys.
	-2010: refused, // NEW_ORDER_REJECTED, but for a duplicate: see verdictOf
	-2011: refused, // CANCEL_REJECTED: the cancel, and it says nothing of the order
	-2013: refused, // NO_SUCH_ORDER, of a query: that one place does not know it
	-2014: refused, // BAD_API_KEY_FMT
	-2015: refused, // REJECTED_MBX_KEY
	-2026: refused, // ORDER_ARCHIVED, of a query
	-2035: refused, // SUBSCRIPTION_ACTIVE
	-2036: refused, // SUBSCRIPTION_INACTIVE
	-2038: refused, // ORDER_AMEND_REJECTED (ibid., Messages for …): the order remains unchanged (FAQ)
	-2039: refused, // CLIENT_ORDER_ID_INVALID
}

const (
	codeTooManyRequests  = -1003
	codeInvalidTimestamp = -1021
	codeNewOrderRejected = -2010
	codeNoSuchOrder      = -2013
	codeOrderArchived    = -2026
)

// duplicateOrder is the message of -2010 for a client order id that is in use (errors.md, Messages
// for -2010).
const duplicateOrder = "Duplicate order sent"

// fault is an error as Binance answers it.
type fault struct {
	status int // HTTP
	code   int64
	msg    string
}

// Error returns "-2010: Account has insufficient balance for requested action."
func (f fault) Error() string {
	if f.code == 0 {
		return fmt.Sprintf("HTTP %d", f.status)
	}
	return fmt.Sprintf("%d: %s", f.code, f.msg)
}

// verdict returns what the fault means.
//
// Each of our client order ids is sent once. If the venue says all the same that it has it already,
// then something between us and it sent the request twice, and the first may be alive: that is not
// known to be refused.
func (f fault) verdict() verdict {
	switch {
	case f.status == 429 || f.status == 418:
		return refused // too many requests, and the ban that follows (rest-api.md, HTTP Return Codes)
	case f.code == codeNewOrderRejected && strings.Contains(f.msg, duplicateOrder):
		return unsure
	}
	return verdicts[f.code]
}
