package parquet

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// decimal is a DECIMAL(38, 18): a count of 1e-18 in two's complement, big endian.
type decimal = [16]byte

// common is what every table begins with. Columns have the names of the keys in docs/messages.md; a
// value that is not known is null.
type common struct {
	Time       int64  `parquet:"time,optional,timestamp(nanosecond)"`     // the venue's clock
	Received   int64  `parquet:"received,optional,timestamp(nanosecond)"` // ours
	Venue      string `parquet:"venue,dict"`
	Instrument string `parquet:"instrument,dict"`
	Symbol     string `parquet:"symbol,optional,dict"`
}

type tradeRow struct {
	common
	Price    decimal `parquet:"price,decimal(18:38)"`
	Quantity decimal `parquet:"quantity,decimal(18:38)"`
	Side     string  `parquet:"side,optional,dict"` // of the taker
	ID       string  `parquet:"id,optional"`
}

type bboRow struct {
	common
	Bid         *decimal `parquet:"bid,decimal(18:38)"`
	BidQuantity *decimal `parquet:"bid_quantity,decimal(18:38)"`
	Ask         *decimal `parquet:"ask,decimal(18:38)"`
	AskQuantity *decimal `parquet:"ask_quantity,decimal(18:38)"`
}

type levelRow struct {
	Price    decimal `parquet:"price,decimal(18:38)"`
	Quantity decimal `parquet:"quantity,decimal(18:38)"`
}

type bookRow struct {
	common
	Kind    string     `parquet:"kind,dict"` // snapshot or update
	Bids    []levelRow `parquet:"bids,list"` // best first
	Asks    []levelRow `parquet:"asks,list"`
	FirstID uint64     `parquet:"first_id,optional"`
	LastID  uint64     `parquet:"last_id,optional"`
	PrevID  uint64     `parquet:"prev_id,optional"`
}

type tickerRow struct {
	common
	Opening     *decimal `parquet:"opening_price,decimal(18:38)"`
	Trade       *decimal `parquet:"trade_price,decimal(18:38)"`
	High        *decimal `parquet:"high_price,decimal(18:38)"`
	Low         *decimal `parquet:"low_price,decimal(18:38)"`
	PrevClosing *decimal `parquet:"prev_closing_price,decimal(18:38)"`
	Volume24h   *decimal `parquet:"acc_trade_volume_24h,decimal(18:38)"`
	Change      *decimal `parquet:"signed_change_price,decimal(18:38)"`
	ChangeRate  *decimal `parquet:"signed_change_rate,decimal(18:38)"`
	ChangeBase  string   `parquet:"change_base,optional,dict"`
	Span        string   `parquet:"span,optional,dict"`
}

type barRow struct {
	common
	Interval int64   `parquet:"interval_ns"`
	Start    int64   `parquet:"start,timestamp(nanosecond)"`
	Open     decimal `parquet:"open,decimal(18:38)"`
	High     decimal `parquet:"high,decimal(18:38)"`
	Low      decimal `parquet:"low,decimal(18:38)"`
	Close    decimal `parquet:"close,decimal(18:38)"`
	Volume   decimal `parquet:"volume,decimal(18:38)"`
	Turnover decimal `parquet:"turnover,decimal(18:38)"`
	Trades   int64   `parquet:"trades"`
	Closed   bool    `parquet:"closed"`
}

type statusRow struct {
	common
	Trusted bool   `parquet:"trusted"`
	Reason  string `parquet:"reason,dict"`
}

// builder turns a message into a row and remembers the first number that has no form.
type builder struct{ fault error }

// fits reports whether the row that was built can stand in its table.
func (b *builder) fits() bool { return b.fault == nil }

// decimalsMost is the first number that has 39 digits: 10^38 counts of 1e-18.
var decimalsMost = market.MustDecimal("100000000000000000000")

func (b *builder) decimal(d market.Decimal) (out decimal) {
	if d.Cmp(decimalsMost) >= 0 || d.Cmp(decimalsMost.Neg()) <= 0 {
		if b.fault == nil {
			b.fault = fmt.Errorf("the number %v has more digits than DECIMAL(38, 18) holds", d)
		}
		return out
	}
	hi, lo := d.Raw()
	for i := range 8 {
		out[i], out[8+i] = byte(uint64(hi)>>(56-8*i)), byte(lo>>(56-8*i))
	}
	return out
}

