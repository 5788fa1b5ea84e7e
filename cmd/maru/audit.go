package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/cmd/internal/history"
)

func newAuditCommand() *cobra.Command {
	var f controlFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "audit [ACCOUNT…] [--data DIR] [--json]",
		Short: "Verify the order journals: every record unchanged, every event following from those before it",
		Long: `Reads the journal of each account, changes nothing, and needs no running node. It verifies the hash
chain, and names the first record that is not as it was written with its file and offset. Then it has the
gateway's own machine recover from the events: each must follow from those before it by the table of an
order's life (docs/orders.md), and sums must add up. It prints the head of each chain: who notes it
elsewhere knows later that nothing before it was changed since.

Exit code 1 if a journal is broken. A write at the end that a crash tore is no break: it was never
acknowledged, and the next start cuts it off.`,
		Example: `  maru audit -c maru.toml
  maru audit main --data /var/lib/maru --json | jq .broken`,
		RunE: func(cmd *cobra.Command, names []string) error {
			return audit(cmd.OutOrStdout(), cmd.ErrOrStderr(), f, names, asJSON)
		},
	}
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "the node's configuration, which names its data directory; without it the default one")
	cmd.Flags().StringVar(&f.data, "data", "", "the node's data directory, instead of that of a configuration")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line: what was found of an account")
	return cmd
}

func audit(stdout, stderr io.Writer, f controlFlags, names []string, asJSON bool) error {
	dir, cfg, err := f.place(stderr)
	if err != nil {
		return err
	}
	accounts, err := history.Accounts(dir)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		if accounts, err = chosen(accounts, names, dir); err != nil {
			return err
		}
	}
	if e, err := running(dir); err == nil {
		fmt.Fprintf(stderr, "maru: node %s is running (pid %d): what it is writing just now may show as torn\n", e.Node, e.PID)
	}
	var size int64
	for _, a := range accounts {
		size += history.Size(dir, a)
	}
	advance, end := auditProgress(stderr, size)
	broken := 0
	for _, account := range accounts {
		a, err := history.Check(dir, account, cfg.Limits.OrderHistoryMax, advance)
		if err != nil {
			end()
			return err
		}
		if !a.OK {
			broken++
		}
		end()
		if err := printAudit(stdout, a, asJSON); err != nil {
			return err
		}
	}
	if broken > 0 {
		fmt.Fprintf(stderr, "maru: %d of %s broken\n", broken, count(len(accounts), "journal"))
		return errReported
	}
	return nil
}

func chosen(accounts []message.AccountName, names []string, dir string) ([]message.AccountName, error) {
	var all []message.AccountName
	for _, n := range names {
		if !slices.Contains(accounts, message.AccountName(n)) {
			var known []string
			for _, a := range accounts {
				known = append(known, string(a))
			}
			return nil, fmt.Errorf("account %q has no journal in %s: there are %s", n, dir, orDash(strings.Join(known, ", ")))
		}
		all = append(all, message.AccountName(n))
	}
	return all, nil
}

// auditProgress shows on a terminal how far a long audit has come.
func auditProgress(stderr io.Writer, size int64) (advance func(int), end func()) {
	if size < progressBytesMin || !isTerminal(stderr) {
		return func(int) {}, noProgress
	}
	bar := progressbar.NewOptions64(size, progressbar.OptionSetWriter(stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription("audit"), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	return func(n int) { _ = bar.Add(n) }, func() { _ = bar.Clear() } // it is only for the eye
}

func printAudit(w io.Writer, a history.Audit, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(a)
	}
	state := "good"
	if !a.OK {
		state = "BROKEN"
	}
	fmt.Fprintf(w, "account %s: %s: %s (%d to %d), %s, %d bytes in %s; head %s\n", a.Account, state, count(int(a.Records), "record"), a.First, a.Last,
		count(a.Orders, "order"), a.Bytes, count(a.Segments, "segment"), a.Head)
	if b := a.Broken; b != nil {
		fmt.Fprintf(w, "  first broken record: %d, in %s at offset %d: %s\n", b.Record, b.File, b.Offset, b.Reason)
		fmt.Fprintln(w, "  do not start the node on it: keep a copy, and restore the journal from a backup")
	}
	if a.Astray != "" {
		fmt.Fprintf(w, "  an event does not follow: %s\n", oneLine(a.Astray))
	}
	if a.Torn != "" {
		fmt.Fprintf(w, "  at its end: %s; it was never acknowledged\n", a.Torn)
	}
	if a.Halted != "" {
		fmt.Fprintf(w, "  the account is halted: %s\n", oneLine(a.Halted))
	}
	return nil
}
