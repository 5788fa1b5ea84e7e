package spot

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// orderType, timeInForce, status and the others are the words of Binance (enums.md).
type (
	orderType   string
	timeInForce string
	status      string
	stpMode     string
	executed    string // execution type
	respType    string
)

const (
	typeLimit           orderType = "LIMIT"
	typeMarket          orderType = "MARKET"
	typeStopLoss        orderType = "STOP_LOSS"
	typeStopLossLimit   orderType = "STOP_LOSS_LIMIT"
	typeTakeProfit      orderType = "TAKE_PROFIT"
	typeTakeProfitLimit orderType = "TAKE_PROFIT_LIMIT"
	typeLimitMaker      orderType = "LIMIT_MAKER"

	tifGTC timeInForce = "GTC"
	tifIOC timeInForce = "IOC"
	tifFOK timeInForce = "FOK"

	statusNew            status = "NEW"
	statusPartial        status = "PARTIALLY_FILLED"
	statusFilled         status = "FILLED"
	statusCanceled       status = "CANCELED"
	statusExpired        status = "EXPIRED"
	statusExpiredInMatch status = "EXPIRED_IN_MATCH"

	stpNone        stpMode = "NONE"
	stpExpireTaker stpMode = "EXPIRE_TAKER"
	stpExpireMaker stpMode = "EXPIRE_MAKER"
	stpExpireBoth  stpMode = "EXPIRE_BOTH"
	stpDecrement   stpMode = "DECREMENT"

	execNew      executed = "NEW"
	execCanceled executed = "CANCELED"
	execReplaced executed = "REPLACED"
	execTrade    executed = "TRADE"
	execExpired  executed = "EXPIRED"
	execPrevent  executed = "TRADE_PREVENTION"

	respACK    respType = "ACK"
	respResult respType = "RESULT"
	respFull   respType = "FULL"

	reasonIOC       = "UNFILLED_IOC_QUANTITY_EXPIRED"
	reasonFOK       = "UNFILLED_FOK_ORDER_EXPIRED"
	reasonLiquidity = "INSUFFICIENT_LIQUIDITY"
	reasonRejected  = "REJECTED"
)

// orderTypes are what every symbol takes.
var orderTypes = []orderType{typeLimit, typeLimitMaker, typeMarket, typeStopLoss, typeStopLossLimit, typeTakeProfit, typeTakeProfitLimit}

// stpModes are what every symbol allows; stpDefault is what an order without one gets.
var stpModes = []stpMode{stpNone, stpExpireTaker, stpExpireMaker, stpExpireBoth, stpDecrement}

const stpDefault = stpExpireMaker

// contingent orders wait for a stop price.
func (t orderType) contingent() bool {
	return t == typeStopLoss || t == typeStopLossLimit || t == typeTakeProfit || t == typeTakeProfitLimit
}

// priced orders have a limit price, and may rest.
func (t orderType) priced() bool {
	return t == typeLimit || t == typeLimitMaker || t == typeStopLossLimit || t == typeTakeProfitLimit
}

// entry is an order as it is asked for, checked for form.
type entry struct {
	instrument int
	side       market.Side
	kind       orderType
	tif        timeInForce
	quantity   sim.Fixed
	quoteQty   sim.Fixed
	price      sim.Fixed
	stop       sim.Fixed
	clientID   string // given or made up
	strategy   int64  // -1: none
	strategyOf int64  // strategyType; -1: none
	stp        stpMode
	resp       respType
}

// order is one order of an account, from its acceptance on.
//
// Invariant: while it is open, locked is what it may still need: price × leaves of the quote asset for
// a bid, leaves of the base asset for an offer, stop × leaves for a bid at market that waits.
type order struct {
	entry
	id        uint64
	account   *account
	status    status
	executed  sim.Fixed
	quote     market.Decimal // paid or received so far
	prevented sim.Fixed      // expired by self-trade prevention
	matchID   int64          // of the first prevented match; -1: none
	reason    string         // of expiry
	resting   bool           // it stands in the book
	waiting   bool           // for its stop price
	working   market.Timestamp
	created   market.Timestamp
	updated   market.Timestamp
	locked    market.Decimal
	amends    int
	replaced  string // the client id before the last amendment
	fills     int    // how many
}

// leaves is what may still be filled.
func (o *order) leaves() sim.Fixed { return o.quantity - o.executed - o.prevented }

// open reports whether more may come of it.
func (o *order) open() bool { return o.status == statusNew || o.status == statusPartial }

// fill is one execution of an order.
type fill struct {
	order      *order
	trade      uint64
	price      sim.Fixed
	quantity   sim.Fixed
	quote      market.Decimal
	commission market.Decimal
	asset      string // of the commission
	at         market.Timestamp
	maker      bool
}

// word returns BUY or SELL.
func word(s market.Side) string {
	if s == market.Buy {
		return "BUY"
	}
	return "SELL"
}
