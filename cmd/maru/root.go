package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// newRootCommand returns the command line: maru and its verbs.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "maru",
		Short: "Trade in real time: feeds, state, classifiers, strategies and orders as supervised actors",
		Long: `Maru follows trading venues, keeps the state of every instrument, classifies it, and turns
decisions into orders. One binary and one configuration file.

Exit codes: 0 done, 1 failed or faults found, 2 not understood.`,
		Example: `  maru run                                   run the embedded exchange with paper orders
  maru init                                  write a commented maru.toml here
  maru check -c maru.toml                    say what is wrong with it, and what it amounts to
  maru run -c examples/upbit.toml            follow a live venue with paper orders
  maru decode --venue upbit frames.gz        print recorded frames as messages, one JSON object a line`,
		Version:       version(),
		Args:          cobra.ArbitraryArgs, // so that an unknown verb comes to RunE
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			err := fmt.Errorf("unknown command %q", args[0])
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				err = fmt.Errorf("%w: did you mean %s?", err, strings.Join(near, " or "))
			}
			return misuse(cmd, err)
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(misuse)
	root.AddCommand(newRunCommand(), newInitCommand(), newCheckCommand(), newDecodeCommand())
	root.AddCommand(newRecordCommand(), newReplayCommand(), newDeadLettersCommand(), newVenuesCommand())
	root.AddCommand(newStatusCommand(), newOrdersCommand(), newPositionsCommand(), newHaltCommand(), newResumeCommand(), newAuditCommand())
	root.AddCommand(newVenueCommand())
	root.AddCommand(newSimCommand())
	root.AddCommand(newScreenCommand())
	return root
}

// misuseError is a command line that was not understood.
type misuseError struct {
	command string
	err     error
}

func (e *misuseError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *misuseError) Unwrap() error { return e.err }

// misuse marks err as a fault of the command line, for exit code 2.
func misuse(cmd *cobra.Command, err error) error {
	return &misuseError{cmd.CommandPath(), err}
}

// args makes a check of arguments give exit code 2.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return misuse(cmd, err)
		}
		return nil
	}
}

// errReported ends a command whose faults are on the terminal already.
var errReported = errors.New("faults were reported")

// report tells the user of an error and returns the exit code.
func report(stderr io.Writer, err error) int {
	var wrong *misuseError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errReported), errors.Is(err, syscall.EPIPE): // the reader of our output left: nothing to tell
		return exitFailed
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "maru: %v\nSee '%s --help'.\n", err, wrong.command)
		return exitMisuse
	}
	fmt.Fprintf(stderr, "maru: %v\n", err)
	return exitFailed
}

// version says what was built from what: module version, revision, Go, platform.
func version() string {
	text, revision, changed := "devel", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := info.Main.Version; v != "" && v != "(devel)" {
			text = v
		}
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision" && len(s.Value) >= 12:
				revision = " " + s.Value[:12]
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " (changed)"
			}
		}
	}
	return fmt.Sprintf("maru %s%s%s %s %s/%s", text, revision, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
