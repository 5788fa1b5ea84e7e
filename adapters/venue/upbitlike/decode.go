package upbitlike

import (
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Extra decodes what one of the venues has beyond the protocol of both. Its methods are called in
// the order in which they stand, for every object.
type Extra interface {
	// Reset forgets the object before.
	Reset()
	// Field may read the value of a field that the protocol does not have, and says whether it
	// did.
	Field(d *scan.Decoder, key []byte) (read bool, err error)
	// Events may append the events of the object, and says whether it is one of its own. kind and
	// status are the object's fields of these names. On an error what it returns is not looked at.
	Events(dst []message.Event, kind, status venue.Token, received market.Timestamp) (out []message.Event, mine bool, err error)
}

// decoder reads frames.
type decoder struct {
	venue   market.Venue
	symbols *venue.Symbols
	ids     venue.IDs
	extra   Extra // nil: none

	// Scratch.
	d          scan.Decoder
	f          fields
	bids, asks []message.Level
}

// Decode appends what one frame says to dst: the events of an object, or those of each object of
// an array (formats JSON_LIST and SIMPLE_LIST). A frame is decoded whole or not at all: on error
// dst comes back as it was, and the error is a *venue.DecodeError. The frame is not kept.
func (r *decoder) Decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error) {
	out, err := r.decode(dst, frame, received)
	if err != nil {
		return dst, venue.Refused(r.venue, err)
	}
	return out, nil
}

func (r *decoder) decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error) {
	if err := venue.CheckFrame(frame); err != nil {
		return nil, err
	}
	r.d.ResetBytes(frame)
	if r.d.Next() != scan.Array {
		if err := r.readObject(); err != nil {
			return nil, err
		}
		if err := venue.End(&r.d); err != nil {
			return nil, err
		}
		return r.events(dst, received)
	}
	list, err := r.d.ArrIter()
	if err != nil {
		return nil, err
	}
	n := len(dst)
	for list.Next() {
		if err := r.readObject(); err != nil {
			return nil, err
		}
		if dst, err = r.events(dst, received); err != nil {
			return nil, err
		}
	}
	if err := list.Err(); err != nil {
		return nil, err
	}
	if len(dst) == n {
		return nil, venue.Refuse(venue.Schema, "", "an empty list says nothing")
	}
	return dst, venue.End(&r.d)
}

// events appends the messages of what was read into r.f.
func (r *decoder) events(dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	if r.extra != nil {
		if out, mine, err := r.extra.Events(dst, r.f.kind, r.f.status, received); mine || err != nil {
			return out, err
		}
	}
	e, err := r.event(received)
	return append(dst, e), err
}

func (r *decoder) event(received market.Timestamp) (message.Event, error) {
	kind := r.f.kind.Text
	switch string(kind) {
	case "ticker":
		return r.ticker(received)
	case "trade":
		return r.trade(received)
	case "orderbook":
		return r.book(received)
	case "":
		return r.notice(received)
	}
	if unit, ok := strings.CutPrefix(string(kind), "candle."); ok {
		return r.bar(unit, received)
	}
	return nil, venue.Refuse(venue.Unsupported, "type", "%.64q", kind)
}

// origin finds the instrument; it leaves the venue's time to the caller.
func (r *decoder) origin(received market.Timestamp) (message.Origin, error) {
	if r.f.code.Kind != scan.String {
		return message.Origin{}, venue.Refuse(venue.Schema, "code", "want a string, got %v", r.f.code.Kind)
	}
	n, err := r.symbols.Find(r.f.code.Text)
	if err != nil {
		return message.Origin{}, err
	}
	return message.Origin{Instrument: r.symbols.Instrument(n), Received: received}, nil
}

// state is origin of what is still true when it arrives, a ticker or an order book: it is worth
// having without the time since when.
func (r *decoder) state(received market.Timestamp) (message.Origin, error) {
	o, err := r.origin(received)
	if err == nil {
		o.VenueTime, err = r.f.timestamp.TimeOrNone("timestamp")
	}
	return o, err
}

func (r *decoder) ticker(received market.Timestamp) (message.Event, error) {
	o, err := r.state(received)
	if err != nil {
		return nil, err
	}
	t := venue.TickerReader{Fields: message.TickerFields{Origin: o, Span: message.TradingDay}}
	t.Price(r.f.opening, "opening_price", message.HasOpening)
	t.Price(r.f.trade, "trade_price", message.HasTrade)
	t.Price(r.f.high, "high_price", message.HasHigh)
	t.Price(r.f.low, "low_price", message.HasLow)
	t.Price(r.f.prevClosing, "prev_closing_price", message.HasPrevClosing)
	t.Volume24h(r.f.volume24h, "acc_trade_volume_24h")
	t.Change(r.f.change, "signed_change_price")
	t.Rate(r.f.rate, "signed_change_rate")
	t.ChangeFrom(message.FromPreviousClose)
	return t.Message()
}

