package wire

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire/wirepb"
)

func (w *writer) origin(o message.Origin) *wirepb.Origins {
	c := newOrigins(w, 1)
	c.add(o)
	return c.done()
}

func (w *writer) classified(f message.ClassifiedFields) *wirepb.Classified {
	return &wirepb.Classified{
		Origin: w.origin(f.Origin), Engine: []byte(f.Engine), Version: []byte(f.Version), From: []byte(f.From), To: []byte(f.To),
		Bid: w.unsigned(f.Quote.Bid.Decimal), Ask: w.unsigned(f.Quote.Ask.Decimal), Last: w.unsigned(f.Quote.Last.Decimal),
		BidQuantity: w.unsigned(f.Quote.BidQuantity.Decimal), AskQuantity: w.unsigned(f.Quote.AskQuantity.Decimal),
		Trusted: f.Trusted, Reason: []byte(f.Reason),
	}
}

func (w *writer) orderIntent(f message.OrderIntentFields) *wirepb.OrderIntent {
	return &wirepb.OrderIntent{
		Origin: w.origin(f.Origin), Strategy: []byte(f.ID.Strategy), Seq: f.ID.Seq, Account: []byte(f.Account),
		Side: w.side(f.Side), Type: w.orderType(f.Type), TimeInForce: w.timeInForce(f.TimeInForce), ExecInst: w.execInst(f.ExecInst),
		Price: w.unsigned(f.Price.Decimal), StopPrice: w.unsigned(f.StopPrice.Decimal), Quantity: w.unsigned(f.Quantity.Decimal),
		ExpireAt: int64(f.ExpireAt), Parent: f.Parent, Group: f.Group, Reason: []byte(f.Reason),
	}
}

func (w *writer) cancelIntent(f message.CancelIntentFields) *wirepb.CancelIntent {
	return &wirepb.CancelIntent{Strategy: []byte(f.ID.Strategy), Seq: f.ID.Seq, Account: []byte(f.Account),
		Time: int64(f.Time), Reason: []byte(f.Reason), Instrument: w.instrument(f.Instrument)}
}

func (w *writer) amendIntent(f message.AmendIntentFields) *wirepb.AmendIntent {
	return &wirepb.AmendIntent{Strategy: []byte(f.ID.Strategy), Seq: f.ID.Seq, OrderSeq: f.OrderSeq, Account: []byte(f.Account),
		Time: int64(f.Time), Price: w.unsigned(f.Price.Decimal), StopPrice: w.unsigned(f.StopPrice.Decimal),
		Quantity: w.unsigned(f.Quantity.Decimal), Reason: []byte(f.Reason)}
}

func (w *writer) balance(f message.BalanceFields) *wirepb.Balance {
	return &wirepb.Balance{Time: int64(f.Time), Account: []byte(f.Account), Currency: []byte(f.Currency),
		Free: decimal(f.Free.Decimal), Locked: decimal(f.Locked.Decimal)}
}

