package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/maru-trading/maru/adapters/store/journal"
)

// payload is as long as an order event on the wire; recordHead is what the journal adds.
var payload = bytes.Repeat([]byte("order"), 50)

const recordHead = 56

// journalAppends measures a durable append beside a bare write + fdatasync of the same length,
// turn by turn on the same disk, and group commit with many submitters.
func journalAppends(ctx context.Context, r *runner) ([]row, error) {
	dir, err := r.temp("journal")
	if err != nil {
		return nil, err
	}
	j, err := journal.Open(journal.DefaultConfig(filepath.Join(dir, "one")))
	if err != nil {
		return nil, err
	}
	bare, err := journal.OSFS{}.Create(filepath.Join(dir, "bare"))
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	var ours, reference latencies
	record, off := make([]byte, recordHead+len(payload)), int64(0)
	timed := func(into *latencies, do func() error) error {
		begun := time.Now()
		err := do()
		*into = append(*into, int64(time.Since(begun)))
		return err
	}
	for range pick(r, 3000, 20) {
		err = errors.Join(ctx.Err(), timed(&reference, func() error {
			_, err := bare.WriteAt(record, off)
			off += int64(len(record))
			return errors.Join(err, bare.Sync())
		}), timed(&ours, func() error {
			_, err := j.Append(payload)
			return errors.Join(err, j.Sync())
		}))
		if err != nil {
			break
		}
	}
	if err = errors.Join(err, bare.Close(), j.Close()); err != nil {
		return nil, err
	}
	o50, o99, _ := ours.spread()
	b50, b99, _ := reference.spread()
	against := "bare write + fdatasync"
	rows := []row{
		row{What: "journal: durable append, p50", Measured: figure{o50, "µs"}}.against(against, figure{b50, "µs"}),
		row{What: "journal: durable append, p99", Measured: figure{o99, "µs"}}.against(against, figure{b99, "µs"}),
	}
	rows[0].Note = fmt.Sprintf("%d turns, records of %d bytes, in %s; a figure of a few µs means that the place is memory: name a disk with --dir", len(ours), len(record), filepath.Dir(r.dir))
	group, err := groupCommit(ctx, r, filepath.Join(dir, "group"))
	if err != nil {
		return rows, err
	}
	return append(rows, group.against("one bare write + fdatasync after the other", figure{1e6 / b50, "records/s"})), nil
}

// groupCommit has 64 submitters, each with one submission under way.
func groupCommit(ctx context.Context, r *runner, dir string) (row, error) {
	const submitters = 64
	j, err := journal.Open(journal.DefaultConfig(dir))
	if err != nil {
		return row{}, err
	}
	k, err := journal.NewCommitter(j, journal.DefaultCommitterConfig())
	if err != nil {
		return row{}, errors.Join(err, j.Close())
	}
	each := pick(r, 2000, 5)
	failed := make(chan error, submitters)
	begun := time.Now()
	var wg sync.WaitGroup
	for range submitters {
		wg.Go(func() {
			done := make(chan error, 1)
			for range each {
				err := errors.Join(ctx.Err(), k.Submit([][]byte{payload}, func(_ uint64, err error) { done <- err }))
				if err == nil {
					err = <-done
				}
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(begun)
	close(failed)
	s := k.Stats()
	if err := errors.Join(<-failed, k.Close(), j.Close()); err != nil {
		return row{}, err
	}
	w := row{What: "journal: group commit, 64 submitters", Measured: figure{float64(submitters*each) / took.Seconds(), "records/s"}}
	w.Note = fmt.Sprintf("%.1f records a sync", float64(s.Records)/float64(max(s.Batches, 1)))
	return w, nil
}
