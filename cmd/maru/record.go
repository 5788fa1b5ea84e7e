package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/adapters/store/record"
	"github.com/maru-trading/maru/cmd/internal/node"
	"github.com/maru-trading/maru/config"
)

// recordFlags is what maru record is asked for.
type recordFlags struct {
	config    string
	out       string
	maxSize   bytesFlag
	diskLimit bytesFlag
	rotate    time.Duration
	length    time.Duration
	parquet   bool
	plain     bool
}

func newRecordCommand() *cobra.Command {
	f := recordFlags{maxSize: 256_000_000, diskLimit: 20_000_000_000}
	cmd := &cobra.Command{
		Use:   "record [-c FILE] [--out DIR]",
		Short: "Record what venues send: raw frames that can be replayed, and tables in Parquet",
		Long: `Connects to the venues of a configuration as maru run does, and keeps what goes over each connection:
raw frames with the time of receipt, in files that maru replay, maru decode and [venue.replay] read.
With --parquet it keeps the decoded messages too, as tables. Nothing else runs: no strategy, no order.

What was received can be read half a second later, whatever happens to this process. A file ends
when it is full or old; when all of them reach the limit on disk use, the oldest are removed. Without
a configuration it records the embedded exchange. Ctrl-C and SIGTERM finish the files.

A venue that cannot be recorded keeps none of the others: it is tried again. Exit code 1 if one is
still missing in the end, or if none can be recorded as the configuration stands.
docs/recording.md says more.`,
		Example: `  maru record -c maru.toml --out /var/lib/maru/recordings
  maru record -c maru.toml --parquet --max-size 64MB --rotate 15m --disk-limit 5GB
  maru record --for 1m --out /tmp/sim && maru replay --from /tmp/sim --speed max`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case f.maxSize < record.BytesLeast:
				return misuse(cmd, fmt.Errorf("--max-size %v: want %s or more", f.maxSize, humanize.IBytes(record.BytesLeast)))
			case f.rotate < time.Second:
				return misuse(cmd, fmt.Errorf("--rotate %v: want 1s or more", f.rotate))
			case f.length < 0:
				return misuse(cmd, fmt.Errorf("--for %v: want more than zero", f.length))
			case f.diskLimit/2 < f.maxSize:
				return misuse(cmd, fmt.Errorf("--disk-limit %v: want room for two files of --max-size %v at least", f.diskLimit, f.maxSize))
			}
			return recordVenues(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), f)
		},
	}
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "the configuration; without it the embedded exchange")
	cmd.Flags().StringVar(&f.out, "out", "", "where to; without it the directory recordings in the configuration's data_dir")
	cmd.Flags().Var(&f.maxSize, "max-size", "length at which a file ends")
	cmd.Flags().DurationVar(&f.rotate, "rotate", time.Hour, "age at which a file ends")
	cmd.Flags().Var(&f.diskLimit, "disk-limit", "what all files together may take; the oldest are removed")
	cmd.Flags().DurationVar(&f.length, "for", 0, "end after so long; without it record until Ctrl-C")
	cmd.Flags().BoolVar(&f.parquet, "parquet", false, "keep decoded messages as Parquet tables, too")
	cmd.Flags().BoolVar(&f.plain, "plain", false, "lines instead of one that is refreshed, also on a terminal")
	return cmd
}

// bytesFlag is an amount of bytes, written as 512KB, 64MB, 1GiB.
type bytesFlag int64

// Set is part of pflag.Value.
func (b *bytesFlag) Set(text string) error {
	n, err := humanize.ParseBytes(text)
	if err != nil || n > 1<<60 {
		return errors.New("want a size such as 512KB, 64MB or 1GiB")
	}
	*b = bytesFlag(n)
	return nil
}

// Type is part of pflag.Value.
func (b *bytesFlag) Type() string { return "size" }

// String is part of pflag.Value.
func (b bytesFlag) String() string {
	return strings.ReplaceAll(humanize.Bytes(uint64(max(0, b))), " ", "")
}

// loadConfig reads a configuration, or the default where no path is given. Its faults are reported.
func loadConfig(stderr io.Writer, path string) (*config.Config, error) {
	if path == "" {
		return config.Default(), nil
	}
	cfg, err := config.Load(path)
	var faults config.Faults
	if errors.As(err, &faults) {
		for _, f := range faults {
			fmt.Fprintln(stderr, f)
		}
		fmt.Fprintf(stderr, "%s: %s; maru check -c %s says more\n", path, count(len(faults), "fault"), path)
		return nil, errReported
	}
	return cfg, err
}

