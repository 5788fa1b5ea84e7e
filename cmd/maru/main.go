// Command maru is the one binary: it runs a node, checks and explains configurations, and decodes
// what venues send. It joins packages that do not know each other, and holds nothing else.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	m := &Main{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	code := m.Run(ctx)
	stop()
	os.Exit(code)
}

// Main is the whole program with its edges in the open, so that a test can start it.
type Main struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// The exit codes.
const (
	exitDone   = 0 // it did what was asked
	exitFailed = 1 // it could not, or found faults
	exitMisuse = 2 // it did not understand what was asked
)

// Run runs the command that Args ask for until it is done or ctx ends, and returns the exit code.
func (m *Main) Run(ctx context.Context) int {
	root := newRootCommand()
	root.SetArgs(m.Args)
	root.SetIn(m.Stdin)
	root.SetOut(m.Stdout)
	root.SetErr(m.Stderr)
	return report(m.Stderr, root.ExecuteContext(ctx))
}
