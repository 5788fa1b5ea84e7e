package simulation

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

// openOrder is an order as the venue lists it.
type openOrder struct {
	Symbol   string `json:"symbol"`
	OrderID  uint64 `json:"orderId"`
	ClientID string `json:"clientOrderId"`
}

// asHand makes a request as somebody does who has the account open in a browser.
func (s *site) asHand(method, path string, pairs ...string) spot.Reply {
	v := s.at()
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	q.Set("timestamp", strconv.FormatInt(int64(v.Clock())/1e6, 10))
	query := q.Encode()
	mac := hmac.New(sha256.New, []byte(handSecret))
	mac.Write([]byte(query))
	reply := v.Do(spot.Request{Method: method, Path: path, Query: query + "&signature=" + hex.EncodeToString(mac.Sum(nil)), APIKey: handKey, Remote: handRemote})
	s.pass()
	return reply
}

// openOrders returns what is open at the venue, as far as it can be asked.
func (s *site) openOrders() (all []openOrder) {
	reply := s.asHand("GET", "/api/v3/openOrders")
	if reply.Fate == spot.Answered && reply.Status == 200 {
		_ = json.Unmarshal(reply.Body, &all)
	}
	return all
}

// hand trades at the venue, past the node: places orders, and cancels some, the node's own too.
func (r *run) hand() {
	x := r.random
	if x.IntN(3) == 0 {
		if all := r.site.openOrders(); len(all) > 0 {
			o := all[x.IntN(len(all))]
			r.result.Hands++
			r.site.asHand("DELETE", "/api/v3/order", "symbol", o.Symbol, "orderId", strconv.FormatUint(o.OrderID, 10))
			return
		}
	}
	l := r.trader.listing()
	q, ok := r.trader.quotes[l.Instrument]
	if !ok || q.Bid.IsZero() || q.Ask.IsZero() {
		return
	}
	side, price := "BUY", q.Bid
	if x.IntN(2) == 0 {
		side, price = "SELL", q.Ask
	}
	r.result.Hands++
	pairs := []string{"symbol", l.Symbol, "side", side, "newClientOrderId", fmt.Sprintf("hand%d", r.result.Hands),
		"quantity", r.trader.quantity(l, price, 20+x.IntN(300)).String()}
	if x.IntN(3) == 0 {
		pairs = append(pairs, "type", "MARKET")
	} else {
		pairs = append(pairs, "type", "LIMIT", "timeInForce", "GTC", "price", price.String())
	}
	r.site.asHand("POST", "/api/v3/order", pairs...)
}