func (r *decoder) trade(received market.Timestamp) (message.Event, error) {
	o, err := r.origin(received)
	if err != nil {
		return nil, err
	}
	f := message.TradeFields{Origin: o}
	if f.VenueTime, err = r.f.tradeTimestamp.Time("trade_timestamp"); err != nil {
		return nil, err
	}
	if f.Price, err = r.f.trade.Price("trade_price"); err != nil {
		return nil, err
	}
	if f.Quantity, err = r.f.tradeVolume.Quantity("trade_volume"); err != nil {
		return nil, err
	}
	switch string(r.f.askBid.Text) {
	case "BID": // the taker bought
		f.Taker = market.Buy
	case "ASK":
		f.Taker = market.Sell
	default:
		return nil, venue.Refuse(venue.Schema, "ask_bid", "%.20q, want ASK or BID", r.f.askBid.Text)
	}
	if len(r.f.id.Text) == 0 {
		return nil, venue.Refuse(venue.Schema, "sequential_id", "want a trade id, got %v", r.f.id.Kind)
	}
	f.ID = r.ids.Of(r.f.id)
	return venue.Made(message.NewTrade(f))
}

func (r *decoder) book(received market.Timestamp) (message.Event, error) {
	o, err := r.state(received)
	if err != nil {
		return nil, err
	}
	if !r.f.hasUnits {
		return nil, venue.Refuse(venue.Schema, "orderbook_units", "missing")
	}
	venue.BestFirst(r.bids, market.Buy)
	venue.BestFirst(r.asks, market.Sell)
	return venue.Made(message.NewBook(message.BookFields{Origin: o, Snapshot: true}, r.bids, r.asks))
}

// candleUnits are the candles of Upbit's stream (websocket-candle); Bithumb has none.
var candleUnits = map[string]time.Duration{
	"1s": time.Second, "1m": time.Minute, "3m": 3 * time.Minute, "5m": 5 * time.Minute, "10m": 10 * time.Minute,
	"15m": 15 * time.Minute, "30m": 30 * time.Minute, "60m": time.Hour, "240m": 4 * time.Hour,
}

// bar makes the bar of a candle. The venue sends a candle again while it changes and never says that
// it is done, so no bar is closed.
func (r *decoder) bar(unit string, received market.Timestamp) (message.Event, error) {
	interval, ok := candleUnits[unit]
	if !ok {
		return nil, venue.Refuse(venue.Unsupported, "type", "candle of %.20q", unit)
	}
	o, err := r.state(received)
	if err != nil {
		return nil, err
	}
	f := message.BarFields{Origin: o, Interval: interval}
	start, err := time.Parse("2006-01-02T15:04:05", string(r.f.candleStart.Text))
	if err != nil {
		return nil, venue.Refuse(venue.Schema, "candle_date_time_utc", "%.40q, want a time such as 2025-01-02T04:28:05", r.f.candleStart.Text)
	}
	f.Start = market.TimestampOf(start)
	if f.Open, err = r.f.opening.Price("opening_price"); err != nil {
		return nil, err
	}
	if f.High, err = r.f.high.Price("high_price"); err != nil {
		return nil, err
	}
	if f.Low, err = r.f.low.Price("low_price"); err != nil {
		return nil, err
	}
	if f.Close, err = r.f.trade.Price("trade_price"); err != nil {
		return nil, err
	}
	if f.Volume.Decimal, err = r.f.candleVolume.Statistic("candle_acc_trade_volume"); err != nil {
		return nil, err
	}
	if f.Turnover.Decimal, err = r.f.candleTurnover.Statistic("candle_acc_trade_price"); err != nil {
		return nil, err
	}
	return venue.Made(message.NewBar(f))
}

// notice makes the message of a frame without type.
func (r *decoder) notice(received market.Timestamp) (message.Event, error) {
	f := message.NoticeFields{Origin: message.Origin{Received: received}, Venue: r.venue}
	switch {
	case r.f.hasError:
		f.Type = message.NoticeError
		f.Code = venue.Word(r.f.errorName)
		f.Detail = venue.Words(r.f.errorReason)
	case string(r.f.status.Text) == "UP":
		f.Type = message.NoticeHeartbeat
	case r.f.status.Present():
		f.Type = message.NoticeStatus
		f.Detail = venue.Words(r.f.status)
	case r.f.method.Present(): // LIST_SUBSCRIPTIONS
		f.Type, f.Code = message.NoticeAck, venue.Word(r.f.method)
	default:
		return nil, venue.Refuse(venue.Schema, "type", "missing")
	}
	return venue.Made(message.NewNotice(f))
}
