package gateway_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maru-trading/maru/adapters/gateway"
)

func TestLiveWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rt gateway.Runtime = gateway.Live{}
		began := time.Now()
		if err := rt.Sleep(t.Context(), time.Minute); err != nil || time.Since(began) != time.Minute {
			t.Errorf("slept %v: %v", time.Since(began), err)
		}
		short, done := rt.WithTimeout(t.Context(), time.Second)
		defer done()
		if err := rt.Sleep(short, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 61*time.Second {
			t.Errorf("slept until %v: %v", time.Since(began), err)
		}

		signal := rt.NewSignal()
		seen := signal.Seen()
		woken := make(chan error, 2)
		for range 2 {
			rt.Go(func() { woken <- signal.Wait(t.Context(), seen) })
		}
		synctest.Wait()
		if len(woken) != 0 {
			t.Error("woken by nothing")
		}
		signal.Broadcast()
		synctest.Wait()
		if len(woken) != 2 || <-woken != nil || <-woken != nil || signal.Seen() != seen+1 {
			t.Errorf("%d were woken", len(woken))
		}
		// What changed between looking and waiting is not missed.
		if err := signal.Wait(t.Context(), seen); err != nil {
			t.Error(err)
		}
		ended, end := rt.WithCancel(t.Context())
		rt.Go(func() { woken <- signal.Wait(ended, signal.Seen()) })
		synctest.Wait()
		end()
		if err := <-woken; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestLiveConnects(t *testing.T) {
	var rt gateway.Runtime = gateway.Live{}
	if _, err := rt.NewTransport(gateway.RequesterConfig{}); err == nil {
		t.Error("a transport without a clock")
	}
	if r, err := rt.NewTransport(gateway.RequesterConfig{Now: now}); err != nil {
		t.Error(err)
	} else {
		r.Close()
	}
	if _, err := rt.NewFeed(gateway.StreamConfig{}); err == nil {
		t.Error("a feed of nothing")
	}
	rt.NewLock().Lock()
}
