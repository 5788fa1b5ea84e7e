package upbit

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
)

// authorization makes the header of one request or dial.
func (g *Gateway) authorization(query string) (http.Header, error) {
	var random [16]byte
	if _, err := io.ReadFull(g.cfg.Random, random[:]); err != nil {
		return nil, fmt.Errorf("upbit: no nonce: %w", err)
	}
	signed := token(g.cfg.Credentials.Key.Reveal(), []byte(g.cfg.Credentials.Secret.Reveal()), nonceOf(random), query)
	return http.Header{"Authorization": {"Bearer " + signed}, "Accept": {"application/json"}}, nil
}

// do waits for a permit, signs and sends, once. What is not sent has the result NotSent.
func (g *Gateway) do(ctx context.Context, r request) gateway.Outcome {
	budget := g.cfg.Budget
	if r.orders {
		budget = g.cfg.PlaceBudget
	}
	now := g.cfg.Now()
	waiting, cancel := context.WithTimeout(ctx, g.cfg.Timeout)
	defer cancel()
	if err := budget.Take(waiting, 1, r.cancel); err != nil {
		return gateway.Outcome{Result: gateway.NotSent, Err: fmt.Errorf("upbit: %s %s: not sent: %w", r.method, r.path, err), Sent: now, Received: g.cfg.Now()}
	}
	header, err := g.authorization(r.params.plain())
	if err != nil {
		return gateway.Outcome{Result: gateway.NotSent, Err: err, Sent: now, Received: g.cfg.Now()}
	}
	q := gateway.Request{Method: r.method, URL: g.cfg.RESTURL + r.path, Header: header}
	switch {
	case r.method == http.MethodPost:
		q.Body = r.params.body()
		header.Set("Content-Type", "application/json; charset=utf-8")
	case len(r.params) > 0:
		q.URL += "?" + r.params.query()
	}
	out := g.requester.Do(ctx, q)
	if t, ok := penaltyOf(out.Status, out.Header, g.cfg.Now()); ok && out.Header != nil {
		budget.Penalize(t)
	}
	if out.Result == gateway.Answered {
		g.mu.Lock()
		g.clock.sample(out.Sent, out.Received, out.Header)
		g.mu.Unlock()
	}
	return out
}

// question asks something and returns the body. An error is everything but an answer; missing says that
// the venue knows no such order.
func (g *Gateway) question(ctx context.Context, r request, err error) (body []byte, missing bool, _ error) {
	if err != nil {
		return nil, false, err
	}
	out := g.do(ctx, r)
	v, why := judge(out)
	if v == taken {
		return out.Body, false, nil
	}
	return nil, v == absent, fmt.Errorf("upbit: %s %s: %s", r.method, r.path, g.scrub(why))
}

// scrub takes out of a text what must not be seen.
func (g *Gateway) scrub(text string) string { return g.cfg.Credentials.Scrub(text) }

// report passes a report on. Who holds mu meanwhile keeps the order of reports.
func (g *Gateway) report(f message.ExecutionReportFields) {
	f.Reason = g.scrub(f.Reason)
	r, err := message.NewExecutionReport(f)
	if err != nil { // our own belief was false; whoever asks how the account stands finds what is true
		g.log.Error("a report that cannot be", "reason", err)
		g.replies.Disconnected(fmt.Sprintf("upbit: a report that cannot be: %v", err))
		return
	}
	g.replies.Report(r)
}

// tell passes on what follows from an event or an answer. The caller holds mu.
func (g *Gateway) tell(t told, id message.VenueOrderID) {
	for _, f := range t.reports {
		g.report(f)
	}
	if t.missed != "" {
		g.replies.Disconnected("upbit: " + t.missed)
	}
	if t.ask {
		g.ask(id)
	}
}

// asksMax bounds the orders that are being asked for at once, askersMax the goroutines that ask.
const (
	asksMax   = 1024
	askersMax = 4
)

// ask has an order asked for: soon, once, however often that was wanted meanwhile. The caller holds mu.
func (g *Gateway) ask(id message.VenueOrderID) {
	if len(g.asks) >= asksMax && !g.asks[id] {
		g.replies.Disconnected(fmt.Sprintf("upbit: %d orders are to be asked for", asksMax))
		return
	}
	g.asks[id] = true
	if g.asking >= askersMax || g.begin(false) != "" {
		return // those who ask already come to it; after the end nobody does
	}
	g.asking++
	go func() {
		defer g.done()
		g.askAll()
	}()
}

