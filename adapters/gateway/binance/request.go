package binance

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
)

// request is one REST request before it is signed.
type request struct {
	method, path string
	params       params
	weight       int  // by rest-api.md, of a request that fails
	signed       bool // else public

	// permitWithin is how long a permit may be waited for; zero: as long as a request may take.
	permitWithin time.Duration
}

const (
	orderPath        = "/api/v3/order"
	amendPath        = "/api/v3/order/amend/keepPriority"
	openOrdersPath   = "/api/v3/openOrders"
	tradesPath       = "/api/v3/myTrades"
	accountPath      = "/api/v3/account"
	timePath         = "/api/v3/time"
	restrictionsPath = "/sapi/v1/account/apiRestrictions"
)

// tradesMost is how many trades one request gives at most (rest-api.md, Account trade list).
const tradesMost = 1000

// keyHeader carries the API key (rest-api.md, SIGNED Endpoint Examples).
const keyHeader = "X-Mbx-Apikey"

// wire returns the request as it goes out. The parameters of POST and PUT stand in the body, those of
// GET and DELETE in the query (rest-api.md, General Information on Endpoints).
func (r request) wire(base string, s signer, key gateway.Secret) gateway.Request {
	out := gateway.Request{Method: r.method, URL: base + r.path, Header: http.Header{"Accept": {"application/json"}}}
	text := r.params.encode()
	if r.signed {
		text = r.params.signed(s)
		out.Header.Set(keyHeader, key.Reveal())
	}
	switch {
	case r.method == http.MethodPost || r.method == http.MethodPut:
		out.Body = []byte(text)
		out.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case text != "":
		out.URL += "?" + text
	}
	return out
}

// window returns when a request is made and for how long it is valid, in the milliseconds of the
// venue's clock: until the last millisecond that is over at validUntil, whatever our own clock shows.
// offset is the venue's clock minus ours, and made is ours. It fails if the time is over already, or
// is further away than a request may reach.
func window(made market.Timestamp, offset time.Duration, validUntil market.Timestamp) (params, error) {
	at := int64(made.Add(offset)) / int64(time.Millisecond)
	until := int64(validUntil)/int64(time.Millisecond) - 1 // of which the venue may let the whole pass
	switch valid := until - at; {
	case valid < 1:
		return nil, fmt.Errorf("the venue's clock shows %v: %v, until which it may be taken, is over", made.Add(offset), validUntil)
	case valid > recvWindowMax.Milliseconds():
		return nil, fmt.Errorf("the venue's clock shows %v: %v is further away than the %v that a request may be valid", made.Add(offset), validUntil, recvWindowMax)
	default:
		return params{{"recvWindow", strconv.FormatInt(valid, 10)}, {"timestamp", strconv.FormatInt(at, 10)}}, nil
	}
}

var support = Support(0)

var sides = map[market.Side]string{market.Buy: "BUY", market.Sell: "SELL"}

var timesInForce = map[market.TimeInForce]string{market.GTC: "GTC", market.IOC: "IOC", market.FOK: "FOK"}

// place returns the request for a new order (rest-api.md, New order). stamp is of window. It fails
// for terms that Support does not name, and without a client order id that Binance takes.
func place(f message.OrderEventFields, symbol string, stamp params) (request, error) {
	if why := support.Refuses(f.OrderTerms); why != "" {
		return request{}, errors.New(why)
	}
	if why := f.Fault(); why != "" {
		return request{}, errors.New(why)
	}
	if !validID(string(f.ClientOrderID)) {
		return request{}, fmt.Errorf("client order id %.64q, want 1 to 36 letters, digits, - and _", f.ClientOrderID)
	}
	p := params{{"symbol", symbol}, {"side", sides[f.Side]}}
	tif := timesInForce[f.TimeInForce]
	switch f.Type {
	case market.Market:
		p = p.with("type", "MARKET")
	case market.Limit:
		if f.ExecInst.Has(market.PostOnly) {
			p = p.with("type", "LIMIT_MAKER")
		} else {
			p = p.with("type", "LIMIT").with("timeInForce", tif)
		}
	case market.Stop:
		p = p.with("type", "STOP_LOSS")
	case market.StopLimit:
		p = p.with("type", "STOP_LOSS_LIMIT").with("timeInForce", tif)
	}
	p = p.with("quantity", f.Quantity.String())
	if f.Type.HasPrice() {
		p = p.with("price", f.Price.String())
	}
	if f.Type.HasStopPrice() {
		p = p.with("stopPrice", f.StopPrice.String())
	}
	p = p.with("newClientOrderId", string(f.ClientOrderID)).with("newOrderRespType", "FULL")
	return request{method: http.MethodPost, path: orderPath, params: append(p, stamp...), weight: 1, signed: true}, nil
}

// cancelOrder returns the request to cancel an order (rest-api.md, Cancel order).
func cancelOrder(f message.OrderEventFields, symbol string, stamp params) (request, error) {
	p, err := named(params{{"symbol", symbol}}, f.ClientOrderID, f.VenueOrderID)
	if err != nil {
		return request{}, err
	}
	return request{method: http.MethodDelete, path: orderPath, params: append(p, stamp...), weight: 1, signed: true}, nil
}

