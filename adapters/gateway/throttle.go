package gateway

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

const (
	// throttleDefault is how long a venue is left alone that says so without a time.
	throttleDefault = 10 * time.Second
	// throttleMax bounds what a venue may say: the longest ban that any documents has three days.
	throttleMax = 72 * time.Hour
)

// Throttle is what a venue said of our rate: until when it wants to be left alone.
type Throttle struct {
	Until  market.Timestamp // by our clock
	Reason string
}

// Throttled reads whether an answer of that status says that we asked too often: 418 and 429, and
// any other that carries Retry-After. The header holds seconds or a date (RFC 9110, 10.2.3).
func Throttled(status int, header http.Header, now market.Timestamp) (Throttle, bool) {
	after := header.Get("Retry-After")
	if status != http.StatusTeapot && status != http.StatusTooManyRequests && after == "" {
		return Throttle{}, false
	}
	wait := throttleDefault
	if seconds, err := strconv.ParseInt(after, 10, 64); err == nil && seconds >= 0 {
		wait = min(time.Duration(min(seconds, int64(throttleMax/time.Second)))*time.Second, throttleMax)
	} else if at, err := http.ParseTime(after); err == nil {
		wait = min(max(market.TimestampOf(at).Sub(now), 0), throttleMax)
	}
	return Throttle{Until: now.Add(wait), Reason: fmt.Sprintf("HTTP %d, Retry-After %.40q", status, after)}, true
}
