package journal

import "fmt"

// Append adds payloads as records, all with one write, and returns the number of the last one.
// They are in the hands of the operating system then, and on the disk after Sync; until that
// nothing may act on them. Payloads are copied. Without payloads it returns the number of the
// newest record.
//
// It fails with ErrTooLarge, having written nothing and without harm; with ErrClosed; and with
// the first disk failure (ErrFailed), after which nothing can be written any more.
func (j *Journal) Append(payloads ...[]byte) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return 0, j.err
	}
	total := int64(0)
	for _, p := range payloads {
		if len(p) > j.config.RecordBytesMax {
			return 0, fmt.Errorf("journal: payload of %d bytes, at most %d: %w", len(p), j.config.RecordBytesMax, ErrTooLarge)
		}
		total += recordHeadBytes + int64(len(p))
	}
	if total == 0 {
		return j.end.next - 1, nil
	}
	if total > unsyncedBytesMax {
		return 0, fmt.Errorf("journal: %d records of %d bytes at once, at most %d: %w", len(payloads), total, unsyncedBytesMax, ErrTooLarge)
	}
	if j.unsynced+total > unsyncedBytesMax {
		if err := j.settle(); err != nil {
			return 0, err
		}
	}
	if j.inUse() && j.last().bytes+total > j.config.SegmentBytesMax {
		if err := j.rotate(); err != nil {
			return 0, err
		}
	}
	if err := j.write(kindPayload, payloads); err != nil {
		return 0, err
	}
	return j.end.next - 1, nil
}

// write encodes and writes records behind j.end.
func (j *Journal) write(kind byte, payloads [][]byte) error {
	end := j.end
	j.buf = j.buf[:0]
	for _, p := range payloads {
		seq := end.next
		if kind == kindSeal {
			seq--
		} else {
			end.next++
		}
		j.buf, end.chain = appendRecord(j.buf, kind, seq, j.synced, end.chain, p)
	}
	seg := j.last()
	if _, err := j.file.WriteAt(j.buf, seg.bytes); err != nil {
		return j.fail(fmt.Sprintf("write %d bytes to %s at %d", len(j.buf), seg.path, seg.bytes), err)
	}
	seg.bytes += int64(len(j.buf))
	j.unsynced += int64(len(j.buf))
	j.end = end
	j.sealed = kind == kindSeal
	const keptBytesMax = 1 << 20
	if cap(j.buf) > keptBytesMax {
		j.buf = nil
	}
	return nil
}

// Sync returns when everything appended before the call is on the disk. Others may append
// meanwhile; what they append needs the next Sync. It fails with ErrClosed, or with the first
// disk failure (ErrFailed): then nothing is known about what was appended since the last Sync
// that succeeded, and nothing can be written any more.
func (j *Journal) Sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	target := j.end.next - 1
	for j.syncing {
		j.settled.Wait()
	}
	if j.err != nil {
		return j.err
	}
	if j.unsynced == 0 || j.synced >= target {
		return nil
	}
	file, name, last, bytes := j.file, j.last().path, j.end.next-1, j.unsynced
	j.syncing = true
	j.mu.Unlock()
	err := file.Sync()
	j.mu.Lock()
	j.syncing = false
	j.settled.Broadcast()
	return j.afterSync(err, name, last, bytes)
}

// afterSync notes what became of a sync of everything up to record last.
func (j *Journal) afterSync(err error, name string, last uint64, bytes int64) error {
	if j.err != nil {
		return j.err // a write failed meanwhile
	}
	if err != nil {
		return j.fail("sync "+name, err)
	}
	j.synced = last
	j.unsynced -= bytes
	return nil
}

// settle waits for a sync under way and then syncs all there is, the lock held from then on.
func (j *Journal) settle() error {
	for j.syncing {
		j.settled.Wait()
	}
	if j.err != nil || j.unsynced == 0 {
		return j.err
	}
	return j.afterSync(j.file.Sync(), j.last().path, j.end.next-1, j.unsynced)
}

// Rotate syncs and begins a new segment, so that Prune can remove everything before it. It does
// nothing if the present segment has no record. It fails as Sync does.
func (j *Journal) Rotate() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return j.err
	}
	if !j.inUse() {
		return nil
	}
	return j.rotate()
}

// rotate leaves the old segment synced before the new one exists: only the last segment of a
// journal can ever be torn.
func (j *Journal) rotate() error {
	if err := j.settle(); err != nil {
		return err
	}
	if !j.inUse() {
		return nil // someone else did while this one waited
	}
	if err := j.closeFile(); err != nil {
		return j.fail("close "+j.last().path, err)
	}
	if err := j.create(); err != nil {
		return j.fail("rotate", err)
	}
	return nil
}

// Prune removes the segments that hold no record from keep on; what it keeps still verifies. It
// never removes the last segment, and returns how many it removed. Whoever calls it has put
// what the records meant somewhere durable before. It fails as Sync does.
func (j *Journal) Prune(keep uint64) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	removed := 0
	for j.err == nil && len(j.segments) > 1 && j.segments[1].first <= keep {
		old := j.segments[0]
		next, err := readHeader(j.config.FS, j.segments[1].path)
		if err == nil {
			err = j.config.FS.Remove(old.path)
		}
		// One at a time: were removals to reach the disk out of order, a hole would be left.
		if err == nil {
			err = j.config.FS.SyncDir(j.config.Dir)
		}
		if err != nil {
			return removed, j.fail("prune "+old.path, err)
		}
		j.segments = j.segments[1:]
		j.start = position{next.first, next.chain}
		removed++
	}
	return removed, j.err
}

func readHeader(files FS, name string) (header, error) {
	file, err := files.Open(name)
	if err != nil {
		return header{}, err
	}
	defer func() { _ = file.Close() }() // read only
	b := make([]byte, headerBytes)
	if _, err := file.ReadAt(b, 0); err != nil {
		return header{}, err
	}
	h, reason := decodeHeader(b)
	if reason != "" {
		return header{}, &CorruptError{name, 0, 0, reason}
	}
	return h, nil
}

// Close syncs, seals and closes the journal. It returns the first disk failure, if there was
// one, and nil when called again.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.syncing {
		j.settled.Wait()
	}
	if j.err == ErrClosed { //nolint:errorlint // set below, never wrapped
		return nil
	}
	failed := j.err
	if failed == nil && !j.sealed {
		failed = j.seal()
	}
	if err := j.closeFile(); err != nil && failed == nil {
		failed = fmt.Errorf("journal: close %s: %w", j.last().path, err)
	}
	j.err = ErrClosed
	return failed
}

// seal says, on the disk, that everything before it was synced.
func (j *Journal) seal() error {
	if err := j.settle(); err != nil {
		return err
	}
	if err := j.write(kindSeal, [][]byte{nil}); err != nil {
		return err
	}
	return j.settle()
}

// inUse reports whether the last segment has a record of its own: a seal has no number, and a
// segment is named after its first number.
func (j *Journal) inUse() bool { return j.end.next > j.last().first }

func (j *Journal) last() *segment { return &j.segments[len(j.segments)-1] }
