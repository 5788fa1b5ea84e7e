package spot

import (
	"fmt"
	"net/http"
	"strings"
)

// apiError is a refusal as Binance states it (errors.md).
type apiError struct {
	status, code int
	message      string
	data         []byte // cancelReplace: what became of its halves; JSON
	retryAfter   int    // seconds; 429 and 418
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s", e.code, e.message) }

// append appends the body.
func (e *apiError) append(w *writer) {
	w.begin('{')
	w.int("code", int64(e.code))
	w.text("msg", e.message)
	if e.data != nil {
		w.raw("data", e.data)
	}
	w.end('}')
}

func bad(code int, message string) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, message: message}
}

func unauthorized(code int, message string) *apiError {
	return &apiError{status: http.StatusUnauthorized, code: code, message: message}
}

// What Binance says. Each message is in errors.md word for word unless a comment says otherwise.
var (
	errUnsupported = bad(-1020, "This operation is not supported.")
	errAhead       = bad(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
	errStale       = bad(-1021, "Timestamp for this request is outside of the recvWindow.")
	errSignature   = bad(-1022, "Signature for this request is not valid.")
	errTimeUnit    = bad(-1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.")
	errTooPrecise  = func(name string) *apiError { return bad(-1111, "Parameter '"+name+"' has too much precision.") }
	errMandatory   = func(name string) *apiError {
		return bad(-1102, "Mandatory parameter '"+name+"' was not sent, was empty/null, or malformed.")
	}
	errEither = func(a, b string) *apiError {
		return bad(-1102, "Param '"+a+"' or '"+b+"' must be sent, but both were empty/null!")
	}
	errEmpty           = func(name string) *apiError { return bad(-1105, "Parameter '"+name+"' was empty.") }
	errNotRequired     = func(name string) *apiError { return bad(-1106, "Parameter '"+name+"' sent when not required.") }
	errOverflow        = func(name string) *apiError { return bad(-1108, "Parameter '"+name+"' overflowed.") }
	errTIF             = bad(-1115, "Invalid timeInForce.")
	errOrderType       = bad(-1116, "Invalid orderType.")
	errSide            = bad(-1117, "Invalid side.")
	errInterval        = bad(-1120, "Invalid interval.")
	errSymbol          = bad(-1121, "Invalid symbol.")
	errMoreThanDay     = bad(-1127, "More than 24 hours between startTime and endTime.")
	errCombination     = bad(-1128, "Combination of optional parameters invalid.")
	errInvalid         = func(name string) *apiError { return bad(-1130, "Data sent for parameter '"+name+"' is not valid.") }
	errStrategyType    = bad(-1134, "strategyType was less than 1000000.")
	errTickerType      = bad(-1139, "Invalid ticker type.")
	errRestrictions    = bad(-1145, "Invalid cancelRestrictions")
	errDuplicateSymbol = bad(-1151, "Symbol is present multiple times in the list.")

	errKeyFormat   = unauthorized(-2014, "API-key format invalid.")
	errKeyRejected = unauthorized(-2015, "Invalid API-key, IP, or permissions for action.")

	errNoOrder         = bad(-2013, "Order does not exist.")
	errUnknownOrder    = bad(-2011, "Unknown order sent.")
	errNotCanceled     = bad(-2011, "Order was not canceled due to cancel restrictions.")
	errClientMismatch  = bad(-2039, "Client order ID is not correct for this order ID.")
	errDuplicateOrder  = bad(-2010, "Duplicate order sent.")
	errInsufficient    = bad(-2010, "Account has insufficient balance for requested action.")
	errWouldMatch      = bad(-2010, "Order would immediately match and take.")
	errWouldTrigger    = bad(-2010, "Order would trigger immediately.")
	errIceberg         = bad(-2010, "Iceberg orders are not supported for this symbol.")
	errPegged          = bad(-2010, "Pegged orders are not supported for this symbol.")
	errNoLiquidity     = bad(-2010, "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.")
	errAmendIncrease   = bad(-2038, "Order amend (quantity increase) is not supported.")
	errAmendNothing    = bad(-2038, "The requested action would change no state; rejecting.")
	errAmendFilter     = bad(-2038, "Filter failure: MAX_NUM_ORDER_AMENDS")
	errSelfTradeMode   = bad(-1013, "This symbol does not allow the specified self-trade prevention mode.") // faqs/stp_faq.md
	errSubscribed      = bad(-2035, "User Data Stream subscription already active.")
	errNotSubscribed   = bad(-2036, "User Data Stream subscription not active.")
	errSubscriptions   = bad(-2042, "Maximum subscription ID reached for this connection.")
	errLogonKeyType    = bad(-4056, "HMAC_SHA256 API key is not supported.") // general knowledge, not documented
	errJSON            = bad(-1135, "Invalid JSON Request")                  // the WebSocket API's
	errListenKeyIsGone = &apiError{status: http.StatusGone, code: -1020, message: "listenKey is no longer supported; subscribe over the WebSocket API: userDataStream.subscribe.signature."}
)

func errFilter(name string) *apiError { return bad(-1013, "Filter failure: "+name) }

func errIllegal(name, legal string) *apiError {
	return bad(-1100, "Illegal characters found in parameter '"+name+"'; legal range is '"+legal+"'.")
}

func errUnread(read, sent int) *apiError {
	return bad(-1104, fmt.Sprintf("Not all sent parameters were read; read '%d' parameter(s) but was sent '%d'.", read, sent))
}

func errTooMany(limit int, unit string, retryAfter int) *apiError {
	return &apiError{
		status: http.StatusTooManyRequests, code: -1003, retryAfter: retryAfter,
		message: fmt.Sprintf("Too much request weight used; current limit is %d request weight per %s. Please use WebSocket Streams for live updates to avoid polling the API.", limit, unit),
	}
}

func errBanned(until int64, retryAfter int) *apiError {
	return &apiError{
		status: http.StatusTeapot, code: -1003, retryAfter: retryAfter,
		message: fmt.Sprintf("Way too much request weight used; IP banned until %d. Please use WebSocket Streams for live updates to avoid bans.", until),
	}
}

func errTooManyOrders(limit int, unit string, retryAfter int) *apiError {
	return &apiError{
		status: http.StatusTooManyRequests, code: -1015, retryAfter: retryAfter,
		message: fmt.Sprintf("Too many new orders; current limit is %d orders per %s.", limit, unit),
	}
}

// unknownOutcome returns a 5xx answer, after which a client knows nothing.
func unknownOutcome(status, code int) *apiError {
	message := "An unknown error occurred while processing the request."
	switch code {
	case -1001:
		message = "Internal error; unable to process your request. Please try again."
	case -1006:
		message = "An unexpected response was received from the message bus. Execution status unknown."
	case -1007:
		message = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
	case -1008:
		message = "Server is currently overloaded with other requests. Please try again in a few minutes."
	}
	return &apiError{status: status, code: code, message: message}
}

// printable returns text for a message: cut, and without what a terminal would obey.
func printable(text string) string {
	const most = 120
	if len(text) > most {
		text = text[:most]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}
