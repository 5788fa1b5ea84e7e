package upbit

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// termsOf returns the terms of an order as the runtime has them; ok is false for one that was bought
// for an amount of money, which has no quantity. Upbit does not tell the price at which a reserved
// order (watch) enters the book, so it stands as the limit order that it will be.
func termsOf(side market.Side, f form, c condition, price market.Price, volume market.Quantity) (message.OrderTerms, bool) {
	t := message.OrderTerms{Side: side, Quantity: volume}
	switch f {
	case formLimit:
		t.Type, t.TimeInForce, t.Price = market.Limit, market.GTC, price
	case formMarket, formBest:
		t.Type, t.TimeInForce = market.Market, market.IOC
	case formAmount:
		return message.OrderTerms{}, false
	}
	switch c {
	case conditionIOC:
		t.TimeInForce = market.IOC
	case conditionFOK:
		t.TimeInForce = market.FOK
	case conditionPostOnly:
		t.ExecInst = market.PostOnly
	case conditionNone:
	}
	return t, t.Fault() == ""
}

// terms returns the order's terms, and whether it has any.
func (o order) terms() (message.OrderTerms, bool) {
	return termsOf(o.side, o.form, o.condition, o.price, less(o.volume, o.prevented))
}

// less returns what is left of an order's quantity after self-match prevention took a part; zero if nothing is.
func less(volume, prevented market.Quantity) market.Quantity {
	left, err := volume.Sub(prevented.Decimal)
	if err != nil || left.Sign() < 0 {
		return market.Quantity{}
	}
	return market.Quantity{Decimal: left}
}

// terms returns the terms of an order that is open, and whether the event tells them exactly.
func (e *orderEvent) terms() (message.OrderTerms, bool) {
	t, ok := termsOf(e.side, e.form, e.condition, e.price, less(e.volume, e.prevented))
	return t, ok && exact(t.Price.Decimal, true) && exact(e.volume.Decimal, false) && exact(e.prevented.Decimal, false)
}
