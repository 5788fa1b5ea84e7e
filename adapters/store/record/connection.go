package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/capture"
)

const (
	// wakeBytes is how much waits before the writer is woken ahead of its next flush.
	wakeBytes = 256 << 10
	// headBytesMax bounds what is repeated at the head of a file: far beyond the subscriptions of
	// any connection.
	headBytesMax = 1 << 20
	headRowsMax  = 256
	// retryAfter is how long a disk that failed is left alone.
	retryAfter = 5 * time.Second
	// rowOverhead is what a row may have besides its payload, and gzip at its end.
	rowOverhead = 1 << 10
)

var errClosed = errors.New("record: the store is closed")

// Connection records one connection. Its methods copy what they are given and never wait; they
// may be called from any goroutine.
type Connection struct {
	store       *Store
	dir, source string
	begun       func(path string, continues bool)
	wake        chan struct{}
	ending      chan struct{}
	done        chan struct{}

	mu     sync.Mutex
	rows   []row
	memory []byte // what the payloads of rows lie in
	closed bool

	// What follows is the writer's alone.
	out    *output
	head   []capture.Row // of the connection that is open: how it was opened, what was sent
	headed int           // bytes of it
	retry  market.Timestamp
}

// row is a capture.Row whose payload lies in memory[from:to].
type row struct {
	at         market.Timestamp
	kind, meta string
	from, to   int
}

func newConnection(s *Store, dir, source string, begun func(string, bool)) *Connection {
	return &Connection{store: s, dir: dir, source: source, begun: begun,
		wake: make(chan struct{}, 1), ending: make(chan struct{}), done: make(chan struct{})}
}

// Opened records that a connection to url was made.
func (c *Connection) Opened(url string, at market.Timestamp) {
	c.add(at, capture.KindOpen, url, nil)
}

// Frame records a frame from the venue.
func (c *Connection) Frame(frame []byte, binary bool, at market.Timestamp) {
	if c.add(at, capture.KindReceived, metaOf(frame, binary), frame) {
		c.store.frames.Add(1)
	}
}

// Sent records a frame to the venue.
func (c *Connection) Sent(frame []byte, binary bool, at market.Timestamp) {
	c.add(at, capture.KindSent, metaOf(frame, binary), frame)
}

// HTTP records the body of an answer to a request for url.
func (c *Connection) HTTP(url string, body []byte, at market.Timestamp) {
	c.add(at, capture.KindHTTP, url, body)
}

// metaOf says how a frame travelled. A binary frame that begins like JSON is text to whoever reads
// the file; the writer falls back to base64 where a line break stands in it.
func metaOf(frame []byte, binary bool) string {
	switch {
	case !binary:
		return capture.MetaText
	case len(frame) > 0 && (frame[0] == '{' || frame[0] == '['):
		return capture.MetaBinaryText
	}
	return capture.MetaBinaryBase64
}

// add queues a row, and reports false if there is no room for it.
func (c *Connection) add(at market.Timestamp, kind, meta string, payload []byte) bool {
	c.mu.Lock()
	if c.closed || len(c.memory)+len(payload) > c.store.config.QueueBytesMax {
		c.mu.Unlock()
		c.store.lost.Add(1)
		return false
	}
	from := len(c.memory)
	c.memory = append(c.memory, payload...)
	c.rows = append(c.rows, row{at, kind, meta, from, len(c.memory)})
	full := len(c.memory) >= wakeBytes
	c.mu.Unlock()
	if full {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
	c.store.bytes.Add(uint64(len(payload)))
	return true
}

func (c *Connection) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.ending)
	}
}

// run writes until the connection is closed.
func (c *Connection) run() {
	defer close(c.done)
	ticker := time.NewTicker(FlushEvery)
	defer ticker.Stop()
	var rows []row
	var memory []byte
	for ended := false; !ended; {
		tick := false
		select {
		case <-c.wake:
		case <-ticker.C:
			tick = true
		case <-c.ending:
			ended = true
		}
		c.mu.Lock()
		rows, c.rows = c.rows, rows[:0]
		memory, c.memory = c.memory, memory[:0]
		c.mu.Unlock()
		for _, r := range rows {
			c.write(capture.Row{At: r.at, Kind: r.kind, Meta: r.meta, Payload: memory[r.from:r.to]})
		}
		if tick {
			c.flush()
		}
		const keptBytesMax = 4 << 20
		if cap(memory) > keptBytesMax {
			rows, memory = nil, nil // a burst came by
		}
	}
	c.finish()
}

