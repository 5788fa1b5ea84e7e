package history

import (
	"fmt"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/web"
)

// Bounds on what one answer holds.
const (
	lifeMax   = 10_000 // events of one order
	beforeMax = 100    // events of the account in between
)

// Life gathers the events of one order, and what happened to its account meanwhile.
type Life struct {
	id      string
	clients map[message.ClientOrderID]bool
	events  []message.OrderEvent
	pending []message.OrderEvent // of the account, since the order's last event
	dropped int
}

// NewLife returns the life of the order that has this client order id, or came from the intent
// strategy/number.
func NewLife(id string) *Life {
	return &Life{id: id, clients: map[message.ClientOrderID]bool{message.ClientOrderID(id): true}}
}

// Add takes in the next event of the account, of whatever order it is.
func (l *Life) Add(e message.OrderEvent) {
	f := e.Fields()
	if !ofOrder(f) {
		if len(l.events) > 0 && tells(f) && len(l.pending) < beforeMax {
			l.pending = append(l.pending, e)
		}
		return
	}
	if !l.clients[f.ClientOrderID] && e.Intent().String() != l.id {
		return
	}
	if f.ClientOrderID != "" {
		l.clients[f.ClientOrderID] = true
	}
	if len(l.events) >= lifeMax {
		l.dropped++
		l.events[len(l.events)-1] = e // the last one says how it stands
		return
	}
	l.events = append(append(l.events, l.pending...), e)
	l.pending = nil
}

// tells reports whether an event of the account may have changed what became of an order.
func tells(f message.OrderEventFields) bool {
	return f.Action != message.ActionEquity && f.Action != message.ActionBalance
}

// Found reports whether the order is known.
func (l *Life) Found() bool { return len(l.events) > 0 }

// last returns the order's last event.
func (l *Life) last() message.OrderEvent {
	for i := len(l.events) - 1; ; i-- {
		if ofOrder(l.events[i].Fields()) {
			return l.events[i]
		}
	}
}

// Why tells the life: tick, state, class, rule, risk, wire, acknowledgment, fills, with times.
// It is to be called where Found.
func (l *Life) Why() web.Why {
	last := l.last()
	w := web.Why{Order: State(last)}
	first := l.events[0]
	f := first.Fields()
	if f.Action == message.ActionCreate || f.Action == message.ActionDeny {
		w.Reason = f.Reason
		w.Steps = append(w.Steps, decision(first)...)
	}
	left := f.Action == message.ActionAdopt // whether a request of ours, or of another, has reached the venue
	for i, e := range l.events {
		s := step(e, i == 0)
		switch e.Fields().Action {
		case message.ActionSend, message.ActionLose, message.ActionAccept:
			left = true
		case message.ActionCancel, message.ActionExpire, message.ActionReject:
			if !left { // nobody but us had it
				s.Stage, s.Clock = web.StageHold, web.ClockNode
			}
		}
		w.Steps = append(w.Steps, s)
	}
	if l.dropped > 0 {
		w.Missing = append(w.Missing, fmt.Sprintf("%d more events of the order are in the journal", l.dropped))
	}
	if f.Action == message.ActionCreate && f.TickAt == 0 {
		w.Missing = append(w.Missing, "the venue gave no time for what led to the decision")
	}
	clock(w.Steps)
	w.Outcome = outcome(last)
	return w
}

// decision are the steps before the gateway. They have one time, that of the message that made the
// difference: what is worked out in between reads no clock.
func decision(e message.OrderEvent) []web.Step {
	f := e.Fields()
	var steps []web.Step
	if f.TickAt != 0 {
		steps = append(steps, web.Step{Stage: web.StageTick, At: at(f.TickAt), Clock: web.ClockVenue, Detail: "the venue's clock"})
	}
	if f.DecidedAt == 0 {
		return steps
	}
	steps = append(steps, web.Step{Stage: web.StageState, At: at(f.DecidedAt), Clock: web.ClockNode, Detail: f.Instrument.String() + " was received"})
	if f.Action == message.ActionCreate {
		if class, figures, ok := classOf(f.Reason); ok {
			steps = append(steps, web.Step{Stage: web.StageClass, At: at(f.DecidedAt), Clock: web.ClockNode, Detail: class})
			if figures != "" {
				steps = append(steps, web.Step{Stage: web.StageRule, At: at(f.DecidedAt), Clock: web.ClockNode, Detail: figures})
			}
		} else if f.Reason != "" {
			steps = append(steps, web.Step{Stage: web.StageClass, At: at(f.DecidedAt), Clock: web.ClockNode, Detail: f.Reason})
		}
	}
	detail := fmt.Sprintf("%v asks for %s", e.Intent(), terms(f.OrderTerms))
	if f.Parent != 0 {
		detail += fmt.Sprintf(", once %s/%d filled", f.Strategy, f.Parent)
	}
	if f.Group != 0 {
		detail += fmt.Sprintf(", in group %d", f.Group)
	}
	return append(steps, web.Step{Stage: web.StageIntent, At: at(f.DecidedAt), Clock: web.ClockNode, Detail: detail})
}

