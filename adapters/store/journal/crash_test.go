package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/maru-trading/maru/adapters/store/fault"
	"github.com/maru-trading/maru/adapters/store/journal"
)

// workload writes random records to a journal until its steps are done or something fails, and
// remembers what it was told.
type workload struct {
	rng       *rand.Rand
	attempted [][]byte // payload of record 1 at 0; the last ones may not have been written
	acked     uint64   // the last record that a Sync, or a Close, acknowledged
	kept      uint64   // Prune was told to keep from here on
}

func newWorkload(seed uint64) *workload {
	return &workload{rng: rand.New(rand.NewPCG(seed, 1)), kept: 1}
}

func config(disk *fault.Disk) journal.Config {
	return journal.Config{FS: disk, Dir: "journal", SegmentBytesMax: 4096, RecordBytesMax: 4096}
}

// run returns the first failure, or nil.
func (w *workload) run(disk *fault.Disk, steps int) error {
	j, err := journal.Open(config(disk))
	if err != nil {
		return err
	}
	last := j.Stats().LastSeq
	w.attempted = w.attempted[:last] // what was lost is not attempted any more
	for range steps {
		switch n := w.rng.IntN(20); {
		case n < 10:
			payloads := make([][]byte, 1+w.rng.IntN(4))
			for i := range payloads {
				payloads[i] = w.payload(last + uint64(i) + 1)
			}
			w.attempted = append(w.attempted, payloads...)
			got, err := j.Append(payloads...)
			if err != nil {
				return err
			}
			if last += uint64(len(payloads)); got != last {
				return fmt.Errorf("test: Append returned %d, want %d", got, last)
			}
		case n < 16:
			if err := j.Sync(); err != nil {
				return err
			}
			w.acked = last
		case n == 16:
			if err := j.Rotate(); err != nil {
				return err
			}
			w.acked = last
		case n == 17 && w.acked > w.kept:
			w.kept += w.rng.Uint64N(w.acked - w.kept)
			if _, err := j.Prune(w.kept); err != nil {
				return err
			}
		case n == 18:
			if err := j.Close(); err != nil {
				return err
			}
			w.acked = last
			if j, err = journal.Open(config(disk)); err != nil {
				return err
			}
			if !j.Recovery().Sealed && last > 0 {
				return errors.New("test: a closed journal is not sealed")
			}
		}
	}
	if err := j.Close(); err != nil {
		return err
	}
	w.acked = last
	return nil
}

// payload depends on everything, so that no record can be taken for another.
func (w *workload) payload(seq uint64) []byte {
	b := fmt.Appendf(nil, "%d:%d:", seq, w.rng.Uint64())
	return append(b, bytes.Repeat([]byte{byte(w.rng.Uint32())}, w.rng.IntN(700))...)
}

// check opens the journal and compares it with what the workload was told. It leaves it open.
func (w *workload) check(t *testing.T, where string, disk *fault.Disk) *journal.Journal {
	t.Helper()
	j, err := journal.Open(config(disk))
	if err != nil {
		t.Fatalf("%s: open: %v", where, err)
	}
	next := j.Stats().FirstSeq
	if next > w.kept {
		t.Fatalf("%s: first record is %d, though those from %d on were to be kept", where, next, w.kept)
	}
	for rec, err := range j.Records() {
		if err != nil {
			t.Fatalf("%s: records: %v", where, err)
		}
		if rec.Seq != next {
			t.Fatalf("%s: record %d where %d must follow", where, rec.Seq, next)
		}
		if next > uint64(len(w.attempted)) || !bytes.Equal(rec.Payload, w.attempted[next-1]) {
			t.Fatalf("%s: record %d is not what was written", where, next)
		}
		next++
	}
	if next-1 < w.acked {
		t.Fatalf("%s: record %d was acknowledged, the last one there is %d (%v)", where, w.acked, next-1, j.Recovery())
	}
	if got := j.Recovery().LastSeq; got != next-1 {
		t.Fatalf("%s: recovery says last record %d, the journal has %d", where, got, next-1)
	}
	w.acked = next - 1 // what Open shows is on the disk
	return j
}

func closed(t *testing.T, where string, j *journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatalf("%s: close: %v", where, err)
	}
}

func operations(t *testing.T, seed uint64, steps int) int {
	t.Helper()
	disk := fault.NewDisk(seed)
	if err := newWorkload(seed).run(disk, steps); err != nil {
		t.Fatalf("seed %d without faults: %v", seed, err)
	}
	return disk.Operations()
}

