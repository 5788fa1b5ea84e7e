package replay

import (
	"errors"
	"fmt"
	"io"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/capture"
)

// frame is one recorded frame on its way to the clients.
type frame struct {
	at      market.Timestamp
	binary  bool
	payload []byte
}

const (
	// A chunk is what the reader hands over at once: enough frames to make the hand-over cheap.
	chunkFrames = 512
	chunkBytes  = 256 << 10
	// chunksAhead bounds how far the files are read ahead of the clients: about 1 MiB.
	chunksAhead = 4
)

// chunk is a run of frames and the memory they lie in.
type chunk struct {
	frames []frame
	memory []byte
	err    error // behind the frames: io.EOF or what went wrong
}

// timeline yields the frames of several sessions in order of time, reading ahead in a goroutine.
type timeline struct {
	chunks chan *chunk
	free   chan *chunk
	stop   chan struct{}
	now    *chunk
	next   int
}

// track is one session on the timeline.
type track struct {
	r    *capture.Reader
	path string
	rows bool             // rows that are bodies go over REST
	head capture.Row      // the next row
	at   market.Timestamp // its time, or that of the row before it where it has none
}

// openTimeline starts to read. The caller ends it with close.
func openTimeline(d dialect, files []file) (*timeline, error) {
	tracks := make([]*track, 0, len(files))
	closeAll := func() {
		for _, t := range tracks {
			t.r.Close()
		}
	}
	for _, f := range files {
		r, err := capture.Open(f.path)
		if err != nil {
			closeAll()
			return nil, fmt.Errorf("replay: %w", err)
		}
		tracks = append(tracks, &track{r: r, path: f.path, rows: f.bodies})
	}
	t := &timeline{
		chunks: make(chan *chunk, chunksAhead),
		free:   make(chan *chunk, chunksAhead+2),
		stop:   make(chan struct{}),
	}
	go func() {
		defer closeAll()
		t.read(d, tracks)
	}()
	return t, nil
}

// read fills chunks until the end of every track or until it is stopped.
func (t *timeline) read(d dialect, tracks []*track) {
	live := make([]*track, 0, len(tracks))
	c := t.empty()
	for _, tr := range tracks {
		switch err := tr.advance(d); {
		case err == nil:
			live = append(live, tr)
		case !errors.Is(err, io.EOF):
			c.err = err
			t.give(c)
			return
		}
	}
	for len(live) > 0 {
		first := 0
		for i, tr := range live[1:] {
			if tr.at < live[first].at { // the earlier file goes first among equals
				first = i + 1
			}
		}
		tr := live[first]
		// A payload may move the memory; frames that lie in the old one stay right.
		start := len(c.memory)
		c.memory = append(c.memory, tr.head.Payload...)
		c.frames = append(c.frames, frame{tr.at, tr.head.Binary(), c.memory[start:len(c.memory):len(c.memory)]})
		switch err := tr.advance(d); {
		case errors.Is(err, io.EOF):
			live = append(live[:first], live[first+1:]...)
		case err != nil:
			c.err = err
			t.give(c)
			return
		}
		if len(c.frames) >= chunkFrames || len(c.memory) >= chunkBytes {
			if !t.give(c) {
				return
			}
			c = t.empty()
		}
	}
	c.err = io.EOF
	t.give(c)
}

func (t *timeline) empty() *chunk {
	select {
	case c := <-t.free:
		c.frames, c.memory = c.frames[:0], c.memory[:0]
		if cap(c.memory) > 4*chunkBytes {
			c.memory = nil // a giant frame came by
		}
		return c
	default:
		return &chunk{frames: make([]frame, 0, chunkFrames), memory: make([]byte, 0, chunkBytes+chunkBytes/4)}
	}
}

func (t *timeline) give(c *chunk) bool {
	select {
	case t.chunks <- c:
		return true
	case <-t.stop:
		return false
	}
}

// close ends the reading.
func (t *timeline) close() { close(t.stop) }

// ready reports whether the next call of peek returns at once.
func (t *timeline) ready() bool { return t.now != nil || len(t.chunks) > 0 }

// peek returns the next frame, valid until the call of take after; io.EOF is the end.
func (t *timeline) peek() (frame, error) {
	for {
		if t.now == nil {
			t.now, t.next = <-t.chunks, 0
		}
		if t.next < len(t.now.frames) {
			return t.now.frames[t.next], nil
		}
		if t.now.err != nil {
			return frame{}, t.now.err
		}
		t.free <- t.now
		t.now = nil
	}
}

// take goes on behind the frame that peek returned.
func (t *timeline) take() { t.next++ }

// advance goes to the next row that travels over the WebSocket. A session that breaks off ends
// there.
func (t *track) advance(d dialect) error {
	for {
		row, err := t.r.Next()
		if errors.Is(err, capture.ErrTruncated) {
			return io.EOF
		}
		if err != nil {
			return err
		}
		if row.At != 0 {
			t.at = max(t.at, row.At)
		}
		if row.Kind == capture.KindReceived && !(t.rows && d.body(row.Payload)) && !d.answer(row.Payload) {
			t.head = row
			return nil
		}
	}
}
