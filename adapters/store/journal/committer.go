package journal

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// CommitterConfig limits what waits for the disk.
type CommitterConfig struct {
	// QueueMax is how many submissions may wait, 1 or more.
	QueueMax int
	// QueueBytesMax is how many bytes of payload may wait, 1 or more. A single submission may
	// be larger if nothing else waits.
	QueueBytesMax int
	// BatchBytesMax is how many bytes of payload one write takes, 1 byte to 16 MiB.
	BatchBytesMax int
}

// DefaultCommitterConfig returns a queue of 4,096 submissions and 16 MiB, and writes of 1 MiB:
// what a slow disk writes in some 10 ms.
func DefaultCommitterConfig() CommitterConfig {
	return CommitterConfig{QueueMax: 4096, QueueBytesMax: 16 << 20, BatchBytesMax: 1 << 20}
}

// Validate names everything that is wrong with c.
func (c CommitterConfig) Validate() error {
	const batchBytesMost = 16 << 20
	var errs []error
	if c.QueueMax < 1 {
		errs = append(errs, fmt.Errorf("journal: QueueMax: %d (want 1 or more)", c.QueueMax))
	}
	if c.QueueBytesMax < 1 {
		errs = append(errs, fmt.Errorf("journal: QueueBytesMax: %d (want 1 or more)", c.QueueBytesMax))
	}
	if c.BatchBytesMax < 1 || c.BatchBytesMax > batchBytesMost {
		errs = append(errs, fmt.Errorf("journal: BatchBytesMax: %d (want 1 to %d)", c.BatchBytesMax, batchBytesMost))
	}
	return errors.Join(errs...)
}

// Committer writes to a journal for many callers: whatever waits while the disk is busy goes
// into the next write and the next sync together.
type Committer struct {
	journal *Journal
	config  CommitterConfig
	wake    chan struct{} // capacity 1
	stopped chan struct{}

	mu      sync.Mutex
	waiting []submission
	bytes   int // of payload in waiting
	closing bool
	err     error // the journal's first failure
	stats   CommitterStats
}

type submission struct {
	payloads [][]byte
	bytes    int
	done     func(seq uint64, err error)
}

// CommitterStats counts since the committer was made.
type CommitterStats struct {
	Waiting int    // submissions not yet written
	Batches uint64 // syncs that succeeded
	Records uint64 // made durable
	Refused uint64 // submissions refused because the queue was full
}

// NewCommitter starts a committer. Nobody else may append to j until it is closed. It fails on
// an invalid configuration.
func NewCommitter(j *Journal, c CommitterConfig) (*Committer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	k := &Committer{journal: j, config: c, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	go k.run()
	return k, nil
}

// Submit hands over payloads that become records one behind the other. It does not wait. Done
// is called once: with the last record's number when all of them are on the disk, or with an
// error when they may not be; then they may still turn out to be there at the next start.
// Calls of done come one after another, in the order of the submissions, from the committer's
// goroutine: done must be quick and must not call Close. The payloads must not be changed
// until then.
//
// Submit fails, and done is never called, with ErrQueueFull, ErrTooLarge, ErrClosed, or the
// disk's first failure (ErrFailed).
func (k *Committer) Submit(payloads [][]byte, done func(seq uint64, err error)) error {
	bytes := 0
	for _, p := range payloads {
		if len(p) > k.journal.config.RecordBytesMax {
			return fmt.Errorf("journal: payload of %d bytes, at most %d: %w", len(p), k.journal.config.RecordBytesMax, ErrTooLarge)
		}
		bytes += recordHeadBytes + len(p)
	}
	if bytes > unsyncedBytesMax {
		return fmt.Errorf("journal: %d records of %d bytes at once, at most %d: %w", len(payloads), bytes, unsyncedBytesMax, ErrTooLarge)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.err != nil:
		return k.err
	case k.closing:
		return ErrClosed
	case len(k.waiting) >= k.config.QueueMax || (len(k.waiting) > 0 && k.bytes+bytes > k.config.QueueBytesMax):
		k.stats.Refused++
		return fmt.Errorf("journal: %d submissions with %d bytes wait for the disk: %w", len(k.waiting), k.bytes, ErrQueueFull)
	}
	k.waiting = append(k.waiting, submission{payloads, bytes, done})
	k.bytes += bytes
	select {
	case k.wake <- struct{}{}:
	default:
	}
	return nil
}

// Stats returns the present figures.
func (k *Committer) Stats() CommitterStats {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.stats
	s.Waiting = len(k.waiting)
	return s
}

// Close makes durable what waits, calls the last done, and stops. The journal stays open. It
// returns the disk's first failure, if there was one. It may be called again.
func (k *Committer) Close() error {
	k.mu.Lock()
	k.closing = true
	select {
	case k.wake <- struct{}{}:
	default:
	}
	k.mu.Unlock()
	<-k.stopped
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}

func (k *Committer) run() {
	defer close(k.stopped)
	var batch []submission
	var payloads [][]byte
	for {
		batch = k.take(batch[:0])
		if len(batch) == 0 {
			if k.idle() {
				return
			}
			<-k.wake
			continue
		}
		payloads = payloads[:0]
		for _, s := range batch {
			payloads = append(payloads, s.payloads...)
		}
		k.commit(batch, payloads)
		clear(batch) // so that what was written can be collected
		clear(payloads)
	}
}

// take moves what goes into the next write from the queue to batch.
func (k *Committer) take(batch []submission) []submission {
	k.mu.Lock()
	defer k.mu.Unlock()
	bytes, n := 0, 0
	for n < len(k.waiting) && (n == 0 || bytes+k.waiting[n].bytes <= k.config.BatchBytesMax) {
		bytes += k.waiting[n].bytes
		n++
	}
	batch = append(batch, k.waiting[:n]...)
	k.waiting = slices.Delete(k.waiting, 0, n)
	k.bytes -= bytes
	return batch
}

// idle reports whether the committer is to stop.
func (k *Committer) idle() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.closing && len(k.waiting) == 0
}

func (k *Committer) commit(batch []submission, payloads [][]byte) {
	last, err := k.journal.Append(payloads...)
	if err == nil {
		err = k.journal.Sync()
	}
	k.mu.Lock()
	if err != nil {
		if k.err == nil {
			k.err = err
		}
	} else {
		k.stats.Batches++
		k.stats.Records += uint64(len(payloads))
	}
	k.mu.Unlock()
	seq := last - uint64(len(payloads))
	for _, s := range batch {
		if err != nil {
			s.done(0, err)
			continue
		}
		seq += uint64(len(s.payloads))
		s.done(seq, nil)
	}
}
