package binance

import (
	"bytes"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Decode appends what one frame says to dst: an event for an object, one each for the objects of
// a list (!miniTicker@arr). It takes raw and combined streams, and the body of a depth request,
// which recorders store among the frames. A frame is decoded whole or not at all: on error dst
// comes back as it was, and the error is a *venue.DecodeError. The frame is not kept.
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
		e, err := p.event(received)
		if err == nil {
			dst = append(dst, e)
		}
		return err
	}
	if r.d.Next() == scan.Array {
		if err := r.list(each); err != nil {
			return nil, err
		}
	} else if err := r.object(true, each); err != nil {
		return nil, err
	}
	if err := venue.End(&r.d); err != nil {
		return nil, err
	}
	if len(dst) > n { // a list
		return dst, nil
	}
	err := each()
	return dst, err
}

// event makes the message of what was read.
func (p *Protocol) event(received market.Timestamp) (message.Event, error) {
	r := &p.r
	switch kind := r.get('e').Text; string(kind) {
	case "trade":
		return p.trade('t', received)
	case "aggTrade":
		return p.trade('a', received)
	case "depthUpdate":
		return p.update(received)
	case "bookTicker":
		return p.bbo(received)
	case "24hrTicker", "24hrMiniTicker":
		return p.ticker(received)
	case "kline":
		return p.bar(received)
	case "serverShutdown":
		f := p.notice(message.NoticeStatus, received)
		f.Code, f.Detail = "serverShutdown", "the server is about to cut the connection"
		if t := r.get('E'); t.Present() {
			var err error
			if f.VenueTime, err = t.Time("E"); err != nil {
				return nil, err
			}
		}
		return made(message.NewNotice(f))
	case "":
		return p.untyped(received)
	default:
		return nil, venue.Refuse(venue.Unsupported, "e", "%.64q", kind)
	}
}

// untyped makes the message of an object without an event type.
func (p *Protocol) untyped(received market.Timestamp) (message.Event, error) {
	r := &p.r
	switch {
	case r.lastUpdateID.Present():
		return p.snapshot(received)
	case r.hasErr || r.code.Present() && r.msg.Present():
		f := p.notice(message.NoticeError, received)
		f.Code, f.Detail = venue.Word(r.code), venue.Words(r.msg)
		if n, err := r.code.Int("code"); err == nil && (n == 0 || n == 200) {
			f.Type = message.NoticeAck // how some REST replies say that all is well
		}
		return made(message.NewNotice(f))
	case r.hasResult:
		f := p.notice(message.NoticeAck, received)
		f.Detail = "id " + venue.Word(r.id)
		if !bytes.Equal(r.result, nullText) {
			if r.result[0] == '{' { // {"error":…}: how requests were refused before codes
				f.Type = message.NoticeError
			}
			f.Detail += " " + venue.Words(venue.Token{Text: r.result})
		}
		return made(message.NewNotice(f))
	case r.get('b').Present() && r.get('B').Present() && r.get('a').Present() && r.get('A').Present():
		return p.bbo(received) // spot
	}
	return nil, venue.Refuse(venue.Schema, "e", "no event type, and none of the shapes that come without one")
}

var nullText = []byte("null")

func (p *Protocol) notice(kind message.NoticeType, received market.Timestamp) message.NoticeFields {
	return message.NoticeFields{Origin: message.Origin{Received: received}, Venue: p.venue, Type: kind}
}

// origin finds the instrument of field s. at names the field with the venue's time, 0 for none.
func (p *Protocol) origin(at byte, received market.Timestamp) (o message.Origin, number int, err error) {
	s := p.r.get('s')
	if s.Kind != scan.String {
		return o, 0, venue.Refuse(venue.Schema, "s", "want a symbol, got %v", s.Kind)
	}
	if number, err = p.symbols.Find(s.Text); err != nil {
		return o, 0, err
	}
	o.Instrument, o.Received = p.symbols.Instrument(number), received
	if at != 0 {
		o.VenueTime, err = p.r.get(at).Time(name(at))
	}
	return o, number, err
}

func (p *Protocol) trade(id byte, received market.Timestamp) (message.Event, error) {
	o, _, err := p.origin('T', received)
	if err != nil {
		return nil, err
	}
	r := &p.r
	f := message.TradeFields{Origin: o}
	if f.Price, err = r.get('p').Price("p"); err != nil {
		return nil, err
	}
	if f.Quantity, err = r.get('q').Quantity("q"); err != nil {
		return nil, err
	}
	switch maker := r.get('m'); { // m: the buyer is the maker
	case maker.Kind != scan.Bool:
		return nil, venue.Refuse(venue.Schema, "m", "want true or false, got %v", maker.Kind)
	case maker.IsTrue():
		f.Taker = market.Sell
	default:
		f.Taker = market.Buy
	}
	t := r.get(id)
	if t.Kind != scan.Number {
		return nil, venue.Refuse(venue.Schema, name(id), "want a trade id, got %v", t.Kind)
	}
	f.ID = p.ids.Of(t)
	return made(message.NewTrade(f))
}

