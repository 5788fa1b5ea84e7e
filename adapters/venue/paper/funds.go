package paper

import (
	"fmt"
	"maps"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// funds is what the account has. Without balances none are kept.
type funds struct {
	kept   bool
	total  map[string]market.Decimal
	locked map[string]market.Decimal
	moved  map[string]bool // since Moved was asked last
}

// lock is what an order holds back.
type lock struct {
	currency string
	amount   market.Decimal
}

func newFunds(cfg Config) funds {
	f := funds{kept: len(cfg.Balances) > 0, total: make(map[string]market.Decimal), locked: make(map[string]market.Decimal), moved: make(map[string]bool)}
	for currency, amount := range cfg.Balances {
		f.total[currency] = amount.Decimal
	}
	return f
}

// lock holds back what an order may take, in place of what it held back before. It returns why
// that is not there, and then nothing is held back.
func (f *funds) lock(o *order, price market.Price, taker market.Decimal) string {
	if !f.kept {
		return ""
	}
	f.unlock(o)
	need := lock{o.terms.Instrument.Base(), o.leaves}
	if o.terms.Side == market.Buy {
		value, err := price.MulRound(o.leaves)
		fee := market.Decimal{}
		if err == nil && taker.Sign() > 0 {
			fee, err = value.MulRound(taker)
		}
		if err == nil {
			value, err = value.Add(fee)
		}
		if err != nil {
			return fmt.Sprintf("range: %v at %v: %v", o.leaves, price, err)
		}
		need = lock{o.terms.Instrument.Quote(), value}
	}
	free, err := f.total[need.currency].Sub(f.locked[need.currency])
	if err != nil || free.Less(need.amount) {
		return fmt.Sprintf("balance: it takes %v %s, and %v are free", need.amount, need.currency, free)
	}
	if sum, err := f.locked[need.currency].Add(need.amount); err == nil {
		f.locked[need.currency], o.locks = sum, need
		f.moved[need.currency] = true
	}
	return ""
}

func (f *funds) unlock(o *order) {
	if !f.kept || o.locks.currency == "" {
		return
	}
	if left, err := f.locked[o.locks.currency].Sub(o.locks.amount); err == nil {
		f.locked[o.locks.currency] = left
	}
	f.moved[o.locks.currency] = true
	o.locks = lock{}
}

// pay moves what a fill moves. It returns why that is not there, and then nothing moves: a market
// order may meet worse prices than it was let with.
func (f *funds) pay(o *order, quantity, value, fee market.Decimal) string {
	if !f.kept {
		return ""
	}
	base, quote := o.terms.Instrument.Base(), o.terms.Instrument.Quote()
	ins, outs := quantity, quantity
	var err error
	if o.terms.Side == market.Buy {
		outs, err = value.Add(fee)
	} else {
		base, quote = quote, base
		ins, err = value.Sub(fee)
	}
	var has, gets market.Decimal
	if err == nil {
		has, err = f.total[quote].Sub(outs)
	}
	if err == nil {
		gets, err = f.total[base].Add(ins)
	}
	if err != nil {
		return fmt.Sprintf("range: %v", err)
	}
	others := f.locked[quote] // what other orders hold back is theirs
	if o.locks.currency == quote {
		if others, err = others.Sub(o.locks.amount); err != nil {
			return fmt.Sprintf("range: %v", err)
		}
	}
	if has.Less(others) {
		return fmt.Sprintf("balance: it takes %v %s, and %v are there, %v of them for other orders", outs, quote, f.total[quote], others)
	}
	f.total[quote], f.total[base] = has, gets
	f.moved[quote], f.moved[base] = true, true
	return ""
}

// Books says what the account has by the gateway's journal: the venue forgot when the process
// before ended. Nothing: the account begins with what it was given.
func (c *Core) Books(balances []message.Balance) {
	if !c.funds.kept || len(balances) == 0 {
		return
	}
	clear(c.funds.total)
	for _, b := range balances {
		f := b.Fields()
		if total, err := f.Free.Add(f.Locked.Decimal); err == nil {
			c.funds.total[f.Currency] = total
		}
	}
}

// Balances returns every balance, in the order of currencies; none where none are kept.
func (c *Core) Balances() []message.Balance {
	clear(c.funds.moved)
	if !c.funds.kept {
		return nil
	}
	return c.balances(slices.Sorted(maps.Keys(c.funds.total)))
}

// Moved returns the balances that moved since it or Balances was called last.
func (c *Core) Moved() []message.Balance {
	if len(c.funds.moved) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(c.funds.moved))
	clear(c.funds.moved)
	return c.balances(names)
}

func (c *Core) balances(names []string) []message.Balance {
	all := make([]message.Balance, 0, len(names))
	for _, currency := range names {
		free, err := c.funds.total[currency].Sub(c.funds.locked[currency])
		if err != nil {
			continue
		}
		b, err := message.NewBalance(message.BalanceFields{Time: c.now, Account: c.cfg.Account, Currency: currency,
			Free: market.Amount{Decimal: free}, Locked: market.Amount{Decimal: c.funds.locked[currency]}})
		if err == nil { // account and currency are there
			all = append(all, b)
		}
	}
	return all
}
