// Package fault is a disk in memory that fails the way disks do: it loses power, it fills up,
// it reports errors, and it forgets what it failed to write. It stands below package journal in
// tests and in the simulation; it implements journal.FS.
//
// What it assumes of a real disk: what was synced stays; a sector of 512 bytes that a write does
// not touch stays. What it does not assume: that unsynced writes arrive at all, in order, or
// whole; that a length arrives with its data or data with its length; that a file has a
// name before its directory was synced; that a sync that failed can be repeated.
//
// One seed, one history: with the same calls a Disk makes the same choices. It may be used from
// several goroutines, but is then only as repeatable as they are.
package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"sync"
	"syscall"

	"github.com/maru-trading/maru/adapters/store/journal"
)

// ErrPowerLoss is returned by every operation from the moment the power goes until PowerOn.
var ErrPowerLoss = errors.New("fault: the power is off")

// Plan says what goes wrong and when. Operations that change something are counted from 1 after
// Arm: making, renaming and removing files, writes, truncations, syncs. Reads are not.
type Plan struct {
	// CrashAt is the operation during which the power goes; 0: never.
	CrashAt int
	// FailAt is the operation that fails with FailWith, once; 0: none. A write that fails has
	// written a part; a sync that fails has synced a part and forgotten the rest, which reads
	// still show and no later sync writes.
	FailAt   int
	FailWith error // nil: EIO
	// BytesMax is how much all files together may hold; beyond it writes fail with ENOSPC,
	// having written what fits. 0: no limit.
	BytesMax int64
}

// Kind names a fault that happened.
type Kind string

// The kinds of fault, as Counts names them.
const (
	PowerLoss     Kind = "power_loss"     // PowerOn after the power went
	LostWrite     Kind = "lost_write"     // an unsynced write did not survive
	TornWrite     Kind = "torn_write"     // an unsynced write survived in part
	LostEntry     Kind = "lost_entry"     // an unsynced change of a directory did not survive
	FailedOp      Kind = "failed_op"      // FailAt, on anything but a sync
	FailedSync    Kind = "failed_sync"    // FailAt, on a sync
	FullDisk      Kind = "full_disk"      // BytesMax
	ForgottenData Kind = "forgotten_data" // pages that a failed sync left unwritten and clean
)

// Kinds returns every kind of fault.
func Kinds() []Kind {
	return []Kind{PowerLoss, LostWrite, TornWrite, LostEntry, FailedOp, FailedSync, FullDisk, ForgottenData}
}

// Disk is the disk and the computer's memory of it.
type Disk struct {
	mu     sync.Mutex
	rng    *rand.Rand
	plan   Plan
	ops    int
	off    bool
	boots  int // handles of an earlier boot are stale
	dirs   map[string]*directory
	counts map[Kind]int
}

// directory has entries as programs see them, and as the disk has them.
type directory struct {
	seen, disk map[string]*inode
	pending    []entryChange // in order
}

// entryChange sets to to node, and removes from, as one; either may be empty.
type entryChange struct {
	from, to string
	node     *inode
}

func (c entryChange) apply(entries map[string]*inode) {
	if c.from != "" {
		delete(entries, c.from)
	}
	if c.to != "" {
		entries[c.to] = c.node
	}
}

// NewDisk returns an empty disk whose choices follow from seed.
func NewDisk(seed uint64) *Disk {
	return &Disk{rng: rand.New(rand.NewPCG(seed, 0x6d617275)), dirs: map[string]*directory{}, counts: map[Kind]int{}}
}

// Arm sets what goes wrong from now on and counts operations from 1 again.
func (d *Disk) Arm(p Plan) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.plan, d.ops = p, 0
}

// Operations returns how many operations were counted since Arm.
func (d *Disk) Operations() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// Counts returns how often each kind of fault happened.
func (d *Disk) Counts() map[Kind]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.counts)
}

// PowerOff cuts the power now.
func (d *Disk) PowerOff() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
}

// PowerOn decides what of the unsynced survived, forgets the rest, and lets the disk be used
// again, with nothing planned. Files open before are stale.
func (d *Disk) PowerOn() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts[PowerLoss]++
	for _, name := range slices.Sorted(maps.Keys(d.dirs)) {
		dir := d.dirs[name]
		inOrder := d.rng.IntN(2) == 0 // a journaling file system keeps the order, others need not
		for _, change := range dir.pending {
			if d.rng.IntN(2) == 0 {
				change.apply(dir.disk)
				continue
			}
			d.counts[LostEntry]++
			if inOrder {
				break
			}
		}
		dir.pending = nil
		dir.seen = maps.Clone(dir.disk)
		for _, entry := range slices.Sorted(maps.Keys(dir.seen)) {
			d.settle(dir.seen[entry])
		}
	}
	d.boot()
}

