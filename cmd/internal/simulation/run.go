// Package simulation runs a whole node against a venue that misbehaves, in virtual time: feeders,
// state, classifiers, strategies, risk, the gateway of Binance and the journal, exactly as they trade
// live. Only sockets, the disk and the clock are replaced. Everything runs on one goroutine in an order
// that a seed chooses, so one seed is one history, byte for byte.
//
// In a run the venue loses answers, drops fills, bans, restarts; the disk fills up, fails and loses what
// was not synced; the node dies at steps of the journal and of the wire, and starts again; people
// trade at the venue by hand, halt and resume. When all of it is over and what is left has settled, the
// run is judged by the journal and by the venue's own ledger (judge.go).
//
// wire.go and feed.go are the network; node.go is a life of the node; trader.go, hand.go, operator.go
// and chaos.go are what happens to it. It is part of cmd because it joins actors and adapters.
package simulation

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/risk"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/adapters/store/fault"
	"github.com/maru-trading/maru/adapters/store/journal"
	"github.com/maru-trading/maru/adapters/venue/sim"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
	"github.com/maru-trading/maru/cmd/internal/ledger"
	codec "github.com/maru-trading/maru/remote/wire"
)

// Config is one run.
type Config struct {
	Seed    uint64
	Minutes int          // of virtual time in which things go wrong, 1 to 1,440; settling comes on top
	Log     *slog.Logger // nil: silent
	Trace   io.Writer    // gets the journal and the venue's ledger, merged by time; nil: nobody

	seams seams
}

// MinutesDefault is how long a run is where nobody says.
const MinutesDefault = 10

const (
	minutesMax  = 24 * 60
	instruments = 20
	eventsASec  = 20
	// settleStep is how often is looked whether all has settled, settleMost how long that may take,
	// and settleQuiet for how long nothing may happen then.
	settleStep  = 5 * time.Second
	settleMost  = 20 * time.Minute
	settleQuiet = 45 * time.Second
)

// run is one run.
type run struct {
	cfg      Config
	random   *rand.Rand
	log      *slog.Logger
	loop     *system.Loop
	site     *site
	disk     *fault.Disk
	limits   risk.Limits
	opening  map[string]market.Decimal
	start    market.Timestamp
	end      market.Timestamp // of the time in which things go wrong
	calm     bool             // nothing goes wrong any more
	node     *node            // nil between a crash and the next start
	lives    uint64
	witness  *witness
	trader   *trader
	operator *operator
	result   Result

	last     map[message.IntentID]message.OrderEventFields // of every order, as the journal said last
	told     uint64                                        // the newest event that was told
	quiet    market.Timestamp                              // when something happened last
	agreed   market.Timestamp                              // when the venue last answered all that it was asked
	refused  int                                           // requests that found nobody
	kinds    []spot.FaultKind                              // of the venue's faults, those whose turn is still to come
	damaged  market.Timestamp                              // when a fault of the disk was planned last
	breaches []Breach
}

// Run makes one run. It fails only where the run cannot begin; what it breaks is in the result.
func Run(cfg Config) (Result, error) {
	if cfg.Minutes == 0 {
		cfg.Minutes = MinutesDefault
	}
	if cfg.Minutes < 1 || cfg.Minutes > minutesMax {
		return Result{}, fmt.Errorf("simulation: %d minutes: want 1 to %d", cfg.Minutes, minutesMax)
	}
	r, err := newRun(cfg)
	if err != nil {
		return Result{}, err
	}
	began := time.Now()
	r.boot()
	r.schedule()
	r.loop.Advance(r.end)
	r.settle()
	r.judge()
	r.result.Wall = time.Since(began)
	r.result.Virtual = r.loop.Now().Sub(r.start)
	return r.result, nil
}

