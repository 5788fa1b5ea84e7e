// Package feeder turns what a venue sends on one connection into messages. Each connection has a
// feeder of its own: it decodes frames, keeps order books whole by the venue's rule, says when an
// instrument's data cannot be trusted, sets aside what it cannot read, and sends each state
// partition its part of the events in batches.
//
// core.go and join.go are the pure part; conn.go is the socket; actor.go joins the two.
package feeder

import (
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Protocol is how a venue speaks on one connection. An adapter implements it; the feeder is
// its only user and calls it from one goroutine at a time.
type Protocol interface {
	// Venue names the venue in every message.
	Venue() market.Venue
	// URL is the WebSocket address to dial.
	URL() string
	// Subscribe returns the frames to send, in order, once connected.
	Subscribe() [][]byte
	// Decode appends what a frame says to dst. On an error dst comes back unchanged; an error
	// with a method DeadLetterReason() string names its kind in a word. The frame may not be
	// kept.
	Decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error)
	// Ping returns what to send to keep the connection alive, and how often: a nil frame is a
	// WebSocket ping, 0 is never.
	Ping() (frame []byte, every time.Duration)
	// Silence is the longest time that a healthy connection says nothing.
	Silence() time.Duration
	// SendEvery is the least time between two frames that we send.
	SendEvery() time.Duration
	// Lifetime is the age at which the venue cuts a connection; 0 is never.
	Lifetime() time.Duration
	// Instruments are those that the connection follows.
	Instruments() []market.Instrument
}

// Snapshotter is implemented by the Protocol of a venue whose order books are differences that
// must be joined to a snapshot fetched over HTTP.
type Snapshotter interface {
	// SnapshotURL is where to fetch the book; empty if the connection follows no books.
	SnapshotURL(i market.Instrument) string
	DecodeSnapshot(i market.Instrument, body []byte, received market.Timestamp) (message.Book, error)
	// SnapshotEvery is the least time between two requests.
	SnapshotEvery() time.Duration
}

// DeadLetter is a frame that could not be read, and why.
type DeadLetter struct {
	Time   market.Timestamp
	Venue  market.Venue
	Reason string // one of a closed list: a metric's label
	Detail string
	Frame  []byte // may not be kept
}

// DeadLetters keeps what could not be read. Add must not block.
type DeadLetters interface{ Add(DeadLetter) }

// Config says how a feeder works. DefaultConfig has the defaults.
type Config struct {
	// Source names the feeder in its batches; unique in a node.
	Source string
	// Partitions is how many state partitions there are.
	Partitions int
	// BatchMax is how many events go into one batch at most; more of them wait in the socket.
	BatchMax int
	// PendingMax is how many book updates of an instrument may wait for its snapshot. Beyond
	// it the snapshot is asked for again.
	PendingMax int
	// FrameBytesMax is the largest frame that is read; a larger one ends the connection.
	FrameBytesMax int64
	// TimeStep is how far message time moves before partitions without events hear of it.
	TimeStep time.Duration
	// SnapshotRetry is the wait before a failed snapshot is asked for again; it doubles up to
	// SnapshotRetryMax.
	SnapshotRetry, SnapshotRetryMax time.Duration
	// ReconnectMin to ReconnectMax bound the wait before a lost connection is dialed again.
	ReconnectMin, ReconnectMax time.Duration
	// Local says that the venue runs on this machine: requests for snapshots need no spacing.
	Local bool
	// Credit is how many batches may be on their way to a partition in a run where nothing
	// may be conflated.
	Credit int
}

// DefaultConfig returns a configuration for live running.
func DefaultConfig(source string, partitions int) Config {
	return Config{
		Source: source, Partitions: partitions,
		BatchMax:      256,
		PendingMax:    2048,
		FrameBytesMax: 16 << 20,
		TimeStep:      time.Second,
		SnapshotRetry: time.Second, SnapshotRetryMax: time.Minute,
		ReconnectMin: 500 * time.Millisecond, ReconnectMax: 30 * time.Second,
		Credit: 64,
	}
}

// Validate returns what is wrong with c, or nil.
func (c Config) Validate() error {
	switch {
	case c.Source == "":
		return fmt.Errorf("feeder: a source needs a name")
	case c.Partitions < 1:
		return fmt.Errorf("feeder %s: %d partitions: want 1 or more", c.Source, c.Partitions)
	case c.BatchMax < 1 || c.PendingMax < 1 || c.FrameBytesMax < 1 || c.Credit < 1:
		return fmt.Errorf("feeder %s: limits must be above zero", c.Source)
	case c.TimeStep <= 0 || c.SnapshotRetry <= 0 || c.SnapshotRetryMax < c.SnapshotRetry || c.ReconnectMin <= 0 || c.ReconnectMax < c.ReconnectMin:
		return fmt.Errorf("feeder %s: waits must be above zero, and each maximum not below its minimum", c.Source)
	}
	return nil
}
