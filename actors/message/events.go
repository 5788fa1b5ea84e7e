package message

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/maru-trading/maru/actors/market"
)

// Trade is one execution that the venue published.
type Trade struct{ f TradeFields }

// TradeFields is what a Trade holds.
type TradeFields struct {
	Origin
	Price    market.Price
	Quantity market.Quantity
	Taker    market.Side // who took; zero if the venue does not say
	ID       string      // the venue's id, unique per instrument; empty if it gives none
}

// NewTrade checks f. It fails with ErrInvalid without an instrument or a price above zero. A
// quantity of zero is kept: Bithumb rounds sizes to four decimals.
func NewTrade(f TradeFields) (Trade, error) {
	if f.Instrument.IsZero() || f.Price.IsZero() {
		return Trade{}, invalid(KindTrade, "instrument %v price %v", f.Instrument, f.Price)
	}
	return Trade{f}, nil
}

// Kind is KindTrade.
func (t Trade) Kind() Kind { return KindTrade }

// Origin says of what and when.
func (t Trade) Origin() Origin { return t.f.Origin }

// Fields returns a copy of what t holds.
func (t Trade) Fields() TradeFields { return t.f }

func (t Trade) String() string {
	return fmt.Sprintf("trade %v %v %v @ %v id=%q at %v", t.f.Instrument, t.f.Taker, t.f.Quantity, t.f.Price, t.f.ID, t.f.Time())
}

// BBO is the best bid and offer.
type BBO struct{ f BBOFields }

// BBOFields is what a BBO holds. A price of zero means that the side is empty.
type BBOFields struct {
	Origin
	Bid, Ask                 market.Price
	BidQuantity, AskQuantity market.Quantity
}

// NewBBO checks f. It fails with ErrInvalid without an instrument.
func NewBBO(f BBOFields) (BBO, error) {
	if f.Instrument.IsZero() {
		return BBO{}, invalid(KindBBO, "no instrument")
	}
	return BBO{f}, nil
}

// Kind is KindBBO.
func (b BBO) Kind() Kind { return KindBBO }

// Origin says of what and when.
func (b BBO) Origin() Origin { return b.f.Origin }

// Fields returns a copy of what b holds.
func (b BBO) Fields() BBOFields { return b.f }

func (b BBO) String() string {
	return fmt.Sprintf("bbo %v %v x %v / %v x %v at %v", b.f.Instrument, b.f.Bid, b.f.BidQuantity, b.f.Ask, b.f.AskQuantity, b.f.Time())
}

// Level is one price of an order book and what rests there. In an update a quantity of zero
// removes the price.
type Level struct {
	Price    market.Price
	Quantity market.Quantity
}

// Book is an order book or a change to one.
type Book struct {
	f      BookFields
	levels []Level // bids, then asks; never changed after NewBook
	bids   int
}

// BookFields is what a Book holds besides its levels.
type BookFields struct {
	Origin
	Snapshot bool // the whole book; otherwise changed levels only
	// FirstID to LastID are the venue's update ids that this frame covers, PrevID the last id
	// of the frame before it; zero where the venue numbers nothing (Binance U, u, pu; OKX seqId,
	// prevSeqId).
	FirstID, LastID, PrevID uint64
}

// NewBook checks f and copies the levels, best first. It fails with ErrInvalid without an
// instrument or with a price of zero; padding is the adapter's to drop.
func NewBook(f BookFields, bids, asks []Level) (Book, error) {
	if f.Instrument.IsZero() {
		return Book{}, invalid(KindBook, "no instrument")
	}
	levels := make([]Level, len(bids)+len(asks))
	copy(levels, bids)
	copy(levels[len(bids):], asks)
	for i := range levels {
		if levels[i].Price.IsZero() {
			return Book{}, invalid(KindBook, "%v: level %d has no price", f.Instrument, i)
		}
	}
	return Book{f: f, levels: levels, bids: len(bids)}, nil
}

// Kind is KindBook.
func (b Book) Kind() Kind { return KindBook }

// Origin says of what and when.
func (b Book) Origin() Origin { return b.f.Origin }

// Fields returns a copy of what b holds besides its levels.
func (b Book) Fields() BookFields { return b.f }

// BidCount and AskCount say how many levels each side has.
func (b Book) BidCount() int { return b.bids }

// AskCount is BidCount of the other side.
func (b Book) AskCount() int { return len(b.levels) - b.bids }

// Bid returns bid i, 0 the best.
func (b Book) Bid(i int) Level { return b.levels[:b.bids][i] }

// Ask returns ask i, 0 the best.
func (b Book) Ask(i int) Level { return b.levels[b.bids:][i] }

