package stdio

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds what a test waits for a process of its own to do.
const patience = 20 * time.Second

// TestMain is also every program that the tests run.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "program" {
		programs[os.Args[2]]()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// programs are the programs, by what they do wrong.
var programs = map[string]func(){
	"echo": func() {
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			fmt.Println(in.Text())
		}
	},
	"flood": func() {
		for {
			if _, err := fmt.Println("again"); err != nil {
				return
			}
		}
	},
	"long": func() {
		for {
			if _, err := fmt.Print("no end "); err != nil {
				return
			}
		}
	},
	"midline": func() { fmt.Print("whole\nha") },
	"exit":    func() { os.Exit(3) },
	"deaf":    hang,
	"stubborn": func() {
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		hang()
	},
	"gentle": func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		os.Exit(0)
	},
	"stderr": func() {
		for i := range 5000 {
			fmt.Fprintln(os.Stderr, "complaint", i)
		}
		fmt.Fprint(os.Stderr, "the last\x1b[31m word")
	},
	"environment": func() {
		for _, v := range os.Environ() {
			fmt.Println(v)
		}
	},
	"parent": func() { // leaves a child behind that holds its output
		child := exec.Command(os.Args[0], "program", "stubborn")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println(child.Process.Pid)
	},
	"node": func() { // runs a program of its own until it is killed
		e := newEars()
		if _, err := NewHost().Start(config("stubborn"), e); err != nil {
			panic(err)
		}
		<-e.said
		fmt.Println(e.pid(os.Getpid()))
		hang()
	},
}

// hang does nothing, for longer than any test takes.
func hang() { <-time.After(time.Hour) }

func config(mode string) Config {
	c := DefaultConfig()
	c.Name, c.Command = mode, []string{os.Args[0], "program", mode}
	c.MemoryMax = 0 // the race detector's shadow is larger than any bound
	c.Grace, c.Drain = 200*time.Millisecond, 500*time.Millisecond
	return c
}

// ears write down what is heard.
type ears struct {
	mu    sync.Mutex
	lines []string
	said  chan struct{} // a token for each line, as far as there is room
	ended chan string
}

func newEars() *ears { return &ears{said: make(chan struct{}, 1<<16), ended: make(chan string, 2)} }

func (e *ears) Line(line []byte) {
	e.mu.Lock()
	e.lines = append(e.lines, string(line))
	e.mu.Unlock()
	e.said <- struct{}{}
}

func (e *ears) Ended(reason string) { e.ended <- reason }

func (e *ears) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.lines)
}

// pid returns a child of a process, from the system.
func (e *ears) pid(parent int) int {
	out, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	for _, task := range tasks(parent) {
		more, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", parent, task))
		out = append(append(out, ' '), more...)
	}
	for _, word := range strings.Fields(string(out)) {
		if pid, err := strconv.Atoi(word); err == nil {
			return pid
		}
	}
	return 0
}

func tasks(pid int) (all []string) {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func (e *ears) end(t *testing.T) string {
	t.Helper()
	select {
	case reason := <-e.ended:
		return reason
	case <-time.After(patience):
		t.Fatal("it did not end")
		return ""
	}
}

func run(t *testing.T, c Config) (*Process, *ears, *Host) {
	t.Helper()
	e, h := newEars(), NewHost()
	p, err := h.Start(c, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if gone(p.cmd.Process.Pid) != nil {
			t.Errorf("process %d is still there", p.cmd.Process.Pid)
		}
	})
	return p, e, h
}

// gone returns nil where no process has that number, a zombie neither.
func gone(pid int) error {
	if err := syscall.Kill(pid, 0); err == nil {
		return fmt.Errorf("process %d is there", pid)
	}
	return nil
}

