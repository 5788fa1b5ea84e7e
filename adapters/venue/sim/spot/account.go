package spot

import (
	"fmt"
	"maps"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// historyMax is how many orders, and how many fills, an account remembers. The oldest that are over
// are forgotten; open orders never are.
const historyMax = 100_000

// account is the state of one.
type account struct {
	Account
	index    int
	uid      int64
	balances map[string]*balance
	assets   []string // of balances, sorted
	updated  market.Timestamp
	orders   []*order // by acceptance
	open     []*order // those of them that are open
	fills    []fill   // by time
	byClient map[clientKey]*order
	byID     map[orderKey]*order
	counts   [2]orderCount
	touched  []string // assets that changed and were not yet told of
}

// clientKey is a client order id, which means something on one symbol only.
type clientKey struct {
	instrument int
	id         string
}

// orderKey is an order id, which each symbol counts for itself.
type orderKey struct {
	instrument int
	id         uint64
}

// balance is what an account has of an asset. Neither is ever below zero.
type balance struct{ free, locked market.Decimal }

func newAccount(index int, a Account) *account {
	s := &account{Account: a, index: index, uid: int64(100_000_001 + index), balances: map[string]*balance{}, byClient: map[clientKey]*order{}, byID: map[orderKey]*order{}}
	for _, asset := range slices.Sorted(maps.Keys(a.Balances)) {
		s.of(asset).free = a.Balances[asset]
	}
	return s
}

// of returns the balance of an asset.
func (a *account) of(asset string) *balance {
	b := a.balances[asset]
	if b == nil {
		b = &balance{}
		a.balances[asset] = b
		i, _ := slices.BinarySearch(a.assets, asset)
		a.assets = slices.Insert(a.assets, i, asset)
	}
	return b
}

// touch notes that the balance of an asset changed.
func (a *account) touch(asset string) {
	if !slices.Contains(a.touched, asset) {
		a.touched = append(a.touched, asset)
	}
}

// change adds to what is free; the sum must not be below zero.
func (a *account) change(asset string, by market.Decimal) {
	b := a.of(asset)
	b.free = add(b.free, by)
	if b.free.Sign() < 0 {
		panic(fmt.Sprintf("spot: %s has %s %s", a.Name, b.free, asset))
	}
	a.touch(asset)
}

// lock moves what is free into what is locked for an order; release moves it back.
func (a *account) lock(o *order, asset string, by market.Decimal) {
	a.change(asset, by.Neg())
	b := a.of(asset)
	b.locked = add(b.locked, by)
	o.locked = add(o.locked, by)
	if b.locked.Sign() < 0 || o.locked.Sign() < 0 {
		panic(fmt.Sprintf("spot: %s has %s %s locked, order %d %s", a.Name, b.locked, asset, o.id, o.locked))
	}
}

func (a *account) release(o *order, asset string, by market.Decimal) { a.lock(o, asset, by.Neg()) }

// remember keeps an order that was accepted.
func (a *account) remember(o *order) {
	a.orders = append(a.orders, o)
	a.open = append(a.open, o)
	a.byClient[clientKey{o.instrument, o.clientID}] = o
	a.byID[orderKey{o.instrument, o.id}] = o
	if len(a.orders) > historyMax+historyMax/10 {
		a.forget()
	}
}

// forget drops the oldest orders and fills that are over.
func (a *account) forget() {
	drop := len(a.orders) - historyMax
	kept := a.orders[:0:0]
	for _, o := range a.orders {
		if drop > 0 && !o.open() {
			drop--
			delete(a.byID, orderKey{o.instrument, o.id})
			if key := (clientKey{o.instrument, o.clientID}); a.byClient[key] == o {
				delete(a.byClient, key)
			}
			continue
		}
		kept = append(kept, o)
	}
	a.orders = kept
}

// filled keeps a fill.
func (a *account) filled(f fill) {
	a.fills = append(a.fills, f)
	f.order.fills++
	if len(a.fills) > historyMax+historyMax/10 {
		a.fills = slices.Clone(a.fills[len(a.fills)-historyMax:])
	}
}

// close takes an order out of the open ones.
func (a *account) close(o *order) {
	if i := slices.Index(a.open, o); i >= 0 {
		a.open = slices.Delete(a.open, i, i+1)
	}
}

// openOn counts open orders of an instrument, and those of them that wait for a stop price.
func (a *account) openOn(instrument int) (all, contingent int) {
	for _, o := range a.open {
		if o.instrument == instrument {
			all++
			if o.kind.contingent() {
				contingent++
			}
		}
	}
	return all, contingent
}

// find returns the order of that id, nil if the account has none of it.
func (a *account) find(instrument int, id uint64) *order { return a.byID[orderKey{instrument, id}] }

// asset is what an order pays with.
func (v *Venue) asset(o *order) string {
	l := v.market.Listings()[o.instrument].Instrument
	if o.side == market.Buy {
		return l.Quote()
	}
	return l.Base()
}

// need is what an order must have locked for a quantity.
func need(o *order, quantity sim.Fixed) market.Decimal {
	switch {
	case o.side == market.Sell:
		return quantity.Decimal()
	case o.kind.priced():
		return notional(o.price, quantity)
	}
	return notional(o.stop, quantity)
}
