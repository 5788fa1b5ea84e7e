package coinone

import (
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// fields is one frame as it came, under the long names of the manual. What the decoder does not
// use is skipped. The names of the channels' fields do not collide, so they are read before the
// channel is known, which may come after them.
type fields struct {
	response, channel        venue.Token
	errorCode, reason, wrong venue.Token // of an error
	hasData                  bool

	// Of data.
	quote, target, timestamp, id venue.Token
	price, quantity, sellerMaker venue.Token // TRADE
	first, high, low, last       venue.Token // TICKER, CHART
	yesterdayLast, volume        venue.Token
	interval, start, turnover    venue.Token // CHART
	hasBids, hasAsks             bool
}

// readFrame reads the object that the decoder stands before into p.f, and its levels into p.bids
// and p.asks. Every field has two names, that of format DEFAULT and that of SHORT.
func (p *Protocol) readFrame() error {
	d := &p.d
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "", "want an object, got %v", kind)
	}
	f := &p.f
	*f = fields{}
	p.bids, p.asks = venue.Scratch(p.bids), venue.Scratch(p.asks)
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		var t *venue.Token
		switch string(object.Key()) {
		case "response_type", "r":
			t = &f.response
		case "channel", "c":
			t = &f.channel
		case "error_code":
			t = &f.errorCode
		case "message":
			t = &f.reason
		case "field":
			t = &f.wrong
		case "data", "d":
			if d.Next() == scan.Object {
				f.hasData = true
				err = p.readData()
				break
			}
			err = d.Skip()
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

// readData reads the object data.
func (p *Protocol) readData() error {
	d, f := &p.d, &p.f
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		var t *venue.Token
		switch string(object.Key()) {
		case "quote_currency", "qc":
			t = &f.quote
		case "target_currency", "tc":
			t = &f.target
		case "timestamp", "t":
			t = &f.timestamp
		case "id", "i":
			t = &f.id
		case "price", "p":
			t = &f.price
		case "qty", "q":
			t = &f.quantity
		case "is_seller_maker", "sm":
			t = &f.sellerMaker
		case "first", "fi":
			t = &f.first
		case "high", "hi":
			t = &f.high
		case "low", "lo":
			t = &f.low
		case "last", "la":
			t = &f.last
		case "yesterday_last", "yla":
			t = &f.yesterdayLast
		case "target_volume", "tv":
			t = &f.volume
		case "quote_volume", "qv":
			t = &f.turnover
		case "interval", "iv":
			t = &f.interval
		case "candle_timestamp", "ct":
			t = &f.start
		case "asks":
			f.hasAsks = true
			p.asks, err = venue.ReadNamedLevels(d, "asks", "price", "qty", p.asks[:0])
		case "a":
			f.hasAsks = true
			p.asks, err = venue.ReadNamedLevels(d, "asks", "p", "q", p.asks[:0])
		case "bids":
			f.hasBids = true
			p.bids, err = venue.ReadNamedLevels(d, "bids", "price", "qty", p.bids[:0])
		case "b":
			f.hasBids = true
			p.bids, err = venue.ReadNamedLevels(d, "bids", "p", "q", p.bids[:0])
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
