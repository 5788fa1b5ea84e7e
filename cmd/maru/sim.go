package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/cmd/internal/simulation"
)

// simFlags is what maru sim is told.
type simFlags struct {
	seed    uint64
	runs    int
	minutes int
	jobs    int
	json    bool
	trace   bool

	complete bool
}

func newSimCommand() *cobra.Command {
	f := simFlags{}
	cmd := &cobra.Command{
		Use:   "sim [--seed N] [--runs K] [--minutes M] [--jobs J] [--complete] [--json | --trace]",
		Short: "Simulate a whole node against a venue that misbehaves, and hold it to its promises",
		Long: `Runs a whole node in virtual time: feeders, state, classifiers, strategies, risk, the gateway of
Binance, the journal. Only sockets, the disk and the clock are replaced. The venue loses answers, drops
and repeats fills, bans, restarts; the disk fails, fills up and loses what was not synced; the node dies
at steps of the journal and of the wire and starts again; people trade by hand, halt and resume.

When all has settled, the journal is compared with the venue's own ledger: no intent sent twice, nothing
at the venue that was not on disk, no accepted order unknown, no order over without the venue's evidence,
fills, positions and cash equal to the last decimal, no limit exceeded or waived by a restart, nothing
sent while halted.

A seed is one history, the same on every machine, and its hash is printed. Runs use all processors; one
run uses one. Exit code 1 if a promise was broken, with the command that repeats that run.`,
		Example: `  maru sim                            one run, seed 1
  maru sim --runs 200                 seeds 1 to 200
  maru sim --seed 4711 --trace        one history, both sides of it, a line an event
  maru sim --runs 1000 --json | jq .venue_faults`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return misuse(cmd, err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return simulate(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr(), f)
		},
	}
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "the first seed")
	cmd.Flags().IntVar(&f.runs, "runs", 1, "how many seeds, counted up from the first; at most 10,000,000")
	cmd.Flags().IntVar(&f.minutes, "minutes", simulation.MinutesDefault, "minutes of virtual time in which things go wrong, 1 to 1440; settling comes on top")
	cmd.Flags().IntVar(&f.jobs, "jobs", 0, "how many runs at a time; 0 is one a processor")
	cmd.Flags().BoolVar(&f.complete, "complete", false, "fail also if a kind of fault, a step to crash at, or an end of an order never happened")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object: the sums of all runs, and every breach")
	cmd.Flags().BoolVar(&f.trace, "trace", false, "print the history of one run, the journal beside the venue's ledger")
	return cmd
}

func (f simFlags) check() error {
	switch {
	case f.runs < 1 || f.runs > 10_000_000:
		return fmt.Errorf("--runs %d: want 1 to 10000000", f.runs)
	case f.minutes < 1 || f.minutes > 1440:
		return fmt.Errorf("--minutes %d: want 1 to 1440", f.minutes)
	case f.jobs < 0 || f.jobs > 1024:
		return fmt.Errorf("--jobs %d: want 0 to 1024", f.jobs)
	case f.trace && f.runs != 1:
		return errors.New("--trace is of one run: leave --runs out")
	case f.trace && f.json:
		return errors.New("--trace and --json: want one of them")
	}
	return nil
}

// simReport is the sum of many runs as --json prints it.
type simReport struct {
	simulation.Result
	Runs    int         `json:"runs"`
	Speed   float64     `json:"speed"` // virtual time by the time that it took, one run on one processor
	Elapsed float64     `json:"elapsed_seconds"`
	Faults  int         `json:"faults"`
	Broken  []simBroken `json:"broken"`
}

// simBroken is a run that broke a promise.
type simBroken struct {
	Seed     uint64              `json:"seed"`
	Repeat   string              `json:"repeat"`
	Breaches []simulation.Breach `json:"breaches"`
}

