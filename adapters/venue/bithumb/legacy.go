package bithumb

import (
	"bytes"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
)

// Events makes the messages of an object of the protocol before. Those of the new one are left to
// package upbitlike.
func (l *legacy) Events(dst []message.Event, kind, status venue.Token, received market.Timestamp) ([]message.Event, bool, error) {
	var e message.Event
	var err error
	switch {
	case l.resmsg.Present():
		e, err = l.notice(status, received)
	case string(kind.Text) == "ticker" && l.hasContent:
		e, err = l.ticker(received)
	case string(kind.Text) == "orderbooksnapshot":
		e, err = l.snapshot(received)
	case string(kind.Text) == "transaction":
		dst, err = l.trades(dst, received)
		return dst, true, err
	case string(kind.Text) == "orderbookdepth":
		dst, err = l.updates(dst, received)
		return dst, true, err
	case !kind.Present() && isCode(status):
		err = venue.Refuse(venue.Schema, "resmsg", "missing") // such as a REST body
	default:
		return dst, false, nil
	}
	return append(dst, e), true, err
}

// isCode reports whether a status is one of the protocol before, four digits.
func isCode(status venue.Token) bool {
	for _, c := range status.Text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(status.Text) == len(ok)
}

// ok is the status of a request that was accepted; others are error codes, such as 5100.
const ok = "0000"

func (l *legacy) notice(status venue.Token, received market.Timestamp) (message.Event, error) {
	if !status.Present() {
		return nil, venue.Refuse(venue.Schema, "status", "missing")
	}
	f := message.NoticeFields{
		Origin: message.Origin{Received: received}, Venue: l.venue, Type: message.NoticeError,
		Code: venue.Word(status), Detail: venue.Words(l.resmsg),
	}
	if f.Code == ok {
		f.Type = message.NoticeAck
	}
	return venue.Made(message.NewNotice(f))
}

// find returns the number of a symbol.
func (l *legacy) find(symbol venue.Token) (int, error) {
	if !symbol.Present() {
		return 0, venue.Refuse(venue.Schema, "symbol", "missing")
	}
	return l.symbols.Find(symbol.Text)
}

func (l *legacy) origin(symbol venue.Token, received market.Timestamp) (message.Origin, error) {
	n, err := l.find(symbol)
	if err != nil {
		return message.Origin{}, err
	}
	return message.Origin{Instrument: l.symbols.Instrument(n), Received: received}, nil
}

// ticker decodes the ticker of one tick type, which says over which time its figures run: 24H is
// the last 24 hours, MID since midnight in Korea. Of the others (30M, 1H, 12H), which no message
// has a place for, only the last price and the previous day's close are kept.
func (l *legacy) ticker(received market.Timestamp) (message.Event, error) {
	o, err := l.origin(l.symbol, received)
	if err != nil {
		return nil, err
	}
	if o.VenueTime, err = dayAndClock(l.date, l.clock); err != nil {
		return nil, err
	}
	t := venue.TickerReader{Fields: message.TickerFields{Origin: o}}
	t.Price(l.closing, "closePrice", message.HasTrade)
	t.Price(l.prevClosing, "prevClosePrice", message.HasPrevClosing)
	switch string(l.tickType.Text) {
	case "24H":
		t.Fields.Span = message.Rolling24h
		l.window(&t)
		t.Volume24h(l.volume, "volume")
		t.Change(l.change, "chgAmt") // closePrice - openPrice
		t.Percent(l.rate, "chgRate")
		t.ChangeFrom(message.FromOpen24h)
	case "MID":
		t.Fields.Span = message.TradingDay
		l.window(&t)
		t.ComputeChange() // chgAmt is from the day's open
	case "30M", "1H", "12H":
		t.ComputeChange()
	case "":
		return nil, venue.Refuse(venue.Schema, "tickType", "missing")
	default:
		return nil, venue.Refuse(venue.Unsupported, "tickType", "%.20q", l.tickType.Text)
	}
	return t.Message()
}

// window takes in the prices of the tick type's time.
func (l *legacy) window(t *venue.TickerReader) {
	t.Price(l.opening, "openPrice", message.HasOpening)
	t.Price(l.high, "highPrice", message.HasHigh)
	t.Price(l.low, "lowPrice", message.HasLow)
}

