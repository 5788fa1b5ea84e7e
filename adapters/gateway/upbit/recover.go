package upbit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

const (
	// pagesMax bounds the pages of open orders that are read: 10,000 orders.
	pagesMax = liveMax / openLimit
	// closedMax bounds the lists of closed orders that are read to look for one order.
	closedMax = 10
	// balanceTries is how often balances are asked for again because an order moved meanwhile.
	balanceTries = 3
	// clockSlack is by how much our clock may be ahead of the venue's when an order of ours is looked
	// for by the time at which it was made.
	clockSlack = time.Minute
)

// Recover asks how the account stands; the answer ends with one Replies.Recovered. It begins once the
// private stream is up, so that nothing happens between the two, and fails if that was cut meanwhile.
func (g *Gateway) Recover(open []message.OrderEvent) {
	if why := g.begin(true); why != "" {
		g.replies.Recovered(errors.New("upbit: recover: " + why))
		return
	}
	open = slices.Clone(open)
	go func() {
		defer g.done()
		g.recovering.Lock()
		defer g.recovering.Unlock()
		ctx, cancel := context.WithTimeout(g.ctx, g.cfg.RecoverWithin)
		defer cancel()
		err := g.recover(ctx, open)
		if err != nil {
			err = errors.New(g.scrub(fmt.Sprintf("upbit: recover: %v", err)))
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if offset, ok := g.clock.offset(); ok {
			g.replies.Clock(offset)
		}
		g.replies.Recovered(err)
	}()
}

func (g *Gateway) recover(ctx context.Context, open []message.OrderEvent) error {
	session, err := g.link.wait(ctx)
	if err != nil {
		return err
	}
	if err := g.checkKey(ctx, false); err != nil {
		return err
	}
	if err := g.recoverOrders(ctx, open); err != nil {
		return err
	}
	if err := g.balances(ctx, open); err != nil {
		return err
	}
	if g.link.session() != session {
		return errors.New("the private stream was cut meanwhile")
	}
	return nil
}

// recoverOrders tells of every order that the gateway holds open, and of every other that is open.
func (g *Gateway) recoverOrders(ctx context.Context, open []message.OrderEvent) error {
	asked := g.venueTime()
	there, err := g.openOrders(ctx)
	if err != nil {
		return err
	}
	for _, event := range open {
		f := event.Fields()
		v, ok := there.take(f.VenueOrderID, f.ClientOrderID)
		if err := g.recoverOne(ctx, f, v, ok, asked); err != nil {
			return err
		}
	}
	for _, v := range there.rest() {
		if err := g.recoverOther(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

// venueTime returns what the venue's clock shows, as far as the dates of its answers tell.
func (g *Gateway) venueTime() market.Timestamp {
	g.mu.Lock()
	defer g.mu.Unlock()
	offset, _ := g.clock.offset()
	return g.cfg.Now().Add(offset)
}

// listed are the open orders of the venue.
type listed struct {
	byID     map[message.VenueOrderID]order
	byClient map[message.ClientOrderID]message.VenueOrderID
}

// take returns and removes an order.
func (l listed) take(id message.VenueOrderID, client message.ClientOrderID) (order, bool) {
	if _, ok := l.byID[id]; !ok && client != "" {
		id = l.byClient[client]
	}
	v, ok := l.byID[id]
	delete(l.byID, id)
	return v, ok
}

// rest returns what was not taken, the oldest first.
func (l listed) rest() []order {
	return slices.SortedFunc(maps.Values(l.byID), func(a, b order) int {
		if a.created != b.created {
			return int(max(-1, min(1, a.created-b.created)))
		}
		return strings.Compare(string(a.id), string(b.id))
	})
}

// openOrders asks for every open order. Pages shift while orders end, so that one could be missed: where
// there are several, they are read until two readings find the same.
func (g *Gateway) openOrders(ctx context.Context) (listed, error) {
	all := listed{map[message.VenueOrderID]order{}, map[message.ClientOrderID]message.VenueOrderID{}}
	const readingsMax = 3
	for range readingsMax {
		before := len(all.byID)
		pages, err := g.readOpenOrders(ctx, all)
		if err != nil {
			return listed{}, err
		}
		if pages == 1 || len(all.byID) == before {
			break
		}
	}
	return all, nil
}

// readOpenOrders adds every page of open orders to all, and returns how many there were.
func (g *Gateway) readOpenOrders(ctx context.Context, all listed) (pages int, err error) {
	for page := 1; page <= pagesMax; page++ {
		asked := g.venueTime()
		body, _, err := g.question(ctx, openRequest(page), nil)
		if err != nil {
			return 0, err
		}
		orders, err := decodeOrders(body)
		if err != nil {
			return 0, err
		}
		for _, v := range orders {
			v.asked = asked
			all.byID[v.id] = v
			if v.client != "" {
				all.byClient[v.client] = v.id
			}
		}
		if len(orders) < openLimit {
			return page, nil
		}
	}
	return 0, fmt.Errorf("more than %d orders are open", liveMax)
}

// recoverOne tells of an order that the gateway holds open: v is how it stands among the open orders, if it
// does.
func (g *Gateway) recoverOne(ctx context.Context, f message.OrderEventFields, v order, isOpen bool, asked market.Timestamp) error {
	if !isOpen || v.count > 0 {
		id := f.VenueOrderID
		if isOpen {
			id = v.id
		}
		var missing bool
		var err error
		v, missing, err = g.orderOf(ctx, id, f.ClientOrderID)
		switch {
		case missing:
			return g.recoverAbsent(ctx, f, isOpen, asked)
		case err != nil:
			return err
		}
	}
	g.mu.Lock()
	known := g.orders.follow(v.id, v.client)
	g.mu.Unlock()
	if known == nil {
		return fmt.Errorf("more than %d orders are open", liveMax)
	}
	return g.answer(ctx, v, whole)
}

// recoverAbsent tells that the venue knows no such order, and where it was asked.
func (g *Gateway) recoverAbsent(ctx context.Context, f message.OrderEventFields, isOpen bool, asked market.Timestamp) error {
	if isOpen {
		return fmt.Errorf("order %s is among the open orders, and unknown when asked for", f.ClientOrderID)
	}
	evidence := message.EvidenceByID | message.EvidenceOpen
	found, whole, err := g.findClosed(ctx, f)
	switch {
	case err != nil:
		return err
	case found != "":
		return fmt.Errorf("order %s is among the closed orders as %s, and unknown when asked for", f.ClientOrderID, found)
	case whole:
		evidence |= message.EvidenceFills
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.report(message.ExecutionReportFields{
		Time: asked, ClientOrderID: f.ClientOrderID, VenueOrderID: f.VenueOrderID, Action: message.ActionAbsent,
		Request: message.RequestPlace, Evidence: evidence, Reason: "order_not_found",
	})
	return nil
}

// findClosed looks for an order among those that have ended. whole says that the lists reach from when it
// may have been made until a week later.
func (g *Gateway) findClosed(ctx context.Context, f message.OrderEventFields) (id message.VenueOrderID, whole bool, err error) {
	made := f.DecidedAt
	if made == 0 || f.Time > 0 && f.Time < made {
		made = f.Time
	}
	code, ok := codeOf(f.Instrument)
	if made == 0 || !ok {
		return "", false, nil
	}
	from := made.Add(-clockSlack)
	for range closedMax {
		body, _, err := g.question(ctx, closedRequest(code, from), nil)
		if err != nil {
			return "", false, err
		}
		orders, err := decodeOrders(body)
		if err != nil {
			return "", false, err
		}
		latest := from
		for _, v := range orders {
			if v.client == f.ClientOrderID && v.client != "" || v.id == f.VenueOrderID {
				return v.id, false, nil
			}
			latest = max(latest, v.created)
		}
		switch {
		case len(orders) < closedLimit:
			return "", true, nil
		case latest == from:
			return "", false, nil // a thousand within one second: the lists cannot reach further
		}
		from = latest
	}
	return "", false, nil
}

// recoverOther tells of an open order that the gateway does not hold open: what it is first, then its
// executions, and how it stands.
func (g *Gateway) recoverOther(ctx context.Context, v order) error {
	if v.count > 0 {
		whole, missing, err := g.orderOf(ctx, v.id, "")
		if missing || err == nil && whole.state.final() {
			return nil // it ended meanwhile; what it did shows in the balances
		}
		if err != nil {
			return err
		}
		v = whole
	}
	return g.answer(ctx, v, introduced)
}

// balances tells every balance. An execution that happens while they are asked for would make them
// contradict what was told: they are then asked for again.
func (g *Gateway) balances(ctx context.Context, open []message.OrderEvent) error {
	for try := 1; ; try++ {
		g.mu.Lock()
		before := g.changes
		g.mu.Unlock()
		body, _, err := g.question(ctx, accountsRequest(), nil)
		if err != nil {
			return err
		}
		all, err := decodeAccounts(body)
		if err != nil {
			return err
		}
		at := g.venueTime()
		g.mu.Lock()
		if g.changes != before && try < balanceTries {
			g.mu.Unlock()
			continue
		}
		err = g.tellBalances(at, all, open)
		g.mu.Unlock()
		return err
	}
}

// tellBalances passes balances on. Upbit leaves out what the account has nothing of: what was there before,
// and what open orders are about, is told as zero. The caller holds mu.
func (g *Gateway) tellBalances(at market.Timestamp, all []balance, open []message.OrderEvent) error {
	now := map[string]balance{}
	for _, b := range all {
		if _, twice := now[b.currency]; twice {
			return fmt.Errorf("the balance of %s is stated twice", b.currency)
		}
		now[b.currency] = b
	}
	for currency := range g.held {
		if _, ok := now[currency]; !ok {
			now[currency] = balance{currency: currency}
		}
	}
	for _, event := range open {
		i := event.Fields().Instrument
		for _, currency := range []string{i.Base(), i.Quote()} {
			if _, ok := now[currency]; !ok && currency != "" {
				now[currency] = balance{currency: currency}
			}
		}
	}
	clear(g.held)
	for _, currency := range slices.Sorted(maps.Keys(now)) {
		b := now[currency]
		if !b.free.IsZero() || !b.locked.IsZero() {
			g.held[currency] = true
		}
		m, err := message.NewBalance(message.BalanceFields{Time: at, Account: g.cfg.Account, Currency: currency, Free: b.free, Locked: b.locked})
		if err != nil {
			return err
		}
		g.replies.Balance(m)
	}
	return nil
}
