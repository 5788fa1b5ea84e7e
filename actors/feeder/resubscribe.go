package feeder

import (
	"log/slog"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// ask spaces out the resubscriptions of one instrument. The first goes at once. Each one after it
// waits twice as long as the one before, also where the snapshots came and the book broke again,
// so that a fault that stays costs the venue a request a minute and not one a frame. An
// instrument that stayed whole for twice the longest wait begins anew.
type ask struct {
	n  int              // asked so often
	at market.Timestamp // when last
}

// next counts one more, and returns how long it has to wait.
func (a *ask) next(now market.Timestamp, low, high time.Duration) (wait time.Duration) {
	if a.n > 0 && now.Sub(a.at) > 2*high {
		a.n = 0
	}
	if a.n > 0 {
		wait = max(0, a.at.Add(doubling(low, high, a.n)).Sub(now))
	}
	a.n++
	a.at = now.Add(wait)
	return wait
}

// resubscription is where a request for a new snapshot in the stream stands. One of an earlier
// connection, or that a later one has overtaken, is void.
type resubscription struct {
	instrument market.Instrument
	n, session int
	step       askStep
}

type askStep uint8

const (
	askDue  askStep = 1 + iota // its wait is over: send it
	askSent                    // its frames are on the wire
	askLate                    // the snapshot should have come
)

// resubscribe asks for a new snapshot in the stream. In a replay it does nothing: what comes is
// what was recorded.
func (f *Feeder) resubscribe(i market.Instrument) {
	if f.replay != nil || f.deps.Frames != nil {
		return
	}
	a := f.asks[i]
	if a == nil {
		a = new(ask)
		f.asks[i] = a
	}
	wait := a.next(f.deps.Env.Now(), f.cfg.SnapshotRetry, f.cfg.SnapshotRetryMax)
	r := resubscription{instrument: i, n: a.n, session: f.session, step: askDue}
	if wait == 0 {
		f.resubscription(r)
		return
	}
	f.later(wait, r)
}

func (f *Feeder) later(wait time.Duration, r resubscription) {
	root, self := f.root, f.self
	f.deps.Env.After(wait, func() { root.Send(self, r) })
}

func (f *Feeder) resubscription(r resubscription) {
	a := f.asks[r.instrument]
	if a == nil || a.n != r.n || r.session != f.session || !f.core.Waits(r.instrument) {
		return
	}
	again := doubling(f.cfg.SnapshotRetry, f.cfg.SnapshotRetryMax, r.n)
	switch r.step {
	case askDue:
		frames := f.core.stream.Resubscribe(r.instrument)
		if len(frames) == 0 {
			return // not followed: the venue sends it unasked, or it was decoded from a file
		}
		done, late := r, r
		done.step, late.step = askSent, askLate
		root, self := f.root, f.self
		if !f.conn.send(outgoing{session: r.session, frames: frames, sent: func() { root.Send(self, done) }}) {
			f.later(again, late) // too many wait already
		}
	case askSent:
		a.at = f.deps.Env.Now()
		r.step = askLate
		f.later(again, r)
	case askLate:
		f.metrics.snapshots.WithLabelValues(string(f.protocol.Venue()), "failed").Inc()
		f.deps.Env.Log.Warn("no order book snapshot after a new subscription; the instrument stays untrusted",
			slog.String("instrument", r.instrument.String()), slog.Int("asked", r.n))
		f.core.Retry(r.instrument)
	}
}
