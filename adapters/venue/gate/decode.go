package gate

import (
	"bytes"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Decode appends what one frame says to dst: an event for each object of its result. A frame is
// decoded whole or not at all: on error dst comes back as it was, and the error is a
// *venue.DecodeError. The frame is not kept.
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
	r := &p.r
	r.start(frame)
	n := len(dst)
	each := func() error {
		e, err := p.data(received)
		if err == nil {
			dst = append(dst, e)
		}
		return err
	}
	if err := r.object(each); err != nil {
		return nil, err
	}
	if err := venue.End(&r.d); err != nil {
		return nil, err
	}
	if r.late != nil {
		if err := r.result(scan.DecodeBytes(r.late), each); err != nil {
			return nil, err
		}
	}
	if len(dst) > n && !r.hasError {
		return dst, nil
	}
	e, err := p.notice(received)
	return append(dst[:n], e), err
}

// notice makes the message of a frame without market data.
func (p *Protocol) notice(received market.Timestamp) (message.Event, error) {
	r := &p.r
	f := message.NoticeFields{Origin: message.Origin{Received: received}, Venue: p.venue}
	channel := r.channel.Text
	switch {
	case r.method:
		return nil, venue.Refuse(venue.Unsupported, "method", "the protocol of version 3, which is retired")
	case r.header:
		return nil, venue.Refuse(venue.Unsupported, "header", "an answer to an order")
	case len(channel) > 0 && !bytes.HasPrefix(channel, spot):
		return nil, venue.Refuse(venue.Unsupported, "channel", "%.64q: not of the spot market", channel)
	case r.hasError:
		f.Type, f.Code, f.Detail = message.NoticeError, venue.Word(r.code), venue.Words(r.text)
	case string(channel) == "spot.pong":
		f.Type = message.NoticeHeartbeat
	case len(channel) == 0 && r.kind.Present() && r.words.Present(): // Service Upgrade Notification
		f.Type, f.Code, f.Detail = message.NoticeStatus, venue.Word(r.kind), venue.Words(r.words)
	case len(channel) == 0:
		return nil, venue.Refuse(venue.Schema, "channel", "missing")
	case r.isData() && !decoded(channel):
		return nil, venue.Refuse(venue.Unsupported, "channel", "%.64q", channel)
	case r.isData():
		return nil, venue.Refuse(venue.Schema, "result", "missing, or nothing in it")
	case string(r.event.Text) == "subscribe" || string(r.event.Text) == "unsubscribe":
		if !r.hasResult {
			return nil, venue.Refuse(venue.Schema, "result", "missing")
		}
		f.Type, f.Detail = message.NoticeAck, venue.Word(r.event)+" "+venue.Word(r.channel)
		if status := string(r.status.Text); status != "" && status != "success" {
			f.Type, f.Code = message.NoticeError, venue.Word(r.status)
		}
	default:
		return nil, venue.Refuse(venue.Unsupported, "event", "%.64q", r.event.Text)
	}
	return venue.Made(message.NewNotice(f))
}

var spot = []byte("spot.")

// data makes the message of the object that was read.
func (p *Protocol) data(received market.Timestamp) (message.Event, error) {
	switch string(p.r.channel.Text) {
	case "spot.tickers":
		return p.ticker(received)
	case "spot.trades", "spot.trades_v2":
		return p.trade(received)
	case "spot.candlesticks":
		return p.candle(received)
	case "spot.book_ticker":
		return p.bbo(received)
	default: // decoded lets no others through than those of books
		return p.book(received)
	}
}

// origin finds the instrument of a pair.
func (p *Protocol) origin(pair venue.Token, field string, received market.Timestamp) (o message.Origin, err error) {
	if pair.Kind != scan.String {
		return o, venue.Refuse(venue.Schema, field, "want a pair, got %v", pair.Kind)
	}
	n, err := p.symbols.Find(pairOf(pair.Text))
	if err != nil {
		return o, err
	}
	return message.Origin{Instrument: p.symbols.Instrument(n), Received: received}, nil
}

// sent is when the frame was sent: time_ms, or only time in frames before 2022-11-22.
func (r *reader) sent() (market.Timestamp, error) {
	if r.timeMS.Present() {
		return milliseconds(r.timeMS, "time_ms")
	}
	return seconds(r.time, "time")
}

// ticker makes a ticker. Gate states the change in percent only: the change itself and the price
// of 24 hours ago stay absent, since that figure is rounded.
func (p *Protocol) ticker(received market.Timestamp) (message.Event, error) {
	i := &p.r.item
	o, err := p.origin(i.pair, "currency_pair", received)
	if err != nil {
		return nil, err
	}
	if o.VenueTime, err = p.r.sent(); err != nil {
		return nil, err
	}
	t := venue.TickerReader{Fields: message.TickerFields{Origin: o, Span: message.Rolling24h}}
	t.Price(i.price, "last", message.HasTrade)
	t.Price(i.high, "high_24h", message.HasHigh)
	t.Price(i.low, "low_24h", message.HasLow)
	t.Volume24h(i.volume, "base_volume")
	t.Percent(i.percent, "change_percentage")
	t.ChangeFrom(message.FromOpen24h)
	return t.Message()
}

