package bybit

import (
	"strconv"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// kept is the last ticker of an instrument, for those that send only what changed.
type kept struct{ fields message.TickerFields }

// ticker makes the message of a ticker. Its window is the last 24 hours. A change is joined to
// what is known; before the first snapshot it says only what it holds, which may be nothing that
// is kept here.
func (p *Protocol) ticker(received market.Timestamp) (message.Event, error) {
	f := &p.f
	by := unknown
	change := false
	switch string(p.head.kind.Text) {
	case "snapshot":
	case "delta": // spot sends none
		change, by = true, contracts
	default:
		return nil, venue.Refuse(venue.Schema, "type", "%.20q, want snapshot or delta", p.head.kind.Text)
	}
	switch {
	case f.isSpot:
		by = spot
	case f.isContract:
		by = contracts
	}
	o, of, number, err := p.origin(by, p.head.ts, "ts", received)
	if err != nil {
		return nil, err
	}
	for len(of.tickers) <= number {
		of.tickers = append(of.tickers, kept{})
	}
	last := &of.tickers[number].fields
	t := venue.TickerReader{}
	if change {
		t.Fields = *last
	}
	t.Fields.Origin, t.Fields.Span = o, message.Rolling24h
	// What is given anew, even as nothing, ends what was known.
	price := func(token venue.Token, field string, to *market.Price, which message.TickerField) {
		if token.Kind != scan.Invalid {
			*to = market.Price{}
			t.Fields.Has &^= which
			t.Price(token, field, which)
		}
	}
	price(f.last, "lastPrice", &t.Fields.Trade, message.HasTrade)
	price(f.prev, "prevPrice24h", &t.Fields.Opening, message.HasOpening)
	price(f.high, "highPrice24h", &t.Fields.High, message.HasHigh)
	price(f.low, "lowPrice24h", &t.Fields.Low, message.HasLow)
	if f.volume.Kind != scan.Invalid {
		t.Fields.Volume24h = market.Quantity{}
		t.Fields.Has &^= message.HasVolume24h
		t.Volume24h(f.volume, "volume24h")
	}
	if f.rate.Kind != scan.Invalid {
		t.Fields.ChangeRate = market.Decimal{}
		t.Fields.Has &^= message.HasChangeRate
		t.Rate(f.rate, "price24hPcnt")
	}
	switch {
	case t.Err() != nil:
		return nil, t.Err()
	case !change && t.Fields.Has == 0:
		return nil, venue.Refuse(venue.Schema, "data", "a ticker without any figure")
	}
	*last = t.Fields
	return venue.Made(message.NewTicker(withChange(t.Fields)))
}

// withChange adds the change since 24 hours ago, from the two prices; the rate is the venue's
// where it gives one, a fraction of four decimals and more.
func withChange(f message.TickerFields) message.TickerFields {
	const both = message.HasTrade | message.HasOpening
	if f.Has&both == both {
		if change, err := f.Trade.Sub(f.Opening.Decimal); err == nil {
			f.Change.Decimal = change
			f.Has |= message.HasChange
			if f.Has&message.HasChangeRate == 0 {
				if rate, err := change.Quo(f.Opening.Decimal); err == nil { // else beyond what a Decimal holds
					f.ChangeRate = rate
					f.Has |= message.HasChangeRate
				}
			}
		}
	}
	if f.Has&(message.HasChange|message.HasChangeRate) != 0 {
		f.ChangeBase = message.FromOpen24h
	}
	return f
}

// trade makes the message of a trade.
func (p *Protocol) trade(received market.Timestamp) (message.Event, error) {
	by := unknown
	if p.f.isContract {
		by = contracts
	}
	o, _, _, err := p.origin(by, p.f.time, "T", received)
	if err != nil {
		return nil, err
	}
	f := message.TradeFields{Origin: o}
	if f.Price, err = p.f.price.Price("p"); err != nil {
		return nil, err
	}
	if f.Quantity, err = p.f.size.Quantity("v"); err != nil {
		return nil, err
	}
	switch string(p.f.side.Text) {
	case "Buy": // the taker bought
		f.Taker = market.Buy
	case "Sell":
		f.Taker = market.Sell
	default:
		return nil, venue.Refuse(venue.Schema, "S", "%.20q, want Buy or Sell", p.f.side.Text)
	}
	if id := p.f.id; !id.Present() || id.Kind != scan.String && id.Kind != scan.Number {
		return nil, venue.Refuse(venue.Schema, "i", "want a trade id, got %v", id.Kind)
	}
	f.ID = p.ids.Of(p.f.id)
	return venue.Made(message.NewTrade(f))
}

// book makes the message of a snapshot or of a change to it. Ids count by one; 1 comes when the
// service was restarted, and then the book is whole whatever the frame calls it.
func (p *Protocol) book(depth []byte, received market.Timestamp) (message.Event, error) {
	f := message.BookFields{}
	switch string(p.head.kind.Text) {
	case "snapshot":
		f.Snapshot = true
	case "delta":
	default:
		return nil, venue.Refuse(venue.Schema, "type", "%.20q, want snapshot or delta", p.head.kind.Text)
	}
	by := unknown
	switch string(depth) {
	case "25", "100", "500": // the first two of options, the last of linear and inverse until 2025
		by = contracts
	}
	var err error
	if f.Origin, _, _, err = p.origin(by, p.head.ts, "ts", received); err != nil {
		return nil, err
	}
	id, err := p.f.update.Int("u")
	switch {
	case err != nil:
		return nil, err
	case id < 0:
		return nil, venue.Refuse(venue.Number, "u", "%d is no update id", id)
	case id == 1:
		f.Snapshot = true
	}
	f.FirstID, f.LastID = uint64(id), uint64(id)
	bids, asks, err := p.levelsRead(f.Snapshot)
	if err != nil {
		return nil, err
	}
	return venue.Made(message.NewBook(f, bids, asks))
}

// intervalOf returns the length of the candles of that name, where it is fixed and they
// begin at a multiple of it since 1970: minutes, and days, but not weeks and months.
func intervalOf(name []byte) (time.Duration, bool) {
	if string(name) == "D" {
		return 24 * time.Hour, true
	}
	switch minutes, err := strconv.Atoi(string(name)); {
	case err != nil || minutes <= 0 || minutes > 24*60:
		return 0, false
	default:
		return time.Duration(minutes) * time.Minute, true
	}
}

// bar makes the message of a candle.
func (p *Protocol) bar(received market.Timestamp) (message.Event, error) {
	_, name := kindOf(p.head.topic.Text)
	interval, ok := intervalOf(name)
	if !ok {
		return nil, venue.Refuse(venue.Unsupported, "topic", "candles of %.20q", name)
	}
	o, _, _, err := p.origin(unknown, p.f.time, "timestamp", received)
	if err != nil {
		return nil, err
	}
	f := message.BarFields{Origin: o, Interval: interval}
	if f.Start, err = p.f.start.Time("start"); err != nil {
		return nil, err
	}
	if f.Open, err = p.f.open.Price("open"); err != nil {
		return nil, err
	}
	if f.High, err = p.f.high.Price("high"); err != nil {
		return nil, err
	}
	if f.Low, err = p.f.low.Price("low"); err != nil {
		return nil, err
	}
	if f.Close, err = p.f.close.Price("close"); err != nil {
		return nil, err
	}
	if f.Volume.Decimal, err = p.f.volume.Statistic("volume"); err != nil {
		return nil, err
	}
	if f.Turnover.Decimal, err = p.f.turnover.Statistic("turnover"); err != nil {
		return nil, err
	}
	if p.f.confirm.Kind != scan.Bool {
		return nil, venue.Refuse(venue.Schema, "confirm", "want true or false, got %v", p.f.confirm.Kind)
	}
	f.Closed = p.f.confirm.IsTrue()
	return venue.Made(message.NewBar(f))
}
