package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var updateDoc = flag.Bool("update", false, "rewrite docs/cli.md")

// TestCLIDoc holds docs/cli.md to the commands that there are.
func TestCLIDoc(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Commands\n\n`maru COMMAND --help` says the same. Exit codes: 0 done, 1 failed or faults found, 2 not understood.\n" +
		"This page is written from the code: `go test ./cmd/maru -run TestCLIDoc -update`.\n")
	for _, c := range newRootCommand().Commands() {
		if !c.Hidden && c.Name() != "help" && c.Name() != "completion" {
			describeCommand(&b, c)
		}
	}
	const page = "../../docs/cli.md"
	if *updateDoc {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(page); err != nil || string(got) != b.String() {
		t.Fatalf("docs/cli.md is not what the commands say (%v): run this test with -update", err)
	}
}

func describeCommand(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n%s.\n\n```\n%s\n```\n", c.CommandPath(), strings.TrimSuffix(c.Short, "."), c.UseLine())
	if c.Long != "" {
		fmt.Fprintf(b, "\n%s\n", c.Long)
	}
	if c.HasAvailableLocalFlags() {
		b.WriteString("\n| flag | meaning |\n|---|---|\n")
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Name == "help" {
				return
			}
			name, short := "--"+f.Name, ""
			if f.Shorthand != "" {
				short = "-" + f.Shorthand + ", "
			}
			preset := ""
			if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
				preset = fmt.Sprintf(" (default `%s`)", f.DefValue)
			}
			fmt.Fprintf(b, "| `%s%s` | %s%s |\n", short, name, strings.ReplaceAll(f.Usage, "|", "\\|"), preset)
		})
	}
	if c.Example != "" {
		fmt.Fprintf(b, "\n```\n%s\n```\n", c.Example)
	}
	for _, sub := range c.Commands() {
		if !sub.Hidden && sub.Name() != "help" {
			describeCommand(b, sub)
		}
	}
}
