package deadletter

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/internal/rotate"
)

// Kind is what dead letters are counted and limited by.
type Kind struct {
	Venue  market.Venue
	Reason string
}

// Count says what became of the dead letters of a kind.
type Count struct {
	Seen    uint64 // all of them
	Stored  uint64 // written
	Sampled uint64 // not stored because there were too many of this kind
	Dropped uint64 // not stored because the queue was full, or the disk failed
}

// kind is a Count and the tokens that its letters are stored with.
type kind struct {
	Count
	skipped  uint64 // since the last one that was handed to the writer
	tokens   float64
	refilled market.Timestamp
}

// entry is a letter that waits for the disk.
type entry struct {
	Stored
	kind Kind
}

// Store writes dead letters from a goroutine of its own. It may be used from any goroutine.
type Store struct {
	config  Config
	file    *rotate.Writer
	report  func(error)
	queue   chan entry
	stopped chan struct{}

	mu     sync.Mutex
	kinds  map[Kind]*kind
	bytes  int // of frames in the queue
	closed bool
}

// Open opens the store. Report is told when the disk fails, from the store's goroutine; the
// letter is lost then, and the next one is tried. It fails on an invalid configuration and with
// the disk's errors.
func Open(c Config, report func(error)) (*Store, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	file, err := rotate.Open(c.rotate())
	if err != nil {
		return nil, fmt.Errorf("deadletter: %w", err)
	}
	s := &Store{
		config: c, file: file, report: report, queue: make(chan entry, c.QueueMax), stopped: make(chan struct{}),
		kinds: map[Kind]*kind{},
	}
	go s.run()
	return s, nil
}

// Add takes a dead letter and reports whether it will be stored. It never waits and keeps no
// reference to the frame. Every letter is counted.
func (s *Store) Add(d DeadLetter) bool {
	name := Kind{market.Venue(word(string(d.Venue))), word(d.Reason)}
	now := s.config.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	k, name := s.kind(name, now)
	k.Seen++
	if !k.take(now, s.config.Rate, s.config.Burst) {
		k.Sampled++
		k.skipped++
		return false
	}
	kept := cut(d.Frame, s.config.FrameBytesMax)
	if s.closed || s.bytes+len(kept) > s.config.QueueBytesMax {
		k.Dropped++
		k.skipped++
		return false
	}
	e := entry{kind: name, Stored: Stored{FrameBytes: len(d.Frame), Skipped: k.skipped, DeadLetter: DeadLetter{
		Time: d.Time, Venue: market.Venue(word(string(d.Venue))), Reason: word(d.Reason),
		Detail: strings.Clone(string(cut([]byte(d.Detail), detailBytesMax))), Frame: bytes.Clone(kept),
	}}}
	select {
	case s.queue <- e:
		k.skipped = 0
		s.bytes += len(kept)
		return true
	default:
		k.Dropped++
		k.skipped++
		return false
	}
}

// kind returns the counts of a kind. Reasons are a closed list; should one not be, all beyond
// the limit share one count.
func (s *Store) kind(name Kind, now market.Timestamp) (*kind, Kind) {
	k := s.kinds[name]
	if k == nil && len(s.kinds) >= kindsMax {
		name = Kind{otherKind, otherKind}
		k = s.kinds[name]
	}
	if k == nil {
		k = &kind{tokens: float64(s.config.Burst), refilled: now}
		s.kinds[name] = k
	}
	return k, name
}

// take takes a token if there is one.
func (k *kind) take(now market.Timestamp, rate float64, burst int) bool {
	if passed := now.Sub(k.refilled); passed > 0 {
		k.tokens = min(float64(burst), k.tokens+passed.Seconds()*rate)
	}
	k.refilled = now // also when the clock was set back
	if k.tokens < 1 {
		return false
	}
	k.tokens--
	return true
}

// cut returns at most n bytes of b, without a part of a character if b is UTF-8.
func cut(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	end := n
	for end > 0 && end > n-utf8.UTFMax && !utf8.RuneStart(b[end]) {
		end--
	}
	if utf8.RuneStart(b[end]) {
		return b[:end]
	}
	return b[:n] // no UTF-8
}

// word bounds a name.
func word(s string) string {
	if len(s) <= wordBytesMax && utf8.ValidString(s) {
		return s // no allocation, also in a flood
	}
	return strings.ToValidUTF8(string(cut([]byte(s), wordBytesMax)), "?")
}

// Counts returns what became of the dead letters of each kind since Open.
func (s *Store) Counts() map[Kind]Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[Kind]Count, len(s.kinds))
	for name, k := range maps.All(s.kinds) {
		counts[name] = k.Count
	}
	return counts
}

// Close writes what waits, syncs nothing, and stops. Letters added later are counted only. It
// may be called again.
func (s *Store) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	if first {
		close(s.queue)
	}
	s.mu.Unlock()
	<-s.stopped
	if !first {
		return nil
	}
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("deadletter: %w", err)
	}
	return nil
}

func (s *Store) run() {
	defer close(s.stopped)
	var line []byte
	for e := range s.queue {
		var err error
		if line, err = appendLine(line[:0], e.Stored); err == nil {
			_, err = s.file.Write(line)
		}
		s.mu.Lock()
		s.bytes -= len(e.Frame)
		k := s.kinds[e.kind]
		if err != nil {
			k.Dropped++
			k.skipped += e.Skipped + 1
		} else {
			k.Stored++
		}
		s.mu.Unlock()
		if err != nil {
			s.report(fmt.Errorf("deadletter: %w", err))
		}
		const keptBytesMax = 1 << 20
		if cap(line) > keptBytesMax {
			line = nil
		}
	}
}

// timeText prints t as lines have it; empty for none.
func timeText(t market.Timestamp) string {
	if t.IsZero() {
		return ""
	}
	return t.Time().Format(timeLayoutInLines)
}

func parseTime(text string) (market.Timestamp, error) {
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse(timeLayoutInLines, text)
	return market.TimestampOf(t), err
}
