package order_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/adapters/venue/paper"
)

// The paper venue fits the gateway without knowing it.
var (
	_ order.Venue   = (*paper.Venue)(nil)
	_ order.Quoter  = (*paper.Venue)(nil)
	_ order.Booker  = (*paper.Venue)(nil)
	_ order.Replies = (*desk)(nil)
	_ paper.Replies = (*desk)(nil)
)

var btc = market.MustInstrument("sim", "BTC-USD")

// desk joins a gateway and a paper venue on one goroutine, with a disk that can lose power.
type desk struct {
	t        *testing.T
	core     *order.Core
	venue    *paper.Venue
	disk     []message.OrderEvent
	dirty    []message.OrderEvent
	queue    []func()
	now      market.Timestamp
	log      strings.Builder
	told     uint64                              // Seq of the newest event that was told
	fills    map[message.IntentID]market.Decimal // of what was told
	balances map[string]message.Balance          // as stated last
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, now: market.Seconds(1_700_000_000), fills: make(map[message.IntentID]market.Decimal), balances: make(map[string]message.Balance)}
	d.boot()
	return d
}

func (d *desk) boot() {
	d.t.Helper()
	cfg := order.DefaultConfig()
	cfg.Account, cfg.Venue, cfg.Epoch = "paper", "sim", 1
	cfg.Listings = []market.Listing{{Instrument: btc, Ticks: market.FixedTick(market.MustPrice("1")), LotSize: market.MustQuantity("1")}}
	core, err := order.New(cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	// What was on disk but not told yet is told now: receivers know an event by its Seq.
	if err := core.Recover(func(yield func(message.OrderEvent) bool) {
		for _, e := range d.disk {
			d.tell(e)
			if !yield(e) {
				return
			}
		}
	}); err != nil {
		d.t.Fatal(err)
	}
	funds := paper.DefaultConfig()
	funds.Account, funds.Balances = "paper", map[string]market.Amount{"USD": {Decimal: market.MustDecimal("20000")}, "BTC": {Decimal: market.MustDecimal("150")}}
	venueCore, err := paper.New(funds)
	if err != nil {
		d.t.Fatal(err)
	}
	d.core, d.venue, d.queue, d.dirty = core, paper.NewVenue(venueCore, d), nil, nil
	d.core.Support(d.venue.Support())
	d.venue.Books(d.core.Books())
	d.do(d.core.Start(d.now))
	d.settle()
}

// Report and Recovered queue what the venue says, as a mailbox would.
func (d *desk) Report(r message.ExecutionReport) {
	d.queue = append(d.queue, func() { d.do(d.core.Report(r)) })
}

func (d *desk) Balance(b message.Balance) {
	d.balances[b.Fields().Currency] = b
	d.queue = append(d.queue, func() { d.do(d.core.Balance(b)) })
}

func (d *desk) Disconnected(string) {}
func (d *desk) Clock(time.Duration) {}
func (d *desk) Recovered(err error) {
	d.queue = append(d.queue, func() { d.do(d.core.Recovered(err, d.now)) })
}

func (d *desk) do(out order.Effects) {
	d.dirty = append(d.dirty, out.Append...)
	for _, a := range slices.Clone(out.Acts) {
		switch a.Kind {
		case order.ActPlace:
			d.venue.Place(a.Event)
		case order.ActCancel:
			d.venue.Cancel(a.Event)
		case order.ActAmend:
			d.venue.Amend(a.Event)
		case order.ActRecover:
			d.venue.Recover(a.Open)
		case order.ActTell:
			d.tell(a.Event)
		}
	}
}

// tell is the strategy's side: it takes each event once.
func (d *desk) tell(e message.OrderEvent) {
	f := e.Fields()
	if f.Seq != 0 && f.Seq <= d.told {
		return
	}
	if f.Seq != 0 && f.Seq != d.told+1 {
		d.t.Fatalf("event %d was told after event %d", f.Seq, d.told)
	}
	d.told = max(d.told, f.Seq)
	if f.Action == message.ActionFill {
		d.fills[e.Intent()] = f.CumQuantity.Decimal
	}
	fmt.Fprintln(&d.log, e)
}

func (d *desk) work(n int) {
	for ; n > 0 && len(d.queue) > 0; n-- {
		next := d.queue[0]
		d.queue = d.queue[1:]
		next()
	}
}

func (d *desk) sync() {
	d.disk = append(d.disk, d.dirty...)
	d.dirty = nil
	d.do(d.core.Durable(uint64(len(d.disk)), d.now))
}

func (d *desk) settle() {
	for len(d.dirty)+len(d.queue) > 0 {
		d.work(1 << 20)
		d.sync()
	}
}

func (d *desk) quote(bid, ask int64, size string, trusted bool) {
	rows := message.NewViewsBuilder(1, 0)
	q := message.Quote{Bid: market.Price{Decimal: market.DecimalFromInt(bid)}, Ask: market.Price{Decimal: market.DecimalFromInt(ask)},
		BidQuantity: market.MustQuantity(size), AskQuantity: market.MustQuantity(size), Last: market.Price{Decimal: market.DecimalFromInt(bid)}}
	rows.Add(message.Origin{Instrument: btc, Received: d.now}, q, trusted, true, nil)
	views := rows.Build(message.ViewsFields{Time: d.now})
	d.do(d.core.View(views.Row(0)))
	d.venue.Quote(views)
	d.do(d.core.Tick(d.now))
}

// trade is a run of random intents, cancels, quotes and crashes; it returns what was told.
func trade(t *testing.T, seed uint64, crashes bool) string {
	r := rand.New(rand.NewPCG(seed, 3))
	d := newDesk(t)
	asked := make(map[message.IntentID]market.Decimal)
	for seq := uint64(1); seq <= 200; {
		d.now = d.now.Add(time.Duration(1+r.IntN(30)) * time.Millisecond)
		switch r.IntN(9) {
		case 8:
			which := 1 + r.Uint64N(seq)
			if open := d.core.Open(); len(open) > 0 {
				which = open[r.IntN(len(open))].Fields().IntentSeq
			}
			a, err := message.NewAmendIntent(message.AmendIntentFields{ID: message.IntentID{Strategy: "s", Seq: seq + 1}, OrderSeq: which, Account: "paper",
				Time: d.now, Quantity: market.Quantity{Decimal: market.DecimalFromInt(1 + r.Int64N(9))}})
			if err != nil {
				t.Fatal(err)
			}
			asked[a.Fields().ID] = market.Decimal{} // it may become an order of its own
			seq += 2
			d.do(d.core.Amend(a))
		case 0, 1:
			f := message.OrderIntentFields{Origin: message.Origin{Instrument: btc, Received: d.now},
				ID: message.IntentID{Strategy: "s", Seq: seq}, Account: "paper", OrderTerms: message.OrderTerms{Side: market.Side(1 + r.IntN(2)), Type: market.Market, TimeInForce: market.TimeInForce(1 + r.IntN(3)), Quantity: market.Quantity{Decimal: market.DecimalFromInt(1 + r.Int64N(9))}},
			}
			if r.IntN(2) == 0 {
				f.Type, f.Price = market.Limit, market.Price{Decimal: market.DecimalFromInt(95 + r.Int64N(10))}
			}
			switch r.IntN(6) {
			case 0:
				f.Type, f.Price, f.StopPrice = market.Stop, market.Price{}, market.Price{Decimal: market.DecimalFromInt(95 + r.Int64N(10))}
			case 1:
				if f.Type == market.Limit {
					f.TimeInForce, f.ExecInst = market.GTC, market.PostOnly
				}
			case 2:
				if f.Type == market.Limit && f.TimeInForce == market.GTC {
					f.TimeInForce, f.ExpireAt = market.GTD, d.now.Add(time.Second)
				}
			}
			intent, err := message.NewOrderIntent(f)
			if err != nil {
				t.Fatal(err)
			}
			asked[f.ID] = f.Quantity.Decimal
			seq++
			d.do(d.core.Intend(intent))
		case 2:
			c, err := message.NewCancelIntent(message.CancelIntentFields{ID: message.IntentID{Strategy: "s", Seq: 1 + r.Uint64N(seq)}, Account: "paper", Time: d.now})
			if err != nil {
				t.Fatal(err)
			}
			d.do(d.core.Cancel(c))
		case 3, 4:
			bid := 96 + r.Int64N(8)
			d.quote(bid, bid+1, fmt.Sprint(1+r.IntN(5)), r.IntN(8) > 0)
		case 5:
			d.work(1 + r.IntN(3))
		case 6:
			d.sync()
		case 7:
			if crashes && r.IntN(10) == 0 {
				d.disk = append(d.disk, d.dirty[:r.IntN(len(d.dirty)+1)]...)
				d.boot()
				d.quote(99, 100, "3", true)
			}
		}
		if d.core.Halted() != "" {
			t.Fatalf("seed %d: halted: %s", seed, d.core.Halted())
		}
	}
	// Everything ends: market orders fill, limit orders are canceled.
	for _, e := range d.core.Open() {
		c, err := message.NewCancelIntent(message.CancelIntentFields{ID: e.Intent(), Account: "paper", Time: d.now})
		if err != nil {
			t.Fatal(err)
		}
		d.do(d.core.Cancel(c))
	}
	d.settle()
	d.now = d.now.Add(time.Second)
	d.quote(99, 100, "1000", true)
	d.settle()
	if open := d.core.Open(); len(open) > 0 {
		t.Fatalf("seed %d: %d orders are still open: %v", seed, len(open), open[0])
	}
	// Positions are what the orders executed, and no order executed more than was asked.
	sum := market.Decimal{}
	for id := range asked {
		e, ok := d.core.Order(id)
		if !ok {
			continue // lost before it was on disk: nothing was promised
		}
		f := e.Fields()
		if f.Quantity.Less(f.CumQuantity.Decimal) || f.CumQuantity.Decimal != d.fills[id] {
			t.Fatalf("seed %d: %v: told of %v", seed, e, d.fills[id])
		}
		delta := f.CumQuantity.Decimal
		if f.Side == market.Sell {
			delta = delta.Neg()
		}
		var err error
		if sum, err = sum.Add(delta); err != nil {
			t.Fatal(err)
		}
	}
	if p, ok := d.core.Portfolio().Position("s", btc); ok && p.Fields().Quantity != sum {
		t.Fatalf("seed %d: position %v, orders say %v", seed, p, sum)
	}
	// What the venue says the account has is what our books say, and nothing had to be adjusted.
	d.do(d.core.Reconcile("the end", d.now))
	d.settle()
	for _, b := range d.core.Books() {
		f, there := b.Fields(), d.balances[b.Fields().Currency].Fields()
		if total, err := there.Free.Add(there.Locked.Decimal); err != nil || total != f.Free.Decimal {
			t.Fatalf("seed %d: our books say %v, the venue %v", seed, b, d.balances[f.Currency])
		}
	}
	if n := strings.Count(d.log.String(), "balance→"); n != 2 {
		t.Fatalf("seed %d: %d balances were journaled, want the two that the account began with:\n%s", seed, n, d.log.String())
	}
	return d.log.String()
}

// TestPaper: gateway and paper venue together, through crashes.
func TestPaper(t *testing.T) {
	total := map[string]int{}
	for seed := range uint64(40) {
		log := trade(t, seed, true)
		for _, what := range []string{"fill→", "hold→", "release→", "amend→", "reject→"} {
			total[what] += strings.Count(log, " "+what)
		}
	}
	for what, n := range total {
		if n < 50 {
			t.Errorf("%s happened %d times in all runs: the test does not test it", what, n)
		}
	}
}

// TestPaperIsDeterministic: one seed, one history.
func TestPaperIsDeterministic(t *testing.T) {
	if a, b := trade(t, 7, true), trade(t, 7, true); a != b {
		t.Error("the same seed told two histories")
	}
	if trade(t, 7, true) == trade(t, 8, true) {
		t.Error("two seeds told one history")
	}
}
