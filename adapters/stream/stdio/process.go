package stdio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Host starts programs, and knows which of them live.
type Host struct {
	mu      sync.Mutex
	alive   map[*Process]struct{}
	closing bool
	all     sync.WaitGroup
}

// NewHost returns a host of no program yet.
func NewHost() *Host { return &Host{alive: map[*Process]struct{}{}} }

// ErrClosed says that the host starts nothing any more.
var ErrClosed = errors.New("no program is started any more")

// Close ends all programs and waits until nothing of them is left, or ctx ends; then it kills.
func (h *Host) Close(ctx context.Context) error {
	h.mu.Lock()
	h.closing = true
	for p := range h.alive {
		p.Close(stopReason)
	}
	h.mu.Unlock()
	done := make(chan struct{})
	go func() {
		h.all.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	h.mu.Lock()
	for p := range h.alive {
		p.kill(syscall.SIGKILL)
	}
	h.mu.Unlock()
	<-done // a killed process ends, and reading what it left is bounded
	return nil
}

// stopReason is what a program is ended with that has done nothing wrong: it gets time to end by itself.
const stopReason = "stop"

// Process is a running program.
type Process struct {
	cfg   Config
	host  *Host
	hears Listener
	log   *slog.Logger

	cmd                   *exec.Cmd
	queue                 *queue
	stdin, stdout, stderr *os.File // our ends

	mu     sync.Mutex
	reason string // why it was ended; empty: it was not
	deaf   bool   // what it says is not heard any more
	reaped bool   // its process number may be another's by now

	exited chan struct{} // the process has ended; its output may still be read
}

// Start starts a program. It fails if the configuration is invalid or the program cannot be started;
// otherwise the listener is told of its end in any case.
func (h *Host) Start(cfg Config, hears Listener) (*Process, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	p := &Process{cfg: cfg, host: h, hears: hears, log: cfg.Log.With(slog.String("program", cfg.Name)),
		queue: newQueue(cfg.QueueLines, cfg.QueueBytes), exited: make(chan struct{})}
	// Not tied to a context: that would kill the program alone, and after its number may be another's.
	cmd := exec.CommandContext(context.Background(), cfg.path(), cfg.Command[1:]...)
	cmd.Dir, cmd.Env = cfg.Dir, cfg.environ(lookup)
	cmd.SysProcAttr = attributes()
	p.cmd = cmd
	theirs, err := p.pipes()
	defer closeAll(theirs...)
	if err != nil {
		closeAll(p.stdin, p.stdout, p.stderr)
		return nil, fmt.Errorf("program of %s: %w", cfg.Name, err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs[0], theirs[1], theirs[2]
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing {
		closeAll(p.stdin, p.stdout, p.stderr)
		return nil, fmt.Errorf("program of %s: %w", cfg.Name, ErrClosed)
	}
	started := make(chan error)
	go p.own(started)
	if err := <-started; err != nil {
		closeAll(p.stdin, p.stdout, p.stderr)
		return nil, fmt.Errorf("program of %s: %w", cfg.Name, err)
	}
	h.alive[p] = struct{}{}
	h.all.Add(1)
	go p.run()
	return p, nil
}

// pipes makes the pipes, and returns the program's ends.
func (p *Process) pipes() (theirs []*os.File, err error) {
	theirs = make([]*os.File, 3)
	if theirs[0], p.stdin, err = os.Pipe(); err != nil {
		return theirs, err
	}
	if p.stdout, theirs[1], err = os.Pipe(); err != nil {
		return theirs, err
	}
	p.stderr, theirs[2], err = os.Pipe()
	return theirs, err
}

func closeAll(files ...*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close() // what could be lost was written, or is nobody's
		}
	}
}

// own starts the process and waits for its end on one thread of the system: the kernel kills the
// program when the thread that started it ends, which must not come before the node does.
func (p *Process) own(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	if err == nil {
		if err = bound(p.cmd.Process.Pid, p.cfg.MemoryMax); err != nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
			err = fmt.Errorf("bound its memory: %w", err)
		}
	}
	started <- err
	if err != nil {
		return
	}
	// Until Wait it keeps its number, so that what it started and left behind can be ended without
	// hitting anybody else.
	awaited := awaitExit(p.cmd.Process.Pid)
	if !awaited {
		_ = p.cmd.Wait()
	}
	p.kill(syscall.SIGKILL)
	p.mu.Lock()
	p.reaped = true
	p.mu.Unlock()
	if awaited {
		_ = p.cmd.Wait() // its outcome stands in ProcessState
	}
	close(p.exited)
}

// kill sends a signal to the program and all that it started.
func (p *Process) kill(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		_ = syscall.Kill(-p.cmd.Process.Pid, s) // it may have ended already
	}
}

