package gateway

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

const (
	// clockSamples is how many samples are kept: with one every half minute, eight minutes.
	clockSamples = 16
	// clockAge is how long a sample counts. Quartz drifts by up to 100 ppm, so 60 ms in that time.
	clockAge = 10 * time.Minute
	// clockDrift is by how much two clocks may part in a second, and clockGrain how coarsely a venue
	// may tell its own.
	clockDrift = 200 * time.Microsecond
	clockGrain = time.Millisecond
)

// ErrClockSample is returned for a sample that cannot be true.
var ErrClockSample = errors.New("gateway: clock sample: the answer came before the question, or has no time")

// Clock estimates how far a venue's clock is ahead of ours, from when a question left, when its
// answer came, and the venue's time in the answer. Of the recent samples the one with the shortest
// round trip counts, since its half bounds the error. The zero Clock is ready and safe for concurrent
// use.
//
// Samples that cannot be true together with a later one are of a time before one of the clocks was
// set, and are forgotten.
type Clock struct {
	mu      sync.Mutex
	samples []clockSample // at most clockSamples, oldest first
}

type clockSample struct {
	at             market.Timestamp
	offset, within time.Duration
}

// agrees reports whether both samples can be true of clocks that nobody set in between.
func (s clockSample) agrees(t clockSample) bool {
	drift := time.Duration(t.at.Sub(s.at).Abs().Seconds() * float64(clockDrift))
	return (s.offset - t.offset).Abs() <= s.within+t.within+clockGrain+drift
}

// Sample takes in one exchange and returns the offset as Offset does afterwards. It fails with
// ErrClockSample if received lies before sent or venue is zero.
func (c *Clock) Sample(sent, received, venue market.Timestamp) (offset, within time.Duration, err error) {
	if received < sent || venue <= 0 || sent <= 0 {
		return 0, 0, ErrClockSample
	}
	half := received.Sub(sent) / 2
	one := clockSample{at: received, offset: venue.Sub(sent.Add(half)), within: half}
	c.mu.Lock()
	c.samples = slices.DeleteFunc(c.samples, func(old clockSample) bool { return !old.agrees(one) })
	if len(c.samples) == clockSamples {
		c.samples = append(c.samples[:0], c.samples[1:]...)
	}
	c.samples = append(c.samples, one)
	c.mu.Unlock()
	offset, within, _ = c.Offset(received)
	return offset, within, nil
}

// Offset returns the venue's clock minus ours, and within what the truth lies to either side of it
// (half the round trip). ok is false if no sample is younger than ten minutes.
func (c *Clock) Offset(now market.Timestamp) (offset, within time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.samples {
		age := now.Sub(s.at)
		if age > clockAge || age < -clockAge { // ours was set meanwhile
			continue
		}
		if !ok || s.within <= within {
			offset, within, ok = s.offset, s.within, true
		}
	}
	return offset, within, ok
}

// Venue returns what the venue's clock shows when ours shows now; now itself if that is not known.
func (c *Clock) Venue(now market.Timestamp) market.Timestamp {
	offset, _, _ := c.Offset(now)
	return now.Add(offset)
}