func newRun(cfg Config) (*run, error) {
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r := &run{cfg: cfg, random: rand.New(rand.NewPCG(cfg.Seed, 0x6d617275)), log: log, limits: limitsOf(cfg.Seed), disk: fault.NewDisk(cfg.Seed),
		last: map[message.IntentID]message.OrderEventFields{}, result: newResult(cfg)}
	// Some runs begin shortly before midnight, which the limits of a day are to see.
	r.start = market.Timestamp(1_767_571_200 * int64(time.Second)) // 2026-01-05 00:00 UTC
	r.start = r.start.Add(time.Duration(r.random.Int64N(int64(24 * time.Hour))))
	if r.random.IntN(4) == 0 {
		r.start = r.start.Truncate(24 * time.Hour).Add(24*time.Hour - time.Duration(1+r.random.IntN(cfg.Minutes))*time.Minute)
	}
	r.end = r.start.Add(time.Duration(cfg.Minutes) * time.Minute)
	r.opening = map[string]market.Decimal{"USDT": market.MustDecimal("30000"), "KRW": market.MustDecimal("20000000"), "BTC": market.MustDecimal("0.2"),
		"ETH": market.MustDecimal("3"), "SOL": market.MustDecimal("20"), "XRP": market.MustDecimal("2000")}
	v, err := spot.New(spot.Config{
		Market: sim.Config{Seed: cfg.Seed, Instruments: instruments, Start: r.start, EventsPerSecond: eventsASec},
		Accounts: []spot.Account{{Name: venueAccount, Balances: r.opening, Maker: market.MustDecimal("0.001"), Taker: market.MustDecimal("0.001"),
			Keys: []spot.Key{{ID: nodeKey, Secret: nodeSecret}, {ID: handKey, Secret: handSecret}}}},
	})
	if err != nil {
		return nil, fmt.Errorf("simulation: %w", err)
	}
	r.loop = system.NewSeededLoop(r.start, cfg.Seed)
	r.site = newSite(r.loop, v)
	r.witness = newWitness(r.loop.Now)
	r.trader = newTrader(r)
	r.operator = newOperator(r)
	return r, nil
}

// boot starts the node, or finds out why it cannot: then somebody tries again.
func (r *run) boot() {
	r.lives++
	n, err := newNode(r, r.lives)
	r.result.Starts++
	if err != nil {
		r.log.Error("the node does not start", slog.Any("reason", err))
		if n.dead {
			return // it died starting
		}
		if !r.excused(err) {
			r.breach(LawJournal, "life %d does not start: %v", r.lives, err)
		}
		n.die(stepOperator, deathKill)
		return
	}
	r.node = n
}

// excused reports whether an error is one that was planned.
func (r *run) excused(err error) bool { return r.diskFails(err) }

// every calls f again and again, with waits about as long as mean, until nothing goes wrong any more.
func (r *run) every(mean time.Duration, f func()) {
	wait := time.Duration(r.random.ExpFloat64() * float64(mean))
	r.loop.After(min(wait, 5*mean)+time.Millisecond, func() {
		if r.calm {
			return
		}
		f()
		r.every(mean, f)
	})
}

// died is told of the end of a life, buried of when nothing of it is left.
func (r *run) died(n *node, at step) {
	r.log.Warn("the node dies", slog.Uint64("life", n.life), slog.String("step", string(at)), slog.String("how", string(n.how)))
	r.result.Crashes[string(at)]++
	if at != stepOperator {
		r.result.Died++
	}
	if r.node == n {
		r.node = nil
	}
}

func (r *run) buried(*node) {
	wait := time.Second + time.Duration(r.random.Int64N(int64(15*time.Second)))
	if r.random.IntN(3) == 0 {
		wait = time.Millisecond // at once: what had left is still on its way
	}
	r.loop.After(wait, r.boot)
}

// OfferOrderEvents is part of order.View: everything that the gateway tells once it is on disk.
func (r *run) OfferOrderEvents(events ...message.OrderEvent) {
	for _, e := range events {
		f := e.Fields()
		if f.Seq <= r.told { // it was told before a crash
			continue
		}
		r.told = f.Seq
		if f.Action != message.ActionDeny {
			r.quiet = r.loop.Now()
		}
		if f.OfAccount() {
			r.operator.heard(f)
			continue
		}
		r.last[e.Intent()] = f
		r.trader.heard(f)
	}
}

