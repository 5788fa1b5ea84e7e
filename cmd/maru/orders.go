package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/cmd/internal/history"
	"github.com/maru-trading/maru/web"
	"github.com/maru-trading/maru/web/access"
)

func newOrdersCommand() *cobra.Command {
	var f controlFlags
	cmd := &cobra.Command{
		Use:   "orders [list] [--open] [--json]",
		Short: "List orders; say why one is as it is; cancel one; say what became of one",
		Long: `Lists orders, the newest last. A running node is asked; where none runs, its journals are read from
the data directory, which changes nothing.`,
		Example: `  maru orders --open
  maru orders --account main --instrument BTC-KRW --json | jq .status
  maru orders why main-1-2f`,
	}
	f.add(cmd)
	list := newOrdersListCommand(&f)
	cmd.Args, cmd.RunE = list.Args, list.RunE
	cmd.Flags().AddFlagSet(list.Flags())
	cmd.AddCommand(list, newOrdersWhyCommand(&f), newOrdersCancelCommand(&f), newOrdersResolveCommand(&f))
	return cmd
}

// listFlags is what maru orders list is asked for.
type listFlags struct {
	web.OrderQuery
	asJSON bool
}

func newOrdersListCommand(f *controlFlags) *cobra.Command {
	var l listFlags
	cmd := &cobra.Command{
		Use:   "list [--open] [--json]",
		Short: "List orders, the newest last",
		Args:  args(cobra.NoArgs),
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if l.Limit < 1 || l.Limit > web.OrdersMax {
			return misuse(cmd, fmt.Errorf("--limit %d: want 1 to %d", l.Limit, web.OrdersMax))
		}
		if !slices.Contains(statusNames(), l.Status) {
			return misuse(cmd, fmt.Errorf("--status %q: want one of %s", l.Status, strings.Join(statusNames()[1:], ", ")))
		}
		return listOrders(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), *f, l)
	}
	cmd.Flags().BoolVar(&l.Open, "open", false, "only those that are not final")
	cmd.Flags().StringVar(&l.Account, "account", "", "only of this account")
	cmd.Flags().StringVar(&l.Status, "status", "", "only with this status, such as unknown")
	cmd.Flags().StringVar(&l.Instrument, "instrument", "", "only of this instrument: BTC-KRW, or upbit:BTC-KRW")
	cmd.Flags().IntVar(&l.Limit, "limit", web.OrdersDefault, "the newest so many")
	cmd.Flags().BoolVar(&l.asJSON, "json", false, "print one JSON object a line")
	return cmd
}

// statusNames are the empty name, for any, and those of every status.
func statusNames() []string {
	names := []string{""}
	for _, s := range message.OrderStatuses() {
		names = append(names, s.String())
	}
	return names
}

func listOrders(ctx context.Context, stdout, stderr io.Writer, f controlFlags, l listFlags) error {
	orders, err := nodeOrders(ctx, stderr, f, l.OrderQuery)
	if err != nil {
		return err
	}
	slices.Reverse(orders)
	if l.asJSON {
		e := json.NewEncoder(stdout)
		e.SetEscapeHTML(false)
		for _, o := range orders {
			if err := e.Encode(o); err != nil {
				return err
			}
		}
		return nil
	}
	if len(orders) == 0 {
		_, err := fmt.Fprintln(stdout, "no orders")
		return err
	}
	t := newTable("time", "account", "id", "intent", "instrument", "order", "status", "filled", "reason")
	for _, o := range orders {
		t.AppendRow(table.Row{clockTime(o.Time), o.Account, orDash(o.ID), o.Intent, o.Instrument, terms(o), o.Status, o.Filled, shown(o.Reason)})
	}
	_, err = fmt.Fprintf(stdout, "%s\n\n%s\n", t.Render(), count(len(orders), "order"))
	return err
}

// terms says what an order asks for.
func terms(o web.OrderState) string {
	text := strings.Join([]string{o.Side, o.Type, o.TimeInForce, o.Quantity}, " ")
	if o.Price != "" {
		text += " @ " + o.Price
	}
	if o.StopPrice != "" {
		text += " stop " + o.StopPrice
	}
	if o.ExecInst != "" {
		text += " " + o.ExecInst
	}
	return text
}

// clockTime is a time for people, in UTC to the millisecond.
func clockTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }

// nodeOrders asks the running node, or reads the journals where none runs; newest first.
func nodeOrders(ctx context.Context, stderr io.Writer, f controlFlags, q web.OrderQuery) ([]web.OrderState, error) {
	c, err := f.client(stderr)
	if err == nil {
		return c.Orders(ctx, q)
	}
	dir, accounts, err := f.offline(stderr, err)
	if err != nil {
		return nil, err
	}
	match, err := history.Matcher(q)
	if err != nil {
		return nil, err
	}
	var all []message.OrderEvent
	for _, account := range accounts {
		if q.Account != "" && string(account) != q.Account {
			continue
		}
		latest := history.NewLatest(max(q.Limit, web.OrdersMax))
		for e, err := range history.Events(dir, account) {
			if err != nil {
				return nil, damaged(err)
			}
			latest.Add(e)
		}
		n := 0
		latest.Each(func(e message.OrderEvent) bool {
			if match(e) {
				all = append(all, e)
				n++
			}
			return n < q.Limit
		})
	}
	slices.SortStableFunc(all, func(a, b message.OrderEvent) int { return cmp.Compare(b.Fields().Time, a.Fields().Time) })
	states := make([]web.OrderState, 0, min(len(all), q.Limit))
	for _, e := range all[:min(len(all), q.Limit)] {
		states = append(states, history.State(e))
	}
	return states, nil
}

func damaged(err error) error {
	return fmt.Errorf("%w: maru audit says more", err)
}

// offline returns the data directory of a node that is not running, and its accounts. cause is why
// it could not be asked; it is returned where it is another.
func (f controlFlags) offline(stderr io.Writer, cause error) (string, []message.AccountName, error) {
	if !errors.Is(cause, access.ErrNotRunning) || f.url != "" {
		return "", nil, cause
	}
	dir, _, err := f.place(stderr)
	if err != nil {
		return "", nil, err
	}
	accounts, err := history.Accounts(dir)
	if err != nil {
		return "", nil, err
	}
	fmt.Fprintf(stderr, "maru: no node is running: read from %s\n", dir)
	return dir, accounts, nil
}