func TestLinesGoBothWays(t *testing.T) {
	p, e, _ := run(t, config("echo"))
	const n = 500 // less than the rate that is allowed
	for i := range n {
		if kept, _ := p.Send("", fmt.Appendf(nil, "line %d\n", i)); !kept {
			t.Fatalf("line %d was not kept", i)
		}
	}
	for range n {
		select {
		case <-e.said:
		case <-time.After(patience):
			t.Fatalf("%d of %d lines came back", len(e.all()), n)
		}
	}
	for i, line := range e.all() {
		if line != fmt.Sprintf("line %d", i) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
	p.Close(stopReason)
	if reason := e.end(t); reason != stopReason {
		t.Errorf("ended for %q", reason)
	}
}

func TestMisbehaviour(t *testing.T) {
	for _, test := range []struct {
		mode, reason string
		lines        []string // nil: not judged
	}{
		{"flood", "flood: more than 1000 lines in a second", nil},
		{"long", "long: a line of more than 65536 bytes", []string{}},
		{"midline", "exit: status 0", []string{"whole"}},
		{"exit", "exit: status 3", []string{}},
	} {
		t.Run(test.mode, func(t *testing.T) {
			t.Parallel()
			_, e, _ := run(t, config(test.mode))
			if reason := e.end(t); reason != test.reason {
				t.Errorf("ended for %q, want %q", reason, test.reason)
			}
			switch lines := e.all(); {
			case test.lines != nil && !slices.Equal(lines, test.lines):
				t.Errorf("heard %q, want %q", lines, test.lines)
			case len(lines) > 1000:
				t.Errorf("heard %d lines, more than the rate lets pass", len(lines))
			}
			select {
			case again := <-e.ended:
				t.Errorf("it ended twice: %q", again)
			default:
			}
		})
	}
}

// TestADeafProgramFillsItsQueueOnly: what has a key is replaced, what has none is refused at the bound.
func TestADeafProgramFillsItsQueueOnly(t *testing.T) {
	c := config("deaf")
	c.QueueLines = 100
	p, e, _ := run(t, c)
	long := append(bytes.Repeat([]byte("x"), 8<<10), '\n')
	refused, replaced := 0, 0
	for range 1000 {
		if kept, _ := p.Send("", long); !kept {
			refused++
		}
		if kept, was := p.Send("quote", long); was || !kept {
			replaced++
		}
	}
	if refused < 700 || replaced < 900 {
		t.Errorf("%d lines refused, %d replaced", refused, replaced)
	}
	p.Close("slow: it does not read")
	if reason := e.end(t); reason != "slow: it does not read" {
		t.Errorf("ended for %q", reason)
	}
}

func TestStopAsksFirst(t *testing.T) {
	p, e, _ := run(t, config("gentle"))
	p.Close(stopReason)
	if reason := e.end(t); reason != stopReason {
		t.Errorf("ended for %q", reason)
	}
}

func TestStubbornProgramsAreKilled(t *testing.T) {
	p, e, _ := run(t, config("stubborn"))
	<-e.said
	began := time.Now()
	p.Close(stopReason)
	e.end(t)
	if took := time.Since(began); took < p.cfg.Grace {
		t.Errorf("it had %v to end by itself, want %v", took, p.cfg.Grace)
	}
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Errorf("it ended by %v", status.Signal())
	}
}

