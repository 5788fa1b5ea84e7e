package fault

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

const sectorBytes = 512

// inode is a file's content as programs see it, and as the disk has it.
type inode struct {
	seen, disk []byte
	dirty      []write // in order
}

// write is bytes at an offset, or a new length.
type write struct {
	off      int64
	data     []byte
	truncate bool // to off
}

func (w write) apply(b []byte) []byte {
	if w.truncate {
		if w.off <= int64(len(b)) {
			return b[:w.off:w.off] // what is appended later must not share what was cut off
		}
		return append(b, make([]byte, w.off-int64(len(b)))...)
	}
	if end := w.off + int64(len(w.data)); end > int64(len(b)) {
		b = append(b, make([]byte, end-int64(len(b)))...)
	}
	copy(b[w.off:], w.data)
	return b
}

// settle decides what of a file's unsynced content survives.
func (d *Disk) settle(n *inode) {
	d.survive(n)
	n.seen = bytes.Clone(n.disk)
}

// survive moves a part of what is dirty to the disk and forgets the rest.
func (d *Disk) survive(n *inode) {
	const (
		nothing = iota
		everything
		start     // up to any byte
		scattered // any sectors, in any order
		modes
	)
	mode := d.rng.IntN(modes)
	total := 0
	for _, w := range n.dirty {
		total += len(w.data)
	}
	left := 0 // bytes of what is written first
	if mode == start && total > 0 {
		left = d.rng.IntN(total)
	}
	for _, w := range n.dirty {
		switch {
		case mode == nothing:
			d.counts[LostWrite]++
		case mode == everything:
			n.disk = w.apply(n.disk)
		case w.truncate:
			if d.rng.IntN(2) == 0 {
				n.disk = w.apply(n.disk)
			} else {
				d.counts[LostWrite]++
			}
		case mode == start:
			if len(w.data) <= left {
				n.disk = w.apply(n.disk)
			} else if left > 0 {
				d.counts[TornWrite]++
				n.disk = write{off: w.off, data: w.data[:left]}.apply(n.disk)
			} else {
				d.counts[LostWrite]++
			}
			left -= min(left, len(w.data))
		default:
			d.scatter(n, w)
		}
	}
	n.dirty = nil
}

// scatter lets any sectors of w survive, one perhaps in part, and perhaps the length without
// the data, which then reads as zeros or as what lay on the disk before.
func (d *Disk) scatter(n *inode, w write) {
	end := w.off + int64(len(w.data))
	if d.rng.IntN(2) == 0 && end > int64(len(n.disk)) {
		filler := make([]byte, end-int64(len(n.disk)))
		if d.rng.IntN(2) == 0 {
			for i := range filler {
				filler[i] = byte(d.rng.Uint32())
			}
		}
		n.disk = append(n.disk, filler...)
	}
	whole := true
	for off := w.off; off < end; {
		next := min(end, off-off%sectorBytes+sectorBytes)
		part := write{off: off, data: w.data[off-w.off : next-w.off]}
		switch d.rng.IntN(4) {
		case 0:
			whole = false
		case 1:
			part.data = part.data[:d.rng.IntN(len(part.data)+1)]
			whole = whole && len(part.data) == int(next-off)
			n.disk = part.apply(n.disk)
		default:
			n.disk = part.apply(n.disk)
		}
		off = next
	}
	if !whole {
		d.counts[TornWrite]++
	}
}

// file is an open file. It implements journal.File.
type file struct {
	disk     *Disk
	node     *inode
	name     string
	boot     int
	writable bool
	closed   bool
}

// usable is asked with the lock held.
func (f *file) usable(op string, writing bool) error {
	switch {
	case f.disk.off:
		return f.fault(op, ErrPowerLoss)
	case f.closed || f.boot != f.disk.boots:
		return f.fault(op, fs.ErrClosed)
	case writing && !f.writable:
		return f.fault(op, fs.ErrPermission)
	}
	return nil
}

func (f *file) fault(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.usable("read", false); err != nil {
		return 0, err
	}
	if off >= int64(len(f.node.seen)) {
		return 0, io.EOF
	}
	n := copy(b, f.node.seen[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt.
func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.usable("write", true); err != nil {
		return 0, err
	}
	crash, err := f.disk.begin()
	n := len(b)
	switch {
	case err != nil:
		f.disk.counts[FailedOp]++
		n = f.disk.rng.IntN(len(b) + 1)
	case crash:
		err = ErrPowerLoss
	default:
		if room := f.disk.room(f.node, off); int64(n) > room {
			f.disk.counts[FullDisk]++
			n, err = int(room), syscall.ENOSPC
		}
	}
	w := write{off: off, data: bytes.Clone(b[:n])}
	f.node.seen = w.apply(f.node.seen)
	f.node.dirty = append(f.node.dirty, w)
	if err != nil {
		return n, f.fault("write", err)
	}
	return n, nil
}

// room returns how many bytes may be written to n from off on.
func (d *Disk) room(n *inode, off int64) int64 {
	if d.plan.BytesMax == 0 {
		return 1 << 62
	}
	room := d.plan.BytesMax + int64(len(n.seen)) - off
	for _, dir := range d.dirs {
		for _, other := range dir.seen {
			room -= int64(len(other.seen))
		}
	}
	return max(0, room)
}

// Truncate implements journal.File.
func (f *file) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.usable("truncate", true); err != nil {
		return err
	}
	if size < 0 {
		return f.fault("truncate", fmt.Errorf("size %d: %w", size, syscall.EINVAL))
	}
	crash, err := f.disk.begin()
	if err != nil {
		f.disk.counts[FailedOp]++
		return f.fault("truncate", err)
	}
	w := write{off: size, truncate: true}
	f.node.seen = w.apply(f.node.seen)
	f.node.dirty = append(f.node.dirty, w)
	if crash {
		return f.fault("truncate", ErrPowerLoss)
	}
	return nil
}

// Sync implements journal.File.
func (f *file) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.usable("sync", true); err != nil {
		return err
	}
	crash, err := f.disk.begin()
	switch {
	case crash:
		return f.fault("sync", ErrPowerLoss)
	case err != nil:
		f.disk.counts[FailedSync]++
		f.disk.survive(f.node)
		if !bytes.Equal(f.node.disk, f.node.seen) {
			f.disk.counts[ForgottenData]++
		}
		return f.fault("sync", err)
	}
	for _, w := range f.node.dirty {
		f.node.disk = w.apply(f.node.disk)
	}
	f.node.dirty = nil
	return nil
}

// Size implements journal.File.
func (f *file) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.usable("stat", false); err != nil {
		return 0, err
	}
	return int64(len(f.node.seen)), nil
}

// Close implements journal.File. It syncs nothing.
func (f *file) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return f.fault("close", fs.ErrClosed)
	}
	f.closed = true
	return nil
}
