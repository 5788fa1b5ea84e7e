package journal_test

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"

	"github.com/maru-trading/maru/adapters/store/fault"
	"github.com/maru-trading/maru/adapters/store/journal"
)

// gate is a disk whose syncs wait until they are let through.
type gate struct {
	*fault.Disk
	entered, pass chan struct{}
	open          bool // before the test begins
}

type gatedFile struct {
	journal.File
	gate *gate
}

func (g *gate) Create(name string) (journal.File, error) {
	f, err := g.Disk.Create(name)
	return gatedFile{f, g}, err
}

func (f gatedFile) Sync() error {
	if !f.gate.open {
		f.gate.entered <- struct{}{}
		<-f.gate.pass
	}
	return f.File.Sync()
}

func committer(t *testing.T, c journal.CommitterConfig) (*gate, *journal.Journal, *journal.Committer) {
	t.Helper()
	g := &gate{Disk: fault.NewDisk(1), entered: make(chan struct{}), pass: make(chan struct{}), open: true}
	jc := config(g.Disk)
	jc.FS = g
	jc.SegmentBytesMax = 1 << 20
	j, err := journal.Open(jc)
	if err != nil {
		t.Fatal(err)
	}
	g.open = false
	k, err := journal.NewCommitter(j, c)
	if err != nil {
		t.Fatal(err)
	}
	return g, j, k
}

// answers collects what done was called with.
type answers struct {
	mu  sync.Mutex
	got []string
}

func (a *answers) done(name string) func(uint64, error) {
	return func(seq uint64, err error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if err != nil {
			a.got = append(a.got, name+" failed")
			return
		}
		a.got = append(a.got, fmt.Sprintf("%s %d", name, seq))
	}
}

func TestCommitterGroupsWhatWaits(t *testing.T) {
	g, j, k := committer(t, journal.CommitterConfig{QueueMax: 3, QueueBytesMax: 1 << 20, BatchBytesMax: 1 << 20})
	var a answers
	submit := func(name string, n int) error {
		payloads := make([][]byte, n)
		for i := range payloads {
			payloads[i] = fmt.Appendf(nil, "%s%d", name, i)
		}
		return k.Submit(payloads, a.done(name))
	}
	if err := submit("a", 1); err != nil {
		t.Fatal(err)
	}
	<-g.entered // a is being synced; the rest waits behind it
	for i, n := range []int{2, 1, 3} {
		if err := submit(string(rune('b'+i)), n); err != nil {
			t.Fatal(err)
		}
	}
	if err := submit("e", 1); !errors.Is(err, journal.ErrQueueFull) {
		t.Fatalf("the fourth in a queue of three: %v", err)
	}
	g.pass <- struct{}{}
	<-g.entered // b, c and d together
	closed := make(chan error)
	go func() { closed <- k.Close() }()
	g.pass <- struct{}{}
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(a.got), "[a 1 b 3 c 4 d 7]"; got != want {
		t.Errorf("answers %s, want %s", got, want)
	}
	if s := k.Stats(); s.Batches != 2 || s.Records != 7 || s.Refused != 1 || s.Waiting != 0 {
		t.Errorf("stats %+v", s)
	}
	if err := k.Submit([][]byte{nil}, nil); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Submit after Close: %v", err)
	}
	if s := j.Stats(); s.SyncedSeq != 7 {
		t.Errorf("journal %+v", s)
	}
}

// One goroutine appends while another's sync waits for the disk; the sync vouches only for what
// was there when it began.
func TestAppendDuringSync(t *testing.T) {
	g, j, k := committer(t, journal.DefaultCommitterConfig())
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	appended := func(want uint64) {
		t.Helper()
		if seq, err := j.Append([]byte("x")); seq != want || err != nil {
			t.Fatalf("Append = %d, %v, want %d", seq, err, want)
		}
	}
	appended(1)
	synced := make(chan error)
	sync := func() { synced <- j.Sync() }
	go sync()
	<-g.entered
	appended(2)
	g.pass <- struct{}{}
	if err := <-synced; err != nil {
		t.Fatal(err)
	}
	if s := j.Stats(); s.SyncedSeq != 1 || s.LastSeq != 2 {
		t.Fatalf("after the sync of record 1: %+v", s)
	}
	go sync()
	<-g.entered
	appended(3)
	rotated := make(chan error)
	go func() { rotated <- j.Rotate() }() // waits for the sync, then syncs the rest itself
	g.pass <- struct{}{}
	if err := <-synced; err != nil {
		t.Fatal(err)
	}
	for range 2 { // record 3, the header of the new segment
		<-g.entered
		g.pass <- struct{}{}
	}
	if err := <-rotated; err != nil {
		t.Fatal(err)
	}
	if s := j.Stats(); s.SyncedSeq != 3 || s.Segments != 2 {
		t.Fatalf("after rotating: %+v", s)
	}
	appended(4)
	go sync()
	<-g.entered
	g.Arm(fault.Plan{FailAt: 1})
	if _, err := j.Append([]byte("x")); !errors.Is(err, journal.ErrFailed) {
		t.Fatalf("Append to a failing disk: %v", err)
	}
	g.pass <- struct{}{}
	if err := <-synced; !errors.Is(err, journal.ErrFailed) {
		t.Fatalf("a sync during which a write failed: %v", err)
	}
}

