package binance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
)

// Errors of Check.
var (
	// ErrKey says that the key must not be used: it can withdraw, or cannot trade.
	ErrKey = errors.New("binance: the API key is refused")
	// ErrNotStarted answers Recover before Start succeeded.
	ErrNotStarted = errors.New("binance: the gateway is not started")
)

const (
	// inFlightMax is how many requests of orders and amendments may be under way, and as many of
	// cancels: more than an account may place in ten seconds (100), and a bound on what a venue that
	// hangs holds up.
	inFlightMax = 512
	// clockSamples is how often the clock is read at the start, to find a short round trip.
	clockSamples = 3
	// refillEvery is the least time between two questions for all balances that events make necessary.
	refillEvery = time.Second
)

// Gateway is the orders of one account. Its calls return at once; answers go to the replies that it
// was made with, from goroutines of its own. It is safe for concurrent use.
type Gateway struct {
	cfg     Config
	replies gateway.Replies
	signer  signer
	symbols *symbols
	clock   gateway.Clock
	// Each kind has connections of its own: orders that hang keep no cancel waiting, and no question
	// for what became of them.
	orders, cancels, questions gateway.Transport
	stream                     gateway.Feed
	known                      tracker

	ctx     context.Context
	stop    context.CancelFunc
	all     sync.WaitGroup // what runs, where that is goroutines
	changed gateway.Signal // of what mu guards

	followWait, refillEvery time.Duration // as the constants, but for tests

	mu         sync.Mutex // held for moments only
	started    bool
	checked    bool
	closed     bool
	up         bool
	cuts       uint64 // how often something may have been missed on the stream
	missing    bool   // something was missed and said, and nobody has asked since
	why        string // why the stream is not up
	inFlight   [2]int // requests under way: of orders and amendments, and of cancels
	recovering bool   // an answer to Recover is being worked on
	clockDue   bool   // the clock is to be read now
	sumsDue    bool   // the balances are to be read
}

// What the order gateway's actor asks of a venue; it owns the interface.
var _ interface {
	Support() message.OrderSupport
	Place(order message.OrderEvent)
	Cancel(order message.OrderEvent)
	Amend(order message.OrderEvent)
	Recover(open []message.OrderEvent)
} = (*Gateway)(nil)

// New returns the gateway of an account, which does nothing before Start. It fails with every fault of
// the configuration.
func New(cfg Config, replies gateway.Replies) (*Gateway, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	if replies == nil {
		return nil, errors.New("binance: gateway: nobody to reply to")
	}
	g := &Gateway{cfg: cfg, replies: replies, changed: cfg.Runtime.NewSignal(), followWait: followWait, refillEvery: refillEvery,
		why: "it was not connected yet"}
	if g.signer, err = newSigner(cfg.Credentials.Secret); err != nil {
		return nil, err
	}
	if g.symbols, err = newSymbols(cfg); err != nil {
		return nil, err
	}
	for _, r := range []*gateway.Transport{&g.orders, &g.cancels, &g.questions} {
		if *r, err = cfg.Runtime.NewTransport(gateway.RequesterConfig{Timeout: cfg.Timeout, BodyBytesMax: answerBytesMax, Now: cfg.Now, Dial: cfg.Dial}); err != nil {
			return nil, err
		}
	}
	if g.stream, err = g.newStream(); err != nil {
		return nil, err
	}
	g.ctx, g.stop = cfg.Runtime.WithCancel(context.Background())
	return g, nil
}

// Start checks the key as Check does, and then connects the private stream and begins to watch the
// venue's clock. On an error nothing runs, and it may be called again; before it succeeded no order
// leaves.
func (g *Gateway) Start(ctx context.Context) error {
	if err := g.Check(ctx); err != nil {
		return err
	}
	g.launch()
	return nil
}

