package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/adapters/store/sqlite"
	"github.com/maru-trading/maru/cmd/internal/history"
	"github.com/maru-trading/maru/config"
	"github.com/maru-trading/maru/web"
	"github.com/maru-trading/maru/web/access"
)

// control answers the API for the node's accounts. What it reads comes from the queryable view,
// which follows the journal; what it changes it asks of the account's gateway.
type control struct {
	n     *Node
	view  *sqlite.View
	flush func() // returns when the view knows what it was told
}

func refuse(code int, format string, args ...any) error {
	return &web.Error{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// controlToken reads the control token of a node, and makes it at the first start.
func controlToken(cfg *config.Config) (path string, token access.Token, err error) {
	if path, err = filepath.Abs(cfg.ControlTokenFile(access.TokenFile)); err != nil {
		return "", token, err
	}
	token, err = access.LoadToken(path)
	return path, token, err
}

// publish says in the data directory where the node answers, until it ends.
func (n *Node) publish(tokenFile string) error {
	dir := n.cfg.Node.DataDir
	err := access.WriteEndpoint(dir, access.Endpoint{URL: n.server.URL(), TokenFile: tokenFile, PID: os.Getpid(),
		Node: n.cfg.Node.Name, Started: n.started.UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	n.opened("address", func() error { return access.RemoveEndpoint(dir) })
	return nil
}

func (c control) account(name string) (config.Account, error) {
	var names []string
	for _, a := range c.n.cfg.Accounts {
		if string(a.Name) == name {
			return a, nil
		}
		names = append(names, string(a.Name))
	}
	return config.Account{}, refuse(http.StatusNotFound, "account %.80q is not known: there are %s", name, strings.Join(names, ", "))
}

// Accounts is part of web.Control.
func (c control) Accounts(ctx context.Context) ([]web.Account, error) {
	var all []web.Account
	for _, a := range c.n.cfg.Accounts {
		s, err := c.standing(ctx, a)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b web.Account) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// standing is how an account stands, by its gateway's word. Where that does not run it says why,
// and nothing else is known.
func (c control) standing(ctx context.Context, a config.Account) (web.Account, error) {
	s := web.Account{Name: string(a.Name), Venue: string(a.Venue), Mode: a.Mode, Open: map[string]int{}, Unknown: []string{}, Balances: []web.Balance{}}
	g, waiting := c.gateway(a.Name)
	if waiting != nil {
		s.Waiting = waiting.Error()
	}
	if g.pid == nil {
		return s, nil
	}
	standing, err := ask[order.Standing](ctx, g, order.StandingRequest{})
	if err != nil {
		return s, err
	}
	s.Halted, s.Reconciling = standing.Halted, standing.Reconciling
	for _, e := range standing.Open {
		f := e.Fields()
		s.Open[f.Status.String()]++
		if f.Status == message.OrderUnknown {
			s.Unknown = append(s.Unknown, string(f.ClientOrderID))
		}
	}
	report, err := g.tree.Report(ctx)
	if err != nil {
		return s, err
	}
	s.Balances = balances(a.Name, report.Balances, standing.Books)
	return s, nil
}

// balances puts the venue's word on an account's balances beside our books.
func balances(account message.AccountName, told, books []message.Balance) []web.Balance {
	byCurrency := map[string]web.Balance{}
	for _, b := range told {
		f := b.Fields()
		if f.Account != account {
			continue
		}
		w := web.Balance{Currency: f.Currency, Free: f.Free.String(), Locked: f.Locked.String()}
		if f.Time != 0 {
			at := f.Time.Time()
			w.Time = &at
		}
		byCurrency[f.Currency] = w
	}
	for _, b := range books {
		f := b.Fields()
		w := byCurrency[f.Currency]
		w.Currency, w.Ours = f.Currency, f.Free.String()
		byCurrency[f.Currency] = w
	}
	all := slices.Collect(maps.Values(byCurrency))
	slices.SortFunc(all, func(a, b web.Balance) int { return strings.Compare(a.Currency, b.Currency) })
	if all == nil {
		all = []web.Balance{}
	}
	return all
}

// running is an account's gateway, running.
type running struct {
	tree *actors.Tree
	pid  *actor.PID
}

// gateway returns an account's gateway, or why it does not run.
func (c control) gateway(account message.AccountName) (running, error) {
	tree := c.n.tree.Load()
	if tree == nil {
		return running{}, refuse(http.StatusServiceUnavailable, "the node is starting: try again")
	}
	pid := tree.Gateway(account)
	if pid == nil {
		return running{}, refuse(http.StatusServiceUnavailable, "account %s waits for its venue: /readyz says what is missing", account)
	}
	return running{tree, pid}, nil
}

// ask asks a gateway something and waits for its answer.
func ask[T any](ctx context.Context, g running, m any) (T, error) {
	var none T
	answer, err := g.tree.Ask(ctx, g.pid, m)
	switch {
	case errors.Is(err, actor.ErrDeadLetter):
		return none, refuse(http.StatusServiceUnavailable, "the account's gateway does not run: it is ending, or failed too often; /readyz and the log say more")
	case errors.Is(err, actor.ErrTimeout):
		return none, fmt.Errorf("the account's gateway is busy, or fails: %w: %w", err, context.DeadlineExceeded)
	case err != nil:
		return none, err
	}
	v, ok := answer.(T)
	if !ok {
		return none, fmt.Errorf("the account's gateway answered %T with %T", m, answer)
	}
	return v, nil
}

// Orders is part of web.Control.
func (c control) Orders(_ context.Context, q web.OrderQuery) ([]web.OrderState, error) {
	status, err := history.ParseStatus(q.Status)
	if err != nil {
		return nil, err
	}
	f := sqlite.OrderFilter{Account: message.AccountName(q.Account), Status: status, Open: q.Open, Limit: q.Limit}
	if q.Account != "" {
		if _, err := c.account(q.Account); err != nil {
			return nil, err
		}
	}
	if q.Instrument != "" {
		if f.Instruments, err = c.instruments(q.Instrument); err != nil {
			return nil, err
		}
	}
	events, err := c.view.Orders(f)
	if err != nil {
		return nil, err
	}
	states := make([]web.OrderState, len(events))
	for i, e := range events {
		states[i] = history.State(e)
	}
	return states, nil
}

// instruments reads venue:NAME, or NAME at any venue of the node.
func (c control) instruments(text string) ([]market.Instrument, error) {
	if strings.Contains(text, ":") {
		i, err := market.ParseInstrument(text)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "instrument %.80q: %v", text, err)
		}
		return []market.Instrument{i}, nil
	}
	var all []market.Instrument
	for _, v := range c.n.cfg.Venues {
		i, err := market.NewInstrument(v.Name, text)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "instrument %.80q: %v", text, err)
		}
		all = append(all, i)
	}
	return all, nil
}

// life returns the events of an order, oldest first.
func (c control) life(id string) ([]message.OrderEvent, error) {
	for _, a := range c.n.cfg.Accounts { // by account, because that is how the view finds them at once
		if events, err := c.events(a.Name, message.ClientOrderID(id)); err != nil || len(events) > 0 {
			return events, err
		}
	}
	strategy, seq, isIntent := strings.Cut(id, "/")
	n, err := strconv.ParseUint(seq, 10, 64)
	if !isIntent || strategy == "" || err != nil || n == 0 {
		return nil, history.NotFound(id)
	}
	orders, err := c.view.Orders(sqlite.OrderFilter{Strategy: message.StrategyName(strategy), IntentSeq: n})
	switch {
	case err != nil:
		return nil, err
	case len(orders) == 0:
		return nil, history.NotFound(id)
	case len(orders) > 1:
		return nil, refuse(http.StatusConflict, "order %.80q is known in accounts %s and %s: name it by its client order id",
			id, orders[0].Fields().Account, orders[1].Fields().Account)
	}
	f := orders[0].Fields()
	if f.ClientOrderID == "" {
		return orders, nil // denied: there is nothing else
	}
	return c.events(f.Account, f.ClientOrderID)
}

func (c control) events(account message.AccountName, id message.ClientOrderID) ([]message.OrderEvent, error) {
	if id == "" {
		return nil, nil
	}
	events, err := c.view.OrderEvents(sqlite.OrderFilter{Account: account, ClientOrderID: id})
	slices.Reverse(events)
	return slices.DeleteFunc(events, func(e message.OrderEvent) bool { return e.Fields().OfAccount() }), err
}

// Why is part of web.Control.
func (c control) Why(_ context.Context, id string) (web.Why, error) {
	events, err := c.life(id)
	if err != nil {
		return web.Why{}, err
	}
	first, last := events[0].Fields(), events[len(events)-1].Fields()
	meanwhile, err := c.view.OrderEvents(sqlite.OrderFilter{Account: first.Account, OfAccount: true, FromSeq: first.Seq, ToSeq: last.Seq + 1})
	if err != nil {
		return web.Why{}, err
	}
	all := append(events, meanwhile...)
	slices.SortFunc(all, func(a, b message.OrderEvent) int {
		if a.Fields().Seq < b.Fields().Seq {
			return -1
		}
		return 1
	})
	life := history.NewLife(id)
	for _, e := range all {
		life.Add(e)
	}
	if !life.Found() {
		return web.Why{}, history.NotFound(id)
	}
	return life.Why(), nil
}

// Positions is part of web.Control.
func (c control) Positions(ctx context.Context) ([]web.Position, error) {
	tree := c.n.tree.Load()
	if tree == nil {
		return nil, nil
	}
	report, err := tree.Report(ctx)
	if err != nil {
		return nil, err
	}
	return positions(report.Positions), nil
}

// changeable returns an account and its gateway, for a request that changes something.
func (c control) changeable(name string) (config.Account, running, error) {
	a, err := c.account(name)
	if err != nil {
		return a, running{}, err
	}
	if c.n.mode == "replay" {
		return a, running{}, refuse(http.StatusConflict, "this node plays a recording: what comes of it depends on the recording alone, and nothing can be changed")
	}
	g, err := c.gateway(a.Name)
	return a, g, err
}

// request has a gateway do what a person asks for, and returns once that is on disk.
func request(ctx context.Context, g running, m any) error {
	r, err := ask[order.Result](ctx, g, m)
	if err != nil {
		return err
	}
	if r.Err != nil {
		return refuse(http.StatusConflict, "%v", r.Err)
	}
	return nil
}

// Halt is part of web.Control.
func (c control) Halt(ctx context.Context, name string, r web.HaltRequest) (web.Account, error) {
	a, g, err := c.changeable(name)
	if err == nil {
		err = request(ctx, g, order.HaltRequest{Reason: r.Reason, Cancel: r.Cancel, Flatten: r.Flatten})
	}
	if err != nil {
		return web.Account{}, err
	}
	return c.standing(ctx, a)
}

// Resume is part of web.Control.
func (c control) Resume(ctx context.Context, name string, r web.ResumeRequest) (web.Account, error) {
	a, g, err := c.changeable(name)
	if err == nil {
		err = request(ctx, g, order.ResumeRequest{Reason: r.Reason})
	}
	if err != nil {
		return web.Account{}, err
	}
	return c.standing(ctx, a)
}

// Cancel is part of web.Control.
func (c control) Cancel(ctx context.Context, id string, r web.CancelRequest) (web.OrderState, error) {
	last, g, err := c.open(id)
	if err != nil {
		return web.OrderState{}, err
	}
	f := last.Fields()
	if f.Status.Final() {
		return web.OrderState{}, refuse(http.StatusConflict, "order %s is %v: there is nothing to cancel", id, f.Status)
	}
	cancel, err := message.NewCancelIntent(message.CancelIntentFields{ID: last.Intent(), Account: f.Account, Time: market.TimestampOf(time.Now()), Reason: r.Reason})
	if err != nil {
		return web.OrderState{}, refuse(http.StatusConflict, "order %s cannot be canceled: %v", id, err)
	}
	g.tree.Send(g.pid, cancel)
	return c.state(ctx, g, last) // asked behind the cancel, so answered after it
}

// Resolve is part of web.Control.
func (c control) Resolve(ctx context.Context, id string, r web.ResolveRequest) (web.OrderState, error) {
	q, err := resolution(r)
	if err != nil {
		return web.OrderState{}, err
	}
	last, g, err := c.open(id)
	if err != nil {
		return web.OrderState{}, err
	}
	q.ID = last.Fields().ClientOrderID
	if err := request(ctx, g, q); err != nil {
		return web.OrderState{}, err
	}
	return c.state(ctx, g, last)
}

// resolution reads what a person says became of an order.
func resolution(r web.ResolveRequest) (order.ResolveRequest, error) {
	as, err := history.ParseStatus(r.As)
	if err != nil {
		return order.ResolveRequest{}, err
	}
	q := order.ResolveRequest{As: as, ExecID: message.ExecID(r.ExecID), Reason: r.Reason}
	for _, d := range []struct {
		name, text string
		to         *market.Decimal
	}{{"price", r.Price, &q.Price.Decimal}, {"quantity", r.Quantity, &q.Quantity.Decimal}} {
		if d.text == "" {
			continue
		}
		if *d.to, err = market.ParseDecimal(d.text); err != nil || d.to.Sign() <= 0 {
			return q, refuse(http.StatusBadRequest, "%s %.40q: want a decimal number above zero", d.name, d.text)
		}
	}
	return q, nil
}

// open returns an order's last event and its account's gateway, for a request that changes it.
func (c control) open(id string) (message.OrderEvent, running, error) {
	events, err := c.life(id)
	if err != nil {
		return message.OrderEvent{}, running{}, err
	}
	last := events[len(events)-1]
	_, g, err := c.changeable(string(last.Fields().Account))
	return last, g, err
}

// state is how an order stands now: by its gateway's word while it is open, by the journal's once
// it is final.
func (c control) state(ctx context.Context, g running, e message.OrderEvent) (web.OrderState, error) {
	standing, err := ask[order.Standing](ctx, g, order.StandingRequest{})
	if err != nil {
		return web.OrderState{}, err
	}
	same := func(o message.OrderEvent) bool { return o.Fields().ClientOrderID == e.Fields().ClientOrderID }
	if i := slices.IndexFunc(standing.Open, same); i >= 0 {
		return history.State(standing.Open[i]), nil
	}
	c.flush() // it became final: the view may not have heard of that yet
	events, err := c.life(string(e.Fields().ClientOrderID))
	if err != nil {
		return web.OrderState{}, err
	}
	return history.State(events[len(events)-1]), nil
}
