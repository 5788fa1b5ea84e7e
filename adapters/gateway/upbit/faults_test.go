package upbit

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
	"github.com/maru-trading/maru/adapters/gateway/upbit/upbittest"
)

// noBudget permits nothing.
type noBudget struct{ gateway.Unlimited }

func (noBudget) Take(context.Context, int, bool) error { return errors.New("no permit") }

// penalties remembers what a budget was told.
type penalties struct {
	gateway.Unlimited
	told chan gateway.Throttle
}

func (p penalties) Penalize(t gateway.Throttle) { p.told <- t }

// TestPlaceFaults: each way in which an order's request can go wrong, what is said of it, and that Recover
// then tells the truth, with the order sent once.
func TestPlaceFaults(t *testing.T) {
	const route = "POST /v1/orders"
	for kind, want := range map[upbittest.FaultKind]struct {
		action message.OrderAction
		there  bool // the venue has it
	}{
		upbittest.AcceptTimeout: {message.ActionLose, true},
		upbittest.AcceptError:   {message.ActionLose, true},
		upbittest.AcceptTear:    {message.ActionLose, true},
		upbittest.AcceptGarbage: {message.ActionLose, true},
		upbittest.AcceptOther:   {message.ActionLose, true},
		upbittest.Timeout:       {message.ActionLose, false},
		upbittest.ServerError:   {message.ActionLose, false},
		upbittest.Throttle:      {message.ActionReject, false},
		upbittest.Ban:           {message.ActionReject, false},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(_ *upbittest.Config, c *Config) { c.Timeout = withinOf(kind) })
			w.server.Inject(upbittest.Fault{Kind: kind, On: route})
			e, id := w.place(nil)
			f := w.heard.awaits(t, id, want.action)
			if f.Request != message.RequestPlace || f.Reason == "" {
				t.Errorf("%v of request %v: %q", f.Action, f.Request, f.Reason)
			}
			if want.action == message.ActionReject {
				if n := len(w.heard.of(id)); n != 1 {
					t.Errorf("%d reports", n)
				}
				return
			}
			if err := w.recovers(e); err != nil {
				t.Fatal(err)
			}
			got := w.heard.of(id)
			if want.there != has(got, message.ActionAccept) || want.there == has(got, message.ActionAbsent) {
				t.Errorf("there %v:\n%s", want.there, lines(got))
			}
			for _, f := range got {
				if f.Action == message.ActionAbsent && (f.Evidence != message.EvidenceAll || f.Time == 0) {
					t.Errorf("absent by %v at %v", f.Evidence, f.Time)
				}
			}
			if w.server.Fired()[kind] != 1 {
				t.Error("the fault did not happen")
			}
			w.agrees()
		})
	}
}

// TestCancelFaults: each way in which a cancel can go wrong. It may be asked for again.
func TestCancelFaults(t *testing.T) {
	for kind, want := range map[upbittest.FaultKind]message.OrderAction{
		upbittest.AcceptTimeout: message.ActionLose,
		upbittest.AcceptError:   message.ActionLose,
		upbittest.AcceptGarbage: message.ActionLose,
		upbittest.AcceptOther:   message.ActionLose,
		upbittest.AcceptTear:    message.ActionLose,
		upbittest.Timeout:       message.ActionLose,
		upbittest.ServerError:   message.ActionLose,
		upbittest.Throttle:      message.ActionRejectCancel,
		upbittest.Ban:           message.ActionRejectCancel,
		upbittest.UnknownOrder:  message.ActionRejectCancel,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(_ *upbittest.Config, c *Config) { c.Timeout = withinOf(kind) })
			e, id := w.place(nil)
			w.heard.awaits(t, id, message.ActionAccept)
			w.server.Inject(upbittest.Fault{Kind: kind, On: "DELETE /v1/order"})
			w.gateway.Cancel(e)
			if f := w.heard.awaits(t, id, want); f.Request != message.RequestCancel || f.Reason == "" {
				t.Errorf("%v of request %v: %q", f.Action, f.Request, f.Reason)
			}
			w.gateway.Cancel(e)
			w.heard.awaits(t, id, message.ActionCancel)
			if has(w.heard.of(id), message.ActionReject) {
				t.Error("the order itself was rejected")
			}
			if w.server.Fired()[kind] != 1 {
				t.Error("the fault did not happen")
			}
			w.agrees()
		})
	}
}

