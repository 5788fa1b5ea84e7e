package spot

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// Config says what to open. The zero Config has the default instruments and no accounts.
type Config struct {
	// Market is the seed, the instruments, the time at the beginning and how much the seeded traders
	// do. CoarseLots is set whatever it says; Clock and Tick are not used.
	Market sim.Config
	// Accounts are who may trade; at most 64.
	Accounts []Account
	// Limits are how much a client may ask for; zero fields are Binance's.
	Limits Limits
}

const accountsMax = 64

// Validate reports every fault of c at once, wrapped in sim.ErrConfig.
func (c Config) Validate() error {
	faults := []error{c.Market.Validate(), c.Limits.validate()}
	if len(c.Accounts) > accountsMax {
		faults = append(faults, fmt.Errorf("%d accounts: want %d or fewer", len(c.Accounts), accountsMax))
	}
	names, keys := map[string]bool{}, map[string]bool{}
	for _, a := range c.Accounts {
		faults = append(faults, a.validate())
		if names[a.Name] {
			faults = append(faults, fmt.Errorf("account %.64q: there are two", a.Name))
		}
		names[a.Name] = true
		for _, k := range a.Keys {
			if keys[k.ID] {
				faults = append(faults, fmt.Errorf("account %.64q: key %.20s: there are two", a.Name, k.ID))
			}
			keys[k.ID] = true
		}
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("spot: %w: %w", sim.ErrConfig, err)
	}
	return nil
}

// Venue is the exchange. It is for one goroutine.
type Venue struct {
	market    *sim.Exchange
	directory sim.Directory
	accounts  []*account
	keys      map[string]*keyOf
	resting   []map[uint64]*order // by instrument: orders of accounts in the book
	restingOf []sim.Fixed         // by instrument: how much those leave
	waiting   [][]*order          // by instrument: orders that wait for their stop price, by acceptance
	triggered []*order            // whose price was reached, and which were not yet sent
	history   []history           // by instrument
	opened    market.Timestamp

	fees  map[string]market.Decimal // what commissions came to
	house map[string]market.Decimal // what the seeded traders have got, less what they gave

	random *rand.Rand // for made-up ids
	chance *rand.PCG  // for faults

	faults      []*FaultState
	fired       map[FaultKind]uint64
	lastFault   int
	skew        time.Duration
	skewUntil   market.Timestamp // zero: for good
	bannedUntil market.Timestamp // by a fault
	downUntil   market.Timestamp
	due         market.Timestamp // when one of these begins or ends by itself; zero: none does
	restarts    uint64

	ledger  []Entry
	entries uint64

	limits    Limits
	addresses map[string]*address
	minute    market.Timestamp // the interval that addresses count in

	sessions    map[SessionID]*session
	lastSession SessionID
	wanted      map[streamOf][]want
	sent        []Frame

	klinesWanted bool         // by anybody
	later        []laterFrame // a heap
	sequence     uint64

	executions int64 // executionId
	matches    int64 // preventedMatchId
}

// keyOf is a key and whose it is.
type keyOf struct {
	Key
	account *account
}

// New opens a venue with its books filled. It fails with sim.ErrConfig.
func New(c Config) (*Venue, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.Market.CoarseLots = true
	x, err := sim.NewExchange(c.Market)
	if err != nil {
		return nil, err
	}
	n := len(x.Listings())
	v := &Venue{
		market: x, directory: sim.NewDirectory(x), keys: map[string]*keyOf{},
		resting: make([]map[uint64]*order, n), restingOf: make([]sim.Fixed, n), waiting: make([][]*order, n), history: make([]history, n),
		fees: map[string]market.Decimal{}, house: map[string]market.Decimal{},
		random: rand.New(rand.NewPCG(c.Market.Seed, 0x6964)), chance: rand.NewPCG(c.Market.Seed, 0x666c74),
		opened: x.Now(), fired: map[FaultKind]uint64{}, limits: c.Limits.withDefaults(), addresses: map[string]*address{},
		sessions: map[SessionID]*session{}, wanted: map[streamOf][]want{},
	}
	for i := range n {
		v.resting[i] = map[uint64]*order{}
		v.history[i].last = x.Last(i)
	}
	for i, a := range c.Accounts {
		state := newAccount(i, a)
		state.updated = x.Now()
		v.accounts = append(v.accounts, state)
		for _, k := range a.Keys {
			v.keys[k.ID] = &keyOf{k, state}
		}
	}
	return v, nil
}

