package simulation

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/portfolio"
)

// exposure is what the account holds and may come to hold, as the journal had it at each event.
type exposure struct {
	evidence *evidence
	books    *portfolio.Portfolio
	open     map[message.ClientOrderID]message.OrderEventFields
	last     map[market.Instrument]market.Price // of a fill
}

func newExposure(e *evidence) *exposure {
	return &exposure{e, portfolio.New(e.account), make(map[message.ClientOrderID]message.OrderEventFields), make(map[market.Instrument]market.Price)}
}

func (x *exposure) apply(event message.OrderEvent, f message.OrderEventFields) {
	_ = x.books.Apply(event) // judge reports what it cannot hold
	if f.Action == message.ActionFill {
		x.last[f.Instrument] = f.LastPrice
	}
	if f.Status.Final() || f.Status == message.OrderHeld && f.Contingency != (message.Contingency{}) {
		delete(x.open, f.ClientOrderID) // held for another order, it cannot fill beside that
		return
	}
	x.open[f.ClientOrderID] = f
}

// with returns what a new order's instrument would be worth if it and all orders on its side filled, at
// the price of our last fill less three percent, since prices move; false if there is none, or if the
// order makes the position no worse.
func (x *exposure) with(f message.OrderEventFields) (market.Decimal, bool) {
	held := x.books.Held(f.Instrument)
	if f.Side == market.Sell {
		held = held.Neg()
	}
	sum, other := held, held.Neg()
	add := func(to *market.Decimal, q market.Quantity) bool {
		s, err := to.Add(q.Decimal)
		*to = s
		return err == nil
	}
	ok := add(&sum, f.Quantity)
	for id, o := range x.open {
		switch {
		case o.Instrument != f.Instrument || id == f.Replaces:
		case o.Side == f.Side:
			ok = add(&sum, o.LeavesQuantity) && ok
		default:
			ok = add(&other, o.LeavesQuantity) && ok
		}
	}
	if !ok || !other.Less(sum) {
		return market.Decimal{}, false
	}
	price, err := x.last[f.Instrument].MulRound(market.MustDecimal("0.97"))
	if err != nil {
		return market.Decimal{}, false
	}
	return x.evidence.worth(f.Instrument, market.Price{Decimal: price}, market.Quantity{Decimal: sum})
}