// StartLater is Start that returns at once and tries until it succeeds or the gateway is closed, for
// a venue that may not be reachable yet. Whatever keeps it from starting is told as Disconnected, and
// as the answer to Recover.
func (g *Gateway) StartLater() {
	g.run(func() {
		wait := time.Second
		for {
			ctx, cancel := g.cfg.Runtime.WithTimeout(g.ctx, g.cfg.RecoverWithin)
			err := g.Check(ctx)
			cancel()
			if err == nil {
				g.launch()
				return
			}
			if g.ctx.Err() != nil {
				return
			}
			g.cfg.Log.Error("the account cannot trade yet; trying again", slog.Any("reason", err), slog.Duration("in", wait))
			g.set(func() { g.why = err.Error() })
			g.replies.Disconnected(err.Error())
			if g.cfg.Runtime.Sleep(g.ctx, wait) != nil {
				return
			}
			wait = min(wait*2, time.Minute)
		}
	})
}

// launch starts what runs, once.
func (g *Gateway) launch() {
	again := false
	g.set(func() { again, g.started = g.started, true })
	if again {
		return
	}
	g.run(func() { g.stream.Run(g.ctx) })
	g.run(g.watchClock)
	g.run(g.watchBalances)
}

// run runs do beside the caller; not at all once closed.
func (g *Gateway) run(do func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.all.Add(1)
	g.cfg.Runtime.Go(func() {
		defer g.all.Done()
		do()
	})
	return true
}

// set changes what mu guards and wakes who waits for a change.
func (g *Gateway) set(change func()) {
	g.mu.Lock()
	change()
	g.mu.Unlock()
	g.changed.Broadcast()
}

// await waits until is, which looks at what mu guards, or ctx ends.
func (g *Gateway) await(ctx context.Context, is func() bool) error {
	for {
		seen := g.changed.Seen()
		g.mu.Lock()
		done := is()
		g.mu.Unlock()
		if done {
			return nil
		}
		if err := g.changed.Wait(ctx, seen); err != nil {
			return err
		}
	}
}

// Close ends everything, and returns once it has where that is goroutines. What became of requests under way is told as far as
// it is known. A closed gateway answers every call with an error or a refusal.
func (g *Gateway) Close() error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.stop()
	if _, live := g.cfg.Runtime.(gateway.Live); live { // else what runs may need the caller to go on
		g.all.Wait()
	}
	for _, r := range []gateway.Transport{g.orders, g.cancels, g.questions} {
		r.Close()
	}
	return nil
}

// Support returns what Binance spot takes.
func (g *Gateway) Support() message.OrderSupport { return Support(g.cfg.Validity) }

// Check reads the venue's clock, and what the key may do: a key that can withdraw, or cannot trade,
// is refused with ErrKey. Where a venue has no such information (the test net, a stand-in), that is
// logged; Binance itself has it, and is not traded at without.
func (g *Gateway) Check(ctx context.Context) error {
	for i := range clockSamples {
		if _, err := g.askTime(ctx, g.orders); err != nil && i == 0 {
			return fmt.Errorf("binance: read the venue's clock: %w", err)
		}
	}
	stamp, err := g.stamp()
	if err != nil {
		return err
	}
	out, f := g.ask(ctx, g.questions, restrictions(stamp), false)
	switch {
	case out.Result != gateway.Answered:
		return fmt.Errorf("binance: ask what the key may do: %w", out.Err)
	case out.Status == http.StatusNotFound && !g.cfg.ofBinance():
		g.cfg.Log.Warn("this venue does not say what a key may do: whether it can withdraw is not checked",
			slog.String("venue", string(g.cfg.Venue)), slog.String("url", g.cfg.RESTURL+restrictionsPath))
	case f != nil:
		return fmt.Errorf("binance: ask what the key may do: %w", f)
	default:
		p, err := decodeRestrictions(out.Body)
		if err != nil {
			return fmt.Errorf("binance: ask what the key may do: %w", err)
		}
		switch {
		case p.withdraw:
			return fmt.Errorf("%w: it can withdraw; take that permission from it, or make a key without (API Management)", ErrKey)
		case !p.trade:
			return fmt.Errorf("%w: it cannot trade: give it Spot & Margin Trading (API Management)", ErrKey)
		}
		if p.transfer {
			g.cfg.Log.Warn("the API key can move funds between accounts of the same owner; it need not", slog.String("account", string(g.cfg.Account)))
		}
		if !p.restricted {
			g.cfg.Log.Warn("the API key works from any address: restrict it to yours", slog.String("account", string(g.cfg.Account)))
		}
	}
	h, err := g.askAccount(ctx)
	if err != nil {
		return err
	}
	if !h.canTrade {
		return fmt.Errorf("%w: the account may not trade (canTrade is false)", ErrKey)
	}
	g.set(func() { g.checked = true })
	return nil
}

