package stdio

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"time"
)

var errLong = errors.New("line too long")

// lineReader reads lines of bounded length.
type lineReader struct {
	r    *bufio.Reader
	tail []byte // what stood behind the last line feed
}

func newLineReader(r io.Reader, most int) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, most)}
}

// next returns the next whole line without its line feed, in memory of its own. It fails with errLong,
// and returns that part of a line that fits, for one that does not end within the bound.
func (l *lineReader) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return slices.Clone(line), errLong
	case err != nil:
		l.tail = slices.Clone(line)
		return nil, err
	}
	return bytes.Clone(bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))), nil
}

// rest returns how many bytes stood behind the last line feed at the end.
func (l *lineReader) rest() int { return len(l.tail) }

// left returns those bytes.
func (l *lineReader) left() []byte { return l.tail }

// limit allows so many things in each second.
type limit struct {
	most  int
	now   func() time.Time
	since time.Time
	n     int
}

func newLimit(most int, now func() time.Time) *limit { return &limit{most: most, now: now} }

func (l *limit) allow() bool {
	if now := l.now(); now.Sub(l.since) >= time.Second || l.since.IsZero() {
		l.since, l.n = now, 0
	}
	l.n++
	return l.n <= l.most
}
