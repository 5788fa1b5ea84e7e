package stdio

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes put the program into a process group of its own, so that all it starts can be ended with
// it, and have the kernel kill it when the node ends, however that comes.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// bound limits the address space of a process that was just started, and keeps it from writing core
// files, which would hold what it was told.
func bound(pid int, memory uint64) error {
	if err := unix.Prlimit(pid, unix.RLIMIT_CORE, &unix.Rlimit{}, nil); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	if memory == 0 {
		return nil
	}
	if err := unix.Prlimit(pid, unix.RLIMIT_AS, &unix.Rlimit{Cur: memory, Max: memory}, nil); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	return nil
}

// awaitExit returns true when a child has ended, and leaves it to be waited for.
func awaitExit(pid int) bool {
	for {
		if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); !errors.Is(err, unix.EINTR) {
			return err == nil
		}
	}
}
