package bybit

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// reader holds a frame and one object of its data as they came, as far as the decoder uses them.
type reader struct {
	d          scan.Decoder
	later      scan.Decoder // of data that came before its topic
	head       head
	f          fields
	bids, asks []message.Level
	heard      category // what frames told of a connection whose category is not known
}

// head is a frame without its data.
type head struct {
	topic, kind, ts               venue.Token
	success, op, args             venue.Token // of an answer
	msg, retCode, oldCode, reason venue.Token // msg: ret_msg; reason: retMsg
	hasRequest                    bool        // an answer of the retired version 2 repeats the request
	hasData, dataWasEarly         bool
	data                          []byte // raw, where dataWasEarly
}

// fields is one object of a frame's data.
type fields struct {
	symbol, time          venue.Token
	last, prev, high, low venue.Token // of a ticker, as the next two
	volume, rate          venue.Token
	isContract, isSpot    bool // a field that only the one or the other has
	price, size, side, id venue.Token
	update                venue.Token // u of a book
	hasBids, hasAsks      bool
	start, open, close    venue.Token // of a candle, with high and low, as the next two
	turnover, confirm     venue.Token
	title, state          venue.Token // of a status
}

// readObject reads the object that d stands before into r.f, and its levels into r.bids and
// r.asks. The fields of books and trades have names of one letter, the others have words, and
// none means two things.
func (r *reader) readObject(d *scan.Decoder) error {
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
		case "s", "symbol":
			t = &f.symbol
		case "T", "timestamp":
			t = &f.time
		case "p":
			t = &f.price
		case "v":
			t = &f.size
		case "S":
			t = &f.side
		case "i":
			t = &f.id
		case "L": // of a trade: which way the price went
			f.isContract = true
			err = d.Skip()
		case "u":
			t = &f.update
		case "b":
			f.hasBids = true
			r.bids, err = venue.ReadLevels(d, "b", venue.Scratch(r.bids))
		case "a":
			f.hasAsks = true
			r.asks, err = venue.ReadLevels(d, "a", venue.Scratch(r.asks))
		case "lastPrice":
			t = &f.last
		case "prevPrice24h":
			t = &f.prev
		case "highPrice24h", "high":
			t = &f.high
		case "lowPrice24h", "low":
			t = &f.low
		case "volume24h", "volume":
			t = &f.volume
		case "price24hPcnt":
			t = &f.rate
		case "usdIndexPrice":
			f.isSpot = true
			err = d.Skip()
		case "tickDirection", "markPrice", "indexPrice", "openInterest", "openInterestValue", "fundingRate", "nextFundingTime",
			"bid1Price", "bid1Size", "ask1Price", "ask1Size", "basis", "basisRate", "deliveryTime", "prevPrice1h", "markPriceIv":
			f.isContract = true
			err = d.Skip()
		case "start":
			t = &f.start
		case "open":
			t = &f.open
		case "close":
			t = &f.close
		case "turnover":
			t = &f.turnover
		case "confirm":
			t = &f.confirm
		case "title":
			t = &f.title
		case "state":
			t = &f.state
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

// levelsRead returns the levels of the book read, best first.
func (r *reader) levelsRead(snapshot bool) (bids, asks []message.Level, err error) {
	if !r.f.hasBids || !r.f.hasAsks {
		return nil, nil, venue.Refuse(venue.Schema, "b", "a book without both b and a")
	}
	if snapshot {
		r.bids, r.asks = present(r.bids), present(r.asks)
	}
	venue.BestFirst(r.bids, market.Buy)
	venue.BestFirst(r.asks, market.Sell)
	return r.bids, r.asks, nil
}

// present drops levels of size 0, which in a whole book are not there.
func present(levels []message.Level) []message.Level {
	n := 0
	for _, l := range levels {
		if !l.Quantity.IsZero() {
			levels[n] = l
			n++
		}
	}
	return levels[:n]
}