func TestCommitterTellsEveryoneOfAFailure(t *testing.T) {
	g, _, k := committer(t, journal.CommitterConfig{QueueMax: 10, QueueBytesMax: 1 << 20, BatchBytesMax: 1})
	var a answers
	for _, name := range []string{"a", "b", "c"} {
		if err := k.Submit([][]byte{[]byte(name)}, a.done(name)); err != nil {
			t.Fatal(err)
		}
		if name == "a" {
			<-g.entered
		}
	}
	g.Arm(fault.Plan{FailAt: 1, FailWith: syscall.EIO})
	g.pass <- struct{}{} // one sync only: after the failure no other may follow
	err := k.Close()
	if !errors.Is(err, journal.ErrFailed) || !errors.Is(err, syscall.EIO) {
		t.Fatalf("Close: %v", err)
	}
	if got, want := fmt.Sprint(a.got), "[a failed b failed c failed]"; got != want {
		t.Errorf("answers %s, want %s", got, want)
	}
	if err := k.Submit([][]byte{nil}, nil); !errors.Is(err, syscall.EIO) {
		t.Errorf("Submit after the failure: %v", err)
	}
}

func TestCommitterLimitsBytes(t *testing.T) {
	g, _, k := committer(t, journal.CommitterConfig{QueueMax: 100, QueueBytesMax: 1000, BatchBytesMax: 1000})
	var a answers
	big := [][]byte{make([]byte, 4000)}
	if err := k.Submit(big, a.done("a")); err != nil {
		t.Fatalf("a large one alone: %v", err)
	}
	<-g.entered
	if err := k.Submit(big, a.done("b")); err != nil {
		t.Fatalf("a large one with nothing waiting: %v", err)
	}
	if err := k.Submit([][]byte{nil}, nil); !errors.Is(err, journal.ErrQueueFull) {
		t.Fatalf("a small one behind a large one: %v", err)
	}
	if err := k.Submit([][]byte{make([]byte, 5000)}, nil); !errors.Is(err, journal.ErrTooLarge) {
		t.Fatalf("a payload beyond the journal's limit: %v", err)
	}
	g.pass <- struct{}{}
	<-g.entered
	g.pass <- struct{}{}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(a.got), "[a 1 b 2]"; got != want {
		t.Errorf("answers %s, want %s", got, want)
	}
}

// Many submitters at once: each sees its own submissions acknowledged in order, and every
// record is where its acknowledgment says.
func TestCommitterConcurrently(t *testing.T) {
	disk := fault.NewDisk(1)
	j, err := journal.Open(config(disk))
	if err != nil {
		t.Fatal(err)
	}
	k, err := journal.NewCommitter(j, journal.DefaultCommitterConfig())
	if err != nil {
		t.Fatal(err)
	}
	const submitters, each = 16, 100
	var mu sync.Mutex
	want := map[uint64]string{}
	var wg sync.WaitGroup
	for s := range submitters {
		wg.Go(func() {
			last := make(chan uint64, 1)
			previous := uint64(0)
			for n := range each {
				payload := fmt.Sprintf("%d/%d", s, n)
				if err := k.Submit([][]byte{[]byte(payload)}, func(seq uint64, err error) {
					if err != nil {
						t.Errorf("%s: %v", payload, err)
					}
					last <- seq
				}); err != nil {
					t.Errorf("%s: %v", payload, err)
					return
				}
				seq := <-last
				if seq <= previous {
					t.Errorf("%s: record %d after %d", payload, seq, previous)
				}
				previous = seq
				mu.Lock()
				want[seq] = payload
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for rec, err := range j.Records() {
		if err != nil {
			t.Fatal(err)
		}
		if want[rec.Seq] != string(rec.Payload) {
			t.Fatalf("record %d is %q, acknowledged was %q", rec.Seq, rec.Payload, want[rec.Seq])
		}
		n++
	}
	if n != submitters*each {
		t.Fatalf("%d records, want %d", n, submitters*each)
	}
}
