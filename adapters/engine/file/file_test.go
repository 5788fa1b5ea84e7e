package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, path, text string, at time.Time) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, at, at)); err != nil {
		t.Fatal(err)
	}
}

func TestSource(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.txt")
	s, day := New(path), time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	if _, _, err := s.Open(t.Context(), ""); !errors.Is(err, fs.ErrNotExist) && (err == nil || !strings.Contains(err.Error(), "no such file")) {
		t.Error(err)
	}
	read := func(seen, want string) string {
		t.Helper()
		file, mark, err := s.Open(t.Context(), seen)
		if err != nil {
			t.Fatal(err)
		}
		if file == nil {
			if want != "" || mark != seen {
				t.Errorf("nothing new with mark %q, want %q", mark, want)
			}
			return mark
		}
		text, err := io.ReadAll(file)
		if err = errors.Join(err, file.Close()); err != nil || string(text) != want {
			t.Errorf("%q, want %q; %v", text, want, err)
		}
		return mark
	}
	write(t, path, "one", day)
	first := read("", "one")
	read(first, "")
	write(t, path, "three", day) // another size, at the same time
	second := read(first, "three")
	write(t, path, "seven", day.Add(time.Nanosecond))
	third := read(second, "seven")
	if first == second || second == third {
		t.Error(first, second, third)
	}
	// Renamed over it while it is read: what is read is the old one, whole, and the next look finds the new one.
	file, mark, err := s.Open(t.Context(), "")
	if err != nil || mark != third {
		t.Fatal(mark, err)
	}
	write(t, path+".new", "eleven", day)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(file); err != nil || string(text) != "seven" {
		t.Errorf("%q %v", text, err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	read(third, "eleven")
}

// TestSourceChanged holds that a file that is written to while it is read is no version at all.
func TestSourceChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.txt")
	write(t, path, strings.Repeat("a", 100), time.Now().Add(-time.Hour))
	file, _, err := New(path).Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(file, make([]byte, 50)); err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.Repeat("b", 100), time.Now())
	if _, err := io.ReadAll(file); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}

func TestSourceRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := New(dir).Open(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Error(err)
	}
	path := filepath.Join(dir, "model.txt")
	write(t, path, "one", time.Now())
	ctx, cancel := context.WithCancel(t.Context())
	file, _, err := New(path).Open(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := file.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}
