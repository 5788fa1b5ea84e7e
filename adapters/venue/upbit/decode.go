package upbit

import (
	"strings"
	"time"

	"github.com/go-faster/jx"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
)

// Decode appends what one frame says to dst: an event for an object, one each for the objects of
// an array (formats JSON_LIST and SIMPLE_LIST). A frame is decoded whole or not at all: on error
// dst comes back as it was, and the error is a *venue.DecodeError. The frame is not kept.
func (p *Protocol) Decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error) {
	out, err := p.decode(dst, frame, received)
	if err != nil {
		return dst, venue.Refused(p.venue, err)
	}
	return out, nil
}

func (p *Protocol) decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error) {
	if err := venue.CheckFrame(frame); err != nil {
		return nil, err
	}
	p.d.ResetBytes(frame)
	if p.d.Next() != jx.Array {
		if err := p.readObject(); err != nil {
			return nil, err
		}
		if err := venue.End(&p.d); err != nil {
			return nil, err
		}
		e, err := p.event(received)
		return append(dst, e), err
	}
	list, err := p.d.ArrIter()
	if err != nil {
		return nil, err
	}
	n := len(dst)
	for list.Next() {
		if err := p.readObject(); err != nil {
			return nil, err
		}
		e, err := p.event(received)
		if err != nil {
			return nil, err
		}
		dst = append(dst, e)
	}
	if err := list.Err(); err != nil {
		return nil, err
	}
	if len(dst) == n {
		return nil, venue.Refuse(venue.Schema, "", "an empty list says nothing")
	}
	return dst, venue.End(&p.d)
}

// event makes the message of what was read into p.f.
func (p *Protocol) event(received market.Timestamp) (message.Event, error) {
	kind := p.f.kind.Text
	switch string(kind) {
	case "ticker":
		return p.ticker(received)
	case "trade":
		return p.trade(received)
	case "orderbook":
		return p.book(received)
	case "":
		return p.notice(received)
	}
	if unit, ok := strings.CutPrefix(string(kind), "candle."); ok {
		return p.bar(unit, received)
	}
	return nil, venue.Refuse(venue.Unsupported, "type", "%.64q", kind)
}

// origin finds the instrument; venueTime is when the event was true.
func (p *Protocol) origin(venueTime venue.Token, field string, received market.Timestamp) (message.Origin, error) {
	if p.f.code.Kind != jx.String {
		return message.Origin{}, venue.Refuse(venue.Schema, "code", "want a string, got %v", p.f.code.Kind)
	}
	n, err := p.symbols.Find(p.f.code.Text)
	if err != nil {
		return message.Origin{}, err
	}
	at, err := venueTime.Time(field)
	return message.Origin{Instrument: p.symbols.Instrument(n), VenueTime: at, Received: received}, err
}

func (p *Protocol) ticker(received market.Timestamp) (message.Event, error) {
	o, err := p.origin(p.f.timestamp, "timestamp", received)
	if err != nil {
		return nil, err
	}
	f := message.TickerFields{Origin: o, Span: message.TradingDay}
	price := func(t *venue.Token, field string, to *market.Price, bit message.TickerField) {
		if err != nil || !t.Present() {
			return
		}
		if *to, err = t.Price(field); err == nil && !to.IsZero() { // zero: nothing was ever traded
			f.Has |= bit
		}
	}
	price(&p.f.opening, "opening_price", &f.Opening, message.HasOpening)
	price(&p.f.trade, "trade_price", &f.Trade, message.HasTrade)
	price(&p.f.high, "high_price", &f.High, message.HasHigh)
	price(&p.f.low, "low_price", &f.Low, message.HasLow)
	price(&p.f.prevClosing, "prev_closing_price", &f.PrevClosing, message.HasPrevClosing)
	figure := func(t *venue.Token, field string, to *market.Decimal, bit message.TickerField) {
		if err != nil || !t.Present() {
			return
		}
		if *to, err = t.Statistic(field); err == nil {
			f.Has |= bit
		}
	}
	figure(&p.f.volume24h, "acc_trade_volume_24h", &f.Volume24h.Decimal, message.HasVolume24h)
	figure(&p.f.change, "signed_change_price", &f.Change.Decimal, message.HasChange)
	figure(&p.f.rate, "signed_change_rate", &f.ChangeRate, message.HasChangeRate)
	if err != nil {
		return nil, err
	}
	if f.Has&(message.HasChange|message.HasChangeRate) != 0 {
		f.ChangeBase = message.FromPreviousClose
	}
	if f.Has == 0 {
		return nil, venue.Refuse(venue.Schema, "", "a ticker without any figure")
	}
	return made(message.NewTicker(f))
}