// TestStreamFaults: each way in which the stream can go wrong; whatever it leaves out or repeats, all
// executions are told, once each, and then the end of the order, without anybody asking for it but where the
// stream was cut or not to be read.
func TestStreamFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		faults []upbittest.Fault
		cut    bool
	}{
		"an execution is left out":        {faults: []upbittest.Fault{{Kind: upbittest.DropEvent, On: "trade"}}},
		"the last execution is left out":  {faults: []upbittest.Fault{{Kind: upbittest.DuplicateEvent, On: "trade"}, {Kind: upbittest.DropEvent, On: "trade"}}},
		"the beginning is left out":       {faults: []upbittest.Fault{{Kind: upbittest.DropEvent, On: "wait"}}},
		"everything is left out":          {faults: []upbittest.Fault{{Kind: upbittest.DropEvent, On: "trade"}, {Kind: upbittest.DropEvent, On: "trade"}}},
		"an execution comes twice":        {faults: []upbittest.Fault{{Kind: upbittest.DuplicateEvent, On: "trade"}}},
		"the end comes twice":             {faults: []upbittest.Fault{{Kind: upbittest.DuplicateEvent, On: "cancel"}}},
		"an execution comes after it all": {faults: []upbittest.Fault{{Kind: upbittest.LateFill, On: "trade"}}},
		"a frame is not to be read":       {faults: []upbittest.Fault{{Kind: upbittest.GarbageEvent, On: "trade"}}, cut: true},
		"the stream is cut":               {faults: []upbittest.Fault{{Kind: upbittest.Cut, On: "trade"}}, cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.server.Inject(tc.faults...)
			e, id := w.place(nil)
			w.heard.awaits(t, id, message.ActionAccept)
			w.execute(id, "140000000", "0.001")
			if tc.cut {
				w.heard.until(t, "disconnected", func() bool { return len(w.heard.disconnected) > 0 })
				w.listening()
				if err := w.recovers(e); err != nil {
					t.Fatal(err)
				}
			}
			w.execute(id, "140000000", "0.003")
			if err := w.server.Finish(w.uuid(id)); err != nil {
				t.Fatal(err)
			}
			w.heard.awaits(t, id, message.ActionCancel)
			w.heard.until(t, "all is told", func() bool {
				quantity, _ := w.heard.unlockedExecuted(id)
				return quantity == market.MustDecimal("0.004")
			})
			got := w.heard.of(id)
			if last := got[len(got)-1]; name != "an execution comes after it all" && last.Action != message.ActionCancel {
				t.Errorf("the last word is %v:\n%s", last.Action, lines(got))
			}
			for kind := range w.server.Fired() {
				t.Log(kind)
			}
			if len(w.server.Fired()) == 0 {
				t.Error("no fault happened")
			}
			w.agrees()
		})
	}
}

// TestFillBeforeAck: executions that come before the answer are told, and the answer then does no harm.
func TestFillBeforeAck(t *testing.T) {
	w := newWorld(t, func(s *upbittest.Config, _ *Config) {
		s.OnPlace = func(s *upbittest.Server, o upbittest.Order) {
			if err := s.Execute(o.UUID, "140000000", "0.01", false); err != nil {
				t.Error(err)
			}
		}
	})
	w.server.Inject(upbittest.Fault{Kind: upbittest.FillBeforeAck, On: "POST /v1/orders"})
	_, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionFill)
	w.idle()
	w.agrees()
}

// TestAnswerAfterEnd: an answer that comes after the order's end, told by the stream, says nothing new.
func TestAnswerAfterEnd(t *testing.T) {
	w := newWorld(t, nil)
	e, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionAccept)
	w.idle()
	if err := w.server.Finish(w.uuid(id)); err != nil {
		t.Fatal(err)
	}
	w.heard.awaits(t, id, message.ActionCancel)
	before := len(w.heard.of(id))
	w.gateway.mu.Lock()
	w.gateway.accepted(e.Fields(), order{id: message.VenueOrderID(w.uuid(id)), client: id, instrument: btc, state: stateWait})
	w.gateway.mu.Unlock()
	w.idle()
	if got := w.heard.of(id); len(got) != before {
		t.Errorf("%s", lines(got))
	}
}

// TestRefusedAndThere: an order that the stream has shown is there, whatever the answer to its request says.
func TestRefusedAndThere(t *testing.T) {
	w := newWorld(t, nil)
	e := w.order(nil)
	id := e.Fields().ClientOrderID
	w.gateway.heard(&orderEvent{id: "u-9", client: id, instrument: btc, side: market.Buy, form: formLimit, state: stateWait,
		price: market.MustPrice("140000000"), volume: market.MustQuantity("0.01"), at: 1})
	w.server.Inject(upbittest.Fault{Kind: upbittest.Throttle, On: "POST /v1/orders"})
	w.gateway.Place(e)
	w.heard.awaits(t, id, message.ActionLose)
	if has(w.heard.of(id), message.ActionReject) {
		t.Error("rejected")
	}
}

// TestCancelUnheard: that an order is canceled is found out also where the stream does not tell.
func TestCancelUnheard(t *testing.T) {
	w := newWorld(t, nil)
	e, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionAccept)
	w.server.Inject(upbittest.Fault{Kind: upbittest.DropEvent, On: "cancel"})
	w.gateway.Cancel(e)
	w.heard.awaits(t, id, message.ActionCancel)
	if w.server.Fired()[upbittest.DropEvent] != 1 {
		t.Error("the stream told")
	}
}

