package kraken

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Decode appends what one frame says to dst, of version 1 or 2 of the protocol: one event for each
// ticker, trade, candle and book that it holds, and after a book whose checksum does not hold a
// message.Status. A frame is decoded whole or not at all: on error dst comes back as it was, and
// the error is a *venue.DecodeError. The frame is not kept.
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
	p.f.reset()
	p.parts = p.parts[:0]
	if cap(p.levels) > levelsKeep {
		p.levels = nil
	}
	p.levels = p.levels[:0]
	p.d.ResetBytes(frame)
	n := len(dst)
	var err error
	switch kind := p.d.Next(); kind {
	case scan.Array: // only version 1 has arrays
		if err = p.readArray(); err == nil {
			err = venue.End(&p.d)
		}
		if err == nil {
			dst, err = p.arrayEvents(dst, received)
		}
	case scan.Object, scan.Invalid:
		if dst, err = p.readObject(dst, received); err == nil {
			err = venue.End(&p.d)
		}
		if err == nil && len(dst) == n && len(p.parts) == 0 {
			var e message.Event
			if e, err = p.objectEvent(received); err == nil {
				dst = append(dst, e)
			}
		}
	default:
		err = venue.Refuse(venue.Schema, "", "want an object or an array, got %v", kind)
	}
	if err != nil {
		return nil, err
	}
	return p.finish(dst)
}

// levelsKeep is how many levels the scratch of one frame may keep: several books of full depth.
const levelsKeep = 16_384

// origin finds the instrument of a symbol.
func (p *Protocol) origin(symbol venue.Token, field string, received market.Timestamp) (message.Origin, int, error) {
	if symbol.Kind != scan.String {
		return message.Origin{}, 0, venue.Refuse(venue.Schema, field, "want a symbol, got %v", symbol.Kind)
	}
	n, err := p.find(symbol.Text)
	if err != nil {
		return message.Origin{}, 0, err
	}
	return message.Origin{Instrument: p.symbols.Instrument(n), Received: received}, n, nil
}

// bbo makes the best bid and offer of a ticker or a spread. A side that is not there is empty.
func bbo(o message.Origin, bid, bidQuantity, ask, askQuantity venue.Token) (message.Event, error) {
	f := message.BBOFields{Origin: o}
	for _, side := range [...]struct {
		price, quantity     venue.Token
		priceName, sizeName string
		to                  *market.Price
		size                *market.Quantity
	}{
		{bid, bidQuantity, "bid", "bid_qty", &f.Bid, &f.BidQuantity},
		{ask, askQuantity, "ask", "ask_qty", &f.Ask, &f.AskQuantity},
	} {
		if !side.price.Present() {
			continue
		}
		var err error
		if *side.to, err = side.price.Price(side.priceName); err != nil {
			return nil, err
		}
		if *side.size, err = side.quantity.Quantity(side.sizeName); err != nil {
			return nil, err
		}
	}
	return venue.Made(message.NewBBO(f))
}

// sideOf reads the side of a taker: buy and sell in version 2, b and s in version 1.
func sideOf(t venue.Token, field string) (market.Side, error) {
	switch string(t.Text) {
	case "buy", "b":
		return market.Buy, nil
	case "sell", "s":
		return market.Sell, nil
	}
	return 0, venue.Refuse(venue.Schema, field, "%.20q, want buy or sell", t.Text)
}
