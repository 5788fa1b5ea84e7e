package main

import (
	"bytes"
	_ "embed" // of where the figures come from
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/registry"
)

func newVenuesCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "venues",
		Short: "Say what each venue's adapter supports, and what the venue allows",
		Long: `Prints a table of the adapters that there are: channels, how order books are kept whole, what keeps
a connection alive, and the limits that are kept to. Everything is asked of the adapters themselves.
--json says for each figure where it comes from, too; docs/venues.md is the same as a page.`,
		Example: `  maru venues
  maru venues --json | jq -r '.[] | select(.book == "REST join") | .venue'`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var sources map[string]sourced
			if err := json.Unmarshal(venueSources, &sources); err != nil {
				return fmt.Errorf("venues: the list of sources: %w", err)
			}
			all, err := supported(sources)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				e.SetEscapeHTML(false)
				return e.Encode(all)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), venuesTable(all))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array, with the sources of the limits")
	return cmd
}

// How an order book is kept whole.
const (
	bookWhole  = "whole"           // every frame is the whole book
	bookStream = "stream snapshot" // a snapshot in the stream, then changes
	bookREST   = "REST join"       // changes, joined to a snapshot over REST
)

// venueSupport is what an adapter supports. A limit of zero is not known, or there is none.
type venueSupport struct {
	Venue     string   `json:"venue"`
	Channels  []string `json:"channels"`
	Book      string   `json:"book"`
	Checksum  bool     `json:"checksum"` // books carry one, and it is checked
	WebSocket string   `json:"websocket"`
	Listings  string   `json:"listings"` // where the instruments are listed

	BookLevelsMax    int               `json:"book_levels_max,omitempty"` // a side, where the venue refuses more
	Ping             string            `json:"ping"`                      // what is sent; empty: the venue pings
	PingEvery        string            `json:"ping_every,omitempty"`
	Silence          string            `json:"silence"` // a connection that is silent for longer is dead
	Lifetime         string            `json:"lifetime,omitempty"`
	Instruments      int               `json:"instruments_per_connection,omitempty"`
	Streams          int               `json:"streams_per_connection,omitempty"` // instruments times channels
	NamesPerFrame    int               `json:"names_per_frame,omitempty"`
	SendEvery        string            `json:"send_every,omitempty"`
	ConnectEvery     string            `json:"connect_every,omitempty"`
	SnapshotEvery    string            `json:"snapshot_every,omitempty"`
	SameProtocolAs   string            `json:"same_protocol_as,omitempty"`
	Sources          map[string]string `json:"sources,omitempty"` // of limits, by their name in the code
	SourceOfProtocol string            `json:"source,omitempty"`
}

// venueSources says, by adapter, where the figures of its limits come from. It is written from the
// comments in the adapters' code: go test ./cmd/maru -run TestVenuesDoc -update.
//
//go:embed venues_sources.json
var venueSources []byte

// sourced is the part of venueSources that is about one adapter.
type sourced struct {
	Protocol string            `json:"protocol"` // what the package says it was built from
	Limits   map[string]string `json:"limits"`
}

// supported asks every adapter what it supports.
func supported(sources map[string]sourced) ([]venueSupport, error) {
	var all []venueSupport
	for _, name := range registry.Names() {
		s, err := probe(name)
		if err != nil {
			return nil, fmt.Errorf("venues: %s: %w", name, err)
		}
		s.SourceOfProtocol, s.Sources = sources[name].Protocol, sources[name].Limits
		for i := range all {
			if sameAs(s, all[i]) {
				s.SameProtocolAs = all[i].Venue
			}
		}
		if s.SameProtocolAs != "" {
			s.WebSocket, s.Listings = "", "" // its address is its own
		}
		all = append(all, s)
	}
	return all, nil
}

// sameAs reports whether two rows are of one adapter under two names.
func sameAs(a, b venueSupport) bool {
	a.Venue, a.Sources, a.SourceOfProtocol, a.SameProtocolAs = b.Venue, b.Sources, b.SourceOfProtocol, b.SameProtocolAs
	one, errOne := json.Marshal(a)
	two, errTwo := json.Marshal(b)
	return errOne == nil && errTwo == nil && bytes.Equal(one, two)
}

// probe asks one adapter.
func probe(name string) (venueSupport, error) {
	a, err := registry.Find(name)
	if err != nil {
		return venueSupport{}, err
	}
	s := venueSupport{Venue: name, Book: bookWhole, BookLevelsMax: a.BookLevelsMax, Listings: a.ListingsURL("")}
	for _, c := range a.Channels {
		s.Channels = append(s.Channels, c.String())
	}
	instrument, err := market.NewInstrument(market.Venue(name), "BTC-USDT")
	if err != nil {
		return s, err
	}
	all, err := a.New(venue.Config{Venue: market.Venue(name), Channels: a.Channels, Listings: []market.Listing{a.Listing(instrument)}, BookDepth: a.BookLevels})
	if err != nil {
		return s, err
	}
	one, limits := all[0], a.Limits()
	s.WebSocket = one.URL()
	if join, ok := one.(feeder.Snapshotter); ok && join.SnapshotURL(instrument) != "" {
		s.Book, s.SnapshotEvery = bookREST, spell(join.SnapshotEvery())
	} else if again, ok := one.(feeder.Resubscriber); ok && len(again.Resubscribe(instrument)) > 0 {
		s.Book = bookStream
	}
	_, s.Checksum = one.(interface {
		Checksums() (checked, failed uint64)
	})
	ping, every := one.Ping()
	switch {
	case every == 0:
	case ping == nil:
		s.Ping = "WebSocket ping"
	default:
		s.Ping = string(ping)
	}
	s.PingEvery, s.Silence, s.Lifetime = spell(every), spell(one.Silence()), spell(one.Lifetime())
	s.SendEvery, s.ConnectEvery = spell(one.SendEvery()), spell(one.ConnectEvery())
	s.Instruments, s.Streams, s.NamesPerFrame = limits.InstrumentsPerConnection, limits.StreamsPerConnection, limits.NamesPerFrame
	return s, nil
}

