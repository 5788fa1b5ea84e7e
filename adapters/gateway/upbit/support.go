package upbit

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Support returns what Upbit takes (docs.upbit.com/kr/reference/new-order, page of 2026-11-04):
//
//   - Limit orders, GTC (post-only or not), IOC and FOK.
//   - Market orders to sell a quantity. To buy at market Upbit takes an amount of money and no quantity,
//     which is another order than the one that was decided and checked: a limit order that is IOC, at the
//     highest price to pay, buys a quantity at once. What does not fill of a market order is canceled, so
//     GTC and IOC mean the same.
//   - No stop orders: reserved orders are placed in the app alone.
//
// Amend is none. Upbit's cancel_and_new ends the order and makes another one with a new uuid, which needs
// an identifier of its own, and makes none if the order fills first: it is no change of an order, and
// an answer that is lost would leave two orders unknown at once. The gateway cancels and places anew,
// each step with its own record.
//
// Validity is zero: requests carry no time (the token's nonce is only checked to be new), so that a
// request may be taken up however late, and that an order never arrived is not proven by waiting.
//
// Upbit has nothing that cancels orders when a connection is lost (as of 2026-11).
func (g *Gateway) Support() message.OrderSupport { return support() }

func support() message.OrderSupport {
	return message.OrderSupport{
		Kinds: []message.OrderKind{
			{Type: market.Limit, TimeInForce: market.GTC, ExecInst: market.PostOnly},
			{Type: market.Limit, TimeInForce: market.IOC},
			{Type: market.Limit, TimeInForce: market.FOK},
			{Side: market.Sell, Type: market.Market, TimeInForce: market.GTC},
			{Side: market.Sell, Type: market.Market, TimeInForce: market.IOC},
		},
		Amend:          message.AmendNone,
		ClientOrderIDs: true,
	}
}
