package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// trader is a strategy without sense: it makes every kind of order, amends, cancels, repeats itself,
// and asks for what cannot be. It survives the node's crashes, as an external program does, and so
// repeats intents of which it does not know what became.
type trader struct {
	run     *run
	quotes  map[market.Instrument]message.Quote
	at      map[market.Instrument]message.Origin
	seq     uint64
	groups  uint64
	open    []uint64 // its orders that are not final, as far as it knows
	sent    []message.OrderIntent
	stopped bool
}

const traderName message.StrategyName = "chaos"

func newTrader(r *run) *trader {
	return &trader{run: r, quotes: map[market.Instrument]message.Quote{}, at: map[market.Instrument]message.Origin{}}
}

func (t *trader) view(v message.View) {
	t.quotes[v.Instrument], t.at[v.Instrument] = v.Quote, v.Origin
}

// heard is told of every event of an order.
func (t *trader) heard(f message.OrderEventFields) {
	if f.Strategy != traderName {
		return
	}
	i := slices.Index(t.open, f.IntentSeq)
	switch {
	case f.Status.Final() && i >= 0:
		t.open = slices.Delete(t.open, i, i+1)
	case !f.Status.Final() && i < 0:
		t.open = append(t.open, f.IntentSeq)
	}
}

// busy are the instruments, as they are listed, that trade all the time.
var busy = [...]int{0, 1, 3, 4, 7, 8} // BTC-USDT, BTC-KRW, ETH-USDT, XRP-KRW, ETH-KRW, SOL-USDT

// listing draws an instrument, the busy ones more often. What one holds of the others has no price for
// a while after a start, and is not traded on.
func (t *trader) listing() market.Listing {
	all := t.run.site.Listings()
	if t.run.random.IntN(8) > 0 {
		return all[busy[t.run.random.IntN(len(busy))]]
	}
	return all[t.run.random.IntN(len(all))]
}

// What a dollar is in the currencies that instruments are quoted in, about.
var dollar = map[string]market.Decimal{"USDT": market.MustDecimal("1"), "KRW": won, "BTC": market.MustDecimal("0.0000102")}

// quantity is what so many dollars buy, in whole lots, one at least.
func (t *trader) quantity(l market.Listing, price market.Price, dollars int) market.Quantity {
	worth, err := dollar[l.Instrument.Quote()].Mul(market.DecimalFromInt(int64(dollars)))
	var q market.Decimal
	if err == nil {
		q, err = worth.Quo(price.Decimal)
	}
	if err == nil {
		q, err = q.FloorTo(l.LotSize.Decimal)
	}
	if err != nil || q.Less(l.MinQuantity.Decimal) {
		q = l.MinQuantity.Decimal
	}
	return market.Quantity{Decimal: q}
}

// off moves a price by so many ten-thousandths, up or down, onto the grid.
func off(l market.Listing, p market.Price, bps int) market.Price {
	part, err := market.NewDecimal(int64(10_000+bps), -4)
	if err == nil {
		part, err = p.MulRound(part)
	}
	if err != nil {
		return p
	}
	moved := l.Ticks.Floor(market.Price{Decimal: part})
	if moved.Sign() <= 0 {
		return p
	}
	return moved
}

// act does one thing.
func (t *trader) act() {
	if t.stopped || t.run.node == nil {
		return
	}
	switch n := t.run.random.IntN(100); {
	case n < 66:
		t.order()
	case n < 72:
		t.bracket()
	case n < 82:
		t.amend()
	case n < 93:
		t.cancel()
	case n < 96:
		t.again()
	default:
		t.nonsense()
	}
}

