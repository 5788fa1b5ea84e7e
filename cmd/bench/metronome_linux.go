package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// metronome beats at an even interval. It is a timer of the kernel behind a file, so that a
// goroutine waits for it as it waits for a socket: parked in the poller, woken by the kernel to
// the microsecond, burning nothing. The runtime's own timers are a millisecond apart.
type metronome struct{ file *os.File }

func newMetronome(interval time.Duration) (*metronome, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	m := &metronome{os.NewFile(uintptr(fd), "timerfd")}
	every := unix.NsecToTimespec(int64(interval))
	if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Interval: every, Value: every}, nil); err != nil {
		_ = m.close()
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	return m, nil
}

// wait returns how many beats there were since the last call; it waits for one.
func (m *metronome) wait() (int, error) {
	var beats [8]byte
	if _, err := m.file.Read(beats[:]); err != nil {
		return 0, err
	}
	return int(binary.NativeEndian.Uint64(beats[:])), nil
}

func (m *metronome) close() error { return m.file.Close() }
