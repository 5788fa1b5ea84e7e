package coinone

import (
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Decode appends what one frame says to dst, one event. A frame is decoded whole or not at all: on
// error dst comes back as it was, and the error is a *venue.DecodeError. The frame is not kept.
func (p *Protocol) Decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error) {
	e, err := p.decode(frame, received)
	if err != nil {
		return dst, venue.Refused(p.venue, err)
	}
	return append(dst, e), nil
}

func (p *Protocol) decode(frame []byte, received market.Timestamp) (message.Event, error) {
	if err := venue.CheckFrame(frame); err != nil {
		return nil, err
	}
	p.d.ResetBytes(frame)
	if err := p.readFrame(); err != nil {
		return nil, err
	}
	if err := venue.End(&p.d); err != nil {
		return nil, err
	}
	switch response := p.f.response.Text; string(response) {
	case "DATA":
		return p.data(received)
	case "CONNECTED", "SUBSCRIBED", "UNSUBSCRIBED":
		return p.acknowledged(received)
	case "PONG":
		return venue.Made(message.NewNotice(p.notice(message.NoticeHeartbeat, received)))
	case "ERROR":
		return p.refused(received)
	case "":
		return nil, venue.Refuse(venue.Schema, "response_type", "missing")
	default:
		return nil, venue.Refuse(venue.Unsupported, "response_type", "%.64q", response)
	}
}

func (p *Protocol) notice(kind message.NoticeType, received market.Timestamp) message.NoticeFields {
	return message.NoticeFields{Origin: message.Origin{Received: received}, Venue: p.venue, Type: kind}
}

// acknowledged makes the message of an answer. It names what the topic is as the client wrote it,
// and is no sign that there is such a pair.
func (p *Protocol) acknowledged(received market.Timestamp) (message.Event, error) {
	f := p.notice(message.NoticeAck, received)
	f.Code, f.Detail = venue.Word(p.f.response), venue.Word(p.f.channel)
	if p.f.quote.Present() && p.f.target.Present() {
		f.Symbol = venue.Word(p.f.quote) + symbolJoint + venue.Word(p.f.target)
	}
	return venue.Made(message.NewNotice(f))
}

// refused makes the message of an error, which does not say what topic it is about.
func (p *Protocol) refused(received market.Timestamp) (message.Event, error) {
	f := p.notice(message.NoticeError, received)
	f.Code, f.Detail = venue.Word(p.f.errorCode), venue.Words(p.f.reason)
	if p.f.wrong.Present() {
		f.Detail += " (field " + venue.Word(p.f.wrong) + ")"
	}
	return venue.Made(message.NewNotice(f))
}

func (p *Protocol) data(received market.Timestamp) (message.Event, error) {
	var event func(message.Origin) (message.Event, error)
	switch channel := p.f.channel.Text; string(channel) {
	case "TICKER":
		event = p.ticker
	case "ORDERBOOK":
		event = p.book
	case "TRADE":
		event = p.trade
	case "CHART":
		event = p.bar
	case "":
		return nil, venue.Refuse(venue.Schema, "channel", "missing")
	default: // MYORDER, MYASSET
		return nil, venue.Refuse(venue.Unsupported, "channel", "%.64q", channel)
	}
	if !p.f.hasData {
		return nil, venue.Refuse(venue.Schema, "data", "missing, or no object")
	}
	o, err := p.origin(received)
	if err != nil {
		return nil, err
	}
	return event(o)
}

// symbolBytesMax is far beyond any pair, and bounds what the scratch for symbols may grow to.
const symbolBytesMax = 64

// origin finds the instrument and when the event was true. Only a trade must say when: a ticker or
// an order book is still true when it arrives, and worth having without.
func (p *Protocol) origin(received market.Timestamp) (o message.Origin, err error) {
	f := &p.f
	if f.quote.Kind != scan.String || f.target.Kind != scan.String {
		return o, venue.Refuse(venue.Schema, "target_currency", "want quote_currency and target_currency as strings, got %v and %v", f.quote.Kind, f.target.Kind)
	}
	if n := len(f.quote.Text) + len(f.target.Text); n > symbolBytesMax {
		return o, venue.Refuse(venue.Instrument, "target_currency", "quote and target of %d bytes", n)
	}
	p.symbol = append(append(append(p.symbol[:0], f.quote.Text...), symbolJoint...), f.target.Text...)
	n, err := p.symbols.Find(p.symbol)
	if err != nil {
		return o, err
	}
	o.Instrument, o.Received = p.symbols.Instrument(n), received
	o.VenueTime, err = f.timestamp.TimeOrNone("timestamp")
	return o, err
}

