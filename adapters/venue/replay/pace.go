package replay

import (
	"time"

	"github.com/maru-trading/maru/actors/market"
)

const (
	// silenceMax is the longest recorded silence that is waited for: what lies between two files
	// may be years.
	silenceMax = time.Minute
	// paceSlack is how early a frame may be sent. Waiting for less costs more than it is worth,
	// as timers are not that exact.
	paceSlack = 500 * time.Microsecond
)

// pacer says when a frame is due. It reads no clock.
type pacer struct {
	speed float64 // 0: everything is due
	// A frame recorded at last is due at due by the clock. Zero: the next frame is due at once.
	last, due market.Timestamp
}

// wait returns how long after now the frame recorded at that time is due, 0 if it is.
func (p *pacer) wait(at, now market.Timestamp) time.Duration {
	if p.speed == 0 || at == 0 {
		return 0
	}
	if p.due == 0 {
		p.last, p.due = at, now
	}
	silence := min(max(at.Sub(p.last), 0), silenceMax)
	due := p.due.Add(time.Duration(float64(silence) / p.speed))
	if w := due.Sub(now); w > paceSlack {
		return w
	}
	p.last, p.due = at, due
	return 0
}

// rest makes the next frame due at once: the timeline rested, and what was missed is not hurried.
func (p *pacer) rest() { p.due = 0 }