// Now is the venue's time: that of the last Advance. A clock skew does not show in it.
func (v *Venue) Now() market.Timestamp { return v.market.Now() }

// Clock is what the venue says the time is.
func (v *Venue) Clock() market.Timestamp { return v.Now().Add(v.skew) }

// Listings returns what is traded. The caller must not change it.
func (v *Venue) Listings() []market.Listing { return v.market.Listings() }

func (v *Venue) symbol(instrument int) string { return v.market.Listings()[instrument].Symbol }

// Next returns when something happens next by itself: a trade, a frame that becomes due, a fault.
func (v *Venue) Next() market.Timestamp {
	next := v.market.Next()
	if v.down() {
		next = v.downUntil
	}
	if len(v.later) > 0 {
		next = min(next, v.later[0].at)
	}
	if v.due != 0 {
		next = min(next, v.due)
	}
	return next
}

// Advance lets time run to now. How it is cut into calls makes no difference. A time before the
// venue's own does nothing.
func (v *Venue) Advance(now market.Timestamp) {
	for {
		next := v.Next()
		if next > now {
			break
		}
		v.advance(next)
	}
	v.advance(now)
}

func (v *Venue) advance(now market.Timestamp) {
	if now < v.Now() {
		return
	}
	switch {
	case v.down() && now < v.downUntil:
		v.market.Pass(now) // nothing is traded
	case v.down():
		v.market.Skip(now)
	default:
		v.publish(v.market.Step(now))
		v.runTriggered()
	}
	v.deliverDue()
	if v.due != 0 && v.due <= v.Now() {
		if v.skewUntil != 0 && v.skewUntil <= v.Now() {
			v.skew, v.skewUntil = 0, 0
		}
		v.begin()
	}
}

// Skip passes the time up to now without anything being traded, as after the machine slept.
func (v *Venue) Skip(now market.Timestamp) {
	v.market.Skip(now)
	v.advance(now)
}

// down reports whether the venue is restarting.
func (v *Venue) down() bool { return v.Now() < v.downUntil }

// Restart cuts everybody and lets nobody in for so long, as when the process ends and is started
// again. What was accepted stays; frames that were on their way, and the counts of request limits,
// are lost.
func (v *Venue) Restart(down time.Duration) {
	v.cut("")
	v.later = nil
	clear(v.addresses)
	v.downUntil = v.Now().Add(down)
	v.restarts++
	v.schedule()
}

// Restarts is how often Restart was called, and the fault happened.
func (v *Venue) Restarts() uint64 { return v.restarts }

// Entries is how many entries the ledger has had.
func (v *Venue) Entries() uint64 { return v.entries }

// publish takes what the market published: trades that filled orders of accounts, and frames for the
// market streams.
func (v *Venue) publish(events []sim.Event) {
	for i := range events {
		e := &events[i]
		if e.Kind == sim.EventTrade {
			v.history[e.Instrument].add(e.Trade)
			if maker := v.resting[e.Instrument][e.Trade.MakerID]; maker != nil {
				v.fillMaker(maker, e.Trade)
			}
			v.trigger(e.Instrument, e.Trade.Price)
		}
		v.stream(e)
	}
}

// fillMaker books a trade of a seeded trader with a resting order.
func (v *Venue) fillMaker(maker *order, t sim.Trade) {
	v.settle(maker, t, true)
	v.settleHouse(maker.side, maker.instrument, t)
	v.positions()
}

// signed returns d for a buyer, -d for a seller.
func signed(side market.Side, d market.Decimal) market.Decimal {
	if side == market.Sell {
		return d.Neg()
	}
	return d
}

func (v *Venue) base(instrument int) string {
	return v.market.Listings()[instrument].Instrument.Base()
}

func (v *Venue) quote(instrument int) string {
	return v.market.Listings()[instrument].Instrument.Quote()
}

// Balance returns what an account has of an asset; zero if it has none.
func (v *Venue) Balance(account, asset string) (free, locked market.Decimal) {
	for _, a := range v.accounts {
		if a.Name == account {
			if b := a.balances[asset]; b != nil {
				return b.free, b.locked
			}
		}
	}
	return free, locked
}

// ErrAudit is wrapped by what Audit finds.
var ErrAudit = errors.New("books do not balance")

