package risk

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// line is what is known of one instrument.
type line struct {
	listing market.Listing
	quote   message.Quote
	trusted bool
	seen    market.Timestamp // when the newest prices came
	open    map[message.ClientOrderID]*resting
	buying  market.Decimal // what is open, summed
	selling market.Decimal
}

// resting is an order that may still fill: its outcome is unknown, it rests, or it is on its way.
type resting struct {
	id     message.ClientOrderID
	terms  message.OrderTerms
	leaves market.Decimal
	price  market.Price // at which it is valued: its limit, its stop, or the touch when it was made
	venue  bool         // it is, or may be, in the venue's book

	currency string         // what it takes if it fills: the base it sells, or the quote that a purchase costs
	takes    market.Decimal // how much of it
	counted  bool           // it is in its line's sums
	fault    error          // why that is not known: it is beyond a Decimal
}

// apply keeps what is open, and what that takes, up to date with an event of an order.
func (r *Risk) apply(l *line, f message.OrderEventFields) {
	id := f.ClientOrderID
	if id == "" { // placed by hand, at a venue that gives only its own id
		id = message.ClientOrderID(f.VenueOrderID)
	}
	if id == "" {
		return // denied
	}
	if was, ok := l.open[id]; ok {
		if was.counted {
			l.count(was.terms.Side, was.leaves.Neg())
		}
		r.reserve(was, false)
		delete(l.open, id)
	}
	if f.Status.Final() {
		return
	}
	o := &resting{id: id, terms: f.OrderTerms, leaves: f.LeavesQuantity.Decimal, venue: f.Status != message.OrderHeld && f.Status != message.OrderCreated}
	if f.Action == message.ActionRequestAmend && f.Quantity.Less(f.NewQuantity.Decimal) {
		// Until the venue has spoken, the larger of both may fill.
		if more, err := f.NewQuantity.Sub(f.CumQuantity.Decimal); err == nil {
			o.leaves = more
		}
	}
	switch {
	case f.Type.HasPrice():
		o.price = f.Price
	case f.Type.HasStopPrice():
		o.price = f.StopPrice
	default:
		o.price = touch(l.quote, f.Side)
	}
	o.currency, o.takes = f.Instrument.Base(), o.leaves
	if f.Side == market.Buy {
		o.currency = f.Instrument.Quote()
		o.takes, o.fault = r.cost(o.price, o.leaves)
	}
	l.open[id] = o
	o.counted = l.count(f.Side, o.leaves)
	r.reserve(o, true)
}

// reserved is what open orders take of one currency.
type reserved struct {
	sum    market.Decimal
	faults int // orders, or sums of them, beyond a Decimal: as long as there are any, nothing is left
}

// reserve takes an order into what is reserved, or out of it.
func (r *Risk) reserve(o *resting, in bool) {
	of := r.reserved[o.currency]
	step, takes := 1, o.takes
	if !in {
		step, takes = -1, takes.Neg()
	}
	if o.fault == nil {
		sum, err := of.sum.Add(takes)
		if err == nil {
			of.sum = sum
		} else {
			o.fault = err // it goes out as it came in
		}
	}
	if o.fault != nil {
		of.faults += step
	}
	r.reserved[o.currency] = of
}

// count adds to what is open of a side. It reports false, and changes nothing, where the sum is beyond a
// Decimal: no order of ours is that large, since what it is worth was held against one before.
func (l *line) count(side market.Side, quantity market.Decimal) bool {
	sum := &l.buying
	if side == market.Sell {
		sum = &l.selling
	}
	s, err := sum.Add(quantity)
	if err == nil {
		*sum = s
	}
	return err == nil
}

// meets returns an order of ours in the venue's book that o would trade with; nil: none.
func (l *line) meets(o Order) *resting {
	if l.side(o.Side.Opposite()).IsZero() {
		return nil // nothing is open there
	}
	var first *resting
	for _, r := range l.open {
		if !r.venue || r.terms.Side != o.Side.Opposite() || r.id == o.Replaces || r.terms.Type.HasStopPrice() {
			continue
		}
		crosses := o.Type == market.Market || r.terms.Type == market.Market
		if !crosses && o.Side == market.Buy {
			crosses = !o.Price.Less(r.terms.Price.Decimal)
		}
		if !crosses && o.Side == market.Sell {
			crosses = !r.terms.Price.Less(o.Price.Decimal)
		}
		if crosses && (first == nil || r.id < first.id) { // the map has no order, a reason must
			first = r
		}
	}
	return first
}

