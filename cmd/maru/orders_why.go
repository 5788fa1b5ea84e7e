package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/cmd/internal/history"
	"github.com/maru-trading/maru/web"
)

func newOrdersWhyCommand(f *controlFlags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "why ID",
		Short: "Tell an order's life: tick, state, class, rule, risk, wire, acknowledgment, fills, with times",
		Long: `Tells from the journal what led to an order and what became of it. ID is its client order id, or the
intent it came from: strategy/number. Each step has its time, the time since the first step and since the
one before. Times of what the venue said are by the venue's clock: a gap between a step of ours and one of
theirs holds the difference of the clocks. State, class, rule and intent have one time: that of the market
data that made the difference, as it was received.

It works without a running node, too.`,
		Example: `  maru orders why paper-1-2f
  maru orders why classchange/12 --json`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, ids []string) error {
			return why(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), *f, ids[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object: order, reason, outcome, steps")
	return cmd
}

func why(ctx context.Context, stdout, stderr io.Writer, f controlFlags, id string, asJSON bool) error {
	w, err := nodeWhy(ctx, stderr, f, id)
	if err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(w)
	}
	o := w.Order
	fmt.Fprintf(stdout, "order %s of %s: %s %s\n", orDash(o.ID), o.Account, o.Instrument, oneLine(terms(o)))
	fmt.Fprintf(stdout, "%s\n\n", oneLine(w.Outcome))
	t := newTable("time", "clock", "elapsed", "gap", "stage", "status", "what")
	for i, s := range w.Steps {
		gap := ""
		if i > 0 {
			gap = span(s.Gap)
		}
		t.AppendRow(table.Row{s.At.UTC().Format("15:04:05.000000"), s.Clock, span(s.Elapsed), gap, s.Stage, orDash(s.Status), wrapped(s.Detail)})
	}
	fmt.Fprintf(stdout, "%s\n", t.Render())
	if len(w.Steps) > 0 {
		fmt.Fprintf(stdout, "\ntimes are UTC, of %s\n", w.Steps[0].At.UTC().Format("2006-01-02"))
	}
	for _, m := range w.Missing {
		fmt.Fprintf(stdout, "not known: %s\n", m)
	}
	return nil
}

// span is a duration for people, three digits of it.
func span(ns int64) string {
	d := time.Duration(ns)
	sign := "+"
	if d < 0 {
		sign, d = "-", -d
	}
	unit := time.Nanosecond
	for d/unit >= 1000 {
		unit *= 10
	}
	return sign + d.Round(unit).String()
}

// whatMax is how wide the last column is before it is cut into lines.
const whatMax = 88

func wrapped(text string) string {
	var b strings.Builder
	width := 0
	for word := range strings.FieldsSeq(oneLine(text)) {
		switch n := len([]rune(word)); {
		case width == 0:
			width = n
		case width+1+n > whatMax:
			b.WriteByte('\n')
			width = n
		default:
			b.WriteByte(' ')
			width += 1 + n
		}
		b.WriteString(word)
	}
	return b.String()
}

// nodeWhy asks the running node, or reads the journals where none runs.
func nodeWhy(ctx context.Context, stderr io.Writer, f controlFlags, id string) (web.Why, error) {
	c, err := f.client(stderr)
	if err == nil {
		return c.Why(ctx, id)
	}
	dir, accounts, err := f.offline(stderr, err)
	if err != nil {
		return web.Why{}, err
	}
	var found []string
	var told web.Why
	for _, account := range accounts {
		life, err := offlineLife(dir, account, id)
		if err != nil {
			return web.Why{}, err
		}
		if life.Found() {
			told = life.Why()
			found = append(found, string(account))
		}
	}
	switch len(found) {
	case 0:
		return web.Why{}, history.NotFound(id)
	case 1:
		return told, nil
	}
	return web.Why{}, fmt.Errorf("order %s is known in accounts %s: name it by its client order id", id, strings.Join(found, " and "))
}

func offlineLife(dir string, account message.AccountName, id string) (*history.Life, error) {
	life := history.NewLife(id)
	for e, err := range history.Events(dir, account) {
		if err != nil {
			return nil, damaged(err)
		}
		life.Add(e)
	}
	return life, nil
}