// Audit checks the venue's own books: no balance below zero, what is locked is what open orders need,
// the book holds what they leave, and of every asset there is as much as at the start. It fails with
// ErrAudit; that would be an error of this package.
func (v *Venue) Audit() error {
	var faults []error
	fault := func(format string, values ...any) {
		faults = append(faults, fmt.Errorf("spot: %w: "+format, append([]any{ErrAudit}, values...)...))
	}
	totals := map[string]market.Decimal{}
	for _, a := range v.accounts {
		locked := map[string]market.Decimal{}
		for _, o := range a.open {
			if !o.open() || o.leaves() <= 0 || !o.waiting && !o.resting {
				fault("%s: order %d of %s is %s with %s left", a.Name, o.id, v.symbol(o.instrument), o.status, o.leaves())
			}
			if want := need(o, o.leaves()); o.locked != want {
				fault("%s: order %d of %s has %s locked, want %s", a.Name, o.id, v.symbol(o.instrument), o.locked, want)
			}
			locked[v.asset(o)] = add(locked[v.asset(o)], o.locked)
		}
		for _, asset := range a.assets {
			b := a.balances[asset]
			if b.free.Sign() < 0 || b.locked.Sign() < 0 || b.locked != locked[asset] {
				fault("%s has %s %s free and %s locked, orders need %s", a.Name, b.free, asset, b.locked, locked[asset])
			}
			totals[asset] = sub(add(add(totals[asset], b.free), b.locked), a.Balances[asset])
		}
	}
	for _, of := range []map[string]market.Decimal{v.fees, v.house} {
		for asset, d := range of {
			totals[asset] = add(totals[asset], d)
		}
	}
	for asset, d := range totals {
		if !d.IsZero() {
			fault("of %s there is %s more than at the start", asset, d)
		}
	}
	for i, orders := range v.resting {
		sum := sim.Fixed(0)
		for id, o := range orders {
			sum += o.leaves()
			if o.id != id || !o.resting {
				fault("order %d of %s is not where it should be", id, v.symbol(i))
			}
		}
		if sum != v.restingOf[i] {
			fault("%s: %s rests, counted %s", v.symbol(i), sum, v.restingOf[i])
		}
		found := 0
		for _, side := range []market.Side{market.Buy, market.Sell} {
			for r := range v.market.Walk(i, side) {
				if o := orders[r.ID]; o != nil {
					found++
					if r.Price != o.price || r.Quantity != o.leaves() || o.side != side {
						fault("%s: order %d is %s at %s in the book, want %s at %s", v.symbol(i), o.id, r.Quantity, r.Price, o.leaves(), o.price)
					}
				}
			}
		}
		if found != len(orders) {
			fault("%s: the book has %d orders of accounts, want %d", v.symbol(i), found, len(orders))
		}
	}
	slices.SortFunc(faults, func(a, b error) int {
		switch {
		case a.Error() < b.Error():
			return -1
		case a.Error() > b.Error():
			return 1
		}
		return 0
	})
	return errors.Join(faults...)
}

// OrderState is an order as the venue has it.
type OrderState struct {
	Account, Symbol, ClientID string
	ID                        uint64
	Side                      market.Side
	Type, Status              string // in the words of Binance
	Open                      bool   // more may come of it
	Price, Stop               market.Price
	Quantity, Executed        market.Quantity
	Quote                     market.Amount // paid or received so far, before commission
	Created, Updated          market.Timestamp
}

// Orders returns the orders of an account by acceptance: all that are open, and the last 100,000 of the
// others. It is nil if there is no such account.
func (v *Venue) Orders(account string) []OrderState {
	for _, a := range v.accounts {
		if a.Name != account {
			continue
		}
		all := make([]OrderState, 0, len(a.orders))
		for _, o := range a.orders {
			all = append(all, OrderState{
				Account: a.Name, Symbol: v.symbol(o.instrument), ClientID: o.clientID, ID: o.id, Side: o.side, Type: string(o.kind),
				Status: string(o.status), Open: o.open(), Price: market.Price{Decimal: o.price.Decimal()}, Stop: market.Price{Decimal: o.stop.Decimal()},
				Quantity: market.Quantity{Decimal: o.quantity.Decimal()}, Executed: market.Quantity{Decimal: o.executed.Decimal()},
				Quote: market.Amount{Decimal: o.quote}, Created: o.created, Updated: o.updated,
			})
		}
		return all
	}
	return nil
}
