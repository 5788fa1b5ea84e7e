package simulation

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var seedFlag = flag.Uint64("sim.seed", 0, "run this seed alone, and print its history and its log")

// A few seeds keep every promise, and every kind of misbehavior of the venue is among what happens. That
// nothing is missing, rare damage of the disk included, takes more seeds: make sim asks for it.
func TestSeeds(t *testing.T) {
	cfg, runs := Config{Seed: 1}, 8
	if *seedFlag != 0 {
		cfg, runs = Config{Seed: *seedFlag, Trace: os.Stdout, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}, 1
	}
	all := newResult(cfg)
	Runs(context.Background(), cfg, runs, runtime.GOMAXPROCS(0), func(o Outcome) bool {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		for _, b := range o.Breaches {
			t.Errorf("seed %d: %s: %s", o.Seed, b.Law, b.What)
		}
		if o.Intents < 200 || o.Died < 3 || o.Faults() < 20 || o.Virtual < 10*60e9 {
			t.Errorf("seed %d: %d intents, %d crashes, %d faults in %v: want 200, 3 and 20 in 10m", o.Seed, o.Intents, o.Died, o.Faults(), o.Virtual)
		}
		if o.DeadLetters != 0 {
			t.Errorf("seed %d: %d frames were not understood", o.Seed, o.DeadLetters)
		}
		all.Add(o.Result)
		return true
	})
	if *seedFlag != 0 {
		return
	}
	for kind, n := range all.VenueFaults {
		if n == 0 {
			t.Errorf("the venue fault %s never happened in %d runs", kind, runs)
		}
	}
	t.Logf("%d runs at %.0f × real time: %d intents, %d faults, %d crashes; denied %v; halts %v", runs, all.Virtual.Seconds()/all.Wall.Seconds(),
		all.Intents, all.Faults(), all.Died, all.Denied, all.Halts)
}

// One seed is one history, byte for byte.
func TestOneSeedOneHistory(t *testing.T) {
	seen := map[string]uint64{}
	for seed := uint64(101); seed <= 104; seed++ {
		var first string
		for range 2 {
			r, err := Run(Config{Seed: seed, Minutes: 4})
			if err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = r.Hash
			}
			if r.Hash != first {
				t.Errorf("seed %d gave two histories, %s and %s", seed, first, r.Hash)
			}
		}
		if other, ok := seen[first]; ok {
			t.Errorf("seeds %d and %d gave one history", other, seed)
		}
		seen[first] = seed
	}
}

func TestMinutes(t *testing.T) {
	for _, minutes := range []int{-1, minutesMax + 1} {
		if _, err := Run(Config{Seed: 1, Minutes: minutes}); err == nil {
			t.Errorf("%d minutes: want an error", minutes)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	var virtual, wall float64
	for i := range b.N {
		r, err := Run(Config{Seed: uint64(i + 1)})
		if err != nil {
			b.Fatal(err)
		}
		virtual += r.Virtual.Seconds()
		wall += r.Wall.Seconds()
	}
	b.ReportMetric(virtual/wall, "x_real_time")
}

// What never happened is named.
func TestNever(t *testing.T) {
	r := newResult(Config{})
	all := len(r.Never())
	for k := range r.DiskFaults {
		r.DiskFaults[k]++
	}
	if left := r.Never(); len(left) != all-len(r.DiskFaults) || slices.ContainsFunc(left, func(s string) bool { return strings.HasPrefix(s, "disk") }) {
		t.Errorf("never: %q", left)
	}
}