// amend returns the request to reduce the quantity of an order in its place (rest-api.md, Order Amend
// Keep Priority). The order keeps its client order id: it would get another one. It fails for any
// other change.
func amend(f message.OrderEventFields, symbol string, stamp params) (request, error) {
	switch {
	case f.NewPrice != f.Price || f.NewStopPrice != f.StopPrice:
		return request{}, errors.New("binance changes the price of no order, only its quantity")
	case f.NewQuantity.Sign() <= 0 || !f.NewQuantity.Less(f.Quantity.Decimal):
		return request{}, fmt.Errorf("binance only reduces the quantity of an order: %v is not less than %v", f.NewQuantity, f.Quantity)
	case !validID(string(f.ClientOrderID)):
		return request{}, fmt.Errorf("client order id %.64q, want 1 to 36 letters, digits, - and _", f.ClientOrderID)
	}
	p := params{{"symbol", symbol}, {"origClientOrderId", string(f.ClientOrderID)}, {"newClientOrderId", string(f.ClientOrderID)},
		{"newQty", f.NewQuantity.String()}}
	return request{method: http.MethodPut, path: amendPath, params: append(p, stamp...), weight: 4, signed: true}, nil
}

// query returns the request for one order, by our id or else by the venue's (rest-api.md, Query order).
func query(client message.ClientOrderID, id message.VenueOrderID, symbol string, stamp params) (request, error) {
	p, err := named(params{{"symbol", symbol}}, client, id)
	if err != nil {
		return request{}, err
	}
	return request{method: http.MethodGet, path: orderPath, params: append(p, stamp...), weight: 4, signed: true}, nil
}

// openOrders returns the request for all open orders (rest-api.md, Current open orders).
func openOrders(stamp params) request {
	return request{method: http.MethodGet, path: openOrdersPath, params: stamp, weight: 80, signed: true}
}

// tradesOf returns the request for the trades of one order from a trade id on (rest-api.md, Account
// trade list).
func tradesOf(symbol string, orderID, fromID int64, stamp params) request {
	p := params{{"symbol", symbol}, {"orderId", strconv.FormatInt(orderID, 10)}}
	if fromID > 0 {
		p = p.with("fromId", strconv.FormatInt(fromID, 10))
	}
	p = p.with("limit", strconv.Itoa(tradesMost))
	return request{method: http.MethodGet, path: tradesPath, params: append(p, stamp...), weight: 5, signed: true}
}

// tradesSince returns the request for all trades of a symbol, from a time on or, above zero, from a
// trade id on; the two cannot be combined (ibid.).
func tradesSince(symbol string, since market.Timestamp, fromID int64, stamp params) request {
	p := params{{"symbol", symbol}}
	if fromID > 0 {
		p = p.with("fromId", strconv.FormatInt(fromID, 10))
	} else {
		p = p.with("startTime", strconv.FormatInt(int64(since)/int64(time.Millisecond), 10))
	}
	p = p.with("limit", strconv.Itoa(tradesMost))
	return request{method: http.MethodGet, path: tradesPath, params: append(p, stamp...), weight: 20, signed: true}
}

// account returns the request for all balances, those of nothing too: a currency that was left out
// could not be told from one that was not looked at (rest-api.md, Account information).
func account(stamp params) request {
	return request{method: http.MethodGet, path: accountPath, params: stamp, weight: 20, signed: true}
}

// serverTime returns the request for the venue's clock (rest-api.md, Check server time).
func serverTime() request { return request{method: http.MethodGet, path: timePath, weight: 1} }

// restrictions returns the request for what the key may do (wallet API, Get API Key Permission).
func restrictions(stamp params) request {
	return request{method: http.MethodGet, path: restrictionsPath, params: stamp, weight: 1, signed: true}
}

// named adds the id of an order: ours if there is one.
func named(p params, client message.ClientOrderID, id message.VenueOrderID) (params, error) {
	switch {
	case client != "":
		if len(client) > orderIDBytesMax {
			return nil, fmt.Errorf("client order id of %d bytes", len(client))
		}
		return p.with("origClientOrderId", string(client)), nil
	case id != "":
		_, number, ok := strings.Cut(string(id), idSeparator)
		if _, err := strconv.ParseInt(number, 10, 64); !ok || err != nil {
			return nil, fmt.Errorf("order id %.64q is none of this venue", id)
		}
		return p.with("orderId", number), nil
	}
	return nil, errors.New("an order without any id")
}

// idSeparator stands between the symbol and the venue's number in the ids that we give on.
const idSeparator = ":"

// orderIDBytesMax is beyond what the venue gives out or takes.
const orderIDBytesMax = 64

// validID reports whether Binance takes a client order id: it answers -1100 with the legal range
// ^[a-zA-Z0-9-_]{1,36}$ to any other.
func validID(id string) bool {
	if id == "" || len(id) > 36 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
