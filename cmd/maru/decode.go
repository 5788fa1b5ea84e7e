package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/capture"
	"github.com/maru-trading/maru/cmd/internal/venues"
	"github.com/maru-trading/maru/remote/ndjson"
)

func newDecodeCommand() *cobra.Command {
	var of string
	names := venues.Names()
	cmd := &cobra.Command{
		Use:   "decode --venue NAME FILE|-",
		Short: "Print recorded frames of a venue as messages, one JSON object a line",
		Long: `Reads frames that a venue sent and prints what they say as NDJSON on standard output;
docs/messages.md describes every key. Three shapes of input are understood, gzip or plain: recorded
sessions (.frames, .frames.gz), one JSON object a line with the frame in its field raw, and bare
frames, one a line. A list of instruments in a session is used for the symbols behind it.

What cannot be decoded goes to standard error, one line each: "line N: reason: detail". The exit
code is then 1.`,
		Example: `  maru decode --venue upbit session.frames.gz > messages.ndjson
  zcat session.frames.gz | maru decode --venue binance - | jq 'select(.type == "trade")'`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, known := decoderOf(of)
			if !known {
				err := fmt.Errorf("--venue %q: want one of %s", of, strings.Join(names, ", "))
				if of == "" {
					err = fmt.Errorf("--venue is missing: want one of %s", strings.Join(names, ", "))
				}
				return misuse(cmd, err)
			}
			return decodeFile(cmd.Context(), args[0], cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), d)
		},
	}
	cmd.Flags().StringVar(&of, "venue", "", "whose frames they are: "+strings.Join(names, ", "))
	return cmd
}

// decoder is what an adapter must know to decode: its Protocol does.
type decoder interface {
	Decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error)
	Instrument(symbol string) (market.Instrument, error)
}

// snapshotDecoder is implemented by adapters whose books begin with a REST body.
type snapshotDecoder interface {
	SnapshotURL(i market.Instrument) string
	DecodeSnapshot(i market.Instrument, body []byte, received market.Timestamp) (message.Book, error)
}

// venueDecoder is what maru decode knows of a venue besides its adapter.
type venueDecoder struct {
	name    market.Venue
	adapter venues.Adapter
	// Where the REST body of an order book comes from, if books begin with one: the end of the path, and
	// the parameter that names the symbol.
	bookPath, bookSymbol string
	// symbol is the venue's name of an instrument that no listing named, futures included.
	symbol func(i market.Instrument) string
}

// decoderOf returns the decoder for a venue's frames; false if there is none.
func decoderOf(name string) (venueDecoder, bool) {
	adapter, err := venues.Find(name)
	if err != nil {
		return venueDecoder{}, false
	}
	d := venueDecoder{name: market.Venue(name), adapter: adapter, symbol: adapter.Symbol}
	switch name {
	case "binance", "sim": // the embedded exchange speaks as Binance does
		d.symbol = binanceSymbol
	}
	d.findBooks()
	return d, true
}

// findBooks learns from the adapter what a request for an order book looks like.
func (v *venueDecoder) findBooks() {
	some, err := market.NewInstrument(v.name, "BTC-USDT")
	if err != nil {
		return
	}
	d, err := v.open(nil)
	if err != nil {
		return
	}
	books, ok := d.(snapshotDecoder)
	if !ok {
		return
	}
	u, err := url.Parse(books.SnapshotURL(some))
	if err != nil || u.Path == "" {
		return
	}
	for parameter, values := range u.Query() {
		if values[0] == v.symbol(some) {
			v.bookPath, v.bookSymbol = u.Path[strings.LastIndexByte(u.Path, '/'):], parameter
		}
	}
}

// open makes a decoder: a connection that follows nothing.
func (v venueDecoder) open(listings []market.Listing) (decoder, error) {
	all, err := v.adapter.New(venue.Config{Venue: v.name, Listings: listings})
	if err != nil {
		return nil, err
	}
	d, ok := all[0].(decoder)
	if !ok {
		return nil, fmt.Errorf("the adapter %s names no instruments", v.name)
	}
	return d, nil
}

// listsInstruments reports whether the path of a request is that of the venue's instrument list.
func (v venueDecoder) listsInstruments(path string) bool {
	u, err := url.Parse(v.adapter.ListingsURL("https://venue.invalid"))
	return err == nil && strings.HasSuffix(path, u.Path[strings.LastIndexByte(u.Path, '/'):])
}

// binanceSymbol puts base and quote together; what follows them stands behind a line: BTCUSD_PERP.
func binanceSymbol(i market.Instrument) string {
	symbol := i.Base() + i.Quote()
	if rest, ok := strings.CutPrefix(i.Name(), i.Base()+"-"+i.Quote()+"-"); ok {
		symbol += "_" + rest
	}
	return symbol
}

// outputBytes is how much is gathered before it is written out.
const outputBytes = 256 << 10

