package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/web"
	"github.com/maru-trading/maru/web/client"
)

func newHaltCommand() *cobra.Command {
	var f controlFlags
	var r web.HaltRequest
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "halt [ACCOUNT] [--cancel] [--flatten] [--reason TEXT]",
		Short: "Stop an account, or all of them, from taking orders",
		Long: `Halts an account of a running node: from then on every order is denied, and those that have not
left do not leave. Without ACCOUNT it halts all of them. Executions and cancels are still handled, and
strategies go on; what they ask for is denied. The halt is kept in the journal: a restart does not end it,
maru resume does.

--cancel has open orders canceled too, those placed by hand included. --flatten cancels them, and then
closes every position with market orders, which only reduce.`,
		Example: `  maru halt
  maru halt main --cancel --reason "the venue is in maintenance"
  maru halt main --flatten`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := f.client(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			all := func(web.Account) bool { return true }
			return eachAccount(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), c, names, asJSON, all,
				func(name string) (web.Account, error) { return c.Halt(cmd.Context(), name, r) })
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&r.Cancel, "cancel", false, "cancel its open orders")
	cmd.Flags().BoolVar(&r.Flatten, "flatten", false, "cancel its open orders, and close its positions")
	cmd.Flags().StringVar(&r.Reason, "reason", reasonByHand, "why; it is kept in the journal")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line: the account as it stands")
	return cmd
}

func newResumeCommand() *cobra.Command {
	var f controlFlags
	var r web.ResumeRequest
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "resume [ACCOUNT] [--reason TEXT]",
		Short: "Let a halted account, or all of them, take orders again",
		Long: `Ends the halt of an account of a running node. Without ACCOUNT it resumes all that are halted. Look
first at why it was halted: maru status says so, and the log more. An account whose journal failed
cannot be resumed: the node must be restarted, and reads what the disk really holds.`,
		Example: `  maru resume main --reason "the venue is back"`,
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := f.client(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			halted := func(a web.Account) bool { return a.Halted != "" }
			return eachAccount(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), c, names, asJSON, halted,
				func(name string) (web.Account, error) { return c.Resume(cmd.Context(), name, r) })
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&r.Reason, "reason", reasonByHand, "why; it is kept in the journal")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line: the account as it stands")
	return cmd
}

// eachAccount does something to the accounts that are named or, where none is, to all that are
// wanted. One that fails does not keep it from the others.
func eachAccount(ctx context.Context, stdout, stderr io.Writer, c *client.Client, names []string, asJSON bool, want func(web.Account) bool, do func(string) (web.Account, error)) error {
	if len(names) == 0 {
		all, err := c.Accounts(ctx)
		if err != nil {
			return err
		}
		for _, a := range all {
			if want(a) {
				names = append(names, a.Name)
			}
		}
		if len(names) == 0 && !asJSON {
			_, err := fmt.Fprintf(stdout, "%s, none of them halted\n", count(len(all), "account"))
			return err
		}
	}
	failed := false
	for _, name := range names {
		a, err := do(name)
		if errors.Is(err, client.ErrUnreachable) {
			return err
		}
		if err != nil {
			failed = true
			fmt.Fprintf(stderr, "maru: account %s: %v\n", oneLine(name), err)
			continue
		}
		if err := printAccount(stdout, a, asJSON); err != nil {
			return err
		}
	}
	if failed {
		return errReported
	}
	return nil
}

func printAccount(w io.Writer, a web.Account, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(a)
	}
	state := "takes orders"
	switch {
	case a.Halted != "":
		state = "is halted: " + a.Halted
	case a.Waiting != "":
		state = "waits: " + a.Waiting
	case a.Reconciling != "":
		state = "waits for its venue: " + a.Reconciling
	}
	open := counts(a.Open)
	if open == "" {
		open = "none"
	}
	text := fmt.Sprintf("account %s %s; open orders: %s", a.Name, state, open)
	if len(a.Unknown) > 0 {
		text += "; outcome unknown: " + strings.Join(a.Unknown, ", ")
	}
	_, err := fmt.Fprintln(w, oneLine(text))
	return err
}
