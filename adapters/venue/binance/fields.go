package binance

import (
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// letters holds the fields of an object that are named by one letter, as nearly all of Binance's
// are. One letter means different things in different events (a is a price, a number, or a list
// of levels), and the event's type need not come first, so values are kept as text until it is
// known.
type letters struct {
	seen   uint64 // bit per slot; a token without its bit is of an earlier frame
	tokens [64]venue.Token
}

// slot maps a letter to 0..63, or -1.
func slot(c byte) int {
	if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
		return int(c - 'A') // z is 57
	}
	return -1
}

func (l *letters) set(slot int, t venue.Token) {
	l.seen |= 1 << (slot & 63)
	l.tokens[slot&63] = t
}

// get returns the value of a letter; the zero Token if the object had none.
func (l *letters) get(c byte) venue.Token {
	n := c - 'A'
	if l.seen>>(n&63)&1 == 0 {
		return venue.Token{}
	}
	return l.tokens[n&63]
}

// alphabet holds every letter at its slot, so that an error can name a field without anything
// being allocated where there is none.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ......abcdefghijklmnopqrstuvwxyz"

// name returns the name of the field of that letter.
func name(c byte) string { return alphabet[c-'A' : c-'A'+1] }

// reader reads frames into their parts.
type reader struct {
	d scan.Decoder

	// Of the frame.
	stream             venue.Token
	data               bool        // a combined stream: the object is the value of data
	hasResult, hasErr  bool        // an answer to a request
	result             []byte      // raw
	id, code, msg      venue.Token // an answer's; code and msg of an error
	lastUpdateID, pair venue.Token // of a depth snapshot: pair is its symbol, if it has one
	hasBids, hasAsks   bool

	// Of the event.
	letters
	kline      letters // the object k
	bids, asks []message.Level
}

// reset forgets what was read of an event.
func (r *reader) reset() {
	r.seen, r.kline.seen = 0, 0
	r.lastUpdateID, r.pair = venue.Token{}, venue.Token{}
	r.hasBids, r.hasAsks = false, false
	r.bids, r.asks = venue.Scratch(r.bids), venue.Scratch(r.asks)
}

// start begins a frame.
func (r *reader) start(frame []byte) {
	r.d.ResetBytes(frame)
	r.stream, r.data = venue.Token{}, false
	r.hasResult, r.hasErr, r.result = false, false, nil
	r.id, r.code, r.msg = venue.Token{}, venue.Token{}, venue.Token{}
	r.reset()
}

// object reads the object that the decoder stands before. each is called for every object of an
// array that stands in the place of an event; nil: such arrays are refused.
func (r *reader) object(outer bool, each func() error) error {
	d := &r.d
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "", "want an object, got %v", kind)
	}
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		key := object.Key()
		if len(key) == 1 {
			if r.data && outer {
				err = d.Skip() // beside data nothing is of the event
			} else {
				err = r.letter(key[0])
			}
		} else {
			err = r.word(key, outer, each)
		}
		if err != nil {
			return err
		}
	}
	return object.Err()
}

// letter reads the value of a field named by one letter.
func (r *reader) letter(c byte) error {
	n := slot(c)
	if n < 0 {
		return r.d.Skip()
	}
	kind := r.d.Next()
	if kind == scan.Array || kind == scan.Object {
		return r.compound(c, kind)
	}
	t, err := venue.ReadToken(&r.d)
	r.set(n, t)
	return err
}

// compound reads the lists of levels and the candle, and skips other lists and objects.
func (r *reader) compound(c byte, kind scan.Type) (err error) {
	switch {
	case kind == scan.Array && c == 'b' && r.maybeDepth():
		r.hasBids = true
		r.bids, err = venue.ReadLevels(&r.d, "b", r.bids[:0])
	case kind == scan.Array && c == 'a' && r.maybeDepth():
		r.hasAsks = true
		r.asks, err = venue.ReadLevels(&r.d, "a", r.asks[:0])
	case kind == scan.Object && c == 'k':
		err = r.readKline()
	default:
		err = r.d.Skip()
	}
	r.set(slot(c), venue.Token{Kind: kind})
	return err
}

// maybeDepth reports whether the event may be a depth update, as far as was read.
func (r *reader) maybeDepth() bool {
	e := r.get('e')
	return e.Kind == scan.Invalid || string(e.Text) == "depthUpdate"
}

// readKline reads the object k of a kline event, whose fields are letters.
func (r *reader) readKline() error {
	r.kline.seen = 0
	object, err := r.d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		key := object.Key()
		n := -1
		if len(key) == 1 {
			n = slot(key[0])
		}
		t, err := venue.ReadToken(&r.d)
		if err != nil {
			return err
		}
		if n >= 0 {
			r.kline.set(n, t)
		}
	}
	return object.Err()
}

// word reads the value of a field with a longer name.
func (r *reader) word(key []byte, outer bool, each func() error) (err error) {
	d := &r.d
	switch string(key) {
	case "pu":
		// The one field of depth updates that has two letters; it takes a free slot.
		t, err := venue.ReadToken(d)
		r.set(slotPrevious, t)
		return err
	case "stream":
		if outer {
			r.stream, err = venue.ReadToken(d)
			return err
		}
	case "data", "event": // event: how the WebSocket API wraps what a user subscribed to
		if outer {
			r.data = true
			r.reset()
			return r.payload(each)
		}
	case "lastUpdateId":
		r.lastUpdateID, err = venue.ReadToken(d)
		return err
	case "symbol":
		r.pair, err = venue.ReadToken(d)
		return err
	case "bids":
		r.hasBids = true
		r.bids, err = venue.ReadLevels(d, "bids", r.bids[:0])
		return err
	case "asks":
		r.hasAsks = true
		r.asks, err = venue.ReadLevels(d, "asks", r.asks[:0])
		return err
	case "result":
		r.hasResult = true
		r.result, err = d.Raw()
		return err
	case "error":
		r.hasErr = true
		if d.Next() == scan.Object {
			return r.object(false, nil) // code and msg
		}
	case "id":
		r.id, err = venue.ReadToken(d)
		return err
	case "code":
		r.code, err = venue.ReadToken(d)
		return err
	case "msg":
		r.msg, err = venue.ReadToken(d)
		return err
	}
	return d.Skip()
}

// slotPrevious holds pu; no letter has it.
const slotPrevious = 63

func (r *reader) previous() venue.Token { return r.get('A' + slotPrevious) }

// payload reads the value of data: an event, or a list of events.
func (r *reader) payload(each func() error) error {
	if r.d.Next() == scan.Array {
		return r.list(each)
	}
	return r.object(false, nil)
}

// list reads a list of events and calls each after every one.
func (r *reader) list(each func() error) error {
	list, err := r.d.ArrIter()
	if err != nil {
		return err
	}
	n := 0
	for ; list.Next(); n++ {
		r.reset()
		if err := r.object(false, nil); err != nil {
			return err
		}
		if err := each(); err != nil {
			return err
		}
	}
	if n == 0 && list.Err() == nil {
		return venue.Refuse(venue.Schema, "", "an empty list says nothing")
	}
	return list.Err()
}