func (p *Protocol) trade(received market.Timestamp) (message.Event, error) {
	o, err := p.origin(p.f.tradeTimestamp, "trade_timestamp", received)
	if err != nil {
		return nil, err
	}
	f := message.TradeFields{Origin: o}
	if f.Price, err = p.f.trade.Price("trade_price"); err != nil {
		return nil, err
	}
	if f.Quantity, err = p.f.tradeVolume.Quantity("trade_volume"); err != nil {
		return nil, err
	}
	switch string(p.f.askBid.Text) {
	case "BID": // the taker bought
		f.Taker = market.Buy
	case "ASK":
		f.Taker = market.Sell
	default:
		return nil, venue.Refuse(venue.Schema, "ask_bid", "%.20q, want ASK or BID", p.f.askBid.Text)
	}
	if !p.f.id.Present() {
		return nil, venue.Refuse(venue.Schema, "sequential_id", "missing")
	}
	f.ID = string(p.f.id.Text)
	return made(message.NewTrade(f))
}

func (p *Protocol) book(received market.Timestamp) (message.Event, error) {
	o, err := p.origin(p.f.timestamp, "timestamp", received)
	if err != nil {
		return nil, err
	}
	if !p.f.hasUnits {
		return nil, venue.Refuse(venue.Schema, "orderbook_units", "missing")
	}
	venue.BestFirst(p.bids, market.Buy)
	venue.BestFirst(p.asks, market.Sell)
	return made(message.NewBook(message.BookFields{Origin: o, Snapshot: true}, p.bids, p.asks))
}

// candleUnits are the candles of the stream (websocket-candle).
var candleUnits = map[string]time.Duration{
	"1s": time.Second, "1m": time.Minute, "3m": 3 * time.Minute, "5m": 5 * time.Minute, "10m": 10 * time.Minute,
	"15m": 15 * time.Minute, "30m": 30 * time.Minute, "60m": time.Hour, "240m": 4 * time.Hour,
}

// bar makes the bar of a candle. Upbit sends a candle again while it changes and never says that
// it is done, so no bar is closed.
func (p *Protocol) bar(unit string, received market.Timestamp) (message.Event, error) {
	interval, ok := candleUnits[unit]
	if !ok {
		return nil, venue.Refuse(venue.Unsupported, "type", "candle of %.20q", unit)
	}
	o, err := p.origin(p.f.timestamp, "timestamp", received)
	if err != nil {
		return nil, err
	}
	f := message.BarFields{Origin: o, Interval: interval}
	start, err := time.Parse("2006-01-02T15:04:05", string(p.f.candleStart.Text))
	if err != nil {
		return nil, venue.Refuse(venue.Schema, "candle_date_time_utc", "%.40q, want a time such as 2025-01-02T04:28:05", p.f.candleStart.Text)
	}
	f.Start = market.TimestampOf(start)
	if f.Open, err = p.f.opening.Price("opening_price"); err != nil {
		return nil, err
	}
	if f.High, err = p.f.high.Price("high_price"); err != nil {
		return nil, err
	}
	if f.Low, err = p.f.low.Price("low_price"); err != nil {
		return nil, err
	}
	if f.Close, err = p.f.trade.Price("trade_price"); err != nil {
		return nil, err
	}
	if f.Volume.Decimal, err = p.f.candleVolume.Statistic("candle_acc_trade_volume"); err != nil {
		return nil, err
	}
	if f.Turnover.Decimal, err = p.f.candleTurnover.Statistic("candle_acc_trade_price"); err != nil {
		return nil, err
	}
	return made(message.NewBar(f))
}

// notice makes the message of a frame without type.
func (p *Protocol) notice(received market.Timestamp) (message.Event, error) {
	f := message.NoticeFields{Origin: message.Origin{Received: received}, Venue: p.venue}
	switch {
	case p.f.hasError:
		f.Type = message.NoticeError
		f.Code = venue.Word(p.f.errorName)
		f.Detail = venue.Words(p.f.errorReason)
	case string(p.f.status.Text) == "UP":
		f.Type = message.NoticeHeartbeat
	case p.f.status.Present():
		f.Type = message.NoticeStatus
		f.Detail = venue.Words(p.f.status)
	default:
		return nil, venue.Refuse(venue.Schema, "type", "missing")
	}
	return made(message.NewNotice(f))
}

// made turns what a constructor returned into what a decoder returns: a message that it refuses
// is a frame that holds other things than the manual says.
func made[E message.Event](e E, err error) (message.Event, error) {
	if err != nil {
		return nil, venue.Refuse(venue.Schema, "", "%v", err)
	}
	return e, nil
}
