// Package logfile is where a node's log goes: a file that is bounded in length and number. It
// imports nothing of Maru but the rotation it shares with the dead letters.
package logfile

import (
	"errors"
	"fmt"
	"io"

	"github.com/maru-trading/maru/internal/rotate"
)

// Config says where the log lies and how much of it is kept: at most BytesMax × FilesMax.
type Config struct {
	// Path is the file that is written to, for example maru.log. Older ones are maru.log.1, the
	// newest of them, maru.log.2 and so on.
	Path string
	// BytesMax is the length of a file in bytes, 64 KiB or more: a line is never cut.
	BytesMax int64
	// FilesMax is how many files are kept, the one written to included, 1 to 1,000.
	FilesMax int
}

// DefaultConfig keeps five files of 16 MiB.
func DefaultConfig(path string) Config {
	return Config{Path: path, BytesMax: 16 << 20, FilesMax: 5}
}

// Validate names everything that is wrong with c.
func (c Config) Validate() error {
	const bytesLeast = 64 << 10
	err := rotate.Config(c).Validate()
	if c.BytesMax >= 1 && c.BytesMax < bytesLeast {
		err = errors.Join(err, fmt.Errorf("BytesMax: %d (want %d or more)", c.BytesMax, bytesLeast))
	}
	if err != nil {
		return fmt.Errorf("logfile: %w", err)
	}
	return nil
}

// Open opens the log for appending. The writer may be used from any goroutine and takes whole
// lines; a failure loses the line it is returned for, and the next one is tried again. Open
// fails on an invalid configuration and with the disk's errors.
func Open(c Config) (io.WriteCloser, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	w, err := rotate.Open(rotate.Config(c))
	if err != nil {
		return nil, fmt.Errorf("logfile: %w", err)
	}
	return w, nil
}
