package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// What was written becomes readable after at most flushEvery of the rows' own time, or
// flushBytes: a flush costs a few bytes and some compression, a crash everything behind the last.
const (
	flushEvery = time.Second
	flushBytes = 1 << 20
)

// Writer writes a session as gzip. It reads no clock: a recorder of a quiet connection calls
// Flush now and then. After an error every call returns that error. It is for one goroutine.
type Writer struct {
	zip     *gzip.Writer
	buf     *bufio.Writer // of zip: rows come in many small pieces
	closer  io.Closer
	line    []byte
	flushed market.Timestamp // time of the first row since the last flush
	pending int              // bytes since the last flush
	err     error
}

// Create makes a new file for a session, readable by its owner only. It fails if there is one.
func Create(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	w := NewWriter(f)
	w.closer = f
	return w, nil
}

// NewWriter writes a session to w. The same rows give the same bytes.
func NewWriter(w io.Writer) *Writer {
	// The fastest level: recording must not compete with trading.
	zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return &Writer{zip: zip, buf: bufio.NewWriterSize(zip, 64<<10)}
}

// Write adds a row. The payload is what travelled; the writer turns it into base64 where its
// meta says so, or where a line break makes that necessary, which changes the meta from t to
// t-b64 or from t-binop to b64. In the body of a REST response line breaks become spaces, which
// mean the same in JSON. It fails with ErrRow if kind or meta cannot stand in a row, and leaves
// such a row out.
func (w *Writer) Write(row Row) error {
	if w.err != nil {
		return w.err
	}
	if err := row.check(); err != nil {
		return err
	}
	if w.pending == 0 {
		w.flushed = row.At
	}
	line := strconv.AppendInt(w.line[:0], int64(row.At), 10)
	line = append(line, '\t')
	line = append(line, row.Kind...)
	line = append(line, '\t')
	meta, payload := row.Meta, row.Payload
	frame := row.Kind == KindReceived || row.Kind == KindSent
	broken := bytes.IndexByte(payload, '\n') >= 0
	switch {
	case frame && broken && meta == MetaText:
		meta = MetaTextBase64
	case frame && broken && meta == MetaBinaryText:
		meta = MetaBinaryBase64
	}
	line = append(line, meta...)
	line = append(line, '\t')
	switch {
	case frame && (meta == MetaTextBase64 || meta == MetaBinaryBase64):
		line = base64.StdEncoding.AppendEncode(line, payload)
	case broken:
		start := len(line)
		line = append(line, payload...)
		for i, c := range line[start:] {
			if c == '\n' || c == '\r' {
				line[start+i] = ' '
			}
		}
	default:
		line = append(line, payload...)
	}
	line = append(line, '\n')
	w.line = line
	if len(line) > LineBytesMax {
		w.line = nil
		return fmt.Errorf("capture: write a row: %w", ErrLineTooLong)
	}
	if _, err := w.buf.Write(line); err != nil {
		return w.fail(err)
	}
	w.pending += len(line)
	if w.pending >= flushBytes || row.At.Sub(w.flushed) >= flushEvery {
		return w.Flush()
	}
	return nil
}

// Flush makes every row written so far readable, whatever happens to the process. It does not
// wait for the disk.
func (w *Writer) Flush() error {
	if w.err != nil || w.pending == 0 {
		return w.err
	}
	w.pending = 0
	if err := w.buf.Flush(); err != nil {
		return w.fail(err)
	}
	if err := w.zip.Flush(); err != nil {
		return w.fail(err)
	}
	return nil
}

// Close ends the session and closes the file that Create made.
func (w *Writer) Close() error {
	if errors.Is(w.err, errClosed) {
		return nil
	}
	err := w.err
	if err == nil {
		err = errors.Join(w.buf.Flush(), w.zip.Close())
	}
	if w.closer != nil {
		err = errors.Join(err, w.closer.Close())
	}
	w.err = errClosed
	if err != nil {
		return fmt.Errorf("capture: close: %w", err)
	}
	return nil
}

var errClosed = errors.New("capture: the writer is closed")

func (w *Writer) fail(err error) error {
	w.err = fmt.Errorf("capture: write: %w", err)
	return w.err
}

// check says whether row can be written so that a reader gives it back.
func (r Row) check() error {
	switch {
	case kindOf([]byte(r.Kind)) == "":
		return fmt.Errorf("capture: kind %.32q: want recv, sent, open or http: %w", r.Kind, ErrRow)
	case r.At < 0:
		return fmt.Errorf("capture: time %d is before 1970: %w", int64(r.At), ErrRow)
	case strings.ContainsAny(r.Meta, "\t\n"):
		return fmt.Errorf("capture: meta %.64q holds a tab or a line break: %w", r.Meta, ErrRow)
	}
	if r.Kind == KindReceived || r.Kind == KindSent {
		switch r.Meta {
		case MetaText, MetaBinaryText, MetaBinaryBase64, MetaTextBase64:
		default:
			return fmt.Errorf("capture: meta %.32q of a frame: want t, t-binop, b64 or t-b64: %w", r.Meta, ErrRow)
		}
	}
	return nil
}
