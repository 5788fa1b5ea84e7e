package upbit

import (
	"fmt"
	"slices"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// heardOf makes events of one order.
func heardOf(s state, count int64, change func(*orderEvent)) *orderEvent {
	e := &orderEvent{
		id: "u-1", client: "main-1-1", instrument: btc, side: market.Buy, form: formLimit, state: s, price: market.MustPrice("1000"),
		volume: market.MustQuantity("10"), count: count, at: 1,
	}
	if s == stateTrade {
		e.exec, e.volume, e.fee = message.ExecID(fmt.Sprint("t-", count)), market.MustQuantity("1"), amount("0.5")
	}
	if change != nil {
		change(e)
	}
	return e
}

func did(t told) (out []string) {
	for _, f := range t.reports {
		out = append(out, f.Action.String())
	}
	if t.ask {
		out = append(out, "ask")
	}
	if t.missed != "" {
		out = append(out, "missed")
	}
	return out
}

// TestTracker: scripts of events, and what follows from each.
func TestTracker(t *testing.T) {
	type step struct {
		e    *orderEvent
		want []string
	}
	for name, script := range map[string][]step{
		"a life": {
			{heardOf(stateWait, 0, nil), []string{"accept"}},
			{heardOf(stateTrade, 1, nil), []string{"fill"}},
			{heardOf(stateCancel, 1, nil), []string{"cancel"}},
		},
		"an execution is missing": {
			{heardOf(stateWait, 0, nil), []string{"accept"}},
			{heardOf(stateTrade, 2, nil), []string{"fill", "ask"}},
			{heardOf(stateCancel, 2, nil), []string{"ask"}},
		},
		"the end comes first": {
			{heardOf(stateWait, 0, nil), []string{"accept"}},
			{heardOf(stateCancel, 1, nil), []string{"ask"}},
			{heardOf(stateTrade, 1, nil), []string{"fill"}},
			{heardOf(stateCancel, 1, nil), []string{"cancel"}},
			{heardOf(stateCancel, 1, nil), nil},
			{heardOf(stateWait, 0, nil), nil},
			{heardOf(stateTrade, 1, nil), nil},
			{heardOf(stateTrade, 2, nil), []string{"fill"}},
		},
		"not known": {
			{heardOf(stateTrade, 1, nil), []string{"ask"}},
			{heardOf(stateDone, 1, nil), []string{"ask"}},
		},
		"no rate": {
			{heardOf(stateWait, 0, nil), []string{"accept"}},
			{heardOf(stateTrade, 1, func(e *orderEvent) { e.fee = amount("0.123456789012") }), []string{"ask"}},
		},
		"lost digits in the terms": {
			{heardOf(stateWait, 0, func(e *orderEvent) { e.volume = market.MustQuantity("23456789012.123455") }), []string{"ask"}},
		},
		"lost digits at the end": {
			{heardOf(stateWait, 0, nil), []string{"accept"}},
			{heardOf(stateCancel, 0, func(e *orderEvent) { e.volume = market.MustQuantity("23456789012.123455") }), []string{"ask"}},
		},
		"for an amount of money": {
			{heardOf(stateWait, 0, func(e *orderEvent) { e.form, e.volume = formAmount, market.Quantity{} }), nil},
			{heardOf(stateTrade, 1, func(e *orderEvent) { e.form = formAmount }), nil},
			{heardOf(stateCancel, 1, func(e *orderEvent) { e.form, e.volume = formAmount, market.Quantity{} }), []string{"missed"}},
		},
		"a part is prevented": {
			{heardOf(stateWait, 0, nil), []string{"accept"}},
			{heardOf(statePrevented, 0, func(e *orderEvent) { e.prevented = market.MustQuantity("4") }), []string{"amend"}},
			{heardOf(statePrevented, 1, nil), []string{"ask"}},
			{heardOf(stateTrade, 1, nil), []string{"fill"}},
			{heardOf(stateDone, 1, func(e *orderEvent) { e.prevented, e.executed = market.MustQuantity("9"), market.MustQuantity("1") }), []string{"cancel"}},
		},
		"executed whole": {
			{heardOf(stateWait, 0, nil), []string{"accept"}},
			{heardOf(stateTrade, 1, func(e *orderEvent) { e.volume, e.fee = market.MustQuantity("10"), amount("5") }), []string{"fill"}},
			{heardOf(stateDone, 1, func(e *orderEvent) { e.executed = market.MustQuantity("10") }), nil},
		},
		"two orders of one id": {
			{heardOf(stateWait, 0, nil), []string{"accept"}},
			{heardOf(stateWait, 0, func(e *orderEvent) { e.id = "u-2" }), []string{"accept"}},
		},
	} {
		tr := newTracker()
		for i, s := range script {
			if got := did(tr.event(s.e)); !slices.Equal(got, s.want) {
				t.Errorf("%s, step %d: %q, want %q", name, i+1, got, s.want)
			}
		}
		if name == "two orders of one id" {
			if a, b := tr.byID["u-1"], tr.byID["u-2"]; a == b || a.client != "main-1-1" || b.client != "" {
				t.Errorf("%+v %+v", a, b)
			}
		}
	}
}

// TestTrackerIsBounded: orders that ended are forgotten, the oldest first, and too many that did not are said.
func TestTrackerIsBounded(t *testing.T) {
	tr := newTracker()
	event := func(n int, s state) told {
		return tr.event(heardOf(s, 0, func(e *orderEvent) {
			e.id, e.client = message.VenueOrderID(fmt.Sprint("u-", n)), message.ClientOrderID(fmt.Sprint("c-", n))
		}))
	}
	for n := range 3 * endedMax {
		event(n, stateWait)
		event(n, stateCancel)
	}
	if len(tr.byID) != endedMax || len(tr.byClient) != endedMax || tr.byID["u-0"] != nil || tr.byID[message.VenueOrderID(fmt.Sprint("u-", 3*endedMax-1))] == nil {
		t.Errorf("%d and %d are remembered", len(tr.byID), len(tr.byClient))
	}
	missed := 0
	for n := range liveMax + endedMax + 10 {
		if event(1_000_000+n, stateWait).missed != "" {
			missed++
		}
	}
	if missed == 0 || len(tr.byID) > liveMax+2*endedMax {
		t.Errorf("%d of too many were said; %d are held", missed, len(tr.byID))
	}
}

// TestDoesNotAddUp: an answer whose executions are not all there is no answer.
func TestDoesNotAddUp(t *testing.T) {
	sound, err := decodeOrder([]byte(orderAnswer))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*order){
		"no list":        func(o *order) { o.trades, o.hasTrades = nil, false },
		"one is missing": func(o *order) { o.trades = nil },
		"another count":  func(o *order) { o.count = 2 },
		"another sum":    func(o *order) { o.executed = market.MustQuantity("5") },
		"one stands twice": func(o *order) {
			o.trades, o.count, o.executed = append(o.trades, o.trades...), 2, market.MustQuantity("10.755188")
		},
		"executed unlisted":  func(o *order) { o.count, o.trades, o.hasTrades = 0, nil, false },
		"a list too many of": func(o *order) { o.count, o.executed = 0, market.Quantity{} },
	} {
		o := sound
		o.trades = slices.Clone(o.trades)
		change(&o)
		if _, _, err := newTracker().answer(o, nil, whole); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
