//go:build unix

package dirlock_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/adapters/store/dirlock"
)

const childEnv = "MARU_DIRLOCK_TEST_CHILD"

var started = time.Date(2026, 11, 20, 9, 30, 0, 123, time.UTC)

// TestMain is also the second process: it locks, says so, and waits to be killed.
func TestMain(m *testing.M) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	if _, err := dirlock.Acquire(dir, "home", started); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("locked")
	select {}
}

func TestSecondProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "parent", "data")
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	_, err = dirlock.Acquire(dir, "other", time.Now())
	var held *dirlock.HeldError
	if !errors.As(err, &held) {
		t.Fatalf("second lock: %v", err)
	}
	want := fmt.Sprintf("data directory %s is in use by maru pid %d (node home) since 2026-11-20T09:30:00Z", dir, cmd.Process.Pid)
	if !strings.HasPrefix(err.Error(), want) {
		t.Errorf("second lock: %v\nwant %s…", err, want)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed: the error says so
	lock, err := dirlock.Acquire(dir, "other", time.Now())
	if err != nil {
		t.Fatalf("after the holder was killed: %v", err)
	}
	if lock.Dir() != dir {
		t.Errorf("Dir() = %s", lock.Dir())
	}
	for range 2 {
		if err := lock.Release(); err != nil {
			t.Errorf("release: %v", err)
		}
	}
}

func TestSameProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	lock, err := dirlock.Acquire(dir, "home", started)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dirlock.Acquire(dir, "home", started); !errors.As(err, new(*dirlock.HeldError)) {
		t.Errorf("a second lock of the same process: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, dirlock.FileName), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := dirlock.Acquire(dir, "home", started); err == nil || !strings.HasSuffix(err.Error(), "in use by another maru") {
		t.Errorf("a holder that cannot be read: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if lock, err = dirlock.Acquire(dir, "home", started); err != nil {
		t.Fatalf("after release: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}

func TestPermissions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	lock, err := dirlock.Acquire(dir, "home", started)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v: want mode 0700", info, err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o750, 0o701, 0o755} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		_, err := dirlock.Acquire(dir, "home", started)
		if !errors.As(err, new(*dirlock.PermissionsError)) || !strings.Contains(err.Error(), "chmod 700 "+dir) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{file, filepath.Join(file, "below")} {
		if _, err := dirlock.Acquire(bad, "home", started); err == nil {
			t.Errorf("%s was locked", bad)
		}
	}
}
