package deadletter

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/internal/rotate"
)

// Filter says which dead letters are wanted. Zero fields mean any.
type Filter struct {
	Venue  market.Venue
	Reason string
	Since  market.Timestamp // received at or after; a letter without a time passes
}

func (f Filter) passes(s Stored) bool {
	return (f.Venue == "" || f.Venue == s.Venue) && (f.Reason == "" || f.Reason == s.Reason) &&
		(f.Since == 0 || s.Time == 0 || s.Time >= f.Since)
}

// Read yields the dead letters in dir, oldest first, also while a store writes to it. A line
// that cannot be read, such as one that a crash cut, is yielded as an error that names file and
// line, and the next line follows. A file that cannot be read ends it with its error.
func Read(dir string, f Filter) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		files, err := rotate.Files(filepath.Join(dir, fileName))
		if err != nil {
			yield(Stored{}, fmt.Errorf("deadletter: %w", err))
			return
		}
		for _, name := range files {
			if !readFile(name, f, yield) {
				return
			}
		}
	}
}

// readFile reports whether to go on.
func readFile(name string, f Filter, yield func(Stored, error) bool) bool {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return true // rotated away meanwhile
	}
	if err != nil {
		yield(Stored{}, fmt.Errorf("deadletter: %w", err))
		return false
	}
	defer func() { _ = file.Close() }() // read only
	in := bufio.NewReaderSize(file, 64<<10)
	for n := 1; ; n++ {
		text, err := readLine(in)
		switch {
		case errors.Is(err, io.EOF):
			return true
		case errors.Is(err, errLong):
		case err != nil:
			yield(Stored{}, fmt.Errorf("deadletter: %s: line %d: %w", name, n, err))
			return false
		}
		var s Stored
		if err == nil {
			s, err = parseLine(text)
		}
		switch {
		case err != nil:
			if !yield(Stored{}, fmt.Errorf("deadletter: %s: line %d: %w", name, n, err)) {
				return false
			}
		case f.passes(s):
			if !yield(s, nil) {
				return false
			}
		}
	}
}

var errLong = fmt.Errorf("longer than %d bytes", lineBytesMost)

// readLine returns a line without its end; errLong, with the line skipped, for one that no store
// wrote; io.EOF at the end.
func readLine(in *bufio.Reader) ([]byte, error) {
	var text []byte
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if long = long || len(text)+len(part) > lineBytesMost; !long {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (len(text) > 0 || long):
		case err != nil:
			return nil, err
		}
		if long {
			return nil, errLong
		}
		return text, nil
	}
}