func decodeFile(ctx context.Context, path string, stdin io.Reader, stdout, stderr io.Writer, of venueDecoder) error {
	in, name := stdin, "stdin"
	bar := noProgress
	if path != "-" {
		name = path
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("decode: %w", err)
		}
		defer func() { _ = f.Close() }() // opened for reading: nothing can be lost
		in, bar = progress(f, stderr)
	}
	defer bar()
	r, err := capture.NewAny(in, name)
	if err != nil {
		return fmt.Errorf("decode %s: %w", path, err)
	}
	defer func() { _ = r.Close() }()
	p, err := of.open(nil)
	if err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	d := &decoding{of: of, protocol: p, symbols: make(map[market.Instrument]string),
		out: bufio.NewWriterSize(stdout, outputBytes), faults: stderr}
	err = d.run(ctx, r)
	err = errors.Join(err, d.out.Flush())
	switch {
	case err != nil:
		return err
	case d.faulty > 0:
		return errReported
	}
	return nil
}

// decoding is one run of maru decode.
type decoding struct {
	of       venueDecoder
	protocol decoder
	symbols  map[market.Instrument]string // of the listings that a session held

	out    *bufio.Writer
	faults io.Writer
	faulty int // lines that could not be decoded

	events []message.Event
	line   []byte
}

// run decodes every item of r. It returns what keeps it from going on; faults of lines do not.
func (d *decoding) run(ctx context.Context, r *capture.AnyReader) error {
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return fmt.Errorf("decode: %w", context.Cause(ctx))
		}
		item, err := r.Next()
		var line *capture.LineError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &line) && capture.IsLineError(err):
			err = d.fault(line.Line, "row", line.Err)
		case err != nil:
			return fmt.Errorf("decode: %w", err)
		default:
			err = d.item(item)
		}
		if err != nil {
			return err
		}
	}
}

// item decodes one frame or body and prints what it says. The error is of the output.
func (d *decoding) item(item capture.Item) error {
	d.events = d.events[:0]
	var err error
	switch item.Kind {
	case capture.KindReceived:
		d.events, err = d.protocol.Decode(d.events, item.Payload, item.At)
	case capture.KindHTTP:
		err = d.body(item)
	default:
		return nil // what the client sent, and when it connected
	}
	if err != nil {
		return d.fault(item.Line, "", err)
	}
	for _, e := range d.events {
		d.line, err = ndjson.Append(d.line[:0], e, d.symbol(e.Origin().Instrument))
		if err != nil {
			if err := d.fault(item.Line, "message", err); err != nil {
				return err
			}
			continue
		}
		if _, err := d.out.Write(d.line); err != nil {
			return err
		}
	}
	return nil
}

// errBody is a REST body of no use here.
var errBody = errors.New("a REST body that is neither an order book nor a list of instruments")

// body decodes the answer to a REST request.
func (d *decoding) body(item capture.Item) error {
	u, err := url.Parse(item.Meta)
	if err != nil {
		return fmt.Errorf("the address of the request: %w", err)
	}
	snapshots, ok := d.protocol.(snapshotDecoder)
	switch {
	case d.of.listsInstruments(u.Path):
		return d.learn(item.Payload)
	case ok && d.of.bookPath != "" && strings.HasSuffix(u.Path, d.of.bookPath):
		i, err := d.protocol.Instrument(u.Query().Get(d.of.bookSymbol))
		if err != nil {
			return err
		}
		book, err := snapshots.DecodeSnapshot(i, item.Payload, item.At)
		if err != nil {
			return err
		}
		d.events = append(d.events, book)
		return nil
	}
	return errBody
}

// learn takes over a list of instruments: symbols behind it are split by it.
func (d *decoding) learn(body []byte) error {
	listings, err := d.of.adapter.ParseListings(d.of.name, body)
	if err != nil {
		return err
	}
	p, err := d.of.open(listings)
	if err != nil {
		return err
	}
	d.protocol = p
	for _, l := range listings {
		d.symbols[l.Instrument] = l.Symbol
	}
	return nil
}

func (d *decoding) symbol(i market.Instrument) string {
	if i.IsZero() {
		return ""
	}
	symbol, ok := d.symbols[i]
	if !ok {
		symbol = d.of.symbol(i)
		d.symbols[i] = symbol
	}
	return symbol
}

// fault tells of a line that could not be decoded. What was printed before it is written out
// first, so that both streams on one terminal keep their order. The error is of the output.
func (d *decoding) fault(line int, reason string, err error) error {
	d.faulty++
	detail := err.Error()
	var refused *venue.DecodeError
	switch {
	case errors.As(err, &refused):
		reason, detail = string(refused.Reason), refused.Detail
		if refused.Field != "" {
			detail = fmt.Sprintf("field %q: %s", refused.Field, detail)
		}
	case errors.Is(err, errBody):
		reason = string(venue.Unsupported)
	case reason == "":
		reason = string(venue.Schema)
	}
	if err := d.out.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(d.faults, "line %d: %s: %s\n", line, reason, oneLine(detail))
	return err
}

// oneLine keeps control letters of a hostile frame off the terminal.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}
