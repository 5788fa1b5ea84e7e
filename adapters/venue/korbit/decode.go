package korbit

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Decode appends what one frame says to dst: one event, or one for each trade of a trade frame. A
// frame is decoded whole or not at all: on error dst comes back as it was, and the error is a
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
	p.d.ResetBytes(frame)
	if err := p.readFrame(); err != nil {
		return nil, err
	}
	if err := venue.End(&p.d); err != nil {
		return nil, err
	}
	var e message.Event
	var err error
	switch kind := p.f.kind.Text; {
	case p.f.status.Present(): // only answers have one, and they may name the type
		e, err = p.answer(received)
	case string(kind) == "ticker":
		e, err = p.ticker(received)
	case string(kind) == "orderbook":
		e, err = p.book(received)
	case string(kind) == "trade":
		return p.tradeEvents(dst, received)
	case p.f.channelType.Present(): // how the private channels name theirs
		err = venue.Refuse(venue.Unsupported, "channelType", "%.64q", p.f.channelType.Text)
	case len(kind) == 0:
		err = venue.Refuse(venue.Schema, "type", "missing")
	default:
		err = venue.Refuse(venue.Unsupported, "type", "%.64q", kind)
	}
	return append(dst, e), err
}

// answer makes the message of an answer to a request: status success, fail or error.
func (p *Protocol) answer(received market.Timestamp) (message.Event, error) {
	f := message.NoticeFields{Origin: message.Origin{Received: received}, Venue: p.venue, Code: venue.Word(p.f.code), Detail: venue.Words(p.f.reason)}
	switch string(p.f.status.Text) {
	case "success":
		f.Type = message.NoticeAck
	case "fail", "error":
		f.Type = message.NoticeError
	default:
		return nil, venue.Refuse(venue.Unsupported, "status", "%.64q", p.f.status.Text)
	}
	if p.f.requestID.Present() {
		if f.Detail != "" {
			f.Detail += " "
		}
		f.Detail += "(request " + venue.Word(p.f.requestID) + ")"
	}
	return venue.Made(message.NewNotice(f))
}

// origin finds the instrument; it leaves the venue's time to the caller.
func (p *Protocol) origin(received market.Timestamp) (message.Origin, error) {
	if p.f.symbol.Kind != scan.String {
		return message.Origin{}, venue.Refuse(venue.Schema, "symbol", "want a string, got %v", p.f.symbol.Kind)
	}
	n, err := p.symbols.Find(p.f.symbol.Text)
	if err != nil {
		return message.Origin{}, err
	}
	return message.Origin{Instrument: p.symbols.Instrument(n), Received: received}, nil
}

// want refuses data of another kind.
func (p *Protocol) want(kind scan.Type) error {
	if p.f.data != kind {
		return venue.Refuse(venue.Schema, "data", "want an %v for this type, got %v", kind, p.f.data)
	}
	return nil
}

func (p *Protocol) ticker(received market.Timestamp) (message.Event, error) {
	o, err := p.origin(received)
	if err != nil {
		return nil, err
	}
	if err := p.want(scan.Object); err != nil {
		return nil, err
	}
	if o.VenueTime, err = p.f.timestamp.TimeOrNone("timestamp"); err != nil {
		return nil, err
	}
	t := venue.TickerReader{Fields: message.TickerFields{Origin: o, Span: message.Rolling24h}}
	t.Price(p.f.open, "open", message.HasOpening)
	t.Price(p.f.close, "close", message.HasTrade)
	t.Price(p.f.high, "high", message.HasHigh)
	t.Price(p.f.low, "low", message.HasLow)
	t.Price(p.f.prevClose, "prevClose", message.HasPrevClosing)
	t.Volume24h(p.f.volume, "volume")
	t.Change(p.f.change, "priceChange")
	t.Percent(p.f.rate, "priceChangePercent")
	t.ChangeFrom(message.FromPreviousClose)
	t.ComputeChange() // where it was left out
	return t.Message()
}

// book makes the message of an order book, which is whole whether or not it is the first. data has
// the time that the book is of; the frame's is that of sending.
func (p *Protocol) book(received market.Timestamp) (message.Event, error) {
	o, err := p.origin(received)
	if err != nil {
		return nil, err
	}
	if err := p.want(scan.Object); err != nil {
		return nil, err
	}
	at := p.f.at
	if !at.Present() {
		at = p.f.timestamp
	}
	if o.VenueTime, err = at.TimeOrNone("timestamp"); err != nil {
		return nil, err
	}
	if !p.f.hasBids || !p.f.hasAsks {
		return nil, venue.Refuse(venue.Schema, "data", "a book without bids or without asks")
	}
	venue.BestFirst(p.bids, market.Buy)
	venue.BestFirst(p.asks, market.Sell)
	return venue.Made(message.NewBook(message.BookFields{Origin: o, Snapshot: true}, p.bids, p.asks))
}

func (p *Protocol) tradeEvents(dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	o, err := p.origin(received)
	if err != nil {
		return nil, err
	}
	if err := p.want(scan.Array); err != nil {
		return nil, err
	}
	if len(p.trades) == 0 { // the snapshot of what was never traded
		e, err := venue.Made(message.NewNotice(message.NoticeFields{
			Origin: message.Origin{Received: received}, Venue: p.venue, Type: message.NoticeStatus,
			Detail: "no trades", Symbol: venue.Word(p.f.symbol),
		}))
		return append(dst, e), err
	}
	for i := range p.trades {
		e, err := p.trades[i].event(o, &p.ids)
		if err != nil {
			return nil, err
		}
		dst = append(dst, e)
	}
	return dst, nil
}

func (t *trade) event(o message.Origin, ids *venue.IDs) (message.Event, error) {
	f := message.TradeFields{Origin: o}
	var err error
	if f.VenueTime, err = t.timestamp.Time("timestamp"); err != nil {
		return nil, err
	}
	if f.Price, err = t.price.Price("price"); err != nil {
		return nil, err
	}
	if f.Quantity, err = t.quantity.Quantity("qty"); err != nil {
		return nil, err
	}
	switch {
	case t.buyerTaker.Kind != scan.Bool:
		return nil, venue.Refuse(venue.Schema, "isBuyerTaker", "want true or false, got %v", t.buyerTaker.Kind)
	case t.buyerTaker.IsTrue():
		f.Taker = market.Buy
	default:
		f.Taker = market.Sell
	}
	if len(t.id.Text) == 0 {
		return nil, venue.Refuse(venue.Schema, "tradeId", "want a trade id, got %v", t.id.Kind)
	}
	f.ID = ids.Of(t.id)
	return venue.Made(message.NewTrade(f))
}
