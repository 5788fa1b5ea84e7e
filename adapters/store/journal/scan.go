package journal

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// Record is one payload and its number, counted from 1.
type Record struct {
	Seq     uint64
	Payload []byte
}

// position is where a scan stands: the number the next record must have and the chain that it
// must continue.
type position struct {
	next  uint64
	chain Chain
}

// scanner reads the records of one segment.
type scanner struct {
	in        *bufio.Reader
	off, size int64 // of the next record; of the segment
	pos       position
	recordMax int
	buf       []byte
}

// scanned is a record as the segment holds it.
type scanned struct {
	recordHead
	off     int64
	payload []byte // valid until the next scan
}

// fault is why a record cannot be taken as it stands.
type fault struct {
	reason string
	// tearable: a crash while writing can have left it so.
	tearable bool
}

func newScanner(r io.ReaderAt, size int64, pos position, recordMax int) *scanner {
	const readBytes = 256 << 10
	content := max(0, size-headerBytes)
	return &scanner{
		in:  bufio.NewReaderSize(io.NewSectionReader(r, headerBytes, content), int(min(content, readBytes))),
		off: headerBytes, size: size, pos: pos, recordMax: recordMax,
	}
}

// scan reads one record. It returns io.EOF at the end, a fault for a record that is broken, or
// the error of the file. After a fault s.off is the broken record's offset.
func (s *scanner) scan() (scanned, *fault, error) {
	left := s.size - s.off
	if left == 0 {
		return scanned{}, nil, io.EOF
	}
	if left < recordHeadBytes {
		return scanned{}, &fault{fmt.Sprintf("record cut short at %d bytes", left), true}, nil
	}
	s.buf = grown(s.buf, recordHeadBytes)
	if _, err := io.ReadFull(s.in, s.buf); err != nil {
		return scanned{}, nil, err
	}
	head := decodeHead(s.buf)
	total := int64(recordHeadBytes + head.payload)
	switch {
	case head.payload > s.recordMax:
		return scanned{}, &fault{fmt.Sprintf("payload of %d bytes is beyond the limit of %d", head.payload, s.recordMax), true}, nil
	case total > left:
		return scanned{}, &fault{fmt.Sprintf("record of %d bytes cut short at %d", total, left), true}, nil
	}
	s.buf = grown(s.buf, int(total))
	if _, err := io.ReadFull(s.in, s.buf[recordHeadBytes:]); err != nil {
		return scanned{}, nil, err
	}
	if !intact(s.buf) {
		return scanned{}, &fault{"checksum does not match", true}, nil
	}
	// From here on no tear can be the reason: the record is whole, and wrong.
	want := s.pos.next
	if head.kind == kindSeal {
		want--
	}
	chain, ok := chains(s.buf, s.pos.chain)
	switch {
	case head.kind > kindSeal:
		return scanned{}, &fault{fmt.Sprintf("record kind %d is not known", head.kind), false}, nil
	case head.seq != want:
		return scanned{}, &fault{fmt.Sprintf("has number %d where %d must follow", head.seq, want), false}, nil
	case !ok:
		return scanned{}, &fault{"hash chain does not match: altered after it was written", false}, nil
	}
	rec := scanned{recordHead: head, off: s.off, payload: s.buf[recordHeadBytes:]}
	s.off += total
	s.pos.chain = chain
	if head.kind == kindPayload {
		s.pos.next++
	}
	return rec, nil, nil
}

// grown returns b with length n, its content kept.
func grown(b []byte, n int) []byte {
	if cap(b) < n {
		b = append(make([]byte, 0, max(n, 2*cap(b))), b...)
	}
	return b[:n]
}

// witness looks in rest, which begins with the broken record seq, for an intact record that
// says seq had been synced when it was written. tired reports that it gave up: a tail that
// looks like thousands of overlapping records was not left by a crash.
func witness(rest []byte, seq uint64, recordMax int) (by uint64, found, tired bool) {
	budget := 4*len(rest) + 1<<20
	for i := 1; i+recordHeadBytes <= len(rest); i++ {
		// The commonest byte of a torn tail is zero, and a sequence of zero is none.
		if binary.LittleEndian.Uint64(rest[i+8:]) <= seq {
			// A seal has the number of the last record, which may be the broken one.
			if binary.LittleEndian.Uint64(rest[i+8:]) != seq || rest[i+7] != kindSeal {
				continue
			}
		}
		head := decodeHead(rest[i:])
		end := i + recordHeadBytes + head.payload
		if head.synced < seq || head.synced > head.seq || head.seq-seq > uint64(len(rest)) || head.payload > recordMax || end > len(rest) {
			continue
		}
		if budget -= end - i; budget < 0 {
			return 0, false, true
		}
		if intact(rest[i:end]) {
			return head.seq, true, false
		}
	}
	return 0, false, false
}
