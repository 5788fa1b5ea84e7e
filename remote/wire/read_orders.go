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
		Origin:     r.origin(pb.GetOrigin()),
		ID:         message.IntentID{Strategy: message.StrategyName(pb.GetStrategy()), Seq: pb.GetSeq()},
		Account:    message.AccountName(pb.GetAccount()),
		OrderTerms: r.terms(pb), Contingency: message.Contingency{Parent: pb.GetParent(), Group: pb.GetGroup()},
		Reason: string(pb.GetReason()),
	})
}

func (r *reader) cancelIntent(pb *wirepb.CancelIntent) (message.Message, error) {
	return message.NewCancelIntent(message.CancelIntentFields{
		ID:      message.IntentID{Strategy: message.StrategyName(pb.GetStrategy()), Seq: pb.GetSeq()},
		Account: message.AccountName(pb.GetAccount()), Time: market.Timestamp(pb.GetTime()), Reason: string(pb.GetReason()),
		Instrument: r.instrument(pb.GetInstrument()),
	})
}

func (r *reader) amendIntent(pb *wirepb.AmendIntent) (message.Message, error) {
	return message.NewAmendIntent(message.AmendIntentFields{
		ID:       message.IntentID{Strategy: message.StrategyName(pb.GetStrategy()), Seq: pb.GetSeq()},
		OrderSeq: pb.GetOrderSeq(), Account: message.AccountName(pb.GetAccount()), Time: market.Timestamp(pb.GetTime()),
		Price: r.price("price", pb.GetPrice()), StopPrice: r.price("stop price", pb.GetStopPrice()),
		Quantity: r.quantity("quantity", pb.GetQuantity()), Reason: string(pb.GetReason()),
	})
}

func (r *reader) balance(pb *wirepb.Balance) (message.Message, error) {
	return message.NewBalance(message.BalanceFields{
		Time: market.Timestamp(pb.GetTime()), Account: message.AccountName(pb.GetAccount()), Currency: string(pb.GetCurrency()),
		Free: r.amount("free", pb.GetFree()), Locked: r.amount("locked", pb.GetLocked()),
	})
}

func (r *reader) orderEvent(pb *wirepb.OrderEvent) (message.Message, error) {
	return message.NewOrderEvent(message.OrderEventFields{
		Seq: pb.GetSeq(), Time: market.Timestamp(pb.GetTime()), Account: message.AccountName(pb.GetAccount()),
		Strategy: message.StrategyName(pb.GetStrategy()), IntentSeq: pb.GetIntentSeq(),
		ClientOrderID: message.ClientOrderID(pb.GetClientOrderId()), VenueOrderID: message.VenueOrderID(pb.GetVenueOrderId()),
		Replaces: message.ClientOrderID(pb.GetReplaces()), Instrument: r.instrument(pb.GetInstrument()),
		OrderTerms: r.terms(pb), Contingency: message.Contingency{Parent: pb.GetParent(), Group: pb.GetGroup()},
		TickAt: market.Timestamp(pb.GetTickAt()), DecidedAt: market.Timestamp(pb.GetDecidedAt()), ValidUntil: market.Timestamp(pb.GetValidUntil()),
		Action: r.orderAction(pb.GetAction()),
		Status: message.OrderStatus(r.enum("order status", pb.GetStatus(), lastStatus)),
		Reason: string(pb.GetReason()), Request: r.request(pb.GetRequest()), Evidence: r.evidence(pb.GetEvidence()),
		NewPrice: r.price("new price", pb.GetNewPrice()), NewStopPrice: r.price("new stop price", pb.GetNewStopPrice()),
		NewQuantity: r.quantity("new quantity", pb.GetNewQuantity()), ExecID: message.ExecID(pb.GetExecId()),
		LastPrice: r.price("last price", pb.GetLastPrice()), LastQuantity: r.quantity("last quantity", pb.GetLastQuantity()),
		CumQuantity:    r.quantity("cumulated quantity", pb.GetCumQuantity()),
		LeavesQuantity: r.quantity("leaves quantity", pb.GetLeavesQuantity()),
		AveragePrice:   r.price("average price", pb.GetAveragePrice()),
		Fee:            r.amount("fee", pb.GetFee()), FeeCurrency: string(pb.GetFeeCurrency()), LastLiquidityAdd: pb.GetLastLiquidityAdd(),
		Currency: string(pb.GetCurrency()), Amount: r.amount("amount", pb.GetAmount()),
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
		VenueOrderID: message.VenueOrderID(pb.GetVenueOrderId()), Instrument: r.instrument(pb.GetInstrument()),
		OrderTerms: r.terms(pb), CumQuantity: r.quantity("cumulated quantity", pb.GetCumQuantity()),
		Action: r.orderAction(pb.GetAction()), Reason: string(pb.GetReason()),
		Request: r.request(pb.GetRequest()), Evidence: r.evidence(pb.GetEvidence()), ExecID: message.ExecID(pb.GetExecId()),
		LastPrice: r.price("last price", pb.GetLastPrice()), LastQuantity: r.quantity("last quantity", pb.GetLastQuantity()),
		Fee: r.amount("fee", pb.GetFee()), FeeCurrency: string(pb.GetFeeCurrency()), LastLiquidityAdd: pb.GetLastLiquidityAdd(),
	})
}

// terms are the fields that every message with an order's terms has.
type terms interface {
	GetSide() uint32
	GetType() uint32
	GetTimeInForce() uint32
	GetExecInst() uint32
	GetPrice() *wirepb.Decimal
	GetStopPrice() *wirepb.Decimal
	GetQuantity() *wirepb.Decimal
	GetExpireAt() int64
}

func (r *reader) terms(pb terms) message.OrderTerms {
	return message.OrderTerms{
		Side:        market.Side(r.enum("side", pb.GetSide(), lastSide)),
		Type:        market.OrderType(r.enum("order type", pb.GetType(), lastOrderType)),
		TimeInForce: market.TimeInForce(r.enum("time in force", pb.GetTimeInForce(), lastTimeInForce)),
		ExecInst:    market.ExecInst(r.enum("instruction", pb.GetExecInst(), uint8(market.ExecInstAll))),
		Price:       r.price("price", pb.GetPrice()), StopPrice: r.price("stop price", pb.GetStopPrice()),
		Quantity: r.quantity("quantity", pb.GetQuantity()), ExpireAt: market.Timestamp(pb.GetExpireAt()),
	}
}

func (r *reader) orderAction(v uint32) message.OrderAction {
	return message.OrderAction(r.enum("order action", v, lastAction))
}

func (r *reader) request(v uint32) message.OrderRequest {
	return message.OrderRequest(r.enum("order request", v, uint8(message.RequestAmend)))
}

func (r *reader) evidence(v uint32) message.Evidence {
	return message.Evidence(r.enum("evidence", v, uint8(message.EvidenceAll)))
}
