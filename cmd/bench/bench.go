package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"
)

// bench is one thing that is measured; it gives one row or more.
type bench struct {
	name string // what --run matches
	what string // for --list
	run  func(context.Context, *runner) ([]row, error)
}

// benches are all there are, in the order in which they run. The chain comes first, while the
// process is young; what starts other processes comes last.
var benches = []bench{
	{"chain-memory", "the whole chain on a recorded session, frames from memory", chainFromMemory},
	{"chain-replay", "the whole chain through the WebSocket replay server", chainFromReplay},
	{"ticks", "feeder → state → classifier with 5,000 decoded instruments", tickRate},
	{"latency", "tick to decision at 50,000 ticks/s", tickToDecision},
	{"engines", "a 300 MB model swapped ten times under 100,000 ticks/s", engineSwap},
	{"load", "100,000 frames/s over 20 sockets, none lost", loadOverSockets},
	{"quiet", "processor time while 5,000 instruments tick once a minute", quietMarket},
	{"journal", "durable appends to the journal", journalAppends},
	{"orders", "intent to wire with fsync, orders a second, what a check costs", orders},
	{"memory", "resident memory of the state of 5,000 instruments", residentMemory},
	{"start", "start of the real binary", startToReady},
	{"decode", "one frame of each venue and kind, beside encoding/json", decodeFrames},
	{"criteria", "2,000 instruments × 13 criteria, beside Go by hand", criteria},
	{"screens", "2,000 and 5,000 instruments × 13 criteria by columns, beside Go by hand and a general VM", screens},
	{"mailbox", "telling an actor, beside the library's mailbox", mailboxTell},
}

// runner is what the benchmarks of one run share.
type runner struct {
	quick  bool   // a moment for each
	dir    string // for files; removed at the end
	stderr io.Writer

	session *session // read by the first who wants it
}

// note tells the person who waits.
func (r *runner) note(format string, args ...any) {
	fmt.Fprintf(r.stderr, "bench: "+format+"\n", args...)
}

// pick returns how much of something to do.
func pick[T any](r *runner, full, quick T) T {
	if r.quick {
		return quick
	}
	return full
}

// temp makes a directory of its own for one measurement.
func (r *runner) temp(name string) (string, error) {
	dir, err := os.MkdirTemp(r.dir, name+"-")
	if err != nil {
		return "", err
	}
	return filepath.Clean(dir), nil
}

// all runs the benchmarks one after another. One that fails leaves its rows out and its reason in
// the result; the others still run. One that hangs is ended, and has failed.
func (r *runner) all(ctx context.Context, chosen []bench) result {
	out := result{Machine: machine(), Quick: r.quick}
	for i, b := range chosen {
		if ctx.Err() != nil {
			out.Failed = append(out.Failed, failure{b.name, "interrupted"})
			continue
		}
		r.note("%d/%d %s: %s", i+1, len(chosen), b.name, b.what)
		begun := time.Now()
		limited, cancel := context.WithTimeout(ctx, pick(r, 5*time.Minute, 2*time.Minute))
		rows, err := b.run(limited, r)
		cancel()
		if err != nil {
			r.note("%s failed: %v", b.name, err)
			out.Failed = append(out.Failed, failure{b.name, err.Error()})
		}
		for j := range rows {
			rows[j].Bench = b.name
		}
		out.Rows = append(out.Rows, rows...)
		out.Seconds += time.Since(begun).Seconds()
		// What one measured must not cost the next.
		debug.FreeOSMemory()
	}
	if r.session != nil {
		out.Data = r.session.name
	}
	return out
}

// Machine is where the figures were taken.
type Machine struct {
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	CPU   string `json:"cpu,omitempty"`
	Cores int    `json:"cores"`
	Go    string `json:"go"`
	Load  string `json:"load_average,omitempty"` // when the run began: others may have been at work
}

func machine() Machine {
	return Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPU: procField("/proc/cpuinfo", "model name"),
		Cores: cores(), Go: runtime.Version(), Load: loadAverage()}
}
