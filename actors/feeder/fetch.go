package feeder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// snapshot is the answer to a request for one over HTTP.
type snapshot struct {
	instrument market.Instrument
	body       []byte
	at         market.Timestamp
	err        error
}

// retry tells the feeder that it is time to ask for a snapshot again.
type retry struct{ instrument market.Instrument }

func (f *Feeder) snapshot(s snapshot) {
	err := s.err
	if err == nil {
		if err = f.core.Snapshot(s.instrument, s.body, s.at); err != nil && !errors.Is(err, ErrTooOld) {
			f.metrics.deadLetter(Reason(err))
			f.deps.DeadLetters.Add(DeadLetter{Time: s.at, Venue: f.protocol.Venue(), Reason: Reason(err), Detail: err.Error(), Frame: s.body})
		}
	}
	if err == nil {
		f.metrics.snapshots.WithLabelValues(string(f.protocol.Venue()), "ok").Inc()
		delete(f.retries, s.instrument)
		return
	}
	f.penalize(err)
	f.metrics.snapshots.WithLabelValues(string(f.protocol.Venue()), "failed").Inc()
	f.retries[s.instrument]++
	wait := doubling(f.cfg.SnapshotRetry, f.cfg.SnapshotRetryMax, f.retries[s.instrument])
	f.deps.Env.Log.Warn("no order book snapshot; the instrument stays untrusted", slog.String("instrument", s.instrument.String()),
		slog.Any("reason", err), slog.Duration("again_in", wait))
	f.deps.Env.After(wait, func() { f.root.Send(f.self, retry{s.instrument}) })
}

const snapshotTimeout = 10 * time.Second

// fetch asks for a snapshot outside the actor; the answer comes as a message.
func (f *Feeder) fetch(i market.Instrument) {
	url, now, limit := f.core.snapshot.SnapshotURL(i), f.deps.Env.Now, f.cfg.FrameBytesMax
	replay, position := f.replay != nil, market.Timestamp(0)
	if replay {
		position = max(f.core.Time(), 1) // before the first frame too, the server must not guess
	}
	timed := f.timed
	recorder := f.deps.Recorder
	if replay {
		recorder = nil
	}
	request := func() {
		body, at, err := get(f.deps.HTTP, url, position, limit)
		switch {
		case !replay:
			at = now()
		case errors.Is(err, errStatus):
			at = 0
		}
		if err == nil && recorder != nil {
			recorder.HTTP(url, body, at)
		}
		answer := snapshot{instrument: i, body: body, at: at, err: err}
		if replay && timed && at > position {
			// Nothing was recorded up to here: this is what was to come. Its time is waited for, as it
			// was then, or the book would show the future and message time run ahead of the frames.
			wait := at.Sub(now())
			if wait > snapshotTimeout { // else it is the answer that was under way then
				f.deps.Env.Log.Warn("the recording has no order book snapshot up to here; the instrument stays untrusted until the next one",
					slog.String("instrument", i.String()), slog.Duration("in", wait))
			}
			f.deps.Env.After(wait, func() { f.root.Send(f.self, answer) })
			return
		}
		f.root.Send(f.self, answer)
	}
	f.permitted(message.UseREST, func() { f.deps.Env.Go(request) })
}

// RecordedAt is the header in which a replay server says when an answer was first received,
// in nanoseconds since 1970. A time that is still to come says that nothing earlier was recorded.
const RecordedAt = "Maru-Recorded-At"

// ReplayPosition is the header in which a feeder tells a replay server how far it is, in the
// same unit, so that the answer depends on the recording and not on how far the socket is ahead.
const ReplayPosition = "Maru-Replay-Position"

var errStatus = errors.New("the answer is an error")

func get(h HTTP, url string, position market.Timestamp, limit int64) ([]byte, market.Timestamp, error) {
	ctx, cancel := context.WithTimeout(context.Background(), snapshotTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("feeder: %w", err)
	}
	if position != 0 {
		request.Header.Set(ReplayPosition, strconv.FormatInt(int64(position), 10))
	}
	response, err := h.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("feeder: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("feeder: read the answer of %s: %w", url, err)
	case int64(len(body)) > limit:
		return nil, 0, fmt.Errorf("feeder: the answer of %s has more than %d bytes", url, limit)
	case throttle(response, body) != nil:
		return nil, 0, fmt.Errorf("feeder: get %s: %w", url, throttle(response, body))
	case response.StatusCode != http.StatusOK:
		return nil, 0, fmt.Errorf("feeder: get %s: %s %.200q: %w", url, response.Status, body, errStatus)
	}
	return body, recordedAt(response.Header.Get(RecordedAt)), nil
}

func recordedAt(text string) market.Timestamp {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return market.Timestamp(n)
}
