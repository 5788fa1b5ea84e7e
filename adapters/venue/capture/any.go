package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Format is a shape in which people keep frames.
type Format uint8

const (
	FormatSession Format = 1 + iota // a session: rows of four columns
	FormatObjects                   // one JSON object a line, the frame in its field raw
	FormatFrames                    // the frames themselves, one a line
)

// String returns session, objects, frames or "-".
func (f Format) String() string {
	switch f {
	case FormatSession:
		return "session"
	case FormatObjects:
		return "objects"
	case FormatFrames:
		return "frames"
	}
	return "-"
}

// Item is one frame or body and where it stands.
type Item struct {
	Row
	Line int // counted from 1
	// What FormatObjects adds; empty otherwise.
	ID     string // the name of the frame
	Feed   string // ws-public, ws-private, rest-public or rest-private
	Op     string // coarse class, set by a script; may be wrong
	Origin string // how far to trust the frame
}

// AnyReader reads frames in any of the three shapes, gzip or plain.
type AnyReader struct {
	session Reader // also holds the lines of the other shapes
	format  Format
	first   []byte // the line that told the format, to be read again
	pending error  // met while looking for that line
	object  object
	buf     []byte
}

// object is a line of FormatObjects. Other fields are ignored.
type object struct {
	ID      string  `json:"id"`
	Feed    string  `json:"feed"`
	Op      string  `json:"op"`
	Origin  string  `json:"origin"`
	Raw     *string `json:"raw"`
	Request struct {
		Path  string `json:"path"`
		Query string `json:"query"`
	} `json:"request"`
}

// OpenAny opens the file at path, or stdin if path is "-", and finds its format by the first
// line that is not empty: a row of a session, a JSON object with the texts raw and feed, or
// anything else, which is taken for frames. The caller closes the reader; stdin stays open.
func OpenAny(path string, stdin io.Reader) (*AnyReader, error) {
	var (
		in     = stdin
		name   = "stdin"
		closer io.Closer
	)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("capture: %w", err)
		}
		in, name, closer = f, path, f
	}
	r, err := NewAny(in, name)
	if err != nil {
		if closer != nil {
			closer.Close()
		}
		return nil, err
	}
	r.session.closer = closer
	return r, nil
}

// NewAny is OpenAny of what is open already; errors call it name.
func NewAny(in io.Reader, name string) (*AnyReader, error) {
	l, err := openLines(in, name)
	if err != nil {
		return nil, err
	}
	r := &AnyReader{session: Reader{lines: l}, format: FormatFrames}
	for {
		line, err := l.next()
		if err != nil {
			r.pending = err // the caller gets it where the file ends
			return r, nil   //nolint:nilerr // as above
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		r.first = bytes.Clone(line)
		r.format = r.detect(line)
		return r, nil
	}
}

// Format says what shape was found.
func (r *AnyReader) Format() Format { return r.format }

// Close closes the file.
func (r *AnyReader) Close() error { return r.session.Close() }

// Next returns the next item; its payload is valid until the call after. Empty lines are left
// out. It ends and fails as Reader.Next does: behind a *LineError reading can go on.
func (r *AnyReader) Next() (Item, error) {
	for {
		line, err := r.line()
		if err != nil {
			return Item{}, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		item := Item{Line: r.session.lines.line}
		switch r.format {
		case FormatSession:
			item.Row, err = r.session.row(line)
		case FormatObjects:
			err = r.readObject(line, &item)
		default:
			item.Row = Row{Kind: KindReceived, Meta: MetaText, Payload: bytes.TrimSuffix(line, []byte{'\r'})}
		}
		if err != nil {
			return Item{}, r.session.lines.wrong(err)
		}
		return item, nil
	}
}

// line returns the line that told the format first, then those behind it.
func (r *AnyReader) line() ([]byte, error) {
	switch {
	case r.first != nil:
		line := r.first
		r.first = nil
		return line, nil
	case r.pending != nil:
		err := r.pending
		if IsLineError(err) {
			r.pending = nil
		}
		return nil, err
	}
	return r.session.lines.next()
}

func (r *AnyReader) detect(line []byte) Format {
	if at, rest, ok := bytes.Cut(line, []byte{'\t'}); ok {
		kind, _, ok := bytes.Cut(rest, []byte{'\t'})
		if _, number := parseNanos(at); ok && number && kindOf(kind) != "" {
			return FormatSession
		}
	}
	if line[0] == '{' {
		var o object
		if json.Unmarshal(line, &o) == nil && o.Raw != nil && o.Feed != "" {
			return FormatObjects
		}
	}
	return FormatFrames
}

// readObject fills item from a line of FormatObjects.
func (r *AnyReader) readObject(line []byte, item *Item) error {
	r.object = object{}
	o := &r.object
	if err := json.Unmarshal(line, o); err != nil {
		return fmt.Errorf("not a JSON object with the frame in its field raw: %w", err)
	}
	if o.Raw == nil {
		return errors.New("the object has no field raw")
	}
	r.buf = append(r.buf[:0], *o.Raw...)
	item.ID, item.Feed, item.Op, item.Origin = o.ID, o.Feed, o.Op, o.Origin
	item.Row = Row{Kind: KindReceived, Meta: MetaText, Payload: r.buf}
	if strings.HasPrefix(o.Feed, "rest") {
		item.Kind, item.Meta = KindHTTP, o.Request.Path
		if o.Request.Query != "" {
			item.Meta += "?" + o.Request.Query
		}
	}
	return nil
}
