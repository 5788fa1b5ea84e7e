package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/adapters/store/logfile"
	"github.com/maru-trading/maru/cmd/internal/node"
	"github.com/maru-trading/maru/config"
)

func newRunCommand() *cobra.Command {
	var path string
	var noBlock bool
	cmd := &cobra.Command{
		Use:   "run [-c FILE]",
		Short: "Run a node until Ctrl-C, or a replay until its end",
		Long: `Runs the node that a configuration describes. Without one it runs the embedded exchange with 24
instruments, two engines, two strategies and paper orders; nothing leaves this machine.

A replay ends by itself and prints what came of it. Ctrl-C and SIGTERM end a node in order: feeds
first, journals last.`,
		Example: `  maru run
  maru run -c examples/upbit.toml
  maru run -c examples/replay.toml
  curl http://127.0.0.1:7070/api/v1/status`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), path, noBlock)
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "", "the configuration; without it the embedded exchange")
	cmd.Flags().BoolVar(&noBlock, "plain", false, "log lines instead of a block that is refreshed, also on a terminal")
	return cmd
}

// adapt is where a test of the whole program puts something between the node and the world.
var adapt = func(o node.Options) node.Options { return o }

// run starts the node, shows what it does, and ends it.
func run(ctx context.Context, stdout, stderr io.Writer, path string, plain bool) error {
	if !system.Check64Bit() {
		return errors.New("this build is for a 32-bit processor, on which the actor library fails; use linux/amd64, or linux/arm64 with a 64-bit system on a Raspberry Pi")
	}
	cfg := config.Default()
	if path != "" {
		var err error
		if cfg, err = config.Load(path); err != nil {
			var faults config.Faults
			if errors.As(err, &faults) {
				for _, f := range faults {
					fmt.Fprintln(stderr, f)
				}
				fmt.Fprintf(stderr, "%s: %s; maru check -c %s says more\n", path, count(len(faults), "fault"), path)
				return errReported
			}
			return err
		}
	}
	node.TuneMemory()
	terminal := isTerminal(stdout) && !plain
	log, closeLog, err := openLog(cfg, stderr, terminal)
	if err != nil {
		return err
	}
	defer closeLog()
	n, err := node.Start(adapt(node.Options{Config: cfg, Version: version(), Log: log}))
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "maru: node %s answers on %s (/api/v1/status /metrics /livez /readyz); Ctrl-C ends it\n", cfg.Node.Name, n.URL())
	screen := newScreen(stdout, n, terminal)
	screen.watch(ctx, n.Finished())

	end, cancel := context.WithTimeout(context.Background(), cfg.Limits.Shutdown)
	defer cancel()
	screen.final()
	if ctx.Err() != nil {
		fmt.Fprintln(stdout, "maru: ending")
	}
	return errors.Join(n.Err(), n.Close(end))
}

// openLog returns where the node logs. Next to a block that is refreshed only what matters goes
// to the terminal, unless the configuration names a file.
func openLog(cfg *config.Config, stderr io.Writer, terminal bool) (*slog.Logger, func(), error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		return nil, nil, fmt.Errorf("log level %q: %w", cfg.Log.Level, err)
	}
	out, closeLog := stderr, func() {}
	if cfg.Log.File != "" {
		file, err := openLogFile(cfg.Log)
		if err != nil {
			return nil, nil, err
		}
		out, closeLog = file, func() { _ = file.Close() }
	} else if terminal {
		level = max(level, slog.LevelWarn)
	}
	options := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(out, options)), closeLog, nil
	}
	return slog.New(slog.NewTextHandler(out, options)), closeLog, nil
}

// statusEvery is how often the block on a terminal is refreshed, plainEvery how often a line is
// logged elsewhere.
const (
	statusEvery = time.Second
	plainEvery  = 5 * time.Second
	plainFirst  = 2 * time.Second
)

func openLogFile(l config.Log) (io.WriteCloser, error) {
	c := logfile.DefaultConfig(l.File)
	c.BytesMax, c.FilesMax = int64(l.MaxSize), l.MaxFiles
	return logfile.Open(c)
}