// Bids yields the bids as the frame gave them, best first.
func (b Book) Bids() iter.Seq[Level] { return values(b.levels[:b.bids]) }

// Asks yields the asks as the frame gave them, best first.
func (b Book) Asks() iter.Seq[Level] { return values(b.levels[b.bids:]) }

func (b Book) String() string {
	what := "update"
	if b.f.Snapshot {
		what = "snapshot"
	}
	return fmt.Sprintf("book %s %v bids=%v asks=%v ids=%d..%d prev=%d at %v", what, b.f.Instrument,
		b.levels[:b.bids], b.levels[b.bids:], b.f.FirstID, b.f.LastID, b.f.PrevID, b.f.Time())
}

// Equal reports whether a and b say the same.
func (b Book) Equal(c Book) bool {
	return b.f == c.f && b.bids == c.bids && slices.Equal(b.levels, c.levels)
}

func values[T any](items []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, item := range items {
			if !yield(item) {
				return
			}
		}
	}
}

// ChangeBase says what a ticker's change is measured from.
type ChangeBase uint8

const (
	FromPreviousClose ChangeBase = 1 + iota // the close of the trading day before
	FromOpen24h                             // the price 24 hours ago
)

// String returns prev_close, open_24h or "-".
func (c ChangeBase) String() string { return enumName(changeBaseNames, c) }

var changeBaseNames = []string{"-", "prev_close", "open_24h"}

// Span says over which time a ticker's open, high and low run.
type Span uint8

const (
	TradingDay Span = 1 + iota // since the venue's day began
	Rolling24h                 // the last 24 hours
)

// String returns day, rolling_24h or "-".
func (s Span) String() string { return enumName(spanNames, s) }

var spanNames = []string{"-", "day", "rolling_24h"}

func enumName[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("unknown(%d)", uint8(v))
}

// TickerField is a bit that says which of a ticker's figures the venue gave.
type TickerField uint16

const (
	HasOpening TickerField = 1 << iota
	HasTrade
	HasHigh
	HasLow
	HasPrevClosing
	HasVolume24h
	HasChange
	HasChangeRate
)

// Ticker is the venue's summary of a day, or of the last 24 hours.
type Ticker struct{ f TickerFields }

// TickerFields is what a Ticker holds. A figure counts only if its bit is in Has: absent is
// not zero. Opening and previous close are never computed; the change may be, and ChangeBase
// says from what.
type TickerFields struct {
	Origin
	Has         TickerField
	Span        Span
	ChangeBase  ChangeBase // zero exactly if neither change nor rate is there
	Opening     market.Price
	Trade       market.Price // the last trade's
	High, Low   market.Price
	PrevClosing market.Price
	Volume24h   market.Quantity // in base, rolling 24 hours
	Change      market.Amount   // signed, quote per base
	ChangeRate  market.Decimal  // signed fraction: 0.01 is one percent
}

// NewTicker checks f. It fails with ErrInvalid without an instrument.
func NewTicker(f TickerFields) (Ticker, error) {
	if f.Instrument.IsZero() {
		return Ticker{}, invalid(KindTicker, "no instrument")
	}
	return Ticker{f}, nil
}

// Kind is KindTicker.
func (t Ticker) Kind() Kind { return KindTicker }

// Origin says of what and when.
func (t Ticker) Origin() Origin { return t.f.Origin }

// Fields returns a copy of what t holds.
func (t Ticker) Fields() TickerFields { return t.f }

func (t Ticker) String() string {
	return fmt.Sprintf("ticker %v has=%08b trade=%v open=%v high=%v low=%v prev=%v volume=%v change=%v rate=%v base=%v span=%v at %v",
		t.f.Instrument, t.f.Has, t.f.Trade, t.f.Opening, t.f.High, t.f.Low, t.f.PrevClosing, t.f.Volume24h,
		t.f.Change, t.f.ChangeRate, t.f.ChangeBase, t.f.Span, t.f.Time())
}

// Bar is open, high, low, close and volume over [Start, Start+Interval) of the venue's clock.
type Bar struct{ f BarFields }

// BarFields is what a Bar holds.
type BarFields struct {
	Origin
	Interval               time.Duration
	Start                  market.Timestamp // a multiple of Interval since 1970 UTC
	Open, High, Low, Close market.Price
	Volume                 market.Quantity // base
	Turnover               market.Amount   // quote, rounded half-even to 18 digits
	Trades                 int64
	Closed                 bool // no more trades will be counted
}