func simulate(ctx context.Context, stdout, stderr io.Writer, f simFlags) error {
	began := time.Now()
	if f.jobs == 0 {
		f.jobs = runtime.GOMAXPROCS(0)
	}
	cfg := simulation.Config{Seed: f.seed, Minutes: f.minutes}
	if f.trace {
		cfg.Trace = stdout
	}
	report := simReport{Broken: []simBroken{}}
	advance, end := simProgress(stderr, f.runs)
	var failed error
	simulation.Runs(ctx, cfg, f.runs, f.jobs, func(o simulation.Outcome) bool {
		if o.Err != nil {
			failed = o.Err
			return false
		}
		if report.Runs++; report.Runs == 1 {
			report.Result = o.Result
		} else {
			report.Add(o.Result)
			report.Hash = ""
		}
		advance()
		if len(o.Breaches) > 0 {
			end()
			b := simBroken{o.Seed, fmt.Sprintf("maru sim --seed %d --minutes %d --trace", o.Seed, f.minutes), o.Breaches}
			report.Broken = append(report.Broken, b)
			printBroken(stderr, b)
		}
		return true
	})
	end()
	if failed != nil {
		return failed
	}
	report.Elapsed = time.Since(began).Seconds()
	report.Faults = report.Result.Faults()
	if report.Wall > 0 {
		report.Speed = report.Virtual.Seconds() / report.Wall.Seconds()
	}
	var err error
	switch {
	case f.json:
		err = json.NewEncoder(stdout).Encode(report)
	case !f.trace:
		err = printSim(stdout, report)
	}
	switch {
	case err != nil:
		return err
	case len(report.Broken) > 0:
		return errReported
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted after %d of %d runs", report.Runs, f.runs)
	}
	if never := report.Never(); f.complete && len(never) > 0 {
		return fmt.Errorf("in %d runs these never happened: %s", report.Runs, strings.Join(never, ", "))
	}
	return nil
}

// simBreachesShown bounds what is printed of one run.
const simBreachesShown = 10

func printBroken(w io.Writer, b simBroken) {
	fmt.Fprintf(w, "seed %d broke %d promises; repeat it with: %s\n", b.Seed, len(b.Breaches), b.Repeat)
	for i, breach := range b.Breaches {
		if i == simBreachesShown {
			fmt.Fprintf(w, "  … and %d more\n", len(b.Breaches)-i)
			break
		}
		fmt.Fprintf(w, "  %s: %s\n", breach.Law, breach.What)
	}
}

func printSim(w io.Writer, r simReport) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d runs, %v of virtual time at %.0f × real time a processor, %.1f s in all; %d broke a promise\n",
		r.Runs, r.Virtual.Round(time.Second), r.Speed, r.Elapsed, len(r.Broken))
	if r.Hash != "" {
		fmt.Fprintf(&b, "hash          %s\n", r.Hash)
	}
	fmt.Fprintf(&b, "intents       %d, %d events journaled, %d requests, %d fills; %d deeds by hand, %d orders adopted\n",
		r.Intents, r.Events, r.Requests, r.Fills, r.Hands, r.Adopted)
	fmt.Fprintf(&b, "faults        %d, and %d crashes in %d lives\n", r.Faults, r.Died, r.Starts)
	for _, c := range []struct {
		name   string
		counts map[string]int
	}{{"orders", r.Orders}, {"of the venue", r.VenueFaults}, {"of the disk", r.DiskFaults}, {"of the wire", r.WireFaults}, {"crashes at", r.Crashes},
		{"halts", r.Halts}, {"denied", r.Denied}} {
		fmt.Fprintf(&b, "%-13s", c.name)
		for i, k := range slices.Sorted(maps.Keys(c.counts)) {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, " %s %d", k, c.counts[k])
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// simProgress shows on a terminal how far the runs have come; elsewhere it prints a line now and then.
func simProgress(stderr io.Writer, runs int) (advance, end func()) {
	if runs == 1 {
		return noProgress, noProgress
	}
	if isTerminal(stderr) {
		bar := progressbar.NewOptions(runs, progressbar.OptionSetWriter(stderr), progressbar.OptionSetDescription("sim"), progressbar.OptionShowCount(),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
		return func() { _ = bar.Add(1) }, func() { _ = bar.Clear() } // it is only for the eye
	}
	done, every := 0, max(1, runs/20)
	return func() {
		if done++; done%every == 0 {
			fmt.Fprintf(stderr, "%d of %d runs\n", done, runs)
		}
	}, noProgress
}
