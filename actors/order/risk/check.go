package risk

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Check returns why an order may not be made, with words for people; an empty code lets it. The
// order of the checks is: what is known of the instrument, the order's own figures, our other
// orders, the account.
func (r *Risk) Check(o Order) (Code, string) {
	r.now = max(r.now, o.Time)
	l, ok := r.lines[o.Instrument]
	if !ok {
		return Instrument, fmt.Sprintf("%v is not among the account's listings", o.Instrument)
	}
	if !l.listing.Session.Open(r.now) {
		return Closed, fmt.Sprintf("%v trades %v", o.Instrument, l.listing.Session)
	}
	if !l.trusted {
		return Untrusted, fmt.Sprintf("data of %v is not trusted, or has not come yet", o.Instrument)
	}
	if most := r.cfg.Limits.StaleAfter; most > 0 && r.now.Sub(l.seen) > most {
		return Stale, fmt.Sprintf("the newest price of %v is %v old, more than %v", o.Instrument, r.now.Sub(l.seen), most)
	}
	price, code, why := l.figures(o)
	if code == "" {
		code, why = r.collar(l, o)
	}
	if code == "" {
		code, why = r.others(l, o)
	}
	if code == "" {
		code, why = r.amounts(l, o, price)
	}
	return code, why
}

// figures checks the order against what the venue lists, and returns the price to value it at.
func (l *line) figures(o Order) (price market.Price, code Code, why string) {
	if lot := l.listing.LotSize; !lot.IsZero() && !o.Quantity.IsMultipleOf(lot.Decimal) {
		return price, Lot, fmt.Sprintf("quantity %v is not a multiple of the lot size %v", o.Quantity, lot)
	}
	if o.Quantity.Less(l.listing.MinQuantity.Decimal) {
		return price, MinQuantity, fmt.Sprintf("quantity %v is below %v", o.Quantity, l.listing.MinQuantity)
	}
	for _, p := range []market.Price{o.Price, o.StopPrice} {
		if ticks := l.listing.Ticks; !p.IsZero() && !ticks.Valid(p) {
			if ticks.IsZero() {
				return price, Tick, fmt.Sprintf("the tick size of %v is not known: only market orders can be placed", o.Instrument)
			}
			return price, Tick, fmt.Sprintf("price %v is not on the tick grid, which moves by %v there", p, ticks.Size(p))
		}
	}
	switch {
	case o.Type.HasPrice():
		price = o.Price
	case o.Type.HasStopPrice():
		price = o.StopPrice
	default:
		price = touch(l.quote, o.Side)
	}
	if price.IsZero() {
		return price, NoPrice, fmt.Sprintf("no price of %v is known to value a %v order at", o.Instrument, o.Type)
	}
	notional, err := price.MulRound(o.Quantity.Decimal)
	switch {
	case err != nil:
		return price, Range, fmt.Sprintf("%v at %v: %v", o.Quantity, price, err)
	case notional.Less(l.listing.MinNotional.Decimal):
		return price, MinNotional, fmt.Sprintf("%v at %v is %v, below %v", o.Quantity, price, notional, l.listing.MinNotional)
	case !l.listing.MaxNotional.IsZero() && l.listing.MaxNotional.Less(notional):
		return price, MaxNotional, fmt.Sprintf("%v at %v is %v, above %v, the most that the venue takes", o.Quantity, price, notional, l.listing.MaxNotional)
	}
	return price, "", ""
}

// touch returns the price that an order of that side would take, else the last; zero if neither
// is known.
func touch(q message.Quote, side market.Side) market.Price {
	p := q.Ask
	if side == market.Sell {
		p = q.Bid
	}
	if p.IsZero() {
		p = q.Last
	}
	return p
}

// collar checks an order's price against the market's. A buy may not bid far above what is asked,
// a sale not ask far below what is bid; a market order takes the touch, which may not be far from
// the last price. Orders that would rest far from the market harm nobody.
func (r *Risk) collar(l *line, o Order) (Code, string) {
	width := r.cfg.Limits.Collar
	if width.IsZero() {
		return "", ""
	}
	price, reference := o.Price, touch(l.quote, o.Side)
	switch o.Type {
	case market.Market:
		price, reference = reference, l.quote.Last
	case market.Stop:
		return "", "" // it becomes a market order, and is asked about again then
	case market.StopLimit:
		reference = o.StopPrice
	}
	if price.IsZero() || reference.IsZero() {
		if o.Type == market.Market {
			return "", "" // figures saw to the touch; without a last price there is nothing to compare with
		}
		return NoPrice, fmt.Sprintf("no price of %v is known to hold %v against", o.Instrument, o.Price)
	}
	margin, err := reference.MulRound(width)
	if err != nil {
		return Range, err.Error()
	}
	away, err := price.Sub(reference.Decimal)
	if err != nil {
		return Range, err.Error()
	}
	if o.Side == market.Sell {
		away = away.Neg()
	}
	if margin.Less(away) {
		return Collar, fmt.Sprintf("%v at %v is more than %v worse than the market's %v", o.Side, price, width, reference)
	}
	return "", ""
}

// others checks the order against our own: what it would meet, what it repeats, how many there are.
func (r *Risk) others(l *line, o Order) (Code, string) {
	if r.cfg.Limits.SelfTrade && !o.Type.HasStopPrice() {
		if other := l.meets(o); other != nil {
			return SelfTrade, fmt.Sprintf("%v at %v would meet our own order %s, %v at %v", o.Side, o.Price, other.id, other.terms.Side, other.terms.Price)
		}
	}
	if o.Protects {
		return "", ""
	}
	if r.repeated(o) {
		return Repeated, fmt.Sprintf("%s made the same order less than %v ago", o.Strategy, r.cfg.Limits.RepeatWindow)
	}
	if full := r.orders.full(r.now); full != "" {
		return OrderRate, "orders: " + full
	}
	if full := r.cancels.full(r.now); full != "" {
		return CancelRate, "cancels and amendments: " + full
	}
	return "", ""
}
