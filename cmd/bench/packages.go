package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// goBench is one line of go test -bench: the medians of its runs, by unit ("ns/op", "allocs/op").
type goBench map[string]float64

// parseGoBench reads the output of go test -bench. Names come without Benchmark and without the
// number of cores behind the dash; of a name that is there several times each figure is the median.
func parseGoBench(output []byte) (map[string]goBench, error) {
	all := map[string]map[string][]float64{}
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		name, ok := "", false
		if len(fields) > 3 {
			name, ok = strings.CutPrefix(fields[0], "Benchmark")
		}
		if !ok || len(fields)%2 != 0 {
			continue
		}
		if at := strings.LastIndexByte(name, '-'); at > 0 {
			if _, err := strconv.Atoi(name[at+1:]); err == nil {
				name = name[:at]
			}
		}
		if all[name] == nil {
			all[name] = map[string][]float64{}
		}
		for i := 2; i < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("go test said %q, which is no benchmark's line: %w", strings.TrimSpace(line), err)
			}
			all[name][fields[i+1]] = append(all[name][fields[i+1]], v)
		}
	}
	medians := map[string]goBench{}
	for name, units := range all {
		medians[name] = goBench{}
		for unit, samples := range units {
			medians[name][unit] = median(samples)
		}
	}
	return medians, nil
}

// packageBench runs benchmarks of a package of this module with go test.
func packageBench(ctx context.Context, r *runner, pkg, pattern string) (map[string]goBench, error) {
	output, err := goTool(ctx, "test", "./"+pkg, "-run", "^$", "-bench", pattern, "-benchmem",
		"-benchtime", pick(r, "300ms", "1x"), "-count", pick(r, "3", "1"))
	if err != nil {
		return nil, err
	}
	found, err := parseGoBench(output)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: no benchmark matches %s", pkg, pattern)
	}
	return found, err
}

// goTool runs the go command in the module's folder and returns what it prints.
func goTool(ctx context.Context, args ...string) ([]byte, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	return output(ctx, root, "go", args...)
}

// output runs a program and returns what it prints.
func output(ctx context.Context, dir, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%v: %w: %.500s%.500s", cmd.Args, err, stderr.String(), stdout.String())
	}
	return stdout.Bytes(), nil
}

// require returns a benchmark's figure in a unit.
func require(found map[string]goBench, name, unit string) (float64, error) {
	v, ok := found[name][unit]
	if !ok {
		return 0, fmt.Errorf("benchmark %s gave no %s", name, unit)
	}
	return v, nil
}

// criteria measures 13 criteria over 2,000 instruments beside the same written in Go by hand.
func criteria(ctx context.Context, r *runner) ([]row, error) {
	found, err := packageBench(ctx, r, "actors/classifier", "^BenchmarkScreen$")
	if err != nil {
		return nil, err
	}
	ours, err := require(found, "Screen", "ns/verdict")
	byHand, err2 := require(found, "Screen", "by-hand-ns/verdict")
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	const verdicts = 2000 * 13 / 1e3 // ns a verdict to µs a pass
	w := row{What: "2,000 instruments × 13 criteria, one pass", Measured: figure{ours * verdicts, "µs"}}.
		against("the same in Go by hand", figure{byHand * verdicts, "µs"})
	return []row{w.aim("< 1 ms", w.Measured.Value < 1000)}, nil
}

// mailboxTell measures telling an actor and its taking the message, beside the library's own
// unbounded mailbox.
func mailboxTell(ctx context.Context, r *runner) ([]row, error) {
	found, err := packageBench(ctx, r, "actors/system", "^BenchmarkTell$")
	if err != nil {
		return nil, err
	}
	ours, err := require(found, "Tell/ours", "ns/op")
	theirs, err2 := require(found, "Tell/library", "ns/op")
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	return []row{row{What: "tell an actor, bounded mailbox", Measured: figure{ours, "ns"}}.against("the library's unbounded mailbox", figure{theirs, "ns"})}, nil
}