// TestNothingIsLeftBehind: what a program started ends with it, and cannot hold its output open.
func TestNothingIsLeftBehind(t *testing.T) {
	_, e, _ := run(t, config("parent"))
	if reason := e.end(t); reason != "exit: status 0" {
		t.Errorf("ended for %q", reason)
	}
	child, err := strconv.Atoi(e.all()[0])
	if err != nil {
		t.Fatal(err)
	}
	// It is nobody's child any more: whoever is told of its end takes it away.
	for end := time.Now().Add(patience); alive(child); {
		if time.Now().After(end) {
			t.Fatalf("process %d lives on", child)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// alive reports whether a process runs; a zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil && !os.IsNotExist(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func TestEnvironmentIsKeptFromPrograms(t *testing.T) {
	t.Setenv("MARU_TEST_SECRET", "s3cret")
	t.Setenv("MARU_TEST_WANTED", "wanted")
	t.Setenv("TZ", "Asia/Seoul")
	c := config("environment")
	c.Env = []string{"MARU_TEST_WANTED"}
	_, e, _ := run(t, c)
	e.end(t)
	lines := e.all()
	if !slices.Contains(lines, "MARU_TEST_WANTED=wanted") || !slices.Contains(lines, "TZ=Asia/Seoul") {
		t.Errorf("what was to be passed on is missing: %q", lines)
	}
	for _, line := range lines {
		if name, _, _ := strings.Cut(line, "="); !slices.Contains(append(PassedOn(), "MARU_TEST_WANTED"), name) {
			t.Errorf("%s was passed on", name)
		}
	}
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestStandardErrorIsLoggedWithinBounds(t *testing.T) {
	c := config("stderr")
	var out lockedBuffer
	c.Log = slog.New(slog.NewTextHandler(&out, nil))
	_, e, _ := run(t, c)
	e.end(t)
	text := out.String()
	if !strings.Contains(text, "complaint 0") || !strings.Contains(text, "lines_left_out=") {
		t.Errorf("logged:\n%.500s", text)
	}
	if n := strings.Count(text, "complaint"); n > 10*stderrRate {
		t.Errorf("%d lines were logged", n)
	}
	if strings.Contains(text, "\x1b") {
		t.Error("a control character reached the log")
	}
}

// TestAKilledNodeLeavesNoProgram: the kernel ends the program when the node is killed.
func TestAKilledNodeLeavesNoProgram(t *testing.T) {
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("SKIP: this system does not end programs with their parent")
	}
	node := exec.Command(os.Args[0], "program", "node")
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || child == 0 || !alive(child) {
		t.Fatalf("no program: %q %v", line, err)
	}
	if err := node.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = node.Wait()
	for end := time.Now().Add(patience); alive(child); {
		if time.Now().After(end) {
			t.Fatalf("program %d lives on", child)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// TestMemoryIsBounded: a program that takes more than it may fails by itself.
func TestMemoryIsBounded(t *testing.T) {
	if out, err := exec.Command("python3", "-c", "pass").CombinedOutput(); err != nil {
		t.Skipf("SKIP: python3 does not run here: %v %s", err, out)
	}
	for _, test := range []struct {
		memory uint64
		want   string
	}{{256 << 20, "exit: status 7"}, {0, "exit: status 0"}} {
		c := config("memory")
		c.MemoryMax = test.memory
		c.Command = []string{"python3", "-c", `
import sys
sys.stdin.readline()
try:
    x = bytearray(512 << 20)
except MemoryError:
    sys.exit(7)
`}
		p, e, _ := run(t, c)
		p.Send("", []byte("go\n"))
		if reason := e.end(t); reason != test.want {
			t.Errorf("with %d bytes it ended for %q, want %q", test.memory, reason, test.want)
		}
	}
}

func TestStartSaysWhyNot(t *testing.T) {
	h := NewHost()
	c := config("echo")
	c.Command = []string{"./no-such-program"}
	c.Dir = t.TempDir()
	if _, err := h.Start(c, newEars()); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("got %v", err)
	}
	if _, err := h.Start(Config{}, newEars()); err == nil {
		t.Error("a program without a command was started")
	}
	if err := h.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Start(config("echo"), newEars()); err == nil {
		t.Error("a closed host started a program")
	}
}

func TestProgramsAreTakenFromTheirDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/hello.sh", []byte("#!/bin/sh\necho from $0; pwd\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	c := config("sh")
	c.Command, c.Dir = []string{"./hello.sh"}, dir
	_, e, _ := run(t, c)
	e.end(t)
	if lines := e.all(); len(lines) != 2 || !strings.HasSuffix(lines[0], "hello.sh") || !strings.HasSuffix(lines[1], dir) {
		t.Errorf("said %q", lines)
	}
}
