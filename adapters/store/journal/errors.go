package journal

import (
	"errors"
	"fmt"
)

// What a journal refuses for, to be asked with errors.Is.
var (
	// ErrCorrupt is in every CorruptError.
	ErrCorrupt = errors.New("journal is damaged")
	// ErrFailed is in every error of a journal whose disk failed once.
	ErrFailed = errors.New("journal stopped after a disk failure")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("journal is closed")
	// ErrTooLarge is returned for a payload beyond RecordBytesMax or a call beyond 32 MiB.
	ErrTooLarge = errors.New("too large for the journal")
	// ErrQueueFull is returned by Committer.Submit: the disk is slower than the callers.
	ErrQueueFull = errors.New("journal queue is full")
)

// CorruptError names the first record that is not as it was written.
type CorruptError struct {
	File   string // the segment's path
	Offset int64  // bytes from the segment's start
	Record uint64 // number of the broken record; of a header: of the first record behind it
	Reason string // what is wrong with it
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("journal: %s: offset %d: record %d: %s: %v", e.File, e.Offset, e.Record, e.Reason, ErrCorrupt)
}

// Unwrap returns ErrCorrupt.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// failure is the first disk failure, as every later call returns it.
type failure struct {
	what string
	err  error
}

func (f *failure) Error() string   { return fmt.Sprintf("journal: %s: %v: %v", f.what, f.err, ErrFailed) }
func (f *failure) Unwrap() []error { return []error{f.err, ErrFailed} }
