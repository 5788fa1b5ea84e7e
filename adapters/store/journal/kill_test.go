package journal_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-trading/maru/adapters/store/journal"
)

const childEnv = "MARU_JOURNAL_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		fmt.Fprintln(os.Stderr, child(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// child appends from several goroutines and prints a line for each acknowledgment until it is
// killed.
func child(dir string) error {
	c := journal.DefaultConfig(dir)
	c.SegmentBytesMax = 16 << 10
	j, err := journal.Open(c)
	if err != nil {
		return err
	}
	k, err := journal.NewCommitter(j, journal.DefaultCommitterConfig())
	if err != nil {
		return err
	}
	failed := make(chan error)
	for g := range 8 {
		go func() {
			acked := make(chan error)
			for n := 0; ; n++ {
				payload := fmt.Sprintf("%d-%d-%d-%s", os.Getpid(), g, n, strings.Repeat("x", n%200))
				err := k.Submit([][]byte{[]byte(payload)}, func(seq uint64, err error) {
					if err == nil {
						_, err = fmt.Fprintf(os.Stdout, "%d %s\n", seq, payload)
					}
					go func() { acked <- err }()
				})
				if err == nil {
					err = <-acked
				}
				if err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// A real process on a real disk is killed at a random acknowledgment, several times on the same
// journal: whatever was acknowledged is there.
func TestSIGKILL(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	acked := map[uint64]string{}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1)) // other moments in every run
	for round := range 8 {
		before := len(acked)
		killAfter := 1 + rng.IntN(400)
		cmd := exec.Command(self, "-test.run=^$")
		cmd.Env = append(os.Environ(), childEnv+"="+dir)
		var complaint strings.Builder
		cmd.Stderr = &complaint
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := sync.OnceFunc(func() { _ = cmd.Process.Kill() })
		deadline := time.AfterFunc(20*time.Second, kill)
		lines := bufio.NewScanner(out)
		for n := 1; lines.Scan(); n++ {
			var seq uint64
			var payload string
			// The kill may cut the last line; its acknowledgment was not given then.
			if _, err := fmt.Sscanf(lines.Text(), "%d %s", &seq, &payload); err == nil && wellFormed(payload) {
				acked[seq] = payload
			}
			if n == killAfter {
				kill()
			}
		}
		deadline.Stop()
		_ = cmd.Wait() // it was killed: the error says so
		if complaint.Len() > 0 {
			t.Fatalf("round %d: child: %s", round, complaint.String())
		}
		if got := len(acked) - before; got < killAfter {
			t.Fatalf("round %d: %d acknowledgments, want at least %d", round, got, killAfter)
		}
		there := map[uint64]string{}
		c := journal.DefaultConfig(dir)
		j, err := journal.Open(c)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if j.Recovery().Sealed {
			t.Fatalf("round %d: a killed process sealed its journal", round)
		}
		for rec, err := range j.Records() {
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			there[rec.Seq] = string(rec.Payload)
		}
		for seq, payload := range acked {
			if there[seq] != payload {
				t.Fatalf("round %d: record %d was acknowledged as %q and is %q", round, seq, payload, there[seq])
			}
		}
		// The next child opens what no one closed.
	}
	t.Logf("%d acknowledgments over 8 kills", len(acked))
	c := journal.DefaultConfig(dir)
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	report, err := journal.Verify(c)
	if err != nil || report.Broken != nil {
		t.Fatalf("%v, %v", report, err)
	}
}

// wellFormed reports whether a payload has the length that its number says.
func wellFormed(payload string) bool {
	var pid, g, n int
	head, tail, _ := strings.Cut(payload, "x")
	if _, err := fmt.Sscanf(head, "%d-%d-%d-", &pid, &g, &n); err != nil {
		return false
	}
	want := n % 200
	if want == 0 {
		return strings.HasSuffix(payload, "-")
	}
	return len(tail)+1 == want
}
