package upbit

import (
	"fmt"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

const (
	// liveMax bounds the orders that are followed. Upbit takes far fewer at once.
	liveMax = 10_000
	// endedMax is how many orders that have ended are remembered, so that a late or repeated event
	// of theirs is known for what it is. One that is forgotten is asked for anew, which costs a
	// request and nothing else.
	endedMax = 1024
)

// track is what is known of one order.
type track struct {
	id     message.VenueOrderID
	client message.ClientOrderID
	fees   map[message.ExecID]market.Amount // of the executions that were told
	ended  bool
}

// tracker follows orders through what the stream and the answers say, notices what the stream left out,
// and turns all of it into reports. It is pure: it reads no clock, sends nothing, and is used by one
// goroutine at a time.
type tracker struct {
	byID     map[message.VenueOrderID]*track
	byClient map[message.ClientOrderID]*track
	ended    []*track // a ring of endedMax
	next     int      // in the ring
}

func newTracker() *tracker {
	return &tracker{byID: map[message.VenueOrderID]*track{}, byClient: map[message.ClientOrderID]*track{}}
}

// told is what follows from an event or an answer.
type told struct {
	reports []message.ExecutionReportFields
	// ask says that the order has to be asked for: the event does not tell enough, or one before it
	// went missing.
	ask bool
	// missed says that something changed the account that no report can tell; empty: nothing did.
	missed string
}

// find returns the track of an order, nil if it is not known. One that has our id and another id of the venue's
// than the order that we know is another order, though that must not be.
func (t *tracker) find(id message.VenueOrderID, client message.ClientOrderID) *track {
	if o := t.byID[id]; o != nil && id != "" {
		return o
	}
	if client == "" {
		return nil
	}
	if o := t.byClient[client]; o != nil && (o.id == "" || id == "") {
		return o
	}
	return nil
}

// follow returns the track of an order, a new one if it is not known yet; nil if there are too many.
func (t *tracker) follow(id message.VenueOrderID, client message.ClientOrderID) *track {
	o := t.find(id, client)
	if o == nil {
		if len(t.byID)+len(t.byClient) >= 2*(liveMax+endedMax) {
			return nil
		}
		o = &track{}
	}
	if o.id == "" && id != "" {
		o.id = id
		t.byID[id] = o
	}
	if o.client == "" && client != "" && t.byClient[client] == nil {
		o.client = client
		t.byClient[client] = o
	}
	return o
}

// end notes that an order has ended, and forgets the one that ended longest ago.
func (t *tracker) end(o *track) {
	if o.ended {
		return
	}
	o.ended = true
	if len(t.ended) < endedMax {
		t.ended = append(t.ended, o)
		return
	}
	t.forget(t.ended[t.next])
	t.ended[t.next] = o
	t.next = (t.next + 1) % endedMax
}

func (t *tracker) forget(o *track) {
	if t.byID[o.id] == o {
		delete(t.byID, o.id)
	}
	if t.byClient[o.client] == o {
		delete(t.byClient, o.client)
	}
}

// tell notes an execution.
func (o *track) tell(exec message.ExecID, fee market.Amount) {
	if o.fees == nil {
		o.fees = map[message.ExecID]market.Amount{}
	}
	o.fees[exec] = fee
}

// event takes in what the stream says of an order.
func (t *tracker) event(e *orderEvent) told {
	known := t.find(e.id, e.client)
	if known == nil && (e.form == formAmount || e.form == formBest && e.side == market.Buy) {
		// Bought by hand for an amount of money: there is no quantity that an order of ours could
		// have. It ends at once; what it did to the balances is seen when all is asked for.
		if e.state.final() {
			return told{missed: fmt.Sprintf("order %s of %v was placed at the venue for an amount of money", e.id, e.instrument)}
		}
		return told{}
	}
	if known == nil && e.state != stateWait && e.state != stateWatch {
		return told{ask: true} // its terms are not in this event
	}
	o := t.follow(e.id, e.client)
	if o == nil {
		return told{missed: fmt.Sprintf("more than %d orders are open", liveMax)}
	}
	if o.ended && e.state != stateTrade {
		return told{ask: int64(len(o.fees)) < e.count} // a repeated or late event
	}
	var out told
	switch e.state {
	case stateWait, stateWatch:
		terms, ok := e.terms()
		if !ok {
			return told{ask: true}
		}
		out.reports = append(out.reports, message.ExecutionReportFields{
			Time: e.at, ClientOrderID: o.client, VenueOrderID: o.id, Instrument: e.instrument, OrderTerms: terms, Action: message.ActionAccept,
		})
	case stateTrade:
		if _, again := o.fees[e.exec]; again {
			break
		}
		fee, proven := streamFee(e.price, e.volume, e.fee)
		if !proven || !exact(e.price.Decimal, true) || !exact(e.volume.Decimal, false) {
			return told{ask: true}
		}
		o.tell(e.exec, fee)
		out.reports = append(out.reports, message.ExecutionReportFields{
			Time: e.at, ClientOrderID: o.client, VenueOrderID: o.id, Instrument: e.instrument, Action: message.ActionFill,
			ExecID: e.exec, LastPrice: e.price, LastQuantity: e.volume, Fee: fee, FeeCurrency: e.instrument.Quote(), LastLiquidityAdd: e.maker,
		})
	case statePrevented:
		if int64(len(o.fees)) < e.count {
			break // asked for below
		}
		terms, ok := e.terms()
		if !ok || !exact(e.executed.Decimal, false) {
			break // nothing is left, which its end will tell
		}
		out.reports = append(out.reports, message.ExecutionReportFields{
			Time: e.at, ClientOrderID: o.client, VenueOrderID: o.id, Instrument: e.instrument, OrderTerms: terms, Action: message.ActionAmend,
			CumQuantity: e.executed, Reason: fmt.Sprintf("self_match_prevention: the venue took off %v", e.prevented),
		})
	case stateDone, stateCancel:
		if int64(len(o.fees)) < e.count {
			return told{ask: true} // its executions come first
		}
		if !exact(e.executed.Decimal, false) || !exact(e.volume.Decimal, false) {
			return told{ask: true}
		}
		out.reports = t.close(o, ending{
			instrument: e.instrument, state: e.state, condition: e.condition, at: e.at,
			volume: e.volume, executed: e.executed, prevented: e.prevented,
		})
	}
	out.ask = int64(len(o.fees)) < e.count
	return out
}

// ending is how an order ended.
type ending struct {
	instrument                  market.Instrument
	state                       state
	condition                   condition
	at                          market.Timestamp
	volume, executed, prevented market.Quantity
}

// close notes that an order has ended and returns the report of it; none for one that was executed
// whole, whose executions say so.
func (t *tracker) close(o *track, e ending) []message.ExecutionReportFields {
	f := message.ExecutionReportFields{
		Time: e.at, ClientOrderID: o.client, VenueOrderID: o.id, Instrument: e.instrument, Action: message.ActionCancel, CumQuantity: e.executed,
	}
	all := e.volume.IsZero() || e.volume == e.executed
	t.end(o)
	switch {
	case e.state == stateDone && all:
		return nil
	case e.prevented.Sign() > 0:
		f.Reason = fmt.Sprintf("self_match_prevention: the venue took off %v", e.prevented)
	case e.condition == conditionIOC:
		f.Action, f.Reason = message.ActionExpire, "ioc: what did not fill at once is canceled"
	case e.condition == conditionFOK:
		f.Action, f.Reason = message.ActionExpire, "fok: it could not fill whole at once"
	case e.condition == conditionPostOnly:
		f.Reason = "canceled, or post_only: it would have taken liquidity"
	case e.state == stateDone:
		f.Reason = fmt.Sprintf("done: %v of %v executed", e.executed, e.volume)
	}
	return []message.ExecutionReportFields{f}
}

// telling is what of an order's answer is told.
type telling uint8

const (
	news       telling = iota // the executions that were not told yet, and how it stands
	whole                     // every execution, and how it stands: for an answer to Recover
	introduced                // what it is, every execution, and how it stands: of an order that the asker may not know
)

// answer takes in an order as GET /v1/order states it, whole, with the fee rates of its side if they are known.
// proven says that they, or another rate, explain what it paid. It fails if the order does not add up, which is
// to be taken as an answer that cannot be read.
func (t *tracker) answer(v order, rates []market.Decimal, what telling) (out told, proven bool, err error) {
	if err := v.addsUp(); err != nil {
		return told{}, false, err
	}
	terms, ok := v.terms()
	o := t.find(v.id, v.client)
	if !ok && o == nil {
		return told{missed: fmt.Sprintf("order %s of %v was placed at the venue for an amount of money", v.id, v.instrument)}, true, nil
	}
	begun := o == nil || what == introduced
	if o = t.follow(v.id, v.client); o == nil {
		return told{}, false, fmt.Errorf("upbit: order %s: more than %d orders are open", v.id, liveMax)
	}
	fees, proven, err := orderFees(v.trades, v.paid, o.fees, rates)
	if err != nil {
		return told{}, false, fmt.Errorf("upbit: order %s: fees: %w", v.id, err)
	}
	accept := message.ExecutionReportFields{
		Time: v.created, ClientOrderID: o.client, VenueOrderID: o.id, Instrument: v.instrument, OrderTerms: terms, Action: message.ActionAccept,
	}
	if begun {
		out.reports = append(out.reports, accept)
	}
	last := v.created
	for i, one := range v.trades {
		last = max(last, one.at)
		if _, again := o.fees[one.id]; again && what == news {
			continue
		}
		o.tell(one.id, fees[i])
		out.reports = append(out.reports, message.ExecutionReportFields{
			Time: one.at, ClientOrderID: o.client, VenueOrderID: o.id, Instrument: v.instrument, Action: message.ActionFill,
			ExecID: one.id, LastPrice: one.price, LastQuantity: one.volume, Fee: fees[i], FeeCurrency: v.instrument.Quote(),
			LastLiquidityAdd: v.condition == conditionPostOnly, // of the others it is not stated
		})
	}
	if v.state.final() {
		out.reports = append(out.reports, t.close(o, ending{
			instrument: v.instrument, state: v.state, condition: v.condition, at: max(last, v.asked),
			volume: v.volume, executed: v.executed, prevented: v.prevented,
		})...)
	} else if !begun || len(v.trades) > 0 {
		accept.Time, accept.CumQuantity = max(last, v.asked), v.executed
		out.reports = append(out.reports, accept)
	}
	return out, proven, nil
}

// addsUp refuses an order whose executions are not all there, and puts them into the order in which they
// happened.
func (o order) addsUp() error {
	if !o.hasTrades && o.count == 0 && o.executed.IsZero() {
		return nil
	}
	slices.SortStableFunc(o.trades, func(a, b trade) int {
		if a.at != b.at {
			return int(max(-1, min(1, a.at-b.at)))
		}
		return 0
	})
	sum := market.Decimal{}
	seen := make(map[message.ExecID]bool, len(o.trades))
	for _, one := range o.trades {
		var err error
		if sum, err = sum.Add(one.volume.Decimal); err != nil {
			return fmt.Errorf("upbit: order %s: %w", o.id, err)
		}
		if seen[one.id] {
			return fmt.Errorf("upbit: order %s: execution %s stands twice", o.id, one.id)
		}
		seen[one.id] = true
	}
	if int64(len(o.trades)) != o.count || sum != o.executed.Decimal {
		return fmt.Errorf("upbit: order %s does not add up: %d executions of %v in all, but it says %d of %v",
			o.id, len(o.trades), sum, o.count, o.executed)
	}
	return nil
}
