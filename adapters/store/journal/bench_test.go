package journal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/maru-trading/maru/adapters/store/journal"
)

// payload is as long as an order event on the wire.
var payload = bytes.Repeat([]byte("order"), 50)

// bare is what the journal is measured against: one write and one fdatasync.
func bare(b *testing.B) journal.File {
	b.Helper()
	f, err := journal.OSFS{}.Create(filepath.Join(b.TempDir(), "bare"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	return f
}

func opened(b *testing.B) *journal.Journal {
	b.Helper()
	j, err := journal.Open(journal.DefaultConfig(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = j.Close() })
	return j
}

// quantile sorts times and returns its q-quantile in microseconds.
func quantile(times []time.Duration, q float64) float64 {
	slices.Sort(times)
	return float64(times[int(q*float64(len(times)-1))].Nanoseconds()) / 1e3
}

// BenchmarkAppendSync takes turns between a durable append to the journal, one through the
// committer, and a bare write + fdatasync of the same length, so that all see the same disk.
func BenchmarkAppendSync(b *testing.B) {
	file, j, group := bare(b), opened(b), opened(b)
	k, err := journal.NewCommitter(group, journal.DefaultCommitterConfig())
	if err != nil {
		b.Fatal(err)
	}
	record := make([]byte, 56+len(payload))
	done := make(chan error, 1)
	off := int64(0)
	turns := []func() error{
		func() error {
			_, err := file.WriteAt(record, off)
			off += int64(len(record))
			return errors.Join(err, file.Sync())
		},
		func() error {
			_, err := j.Append(payload)
			return errors.Join(err, j.Sync())
		},
		func() error {
			err := k.Submit([][]byte{payload}, func(_ uint64, err error) { done <- err })
			return errors.Join(err, <-done)
		},
	}
	times := make([][]time.Duration, len(turns))
	for b.Loop() {
		for i, turn := range turns {
			begin := time.Now()
			if err := turn(); err != nil {
				b.Fatal(err)
			}
			times[i] = append(times[i], time.Since(begin))
		}
	}
	if err := k.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(0, "ns/op") // a turn of three says nothing
	for i, name := range []string{"bare", "journal", "committer"} {
		b.ReportMetric(quantile(times[i], 0.5), name+"-p50-µs")
		b.ReportMetric(quantile(times[i], 0.99), name+"-p99-µs")
	}
	b.ReportMetric(quantile(times[1], 0.5)/quantile(times[0], 0.5), "journal/bare")
	b.ReportMetric(quantile(times[2], 0.5)/quantile(times[0], 0.5), "committer/bare")
}

// BenchmarkGroupCommit has 64 submitters, each with one submission under way.
func BenchmarkGroupCommit(b *testing.B) {
	j := opened(b)
	k, err := journal.NewCommitter(j, journal.DefaultCommitterConfig())
	if err != nil {
		b.Fatal(err)
	}
	const submitters = 64
	each := b.N/submitters + 1
	b.ResetTimer()
	var wg sync.WaitGroup
	for range submitters {
		wg.Go(func() {
			done := make(chan error, 1)
			for range each {
				if err := k.Submit([][]byte{payload}, func(_ uint64, err error) { done <- err }); err != nil {
					b.Error(err)
					return
				}
				if err := <-done; err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	if err := k.Close(); err != nil {
		b.Fatal(err)
	}
	n := float64(submitters * each)
	s := k.Stats()
	b.ReportMetric(n/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(s.Records)/float64(s.Batches), "records/sync")
}

// BenchmarkAppend is the journal's own work, without the disk.
func BenchmarkAppend(b *testing.B) {
	j, err := journal.Open(config2(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(56 + len(payload)))
	for b.Loop() {
		if _, err := j.Append(payload); err != nil {
			b.Fatal(err)
		}
	}
}

// config2 writes to memory, where the system has such a place.
func config2(b *testing.B) journal.Config {
	b.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "journal")
	if err != nil {
		dir = b.TempDir()
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	return journal.DefaultConfig(dir)
}

// BenchmarkOpen opens a journal of 200,000 records.
func BenchmarkOpen(b *testing.B) {
	c := journal.DefaultConfig(b.TempDir())
	j, err := journal.Open(c)
	if err != nil {
		b.Fatal(err)
	}
	const records = 200_000
	batch := slices.Repeat([][]byte{payload}, 1000)
	for range records / len(batch) {
		if _, err := j.Append(batch...); err != nil {
			b.Fatal(err)
		}
	}
	size := j.Stats().Bytes
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for b.Loop() {
		j, err := journal.Open(c)
		if err != nil {
			b.Fatal(err)
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "records/s")
}