// known returns a number that may be null.
func (b *builder) known(d market.Decimal, known bool) *decimal {
	if !known {
		return nil
	}
	v := b.decimal(d)
	return &v
}

func originOf(o message.Origin, symbol string) common {
	return common{Time: int64(o.VenueTime), Received: int64(o.Received), Venue: string(o.Instrument.Venue()),
		Instrument: o.Instrument.Name(), Symbol: symbol}
}

// word is the name of an enumeration's value; empty for zero.
func word[T interface {
	~uint8
	fmt.Stringer
}](v T) string {
	if v == 0 {
		return ""
	}
	return v.String()
}

func (b *builder) trade(f message.TradeFields, symbol string) tradeRow {
	return tradeRow{common: originOf(f.Origin, symbol), Price: b.decimal(f.Price.Decimal), Quantity: b.decimal(f.Quantity.Decimal),
		Side: word(f.Taker), ID: f.ID}
}

func (b *builder) bbo(f message.BBOFields, symbol string) bboRow {
	bid, ask := !f.Bid.IsZero(), !f.Ask.IsZero()
	return bboRow{common: originOf(f.Origin, symbol),
		Bid: b.known(f.Bid.Decimal, bid), BidQuantity: b.known(f.BidQuantity.Decimal, bid || !f.BidQuantity.IsZero()),
		Ask: b.known(f.Ask.Decimal, ask), AskQuantity: b.known(f.AskQuantity.Decimal, ask || !f.AskQuantity.IsZero())}
}

func (b *builder) book(m message.Book, symbol string) bookRow {
	f := m.Fields()
	r := bookRow{common: originOf(f.Origin, symbol), Kind: "update", FirstID: f.FirstID, LastID: f.LastID, PrevID: f.PrevID,
		Bids: make([]levelRow, m.BidCount()), Asks: make([]levelRow, m.AskCount())}
	if f.Snapshot {
		r.Kind = "snapshot"
	}
	for i := range r.Bids {
		r.Bids[i] = b.level(m.Bid(i))
	}
	for i := range r.Asks {
		r.Asks[i] = b.level(m.Ask(i))
	}
	return r
}

func (b *builder) level(l message.Level) levelRow {
	return levelRow{b.decimal(l.Price.Decimal), b.decimal(l.Quantity.Decimal)}
}

func (b *builder) ticker(f message.TickerFields, symbol string) tickerRow {
	has := func(bit message.TickerField) bool { return f.Has&bit != 0 }
	return tickerRow{common: originOf(f.Origin, symbol),
		Opening: b.known(f.Opening.Decimal, has(message.HasOpening)), Trade: b.known(f.Trade.Decimal, has(message.HasTrade)),
		High: b.known(f.High.Decimal, has(message.HasHigh)), Low: b.known(f.Low.Decimal, has(message.HasLow)),
		PrevClosing: b.known(f.PrevClosing.Decimal, has(message.HasPrevClosing)), Volume24h: b.known(f.Volume24h.Decimal, has(message.HasVolume24h)),
		Change: b.known(f.Change.Decimal, has(message.HasChange)), ChangeRate: b.known(f.ChangeRate, has(message.HasChangeRate)),
		ChangeBase: word(f.ChangeBase), Span: word(f.Span)}
}

func (b *builder) bar(f message.BarFields, symbol string) barRow {
	return barRow{common: originOf(f.Origin, symbol), Interval: int64(f.Interval), Start: int64(f.Start),
		Open: b.decimal(f.Open.Decimal), High: b.decimal(f.High.Decimal), Low: b.decimal(f.Low.Decimal), Close: b.decimal(f.Close.Decimal),
		Volume: b.decimal(f.Volume.Decimal), Turnover: b.decimal(f.Turnover.Decimal), Trades: f.Trades, Closed: f.Closed}
}

func (b *builder) status(f message.StatusFields, symbol string) statusRow {
	return statusRow{common: originOf(f.Origin, symbol), Trusted: f.Trusted, Reason: f.Reason}
}
