package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/actors/classifier/criteria"
	"github.com/maru-trading/maru/actors/classifier/screening"
	"github.com/maru-trading/maru/adapters/store/bars"
)

// screenFlags is how a screen is asked for.
type screenFlags struct {
	file, data, date string
	asJSON, asCSV    bool
	limit            int
}

func newScreenCommand() *cobra.Command {
	var o screenFlags
	cmd := &cobra.Command{
		Use:   "screen -f FILE --data DIR",
		Short: "Judge every instrument of a folder of daily bars by a set of criteria",
		Long: `Reads daily bars from the .csv and .csv.gz files of a folder, judges every instrument by the criteria
of FILE, and prints who meets all of them, and of the others how far each missed: the distance to what
decides a criterion, in its own unit and in percent. docs/criteria.md describes the language.

What lacks history is not ready, and is listed with the reason: too few bars, a gap between bars that a
window would reach across, no trade on the last day. Prices before splits and the like are adjusted
where the data says so. Rows that cannot be read are reported with file and line, and left out.

The table shows everyone who passed and the nearest of those who missed; --json and --csv hold all.`,
		Example: `  maru screen -f examples/screen.toml --data ../shared/data/stocks/krx-daily
  maru screen -f examples/screen.toml --data prices --date 2024-02-13
  maru screen -f examples/screen.toml --data prices --json | jq -r '.results[] | select(.verdict == "true") | .instrument'
  maru screen -f examples/screen.toml --data prices --csv > screen.csv`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.file == "" || o.data == "":
				return misuse(cmd, errors.New("a screen needs -f FILE and --data DIR"))
			case o.asJSON && o.asCSV:
				return misuse(cmd, errors.New("--json and --csv exclude each other"))
			case o.limit < 0:
				return misuse(cmd, fmt.Errorf("--limit %d: want 0 or more", o.limit))
			}
			var until bars.Day
			if o.date != "" {
				var err error
				if until, err = bars.ParseDay(o.date); err != nil {
					return misuse(cmd, fmt.Errorf("--date %.32q: want year-month-day, such as 2024-02-13", o.date))
				}
			}
			return runScreen(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o, until)
		},
	}
	cmd.Flags().StringVarP(&o.file, "file", "f", "", "the screen: criteria in TOML, such as examples/screen.toml")
	cmd.Flags().StringVar(&o.data, "data", "", "folder of CSV files with daily bars, or one such file")
	cmd.Flags().StringVar(&o.date, "date", "", "judge as of this `day`: later bars are not read (default: the newest)")
	cmd.Flags().IntVar(&o.limit, "limit", 20, "how many of those who missed the table shows, the nearest first; 0: all")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print one JSON object with everyone in results")
	cmd.Flags().BoolVar(&o.asCSV, "csv", false, "print CSV: a line an instrument, three columns a criterion")
	return cmd
}

// screened is a screen that was judged, with what went into it.
type screened struct {
	file     *screenFile
	set      *bars.Set
	screen   *screening.Screen
	loading  time.Duration
	judgment time.Duration // with going through all bars
}

func runScreen(ctx context.Context, stdout, stderr io.Writer, o screenFlags, until bars.Day) error {
	file, err := readScreen(o.file)
	if err != nil {
		return fmt.Errorf("screen: %w", err)
	}
	// A fault in a criterion is told before minutes of loading.
	if _, err := screening.NewScreen(newUniverse(file), file.criteria()); err != nil {
		return fmt.Errorf("screen: %w", file.explain(err))
	}
	begun := time.Now()
	progress, end := loadProgress(stderr)
	set, err := bars.Load(ctx, o.data, bars.Options{Until: until, Progress: progress})
	end()
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: --data names a folder of CSV files with daily bars", err)
		}
		return fmt.Errorf("screen: %w", err)
	}
	loaded := time.Now()
	universe, err := fillUniverse(file, set)
	if err != nil {
		return err
	}
	judged, err := screening.NewScreen(universe, file.criteria())
	if err != nil {
		return fmt.Errorf("screen: %w", file.explain(err))
	}
	s := &screened{file, set, judged, loaded.Sub(begun), time.Since(loaded)}
	s.reportFaults(stderr)
	switch {
	case o.asJSON:
		return s.writeJSON(stdout)
	case o.asCSV:
		return s.writeCSV(stdout)
	}
	return s.writeTable(stdout, o.limit)
}

// loadProgress shows on a terminal how far loading has come.
func loadProgress(stderr io.Writer) (progress func(done, total int64), end func()) {
	if !isTerminal(stderr) {
		return nil, noProgress
	}
	var bar *progressbar.ProgressBar
	return func(done, total int64) {
			if bar == nil {
				bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(stderr), progressbar.OptionShowBytes(true),
					progressbar.OptionSetDescription("load"), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(50*time.Millisecond))
			}
			_ = bar.Set64(done) // it is only for the eye
		}, func() {
			if bar != nil {
				_ = bar.Clear()
			}
		}
}

// newUniverse returns the universe of daily bars, without instruments.
func newUniverse(file *screenFile) *screening.Universe {
	return screening.New(screening.Config{
		Frame: 24 * time.Hour, Gap: file.gap,
		Figures:   []string{"price", "change_rate", "market_cap", "shares", "rank", "age"},
		Durations: []string{"age"},
		Words:     []string{"code", "market"},
	})
}

// fillUniverse makes a universe of what was loaded.
func fillUniverse(file *screenFile, set *bars.Set) (*screening.Universe, error) {
	u := newUniverse(file)
	for i := range set.Instruments {
		in := &set.Instruments[i]
		add := screening.Instrument{Name: in.Code, Title: in.Name, Words: map[string]string{"code": in.Code}, Missing: missing(in, set.Last, file.old)}
		if in.Market != "" {
			add.Words["market"] = in.Market
		}
		add.Bars = make([]criteria.Bar, len(in.Bars))
		for k, b := range in.Bars {
			add.Bars[k] = criteria.Bar(b)
		}
		add.Figures = map[string]float64{"change_rate": in.Change, "market_cap": in.MarketCap, "shares": in.Shares, "rank": in.Rank}
		if n := len(in.Bars); n > 0 {
			newest := in.Bars[n-1]
			add.Figures["price"] = newest.Close
			add.Figures["age"] = time.Duration(set.Last.Start() - newest.Start).Seconds()
		}
		if err := u.Add(add); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// missing says why an instrument cannot be judged as of the last day; empty if it can.
func missing(in *bars.Instrument, last bars.Day, old time.Duration) string {
	n := len(in.Bars)
	if n == 0 {
		return "no day with a trade"
	}
	newest := bars.DayOf(in.Bars[n-1].Start)
	switch {
	case last.Start()-newest.Start() <= int64(old):
		return ""
	case in.Listed < last:
		return fmt.Sprintf("no data on %v: the last is of %v", last, in.Listed)
	}
	return fmt.Sprintf("no trade on %v: the last was on %v", last, newest)
}

// jsonFigure returns v, or nil for JSON if it is not known.
func jsonFigure(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
