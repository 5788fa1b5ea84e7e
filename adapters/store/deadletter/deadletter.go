// Package deadletter keeps frames that were refused, with the reason, so that a person can look
// at them and a repaired decoder can read them again.
//
// They are lines of JSON in a file that rotates:
//
//	{"time":"2026-11-20T09:30:00.5Z","venue":"upbit","reason":"syntax","detail":"…","frame":"…"}
//
// A frame that is no UTF-8 is written in base64, with "encoding":"base64". One longer than
// FrameBytesMax is cut, and "frame_bytes" says how long it was. A flood of one kind is sampled,
// and "skipped" says how many of that venue and reason were not written since the one before.
//
// The package imports market; cmd hands it to the feeders.
package deadletter

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/internal/rotate"
)

// DeadLetter is a frame that was refused, and why.
type DeadLetter struct {
	Time   market.Timestamp // when it was received; zero if unknown
	Venue  market.Venue
	Reason string // one of a closed list: a metric's label
	Detail string // in words
	Frame  []byte
}

// Stored is a dead letter as it is on the disk.
type Stored struct {
	DeadLetter
	// FrameBytes is how long the frame was; above len(Frame) if it was cut.
	FrameBytes int
	// Skipped is how many of the same venue and reason were not stored since the last one that
	// was.
	Skipped uint64
}

// Config says where dead letters are kept and how many.
type Config struct {
	// Dir is the directory of the files. It must exist.
	Dir string
	// BytesMax is the length of a file in bytes, at least six times FrameBytesMax plus 16 KiB, so
	// that any letter fits.
	BytesMax int64
	// FilesMax is how many files are kept, the one written to included, 1 to 1,000.
	FilesMax int
	// FrameBytesMax is how much of a frame is kept, 1 to 16 MiB.
	FrameBytesMax int
	// QueueMax and QueueBytesMax are how many letters, and how many bytes of frames, may wait
	// for the disk, 1 or more each. What comes beyond is counted and not stored.
	QueueMax      int
	QueueBytesMax int
	// Rate is how many letters a second of one venue and reason are stored in the long run, and
	// Burst how many at once, 1 or more each. The rest is counted.
	Rate  float64
	Burst int
	// Now is the clock that Rate is measured with.
	Now func() market.Timestamp
}

// DefaultConfig keeps at most 64 MiB in dir: the first 100 letters of a kind, then one a second.
func DefaultConfig(dir string) Config {
	return Config{
		Dir: dir, BytesMax: 16 << 20, FilesMax: 4, FrameBytesMax: 256 << 10, QueueMax: 1024, QueueBytesMax: 8 << 20,
		Rate: 1, Burst: 100, Now: func() market.Timestamp { return market.TimestampOf(time.Now()) },
	}
}

const (
	fileName       = "deadletters.ndjson"
	detailBytesMax = 512
	wordBytesMax   = 64 // of a venue or a reason
	// overheadBytes is what a line may have besides its frame: detail and words, each byte of
	// which JSON may write as six.
	overheadBytes     = 16 << 10
	frameBytesMost    = 16 << 20
	frameGrowthMax    = 6 // one control character becomes \u0000
	kindsMax          = 1024
	lineBytesMost     = frameGrowthMax*frameBytesMost + overheadBytes
	otherKind         = "other"
	base64Encoding    = "base64"
	timeLayoutInLines = time.RFC3339Nano
)

// Validate names everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("deadletter: "+format, args...)) }
	if c.Dir == "" {
		fault("Dir: empty (want a directory)")
	}
	if c.FrameBytesMax < 1 || c.FrameBytesMax > frameBytesMost {
		fault("FrameBytesMax: %d (want 1 to %d)", c.FrameBytesMax, frameBytesMost)
	}
	if least := lineBytesMax(c.FrameBytesMax); c.BytesMax < least {
		fault("BytesMax: %d (want %d or more: one letter with its frame)", c.BytesMax, least)
	}
	if c.FilesMax < 1 || c.FilesMax > 1000 {
		fault("FilesMax: %d (want 1 to 1000)", c.FilesMax)
	}
	if c.QueueMax < 1 {
		fault("QueueMax: %d (want 1 or more)", c.QueueMax)
	}
	if c.QueueBytesMax < c.FrameBytesMax {
		fault("QueueBytesMax: %d (want FrameBytesMax or more)", c.QueueBytesMax)
	}
	if !(c.Rate > 0) { // NaN too
		fault("Rate: %v (want letters a second, above 0)", c.Rate)
	}
	if c.Burst < 1 {
		fault("Burst: %d (want 1 or more)", c.Burst)
	}
	if c.Now == nil {
		fault("Now: no clock")
	}
	return errors.Join(errs...)
}

// lineBytesMax is the longest line that a frame of n bytes can become.
func lineBytesMax(n int) int64 { return frameGrowthMax*int64(n) + overheadBytes }

func (c Config) rotate() rotate.Config {
	return rotate.Config{Path: filepath.Join(c.Dir, fileName), BytesMax: c.BytesMax, FilesMax: c.FilesMax}
}
