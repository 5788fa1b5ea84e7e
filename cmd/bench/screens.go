package main

import (
	"context"
	"errors"
	"fmt"
)

// screenRatioMax is the aim: so many times the loops that one would write by hand.
const screenRatioMax = 2.5

// screens measures 13 criteria over 2,000 and over 5,000 instruments, column by column, beside one
// plain loop a criterion in Go over the same columns with the same readiness test and output; the
// same with a general expression VM, which tests no readiness; a tick of one instrument; and a change
// of one criterion with everything that belongs to it.
func screens(ctx context.Context, r *runner) ([]row, error) {
	found, err := packageBench(ctx, r, "actors/classifier/criteria", "^Benchmark(Columns|VM|Tick)$")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, n := range []int{2000, 5000} {
		columns, vm := fmt.Sprintf("Columns/%d", n), fmt.Sprintf("VM/%d", n)
		ours, err := require(found, columns, "ns/verdict")
		byHand, err2 := require(found, columns, "by-hand-ns/verdict")
		general, err3 := require(found, vm, "ns/verdict")
		if err := errors.Join(err, err2, err3); err != nil {
			return rows, err
		}
		pass := float64(n) * 13 / 1e3 // ns a verdict to µs a pass
		what := fmt.Sprintf("%s instruments × 13 criteria", group(fmt.Sprint(n)))
		reference := figure{byHand * pass, "µs"}
		w := row{What: what + ", by columns", Measured: figure{ours * pass, "µs"}}.against("loops by hand over the same columns, without branches", reference)
		rows = append(rows, w.aim(fmt.Sprintf("ratio ≤ %g", screenRatioMax), w.Ratio <= screenRatioMax),
			row{What: what + ", general expression VM", Measured: figure{general * pass, "µs"}}.against("the same loops by hand", reference))
	}
	short, err := require(found, "Tick/20", "ns/op")
	long, err2 := require(found, "Tick/200", "ns/op")
	if err := errors.Join(err, err2); err != nil {
		return rows, err
	}
	rows = append(rows, row{What: "a tick, 13 criteria over indicators of 200 bars", Measured: figure{long, "ns"}}.against("the same over indicators of 20 bars", figure{short, "ns"}))
	found, err = packageBench(ctx, r, "actors/classifier/screening", "^BenchmarkChange$")
	if err != nil {
		return rows, err
	}
	threshold, err := require(found, "Change/threshold", "ns/op")
	indicator, err2 := require(found, "Change/indicator", "ns/op")
	if err := errors.Join(err, err2); err != nil {
		return rows, err
	}
	return append(rows, row{What: "another threshold in 1 of 13 criteria, 5,000 instruments judged anew", Measured: figure{threshold / 1e3, "µs"}},
		row{What: "another indicator, and all others computed from 60 bars each", Measured: figure{indicator / 1e6, "ms"}}), nil
}
