package simulation

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/budget"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/gateway"
	gatewaybinance "github.com/maru-trading/maru/adapters/gateway/binance"
	"github.com/maru-trading/maru/adapters/store/fault"
	"github.com/maru-trading/maru/adapters/store/journal"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/binance"
	"github.com/maru-trading/maru/adapters/venue/sim"
	"github.com/maru-trading/maru/cmd/internal/ledger"
)

// The node's addresses of the venue. Nobody resolves them.
const (
	restURL    = "http://venue.test"
	streamURL  = "ws://venue.test/stream"
	accountURL = "ws://venue.test/ws-api/v3"
	nodeRemote = "192.0.2.1"
	handRemote = "192.0.2.2"
)

// node is one life of the node: from a start to the crash, or the person, that ends it.
type node struct {
	run    *run
	life   uint64
	random *rand.Rand
	wire   *wire
	fibers *system.Fibers
	tree   *actors.Tree
	books  *ledger.Ledger
	tap    *tap

	planned *crash
	dead    bool
	how     death
	trouble string // why a person should start it anew; empty: no reason
	listed  []market.Listing
}

// newNode starts a node from what the disk holds.
func newNode(r *run, life uint64) (*node, error) {
	n := &node{run: r, life: life, random: rand.New(rand.NewPCG(r.cfg.Seed, 0x6e6f6465<<16|life)), listed: r.site.Listings()}
	n.fibers = system.NewFibers(r.loop)
	n.wire = newWire(r.loop, r.site, n.fibers, r.cfg.Seed^life<<40, nodeRemote)
	n.wire.dies, n.wire.leaves, n.wire.refused = n.mayDie, r.witness.leaves, &r.refused
	cfg := journal.DefaultConfig("journal/" + string(accountName))
	cfg.FS, cfg.SegmentBytesMax = r.disk, journalSegment
	books, err := ledger.Open(cfg)
	if err != nil {
		n.wire.unplug()
		return n, fmt.Errorf("open the journal: %w", err)
	}
	n.books = books
	r.witness.begin(books, func(e message.OrderEvent) { r.OfferOrderEvents(e) }) // as a view catches up
	env := system.Env{Now: r.loop.Now, After: n.after, Go: n.fibers.Go, Log: r.log}
	deps := actors.Deps{Env: env, Dispatcher: n, Metrics: telemetry.New("simulation"), Bars: nothing{}, DeadLetters: r, HTTP: n.wire, Network: n.wire,
		View: r, GaveUp: func(who string, reason any) { n.suffer(fmt.Sprintf("%s gave up: %v", who, reason)) }}
	plan, err := n.plan()
	if err == nil {
		n.tree, err = actors.Start(plan, deps)
	}
	if err != nil {
		return n, err
	}
	return n, nil
}

// journalSegment is small, so that a run begins several segments.
const journalSegment = 4 << 10

// plan says which actors the node has.
func (n *node) plan() (actors.Config, error) {
	r := n.run
	source := venue.Config{Venue: sim.Venue, WebSocketURL: streamURL, RESTURL: restURL, Listings: n.listed, BookDepth: bookLevels,
		Channels: []market.Channel{market.ChannelTrade, market.ChannelBBO, market.ChannelBook}}
	watch := feeder.DefaultConfig(string(sim.Venue), partitions)
	watch.Local = true
	state, engines, strategies, err := minds(n.listed)
	if err != nil {
		return actors.Config{}, err
	}
	account := order.DefaultConfig()
	account.Account, account.Venue, account.Epoch, account.Listings = accountName, sim.Venue, 1, n.listed
	account.OpenOrdersMax, account.ReconcileEvery = openOrdersMax, reconcileEvery
	account.Limits, account.Reporting, account.Rates = r.limits, reporting, rates
	return actors.Config{
		State: state, Engines: engines, Strategies: strategies, Budget: budget.Config{}, Mailboxes: mailboxes,
		Feeders: []actors.Feeder{{Config: watch, Protocol: func() (feeder.Protocol, error) {
			all, err := binance.New(source)
			if err != nil {
				return nil, err
			}
			return all[0], nil
		}}},
		Accounts: []actors.Account{{Config: account, Open: n.open, History: n.history, Venue: n.run.cfg.seams.makeVenue(n.venue)}},
	}, nil
}

// open lends the journal to the gateway, with the witness between.
func (n *node) open() (order.Journal, iter.Seq2[message.OrderEvent, error], func() error, error) {
	j, history, closes, err := n.books.Lend()
	if err != nil {
		n.sufferDisk(err)
		return nil, nil, nil, err
	}
	s := n.run.cfg.seams
	return s.makeJournal(&tape{Journal: j, node: n}), s.makeHistory(history), closes, nil
}

func (n *node) history() iter.Seq2[message.OrderEvent, error] { return n.books.After(0) }