func (w *writer) orderEvent(f message.OrderEventFields) *wirepb.OrderEvent {
	return &wirepb.OrderEvent{
		Seq: f.Seq, Time: int64(f.Time), Account: []byte(f.Account), Strategy: []byte(f.Strategy), IntentSeq: f.IntentSeq,
		ClientOrderId: []byte(f.ClientOrderID), VenueOrderId: []byte(f.VenueOrderID), Instrument: w.instrument(f.Instrument),
		Replaces: []byte(f.Replaces),
		Side:     w.side(f.Side), Type: w.orderType(f.Type), TimeInForce: w.timeInForce(f.TimeInForce), ExecInst: w.execInst(f.ExecInst),
		Price: w.unsigned(f.Price.Decimal), StopPrice: w.unsigned(f.StopPrice.Decimal), Quantity: w.unsigned(f.Quantity.Decimal),
		ExpireAt: int64(f.ExpireAt), Parent: f.Parent, Group: f.Group,
		TickAt: int64(f.TickAt), DecidedAt: int64(f.DecidedAt), ValidUntil: int64(f.ValidUntil),
		Action: w.action(f.Action), Status: w.enum("order status", uint8(f.Status), lastStatus), Reason: []byte(f.Reason),
		Request: w.request(f.Request), Evidence: w.evidence(f.Evidence),
		NewPrice: w.unsigned(f.NewPrice.Decimal), NewStopPrice: w.unsigned(f.NewStopPrice.Decimal), NewQuantity: w.unsigned(f.NewQuantity.Decimal),
		ExecId:    []byte(f.ExecID),
		LastPrice: w.unsigned(f.LastPrice.Decimal), LastQuantity: w.unsigned(f.LastQuantity.Decimal),
		CumQuantity: w.unsigned(f.CumQuantity.Decimal), LeavesQuantity: w.unsigned(f.LeavesQuantity.Decimal),
		AveragePrice: w.unsigned(f.AveragePrice.Decimal), Fee: decimal(f.Fee.Decimal), FeeCurrency: []byte(f.FeeCurrency),
		LastLiquidityAdd: f.LastLiquidityAdd, Currency: []byte(f.Currency), Amount: decimal(f.Amount.Decimal),
	}
}

func (w *writer) position(f message.PositionFields) *wirepb.Position {
	return &wirepb.Position{
		Time: int64(f.Time), Account: []byte(f.Account), Strategy: []byte(f.Strategy), Instrument: w.instrument(f.Instrument),
		Quantity: decimal(f.Quantity), AveragePrice: w.unsigned(f.AveragePrice.Decimal), Cost: decimal(f.Cost.Decimal),
		Realized: decimal(f.Realized.Decimal), Unrealized: decimal(f.Unrealized.Decimal), Fees: decimal(f.Fees.Decimal),
		Mark: w.unsigned(f.Mark.Decimal),
	}
}

func (w *writer) executionReport(f message.ExecutionReportFields) *wirepb.ExecutionReport {
	return &wirepb.ExecutionReport{
		Time: int64(f.Time), ClientOrderId: []byte(f.ClientOrderID), VenueOrderId: []byte(f.VenueOrderID),
		Instrument: w.instrument(f.Instrument),
		Side:       w.side(f.Side), Type: w.orderType(f.Type), TimeInForce: w.timeInForce(f.TimeInForce), ExecInst: w.execInst(f.ExecInst),
		Price: w.unsigned(f.Price.Decimal), StopPrice: w.unsigned(f.StopPrice.Decimal), Quantity: w.unsigned(f.Quantity.Decimal),
		ExpireAt: int64(f.ExpireAt), CumQuantity: w.unsigned(f.CumQuantity.Decimal),
		Action: w.action(f.Action), Reason: []byte(f.Reason), Request: w.request(f.Request), Evidence: w.evidence(f.Evidence),
		ExecId:    []byte(f.ExecID),
		LastPrice: w.unsigned(f.LastPrice.Decimal), LastQuantity: w.unsigned(f.LastQuantity.Decimal),
		Fee: decimal(f.Fee.Decimal), FeeCurrency: []byte(f.FeeCurrency), LastLiquidityAdd: f.LastLiquidityAdd,
	}
}

func (w *writer) side(v market.Side) uint32 { return w.enum("side", uint8(v), lastSide) }

func (w *writer) orderType(v market.OrderType) uint32 {
	return w.enum("order type", uint8(v), lastOrderType)
}

func (w *writer) timeInForce(v market.TimeInForce) uint32 {
	return w.enum("time in force", uint8(v), lastTimeInForce)
}

func (w *writer) execInst(v market.ExecInst) uint32 {
	return w.enum("instruction", uint8(v), uint8(market.ExecInstAll))
}

func (w *writer) action(v message.OrderAction) uint32 {
	return w.enum("order action", uint8(v), lastAction)
}

func (w *writer) request(v message.OrderRequest) uint32 {
	return w.enum("order request", uint8(v), uint8(message.RequestAmend))
}

func (w *writer) evidence(v message.Evidence) uint32 {
	return w.enum("evidence", uint8(v), uint8(message.EvidenceAll))
}
