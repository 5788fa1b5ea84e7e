package feeder

import (
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// tickers is a venue whose every frame is a ticker of which all figures are known.
type tickers struct{ words }

func fullTicker() message.TickerFields {
	return message.TickerFields{Origin: message.Origin{Instrument: btc, Received: 5},
		Has:     message.HasOpening | message.HasTrade | message.HasHigh | message.HasLow | message.HasPrevClosing | message.HasVolume24h | message.HasChange | message.HasChangeRate,
		Opening: market.MustPrice("1"), Trade: market.MustPrice("2"), High: market.MustPrice("3"), Low: market.MustPrice("4"), PrevClosing: market.MustPrice("5"),
		Volume24h: market.MustQuantity("6"), Change: market.Amount{Decimal: market.MustDecimal("7")}, ChangeRate: market.MustDecimal("8"),
		ChangeBase: message.FromPreviousClose, Span: message.TradingDay}
}

func (tickers) Decode(dst []message.Event, _ []byte, _ market.Timestamp) ([]message.Event, error) {
	t, err := message.NewTicker(fullTicker())
	return append(dst, t), err
}

// sent returns the tickers that a core with that mask passes on.
func sent(t *testing.T, mask message.TickerField) (all []message.TickerFields) {
	t.Helper()
	cfg := DefaultConfig("test", 1)
	cfg.TickerFields = mask
	c := NewCore(cfg, tickers{})
	c.Connected(1)
	if err := c.Frame([]byte("x"), 5); err != nil {
		t.Fatal(err)
	}
	c.Flush(0, false, func(b message.Batch) {
		for e := range b.Events() {
			if ticker, ok := e.(message.Ticker); ok {
				all = append(all, ticker.Fields())
			}
		}
	})
	if c.Counts.Tickers != 1 || c.Time() != 5 {
		t.Errorf("mask %b: %d tickers counted by %v, want 1 by 5", mask, c.Counts.Tickers, c.Time())
	}
	return all
}

func TestTickerFieldsThatAreKept(t *testing.T) {
	whole := fullTicker()
	for mask, change := range map[message.TickerField]func(*message.TickerFields){
		0:                      func(*message.TickerFields) {},
		whole.Has:              func(*message.TickerFields) {},
		message.HasTrade:       func(f *message.TickerFields) { *f = message.TickerFields{Trade: f.Trade} },
		message.HasOpening:     func(f *message.TickerFields) { *f = message.TickerFields{Opening: f.Opening} },
		message.HasHigh:        func(f *message.TickerFields) { *f = message.TickerFields{High: f.High} },
		message.HasLow:         func(f *message.TickerFields) { *f = message.TickerFields{Low: f.Low} },
		message.HasPrevClosing: func(f *message.TickerFields) { *f = message.TickerFields{PrevClosing: f.PrevClosing} },
		message.HasVolume24h:   func(f *message.TickerFields) { *f = message.TickerFields{Volume24h: f.Volume24h} },
		message.HasChange:      func(f *message.TickerFields) { *f = message.TickerFields{Change: f.Change, ChangeBase: f.ChangeBase} },
		message.HasChangeRate: func(f *message.TickerFields) {
			*f = message.TickerFields{ChangeRate: f.ChangeRate, ChangeBase: f.ChangeBase}
		},
		message.HasTrade | 1<<15: func(f *message.TickerFields) { *f = message.TickerFields{Trade: f.Trade} },
	} {
		want := whole
		change(&want)
		want.Origin, want.Span, want.Has = whole.Origin, whole.Span, whole.Has
		if mask != 0 {
			want.Has &= mask
		}
		if got := sent(t, mask); len(got) != 1 || got[0] != want {
			t.Errorf("mask %b: got %+v, want %+v", mask, got, want)
		}
	}
	if got := sent(t, 1<<15); len(got) != 0 {
		t.Errorf("of a ticker without any kept figure something is told: %+v", got)
	}
}
