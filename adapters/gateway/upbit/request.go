package upbit

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// request is what is asked of the venue, before it is signed.
type request struct {
	method, path string
	params       params
	orders       bool // counts in the group "order", else in the group "default"
	cancel       bool // takes risk away: may use what the budget keeps back
}

// The permission groups, as Upbit's page of a key names them, are 주문하기 for placing and canceling,
// 주문조회 for the questions about orders, 자산조회 for accounts.

// placeRequest makes the request of a new order. It fails, with nothing sent, for terms that Support
// does not have.
func placeRequest(f message.OrderEventFields, selfMatch string) (request, error) {
	code, ok := codeOf(f.Instrument)
	if !ok {
		return request{}, fmt.Errorf("upbit: place %s: %v is no instrument of Upbit's", f.ClientOrderID, f.Instrument)
	}
	if why := support().Refuses(f.OrderTerms); why != "" {
		return request{}, fmt.Errorf("upbit: place %s: %s", f.ClientOrderID, why)
	}
	if fault := f.Fault(); fault != "" {
		return request{}, fmt.Errorf("upbit: place %s: %s", f.ClientOrderID, fault)
	}
	if f.ClientOrderID == "" {
		return request{}, errors.New("upbit: place: the order has no client order id")
	}
	p := params{}.with("market", code).with("side", sideWords[f.Side]).with("volume", f.Quantity.String())
	if f.Type == market.Limit {
		p = p.with("price", f.Price.String()).with("ord_type", "limit")
	} else {
		p = p.with("ord_type", "market")
	}
	p = p.with("identifier", string(f.ClientOrderID))
	switch {
	case f.ExecInst.Has(market.PostOnly):
		// Goes with no self-match prevention, which it does not need: it is never the taker
		// (docs.upbit.com/kr/docs/smp).
		return request{method: http.MethodPost, path: "/v1/orders", params: p.with("time_in_force", "post_only"), orders: true}, nil
	case f.Type == market.Limit && f.TimeInForce == market.IOC:
		p = p.with("time_in_force", "ioc")
	case f.Type == market.Limit && f.TimeInForce == market.FOK:
		p = p.with("time_in_force", "fok")
	}
	return request{method: http.MethodPost, path: "/v1/orders", params: p.with("smp_type", selfMatch), orders: true}, nil
}

var sideWords = map[market.Side]string{market.Buy: "bid", market.Sell: "ask"}

// orderParams names an order: by the venue's id where it is known, else by ours.
func orderParams(id message.VenueOrderID, client message.ClientOrderID) (params, error) {
	switch {
	case id != "":
		return params{{"uuid", string(id)}}, nil
	case client != "":
		return params{{"identifier", string(client)}}, nil
	}
	return nil, errors.New("upbit: an order without an id of the venue's or of ours")
}

// cancelRequest makes the request to cancel an order.
func cancelRequest(id message.VenueOrderID, client message.ClientOrderID) (request, error) {
	p, err := orderParams(id, client)
	return request{method: http.MethodDelete, path: "/v1/order", params: p, cancel: true}, err
}

// orderRequest asks for one order, its executions included.
func orderRequest(id message.VenueOrderID, client message.ClientOrderID) (request, error) {
	p, err := orderParams(id, client)
	return request{method: http.MethodGet, path: "/v1/order", params: p}, err
}

// openLimit is how many open orders a page holds at most, closedLimit how many closed ones a list does.
const (
	openLimit   = 100
	closedLimit = 1000
)

// openRequest asks for a page of the orders that have not ended, the oldest first.
func openRequest(page int) request {
	return request{method: http.MethodGet, path: "/v1/orders/open", params: params{
		{"states[]", "wait"}, {"states[]", "watch"}, {"page", strconv.Itoa(page)}, {"limit", strconv.Itoa(openLimit)}, {"order_by", "asc"},
	}}
}

// closedWindow is the longest time that one question about closed orders may span.
const closedWindow = 7 * 24 * time.Hour

// closedRequest asks for the orders of an instrument that were made within closedWindow from a moment
// on and have ended, the oldest first.
func closedRequest(code string, from market.Timestamp) request {
	// Milliseconds: a time in ISO 8601 has a + in it, with which signatures have failed (changelog of
	// 2024-12-18).
	ms := func(t market.Timestamp) string { return strconv.FormatInt(int64(t)/int64(time.Millisecond), 10) }
	return request{method: http.MethodGet, path: "/v1/orders/closed", params: params{
		{"market", code}, {"states[]", "done"}, {"states[]", "cancel"},
		{"start_time", ms(from)}, {"end_time", ms(from.Add(closedWindow))},
		{"limit", strconv.Itoa(closedLimit)}, {"order_by", "asc"},
	}}
}

// accountsRequest asks for every balance.
func accountsRequest() request { return request{method: http.MethodGet, path: "/v1/accounts"} }

// keysRequest asks for the account's keys, and when they end.
func keysRequest() request { return request{method: http.MethodGet, path: "/v1/api_keys"} }

// chanceRequest asks what it takes to order an instrument.
func chanceRequest(code string) request {
	return request{method: http.MethodGet, path: "/v1/orders/chance", params: params{{"market", code}}}
}
