package gateway_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/gateway"
)

func TestClockTakesTheShortestRoundTrip(t *testing.T) {
	const at = market.Timestamp(1_700_000_000_000_000_000)
	var c gateway.Clock
	if _, _, ok := c.Offset(at); ok || c.Venue(at) != at {
		t.Error("a clock without samples knows an offset")
	}
	sample := func(after, rtt, venue time.Duration) {
		t.Helper()
		if _, _, err := c.Sample(at.Add(after), at.Add(after+rtt), at.Add(venue)); err != nil {
			t.Fatal(err)
		}
	}
	sample(0, 200*time.Millisecond, 2100*time.Millisecond) // 2 s ahead, within 100 ms
	if offset, within, ok := c.Offset(at); !ok || offset != 2*time.Second || within != 100*time.Millisecond {
		t.Errorf("%v within %v, %v", offset, within, ok)
	}
	sample(time.Second, 20*time.Millisecond, 3*time.Second+10*time.Millisecond+5*time.Millisecond) // 2.005 s, within 10 ms
	sample(2*time.Second, 400*time.Millisecond, 4300*time.Millisecond)
	if offset, within, _ := c.Offset(at.Add(3 * time.Second)); offset != 2005*time.Millisecond || within != 10*time.Millisecond {
		t.Errorf("%v within %v", offset, within)
	}
	if got := c.Venue(at.Add(3 * time.Second)); got != at.Add(5005*time.Millisecond) {
		t.Errorf("Venue = %v", got)
	}
	for i := range 16 { // the best one is forgotten in time
		sample(time.Duration(3+i)*time.Second, 100*time.Millisecond, time.Duration(5+i)*time.Second+70*time.Millisecond)
	}
	if offset, within, _ := c.Offset(at.Add(20 * time.Second)); offset != 2020*time.Millisecond || within != 50*time.Millisecond {
		t.Errorf("after 16 others: %v within %v", offset, within)
	}
	// One of the clocks is set: what was known before counts no more, however well it was known.
	sample(20*time.Second, 400*time.Millisecond, 80*time.Second+200*time.Millisecond)
	if offset, within, _ := c.Offset(at.Add(21 * time.Second)); offset != time.Minute || within != 200*time.Millisecond {
		t.Errorf("after a jump: %v within %v", offset, within)
	}
	if _, _, ok := c.Offset(at.Add(time.Hour)); ok {
		t.Error("a sample of an hour ago counts")
	}
	for _, bad := range [][3]market.Timestamp{{at, at - 1, at}, {at, at, 0}, {0, at, at}} {
		if _, _, err := c.Sample(bad[0], bad[1], bad[2]); !errors.Is(err, gateway.ErrClockSample) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestMeterKeepsAReserveForCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := gateway.NewMeter(gateway.MeterConfig{Per: time.Minute, Weight: 10, Reserve: 3, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		hurried, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		for range 7 {
			if err := m.Take(hurried, 1, false); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Take(hurried, 1, false); !errors.Is(err, gateway.ErrBudget) {
			t.Errorf("beyond what orders may use: %v", err)
		}
		if hurried.Err() != nil {
			t.Error("it waited for what could not come in time")
		}
		for range 3 {
			if err := m.Take(hurried, 1, true); err != nil {
				t.Errorf("a cancel from the reserve: %v", err)
			}
		}
		if err := m.Take(hurried, 1, true); !errors.Is(err, gateway.ErrBudget) {
			t.Errorf("a cancel beyond everything: %v", err)
		}
		began := time.Now()
		if err := m.Take(t.Context(), 1, false); err != nil {
			t.Errorf("with time to wait: %v", err)
		}
		if waited := time.Since(began); waited < 58*time.Second || waited > 61*time.Second {
			t.Errorf("it waited %v, want a minute", waited)
		}
		if err := m.Take(t.Context(), 8, false); !errors.Is(err, gateway.ErrBudget) {
			t.Errorf("more than is ever allowed: %v", err)
		}
	})
}

func TestMeterLeavesTheVenueAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := gateway.NewMeter(gateway.MeterConfig{Per: time.Minute, Weight: 10, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		m.Penalize(gateway.Throttle{Until: now().Add(30 * time.Second), Reason: "HTTP 429"})
		m.Penalize(gateway.Throttle{Until: now().Add(time.Second), Reason: "shorter"})
		hurried, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := m.Take(hurried, 1, true); !errors.Is(err, gateway.ErrBanned) {
			t.Errorf("a cancel within the ban: %v", err)
		}
		began := time.Now()
		if err := m.Take(t.Context(), 1, false); err != nil || time.Since(began) != 30*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := m.Take(gone, 1, false); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// In a long run no window of a minute holds more than is allowed, and what is remembered is bounded.
func TestMeterHoldsInEveryWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := gateway.NewMeter(gateway.MeterConfig{Per: time.Minute, Weight: 50, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		var at []time.Time
		for i := range 500 {
			if err := m.Take(t.Context(), 1, false); err != nil {
				t.Fatal(err)
			}
			at = append(at, time.Now())
			time.Sleep(time.Duration(i%7) * 100 * time.Millisecond) // virtual
		}
		for i := 50; i < len(at); i++ {
			if d := at[i].Sub(at[i-50]); d < time.Minute {
				t.Fatalf("requests %d to %d within %v", i-50, i, d)
			}
		}
	})
}