// NewBar checks f. It fails with ErrInvalid without an instrument, an interval above zero, a
// start on the interval's grid, or with prices outside [low, high].
func NewBar(f BarFields) (Bar, error) {
	switch {
	case f.Instrument.IsZero():
		return Bar{}, invalid(KindBar, "no instrument")
	case f.Interval <= 0 || f.Start.Truncate(f.Interval) != f.Start:
		return Bar{}, invalid(KindBar, "%v: start %v is not on a grid of %v", f.Instrument, f.Start, f.Interval)
	case f.Low.Cmp(f.Open.Decimal) > 0 || f.Low.Cmp(f.Close.Decimal) > 0 || f.High.Cmp(f.Open.Decimal) < 0 || f.High.Cmp(f.Close.Decimal) < 0:
		return Bar{}, invalid(KindBar, "%v: open %v or close %v outside %v to %v", f.Instrument, f.Open, f.Close, f.Low, f.High)
	}
	return Bar{f}, nil
}

// Kind is KindBar.
func (b Bar) Kind() Kind { return KindBar }

// Origin says of what and when.
func (b Bar) Origin() Origin { return b.f.Origin }

// Fields returns a copy of what b holds.
func (b Bar) Fields() BarFields { return b.f }

func (b Bar) String() string {
	return fmt.Sprintf("bar %v %v %v o=%v h=%v l=%v c=%v v=%v n=%d closed=%t", b.f.Instrument, b.f.Interval, b.f.Start,
		b.f.Open, b.f.High, b.f.Low, b.f.Close, b.f.Volume, b.f.Trades, b.f.Closed)
}

// Status says whether an instrument's data may be acted on.
type Status struct{ f StatusFields }

// StatusFields is what a Status holds.
type StatusFields struct {
	Origin
	Trusted bool
	Reason  string // why, a few words: "gap", "disconnected", "snapshot joined"
}

// NewStatus checks f. It fails with ErrInvalid without an instrument or a reason.
func NewStatus(f StatusFields) (Status, error) {
	if f.Instrument.IsZero() || f.Reason == "" {
		return Status{}, invalid(KindStatus, "instrument %v reason %q", f.Instrument, f.Reason)
	}
	return Status{f}, nil
}

// Kind is KindStatus.
func (s Status) Kind() Kind { return KindStatus }

// Origin says of what and when.
func (s Status) Origin() Origin { return s.f.Origin }

// Fields returns a copy of what s holds.
func (s Status) Fields() StatusFields { return s.f }

func (s Status) String() string {
	return fmt.Sprintf("status %v trusted=%t %q at %v", s.f.Instrument, s.f.Trusted, s.f.Reason, s.f.Time())
}

// NoticeType says what a venue told us that is no market data.
type NoticeType uint8

const (
	NoticeAck       NoticeType = 1 + iota // a request was accepted
	NoticeError                           // a request was refused
	NoticeHeartbeat                       // the connection lives
	NoticeStatus                          // the venue speaks of itself: maintenance, reconnect
)

// String returns ack, error, heartbeat, status or "-".
func (n NoticeType) String() string { return enumName(noticeNames, n) }

var noticeNames = []string{"-", "ack", "error", "heartbeat", "status"}

// Notice is a venue's word on the connection or on a request. Its instrument may be zero.
type Notice struct{ f NoticeFields }

// NoticeFields is what a Notice holds.
type NoticeFields struct {
	Origin
	Venue  market.Venue
	Type   NoticeType
	Code   string // the venue's own code, if it gives one
	Detail string // the venue's own words, cut to 512 bytes
	Symbol string // the venue's name of what it speaks of, if any
}

// NewNotice checks f. It fails with ErrInvalid without a venue and a type.
func NewNotice(f NoticeFields) (Notice, error) {
	if f.Venue == "" || f.Type == 0 {
		return Notice{}, invalid(KindNotice, "venue %q type %v", f.Venue, f.Type)
	}
	const detailMax = 512
	if len(f.Detail) > detailMax {
		cut := detailMax
		for cut > detailMax-utf8.UTFMax && !utf8.RuneStart(f.Detail[cut]) {
			cut-- // never within a letter
		}
		f.Detail = strings.Clone(f.Detail[:cut]) // the rest may be a whole frame
	}
	return Notice{f}, nil
}

// Kind is KindNotice.
func (n Notice) Kind() Kind { return KindNotice }

// Origin says of what, if of anything, and when.
func (n Notice) Origin() Origin { return n.f.Origin }

// Fields returns a copy of what n holds.
func (n Notice) Fields() NoticeFields { return n.f }

func (n Notice) String() string {
	return fmt.Sprintf("notice %s %v code=%q %q symbol=%q at %v", n.f.Venue, n.f.Type, n.f.Code, n.f.Detail, n.f.Symbol, n.f.Time())
}
