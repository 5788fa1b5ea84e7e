package journal

import (
	"errors"
	"fmt"
)

// Config says where a journal lies and how it grows.
type Config struct {
	// FS is where the files are; DefaultConfig gives the operating system's.
	FS FS
	// Dir is the journal's own directory. It is made if it is not there.
	Dir string
	// SegmentBytesMax is the length in bytes at which a new segment is begun, 4 KiB to 1 GiB.
	// A single Append is never split, and may go beyond it by its own length.
	SegmentBytesMax int64
	// RecordBytesMax is the longest payload in bytes, 1 to 16 MiB - 1. It must not be lowered
	// below what a journal already holds.
	RecordBytesMax int
}

// Limits of the configuration and of the format.
const (
	segmentBytesLeast = 4 << 10
	segmentBytesMost  = 1 << 30
	recordBytesMost   = 1<<24 - 1 // three bytes of length

	// unsyncedBytesMax limits what may wait for a Sync, and so how long a torn tail can be: a
	// longer broken end is damage. It is no setting, because a reader must know it of a writer
	// that had another configuration.
	unsyncedBytesMax = 32 << 20
)

// DefaultConfig returns segments of 64 MiB and records of at most 1 MiB in dir.
func DefaultConfig(dir string) Config {
	return Config{FS: OSFS{}, Dir: dir, SegmentBytesMax: 64 << 20, RecordBytesMax: 1 << 20}
}

// Validate names everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	if c.FS == nil {
		errs = append(errs, errors.New("journal: FS: none given (want journal.OSFS{})"))
	}
	if c.Dir == "" {
		errs = append(errs, errors.New("journal: Dir: empty (want the journal's own directory)"))
	}
	if c.SegmentBytesMax < segmentBytesLeast || c.SegmentBytesMax > segmentBytesMost {
		errs = append(errs, fmt.Errorf("journal: SegmentBytesMax: %d (want %d to %d)", c.SegmentBytesMax, segmentBytesLeast, segmentBytesMost))
	}
	if c.RecordBytesMax < 1 || c.RecordBytesMax > recordBytesMost {
		errs = append(errs, fmt.Errorf("journal: RecordBytesMax: %d (want 1 to %d)", c.RecordBytesMax, recordBytesMost))
	}
	return errors.Join(errs...)
}
