package venue

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// TickerReader gathers the figures of a ticker, of which any may be missing: a venue leaves out
// what it does not know, or sends null or "". The first fault stays and is told by Message.
type TickerReader struct {
	Fields message.TickerFields
	err    error
}

// Price takes in one of the ticker's prices if t holds one. Zero counts as none: nothing was ever
// traded. field is the venue's name for the error.
func (r *TickerReader) Price(t Token, field string, which message.TickerField) {
	if r.err != nil || !t.Present() {
		return
	}
	p, err := t.Price(field)
	switch {
	case err != nil:
		r.err = err
		return
	case p.IsZero():
		return
	}
	switch which {
	case message.HasOpening:
		r.Fields.Opening = p
	case message.HasTrade:
		r.Fields.Trade = p
	case message.HasHigh:
		r.Fields.High = p
	case message.HasLow:
		r.Fields.Low = p
	case message.HasPrevClosing:
		r.Fields.PrevClosing = p
	default:
		return // no price
	}
	r.Fields.Has |= which
}

// Volume24h takes in the volume of the last 24 hours, in base, if t holds it.
func (r *TickerReader) Volume24h(t Token, field string) {
	r.figure(t, field, &r.Fields.Volume24h.Decimal, message.HasVolume24h)
}

// Change takes in the change of the price, if t holds it.
func (r *TickerReader) Change(t Token, field string) {
	r.figure(t, field, &r.Fields.Change.Decimal, message.HasChange)
}

// Rate takes in the change as a fraction, 0.01 for one percent, if t holds it.
func (r *TickerReader) Rate(t Token, field string) {
	r.figure(t, field, &r.Fields.ChangeRate, message.HasChangeRate)
}

// Percent is Rate where the venue sends percent.
func (r *TickerReader) Percent(t Token, field string) {
	r.Rate(t, field)
	if r.err != nil || r.Fields.Has&message.HasChangeRate == 0 {
		return
	}
	rate, err := r.Fields.ChangeRate.MulRound(hundredth) // exact for 16 decimals
	if err != nil {
		r.err = Refuse(Number, field, "%v", err)
	}
	r.Fields.ChangeRate = rate
}

var hundredth = market.MustDecimal("0.01")

func (r *TickerReader) figure(t Token, field string, to *market.Decimal, which message.TickerField) {
	if r.err != nil || !t.Present() {
		return
	}
	if *to, r.err = t.Statistic(field); r.err == nil {
		r.Fields.Has |= which
	}
}

// ChangeFrom says what the change that was taken in is measured from, if one was.
func (r *TickerReader) ChangeFrom(base message.ChangeBase) {
	if r.Fields.Has&(message.HasChange|message.HasChangeRate) != 0 {
		r.Fields.ChangeBase = base
	}
}

// ComputeChange computes the change and its rate from the last price and the previous close, where
// the venue gives both prices and neither figure. The rate has 18 decimals, a tie to the even one.
func (r *TickerReader) ComputeChange() {
	r.computeChange(message.HasPrevClosing, r.Fields.PrevClosing, message.FromPreviousClose)
}

// ComputeChange24h is ComputeChange from the opening price, which must be that of 24 hours ago.
func (r *TickerReader) ComputeChange24h() {
	r.computeChange(message.HasOpening, r.Fields.Opening, message.FromOpen24h)
}

func (r *TickerReader) computeChange(has message.TickerField, from market.Price, base message.ChangeBase) {
	f := &r.Fields
	both := message.HasTrade | has
	if r.err != nil || f.Has&both != both || f.Has&(message.HasChange|message.HasChangeRate) != 0 {
		return
	}
	change, err := f.Trade.Sub(from.Decimal)
	if err != nil {
		return
	}
	f.Change.Decimal, f.ChangeBase = change, base
	f.Has |= message.HasChange
	if rate, err := change.Quo(from.Decimal); err == nil { // else beyond what a Decimal holds
		f.ChangeRate = rate
		f.Has |= message.HasChangeRate
	}
}

// Err returns the first fault, nil if there was none.
func (r *TickerReader) Err() error { return r.err }

// Message returns the ticker. It fails with a DecodeError if a figure was no number, or if there
// was none at all.
func (r *TickerReader) Message() (message.Event, error) {
	if r.err != nil {
		return nil, r.err
	}
	if r.Fields.Has == 0 {
		return nil, Refuse(Schema, "", "a ticker without any figure")
	}
	return Made(message.NewTicker(r.Fields))
}

// Made turns what a constructor of a message returned into what a decoder returns: a message that
// it refuses is a frame that holds other things than the manual says.
func Made[E message.Event](e E, err error) (message.Event, error) {
	if err != nil {
		return nil, Refuse(Schema, "", "%v", err)
	}
	return e, nil
}