// bbo decodes the best bid and offer. On spot it has no time, in the futures markets E.
func (p *Protocol) bbo(received market.Timestamp) (message.Event, error) {
	r := &p.r
	at := byte(0)
	if r.get('E').Present() {
		at = 'E'
	}
	o, _, err := p.origin(at, received)
	if err != nil {
		return nil, err
	}
	f := message.BBOFields{Origin: o}
	if f.Bid, err = r.get('b').Price("b"); err != nil {
		return nil, err
	}
	if f.BidQuantity, err = r.get('B').Quantity("B"); err != nil {
		return nil, err
	}
	if f.Ask, err = r.get('a').Price("a"); err != nil {
		return nil, err
	}
	if f.AskQuantity, err = r.get('A').Quantity("A"); err != nil {
		return nil, err
	}
	return made(message.NewBBO(f))
}

func (p *Protocol) ticker(received market.Timestamp) (message.Event, error) {
	o, _, err := p.origin('E', received)
	if err != nil {
		return nil, err
	}
	r := &p.r
	f := message.TickerFields{Origin: o, Span: message.Rolling24h}
	price := func(c byte, to *market.Price, bit message.TickerField) {
		t := r.get(c)
		if err != nil || !t.Present() {
			return
		}
		if *to, err = t.Price(name(c)); err == nil && !to.IsZero() { // zero: nothing traded
			f.Has |= bit
		}
	}
	price('o', &f.Opening, message.HasOpening)
	price('c', &f.Trade, message.HasTrade)
	price('h', &f.High, message.HasHigh)
	price('l', &f.Low, message.HasLow)
	price('x', &f.PrevClosing, message.HasPrevClosing) // the last trade before the window; spot only
	figure := func(c byte, to *market.Decimal, bit message.TickerField) {
		t := r.get(c)
		if err != nil || !t.Present() {
			return
		}
		if *to, err = t.Statistic(name(c)); err == nil {
			f.Has |= bit
		}
	}
	figure('v', &f.Volume24h.Decimal, message.HasVolume24h)
	figure('p', &f.Change.Decimal, message.HasChange)
	figure('P', &f.ChangeRate, message.HasChangeRate)
	if err != nil {
		return nil, err
	}
	if f.Has == 0 {
		return nil, venue.Refuse(venue.Schema, "", "a ticker without any figure")
	}
	if f.Has&message.HasChangeRate != 0 { // P is percent, with three decimals
		if f.ChangeRate, err = f.ChangeRate.MulRound(hundredth); err != nil {
			return nil, venue.Refuse(venue.Number, "P", "%v", err)
		}
	}
	if f.Has&(message.HasChange|message.HasChangeRate) != 0 {
		f.ChangeBase = message.FromOpen24h // p is c - o
	}
	return made(message.NewTicker(f))
}

var hundredth = market.MustDecimal("0.01")

// intervals are the candles whose length is fixed and whose start is a multiple of it since 1970.
// Weeks begin on a Monday, months differ: those two are not decoded, nor are candles of 3 days,
// whose grid the manual does not state.
var intervals = map[string]time.Duration{
	"1s": time.Second, "1m": time.Minute, "3m": 3 * time.Minute, "5m": 5 * time.Minute, "15m": 15 * time.Minute,
	"30m": 30 * time.Minute, "1h": time.Hour, "2h": 2 * time.Hour, "4h": 4 * time.Hour, "6h": 6 * time.Hour,
	"8h": 8 * time.Hour, "12h": 12 * time.Hour, "1d": 24 * time.Hour,
}

func (p *Protocol) bar(received market.Timestamp) (message.Event, error) {
	o, _, err := p.origin('E', received)
	if err != nil {
		return nil, err
	}
	if p.r.get('k').Kind != scan.Object {
		return nil, venue.Refuse(venue.Schema, "k", "want an object, got %v", p.r.get('k').Kind)
	}
	k := &p.r.kline
	f := message.BarFields{Origin: o}
	interval, ok := intervals[string(k.get('i').Text)]
	if !ok {
		return nil, venue.Refuse(venue.Unsupported, "k.i", "candle of %.20q", k.get('i').Text)
	}
	f.Interval = interval
	if f.Start, err = k.get('t').Time("k.t"); err != nil {
		return nil, err
	}
	for _, price := range [...]struct {
		letter byte
		name   string
		to     *market.Price
	}{{'o', "k.o", &f.Open}, {'h', "k.h", &f.High}, {'l', "k.l", &f.Low}, {'c', "k.c", &f.Close}} {
		if *price.to, err = k.get(price.letter).Price(price.name); err != nil {
			return nil, err
		}
	}
	if f.Volume.Decimal, err = k.get('v').Statistic("k.v"); err != nil {
		return nil, err
	}
	if f.Turnover.Decimal, err = k.get('q').Statistic("k.q"); err != nil {
		return nil, err
	}
	if f.Trades, err = k.get('n').Int("k.n"); err != nil {
		return nil, err
	}
	if k.get('x').Kind != scan.Bool {
		return nil, venue.Refuse(venue.Schema, "k.x", "want true or false, got %v", k.get('x').Kind)
	}
	f.Closed = k.get('x').IsTrue()
	return made(message.NewBar(f))
}

// id reads an update id. The futures markets send pu -1 for none.
func id(t venue.Token, field string) (uint64, error) {
	n, err := t.Int(field)
	if err != nil || n < 0 {
		return 0, err
	}
	return uint64(n), nil
}

// made turns what a constructor returned into what a decoder returns: a message that it refuses
// is a frame that holds other things than the manual says.
func made[E message.Event](e E, err error) (message.Event, error) {
	if err != nil {
		return nil, venue.Refuse(venue.Schema, "", "%v", err)
	}
	return e, nil
}