// The power goes at every operation of random workloads, then once more while the journal is
// being opened again, and at last the workload goes on.
func TestPowerLossAtEveryOperation(t *testing.T) {
	counts := map[fault.Kind]int{}
	crashes := 0
	for seed := range uint64(10) {
		const steps = 60
		for n := 1; n <= operations(t, seed, steps); n++ {
			where := fmt.Sprintf("seed %d, power lost at operation %d", seed, n)
			disk := fault.NewDisk(seed<<32 + uint64(n))
			w := newWorkload(seed)
			disk.Arm(fault.Plan{CrashAt: n})
			if err := w.run(disk, steps); !errors.Is(err, fault.ErrPowerLoss) {
				t.Fatalf("%s: %v", where, err)
			}
			crashes++
			disk.PowerOn()
			disk.Arm(fault.Plan{CrashAt: 1 + n%4})
			if j, err := journal.Open(config(disk)); err == nil {
				disk.PowerOff()
				_ = j.Close()
			} else if !errors.Is(err, fault.ErrPowerLoss) {
				t.Fatalf("%s, then while opening: %v", where, err)
			}
			disk.PowerOn()
			closed(t, where, w.check(t, where, disk))
			if err := w.run(disk, 10); err != nil {
				t.Fatalf("%s: going on: %v", where, err)
			}
			closed(t, where, w.check(t, where, disk))
			for kind, n := range disk.Counts() {
				counts[kind] += n
			}
		}
	}
	for _, kind := range []fault.Kind{fault.PowerLoss, fault.LostWrite, fault.TornWrite, fault.LostEntry} {
		if counts[kind] == 0 {
			t.Errorf("no %s in %d crashes: the test proves nothing about it", kind, crashes)
		}
	}
	t.Logf("%d crashes: %v", crashes, counts)
}

// A disk that fails once, at every operation: the journal says so from then on, and after a
// restart of the program (not of the machine) what the new one shows survives a loss of power,
// although the kernel may have forgotten to write it.
func TestFailureAtEveryOperation(t *testing.T) {
	counts := map[fault.Kind]int{}
	for seed := range uint64(10) {
		const steps = 60
		for n := 1; n <= operations(t, seed, steps); n++ {
			where := fmt.Sprintf("seed %d, failure at operation %d", seed, n)
			disk := fault.NewDisk(seed<<32 + uint64(n))
			w := newWorkload(seed)
			cause := []error{syscall.EIO, syscall.ENOSPC}[n%2]
			disk.Arm(fault.Plan{FailAt: n, FailWith: cause})
			if err := w.run(disk, steps); !errors.Is(err, cause) {
				t.Fatalf("%s: %v", where, err)
			}
			disk.Kill()
			j := w.check(t, where, disk)
			w.attempted = append(w.attempted[:w.acked], []byte("next"))
			if _, err := j.Append([]byte("next")); err != nil {
				t.Fatalf("%s: going on: %v", where, err)
			}
			if err := j.Sync(); err != nil {
				t.Fatalf("%s: going on: %v", where, err)
			}
			w.acked++
			disk.PowerOff() // with the journal open
			disk.PowerOn()
			closed(t, where, w.check(t, where, disk))
			for kind, n := range disk.Counts() {
				counts[kind] += n
			}
		}
	}
	for _, kind := range []fault.Kind{fault.FailedOp, fault.FailedSync, fault.ForgottenData} {
		if counts[kind] == 0 {
			t.Errorf("no %s: the test proves nothing about it", kind)
		}
	}
	t.Log(counts)
}

func TestFullDisk(t *testing.T) {
	for room := int64(0); room < 3000; room += 37 {
		disk := fault.NewDisk(uint64(room))
		w := newWorkload(uint64(room))
		disk.Arm(fault.Plan{BytesMax: 1000 + room})
		if err := w.run(disk, 100); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("room for %d bytes: %v", room, err)
		}
		disk.PowerOff()
		disk.PowerOn()
		where := fmt.Sprintf("room for %d bytes", room)
		closed(t, where, w.check(t, where, disk))
	}
}

func TestFirstFailureStays(t *testing.T) {
	disk := fault.NewDisk(1)
	j, err := journal.Open(config(disk))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append([]byte("a")); err != nil {
		t.Fatal(err)
	}
	disk.Arm(fault.Plan{FailAt: 1})
	first := j.Sync()
	if !errors.Is(first, syscall.EIO) || !errors.Is(first, journal.ErrFailed) {
		t.Fatalf("sync: %v", first)
	}
	ops := disk.Operations()
	_, appended := j.Append([]byte("b"))
	_, pruned := j.Prune(1)
	for what, err := range map[string]error{
		"Append": appended, "Sync": j.Sync(), "Rotate": j.Rotate(), "Prune": pruned, "Err": j.Err(), "Close": j.Close(),
	} {
		if !errors.Is(err, first) {
			t.Errorf("%s after the failure: %v, want %v", what, err, first)
		}
	}
	if disk.Operations() != ops {
		t.Errorf("the disk was touched after the failure")
	}
	if _, err := j.Append(nil); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}
