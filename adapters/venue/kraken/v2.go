package kraken

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Market data of version 2 are objects: channel, type (snapshot or update) and data, a list.
// Answers and notices of both versions are objects too; notice.go has those.

// fields is what an object frame holds.
type fields struct {
	channel, kind             venue.Token
	method, event, feed       venue.Token
	success                   venue.Token
	failure, symbol, status   venue.Token
	result                    result
	hasResult                 bool
	data                      []byte // where it came before channel and type
	hasData                   bool
	item                      item // the object of data that was read last
	a                         arrayFields
	channelName, subscribedTo venue.Token
}

// result is what a request that was accepted got.
type result struct{ channel, symbol, depth venue.Token }

// item is one object of data, whatever the channel.
type item struct {
	symbol, timestamp                  venue.Token
	bid, bidQuantity, ask, askQuantity venue.Token
	last, volume, low, high            venue.Token
	change, changePercent              venue.Token
	side, price, quantity, tradeID     venue.Token
	open, end, trades, begin, interval venue.Token
	checksum, system                   venue.Token
	hasBids, hasAsks                   bool
}

func (f *fields) reset() {
	f.channel, f.kind, f.method, f.event, f.feed = venue.Token{}, venue.Token{}, venue.Token{}, venue.Token{}, venue.Token{}
	f.success, f.failure, f.symbol, f.status = venue.Token{}, venue.Token{}, venue.Token{}, venue.Token{}
	f.channelName, f.subscribedTo = venue.Token{}, venue.Token{}
	f.result, f.hasResult = result{}, false
	f.data, f.hasData = nil, false
	f.a.reset()
}

// readObject reads an object frame and appends the messages of its data to dst, but for books,
// which finish makes.
func (p *Protocol) readObject(dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	d, f := &p.d, &p.f
	object, err := d.ObjIter()
	if err != nil {
		return nil, err
	}
	for object.Next() {
		var t *venue.Token
		switch string(object.Key()) {
		case "channel":
			t = &f.channel
		case "type":
			t = &f.kind
		case "data":
			f.hasData = true
			if f.channel.Present() && f.kind.Present() && f.data == nil {
				dst, err = p.readItems(d, dst, received)
			} else {
				f.data, err = d.Raw()
			}
			if err != nil {
				return nil, err
			}
			continue
		case "method":
			t = &f.method
		case "event":
			t = &f.event
		case "feed":
			t = &f.feed
		case "success":
			t = &f.success
		case "error", "errorMessage":
			t = &f.failure
		case "symbol", "pair":
			t = &f.symbol
		case "status":
			t = &f.status
		case "channelName":
			t = &f.channelName
		case "result":
			f.hasResult = true
			if err := p.readResult(); err != nil {
				return nil, err
			}
			continue
		default:
			if err := d.Skip(); err != nil {
				return nil, err
			}
			continue
		}
		if *t, err = venue.ReadToken(d); err != nil {
			return nil, err
		}
	}
	if err := object.Err(); err != nil {
		return nil, err
	}
	if f.data != nil && f.channel.Present() {
		return p.readItems(scan.DecodeBytes(f.data), dst, received)
	}
	return dst, nil
}

