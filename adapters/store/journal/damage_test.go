package journal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"path"
	"runtime"
	"slices"
	"testing"

	"github.com/maru-trading/maru/adapters/store/fault"
	"github.com/maru-trading/maru/adapters/store/journal"
)

const (
	headBytes   = 56 // of a record
	headerBytes = 64 // of a segment
)

// filled returns a disk with a journal of records 1 to n in several segments, each synced by
// itself, closed or left open.
func filled(t testing.TB, n int, closed bool) *fault.Disk {
	t.Helper()
	disk := fault.NewDisk(7)
	j, err := journal.Open(config(disk))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		if _, err := j.Append(bytes.Repeat([]byte{byte(i)}, 100+i)); err != nil {
			t.Fatal(err)
		}
		if err := j.Sync(); err != nil {
			t.Fatal(err)
		}
		if i%(n/3) == 0 && i < n {
			if err := j.Rotate(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if closed {
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	} else {
		disk.Kill()
	}
	return disk
}

func segments(t testing.TB, disk *fault.Disk) []string {
	t.Helper()
	names, err := disk.ReadDir("journal")
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = path.Join("journal", names[i])
	}
	return names
}

func content(t testing.TB, disk *fault.Disk, name string) []byte {
	t.Helper()
	b, err := disk.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t testing.TB, disk *fault.Disk, name string, b []byte) {
	t.Helper()
	if err := disk.Put(name, b); err != nil {
		t.Fatal(err)
	}
}

// at returns the number of the record that holds the byte at off of a segment; of a header and a
// seal, that of the record after it.
func at(b []byte, off int) (seq uint64, seal bool) {
	next := binary.LittleEndian.Uint64(b[16:])
	for o := headerBytes; ; {
		n := binary.LittleEndian.Uint32(b[o+4:])
		end := o + headBytes + int(n&0xffffff)
		if off < end {
			return next, n>>24 == 1 && off >= o
		}
		if n>>24 == 0 {
			next++
		}
		o = end
	}
}

func verify(t testing.TB, disk *fault.Disk) journal.Report {
	t.Helper()
	report, err := journal.Verify(config(disk))
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return report
}

// Every byte of a closed journal is changed, one at a time: it is always found, at the right
// record, and Open refuses, unless what was changed is the seal.
func TestEveryChangedByteIsFound(t *testing.T) {
	for _, closed := range []bool{true, false} {
		disk := filled(t, 12, closed)
		rng := rand.New(rand.NewPCG(3, 4))
		names := segments(t, disk)
		if len(names) != 3 {
			t.Fatalf("%d segments, want 3", len(names))
		}
		for s, name := range names {
			sound := content(t, disk, name)
			for off := range sound {
				bad := bytes.Clone(sound)
				bad[off] ^= 1 << rng.IntN(8)
				put(t, disk, name, bad)
				report := verify(t, disk)
				seq, seal := at(sound, off)
				newest := !closed && seq == 12 // nothing behind it says that it was synced
				if s == len(names)-1 && off >= headerBytes && (seal || newest) {
					if report.Broken == nil && report.Torn == "" {
						t.Fatalf("%s byte %d (end): not found: %v", name, off, report)
					}
					if want := uint64(12); seal && report.Records != want {
						t.Fatalf("%s byte %d (seal): %d records, want %d", name, off, report.Records, want)
					}
					continue
				}
				if report.Broken == nil || report.Broken.File != name || report.Broken.Record != seq {
					t.Fatalf("%s byte %d of record %d changed: %v", name, off, seq, report)
				}
				if _, err := journal.Open(config(disk)); !errors.Is(err, journal.ErrCorrupt) {
					t.Fatalf("%s byte %d changed: Open says %v", name, off, err)
				}
				if !bytes.Equal(content(t, disk, name), bad) {
					t.Fatalf("%s byte %d changed: Open refused and yet wrote", name, off)
				}
			}
			put(t, disk, name, sound)
		}
		if report := verify(t, disk); report.Broken != nil || report.Records != 12 || report.Sealed != closed {
			t.Fatalf("after all was put back: %v", report)
		}
	}
}

// A journal is cut at every length: what Open then shows are the first records, whole.
func TestEveryCut(t *testing.T) {
	disk := filled(t, 9, false)
	names := segments(t, disk)
	last := names[len(names)-1]
	sound := content(t, disk, last)
	first := binary.LittleEndian.Uint64(sound[16:])
	for n := range len(sound) {
		put(t, disk, last, sound[:n])
		want := first - 1
		if n >= headerBytes {
			seq, _ := at(sound, n)
			want = seq - 1
		}
		d := disk.Clone(uint64(n))
		j, err := journal.Open(config(d))
		if err != nil {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
		if got := j.Recovery(); got.LastSeq != want || got.Sealed {
			t.Fatalf("cut to %d bytes: %v, want last record %d", n, got, want)
		}
		if seq, err := j.Append([]byte("next")); err != nil || seq != want+1 {
			t.Fatalf("cut to %d bytes: Append = %d, %v, want %d", n, seq, err, want+1)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if report := verify(t, d); report.Broken != nil || report.LastSeq != want+1 {
			t.Fatalf("cut to %d bytes and written on: %v", n, report)
		}
	}
}

// forge gives record seq of a segment another payload byte and repairs its checksum; with chain
// also its own hash, from the chain before it.
func forge(b []byte, seq uint64, chain bool) {
	prev := b[24:56]
	for o, n := headerBytes, binary.LittleEndian.Uint64(b[16:]); ; n++ {
		end := o + headBytes + int(binary.LittleEndian.Uint32(b[o+4:])&0xffffff)
		rec := b[o:end]
		if n != seq {
			prev, o = rec[24:56], end
			continue
		}
		rec[headBytes] ^= 0xff
		if chain {
			copy(rec[24:56], prev)
			sum := sha256.Sum256(rec[4:])
			copy(rec[24:56], sum[:])
		}
		binary.LittleEndian.PutUint32(rec, crc32.Checksum(rec[4:], crc32.MakeTable(crc32.Castagnoli)))
		return
	}
}

func TestForgery(t *testing.T) {
	cut := func(b []byte, seq uint64) []byte {
		o := headerBytes
		for n := binary.LittleEndian.Uint64(b[16:]); n < seq; n++ {
			o += headBytes + int(binary.LittleEndian.Uint32(b[o+4:])&0xffffff)
		}
		return slices.Delete(b, o, o+headBytes+int(binary.LittleEndian.Uint32(b[o+4:])&0xffffff))
	}
	tests := []struct {
		name   string
		forge  func(disk *fault.Disk, names []string)
		broken uint64
	}{
		{"payload and checksum", func(d *fault.Disk, names []string) {
			b := content(t, d, names[0])
			forge(b, 2, false)
			put(t, d, names[0], b)
		}, 2},
		{"payload, checksum and its own hash", func(d *fault.Disk, names []string) {
			b := content(t, d, names[0])
			forge(b, 2, true)
			put(t, d, names[0], b)
		}, 3},
		{"the last record of a segment, all made good", func(d *fault.Disk, names []string) {
			b := content(t, d, names[0])
			forge(b, 4, true)
			put(t, d, names[0], b)
		}, 5},
		{"the last record of a closed journal, all made good", func(d *fault.Disk, names []string) {
			b := content(t, d, names[2])
			forge(b, 12, true)
			put(t, d, names[2], b)
		}, 13},
		{"a record cut out", func(d *fault.Disk, names []string) {
			put(t, d, names[1], cut(content(t, d, names[1]), 6))
		}, 6},
		{"a segment removed", func(d *fault.Disk, names []string) {
			if err := d.Remove(names[1]); err != nil {
				t.Fatal(err)
			}
		}, 5},
		{"a segment of another journal", func(d *fault.Disk, names []string) {
			other := fault.NewDisk(1)
			w := newWorkload(1)
			w.kept = 1
			j, err := journal.Open(config(other))
			if err != nil {
				t.Fatal(err)
			}
			for range 4 {
				if _, err := j.Append([]byte("other")); err != nil {
					t.Fatal(err)
				}
			}
			if err := j.Rotate(); err != nil {
				t.Fatal(err)
			}
			put(t, d, names[1], content(t, other, segments(t, other)[1]))
		}, 5},
		{"a segment under another's name", func(d *fault.Disk, names []string) {
			put(t, d, names[1], content(t, d, names[2]))
		}, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			disk := filled(t, 12, true)
			test.forge(disk, segments(t, disk))
			report := verify(t, disk)
			if report.Broken == nil || report.Broken.Record != test.broken {
				t.Fatalf("%v, want record %d broken", report, test.broken)
			}
			if _, err := journal.Open(config(disk)); !errors.Is(err, journal.ErrCorrupt) {
				t.Fatalf("Open says %v", err)
			}
		})
	}
}

// What was altered while a journal is open is found when it is read again.
func TestRecordsVerify(t *testing.T) {
	disk := filled(t, 12, true)
	j, err := journal.Open(config(disk))
	if err != nil {
		t.Fatal(err)
	}
	name := segments(t, disk)[1]
	b := content(t, disk, name)
	forge(b, 6, false)
	put(t, disk, name, b)
	var last uint64
	var failed error
	for rec, err := range j.Records() {
		if failed = err; err == nil {
			last = rec.Seq
		}
	}
	var broken *journal.CorruptError
	if !errors.As(failed, &broken) || broken.Record != 6 || last != 5 {
		t.Fatalf("records end at %d with %v, want record 6 broken", last, failed)
	}
}

func TestRecordsAfter(t *testing.T) {
	disk := filled(t, 12, true)
	j, err := journal.Open(config(disk))
	if err != nil {
		t.Fatal(err)
	}
	after := func(seq uint64) string {
		var got []uint64
		for rec, err := range j.RecordsAfter(seq) {
			if err != nil {
				return err.Error()
			}
			got = append(got, rec.Seq)
		}
		return fmt.Sprint(got)
	}
	for seq := range uint64(15) {
		var want []uint64
		for n := seq + 1; n <= 12; n++ {
			want = append(want, n)
		}
		if got := after(seq); got != fmt.Sprint(want) {
			t.Errorf("records after %d: %s, want %v", seq, got, want)
		}
	}
	for range j.Records() {
		break // stopping early is no fault
	}
	if n, err := j.Prune(7); n != 1 || err != nil {
		t.Fatalf("Prune(7) = %d, %v", n, err)
	}
	if got, want := after(4), "[5 6 7 8 9 10 11 12]"; got != want {
		t.Errorf("after pruning: %s, want %s", got, want)
	}
	if got, want := after(3), "journal: records after 3: those before 5 were pruned"; got != want {
		t.Errorf("after pruning: %s, want %s", got, want)
	}
	if got := j.Stats(); got.FirstSeq != 5 || got.Segments != 2 || got.LastSeq != 12 || got.SyncedSeq != 12 {
		t.Errorf("after pruning: %+v", got)
	}
	if n, err := j.Prune(1000); n != 1 || err != nil {
		t.Fatalf("Prune(1000) = %d, %v: the last segment must stay", n, err)
	}
	if report := verify(t, disk); report.Broken != nil || report.FirstSeq != 9 || report.LastSeq != 12 {
		t.Errorf("after pruning: %v", report)
	}
}

func TestTooLarge(t *testing.T) {
	j, err := journal.Open(config(fault.NewDisk(1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append([]byte("fits"), make([]byte, 4097)); !errors.Is(err, journal.ErrTooLarge) {
		t.Fatalf("payload beyond the limit: %v", err)
	}
	if _, err := j.Append(slices.Repeat([][]byte{make([]byte, 4096)}, 9000)...); !errors.Is(err, journal.ErrTooLarge) {
		t.Fatalf("call beyond the limit: %v", err)
	}
	if seq, err := j.Append(make([]byte, 4096), nil); seq != 2 || err != nil {
		t.Fatalf("Append = %d, %v: a refusal must do no harm", seq, err)
	}
	if seq, err := j.Append(); seq != 2 || err != nil {
		t.Fatalf("Append of nothing = %d, %v", seq, err)
	}
}

// A journal that states long records must not make its reader reserve room for them.
func TestMemoryIsBounded(t *testing.T) {
	disk := filled(t, 3, true)
	name := segments(t, disk)[0]
	b := content(t, disk, name)
	copy(b[headerBytes+4:], "\xff\xff\xff\x00")
	put(t, disk, name, b)
	c := config(disk)
	c.RecordBytesMax = 1<<24 - 1
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := journal.Open(c); !errors.Is(err, journal.ErrCorrupt) {
		t.Fatalf("Open: %v", err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Fatalf("%d bytes were allocated to read a journal of 1 kB", used)
	}
}

func TestConfigNamesEveryFault(t *testing.T) {
	if err := journal.DefaultConfig("x").Validate(); err != nil {
		t.Error(err)
	}
	if err := journal.DefaultCommitterConfig().Validate(); err != nil {
		t.Error(err)
	}
	for want, err := range map[int]error{4: (journal.Config{}).Validate(), 3: (journal.CommitterConfig{}).Validate()} {
		if got := len(err.(interface{ Unwrap() []error }).Unwrap()); got != want {
			t.Errorf("%d faults named, want %d: %v", got, want, err)
		}
	}
	if _, err := journal.Verify(config(fault.NewDisk(1))); err == nil {
		t.Error("Verify of nothing succeeded")
	}
}

// Whatever lies in a segment, Open answers, and what it accepts can be read and written on.
func FuzzOpen(f *testing.F) {
	for _, closed := range []bool{true, false} {
		disk := filled(f, 3, closed)
		for _, name := range segments(f, disk) {
			b := content(f, disk, name)
			f.Add(b)
			f.Add(b[:len(b)-30])
			f.Add(append(bytes.Clone(b), make([]byte, 1000)...))
		}
	}
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		disk := fault.NewDisk(1)
		if err := disk.Mkdir("journal"); err != nil {
			t.Fatal(err)
		}
		put(t, disk, "journal/00000000000000000001.journal", b)
		j, err := journal.Open(config(disk))
		if err != nil {
			if !errors.Is(err, journal.ErrCorrupt) {
				t.Fatalf("refused for another reason than damage: %v", err)
			}
			return
		}
		var last uint64
		for rec, err := range j.Records() {
			if err != nil {
				t.Fatalf("accepted and not readable: %v", err)
			}
			last = rec.Seq
		}
		if seq, err := j.Append([]byte("next")); err != nil || seq != last+1 {
			t.Fatalf("Append = %d, %v behind record %d", seq, err, last)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, disk); r.Broken != nil || r.LastSeq != last+1 || !r.Sealed {
			t.Fatalf("after writing on: %v", r)
		}
	})
}
