package spot

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// place answers POST /api/v3/order.
func (v *Venue) place(c *call, w *writer) *apiError {
	e, fault := v.parseEntry(c.params)
	if fault != nil {
		return fault
	}
	if fault := v.filter(c.account, &e); fault != nil {
		return fault
	}
	if fault := v.mayOrder(c.account); fault != nil {
		return fault
	}
	o, first, fault := v.accept(c.account, e)
	if fault != nil {
		return fault
	}
	v.ackLater(c, o)
	v.appendPlaced(w, o, first)
	return nil
}

// ackLater delays the answer where an order that filled at once shall be known by its fill first.
func (v *Venue) ackLater(c *call, o *order) {
	if o.executed == 0 {
		return
	}
	s := subject{route: c.route, symbol: v.symbol(o.instrument), clientID: o.clientID, account: o.account.Name, order: o.id}
	if f, ok := v.fire(FaultFillBeforeAck, s); ok {
		c.at = v.Now().Add(f.Delay)
	}
}

// placeTest answers POST /api/v3/order/test: everything but the placing.
func (v *Venue) placeTest(c *call, w *writer) *apiError {
	rates, fault := c.params.yes("computeCommissionRates", false)
	if fault != nil {
		return fault
	}
	e, fault := v.parseEntry(c.params)
	if fault != nil {
		return fault
	}
	if fault := v.filter(c.account, &e); fault != nil {
		return fault
	}
	w.begin('{')
	if rates {
		appendRates(w, c.account, "ForOrder", false)
	}
	w.end('}')
	return nil
}

// accept takes an order in: it is checked against the book and the balances, gets its id, trades what
// it can and rests if it may. first is the index of its first fill among the account's.
func (v *Venue) accept(a *account, e entry) (o *order, first int, fault *apiError) {
	if e.clientID == "" {
		e.clientID = v.newClientID()
	} else if old := a.byClient[clientKey{e.instrument, e.clientID}]; old != nil && old.open() {
		return nil, 0, errDuplicateOrder
	}
	o = &order{entry: e, account: a, status: statusNew, matchID: -1, created: v.Now(), updated: v.Now()}
	if fault := v.affordable(o); fault != nil {
		return nil, 0, fault
	}
	o.id = v.market.NewOrderID(o.instrument)
	a.remember(o)
	v.ordered(a, 1)
	first = len(a.fills)
	if o.kind.contingent() {
		o.waiting = true
		a.lock(o, v.asset(o), need(o, o.quantity))
		v.waiting[o.instrument] = append(v.waiting[o.instrument], o)
		v.noteOrder(EntryAccept, o)
		v.report(o, execNew, o.clientID, "", nil, nil)
	} else {
		if o.kind.priced() {
			a.lock(o, v.asset(o), need(o, o.quantity))
		}
		o.working = v.Now()
		v.noteOrder(EntryAccept, o)
		v.report(o, execNew, o.clientID, "", nil, nil)
		v.execute(o)
	}
	v.settled(o.instrument)
	return o, first, nil
}

// settled ends what one request did to an instrument: the market hears of it, waiting orders whose
// price was reached go to work, balances are told.
func (v *Venue) settled(instrument int) {
	v.flush(instrument)
	v.runTriggered()
	v.positions()
}

// flush publishes what orders of accounts did to the market.
func (v *Venue) flush(instrument int) {
	events := v.market.Flush(instrument)
	for i := range events {
		if events[i].Kind == sim.EventTrade {
			v.history[instrument].add(events[i].Trade)
		}
		v.stream(&events[i])
	}
}

// affordable checks a new order against the book and the balance, and finds the quantity of one that
// states what it spends.
func (v *Venue) affordable(o *order) *apiError {
	a := o.account
	free := a.of(v.asset(o)).free
	switch {
	case o.kind.contingent():
		if v.reached(o, v.market.Last(o.instrument).Price) {
			return errWouldTrigger
		}
	case o.kind == typeLimitMaker:
		if r, ok := v.market.Front(o.instrument, o.side.Opposite()); ok && o.crosses(r.Price) {
			return errWouldMatch
		}
	case o.kind == typeMarket:
		if o.quoteQty != 0 {
			o.quantity = v.quantityOf(o)
			if o.quantity == 0 {
				return errNoLiquidity
			}
			if o.side == market.Buy && free.Less(o.quoteQty.Decimal()) {
				return errInsufficient
			}
		}
		if !v.fundsMarket(o) {
			return errInsufficient
		}
		return nil
	}
	if free.Less(need(o, o.quantity)) {
		return errInsufficient
	}
	return nil
}

// fundsMarket reports whether an account can pay for an order at market, as far as the book goes.
func (v *Venue) fundsMarket(o *order) bool {
	free := o.account.of(v.asset(o)).free
	if o.side == market.Sell {
		return !free.Less(o.leaves().Decimal())
	}
	_, cost := v.reach(o)
	return !free.Less(cost)
}

// crosses reports whether a price of the other side is one that o takes.
func (o *order) crosses(price sim.Fixed) bool {
	if !o.kind.priced() {
		return true
	}
	if o.side == market.Buy {
		return price <= o.price
	}
	return price >= o.price
}

