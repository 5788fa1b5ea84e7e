package market

import (
	"errors"
	"fmt"
	"strings"
	"unique"
)

// Venue names a place where instruments are traded: "upbit", "binance", "sim".
type Venue string

// wellFormed reports whether v is 1 to 32 letters that need no escaping where it stands in front
// of an instrument's name.
func (v Venue) wellFormed() bool {
	for _, c := range []byte(v) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return v != "" && len(v) <= 32
}

// Instrument is one thing traded at one venue. It is a handle of a few bytes: two Instruments
// are == exactly when venue and name are equal. The zero Instrument is none.
//
// The name is canonical: base and quote joined by a dash for spot (BTC-KRW), a third part for
// what must not be taken for spot: PERP, an expiry as YYMMDD, or an option's expiry, strike
// and right (BTC-USD-210924-42000-P).
type Instrument struct{ handle unique.Handle[instrument] }

type instrument struct {
	venue       Venue
	name        string
	full        string // venue:name, kept because every log line and label wants it
	base, quote string
	hash        uint64 // FNV-1a of full: the same in every process and every run
}

// ErrInstrument is returned for a name that is not a canonical instrument name.
var ErrInstrument = errors.New("not an instrument name (want BASE-QUOTE, such as BTC-KRW)")

// NewInstrument returns the instrument of that canonical name at that venue. It fails with
// ErrInstrument if the venue is empty or has other letters than a-z, 0-9 and _-, or if the name
// has no base or quote, or other letters than A-Z, 0-9 and ._-.
func NewInstrument(venue Venue, name string) (Instrument, error) {
	base, rest, ok := strings.Cut(name, "-")
	quote, _, _ := strings.Cut(rest, "-")
	if !ok || !venue.wellFormed() || base == "" || quote == "" || strings.HasSuffix(name, "-") || !wellFormed(name) {
		return Instrument{}, fmt.Errorf("market: instrument %.64q at venue %.32q: %w", name, string(venue), ErrInstrument)
	}
	name = strings.Clone(name)
	return Instrument{unique.Make(instrument{
		venue: venue, name: name, full: string(venue) + ":" + name,
		base: strings.Clone(base), quote: strings.Clone(quote),
		hash: fnv1a(string(venue) + ":" + name),
	})}, nil
}

// ParseInstrument reads what Instrument.String prints, "venue:NAME".
func ParseInstrument(text string) (Instrument, error) {
	venue, name, ok := strings.Cut(text, ":")
	if !ok {
		return Instrument{}, fmt.Errorf("market: instrument %.64q: want venue:NAME: %w", text, ErrInstrument)
	}
	return NewInstrument(Venue(venue), name)
}

// MustInstrument is NewInstrument for constants and tests; it panics on a fault.
func MustInstrument(venue Venue, name string) Instrument {
	i, err := NewInstrument(venue, name)
	if err != nil {
		panic(err)
	}
	return i
}

// wellFormed reports whether name is 1 to 64 letters that need no escaping in a URL, a file
// name, a metric or a topic.
func wellFormed(name string) bool {
	if len(name) > 64 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

// IsZero reports whether i is no instrument.
func (i Instrument) IsZero() bool { return i == Instrument{} }

// Venue returns where the instrument is traded; empty for the zero Instrument.
func (i Instrument) Venue() Venue {
	if i.IsZero() {
		return ""
	}
	return i.handle.Value().venue
}

// Name returns the canonical name, such as BTC-KRW.
func (i Instrument) Name() string {
	if i.IsZero() {
		return ""
	}
	return i.handle.Value().name
}

// Base returns what is bought and sold: BTC of BTC-KRW.
func (i Instrument) Base() string {
	if i.IsZero() {
		return ""
	}
	return i.handle.Value().base
}

// Quote returns what is paid: KRW of BTC-KRW.
func (i Instrument) Quote() string {
	if i.IsZero() {
		return ""
	}
	return i.handle.Value().quote
}

// IsSpot reports whether the name has a base and a quote and nothing more.
func (i Instrument) IsSpot() bool { return strings.Count(i.Name(), "-") == 1 }

// String returns venue:NAME, such as upbit:BTC-KRW; "-" for none.
func (i Instrument) String() string {
	if i.IsZero() {
		return "-"
	}
	return i.handle.Value().full
}

// Compare orders instruments by venue, then name.
func (i Instrument) Compare(j Instrument) int { return strings.Compare(i.String(), j.String()) }

// Partition returns which of n partitions the instrument belongs to, 0 to n-1. It depends on
// the text alone, so every process and every run agrees.
func (i Instrument) Partition(n int) int {
	if n <= 1 || i.IsZero() {
		return 0
	}
	return int(i.handle.Value().hash % uint64(n))
}

func fnv1a(text string) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range []byte(text) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h ^ h>>32 // the low bits of FNV-1a alone are weak
}

// Listing is what a venue says of one instrument it trades.
type Listing struct {
	Instrument  Instrument
	Symbol      string   // the venue's own name: KRW-BTC, BTCUSDT
	Ticks       TickRule // smallest price step as a function of price; zero: not known
	LotSize     Quantity // smallest quantity step; zero: not known
	MinQuantity Quantity // smallest order; zero: none stated
	MinNotional Amount   // smallest price times quantity of an order; zero: none stated
	MaxNotional Amount   // largest; zero: none stated
	Session     Session  // when it trades; zero: always
}