// terms draws what an order asks for.
func (t *trader) terms(l market.Listing) (message.OrderTerms, bool) {
	x := t.run.random
	q, ok := t.quotes[l.Instrument]
	if !ok || q.Bid.IsZero() || q.Ask.IsZero() {
		return message.OrderTerms{}, false
	}
	o := message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC}
	near, far, away := q.Bid, q.Ask, -1
	if x.IntN(2) == 0 {
		o.Side, near, far, away = market.Sell, q.Ask, q.Bid, 1
	}
	o.Price = near
	switch n := x.IntN(100); {
	case n < 28: // waits behind the touch
		o.Price = off(l, near, away*x.IntN(12))
	case n < 40: // takes
		o.Price = off(l, far, -away*x.IntN(10))
	case n < 54:
		o.Type, o.Price = market.Market, market.Price{}
		o.TimeInForce = [...]market.TimeInForce{market.GTC, market.IOC}[x.IntN(2)]
	case n < 62:
		o.TimeInForce, o.Price = market.IOC, off(l, far, -away*x.IntN(10))
	case n < 67:
		o.TimeInForce, o.Price = market.FOK, off(l, far, -away*x.IntN(10))
	case n < 75:
		o.ExecInst = market.PostOnly
	case n < 82:
		o.Type, o.Price, o.StopPrice = market.Stop, market.Price{}, off(l, far, -away*(2+x.IntN(15)))
	case n < 88:
		o.Type, o.StopPrice = market.StopLimit, off(l, far, -away*(2+x.IntN(15)))
		o.Price = off(l, o.StopPrice, -away*x.IntN(10))
	case n < 92:
		o.TimeInForce, o.ExpireAt = market.GTD, t.run.in(time.Duration(1+x.IntN(60))*time.Second)
	case n < 95:
		o.TimeInForce = market.DAY
	default:
		o.ExecInst, o.Type, o.TimeInForce, o.Price = market.ReduceOnly, market.Market, market.IOC, market.Price{}
	}
	price := o.Price
	if price.IsZero() {
		price = near
	}
	dollars := 12 + x.IntN(500)
	if x.IntN(8) == 0 {
		dollars = 1000 + x.IntN(2500) // some above the limit of an order
	}
	o.Quantity = t.quantity(l, price, dollars)
	return o, o.Fault() == ""
}

func (t *trader) order() {
	l := t.listing()
	if terms, ok := t.terms(l); ok {
		t.intend(l, terms, message.Contingency{})
	}
}

// bracket is an order with two that close it, of which one cancels the other.
func (t *trader) bracket() {
	l := t.listing()
	entry, ok := t.terms(l)
	if !ok || entry.ExecInst.Has(market.ReduceOnly) {
		return
	}
	q := t.quotes[l.Instrument]
	away := 1
	if entry.Side == market.Sell {
		away = -1
	}
	parent := t.intend(l, entry, message.Contingency{})
	t.groups++
	link := message.Contingency{Parent: parent, Group: t.groups}
	profit := message.OrderTerms{Side: entry.Side.Opposite(), Type: market.Limit, TimeInForce: market.GTC, Quantity: entry.Quantity, Price: off(l, q.Ask, away*(2+t.run.random.IntN(10)))}
	stop := message.OrderTerms{Side: entry.Side.Opposite(), Type: market.Stop, TimeInForce: market.GTC, Quantity: entry.Quantity, StopPrice: off(l, q.Bid, -away*(2+t.run.random.IntN(10)))}
	t.intend(l, profit, link)
	t.intend(l, stop, link)
}

// intend sends an intent of those terms and returns its number.
func (t *trader) intend(l market.Listing, terms message.OrderTerms, c message.Contingency) uint64 {
	t.seq++
	origin := t.at[l.Instrument]
	origin.Instrument = l.Instrument
	i, err := message.NewOrderIntent(message.OrderIntentFields{Origin: origin, ID: message.IntentID{Strategy: traderName, Seq: t.seq},
		Account: accountName, OrderTerms: terms, Contingency: c, Reason: "chance"})
	if err != nil { // such as no strategy could send
		return t.seq
	}
	if t.sent = append(t.sent, i); len(t.sent) > 100 {
		t.sent = t.sent[1:]
	}
	t.send(i)
	return t.seq
}

func (t *trader) send(m any) {
	t.run.result.Intents++
	t.run.operator.send(m)
}

// some draws one of its open orders.
func (t *trader) some() (message.OrderEventFields, bool) {
	if len(t.open) == 0 {
		return message.OrderEventFields{}, false
	}
	f, ok := t.run.last[message.IntentID{Strategy: traderName, Seq: t.open[t.run.random.IntN(len(t.open))]}]
	return f, ok
}

