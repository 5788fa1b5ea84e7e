// Package rotate is a file that is bounded: beyond a size it becomes name.1, name.1 becomes
// name.2, and the oldest is removed. Logs and dead letters are kept in such files. It imports
// nothing of Maru.
package rotate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Config says where a file lies and how much of it is kept.
type Config struct {
	// Path is the file that is written to. Older ones are beside it: Path.1 is the newest.
	Path string
	// BytesMax is the length in bytes beyond which a new file is begun, 1 or more.
	BytesMax int64
	// FilesMax is how many files are kept, the one written to included, 1 to 1,000. With 1
	// everything is dropped when the file is full.
	FilesMax int
}

const filesMost = 1000

// Validate names everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	if c.Path == "" {
		errs = append(errs, errors.New("rotate: Path: empty (want a file)"))
	}
	if c.BytesMax < 1 {
		errs = append(errs, fmt.Errorf("BytesMax: %d (want 1 or more)", c.BytesMax))
	}
	if c.FilesMax < 1 || c.FilesMax > filesMost {
		errs = append(errs, fmt.Errorf("FilesMax: %d (want 1 to %d)", c.FilesMax, filesMost))
	}
	return errors.Join(errs...)
}

// ErrTooLarge is returned for a write that no file could hold.
var ErrTooLarge = errors.New("longer than a whole file may be")

// Writer is a rotating file. It may be used from any goroutine.
type Writer struct {
	config Config

	mu    sync.Mutex
	file  *os.File // nil: to be opened by the next write
	bytes int64
	torn  bool // the last write left a part of itself
	err   error
}

// Open opens the file for appending and makes it, for the owner only, if it is not there. Its
// directory must exist. It fails on an invalid configuration and with the disk's errors.
func Open(c Config) (*Writer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	w := &Writer{config: c}
	if err := w.open(); err != nil {
		return nil, err
	}
	// FilesMax may have been larger before.
	for i := c.FilesMax; i < filesMost; i++ {
		if err := os.Remove(w.name(i)); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	return w, nil
}

func (w *Writer) open() error {
	file, err := os.OpenFile(w.config.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	w.file, w.bytes = file, info.Size()
	// Someone killed while writing left a line without an end: the next one must not join it.
	last := []byte{'\n'}
	if w.bytes > 0 {
		if _, err := file.ReadAt(last, w.bytes-1); err != nil {
			return errors.Join(err, w.close())
		}
	}
	w.torn = last[0] != '\n'
	return nil
}

// Write appends b, which must be whole lines, to one file: it is never split over two. A failure
// loses b and nothing else: the next Write tries the disk again. It fails with ErrTooLarge, with
// fs.ErrClosed after Close, and with the disk's errors.
func (w *Writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	if int64(len(b)) > w.config.BytesMax {
		return 0, fmt.Errorf("%s: %d bytes: %w", w.config.Path, len(b), ErrTooLarge)
	}
	if w.file == nil {
		if err := w.open(); err != nil {
			return 0, err
		}
	}
	if w.bytes > 0 && w.bytes+int64(len(b)) > w.config.BytesMax {
		if err := w.rotate(); err != nil {
			return 0, err
		}
	}
	if w.torn {
		n, err := w.file.Write([]byte{'\n'})
		w.bytes += int64(n)
		if err != nil {
			return 0, err
		}
		w.torn = false
	}
	n, err := w.file.Write(b)
	w.bytes += int64(n)
	w.torn = err != nil && n > 0
	return n, err
}

// rotate moves every file one further and begins a new one.
func (w *Writer) rotate() error {
	if err := w.close(); err != nil {
		return err
	}
	if err := os.Remove(w.name(w.config.FilesMax - 1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for i := w.config.FilesMax - 2; i >= 0; i-- {
		if err := os.Rename(w.name(i), w.name(i+1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return w.open()
}

func (w *Writer) name(i int) string { return Name(w.config.Path, i) }

// Name returns the path of the i-th file, 0 the one written to and higher ones older.
func Name(path string, i int) string {
	if i == 0 {
		return path
	}
	return fmt.Sprintf("%s.%d", path, i)
}

// Files returns the files of path that are there, oldest first.
func Files(path string) ([]string, error) {
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return nil, err
	}
	var files []string
	for i := filesMost - 1; i >= 0; i-- {
		name := Name(path, i)
		switch _, err := os.Stat(name); {
		case err == nil:
			files = append(files, name)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return files, nil
}

// Close closes the file. What was written is the operating system's to store. It may be called
// again.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return nil
	}
	w.err = fmt.Errorf("%s: %w", w.config.Path, fs.ErrClosed)
	return w.close()
}

func (w *Writer) close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}
