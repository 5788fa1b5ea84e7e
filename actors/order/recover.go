package order

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// ErrJournal is wrapped where the journal does not tell the life of orders as the table knows it.
var ErrJournal = errors.New("the journal cannot be followed")

// Recover rebuilds everything from the journal: orders, positions, counts and a halt. It is the
// first input of a new Core, before Start, and has no effects. What is on disk may not have been
// told before the crash: the shell tells every event that it passes through here once more, and
// receivers know one they had by its Seq. It fails with ErrJournal, naming
// the first event that does not follow from those before it, and where the journal was written
// under a later epoch: someone else runs this account then. The Core is not to be used after a
// failure.
func (c *Core) Recover(events iter.Seq[message.OrderEvent]) error {
	if c.seq != 0 {
		return fmt.Errorf("order: recover %s: a core that has taken inputs: make a new one", c.cfg.Account)
	}
	for e := range events {
		f := e.Fields()
		if err := c.replay(e, f); err != nil {
			return fmt.Errorf("order: recover %s: event %d (%v %s): %w: %w", c.cfg.Account, f.Seq, f.Action, f.ClientOrderID, ErrJournal, err)
		}
		c.seq = f.Seq
		c.now = max(c.now, f.DecidedAt, f.Time)
	}
	c.durable = c.seq
	return nil
}

// replay makes one event part of the state.
func (c *Core) replay(e message.OrderEvent, f message.OrderEventFields) error {
	switch {
	case f.Seq != c.seq+1:
		return fmt.Errorf("it follows event %d", c.seq)
	case f.Account != c.cfg.Account:
		return fmt.Errorf("it is of account %q", f.Account)
	case f.Action == message.ActionJournal:
		c.replayNote(f)
		return nil
	case f.Action == message.ActionCreate:
		return c.replayCreate(e, f)
	case f.Action == message.ActionDeny && f.ClientOrderID == "":
		if _, known := c.orders.byIntent[e.Intent()]; known {
			return fmt.Errorf("intent %v stands in the journal already", e.Intent())
		}
		o := newOrder(f)
		o.take(e)
		c.enroll(o)
		return nil
	}
	o := c.orders.byClient[f.ClientOrderID]
	if o == nil {
		return c.replayForgotten(e, f)
	}
	return c.replayStep(o, e, f)
}

func (c *Core) replayNote(f message.OrderEventFields) {
	switch {
	case strings.HasPrefix(f.Reason, noteAnomaly):
		c.halted = f.Reason
	case strings.HasPrefix(f.Reason, noteHalt):
		c.halted = strings.TrimPrefix(f.Reason, noteHalt)
	case strings.HasPrefix(f.Reason, noteResume):
		c.halted = ""
	}
}

func (c *Core) replayCreate(e message.OrderEvent, f message.OrderEventFields) error {
	account, epoch, n, ok := ParseClientOrderID(f.ClientOrderID)
	switch {
	case !ok || account != c.cfg.Account:
		return fmt.Errorf("its id is none of %s", c.cfg.Account)
	case epoch > c.cfg.Epoch:
		return fmt.Errorf("it was written under epoch %d, and this gateway runs under %d: another one runs this account", epoch, c.cfg.Epoch)
	case n <= c.orderSeq:
		return fmt.Errorf("order number %d is not above %d", n, c.orderSeq)
	case f.Status != created:
		return fmt.Errorf("a created order is %v", f.Status)
	}
	if _, known := c.orders.byIntent[e.Intent()]; known {
		return fmt.Errorf("intent %v stands in the journal already", e.Intent())
	}
	c.orderSeq = n
	o := newOrder(f)
	o.take(e)
	c.enroll(o)
	return nil
}

