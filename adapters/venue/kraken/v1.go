package kraken

import (
	"bytes"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Market data of version 1 are arrays: [channel id, data, channel name, pair], where data is an
// object for tickers and books (a book may have a second one), a list of trades, or a list of
// values for candles and spreads. The name comes last, so all shapes are read alike.

// valuesMax is how many values of a list are kept: a candle has 9.
const valuesMax = 9

// values are the scalars of a list.
type values struct {
	n      int // of the list; the first valuesMax are kept
	tokens [valuesMax]venue.Token
}

func (v *values) get(i int) venue.Token {
	if i >= min(v.n, valuesMax) {
		return venue.Token{}
	}
	return v.tokens[i]
}

func (v *values) add(t venue.Token) {
	if v.n < valuesMax {
		v.tokens[v.n] = t
	}
	v.n++
}

// trade1 is a trade of version 1.
type trade1 struct{ price, volume, at, side, id venue.Token }

// arrayFields is what an array frame holds.
type arrayFields struct {
	names  [2]venue.Token // channel and pair
	nNames int

	list   values // of a candle or a spread
	trades []trade1
	// The fields of a ticker: the second of two values is that of 24 hours.
	ask, bid, last, volume, low, high, open values

	hasLevels, snapshot bool
	checksum            venue.Token
	newest              []byte // the latest time of a level, as text
	bidLevels           []level
}

func (f *arrayFields) reset() {
	f.nNames, f.list.n = 0, 0
	const tradesKeep = 1024
	if cap(f.trades) > tradesKeep {
		f.trades = nil
	}
	f.trades = f.trades[:0]
	for _, v := range [...]*values{&f.ask, &f.bid, &f.last, &f.volume, &f.low, &f.high, &f.open} {
		v.n = 0
	}
	f.hasLevels, f.snapshot, f.checksum, f.newest = false, false, venue.Token{}, nil
	if cap(f.bidLevels) > levelsKeep {
		f.bidLevels = nil
	}
	f.bidLevels = f.bidLevels[:0]
}

// readArray reads an array frame into p.f.a and its levels into p.levels and p.f.a.bidLevels.
func (p *Protocol) readArray() error {
	d, f := &p.d, &p.f.a
	items, err := d.ArrIter()
	if err != nil {
		return err
	}
	for items.Next() {
		switch kind := d.Next(); kind {
		case scan.String:
			t, err := venue.ReadToken(d)
			if err != nil {
				return err
			}
			if f.nNames < len(f.names) {
				f.names[f.nNames] = t
			}
			f.nNames++
		case scan.Object:
			err = p.readData1()
		case scan.Array:
			err = p.readList1()
		default:
			err = d.Skip()
		}
		if err != nil {
			return err
		}
	}
	return items.Err()
}

// readList1 reads a list of trades or of values.
func (p *Protocol) readList1() error {
	d, f := &p.d, &p.f.a
	items, err := d.ArrIter()
	if err != nil {
		return err
	}
	for items.Next() {
		if d.Next() != scan.Array {
			t, err := venue.ReadToken(d)
			if err != nil {
				return err
			}
			f.list.add(t)
			continue
		}
		trade, err := d.ArrIter()
		if err != nil {
			return err
		}
		var row trade1
		for n := 0; trade.Next(); n++ {
			t, err := venue.ReadToken(d)
			if err != nil {
				return err
			}
			switch n {
			case 0:
				row.price = t
			case 1:
				row.volume = t
			case 2:
				row.at = t
			case 3:
				row.side = t
			case 6: // not documented; REST has it there
				row.id = t
			}
		}
		if err := trade.Err(); err != nil {
			return err
		}
		f.trades = append(f.trades, row)
	}
	return items.Err()
}

// readData1 reads the object of a ticker or a book. Both have a, b and c: in a book a and b are
// lists of levels, and c is no list.
func (p *Protocol) readData1() error {
	d, f := &p.d, &p.f.a
	object, err := d.ObjIter()
	if err != nil {
		return err
	}
	for object.Next() {
		key := object.Key()
		var to *values
		field, bids := "a", false
		switch string(key) {
		case "a":
			to = &f.ask
		case "b":
			to, field, bids = &f.bid, "b", true
		case "as":
			to, field, f.snapshot = &f.ask, "as", true
		case "bs":
			to, field, bids, f.snapshot = &f.bid, "bs", true, true
		case "c":
			if d.Next() != scan.Array {
				if f.checksum, err = venue.ReadToken(d); err != nil {
					return err
				}
				continue
			}
			to = &f.last
		case "v":
			to = &f.volume
		case "l":
			to = &f.low
		case "h":
			to = &f.high
		case "o":
			to = &f.open
		}
		if to == nil || d.Next() != scan.Array {
			err = d.Skip()
		} else {
			to.n = 0
			err = p.readValues1(to, field, bids)
		}
		if err != nil {
			return err
		}
	}
	return object.Err()
}

// readValues1 reads the values of a ticker's field, or levels of a book.
func (p *Protocol) readValues1(to *values, field string, bids bool) error {
	d, f := &p.d, &p.f.a
	items, err := d.ArrIter()
	if err != nil {
		return err
	}
	n := 0
	for ; items.Next(); n++ {
		if d.Next() != scan.Array {
			t, err := venue.ReadToken(d)
			if err != nil {
				return err
			}
			to.add(t)
			continue
		}
		l, err := p.readLevel1(field)
		if err != nil {
			return err
		}
		f.hasLevels = true
		if bids {
			f.bidLevels = append(f.bidLevels, l)
		} else {
			p.levels = append(p.levels, l)
		}
	}
	if n == 0 {
		f.hasLevels = true // an empty side of a book: no ticker has an empty list
	}
	return items.Err()
}

// readLevel1 reads a level: price, volume, time of its last change, and r where it is only
// republished.
func (p *Protocol) readLevel1(field string) (l level, err error) {
	d := &p.d
	items, err := d.ArrIter()
	if err != nil {
		return l, err
	}
	n := 0
	for ; items.Next(); n++ {
		switch n {
		case 0:
			err = l.readPrice(d, field)
		case 1:
			err = l.readQuantity(d, field)
		case 2: // of equal length, later times are larger as text
			var t venue.Token
			if t, err = venue.ReadToken(d); err != nil {
				return l, err
			}
			newest := p.f.a.newest
			if len(t.Text) > len(newest) || len(t.Text) == len(newest) && bytes.Compare(t.Text, newest) > 0 {
				p.f.a.newest = t.Text
			}
		default:
			err = d.Skip()
		}
		if err != nil {
			return l, err
		}
	}
	switch {
	case items.Err() != nil:
		return l, items.Err()
	case n < 2:
		return l, venue.Refuse(venue.Schema, field, "want a level of price and volume, got %d values", n)
	case l.Price.IsZero():
		return l, venue.Refuse(venue.Number, field, "a level at price 0")
	}
	return l, nil
}

// arrayEvents makes the messages of an array frame, but for books, which finish makes.
func (p *Protocol) arrayEvents(dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	f := &p.f.a
	switch f.nNames {
	case 0:
		return nil, venue.Refuse(venue.Schema, "channelName", "an array without the name of a channel")
	case 1: // openOrders, ownTrades
		return nil, venue.Refuse(venue.Unsupported, "channelName", "%.64q: of an account, or of no pair", f.names[0].Text)
	}
	name, pair := f.names[0].Text, f.names[1]
	channel, option, _ := bytes.Cut(name, dash)
	switch string(channel) {
	case "ticker", "book", "trade", "ohlc", "spread":
	default:
		return nil, venue.Refuse(venue.Unsupported, "channelName", "%.64q", name)
	}
	o, number, err := p.origin(pair, "pair", received)
	if err != nil {
		return nil, err
	}
	var e message.Event
	switch string(channel) {
	case "trade":
		return p.trades1(dst, o)
	case "book":
		return dst, p.book1(o, number, option)
	case "ticker":
		if p.wantBBO {
			if e, err = bbo(o, f.bid.get(0), f.bid.get(2), f.ask.get(0), f.ask.get(2)); err != nil {
				return nil, err
			}
			dst = append(dst, e)
		}
		e, err = p.ticker1(o)
	case "ohlc":
		e, err = p.candle1(o, option)
	default:
		if o.VenueTime, err = seconds(f.list.get(2), "timestamp"); err == nil {
			e, err = bbo(o, f.list.get(0), f.list.get(3), f.list.get(1), f.list.get(4))
		}
	}
	return append(dst, e), err
}

var dash = []byte("-")

// book1 notes the book that was read.
func (p *Protocol) book1(o message.Origin, number int, depth []byte) (err error) {
	f := &p.f.a
	if !f.hasLevels {
		return venue.Refuse(venue.Schema, "a", "a book without a list of asks or bids")
	}
	if len(f.newest) > 0 {
		if o.VenueTime, err = seconds(venue.Token{Text: f.newest, Kind: scan.String}, "timestamp"); err != nil {
			return err
		}
	}
	part := part{number: number, origin: o, snapshot: f.snapshot, depth: depthOf(depth)}
	if part.sum, part.summed, err = checksumOf(f.checksum, "c"); err != nil {
		return err
	}
	asks := len(p.levels) // they were read to where bids come first
	p.levels = append(p.levels, f.bidLevels...)
	p.levels = append(p.levels, p.levels[:asks]...)
	part.from, part.mid, part.to = asks, asks+len(f.bidLevels), len(p.levels)
	p.parts = append(p.parts, part)
	return nil
}

func (p *Protocol) trades1(dst []message.Event, o message.Origin) ([]message.Event, error) {
	if len(p.f.a.trades) == 0 {
		return nil, venue.Refuse(venue.Schema, "", "a list without trades")
	}
	for i := range p.f.a.trades {
		t := &p.f.a.trades[i]
		f := message.TradeFields{Origin: o}
		var err error
		if f.Price, err = t.price.Price("price"); err != nil {
			return nil, err
		}
		if f.Quantity, err = t.volume.Quantity("volume"); err != nil {
			return nil, err
		}
		if f.VenueTime, err = seconds(t.at, "time"); err != nil {
			return nil, err
		}
		if f.Taker, err = sideOf(t.side, "side"); err != nil {
			return nil, err
		}
		if t.id.Present() {
			f.ID = p.ids.Of(t.id)
		}
		e, err := venue.Made(message.NewTrade(f))
		if err != nil {
			return nil, err
		}
		dst = append(dst, e)
	}
	return dst, nil
}

// ticker1 makes a ticker. It has no time; the change is computed from the price 24 hours ago.
func (p *Protocol) ticker1(o message.Origin) (message.Event, error) {
	f := &p.f.a
	r := venue.TickerReader{Fields: message.TickerFields{Origin: o, Span: message.Rolling24h}}
	r.Price(f.open.get(1), "o", message.HasOpening)
	r.Price(f.last.get(0), "c", message.HasTrade)
	r.Price(f.high.get(1), "h", message.HasHigh)
	r.Price(f.low.get(1), "l", message.HasLow)
	r.Volume24h(f.volume.get(1), "v")
	r.ComputeChange24h()
	return r.Message()
}

// candle1 makes the bar of [last change, end, open, high, low, close, vwap, volume, count].
func (p *Protocol) candle1(o message.Origin, minutes []byte) (message.Event, error) {
	v := &p.f.a.list
	interval, err := candleInterval(venue.Token{Text: minutes, Kind: scan.String}, "channelName")
	if err != nil {
		return nil, err
	}
	if o.VenueTime, err = seconds(v.get(0), "time"); err != nil {
		return nil, err
	}
	end, err := seconds(v.get(1), "etime")
	if err != nil {
		return nil, err
	}
	start := end.Add(-interval)
	if start.Truncate(interval) != start {
		// The manual's own example ends off the grid; the last change lies within the candle.
		start = o.VenueTime.Truncate(interval)
	}
	return candle(o, interval, start, v.get(2), v.get(3), v.get(4), v.get(5), v.get(7), v.get(8))
}

// candleInterval reads the length of a candle in minutes.
func candleInterval(t venue.Token, field string) (time.Duration, error) {
	n, err := t.Int(field)
	if err != nil {
		return 0, err
	}
	switch n {
	case 1, 5, 15, 30, 60, 240, 1440, 10080, 21600: // ohlc
		return time.Duration(n) * time.Minute, nil
	}
	return 0, venue.Refuse(venue.Unsupported, field, "candle of %d minutes", n)
}

// candle makes the bar of a candle. Kraken sends a candle again with every trade and never says
// that it is done, so no bar is closed. It states no turnover.
func candle(o message.Origin, interval time.Duration, start market.Timestamp, open, high, low, last, volume, count venue.Token) (_ message.Event, err error) {
	f := message.BarFields{Origin: o, Interval: interval, Start: start}
	if f.Open, err = open.Price("open"); err != nil {
		return nil, err
	}
	if f.High, err = high.Price("high"); err != nil {
		return nil, err
	}
	if f.Low, err = low.Price("low"); err != nil {
		return nil, err
	}
	if f.Close, err = last.Price("close"); err != nil {
		return nil, err
	}
	if f.Volume.Decimal, err = volume.Statistic("volume"); err != nil {
		return nil, err
	}
	if f.Trades, err = count.Int("trades"); err != nil {
		return nil, err
	}
	return venue.Made(message.NewBar(f))
}
