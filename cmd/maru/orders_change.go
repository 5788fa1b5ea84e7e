package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/web"
)

func newOrdersCancelCommand(f *controlFlags) *cobra.Command {
	var r web.CancelRequest
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "cancel ID [--reason TEXT]",
		Short: "Ask the venue to cancel an order",
		Long: `Has a running node cancel an order. ID is its client order id, or the intent it came from:
strategy/number. What is printed is how the order stands right after the request; maru orders why ID
tells the venue's answer.`,
		Example: `  maru orders cancel paper-1-2f`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, ids []string) error {
			c, err := f.client(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			o, err := c.Cancel(cmd.Context(), ids[0], r)
			if err != nil {
				return err
			}
			return printOrder(cmd.OutOrStdout(), o, asJSON)
		},
	}
	cmd.Flags().StringVar(&r.Reason, "reason", reasonByHand, "why; it is kept in the journal")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object: the order as it stands")
	return cmd
}

func newOrdersResolveCommand(f *controlFlags) *cobra.Command {
	var r web.ResolveRequest
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "resolve ID --as " + strings.Join(web.ResolveWords(), "|"),
		Short: "Say what became of an order whose outcome is unknown, after looking at the venue",
		Long: `Ends the uncertainty about an order that neither the node nor the venue's answers can end: look at the
venue's own pages first, then say what became of it. What you say is kept in the journal, moves the
position where you say that it filled, and is not taken back: if the venue later reports otherwise, the
account halts.

Only an order with the status unknown can be resolved, or one of which the venue claims fills that it
does not show. --price and --quantity tell of what filled and was not reported: --as filled needs all that
was open, and --as canceled or expired takes a part. An order that the venue never took is rejected.`,
		Example: `  maru orders --status unknown
  maru orders resolve main-1-2f --as rejected --reason "not in the venue's list, asked support"
  maru orders resolve main-1-2f --as filled --price 78950000 --quantity 0.001`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, ids []string) error {
			if err := checkResolve(r); err != nil {
				return misuse(cmd, err)
			}
			c, err := f.client(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			o, err := c.Resolve(cmd.Context(), ids[0], r)
			if err != nil {
				return err
			}
			return printOrder(cmd.OutOrStdout(), o, asJSON)
		},
	}
	cmd.Flags().StringVar(&r.As, "as", "", "what became of it: "+strings.Join(web.ResolveWords(), ", "))
	cmd.Flags().StringVar(&r.Price, "price", "", "at which price it filled, on average")
	cmd.Flags().StringVar(&r.Quantity, "quantity", "", "how much of it filled that was not reported")
	cmd.Flags().StringVar(&r.ExecID, "exec-id", "", "the venue's id of that execution, if it shows one")
	cmd.Flags().StringVar(&r.Reason, "reason", reasonByHand, "how you know; it is kept in the journal")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object: the order as it stands")
	return cmd
}

func checkResolve(r web.ResolveRequest) error {
	switch {
	case r.As == "":
		return fmt.Errorf("--as is missing: want one of %s", strings.Join(web.ResolveWords(), ", "))
	case !slices.Contains(web.ResolveWords(), r.As):
		return fmt.Errorf("--as %q: want one of %s", r.As, strings.Join(web.ResolveWords(), ", "))
	case r.As == "filled" && (r.Price == "" || r.Quantity == ""):
		return errors.New("--as filled needs --price and --quantity: what it filled at, and how much")
	case (r.Price == "") != (r.Quantity == ""):
		return errors.New("--price and --quantity belong together: what it filled at, and how much")
	}
	for _, given := range []struct{ flag, value string }{{"--price", r.Price}, {"--quantity", r.Quantity}} {
		if d, err := market.ParseDecimal(given.value); given.value != "" && (err != nil || d.Sign() <= 0) {
			return fmt.Errorf("%s %q: want a decimal number above zero", given.flag, given.value)
		}
	}
	return nil
}

func printOrder(w io.Writer, o web.OrderState, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(o)
	}
	text := fmt.Sprintf("order %s of %s: %s %s is %s, %s filled", orDash(o.ID), o.Account, o.Instrument, terms(o), o.Status, o.Filled)
	if o.Reason != "" {
		text += " (" + o.Reason + ")"
	}
	_, err := fmt.Fprintln(w, oneLine(text))
	return err
}
