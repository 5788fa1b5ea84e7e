package parquet

import (
	"compress/flate"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Stats counts what was kept since Open.
type Stats struct {
	Events    uint64 // written to segments
	Lost      uint64 // left out because the disk was too slow or failed
	Rows      uint64 // in tables
	Refused   uint64 // lines that no table takes
	Converted uint64 // segments
	Waiting   int    // segments that wait to be converted
}

// Store writes messages to segments from one goroutine and converts them in another. It may be
// used from any goroutine.
type Store struct {
	config Config
	disk   Disk
	report func(error)

	events, lost, rows, refused, converted atomic.Uint64

	mu      sync.Mutex
	queue   []message.Event
	weight  int // events and levels in the queue
	closed  bool
	ending  chan struct{}
	wake    chan struct{}
	written chan struct{} // closed when the writer is done

	convertMu sync.Mutex
	waiting   []string // segments to convert, oldest first
	last      bool     // no more will come
	more      chan struct{}
	done      chan struct{} // closed when the converter is done

	// What follows is the writer's alone.
	now   *segment
	retry market.Timestamp
}

// retryAfter is how long a disk that failed is left alone.
const retryAfter = 5 * time.Second

// Open opens the tables below c.Dir and begins to convert the segments that an earlier run left.
// Report is told of the disk's failures and of what could not be kept; it must not block. It fails
// on an invalid configuration and with the disk's errors. One Store may have a directory at a
// time: the caller sees to it.
func Open(c Config, disk Disk, report func(error)) (*Store, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Store{config: c, disk: disk, report: report, ending: make(chan struct{}), wake: make(chan struct{}, 1),
		written: make(chan struct{}), more: make(chan struct{}, 1), done: make(chan struct{})}
	if err := s.leftovers(); err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	go s.write()
	go s.convert()
	return s, nil
}

// leftovers finds what an earlier run did not finish.
func (s *Store) leftovers() error {
	segments := filepath.Join(s.config.Dir, segmentsDir)
	if err := os.MkdirAll(segments, 0o700); err != nil {
		return err
	}
	for _, table := range Tables() {
		parts, err := filepath.Glob(filepath.Join(s.config.Dir, table, "*"+partial))
		if err != nil {
			return err
		}
		for _, path := range parts { // its segment is still there
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	entries, err := os.ReadDir(segments) // by name: oldest first
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), segmentSuffix) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		path := filepath.Join(segments, e.Name())
		if err := s.disk.Begin(path, 2*info.Size()); err != nil { // it and its tables
			return err
		}
		s.waiting = append(s.waiting, path)
	}
	return nil
}

// Add queues the events of a batch and returns how many were left out because too many wait. It
// never blocks. Events that no table takes are passed over.
func (s *Store) Add(b message.Batch) (lost int) {
	s.mu.Lock()
	for e := range b.Events() {
		if !kept(e.Kind()) {
			continue
		}
		weight := 1
		if book, ok := e.(message.Book); ok {
			weight += book.BidCount() + book.AskCount()
		}
		if s.closed || s.weight+weight > s.config.QueueMax {
			lost++
			continue
		}
		s.queue = append(s.queue, e)
		s.weight += weight
	}
	full := s.weight > s.config.QueueMax/8
	s.mu.Unlock()
	if lost > 0 {
		s.lost.Add(uint64(lost))
	}
	if full {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	return lost
}

// Stats returns what was counted so far.
func (s *Store) Stats() Stats {
	s.convertMu.Lock()
	waiting := len(s.waiting)
	s.convertMu.Unlock()
	return Stats{Events: s.events.Load(), Lost: s.lost.Load(), Rows: s.rows.Load(), Refused: s.refused.Load(),
		Converted: s.converted.Load(), Waiting: waiting}
}

// Close writes what waits and converts it. It may be called again.
func (s *Store) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.ending)
	}
	s.mu.Unlock()
	<-s.written
	<-s.done
	return nil
}

// write is the goroutine that fills segments.
func (s *Store) write() {
	defer close(s.written)
	ticker := time.NewTicker(FlushEvery)
	defer ticker.Stop()
	var batch []message.Event
	for ended := false; !ended; {
		tick := false
		select {
		case <-s.wake:
		case <-ticker.C:
			tick = true
		case <-s.ending:
			ended = true
		}
		s.mu.Lock()
		batch, s.queue = s.queue, batch[:0]
		s.weight = 0
		s.mu.Unlock()
		for _, e := range batch {
			s.event(e)
		}
		clear(batch)
		if tick {
			s.flush()
		}
	}
	s.finish(true)
}