// terms are an order's terms without the prices that it has none of.
func terms(t message.OrderTerms) string {
	s := fmt.Sprintf("%v %v %v %v", t.Side, t.Type, t.TimeInForce, t.Quantity)
	if t.Type.HasPrice() {
		s += fmt.Sprintf(" @ %v", t.Price)
	}
	if t.Type.HasStopPrice() {
		s += fmt.Sprintf(" stop %v", t.StopPrice)
	}
	if t.ExecInst != 0 {
		s += fmt.Sprintf(" %v", t.ExecInst)
	}
	if t.ExpireAt != 0 {
		s += fmt.Sprintf(" until %v", t.ExpireAt)
	}
	return s
}

// classOf takes apart what strategies say: "engine: from → to (the figures that decided)".
func classOf(reason string) (class, figures string, ok bool) {
	if !strings.Contains(reason, " → ") {
		return "", "", false
	}
	class, rest, found := strings.Cut(reason, " (")
	if !found {
		return reason, "", true
	}
	if i := strings.LastIndexByte(rest, ')'); i >= 0 {
		rest = rest[:i] + rest[i+1:]
	}
	return class, rest, true
}

// step is one event of the order, or of its account.
func step(e message.OrderEvent, first bool) web.Step {
	f := e.Fields()
	s := web.Step{At: at(f.Time), Clock: web.ClockNode, Seq: f.Seq, Action: f.Action.String(), Status: f.Status.String(), Detail: f.Reason}
	if !ofOrder(f) {
		s.Stage, s.Status = web.StageAccount, ""
		if f.Action != message.ActionJournal {
			s.Detail = joined(f.Action.String(), f.Reason)
		}
		return s
	}
	switch f.Action {
	case message.ActionCreate:
		s.Stage, s.Detail = web.StageRisk, "passed; on disk as "+string(f.ClientOrderID)
		if f.Replaces != "" {
			s.Detail += ", in place of " + string(f.Replaces)
		}
	case message.ActionDeny:
		s.Stage = web.StageRisk
		if first {
			s.Detail = "denied: " + f.Reason
		}
	case message.ActionHold, message.ActionRelease:
		s.Stage = web.StageHold
	case message.ActionSend:
		s.Stage = web.StageWire
		if f.ValidUntil != 0 {
			s.Detail = joined(s.Detail, fmt.Sprintf("void at the venue after %v", f.ValidUntil))
		}
	case message.ActionRequestCancel:
		s.Stage, s.Detail = web.StageWire, joined("cancel", f.Reason)
	case message.ActionRequestAmend:
		s.Stage, s.Detail = web.StageWire, joined(fmt.Sprintf("amend to %v @ %v", f.NewQuantity, f.NewPrice), f.Reason)
	case message.ActionLose:
		s.Stage = web.StageLost
		if f.Request != 0 {
			s.Detail = joined("no answer to "+f.Request.String(), f.Reason)
		}
	case message.ActionAbsent:
		s.Stage, s.Detail = web.StageAck, joined(fmt.Sprintf("the venue has no such order (asked: %v)", f.Evidence), f.Reason)
	case message.ActionResolve:
		s.Stage, s.Detail = web.StagePerson, joined("resolved as "+f.Status.String(), f.Reason)
	case message.ActionFill:
		s.Stage, s.Clock = web.StageFill, web.ClockVenue
		took := "took"
		if f.LastLiquidityAdd {
			took = "rested"
		}
		s.Detail = joined(fmt.Sprintf("%v @ %v, %s, fee %v %s; %v of %v filled", f.LastQuantity, f.LastPrice, took, f.Fee, f.FeeCurrency, f.CumQuantity, f.Quantity), f.Reason)
	default: // the venue's word: accept, adopt, cancel, reject, expire, amend and refusals of requests
		s.Stage, s.Clock = web.StageAck, web.ClockVenue
		s.Detail = joined(strings.ReplaceAll(f.Action.String(), "_", " "), f.Reason)
		if f.VenueOrderID != "" && f.Action == message.ActionAccept {
			s.Detail = joined("accepted as "+string(f.VenueOrderID), f.Reason)
		}
	}
	return s
}

// clock fills in how long after the first step, and after the one before, each came.
func clock(steps []web.Step) {
	for i := range steps {
		s := &steps[i]
		s.Elapsed = s.At.Sub(steps[0].At).Nanoseconds()
		if i > 0 {
			s.Gap = s.At.Sub(steps[i-1].At).Nanoseconds()
		}
	}
}

func outcome(e message.OrderEvent) string {
	f := e.Fields()
	switch {
	case f.Status == message.OrderDenied:
		return "denied by us: " + f.Reason
	case f.Status == message.OrderUnknown:
		return "its outcome is unknown: only the venue can say, or a person who looked there (maru orders resolve " + key(e) + " --as …)"
	case f.Status.Final() && f.CumQuantity.Sign() > 0:
		return fmt.Sprintf("%v, with %v filled at %v on average", f.Status, f.CumQuantity, f.AveragePrice)
	case f.Status.Final():
		return joined(f.Status.String(), f.Reason)
	}
	return fmt.Sprintf("%v, %v of %v filled", f.Status, f.CumQuantity, f.Quantity)
}

func joined(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + ": " + b
}

func at(t market.Timestamp) time.Time { return t.Time() }
