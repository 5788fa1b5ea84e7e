package feeder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// waiting is something to do once the venue's budget permits it.
type waiting struct {
	asked   market.Timestamp
	request message.PermitRequest
	do      func()
}

// permitAgain is how long a permit is waited for before it is asked for again: the budget may
// have been restarted. One that still waits there is not counted twice.
const permitAgain = time.Minute

// mayDial asks, for the connection, for leave to dial; leave is closed when it may.
type mayDial struct{ leave chan struct{} }

// limited reports whether the venue counts what we do: a replay and an exchange on this machine
// do not.
func (f *Feeder) limited() bool { return f.deps.Budget != nil && !f.cfg.Local && f.replay == nil }

// permitted does something that the venue counts: at once where nothing limits it, else when
// the budget lets it.
func (f *Feeder) permitted(use message.Use, do func()) {
	if !f.limited() {
		do()
		return
	}
	f.permits++
	r, err := message.NewPermitRequest(message.PermitRequestFields{Venue: f.protocol.Venue(), Use: use, Holder: f.cfg.Source, ID: f.permits})
	if err != nil {
		do() // Validate saw to the name of the source
		return
	}
	f.waiting[f.permits] = waiting{asked: f.deps.Env.Now(), request: r, do: do}
	f.root.RequestWithCustomSender(f.deps.Budget, r, f.self)
}

// permit does what was waited for.
func (f *Feeder) permit(p message.Permit) {
	if w, ok := f.waiting[p.Fields().ID]; ok {
		delete(f.waiting, p.Fields().ID)
		w.do()
	}
}

// askAgain repeats requests for permits that were not answered for long.
func (f *Feeder) askAgain() {
	now := f.deps.Env.Now()
	var ids []uint64
	for id, w := range f.waiting {
		if now.Sub(w.asked) >= permitAgain {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		w := f.waiting[id]
		w.asked = now
		f.waiting[id] = w
		f.root.RequestWithCustomSender(f.deps.Budget, w.request, f.self)
	}
}

// waitToDial holds the connection back until it may dial. It runs in the connection's goroutine.
func (f *Feeder) waitToDial(ctx context.Context) bool {
	leave := make(chan struct{})
	f.root.Send(f.self, mayDial{leave})
	select {
	case <-leave:
		return true
	case <-ctx.Done():
		return false
	}
}

// throttled is the error for an answer that tells us to stay away.
type throttled struct {
	status int
	wait   time.Duration
}

func (t *throttled) Error() string {
	return fmt.Sprintf("HTTP %d: the venue wants no requests for %v", t.status, t.wait)
}

// The waits where an answer names none. 418 is Binance's word for an address that went on after
// 429: bans there begin at two minutes (rest-api.md, LIMITS). Bybit answers 403, "access too
// frequent", and wants ten minutes (API v5, Rate Limit Rules, IP Limit).
const (
	wait429 = time.Minute
	wait418 = 5 * time.Minute
	wait403 = 10 * time.Minute
	waitMax = 72 * time.Hour // Binance's longest ban is three days
)

// throttle returns the error if an answer tells us to stay away. body is the beginning of it.
func throttle(r *http.Response, body []byte) *throttled {
	if r == nil {
		return nil
	}
	if wait := StayAway(r, body); wait > 0 {
		return &throttled{status: r.StatusCode, wait: wait}
	}
	return nil
}

// StayAway returns for how long an answer tells us to leave the venue alone: zero if it does not.
// That is what its Retry-After says (RFC 9110, 10.2.3: seconds or a date), or else the time at which a
// limit begins anew in the headers of Gate and Bybit, or else a default for the status: 429, 418, and
// the 403 with which Bybit bans an address. body is the beginning of the answer's.
func StayAway(r *http.Response, body []byte) time.Duration {
	banned := r.StatusCode == http.StatusForbidden && bytes.Contains(bytes.ToLower(body), []byte("too frequent"))
	wait, stated := time.Duration(0), time.Duration(0)
	switch {
	case r.StatusCode < http.StatusBadRequest:
		return 0
	case r.StatusCode == http.StatusTooManyRequests:
		wait = wait429
	case r.StatusCode == http.StatusTeapot:
		wait = wait418
	case banned:
		wait = wait403
	}
	// By the venue's own clock, so that ours may be wrong.
	now, err := http.ParseTime(r.Header.Get("Date"))
	dated := err == nil
	after := r.Header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(after, 10, 64); err == nil && seconds >= 0 {
		stated = time.Duration(min(seconds, int64(waitMax/time.Second))) * time.Second
	} else if until, err := http.ParseTime(after); err == nil && dated {
		stated = until.Sub(now)
	} else if wait > 0 && dated {
		for name, unit := range resetHeaders {
			if n, err := strconv.ParseInt(r.Header.Get(name), 10, 64); err == nil && n > 0 && n < int64(1<<62)/int64(unit) {
				stated = max(stated, time.Unix(0, n*int64(unit)).Sub(now))
			}
		}
	}
	if stated <= 0 {
		return wait
	}
	return min(stated, waitMax)
}

// resetHeaders say since 1970, in that unit, when a limit begins anew (Gate API v4, Rate Limit;
// Bybit API v5, Rate Limit Rules).
var resetHeaders = map[string]time.Duration{
	"X-Gate-RateLimit-Reset-Timestamp": time.Second,
	"X-Bapi-Limit-Reset-Timestamp":     time.Millisecond,
}

// penalize tells the budget if an error says that the venue wants to be left alone.
func (f *Feeder) penalize(err error) {
	var t *throttled
	if f.deps.Budget == nil || !errors.As(err, &t) {
		return
	}
	p, invalid := message.NewPenalty(message.PenaltyFields{Venue: f.protocol.Venue(), Until: f.deps.Env.Now().Add(t.wait), Reason: t.Error()})
	if invalid == nil {
		f.root.Send(f.deps.Budget, p)
	}
}
