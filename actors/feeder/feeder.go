// Package feeder turns what a venue sends on one connection into messages. Each connection has a
// feeder of its own: it decodes frames, keeps order books whole by the venue's rule, says when an
// instrument's data cannot be trusted, sets aside what it cannot read, and sends each state
// partition its part of the events in batches.
//
// core.go, join.go and chain.go are the pure part; conn.go and write.go are the socket; actor.go,
// fetch.go and resubscribe.go join the two.
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
	// Subscribe returns the frames to send, in order, once connected. It is called before the
	// first connection, and again when one has ended and its frames are decoded.
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

// Resubscriber is implemented by the Protocol of a venue whose order books come as a snapshot and
// then as changes on the same stream. There a gap, or a Status of the adapter's own that takes
// trust away (a checksum that differs), is mended by a new subscription. A Protocol that is
// a Snapshotter too is treated as that alone; of one that is neither, every whole book restores
// trust.
type Resubscriber interface {
	// Resubscribe returns the frames, in order, that make the venue send a new snapshot of an
	// instrument's book: none where the connection does not follow it, or follows it by whole
	// books alone.
	Resubscribe(i market.Instrument) [][]byte
}

// Stamper is implemented by the Protocol of a venue that wants the time of day in what it is asked.
type Stamper interface {
	// Stamp returns what is sent at that time of a frame of Subscribe, Resubscribe or Ping, and
	// leaves the frame as it is. It is called just before each is sent, since the venue counts from
	// there and a connection may wait long to be dialed; from another goroutine than the other
	// methods, so it may use nothing that they change.
	Stamp(frame []byte, at market.Timestamp) []byte
}

// Checksummer is implemented by the Protocol of a venue whose order books carry a checksum, which
// the adapter compares.
type Checksummer interface {
	// Checksums returns how many were compared since the Protocol was made, and how many of them
	// differed.
	Checksums() (checked, failed uint64)
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

// Recorder keeps what goes over one connection as it is on the wire. Its methods are called from
// several goroutines and must not block: a recorder that cannot keep up counts what it leaves out.
// Frames and bodies are the caller's again when a method returns.
type Recorder interface {
	// Opened is told of each connection that was made to url.
	Opened(url string, at market.Timestamp)
	// Frame is told of each frame from the venue; binary is its WebSocket opcode. The time is
	// the one that the frame's messages carry.
	Frame(frame []byte, binary bool, at market.Timestamp)
	// Sent is told of each frame to the venue just before it is written; control frames of the
	// WebSocket are none.
	Sent(frame []byte, binary bool, at market.Timestamp)
	// HTTP is told of the body of each good answer to a request for url.
	HTTP(url string, body []byte, at market.Timestamp)
}

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
	// SnapshotRetry is the wait before a snapshot that did not come is asked for again, over HTTP
	// or by a new subscription; it doubles up to SnapshotRetryMax.
	SnapshotRetry, SnapshotRetryMax time.Duration
	// ReconnectMin to ReconnectMax bound the wait before a lost connection is dialed again.
	ReconnectMin, ReconnectMax time.Duration
	// Local says that the venue runs on this machine: requests for snapshots need no spacing.
	Local bool
	// TickerFields are the figures of tickers that are kept; the others are dropped before anyone
	// hears of them, and a ticker of which nothing is left is dropped whole. Zero: all are kept.
	TickerFields message.TickerField
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
