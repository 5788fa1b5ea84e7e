// Package portfolio keeps what an account holds through each strategy: quantities, cost, profit,
// fees and cash, as exact decimals.
//
// It imports market and message. The order gateway has one; any reader of order events may have
// another.
package portfolio

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Portfolio keeps what an account holds through each strategy, from executions alone. It is no
// actor and reads no clock; a Core has one, and any reader of order events may have another.
//
// Quantities, cash, cost and fees are sums of products of decimals and exact; a product that
// needs more than 18 decimals, which no venue's steps give, is rounded half-even and counted in
// Rounded. Two divisions cannot be exact and are rounded half-even at 18 decimals: the average
// price, and the cost of a part that is closed. What the part loses the rest keeps, so realized
// plus unrealized profit is always exactly cash plus what is held at its mark.
//
// A fee in base counts as a sale of that much at the price of the fill, whose proceeds pay the
// fee: the position is then what the venue's ledger says, and Fees are in quote currency. A fee
// in a third currency stands in FeesPaid only.
type Portfolio struct {
	account message.AccountName
	held    map[holdingKey]holding
	marks   map[market.Instrument]market.Price
	cash    map[string]market.Decimal            // by currency: what came in less what went out
	fees    map[string]market.Decimal            // by currency: paid
	others  map[string]market.Decimal            // by currency: paid in neither base nor quote of the instrument
	net     map[market.Instrument]market.Decimal // held through all strategies
	rounded uint64
}

type holdingKey struct {
	strategy   message.StrategyName
	instrument market.Instrument
}

// holding is a position without its mark.
type holding struct {
	time     market.Timestamp
	quantity market.Decimal // signed
	cost     market.Decimal // of what is open, signed as quantity; zero if flat
	cash     market.Decimal // received less paid, before fees
	fees     market.Decimal // paid, in quote
}

// New returns the empty portfolio of an account.
func New(account message.AccountName) *Portfolio {
	return &Portfolio{
		account: account,
		held:    make(map[holdingKey]holding),
		marks:   make(map[market.Instrument]market.Price),
		cash:    make(map[string]market.Decimal),
		fees:    make(map[string]market.Decimal),
		others:  make(map[string]market.Decimal),
		net:     make(map[market.Instrument]market.Decimal),
	}
}

// Apply counts an execution; other events change nothing. It fails with market.ErrRange where a
// sum is beyond what a Decimal holds, and the portfolio is then as before.
func (p *Portfolio) Apply(e message.OrderEvent) error {
	f := e.Fields()
	if f.Action != message.ActionFill {
		return nil
	}
	change, err := p.Plan(f)
	if err != nil {
		return err
	}
	p.Commit(change)
	return nil
}

// Change is what an execution does to a portfolio.
type Change struct {
	key               holdingKey
	holding           holding
	base, quote       string
	baseCash          market.Decimal
	quoteCash         market.Decimal
	currency          string // of the fee; set after base and quote, which it may be
	feeCash, feesPaid market.Decimal
	other             market.Decimal // of currency, if it is a third one
	net               market.Decimal
	rounded           uint64
}

// Plan works out what an execution does, and whether that can be held.
func (p *Portfolio) Plan(f message.OrderEventFields) (Change, error) {
	ch := Change{key: holdingKey{f.Strategy, f.Instrument}, base: f.Instrument.Base(), quote: f.Instrument.Quote(), currency: f.FeeCurrency}
	if ch.currency == "" {
		ch.currency = ch.quote
	}
	m := mover{h: p.held[ch.key], price: f.LastPrice.Decimal}
	quantity := f.LastQuantity.Decimal
	if f.Side == market.Sell {
		quantity = quantity.Neg()
	}
	cost := m.trade(quantity)
	ch.baseCash, ch.quoteCash = m.add(p.cash[ch.base], quantity), m.add(p.cash[ch.quote], cost.Neg())
	switch ch.currency {
	case ch.quote:
		m.h.fees = m.add(m.h.fees, f.Fee.Decimal)
		ch.feeCash = ch.quoteCash
	case ch.base:
		m.h.fees = m.add(m.h.fees, m.trade(f.Fee.Neg()).Neg())
		ch.feeCash = ch.baseCash
	default:
		ch.feeCash = p.cash[ch.currency]
		ch.other = m.add(p.others[ch.currency], f.Fee.Decimal)
	}
	ch.net = m.add(m.add(p.net[f.Instrument], p.held[ch.key].quantity.Neg()), m.h.quantity)
	ch.feeCash = m.add(ch.feeCash, f.Fee.Neg())
	ch.feesPaid = m.add(p.fees[ch.currency], f.Fee.Decimal)
	m.add(m.h.cash, m.h.cost) // what was realized must fit too
	if m.err != nil {
		return Change{}, fmt.Errorf("portfolio: %s: %v: fill %s of %v at %v: %w", p.account, f.Instrument, f.ExecID, f.LastQuantity, f.LastPrice, m.err)
	}
	m.h.time = f.Time
	ch.holding, ch.rounded = m.h, m.rounded
	return ch, nil
}

// Commit makes a change that Plan returned, with no other in between, part of the portfolio.
func (p *Portfolio) Commit(ch Change) {
	p.held[ch.key] = ch.holding
	p.cash[ch.base], p.cash[ch.quote] = ch.baseCash, ch.quoteCash
	p.cash[ch.currency] = ch.feeCash
	p.fees[ch.currency] = ch.feesPaid
	if ch.currency != ch.base && ch.currency != ch.quote {
		p.others[ch.currency] = ch.other
	}
	p.net[ch.key.instrument] = ch.net
	p.rounded += ch.rounded
}

