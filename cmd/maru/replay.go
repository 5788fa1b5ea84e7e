package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/cmd/internal/node"
	"github.com/maru-trading/maru/config"
)

func newReplayCommand() *cobra.Command {
	var from []string
	var path string
	speed := speedFlag(config.SpeedMax)
	var plain bool
	cmd := &cobra.Command{
		Use:   "replay --from DIR|FILE... [-c FILE]",
		Short: "Play recorded sessions through a node, and print what came of it",
		Long: `Plays what maru record wrote, or any session of the same format, through the venues' adapters and
the actors, as [venue.replay] in a configuration does. The outcome depends on the recording and
the configuration alone, and is the same at any speed.

Without -c the recording itself says which venues, instruments and channels there are, and nothing
trades. With -c the engines, strategies and paper accounts of that configuration run on the
recorded data of its venues; venues of which there is no recording are left out.`,
		Example: `  maru replay --from /var/lib/maru/recordings
  maru replay --from data/recordings --speed 10
  maru replay --from a.frames.gz b.frames.gz -c maru.toml`,
		Args: args(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, more []string) error {
			from = append(from, more...)
			if len(from) == 0 {
				return misuse(cmd, errors.New("--from is missing: want recorded sessions, or a directory with them"))
			}
			return replayRecorded(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), from, path, config.Speed(speed), plain)
		},
	}
	cmd.Flags().StringArrayVar(&from, "from", nil, "a recorded session, or a directory with sessions; more may follow")
	cmd.Flags().StringVarP(&path, "config", "c", "", "run the engines, strategies and accounts of this configuration on it")
	cmd.Flags().Var(&speed, "speed", "1 as recorded, 10 ten times that, max as fast as the machine goes")
	cmd.Flags().BoolVar(&plain, "plain", false, "log lines instead of a block that is refreshed, also on a terminal")
	return cmd
}

// speedFlag is a number, with or without an x behind it, or max.
type speedFlag config.Speed

// Set is part of pflag.Value.
func (s *speedFlag) Set(text string) error {
	if text == "max" {
		*s = speedFlag(config.SpeedMax)
		return nil
	}
	f, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || !(f >= 0.001 && f <= 1e6) {
		return errors.New("want max, or a number from 0.001 to 1000000")
	}
	*s = speedFlag(f)
	return nil
}

// Type is part of pflag.Value.
func (s *speedFlag) Type() string { return "speed" }

// String is part of pflag.Value.
func (s *speedFlag) String() string {
	return strings.TrimSuffix(config.Speed(*s).String(), "x")
}

// replayRecorded plays sessions to their end, or until ctx ends.
func replayRecorded(ctx context.Context, stdout, stderr io.Writer, from []string, path string, speed config.Speed, plain bool) error {
	files, err := recordedFiles(from)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	var cfg *config.Config
	if path != "" {
		if cfg, err = loadConfig(stderr, path); err != nil {
			return err
		}
	}
	terminal := isTerminal(stdout) && !plain
	recorded, err := recordedVenues(ctx, files, func(done int) {
		if terminal {
			fmt.Fprintf(stdout, "\r\x1b[2Kmaru: looking through the recording: %d of %d files", done, len(files))
		}
	})
	if terminal {
		fmt.Fprint(stdout, "\r\x1b[2K")
	}
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if cfg == nil {
		dir, err := os.MkdirTemp("", "maru-replay-")
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }() // nothing trades: there is nothing to keep
		if cfg, err = watchOnly(recorded, dir, speed); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
	} else if err := replaying(cfg, recorded, speed); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	for _, v := range recorded {
		fmt.Fprintf(stdout, "maru: %s (adapter %s): %s, %s, %s\n", v.name, v.adapter, count(len(v.files), "file"),
			count(len(v.instruments), "instrument"), channelNames(v))
		if v.left > 0 {
			fmt.Fprintf(stdout, "maru: %s: %s, futures and options, not subscribed to\n", v.name, count(v.left, "more instrument"))
		}
	}
	return runReplay(ctx, stdout, stderr, cfg, terminal)
}

func channelNames(v recordedVenue) string {
	var names []string
	for _, c := range v.channels {
		names = append(names, c.String())
	}
	return strings.Join(names, " ")
}

