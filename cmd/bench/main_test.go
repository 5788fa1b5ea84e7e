package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test binary be the processes that a measurement starts, as main does.
func TestMain(m *testing.M) {
	if code, ok := child(); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// TestQuick runs every benchmark for a moment, each in a test of its own, so that none can rot.
// What a benchmark itself counts (frames, windows, credit) fails it; time never does.
func TestQuick(t *testing.T) {
	for _, b := range benches {
		t.Run(b.name, func(t *testing.T) {
			result := quick(t, "^"+b.name+"$")
			if len(result.Failed) > 0 {
				t.Fatalf("failed: %v", result.Failed)
			}
			if len(result.Rows) == 0 {
				t.Fatal("no rows")
			}
			for _, w := range result.Rows {
				if w.Bench != b.name || w.What == "" || w.Measured.Unit == "" {
					t.Errorf("incomplete row: %+v", w)
				}
				// A difference of allocations may be anything near zero; all else is above it.
				if !(w.Measured.Value > 0) && w.Measured.Unit != "/tick" {
					t.Errorf("%s: measured %v", w.What, w.Measured)
				}
				if (w.Reference == nil) != (w.Ratio == 0) || (w.Aim == "") != (w.Met == nil) {
					t.Errorf("%s: half a reference or half an aim: %+v", w.What, w)
				}
			}
		})
	}
}

// TestQuickWithoutRecordedData uses a session of our own exchange, and says so.
func TestQuickWithoutRecordedData(t *testing.T) {
	t.Setenv("MARU_DATA", t.TempDir())
	result := quick(t, "^chain-")
	if len(result.Failed) > 0 || len(result.Rows) < 2 {
		t.Fatalf("failed: %v, %d rows", result.Failed, len(result.Rows))
	}
	if !strings.Contains(result.Data, "simulated exchange") || !strings.Contains(result.Data, "MARU_DATA") {
		t.Errorf("the session is called %q", result.Data)
	}
}

// quick runs the command as a person would, and reads its JSON.
func quick(t *testing.T, pattern string) (out result) {
	t.Helper()
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), []string{"--quick", "--json", "--dir", dir, "--run", pattern}, &stdout, &stderr)
	if err := json.Unmarshal(stdout.Bytes(), &out); err != nil {
		t.Fatalf("%v: %s%s", err, stdout.String(), stderr.String())
	}
	if want := len(out.Failed) > 0; (code == exitFailed) != want {
		t.Errorf("exit code %d with failures %v", code, out.Failed)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return out
}

func TestCommandLine(t *testing.T) {
	for _, tc := range []struct {
		args    []string
		code    int
		out, is string
	}{
		{[]string{"--list"}, exitDone, "chain-memory", ""},
		{[]string{"--list", "--run", "^mail"}, exitDone, "mailbox", ""},
		{[]string{"--run", "nothing like this"}, exitMisuse, "", "--list"},
		{[]string{"--run", "("}, exitMisuse, "", "--run"},
		{[]string{"--fast"}, exitMisuse, "", "-quick"},
		{[]string{"chain"}, exitMisuse, "", `unexpected "chain"`},
		{[]string{"--run", "mailbox", "--dir", "/does/not/exist"}, exitFailed, "", "--dir"},
		{[]string{"--run", "mailbox", "--cpuprofile", "/does/not/exist"}, exitFailed, "", "--cpuprofile"},
		{[]string{"--help"}, exitDone, "", "make bench"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(context.Background(), tc.args, &stdout, &stderr); code != tc.code {
			t.Errorf("%v: exit code %d, want %d", tc.args, code, tc.code)
		}
		if !strings.Contains(stdout.String(), tc.out) || !strings.Contains(stderr.String(), tc.is) {
			t.Errorf("%v: stdout %q, stderr %q", tc.args, stdout.String(), stderr.String())
		}
	}
}

func TestInterruptedRunSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	if code := run(ctx, []string{"--quick", "--dir", t.TempDir()}, &stdout, &stderr); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	if n := strings.Count(stdout.String(), "interrupted"); n != len(benches) {
		t.Errorf("%d of %d benchmarks said that they were interrupted", n, len(benches))
	}
}
