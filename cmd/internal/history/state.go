package history

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/web"
)

// State is an order as it stands after an event.
func State(e message.OrderEvent) web.OrderState {
	f := e.Fields()
	s := web.OrderState{Order: Step(e), VenueOrderID: string(f.VenueOrderID), Intent: e.Intent().String(), Leaves: f.LeavesQuantity.String(),
		StopPrice: orNone(f.StopPrice.Decimal), AveragePrice: orNone(f.AveragePrice.Decimal)}
	if f.TimeInForce != 0 {
		s.TimeInForce = f.TimeInForce.String()
	}
	if f.ExecInst != 0 {
		s.ExecInst = f.ExecInst.String()
	}
	return s
}

// Step is one event in the words of the API.
func Step(e message.OrderEvent) web.Order {
	f := e.Fields()
	return web.Order{Time: f.Time.Time(), Account: string(f.Account), Strategy: string(f.Strategy), ID: string(f.ClientOrderID),
		Instrument: f.Instrument.String(), Side: f.Side.String(), Type: f.Type.String(), Quantity: f.Quantity.String(), Price: orNone(f.Price.Decimal),
		Action: f.Action.String(), Status: f.Status.String(), Filled: f.CumQuantity.String(), Reason: f.Reason}
}

func orNone(d market.Decimal) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// ofOrder reports whether an event is of an order: not of the account, and no note on it.
func ofOrder(f message.OrderEventFields) bool {
	return !f.OfAccount() && (f.ClientOrderID != "" || f.Strategy != "")
}

// key names the order that an event is of.
func key(e message.OrderEvent) string {
	if id := e.Fields().ClientOrderID; id != "" {
		return string(id)
	}
	return e.Intent().String()
}

// Latest gathers the last event of every order, up to most orders: the newest ones.
type Latest struct {
	most  int
	last  map[string]message.OrderEvent
	order []string // keys by their first event, oldest first; may hold some that are gone
}

// NewLatest returns an empty one.
func NewLatest(most int) *Latest { return &Latest{most: most, last: map[string]message.OrderEvent{}} }

// Add takes in the next event.
func (l *Latest) Add(e message.OrderEvent) {
	if !ofOrder(e.Fields()) {
		return
	}
	k := key(e)
	if _, known := l.last[k]; !known {
		l.order = append(l.order, k)
		if len(l.order) > l.most {
			l.forget()
		}
	}
	l.last[k] = e
}

// forget drops the older half, but for orders that are still open.
func (l *Latest) forget() {
	half := len(l.order) / 2
	var kept []string
	for _, k := range l.order[:half] {
		if l.last[k].Fields().Status.Final() {
			delete(l.last, k)
		} else {
			kept = append(kept, k)
		}
	}
	l.order = append(kept, l.order[half:]...)
}

// Each calls f for the orders, newest first, until it returns false.
func (l *Latest) Each(f func(message.OrderEvent) bool) {
	for i := len(l.order) - 1; i >= 0; i-- {
		if !f(l.last[l.order[i]]) {
			return
		}
	}
}

// NotFound is the error for an order that is not known.
func NotFound(id string) error {
	return &web.Error{Code: http.StatusNotFound, Reason: fmt.Sprintf("order %.80q is not known: want a client order id, or strategy/number; maru orders lists them", id)}
}

// Matcher returns which last events a query lets through, its limit apart. It fails with a
// web.Error for a status or instrument that there cannot be.
func Matcher(q web.OrderQuery) (func(message.OrderEvent) bool, error) {
	status, err := ParseStatus(q.Status)
	if err != nil {
		return nil, err
	}
	return func(e message.OrderEvent) bool {
		f := e.Fields()
		return (q.Account == "" || string(f.Account) == q.Account) && (status == 0 || f.Status == status) && (!q.Open || !f.Status.Final()) &&
			(q.Instrument == "" || f.Instrument.Name() == q.Instrument || f.Instrument.String() == q.Instrument)
	}, nil
}

// ParseStatus reads the name of a status; empty is zero, for any.
func ParseStatus(name string) (message.OrderStatus, error) {
	if name == "" {
		return 0, nil
	}
	var names []string
	for _, s := range message.OrderStatuses() {
		if s.String() == name {
			return s, nil
		}
		names = append(names, s.String())
	}
	return 0, &web.Error{Code: http.StatusBadRequest, Reason: fmt.Sprintf("status %.40q: want one of %s", name, strings.Join(names, ", "))}
}
