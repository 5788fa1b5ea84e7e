package simulation

import (
	"log/slog"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/actors/order/risk"
)

// operator is the person who looks after the node: starts it anew where only that helps, resumes a
// halted account after a while, and now and then halts it.
type operator struct {
	run    *run
	halted string // as the journal said last
}

func newOperator(r *run) *operator { return &operator{run: r} }

// heard is told of the account's own events.
func (o *operator) heard(f message.OrderEventFields) {
	switch f.Action {
	case message.ActionHalt, message.ActionAnomaly:
		was := o.halted
		o.halted = f.Reason
		if was == "" {
			o.later()
		}
	case message.ActionResume:
		o.halted = ""
	}
}

// later resumes a halt after somebody had the time to look. What halts for its losses stays halted
// until the end, mostly: that no restart ends it is one of the laws.
func (o *operator) later() {
	r := o.run
	wait := 2*time.Second + time.Duration(r.random.Int64N(int64(10*time.Second)))
	if lost(o.halted) && r.random.IntN(3) > 0 {
		return
	}
	r.loop.After(wait, func() {
		if o.halted == "" || r.calm {
			return
		}
		o.send(order.ResumeRequest{Reason: "somebody has looked: " + o.halted})
		// It may not have been heard: a node was starting, or had died.
		r.loop.After(10*time.Second, func() {
			if o.halted != "" && !r.calm && !lost(o.halted) {
				o.later()
			}
		})
	})
}

func lost(reason string) bool {
	return strings.HasPrefix(reason, string(risk.DailyLoss)) || strings.HasPrefix(reason, string(risk.Drawdown))
}

// send tells the gateway what a person wants.
func (o *operator) send(m any) {
	if n := o.run.node; n != nil && n.tree != nil {
		if to := n.tree.Gateway(accountName); to != nil {
			n.tree.Send(to, m)
		}
	}
}

// act does what people do without a reason.
func (o *operator) act() {
	switch o.run.random.IntN(4) {
	case 0:
		o.send(order.HaltRequest{Reason: "person: lunch"})
	case 1:
		o.send(order.HaltRequest{Reason: "person: out of here", Cancel: true})
	case 2:
		o.send(order.HaltRequest{Reason: "person: enough", Flatten: true})
	default:
		o.send(order.ResumeRequest{Reason: "person: to be sure"})
	}
}

// troubled is told of a node that only a new start mends: that comes soon.
func (o *operator) troubled(n *node) {
	r := o.run
	r.log.Warn("the node needs a new start", slog.String("reason", n.trouble))
	r.loop.After(time.Second+time.Duration(r.random.Int64N(int64(8*time.Second))), func() { n.die(stepOperator, deathKill) })
}

// settle brings the account to rest. For a while it trades on, with nothing going wrong; then it is
// halted and all its orders are canceled.
func (o *operator) settle(turn int) {
	r := o.run
	switch {
	case r.node == nil:
	case turn < calmTurns:
		if o.halted != "" && !lost(o.halted) {
			o.send(order.ResumeRequest{Reason: "the end is near"})
		}
	case (turn-calmTurns)%6 == 0 && (o.halted != theEnd || r.rests() != ""):
		r.trader.stopped = true
		o.send(order.HaltRequest{Reason: theEnd, Cancel: true})
	}
}

const (
	calmTurns = 4
	theEnd    = "person: the end"
)
