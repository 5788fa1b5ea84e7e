package okx

import (
	"bytes"
	"compress/flate"
	"io"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Decode appends what one frame says to dst: an event for each object of its data, and a status
// behind a book that its checksum contradicts. A frame is decoded whole or not at all: on error
// dst comes back as it was, and the error is a *venue.DecodeError. The frame is not kept.
func (p *Protocol) Decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error) {
	out, err := p.decode(dst, frame, received)
	if err != nil {
		return dst, venue.Refused(p.venue, err)
	}
	return out, nil
}

func (p *Protocol) decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error) {
	if string(frame) == "pong" {
		f := p.notice(message.NoticeHeartbeat, received)
		f.Detail = "pong"
		return appended(dst, message.NewNotice, f)
	}
	if err := venue.CheckFrame(frame); err != nil {
		if isVersion3(frame) {
			err = venue.Refuse(venue.Unsupported, "", "a deflated frame of the retired version 3 of the protocol")
		}
		return nil, err
	}
	p.d.ResetBytes(frame)
	p.head, p.texts, p.books = head{}, scratch(p.texts), p.books[:0]
	events := len(dst)
	dst, err := p.frame(dst, received)
	if err != nil {
		return nil, err
	}
	if err := venue.End(&p.d); err != nil {
		return nil, err
	}
	if p.head.dataWasEarly && !p.head.isRefusal() {
		p.later.ResetBytes(p.head.data)
		if dst, err = p.data(&p.later, dst, received); err != nil {
			return nil, err
		}
	}
	if len(dst) == events {
		return p.event(dst, received)
	}
	for i := range p.books {
		if p.checks.take(p.books[i], &p.sum) {
			continue
		}
		f := message.StatusFields{Origin: p.books[i].origin, Reason: "checksum"}
		if dst, err = appended(dst, message.NewStatus, f); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// scratch returns texts emptied for the next frame, or nothing if it grew beyond what is worth
// keeping: that of the deepest channel.
func scratch(texts []text) []text {
	if cap(texts) > 2*keptLevels {
		return nil
	}
	return texts[:0]
}

// isVersion3 reports whether a binary frame is one of the retired version 3, whose frames were
// raw deflate.
func isVersion3(frame []byte) bool {
	var start [8]byte
	n, _ := io.ReadFull(flate.NewReader(bytes.NewReader(frame)), start[:])
	return n == len(start) && (bytes.HasPrefix(start[:], []byte(`{"table"`)) || bytes.HasPrefix(start[:], []byte(`{"event"`)))
}

// frame reads the outer object, and its data where all that says how to read it stands before.
func (p *Protocol) frame(dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	d, h := &p.d, &p.head
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return nil, venue.Refuse(venue.Schema, "", "want an object, got %v", kind)
	}
	object, err := d.ObjIter()
	if err != nil {
		return nil, err
	}
	for object.Next() {
		var t *venue.Token
		switch string(object.Key()) {
		case "arg":
			err = p.readArg()
		case "action":
			t = &h.action
		case "data":
			switch {
			case h.hasData:
				err = venue.Refuse(venue.Schema, "data", "given twice")
			case p.dataIsReadable():
				dst, err = p.data(d, dst, received)
			default:
				h.dataWasEarly = true
				h.data, err = d.Raw()
			}
			h.hasData = true
		case "event":
			t = &h.event
		case "op":
			t = &h.op
		case "code":
			t = &h.code
		case "msg", "message":
			t = &h.msg
		case "channel":
			t = &h.channel
		case "connCount":
			t = &h.connections
		case "table":
			t = &h.table
		case "errorCode":
			t = &h.errorCode
		default:
			err = d.Skip()
		}
		if t != nil {
			*t, err = venue.ReadToken(d)
		}
		if err != nil {
			return nil, err
		}
	}
	return dst, object.Err()
}

// dataIsReadable reports whether what was read of a frame says how to read its data. A book may
// be whole or a change: that is the action.
func (p *Protocol) dataIsReadable() bool {
	h := &p.head
	if !h.hasArg || !h.argChannel.Present() || h.event.Present() {
		return false
	}
	kind := kindOf(h.argChannel.Text)
	return kind != 0 && (kind != chained || h.action.Present())
}

// kind is what the objects of a channel's data are.
type kind uint8

const (
	ticker  kind = 1 + iota
	trade        // one execution, or those of one order at one price
	chained      // a book: a snapshot, then changes
	whole        // a book of few levels, whole each time
	best         // the best bid and offer
	candle
	status
)

// kindOf returns what a channel carries; 0 if nothing that is decoded. Left out on purpose are
// books-rpi, which counts orders that programs cannot take, and the trades of blocks, which are
// agreed upon beside the book.
func kindOf(channel []byte) kind {
	switch string(channel) {
	case "tickers":
		return ticker
	case "trades", "trades-all", "option-trades":
		return trade
	case "books", "books-l2-tbt", "books50-l2-tbt":
		return chained
	case "books5":
		return whole
	case "bbo-tbt":
		return best
	case "status":
		return status
	}
	if bytes.HasPrefix(channel, candlePrefix) {
		return candle
	}
	return 0
}

// data reads the list of what a channel has to say and appends an event for each.
func (p *Protocol) data(d *scan.Decoder, dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	h := &p.head
	switch {
	case h.table.Present():
		return nil, p.version3("table", h.table)
	case h.op.Present():
		return nil, venue.Refuse(venue.Unsupported, "op", "%.64q: an answer about orders", h.op.Text)
	case !h.argChannel.Present():
		return nil, venue.Refuse(venue.Schema, "arg", "data of no channel, as in the answer to a REST request")
	}
	kind := kindOf(h.argChannel.Text)
	if kind == 0 {
		return nil, venue.Refuse(venue.Unsupported, "arg.channel", "%.64q", h.argChannel.Text)
	}
	if of := d.Next(); of != scan.Array && of != scan.Invalid {
		return nil, venue.Refuse(venue.Schema, "data", "want an array, got %v", of)
	}
	list, err := d.ArrIter()
	if err != nil {
		return nil, err
	}
	n := len(dst)
	for list.Next() {
		var e message.Event
		switch kind {
		case chained:
			e, err = p.change(d, received)
		case candle:
			e, err = p.bar(d, received)
		default:
			if err = p.readObject(d, false); err == nil {
				e, err = p.object(kind, received)
			}
		}
		if err != nil {
			return nil, err
		}
		dst = append(dst, e)
	}
	if len(dst) == n && list.Err() == nil {
		return nil, venue.Refuse(venue.Schema, "data", "an empty list says nothing")
	}
	return dst, list.Err()
}

// object makes the message of what was read into p.f.
func (p *Protocol) object(of kind, received market.Timestamp) (message.Event, error) {
	switch of {
	case ticker:
		return p.ticker(received)
	case trade:
		return p.trade(received)
	case whole:
		return p.whole(received)
	case best:
		return p.best(received)
	default:
		return p.status(received)
	}
}

// origin finds the instrument of the object read: its own instId, else that of the topic.
func (p *Protocol) origin(received market.Timestamp) (o message.Origin, number int, err error) {
	symbol := p.f.symbol
	if !symbol.Present() {
		symbol = p.head.argSymbol
	}
	if symbol.Kind != scan.String {
		return o, 0, venue.Refuse(venue.Schema, "instId", "want a string, got %v", symbol.Kind)
	}
	if number, err = p.symbols.Find(symbol.Text); err != nil {
		return o, 0, err
	}
	o.Instrument, o.Received = p.symbols.Instrument(number), received
	o.VenueTime, err = p.f.ts.Time("ts")
	return o, number, err
}

// appended appends the message of f.
func appended[F any, E message.Event](dst []message.Event, make func(F) (E, error), f F) ([]message.Event, error) {
	e, err := venue.Made(make(f))
	return append(dst, e), err
}
