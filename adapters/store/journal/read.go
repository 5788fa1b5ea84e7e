package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
)

// Records yields every record, oldest first, up to the newest one when it is called. Payloads
// are the caller's to keep. A record that is not as it was written ends it with a CorruptError,
// a file that cannot be read with its error.
func (j *Journal) Records() iter.Seq2[Record, error] { return j.RecordsAfter(0) }

// RecordsAfter is Records without those up to and including number seq; segments that hold only
// such are not read. It fails on a number that was pruned: after it there would be a gap.
func (j *Journal) RecordsAfter(seq uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		j.mu.Lock()
		segments, start, end := slices.Clone(j.segments), j.start, j.end
		j.mu.Unlock()
		if seq != 0 && seq+1 < start.next {
			yield(Record{}, fmt.Errorf("journal: records after %d: those before %d were pruned", seq, start.next))
			return
		}
		for len(segments) > 1 && segments[1].first <= seq+1 {
			segments = segments[1:]
		}
		for i, seg := range segments {
			next := end
			if i+1 < len(segments) {
				next = position{next: segments[i+1].first}
			}
			if !readSegment(j.config, seg, next.next, seq, yield) {
				return
			}
		}
	}
}

// readSegment yields the records of one segment after number after and up to seg.bytes. It
// reports whether to go on.
func readSegment(c Config, seg segment, next, after uint64, yield func(Record, error) bool) bool {
	head, err := readHeader(c.FS, seg.path)
	if err != nil {
		yield(Record{}, fmt.Errorf("journal: %s: %w", seg.path, err))
		return false
	}
	file, err := c.FS.Open(seg.path)
	if err != nil {
		yield(Record{}, fmt.Errorf("journal: open %s: %w", seg.path, err))
		return false
	}
	defer func() { _ = file.Close() }() // read only
	s := newScanner(file, seg.bytes, position{head.first, head.chain}, c.RecordBytesMax)
	for {
		rec, bad, err := s.scan()
		switch {
		case errors.Is(err, io.EOF):
			if s.pos.next != next {
				yield(Record{}, &CorruptError{seg.path, s.off, s.pos.next, fmt.Sprintf("segment ends before record %d", next)})
				return false
			}
			return true
		case err != nil:
			yield(Record{}, fmt.Errorf("journal: read %s at %d: %w", seg.path, s.off, err))
			return false
		case bad != nil:
			yield(Record{}, &CorruptError{seg.path, s.off, s.pos.next, bad.reason})
			return false
		}
		if rec.kind != kindPayload || rec.seq <= after {
			continue
		}
		if !yield(Record{Seq: rec.seq, Payload: bytes.Clone(rec.payload)}, nil) {
			return false
		}
	}
}