func (p *Protocol) trade(received market.Timestamp) (message.Event, error) {
	i := &p.r.item
	o, err := p.origin(i.pair, "currency_pair", received)
	if err != nil {
		return nil, err
	}
	if i.createTimeMS.Present() {
		o.VenueTime, err = milliseconds(i.createTimeMS, "create_time_ms")
	} else {
		o.VenueTime, err = seconds(i.createTime, "create_time")
	}
	if err != nil {
		return nil, err
	}
	f := message.TradeFields{Origin: o}
	if f.Price, err = i.price.Price("price"); err != nil {
		return nil, err
	}
	if f.Quantity, err = i.amount.Quantity("amount"); err != nil {
		return nil, err
	}
	switch string(i.side.Text) { // the taker's
	case "buy":
		f.Taker = market.Buy
	case "sell":
		f.Taker = market.Sell
	default:
		return nil, venue.Refuse(venue.Schema, "side", "%.20q, want buy or sell", i.side.Text)
	}
	if !i.id.Present() {
		return nil, venue.Refuse(venue.Schema, "id", "missing")
	}
	f.ID = p.ids.Of(i.id)
	return venue.Made(message.NewTrade(f))
}

// bbo makes the best bid and offer. An empty side has an empty price.
func (p *Protocol) bbo(received market.Timestamp) (message.Event, error) {
	i := &p.r.item
	o, err := p.origin(i.pair, "s", received)
	if err != nil {
		return nil, err
	}
	if o.VenueTime, err = milliseconds(i.t, "t"); err != nil {
		return nil, err
	}
	f := message.BBOFields{Origin: o}
	if !i.b.Present() && !i.a.Present() {
		return nil, venue.Refuse(venue.Schema, "b", "neither a bid nor an ask")
	}
	if i.b.Present() {
		if f.Bid, err = i.b.Price("b"); err != nil {
			return nil, err
		}
		if f.BidQuantity, err = i.bigB.Quantity("B"); err != nil {
			return nil, err
		}
	}
	if i.a.Present() {
		if f.Ask, err = i.a.Price("a"); err != nil {
			return nil, err
		}
		if f.AskQuantity, err = i.bigA.Quantity("A"); err != nil {
			return nil, err
		}
	}
	return venue.Made(message.NewBBO(f))
}

// intervals are the candles whose length is fixed and whose start is a multiple of it since 1970.
// Those of 7 and 30 days are not decoded: the manual does not state their grid.
var intervals = map[string]time.Duration{
	"1s": time.Second, "10s": 10 * time.Second, "1m": time.Minute, "5m": 5 * time.Minute, "15m": 15 * time.Minute, "30m": 30 * time.Minute,
	"1h": time.Hour, "4h": 4 * time.Hour, "8h": 8 * time.Hour, "1d": 24 * time.Hour,
}

// candle makes a bar. v is the turnover in quote and a the volume in base, which frames of 2021 do
// not have: there the volume is not known and left zero.
func (p *Protocol) candle(received market.Timestamp) (message.Event, error) {
	i := &p.r.item
	name, pair, ok := bytes.Cut(i.n.Text, underscore) // 1m_BTC_USDT
	interval, known := intervals[string(name)]
	switch {
	case !ok:
		return nil, venue.Refuse(venue.Schema, "n", "%.40q, want a candle and a pair such as 1m_BTC_USDT", i.n.Text)
	case !known:
		return nil, venue.Refuse(venue.Unsupported, "n", "candle of %.20q", name)
	}
	o, err := p.origin(venue.Token{Text: pair, Kind: scan.String}, "n", received)
	if err != nil {
		return nil, err
	}
	if o.VenueTime, err = p.r.sent(); err != nil {
		return nil, err
	}
	f := message.BarFields{Origin: o, Interval: interval}
	if f.Start, err = seconds(i.t, "t"); err != nil {
		return nil, err
	}
	if f.Open, err = i.o.Price("o"); err != nil {
		return nil, err
	}
	if f.High, err = i.h.Price("h"); err != nil {
		return nil, err
	}
	if f.Low, err = i.l.Price("l"); err != nil {
		return nil, err
	}
	if f.Close, err = i.c.Price("c"); err != nil {
		return nil, err
	}
	if f.Turnover.Decimal, err = i.v.Statistic("v"); err != nil {
		return nil, err
	}
	if i.a.Present() {
		if f.Volume.Decimal, err = i.a.Statistic("a"); err != nil {
			return nil, err
		}
	}
	f.Closed = i.w.IsTrue()
	return venue.Made(message.NewBar(f))
}

var underscore = []byte("_")
