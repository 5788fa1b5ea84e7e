package order

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// ErrJournal is wrapped where the journal does not tell the life of orders as the table knows it.
var ErrJournal = errors.New("the journal cannot be followed")

// Recover rebuilds everything from the journal: orders, positions, books, limits and a halt. It is
// the first input of a new Core, before Start, and has no effects. What is on disk may not have
// been told before the crash: the shell tells every event that it passes through here once more, and
// receivers know one they had by its Seq. It fails with ErrJournal, naming
// the first event that does not follow from those before it, and where the journal was written
// under a later epoch: someone else runs this account then. The Core is not to be used after a
// failure.
func (c *Core) Recover(events iter.Seq[message.OrderEvent]) error {
	if c.seq != 0 {
		return fmt.Errorf("order: recover %s: a core that has taken inputs: make a new one", c.cfg.Account)
	}
	var ended []*order
	for e := range events {
		f := e.Fields()
		if err := c.replay(e, f); err != nil {
			return fmt.Errorf("order: recover %s: event %d (%v %s): %w: %w", c.cfg.Account, f.Seq, f.Action, f.ClientOrderID, ErrJournal, err)
		}
		ended = c.endedBy(e, f, ended)
		c.judge(e)
		c.seq = f.Seq
		c.now = max(c.now, f.DecidedAt, f.Time)
	}
	c.durable = c.seq
	c.reconcile.ended = ended
	clear(c.touched)
	c.touched = c.touched[:0]
	return nil
}

// endedBy keeps the orders that ended with something open since our books last agreed with the venue's.
// The venue may have said that more of them was filled than it had reported, which no event tells: it
// is asked about them. Once it has said so no order is made before the answer, so those that end
// after it were open then, which bounds how many there are.
func (c *Core) endedBy(e message.OrderEvent, f message.OrderEventFields, ended []*order) []*order {
	if f.Action == message.ActionReconcile {
		return ended[:0]
	}
	if f.Action.OfAccount() || f.Status != canceled && f.Status != expired {
		return ended
	}
	o := c.orders.byIntent[e.Intent()]
	if o == nil || o.f.VenueOrderID == "" && o.f.ValidUntil.IsZero() || slices.Contains(ended, o) {
		return ended // not remembered, or never sent
	}
	if len(ended) >= c.cfg.OpenOrdersMax {
		ended = append(ended[:0], ended[1:]...)
	}
	return append(ended, o)
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
	case f.Action.OfAccount():
		c.replayAccount(f)
		return nil
	case f.Action == message.ActionCreate, f.Action == message.ActionHold && c.orders.byIntent[e.Intent()] == nil:
		return c.replayCreate(e, f)
	case f.Action == message.ActionAdopt:
		return c.replayAdopt(e, f)
	case f.Action == message.ActionDeny && f.ClientOrderID == "":
		if _, known := c.orders.byIntent[e.Intent()]; known {
			return fmt.Errorf("intent %v stands in the journal already", e.Intent())
		}
		if was := c.orders.byAmend[e.Intent()]; was != nil {
			was.amend = nil // the amendment was given up
		}
		c.replayFirst(e, f)
		return nil
	}
	o := c.orders.byIntent[e.Intent()]
	if o == nil {
		return c.replayForgotten(e, f)
	}
	if o.f.ClientOrderID != f.ClientOrderID {
		return fmt.Errorf("its order has the id %q", o.f.ClientOrderID)
	}
	return c.replayStep(o, e, f)
}

// replayNote reads a word on the account as journals of the first version have it: halts, resumes
// and anomalies were entries with these words before their reasons.
func (c *Core) replayNote(f message.OrderEventFields) {
	const halt, resume = "halt: ", "resume: "
	switch {
	case strings.HasPrefix(f.Reason, noteAnomaly):
		c.halted = f.Reason
	case strings.HasPrefix(f.Reason, halt):
		c.halted = strings.TrimPrefix(f.Reason, halt)
	case strings.HasPrefix(f.Reason, resume):
		c.resumed()
	}
}

func (c *Core) replayAccount(f message.OrderEventFields) {
	switch f.Action {
	case message.ActionHalt:
		c.halted = f.Reason
		c.flattening = c.flattening || f.ExecInst.Has(market.ReduceOnly)
	case message.ActionResume:
		c.resumed()
	case message.ActionAnomaly:
		c.halted = f.Reason
	case message.ActionBalance:
		c.balances.ours[f.Currency] = struct{}{}
	}
}

