package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/portfolio"
	"github.com/maru-trading/maru/actors/order/risk"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

// Law is one of the promises that every run is held to.
type Law string

// The laws.
const (
	LawOnce     Law = "sent_twice"       // no intent reaches the venue twice
	LawAhead    Law = "sent_before_disk" // nothing reaches the venue that is not in the journal
	LawSettled  Law = "left_unknown"     // no order that the venue accepted is unknown once all has settled
	LawEvidence Law = "no_evidence"      // no order is over unless the venue's ledger says so
	LawFills    Law = "fills_differ"     // the venue's fills are ours, each once
	LawBooks    Law = "books_differ"     // what we think we have is what the venue's books say
	LawHalted   Law = "sent_while_halted"
	LawLimits   Law = "limit_exceeded" // no limit is passed, and none is waived by a restart
	LawJournal  Law = "journal_broken" // a crash leaves a journal that opens, and all that was synced is in it
	LawAudit    Law = "venue_audit"    // the venue's own books balance: else the simulation is wrong
	LawQuiet    Law = "never_quiet"    // once nothing misbehaves any more, everything settles
)

// Laws returns every law.
func Laws() []Law {
	return []Law{LawOnce, LawAhead, LawSettled, LawEvidence, LawFills, LawBooks, LawHalted, LawLimits, LawJournal, LawAudit, LawQuiet}
}

// Breach is a law that was broken, and how.
type Breach struct {
	Law  Law    `json:"law"`
	What string `json:"what"`
}

// evidence is what a judge looks at: the journal as it is at the end, and the venue's own books. It
// asks neither the gateway nor its core what they think.
type evidence struct {
	account message.AccountName
	at      string // the account's name at the venue
	events  []message.OrderEvent
	ledger  []spot.Entry
	venue   *spot.Venue
	listed  map[string]market.Instrument // by symbol
	made    []making                     // of every order
	opening map[string]market.Decimal    // what the account had at first, by currency
	limits  risk.Limits
	open    int // the most orders that may be open
}

// fact is what the venue's ledger says of one client order id.
type fact struct {
	requests int // placements that arrived
	accepted bool
	rejected bool
	over     bool // canceled or expired
	executed market.Decimal
	fills    map[uint64]spot.Entry // by trade
}

const placement = "POST /api/v3/order"

// facts sorts the ledger by client order id. The venue gives each cancel an id of its own; what it says
// of an order is under the order's number then.
func (e *evidence) facts() map[message.ClientOrderID]*fact {
	all := make(map[message.ClientOrderID]*fact)
	type number struct {
		symbol string
		id     uint64
	}
	byNumber := make(map[number]*fact)
	of := func(id string) *fact {
		f := all[message.ClientOrderID(id)]
		if f == nil {
			f = &fact{fills: make(map[uint64]spot.Entry)}
			all[message.ClientOrderID(id)] = f
		}
		return f
	}
	for _, entry := range e.ledger {
		if entry.Account != e.at {
			continue
		}
		n := number{entry.Symbol, entry.OrderID}
		switch entry.Kind {
		case spot.EntryRequest:
			if entry.Request == placement {
				of(entry.ClientID).requests++
			}
		case spot.EntryAccept:
			f := of(entry.ClientID)
			f.accepted = true
			byNumber[n] = f
		case spot.EntryReject:
			if entry.Request == placement {
				of(entry.ClientID).rejected = true
			}
		case spot.EntryFill:
			if f := byNumber[n]; f != nil {
				f.executed = entry.Executed
				f.fills[entry.TradeID] = entry
			}
		case spot.EntryCancel, spot.EntryExpire:
			if f := byNumber[n]; f != nil {
				f.over = true
			}
		}
	}
	return all
}

