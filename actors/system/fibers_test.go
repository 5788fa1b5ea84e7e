package system

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// story runs what begin starts, for an hour of the loop's time, and returns what was told.
func story(seed uint64, begin func(f *Fibers, tell func(format string, args ...any))) []string {
	loop := NewSeededLoop(market.Seconds(0), seed)
	f := NewFibers(loop)
	var told []string
	begin(f, func(format string, args ...any) {
		told = append(told, fmt.Sprintf("%v ", loop.Now().Sub(0))+fmt.Sprintf(format, args...))
	})
	loop.Advance(market.Seconds(3600))
	return told
}

func TestFibersSleep(t *testing.T) {
	got := story(1, func(f *Fibers, tell func(string, ...any)) {
		f.Go(func() {
			for range 3 {
				if err := f.Sleep(context.Background(), time.Second); err != nil {
					tell("a: %v", err)
				}
				tell("a")
			}
		})
		f.Go(func() {
			ctx, cancel := f.WithTimeout(context.Background(), 1500*time.Millisecond)
			defer cancel()
			inner, stop := f.WithCancel(ctx)
			defer stop()
			tell("b: %v", f.Sleep(inner, time.Minute))
			tell("b: %v", f.Sleep(inner, time.Minute))
			outer, end := f.WithCancel(context.Background())
			f.Go(func() { _ = f.Sleep(context.Background(), time.Second); end() })
			tell("b: %v", f.Sleep(outer, time.Minute))
		})
	})
	want := []string{"1s a", "1.5s b: context deadline exceeded", "1.5s b: context deadline exceeded", "2s a", "2.5s b: context canceled", "3s a"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFibersSignalAndLock(t *testing.T) {
	got := story(3, func(f *Fibers, tell func(string, ...any)) {
		signal, lock := f.NewSignal(), f.NewLock()
		for i := range 3 {
			f.Go(func() {
				seen := signal.Seen()
				if err := signal.Wait(context.Background(), seen); err != nil {
					tell("%v", err)
				}
				lock.Lock()
				defer lock.Unlock()
				_ = f.Sleep(context.Background(), time.Second)
				tell("%d", i)
			})
		}
		f.Go(func() {
			ctx, cancel := f.WithTimeout(context.Background(), time.Second)
			defer cancel()
			tell("late: %v", signal.Wait(ctx, signal.Seen()))
			signal.Broadcast()
		})
	})
	slices.Sort(got)
	whole := strings.Join(got, "\n")
	for _, want := range []string{"1s late: context deadline exceeded", "2s ", "3s ", "4s "} {
		if strings.Count(whole, want) != 1 {
			t.Errorf("%q, want one of %q", got, want)
		}
	}
}

// TestFibersAreDecidedByTheSeed: one seed, one history; and seeds differ.
func TestFibersAreDecidedByTheSeed(t *testing.T) {
	run := func(seed uint64) string {
		return strings.Join(story(seed, func(f *Fibers, tell func(string, ...any)) {
			for i := range 6 {
				f.Go(func() {
					for range 4 {
						_ = f.Sleep(context.Background(), time.Second)
						tell("%d", i)
					}
				})
			}
		}), "\n")
	}
	histories := make(map[string]bool)
	for seed := range uint64(8) {
		first := run(seed)
		if second := run(seed); first != second {
			t.Fatalf("seed %d has two histories:\n%s\n\n%s", seed, first, second)
		}
		histories[first] = true
	}
	if len(histories) < 6 {
		t.Errorf("8 seeds have %d histories", len(histories))
	}
}

func TestFibersAreKilled(t *testing.T) {
	loop := NewLoop(0)
	f := NewFibers(loop)
	ran, unwound := 0, 0
	for range 3 {
		f.Go(func() {
			defer func() {
				if f.Killed() {
					unwound++
				}
			}()
			for {
				ran++
				if f.Sleep(context.Background(), time.Second) != nil {
					return
				}
			}
		})
	}
	loop.Advance(market.Seconds(2))
	before := ran
	f.Kill()
	f.Go(func() { ran++ })
	loop.Advance(market.Seconds(10))
	if ran != before || unwound != 3 || before != 9 {
		t.Errorf("%d runs before, %d after, %d unwound", before, ran, unwound)
	}
}

func TestFibersPanic(t *testing.T) {
	loop := NewLoop(0)
	f := NewFibers(loop)
	boom := errors.New("boom")
	f.Go(func() { panic(boom) })
	defer func() {
		if r := recover(); r != boom { //nolint:errorlint // it is that very value
			t.Errorf("recovered %v", r)
		}
	}()
	loop.Run()
	t.Error("a fiber's panic is lost")
}