// readResult reads what was subscribed to.
func (p *Protocol) readResult() error {
	d, r := &p.d, &p.f.result
	if d.Next() != scan.Object {
		return d.Skip()
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
		case "symbol":
			t = &r.symbol
		case "depth":
			t = &r.depth
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

// readItems reads the list that is data.
func (p *Protocol) readItems(d *scan.Decoder, dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	f := &p.f
	var event func(message.Origin) (message.Event, error)
	isTicker, isStatus := false, false
	switch string(f.channel.Text) {
	case "ticker":
		event, isTicker = p.ticker2, true
	case "trade":
		event = p.trade2
	case "ohlc":
		event = p.candle2
	case "book":
		if kind := f.kind.Text; string(kind) != "snapshot" && string(kind) != "update" {
			return nil, venue.Refuse(venue.Schema, "type", "%.20q, want snapshot or update", kind)
		}
	case "status":
		event, isStatus = p.status2, true
	default:
		return dst, d.Skip() // refused by name once the frame is read
	}
	if kind := d.Next(); kind != scan.Array && kind != scan.Invalid {
		return nil, venue.Refuse(venue.Schema, "data", "want a list, got %v", kind)
	}
	items, err := d.ArrIter()
	if err != nil {
		return nil, err
	}
	n := 0
	for ; items.Next(); n++ {
		from := len(p.levels)
		mid, err := p.readItem(d)
		if err != nil {
			return nil, err
		}
		if event == nil {
			if err := p.book2(from, mid, received); err != nil {
				return nil, err
			}
			continue
		}
		o := message.Origin{Received: received}
		if !isStatus {
			if o, _, err = p.origin(f.item.symbol, "symbol", received); err != nil {
				return nil, err
			}
		}
		if p.wantBBO && isTicker {
			if dst, err = p.bbo2(dst, o); err != nil {
				return nil, err
			}
		}
		e, err := event(o)
		if err != nil {
			return nil, err
		}
		dst = append(dst, e)
	}
	if n == 0 && items.Err() == nil {
		return nil, venue.Refuse(venue.Schema, "data", "an empty list says nothing")
	}
	return dst, items.Err()
}

// readItem reads one object of data into p.f.item, and its levels to the end of p.levels, bids
// before asks; mid is where its asks begin.
func (p *Protocol) readItem(d *scan.Decoder) (mid int, err error) {
	if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
		return 0, venue.Refuse(venue.Schema, "data", "want an object, got %v", kind)
	}
	f := &p.f.item
	*f = item{}
	mid = len(p.levels)
	object, err := d.ObjIter()
	if err != nil {
		return 0, err
	}
	for object.Next() {
		var t *venue.Token
		switch string(object.Key()) {
		case "symbol":
			t = &f.symbol
		case "bids":
			// Usually they come first; where not, the asks that did are moved behind them.
			asks := len(p.levels) - mid
			f.hasBids = true
			if err = p.readLevels2(d, "bids"); err != nil {
				return 0, err
			}
			rotate(p.levels[mid:], asks)
			mid = len(p.levels) - asks
			continue
		case "asks":
			f.hasAsks = true
			if err = p.readLevels2(d, "asks"); err != nil {
				return 0, err
			}
			continue
		case "checksum":
			t = &f.checksum
		case "timestamp":
			t = &f.timestamp
		case "side":
			t = &f.side
		case "price":
			t = &f.price
		case "qty":
			t = &f.quantity
		case "trade_id":
			t = &f.tradeID
		case "bid":
			t = &f.bid
		case "bid_qty":
			t = &f.bidQuantity
		case "ask":
			t = &f.ask
		case "ask_qty":
			t = &f.askQuantity
		case "last":
			t = &f.last
		case "volume":
			t = &f.volume
		case "low":
			t = &f.low
		case "high":
			t = &f.high
		case "change":
			t = &f.change
		case "change_pct":
			t = &f.changePercent
		case "open":
			t = &f.open
		case "close":
			t = &f.end
		case "trades":
			t = &f.trades
		case "interval_begin":
			t = &f.begin
		case "interval":
			t = &f.interval
		case "system":
			t = &f.system
		default:
			if err := d.Skip(); err != nil {
				return 0, err
			}
			continue
		}
		if *t, err = venue.ReadToken(d); err != nil {
			return 0, err
		}
	}
	return mid, object.Err()
}

// rotate moves the first n levels behind the others.
func rotate(levels []level, n int) {
	if n == 0 || n == len(levels) {
		return
	}
	first := append([]level(nil), levels[:n]...)
	copy(levels[copy(levels, levels[n:]):], first)
}

// readLevels2 reads a list of levels, each an object of price and qty.
func (p *Protocol) readLevels2(d *scan.Decoder, field string) error {
	if kind := d.Next(); kind != scan.Array && kind != scan.Invalid {
		return venue.Refuse(venue.Schema, field, "want a list of levels, got %v", kind)
	}
	if err := d.Array(); err != nil {
		return err
	}
	for d.More() {
		if kind := d.Next(); kind != scan.Object && kind != scan.Invalid {
			return venue.Refuse(venue.Schema, field, "want a level of price and qty, got %v", kind)
		}
		if err := d.Object(); err != nil {
			return err
		}
		// The level is made in its place: it is large.
		p.levels = append(p.levels, level{})
		l := &p.levels[len(p.levels)-1]
		hasPrice, hasQuantity := false, false
		for {
			key, ok := d.NextKey()
			if !ok {
				break
			}
			var err error
			switch string(key) {
			case "price":
				hasPrice, err = true, l.readPrice(d, field)
			case "qty":
				hasQuantity, err = true, l.readQuantity(d, field)
			default:
				err = d.Skip()
			}
			if err != nil {
				return err
			}
		}
		switch {
		case d.Err() != nil:
			return d.Err()
		case !hasPrice || !hasQuantity:
			return venue.Refuse(venue.Schema, field, "missing")
		case l.Price.IsZero():
			return venue.Refuse(venue.Number, field, "a level at price 0")
		}
	}
	return d.Err()
}

// book2 notes the book that was read. Not every snapshot has a time.
func (p *Protocol) book2(from, mid int, received market.Timestamp) error {
	f := &p.f.item
	o, number, err := p.origin(f.symbol, "symbol", received)
	if err != nil {
		return err
	}
	if !f.hasBids && !f.hasAsks {
		return venue.Refuse(venue.Schema, "bids", "a book without bids and asks")
	}
	if f.timestamp.Present() {
		if o.VenueTime, err = rfc3339(f.timestamp, "timestamp"); err != nil {
			return err
		}
	}
	part := part{number: number, origin: o, snapshot: string(p.f.kind.Text) == "snapshot", from: from, mid: mid, to: len(p.levels)}
	if part.sum, part.summed, err = checksumOf(f.checksum, "checksum"); err != nil {
		return err
	}
	p.parts = append(p.parts, part)
	return nil
}

func (p *Protocol) trade2(o message.Origin) (_ message.Event, err error) {
	i := &p.f.item
	f := message.TradeFields{Origin: o}
	if f.VenueTime, err = rfc3339(i.timestamp, "timestamp"); err != nil {
		return nil, err
	}
	if f.Price, err = i.price.Price("price"); err != nil {
		return nil, err
	}
	if f.Quantity, err = i.quantity.Quantity("qty"); err != nil {
		return nil, err
	}
	if f.Taker, err = sideOf(i.side, "side"); err != nil {
		return nil, err
	}
	if !i.tradeID.Present() {
		return nil, venue.Refuse(venue.Schema, "trade_id", "missing")
	}
	f.ID = p.ids.Of(i.tradeID)
	return venue.Made(message.NewTrade(f))
}

// ticker2 makes a ticker. Its change is that from the price 24 hours ago, in percent too; its time
// was added later.
func (p *Protocol) ticker2(o message.Origin) (_ message.Event, err error) {
	f := &p.f.item
	if f.timestamp.Present() {
		if o.VenueTime, err = rfc3339(f.timestamp, "timestamp"); err != nil {
			return nil, err
		}
	}
	r := venue.TickerReader{Fields: message.TickerFields{Origin: o, Span: message.Rolling24h}}
	r.Price(f.last, "last", message.HasTrade)
	r.Price(f.high, "high", message.HasHigh)
	r.Price(f.low, "low", message.HasLow)
	r.Volume24h(f.volume, "volume")
	r.Change(f.change, "change")
	r.Percent(f.changePercent, "change_pct")
	r.ChangeFrom(message.FromOpen24h)
	return r.Message()
}

// bbo2 appends the best bid and offer of a ticker.
func (p *Protocol) bbo2(dst []message.Event, o message.Origin) (_ []message.Event, err error) {
	f := &p.f.item
	if f.timestamp.Present() {
		if o.VenueTime, err = rfc3339(f.timestamp, "timestamp"); err != nil {
			return nil, err
		}
	}
	e, err := bbo(o, f.bid, f.bidQuantity, f.ask, f.askQuantity)
	return append(dst, e), err
}

// candle2 makes the bar of a candle.
func (p *Protocol) candle2(o message.Origin) (message.Event, error) {
	f := &p.f.item
	interval, err := candleInterval(f.interval, "interval")
	if err != nil {
		return nil, err
	}
	start, err := rfc3339(f.begin, "interval_begin")
	if err != nil {
		return nil, err
	}
	return candle(o, interval, start, f.open, f.high, f.low, f.end, f.volume, f.trades)
}
