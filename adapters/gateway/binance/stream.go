package binance

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/gateway"
)

// subscribeWeight is that of a subscription, and of a connection (web-socket-api.md).
const subscribeWeight = 4

// newStream returns the account's private stream.
func (g *Gateway) newStream() (gateway.Feed, error) {
	var talks atomic.Int64
	return g.cfg.Runtime.NewFeed(gateway.StreamConfig{
		URL:  g.cfg.WebSocketURL,
		Talk: func() gateway.Talk { return &talk{g: g, id: int(talks.Add(1))} },
		Up: func() {
			g.set(func() { g.up, g.why = true, "" })
		},
		Down: func(why string) {
			why = g.cfg.Credentials.Scrub(why)
			g.set(func() { g.up, g.why = false, why; g.cuts++ })
			g.replies.Disconnected(why)
		},
		Permit:    func(ctx context.Context) error { return g.cfg.Budget.Take(ctx, subscribeWeight, false) },
		Throttled: g.cfg.Budget.Penalize,
		Silence:   streamSilence,
		Lifetime:  streamLifetime,
		Seed:      g.cfg.Seed,
		Now:       g.cfg.Now,
		Dial:      g.cfg.Dial,
		Log:       g.cfg.Log,
	})
}

// talk is one connection: it subscribes, and passes on what comes.
type talk struct {
	g  *Gateway
	id int // of the request to subscribe
}

// Hello is part of gateway.Talk.
func (t *talk) Hello() ([][]byte, error) {
	stamp, err := t.g.stamp()
	if err != nil {
		return nil, err
	}
	return [][]byte{subscribe(t.id, t.g.cfg.Credentials.Key.Reveal(), stamp, t.g.signer)}, nil
}

// Frame is part of gateway.Talk.
func (t *talk) Frame(data []byte, _ market.Timestamp) (ready bool, err error) {
	g := t.g
	f, err := decodeFrame(data)
	if err != nil {
		// Whatever it was, it cannot be known by asking for it again: the gateway is to ask how
		// everything stands.
		g.cfg.Log.Error("private stream: a frame was not understood", slog.Any("reason", err))
		g.missed(fmt.Sprintf("a frame was not understood: %v", err))
		return false, nil
	}
	switch {
	case f.reply != nil:
		if f.reply.id != strconv.Itoa(t.id) {
			return false, nil
		}
		if f.reply.fault != nil {
			if f.reply.fault.code == codeInvalidTimestamp {
				g.wantClock()
			}
			return false, fmt.Errorf("binance: subscribe to the account's events: %w", f.reply.fault)
		}
		return true, nil
	case f.report != nil:
		g.event(f.report)
	case f.event == "outboundAccountPosition":
		g.balances(f.at, f.sums)
	case f.event == "balanceUpdate" || f.event == "externalLockUpdate":
		g.wantBalances() // it tells by how much, not to what
	case f.event == "serverShutdown":
		g.stream.Renew("the server is about to shut down")
	case f.event == "eventStreamTerminated":
		return false, fmt.Errorf("binance: the venue ended the subscription to the account's events")
	}
	return false, nil // others, such as listStatus, repeat what the orders' own events say
}

// missed says that something may have been missed on a connection that goes on: once, until the
// gateway has asked how everything stands.
func (g *Gateway) missed(why string) {
	said := false
	g.set(func() {
		g.cuts++
		said, g.missing = g.missing, true
	})
	if !said {
		g.replies.Disconnected(g.cfg.Credentials.Scrub(why))
	}
}

// event reports an event of an order.
func (g *Gateway) event(e *event) {
	i, err := g.symbols.instrument(e.symbol)
	if err != nil {
		g.missed(err.Error())
		return
	}
	e.order = g.known.heard(e.order)
	g.report(e.reports(i)...)
}

// wantBalances asks for the balances to be read soon.
func (g *Gateway) wantBalances() { g.set(func() { g.sumsDue = true }) }

// watchBalances reads the balances when asked to, with a pause in between: a burst of events is one
// question, or two.
func (g *Gateway) watchBalances() {
	for g.cfg.Runtime.Sleep(g.ctx, g.refillEvery) == nil && g.await(g.ctx, func() bool { return g.sumsDue }) == nil {
		g.set(func() { g.sumsDue = false })
		h, err := g.askAccount(g.ctx)
		if err != nil {
			if g.ctx.Err() == nil {
				g.missed(fmt.Sprintf("the balances were not read: %v", err))
			}
			continue
		}
		g.balances(h.at, h.balances)
	}
}
