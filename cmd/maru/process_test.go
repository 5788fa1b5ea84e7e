package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/store/journal"
	"github.com/maru-trading/maru/remote/wire"
	"github.com/maru-trading/maru/web"
)

// The tests here run the real program as processes of their own, and kill them. This test binary
// is that program when it finds itself started so.
const actAsMaru = "MARU_TEST_ACT_AS_MARU"

func TestMain(m *testing.M) {
	if os.Getenv(actAsMaru) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// processDeadline bounds what a test waits for a process to do.
const processDeadline = time.Minute

// process is a running maru.
type process struct {
	cmd    *exec.Cmd
	url    string
	stderr *bytes.Buffer
	exited chan error
}

var answersOn = regexp.MustCompile(`answers on (http://\S+)`)

// startMaru runs maru and waits until it says where it answers.
func startMaru(t *testing.T, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*processDeadline)
	t.Cleanup(cancel)
	p := &process{cmd: exec.CommandContext(ctx, os.Args[0], args...), stderr: new(bytes.Buffer), exited: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), actAsMaru+"=1")
	p.cmd.Stderr = p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := answersOn.FindStringSubmatch(lines.Text()); found != nil {
			p.url = found[1]
			break
		}
	}
	if p.url == "" {
		t.Fatalf("maru %v did not start: %s", args, p.stderr)
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		p.exited <- p.cmd.Wait()
	}()
	return p
}

func (p *process) end(t *testing.T, signal os.Signal) error {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.exited:
		return err
	case <-time.After(processDeadline):
		t.Fatalf("maru did not end on %v", signal)
		return nil
	}
}

func (p *process) get(t *testing.T, path string) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil // it is starting or ending
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil
	}
	return response.StatusCode, body
}

// status polls until ok says yes.
func (p *process) status(t *testing.T, what string, ok func(web.Status) bool) web.Status {
	t.Helper()
	for end := time.Now().Add(processDeadline); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
		var s web.Status
		if code, body := p.get(t, "/api/v1/status"); code == http.StatusOK && json.Unmarshal(body, &s) == nil && ok(s) {
			return s
		}
	}
	t.Fatalf("%s: not within %v\n%s", what, processDeadline, p.stderr)
	return web.Status{}
}

