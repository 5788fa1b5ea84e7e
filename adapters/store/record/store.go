package record

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/maru-trading/maru/actors/market"
)

// Stats counts what was recorded since New.
type Stats struct {
	Frames uint64 // from venues
	Bytes  uint64 // of frames and bodies, as they came
	Files  uint64 // begun
	// Lost counts rows left out because the disk was too slow or failed.
	Lost uint64
}

// counters are Stats in the making.
type counters struct{ frames, bytes, files, lost atomic.Uint64 }

// Store keeps the recordings of any number of connections.
type Store struct {
	config Config
	disk   *Disk
	report func(error)
	counters

	mu          sync.Mutex
	connections []*Connection
	closed      bool
}

// New makes a store below c.Dir. Report is told when the disk fails, from the goroutine of the
// connection whose rows are lost then; it must not block. It fails on an invalid configuration
// and with the disk's errors.
func New(c Config, disk *Disk, report func(error)) (*Store, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return &Store{config: c, disk: disk, report: report}, nil
}

// Connection begins the recording of one connection. source names it and its files; it is
// unique in the store. begun, if not nil, is told of each new file, and whether it continues a
// connection; it is called from a goroutine of the store and must not block.
func (s *Store) Connection(venue market.Venue, source string, begun func(path string, continues bool)) (*Connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	dir := filepath.Join(s.config.Dir, string(venue))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	c := newConnection(s, dir, source, begun)
	s.connections = append(s.connections, c)
	go c.run()
	return c, nil
}

// Stats returns what was counted so far.
func (s *Store) Stats() Stats {
	return Stats{Frames: s.frames.Load(), Bytes: s.bytes.Load(), Files: s.files.Load(), Lost: s.lost.Load()}
}

// Close writes what waits and finishes every file. Rows added later are counted as lost. It may
// be called again.
func (s *Store) Close() error {
	s.mu.Lock()
	all := s.connections
	s.closed, s.connections = true, nil
	s.mu.Unlock()
	for _, c := range all {
		c.close()
	}
	for _, c := range all {
		<-c.done
	}
	return nil
}
