package record

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"
)

// Disk bounds what the files below a directory take. A file that is begun counts with the most that
// it may grow to, so that the limit holds at every moment; to make room the oldest finished
// files are removed, never one that is still written. It may be used from any goroutine.
type Disk struct {
	bytesMax int64

	mu       sync.Mutex
	finished []file // oldest first
	open     map[string]int64
	bytes    int64 // of finished
	reserved int64 // of open
	removed  int
}

type file struct {
	path  string
	bytes int64
	at    time.Time // last written
}

// Usage is what recordings take.
type Usage struct {
	Files   int   // finished and open
	Bytes   int64 // on the disk now
	Removed int   // files removed for the limit since OpenDisk
}

// ErrDiskLimit is wrapped where the limit cannot be kept: too many files are written at once.
var ErrDiskLimit = errors.New("the limit on disk use is too small")

// recorded matches the names that Name makes; other files below the directory are not touched.
var recorded = regexp.MustCompile(`-\d{8}T\d{6}\.\d{3}Z(\.frames\.gz|\.ndjson\.gz|\.parquet|\.refused\.ndjson)$`)

// OpenDisk bounds the recordings below dir, those of earlier runs included, to that many bytes.
func OpenDisk(dir string, bytesMax int64) (*Disk, error) {
	d := &Disk{bytesMax: bytesMax, open: map[string]int64{}}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() || !recorded.MatchString(entry.Name()) {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		d.finished = append(d.finished, file{path, info.Size(), info.ModTime()})
		d.bytes += info.Size()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("record: look through %s: %w", dir, err)
	}
	slices.SortStableFunc(d.finished, func(a, b file) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.path, b.path)) })
	return d, nil
}

// Begin tells that the file at path is about to be written and may grow to that many bytes, or
// must be kept for now if it is there already. It removes the oldest finished files to make
// room, and fails with ErrDiskLimit where that is not enough, or with the disk's errors.
func (d *Disk) Begin(path string, most int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := slices.IndexFunc(d.finished, func(f file) bool { return f.path == path }); i >= 0 {
		d.bytes -= d.finished[i].bytes
		d.finished = slices.Delete(d.finished, i, i+1)
	}
	d.reserved += most - d.open[path]
	d.open[path] = most
	if d.reserved > d.bytesMax {
		err := fmt.Errorf("record: %d files of up to %d bytes in all are written at once, %d bytes are allowed: %w", len(d.open), d.reserved, d.bytesMax, ErrDiskLimit)
		d.reserved -= most
		delete(d.open, path)
		return err
	}
	return d.trim()
}

// End tells that the file is written no more, or is gone; from now on it may be removed.
func (d *Disk) End(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reserved -= d.open[path]
	delete(d.open, path)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	d.finished = append(d.finished, file{path, info.Size(), info.ModTime()})
	d.bytes += info.Size()
	return d.trim()
}

// trim removes the oldest files until the rest and what is reserved fit. A file that cannot be
// removed is passed over: the next one goes in its place.
func (d *Disk) trim() (err error) {
	for i := 0; d.bytes+d.reserved > d.bytesMax && i < len(d.finished); {
		f := d.finished[i]
		if e := os.Remove(f.path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("record: make room: %w", e))
			i++
			continue
		}
		d.finished = slices.Delete(d.finished, i, i+1)
		d.bytes -= f.bytes
		d.removed++
	}
	return err
}

// Usage returns what the recordings take now.
func (d *Disk) Usage() Usage {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := Usage{Files: len(d.finished), Bytes: d.bytes, Removed: d.removed}
	for path := range d.open {
		if info, err := os.Stat(path); err == nil {
			u.Files++
			u.Bytes += info.Size()
		}
	}
	return u
}
