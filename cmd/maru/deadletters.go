package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/store/deadletter"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/cmd/internal/venues"
	"github.com/maru-trading/maru/config"
)

// deadLetterFlags is what maru deadletters is asked for.
type deadLetterFlags struct {
	config, dir   string
	venue, reason string
	since         time.Duration
	retry, asJSON bool
}

func newDeadLettersCommand() *cobra.Command {
	var f deadLetterFlags
	cmd := &cobra.Command{
		Use:   "deadletters [--venue V] [--since DURATION] [--reason R] [--retry]",
		Short: "List the frames that were refused, and why; decode them again after a repair",
		Long: `Lists what the adapters could not read and the node has set aside, oldest first. It may be asked
while the node runs. A flood of one kind is sampled: the column missed says how many of that venue and
reason were not kept since the one before.

--retry decodes each again with the decoders of this program, and says which are understood now. The
exit code is 1 if some still are not. A letter that was cut when it was kept cannot be tried.`,
		Example: `  maru deadletters -c maru.toml --since 24h
  maru deadletters --venue upbit --reason number --json | jq -r .frame
  maru deadletters --dir /var/lib/maru/recordings/deadletters --retry`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.since < 0 {
				return misuse(cmd, fmt.Errorf("--since %v: want how long ago, such as 24h", f.since))
			}
			return deadLetters(cmd.OutOrStdout(), cmd.ErrOrStderr(), f, market.TimestampOf(time.Now()))
		},
	}
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "the node's configuration: its data_dir holds the letters; without it the default one")
	cmd.Flags().StringVar(&f.dir, "dir", "", "the directory of the letters, instead of that of a node")
	cmd.Flags().StringVar(&f.venue, "venue", "", "only of this venue")
	cmd.Flags().StringVar(&f.reason, "reason", "", "only for this reason: "+reasonNames())
	cmd.Flags().DurationVar(&f.since, "since", 0, "only those received so long ago or later")
	cmd.Flags().BoolVar(&f.retry, "retry", false, "decode them again, and say which are understood now")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object a line, with whole frames")
	return cmd
}