func (l *legacy) snapshot(received market.Timestamp) (message.Event, error) {
	o, err := l.origin(l.symbol, received)
	if err != nil {
		return nil, err
	}
	if o.VenueTime, err = l.datetime.Time("datetime"); err != nil {
		return nil, err
	}
	if !l.hasBids || !l.hasAsks {
		return nil, venue.Refuse(venue.Schema, "content", "a book without bids or without asks")
	}
	return l.book(message.BookFields{Origin: o, Snapshot: true})
}

func (l *legacy) book(f message.BookFields) (message.Event, error) {
	venue.BestFirst(l.bids, market.Buy)
	venue.BestFirst(l.asks, market.Sell)
	return venue.Made(message.NewBook(f, l.bids, l.asks))
}

// trades makes a message of each execution in the list.
func (l *legacy) trades(dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	if len(l.items) == 0 {
		return nil, venue.Refuse(venue.Schema, "list", "no executions")
	}
	for i := range l.items {
		item := &l.items[i]
		o, err := l.origin(item.symbol, received)
		if err != nil {
			return nil, err
		}
		f := message.TradeFields{Origin: o}
		if f.VenueTime, err = dateTime(item.at); err != nil {
			return nil, err
		}
		if f.Price, err = item.contPrice.Price("contPrice"); err != nil {
			return nil, err
		}
		if f.Quantity, err = item.contQuantity.Quantity("contQty"); err != nil {
			return nil, err
		}
		switch string(item.takerSide.Text) { // a string; a number would do
		case "1": // a sale was executed: the taker sold
			f.Taker = market.Sell
		case "2":
			f.Taker = market.Buy
		default:
			return nil, venue.Refuse(venue.Schema, "buySellGb", "%.20q, want 1 or 2", item.takerSide.Text)
		}
		e, err := venue.Made(message.NewTrade(f))
		if err != nil {
			return nil, err
		}
		dst = append(dst, e)
	}
	return dst, nil
}

// updates makes a book update of each instrument in the list. Frames have been seen with one
// instrument only, but every level names its own.
func (l *legacy) updates(dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	if len(l.items) == 0 {
		return nil, venue.Refuse(venue.Schema, "list", "no levels")
	}
	at, err := l.datetime.Time("datetime")
	if err != nil {
		return nil, err
	}
	mixed := false
	for i := range l.items {
		item := &l.items[i]
		if i > 0 && bytes.Equal(item.symbol.Text, l.items[i-1].symbol.Text) {
			item.number = l.items[i-1].number
			continue
		}
		if item.number, err = l.find(item.symbol); err != nil {
			return nil, err
		}
		mixed = mixed || i > 0
	}
	if mixed { // stable: of two levels at one price the later one stays the later
		slices.SortStableFunc(l.items, func(a, b item) int { return a.number - b.number })
	}
	for from := 0; from < len(l.items); {
		number := l.items[from].number
		l.bids, l.asks = l.bids[:0], l.asks[:0]
		for ; from < len(l.items) && l.items[from].number == number; from++ {
			if err := l.level(&l.items[from]); err != nil {
				return nil, err
			}
		}
		e, err := l.book(message.BookFields{Origin: message.Origin{Instrument: l.symbols.Instrument(number), VenueTime: at, Received: received}})
		if err != nil {
			return nil, err
		}
		dst = append(dst, e)
	}
	return dst, nil
}

// level appends a level of the list to its side. A quantity of 0 removes the price.
func (l *legacy) level(i *item) error {
	var level message.Level
	var err error
	if level.Price, err = i.price.Price("price"); err != nil {
		return err
	}
	if level.Price.IsZero() {
		return venue.Refuse(venue.Number, "price", "a level at price 0")
	}
	if level.Quantity, err = i.quantity.Quantity("quantity"); err != nil {
		return err
	}
	switch string(i.orderType.Text) {
	case "bid":
		l.bids = append(l.bids, level)
	case "ask":
		l.asks = append(l.asks, level)
	default:
		return venue.Refuse(venue.Schema, "orderType", "%.20q, want ask or bid", i.orderType.Text)
	}
	return nil
}
