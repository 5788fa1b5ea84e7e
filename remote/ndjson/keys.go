package ndjson

// key is one of the keys a line may have.
type key uint8

const (
	keyType key = iota
	keyVenue
	keyInstrument
	keySymbol
	keyTime
	keyReceived
	keyTimestamp

	keyOpeningPrice
	keyTradePrice
	keyHighPrice
	keyLowPrice
	keyPrevClosingPrice
	keyVolume24h
	keyChangePrice
	keyChangeRate
	keyChangeBase
	keySpan

	keyPrice
	keyQuantity
	keySide
	keyID

	keyBid
	keyBidQuantity
	keyAsk
	keyAskQuantity
	keyLast

	keyKind
	keyBids
	keyAsks
	keyFirstID
	keyLastID
	keyPrevID

	keyInterval
	keyStart
	keyOpen
	keyHigh
	keyLow
	keyClose
	keyVolume
	keyTurnover
	keyTrades
	keyClosed

	keyTrusted
	keyReason
	keyCode
	keyDetail

	keyEngine
	keyVersion
	keyFrom
	keyTo

	keyStrategy
	keySeq
	keyAccount
	keyOrderType
	keyTimeInForce
	keyIntentSeq
	keyClientOrderID
	keyVenueOrderID
	keyAction
	keyStatus
	keyDecidedAt
	keyExecID
	keyLastPrice
	keyLastQuantity
	keyCumQuantity
	keyLeavesQuantity
	keyAveragePrice
	keyFee
	keyFeeCurrency
	keyLastLiquidityAdd
	keyStopPrice
	keyExecInst
	keyExpireAt
	keyParent
	keyGroup
	keyTickAt
	keyValidUntil
	keyReplaces
	keyRequest
	keyEvidence
	keyNewPrice
	keyNewStopPrice
	keyNewQuantity
	keyCurrency
	keyAmount
	keyOrderSeq

	keyFree
	keyLocked

	keyCost
	keyRealized
	keyUnrealized
	keyFees
	keyMark

	keyEnd
)

var keyNames = [keyEnd]string{
	keyType: "type", keyVenue: "venue", keyInstrument: "instrument", keySymbol: "symbol", keyTime: "time",
	keyReceived: "received", keyTimestamp: "timestamp",
	keyOpeningPrice: "opening_price", keyTradePrice: "trade_price", keyHighPrice: "high_price", keyLowPrice: "low_price",
	keyPrevClosingPrice: "prev_closing_price", keyVolume24h: "acc_trade_volume_24h", keyChangePrice: "signed_change_price",
	keyChangeRate: "signed_change_rate", keyChangeBase: "change_base", keySpan: "span",
	keyPrice: "price", keyQuantity: "quantity", keySide: "side", keyID: "id",
	keyBid: "bid", keyBidQuantity: "bid_quantity", keyAsk: "ask", keyAskQuantity: "ask_quantity", keyLast: "last",
	keyKind: "kind", keyBids: "bids", keyAsks: "asks", keyFirstID: "first_id", keyLastID: "last_id", keyPrevID: "prev_id",
	keyInterval: "interval", keyStart: "start", keyOpen: "open", keyHigh: "high", keyLow: "low", keyClose: "close",
	keyVolume: "volume", keyTurnover: "turnover", keyTrades: "trades", keyClosed: "closed",
	keyTrusted: "trusted", keyReason: "reason", keyCode: "code", keyDetail: "detail",
	keyEngine: "engine", keyVersion: "version", keyFrom: "from", keyTo: "to",
	keyStrategy: "strategy", keySeq: "seq", keyAccount: "account", keyOrderType: "order_type", keyTimeInForce: "time_in_force",
	keyIntentSeq: "intent_seq", keyClientOrderID: "client_order_id", keyVenueOrderID: "venue_order_id", keyAction: "action",
	keyStatus: "status", keyDecidedAt: "decided_at", keyExecID: "exec_id", keyLastPrice: "last_price",
	keyLastQuantity: "last_quantity", keyCumQuantity: "cum_quantity", keyLeavesQuantity: "leaves_quantity",
	keyAveragePrice: "average_price", keyFee: "fee", keyFeeCurrency: "fee_currency", keyLastLiquidityAdd: "last_liquidity_add",
	keyStopPrice: "stop_price", keyExecInst: "exec_inst", keyExpireAt: "expire_at", keyParent: "parent", keyGroup: "group",
	keyTickAt: "tick_at", keyValidUntil: "valid_until", keyReplaces: "replaces", keyRequest: "request", keyEvidence: "evidence",
	keyNewPrice: "new_price", keyNewStopPrice: "new_stop_price", keyNewQuantity: "new_quantity",
	keyCurrency: "currency", keyAmount: "amount", keyOrderSeq: "order_seq", keyFree: "free", keyLocked: "locked",
	keyCost: "cost", keyRealized: "realized", keyUnrealized: "unrealized", keyFees: "fees", keyMark: "mark",
}

var keyOf = func() map[string]key {
	m := make(map[string]key, keyEnd)
	for k, name := range keyNames {
		m[name] = key(k)
	}
	return m
}()

func (k key) String() string { return keyNames[k] }
