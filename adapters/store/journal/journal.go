package journal

import (
	"errors"
	"fmt"
	"path"
	"sync"
)

// Journal is an open journal. Only one may be open on a directory at a time (package dirlock
// sees to that). Its methods may be called from any goroutine. Append does not wait for a Sync
// under way, except where a segment is full: so one goroutine may append while another syncs,
// or a Committer does both.
type Journal struct {
	config   Config
	recovery Recovery

	mu       sync.Mutex
	settled  sync.Cond // syncing became false
	syncing  bool      // a Sync waits for the disk with the lock released
	segments []segment // the last one is written to
	file     File
	start    position // before the oldest record
	end      position // behind the newest record
	synced   uint64   // number of the newest record known to be on the disk
	unsynced int64    // bytes written since
	sealed   bool     // the newest thing written is a seal, or nothing was ever written
	buf      []byte   // for encoding, kept from call to call
	err      error    // why nothing can be written any more
}

// Recovery says what Open found and did.
type Recovery struct {
	Segments int
	Records  uint64
	FirstSeq uint64 // 0 if there is no record
	LastSeq  uint64 // 0 if there never was a record
	// Sealed says that the journal had been closed; false after a crash and for a new one.
	Sealed bool
	// TornBytes were cut off behind TornOffset of TornFile, because a record written there and
	// never acknowledged was not whole. TornReason says in what way.
	TornBytes  int64
	TornFile   string
	TornOffset int64
	TornReason string
}

// String is one line for the log.
func (r Recovery) String() string {
	s := fmt.Sprintf("%d records in %d segments, last is %d", r.Records, r.Segments, r.LastSeq)
	if r.TornFile != "" {
		s += fmt.Sprintf("; cut %d bytes of a write that a crash tore, from %s at %d (%s)", r.TornBytes, r.TornFile, r.TornOffset, r.TornReason)
	}
	return s
}

// Open opens the journal in c.Dir, or begins it. It reads and verifies all of it, cuts off what
// a crash tore, and makes sure that what is left is on the disk. It fails with a CorruptError
// where a record that was, or may have been, acknowledged is not as it was written; nothing is
// changed then. It fails also on an invalid configuration and with the disk's own errors.
func Open(c Config) (*Journal, error) {
	return OpenAndReplay(c, nil)
}

// OpenAndReplay is Open, and calls visit for every record on the way, in order. The payload is
// valid until visit returns. An error of visit ends the call and is returned. What visit saw
// counts only if OpenAndReplay succeeds.
func OpenAndReplay(c Config, visit func(Record) error) (*Journal, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := c.FS.Mkdir(c.Dir); err != nil {
		return nil, fmt.Errorf("journal: make %s: %w", c.Dir, err)
	}
	w, err := walk(c, visit)
	if err != nil {
		return nil, err
	}
	j := &Journal{config: c, segments: w.segments, start: w.start, end: w.end, recovery: w.recovery()}
	j.settled.L = &j.mu
	if err := j.repair(w); err != nil {
		return nil, errors.Join(err, j.closeFile())
	}
	j.synced = j.end.next - 1
	j.sealed = w.sealed || j.end.next == j.start.next
	return j, nil
}

func (w *walked) recovery() Recovery {
	r := Recovery{Segments: len(w.segments), Records: w.end.next - w.start.next, LastSeq: w.end.next - 1, Sealed: w.sealed && w.torn == nil}
	if r.Records > 0 {
		r.FirstSeq = w.start.next
	}
	if w.torn != nil {
		r.TornBytes, r.TornFile, r.TornOffset, r.TornReason = w.torn.Bytes, w.torn.File, w.torn.Offset, w.torn.Reason
	}
	return r
}

// repair leaves a last segment that is open, ends behind its last whole record, and is synced.
func (j *Journal) repair(w walked) error {
	if w.unborn != "" {
		if err := j.config.FS.Remove(w.unborn); err != nil {
			return fmt.Errorf("journal: remove %s, which has no header: %w", w.unborn, err)
		}
	}
	if len(j.segments) == 0 {
		return j.create()
	}
	seg := j.segments[len(j.segments)-1]
	file, err := j.config.FS.Edit(seg.path)
	if err != nil {
		return fmt.Errorf("journal: open %s: %w", seg.path, err)
	}
	j.file = file
	if w.torn != nil {
		if err := file.Truncate(seg.bytes); err != nil {
			return fmt.Errorf("journal: cut %s to %d bytes: %w", seg.path, seg.bytes, err)
		}
	}
	if err := rewrite(file, w.unproven, seg.bytes); err != nil {
		return fmt.Errorf("journal: write %s again from %d: %w", seg.path, w.unproven, err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("journal: sync %s: %w", seg.path, err)
	}
	if err := j.config.FS.SyncDir(j.config.Dir); err != nil {
		return fmt.Errorf("journal: sync %s: %w", j.config.Dir, err)
	}
	return nil
}

// rewrite writes what the file holds between two offsets to the same place. After a failed
// fsync the kernel may show pages that the disk never got and hold them for clean; a sync alone
// would then prove nothing.
func rewrite(file File, from, to int64) error {
	buf := make([]byte, min(to-from, 1<<20))
	for from < to {
		part := buf[:min(to-from, int64(len(buf)))]
		if _, err := file.ReadAt(part, from); err != nil {
			return err
		}
		if _, err := file.WriteAt(part, from); err != nil {
			return err
		}
		from += int64(len(part))
	}
	return nil
}

// create begins a new last segment at j.end and makes it durable.
func (j *Journal) create() error {
	seg := segment{path: path.Join(j.config.Dir, segmentName(j.end.next)), first: j.end.next, bytes: headerBytes}
	file, err := j.config.FS.Create(seg.path)
	if err != nil {
		return fmt.Errorf("journal: create %s: %w", seg.path, err)
	}
	h := header{first: j.end.next, chain: j.end.chain}
	if _, err = file.WriteAt(h.encode(), 0); err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = j.config.FS.SyncDir(j.config.Dir)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("journal: create %s: %w", seg.path, err), file.Close())
	}
	j.file = file
	j.segments = append(j.segments, seg)
	return nil
}

// Recovery says what Open found and did.
func (j *Journal) Recovery() Recovery { return j.recovery }

// Err returns why nothing can be written any more, or nil.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// Stats is what a journal occupies and how far it is.
type Stats struct {
	Segments  int
	Bytes     int64
	FirstSeq  uint64 // of the oldest record kept, or of the next one if none is
	LastSeq   uint64 // 0: none was ever written
	SyncedSeq uint64 // the newest record known to be on the disk
}

// Stats returns the present figures.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := Stats{Segments: len(j.segments), FirstSeq: j.start.next, LastSeq: j.end.next - 1, SyncedSeq: j.synced}
	for _, seg := range j.segments {
		s.Bytes += seg.bytes
	}
	return s
}

// fail ends the journal's life. The lock is held.
func (j *Journal) fail(what string, err error) error {
	j.err = &failure{what, err}
	return j.err
}

func (j *Journal) closeFile() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}
