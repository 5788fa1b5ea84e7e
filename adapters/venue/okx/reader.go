package okx

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// reader holds a frame and one object of its data as they came, as far as the decoder uses them.
type reader struct {
	d     scan.Decoder
	later scan.Decoder // of data that came before what says how to read it
	head  head
	f     fields
	sides [2][]message.Level // bids, asks
	texts []text             // of all levels of the frame that may be needed for a checksum
	books []summed
	sum   []byte // what a checksum is taken of
}

// head is a frame without its data.
type head struct {
	event, op, code, msg, action  venue.Token
	channel, connections          venue.Token // of an event about connections
	table, errorCode              venue.Token // of the retired version 3
	argChannel, argSymbol         venue.Token
	hasArg, hasData, dataWasEarly bool
	data                          []byte // raw, where dataWasEarly
}

// fields is one object of a frame's data.
type fields struct {
	symbol, ts                    venue.Token
	last, open, high, low, volume venue.Token // of a ticker
	id, price, size, taker        venue.Token // of a trade
	checksum, seq, prevSeq        venue.Token // of a book
	hasBids, hasAsks              bool
	title, state                  venue.Token // of a status
}

// text is a level as it was written.
type text struct {
	level       message.Level
	side        market.Side
	price, size []byte
}

// readArg reads the topic of a frame. Some channels have none but their name.
func (r *reader) readArg() error {
	d := &r.d
	if kind := d.Next(); kind != scan.Object {
		if kind == scan.Invalid {
			return d.Skip()
		}
		return venue.Refuse(venue.Schema, "arg", "want an object, got %v", kind)
	}
	arg, err := d.ObjIter()
	if err != nil {
		return err
	}
	r.head.hasArg = true
	for arg.Next() {
		switch string(arg.Key()) {
		case "channel":
			r.head.argChannel, err = venue.ReadToken(d)
		case "instId":
			r.head.argSymbol, err = venue.ReadToken(d)
		default:
			err = d.Skip()
		}
		if err != nil {
			return err
		}
	}
	return arg.Err()
}

// readObject reads one object of the data into r.f, and its levels into r.sides. keep says to
// note the texts of the levels.
func (r *reader) readObject(d *scan.Decoder, keep bool) error {
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "data", "want an object, got %v", kind)
	}
	f := &r.f
	*f = fields{}
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		var t *venue.Token
		switch string(object.Key()) {
		case "instId":
			t = &f.symbol
		case "ts":
			t = &f.ts
		case "last":
			t = &f.last
		case "open24h":
			t = &f.open
		case "high24h":
			t = &f.high
		case "low24h":
			t = &f.low
		case "vol24h":
			t = &f.volume
		case "tradeId":
			t = &f.id
		case "px":
			t = &f.price
		case "sz":
			t = &f.size
		case "side":
			t = &f.taker
		case "checksum":
			t = &f.checksum
		case "seqId":
			t = &f.seq
		case "prevSeqId":
			t = &f.prevSeq
		case "title":
			t = &f.title
		case "state":
			t = &f.state
		case "bids":
			f.hasBids = true
			err = r.readLevels(d, "bids", market.Buy, keep)
		case "asks":
			f.hasAsks = true
			err = r.readLevels(d, "asks", market.Sell, keep)
		default:
			err = d.Skip()
		}
		if t != nil {
			*t, err = venue.ReadToken(d)
		}
		if err != nil {
			return err
		}
	}
	return object.Err()
}
