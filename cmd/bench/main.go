// Command bench measures Maru on this machine and prints one table: each figure beside a reference
// that is measured in the same run, because absolute figures differ from machine to machine and
// from hour to hour. docs/performance.md holds the first results and explains the rows.
//
// It measures and never judges: a missed aim is a word in the table. The exit code is 1 where
// something could not be measured or came out wrong (a frame lost, a count that is not exact),
// and 2 where the command line was not understood.
//
// It joins the parts of the runtime as cmd/maru does, and is imported by nobody.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"runtime/pprof"
	"syscall"

	"golang.org/x/term"
)

func main() {
	if code, ok := child(); ok {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// child is main of the processes that this program starts of itself; ok is false in any other.
func child() (code int, ok bool) {
	if instruments, ok := os.LookupEnv(memoryChildEnv); ok {
		return memoryChild(instruments, os.Stdout, os.Stderr), true
	}
	if _, ok := os.LookupEnv(generatorChildEnv); ok {
		return generatorChild(os.Stdin, os.Stdout, os.Stderr), true
	}
	return 0, false
}

const (
	exitDone   = 0
	exitFailed = 1
	exitMisuse = 2
)

const usage = `Usage: bench [flags]

Measures Maru on this machine and prints one table. Progress goes to stderr.

Examples:
  make bench
  go run ./cmd/bench --run 'chain|replay'
  go run ./cmd/bench --run chain-memory --cpuprofile cpu.out && go tool pprof -top cpu.out
  go run ./cmd/bench --json > bench.json

Flags:
`

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	asJSON := flags.Bool("json", false, "print JSON instead of a table")
	pattern := flags.String("run", "", "only benchmarks whose name matches this regular `expression`")
	quick := flags.Bool("quick", false, "a moment for each: shows that everything runs, not how fast")
	list := flags.Bool("list", false, "print the names of the benchmarks and stop")
	profile := flags.String("cpuprofile", "", "write a CPU profile of the whole run to this `file`")
	dir := flags.String("dir", "", "`directory` in which files are written; name one on the disk that matters (default: the system's for temporary files)")
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitDone
		}
		return exitMisuse
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "bench: unexpected %q; see --help\n", flags.Arg(0))
		return exitMisuse
	}
	wanted, err := regexp.Compile(*pattern)
	if err != nil {
		fmt.Fprintf(stderr, "bench: --run: %v\n", err)
		return exitMisuse
	}
	var chosen []bench
	for _, b := range benches {
		if wanted.MatchString(b.name) {
			chosen = append(chosen, b)
		}
	}
	switch {
	case *list:
		for _, b := range chosen {
			fmt.Fprintf(stdout, "%-14s %s\n", b.name, b.what)
		}
		return exitDone
	case len(chosen) == 0:
		fmt.Fprintf(stderr, "bench: no benchmark matches %q; --list shows their names\n", *pattern)
		return exitMisuse
	}
	r := &runner{quick: *quick, stderr: stderr}
	if r.dir, err = os.MkdirTemp(*dir, "maru-bench-"); err != nil {
		fmt.Fprintf(stderr, "bench: %v; name another place with --dir\n", err)
		return exitFailed
	}
	defer os.RemoveAll(r.dir)
	stopProfile, err := startProfile(*profile)
	if err != nil {
		fmt.Fprintf(stderr, "bench: --cpuprofile: %v\n", err)
		return exitFailed
	}
	result := r.all(ctx, chosen)
	if err := stopProfile(); err != nil {
		fmt.Fprintf(stderr, "bench: --cpuprofile: %v\n", err)
		return exitFailed
	}
	if *asJSON {
		err = result.writeJSON(stdout)
	} else {
		err = result.writeTable(stdout, widthOf(stdout))
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitFailed
	}
	if len(result.Failed) > 0 {
		return exitFailed
	}
	return exitDone
}

// startProfile begins a CPU profile and returns how to end it.
func startProfile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

// widthOf returns the columns of the terminal that w is, 0 if it is none.
func widthOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 100
	}
	return width
}

// cores is how many the runtime uses.
func cores() int { return runtime.GOMAXPROCS(0) }