// sides are how much could be held if all orders of one side filled, and none of the other.
type sides struct{ long, short market.Decimal }

// worst returns the sides of a line, with a further order and without one that it replaces.
func (l *line) worst(held market.Decimal, o *Order) (s sides, err error) {
	buying, selling := l.buying, l.selling
	if o != nil {
		if r := l.open[o.Replaces]; r != nil {
			if r.terms.Side == market.Buy {
				buying, err = buying.Sub(r.leaves)
			} else {
				selling, err = selling.Sub(r.leaves)
			}
			if err != nil {
				return s, err
			}
		}
		if o.Side == market.Buy {
			buying, err = buying.Add(o.Quantity.Decimal)
		} else {
			selling, err = selling.Add(o.Quantity.Decimal)
		}
		if err != nil {
			return s, err
		}
	}
	if s.long, err = held.Add(buying); err != nil {
		return s, err
	}
	s.short, err = held.Sub(selling)
	return s, err
}

// most returns the larger of both sides' sizes.
func (s sides) most() market.Decimal { return s.long.Abs().Max(s.short.Abs()) }

// mark returns the price at which what is held is valued, in quote currency.
func (l *line) mark() market.Price {
	if p := l.quote.Last; !p.IsZero() {
		return p
	}
	if p := l.quote.Bid; !p.IsZero() {
		return p
	}
	return l.quote.Ask
}

// amounts checks what the order is worth, what it adds to what is held, and whether it can be paid.
func (r *Risk) amounts(l *line, o Order, price market.Price) (Code, string) {
	held := r.books.Held(o.Instrument)
	before, err := l.worst(held, &Order{OrderTerms: message.OrderTerms{Side: o.Side}, Replaces: o.Replaces})
	if err != nil {
		return Range, err.Error()
	}
	after, err := l.worst(held, &o)
	if err != nil {
		return Range, err.Error()
	}
	if o.ExecInst.Has(market.ReduceOnly) {
		if o.Side == market.Buy && after.long.Sign() > 0 || o.Side == market.Sell && after.short.Sign() < 0 {
			return ReduceOnly, fmt.Sprintf("%v of %v are held, and open orders on that side are to reduce %v of them", held, o.Instrument, l.side(o.Side))
		}
	}
	limits := r.cfg.Limits
	if code, why := r.worth(limits.OrderNotionalMax, MaxNotional, "the order", o.Instrument, o.Quantity.Decimal, price); code != "" {
		return code, why
	}
	if code, why := r.pay(o, price); code != "" {
		return code, why
	}
	if !before.most().Less(after.most()) {
		return "", "" // it only reduces
	}
	value := l.mark()
	if value.IsZero() {
		value = price
	}
	if code, why := r.worth(limits.PositionMax, Position, fmt.Sprintf("%v, all open orders filled,", o.Instrument), o.Instrument, after.most(), value); code != "" {
		return code, why
	}
	if code, why := r.totalExposure(&o, value); code != "" {
		return code, why
	}
	return r.lost()
}

func (l *line) side(s market.Side) market.Decimal {
	if s == market.Buy {
		return l.buying
	}
	return l.selling
}

// worth holds a quantity at a price against a limit in the reporting currency.
func (r *Risk) worth(limit market.Amount, code Code, what string, i market.Instrument, quantity market.Decimal, price market.Price) (Code, string) {
	if limit.IsZero() {
		return "", ""
	}
	value, code2, why := r.value(i, quantity, price)
	if code2 != "" {
		return code2, why
	}
	if limit.Less(value) {
		return code, fmt.Sprintf("%s would be worth %v %s, above %v", what, value, r.cfg.Reporting, limit)
	}
	return "", ""
}

// value returns what a quantity is worth in the reporting currency.
func (r *Risk) value(i market.Instrument, quantity market.Decimal, price market.Price) (market.Decimal, Code, string) {
	worth, err := price.MulRound(quantity)
	if err != nil {
		return worth, Range, fmt.Sprintf("%v at %v: %v", quantity, price, err)
	}
	value, ok := r.rates.Convert(worth, i.Quote(), r.cfg.Reporting)
	if !ok {
		return value, Valuation, fmt.Sprintf("no rate from %s to %s is known: set one in the account's rates, or follow an instrument that connects them", i.Quote(), r.cfg.Reporting)
	}
	return value, "", ""
}