// venue makes the gateway to the venue, the very one that trades live.
func (n *node) venue(replies order.Replies) (order.Venue, error) {
	n.tap = &tap{node: n, Replies: replies}
	g, err := gatewaybinance.New(gatewaybinance.Config{
		Account: accountName, Venue: sim.Venue, RESTURL: restURL, WebSocketURL: accountURL, Listings: n.listed,
		Credentials: gateway.Credentials{Key: gateway.NewSecret(nodeKey), Secret: gateway.NewSecret(nodeSecret)},
		Runtime:     n.wire, Now: n.run.loop.Now, Seed: n.run.cfg.Seed, Log: n.run.log,
	}, n.tap)
	if err != nil {
		return nil, err
	}
	g.StartLater()
	n.tap.Venue = g
	return n.tap, nil
}

// Schedule and Throughput make the node the dispatcher of its actors: none of them runs after its
// death.
func (n *node) Schedule(f func()) {
	n.run.loop.Schedule(func() {
		if !n.dead {
			f()
		}
	})
}

func (n *node) Throughput() int { return n.run.loop.Throughput() }

func (n *node) after(d time.Duration, f func()) (cancel func()) {
	return n.run.loop.After(d, func() {
		if !n.dead {
			f()
		}
	})
}

// crash plans the node's death.
func (n *node) crash(c crash) {
	n.planned = &c
	if c.step == stepDisk {
		n.run.disk.Arm(fault.Plan{CrashAt: c.count})
	}
	n.after(patience, func() {
		if n.planned != nil {
			n.die(stepIdle, c.how)
		}
	})
	n.mayDie(stepIdle)
}

// mayDie is told of every step.
func (n *node) mayDie(s step) {
	c := n.planned
	if n.dead || c == nil || c.step != s {
		return
	}
	if c.count--; c.count <= 0 {
		n.die(s, c.how)
	}
}

// die ends the node where it is. What it still does before the loop comes to bury it has no effect:
// the disk and the wire are gone.
func (n *node) die(at step, how death) {
	if n.dead {
		return
	}
	n.dead, n.how, n.planned = true, how, nil
	n.run.died(n, at)
	n.wire.gone = true
	if how == deathPower {
		n.run.disk.PowerOff()
	} else {
		n.run.disk.Kill()
	}
	n.run.loop.Schedule(n.bury)
}

func (n *node) bury() {
	n.fibers.Kill()
	n.wire.unplug()
	if n.how == deathPower {
		n.run.disk.PowerOn()
	}
	n.run.buried(n)
}

// suffer notes what only a new start mends.
func (n *node) suffer(why string) {
	if n.trouble == "" && !n.dead {
		n.trouble = why
		n.run.operator.troubled(n)
	}
}

// sufferDisk is suffer for an error of the disk; where the power went, it is the end.
func (n *node) sufferDisk(err error) {
	switch {
	case n.dead:
	case errors.Is(err, fault.ErrPowerLoss):
		n.die(stepDisk, deathPower)
	default:
		n.suffer(err.Error())
	}
}

// tape is the journal as the gateway has it: it sees to it that the node may die at each step, that
// the disk takes time, and that the witness knows what was written.
type tape struct {
	order.Journal
	node *node
}

// Append is part of order.Journal.
func (t *tape) Append(events []message.OrderEvent) (uint64, error) {
	if t.node.mayDie(stepAppend); t.node.dead {
		return 0, errDead
	}
	seq, err := t.Journal.Append(events)
	if err != nil {
		t.node.sufferDisk(err)
		return seq, err
	}
	t.node.run.witness.written(events)
	if t.node.mayDie(stepAppended); t.node.dead {
		return 0, errDead
	}
	return seq, nil
}

var errDead = errors.New("simulation: the node is dead")

// Sync is part of order.Journal. It is called in a fiber.
func (t *tape) Sync() error {
	n := t.node
	n.fibers.Park(func(wake func()) {
		n.run.loop.After(100*time.Microsecond+time.Duration(n.random.Int64N(int64(3*time.Millisecond))), wake)
	})
	n.wire.pass(stepSync)
	err := t.Journal.Sync()
	if err != nil {
		n.sufferDisk(err)
	}
	n.wire.pass(stepSynced)
	return err
}

// tap is the venue as the gateway's actor has it, and what the venue is told: it passes on what
// state knows of prices to the trader, and sees when the account is reconciled.
type tap struct {
	order.Venue
	order.Replies
	node *node
}

// Quote is part of order.Quoter.
func (t *tap) Quote(views message.Views) {
	for v := range views.Rows() {
		t.node.run.trader.view(v)
	}
}

// Recover is part of order.Venue.
func (t *tap) Recover(open []message.OrderEvent) {
	t.Venue.Recover(open)
	t.node.mayDie(stepRecovery)
}

// Recovered is part of order.Replies.
func (t *tap) Recovered(err error) {
	t.node.run.recovered(err)
	t.Replies.Recovered(err)
	t.node.mayDie(stepRecovered)
}

// Close is part of io.Closer.
func (t *tap) Close() error {
	if c, ok := t.Venue.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// nothing keeps no bars.
type nothing struct{}

func (nothing) Save([]message.Bar) int { return 0 }
