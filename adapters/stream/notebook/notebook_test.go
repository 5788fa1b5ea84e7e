package notebook

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func open(t *testing.T, path string) (*Notebook, []string) {
	t.Helper()
	n, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	var all []string
	for r, err := range n.Records() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(r))
	}
	return n, all
}

func add(t *testing.T, n *Notebook, records ...string) {
	t.Helper()
	for _, r := range records {
		if err := n.Append([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Sync(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasSyncedIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes")
	n, _ := open(t, path)
	add(t, n, "one", "two")
	if err := n.Append([]byte("never synced")); err != nil {
		t.Fatal(err)
	}
	if _, all := open(t, path); !slices.Equal(all, []string{"one", "two"}) { // as after a crash
		t.Errorf("read %q", all)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if _, all := open(t, path); !slices.Equal(all, []string{"one", "two", "never synced"}) {
		t.Errorf("after a close: %q", all)
	}
	if err := n.Append([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestACutAnywhereLosesOnlyTheEnd: whatever the disk had of the file when the power went, whole
// records before the cut are there, and the notebook goes on behind them.
func TestACutAnywhereLosesOnlyTheEnd(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "notes")
	n, _ := open(t, path)
	records := []string{"first", "the second", "3"}
	var ends []int
	for _, r := range records {
		add(t, n, r)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int(info.Size()))
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		p := filepath.Join(dir, fmt.Sprint("cut", cut))
		if err := os.WriteFile(p, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		n, all := open(t, p)
		want := 0
		for want < len(ends) && ends[want] <= cut {
			want++
		}
		if !slices.Equal(all, records[:want]) {
			t.Fatalf("cut at %d: read %q, want %q", cut, all, records[:want])
		}
		add(t, n, "on")
		if _, all := open(t, p); !slices.Equal(all, append(slices.Clone(records[:want]), "on")) {
			t.Fatalf("cut at %d, then written: %q", cut, all)
		}
	}
}

func TestDamageIsNotReadOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes")
	n, _ := open(t, path)
	add(t, n, "first", "second")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		bad := slices.Clone(whole)
		bad[i] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if broken, err := Open(path); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d changed: %v", i, err)
			if err == nil {
				_ = broken.Close()
			}
		}
	}
}

// TestAHoleAtTheEndIsACut: the last line came to the disk without its begin.
func TestAHoleAtTheEndIsACut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes")
	n, _ := open(t, path)
	add(t, n, "first", "second")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	clear(whole[len(whole)/2 : len(whole)-2])
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if again, all := open(t, path); !slices.Equal(all, []string{"first"}) || again.Torn() == 0 {
		t.Errorf("read %q, %d bytes taken off", all, again.Torn())
	}
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes")
	n, _ := open(t, path)
	add(t, n, "a", "b", "c")
	if err := n.Replace(slices.Values([][]byte{[]byte("abc")})); err != nil {
		t.Fatal(err)
	}
	add(t, n, "d")
	if _, all := open(t, path); !slices.Equal(all, []string{"abc", "d"}) {
		t.Errorf("read %q", all)
	}
}

func TestRecordsThatCannotBeKept(t *testing.T) {
	n, _ := open(t, filepath.Join(t.TempDir(), "notes"))
	for _, r := range [][]byte{nil, []byte("a\nb"), make([]byte, RecordMax+1)} {
		if err := n.Append(r); !errors.Is(err, ErrRecord) {
			t.Errorf("%d bytes: %v", len(r), err)
		}
	}
}
