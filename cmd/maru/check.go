package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/config"
)

func newCheckCommand() *cobra.Command {
	var path string
	var asJSON, online bool
	cmd := &cobra.Command{
		Use:   "check [-c FILE] [--online]",
		Short: "Say everything that is wrong with a configuration, or what it amounts to",
		Long: `Reads a configuration and prints every fault at once: line, key, what was expected, what was
found, and a hint. Without faults it prints what runs where, what is connected to, how subscriptions
are split over connections by each venue's limits, and the limits. It connects to nothing and starts
nothing. Exit code 1 if there are faults.

With --online it asks the venues for what they list, for at most 15 seconds: patterns are resolved, and
names that are not traded are faults. Exit code 1 if a venue cannot be reached.`,
		Example: `  maru check -c maru.toml
  maru check -c maru.toml --online
  maru check -c maru.toml --json`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return check(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), path, asJSON, online)
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", configName, "the file to check")
	cmd.Flags().BoolVar(&online, "online", false, "ask the venues for what they list, and resolve patterns from that")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object: ok, faults, online, placement")
	return cmd
}

// checked is what check prints as JSON.
type checked struct {
	OK        bool              `json:"ok"`
	File      string            `json:"file"`
	Faults    config.Faults     `json:"faults"`
	Online    []onlineFault     `json:"online,omitempty"` // venues whose list could not be had or used
	Placement *config.Placement `json:"placement,omitempty"`
}

func check(ctx context.Context, stdout, stderr io.Writer, path string, asJSON, online bool) error {
	c, err := config.Load(path)
	result := checked{OK: err == nil, File: path, Faults: config.Faults{}}
	switch {
	case errors.As(err, &result.Faults):
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: maru init writes one", err)
	case err != nil:
		return err
	default:
		var listed map[market.Venue][]market.Listing
		if online {
			listed, result.Online = askVenues(ctx, c)
			result.OK = len(result.Online) == 0
		}
		p := config.ExplainListed(c, listed)
		result.Placement = &p
	}
	if asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(result); err != nil {
			return err
		}
		if !result.OK {
			return errReported
		}
		return nil
	}
	if result.Placement == nil {
		for _, f := range result.Faults {
			fmt.Fprintln(stderr, f)
		}
		fmt.Fprintf(stderr, "%s: %s\n", path, count(len(result.Faults), "fault"))
		return errReported
	}
	if _, err := io.WriteString(stdout, describe(path, *result.Placement, result.OK)); err != nil {
		return err
	}
	if !result.OK {
		for _, f := range result.Online {
			fmt.Fprintf(stderr, "%s: venue %s: %s\n", path, f.Venue, f.Reason)
		}
		return errReported
	}
	return nil
}

// describe writes a placement for people.
func describe(path string, p config.Placement, good bool) string {
	var b strings.Builder
	verdict := "is good."
	if !good {
		verdict = "is written well, but not all of it can be had now: see below."
	}
	fmt.Fprintf(&b, "%s %s\n\nnode %s, data in %s, answers on http://%s\n", path, verdict, p.Node, p.DataDir, p.HTTP)

	roles := newTable("role", "name", "actors", "where", "mailbox", "does")
	for _, r := range p.Roles {
		mailbox := "-"
		if r.Mailbox > 0 {
			mailbox = fmt.Sprint(r.Mailbox)
		}
		roles.AppendRow(table.Row{r.Role, orDash(r.Name), r.Count, r.Where, mailbox, r.Does})
	}
	fmt.Fprintf(&b, "\n%s\n", roles.Render())

	fmt.Fprintf(&b, "\n%s\n", followedTable(p.Venues).Render())
	fmt.Fprintf(&b, "\n%s\n", splitTable(p.Venues).Render())
	for _, v := range p.Venues {
		if !v.Known {
			fmt.Fprintf(&b, "%s: %s is resolved from the venue's list at start; maru check --online asks for it now\n", v.Name, strings.Join(v.Patterns, " "))
		}
	}
	fmt.Fprintf(&b, "\nwindows: %s\nfeatures: %s\n", orDash(strings.Join(p.Windows, " ")), orDash(strings.Join(p.Features, " ")))

	limits := newTable("limit", "value")
	for _, l := range p.Limits {
		limits.AppendRow(table.Row{l.Name, l.Value})
	}
	fmt.Fprintf(&b, "\n%s\n", limits.Render())
	for i, w := range p.Warnings {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}

func newTable(columns ...any) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	t.AppendHeader(columns)
	return t
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
