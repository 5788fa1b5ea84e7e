package binance

import (
	"bytes"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
)

// update decodes a depth update. The futures markets send their partial books, which are whole
// books of a few levels, in the same shape: there the stream's name tells.
func (p *Protocol) update(received market.Timestamp) (message.Event, error) {
	o, number, err := p.origin('E', received)
	if err != nil {
		return nil, err
	}
	r := &p.r
	if !r.hasBids || !r.hasAsks {
		return nil, venue.Refuse(venue.Schema, "b", "a depth update without both b and a")
	}
	f := message.BookFields{Origin: o, Snapshot: isPartialDepth(r.stream.Text)}
	if f.FirstID, err = id(r.get('U'), "U"); err != nil {
		return nil, err
	}
	if f.LastID, err = id(r.get('u'), "u"); err != nil {
		return nil, err
	}
	if f.LastID < f.FirstID {
		return nil, venue.Refuse(venue.Schema, "u", "update ids from %d down to %d", f.FirstID, f.LastID)
	}
	if t := r.previous(); t.Present() {
		if f.PrevID, err = id(t, "pu"); err != nil {
			return nil, err
		}
	}
	e, err := r.book(f)
	if err == nil {
		p.cover(number, f)
	}
	return e, err
}

// book makes the message of the levels read.
func (r *reader) book(f message.BookFields) (message.Event, error) {
	venue.BestFirst(r.bids, market.Buy)
	venue.BestFirst(r.asks, market.Sell)
	return made(message.NewBook(f, r.bids, r.asks))
}

// cover notes which ids the updates of a symbol have covered without a gap.
func (p *Protocol) cover(number int, f message.BookFields) {
	for len(p.updates) <= number {
		p.updates = append(p.updates, idRange{})
	}
	u := &p.updates[number]
	follows := u.last != 0 && (f.FirstID <= u.last+1 || f.PrevID == u.last)
	if !follows || f.LastID < u.first {
		u.first = f.FirstID
	}
	u.last = f.LastID
}

// isPartialDepth reports whether a stream is one of whole books of 5, 10 or 20 levels:
// btcusdt@depth20 or btcusdt@depth20@100ms, but not btcusdt@depth@100ms.
func isPartialDepth(stream []byte) bool {
	_, kind, _ := bytes.Cut(stream, at)
	kind, _, _ = bytes.Cut(kind, at)
	switch string(kind) {
	case "depth5", "depth10", "depth20":
		return true
	}
	return false
}

var at = []byte("@")

// snapshot decodes a whole book, of a partial depth stream or of a depth request.
func (p *Protocol) snapshot(received market.Timestamp) (message.Event, error) {
	r := &p.r
	f, err := r.snapshotFields(received)
	if err != nil {
		return nil, err
	}
	if f.Instrument, err = p.whose(f.LastID); err != nil {
		return nil, err
	}
	return r.book(f)
}

// snapshotFields checks a whole book and returns all but its instrument. On spot it has no time.
func (r *reader) snapshotFields(received market.Timestamp) (f message.BookFields, err error) {
	if !r.hasBids || !r.hasAsks {
		return f, venue.Refuse(venue.Schema, "bids", "a depth snapshot without both bids and asks")
	}
	f = message.BookFields{Origin: message.Origin{Received: received}, Snapshot: true}
	if f.LastID, err = id(r.lastUpdateID, "lastUpdateId"); err != nil {
		return f, err
	}
	if t := r.get('E'); t.Present() {
		f.VenueTime, err = t.Time("E")
	}
	return f, err
}

// whose finds the instrument of a whole book: what the stream's name or the body says; else the
// only instrument that the connection follows or has seen; else the only one whose updates cover
// the snapshot's id, so that the snapshot can be joined to them.
func (p *Protocol) whose(lastID uint64) (market.Instrument, error) {
	r := &p.r
	symbol, _, _ := bytes.Cut(r.stream.Text, at)
	if len(symbol) == 0 {
		symbol = r.pair.Text
	}
	switch {
	case len(symbol) > 0:
		n, err := p.find(symbol)
		if err != nil {
			return market.Instrument{}, err
		}
		return p.symbols.Instrument(n), nil
	case len(p.instruments) == 1:
		return p.instruments[0], nil
	case p.symbols.Len() == 1:
		return p.symbols.Instrument(0), nil
	}
	found := -1
	for n, u := range p.updates {
		if u.last == 0 || lastID+1 < u.first || lastID > u.last {
			continue
		}
		if found >= 0 {
			return market.Instrument{}, venue.Refuse(venue.Instrument, "lastUpdateId", "%d fits the updates of both %v and %v",
				lastID, p.symbols.Instrument(found), p.symbols.Instrument(n))
		}
		found = n
	}
	if found < 0 {
		return market.Instrument{}, venue.Refuse(venue.Instrument, "lastUpdateId", "%d fits the updates of none of %d symbols", lastID, p.symbols.Len())
	}
	return p.symbols.Instrument(found), nil
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
	if err := r.object(false, nil); err != nil {
		return message.Book{}, err
	}
	if err := venue.End(&r.d); err != nil {
		return message.Book{}, err
	}
	if r.code.Present() {
		return message.Book{}, venue.Refuse(venue.Unsupported, "code", "the venue refused: %s %s", venue.Word(r.code), venue.Words(r.msg))
	}
	if !r.lastUpdateID.Present() {
		return message.Book{}, venue.Refuse(venue.Schema, "lastUpdateId", "missing")
	}
	f, err := r.snapshotFields(received)
	if err != nil {
		return message.Book{}, err
	}
	f.Instrument = i
	e, err := r.book(f)
	if err != nil {
		return message.Book{}, err
	}
	return e.(message.Book), nil // book makes nothing else
}
