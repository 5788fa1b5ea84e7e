// Package stdio runs a program that talks in lines over its standard input and output: an external
// strategy. It starts the process, keeps what it is told in a bounded queue, cuts off what floods,
// passes standard error on to the log, and sees to it that nothing of the process is left.
//
// It knows no line's meaning. It imports nothing of Maru; cmd hands Host.Start to the actor that wants
// a program, which satisfies Listener and is satisfied by Process.
//
// On Linux a program also dies with the node, however the node dies (PR_SET_PDEATHSIG), and its
// memory is bounded (RLIMIT_AS). Elsewhere it notices the node's end by the end of its standard input.
package stdio

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Config says what is run, and within which bounds.
type Config struct {
	// Name stands in logs.
	Name string
	// Command is the program and its arguments. A program without a slash is looked for in PATH; one
	// with a slash that is not absolute is taken from Dir.
	Command []string
	// Dir is where it runs; empty: where the node does.
	Dir string
	// Env are names of environment variables that are passed on besides those of PassedOn, as far as
	// they are set. Nothing else of the node's environment reaches the program: keys may stand there.
	Env []string

	// MemoryMax bounds the address space of each of its processes, in bytes; 0 does not. Only on Linux.
	MemoryMax uint64
	// LineMax is the longest line that it may say, in bytes, the line feed included.
	LineMax int
	// RateMax is how many lines it may say in a second.
	RateMax int
	// QueueLines and QueueBytes bound the lines without a key that wait for it.
	QueueLines, QueueBytes int
	// Grace is how long it has to end by itself when it is asked to (end of input, SIGTERM).
	Grace time.Duration
	// Drain is how long the rest of its output is read once it has ended.
	Drain time.Duration

	Log *slog.Logger
}

// DefaultConfig returns bounds that suit a program which decides about orders.
func DefaultConfig() Config {
	return Config{LineMax: 64 << 10, RateMax: 1000, QueueLines: 10_000, QueueBytes: 16 << 20, Grace: 2 * time.Second, Drain: time.Second,
		MemoryMax: 4 << 30, Log: slog.New(slog.DiscardHandler)}
}

// PassedOn are the environment variables that every program gets.
func PassedOn() []string {
	return []string{"PATH", "HOME", "USER", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "TZ", "TMPDIR"}
}

// ErrConfig is wrapped by every fault that Validate finds.
var ErrConfig = errors.New("invalid configuration of a program")

// Validate returns every fault of c at once.
func (c Config) Validate() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("program of %s: %s: %w", c.Name, fmt.Sprintf(format, args...), ErrConfig))
		}
	}
	fault(len(c.Command) == 0 || c.Command[0] == "", "command is empty: want the program and its arguments")
	fault(slices.ContainsFunc(c.Env, func(name string) bool { return name == "" || strings.ContainsAny(name, "=\x00") }), "env %q: want names of variables", c.Env)
	fault(c.LineMax < 256, "line_max %d: want 256 bytes or more", c.LineMax)
	fault(c.RateMax < 1, "rate_max %d: want 1 line a second or more", c.RateMax)
	fault(c.QueueLines < 1 || c.QueueBytes < 1024, "queue of %d lines and %d bytes: want 1 and 1024 or more", c.QueueLines, c.QueueBytes)
	fault(c.Grace < 0 || c.Drain <= 0, "grace %v, drain %v: want 0 or more, and above 0", c.Grace, c.Drain)
	fault(c.Log == nil, "no log")
	return errors.Join(faults...)
}

// path returns the program's path: relative ones are Dir's.
func (c Config) path() string {
	if name := c.Command[0]; !strings.ContainsRune(name, filepath.Separator) || filepath.IsAbs(name) || c.Dir == "" {
		return name
	}
	// exec takes a relative path from the child's directory, but looks for it from ours.
	if path, err := filepath.Abs(filepath.Join(c.Dir, c.Command[0])); err == nil {
		return path
	}
	return c.Command[0]
}

// environ returns what of our environment the program gets.
func (c Config) environ(lookup func(string) (string, bool)) []string {
	env := []string{}
	for _, name := range append(PassedOn(), c.Env...) {
		if v, set := lookup(name); set {
			env = append(env, name+"="+v)
		}
	}
	slices.Sort(env)
	return slices.Compact(env)
}

func lookup(name string) (string, bool) { return os.LookupEnv(name) }

// Listener is told what a program says, from goroutines of the process.
type Listener interface {
	Line(line []byte)    // a whole line without its line feed; the callee may keep it
	Ended(reason string) // it has ended and nothing of it is left; the last call
}
