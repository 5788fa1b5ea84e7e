package gate

import (
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// reader reads frames into their parts.
type reader struct {
	d scan.Decoder

	// Of the frame.
	channel, event   venue.Token
	time, timeMS     venue.Token
	pair             venue.Token // of replayed snapshots
	code, text       venue.Token // of an error
	method, header   bool        // v3; orders over the socket
	hasError         bool
	hasResult        bool
	late             []byte // a result that came before its channel
	status           venue.Token
	kind, words      venue.Token // type and msg, of what the server says of itself
	item             item        // the object of the result that was read last
	bids, asks       []message.Level
	hasBids, hasAsks bool
}

// item is one object of a result, whatever the channel.
type item struct {
	pair, t                    venue.Token // currency_pair or s
	id, first, last            venue.Token // id or lastUpdateId, U, u
	full                       venue.Token
	price, amount, side        venue.Token // trades; last of tickers is price
	createTime, createTimeMS   venue.Token
	high, low, volume, percent venue.Token // tickers
	a, b, bigA, bigB           venue.Token // book_ticker; a of candles
	v, c, h, l, o, n, w        venue.Token // candlesticks
	current, update            venue.Token // REST
	label, message             venue.Token // of a REST request that was refused
}

func (r *reader) start(frame []byte) {
	r.d.ResetBytes(frame)
	r.channel, r.event, r.time, r.timeMS, r.pair = venue.Token{}, venue.Token{}, venue.Token{}, venue.Token{}, venue.Token{}
	r.code, r.text, r.status, r.kind, r.words = venue.Token{}, venue.Token{}, venue.Token{}, venue.Token{}, venue.Token{}
	r.method, r.header, r.hasError, r.hasResult, r.late = false, false, false, false, nil
	r.reset()
}

// reset forgets what was read of a result.
func (r *reader) reset() {
	r.item = item{}
	r.bids, r.asks, r.hasBids, r.hasAsks = venue.Scratch(r.bids), venue.Scratch(r.asks), false, false
}

// object reads a frame. each is called after every object of a result whose channel is known; a
// result that comes before its channel is kept for late.
func (r *reader) object(each func() error) error {
	d := &r.d
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "", "want an object, got %v", kind)
	}
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		var t *venue.Token
		switch string(object.Key()) {
		case "channel":
			t = &r.channel
		case "event":
			t = &r.event
		case "time":
			t = &r.time
		case "time_ms":
			t = &r.timeMS
		case "symbol":
			t = &r.pair
		case "type":
			t = &r.kind
		case "msg":
			t = &r.words
		case "result":
			r.hasResult = true
			if r.channel.Present() && r.event.Present() && r.late == nil {
				err = r.result(d, each)
			} else {
				r.late, err = d.Raw()
			}
			if err != nil {
				return err
			}
			continue
		case "error":
			if err := r.failure(); err != nil {
				return err
			}
			continue
		case "method":
			r.method = true
		case "header":
			r.header = true
		}
		if t == nil {
			err = d.Skip()
		} else {
			*t, err = venue.ReadToken(d)
		}
		if err != nil {
			return err
		}
	}
	return object.Err()
}

// failure reads {"code":…,"message":…}, or null for none.
func (r *reader) failure() error {
	d := &r.d
	switch d.Next() {
	case scan.Null:
		return d.Null()
	case scan.Object:
	default:
		r.hasError = true
		var err error
		r.text, err = venue.ReadToken(d)
		return err
	}
	r.hasError = true
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		switch string(object.Key()) {
		case "code":
			r.code, err = venue.ReadToken(d)
		case "message":
			r.text, err = venue.ReadToken(d)
		default:
			err = d.Skip()
		}
		if err != nil {
			return err
		}
	}
	return object.Err()
}

