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
	"last_quantity, cum_quantity, leaves_quantity, average_price, fee, fee_currency, last_liquidity_add"

const eventColumnCount = 27

func eventValues(f message.OrderEventFields) []any {
	return []any{
		string(f.Account), int64(f.Seq), int64(f.Time), string(f.Strategy), int64(f.IntentSeq),
		string(f.ClientOrderID), string(f.VenueOrderID), string(f.Instrument.Venue()), f.Instrument.Name(),
		f.Side.String(), f.Type.String(), f.TimeInForce.String(), f.Price.String(), f.Quantity.String(), int64(f.DecidedAt),
		f.Action.String(), f.Status.String(), f.Reason, string(f.ExecID), f.LastPrice.String(),
		f.LastQuantity.String(), f.CumQuantity.String(), f.LeavesQuantity.String(), f.AveragePrice.String(),
		f.Fee.String(), f.FeeCurrency, f.LastLiquidityAdd,
	}
}

// orderKey names the order that an event is of; empty for a note on the account.
func orderKey(f message.OrderEventFields) string {
	switch {
	case f.Action == message.ActionJournal:
		return "" // a note changes no order
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
}

func (r *eventRow) targets() []any {
	return []any{
		&r.f.Account, &r.f.Seq, &r.f.Time, &r.f.Strategy, &r.f.IntentSeq, &r.f.ClientOrderID, &r.f.VenueOrderID,
		&r.venue, &r.instrument, &r.side, &r.orderType, &r.timeInForce, &r.price, &r.quantity, &r.f.DecidedAt,
		&r.action, &r.status, &r.f.Reason, &r.f.ExecID, &r.lastPrice, &r.lastQty, &r.cum, &r.leaves, &r.average,
		&r.fee, &r.f.FeeCurrency, &r.f.LastLiquidityAdd,
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
	f.Fee = p.amount(r.fee)
	if p.err != nil {
		return message.OrderEvent{}, fmt.Errorf("sqlite: order event %s/%d: %w", f.Account, f.Seq, p.err)
	}
	return message.NewOrderEvent(f)
}

var (
	actionsByName  = byName(message.OrderActions())
	statusesByName = byName(message.OrderStatuses())
)

func byName[T fmt.Stringer](values []T) map[string]T {
	m := make(map[string]T, len(values))
	for _, v := range values {
		m[v.String()] = v
	}
	return m
}

func parseAction(text string) (message.OrderAction, error) {
	if a, ok := actionsByName[text]; ok {
		return a, nil
	}
	return 0, fmt.Errorf("order action %.32q is not known", text)
}

func parseStatus(text string) (message.OrderStatus, error) {
	if s, ok := statusesByName[text]; ok {
		return s, nil
	}
	return 0, fmt.Errorf("order status %.32q is not known", text)
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
