// Package file reads an engine's file from a disk, and tells when it was replaced. It imports nothing
// of Maru; the node hands it to a classifier as its source.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrChanged says that a file was written to while it was read: what was read is neither the old one nor
// the new one. Write a new version beside the old one and rename it.
var ErrChanged = errors.New("the file changed while it was read: write a new version beside it and rename that")

// Source is one file. It may be replaced at any time.
type Source struct{ path string }

// New returns the source of the file at path. It need not be there yet.
func New(path string) *Source { return &Source{path: path} }

// Open opens the file, unless its mark, which is made of its size and the time when it was last written,
// is seen. It fails where there is no regular file; the reader fails with ErrChanged where the file
// is not the one of the mark any more when its end is reached, and with ctx's error when that ends.
func (s *Source) Open(ctx context.Context, seen string) (io.ReadCloser, string, error) {
	info, err := os.Stat(s.path) // before it is opened: a pipe would wait for its writer
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w", s.path, cause(err))
	}
	if !info.Mode().IsRegular() {
		return nil, "", fmt.Errorf("read %s: it is no regular file", s.path)
	}
	if mark := markOf(info); mark == seen {
		return nil, mark, nil
	}
	f, err := os.Open(s.path)
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w", s.path, cause(err))
	}
	// It may have been replaced in between.
	if info, err = f.Stat(); err != nil {
		return nil, "", errors.Join(fmt.Errorf("read %s: %w", s.path, cause(err)), f.Close())
	}
	return &reader{ctx: ctx, f: f, path: s.path, mark: markOf(info)}, markOf(info), nil
}

// cause leaves out operation and path, which the caller names.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// markOf tells versions of a file apart.
func markOf(info fs.FileInfo) string {
	return fmt.Sprintf("%d bytes of %d", info.Size(), info.ModTime().UnixNano())
}

// reader reads a file that should stay as it is.
type reader struct {
	ctx  context.Context
	f    *os.File
	path string
	mark string
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.f.Read(p)
	switch {
	case err == nil:
		return n, nil
	case err != io.EOF:
		return n, fmt.Errorf("read %s: %w", r.path, cause(err))
	}
	info, statErr := r.f.Stat()
	if statErr != nil {
		return n, fmt.Errorf("read %s: %w", r.path, cause(statErr))
	}
	if markOf(info) != r.mark {
		return n, fmt.Errorf("read %s: %w", r.path, ErrChanged)
	}
	return n, io.EOF
}

func (r *reader) Close() error { return r.f.Close() }