// write adds a row to the file, to a new one where that is full or old.
func (c *Connection) write(r capture.Row) {
	now := c.store.config.Now()
	if r.Kind == capture.KindOpen {
		c.head, c.headed = c.head[:0], 0
	}
	if c.out != nil && c.out.over(r, now, c.store.config) {
		c.finish()
	}
	if c.out == nil && !c.begin(now) {
		c.store.lost.Add(1)
		c.remember(r)
		return
	}
	err := c.out.write(r)
	switch {
	case errors.Is(err, capture.ErrRow), errors.Is(err, capture.ErrLineTooLong):
		c.store.lost.Add(1) // this row has no form; the file is whole
		c.store.report(fmt.Errorf("record: %s: a row is left out: %w", c.source, err))
	case err != nil:
		c.store.lost.Add(1)
		c.fail(err)
	}
	c.remember(r)
}

// remember keeps what the next file repeats. What was sent twice, such as a ping, is kept once.
func (c *Connection) remember(r capture.Row) {
	if r.Kind != capture.KindOpen && r.Kind != capture.KindSent || len(c.head) >= headRowsMax || c.headed+len(r.Payload) > headBytesMax {
		return
	}
	for _, h := range c.head {
		if h.Kind == r.Kind && bytes.Equal(h.Payload, r.Payload) {
			return
		}
	}
	r.Payload = bytes.Clone(r.Payload)
	c.head = append(c.head, r)
	c.headed += len(r.Payload)
}

// begin makes a new file, and reports false if the disk does not let it.
func (c *Connection) begin(now market.Timestamp) bool {
	if now < c.retry {
		return false
	}
	out, err := create(c.dir, c.source, now, c.store.config.BytesMax, c.store.disk)
	if err != nil {
		c.fail(err)
		return false
	}
	c.out = out
	c.store.files.Add(1)
	continues := len(c.head) > 0
	for _, h := range c.head {
		if err := out.write(h); err != nil {
			c.fail(err)
			return false
		}
	}
	if c.begun != nil {
		c.begun(out.path, continues)
	}
	return true
}

// flush makes what was written readable, and ends a file that is old.
func (c *Connection) flush() {
	if c.out == nil {
		return
	}
	if err := c.out.flush(); err != nil {
		c.fail(err)
		return
	}
	if c.store.config.Now().Sub(c.out.began) >= c.store.config.Every {
		c.finish()
	}
}

// fail gives the file up: what it holds can be read as far as it was flushed.
func (c *Connection) fail(err error) {
	c.retry = c.store.config.Now().Add(retryAfter)
	c.store.report(fmt.Errorf("record: %s: rows are lost; trying again in %v: %w", c.source, retryAfter, err))
	if c.out != nil {
		_ = c.out.close(c.store.disk) // the error is known
		c.out = nil
	}
}

// finish ends the file.
func (c *Connection) finish() {
	if c.out == nil {
		return
	}
	if err := c.out.close(c.store.disk); err != nil {
		c.store.report(fmt.Errorf("record: %s: %w", c.source, err))
	}
	c.out = nil
}

// output is a file that is being written.
type output struct {
	path    string
	file    *os.File
	w       *capture.Writer
	began   market.Timestamp
	written int64 // bytes in the file
	pending int64 // bytes given to w since it was flushed: an upper bound of what they become
}

// create makes the file that begins now. A name that is taken (the clock was set back) gives way to
// the next one.
func create(dir, source string, now market.Timestamp, bytesMax int64, disk *Disk) (*output, error) {
	at := now
	for range 1000 {
		path := filepath.Join(dir, Name(source, at, Suffix))
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			at = at.Add(time.Millisecond)
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := disk.Begin(path, bytesMax); err != nil {
			return nil, errors.Join(err, f.Close(), os.Remove(path), disk.End(path))
		}
		o := &output{path: path, file: f, began: now}
		o.w = capture.NewWriter(&counted{f, &o.written})
		return o, nil
	}
	return nil, fmt.Errorf("%s: a thousand files begin in this second: is another recorder at work?", dir)
}

// counted counts what reaches the file.
type counted struct {
	w io.Writer
	n *int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	*c.n += int64(n)
	return n, err
}

// sizeOf is what a row takes at most.
func sizeOf(r capture.Row) int64 { return int64(len(r.Payload))*4/3 + int64(len(r.Meta)) + rowOverhead }

// over reports whether r needs a new file.
func (o *output) over(r capture.Row, now market.Timestamp, c Config) bool {
	if now.Sub(o.began) >= c.Every {
		return true
	}
	if o.written+o.pending+sizeOf(r) < c.BytesMax {
		return false
	}
	// What waits in memory may become far less: look what it is.
	return o.flush() != nil || o.written+sizeOf(r) >= c.BytesMax
}

func (o *output) write(r capture.Row) error {
	o.pending += sizeOf(r) - rowOverhead + 64
	return o.w.Write(r)
}

func (o *output) flush() error {
	err := o.w.Flush()
	o.pending = 0
	return err
}

// close ends the file and makes sure that it is on the disk.
func (o *output) close(disk *Disk) error {
	return errors.Join(o.w.Close(), o.file.Sync(), o.file.Close(), disk.End(o.path))
}
