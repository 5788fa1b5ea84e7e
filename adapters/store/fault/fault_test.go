package fault_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"testing"

	"github.com/maru-trading/maru/adapters/store/fault"
	"github.com/maru-trading/maru/adapters/store/journal"
)

var _ journal.FS = (*fault.Disk)(nil)

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// created returns a disk with an open file whose name is durable.
func created(t *testing.T, seed uint64) (*fault.Disk, journal.File) {
	t.Helper()
	d := fault.NewDisk(seed)
	must(t, d.Mkdir("d"))
	f, err := d.Create("d/f")
	must(t, err, d.SyncDir("d"))
	d.Arm(fault.Plan{})
	return d, f
}

func write(t *testing.T, f journal.File, text []byte, off int64) {
	t.Helper()
	_, err := f.WriteAt(text, off)
	must(t, err)
}

func cut(d *fault.Disk) {
	d.PowerOff()
	d.PowerOn()
}

// Over many seeds: what was synced always stays, what was not survives whole, in part, or not at
// all, and each of these happens.
func TestPowerLoss(t *testing.T) {
	synced, unsynced := bytes.Repeat([]byte("s"), 700), bytes.Repeat([]byte("u"), 3000)
	outcomes := map[string]int{}
	for seed := range uint64(300) {
		d, f := created(t, seed)
		write(t, f, synced, 0)
		must(t, f.Sync())
		write(t, f, unsynced, 700)
		cut(d)
		got, err := d.Read("d/f")
		must(t, err)
		if !bytes.HasPrefix(got, synced) {
			t.Fatalf("seed %d: synced bytes are gone", seed)
		}
		switch rest := got[700:]; {
		case len(rest) == 0:
			outcomes["lost"]++
		case bytes.Equal(rest, unsynced):
			outcomes["whole"]++
		case bytes.HasPrefix(unsynced, rest):
			outcomes["start"]++
		case bytes.HasSuffix(rest, unsynced[:512]):
			outcomes["end without start"]++
		default:
			outcomes["holes"]++
		}
		if _, err := f.Size(); !errors.Is(err, fs.ErrClosed) {
			t.Fatalf("a file of before the power loss: %v", err)
		}
	}
	if len(outcomes) != 5 {
		t.Errorf("outcomes %v, want five kinds", outcomes)
	}
}

func TestEntriesNeedSyncDir(t *testing.T) {
	outcomes := map[string]int{}
	for seed := range uint64(200) {
		d := fault.NewDisk(seed)
		must(t, d.Mkdir("d"))
		a, err := d.Create("d/a")
		must(t, err)
		write(t, a, []byte("a"), 0)
		must(t, a.Sync(), d.SyncDir("d"))
		b, err := d.Create("d/b")
		must(t, err)
		write(t, b, []byte("b"), 0)
		must(t, b.Sync(), d.Rename("d/b", "d/c"), d.Remove("d/a"))
		cut(d)
		names, err := d.ReadDir("d")
		must(t, err)
		for _, name := range names {
			got, err := d.Read("d/" + name)
			must(t, err)
			if want := map[string]string{"a": "a", "b": "b", "c": "b"}[name]; string(got) != want {
				t.Fatalf("seed %d: %s holds %q", seed, name, got)
			}
		}
		outcomes[fmt.Sprint(names)]++
	}
	for _, want := range []string{"[a]", "[a b]", "[a c]", "[c]"} {
		if outcomes[want] == 0 {
			t.Errorf("%s never happened: %v", want, outcomes)
		}
	}
}

// After a sync that failed, reads show what no later sync writes.
func TestFailedSyncForgets(t *testing.T) {
	forgotten := 0
	for seed := range uint64(100) {
		d, f := created(t, seed)
		write(t, f, []byte("data"), 0)
		d.Arm(fault.Plan{FailAt: 1})
		if err := f.Sync(); !errors.Is(err, syscall.EIO) {
			t.Fatal(err)
		}
		must(t, f.Sync()) // it says that all is well
		if got, err := d.Read("d/f"); err != nil || string(got) != "data" {
			t.Fatalf("seed %d: reads show %q, %v", seed, got, err)
		}
		cut(d)
		if got, err := d.Read("d/f"); err != nil || string(got) != "data" {
			forgotten++
		}
	}
	if forgotten == 0 || forgotten == 100 {
		t.Errorf("forgotten %d times of 100", forgotten)
	}
}