// Place hands over a new order. One request is made of it, once, and only if the key was checked.
func (g *Gateway) Place(o message.OrderEvent) {
	f := o.Fields()
	g.request(f, message.RequestPlace, func() (request, error) {
		if err := g.ready(); err != nil {
			return request{}, err
		}
		symbol, err := g.symbols.symbol(f.Instrument)
		if err != nil {
			return request{}, err
		}
		made, until := f.Time, f.ValidUntil
		if made == 0 {
			made = g.cfg.Now()
		}
		if until == 0 {
			until = made.Add(g.cfg.Validity)
		}
		now := g.cfg.Now()
		offset, _, _ := g.clock.Offset(now)
		if now = now.Add(offset); now >= until {
			return request{}, fmt.Errorf("the venue's clock shows %v: %v, until which it may be taken, is over", now, until)
		}
		stamp, err := window(made, offset, until)
		if err != nil {
			return request{}, err
		}
		q, err := place(f, symbol, stamp)
		q.permitWithin = until.Sub(now)
		return q, err
	}, decodeOrder)
}

// Cancel asks to cancel an order.
func (g *Gateway) Cancel(o message.OrderEvent) {
	f := o.Fields()
	g.request(f, message.RequestCancel, func() (request, error) {
		symbol, stamp, err := g.stamped(f.Instrument)
		if err != nil {
			return request{}, err
		}
		return cancelOrder(f, symbol, stamp)
	}, decodeOrder)
}

// Amend asks to reduce the quantity of an order.
func (g *Gateway) Amend(o message.OrderEvent) {
	f := o.Fields()
	g.request(f, message.RequestAmend, func() (request, error) {
		if err := g.ready(); err != nil {
			return request{}, err
		}
		symbol, stamp, err := g.stamped(f.Instrument)
		if err != nil {
			return request{}, err
		}
		return amend(f, symbol, stamp)
	}, decodeAmended)
}

// ready fails before the key was checked.
func (g *Gateway) ready() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.checked {
		return ErrNotStarted
	}
	return nil
}

func (g *Gateway) stamped(i market.Instrument) (symbol string, stamp params, err error) {
	if symbol, err = g.symbols.symbol(i); err != nil {
		return "", nil, err
	}
	stamp, err = g.stamp()
	return symbol, stamp, err
}

// stamp is the time and validity of a request that is made now and may be made again.
func (g *Gateway) stamp() (params, error) {
	now := g.cfg.Now()
	offset, _, _ := g.clock.Offset(now)
	return window(now, offset, now.Add(offset).Add(recvWindowDefault))
}

// refusals are how a request is said to have been refused, and so not executed.
var refusals = map[message.OrderRequest]message.OrderAction{
	message.RequestPlace:  message.ActionReject,
	message.RequestCancel: message.ActionRejectCancel,
	message.RequestAmend:  message.ActionRejectAmend,
}

// request makes one request about an order, on a goroutine of its own, and reports what became of it.
func (g *Gateway) request(f message.OrderEventFields, kind message.OrderRequest, build func() (request, error), read func([]byte) (order, error)) {
	refuse := func(why string) {
		g.report(answer(f, refusals[kind], g.venueTime(), "not sent: "+why))
	}
	if !g.enter(kind) {
		refuse(fmt.Sprintf("%d requests are under way already", inFlightMax))
		return
	}
	if !g.run(func() {
		defer g.leave(kind)
		q, err := build()
		if err != nil {
			refuse(err.Error())
			return
		}
		g.finish(f, kind, q, read)
	}) {
		g.leave(kind)
		refuse("the gateway is closed")
	}
}

// enter takes a place for a request; leave gives it back. Cancels have places of their own.
func (g *Gateway) enter(kind message.OrderRequest) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := &g.inFlight[lane(kind)]
	if *n >= inFlightMax {
		return false
	}
	*n++
	return true
}

func (g *Gateway) leave(kind message.OrderRequest) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight[lane(kind)]--
}

// lane returns which of the two a request belongs to.
func lane(kind message.OrderRequest) int {
	if kind == message.RequestCancel {
		return 1
	}
	return 0
}