// watchOnly is a configuration that follows what was recorded and does nothing else.
func watchOnly(recorded []recordedVenue, dir string, speed config.Speed) (*config.Config, error) {
	cfg := config.Default()
	preset := cfg.Venues[0]
	cfg.Node.Name, cfg.Node.DataDir, cfg.HTTP.Listen = "replay", dir, "127.0.0.1:0"
	cfg.Venues, cfg.Engines, cfg.Strategies, cfg.Accounts = nil, nil, nil, nil
	for _, r := range recorded {
		if len(r.instruments) == 0 || len(r.channels) == 0 {
			return nil, fmt.Errorf("%s: the recording holds no market data of spot instruments", r.name)
		}
		v := preset
		v.Name, v.Adapter, v.Channels, v.Instruments, v.Sim = r.name, r.adapter, r.channels, r.instruments, nil
		v.Replay = &config.Replay{Files: r.files, Speed: speed}
		cfg.Venues = append(cfg.Venues, v)
	}
	// Each may have many more instruments than a node is made for by default.
	n := 0
	for _, r := range recorded {
		n += len(r.instruments)
	}
	cfg.Limits.InstrumentsMax = max(cfg.Limits.InstrumentsMax, n)
	return cfg, nil
}

// replaying makes a configuration's venues play what was recorded of them. A venue without a
// recording is left out, unless an account needs it.
func replaying(cfg *config.Config, recorded []recordedVenue, speed config.Speed) error {
	var kept []config.Venue
	for _, v := range cfg.Venues {
		var files []string
		var listed []market.Listing // what occurs
		for _, r := range recorded {
			// A session from elsewhere knows the adapter only.
			if r.name != v.Name && (string(r.name) != r.adapter || r.adapter != v.Adapter) {
				continue
			}
			files = append(files, r.files...)
			for _, i := range r.instruments {
				listed = append(listed, market.Listing{Instrument: instrumentOf(v.Name, i)})
			}
		}
		if len(files) == 0 {
			for _, a := range cfg.Accounts {
				if a.Venue == v.Name {
					return fmt.Errorf("account %s trades at %s, of which there is no recording: take it out of %s, or name its files with --from", a.Name, v.Name, cfg.File)
				}
			}
			continue
		}
		if len(v.Patterns) > 0 || len(v.Instruments) == 0 {
			byPattern := v
			byPattern.Instruments = nil
			matched, err := byPattern.Select(listed)
			if err != nil {
				return fmt.Errorf("venue %s: %w", v.Name, err)
			}
			for _, l := range matched {
				if !slices.Contains(v.Instruments, l.Instrument) {
					v.Instruments = append(v.Instruments, l.Instrument)
				}
			}
			v.Patterns = nil
		}
		faults := (*config.ReplayFaults)(nil)
		if v.Replay != nil {
			faults = v.Replay.Faults
		}
		v.Sim, v.WebSocketURL, v.RESTURL = nil, "", ""
		v.Replay = &config.Replay{Files: files, Speed: speed, Faults: faults}
		kept = append(kept, v)
	}
	if len(kept) == 0 {
		return fmt.Errorf("%s has none of the venues that were recorded", cfg.File)
	}
	cfg.Venues = kept
	return nil
}

// instrumentOf moves an instrument to a venue of that name.
func instrumentOf(v market.Venue, i market.Instrument) market.Instrument {
	if moved, err := market.NewInstrument(v, i.Name()); err == nil {
		return moved
	}
	return i // only where the venue's name is none, which the configuration refuses
}

// runReplay runs a node until its replay is over, and prints what came of it.
func runReplay(ctx context.Context, stdout, stderr io.Writer, cfg *config.Config, terminal bool) error {
	log, closeLog, err := openLog(cfg, stderr, terminal)
	if err != nil {
		return err
	}
	defer closeLog()
	n, err := node.Start(node.Options{Config: cfg, Version: version(), Log: log})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "maru: node %s answers on %s\n", cfg.Node.Name, n.URL())
	screen := newScreen(stdout, n, terminal)
	screen.watch(ctx, n.Finished())
	end, cancel := context.WithTimeout(context.Background(), cfg.Limits.Shutdown)
	defer cancel()
	screen.final()
	return errors.Join(n.Err(), n.Close(end))
}