// busy is a configuration that orders often.
func busy(t *testing.T) (file, dir string) {
	t.Helper()
	home := t.TempDir()
	file, dir = filepath.Join(home, "maru.toml"), filepath.Join(home, "data")
	err := os.WriteFile(file, []byte(`
[http]
listen = "127.0.0.1:0"
[[venue]]
name = "sim"
[venue.sim]
seed = 5
events_per_second = 8000
[[engine]]
name = "size"
type = "criteria"
default = "even"
[[engine.class]]
name = "bids"
when = "imbalance > 0.3"
[[engine.class]]
name = "asks"
when = "imbalance < -0.3"
[[strategy]]
name = "busy"
engine = "size"
account = "paper"
[[strategy.rule]]
to = "bids"
side = "buy"
type = "limit"
offset_bps = 0
notional = "1000000"
[[strategy.rule]]
to = "asks"
close = true
[[account]]
name = "paper"
latency = "1ms"
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return file, dir
}

// events reads the journal that a process left behind.
func events(t *testing.T, dir string) []message.OrderEvent {
	t.Helper()
	j, err := journal.Open(journal.DefaultConfig(filepath.Join(dir, "journal", "paper")))
	if err != nil {
		t.Fatalf("after the kill the journal does not open: %v", err)
	}
	defer j.Close()
	var all []message.OrderEvent
	for record, err := range j.Records() {
		if err != nil {
			t.Fatal(err)
		}
		m, err := wire.Unmarshal(record.Payload)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m.(message.OrderEvent))
	}
	return all
}

// TestKilledNodeLosesNothingAcknowledged kills the program again and again at moments that it
// does not choose, and compares what it had told the outside with what it left on disk.
func TestKilledNodeLosesNothingAcknowledged(t *testing.T) {
	file, dir := busy(t)
	const kills = 5
	last := 0
	for round := range kills {
		p := startMaru(t, "run", "--plain", "-c", file)
		told := p.status(t, "fills", func(s web.Status) bool { return s.Fills > 10*(round+1) })
		_ = p.end(t, syscall.SIGKILL)

		all := events(t, dir)
		if len(all) <= last {
			t.Fatalf("round %d: %d events in the journal, %d before", round, len(all), last)
		}
		last = len(all)
		orders := map[message.ClientOrderID]int{}
		intents := map[message.IntentID]bool{}
		execs := map[string]bool{}
		status := map[string]bool{}
		for i, e := range all {
			f := e.Fields()
			if f.Seq != uint64(i+1) {
				t.Fatalf("round %d: event %d has number %d", round, i+1, f.Seq)
			}
			status[string(f.ClientOrderID)+f.Status.String()+f.CumQuantity.String()] = true
			switch f.Action {
			case message.ActionCreate:
				if orders[f.ClientOrderID]++; orders[f.ClientOrderID] > 1 || intents[e.Intent()] {
					t.Fatalf("round %d: order %s of %v is there twice", round, f.ClientOrderID, e.Intent())
				}
				intents[e.Intent()] = true
			case message.ActionFill:
				if execs[string(f.ExecID)] {
					t.Fatalf("round %d: execution %s counted twice", round, f.ExecID)
				}
				execs[string(f.ExecID)] = true
			}
		}
		for _, o := range told.Recent {
			if o.ID != "" && !status[o.ID+o.Status+o.Filled] {
				t.Fatalf("round %d: the node told of %s %s filled %s, and the journal knows nothing of it", round, o.ID, o.Status, o.Filled)
			}
		}
	}
	p := startMaru(t, "run", "--plain", "-c", file)
	p.status(t, "ready after all kills", func(s web.Status) bool { return s.Ready })
	if err := p.end(t, syscall.SIGTERM); err != nil {
		t.Fatalf("SIGTERM: %v\n%s", err, p.stderr)
	}
	report, err := journal.Verify(journal.DefaultConfig(filepath.Join(dir, "journal", "paper")))
	if err != nil || !report.Sealed || report.Broken != nil || report.Torn != "" {
		t.Fatalf("after SIGTERM: %v, %v", report, err)
	}
}

func TestSecondNodeNamesTheFirst(t *testing.T) {
	file, _ := busy(t)
	p := startMaru(t, "run", "--plain", "-c", file)
	ctx, cancel := context.WithTimeout(context.Background(), processDeadline)
	defer cancel()
	second := exec.CommandContext(ctx, os.Args[0], "run", "--plain", "-c", file)
	second.Env = append(os.Environ(), actAsMaru+"=1")
	out, err := second.CombinedOutput()
	if err == nil || !strings.Contains(string(out), fmt.Sprintf("pid %d", p.cmd.Process.Pid)) {
		t.Fatalf("the second node: %v: %s", err, out)
	}
	if err := p.end(t, os.Interrupt); err != nil {
		t.Fatalf("Ctrl-C: %v\n%s", err, p.stderr)
	}
}

func TestPromtoolHasNothingToSay(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("SKIP: promtool is not installed (Debian: prometheus)")
	}
	file, _ := busy(t)
	p := startMaru(t, "run", "--plain", "-c", file)
	p.status(t, "fills", func(s web.Status) bool { return s.Fills > 0 })
	_, metrics := p.get(t, "/metrics")
	ctx, cancel := context.WithTimeout(context.Background(), processDeadline)
	defer cancel()
	check := exec.CommandContext(ctx, promtool, "check", "metrics")
	check.Stdin = bytes.NewReader(metrics)
	if out, err := check.CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := p.end(t, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}
