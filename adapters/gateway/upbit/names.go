package upbit

import (
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
)

// Name is the venue of the instruments in reports.
const Name market.Venue = "upbit"

// codeOf returns Upbit's name of an instrument: BTC-KRW is KRW-BTC there. ok is false for what Upbit
// cannot trade: another venue's, or no spot instrument.
func codeOf(i market.Instrument) (code string, ok bool) {
	return i.Quote() + "-" + i.Base(), i.Venue() == Name && i.IsSpot()
}

// instrumentOf returns the instrument of one of Upbit's names. It fails with a *venue.DecodeError of
// reason Instrument.
func instrumentOf(code venue.Token) (market.Instrument, error) {
	quote, base, ok := strings.Cut(string(code.Text), "-")
	if !ok || quote == "" || base == "" || strings.Contains(base, "-") {
		return market.Instrument{}, venue.Refuse(venue.Instrument, "market", "%.64q is no pair of currencies", code.Text)
	}
	i, err := market.NewInstrument(Name, base+"-"+quote)
	if err != nil {
		return market.Instrument{}, venue.Refuse(venue.Instrument, "market", "%v", err)
	}
	return i, nil
}

// idBytesMax is the longest id that is read; Upbit's have 36 letters, and programs of other people may
// give longer ones to their orders.
const idBytesMax = 256

// idOf returns an id that Upbit states. It fails with a *venue.DecodeError if there is none, and
// for one that is too long or not of visible ASCII letters: it goes into requests and logs.
func idOf(t venue.Token, field string) (string, error) {
	if !t.Present() {
		return "", venue.Refuse(venue.Schema, field, "missing")
	}
	return idOrNone(t, field)
}

// idOrNone is idOf where a field may be missing: an absent id is empty.
func idOrNone(t venue.Token, field string) (string, error) {
	if !t.Present() {
		return "", nil
	}
	if !isText(t) || len(t.Text) > idBytesMax {
		return "", venue.Refuse(venue.Schema, field, "want an id of at most %d letters, got %d of a %v", idBytesMax, len(t.Text), t.Kind)
	}
	for _, c := range t.Text {
		if c <= ' ' || c > '~' {
			return "", venue.Refuse(venue.Schema, field, "%.64q is no id of visible ASCII letters", t.Text)
		}
	}
	return string(t.Text), nil
}

// clientOrNone is an id that we, or another program, gave an order. One that is none of visible ASCII
// letters is not ours and is left out.
func clientOrNone(t venue.Token) message.ClientOrderID {
	id, err := idOrNone(t, "identifier")
	if err != nil {
		return ""
	}
	return message.ClientOrderID(id)
}