// finish sends q and reports the outcome.
func (g *Gateway) finish(f message.OrderEventFields, kind message.OrderRequest, q request, read func([]byte) (order, error)) {
	r := g.orders
	if kind == message.RequestCancel {
		r = g.cancels
	}
	out, fault := g.ask(g.ctx, r, q, kind == message.RequestCancel)
	at := g.clock.Venue(out.Received)
	lose := func(why string) {
		lost := answer(f, message.ActionLose, at, why)
		lost.Request = kind
		g.report(lost)
	}
	switch {
	case out.Result == gateway.NotSent:
		g.report(answer(f, refusals[kind], at, out.Err.Error()))
	case out.Result == gateway.Unknown:
		lose(out.Err.Error())
	case fault != nil && fault.verdict() == refused:
		g.report(answer(f, refusals[kind], at, fault.Error()))
	case fault != nil:
		lose(fault.Error())
	default:
		o, err := read(out.Body)
		if err == nil {
			err = matches(o, f, q)
		}
		if err != nil {
			lose(fmt.Sprintf("HTTP %d that cannot be read as the answer: %v", out.Status, err))
			return
		}
		g.answered(f, kind, o)
	}
}

// matches fails if an answer is about another order than the one that was asked for.
func matches(o order, f message.OrderEventFields, q request) error {
	if symbol := q.params[0].value; o.symbol != symbol {
		return fmt.Errorf("it is about symbol %.64q, not %s", o.symbol, symbol)
	}
	if f.ClientOrderID != "" && o.client != f.ClientOrderID || f.ClientOrderID == "" && o.venueID() != f.VenueOrderID {
		return fmt.Errorf("it is about order %.64q %s, not %s %s", o.client, o.venueID(), f.ClientOrderID, f.VenueOrderID)
	}
	return nil
}

// answered reports a request that was granted.
func (g *Gateway) answered(f message.OrderEventFields, kind message.OrderRequest, o order) {
	if kind != message.RequestPlace {
		o = g.known.heard(o)
		o.client = cmpOr(f.ClientOrderID, o.client)
	}
	switch kind {
	case message.RequestPlace:
		g.known.placed(o)
		g.report(o.reports(f.Instrument)...)
	case message.RequestCancel:
		g.report(o.state(f.Instrument))
	case message.RequestAmend:
		amended := o.base(f.Instrument)
		amended.Action = message.ActionAmend
		g.report(amended)
		if !o.open() { // it had filled that much already
			g.report(o.state(f.Instrument))
		}
	}
}

// answer returns a report about the order of f.
func answer(f message.OrderEventFields, action message.OrderAction, at market.Timestamp, why string) message.ExecutionReportFields {
	return message.ExecutionReportFields{Time: at, ClientOrderID: f.ClientOrderID, VenueOrderID: f.VenueOrderID,
		Instrument: f.Instrument, Action: action, Reason: why}
}

// report passes reports on in their order.
func (g *Gateway) report(all ...message.ExecutionReportFields) {
	for _, f := range all {
		f.Reason = cut(g.cfg.Credentials.Scrub(f.Reason))
		r, err := message.NewExecutionReport(f)
		if err != nil { // an order without any id came in
			g.cfg.Log.Error("a report could not be made", slog.Any("reason", err))
			continue
		}
		g.replies.Report(r)
	}
}

// reasonBytesMax bounds the words of a venue that are passed on.
const reasonBytesMax = 300

