package binance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
)

const (
	// fillPages bounds how many trades are read to find those of one order, a thousand a page.
	fillPages = 20
	// strangersMax bounds how many orders are looked up to tell whose trades those of a symbol are.
	strangersMax = 100
	// followTries is how often is asked for what must follow, with waits that begin at followWait and
	// double, three seconds in all: an order and its trades come from different places at the venue,
	// and both after the private stream (rest-api.md, Data Sources).
	followTries = 6
	followWait  = 100 * time.Millisecond
	// searchBefore is how long before an order was made its trades are looked for, by the venue's
	// clock: more than ours can be wrong by without the venue refusing every request.
	searchBefore = time.Minute
)

// Recover asks how the account stands: each open order with its fills, orders that were placed by
// hand, balances. It waits for the private stream, without which what changes meanwhile is missed.
func (g *Gateway) Recover(open []message.OrderEvent) {
	open = slices.Clone(open)
	if !g.run(func() {
		ctx, cancel := g.cfg.Runtime.WithTimeout(g.ctx, g.cfg.RecoverWithin)
		defer cancel()
		err := g.recover(ctx, open)
		if err != nil {
			err = fmt.Errorf("binance: account %s: %w", g.cfg.Account, err)
		}
		g.replies.Recovered(err)
	}) {
		g.replies.Recovered(fmt.Errorf("binance: account %s: the gateway is closed", g.cfg.Account))
	}
}

