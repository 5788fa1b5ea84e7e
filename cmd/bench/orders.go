package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/gateway"
	"github.com/maru-trading/maru/adapters/gateway/binance"
	"github.com/maru-trading/maru/adapters/store/journal"
	books "github.com/maru-trading/maru/cmd/internal/ledger"
	"github.com/maru-trading/maru/remote/wire"
)

const deskAccount = message.AccountName("bench")

// deskListing is what is traded.
var deskListing = market.Listing{Instrument: market.MustInstrument("binance", "BTC-USDT"), Symbol: "BTCUSDT",
	Ticks: market.FixedTick(market.MustPrice("0.01")), LotSize: market.MustQuantity("0.00001")}

// desk is the order gateway of one account as a node runs it: actor, core with every limit of the
// default configuration but rates, journal on disk, and a way to the venue.
type desk struct {
	sys   *actor.ActorSystem
	pid   *actor.PID
	books *books.Ledger
	final chan message.OrderEvent // each order once, when it is final and that is on disk
	seq   uint64                  // of intents
	syncs atomic.Uint64
}

// lend gives the journal to the gateway, and counts its syncs.
func (d *desk) lend() (order.Journal, iter.Seq2[message.OrderEvent, error], func() error, error) {
	j, history, end, err := d.books.Lend()
	return countedSyncs{j, &d.syncs}, history, end, err
}

type countedSyncs struct {
	order.Journal
	syncs *atomic.Uint64
}

func (c countedSyncs) Sync() error {
	c.syncs.Add(1)
	return c.Journal.Sync()
}

// reconciled is a venue whose account is always as our books have it, with enough on it.
type reconciled struct {
	order.Venue
	replies order.Replies
	done    func() error
}

func (v reconciled) Recover([]message.OrderEvent) {
	for _, currency := range []string{"USDT", "BTC"} {
		b, err := balance(currency)
		if err != nil {
			panic(err) // constants
		}
		v.replies.Balance(b)
	}
	v.replies.Recovered(nil)
}

func (v reconciled) Close() error { return v.done() }

// wired is the gateway of Binance, whose other end is a stub.
func wired(s *stub) func(order.Replies) (order.Venue, error) {
	return func(replies order.Replies) (order.Venue, error) {
		g, err := binance.New(binance.Config{Account: deskAccount, Venue: "binance", RESTURL: s.url(), WebSocketURL: "ws://" + s.listener.Addr().String(),
			Credentials: gateway.Credentials{Key: gateway.NewSecret("key"), Secret: gateway.NewSecret("secret")},
			Listings:    []market.Listing{deskListing}, Now: wall, Budget: unlimited{}}, replies)
		if err == nil {
			err = g.Check(context.Background())
		}
		if err != nil {
			return nil, err
		}
		return reconciled{g, replies, g.Close}, nil
	}
}

// unlimited is a budget without an end: what a venue allows is not what is measured.
type unlimited struct{}

func (unlimited) Take(context.Context, int, bool) error { return nil }
func (unlimited) Penalize(gateway.Throttle)             {}

// instant is a venue in this process that answers at once: each order has expired.
func instant(replies order.Replies) (order.Venue, error) {
	return reconciled{expiring{replies}, replies, func() error { return nil }}, nil
}

type expiring struct{ replies order.Replies }

func (expiring) Support() message.OrderSupport { return binance.Support(5 * time.Second) }
func (expiring) Cancel(message.OrderEvent)     {}
func (expiring) Amend(message.OrderEvent)      {}
func (expiring) Recover([]message.OrderEvent)  {}
func (v expiring) Place(o message.OrderEvent) {
	f := o.Fields()
	r, err := message.NewExecutionReport(message.ExecutionReportFields{Time: f.Time, ClientOrderID: f.ClientOrderID, VenueOrderID: message.VenueOrderID(f.ClientOrderID),
		Instrument: f.Instrument, Action: message.ActionExpire})
	if err != nil {
		panic(err) // the order has an id
	}
	v.replies.Report(r)
}

func wall() market.Timestamp { return market.TimestampOf(time.Now()) }

