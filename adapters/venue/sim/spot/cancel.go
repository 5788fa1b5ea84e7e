package spot

import (
	"net/http"
	"slices"

	"github.com/maru-trading/maru/adapters/venue/sim"
)

// which names an order of an account by a call's parameters: ids of those names.
func (v *Venue) which(c *call, instrument int, idName, clientName string, missing *apiError) (*order, *apiError) {
	id, byID, fault := c.params.whole(idName)
	if fault != nil {
		return nil, fault
	}
	clientID, fault := c.params.clientID(clientName)
	if fault != nil {
		return nil, fault
	}
	var o *order
	switch {
	case byID:
		o = c.account.find(instrument, uint64(id))
		if o != nil && clientID != "" && o.clientID != clientID {
			return nil, errClientMismatch
		}
	case clientID != "":
		o = c.account.byClient[clientKey{instrument, clientID}]
	default:
		return nil, errEither(idName, clientName)
	}
	if o != nil && o.open() {
		s := subject{route: c.route, symbol: v.symbol(instrument), clientID: o.clientID, account: o.account.Name, order: o.id}
		if _, ok := v.fire(FaultUnknownOrder, s); ok {
			o = nil
		}
	}
	if o == nil {
		return nil, missing
	}
	return o, nil
}

// cancelable finds the order that a call cancels.
func (v *Venue) cancelable(c *call, instrument int, idName, clientName string) (*order, *apiError) {
	restriction := c.params.get("cancelRestrictions")
	if c.params.has("cancelRestrictions") && restriction != "ONLY_NEW" && restriction != "ONLY_PARTIALLY_FILLED" {
		return nil, errRestrictions
	}
	o, fault := v.which(c, instrument, idName, clientName, errUnknownOrder)
	switch {
	case fault != nil:
		return nil, fault
	case !o.open():
		return nil, errUnknownOrder
	case restriction == "ONLY_NEW" && o.status != statusNew, restriction == "ONLY_PARTIALLY_FILLED" && o.status != statusPartial:
		return nil, errNotCanceled
	}
	return o, nil
}

// cancelOrder cancels an open order. The id is that of the cancel.
func (v *Venue) cancelOrder(o *order, id string) {
	v.end(o, statusCanceled)
	v.noteOrder(EntryCancel, o)
	v.report(o, execCanceled, id, o.clientID, nil, nil)
}

// cancelID reads the id of a cancel, or makes one up.
func (v *Venue) cancelID(p params, name string) (string, *apiError) {
	id, fault := p.clientID(name)
	if id == "" && fault == nil {
		id = v.newClientID()
	}
	return id, fault
}

// cancel answers DELETE /api/v3/order.
func (v *Venue) cancel(c *call, w *writer) *apiError {
	i, fault := v.instrumentOf(c.params)
	if fault != nil {
		return fault
	}
	id, fault := v.cancelID(c.params, "newClientOrderId")
	if fault != nil {
		return fault
	}
	o, fault := v.cancelable(c, i, "orderId", "origClientOrderId")
	if fault != nil {
		return fault
	}
	v.cancelOrder(o, id)
	v.settled(i)
	v.appendCanceled(w, o, id)
	return nil
}

// cancelAll answers DELETE /api/v3/openOrders.
func (v *Venue) cancelAll(c *call, w *writer) *apiError {
	i, fault := v.instrumentOf(c.params)
	if fault != nil {
		return fault
	}
	var mine []*order
	for _, o := range c.account.open {
		if o.instrument == i {
			mine = append(mine, o)
		}
	}
	if len(mine) == 0 {
		return errUnknownOrder
	}
	id := v.newClientID() // of all of them, as in the documented example
	w.begin('[')
	for _, o := range mine {
		v.cancelOrder(o, id)
		v.appendCanceled(w, o, id)
	}
	w.end(']')
	v.settled(i)
	return nil
}

