//go:build !linux

package main

import (
	"runtime"
	"time"
)

// metronome beats at an even interval. Where there is no timer that is fine enough it keeps a core
// busy with looking at the clock.
type metronome struct {
	interval time.Duration
	next     time.Time
}

func newMetronome(interval time.Duration) (*metronome, error) {
	return &metronome{interval, time.Now().Add(interval)}, nil
}

// wait returns how many beats there were since the last call; it waits for one.
func (m *metronome) wait() (beats int, err error) {
	for time.Now().Before(m.next) {
		runtime.Gosched()
	}
	for now := time.Now(); !m.next.After(now); beats++ {
		m.next = m.next.Add(m.interval)
	}
	return beats, nil
}

func (m *metronome) close() error { return nil }