// own returns the order of an account that r is, if o may not trade with it.
func (v *Venue) own(o *order, r sim.Resting) *order {
	maker := v.resting[o.instrument][r.ID]
	if maker == nil || maker.account != o.account || o.stp == stpNone {
		return nil
	}
	return maker
}

// reach returns how much o would trade now, and for how much of the quote asset.
func (v *Venue) reach(o *order) (quantity sim.Fixed, cost market.Decimal) {
	left := o.leaves()
	for r := range v.market.Walk(o.instrument, o.side.Opposite()) {
		if left == 0 || !o.crosses(r.Price) {
			break
		}
		q := min(left, r.Quantity)
		if v.own(o, r) != nil {
			switch o.stp {
			case stpExpireMaker:
			case stpDecrement:
				left -= q
			default:
				return quantity, cost
			}
			continue
		}
		left -= q
		quantity += q
		cost = add(cost, notional(r.Price, q))
	}
	return quantity, cost
}

// quantityOf returns how much an order at market gets for what it states in quote: whole lots, and
// never for more than stated.
func (v *Venue) quantityOf(o *order) (quantity sim.Fixed) {
	lot, left := v.market.Lot(o.instrument), o.quoteQty.Decimal()
	for r := range v.market.Walk(o.instrument, o.side.Opposite()) {
		if v.own(o, r) != nil && o.stp == stpExpireMaker {
			continue
		}
		q := min(r.Quantity, quantityFor(left, r.Price, lot), v.marketMax(o.instrument)-quantity)
		if q <= 0 {
			break
		}
		quantity += q
		left = sub(left, notional(r.Price, q))
		if q < r.Quantity {
			break
		}
	}
	return quantity
}

// execute lets an order trade with what is there; what is left rests or expires.
func (v *Venue) execute(o *order) {
	if o.tif == tifFOK {
		if quantity, _ := v.reach(o); quantity < o.leaves() {
			v.expire(o, reasonFOK)
			return
		}
	}
	for o.open() {
		r, ok := v.market.Front(o.instrument, o.side.Opposite())
		if !ok || !o.crosses(r.Price) {
			break
		}
		if maker := v.own(o, r); maker != nil {
			v.prevent(o, maker)
			continue
		}
		maker := v.resting[o.instrument][r.ID]
		t := v.market.Hit(o.instrument, o.id, o.side, min(o.leaves(), r.Quantity))
		v.settle(o, t, false)
		if maker != nil {
			v.settle(maker, t, true)
		} else {
			v.settleHouse(o.side, o.instrument, t)
		}
		v.trigger(o.instrument, t.Price)
	}
	switch {
	case !o.open():
	case !o.kind.priced():
		v.expire(o, reasonLiquidity)
	case o.tif == tifIOC:
		v.expire(o, reasonIOC)
	default:
		v.rest(o)
	}
}

// rest puts what is left of an order into the book.
func (v *Venue) rest(o *order) {
	if err := v.market.Rest(o.instrument, o.id, o.side, o.price, o.leaves()); err != nil {
		panic("spot: " + err.Error()) // it was filtered, bounded by restingMax, and traded with all that crosses
	}
	o.resting = true
	v.resting[o.instrument][o.id] = o
	v.restingOf[o.instrument] += o.leaves()
}

// settle books a trade of an order: money, the order itself, the ledger, the account's stream.
func (v *Venue) settle(o *order, t sim.Trade, maker bool) {
	a, base, quote := o.account, v.base(o.instrument), v.quote(o.instrument)
	cost := notional(t.Price, t.Quantity)
	if o.kind.priced() {
		a.release(o, v.asset(o), need(o, t.Quantity))
	}
	rate := a.Taker
	if maker {
		rate = a.Maker
	}
	f := fill{order: o, trade: t.ID, price: t.Price, quantity: t.Quantity, quote: cost, at: v.Now(), maker: maker}
	if o.side == market.Buy {
		f.asset, f.commission = base, commission(rate, t.Quantity.Decimal())
		a.change(quote, cost.Neg())
		a.change(base, sub(t.Quantity.Decimal(), f.commission))
	} else {
		f.asset, f.commission = quote, commission(rate, cost)
		a.change(base, t.Quantity.Decimal().Neg())
		a.change(quote, sub(cost, f.commission))
	}
	v.fees[f.asset] = add(v.fees[f.asset], f.commission)

	if o.fills == 0 {
		by := filledAsTaker
		if maker {
			by = filledAsMaker
		}
		v.ordered(a, by)
	}
	o.executed += t.Quantity
	o.quote = add(o.quote, cost)
	o.status = statusPartial
	if maker {
		v.restingOf[o.instrument] -= t.Quantity
	}
	if o.leaves() == 0 {
		o.status = statusFilled
		v.over(o)
	}
	a.filled(f)
	e := v.entryOf(EntryFill, o)
	e.Price, e.Quantity, e.Quote, e.TradeID = t.Price.Decimal(), t.Quantity.Decimal(), cost, t.ID
	e.Commission, e.CommissionAsset, e.Maker = f.commission, f.asset, maker
	v.note(e)
	v.report(o, execTrade, o.clientID, "", &f, nil)
}

