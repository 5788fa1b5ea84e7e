package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/maru-trading/maru/web"
	"github.com/maru-trading/maru/web/client"
)

// life runs a node through everything that an account does: it finds an order placed by hand and
// adopts it, buys, cancels that order, and is halted and flattened. It returns errEnded if the node
// died on the way, and nil if it lived to the end.
func (r *trader) life(ctx context.Context, env ...string) error {
	if err := r.launch(ctx, env...); err != nil {
		return err
	}
	if _, err := r.standing("bought, with the order by hand open", func(a web.Account) bool {
		return certain(a) && a.Open["accepted"] == 1 && openOrders(a) == 1 && holds(a, "BTC", "2.00999")
	}); err != nil {
		return err
	}
	err := r.do(func(ctx context.Context, c *client.Client) error {
		open, err := c.Orders(ctx, web.OrderQuery{Open: true, Limit: 10})
		for _, o := range open { // of ours, which are filled, it may not have heard yet
			if !strings.HasPrefix(o.ID, "hand-") {
				continue
			}
			if _, e := c.Cancel(ctx, o.ID, web.CancelRequest{Reason: "not mine"}); e != nil {
				err = errors.Join(err, e)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if _, err := r.standing("canceled", func(a web.Account) bool { return certain(a) && openOrders(a) == 0 }); err != nil {
		return err
	}
	if err := r.do(func(ctx context.Context, c *client.Client) error {
		_, err := c.Halt(ctx, string(traderAccount), web.HaltRequest{Flatten: true, Reason: "enough"})
		return err
	}); err != nil {
		return err
	}
	if _, err := r.standing("flat", func(a web.Account) bool {
		return certain(a) && openOrders(a) == 0 && holds(a, "BTC", "2")
	}); err != nil {
		return err
	}
	if err := r.end(os.Interrupt); !errors.Is(err, errEnded) || killed(r.proc) {
		return err
	}
	return nil
}

// holds reports whether an account has that much of a currency by both books.
func holds(a web.Account, currency, amount string) bool {
	return slices.ContainsFunc(a.Balances, func(b web.Balance) bool { return b.Currency == currency && b.Ours == amount && b.Free == amount })
}

// killed reports whether a process that is gone was killed.
func killed(p *process) bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// exchanges are as many as the tests need, each for a few nodes: an exchange counts what an address
// asks of it, as Binance does, and more nodes at one would be banned.
type exchanges struct {
	mu   sync.Mutex
	last *exchange
	used int
	busy map[*exchange]int
}

const nodesEach = 6

// place returns an exchange and the number of an account there that nobody used.
func (e *exchanges) place(t *testing.T) (*exchange, int) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last == nil || e.used == nodesEach {
		e.last, e.used = startExchange(t, nodesEach), 0
		if e.busy == nil {
			e.busy = map[*exchange]int{}
		}
		e.busy[e.last] = nodesEach
	}
	e.used++
	return e.last, e.used - 1
}

// done ends an exchange once all of its accounts were used.
func (e *exchanges) done(x *exchange) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.busy[x]--; e.busy[x] == 0 {
		_ = x.cmd.Process.Kill()
	}
}

// death is a step at which a process ends: the n-th of that name.
type death struct {
	n    int
	step string
}

func (d death) String() string { return fmt.Sprintf("%d %s", d.n, d.step) }

// TestKilledAtEveryStep lets the real program live once, and notes its steps. Then it ends it at
// each of them in turn, starts it again, and holds what came of it against the ledger of maru
// venue, an exchange in a process of its own: no order is lost, and none is there twice.
func TestKilledAtEveryStep(t *testing.T) {
	home := t.TempDir()
	begun := time.Now()
	var all exchanges
	x, account := all.place(t)
	taken, died, err := liveAndDie(t.Context(), x, account, death{}, filepath.Join(home, "whole"))
	if err != nil || died {
		t.Fatalf("nobody killed it: %v", err)
	}
	var deaths []death
	seen := map[string]int{}
	for _, step := range taken {
		seen[step]++
		deaths = append(deaths, death{seen[step], step})
	}
	always := []string{"disk: before write", "disk: half a write", "disk: after write", "disk: after sync", "gateway: before place", "wire: before POST",
		"wire: half of POST", "wire: after POST", "wire: answer to POST", "wire: before DELETE", "wire: after DELETE", "gateway: before cancel", "gateway: before recover",
		"reply: before report of fill", "reply: after report of fill", "reply: before recovered"}
	for _, step := range always {
		if seen[step] == 0 {
			t.Errorf("a whole life has no step %q", step)
		}
	}
	var mu sync.Mutex
	next, ended := 0, map[string]int{}
	workers(t, 6, func() (int, bool) {
		next++
		return next - 1, next <= len(deaths)
	}, func(i int) error {
		d := deaths[i]
		x, account := all.place(t)
		defer all.done(x)
		_, died, err := liveAndDie(t.Context(), x, account, d, filepath.Join(home, fmt.Sprint(i)))
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			return fmt.Errorf("killed at step %v: %w", d, err)
		}
		if died {
			ended[d.step]++
		}
		return nil
	})
	total := 0
	for _, of := range ended {
		total += of
	}
	for _, step := range always { // others happen in some lives only, such as the refusal of a second cancel
		if ended[step] == 0 && !t.Failed() {
			t.Errorf("no process died at %q", step)
		}
	}
	t.Logf("%d of %d lives ended early, in %v: %v", total, len(deaths), time.Since(begun).Round(time.Second), ended)
}

// liveAndDie lets a node of its own account die at a step, and judges what the next one makes of it.
// It returns the steps that were taken, and whether the node died: one that lives to the end is judged,
// too.
func liveAndDie(ctx context.Context, x *exchange, account int, d death, home string) (taken []string, died bool, err error) {
	if err := os.Mkdir(home, 0o700); err != nil {
		return nil, false, err
	}
	r, err := newTrader(x, account, home)
	if err != nil {
		return nil, false, err
	}
	if err := x.byHand(account, fmt.Sprintf("hand-%d", account)); err != nil {
		return nil, false, err
	}
	log := filepath.Join(home, "steps")
	err = r.life(ctx, fmt.Sprintf("%s=%v", dieAt, d), stepLog+"="+log)
	taken, e := stepsTaken(log)
	switch {
	case e != nil:
		return nil, false, e
	case err == nil:
		return taken, false, errors.Join(r.compare(), r.audit())
	case !errors.Is(err, errEnded) || !killed(r.proc):
		return nil, false, fmt.Errorf("after %d steps: %w\n%s", len(taken), err, r.proc.stderr)
	}
	if err := r.launch(ctx, dieAt+"=0", stepLog+"="+log); err != nil {
		return nil, true, fmt.Errorf("it does not start again: %w\n%s", err, r.proc.stderr)
	}
	if err := r.settle(); err != nil {
		return nil, true, fmt.Errorf("%w\n%s", err, r.proc.stderr)
	}
	if err := r.end(os.Interrupt); !errors.Is(err, errEnded) || killed(r.proc) {
		return nil, true, fmt.Errorf("it does not end: %w", err)
	}
	return taken, true, r.audit()
}
