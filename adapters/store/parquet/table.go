package parquet

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/maru-trading/maru/actors/message"
)

const (
	// A row group is what is held in memory at once: so many rows, or so many levels of books.
	groupRows   = 1 << 16
	groupLevels = 1 << 18
	// chunkRows are written at once: the library's cost for each call is spread over them.
	chunkRows = 512
	partial   = ".part" // ends the name of a file without footer
)

// Tables are the names of the tables, each a directory with files of that name.
func Tables() []string { return []string{"trades", "bbo", "books", "tickers", "bars", "status"} }

// tables writes the files of one segment: those that have a row.
type tables struct {
	dir  string
	name func(table string) string // of a file

	trades  *table[tradeRow]
	bbo     *table[bboRow]
	books   *table[bookRow]
	tickers *table[tickerRow]
	bars    *table[barRow]
	status  *table[statusRow]
}

// add appends a message to its table; one of a kind that has none is passed over. fault says why a
// message does not fit, err is the disk's.
func (t *tables) add(m message.Message, symbol string) (fault, err error) {
	var b builder
	switch m := m.(type) {
	case message.Trade:
		err = put(t, &t.trades, "trades", &b, b.trade(m.Fields(), symbol), 0)
	case message.BBO:
		err = put(t, &t.bbo, "bbo", &b, b.bbo(m.Fields(), symbol), 0)
	case message.Book:
		err = put(t, &t.books, "books", &b, b.book(m, symbol), m.BidCount()+m.AskCount())
	case message.Ticker:
		err = put(t, &t.tickers, "tickers", &b, b.ticker(m.Fields(), symbol), 0)
	case message.Bar:
		err = put(t, &t.bars, "bars", &b, b.bar(m.Fields(), symbol), 0)
	case message.Status:
		err = put(t, &t.status, "status", &b, b.status(m.Fields(), symbol), 0)
	}
	return b.fault, err
}

// kept reports whether messages of kind k have a table.
func kept(k message.Kind) bool {
	switch k {
	case message.KindTrade, message.KindBBO, message.KindBook, message.KindTicker, message.KindBar, message.KindStatus:
		return true
	}
	return false
}

// put appends a row to its table, which is made with its first row; nothing if the row has a fault.
func put[R any](all *tables, t **table[R], name string, b *builder, r R, levels int) error {
	if !b.fits() {
		return nil
	}
	if *t == nil {
		made, err := newTable[R](filepath.Join(all.dir, name), all.name(name))
		if err != nil {
			return err
		}
		*t = made
	}
	return (*t).put(r, levels)
}

// ended is a table whose type does not matter any more.
type ended interface {
	finish() error
	abandon()
}

func (t *tables) all() (all []ended) {
	add := func(there bool, e ended) {
		if there {
			all = append(all, e)
		}
	}
	add(t.trades != nil, t.trades)
	add(t.bbo != nil, t.bbo)
	add(t.books != nil, t.books)
	add(t.tickers != nil, t.tickers)
	add(t.bars != nil, t.bars)
	add(t.status != nil, t.status)
	return all
}

// table writes one file.
type table[R any] struct {
	path   string
	file   *os.File
	buf    *bufio.Writer
	w      *pq.GenericWriter[R]
	chunk  []R
	rows   int // of the row group
	levels int
}

func newTable[R any](dir, name string) (*table[R], error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path+partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	t := &table[R]{path: path, file: f, buf: bufio.NewWriterSize(f, 256<<10), chunk: make([]R, 0, chunkRows)}
	t.w = pq.NewGenericWriter[R](t.buf, pq.Compression(&zstd.Codec{Level: zstd.SpeedDefault}), pq.CreatedBy("maru", "1", ""))
	return t, nil
}

func (t *table[R]) put(r R, levels int) error {
	t.chunk = append(t.chunk, r)
	t.levels += levels
	if len(t.chunk) < chunkRows && t.levels < groupLevels {
		return nil
	}
	return t.spill()
}

// spill hands the chunk to the library, and ends the row group where it is large enough.
func (t *table[R]) spill() error {
	n, err := t.w.Write(t.chunk)
	t.rows += n
	clear(t.chunk)
	t.chunk = t.chunk[:0]
	if err == nil && (t.rows >= groupRows || t.levels >= groupLevels) {
		t.rows, t.levels = 0, 0
		err = t.w.Flush()
	}
	return err
}

// finish writes the footer and gives the file its name, once it is on the disk.
func (t *table[R]) finish() error {
	err := errors.Join(t.spill(), t.w.Close(), t.buf.Flush())
	if err == nil {
		err = t.file.Sync()
	}
	if err = errors.Join(err, t.file.Close()); err != nil {
		return errors.Join(err, os.Remove(t.path+partial))
	}
	return os.Rename(t.path+partial, t.path)
}

// abandon gives the file up.
func (t *table[R]) abandon() {
	_ = t.file.Close() // what it holds is written again from the segment
	_ = os.Remove(t.path + partial)
}