// openDesk starts a gateway and waits until it takes orders.
func openDesk(dir string, venue func(order.Replies) (order.Venue, error)) (*desk, error) {
	kept, err := books.Open(journal.DefaultConfig(filepath.Join(dir, "journal")))
	if err != nil {
		return nil, err
	}
	d := &desk{sys: system.New(slog.New(slog.DiscardHandler)), books: kept, final: make(chan message.OrderEvent, 8192)}
	env := system.Live(slog.New(slog.DiscardHandler))
	supervision := system.NewSupervisor(system.Supervision{Role: "bench", Why: "a measurement has no use for a restart"}, env, nil, nil)
	ear, err := system.Spawn(d.sys, "ear", func() actor.Actor { return hearing{d.final} }, system.NewMailbox(system.MailboxConfig{}), actors.LiveDispatcher(), supervision)
	if err != nil {
		return nil, err
	}
	c := order.DefaultConfig()
	c.Account, c.Venue, c.Epoch, c.Listings = deskAccount, "binance", 1, []market.Listing{deskListing}
	c.OpenOrdersMax, c.QueueMax = 100_000, 100_000
	c.Limits.Collar, c.Limits.StaleAfter, c.Limits.SelfTrade, c.Limits.ClockSkewMax = market.MustDecimal("0.1"), time.Hour, true, time.Second
	c.Limits.OrderNotionalMax, c.Limits.DailyLossMax = market.Amount{Decimal: market.MustDecimal("1000000")}, market.Amount{Decimal: market.MustDecimal("1000000")}
	deps := order.Deps{Env: env, Metrics: telemetry.New("bench"), Open: d.lend, Venue: venue, Watchers: []*actor.PID{ear}, View: noView{}}
	d.pid, err = system.Spawn(d.sys, "order", func() actor.Actor { return order.NewGateway(c, deps, false) },
		system.NewMailbox(system.MailboxConfig{Role: "order", Limit: 100_000}), actors.LiveDispatcher(), supervision)
	if err != nil {
		return nil, err
	}
	b := message.NewViewsBuilder(1, 0)
	b.Add(message.Origin{Instrument: deskListing.Instrument, Received: wall()},
		message.Quote{Bid: market.MustPrice("100"), Ask: market.MustPrice("101"), Last: market.MustPrice("100")}, true, true, nil)
	d.sys.Root.Send(d.pid, b.Build(message.ViewsFields{Time: wall()}))
	// The first orders are denied until the day's first mark is on disk.
	for end := time.Now().Add(10 * time.Second); ; {
		d.intend()
		if e := <-d.final; e.Fields().Status == message.OrderExpired {
			return d, nil
		} else if time.Now().After(end) {
			return nil, fmt.Errorf("the gateway takes no orders: %v", e)
		}
		<-time.After(50 * time.Millisecond)
	}
}

type noView struct{}

func (noView) OfferOrderEvents(...message.OrderEvent) {}

// hearing passes on events of final orders.
type hearing struct{ final chan message.OrderEvent }

// Receive is part of actor.Actor.
func (h hearing) Receive(ctx actor.Context) {
	if e, ok := ctx.Message().(message.OrderEvent); ok && e.Fields().Status.Final() && !e.Fields().Action.OfAccount() {
		h.final <- e
	}
}

// intend asks for an order.
func (d *desk) intend() {
	d.seq++
	i, err := message.NewOrderIntent(message.OrderIntentFields{Origin: message.Origin{Instrument: deskListing.Instrument, Received: wall()},
		ID: message.IntentID{Strategy: "bench", Seq: d.seq}, Account: deskAccount, Reason: "size: even → bids (imbalance > 0.3: 0.41 > 0.3)",
		OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.IOC, Price: market.MustPrice("100.5"), Quantity: market.MustQuantity("0.01")}})
	if err != nil {
		panic(err) // constants
	}
	d.sys.Root.Send(d.pid, i)
}