// TestCancelOfWhatEnded: a cancel that comes too late finds out what became of the order, of which the stream said
// nothing.
func TestCancelOfWhatEnded(t *testing.T) {
	w := newWorld(t, nil)
	e, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionAccept)
	w.server.Inject(upbittest.Fault{Kind: upbittest.DropEvent, On: "trade"}, upbittest.Fault{Kind: upbittest.DropEvent, On: "cancel"})
	w.execute(id, "140000000", "0.003")
	if err := w.server.Finish(w.uuid(id)); err != nil {
		t.Fatal(err)
	}
	w.gateway.Cancel(e)
	w.heard.awaits(t, id, message.ActionRejectCancel)
	w.heard.awaits(t, id, message.ActionCancel)
	if got := actions(w.heard.of(id)); !slices.Equal(got[len(got)-3:], []string{"reject_cancel", "fill", "cancel"}) {
		t.Errorf("%q", got)
	}
	w.agrees()
}

// TestUnknownOrderWhenAsked: the venue says that it does not know an order that is among its open ones.
// That is a contradiction and no absence.
func TestUnknownOrderWhenAsked(t *testing.T) {
	w := newWorld(t, nil)
	e, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionAccept)
	w.execute(id, "140000000", "0.001")
	w.heard.awaits(t, id, message.ActionFill)
	w.server.Inject(upbittest.Fault{Kind: upbittest.UnknownOrder, On: "GET /v1/order"})
	if err := w.recovers(e); err == nil {
		t.Error("no error")
	}
	if has(w.heard.of(id), message.ActionAbsent) {
		t.Error("absent")
	}
	if err := w.recovers(e); err != nil {
		t.Error(err)
	}
	// The same for one that has ended: it is found among the closed orders.
	w.execute(id, "140000000", "0.009")
	w.heard.until(t, "the rest", func() bool {
		q, _ := w.heard.unlockedExecuted(id)
		return q == market.MustDecimal("0.01")
	})
	w.server.Inject(upbittest.Fault{Kind: upbittest.UnknownOrder, On: "GET /v1/order"})
	if err := w.recovers(e); err == nil {
		t.Error("no error")
	}
	if has(w.heard.of(id), message.ActionAbsent) {
		t.Error("absent")
	}
	w.agrees()
}

// TestRecoverFaults: an answer to Recover that is not whole is an error, never silence, and never a wrong word.
func TestRecoverFaults(t *testing.T) {
	for _, kind := range []upbittest.FaultKind{upbittest.Timeout, upbittest.ServerError, upbittest.Throttle, upbittest.Ban, upbittest.AcceptGarbage, upbittest.AcceptTear} {
		for _, route := range []string{"GET /v1/orders/open", "GET /v1/order", "GET /v1/accounts", "GET /v1/orders/closed"} {
			t.Run(string(kind)+" "+route, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, func(_ *upbittest.Config, c *Config) { c.Timeout = withinOf(kind) })
				e, id := w.place(nil)
				w.heard.awaits(t, id, message.ActionAccept)
				w.execute(id, "140000000", "0.001")
				never := w.order(nil) // the venue never heard of it
				w.server.Inject(upbittest.Fault{Kind: kind, On: route})
				if err := w.recovers(e, never); err == nil {
					t.Error("no error")
				}
				if w.server.Fired()[kind] != 1 {
					t.Error("the fault did not happen")
				}
				if err := w.recovers(e, never); err != nil {
					t.Error(err)
				}
				if !has(w.heard.of(never.Fields().ClientOrderID), message.ActionAbsent) || has(w.heard.of(id), message.ActionAbsent) {
					t.Errorf("%s%s", lines(w.heard.of(id)), lines(w.heard.of(never.Fields().ClientOrderID)))
				}
				w.agrees()
			})
		}
	}
}

// TestPenalties: what the venue says of our rate reaches the budget that it is about, and no other.
func TestPenalties(t *testing.T) {
	orders, others := penalties{told: make(chan gateway.Throttle, 8)}, penalties{told: make(chan gateway.Throttle, 8)}
	w := newWorld(t, func(_ *upbittest.Config, c *Config) { c.PlaceBudget, c.Budget = orders, others })
	w.server.Inject(upbittest.Fault{Kind: upbittest.Throttle, On: "POST /v1/orders"}, upbittest.Fault{Kind: upbittest.Ban, On: "GET /v1/accounts"})
	_, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionReject)
	if len(orders.told) != 1 || len(others.told) != 0 || (<-orders.told).Until == 0 {
		t.Errorf("%d of orders, %d of the others", len(orders.told), len(others.told))
	}
	if err := w.recovers(); err == nil {
		t.Error("no error")
	}
	if len(orders.told) != 0 || len(others.told) != 1 || (<-others.told).Until == 0 {
		t.Errorf("%d of orders, %d of the others", len(orders.told), len(others.told))
	}
}

// withinOf is how long requests may take in a test: as ever, but where an answer never comes.
func withinOf(kind upbittest.FaultKind) time.Duration {
	if kind == upbittest.Timeout || kind == upbittest.AcceptTimeout {
		return 500 * time.Millisecond
	}
	return 0
}
