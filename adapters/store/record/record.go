// Package record keeps what goes over the connections to venues: raw frames, with the time at which
// each was received, in the format of package capture, which the replay server plays and maru
// decode reads.
//
// Each connection has files of its own, in a directory for its venue. A file is begun with the first
// row that is to go into it, and another one follows when it is full or old. What was recorded can
// be read at most FlushEvery later, whatever happens to the process or to the file's end. A file
// that continues a connection repeats at its head how that was opened and what was sent on it, so
// that each file says by itself what it is a recording of.
//
// Disk bounds what recordings take, also those of package parquet. The package imports market and
// adapters/venue/capture; cmd hands a Connection to each feeder.
package record

import (
	"errors"
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// Config says where raw frames are kept and how.
type Config struct {
	// Dir is the directory; that of each venue is made in it.
	Dir string
	// BytesMax is the length of a file in bytes, at least BytesLeast. A file is longer only if one
	// row alone is.
	BytesMax int64
	// Every is the longest time between the first and the last row of a file, above zero.
	Every time.Duration
	// QueueBytesMax is how much of a connection may wait for the disk, 1 or more. What comes beyond
	// is counted and left out.
	QueueBytesMax int
	// Now is the clock that Every is measured with and files are named by.
	Now func() market.Timestamp
}

// BytesLeast is the smallest BytesMax: below it files would be little but heads.
const BytesLeast = 1 << 20

// FlushEvery is how long it takes at most until what was recorded can be read.
const FlushEvery = 500 * time.Millisecond

// DefaultConfig rotates after 256 MB or an hour.
func DefaultConfig(dir string) Config {
	return Config{Dir: dir, BytesMax: 256_000_000, Every: time.Hour, QueueBytesMax: 32 << 20,
		Now: func() market.Timestamp { return market.TimestampOf(time.Now()) }}
}

// Validate names everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("record: "+format, args...)) }
	if c.Dir == "" {
		fault("Dir: empty (want a directory)")
	}
	if c.BytesMax < BytesLeast {
		fault("BytesMax: %d (want %d or more)", c.BytesMax, BytesLeast)
	}
	if c.Every <= 0 {
		fault("Every: %v (want more than zero)", c.Every)
	}
	if c.QueueBytesMax < 1 {
		fault("QueueBytesMax: %d (want 1 or more)", c.QueueBytesMax)
	}
	if c.Now == nil {
		fault("Now: no clock")
	}
	return errors.Join(errs...)
}

// Suffix ends the names of files with raw frames.
const Suffix = ".frames.gz"

// stamp is how the beginning of a file stands in its name: in UTC, so that names sort by time.
const stamp = "20060102T150405.000Z"

// Name returns the name of a file that belongs to source and begins at that time.
func Name(source string, at market.Timestamp, suffix string) string {
	return source + "-" + at.Time().Format(stamp) + suffix
}
