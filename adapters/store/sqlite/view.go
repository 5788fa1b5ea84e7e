package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Config says where the view lies and what it keeps.
type Config struct {
	// Path is the database file. Two more appear beside it, -wal and -shm.
	Path string
	// BusyTimeout is how long a statement waits for another process, 1 ms to 1 min.
	BusyTimeout time.Duration
	// Readers is how many queries may run at once, 1 to 64.
	Readers int
	// BarRowsMax is how many bars are kept, of all instruments together; the oldest go first.
	// 0: no limit.
	BarRowsMax int64
	// BarAgeMax is how far the start of a bar may lie in the past when bars are trimmed. 0: no
	// limit.
	BarAgeMax time.Duration
}

// DefaultConfig keeps 5 million bars, about 1 GB, of any age in the file at path.
func DefaultConfig(path string) Config {
	return Config{Path: path, BusyTimeout: 5 * time.Second, Readers: 4, BarRowsMax: 5_000_000}
}

// Validate names everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	if c.Path == "" {
		errs = append(errs, errors.New("sqlite: Path: empty (want a file)"))
	}
	if c.BusyTimeout < time.Millisecond || c.BusyTimeout > time.Minute {
		errs = append(errs, fmt.Errorf("sqlite: BusyTimeout: %v (want 1ms to 1m)", c.BusyTimeout))
	}
	if c.Readers < 1 || c.Readers > 64 {
		errs = append(errs, fmt.Errorf("sqlite: Readers: %d (want 1 to 64)", c.Readers))
	}
	if c.BarRowsMax < 0 {
		errs = append(errs, fmt.Errorf("sqlite: BarRowsMax: %d (want 0 or more)", c.BarRowsMax))
	}
	if c.BarAgeMax < 0 {
		errs = append(errs, fmt.Errorf("sqlite: BarAgeMax: %v (want 0 or more)", c.BarAgeMax))
	}
	return errors.Join(errs...)
}

// View is an open view. Its methods may be called from any goroutine; those that write wait for
// each other.
type View struct {
	config Config
	write  *sql.DB // one connection
	read   *sql.DB
}

// Open opens the view, makes it if it is not there, and brings its schema up to date. It fails
// on an invalid configuration, on a file that is no SQLite database or of a newer version, and
// with the disk's errors.
func Open(c Config) (*View, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %s: %w", c.Path, err)
	}
	// SQLite would make the file readable by everyone; -wal and -shm get its permissions.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	v := &View{config: c}
	// NORMAL may lose the newest transactions with the power, never the file: the journal has
	// them.
	if v.write, err = connect(path, c, 1, "journal_mode(WAL)", "synchronous(NORMAL)"); err == nil {
		err = migrate(context.Background(), v.write)
	}
	if err == nil {
		v.read, err = connect(path, c, c.Readers, "query_only(1)")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: open %s: %w (the view can be moved away: orders are built anew from the journal, bars are lost)", c.Path, err), v.Close())
	}
	return v, nil
}

func connect(path string, c Config, connections int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_txlock": {"immediate"}}
	query.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", c.BusyTimeout.Milliseconds()))
	for _, p := range pragmas {
		query.Add("_pragma", p)
	}
	if connections > 1 || pragmas[0] == "query_only(1)" {
		query.Del("_txlock") // readers take no lock
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, db.Ping()
}

// Close closes the view. It may be called again.
func (v *View) Close() error {
	var errs []error
	for _, db := range []*sql.DB{v.read, v.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}
