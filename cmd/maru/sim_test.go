package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/cmd/internal/simulation"
)

func TestSim(t *testing.T) {
	var stdout, stderr strings.Builder
	f := simFlags{seed: 7, runs: 2, minutes: 1, jobs: 2, json: true}
	if err := simulate(t.Context(), &stdout, &stderr, f); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var r simReport
	if err := json.Unmarshal([]byte(stdout.String()), &r); err != nil {
		t.Fatal(err)
	}
	if r.Runs != 2 || r.Intents == 0 || r.Virtual < 120e9 || len(r.Broken) != 0 || len(r.VenueFaults) == 0 || r.Speed <= 0 {
		t.Errorf("report %+v", r)
	}
	if !strings.Contains(stderr.String(), "2 of 2 runs") {
		t.Errorf("no progress in %q", stderr.String())
	}

	// So short a run has not everything in it: --complete says so.
	f = simFlags{seed: 7, runs: 1, minutes: 1, jobs: 1, complete: true}
	stdout.Reset()
	if err := simulate(t.Context(), &stdout, &stderr, f); err == nil || !strings.Contains(err.Error(), "never happened") {
		t.Errorf("a minute with everything in it: %v", err)
	}
	if !strings.Contains(stdout.String(), "hash") || !strings.Contains(stdout.String(), "of the venue") {
		t.Errorf("printed %q", stdout.String())
	}

	// The trace shows both sides.
	f = simFlags{seed: 7, runs: 1, minutes: 1, jobs: 1, trace: true}
	stdout.Reset()
	if err := simulate(t.Context(), &stdout, &stderr, f); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" journal ", " venue ", "create → created", "request POST /api/v3/order"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the trace has no %q", want)
		}
	}
}

func TestSimFlags(t *testing.T) {
	for _, wrong := range []string{"--runs 0", "--minutes 0", "--minutes 1441", "--jobs -1", "--runs 2 --trace", "--trace --json", "extra"} {
		cmd := newRootCommand()
		cmd.SetArgs(append([]string{"sim"}, strings.Fields(wrong)...))
		if err := cmd.Execute(); report(&strings.Builder{}, err) != exitMisuse {
			t.Errorf("maru sim %s: %v", wrong, err)
		}
	}
}

// A broken promise is told with the command that repeats the run.
func TestSimBroken(t *testing.T) {
	var b strings.Builder
	broken := simBroken{Seed: 9, Repeat: "maru sim --seed 9 --minutes 10 --trace"}
	for i := range simBreachesShown + 2 {
		broken.Breaches = append(broken.Breaches, simulation.Breach{Law: simulation.LawOnce, What: fmt.Sprintf("what %d", i)})
	}
	printBroken(&b, broken)
	if text := b.String(); !strings.Contains(text, "maru sim --seed 9") || !strings.Contains(text, "what 9") || strings.Contains(text, "what 10") || !strings.Contains(text, "and 2 more") {
		t.Error(text)
	}
}
