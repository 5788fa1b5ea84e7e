package wire

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire/wirepb"
)

// The arguments of each constructor call are read first; Unmarshal looks at the reader's fault
// before it believes the message.

func (r *reader) origin(pb *wirepb.Origins) message.Origin {
	c, rows := r.readOrigins(pb)
	if rows != 1 {
		r.fail("an origin of %d rows, want 1", rows)
		return message.Origin{}
	}
	return c.at(0)
}

func (r *reader) classified(pb *wirepb.Classified) (message.Message, error) {
	return message.NewClassified(message.ClassifiedFields{
		Origin: r.origin(pb.GetOrigin()), Engine: message.EngineName(pb.GetEngine()), Version: string(pb.GetVersion()),
		From: message.ClassName(pb.GetFrom()), To: message.ClassName(pb.GetTo()),
		Quote: message.Quote{
			Bid: r.price("bid", pb.GetBid()), Ask: r.price("ask", pb.GetAsk()), Last: r.price("last", pb.GetLast()),
			BidQuantity: r.quantity("bid quantity", pb.GetBidQuantity()), AskQuantity: r.quantity("ask quantity", pb.GetAskQuantity()),
		},
		Trusted: pb.GetTrusted(), Reason: string(pb.GetReason()),
	})
}

func (r *reader) orderIntent(pb *wirepb.OrderIntent) (message.Message, error) {
	return message.NewOrderIntent(message.OrderIntentFields{
		Origin:  r.origin(pb.GetOrigin()),
		ID:      message.IntentID{Strategy: message.StrategyName(pb.GetStrategy()), Seq: pb.GetSeq()},
		Account: message.AccountName(pb.GetAccount()),
		Side:    r.side(pb.GetSide()), Type: r.orderType(pb.GetType()), TimeInForce: r.timeInForce(pb.GetTimeInForce()),
		Price: r.price("price", pb.GetPrice()), Quantity: r.quantity("quantity", pb.GetQuantity()), Reason: string(pb.GetReason()),
	})
}

func (r *reader) cancelIntent(pb *wirepb.CancelIntent) (message.Message, error) {
	return message.NewCancelIntent(message.CancelIntentFields{
		ID:      message.IntentID{Strategy: message.StrategyName(pb.GetStrategy()), Seq: pb.GetSeq()},
		Account: message.AccountName(pb.GetAccount()), Time: market.Timestamp(pb.GetTime()), Reason: string(pb.GetReason()),
	})
}

func (r *reader) orderEvent(pb *wirepb.OrderEvent) (message.Message, error) {
	return message.NewOrderEvent(message.OrderEventFields{
		Seq: pb.GetSeq(), Time: market.Timestamp(pb.GetTime()), Account: message.AccountName(pb.GetAccount()),
		Strategy: message.StrategyName(pb.GetStrategy()), IntentSeq: pb.GetIntentSeq(),
		ClientOrderID: message.ClientOrderID(pb.GetClientOrderId()), VenueOrderID: message.VenueOrderID(pb.GetVenueOrderId()),
		Instrument: r.instrument(pb.GetInstrument()),
		Side:       r.side(pb.GetSide()), Type: r.orderType(pb.GetType()), TimeInForce: r.timeInForce(pb.GetTimeInForce()),
		Price: r.price("price", pb.GetPrice()), Quantity: r.quantity("quantity", pb.GetQuantity()),
		DecidedAt: market.Timestamp(pb.GetDecidedAt()),
		Action:    r.orderAction(pb.GetAction()),
		Status:    message.OrderStatus(r.enum("order status", pb.GetStatus(), uint8(message.OrderExpired))),
		Reason:    string(pb.GetReason()), ExecID: message.ExecID(pb.GetExecId()),
		LastPrice: r.price("last price", pb.GetLastPrice()), LastQuantity: r.quantity("last quantity", pb.GetLastQuantity()),
		CumQuantity:    r.quantity("cumulated quantity", pb.GetCumQuantity()),
		LeavesQuantity: r.quantity("leaves quantity", pb.GetLeavesQuantity()),
		AveragePrice:   r.price("average price", pb.GetAveragePrice()),
		Fee:            r.amount("fee", pb.GetFee()), FeeCurrency: string(pb.GetFeeCurrency()), LastLiquidityAdd: pb.GetLastLiquidityAdd(),
	})
}

func (r *reader) position(pb *wirepb.Position) (message.Message, error) {
	return message.NewPosition(message.PositionFields{
		Time: market.Timestamp(pb.GetTime()), Account: message.AccountName(pb.GetAccount()),
		Strategy: message.StrategyName(pb.GetStrategy()), Instrument: r.instrument(pb.GetInstrument()),
		Quantity: r.decimal("quantity", pb.GetQuantity(), true), AveragePrice: r.price("average price", pb.GetAveragePrice()),
		Cost: r.amount("cost", pb.GetCost()), Realized: r.amount("realized", pb.GetRealized()),
		Unrealized: r.amount("unrealized", pb.GetUnrealized()), Fees: r.amount("fees", pb.GetFees()), Mark: r.price("mark", pb.GetMark()),
	})
}

func (r *reader) executionReport(pb *wirepb.ExecutionReport) (message.Message, error) {
	return message.NewExecutionReport(message.ExecutionReportFields{
		Time: market.Timestamp(pb.GetTime()), ClientOrderID: message.ClientOrderID(pb.GetClientOrderId()),
		VenueOrderID: message.VenueOrderID(pb.GetVenueOrderId()), Action: r.orderAction(pb.GetAction()),
		Reason: string(pb.GetReason()), ExecID: message.ExecID(pb.GetExecId()),
		LastPrice: r.price("last price", pb.GetLastPrice()), LastQuantity: r.quantity("last quantity", pb.GetLastQuantity()),
		Fee: r.amount("fee", pb.GetFee()), FeeCurrency: string(pb.GetFeeCurrency()), LastLiquidityAdd: pb.GetLastLiquidityAdd(),
	})
}

func (r *reader) orderAction(v uint32) message.OrderAction {
	return message.OrderAction(r.enum("order action", v, uint8(message.ActionExpire)))
}

func (r *reader) side(v uint32) market.Side {
	return market.Side(r.enum("side", v, uint8(market.Sell)))
}

func (r *reader) orderType(v uint32) market.OrderType {
	return market.OrderType(r.enum("order type", v, uint8(market.Limit)))
}

func (r *reader) timeInForce(v uint32) market.TimeInForce {
	return market.TimeInForce(r.enum("time in force", v, uint8(market.FOK)))
}
