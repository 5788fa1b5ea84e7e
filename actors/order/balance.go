package order

import (
	"fmt"
	"maps"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// balances is what the venue says the account has, and how that stood against our books.
type balances struct {
	round  uint64                    // counts the questions that left
	said   map[string]stated         // by currency
	moves  uint64                    // counts fills
	asked  uint64                    // moves, when the question left
	before map[string]market.Decimal // differences at the answer before, by currency
	since  uint64                    // moves, then
	ours   map[string]struct{}       // currencies of balance events
	full   bool                      // more currencies than are kept
	stated bool                      // the newest answer had balances
}

// stated is a balance, and in the answer to which question it came.
type stated struct {
	total market.Decimal
	round uint64
	bad   bool // its sum is beyond a Decimal
}

// currenciesMax bounds the currencies of one account: Binance lists some 500.
const currenciesMax = 10_000

func newBalances() balances {
	return balances{said: make(map[string]stated), ours: make(map[string]struct{})}
}

// Balance takes in what the venue says the account has of one currency. It is compared with our
// books when the answer ends; one that comes unasked counts for the answer it came before.
func (c *Core) Balance(balance message.Balance) Effects {
	f := balance.Fields()
	c.begin(0)
	b := &c.balances
	if f.Account != c.cfg.Account {
		return c.end()
	}
	if _, known := b.said[f.Currency]; !known && len(b.said) >= currenciesMax {
		b.full = true
		return c.end()
	}
	total, err := f.Free.Add(f.Locked.Decimal)
	b.said[f.Currency] = stated{total: total, round: b.round, bad: err != nil}
	return c.end()
}

// Books returns what the account has by our books, by currency in the order of names; nothing
// before the venue was first heard. Locked is not known and zero.
func (c *Core) Books() []message.Balance {
	if !c.risk.Known() {
		return nil
	}
	var all []message.Balance
	for _, currency := range c.currencies() {
		total, err := c.risk.Total(currency)
		if err != nil {
			continue
		}
		if b, err := message.NewBalance(message.BalanceFields{Time: c.now, Account: c.cfg.Account, Currency: currency, Free: total}); err == nil {
			all = append(all, b)
		}
	}
	return all
}

// currencies returns the names of all that our books know, sorted.
func (c *Core) currencies() []string {
	names := maps.Clone(c.balances.ours)
	for currency := range c.portfolio.Cash() {
		names[currency] = struct{}{}
	}
	return slices.Sorted(maps.Keys(names))
}

// compareBalances holds our books against the balances of an answer. The first ones are where the
// account begins. A difference that two answers agree on, with nothing of ours moving between
// them, is journaled, and the books follow. A venue that states no balances is not compared.
func (c *Core) compareBalances() string {
	b := &c.balances
	there := make(map[string]struct{})
	for currency, s := range b.said {
		if s.round == b.round {
			there[currency] = struct{}{}
			if s.bad {
				return fmt.Sprintf("the venue's balance of %s is beyond what can be held", currency)
			}
		}
	}
	if b.stated = len(there) > 0; !b.stated {
		b.before = nil
		return ""
	}
	if b.full {
		return fmt.Sprintf("the venue states more than %d currencies", currenciesMax)
	}
	for _, currency := range c.currencies() { // what it does not state is nothing
		there[currency] = struct{}{}
	}
	differ := make(map[string]market.Decimal)
	for currency := range there {
		total := market.Decimal{}
		if s := b.said[currency]; s.round == b.round {
			total = s.total
		}
		ours, err := c.risk.Total(currency)
		if err == nil {
			total, err = total.Sub(ours.Decimal)
		}
		if err != nil {
			return fmt.Sprintf("balance of %s: %v", currency, err)
		}
		if !total.IsZero() {
			differ[currency] = total
		}
	}
	return c.follow(differ)
}

// follow judges the differences of an answer and returns why they cannot be settled yet.
func (c *Core) follow(differ map[string]market.Decimal) string {
	b := &c.balances
	before, still := b.before, b.since == b.moves
	b.before, b.since = differ, b.moves
	names := slices.Sorted(maps.Keys(differ))
	if len(names) == 0 {
		return ""
	}
	if o := c.inDoubt(differ); o != nil {
		return fmt.Sprintf("the balance of %s differs by %v, and what became of %s is not known", names[0], differ[names[0]], describe(o))
	}
	if !c.risk.Known() {
		for _, currency := range names {
			c.adjust(currency, differ[currency], "opening balance")
		}
		return ""
	}
	if b.moves != b.asked && c.reconcile.why == "" {
		c.reconcile.waits = true // fills came while the venue answered: its balances may be older, or newer
		return ""
	}
	if !still || !maps.Equal(before, differ) {
		return fmt.Sprintf("the balance of %s differs by %v: the venue is asked once more", names[0], differ[names[0]])
	}
	for _, currency := range names {
		c.stats.Differences++
		c.adjust(currency, differ[currency], "the venue's balance differs in two answers: the books follow")
	}
	if c.cfg.OnDifference == HaltDifference {
		c.halt(HaltOptions{Reason: fmt.Sprintf("the venue's balance of %s differed by %v", names[0], differ[names[0]])})
	}
	return ""
}

// inDoubt returns an order whose outcome is not known and that would explain a difference.
func (c *Core) inDoubt(differ map[string]market.Decimal) *order {
	for _, o := range c.orders.open() {
		if o.f.Status != unknown && o.f.Status != sent {
			continue
		}
		_, base := differ[o.f.Instrument.Base()]
		_, quote := differ[o.f.Instrument.Quote()]
		if base || quote {
			return o
		}
	}
	return nil
}

// adjust journals a difference; our books follow it.
func (c *Core) adjust(currency string, by market.Decimal, why string) {
	c.balances.ours[currency] = struct{}{}
	c.balances.before = nil
	c.reconcile.differed = true
	c.note(message.OrderEventFields{Action: message.ActionBalance, Currency: currency, Amount: market.Amount{Decimal: by}, Reason: why})
}
