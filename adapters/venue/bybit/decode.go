package bybit

import (
	"bytes"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Decode appends what one frame says to dst: an event, or one for each object of a list. A frame
// is decoded whole or not at all: on error dst comes back as it was, nothing of the frame is kept,
// and the error is a *venue.DecodeError. The frame is not kept.
func (p *Protocol) Decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error) {
	out, err := p.decode(dst, frame, received)
	if err != nil {
		return dst, venue.Refused(p.venue, err)
	}
	return out, nil
}

func (p *Protocol) decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error) {
	if err := venue.CheckFrame(frame); err != nil {
		return nil, err
	}
	p.d.ResetBytes(frame)
	p.head = head{}
	heard := p.heard
	out, err := p.frame(dst, received)
	if err == nil {
		err = venue.End(&p.d)
	}
	if err == nil {
		out, err = p.rest(out, received)
	}
	if err != nil {
		p.heard = heard
		return nil, err
	}
	return out, nil
}

// frame reads the outer object, and its data where the topic stands before: lists become events
// at once, an object is read into p.f, for its time may follow.
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
		case "topic":
			t = &h.topic
		case "type":
			t = &h.kind
		case "ts":
			t = &h.ts
		case "data":
			if h.hasData {
				return nil, venue.Refuse(venue.Schema, "data", "given twice")
			}
			h.hasData = true
			switch kind, _ := kindOf(h.topic.Text); kind {
			case book, ticker:
				err = p.readObject(d)
			case trade, candle:
				dst, err = p.list(d, kind, dst, received)
			default:
				h.dataWasEarly = true
				h.data, err = d.Raw()
			}
		case "success":
			t = &h.success
		case "op":
			t = &h.op
		case "args":
			t = &h.args
		case "ret_msg":
			t = &h.msg
		case "ret_code":
			t = &h.oldCode
		case "retCode":
			t = &h.retCode
		case "retMsg":
			t = &h.reason
		case "request":
			h.hasRequest = true
			err = d.Skip()
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

// rest appends what could not be told before the frame was read to its end.
func (p *Protocol) rest(dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	h := &p.head
	if !h.topic.Present() {
		return p.answer(dst, received)
	}
	kind, depth := kindOf(h.topic.Text)
	switch {
	case kind == 0:
		return nil, refuseTopic(h.topic)
	case !h.hasData:
		return nil, venue.Refuse(venue.Schema, "data", "missing")
	}
	var err error
	if h.dataWasEarly {
		p.later.ResetBytes(h.data)
		switch kind {
		case book, ticker:
			err = p.readObject(&p.later)
		default:
			dst, err = p.list(&p.later, kind, dst, received)
		}
		if err != nil {
			return nil, err
		}
	}
	var e message.Event
	switch kind {
	case book:
		e, err = p.book(depth, received)
	case ticker:
		e, err = p.ticker(received)
	default:
		return dst, nil // a list
	}
	return append(dst, e), err
}

// kind is what a topic carries.
type kind uint8

const (
	book kind = 1 + iota
	ticker
	trade
	candle
	status
)

// kindOf returns what a topic carries, 0 if nothing that is decoded, and the depth of a book or
// the length of a candle.
func kindOf(topic []byte) (kind, []byte) {
	name, rest, _ := bytes.Cut(topic, dot)
	switch string(name) {
	case "tickers":
		return ticker, nil
	case "publicTrade":
		return trade, nil
	case "orderbook":
		// Depth 40 is of the retired version 3, and full is joined to a REST body.
		if depth, _, _ := bytes.Cut(rest, dot); string(depth) != "40" && string(depth) != "full" {
			return book, depth
		}
	case "kline":
		interval, _, _ := bytes.Cut(rest, dot)
		return candle, interval
	case "system":
		if string(rest) == "status" {
			return status, nil
		}
	}
	return 0, nil
}

var dot = []byte(".")

// retired are the topics of versions 2 and 3, up to the first dot.
var retired = map[string]bool{
	"orderBookL2_25": true, "orderBook_200": true, "trade": true, "instrument_info": true, "klineV2": true, "candle": true,
	"bookticker": true, "liquidation": true, "lt": true, "depth": true, "mergedDepth": true, "diffDepth": true, "realtimes": true,
	"bookTicker": true,
}

// refuseTopic refuses a topic, and says so where it is of a retired version.
func refuseTopic(topic venue.Token) error {
	name, rest, _ := bytes.Cut(topic.Text, dot)
	switch {
	case retired[string(name)] || string(name) == "orderbook" && bytes.HasPrefix(rest, []byte("40.")):
		return venue.Refuse(venue.Unsupported, "topic", "%.64q is of the retired versions 2 and 3 of the protocol, only version 5 is read", topic.Text)
	case string(name) == "orderbook":
		return venue.Refuse(venue.Unsupported, "topic", "%.64q: changes without a snapshot", topic.Text)
	}
	return venue.Refuse(venue.Unsupported, "topic", "%.64q", topic.Text)
}

// list reads a list and appends an event for each of its objects.
func (p *Protocol) list(d *scan.Decoder, of kind, dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	if kind := d.Next(); kind != scan.Array && kind != scan.Invalid {
		return nil, venue.Refuse(venue.Schema, "data", "want an array, got %v", kind)
	}
	list, err := d.ArrIter()
	if err != nil {
		return nil, err
	}
	n := len(dst)
	for list.Next() {
		if err := p.readObject(d); err != nil {
			return nil, err
		}
		var e message.Event
		switch of {
		case trade:
			e, err = p.trade(received)
		case candle:
			e, err = p.bar(received)
		default:
			e, err = p.status(received)
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

// origin finds the instrument of what was read: its own symbol, else the end of the topic. by is
// what else the object tells of its category. at is the venue's time.
func (p *Protocol) origin(by category, at venue.Token, field string, received market.Timestamp) (o message.Origin, of *symbols, number int, err error) {
	symbol := p.f.symbol
	if !symbol.Present() {
		t := p.head.topic.Text
		symbol = venue.Token{Kind: scan.String, Text: t[bytes.LastIndexByte(t, '.')+1:]}
	}
	if symbol.Kind != scan.String {
		return o, nil, 0, venue.Refuse(venue.Schema, "symbol", "want a string, got %v", symbol.Kind)
	}
	is := p.told(by)
	of = p.symbolsOf(is)
	if number, err = of.Find(symbol.Text); err != nil {
		return o, nil, 0, err
	}
	p.heard = is
	o.Instrument, o.Received = of.Instrument(number), received
	o.VenueTime, err = at.Time(field)
	return o, of, number, err
}
