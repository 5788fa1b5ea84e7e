package state

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/message"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt with what the core does now")

// TestScripts plays testdata/*.txt. A line that is not indented is told to the core, the indented
// lines below it are what came out; # begins a comment.
//
//	features NAME...                 first line: what rows show; windows follow from it
//	AT trade PRICE QUANTITY [venue=AT]
//	AT bbo BID QUANTITY ASK QUANTITY
//	AT snapshot|update bids P:Q... asks P:Q...
//	AT trusted|untrusted REASON
//	AT time                          message time advances, nothing happens
//
// AT is a time since midnight.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Errorf("%s does something else now; look at the difference with -update and git diff. Now:\n%s", name, got)
			}
		})
	}
}

func play(t *testing.T, text string) string {
	var out strings.Builder
	var core *Core
	for n, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if strings.HasPrefix(line, "  ") {
			continue
		}
		fmt.Fprintln(&out, line)
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if words[0] == "features" {
			core = New(withFeatures(t, words[1:]...))
			continue
		}
		b, err := command(words)
		if err != nil || core == nil {
			t.Fatalf("line %d: %q: %v", n+1, line, err)
		}
		show(&out, core, core.Step(b))
	}
	return out.String()
}

func command(words []string) (message.Batch, error) {
	d, err := time.ParseDuration(words[0])
	if err != nil || len(words) < 2 {
		return message.Batch{}, fmt.Errorf("want AT WHAT: %w", err)
	}
	o := origin(btc, d)
	args := words[2:]
	if n := len(args); n > 0 && strings.HasPrefix(args[n-1], "venue=") {
		v, err := time.ParseDuration(strings.TrimPrefix(args[n-1], "venue="))
		if err != nil {
			return message.Batch{}, err
		}
		o.VenueTime, args = at(v), args[:n-1]
	}
	switch what := words[1]; {
	case what == "time":
		return batch(at(d)), nil
	case what == "trade" && len(args) == 2:
		return batch(at(d), trade(o, args[0], args[1])), nil
	case what == "bbo" && len(args) == 4:
		return batch(at(d), bbo(o, args[0], args[1], args[2], args[3])), nil
	case what == "trusted" || what == "untrusted":
		return batch(at(d), status(o, what == "trusted", strings.Join(args, " "))), nil
	case what == "snapshot" || what == "update":
		var sides [2][]message.Level
		side := 0
		for _, a := range args {
			if p, q, ok := strings.Cut(a, ":"); ok {
				sides[side] = append(sides[side], levels(p, q)...)
			} else if a == "asks" {
				side = 1
			}
		}
		return batch(at(d), bookEvent(o, what == "snapshot", sides[0], sides[1])), nil
	}
	return message.Batch{}, fmt.Errorf("not a command")
}

func show(out *strings.Builder, c *Core, step Out) {
	for row := range step.Views.Rows() {
		fmt.Fprintf(out, "  row %v/%v last %v trusted=%t ready=%t", row.Bid, row.Ask, row.Last, row.Trusted, row.Ready)
		for i, name := range c.Features() {
			fmt.Fprintf(out, " %s=%s", name, strconv.FormatFloat(row.Value(i), 'g', 6, 64))
		}
		fmt.Fprintln(out)
	}
	for _, b := range step.Bars {
		f := b.Fields()
		fmt.Fprintf(out, "  bar %s from %s: %v %v %v %v volume %v turnover %v trades %d\n", PeriodName(f.Interval),
			f.Start.Time().Format("15:04:05"), f.Open, f.High, f.Low, f.Close, f.Volume, f.Turnover, f.Trades)
	}
	for _, r := range step.Resync {
		fmt.Fprintf(out, "  resync %q\n", r.Fields().Reason)
	}
	if n := step.Stats.LateTrades; n > 0 {
		fmt.Fprintf(out, "  late %d\n", n)
	}
}
