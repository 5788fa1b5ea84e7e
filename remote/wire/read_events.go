package wire

import (
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire/wirepb"
)

// A reader of a table checks the columns once, when it is made, and then gives one event after the
// other: rows is how many, next the next one. The message's constructor has the last word.

type inTickers struct {
	rows, i                              int
	origin                               inOrigins
	has                                  []uint32
	span, base                           []byte
	opening, trade, high, low, prev, vol inDecimals
	change, rate                         inDecimals
}

func (r *reader) tickers(pb *wirepb.Tickers) *inTickers {
	if pb == nil {
		return &inTickers{}
	}
	origin, rows := r.readOrigins(pb.GetOrigin())
	c := &inTickers{
		rows: rows, origin: origin, has: pb.GetHas(),
		span:    r.readBytes("ticker span", pb.GetSpan(), rows, uint8(message.Rolling24h)),
		base:    r.readBytes("ticker change base", pb.GetChangeBase(), rows, uint8(message.FromOpen24h)),
		opening: r.prices("ticker opening", pb.GetOpening(), rows),
		trade:   r.prices("ticker trade", pb.GetTrade(), rows),
		high:    r.prices("ticker high", pb.GetHigh(), rows),
		low:     r.prices("ticker low", pb.GetLow(), rows),
		prev:    r.prices("ticker previous closing", pb.GetPrevClosing(), rows),
		vol:     r.prices("ticker volume", pb.GetVolume_24H(), rows),
		change:  r.readDecimals("ticker change", pb.GetChange(), rows, true),
		rate:    r.readDecimals("ticker change rate", pb.GetChangeRate(), rows, true),
	}
	if !isColumn(r, "ticker has", c.has, rows) {
		c.rows = 0
	}
	return c
}

func (c *inTickers) next() (message.Ticker, error) {
	i := c.i
	c.i++
	return message.NewTicker(message.TickerFields{
		Origin:     c.origin.at(i),
		Has:        message.TickerField(at(c.has, i)) & hasAll, // a figure added later has a column we do not read
		Span:       message.Span(at(c.span, i)),
		ChangeBase: message.ChangeBase(at(c.base, i)),
		Opening:    c.opening.price(i), Trade: c.trade.price(i), High: c.high.price(i), Low: c.low.price(i),
		PrevClosing: c.prev.price(i), Volume24h: c.vol.quantity(i),
		Change: market.Amount{Decimal: c.change.at(i)}, ChangeRate: c.rate.at(i),
	})
}

type inTrades struct {
	rows, i         int
	origin          inOrigins
	price, quantity inDecimals
	taker           []byte
	id              inTexts
}

func (r *reader) trades(pb *wirepb.Trades) *inTrades {
	if pb == nil {
		return &inTrades{}
	}
	origin, rows := r.readOrigins(pb.GetOrigin())
	return &inTrades{
		rows: rows, origin: origin,
		price:    r.prices("trade price", pb.GetPrice(), rows),
		quantity: r.prices("trade quantity", pb.GetQuantity(), rows),
		taker:    r.readBytes("trade taker", pb.GetTaker(), rows, uint8(market.Sell)),
		id:       r.readTexts("trade id", pb.GetId(), rows),
	}
}

func (c *inTrades) next() (message.Trade, error) {
	i := c.i
	c.i++
	return message.NewTrade(message.TradeFields{Origin: c.origin.at(i), Price: c.price.price(i),
		Quantity: c.quantity.quantity(i), Taker: market.Side(at(c.taker, i)), ID: c.id.next(i)})
}

type inBBOs struct {
	rows, i                  int
	origin                   inOrigins
	bid, ask, bidQty, askQty inDecimals
}

func (r *reader) bbos(pb *wirepb.BBOs) *inBBOs {
	if pb == nil {
		return &inBBOs{}
	}
	origin, rows := r.readOrigins(pb.GetOrigin())
	return &inBBOs{
		rows: rows, origin: origin,
		bid:    r.prices("bbo bid", pb.GetBid(), rows),
		ask:    r.prices("bbo ask", pb.GetAsk(), rows),
		bidQty: r.prices("bbo bid quantity", pb.GetBidQuantity(), rows),
		askQty: r.prices("bbo ask quantity", pb.GetAskQuantity(), rows),
	}
}

func (c *inBBOs) next() (message.BBO, error) {
	i := c.i
	c.i++
	return message.NewBBO(message.BBOFields{Origin: c.origin.at(i), Bid: c.bid.price(i), Ask: c.ask.price(i),
		BidQuantity: c.bidQty.quantity(i), AskQuantity: c.askQty.quantity(i)})
}

type inBooks struct {
	rows, i           int
	origin            inOrigins
	snapshot          []byte
	first, last, prev []uint64
	bids, asks        []uint32
	price, quantity   inDecimals
	level             int             // how many levels the books before took
	levels            []message.Level // scratch: the constructor copies
}

