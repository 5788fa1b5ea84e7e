package upbit

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/gateway"
)

// What Upbit allows a pocket within a second (docs.upbit.com/kr/reference/rate-limits, page of
// 2026-10-07; the group order had 8 until 2026-08-21).
const (
	ordersPerSecond = 12 // group "order": placing
	othersPerSecond = 30 // group "default": canceling and every question
	othersReserve   = 10 // of them only for cancels
)

// penaltyOf reads from an answer whether its group of requests is to be left alone. Upbit counts by the
// second: without a Retry-After a 429 is over with it, and so is a count that has run out
// (Remaining-Req: group=default; min=1800; sec=29). A ban (418) lasts longer.
func penaltyOf(status int, header http.Header, now market.Timestamp) (gateway.Throttle, bool) {
	if status == http.StatusTooManyRequests && header.Get("Retry-After") == "" {
		return gateway.Throttle{Until: now.Add(time.Second), Reason: "HTTP 429"}, true
	}
	if t, ok := gateway.Throttled(status, header, now); ok {
		return t, true
	}
	if left, ok := remaining(header.Get("Remaining-Req")); ok && left == 0 {
		return gateway.Throttle{Until: now.Add(time.Second), Reason: "Remaining-Req: none are left in this second"}, true
	}
	return gateway.Throttle{}, false
}

// remaining reads how many requests are left in this second; ok is false if the header does not say.
func remaining(header string) (left int, ok bool) {
	for part := range strings.SplitSeq(header, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if name == "sec" {
			n, err := strconv.Atoi(value)
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}

// dateClock bounds how far the venue's clock is ahead of ours by the Date headers of its answers. Each
// tells the second in which it was written, between when the question left and when the answer was
// here; what all recent ones allow is narrower than any. Upbit has no question for the time.
type dateClock struct {
	bounds []offsetBounds // the latest dateSamples
	next   int
}

type offsetBounds struct{ low, high time.Duration }

// dateSamples is how many answers count.
const dateSamples = 32

// sample takes in an answer. One without a date, or that came before its question, is left out.
func (c *dateClock) sample(sent, received market.Timestamp, header http.Header) {
	at, err := http.ParseTime(header.Get("Date"))
	if err != nil || received < sent {
		return
	}
	date := market.TimestampOf(at)
	b := offsetBounds{low: date.Sub(received), high: date.Add(time.Second).Sub(sent)}
	if len(c.bounds) < dateSamples {
		c.bounds = append(c.bounds, b)
		return
	}
	c.bounds[c.next] = b
	c.next = (c.next + 1) % dateSamples
}

// offset returns the smallest offset that the dates allow, zero if they allow that; ok is false if
// there is none. Where they contradict each other, since a clock was set, they are begun anew.
func (c *dateClock) offset() (offset time.Duration, ok bool) {
	if len(c.bounds) == 0 {
		return 0, false
	}
	low, high := c.bounds[0].low, c.bounds[0].high
	for _, b := range c.bounds[1:] {
		low, high = max(low, b.low), min(high, b.high)
	}
	if low > high {
		newest := c.bounds[(c.next+len(c.bounds)-1)%len(c.bounds)]
		c.bounds, c.next = append(c.bounds[:0], newest), 0
		low, high = newest.low, newest.high
	}
	return max(low, min(high, 0)), true
}
