package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// Budget is asked before every request. Take returns nil once the request may go, or why it may not:
// then it was not sent. It may wait, until ctx ends at the latest. cancel says that the request takes
// risk away (a cancel): a part of what the venue allows is kept back for those. Penalize tells it that
// the venue wants to be left alone. Both may be called from any goroutine.
type Budget interface {
	Take(ctx context.Context, weight int, cancel bool) error
	Penalize(t Throttle)
}

// Errors of Meter.Take.
var (
	// ErrBanned says that the venue wants to be left alone for longer than the request has time.
	ErrBanned = errors.New("gateway: the venue wants to be left alone")
	// ErrBudget says that no permit comes free while the request has time.
	ErrBudget = errors.New("gateway: rate budget used up")
)

// MeterConfig is what a venue allows.
type MeterConfig struct {
	// Per is the length of the window, and Weight what may be asked for within any such window.
	Per    time.Duration
	Weight int
	// Reserve is how much of Weight only cancels may use. It must be less than Weight.
	Reserve int
	// Now is our clock.
	Now func() market.Timestamp
	// Sleep waits for a permit; nil: that of Live.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Meter is a Budget of one process: what was asked within a sliding window. It is for a gateway that
// has an address to itself; where several share one, they share a Budget.
type Meter struct {
	cfg MeterConfig

	mu     sync.Mutex
	asked  []asked // within the window, oldest first
	used   int     // their sum
	banned Throttle
}

type asked struct {
	at     market.Timestamp
	weight int
}

// meterSlots is into how many steps a window is divided: what is asked within one is remembered as
// one, so that the memory is bounded. A step is counted from its end, so never too little.
const meterSlots = 64

// NewMeter returns a Meter. It fails if cfg allows nothing or keeps everything back.
func NewMeter(cfg MeterConfig) (*Meter, error) {
	switch {
	case cfg.Now == nil:
		return nil, errors.New("gateway: meter: no clock")
	case cfg.Per <= 0 || cfg.Weight <= 0:
		return nil, fmt.Errorf("gateway: meter: %d per %v, want both above zero", cfg.Weight, cfg.Per)
	case cfg.Reserve < 0 || cfg.Reserve >= cfg.Weight:
		return nil, fmt.Errorf("gateway: meter: reserve %d, want 0 to %d", cfg.Reserve, cfg.Weight-1)
	}
	if cfg.Sleep == nil {
		cfg.Sleep = Live{}.Sleep
	}
	return &Meter{cfg: cfg}, nil
}

// Take is part of Budget. It fails with ErrBanned or ErrBudget at once where ctx has a deadline that
// comes before the permit would, and with ctx's error if that ends first.
func (m *Meter) Take(ctx context.Context, weight int, cancel bool) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		wait, why := m.try(weight, cancel)
		if why == nil {
			return nil
		}
		if wait < 0 {
			return why
		}
		if deadline, ok := ctx.Deadline(); ok && market.TimestampOf(deadline).Sub(m.cfg.Now()) < wait {
			return why
		}
		if m.cfg.Sleep(ctx, wait) != nil {
			return why
		}
	}
}

// try takes the weight, or returns why not and after which time to try again; below zero: never.
func (m *Meter) try(weight int, cancel bool) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.cfg.Now()
	for len(m.asked) > 0 && now.Sub(m.asked[0].at) >= m.cfg.Per {
		m.used -= m.asked[0].weight
		m.asked = append(m.asked[:0], m.asked[1:]...)
	}
	if left := m.banned.Until.Sub(now); m.banned.Until != 0 && left > 0 {
		return left, fmt.Errorf("%w for %v: %s", ErrBanned, left.Round(time.Millisecond), m.banned.Reason)
	}
	most := m.cfg.Weight
	if !cancel {
		most -= m.cfg.Reserve
	}
	if weight > most {
		return -1, fmt.Errorf("%w: weight %d, %d are allowed per %v", ErrBudget, weight, most, m.cfg.Per)
	}
	if m.used+weight > most {
		wait := m.cfg.Per
		if len(m.asked) > 0 {
			wait = max(m.cfg.Per-now.Sub(m.asked[0].at), time.Millisecond)
		}
		return wait, fmt.Errorf("%w: %d of %d per %v", ErrBudget, m.used, most, m.cfg.Per)
	}
	step := m.cfg.Per / meterSlots
	if n := len(m.asked); n > 0 && step > 0 && now.Truncate(step) == m.asked[n-1].at.Truncate(step) {
		m.asked[n-1].at = now
		m.asked[n-1].weight += weight
	} else {
		m.asked = append(m.asked, asked{now, weight})
	}
	m.used += weight
	return 0, nil
}

// Penalize is part of Budget: nothing is permitted before t.Until, cancels included, since a venue
// answers them no better and bans for longer.
func (m *Meter) Penalize(t Throttle) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t.Until > m.banned.Until {
		m.banned = t
	}
}

// Both returns a budget that permits what a permits and then b, and tells both of penalties. A nil b is
// none.
func Both(a, b Budget) Budget {
	if b == nil {
		return a
	}
	return both{a, b}
}

type both struct{ a, b Budget }

func (b both) Take(ctx context.Context, weight int, cancel bool) error {
	if err := b.a.Take(ctx, weight, cancel); err != nil {
		return err
	}
	return b.b.Take(ctx, weight, cancel)
}

func (b both) Penalize(t Throttle) {
	b.a.Penalize(t)
	b.b.Penalize(t)
}

// Unlimited is a Budget that permits everything, for a venue without limits and for tests.
type Unlimited struct{}

// Take is part of Budget.
func (Unlimited) Take(ctx context.Context, _ int, _ bool) error { return ctx.Err() }

// Penalize is part of Budget.
func (Unlimited) Penalize(Throttle) {}
