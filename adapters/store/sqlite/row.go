package sqlite

import (
	"fmt"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// eventColumns are the columns that order_events and orders share, in the order of eventValues
// and eventRow.
const eventColumns = "account, seq, time, strategy, intent_seq, client_order_id, venue_order_id, venue, instrument, " +
	"side, type, time_in_force, price, quantity, decided_at, action, status, reason, exec_id, last_price, " +
	"last_quantity, cum_quantity, leaves_quantity, average_price, fee, fee_currency, last_liquidity_add, " +
	"exec_inst, stop_price, expire_at, parent_seq, group_number, tick_at, valid_until, replaces, request, evidence, " +
	"new_price, new_stop_price, new_quantity, currency, amount, of_account"

var eventColumnCount = strings.Count(eventColumns, ",") + 1

func eventValues(f message.OrderEventFields) []any {
	return []any{
		string(f.Account), int64(f.Seq), int64(f.Time), string(f.Strategy), int64(f.IntentSeq),
		string(f.ClientOrderID), string(f.VenueOrderID), string(f.Instrument.Venue()), f.Instrument.Name(),
		f.Side.String(), f.Type.String(), f.TimeInForce.String(), f.Price.String(), f.Quantity.String(), int64(f.DecidedAt),
		f.Action.String(), f.Status.String(), f.Reason, string(f.ExecID), f.LastPrice.String(),
		f.LastQuantity.String(), f.CumQuantity.String(), f.LeavesQuantity.String(), f.AveragePrice.String(),
		f.Fee.String(), f.FeeCurrency, f.LastLiquidityAdd,
		f.ExecInst.String(), f.StopPrice.String(), int64(f.ExpireAt), int64(f.Parent), int64(f.Group), int64(f.TickAt), int64(f.ValidUntil),
		string(f.Replaces), f.Request.String(), f.Evidence.String(),
		f.NewPrice.String(), f.NewStopPrice.String(), f.NewQuantity.String(), f.Currency, f.Amount.String(), orderKey(f) == "",
	}
}

// orderKey names the order that an event is of; empty for an event of the account.
func orderKey(f message.OrderEventFields) string {
	switch {
	case f.OfAccount():
		return "" // changes no order; journal is how notes on the account once stood
	case f.ClientOrderID != "":
		return string(f.ClientOrderID)
	case f.Strategy != "":
		return message.IntentID{Strategy: f.Strategy, Seq: f.IntentSeq}.String()
	}
	return ""
}

// eventRow is a row as it is read.
type eventRow struct {
	f                                   message.OrderEventFields
	venue, instrument                   string
	side, orderType, timeInForce        string
	action, status                      string
	price, quantity, lastPrice, lastQty string
	cum, leaves, average, fee           string
	execInst, request, evidence         string
	stopPrice, newPrice, newStopPrice   string
	newQuantity, amount                 string
	intentSeq, parent, group            int64 // numbers of 64 bits, which SQLite has with a sign
	ofAccount                           bool
}

func (r *eventRow) targets() []any {
	return []any{
		&r.f.Account, &r.f.Seq, &r.f.Time, &r.f.Strategy, &r.intentSeq, &r.f.ClientOrderID, &r.f.VenueOrderID,
		&r.venue, &r.instrument, &r.side, &r.orderType, &r.timeInForce, &r.price, &r.quantity, &r.f.DecidedAt,
		&r.action, &r.status, &r.f.Reason, &r.f.ExecID, &r.lastPrice, &r.lastQty, &r.cum, &r.leaves, &r.average,
		&r.fee, &r.f.FeeCurrency, &r.f.LastLiquidityAdd,
		&r.execInst, &r.stopPrice, &r.f.ExpireAt, &r.parent, &r.group, &r.f.TickAt, &r.f.ValidUntil, &r.f.Replaces,
		&r.request, &r.evidence, &r.newPrice, &r.newStopPrice, &r.newQuantity, &r.f.Currency, &r.amount, &r.ofAccount,
	}
}

// event turns the row into the event it came from.
func (r *eventRow) event() (message.OrderEvent, error) {
	p := parser{}
	f := r.f
	f.Instrument = p.instrument(r.venue, r.instrument)
	f.Side = word(&p, r.side, market.ParseSide)
	f.Type = word(&p, r.orderType, market.ParseOrderType)
	f.TimeInForce = word(&p, r.timeInForce, market.ParseTimeInForce)
	f.Action = word(&p, r.action, parseAction)
	f.Status = word(&p, r.status, parseStatus)
	f.Price, f.LastPrice, f.AveragePrice = p.price(r.price), p.price(r.lastPrice), p.price(r.average)
	f.Quantity, f.LastQuantity = p.quantity(r.quantity), p.quantity(r.lastQty)
	f.CumQuantity, f.LeavesQuantity = p.quantity(r.cum), p.quantity(r.leaves)
	f.Fee, f.Amount = p.amount(r.fee), p.amount(r.amount)
	f.ExecInst = word(&p, r.execInst, market.ParseExecInst)
	f.Request = word(&p, r.request, parseRequest)
	f.Evidence = word(&p, r.evidence, parseEvidence)
	f.StopPrice, f.NewPrice, f.NewStopPrice = p.price(r.stopPrice), p.price(r.newPrice), p.price(r.newStopPrice)
	f.NewQuantity = p.quantity(r.newQuantity)
	f.IntentSeq, f.Parent, f.Group = uint64(r.intentSeq), uint64(r.parent), uint64(r.group)
	if p.err != nil {
		return message.OrderEvent{}, fmt.Errorf("sqlite: order event %s/%d: %w", f.Account, f.Seq, p.err)
	}
	return message.NewOrderEvent(f)
}

var (
	parseAction   = parseOf("order action", message.OrderActions())
	parseStatus   = parseOf("order status", message.OrderStatuses())
	parseRequest  = parseOf("order request", upTo(message.RequestAmend))
	parseEvidence = parseOf("evidence", upTo(message.EvidenceAll))
)

// upTo returns the values from 1 to last.
func upTo[T ~uint8](last T) (all []T) {
	for v := T(1); v <= last; v++ {
		all = append(all, v)
	}
	return all
}

// parseOf returns a function that reads what String prints of the values.
func parseOf[T fmt.Stringer](what string, values []T) func(string) (T, error) {
	byName := make(map[string]T, len(values))
	for _, v := range values {
		byName[v.String()] = v
	}
	return func(text string) (v T, err error) {
		v, ok := byName[text]
		if !ok {
			err = fmt.Errorf("%s %.32q is not known", what, text)
		}
		return v, err
	}
}

// parser reads the text of several columns and keeps the first error.
type parser struct{ err error }

func (p *parser) keep(err error) {
	if p.err == nil {
		p.err = err
	}
}

// word reads a name; "-" is the zero value.
func word[T any](p *parser, text string, parse func(string) (T, error)) (v T) {
	if text == "-" {
		return v
	}
	v, err := parse(text)
	p.keep(err)
	return v
}

func (p *parser) instrument(venue, name string) market.Instrument {
	i, err := market.NewInstrument(market.Venue(venue), name)
	p.keep(err)
	return i
}

func (p *parser) decimal(text string) market.Decimal {
	d, err := market.ParseDecimal(text)
	p.keep(err)
	return d
}

func (p *parser) price(text string) market.Price { return market.Price{Decimal: p.decimal(text)} }
func (p *parser) quantity(text string) market.Quantity {
	return market.Quantity{Decimal: p.decimal(text)}
}
func (p *parser) amount(text string) market.Amount { return market.Amount{Decimal: p.decimal(text)} }

// placeholders returns "?, ?, …", n of them.
func placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }
