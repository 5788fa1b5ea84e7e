package order

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Code is the kind of a denial or an anomaly: the first word of an event's reason, up to the
// colon, and the label of its metric.
type Code string

// Why an intent is denied. Those marked * leave no record, because they say nothing about the
// account or because there is no room for one: their event has Seq 0.
const (
	DeniedAccount     Code = "account"            // * the intent is for another account
	DeniedDuplicate   Code = "duplicate"          // * its id stood for another order, or for one no longer remembered
	DeniedQueueFull   Code = "queue_full"         // * too much waits for the disk
	DeniedJournal     Code = "journal"            // * the journal failed
	DeniedHalted      Code = "halted"             // the account takes no orders
	DeniedReconciling Code = "reconciling"        // the venue has not told yet what became of open orders
	DeniedInstrument  Code = "unknown_instrument" // not listed
	DeniedUntrusted   Code = "untrusted"          // its data may be wrong, or none has come
	DeniedOpenOrders  Code = "open_orders"        // too many open orders
	DeniedLot         Code = "lot"                // the quantity is not a multiple of the lot size
	DeniedTick        Code = "tick"               // the price is not on the tick grid
	DeniedMinQuantity Code = "min_quantity"       // less than the venue takes
	DeniedMinNotional Code = "min_notional"       // worth less than the venue takes
	DeniedNoPrice     Code = "no_price"           // a market order and no price to value it at
	DeniedRange       Code = "range"              // price times quantity is beyond a Decimal
	DeniedExhausted   Code = "exhausted"          // the account has used up its order numbers
)

// Codes returns every code of a denial.
func Codes() []Code {
	return []Code{DeniedAccount, DeniedDuplicate, DeniedQueueFull, DeniedJournal, DeniedHalted, DeniedReconciling,
		DeniedInstrument, DeniedUntrusted, DeniedOpenOrders, DeniedLot, DeniedTick, DeniedMinQuantity, DeniedMinNotional,
		DeniedNoPrice, DeniedRange, DeniedExhausted}
}

// line is what the gateway knows of one listed instrument.
type line struct {
	listing market.Listing
	quote   message.Quote
	trusted bool
}

// deny returns why an intent may not become an order; an empty code lets it. The order of the
// checks is: the account as a whole, the data, the bounds, the order's own figures.
func (c *Core) deny(f message.OrderIntentFields) (Code, string) {
	if c.halted != "" {
		return DeniedHalted, c.halted
	}
	if c.reconciling != "" {
		return DeniedReconciling, c.reconciling
	}
	l, ok := c.lines[f.Instrument]
	if !ok {
		return DeniedInstrument, fmt.Sprintf("%v is not among the account's listings", f.Instrument)
	}
	if !l.trusted {
		return DeniedUntrusted, fmt.Sprintf("data of %v is not trusted, or has not come yet", f.Instrument)
	}
	if c.open >= c.cfg.OpenOrdersMax {
		return DeniedOpenOrders, fmt.Sprintf("%d orders are open, the most allowed", c.open)
	}
	if err := checkCount(c.orderSeq + 1); err != nil {
		return DeniedExhausted, err.Error()
	}
	return l.deny(f)
}

// deny checks the order's figures against what the venue lists.
func (l *line) deny(f message.OrderIntentFields) (Code, string) {
	if lot := l.listing.LotSize; !lot.IsZero() && !f.Quantity.IsMultipleOf(lot.Decimal) {
		return DeniedLot, fmt.Sprintf("quantity %v is not a multiple of the lot size %v", f.Quantity, lot)
	}
	if f.Quantity.Less(l.listing.MinQuantity.Decimal) {
		return DeniedMinQuantity, fmt.Sprintf("quantity %v is below %v", f.Quantity, l.listing.MinQuantity)
	}
	price := f.Price
	if f.Type == market.Limit {
		if ticks := l.listing.Ticks; !ticks.Valid(price) {
			if ticks.IsZero() {
				return DeniedTick, fmt.Sprintf("the tick size of %v is not known: only market orders can be placed", f.Instrument)
			}
			return DeniedTick, fmt.Sprintf("price %v is not on the tick grid, which moves by %v there", price, ticks.Size(price))
		}
	} else if price = touch(l.quote, f.Side); price.IsZero() {
		return DeniedNoPrice, fmt.Sprintf("no price of %v is known to value a market order at", f.Instrument)
	}
	notional, err := price.MulRound(f.Quantity.Decimal)
	if err != nil {
		return DeniedRange, fmt.Sprintf("%v at %v: %v", f.Quantity, price, err)
	}
	if notional.Less(l.listing.MinNotional.Decimal) {
		return DeniedMinNotional, fmt.Sprintf("%v at %v is %v, below %v", f.Quantity, price, notional, l.listing.MinNotional)
	}
	return "", ""
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
