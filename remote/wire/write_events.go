package wire

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire/wirepb"
)

// hasAll are the bits of a ticker that the schema knows.
const hasAll = message.HasChangeRate<<1 - 1

// A writer of a table is told how many rows to expect, then each row, then to finish.

type tickers struct {
	origin                               origins
	has                                  []uint32
	span, base                           bytesOf
	opening, trade, high, low, prev, vol decimals
	change, rate                         decimals
}

func newTickers(w *writer, rows int) *tickers {
	d := func() decimals { return newDecimals(w, rows) }
	return &tickers{
		origin: newOrigins(w, rows), has: make([]uint32, 0, rows),
		span:    newBytes(w, "ticker span", uint8(message.Rolling24h), rows),
		base:    newBytes(w, "ticker change base", uint8(message.FromOpen24h), rows),
		opening: d(), trade: d(), high: d(), low: d(), prev: d(), vol: d(), change: d(), rate: d(),
	}
}

func (c *tickers) add(f message.TickerFields) {
	if f.Has&^hasAll != 0 {
		c.origin.w.fail(noForm("ticker figures %b", f.Has))
	}
	c.origin.add(f.Origin)
	c.has = append(c.has, uint32(f.Has))
	c.span.add(uint8(f.Span))
	c.base.add(uint8(f.ChangeBase))
	c.opening.addUnsigned(f.Opening.Decimal)
	c.trade.addUnsigned(f.Trade.Decimal)
	c.high.addUnsigned(f.High.Decimal)
	c.low.addUnsigned(f.Low.Decimal)
	c.prev.addUnsigned(f.PrevClosing.Decimal)
	c.vol.addUnsigned(f.Volume24h.Decimal)
	c.change.add(f.Change.Decimal)
	c.rate.add(f.ChangeRate)
}

func (c *tickers) done() *wirepb.Tickers {
	if c == nil {
		return nil
	}
	return &wirepb.Tickers{
		Origin: c.origin.done(), Has: column(c.has), Span: c.span.done(), ChangeBase: c.base.done(),
		Opening: c.opening.done(), Trade: c.trade.done(), High: c.high.done(), Low: c.low.done(),
		PrevClosing: c.prev.done(), Volume_24H: c.vol.done(), Change: c.change.done(), ChangeRate: c.rate.done(),
	}
}

type trades struct {
	origin          origins
	price, quantity decimals
	taker           bytesOf
	id              texts
}

func newTrades(w *writer, rows int) *trades {
	return &trades{newOrigins(w, rows), newDecimals(w, rows), newDecimals(w, rows),
		newBytes(w, "trade side", uint8(market.Sell), rows), newTexts(rows)}
}

func (c *trades) add(f message.TradeFields) {
	c.origin.add(f.Origin)
	c.price.addUnsigned(f.Price.Decimal)
	c.quantity.addUnsigned(f.Quantity.Decimal)
	c.taker.add(uint8(f.Taker))
	c.id.add(f.ID)
}

func (c *trades) done() *wirepb.Trades {
	if c == nil {
		return nil
	}
	return &wirepb.Trades{Origin: c.origin.done(), Price: c.price.done(), Quantity: c.quantity.done(),
		Taker: c.taker.done(), Id: c.id.done()}
}

type bbos struct {
	origin                   origins
	bid, ask, bidQty, askQty decimals
}

func newBBOs(w *writer, rows int) *bbos {
	return &bbos{newOrigins(w, rows), newDecimals(w, rows), newDecimals(w, rows), newDecimals(w, rows), newDecimals(w, rows)}
}

func (c *bbos) add(f message.BBOFields) {
	c.origin.add(f.Origin)
	c.bid.addUnsigned(f.Bid.Decimal)
	c.ask.addUnsigned(f.Ask.Decimal)
	c.bidQty.addUnsigned(f.BidQuantity.Decimal)
	c.askQty.addUnsigned(f.AskQuantity.Decimal)
}

func (c *bbos) done() *wirepb.BBOs {
	if c == nil {
		return nil
	}
	return &wirepb.BBOs{Origin: c.origin.done(), Bid: c.bid.done(), Ask: c.ask.done(),
		BidQuantity: c.bidQty.done(), AskQuantity: c.askQty.done()}
}

type books struct {
	origin            origins
	snapshot          bytesOf
	first, last, prev []uint64
	bids, asks        []uint32
	price, quantity   decimals // rows are levels
}

func newBooks(w *writer, rows, levels int) *books {
	ids := make([]uint64, 3*rows)
	counts := make([]uint32, 2*rows)
	return &books{
		origin: newOrigins(w, rows), snapshot: newBytes(w, "book kind", 1, rows),
		first: ids[:0:rows], last: ids[rows : rows : 2*rows], prev: ids[2*rows : 2*rows],
		bids: counts[:0:rows], asks: counts[rows:rows],
		price: newDecimals(w, levels), quantity: newDecimals(w, levels),
	}
}

