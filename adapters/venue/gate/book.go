package gate

import (
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// book makes the message of a book or of a change to one. Whole are those of spot.order_book, those
// that say full (spot.obu, and newer frames of spot.order_book_update), and REST books that recorders
// store as snapshots.
func (p *Protocol) book(received market.Timestamp) (message.Event, error) {
	r, i := &p.r, &p.r.item
	pair := i.pair
	if pair.Kind == scan.Invalid {
		pair = r.pair
	}
	o, err := p.origin(pair, "s", received)
	if err != nil {
		return nil, err
	}
	f := message.BookFields{Origin: o}
	switch t := r.bookTime(); {
	case t.Present():
		f.VenueTime, err = milliseconds(t, "t")
	default:
		f.VenueTime, err = r.sent()
	}
	if err != nil {
		return nil, err
	}
	if string(r.channel.Text) == "spot.order_book" || string(r.event.Text) == "snapshot" {
		f.Snapshot = true
		if !r.hasBids || !r.hasAsks {
			return nil, venue.Refuse(venue.Schema, "bids", "a book without both bids and asks")
		}
		if f.LastID, err = id(i.id, "lastUpdateId"); err != nil {
			return nil, err
		}
		return r.made(f)
	}
	f.Snapshot = i.full.IsTrue()
	if f.LastID, err = id(i.last, "u"); err != nil {
		return nil, err
	}
	if !f.Snapshot || i.first.Present() {
		if f.FirstID, err = id(i.first, "U"); err != nil {
			return nil, err
		}
	}
	if f.LastID < f.FirstID {
		return nil, venue.Refuse(venue.Schema, "u", "update ids from %d down to %d", f.FirstID, f.LastID)
	}
	if f.Snapshot && !r.hasBids && !r.hasAsks {
		return nil, venue.Refuse(venue.Schema, "b", "a whole book without bids and asks")
	}
	return r.made(f)
}

// bookTime is when a book changed last.
func (r *reader) bookTime() venue.Token {
	for _, t := range [...]venue.Token{r.item.t, r.item.update, r.item.current} {
		if t.Present() {
			return t
		}
	}
	return venue.Token{}
}

// made makes the message of the levels read. Whole books were seen with levels of amount 0, in the
// manual's example of full: they are none.
func (r *reader) made(f message.BookFields) (message.Event, error) {
	if f.Snapshot {
		r.bids, r.asks = slices.DeleteFunc(r.bids, empty), slices.DeleteFunc(r.asks, empty)
	}
	venue.BestFirst(r.bids, market.Buy)
	venue.BestFirst(r.asks, market.Sell)
	return venue.Made(message.NewBook(f, r.bids, r.asks))
}

func empty(l message.Level) bool { return l.Quantity.IsZero() }

// id reads an update id.
func id(t venue.Token, field string) (uint64, error) {
	n, err := t.Int(field)
	if err == nil && n < 0 {
		err = venue.Refuse(venue.Number, field, "%d is no update id", n)
	}
	return uint64(n), err
}

// DecodeSnapshot reads the body of what SnapshotURL names. It fails with a *venue.DecodeError,
// also where the body is a refusal of the venue. It may run beside Decode.
func (p *Protocol) DecodeSnapshot(i market.Instrument, body []byte, received market.Timestamp) (message.Book, error) {
	book, err := decodeSnapshot(i, body, received)
	if err != nil {
		return message.Book{}, venue.Refused(p.venue, err)
	}
	return book, nil
}

func decodeSnapshot(i market.Instrument, body []byte, received market.Timestamp) (message.Book, error) {
	if err := venue.CheckFrame(body); err != nil {
		return message.Book{}, err
	}
	if i.IsZero() {
		return message.Book{}, venue.Refuse(venue.Instrument, "", "a snapshot of no instrument")
	}
	var r reader
	r.start(body)
	if kind := r.d.Next(); kind != scan.Object && kind != scan.Invalid {
		return message.Book{}, venue.Refuse(venue.Schema, "", "want an object, got %v", kind)
	}
	if err := r.read(&r.d); err != nil {
		return message.Book{}, err
	}
	if err := venue.End(&r.d); err != nil {
		return message.Book{}, err
	}
	if r.item.label.Present() {
		return message.Book{}, venue.Refuse(venue.Unsupported, "label", "the venue refused: %s %s", venue.Word(r.item.label), venue.Words(r.item.message))
	}
	f := message.BookFields{Origin: message.Origin{Instrument: i, Received: received}, Snapshot: true}
	var err error
	if f.LastID, err = id(r.item.id, "id"); err != nil {
		return message.Book{}, err
	}
	if !r.hasBids || !r.hasAsks {
		return message.Book{}, venue.Refuse(venue.Schema, "bids", "a book without both bids and asks")
	}
	if t := r.bookTime(); t.Present() { // bodies of 2021 have none
		if f.VenueTime, err = milliseconds(t, "update"); err != nil {
			return message.Book{}, err
		}
	}
	e, err := r.made(f)
	if err != nil {
		return message.Book{}, err
	}
	return e.(message.Book), nil // made makes nothing else
}