// totalExposure checks gross and net exposure over all instruments with the order in it.
func (r *Risk) totalExposure(o *Order, price market.Price) (Code, string) {
	limits := r.cfg.Limits
	if limits.GrossMax.IsZero() && limits.NetMax.IsZero() {
		return "", ""
	}
	var gross, long, short market.Decimal
	var err error
	add := func(sum *market.Decimal, v market.Decimal) {
		if err == nil {
			*sum, err = sum.Add(v)
		}
	}
	for _, i := range r.order {
		l, held := r.lines[i], r.books.Held(i)
		var with *Order
		at := l.mark()
		if i == o.Instrument {
			with, at = o, price
		}
		if held.IsZero() && len(l.open) == 0 && with == nil {
			continue
		}
		s, werr := l.worst(held, with)
		if werr != nil {
			return Range, werr.Error()
		}
		if at.IsZero() {
			return Valuation, fmt.Sprintf("no price of %v is known, which is held or on order", i)
		}
		for _, part := range []struct {
			sum *market.Decimal
			q   market.Decimal
		}{{&gross, s.most()}, {&long, s.long}, {&short, s.short}} {
			v, code, why := r.value(i, part.q, at)
			if code != "" {
				return code, why
			}
			add(part.sum, v)
		}
	}
	if err != nil {
		return Range, err.Error()
	}
	if !limits.GrossMax.IsZero() && limits.GrossMax.Less(gross) {
		return GrossExposure, fmt.Sprintf("all open orders filled, %v %s would be held in all, above %v", gross, r.cfg.Reporting, limits.GrossMax)
	}
	if net := long.Abs().Max(short.Abs()); !limits.NetMax.IsZero() && limits.NetMax.Less(net) {
		return NetExposure, fmt.Sprintf("all open orders of one side filled, %v %s would be held net, above %v", net, r.cfg.Reporting, limits.NetMax)
	}
	return "", ""
}

// pay checks that the account can pay: what it has, less what open orders may take, unknown ones
// included. It is not checked before the venue has said what there is.
func (r *Risk) pay(o Order, price market.Price) (Code, string) {
	if !r.known {
		return "", ""
	}
	currency, need := o.Instrument.Base(), o.Quantity.Decimal
	var err error
	if o.Side == market.Buy {
		currency = o.Instrument.Quote()
		if need, err = r.cost(price, need); err != nil {
			return Range, err.Error()
		}
	}
	have, err := r.total(currency)
	if err != nil {
		return Range, err.Error()
	}
	of := r.reserved[currency]
	if of.faults > 0 {
		return Range, fmt.Sprintf("what open orders take of %s is beyond what can be counted", currency)
	}
	if have, err = have.Sub(of.sum); err != nil {
		return Range, err.Error()
	}
	if l := r.lines[o.Instrument]; o.Replaces != "" && l != nil && l.open[o.Replaces] != nil && l.open[o.Replaces].currency == currency {
		if have, err = have.Add(l.open[o.Replaces].takes); err != nil {
			return Range, err.Error()
		}
	}
	if have.Less(need) {
		return Balance, fmt.Sprintf("it takes %v %s, and %v are left beside open orders", need, currency, have)
	}
	return "", ""
}

// cost returns what a purchase takes, the reserve for fees included.
func (r *Risk) cost(price market.Price, quantity market.Decimal) (market.Decimal, error) {
	cost, err := price.MulRound(quantity)
	if err != nil || r.cfg.Limits.FeeReserve.IsZero() {
		return cost, err
	}
	fee, err := cost.MulRound(r.cfg.Limits.FeeReserve)
	if err != nil {
		return cost, err
	}
	return cost.Add(fee)
}

// total returns what the account has of a currency by our books.
func (r *Risk) total(currency string) (market.Decimal, error) {
	return r.totals[currency].Add(r.books.CashOf(currency).Decimal)
}

// Known reports whether the venue has said what the account has, and Total what that is by now.
func (r *Risk) Known() bool { return r.known }

// Total returns what the account has of a currency by our books: what the venue said at first and
// when it differed, and our own executions. It fails with market.ErrRange.
func (r *Risk) Total(currency string) (market.Amount, error) {
	d, err := r.total(currency)
	return market.Amount{Decimal: d}, err
}
