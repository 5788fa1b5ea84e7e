//go:build unix

// Package dirlock makes a data directory one node's own: for the owner only (mode 0700), and
// locked as long as the node runs. It imports nothing of Maru.
package dirlock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// FileName is the file within the directory that is locked. It stays when the lock is gone.
const FileName = "maru.lock"

const dirPermissions = 0o700

// Holder says who has, or wants, the directory.
type Holder struct {
	PID     int       `json:"pid"`
	Node    string    `json:"node"`
	Started time.Time `json:"started"`
}

// HeldError says that another process has the directory.
type HeldError struct {
	Dir    string
	Holder Holder // zero if it could not be read
}

func (e *HeldError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("data directory %s is in use by another maru", e.Dir)
	}
	return fmt.Sprintf("data directory %s is in use by maru pid %d (node %s) since %s: stop it, or give this node a directory of its own",
		e.Dir, e.Holder.PID, e.Holder.Node, e.Holder.Started.Format(time.RFC3339))
}

// PermissionsError says that others can reach what is in the directory.
type PermissionsError struct {
	Dir  string
	Mode fs.FileMode
}

func (e *PermissionsError) Error() string {
	return fmt.Sprintf("data directory %s can be reached by others (mode %04o): run chmod 700 %s", e.Dir, e.Mode.Perm(), e.Dir)
}

// Lock is a directory that is ours until Release or the end of the process, whichever comes
// first: the kernel ends it however the process ends.
type Lock struct {
	dir  string
	file *os.File
}

// Acquire makes dir, if it is not there, and locks it for this process. Node and started are
// told to whoever comes second. It does not wait: it fails with a HeldError while another holds
// the lock, with a PermissionsError if the directory is open to others, and with the disk's
// errors. Directories on network file systems whose flock is local to a machine are not
// protected from other machines.
func Acquire(dir, node string, started time.Time) (*Lock, error) {
	if err := prepare(dir); err != nil {
		return nil, err
	}
	// O_CLOEXEC, which Go always sets, keeps child processes from inheriting the lock.
	file, err := os.OpenFile(filepath.Join(dir, FileName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("dirlock: %w", err)
	}
	if err := flock(file); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = &HeldError{dir, readHolder(file)}
		} else {
			err = fmt.Errorf("dirlock: lock %s: %w", file.Name(), err)
		}
		return nil, errors.Join(err, file.Close())
	}
	if err := writeHolder(file, Holder{os.Getpid(), node, started.UTC().Truncate(time.Second)}); err != nil {
		return nil, errors.Join(fmt.Errorf("dirlock: %w", err), file.Close())
	}
	return &Lock{dir, file}, nil
}

// prepare makes dir or checks that it is for its owner only.
func prepare(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("dirlock: %w", err)
	}
	if err := os.Mkdir(dir, dirPermissions); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("dirlock: %w", err)
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("dirlock: %w", err)
	case !info.IsDir():
		return fmt.Errorf("dirlock: data directory %s is a file: name a directory", dir)
	case info.Mode().Perm()&^dirPermissions != 0:
		return &PermissionsError{dir, info.Mode()}
	}
	return nil
}

func flock(file *os.File) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		for {
			if failed = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(failed, syscall.EINTR) {
				return
			}
		}
	})
	return errors.Join(err, failed)
}

// readHolder reads who holds the lock; the zero Holder if that is being written, or cannot be
// read.
func readHolder(file *os.File) Holder {
	const holderBytesMax = 4096
	var h Holder
	b, err := io.ReadAll(io.NewSectionReader(file, 0, holderBytesMax))
	if err != nil || json.Unmarshal(b, &h) != nil {
		return Holder{}
	}
	return h
}

func writeHolder(file *os.File, h Holder) error {
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt(append(b, '\n'), 0)
	return err
}

// Dir returns the directory.
func (l *Lock) Dir() string { return l.dir }

// Release gives the directory up. It may be called again.
func (l *Lock) Release() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
