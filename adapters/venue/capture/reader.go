package capture

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/maru-trading/maru/actors/market"
)

// Reader reads a session, gzip or plain, row by row, holding one row at a time.
type Reader struct {
	lines  *lines
	closer io.Closer
	meta   string // the last meta, kept because the same one comes again and again
	buf    []byte // base64 undone
}

// Open opens the session in that file. The caller closes the reader.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	r, err := newReader(f, path)
	if err != nil {
		f.Close()
		return nil, err
	}
	r.closer = f
	return r, nil
}

// NewReader reads the session in r; errors call it "input".
func NewReader(r io.Reader) (*Reader, error) { return newReader(r, "input") }

func newReader(r io.Reader, name string) (*Reader, error) {
	l, err := openLines(r, name)
	if err != nil {
		return nil, err
	}
	return &Reader{lines: l}, nil
}

// Next returns the next row; its payload is valid until the call after. At the end it returns
// io.EOF, and where the session breaks off an error that wraps ErrTruncated. A line that is no
// row gives a *LineError, and the next call goes on behind it; every other error is final.
func (r *Reader) Next() (Row, error) {
	line, err := r.lines.next()
	if err != nil {
		return Row{}, err
	}
	row, err := r.row(line)
	if err != nil {
		return Row{}, r.lines.wrong(err)
	}
	return row, nil
}

// Line returns the number of the line read last, counted from 1.
func (r *Reader) Line() int { return r.lines.line }

// Close closes the file that Open opened.
func (r *Reader) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// row takes a line apart.
func (r *Reader) row(line []byte) (Row, error) {
	at, rest, ok1 := bytes.Cut(line, []byte{'\t'})
	kind, rest, ok2 := bytes.Cut(rest, []byte{'\t'})
	meta, payload, ok3 := bytes.Cut(rest, []byte{'\t'})
	if !ok1 || !ok2 || !ok3 {
		return Row{}, ErrRow
	}
	nanos, ok := parseNanos(at)
	if !ok {
		return Row{}, fmt.Errorf("time %.32q: want unix nanoseconds: %w", at, ErrRow)
	}
	row := Row{At: market.Timestamp(nanos), Payload: payload}
	if row.Kind = kindOf(kind); row.Kind == "" {
		return Row{}, fmt.Errorf("kind %.32q: want recv, sent, open or http: %w", kind, ErrRow)
	}
	if string(meta) != r.meta {
		r.meta = string(meta)
	}
	row.Meta = r.meta
	if row.Kind != KindReceived && row.Kind != KindSent {
		return row, nil
	}
	switch row.Meta {
	case MetaText, MetaBinaryText:
	case MetaBinaryBase64, MetaTextBase64:
		var err error
		r.buf, err = base64.StdEncoding.AppendDecode(r.buf[:0], payload)
		if err != nil {
			return Row{}, fmt.Errorf("payload said to be base64: %w", err)
		}
		row.Payload = r.buf
	default:
		return Row{}, fmt.Errorf("meta %.32q of a frame: want t, t-binop, b64 or t-b64: %w", meta, ErrRow)
	}
	return row, nil
}

// kindOf returns the kind of that name, or "".
func kindOf(name []byte) string {
	switch string(name) {
	case KindReceived:
		return KindReceived
	case KindSent:
		return KindSent
	case KindOpen:
		return KindOpen
	case KindHTTP:
		return KindHTTP
	}
	return ""
}

// parseNanos reads an unsigned count that an int64 holds.
func parseNanos(text []byte) (int64, bool) {
	if len(text) == 0 || len(text) > 19 {
		return 0, false
	}
	var n uint64 // at most 19 digits: below 2^64
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return int64(n), n < 1<<63
}

// IsLineError reports whether err is of one line only, so that reading can go on.
func IsLineError(err error) bool {
	var line *LineError
	return errors.As(err, &line)
}