func (c *Core) replayCreate(e message.OrderEvent, f message.OrderEventFields) error {
	account, epoch, n, ok := ParseClientOrderID(f.ClientOrderID)
	want := created
	if f.Action == message.ActionHold {
		want = held
	}
	switch {
	case !ok || account != c.cfg.Account:
		return fmt.Errorf("its id is none of %s", c.cfg.Account)
	case epoch > c.cfg.Epoch:
		return fmt.Errorf("it was written under epoch %d, and this gateway runs under %d: another one runs this account", epoch, c.cfg.Epoch)
	case n <= c.orderSeq:
		return fmt.Errorf("order number %d is not above %d", n, c.orderSeq)
	case f.Status != want:
		return fmt.Errorf("a created order is %v", f.Status)
	}
	if _, known := c.orders.byIntent[e.Intent()]; known {
		return fmt.Errorf("intent %v stands in the journal already", e.Intent())
	}
	c.orderSeq = n
	if f.Strategy == message.StrategyManual {
		c.manualSeq = max(c.manualSeq, f.IntentSeq)
	}
	c.replayFirst(e, f)
	return nil
}

func (c *Core) replayAdopt(e message.OrderEvent, f message.OrderEventFields) error {
	switch {
	case f.Strategy != message.StrategyManual || f.IntentSeq <= c.manualSeq:
		return fmt.Errorf("adopted order %v follows number %d", e.Intent(), c.manualSeq)
	case f.Status != accepted:
		return fmt.Errorf("an adopted order is %v", f.Status)
	}
	c.manualSeq = f.IntentSeq
	c.replayFirst(e, f)
	return nil
}

// replayFirst makes an order's first event part of the state.
func (c *Core) replayFirst(e message.OrderEvent, f message.OrderEventFields) {
	o := newOrder(f)
	o.take(e)
	c.enroll(o)
}

// replayForgotten handles an event of an order that is no longer remembered, because more are
// final since than HistoryMax: late fills of such orders count, if an earlier run with a longer
// memory counted them.
func (c *Core) replayForgotten(e message.OrderEvent, f message.OrderEventFields) error {
	account, _, n, ours := ParseClientOrderID(f.ClientOrderID)
	ours = ours && account == c.cfg.Account && n <= c.orderSeq
	adopted := f.Strategy == message.StrategyManual && f.IntentSeq <= c.manualSeq
	if !ours && !adopted || !f.Status.Final() {
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
	status, ok := after(o, f)
	if status = Settle(status, o.f.CumQuantity.Sign() > 0); !ok || status != f.Status {
		return fmt.Errorf("from %v that leads to %v, not to %v", o.f.Status, status, f.Status)
	}
	c.replayed(o, e)
	return nil
}

// after returns where an event that is no fill leads.
func after(o *order, f message.OrderEventFields) (message.OrderStatus, bool) {
	switch f.Action {
	case message.ActionLose:
		status, ok := NextLose(o.f.Status, f.Request)
		if f.Request == 0 && f.Status == o.f.Status {
			status = f.Status // journals of the first version did not say which request it was
		}
		return status, ok
	case message.ActionResolve:
		return NextResolve(o.f.Status, f.Status)
	case message.ActionSend:
		if o.f.Status == created {
			return sent, true // that it is on disk needs no record
		}
	case message.ActionAmend:
		if f.Status == filled && !f.CumQuantity.Less(f.Quantity.Decimal) {
			_, ok := Next(o.f.Status, f.Action)
			return filled, ok // its quantity became what was filled already
		}
	}
	return Next(o.f.Status, f.Action)
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
	c.orders.note(o)
	if wasOpen && o.f.Status.Final() {
		c.closed(o)
	}
	c.wait(o)
}

// changedTerms names the first of the order's own terms in which two events differ. An amendment may
// change price, stop price and quantity.
func changedTerms(a, b message.OrderEventFields) string {
	amends := b.Action == message.ActionAmend
	switch {
	case a.Strategy != b.Strategy || a.IntentSeq != b.IntentSeq:
		return "intent"
	case a.Instrument != b.Instrument:
		return "instrument"
	case a.Side != b.Side:
		return "side"
	case a.Type != b.Type || a.TimeInForce != b.TimeInForce || a.ExecInst != b.ExecInst || a.ExpireAt != b.ExpireAt:
		return "type"
	case a.Contingency != b.Contingency || a.Replaces != b.Replaces:
		return "contingency"
	case !amends && (a.Price != b.Price || a.StopPrice != b.StopPrice):
		return "price"
	case !amends && a.Quantity != b.Quantity:
		return "quantity"
	}
	return ""
}