// recordVenues records until ctx ends, the time is over, or it cannot go on.
func recordVenues(ctx context.Context, stdout, stderr io.Writer, f recordFlags) error {
	cfg, err := loadConfig(stderr, f.config)
	if err != nil {
		return err
	}
	out := f.out
	if out == "" {
		out = filepath.Join(cfg.Node.DataDir, "recordings")
	}
	terminal := isTerminal(stdout) && !f.plain
	log, closeLog, err := openLog(cfg, stderr, terminal)
	if err != nil {
		return err
	}
	defer closeLog()
	r, err := node.Record(node.RecordOptions{Config: cfg, Version: version(), Log: log, Dir: out, FileBytesMax: int64(f.maxSize),
		RotateEvery: f.rotate, DiskBytesMax: int64(f.diskLimit), Parquet: f.parquet})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "maru: recording %s into %s; Ctrl-C ends it\n", venueNames(cfg), out)
	p := recordProgress{out: stdout, status: r.Status, refresh: terminal, limit: f.diskLimit}
	p.watch(ctx, r.Failed(), f.length)
	p.end()
	failed := r.Err()
	if f.parquet {
		log.Info("finishing the tables", slog.Uint64("events", r.Status().Tables.Events))
	}
	err = errors.Join(failed, r.Close())
	s := r.Status()
	fmt.Fprintf(stdout, "maru: recorded %s\n", recordTotals(s, f.parquet))
	return err
}

func venueNames(c *config.Config) string {
	var names []string
	for _, v := range c.Venues {
		names = append(names, string(v.Name))
	}
	return strings.Join(names, ", ")
}

// recordProgress shows how a recording goes: one line that is refreshed on a terminal, lines
// elsewhere.
type recordProgress struct {
	out     io.Writer
	status  func() node.RecordStatus
	refresh bool
	limit   bytesFlag

	frames uint64
	at     time.Time
	shown  bool
}

// watch shows until ctx ends, failed is closed, or length, if above zero, is over.
func (p *recordProgress) watch(ctx context.Context, failed <-chan struct{}, length time.Duration) {
	p.at = time.Now()
	every := plainEvery
	if p.refresh {
		every = statusEvery
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var over <-chan time.Time
	if length > 0 {
		timer := time.NewTimer(length)
		defer timer.Stop()
		over = timer.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-failed:
			return
		case <-over:
			return
		case <-ticker.C:
			p.show()
		}
	}
}

func (p *recordProgress) show() {
	s, now := p.status(), time.Now()
	rate := float64(s.Frames-p.frames) / now.Sub(p.at).Seconds()
	p.frames, p.at = s.Frames, now
	text := recordLine(s, rate, p.limit)
	if p.refresh {
		text = "\r\x1b[2K" + text
		p.shown = true
	} else {
		text += "\n"
	}
	_, _ = io.WriteString(p.out, text)
}

// end leaves the line on the terminal.
func (p *recordProgress) end() {
	if p.shown {
		_, _ = io.WriteString(p.out, "\n")
	}
}

// recordLine says in one line how a recording goes.
func recordLine(s node.RecordStatus, rate float64, limit bytesFlag) string {
	parts := []string{
		fmt.Sprintf("maru: %d/%s", s.Connections, count(s.Feeders, "connection")),
		fmt.Sprintf("%.0f frames/s", rate), fmt.Sprintf("%d frames", s.Frames), bytesFlag(s.Bytes).String(),
		fmt.Sprintf("%s, %v of %v on disk", count(s.Disk.Files, "file"), bytesFlag(s.Disk.Bytes), limit),
	}
	parts = append(parts, recordTrouble(s)...)
	for _, why := range s.Waiting {
		parts = append(parts, "waiting: "+why)
	}
	return strings.Join(parts, " | ")
}

// recordTrouble names what should be zero and is not.
func recordTrouble(s node.RecordStatus) (parts []string) {
	for _, t := range []struct {
		n    uint64
		what string
	}{
		{s.Lost, "row"}, {s.DeadLetters, "dead letter"}, {s.Gaps, "gap"}, {uint64(s.Disk.Removed), "old file"},
	} {
		if t.n == 0 {
			continue
		}
		text := count(int(t.n), t.what)
		switch t.what {
		case "row":
			text += " LOST: the disk cannot keep up"
		case "old file":
			text += " removed"
		}
		parts = append(parts, text)
	}
	return parts
}

// recordTotals says what came of a recording.
func recordTotals(s node.RecordStatus, tables bool) string {
	parts := []string{fmt.Sprintf("%d frames", s.Frames), bytesFlag(s.Bytes).String(),
		fmt.Sprintf("%s of %v on disk", count(s.Disk.Files, "file"), bytesFlag(s.Disk.Bytes))}
	if tables {
		parts = append(parts, fmt.Sprintf("%d rows in tables", s.Tables.Rows))
	}
	return strings.Join(append(parts, recordTrouble(s)...), ", ")
}
