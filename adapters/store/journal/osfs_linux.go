package journal

import (
	"errors"
	"os"
	"syscall"
)

// datasync is fdatasync(2): data and what is needed to find it, the length included, but not
// the times of the inode. A call that a signal interrupted has done nothing and is repeated.
func datasync(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		for {
			if failed = syscall.Fdatasync(int(fd)); !errors.Is(failed, syscall.EINTR) {
				return
			}
		}
	})
	if err == nil && failed != nil {
		err = &os.PathError{Op: "fdatasync", Path: f.Name(), Err: failed}
	}
	return err
}
