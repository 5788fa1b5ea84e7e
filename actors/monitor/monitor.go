// Package monitor is the actor that watches: it is told of class changes, order events and
// positions, and answers what the node's state is. It changes nothing, so it may run on real
// time in a replay, too.
package monitor

import (
	"cmp"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
)

// RecentMax is how many order events and class changes are kept for people to look at.
const RecentMax = 64

// Ask is answered with a Report.
type Ask struct{}

// Report is what the monitor knows. Nobody changes it after it was sent.
type Report struct {
	Classes   map[message.EngineName]map[message.ClassName]int // how many instruments are in each class
	Orders    map[message.OrderStatus]int                      // how many orders ended in, or are in, each status
	Fills     int
	Positions []message.Position // sorted by account, strategy, instrument
	Balances  []message.Balance  // as venues last told them, sorted by account and currency
	Recent    []message.OrderEvent
	Last      market.Timestamp // message time of the newest thing it was told
}

// Monitor is the actor.
type Monitor struct {
	classes   map[message.EngineName]map[market.Instrument]message.ClassName
	orders    map[orderKey]message.OrderStatus
	final     map[message.OrderStatus]int
	fills     int
	positions map[positionKey]message.Position
	balances  map[balanceKey]message.Balance
	recent    []message.OrderEvent
	last      market.Timestamp
}

type orderKey struct {
	account message.AccountName
	intent  message.IntentID
}

type positionKey struct {
	account    message.AccountName
	strategy   message.StrategyName
	instrument market.Instrument
}

type balanceKey struct {
	account  message.AccountName
	currency string
}

// balancesMax bounds the balances that are kept: some twenty accounts of every currency that the
// largest venue lists.
const balancesMax = 10_000

// New returns a monitor that knows nothing yet.
func New() *Monitor {
	return &Monitor{classes: map[message.EngineName]map[market.Instrument]message.ClassName{},
		orders: map[orderKey]message.OrderStatus{}, final: map[message.OrderStatus]int{}, positions: map[positionKey]message.Position{},
		balances: map[balanceKey]message.Balance{}}
}

// Supervision is how a monitor is brought back.
func Supervision() system.Supervision {
	return system.Supervision{Role: "monitor", Why: "it only watches; what it forgets comes again with the next messages", Restarts: 100, Window: 1 << 40}
}

// Receive is part of actor.Actor.
func (m *Monitor) Receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case message.Classified:
		f := msg.Fields()
		if m.classes[f.Engine] == nil {
			m.classes[f.Engine] = map[market.Instrument]message.ClassName{}
		}
		m.classes[f.Engine][f.Instrument] = f.To
		m.last = max(m.last, f.Time())
	case message.OrderEvent:
		m.order(msg)
	case message.Position:
		m.position(msg)
	case message.Balance:
		m.balance(msg)
	case Ask:
		ctx.Respond(m.report())
	}
}

func (m *Monitor) balance(b message.Balance) {
	f := b.Fields()
	key := balanceKey{f.Account, f.Currency}
	if _, known := m.balances[key]; known || len(m.balances) < balancesMax {
		m.balances[key] = b
	}
	m.last = max(m.last, f.Time)
}

func (m *Monitor) position(p message.Position) {
	f := p.Fields()
	m.positions[positionKey{f.Account, f.Strategy, f.Instrument}] = p
	m.last = max(m.last, f.Time)
}

func (m *Monitor) order(e message.OrderEvent) {
	f := e.Fields()
	m.last = max(m.last, f.Time)
	if f.Action == message.ActionFill {
		m.fills++
	}
	if !f.OfAccount() { // else it changes no order
		key := orderKey{f.Account, e.Intent()}
		delete(m.orders, key)
		if f.Status.Final() {
			m.final[f.Status]++
		} else {
			m.orders[key] = f.Status
		}
	}
	if m.recent = append(m.recent, e); len(m.recent) > RecentMax {
		m.recent = slices.Delete(m.recent, 0, len(m.recent)-RecentMax)
	}
}

func (m *Monitor) report() Report {
	r := Report{Classes: map[message.EngineName]map[message.ClassName]int{}, Orders: maps.Clone(m.final), Fills: m.fills,
		Recent: slices.Clone(m.recent), Last: m.last}
	for engine, instruments := range m.classes {
		counts := map[message.ClassName]int{}
		for _, class := range instruments {
			counts[class]++
		}
		r.Classes[engine] = counts
	}
	for _, status := range m.orders {
		r.Orders[status]++
	}
	for _, p := range m.positions {
		r.Positions = append(r.Positions, p)
	}
	slices.SortFunc(r.Positions, func(a, b message.Position) int {
		x, y := a.Fields(), b.Fields()
		for _, c := range []int{compare(x.Account, y.Account), compare(x.Strategy, y.Strategy), x.Instrument.Compare(y.Instrument)} {
			if c != 0 {
				return c
			}
		}
		return 0
	})
	for _, b := range m.balances {
		r.Balances = append(r.Balances, b)
	}
	slices.SortFunc(r.Balances, func(a, b message.Balance) int {
		x, y := a.Fields(), b.Fields()
		return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.Currency, y.Currency))
	})
	return r
}

func compare[T ~string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
