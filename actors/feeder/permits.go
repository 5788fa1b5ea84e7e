package feeder

import (
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
// 429: bans there begin at two minutes (rest-api.md, LIMITS).
const (
	wait429 = time.Minute
	wait418 = 5 * time.Minute
	waitMax = 72 * time.Hour // Binance's longest ban is three days
)

// throttle returns the error if an answer tells us to stay away, and for how long: its
// Retry-After in seconds (RFC 9110, 10.2.3), or a default.
func throttle(r *http.Response) *throttled {
	if r == nil || (r.StatusCode != http.StatusTooManyRequests && r.StatusCode != http.StatusTeapot) {
		return nil
	}
	t := &throttled{status: r.StatusCode, wait: wait429}
	if r.StatusCode == http.StatusTeapot {
		t.wait = wait418
	}
	if seconds, err := strconv.ParseInt(r.Header.Get("Retry-After"), 10, 64); err == nil && seconds >= 0 {
		t.wait = min(time.Duration(min(seconds, int64(waitMax/time.Second)))*time.Second, waitMax)
	}
	return t
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