func (c *books) add(b message.Book) {
	f := b.Fields()
	c.origin.add(f.Origin)
	c.snapshot.addBool(f.Snapshot)
	c.first, c.last, c.prev = append(c.first, f.FirstID), append(c.last, f.LastID), append(c.prev, f.PrevID)
	c.bids, c.asks = append(c.bids, uint32(b.BidCount())), append(c.asks, uint32(b.AskCount()))
	for i := range b.BidCount() {
		c.level(b.Bid(i))
	}
	for i := range b.AskCount() {
		c.level(b.Ask(i))
	}
}

func (c *books) level(l message.Level) {
	c.price.addUnsigned(l.Price.Decimal)
	c.quantity.addUnsigned(l.Quantity.Decimal)
}

func (c *books) done() *wirepb.Books {
	if c == nil {
		return nil
	}
	return &wirepb.Books{
		Origin: c.origin.done(), Snapshot: c.snapshot.done(),
		FirstId: column(c.first), LastId: column(c.last), PrevId: column(c.prev),
		Bids: column(c.bids), Asks: column(c.asks), LevelPrice: c.price.done(), LevelQuantity: c.quantity.done(),
	}
}

type bars struct {
	origin                                   origins
	interval, start, trades                  []int64
	open, high, low, close, volume, turnover decimals
	closed                                   bytesOf
}

func newBars(w *writer, rows int) *bars {
	n := func() []int64 { return make([]int64, 0, rows) }
	d := func() decimals { return newDecimals(w, rows) }
	return &bars{origin: newOrigins(w, rows), interval: n(), start: n(), trades: n(),
		open: d(), high: d(), low: d(), close: d(), volume: d(), turnover: d(), closed: newBytes(w, "bar closed", 1, rows)}
}

func (c *bars) add(f message.BarFields) {
	c.origin.add(f.Origin)
	c.interval = append(c.interval, int64(f.Interval))
	c.start = append(c.start, int64(f.Start))
	c.trades = append(c.trades, f.Trades)
	c.open.addUnsigned(f.Open.Decimal)
	c.high.addUnsigned(f.High.Decimal)
	c.low.addUnsigned(f.Low.Decimal)
	c.close.addUnsigned(f.Close.Decimal)
	c.volume.addUnsigned(f.Volume.Decimal)
	c.turnover.add(f.Turnover.Decimal)
	c.closed.addBool(f.Closed)
}

func (c *bars) done() *wirepb.Bars {
	if c == nil {
		return nil
	}
	return &wirepb.Bars{Origin: c.origin.done(), Interval: column(c.interval), Start: column(c.start), Trades: column(c.trades),
		Open: c.open.done(), High: c.high.done(), Low: c.low.done(), Close: c.close.done(),
		Volume: c.volume.done(), Turnover: c.turnover.done(), Closed: c.closed.done()}
}

type statuses struct {
	origin  origins
	trusted bytesOf
	reason  texts
}

func newStatuses(w *writer, rows int) *statuses {
	return &statuses{newOrigins(w, rows), newBytes(w, "trusted", 1, rows), newTexts(rows)}
}

func (c *statuses) add(f message.StatusFields) {
	c.origin.add(f.Origin)
	c.trusted.addBool(f.Trusted)
	c.reason.add(f.Reason)
}

func (c *statuses) done() *wirepb.Statuses {
	if c == nil {
		return nil
	}
	return &wirepb.Statuses{Origin: c.origin.done(), Trusted: c.trusted.done(), Reason: c.reason.done()}
}

type notices struct {
	origin                      origins
	typ                         bytesOf
	venue, code, detail, symbol texts
}

func newNotices(w *writer, rows int) *notices {
	return &notices{newOrigins(w, rows), newBytes(w, "notice type", uint8(message.NoticeStatus), rows),
		newTexts(rows), newTexts(rows), newTexts(rows), newTexts(rows)}
}

func (c *notices) add(f message.NoticeFields) {
	c.origin.add(f.Origin)
	c.typ.add(uint8(f.Type))
	c.venue.add(string(f.Venue))
	c.code.add(f.Code)
	c.detail.add(f.Detail)
	c.symbol.add(f.Symbol)
}

func (c *notices) done() *wirepb.Notices {
	if c == nil {
		return nil
	}
	return &wirepb.Notices{Origin: c.origin.done(), Type: c.typ.done(), Venue: c.venue.done(),
		Code: c.code.done(), Detail: c.detail.done(), Symbol: c.symbol.done()}
}
