// Package parquet keeps normalised messages as Parquet files, one table each for trades, best bids
// and offers, order books, tickers, bars and the trust in instruments.
//
// A Parquet file cannot be read before its footer is written, so messages go into a segment first:
// NDJSON (package remote/ndjson) in gzip, flushed every FlushEvery, of which every line that was
// flushed stays readable after a kill. When a segment is full or old it is converted, a row group
// at a time, and removed; segments that an earlier run left are converted at the next start.
// Converting one twice writes the same files, so a crash in between does no harm.
//
// Numbers are DECIMAL(38, 18) in 16 bytes: pandas (with pyarrow) and DuckDB read them as exact decimals
// that sort, compare and add up as numbers, and files keep the least and the greatest of each
// column, by which readers leave out what they need not read. Texts would do neither. 38 digits are
// all that the type has; a message with a number of 1e20 or more (market.Decimal holds up to
// 1.7e20) is left in a file of its own, as NDJSON, and counted.
//
// The package imports market, message and remote/ndjson; cmd hands it what feeders send.
package parquet

import (
	"errors"
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// Disk is told which files are written, so that the room they take is bounded. Package record
// has one.
type Disk interface {
	// Begin tells that a file is written and may grow to that many bytes, or is needed for now.
	Begin(path string, most int64) error
	// End tells that it is written no more, or is gone.
	End(path string) error
}

// Config says where tables are kept and how.
type Config struct {
	// Dir is the directory; that of each table is made in it.
	Dir string
	// BytesMax is the length of a segment in bytes, 1 MiB or more. Its tables together are
	// mostly shorter.
	BytesMax int64
	// Every is the longest time between the first and the last message of a segment, above zero.
	Every time.Duration
	// QueueMax is how many events and levels of books may wait for the disk, 1 or more. What
	// comes beyond is counted and left out.
	QueueMax int
	// Symbol returns the venue's own name of an instrument, empty if it is not known. It is called
	// from one goroutine.
	Symbol func(market.Instrument) string
	// Now is the clock that Every is measured with and files are named by.
	Now func() market.Timestamp
}

// bytesLeast is the smallest BytesMax.
const bytesLeast = 1 << 20

// FlushEvery is how long it takes at most until a message in a segment can be read.
const FlushEvery = 500 * time.Millisecond

// DefaultConfig rotates after 256 MB or an hour.
func DefaultConfig(dir string) Config {
	return Config{Dir: dir, BytesMax: 256_000_000, Every: time.Hour, QueueMax: 1 << 18,
		Symbol: func(market.Instrument) string { return "" },
		Now:    func() market.Timestamp { return market.TimestampOf(time.Now()) }}
}

// Validate names everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("parquet: "+format, args...)) }
	if c.Dir == "" {
		fault("Dir: empty (want a directory)")
	}
	if c.BytesMax < bytesLeast {
		fault("BytesMax: %d (want %d or more)", c.BytesMax, bytesLeast)
	}
	if c.Every <= 0 {
		fault("Every: %v (want more than zero)", c.Every)
	}
	if c.QueueMax < 1 {
		fault("QueueMax: %d (want 1 or more)", c.QueueMax)
	}
	if c.Symbol == nil {
		fault("Symbol: none")
	}
	if c.Now == nil {
		fault("Now: no clock")
	}
	return errors.Join(errs...)
}