// askAll asks for orders until there is none left to ask for.
func (g *Gateway) askAll() {
	for {
		g.mu.Lock()
		var id message.VenueOrderID
		for id = range g.asks {
			break
		}
		if len(g.asks) == 0 {
			g.asking--
			g.mu.Unlock()
			return
		}
		delete(g.asks, id)
		g.mu.Unlock()
		if err := g.askOne(g.ctx, id); err != nil && g.ctx.Err() == nil {
			g.log.Warn("an order could not be asked for", "order", id, "reason", err)
			g.replies.Disconnected(g.scrub(err.Error()))
		}
	}
}

// askOne asks for one order and tells what is new of it.
func (g *Gateway) askOne(ctx context.Context, id message.VenueOrderID) error {
	v, _, err := g.orderOf(ctx, id, "")
	if err != nil {
		return err
	}
	return g.answer(ctx, v, news)
}

// orderOf asks for one order.
func (g *Gateway) orderOf(ctx context.Context, id message.VenueOrderID, client message.ClientOrderID) (v order, missing bool, err error) {
	asked := g.venueTime()
	r, err := orderRequest(id, client)
	body, missing, err := g.question(ctx, r, err)
	if err != nil {
		return order{}, missing, err
	}
	if v, err = decodeOrder(body); err != nil {
		return order{}, false, err
	}
	if id != "" && v.id != id || id == "" && v.client != client {
		return order{}, false, fmt.Errorf("upbit: asked for order %s%s, was told of %s %s", id, client, v.id, v.client)
	}
	v.asked = asked
	return v, false, nil
}

// answer tells what an order's answer says. Where the fees take it, the venue is asked what it charges first.
func (g *Gateway) answer(ctx context.Context, v order, what telling) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.needRates(v) {
		g.mu.Unlock()
		_, _, err := g.Charges(ctx, v.instrument)
		g.mu.Lock()
		if err != nil { // their sum is right without them: go on
			g.log.Warn("the fee rates are not known", "instrument", v.instrument, "reason", err)
		}
	}
	var rates []market.Decimal
	if c, ok := g.rates[v.instrument]; ok {
		rates = c[v.side].rates()
	}
	t, proven, err := g.orders.answer(v, rates, what)
	if err != nil {
		return err
	}
	if !proven {
		g.log.Warn("no fee rate explains what the order paid; its executions share it in proportion", "order", v.id, "paid", v.paid)
	}
	g.changes++
	g.tell(t, v.id)
	return nil
}

// needRates reports whether the fees of v take rates that are not known: those of several executions of
// which none was told, since the sum of two rates can look like a third. The caller holds mu.
func (g *Gateway) needRates(v order) bool {
	if _, ok := g.rates[v.instrument]; ok {
		return false
	}
	untold := 0
	o := g.orders.find(v.id, v.client)
	for _, one := range v.trades {
		if o != nil {
			if _, told := o.fees[one.id]; told {
				continue
			}
		}
		untold++
	}
	return untold > 1
}

// ratesMax bounds the instruments whose fee rates are remembered.
const ratesMax = 4096

// Charges asks what Upbit charges for buying and for selling an instrument with this account, and how large
// orders may be. It fails where the venue does not answer.
func (g *Gateway) Charges(ctx context.Context, i market.Instrument) (buy, sell Charges, err error) {
	code, ok := codeOf(i)
	if !ok {
		return Charges{}, Charges{}, fmt.Errorf("upbit: %v is no instrument of Upbit's", i)
	}
	body, _, err := g.question(ctx, chanceRequest(code), nil)
	if err != nil {
		return Charges{}, Charges{}, err
	}
	if buy, sell, err = decodeChance(body); err != nil {
		return Charges{}, Charges{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.rates) >= ratesMax {
		clear(g.rates)
	}
	g.rates[i] = map[market.Side]Charges{market.Buy: buy, market.Sell: sell}
	return buy, sell, nil
}

// ticketOf makes the ticket of a subscription, which only has to be there.
func (g *Gateway) ticketOf() (string, error) {
	var random [9]byte
	if _, err := io.ReadFull(g.cfg.Random, random[:]); err != nil {
		return "", fmt.Errorf("upbit: no ticket: %w", err)
	}
	return "maru-" + base64.RawURLEncoding.EncodeToString(random[:]), nil
}