// Add is part of feeder.DeadLetters: what the venue sends is to be understood.
func (r *run) Add(l feeder.DeadLetter) {
	r.result.DeadLetters++
	r.log.Error("dead letter", slog.String("reason", l.Reason), slog.String("detail", l.Detail))
}

func (r *run) recovered(err error) {
	if err == nil {
		r.agreed = r.loop.Now()
	}
}

func (r *run) breach(law Law, format string, args ...any) {
	r.breaches = append(r.breaches, Breach{law, fmt.Sprintf(format, args...)})
}

// settle ends all that goes wrong, lets people bring the account to rest, and waits until it is.
func (r *run) settle() {
	r.calm = true
	for _, f := range r.site.Faults() {
		r.site.at().Revoke(f.ID)
	}
	r.site.pass()
	if r.node != nil {
		r.node.planned = nil
		r.disk.Arm(fault.Plan{})
		r.node.wire.refuse = 0
	}
	r.quiet = r.loop.Now()
	limit := r.end.Add(settleMost)
	for i := 0; r.loop.Now() < limit; i++ {
		r.operator.settle(i)
		r.loop.Advance(r.loop.Now().Add(settleStep))
		if r.rests() == "" && r.loop.Now().Sub(r.quiet) >= settleQuiet && r.agreed.Sub(r.quiet) > 0 {
			return
		}
	}
	r.breach(LawQuiet, "after %v: %s", settleMost, r.rests())
}

// rests returns what is not at rest yet.
func (r *run) rests() string {
	if r.node == nil {
		return "the node does not run"
	}
	if n := len(r.site.openOrders()); n > 0 {
		return fmt.Sprintf("%d orders are open at the venue", n)
	}
	for id, f := range r.last {
		if !f.Status.Final() {
			return fmt.Sprintf("order %s of %v is %v", f.ClientOrderID, id, f.Status)
		}
	}
	if r.agreed < r.quiet {
		return "the venue was not asked since"
	}
	return ""
}

// judge reads the journal from the disk and holds the run to the laws.
func (r *run) judge() {
	e := evidence{account: accountName, at: venueAccount, ledger: r.site.Ledger(0, 0), venue: r.site.Venue, opening: r.opening, limits: r.limits, open: openOrdersMax, made: r.witness.made,
		listed: map[string]market.Instrument{}}
	for _, l := range r.site.Listings() {
		e.listed[l.Symbol] = l.Instrument
	}
	var err error
	if e.events, err = r.journal(); err != nil {
		r.breach(LawJournal, "in the end: %v", err)
	}
	r.breaches = append(append(r.breaches, r.witness.breaches...), e.judge()...)
	if err := r.site.Audit(); err != nil {
		r.breach(LawAudit, "%v", err)
	}
	r.result.Breaches = r.breaches
	r.count(&e)
	if r.cfg.Trace != nil {
		trace(r.cfg.Trace, &e)
	}
}

// journal ends the node as a kill does, and returns what it leaves on the disk.
func (r *run) journal() (events []message.OrderEvent, err error) {
	if r.node != nil {
		r.node.dead = true
		r.node.fibers.Kill()
		r.node.wire.unplug()
	}
	r.disk.Kill()
	cfg := journal.DefaultConfig("journal/" + string(accountName))
	cfg.FS = r.disk
	books, err := ledger.Open(cfg)
	if err != nil {
		return nil, err
	}
	for e, err := range books.After(0) {
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
	return events, books.Close()
}

// hash is over the journal's events and the venue's ledger, in their order.
func hashOf(e *evidence) string {
	h := sha256.New()
	var b []byte
	for _, event := range e.events {
		b, _ = codec.Marshal(b[:0], event)
		h.Write(b)
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	for _, entry := range e.ledger {
		line.Reset()
		_ = enc.Encode(entry)
		h.Write(line.Bytes())
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