func cut(text string) string {
	if len(text) > reasonBytesMax {
		text = text[:reasonBytesMax]
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// ask sends a request once the budget permits it. The fault is what the venue said in an answer of
// 4xx; an answer that is neither is Unknown.
func (g *Gateway) ask(ctx context.Context, r gateway.Transport, q request, cancel bool) (gateway.Outcome, *fault) {
	ctx, done := g.cfg.Runtime.WithTimeout(ctx, g.cfg.Timeout)
	defer done()
	if err := g.permit(ctx, q, cancel); err != nil {
		now := g.cfg.Now()
		return gateway.Outcome{Result: gateway.NotSent, Sent: now, Received: now, Err: fmt.Errorf("not sent: %w", err)}, nil
	}
	out := r.Do(ctx, q.wire(g.cfg.RESTURL, g.signer, g.cfg.Credentials.Key))
	if out.Status != 0 {
		if t, ok := gateway.Throttled(out.Status, out.Header, out.Received); ok {
			g.cfg.Budget.Penalize(t)
			g.cfg.Log.Warn("the venue wants to be left alone", slog.String("reason", t.Reason), slog.Time("until", t.Until.Time()))
		}
	}
	if out.Result != gateway.Answered || out.Status < 400 {
		return out, nil
	}
	f, err := decodeFault(out.Body, out.Status)
	if err != nil {
		f = fault{status: out.Status}
		// 404 is how a server says that it has no such path. Whoever else answers without a code
		// (a firewall in front of the venue, a proxy) does not say what became of the request.
		if f.verdict() != refused && out.Status != http.StatusNotFound {
			out.Result = gateway.Unknown
			out.Err = fmt.Errorf("HTTP %d without a code: %.100q", out.Status, out.Body)
		}
	}
	if f.code == codeInvalidTimestamp {
		g.wantClock()
	}
	return out, &f
}

// permit waits until the request may be made.
func (g *Gateway) permit(ctx context.Context, q request, cancel bool) error {
	if q.permitWithin > 0 {
		var done context.CancelFunc
		ctx, done = g.cfg.Runtime.WithTimeout(ctx, q.permitWithin)
		defer done()
	}
	return g.cfg.Budget.Take(ctx, q.weight, cancel)
}

// venueTime is what the venue's clock shows.
func (g *Gateway) venueTime() market.Timestamp { return g.clock.Venue(g.cfg.Now()) }

// wantClock asks for the clock to be read soon.
func (g *Gateway) wantClock() { g.set(func() { g.clockDue = true }) }

// watchClock reads the venue's clock from time to time, over a connection for orders and one for
// cancels, which keeps both warm.
func (g *Gateway) watchClock() {
	for {
		ctx, done := g.cfg.Runtime.WithTimeout(g.ctx, g.cfg.ClockEvery)
		_ = g.await(ctx, func() bool { return g.clockDue }) // or the time has come
		done()
		if g.ctx.Err() != nil {
			return
		}
		g.set(func() { g.clockDue = false })
		for _, r := range []gateway.Transport{g.orders, g.cancels} {
			if _, err := g.askTime(g.ctx, r); err != nil && g.ctx.Err() == nil {
				g.cfg.Log.Warn("the venue's clock was not read", slog.Any("reason", err))
			}
		}
	}
}

// askTime returns the venue's time, no earlier moment than when it was asked, and tells how far its
// clock is ahead.
func (g *Gateway) askTime(ctx context.Context, r gateway.Transport) (market.Timestamp, error) {
	out, f := g.ask(ctx, r, serverTime(), false)
	if out.Result != gateway.Answered {
		return 0, out.Err
	}
	if f != nil {
		return 0, f
	}
	at, err := decodeTime(out.Body)
	if err != nil {
		return 0, err
	}
	offset, _, err := g.clock.Sample(out.Sent, out.Received, at)
	if err != nil {
		return 0, err
	}
	g.replies.Clock(offset)
	return at, nil
}

// askAccount returns what the account holds.
func (g *Gateway) askAccount(ctx context.Context) (holdings, error) {
	stamp, err := g.stamp()
	if err != nil {
		return holdings{}, err
	}
	out, f := g.ask(ctx, g.questions, account(stamp), false)
	if out.Result != gateway.Answered {
		return holdings{}, fmt.Errorf("binance: ask for the account: %w", out.Err)
	}
	if f != nil {
		return holdings{}, fmt.Errorf("binance: ask for the account: %w", f)
	}
	h, err := decodeAccount(out.Body)
	if err != nil {
		return holdings{}, fmt.Errorf("binance: ask for the account: %w", err)
	}
	if h.at == 0 {
		h.at = g.clock.Venue(out.Sent)
	}
	return h, nil
}

// balances passes on what the account holds.
func (g *Gateway) balances(at market.Timestamp, all []balance) {
	for _, b := range all {
		m, err := message.NewBalance(message.BalanceFields{Time: at, Account: g.cfg.Account, Currency: b.currency, Free: b.free, Locked: b.locked})
		if err == nil { // account and currency are there
			g.replies.Balance(m)
		}
	}
}
