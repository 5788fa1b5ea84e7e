package message

import (
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// OrderTerms is what an order asks of the market. Terms are comparable: two orders ask for the
// same exactly if their terms are equal.
type OrderTerms struct {
	Side        market.Side
	Type        market.OrderType
	TimeInForce market.TimeInForce
	ExecInst    market.ExecInst
	Price       market.Price     // FIX 44, of limit and stop-limit orders, else zero
	StopPrice   market.Price     // FIX 99, of stop and stop-limit orders, else zero
	Quantity    market.Quantity  // FIX 38
	ExpireAt    market.Timestamp // FIX 126, of GTD orders, else zero
}

// Fault returns what is wrong with the terms in themselves; empty: nothing is.
func (t OrderTerms) Fault() string {
	switch {
	case t.Side != market.Buy && t.Side != market.Sell:
		return fmt.Sprintf("side %v", t.Side)
	case t.Type < market.Market || t.Type > market.StopLimit:
		return fmt.Sprintf("order type %v", t.Type)
	case t.TimeInForce < market.GTC || t.TimeInForce > market.GTD:
		return fmt.Sprintf("time in force %v", t.TimeInForce)
	case t.ExecInst&^market.ExecInstAll != 0:
		return fmt.Sprintf("instruction %v", t.ExecInst)
	case t.Quantity.Sign() <= 0:
		return fmt.Sprintf("quantity %v", t.Quantity)
	case t.Price.Sign() < 0 || t.Type.HasPrice() != (t.Price.Sign() > 0):
		return fmt.Sprintf("%v order with price %v", t.Type, t.Price)
	case t.StopPrice.Sign() < 0 || t.Type.HasStopPrice() != (t.StopPrice.Sign() > 0):
		return fmt.Sprintf("%v order with stop price %v", t.Type, t.StopPrice)
	case (t.TimeInForce == market.GTD) != (t.ExpireAt > 0):
		return fmt.Sprintf("%v order that expires at %v", t.TimeInForce, t.ExpireAt)
	case t.ExecInst.Has(market.PostOnly) && (t.Type != market.Limit || !t.TimeInForce.Rests()):
		return fmt.Sprintf("a post-only order cannot be %v %v", t.Type, t.TimeInForce)
	}
	return ""
}

func (t OrderTerms) String() string {
	s := fmt.Sprintf("%v %v %v %v @ %v", t.Side, t.Type, t.TimeInForce, t.Quantity, t.Price)
	if t.StopPrice.Sign() > 0 {
		s += fmt.Sprintf(" stop %v", t.StopPrice)
	}
	if t.ExecInst != 0 {
		s += " " + t.ExecInst.String()
	}
	if t.ExpireAt > 0 {
		s += fmt.Sprintf(" until %v", t.ExpireAt)
	}
	return s
}

// Contingency ties an order to others of its strategy (FIX 1385). The runtime keeps to it where
// the venue does not.
type Contingency struct {
	// Parent is the IntentSeq of the order that must fill first; zero: none. The child is held
	// until then, and its quantity is never more than what the parent filled (FIX 1385=2, one
	// triggers the other). A parent that ends without a fill cancels it.
	Parent uint64
	// Group is a number that the strategy gives to orders that share their quantity; zero: none.
	// What one of them fills the others no longer may, and at most one of them is at the venue
	// at a time (FIX 1385=1, one cancels the other): at most one is no stop.
	Group uint64
}

// OrderKind is one kind of order that a venue takes.
type OrderKind struct {
	Side        market.Side // 0: both
	Type        market.OrderType
	TimeInForce market.TimeInForce
	ExecInst    market.ExecInst // those that it may carry
}

// AmendSupport says which changes of an open order a venue makes under the same id.
type AmendSupport uint8

const (
	AmendNone   AmendSupport = iota // none: the gateway cancels the order and makes a new one
	AmendReduce                     // a smaller quantity
	AmendFull                       // price and quantity
)

// OrderSupport is what a venue can do with orders. It is a value; do not change Kinds.
type OrderSupport struct {
	Kinds []OrderKind
	Amend AmendSupport
	// ClientOrderIDs: the venue takes our id with an order and finds the order by it.
	ClientOrderIDs bool
	// Validity bounds how long after it was sent a request may still be taken up by the venue
	// (Binance: recvWindow). Zero: it cannot be bounded, and that an order never arrived cannot
	// be proven.
	Validity time.Duration
	// CancelOnDisconnect: the venue cancels our orders when we are gone, and the adapter has armed
	// that.
	CancelOnDisconnect bool
}

// Refuses returns why the venue does not take an order of these terms; empty: it does.
// Reduce-only is kept by the gateway wherever a venue has no such instruction and needs no kind.
func (s OrderSupport) Refuses(t OrderTerms) string {
	want := t.ExecInst &^ market.ReduceOnly
	near := ""
	for _, k := range s.Kinds {
		if k.Type != t.Type {
			continue
		}
		switch {
		case k.Side != 0 && k.Side != t.Side:
			near = fmt.Sprintf("takes %v orders to %v only", k.Type, k.Side)
		case k.TimeInForce != t.TimeInForce:
			if near == "" {
				near = fmt.Sprintf("takes no %v orders that are %v", t.Type, t.TimeInForce)
			}
		case !k.ExecInst.Has(want):
			near = fmt.Sprintf("takes no %v %v orders that are %v", t.Type, t.TimeInForce, want)
		default:
			return ""
		}
	}
	if near == "" {
		near = fmt.Sprintf("takes no %v orders", t.Type)
	}
	return "the venue " + near
}
