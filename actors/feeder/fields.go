package feeder

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// masked returns the ticker with the figures of the mask alone, and false if none is left: then there
// is nothing to tell.
func masked(t message.Ticker, mask message.TickerField) (message.Ticker, bool) {
	f := t.Fields()
	if f.Has&^mask == 0 {
		return t, f.Has != 0
	}
	f.Has &= mask
	if f.Has == 0 {
		return message.Ticker{}, false
	}
	if f.Has&message.HasOpening == 0 {
		f.Opening = market.Price{}
	}
	if f.Has&message.HasTrade == 0 {
		f.Trade = market.Price{}
	}
	if f.Has&message.HasHigh == 0 {
		f.High = market.Price{}
	}
	if f.Has&message.HasLow == 0 {
		f.Low = market.Price{}
	}
	if f.Has&message.HasPrevClosing == 0 {
		f.PrevClosing = market.Price{}
	}
	if f.Has&message.HasVolume24h == 0 {
		f.Volume24h = market.Quantity{}
	}
	if f.Has&message.HasChange == 0 {
		f.Change = market.Amount{}
	}
	if f.Has&message.HasChangeRate == 0 {
		f.ChangeRate = market.Decimal{}
	}
	if f.Has&(message.HasChange|message.HasChangeRate) == 0 {
		f.ChangeBase = 0
	}
	kept, err := message.NewTicker(f)
	if err != nil {
		panic(err) // it was a ticker already
	}
	return kept, true
}