// settleHouse books the seeded traders' half of a trade: the side is that of the account.
func (v *Venue) settleHouse(side market.Side, instrument int, t sim.Trade) {
	base, quote := v.base(instrument), v.quote(instrument)
	v.house[base] = sub(v.house[base], signed(side, t.Quantity.Decimal()))
	v.house[quote] = add(v.house[quote], signed(side, notional(t.Price, t.Quantity)))
}

// over takes an order that ended out of where open orders are.
func (v *Venue) over(o *order) {
	if o.resting {
		delete(v.resting[o.instrument], o.id)
		o.resting = false
	}
	o.waiting = false
	o.account.close(o)
}

// end ends an order that still has something left: out of the book, and what it had locked is free.
func (v *Venue) end(o *order, as status) {
	if o.resting {
		v.unrest(o, o.leaves())
	}
	if o.waiting {
		v.unwait(o)
	}
	if o.locked.Sign() > 0 {
		o.account.release(o, v.asset(o), o.locked)
	}
	o.status = as
	v.over(o)
}

// unrest takes a part of what rests out of the book.
func (v *Venue) unrest(o *order, quantity sim.Fixed) {
	if !v.market.Reduce(o.instrument, o.id, quantity) {
		panic("spot: an order is not in the book")
	}
	v.restingOf[o.instrument] -= quantity
}

func (v *Venue) expire(o *order, reason string) {
	o.reason = reason
	v.end(o, statusExpired)
	v.noteOrder(EntryExpire, o)
	v.report(o, execExpired, o.clientID, "", nil, nil)
}

// prevent keeps o from trading with an order of the same account (faqs/stp_faq.md).
func (v *Venue) prevent(taker, maker *order) {
	q := min(taker.leaves(), maker.leaves())
	lose := map[*order]sim.Fixed{}
	switch taker.stp {
	case stpExpireTaker:
		lose[taker] = taker.leaves()
	case stpExpireMaker:
		lose[maker] = maker.leaves()
	case stpExpireBoth:
		lose[taker], lose[maker] = taker.leaves(), maker.leaves()
	default:
		lose[taker], lose[maker] = q, q
	}
	match := v.matches
	v.matches++
	for _, o := range []*order{maker, taker} {
		last, ok := lose[o]
		if !ok {
			continue
		}
		counter := taker
		if o == taker {
			counter = maker
		}
		if o.matchID < 0 {
			o.matchID = match
		}
		if o.resting {
			v.unrest(o, last)
		}
		if o.kind.priced() {
			o.account.release(o, v.asset(o), need(o, last))
		}
		o.prevented += last
		kind := EntryAmend
		if o.leaves() == 0 {
			kind = EntryExpire
			o.status = statusExpiredInMatch
			v.over(o)
		}
		v.noteOrder(kind, o)
		v.report(o, execPrevent, o.clientID, "", nil, &prevention{last: last, counter: counter, price: maker.price, quantity: q})
	}
}

// ---- orders that wait for a price

// reached reports whether a trade at that price is what o waits for (rest-api.md, New order).
func (v *Venue) reached(o *order, price sim.Fixed) bool {
	above := (o.kind == typeStopLoss || o.kind == typeStopLossLimit) == (o.side == market.Buy)
	if above {
		return price >= o.stop
	}
	return price <= o.stop
}

// trigger finds the orders that wait for a trade at that price; runTriggered sends them.
func (v *Venue) trigger(instrument int, price sim.Fixed) {
	waiting := v.waiting[instrument]
	kept := waiting[:0]
	for _, o := range waiting {
		if v.reached(o, price) {
			v.triggered = append(v.triggered, o)
		} else {
			kept = append(kept, o)
		}
	}
	clear(waiting[len(kept):])
	v.waiting[instrument] = kept
}

// runTriggered sends the orders whose price was reached, in the order in which they were accepted. They
// may reach the prices of others.
func (v *Venue) runTriggered() {
	for len(v.triggered) > 0 {
		o := v.triggered[0]
		v.triggered = v.triggered[1:]
		if !o.open() {
			continue // self-trade prevention does not reach it, a cancel might
		}
		o.waiting = false
		o.working = v.Now()
		if !o.kind.priced() {
			o.account.release(o, v.asset(o), o.locked)
		}
		v.noteOrder(EntryTrigger, o)
		v.report(o, execNew, o.clientID, "", nil, nil)
		if !o.kind.priced() && !v.fundsMarket(o) {
			v.expire(o, reasonRejected)
		} else {
			v.execute(o)
		}
		v.flush(o.instrument)
	}
	v.positions()
}

// unwait takes an order out of those that wait.
func (v *Venue) unwait(o *order) {
	waiting := v.waiting[o.instrument]
	for i, other := range waiting {
		if other == o {
			v.waiting[o.instrument] = append(waiting[:i:i], waiting[i+1:]...)
			return
		}
	}
}
