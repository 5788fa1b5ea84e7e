package binance

import (
	"strconv"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// order is how an order stands, by an answer to a request.
type order struct {
	symbol   string
	id       int64
	client   message.ClientOrderID // the order's own: where a cancel or an amendment gave it another, the one before
	at       market.Timestamp
	status   string // empty: the answer only says that it was taken (newOrderRespType ACK)
	terms    message.OrderTerms
	note     string // what the terms cannot say
	executed market.Quantity
	expiry   string // why it expired; empty: not said
	fills    []trade
}

// trade is one execution of an order.
type trade struct {
	symbol      string
	id, orderID int64
	at          market.Timestamp
	price       market.Price
	quantity    market.Quantity
	fee         market.Amount
	currency    string
	maker       bool
}

const (
	wordBytesMax   = 64
	fillsMost      = 10_000 // of one answer: the book of no symbol has as many levels within the price limits
	ordersMost     = 20_000 // open at once: an account may have 200 a symbol (filters.md, MAX_NUM_ORDERS)
	balancesMost   = 20_000 // some 700 are listed
	answerBytesMax = 32 << 20
)

var orderFields = []string{"symbol", "orderId", "clientOrderId", "origClientOrderId", "transactTime", "updateTime", "time", "price",
	"stopPrice", "origQty", "qty", "executedQty", "status", "timeInForce", "type", "side", "expiryReason"}

// readOrder reads the object of an order: as an answer to New, Cancel or Query order, as an entry of
// open orders, or as the amendedOrder of an amendment (rest-api.md).
func readOrder(d *scan.Decoder) (o order, err error) {
	f := object{names: orderFields}
	err = f.read(d, func(key []byte) (bool, error) {
		if string(key) != "fills" {
			return false, nil
		}
		return true, each(d, fillsMost, func() error {
			t, err := readFill(d)
			o.fills = append(o.fills, t)
			return err
		})
	})
	if err != nil {
		return order{}, err
	}
	if o.symbol, err = f.word("symbol", true); err != nil {
		return order{}, err
	}
	if o.id, err = f.get("orderId").Int("orderId"); err != nil {
		return order{}, err
	}
	// A cancel answers with the order's id in origClientOrderId and its own in clientOrderId.
	for _, name := range []string{"origClientOrderId", "clientOrderId"} {
		if o.client != "" {
			break
		}
		text, err := f.word(name, false)
		if err != nil {
			return order{}, err
		}
		o.client = message.ClientOrderID(text)
	}
	if o.client == "" {
		return order{}, venue.Refuse(venue.Schema, "clientOrderId", "missing")
	}
	for _, name := range []string{"transactTime", "updateTime", "time"} {
		if o.at == 0 {
			if o.at, err = f.get(name).TimeOrNone(name); err != nil {
				return order{}, err
			}
		}
	}
	if o.status, err = f.word("status", false); err != nil || o.status == "" {
		return o, err
	}
	if _, known := statuses[o.status]; !known {
		return order{}, venue.Refuse(venue.Unsupported, "status", "%.64q", o.status)
	}
	if o.executed, err = f.quantity("executedQty"); err != nil {
		return order{}, err
	}
	if o.expiry, err = f.word("expiryReason", false); err != nil {
		return order{}, err
	}
	t := terms{}
	if t.side, err = f.word("side", true); err != nil {
		return order{}, err
	}
	if t.kind, err = f.word("type", true); err != nil {
		return order{}, err
	}
	if t.tif, err = f.word("timeInForce", false); err != nil {
		return order{}, err
	}
	if t.price, err = f.price("price", false); err != nil {
		return order{}, err
	}
	if t.stop, err = f.price("stopPrice", false); err != nil {
		return order{}, err
	}
	name := "origQty"
	if !f.get(name).Present() {
		name = "qty" // of an amended order
	}
	if t.quantity, err = f.quantity(name); err != nil {
		return order{}, err
	}
	o.terms, o.note, err = t.order()
	return o, err
}

var fillFields = []string{"price", "qty", "commission", "commissionAsset", "tradeId"}

// readFill reads one of the fills of a new order. It took liquidity: a new order rests before it can
// give any.
func readFill(d *scan.Decoder) (t trade, err error) {
	f := object{names: fillFields}
	if err = f.read(d, nil); err != nil {
		return trade{}, err
	}
	if t.id, err = f.get("tradeId").Int("tradeId"); err != nil {
		return trade{}, err
	}
	return t, t.read(f)
}

// read reads what fills and trades have in common.
func (t *trade) read(f object) (err error) {
	if t.price, err = f.price("price", true); err != nil {
		return err
	}
	if t.quantity, err = f.quantity("qty"); err != nil {
		return err
	}
	if t.fee, err = f.amount("commission"); err != nil {
		return err
	}
	if t.currency, err = f.word("commissionAsset", t.fee.Sign() != 0); err != nil {
		return err
	}
	return t.check("qty")
}

// check refuses an execution that no order can have had.
func (t *trade) check(field string) error {
	switch {
	case t.id < 0:
		return venue.Refuse(venue.Number, "tradeId", "%d", t.id)
	case t.price.Sign() <= 0 || t.quantity.Sign() <= 0:
		return venue.Refuse(venue.Number, field, "an execution of %v at %v", t.quantity, t.price)
	}
	return nil
}

// terms are an order's terms in the venue's words.
type terms struct {
	side, kind, tif string
	price, stop     market.Price
	quantity        market.Quantity
}

// order returns the terms in ours. note says what they cannot: an order by hand may be one that pays
// a price on the way up (TAKE_PROFIT), and none of ours. Such an order counts as the one of its limit
// price, since what it may do to the account is the same.
func (t terms) order() (o message.OrderTerms, note string, err error) {
	o.Quantity = t.quantity
	switch t.side {
	case "BUY":
		o.Side = market.Buy
	case "SELL":
		o.Side = market.Sell
	default:
		return o, "", venue.Refuse(venue.Unsupported, "side", "%.64q", t.side)
	}
	switch t.tif {
	case "GTC", "":
		o.TimeInForce = market.GTC
	case "IOC":
		o.TimeInForce = market.IOC
	case "FOK":
		o.TimeInForce = market.FOK
	default:
		return o, "", venue.Refuse(venue.Unsupported, "timeInForce", "%.64q", t.tif)
	}
	switch t.kind {
	case "MARKET":
		o.Type = market.Market
	case "LIMIT":
		o.Type = market.Limit
	case "LIMIT_MAKER":
		o.Type, o.ExecInst = market.Limit, market.PostOnly
	case "STOP_LOSS":
		o.Type = market.Stop
	case "STOP_LOSS_LIMIT":
		o.Type = market.StopLimit
	case "TAKE_PROFIT":
		o.Type, note = market.Market, t.kind
	case "TAKE_PROFIT_LIMIT":
		o.Type, note = market.Limit, t.kind
	default:
		return o, "", venue.Refuse(venue.Unsupported, "type", "%.64q", t.kind)
	}
	if o.Type.HasStopPrice() && t.stop.Sign() == 0 { // it trails (rest-api.md: trailingDelta)
		note = t.kind + " that trails"
		if o.Type = market.Market; t.price.Sign() > 0 {
			o.Type = market.Limit
		}
	}
	if o.Type.HasPrice() {
		o.Price = t.price
	}
	if o.Type.HasStopPrice() {
		o.StopPrice = t.stop
	}
	if t.quantity.Sign() == 0 { // a market order of a sum of money that has not filled
		o = message.OrderTerms{}
	}
	return o, note, nil
}

// statuses are the states of an order (enums.md, Order status) with what they are to us.
var statuses = map[string]message.OrderAction{
	"NEW":              message.ActionAccept,
	"PENDING_NEW":      message.ActionAccept, // of an order list: it waits for another order
	"PARTIALLY_FILLED": message.ActionAccept,
	"FILLED":           message.ActionAccept, // its fills say the rest
	"PENDING_CANCEL":   message.ActionAccept, // unused, says the documentation
	"CANCELED":         message.ActionCancel,
	"REJECTED":         message.ActionReject,
	"EXPIRED":          message.ActionExpire,
	"EXPIRED_IN_MATCH": message.ActionExpire, // it would have traded with another order of the account
}

// open reports whether the order may still fill.
func (o order) open() bool {
	return o.status == "NEW" || o.status == "PENDING_NEW" || o.status == "PARTIALLY_FILLED" || o.status == "PENDING_CANCEL"
}

// venueID returns the order's id: the venue's number is unique within the symbol only.
func (o order) venueID() message.VenueOrderID { return orderID(o.symbol, o.id) }

func orderID(symbol string, id int64) message.VenueOrderID {
	return message.VenueOrderID(symbol + idSeparator + strconv.FormatInt(id, 10))
}

// execID returns the execution's id: the venue's number is unique within the symbol only.
func execID(symbol string, id int64) message.ExecID {
	return message.ExecID(symbol + idSeparator + strconv.FormatInt(id, 10))
}

// base returns the report's fields that tell which order it is and how it stands.
func (o order) base(i market.Instrument) message.ExecutionReportFields {
	return message.ExecutionReportFields{Time: o.at, ClientOrderID: o.client, VenueOrderID: o.venueID(), Instrument: i,
		OrderTerms: o.terms, CumQuantity: o.executed}
}

// state returns the report of how the order stands.
func (o order) state(i market.Instrument) message.ExecutionReportFields {
	r := o.base(i)
	r.Action = message.ActionAccept
	if o.status != "" {
		r.Action = statuses[o.status]
	}
	r.Reason = o.note
	if r.Action == message.ActionExpire || r.Action == message.ActionReject {
		r.Reason = o.status
		if o.expiry != "" {
			r.Reason += ": " + o.expiry
		}
	}
	return r
}

// reports returns what the answer to a new order says: that the venue has it, its fills, and how it
// stands if it ended.
func (o order) reports(i market.Instrument) []message.ExecutionReportFields {
	state := o.state(i)
	if state.Action == message.ActionReject {
		return []message.ExecutionReportFields{state}
	}
	accept := o.base(i)
	accept.Action, accept.CumQuantity = message.ActionAccept, market.Quantity{}
	out := []message.ExecutionReportFields{accept}
	for _, t := range o.fills {
		out = append(out, t.report(o, i))
	}
	if state.Action != message.ActionAccept {
		out = append(out, state)
	}
	return out
}

// report returns the report of an execution of o.
func (t trade) report(o order, i market.Instrument) message.ExecutionReportFields {
	r := o.base(i)
	r.Action, r.CumQuantity = message.ActionFill, market.Quantity{}
	r.ExecID, r.LastPrice, r.LastQuantity = execID(o.symbol, t.id), t.price, t.quantity
	r.Fee, r.FeeCurrency, r.LastLiquidityAdd = t.fee, t.currency, t.maker
	if t.at != 0 {
		r.Time = t.at
	}
	return r
}