// cancelReplace answers POST /api/v3/order/cancelReplace.
func (v *Venue) cancelReplace(c *call, w *writer) *apiError {
	mode := c.params.get("cancelReplaceMode")
	switch mode {
	case "STOP_ON_FAILURE", "ALLOW_FAILURE":
	case "":
		return errMandatory("cancelReplaceMode")
	default:
		return errInvalid("cancelReplaceMode")
	}
	exceeded := c.params.get("orderRateLimitExceededMode")
	if exceeded != "" && exceeded != "DO_NOTHING" && exceeded != "CANCEL_ONLY" {
		return errInvalid("orderRateLimitExceededMode")
	}
	e, fault := v.parseEntry(c.params)
	if fault != nil {
		return fault
	}
	id, fault := v.cancelID(c.params, "cancelNewClientOrderId")
	if fault != nil {
		return fault
	}
	if fault := v.filter(c.account, &e); fault != nil {
		return fault
	}
	rate := v.mayOrder(c.account)
	if rate != nil && exceeded != "CANCEL_ONLY" {
		return rate
	}
	r := replacement{writer: writer{micros: c.micros}}
	old, canceled := v.cancelable(c, e.instrument, "cancelOrderId", "cancelOrigClientOrderId")
	if canceled == nil {
		v.cancelOrder(old, id)
		v.settled(e.instrument)
		v.appendCanceled(r.half("cancelResult", "SUCCESS", "cancelResponse"), old, id)
	} else {
		canceled.append(r.half("cancelResult", "FAILURE", "cancelResponse"))
	}
	switch {
	case canceled != nil && mode == "STOP_ON_FAILURE":
		v.ordered(c.account, 1)
		r.half("newOrderResult", "NOT_ATTEMPTED", "newOrderResponse").b = []byte("null")
	case rate != nil:
		rate.append(r.half("newOrderResult", "FAILURE", "newOrderResponse"))
		fault = rate
	default:
		o, first, refused := v.accept(c.account, e)
		fault = refused
		if refused != nil {
			refused.append(r.half("newOrderResult", "FAILURE", "newOrderResponse"))
		} else {
			v.ackLater(c, o)
			v.appendPlaced(r.half("newOrderResult", "SUCCESS", "newOrderResponse"), o, first)
			r.placed = true
		}
	}
	data := r.json()
	switch {
	case canceled == nil && r.placed:
		w.value(data)
		return nil
	case canceled == nil || r.placed:
		status := http.StatusConflict
		if rate != nil {
			status = http.StatusTooManyRequests
		}
		return &apiError{status: status, code: -2021, message: "Order cancel-replace partially failed.", data: data}
	}
	status := http.StatusBadRequest
	if rate != nil && fault == rate {
		status = http.StatusTooManyRequests
	}
	return &apiError{status: status, code: -2022, message: "Order cancel-replace failed.", data: data}
}

// replacement is the answer to a cancelReplace: what became of each half.
type replacement struct {
	writer
	names  []string // result and response, of each half
	values []string
	halves []*writer
	placed bool
}

// half states a result and returns where its response goes.
func (r *replacement) half(name, result, response string) *writer {
	w := &writer{micros: r.micros}
	r.names = append(r.names, name, response)
	r.values = append(r.values, result)
	r.halves = append(r.halves, w)
	return w
}

func (r *replacement) json() []byte {
	r.begin('{')
	for i, v := range r.values {
		r.text(r.names[2*i], v)
	}
	for i, h := range r.halves {
		r.raw(r.names[2*i+1], h.b)
	}
	r.end('}')
	return slices.Clip(r.b)
}

// amend answers PUT /api/v3/order/amend/keepPriority (faqs/order_amend_keep_priority.md).
func (v *Venue) amend(c *call, w *writer) *apiError {
	i, fault := v.instrumentOf(c.params)
	if fault != nil {
		return fault
	}
	quantity, sent, fault := c.params.decimal("newQty")
	switch {
	case fault != nil:
		return fault
	case !sent:
		return errMandatory("newQty")
	case quantity == 0:
		return bad(-1013, "Invalid quantity.")
	}
	id, fault := v.cancelID(c.params, "newClientOrderId")
	if fault != nil {
		return fault
	}
	o, fault := v.which(c, i, "orderId", "origClientOrderId", errUnknownAmend)
	if fault != nil {
		return fault
	}
	if fault := v.amendable(o, quantity, id); fault != nil {
		return fault
	}
	by := o.quantity - quantity
	o.account.release(o, v.asset(o), need(o, by))
	if o.resting {
		v.unrest(o, by)
	}
	a := o.account
	if key := (clientKey{i, o.clientID}); a.byClient[key] == o {
		delete(a.byClient, key)
	}
	original := o.clientID
	o.replaced, o.clientID, o.quantity = original, id, quantity
	o.amends++
	a.byClient[clientKey{i, id}] = o
	v.noteOrder(EntryAmend, o)
	v.report(o, execReplaced, id, original, nil, nil)
	v.settled(i)
	v.appendAmended(w, o)
	return nil
}

// errUnknownAmend is for an order that is not there, or over.
var errUnknownAmend = bad(-2038, "Unknown order sent.")

func (v *Venue) amendable(o *order, quantity sim.Fixed, id string) *apiError {
	other := o.account.byClient[clientKey{o.instrument, id}]
	switch {
	case !o.open():
		return errUnknownAmend
	case quantity == o.quantity:
		return errAmendNothing
	case quantity > o.quantity:
		return errAmendIncrease
	case quantity%v.market.Lot(o.instrument) != 0:
		return errFilter("LOT_SIZE")
	case quantity <= o.executed+o.prevented:
		return errInvalid("newQty")
	case o.amends >= v.limits.AmendsPerOrder:
		return errAmendFilter
	case other != nil && other != o && other.open():
		return bad(-2038, errDuplicateOrder.message)
	}
	least := v.market.Listings()[o.instrument].MinNotional.Decimal
	if o.kind.priced() && notional(o.price, quantity).Less(least) {
		return errFilter("NOTIONAL")
	}
	return nil
}
