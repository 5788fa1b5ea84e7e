package upbitlike

import (
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// fields is one frame as it came, under the long names of the manual. What the decoder does not
// use is skipped.
type fields struct {
	kind, code                     venue.Token
	timestamp, tradeTimestamp      venue.Token
	opening, high, low, trade      venue.Token
	prevClosing, change, rate      venue.Token
	volume24h                      venue.Token
	tradeVolume, askBid, id        venue.Token
	candleStart                    venue.Token
	candleVolume, candleTurnover   venue.Token
	status, errorName, errorReason venue.Token
	method                         venue.Token // of a request that is answered
	hasUnits, hasError             bool
}

// readObject reads the object that the decoder stands before into r.f, and its levels into
// r.bids and r.asks. Every field has two names, that of format DEFAULT and that of SIMPLE.
func (r *decoder) readObject() error {
	d := &r.d
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "", "want an object, got %v", kind)
	}
	f := &r.f
	*f = fields{}
	if r.extra != nil {
		r.extra.Reset()
	}
	r.bids, r.asks = venue.Scratch(r.bids), venue.Scratch(r.asks)
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		var t *venue.Token
		key := object.Key()
		switch string(key) {
		case "type", "ty":
			t = &f.kind
		case "code", "cd":
			t = &f.code
		case "timestamp", "tms":
			t = &f.timestamp
		case "trade_timestamp", "ttms":
			t = &f.tradeTimestamp
		case "opening_price", "op":
			t = &f.opening
		case "high_price", "hp":
			t = &f.high
		case "low_price", "lp":
			t = &f.low
		case "trade_price", "tp":
			t = &f.trade
		case "prev_closing_price", "pcp":
			t = &f.prevClosing
		case "signed_change_price", "scp":
			t = &f.change
		case "signed_change_rate", "scr":
			t = &f.rate
		case "acc_trade_volume_24h", "atv24h":
			t = &f.volume24h
		case "trade_volume", "tv":
			t = &f.tradeVolume
		case "ask_bid", "ab":
			t = &f.askBid
		case "sequential_id", "sid":
			t = &f.id
		case "candle_date_time_utc", "cdttmu":
			t = &f.candleStart
		case "candle_acc_trade_volume", "catv":
			t = &f.candleVolume
		case "candle_acc_trade_price", "catp":
			t = &f.candleTurnover
		case "status":
			t = &f.status
		case "method":
			t = &f.method
		case "orderbook_units", "obu":
			f.hasUnits = true
			r.bids, r.asks = r.bids[:0], r.asks[:0]
			if err := r.readUnits(); err != nil {
				return err
			}
			continue
		case "error":
			f.hasError = true
			if err := r.readError(); err != nil {
				return err
			}
			continue
		default:
			if err := r.readOther(key); err != nil {
				return err
			}
			continue
		}
		if *t, err = venue.ReadToken(d); err != nil {
			return err
		}
	}
	return object.Err()
}

// readOther reads or skips the value of a field that the protocol does not have.
func (r *decoder) readOther(key []byte) error {
	if r.extra != nil {
		if read, err := r.extra.Field(&r.d, key); read || err != nil {
			return err
		}
	}
	return r.d.Skip()
}

// readUnits reads the pairs of ask and bid, best first. A side shorter than the other is padded
// with price 0, which is dropped.
func (r *decoder) readUnits() error {
	d := &r.d
	if kind := d.Next(); kind != scan.Array && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "orderbook_units", "want an array, got %v", kind)
	}
	units, err := d.ArrIter()
	if err != nil {
		return err
	}
	for units.Next() {
		if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
			return venue.Refuse(venue.Schema, "orderbook_units", "want an object, got %v", kind)
		}
		unit, err := d.ObjIter()
		if err != nil {
			return err
		}
		var ask, bid message.Level
		const complete = 1 | 2 | 4 | 8
		seen := 0
		for unit.Next() {
			var field int
			switch string(unit.Key()) {
			case "ask_price", "ap":
				field = 1
			case "bid_price", "bp":
				field = 2
			case "ask_size", "as":
				field = 4
			case "bid_size", "bs":
				field = 8
			default:
				if err := d.Skip(); err != nil {
					return err
				}
				continue
			}
			var err error
			switch field {
			case 1:
				ask.Price, err = venue.ReadPrice(d, "ask_price")
			case 2:
				bid.Price, err = venue.ReadPrice(d, "bid_price")
			case 4:
				ask.Quantity, err = venue.ReadQuantity(d, "ask_size")
			case 8:
				bid.Quantity, err = venue.ReadQuantity(d, "bid_size")
			}
			if err != nil {
				return err
			}
			seen |= field
		}
		if err := unit.Err(); err != nil {
			return err
		}
		if seen != complete {
			return venue.Refuse(venue.Schema, "orderbook_units", "a unit lacks a price or a size")
		}
		if !ask.Price.IsZero() {
			r.asks = append(r.asks, ask)
		}
		if !bid.Price.IsZero() {
			r.bids = append(r.bids, bid)
		}
	}
	return units.Err()
}

// readError reads {"name":…,"message":…}.
func (r *decoder) readError() error {
	d := &r.d
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "error", "want an object, got %v", kind)
	}
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		key := object.Key()
		isName, isReason := string(key) == "name", string(key) == "message"
		t, err := venue.ReadToken(d)
		switch {
		case err != nil:
			return err
		case isName:
			r.f.errorName = t
		case isReason:
			r.f.errorReason = t
		}
	}
	return object.Err()
}