func TestPlannedFailures(t *testing.T) {
	d, f := created(t, 1)
	d.Arm(fault.Plan{BytesMax: 10})
	if n, err := f.WriteAt([]byte("0123456789ab"), 0); n != 10 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full disk: %d, %v", n, err)
	}
	write(t, f, []byte("in place"), 0)
	d.Arm(fault.Plan{FailAt: 2, FailWith: syscall.EROFS})
	must(t, f.Truncate(3))
	if err := d.Remove("d/f"); !errors.Is(err, syscall.EROFS) {
		t.Errorf("the second operation: %v", err)
	}
	must(t, f.Truncate(2))
	if n := d.Operations(); n != 3 {
		t.Errorf("%d operations, want 3", n)
	}
	d.Arm(fault.Plan{CrashAt: 1})
	if err := f.Sync(); !errors.Is(err, fault.ErrPowerLoss) {
		t.Errorf("the power goes: %v", err)
	}
	_, opened := d.Open("d/f")
	_, made := d.Create("d/g")
	_, listed := d.ReadDir("d")
	for _, err := range []error{opened, made, listed, d.Mkdir("e"), d.SyncDir("d"), d.Remove("d/f"), f.Sync(), f.Truncate(0)} {
		if !errors.Is(err, fault.ErrPowerLoss) {
			t.Errorf("without power: %v", err)
		}
	}
	d.PowerOn()
	want := map[fault.Kind]int{fault.FullDisk: 1, fault.FailedOp: 1, fault.PowerLoss: 1}
	for kind, n := range want {
		if got := d.Counts()[kind]; got != n {
			t.Errorf("%s counted %d times, want %d", kind, got, n)
		}
	}
	for kind := range d.Counts() {
		if !slices.Contains(fault.Kinds(), kind) {
			t.Errorf("kind %s is not listed", kind)
		}
	}
}

func TestOneSeedOneHistory(t *testing.T) {
	run := func(seed uint64) string {
		d, f := created(t, seed)
		for i := range 20 {
			write(t, f, bytes.Repeat([]byte{byte('a' + i)}, 700), int64(i*650))
			if i == 5 {
				must(t, f.Sync())
			}
		}
		cut(d)
		got, err := d.Read("d/f")
		must(t, err)
		return fmt.Sprintf("%x %v", got, d.Counts())
	}
	different := false
	for seed := range uint64(20) {
		first := run(seed)
		if first != run(seed) {
			t.Fatalf("seed %d gave two histories", seed)
		}
		different = different || first != run(seed+1)
	}
	if !different {
		t.Error("all seeds gave one history")
	}
}

func TestCloneIsIndependent(t *testing.T) {
	d, f := created(t, 1)
	write(t, f, []byte("synced"), 0)
	must(t, f.Sync())
	c := d.Clone(2)
	write(t, f, []byte("SYNCED"), 0)
	if got, err := c.Read("d/f"); err != nil || string(got) != "synced" {
		t.Errorf("the clone has %q, %v", got, err)
	}
}

func TestFileRules(t *testing.T) {
	d, f := created(t, 1)
	write(t, f, []byte("content"), 0)
	ro, err := d.Open("d/f")
	must(t, err)
	if _, err := ro.WriteAt([]byte("x"), 0); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("write to a file opened for reading: %v", err)
	}
	if _, err := d.Create("d/f"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("create what is there: %v", err)
	}
	for _, open := range []func(string) (journal.File, error){d.Open, d.Edit} {
		if _, err := open("d/none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("open what is not there: %v", err)
		}
	}
	must(t, f.Truncate(3), f.Truncate(5))
	if got, err := d.Read("d/f"); err != nil || string(got) != "con\x00\x00" {
		t.Errorf("cut and made longer: %q, %v", got, err)
	}
	must(t, ro.Close())
	if err := ro.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("close again: %v", err)
	}
}