// connected waits until the private stream is up, and returns how often it was cut so far.
func (g *Gateway) connected(ctx context.Context) (cuts uint64, err error) {
	err = g.await(ctx, func() bool {
		if g.up {
			cuts, g.missing = g.cuts, false // what was missed is asked for from now on
		}
		return g.up
	})
	if err == nil {
		return cuts, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.started {
		return 0, fmt.Errorf("%w: %s", ErrNotStarted, g.why)
	}
	return 0, fmt.Errorf("the private stream is not connected: %s", g.why)
}

// survey is one answer to Recover as it grows.
type survey struct {
	g    *Gateway
	asOf market.Timestamp // the venue's clock showed this before anything was asked
	open []order          // at the venue
	byID map[message.ClientOrderID]*order
	byNo map[message.VenueOrderID]*order
	told map[message.VenueOrderID]bool // those that are reported
	// whose says whose order a number is, for numbers that were looked up.
	whose map[message.VenueOrderID]message.ClientOrderID
}

func (g *Gateway) recover(ctx context.Context, open []message.OrderEvent) error {
	if _, err := g.connected(ctx); err != nil {
		return err
	}
	if err := g.await(ctx, func() bool {
		free := !g.recovering
		g.recovering = true
		return free
	}); err != nil {
		return fmt.Errorf("an earlier question is still being answered: %w", err)
	}
	defer g.set(func() { g.recovering = false })
	cuts, err := g.connected(ctx)
	if err != nil {
		return err
	}
	s := &survey{g: g, byID: map[message.ClientOrderID]*order{}, byNo: map[message.VenueOrderID]*order{},
		told: map[message.VenueOrderID]bool{}, whose: map[message.VenueOrderID]message.ClientOrderID{}}
	if s.asOf, err = g.askTime(ctx, g.questions); err != nil {
		return fmt.Errorf("ask for the time: %w", err)
	}
	if s.open, err = g.askOpen(ctx); err != nil {
		return err
	}
	for i := range s.open {
		o := &s.open[i]
		s.byID[o.client], s.byNo[o.venueID()], s.whose[o.venueID()] = o, o, o.client
	}
	for _, e := range open {
		if err := s.settle(ctx, e.Fields()); err != nil {
			return err
		}
	}
	for i := range s.open {
		o := s.open[i]
		if s.told[o.venueID()] {
			continue
		}
		instrument, err := g.symbols.instrument(o.symbol)
		if err != nil {
			return fmt.Errorf("an open order that was not placed here, %s: %w", o.venueID(), err)
		}
		now, err := g.current(ctx, &o, market.Quantity{})
		if err != nil {
			return fmt.Errorf("order %s: %w", o.venueID(), err)
		}
		if now.open() { // else its end was told as it came
			g.report(s.state(g.known.heard(*now), instrument))
		}
	}
	h, err := g.askAccount(ctx)
	if err != nil {
		return err
	}
	g.balances(h.at, h.balances)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cuts != cuts {
		return fmt.Errorf("the private stream was interrupted meanwhile: %s", g.why)
	}
	return nil
}

// settle reports one order that the gateway holds open: its fills, then how it stands; or that nobody
// knows of it.
func (s *survey) settle(ctx context.Context, f message.OrderEventFields) error {
	symbol, err := s.g.symbols.symbol(f.Instrument)
	if err != nil {
		return fmt.Errorf("order %s: %w", f.ClientOrderID, err)
	}
	found, err := s.find(ctx, f, symbol)
	if errors.Is(err, errArchived) {
		s.g.report(answer(f, message.ActionCancel, s.asOf, err.Error()))
		return nil
	}
	if err != nil {
		return fmt.Errorf("order %s: %w", f.ClientOrderID, err)
	}
	var evidence message.Evidence
	if found == nil {
		if found, evidence, err = s.search(ctx, f, symbol); err != nil {
			return fmt.Errorf("order %s: %w", f.ClientOrderID, err)
		}
	}
	if found == nil {
		absent := answer(f, message.ActionAbsent, s.certain(), "asked for it by its id, among the open orders, and for its trades")
		absent.Evidence = message.EvidenceByID | message.EvidenceOpen | evidence
		s.g.report(absent)
		return nil
	}
	if found, err = s.g.current(ctx, found, f.CumQuantity); err != nil {
		return fmt.Errorf("order %s: %w", f.ClientOrderID, err)
	}
	o := *found
	s.told[o.venueID()] = true
	s.whose[o.venueID()] = cmpOr(f.ClientOrderID, o.client)
	o = s.g.known.heard(o)
	o.client = cmpOr(f.ClientOrderID, o.client) // somebody may have given it another by an amendment
	fills, err := s.g.fillsOf(ctx, o, f.CumQuantity)
	if err != nil {
		return fmt.Errorf("order %s: %w", f.ClientOrderID, err)
	}
	for _, t := range fills {
		s.g.report(t.report(o, f.Instrument))
	}
	s.g.report(s.state(o, f.Instrument))
	return nil
}

// state returns the report of how an order stands. Of one that is open it is of the time of which it is
// certain, not of when the order last changed: that it did not change since is what is said.
func (s *survey) state(o order, i market.Instrument) message.ExecutionReportFields {
	r := o.state(i)
	if o.open() {
		r.Time = max(r.Time, s.certain())
	}
	return r
}

// certain is the time of which the answers tell for sure: requests that were valid until then have
// surfaced.
func (s *survey) certain() market.Timestamp { return s.asOf.Add(-s.g.cfg.Settle) }

// current returns the order as it is once the venue's answer is no older than what is known already:
// queries may lag behind what the private stream said (rest-api.md, Data Sources).
func (g *Gateway) current(ctx context.Context, o *order, filled market.Quantity) (*order, error) {
	for try := 1; ; try++ {
		latest, _ := g.known.latest(o.venueID())
		known := market.Quantity{Decimal: filled.Max(latest.executed.Decimal)}
		if !o.executed.Less(known.Decimal) && (!latest.ended || !o.open()) {
			return o, nil
		}
		if try == followTries {
			return nil, fmt.Errorf("the venue says that it is %s with %v filled, and reported fills of %v before, its end: %v", o.status, o.executed, known, latest.ended)
		}
		if err := g.pause(ctx, try); err != nil {
			return nil, err
		}
		again, err := g.askOrder(ctx, "", o.venueID(), o.symbol)
		if err != nil {
			return nil, err
		}
		if again != nil {
			o = again
		}
	}
}

// pause waits for the venue's data to follow, after so many tries.
func (g *Gateway) pause(ctx context.Context, tries int) error {
	return g.cfg.Runtime.Sleep(ctx, g.followWait<<(tries-1))
}

func cmpOr[T comparable](a, b T) T {
	var zero T
	if a != zero {
		return a
	}
	return b
}

// find looks an order up among the open ones, by our id, and by the venue's; nil if none knows it.
func (s *survey) find(ctx context.Context, f message.OrderEventFields, symbol string) (*order, error) {
	if o := s.byNo[f.VenueOrderID]; o != nil {
		return o, nil
	}
	if o := s.byID[f.ClientOrderID]; f.ClientOrderID != "" && o != nil && o.symbol == symbol {
		return o, nil
	}
	if f.ClientOrderID != "" {
		o, err := s.g.askOrder(ctx, f.ClientOrderID, "", symbol)
		if err != nil || o != nil {
			return o, err
		}
	}
	if f.VenueOrderID != "" {
		return s.g.askOrder(ctx, "", f.VenueOrderID, symbol)
	}
	return nil, nil
}

// search looks for an order that the venue does not know by id among the trades of its symbol: each
// must be of another order. It returns the order if one of them is its, and EvidenceFills if all of
// them are of others; neither if that cannot be told.
func (s *survey) search(ctx context.Context, f message.OrderEventFields, symbol string) (*order, message.Evidence, error) {
	since := f.Time
	if f.DecidedAt != 0 {
		since = min(since, f.DecidedAt)
	}
	since = since.Add(-searchBefore)
	from, asked := int64(0), 0
	for range fillPages {
		page, err := s.g.askTrades(ctx, func(stamp params) request { return tradesSince(symbol, since, from, stamp) })
		if err != nil {
			return nil, 0, err
		}
		for _, t := range page {
			if t.symbol != symbol || t.id < from {
				return nil, 0, fmt.Errorf("asked for trades of %s from %d on and was told %d of %.64q", symbol, from, t.id, t.symbol)
			}
			id := orderID(symbol, t.orderID)
			owner, known := s.owner(id)
			if !known {
				if asked++; asked > strangersMax {
					return nil, 0, nil
				}
			}
			if known && id != f.VenueOrderID && (f.ClientOrderID == "" || owner != f.ClientOrderID) {
				continue
			}
			o, err := s.g.askOrder(ctx, "", id, symbol)
			switch {
			case err != nil:
				return nil, 0, err
			case o == nil: // the venue traded an order that it does not know: whose is it?
				return nil, 0, nil
			case id == f.VenueOrderID, f.ClientOrderID != "" && o.client == f.ClientOrderID, known:
				return o, 0, nil
			}
			s.whose[id] = o.client
		}
		switch {
		case len(page) > 0:
			from = slices.MaxFunc(page, byTradeID).id + 1
		case from == 0 && since.Add(tradesWindow) < s.asOf:
			// A time alone may mean a day from then on.
			since = since.Add(tradesWindow)
		default:
			return nil, message.EvidenceFills, nil
		}
	}
	return nil, 0, nil
}

// tradesWindow is the longest span of time that one question for trades covers (rest-api.md, Account
// trade list).
const tradesWindow = 24 * time.Hour

func byTradeID(a, b trade) int { return cmp.Compare(a.id, b.id) }

// owner returns whose order a number is, as far as it was seen.
func (s *survey) owner(id message.VenueOrderID) (message.ClientOrderID, bool) {
	if owner, ok := s.whose[id]; ok {
		return owner, true
	}
	known, ok := s.g.known.latest(id)
	return known.client, ok
}

// fillsOf returns the trades of an order, none if the gateway knows of as much as the venue says was
// filled. It waits a while for trades to follow, and fails if they do not.
func (g *Gateway) fillsOf(ctx context.Context, o order, known market.Quantity) ([]trade, error) {
	if o.executed == known {
		return nil, nil
	}
	for try := 1; ; try++ {
		all, sum, err := g.tradesOf(ctx, o)
		if err != nil {
			return nil, err
		}
		switch {
		case !sum.Less(o.executed.Decimal):
			return all, nil
		case try == followTries:
			return nil, fmt.Errorf("%v was filled, and trades of %v are known", o.executed, sum)
		}
		if err := g.pause(ctx, try); err != nil {
			return nil, err
		}
	}
}

// tradesOf reads all trades of an order, and their sum.
func (g *Gateway) tradesOf(ctx context.Context, o order) (all []trade, sum market.Decimal, err error) {
	from := int64(0)
	for range fillPages {
		page, err := g.askTrades(ctx, func(stamp params) request { return tradesOf(o.symbol, o.id, from, stamp) })
		if err != nil {
			return nil, sum, err
		}
		for _, t := range page {
			if t.symbol != o.symbol || t.orderID != o.id {
				return nil, sum, fmt.Errorf("asked for trades of %s and was told one of %s", o.venueID(), orderID(t.symbol, t.orderID))
			}
			if t.id < from {
				return nil, sum, fmt.Errorf("asked for trades from %d on and was told %d", from, t.id)
			}
			if sum, err = sum.Add(t.quantity.Decimal); err != nil {
				return nil, sum, err
			}
		}
		all = append(all, page...)
		if len(page) < tradesMost {
			return all, sum, nil
		}
		from = slices.MaxFunc(page, byTradeID).id + 1
	}
	return nil, sum, fmt.Errorf("it has more than %d trades", fillPages*tradesMost)
}

// askOpen returns every open order of the account.
func (g *Gateway) askOpen(ctx context.Context) ([]order, error) {
	body, _, err := g.askFor(ctx, "open orders", func(stamp params) (request, error) { return openOrders(stamp), nil })
	if err != nil {
		return nil, err
	}
	all, err := decodeOrders(body)
	if err != nil {
		return nil, fmt.Errorf("ask for open orders: %w", err)
	}
	for _, o := range all {
		if !o.open() {
			return nil, fmt.Errorf("ask for open orders: %s is %s", o.venueID(), o.status)
		}
	}
	return all, nil
}

// errArchived says that an order ended without a fill more than 90 days ago, canceled or expired: the
// venue keeps no more of it (errors.md, -2026).
var errArchived = errors.New("it ended without a fill long ago")

// askOrder returns an order by our id or the venue's; nil if that does not exist.
func (g *Gateway) askOrder(ctx context.Context, client message.ClientOrderID, id message.VenueOrderID, symbol string) (*order, error) {
	body, f, err := g.askFor(ctx, "an order", func(stamp params) (request, error) { return query(client, id, symbol, stamp) },
		codeNoSuchOrder, codeOrderArchived)
	if err != nil {
		return nil, err
	}
	if f != nil {
		if f.code == codeOrderArchived {
			return nil, fmt.Errorf("%w: %w", errArchived, f)
		}
		return nil, nil
	}
	o, err := decodeOrder(body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("ask for an order: %w", err)
	case o.status == "" || o.symbol != symbol || client != "" && o.client != client || id != "" && o.venueID() != id:
		return nil, fmt.Errorf("asked for order %s%s and was told of %s %s", client, id, o.client, o.venueID())
	}
	return &o, nil
}

// askTrades returns one page of trades.
func (g *Gateway) askTrades(ctx context.Context, of func(params) request) ([]trade, error) {
	body, _, err := g.askFor(ctx, "trades", func(stamp params) (request, error) { return of(stamp), nil })
	if err != nil {
		return nil, err
	}
	all, err := decodeTrades(body)
	if err != nil {
		return nil, fmt.Errorf("ask for trades: %w", err)
	}
	return all, nil
}

// askFor asks, and returns the answer, or the fault if its code is one of those that are expected.
func (g *Gateway) askFor(ctx context.Context, what string, build func(stamp params) (request, error), expected ...int64) ([]byte, *fault, error) {
	stamp, err := g.stamp()
	if err != nil {
		return nil, nil, err
	}
	q, err := build(stamp)
	if err != nil {
		return nil, nil, err
	}
	out, f := g.ask(ctx, g.questions, q, false)
	switch {
	case out.Result != gateway.Answered:
		return nil, nil, fmt.Errorf("ask for %s: %w", what, scrubbed(g.cfg.Credentials, out.Err))
	case f != nil && slices.Contains(expected, f.code):
		return nil, f, nil
	case f != nil:
		return nil, nil, fmt.Errorf("ask for %s: %w", what, f)
	}
	return out.Body, nil, nil
}

// scrubbed returns err, without what must not be seen if it is in there.
func scrubbed(c gateway.Credentials, err error) error {
	if text := err.Error(); c.Scrub(text) != text {
		return errors.New(c.Scrub(text))
	}
	return err
}
