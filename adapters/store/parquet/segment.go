package parquet

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/ndjson"
)

const (
	segmentsDir   = "segments"
	segmentPrefix = "messages-"
	segmentSuffix = ".ndjson.gz"
	refusedSuffix = ".refused.ndjson"
	// stamp is how the beginning of a file stands in its name: in UTC, so that names sort by time.
	stamp = "20060102T150405.000Z"
	// lineOverhead is what gzip may need at the end of a segment.
	lineOverhead = 1 << 10
)

// segment is the NDJSON that is being written.
type segment struct {
	path    string
	file    *os.File
	zip     *gzip.Writer
	buf     *bufio.Writer
	line    []byte
	began   market.Timestamp
	rows    uint64
	written int64 // bytes in the file
	pending int64 // bytes not yet flushed, before they are compressed
}

// newSegment makes the segment that begins now. A name that is taken gives way to the next one.
func newSegment(dir string, now market.Timestamp) (*segment, error) {
	for at := now; ; at = at.Add(time.Millisecond) {
		path := filepath.Join(dir, segmentPrefix+at.Time().Format(stamp)+segmentSuffix)
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) && at.Sub(now) < time.Second {
			continue
		}
		if err != nil {
			return nil, err
		}
		s := &segment{path: path, file: f, began: now}
		zip, err := gzip.NewWriterLevel(s, gzip.BestSpeed) // recording must not compete with trading
		if err != nil {
			panic(err) // the level is a constant
		}
		s.zip, s.buf = zip, bufio.NewWriterSize(zip, 64<<10)
		return s, nil
	}
}

// Write counts what reaches the file.
func (s *segment) Write(b []byte) (int, error) {
	n, err := s.file.Write(b)
	s.written += int64(n)
	return n, err
}

// format makes a message the segment's next line; add then writes it.
func (s *segment) format(m message.Message, symbol string) (err error) {
	s.line, err = ndjson.Append(s.line[:0], m, symbol)
	return err
}

// full reports whether the line needs another segment.
func (s *segment) full(bytesMax int64) (bool, error) {
	size := int64(len(s.line)) + lineOverhead
	if s.rows == 0 || s.written+s.pending+size < bytesMax {
		return false, nil
	}
	// What waits in memory becomes far less: look what it is.
	err := s.flush()
	return s.written+size >= bytesMax, err
}

// pendingMax keeps what a kill loses, and how far the size is guessed, small.
const pendingMax = 1 << 20

func (s *segment) add() error {
	s.pending += int64(len(s.line))
	s.rows++
	if _, err := s.buf.Write(s.line); err != nil {
		return err
	}
	if s.pending >= pendingMax {
		return s.flush()
	}
	return nil
}

// flush makes every line so far readable.
func (s *segment) flush() error {
	if s.pending == 0 {
		return nil
	}
	s.pending = 0
	if err := s.buf.Flush(); err != nil {
		return err
	}
	return s.zip.Flush()
}

func (s *segment) close() error {
	return errors.Join(s.buf.Flush(), s.zip.Close(), s.file.Sync(), s.file.Close())
}

// Converted says what became of a segment.
type Converted struct {
	Rows    uint64 // in tables
	Refused uint64 // lines that no table takes, kept beside the segments
	Broken  bool   // it broke off: its writer was killed
}

// convert turns the segment at path into tables below dir and removes it. With an error the
// segment stays, to be tried again.
func convert(dir, path string) (c Converted, err error) {
	t := &tables{dir: dir, name: func(table string) string { return tableName(table, path) }}
	defer func() {
		if err != nil {
			for _, e := range t.all() {
				e.abandon()
			}
		}
	}()
	var unfit *os.File
	err = eachLine(path, &c.Broken, func(line []byte) error {
		m, symbol, fault := ndjson.Parse(line)
		if fault == nil {
			var e error
			if fault, e = t.add(m, symbol); e != nil {
				return e
			}
		}
		if fault == nil {
			c.Rows++
			return nil
		}
		c.Refused++
		if unfit == nil {
			var e error
			if unfit, e = os.OpenFile(refusedPath(dir, path), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); e != nil {
				return e
			}
		}
		_, e := unfit.Write(append(line, '\n'))
		return e
	})
	if unfit != nil {
		err = errors.Join(err, unfit.Sync(), unfit.Close())
	}
	if err != nil {
		return c, err
	}
	for _, e := range t.all() {
		if err = e.finish(); err != nil {
			return c, err
		}
	}
	return c, os.Remove(path)
}

// began is the part of a segment's name that says when it began: its files have it in theirs.
func began(path string) string {
	return strings.TrimPrefix(strings.TrimSuffix(filepath.Base(path), segmentSuffix), segmentPrefix)
}

func tableName(table, path string) string { return table + "-" + began(path) + ".parquet" }

// tableFiles are all files that a segment may become.
func tableFiles(dir, path string) (files []string) {
	for _, table := range Tables() {
		files = append(files, filepath.Join(dir, table, tableName(table, path)))
	}
	return files
}

// refusedPath is where the lines are kept that no table takes.
func refusedPath(dir, path string) string {
	return filepath.Join(dir, segmentsDir, segmentPrefix+began(path)+refusedSuffix)
}

// eachLine gives fn every whole line of a segment. broken tells that it breaks off.
func eachLine(path string, broken *bool, fn func([]byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing can be lost
	zip, err := gzip.NewReader(bufio.NewReaderSize(f, 256<<10))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		*broken = true // killed before its first line was flushed
		return nil
	}
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(zip, 256<<10)
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) <= ndjson.LineMax {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return nil // every line ends
		case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, gzip.ErrChecksum), isCorrupt(err):
			*broken = true
			return nil
		case err != nil:
			return err
		}
		if err := fn(bytes.TrimSuffix(line, []byte{'\n'})); err != nil {
			return err
		}
		line = line[:0]
	}
}