// mover changes a holding at one price and remembers the first failure.
type mover struct {
	h       holding
	price   market.Decimal
	rounded uint64
	err     error
}

// trade adds a signed quantity at the price and returns what it cost, signed as the quantity.
func (m *mover) trade(quantity market.Decimal) market.Decimal {
	cost := m.mul(quantity, m.price)
	m.h.cash = m.add(m.h.cash, cost.Neg())
	before := m.h.quantity
	after := m.add(before, quantity)
	m.h.quantity = after
	switch {
	case before.Sign() == 0 || before.Sign() == quantity.Sign(): // opens or grows
		m.h.cost = m.add(m.h.cost, cost)
	case after.IsZero():
		m.h.cost = market.Decimal{}
	case after.Sign() == before.Sign(): // shrinks: the part takes its share of the cost along
		share, err := mulDiv(m.h.cost, quantity.Abs(), before.Abs())
		m.fail(err)
		m.h.cost = m.add(m.h.cost, share.Neg())
	default: // through zero: what is left was bought or sold at this price
		m.h.cost = m.mul(after, m.price)
	}
	return cost
}

func (m *mover) add(a, b market.Decimal) market.Decimal {
	sum, err := a.Add(b)
	m.fail(err)
	return sum
}

// mul is exact where 18 decimals hold the product.
func (m *mover) mul(a, b market.Decimal) market.Decimal {
	product, inexact, err := Product(a, b)
	if inexact {
		m.rounded++
	}
	m.fail(err)
	return product
}

func (m *mover) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// Mark sets the price at which an instrument is valued; zero is ignored.
func (p *Portfolio) Mark(instrument market.Instrument, price market.Price) {
	if price.Sign() > 0 {
		p.marks[instrument] = price
	}
}

// Rounded returns how many products had more than 18 decimals.
func (p *Portfolio) Rounded() uint64 { return p.rounded }

// Position returns what a strategy holds of an instrument, and false if it never traded it.
func (p *Portfolio) Position(strategy message.StrategyName, instrument market.Instrument) (message.Position, bool) {
	key := holdingKey{strategy, instrument}
	h, ok := p.held[key]
	if !ok {
		return message.Position{}, false
	}
	return p.position(key, h), true
}

// Positions returns every position, flat ones too, ordered by strategy and instrument.
func (p *Portfolio) Positions() []message.Position {
	all := make([]message.Position, 0, len(p.held))
	keys := slices.SortedFunc(maps.Keys(p.held), func(a, b holdingKey) int {
		if a.strategy != b.strategy {
			return strings.Compare(string(a.strategy), string(b.strategy))
		}
		return a.instrument.Compare(b.instrument)
	})
	for _, key := range keys {
		all = append(all, p.position(key, p.held[key]))
	}
	return all
}

// position values a holding at its mark; without one, or where the value is beyond a Decimal,
// nothing is unrealized and the mark is zero.
func (p *Portfolio) position(key holdingKey, h holding) message.Position {
	f := message.PositionFields{
		Time: h.time, Account: p.account, Strategy: key.strategy, Instrument: key.instrument,
		Quantity: h.quantity, Cost: market.Amount{Decimal: h.cost}, Fees: market.Amount{Decimal: h.fees},
	}
	m := mover{}
	if !h.quantity.IsZero() {
		average, err := h.cost.Quo(h.quantity) // of one sign, so not negative
		m.fail(err)
		f.AveragePrice = market.Price{Decimal: average}
	}
	f.Realized = market.Amount{Decimal: m.add(h.cash, h.cost)}
	if mark, ok := p.marks[key.instrument]; ok {
		v := mover{}
		worth := v.mul(h.quantity, mark.Decimal)
		gain := v.add(worth, h.cost.Neg())
		if v.err == nil {
			f.Mark, f.Unrealized = mark, market.Amount{Decimal: gain}
		}
	}
	position, _ := message.NewPosition(f) // account and instrument stand in every event
	return position
}

// Cash yields by currency what came in less what went out, fees included, in the order of names.
// It counts from the journal's first event, so it is the change of a balance, not the balance.
func (p *Portfolio) Cash() iter.Seq2[string, market.Amount] { return amounts(p.cash) }

// CashOf returns what came in less what went out of one currency, as Cash does.
func (p *Portfolio) CashOf(currency string) market.Amount {
	return market.Amount{Decimal: p.cash[currency]}
}

// Held returns what is held of an instrument through all strategies; below zero is short.
func (p *Portfolio) Held(instrument market.Instrument) market.Decimal { return p.net[instrument] }

// OtherFees yields the fees that stand in no position, by currency in the order of names: those
// that were paid in a third currency.
func (p *Portfolio) OtherFees() iter.Seq2[string, market.Amount] { return amounts(p.others) }

// FeesPaid yields the fees paid by currency, in the order of names; a rebate counts against.
func (p *Portfolio) FeesPaid() iter.Seq2[string, market.Amount] { return amounts(p.fees) }

func amounts(m map[string]market.Decimal) iter.Seq2[string, market.Amount] {
	return func(yield func(string, market.Amount) bool) {
		for _, currency := range slices.Sorted(maps.Keys(m)) {
			if !yield(currency, market.Amount{Decimal: m[currency]}) {
				return
			}
		}
	}
}
