package rotate_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/maru-trading/maru/internal/rotate"
)

func open(t *testing.T, path string, bytes int64, files int) *rotate.Writer {
	t.Helper()
	w, err := rotate.Open(rotate.Config{Path: path, BytesMax: bytes, FilesMax: files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func write(t *testing.T, w *rotate.Writer, text string) {
	t.Helper()
	if n, err := w.Write([]byte(text)); err != nil || n != len(text) {
		t.Fatalf("Write(%q) = %d, %v", text, n, err)
	}
}

// contents returns all files, oldest first.
func contents(t *testing.T, path string) string {
	t.Helper()
	files, err := rotate.Files(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.ReplaceAll(string(b), "\n", "."))
	}
	return strings.Join(all, " | ")
}

func TestRotate(t *testing.T) {
	for files, want := range map[int]string{1: "g.h.", 2: "e.f. | g.h.", 3: "c.d. | e.f. | g.h.", 9: "a.b. | c.d. | e.f. | g.h."} {
		path := filepath.Join(t.TempDir(), "log")
		w := open(t, path, 5, files)
		for _, line := range []string{"a\n", "b\n", "c\n", "d\n", "e\n", "f\n", "g\n", "h\n"} {
			write(t, w, line)
		}
		if got := contents(t, path); got != want {
			t.Errorf("%d files: %q, want %q", files, got, want)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v: want the file for the owner only", info, err)
		}
	}
}

func TestContinuesWhereItStopped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w := open(t, path, 10, 2)
	write(t, w, "one\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("x\n")); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
	write(t, open(t, path, 10, 2), "two\n")
	if err := os.WriteFile(path, []byte("one\ntorn"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, open(t, path, 100, 2), "two\n")
	if got, want := contents(t, path), "one.torn.two."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFewerFilesThanBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w := open(t, path, 2, 9)
	for _, line := range []string{"a\n", "b\n", "c\n", "d\n", "e\n"} {
		write(t, w, line)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path, 2, 2)
	if got, want := contents(t, path), "d. | e."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRefusals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w := open(t, path, 5, 2)
	write(t, w, "abc\n")
	if _, err := w.Write([]byte("too long\n")); !errors.Is(err, rotate.ErrTooLarge) {
		t.Errorf("a line longer than a file: %v", err)
	}
	if got := contents(t, path); got != "abc." {
		t.Errorf("a refusal wrote: %q", got)
	}
	if _, err := rotate.Open(rotate.Config{FilesMax: 5000}); err == nil || strings.Count(err.Error(), "want") != 3 {
		t.Errorf("an invalid configuration: %v", err)
	}
	if _, err := rotate.Open(rotate.Config{Path: filepath.Join(path, "below", "a", "file"), BytesMax: 1, FilesMax: 1}); err == nil {
		t.Error("a path that cannot be was opened")
	}
	if _, err := rotate.Files(filepath.Join(t.TempDir(), "no", "dir")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("files of no directory: %v", err)
	}
}

// A rotation that fails loses the line, says so, and works again once the way is free.
func TestRecoversFromAFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w := open(t, path, 5, 2)
	write(t, w, "abc\n")
	blocker := filepath.Join(path+".1", "in the way") // a directory that is not empty cannot be replaced
	if err := os.MkdirAll(blocker, 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := w.Write([]byte("def\n")); err == nil {
			t.Fatal("rotated onto a directory")
		}
	}
	if err := os.RemoveAll(path + ".1"); err != nil {
		t.Fatal(err)
	}
	write(t, w, "ghi\n")
	if got, want := contents(t, path), "abc. | ghi."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestConcurrently(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w := open(t, path, 1000, 100)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for n := range 100 {
				if _, err := fmt.Fprintf(w, "%d-%d\n", g, n); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := strings.Count(contents(t, path), "."); got != 800 {
		t.Errorf("%d lines, want 800", got)
	}
}