// Kill ends the processes that have files open, and leaves the power on: what they wrote is
// still seen, synced or not.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.boot()
}

func (d *Disk) boot() {
	d.off = false
	d.plan, d.ops = Plan{}, 0
	d.boots++
}

// begin counts an operation. It returns crash when the power goes during it.
func (d *Disk) begin() (crash bool, err error) {
	if d.off {
		return false, ErrPowerLoss
	}
	d.ops++
	switch d.ops {
	case d.plan.CrashAt:
		d.off = true
		return true, nil
	case d.plan.FailAt:
		if d.plan.FailWith != nil {
			return false, d.plan.FailWith
		}
		return false, syscall.EIO
	}
	return false, nil
}

// change performs a change of directory entries.
func (d *Disk) change(op, name string, c entryChange) error {
	crash, err := d.begin()
	if err != nil {
		if !d.off {
			d.counts[FailedOp]++
		}
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	dir := d.dirs[path.Dir(name)]
	c.apply(dir.seen)
	dir.pending = append(dir.pending, c)
	if crash {
		return &fs.PathError{Op: op, Path: name, Err: ErrPowerLoss}
	}
	return nil
}

// lookup returns the file of that name and its directory.
func (d *Disk) lookup(op, name string) (*inode, error) {
	if d.off {
		return nil, &fs.PathError{Op: op, Path: name, Err: ErrPowerLoss}
	}
	if dir := d.dirs[path.Dir(name)]; dir != nil {
		if node := dir.seen[path.Base(name)]; node != nil {
			return node, nil
		}
	}
	return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// Mkdir implements journal.FS. Directories are durable at once.
func (d *Disk) Mkdir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: ErrPowerLoss}
	}
	if d.dirs[path.Clean(dir)] == nil {
		d.dirs[path.Clean(dir)] = &directory{seen: map[string]*inode{}, disk: map[string]*inode{}}
	}
	return nil
}

// ReadDir implements journal.FS.
func (d *Disk) ReadDir(dir string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return nil, &fs.PathError{Op: "readdir", Path: dir, Err: ErrPowerLoss}
	}
	entries := d.dirs[path.Clean(dir)]
	if entries == nil {
		return nil, &fs.PathError{Op: "readdir", Path: dir, Err: fs.ErrNotExist}
	}
	return slices.Sorted(maps.Keys(entries.seen)), nil
}

// SyncDir implements journal.FS.
func (d *Disk) SyncDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	crash, err := d.begin()
	if err == nil && crash {
		err = ErrPowerLoss
	}
	if err != nil {
		if !d.off {
			d.counts[FailedSync]++
		}
		return &fs.PathError{Op: "syncdir", Path: dir, Err: err}
	}
	entries := d.dirs[path.Clean(dir)]
	if entries == nil {
		return &fs.PathError{Op: "syncdir", Path: dir, Err: fs.ErrNotExist}
	}
	for _, c := range entries.pending {
		c.apply(entries.disk)
	}
	entries.pending = nil
	return nil
}

// Create implements journal.FS.
func (d *Disk) Create(name string) (journal.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, err := d.lookup("create", name)
	switch {
	case err == nil:
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case d.dirs[path.Dir(name)] == nil:
		return nil, fmt.Errorf("directory: %w", err)
	}
	node := &inode{}
	if err := d.change("create", name, entryChange{to: path.Base(name), node: node}); err != nil {
		return nil, err
	}
	return &file{disk: d, node: node, name: name, boot: d.boots, writable: true}, nil
}

// Open implements journal.FS.
func (d *Disk) Open(name string) (journal.File, error) { return d.open(name, false) }

// Edit implements journal.FS.
func (d *Disk) Edit(name string) (journal.File, error) { return d.open(name, true) }

func (d *Disk) open(name string, writable bool) (journal.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	node, err := d.lookup("open", name)
	if err != nil {
		return nil, err
	}
	return &file{disk: d, node: node, name: name, boot: d.boots, writable: writable}, nil
}

// Rename implements journal.FS, within one directory.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	node, err := d.lookup("rename", from)
	if err != nil {
		return err
	}
	if path.Dir(from) != path.Dir(to) {
		return &fs.PathError{Op: "rename", Path: to, Err: syscall.EXDEV}
	}
	return d.change("rename", to, entryChange{from: path.Base(from), to: path.Base(to), node: node})
}

// Remove implements journal.FS.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.lookup("remove", name); err != nil {
		return err
	}
	return d.change("remove", name, entryChange{from: path.Base(name)})
}
