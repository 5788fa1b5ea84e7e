package okx

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// ticker makes the message of a ticker. Its window is the last 24 hours. Volume is in base, for
// derivatives in contracts.
func (p *Protocol) ticker(received market.Timestamp) (message.Event, error) {
	o, _, err := p.origin(received)
	if err != nil {
		return nil, err
	}
	t := venue.TickerReader{Fields: message.TickerFields{Origin: o, Span: message.Rolling24h}}
	t.Price(p.f.last, "last", message.HasTrade)
	t.Price(p.f.open, "open24h", message.HasOpening)
	t.Price(p.f.high, "high24h", message.HasHigh)
	t.Price(p.f.low, "low24h", message.HasLow)
	t.Volume24h(p.f.volume, "vol24h")
	t.ComputeChange24h()
	return t.Message()
}

// trade makes the message of a trade. On channel trades it may stand for several executions of
// one order at one price, with the id of the last.
func (p *Protocol) trade(received market.Timestamp) (message.Event, error) {
	o, _, err := p.origin(received)
	if err != nil {
		return nil, err
	}
	f := message.TradeFields{Origin: o}
	if f.Price, err = p.f.price.Price("px"); err != nil {
		return nil, err
	}
	if f.Quantity, err = p.f.size.Quantity("sz"); err != nil {
		return nil, err
	}
	switch string(p.f.taker.Text) {
	case "buy":
		f.Taker = market.Buy
	case "sell":
		f.Taker = market.Sell
	default:
		return nil, venue.Refuse(venue.Schema, "side", "%.20q, want buy or sell, of the taker", p.f.taker.Text)
	}
	if id := p.f.id; !id.Present() || id.Kind != scan.String && id.Kind != scan.Number {
		return nil, venue.Refuse(venue.Schema, "tradeId", "want a trade id, got %v", id.Kind)
	}
	f.ID = p.ids.Of(p.f.id)
	return venue.Made(message.NewTrade(f))
}

// best makes the message of the best bid and offer. An empty side has no price.
func (p *Protocol) best(received market.Timestamp) (message.Event, error) {
	o, _, err := p.origin(received)
	if err != nil {
		return nil, err
	}
	bids, asks, err := p.levelsRead()
	if err != nil {
		return nil, err
	}
	f := message.BBOFields{Origin: o}
	if len(bids) > 0 {
		f.Bid, f.BidQuantity = bids[0].Price, bids[0].Quantity
	}
	if len(asks) > 0 {
		f.Ask, f.AskQuantity = asks[0].Price, asks[0].Quantity
	}
	return venue.Made(message.NewBBO(f))
}

// whole makes the message of a book that is whole each time.
func (p *Protocol) whole(received market.Timestamp) (message.Event, error) {
	o, _, err := p.origin(received)
	if err != nil {
		return nil, err
	}
	bids, asks, err := p.levelsRead()
	if err != nil {
		return nil, err
	}
	f := message.BookFields{Origin: o, Snapshot: true}
	if f.LastID, err = id(p.f.seq, "seqId"); err != nil {
		return nil, err
	}
	return venue.Made(message.NewBook(f, bids, asks))
}

// change reads and makes the message of a snapshot or of a change to it. A change without levels
// says that nothing happened for a minute.
func (p *Protocol) change(d *scan.Decoder, received market.Timestamp) (message.Event, error) {
	f := message.BookFields{}
	switch string(p.head.action.Text) {
	case "snapshot":
		f.Snapshot = true
	case "update":
	default:
		return nil, venue.Refuse(venue.Schema, "action", "%.20q, want snapshot or update", p.head.action.Text)
	}
	channel := p.head.argChannel.Text
	keep := f.Snapshot
	if !keep && len(p.checks.books) > 0 {
		n, err := p.symbols.Find(p.head.argSymbol.Text)
		keep = err == nil && p.checks.keeps(n, channel)
	}
	from := len(p.texts)
	err := p.readObject(d, keep)
	if err != nil {
		return nil, err
	}
	var number int
	if f.Origin, number, err = p.origin(received); err != nil {
		return nil, err
	}
	bids, asks, err := p.levelsRead()
	if err != nil {
		return nil, err
	}
	// seqId may be lower than prevSeqId: the venue began to count anew, and the chain goes on.
	if f.LastID, err = id(p.f.seq, "seqId"); err != nil {
		return nil, err
	}
	if !f.Snapshot { // a snapshot has prevSeqId -1
		if f.PrevID, err = id(p.f.prevSeq, "prevSeqId"); err != nil {
			return nil, err
		}
	}
	checksum := int64(0)
	if p.f.checksum.Present() {
		if checksum, err = p.f.checksum.Int("checksum"); err != nil {
			return nil, err
		}
	}
	if keep {
		p.books = append(p.books, summed{origin: f.Origin, number: number, channel: kept(channel),
			snapshot: f.Snapshot, texts: p.texts[from:], checksum: checksum})
	}
	return venue.Made(message.NewBook(f, bids, asks))
}

// kept returns the name of a channel of chained books as a string that outlives the frame.
func kept(channel []byte) string {
	for _, name := range [...]string{"books", "books-l2-tbt", "books50-l2-tbt"} {
		if name == string(channel) {
			return name
		}
	}
	return ""
}

// levelsRead returns the levels of the object read, best first.
func (p *Protocol) levelsRead() (bids, asks []message.Level, err error) {
	if !p.f.hasBids || !p.f.hasAsks {
		return nil, nil, venue.Refuse(venue.Schema, "bids", "a book without both bids and asks")
	}
	bids, asks = p.sides[0], p.sides[1]
	venue.BestFirst(bids, market.Buy)
	venue.BestFirst(asks, market.Sell)
	return bids, asks, nil
}

// id reads a sequence id; absent and -1 are none.
func id(t venue.Token, field string) (uint64, error) {
	if !t.Present() {
		return 0, nil
	}
	n, err := t.Int(field)
	if err != nil || n < 0 {
		return 0, err
	}
	return uint64(n), nil
}
