// Package upbit is the order gateway of Upbit: orders in, signed requests out, and what the venue says
// of them back as reports. It satisfies the interface order.Venue, which its consumer owns, and stands on
// adapters/gateway; it imports no actor.
//
// The bytes and the meaning are pure functions: token (sign.go), the requests (request.go), the answers
// (order.go, answers.go), the events (event.go), what an answer says of a request (verdict.go), fees
// (fee.go), and the tracker that turns events and answers into reports (track.go). Gateway is the shell:
// sockets, goroutines, time.
//
// What is peculiar to Upbit, and what follows:
//
//   - The stream states numbers as doubles. An execution whose numbers may have lost digits is not told
//     but asked for (exact.go, fee.go).
//   - The stream says nothing when it begins and confirms no subscription. Each event carries how many
//     executions the order has: where one is missing, the order is asked for (track.go).
//   - Canceling is only received by the answer to it; that an order is canceled comes by the stream.
//   - Requests carry no time: how late one may be taken up is not bounded, so that Support().Validity is
//     zero and an absence proves nothing.
//   - An identifier can be used once, whatever came of it.
//   - Fees are taken in the quote currency, of buys and of sells.
//
// Sources: docs.upbit.com/kr/reference (auth, new-order, get-order, list-open-orders, list-closed-orders,
// cancel-order, cancel-and-new-order, websocket-guide, websocket-myorder, websocket-myasset, rate-limits,
// rest-api-guide) and /kr/docs/smp, version 1.6.4, read 2026-11-21.
package upbit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
)

// Gateway is Upbit as a place for orders. It is safe for concurrent use.
type Gateway struct {
	cfg       Config
	replies   gateway.Replies
	log       *slog.Logger
	requester *gateway.Requester
	stream    *gateway.Stream

	ctx    context.Context
	cancel context.CancelFunc
	all    sync.WaitGroup

	// calls guards what the calls of order.Venue touch at once. Nothing of Replies is called under it.
	calls    sync.Mutex
	underWay int
	placing  map[message.ClientOrderID]chan struct{} // closed once the outcome was told
	started  bool
	closed   bool

	recovering sync.Mutex    // one Recover at a time, and none while balances are asked for otherwise
	moved      chan struct{} // holds one: the stream said that balances changed
	settle     time.Duration // how long to wait then, so that a burst is one question
	canceled   time.Duration // how long the stream has to tell that an order is canceled, before it is asked for

	// mu guards what follows, and is held while reports are passed on, so that they leave in the
	// order in which they were made.
	mu       sync.Mutex
	orders   *tracker
	changes  uint64 // counts what orders were heard to do
	clock    dateClock
	rates    map[market.Instrument]map[market.Side]Charges
	held     map[string]bool               // currencies whose balance was told and was not zero
	asks     map[message.VenueOrderID]bool // to be asked for
	asking   int                           // goroutines that ask
	keyAsked market.Timestamp              // when the key's end was last asked for

	// link guards whether the stream is up.
	link linkState
}

// New returns the gateway of an account, which does nothing before Start. It fails with every fault of cfg.
func New(cfg Config, replies gateway.Replies) (*Gateway, error) {
	err := cfg.Validate()
	if replies == nil {
		err = errors.Join(err, errors.New("upbit: nowhere to reply to"))
	}
	if err != nil {
		return nil, err
	}
	cfg.RESTURL = orDefault(cfg.RESTURL, restURL)
	cfg.WebSocketURL = orDefault(cfg.WebSocketURL, webSocketURL)
	cfg.SelfMatch = orDefault(cfg.SelfMatch, selfMatchDefault)
	cfg.Timeout = orDefault(cfg.Timeout, timeoutDefault)
	cfg.RecoverWithin = orDefault(cfg.RecoverWithin, recoverWithinDefault)
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	for budget, weight := range map[*gateway.Budget]int{&cfg.PlaceBudget: ordersPerSecond, &cfg.Budget: othersPerSecond} {
		if *budget == nil {
			reserve := 0
			if budget == &cfg.Budget {
				reserve = othersReserve
			}
			if *budget, err = gateway.NewMeter(gateway.MeterConfig{Per: time.Second, Weight: weight, Reserve: reserve, Now: cfg.Now}); err != nil {
				return nil, err
			}
		}
		*budget = gateway.Both(*budget, cfg.Shared)
	}
	g := &Gateway{
		cfg: cfg, replies: replies, log: cfg.Log.With(slog.String("venue", string(Name)), slog.String("account", string(cfg.Account))),
		placing: map[message.ClientOrderID]chan struct{}{}, orders: newTracker(),
		rates: map[market.Instrument]map[market.Side]Charges{}, held: map[string]bool{}, asks: map[message.VenueOrderID]bool{},
		moved: make(chan struct{}, 1), settle: balancesSettle, canceled: cancelSettle,
	}
	g.link.changed = make(chan struct{})
	if g.requester, err = gateway.NewRequester(gateway.RequesterConfig{Timeout: cfg.Timeout, Now: cfg.Now, Dial: cfg.Dial}); err != nil {
		return nil, err
	}
	if g.stream, err = g.newStream(); err != nil {
		return nil, err
	}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g, nil
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// begin notes that work has begun which may be refused where there is too much of it, as a call of
// order.Venue, and says why it cannot; empty: it can. Whoever began ends with done.
func (g *Gateway) begin(refusable bool) string {
	g.calls.Lock()
	defer g.calls.Unlock()
	switch {
	case g.closed:
		return "not sent: the gateway is closed"
	case refusable && !g.started:
		return errNotStarted
	case refusable && g.underWay >= underWayMax:
		return fmt.Sprintf("not sent: %d requests are under way", underWayMax)
	}
	g.underWay++
	g.all.Add(1)
	return ""
}

func (g *Gateway) done() {
	g.calls.Lock()
	g.underWay--
	g.calls.Unlock()
	g.all.Done()
}

// linkState is whether the private stream is up.
type linkState struct {
	mu      sync.Mutex
	up      bool
	ups     uint64        // counts how often it came up
	waiting int           // how many wait for it
	wanted  bool          // somebody waited for it in vain
	why     string        // why it is not up, if more is known
	changed chan struct{} // closed and made anew when up changes
}

// set notes whether the stream is up, and reports whether the account has to be asked about now that it is:
// it was cut before, or was waited for in vain, and nobody waits for it now.
func (l *linkState) set(up bool) (ask bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up = up
	close(l.changed)
	l.changed = make(chan struct{})
	if !up {
		return false
	}
	l.ups++
	l.why = ""
	ask = (l.ups > 1 || l.wanted) && l.waiting == 0
	l.wanted = false
	return ask
}

// because notes why the stream is not up.
func (l *linkState) because(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.why = why
}

// session returns which session of the stream is up; 0: none is.
func (l *linkState) session() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.up {
		return 0
	}
	return l.ups
}

// wait waits until the stream is up, and returns its session.
func (l *linkState) wait(ctx context.Context) (uint64, error) {
	for {
		l.mu.Lock()
		up, ups, changed := l.up, l.ups, l.changed
		if !up {
			l.waiting++
		}
		l.mu.Unlock()
		if up {
			return ups, nil
		}
		var err error
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-changed:
		}
		l.mu.Lock()
		l.waiting--
		l.wanted = l.wanted || err != nil && !l.up
		if err != nil {
			err = fmt.Errorf("the private stream is not up: %w", err)
			if l.why != "" {
				err = fmt.Errorf("%w: %s", err, l.why)
			}
		}
		l.mu.Unlock()
		if err != nil {
			return 0, err
		}
	}
}
