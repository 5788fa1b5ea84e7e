package order

import (
	"errors"
	"log/slog"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// HaltRequest stops an account from taking intents. It is answered with a Result if it has a
// sender.
type HaltRequest struct {
	Reason  string
	Cancel  bool // cancel every open order
	Flatten bool // and then close every position
}

// ResumeRequest lets a halted account take intents again. It is answered with a Result if it has a
// sender.
type ResumeRequest struct{ Reason string }

// ResolveRequest says what became of an order that the venue cannot settle; see Resolution. It is
// answered with a Result if it has a sender.
type ResolveRequest struct {
	ID       message.ClientOrderID
	As       message.OrderStatus
	Quantity market.Quantity
	Price    market.Price
	ExecID   message.ExecID
	Reason   string
}

// Result answers a person's request once what it led to is on disk.
type Result struct {
	Err         error  // why it was not done; nil: it was
	Halted      string // why the account takes no intents; empty: it does
	Reconciling string // why it takes no new risk for now; empty: it does
}

// waiting is an answer that waits for the disk.
type waiting struct {
	after uint64
	to    *actor.PID
}

// person does what a person asked for.
func (g *Gateway) person(ctx actor.Context, request any) {
	account := slog.String("account", string(g.cfg.Account))
	var effects Effects
	var err error
	switch m := request.(type) {
	case HaltRequest:
		g.deps.Env.Log.Warn("account halted", account, slog.String("reason", m.Reason), slog.Bool("cancel", m.Cancel), slog.Bool("flatten", m.Flatten))
		if g.core.journalLost != "" {
			err = errors.New("the journal is lost: nothing can be canceled any more: " + g.core.journalLost)
		}
		effects = g.core.Halt(HaltOptions(m), g.now())
	case ResumeRequest:
		effects, err = g.core.Resume(m.Reason, g.now())
		g.deps.Env.Log.Warn("account resumes", account, slog.String("reason", m.Reason), slog.Any("error", err))
	case ResolveRequest:
		effects, err = g.core.Resolve(Resolution{ID: m.ID, As: m.As, Quantity: m.Quantity, Price: m.Price, ExecID: m.ExecID, Reason: m.Reason, Now: g.now()})
		g.deps.Env.Log.Warn("order resolved by hand", account, slog.String("order", string(m.ID)), slog.String("as", m.As.String()), slog.Any("error", err))
	}
	g.do(effects)
	to := ctx.Sender()
	if to == nil {
		return
	}
	newest, durable := g.core.Seq()
	switch {
	case err == nil && g.core.journalLost != "":
		err = errors.New(g.core.journalLost)
		fallthrough
	case err != nil, newest <= durable:
		g.root.Send(to, g.result(err))
	default:
		g.waiting = append(g.waiting, waiting{newest, to})
	}
}

func (g *Gateway) result(err error) Result {
	return Result{Err: err, Halted: g.core.Halted(), Reconciling: g.core.Reconciling()}
}

// satisfy answers the people whose requests are on disk.
func (g *Gateway) satisfy(durable uint64) {
	n := 0
	for n < len(g.waiting) && g.waiting[n].after <= durable {
		g.root.Send(g.waiting[n].to, g.result(nil))
		n++
	}
	g.waiting = g.waiting[n:]
}

// dismiss answers all of them that nothing came of it.
func (g *Gateway) dismiss(err error) {
	for _, w := range g.waiting {
		g.root.Send(w.to, g.result(err))
	}
	g.waiting = nil
}