// judge holds a run to every law.
func (e *evidence) judge() (breaches []Breach) {
	breach := func(law Law, format string, args ...any) {
		breaches = append(breaches, Breach{law, fmt.Sprintf(format, args...)})
	}
	facts := e.facts()
	last := make(map[message.ClientOrderID]message.OrderEventFields)
	fills := make(map[message.ClientOrderID]map[message.ExecID]int)
	books := portfolio.New(e.account)
	known := make(map[execution]bool)
	for _, event := range e.events {
		f := event.Fields()
		if f.Action.OfAccount() || f.ClientOrderID == "" {
			continue
		}
		last[f.ClientOrderID] = f
		if f.Action == message.ActionFill {
			if fills[f.ClientOrderID] == nil {
				fills[f.ClientOrderID] = make(map[message.ExecID]int)
			}
			fills[f.ClientOrderID][f.ExecID]++
			known[execution{f.VenueOrderID, f.ExecID}] = true
		}
		if err := books.Apply(event); err != nil {
			breach(LawBooks, "event %d: %v", f.Seq, err)
		}
	}
	for id, fact := range facts {
		if fact.requests > 1 {
			breach(LawOnce, "order %s was placed %d times", id, fact.requests)
		}
		if _, known := last[id]; !known && fact.requests > 0 && strings.HasPrefix(string(id), string(e.account)+"-") {
			breach(LawAhead, "order %s reached the venue and is not in the journal", id)
		}
	}
	for id, f := range last {
		e.judgeOrder(breach, f, facts[id], fills[id])
	}
	e.judgeBooks(breach, books, known)
	e.judgeHalts(breach)
	e.judgeLimits(breach)
	slices.SortFunc(breaches, func(a, b Breach) int { return strings.Compare(string(a.Law)+a.What, string(b.Law)+b.What) })
	return breaches
}

// judgeOrder compares what the journal says of one order in the end with what the venue knows.
func (e *evidence) judgeOrder(breach func(Law, string, ...any), f message.OrderEventFields, v *fact, ours map[message.ExecID]int) {
	if v == nil {
		v = &fact{}
	}
	id := f.ClientOrderID
	switch f.Status {
	case message.OrderUnknown:
		if v.accepted {
			breach(LawSettled, "order %s is unknown in the end, and the venue accepted it", id)
		}
	case message.OrderDenied:
		if v.requests > 0 {
			breach(LawEvidence, "order %s is denied, and reached the venue", id)
		}
	case message.OrderRejected:
		if v.accepted {
			breach(LawEvidence, "order %s is rejected (%s), and the venue accepted it", id, f.Reason)
		}
	case message.OrderCanceled, message.OrderExpired:
		if v.requests > 0 && !v.over {
			breach(LawEvidence, "order %s is %v (%s), and the venue neither canceled it nor let it expire", id, f.Status, f.Reason)
		}
	case message.OrderFilled:
		if v.executed != f.Quantity.Decimal {
			breach(LawEvidence, "order %s is filled, and the venue executed %v of %v", id, v.executed, f.Quantity)
		}
	}
	if f.CumQuantity.Decimal != v.executed || len(ours) != len(v.fills) {
		breach(LawFills, "order %s: %d fills of %v here, %d of %v at the venue", id, len(ours), f.CumQuantity, len(v.fills), v.executed)
	}
	for exec, n := range ours {
		if n != 1 {
			breach(LawFills, "order %s: execution %s is counted %d times", id, exec, n)
		}
	}
}

