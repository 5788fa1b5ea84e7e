package logfile_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/store/logfile"
)

func TestLogStaysBounded(t *testing.T) {
	dir := t.TempDir()
	c := logfile.DefaultConfig(filepath.Join(dir, "maru.log"))
	c.BytesMax, c.FilesMax = 64<<10, 3
	w, err := logfile.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(w, nil))
	for n := range 5000 {
		log.Info("a line as a node writes it", "n", n)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%d files, %v, want 3", len(entries), err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Size() > c.BytesMax {
			t.Errorf("%s: %v, %v", e.Name(), info, err)
		}
	}
	b, err := os.ReadFile(c.Path)
	if err != nil || !strings.HasSuffix(string(b), "n=4999\n") {
		t.Errorf("the newest line is not at the end: %v", err)
	}
}

func TestConfig(t *testing.T) {
	if err := logfile.DefaultConfig("maru.log").Validate(); err != nil {
		t.Error(err)
	}
	if _, err := logfile.Open(logfile.Config{BytesMax: 10}); err == nil || strings.Count(err.Error(), "want") != 3 {
		t.Errorf("an invalid configuration: %v", err)
	}
	if _, err := logfile.Open(logfile.DefaultConfig(filepath.Join(t.TempDir(), "no", "maru.log"))); err == nil {
		t.Error("a log in no directory was opened")
	}
}