// result reads the value of result: an object, or a list of them; nothing of a channel that is
// not decoded, and only the status of an answer.
func (r *reader) result(d *scan.Decoder, each func() error) error {
	kind := d.Next()
	if !r.isData() {
		if kind == scan.Object {
			return r.answer(d)
		}
		return d.Skip()
	}
	if !decoded(r.channel.Text) {
		return d.Skip()
	}
	switch kind {
	case scan.Object:
		r.reset()
		if err := r.read(d); err != nil {
			return err
		}
		return each()
	case scan.Array:
	default:
		r.hasResult = false
		return d.Skip()
	}
	list, err := d.ArrIter()
	if err != nil {
		return err
	}
	for list.Next() {
		if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
			return venue.Refuse(venue.Schema, "result", "want objects, got %v", kind)
		}
		r.reset()
		if err := r.read(d); err != nil {
			return err
		}
		if err := each(); err != nil {
			return err
		}
	}
	return list.Err()
}

// isData reports whether the frame was sent because something happened, not because we asked.
// Futures say all for a whole book; some recorders store the REST book as a snapshot; the second
// version of books has no event (Order Book V2 Notification).
func (r *reader) isData() bool {
	switch string(r.event.Text) {
	case "update", "all", "snapshot":
		return true
	case "":
		return string(r.channel.Text) == "spot.obu"
	}
	return false
}

// decoded reports whether a channel is one of market data.
func decoded(channel []byte) bool {
	switch string(channel) {
	case "spot.tickers", "spot.trades", "spot.trades_v2", "spot.candlesticks", "spot.book_ticker",
		"spot.order_book", "spot.order_book_update", "spot.obu":
		return true
	}
	return false
}

// answer reads {"status":"success"}.
func (r *reader) answer(d *scan.Decoder) error {
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		if string(object.Key()) == "status" {
			r.status, err = venue.ReadToken(d)
		} else {
			err = d.Skip()
		}
		if err != nil {
			return err
		}
	}
	return object.Err()
}

// read reads one object of a result.
func (r *reader) read(d *scan.Decoder) error {
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		key := object.Key()
		kind := d.Next()
		if kind == scan.Array {
			err = r.levels(d, key)
		} else if t := r.field(key); t != nil {
			*t, err = venue.ReadToken(d)
		} else {
			err = d.Skip()
		}
		if err != nil {
			return err
		}
	}
	return object.Err()
}

// levels reads a side of a book.
func (r *reader) levels(d *scan.Decoder, key []byte) (err error) {
	switch string(key) {
	case "b", "bids":
		r.hasBids = true
		r.bids, err = venue.ReadLevels(d, "bids", r.bids[:0])
	case "a", "asks":
		r.hasAsks = true
		r.asks, err = venue.ReadLevels(d, "asks", r.asks[:0])
	default:
		err = d.Skip()
	}
	return err
}

// field returns where the value of a key goes; nil if it is not used.
func (r *reader) field(key []byte) *venue.Token {
	i := &r.item
	switch string(key) {
	case "currency_pair", "s":
		return &i.pair
	case "t":
		return &i.t
	case "U":
		return &i.first
	case "u":
		return &i.last
	case "id", "lastUpdateId":
		return &i.id
	case "full":
		return &i.full
	case "last", "price":
		return &i.price
	case "amount":
		return &i.amount
	case "side":
		return &i.side
	case "create_time":
		return &i.createTime
	case "create_time_ms":
		return &i.createTimeMS
	case "high_24h":
		return &i.high
	case "low_24h":
		return &i.low
	case "base_volume":
		return &i.volume
	case "change_percentage":
		return &i.percent
	case "a":
		return &i.a
	case "b":
		return &i.b
	case "A":
		return &i.bigA
	case "B":
		return &i.bigB
	case "v":
		return &i.v
	case "c":
		return &i.c
	case "h":
		return &i.h
	case "l":
		return &i.l
	case "o":
		return &i.o
	case "n":
		return &i.n
	case "w":
		return &i.w
	case "current":
		return &i.current
	case "update":
		return &i.update
	case "label":
		return &i.label
	case "message":
		return &i.message
	}
	return nil
}