// judgeBooks compares cash and positions to the last decimal with the venue's own: what the journal's
// executions come to, and what it adjusted, is what the venue has. Besides the opening balances, the
// adjustments must come to what was traded by hand and never heard of, and to nothing else.
func (e *evidence) judgeBooks(breach func(Law, string, ...any), books *portfolio.Portfolio, known map[execution]bool) {
	opening, adjusted := make(map[string]market.Decimal), make(map[string]market.Decimal)
	assets := make(map[string]bool)
	sum := func(to map[string]market.Decimal, asset string, by market.Decimal) {
		assets[asset] = true
		total, err := to[asset].Add(by)
		if err != nil {
			breach(LawBooks, "%s: %v", asset, err)
		}
		to[asset] = total
	}
	for _, event := range e.events {
		if f := event.Fields(); f.Action == message.ActionBalance {
			if strings.HasPrefix(f.Reason, "opening") {
				sum(opening, f.Currency, f.Amount.Decimal)
			} else {
				sum(adjusted, f.Currency, f.Amount.Decimal)
			}
		}
	}
	unheard := make(map[string]market.Decimal)
	for asset, d := range e.opening { // what was traded by hand before the first answer is in the opening balances
		sum(unheard, asset, d)
	}
	for asset, d := range opening {
		sum(unheard, asset, d.Neg())
	}
	for _, entry := range e.ledger {
		if entry.Kind != spot.EntryFill || entry.Account != e.at || known[executionOf(entry)] {
			continue
		}
		i := e.listed[entry.Symbol]
		quantity, cost := entry.Quantity, entry.Quote.Neg()
		if entry.Side == "SELL" {
			quantity, cost = quantity.Neg(), entry.Quote
		}
		sum(unheard, i.Base(), quantity)
		sum(unheard, i.Quote(), cost)
		sum(unheard, entry.CommissionAsset, entry.Commission.Neg())
	}
	for asset := range books.Cash() {
		assets[asset] = true
	}
	for _, asset := range slices.Sorted(maps.Keys(assets)) {
		if adjusted[asset] != unheard[asset] {
			breach(LawBooks, "%s: the books were adjusted by %v, and what was traded by hand unheard comes to %v", asset, adjusted[asset], unheard[asset])
		}
		free, locked := e.venue.Balance(e.at, asset)
		have, err := free.Add(locked)
		if err != nil {
			breach(LawBooks, "%s: %v", asset, err)
			continue
		}
		ours := make(map[string]market.Decimal)
		for _, d := range []market.Decimal{opening[asset], adjusted[asset], books.CashOf(asset).Decimal} {
			sum(ours, asset, d)
		}
		if ours[asset] != have {
			breach(LawBooks, "%s: our books have %v, the venue has %v", asset, ours[asset], have)
		}
	}
}

// execution names an order's side of a trade: the venue numbers orders and trades of each symbol by
// themselves, and the account may trade with itself.
type execution struct {
	order message.VenueOrderID
	trade message.ExecID
}

func executionOf(e spot.Entry) execution {
	return execution{message.VenueOrderID(fmt.Sprintf("%s:%d", e.Symbol, e.OrderID)), message.ExecID(fmt.Sprintf("%s:%d", e.Symbol, e.TradeID))}
}

// judgeHalts: between a halt and the next resume nothing is sent but what closes positions.
func (e *evidence) judgeHalts(breach func(Law, string, ...any)) {
	halted := ""
	for _, event := range e.events {
		f := event.Fields()
		switch f.Action {
		case message.ActionHalt, message.ActionAnomaly:
			halted = f.Reason
		case message.ActionResume:
			halted = ""
		case message.ActionSend:
			if halted != "" && !f.ExecInst.Has(market.ReduceOnly) {
				breach(LawHalted, "order %s was sent while the account was halted: %s", f.ClientOrderID, halted)
			}
		}
	}
}