// spell writes a duration for people; empty for none.
func spell(d time.Duration) string {
	if d == 0 {
		return ""
	}
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// venueColumns are the columns of the table, on the terminal and in docs/venues.md.
var venueColumns = []struct {
	title string
	cell  func(venueSupport) string
}{
	{"venue", func(s venueSupport) string { return s.Venue }},
	{"channels", func(s venueSupport) string { return strings.Join(s.Channels, " ") }},
	{"book", func(s venueSupport) string { return s.Book }},
	{"levels", func(s venueSupport) string { return number(s.BookLevelsMax) }},
	{"checksum", func(s venueSupport) string {
		if s.Checksum {
			return "yes"
		}
		return ""
	}},
	{"ping", func(s venueSupport) string {
		if s.PingEvery == "" {
			return "by the venue"
		}
		return oneLine(s.Ping) + " every " + s.PingEvery
	}},
	{"silence", func(s venueSupport) string { return s.Silence }},
	{"lifetime", func(s venueSupport) string { return s.Lifetime }},
	{"on a connection", func(s venueSupport) string {
		var parts []string
		if s.Instruments > 0 {
			parts = append(parts, count(s.Instruments, "instrument"))
		}
		if s.Streams > 0 {
			parts = append(parts, count(s.Streams, "stream"))
		}
		return strings.Join(parts, ", ")
	}},
	{"names a frame", func(s venueSupport) string { return number(s.NamesPerFrame) }},
	{"send every", func(s venueSupport) string { return s.SendEvery }},
	{"connect every", func(s venueSupport) string { return s.ConnectEvery }},
	{"snapshot every", func(s venueSupport) string { return s.SnapshotEvery }},
}

// venuesTable writes the table for a terminal.
func venuesTable(all []venueSupport) string {
	var titles []any
	for _, c := range venueColumns {
		titles = append(titles, c.title)
	}
	t := newTable(titles...)
	for _, s := range all {
		var row table.Row
		for _, c := range venueColumns {
			row = append(row, orDash(c.cell(s)))
		}
		t.AppendRow(row)
	}
	return t.Render() + "\n"
}

// venuesPage writes docs/venues.md.
func venuesPage(all []venueSupport) string {
	var b strings.Builder
	b.WriteString(venuesIntro)
	line := func(cell func(i int) string) {
		b.WriteByte('|')
		for i := range venueColumns {
			b.WriteString(" " + strings.ReplaceAll(orDash(cell(i)), "|", `\|`) + " |")
		}
		b.WriteByte('\n')
	}
	line(func(i int) string { return venueColumns[i].title })
	b.WriteString(strings.Repeat("|---", len(venueColumns)) + "|\n")
	for _, s := range all {
		line(func(i int) string { return venueColumns[i].cell(s) })
	}
	b.WriteString("\n## Where the figures come from\n")
	for _, s := range all {
		fmt.Fprintf(&b, "\n### %s\n\n", s.Venue)
		if s.SameProtocolAs != "" && len(s.Sources) == 0 {
			fmt.Fprintf(&b, "Speaks as %s does.\n", s.SameProtocolAs)
			continue
		}
		fmt.Fprintf(&b, "Frames from `%s`, instruments from `%s`. %s\n\n", s.WebSocket, s.Listings, s.SourceOfProtocol)
		var names []string
		for name := range s.Sources {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintf(&b, "- `%s`: %s\n", name, s.Sources[name])
		}
	}
	b.WriteString(venueGuide)
	return b.String()
}

const venuesIntro = `# Venues

What each venue's adapter supports and keeps to; ` + "`maru venues`" + ` prints the same table, and
` + "`maru venues --json`" + ` the same for programs. The page is written from the code:
` + "`go test ./cmd/maru -run TestVenuesDoc -update`" + `.

- **book**: how an order book is kept whole. *whole*: every frame is the book. *stream snapshot*: the stream
  begins with a snapshot and goes on with changes; after a gap or a wrong checksum the instrument is
  subscribed to again. *REST join*: the stream is changes, joined to a snapshot that is fetched.
- **levels**: how many a side may be asked for; - where the venue sends what it has. **channels**: those with
  something of their own; where there is no bbo, the best bid and offer follow from the book.
- **checksum**: the venue sends one of its books, and it is checked.
- **ping**: what is sent so that the venue does not cut a connection. **silence**: a connection that said
  nothing for longer is dialed again. **lifetime**: the age at which the venue cuts one.
- **on a connection**: how much is followed on one; a stream is one channel of one instrument. **names a
  frame**: streams asked for in one request; - where all of a connection go into one.
- **send every**, **connect every**, **snapshot every**: the least time between two frames that are sent on a
  connection, two connections, two order books fetched from one address.

`
