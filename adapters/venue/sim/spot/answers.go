package spot

// The shapes of answers about orders (rest-api.md, Trading endpoints and Account Endpoints).

// appendPlaced writes the answer to a placement: ACK, RESULT or FULL. first is the index of the order's
// first fill.
func (v *Venue) appendPlaced(w *writer, o *order, first int) {
	w.begin('{')
	w.text("symbol", v.symbol(o.instrument))
	w.id("orderId", o.id)
	w.int("orderListId", -1)
	w.text("clientOrderId", o.clientID)
	w.time("transactTime", v.Clock())
	if o.resp != respACK {
		v.appendState(w, o)
		if o.working != 0 {
			w.time("workingTime", o.working.Add(v.skew))
		}
		w.text("selfTradePreventionMode", string(o.stp))
		appendConditional(w, o)
	}
	if o.resp == respFull {
		w.array("fills")
		for _, f := range o.account.fills[min(first, len(o.account.fills)):] {
			if f.order != o {
				continue
			}
			w.begin('{')
			w.fixed("price", f.price)
			w.fixed("qty", f.quantity)
			w.amount("commission", f.commission)
			w.text("commissionAsset", f.asset)
			w.id("tradeId", f.trade)
			w.end('}')
		}
		w.end(']')
	}
	w.end('}')
}

// appendState writes what all answers about an order share.
func (v *Venue) appendState(w *writer, o *order) {
	w.fixed("price", o.price)
	w.fixed("origQty", o.quantity)
	w.fixed("executedQty", o.executed)
	w.fixed("origQuoteOrderQty", o.quoteQty)
	w.amount("cummulativeQuoteQty", o.quote)
	w.text("status", string(o.status))
	w.text("timeInForce", string(o.tif))
	w.text("type", string(o.kind))
	w.text("side", word(o.side))
}

// appendConditional writes what only some orders have.
func appendConditional(w *writer, o *order) {
	if o.kind.contingent() {
		w.fixed("stopPrice", o.stop)
	}
	if o.strategy >= 0 {
		w.int("strategyId", o.strategy)
	}
	if o.strategyOf >= 0 {
		w.int("strategyType", o.strategyOf)
	}
	if o.matchID >= 0 {
		w.int("preventedMatchId", o.matchID)
		w.fixed("preventedQuantity", o.prevented)
	}
	if o.reason != "" {
		w.text("expiryReason", o.reason)
	}
}

func (v *Venue) appendCanceled(w *writer, o *order, id string) {
	w.begin('{')
	w.text("symbol", v.symbol(o.instrument))
	w.text("origClientOrderId", o.clientID)
	w.id("orderId", o.id)
	w.int("orderListId", -1)
	w.text("clientOrderId", id)
	w.time("transactTime", v.Clock())
	v.appendState(w, o)
	w.text("selfTradePreventionMode", string(o.stp))
	appendConditional(w, o)
	w.end('}')
}

func (v *Venue) appendAmended(w *writer, o *order) {
	w.begin('{')
	w.time("transactTime", v.Clock())
	w.int("executionId", v.executions)
	w.object("amendedOrder")
	w.text("symbol", v.symbol(o.instrument))
	w.id("orderId", o.id)
	w.int("orderListId", -1)
	w.text("origClientOrderId", o.replaced)
	w.text("clientOrderId", o.clientID)
	w.fixed("price", o.price)
	w.fixed("qty", o.quantity)
	w.fixed("executedQty", o.executed)
	w.fixed("preventedQty", o.prevented)
	w.fixed("quoteOrderQty", o.quoteQty)
	w.amount("cumulativeQuoteQty", o.quote)
	w.text("status", string(o.status))
	w.text("timeInForce", string(o.tif))
	w.text("type", string(o.kind))
	w.text("side", word(o.side))
	if o.working != 0 {
		w.time("workingTime", o.working.Add(v.skew))
	}
	w.text("selfTradePreventionMode", string(o.stp))
	w.end('}')
	w.end('}')
}

// appendOrder writes an order as queries answer it.
func (v *Venue) appendOrder(w *writer, o *order) {
	w.begin('{')
	w.text("symbol", v.symbol(o.instrument))
	w.id("orderId", o.id)
	w.int("orderListId", -1)
	w.text("clientOrderId", o.clientID)
	w.fixed("price", o.price)
	w.fixed("origQty", o.quantity)
	w.fixed("executedQty", o.executed)
	w.amount("cummulativeQuoteQty", o.quote)
	w.text("status", string(o.status))
	w.text("timeInForce", string(o.tif))
	w.text("type", string(o.kind))
	w.text("side", word(o.side))
	w.fixed("stopPrice", o.stop)
	w.fixed("icebergQty", 0)
	w.time("time", o.created.Add(v.skew))
	w.time("updateTime", o.updated.Add(v.skew))
	w.bool("isWorking", !o.waiting)
	if o.working != 0 {
		w.time("workingTime", o.working.Add(v.skew))
	} else {
		w.int("workingTime", -1)
	}
	w.fixed("origQuoteOrderQty", o.quoteQty)
	w.text("selfTradePreventionMode", string(o.stp))
	if o.strategy >= 0 {
		w.int("strategyId", o.strategy)
	}
	if o.strategyOf >= 0 {
		w.int("strategyType", o.strategyOf)
	}
	if o.matchID >= 0 {
		w.int("preventedMatchId", o.matchID)
		w.fixed("preventedQuantity", o.prevented)
	}
	if o.reason != "" {
		w.text("expiryReason", o.reason)
	}
	w.end('}')
}