// judgeLimits counts again, from the journal alone, what is bounded by counts and by an order's own
// figures, across all restarts, and that what losses are measured from never begins anew.
func (e *evidence) judgeLimits(breach func(Law, string, ...any)) {
	open := make(map[message.ClientOrderID]bool)
	rated, known := make(map[message.ClientOrderID]bool), make(map[message.ClientOrderID]bool)
	days := make(map[market.Timestamp]int)
	var best *market.Decimal
	asked := make(map[message.ClientOrderID]repetition)
	exposed := newExposure(e)
	for _, event := range e.events {
		f := event.Fields()
		if f.Action == message.ActionEquity {
			switch {
			case strings.HasPrefix(f.Reason, "day "):
				days[f.Time.Truncate(24*time.Hour)]++
			case best != nil && !best.Less(f.Amount.Decimal):
				breach(LawLimits, "event %d: the best that the account stood fell from %v to %v: a restart waived a loss", f.Seq, best, f.Amount)
			default:
				best = &f.Amount.Decimal
			}
		}
		if f.Action.OfAccount() || f.ClientOrderID == "" {
			continue
		}
		known[f.ClientOrderID] = true
		if f.Action == message.ActionCreate && f.Strategy != message.StrategyManual {
			if worth, ok := exposed.with(f); ok && e.limits.PositionMax.Less(worth) {
				breach(LawLimits, "with order %s what is held and open of %v comes to %v, more than %v", f.ClientOrderID, f.Instrument, worth, e.limits.PositionMax)
			}
		}
		exposed.apply(event, f)
		if f.Status.Final() {
			delete(open, f.ClientOrderID)
			continue
		}
		// What people place at the venue no limit of ours can stop, nor what closes positions.
		limited := f.Strategy != message.StrategyManual
		open[f.ClientOrderID] = true
		if len(open) > e.open && limited && f.Action == message.ActionCreate {
			breach(LawLimits, "event %d: %d orders are open, more than %d", f.Seq, len(open), e.open)
		}
		if f.Action != message.ActionCreate {
			continue
		}
		if !limited {
			continue
		}
		rated[f.ClientOrderID] = true
		if f.Contingency == (message.Contingency{}) && f.Replaces == "" {
			asked[f.ClientOrderID] = repetition{f.Strategy, f.Instrument, f.OrderTerms}
		}
		if worth, ok := e.worth(f.Instrument, f.Price, f.Quantity); ok && e.limits.OrderNotionalMax.Less(worth) {
			breach(LawLimits, "order %s is worth %v, more than %v", f.ClientOrderID, worth, e.limits.OrderNotionalMax)
		}
	}
	e.judgeRate(breach, rated, asked, known)
	for day, n := range days {
		if n > 1 {
			breach(LawLimits, "the day %v began %d times: a restart waived its loss", day, n)
		}
	}
}

// judgeRate counts orders as they were made. Those that are rated may not be one too many, and none
// may ask for what another asked for shortly before. What was held before, or closes a position, goes
// out whatever the rate, and counts.
func (e *evidence) judgeRate(breach func(Law, string, ...any), rated map[message.ClientOrderID]bool, asked map[message.ClientOrderID]repetition, known map[message.ClientOrderID]bool) {
	const tick = 1100 * time.Millisecond // the clock that windows go by moves with message time, and every second
	rate := e.limits.Orders
	before := make(map[repetition]market.Timestamp)
	var times []market.Timestamp
	for _, m := range e.made {
		if !known[m.id] {
			continue // the last crash took it
		}
		if what, ok := asked[m.id]; ok {
			if was, ok := before[what]; ok && m.at.Sub(was) < e.limits.RepeatWindow-tick {
				breach(LawLimits, "order %s repeats another of %v before", m.id, m.at.Sub(was))
			}
			before[what] = m.at
		}
		if times = append(times, m.at); rate.Max == 0 || len(times) <= rate.Max || !rated[m.id] {
			continue
		}
		if span := m.at.Sub(times[len(times)-1-rate.Max]); span < rate.Window-tick {
			breach(LawLimits, "order %s is the %d. in %v, more than %d in %v", m.id, rate.Max+1, span, rate.Max, rate.Window)
		}
	}
}

// repetition is what two orders must have in common for one to repeat the other.
type repetition struct {
	strategy   message.StrategyName
	instrument market.Instrument
	terms      message.OrderTerms
}

// worth is what an order is worth in the currency of the limits, by rates that do not change; false
// where it has no price, or its currency no such rate.
func (e *evidence) worth(i market.Instrument, p market.Price, q market.Quantity) (market.Decimal, bool) {
	rate, ok := map[string]market.Decimal{reporting: market.MustDecimal("1"), "KRW": won}[i.Quote()]
	if !ok || p.IsZero() {
		return rate, false
	}
	worth, err := p.MulRound(q.Decimal)
	if err == nil {
		worth, err = worth.Quo(rate)
	}
	return worth.RoundPlaces(6), err == nil
}
