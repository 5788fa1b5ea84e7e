package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/web"
	"github.com/maru-trading/maru/web/client"
)

func newStatusCommand() *cobra.Command {
	var f controlFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status [--json]",
		Short: "Say how a running node and its accounts stand",
		Long: `Asks a running node whether it is ready, what its venues do, and how each account stands: halted, waiting
for its venue, open and unknown orders, balances. Exit code 1 if the node is not ready.`,
		Example: `  maru status
  maru status -c maru.toml --json | jq .accounts`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return status(cmd.Context(), cmd.OutOrStdout(), c, asJSON)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object: status, accounts")
	return cmd
}

func status(ctx context.Context, stdout io.Writer, c *client.Client, asJSON bool) error {
	s, err := c.Status(ctx)
	if err != nil {
		return err
	}
	accounts, err := c.Accounts(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(struct {
			Status   web.Status    `json:"status"`
			Accounts []web.Account `json:"accounts"`
		}{s, accounts})
	} else {
		err = printStatus(stdout, s, accounts)
	}
	if err == nil && !s.Ready {
		return errReported
	}
	return err
}

func printStatus(w io.Writer, s web.Status, accounts []web.Account) error {
	ready := "ready"
	if !s.Ready {
		ready = "not ready: " + strings.Join(s.Missing, "; ")
	}
	fmt.Fprintf(w, "node %s (%s) since %s: %s\n%.0f events/s, %s\n", s.Node, s.Mode, clockTime(s.Started), oneLine(ready), s.EventRate, count(s.Fills, "fill"))
	venues := newTable("venue", "connections", "frames", "dead letters", "reconnects", "gaps")
	for _, v := range s.Venues {
		venues.AppendRow(table.Row{v.Name, v.Connections, v.Frames, v.DeadLetters, v.Reconnects, v.Gaps})
	}
	fmt.Fprintf(w, "\n%s\n\n", venues.Render())
	for _, a := range accounts {
		if err := printAccount(w, a, false); err != nil {
			return err
		}
		if len(a.Balances) == 0 {
			continue
		}
		t := newTable("  currency", "free", "locked", "ours")
		for _, b := range a.Balances {
			t.AppendRow(table.Row{"  " + b.Currency, orDash(b.Free), orDash(b.Locked), orDash(b.Ours)})
		}
		fmt.Fprintln(w, t.Render())
	}
	return nil
}

func newPositionsCommand() *cobra.Command {
	var f controlFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "positions [--json]",
		Short:   "List what accounts hold",
		Long:    `Lists the positions of a running node by account, strategy and instrument. Money is in the instrument's quote currency.`,
		Example: `  maru positions -c maru.toml`,
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return listPositions(cmd.Context(), cmd.OutOrStdout(), c, asJSON)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

func listPositions(ctx context.Context, stdout io.Writer, c *client.Client, asJSON bool) error {
	all, err := c.Positions(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(stdout)
		e.SetEscapeHTML(false)
		for _, p := range all {
			if err := e.Encode(p); err != nil {
				return err
			}
		}
		return nil
	}
	t := newTable("account", "strategy", "instrument", "quantity", "average", "mark", "realized", "unrealized", "fees")
	for _, p := range all {
		t.AppendRow(table.Row{p.Account, p.Strategy, p.Instrument, p.Quantity, p.AveragePrice, p.Mark, p.Realized, p.Unrealized, p.Fees})
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(stdout, "no positions")
		return err
	}
	_, err = fmt.Fprintln(stdout, t.Render())
	return err
}
