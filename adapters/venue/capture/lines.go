package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// readBufferBytes lets nearly every line be handed out without a copy.
const readBufferBytes = 256 << 10

// longKeptBytes is the largest buffer kept for the next long line: one giant must not hold its
// memory until the end of the file.
const longKeptBytes = 1 << 20

// lines yields the lines of a file, gzip or plain, with bounded memory.
type lines struct {
	name string
	in   *bufio.Reader // of the text
	long []byte        // a line that did not fit in's buffer; kept to be used again
	line int           // lines read so far
	max  int           // longest line taken, LineBytesMax but in tests
	err  error         // the end, sticky
}

// openLines finds out by its first two bytes whether r is gzip. The reader name goes into errors.
func openLines(r io.Reader, name string) (*lines, error) {
	l := &lines{name: name, max: LineBytesMax}
	raw := bufio.NewReaderSize(r, readBufferBytes)
	magic, err := raw.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("capture: %s: %w", name, err)
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		l.in = raw
		return l, nil
	}
	unzipped, err := gzip.NewReader(raw)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		l.err = l.truncated()
		return l, nil
	case err != nil:
		return nil, fmt.Errorf("capture: %s: %w", name, err)
	}
	l.in = bufio.NewReaderSize(unzipped, readBufferBytes)
	return l, nil
}

// next returns the next line without its line break, valid until the next call. It returns
// io.EOF at the end, ErrTruncated wrapped where gzip breaks off, and a *LineError for a line
// that is too long, behind which it can go on.
func (l *lines) next() ([]byte, error) {
	if l.err != nil {
		return nil, l.err
	}
	if cap(l.long) > longKeptBytes {
		l.long = nil
	}
	l.long = l.long[:0]
	tooLong := false
	for {
		part, err := l.in.ReadSlice('\n')
		if len(l.long)+len(part) > l.max+1 {
			tooLong = true
			l.long = l.long[:0]
		}
		switch {
		case err == nil || errors.Is(err, io.EOF):
		case errors.Is(err, bufio.ErrBufferFull):
			if !tooLong {
				l.long = append(l.long, part...)
			}
			continue
		case errors.Is(err, io.ErrUnexpectedEOF):
			l.err = l.truncated() // the line begun is not whole
			return nil, l.err
		default:
			l.err = fmt.Errorf("capture: %s: behind line %d: %w", l.name, l.line, err)
			return nil, l.err
		}
		if err != nil {
			l.err = io.EOF
			if len(part) == 0 && len(l.long) == 0 && !tooLong {
				return nil, io.EOF
			}
		}
		l.line++
		if tooLong {
			return nil, l.wrong(ErrLineTooLong)
		}
		if len(l.long) > 0 {
			l.long = append(l.long, part...)
			part = l.long
		}
		return bytes.TrimSuffix(part, []byte{'\n'}), nil
	}
}

func (l *lines) truncated() error {
	return fmt.Errorf("capture: %s: behind line %d: %w", l.name, l.line, ErrTruncated)
}

func (l *lines) wrong(err error) error { return &LineError{Name: l.name, Line: l.line, Err: err} }
