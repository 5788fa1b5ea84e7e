package bithumb

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// legacy reads the objects of the protocol before. The fields of its types do not overlap, so they
// are read before the type is known, which may come after them.
type legacy struct {
	venue   market.Venue
	symbols *venue.Symbols

	resmsg     venue.Token
	hasContent bool

	// Of content.
	symbol, tickType, date, clock     venue.Token
	opening, high, low, closing       venue.Token
	prevClosing, change, rate, volume venue.Token
	datetime                          venue.Token
	hasBids, hasAsks                  bool
	bids, asks                        []message.Level
	items                             []item
}

// item is an entry of content.list: a changed level or an execution.
type item struct {
	symbol                                 venue.Token
	orderType, price, quantity             venue.Token // a level
	takerSide, contPrice, contQuantity, at venue.Token // an execution
	number                                 int         // of the symbol
}

// itemsKeep is how many items the scratch slice may keep between frames: one monstrous list must
// not hold its memory forever.
const itemsKeep = 4096

// Reset forgets the object before.
func (l *legacy) Reset() {
	if l.hasContent {
		items := l.items[:0]
		if cap(items) > itemsKeep {
			items = nil
		}
		*l = legacy{venue: l.venue, symbols: l.symbols, bids: venue.Scratch(l.bids), asks: venue.Scratch(l.asks), items: items}
	}
	l.resmsg = venue.Token{}
}

// Field reads resmsg and content.
func (l *legacy) Field(d *scan.Decoder, key []byte) (read bool, err error) {
	switch string(key) {
	case "resmsg":
		l.resmsg, err = venue.ReadToken(d)
		return true, err
	case "content":
		l.hasContent = true
		return true, l.readContent(d)
	}
	return false, nil
}

func (l *legacy) readContent(d *scan.Decoder) error {
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "content", "want an object, got %v", kind)
	}
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		var t *venue.Token
		switch string(object.Key()) {
		case "symbol":
			t = &l.symbol
		case "tickType":
			t = &l.tickType
		case "date":
			t = &l.date
		case "time":
			t = &l.clock
		case "openPrice":
			t = &l.opening
		case "highPrice":
			t = &l.high
		case "lowPrice":
			t = &l.low
		case "closePrice":
			t = &l.closing
		case "prevClosePrice":
			t = &l.prevClosing
		case "chgAmt":
			t = &l.change
		case "chgRate":
			t = &l.rate
		case "volume":
			t = &l.volume
		case "datetime":
			t = &l.datetime
		case "list":
			err = l.readList(d)
		case "bids":
			l.hasBids = true
			l.bids, err = venue.ReadLevels(d, "bids", l.bids[:0])
		case "asks":
			l.hasAsks = true
			l.asks, err = venue.ReadLevels(d, "asks", l.asks[:0])
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

func (l *legacy) readList(d *scan.Decoder) error {
	if kind := d.Next(); kind != scan.Array && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "list", "want an array, got %v", kind)
	}
	list, err := d.ArrIter()
	if err != nil {
		return err
	}
	l.items = l.items[:0]
	for list.Next() {
		l.items = append(l.items, item{})
		if err := l.items[len(l.items)-1].read(d); err != nil {
			return err
		}
	}
	return list.Err()
}

func (i *item) read(d *scan.Decoder) error {
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, "list", "want an object, got %v", kind)
	}
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		var t *venue.Token
		switch string(object.Key()) {
		case "symbol":
			t = &i.symbol
		case "orderType":
			t = &i.orderType
		case "price":
			t = &i.price
		case "quantity":
			t = &i.quantity
		case "buySellGb":
			t = &i.takerSide
		case "contPrice":
			t = &i.contPrice
		case "contQty":
			t = &i.contQuantity
		case "contDtm":
			t = &i.at
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
	return object.Err()
}