func (t *trader) amend() {
	f, ok := t.some()
	if !ok {
		return
	}
	l, ok := t.listingOf(f.Instrument)
	if !ok {
		return
	}
	t.seq++
	a := message.AmendIntentFields{ID: message.IntentID{Strategy: traderName, Seq: t.seq}, OrderSeq: f.IntentSeq, Account: accountName, Time: t.run.loop.Now(), Reason: "chance"}
	x := t.run.random
	if f.Type.HasPrice() && x.IntN(2) == 0 {
		a.Price = off(l, f.Price, x.IntN(21)-10)
	}
	if f.Type.HasStopPrice() && x.IntN(2) == 0 {
		a.StopPrice = off(l, f.StopPrice, x.IntN(21)-10)
	}
	if a.Price.IsZero() && a.StopPrice.IsZero() || x.IntN(3) == 0 {
		part, err := f.Quantity.MulRound([...]market.Decimal{market.MustDecimal("0.5"), market.MustDecimal("0.8"), market.MustDecimal("1.3")}[x.IntN(3)])
		if err != nil {
			return
		}
		if part, err = part.FloorTo(l.LotSize.Decimal); err != nil || part.Sign() <= 0 {
			return
		}
		a.Quantity = market.Quantity{Decimal: part}
	}
	if m, err := message.NewAmendIntent(a); err == nil {
		t.send(m)
	}
}

func (t *trader) listingOf(i market.Instrument) (market.Listing, bool) {
	all := t.run.site.Listings()
	n := slices.IndexFunc(all, func(l market.Listing) bool { return l.Instrument == i })
	if n < 0 {
		return market.Listing{}, false
	}
	return all[n], true
}

func (t *trader) cancel() {
	c := message.CancelIntentFields{ID: message.IntentID{Strategy: traderName}, Account: accountName, Time: t.run.loop.Now(), Reason: "chance"}
	switch t.run.random.IntN(20) {
	case 0: // all of its own
	case 1: // all of the account's in an instrument
		c.ID, c.Instrument = message.IntentID{}, t.listing().Instrument
	default:
		f, ok := t.some()
		if !ok {
			return
		}
		c.ID.Seq = f.IntentSeq
	}
	if m, err := message.NewCancelIntent(c); err == nil {
		t.send(m)
	}
}

// again repeats an intent, as a strategy does that was not told what became of it, or one that has
// lost its mind and gives the number to another order.
func (t *trader) again() {
	if len(t.sent) == 0 {
		return
	}
	i := t.sent[t.run.random.IntN(len(t.sent))]
	if t.run.random.IntN(3) == 0 {
		f := i.Fields()
		f.Side = f.Side.Opposite()
		if other, err := message.NewOrderIntent(f); err == nil {
			i = other
		}
	}
	t.send(i)
}

// nonsense asks for what cannot be.
func (t *trader) nonsense() {
	l := t.listing()
	terms, ok := t.terms(l)
	if !ok {
		return
	}
	half := func(d market.Decimal) market.Decimal {
		h, err := d.MulRound(market.MustDecimal("0.5"))
		if err != nil {
			return d
		}
		return h
	}
	switch t.run.random.IntN(5) {
	case 0:
		terms.Quantity.Decimal = half(l.LotSize.Decimal)
	case 1:
		if terms.Type.HasPrice() {
			if p, err := terms.Price.Add(half(l.Ticks.Size(terms.Price).Decimal)); err == nil {
				terms.Price.Decimal = p
			}
		}
	case 2:
		if terms.Type.HasPrice() {
			terms.Price = off(l, terms.Price, 2000) // far through the market, for a buyer
		}
	case 3:
		if q, err := terms.Quantity.Mul(market.DecimalFromInt(1000)); err == nil {
			terms.Quantity.Decimal = q
		}
	default:
		l.Instrument = market.MustInstrument(l.Instrument.Venue(), fmt.Sprintf("NO%s-USDT", strings.ToUpper(l.Instrument.Base())))
	}
	t.intend(l, terms, message.Contingency{})
}