func (p *Protocol) ticker(o message.Origin) (message.Event, error) {
	f := &p.f
	t := venue.TickerReader{Fields: message.TickerFields{Origin: o, Span: message.TradingDay}}
	t.Price(f.first, "first", message.HasOpening)
	t.Price(f.last, "last", message.HasTrade)
	t.Price(f.high, "high", message.HasHigh)
	t.Price(f.low, "low", message.HasLow)
	t.Price(f.yesterdayLast, "yesterday_last", message.HasPrevClosing)
	t.Volume24h(f.volume, "target_volume")
	t.ComputeChange() // Coinone states none
	return t.Message()
}

func (p *Protocol) trade(o message.Origin) (message.Event, error) {
	f := message.TradeFields{Origin: o}
	if !p.f.timestamp.Present() {
		return nil, venue.Refuse(venue.Schema, "timestamp", "missing")
	}
	var err error
	if f.Price, err = p.f.price.Price("price"); err != nil {
		return nil, err
	}
	if f.Quantity, err = p.f.quantity.Quantity("qty"); err != nil {
		return nil, err
	}
	switch {
	case p.f.sellerMaker.Kind != scan.Bool:
		return nil, venue.Refuse(venue.Schema, "is_seller_maker", "want true or false, got %v", p.f.sellerMaker.Kind)
	case p.f.sellerMaker.IsTrue():
		f.Taker = market.Buy
	default:
		f.Taker = market.Sell
	}
	if len(p.f.id.Text) == 0 {
		return nil, venue.Refuse(venue.Schema, "id", "want a trade id, got %v", p.f.id.Kind)
	}
	f.ID = p.ids.Of(p.f.id)
	return venue.Made(message.NewTrade(f))
}

// book makes the message of an order book. Its id only rises: it tells of no gap, and there is
// nothing to join.
func (p *Protocol) book(o message.Origin) (message.Event, error) {
	if !p.f.hasBids || !p.f.hasAsks {
		return nil, venue.Refuse(venue.Schema, "data", "a book without bids or without asks")
	}
	venue.BestFirst(p.bids, market.Buy)
	venue.BestFirst(p.asks, market.Sell)
	return venue.Made(message.NewBook(message.BookFields{Origin: o, Snapshot: true}, p.bids, p.asks))
}

// intervals are the candles whose start is a multiple of their length since 1970. Weeks begin on
// another day and are not decoded.
var intervals = map[string]time.Duration{
	"1m": time.Minute, "3m": 3 * time.Minute, "5m": 5 * time.Minute, "10m": 10 * time.Minute, "15m": 15 * time.Minute,
	"30m": 30 * time.Minute, "1h": time.Hour, "2h": 2 * time.Hour, "4h": 4 * time.Hour, "6h": 6 * time.Hour, "1d": 24 * time.Hour,
}

// bar makes the bar of a candle. Coinone sends a candle again while it changes and never says that
// it is done, so no bar is closed.
func (p *Protocol) bar(o message.Origin) (message.Event, error) {
	f := &p.f
	b := message.BarFields{Origin: o}
	interval, ok := intervals[string(f.interval.Text)]
	if !ok {
		return nil, venue.Refuse(venue.Unsupported, "interval", "candle of %.20q", f.interval.Text)
	}
	b.Interval = interval
	var err error
	if b.Start, err = f.start.Time("candle_timestamp"); err != nil {
		return nil, err
	}
	for _, price := range [...]struct {
		t    venue.Token
		name string
		to   *market.Price
	}{{f.first, "first", &b.Open}, {f.high, "high", &b.High}, {f.low, "low", &b.Low}, {f.last, "last", &b.Close}} {
		if *price.to, err = price.t.Price(price.name); err != nil {
			return nil, err
		}
	}
	if b.Volume.Decimal, err = f.volume.Statistic("target_volume"); err != nil {
		return nil, err
	}
	if b.Turnover.Decimal, err = f.turnover.Statistic("quote_volume"); err != nil {
		return nil, err
	}
	return venue.Made(message.NewBar(b))
}
