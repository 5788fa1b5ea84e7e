package journal

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
)

// segment is one file of a journal.
type segment struct {
	path  string
	first uint64
	bytes int64 // that hold records; a torn tail lies beyond
}

// tail is what lies behind the last whole record and may be cut off.
type tail struct {
	File   string
	Offset int64  // of the first byte that is cut off
	Bytes  int64  // that are cut off
	Record uint64 // number the torn record would have had
	Reason string
}

// walked is what is known of a journal after every byte of it was read.
type walked struct {
	segments []segment
	start    position // before the first record
	end      position // behind the last record
	torn     *tail    // of the last segment, or nil
	unborn   string   // a last segment whose header was torn: its path, or ""
	sealed   bool     // nothing follows the last seal
	// unproven is the offset in the last segment behind which no record proves that the
	// content had been synced.
	unproven int64
}

// mark says where a record lies.
type mark struct {
	seq uint64
	off int64
}

// list returns the segments in dir by number.
func list(files FS, dir string) ([]segment, error) {
	names, err := files.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("journal: list %s: %w", dir, err)
	}
	var segments []segment
	for _, name := range names {
		if first, ok := parseSegmentName(name); ok {
			segments = append(segments, segment{path: path.Join(dir, name), first: first})
		}
	}
	slices.SortFunc(segments, func(a, b segment) int {
		if a.first < b.first {
			return -1
		}
		return 1 // names are unique
	})
	return segments, nil
}

// walk reads the whole journal in dir, changes nothing, and calls visit, if any, for every
// record. It fails with a CorruptError, with what visit returned, or with the error of a file.
// What it returns besides a CorruptError is true up to the broken record.
func walk(c Config, visit func(Record) error) (walked, error) {
	w := walked{start: position{next: 1}, end: position{next: 1}}
	segments, err := list(c.FS, c.Dir)
	if err != nil {
		return w, err
	}
	for i, seg := range segments {
		last := i == len(segments)-1
		if err := w.segment(c, seg, last, visit); err != nil {
			return w, err
		}
	}
	return w, nil
}

// segment reads one segment that must continue the ones before it.
func (w *walked) segment(c Config, seg segment, last bool, visit func(Record) error) error {
	file, err := c.FS.Open(seg.path)
	if err != nil {
		return fmt.Errorf("journal: open %s: %w", seg.path, err)
	}
	defer func() { _ = file.Close() }() // read only: nothing can be lost
	size, err := file.Size()
	if err != nil {
		return fmt.Errorf("journal: %s: %w", seg.path, err)
	}
	head := make([]byte, min(size, headerBytes))
	if _, err := file.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("journal: read %s: %w", seg.path, err)
	}
	h, reason := decodeHeader(head)
	first := len(w.segments) == 0
	if reason != "" {
		// A header is synced before the first record is written, and the segment before it was
		// synced earlier still. So a broken header with nothing behind it was never in use.
		if last && size <= headerBytes && (!first || seg.first == 1) {
			w.unborn = seg.path
			return nil
		}
		return &CorruptError{seg.path, 0, seg.first, reason}
	}
	switch {
	case h.first != seg.first:
		return &CorruptError{seg.path, 0, seg.first, fmt.Sprintf("segment is of record %d, its name says %d", h.first, seg.first)}
	case first:
		// Older segments may have been pruned: the oldest one left says where the chain begins.
		w.start = position{h.first, h.chain}
		w.end = w.start
	case h.first != w.end.next:
		return &CorruptError{seg.path, 0, w.end.next, fmt.Sprintf("segment begins with record %d where %d must follow: a segment is missing or was changed", h.first, w.end.next)}
	case h.chain != w.end.chain:
		return &CorruptError{seg.path, 0, seg.first, "segment does not continue the hash chain of the one before it"}
	}
	w.segments = append(w.segments, seg)
	return w.records(c, file, size, last, visit)
}

// records reads the records of the segment that was added last.
func (w *walked) records(c Config, file File, size int64, last bool, visit func(Record) error) error {
	seg := &w.segments[len(w.segments)-1]
	seg.bytes = headerBytes
	s := newScanner(file, size, w.end, c.RecordBytesMax)
	var unproven []mark // no longer than a torn tail can be
	for {
		rec, bad, err := s.scan()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("journal: read %s at %d: %w", seg.path, s.off, err)
		}
		if bad != nil {
			if !last || !bad.tearable {
				return &CorruptError{seg.path, s.off, s.pos.next, bad.reason}
			}
			if err := w.judge(file, s, *bad, c.RecordBytesMax); err != nil {
				return err
			}
			break
		}
		seg.bytes, w.end, w.sealed = s.off, s.pos, rec.kind == kindSeal
		if last {
			i := 0
			for i < len(unproven) && unproven[i].seq <= rec.synced {
				i++
			}
			unproven = append(unproven[i:], mark{rec.seq, rec.off})
		}
		if rec.kind == kindPayload && visit != nil {
			if err := visit(Record{Seq: rec.seq, Payload: rec.payload}); err != nil {
				return err
			}
		}
	}
	switch {
	case len(unproven) == 0 || unproven[0].off == headerBytes:
		w.unproven = 0 // the header too
	default:
		w.unproven = unproven[0].off
	}
	return nil
}

// judge decides whether the broken record at s.off is a torn tail or damage.
func (w *walked) judge(file File, s *scanner, bad fault, recordMax int) error {
	seg := &w.segments[len(w.segments)-1]
	left := s.size - s.off
	broken := func(why string) error {
		return &CorruptError{seg.path, s.off, s.pos.next, bad.reason + why}
	}
	if left > unsyncedBytesMax {
		return broken(fmt.Sprintf(", and %d bytes behind it are more than a crash can tear", left))
	}
	rest := make([]byte, left)
	if _, err := file.ReadAt(rest, s.off); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("journal: read %s at %d: %w", seg.path, s.off, err)
	}
	by, found, tired := witness(rest, s.pos.next, recordMax)
	switch {
	case found:
		return broken(fmt.Sprintf(", though record %d behind it says that it was synced", by))
	case tired:
		return broken(", and what is behind it cannot be judged")
	}
	w.torn = &tail{File: seg.path, Offset: s.off, Bytes: left, Record: s.pos.next, Reason: bad.reason}
	return nil
}