// run does what there is to do with a process, from its start to its end.
func (p *Process) run() {
	var reading sync.WaitGroup
	reading.Go(p.listen)
	reading.Go(p.overhear)
	go p.write()
	<-p.exited
	p.queue.close()
	closeAll(p.stdin)
	// What it wrote before it ended is still in the pipe, and is heard. A pipe that somebody holds
	// who left its group would never end.
	bound := time.AfterFunc(p.cfg.Drain, func() { closeAll(p.stdout, p.stderr) })
	reading.Wait()
	bound.Stop()
	closeAll(p.stdout, p.stderr)
	reason := p.outcome()
	p.host.mu.Lock()
	delete(p.host.alive, p)
	p.host.mu.Unlock()
	p.hears.Ended(reason)
	p.host.all.Done()
}

// outcome says why it ended.
func (p *Process) outcome() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason != "" {
		return p.reason
	}
	state := p.cmd.ProcessState
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return "signal: " + status.Signal().String()
	}
	return fmt.Sprintf("exit: status %d", state.ExitCode())
}

// Send offers a line, which ends in a line feed and must not be changed any more. It does not block.
// A line with a key takes the place of one of the same key that still waits: replaced. Where there is
// no room for a line without a key, kept is false.
func (p *Process) Send(key string, line []byte) (kept, replaced bool) { return p.queue.put(key, line) }

// Close ends the program and returns at once. What it says from then on is not heard. With the reason
// "stop" it is asked to end by itself first.
func (p *Process) Close(reason string) {
	p.mu.Lock()
	p.deaf = true
	p.mu.Unlock()
	p.end(reason)
}

// end ends the program for a reason; the first one counts.
func (p *Process) end(reason string) {
	p.mu.Lock()
	if p.reason != "" {
		p.mu.Unlock()
		return
	}
	p.reason = reason
	p.mu.Unlock()
	p.queue.close()
	if reason != stopReason {
		p.kill(syscall.SIGKILL)
		return
	}
	closeAll(p.stdin)
	p.kill(syscall.SIGTERM)
	time.AfterFunc(p.cfg.Grace, func() { p.kill(syscall.SIGKILL) })
}

// write writes what waits to the program.
func (p *Process) write() {
	var b []byte
	for {
		var ok bool
		if b, ok = p.queue.take(b[:0]); !ok {
			return
		}
		if _, err := p.stdin.Write(b); err != nil {
			break
		}
		if cap(b) > 4*writeMax {
			b = nil
		}
	}
	// It reads no more: most likely because it has ended, which then is the reason.
	select {
	case <-p.exited:
	case <-time.After(p.cfg.Drain):
		p.end("write: it closed its standard input")
	}
}

// listen reads the program's lines. Only whole lines count: one that the end cut off might say
// something else than was meant.
func (p *Process) listen() {
	r := newLineReader(p.stdout, p.cfg.LineMax)
	limit := newLimit(p.cfg.RateMax, time.Now)
	for {
		line, err := r.next()
		switch {
		case errors.Is(err, errLong):
			p.refuse(fmt.Sprintf("long: a line of more than %d bytes", p.cfg.LineMax))
			return
		case err != nil:
			if rest := r.rest(); rest > 0 {
				p.log.Warn("program ended in the middle of a line, which is left alone", slog.Int("bytes", rest))
			}
			return
		case !limit.allow():
			p.refuse(fmt.Sprintf("flood: more than %d lines in a second", p.cfg.RateMax))
			return
		}
		p.mu.Lock()
		deaf := p.deaf
		p.mu.Unlock()
		if !deaf {
			p.hears.Line(line)
		}
	}
}

// refuse ends a program for what it said, and reads the rest away so that it cannot wait in a write.
func (p *Process) refuse(reason string) {
	p.end(reason)
	_, _ = io.Copy(io.Discard, p.stdout)
}

// The bounds of what a program writes to standard error.
const (
	stderrLine = 4 << 10 // bytes of a line; what is longer comes in pieces
	stderrRate = 100     // lines a second; those beyond are counted
)

// overhear passes standard error on to the log.
func (p *Process) overhear() {
	r := newLineReader(p.stderr, stderrLine)
	limit := newLimit(stderrRate, time.Now)
	dropped := 0
	tell := func(line []byte) {
		if len(line) == 0 {
			return
		}
		if !limit.allow() {
			dropped++
			return
		}
		if dropped > 0 {
			p.log.Warn("program wrote too much to standard error", slog.Int("lines_left_out", dropped))
			dropped = 0
		}
		p.log.Info("program's standard error", slog.String("text", strings.ToValidUTF8(string(line), "\ufffd")))
	}
	for {
		line, err := r.next()
		if err != nil && !errors.Is(err, errLong) {
			tell(r.left())
			break
		}
		tell(line)
	}
	if dropped > 0 {
		p.log.Warn("program wrote too much to standard error", slog.Int("lines_left_out", dropped))
	}
}