func reasonNames() string {
	var names []string
	for _, r := range venue.Reasons() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// outcome is what became of a letter that was tried again.
type outcome struct {
	Decodes bool   `json:"decodes"`
	Events  int    `json:"events,omitempty"` // that the frame holds
	Error   string `json:"error,omitempty"`  // why it does not
}

// printedLetter is a dead letter as JSON.
type printedLetter struct {
	Time       string   `json:"time,omitempty"`
	Venue      string   `json:"venue"`
	Reason     string   `json:"reason"`
	Detail     string   `json:"detail,omitempty"`
	Frame      string   `json:"frame"`
	Encoding   string   `json:"encoding,omitempty"` // base64 where the frame is no text
	FrameBytes int      `json:"frame_bytes"`        // above the frame's length if that was cut
	Missed     uint64   `json:"missed,omitempty"`
	Retry      *outcome `json:"retry,omitempty"`
}

func deadLetters(stdout, stderr io.Writer, f deadLetterFlags, now market.Timestamp) error {
	cfg, err := loadConfig(stderr, f.config)
	if err != nil {
		return err
	}
	dir := f.dir
	if dir == "" {
		dir = filepath.Join(cfg.Node.DataDir, "deadletters")
	}
	filter := deadletter.Filter{Venue: market.Venue(f.venue), Reason: f.reason}
	if f.since > 0 {
		filter.Since = now.Add(-f.since)
	}
	out := letterPrinter(&letterTable{out: stdout, retry: f.retry, table: newTable(letterColumns(f.retry)...)})
	if f.asJSON {
		e := json.NewEncoder(stdout)
		e.SetEscapeHTML(false) // frames are for people to read
		out = letterLines{e}
	}
	r := retrier{config: cfg, decoders: map[market.Venue]letterDecoder{}}
	listed, failing, unreadable := 0, 0, 0
	for letter, err := range deadletter.Read(dir, filter) {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w: no node has kept dead letters there (-c names the node's configuration, --dir the directory)", err)
		case err != nil:
			unreadable++
			fmt.Fprintf(stderr, "maru: %v\n", err)
			continue
		}
		p := printedLetterOf(letter)
		if f.retry {
			p.Retry = r.retry(letter)
			if !p.Retry.Decodes {
				failing++
			}
		}
		listed++
		if err := out.print(p); err != nil {
			return err
		}
	}
	if err := out.end(listed, failing); err != nil {
		return err
	}
	if failing > 0 || unreadable > 0 {
		return errReported
	}
	return nil
}

func printedLetterOf(l deadletter.Stored) printedLetter {
	p := printedLetter{Venue: string(l.Venue), Reason: l.Reason, Detail: l.Detail, Frame: string(l.Frame),
		FrameBytes: l.FrameBytes, Missed: l.Skipped}
	if l.Time != 0 {
		p.Time = l.Time.String()
	}
	if !utf8.Valid(l.Frame) {
		p.Frame, p.Encoding = base64.StdEncoding.EncodeToString(l.Frame), "base64"
	}
	return p
}

// letterPrinter shows letters.
type letterPrinter interface {
	print(printedLetter) error
	end(listed, failing int) error
}

// letterLines prints one JSON object a line.
type letterLines struct{ e *json.Encoder }

func (l letterLines) print(p printedLetter) error { return l.e.Encode(p) }
func (letterLines) end(int, int) error            { return nil }

// letterTable gathers a table for people: letters are bounded by what the store keeps.
type letterTable struct {
	out   io.Writer
	retry bool
	table table.Writer
}

func letterColumns(retry bool) []any {
	columns := []any{"time", "venue", "reason", "missed", "bytes", "detail", "frame"}
	if retry {
		columns = append(columns, "now")
	}
	return columns
}

// shownBytes is how much of a detail or a frame a table shows.
const shownBytes = 60

func (t *letterTable) print(p printedLetter) error {
	row := table.Row{orDash(p.Time), p.Venue, p.Reason, p.Missed, p.FrameBytes, shown(p.Detail), shown(p.Frame)}
	if p.Retry != nil {
		now := fmt.Sprintf("decodes: %s", count(p.Retry.Events, "message"))
		if !p.Retry.Decodes {
			now = shown(p.Retry.Error)
		}
		row = append(row, now)
	}
	t.table.AppendRow(row)
	return nil
}

func (t *letterTable) end(listed, failing int) error {
	if listed == 0 {
		_, err := fmt.Fprintln(t.out, "no dead letters")
		return err
	}
	text := count(listed, "dead letter")
	if t.retry {
		text += fmt.Sprintf(", %d of them understood now, %d not", listed-failing, failing)
	}
	_, err := fmt.Fprintf(t.out, "%s\n\n%s\n", t.table.Render(), text)
	return err
}

// shown is the beginning of a text, safe for a terminal.
func shown(text string) string {
	text = oneLine(text)
	if len(text) <= shownBytes {
		return text
	}
	end := shownBytes
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// retrier decodes letters again.
type retrier struct {
	config   *config.Config
	decoders map[market.Venue]letterDecoder
}

// letterDecoder decodes the frames and bodies of a venue.
type letterDecoder interface {
	Decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error)
}

// decoder returns the decoder for a venue's frames: that of the adapter which the configuration
// gives the venue, or else of the one that has its name.
func (r retrier) decoder(name market.Venue) (letterDecoder, error) {
	if d := r.decoders[name]; d != nil {
		return d, nil
	}
	adapter := string(name)
	for _, v := range r.config.Venues {
		if v.Name == name {
			adapter = v.Adapter
		}
	}
	a, err := venues.Find(adapter)
	if err != nil {
		return nil, fmt.Errorf("%w; -c names a configuration that says which adapter %s has", err, name)
	}
	all, err := a.New(venue.Config{Venue: name})
	if err != nil {
		return nil, err
	}
	r.decoders[name] = all[0]
	return all[0], nil
}

func (r retrier) retry(l deadletter.Stored) *outcome {
	events, err := r.decode(l)
	if err != nil {
		return &outcome{Error: err.Error()}
	}
	return &outcome{Decodes: true, Events: events}
}

// decode returns how many messages the letter holds. One that is no frame may be the body of an
// order book that was fetched.
func (r retrier) decode(l deadletter.Stored) (int, error) {
	if l.FrameBytes > len(l.Frame) {
		return 0, fmt.Errorf("only %d of its %d bytes were kept", len(l.Frame), l.FrameBytes)
	}
	d, err := r.decoder(l.Venue)
	if err != nil {
		return 0, err
	}
	events, err := d.Decode(nil, l.Frame, l.Time)
	if err == nil {
		return len(events), nil
	}
	books, ok := d.(snapshotDecoder)
	if !ok {
		return 0, err
	}
	// The body does not say of which instrument it is, and the decoder does not mind.
	any, e := market.NewInstrument(l.Venue, "ANY-ANY")
	if e != nil {
		return 0, err
	}
	if _, e := books.DecodeSnapshot(any, l.Frame, l.Time); e != nil {
		return 0, err
	}
	return 1, nil
}