// ended waits for an order to be final.
func (d *desk) ended(ctx context.Context) error {
	select {
	case e := <-d.final:
		if f := e.Fields(); f.Status != message.OrderExpired {
			return fmt.Errorf("an order is %v: %s", f.Status, f.Reason)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("an order without an end: %w", ctx.Err())
	}
}

func (d *desk) close() error {
	err := d.sys.Root.PoisonFuture(d.pid).Wait()
	return errors.Join(err, d.books.Close())
}

// orders measures what lies between an intent and the wire.
func orders(ctx context.Context, r *runner) (rows []row, err error) {
	for _, part := range []func(context.Context, *runner) ([]row, error){intentToWire, ordersPerSecond, orderChecks} {
		more, err := part(ctx, r)
		if rows = append(rows, more...); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// intentToWire sends one intent after the other, each in turn with a bare write + fdatasync of as
// many bytes as its record has, on the same disk.
func intentToWire(ctx context.Context, r *runner) (rows []row, err error) {
	dir, err := r.temp("orders")
	if err != nil {
		return nil, err
	}
	arrived := make(chan time.Time, 1)
	s, err := startStub(arrived)
	if err != nil {
		return nil, err
	}
	defer s.close()
	go func() { <-arrived }() // of the order that openDesk places
	d, err := openDesk(dir, wired(s))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	bare, err := journal.OSFS{}.Create(filepath.Join(dir, "bare"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.Close()) }()
	size, err := d.recordBytes()
	if err != nil {
		return nil, err
	}
	record, off := make([]byte, size), int64(0)
	var ours, reference latencies
	for range pick(r, 3000, 20) {
		begun := time.Now()
		_, err := bare.WriteAt(record, off)
		off += int64(size)
		if err = errors.Join(err, bare.Sync()); err != nil {
			return nil, err
		}
		reference = append(reference, int64(time.Since(begun)))

		begun = time.Now()
		d.intend()
		select {
		case at := <-arrived:
			ours = append(ours, int64(at.Sub(begun)))
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if err := d.ended(ctx); err != nil {
			return nil, err
		}
	}
	o50, o99, _ := ours.spread()
	b50, b99, _ := reference.spread()
	against := "bare write + fdatasync of as many bytes"
	fifty := row{What: "intent to bytes on the wire with fsync, p50", Measured: figure{o50, "µs"}}.against(against, figure{b50, "µs"})
	fifty = fifty.aim("ratio ≤ 1.5", fifty.Ratio <= 1.5)
	fifty.Note = fmt.Sprintf("%d turns, records of %d bytes, in %s", len(ours), size, filepath.Dir(r.dir))
	return append(rows, fifty, row{What: "intent to bytes on the wire with fsync, p99", Measured: figure{o99, "µs"}}.against(against, figure{b99, "µs"})), nil
}

// recordBytes is how long the record of an order's creation is.
func (d *desk) recordBytes() (int, error) {
	for e, err := range d.books.After(0) {
		if err != nil {
			return 0, err
		}
		if e.Fields().Action == message.ActionCreate {
			payload, err := wire.Marshal(nil, e)
			return recordHead + len(payload), err
		}
	}
	return 0, errors.New("no order was created")
}

// ordersPerSecond has many orders under way at once: the disk is asked once for as many as came
// while it was busy.
func ordersPerSecond(ctx context.Context, r *runner) (rows []row, err error) {
	for _, c := range []struct {
		what  string
		venue bool
		under int // orders under way
		count int
	}{
		{"orders/s with group commit, venue stub in this process", false, 1024, pick(r, 100_000, 200)},
		{"orders/s with group commit, signed HTTP to a local stub", true, 256, pick(r, 30_000, 200)},
	} {
		rate, syncs, err := rateOf(ctx, r, c.venue, c.under, c.count)
		if err != nil {
			return rows, err
		}
		w := row{What: c.what, Measured: figure{rate, "orders/s"}}.aim("≥ 20,000/s", rate >= 20_000)
		w.Note = fmt.Sprintf("%d orders, %d under way at once, %.1f a sync; three records an order", c.count, c.under, float64(c.count)/float64(max(syncs, 1)))
		rows = append(rows, w)
	}
	return rows, nil
}

func rateOf(ctx context.Context, r *runner, overHTTP bool, under, count int) (rate float64, syncs uint64, err error) {
	dir, err := r.temp("orders")
	if err != nil {
		return 0, 0, err
	}
	venue := instant
	if overHTTP {
		s, err := startStub(nil)
		if err != nil {
			return 0, 0, err
		}
		defer s.close()
		venue = wired(s)
	}
	d, err := openDesk(dir, venue)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	begun, before := time.Now(), d.syncs.Load()
	sent := 0
	for ended := 0; ended < count; ended++ {
		for sent < count && sent-ended < under {
			d.intend()
			sent++
		}
		if err := d.ended(ctx); err != nil {
			return 0, 0, err
		}
	}
	return float64(count) / time.Since(begun).Seconds(), d.syncs.Load() - before, nil
}
