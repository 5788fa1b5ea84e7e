// Package notebook keeps a small append-only file of records for one owner: what an external strategy
// must know again after a restart. Each record is a line: its CRC-32C in hexadecimal, a space, and the
// record, which holds no line feed.
//
// What a crash cut off at the end is taken off when the file is opened; damage anywhere else is an
// error, because what stood there may be an order that must not be given twice. It imports nothing of
// Maru, and is safe for use from several goroutines.
package notebook

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// RecordMax is the longest record, in bytes.
const RecordMax = 1 << 20

var (
	// ErrDamaged says that the file holds something that was not written by this package.
	ErrDamaged = errors.New("the notebook is damaged")
	// ErrRecord says that a record is empty, too long or holds a line feed.
	ErrRecord = errors.New("no record of a notebook")
	// ErrClosed says that the notebook was closed.
	ErrClosed = errors.New("the notebook is closed")
)

const whatToDo = "put back a copy, or move the file away if the program will not say again what it said before"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Notebook is an open file of records.
type Notebook struct {
	path string

	mu      sync.Mutex
	file    *os.File
	pending []byte // appended, and not yet given to the file
	failed  error  // what is in the file is not known any more
	records [][]byte
	torn    int
}

// Open opens the notebook at path, or begins it, with mode 0600 in a directory that must be there.
func Open(path string) (*Notebook, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("notebook: %w", err)
	}
	n := &Notebook{path: path, file: file}
	whole, err := n.read()
	if err == nil {
		err = n.settle(whole)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("notebook: %s: %w", path, err), file.Close())
	}
	return n, nil
}

// read reads all records, and returns where the last whole one ends.
func (n *Notebook) read() (whole int64, err error) {
	r := bufio.NewReaderSize(n.file, RecordMax+16)
	for {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			if len(line) > 0 {
				if _, ok := unpack(line[:len(line)-1]); ok { // it was whole, and its line feed is none any more
					return whole, fmt.Errorf("byte %d: %w: %s", whole, ErrDamaged, whatToDo)
				}
			}
			n.torn = len(line)
			return whole, nil
		}
		if err != nil {
			return whole, fmt.Errorf("byte %d: %w: %w", whole, ErrDamaged, err)
		}
		record, ok := unpack(line[:len(line)-1])
		if !ok {
			// A crash may leave a last line whose end is on the disk and whose begin is not, which
			// reads as zeros. Anything else was changed after it was written.
			if _, err := r.Peek(1); errors.Is(err, io.EOF) && bytes.IndexByte(line, 0) >= 0 {
				n.torn = len(line)
				return whole, nil
			}
			return whole, fmt.Errorf("byte %d: %w: %s", whole, ErrDamaged, whatToDo)
		}
		n.records = append(n.records, bytes.Clone(record))
		whole += int64(len(line))
	}
}

// settle takes off what is behind the last whole record, and makes sure that the file is in its
// directory.
func (n *Notebook) settle(whole int64) error {
	if n.torn > 0 {
		if err := n.file.Truncate(whole); err != nil {
			return err
		}
	}
	if _, err := n.file.Seek(whole, io.SeekStart); err != nil {
		return err
	}
	if err := n.file.Sync(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(n.path))
}

func unpack(line []byte) (record []byte, ok bool) {
	sum, record, ok := bytes.Cut(line, []byte(" "))
	want, err := strconv.ParseUint(string(sum), 16, 32)
	return record, ok && err == nil && len(sum) == 8 && uint32(want) == crc32.Checksum(record, castagnoli)
}

func pack(b, record []byte) []byte {
	b = fmt.Appendf(b, "%08x ", crc32.Checksum(record, castagnoli))
	return append(append(b, record...), '\n')
}

// Records yields what stood in the notebook when it was opened, oldest first, once.
func (n *Notebook) Records() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		n.mu.Lock()
		records := n.records
		n.records = nil
		n.mu.Unlock()
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Torn returns how many bytes were taken off the end when it was opened.
func (n *Notebook) Torn() int { return n.torn }

func (n *Notebook) usable() error {
	if n.file == nil {
		return ErrClosed
	}
	return n.failed
}

// Append adds a record; Sync puts it on the disk. It copies the record.
func (n *Notebook) Append(record []byte) error {
	if len(record) == 0 || len(record) > RecordMax || bytes.IndexByte(record, '\n') >= 0 {
		return fmt.Errorf("notebook: record of %d bytes: %w", len(record), ErrRecord)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.usable(); err != nil {
		return err
	}
	n.pending = pack(n.pending, record)
	return nil
}

// Sync puts all records that were appended before it on the disk. After an error nothing is taken any
// more: how much of it is on the disk is not known.
func (n *Notebook) Sync() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.usable(); err != nil {
		return err
	}
	if len(n.pending) > 0 {
		if _, err := n.file.Write(n.pending); err != nil {
			return n.fail("write", err)
		}
		n.pending = n.pending[:0]
	}
	if err := n.file.Sync(); err != nil {
		return n.fail("sync", err)
	}
	return nil
}

func (n *Notebook) fail(what string, err error) error {
	n.failed = fmt.Errorf("notebook: %s %s: %w", what, n.path, err)
	return n.failed
}

// Replace puts records, and nothing else, on the disk in one step: after a crash either they are there
// or what was there before.
func (n *Notebook) Replace(records iter.Seq[[]byte]) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.usable(); err != nil {
		return err
	}
	temporary := n.path + ".new"
	file, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return n.fail("replace", err)
	}
	w := bufio.NewWriter(file)
	var line []byte
	for record := range records {
		line = pack(line[:0], record)
		if _, err = w.Write(line); err != nil {
			break
		}
	}
	if err == nil {
		err = errors.Join(w.Flush(), file.Sync())
	}
	if err == nil {
		err = os.Rename(temporary, n.path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(n.path))
	}
	if err != nil {
		return n.fail("replace", errors.Join(err, file.Close()))
	}
	old := n.file
	n.file, n.pending = file, nil
	return old.Close()
}

// Close puts what is left on the disk, and lets go of the file.
func (n *Notebook) Close() error {
	n.mu.Lock()
	closed := n.file == nil
	n.mu.Unlock()
	if closed {
		return nil
	}
	err := n.Sync()
	n.mu.Lock()
	defer n.mu.Unlock()
	err = errors.Join(err, n.file.Close())
	n.file = nil
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