func (s *Store) event(e message.Event) {
	now := s.config.Now()
	if s.now != nil && now.Sub(s.now.began) >= s.config.Every {
		s.finish(false)
	}
	if s.now == nil && !s.begin(now) {
		s.lost.Add(1)
		return
	}
	symbol := s.config.Symbol(e.Origin().Instrument)
	if err := s.now.format(e, symbol); err != nil {
		s.lost.Add(1)
		s.report(fmt.Errorf("parquet: an event is left out: %w", err))
		return
	}
	full, err := s.now.full(s.config.BytesMax)
	if err == nil && full {
		s.finish(false)
		if !s.begin(now) {
			s.lost.Add(1)
			return
		}
		err = s.now.format(e, symbol) // did so a moment ago
	}
	if err == nil {
		err = s.now.add()
	}
	if err != nil {
		s.lost.Add(1)
		s.fail(err)
		return
	}
	s.events.Add(1)
}

func (s *Store) begin(now market.Timestamp) bool {
	if now < s.retry {
		return false
	}
	seg, err := newSegment(filepath.Join(s.config.Dir, segmentsDir), now)
	if err != nil {
		s.fail(err)
		return false
	}
	s.now = seg
	// Its tables may be as long as itself, and both are there until the segment is removed.
	if err := s.disk.Begin(seg.path, 2*s.config.BytesMax); err != nil {
		s.fail(err)
		return false
	}
	return true
}

func (s *Store) flush() {
	if s.now == nil {
		return
	}
	if err := s.now.flush(); err != nil {
		s.fail(err)
		return
	}
	if s.config.Now().Sub(s.now.began) >= s.config.Every {
		s.finish(false)
	}
}

// fail gives the segment up; what was flushed of it is converted.
func (s *Store) fail(err error) {
	s.retry = s.config.Now().Add(retryAfter)
	s.report(fmt.Errorf("parquet: events are lost; trying again in %v: %w", retryAfter, err))
	if s.now != nil {
		_ = s.now.close() // the error is known
		s.handOver(s.now.path, false)
		s.now = nil
	}
}

// finish ends the segment and hands it to the converter.
func (s *Store) finish(last bool) {
	path := ""
	if s.now != nil {
		if err := s.now.close(); err != nil {
			s.report(fmt.Errorf("parquet: %w", err))
		}
		path, s.now = s.now.path, nil
	}
	s.handOver(path, last)
}

func (s *Store) handOver(path string, last bool) {
	if path != "" {
		// It may have become far shorter than it was allowed to.
		if info, err := os.Stat(path); err == nil {
			if err := s.disk.Begin(path, 2*info.Size()); err != nil {
				s.report(fmt.Errorf("parquet: %w", err))
			}
		}
	}
	s.convertMu.Lock()
	if path != "" {
		s.waiting = append(s.waiting, path)
	}
	s.last = last
	s.convertMu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// convert is the goroutine that turns segments into tables, one at a time.
func (s *Store) convert() {
	defer close(s.done)
	for {
		s.convertMu.Lock()
		path, last := "", s.last
		if len(s.waiting) > 0 {
			path = s.waiting[0]
		}
		s.convertMu.Unlock()
		switch {
		case path != "":
			s.one(path)
			s.convertMu.Lock()
			s.waiting = s.waiting[1:]
			s.convertMu.Unlock()
		case last:
			return
		default:
			<-s.more
		}
	}
}

// one converts a segment. Where that fails the segment stays for the next start.
func (s *Store) one(path string) {
	c, err := convert(s.config.Dir, path)
	if err != nil {
		s.report(fmt.Errorf("parquet: convert %s; it is tried again at the next start: %w", path, err))
		return
	}
	s.rows.Add(c.Rows)
	s.refused.Add(c.Refused)
	s.converted.Add(1)
	if c.Refused > 0 {
		s.report(fmt.Errorf("parquet: %d messages of %s fit in no table; they are kept in %s", c.Refused, filepath.Base(path), refusedPath(s.config.Dir, path)))
	}
	for _, made := range append(tableFiles(s.config.Dir, path), refusedPath(s.config.Dir, path)) {
		if err := s.disk.End(made); err != nil {
			s.report(fmt.Errorf("parquet: %w", err))
		}
	}
	if err := s.disk.End(path); err != nil {
		s.report(fmt.Errorf("parquet: %w", err))
	}
}

// isCorrupt reports whether a segment's bytes are not what was written.
func isCorrupt(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt)
}
