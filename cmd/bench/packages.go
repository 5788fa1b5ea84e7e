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
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "./"+pkg, "-run", "^$", "-bench", pattern, "-benchmem",
		"-benchtime", pick(r, "300ms", "1x"), "-count", pick(r, "3", "1"))
	cmd.Dir = root
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%v: %w: %.500s%.500s", cmd.Args, err, stderr.String(), stdout.String())
	}
	found, err := parseGoBench(stdout.Bytes())
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%v: no benchmark matched", cmd.Args)
	}
	return found, err
}

// require returns a benchmark's figure in a unit.
func require(found map[string]goBench, name, unit string) (float64, error) {
	v, ok := found[name][unit]
	if !ok {
		return 0, fmt.Errorf("benchmark %s gave no %s", name, unit)
	}
	return v, nil
}

// decodeFrames measures the decoders on one frame of each kind, beside encoding/json reading the
// same frame into a struct.
func decodeFrames(ctx context.Context, r *runner) (rows []row, err error) {
	for _, v := range []struct {
		name  string
		kinds []string
	}{
		{"upbit", []string{"ticker", "trade", "book_2x15", "book_2x30"}},
		{"binance", []string{"ticker", "bbo", "trade", "depth_2x20", "depth_2x1000"}},
	} {
		found, err := packageBench(ctx, r, "adapters/venue/"+v.name, "^BenchmarkDecode$")
		if err != nil {
			return rows, err
		}
		for _, kind := range v.kinds {
			ours, err := require(found, "Decode/"+kind+"/maru", "ns/op")
			reference, err2 := require(found, "Decode/"+kind+"/encoding_json", "ns/op")
			allocs, err3 := require(found, "Decode/"+kind+"/maru", "allocs/op")
			theirs, err4 := require(found, "Decode/"+kind+"/encoding_json", "allocs/op")
			if err := errors.Join(err, err2, err3, err4); err != nil {
				return rows, err
			}
			rows = append(rows, row{What: fmt.Sprintf("decode %s %s", v.name, kind), Measured: figure{ours, "ns"}}.
				against(fmt.Sprintf("encoding/json into a struct; allocations %.0f : %.0f", allocs, theirs), figure{reference, "ns"}))
		}
	}
	return rows, nil
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