func (r *reader) books(pb *wirepb.Books) *inBooks {
	if pb == nil {
		return &inBooks{}
	}
	origin, rows := r.readOrigins(pb.GetOrigin())
	c := &inBooks{
		rows: rows, origin: origin, snapshot: r.readBytes("book snapshot", pb.GetSnapshot(), rows, 1),
		first: pb.GetFirstId(), last: pb.GetLastId(), prev: pb.GetPrevId(), bids: pb.GetBids(), asks: pb.GetAsks(),
	}
	ok := isColumn(r, "book first id", c.first, rows)
	ok = isColumn(r, "book last id", c.last, rows) && ok
	ok = isColumn(r, "book previous id", c.prev, rows) && ok
	ok = isColumn(r, "book bids", c.bids, rows) && ok
	ok = isColumn(r, "book asks", c.asks, rows) && ok
	if !ok {
		c.rows = 0
		return c
	}
	var levels uint64 // at most 2 * RowsMax * 2^32
	for i := range rows {
		levels += uint64(at(c.bids, i)) + uint64(at(c.asks, i))
	}
	// Every level has a price, so the lower halves of the prices or the upper ones are there:
	// the bytes received bound the count.
	prices := pb.GetLevelPrice()
	if have := max(len(prices.GetHi()), len(prices.GetLo())); levels != uint64(have) {
		r.fail("books count %d levels, but %d have a price", levels, have)
		c.rows = 0
		return c
	}
	c.price = r.prices("level price", prices, int(levels))
	c.quantity = r.prices("level quantity", pb.GetLevelQuantity(), int(levels))
	return c
}

func (c *inBooks) next() (message.Book, error) {
	i := c.i
	c.i++
	bids, asks := int(at(c.bids, i)), int(at(c.asks, i))
	c.levels = c.levels[:0]
	for range bids + asks {
		c.levels = append(c.levels, message.Level{Price: c.price.price(c.level), Quantity: c.quantity.quantity(c.level)})
		c.level++
	}
	f := message.BookFields{Origin: c.origin.at(i), Snapshot: at(c.snapshot, i) == 1,
		FirstID: at(c.first, i), LastID: at(c.last, i), PrevID: at(c.prev, i)}
	return message.NewBook(f, c.levels[:bids], c.levels[bids:])
}

type inBars struct {
	rows, i                                  int
	origin                                   inOrigins
	interval, start, trades                  []int64
	open, high, low, close, volume, turnover inDecimals
	closed                                   []byte
}

func (r *reader) bars(pb *wirepb.Bars) *inBars {
	if pb == nil {
		return &inBars{}
	}
	origin, rows := r.readOrigins(pb.GetOrigin())
	c := &inBars{
		rows: rows, origin: origin, interval: pb.GetInterval(), start: pb.GetStart(), trades: pb.GetTrades(),
		open:     r.prices("bar open", pb.GetOpen(), rows),
		high:     r.prices("bar high", pb.GetHigh(), rows),
		low:      r.prices("bar low", pb.GetLow(), rows),
		close:    r.prices("bar close", pb.GetClose(), rows),
		volume:   r.prices("bar volume", pb.GetVolume(), rows),
		turnover: r.readDecimals("bar turnover", pb.GetTurnover(), rows, true),
		closed:   r.readBytes("bar closed", pb.GetClosed(), rows, 1),
	}
	ok := isColumn(r, "bar interval", c.interval, rows)
	ok = isColumn(r, "bar start", c.start, rows) && ok
	ok = isColumn(r, "bar trades", c.trades, rows) && ok
	if !ok {
		c.rows = 0
	}
	return c
}

func (c *inBars) next() (message.Bar, error) {
	i := c.i
	c.i++
	return message.NewBar(message.BarFields{
		Origin: c.origin.at(i), Interval: time.Duration(at(c.interval, i)), Start: market.Timestamp(at(c.start, i)),
		Open: c.open.price(i), High: c.high.price(i), Low: c.low.price(i), Close: c.close.price(i),
		Volume: c.volume.quantity(i), Turnover: market.Amount{Decimal: c.turnover.at(i)},
		Trades: at(c.trades, i), Closed: at(c.closed, i) == 1,
	})
}

type inStatuses struct {
	rows, i int
	origin  inOrigins
	trusted []byte
	reason  inTexts
}

func (r *reader) statuses(pb *wirepb.Statuses) *inStatuses {
	if pb == nil {
		return &inStatuses{}
	}
	origin, rows := r.readOrigins(pb.GetOrigin())
	return &inStatuses{rows: rows, origin: origin,
		trusted: r.readBytes("status trusted", pb.GetTrusted(), rows, 1),
		reason:  r.readTexts("status reason", pb.GetReason(), rows)}
}

func (c *inStatuses) next() (message.Status, error) {
	i := c.i
	c.i++
	return message.NewStatus(message.StatusFields{Origin: c.origin.at(i), Trusted: at(c.trusted, i) == 1, Reason: c.reason.next(i)})
}

type inNotices struct {
	rows, i                     int
	origin                      inOrigins
	typ                         []byte
	venue, code, detail, symbol inTexts
}

func (r *reader) notices(pb *wirepb.Notices) *inNotices {
	if pb == nil {
		return &inNotices{}
	}
	origin, rows := r.readOrigins(pb.GetOrigin())
	return &inNotices{
		rows: rows, origin: origin, typ: r.readBytes("notice type", pb.GetType(), rows, uint8(message.NoticeStatus)),
		venue: r.readTexts("notice venue", pb.GetVenue(), rows), code: r.readTexts("notice code", pb.GetCode(), rows),
		detail: r.readTexts("notice detail", pb.GetDetail(), rows), symbol: r.readTexts("notice symbol", pb.GetSymbol(), rows),
	}
}

func (c *inNotices) next() (message.Notice, error) {
	i := c.i
	c.i++
	return message.NewNotice(message.NoticeFields{
		Origin: c.origin.at(i), Venue: market.Venue(c.venue.next(i)), Type: message.NoticeType(at(c.typ, i)),
		Code: c.code.next(i), Detail: c.detail.next(i), Symbol: c.symbol.next(i),
	})
}
