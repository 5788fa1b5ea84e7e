package korbit

import (
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// fields is one frame as it came. What the decoder does not use is skipped. The fields of data do
// not collide between types, so they are read before the type is known, which may come after.
type fields struct {
	kind, channelType               venue.Token
	symbol, timestamp               venue.Token
	status, requestID, code, reason venue.Token // an answer
	data                            scan.Type   // of what kind data is; scan.Invalid: absent

	// Of data.
	at                              venue.Token // orderbook
	open, high, low, close          venue.Token // ticker
	prevClose, change, rate, volume venue.Token
	hasBids, hasAsks                bool
}

// trade is an entry of data of type trade.
type trade struct{ id, timestamp, price, quantity, buyerTaker venue.Token }

// tradesKeep is how many trades the scratch slice may keep between frames: one monstrous frame
// must not hold its memory forever.
const tradesKeep = 4096

// readFrame reads the object that the decoder stands before into p.f, and what it lists into
// p.trades, p.bids and p.asks.
func (p *Protocol) readFrame() error {
	d := &p.d
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "", "want an object, got %v", kind)
	}
	f := &p.f
	*f = fields{}
	p.bids, p.asks = venue.Scratch(p.bids), venue.Scratch(p.asks)
	if p.trades = p.trades[:0]; cap(p.trades) > tradesKeep {
		p.trades = nil
	}
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		var t *venue.Token
		switch string(object.Key()) {
		case "type":
			t = &f.kind
		case "channelType":
			t = &f.channelType
		case "symbol":
			t = &f.symbol
		case "timestamp":
			t = &f.timestamp
		case "status":
			t = &f.status
		case "requestId":
			t = &f.requestID
		case "code":
			t = &f.code
		case "message":
			t = &f.reason
		case "data":
			switch f.data = d.Next(); f.data {
			case scan.Object:
				err = p.readData()
			case scan.Array:
				err = p.readTrades()
			default:
				err = d.Skip()
			}
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

// readData reads data of types ticker and orderbook.
func (p *Protocol) readData() error {
	d, f := &p.d, &p.f
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		var t *venue.Token
		switch string(object.Key()) {
		case "timestamp":
			t = &f.at
		case "open":
			t = &f.open
		case "high":
			t = &f.high
		case "low":
			t = &f.low
		case "close":
			t = &f.close
		case "prevClose":
			t = &f.prevClose
		case "priceChange":
			t = &f.change
		case "priceChangePercent":
			t = &f.rate
		case "volume":
			t = &f.volume
		case "asks":
			f.hasAsks = true
			p.asks, err = venue.ReadNamedLevels(d, "asks", "price", "qty", p.asks[:0])
		case "bids":
			f.hasBids = true
			p.bids, err = venue.ReadNamedLevels(d, "bids", "price", "qty", p.bids[:0])
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

// readTrades reads data of type trade.
func (p *Protocol) readTrades() error {
	d := &p.d
	list, err := d.ArrIter()
	if err != nil {
		return err
	}
	p.trades = p.trades[:0]
	for list.Next() {
		if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
			return venue.Refuse(venue.Schema, "data", "want an object, got %v", kind)
		}
		object, err := d.ObjIter()
		if err != nil {
			return err
		}
		p.trades = append(p.trades, trade{})
		one := &p.trades[len(p.trades)-1]
		for object.Next() {
			var t *venue.Token
			switch string(object.Key()) {
			case "tradeId":
				t = &one.id
			case "timestamp":
				t = &one.timestamp
			case "price":
				t = &one.price
			case "qty":
				t = &one.quantity
			case "isBuyerTaker":
				t = &one.buyerTaker
			default:
				if err := d.Skip(); err != nil {
					return err
				}
				continue
			}
			if *t, err = venue.ReadToken(d); err != nil {
				return err
			}
		}
		if err := object.Err(); err != nil {
			return err
		}
	}
	return list.Err()
}