// replayForgotten handles an event of an order that is no longer remembered, because more are
// final since than HistoryMax: late fills of such orders count, if an earlier run with a longer
// memory counted them.
func (c *Core) replayForgotten(e message.OrderEvent, f message.OrderEventFields) error {
	account, _, n, ok := ParseClientOrderID(f.ClientOrderID)
	if !ok || account != c.cfg.Account || n > c.orderSeq || !f.Status.Final() {
		return errors.New("its order was never created")
	}
	if strings.HasPrefix(f.Reason, noteAnomaly) {
		c.halted = f.Reason
	}
	return c.portfolio.Apply(e)
}

// replayStep handles an event of a known order: the table and the sums must agree with it.
func (c *Core) replayStep(o *order, e message.OrderEvent, f message.OrderEventFields) error {
	if why := changedTerms(o.f, f); why != "" {
		return fmt.Errorf("the order's %s changed", why)
	}
	if f.Action == message.ActionFill {
		return c.replayFill(o, e, f)
	}
	status, ok := Next(o.f.Status, f.Action)
	if f.Action == message.ActionSend && o.f.Status == created {
		status, ok = sent, true // that it is on disk needs no record
	}
	if status = Settle(status, o.f.CumQuantity.Sign() > 0); !ok || status != f.Status {
		return fmt.Errorf("from %v that leads to %v, not to %v", o.f.Status, status, f.Status)
	}
	c.replayed(o, e)
	return nil
}

func (c *Core) replayFill(o *order, e message.OrderEvent, f message.OrderEventFields) error {
	if o.execs[f.ExecID] {
		return fmt.Errorf("execution %q is counted twice", f.ExecID)
	}
	next, err := o.sum(f.LastPrice, f.LastQuantity)
	if err != nil {
		return err
	}
	if next.cum != f.CumQuantity.Decimal {
		return fmt.Errorf("executions add up to %v, not to %v", next.cum, f.CumQuantity)
	}
	if strings.HasPrefix(f.Reason, noteAnomaly) {
		c.halted = f.Reason
	} else if status, ok := NextFill(o.f.Status, next.cum == o.f.Quantity.Decimal); !ok || status != f.Status {
		return fmt.Errorf("from %v that leads to %v, not to %v", o.f.Status, status, f.Status)
	}
	if err := c.portfolio.Apply(e); err != nil {
		return err
	}
	o.count(f.ExecID, next)
	c.replayed(o, e)
	return nil
}

// replayed makes e the order's last event and keeps the register.
func (c *Core) replayed(o *order, e message.OrderEvent) {
	wasOpen := !o.f.Status.Final()
	o.take(e)
	c.orders.named(o)
	if wasOpen && o.f.Status.Final() {
		c.closed(o)
	}
}

// changedTerms names the first of the order's own terms in which two events differ.
func changedTerms(a, b message.OrderEventFields) string {
	switch {
	case a.Strategy != b.Strategy || a.IntentSeq != b.IntentSeq:
		return "intent"
	case a.Instrument != b.Instrument:
		return "instrument"
	case a.Side != b.Side:
		return "side"
	case a.Type != b.Type || a.TimeInForce != b.TimeInForce:
		return "type"
	case a.Price != b.Price:
		return "price"
	case a.Quantity != b.Quantity:
		return "quantity"
	}
	return ""
}

// Start sets a Core going, recovered or new. Orders that had not been answered become unknown:
// those that were journaled only, too, because whether they left is not on disk. Then the venue
// is asked what became of all open orders, and no new ones are taken until Recovered. Cancels
// that were not answered are asked for again.
func (c *Core) Start(now market.Timestamp) Effects {
	c.begin(now)
	open := c.orders.open()
	for _, o := range open {
		switch o.f.Status {
		case created:
			c.record(o, step{action: message.ActionLose, status: unknown, time: c.now, reason: "restart: journaled, and not known to be sent"})
		case sent:
			c.record(o, step{action: message.ActionLose, status: unknown, time: c.now, reason: "restart: sent, and not answered"})
		}
	}
	c.reconcile("the venue has not told yet what became of open orders")
	for _, o := range open {
		if o.canceling {
			c.outbox.put(Act{Kind: ActCancel, After: c.seq, Event: o.last})
		}
	}
	return c.end()
}
